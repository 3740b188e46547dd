//! BER and DER (ITU-T X.690 §8): tag, length, value, read from the front of borrowed bytes.
//!
//! What SNMP, LDAP, Kerberos and certificates need and no more: definite lengths of at most four octets and tags below
//! 31. Nothing recurses here; a caller that walks into constructed values bounds its own depth.

/// Universal INTEGER.
pub(crate) const INTEGER: u8 = 0x02;
/// Universal OCTET STRING.
pub(crate) const OCTET_STRING: u8 = 0x04;
/// Universal OBJECT IDENTIFIER.
pub(crate) const OID: u8 = 0x06;
/// Universal ENUMERATED.
pub(crate) const ENUMERATED: u8 = 0x0a;
/// Universal SEQUENCE, constructed.
pub(crate) const SEQUENCE: u8 = 0x30;
/// Universal SET, constructed.
pub(crate) const SET: u8 = 0x31;

/// Tag and length of one element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// Class, constructed bit and number in one octet.
    pub(crate) tag: u8,
    /// Octets of the tag and the length.
    pub(crate) header_len: usize,
    /// Octets of the value as stated.
    pub(crate) value_len: usize,
}

impl Header {
    /// Octets of the whole element as stated.
    pub(crate) const fn total(self) -> usize {
        self.header_len.saturating_add(self.value_len)
    }
}

/// Whether the front of a stream is an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Front {
    /// The header is whole; the value may still be to come.
    Known(Header),
    /// Too few octets to tell: ask again with at least this many.
    Need(usize),
    /// Not an element that is read: a tag of several octets, an indefinite length, or one of more than four octets.
    Bad,
}

/// Reads tag and length at the front.
pub(crate) fn front(bytes: &[u8]) -> Front {
    let (Some(&tag), Some(&first)) = (bytes.first(), bytes.get(1)) else { return Front::Need(2) };
    if tag & 0x1f == 0x1f {
        return Front::Bad;
    }
    if first < 0x80 {
        return Front::Known(Header { tag, header_len: 2, value_len: usize::from(first) });
    }
    let octets = usize::from(first & 0x7f);
    if octets == 0 || octets > 4 {
        return Front::Bad;
    }
    let header_len = octets.saturating_add(2);
    let Some(length) = bytes.get(2..header_len) else { return Front::Need(header_len) };
    let value_len = length.iter().fold(0usize, |sum, &b| (sum << 8) | usize::from(b));
    Front::Known(Header { tag, header_len, value_len })
}

/// One element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Element<'a> {
    /// Class, constructed bit and number in one octet.
    pub(crate) tag: u8,
    /// The octets of its value.
    pub(crate) value: &'a [u8],
}

impl<'a> Element<'a> {
    /// The value as elements of their own.
    pub(crate) const fn inside(self) -> Reader<'a> {
        Reader { rest: self.value }
    }
}

/// Reads elements from the front, one after the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Starts at the first octet.
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What has not been read.
    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The tag of the next element.
    pub(crate) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// The next element, whole; `None` at the end or where it is cut.
    pub(crate) fn element(&mut self) -> Option<Element<'a>> {
        let Front::Known(header) = front(self.rest) else { return None };
        let (head, tail) = self.rest.split_at_checked(header.total())?;
        self.rest = tail;
        Some(Element { tag: header.tag, value: head.get(header.header_len..)? })
    }

    /// The value of the next element if it has this tag; else nothing is read.
    pub(crate) fn take(&mut self, tag: u8) -> Option<&'a [u8]> {
        if self.peek()? != tag {
            return None;
        }
        self.element().map(|e| e.value)
    }

    /// The next element if it has this tag, as elements of its own.
    pub(crate) fn enter(&mut self, tag: u8) -> Option<Self> {
        self.take(tag).map(Self::new)
    }

    /// As [`Reader::enter`], but where the value is cut short (snap length) what is there of it.
    pub(crate) fn enter_cut(&mut self, tag: u8) -> Option<Self> {
        let Front::Known(header) = front(self.rest) else { return None };
        if header.tag != tag {
            return None;
        }
        let end = header.total().min(self.rest.len());
        let inside = self.rest.get(header.header_len..end)?;
        self.rest = self.rest.get(end..)?;
        Some(Self::new(inside))
    }

    /// The next element as an unsigned INTEGER of at most 64 bits.
    pub(crate) fn uint(&mut self) -> Option<u64> {
        uint(self.take(INTEGER)?)
    }
}

