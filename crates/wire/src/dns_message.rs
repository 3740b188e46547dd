//! The DNS message (RFC 1035 §4): header, names with compression, questions and records. Shared by DNS, mDNS, LLMNR and NetBIOS names.
//!
//! Borrows the message and copies a name only into a buffer on the stack. A compression pointer must point before the place
//! where the name or its last pointer began, so that no name can loop; names, pointers and records are bounded besides.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::bytes::{be16, be32};

/// Length of the header.
pub(crate) const HEADER_LEN: usize = 12;
/// The most records that are read of one message: more than fit 9,000 octets of real ones.
const MAX_RECORDS: usize = 1024;
/// The most compression pointers that are followed in one name.
const MAX_POINTERS: usize = 32;

/// Record and question types (RFC 1035 §3.2.2, RFC 3596, RFC 2782, RFC 1996).
pub(crate) mod rtype {
    pub(crate) const A: u16 = 1;
    pub(crate) const CNAME: u16 = 5;
    pub(crate) const PTR: u16 = 12;
    pub(crate) const TXT: u16 = 16;
    pub(crate) const AAAA: u16 = 28;
    pub(crate) const SRV: u16 = 33;
    pub(crate) const IXFR: u16 = 251;
    pub(crate) const AXFR: u16 = 252;
}

/// A message whose header was read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Message<'a> {
    bytes: &'a [u8],
    flags: u16,
    /// Questions, answers, authorities, additionals as the header counts them.
    pub(crate) counts: [u16; 4],
}

impl<'a> Message<'a> {
    /// Reads the header.
    pub(crate) fn new(bytes: &'a [u8]) -> Option<Self> {
        let counts = [be16(bytes, 4)?, be16(bytes, 6)?, be16(bytes, 8)?, be16(bytes, 10)?];
        Some(Self { bytes, flags: be16(bytes, 2)?, counts })
    }

    /// The QR bit: an answer.
    pub(crate) const fn is_response(&self) -> bool {
        self.flags & 0x8000 != 0
    }

    /// Kind of query.
    pub(crate) const fn opcode(&self) -> u16 {
        (self.flags >> 11) & 15
    }

    /// Response code.
    pub(crate) const fn rcode(&self) -> u16 {
        self.flags & 15
    }

    /// All flags, as they stand in the header.
    pub(crate) const fn flags(&self) -> u16 {
        self.flags
    }

    /// Everything behind the header in order: questions first, then the records of the three sections.
    pub(crate) fn entries(&self) -> Entries<'a> {
        Entries { message: *self, at: HEADER_LEN, section: 0, done_in_section: 0, read: 0, broken: false }
    }

    /// The first question.
    pub(crate) fn question(&self) -> Option<Entry<'a>> {
        self.entries().next().filter(|e| e.section == Section::Question)
    }

    /// The records behind the questions.
    pub(crate) fn records(&self) -> impl Iterator<Item = Entry<'a>> {
        self.entries().filter(|e| e.section != Section::Question)
    }

    /// The name that starts at an offset.
    pub(crate) fn name_at(&self, at: usize) -> Option<Name> {
        Name::read(self.bytes, at)
    }
}

/// Where an entry stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    Question,
    Answer,
    Authority,
    Additional,
}

/// A question or a record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry<'a> {
    message: Message<'a>,
    name_at: usize,
    data_at: usize,
    pub(crate) section: Section,
    /// Type.
    pub(crate) rtype: u16,
    /// Class, with the top bit that mDNS gives a meaning of its own (RFC 6762 §10.2, §5.4).
    pub(crate) class: u16,
    /// Time to live in seconds; 0 for questions.
    pub(crate) ttl: u32,
    /// The record's data; empty for questions.
    pub(crate) data: &'a [u8],
}

