//! Checking a folder without a server: everything is recomputed from the entries.

mod bundle;
mod report;
mod strays;

use std::io;

use crate::checkpoint::Checkpoint;
use crate::hash::{Hash, leaf_hash};
use crate::key::{Algorithm, VerifierKey};
use crate::note::MAX_NOTE_BYTES;
use crate::source::Source;
use crate::tile::{TILE_WIDTH, TileId, TileKind, hashes};
use crate::tree::{Edge, subtree_root};
use crate::{CHECKPOINT_FILE, KEY_FILE, WITNESSED_FOLDER};

pub use report::{Problem, Report, Standing};

/// How many problems are told one by one; the rest is counted.
const MAX_PROBLEMS: usize = 100;
/// How many checkpoints of witnesses are read.
const MAX_WITNESSED: usize = 64;

/// What the one who checks brings along.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The log's key as it was noted down elsewhere; without it the one in the folder is taken, and the report says so.
    pub key: Option<VerifierKey>,
    /// Checkpoints that were kept elsewhere.
    pub kept: Vec<Kept>,
    /// Keys of witnesses whose cosignatures count.
    pub witnesses: Vec<VerifierKey>,
}

/// A checkpoint that was kept elsewhere.
#[derive(Clone, Debug)]
pub struct Kept {
    /// How the report calls it: the name of its file.
    pub label: String,
    /// The checkpoint.
    pub checkpoint: Checkpoint,
}

/// Checks a log. An error is one of the disk at the very start; whatever is found after it is a [`Problem`] in the report.
pub fn verify(source: &impl Source, options: &Options) -> io::Result<Report> {
    let mut check = Check::new(source, options);
    check.keys()?;
    let Some(checkpoint) = check.checkpoint()? else { return Ok(check.report) };
    check.witnessed();
    check.entries(checkpoint.head.size);
    check.root(&checkpoint);
    check.kept(&checkpoint);
    check.witnesses(&checkpoint);
    check.strays(checkpoint.head.size);
    Ok(check.report)
}

/// A check under way.
struct Check<'a, S> {
    source: &'a S,
    options: &'a Options,
    report: Report,
    edge: Edge,
    /// What was kept elsewhere, and behind it what witnesses signed and the folder keeps: these vouch for something only by their witness.
    kept: Vec<(Kept, bool)>,
    /// Roots at the sizes of the kept checkpoints, as the entries give them.
    roots: Vec<(u64, Hash)>,
    /// The tiles above entries, to tell which of two is wrong; the last one that was read.
    above: Option<(TileId, Vec<Hash>)>,
    /// Whether something is missing so that nothing behind it can be checked.
    stopped: bool,
}

impl<'a, S: Source> Check<'a, S> {
    fn new(source: &'a S, options: &'a Options) -> Self {
        let report = Report { key_given: options.key.is_some(), ..Report::default() };
        let kept = options.kept.iter().map(|kept| (kept.clone(), false)).collect();
        Self { source, options, report, edge: Edge::default(), kept, roots: Vec::new(), above: None, stopped: false }
    }

    fn problem(&mut self, problem: Problem) {
        if self.report.problems.len() < MAX_PROBLEMS {
            self.report.problems.push(problem);
        } else {
            self.report.further_problems = self.report.further_problems.saturating_add(1);
        }
    }

    /// The key that was given, else the one in the folder; a folder whose key is another one is told.
    fn keys(&mut self) -> io::Result<()> {
        let found = self.source.read(KEY_FILE, 4_096)?;
        let text = found.as_deref().map(|bytes| str::from_utf8(bytes).unwrap_or_default());
        let in_folder = text.map(|text| text.strip_suffix('\n').unwrap_or_default().parse::<VerifierKey>());
        match (&self.options.key, in_folder) {
            (Some(given), Some(Ok(found))) if *given != found => self.problem(Problem::other_key(given, &found)),
            (_, Some(Err(error))) => {
                self.problem(Problem::at(KEY_FILE, format!("the verifier key in the folder is none: {error}")))
            }
            (None, Some(Ok(found))) => self.report.key = Some(found),
            _ => {}
        }
        if let Some(given) = &self.options.key {
            self.report.key = Some(given.clone());
        }
        match &self.report.key {
            None => self.problem(Problem::no_key()),
            Some(key) if key.algorithm() != Algorithm::Log => {
                let problem = Problem::at(KEY_FILE, format!("{key} is the key of a witness, not of a log"));
                self.problem(problem);
            }
            Some(_) => {}
        }
        Ok(())
    }

