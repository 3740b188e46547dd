//! JA4 of a client (FoxIO technical_details/JA4.md; JA4 itself is free of the patents that its siblings carry).
//!
//! Computed once per flow, on the stack but for the text that leaves.

use sha2::{Digest, Sha256};

use super::hello::ClientHello;
use super::suites::is_grease;

/// What carried the hello: the first letter of a JA4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carrier {
    /// TLS over TCP.
    Tcp,
    /// DTLS.
    Dtls,
    /// QUIC.
    Quic,
}

/// The most suites or extensions that a hello may list to be given a fingerprint; real ones stay far below.
const MAX_LISTED: usize = 256;

/// The fingerprint, or nothing where the hello lists more than any real client does.
pub(crate) fn ja4(carrier: Carrier, hello: &ClientHello) -> Option<String> {
    let mut suites = Numbers::default();
    suites.add_all(hello.suites)?;
    let mut extensions = Numbers::default();
    for (kind, _) in hello.extensions() {
        extensions.add(kind)?;
    }
    let counted = extensions.len();
    extensions.retain(|kind| kind != super::hello::SERVER_NAME && kind != super::hello::ALPN);
    let mut signatures = Numbers::default();
    signatures.add_all(hello.signature_algorithms)?;

    let letter = match carrier {
        Carrier::Tcp => 't',
        Carrier::Dtls => 'd',
        Carrier::Quic => 'q',
    };
    let name = if hello.names_server { 'd' } else { 'i' };
    let [first, last] = alpn_ends(hello.first_alpn());
    let mut text = String::with_capacity(36);
    text.push(letter);
    text.push_str(version(hello.highest_version()));
    text.push(name);
    push_count(&mut text, suites.len());
    push_count(&mut text, counted);
    text.push(char::from(first));
    text.push(char::from(last));
    text.push('_');
    push_hash(&mut text, suites.sorted(), &[]);
    text.push('_');
    push_hash(&mut text, extensions.sorted(), signatures.as_slice());
    Some(text)
}

/// The two characters for a version.
const fn version(version: u16) -> &'static str {
    match version {
        0x0304 => "13",
        0x0303 => "12",
        0x0302 => "11",
        0x0301 => "10",
        0x0300 => "s3",
        0x0002 => "s2",
        0xfeff => "d1",
        0xfefd => "d2",
        0xfefc => "d3",
        _ => "00",
    }
}

/// First and last character of the first ALPN value; of its hexadecimal form where either is not alphanumeric.
fn alpn_ends(value: Option<&[u8]>) -> [u8; 2] {
    let Some((&first, &last)) = value.and_then(|value| value.first().zip(value.last())) else { return *b"00" };
    if first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() {
        return [first, last];
    }
    [hex_digit(first >> 4), hex_digit(last & 15)]
}

/// A count in two digits, at most 99.
fn push_count(text: &mut String, count: usize) {
    for digit in [count.min(99) / 10, count.min(99) % 10] {
        text.push(char::from(hex_digit(u8::try_from(digit).unwrap_or(9))));
    }
}

/// Twelve hexadecimal digits of the SHA-256 over the numbers written with commas, and behind `_` the second list if there is one.
fn push_hash(text: &mut String, numbers: &[u16], behind: &[u16]) {
    if numbers.is_empty() {
        text.push_str("000000000000");
        return;
    }
    let mut digest = Sha256::new();
    update(&mut digest, numbers);
    if !behind.is_empty() {
        digest.update(b"_");
        update(&mut digest, behind);
    }
    for octet in digest.finalize().iter().take(6) {
        text.push(char::from(hex_digit(octet >> 4)));
        text.push(char::from(hex_digit(octet & 15)));
    }
}

/// Hashes numbers as four lower-case hexadecimal digits with commas between, some at a time.
fn update(digest: &mut Sha256, numbers: &[u16]) {
    let mut buffer = [0u8; 5 * 32];
    let mut separator = false;
    for group in numbers.chunks(32) {
        let mut used = 0usize;
        for (number, place) in group.iter().zip(buffer.chunks_exact_mut(5)) {
            let [high, low] = number.to_be_bytes();
            place.copy_from_slice(&[b',', hex_digit(high >> 4), hex_digit(high & 15), hex_digit(low >> 4), hex_digit(low & 15)]);
            used = used.saturating_add(5);
        }
        digest.update(buffer.get(usize::from(!separator)..used).unwrap_or_default());
        separator = true;
    }
}

const fn hex_digit(nibble: u8) -> u8 {
    match nibble & 15 {
        n @ 0..=9 => b'0'.saturating_add(n),
        n => (b'a' - 10).saturating_add(n),
    }
}

