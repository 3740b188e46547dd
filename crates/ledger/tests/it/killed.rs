//! A writer that is killed at any moment loses nothing that it had returned from.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use ledger::{Folder, Kept, Log, Options, verify};

use crate::{Scratch, entry, key};

/// Set for the child: the folder to write to.
const FOLDER: &str = "LEDGER_TEST_WRITES_TO";

/// The child: appends in batches of odd sizes and says each size after it has returned.
#[test]
fn writer() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let mut log = Log::open(Path::new(&folder), key()).unwrap();
    for batch in (0..).map(|turn| turn * 37 % 300 + 1) {
        let size = log.size();
        log.append(&(size..size + batch).map(entry).collect::<Vec<_>>()).unwrap();
        eprintln!("size {}", log.size());
    }
}

#[test]
fn nothing_acknowledged_is_lost() {
    let scratch = Scratch::new("killed");
    let mut kept: Vec<Kept> = Vec::new();
    for turn in 0..20_u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "killed::writer", "--nocapture"])
            .env(FOLDER, &scratch.0)
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let mut sizes = said.filter_map(|line| line.strip_prefix("size ").and_then(|size| size.parse::<u64>().ok()));
        let mut acknowledged = sizes.nth(usize::try_from(turn % 5).unwrap()).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        acknowledged = sizes.last().unwrap_or(acknowledged);

        let options = Options { key: Some(key().verifier().clone()), kept: kept.clone(), witnesses: Vec::new() };
        let report = verify(&Folder(scratch.0.clone()), &options).unwrap();
        assert!(report.intact(), "turn {turn}: {:#?}", report.problems);
        assert!(report.head.unwrap().size >= acknowledged);
        let log = Log::open(&scratch.0, key()).unwrap();
        assert!(log.size() >= acknowledged);
        kept.push(Kept { label: format!("turn {turn}"), checkpoint: log.checkpoint().clone() });
    }
    let source = Folder(scratch.0.clone());
    let size = kept.last().unwrap().checkpoint.head.size;
    for found in ledger::Entries::from(&source, size, 0) {
        let (number, bytes) = found.unwrap();
        assert_eq!(bytes, entry(number));
    }
}

#[test]
fn one_writer_only() {
    let scratch = Scratch::new("locked");
    let first = Log::open(&scratch.0, key()).unwrap();
    assert!(Log::open(&scratch.0, key()).unwrap_err().to_string().contains("another process"));
    drop(first);
    Log::open(&scratch.0, key()).unwrap();
}
