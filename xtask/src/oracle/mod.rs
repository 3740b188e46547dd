//! `xtask oracle`: which protocols `medwarden inspect` and tshark find in the captures beside the checkout.
//!
//! For every protocol: the files in which both find it, only tshark, only we; and the same for conversations. Every file
//! that differs stands in `tests/oracle/misses.tsv` with the reason. The verb fails when a protocol is found in less than
//! 97% of tshark's files, not counting those where tshark is wrong or where the encapsulation is one that is not read, when
//! a difference is not explained, and when a file takes too long or too much memory.

mod conversation;
mod ours;
mod rows;
mod table;
mod tshark;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use conversation::Found;
use rows::ROWS;
use table::{Misses, Side, Tally};

/// Share of tshark's files in which a protocol has to be found, in percent.
const BAR_PERCENT: usize = 97;
/// The longest that a file may take.
const MAX_TIME: Duration = Duration::from_secs(10);
/// The most memory that a file may take.
const MAX_MIB: i64 = 256;

/// A capture and what both programs found in it.
struct Compared {
    name: String,
    ours: Found,
    theirs: Found,
    took: Duration,
}

/// Compares; with words, only the captures whose names contain one of them, and without judging.
pub(crate) fn oracle(words: &[String]) -> Result<String> {
    if let Some((FRESH, words)) = words.split_first().map(|(first, rest)| (first.as_str(), rest)) {
        return compare(words);
    }
    ours::build()?;
    // The memory of children is counted for a process and what ran in it before, the compiler too: so in a new one.
    let status = Command::new(std::env::current_exe()?).args(["oracle", FRESH]).args(words).status()?;
    if !status.success() {
        bail!("not as it should be");
    }
    Ok(String::new())
}

/// Says that this process has had no children yet.
const FRESH: &str = "--fresh";

fn compare(words: &[String]) -> Result<String> {
    let Some(folder) = captures() else {
        return Ok("skipped: ../shared/captures is not there (MEDWARDEN_SHARED names another folder)\n".to_owned());
    };
    let program = ours::program();
    let files = files(&folder, words)?;
    let runs = two_at_a_time(&files, |file| ours::run(&program, file))?;
    // Before tshark runs, whose memory would count too.
    let peak_mib = ours::peak_mib()?;
    let Some(version) = tshark::version() else {
        return Ok("skipped: tshark is not installed\n".to_owned());
    };
    let cache = root().join("target/oracle/tshark");
    fs::create_dir_all(&cache)?;
    renew(&cache, &version)?;
    let theirs = two_at_a_time(&files, |file| tshark::found(file, &cache))?;
    let mut killed = Vec::new();
    let mut compared = Vec::new();
    for ((file, run), theirs) in files.iter().zip(runs).zip(theirs) {
        let name = file.strip_prefix(&folder).unwrap_or(file).display().to_string();
        if !matches!(run.code, Some(0..=3)) {
            killed.push(name.clone());
        }
        compared.push(Compared { name, ours: run.found, theirs, took: run.took });
    }
    let mut misses = Misses::read(&root().join("tests/oracle/misses.tsv"))?;
    let (mut text, faults) = judge(&compared, &mut misses);
    let slowest = compared.iter().max_by_key(|one| one.took).context("no captures")?;
    let seconds = slowest.took.as_secs_f64();
    let _ = writeln!(text, "\n{} captures; slowest {seconds:.2} s ({}); most memory {peak_mib} MiB", files.len(), slowest.name);
    fs::write(root().join("target/oracle/only-us.tsv"), only_us(&compared))?;
    fs::write(root().join("target/oracle/only-tshark.tsv"), only_tshark(&compared))?;
    print!("{text}");
    if words.is_empty() {
        verdict(&faults, &killed, slowest.took, peak_mib)?;
    }
    Ok(String::new())
}

/// The checkout.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(PathBuf::new, Path::to_path_buf)
}

/// The folder of captures, where it is.
fn captures() -> Option<PathBuf> {
    let named = std::env::var_os("MEDWARDEN_SHARED").map(|folder| PathBuf::from(folder).join("captures"));
    let above = root();
    let beside = above.ancestors().map(|folder| folder.join("shared/captures"));
    named.into_iter().chain(beside).find(|folder| folder.is_dir())
}

/// Empties the cache when it is of another tshark.
fn renew(cache: &Path, version: &str) -> Result<()> {
    let note = cache.join("version");
    if fs::read_to_string(&note).is_ok_and(|known| known != version) {
        fs::remove_dir_all(cache)?;
        fs::create_dir_all(cache)?;
    }
    Ok(fs::write(note, version)?)
}

