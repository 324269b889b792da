//! The words of `expand`.

use std::path::PathBuf;

use clap::{ArgAction, Args};
use sshtrust::bounds::BoundsWish;
use sshtrust::probe::Coverage;

use super::coverage::CoverageWords;
use super::mistake::{see, together};
use super::source::{LoginWords, SourceWords};
use super::{CommonWords, HostKeys, Job, Source, Words, bounds, coverage, source};
use crate::errors::Report;
use crate::i18n::Lang;

/// Which nodes come to which cluster, and how to tell it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Expand {
    /// Where the cluster is described as it is.
    pub(crate) source: Source,
    /// The nodes that come.
    pub(crate) added: Named,
    /// Every pair is proven, not only those of nodes that come.
    pub(crate) proves_all: bool,
    /// How many of the pairs in question are proven.
    pub(crate) coverage: Coverage,
    /// The file that has the passwords.
    pub(crate) password_file: Option<PathBuf>,
    /// Which host keys count as known.
    pub(crate) host_keys: HostKeys,
    /// Do not ask for a password.
    pub(crate) no_password: bool,
    /// The log file.
    pub(crate) log: Option<PathBuf>,
    /// From where and until when trust holds.
    pub(crate) bounds: BoundsWish,
    /// Leave `/etc/hosts` alone.
    pub(crate) skip_hostname_set: bool,
    /// Leave the keepalive out.
    pub(crate) no_keepalive: bool,
    /// Show what would change, and change nothing.
    pub(crate) dry_run: bool,
    /// For programs.
    pub(crate) json: bool,
    /// The language of the screen.
    pub(crate) lang: Lang,
}

/// Nodes that a flag names beside the description of the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    /// The flag, as the user typed it.
    pub(crate) flag: &'static str,
    /// The nodes.
    pub(crate) nodes: Nodes,
}

/// The same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Nodes {
    /// A node set.
    Set(String),
    /// A hostfile.
    File(PathBuf),
}

impl Nodes {
    /// A node set, or a hostfile behind `@`.
    fn read(word: String) -> Self {
        match word.strip_prefix('@') {
            Some(path) => Self::File(path.into()),
            None => Self::Set(word),
        }
    }
}

#[derive(Args)]
pub(super) struct ExpandWords {
    #[command(flatten)]
    source: SourceWords,
    #[command(flatten)]
    login: LoginWords,
    #[arg(long)]
    add: Option<String>,
    /// As Greenplum's tool has it: the file of the nodes that are there, ...
    #[arg(short = 'e', action = ArgAction::Set)]
    existing: Option<PathBuf>,
    /// ... and of those that come.
    #[arg(short = 'x', action = ArgAction::Set)]
    coming: Option<PathBuf>,
    #[command(flatten)]
    coverage: CoverageWords,
    #[command(flatten)]
    bounds: bounds::BoundWords,
    #[arg(long)]
    skip_hostname_set: bool,
    #[arg(long)]
    no_keepalive: bool,
    #[arg(long)]
    dry_run: bool,
    #[arg(long)]
    yes: bool,
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    common: CommonWords,
}

impl Words for ExpandWords {
    fn common(&self) -> &CommonWords {
        &self.common
    }

    fn job(self, lang: Lang) -> Result<Job, Report> {
        let contradict = |one: &str, other: &str| Err(together(one, other).cure(&see(Some("expand"))));
        if self.dry_run && self.yes {
            return contradict("--dry-run", "--yes");
        }
        let added = match (self.add, self.coming) {
            (Some(_), Some(_)) => return contradict("--add", "-x"),
            (Some(word), None) => Named { flag: "--add", nodes: Nodes::read(word) },
            (None, Some(path)) => Named { flag: "-x", nodes: Nodes::File(path) },
            (None, None) => return Err(required("--add").cure(&see(Some("expand")))),
        };
        let source = match self.existing {
            Some(path) if self.source.is_empty() => Source::Hostfile(path),
            Some(_) => return contradict("-e", "-f"),
            None => source::read(self.source)?,
        };
        let (proves_all, coverage) = covered(self.coverage)?;
        let LoginWords { host_keys, password_file, no_password, log } = self.login.consistent("expand")?;
        Ok(Job::Expand(Box::new(Expand {
            source,
            added,
            proves_all,
            coverage,
            password_file,
            host_keys: host_keys.read(),
            no_password,
            log,
            bounds: self.bounds.read()?,
            skip_hostname_set: self.skip_hostname_set,
            no_keepalive: self.no_keepalive,
            dry_run: self.dry_run,
            json: self.json,
            lang,
        })))
    }
}

