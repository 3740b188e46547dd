//! Which segments there are. A segment is part of history when its row is in the manifest, and not before or after.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use futures::future::BoxFuture;
use model::Timestamp;
use serde::{Deserialize, Serialize};

/// The tables of history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Flows.
    Flow,
    /// Facts, as events.
    Event,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Flow, Self::Event];

    /// The table's name, as SQL, paths and manifests have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Flow => "flow",
            Self::Event => "event",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Version of a segment's columns. A reader takes its own and older ones.
pub const SCHEMA: u16 = 1;

/// The manifest's row of a segment: one Parquet file with rows of one site and one day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// Unique.
    pub id: String,
    /// Table.
    pub kind: Kind,
    /// Id of the tenant.
    pub tenant: String,
    /// Id of the site.
    pub site: String,
    /// Path below the root of the history.
    pub path: String,
    /// Earliest instant of a row.
    pub from: Timestamp,
    /// Latest instant of a row.
    pub until: Timestamp,
    /// When its rows were taken in, the last of them. They age from then, where that is later than when they happened.
    pub taken: Timestamp,
    /// Rows.
    pub rows: u64,
    /// Bytes of the file.
    pub bytes: u64,
    /// SHA-256 of the file, hexadecimal.
    pub sha256: String,
    /// Version of its columns, [`SCHEMA`] when it was written.
    pub schema: u16,
    /// Why it is not read any more; none while it is sound.
    pub aside: Option<String>,
}

/// The highest batch of a sensor that is in the segments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Id of the sensor.
    pub sensor: String,
    /// Number of the batch.
    pub number: u64,
}

/// Which segments are asked for.
#[derive(Clone, Debug, Default)]
pub struct Want {
    /// Of this table; of all where none.
    pub kind: Option<Kind>,
    /// Of this tenant; of all where none.
    pub tenant: Option<String>,
    /// Of these sites; of all where none.
    pub sites: Option<Vec<String>>,
    /// With a row at or after this instant.
    pub from: Option<Timestamp>,
    /// With a row before this instant.
    pub before: Option<Timestamp>,
}

impl Want {
    /// What an implementation without a query language of its own filters by.
    #[must_use]
    pub fn has(&self, segment: &Segment) -> bool {
        self.kind.is_none_or(|kind| segment.kind == kind)
            && self.tenant.as_ref().is_none_or(|tenant| segment.tenant == *tenant)
            && self.sites.as_ref().is_none_or(|sites| sites.contains(&segment.site))
            && self.from.is_none_or(|from| segment.until >= from)
            && self.before.is_none_or(|before| segment.from < before)
    }
}

/// A change of the manifest. All of it happens, or nothing.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Segments that come in. One that is there already with this id is replaced.
    pub add: Vec<Segment>,
    /// Ids of segments that go. An id that is not there refuses the whole change.
    pub remove: Vec<String>,
    /// Sensors' marks that move forward; one that is behind the mark already kept is left out.
    pub marks: Vec<Mark>,
}

/// Why a manifest could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// A segment that should go is not there: somebody else replaced it.
    #[error("segment {0} is no longer in the manifest")]
    Gone(String),
    /// Whatever keeps the manifest failed.
    #[error("the manifest of the history cannot be read or written")]
    Kept(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Keeps the manifest.
pub trait Manifest: Send + Sync {
    /// The segments that are asked for, those set aside among them.
    fn list(&self, want: Want) -> BoxFuture<'_, Result<Vec<Segment>, ManifestError>>;
    /// All sensors' marks.
    fn marks(&self) -> BoxFuture<'_, Result<Vec<Mark>, ManifestError>>;
    /// Changes it, durably, all or nothing.
    fn commit(&self, change: Change) -> BoxFuture<'_, Result<(), ManifestError>>;
}

#[derive(Clone, Default, Serialize, Deserialize)]
struct Kept {
    segments: BTreeMap<String, Segment>,
    marks: BTreeMap<String, u64>,
}

impl Kept {
    fn apply(&mut self, change: Change) -> Result<(), ManifestError> {
        if let Some(id) = change.remove.iter().find(|id| !self.segments.contains_key(*id)) {
            return Err(ManifestError::Gone(id.clone()));
        }
        for id in &change.remove {
            self.segments.remove(id);
        }
        self.segments.extend(change.add.into_iter().map(|segment| (segment.id.clone(), segment)));
        for mark in change.marks {
            let kept = self.marks.entry(mark.sensor).or_default();
            *kept = (*kept).max(mark.number);
        }
        Ok(())
    }
}

/// A manifest in memory, or in one file of JSON that is replaced as a whole. For tests, measurements and folders without a hub.
pub struct Plain {
    kept: Mutex<Kept>,
    file: Option<PathBuf>,
}

impl Plain {
    /// In memory.
    #[must_use]
    pub fn memory() -> Self {
        Self { kept: Mutex::default(), file: None }
    }

    /// In a file, which is made where it is not there.
    pub fn file(path: &Path) -> Result<Self, ManifestError> {
        let kept = match std::fs::read(path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| ManifestError::Kept(error.into()))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Kept::default(),
            Err(error) => return Err(ManifestError::Kept(error.into())),
        };
        Ok(Self { kept: Mutex::new(kept), file: Some(path.to_owned()) })
    }

    fn change(&self, change: Change) -> Result<(), ManifestError> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let mut next = kept.clone();
        next.apply(change)?;
        if let Some(file) = &self.file {
            replace(file, &next).map_err(|error| ManifestError::Kept(error.into()))?;
        }
        *kept = next;
        Ok(())
    }
}

/// A reader finds the old or the new file, also after the power went.
fn replace(file: &Path, kept: &Kept) -> std::io::Result<()> {
    let part = file.with_extension("part");
    let out = std::fs::File::create(&part)?;
    let mut buffered = std::io::BufWriter::new(&out);
    serde_json::to_writer(&mut buffered, kept)?;
    std::io::Write::flush(&mut buffered)?;
    out.sync_all()?;
    std::fs::rename(&part, file)?;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::File::open(folder)?.sync_all()
}

impl Manifest for Plain {
    fn list(&self, want: Want) -> BoxFuture<'_, Result<Vec<Segment>, ManifestError>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.segments.values().filter(|segment| want.has(segment)).cloned().collect();
        Box::pin(std::future::ready(Ok(found)))
    }

    fn marks(&self) -> BoxFuture<'_, Result<Vec<Mark>, ManifestError>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let mark = |(sensor, number): (&String, &u64)| Mark { sensor: sensor.clone(), number: *number };
        Box::pin(std::future::ready(Ok(kept.marks.iter().map(mark).collect())))
    }

    fn commit(&self, change: Change) -> BoxFuture<'_, Result<(), ManifestError>> {
        Box::pin(std::future::ready(self.change(change)))
    }
}
