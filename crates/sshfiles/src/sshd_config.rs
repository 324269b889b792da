//! `sshd_config`, as in sshd_config(5). `sshd -T` prints the same grammar.

/// The configuration of an sshd, to be read only.
#[derive(Clone, Debug)]
pub struct SshdConfig {
    directives: Vec<Directive>,
}

#[derive(Clone, Debug)]
struct Directive {
    /// In lower case.
    keyword: String,
    arguments: Vec<String>,
    /// Whether it stands below a `Match` that not every connection fulfils.
    conditional: bool,
}

impl SshdConfig {
    /// Reads any bytes. Bytes that are no UTF-8 are replaced.
    pub fn parse(bytes: &[u8]) -> Self {
        let mut directives = Vec::new();
        let mut conditional = false;
        for line in bytes.split(|byte| *byte == b'\n') {
            let Some((keyword, arguments)) = split_directive(&String::from_utf8_lossy(line)) else {
                continue;
            };
            if keyword == "match" {
                conditional = !matches!(arguments.as_slice(), [only] if only.eq_ignore_ascii_case("all"));
            }
            directives.push(Directive { keyword, arguments, conditional });
        }
        Self { directives }
    }

    /// The arguments of a keyword where it first occurs outside conditional `Match` blocks: the value that
    /// sshd takes. Keywords have no case. `Match all` is no condition.
    pub fn get(&self, keyword: &str) -> Option<Vec<String>> {
        self.unconditional(keyword).next().map(<[String]>::to_vec)
    }

    /// The arguments of all occurrences outside conditional `Match` blocks, for keywords that add up, such as
    /// `AllowUsers`, which `sshd -T` prints one value a line.
    pub fn get_all(&self, keyword: &str) -> Vec<String> {
        self.unconditional(keyword).flatten().cloned().collect()
    }

    /// The file patterns of every `Include`, in order, those in `Match` blocks too.
    pub fn includes(&self) -> Vec<String> {
        let includes = self.directives.iter().filter(|directive| directive.keyword == "include");
        includes.flat_map(|directive| directive.arguments.clone()).collect()
    }

    /// Whether some settings depend on the connection: there is a `Match` other than `Match all`.
    pub fn has_match(&self) -> bool {
        self.directives.iter().any(|directive| directive.keyword == "match" && directive.conditional)
    }

    fn unconditional(&self, keyword: &str) -> impl Iterator<Item = &[String]> {
        self.directives
            .iter()
            .filter(move |directive| {
                !directive.conditional && directive.keyword.eq_ignore_ascii_case(keyword)
            })
            .map(|directive| directive.arguments.as_slice())
    }
}

/// `Keyword arguments`, `Keyword=arguments` or `Keyword = arguments`.
pub(crate) fn split_directive(line: &str) -> Option<(String, Vec<String>)> {
    let line = line.trim_matches(|c: char| c.is_ascii_whitespace());
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    let end = line.find(|c: char| c.is_ascii_whitespace() || c == '=').unwrap_or(line.len());
    let (keyword, rest) = line.split_at_checked(end)?;
    let rest = rest.trim_ascii_start();
    Some((keyword.to_ascii_lowercase(), split_arguments(rest.strip_prefix('=').unwrap_or(rest))))
}

/// Splits at blanks outside single and double quotes, up to a word that starts with `#`.
///
/// A backslash takes the special meaning from a quote, a backslash, and outside quotes a space; else it is
/// itself.
fn split_arguments(text: &str) -> Vec<String> {
    let mut arguments = Vec::new();
    let mut current: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if quote.is_none() && c.is_ascii_whitespace() {
            arguments.extend(current.take());
            continue;
        }
        if c == '#' && current.is_none() {
            break;
        }
        let word = current.get_or_insert_default();
        let escapable = |next: &char| matches!(next, '"' | '\'' | '\\') || (quote.is_none() && *next == ' ');
        if c == '\\' && chars.peek().is_some_and(escapable) {
            word.extend(chars.next());
        } else if quote == Some(c) {
            quote = None;
        } else if quote.is_none() && matches!(c, '"' | '\'') {
            quote = Some(c);
        } else {
            word.push(c);
        }
    }
    arguments.extend(current);
    arguments
}
