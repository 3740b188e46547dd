//! Checkpoints (C2SP tlog-checkpoint): size and root of a tree, signed.

use std::fmt::Write as _;

use crate::hash::Hash;
use crate::key::{Key, VerifierKey};
use crate::note::{Note, Signature};
use crate::text::{Malformed, decimal, line};

/// What a checkpoint states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeHead {
    /// Which log.
    pub origin: String,
    /// How many entries it had.
    pub size: u64,
    /// The root of the tree above them.
    pub root: Hash,
    /// Further lines, which mean nothing here and are signed with the rest.
    pub extensions: Vec<String>,
}

/// A statement and who signed it. That it can be read says nothing about the signatures: see [`Checkpoint::is_signed_by`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// What it states.
    pub head: TreeHead,
    note: Note,
}

impl TreeHead {
    /// Reads the text of a note.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        const SHORT: Malformed = Malformed("a checkpoint has an origin, a size and a root, a line each");
        let mut rest = text;
        let origin = line(&mut rest).filter(|origin| !origin.is_empty()).ok_or(SHORT)?.to_owned();
        let size = line(&mut rest).ok_or(SHORT)?;
        let size = decimal(size).ok_or(Malformed("the size in a checkpoint is no number"))?;
        let root = line(&mut rest).ok_or(SHORT)?.parse()?;
        let mut extensions = Vec::new();
        while !rest.is_empty() {
            let extension = line(&mut rest).filter(|line| !line.is_empty());
            extensions.push(extension.ok_or(Malformed("a checkpoint with an empty line"))?.to_owned());
        }
        Ok(Self { origin, size, root, extensions })
    }

    /// The text that is signed.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut out = format!("{}\n{}\n{}\n", self.origin, self.size, self.root);
        for extension in &self.extensions {
            let _ = writeln!(out, "{extension}");
        }
        out
    }
}

impl Checkpoint {
    /// Reads a checkpoint.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let note = Note::parse(bytes)?;
        Ok(Self { head: TreeHead::parse(&note.text)?, note })
    }

    /// Signs a statement.
    #[must_use]
    pub fn sign(head: TreeHead, key: &Key) -> Self {
        let text = head.to_text();
        let signatures = vec![key.sign(&text)];
        Self { head, note: Note { text, signatures } }
    }

    /// Whether the log's key signed it.
    #[must_use]
    pub fn is_signed_by(&self, key: &VerifierKey) -> bool {
        key.verify(&self.note).is_some()
    }

    /// When the witness says that it saw this checkpoint, in seconds since 1970; nothing where it did not sign.
    #[must_use]
    pub fn seen_by(&self, witness: &VerifierKey) -> Option<u64> {
        (witness.algorithm() == crate::Algorithm::Cosignature).then(|| witness.verify(&self.note)).flatten()
    }

    /// Whether a signature claims to be of this key.
    #[must_use]
    pub(crate) fn names(&self, key: &VerifierKey) -> bool {
        let id = key.id();
        self.note.signatures.iter().any(|signature| signature.key_id == id && signature.name == key.name())
    }

    /// The note itself.
    #[must_use]
    pub const fn note(&self) -> &Note {
        &self.note
    }

    /// Adds a signature that is not there yet.
    pub fn add(&mut self, signature: Signature) {
        if !self.note.signatures.contains(&signature) {
            self.note.signatures.push(signature);
        }
    }

    /// The checkpoint as it is written to a file.
    #[must_use]
    pub fn to_text(&self) -> String {
        self.note.to_text()
    }
}
