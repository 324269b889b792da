//! Plans as tables: a state of the nodes, what is wanted, what has to change.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failing helper is a failing test"
)]

mod bounds;
mod growth;
mod keys;
mod leave;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use sshfiles::PublicKey;
use sshtrust::identity::{IdentityKey, KeyType, NodeKeys};
use sshtrust::inventory::NodeSpec;
use sshtrust::observe::{
    AgentState, Entry, EntryKind, FileBytes, KeepaliveState, Linger, NodeState, SshClient,
};
use sshtrust::place::Place;
use sshtrust::plan::{
    AgentEdit, Ingredients, Intent, Job, Keepalive, NodePlan, Plan, PlanError, node_names, outside, setup,
    without_keys,
};
use sshtrust::program::Programs;
use trust::machine::MachineId;
use trust::program::Builds;

fn key() -> &'static IdentityKey {
    static KEY: OnceLock<IdentityKey> = OnceLock::new();
    KEY.get_or_init(|| IdentityKey::generate(KeyType::Ed25519, "omm@node1").unwrap())
}

fn other_key() -> &'static IdentityKey {
    static KEY: OnceLock<IdentityKey> = OnceLock::new();
    KEY.get_or_init(|| IdentityKey::generate(KeyType::EcdsaP256, "omm@old").unwrap())
}

/// The builds that a coordinator has: its own.
fn programs() -> Builds {
    Programs::find(Path::new("/nowhere/gs_sshexkey"), [std::env::consts::ARCH].into_iter()).0.builds()
}

fn host_key(number: u8) -> PublicKey {
    let mut blob = b"\0\0\0\x0bssh-ed25519\0\0\0\x20".to_vec();
    blob.extend([number; 32]);
    PublicKey::from_blob(blob).unwrap()
}

fn entry(kind: EntryKind, path: &str, mode: u32, bytes: &[u8]) -> Entry {
    Entry { kind, mode, bytes: bytes.into(), stamp: "1:2:3:4".to_owned(), ..Entry::absent(path) }
}

/// A fresh node: a home with a profile, nothing of ours.
fn fresh(number: u8) -> NodeState {
    let mut state = NodeState {
        spec: NodeSpec { ip: [10, 0, 0, number].into(), port: 22 },
        user: "root".to_owned(),
        uid: 0,
        gid: 0,
        home: "/root".to_owned(),
        hostname: format!("node{number}"),
        system: "Linux x86_64".to_owned(),
        ssh: SshClient { version: Some((9, 2)), fips: false },
        missing: Vec::new(),
        authorized_keys_files: vec![".ssh/authorized_keys".to_owned()],
        accepted_algorithms: None,
        clock: None,
        machine: MachineId::default(),
        posix_shell: true,
        agent: AgentState::default(),
        host_keys: vec![host_key(number)],
        keepalive: None,
        entries: BTreeMap::new(),
    };
    for (place, path) in [
        (Place::SshDir, "/root/.ssh"),
        (Place::PrivateKey, "/root/.ssh/id_om"),
        (Place::PublicKey, "/root/.ssh/id_om.pub"),
        (Place::AuthorizedKeys, "/root/.ssh/authorized_keys"),
        (Place::KnownHosts, "/root/.ssh/known_hosts"),
        (Place::Config, "/root/.ssh/config"),
        (Place::ToolDir, "/root/gaussdb_tmp"),
        (Place::StoreDir, "/root/gaussdb_tmp/ssh_protect"),
    ] {
        state.entries.insert(place, Entry::absent(path));
    }
    put(&mut state, Place::Home, entry(EntryKind::Directory, "/root", 0o700, b""));
    put(&mut state, Place::Bashrc, entry(EntryKind::File, "/root/.bashrc", 0o644, b"alias ll='ls -l'"));
    put(&mut state, Place::Hosts, entry(EntryKind::File, "/etc/hosts", 0o644, b"127.0.0.1 localhost\n"));
    state
}

fn put(state: &mut NodeState, place: Place, entry: Entry) {
    state.entries.insert(place, entry);
}

