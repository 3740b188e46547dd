//! Codes on paper: recovery codes of a person, and the sealed credential of a ward. 100 random bits each, so that a plain digest is
//! enough; read aloud and typed by people in a hurry, so that case, dashes and look-alikes do not matter.

use data_encoding::{BASE32_NOPAD, HEXLOWER};
use sha2::{Digest as _, Sha256};

/// How many recovery codes are made at once.
pub const SET: usize = 10;

/// A code, to be shown once.
#[derive(Clone, PartialEq, Eq)]
pub struct Code(String);

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Code(…)")
    }
}

impl Code {
    /// A new one: `ABCDE-FGHIJ-KLMNO-PQRST`.
    ///
    /// # Errors
    /// The system gives no randomness.
    pub fn new() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 13];
        getrandom::fill(&mut bytes)?;
        let text = BASE32_NOPAD.encode(&bytes);
        let groups: Vec<&str> = (0..4).filter_map(|group| text.get(group * 5..group * 5 + 5)).collect();
        Ok(Self(groups.join("-")))
    }

    /// As many as one set has.
    ///
    /// # Errors
    /// The system gives no randomness.
    pub fn set() -> Result<Vec<Self>, getrandom::Error> {
        (0..SET).map(|_| Self::new()).collect()
    }

    /// To show it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// As it is stored.
    #[must_use]
    pub fn digest(&self) -> String {
        digest(&self.0)
    }
}

/// Digest of what was typed, for look-up by equality: what is compared is no secret, so the look-up's time tells nothing.
#[must_use]
pub fn digest(typed: &str) -> String {
    let plain: String =
        typed.chars().take(64).filter(char::is_ascii_alphanumeric).map(|c| likely(c.to_ascii_uppercase())).collect();
    HEXLOWER.encode(&Sha256::digest(plain.as_bytes()))
}

/// Base32 has no 0, 1 and 8 (RFC 4648 §6): who types them meant a letter.
const fn likely(c: char) -> char {
    match c {
        '0' => 'O',
        '1' => 'I',
        '8' => 'B',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn typed_carelessly_it_is_the_same() {
        let code = Code::new().unwrap();
        assert_eq!(code.reveal().len(), 23);
        let careless = code.reveal().to_lowercase().replace('-', " ").replace('o', "0").replace('b', "8");
        assert_eq!(digest(&careless), code.digest());
        assert_ne!(digest("ABCDE"), code.digest());
        assert_eq!(format!("{code:?}"), "Code(…)");
    }

    #[test]
    fn a_set_has_no_twins() {
        let mut digests: Vec<String> = Code::set().unwrap().iter().map(Code::digest).collect();
        digests.sort();
        digests.dedup();
        assert_eq!(digests.len(), SET);
    }
}
