//! Alterations of a log, each made by a seed: any byte, files removed, cut or exchanged, entries removed, changed or put in another order with
//! every tile computed anew, old states put back, and all of it signed by another key or by the hub's own.
//!
//! Used by the tests and by the example that hands the same alterations to a reader in another language.

use std::collections::BTreeMap;

use ledger::{Bundle, Checkpoint, Edge, Key, TileId, TileKind, TreeHead, leaf_hash};

pub type Files = BTreeMap<String, Vec<u8>>;

/// Chance that is the same in every run (splitmix64).
pub struct Chance(pub u64);

impl Chance {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(bound.max(1)).unwrap()).unwrap()
    }
}

/// A log in memory, whole and signed.
pub fn build(entries: &[Vec<u8>], key: &Key) -> Files {
    let mut files = Files::new();
    let (mut edge, mut bundle) = (Edge::default(), Vec::new());
    for entry in entries {
        Bundle::push(&mut bundle, entry).unwrap();
        edge.push(leaf_hash(entry), |tile, hashes| {
            if tile.kind == TileKind::Hashes(0) {
                files.insert(TileId { kind: TileKind::Entries, ..tile }.to_string(), std::mem::take(&mut bundle));
            }
            files.insert(tile.to_string(), hashes.iter().flat_map(|hash| hash.0).collect());
        });
    }
    for (level, tile) in (0..).zip(TileId::edge(edge.size())).filter(|(_, tile)| tile.width > 0) {
        files.insert(tile.to_string(), edge.level(level).iter().flat_map(|hash| hash.0).collect());
        if level == 0 {
            files.insert(TileId { kind: TileKind::Entries, ..tile }.to_string(), std::mem::take(&mut bundle));
        }
    }
    let head =
        TreeHead { origin: key.verifier().name().to_owned(), size: edge.size(), root: edge.root(), extensions: Vec::new() };
    files.insert("checkpoint".to_owned(), Checkpoint::sign(head, key).to_text().into_bytes());
    files.insert("key.pub".to_owned(), format!("{}\n", key.verifier()).into_bytes());
    files
}

/// A log as it was written, and what an auditor kept of it.
pub struct Original {
    pub entries: Vec<Vec<u8>>,
    pub files: Files,
    pub kept: Checkpoint,
}

/// What may be done with a log's own entries.
fn rewritten(original: &Original, within: usize, chance: &mut Chance) -> (&'static str, Vec<Vec<u8>>) {
    let mut entries = original.entries.clone();
    let at = chance.below(within);
    match chance.below(4) {
        0 => {
            entries.remove(at);
            ("an entry removed", entries)
        }
        1 => {
            let octet = chance.below(entries[at].len());
            entries[at][octet] ^= 1 << chance.below(8);
            ("an entry changed", entries)
        }
        2 => {
            let other = (at + 1 + chance.below(within - 1)) % within;
            entries.swap(at, other);
            ("two entries exchanged", entries)
        }
        _ => {
            let mut copy = entries[chance.below(entries.len())].clone();
            copy.push(b' ');
            entries.insert(at, copy);
            ("an entry put in", entries)
        }
    }
}

/// One alteration. `key` is the hub's, which some have stolen; `strange` is another one under the hub's name.
pub fn alter(original: &Original, key: &Key, strange: &Key, chance: &mut Chance) -> (&'static str, Files) {
    let mut files = original.files.clone();
    let names: Vec<String> = files.keys().cloned().collect();
    let size = original.entries.len();
    let kept = usize::try_from(original.kept.head.size).unwrap();
    match chance.below(16) {
        0..6 => {
            let bytes = files.get_mut(&names[chance.below(names.len())]).unwrap();
            let at = chance.below(bytes.len());
            bytes[at] ^= u8::try_from(1 + chance.below(255)).unwrap();
            ("a byte", files)
        }
        6 => {
            // Without the file that names the key nothing is lost for whoever brings it along.
            let names: Vec<_> = names.iter().filter(|name| *name != "key.pub").collect();
            files.remove(names[chance.below(names.len())]);
            ("a file removed", files)
        }
        7 => {
            let bytes = files.get_mut(&names[chance.below(names.len())]).unwrap();
            bytes.truncate(chance.below(bytes.len()));
            ("a file cut", files)
        }
        8 => {
            let bytes = files.get_mut(&names[chance.below(names.len())]).unwrap();
            let (from, to) = (chance.below(bytes.len()), chance.below(bytes.len()));
            let octet = bytes[from];
            bytes.insert(to, octet);
            ("a byte put in", files)
        }
        9 => {
            let tiles: Vec<_> = names.iter().filter(|name| name.starts_with("tile/")).collect();
            let at = chance.below(tiles.len());
            let (one, other) = (tiles[at], tiles[(at + 1 + chance.below(tiles.len() - 1)) % tiles.len()]);
            let (left, right) = (files[one].clone(), files[other].clone());
            files.insert(one.clone(), right);
            files.insert(other.clone(), left);
            ("two files exchanged", files)
        }
        10..13 => {
            // Entries altered, every tile computed anew, the old checkpoint left: who has no key can do no better.
            let (what, entries) = rewritten(original, size, chance);
            let mut files = build(&entries, strange);
            for name in ["checkpoint", "key.pub"] {
                files.insert(name.to_owned(), original.files[name].clone());
            }
            (what, files)
        }
        13 => {
            let (what, entries) = rewritten(original, size, chance);
            let mut files = build(&entries, strange);
            if chance.below(2) == 0 {
                files.insert("key.pub".to_owned(), original.files["key.pub"].clone());
            }
            (what, files)
        }
        14 => {
            // An older state put back, as it was signed then.
            let cut = chance.below(kept);
            ("entries removed from the end", build(&original.entries[..cut], key))
        }
        _ => {
            // The key is stolen and everything is signed again: only the kept checkpoint knows.
            let (what, entries) = rewritten(original, kept, chance);
            (what, build(&entries, key))
        }
    }
}
