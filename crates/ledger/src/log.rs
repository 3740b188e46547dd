//! The log's one writer.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

use crate::checkpoint::{Checkpoint, TreeHead};
use crate::disk::{Disk, at, sync_folder};
use crate::hash::leaf_hash;
use crate::key::{Key, VerifierKey};
use crate::note::{MAX_NOTE_BYTES, Signature};
use crate::source::{Folder, Source as _};
use crate::text::Malformed;
use crate::tile::{Bundle, MAX_ENTRY_BYTES, TILE_WIDTH, TileId, TileKind, hash_bytes, hashes};
use crate::tree::Edge;
use crate::{CHECKPOINT_FILE, KEY_FILE, WITNESSED_FOLDER};

const LOCK_FILE: &str = "lock";

/// Why a log cannot be opened or written.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The disk says no. What was returned from before stands.
    #[error("the ledger cannot be read or written")]
    Disk(#[from] io::Error),
    /// Two writers would fork the log.
    #[error("another process writes this ledger: {0} is locked")]
    Locked(String),
    /// The folder does not agree with itself, so nothing may be built on it.
    #[error("the ledger is damaged: {0}; `medwarden ledger verify` says where")]
    Damaged(String),
    /// The checkpoint is of another key.
    #[error("the ledger's checkpoint is not signed by {0}; nothing is written until the key that belongs to it is back")]
    OtherKey(String),
    /// The entry is too long.
    #[error("an entry of {bytes} bytes; {MAX_ENTRY_BYTES} are possible")]
    TooLong {
        /// How long it is.
        bytes: usize,
    },
    /// A signature that is none of this checkpoint.
    #[error("the cosignature is not of this checkpoint and witness")]
    OtherCosignature,
}

/// A log that is open for appending. There is one in the world: the folder is locked.
#[derive(Debug)]
pub struct Log {
    disk: Disk,
    key: Key,
    edge: Edge,
    /// The entries behind the last full bundle.
    tail: Vec<u8>,
    checkpoint: Checkpoint,
    /// Whether files of an append that was stopped may lie at the edge.
    torn: bool,
    _lock: File,
}

impl Log {
    /// Opens the log in a folder, or begins one where there is none. The key's name is the log's origin.
    pub fn open(folder: &Path, key: Key) -> Result<Self, LogError> {
        fs::create_dir_all(folder).map_err(|error| at(folder, error))?;
        let lock = lock(folder)?;
        let mut disk = Disk::new(folder);
        disk.prepare()?;
        let source = Folder(folder.to_owned());
        let Some(bytes) = source.read(CHECKPOINT_FILE, MAX_NOTE_BYTES)? else { return Self::begin(disk, key, lock) };
        let checkpoint = Checkpoint::parse(&bytes).map_err(|error| damaged(CHECKPOINT_FILE, error))?;
        if !checkpoint.is_signed_by(key.verifier()) || checkpoint.head.origin != key.verifier().name() {
            return Err(LogError::OtherKey(key.verifier().to_string()));
        }
        let (edge, tail) = read_edge(&source, &checkpoint.head)?;
        Ok(Self { disk, key, edge, tail, checkpoint, torn: true, _lock: lock })
    }

    fn begin(mut disk: Disk, key: Key, lock: File) -> Result<Self, LogError> {
        let tiles = disk.folder().join("tile/0");
        if tiles.exists() {
            return Err(LogError::Damaged("there are tiles and no checkpoint".to_owned()));
        }
        let edge = Edge::default();
        let checkpoint = sign(&edge, &key);
        disk.folder().parent().filter(|parent| parent.is_dir()).map_or(Ok(()), sync_folder)?;
        disk.write(KEY_FILE, format!("{}\n", key.verifier()).as_bytes())?;
        disk.flush()?;
        disk.write(CHECKPOINT_FILE, checkpoint.to_text().as_bytes())?;
        disk.flush()?;
        Ok(Self { disk, key, edge, tail: Vec::new(), checkpoint, torn: false, _lock: lock })
    }

