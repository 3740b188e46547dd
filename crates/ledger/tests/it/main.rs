//! The log as its users have it: written, stopped, altered, and read by others.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stderr)] // helpers of tests

mod alter;
mod alterations;
mod killed;
mod oracle;
mod proofs;
mod small;
mod words;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use ledger::{Algorithm, Folder, Key, Log, Source as _};

/// A folder of its own for a test, removed behind it.
pub(crate) struct Scratch(pub(crate) PathBuf);

impl Scratch {
    pub(crate) fn new(what: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = scratch_folder().join(format!("medwarden-ledger-{what}-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

/// Memory where there is some: what is tested is the order of writing, not the disk.
fn scratch_folder() -> PathBuf {
    let memory = PathBuf::from("/dev/shm");
    if memory.is_dir() { memory } else { std::env::temp_dir() }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn key() -> Key {
    Key::from_seed("hub.example/ledger", Algorithm::Log, [7; 32]).unwrap()
}

pub(crate) fn witness_key() -> Key {
    Key::from_seed("witness.example/w1", Algorithm::Cosignature, [9; 32]).unwrap()
}

/// The files of a folder, in memory.
pub(crate) fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let folder = Folder(folder.to_owned());
    let read = |path: String| folder.read(&path, usize::MAX).unwrap().map(|bytes| (path, bytes));
    folder.list().unwrap().into_iter().filter_map(read).filter(|(path, _)| path != "lock").collect()
}

pub(crate) fn entry(number: u64) -> Vec<u8> {
    format!(r#"{{"number":{number},"actor":"person:{}","action":"device.owner.set"}}"#, number % 7).into_bytes()
}

pub(crate) fn entries(numbers: std::ops::Range<u64>) -> Vec<Vec<u8>> {
    numbers.map(entry).collect()
}

/// A log with so many entries, appended in steps of this many.
pub(crate) fn log(folder: &Path, size: u64, step: usize) -> Log {
    let mut log = Log::open(folder, key()).unwrap();
    let all: Vec<u64> = (log.size()..size).collect();
    for numbers in all.chunks(step) {
        log.append(&numbers.iter().map(|number| entry(*number)).collect::<Vec<_>>()).unwrap();
    }
    log
}
