//! Alters logs, checks that `verify` finds each, and writes them to standard output for a reader in another language
//! (tests/e2e/ledger). `alterations HOW_MANY SEED`, or `alterations folder DIR CHECKPOINT` for one log on the disk and what was kept of it.
//!
//! A stream of cases: name, verifier key, kept checkpoint, how many files, and of each path and content; every one of these with its
//! length before it in four octets, big end first. The name is `intact` where the reader must find nothing.

// The generator is a test: what cannot happen there may stop it.
#[allow(clippy::indexing_slicing, clippy::unwrap_used, missing_docs)]
#[path = "../tests/it/alter.rs"]
mod alter;

use std::io::{self, BufWriter, Write};
use std::path::Path;

use alter::{Chance, Original, alter, build};
use ledger::{Algorithm, CHECKPOINT_FILE, Checkpoint, Kept, Key, Log, Options, verify};

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize| arguments.get(at).and_then(|text| text.parse::<u64>().ok());
    let (how_many, seed) = (number(0).unwrap_or(10_000), number(1).unwrap_or(1));
    let key = |seed| Key::from_seed("hub.example/ledger", Algorithm::Log, [seed; 32]).map_err(io::Error::other);
    let (key, strange) = (key(7)?, key(8)?);
    if let [what, folder, kept] = arguments.as_slice()
        && what == "folder"
    {
        return on_disk(Path::new(folder), Path::new(kept), key);
    }
    let mut out = BufWriter::new(io::stdout().lock());
    let mut originals = Vec::new();
    for size in [5, 100, 255, 256, 257, 300, 512, 530_usize] {
        let entries: Vec<Vec<u8>> = (0..size).map(|number| format!(r#"{{"number":{number}}}"#).into_bytes()).collect();
        let kept = build(entries.get(..size * 3 / 4).unwrap_or_default(), &key).remove("checkpoint").unwrap_or_default();
        let original =
            Original { files: build(&entries, &key), entries, kept: Checkpoint::parse(&kept).map_err(io::Error::other)? };
        write(&mut out, "intact", &key, &original.kept, &original.files)?;
        originals.push(original);
    }
    let (mut chance, mut written) = (Chance(seed), 0);
    while written < how_many {
        let Some(original) = originals.get(chance.below(originals.len())) else { break };
        let (what, files) = alter(original, &key, &strange, &mut chance);
        if files != original.files {
            write(&mut out, what, &key, &original.kept, &files)?;
            written += 1;
        }
    }
    out.flush()
}

/// A log as its writer leaves it, grown in steps, and a copy of the checkpoint that it had on the way.
fn on_disk(folder: &Path, kept: &Path, key: Key) -> io::Result<()> {
    let mut log = Log::open(folder, key).map_err(io::Error::other)?;
    for (step, count) in [1_usize, 99, 200, 700, 1, 30].into_iter().enumerate() {
        let entries: Vec<_> = (0..count).map(|number| format!(r#"{{"step":{step},"number":{number}}}"#)).collect();
        log.append(&entries).map_err(io::Error::other)?;
        if step == 3 {
            std::fs::copy(folder.join(CHECKPOINT_FILE), kept)?;
        }
    }
    Ok(())
}

/// Checks a case with `verify`, and writes it for the other reader.
fn write(out: &mut impl Write, name: &str, key: &Key, kept: &Checkpoint, files: &alter::Files) -> io::Result<()> {
    let kept_here = Kept { label: "kept".to_owned(), checkpoint: kept.clone() };
    let options = Options { key: Some(key.verifier().clone()), kept: vec![kept_here], ..Options::default() };
    if verify(files, &options)?.intact() != (name == "intact") {
        return Err(io::Error::other(format!("`verify` judges this case wrongly: {name}")));
    }
    let mut text = |bytes: &[u8]| {
        out.write_all(&u32::try_from(bytes.len()).map_err(io::Error::other)?.to_be_bytes())?;
        out.write_all(bytes)
    };
    text(name.as_bytes())?;
    text(key.verifier().to_string().as_bytes())?;
    text(kept.to_text().as_bytes())?;
    text(files.len().to_string().as_bytes())?;
    for (path, bytes) in files {
        text(path.as_bytes())?;
        text(bytes)?;
    }
    Ok(())
}
