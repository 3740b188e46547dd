//! Words, numbers and addresses out of the bytes of a line, without copying.

use std::net::IpAddr;

use model::MacAddr;

/// Up to the next blank or tab, and what follows the blanks behind it. Blanks in front are passed over.
pub(crate) fn word(text: &[u8]) -> (&[u8], &[u8]) {
    let text = text.trim_ascii_start();
    let end = text.iter().position(|b| matches!(b, b' ' | b'\t')).unwrap_or(text.len());
    let (word, rest) = text.split_at_checked(end).unwrap_or((text, &[]));
    (word, rest.trim_ascii_start())
}

/// The words of a line.
pub(crate) fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> + Clone {
    text.split(|b| matches!(b, b' ' | b'\t' | b'\r')).filter(|word| !word.is_empty())
}

/// What stands before and behind a mark.
pub(crate) fn split<'a>(text: &'a [u8], mark: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = memchr::memmem::find(text, mark)?;
    Some((text.get(..at)?, text.get(at.checked_add(mark.len())?..)?))
}

/// What stands behind a mark.
pub(crate) fn after<'a>(text: &'a [u8], mark: &[u8]) -> Option<&'a [u8]> {
    split(text, mark).map(|(_, behind)| behind)
}

/// What stands between two marks.
pub(crate) fn between<'a>(text: &'a [u8], start: &[u8], end: &[u8]) -> Option<&'a [u8]> {
    split(after(text, start)?, end).map(|(inner, _)| inner)
}

/// Text without the quotes around it.
pub(crate) fn unquoted(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\"")).unwrap_or(text)
}

/// A whole number and nothing else.
pub(crate) fn number(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_u64, |n, b| b.is_ascii_digit().then(|| n.checked_mul(10)?.checked_add(u64::from(b & 0x0f)))?)
}

/// A number that fits a smaller type.
pub(crate) fn small<T: TryFrom<u64>>(text: &[u8]) -> Option<T> {
    number(text).and_then(|n| T::try_from(n).ok())
}

/// An IP address and nothing else; a zone (`%eth0`) behind it is left out.
pub(crate) fn ip(text: &[u8]) -> Option<IpAddr> {
    const LONGEST: usize = 45;
    let text = text.split(|b| *b == b'%').next()?;
    // What is no address is refused without a look at all of it.
    let likely = text.first().is_some_and(|b| b.is_ascii_hexdigit() || *b == b':') && text.len() <= LONGEST;
    if !likely {
        return None;
    }
    v4(text).map(IpAddr::from).or_else(|| std::str::from_utf8(text).ok()?.parse().ok())
}

/// A dotted quad, quicker than text would be.
fn v4(text: &[u8]) -> Option<[u8; 4]> {
    let mut octets = [0_u8; 4];
    let mut parts = text.split(|b| *b == b'.');
    for octet in &mut octets {
        let part =
            parts.next().filter(|part| (1..=3).contains(&part.len()) && (part.len() == 1 || part.first() != Some(&b'0')))?;
        *octet = small(part)?;
    }
    parts.next().is_none().then_some(octets)
}

/// A MAC address in any of the usual spellings (`00:1b:21:3c:4d:5e`, `00-1b-…`, `001b.213c.4d5e`, `001b21-3c4d5e`, `001b213c4d5e`).
pub(crate) fn mac(text: &[u8]) -> Option<MacAddr> {
    if !(12..=17).contains(&text.len()) {
        return None;
    }
    let mut octets = [0_u8; 6];
    let mut digits = 0_usize;
    for b in text {
        let digit = match b {
            b'0'..=b'9' => b & 0x0f,
            b'a'..=b'f' | b'A'..=b'F' => (b & 0x0f).saturating_add(9),
            // A separator stands between whole octets.
            b':' | b'-' | b'.' if digits.is_multiple_of(2) => continue,
            _ => return None,
        };
        let octet = octets.get_mut(digits / 2)?;
        *octet = (*octet << 4) | digit;
        digits = digits.saturating_add(1);
    }
    (digits == 12).then_some(MacAddr(octets))
}

