//! What the small text forms (notes, checkpoints, proofs, keys) share.

use data_encoding::BASE64;

/// A text that is not in the form that it should have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub &'static str);

/// RFC 4648 §4, with padding.
pub(crate) fn to_base64(bytes: &[u8]) -> String {
    BASE64.encode(bytes)
}

/// RFC 4648 §4; only the one form that [`to_base64`] gives is taken, so that nothing can be altered without effect.
pub(crate) fn from_base64(text: &str) -> Option<Vec<u8>> {
    let bytes = BASE64.decode(text.as_bytes()).ok()?;
    // The decoder takes padded texts one behind the other as one.
    (to_base64(&bytes) == text).then_some(bytes)
}

/// An ASCII decimal without sign and leading zeroes.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|octet| octet.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if plain { text.parse().ok() } else { None }
}

/// Takes a line, which must end in a newline, off the front.
pub(crate) fn line<'a>(rest: &mut &'a str) -> Option<&'a str> {
    let (line, behind) = rest.split_once('\n')?;
    *rest = behind;
    Some(line)
}

/// Seconds since 1970 as RFC 3339, in the Gregorian calendar (years of 365 days and what leap years add, counted from a 1 March).
pub(crate) fn utc(time_s: u64) -> String {
    const DAYS_OF_400_YEARS: u64 = 146_097;
    // 719,468 days lie between 0000-03-01 and 1970-01-01.
    let days = (time_s / 86_400).saturating_add(719_468);
    let (era, day) = (days / DAYS_OF_400_YEARS, days % DAYS_OF_400_YEARS);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (year, month) = if month < 10 { (year, month + 3) } else { (year + 1, month - 9) };
    let clock = time_s % 86_400;
    format!("{:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", era * 400 + year, clock / 3_600, clock / 60 % 60, clock % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        for (time_s, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_679_315_147, "2023-03-20T12:25:47Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(utc(time_s), text);
        }
        assert!(!utc(u64::MAX).is_empty());
    }

    #[test]
    fn base64_has_one_form() {
        assert_eq!(from_base64("AAE="), Some(vec![0, 1]));
        for other in ["AAF=", "AAE", "AAE=\n", "AA==AA==", " AAE="] {
            assert_eq!(from_base64(other), None, "{other}");
        }
        assert_eq!(
            [decimal("0"), decimal("10"), decimal("01"), decimal("+1"), decimal("")],
            [Some(0), Some(10), None, None, None]
        );
    }
}