    /// The checkpoint in the folder, signed or not; nothing where it cannot be read.
    fn checkpoint(&mut self) -> io::Result<Option<Checkpoint>> {
        let Some(bytes) = self.source.read(CHECKPOINT_FILE, MAX_NOTE_BYTES)? else {
            self.problem(Problem::no_checkpoint());
            return Ok(None);
        };
        let parsed = Checkpoint::parse(&bytes).ok().filter(|checkpoint| checkpoint.to_text().as_bytes() == bytes);
        let Some(checkpoint) = parsed else {
            self.problem(Problem::unreadable_checkpoint());
            return Ok(None);
        };
        if let Some(key) = &self.report.key
            && (!checkpoint.is_signed_by(key) || checkpoint.head.origin != key.name())
        {
            let problem = Problem::not_signed(CHECKPOINT_FILE, key);
            self.problem(problem);
        }
        self.report.head = Some(checkpoint.head.clone());
        Ok(Some(checkpoint))
    }

    /// The checkpoints that witnesses signed, as the hub keeps them beside the newest one.
    fn witnessed(&mut self) {
        let listed = self.source.list().unwrap_or_default();
        for path in listed.into_iter().filter(|path| path.starts_with(WITNESSED_FOLDER)).take(MAX_WITNESSED) {
            let bytes = self.source.read(&path, MAX_NOTE_BYTES).ok().flatten().unwrap_or_default();
            let read = Checkpoint::parse(&bytes).ok().filter(|checkpoint| checkpoint.to_text().as_bytes() == bytes);
            match read {
                Some(checkpoint) => self.kept.push((Kept { label: path, checkpoint }, true)),
                None => self.problem(Problem::at(&path, "the checkpoint is not in the form that one has".to_owned())),
            }
        }
    }

    /// Reads all entries once and compares every tile above them.
    fn entries(&mut self, size: u64) {
        self.note_root();
        let mut first = 0;
        while first < size && !self.stopped {
            let width = u16::try_from(size.saturating_sub(first).min(u64::from(TILE_WIDTH))).unwrap_or(TILE_WIDTH);
            let bundle = TileId { kind: TileKind::Entries, index: first / u64::from(TILE_WIDTH), width };
            self.bundle(bundle, size);
            first = first.saturating_add(u64::from(width));
        }
        if !self.stopped {
            self.partial_tiles(size);
        }
    }

    /// Adds hashes of entries to the tree; what becomes full above them is compared with its file.
    fn grow(&mut self, leaves: &[Hash]) {
        for leaf in leaves {
            let mut full = Vec::new();
            self.edge.push(*leaf, |tile, hashes| {
                if tile.kind != TileKind::Hashes(0) {
                    full.push((tile, hashes.to_vec()));
                }
            });
            for (tile, hashes) in full {
                self.compare(tile, &hashes);
            }
            self.note_root();
        }
    }

    /// Keeps the root where a kept checkpoint has this size.
    fn note_root(&mut self) {
        let size = self.edge.size();
        if self.kept.iter().any(|(kept, _)| kept.checkpoint.head.size == size) {
            self.roots.push((size, self.edge.root()));
        }
    }

    /// The tiles above level 0 that are not full.
    fn partial_tiles(&mut self, size: u64) {
        for tile in TileId::edge(size).filter(|tile| tile.width > 0 && tile.kind != TileKind::Hashes(0)) {
            let TileKind::Hashes(level) = tile.kind else { continue };
            let hashes = self.edge.level(level).to_vec();
            self.compare(tile, &hashes);
        }
    }

    /// Compares a tile of hashes above level 0 with what lies below it.
    fn compare(&mut self, tile: TileId, computed: &[Hash]) {
        match self.hashes_of(tile) {
            Ok(Some(stored)) if stored == computed => {}
            Ok(Some(stored)) => {
                let place = stored.iter().zip(computed).position(|(stored, computed)| stored != computed);
                self.problem(Problem::tile_differs(tile, place, stored.len()));
            }
            Ok(None) => self.problem(Problem::missing(tile)),
            Err(what) => self.problem(Problem::at(&tile.to_string(), what)),
        }
    }

