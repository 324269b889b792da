//! The words of `check`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use sshtrust::probe::Coverage;

use super::coverage::SampleWords;
use super::every::{Every, EveryWords};
use super::mistake::{see, together, unknown};
use super::source::LoginWords;
use super::{CommonWords, HostKeys, Job, Source, Words, source};
use crate::errors::Report;
use crate::i18n::Lang;

/// What to look at, and how to tell it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Check {
    /// Where the cluster is described.
    pub(crate) source: Source,
    /// The file that has the passwords.
    pub(crate) password_file: Option<PathBuf>,
    /// Which host keys count as known.
    pub(crate) host_keys: HostKeys,
    /// The log file.
    pub(crate) log: Option<PathBuf>,
    /// Call by address.
    pub(crate) by_ip: bool,
    /// Call by host name.
    pub(crate) by_name: bool,
    /// How many of the pairs are called.
    pub(crate) coverage: Coverage,
    /// Do not ask for a password.
    pub(crate) no_password: bool,
    /// Tell it without what says whose cluster it is.
    pub(crate) redact: bool,
    /// How to tell it.
    pub(crate) format: Format,
    /// Where to; else to standard output.
    pub(crate) output: Option<PathBuf>,
    /// The language of the screen and of the page.
    pub(crate) lang: Lang,
    /// A page about it, beside the rest.
    pub(crate) html: Option<PathBuf>,
    /// It goes on.
    pub(crate) every: Option<Every>,
}

/// How the result is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// For the textfile collector of node_exporter.
    Prometheus,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ByWord {
    Ip,
    Name,
    Both,
}

/// What `check` and `doctor` have in common: where the cluster is, by what nodes are called, how it is told.
#[derive(Args)]
pub(super) struct LookWords {
    #[command(flatten)]
    source: source::SourceWords,
    #[command(flatten)]
    login: LoginWords,
    #[arg(long, value_enum)]
    by: Option<ByWord>,
    #[command(flatten)]
    coverage: SampleWords,
    #[arg(long)]
    json: bool,
    #[arg(long)]
    redact: bool,
    #[arg(long, value_enum)]
    format: Option<Format>,
    #[arg(short = 'o', long)]
    output: Option<PathBuf>,
    #[arg(long)]
    html: Option<PathBuf>,
    #[command(flatten)]
    pub(super) common: CommonWords,
}

#[derive(Args)]
pub(super) struct CheckWords {
    #[command(flatten)]
    look: LookWords,
    #[command(flatten)]
    every: EveryWords,
}

impl Words for CheckWords {
    fn common(&self) -> &CommonWords {
        &self.look.common
    }

    fn job(self, lang: Lang) -> Result<Job, Report> {
        let mut check = self.look.check(lang, "check")?;
        self.every.add_to(&mut check)?;
        Ok(Job::Check(check))
    }
}

impl LookWords {
    /// What to look at, and how to tell it.
    pub(super) fn check(self, lang: Lang, verb: &str) -> Result<Check, Report> {
        let see = see(Some(verb));
        let format = match (self.json, self.format) {
            (true, Some(other)) if other != Format::Json => {
                let text = "The parameter '--json' value is incorrect. --format says otherwise.";
                return Err(Report::new("50004", text).cure(&see));
            }
            (true, _) => Format::Json,
            (false, format) => format.unwrap_or(Format::Text),
        };
        redactable(self.redact, format == Format::Json, self.html.is_some(), &see)?;
        let LoginWords { host_keys, password_file, no_password, log } = self.login.consistent(verb)?;
        let by = self.by.unwrap_or(ByWord::Ip);
        Ok(Check {
            source: source::read(self.source)?,
            password_file,
            host_keys: host_keys.read(),
            log,
            by_ip: by != ByWord::Name,
            by_name: by != ByWord::Ip,
            coverage: self.coverage.read(verb)?,
            no_password,
            redact: self.redact,
            format,
            output: self.output,
            lang,
            html: self.html,
            every: None,
        })
    }
}

/// `--redact` is for what programs read; a page beside it would tell everything.
pub(super) fn redactable(redact: bool, json: bool, html: bool, see: &str) -> Result<(), Report> {
    match (redact, json, html) {
        (true, false, _) => Err(unknown("--redact").cure("It goes with --json.")),
        (true, true, true) => Err(together("--redact", "--html").cure(see)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;
    use super::*;
    use crate::errors::NOT_DONE;

    fn check(line: &str) -> Check {
        match read(line) {
            Ok(Job::Check(check)) => check,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn good_lines() {
        let plain = check("check -f h");
        assert_eq!((plain.by_ip, plain.by_name, plain.format), (true, false, Format::Text));
        assert!(!plain.no_password && plain.output.is_none() && plain.html.is_none());
        let by = |word: &str| {
            let check = check(&format!("check -f h --by {word}"));
            (check.by_ip, check.by_name)
        };
        assert_eq!([by("ip"), by("name"), by("both")], [(true, false), (false, true), (true, true)]);
        for line in ["check -f h --json", "-f h check --format json", "check --json --format json -f h"] {
            assert_eq!(check(line).format, Format::Json, "{line}");
        }
        let full = check("check -f h -l log --format prometheus -o out --html page --no-password");
        assert_eq!(full.format, Format::Prometheus);
        assert_eq!((full.output, full.html), (Some("out".into()), Some("page".into())));
        assert!(full.no_password);
    }

    #[test]
    fn mistakes_have_a_message_and_a_status_of_their_own() {
        let cases = [
            ("check", "[GAUSS-50001] : Incorrect parameter. Parameter '-f' is required."),
            ("check -f h now", "[GAUSS-50000] : Unrecognized parameter: now."),
            ("check -f h --dry-run", "[GAUSS-50000] : Unrecognized parameter: --dry-run."),
            ("check -f h --frob", "[GAUSS-50000] : Unrecognized parameter: --frob."),
            (
                "check -f h --by mac",
                "[GAUSS-50004] : The parameter '--by' value is incorrect. It must be one of: ip, name, both.",
            ),
            (
                "check -f h --json --format text",
                "[GAUSS-50004] : The parameter '--json' value is incorrect. --format says otherwise.",
            ),
            ("check -f h --redact", "[GAUSS-50000] : Unrecognized parameter: --redact."),
            ("check -f h --redact --format prometheus", "[GAUSS-50000] : Unrecognized parameter: --redact."),
            (
                "check -f h --json --redact --html p",
                "[GAUSS-50005] : The parameter '--redact' and '--html' can not be used together.",
            ),
        ];
        for (line, wanted) in cases {
            let report = read(line).unwrap_err();
            assert_eq!(report.to_string().lines().next(), Some(wanted), "{line}");
            assert_eq!(report.status(), NOT_DONE, "{line}");
        }
        let apart = check("check -f h --json --redact");
        assert!(apart.redact && !check("check -f h --json").redact);
        for (line, word) in [("-f h --by ip", "--by"), ("-f h --html x", "--html"), ("-f h -o x", "--output")]
        {
            let report = read(line).unwrap_err();
            assert_eq!(report.status(), 1, "{line}");
            assert!(report.to_string().contains(&format!("Unrecognized parameter: {word}.")), "{report}");
        }
    }
}