/// As by a set-up in which all nodes share a key.
fn try_plan(states: &[NodeState], key: &IdentityKey, map_names: bool) -> Result<Plan, (NodeSpec, PlanError)> {
    let keys = NodeKeys::shared(key.clone(), states.iter().map(|state| state.spec));
    try_plan_with(states, &keys, map_names)
}

fn try_plan_with(
    states: &[NodeState],
    keys: &NodeKeys<IdentityKey>,
    map_names: bool,
) -> Result<Plan, (NodeSpec, PlanError)> {
    let names: Vec<Option<String>> =
        node_names(states.iter().map(|state| state.hostname.as_str())).into_iter().map(Result::ok).collect();
    let intent = Intent { map_names, ..Intent::default() };
    let programs = programs();
    setup(&Ingredients {
        states,
        names: &names,
        keys: &keys.materials(),
        intent: &intent,
        programs: &programs,
    })
}

fn plan(states: &[NodeState], key: &IdentityKey) -> Plan {
    try_plan(states, key, true).unwrap()
}

/// What the node would look like after its plan.
fn carry_out(state: &NodeState, plan: &NodePlan, key: &IdentityKey) -> NodeState {
    let mut after = state.clone();
    if plan.agent != AgentEdit::Nothing {
        let keys = state.agent.keys.iter().cloned().chain([key.public().clone()]).collect();
        after.agent = AgentState { socket: true, alive: true, pid: Some(4711), keys, hangs: false };
    }
    for dir in &plan.dirs {
        let place = match dir.path.rsplit('/').next().unwrap() {
            ".ssh" => Place::SshDir,
            "gaussdb_tmp" => Place::ToolDir,
            "ssh_protect" => Place::StoreDir,
            _ => continue,
        };
        put(&mut after, place, entry(EntryKind::Directory, &dir.path, dir.mode, b""));
    }
    for edit in &plan.files {
        let place = match edit.old.path.rsplit('/').next().unwrap() {
            ".bashrc" => Place::Bashrc,
            ".pending" => Place::Pending,
            name if name.starts_with("server.key") => {
                let parts: Vec<&str> = edit.old.path.rsplit('/').collect();
                Place::named(&format!("{}/{}", parts[2], parts[1].trim_start_matches("key_"))).unwrap()
            }
            name => Place::named(name).unwrap(),
        };
        let mode = edit.mode.unwrap_or(edit.old.mode);
        put(&mut after, place, entry(EntryKind::File, &edit.old.path, mode, &edit.content.render("4711")));
    }
    after
}

fn carry_out_all(states: &[NodeState], plan: &Plan, key: &IdentityKey) -> Vec<NodeState> {
    states.iter().zip(&plan.nodes).map(|(state, plan)| carry_out(state, plan, key)).collect()
}

fn text(state: &NodeState, place: Place) -> String {
    String::from_utf8(state.bytes(place).to_vec()).unwrap()
}

#[test]
fn a_plan_that_was_carried_out_leaves_nothing_to_do() {
    let states = [fresh(1), fresh(2), fresh(3)];
    let first = plan(&states, key());
    assert!(first.nodes.iter().all(|node| !node.is_empty()));
    let after = carry_out_all(&states, &first, key());
    let second = plan(&after, key());
    assert!(second.is_empty(), "{:#?}", second.nodes.iter().map(NodePlan::summary).collect::<Vec<_>>());
}

#[test]
fn every_file_has_what_the_contract_says() {
    let states = [fresh(1), fresh(2)];
    let after = carry_out_all(&states, &plan(&states, key()), key());
    let node = &after[0];
    let line = format!("{} omm@node1 #OM\n", key().public());
    assert_eq!(text(node, Place::AuthorizedKeys), line);
    let known = [1, 2].map(|number| format!("10.0.0.{number},node{number} {} #OM", host_key(number)));
    assert_eq!(text(node, Place::KnownHosts).trim_end().lines().collect::<Vec<_>>(), known);
    let wanted = "127.0.0.1 localhost\n10.0.0.1  node1  #Gauss OM IP Hosts Mapping\n10.0.0.2  node2  #Gauss OM IP Hosts Mapping\n";
    assert_eq!(text(node, Place::Hosts), wanted);
    assert!(
        text(node, Place::Bashrc)
            .starts_with("alias ll='ls -l'\nexport SSH_AUTH_SOCK=/root/gaussdb_tmp/gauss_socket_tmp\n")
    );
    for (place, mode) in [
        (Place::PrivateKey, 0o600),
        (Place::PublicKey, 0o600),
        (Place::KnownHosts, 0o600),
        (Place::Config, 0o600),
        (Place::SshDir, 0o700),
    ] {
        assert_eq!(node.entry(place).mode, mode, "{place}");
    }
    assert_eq!(
        after[0].bytes(Place::PrivateKey),
        after[1].bytes(Place::PrivateKey),
        "one key pair for the cluster"
    );
}