impl Entry<'_> {
    /// Whose record it is, or what is asked for.
    pub(crate) fn name(&self) -> Option<Name> {
        self.message.name_at(self.name_at)
    }

    /// The name inside the data of NS, CNAME, PTR, and at an offset into the data of SRV and others.
    pub(crate) fn name_in_data(&self, offset: usize) -> Option<Name> {
        if offset >= self.data.len() {
            return None;
        }
        self.message.name_at(self.data_at.checked_add(offset)?)
    }

    /// The address of an A or AAAA record.
    pub(crate) fn address(&self) -> Option<IpAddr> {
        match self.rtype {
            rtype::A => <[u8; 4]>::try_from(self.data).ok().map(|b| IpAddr::V4(Ipv4Addr::from(b))),
            rtype::AAAA => <[u8; 16]>::try_from(self.data).ok().map(|b| IpAddr::V6(Ipv6Addr::from(b))),
            _ => None,
        }
    }

    /// The strings of a TXT record (RFC 1035 §3.3.14).
    pub(crate) fn texts(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = if self.rtype == rtype::TXT { self.data } else { &[] };
        std::iter::from_fn(move || {
            let (&len, behind) = rest.split_first()?;
            let (text, tail) = behind.split_at_checked(usize::from(len))?;
            rest = tail;
            Some(text)
        })
    }
}

/// Walks a message. Stops at the first entry that does not fit; [`Entries::is_whole`] says whether it came to the end.
pub(crate) struct Entries<'a> {
    message: Message<'a>,
    at: usize,
    section: usize,
    done_in_section: u16,
    read: usize,
    broken: bool,
}

impl<'a> Entries<'a> {
    /// All entries that the header counts were read.
    pub(crate) fn is_whole(&self) -> bool {
        !self.broken && self.section >= self.message.counts.len()
    }

    /// Offset behind the last entry read.
    pub(crate) const fn end(&self) -> usize {
        self.at
    }

    fn entry(&mut self, section: Section) -> Option<Entry<'a>> {
        let bytes = self.message.bytes;
        let name_at = self.at;
        let mut at = skip_name(bytes, name_at)?;
        let (rtype, class) = (be16(bytes, at)?, be16(bytes, at.checked_add(2)?)?);
        at = at.checked_add(4)?;
        let (mut ttl, mut data) = (0, bytes.get(..0)?);
        let mut data_at = at;
        if section != Section::Question {
            ttl = be32(bytes, at)?;
            let len = usize::from(be16(bytes, at.checked_add(4)?)?);
            data_at = at.checked_add(6)?;
            data = bytes.get(data_at..data_at.checked_add(len)?)?;
            at = data_at.checked_add(len)?;
        }
        self.at = at;
        Some(Entry { message: self.message, name_at, data_at, section, rtype, class, ttl, data })
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        while self.message.counts.get(self.section).is_some_and(|&count| self.done_in_section >= count) {
            self.section = self.section.saturating_add(1);
            self.done_in_section = 0;
        }
        let section = match self.section {
            0 => Section::Question,
            1 => Section::Answer,
            2 => Section::Authority,
            3 => Section::Additional,
            _ => return None,
        };
        if self.broken || self.read >= MAX_RECORDS {
            return None;
        }
        self.read = self.read.saturating_add(1);
        self.done_in_section = self.done_in_section.saturating_add(1);
        let entry = self.entry(section);
        self.broken = entry.is_none();
        if !self.broken && section == Section::Additional && self.message.counts.get(3) == Some(&self.done_in_section) {
            self.section = 4;
        }
        entry
    }
}

/// Offset behind a name, without following pointers.
pub(crate) fn skip_name(bytes: &[u8], mut at: usize) -> Option<usize> {
    // Every step moves on by an octet at least; a name has at most 128 labels.
    for _ in 0..=128 {
        let len = *bytes.get(at)?;
        at = at.checked_add(1)?;
        match len {
            0 => return Some(at),
            1..=63 => at = at.checked_add(usize::from(len))?,
            0xc0.. => return bytes.get(at).and(at.checked_add(1)),
            _ => return None,
        }
    }
    None
}

/// A name, its labels joined by dots, at most 255 octets.
#[derive(Clone, Copy)]
pub(crate) struct Name {
    octets: [u8; 256],
    len: usize,
    first_len: usize,
}

impl Name {
    /// No labels: the root.
    pub(crate) const ROOT: Self = Self { octets: [0; 256], len: 0, first_len: 0 };

