//! Writes altered logs to standard output, for a reader in another language (tests/e2e/ledger). `alterations HOW_MANY SEED`.
//!
//! A stream of cases, all numbers as four octets, big end first: name, verifier key, kept checkpoint, and how many files, each with path and
//! content; every one of these with its length before it. The name begins with `intact` where the reader must find nothing.

// The generator is a test: what cannot happen there may stop it.
#[allow(clippy::indexing_slicing, clippy::unwrap_used, missing_docs)]
#[path = "../tests/it/alter.rs"]
mod alter;

use std::io::{self, BufWriter, Write};

use alter::{Chance, Original, alter, build};
use ledger::{Algorithm, Checkpoint, Key};

fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1).filter_map(|text| text.parse::<u64>().ok());
    let (how_many, seed) = (arguments.next().unwrap_or(10_000), arguments.next().unwrap_or(1));
    let key = |seed| Key::from_seed("hub.example/ledger", Algorithm::Log, [seed; 32]).map_err(io::Error::other);
    let (key, strange) = (key(7)?, key(8)?);
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

fn write(out: &mut impl Write, name: &str, key: &Key, kept: &Checkpoint, files: &alter::Files) -> io::Result<()> {
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
