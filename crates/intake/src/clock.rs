//! Times as logs write them.

use model::Timestamp;
use wire::syslog_head::LocalTime;

use crate::text::number;

/// What is needed to read a time that is not whole: most logs leave out the zone, and old syslog the year.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// When the message arrived, or when the file was last written. A time without a year is the latest that is not later.
    pub reference: Timestamp,
    /// How far local time of the log is ahead of UTC, in seconds.
    pub ahead_s: i32,
}

/// How far a log's clock may be ahead of the reference before its date is taken for last year's.
const AHEAD_NS: i64 = 36 * 3_600 * 1_000_000_000;
const SECOND_NS: i64 = 1_000_000_000;

impl Clock {
    /// A time of day in the log's zone.
    #[must_use]
    pub fn local(&self, time: &LocalTime) -> Option<Timestamp> {
        let nanos = match time.year {
            Some(year) => time.nanos(year)?,
            None => {
                let this_year = year_of(self.reference);
                let latest = self.reference.nanos().saturating_add(AHEAD_NS);
                time.nanos(this_year.saturating_add(1)).filter(|nanos| *nanos <= latest).or_else(|| {
                    time.nanos(this_year).filter(|nanos| *nanos <= latest).or_else(|| time.nanos(this_year.saturating_sub(1)))
                })?
            }
        };
        Some(Timestamp::from_nanos(nanos.saturating_sub(i64::from(self.ahead_s).saturating_mul(SECOND_NS))))
    }

    /// `2026-11-23 12:00:00.123`, also with slashes, with `T` between, and with a zone behind it.
    #[must_use]
    pub fn date_time(&self, text: &[u8]) -> Option<Timestamp> {
        let (date, rest) = text.split_at_checked(10)?;
        let [y1, y2, y3, y4, b'-' | b'/', m1, m0, b'-' | b'/', d1, d0] = *date.first_chunk()? else { return None };
        let (clock, rest) = rest.strip_prefix(b" ").or_else(|| rest.strip_prefix(b"T"))?.split_at_checked(8)?;
        let time = LocalTime {
            year: Some(signed(&[y1, y2, y3, y4])?),
            month: signed(&[m1, m0])?,
            day: signed(&[d1, d0])?,
            second_of_day: second_of_day(clock)?,
        };
        let (fraction, zone) = fraction(rest);
        let clock = zone_ahead(zone).map_or(*self, |ahead_s| Self { ahead_s, ..*self });
        clock.local(&time).map(|whole| whole.plus_nanos(fraction))
    }
}

/// `12:00:00` in seconds.
pub(crate) fn second_of_day(text: &[u8]) -> Option<i64> {
    let [h1, h0, b':', m1, m0, b':', s1, s0] = *text.first_chunk()? else { return None };
    let (hour, minute, second) = (signed(&[h1, h0])?, signed(&[m1, m0])?, signed(&[s1, s0])?);
    (hour < 24 && minute < 60 && second < 61).then(|| hour * 3_600 + minute * 60 + second)
}

/// `.123` or `,123` in nanoseconds, and what follows.
fn fraction(text: &[u8]) -> (i64, &[u8]) {
    let Some((b'.' | b',', digits)) = text.split_first() else { return (0, text) };
    let end = digits.iter().position(|b| !b.is_ascii_digit()).unwrap_or(digits.len());
    let (digits, rest) = digits.split_at_checked(end).unwrap_or((digits, &[]));
    (tail_nanos(digits), rest)
}

/// Digits behind the point of a second, in nanoseconds.
fn tail_nanos(digits: &[u8]) -> i64 {
    let padded = digits.iter().take(9).chain(std::iter::repeat_n(&b'0', 9_usize.saturating_sub(digits.len())));
    padded.fold(0, |n, b| n * 10 + i64::from(b & 0x0f))
}

