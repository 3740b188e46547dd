//! Keys that sign notes, and keys that check them (C2SP signed-note, C2SP tlog-cosignature), all Ed25519 (RFC 8032).

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest as _, Sha256};

use crate::note::{Note, Signature, is_key_name};
use crate::text::{Malformed, from_base64, to_base64};

/// What the text of a secret key begins with.
pub const SECRET_PREFIX: &str = "PRIVATE+KEY+";

/// What a signature says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// 0x01: the text is mine.
    Log,
    /// 0x04: I saw this checkpoint at that time, and it is consistent with all that I saw of the log before.
    Cosignature,
}

impl Algorithm {
    const fn octet(self) -> u8 {
        match self {
            Self::Log => 0x01,
            Self::Cosignature => 0x04,
        }
    }

    fn of(octet: u8) -> Result<Self, Malformed> {
        match octet {
            0x01 => Ok(Self::Log),
            0x04 => Ok(Self::Cosignature),
            _ => Err(Malformed("a key of a kind that is not known here")),
        }
    }
}

/// A secret key. It shows itself only through [`Key::to_secret_text`].
pub struct Key {
    verifier: VerifierKey,
    secret: SigningKey,
}

/// A public key with its name: `name+id+base64`, the form that C2SP calls a vkey.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    algorithm: Algorithm,
    key: VerifyingKey,
}

impl Key {
    /// A key out of 32 bytes of chance.
    pub fn from_seed(name: &str, algorithm: Algorithm, seed: [u8; 32]) -> Result<Self, Malformed> {
        if !is_key_name(name) {
            return Err(Malformed("a key's name must not be empty or have spaces or a plus sign"));
        }
        let secret = SigningKey::from_bytes(&seed);
        let verifier = VerifierKey { name: name.to_owned(), algorithm, key: secret.verifying_key() };
        Ok(Self { verifier, secret })
    }

    /// Reads what [`Key::to_secret_text`] wrote; the form is that of Go's `sumdb/note`.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let rest =
            text.trim_end().strip_prefix(SECRET_PREFIX).ok_or(Malformed("no secret key: it does not begin with PRIVATE+KEY+"))?;
        let (name, id, algorithm, seed) = parts(rest)?;
        let key = Self::from_seed(name, algorithm, seed)?;
        if key.verifier.id() == id { Ok(key) } else { Err(Malformed("a key whose number is not its own")) }
    }

    /// The secret itself, one line: for a file that nobody else can read.
    #[must_use]
    pub fn to_secret_text(&self) -> String {
        let mut material = vec![self.verifier.algorithm.octet()];
        material.extend_from_slice(self.secret.as_bytes());
        format!("{SECRET_PREFIX}{}+{:08x}+{}\n", self.verifier.name, self.verifier.id(), to_base64(&material))
    }

    /// The public half.
    #[must_use]
    pub const fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// Signs a text as the log's own.
    #[must_use]
    pub(crate) fn sign(&self, text: &str) -> Signature {
        self.signature(self.secret.sign(text.as_bytes()).to_bytes().to_vec())
    }

    /// Signs a text as seen at a time, in seconds since 1970 (C2SP tlog-cosignature, `timestamped_signature`).
    #[must_use]
    pub(crate) fn cosign(&self, text: &str, at_s: u64) -> Signature {
        let mut bytes = at_s.to_be_bytes().to_vec();
        bytes.extend_from_slice(&self.secret.sign(cosigned(text, at_s).as_bytes()).to_bytes());
        self.signature(bytes)
    }

    fn signature(&self, bytes: Vec<u8>) -> Signature {
        Signature { name: self.verifier.name.clone(), key_id: self.verifier.id(), bytes }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Key({})", self.verifier)
    }
}

impl VerifierKey {
    /// The key's name; a log's is its origin.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What its signatures say.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The number that stands before a signature (C2SP signed-note, "key ID").
    #[must_use]
    pub fn id(&self) -> u32 {
        let digest = Sha256::new()
            .chain_update(self.name.as_bytes())
            .chain_update([b'\n', self.algorithm.octet()])
            .chain_update(self.key.as_bytes())
            .finalize();
        digest.first_chunk().map_or(0, |id| u32::from_be_bytes(*id))
    }

    /// Whether the note has a signature of this key, and all that claim to be of it are. For a cosignature the answer is its time in
    /// seconds since 1970, for a log's signature 0.
    #[must_use]
    pub fn verify(&self, note: &Note) -> Option<u64> {
        let id = self.id();
        let mut times = note
            .signatures
            .iter()
            .filter(|signature| signature.key_id == id && signature.name == self.name)
            .map(|signature| self.check(&note.text, &signature.bytes));
        let first = times.next()??;
        times.all(|time| time.is_some()).then_some(first)
    }

    fn check(&self, text: &str, bytes: &[u8]) -> Option<u64> {
        let (time_s, signature, signed) = match self.algorithm {
            Algorithm::Log => (0, bytes, text.to_owned()),
            Algorithm::Cosignature => {
                let (time, signature) = bytes.split_first_chunk()?;
                let time_s = u64::from_be_bytes(*time);
                (time_s, signature, cosigned(text, time_s))
            }
        };
        let signature = ed25519_dalek::Signature::from_slice(signature).ok()?;
        self.key.verify_strict(signed.as_bytes(), &signature).ok().filter(|()| time_s <= i64::MAX.unsigned_abs())?;
        Some(time_s)
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut material = vec![self.algorithm.octet()];
        material.extend_from_slice(self.key.as_bytes());
        write!(out, "{}+{:08x}+{}", self.name, self.id(), to_base64(&material))
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl FromStr for VerifierKey {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        if text.starts_with(SECRET_PREFIX) {
            return Err(Malformed("this is a secret key; the public one is wanted"));
        }
        let (name, id, algorithm, bytes) = parts(text)?;
        let key = VerifyingKey::from_bytes(&bytes).map_err(|_| Malformed("a key that is no point of the curve"))?;
        let key = Self { name: name.to_owned(), algorithm, key };
        if key.id() == id { Ok(key) } else { Err(Malformed("a key whose number is not its own: a letter is wrong")) }
    }
}

/// Name, number, kind and bytes of `name+id+base64`.
fn parts(text: &str) -> Result<(&str, u32, Algorithm, [u8; 32]), Malformed> {
    const BAD: Malformed = Malformed("a key has the form name+number+base64");
    let (name, rest) = text.split_once('+').ok_or(BAD)?;
    let (id, material) = rest.split_once('+').ok_or(BAD)?;
    let hex = id.len() == 8 && id.bytes().all(|octet| matches!(octet, b'0'..=b'9' | b'a'..=b'f'));
    let id = u32::from_str_radix(id, 16).ok().filter(|_| hex && is_key_name(name)).ok_or(BAD)?;
    let material = from_base64(material).ok_or(BAD)?;
    let (kind, bytes) = material.split_first().ok_or(BAD)?;
    Ok((name, id, Algorithm::of(*kind)?, bytes.try_into().map_err(|_| BAD)?))
}

/// What a witness signs (C2SP tlog-cosignature, "Ed25519 signed message").
fn cosigned(text: &str, at_s: u64) -> String {
    format!("cosignature/v1\ntime {at_s}\n{text}")
}
