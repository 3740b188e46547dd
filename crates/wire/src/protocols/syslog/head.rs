//! The header in front of a syslog message, in the two forms.

use crate::bytes::Cursor;

/// What a header says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Head<'a> {
    /// `<PRI>` stands in front.
    pub(super) has_priority: bool,
    /// A timestamp of either standard follows.
    pub(super) is_dated: bool,
    /// The timestamp, nanoseconds since 1970, where it has year and zone.
    pub(super) time: Option<i64>,
    /// Host name; never an address.
    pub(super) host: Option<&'a [u8]>,
    /// Program name.
    pub(super) program: Option<&'a [u8]>,
}

const MONTHS: [&[u8; 3]; 12] = [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];

/// Reads a header; none where neither a priority nor a date stands in front.
pub(super) fn parse(message: &[u8]) -> Option<Head<'_>> {
    let (has_priority, rest) = match priority(message) {
        Some(rest) => (true, rest),
        None => (false, message),
    };
    if let Some(rest) = rest.strip_prefix(b"1 ").filter(|_| has_priority)
        && let Some(head) = modern(rest)
    {
        return Some(head);
    }
    // rsyslog forwards in the old form with the new timestamp.
    if let Some((stamp, behind)) = rest.iter().take(40).position(|&b| b == b' ').and_then(|at| rest.split_at_checked(at))
        && let Some(time) = rfc3339(stamp)
    {
        return Some(Head { time: Some(time), ..bsd(has_priority, behind) });
    }
    let Some(rest) = bsd_date(rest) else { return has_priority.then_some(Head { has_priority, ..Head::default() }) };
    Some(bsd(has_priority, rest))
}

/// What follows `<0>` to `<191>` (RFC 5424 §6.2.1), of which something printable must.
fn priority(message: &[u8]) -> Option<&[u8]> {
    let rest = message.strip_prefix(b"<")?;
    let end = rest.iter().take(4).position(|&b| b == b'>')?;
    let (digits, rest) = rest.split_at_checked(end)?;
    let value: u8 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    let plain = digits.iter().all(u8::is_ascii_digit) && (digits.len() == 1 || !digits.starts_with(b"0"));
    let rest = rest.strip_prefix(b">")?;
    (plain && value <= 191 && rest.first().is_some_and(|&b| b >= b' ' || b == b'\t')).then_some(rest)
}

/// RFC 5424 behind the version: timestamp, host, program, each ended by a blank; `-` stands for none.
fn modern(rest: &[u8]) -> Option<Head<'_>> {
    let mut words = rest.splitn(4, |&b| b == b' ');
    let (stamp, host, program) = (words.next()?, words.next()?, words.next()?);
    let time = rfc3339(stamp);
    if time.is_none() && stamp != b"-" {
        return None;
    }
    Some(Head { has_priority: true, is_dated: true, time, host: named(host), program: program_name(program) })
}

/// What follows `Oct 11 22:14:15` (RFC 3164 §4.1.2), with the year that some put behind it passed over.
fn bsd_date(rest: &[u8]) -> Option<&[u8]> {
    let mut cursor = Cursor::new(rest);
    let month: [u8; 3] = cursor.array()?;
    if !MONTHS.iter().any(|m| **m == month) || cursor.u8()? != b' ' {
        return None;
    }
    let [tens, ones, blank] = cursor.array()?;
    let day_ok = matches!(tens, b' ' | b'0'..=b'3') && ones.is_ascii_digit() && blank == b' ';
    let mut tail = cursor.rest();
    // Cisco and others put the year before the time.
    if let Some((year, after)) =
        tail.split_at_checked(5).filter(|(y, _)| y.ends_with(b" ") && y.iter().take(4).all(u8::is_ascii_digit))
    {
        let _ = year;
        tail = after;
    }
    let (clock, behind) = tail.split_at_checked(8)?;
    let clock_ok = clock.iter().enumerate().all(|(i, b)| if matches!(i, 2 | 5) { *b == b':' } else { b.is_ascii_digit() });
    (day_ok && clock_ok).then_some(behind)
}

/// RFC 3164 behind the timestamp: host, then the tag up to what is neither letter nor digit. Some leave the host out.
fn bsd(has_priority: bool, rest: &[u8]) -> Head<'_> {
    let head = Head { has_priority, is_dated: true, ..Head::default() };
    let Some(rest) = rest.strip_prefix(b" ") else { return head };
    let Some((host, behind)) = rest.iter().position(|&b| b == b' ').and_then(|at| rest.split_at_checked(at)) else { return head };
    if is_tag(host) {
        return head;
    }
    let tag = behind.get(1..).unwrap_or_default();
    let end = tag.iter().take(49).position(|b| b"[:".contains(b));
    let program = end.and_then(|end| tag.get(..end)).and_then(program_name);
    // Where no tag follows, what stands in the host's place may be the message's first word.
    Head { host: named(host).filter(|_| program.is_some()), program, ..head }
}

