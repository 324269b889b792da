//! Who came when, by the log of sshd.

use std::collections::BTreeMap;

/// What the log of a node says of logins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Log {
    /// The first login that stands in it, of anybody, `YYYY-MM-DD HH:MM:SS` in the log's own time; `None`: it could not be read,
    /// or tells of no login at all, so it says of no key that it was not used.
    pub since: Option<String>,
    /// The last login of this user with each key, by its fingerprint.
    pub uses: BTreeMap<String, Use>,
}

/// A login.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Use {
    /// `YYYY-MM-DD HH:MM:SS` in the log's own time.
    pub time: String,
    /// The address that it came from, as the log has it.
    pub from: String,
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

impl Log {
    /// Adds what one log says: `first LINE` and `use LINE`, as the script prints them. `now`: 14 digits, for lines without a
    /// year.
    pub(super) fn add(&mut self, text: &str, now: &str) {
        for line in text.lines() {
            let Some((what, line)) = line.split_once(' ') else { continue };
            let Some(time) = time(line, now) else { continue };
            match what {
                "first" if self.since.as_ref().is_none_or(|since| *since > time) => self.since = Some(time),
                "use" => {
                    let Some((key, from)) = login(line) else { continue };
                    let new = Use { time, from };
                    let known = self.uses.entry(key).or_insert_with(|| new.clone());
                    if known.time < new.time {
                        *known = new;
                    }
                }
                _ => {}
            }
        }
    }
}

/// The key and the address of `Accepted publickey for USER from ADDRESS port N ssh2: TYPE FINGERPRINT`; of a certificate it is
/// the key that signed it, which stands last.
fn login(line: &str) -> Option<(String, String)> {
    let (_, rest) = line.split_once("]: Accepted publickey for ")?;
    let mut words = rest.split(' ').skip_while(|word| *word != "from").skip(1);
    let from = words.next()?.to_owned();
    let key = words.last().filter(|word| word.starts_with("SHA256:"))?;
    Some((key.to_owned(), from))
}

/// The time at the start of a line, in one of the two forms that logs have.
fn time(line: &str, now: &str) -> Option<String> {
    // A host may have that letter in its name.
    let iso = line.get(..19).filter(|time| time.as_bytes().get(10) == Some(&b'T'));
    if let Some((day, clock)) = iso.and_then(|time| time.split_once('T')) {
        let fits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || b"-:".contains(&byte));
        return (fits(day) && fits(clock)).then(|| format!("{day} {clock}"));
    }
    let mut words = line.split_ascii_whitespace();
    let (month, day, clock) = (words.next()?, words.next()?, words.next()?);
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    let day: u8 = day.parse().ok().filter(|day| (1..=31).contains(day))?;
    let fits = clock.len() == 8 && clock.bytes().all(|byte| byte.is_ascii_digit() || byte == b':');
    let this_year: u16 = now.get(..4)?.parse().ok()?;
    // Without a year it is the last such day: a log has no future.
    let future = format!("{month:02}{day:02}").as_str() > now.get(4..8)?;
    let year = this_year - u16::from(future && this_year > 0);
    fits.then(|| format!("{year:04}-{month:02}-{day:02} {clock}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "20260302101500";

    #[test]
    fn times_of_a_log() {
        let cases = [
            ("Mar  2 09:00:01 node1 sshd[1]: x", Some("2026-03-02 09:00:01")),
            ("Dec 31 09:00:01 node1 sshd[1]: x", Some("2025-12-31 09:00:01")),
            ("2026-03-02T09:00:01.123456+08:00 node1 sshd[1]: x", Some("2026-03-02 09:00:01")),
            ("2026-03-02T09:00:01+0800 node1 sshd[1]: x", Some("2026-03-02 09:00:01")),
            ("Mrz  2 09:00:01 node1", None),
            ("Mar 99 09:00:01 node1", None),
            ("2026-03-02Tevil\u{1b}[2J: x", None),
            ("", None),
        ];
        for (line, wanted) in cases {
            assert_eq!(time(line, NOW).as_deref(), wanted, "{line}");
        }
    }

    #[test]
    fn the_last_login_of_each_key_counts() {
        let mut log = Log::default();
        let line = |day: u8, from: &str, end: &str| {
            format!(
                "use Feb {day:02} 10:00:00 n sshd[4]: Accepted publickey for omm from {from} port 9 ssh2: {end}\n"
            )
        };
        let text = [
            "first Jan  9 10:00:00 n sshd[4]: Accepted password for root from 10.0.0.9 port 9 ssh2\n"
                .to_owned(),
            line(2, "10.0.0.1", "ED25519 SHA256:a"),
            line(3, "10.0.0.2", "RSA-CERT SHA256:x ID from me (serial 0) CA RSA SHA256:b"),
            line(3, "10.0.0.2", "RSA"),
        ];
        log.add(&text.concat(), NOW);
        log.add(&line(1, "10.0.0.7", "ED25519 SHA256:a"), NOW);
        assert_eq!(log.since.as_deref(), Some("2026-01-09 10:00:00"));
        let seen: Vec<_> = log
            .uses
            .iter()
            .map(|(key, seen)| (key.as_str(), seen.time.as_str(), seen.from.as_str()))
            .collect();
        assert_eq!(
            seen,
            [
                ("SHA256:a", "2026-02-02 10:00:00", "10.0.0.1"),
                ("SHA256:b", "2026-02-03 10:00:00", "10.0.0.2")
            ]
        );
    }

    #[test]
    fn a_log_that_tells_of_nobody_says_nothing() {
        let mut log = Log::default();
        log.add("first \nuse\nrubbish here\n", NOW);
        assert_eq!(log, Log::default());
    }
}
