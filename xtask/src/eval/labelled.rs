//! Captures of one known device each, against what the device is.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use knowledge::Knowledge;
use model::MacAddr;

use super::look::{devices, says};
use super::{key, rows};

/// A set of labelled captures.
pub struct Set {
    /// What it is called.
    pub name: &'static str,
    /// Folder under `shared` that holds `LABELS.csv`.
    pub folder: &'static str,
    /// Folder under that one that holds a folder a device.
    pub devices: &'static str,
    /// Makers that must be right.
    pub maker_floor: usize,
    /// Models that must be right.
    pub model_floor: usize,
}

/// The sets; the floors are what has been reached.
pub const SETS: &[Set] = &[
    Set {
        name: "IoT Sentinel",
        folder: "captures/andypitcher+IoT_Sentinel",
        devices: "captures_IoT_Sentinel/captures_IoT-Sentinel",
        maker_floor: 23,
        model_floor: 17,
    },
    Set {
        name: "IoT Sentinel, all runs of thirteen devices",
        folder: "policy/runs",
        devices: "",
        maker_floor: 11,
        model_floor: 9,
    },
];

const TRUTH: &str = include_str!("../../../tests/eval/iot_sentinel.tsv");

/// How one statement stands to the truth.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Right,
    Unknown,
    Wrong,
}

impl Verdict {
    fn of(found: &str, accepted: &str) -> Self {
        if found.is_empty() {
            return Self::Unknown;
        }
        if accepted.split('|').any(|name| key(name) == key(found)) { Self::Right } else { Self::Wrong }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Unknown => "unknown",
            Self::Wrong => "WRONG",
        }
    }
}

/// Verdicts counted.
#[derive(Clone, Copy, Default)]
pub struct Score {
    /// Named as it is.
    pub right: usize,
    /// Not named.
    pub unknown: usize,
    /// Named as it is not.
    pub wrong: usize,
}

impl Score {
    /// All devices.
    pub const fn all(self) -> usize {
        self.right + self.unknown + self.wrong
    }

    fn add(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Right => self.right += 1,
            Verdict::Unknown => self.unknown += 1,
            Verdict::Wrong => self.wrong += 1,
        }
    }
}

/// One device in one capture or in all of its folder.
struct Row {
    what: String,
    folder: bool,
    maker: String,
    maker_is: Verdict,
    model: String,
    model_is: Verdict,
    class: String,
}

/// What was found in a set.
pub struct Seen {
    set: &'static Set,
    rows: Vec<Row>,
}

/// Looks at every folder of a set as one history, and at each capture alone.
pub fn evaluate(folder: &Path, set: &'static Set, knowledge: &Knowledge) -> Result<Seen> {
    let truth: BTreeMap<&str, Vec<&str>> = rows(TRUTH).map(|row| (row.first().copied().unwrap_or_default(), row)).collect();
    let labels = folder.join("LABELS.csv");
    let labels = std::fs::read_to_string(&labels).with_context(|| labels.display().to_string())?;
    let mut seen = Seen { set, rows: Vec::new() };
    for line in labels.lines().skip(1) {
        let (name, mac) = line.split_once(',').context("LABELS.csv: folder,mac")?;
        let mac: MacAddr = mac.trim().parse().ok().context("LABELS.csv: not a MAC address")?;
        let row = truth.get(name).with_context(|| format!("{name} is not in tests/eval/iot_sentinel.tsv"))?;
        let captures = captures(&folder.join(set.devices).join(name))?;
        seen.rows.push(look(name.to_owned(), true, &captures, mac, row, knowledge)?);
        for capture in &captures {
            let file = capture.file_name().unwrap_or_default().to_string_lossy();
            let what = format!("{name}/{file}");
            seen.rows.push(look(what, false, std::slice::from_ref(capture), mac, row, knowledge)?);
        }
    }
    Ok(seen)
}

fn captures(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let mut captures: Vec<PathBuf> = entries.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    captures.retain(|path| path.extension().is_some_and(|extension| extension == "pcap"));
    captures.sort();
    Ok(captures)
}

fn look(what: String, folder: bool, paths: &[PathBuf], mac: MacAddr, truth: &[&str], knowledge: &Knowledge) -> Result<Row> {
    let devices = devices(paths, knowledge)?;
    let device = devices.iter().find(|device| device.interfaces.iter().any(|interface| interface.mac == Some(mac)));
    let (maker, model, class) = device.map_or(("", "", ""), |device| {
        (says(device.maker.as_deref()), says(device.model.as_deref()), says(device.class.as_deref()))
    });
    Ok(Row {
        what,
        folder,
        maker: maker.to_owned(),
        maker_is: Verdict::of(maker, truth.get(1).copied().unwrap_or_default()),
        model: model.to_owned(),
        model_is: Verdict::of(model, truth.get(2).copied().unwrap_or_default()),
        class: class.to_owned(),
    })
}

impl Seen {
    /// Makers and models of the folders, each taken as one history.
    pub fn of_folders(&self) -> (Score, Score) {
        self.score(true)
    }

    /// Makers and models of the captures, each taken alone.
    pub fn of_captures(&self) -> (Score, Score) {
        self.score(false)
    }

    fn score(&self, folder: bool) -> (Score, Score) {
        let (mut maker, mut model) = (Score::default(), Score::default());
        for row in self.rows.iter().filter(|row| row.folder == folder) {
            maker.add(row.maker_is);
            model.add(row.model_is);
        }
        (maker, model)
    }

    /// For reading.
    pub fn table(&self, each: bool) -> String {
        let mut out = format!("{}\n\n{:40} {:9} {:24} {:9} {:28} class\n", self.set.name, "device", "maker", "", "model", "");
        let wrong = |row: &&Row| row.maker_is == Verdict::Wrong || row.model_is == Verdict::Wrong;
        for row in self.rows.iter().filter(|row| row.folder || each || wrong(row)) {
            let (maker_is, model_is) = (row.maker_is.word(), row.model_is.word());
            let _ = writeln!(out, "{:40} {maker_is:9} {:24} {model_is:9} {:28} {}", row.what, row.maker, row.model, row.class);
        }
        for (what, (maker, model)) in [("folders", self.of_folders()), ("single captures", self.of_captures())] {
            for (of, score) in [("maker", maker), ("model", model)] {
                let Score { right, unknown, wrong } = score;
                let _ = writeln!(out, "{what}: {of} right {right}, unknown {unknown}, wrong {wrong} of {}", score.all());
            }
        }
        let (maker, model) = (self.set.maker_floor, self.set.model_floor);
        let _ = writeln!(out, "wanted: {maker} makers and {model} models right of the folders, at most 2 % wrong anywhere\n");
        out
    }
}