    /// Reads a name at an offset of a message.
    pub(crate) fn read(bytes: &[u8], at: usize) -> Option<Self> {
        let mut name = Self::ROOT;
        let (mut at, mut before, mut pointers) = (at, at, 0);
        loop {
            let len = *bytes.get(at)?;
            match len {
                0 => return Some(name),
                1..=63 => {
                    let start = at.checked_add(1)?;
                    at = start.checked_add(usize::from(len))?;
                    name.push(bytes.get(start..at)?)?;
                }
                0xc0.. => {
                    at = usize::from(be16(bytes, at)? & 0x3fff);
                    pointers += 1;
                    if at >= before || pointers > MAX_POINTERS {
                        return None;
                    }
                    before = at;
                }
                _ => return None,
            }
        }
    }

    fn push(&mut self, label: &[u8]) -> Option<()> {
        if self.len > 0 {
            *self.octets.get_mut(self.len)? = b'.';
            self.len = self.len.checked_add(1)?;
        } else {
            self.first_len = label.len();
        }
        let end = self.len.checked_add(label.len())?;
        self.octets.get_mut(self.len..end)?.copy_from_slice(label);
        self.len = end;
        (end <= 254).then_some(())
    }

    /// The octets, labels joined by dots, without the last dot.
    pub(crate) fn octets(&self) -> &[u8] {
        self.octets.get(..self.len).unwrap_or_default()
    }

    /// The first label, which may itself hold dots (DNS-SD instances).
    pub(crate) fn first_label(&self) -> &[u8] {
        self.octets.get(..self.first_len).unwrap_or_default()
    }

    /// What follows the first label and its dot.
    pub(crate) fn after_first(&self) -> &[u8] {
        self.octets().get(self.first_len.saturating_add(1)..).unwrap_or_default()
    }

    /// The root.
    pub(crate) const fn is_root(&self) -> bool {
        self.len == 0
    }

    /// In lower case: names are compared without case, and some resolvers mix it at random.
    pub(crate) fn lower(mut self) -> Self {
        self.octets.make_ascii_lowercase();
        self
    }

    /// The same name but for case.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.octets().eq_ignore_ascii_case(other.octets())
    }

    /// Only octets that names of hosts and services have: letters, digits, hyphen, underscore, dot and a few more in use.
    pub(crate) fn is_plain(&self) -> bool {
        self.octets().iter().all(|b| b.is_ascii_alphanumeric() || b"-_./*+".contains(b))
    }

    /// The address that a name under in-addr.arpa or ip6.arpa stands for (RFC 1035 §3.5, RFC 3596 §2.5).
    pub(crate) fn reverse_address(&self) -> Option<IpAddr> {
        let name = self.octets();
        if let Some(v4) = strip_suffix(name, b".in-addr.arpa") {
            let mut octets = [0u8; 4];
            let mut labels = v4.split(|&b| b == b'.');
            for slot in octets.iter_mut().rev() {
                *slot = std::str::from_utf8(labels.next()?).ok()?.parse().ok()?;
            }
            return labels.next().is_none().then(|| IpAddr::V4(Ipv4Addr::from(octets)));
        }
        let nibbles = strip_suffix(name, b".ip6.arpa")?;
        let mut value = 0u128;
        let mut count = 0u32;
        for label in nibbles.split(|&b| b == b'.') {
            let &[digit] = label else { return None };
            let digit = char::from(digit).to_digit(16)?;
            value |= u128::from(digit).checked_shl(count.checked_mul(4)?)?;
            count += 1;
        }
        (count == 32).then(|| IpAddr::V6(Ipv6Addr::from(value)))
    }
}

/// What stands before a suffix, whatever its case.
pub(crate) fn strip_suffix<'a>(name: &'a [u8], suffix: &[u8]) -> Option<&'a [u8]> {
    let (head, tail) = name.split_at_checked(name.len().checked_sub(suffix.len())?)?;
    tail.eq_ignore_ascii_case(suffix).then_some(head)
}

/// Is this a name of a single host: not empty, at most 63 octets, no blanks or control characters?
pub(crate) fn is_host_label(label: &[u8]) -> bool {
    (1..=63).contains(&label.len()) && label.iter().all(|&b| b > b' ' && b != 0x7f && b != b'.')
}

/// How well octets look like one message: the shared part of the probes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Shape {
    /// Not a message.
    No,
    /// A header and a first question (or record) that could be; the rest is cut or broken.
    Begins,
    /// Whole: every entry that is counted is there and nothing follows.
    Whole,
}