/// Whether the pairs of nodes that stay are in question too, and how many of all are proven.
fn covered(mut words: CoverageWords) -> Result<(bool, Coverage), Report> {
    let word = words.verify.take_if(|word| word == "new");
    let extent = words.verify.as_deref().map(coverage::extent);
    if extent == Some(None) {
        return Err(coverage::wrong("new, all, sample, sample:K"));
    }
    let proves_all = word.is_none() && extent.is_some();
    words.read().map(|coverage| (proves_all, coverage))
}

fn required(flag: &str) -> Report {
    Report::new("50001", &format!("Incorrect parameter. Parameter '{flag}' is required."))
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;
    use super::*;
    use crate::errors::NOT_DONE;

    fn expand(line: &str) -> Expand {
        match read(line) {
            Ok(Job::Expand(words)) => *words,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn good_lines() {
        let plain = expand("expand -f h --add n4,n5");
        assert_eq!(plain.source, Source::Hostfile("h".into()));
        assert_eq!(plain.added, Named { flag: "--add", nodes: Nodes::Set("n4,n5".to_owned()) });
        assert!(!plain.proves_all && !plain.dry_run && !plain.json && !plain.no_password);
        assert_eq!(expand("-f h --add @new expand").added.nodes, Nodes::File("new".into()));
        // What Greenplum's users type.
        let words = expand("expand -e old -x new --yes");
        assert_eq!(words.source, Source::Hostfile("old".into()));
        assert_eq!(words.added, Named { flag: "-x", nodes: Nodes::File("new".into()) });
        let full = expand(
            "expand --hosts a,b --port 2222 --add c --verify all --skip-hostname-set --no-keepalive --dry-run --json \
             -l log --lang zh --password-file p",
        );
        assert!(full.proves_all && full.skip_hostname_set && full.no_keepalive && full.dry_run && full.json);
        assert_eq!((full.log, full.lang), (Some("log".into()), Lang::Zh));
        assert_eq!(full.source.port(), 2222);
        assert!(!expand("expand -f h --add a --verify new").proves_all);
    }

    #[test]
    fn mistakes_have_a_message_and_a_status_of_their_own() {
        let together = |one: &str, other: &str| {
            format!("[GAUSS-50005] : The parameter '{one}' and '{other}' can not be used together.")
        };
        let cases = [
            ("expand -f h", "[GAUSS-50001] : Incorrect parameter. Parameter '--add' is required.".to_owned()),
            ("expand --add a", "[GAUSS-50001] : Incorrect parameter. Parameter '-f' is required.".to_owned()),
            ("expand -e o -f h --add a", together("-e", "-f")),
            ("expand -f h --add a -x n", together("--add", "-x")),
            ("expand -f h --add a --dry-run --yes", together("--dry-run", "--yes")),
            (
                "expand -f h --add a --verify some",
                "[GAUSS-50004] : The parameter '--verify' value is incorrect. It must be one of: new, all, sample, sample:K."
                    .to_owned(),
            ),
            (
                "expand -f h --add a --keys shared",
                "[GAUSS-50000] : Unrecognized parameter: --keys.".to_owned(),
            ),
        ];
        for (line, wanted) in cases {
            let report = read(line).unwrap_err();
            assert_eq!(report.to_string().lines().next(), Some(wanted.as_str()), "{line}");
            assert_eq!(report.status(), NOT_DONE, "{line}");
        }
        for line in ["-f h --add a", "check -f h --add a"] {
            assert!(read(line).unwrap_err().to_string().ends_with("\nIt goes with 'expand'."), "{line}");
        }
    }
}
