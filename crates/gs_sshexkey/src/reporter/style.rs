//! How the screen can be drawn: plain data, so that a drawing can be compared with a transcript.

use std::io::IsTerminal;

use crate::i18n::{Lang, is_utf8};

/// Columns where nobody says how many there are.
const USUAL_WIDTH: usize = 80;
/// Fewer columns than these are not believed.
const LEAST_WIDTH: usize = 24;

/// How to draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Style {
    /// The language.
    pub(crate) lang: Lang,
    /// Columns of a line.
    pub(crate) width: usize,
    /// Whether colours may be used. They never carry a meaning of their own.
    pub(crate) colour: bool,
    /// Whether signs outside ASCII can be shown.
    pub(crate) unicode: bool,
}

/// What a text is to look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// All is well.
    Good,
    /// Well, but not quite.
    Odd,
    /// Broken.
    Bad,
    /// Not known.
    Unknown,
    /// Of no interest.
    Faint,
    /// A heading.
    Head,
}

impl Tone {
    /// Select Graphic Rendition (ECMA-48).
    const fn code(self) -> &'static str {
        match self {
            Self::Good => "32",
            Self::Odd => "33",
            Self::Bad => "1;31",
            Self::Unknown => "36",
            Self::Faint => "2",
            Self::Head => "1",
        }
    }
}

impl Style {
    /// The style that standard output can bear.
    pub(crate) fn of_stdout(lang: Lang) -> Self {
        let out = std::io::stdout();
        let columns = rustix::termios::tcgetwinsize(&out).map_or(0, |size| usize::from(size.ws_col));
        let terminal = out.is_terminal().then_some(columns);
        Self::chosen(lang, terminal, |name| std::env::var(name).ok())
    }

    /// `terminal`: its columns, 0 if it does not say, `None` if it is none.
    fn chosen(lang: Lang, terminal: Option<usize>, variable: impl Fn(&str) -> Option<String>) -> Self {
        let told = || variable("COLUMNS").and_then(|text| text.trim().parse().ok());
        let width = terminal.filter(|columns| *columns > 0).or_else(told).unwrap_or(USUAL_WIDTH);
        let set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
        let dumb = variable("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
        Self {
            lang,
            width: width.clamp(LEAST_WIDTH, 400),
            colour: terminal.is_some() && !set("NO_COLOR") && !dumb,
            unicode: is_utf8(variable),
        }
    }

    /// Colours a text, if colours may be used.
    pub(crate) fn paint(&self, tone: Tone, text: &str) -> String {
        if self.colour && !text.trim().is_empty() {
            format!("\x1b[{}m{text}\x1b[0m", tone.code())
        } else {
            text.to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_surroundings_choose_the_style() {
        type Set<'a> = &'a [(&'a str, &'a str)];
        type Case<'a> = (Set<'a>, Option<usize>, (usize, bool, bool));
        let utf8 = ("LANG", "en_US.UTF-8");
        let xterm = ("TERM", "xterm");
        // Variables, columns of the terminal; width, colour, signs.
        let cases: [Case<'_>; 9] = [
            (&[utf8, xterm], Some(120), (120, true, true)),
            (&[utf8, xterm], None, (80, false, true)),
            (&[utf8, xterm, ("COLUMNS", "132")], None, (132, false, true)),
            (&[utf8, xterm, ("COLUMNS", "132")], Some(90), (90, true, true)),
            (&[utf8, xterm, ("COLUMNS", "many")], Some(0), (80, true, true)),
            (&[utf8, xterm, ("NO_COLOR", "1")], Some(80), (80, false, true)),
            (&[utf8, xterm, ("NO_COLOR", "")], Some(80), (80, true, true)),
            (&[utf8, ("TERM", "dumb")], Some(80), (80, false, true)),
            (&[xterm, ("LC_ALL", "C")], Some(3), (LEAST_WIDTH, true, false)),
        ];
        for (set, terminal, wanted) in cases {
            let variable =
                |name: &str| set.iter().find(|(known, _)| *known == name).map(|(_, v)| (*v).to_owned());
            let style = Style::chosen(Lang::En, terminal, variable);
            assert_eq!((style.width, style.colour, style.unicode), wanted, "{set:?}");
        }
    }

    #[test]
    fn without_colours_nothing_is_added() {
        let mut style = Style { lang: Lang::En, width: 80, colour: false, unicode: true };
        assert_eq!(style.paint(Tone::Bad, "x"), "x");
        style.colour = true;
        assert_eq!(style.paint(Tone::Bad, "x"), "\x1b[1;31mx\x1b[0m");
        assert_eq!(style.paint(Tone::Bad, "  "), "  ");
    }
}
