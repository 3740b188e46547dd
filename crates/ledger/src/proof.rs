//! Proofs that an entry is in a log, and that a log grew out of an older state of it (RFC 6962 §2.1.1 and §2.1.2), and their text forms.
//!
//! A proof of inclusion is written as C2SP tlog-proof, with the entry itself as its "extra" line. A proof of consistency is written as the
//! body that C2SP tlog-witness has for `add-checkpoint`: the older size, the hashes, and the newer checkpoint.

use std::fmt::Write as _;
use std::io;

use crate::checkpoint::{Checkpoint, TreeHead};
use crate::hash::{Hash, leaf_hash, node_hash};
use crate::note::MAX_NOTE_BYTES;
use crate::source::{Entries, Source};
use crate::text::{Malformed, decimal, from_base64, line, to_base64};
use crate::tile::{MAX_ENTRY_BYTES, TileId, TileKind, hashes};
use crate::tree::subtree_root;

const INCLUSION_HEADER: &str = "c2sp.org/tlog-proof@v1";
/// The most hashes that a proof can have: a level each of a tree with 2^63 entries.
const MAX_HASHES: usize = 63;
/// The longest text of a proof: an entry in base64, the hashes, a checkpoint.
pub const MAX_PROOF_BYTES: usize = MAX_NOTE_BYTES + 2 * MAX_ENTRY_BYTES;

/// That an entry has this number in the log of this checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inclusion {
    /// Number of the entry, from 0.
    pub number: u64,
    /// The entry, where it goes with the proof.
    pub entry: Option<Vec<u8>>,
    /// Hashes from beside the entry up to below the root.
    pub hashes: Vec<Hash>,
    /// The checkpoint that the proof leads to.
    pub checkpoint: Checkpoint,
}

/// That the log of this checkpoint begins with the entries that it had at an older size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consistency {
    /// How many entries the log had then.
    pub old_size: u64,
    /// The proof of RFC 6962 §2.1.2.
    pub hashes: Vec<Hash>,
    /// The newer checkpoint.
    pub checkpoint: Checkpoint,
}

/// Why a proof does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refuted(pub &'static str);

impl Inclusion {
    /// Makes a proof out of the tiles. Nothing is believed of them that a check would not find.
    pub fn make(source: &impl Source, checkpoint: Checkpoint, number: u64) -> io::Result<Self> {
        let size = checkpoint.head.size;
        let (_, entry) = Entries::from(source, size, number).next().unwrap_or_else(|| {
            Err(io::Error::new(io::ErrorKind::NotFound, format!("the log ends before entry {number}: it has {size}")))
        })?;
        let mut hashes = Vec::new();
        let (mut low, mut high) = (0_u64, size);
        while high.saturating_sub(low) > 1 {
            let middle = low.saturating_add(split(high.saturating_sub(low)));
            if number < middle {
                hashes.push(range_root(source, size, middle, high)?);
                high = middle;
            } else {
                hashes.push(range_root(source, size, low, middle)?);
                low = middle;
            }
        }
        hashes.reverse();
        Ok(Self { number, entry: Some(entry), hashes, checkpoint })
    }

    /// Checks the proof for an entry; who signed the checkpoint is another question.
    pub fn check(&self, entry: &[u8]) -> Result<(), Refuted> {
        self.check_leaf(leaf_hash(entry))
    }

    /// Checks the proof for the hash of an entry (RFC 9162 §2.1.3.2).
    pub fn check_leaf(&self, leaf: Hash) -> Result<(), Refuted> {
        let TreeHead { size, root, .. } = &self.checkpoint.head;
        let outside = Refuted("the entry's number is not below the size in the checkpoint");
        let mut last = size.checked_sub(1).filter(|last| self.number <= *last).ok_or(outside)?;
        let (mut number, mut hash) = (self.number, leaf);
        for sibling in &self.hashes {
            if last == 0 {
                return Err(Refuted("the proof has more hashes than the tree has levels"));
            }
            if number & 1 == 1 || number == last {
                hash = node_hash(*sibling, hash);
                while number & 1 == 0 && number != 0 {
                    number >>= 1;
                    last >>= 1;
                }
            } else {
                hash = node_hash(hash, *sibling);
            }
            number >>= 1;
            last >>= 1;
        }
        match (last, hash == *root) {
            (0, true) => Ok(()),
            (0, false) => Err(Refuted("the entry with these hashes does not give the root in the checkpoint")),
            _ => Err(Refuted("the proof has fewer hashes than the tree has levels")),
        }
    }

