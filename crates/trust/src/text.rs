//! What a remote node says is data: made harmless before anyone sees it.

use std::fmt::Write;

use unicode_general_category::{GeneralCategory as Category, get_general_category};

/// Longest piece of remote text that is kept for a message, in characters.
const LONGEST: usize = 2_000;

/// Makes text from a node safe for a terminal and a log line.
///
/// Whatever has no shape of its own becomes a visible escape, so that nothing can hide, reorder or imitate: control and
/// format characters, separators other than the plain space, private and unassigned code points, and fillers (Unicode
/// Standard, General_Category and Default_Ignorable_Code_Point). Line ends become ` | `, a tab a space, and invalid UTF-8
/// the replacement character.
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
            c if is_hidden(c) => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

/// Characters without a shape of their own, or that change how the text around them is shown.
fn is_hidden(c: char) -> bool {
    match get_general_category(c) {
        Category::Control
        | Category::Format
        | Category::Surrogate
        | Category::PrivateUse
        | Category::Unassigned
        | Category::LineSeparator
        | Category::ParagraphSeparator => true,
        Category::SpaceSeparator => c != ' ',
        // Letters and marks that are invisible all the same: Default_Ignorable_Code_Point in DerivedCoreProperties.txt.
        _ => matches!(
            c,
            '\u{34f}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{ffa0}'
                | '\u{e0100}'..='\u{e01ef}'
        ),
    }
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
    fn what_has_no_shape_is_shown_as_its_number() {
        let hidden = [
            0x7f..=0xa0,
            0xad..=0xad,
            0x34f..=0x34f,
            0x600..=0x605,
            0x61c..=0x61c,
            0x115f..=0x1160,
            0x1680..=0x1680,
            0x17b4..=0x17b5,
            0x180b..=0x180f,
            0x2000..=0x200f,
            0x2028..=0x202f,
            0x205f..=0x206f,
            0x3000..=0x3000,
            0x3164..=0x3164,
            0xe000..=0xe0ff,
            0xfe00..=0xfe0f,
            0xfeff..=0xfeff,
            0xffa0..=0xffa0,
            0xfff0..=0xfffb,
            0x1d173..=0x1d17a,
            0xe0000..=0xe0fff,
            0x10_fffd..=0x10_ffff,
        ];
        for c in hidden.into_iter().flatten().filter_map(char::from_u32) {
            let shown = printable(format!("a{c}b").as_bytes());
            assert_eq!(shown, format!("a\\u{{{:x}}}b", u32::from(c)));
        }
    }

    #[test]
    fn writing_stays_as_it_is() {
        for text in [
            "节点一的密钥，“不可用”：（请重试）。",
            "Zürich naïve e\u{301}",
            "узел",
            "ノード",
            "노드",
            "🙂 → ✓",
        ] {
            assert_eq!(printable(text.as_bytes()), text);
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
