//! What a check found, in words.

use crate::checkpoint::TreeHead;
use crate::hash::Hash;
use crate::key::VerifierKey;
use crate::text::utc;
use crate::tile::TileId;
use crate::{CHECKPOINT_FILE, KEY_FILE};

/// What a check of a log found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// What the folder's checkpoint states, signed or not.
    pub head: Option<TreeHead>,
    /// The key that signatures were checked with.
    pub key: Option<VerifierKey>,
    /// Whether the key came from the one who checks, and not from the folder.
    pub key_given: bool,
    /// Bytes of bundles of entries that were read.
    pub entry_bytes: u64,
    /// The checkpoints that were kept elsewhere.
    pub kept: Vec<Standing>,
    /// Each witness asked about, and the largest size that it saw with the time in seconds since 1970.
    pub witnesses: Vec<(VerifierKey, Option<(u64, u64)>)>,
    /// What is wrong, in the order of the log.
    pub problems: Vec<Problem>,
    /// How many more there are.
    pub further_problems: u64,
    /// Tiles behind the end of the log: an append that was stopped leaves them. They prove nothing.
    pub unsigned_files: Vec<String>,
    /// Files among the tiles that are none.
    pub foreign_files: Vec<String>,
}

/// How a kept checkpoint stands to the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its name.
    pub label: String,
    /// How many entries it speaks for.
    pub size: u64,
    /// Whether the log begins with these.
    pub holds: bool,
}

/// Something that is wrong with a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// For scripts: stays the same.
    pub code: &'static str,
    /// Number of the (first) entry concerned, from 0.
    pub entry: Option<u64>,
    /// The file.
    pub path: String,
    /// What was found.
    pub what: String,
    /// What it means.
    pub meaning: &'static str,
}

impl Report {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn intact(&self) -> bool {
        self.problems.is_empty()
    }

    /// How many of the first entries are vouched for from outside the folder: by a kept checkpoint or a witness.
    #[must_use]
    pub fn vouched(&self) -> u64 {
        let kept = self.kept.iter().filter(|kept| kept.holds).map(|kept| kept.size);
        let seen = self.witnesses.iter().filter_map(|(_, seen)| seen.map(|(size, _)| size));
        if self.intact() { kept.chain(seen).max().unwrap_or(0) } else { 0 }
    }

    /// What follows from an intact report.
    #[must_use]
    pub fn shown(&self) -> Vec<String> {
        let Some(head) = self.head.as_ref().filter(|_| self.intact()) else { return Vec::new() };
        let mut shown = vec![format!(
            "All {} entries are those that the checkpoint in the folder was signed over, in that order.",
            head.size
        )];
        for kept in self.kept.iter().filter(|kept| kept.holds) {
            let Standing { label, size, .. } = kept;
            shown.push(format!("Since {label} was kept, none of the first {size} entries was removed, changed or reordered."));
        }
        for (witness, seen) in &self.witnesses {
            if let Some((size, time_s)) = seen {
                let name = witness.name();
                let time = utc(*time_s);
                shown.push(format!(
                    "The witness {name} saw the first {size} entries at {time} by its clock; they are still these."
                ));
            }
        }
        shown
    }

    /// What this check cannot promise, whatever it found.
    #[must_use]
    pub fn not_shown(&self) -> Vec<String> {
        let mut open = Vec::new();
        let size = self.head.as_ref().map_or(0, |head| head.size);
        let vouched = self.vouched();
        if vouched == 0 {
            open.push(
                "That the log was not rewritten as a whole: no checkpoint kept elsewhere and no witness was brought, and whoever has the hub's \
                 key can sign another history. Keep a checkpoint where the hub's administrators cannot reach it."
                    .to_owned(),
            );
        } else if vouched < size {
            let after = size.saturating_sub(vouched);
            open.push(format!(
                "That the last {after} entries (from number {vouched}) were not rewritten by somebody with the hub's key: no kept checkpoint or witness reaches so far."
            ));
        }
        open.push("That no entry was removed from the end after the newest checkpoint that was kept elsewhere: a shorter log with its older checkpoint is intact.".to_owned());
        if !self.key_given {
            open.push(
                "That the key is the hub's: it was taken from the folder itself. Bring the one that you noted with --key."
                    .to_owned(),
            );
        }
        for (witness, seen) in &self.witnesses {
            if seen.is_none() {
                open.push(format!(
                    "Anything by the witness {}: its cosignature is on none of these checkpoints.",
                    witness.name()
                ));
            }
        }
        open.push("That what an entry says is true, and that everything was entered that happened.".to_owned());
        open
    }
}

/// What a change of anything that is signed means.
const ALTERED: &str =
    "Somebody or something changed the folder after it was signed. Find the same file in a backup, and who could write here.";
/// What a missing file means.
const GONE: &str = "A file was removed, or the copy is not complete (copy the checkpoint before the tiles).";

impl Problem {
    fn new(code: &'static str, path: &str, what: String, meaning: &'static str) -> Self {
        Self { code, entry: None, path: path.to_owned(), what, meaning }
    }

    pub(super) fn entry(self, number: u64) -> Self {
        Self { entry: Some(number), ..self }
    }

    pub(super) fn at(path: &str, what: String) -> Self {
        Self::new("unreadable", path, what, ALTERED)
    }

    pub(super) fn no_key() -> Self {
        let what = "there is no verifier key to check signatures with".to_owned();
        Self::new("no-key", KEY_FILE, what, "Bring the key that you noted with --key.")
    }