    /// The newest checkpoint.
    #[must_use]
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// How many entries there are.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.edge.size()
    }

    /// The files, for proofs and listings.
    #[must_use]
    pub fn source(&self) -> Folder {
        Folder(self.disk.folder().to_owned())
    }

    /// Appends entries in this order and signs a checkpoint over all. When this returns, they are on the disk; when it fails, none of them is
    /// in the log, whatever lies in the folder. One call costs some ten fsyncs, so many entries at once are cheap.
    pub fn append<E: AsRef<[u8]>>(&mut self, entries: &[E]) -> Result<&Checkpoint, LogError> {
        if entries.is_empty() {
            return Ok(&self.checkpoint);
        }
        let before = std::mem::replace(&mut self.torn, true);
        let written = self.write(entries, before);
        if written.is_err() {
            self.disk.abandon();
        }
        (self.edge, self.tail, self.checkpoint) = written?;
        self.torn = false;
        Ok(&self.checkpoint)
    }

    /// Keeps a witness's cosignature of a checkpoint of this log: in a file of its own, since the newest checkpoint soon is another one, and
    /// in the newest where it is of that.
    pub fn add_cosignature(&mut self, witness: &VerifierKey, of: &Checkpoint, signature: Signature) -> Result<(), LogError> {
        let mut seen = of.clone();
        seen.add(signature.clone());
        if seen.seen_by(witness).is_none() || !seen.is_signed_by(self.key.verifier()) {
            return Err(LogError::OtherCosignature);
        }
        self.disk.write(&format!("{WITNESSED_FOLDER}/{:08x}", witness.id()), seen.to_text().as_bytes())?;
        if of.head == self.checkpoint.head {
            self.checkpoint.add(signature);
            self.disk.write(CHECKPOINT_FILE, self.checkpoint.to_text().as_bytes())?;
        }
        Ok(self.disk.flush()?)
    }

    fn write<E: AsRef<[u8]>>(&mut self, entries: &[E], torn: bool) -> Result<(Edge, Vec<u8>, Checkpoint), LogError> {
        let (mut edge, mut tail) = (self.edge.clone(), self.tail.clone());
        let mut full = Vec::new();
        let mut replaced = Vec::new();
        for entry in entries {
            let entry = entry.as_ref();
            Bundle::push(&mut tail, entry).ok_or(LogError::TooLong { bytes: entry.len() })?;
            edge.push(leaf_hash(entry), |tile, hashes| full.push((tile, hash_bytes(hashes))));
            for (tile, bytes) in full.drain(..) {
                if tile.kind == TileKind::Hashes(0) {
                    let bundle = TileId { kind: TileKind::Entries, ..tile };
                    self.disk.write(&bundle.to_string(), &tail)?;
                    tail.clear();
                    replaced.push(bundle);
                }
                self.disk.write(&tile.to_string(), &bytes)?;
                replaced.push(tile);
            }
        }
        self.write_partial(&edge, &tail, torn)?;
        let checkpoint = sign(&edge, &self.key);
        self.disk.flush()?;
        self.disk.write(CHECKPOINT_FILE, checkpoint.to_text().as_bytes())?;
        self.disk.flush()?;
        for tile in replaced {
            // Only saves space: the full tile has all that is in its partial forms.
            let _ = fs::remove_dir_all(self.disk.folder().join(tile.partial_folder()));
        }
        Ok((edge, tail, checkpoint))
    }

    fn write_partial(&mut self, edge: &Edge, tail: &[u8], torn: bool) -> Result<(), LogError> {
        for (level, tile) in (0..).zip(TileId::edge(edge.size())) {
            let changed = edge.level(level) != self.edge.level(level);
            let another = TileId::edge(self.edge.size()).all(|old| (old.kind, old.index) != (tile.kind, tile.index));
            if torn || another {
                drop_wider(self.disk.folder(), tile)?;
            }
            if level == 0 {
                let bundle = TileId { kind: TileKind::Entries, ..tile };
                if torn || another {
                    drop_wider(self.disk.folder(), bundle)?;
                }
                if tile.width > 0 {
                    self.disk.write(&bundle.to_string(), tail)?;
                }
            }
            if tile.width > 0 && changed {
                self.disk.write(&tile.to_string(), &hash_bytes(edge.level(level)))?;
            }
        }
        Ok(())
    }
}

