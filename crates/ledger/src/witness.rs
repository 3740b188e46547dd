//! Being a witness for somebody else's log (C2SP tlog-witness, C2SP tlog-cosignature).

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use crate::checkpoint::Checkpoint;
use crate::disk::{Disk, at};
use crate::hash::Hash;
use crate::key::{Algorithm, Key, VerifierKey};
use crate::note::{MAX_NOTE_BYTES, Signature};
use crate::proof::{Consistency, Refuted};
use crate::text::Malformed;

/// Why a witness does not sign.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Not the body of a request.
    #[error("the request cannot be read: {0}")]
    Malformed(#[from] Malformed),
    /// Nobody told this witness of the log. 404.
    #[error("this witness does not know the log")]
    UnknownLog,
    /// 403.
    #[error("the checkpoint is not signed by the log's key")]
    NotSigned,
    /// The older size is above the newer. 400.
    #[error("the older size is larger than the checkpoint's")]
    Backwards,
    /// The witness saw another size last; the asker proves from there. 409.
    #[error("this witness saw the log last with {0} entries")]
    OtherSize(u64),
    /// The log showed two different trees of one size: it was forked or rewritten. 409.
    #[error("the log has another root than this witness saw at the same size: it was rewritten")]
    Forked(u64),
    /// The log is not what it was. 422.
    #[error("the log does not contain what this witness saw of it: {0}")]
    Inconsistent(#[from] Refuted),
    /// What was seen cannot be kept, so nothing is signed. 500.
    #[error("the witness cannot keep what it saw")]
    Disk(#[from] io::Error),
}

impl Refusal {
    /// The HTTP status that C2SP tlog-witness gives to this.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::Malformed(_) | Self::Backwards => 400,
            Self::UnknownLog => 404,
            Self::NotSigned => 403,
            Self::OtherSize(_) | Self::Forked(_) => 409,
            Self::Inconsistent(_) => 422,
            Self::Disk(_) => 500,
        }
    }

    /// Whether this is a sign that somebody rewrote a log, and people must hear of it.
    #[must_use]
    pub const fn is_alarming(&self) -> bool {
        matches!(self, Self::Forked(_) | Self::Inconsistent(_))
    }
}

/// Checks a checkpoint against what was seen last of the log, and signs that it was seen now. Whoever calls this keeps the checkpoint
/// durably before handing out the signature.
pub fn cosign(
    key: &Key,
    log: &VerifierKey,
    seen: Option<&Checkpoint>,
    request: &Consistency,
    now_s: u64,
) -> Result<Signature, Refusal> {
    let checkpoint = &request.checkpoint;
    if checkpoint.head.origin != log.name() || log.algorithm() != Algorithm::Log {
        return Err(Refusal::UnknownLog);
    }
    if !checkpoint.is_signed_by(log) {
        return Err(Refusal::NotSigned);
    }
    if request.old_size > checkpoint.head.size {
        return Err(Refusal::Backwards);
    }
    let (seen_size, seen_root) = seen.map_or((0, Hash::of_nothing()), |seen| (seen.head.size, seen.head.root));
    if request.old_size != seen_size {
        return Err(Refusal::OtherSize(seen_size));
    }
    if seen_size == checkpoint.head.size && seen_root != checkpoint.head.root {
        return Err(Refusal::Forked(seen_size));
    }
    request.check(seen_root)?;
    Ok(key.cosign(&checkpoint.note().text, now_s))
}

/// A witness with a folder for what it saw: one checkpoint for each log.
#[derive(Debug)]
pub struct Witness {
    key: Key,
    disk: Disk,
    logs: BTreeMap<String, VerifierKey>,
}

impl Witness {
    /// A witness for these logs. The key must be one for cosignatures.
    pub fn open(folder: &Path, key: Key, logs: Vec<VerifierKey>) -> io::Result<Self> {
        if key.verifier().algorithm() != Algorithm::Cosignature {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a witness signs with a key for cosignatures"));
        }
        fs::create_dir_all(folder).map_err(|error| at(folder, error))?;
        let mut disk = Disk::new(folder);
        disk.prepare()?;
        Ok(Self { key, disk, logs: logs.into_iter().map(|log| (log.name().to_owned(), log)).collect() })
    }

    /// The key that checks this witness's cosignatures.
    #[must_use]
    pub const fn verifier(&self) -> &VerifierKey {
        self.key.verifier()
    }

    /// What was seen last of a log.
    pub fn seen(&self, origin: &str) -> io::Result<Option<Checkpoint>> {
        let path = self.disk.folder().join(file_name(origin));
        let bytes = match fs::metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(at(&path, error)),
            Ok(there) if there.len() > u64::try_from(MAX_NOTE_BYTES).unwrap_or(u64::MAX) => Vec::new(),
            Ok(_) => fs::read(&path).map_err(|error| at(&path, error))?,
        };
        let bad = |error: Malformed| at(&path, io::Error::new(io::ErrorKind::InvalidData, error));
        Checkpoint::parse(&bytes).map(Some).map_err(bad)
    }

    /// Answers the body of an `add-checkpoint` request: keeps the checkpoint and gives the line of the cosignature.
    pub fn add_checkpoint(&mut self, body: &[u8], now_s: u64) -> Result<Signature, Refusal> {
        let request = Consistency::parse(body)?;
        let origin = request.checkpoint.head.origin.clone();
        let log = self.logs.get(&origin).ok_or(Refusal::UnknownLog)?;
        let seen = self.seen(&origin)?;
        let signature = cosign(&self.key, log, seen.as_ref(), &request, now_s)?;
        let kept = self.disk.write(&file_name(&origin), request.checkpoint.to_text().as_bytes());
        if let Err(error) = kept.and_then(|()| self.disk.flush()) {
            self.disk.abandon();
            return Err(error.into());
        }
        Ok(signature)
    }
}

/// A name for a file that any origin can have.
fn file_name(origin: &str) -> String {
    let hex: String = crate::leaf_hash(origin.as_bytes()).0.iter().map(|octet| format!("{octet:02x}")).collect();
    format!("{hex}.checkpoint")
}
