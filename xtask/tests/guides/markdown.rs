//! As much of Markdown as the guides use.

use std::collections::{BTreeSet, HashMap};

/// A part of a guide that its twin has to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Block {
    /// A heading of this level.
    Heading(usize),
    /// A place that links name, by its name.
    Place(String),
    /// An item of a list: how many columns it is indented (2 or 3 count as one step), and whether it is numbered.
    Item { depth: usize, numbered: bool },
    /// A table: the cells of each row.
    Table(Vec<usize>),
    /// Code: its language, and, where it is commands, how many lines.
    Code { language: String, lines: Option<usize> },
    /// Code that is told by its indentation.
    Indented,
    /// A picture.
    Picture,
    /// A piece of text between blank lines, or what follows them inside of an item.
    Paragraph,
}

/// What was read of a guide; lines count from 1.
#[derive(Debug, Default)]
pub(crate) struct Document {
    pub(crate) blocks: Vec<(usize, Block)>,
    pub(crate) links: Vec<(usize, String)>,
    /// What links can name in it.
    pub(crate) places: BTreeSet<String>,
}

impl Document {
    pub(crate) fn read(text: &str) -> Self {
        let mut document = Self::default();
        let mut reader = Reader::default();
        for (place, line) in text.lines().enumerate() {
            reader.line(&mut document, place + 1, line);
        }
        reader.end_table(&mut document);
        document
    }
}

/// What the lines before say about the next one.
#[derive(Default)]
struct Reader {
    /// Inside of a fence: its marks, the language, the first line, the lines so far.
    fence: Option<(String, String, usize, usize)>,
    table: Option<(usize, Vec<usize>)>,
    /// The line before was blank, or code that is indented.
    blank: bool,
    indented: bool,
    /// A list goes on: what is indented belongs to its item.
    list: bool,
    slugs: HashMap<String, usize>,
}

impl Reader {
    fn line(&mut self, document: &mut Document, number: usize, line: &str) {
        let word = line.trim_start();
        if let Some((marks, language, first, lines)) = &mut self.fence {
            if word.starts_with(marks.as_str()) && word.trim_end().trim_start_matches('`').is_empty() {
                let lines = (language == "sh").then_some(*lines);
                let block = Block::Code { language: std::mem::take(language), lines };
                document.blocks.push((*first, block));
                self.fence = None;
            } else {
                *lines += 1;
            }
            return;
        }
        if word.starts_with("```") {
            let marks: String = word.chars().take_while(|c| *c == '`').collect();
            let language = word[marks.len()..].trim().to_owned();
            self.end_table(document);
            self.fence = Some((marks, language, number, 0));
            self.blank = false;
            return;
        }
        if word.starts_with('|') {
            let cells = cells(word);
            self.table.get_or_insert_with(|| (number, Vec::new())).1.push(cells);
        } else {
            self.end_table(document);
            self.text(document, number, line, word);
        }
        for link in links(line) {
            document.links.push((number, link));
        }
        self.blank = word.is_empty();
    }

    fn text(&mut self, document: &mut Document, number: usize, line: &str, word: &str) {
        let indent = line.len() - word.len();
        let level = word.bytes().take_while(|b| *b == b'#').count();
        if word.is_empty() {
            return;
        }
        if self.indented && indent >= 4 {
            return;
        }
        self.indented = false;
        if indent == 0 && (1..=6).contains(&level) && word[level..].starts_with(' ') {
            document.blocks.push((number, Block::Heading(level)));
            self.slug(document, &word[level + 1..]);
            self.list = false;
        } else if let Some(numbered) = item(word).filter(|_| self.list || indent < 4) {
            document.blocks.push((number, Block::Item { depth: indent.div_ceil(3), numbered }));
            self.list = true;
        } else if let Some(name) = word.strip_prefix("<a id=\"").and_then(|rest| rest.split('"').next()) {
            document.blocks.push((number, Block::Place(name.to_owned())));
            document.places.insert(name.to_owned());
            self.list = false;
        } else if indent >= 4 && self.blank && !self.list {
            document.blocks.push((number, Block::Indented));
            self.indented = true;
        } else if word.starts_with("![") || word.starts_with("[![") {
            document.blocks.push((number, Block::Picture));
        } else if self.blank {
            document.blocks.push((number, Block::Paragraph));
            self.list &= indent > 0;
        }
    }

    fn end_table(&mut self, document: &mut Document) {
        if let Some((first, rows)) = self.table.take() {
            document.blocks.push((first, Block::Table(rows)));
            self.list = false;
        }
    }

    /// The name that a heading gets, as GitHub makes it.
    fn slug(&mut self, document: &mut Document, heading: &str) {
        let kept = heading.trim().to_lowercase();
        let kept = kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        let slug: String = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
        let count = self.slugs.entry(slug.clone()).or_default();
        document.places.insert(if *count == 0 { slug } else { format!("{slug}-{count}") });
        *count += 1;
    }
}

/// Whether a line begins an item of a list, and whether that is numbered.
fn item(word: &str) -> Option<bool> {
    if word.starts_with("- ") || word.starts_with("* ") {
        return Some(false);
    }
    let digits = word.bytes().take_while(u8::is_ascii_digit).count();
    (digits > 0 && word[digits..].starts_with(". ")).then_some(true)
}

/// The cells of a row; `\|` and a bar in code are none.
fn cells(row: &str) -> usize {
    let row = row.replace("\\|", "");
    row.trim().trim_matches('|').split('|').count()
}

/// Where the links of a line lead, pictures too; not what stands in code.
fn links(line: &str) -> Vec<String> {
    let prose: String = line.split('`').step_by(2).collect::<Vec<_>>().join("`");
    prose.split("](").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0.to_owned())).collect()
}
