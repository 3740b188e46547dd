//! Proofs are made, checked, written and read; none holds for anything else.

use std::collections::BTreeMap;

use ledger::proof::{Consistency, Inclusion};
use ledger::witness::{Refusal, Witness};
use ledger::{Algorithm, Checkpoint, Hash, Key, Log, leaf_hash};

use crate::{Scratch, entries, entry, files, key, log, small, witness_key};

fn root(size: u64) -> Hash {
    small::root(&entries(0..size).iter().map(|entry| leaf_hash(entry)).collect::<Vec<_>>())
}

/// A log of a size, and its files.
fn made(size: u64) -> (Checkpoint, BTreeMap<String, Vec<u8>>) {
    let scratch = Scratch::new("proofs");
    let log = log(&scratch.0, size, 1_000);
    (log.checkpoint().clone(), files(&scratch.0))
}

#[test]
fn inclusion_in_trees_of_many_sizes() {
    for size in [1, 2, 3, 7, 8, 255, 256, 257, 600] {
        let (checkpoint, source) = made(size);
        for number in (0..size).filter(|number| size < 20 || number % 37 == 0 || number + 2 > size) {
            let proof = Inclusion::make(&source, checkpoint.clone(), number).unwrap();
            assert_eq!(proof.check(&entry(number)), Ok(()), "{number} of {size}");
            assert!(proof.check(&entry(number + 1)).is_err());
            for other in (0..size).filter(|other| *other != number).take(300) {
                assert!(
                    Inclusion { number: other, ..proof.clone() }.check(&entry(number)).is_err(),
                    "{number} as {other} of {size}"
                );
            }
            assert_eq!(Inclusion::parse(proof.to_text().as_bytes()), Ok(proof));
        }
        assert!(Inclusion::make(&source, checkpoint, size).is_err());
    }
}

#[test]
fn consistency_between_all_sizes() {
    for size in [1, 2, 3, 4, 7, 8, 30, 256, 300, 513] {
        let (checkpoint, source) = made(size);
        for old in (0..=size).filter(|old| size < 40 || old % 31 == 0 || old % 256 < 2) {
            let proof = Consistency::make(&source, checkpoint.clone(), old).unwrap();
            assert_eq!(proof.check(root(old)), Ok(()), "{old} of {size}");
            assert!(proof.check(leaf_hash(b"other")).is_err());
            for at in 0..proof.hashes.len() {
                let mut wrong = proof.clone();
                wrong.hashes[at].0[5] ^= 1;
                assert!(wrong.check(root(old)).is_err());
                let mut short = proof.clone();
                short.hashes.remove(at);
                assert!(short.check(root(old)).is_err());
            }
            assert_eq!(Consistency::parse(proof.to_text().as_bytes()), Ok(proof));
        }
        assert!(Consistency::make(&source, checkpoint, size + 1).is_err());
    }
}

#[test]
fn a_witness_signs_only_what_grew() {
    let scratch = Scratch::new("witness");
    let mut log = log(&scratch.0.join("log"), 100, 100);
    let folder = scratch.0.join("witness");
    let mut witness = Witness::open(&folder, witness_key(), vec![key().verifier().clone()]).unwrap();
    let ask = |log: &Log, old| Consistency::make(&log.source(), log.checkpoint().clone(), old).unwrap().to_text();

    let signature = witness.add_checkpoint(ask(&log, 0).as_bytes(), 1_795_000_000).unwrap();
    let seen = log.checkpoint().clone();
    log.add_cosignature(witness_key().verifier(), &seen, signature.clone()).unwrap();
    let strange = Key::from_seed("witness.example/w1", Algorithm::Cosignature, [4; 32]).unwrap();
    assert!(log.add_cosignature(strange.verifier(), &seen, signature).is_err());
    assert_eq!(log.checkpoint().seen_by(witness_key().verifier()), Some(1_795_000_000));

    log.append(&entries(100..130)).unwrap();
    assert_eq!(log.checkpoint().seen_by(witness_key().verifier()), None);
    assert!(matches!(witness.add_checkpoint(ask(&log, 0).as_bytes(), 1), Err(Refusal::OtherSize(100))));
    // It remembers what it saw.
    drop(witness);
    let mut witness = Witness::open(&folder, witness_key(), vec![key().verifier().clone()]).unwrap();
    witness.add_checkpoint(ask(&log, 100).as_bytes(), 2).unwrap();

    // A log that was rewritten and grew, with the right key.
    let mut forged = Log::open(&scratch.0.join("forged"), key()).unwrap();
    forged.append(&entries(1..200)).unwrap();
    let refused = witness.add_checkpoint(ask(&forged, 130).as_bytes(), 3).unwrap_err();
    assert!(matches!(refused, Refusal::Inconsistent(_)) && refused.is_alarming() && refused.status() == 422, "{refused}");
    let mut same_size = Log::open(&scratch.0.join("same"), key()).unwrap();
    same_size.append(&entries(1..131)).unwrap();
    assert!(matches!(witness.add_checkpoint(ask(&same_size, 130).as_bytes(), 3), Err(Refusal::Forked(130))));

    let strange = Key::from_seed("else.example", Algorithm::Log, [1; 32]).unwrap();
    let mut strange = Log::open(&scratch.0.join("strange"), strange).unwrap();
    strange.append(&entries(0..3)).unwrap();
    assert!(matches!(witness.add_checkpoint(ask(&strange, 0).as_bytes(), 3), Err(Refusal::UnknownLog)));
    let thief = Key::from_seed(key().verifier().name(), Algorithm::Log, [2; 32]).unwrap();
    let mut stolen = Log::open(&scratch.0.join("stolen"), thief).unwrap();
    stolen.append(&entries(0..140)).unwrap();
    assert!(matches!(witness.add_checkpoint(ask(&stolen, 130).as_bytes(), 3), Err(Refusal::NotSigned)));
    assert!(matches!(witness.add_checkpoint(b"old 1", 3), Err(Refusal::Malformed(_))));
}
