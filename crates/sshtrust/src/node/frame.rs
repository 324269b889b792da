//! How requests and answers are told apart on the pipes of a node's shell.
//!
//! The shell runs a loop: a line `TOKEN LENGTH`, then that many bytes of script, which it evaluates. `read` takes the
//! line byte by byte and `head -c` takes exactly the script, so nothing is swallowed; a line without the token is
//! skipped, so input that a failed script left unread does no harm. After each script a line `TOKEN NUMBER STATUS` goes
//! to standard output and standard error; the token is random, so no output can forge it.
//!
//! A profile that reads standard input takes the token before the loop runs. So the token is sent again until the
//! loop answers, and the loop skips what came too often. A script whose end does not come is not begun.

/// The command that starts the loop. It has no character that csh or fish treat specially within single quotes, and
/// not the token either: that comes on standard input, where no other user of the node sees it.
pub(super) const BOOTSTRAP: &str = "exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    LC_ALL=C sh -c 'IFS= read -r gs_token; echo; echo \"$gs_token ready\"; while IFS= read -r n; do \
    case $n in \"$gs_token \"*) n=${n#* }; s=$(command head -c \"$n\"; echo x); [ ${#s} -gt \"$n\" ] || break; \
    eval \"${s%x}\";; esac; done; eval \"$gs_at_end\"; eval \"$gs_at_last\"'";

/// A script as it goes over the wire. It runs in a subshell unless it defines things for later ones, and sees the
/// loop's own input only if it asked for it.
pub(super) fn request(token: &str, number: u64, script: &str, keep: bool, input: bool) -> Vec<u8> {
    let (open, close) = if keep { ("{", "}") } else { ("(", ")") };
    let stdin = if input { "" } else { " </dev/null" };
    let body = format!(
        "{open}\n{script}\n{close}{stdin}\ngs_status=$?\nprintf '\\n%s %d %d\\n' {token} {number} $gs_status >&2\n\
         printf '\\n%s %d %d\\n' {token} {number} $gs_status\n"
    );
    // The empty line ends whatever was left unread.
    format!("\n{token} {}\n{body}", body.len()).into_bytes()
}

/// What a piece of output that may be complete turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Tail {
    /// More is to come.
    Open,
    /// The script asks for its input; the output before it ends at this offset.
    WantsInput(usize),
    /// The script ended with this status; its output ends at this offset.
    Done(usize, i32),
}

/// Looks at the end of what has come so far. Markers are always the last thing that was printed.
pub(super) fn tail(buffer: &[u8], token: &str, number: u64) -> Tail {
    let Some(body) = buffer.strip_suffix(b"\n") else { return Tail::Open };
    let start = body.iter().rposition(|b| *b == b'\n').map_or(0, |p| p + 1);
    let Some(last) = body.get(start..).and_then(|l| std::str::from_utf8(l).ok()) else { return Tail::Open };
    let end = start.saturating_sub(1);
    let mut words = last.split(' ');
    if words.next() != Some(token) {
        return Tail::Open;
    }
    match (words.next(), words.next()) {
        (Some("send"), None) => Tail::WantsInput(end),
        (Some(n), Some(status)) if n == number.to_string() => {
            status.parse().map_or(Tail::Open, |status| Tail::Done(end, status))
        }
        _ => Tail::Open,
    }
}

/// Whether the shell has said that it is ready.
pub(super) fn is_ready(buffer: &[u8], token: &str) -> bool {
    buffer.ends_with(format!("\n{token} ready\n").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_that_was_cut_off_is_not_run_and_the_end_is() {
        use std::io::Write;
        use std::process::{Command, Stdio};
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(BOOTSTRAP).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut shell = shell.spawn().unwrap();
        let mut input = shell.stdin.take().unwrap();
        input.write_all(b"gsT\n").unwrap();
        input.write_all(&request("gsT", 1, "gs_at_end='echo over'", true, false)).unwrap();
        let cut = request("gsT", 2, "echo begun", true, false);
        let end = cut.windows(5).position(|window| window == b"begun").unwrap() + 6;
        input.write_all(&cut[..end]).unwrap();
        drop(input);
        let output = shell.wait_with_output().unwrap();
        let screen = String::from_utf8(output.stdout).unwrap();
        assert!(screen.ends_with("\nover\n") && !screen.contains("begun"), "{screen}");
    }

    #[test]
    fn tails() {
        let cases: &[(&[u8], Tail)] = &[
            (b"", Tail::Open),
            (b"out\n", Tail::Open),
            (b"out\nT 7 0", Tail::Open),
            (b"out\nT 7 0\n", Tail::Done(3, 0)),
            (b"\nT 7 255\n", Tail::Done(0, 255)),
            (b"T 7 1\n", Tail::Done(0, 1)),
            (b"out\n\nT 7 0\n", Tail::Done(4, 0)),
            (b"out\nT 6 0\n", Tail::Open),
            (b"out\nT send\n", Tail::WantsInput(3)),
            (b"out\nX 7 0\n", Tail::Open),
            (b"\xff\xfe\n", Tail::Open),
        ];
        for (bytes, wanted) in cases {
            assert_eq!(tail(bytes, "T", 7), *wanted, "{bytes:?}");
        }
    }
}
