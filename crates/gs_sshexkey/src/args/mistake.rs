//! Mistakes on the command line, in openGauss's words.

use clap::CommandFactory;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use sshtrust::text::printable;

use super::Line;
use crate::errors::Report;

/// An unknown word.
pub(super) fn unknown(word: &str) -> Report {
    Report::new("50000", &format!("Unrecognized parameter: {word}."))
}

/// Two words that contradict.
pub(super) fn together(one: &str, other: &str) -> Report {
    Report::new("50005", &format!("The parameter '{one}' and '{other}' can not be used together."))
}

/// A word that is missing.
pub(super) fn required(flag: &str) -> Report {
    Report::new("50001", &format!("Incorrect parameter. Parameter '{flag}' is required."))
}

/// Where the words of a verb are told, or those of all.
pub(super) fn see(verb: Option<&str>) -> String {
    verb.map_or("See gs_sshexkey --help.".to_owned(), |verb| format!("See gs_sshexkey help {verb}."))
}

/// Turns the parser's error into openGauss's words.
pub(super) fn explain(error: &clap::Error, verb: Option<&str>) -> Report {
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => printable(text.as_bytes()),
        _ => String::new(),
    };
    let argument = context(ContextKind::InvalidArg);
    let flag = argument.split_whitespace().next().unwrap_or_default().to_owned();
    let wrong =
        |why: &str| Report::new("50004", &format!("The parameter '{flag}' value is incorrect. {why}"));
    match error.kind() {
        ErrorKind::UnknownArgument if argument.starts_with('-') => misplaced(&argument, verb),
        ErrorKind::UnknownArgument => unknown(&argument).cure(&see(verb)),
        ErrorKind::InvalidSubcommand => unknown(&context(ContextKind::InvalidSubcommand)).cure(&see(None)),
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
        _ => unknown(&argument).cure(&see(None)),
    }
}

/// A flag that this verb does not take: its full name, and with which verb it goes.
fn misplaced(flag: &str, verb: Option<&str>) -> Report {
    let line = Line::command();
    let found = |command: &clap::Command| command.get_arguments().find(|arg| is_called(arg, flag)).cloned();
    let owner = line.get_subcommands().find_map(|owner| Some((owner.get_name(), found(owner)?)));
    let classic = found(&line);
    let known = classic.as_ref().or(owner.as_ref().map(|(_, arg)| arg));
    let name = known.and_then(clap::Arg::get_long).map_or(flag.to_owned(), |long| format!("--{long}"));
    unknown(&name).cure(&match (verb, classic, owner) {
        (Some(verb), Some(_), _) => format!("It does not go with '{verb}'. {}", see(Some(verb))),
        (_, _, Some((owner, _))) => format!("It goes with '{owner}'."),
        _ => see(None),
    })
}

/// Whether a flag is one of another verb's.
pub(super) fn is_misplaced(error: &clap::Error) -> bool {
    let line = Line::command();
    let Some(ContextValue::String(flag)) = error.get(ContextKind::InvalidArg) else { return false };
    let commands = std::iter::once(&line).chain(line.get_subcommands());
    error.kind() == ErrorKind::UnknownArgument
        && commands.flat_map(clap::Command::get_arguments).any(|arg| is_called(arg, flag))
}

fn is_called(arg: &clap::Arg, flag: &str) -> bool {
    match flag.strip_prefix("--") {
        Some(long) => arg.get_long() == Some(long),
        None => arg.get_short().is_some_and(|short| flag.strip_prefix('-') == Some(&short.to_string())),
    }
}
