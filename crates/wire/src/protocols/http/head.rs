//! The head of a message: its start line and the headers that are of use (RFC 9112 §2 to §6).

use crate::bytes::header;

/// The longest head that is waited for.
pub(super) const MAX_HEAD: usize = 32 * 1024;

/// The start line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start<'a> {
    /// Method and target.
    Request { method: &'a [u8], target: &'a [u8] },
    /// Status code.
    Response { status: u16 },
}

/// The headers that are of use; each as first met, without blanks around it.
#[derive(Default, Debug)]
pub(super) struct Headers<'a> {
    pub host: &'a [u8],
    pub user_agent: &'a [u8],
    pub server: &'a [u8],
    pub powered_by: &'a [u8],
    pub challenges: [&'a [u8]; 4],
    pub authorization: &'a [u8],
    pub content_type: &'a [u8],
    pub content_encoding: &'a [u8],
    pub length: Length,
    pub chunked: bool,
    pub coded: bool,
    pub upgrade: &'a [u8],
    pub date: &'a [u8],
    pub location: &'a [u8],
    pub soap_action: &'a [u8],
    pub aged: bool,
    pub cookie: bool,
    pub sets_cookie: bool,
}

/// What Content-Length says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Length {
    /// No such header.
    #[default]
    Absent,
    /// So many octets.
    Known(u64),
    /// Not a number, or two numbers.
    Wrong,
}

/// The length of the head with the empty line that ends it; `None` while that has not come.
pub(super) fn head_len(bytes: &[u8]) -> Option<usize> {
    // Bare line feeds are met in old devices (RFC 9112 §2.2).
    memchr::memchr_iter(b'\n', bytes).find_map(|at| {
        let (line, rest) = bytes.split_at_checked(at)?;
        match rest {
            [_, b'\n', ..] => Some(at.saturating_add(2)),
            [_, b'\r', b'\n', ..] if line.ends_with(b"\r") => Some(at.saturating_add(3)),
            _ => None,
        }
    })
}

/// Reads a start line.
pub(super) fn start(line: &[u8]) -> Option<Start<'_>> {
    if let Some(rest) = line.strip_prefix(b"HTTP/") {
        return response(rest);
    }
    let space = memchr::memchr(b' ', line)?;
    let (method, rest) = line.split_at_checked(space)?;
    let rest = rest.trim_ascii();
    let version = memchr::memrchr(b' ', rest)?;
    let (target, version) = rest.split_at_checked(version)?;
    let known = version.trim_ascii().strip_prefix(b"HTTP/1.")?.first()?.is_ascii_digit();
    (known && is_method(method)).then(|| Start::Request { method, target: target.trim_ascii() })
}

/// After `HTTP/`: `1.1 200 OK`.
fn response(rest: &[u8]) -> Option<Start<'_>> {
    let [b'1', b'.', minor, b' ', a, b, c, tail @ ..] = rest else {
        return None;
    };
    let ends = tail.first().is_none_or(u8::is_ascii_whitespace);
    let digits = [*a, *b, *c];
    if !minor.is_ascii_digit() || !ends || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let status = digits.iter().fold(0u16, |n, d| n.wrapping_mul(10).wrapping_add(u16::from(d.wrapping_sub(b'0'))));
    (100..600).contains(&status).then_some(Start::Response { status })
}

/// A method's shape: capital letters, with `-` or `_` in it (`M-SEARCH`, `RPC_IN_DATA`).
pub(super) fn is_method(method: &[u8]) -> bool {
    (3..=24).contains(&method.len())
        && method.iter().all(|b| b.is_ascii_uppercase() || matches!(b, b'-' | b'_'))
        && method.first().is_some_and(u8::is_ascii_uppercase)
}

/// Reads the headers behind the start line.
pub(super) fn headers(mut rest: &[u8]) -> Headers<'_> {
    let mut found = Headers::default();
    while let Some((line, used)) = folded_line(rest) {
        if let Some((name, value)) = header(line) {
            found.take(name, value);
        }
        rest = rest.get(used..).unwrap_or_default();
    }
    found
}