/// `Z`, `+01:00`, `+0100`, with or without a blank before, in seconds; `None` where no zone is written.
fn zone_ahead(text: &[u8]) -> Option<i32> {
    let text = text.trim_ascii_start();
    let (sign, digits) = match text.split_first()? {
        (b'Z', _) => return Some(0),
        (b'+', digits) => (1, digits),
        (b'-', digits) => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = (digits.get(..2)?, digits.get(2..)?);
    let minutes = minutes.strip_prefix(b":").unwrap_or(minutes).get(..2)?;
    i32::try_from(sign * (signed(hours)? * 3_600 + signed(minutes)? * 60)).ok()
}

fn signed(digits: &[u8]) -> Option<i64> {
    number(digits).and_then(|n| i64::try_from(n).ok())
}

/// Seconds since 1970 with a fraction: `1700000000.123456`.
pub(crate) fn epoch(text: &[u8]) -> Option<Timestamp> {
    let (whole, tail) = text.split_at_checked(memchr::memchr(b'.', text).unwrap_or(text.len()))?;
    let tail = tail.strip_prefix(b".").unwrap_or(tail);
    // Later than the year 2200 is no time, but some other number.
    let seconds = signed(whole).filter(|seconds| *seconds < 7_300_000_000)?;
    let plain = tail.iter().all(u8::is_ascii_digit);
    plain.then(|| Timestamp::from_parts(seconds, 0).plus_nanos(tail_nanos(tail)))
}

/// The year of an instant (Gregorian, UTC).
fn year_of(time: Timestamp) -> i64 {
    let days = time.nanos().div_euclid(86_400 * SECOND_NS);
    // A year is 365.2425 days; the guess is off by one at most, and the first of January decides.
    let guess = days * 10_000 / 3_652_425 + 1970;
    let begins = |year| LocalTime { year: None, month: 1, day: 1, second_of_day: 0 }.nanos(year).unwrap_or(i64::MAX);
    let later = guess.saturating_add(1);
    if begins(later) <= time.nanos() {
        later
    } else if begins(guess) <= time.nanos() {
        guess
    } else {
        guess.saturating_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock(reference: &str, ahead_s: i32) -> Clock {
        Clock { reference: reference.parse().unwrap(), ahead_s }
    }

    #[test]
    fn the_year_is_the_latest_that_fits() {
        let at = |reference: &str, month, day| {
            let time = LocalTime { year: None, month, day, second_of_day: 3_600 };
            clock(reference, 0).local(&time).unwrap().to_string()
        };
        assert_eq!(at("2026-11-23T00:00:00Z", 11, 22), "2026-11-22T01:00:00Z");
        assert_eq!(at("2026-01-01T00:00:00Z", 12, 31), "2025-12-31T01:00:00Z");
        assert_eq!(at("2025-12-31T20:00:00Z", 1, 1), "2026-01-01T01:00:00Z");
        assert_eq!(at("2024-02-29T20:00:00Z", 2, 29), "2024-02-29T01:00:00Z");
    }

    #[test]
    fn dates_with_and_without_zone() {
        let at = |text: &str| clock("2026-11-23T00:00:00Z", 3_600).date_time(text.as_bytes()).map(|t| t.to_string());
        assert_eq!(at("2026-11-23 12:00:00").as_deref(), Some("2026-11-23T11:00:00Z"));
        assert_eq!(at("2026/11/23 12:00:00.5").as_deref(), Some("2026-11-23T11:00:00.5Z"));
        assert_eq!(at("2026-11-23T12:00:00Z").as_deref(), Some("2026-11-23T12:00:00Z"));
        assert_eq!(at("2026-11-23 12:00:00,250 +0200").as_deref(), Some("2026-11-23T10:00:00.25Z"));
        for wrong in ["2026-13-23 12:00:00", "2026-11-23", "2026-11-23 25:00:00", ""] {
            assert_eq!(at(wrong), None);
        }
        assert_eq!(epoch(b"1700000000.5").unwrap().to_string(), "2023-11-14T22:13:20.5Z");
        assert_eq!(epoch(b"1e9"), None);
    }
}
