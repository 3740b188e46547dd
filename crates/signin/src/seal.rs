//! Secrets that must be read again (one-time codes, a provider's client secret), sealed with a key beside the database, so that a
//! copy of the database alone does not give them away. AES-256-GCM, a random nonce, bound to what the secret is of.

use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use data_encoding::BASE64URL_NOPAD;

const NONCE: usize = 12;

/// What cannot be sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The system gives no randomness.
    #[error("the system gives no randomness")]
    Random,
    /// Another key, another owner, or altered.
    #[error(
        "a stored secret cannot be opened: the key file in the data folder is not the one it was sealed with, or it was altered"
    )]
    Sealed,
}

/// The key.
#[derive(Clone)]
pub struct Key(Aes256Gcm);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(…)")
    }
}

impl Key {
    /// Of 32 bytes.
    #[must_use]
    pub fn new(bytes: &[u8; 32]) -> Self {
        Self(Aes256Gcm::new(bytes.into()))
    }

    /// Seals a secret of something (`totp of person-…`).
    ///
    /// # Errors
    /// No randomness.
    pub fn seal(&self, of: &str, secret: &str) -> Result<String, Error> {
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).map_err(|_| Error::Random)?;
        let payload = Payload { msg: secret.as_bytes(), aad: of.as_bytes() };
        let sealed = self.0.encrypt(&Nonce::from(nonce), payload).map_err(|_| Error::Sealed)?;
        Ok(BASE64URL_NOPAD.encode(&[nonce.as_slice(), &sealed].concat()))
    }

    /// Opens what was sealed for the same.
    ///
    /// # Errors
    /// Another key, another owner, or altered.
    pub fn open(&self, of: &str, sealed: &str) -> Result<String, Error> {
        let bytes = BASE64URL_NOPAD.decode(sealed.as_bytes()).map_err(|_| Error::Sealed)?;
        let (nonce, text) = bytes.split_first_chunk::<NONCE>().ok_or(Error::Sealed)?;
        let opened =
            self.0.decrypt(&Nonce::from(*nonce), Payload { msg: text, aad: of.as_bytes() }).map_err(|_| Error::Sealed)?;
        String::from_utf8(opened).map_err(|_| Error::Sealed)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn opens_for_the_same_owner_with_the_same_key() {
        let key = Key::new(&[7; 32]);
        let sealed = key.seal("totp of a", "GEZDGNBV").unwrap();
        assert_eq!(key.open("totp of a", &sealed).as_deref(), Ok("GEZDGNBV"));
        assert_eq!(key.open("totp of b", &sealed), Err(Error::Sealed));
        assert_eq!(Key::new(&[8; 32]).open("totp of a", &sealed), Err(Error::Sealed));
        for broken in ["", "AAAA", &sealed[1..], "ü"] {
            assert_eq!(key.open("totp of a", broken), Err(Error::Sealed));
        }
    }
}
