//! A text of the help, taken apart: what its lines mean is in how they are indented.

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Block {
    /// Command lines, each whole.
    Usage(Vec<String>),
    /// A paragraph.
    Text(String),
    /// What stands directly above a list.
    Heading(String),
    /// An entry of a list: what it is about, and what there is to say.
    Item(String, String),
    /// A line that is to be typed.
    Example(String),
}

/// How far what belongs to a list is indented; what is indented further goes on with the line above.
const LIST: usize = 2;

/// Takes a text apart. All of it is there again, in its order.
pub(crate) fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    for (index, paragraph) in text.trim_end().split("\n\n").enumerate() {
        let lines: Vec<&str> = paragraph.lines().collect();
        let list = lines.iter().position(|line| indent(line) > 0).unwrap_or(lines.len());
        let (plain, list) = lines.split_at(list);
        match (index, plain, list) {
            // What it is, and how it is called.
            (0, [what, heading], usage) if heading.ends_with([':', '：']) => {
                blocks.push(Block::Text((*what).to_owned()));
                blocks.push(Block::Usage(usage_lines(usage)));
            }
            (0, ..) => blocks.push(Block::Usage(usage_lines(&lines))),
            (_, plain, []) => blocks.push(Block::Text(joined(plain))),
            (_, [], list) => blocks.extend(items(list)),
            (_, plain, list) => {
                blocks.push(Block::Heading(joined(plain)));
                blocks.extend(items(list));
            }
        }
    }
    blocks
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// Each command line with what goes on below it.
fn usage_lines(lines: &[&str]) -> Vec<String> {
    let mut usage: Vec<String> = Vec::new();
    for line in lines {
        let words = line.split_whitespace().collect::<Vec<_>>().join(" ");
        match usage.last_mut() {
            Some(above) if !words.starts_with("gs_sshexkey") => *above = format!("{above} {words}"),
            _ => usage.push(words),
        }
    }
    usage
}

/// The entries of a list. One that nothing is said of is a line to type.
fn items(lines: &[&str]) -> Vec<Block> {
    let mut entries: Vec<(String, Vec<&str>)> = Vec::new();
    for line in lines {
        let words = line.trim();
        match entries.last_mut() {
            Some((_, below)) if indent(line) > LIST => below.push(words),
            _ => {
                let (about, what) = split(words);
                entries.push((about.to_owned(), what.into_iter().collect()));
            }
        }
    }
    let block = |(about, what): (String, Vec<&str>)| match what.as_slice() {
        [] => Block::Example(about),
        what => Block::Item(about, joined(what)),
    };
    entries.into_iter().map(block).collect()
}

/// What an entry is about, and what is said beside it: behind its number, or behind two blanks.
fn split(line: &str) -> (&str, Option<&str>) {
    let numbered = line.split_once(". ").filter(|(number, _)| number.bytes().all(|b| b.is_ascii_digit()));
    if let Some((number, what)) = numbered {
        return (line.get(..=number.len()).unwrap_or(number), Some(what));
    }
    line.split_once("  ").map_or((line, None), |(about, what)| (about, Some(what.trim_start())))
}

/// Lines as one. Chinese has no blanks, so none comes between two of its characters.
fn joined(lines: &[&str]) -> String {
    let mut whole = String::new();
    for line in lines {
        let (left, right) = (whole.chars().next_back(), line.chars().next());
        if let (Some(left), Some(right)) = (left, right) {
            let closed = is_wide(left) && is_wide(right) || is_mark(left) || is_mark(right);
            whole.push_str(if closed { "" } else { " " });
        }
        whole.push_str(line);
    }
    whole
}

/// Whether a character is one of Chinese, its punctuation too.
pub(super) fn is_wide(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{ff01}'..='\u{ff60}' | '“' | '”')
}

/// Whether it is punctuation of Chinese.
fn is_mark(c: char) -> bool {
    opens(c) || closes(c)
}

/// Punctuation that stands before what it belongs to.
pub(super) fn opens(c: char) -> bool {
    "（“《「【".contains(c)
}

/// Punctuation that stands behind what it belongs to.
pub(super) fn closes(c: char) -> bool {
    "，。、；：？！）”》」】～".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::help::{Topic, text};
    use crate::i18n::Lang;

    #[test]
    fn nothing_of_a_text_is_lost() {
        let squeeze = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
        for topic in Topic::ALL {
            for lang in Lang::ALL {
                let text = text(topic, lang);
                let again: String = blocks(text)
                    .into_iter()
                    .map(|block| match block {
                        Block::Usage(lines) => lines.concat(),
                        Block::Text(text) | Block::Heading(text) | Block::Example(text) => text,
                        Block::Item(about, what) => about + &what,
                    })
                    .collect();
                // The one word that says what follows is a heading of the manual page.
                let text = squeeze(text).replacen("Usage:", "", 1).replacen("用法：", "", 1);
                assert_eq!(squeeze(&again), text, "{topic:?} {lang:?}");
            }
        }
    }

    #[test]
    fn what_lines_mean() {
        let text = "gs_sshexkey x -f FILE\n              [-l LOG]\ngs_sshexkey x -y\n\nOne\ntwo.\n\nList:\n  -f FILE, -g  A\n               b.\n  -h\n      c\n\n  gs_sshexkey x\n\n  1. Do\n     this:  now\n";
        let item = |about: &str, what: &str| Block::Item(about.to_owned(), what.to_owned());
        let wanted = [
            Block::Usage(vec!["gs_sshexkey x -f FILE [-l LOG]".to_owned(), "gs_sshexkey x -y".to_owned()]),
            Block::Text("One two.".to_owned()),
            Block::Heading("List:".to_owned()),
            item("-f FILE, -g", "A b."),
            item("-h", "c"),
            Block::Example("gs_sshexkey x".to_owned()),
            item("1.", "Do this:  now"),
        ];
        assert_eq!(blocks(text), wanted);
        assert_eq!(joined(&["建立", "互信", "SSH", "密钥，", "SSH"]), "建立互信 SSH 密钥，SSH");
    }
}
