//! What an account has come to, and logins that come to nothing.

use super::*;

const HUNG_UP: &str = "Connection closed by 10.0.0.2 port 22";

fn refused_account(said: &str) -> ConnectError {
    ConnectError::AccountRefused { first: Factor::Key, said: said.to_owned() }
}

fn forced(said: &str) -> ConnectError {
    let shut = ShutKey { key: "SHA256:a".to_owned(), said: said.to_owned() };
    ConnectError::ForcedCommand { shut, instead: "no password was given".to_owned() }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn states_of_accounts() {
    const CHANGE: &str = "Password change required but no TTY available.";
    const CLOSED: &str = "Your account has expired; please contact your administrator. | Connection closed";
    must_give(&[
        (
            "a new password is demanded, and nobody can look",
            |case| {
                end_with(case, 1, &Cause::PasswordExpired, 1, CHANGE);
                case.bar(1, NodeError::NoShell(CHANGE.into()));
            },
            &[("password-expired", 1, 2)],
        ),
        (
            "closed",
            |case| {
                case.break_column(1, &Cause::NoLogin, CLOSED);
                case.bar(1, ConnectError::Protocol("closed".into()));
            },
            &[("password-expired", 1, 2)],
        ),
        (
            "nobody called, the coordinator was told",
            |case| case.bar(1, ConnectError::PasswordExpired),
            &[("password-expired", 1, 0)],
        ),
        (
            "an old password that nobody asks for",
            |case| {
                let evidence = case.seen_mut(1);
                evidence.machine.clock = Some(Clock { said: 20_000 * 86_400, from: 0, to: 0 });
                evidence.login.ageing = Some(Ageing { changed: Some(0), ..Ageing::default() });
            },
            &[],
        ),
        (
            "the same before trust is made",
            |case| {
                case.preflight = true;
                let evidence = case.seen_mut(1);
                evidence.machine.clock = Some(Clock { said: 20_000 * 86_400, from: 0, to: 0 });
                evidence.login.ageing = Some(Ageing { changed: Some(0), ..Ageing::default() });
            },
            &[("password-expired", 1, 0)],
        ),
        (
            "a mark before the password, which PAM does not mind",
            |case| {
                case.seen_mut(1).login.ageing = Some(Ageing { locked: true, ..Ageing::default() });
                case.break_column(1, &Cause::KeyRefused, DENIED);
            },
            &[],
        ),
        (
            "and sshd does",
            |case| {
                case.seen_mut(1).login.ageing = Some(Ageing { locked: true, ..Ageing::default() });
                settings(case, 1, Settings { no_pam: true, ..Settings::default() });
                case.break_column(1, &Cause::KeyRefused, DENIED);
            },
            &[("account-locked", 1, 2)],
        ),
        (
            "wrong passwords",
            |case| {
                let lockout = Lockout { program: "faillock", said: "V".into() };
                case.seen_mut(1).login.lockout = Some(lockout);
            },
            &[("account-locked", 1, 0)],
        ),
        (
            "only root may in",
            |case| {
                let said = "System is booting up. See pam_nologin(8) | Connection closed by 10.0.0.2 port 22";
                case.break_column(1, &Cause::NoLogin, said);
                case.bar(1, ConnectError::Protocol("closed".into()));
            },
            &[("account-not-allowed", 1, 2)],
        ),
        (
            "PAM keeps the account out, and nobody can look",
            |case| {
                case.break_column(1, &Cause::ClosedEarly, HUNG_UP);
                case.bar(1, refused_account("Down for maintenance"));
            },
            &[("account-not-allowed", 1, 2)],
        ),
        (
            "the account has ended, and the coordinator was told",
            |case| {
                case.break_column(1, &Cause::ClosedEarly, HUNG_UP);
                case.bar(
                    1,
                    refused_account("Your account has expired; please contact your system administrator."),
                );
            },
            &[("password-expired", 1, 2)],
        ),
        (
            "PAM keeps the account out, by the log of sshd",
            |case| {
                case.break_column(1, &Cause::HungUp, HUNG_UP);
                let line =
                    format!("Access denied for user {} by PAM account configuration [preauth]", case.user);
                case.seen_mut(1).service.refusals.push(line);
            },
            &[("account-not-allowed", 1, 2)],
        ),
        (
            "it kept another user out",
            |case| {
                case.break_column(1, &Cause::HungUp, HUNG_UP);
                let line = "Access denied for user nobody by PAM account configuration [preauth]";
                case.seen_mut(1).service.refusals.push(line.to_owned());
            },
            &[],
        ),
        (
            "it kept the user out, and now it does not",
            |case| {
                let line =
                    format!("Access denied for user {} by PAM account configuration [preauth]", case.user);
                case.seen_mut(1).service.refusals.push(line);
            },
            &[],
        ),
    ]);
}

#[test]
fn sessions_that_start_no_shell() {
    must_give(&[
        (
            "a shell that is not there for sshd: it sees another root",
            |case| {
                let said = "/bin/bash: No such file or directory";
                end_with(case, 1, &Cause::NoLogin, 1, said);
                case.bar(1, forced(said));
            },
            &[("no-login-shell", 1, 2)],
        ),
        (
            "a profile that starts a shell that is not there",
            |case| {
                let said = "-bash: /opt/bin/zsh: No such file or directory";
                end_with(case, 1, &Cause::NoLogin, 127, said);
                case.bar(1, NodeError::NoShell(said.into()));
            },
            &[("profile-blocks", 1, 2)],
        ),
        (
            "PAM opens no session",
            |case| {
                end_with(case, 1, &Cause::CommandRefused, 254, "");
                case.bar(1, forced("it ended with status 254 without a word"));
            },
            &[("command-refused", 1, 2)],
        ),
    ]);
}