/// A header line with the lines that continue it (RFC 9112 §5.2), and its length.
fn folded_line(bytes: &[u8]) -> Option<(&[u8], usize)> {
    let mut end = memchr::memchr(b'\n', bytes)?;
    while let Some(b' ' | b'\t') = bytes.get(end.saturating_add(1)) {
        let rest = bytes.get(end.saturating_add(1)..)?;
        match memchr::memchr(b'\n', rest) {
            Some(more) => end = end.saturating_add(1).saturating_add(more),
            None => break,
        }
    }
    Some((bytes.get(..end)?, end.saturating_add(1)))
}

impl<'a> Headers<'a> {
    fn take(&mut self, name: &'a [u8], value: &'a [u8]) {
        let is = |wanted: &str| name.eq_ignore_ascii_case(wanted.as_bytes());
        // By length first: most headers are none of these, and every message asks.
        match name.len() {
            3 if is("age") => self.aged = true,
            4 if is("host") => first(&mut self.host, value),
            4 if is("date") => first(&mut self.date, value),
            6 if is("server") => first(&mut self.server, value),
            6 if is("cookie") => self.cookie = true,
            7 if is("upgrade") => first(&mut self.upgrade, value),
            8 if is("location") => first(&mut self.location, value),
            10 if is("user-agent") => first(&mut self.user_agent, value),
            10 if is("set-cookie") => self.sets_cookie = true,
            10 if is("soapaction") => first(&mut self.soap_action, value),
            12 if is("content-type") => first(&mut self.content_type, value),
            12 if is("x-powered-by") => first(&mut self.powered_by, value),
            13 if is("authorization") => first(&mut self.authorization, value),
            14 if is("content-length") => self.length = self.length.and(value),
            16 if is("content-encoding") => first(&mut self.content_encoding, value),
            16 if is("www-authenticate") => self.challenge(value),
            17 if is("transfer-encoding") => self.coding(value),
            18 if is("proxy-authenticate") => self.challenge(value),
            19 if is("proxy-authorization") => first(&mut self.authorization, value),
            _ => {}
        }
    }

    fn challenge(&mut self, value: &'a [u8]) {
        if let Some(place) = self.challenges.iter_mut().find(|place| place.is_empty()) {
            *place = value;
        }
    }

    fn coding(&mut self, value: &[u8]) {
        let last = value.rsplit(|b| *b == b',').next().unwrap_or_default().trim_ascii();
        self.chunked = last.eq_ignore_ascii_case(b"chunked");
        self.coded = !last.is_empty() && !last.eq_ignore_ascii_case(b"identity");
    }

    /// The media type without its parameters.
    pub(super) fn media_type(&self) -> &'a [u8] {
        self.content_type.split(|b| matches!(b, b';' | b',' | b' ')).next().unwrap_or_default()
    }
}

fn first<'a>(place: &mut &'a [u8], value: &'a [u8]) {
    if place.is_empty() {
        *place = value;
    }
}

impl Length {
    /// Another Content-Length header, or a list in one; equal numbers are one (RFC 9112 §6.3).
    fn and(self, value: &[u8]) -> Self {
        value.split(|b| *b == b',').fold(self, |sum, part| match (sum, decimal(part.trim_ascii())) {
            (Self::Absent, Some(n)) => Self::Known(n),
            (Self::Known(m), Some(n)) if m == n => sum,
            _ => Self::Wrong,
        })
    }
}

/// An unsigned decimal number of any length that fits.
pub(super) fn decimal(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text).ok().filter(|t| t.bytes().all(|b| b.is_ascii_digit()))?.parse().ok()
}

