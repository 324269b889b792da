//! The lines of a text.

/// One line of a text. Blanks before it do not count; its beginning says what it is.
///
/// | begins with | is |
/// | --- | --- |
/// | `# `, `$ ` | a command that root types, that the cluster's user types |
/// | `R# `, `R$ `, `D# `, `D$ ` | the same, on one kind of system only |
/// | a bar and a blank | words of a machine, or a line of a file |
/// | `- ` | an item of a list |
/// | anything else | a paragraph |
///
/// Commands, options and files within a paragraph or an item stand between backticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    /// A paragraph.
    Paragraph(&'a str),
    /// An item of a list.
    Item(&'a str),
    /// Words of a machine, or a line of a file.
    Said(&'a str),
    /// A command, with the sign of who types it before it.
    Command(Option<System>, &'a str),
}

/// A kind of system, where commands differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum System {
    /// openEuler, CentOS, Kylin and the like.
    RedHat,
    /// Debian, Ubuntu and the like.
    Debian,
}

/// The lines of a text.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(Line::of)
}

impl<'a> Line<'a> {
    fn of(line: &'a str) -> Self {
        let command = |text: &str| text.starts_with("# ") || text.starts_with("$ ");
        let kinds = [("R", System::RedHat), ("D", System::Debian)];
        for (sign, system) in kinds {
            match line.strip_prefix(sign) {
                Some(text) if command(text) => return Self::Command(Some(system), text),
                _ => {}
            }
        }
        if command(line) {
            Self::Command(None, line)
        } else if let Some(words) = line.strip_prefix("| ") {
            Self::Said(words)
        } else if let Some(item) = line.strip_prefix("- ") {
            Self::Item(item)
        } else {
            Self::Paragraph(line)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_says_what_a_line_is() {
        let text = "Do this:
            R# systemctl start sshd
            D$ id
            # id

            |   Port 22
            - an item
            Rest";
        let wanted = [
            Line::Paragraph("Do this:"),
            Line::Command(Some(System::RedHat), "# systemctl start sshd"),
            Line::Command(Some(System::Debian), "$ id"),
            Line::Command(None, "# id"),
            Line::Said("  Port 22"),
            Line::Item("an item"),
            Line::Paragraph("Rest"),
        ];
        assert_eq!(lines(text).collect::<Vec<_>>(), wanted);
    }
}
