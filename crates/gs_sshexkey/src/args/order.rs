//! The verb may stand behind flags: `gs_sshexkey -f HOSTFILE check` is `gs_sshexkey check -f HOSTFILE`.

use std::ffi::{OsStr, OsString};

use clap::{Arg, CommandFactory};

use super::Line;

/// Moves the first word that is no flag and no flag's value to the front, if it is a verb; and names it.
pub(super) fn verb_first(mut args: Vec<OsString>) -> (Vec<OsString>, Option<String>) {
    let line = Line::command();
    let commands = || std::iter::once(&line).chain(line.get_subcommands());
    let with_value: Vec<&Arg> =
        commands().flat_map(clap::Command::get_arguments).filter(|arg| takes_one_value(arg)).collect();
    let Some(at) = first_word(&args, &with_value) else { return (args, None) };
    let is_verb = |word: &OsString| line.get_subcommands().find(|verb| word == verb.get_name());
    let Some(verb) = args.get(at).and_then(is_verb).map(|verb| verb.get_name().to_owned()) else {
        return (args, None);
    };
    let word = args.remove(at);
    args.insert(1, word);
    (args, Some(verb))
}

fn takes_one_value(arg: &Arg) -> bool {
    !arg.is_positional() && !arg.is_hide_set() && arg.get_action().takes_values()
}

/// Where the first word stands that is no flag and no flag's value. The program's own name is none.
fn first_word(args: &[OsString], with_value: &[&Arg]) -> Option<usize> {
    let mut at = 1;
    while let Some(word) = args.get(at).map(OsString::as_os_str) {
        if word == "--" {
            return None;
        }
        if !is_flag(word) {
            return Some(at);
        }
        at += if wants_next(word, with_value) { 2 } else { 1 };
    }
    None
}

fn is_flag(word: &OsStr) -> bool {
    word.len() > 1 && word.as_encoded_bytes().starts_with(b"-")
}

/// Whether the word after a flag is its value.
fn wants_next(flag: &OsStr, with_value: &[&Arg]) -> bool {
    let Some(flag) = flag.to_str() else { return false };
    if let Some(long) = flag.strip_prefix("--") {
        return with_value.iter().any(|arg| arg.get_long() == Some(long));
    }
    // Of several letters behind one hyphen the first that takes a value takes the rest of them.
    let mut letters = flag.chars().skip(1);
    let takes = |letter: char| with_value.iter().any(|arg| arg.get_short() == Some(letter));
    letters.find(|letter| takes(*letter)).is_some() && letters.next().is_none()
}
