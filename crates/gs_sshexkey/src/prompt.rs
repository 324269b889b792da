//! Asks for a password: at a terminal without echo, else one line of standard input.

use std::io::{IsTerminal, Write};
use std::sync::{Mutex, PoisonError};

use rustix::io::Errno;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use sshtrust::secret::Secret;
use zeroize::Zeroizing;

/// Longest answer, in bytes. PAM takes 512.
const LONGEST: usize = 4_096;
/// How often an empty answer at a terminal is asked for again. It is never sent: many systems count it as a failure.
const EMPTY_ANSWERS: usize = 3;

/// The terminal's settings from before the echo was switched off.
static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

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
    for _ in 0..EMPTY_ANSWERS {
        // Echo goes off before the question is there, for an `expect` that answers at once.
        if terminal {
            hide();
        }
        say(&format!("{intro}\nPassword: "), channel);
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

fn hide() {
    let Ok(before) = tcgetattr(rustix::stdio::stdin()) else { return };
    let mut silent = before.clone();
    silent.local_modes.remove(LocalModes::ECHO);
    // The line end is shown, so that the screen goes on below.
    silent.local_modes.remove(LocalModes::ECHONL);
    // What was typed ahead is kept.
    if tcsetattr(rustix::stdio::stdin(), OptionalActions::Now, &silent).is_ok() {
        *BEFORE.lock().unwrap_or_else(PoisonError::into_inner) = Some(before);
    }
}

/// Gives the terminal its echo back. Also called when a signal ends the program.
pub(crate) fn restore() {
    if let Some(before) = BEFORE.lock().unwrap_or_else(PoisonError::into_inner).take() {
        let _ = tcsetattr(rustix::stdio::stdin(), OptionalActions::Now, &before);
    }
}
