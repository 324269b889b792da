//! The INI dialect of Ansible's plugin `ini`.

use super::{AnsibleError, AnsibleMistake, Inventory, Key, Value, Vars};
use crate::inventory::Mistake;
use crate::text::printable;

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Hosts,
    Children,
    Vars,
    /// After a section that could not be read.
    Skip,
}

/// Reads an inventory in INI form.
pub(super) fn parse(text: &str) -> Result<Inventory, AnsibleError> {
    let mut inventory = Inventory::default();
    let mut declared: Vec<String> = vec!["all".to_owned(), "ungrouped".to_owned()];
    let mut used: Vec<(String, usize)> = Vec::new();
    let (mut group, mut kind) = ("ungrouped".to_owned(), Kind::Hosts);
    for (number, line) in text.lines().enumerate().map(|(at, line)| (at + 1, line.trim())) {
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        match section(line) {
            Some(Ok((name, new))) => {
                inventory.group(name)?;
                match new {
                    Kind::Vars => used.push((name.to_owned(), number)),
                    _ => declared.push(name.to_owned()),
                }
                (group, kind) = (name.to_owned(), new);
                continue;
            }
            Some(Err(mistake)) => {
                inventory.wrong(number, mistake);
                kind = Kind::Skip;
                continue;
            }
            None => {}
        }
        match kind {
            Kind::Hosts => host(&mut inventory, &group, line, number)?,
            Kind::Children => {
                let child = line.split('#').next().unwrap_or_default().trim().to_owned();
                used.push((child.clone(), number));
                inventory.group(&group)?.children.push((child, number));
            }
            Kind::Vars => variable(&mut inventory, &group, line, number)?,
            Kind::Skip => {}
        }
    }
    declared.sort();
    for (name, line) in used.into_iter().filter(|(name, _)| declared.binary_search(name).is_err()) {
        inventory.wrong(line, AnsibleMistake::UndefinedGroup(printable(name.as_bytes())));
    }
    if inventory.mistakes.is_empty() {
        return Ok(inventory);
    }
    let mut mistakes = inventory.mistakes;
    mistakes.sort_by_key(|mistake: &Mistake<_>| mistake.line);
    Err(AnsibleError::Mistakes(mistakes))
}

/// `[group]`, `[group:children]`, `[group:vars]`, a comment behind it; nothing if the line is no section.
fn section(line: &str) -> Option<Result<(&str, Kind), AnsibleMistake>> {
    let (inner, tail) = line.strip_prefix('[')?.split_once(']')?;
    if inner.parse::<std::net::IpAddr>().is_ok() {
        return None;
    }
    let comment = tail.trim_start();
    match tail.chars().next() {
        _ if comment.is_empty() || comment.starts_with('#') => {}
        Some(c) if c.is_whitespace() => return Some(Err(AnsibleMistake::Section)),
        // A host: [fd00::1]:22, or [a:f]1.
        _ => return None,
    }
    let (name, kind) = match inner.split_once(':') {
        None => (inner, Kind::Hosts),
        Some((name, "children")) => (name, Kind::Children),
        Some((name, "vars")) => (name, Kind::Vars),
        Some(_) => return Some(Err(AnsibleMistake::Section)),
    };
    let good = !name.is_empty() && !name.contains(char::is_whitespace);
    Some(if good { Ok((name, kind)) } else { Err(AnsibleMistake::Section) })
}

/// `PATTERN KEY=VALUE …`
fn host(inventory: &mut Inventory, group: &str, line: &str, number: usize) -> Result<(), AnsibleError> {
    let Some(words) = words(line) else {
        inventory.wrong(number, AnsibleMistake::Quote);
        return Ok(());
    };
    let mut words = words.into_iter();
    let Some(pattern) = words.next() else { return Ok(()) };
    let mut vars = Vars::new();
    for word in words {
        match word.split_once('=') {
            Some((name, text)) => {
                let value = Value { text: Some(unquoted(text.trim()).to_owned()), line: number };
                vars.extend(Key::read(name.trim()).map(|key| (key, value)));
            }
            None => {
                inventory.wrong(number, AnsibleMistake::Variable);
                return Ok(());
            }
        }
    }
    inventory.add(group, &pattern, number, &vars)
}

/// `KEY = VALUE` of a group.
fn variable(inventory: &mut Inventory, group: &str, line: &str, number: usize) -> Result<(), AnsibleError> {
    let Some((name, text)) = line.split_once('=') else {
        inventory.wrong(number, AnsibleMistake::Variable);
        return Ok(());
    };
    if let Some(key) = Key::read(name.trim()) {
        let text = Some(unquoted(text.trim()).to_owned());
        inventory.group(group)?.vars.insert(key, Value { text, line: number });
    }
    Ok(())
}

/// A value without its quotes, or without the comment behind it.
fn unquoted(text: &str) -> &str {
    for quote in ['"', '\''] {
        if let Some((inner, _)) = text.strip_prefix(quote).and_then(|rest| rest.split_once(quote)) {
            return inner;
        }
    }
    text.split(" #").next().unwrap_or_default().trim_end()
}

/// The words of a line as a shell would cut it: quotes, backslashes, `#` starts a comment. `None`: a quote stays open.
fn words(line: &str) -> Option<Vec<String>> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some('\''), c) => word.get_or_insert_default().push(c),
            (_, '\\') => word.get_or_insert_default().push(chars.next()?),
            (Some(_), c) => word.get_or_insert_default().push(c),
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, '#') => break,
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (None, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_as_a_shell_does() {
        let cases: &[(&str, Option<&[&str]>)] = &[
            ("a b=c  d='e f' # g", Some(&["a", "b=c", "d=e f"])),
            (r#"a b="c \" d" e\ f"#, Some(&["a", "b=c \" d", "e f"])),
            ("a ''", Some(&["a", ""])),
            ("a 'b", None),
            (r"a \", None),
            ("# a", Some(&[])),
        ];
        for (line, wanted) in cases {
            let found = words(line);
            assert_eq!(
                found.as_ref().map(|w| w.iter().map(String::as_str).collect::<Vec<_>>()).as_deref(),
                *wanted,
                "{line}"
            );
        }
    }

    #[test]
    fn values_lose_quotes_and_comments() {
        for text in ["10.0.0.1", "'10.0.0.1'", "\"10.0.0.1\" # one", "10.0.0.1 # one"] {
            assert_eq!(unquoted(text), "10.0.0.1", "{text}");
        }
        assert_eq!(unquoted("'10.0.0.1"), "'10.0.0.1");
    }
}