fn sign(edge: &Edge, key: &Key) -> Checkpoint {
    let origin = key.verifier().name().to_owned();
    Checkpoint::sign(TreeHead { origin, size: edge.size(), root: edge.root(), extensions: Vec::new() }, key)
}

fn lock(folder: &Path) -> Result<File, LogError> {
    let path = folder.join(LOCK_FILE);
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(|error| at(&path, error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(LogError::Locked(path.display().to_string())),
        Err(TryLockError::Error(error)) => Err(at(&path, error).into()),
    }
}

/// The partial tiles at the right edge, checked against the root that was signed.
fn read_edge(source: &Folder, head: &TreeHead) -> Result<(Edge, Vec<u8>), LogError> {
    let (mut levels, mut tail) = (Vec::new(), Vec::new());
    for tile in TileId::edge(head.size) {
        let mut level = Vec::new();
        if tile.width > 0 {
            let missing = || LogError::Damaged(format!("{tile} is missing"));
            level = hashes(&source.tile(tile)?.ok_or_else(missing)?).map_err(|error| damaged(&tile.to_string(), error))?;
            if tile.kind == TileKind::Hashes(0) {
                tail = read_tail(source, TileId { kind: TileKind::Entries, ..tile }, &level)?;
            }
        }
        levels.push(level);
    }
    let edge = Edge::from_levels(head.size, levels).filter(|edge| edge.root() == head.root);
    let edge = edge.ok_or_else(|| LogError::Damaged("the tiles do not give the root that was signed".to_owned()))?;
    Ok((edge, tail))
}

fn read_tail(source: &Folder, bundle: TileId, leaves: &[crate::Hash]) -> Result<Vec<u8>, LogError> {
    let bytes = source.tile(bundle)?.ok_or_else(|| LogError::Damaged(format!("{bundle} is missing")))?;
    let found: Result<Vec<_>, _> = Bundle::new(&bytes).map(|entry| entry.map(leaf_hash)).collect();
    if found.is_ok_and(|found| found == leaves) {
        Ok(bytes)
    } else {
        Err(LogError::Damaged(format!("{bundle} does not hold the entries that were logged")))
    }
}

/// Removes partial forms of a tile that are wider than the log will be: an append that was stopped left them, and nobody signed them.
fn drop_wider(folder: &Path, tile: TileId) -> Result<(), LogError> {
    let partial = folder.join(tile.partial_folder());
    let entries = match fs::read_dir(&partial) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        found => found.map_err(|error| at(&partial, error))?,
    };
    for entry in entries {
        let path = entry.map_err(|error| at(&partial, error))?.path();
        let width = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.parse::<u16>().ok());
        if width.is_some_and(|width| width > tile.width && width < TILE_WIDTH) {
            fs::remove_file(&path).map_err(|error| at(&path, error))?;
        }
    }
    Ok(())
}

