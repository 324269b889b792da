//! The command line.

mod bundle;
mod check;
mod doctor;
mod source;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgAction, Parser, ValueEnum};
use sshtrust::diagnose::Code;
use sshtrust::identity::KeyType;
use sshtrust::text::printable;

use crate::errors::{NOT_DONE, Report};
use crate::help::{Topic, text};
use crate::i18n::Lang;

pub(crate) use bundle::Bundle;
pub(crate) use check::{Check, Format};
pub(crate) use doctor::{Doctor, Work};
pub(crate) use source::Source;

/// The version line.
pub(crate) const VERSION: &str = concat!("gs_sshexkey (openGauss) ", env!("CARGO_PKG_VERSION"));

/// What to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Job {
    /// Show a text.
    Show(&'static str),
    /// Set up trust.
    Setup(Setup),
    /// Work on this machine's agent, and tell in a language.
    Agent(AgentJob, Lang),
    /// See who can reach whom.
    Check(Check),
    /// Find out why trust was lost, and bring it back.
    Doctor(Box<Doctor>),
    /// Tell all about one cause of lost trust.
    Explain(Code, Lang),
    /// Make trust by hand.
    Bundle(Bundle),
}

/// What to do with this machine's agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AgentJob {
    /// Show it.
    Status {
        /// For programs.
        json: bool,
    },
    /// Start it.
    Start,
    /// End it.
    Stop,
    /// See to it that it lives.
    Keep,
}

/// The classic command.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Setup {
    /// Where the cluster is described.
    pub(crate) source: Source,
    /// The file that has the passwords.
    pub(crate) password_file: Option<PathBuf>,
    /// The log file.
    pub(crate) log: Option<PathBuf>,
    /// Leave `/etc/hosts` alone.
    pub(crate) skip_hostname_set: bool,
    /// Keep old mapping lines.
    pub(crate) no_deduplicate: bool,
    /// Stop after the plan.
    pub(crate) dry_run: bool,
    /// The key's type.
    pub(crate) key_type: Option<KeyType>,
    /// Leave the keepalive out.
    pub(crate) no_keepalive: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum KeyTypeWord {
    Ed25519,
    Ecdsa,
}

#[derive(Clone, Copy, ValueEnum)]
enum LangWord {
    En,
    Zh,
}

#[derive(Parser)]
#[command(name = "gs_sshexkey", disable_help_flag = true, disable_help_subcommand = true)]
struct Words {
    #[command(flatten)]
    source: source::SourceWords,
    #[arg(long)]
    password_file: Option<PathBuf>,
    #[arg(short = 'l', action = ArgAction::Set)]
    log: Option<PathBuf>,
    #[arg(long)]
    skip_hostname_set: bool,
    #[arg(long)]
    no_deduplicate: bool,
    #[arg(long)]
    dry_run: bool,
    #[arg(long)]
    key_type: Option<KeyTypeWord>,
    #[arg(long)]
    no_keepalive: bool,
    /// For `agent status`, `check` and `doctor`.
    #[arg(long, hide = true)]
    json: bool,
    #[command(flatten)]
    check: check::CheckWords,
    #[command(flatten)]
    doctor: doctor::DoctorWords,
    /// For `bundle`.
    #[arg(long, hide = true)]
    collect: bool,
    /// The language of help and screens.
    #[arg(long)]
    lang: Option<LangWord>,
    #[arg(short = '?', long = "help")]
    help: bool,
    #[arg(short = 'V', long = "version")]
    version: bool,
    /// Flags of versions long gone.
    #[arg(short = 'h', hide = true, num_args = 0..)]
    old_hosts: Option<Vec<OsString>>,
    #[arg(short = 'W', hide = true, num_args = 0..)]
    password: Option<Vec<OsString>>,
    #[arg(num_args = 0..)]
    rest: Vec<OsString>,
}

