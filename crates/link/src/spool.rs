//! What waits on the sensor's disk: a file a batch, facts and flows in lanes of their own.
//!
//! `<folder>/epoch` names the spool; `<folder>/{facts,flows}/<number>.<base>.<boot>.<count>.batch` are batches: a line a JSON observation,
//! zstd; `<lane>/acknowledged` has the highest number that the hub has. Where the bound is reached the oldest flows go first, and facts never:
//! what devices are stays, what they did is thinned out and counted in `<folder>/dropped`.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use model::health::Health;
use model::{Observation, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::clock::{Reading, boot_id};
use crate::messages::Dropped;

/// Observations of a batch at most.
const BATCH: usize = 4000;
/// Observations that wait in memory at most while the disk takes nothing.
const WAITING: usize = 400_000;

/// What a batch holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Facts: who devices are. Never dropped.
    Facts,
    /// Flows: what they did. The oldest go first.
    Flows,
}

impl Lane {
    /// Both, in the order in which they are sent.
    pub const ALL: [Self; 2] = [Self::Facts, Self::Flows];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Facts => "facts",
            Self::Flows => "flows",
        }
    }

    const fn of(observation: &Observation) -> Self {
        match observation {
            Observation::Fact(_) => Self::Facts,
            Observation::Flow(_) => Self::Flows,
        }
    }
}

/// A batch in the spool, as its file's name says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Number in its lane, from 1.
    pub number: u64,
    /// See [`Reading::base`].
    pub base: i64,
    /// See [`boot_id`].
    pub boot: u64,
    /// Observations in it.
    pub count: u64,
    /// Where it is.
    pub path: PathBuf,
}

impl Stored {
    fn parse(path: PathBuf) -> Option<Self> {
        let mut parts = path.file_name()?.to_str()?.strip_suffix(".batch")?.split('.');
        let number = parts.next()?.parse().ok()?;
        let base = parts.next()?.parse().ok()?;
        let boot = u64::from_str_radix(parts.next()?, 16).ok()?;
        let count = parts.next()?.parse().ok()?;
        parts.next().is_none().then_some(Self { number, base, boot, count, path })
    }
}

/// Batches of a lane, the oldest first.
///
/// # Errors
/// The file system's.
pub fn batches(folder: &Path, lane: Lane) -> io::Result<Vec<Stored>> {
    let paths = fs::read_dir(folder.join(lane.name()))?.flatten().map(|entry| entry.path());
    let mut found: Vec<Stored> = paths.filter_map(Stored::parse).collect();
    found.sort_unstable_by_key(|stored| stored.number);
    Ok(found)
}

/// The spool's name: another one's numbers are others.
///
/// # Errors
/// `NotFound` where no sensor has written here; the file system's.
pub fn epoch(folder: &Path) -> io::Result<String> {
    Ok(fs::read_to_string(folder.join("epoch"))?.trim().to_owned())
}

/// Octets that wait.
///
/// # Errors
/// The file system's.
pub fn bytes(folder: &Path) -> io::Result<u64> {
    let mut sum = 0;
    for lane in Lane::ALL {
        sum += batches(folder, lane)?.iter().filter_map(|stored| stored.path.metadata().ok()).map(|data| data.len()).sum::<u64>();
    }
    Ok(sum)
}

/// What the spool had to give up.
#[must_use]
pub fn dropped(folder: &Path) -> Dropped {
    read(&folder.join("dropped")).unwrap_or_default()
}

/// How the sensor was when it last said so.
#[must_use]
pub fn health(folder: &Path) -> Option<Health> {
    read(&folder.join("health"))
}

/// Notes that the hub has a lane up to a number, and removes what it has.
///
/// # Errors
/// The file system's.
pub fn acknowledge(folder: &Path, lane: Lane, number: u64) -> io::Result<()> {
    // Before anything is removed, so that a sensor that starts on an empty spool does not begin numbers again.
    write_whole(&folder.join(lane.name()).join("acknowledged"), &number)?;
    for stored in batches(folder, lane)?.into_iter().take_while(|stored| stored.number <= number) {
        remove(&stored.path)?;
    }
    Ok(())
}

/// Sets a batch aside that the hub cannot read, so that those after it are not held up. It stays on the disk for people to look at.
///
/// # Errors
/// The file system's.
pub fn set_aside(stored: &Stored) -> io::Result<()> {
    fs::rename(&stored.path, stored.path.with_extension("damaged"))
}

fn read<T: DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

fn write_whole(path: &Path, value: &impl Serialize) -> io::Result<()> {
    write_file(path, &serde_json::to_vec(value)?)
}

/// A reader finds the whole file or none, and so does a start after a power cut.
fn write_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let draft = path.with_extension("draft");
    let mut file = File::create(&draft)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all()).and_then(|()| fs::rename(&draft, path));
    if written.is_err() {
        // What a full disk cut off would only fill it more.
        let _ = fs::remove_file(&draft);
    }
    written?;
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// A lane that is written.
struct Pending {
    lane: Lane,
    next: u64,
    waiting: Vec<Observation>,
}

/// The sensor's end of the spool. Opens what it needs on [`Writer::open`], so that its process can give up everything else then.
pub struct Writer {
    folder: PathBuf,
    max_bytes: u64,
    boot: u64,
    lanes: [Pending; 2],
    bytes: u64,
    dropped: Dropped,
}

