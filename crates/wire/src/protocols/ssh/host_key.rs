//! The server's host key in its reply of the key exchange (RFC 4253 §6.6 and §8, RFC 5656 §3.1, RFC 8709 §4).

use std::borrow::Cow;

use model::FactKind;
use sha2::{Digest, Sha256};

use crate::bytes::Cursor;
use crate::fact::{About, Field, Sink, Value};
use crate::protocols::tls::certificate::significant_bits;

static KEY: Field = Field::new("ssh.host_key_sha256", "SHA-256 of the SSH host key", FactKind::CertificateKey);
static KIND: Field = Field::new("ssh.host_key", "SSH host key", FactKind::CertificateKeyKind);
static WEAK: Field = Field::new("ssh.host_key_weak", "SSH host key that is too short", FactKind::CipherWeak);
static BROKEN: Field = Field::new("ssh.host_key_broken", "SSH host key of no use", FactKind::CipherBroken);

/// Says the key at the front of a reply. False where none stands there.
pub(super) fn say(reply: &[u8], out: &mut dyn Sink) -> bool {
    let Some(blob) = string(&mut Cursor::new(reply)) else { return false };
    let Some(kind) = kind(blob) else { return false };
    // The fingerprint that `ssh-keygen -l` shows in base64.
    out.say(About::Sender, &KEY, Value::Hex(&Sha256::digest(blob)));
    let rsa_bits = kind.strip_prefix("RSA ").and_then(|bits| bits.parse::<usize>().ok());
    match rsa_bits {
        Some(..1024) => out.conversation(&BROKEN, &kind),
        Some(..2048) => out.conversation(&WEAK, &kind),
        _ => {}
    }
    out.say(About::Sender, &KIND, Value::Text(kind));
    true
}

/// Kind and bits of a key; `None` of what is no plain key, such as a certificate, which changes while the key stays.
fn kind(blob: &[u8]) -> Option<Cow<'static, str>> {
    let mut at = Cursor::new(blob);
    let name = string(&mut at)?;
    Some(Cow::Borrowed(match name {
        b"ssh-rsa" => {
            string(&mut at)?;
            return Some(Cow::Owned(format!("RSA {}", significant_bits(string(&mut at)?))));
        }
        b"ssh-dss" => return Some(Cow::Owned(format!("DSA {}", significant_bits(string(&mut at)?)))),
        b"ssh-ed25519" => "Ed25519",
        b"ssh-ed448" => "Ed448",
        b"ecdsa-sha2-nistp256" => "EC secp256r1",
        b"ecdsa-sha2-nistp384" => "EC secp384r1",
        b"ecdsa-sha2-nistp521" => "EC secp521r1",
        _ => return None,
    }))
}

fn string<'a>(at: &mut Cursor<'a>) -> Option<&'a [u8]> {
    let length = usize::try_from(at.u32()?).ok()?;
    at.take(length)
}
