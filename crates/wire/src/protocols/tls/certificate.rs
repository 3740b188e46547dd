//! A certificate that an endpoint presents (RFC 5280), read for what it says of the device and of how well it protects.

use std::borrow::Cow;

use model::FactKind;
use sha2::{Digest, Sha256};
use x509_parser::asn1_rs::{FromDer, Tag};
use x509_parser::certificate::{X509Certificate, X509CertificateParser};
use x509_parser::extensions::{GeneralName, SubjectAlternativeName};
use x509_parser::nom::Parser;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::{AttributeTypeAndValue, SubjectPublicKeyInfo, X509Name};

use crate::fact::{About, Field, Sink, Value};

static SUBJECT_CN: Field = Field::new("tls.certificate.subject_cn", "certificate subject common name", FactKind::CertificateName);
static SUBJECT_O: Field = Field::new("tls.certificate.subject_o", "certificate subject organisation", FactKind::CertificateName);
static SUBJECT_OU: Field = Field::new("tls.certificate.subject_ou", "certificate subject unit", FactKind::CertificateName);
static ISSUER_CN: Field = Field::new("tls.certificate.issuer_cn", "certificate issuer common name", FactKind::CertificateName);
static ISSUER_O: Field = Field::new("tls.certificate.issuer_o", "certificate issuer organisation", FactKind::CertificateName);
static DNS_NAME: Field = Field::new("tls.certificate.san_dns", "certificate subjectAltName DNS name", FactKind::CertificateName);
static SERIAL: Field = Field::new("tls.certificate.serial_number", "certificate subject serialNumber", FactKind::Serial);
static NOT_BEFORE: Field = Field::new("tls.certificate.not_before", "certificate notBefore", FactKind::CertificateNotBefore);
static NOT_AFTER: Field = Field::new("tls.certificate.not_after", "certificate notAfter", FactKind::CertificateNotAfter);
static KEY_KIND: Field = Field::new("tls.certificate.key", "certificate public key", FactKind::CertificateKeyKind);
static KEY_WEAK: Field = Field::new("tls.certificate.key_weak", "certificate public key that is too short", FactKind::CipherWeak);
static KEY_BROKEN: Field = Field::new("tls.certificate.key_broken", "certificate public key of no use", FactKind::CipherBroken);
static SIGNATURE: Field =
    Field::new("tls.certificate.signature_weak", "certificate signature algorithm that can be forged", FactKind::CipherWeak);
static SELF_SIGNED: Field =
    Field::new("tls.certificate.self_signed", "certificate issued by its own subject", FactKind::CertificateSelfSigned);
static KEY_HASH: Field =
    Field::new("tls.certificate.spki_sha256", "SHA-256 of the certificate's public key", FactKind::CertificateKey);

/// The most subjectAltName entries that are said; certificates of content networks hold hundreds.
const MAX_DNS_NAMES: usize = 16;

/// Who presents the certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presenter {
    /// A server: its subject is a host, a device or an organisation.
    Server,
    /// A client: its subject may be a person, so only the organisation and the unit are said.
    Client,
}

/// Says what a certificate in DER holds, about the sender.
pub(crate) fn say_certificate(presenter: Presenter, der: &[u8], out: &mut dyn Sink) {
    let Ok((_, certificate)) = X509CertificateParser::new().with_deep_parse_extensions(false).parse(der) else {
        out.malformed("certificate");
        return;
    };
    let self_signed = certificate.subject().as_raw() == certificate.issuer().as_raw();
    say_subject(presenter, &certificate, out);
    // Who signs for itself bears the same name as issuer, which may be a person's.
    if presenter == Presenter::Server || !self_signed {
        say_names(certificate.issuer().iter_common_name(), &ISSUER_CN, out);
    }
    say_names(certificate.issuer().iter_organization(), &ISSUER_O, out);
    say_validity(&certificate, out);
    say_key(certificate.public_key(), out);
    if self_signed {
        out.say(About::Sender, &SELF_SIGNED, Value::Yes);
    } else if let Some(name) = forgeable(certificate.signature_algorithm.algorithm.as_bytes()) {
        // A signature by the key itself proves nothing, so its algorithm only matters where another signs.
        out.conversation(&SIGNATURE, name);
    }
}

fn say_subject(presenter: Presenter, certificate: &X509Certificate, out: &mut dyn Sink) {
    let subject = certificate.subject();
    say_names(subject.iter_organization(), &SUBJECT_O, out);
    say_names(subject.iter_organizational_unit(), &SUBJECT_OU, out);
    if presenter == Presenter::Client {
        return;
    }
    say_names(subject.iter_common_name(), &SUBJECT_CN, out);
    if let Some(serial) = device_serial(subject) {
        out.sender(&SERIAL, serial);
    }
    say_dns_names(certificate, out);
}

fn say_names<'a, 'b: 'a>(names: impl Iterator<Item = &'a AttributeTypeAndValue<'b>>, field: &'static Field, out: &mut dyn Sink) {
    for name in names.take(4) {
        let octets = name.as_slice();
        if name.attr_value().tag() == Tag::BmpString {
            out.say(About::Sender, field, Value::Text(Cow::Owned(utf16_be(octets))));
        } else if !octets.is_empty() {
            out.sender(field, octets);
        }
    }
}