#[test]
fn only_what_is_wrong_is_changed() {
    let states = [fresh(1), fresh(2)];
    let healthy = carry_out_all(&states, &plan(&states, key()), key());
    type Damage = fn(&mut NodeState);
    let cases: &[(&str, Damage, AgentEdit, &[&str])] = &[
        (
            "the agent died",
            |s| s.agent = AgentState { socket: true, ..AgentState::default() },
            AgentEdit::Start { stale_socket: true },
            &["/root/.bashrc"],
        ),
        ("the agent lost its key", |s| s.agent.keys.clear(), AgentEdit::AddKey, &[]),
        (
            "a mode was opened",
            |s| s.entries.get_mut(&Place::PrivateKey).unwrap().mode = 0o644,
            AgentEdit::Nothing,
            &["/root/.ssh/id_om"],
        ),
        (
            "known_hosts is gone",
            |s| put(s, Place::KnownHosts, Entry::absent("/root/.ssh/known_hosts")),
            AgentEdit::Nothing,
            &["/root/.ssh/known_hosts"],
        ),
        (
            "the key is no longer authorized",
            |s| s.entries.get_mut(&Place::AuthorizedKeys).unwrap().bytes = FileBytes::default(),
            AgentEdit::Nothing,
            &["/root/.ssh/authorized_keys"],
        ),
        (
            "the exports are gone",
            |s| s.entries.get_mut(&Place::Bashrc).unwrap().bytes = FileBytes::default(),
            AgentEdit::Nothing,
            &["/root/.bashrc"],
        ),
        (
            "the mapping is gone",
            |s| s.entries.get_mut(&Place::Hosts).unwrap().bytes = FileBytes::default(),
            AgentEdit::Nothing,
            &["/etc/hosts"],
        ),
    ];
    for (name, damage, agent, files) in cases {
        let mut broken = healthy.clone();
        damage(&mut broken[1]);
        let plan = plan(&broken, key());
        assert!(plan.nodes[0].is_empty(), "{name}: the other node is left alone");
        assert_eq!(plan.nodes[1].agent, *agent, "{name}");
        let paths: Vec<&str> = plan.nodes[1].files.iter().map(|f| f.old.path.as_str()).collect();
        assert_eq!(paths, *files, "{name}");
    }
}

#[test]
fn a_replaced_key_goes_only_after_the_new_one_works() {
    let states = [fresh(1), fresh(2)];
    let before = carry_out_all(&states, &plan(&states, other_key()), other_key());
    let change = plan(&before, key());
    assert_eq!(change.superseded, [other_key().public().clone()]);
    let after = carry_out_all(&before, &change, key());
    assert_eq!(text(&after[0], Place::AuthorizedKeys).matches(" #OM").count(), 2, "access is added first");
    let now: Vec<Entry> = after.iter().map(|s| s.entry(Place::AuthorizedKeys).clone()).collect();
    let nodes = change.nodes.iter().zip(&now).map(|(plan, now)| without_keys(plan, now, &change.superseded));
    let last = Plan { nodes: nodes.collect(), superseded: Vec::new(), replaces_key: false };
    let end = carry_out_all(&after, &last, key());
    assert_eq!(text(&end[0], Place::AuthorizedKeys), format!("{} omm@node1 #OM\n", key().public()));
}