    pub(super) fn other_key(given: &VerifierKey, found: &VerifierKey) -> Self {
        let what = format!("the folder names the key {found}, you brought {given}");
        Self::new(
            "other-key",
            KEY_FILE,
            what,
            "The hub was given a new key, or the folder is not that hub's. Entries signed by another key are another log.",
        )
    }

    pub(super) fn no_checkpoint() -> Self {
        Self::new(
            "no-checkpoint",
            CHECKPOINT_FILE,
            "there is no checkpoint".to_owned(),
            "Without it nothing in the folder is signed. It was removed, or this is no ledger.",
        )
    }

    pub(super) fn unreadable_checkpoint() -> Self {
        Self::new("checkpoint-form", CHECKPOINT_FILE, "the checkpoint is not in the form that one has".to_owned(), ALTERED)
    }

    pub(super) fn not_signed(path: &str, key: &VerifierKey) -> Self {
        let what = format!("not signed by {}", key.name());
        Self::new(
            "not-signed",
            path,
            what,
            "Its text was changed after it was signed, or it was signed by somebody else: it proves nothing.",
        )
    }

    pub(super) fn not_cosigned(path: &str, witness: &VerifierKey) -> Self {
        let what = format!("the cosignature that names the witness {} is not that witness's", witness.name());
        Self::new("not-cosigned", path, what, "Somebody made it up, or the text was changed after it was signed.")
    }

    pub(super) fn missing(tile: TileId) -> Self {
        Self::new("tile-missing", &tile.to_string(), "the tile is missing".to_owned(), GONE)
    }

    pub(super) fn entries_missing(bundle: TileId, first: u64) -> Self {
        let last = first.saturating_add(u64::from(bundle.width)).saturating_sub(1);
        Self::new("entries-missing", &bundle.to_string(), format!("the entries {first} to {last} are missing"), GONE).entry(first)
    }

    pub(super) fn tile_differs(tile: TileId, place: Option<usize>, hashes: usize) -> Self {
        let which = place.map_or_else(|| format!("one of its {hashes} hashes"), |place| format!("hash {place}"));
        Self::new("tile-differs", &tile.to_string(), format!("{which} is not that of what lies below it"), ALTERED)
    }

    pub(super) fn older_differs(tile: TileId, needed: TileId) -> Self {
        Self::new("older-tile-differs", &tile.to_string(), format!("this older form of {needed} is not its beginning"), ALTERED)
    }

    pub(super) fn entry_differs(bundle: TileId, number: u64, tile_right: bool) -> Self {
        let what = if tile_right {
            format!("entry {number} is not what was logged: its hash is not the one that was taken then")
        } else {
            format!("entry {number} and the hash in the tile beside it do not belong together; one of them was changed")
        };
        Self::new("entry-differs", &bundle.to_string(), what, ALTERED).entry(number)
    }

    pub(super) fn entries_differ(bundle: TileId, first: u64, how_many: usize) -> Self {
        let what = format!("{how_many} more entries from {first} on are not what was logged");
        Self::new("entries-differ", &bundle.to_string(), what, ALTERED).entry(first)
    }

    pub(super) fn reordered(bundle: TileId, numbers: &[u64]) -> Self {
        let (first, last) = (numbers.first().copied().unwrap_or(0), numbers.last().copied().unwrap_or(0));
        let what = format!("the entries {first} to {last} stand in another order than they were logged in");
        Self::new("reordered", &bundle.to_string(), what, ALTERED).entry(first)
    }

    /// More or fewer entries than there are hashes.
    pub(super) fn count(bundle: TileId, first: u64, found: &[Hash], stored: &[Hash]) -> Self {
        let at = found.iter().zip(stored).take_while(|(found, stored)| found == stored).count();
        let number = first.saturating_add(u64::try_from(at).unwrap_or(0));
        let (rest, wanted) = (found.get(at..).unwrap_or_default(), stored.get(at..).unwrap_or_default());
        let what = if wanted.get(1..) == Some(rest) {
            format!("entry {number} was removed")
        } else if rest.get(1..) == Some(wanted) {
            format!("an entry was put in before entry {number}")
        } else {
            format!("{} entries; {} belong there; from entry {number} on they differ", found.len(), stored.len())
        };
        Self::new("count", &bundle.to_string(), what, ALTERED).entry(number)
    }

    pub(super) fn stopped(first: u64) -> Self {
        let what = format!("nothing from entry {first} on could be checked: neither the entries nor their hashes are there");
        Self::new("stopped", "tile", what, GONE).entry(first)
    }

    pub(super) fn root_differs() -> Self {
        let what = "the entries and tiles as they stand do not give the root that was signed".to_owned();
        Self::new("root-differs", CHECKPOINT_FILE, what, ALTERED)
    }

    pub(super) fn other_log(label: &str, kept: &str, found: &str) -> Self {
        let what = format!("it is of the log {kept}; the folder is of {found}");
        Self::new("other-log", label, what, "The wrong file was brought, or the folder was exchanged.")
    }

    pub(super) fn cut(label: &str, kept: u64, found: u64) -> Self {
        let what = format!("the log had {kept} entries when this was kept and has {found} now");
        let meaning = "Entries were removed from the end: an old state was put back, or somebody cut the log.";
        Self::new("cut", label, what, meaning).entry(found)
    }

    pub(super) fn rewritten(label: &str, size: u64) -> Self {
        let what = format!("the first {size} entries are not those that it was signed over");
        Self::new(
            "rewritten",
            label,
            what,
            "The log was rewritten before that point: entries were removed, changed or reordered, and signed again if nothing else is wrong.",
        )
    }

    pub(super) fn not_reached(label: &str, size: u64) -> Self {
        Self::new("not-reached", label, format!("the first {size} entries could not be read"), GONE)
    }
}
