//! The words of `revoke`.

use std::path::PathBuf;

use clap::Args;

use super::mistake::{see, together};
use super::source::{LoginWords, SourceWords};
use super::{CommonWords, HostKeys, Job, Source, Words, source};
use crate::errors::Report;
use crate::i18n::Lang;

/// What to take away, and how to tell it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Revoke {
    /// Where the cluster is described.
    pub(crate) source: Source,
    /// The file that has the passwords.
    pub(crate) password_file: Option<PathBuf>,
    /// Which host keys count as known.
    pub(crate) host_keys: HostKeys,
    /// Do not ask for a password.
    pub(crate) no_password: bool,
    /// The log file.
    pub(crate) log: Option<PathBuf>,
    /// Go on with the nodes that can be entered.
    pub(crate) partial: bool,
    /// Leave the mapping in `/etc/hosts`.
    pub(crate) keep_names: bool,
    /// Take the program's own file away too.
    pub(crate) remove_program: bool,
    /// Show what would go, and change nothing.
    pub(crate) dry_run: bool,
    /// Show the plan and ask.
    pub(crate) ask: bool,
    /// For programs.
    pub(crate) json: bool,
    /// The language of the screen.
    pub(crate) lang: Lang,
}

#[derive(Args)]
pub(super) struct RevokeWords {
    #[command(flatten)]
    source: SourceWords,
    #[command(flatten)]
    login: LoginWords,
    #[arg(long)]
    partial: bool,
    #[arg(long)]
    keep_names: bool,
    #[arg(long)]
    remove_program: bool,
    #[arg(long)]
    dry_run: bool,
    #[arg(long)]
    yes: bool,
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    common: CommonWords,
}

impl Words for RevokeWords {
    fn common(&self) -> &CommonWords {
        &self.common
    }

    fn job(self, lang: Lang) -> Result<Job, Report> {
        if self.dry_run && self.yes {
            return Err(together("--dry-run", "--yes").cure(&see(Some("revoke"))));
        }
        let LoginWords { host_keys, password_file, no_password, log } = self.login.consistent("revoke")?;
        Ok(Job::Revoke(Revoke {
            source: source::read(self.source)?,
            password_file,
            host_keys: host_keys.read(),
            no_password,
            log,
            partial: self.partial,
            keep_names: self.keep_names,
            remove_program: self.remove_program,
            dry_run: self.dry_run,
            ask: !self.yes,
            json: self.json,
            lang,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;
    use super::*;
    use crate::errors::NOT_DONE;

    fn revoke(line: &str) -> Revoke {
        match read(line) {
            Ok(Job::Revoke(words)) => words,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn good_lines() {
        let plain = revoke("revoke -f h");
        assert_eq!(plain.source, Source::Hostfile("h".into()));
        assert!(plain.ask && !plain.partial && !plain.keep_names && !plain.remove_program);
        assert!(!plain.dry_run && !plain.json && !plain.no_password);
        assert!(revoke("-f h --partial revoke").partial);
        assert!(!revoke("revoke -f h --yes").ask);
        let full = revoke(
            "revoke --hosts a,b --keep-names --remove-program --dry-run --json -l log --lang zh --password-file p",
        );
        assert!(full.keep_names && full.remove_program && full.dry_run && full.json);
        assert_eq!((full.log, full.lang), (Some("log".into()), Lang::Zh));
        assert_eq!(full.password_file, Some("p".into()));
    }

    #[test]
    fn mistakes_have_a_message_and_a_status_of_their_own() {
        let cases = [
            ("revoke", "[GAUSS-50001] : Incorrect parameter. Parameter '-f' is required."),
            ("revoke -f h now", "[GAUSS-50000] : Unrecognized parameter: now."),
            ("revoke -f h --fix", "[GAUSS-50000] : Unrecognized parameter: --fix."),
            ("revoke -f h --key-type ecdsa", "[GAUSS-50000] : Unrecognized parameter: --key-type."),
            (
                "revoke -f h --dry-run --yes",
                "[GAUSS-50005] : The parameter '--dry-run' and '--yes' can not be used together.",
            ),
            (
                "revoke -f h --no-password --password-file p",
                "[GAUSS-50005] : The parameter '--no-password' and '--password-file' can not be used together.",
            ),
        ];
        for (line, wanted) in cases {
            let report = read(line).unwrap_err();
            assert_eq!(report.to_string().lines().next(), Some(wanted), "{line}");
            assert_eq!(report.status(), NOT_DONE, "{line}");
        }
        for line in ["-f h --partial", "check -f h --keep-names", "agent stop --remove-program"] {
            assert!(read(line).unwrap_err().to_string().ends_with("\nIt goes with 'revoke'."), "{line}");
        }
    }
}
