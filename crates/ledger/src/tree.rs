//! The right edge of a growing tree: all that is needed to append and to know the root.

use crate::hash::{Hash, node_hash};
use crate::tile::{TILE_WIDTH, TileId};

/// The hashes of the tiles that are not full yet, one list a level, level 0 (hashes of entries) first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edge {
    size: u64,
    levels: Vec<Vec<Hash>>,
}

impl Edge {
    /// An edge out of its partial tiles; each must have the width that the size asks for.
    #[must_use]
    pub fn from_levels(size: u64, levels: Vec<Vec<Hash>>) -> Option<Self> {
        let wanted = TileId::edge(size).map(|tile| usize::from(tile.width)).collect::<Vec<_>>();
        let widths = levels.iter().map(Vec::len).collect::<Vec<_>>();
        (wanted == widths).then_some(Self { size, levels })
    }

    /// How many entries the tree has.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The hashes of the partial tile of a level; none where the tree ends with a full one.
    #[must_use]
    pub fn level(&self, level: u8) -> &[Hash] {
        self.levels.get(usize::from(level)).map_or(&[], Vec::as_slice)
    }

    /// Adds the hash of the next entry. Each tile that becomes full is handed to `full`, lowest first.
    pub fn push(&mut self, leaf: Hash, mut full: impl FnMut(TileId, &[Hash])) {
        self.size = self.size.saturating_add(1);
        let mut hash = leaf;
        for level in 0..8_u8 {
            if self.levels.len() <= usize::from(level) {
                self.levels.push(Vec::new());
            }
            let Some(hashes) = self.levels.get_mut(usize::from(level)) else { return };
            hashes.push(hash);
            if hashes.len() < usize::from(TILE_WIDTH) {
                return;
            }
            let through = self.size >> (8 * (u32::from(level) + 1));
            full(TileId::full(level, through.saturating_sub(1)), hashes);
            hash = subtree_root(hashes);
            hashes.clear();
        }
    }

    /// The root of the tree (RFC 6962 §2.1).
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut nodes = Vec::new();
        for hashes in self.levels.iter().rev() {
            perfect_subtrees(hashes, &mut nodes);
        }
        nodes.into_iter().rev().reduce(|right, left| node_hash(left, right)).unwrap_or_else(Hash::of_nothing)
    }
}

/// Roots of the largest perfect subtrees that lie side by side over the hashes, the widest first.
fn perfect_subtrees(mut hashes: &[Hash], out: &mut Vec<Hash>) {
    while !hashes.is_empty() {
        let width = 1_usize << hashes.len().ilog2();
        let (whole, behind) = hashes.split_at_checked(width).unwrap_or((hashes, &[]));
        out.push(subtree_root(whole));
        hashes = behind;
    }
}

/// The root above a number of hashes that is a power of two.
pub(crate) fn subtree_root(hashes: &[Hash]) -> Hash {
    let mut layer = hashes.to_vec();
    while layer.len() > 1 {
        layer = layer
            .chunks(2)
            .filter_map(|pair| pair.first().zip(pair.get(1)))
            .map(|(left, right)| node_hash(*left, *right))
            .collect();
    }
    layer.first().copied().unwrap_or_else(Hash::of_nothing)
}
