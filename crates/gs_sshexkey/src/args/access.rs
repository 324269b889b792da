//! The words of `access`.

use std::path::PathBuf;

use clap::Args;

use super::check::redactable;
use super::mistake::see;
use super::source::{LoginWords, SourceWords};
use super::{CommonWords, HostKeys, Job, Source, Words, source};
use crate::errors::Report;
use crate::i18n::Lang;

/// Whose access to look at, and how to tell it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Access {
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
    /// For programs.
    pub(crate) json: bool,
    /// Tell it without what says whose cluster it is.
    pub(crate) redact: bool,
    /// The language of the screen.
    pub(crate) lang: Lang,
}

#[derive(Args)]
pub(super) struct AccessWords {
    #[command(flatten)]
    source: SourceWords,
    #[command(flatten)]
    login: LoginWords,
    #[arg(long)]
    json: bool,
    #[arg(long)]
    redact: bool,
    #[command(flatten)]
    common: CommonWords,
}

impl Words for AccessWords {
    fn common(&self) -> &CommonWords {
        &self.common
    }

    fn job(self, lang: Lang) -> Result<Job, Report> {
        redactable(self.redact, self.json, false, &see(Some("access")))?;
        let LoginWords { host_keys, password_file, no_password, log } = self.login.consistent("access")?;
        Ok(Job::Access(Access {
            source: source::read(self.source)?,
            password_file,
            host_keys: host_keys.read(),
            no_password,
            log,
            json: self.json,
            redact: self.redact,
            lang,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;
    use super::*;
    use crate::errors::NOT_DONE;

    #[test]
    fn good_lines() {
        let of = |line: &str| match read(line) {
            Ok(Job::Access(words)) => words,
            other => panic!("{line}: {other:?}"),
        };
        let plain = of("access -f h");
        assert_eq!(plain.source, Source::Hostfile("h".into()));
        assert!(!plain.json && !plain.no_password && plain.log.is_none());
        let full =
            of("--hosts a,b access --json --redact -l log --lang zh --password-file p --strict-host-keys");
        assert!(full.json && full.redact && full.host_keys.strict);
        assert_eq!((full.log, full.lang), (Some("log".into()), Lang::Zh));
        assert_eq!(full.password_file, Some("p".into()));
    }

    #[test]
    fn mistakes_have_a_message_and_a_status_of_their_own() {
        let cases = [
            ("access", "[GAUSS-50001] : Incorrect parameter. Parameter '-f' is required."),
            ("access -f h now", "[GAUSS-50000] : Unrecognized parameter: now."),
            ("access -f h --dry-run", "[GAUSS-50000] : Unrecognized parameter: --dry-run."),
            ("access -f h --redact", "[GAUSS-50000] : Unrecognized parameter: --redact."),
            ("access -f h --yes", "[GAUSS-50000] : Unrecognized parameter: --yes."),
            (
                "access -f h --no-password --password-file p",
                "[GAUSS-50005] : The parameter '--no-password' and '--password-file' can not be used together.",
            ),
        ];
        for (line, wanted) in cases {
            let report = read(line).unwrap_err();
            assert_eq!(report.to_string().lines().next(), Some(wanted), "{line}");
            assert_eq!(report.status(), NOT_DONE, "{line}");
        }
    }
}
