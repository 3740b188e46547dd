//! Hellos in the form of SSL 2 (RFC 6101 App. E; RFC 5246 App. E.2): of SSL 2 itself, or of a newer client that offers it.

use model::FactKind;

use crate::bytes::{be16, be32};
use crate::fact::{Field, Sink};
use crate::protocol::{Role, Verdict};

use super::certificate::{Presenter, say_certificate};
use super::handshake::VERSION;
use super::size16;

static SUITE: Field = Field::new("tls.ssl2_cipher", "SSL 2 cipher offered by the server", FactKind::CipherBroken);

const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 4;
/// Header of two octets and what a hello has before its variable parts.
const CLIENT_FIXED: usize = 2 + 9;
const SERVER_FIXED: usize = 2 + 11;
/// So many octets tell whether the lengths add up.
pub(super) const LONGEST_FIXED: usize = SERVER_FIXED;
/// Far more than any hello of that time.
const MAX_LENGTH: usize = 8 * 1024;

/// What was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// Messages of SSL 2 itself.
    Ssl2,
    /// A ClientHello that offers SSL 3 or later in the old form.
    OldFormOfNew,
    /// It was none after all.
    Nothing,
}

/// Are these bytes a hello of SSL 2? Its lengths have to add up.
pub(super) fn probe(head: &[u8]) -> Verdict {
    match (head.first(), head.get(2)) {
        (Some(first), _) if first & 0x80 == 0 => return Verdict::No,
        (_, Some(&(CLIENT_HELLO | SERVER_HELLO))) => {}
        (_, Some(_)) => return Verdict::No,
        (_, None) => return Verdict::Unsure,
    }
    if head.len() < SERVER_FIXED {
        let version = if head.get(2) == Some(&CLIENT_HELLO) { be16(head, 3) } else { be16(head, 5) };
        return if version.is_none_or(is_version) { Verdict::Unsure } else { Verdict::No };
    }
    if length(head).is_some() { Verdict::Certain } else { Verdict::No }
}

/// Length of the hello at the front with its header; `None` where it is none.
pub(super) fn length(bytes: &[u8]) -> Option<usize> {
    let header = be16(bytes, 0)?;
    let length = usize::from(header & 0x7fff).checked_add(2)?;
    let adds_up = header & 0x8000 != 0
        && length <= MAX_LENGTH
        && match *bytes.get(2)? {
            CLIENT_HELLO => client_adds_up(bytes, length)?,
            SERVER_HELLO => server_adds_up(bytes, length)?,
            _ => false,
        };
    adds_up.then_some(length)
}

fn client_adds_up(bytes: &[u8], length: usize) -> Option<bool> {
    let (ciphers, session, challenge) = (size16(bytes, 5)?, size16(bytes, 7)?, size16(bytes, 9)?);
    let sum = CLIENT_FIXED.checked_add(ciphers)?.checked_add(session)?.checked_add(challenge)?;
    let fits = ciphers > 0 && ciphers % 3 == 0 && matches!(session, 0 | 16) && (16..=32).contains(&challenge);
    Some(is_version(be16(bytes, 3)?) && fits && sum == length)
}

fn server_adds_up(bytes: &[u8], length: usize) -> Option<bool> {
    let (certificate, ciphers, id) = (size16(bytes, 7)?, size16(bytes, 9)?, size16(bytes, 11)?);
    let sum = SERVER_FIXED.checked_add(certificate)?.checked_add(ciphers)?.checked_add(id)?;
    let hit = *bytes.get(3)?;
    Some(be16(bytes, 5)? == 2 && hit <= 1 && ciphers % 3 == 0 && id <= 32 && sum == length)
}

const fn is_version(version: u16) -> bool {
    matches!(version, 0x0002 | 0x0300..=0x0304)
}

/// Says a whole hello.
pub(super) fn say(message: &[u8], out: &mut dyn Sink) -> Said {
    match message.get(2) {
        Some(&CLIENT_HELLO) => {
            out.sender_is(Role::Client);
            if be16(message, 3) == Some(2) { Said::Ssl2 } else { Said::OldFormOfNew }
        }
        Some(&SERVER_HELLO) => {
            out.sender_is(Role::Server);
            out.conversation(&VERSION, "SSL 2");
            say_server(message, out);
            Said::Ssl2
        }
        _ => Said::Nothing,
    }
}

fn say_server(message: &[u8], out: &mut dyn Sink) {
    let Some((certificate, rest)) =
        size16(message, 7).zip(message.get(SERVER_FIXED..)).and_then(|(n, rest)| rest.split_at_checked(n))
    else {
        return;
    };
    if !certificate.is_empty() {
        say_certificate(Presenter::Server, certificate, out);
    }
    let ciphers = rest.get(..size16(message, 9).unwrap_or(0)).unwrap_or_default();
    for cipher in ciphers.as_chunks::<3>().0.iter().take(8) {
        if let Some(name) = be32(&[0, cipher[0], cipher[1], cipher[2]], 0).and_then(cipher_name) {
            out.conversation(&SUITE, name);
        }
    }
}

/// The ciphers of SSL 2, none of which protects any more (RFC 6176).
const fn cipher_name(cipher: u32) -> Option<&'static str> {
    Some(match cipher {
        0x01_0080 => "SSL_CK_RC4_128_WITH_MD5",
        0x02_0080 => "SSL_CK_RC4_128_EXPORT40_WITH_MD5",
        0x03_0080 => "SSL_CK_RC2_128_CBC_WITH_MD5",
        0x04_0080 => "SSL_CK_RC2_128_CBC_EXPORT40_WITH_MD5",
        0x05_0080 => "SSL_CK_IDEA_128_CBC_WITH_MD5",
        0x06_0040 => "SSL_CK_DES_64_CBC_WITH_MD5",
        0x07_00c0 => "SSL_CK_DES_192_EDE3_CBC_WITH_MD5",
        _ => return None,
    })
}
