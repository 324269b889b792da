//! What a remote node says is data: made harmless before anyone sees it.

use std::fmt::Write;

/// Longest piece of remote text that is kept for a message, in characters.
const LONGEST: usize = 2_000;

/// Makes text from a node safe for a terminal and a log line.
///
/// Control characters, bidirectional overrides and invalid UTF-8 become visible escapes; line ends become ` | `.
#[must_use]
pub fn printable(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut out = String::new();
    for (count, c) in text.trim().chars().enumerate() {
        if count == LONGEST {
            out.push_str(" ...");
            break;
        }
        match c {
            '\r' => {}
            '\n' => out.push_str(" | "),
            '\t' => out.push(' '),
            c if c.is_control() || is_invisible(c) => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

/// Characters that change how the text around them is shown.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Quotes a text for a POSIX shell: nothing in it is special inside single quotes.
#[must_use]
pub fn sh_quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_do_not_reach_the_screen() {
        let cases: &[(&[u8], &str)] = &[
            (b"plain", "plain"),
            (b"\x1b[31mred", "\\u{1b}[31mred"),
            (b"two\r\nlines\n", "two | lines"),
            (b"bad \xff byte", "bad \u{fffd} byte"),
            ("\u{202e}gpj".as_bytes(), "\\u{202e}gpj"),
            (b"c1 \xc2\x9b31m", "c1 \\u{9b}31m"),
        ];
        for (input, wanted) in cases {
            assert_eq!(printable(input), *wanted);
        }
    }

    #[test]
    fn long_text_is_cut() {
        assert!(printable(&vec![b'a'; 100_000]).len() < 2_100);
    }

    #[test]
    fn quoting_survives_a_shell() {
        for text in ["", "a b", "it's", "$(reboot)", "`x`", "a\nb", "\\", "''"] {
            let out = std::process::Command::new("sh")
                .arg("-c")
                .arg(format!("printf %s {}", sh_quote(text)))
                .output()
                .unwrap();
            assert_eq!(String::from_utf8(out.stdout).unwrap(), text);
        }
    }
}
