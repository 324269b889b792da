//! The caller's own settings of ssh: what stands in them leads no call of the set-up's astray, and where it does in trust that
//! others made, it is told by file and line.

use lab::{Lab, Node};
use serde_json::Value;

use crate::doctor::*;
use crate::doctor_keys::make_by_hand;
use crate::harness::*;
use crate::tools::*;

const SETTINGS: &str = "client-settings";
const BROKEN: &str = "ssh-config-broken";

/// What is found of a setting.
enum Told {
    /// This cause, for certain, and this file and line.
    At(&'static str, &'static str),
    /// Nothing: it does no harm.
    Nothing,
}
use Told::{At, Nothing};

const OWN: &str = "/root/.ssh/config:2";

/// What stands below `Host *` in the user's file, in the words of ssh_config(5), and what is told of it.
const LINES: &[(&str, Told)] = &[
    (r"UserKnownHostsFile /dev/null\n StrictHostKeyChecking no", At(SETTINGS, OWN)),
    ("Port 2222", At(SETTINGS, OWN)),
    ("ProxyCommand /usr/bin/no-such-proxy -p %p %h", At(SETTINGS, OWN)),
    ("User admin", At(SETTINGS, OWN)),
    ("PreferredAuthentications password", At(SETTINGS, OWN)),
    ("ProxyJump 10.77.0.1:9", At(SETTINGS, OWN)),
    ("HostKeyAlgorithms ssh-rsa", At(SETTINGS, OWN)),
    ("PubkeyAuthentication no", At(SETTINGS, OWN)),
    (r"IdentitiesOnly yes\n IdentityFile ~/.ssh/other", At(SETTINGS, OWN)),
    ("IdentityFile ~/.ssh/other", At(SETTINGS, OWN)),
    ("BindAddress 10.9.9.9", At(SETTINGS, OWN)),
    ("AddressFamily inet6", At(SETTINGS, OWN)),
    ("KexAlgorithms diffie-hellman-group14-sha1", At(SETTINGS, OWN)),
    ("Ciphers aes256-cbc", At(SETTINGS, OWN)),
    // Most ciphers need no MAC.
    ("MACs hmac-md5", Nothing),
    (r"Ciphers aes256-ctr\n MACs hmac-md5", At(SETTINGS, "/root/.ssh/config:3")),
    ("RemoteCommand true", At(SETTINGS, OWN)),
    // Its calls end never, and are not waited for.
    ("SessionType none", At(SETTINGS, OWN)),
    ("HostKeyAlias cluster", At(SETTINGS, OWN)),
    ("PubkeyAcceptedAlgorithms ssh-ed25519", At(SETTINGS, OWN)),
    ("RevokedHostKeys /no/such/list", At(SETTINGS, OWN)),
    ("HostName 10.77.0.99", At(SETTINGS, OWN)),
    ("NoSuchOption yes", At(BROKEN, "ssh 10.77.0.1")),
    ("Ciphers no-such-cipher", At(BROKEN, "ssh 10.77.0.1")),
    (r"ConnectTimeout 5\n GlobalKnownHostsFile /dev/null\n RequestTTY force", Nothing),
    (r"IdentityAgent none\n ControlMaster auto\n ControlPath /tmp/none", Nothing),
    (r"SendEnv *\n CanonicalizeHostname yes\n ServerAliveInterval 5", Nothing),
];

/// Scripts for settings that stand elsewhere, and what is told of them.
const ELSEWHERE: &[(&str, Told)] = &[
    ("echo 'Port 2222' >/etc/ssh/ssh_config.d/9.conf", At(SETTINGS, "/etc/ssh/ssh_config.d/9.conf:1")),
    (r"printf 'Match exec true\nPort 2222\n' >.ssh/config", At(SETTINGS, "/root/.ssh/config:2")),
    (
        r"printf 'Host x\nUser y\nHost 10.77.*\nInclude more\n' >.ssh/config; printf '\nUser admin\n' >.ssh/more",
        At(SETTINGS, "/root/.ssh/more:2"),
    ),
    ("echo >.ssh/config; chmod 666 .ssh/config", At("key-permissions", "ls -l /root/.ssh/config")),
    (r"printf 'Host other\n Port 2222\nMatch user nobody\n Port 3\n' >.ssh/config", Nothing),
    (r"printf 'Host *\n  ProxyJump none\n  User root\n  Port 22\n' >.ssh/config", Nothing),
];

/// Fails unless a node reaches every other by its plain `ssh`.
#[track_caller]
fn must_call_the_others(lab: &Lab, node: &Node) {
    let others = lab.nodes().iter().filter(|other| other.ip() != node.ip());
    let others: String = others.map(|other| format!(" {}", other.ip())).collect();
    let call = "ssh -n -o BatchMode=yes -o StrictHostKeyChecking=yes -o ControlPath=none -T";
    sh(node, "root", &format!("for h in{others}; do {call} $h true || exit; done"));
}