/// Reads the command line. `locale`: the language where none is named.
pub(crate) fn parse(args: impl Iterator<Item = OsString>, locale: Lang) -> Result<Job, Report> {
    let args: Vec<OsString> = args.collect();
    let examines = args.iter().any(|word| word == "check" || word == "doctor");
    read(args, locale).map_err(|report| if examines { report.exit(NOT_DONE) } else { report })
}

fn read(args: Vec<OsString>, locale: Lang) -> Result<Job, Report> {
    let words = Words::try_parse_from(args).map_err(|error| explain(&error))?;
    let lang = words.lang.map_or(locale, |word| match word {
        LangWord::En => Lang::En,
        LangWord::Zh => Lang::Zh,
    });
    if words.help {
        return Ok(Job::Show(text(Topic::General, lang)));
    }
    if words.version {
        return Ok(Job::Show(VERSION));
    }
    if words.old_hosts.is_some() {
        return Err(Report::new("50000", "Unrecognized parameter: -h.")
            .cure("Write the addresses into a file, one a line, and use -f HOSTFILE."));
    }
    if words.password.is_some() {
        return Err(Report::new("50000", "Unrecognized parameter: -W.")
            .cure("A secret on the command line can be read by every user. Leave it out: you will be asked, or give it on standard input."));
    }
    if words.rest.first().is_some_and(|word| word == "doctor") {
        return doctor::job(words, lang);
    }
    if let Some(flag) = words.doctor.given() {
        return Err(unknown(flag).cure("It goes with 'doctor'."));
    }
    if words.rest.first().is_some_and(|word| word == "check") {
        return check::job(words, lang).map(Job::Check);
    }
    if words.rest.first().is_some_and(|word| word == "bundle") {
        return bundle::job(words, lang).map(Job::Bundle);
    }
    if words.collect {
        return Err(unknown("--collect").cure("It goes with 'bundle'."));
    }
    if let Some(flag) = words.check.given() {
        return Err(unknown(flag).cure("It goes with 'check'."));
    }
    let job = named_job(&words.rest, words.json, lang)?;
    if let Some(job) = job {
        return Ok(job);
    }
    if words.json {
        return Err(unknown("--json").cure(SEE_HELP));
    }
    Ok(Job::Setup(Setup {
        source: source::read(words.source)?,
        password_file: words.password_file,
        log: words.log,
        skip_hostname_set: words.skip_hostname_set,
        no_deduplicate: words.no_deduplicate,
        dry_run: words.dry_run,
        key_type: words.key_type.map(|word| match word {
            KeyTypeWord::Ed25519 => KeyType::Ed25519,
            KeyTypeWord::Ecdsa => KeyType::EcdsaP256,
        }),
        no_keepalive: words.no_keepalive,
    }))
}

const SEE_HELP: &str = "See gs_sshexkey --help.";

/// `help`, `help COMMAND` and `agent ACTION`; any other word is unknown.
fn named_job(rest: &[OsString], json: bool, lang: Lang) -> Result<Option<Job>, Report> {
    let words: Vec<String> = rest.iter().map(|w| printable(w.as_encoded_bytes())).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let job = match words.as_slice() {
        [] => return Ok(None),
        ["help"] => Job::Show(text(Topic::General, lang)),
        ["help", topic] => match Topic::named(topic) {
            Some(topic) => Job::Show(text(topic, lang)),
            None => return Err(no_help(topic)),
        },
        ["help", _, other, ..] => return Err(no_help(other)),
        ["agent", "status"] => return Ok(Some(Job::Agent(AgentJob::Status { json }, lang))),
        ["agent", "start"] => Job::Agent(AgentJob::Start, lang),
        ["agent", "stop"] => Job::Agent(AgentJob::Stop, lang),
        ["agent", "keep"] => Job::Agent(AgentJob::Keep, lang),
        ["agent"] => {
            return Err(Report::new(
                "50001",
                "Incorrect parameter. 'agent' needs one of: status, start, stop, keep.",
            )
            .cure("See gs_sshexkey help agent."));
        }
        ["agent", "status" | "start" | "stop" | "keep", other, ..] | ["agent", other, ..] => {
            return Err(unknown(other).cure("See gs_sshexkey help agent."));
        }
        [other, ..] => return Err(unknown(other).cure(SEE_HELP)),
    };
    if json { Err(unknown("--json").cure("It goes with 'agent status'.")) } else { Ok(Some(job)) }
}

