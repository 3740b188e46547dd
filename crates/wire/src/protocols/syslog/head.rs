//! The header in front of a syslog message, in the two forms (RFC 5424 §6, RFC 3164 §4).
//!
//! Shared with readers of log files and with collectors; the decoder in this crate reads nothing of the body.

use crate::bytes::Cursor;

/// What a header says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head<'a> {
    /// `<PRI>` stands in front.
    pub has_priority: bool,
    /// A timestamp of either standard follows.
    pub is_dated: bool,
    /// The timestamp, nanoseconds since 1970, where it has year and zone.
    pub time: Option<i64>,
    /// The timestamp of RFC 3164, which has no zone and seldom a year.
    pub local: Option<LocalTime>,
    /// Host name; never an address.
    pub host: Option<&'a [u8]>,
    /// What stands in the place of the host: a name, an address, or empty.
    pub origin: &'a [u8],
    /// Program name.
    pub program: Option<&'a [u8]>,
    /// What follows the header: the message, or all that is behind the priority where nothing else was understood.
    pub body: &'a [u8],
}

/// A date and time of day without a zone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LocalTime {
    /// Year, where it is written.
    pub year: Option<i64>,
    /// 1 to 12.
    pub month: i64,
    /// 1 to 31.
    pub day: i64,
    /// Seconds since midnight.
    pub second_of_day: i64,
}

impl LocalTime {
    /// Nanoseconds since 1970 in that year, read as UTC; `None` where they cannot be written.
    #[must_use]
    pub fn nanos(&self, year: i64) -> Option<i64> {
        let plain = (1..=12).contains(&self.month) && (1..=31).contains(&self.day) && (0..=9999).contains(&year);
        let seconds = days_from_civil(year, self.month, self.day).checked_mul(86_400)?.checked_add(self.second_of_day)?;
        seconds.checked_mul(1_000_000_000).filter(|_| plain)
    }
}

const MONTHS: [&[u8; 3]; 12] = [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];

/// Reads a header; none where neither a priority nor a date stands in front.
#[must_use]
pub fn parse(message: &[u8]) -> Option<Head<'_>> {
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
    let Some((local, behind)) = bsd_date(rest) else {
        return has_priority.then_some(Head { has_priority, body: rest, ..Head::default() });
    };
    Some(Head { local, ..bsd(has_priority, behind) })
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
    let (stamp, rest) = word(rest)?;
    let (host, rest) = word(rest)?;
    let (program, rest) = word(rest).unwrap_or((rest, &[]));
    let time = rfc3339(stamp);
    if time.is_none() && stamp != b"-" {
        return None;
    }
    let origin = if host == b"-" { &[] } else { host };
    let head = Head { has_priority: true, is_dated: true, time, origin, host: named(host), ..Head::default() };
    Some(Head { program: program_name(program), body: modern_body(rest), ..head })
}

/// Up to the next blank, and what follows it.
fn word(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let (word, behind) = rest.split_at_checked(memchr::memchr(b' ', rest)?)?;
    Some((word, behind.get(1..)?))
}

/// The message behind process id, message id and structured data (RFC 5424 §6.2.6 to §6.4); empty without one.
fn modern_body(rest: &[u8]) -> &[u8] {
    let Some(mut rest) = word(rest).and_then(|(_process, rest)| word(rest)).map(|(_id, rest)| rest) else { return &[] };
    if let Some(behind) = rest.strip_prefix(b"-") {
        rest = behind;
    }
    while rest.first() == Some(&b'[') {
        let Some(behind) = element_end(rest).and_then(|end| rest.get(end..)) else { return &[] };
        rest = behind;
    }
    let rest = rest.strip_prefix(b" ").unwrap_or(rest);
    rest.strip_prefix(b"\xef\xbb\xbf").unwrap_or(rest)
}

/// Where a structured data element ends: behind the bracket that is not in quotes.
fn element_end(element: &[u8]) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    let end = element.iter().position(|&b| {
        let is_end = b == b']' && !quoted;
        quoted ^= b == b'"' && !escaped;
        escaped = b == b'\\' && quoted && !escaped;
        is_end
    })?;
    end.checked_add(1)
}

