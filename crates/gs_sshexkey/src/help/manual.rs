//! The help as manual pages, in the language of man(7).

use super::blocks::{Block, blocks, closes, is_wide, opens};
use super::{Topic, text};
use crate::i18n::Lang;

/// Headings of manual pages that the help does without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Section {
    Name,
    Synopsis,
    Description,
    Commands,
    Options,
    Notes,
    Status,
    SeeAlso,
}

impl Section {
    const fn title(self, lang: Lang) -> &'static str {
        match (self, lang) {
            (Self::Name, Lang::En) => "NAME",
            (Self::Name, Lang::Zh) => "名称",
            (Self::Synopsis, Lang::En) => "SYNOPSIS",
            (Self::Synopsis, Lang::Zh) => "概述",
            (Self::Description, Lang::En) => "DESCRIPTION",
            (Self::Description, Lang::Zh) => "描述",
            (Self::Commands, Lang::En) => "COMMANDS",
            (Self::Commands, Lang::Zh) => "命令",
            (Self::Options, Lang::En) => "OPTIONS",
            (Self::Options, Lang::Zh) => "选项",
            (Self::Notes, Lang::En) => "NOTES",
            (Self::Notes, Lang::Zh) => "说明",
            (Self::Status, Lang::En) => "EXIT STATUS",
            (Self::Status, Lang::Zh) => "退出码",
            (Self::SeeAlso, Lang::En) => "SEE ALSO",
            (Self::SeeAlso, Lang::Zh) => "另请参阅",
        }
    }
}

/// The name of the manual page on a topic.
fn name(topic: Topic) -> String {
    topic.word().map_or("gs_sshexkey".to_owned(), |word| format!("gs_sshexkey-{word}"))
}

/// The manual page on a topic. The general one has the classic command too, because that is the one without a verb.
/// `date`: of this version, in a form that readers know.
pub(crate) fn manual(topic: Topic, lang: Lang, date: &str) -> String {
    let mut page = Page { roff: String::new(), section: Section::Name, lang };
    let title = escaped(&name(topic).to_uppercase());
    page.line(".\\\" -*- mode: nroff; coding: utf-8 -*-");
    page.line(&format!(".TH {title} 1 \"{}\" \"gs_sshexkey {}\"", quoted(date), env!("CARGO_PKG_VERSION")));
    // No hyphens, and no stretched blanks: what stands here is typed.
    page.line(".nh");
    page.line(".ad l");
    page.section(Section::Name);
    page.line(&format!("{} \\- {}", escaped(&name(topic)), breakable(&escaped(topic.summary(lang)))));
    page.blocks(text(topic, lang));
    if topic == Topic::General {
        page.blocks(text(Topic::Setup, lang));
    }
    page.see_also(topic);
    page.roff
}

struct Page {
    roff: String,
    section: Section,
    lang: Lang,
}

impl Page {
    fn line(&mut self, line: &str) {
        self.roff.push_str(line);
        self.roff.push('\n');
    }

    /// A line of text; what stands at its beginning is no request.
    fn text(&mut self, line: &str) {
        let guard = if line.starts_with(['.', '\'']) { "\\&" } else { "" };
        self.line(&format!("{guard}{}", breakable(line)));
    }

    /// Begins a section, or a new paragraph of the one that it is.
    fn section(&mut self, section: Section) {
        if self.section == section && !matches!(section, Section::Name) {
            return self.line(".PP");
        }
        self.section = section;
        self.line(&format!(".SH \"{}\"", section.title(self.lang)));
    }

    fn blocks(&mut self, text: &str) {
        let all = blocks(text);
        let mut rest = all.iter().peekable();
        while let Some(block) = rest.next() {
            match block {
                Block::Usage(lines) => {
                    for line in lines {
                        self.section(Section::Synopsis);
                        self.text(&marked(line, true));
                    }
                }
                Block::Text(text) => {
                    self.section(self.section_of(text));
                    self.text(&marked(text, false));
                }
                Block::Heading(text) => {
                    self.list(rest.peek().copied());
                    self.line(&format!(".SS \"{}\"", breakable(&quoted(&escaped(text)))));
                }
                Block::Item(about, what) => {
                    self.list(Some(block));
                    self.line(if about.ends_with('.') { ".TP 4" } else { ".TP" });
                    self.text(&marked(about, true));
                    self.text(&marked(what, false));
                }
                Block::Example(line) => {
                    self.line(".PP");
                    self.line(".RS 4");
                    self.text(&marked(line, true));
                    self.line(".RE");
                }
            }
        }
    }

    /// Where a paragraph belongs.
    fn section_of(&self, text: &str) -> Section {
        let is_status = text.starts_with("Exit status") || text.starts_with("退出码");
        match self.section {
            _ if is_status => Section::Status,
            Section::Name | Section::Synopsis | Section::Description => Section::Description,
            _ => Section::Notes,
        }
    }

    /// Begins the section that an entry of a list belongs to. Steps belong to the text around them.
    fn list(&mut self, entry: Option<&Block>) {
        let section = match entry {
            Some(Block::Item(about, _)) if about.starts_with('-') => Section::Options,
            Some(Block::Item(about, _)) if !about.ends_with('.') => Section::Commands,
            _ => return,
        };
        if self.section != section {
            self.section(section);
        }
    }

