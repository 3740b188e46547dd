//! Ten thousand alterations of a log, all found; and the words that they are told in.

use ledger::{Algorithm, Checkpoint, Kept, Key, Options, Report, verify};

use crate::alter::{Chance, Files, Original, alter, build};
use crate::{entries, key};

const ALTERATIONS: usize = 10_000;

fn strange() -> Key {
    Key::from_seed(key().verifier().name(), Algorithm::Log, [8; 32]).unwrap()
}

/// Logs around the edges of tiles, with a checkpoint that was kept when three quarters were there.
fn originals() -> Vec<Original> {
    let make = |size: u64| {
        let entries = entries(0..size);
        let kept = &entries[..entries.len() * 3 / 4];
        let kept = Checkpoint::parse(&build(kept, &key())["checkpoint"]).unwrap();
        Original { files: build(&entries, &key()), entries, kept }
    };
    [5, 100, 255, 256, 257, 300, 512, 530].into_iter().map(make).collect()
}

fn check(files: &Files, kept: &Checkpoint) -> Report {
    let kept = Kept { label: "kept".to_owned(), checkpoint: kept.clone() };
    verify(files, &Options { key: Some(key().verifier().clone()), kept: vec![kept], witnesses: Vec::new() }).unwrap()
}

#[test]
fn all_are_found() {
    let (originals, strange) = (originals(), strange());
    let mut chance = Chance(1);
    for original in &originals {
        let report = check(&original.files, &original.kept);
        assert!(report.intact(), "{:#?}", report.problems);
        assert_eq!(report.vouched(), original.kept.head.size);
    }
    let mut altered = 0;
    while altered < ALTERATIONS {
        let original = &originals[chance.below(originals.len())];
        let (what, files) = alter(original, &key(), &strange, &mut chance);
        if files == original.files {
            continue;
        }
        altered += 1;
        let report = check(&files, &original.kept);
        assert!(!report.intact(), "alteration {altered} of {} entries is not found: {what}", original.entries.len());
        assert!(report.problems.iter().all(|problem| !problem.what.is_empty() && !problem.path.is_empty()));
    }
}

/// Signed again with the stolen key, behind what was kept: this is what nobody can find, and the report says so.
#[test]
fn what_cannot_be_found_is_said() {
    let mut entries = entries(0..300);
    let kept = Checkpoint::parse(&build(&entries[..200], &key())["checkpoint"]).unwrap();
    entries.remove(250);
    let report = check(&build(&entries, &key()), &kept);
    assert!(report.intact());
    assert!(
        report.not_shown().iter().any(|line| line.contains("the last 99 entries (from number 200)")),
        "{:#?}",
        report.not_shown()
    );
    let alone = verify(&build(&entries, &key()), &Options::default()).unwrap();
    assert!(alone.intact() && alone.vouched() == 0);
    assert!(alone.not_shown().iter().any(|line| line.contains("no checkpoint kept elsewhere")));
    assert!(alone.not_shown().iter().any(|line| line.contains("--key")));
}