fn files(folder: &Path, words: &[String]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_none_or(|ending| ending != "csv") {
                files.push(path);
            }
        }
    }
    files.retain(|file| words.is_empty() || words.iter().any(|word| file.to_string_lossy().contains(word.as_str())));
    files.sort();
    Ok(files)
}

/// Does something with every file in two threads; the results are in the files' order.
fn two_at_a_time<T: Send>(files: &[PathBuf], act: impl Fn(&Path) -> Result<T> + Sync) -> Result<Vec<T>> {
    let halves = files.split_at(files.len() / 2);
    let half = |files: &[PathBuf]| files.iter().map(|file| act(file)).collect::<Result<Vec<T>>>();
    std::thread::scope(|scope| {
        let second = scope.spawn(|| half(halves.1));
        let mut all = half(halves.0)?;
        match second.join() {
            Ok(more) => all.extend(more?),
            Err(_) => bail!("a thread panicked"),
        }
        Ok(all)
    })
}

/// The table, and what is wrong in it.
fn judge(compared: &[Compared], misses: &mut Misses) -> (String, Vec<String>) {
    let mut faults = Vec::new();
    let mut text = Tally::header();
    for row in ROWS {
        let mut tally = Tally::default();
        for one in compared {
            match (one.theirs.has(row.theirs), one.ours.has(row.ours)) {
                (true, true) => tally.both += 1,
                (true, false) => match misses.why(&one.name, row.name, Side::Tshark) {
                    Some(why) if why.is_excuse() => tally.excused += 1,
                    Some(_) => tally.only_tshark += 1,
                    None => {
                        tally.only_tshark += 1;
                        faults.push(format!("{}\t{}\ttshark\tnot explained", one.name, row.name));
                    }
                },
                (false, true) => {
                    tally.only_us += 1;
                    if misses.why(&one.name, row.name, Side::Us).is_none() {
                        faults.push(format!("{}\t{}\tus\tnot explained", one.name, row.name));
                    }
                }
                (false, false) => {}
            }
            tally.add_talks(&one.ours, &one.theirs, row);
        }
        if row.required && tally.share_percent() < BAR_PERCENT as f64 {
            faults.push(format!("{} is under {BAR_PERCENT}%", row.name));
        }
        text.push_str(&tally.line(row));
    }
    for stale in misses.unused() {
        let _ = writeln!(text, "no miss any more: {stale}");
    }
    (text, faults)
}

fn verdict(faults: &[String], killed: &[String], slowest: Duration, peak_mib: i64) -> Result<()> {
    let mut wrong: Vec<String> = faults.to_vec();
    wrong.extend(killed.iter().map(|name| format!("{name}: medwarden ended abnormally")));
    if slowest >= MAX_TIME {
        wrong.push(format!("a file took {:.1} s", slowest.as_secs_f64()));
    }
    if peak_mib >= MAX_MIB {
        wrong.push(format!("a file took {peak_mib} MiB"));
    }
    if !wrong.is_empty() {
        bail!("{} faults\n{}", wrong.len(), wrong.join("\n"));
    }
    Ok(())
}

/// Conversations in which tshark names a protocol and we do not, with what we name there.
fn only_tshark(compared: &[Compared]) -> String {
    let mut text = String::new();
    for one in compared {
        for row in ROWS {
            for talk in one.theirs.talks_of(row.theirs) {
                if one.ours.talks_of(row.ours).any(|other| talk.is(other)) {
                    continue;
                }
                let there = one.ours.talks.iter().filter(|(other, _)| talk.is(other));
                let ours: Vec<&str> = there.flat_map(|(_, names)| names.iter().map(String::as_str)).collect();
                let _ = writeln!(text, "{}\t{}\t{talk}\t{}", one.name, row.name, ours.join(" "));
            }
        }
    }
    text
}

/// Conversations in which we name a protocol and tshark does not, with what it names there.
fn only_us(compared: &[Compared]) -> String {
    let mut text = String::new();
    for one in compared {
        for (talk, ours) in &one.ours.talks {
            let same_talk = || one.theirs.talks.iter().filter(|(other, _)| talk.is(other));
            for id in ours {
                let Some(row) = ROWS.iter().find(|row| row.ours.contains(&id.as_str())) else { continue };
                if same_talk().any(|(_, names)| row.theirs.iter().any(|name| names.contains(*name))) {
                    continue;
                }
                let theirs: Vec<&str> = same_talk().flat_map(|(_, names)| names.iter().map(String::as_str)).collect();
                let _ = writeln!(text, "{}\t{id}\t{talk}\t{}", one.name, theirs.join(" "));
            }
        }
    }
    text
}