/// Looks at a message without believing it.
pub(crate) fn shape(bytes: &[u8]) -> Shape {
    let Some(message) = Message::new(bytes) else { return Shape::No };
    let total = message.counts.iter().fold(0usize, |n, &c| n.saturating_add(usize::from(c)));
    if total == 0 || total > MAX_RECORDS {
        return Shape::No;
    }
    let mut entries = message.entries();
    let Some(first) = entries.next() else { return Shape::No };
    if first.section != Section::Question && !message.is_response() {
        return Shape::No;
    }
    while entries.next().is_some() {}
    if entries.is_whole() && entries.end() == bytes.len() { Shape::Whole } else { Shape::Begins }
}

#[cfg(test)]
pub(crate) mod build {
    //! Messages for tests.

    /// A name in wire form.
    pub(crate) fn name(text: &str) -> Vec<u8> {
        let mut out = Vec::new();
        for label in text.split('.').filter(|l| !l.is_empty()) {
            out.push(u8::try_from(label.len()).unwrap());
            out.extend_from_slice(label.as_bytes());
        }
        out.push(0);
        out
    }

    /// A header.
    pub(crate) fn header(flags: u16, counts: [u16; 4]) -> Vec<u8> {
        let mut out = vec![0x12, 0x34];
        out.extend(flags.to_be_bytes());
        counts.iter().for_each(|c| out.extend(c.to_be_bytes()));
        out
    }

    /// A question.
    pub(crate) fn question(text: &str, rtype: u16, class: u16) -> Vec<u8> {
        [name(text), rtype.to_be_bytes().into(), class.to_be_bytes().into()].concat()
    }

    /// A record.
    pub(crate) fn record(text: &str, rtype: u16, class: u16, data: &[u8]) -> Vec<u8> {
        let len = u16::try_from(data.len()).unwrap().to_be_bytes();
        [question(text, rtype, class), vec![0, 0, 0, 120], len.into(), data.into()].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(names: &[u8]) -> Vec<u8> {
        [build::header(0, [1, 0, 0, 0]).as_slice(), names].concat()
    }

    #[test]
    fn compression_is_followed_backwards_only() {
        let mut bytes = message(&build::name("b.example"));
        let at = bytes.len();
        bytes.extend([1, b'a', 0xc0, 12]);
        assert_eq!(Name::read(&bytes, at).unwrap().octets(), b"a.b.example");
        let own = message(&[0xc0, 12]);
        assert!(Name::read(&own, 12).is_none());
        let forward = message(&[0xc0, 14, 0]);
        assert!(Name::read(&forward, 12).is_none());
        let pair = message(&[1, b'x', 0xc0, 12]);
        assert!(Name::read(&pair, 12).is_none());
        assert!(Name::read(&bytes, 5000).is_none());
    }

    #[test]
    fn long_names_end() {
        let long: Vec<u8> = (0..5).flat_map(|_| [&[63u8][..], &[b'x'; 63]].concat()).chain([0]).collect();
        assert!(Name::read(&message(&long), 12).is_none());
    }

    #[test]
    fn reverse_names() {
        let v4 = Name::read(&message(&build::name("4.3.2.1.IN-ADDR.arpa")), 12).unwrap();
        assert_eq!(v4.reverse_address(), Some("1.2.3.4".parse().unwrap()));
        let text = format!("{}ip6.arpa", "1.".repeat(32));
        let v6 = Name::read(&message(&build::name(&text)), 12).unwrap();
        assert_eq!(v6.reverse_address(), Some("1111:1111:1111:1111:1111:1111:1111:1111".parse().unwrap()));
        let short = Name::read(&message(&build::name("3.2.1.in-addr.arpa")), 12).unwrap();
        assert_eq!(short.reverse_address(), None);
    }

    #[test]
    fn shapes() {
        let whole = message(&build::question("a.example", 1, 1));
        assert_eq!(shape(&whole), Shape::Whole);
        assert_eq!(shape(&[whole.as_slice(), b"x"].concat()), Shape::Begins);
        for end in 0..whole.len() {
            assert_eq!(shape(&whole[..end]), Shape::No);
        }
    }
}
