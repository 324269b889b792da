//! `gs_sshexkey check --every`: a check that goes on until a signal ends it.

mod hook;
mod service;

use std::io::{self, BufWriter, ErrorKind, Write};
use std::process::ExitCode;
use std::time::Instant;

use jiff::Zoned;
use sshtrust::check::{Room, Round, Watch};
use tokio::sync::watch;

use self::hook::Ended;
use self::service::Service;
use super::check::{alarm, note, options, prepare, style, written};
use super::runtime;
use super::verb::{self, Inputs, Watcher};
use crate::args::{Check, Every, Format};
use crate::errors::{self, NOT_DONE, Report};
use crate::host;
use crate::reporter::{
    Figures, Redactor, render_matrix, render_page, render_round, replace, replace_metrics, write_round,
};
use crate::testing;

/// Runs it. Exit status 0: a signal ended it; 2: it could not begin. An error was already shown.
pub(super) fn run(words: &Check, every: &Every) -> ExitCode {
    verb::run(words.lang, prepare(words), |inputs, watcher| {
        work(words, every, inputs, watcher).map(|()| true).map_err(|report| report.exit(NOT_DONE))
    })
}

fn work(words: &Check, every: &Every, inputs: Inputs, watcher: &Watcher) -> Result<(), Report> {
    let redactor = Redactor::new(words.redact, &inputs.cluster);
    let user = host::user()?;
    let (options, _) = options(words, inputs, user);
    let room = Room::new(watcher);
    let mut rounds = Watch::new(&options, testing::interval(every.interval), &room);
    runtime::complete(async {
        let mut stop = runtime::stop_on_signals();
        let (beat, beats) = watch::channel(Instant::now());
        let service = Service::of_environment();
        service.begin(every.interval, beats);
        let mut teller = Teller::new(words, every, redactor, watcher);
        loop {
            let round = tokio::select! {
                round = rounds.next() => round,
                _ = stop.wait_for(|stop| *stop) => break,
            };
            watcher.0.clear_progress();
            let round = round.map_err(|error| {
                alarm(words);
                errors::check(&error)
            })?;
            let goes_on = teller.tell(&round, &mut stop).await;
            service.say(&format!("STATUS={}", teller.verdict(&round)));
            let _ = beat.send(Instant::now());
            if !goes_on {
                break;
            }
        }
        service.say("STOPPING=1");
        Ok(())
    })?
}

/// Tells of rounds, wherever that was asked for. What goes wrong in that is told once, until it goes well again, and ends
/// nothing.
struct Teller<'a> {
    words: &'a Check,
    every: &'a Every,
    redactor: Redactor,
    watcher: &'a Watcher,
    figures: Figures,
    files_fail: bool,
    hook_fails: bool,
}

impl<'a> Teller<'a> {
    fn new(words: &'a Check, every: &'a Every, redactor: Redactor, watcher: &'a Watcher) -> Self {
        let figures = Figures { interval: every.interval, ..Figures::default() };
        Self { words, every, redactor, watcher, figures, files_fail: false, hook_fails: false }
    }

    /// Tells of a round. False if nobody is there any more to be told.
    async fn tell(&mut self, round: &Round, stop: &mut watch::Receiver<bool>) -> bool {
        self.figures.rounds = round.number;
        self.figures.changes += round.changes.len() as u64;
        self.files(round);
        if round.number == 1 || !round.changes.is_empty() {
            note(&round.checked, &self.watcher.0);
        }
        let heard = self.screen(round);
        if let Some(command) = self.every.on_change.as_deref().filter(|_| !round.changes.is_empty()) {
            let mut document = Vec::new();
            // Writing to memory cannot fail.
            let _ = write_round(round, &self.redactor, &mut document);
            let ended = hook::run(command, &document, stop).await;
            self.hook_ended(&ended);
        }
        heard || self.words.output.is_some() || self.words.html.is_some() || self.every.on_change.is_some()
    }

