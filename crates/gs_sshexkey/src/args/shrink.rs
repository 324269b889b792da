//! The words of `shrink`.

use std::path::PathBuf;

use clap::Args;

use super::mistake::{required, see};
use super::rotate::{ChangeRun, ChangeRunWords};
use super::source::SourceWords;
use super::{CommonWords, Job, Source, Words, source};
use crate::errors::Report;
use crate::i18n::Lang;

/// Which nodes leave, and how to tell it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Shrink {
    /// Where the cluster is described, as it is now.
    pub(crate) source: Source,
    /// The nodes that leave.
    pub(crate) remove: Removal,
    /// Make no new key where all share one.
    pub(crate) keep_key: bool,
    /// How nodes are entered, and how it is told.
    pub(crate) run: ChangeRun,
}

/// Nodes that leave.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Removal {
    /// Addresses or names, with commas between.
    Nodes(String),
    /// A hostfile.
    File(PathBuf),
}

#[derive(Args)]
pub(super) struct ShrinkWords {
    #[command(flatten)]
    source: SourceWords,
    #[arg(long)]
    remove: Option<String>,
    #[arg(long)]
    keep_key: bool,
    #[command(flatten)]
    run: ChangeRunWords,
    #[command(flatten)]
    common: CommonWords,
}

impl Words for ShrinkWords {
    fn common(&self) -> &CommonWords {
        &self.common
    }

    fn job(self, lang: Lang) -> Result<Job, Report> {
        let run = self.run.read("shrink", lang)?;
        let source = source::read(self.source)?;
        let remove = self.remove.ok_or_else(|| required("--remove").cure(&see(Some("shrink"))))?;
        let remove = match remove.strip_prefix('@') {
            Some(path) => Removal::File(path.into()),
            None => Removal::Nodes(remove),
        };
        Ok(Job::Shrink(Shrink { source, remove, keep_key: self.keep_key, run }))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;
    use super::*;
    use crate::errors::NOT_DONE;

    fn shrink(line: &str) -> Shrink {
        match read(line) {
            Ok(Job::Shrink(words)) => words,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn good_lines() {
        let plain = shrink("shrink -f h --remove 10.0.0.3,node4");
        assert_eq!(plain.remove, Removal::Nodes("10.0.0.3,node4".to_owned()));
        assert!(plain.run.ask && !plain.keep_key && !plain.run.dry_run);
        let full = shrink("-f h --remove @gone --keep-key --yes --json shrink");
        assert_eq!(full.remove, Removal::File("gone".into()));
        assert!(full.keep_key && !full.run.ask && full.run.json);
    }

    #[test]
    fn mistakes_have_a_message_and_a_status_of_their_own() {
        let cases = [
            ("shrink --remove a", "[GAUSS-50001] : Incorrect parameter. Parameter '-f' is required."),
            ("shrink -f h", "[GAUSS-50001] : Incorrect parameter. Parameter '--remove' is required."),
            ("shrink -f h --remove a --keys shared", "[GAUSS-50000] : Unrecognized parameter: --keys."),
            (
                "shrink -f h --remove a --dry-run --yes",
                "[GAUSS-50005] : The parameter '--dry-run' and '--yes' can not be used together.",
            ),
        ];
        for (line, wanted) in cases {
            let report = read(line).unwrap_err();
            assert_eq!(report.to_string().lines().next(), Some(wanted), "{line}");
            assert_eq!(report.status(), NOT_DONE, "{line}");
        }
    }
}
