//! Tiles: which there are, what their files are called, and what is in them (C2SP tlog-tiles).

use std::fmt;

use crate::hash::Hash;
use crate::text::{Malformed, decimal};

/// Hashes or entries of a full tile.
pub const TILE_WIDTH: u16 = 256;
/// The longest entry: its length is written in two octets.
pub const MAX_ENTRY_BYTES: usize = u16::MAX as usize;
/// Bytes of a hash.
const HASH_BYTES: usize = 32;

/// What a tile holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TileKind {
    /// Hashes of this level: 0 are the hashes of entries, above it the roots of full tiles of the level below.
    Hashes(u8),
    /// The entries themselves.
    Entries,
}

/// One tile: its file is the `Display` of this, below the log's folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TileId {
    /// Hashes of which level, or entries.
    pub kind: TileKind,
    /// The how manieth of its kind, from 0.
    pub index: u64,
    /// How many hashes or entries: 256, or fewer at the edge.
    pub width: u16,
}

impl TileId {
    /// The full tile of a level.
    #[must_use]
    pub const fn full(level: u8, index: u64) -> Self {
        Self { kind: TileKind::Hashes(level), index, width: TILE_WIDTH }
    }

    /// The last, partial tiles of hashes of a tree, one a level from 0 up to the highest that has hashes. Where a level ends with a full tile
    /// the width is 0 and there is no file.
    pub fn edge(size: u64) -> impl Iterator<Item = Self> {
        (0..8_u8)
            .map(move |level| (level, size >> (8 * u32::from(level))))
            .take_while(|(_, hashes)| *hashes > 0)
            .map(|(level, hashes)| Self { kind: TileKind::Hashes(level), index: hashes / 256, width: (hashes % 256) as u16 })
    }

    /// The tile with this hash or entry, as wide as it is in a tree of that size; nothing where the tree does not reach so far.
    #[must_use]
    pub fn holding(kind: TileKind, number: u64, size: u64) -> Option<Self> {
        let level = if let TileKind::Hashes(level) = kind { u32::from(level) } else { 0 };
        let there = size.checked_shr(8 * level)?;
        let index = number / 256;
        let width = there.checked_sub(index.checked_mul(256)?)?.min(256);
        (number < there).then_some(Self { kind, index, width: u16::try_from(width).ok()? })
    }

    /// The same tile when it is full.
    #[must_use]
    pub const fn when_full(self) -> Self {
        Self { width: TILE_WIDTH, ..self }
    }

    /// Reads the path of a tile, relative to the log's folder; only the form that `Display` gives.
    #[must_use]
    pub fn parse(path: &str) -> Option<Self> {
        let rest = path.strip_prefix("tile/")?;
        let (kind, rest) = rest.split_once('/')?;
        let (index, width) = match rest.split_once(".p/") {
            Some((index, width)) => (index, u16::try_from(decimal(width)?).ok().filter(|width| (1..TILE_WIDTH).contains(width))?),
            None => (rest, TILE_WIDTH),
        };
        let kind = match kind {
            "entries" => TileKind::Entries,
            level => TileKind::Hashes(u8::try_from(decimal(level)?).ok().filter(|level| *level < 64)?),
        };
        let tile = Self { kind, index: index_of(index)?, width };
        (tile.to_string() == path).then_some(tile)
    }

    /// The longest that the file can be.
    #[must_use]
    pub fn most_bytes(self) -> usize {
        let each = if self.kind == TileKind::Entries { 2 + MAX_ENTRY_BYTES } else { HASH_BYTES };
        usize::from(self.width).saturating_mul(each)
    }

    /// Path of the folder that partial forms of this tile lie in.
    #[must_use]
    pub fn partial_folder(self) -> String {
        format!("{}.p", self.when_full())
    }
}

impl fmt::Display for TileId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            TileKind::Hashes(level) => write!(out, "tile/{level}/")?,
            TileKind::Entries => out.write_str("tile/entries/")?,
        }
        let mut groups = vec![self.index % 1_000];
        let mut above = self.index / 1_000;
        while above > 0 {
            groups.push(above % 1_000);
            above /= 1_000;
        }
        for group in groups.iter().skip(1).rev() {
            write!(out, "x{group:03}/")?;
        }
        write!(out, "{:03}", self.index % 1_000)?;
        if self.width < TILE_WIDTH { write!(out, ".p/{}", self.width) } else { Ok(()) }
    }
}

fn index_of(text: &str) -> Option<u64> {
    text.split('/').try_fold(0_u64, |index, group| {
        let digits = group.strip_prefix('x').unwrap_or(group);
        let group =
            digits.parse::<u64>().ok().filter(|_| digits.len() == 3 && digits.bytes().all(|octet| octet.is_ascii_digit()))?;
        index.checked_mul(1_000)?.checked_add(group)
    })
}

/// The hashes in a tile of hashes.
pub(crate) fn hashes(bytes: &[u8]) -> Result<Vec<Hash>, Malformed> {
    let (whole, rest) = bytes.as_chunks::<HASH_BYTES>();
    if rest.is_empty() { Ok(whole.iter().copied().map(Hash).collect()) } else { Err(Malformed("the last hash is cut off")) }
}

/// The bytes of a tile of hashes.
pub(crate) fn hash_bytes(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

/// The entries of a tile of entries: each with its length in two octets before it.
#[derive(Clone, Copy, Debug)]
pub struct Bundle<'a> {
    rest: &'a [u8],
}

impl<'a> Bundle<'a> {
    /// Entries one after the other; what cannot be an entry is said by the iteration.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Writes an entry behind those that are there; nothing where it is too long.
    #[must_use]
    pub fn push(bundle: &mut Vec<u8>, entry: &[u8]) -> Option<()> {
        bundle.extend_from_slice(&u16::try_from(entry.len()).ok()?.to_be_bytes());
        bundle.extend_from_slice(entry);
        Some(())
    }
}

impl<'a> Iterator for Bundle<'a> {
    type Item = Result<&'a [u8], Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let parts = self
            .rest
            .split_first_chunk()
            .and_then(|(length, rest)| rest.split_at_checked(usize::from(u16::from_be_bytes(*length))));
        let (entry, behind) = parts.unzip();
        self.rest = behind.unwrap_or_default();
        Some(entry.ok_or(Malformed("the last entry is cut off")))
    }
}
