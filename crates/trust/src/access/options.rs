//! The options of a line of `authorized_keys`, as sshd reads them: sshd(8), AUTHORIZED_KEYS FILE FORMAT.

/// One option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyOption {
    /// Its name in lower case.
    pub name: String,
    /// What stands in its quotes.
    pub value: Option<String>,
}

/// Why sshd ignores a line for its options.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BadOption {
    /// No sshd knows it.
    Unknown(String),
    /// It lacks its value, or quotes, or something stands behind them.
    Malformed(String),
    /// This node's sshd is older than the option: its name, and the first that knows it.
    Old(String, (u32, u32)),
}

/// Options without a value, and the first sshd that knows them. Those with `no-` before them are older.
const FLAGS: [(&str, (u32, u32)); 9] = [
    ("restrict", (7, 2)),
    ("cert-authority", (5, 4)),
    ("port-forwarding", (7, 2)),
    ("agent-forwarding", (7, 2)),
    ("x11-forwarding", (7, 2)),
    ("pty", (7, 2)),
    ("user-rc", (7, 2)),
    ("touch-required", (8, 2)),
    ("verify-required", (8, 4)),
];
/// Options with a value, and the first sshd that knows them.
const VALUED: [(&str, (u32, u32)); 8] = [
    ("command", (1, 2)),
    ("from", (1, 2)),
    ("environment", (1, 2)),
    ("permitopen", (1, 2)),
    ("permitlisten", (7, 8)),
    ("principals", (5, 6)),
    ("tunnel", (4, 3)),
    ("expiry-time", (7, 7)),
];
/// The first sshd that knows a time in UTC (a `Z` behind it).
const UTC_SINCE: (u32, u32) = (9, 1);

/// Reads the options of a line.
///
/// # Errors
/// [`BadOption`] if no sshd takes them.
pub fn parse(text: &str) -> Result<Vec<KeyOption>, BadOption> {
    let mut options = Vec::new();
    let mut rest = text;
    loop {
        let end = rest.find(['=', ',']).unwrap_or(rest.len());
        let (name, behind) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let name = name.to_ascii_lowercase();
        let (value, behind) = match behind.strip_prefix('=') {
            Some(quoted) => {
                let (value, behind) = dequote(quoted).ok_or_else(|| BadOption::Malformed(name.clone()))?;
                (Some(value), behind)
            }
            None => (None, behind),
        };
        let option = KeyOption { name, value };
        let known = since(&option).ok_or_else(|| {
            let known = VALUED.iter().chain(&FLAGS).any(|(name, _)| *name == option.name);
            let bad = if known { BadOption::Malformed } else { BadOption::Unknown };
            bad(option.name.clone())
        });
        known?;
        let malformed = || BadOption::Malformed(option.name.clone());
        if option.name == "expiry-time" && option.value.as_deref().and_then(expiry).is_none() {
            return Err(malformed());
        }
        rest = match behind.strip_prefix(',') {
            Some(next) => next,
            None if behind.is_empty() => {
                options.push(option);
                return Ok(options);
            }
            None => return Err(malformed()),
        };
        options.push(option);
    }
}

/// Whether an sshd of this version takes them all; `None`: its version is not known, so nothing is said against it.
///
/// # Errors
/// [`BadOption::Old`].
pub(super) fn fit(options: &[KeyOption], version: Option<(u32, u32)>) -> Result<(), BadOption> {
    let Some(version) = version else { return Ok(()) };
    let old = options.iter().find_map(|option| {
        let since = since(option)?;
        (version < since).then(|| BadOption::Old(option.name.clone(), since))
    });
    old.map_or(Ok(()), Err)
}

/// The first sshd that knows an option; `None` if there is none.
fn since(option: &KeyOption) -> Option<(u32, u32)> {
    let find = |table: &[(&str, (u32, u32))], name: &str| {
        table.iter().find(|(known, _)| *known == name).map(|(_, since)| *since)
    };
    let name = option.name.as_str();
    match &option.value {
        Some(value) if name == "expiry-time" && value.ends_with(['Z', 'z', 'C', 'c']) => Some(UTC_SINCE),
        Some(_) => find(&VALUED, name),
        None => find(&FLAGS, name).or_else(|| match name.strip_prefix("no-")? {
            "touch-required" => Some((8, 2)),
            "verify-required" => Some((8, 4)),
            "port-forwarding" | "agent-forwarding" | "x11-forwarding" | "pty" => Some((1, 2)),
            "user-rc" => Some((4, 9)),
            _ => None,
        }),
    }
}