impl Writer {
    /// Opens the spool of a folder, made where it does not exist.
    ///
    /// # Errors
    /// The file system's.
    pub fn open(folder: &Path, max_bytes: u64) -> io::Result<Self> {
        for lane in Lane::ALL {
            fs::create_dir_all(folder.join(lane.name()))?;
        }
        if epoch(folder).ok().is_none_or(|name| name.is_empty()) {
            let mut random = [0; 8];
            getrandom::fill(&mut random).map_err(io::Error::other)?;
            write_file(&folder.join("epoch"), data_encoding::HEXLOWER.encode(&random).as_bytes())?;
        }
        let pending = |lane: Lane| -> io::Result<Pending> {
            let acknowledged: u64 = read(&folder.join(lane.name()).join("acknowledged")).unwrap_or_default();
            let last = batches(folder, lane)?.last().map_or(0, |stored| stored.number);
            Ok(Pending { lane, next: acknowledged.max(last) + 1, waiting: Vec::new() })
        };
        Ok(Self {
            max_bytes,
            boot: boot_id(),
            lanes: [pending(Lane::Facts)?, pending(Lane::Flows)?],
            bytes: bytes(folder)?,
            dropped: dropped(folder),
            folder: folder.to_owned(),
        })
    }

    /// Takes an observation; it is on the disk after the next [`Writer::flush`].
    ///
    /// # Errors
    /// As of [`Writer::flush`].
    pub fn take(&mut self, observation: Observation) -> io::Result<()> {
        let wanted = Lane::of(&observation);
        let Some(pending) = self.lanes.iter_mut().find(|pending| pending.lane == wanted) else { return Ok(()) };
        if pending.waiting.len() >= WAITING {
            return Err(io::Error::new(ErrorKind::StorageFull, "the spool takes nothing, and memory for it is used up"));
        }
        pending.waiting.push(observation);
        // A disk that takes nothing is not tried again with each observation.
        if pending.waiting.len().is_multiple_of(BATCH) { self.flush() } else { Ok(()) }
    }

    /// Writes what waits in memory.
    ///
    /// # Errors
    /// The file system's: what could not be written goes on waiting, and is tried again.
    pub fn flush(&mut self) -> io::Result<()> {
        for index in 0..self.lanes.len() {
            while self.lanes.get(index).is_some_and(|pending| !pending.waiting.is_empty()) {
                self.write_one(index)?;
            }
        }
        self.keep_bound()
    }

    fn write_one(&mut self, index: usize) -> io::Result<()> {
        let Some(pending) = self.lanes.get(index) else { return Ok(()) };
        let batch = pending.waiting.get(..BATCH).unwrap_or(&pending.waiting);
        let (count, mut lines) = (batch.len(), Vec::new());
        for observation in batch {
            serde_json::to_writer(&mut lines, observation)?;
            lines.push(b'\n');
        }
        let body = zstd::bulk::compress(&lines, 3)?;
        let name = format!("{:012}.{}.{:016x}.{count}.batch", pending.next, Reading::now().base(), self.boot);
        let path = self.folder.join(pending.lane.name()).join(name);
        while let Err(error) = write_file(&path, &body) {
            // Flows give way on a full disk, so that what devices are is kept.
            if error.kind() != ErrorKind::StorageFull || !self.drop_oldest()? {
                return Err(error);
            }
        }
        self.bytes += body.len() as u64;
        if let Some(pending) = self.lanes.get_mut(index) {
            pending.waiting.drain(..count);
            pending.next += 1;
        }
        Ok(())
    }

    fn keep_bound(&mut self) -> io::Result<()> {
        if self.bytes <= self.max_bytes {
            return Ok(());
        }
        // The hub may have taken much meanwhile.
        self.bytes = bytes(&self.folder)?;
        while self.bytes > self.max_bytes && self.drop_oldest()? {}
        Ok(())
    }

    /// Removes the oldest batch of flows; false where there is none.
    fn drop_oldest(&mut self) -> io::Result<bool> {
        let Some(oldest) = batches(&self.folder, Lane::Flows)?.into_iter().next() else { return Ok(false) };
        self.bytes = self.bytes.saturating_sub(oldest.path.metadata().map_or(0, |data| data.len()));
        remove(&oldest.path)?;
        self.dropped.flows = self.dropped.flows.saturating_add(oldest.count);
        self.dropped.since.get_or_insert_with(|| Reading::now().wall);
        write_whole(&self.folder.join("dropped"), &self.dropped)?;
        Ok(true)
    }

    /// Says how the sensor is.
    ///
    /// # Errors
    /// The file system's.
    pub fn health(&self, health: &Health) -> io::Result<()> {
        write_whole(&self.folder.join("health"), health)
    }
}

/// Moves the times of an observation.
pub fn shift(observation: &mut Observation, nanos: i64) {
    let moved = |time: &mut Timestamp| *time = time.plus_nanos(nanos);
    match observation {
        Observation::Fact(fact) => moved(&mut fact.time),
        Observation::Flow(flow) => {
            moved(&mut flow.first);
            moved(&mut flow.last);
        }
    }
}

/// Observations of a batch.
///
/// # Errors
/// `InvalidData` where it is none, or too large.
pub fn read_batch(body: &[u8]) -> io::Result<Vec<Observation>> {
    /// What a batch may become.
    const MAX: usize = 256 << 20;
    if body.is_empty() {
        return Err(io::Error::new(ErrorKind::InvalidData, "it is empty"));
    }
    let lines = zstd::bulk::decompress(body, MAX)?;
    let lines = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_slice(line).map_err(io::Error::from)).collect()
}
