//! The words of `help`.

use std::ffi::OsString;

use clap::{Args, ValueEnum};
use sshtrust::text::printable;

use super::mistake::unknown;
use super::{CommonWords, Job, Words};
use crate::errors::Report;
use crate::help::{Topic, text};
use crate::i18n::Lang;

/// In which form the help is written: what a package needs beside the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// A manual page, in the language of man(7).
    Roff,
    /// What bash completes.
    Bash,
    /// What zsh completes.
    Zsh,
    /// What fish completes.
    Fish,
    /// Which topics there are.
    Topics,
}

#[derive(Args)]
pub(super) struct HelpWords {
    /// For those who make packages.
    #[arg(long, hide = true)]
    form: Option<Form>,
    #[arg(num_args = 0..)]
    words: Vec<OsString>,
    #[command(flatten)]
    common: CommonWords,
}

impl Words for HelpWords {
    fn common(&self) -> &CommonWords {
        &self.common
    }

    fn job(self, lang: Lang) -> Result<Job, Report> {
        let words: Vec<String> = self.words.iter().map(|word| printable(word.as_encoded_bytes())).collect();
        let topic = match words.as_slice() {
            [] => Topic::General,
            [topic] => Topic::named(topic).ok_or_else(|| no_help(topic))?,
            [_, other, ..] => return Err(no_help(other)),
        };
        Ok(self.form.map_or(Job::Show(text(topic, lang)), |form| Job::Write(form, topic, lang)))
    }
}

fn no_help(word: &str) -> Report {
    unknown(word).cure(
        "There is help for: setup, check, doctor, expand, shrink, rotate, revoke, with, access, bundle, agent.",
    )
}