    /// Reads a proof.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut rest = text_of(bytes)?;
        let header = line(&mut rest).filter(|header| *header == INCLUSION_HEADER);
        header.ok_or(Malformed("a proof of inclusion begins with c2sp.org/tlog-proof@v1"))?;
        let mut next = line(&mut rest).ok_or(Malformed("a proof without the number of its entry"))?;
        let mut entry = None;
        if let Some(extra) = next.strip_prefix("extra ") {
            entry = Some(from_base64(extra).ok_or(Malformed("the entry in a proof is not in base64"))?);
            next = line(&mut rest).ok_or(Malformed("a proof without the number of its entry"))?;
        }
        let number = next.strip_prefix("index ").and_then(decimal).ok_or(Malformed("a proof without the number of its entry"))?;
        let hashes = hash_lines(&mut rest)?;
        Ok(Self { number, entry, hashes, checkpoint: Checkpoint::parse(rest.as_bytes())? })
    }

    /// The proof as it is written to a file.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut out = format!("{INCLUSION_HEADER}\n");
        if let Some(entry) = &self.entry {
            let _ = writeln!(out, "extra {}", to_base64(entry));
        }
        let _ = writeln!(out, "index {}", self.number);
        write_hashes(&mut out, &self.hashes);
        out + &self.checkpoint.to_text()
    }
}

impl Consistency {
    /// Makes a proof out of the tiles. Nothing is believed of them that a check would not find.
    pub fn make(source: &impl Source, checkpoint: Checkpoint, old_size: u64) -> io::Result<Self> {
        let size = checkpoint.head.size;
        if old_size > size {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("the log has {size} entries, fewer than {old_size}"),
            ));
        }
        let mut hashes = Vec::new();
        if old_size > 0 && old_size < size {
            prove_growth(source, size, old_size, &mut hashes)?;
        }
        Ok(Self { old_size, hashes, checkpoint })
    }

    /// Checks that the checkpoint grew out of the older root (RFC 9162 §2.1.4.2); who signed either is another question.
    pub fn check(&self, old_root: Hash) -> Result<(), Refuted> {
        const MORE: Refuted = Refuted("the proof has more or fewer hashes than it must have");
        const OTHER: Refuted =
            Refuted("the older root is not what the log had at that size: it was rewritten, or the roots are of different logs");
        let TreeHead { size, root, .. } = &self.checkpoint.head;
        if self.old_size > *size {
            return Err(Refuted("the log is shorter than it was: entries were removed from its end"));
        }
        if self.old_size == 0 || self.old_size == *size {
            let same = if self.old_size == 0 { Hash::of_nothing() } else { *root };
            return if !self.hashes.is_empty() {
                Err(MORE)
            } else if old_root == same {
                Ok(())
            } else {
                Err(OTHER)
            };
        }
        let mut path = self.hashes.iter().copied();
        let (mut number, mut last) = (self.old_size.saturating_sub(1), size.saturating_sub(1));
        while number & 1 == 1 {
            number >>= 1;
            last >>= 1;
        }
        let first = if self.old_size.is_power_of_two() { old_root } else { path.next().ok_or(MORE)? };
        let (mut old, mut new) = (first, first);
        for sibling in path {
            if last == 0 {
                return Err(MORE);
            }
            if number & 1 == 1 || number == last {
                old = node_hash(sibling, old);
                new = node_hash(sibling, new);
                while number & 1 == 0 && number != 0 {
                    number >>= 1;
                    last >>= 1;
                }
            } else {
                new = node_hash(new, sibling);
            }
            number >>= 1;
            last >>= 1;
        }
        match (last, old == old_root && new == *root) {
            (0, true) => Ok(()),
            (0, false) => Err(OTHER),
            _ => Err(MORE),
        }
    }

    /// Reads a proof.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut rest = text_of(bytes)?;
        let old_size = line(&mut rest).and_then(|line| line.strip_prefix("old ")).and_then(decimal);
        let old_size = old_size.ok_or(Malformed("a proof of consistency begins with the older size: old 123"))?;
        let hashes = hash_lines(&mut rest)?;
        Ok(Self { old_size, hashes, checkpoint: Checkpoint::parse(rest.as_bytes())? })
    }

    /// The proof as it is written to a file or sent to a witness.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut out = format!("old {}\n", self.old_size);
        write_hashes(&mut out, &self.hashes);
        out + &self.checkpoint.to_text()
    }
}