/// Takes the states away.
const TIDY: &str = "rm -f .ssh/config .ssh/more /etc/ssh/ssh_config.d/9.conf";

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn settings_that_lead_astray_are_told_by_file_and_line_and_nothing_else_is() {
    let lab = cluster(3);
    make_by_hand(&lab);
    let below = |line: &str| format!(r"printf %b 'Host *\n {line}\n' >.ssh/config");
    let lines = LINES.iter().map(|(line, told)| (below(line), told));
    let rows: Vec<(String, &Told)> =
        lines.chain(ELSEWHERE.iter().map(|(script, told)| ((*script).to_owned(), told))).collect();
    // A state on each node at a time: none hides another.
    for rows in rows.chunks(3) {
        let states: Vec<&str> = rows.iter().map(|(script, _)| script.as_str()).collect();
        for ((script, _), node) in rows.iter().zip(lab.nodes()) {
            sh(node, "root", script);
        }
        let (document, _) = doctor(&lab, "root", ASK_NOBODY, "");
        for ((script, told), node) in rows.iter().zip(lab.nodes()) {
            let about: Vec<&Value> = document["findings"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|finding| finding["node"] == node.ip().to_string())
                .collect();
            let codes: Vec<&str> = about.iter().map(|finding| finding["code"].as_str().unwrap()).collect();
            let At(code, source) = told else {
                assert_eq!(codes, [""; 0], "{script}: {document:#}");
                continue;
            };
            assert_eq!(codes, [*code], "{script}: {document:#}");
            assert_eq!(about[0]["certainty"], "certain", "{script}: {document:#}");
            let sources = about[0]["witnesses"].as_array().unwrap().iter().map(|witness| &witness["source"]);
            let fits = |found: &Value| {
                let found = found.as_str().unwrap();
                found == *source || (source.starts_with("ssh ") && found.starts_with("ssh "))
            };
            assert!(sources.clone().any(fits), "{script}: {document:#}");
            let line = |finding: &Value| finding["witnesses"].to_string().contains(".ssh/config");
            assert!(*code != BROKEN || line(about[0]), "{script}: {document:#}");
            assert_eq!(about[0]["pairs"], 2, "{script}: {document:#}");
        }
        assert_eq!(document["counts"]["throttled"], 0, "{states:?}: {document:#}");
        cure_by_hand(&lab, "root", &document);
        lab.nodes().iter().for_each(|node| must_call_the_others(&lab, node));
        lab.nodes().iter().for_each(|node| drop(sh(node, "root", TIDY)));
    }
}

/// All at once what a caller's settings can do to trust and the block outweighs.
const ASTRAY: &str = "UserKnownHostsFile /dev/null
    StrictHostKeyChecking no
    HostName 10.77.0.99
    Port 2222
    User admin
    ProxyCommand /usr/bin/no-such-proxy %h
    ProxyJump gate
    PubkeyAuthentication no
    PreferredAuthentications password
    IdentitiesOnly yes
    IdentityFile ~/.ssh/other
    IdentityAgent none
    AddressFamily inet6
    CanonicalizeHostname always
    ControlMaster auto
    ControlPath /tmp/one-for-all
    GlobalKnownHostsFile /dev/null
    ConnectTimeout 5
    RequestTTY force
";

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn the_set_up_outweighs_what_stands_below_and_the_doctor_brings_that_back() {
    let lab = cluster(3);
    let nodes = all(&lab);
    let text_of = |node: usize| text(lab.node(node), "/home/omm/.ssh/config");
    // What it cannot outweigh is said before anything is written.
    let write = |text: &str| format!("mkdir -pm 700 .ssh; umask 077; printf '{text}' >.ssh/config");
    sh(nodes[1], "omm", &write("Host *\\n    RemoteCommand tmux\\n"));
    sh(nodes[2], "omm", &write("NoSuchOption yes\\n"));
    let failed = run(nodes[0], "omm", &hostfile(&nodes), &[], &format!("{PASSWORD}\n"));
    let said = ["(client-settings)", "/home/omm/.ssh/config:2: RemoteCommand tmux", "(ssh-config-broken)"];
    failed.must_fail_with(&[&said[..], &["Nothing was changed."]].concat());
    sh(nodes[2], "omm", "rm -r .ssh");

    let theirs = format!("Host *\n    {ASTRAY}");
    sh(nodes[1], "omm", &format!("mkdir -pm 700 .ssh; umask 077; printf %s '{theirs}' >.ssh/config"));
    sh(nodes[2], "root", &format!("printf %s '{theirs}' >/etc/ssh/ssh_config.d/9.conf"));
    set_up(&lab, "omm");
    must_trust(&nodes, "omm", false);
    let before = snapshots(&nodes);
    set_up(&lab, "omm");
    must_be_unchanged(&nodes, &before);
    must_be_well(&lab, "omm");

    // The block of an earlier version said less: a plain run renews it.
    let config = text_of(1);
    assert!(config.ends_with(&theirs), "{config}");
    let less = "sed -i '/BEGIN gs_/,/END gs_/{/^\\t/{/Identity/!d}}' .ssh/config";
    sh(nodes[1], "omm", less);
    let (document, _) = doctor(&lab, "omm", ASK_NOBODY, "");
    assert_eq!(findings(&lab, &document), [(SETTINGS.to_owned(), 1)], "{document:#}");
    set_up(&lab, "omm");
    assert_eq!(text_of(1), config);

    // Somebody puts lines above the block: the doctor puts it back to the top, and nothing is lost.
    sh(nodes[1], "omm", &format!("{less}; sed -i '1i Host *\\n  Port 2222' .ssh/config"));
    let healed = must_heal(&lab, "omm", ASK_NOBODY, "");
    let was = serde_json::json!({ "findings": healed["fix"]["before"] });
    assert_eq!(findings(&lab, &was), [(SETTINGS.to_owned(), 1)], "{healed:#}");
    let (block, _) = config.split_once("Host *").unwrap();
    assert_eq!(text_of(1), format!("{block}Host *\n  Port 2222\n{theirs}"));

    // What the block does not outweigh is for a person.
    sh(nodes[1], "omm", "printf '    RemoteCommand true\\n' >>.ssh/config");
    let document = must_find(&lab, "omm", ASK_NOBODY, "", &[(SETTINGS, 1)]);
    assert_eq!(document["findings"][0]["cures"][0]["healing"], "by-hand", "{document:#}");
    cure_by_hand(&lab, "omm", &document);
    must_be_well(&lab, "omm");
}