    fn hook_ended(&mut self, ended: &Ended) {
        let failed = ended.text(self.words.lang);
        self.figures.failed_hooks += u64::from(failed.is_some());
        if let Some(text) = failed.as_ref().filter(|_| !self.hook_fails) {
            self.watcher.0.hint(text);
        }
        self.hook_fails = failed.is_some();
    }

    /// All pairs in a line.
    fn verdict(&self, round: &Round) -> String {
        crate::reporter::round_verdict(&round.checked, &now(), self.words.lang)
    }

    /// Files are replaced in every round: how old they are tells whether somebody watches.
    fn files(&mut self, round: &Round) {
        let done = self.output(round).and_then(|()| self.page(round));
        if let Some(report) = done.as_ref().err().filter(|_| !self.files_fail) {
            self.watcher.0.error(report);
        }
        self.files_fail = done.is_err();
    }

    fn output(&self, round: &Round) -> Result<(), Report> {
        let Some(path) = &self.words.output else { return Ok(()) };
        let done = match self.words.format {
            Format::Prometheus => replace_metrics(path, Some(&round.checked), Some(&self.figures)),
            Format::Json => replace(path, |out| write_round(round, &self.redactor, out)),
            Format::Text => {
                let text = render_matrix(&round.checked, &style(self.words));
                replace(path, |out| out.write_all(text.as_bytes()))
            }
        };
        written(path, done)
    }

    fn page(&self, round: &Round) -> Result<(), Report> {
        let Some(path) = &self.words.html else { return Ok(()) };
        let page = render_page(&round.checked, self.words.lang);
        written(path, replace(path, |out| out.write_all(page.as_bytes())))
    }

    /// Standard output, or standard error where the result goes to a file. False if nobody listens.
    fn screen(&self, round: &Round) -> bool {
        let news = round.number == 1 || !round.changes.is_empty();
        match (&self.words.output, self.words.format) {
            (None, Format::Json) if !news => true,
            (None, Format::Json) => listened(one_line(round, &self.redactor)),
            (output, _) => {
                let lines = render_round(round, self.every.interval, &now(), self.words.lang);
                let text = lines.join("\n");
                match output {
                    _ if text.is_empty() => true,
                    Some(_) => {
                        self.watcher.0.hint(&text);
                        true
                    }
                    None => {
                        self.watcher.0.detail(&text);
                        listened(print(|out| writeln!(out, "{text}")))
                    }
                }
            }
        }
    }
}

/// The document of a round in one line: in JSON all line ends are between words.
fn one_line(round: &Round, redactor: &Redactor) -> io::Result<()> {
    print(|out| {
        write_round(round, redactor, &mut OneLine(&mut *out))?;
        out.write_all(b"\n")
    })
}

fn print(content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    content(&mut out)?;
    out.flush()
}

/// Whether somebody reads standard output.
fn listened(done: io::Result<()>) -> bool {
    !done.is_err_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

/// The local time.
fn now() -> String {
    Zoned::now().strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// A writer that makes blanks of line ends.
struct OneLine<'a>(&'a mut dyn Write);

impl Write for OneLine<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let line: Vec<u8> = bytes.iter().map(|byte| if *byte == b'\n' { b' ' } else { *byte }).collect();
        self.0.write(&line)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_in_one_line_is_the_same_document() {
        let mut line = Vec::new();
        let document = "{\n\"said\": \"a\\nb\",\n\"list\": [\n1,\n2]\n}\n";
        OneLine(&mut line).write_all(document.as_bytes()).unwrap();
        assert!(!line.contains(&b'\n'));
        let read = |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(bytes).unwrap();
        assert_eq!(read(&line), read(document.as_bytes()));
        assert_eq!(read(&line)["said"], "a\nb");
    }

    #[test]
    fn nobody_listens_where_the_pipe_is_broken() {
        assert!(listened(Ok(())));
        assert!(!listened(Err(ErrorKind::BrokenPipe.into())));
        // A full disk may have room again.
        assert!(listened(Err(ErrorKind::StorageFull.into())));
    }
}
