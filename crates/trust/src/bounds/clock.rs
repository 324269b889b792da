//! A node's own clock, and times as sshd reads them.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

/// A clock that differs by no more seconds than this counts as right: nobody knows when it was read, and a time that was asked
/// for is written as it was asked for.
const TOLERANCE: i64 = 60;

/// What the clock of a node said when it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeClock {
    /// Seconds since 1970, by the node.
    pub said: i64,
    /// Its zone then: seconds east of UTC.
    pub offset: i32,
    /// By this machine's clock, in seconds since 1970: not before.
    pub from: i64,
    /// Not after.
    pub to: i64,
}

impl NodeClock {
    /// Reads what `date '+%s %z'` prints: `1798740000 +0800`.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (said, zone) = text.trim().split_once(' ')?;
        let said: i64 = said.parse().ok().filter(|said| *said > 0)?;
        let (sign, digits) = zone.split_at_checked(1)?;
        let (hours, minutes) = digits.split_at_checked(2)?;
        let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
        let seconds = (hours.checked_mul(60)?.checked_add(minutes)?).checked_mul(60)?;
        let offset = match sign {
            "+" => seconds,
            "-" => -seconds,
            _ => return None,
        };
        // Zones reach from -12 to +14 hours.
        let known = (-15 * 3_600..=15 * 3_600).contains(&offset);
        known.then_some(Self { said, offset, from: said, to: said })
    }

    /// How far it is ahead of this machine's clock, in seconds; 0 if they cannot be told apart.
    #[must_use]
    pub const fn ahead(self) -> i64 {
        let (least, most) = (self.said.saturating_sub(self.to), self.said.saturating_sub(self.from));
        if least <= TOLERANCE && most >= -TOLERANCE { 0 } else { least.midpoint(most) }
    }

    /// A moment as sshd of this node is to read it: in its own local time, by its own clock. The zone is that of now: where
    /// clocks are put forward or back before that moment, it is an hour off.
    ///
    /// `None`: there is no such time.
    #[must_use]
    pub fn text(self, moment: i64) -> Option<String> {
        local_text(moment.checked_add(self.ahead())?, self.offset)
    }

    /// The moment that an expiry in a file of this node means; `None` if sshd would not take it for a time.
    #[must_use]
    pub fn moment(self, text: &str) -> Option<i64> {
        self.by_node(text)?.checked_sub(self.ahead())
    }

    /// How many seconds are left until it by the node's own clock; none or less: it is over.
    #[must_use]
    pub fn left(self, text: &str) -> Option<i64> {
        self.by_node(text)?.checked_sub(self.said)
    }

    /// In seconds since 1970 by the node's own clock.
    fn by_node(self, text: &str) -> Option<i64> {
        // misc.c of OpenSSH 9.1 and later, parse_absolute_time.
        let upper = text.to_ascii_uppercase();
        let (digits, utc) = match upper.strip_suffix('Z').or_else(|| upper.strip_suffix("UTC")) {
            Some(digits) => (digits, true),
            None => (text, false),
        };
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let part = |at: usize, length: usize| digits.get(at..at + length)?.parse::<i8>().ok();
        let year: i16 = digits.get(..4)?.parse().ok()?;
        let (hour, minute, second) = match digits.len() {
            8 => (0, 0, 0),
            12 => (part(8, 2)?, part(10, 2)?, 0),
            14 => (part(8, 2)?, part(10, 2)?, part(12, 2)?),
            _ => return None,
        };
        let civil = DateTime::new(year, part(4, 2)?, part(6, 2)?, hour, minute, second, 0).ok()?;
        let offset = if utc { Offset::UTC } else { Offset::from_seconds(self.offset).ok()? };
        Some(offset.to_timestamp(civil).ok()?.as_second())
    }
}

/// Seconds since 1970 as sshd writes times: `YYYYMMDDHHMM`, with seconds if there are some. `offset`: seconds east of UTC.
#[must_use]
pub fn local_text(seconds: i64, offset: i32) -> Option<String> {
    let civil = Offset::from_seconds(offset).ok()?.to_datetime(Timestamp::from_second(seconds).ok()?);
    if !(1970..=9999).contains(&civil.year()) {
        return None;
    }
    let seconds = if civil.second() == 0 { String::new() } else { format!("{:02}", civil.second()) };
    let (date, time) = (civil.date(), civil.time());
    Some(format!(
        "{:04}{:02}{:02}{:02}{:02}{seconds}",
        date.year(),
        date.month(),
        date.day(),
        time.hour(),
        time.minute()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-12-31 18:00 UTC.
    const MOMENT: i64 = 1_798_740_000;

    fn clock(ahead: i64, offset: i32) -> NodeClock {
        let now = MOMENT - 8 * 3_600;
        NodeClock { said: now + ahead, offset, from: now - 1, to: now + 1 }
    }

    #[test]
    fn what_date_prints_is_read() {
        let cases = [
            ("1798740000 +0000", Some((MOMENT, 0))),
            ("1798740000 +0800\n", Some((MOMENT, 28_800))),
            ("1798740000 -0330", Some((MOMENT, -12_600))),
            ("1798740000 +9900", None),
            ("1798740000 0800", None),
            ("1798740000", None),
            ("1798740000 +é00", None),
            ("x +0000", None),
            ("", None),
        ];
        for (text, wanted) in cases {
            assert_eq!(NodeClock::read(text).map(|clock| (clock.said, clock.offset)), wanted, "{text}");
        }
    }

    #[test]
    fn a_time_is_written_by_the_nodes_own_clock_and_zone() {
        let cases = [
            (clock(0, 0), MOMENT, "202612311800"),
            (clock(0, 28_800), MOMENT, "202701010200"),
            (clock(0, -12_600), MOMENT, "202612311430"),
            (clock(0, 0), MOMENT + 7, "20261231180007"),
            // Too little to tell.
            (clock(50, 0), MOMENT, "202612311800"),
            (clock(3_600, 0), MOMENT, "202612311900"),
            (clock(-7_200, 0), MOMENT, "202612311600"),
        ];
        for (clock, moment, wanted) in cases {
            assert_eq!(clock.text(moment).as_deref(), Some(wanted), "{clock:?}");
            assert_eq!(clock.moment(wanted), Some(moment), "{clock:?}");
        }
        assert_eq!(clock(3_600, 0).left("202612311800"), Some(7 * 3_600));
        assert_eq!(clock(0, 0).text(i64::MAX), None);
        assert_eq!(clock(0, 0).text(260_000_000_000), None);
    }

    #[test]
    fn times_are_read_as_sshd_reads_them() {
        let clock = clock(0, 3_600);
        let cases = [
            ("20261231", Some(MOMENT - 19 * 3_600)),
            ("202612311900", Some(MOMENT)),
            ("20261231190001", Some(MOMENT + 1)),
            ("202612311800Z", Some(MOMENT)),
            ("20261231Z", Some(MOMENT - 18 * 3_600)),
            ("2026-12-31", None),
            ("20261331", None),
            ("2026123118", None),
            ("202612312500", None),
            ("+2026123", None),
            ("", None),
            ("Z", None),
        ];
        for (text, wanted) in cases {
            assert_eq!(clock.moment(text), wanted, "{text}");
        }
    }
}
