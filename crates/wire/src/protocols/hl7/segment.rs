//! Segments taken apart by the delimiters that their message states (HL7 v2.5.1 §2.5, §2.7).

use std::borrow::Cow;

/// The delimiters of a message (MSH-1 and MSH-2).
#[derive(Clone, Copy, Debug)]
pub(super) struct Delimiters {
    field: u8,
    component: u8,
    repetition: u8,
    escape: u8,
}

impl Default for Delimiters {
    /// Those that §2.5.4 recommends and nearly everybody uses; for what is met in the midst of a message.
    fn default() -> Self {
        Self { field: b'|', component: b'^', repetition: b'~', escape: b'\\' }
    }
}

/// Segments that state the delimiters: message, file and batch headers.
const HEADERS: [&[u8; 3]; 3] = [b"MSH", b"FHS", b"BHS"];

impl Delimiters {
    /// Reads them behind the name of a header segment. A file or batch header may be empty but for these. `None` where they
    /// are not plausible: letters, digits, control characters, or one used twice.
    pub(super) fn read(segment: &[u8]) -> Option<Self> {
        let (id, rest) = segment.split_first_chunk::<3>()?;
        let (field, rest) = rest.split_first()?;
        let end = memchr::memchr(*field, rest).unwrap_or(rest.len());
        let stated = rest.get(..end)?;
        let mut all = stated.iter().chain(std::iter::once(field));
        // Four characters, a fifth since v2.7; old senders leave the last ones out.
        let is_plausible = HEADERS.contains(&id)
            && (1..=5).contains(&stated.len())
            && all.all(|b| (b.is_ascii_punctuation() || *b >= 0x80) && stated.iter().filter(|c| *c == b).count() <= 1)
            && !stated.contains(field);
        let or_none = |at: usize| stated.get(at).copied().unwrap_or(0);
        is_plausible.then(|| Self { field: *field, component: or_none(0), repetition: or_none(1), escape: or_none(2) })
    }

    /// The name of a header segment stands in front.
    pub(super) fn is_header(segment: &[u8]) -> bool {
        segment.first_chunk().is_some_and(|id| HEADERS.contains(&id))
    }
}

/// A segment, as far as it was kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment<'a> {
    bytes: &'a [u8],
    delimiters: Delimiters,
}

impl<'a> Segment<'a> {
    /// A segment without its end. `None` for what does not begin with a segment's name and a delimiter.
    pub(super) fn new(bytes: &'a [u8], delimiters: Delimiters) -> Option<Self> {
        let (id, rest) = bytes.split_first_chunk::<3>()?;
        let is_name = id.first()?.is_ascii_uppercase()
            && id.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
            && rest.first().is_none_or(|b| *b == delimiters.field);
        is_name.then_some(Self { bytes, delimiters })
    }

    /// Its name.
    pub(super) fn id(&self) -> [u8; 3] {
        self.bytes.first_chunk().copied().unwrap_or_default()
    }

    /// A field by its number in the standard; empty where there is none. In headers the first field is the delimiter itself.
    pub(super) fn field(&self, number: usize) -> &'a [u8] {
        let place = if Delimiters::is_header(self.bytes) { number.saturating_sub(1) } else { number };
        self.bytes.split(|b| *b == self.delimiters.field).nth(place).unwrap_or_default()
    }

    /// A field says something: neither empty nor the null of §2.5.3, nor delimiters alone.
    pub(super) fn has(&self, number: usize) -> bool {
        let Delimiters { component, repetition, .. } = self.delimiters;
        self.field(number).iter().any(|b| !matches!(b, b'"' | b' ' | b'&') && *b != component && *b != repetition)
    }

    /// The repetitions of a field, as many as are looked at.
    pub(super) fn repetitions(&self, number: usize) -> impl Iterator<Item = &'a [u8]> {
        let repetition = self.delimiters.repetition;
        self.field(number).split(move |b| *b == repetition && repetition != 0).take(16)
    }

    /// A component of (a repetition of) a field, from 1; without surrounding blanks; empty for the null.
    pub(super) fn component(&self, field: &'a [u8], number: usize) -> &'a [u8] {
        let separator = self.delimiters.component;
        let mut parts = field.split(|b| *b == separator && separator != 0);
        let part = parts.nth(number.saturating_sub(1)).unwrap_or_default().trim_ascii();
        if part == b"\"\"" { b"" } else { part }
    }

    /// First component of the first repetition of a field.
    pub(super) fn first(&self, number: usize) -> &'a [u8] {
        let field = self.repetitions(number).next().unwrap_or_default();
        self.component(field, 1)
    }

    /// A value with its delimiters put back in (§2.7.1). Other escapes are about looks, and left out.
    pub(super) fn unescaped(&self, value: &'a [u8]) -> Cow<'a, [u8]> {
        let Delimiters { field, component, repetition, escape } = self.delimiters;
        if escape == 0 || !value.contains(&escape) {
            return Cow::Borrowed(value);
        }
        let mut text = Vec::with_capacity(value.len());
        for (at, part) in value.split(|b| *b == escape).enumerate() {
            match part {
                _ if at.is_multiple_of(2) => text.extend_from_slice(part),
                b"F" => text.push(field),
                b"S" => text.push(component),
                b"R" => text.push(repetition),
                b"T" => text.push(b'&'),
                b"E" => text.push(escape),
                _ => {}
            }
        }
        Cow::Owned(text)
    }
}