/// What stands between quotes, and what follows them. `\"` is a quote.
fn dequote(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.strip_prefix('"')?.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, text.get(at + 2..).unwrap_or_default())),
            '\\' if chars.as_str().starts_with('"') => {
                chars.next();
                value.push('"');
            }
            c => value.push(c),
        }
    }
    None
}

/// When a key ends: 14 digits, `YYYYMMDDHHMMSS`, and whether they are in UTC; else they are the node's local time.
#[must_use]
pub fn expiry(text: &str) -> Option<(String, bool)> {
    let upper = text.to_ascii_uppercase();
    let utc = upper.strip_suffix("UTC").or_else(|| upper.strip_suffix('Z'));
    let digits = utc.unwrap_or(&upper);
    let fits = matches!(digits.len(), 8 | 12 | 14) && digits.bytes().all(|byte| byte.is_ascii_digit());
    fits.then(|| (format!("{digits:0<14}"), utc.is_some()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names(text: &str) -> Result<Vec<(String, Option<String>)>, BadOption> {
        Ok(parse(text)?.into_iter().map(|option| (option.name, option.value)).collect())
    }

    #[test]
    fn options_are_read_as_sshd_reads_them() {
        let with = |name: &str, value: &str| (name.to_owned(), Some(value.to_owned()));
        let flag = |name: &str| (name.to_owned(), None);
        assert_eq!(names("restrict,PTY"), Ok(vec![flag("restrict"), flag("pty")]));
        assert_eq!(
            names(r#"from="10.0.0.0/8,!10.1.0.1",command="say \"hi, you\"",no-X11-forwarding"#),
            Ok(vec![
                with("from", "10.0.0.0/8,!10.1.0.1"),
                with("command", r#"say "hi, you""#),
                flag("no-x11-forwarding"),
            ])
        );
        let unknown = |name: &str| Err(BadOption::Unknown(name.to_owned()));
        let malformed = |name: &str| Err(BadOption::Malformed(name.to_owned()));
        assert_eq!(names("pti"), unknown("pti"));
        assert_eq!(names("restrict,"), unknown(""));
        assert_eq!(names(r#"form="x""#), unknown("form"));
        assert_eq!(names("from=10.0.0.1"), malformed("from"));
        assert_eq!(names("from"), malformed("from"));
        assert_eq!(names(r#"restrict="yes""#), malformed("restrict"));
        assert_eq!(names(r#"from="a"b"#), malformed("from"));
        assert_eq!(names(r#"expiry-time="tomorrow""#), malformed("expiry-time"));
    }

    #[test]
    fn an_older_sshd_ignores_what_it_does_not_know() {
        let old = |text: &str, version| fit(&parse(text).unwrap(), version).err();
        let cases = [
            ("restrict", (7, 1), Some((7, 2))),
            ("restrict", (7, 2), None),
            (r#"from="a",expiry-time="20260101""#, (7, 4), Some((7, 7))),
            (r#"expiry-time="20260101Z""#, (9, 0), Some((9, 1))),
            (r#"expiry-time="20260101""#, (9, 0), None),
            ("no-touch-required", (8, 1), Some((8, 2))),
            ("no-pty", (5, 3), None),
        ];
        for (text, version, since) in cases {
            let seen = old(text, Some(version));
            let seen = seen.map(|bad| match bad {
                BadOption::Old(_, since) => since,
                other => panic!("{other:?}"),
            });
            assert_eq!(seen, since, "{text} {version:?}");
        }
        assert_eq!(old("restrict", None), None);
    }

    #[test]
    fn times() {
        let of = |text: &str| expiry(text);
        assert_eq!(of("20260102"), Some(("20260102000000".to_owned(), false)));
        assert_eq!(of("202601021530"), Some(("20260102153000".to_owned(), false)));
        assert_eq!(of("20260102153001Z"), Some(("20260102153001".to_owned(), true)));
        assert_eq!(of("20260102UTC"), Some(("20260102000000".to_owned(), true)));
        assert_eq!((of("2026"), of("2026-01-02"), of("")), (None, None, None));
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "[a-z=\",\\\\é-]{0,30}") {
            let _ = parse(&text);
        }
    }
}
