//! What the journal amounts to up to one of its files, so that older files can go and a start reads little.
//!
//! A file `<number>.snapshot` stands for all journal files before that number: zstd with its check sum, within it a line with the durable
//! number of each sensor and the sites, then each site's inventory.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use inventory::{Config, Inventory};
use serde::{Deserialize, Serialize};

use super::journal::numbered;

/// Longest head.
const MAX_HEAD: u64 = 64 << 20;

/// What a snapshot stands for.
#[derive(Default)]
pub(super) struct Snapshot {
    /// The first journal file that it does not stand for.
    pub(super) number: u64,
    /// The highest durable number of each sensor.
    pub(super) numbers: HashMap<String, u64>,
    /// Inventory of each site.
    pub(super) sites: HashMap<String, Inventory>,
}

#[derive(Serialize, Deserialize)]
struct Head {
    version: u16,
    numbers: HashMap<String, u64>,
    sites: Vec<String>,
}

const VERSION: u16 = 1;

fn path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:08}.snapshot"))
}

/// Writes a snapshot; it is there whole or not at all.
pub(super) fn write<'a>(
    folder: &Path,
    number: u64,
    numbers: &HashMap<String, u64>,
    sites: &[(String, impl Fn(&mut dyn Write) -> io::Result<()> + 'a)],
) -> io::Result<()> {
    let draft = folder.join("snapshot.draft");
    let mut out = zstd::Encoder::new(BufWriter::new(File::create(&draft)?), 1)?;
    out.include_checksum(true)?;
    let names = sites.iter().map(|(site, _)| site.clone()).collect();
    serde_json::to_writer(&mut out, &Head { version: VERSION, numbers: numbers.clone(), sites: names })?;
    out.write_all(b"\n")?;
    for (_, save) in sites {
        save(&mut out)?;
    }
    out.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    std::fs::rename(&draft, path(folder, number))?;
    File::open(folder)?.sync_all()
}

/// Reads the newest snapshot that can be read. Those that cannot are told.
pub(super) fn read(folder: &Path, networks: &dyn Fn(&str) -> Config, damage: &mut Vec<String>) -> io::Result<Snapshot> {
    for number in numbered(folder, ".snapshot")?.into_iter().rev() {
        match read_one(&path(folder, number), networks) {
            Ok(found) => return Ok(Snapshot { number, ..found }),
            Err(error) => damage.push(format!("{}: {error}; the one before it is used", path(folder, number).display())),
        }
    }
    Ok(Snapshot::default())
}

fn read_one(path: &Path, networks: &dyn Fn(&str) -> Config) -> io::Result<Snapshot> {
    let mut input = BufReader::new(zstd::Decoder::new(File::open(path)?)?);
    let mut head = Vec::new();
    input.by_ref().take(MAX_HEAD).read_until(b'\n', &mut head)?;
    let head: Head = serde_json::from_slice(&head)?;
    if head.version != VERSION {
        return Err(io::Error::new(ErrorKind::InvalidData, format!("version {} instead of {VERSION}", head.version)));
    }
    let mut found = Snapshot { numbers: head.numbers, ..Snapshot::default() };
    for site in head.sites {
        let inventory = Inventory::load(networks(&site), &mut input)?;
        found.sites.insert(site, inventory);
    }
    // The check sum stands at the end of the frame and is compared only when that is reached.
    if input.read(&mut [0])? != 0 {
        return Err(io::Error::new(ErrorKind::InvalidData, "it does not end where it should"));
    }
    Ok(found)
}

/// Deletes all but the newest two; returns the number of the older of these.
pub(super) fn keep_two(folder: &Path) -> io::Result<u64> {
    let numbers = numbered(folder, ".snapshot")?;
    let (old, kept) = numbers.split_at(numbers.len().saturating_sub(2));
    old.iter().map(|number| path(folder, *number)).try_for_each(std::fs::remove_file)?;
    // One alone: were it damaged, the journal from its beginning is what helps.
    Ok(if kept.len() == 2 { kept.first().copied().unwrap_or_default() } else { 0 })
}
