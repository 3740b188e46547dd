//! What was broken in an input, where, and what to do about it.

use std::borrow::Cow;

/// A part of an input that could not be read. Reading goes on behind it where that is possible.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} (at byte {offset})")]
pub struct Damage {
    /// Where it begins, in bytes from the start of the (decompressed) stream.
    pub offset: u64,
    /// What is wrong, in lower case and without a full stop.
    pub what: Cow<'static, str>,
    /// What a person can do.
    pub hint: Cow<'static, str>,
}

/// Hints that several places give.
pub(crate) mod hint {
    /// The input stops in the middle of something.
    pub const CUT: &str =
        "the file was cut while it was written or copied; what comes before is read, take the copy again for the rest";
    /// The input holds nonsense.
    pub const BROKEN: &str =
        "the file was damaged after it was written; what can be read around it is read, look for an intact copy";
    /// The compression ends early or does not check.
    pub const COMPRESSED: &str = "test the file with `gzip -t` or `zstd -t` and take the copy again";
}

impl Damage {
    /// A damage with its place and a hint.
    #[must_use]
    pub fn new(offset: u64, what: impl Into<Cow<'static, str>>, hint: impl Into<Cow<'static, str>>) -> Self {
        Self { offset, what: what.into(), hint: hint.into() }
    }
}
