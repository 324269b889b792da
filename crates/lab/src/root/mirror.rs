//! From where Debian's packages come: from where this machine gets its own.

use std::fs;

/// Chooses a mirror instead of all that is found here.
const OVERRIDE: &str = "GS_LAB_MIRROR";
const LIST: &str = "/etc/apt/sources.list";
const PARTS: &str = "/etc/apt/sources.list.d";
/// Whoever offers one of these is a mirror of Debian, and so offers the others too.
const SUITES: [&str; 9] =
    ["bullseye", "bookworm", "trixie", "forky", "oldstable", "stable", "testing", "unstable", "sid"];

/// A mirror of Debian, if this machine's package sources name one.
pub(super) fn mirror() -> Option<String> {
    if let Ok(chosen) = std::env::var(OVERRIDE) {
        return Some(chosen);
    }
    let list = fs::read_to_string(LIST).unwrap_or_default();
    let entries = fs::read_dir(PARTS).into_iter().flatten().flatten();
    let mut parts: Vec<_> = entries.map(|entry| entry.path()).collect();
    parts.sort();
    let from_parts = parts.iter().find_map(|path| {
        let text = fs::read_to_string(path).ok()?;
        match path.extension()?.to_str()? {
            "list" => from_lines(&text),
            "sources" => from_stanzas(&text),
            _ => None,
        }
    });
    from_lines(&list).or(from_parts)
}

/// The one-line form: `deb [options] URI suite component…`.
fn from_lines(text: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let rest = line.trim().strip_prefix("deb ")?.trim_start();
        let rest = if rest.starts_with('[') { rest.split_once(']')?.1 } else { rest };
        let mut words = rest.split_whitespace();
        let uri = words.next()?;
        choose(uri, words.next()?)
    })
}

/// The form of several lines: stanzas of `Field: value`, set apart by empty lines.
fn from_stanzas(text: &str) -> Option<String> {
    text.split("\n\n").find_map(|stanza| {
        let field = |name: &str| {
            stanza.lines().find_map(|line| {
                let (field, value) = line.split_once(':')?;
                field.trim().eq_ignore_ascii_case(name).then(|| value.trim())
            })
        };
        if field("Enabled").is_some_and(|value| value == "no") {
            return None;
        }
        let suites = field("Suites")?;
        field("URIs")?.split_whitespace().find_map(|uri| choose(uri, suites))
    })
}

fn choose(uri: &str, suites: &str) -> Option<String> {
    let known = suites.split_whitespace().any(|suite| SUITES.contains(&suite));
    let reachable = ["http://", "https://", "file:"].iter().any(|scheme| uri.starts_with(scheme));
    (known && reachable).then(|| uri.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mirror_is_found_in_both_forms() {
        let lines = "# deb http://old.invalid/debian bookworm main\n\
                     deb http://other.invalid/tools any main\n\
                     deb http://safe.invalid/debian-security bookworm-security main\n\
                     deb [signed-by=/usr/share/key.gpg] http://one.invalid/debian trixie main contrib\n";
        assert_eq!(from_lines(lines).as_deref(), Some("http://one.invalid/debian"));
        let stanzas = "Types: deb\nURIs: http://off.invalid/debian\nSuites: sid\nEnabled: no\n\n\
                       Types: deb\n# a comment: with a colon\nURIs: cdrom:x http://two.invalid/debian\n\
                       Suites: bookworm bookworm-updates\nComponents: main\n";
        assert_eq!(from_stanzas(stanzas).as_deref(), Some("http://two.invalid/debian"));
        assert_eq!(from_lines(""), None);
        assert_eq!(from_stanzas("URIs: http://three.invalid/ubuntu\nSuites: noble\n"), None);
    }
}