#[test]
fn a_key_that_nodes_outside_the_run_still_come_with_keeps_its_line() {
    let cluster = [fresh(1), fresh(2), fresh(3)];
    let old = carry_out_all(&cluster, &plan(&cluster, other_key()), other_key());
    let change = plan(&old[..2], key());
    assert_eq!(change.superseded, [], "node 3 is not here");
    assert_eq!(plan(&old, key()).superseded, [other_key().public().clone()]);
}

#[test]
fn an_agent_that_lives_is_exported_with_its_number() {
    let states = [fresh(1)];
    let mut healthy = carry_out_all(&states, &plan(&states, key()), key());
    healthy[0].entries.get_mut(&Place::Bashrc).unwrap().bytes = b"# emptied\n".into();
    let again = carry_out_all(&healthy, &plan(&healthy, key()), key());
    assert!(
        text(&again[0], Place::Bashrc).contains("export SSH_AGENT_PID=4711\n"),
        "{}",
        text(&again[0], Place::Bashrc)
    );
    // A number that cannot be seen does not empty the line.
    let mut hidden = again;
    hidden[0].agent.pid = None;
    assert!(plan(&hidden, key()).is_empty());
    // Unknown altogether: "kill $SSH_AGENT_PID" must hit nobody, and the second run must find nothing to do.
    hidden[0].entries.get_mut(&Place::Bashrc).unwrap().bytes = FileBytes::default();
    let unknown = carry_out_all(&hidden, &plan(&hidden, key()), key());
    assert!(
        text(&unknown[0], Place::Bashrc).ends_with("export SSH_AGENT_PID=\n"),
        "{}",
        text(&unknown[0], Place::Bashrc)
    );
    let again =
        NodeState { agent: AgentState { pid: None, ..unknown[0].agent.clone() }, ..unknown[0].clone() };
    assert!(plan(&[again], key()).is_empty());
}

#[test]
fn what_must_not_be_edited_is_refused() {
    type Damage = fn(&mut NodeState);
    let cases: &[(Damage, &str)] = &[
        (
            |s| put(s, Place::Config, entry(EntryKind::Unreadable, "/root/.ssh/config", 0o600, b"")),
            "/root/.ssh/config cannot be read by the user",
        ),
        (
            |s| put(s, Place::KnownHosts, entry(EntryKind::Directory, "/root/.ssh/known_hosts", 0o700, b"")),
            "/root/.ssh/known_hosts is not a regular file",
        ),
        (
            |s| put(s, Place::SshDir, entry(EntryKind::File, "/root/.ssh", 0o600, b"")),
            "/root/.ssh is not a regular folder",
        ),
        (
            |s| s.entries.get_mut(&Place::Bashrc).unwrap().link_owner = Some(1000),
            "/root/.bashrc is reached through a symbolic link that belongs to user 1000",
        ),
        (
            |s| s.home = format!("/{}", "h".repeat(90)),
            "is too long for a Unix socket (120 bytes, at most 107)",
        ),
    ];
    for (damage, wanted) in cases {
        let mut states = [fresh(1), fresh(2)];
        damage(&mut states[1]);
        let (node, error) = try_plan(&states, key(), true).unwrap_err();
        assert_eq!(node, states[1].spec);
        assert!(error.to_string().ends_with(wanted), "{error}");
    }
    let mut own_link = [fresh(1)];
    own_link[0].entries.get_mut(&Place::Bashrc).unwrap().link_owner = Some(0);
    try_plan(&own_link, key(), true).unwrap();
    let mut hosts = [fresh(1)];
    put(&mut hosts[0], Place::Hosts, entry(EntryKind::Unreadable, "/etc/hosts", 0, b""));
    try_plan(&hosts, key(), false).unwrap();
}

#[test]
fn names_that_are_used_twice_or_mean_this_host_are_found() {
    let mut states = [fresh(1), fresh(2), fresh(3), fresh(4)];
    states[1].hostname = "NODE1".to_owned();
    states[2].hostname = "localhost".to_owned();
    let names = node_names(states.iter().map(|state| state.hostname.as_str()));
    assert_eq!(names.iter().map(Result::is_ok).collect::<Vec<_>>(), [false, false, false, true]);
}

