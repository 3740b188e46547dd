//! What is wrong is said with its place.

use ledger::{Bundle, Checkpoint, Kept, Options, Problem, verify};

use crate::alter::{Files, build};
use crate::{entries, key};

fn problems(files: &Files) -> Vec<Problem> {
    verify(files, &Options { key: Some(key().verifier().clone()), ..Options::default() }).unwrap().problems
}

fn bundle<'a>(entries: impl Iterator<Item = &'a Vec<u8>>) -> Vec<u8> {
    let mut bytes = Vec::new();
    entries.for_each(|entry| Bundle::push(&mut bytes, entry).unwrap());
    bytes
}

#[test]
fn one_changed_entry_is_named_alone() {
    let mut files = build(&entries(0..600), &key());
    let mut changed = entries(256..512);
    changed[100][3] ^= 1;
    files.insert("tile/entries/001".to_owned(), bundle(changed.iter()));
    let found = problems(&files);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!((found[0].code, found[0].entry, found[0].path.as_str()), ("entry-differs", Some(356), "tile/entries/001"));
    assert!(found[0].what.contains("is not what was logged"));
}

#[test]
fn a_removed_entry_is_named() {
    let mut files = build(&entries(0..600), &key());
    files.insert("tile/entries/000".to_owned(), bundle(entries(0..256).iter().filter(|entry| **entry != entries(7..8)[0])));
    let found = problems(&files);
    assert_eq!((found.len(), found[0].code, found[0].what.as_str()), (1, "count", "entry 7 was removed"), "{found:#?}");
}

#[test]
fn another_order_is_called_so() {
    let mut files = build(&entries(0..600), &key());
    let mut moved = entries(512..600);
    moved.swap(3, 80);
    files.insert("tile/entries/002.p/88".to_owned(), bundle(moved.iter()));
    let found = problems(&files);
    assert_eq!((found.len(), found[0].code, found[0].entry), (1, "reordered", Some(515)), "{found:#?}");
}

#[test]
fn the_tile_that_is_wrong_is_named_and_not_the_entries() {
    for (path, code) in [("tile/0/001", "tile-differs"), ("tile/1/000.p/2", "tile-differs")] {
        let mut files = build(&entries(0..600), &key());
        files.get_mut(path).unwrap()[40] ^= 1;
        let found = problems(&files);
        assert!(found.iter().any(|problem| problem.code == code && problem.path == path), "{found:#?}");
    }
}

#[test]
fn a_cut_log_is_called_so() {
    let kept = Checkpoint::parse(&build(&entries(0..600), &key())["checkpoint"]).unwrap();
    let kept = Kept { label: "march.checkpoint".to_owned(), checkpoint: kept };
    let report = verify(&build(&entries(0..580), &key()), &Options { kept: vec![kept], ..Options::default() }).unwrap();
    assert_eq!((report.problems[0].code, report.problems[0].path.as_str()), ("cut", "march.checkpoint"));
}

#[test]
fn what_lies_behind_the_end_is_no_problem_and_told() {
    let mut files = build(&entries(0..600), &key());
    files.insert("tile/0/003".to_owned(), vec![0; 8_192]);
    files.insert("tile/0/nonsense".to_owned(), vec![]);
    let report = verify(&files, &Options::default()).unwrap();
    assert!(report.intact());
    assert_eq!(
        (report.unsigned_files, report.foreign_files),
        (vec!["tile/0/003".to_owned()], vec!["tile/0/nonsense".to_owned()])
    );
}

#[test]
fn a_size_that_nobody_could_have_ends_the_check() {
    let mut files = build(&entries(0..3), &key());
    let head = ledger::TreeHead {
        origin: key().verifier().name().to_owned(),
        size: u64::MAX,
        root: ledger::Hash([0; 32]),
        extensions: vec![],
    };
    files.insert("checkpoint".to_owned(), Checkpoint::sign(head, &key()).to_text().into_bytes());
    assert!(problems(&files).iter().any(|problem| problem.code == "stopped"));
}
