mod accounts;
mod profiles;

use super::find;
use crate::diagnose::sample::{healthy, short};
use crate::diagnose::{Case, Healing, unexplained};
use crate::enter::{ConnectError, Factor, NoEntry, NodeError, ShutKey};
use crate::inventory::NodeIx;
use crate::observe::{Ageing, Clock, Lockout, LoginSettings as Settings, LoginShell, Setting, ShellKind};
use crate::probe::{Cause, Pair};

const DENIED: &str = "root@10.0.0.2: Permission denied (publickey).";

/// A change of a healthy cluster of three.
type Change = fn(&mut Case);
/// Code, node, number of pairs.
type Wanted = &'static [(&'static str, usize, usize)];

fn settings(case: &mut Case, node: usize, settings: Settings) {
    case.seen_mut(node).login.settings.push(settings);
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// A pair whose command ran into something.
fn end_with(case: &mut Case, to: usize, cause: &Cause, status: i32, said: &str) {
    case.break_column(to, cause, said);
    // The sample's status is that of ssh itself.
    let edges: Vec<_> = case.matrix.edges().to_vec();
    let by = case.matrix.by().to_vec();
    let mut matrix = crate::probe::TrustMatrix::new(case.matrix.nodes().clone(), by);
    case.matrix.iter().for_each(|(from, to, by, pair)| matrix.set(from, to, by, pair));
    for mut edge in edges {
        if edge.to.get() == to {
            edge.status = Some(status);
        }
        matrix.add(edge);
    }
    case.matrix = matrix;
}

/// Nodes before trust is made; the second one's sshd has this list of algorithms.
fn listing(case: &mut Case, list: &str) {
    case.preflight = true;
    let algorithms = Some(list.to_owned());
    case.seen_mut(1).state.accepted_algorithms.clone_from(&algorithms);
    settings(case, 1, Settings { algorithms, ..Settings::default() });
}

#[test]
fn before_trust_is_made_the_key_counts_that_will_be_used() {
    let refused: Wanted = &[("pubkey-auth-off", 1, 0)];
    must_give(&[
        ("Ed25519", |case| listing(case, "ssh-ed25519"), &[]),
        ("ECDSA instead", |case| listing(case, "ecdsa-sha2-*"), &[]),
        ("neither", |case| listing(case, "rsa-sha2-512"), refused),
        (
            "ECDSA, and another type was asked for",
            |case| {
                listing(case, "ecdsa-sha2-*");
                case.key_type = Some("ssh-ed25519".to_owned());
            },
            refused,
        ),
        (
            "Ed25519, and the key is another one",
            |case| {
                listing(case, "ssh-ed25519");
                case.key_type = Some("ecdsa-sha2-nistp256".to_owned());
            },
            refused,
        ),
    ]);
}

#[track_caller]
fn must_give(cases: &[(&str, Change, Wanted)]) {
    for (what, change, wanted) in cases {
        let mut case = healthy(3);
        change(&mut case);
        assert_eq!(short(&find(&case)), *wanted, "{what}");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn settings_that_refuse() {
    must_give(&[
        ("nothing", |_| {}, &[]),
        (
            "root off, and nobody noticed yet",
            |case| settings(case, 1, Settings { root: "no".into(), ..Settings::default() }),
            &[],
        ),
        (
            "root off",
            |case| {
                settings(case, 1, Settings { root: "no".into(), ..Settings::default() });
                case.break_column(1, &Cause::KeyRefused, DENIED);
            },
            &[("root-login-off", 1, 2)],
        ),
        (
            "root with a key",
            |case| {
                settings(case, 1, Settings { root: "without-password".into(), ..Settings::default() });
                case.break_column(1, &Cause::KeyRefused, DENIED);
            },
            &[],
        ),
        (
            "another cause",
            |case| {
                settings(case, 1, Settings { root: "no".into(), no_keys: true, ..Settings::default() });
                case.break_column(1, &Cause::Refused, "Connection refused");
            },
            &[],
        ),
        (
            "an ordinary user",
            |case| {
                case.user = "omm".into();
                case.seen_mut(1).state.uid = 1000;
                settings(case, 1, Settings { root: "no".into(), ..Settings::default() });
                case.break_column(1, &Cause::KeyRefused, DENIED);
            },
            &[],
        ),
        (
            "only some hosts",
            |case| {
                settings(case, 1, Settings { allow_users: words(&["root@10.0.0.1"]), ..Settings::default() });
                case.break_column(1, &Cause::KeyRefused, DENIED);
            },
            &[("account-not-allowed", 1, 1)],
        ),
        (
            "groups",
            |case| {
                case.seen_mut(1).login.groups = words(&["root"]);
                settings(case, 1, Settings { allow_groups: words(&["wheel", "db*"]), ..Settings::default() });
                case.break_column(1, &Cause::KeyRefused, DENIED);
            },
            &[("account-not-allowed", 1, 2)],
        ),
        (
            "by who calls",
            |case| {
                settings(case, 1, Settings::default());
                let from = Some(case.at(2).spec.ip);
                settings(case, 1, Settings { from, root: "no".into(), ..Settings::default() });
                case.break_column(1, &Cause::KeyRefused, DENIED);
            },
            &[("root-login-off", 1, 1)],
        ),
        (
            "two reasons against the key",
            |case| {
                let algorithms = Some("rsa-sha2-512".into());
                settings(case, 1, Settings { no_keys: true, algorithms, ..Settings::default() });
                case.break_column(1, &Cause::KeyRefused, DENIED);
            },
            &[("pubkey-auth-off", 1, 2)],
        ),
        (
            "before trust is made",
            |case| {
                case.preflight = true;
                settings(
                    case,
                    1,
                    Settings { methods: words(&["publickey,password"]), ..Settings::default() },
                );
            },
            &[("second-factor", 1, 0)],
        ),
    ]);
}

#[test]
fn commands_change_the_line_and_nothing_else() {
    let mut case = healthy(3);
    let line = |line, text: &str| Setting { file: "/etc/ssh/it's".into(), line, text: text.into() };
    let login = &mut case.seen_mut(1).login;
    login.lines = vec![line(3, "DenyUsers a.b root"), line(7, "DenyUsers root"), line(9, "Port 22")];
    login.settings = vec![Settings { deny_users: words(&["a.b", "root"]), ..Settings::default() }];
    case.break_column(1, &Cause::KeyRefused, DENIED);
    let found = find(&case);
    let commands: Vec<&str> = found[0].cures[0].commands.iter().map(|c| c.run.as_str()).collect();
    assert_eq!(
        commands,
        [
            r"sed -E -i '3s/[[:space:]]+root([[:space:]]|$)/\1/I' '/etc/ssh/it'\''s'",
            r"sed -i '7s/^/#/' '/etc/ssh/it'\''s'",
            "sshd -t && kill -HUP \"$(cat /run/sshd.pid)\"",
        ]
    );
    assert!(matches!(found[0].cures[0].healing, Healing::ByHand(_)));
}

#[test]
fn shells() {
    const NONE: &str = "This account is currently not available.";
    fn shell(case: &mut Case, kind: ShellKind, path: &str) {
        case.seen_mut(1).login.shell = LoginShell { path: path.into(), kind, ..LoginShell::default() };
    }
    must_give(&[
        ("csh", |case| shell(case, ShellKind::Runs, "/bin/csh"), &[]),
        (
            "nologin",
            |case| {
                end_with(case, 1, &Cause::NoLogin, 1, NONE);
                case.bar(1, NodeError::NoShell(NONE.into()));
            },
            &[("no-login-shell", 1, 2)],
        ),
        (
            "false",
            |case| {
                end_with(case, 1, &Cause::NoLogin, 1, "");
                case.bar(1, NodeError::NoShell(String::new()));
            },
            &[("no-login-shell", 1, 2)],
        ),
        (
            "a shell that is not there",
            |case| {
                shell(case, ShellKind::Missing, "/bin/zsh");
                case.break_column(1, &Cause::KeyRefused, DENIED);
            },
            &[("no-login-shell", 1, 2)],
        ),
        (
            "a mistake in .cshrc, seen",
            |case| {
                shell(case, ShellKind::Ends, "/bin/tcsh");
                end_with(case, 1, &Cause::NoLogin, 1, "something");
            },
            &[("foreign-shell", 1, 2)],
        ),
        (
            "a mistake in .cshrc, heard of",
            |case| {
                end_with(case, 1, &Cause::NoLogin, 1, "if: Expression Syntax.");
                case.bar(1, NodeError::NoShell("if: Expression Syntax.".into()));
            },
            &[("foreign-shell", 1, 2)],
        ),
        ("noise", |case| case.seen_mut(1).login.shell.noise = "hello".into(), &[("noisy-shell", 1, 0)]),
    ]);
}

#[test]
fn nodes_that_let_nobody_in_and_callers_that_cannot_call() {
    must_give(&[
        (
            "a password that is refused",
            |case| {
                case.break_column(1, &Cause::KeyRefused, DENIED);
                case.bar(1, NoEntry::WrongPassword);
            },
            &[("password-refused", 1, 2)],
        ),
        (
            "no password at all",
            |case| {
                case.break_column(1, &Cause::KeyRefused, DENIED);
                case.bar(
                    1,
                    ConnectError::NoPasswordMethod { offers: "publickey".into(), passed: Vec::new() },
                );
            },
            &[("password-auth-off", 1, 2)],
        ),
        ("nobody was asked", |case| case.bar(1, NoEntry::NoPassword("no".into())), &[("no-password", 1, 0)]),
        (
            "nobody was asked, and the key is refused",
            |case| {
                case.bar(1, NoEntry::NoPassword("no".into()));
                case.break_column(1, &Cause::KeyRefused, DENIED);
            },
            &[("no-password", 1, 2)],
        ),
        (
            "no ssh",
            |case| {
                case.seen_mut(1).state.missing = words(&["ssh", "ssh-add"]);
                case.break_pair(1, 0, Cause::NoSsh, "sh: ssh: not found");
                case.break_pair(1, 2, Cause::NoSsh, "sh: ssh: not found");
            },
            &[("program-missing", 1, 2)],
        ),
        (
            "a mistake in ssh's configuration",
            |case| {
                let said = "/root/.ssh/config: line 3: Bad configuration option: x | \
                            /root/.ssh/config: terminating, 1 bad configuration options";
                case.break_pair(1, 0, Cause::BadConfig, said);
                case.break_pair(1, 2, Cause::BadConfig, said);
            },
            &[("ssh-config-broken", 1, 2)],
        ),
    ]);
}

#[test]
fn what_is_found_here_leaves_nothing_unexplained() {
    let mut case = healthy(3);
    case.break_column(1, &Cause::KeyRefused, DENIED);
    case.bar(1, NoEntry::WrongPassword);
    assert_eq!(case.matrix.get(NodeIx::new(1), NodeIx::new(0), crate::probe::By::Ip), Some(Pair::UNSEEN));
    assert_eq!(unexplained::find(&case, &find(&case)), []);
}