fn no_help(word: &str) -> Report {
    unknown(word).cure("There is help for: setup, check, doctor, bundle, agent, remove.")
}

fn unknown(word: &str) -> Report {
    Report::new("50000", &format!("Unrecognized parameter: {word}."))
}

/// Turns the parser's error into openGauss's words.
fn explain(error: &clap::Error) -> Report {
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => printable(text.as_bytes()),
        _ => String::new(),
    };
    let argument = context(ContextKind::InvalidArg);
    let flag = argument.split_whitespace().next().unwrap_or_default().to_owned();
    let wrong =
        |why: &str| Report::new("50004", &format!("The parameter '{flag}' value is incorrect. {why}"));
    match error.kind() {
        ErrorKind::UnknownArgument => unknown(&argument).cure(SEE_HELP),
        ErrorKind::ArgumentConflict => wrong("It is given more than once."),
        ErrorKind::InvalidValue if context(ContextKind::InvalidValue).is_empty() => {
            wrong("It needs a value.")
        }
        ErrorKind::InvalidValue => {
            let choices = match error.get(ContextKind::ValidValue) {
                Some(ContextValue::Strings(choices)) => choices.join(", "),
                _ => String::new(),
            };
            wrong(&format!("It must be one of: {choices}."))
        }
        ErrorKind::TooManyValues => wrong("It takes no value."),
        _ => Report::new("50000", &format!("Unrecognized parameter: {argument}.")).cure(SEE_HELP),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn read(line: &str) -> Result<Job, Report> {
        parse(std::iter::once("gs_sshexkey").chain(line.split_whitespace()).map(OsString::from), Lang::En)
    }

    #[test]
    fn good_lines() {
        for line in ["-?", "--help", "help", "-f x --help"] {
            assert_eq!(read(line).unwrap(), Job::Show(text(Topic::General, Lang::En)), "{line}");
        }
        for line in ["help check --lang zh", "--lang=zh help check"] {
            assert_eq!(read(line).unwrap(), Job::Show(text(Topic::Check, Lang::Zh)), "{line}");
        }
        assert!(VERSION.starts_with("gs_sshexkey ") && VERSION.contains("openGauss"));
        for line in ["-V", "--version"] {
            assert_eq!(read(line).unwrap(), Job::Show(VERSION), "{line}");
        }
        let Job::Setup(setup) =
            read("-f h -l log --skip-hostname-set --no-deduplicate --key-type ecdsa").unwrap()
        else {
            panic!()
        };
        assert_eq!(setup.source, Source::Hostfile(PathBuf::from("h")));
        assert_eq!((setup.log, setup.password_file), (Some(PathBuf::from("log")), None));
        assert!(setup.skip_hostname_set && setup.no_deduplicate && !setup.dry_run);
        assert_eq!(setup.key_type, Some(KeyType::EcdsaP256));
        assert!(!setup.no_keepalive);
        assert!(matches!(read("-f h --no-keepalive").unwrap(), Job::Setup(Setup { no_keepalive: true, .. })));
        let agents = [
            ("agent status", AgentJob::Status { json: false }),
            ("agent status --json", AgentJob::Status { json: true }),
            ("agent start", AgentJob::Start),
            ("agent stop", AgentJob::Stop),
            ("agent keep", AgentJob::Keep),
        ];
        for (line, wanted) in agents {
            assert_eq!(read(line).unwrap(), Job::Agent(wanted, Lang::En), "{line}");
        }
    }

    #[test]
    fn every_description() {
        let path = || PathBuf::from("x");
        let group = |name: &str| name.to_owned();
        let cases = [
            ("-f x", Source::Hostfile(path())),
            ("-X x", Source::Xml { path: path(), port: 22 }),
            ("-X x --port 2222", Source::Xml { path: path(), port: 2222 }),
            ("--hosts n[1-3],m", Source::Hosts { spec: "n[1-3],m".to_owned(), port: 22 }),
            ("--hosts n --port 22", Source::Hosts { spec: "n".to_owned(), port: 22 }),
            ("-i x", Source::Ansible { path: path(), group: group("all"), port: 22 }),
            ("--port 1025 --group db -i x", Source::Ansible { path: path(), group: group("db"), port: 1025 }),
        ];
        for (line, wanted) in cases {
            let Job::Setup(setup) = read(&format!("{line} --password-file p")).unwrap() else { panic!() };
            assert_eq!((setup.source, setup.password_file), (wanted, Some(PathBuf::from("p"))), "{line}");
        }
    }

    #[test]
    fn every_mistake_has_its_message() {
        let cases = [
            ("", "[GAUSS-50001] : Incorrect parameter. Parameter '-f' is required."),
            ("-l log", "[GAUSS-50001] : Incorrect parameter. Parameter '-f' is required."),
            ("-f", "[GAUSS-50004] : The parameter '-f' value is incorrect. It needs a value."),
            ("-f h -l", "[GAUSS-50004] : The parameter '-l' value is incorrect. It needs a value."),
            (
                "-f a -f b",
                "[GAUSS-50004] : The parameter '-f' value is incorrect. It is given more than once.",
            ),
            ("--frobnicate", "[GAUSS-50000] : Unrecognized parameter: --frobnicate."),
            ("-f h -x", "[GAUSS-50000] : Unrecognized parameter: -x."),
            ("-f h extra", "[GAUSS-50000] : Unrecognized parameter: extra."),
            ("-h 10.0.0.1,10.0.0.2", "[GAUSS-50000] : Unrecognized parameter: -h."),
            ("-f h -W Zxcv_1", "[GAUSS-50000] : Unrecognized parameter: -W."),
            (
                "--key-type rsa -f h",
                "[GAUSS-50004] : The parameter '--key-type' value is incorrect. It must be one of: ed25519, ecdsa.",
            ),
            ("--hosts a -X b", "[GAUSS-50005] : The parameter '-X' and '--hosts' can not be used together."),
            ("-f h --port 2222", "[GAUSS-50005] : The parameter '-f' and '--port' can not be used together."),
            ("-X x --group db", "[GAUSS-50001] : Incorrect parameter. Parameter '-i' is required."),
            ("--group db", "[GAUSS-50001] : Incorrect parameter. Parameter '-f' is required."),
            (
                "-X x --port 80",
                "[GAUSS-50004] : The parameter '--port' value is incorrect. It must be 22 or 1025 to 65534.",
            ),
            ("--hosts", "[GAUSS-50004] : The parameter '--hosts' value is incorrect. It needs a value."),
            (
                "--lang fr help",
                "[GAUSS-50004] : The parameter '--lang' value is incorrect. It must be one of: en, zh.",
            ),
            ("help setup me", "[GAUSS-50000] : Unrecognized parameter: me."),
            ("help me", "[GAUSS-50000] : Unrecognized parameter: me."),
            (
                "agent",
                "[GAUSS-50001] : Incorrect parameter. 'agent' needs one of: status, start, stop, keep.",
            ),
            ("agent restart", "[GAUSS-50000] : Unrecognized parameter: restart."),
            ("agent keep now", "[GAUSS-50000] : Unrecognized parameter: now."),
            ("agent keep --json", "[GAUSS-50000] : Unrecognized parameter: --json."),
            ("-f h --json", "[GAUSS-50000] : Unrecognized parameter: --json."),
        ];
        for (line, wanted) in cases {
            let text = read(line).unwrap_err().to_string();
            assert_eq!(text.lines().next(), Some(wanted), "{line}");
            assert!(!text.contains("Zxcv_1"), "{text}");
        }
    }
}
