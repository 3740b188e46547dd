//! DER (X.690), X.509 certificates (RFC 5280) with keys and signatures that are random numbers of the right size.

use crate::Scene;

/// One element: tag, length, contents.
#[must_use]
pub fn element(tag: u8, contents: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    match contents.len() {
        length @ 0..=127 => bytes.push(length as u8),
        length @ 128..=255 => bytes.extend([0x81, length as u8]),
        length => {
            bytes.push(0x82);
            bytes.extend((length as u16).to_be_bytes());
        }
    }
    bytes.extend(contents);
    bytes
}

/// A SEQUENCE of elements.
#[must_use]
pub fn sequence(elements: &[Vec<u8>]) -> Vec<u8> {
    element(0x30, &elements.concat())
}

/// A small non-negative INTEGER.
#[must_use]
pub fn integer(value: u32) -> Vec<u8> {
    let bytes = value.to_be_bytes();
    let skip = (0..3).take_while(|&at| bytes[at] == 0 && bytes[at + 1] < 0x80).count();
    if bytes[0] >= 0x80 { element(2, &[&[0][..], &bytes].concat()) } else { element(2, &bytes[skip..]) }
}

/// An OBJECT IDENTIFIER.
///
/// # Panics
/// When the text is not one.
#[must_use]
pub fn oid(dotted: &str) -> Vec<u8> {
    let mut arcs = dotted.split('.').map(|arc| arc.parse::<u64>().expect("an arc"));
    let first = arcs.next().expect("an arc") * 40 + arcs.next().expect("two arcs");
    let mut bytes = Vec::new();
    for arc in std::iter::once(first).chain(arcs) {
        let groups = (64 - arc.leading_zeros()).div_ceil(7).max(1);
        bytes.extend((0..groups).rev().map(|group| (arc >> (7 * group)) as u8 & 0x7f | if group > 0 { 0x80 } else { 0 }));
    }
    element(6, &bytes)
}

/// A certificate to be made.
#[derive(Clone, Copy, Debug)]
pub struct Certificate<'a> {
    /// Common name of the holder.
    pub subject: &'a str,
    /// Organisation of the holder.
    pub organisation: &'a str,
    /// Common name of the issuer; the subject's for a self-signed one.
    pub issuer: &'a str,
    /// Validity as `YYMMDDhhmmssZ`.
    pub not_before: &'a str,
    /// Validity as `YYMMDDhhmmssZ`.
    pub not_after: &'a str,
    /// Bits of the RSA key.
    pub bits: usize,
}

impl Certificate<'_> {
    /// The certificate, encoded.
    #[must_use]
    pub fn encode(&self, scene: &mut Scene) -> Vec<u8> {
        let name = |common: &str, organisation: &str| {
            let part = |kind: &str, text: &str| element(0x31, &sequence(&[oid(kind), element(0x0c, text.as_bytes())]));
            sequence(&[part("2.5.4.10", organisation), part("2.5.4.3", common)])
        };
        let algorithm = sequence(&[oid("1.2.840.113549.1.1.11"), element(5, &[])]);
        let mut modulus = scene.random_bytes(self.bits / 8);
        modulus[0] |= 0x80;
        let modulus = element(2, &[&[0][..], &modulus].concat());
        let key = sequence(&[modulus, integer(65_537)]);
        let key_kind = sequence(&[oid("1.2.840.113549.1.1.1"), element(5, &[])]);
        let key = sequence(&[key_kind, element(3, &[&[0][..], &key].concat())]);
        let serial = [&[1][..], &scene.random_bytes(8)].concat();
        let validity = sequence(&[element(0x17, self.not_before.as_bytes()), element(0x17, self.not_after.as_bytes())]);
        let body = sequence(&[
            element(0xa0, &integer(2)),
            element(2, &serial),
            algorithm.clone(),
            name(self.issuer, self.organisation),
            validity,
            name(self.subject, self.organisation),
            key,
        ]);
        let signature = [&[0][..], &scene.random_bytes(self.bits / 8)].concat();
        sequence(&[body, algorithm, element(3, &signature)])
    }
}
