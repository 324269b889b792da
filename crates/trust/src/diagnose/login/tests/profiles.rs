//! What runs before a command and does not let it run, and shells that run none.

use super::*;

fn ends(case: &mut Case, path: &str) {
    case.seen_mut(1).login.shell =
        LoginShell { path: path.to_owned(), kind: ShellKind::Ends, ..LoginShell::default() };
}

#[test]
fn profiles_that_let_no_command_run() {
    must_give(&[
        (
            "a profile of bash that ends it",
            |case| {
                ends(case, "/bin/bash");
                end_with(case, 1, &Cause::NoLogin, 3, "");
            },
            &[("profile-blocks", 1, 2)],
        ),
        (
            "a profile that nobody can read, which begins something that wants a terminal",
            |case| {
                end_with(case, 1, &Cause::NoLogin, 1, "open terminal failed: not a terminal");
                case.bar(1, NodeError::NoShell("open terminal failed: not a terminal".into()));
            },
            &[("profile-blocks", 1, 2)],
        ),
        (
            "a profile that ends it with a status that no shell has that is none",
            |case| {
                end_with(case, 1, &Cause::NoLogin, 3, "");
                case.bar(1, NodeError::NoShell(String::new()));
            },
            &[("profile-blocks", 1, 2)],
        ),
        (
            "one that waits for an answer",
            |case| {
                end_with(case, 1, &Cause::Hung, 124, "no answer within 60 seconds");
                case.bar(1, NodeError::Timeout(20));
            },
            &[("profile-blocks", 1, 2)],
        ),
        (
            "a restricted shell",
            |case| {
                end_with(case, 1, &Cause::NoLogin, 127, "rbash: line 1: exec: restricted");
                case.bar(1, NodeError::NoShell("rbash: line 1: exec: restricted".into()));
            },
            &[("foreign-shell", 1, 2)],
        ),
        (
            "a restricted shell, before trust is made",
            |case| {
                case.preflight = true;
                case.bar(1, NodeError::NoShell("rbash: line 1: exec: restricted".into()));
            },
            &[("foreign-shell", 1, 0)],
        ),
        (
            "a restricted shell that was seen",
            |case| {
                ends(case, "/bin/rbash");
                end_with(case, 1, &Cause::NoLogin, 1, "rbash: line 1: exec: restricted");
            },
            &[("foreign-shell", 1, 2)],
        ),
    ]);
}
