//! The words of `doctor`.

use std::net::IpAddr;

use clap::Args;
use sshtrust::diagnose::Code;
use sshtrust::text::printable;

use super::check::{Check, Format, LookWords};
use super::mistake::{see, together, unknown};
use super::{CommonWords, Job, Words};
use crate::errors::Report;
use crate::i18n::Lang;

/// What to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Doctor {
    /// What to look at, and how to tell it.
    pub(crate) look: Check,
    /// What to do about it.
    pub(crate) work: Work,
    /// Heal only findings with these codes; empty: all.
    pub(crate) only: Vec<Code>,
    /// Heal no findings with these codes.
    pub(crate) skip: Vec<Code>,
    /// Nodes whose changed host key the user vouches for.
    pub(crate) accept: Vec<IpAddr>,
}

/// What to do about what was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    /// Tell it.
    Tell,
    /// Tell what would stand in the way of a set-up.
    Preflight,
    /// Heal it; `ask`: when the user has agreed.
    Fix {
        /// Show the plan and ask.
        ask: bool,
    },
}

#[derive(Args)]
pub(super) struct DoctorWords {
    #[command(flatten)]
    look: LookWords,
    #[arg(long)]
    fix: bool,
    #[arg(long)]
    yes: bool,
    #[arg(long)]
    only: Vec<String>,
    #[arg(long)]
    skip: Vec<String>,
    #[arg(long)]
    accept_host_key: Vec<String>,
    #[arg(long)]
    preflight: bool,
    #[arg(long)]
    explain: Option<String>,
}

impl Words for DoctorWords {
    fn common(&self) -> &CommonWords {
        &self.look.common
    }

    fn job(self, lang: Lang) -> Result<Job, Report> {
        if let Some(word) = &self.explain {
            return code("--explain", word).map(|code| Job::Explain(code, lang));
        }
        let work = self.work()?;
        let look = self.look.check(lang, "doctor")?;
        if look.format == Format::Prometheus {
            let text = "The parameter '--format' value is incorrect. It must be one of: text, json.";
            return Err(Report::new("50004", text).cure("'check' has metrics for a monitoring system."));
        }
        let codes = |flag: &str, words: &[String]| -> Result<Vec<Code>, Report> {
            let each = words.iter().flat_map(|word| word.split(','));
            each.map(|word| code(flag, word)).collect()
        };
        Ok(Job::Doctor(Box::new(Doctor {
            look,
            work,
            only: codes("--only", &self.only)?,
            skip: codes("--skip", &self.skip)?,
            accept: addresses(&self.accept_host_key)?,
        })))
    }
}

impl DoctorWords {
    fn work(&self) -> Result<Work, Report> {
        let with_fix =
            [(self.yes, "--yes"), (!self.only.is_empty(), "--only"), (!self.skip.is_empty(), "--skip")];
        match (self.preflight, self.fix, with_fix.iter().find(|(given, _)| *given)) {
            (true, true, _) => Err(together("--preflight", "--fix").cure(&see(Some("doctor")))),
            (_, false, Some((_, flag))) => Err(unknown(flag).cure("It goes with --fix.")),
            (true, false, None) => Ok(Work::Preflight),
            (false, true, _) => Ok(Work::Fix { ask: !self.yes }),
            (false, false, None) => Ok(Work::Tell),
        }
    }
}

fn code(flag: &str, word: &str) -> Result<Code, Report> {
    word.parse().map_err(|_| {
        let all: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
        let text = format!(
            "The parameter '{flag}' value is incorrect. There is no code '{}'.",
            printable(word.as_bytes())
        );
        Report::new("50004", &text).cure(&format!("The codes are: {}.", all.join(", ")))
    })
}

fn addresses(words: &[String]) -> Result<Vec<IpAddr>, Report> {
    let each = words.iter().flat_map(|word| word.split(','));
    let read = each.map(|word| {
        word.parse().map_err(|_| {
            let word = printable(word.as_bytes());
            let text =
                format!("The parameter '--accept-host-key' value is incorrect. '{word}' is no IP address.");
            Report::new("50004", &text).cure("Name the node by its address, as doctor shows it.")
        })
    });
    read.collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;
    use super::*;
    use crate::errors::NOT_DONE;

    fn doctor(line: &str) -> Doctor {
        match read(line) {
            Ok(Job::Doctor(doctor)) => *doctor,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn good_lines() {
        let plain = doctor("doctor -f h");
        assert_eq!((plain.work, plain.only, plain.look.by_name), (Work::Tell, Vec::new(), false));
        assert_eq!(doctor("doctor -f h --fix").work, Work::Fix { ask: true });
        assert_eq!(doctor("doctor -f h --fix --yes --json").look.format, Format::Json);
        assert_eq!(doctor("doctor -f h --preflight").work, Work::Preflight);
        let picked = doctor("doctor -f h --fix --only sshd-down,firewall --only mtu --skip mtu");
        assert_eq!(picked.only, [Code::SshdDown, Code::Firewall, Code::Mtu]);
        assert_eq!(picked.skip, [Code::Mtu]);
        let accepting = doctor("doctor -f h --fix --accept-host-key 10.0.0.1 --accept-host-key fd00::1");
        assert_eq!(accepting.accept, ["10.0.0.1", "fd00::1"].map(|ip| ip.parse::<IpAddr>().unwrap()));
        assert_eq!(read("doctor --explain mtu --lang zh").unwrap(), Job::Explain(Code::Mtu, Lang::Zh));
    }

    #[test]
    fn mistakes_have_a_message_and_a_status_of_their_own() {
        let cases = [
            ("doctor", "[GAUSS-50001] : Incorrect parameter. Parameter '-f' is required."),
            ("doctor -f h me", "[GAUSS-50000] : Unrecognized parameter: me."),
            ("doctor -f h --only mtu", "[GAUSS-50000] : Unrecognized parameter: --only."),
            ("doctor -f h --yes", "[GAUSS-50000] : Unrecognized parameter: --yes."),
            ("doctor -f h --key-type ecdsa", "[GAUSS-50000] : Unrecognized parameter: --key-type."),
            (
                "doctor -f h --fix --preflight",
                "[GAUSS-50005] : The parameter '--preflight' and '--fix' can not be used together.",
            ),
            (
                "doctor --explain luck",
                "[GAUSS-50004] : The parameter '--explain' value is incorrect. There is no code 'luck'.",
            ),
            (
                "doctor -f h --fix --only luck",
                "[GAUSS-50004] : The parameter '--only' value is incorrect. There is no code 'luck'.",
            ),
            (
                "doctor -f h --accept-host-key n1",
                "[GAUSS-50004] : The parameter '--accept-host-key' value is incorrect. 'n1' is no IP address.",
            ),
            (
                "doctor -f h --format prometheus",
                "[GAUSS-50004] : The parameter '--format' value is incorrect. It must be one of: text, json.",
            ),
        ];
        for (line, wanted) in cases {
            let report = read(line).unwrap_err();
            assert_eq!(report.to_string().lines().next(), Some(wanted), "{line}");
            assert_eq!(report.status(), NOT_DONE, "{line}");
        }
        for word in ["--fix", "--preflight"] {
            assert!(read(&format!("check -f h {word}")).unwrap_err().to_string().contains("'doctor'"));
            assert!(read(&format!("-f h {word}")).unwrap_err().to_string().contains("'doctor'"));
        }
    }
}
