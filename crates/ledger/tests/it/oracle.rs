//! The same log read, signed and proved by the crates `tlog_tiles` and `signed_note`, which are others' work.

use std::collections::BTreeMap;

use ledger::proof::{Consistency, Inclusion};
use ledger::{Checkpoint, Hash, Note};
use signed_note::{Note as TheirNote, StandardSigner, StandardVerifier, VerifierList};
use tlog_tiles::{
    Checkpoint as TheirCheckpoint, Error, Hash as TheirHash, Tile, TileHashReader, TileReader, check_record, check_tree,
    prove_record, prove_tree, record_hash, tree_hash,
};

use crate::{Scratch, entry, files, key, log};

/// Our files as their reader asks for them: they have the height of tiles in the path.
struct Tiles<'a>(&'a BTreeMap<String, Vec<u8>>);

impl TileReader for Tiles<'_> {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, Error> {
        let read = |tile: &Tile| {
            let path = tile.path().replacen("tile/8/", "tile/", 1);
            self.0.get(&path).cloned().unwrap_or_else(|| panic!("{path} is not there"))
        };
        Ok(tiles.iter().map(read).collect())
    }

    fn save_tiles(&self, _: &[Tile], _: &[Vec<u8>]) {}
}

fn theirs(hash: Hash) -> TheirHash {
    TheirHash(hash.0)
}

fn known() -> VerifierList {
    VerifierList::new(vec![Box::new(StandardVerifier::new(&key().verifier().to_string()).unwrap())])
}

#[test]
fn they_read_our_logs() {
    for size in [1, 2, 255, 256, 257, 1_000, 65_536, 66_000] {
        let scratch = Scratch::new("oracle");
        let checkpoint = log(&scratch.0, size, 40_000).checkpoint().clone();
        let files = files(&scratch.0);

        let note = TheirNote::from_bytes(&files["checkpoint"]).unwrap();
        assert_eq!(note.verify(&known()).unwrap().0.len(), 1);
        let read = TheirCheckpoint::from_bytes(note.text()).unwrap();
        assert_eq!((read.origin(), read.size(), read.hash().0), (key().verifier().name(), size, checkpoint.head.root.0));

        let tiles = Tiles(&files);
        let root = theirs(checkpoint.head.root);
        let reader = TileHashReader::new(size, root, &tiles);
        assert_eq!(tree_hash(size, &reader).unwrap().0, root.0);
        for number in [0, size / 3, size - 1] {
            let proof = Inclusion::make(&files, checkpoint.clone(), number).unwrap();
            let hashes: Vec<_> = proof.hashes.iter().copied().map(theirs).collect();
            check_record(&hashes, size, root, number, record_hash(&entry(number))).unwrap();
            let made = prove_record(size, number, &reader).unwrap();
            assert_eq!(made.iter().map(|hash| hash.0).collect::<Vec<_>>(), hashes.iter().map(|hash| hash.0).collect::<Vec<_>>());
        }
        for old in [1, size / 2, size - 1, size].into_iter().filter(|old| *old > 0) {
            let old_scratch = Scratch::new("oracle-old");
            let old_root = theirs(log(&old_scratch.0, old, 40_000).checkpoint().head.root);
            let proof = Consistency::make(&files, checkpoint.clone(), old).unwrap();
            let hashes: Vec<_> = proof.hashes.iter().copied().map(theirs).collect();
            check_tree(&hashes, size, root, old, old_root).unwrap();
            let made = prove_tree(size, old, &reader).unwrap();
            assert_eq!(made.iter().map(|hash| hash.0).collect::<Vec<_>>(), hashes.iter().map(|hash| hash.0).collect::<Vec<_>>());
        }
    }
}

#[test]
fn we_read_what_they_sign() {
    let secret = key().to_secret_text();
    let signer = StandardSigner::new(secret.trim_end()).unwrap();
    for size in [0, 1, 20_852_163] {
        let text =
            TheirCheckpoint::new(key().verifier().name(), size, record_hash(b"root"), "an extension\n").unwrap().to_bytes();
        let mut note = TheirNote::new(&text, &[]).unwrap();
        note.add_sigs(&[&signer]).unwrap();
        let bytes = note.to_bytes();
        let ours = Checkpoint::parse(&bytes).unwrap();
        assert!(ours.is_signed_by(key().verifier()));
        assert_eq!((ours.head.size, ours.head.root.0), (size, record_hash(b"root").0));
        assert_eq!(ours.to_text().as_bytes(), bytes);
    }
}

/// Damaged in all places, a note is read by both or by neither, and counts as signed for both or for neither. Two differences are known and
/// ours: a note is not to have control characters, and a name not to have any.
#[test]
fn both_refuse_the_same_notes() {
    let scratch = Scratch::new("notes");
    drop(log(&scratch.0, 3, 3));
    let good = files(&scratch.0)["checkpoint"].clone();
    let known = known();
    for at in 0..good.len() {
        for octet in [b'\n', b' ', b'+', b'0', b'A', b'=', 0xe2, good[at] ^ 1] {
            let mut bytes = good.clone();
            bytes[at] = octet;
            let ours = Note::parse(&bytes);
            let theirs = TheirNote::from_bytes(&bytes);
            assert_eq!(ours.is_ok(), theirs.is_ok(), "{:?}", String::from_utf8_lossy(&bytes));
            if let (Ok(ours), Ok(theirs)) = (ours, theirs) {
                let signed = key().verifier().verify(&ours).is_some();
                assert_eq!(signed, theirs.verify(&known).is_ok());
                assert_eq!(signed, bytes == good);
            }
        }
    }
}