/// Octets as hexadecimal digits, in pairs, with colons between them or not.
pub(crate) fn hex(text: &[u8]) -> Option<Vec<u8>> {
    const MOST: usize = 128;
    let mut digits = text.iter().filter(|b| **b != b':').map(|b| char::from(*b).to_digit(16).and_then(|d| u8::try_from(d).ok()));
    let mut octets = Vec::new();
    while let Some(high) = digits.next() {
        octets.push((high? << 4) | digits.next()??);
        if octets.len() > MOST {
            return None;
        }
    }
    (!octets.is_empty()).then_some(octets)
}

/// The fields of a line of CSV (RFC 4180), without the quotes around them. A doubled quote inside of one stays doubled: no field that
/// is read here holds any.
pub(crate) fn csv(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(line);
    std::iter::from_fn(move || {
        let text = rest?;
        let end = field_end(text);
        let field = text.get(..end)?;
        rest = text.get(end.saturating_add(1)..).filter(|_| end < text.len());
        Some(unquoted(field.trim_ascii()))
    })
}

/// Where a field of CSV ends: at the next comma that is not in quotes.
fn field_end(text: &[u8]) -> usize {
    if text.first() != Some(&b'"') {
        return memchr::memchr(b',', text).unwrap_or(text.len());
    }
    let mut quoted = false;
    text.iter()
        .position(|b| {
            quoted ^= *b == b'"';
            *b == b',' && !quoted
        })
        .unwrap_or(text.len())
}

/// `key=value` pairs, the value in quotes where it holds blanks.
pub(crate) fn pairs(text: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_ascii_start();
        let at = memchr::memchr(b'=', rest)?;
        let key = rest.get(..at)?;
        // Words without a value before the key belong to nobody.
        let key = key.rsplit(|b| matches!(b, b' ' | b',')).next().unwrap_or(key);
        let behind = rest.get(at.saturating_add(1)..)?;
        let (value, left) = match behind.strip_prefix(b"\"") {
            Some(quoted) => quoted.split_at_checked(memchr::memchr(b'"', quoted).unwrap_or(quoted.len()))?,
            None => behind.split_at_checked(behind.iter().position(|b| matches!(b, b' ' | b'\t')).unwrap_or(behind.len()))?,
        };
        rest = left.strip_prefix(b"\"").unwrap_or(left);
        Some((key, value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        assert_eq!(ip(b"10.0.0.254"), Some(IpAddr::from([10, 0, 0, 254])));
        assert_eq!(ip(b"fe80::1%eth0"), "fe80::1".parse().ok());
        for wrong in [&b"10.0.0"[..], b"10.0.0.256", b"10.0.0.1x", b"", b"eth0", b"10.0.0.01", b"1.2.3.4.5"] {
            assert_eq!(ip(wrong), None, "{wrong:?}");
        }
        let expected = MacAddr([0x00, 0x1b, 0x21, 0x3c, 0x4d, 0x5e]);
        for text in ["00:1b:21:3c:4d:5e", "00-1B-21-3C-4D-5E", "001b.213c.4d5e", "001b21-3c4d5e", "001b213c4d5e"] {
            assert_eq!(mac(text.as_bytes()), Some(expected));
        }
        for wrong in [&b"001b213c4d5"[..], b"001b213c4d5e5e", b"0:01b213c4d5e", b"00:1b:21:3c:4d:5g"] {
            assert_eq!(mac(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn fields() {
        let all = |line: &str| csv(line.as_bytes()).map(|f| String::from_utf8(f.to_vec()).unwrap()).collect::<Vec<_>>();
        assert_eq!(all("a,\"b,c\",,d"), ["a", "b,c", "", "d"]);
        assert_eq!(all("a,"), ["a", ""]);
        assert_eq!(all("\"open"), ["\"open"]);
        let all: Vec<_> = pairs(b"<5>words a=1 b=\"x y\" c=").collect();
        assert_eq!(all, [(&b"a"[..], &b"1"[..]), (b"b", b"x y"), (b"c", b"")]);
        assert_eq!(hex(b"01:aa:bb"), Some(vec![1, 0xaa, 0xbb]));
        assert_eq!(hex(b"01a"), None);
        assert_eq!(number(b"18446744073709551616"), None);
    }
}
