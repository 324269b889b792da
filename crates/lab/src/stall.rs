//! Commands of a node that take their time.

use crate::error::LabError;
use crate::node::Node;

/// Where a stalled command notes its calls, on the node. Beside what a test compares.
const PLACE: &str = "/run/gs-lab-stall";
/// The command before the node's own of the same name. Nothing in it is a program of its own but `sleep`, so that any
/// other command can be stalled. Every call takes the next number.
const WRAPPER: &str = r#"#!/bin/sh
case "$*" in
@PATTERN@)
    call=1
    until (set -C; : >"@PLACE@/$call") 2>/dev/null; do
        [ -d "@PLACE@" ] || exec @REAL@ "$@"
        call=$((call + 1))
    done
    if [ $call -eq @CALL@ ]; then
        echo $$ >"@PLACE@/stalled"
        left=@TENTHS@
        while [ $left -gt 0 ] && [ -e "@PLACE@/stalled" ]; do
            sleep 0.1
            left=$((left - 1))
        done
        [ ! -d "@PLACE@" ] || : >"@PLACE@/over"
    fi
    ;;
esac
exec @REAL@ "$@"
"#;

impl Node {
    /// Makes one call of a command hang for so many seconds before it does its work: the n-th one from now on, counted
    /// from 1. It is the tool's own shell that is meant, and root's commands: an ordinary user's path does not lead there.
    /// Another stall of the same command replaces it.
    ///
    /// # Errors
    /// When the node is dead or has no such command.
    pub fn stall(&self, command: &str, seconds: u32, on_nth_call: u32) -> Result<(), LabError> {
        self.stall_at(command, "*", seconds, on_nth_call)
    }

    /// The same, where only calls count whose arguments match a pattern of the shell, as in `case "$*" in`.
    ///
    /// # Errors
    /// When the node is dead or has no such command.
    pub fn stall_at(&self, command: &str, pattern: &str, seconds: u32, nth: u32) -> Result<(), LabError> {
        let place = format!("{PLACE}/{command}");
        let find = format!(
            "rm -rf {place}; mkdir -p -m 1777 {place}; PATH=/usr/bin:/bin:/usr/sbin:/sbin; command -v {command}"
        );
        let real = self.must(&find)?;
        let wrapper = WRAPPER
            .replace("@PATTERN@", pattern)
            .replace("@PLACE@", &place)
            .replace("@REAL@", real.trim())
            .replace("@CALL@", &nth.to_string())
            .replace("@TENTHS@", &(u64::from(seconds) * 10).to_string());
        self.write(format!("/usr/local/sbin/{command}"), wrapper.as_bytes(), 0o755, "root")
    }

    /// Whether the stalled command hangs now: it has come to that, has not gone on, and nobody has killed it.
    #[must_use]
    pub fn is_stalled(&self, command: &str) -> bool {
        let number = std::fs::read_to_string(self.place_of(command, "stalled")).unwrap_or_default();
        let lives = !number.is_empty() && self.root_dir().join("proc").join(number.trim()).exists();
        lives && !self.note(command, "over")
    }

    /// How often the command was called since it was stalled.
    #[must_use]
    pub fn stalled_calls(&self, command: &str) -> usize {
        (1..).take_while(|call| self.note(command, &call.to_string())).count()
    }

    /// Takes a stall back. A call that hangs goes on at once.
    ///
    /// # Errors
    /// When the node is dead.
    pub fn unstall(&self, command: &str) -> Result<(), LabError> {
        self.must(&format!("rm -f /usr/local/sbin/{command}; rm -rf {PLACE}/{command}")).map(drop)
    }

    fn note(&self, command: &str, name: &str) -> bool {
        self.place_of(command, name).exists()
    }

    fn place_of(&self, command: &str, name: &str) -> std::path::PathBuf {
        self.root_dir().join(format!("run/gs-lab-stall/{command}/{name}"))
    }
}
