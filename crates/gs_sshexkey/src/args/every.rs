//! `--every` and `--on-change`: a check that goes on.

use std::ffi::OsString;
use std::time::Duration;

use clap::Args;
use sshtrust::text::printable;

use super::check::{Check, Format};
use super::duration::{duration, number};
use super::mistake::{required, see, together};
use crate::errors::Report;

const CURE: &str = "Write a time between two rounds, from 1s to 1w: 30s, 5m, 1h.";
/// The longest time between two rounds, in seconds.
const LONGEST: i64 = 604_800;

/// The options of a check that goes on.
#[derive(Args)]
pub(super) struct EveryWords {
    #[arg(long)]
    every: Option<String>,
    #[arg(long)]
    on_change: Option<OsString>,
}

/// How a check goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Every {
    /// From the beginning of a round to that of the next.
    pub(crate) interval: Duration,
    /// What `sh -c` runs when a pair is not as it was.
    pub(crate) on_change: Option<OsString>,
}

impl EveryWords {
    /// Adds what they ask to a check.
    pub(super) fn add_to(self, check: &mut Check) -> Result<(), Report> {
        let see = see(Some("check"));
        let Some(text) = self.every else {
            return if self.on_change.is_some() { Err(required("--every").cure(&see)) } else { Ok(()) };
        };
        let interval = interval(&text)?;
        if check.password_file.is_some() {
            let why = "A check that goes on enters the nodes by keys alone, so that no password is kept.";
            return Err(together("--every", "--password-file").cure(why));
        }
        if check.format == Format::Prometheus && check.output.is_none() {
            return Err(required("-o").cure("Name the file that is replaced in every round."));
        }
        if self.on_change.as_ref().is_some_and(|command| command.is_empty()) {
            let text = "The parameter '--on-change' value is incorrect. It needs a value.";
            return Err(Report::new("50004", text).cure(&see));
        }
        check.no_password = true;
        check.every = Some(Every { interval, on_change: self.on_change });
        Ok(())
    }
}

fn interval(text: &str) -> Result<Duration, Report> {
    let wrong = |why: &str| {
        let text = printable(text.as_bytes());
        Report::new("50004", &format!("The parameter '--every' value is incorrect. {text} {why}.")).cure(CURE)
    };
    let seconds = text.strip_suffix('s').map_or_else(|| duration(text), number);
    match seconds.ok_or_else(|| wrong("is not a time"))? {
        0 => Err(wrong("is too short")),
        seconds if seconds > LONGEST => Err(wrong("is too long")),
        seconds => Ok(Duration::from_secs(seconds.unsigned_abs())),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Job;
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
    fn intervals() {
        let cases = [("1s", 1), ("90s", 90), ("5m", 300), ("1h", 3_600), ("2d", 172_800), ("1w", 604_800)];
        for (text, seconds) in cases {
            let check = check(&format!("check -f h --every {text}"));
            let every = check.every.unwrap();
            assert_eq!((every.interval.as_secs(), every.on_change), (seconds, None), "{text}");
            assert!(check.no_password, "nobody is there to be asked");
        }
        assert_eq!(check("check -f h").every, None);
        let hook = check("check --on-change ./hook;$(x) --every 5m --json -f h").every.unwrap().on_change;
        assert_eq!(hook, Some("./hook;$(x)".into()), "as it is written");
    }

    /// What a unit of `dist/systemd` starts, with its own values of the variables.
    fn started(unit: &str) -> String {
        let path = format!("{}/../../dist/systemd/{unit}", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let line =
            text.lines().find_map(|line| line.strip_prefix("ExecStart=/usr/bin/gs_sshexkey ")).unwrap();
        let variables = text.lines().filter_map(|line| line.strip_prefix("Environment=")?.split_once('='));
        variables.fold(line.to_owned(), |line, (name, value)| line.replace(&format!("${{{name}}}"), value))
    }

    #[test]
    fn the_units_start_what_there_is() {
        let watch = check(&started("gs_sshexkey-watch@.service"));
        let every = Every { interval: Duration::from_secs(300), on_change: Some("true".into()) };
        let once = check(&started("gs_sshexkey-check@.service"));
        assert_eq!((watch.every, once.every), (Some(every), None));
        assert_eq!((&watch.output, &watch.source), (&once.output, &once.source));
        assert!(once.no_password && watch.format == Format::Prometheus && once.format == Format::Prometheus);
    }

    #[test]
    fn mistakes_have_a_message() {
        let time = |text: &str, why: &str| {
            (
                format!("check -f h --every {text}"),
                format!("[GAUSS-50004] : The parameter '--every' value is incorrect. {text} {why}."),
            )
        };
        let mut cases: Vec<(String, String)> = ["5", "s", "m", "1.5h", "5M", "5ms", "5min", "soon", "1h30m"]
            .iter()
            .map(|text| time(text, "is not a time"))
            .collect();
        cases.extend(["0s", "0m", "00h"].map(|text| time(text, "is too short")));
        cases.extend(["2w", "604801s", "99999999999999999999d"].map(|text| time(text, "is too long")));
        let said = |code: &str, text: &str| format!("[GAUSS-{code}] : {text}");
        let together = "The parameter '--every' and '--password-file' can not be used together.";
        cases.extend([
            (
                "check -f h --on-change true".to_owned(),
                said("50001", "Incorrect parameter. Parameter '--every' is required."),
            ),
            ("check -f h --every 5m --password-file p".to_owned(), said("50005", together)),
            (
                "check -f h --every 5m --format prometheus".to_owned(),
                said("50001", "Incorrect parameter. Parameter '-o' is required."),
            ),
            ("doctor -f h --every 5m".to_owned(), said("50000", "Unrecognized parameter: --every.")),
            ("-f h --on-change true".to_owned(), said("50000", "Unrecognized parameter: --on-change.")),
        ]);
        for (line, wanted) in cases {
            let report = read(&line).unwrap_err();
            assert_eq!(report.to_string().lines().next(), Some(wanted.as_str()), "{line}");
            assert!(report.status() == NOT_DONE || line.starts_with("-f"), "{line}");
        }
    }
}