/// `Oct 11 22:14:15` (RFC 3164 §4.1.2) and what follows it. The time is none where no clock shows it.
fn bsd_date(rest: &[u8]) -> Option<(Option<LocalTime>, &[u8])> {
    let mut cursor = Cursor::new(rest);
    let name: [u8; 3] = cursor.array()?;
    let month = (1..).zip(MONTHS).find(|(_, month)| **month == name).map(|(number, _)| number)?;
    let [blank, tens, ones, after] = cursor.array()?;
    if blank != b' ' || !matches!(tens, b' ' | b'0'..=b'3') || !ones.is_ascii_digit() || after != b' ' {
        return None;
    }
    let day = i64::from(tens & 0x0f) * 10 + i64::from(ones - b'0');
    let mut tail = cursor.rest();
    let mut year = None;
    // Cisco and others put the year before the time.
    if let Some((stated, behind)) = tail.split_at_checked(5).filter(|(stated, _)| stated.ends_with(b" "))
        && let Some(stated) = stated.get(..4).and_then(number)
    {
        (year, tail) = (Some(stated), behind);
    }
    let &[h1, h0, b':', m1, m0, b':', s1, s0] = tail.first_chunk::<8>()? else { return None };
    let (hour, minute, second) = (number(&[h1, h0])?, number(&[m1, m0])?, number(&[s1, s0])?);
    let is_time = hour < 24 && minute < 60 && second < 61;
    let local = LocalTime { year, month, day, second_of_day: hour * 3_600 + minute * 60 + second };
    Some((is_time.then_some(local), tail.get(8..)?))
}

/// Digits and nothing else.
fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0i64, |n, b| b.is_ascii_digit().then(|| n.saturating_mul(10).saturating_add(i64::from(b - b'0'))))
}

/// RFC 3164 behind the timestamp: host, then the tag up to what is neither letter nor digit. Some leave the host out.
fn bsd(has_priority: bool, rest: &[u8]) -> Head<'_> {
    let head = Head { has_priority, is_dated: true, ..Head::default() };
    // Cisco ends the timestamp with a colon.
    let rest = rest.strip_prefix(b":").unwrap_or(rest);
    let Some(rest) = rest.strip_prefix(b" ") else { return Head { body: rest, ..head } };
    let head = Head { body: rest, ..head };
    let Some((host, behind)) = word(rest) else { return head };
    if is_tag(host) {
        return tagged(head, rest).unwrap_or(head);
    }
    let head = Head { origin: host, body: behind, ..head };
    // Where no tag follows, what stands in the host's place may be the message's first word.
    tagged(head, behind).map_or(head, |head| Head { host: named(host), ..head })
}

/// With the program of a tag, and the message behind it.
fn tagged<'a>(head: Head<'a>, text: &'a [u8]) -> Option<Head<'a>> {
    let end = text.iter().take(49).position(|b| b"[:".contains(b))?;
    let (program, behind) = text.split_at_checked(end)?;
    let program = program_name(program)?;
    let colon = memchr::memchr(b':', behind.get(..behind.len().min(16))?);
    let body = colon.and_then(|at| behind.get(at.checked_add(1)?..)).unwrap_or(behind);
    Some(Head { program: Some(program), body: body.strip_prefix(b" ").unwrap_or(body), ..head })
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
#[must_use]
pub fn rfc3339(text: &[u8]) -> Option<i64> {
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
        let cisco = head("<189>Nov 23 2026 12:00:01: %ASA-6-302013: Built").unwrap();
        assert_eq!((cisco.body, cisco.program), (&b"%ASA-6-302013: Built"[..], None));
        assert_eq!(cisco.local.unwrap().nanos(2026), rfc3339(b"2026-11-23T12:00:01Z"));
        assert_eq!(head("<192>x"), None);
        assert_eq!(head("words"), None);
    }

    #[test]
    fn bodies() {
        let body = |text: &str| String::from_utf8(parse(text.as_bytes()).unwrap().body.to_vec()).unwrap();
        let new = "<13>1 2026-11-23T12:00:00Z fw1 dhcpd 7 ID1";
        assert_eq!(body(&format!("{new} - DHCPACK on it")), "DHCPACK on it");
        assert_eq!(body(&format!("{new} [a@1 b=\"x\\\"]y\"][c@2] \u{feff}words")), "words");
        assert_eq!(body(&format!("{new} [a@1 b=\"x")), "");
        assert_eq!(body(&format!("{new} -")), "");
        assert_eq!(body("<13>Nov 23 12:00:00 10.0.0.1 dnsmasq-dhcp[12]: DHCPACK(eth0)"), "DHCPACK(eth0)");
        assert_eq!(body("Nov 23 12:00:00 dnsmasq-dhcp[12]: DHCPACK(eth0)"), "DHCPACK(eth0)");
        assert_eq!(body("<13>date=2026-11-23 time=12:00:00"), "date=2026-11-23 time=12:00:00");
    }
}
