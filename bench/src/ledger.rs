//! **ledger**: a million entries written in batches of several sizes, each batch on the disk before the next begins, and all of them verified.

#![allow(clippy::disallowed_methods, reason = "a measurement looks at the clock")]

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use ::ledger::{Algorithm, Kept, Key, Log, Options, verify};
use anyhow::{Context, Result, ensure};

const ENTRIES: usize = 1_000_000;
/// Entries of a batch, and how many are written so: single ones wait for the disk each.
const BATCHES: [(usize, usize); 4] = [(1, 500), (64, 20_000), (1_024, 200_000), (4_096, ENTRIES)];
/// Entries a second that are on the disk, in the batches that the hub makes of acts that wait.
const BAR_PER_S: f64 = 5_000.0;
/// A million entries are verified within so many seconds.
const BAR_VERIFY_S: f64 = 10.0;

/// Writes, verifies, and prints the figures beside their bars.
pub(crate) fn bench(folder: &Path) -> Result<ExitCode> {
    println!("| ledger | entries | seconds | entries/s |\n|---|---:|---:|---:|");
    let path = folder.join("ledger");
    let mut fastest = 0.0_f64;
    for (batch, entries) in BATCHES {
        if path.exists() {
            fs::remove_dir_all(&path)?;
        }
        let seconds = write(&path, batch, entries)?;
        let rate = per_second(entries, seconds);
        println!("| written, {batch} at once, with fsync | {entries} | {seconds:.2} | {rate:.0} |");
        fastest = fastest.max(rate);
    }
    let seconds = check(&path)?;
    println!("| verified | {ENTRIES} | {seconds:.2} | {:.0} |", per_second(ENTRIES, seconds));
    fs::remove_dir_all(&path)?;
    let met = fastest >= BAR_PER_S && seconds <= BAR_VERIFY_S;
    println!(
        "\nbars: {BAR_PER_S:.0} durable entries/s, a million verified within {BAR_VERIFY_S:.0} s: {}",
        if met { "met" } else { "missed" }
    );
    Ok(if met { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[allow(clippy::cast_precision_loss, reason = "counts far below 2^52")]
fn per_second(entries: usize, seconds: f64) -> f64 {
    entries as f64 / seconds
}

fn key() -> Result<Key> {
    Key::from_seed("bench.example/ledger", Algorithm::Log, [7; 32]).context("a key")
}

fn write(path: &Path, batch: usize, entries: usize) -> Result<f64> {
    let mut log = Log::open(path, key()?)?;
    let bodies: Vec<String> = (0..entries).map(body).collect();
    let start = Instant::now();
    for some in bodies.chunks(batch) {
        log.append(some)?;
    }
    Ok(start.elapsed().as_secs_f64())
}

/// An entry as the hub writes them, some 250 bytes.
fn body(number: usize) -> String {
    format!(
        r#"{{"v":1,"time":"2026-11-24T02:45:08.123456789Z","actor":{{"kind":"person","id":"p{}","name":"Biomedical Engineering"}},"action":"device.record.set","subject":"d{number:08x}","site":"s1","tenant":"t1","details":{{"field":"unit","was":"ICU 2","is":"ICU 3"}}}}"#,
        number % 50
    )
}

fn check(path: &Path) -> Result<f64> {
    let log = Log::open(path, key()?)?;
    let kept = Kept { label: "kept".to_owned(), checkpoint: log.checkpoint().clone() };
    let options = Options { key: Some(key()?.verifier().clone()), kept: vec![kept], ..Options::default() };
    let start = Instant::now();
    let report = verify(&log.source(), &options)?;
    let seconds = start.elapsed().as_secs_f64();
    ensure!(report.intact() && report.vouched() == u64::try_from(ENTRIES)?, "the ledger is not intact: {:?}", report.problems);
    Ok(seconds)
}