    fn see_also(&mut self, topic: Topic) {
        self.section(Section::SeeAlso);
        let others: Vec<Topic> = Topic::ALL.into_iter().filter(|other| *other != topic).collect();
        for (index, other) in others.iter().enumerate() {
            let comma = if index + 1 < others.len() { "," } else { "" };
            self.line(&format!(".BR {} (1){comma}", escaped(&name(*other))));
        }
    }
}

/// Text that stands for itself.
fn escaped(text: &str) -> String {
    let mut safe = String::new();
    for c in text.chars() {
        match c {
            '\\' => safe.push_str("\\e"),
            '-' => safe.push_str("\\-"),
            '\'' => safe.push_str("\\(aq"),
            '`' => safe.push_str("\\(ga"),
            '^' => safe.push_str("\\(ha"),
            '~' => safe.push_str("\\(ti"),
            other => safe.push(other),
        }
    }
    safe
}

/// The argument of a request.
fn quoted(text: &str) -> String {
    text.replace('"', "\\(dq")
}

/// Chinese may be broken between any two characters, as long as its punctuation stays where it belongs.
fn breakable(text: &str) -> String {
    let mut out = String::new();
    let mut before: Option<char> = None;
    for c in text.chars() {
        let may = before.is_some_and(|left| (is_wide(left) || is_wide(c)) && left != ' ' && c != ' ');
        // Not inside an escape, of which the last characters are no Chinese ones.
        if may && !closes(c) && !before.is_some_and(opens) && !in_escape(&out) {
            out.push_str("\\:");
        }
        out.push(c);
        before = Some(c);
    }
    out
}

/// Whether what ends here is the beginning of an escape.
fn in_escape(text: &str) -> bool {
    text.ends_with('\\') || text.ends_with("\\(") || text.ends_with("\\f")
}

/// Text with its options in bold letters; in a command line, what stands for something else too.
fn marked(text: &str, command: bool) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "-_?".contains(c);
    let mut out = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len()).max(first.len_utf8());
        let (word, after) = rest.split_at(end);
        let is_option = word.len() > 1 && word.starts_with('-') && word != "--";
        let stands_for = command && word.len() > 1 && word.bytes().all(|b| b.is_ascii_uppercase());
        let word = escaped(word);
        out.push_str(&match (is_option || command && word == "gs_sshexkey", stands_for) {
            (true, _) => format!("\\fB{word}\\fR"),
            (_, true) => format!("\\fI{word}\\fR"),
            _ => word,
        });
        rest = after;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a page says, without what says how it is set.
    fn plain(roff: &str) -> String {
        let own = |line: &&str| {
            [".SH", ".TH", ".BR", ".\\\"", ".nh", ".ad", ".PP", ".TP", ".RS", ".RE"]
                .iter()
                .all(|request| !line.starts_with(request))
        };
        let mut text: String = roff.lines().filter(own).collect();
        for (escape, meant) in [
            (".SS \"", ""),
            ("\\fB", ""),
            ("\\fI", ""),
            ("\\fR", ""),
            ("\\:", ""),
            ("\\&", ""),
            ("\\-", "-"),
            ("\\(aq", "'"),
            ("\\(ga", "`"),
            ("\\(ha", "^"),
            ("\\(ti", "~"),
            ("\\(dq", "\""),
            ("\\e", "\\"),
        ] {
            text = text.replace(escape, meant);
        }
        text.chars().filter(|c| !c.is_whitespace() && *c != '"').collect()
    }

    fn squeezed(text: &str) -> String {
        text.chars().filter(|c| !c.is_whitespace() && *c != '"').collect()
    }

    #[test]
    fn a_page_says_what_the_help_says_and_nothing_else() {
        for topic in Topic::ALL {
            for lang in Lang::ALL {
                let page = plain(&manual(topic, lang, "2026-01-02"));
                let help = squeezed(text(topic, lang)).replacen("Usage:", "", 1).replacen("用法：", "", 1);
                let setup =
                    if topic == Topic::General { squeezed(text(Topic::Setup, lang)) } else { String::new() };
                let head = squeezed(&format!("{} - {}", name(topic), topic.summary(lang)));
                assert_eq!(page, format!("{head}{help}{setup}"), "{topic:?} {lang:?}");
            }
        }
    }

    #[test]
    fn how_things_are_set() {
        assert_eq!(marked("--by ip|FILE", true), "\\fB\\-\\-by\\fR ip|\\fIFILE\\fR");
        assert_eq!(marked("of SSH: -? 'a-b' -- C", false), "of SSH: \\fB\\-?\\fR \\(aqa\\-b\\(aq \\-\\- C");
        assert_eq!(breakable("密钥（SSH）用，x"), "密\\:钥\\:（SSH）\\:用，\\:x");
        let mut page = Page { roff: String::new(), section: Section::Notes, lang: Lang::En };
        page.text(".ssh");
        page.text("'quoted'");
        assert_eq!(page.roff, "\\&.ssh\n\\&'quoted'\n");
        let check = manual(Topic::Check, Lang::En, "2026-01-02");
        for line in [
            ".TH GS_SSHEXKEY\\-CHECK 1 \"2026-01-02\" ",
            "gs_sshexkey\\-check \\- shows who can reach whom\n",
            ".SH \"OPTIONS\"\n.SS \"The nodes, one of:\"\n.TP\n\\fB\\-f\\fR \\fIHOSTFILE\\fR\nOne node a line",
            ".SH \"EXIT STATUS\"\nExit status: 0 if every pair that was called works",
        ] {
            assert!(check.contains(line), "{line}\n{check}");
        }
    }
}