/// The value of an INTEGER, ENUMERATED or one of SNMP's counters, if it is not negative and fits.
pub(crate) fn uint(value: &[u8]) -> Option<u64> {
    let (&first, _) = value.split_first()?;
    let digits = value.strip_prefix(&[0]).unwrap_or(value);
    if digits.len() > 8 || (first & 0x80 != 0 && value.len() < 5) {
        return None;
    }
    Some(digits.iter().fold(0, |sum, &b| (sum << 8) | u64::from(b)))
}

/// The arcs of an OBJECT IDENTIFIER (X.690 §8.19), the first two apart. Stops at an arc beyond 32 bits and after 64 arcs.
pub(crate) fn arcs(value: &[u8]) -> impl Iterator<Item = u32> + '_ {
    let mut rest = value.iter();
    let mut second = None;
    let mut first_seen = false;
    std::iter::from_fn(move || {
        if let Some(arc) = second.take() {
            return Some(arc);
        }
        let mut arc = 0u32;
        loop {
            let &octet = rest.next()?;
            arc = arc.checked_mul(128)? | u32::from(octet & 0x7f);
            if octet & 0x80 == 0 {
                break;
            }
        }
        if first_seen {
            return Some(arc);
        }
        first_seen = true;
        let first = (arc / 40).min(2);
        second = Some(arc.saturating_sub(first.saturating_mul(40)));
        Some(first)
    })
    .take(64)
}

/// An OBJECT IDENTIFIER as people write it: `1.3.6.1`.
pub(crate) fn dotted(value: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::new();
    for arc in arcs(value) {
        let dot = if text.is_empty() { "" } else { "." };
        // Writing to a String cannot fail.
        let _ = write!(text, "{dot}{arc}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_short_long_and_bad() {
        assert_eq!(front(&[0x30]), Front::Need(2));
        assert_eq!(front(&[0x30, 5]), Front::Known(Header { tag: 0x30, header_len: 2, value_len: 5 }));
        assert_eq!(front(&[0x30, 0x82, 1]), Front::Need(4));
        assert_eq!(front(&[0x30, 0x82, 1, 2]), Front::Known(Header { tag: 0x30, header_len: 4, value_len: 258 }));
        assert_eq!(front(&[0x30, 0x80]), Front::Bad);
        assert_eq!(front(&[0x30, 0x85]), Front::Bad);
        assert_eq!(front(&[0x1f, 0x85]), Front::Bad);
    }

    #[test]
    fn elements_in_order_and_cut() {
        let bytes = [0x30, 7, 2, 1, 5, 4, 2, b'h', b'i', 9];
        let mut outer = Reader::new(&bytes);
        let mut inside = outer.enter(SEQUENCE).unwrap();
        assert_eq!(inside.uint(), Some(5));
        assert_eq!(inside.take(OID), None);
        assert_eq!(inside.take(OCTET_STRING), Some(b"hi".as_slice()));
        assert!(inside.rest().is_empty());
        assert_eq!(outer.rest(), [9]);
        for end in 0..bytes.len() {
            let mut cut = Reader::new(&bytes[..end]);
            let _ = cut.enter_cut(SEQUENCE).map(|mut r| (r.uint(), r.element()));
        }
        assert_eq!(Reader::new(&bytes[..5]).enter_cut(SEQUENCE).unwrap().uint(), Some(5));
        assert!(Reader::new(&bytes[..5]).enter(SEQUENCE).is_none());
    }

    #[test]
    fn numbers() {
        assert_eq!(uint(&[0, 0xff]), Some(255));
        assert_eq!(uint(&[0xff]), None);
        assert_eq!(uint(&[]), None);
        assert_eq!(uint(&[0, 255, 255, 255, 255, 255, 255, 255, 255]), Some(u64::MAX));
        assert_eq!(uint(&[1, 255, 255, 255, 255, 255, 255, 255, 255]), None);
    }

    #[test]
    fn object_identifiers() {
        assert_eq!(dotted(&[0x2b, 6, 1, 4, 1, 0x82, 0x37]), "1.3.6.1.4.1.311");
        assert_eq!(dotted(&[0x55, 4, 3]), "2.5.4.3");
        assert_eq!(dotted(&[0x88, 0x37]), "2.999");
        assert_eq!(dotted(&[0x2b, 0xff, 0xff, 0xff, 0xff, 0x7f, 1]), "1.3");
        assert_eq!(dotted(&[]), "");
    }
}