/// An instant and whether it came with a zone (§2A.3.22 DTM): nanoseconds since 1970, as UTC where there is none. Only what
/// is exact to the second is a clock.
pub(super) fn time(text: &[u8]) -> Option<(i64, bool)> {
    let (body, zone) = match text.iter().position(|b| matches!(b, b'+' | b'-')) {
        Some(at) => (text.get(..at)?, text.get(at..)?),
        None => (text, &b""[..]),
    };
    let (whole, fraction) = body.split_at_checked(14)?;
    let digits = |from: usize, to: usize| number(whole.get(from..to)?);
    let (month, day, hour) = (digits(4, 6)?, digits(6, 8)?, digits(8, 10)?);
    let (minute, second) = (digits(10, 12)?, digits(12, 14)?);
    if !((1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second < 61) {
        return None;
    }
    let days = days_since_1970(digits(0, 4)?, month, day);
    let seconds = days.checked_mul(86_400)? + hour * 3600 + minute * 60 + second - offset_s(zone)?;
    Some((seconds.checked_mul(1_000_000_000)?.checked_add(fraction_ns(fraction)?)?, !zone.is_empty()))
}

/// No more digits than the number holds.
fn number(digits: &[u8]) -> Option<i64> {
    (digits.len() <= 18 && digits.iter().all(u8::is_ascii_digit))
        .then(|| digits.iter().fold(0, |n, b| n * 10 + i64::from(b.wrapping_sub(b'0'))))
}

/// `.S[S[S[S]]]`
fn fraction_ns(text: &[u8]) -> Option<i64> {
    let digits = match text {
        [] => return Some(0),
        [b'.', digits @ ..] if (1..=9).contains(&digits.len()) => digits,
        _ => return None,
    };
    let places = u32::try_from(9_usize.saturating_sub(digits.len())).ok()?;
    number(digits)?.checked_mul(10_i64.checked_pow(places)?)
}

/// `+/-ZZZZ`
fn offset_s(zone: &[u8]) -> Option<i64> {
    let (sign, digits) = match zone {
        [] => return Some(0),
        [b'-', digits @ ..] => (-1, digits),
        [_, digits @ ..] => (1, digits),
    };
    if digits.len() != 4 {
        return None;
    }
    let (hours, minutes) = digits.split_at_checked(2)?;
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    (hours <= 14 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

/// Days of the civil calendar, counted in eras of 400 years that begin in March.
const fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let in_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year.div_euclid(400) * 146_097 + in_era * 365 + in_era / 4 - in_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        assert_eq!(time(b"20260101120000"), Some((1_767_268_800_000_000_000, false)));
        assert_eq!(time(b"20260101120000.25+0100"), Some((1_767_265_200_250_000_000, true)));
        assert_eq!(time(b"20240229235959-0500").map(|(t, _)| t), Some(1_709_269_199_000_000_000));
        for wrong in [
            &b"202601011200"[..],
            b"2026",
            b"",
            b"20261301120000",
            b"20260101120000+1",
            b"20260101120000+00000000000000000000000",
            b"20260101120000+0022222222222222222222222200",
            b"2026010112000x",
            b"20260101120000.",
        ] {
            assert_eq!(time(wrong), None);
        }
    }

    #[test]
    fn delimiters() {
        assert!(Delimiters::read(b"MSH|^~\\&|A").is_some());
        assert!(Delimiters::read(b"MSH|^~\\&#|A").is_some());
        assert!(Delimiters::read(b"BHS$%~\\&$A").is_some());
        assert!(Delimiters::read(b"MSHABCDE").is_none());
        assert!(Delimiters::read(b"MSH|^^\\&|").is_none());
        assert!(Delimiters::read(b"PID|^~\\&|").is_none());
    }

    #[test]
    fn fields_components_and_escapes() {
        let segment = Segment::new(b"PRT|1||a^b c ^\\T\\x~d|\"\"|^~", Delimiters::default()).unwrap();
        let field = segment.repetitions(3).next().unwrap();
        assert_eq!(segment.component(field, 2), b"b c");
        assert_eq!(*segment.unescaped(segment.component(field, 3)), *b"&x");
        assert_eq!(segment.repetitions(3).count(), 2);
        assert!(!segment.has(2) && segment.has(3) && !segment.has(4) && !segment.has(5) && !segment.has(99));
        assert!(Segment::new(b"hello", Delimiters::default()).is_none());
    }
}
