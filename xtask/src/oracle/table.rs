//! The table that is printed, and the table of explained misses.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::conversation::Found;
use super::rows::Row;

/// Who alone found a protocol in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Side {
    Tshark,
    Us,
}

/// The reason of a difference.
pub(super) struct Why<'a>(&'a str);

impl Why<'_> {
    /// The file does not count: tshark is wrong, or what carries the protocol is not among what is to be read.
    pub(super) fn is_excuse(&self) -> bool {
        self.0.starts_with("tshark-wrong") || self.0.starts_with("out-of-scope:")
    }
}

type Key = (String, String, Side);

/// The checked-in table: file, protocol, side, why.
pub(super) struct Misses {
    rows: BTreeMap<Key, String>,
    used: BTreeSet<Key>,
}

impl Misses {
    pub(super) fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let mut rows = BTreeMap::new();
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.starts_with('#')) {
            let columns: Vec<&str> = line.split('\t').collect();
            let (file, protocol, side, why) = match columns.as_slice() {
                [file, protocol, "tshark", why] => (file, protocol, Side::Tshark, why),
                [file, protocol, "us", why] => (file, protocol, Side::Us, why),
                _ => bail!("{}:{}: not file, protocol, tshark or us, why", path.display(), number + 1),
            };
            rows.insert(((*file).to_owned(), (*protocol).to_owned(), side), (*why).to_owned());
        }
        Ok(Self { rows, used: BTreeSet::new() })
    }

    /// Why a file differs; a row named `*` stands for every protocol of the file.
    pub(super) fn why(&mut self, file: &str, protocol: &str, side: Side) -> Option<Why<'_>> {
        let key = [protocol, "*"]
            .into_iter()
            .map(|protocol| (file.to_owned(), protocol.to_owned(), side))
            .find(|key| self.rows.contains_key(key))?;
        self.used.insert(key.clone());
        self.rows.get(&key).map(|why| Why(why))
    }

    /// Rows that no difference used.
    pub(super) fn unused(&self) -> impl Iterator<Item = String> {
        self.rows.keys().filter(|key| !self.used.contains(*key)).map(|(file, protocol, _)| format!("{file} {protocol}"))
    }
}

/// The counts of one protocol.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) both: usize,
    pub(super) only_tshark: usize,
    pub(super) excused: usize,
    pub(super) only_us: usize,
    talks_both: usize,
    talks_tshark: usize,
    talks_us: usize,
}

impl Tally {
    pub(super) fn header() -> String {
        format!(
            "{:12}{:>6}{:>8}{:>9}{:>9}{:>9}{:>9}   {:>8}{:>8}{:>9}\n{:12}{:>6}{:>8}{:>9}{:>9}{:>9}{:>9}   {:>8}{:>8}{:>9}\n",
            "files",
            "both",
            "tshark",
            "excused",
            "only us",
            "raw",
            "share",
            "talks",
            "tshark",
            "only us",
            "",
            "",
            "only",
            "",
            "",
            "",
            "",
            "both",
            "only",
            ""
        )
    }

    /// Share of tshark's files without the excused ones, percent.
    pub(super) fn share_percent(&self) -> f64 {
        percent(self.both, self.both + self.only_tshark)
    }

    pub(super) fn line(&self, row: &Row) -> String {
        let raw = percent(self.both, self.both + self.only_tshark + self.excused);
        format!(
            "{:12}{:>6}{:>8}{:>9}{:>9}{:>8.1}%{:>8.1}%   {:>8}{:>8}{:>9}{}\n",
            row.name,
            self.both,
            self.only_tshark,
            self.excused,
            self.only_us,
            raw,
            self.share_percent(),
            self.talks_both,
            self.talks_tshark,
            self.talks_us,
            if row.required { "" } else { "   (not required)" }
        )
    }

    /// Counts the conversations of one file.
    pub(super) fn add_talks(&mut self, ours: &Found, theirs: &Found, row: &Row) {
        for talk in theirs.talks_of(row.theirs) {
            if ours.talks_of(row.ours).any(|other| talk.is(other)) {
                self.talks_both += 1;
            } else {
                self.talks_tshark += 1;
            }
        }
        self.talks_us += ours.talks_of(row.ours).filter(|talk| !theirs.talks_of(row.theirs).any(|other| talk.is(other))).count();
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of files")]
fn percent(part: usize, whole: usize) -> f64 {
    if whole == 0 { 100.0 } else { part as f64 * 100.0 / whole as f64 }
}