fn utf16_be(octets: &[u8]) -> String {
    let units = octets.as_chunks::<2>().0.iter().map(|pair| u16::from_be_bytes(*pair));
    char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

/// The serialNumber attribute where it can only be a device's (IEEE 802.1AR §8.6). A certificate with extended validation holds
/// the number of a company there, beside businessCategory or a jurisdiction; one for a person an identity number, beside a name
/// of the person or behind a prefix such as `PNOXX-` (ETSI EN 319 412-1 §5.1.3).
fn device_serial<'a>(subject: &'a X509Name) -> Option<&'a [u8]> {
    const SERIAL_NUMBER: &[u8] = &[0x55, 4, 5];
    const SURNAME: &[u8] = &[0x55, 4, 4];
    const GIVEN_NAME: &[u8] = &[0x55, 4, 42];
    const BUSINESS_CATEGORY: &[u8] = &[0x55, 4, 15];
    /// 1.3.6.1.4.1.311.60.2.1: jurisdiction of incorporation.
    const JURISDICTION: &[u8] = &[0x2b, 6, 1, 4, 1, 0x82, 0x37, 0x3c, 2, 1];
    let mut serial = None;
    for attribute in subject.iter_attributes() {
        match attribute.attr_type().as_bytes() {
            SERIAL_NUMBER => serial = Some(attribute.as_slice()),
            SURNAME | GIVEN_NAME | BUSINESS_CATEGORY => return None,
            other if other.starts_with(JURISDICTION) => return None,
            _ => {}
        }
    }
    let is_persons = |text: &[u8]| matches!(text, [_, _, _, _, _, b'-', ..]) || matches!(text, [_, _, b':', ..]);
    serial.filter(|text| text.len() >= 4 && !is_persons(text))
}

fn say_dns_names(certificate: &X509Certificate, out: &mut dyn Sink) {
    const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 17];
    let Some(extension) = certificate.extensions().iter().find(|e| e.oid.as_bytes() == SUBJECT_ALT_NAME) else { return };
    let Ok((_, names)) = SubjectAlternativeName::from_der(extension.value) else { return };
    let dns = names.general_names.iter().filter_map(|name| match name {
        GeneralName::DNSName(name) => Some(name.as_bytes()),
        _ => None,
    });
    dns.take(MAX_DNS_NAMES).for_each(|name| out.sender(&DNS_NAME, name));
}

fn say_validity(certificate: &X509Certificate, out: &mut dyn Sink) {
    let nanos = |seconds: i64| Value::Time(seconds.saturating_mul(1_000_000_000));
    let validity = certificate.validity();
    out.say(About::Sender, &NOT_BEFORE, nanos(validity.not_before.timestamp()));
    out.say(About::Sender, &NOT_AFTER, nanos(validity.not_after.timestamp()));
}

fn say_key(key: &SubjectPublicKeyInfo, out: &mut dyn Sink) {
    out.say(About::Sender, &KEY_HASH, Value::Hex(&Sha256::digest(key.raw)));
    match key.parsed() {
        Ok(PublicKey::RSA(rsa)) => say_sized_key("RSA", significant_bits(rsa.modulus), out),
        Ok(PublicKey::DSA(value)) => say_sized_key("DSA", significant_bits(value).next_multiple_of(512), out),
        _ => {
            let name = key_name(key);
            out.say(About::Sender, &KEY_KIND, Value::Text(Cow::Borrowed(name)));
        }
    }
}

/// Says a key that is measured in bits of its modulus, and that it is short (RFC 9325 §4.5: 2048 bits at least).
fn say_sized_key(kind: &str, bits: usize, out: &mut dyn Sink) {
    let text = format!("{kind} {bits}");
    if bits < 1024 {
        out.conversation(&KEY_BROKEN, &text);
    } else if bits < 2048 {
        out.conversation(&KEY_WEAK, &text);
    }
    out.say(About::Sender, &KEY_KIND, Value::Text(Cow::Owned(text)));
}

/// Bits of a number from its first that is set.
pub(crate) fn significant_bits(number: &[u8]) -> usize {
    let Some(first) = number.iter().position(|octet| *octet != 0) else { return 0 };
    let zeros = number.get(first).map_or(0, |octet| octet.leading_zeros());
    number.len().saturating_sub(first).saturating_mul(8).saturating_sub(zeros as usize)
}

/// Kind of a key that its object identifiers tell alone.
fn key_name(key: &SubjectPublicKeyInfo) -> &'static str {
    /// id-ecPublicKey (RFC 5480 §2.1.1); the curve is the parameter.
    const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
    let algorithm = key.algorithm.algorithm.as_bytes();
    if algorithm == EC {
        return curve_name(key.algorithm.parameters.as_ref().map_or(&[][..], |any| any.data));
    }
    match algorithm {
        [0x2b, 0x65, 0x70] => "Ed25519",
        [0x2b, 0x65, 0x71] => "Ed448",
        [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 17] => "ML-DSA-44",
        [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 18] => "ML-DSA-65",
        [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 19] => "ML-DSA-87",
        [0x2a, 0x85, 3, ..] => "GOST",
        _ => "of an unknown kind",
    }
}

fn curve_name(oid: &[u8]) -> &'static str {
    match oid {
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7] => "EC secp256r1",
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 1] => "EC secp192r1",
        [0x2b, 0x81, 4, 0, 10] => "EC secp256k1",
        [0x2b, 0x81, 4, 0, 0x21] => "EC secp224r1",
        [0x2b, 0x81, 4, 0, 0x22] => "EC secp384r1",
        [0x2b, 0x81, 4, 0, 0x23] => "EC secp521r1",
        _ => "EC",
    }
}

/// Signature algorithms whose hash has had collisions (RFC 9155, RFC 6151), by object identifier.
fn forgeable(oid: &[u8]) -> Option<&'static str> {
    Some(match oid {
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 2] => "md2WithRSAEncryption",
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 4] => "md5WithRSAEncryption",
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 5] => "sha1WithRSAEncryption",
        [0x2a, 0x86, 0x48, 0xce, 0x38, 4, 3] => "dsa-with-sha1",
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1] => "ecdsa-with-SHA1",
        _ => return None,
    })
}