#[test]
fn a_dry_run_shows_no_secret() {
    let states = [fresh(1)];
    let change = plan(&states, key());
    let shown = change.nodes[0].render();
    for part in ["+++ ", "#OM", "content not shown", "<pid>", "mkdir -m 700 /root/.ssh"] {
        assert!(shown.contains(part), "no {part} in:\n{shown}");
    }
    assert!(!shown.contains("PRIVATE KEY") && !shown.contains(key().passphrase().expose()), "{shown}");
    assert!(!change.nodes[0].summary().contains("alias"), "the log gets no content");
}

/// A node on which cron runs and the user has no table.
fn with_cron(state: &mut NodeState) -> &mut KeepaliveState {
    state.system = format!("Linux {}", std::env::consts::ARCH);
    let mut entries = BTreeMap::new();
    entries.insert(Place::Crontab, Entry::absent("crontab of root"));
    entries.insert(Place::LoginProfile, entry(EntryKind::File, "/root/.profile", 0o644, b"umask 22\n"));
    state.keepalive.insert(KeepaliveState {
        cron: Some(true),
        free: Some(1 << 40),
        entries,
        ..KeepaliveState::default()
    })
}

/// The keepalive that a node gets, in words: by what, or why not; then the files of each way, the first one first.
fn keepalive(change: impl Fn(&mut NodeState)) -> String {
    let mut state = fresh(1);
    change(&mut state);
    let plan = plan(&[state], key());
    match &plan.nodes[0].keepalive {
        Keepalive::Off => "off".to_owned(),
        Keepalive::Unable(why) => format!("unable: {why}"),
        Keepalive::By { job, why, edit } => {
            let ways: Vec<String> = edit
                .jobs
                .iter()
                .map(|way| way.files.iter().map(|f| f.old.path.clone()).collect::<Vec<_>>().join(" "))
                .collect();
            let program = if edit.program.is_some() { "place" } else { "there" };
            let linger = if edit.linger { " linger" } else { "" };
            format!("{job:?} ({why}) {program}{linger}: {}", ways.join(" else "))
        }
    }
}

/// The digest of the coordinator's own build.
fn own_digest() -> String {
    programs().get(std::env::consts::ARCH).unwrap().digest.clone()
}

/// What is so on a node, and the keepalive that it gets.
type Case = (&'static str, fn(&mut NodeState), &'static str);

const JOBS: &[Case] = &[
    ("nobody asked", |_| (), "off"),
    (
        "cron",
        |s| {
            with_cron(s);
        },
        "Cron () place: crontab of root",
    ),
    (
        "the same build is there",
        |s| with_cron(s).program = Some(own_digest()),
        "Cron () there: crontab of root",
    ),
    (
        "cron is stopped, nothing else",
        |s| with_cron(s).cron = Some(false),
        "Profile (cron does not run) place: /root/.profile",
    ),
    (
        "cron is stopped, systemd would",
        |s| {
            let state = with_cron(s);
            (state.cron, state.linger) = (Some(false), Linger::Possible);
        },
        "Timer (cron does not run) place linger: /root/.config/systemd/user/gs_sshexkey-agent.service \
             /root/.config/systemd/user/gs_sshexkey-agent.timer else /root/.profile",
    ),
    (
        "no cron at all, and the user lingers",
        |s| {
            let state = with_cron(s);
            (state.cron, state.linger) = (None, Linger::On);
        },
        "Timer (cron is not installed) place: /root/.config/systemd/user/gs_sshexkey-agent.service \
             /root/.config/systemd/user/gs_sshexkey-agent.timer else /root/.profile",
    ),
    (
        "forbidden",
        |s| {
            let state = with_cron(s);
            state.entries.get_mut(&Place::Crontab).unwrap().kind = EntryKind::Unreadable;
            state.refused = "You (omm) are not allowed to use this program (crontab)\n".to_owned();
        },
        "Profile (crontab says: You (omm) are not allowed to use this program (crontab)) place: /root/.profile",
    ),
    (
        "a profile that is somebody else's link",
        |s| {
            let state = with_cron(s);
            state.cron = None;
            state.entries.get_mut(&Place::LoginProfile).unwrap().link_owner = Some(1000);
        },
        "unable: no job could be installed: cron is not installed, and /root/.profile is no file of the user's own",
    ),
    (
        "noexec",
        |s| with_cron(s).noexec = true,
        "unable: its home directory is on a file system that runs no programs (noexec)",
    ),
    (
        "another processor",
        |s| {
            with_cron(s);
            s.system = "Linux m68k".to_owned();
        },
        "unable: there is no build of this program for its processor (m68k)",
    ),
    (
        "logind ends what a session leaves",
        |s| {
            s.uid = 1000;
            let state = with_cron(s);
            (state.kills, state.linger) = (true, Linger::Possible);
        },
        "Cron () place linger: crontab of root",
    ),
    (
        "and root is spared",
        |s| {
            let state = with_cron(s);
            (state.kills, state.linger) = (true, Linger::Possible);
        },
        "Cron () place: crontab of root",
    ),
];

