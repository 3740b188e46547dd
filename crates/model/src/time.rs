//! Time as captures tell it: nanoseconds since 1970-01-01T00:00:00Z, read from input and never from a clock.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An instant in nanoseconds since the Unix epoch, UTC, without leap seconds. Written as RFC 3339.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// The text is not an instant in RFC 3339.
#[derive(Debug, thiserror::Error)]
#[error("`{text}` is not a time such as 2026-01-31T08:00:00Z or 2026-01-31")]
pub struct BadTimestamp {
    text: String,
}

impl Timestamp {
    /// The earliest instant that can be written.
    pub const MIN: Self = Self(i64::MIN);
    /// The latest instant that can be written.
    pub const MAX: Self = Self(i64::MAX);

    /// Nanoseconds since the epoch.
    #[must_use]
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// Whole seconds and nanoseconds since the epoch; saturates at the ends of the range.
    #[must_use]
    pub const fn from_parts(seconds: i64, nanos: u32) -> Self {
        Self(seconds.saturating_mul(1_000_000_000).saturating_add(nanos as i64))
    }

    /// Nanoseconds since the epoch.
    #[must_use]
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// Nanoseconds from `earlier` to `self`; negative where `earlier` is later; saturates.
    #[must_use]
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// `self` moved by a number of nanoseconds; saturates.
    #[must_use]
    pub const fn plus_nanos(self, nanos: i64) -> Self {
        Self(self.0.saturating_add(nanos))
    }
}

/// An instant as text, without a heap: reports hold hundreds of thousands.
struct Text {
    bytes: [u8; 30],
    len: usize,
}

impl Text {
    fn of(time: Timestamp) -> Self {
        let (seconds, nanos) = (time.0.div_euclid(1_000_000_000), time.0.rem_euclid(1_000_000_000));
        let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let (year, month, day) = civil(days);
        let mut text = Self { bytes: [0; 30], len: 0 };
        text.number(year, 4, b'-');
        text.number(month, 2, b'-');
        text.number(day, 2, b'T');
        text.number(second / 3600, 2, b':');
        text.number(second / 60 % 60, 2, b':');
        if nanos == 0 {
            text.number(second % 60, 2, b'Z');
        } else {
            text.number(second % 60, 2, b'.');
            text.number(nanos, 9, b'Z');
            while let Some([.., b'0', _]) = text.bytes.get(..text.len) {
                text.len = text.len.saturating_sub(2);
                text.push(b'Z');
            }
        }
        text
    }

    fn push(&mut self, byte: u8) {
        self.bytes.get_mut(self.len).into_iter().for_each(|place| *place = byte);
        self.len = self.len.saturating_add(1);
    }

    /// The last digits of a number, and what stands behind it.
    fn number(&mut self, number: i64, digits: u32, end: u8) {
        for place in (0..digits).rev() {
            let digit = number / 10_i64.pow(place) % 10;
            self.push(b'0'.saturating_add(u8::try_from(digit).unwrap_or(0)));
        }
        self.push(end);
    }

    fn as_str(&self) -> &str {
        self.bytes.get(..self.len).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }
}

/// Year, month and day of a day since 1970-01-01 in the Gregorian calendar: counted in eras of 400 years from 1 March of year 0,
/// so that a leap day is the last of its year.
const fn civil(days: i64) -> (i64, i64, i64) {
    const ERA_DAYS: i64 = 146_097;
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(ERA_DAYS), days.rem_euclid(ERA_DAYS));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    // Months from March on have 153 days in five.
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + if month <= 2 { 1 } else { 0 }, month, day)
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Text::of(*self).as_str())
    }
}

impl FromStr for Timestamp {
    type Err = BadTimestamp;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || BadTimestamp { text: text.to_owned() };
        let instant = match text.parse::<jiff::Timestamp>() {
            Ok(instant) => instant,
            // A bare date or a local time without an offset is taken as UTC.
            Err(_) => text
                .parse::<jiff::civil::DateTime>()
                .ok()
                .and_then(|civil| civil.to_zoned(jiff::tz::TimeZone::UTC).ok())
                .map(|zoned| zoned.timestamp())
                .ok_or_else(bad)?,
        };
        i64::try_from(instant.as_nanosecond()).map(Self).map_err(|_| bad())
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(Text::of(*self).as_str())
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Timestamp {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Timestamp".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "format": "date-time",
            "description": "RFC 3339 in UTC, to the nanosecond where the capture has it."
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_and_reads_rfc_3339() {
        let t = Timestamp::from_parts(1_700_000_000, 123_456_789);
        assert_eq!(t.to_string(), "2023-11-14T22:13:20.123456789Z");
        assert_eq!(t.to_string().parse::<Timestamp>().unwrap(), t);
        assert_eq!("1970-01-02".parse::<Timestamp>().unwrap(), Timestamp::from_parts(86_400, 0));
        for nanos in
            [0, -1, 1, i64::MIN, i64::MAX, 951_782_400_000_000_000, 1_709_164_800_500_000_000, -2_203_977_600_000_000_010]
        {
            let expected = jiff::Timestamp::from_nanosecond(i128::from(nanos)).unwrap();
            assert_eq!(Timestamp::from_nanos(nanos).to_string(), expected.to_string());
        }
        assert!("yesterday".parse::<Timestamp>().is_err());
    }
}
