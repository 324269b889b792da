//! The words of `rotate`.

use std::path::PathBuf;

use clap::Args;
use sshtrust::identity::{KeyMode, KeyType};
use sshtrust::probe::Coverage;

use super::coverage::CoverageWords;
use super::mistake::{see, together};
use super::setup::{KeyTypeWord, KeysWord};
use super::source::{LoginWords, SourceWords};
use super::{CommonWords, HostKeys, Job, Source, Words, source};
use crate::errors::Report;
use crate::i18n::Lang;

/// Which keys to replace, and how to tell it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Rotate {
    /// Where the cluster is described.
    pub(crate) source: Source,
    /// How nodes are entered, and how it is told.
    pub(crate) run: ChangeRun,
    /// How the keys are shared out.
    pub(crate) keys: Option<KeyMode>,
    /// The new keys' type.
    pub(crate) key_type: Option<KeyType>,
}

/// How a verb that replaces keys enters nodes, and tells of it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ChangeRun {
    /// The file that has the passwords.
    pub(crate) password_file: Option<PathBuf>,
    /// Which host keys count as known.
    pub(crate) host_keys: HostKeys,
    /// Do not ask for a password.
    pub(crate) no_password: bool,
    /// The log file.
    pub(crate) log: Option<PathBuf>,
    /// Show what would change, and change nothing.
    pub(crate) dry_run: bool,
    /// Show the plan and ask.
    pub(crate) ask: bool,
    /// How much is proven.
    pub(crate) coverage: Coverage,
    /// For programs.
    pub(crate) json: bool,
    /// The language of the screen.
    pub(crate) lang: Lang,
}

/// The words of [`ChangeRun`].
#[derive(Args)]
pub(super) struct ChangeRunWords {
    #[command(flatten)]
    login: LoginWords,
    #[arg(long)]
    dry_run: bool,
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    coverage: CoverageWords,
    #[arg(long)]
    json: bool,
}

impl ChangeRunWords {
    /// What they say, if they do not contradict.
    pub(super) fn read(self, verb: &str, lang: Lang) -> Result<ChangeRun, Report> {
        if self.dry_run && self.yes {
            return Err(together("--dry-run", "--yes").cure(&see(Some(verb))));
        }
        let LoginWords { host_keys, password_file, no_password, log } = self.login.consistent(verb)?;
        let (host_keys, ask) = (host_keys.read(), !self.yes);
        let (dry_run, coverage, json) = (self.dry_run, self.coverage.read()?, self.json);
        Ok(ChangeRun { password_file, host_keys, no_password, log, dry_run, ask, coverage, json, lang })
    }
}

#[derive(Args)]
pub(super) struct RotateWords {
    #[command(flatten)]
    source: SourceWords,
    #[command(flatten)]
    run: ChangeRunWords,
    #[arg(long)]
    keys: Option<KeysWord>,
    #[arg(long)]
    key_type: Option<KeyTypeWord>,
    #[command(flatten)]
    common: CommonWords,
}

impl Words for RotateWords {
    fn common(&self) -> &CommonWords {
        &self.common
    }

    fn job(self, lang: Lang) -> Result<Job, Report> {
        let run = self.run.read("rotate", lang)?;
        let (keys, key_type) = (self.keys.map(KeysWord::mode), self.key_type.map(KeyTypeWord::kind));
        Ok(Job::Rotate(Rotate { source: source::read(self.source)?, run, keys, key_type }))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;
    use super::*;
    use crate::errors::NOT_DONE;

    fn rotate(line: &str) -> Rotate {
        match read(line) {
            Ok(Job::Rotate(words)) => words,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn good_lines() {
        let plain = rotate("rotate -f h");
        assert_eq!((plain.source, plain.keys, plain.key_type), (Source::Hostfile("h".into()), None, None));
        assert!(plain.run.ask && !plain.run.dry_run && !plain.run.json && !plain.run.no_password);
        assert!(!rotate("-f h rotate --yes").run.ask);
        let full = rotate(
            "rotate -f h --keys per-node --key-type ecdsa --dry-run --json -l log --lang zh --no-password",
        );
        assert_eq!((full.keys, full.key_type), (Some(KeyMode::PerNode), Some(KeyType::EcdsaP256)));
        assert!(full.run.dry_run && full.run.json && full.run.no_password);
        assert_eq!((full.run.log, full.run.lang), (Some("log".into()), Lang::Zh));
    }

    #[test]
    fn mistakes_have_a_message_and_a_status_of_their_own() {
        let cases = [
            ("rotate", "[GAUSS-50001] : Incorrect parameter. Parameter '-f' is required."),
            ("rotate -f h --new-key", "[GAUSS-50000] : Unrecognized parameter: --new-key."),
            (
                "rotate -f h --dry-run --yes",
                "[GAUSS-50005] : The parameter '--dry-run' and '--yes' can not be used together.",
            ),
            (
                "rotate -f h --keys all",
                "[GAUSS-50004] : The parameter '--keys' value is incorrect. It must be one of: per-node, shared.",
            ),
        ];
        for (line, wanted) in cases {
            let report = read(line).unwrap_err();
            assert_eq!(report.to_string().lines().next(), Some(wanted), "{line}");
            assert_eq!(report.status(), NOT_DONE, "{line}");
        }
    }
}
