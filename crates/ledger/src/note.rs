//! Signed notes (C2SP signed-note): a text, an empty line, and lines with signatures.

use std::fmt::Write as _;

use crate::text::{Malformed, from_base64, line, to_base64};

/// The longest note that is read.
pub const MAX_NOTE_BYTES: usize = 128 << 10;
/// The most signatures; C2SP signed-note asks for 16 at least.
const MAX_SIGNATURES: usize = 64;

/// A text with signatures. That it can be read says nothing about them: see [`crate::VerifierKey::verify`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// What is signed, its last newline included.
    pub text: String,
    /// By whom.
    pub signatures: Vec<Signature>,
}

/// A line with a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Name of the key.
    pub name: String,
    /// Number of the key: tells keys of the same name apart, proves nothing.
    pub key_id: u32,
    /// What the key's algorithm made of the text.
    pub bytes: Vec<u8>,
}

impl Note {
    /// Reads a note.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        if bytes.len() > MAX_NOTE_BYTES {
            return Err(Malformed("a note of more than 128 KiB"));
        }
        let whole = str::from_utf8(bytes).map_err(|_| Malformed("a note that is not in UTF-8"))?;
        if whole.bytes().any(|octet| octet < 0x20 && octet != b'\n') {
            return Err(Malformed("a note with a control character"));
        }
        let at = whole.rfind("\n\n").ok_or(Malformed("a note without signatures"))?;
        let (text, rest) = whole.split_at_checked(at.saturating_add(1)).ok_or(Malformed("a note without signatures"))?;
        let signatures = Signature::parse_lines(rest.strip_prefix('\n').unwrap_or(rest))?;
        if signatures.is_empty() {
            return Err(Malformed("a note without signatures"));
        }
        Ok(Self { text: text.to_owned(), signatures })
    }

    /// The note as it is written.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut out = format!("{}\n", self.text);
        for signature in &self.signatures {
            out.push_str(&signature.to_line());
        }
        out
    }
}

impl Signature {
    /// Reads lines of signatures, each with its newline.
    pub fn parse_lines(mut rest: &str) -> Result<Vec<Self>, Malformed> {
        let mut signatures = Vec::new();
        while !rest.is_empty() {
            let line = line(&mut rest).ok_or(Malformed("a line of a signature without its end"))?;
            signatures.push(Self::parse(line)?);
            if signatures.len() > MAX_SIGNATURES {
                return Err(Malformed("a note with more than 64 signatures"));
            }
        }
        Ok(signatures)
    }

    fn parse(line: &str) -> Result<Self, Malformed> {
        const BAD: Malformed = Malformed("a line that should be a signature is none");
        let (name, bytes) = line.strip_prefix("\u{2014} ").and_then(|rest| rest.split_once(' ')).ok_or(BAD)?;
        let bytes = from_base64(bytes).ok_or(BAD)?;
        let (id, rest) = bytes.split_first_chunk().filter(|(_, rest)| !rest.is_empty()).ok_or(BAD)?;
        if !is_key_name(name) {
            return Err(BAD);
        }
        Ok(Self { name: name.to_owned(), key_id: u32::from_be_bytes(*id), bytes: rest.to_vec() })
    }

    /// The line as it stands in a note, with its newline.
    #[must_use]
    pub fn to_line(&self) -> String {
        let mut bytes = self.key_id.to_be_bytes().to_vec();
        bytes.extend_from_slice(&self.bytes);
        let mut out = String::new();
        let _ = writeln!(out, "\u{2014} {} {}", self.name, to_base64(&bytes));
        out
    }
}

/// Whether a key may be called so.
pub(crate) fn is_key_name(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|letter| letter.is_whitespace() || letter == '+' || letter.is_control())
}
