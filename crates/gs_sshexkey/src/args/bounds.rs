//! `--from` and `--expires`: from where and until when trust holds.

use clap::Args;
use jiff::civil::DateTime;
use jiff::{Timestamp, Zoned};
use sshtrust::bounds::{Ask, BoundsWish, Expiry, Origin, Origins, OriginsError, SHORTEST};
use sshtrust::text::printable;

use super::duration::duration;
use crate::errors::{NOT_DONE, Report};

const FROM_CURE: &str = "Write 'cluster' for the addresses of the cluster's nodes, addresses and networks with commas \
                         between them (10.0.0.0/24,10.0.1.7), or 'any' for no bound.";
const EXPIRES_CURE: &str = "Write a time to last (30m, 8h, 2d, 1w), a moment (2026-12-31T18:00 in this machine's local time, with Z or \
                            +08:00 behind it in another; 2026-12-31 is the beginning of that day), or 'never'.";
/// The last moment that sshd has digits for, less a year for clocks and zones: 9998-12-31.
const LAST: i64 = 253_370_764_800;

/// The options that bound trust.
#[derive(Args)]
pub(super) struct BoundWords {
    #[arg(long)]
    from: Option<String>,
    #[arg(long)]
    expires: Option<String>,
}

impl BoundWords {
    /// What they ask. A mistake in them is bad input: exit status 2.
    pub(super) fn read(&self) -> Result<BoundsWish, Report> {
        let from = self.from.as_deref().map(origin).transpose();
        let expires = self.expires.as_deref().map(|text| expiry(text, &Zoned::now())).transpose();
        let wish = |from: Option<_>, expires: Option<_>| BoundsWish {
            from: from.unwrap_or_default(),
            expires: expires.unwrap_or_default(),
        };
        from.and_then(|from| Ok(wish(from, expires?))).map_err(|report| report.exit(NOT_DONE))
    }
}

fn wrong(flag: &str, why: &str) -> Report {
    Report::new("50004", &format!("The parameter '{flag}' value is incorrect. {why}"))
}

fn origin(text: &str) -> Result<Ask<Origin>, Report> {
    match text {
        "any" => return Ok(Ask::Lift),
        "cluster" => return Ok(Ask::Set(Origin::Cluster)),
        _ => {}
    }
    let list = Origins::read(text).map_err(|error| {
        let why = match &error {
            OriginsError::NoNetwork(word) => {
                format!("{} is neither an address nor a network.", printable(word.as_bytes()))
            }
            OriginsError::HostBits(word, network) => {
                let word = printable(word.as_bytes());
                format!("{word} has bits behind its mask, and sshd would let nobody in. Is {network} meant?")
            }
            OriginsError::Empty => "It has an empty place.".to_owned(),
        };
        wrong("--from", &why).cure(FROM_CURE)
    })?;
    Ok(Ask::Set(Origin::List(list)))
}

fn expiry(text: &str, now: &Zoned) -> Result<Ask<Expiry>, Report> {
    if text == "never" {
        return Ok(Ask::Lift);
    }
    let shown = printable(text.as_bytes());
    let no_time = || wrong("--expires", &format!("{shown} is not a time.")).cure(EXPIRES_CURE);
    let expiry = duration(text).map(Expiry::After).or_else(|| moment(text, now).map(Expiry::At));
    let expiry = expiry.ok_or_else(no_time)?;
    let now = now.timestamp().as_second();
    let at = expiry.moment(now);
    let why = match at.saturating_sub(now) {
        left if left <= 0 => "is in the past",
        left if left < SHORTEST => "is less than a minute from now",
        _ if at >= LAST => "is too far away",
        _ => return Ok(Ask::Set(expiry)),
    };
    Err(wrong("--expires", &format!("{shown} {why}.")).cure(EXPIRES_CURE))
}

