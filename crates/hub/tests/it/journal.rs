//! The journal, its snapshots, and what a hub knows after it ended anywhere.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hub::intake::{Batch, Intake, read_capture};
use inventory::Config;
use knowledge::Knowledge;
use model::Observation;

const SITE: &str = "site";

fn networks(_: &str) -> Config {
    Config::default()
}

fn clinic() -> Vec<Vec<Observation>> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clinic.pcap");
    fs::write(&path, lab::clinic()).unwrap();
    let mut all = Vec::new();
    let outcome = read_capture(&path, &Arc::new(Knowledge::builtin()), &mut |_, observations| {
        all.extend(observations);
        Ok(())
    });
    assert_eq!(outcome.unwrap().observations, all.len() as u64);
    all.chunks(all.len().div_ceil(7)).map(<[_]>::to_vec).collect()
}

fn open(folder: &Path) -> (Intake, Vec<String>) {
    let (intake, found) = Intake::open(folder, &networks).unwrap();
    (intake, found.damage)
}

fn give(intake: &Intake, batches: &[Vec<Observation>], from: usize) {
    for (index, observations) in batches.iter().enumerate().skip(from) {
        let batch =
            Batch { site: SITE.to_owned(), sensor: "s".to_owned(), number: index as u64 + 1, observations: observations.clone() };
        assert_eq!(intake.take(batch, &networks).unwrap(), index as u64 + 1);
    }
}

/// What the intake holds, as a snapshot says it.
fn held(folder: &Path, intake: Intake) -> Vec<u8> {
    intake.compact().unwrap();
    let newest = files(folder, "snapshot").pop().unwrap();
    zstd::decode_all(fs::File::open(newest).unwrap()).unwrap()
}

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.extension().is_some_and(|one| one == ending));
    found.sort();
    found
}

#[test]
fn wherever_it_is_made_short_and_opened_again_it_amounts_to_the_same() {
    let batches = clinic();
    let whole = tempfile::tempdir().unwrap();
    let (intake, _) = open(whole.path());
    give(&intake, &batches, 0);
    let expected = held(whole.path(), intake);
    for cut in 0..=batches.len() {
        let folder = tempfile::tempdir().unwrap();
        let (intake, _) = open(folder.path());
        give(&intake, &batches[..cut], 0);
        intake.compact().unwrap();
        drop(intake);
        let (intake, damage) = open(folder.path());
        assert!(damage.is_empty(), "{damage:?}");
        assert_eq!(intake.durable("s"), cut as u64);
        give(&intake, &batches, cut);
        drop(intake);
        let (intake, _) = open(folder.path());
        assert!(held(folder.path(), intake) == expected, "made short after {cut} batches");
    }
}

#[test]
fn a_batch_that_comes_twice_counts_once() {
    let batches = clinic();
    let folder = tempfile::tempdir().unwrap();
    let (intake, _) = open(folder.path());
    give(&intake, &batches, 0);
    let again = Batch { site: SITE.to_owned(), sensor: "s".to_owned(), number: 3, observations: batches[2].clone() };
    assert_eq!(intake.take(again, &networks).unwrap(), batches.len() as u64, "the highest that is durable");
    let twice = held(folder.path(), intake);
    let other = tempfile::tempdir().unwrap();
    let (intake, _) = open(other.path());
    give(&intake, &batches, 0);
    assert!(held(other.path(), intake) == twice);
}

#[test]
fn a_damaged_snapshot_is_told_and_the_one_before_it_used() {
    let batches = clinic();
    let folder = tempfile::tempdir().unwrap();
    let (intake, _) = open(folder.path());
    for (index, batch) in batches.iter().enumerate() {
        let batch =
            Batch { site: SITE.to_owned(), sensor: "s".to_owned(), number: index as u64 + 1, observations: batch.clone() };
        intake.take(batch, &networks).unwrap();
        intake.compact().unwrap();
    }
    drop(intake);
    let snapshots = files(folder.path(), "snapshot");
    assert_eq!(snapshots.len(), 2, "{snapshots:?}");
    assert!(files(folder.path(), "journal").len() <= 3, "what two snapshots stand for is gone");
    let whole = zstd::decode_all(fs::File::open(&snapshots[1]).unwrap()).unwrap();
    let bytes = fs::read(&snapshots[1]).unwrap();
    for at in [0, bytes.len() / 3, bytes.len() / 2, bytes.len() - 1] {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x10;
        fs::write(&snapshots[1], damaged).unwrap();
        let copy = tempfile::tempdir().unwrap();
        for file in files(folder.path(), "snapshot").into_iter().chain(files(folder.path(), "journal")) {
            fs::copy(&file, copy.path().join(file.file_name().unwrap())).unwrap();
        }
        let (intake, damage) = open(copy.path());
        assert_eq!(damage.len(), 1, "octet {at}: {damage:?}");
        assert_eq!(intake.durable("s"), batches.len() as u64);
        assert!(held(copy.path(), intake) == whole, "octet {at}");
    }
}