/// A parameter of a header such as `Digest username="x", realm="y"`; quotes removed, escapes left as they are.
pub(super) fn parameter<'a>(value: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let mut rest = value;
    // Bounded by the header: each turn uses at least one octet.
    while let Some(equals) = memchr::memchr(b'=', rest) {
        let (key, tail) = rest.split_at_checked(equals)?;
        let key = key.rsplit(|b| matches!(b, b',' | b' ' | b';' | b'\t' | b'\n')).next().unwrap_or_default();
        let tail = tail.get(1..)?;
        let (text, after) = match tail.split_first() {
            Some((b'"', quoted)) => quoted.split_at_checked(quoted_end(quoted))?,
            _ => tail.split_at_checked(tail.iter().position(|b| matches!(b, b',' | b';' | b' ')).unwrap_or(tail.len()))?,
        };
        if key.eq_ignore_ascii_case(name) {
            return Some(text);
        }
        rest = after.get(1..).unwrap_or_default();
    }
    None
}

/// Where a quoted string ends, over escaped quotes.
fn quoted_end(quoted: &[u8]) -> usize {
    let mut escaped = false;
    let end = quoted.iter().position(|b| {
        let ends = *b == b'"' && !escaped;
        escaped = *b == b'\\' && !escaped;
        ends
    });
    end.unwrap_or(quoted.len())
}

/// Where the next message starts in bytes whose place in the stream is not known.
pub(super) fn resync(bytes: &[u8]) -> Option<usize> {
    memchr::memmem::find_iter(bytes, b"HTTP/1.").find_map(|at| {
        let from_here = bytes.get(at..)?;
        if from_here.get(5..).and_then(response).is_some() {
            return Some(at);
        }
        let before = bytes.get(..at)?;
        let line_start = memchr::memrchr(b'\n', before).map_or(0, |lf| lf.saturating_add(1));
        let whole = bytes.get(line_start..at.saturating_add(8))?;
        start(whole).map(|_| line_start)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_end_of_either_kind() {
        for (bytes, len) in [
            (&b"A\r\n\r\nB\n\n"[..], Some(5)),
            (b"A\r\nB\n\nC\r\n\r\n", Some(6)),
            (b"A\n\r\n", None),
            (b"\n\r\n", None),
            (b"A\n\r\n\r\nB", Some(6)),
            (b"A\r\n\r", None),
            (b"A\r\n\n", Some(4)),
            (b"\r\n\r\n", Some(4)),
            (b"", None),
        ] {
            assert_eq!(head_len(bytes), len, "{bytes:?}");
        }
    }

    #[test]
    fn start_lines() {
        assert_eq!(start(b"HTTP/1.1 200 OK"), Some(Start::Response { status: 200 }));
        assert_eq!(start(b"HTTP/1.0 404"), Some(Start::Response { status: 404 }));
        assert_eq!(start(b"GET / HTTP/1.1"), Some(Start::Request { method: b"GET", target: b"/" }));
        assert_eq!(start(b"OPTIONS rtsp://x RTSP/1.0"), None);
        assert_eq!(start(b"INVITE sip:x SIP/2.0"), None);
        assert_eq!(start(b"HTTP/1.1 2000"), None);
    }

    #[test]
    fn headers_fold_and_bound() {
        let found = headers(b"Host: a\r\nServer: one\r\n two\r\nContent-Length: 5, 5\r\n\r\n");
        assert_eq!(found.host, b"a");
        assert_eq!(found.server, b"one\r\n two");
        assert_eq!(found.length, Length::Known(5));
        assert_eq!(headers(b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n").length, Length::Wrong);
    }

    #[test]
    fn parameters() {
        let value = b"Digest username=\"ad\\\"min\", realm=\"Pump, ward\", nc=00000001";
        assert_eq!(parameter(value, b"username"), Some(&b"ad\\\"min"[..]));
        assert_eq!(parameter(value, b"realm"), Some(&b"Pump, ward"[..]));
        assert_eq!(parameter(value, b"nc"), Some(&b"00000001"[..]));
        assert_eq!(parameter(value, b"qop"), None);
    }

    #[test]
    fn finds_its_place_again() {
        assert_eq!(resync(b"garbageHTTP/1.1 200 OK\r\n"), Some(7));
        assert_eq!(resync(b"body\r\nGET /x HTTP/1.1\r\n"), Some(6));
        assert_eq!(resync(b"no HTTP/1.x here"), None);
    }
}
