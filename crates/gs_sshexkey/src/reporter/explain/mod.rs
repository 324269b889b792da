//! What is known about one cause: the screen of `doctor --explain`, and the catalogue in `docs/`.

#[cfg(test)]
mod catalogue;
#[cfg(test)]
mod tests;

use sshtrust::diagnose::Code;

use super::layout::{width, wrap};
use super::style::{Style, Tone};
use crate::i18n::{CauseLabel, CauseText, Lang, Line, System, cause_text, lines};

/// Longer lines are hard to read, however wide the terminal is.
const WIDEST: usize = 100;

/// All that is told about a cause.
pub(crate) fn explain(code: Code, style: &Style) -> String {
    let lang = style.lang;
    let style = &Style { width: style.width.min(WIDEST), ..*style };
    let text = cause_text(code, lang);
    let head = format!("{code}: {}", text.title);
    let mut out: Vec<String> =
        wrap(&head, style.width, "", "  ").iter().map(|line| style.paint(Tone::Head, line)).collect();
    for (label, section) in sections(&text, lang) {
        out.push(String::new());
        out.push(style.paint(Tone::Head, &label));
        out.extend(drawn(&section, style));
    }
    out.push(String::new());
    out.join("\n")
}

/// The sections of a text with their headings, in order. What `--fix` does stands at the end of the cure.
fn sections(text: &CauseText, lang: Lang) -> [(String, String); 5] {
    let fix = CauseLabel::Fix { does: &text.fix }.text(lang);
    [
        (CauseLabel::Symptom {}, text.symptom.to_owned()),
        (CauseLabel::Causes {}, text.causes.to_owned()),
        (CauseLabel::Seen {}, text.seen.to_owned()),
        (CauseLabel::Cure {}, format!("{}\n{fix}", text.cure)),
        (CauseLabel::Prevention {}, text.prevention.to_owned()),
    ]
    .map(|(label, section)| (label.text(lang), section))
}

/// The lines of a section on the screen.
fn drawn(section: &str, style: &Style) -> Vec<String> {
    let mut out = Vec::new();
    let mut before = None;
    for line in lines(section) {
        if let Some(label) = label(before, line, style.lang) {
            out.extend(wrap(&label, style.width, "  ", "  "));
        }
        before = Some(line);
        match line {
            Line::Paragraph(text) => out.extend(wrap(&plain(text, style.lang), style.width, "  ", "  ")),
            Line::Item(text) => out.extend(wrap(&plain(text, style.lang), style.width, "  - ", "    ")),
            // Blanks at its beginning have a meaning: it is wrapped only if it has to be.
            Line::Said(words) if width(words) + 6 <= style.width => {
                out.push(style.paint(Tone::Faint, &format!("    | {words}")));
            }
            Line::Said(words) => {
                let lines = wrap(words, style.width, "    | ", "    |   ");
                out.extend(lines.iter().map(|line| style.paint(Tone::Faint, line)));
            }
            // Never wrapped: it is there to be copied.
            Line::Command(_, text) => out.push(format!("    {text}")),
        }
    }
    out
}

/// What stands before the first command for one kind of system.
fn label(before: Option<Line<'_>>, line: Line<'_>, lang: Lang) -> Option<String> {
    let of = |line| match line {
        Line::Command(system, _) => system,
        _ => None,
    };
    let system = of(line)?;
    let label = match system {
        System::RedHat => CauseLabel::RedHat {},
        System::Debian => CauseLabel::Debian {},
    };
    (before.and_then(of) != Some(system)).then(|| label.text(lang))
}

/// A text without its backticks. In English a command of several words needs quotes in their place.
fn plain(text: &str, lang: Lang) -> String {
    let mut out = String::new();
    for (place, piece) in text.split('`').enumerate() {
        if place % 2 == 1 && lang == Lang::En && piece.contains(' ') {
            out.push('\'');
            out.push_str(piece);
            out.push('\'');
        } else {
            out.push_str(piece);
        }
    }
    out
}
