//! Roots of small trees beside those that Certificate Transparency publishes, and folders beside the layout of C2SP tlog-tiles.

use ledger::{Edge, Hash, TileId, TileKind, leaf_hash, node_hash};

use crate::{Scratch, files, log};

/// MTH of RFC 6962 §2.1, word for word.
pub fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash::of_nothing(),
        [leaf] => *leaf,
        _ => {
            let half = leaves.len().next_power_of_two() / 2;
            node_hash(root(&leaves[..half]), root(&leaves[half..]))
        }
    }
}

#[test]
fn roots_are_those_of_the_standard() {
    // The eight entries of the reference vectors of Certificate Transparency, and the root above all of them.
    let vectors: [&[u8]; 8] = [
        &[],
        &[0],
        &[0x10],
        &[0x20, 0x21],
        &[0x30, 0x31],
        &[0x40, 0x41, 0x42, 0x43],
        &[0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
        &[0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f],
    ];
    let mut edge = Edge::default();
    for entry in vectors {
        edge.push(leaf_hash(entry), |_, _| ());
    }
    let hex: String = edge.root().0.iter().map(|octet| format!("{octet:02x}")).collect();
    assert_eq!(hex, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328");
}

#[test]
fn roots_of_growing_trees() {
    let leaves: Vec<Hash> = (0..700_u32).map(|number| leaf_hash(&number.to_be_bytes())).collect();
    let mut edge = Edge::default();
    assert_eq!(edge.root(), root(&[]));
    for (size, leaf) in (1..).zip(&leaves) {
        edge.push(*leaf, |_, _| ());
        assert_eq!(edge.root(), root(&leaves[..size]), "of {size}");
    }
}

#[test]
fn names_of_tiles() {
    let tile = |kind, index, width| TileId { kind, index, width };
    let named = [
        (tile(TileKind::Hashes(0), 0, 256), "tile/0/000"),
        (tile(TileKind::Hashes(3), 1_234_067, 256), "tile/3/x001/x234/067"),
        (tile(TileKind::Entries, 1_000, 5), "tile/entries/x001/000.p/5"),
        (tile(TileKind::Hashes(0), u64::MAX, 1), "tile/0/x018/x446/x744/x073/x709/x551/615.p/1"),
    ];
    for (tile, name) in named {
        assert_eq!(tile.to_string(), name);
        assert_eq!(TileId::parse(name), Some(tile));
    }
    let none =
        ["tile/0/0", "tile/00/000", "tile/64/000", "tile/0/x000/000", "tile/0/000.p/256", "tile/0/000.p/0", "tile/0/000.p/01"];
    for name in
        none.into_iter().chain(["tile/0/+01", "tile/0/x018/x446/x744/x073/x709/x551/616", "tile/data/000", "tile/0/000/000"])
    {
        assert_eq!(TileId::parse(name), None, "{name}");
    }
}

#[test]
fn the_example_of_the_specification() {
    // "a tree of size 70,000 will be represented by 273 full level 0 tiles, one partial level 0 tile of width 112, one full level 1 tile, one
    // partial level 1 tile of width 17, and one partial level 2 tile of width 1"
    let scratch = Scratch::new("example");
    drop(log(&scratch.0, 70_000, 70_000));
    let tiles: Vec<TileId> = files(&scratch.0).keys().filter_map(|path| TileId::parse(path)).collect();
    let of = |kind| tiles.iter().filter(move |tile| tile.kind == kind);
    for kind in [TileKind::Hashes(0), TileKind::Entries] {
        assert_eq!(of(kind).filter(|tile| tile.width == 256).count(), 273);
        assert_eq!(
            of(kind).filter(|tile| tile.width != 256).map(|tile| (tile.index, tile.width)).collect::<Vec<_>>(),
            [(273, 112)]
        );
    }
    assert_eq!(of(TileKind::Hashes(1)).map(|tile| (tile.index, tile.width)).collect::<Vec<_>>(), [(0, 256), (1, 17)]);
    assert_eq!(of(TileKind::Hashes(2)).map(|tile| (tile.index, tile.width)).collect::<Vec<_>>(), [(0, 1)]);
    assert_eq!(tiles.len(), 274 * 2 + 3);
}
