//! The catalogue of all causes, in Markdown. Only the test that compares it with `docs/` draws it.

use sshtrust::diagnose::{Code, OF_THE_DOCUMENT};

use super::{label, sections};
use crate::i18n::{Lang, Line, cause_text, intro, lines};

/// The catalogue: an introduction, a table of contents and all causes.
pub(super) fn catalogue(lang: Lang) -> String {
    let (document, others) = match lang {
        Lang::En => ("The causes of openGauss's document", "Behind the same symptoms"),
        Lang::Zh => ("openGauss 文档列出的原因", "现象相同的其他原因"),
    };
    let groups = [(document, 0, OF_THE_DOCUMENT), (others, OF_THE_DOCUMENT, Code::ALL.len())];
    let mut out = intro(lang).to_owned();
    for (name, first, end) in &groups {
        out.push_str(&format!("**{name}**\n\n"));
        for (place, code) in Code::ALL.iter().enumerate().take(*end).skip(*first) {
            let title = markdown(cause_text(*code, lang).title);
            out.push_str(&format!("{}. [`{code}`](#{code}) {title}\n", place + 1));
        }
        out.push('\n');
    }
    for (name, first, end) in groups {
        out.push_str(&format!("## {name}\n\n"));
        for code in Code::ALL.iter().take(end).skip(first) {
            out.push_str(&cause(*code, lang));
        }
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

fn cause(code: Code, lang: Lang) -> String {
    let text = cause_text(code, lang);
    let mut out = format!("<a id=\"{code}\"></a>\n### `{code}` {}\n\n", markdown(text.title));
    for (heading, section) in sections(&text, lang) {
        out.push_str(&format!("**{heading}**\n\n"));
        out.push_str(&blocks(&section, lang));
    }
    out
}

/// What lines that follow each other are put into.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Block {
    Paragraph,
    List,
    Said,
    Commands,
}

impl Block {
    const fn of(line: Line<'_>) -> Self {
        match line {
            Line::Paragraph(_) => Self::Paragraph,
            Line::Item(_) => Self::List,
            Line::Said(_) => Self::Said,
            Line::Command(..) => Self::Commands,
        }
    }

    const fn begins(self) -> &'static str {
        match self {
            Self::Paragraph | Self::List => "",
            Self::Said | Self::Commands => "```text\n",
        }
    }

    const fn ends(self) -> &'static str {
        match self {
            Self::Paragraph | Self::List => "\n",
            Self::Said | Self::Commands => "```\n\n",
        }
    }
}

fn blocks(section: &str, lang: Lang) -> String {
    let mut out = String::new();
    let mut before: Option<Line<'_>> = None;
    for line in lines(section) {
        let label = label(before, line, lang);
        let block = Block::of(line);
        let same = before.is_some_and(|before| {
            Block::of(before) == block
                && block != Block::Paragraph
                && label.is_none()
                && system(before) == system(line)
        });
        if !same {
            out.push_str(before.map_or("", |before| Block::of(before).ends()));
            if let Some(label) = label {
                out.push_str(&format!("{label}\n\n"));
            }
            out.push_str(block.begins());
        }
        match line {
            Line::Paragraph(text) => out.push_str(&markdown(text)),
            Line::Item(text) => out.push_str(&format!("- {}", markdown(text))),
            Line::Said(text) | Line::Command(_, text) => out.push_str(text),
        }
        out.push('\n');
        before = Some(line);
    }
    out.push_str(before.map_or("", |before| Block::of(before).ends()));
    out
}

const fn system(line: Line<'_>) -> bool {
    matches!(line, Line::Command(Some(_), _))
}

/// A text in Markdown. Codes that it names become links.
fn markdown(text: &str) -> String {
    let mut out = String::new();
    for (place, piece) in text.split('`').enumerate() {
        if place % 2 == 0 {
            out.push_str(piece);
        } else if piece.parse::<Code>().is_ok() {
            out.push_str(&format!("[`{piece}`](#{piece})"));
        } else {
            out.push_str(&format!("`{piece}`"));
        }
    }
    out
}