/// A bounded list on the stack, without GREASE.
struct Numbers {
    list: [u16; MAX_LISTED],
    len: usize,
}

impl Default for Numbers {
    fn default() -> Self {
        Self { list: [0; MAX_LISTED], len: 0 }
    }
}

impl Numbers {
    fn add(&mut self, number: u16) -> Option<()> {
        if !is_grease(number) {
            *self.list.get_mut(self.len)? = number;
            self.len = self.len.saturating_add(1);
        }
        Some(())
    }

    fn add_all(&mut self, octets: &[u8]) -> Option<()> {
        octets.as_chunks::<2>().0.iter().try_for_each(|pair| self.add(u16::from_be_bytes(*pair)))
    }

    fn retain(&mut self, keep: impl Fn(u16) -> bool) {
        let all = self.list;
        let count = self.len;
        self.len = 0;
        for number in all.iter().take(count).filter(|number| keep(**number)) {
            if let Some(place) = self.list.get_mut(self.len) {
                *place = *number;
                self.len = self.len.saturating_add(1);
            }
        }
    }

    const fn len(&self) -> usize {
        self.len
    }

    fn as_slice(&self) -> &[u16] {
        self.list.get(..self.len).unwrap_or_default()
    }

    fn sorted(&mut self) -> &[u16] {
        let list = self.list.get_mut(..self.len).unwrap_or_default();
        list.sort_unstable();
        list
    }
}

#[cfg(test)]
mod tests {
    use super::super::hello::tests::{client_hello, extension};
    use super::*;

    fn numbers(list: &str) -> Vec<u16> {
        list.split(',').map(|n| u16::from_str_radix(n, 16).unwrap()).collect()
    }

    /// The example of the specification: its lists and its three parts.
    #[test]
    fn the_published_example() {
        let suites = numbers("1a1a,1301,1302,1303,c02b,c02f,c02c,c030,cca9,cca8,c013,c014,009c,009d,002f,0035");
        let signatures: Vec<u8> =
            numbers("0403,0804,0401,0503,0805,0501,0806,0601").iter().flat_map(|n| n.to_be_bytes()).collect();
        let mut extensions = extension(0x2a2a, &[]);
        for kind in numbers("001b,0000,0033,0010,4469,0017,002d,000d,0005,0023,0012,002b,ff01,000b,000a,0015") {
            extensions.extend(match kind {
                0x0000 => extension(kind, b"\x00\x06\x00\x00\x03a.b"),
                0x0010 => extension(kind, b"\x00\x0c\x02h2\x08http/1.1"),
                0x000d => extension(kind, &[&[0, 16], signatures.as_slice()].concat()),
                0x002b => extension(kind, &[4, 0x0a, 0x0a, 3, 4]),
                _ => extension(kind, &[]),
            });
        }
        let body = client_hello(0x0303, &suites, &extensions);
        let hello = ClientHello::parse(&body, false).unwrap();
        assert_eq!(ja4(Carrier::Tcp, &hello).unwrap(), "t13d1516h2_8daaf6152771_e5627efa2ab1");
        assert!(ja4(Carrier::Quic, &hello).unwrap().starts_with("q13d1516h2_"));
    }

    #[test]
    fn nothing_listed() {
        let body = client_hello(0x0301, &[], &[]);
        let hello = ClientHello::parse(&body, false).unwrap();
        assert_eq!(ja4(Carrier::Tcp, &hello).unwrap(), "t10i000000_000000000000_000000000000");
    }

    #[test]
    fn alpn_that_is_not_text_is_taken_in_hexadecimal() {
        assert_eq!(alpn_ends(Some(b"h2")), *b"h2");
        assert_eq!(alpn_ends(Some(&[0xab])), *b"ab");
        assert_eq!(alpn_ends(Some(&[0x30, 0xab])), *b"3b");
        assert_eq!(alpn_ends(Some(b"x")), *b"xx");
        assert_eq!(alpn_ends(None), *b"00");
    }

    #[test]
    fn more_than_99_count_as_99_and_absurd_lists_have_none() {
        let suites: Vec<u16> = (0x1000..0x1000 + 120).collect();
        let body = client_hello(0x0303, &suites, &[]);
        assert!(ja4(Carrier::Tcp, &ClientHello::parse(&body, false).unwrap()).unwrap().starts_with("t12i990000_"));
        let suites: Vec<u16> = (0x1000..0x1000 + 1000).collect();
        let body = client_hello(0x0303, &suites, &[]);
        assert_eq!(ja4(Carrier::Tcp, &ClientHello::parse(&body, false).unwrap()), None);
    }
}