#[test]
fn every_node_gets_the_best_job_that_it_can_have() {
    for (name, change, wanted) in JOBS {
        assert_eq!(keepalive(change), *wanted, "{name}");
    }
    let full = keepalive(|s| with_cron(s).free = Some(5 << 20));
    assert!(full.starts_with("unable: the disk of its home directory is too full: "), "{full}");
}

#[test]
fn what_stands_serves_where_nothing_better_can_be_had() {
    let stands = |state: &mut NodeState| {
        let keepalive = with_cron(state);
        keepalive.program = Some("0".repeat(64));
        let line = b"* * * * * x gs_sshexkey agent keep #OM\n";
        let table = entry(EntryKind::File, "crontab of root", 0o600, line);
        keepalive.entries.insert(Place::Crontab, table);
    };
    // An older program and its job, and no build or no room for a newer one.
    let older = keepalive(|s| {
        stands(s);
        s.system = "Linux m68k".to_owned();
    });
    assert_eq!(older, "Cron () there: crontab of root");
    let full = keepalive(|s| {
        stands(s);
        s.keepalive.as_mut().unwrap().free = Some(0);
    });
    assert_eq!(full, "Cron () there: crontab of root");
    // A timer that failed once is not tried at every run.
    let login = |linger| {
        keepalive(move |s| {
            let keepalive = with_cron(s);
            (keepalive.cron, keepalive.linger) = (None, linger);
            let line = b"x gs_sshexkey agent keep #OM\n";
            let profile = entry(EntryKind::File, "/root/.profile", 0o644, line);
            keepalive.entries.insert(Place::LoginProfile, profile);
        })
    };
    assert_eq!(login(Linger::Possible), "Profile (cron is not installed) place: ");
    assert!(login(Linger::On).starts_with("Timer (cron is not installed) place: "), "{}", login(Linger::On));
    let kills = keepalive(|s| {
        s.uid = 1000;
        with_cron(s).kills = true;
    });
    assert!(kills.starts_with("Cron (logind ends what a session leaves behind"), "{kills}");
}

#[test]
fn a_job_that_stands_is_left_alone() {
    for (cron, way) in [(Some(true), "Cron"), (Some(false), "Profile")] {
        let mut state = fresh(1);
        let keepalive = with_cron(&mut state);
        (keepalive.cron, keepalive.program) = (cron, Some(own_digest()));
        let first = plan(std::slice::from_ref(&state), key());
        let Keepalive::By { edit, .. } = &first.nodes[0].keepalive else { panic!() };
        let file = &edit.jobs[0].files[0];
        let place = if way == "Cron" { Place::Crontab } else { Place::LoginProfile };
        let done = Entry {
            kind: EntryKind::File,
            bytes: file.content.render("").as_slice().into(),
            ..file.old.clone()
        };
        state.keepalive.as_mut().unwrap().entries.insert(place, done);
        let second = plan(&[state], key());
        assert!(second.nodes[0].keepalive.edit().is_none(), "{way}");
        assert!(matches!(&second.nodes[0].keepalive, Keepalive::By { job: Job::Cron | Job::Profile, .. }));
    }
}
