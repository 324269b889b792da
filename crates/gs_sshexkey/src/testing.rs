//! What the tests on real nodes may change of a program that was built for them. A release build has nothing of it.

use std::fs::File;
use std::io::Write;
use std::sync::Mutex;
use std::time::Duration;

use rustix::process::{Signal, getpid, kill_process};
use sshtrust::event::Event;
use sshtrust::limits::Limits;

mod hooks;

/// How long to wait for what: the real limits, but for a test that wants shorter ones.
pub(crate) fn limits() -> Limits {
    let limits = Limits::default();
    hooks::limits_factor().map_or(limits, |factor| limits.scaled(factor))
}

/// How long to wait between two rounds: as long as was asked, but for a test that wants its waits shorter.
pub(crate) fn interval(asked: Duration) -> Duration {
    hooks::limits_factor().map_or(asked, |factor| asked.mul_f64(factor.clamp(0.001, 1.0)))
}

/// How many events were heard.
static HEARD: Mutex<usize> = Mutex::new(0);

/// Every event comes here before it is shown. A test may want to know them, or that the program is gone at one of them.
pub(crate) fn hear(event: &Event) {
    let (stop_at, file) = (hooks::stop_at(), hooks::events_file());
    if stop_at.is_none() && file.is_none() {
        return;
    }
    let mut heard = HEARD.lock().unwrap_or_else(|e| e.into_inner());
    *heard += 1;
    if let Some(Ok(mut file)) = file.map(|path| File::options().create(true).append(true).open(path)) {
        // A test that cannot read it fails.
        let _ = writeln!(file, "{event:?}");
    }
    if stop_at == Some(*heard) {
        let _ = kill_process(getpid(), Signal::KILL);
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::Command;

    /// Compiles the hooks as a program of their own, which says what they say, and runs it; that it says, and whether the
    /// variable's name is anywhere in it.
    fn built(dir: &Path, assertions: &str) -> (String, bool) {
        let source = dir.join("main.rs");
        let hooks = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/testing/hooks.rs");
        let text = format!(
            "#[path = {hooks:?}] mod hooks; fn main() {{ print!(\"{{:?}} {{:?}} {{:?}}\", hooks::limits_factor(), hooks::stop_at(), hooks::events_file()) }}"
        );
        std::fs::write(&source, text).unwrap();
        let program = dir.join(format!("assertions-{assertions}"));
        let compiler = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let mut rustc = Command::new(compiler);
        rustc.args(["--edition", "2024", "-C", &format!("debug-assertions={assertions}"), "-o"]);
        let compiled = rustc.arg(&program).arg(&source).output().unwrap();
        assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
        let hooks = [("LIMITS", "0.25"), ("STOP_AT", "7"), ("COUNT_EVENTS", "f")];
        let hooks = hooks.map(|(name, value)| (format!("GS_SSHEXKEY_TEST_{name}"), value));
        let output = Command::new(&program).envs(hooks).output().unwrap();
        let bytes = std::fs::read(&program).unwrap();
        let named = bytes.windows(b"GS_SSHEXKEY_TEST".len()).any(|window| window == b"GS_SSHEXKEY_TEST");
        (String::from_utf8(output.stdout).unwrap(), named)
    }

    #[test]
    fn a_release_build_knows_no_hook() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(built(dir.path(), "yes"), ("Some(0.25) Some(7) Some(\"f\")".to_owned(), true));
        assert_eq!(built(dir.path(), "no"), ("None None None".to_owned(), false));
    }
}
