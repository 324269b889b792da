//! A program of a node at a real terminal, worked like a person would.

use std::io::{Read, Write as _};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::error::LabError;
use crate::node::Node;

/// The longest that [`Terminal::finish`] waits.
const LONGEST: Duration = Duration::from_secs(300);

/// A program that runs at a terminal. Ends when it is dropped, as when a window is closed.
#[derive(Debug)]
pub struct Terminal {
    child: Child,
    keyboard: Option<ChildStdin>,
    screen: Arc<Screen>,
    reader: Option<JoinHandle<()>>,
    /// How much of the screen was matched already.
    seen: usize,
}

#[derive(Debug, Default)]
struct Screen {
    shown: Mutex<Shown>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Shown {
    bytes: Vec<u8>,
    ended: bool,
    mirrored: bool,
}

impl Node {
    /// Runs a shell command line as a user, at a terminal of the node.
    ///
    /// # Errors
    /// When the node is dead, there is no such user, or the terminal cannot be opened.
    pub fn terminal(&self, user: &str, command_line: &str) -> Result<Terminal, LabError> {
        self.check_alive()?;
        self.user(user)?;
        let mut command = self.command(user);
        command.arg("script").args(script_options()).args(["-c", command_line, "/dev/null"]);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .map_err(LabError::io("run", "script"))?;
        let screen = Arc::new(Screen::default());
        let reader = child.stdout.take().map(|mut output| {
            let screen = Arc::clone(&screen);
            thread::spawn(move || screen.follow(&mut output))
        });
        let keyboard = child.stdin.take();
        Ok(Terminal { child, keyboard, screen, reader, seen: 0 })
    }
}

impl Terminal {
    /// Shows on our own standard output what this terminal shows, from its beginning and as it comes.
    pub fn mirror(&self) {
        let mut shown = self.screen.shown.lock().unwrap_or_else(PoisonError::into_inner);
        shown.mirrored = true;
        show(&shown.bytes);
    }

    /// Waits until the program has printed this text after what was waited for last.
    ///
    /// # Errors
    /// When it does not within the time, or ends before.
    pub fn expect(&mut self, text: &str, patience: Duration) -> Result<(), LabError> {
        let deadline = Instant::now() + patience;
        let mut shown = self.screen.shown.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(at) = find(&shown.bytes[self.seen..], text.as_bytes()) {
                self.seen += at + text.len();
                return Ok(());
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if shown.ended || left.is_zero() {
                let screen = String::from_utf8_lossy(&shown.bytes).into_owned();
                return Err(LabError::Terminal { wanted: text.to_owned(), screen });
            }
            shown = self.screen.changed.wait_timeout(shown, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Types a line and presses Enter.
    ///
    /// # Errors
    /// When the program has ended.
    pub fn type_line(&mut self, line: &str) -> Result<(), LabError> {
        self.type_bytes(format!("{line}\n").as_bytes())
    }

    /// Presses Ctrl-C.
    ///
    /// # Errors
    /// When the program has ended.
    pub fn press_ctrl_c(&mut self) -> Result<(), LabError> {
        self.press_ctrl('C')
    }

    /// Presses Ctrl and a key from `@` to `_`.
    ///
    /// # Errors
    /// When the program has ended.
    pub fn press_ctrl(&mut self, key: char) -> Result<(), LabError> {
        self.type_bytes(&[key as u8 & 0x1f])
    }

    /// What the terminal has shown so far, with its `\r\n` line ends.
    #[must_use]
    pub fn screen(&self) -> String {
        let shown = self.screen.shown.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&shown.bytes).into_owned()
    }

    /// Waits for the program to end; returns how it ended and all that the terminal has shown.
    ///
    /// # Errors
    /// When the process cannot be waited for, or is there still after five minutes.
    pub fn finish(mut self) -> Result<(ExitStatus, String), LabError> {
        self.wait_for_end()?;
        let status = self.child.wait().map_err(LabError::io("wait for", "script"))?;
        if let Some(reader) = self.reader.take() {
            // The thread cannot panic; if it did, the screen so far is what there is.
            let _ = reader.join();
        }
        Ok((status, self.screen()))
    }

    fn wait_for_end(&self) -> Result<(), LabError> {
        let shown = self.screen.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.screen.changed.wait_timeout_while(shown, LONGEST, |shown| !shown.ended);
        let shown = waited.unwrap_or_else(PoisonError::into_inner).0;
        if shown.ended {
            return Ok(());
        }
        let screen = String::from_utf8_lossy(&shown.bytes).into_owned();
        Err(LabError::Terminal { wanted: "the end".to_owned(), screen })
    }

    fn type_bytes(&mut self, bytes: &[u8]) -> Result<(), LabError> {
        let typed = self.keyboard.as_mut().map(|keyboard| keyboard.write_all(bytes));
        typed.transpose().map(drop).map_err(LabError::io("type into", "script"))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Only a program that was not waited for is still there.
        if let Ok(None) = self.child.try_wait() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

impl Screen {
    fn follow(&self, output: &mut impl Read) {
        let mut buffer = [0; 4096];
        loop {
            let length = output.read(&mut buffer).unwrap_or(0);
            let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
            shown.bytes.extend_from_slice(&buffer[..length]);
            shown.ended = length == 0;
            if shown.mirrored {
                show(&buffer[..length]);
            }
            self.changed.notify_all();
            if length == 0 {
                return;
            }
        }
    }
}

fn show(bytes: &[u8]) {
    let mut output = std::io::stdout().lock();
    // Nobody may be looking any more; the program goes on.
    let _ = output.write_all(bytes).and_then(|()| output.flush());
}

/// Quiet, and with the program's exit code. Newer versions must be told that this terminal echoes like any other.
fn script_options() -> &'static [&'static str] {
    static ECHO: OnceLock<bool> = OnceLock::new();
    let knows_echo = || {
        let help = Command::new("script").arg("--help").output();
        help.is_ok_and(|help| find(&help.stdout, b"--echo").is_some())
    };
    if *ECHO.get_or_init(knows_echo) { &["-qe", "--echo", "always"] } else { &["-qe"] }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len().max(1)).position(|window| window == needle)
}