fn text_of(bytes: &[u8]) -> Result<&str, Malformed> {
    if bytes.len() > MAX_PROOF_BYTES {
        return Err(Malformed("longer than a proof can be"));
    }
    str::from_utf8(bytes).map_err(|_| Malformed("a proof that is not in UTF-8"))
}

/// Lines of hashes up to an empty line.
fn hash_lines(rest: &mut &str) -> Result<Vec<Hash>, Malformed> {
    let mut hashes = Vec::new();
    loop {
        match line(rest).ok_or(Malformed("a proof without a checkpoint"))? {
            "" => return Ok(hashes),
            _ if hashes.len() == MAX_HASHES => return Err(Malformed("a proof of more than 63 hashes")),
            hash => hashes.push(hash.parse()?),
        }
    }
}

fn write_hashes(out: &mut String, hashes: &[Hash]) {
    for hash in hashes {
        let _ = writeln!(out, "{hash}");
    }
    out.push('\n');
}

/// The largest power of two below a number that is at least 2.
const fn split(entries: u64) -> u64 {
    match entries.saturating_sub(1).checked_ilog2() {
        Some(log) => 1 << log,
        None => 0,
    }
}

/// SUBPROOF of RFC 6962 §2.1.2, walked from the top.
fn prove_growth(source: &impl Source, size: u64, old_size: u64, hashes: &mut Vec<Hash>) -> io::Result<()> {
    let (mut low, mut high) = (0_u64, size);
    let mut old_is_root = true;
    while high != old_size {
        let middle = low.saturating_add(split(high.saturating_sub(low)));
        if old_size <= middle {
            hashes.push(range_root(source, size, middle, high)?);
            high = middle;
        } else {
            hashes.push(range_root(source, size, low, middle)?);
            low = middle;
            old_is_root = false;
        }
    }
    if !old_is_root {
        hashes.push(range_root(source, size, low, high)?);
    }
    hashes.reverse();
    Ok(())
}

/// MTH(D[low:high]) of RFC 6962 §2.1, for the ranges that proofs ask for.
fn range_root(source: &impl Source, size: u64, low: u64, high: u64) -> io::Result<Hash> {
    let entries = high.saturating_sub(low);
    if entries.is_power_of_two() {
        return perfect_root(source, size, low, entries);
    }
    let middle = low.saturating_add(split(entries));
    Ok(node_hash(perfect_root(source, size, low, middle.saturating_sub(low))?, range_root(source, size, middle, high)?))
}

/// The root of a perfect subtree, from the one tile that has the hashes at or below it.
fn perfect_root(source: &impl Source, size: u64, low: u64, entries: u64) -> io::Result<Hash> {
    let height = entries.ilog2();
    let level = u8::try_from(height / 8).map_err(io::Error::other)?;
    let number = low >> (8 * u32::from(level));
    let tile = TileId::holding(TileKind::Hashes(level), number, size);
    let tile = tile.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "a range outside the log"))?;
    let bytes = source.tile(tile)?.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, format!("{tile} is missing")))?;
    let hashes = hashes(&bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, format!("{tile}: {error}")))?;
    let first = usize::try_from(number % 256).map_err(io::Error::other)?;
    let range = hashes.get(first..first.saturating_add(1 << (height % 8)));
    range.map(subtree_root).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, format!("{tile} is cut off")))
}