/// A moment in seconds since 1970. One without a zone is in that of `now`.
fn moment(text: &str, now: &Zoned) -> Option<i64> {
    // Of a zone in brackets, and of one behind a blank, the reader would take no notice.
    if text.contains('[') {
        return None;
    }
    let time = text.split_once(['T', 't', ' ']).map(|(_, time)| time);
    if time.is_some_and(|time| time.contains(['Z', 'z', '+', '-'])) {
        return Some(text.parse::<Timestamp>().ok()?.as_second());
    }
    let civil: DateTime = text.parse().ok()?;
    Some(civil.to_zoned(now.time_zone().clone()).ok()?.timestamp().as_second())
}

#[cfg(test)]
mod tests {
    use jiff::tz::{Offset, TimeZone};

    use super::*;

    /// 2026-12-31 18:00 UTC, which is 2027-01-01 02:00 here.
    const NOW: i64 = 1_798_740_000;

    fn read(text: &str) -> Result<Ask<Expiry>, Report> {
        let zone = TimeZone::fixed(Offset::constant(8));
        expiry(text, &Timestamp::from_second(NOW).unwrap().to_zoned(zone))
    }

    #[test]
    fn times_to_last_and_moments() {
        let cases = [
            ("never", Ask::Lift),
            ("1m", Ask::Set(Expiry::After(60))),
            ("8h", Ask::Set(Expiry::After(8 * 3_600))),
            ("2d", Ask::Set(Expiry::After(2 * 86_400))),
            ("1w", Ask::Set(Expiry::After(7 * 86_400))),
            ("2027-01-02", Ask::Set(Expiry::At(NOW + 22 * 3_600))),
            ("2027-01-01T03:00", Ask::Set(Expiry::At(NOW + 3_600))),
            ("2027-01-01T03:00:01", Ask::Set(Expiry::At(NOW + 3_601))),
            ("2026-12-31T18:30Z", Ask::Set(Expiry::At(NOW + 1_800))),
            ("2026-12-31T19:30+01:00", Ask::Set(Expiry::At(NOW + 1_800))),
            ("2026-12-31T14:30-04:00", Ask::Set(Expiry::At(NOW + 1_800))),
            ("2026-12-31 19:30+01:00", Ask::Set(Expiry::At(NOW + 1_800))),
        ];
        for (text, wanted) in cases {
            assert_eq!(read(text).map_err(|report| report.to_string()), Ok(wanted), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_told() {
        let cases = [
            ("0m", "is in the past"),
            ("2027-01-01", "is in the past"),
            ("2027-01-01T02:00", "is in the past"),
            ("2026-12-31T18:00Z", "is in the past"),
            ("2027-01-01T02:00:59", "is less than a minute from now"),
            ("9999-01-02", "is too far away"),
            ("999999999999999999999w", "is too far away"),
            ("90s", "is not a time"),
            ("8", "is not a time"),
            ("h", "is not a time"),
            ("-8h", "is not a time"),
            ("1.5h", "is not a time"),
            ("8 h", "is not a time"),
            ("2026-13-01", "is not a time"),
            ("2027-01-01T25:00", "is not a time"),
            ("tomorrow", "is not a time"),
            ("", "is not a time"),
            ("8h\u{1b}", "is not a time"),
        ];
        for (text, why) in cases {
            let report = read(text).unwrap_err().to_string();
            assert!(report.contains(&format!(" {why}.")) && !report.contains('\u{1b}'), "{text}: {report}");
        }
    }

    #[test]
    fn a_mistake_in_a_bound_is_bad_input() {
        let line = |from: &str| BoundWords { from: Some(from.to_owned()), expires: None }.read();
        for from in ["", "10.0.0.1/24", "node1", "10.0.0.1,,10.0.0.2", "Cluster", "all"] {
            assert_eq!(line(from).unwrap_err().status(), NOT_DONE, "{from}");
        }
        assert_eq!(line("any").unwrap().from, Ask::Lift);
        assert_eq!(line("cluster").unwrap().from, Ask::Set(Origin::Cluster));
        let text = line("10.0.0.1/24").unwrap_err().to_string();
        assert!(text.contains("Is 10.0.0.0/24 meant?"), "{text}");
        let wish = BoundWords { from: None, expires: Some("90s".to_owned()) }.read();
        assert_eq!(wish.unwrap_err().status(), NOT_DONE);
    }
}
