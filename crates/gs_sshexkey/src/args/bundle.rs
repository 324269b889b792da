//! The words of `bundle`.

use std::path::PathBuf;

use clap::{ArgAction, Args};

use super::{CommonWords, Job, Source, Words, source};
use crate::errors::Report;
use crate::i18n::Lang;

/// Trust by hand: what to write, or what to read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Bundle {
    /// Where the cluster is described.
    pub(crate) source: Source,
    /// The folder that is carried.
    pub(crate) folder: PathBuf,
    /// Read the answers.
    pub(crate) collect: bool,
    /// The log file.
    pub(crate) log: Option<PathBuf>,
    /// The language of the screen.
    pub(crate) lang: Lang,
}

#[derive(Args)]
pub(super) struct BundleWords {
    #[command(flatten)]
    source: source::SourceWords,
    #[arg(short = 'o', long = "output")]
    folder: Option<PathBuf>,
    #[arg(long)]
    collect: bool,
    #[arg(short = 'l', action = ArgAction::Set)]
    log: Option<PathBuf>,
    #[command(flatten)]
    common: CommonWords,
}

impl Words for BundleWords {
    fn common(&self) -> &CommonWords {
        &self.common
    }

    fn job(self, lang: Lang) -> Result<Job, Report> {
        let source = source::read(self.source)?;
        let required = || Report::new("50001", "Incorrect parameter. Parameter '-o' is required.");
        let folder = self
            .folder
            .ok_or_else(|| required().cure("Name the folder that you will carry to the nodes."))?;
        Ok(Job::Bundle(Bundle { source, folder, collect: self.collect, log: self.log, lang }))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;
    use super::*;

    #[test]
    fn good_lines() {
        for (line, collect) in [("bundle -f h -o d", false), ("bundle --collect -f h --output d", true)] {
            let Ok(Job::Bundle(words)) = read(line) else { panic!("{line}") };
            assert_eq!((words.folder, words.collect), (PathBuf::from("d"), collect), "{line}");
            assert_eq!(words.source, Source::Hostfile("h".into()), "{line}");
        }
        let Ok(Job::Bundle(words)) = read("bundle --hosts a,b -o d -l log --lang zh") else { panic!() };
        assert_eq!(words.source, Source::Hosts { spec: "a,b".to_owned(), port: 22 });
        assert_eq!((words.log, words.lang), (Some("log".into()), Lang::Zh));
    }

    #[test]
    fn mistakes_have_a_message() {
        let cases = [
            ("bundle -o d", "[GAUSS-50001] : Incorrect parameter. Parameter '-f' is required."),
            ("bundle -f h", "[GAUSS-50001] : Incorrect parameter. Parameter '-o' is required."),
            ("bundle -f h -o d now", "[GAUSS-50000] : Unrecognized parameter: now."),
            ("bundle -f h -o d --json", "[GAUSS-50000] : Unrecognized parameter: --json."),
            ("bundle -f h -o d --by ip", "[GAUSS-50000] : Unrecognized parameter: --by."),
            ("bundle -f h -o d --dry-run", "[GAUSS-50000] : Unrecognized parameter: --dry-run."),
            (
                "bundle -f h -o d --password-file p",
                "[GAUSS-50000] : Unrecognized parameter: --password-file.",
            ),
            ("-f h --collect", "[GAUSS-50000] : Unrecognized parameter: --collect."),
            ("check -f h --collect", "[GAUSS-50000] : Unrecognized parameter: --collect."),
        ];
        for (line, wanted) in cases {
            assert_eq!(read(line).unwrap_err().to_string().lines().next(), Some(wanted), "{line}");
        }
    }
}