    /// The hashes in a tile's file, with what is wrong with it where it has another length.
    fn hashes_of(&self, tile: TileId) -> Result<Option<Vec<Hash>>, String> {
        let Some(bytes) = self.source.tile(tile).map_err(|error| error.to_string())? else { return Ok(None) };
        let found = hashes(&bytes).map_err(|error| error.to_string())?;
        if found.len() == usize::from(tile.width) {
            Ok(Some(found))
        } else {
            Err(format!("holds {} hashes; {} belong there", found.len(), tile.width))
        }
    }

    /// What the tile above says of a full tile of hashes of entries.
    fn root_above(&mut self, tile: TileId, size: u64) -> Option<Hash> {
        let above = TileId::holding(TileKind::Hashes(1), tile.index, size).filter(|_| tile.width == TILE_WIDTH)?;
        if self.above.as_ref().is_none_or(|(read, _)| *read != above) {
            self.above = Some((above, self.hashes_of(above).ok()??));
        }
        let (_, hashes) = self.above.as_ref()?;
        hashes.get(usize::try_from(tile.index % u64::from(TILE_WIDTH)).ok()?).copied()
    }

    fn root(&mut self, checkpoint: &Checkpoint) {
        if !self.stopped && self.edge.root() != checkpoint.head.root {
            self.problem(Problem::root_differs());
        }
    }

    /// What was kept elsewhere must be a beginning of this log.
    fn kept(&mut self, checkpoint: &Checkpoint) {
        for (kept, in_folder) in std::mem::take(&mut self.kept) {
            let problem = self.compare_kept(&kept, checkpoint);
            let holds = problem.is_none();
            if let Some(problem) = problem {
                self.problem(problem);
            }
            if !in_folder {
                self.report.kept.push(Standing { label: kept.label.clone(), size: kept.checkpoint.head.size, holds });
            }
            if holds {
                self.kept.push((kept, in_folder));
            }
        }
    }

    fn compare_kept(&self, kept: &Kept, checkpoint: &Checkpoint) -> Option<Problem> {
        let head = &kept.checkpoint.head;
        if head.origin != checkpoint.head.origin {
            return Some(Problem::other_log(&kept.label, &head.origin, &checkpoint.head.origin));
        }
        if let Some(key) = self.report.key.as_ref().filter(|key| !kept.checkpoint.is_signed_by(key)) {
            return Some(Problem::not_signed(&kept.label, key));
        }
        if head.size > checkpoint.head.size {
            return Some(Problem::cut(&kept.label, head.size, checkpoint.head.size));
        }
        match self.roots.iter().find(|(size, _)| *size == head.size) {
            Some((_, root)) if *root == head.root => None,
            Some(_) => Some(Problem::rewritten(&kept.label, head.size)),
            None => Some(Problem::not_reached(&kept.label, head.size)),
        }
    }

    /// What witnesses say of the newest checkpoint and of those that were kept.
    fn witnesses(&mut self, checkpoint: &Checkpoint) {
        let newest = Kept { label: CHECKPOINT_FILE.to_owned(), checkpoint: checkpoint.clone() };
        let all: Vec<Kept> = std::iter::once(newest).chain(self.kept.drain(..).map(|(kept, _)| kept)).collect();
        for witness in &self.options.witnesses {
            let mut seen = None;
            for Kept { label, checkpoint } in &all {
                match checkpoint.seen_by(witness) {
                    Some(time_s) => seen = seen.max(Some((checkpoint.head.size, time_s))),
                    None if checkpoint.names(witness) => self.problem(Problem::not_cosigned(label, witness)),
                    None => {}
                }
            }
            self.report.witnesses.push((witness.clone(), seen));
        }
    }
}

/// Whether hashes of entries are what the tile above says of them.
fn fits(leaves: &[Hash], above: Option<Hash>) -> bool {
    leaves.len() == usize::from(TILE_WIDTH) && above == Some(subtree_root(leaves))
}

/// Hashes of entries.
fn leaves<'a>(entries: impl Iterator<Item = &'a [u8]>) -> Vec<Hash> {
    entries.map(leaf_hash).collect()
}
