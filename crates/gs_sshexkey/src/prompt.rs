//! Asks for a password: at a terminal without echo, else one line of standard input.

use std::io::{IsTerminal, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::io::Errno;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use sshtrust::secret::Secret;
use zeroize::Zeroizing;

/// Longest answer, in bytes. PAM takes 512.
const LONGEST: usize = 4_096;
/// How often an empty answer at a terminal is asked for again. It is never sent: many systems count it as a failure.
const EMPTY_ANSWERS: usize = 3;

/// The question that stands at the terminal without echo.
static OPEN: Mutex<Option<Open>> = Mutex::new(None);

/// See [`OPEN`].
struct Open {
    /// The terminal's settings from before the echo was switched off.
    before: Termios,
    text: String,
    channel: Channel,
}

/// Where a question stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Channel {
    /// Standard output, as installers expect it.
    Output,
    /// Standard error: standard output carries a result.
    Error,
}

/// Asks.
///
/// # Errors
/// Why there is no answer.
pub(crate) fn ask(intro: &str, channel: Channel) -> Result<Secret, String> {
    let terminal = std::io::stdin().is_terminal();
    let question = format!("{intro}\nPassword: ");
    for _ in 0..EMPTY_ANSWERS {
        // Echo goes off before the question is there, for an `expect` that answers at once.
        if terminal {
            hide(&question, channel);
        }
        say(&question, channel);
        let answer = read_line();
        restore();
        say("\n", channel);
        match answer? {
            answer if answer.is_empty() && terminal => {}
            answer if answer.is_empty() => return Err("the line on standard input is empty".to_owned()),
            answer => return Ok(Secret::new(answer.to_string())),
        }
    }
    Err("the answer was empty".to_owned())
}

/// Asks for a yes, on standard error. Anything else is a no.
///
/// # Errors
/// Why there is no answer: nobody is there to be asked.
pub(crate) fn agrees(question: &str) -> Result<bool, String> {
    if !std::io::stdin().is_terminal() {
        return Err("standard input is no terminal".to_owned());
    }
    say(question, Channel::Error);
    let answer = read_line()?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

fn say(text: &str, channel: Channel) {
    let mut out: Box<dyn Write> = match channel {
        Channel::Output => Box::new(std::io::stdout()),
        Channel::Error => Box::new(std::io::stderr()),
    };
    // Nobody may be listening any more.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Reads byte by byte, so that nothing of the next line is taken and no buffer keeps a copy.
fn read_line() -> Result<Zeroizing<String>, String> {
    let mut line = Zeroizing::new(Vec::with_capacity(LONGEST));
    loop {
        let mut byte = Zeroizing::new([0u8; 1]);
        match rustix::io::read(rustix::stdio::stdin(), byte.as_mut_slice()) {
            Err(Errno::INTR) => continue,
            Err(error) => return Err(format!("standard input cannot be read: {error}")),
            Ok(0) if line.is_empty() => return Err("standard input has ended".to_owned()),
            Ok(0) => break,
            Ok(_) => {}
        }
        match byte.first() {
            Some(b'\n') | None => break,
            Some(_) if line.len() == LONGEST => return Err("the line is too long".to_owned()),
            Some(byte) => line.push(*byte),
        }
    }
    while line.last() == Some(&b'\r') {
        line.pop();
    }
    let text = std::str::from_utf8(&line).map_err(|_| "the line is not UTF-8".to_owned())?;
    Ok(Zeroizing::new(text.to_owned()))
}

fn hide(text: &str, channel: Channel) {
    let Ok(before) = tcgetattr(rustix::stdio::stdin()) else { return };
    if set_silent(&before) {
        *open() = Some(Open { before, text: text.to_owned(), channel });
    }
}

/// Switches the echo off. What was typed ahead is kept.
fn set_silent(before: &Termios) -> bool {
    let mut silent = before.clone();
    silent.local_modes.remove(LocalModes::ECHO);
    // The line end is shown, so that the screen goes on below.
    silent.local_modes.remove(LocalModes::ECHONL);
    tcsetattr(rustix::stdio::stdin(), OptionalActions::Now, &silent).is_ok()
}

fn open() -> MutexGuard<'static, Option<Open>> {
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Gives the terminal its echo back. Also called when a signal ends the program.
pub(crate) fn restore() {
    if let Some(Open { before, .. }) = open().take() {
        let _ = tcsetattr(rustix::stdio::stdin(), OptionalActions::Now, &before);
    }
}

/// The program is about to be stopped (SIGTSTP): the terminal is as it was, as readpassphrase(3) does it.
pub(crate) fn suspend() {
    if let Some(Open { before, .. }) = &*open() {
        let _ = tcsetattr(rustix::stdio::stdin(), OptionalActions::Now, before);
    }
}

/// The program goes on (SIGCONT), however it was stopped: a question that stands is asked again, without echo.
pub(crate) fn resume() {
    if let Some(question) = &mut *open() {
        let Ok(now) = tcgetattr(rustix::stdio::stdin()) else { return };
        // One that was stopped without a word (SIGSTOP) finds its own settings.
        if now.local_modes.contains(LocalModes::ECHO) {
            question.before = now;
        }
        set_silent(&question.before);
        say(&question.text, question.channel);
    }
}