fn damaged(path: &str, error: Malformed) -> LogError {
    LogError::Damaged(format!("{path}: {error}"))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::{Algorithm, Options, verify};

    fn key() -> Key {
        Key::from_seed("hub.example/ledger", Algorithm::Log, [7; 32]).unwrap()
    }

    fn entries(from: u64, to: u64, what: &str) -> Vec<Vec<u8>> {
        (from..to).map(|number| format!("{what} {number}").into_bytes()).collect()
    }

    fn scratch(what: &str) -> PathBuf {
        // Memory where there is some: what is tested is the order of writing, not the disk.
        let memory = PathBuf::from("/dev/shm");
        let folder = if memory.is_dir() { memory } else { std::env::temp_dir() };
        let path = folder.join(format!("medwarden-ledger-log-{what}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        path
    }

    /// The writer stops before each of its steps in turn. What it had returned from is there; other entries than those it was about to
    /// write can follow; and the folder verifies before and after.
    #[test]
    fn stopped_at_every_step() {
        let mut finished = false;
        for steps in 0..200 {
            let folder = scratch("stopped");
            let mut log = Log::open(&folder, key()).unwrap();
            log.append(&entries(0, 250, "first")).unwrap();
            log.disk.stop_after = Some(steps);
            let stopped = log.append(&entries(250, 1_400, "lost")).is_err();
            drop(log);
            let source = Folder(folder.clone());
            let report = verify(&source, &Options::default()).unwrap();
            assert!(report.intact(), "after {steps} steps: {:#?}", report.problems);
            let mut log = Log::open(&folder, key()).unwrap();
            assert!(log.size() == if stopped { 250 } else { 1_400 } || (stopped && log.size() == 1_400));
            for turn in 0..8 {
                let size = log.size();
                log.append(&entries(size, size + 177, &format!("turn {turn}"))).unwrap();
                let report = verify(&source, &Options::default()).unwrap();
                assert!(
                    report.intact() && report.foreign_files.is_empty(),
                    "after {steps} steps, turn {turn}: {:#?}",
                    report.problems
                );
            }
            assert!(verify(&source, &Options::default()).unwrap().unsigned_files.is_empty() || log.size() < 1_500);
            finished |= !stopped;
            drop(log);
            fs::remove_dir_all(&folder).unwrap();
            if finished {
                break;
            }
        }
        assert!(finished, "the writer has more steps than were tried");
    }

    #[test]
    fn an_append_that_failed_can_be_tried_again() {
        let folder = scratch("again");
        let mut log = Log::open(&folder, key()).unwrap();
        log.append(&entries(0, 10, "first")).unwrap();
        log.disk.stop_after = Some(3);
        log.append(&entries(10, 600, "lost")).unwrap_err();
        log.disk.stop_after = None;
        log.append(&entries(10, 40, "second")).unwrap();
        assert!(matches!(log.append(&[vec![0; 70_000]]), Err(LogError::TooLong { bytes: 70_000 })));
        log.append(&entries(40, 700, "third")).unwrap();
        assert!(verify(&log.source(), &Options::default()).unwrap().intact());
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn nothing_is_built_on_damage() {
        let folder = scratch("damage");
        let mut log = Log::open(&folder, key()).unwrap();
        log.append(&entries(0, 300, "entry")).unwrap();
        drop(log);
        let other = Key::from_seed("hub.example/ledger", Algorithm::Log, [1; 32]).unwrap();
        assert!(matches!(Log::open(&folder, other), Err(LogError::OtherKey(_))));
        for path in ["tile/0/001.p/44", "tile/entries/001.p/44", "tile/1/000.p/1"] {
            let good = fs::read(folder.join(path)).unwrap();
            let mut bad = good.clone();
            bad[5] ^= 1;
            fs::write(folder.join(path), bad).unwrap();
            assert!(matches!(Log::open(&folder, key()), Err(LogError::Damaged(_))), "{path}");
            fs::remove_file(folder.join(path)).unwrap();
            assert!(matches!(Log::open(&folder, key()), Err(LogError::Damaged(_))), "{path}");
            fs::write(folder.join(path), good).unwrap();
        }
        fs::remove_file(folder.join("checkpoint")).unwrap();
        assert!(matches!(Log::open(&folder, key()), Err(LogError::Damaged(_))));
        fs::remove_dir_all(&folder).unwrap();
    }
}