/// `su:` or `su[12]:` in the place of the host.
fn is_tag(word: &[u8]) -> bool {
    word.ends_with(b":") || word.contains(&b'[')
}

/// A host name, and no address: the packet says that better.
fn named(host: &[u8]) -> Option<&[u8]> {
    let plain = host.iter().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(b));
    let is_name = plain && (2..=255).contains(&host.len()) && host.iter().any(u8::is_ascii_alphabetic);
    (is_name && !host.eq_ignore_ascii_case(b"localhost")).then_some(host)
}

fn program_name(text: &[u8]) -> Option<&[u8]> {
    let plain = text.iter().all(|b| b.is_ascii_alphanumeric() || b"-_./".contains(b));
    (plain && (2..=48).contains(&text.len()) && text.iter().any(u8::is_ascii_alphabetic)).then_some(text)
}

/// `2003-10-11T22:14:15.003-07:00` (RFC 3339 §5.6) in nanoseconds since 1970.
pub(in crate::protocols) fn rfc3339(text: &[u8]) -> Option<i64> {
    let number = |from: usize, len: usize| -> Option<i64> {
        let digits = text.get(from..from.checked_add(len)?)?;
        digits.iter().try_fold(0i64, |n, b| b.is_ascii_digit().then(|| n * 10 + i64::from(b - b'0')))
    };
    let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if !marks.iter().all(|&(at, mark)| text.get(at) == Some(&mark)) {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 2)?, number(8, 2)?);
    let (hour, minute, second) = (number(11, 2)?, number(14, 2)?, number(17, 2)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let mut rest = text.get(19..)?;
    let mut nanos = 0i64;
    if let Some(fraction) = rest.strip_prefix(b".") {
        let len = fraction.iter().position(|b| !b.is_ascii_digit())?;
        let digits = fraction.iter().take(len.min(9));
        nanos = digits.chain(std::iter::repeat_n(&b'0', 9usize.saturating_sub(len))).fold(0, |n, b| n * 10 + i64::from(b - b'0'));
        rest = fraction.get(len..)?;
    }
    let seconds = days_from_civil(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second - offset_seconds(rest)?;
    seconds.checked_mul(1_000_000_000)?.checked_add(nanos)
}

/// `Z` or `+02:00`.
fn offset_seconds(text: &[u8]) -> Option<i64> {
    if text == b"Z" {
        return Some(0);
    }
    let &[sign @ (b'+' | b'-'), h1, h0, b':', m1, m0] = text else { return None };
    let digit = |b: u8| b.is_ascii_digit().then(|| i64::from(b - b'0'));
    let seconds = (digit(h1)? * 10 + digit(h0)?) * 3_600 + (digit(m1)? * 10 + digit(m0)?) * 60;
    Some(if sign == b'-' { -seconds } else { seconds })
}

/// Days since 1970-01-01 in the Gregorian calendar. Years count from March, so that the leap day comes last.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        let at = |text: &str| rfc3339(text.as_bytes()).map(|n| n / 1_000_000);
        assert_eq!(at("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(at("2024-02-29T12:00:00.5+02:00"), Some(1_709_200_800_500));
        assert_eq!(at("2003-08-24T05:14:15.000003-07:00"), Some(1_061_727_255_000));
        assert_eq!(at("2003-13-24T05:14:15Z"), None);
        assert_eq!(at("2003-08-24T05:14:15"), None);
    }

    #[test]
    fn odd_headers() {
        let mixed = parse(b"<13>2013-09-12T19:16:34.457849+04:00 sw1 proc: words").unwrap();
        assert_eq!((mixed.host, mixed.program, mixed.time.is_some()), (Some(&b"sw1"[..]), Some(&b"proc"[..]), true));
        let head = |text: &'static str| parse(text.as_bytes());
        assert_eq!(head("<13>Jan  1 00:00:09 kernel: words").unwrap().host, None);
        assert_eq!(head("<13>Jan  1 2024 00:00:09 sw1 proc[1]: words").unwrap().program, Some(&b"proc"[..]));
        assert_eq!(head("<13>Jan  1 00:00:09 10.0.0.1 proc: words").unwrap().host, None);
        assert_eq!(head("Jan  1 00:00:09 sw1 proc: words").map(|h| h.has_priority), Some(false));
        assert_eq!(head("<192>x"), None);
        assert_eq!(head("words"), None);
    }
}
