//! The words of `with`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;
use sshtrust::bounds::{Ask, BoundsWish, Expiry};

use super::mistake::{required, see};
use super::source::{LoginWords, SourceWords};
use super::{CommonWords, HostKeys, Job, Source, Words, bounds, source};
use crate::errors::{NOT_DONE, Report};
use crate::i18n::Lang;

/// Where nobody says when it ends: in seconds. Longer than an installation lasts, shorter than a day.
const NET: i64 = 12 * 60 * 60;

/// For which command there is to be trust.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct With {
    /// Where the cluster is described.
    pub(crate) source: Source,
    /// The file that has the passwords.
    pub(crate) password_file: Option<PathBuf>,
    /// Which host keys count as known.
    pub(crate) host_keys: HostKeys,
    /// The log file.
    pub(crate) log: Option<PathBuf>,
    /// From where and until when trust holds.
    pub(crate) bounds: BoundsWish,
    /// Leave `/etc/hosts` alone.
    pub(crate) skip_hostname_set: bool,
    /// The command, and its words. At least one.
    pub(crate) command: Vec<OsString>,
    /// The language of the screen.
    pub(crate) lang: Lang,
}

// It is no use to lend trust to nodes that cannot be entered.
#[derive(Args)]
#[command(mut_arg("no_password", |arg| arg.hide(true)))]
pub(super) struct WithWords {
    #[command(flatten)]
    source: SourceWords,
    #[command(flatten)]
    login: LoginWords,
    #[command(flatten)]
    bounds: bounds::BoundWords,
    #[arg(long)]
    skip_hostname_set: bool,
    #[command(flatten)]
    common: CommonWords,
    #[arg(last = true)]
    command: Vec<OsString>,
}

impl Words for WithWords {
    fn common(&self) -> &CommonWords {
        &self.common
    }

    fn job(self, lang: Lang) -> Result<Job, Report> {
        let LoginWords { host_keys, password_file, no_password, log } = self.login.consistent("with")?;
        if no_password {
            return Err(super::mistake::unknown("--no-password").cure(&see(Some("with"))));
        }
        if self.command.iter().all(|word| word.is_empty()) {
            let cure = "Write the command behind two hyphens: gs_sshexkey with -f HOSTFILE -- COMMAND.";
            return Err(required("-- COMMAND").cure(cure).exit(NOT_DONE));
        }
        let mut bounds = self.bounds.read()?;
        if bounds.expires == Ask::Keep {
            bounds.expires = Ask::Set(Expiry::After(NET));
        }
        let (source, host_keys) = (source::read(self.source)?, host_keys.read());
        let Self { skip_hostname_set, command, .. } = self;
        let with = With { source, password_file, host_keys, log, bounds, skip_hostname_set, command, lang };
        Ok(Job::With(Box::new(with)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;
    use super::*;

    fn with(line: &str) -> With {
        match read(line) {
            Ok(Job::With(words)) => *words,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn the_command_is_what_stands_behind_the_hyphens() {
        let words = with("with -f h -- gs_preinstall -U omm -- -l");
        assert_eq!(words.command, ["gs_preinstall", "-U", "omm", "--", "-l"]);
        assert_eq!(words.bounds.expires, Ask::Set(Expiry::After(NET)));
        assert_eq!(with("-f h with --expires 2h -- true").bounds.expires, Ask::Set(Expiry::After(7200)));
        assert_eq!(with("with -f h --expires never -- true").bounds.expires, Ask::Lift);
    }

    #[test]
    fn mistakes_are_told() {
        for (line, wanted) in [
            ("with -f h", "-- COMMAND"),
            ("with -f h --", "-- COMMAND"),
            ("with -f h true", "true"),
            ("with -f h --no-password -- true", "--no-password"),
            ("with -- true", "-f"),
        ] {
            let report = read(line).unwrap_err();
            assert!(report.to_string().contains(wanted), "{line}: {report}");
            assert_eq!(report.status(), NOT_DONE, "{line}");
        }
    }
}
