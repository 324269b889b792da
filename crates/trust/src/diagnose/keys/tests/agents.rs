use super::super::find;
use super::{REFUSED, cluster, file, hands, parts, said};
use crate::diagnose::sample::short;
use crate::diagnose::{ByHand, Healing};
use crate::observe::{Entry, EntryKind, KeepaliveState, KeysFile, Linger, Revoked};
use crate::place::{AGENT_SOCKET, Place};
use crate::plan::Part;
use crate::probe::Cause;

#[test]
fn agents() {
    type Change = fn(&mut crate::observe::AgentState);
    let cases: [(Change, &str, Cause); 4] = [
        (|agent| *agent = Default::default(), "No such file or directory", Cause::KeyRefused),
        (|agent| (agent.alive, agent.keys) = (false, Vec::new()), "Connection refused", Cause::KeyRefused),
        (
            |agent| (agent.alive, agent.hangs, agent.keys) = (false, true, Vec::new()),
            "no answer",
            Cause::Hung,
        ),
        (|agent| agent.keys.clear(), "no identities", Cause::AgentUseless),
    ];
    for (change, wanted, cause) in cases {
        let (mut case, _) = cluster();
        change(&mut case.seen_mut(1).state.agent);
        case.break_pair(1, 0, cause, "");
        case.break_pair(1, 2, Cause::TimedOut, "");
        let found = find(&case);
        assert_eq!(short(&found), [("agent-dead", 1, 1)], "{wanted}");
        assert!(said(&found[0]).contains(wanted), "{}", said(&found[0]));
        assert_eq!(parts(&found[0]), [Part::Agent]);
        let runs = found[0].cures.iter().filter(|cure| cure.healing == Healing::Run).count();
        assert_eq!(runs, usize::from(wanted == "no answer"));
        case.seen_mut(1).keys.stopped = true;
        assert_eq!(hands(&find(&case)[0]), [ByHand::Judgement]);
        // The set-up starts it anew, but for one that hangs.
        case.preflight = true;
        assert_eq!(find(&case).len(), usize::from(wanted == "no answer"));
    }
}

#[test]
fn what_leads_to_the_agent() {
    let (mut case, _) = cluster();
    file(&mut case, 1, Place::Config, ".ssh/config", b"Host x\n");
    assert_eq!(parts(&find(&case)[0]), [Part::Config]);
    let exports = |text: &str, found: &str| {
        let (mut case, _) = cluster();
        file(&mut case, 1, Place::Bashrc, ".bashrc", text.as_bytes());
        case.seen_mut(1).keys.sock = Some(found.to_owned());
        find(&case).iter().map(|finding| (parts(finding), said(finding))).collect::<Vec<_>>()
    };
    let ours = format!("export SSH_AUTH_SOCK=/root/{AGENT_SOCKET}\nexport SSH_AGENT_PID=7\n");
    let guarded = format!("[ -n \"$PS1\" ] || return\n{ours}");
    assert_eq!(exports("# empty\n", "")[0].0, [Part::Profile]);
    assert!(exports(&guarded, "")[0].1.contains("not reached"));
    assert!(exports(&ours.replace("/root", "/old"), "/old")[0].1.contains("SSH_AUTH_SOCK is /old"));
    // A word in the file that does no harm, and what the user does after our lines.
    assert_eq!(exports(&guarded, &format!("/root/{AGENT_SOCKET}")), []);
    assert_eq!(exports(&format!("{ours}SSH_AUTH_SOCK=/mine\n"), "/mine"), []);
}

#[test]
fn what_brings_the_agent_back() {
    let with = |change: fn(&mut KeepaliveState)| {
        let (mut case, _) = cluster();
        change(case.seen_mut(1).state.keepalive.as_mut().unwrap());
        find(&case)
    };
    let changes: [fn(&mut KeepaliveState); 4] = [
        |k| k.entries.clear(),
        |k| k.cron = Some(false),
        |k| k.program = None,
        |k| {
            k.refused = "You (omm) are not allowed to use this program".to_owned();
            k.entries.insert(Place::Crontab, Entry { kind: EntryKind::Unreadable, ..Entry::absent("") });
        },
    ];
    for change in changes {
        let found = with(change);
        assert_eq!(short(&found), [("keepalive-missing", 1, 0)]);
        assert_eq!(parts(&found[0]), [Part::Keepalive]);
    }
    // A cluster that was set up without.
    let (mut case, _) = cluster();
    for node in 0..4 {
        case.seen_mut(node).state.keepalive =
            Some(KeepaliveState { cron: Some(false), ..KeepaliveState::default() });
    }
    assert_eq!(find(&case), []);
}

#[test]
fn logind_ends_the_agent() {
    let (mut case, _) = cluster();
    let evidence = case.seen_mut(1);
    evidence.state.keepalive.as_mut().unwrap().kills = true;
    assert_eq!(find(&case), [], "root is spared");
    let evidence = case.seen_mut(1);
    evidence.state.uid = 1000;
    let found = find(&case);
    assert_eq!(short(&found), [("agent-killed-at-logout", 1, 0)]);
    assert_eq!(found[0].cures[0].commands[0].undo.as_deref(), Some("loginctl disable-linger 'root'"));
    let evidence = case.seen_mut(1);
    evidence.keys.spared.except = vec!["root".to_owned()];
    assert_eq!(find(&case), []);
    let evidence = case.seen_mut(1);
    evidence.keys.spared.except.clear();
    evidence.state.keepalive.as_mut().unwrap().linger = Linger::On;
    assert_eq!(find(&case), []);
}

#[test]
fn keys_where_sshd_does_not_look() {
    let (mut case, key) = cluster();
    let evidence = case.seen_mut(2);
    evidence.rights.settings.keys_files = Some(vec![".ssh/other".to_owned()]);
    evidence.rights.key_files = vec![KeysFile::at("/root/.ssh/other", false)];
    case.break_column(2, &Cause::KeyRefused, REFUSED);
    let found = find(&case);
    assert_eq!(short(&found), [("authorized-keys-elsewhere", 2, 3)]);
    assert_eq!(parts(&found[0]), [Part::Authorize(key)]);
    let (mut case, _) = cluster();
    case.break_column(2, &Cause::KeyRefused, REFUSED);
    let evidence = case.seen_mut(2);
    evidence.rights.settings.revoked_keys = Some("/etc/ssh/revoked".to_owned());
    assert_eq!(find(&case), []);
    for (revoked, why) in [(Revoked::Unreadable, ByHand::Security), (Revoked::Listed, ByHand::Revoked)] {
        case.seen_mut(2).keys.revoked = revoked;
        let found = find(&case);
        assert_eq!(short(&found), [("authorized-keys-elsewhere", 2, 3)]);
        assert_eq!(hands(&found[0]), [why]);
    }
}

#[test]
fn limits() {
    let (mut case, _) = cluster();
    let evidence = case.seen_mut(1);
    evidence.state.home = format!("/{}", "x".repeat(100));
    evidence.state.agent = Default::default();
    evidence.keys.sock = None;
    case.break_pair(1, 0, Cause::KeyRefused, REFUSED);
    assert_eq!(short(&find(&case)), [("socket-path-too-long", 1, 1)]);
    let (mut case, _) = cluster();
    case.seen_mut(1).state.ssh.fips = true;
    assert_eq!(find(&case), []);
    case.seen_mut(1).state.agent.keys.clear();
    case.break_pair(1, 0, Cause::Other, "ED25519 keys are not allowed in FIPS mode");
    assert_eq!(short(&find(&case)), [("fips-no-ed25519", 1, 1)]);
}
