//! The command line: a verb is one line of `verbs!` and one file.

mod access;
mod agent;
mod bounds;
mod bundle;
mod check;
mod completion;
mod coverage;
mod doctor;
mod duration;
mod every;
mod expand;
mod help;
mod mistake;
mod order;
mod revoke;
mod rotate;
mod setup;
mod shrink;
mod source;
mod with;

use std::ffi::OsString;

use clap::{Args, Parser, Subcommand, ValueEnum};
use sshtrust::diagnose::Code;

use crate::errors::{NOT_DONE, Report};
use crate::help::{Topic, text};
use crate::i18n::Lang;

pub(crate) use access::Access;
pub(crate) use agent::AgentJob;
pub(crate) use bundle::Bundle;
pub(crate) use check::{Check, Format};
#[cfg(test)]
pub(crate) use completion::options;
pub(crate) use completion::{Shell, completion};
pub(crate) use coverage::usual as usual_coverage;
pub(crate) use doctor::{Doctor, Work};
pub(crate) use every::Every;
pub(crate) use expand::{Expand, Named, Nodes};
pub(crate) use help::Form;
pub(crate) use revoke::Revoke;
pub(crate) use rotate::{ChangeRun, Rotate};
pub(crate) use setup::Setup;
pub(crate) use shrink::{Removal, Shrink};
pub(crate) use source::{HostKeys, Source};
pub(crate) use with::With;

/// The version line.
pub(crate) const VERSION: &str = concat!("gs_sshexkey (openGauss) ", env!("CARGO_PKG_VERSION"));

/// What to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Job {
    /// Show a text.
    Show(&'static str),
    /// Write what there is to say of a topic in the form of another program.
    Write(Form, Topic, Lang),
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
    /// Take trust away.
    Revoke(Revoke),
    /// See who can get in.
    Access(Access),
    /// Let nodes come to a cluster.
    Expand(Box<Expand>),
    /// Trust for the length of a command.
    With(Box<With>),
    /// Give every node a new key.
    Rotate(Rotate),
    /// Take nodes out of a cluster.
    Shrink(Shrink),
}

/// The words of one verb.
trait Words {
    /// Those that every verb takes.
    fn common(&self) -> &CommonWords;

    /// Puts the job together.
    fn job(self, lang: Lang) -> Result<Job, Report>;
}

/// Defines the verbs: the name, its words, and the exit status of a mistake in them.
macro_rules! verbs {
    ($($name:ident($words:ty) => $status:expr;)*) => {
        #[derive(Subcommand)]
        enum Verb {
            $($name($words),)*
        }

        impl Verb {
            fn common(&self) -> &CommonWords {
                match self {
                    $(Self::$name(words) => words.common(),)*
                }
            }

            fn job(self, lang: Lang) -> Result<Job, Report> {
                match self {
                    $(Self::$name(words) => words.job(lang),)*
                }
            }

            /// The exit status of a mistake in the words of a verb.
            fn status(verb: &str) -> u8 {
                let all = [$((stringify!($name), $status)),*];
                all.iter().find(|(name, _)| name.eq_ignore_ascii_case(verb)).map_or(1, |(_, status)| *status)
            }
        }
    };
}

verbs! {
    Check(check::CheckWords) => NOT_DONE;
    Doctor(doctor::DoctorWords) => NOT_DONE;
    Revoke(revoke::RevokeWords) => NOT_DONE;
    Access(access::AccessWords) => NOT_DONE;
    Expand(expand::ExpandWords) => NOT_DONE;
    Rotate(rotate::RotateWords) => NOT_DONE;
    With(with::WithWords) => NOT_DONE;
    Shrink(shrink::ShrinkWords) => NOT_DONE;
    Bundle(bundle::BundleWords) => 1;
    Agent(agent::AgentWords) => 1;
    Help(help::HelpWords) => 1;
}

/// The whole line: the classic command is the one without a verb.
#[derive(Parser)]
#[command(name = "gs_sshexkey", disable_help_flag = true, disable_help_subcommand = true)]
struct Line {
    #[command(flatten)]
    setup: setup::SetupWords,
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Clone, Copy, ValueEnum)]
enum LangWord {
    En,
    Zh,
}

/// What every verb takes.
#[derive(Args)]
struct CommonWords {
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
}

impl CommonWords {
    fn lang(&self, locale: Lang) -> Lang {
        self.lang.map_or(locale, |word| match word {
            LangWord::En => Lang::En,
            LangWord::Zh => Lang::Zh,
        })
    }

    /// What is to be shown, whatever the verb.
    fn shown(&self, lang: Lang) -> Option<Job> {
        match (self.help, self.version) {
            (true, _) => Some(Job::Show(text(Topic::General, lang))),
            (false, true) => Some(Job::Show(VERSION)),
            (false, false) => None,
        }
    }

    fn refuse_old_flags(&self) -> Result<(), Report> {
        if self.old_hosts.is_some() {
            return Err(mistake::unknown("-h")
                .cure("Write the addresses into a file, one a line, and use -f HOSTFILE."));
        }
        if self.password.is_some() {
            return Err(mistake::unknown("-W").cure("A secret on the command line can be read by every user. Leave it out: you will be asked, or give it on standard input."));
        }
        Ok(())
    }
}

/// Reads the command line. `locale`: the language where none is named.
pub(crate) fn parse(args: impl Iterator<Item = OsString>, locale: Lang) -> Result<Job, Report> {
    let (args, verb) = order::verb_first(args.collect());
    let read = read(args, verb.as_deref(), locale);
    // A mistake that has a status of its own keeps it.
    read.map_err(|report| match report.status() {
        1 => report.exit(verb.map_or(1, |verb| Verb::status(&verb))),
        _ => report,
    })
}

fn read(args: Vec<OsString>, verb: Option<&str>, locale: Lang) -> Result<Job, Report> {
    let asks_for_help = args.iter().any(|word| word == "--help" || word == "-?");
    let Line { setup, verb } = match Line::try_parse_from(args) {
        Ok(line) => line,
        // Who asks for help need not know yet which flag goes where.
        Err(error) if asks_for_help && mistake::is_misplaced(&error) => {
            return Ok(Job::Show(text(Topic::General, locale)));
        }
        Err(error) => return Err(mistake::explain(&error, verb)),
    };
    let common = verb.as_ref().map_or(setup.common(), Verb::common);
    let lang = common.lang(locale);
    if let Some(shown) = common.shown(lang) {
        return Ok(shown);
    }
    common.refuse_old_flags()?;
    match verb {
        Some(verb) => verb.job(lang),
        None => setup.job(lang),
    }
}

#[cfg(test)]
mod tests;
