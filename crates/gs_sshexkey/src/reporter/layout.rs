//! Lines and columns. Chinese characters are two columns wide and may be set apart anywhere.

use std::time::Duration;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Columns of a text.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// Adds blanks up to a width.
pub(crate) fn pad(text: &str, to: usize) -> String {
    format!("{text}{}", " ".repeat(to.saturating_sub(width(text))))
}

/// Cuts a text to a width; what is cut off is marked.
pub(crate) fn cut(text: &str, to: usize) -> String {
    if width(text) <= to {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 0;
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used + 2 > to {
            break;
        }
        out.push(c);
    }
    out.push_str("..");
    out
}

/// Breaks a text into lines. `first` stands before the first line, `rest` before the others.
pub(crate) fn wrap(text: &str, columns: usize, first: &str, rest: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = first.to_owned();
    let mut used = width(first);
    let mut empty = true;
    for Unit { text, blank } in units(text) {
        let wide = width(&text) + usize::from(blank && !empty);
        if !empty && used + wide > columns {
            lines.push(std::mem::replace(&mut line, rest.to_owned()));
            used = width(rest);
            empty = true;
        }
        if blank && !empty {
            line.push(' ');
            used += 1;
        }
        for c in text.chars() {
            let wide = c.width().unwrap_or(0);
            // A word that is longer than a line.
            if !empty && used + wide > columns {
                lines.push(std::mem::replace(&mut line, rest.to_owned()));
                used = width(rest);
            }
            line.push(c);
            used += wide;
            empty = false;
        }
    }
    if !empty {
        lines.push(line);
    }
    lines
}

/// A piece of text that stays on one line.
struct Unit {
    text: String,
    /// A blank stood before it.
    blank: bool,
}

/// Words, and single wide characters with the closing signs behind them.
fn units(text: &str) -> Vec<Unit> {
    let mut units: Vec<Unit> = Vec::new();
    let mut blank = false;
    let (mut joins, mut opened) = (false, false);
    for c in text.chars() {
        if c == ' ' {
            (blank, joins, opened) = (true, false, false);
            continue;
        }
        let wide = c.width() == Some(2);
        let closing = "，。；：、！？）”".contains(c);
        match units.last_mut() {
            Some(last) if !blank && (closing || opened || (joins && !wide)) => last.text.push(c),
            _ => units.push(Unit { text: c.to_string(), blank }),
        }
        blank = false;
        // An opening sign stays with what follows.
        opened = "（“".contains(c);
        joins = !wide || opened;
    }
    units
}

/// A number with a comma after every thousand.
pub(crate) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Seconds with one decimal.
pub(crate) fn seconds(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_are_broken_at_blanks_and_between_wide_characters() {
        let cases: [(&str, usize, &[&str]); 6] = [
            ("one two three", 9, &["- one two", "  three"]),
            ("abcdefghij", 6, &["- abcd", "  efgh", "  ij"]),
            ("互信全部正常，用时", 12, &["- 互信全部正", "  常，用时"]),
            ("端口（见下）", 9, &["- 端口", "  （见", "  下）"]),
            ("执行 ssh 检查", 10, &["- 执行 ssh", "  检查"]),
            ("", 10, &[]),
        ];
        for (text, columns, wanted) in cases {
            assert_eq!(wrap(text, columns, "- ", "  "), wanted, "{text}");
        }
    }

    #[test]
    fn numbers_are_grouped() {
        for (number, wanted) in [(0, "0"), (999, "999"), (9_900, "9,900"), (1_998_000, "1,998,000")] {
            assert_eq!(grouped(number), wanted);
        }
    }

    #[test]
    fn what_is_cut_off_is_marked() {
        assert_eq!(cut("node1", 5), "node1");
        assert_eq!(cut("node10", 5), "nod..");
        assert_eq!(cut("数据库节点", 7), "数据..");
    }

    proptest! {
        #[test]
        fn no_line_is_too_wide_and_nothing_is_lost(text in "[a-c 互信，（]{0,60}", columns in 8_usize..30) {
            let lines = wrap(&text, columns, "", "");
            prop_assert!(lines.iter().all(|l| width(l) <= columns));
            let bare = |text: &str| text.replace(' ', "");
            prop_assert_eq!(bare(&lines.concat()), bare(&text));
        }
    }
}
