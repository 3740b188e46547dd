//! The history itself: rows in, segments out, and their upkeep.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arrow::compute::concat_batches;
use model::Timestamp;
use tokio::sync::{RwLock, Semaphore};

use crate::buffer::{Buffer, Buffers};
use crate::engine::Engine;
use crate::error::Error;
use crate::manifest::{Change, Kind, Manifest, Mark, Segment};
use crate::place::{Opened, Place};
use crate::row::{Event, Flow, Origin};
use crate::segment::{Draft, Shelf, Table};
use crate::work::Worker;

/// How history is kept and asked. Every bound has a default that suits a machine with 4 GB.
#[derive(Clone, Debug)]
pub struct Config {
    /// The buffer becomes segments when it has so many bytes.
    pub flush_bytes: usize,
    /// The buffer becomes segments when its first row is so old.
    pub flush_after: Duration,
    /// Nothing more is taken when the buffer has so many bytes, because segments cannot be written.
    pub full_bytes: usize,
    /// Segments that are put together make files of about this many bytes.
    pub segment_bytes: u64,
    /// So many small segments of a site's day are put together while it lasts.
    pub compact_at: usize,
    /// How long rows are kept; forever where none is said.
    pub keep: BTreeMap<Kind, Duration>,
    /// A file that belongs to no segment is removed when it is so old, where other processes may write too.
    pub grace: Duration,
    /// Memory for all queries together, in MiB.
    pub query_mebibytes: u64,
    /// Disk for queries that spill, in MiB.
    pub spill_mebibytes: u64,
    /// Threads for queries and upkeep.
    pub threads: usize,
    /// Queries that run at once.
    pub queries: usize,
    /// Queries that wait for one of those.
    pub waiting: usize,
    /// How long a query may take, waiting included.
    pub query_time: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            flush_bytes: 64 << 20,
            flush_after: Duration::from_secs(600),
            full_bytes: 256 << 20,
            segment_bytes: 128 << 20,
            compact_at: 8,
            keep: BTreeMap::new(),
            grace: Duration::from_secs(3600),
            query_mebibytes: 256,
            spill_mebibytes: 4096,
            threads: 2,
            queries: 2,
            waiting: 16,
            query_time: Duration::from_secs(30),
        }
    }
}

/// Rows of one batch of a sensor.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// Which batch it is. One that was taken before is not taken again.
    pub mark: Option<Mark>,
    /// Flows.
    pub flows: Vec<Flow>,
    /// Events.
    pub events: Vec<Event>,
}

/// What an upkeep did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Upkeep {
    /// Segments written from the buffer.
    pub written: usize,
    /// Segments put together.
    pub merged: usize,
    /// Segments dropped for their age.
    pub dropped: usize,
    /// Files removed that belonged to no segment.
    pub orphans: usize,
}

/// History.
pub struct Lake {
    pub(crate) core: Arc<Core>,
    pub(crate) worker: Worker,
}

/// What queries and upkeep share.
pub(crate) struct Core {
    pub(crate) config: Config,
    pub(crate) place: Opened,
    pub(crate) manifest: Arc<dyn Manifest>,
    pub(crate) engine: Engine,
    /// Held to read by who lists segments and buffer together, to write by who moves rows from one to the other.
    pub(crate) gate: RwLock<()>,
    pub(crate) buffers: Mutex<Buffers>,
    /// The marks in the manifest.
    marks: Mutex<HashMap<String, u64>>,
    /// A change of which it is not known whether the manifest has it.
    pub(crate) pending: Mutex<Option<Change>>,
    /// One upkeep at a time.
    pub(crate) upkeep: tokio::sync::Mutex<()>,
    /// Files of segments that are gone, which a query may still read, with the time they went.
    pub(crate) doomed: Mutex<HashMap<String, Timestamp>>,
    pub(crate) running: Arc<Semaphore>,
    pub(crate) places: Arc<Semaphore>,
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Lake {
    /// Opens history, and removes what an earlier process left unfinished.
    pub async fn open(place: &Place, manifest: Arc<dyn Manifest>, config: Config, now: Timestamp) -> Result<Self, Error> {
        let worker = Worker::start(config.threads)?;
        let place = Opened::open(place)?;
        let engine = Engine::new(&place, &config)?;
        let marks = manifest.marks().await?.into_iter().map(|mark| (mark.sensor, mark.number)).collect();
        let queries = config.queries.max(1);
        let core = Arc::new(Core {
            running: Arc::new(Semaphore::new(queries)),
            places: Arc::new(Semaphore::new(queries.saturating_add(config.waiting))),
            config,
            place,
            manifest,
            engine,
            gate: RwLock::new(()),
            buffers: Mutex::default(),
            marks: Mutex::new(marks),
            pending: Mutex::default(),
            upkeep: tokio::sync::Mutex::new(()),
            doomed: Mutex::default(),
        });
        let own = Arc::clone(&core);
        let grace = if core.place.is_own() { Duration::ZERO } else { core.config.grace };
        worker.run(async move { own.sweep(now, grace).await }).await??;
        Ok(Self { core, worker })
    }

    /// Takes a batch into the buffer, where queries find it at once. It is durable when [`Lake::durable`] says so; until then its
    /// sender keeps it. False where it was taken before.
    pub fn append(&self, batch: Batch, now: Timestamp) -> Result<bool, Error> {
        let core = &self.core;
        let origins = batch.flows.iter().map(|row| &row.origin).chain(batch.events.iter().map(|row| &row.origin));
        origins.into_iter().try_for_each(check)?;
        let mut buffers = lock(&core.buffers);
        if batch.mark.as_ref().is_some_and(|mark| core.has(&buffers, mark)) {
            return Ok(false);
        }
        if buffers.bytes() >= core.config.full_bytes {
            return Err(Error::Full);
        }
        let open = &mut buffers.open;
        open.take(batch.flows)?;
        open.take(batch.events)?;
        open.since.get_or_insert(now);
        open.until = open.until.max(Some(now));
        if let Some(mark) = &batch.mark {
            open.mark(mark);
        }
        Ok(true)
    }

    /// The buffer is large enough to become segments now, rather than at the next upkeep.
    #[must_use]
    pub fn is_flush_due(&self) -> bool {
        lock(&self.core.buffers).bytes() >= self.core.config.flush_bytes
    }

    /// The highest number of each sensor up to which everything is in segments.
    #[must_use]
    pub fn durable(&self) -> Vec<Mark> {
        let marks = lock(&self.core.marks);
        let mut marks: Vec<Mark> =
            marks.iter().map(|(sensor, number)| Mark { sensor: sensor.clone(), number: *number }).collect();
        marks.sort_by(|a, b| a.sensor.cmp(&b.sensor));
        marks
    }

    /// Makes segments of what is in the buffer. When it fails, the rows stay in the buffer.
    pub async fn flush(&self) -> Result<usize, Error> {
        let core = Arc::clone(&self.core);
        self.worker.run(async move { core.flush().await }).await?
    }

    /// Whatever is due: segments from the buffer, putting small ones together, dropping old ones, removing files that belong to none.
    /// To be called every minute or so.
    pub async fn upkeep(&self, now: Timestamp) -> Result<Upkeep, Error> {
        let core = Arc::clone(&self.core);
        self.worker.run(async move { core.upkeep(now).await }).await?
    }
}

/// Tenant and site make folders.
fn check(origin: &Origin) -> Result<(), Error> {
    let fits = |id: &str| {
        let of_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        !id.is_empty() && id.len() <= 64 && !id.starts_with('.') && id.bytes().all(of_name)
    };
    match [&origin.tenant, &origin.site].into_iter().find(|id| !fits(id)) {
        Some(id) => Err(Error::Id(id.clone())),
        None => Ok(()),
    }
}

impl Core {
    /// The batch is in a segment or in the buffer.
    fn has(&self, buffers: &Buffers, mark: &Mark) -> bool {
        let of = |buffer: &Buffer| buffer.marks.get(&mark.sensor).copied();
        let kept = lock(&self.marks).get(&mark.sensor).copied();
        let highest = kept.max(of(&buffers.open)).max(buffers.frozen.as_deref().and_then(of));
        highest.is_some_and(|highest| mark.number <= highest)
    }

    pub(crate) async fn flush(self: &Arc<Self>) -> Result<usize, Error> {
        let _one = self.upkeep.lock().await;
        self.write_buffer().await
    }

    /// One change of the manifest for the whole buffer: its rows are all in segments, with their marks, or none is.
    pub(crate) async fn write_buffer(self: &Arc<Self>) -> Result<usize, Error> {
        let Some(frozen) = lock(&self.buffers).freeze() else { return Ok(0) };
        // Where it is not known whether an earlier attempt came through, the very same is committed again, which changes nothing.
        let earlier = lock(&self.pending).clone();
        let change = match earlier {
            Some(change) => change,
            None => self.place_segments(frozen).await?,
        };
        *lock(&self.pending) = Some(change.clone());
        let (count, marks) = (change.add.len(), change.marks.clone());
        let _moving = self.gate.write().await;
        self.manifest.commit(change).await?;
        // From here on it is history: no await may come between.
        let mut kept = lock(&self.marks);
        for mark in marks {
            let number = kept.entry(mark.sensor).or_default();
            *number = (*number).max(mark.number);
        }
        lock(&self.buffers).frozen = None;
        *lock(&self.pending) = None;
        Ok(count)
    }

    /// Writes the buffer's segments and puts them in their places, and says what the manifest has to be told.
    async fn place_segments(self: &Arc<Self>, buffer: Arc<Buffer>) -> Result<Change, Error> {
        let marks = buffer.marks.iter().map(|(sensor, number)| Mark { sensor: sensor.clone(), number: *number });
        let mut change = Change { marks: marks.collect(), ..Change::default() };
        let core = Arc::clone(self);
        let drafted = tokio::task::spawn_blocking(move || core.draft(&buffer)).await.map_err(|_| Error::Ended)??;
        for (draft, segment) in drafted {
            self.place.put(draft, &segment.path).await?;
            change.add.push(segment);
        }
        Ok(change)
    }

    fn draft(&self, buffer: &Buffer) -> Result<Vec<(std::path::PathBuf, Segment)>, Error> {
        let mut drafted = Vec::new();
        for (shelf, batches) in &buffer.shelves {
            let table = Table::of(shelf.kind);
            let Some(first) = batches.first() else { continue };
            let all = concat_batches(&first.schema(), batches)?;
            for (day, rows) in table.by_day(&all)? {
                let mut draft = Draft::new(table, self.place.draft()?, rows.num_rows())?;
                draft.write(&table.sorted(&rows)?)?;
                drafted.push(draft.finish(shelf, day, buffer.until.unwrap_or(Timestamp::MIN))?);
            }
        }
        Ok(drafted)
    }

    /// The shelf of a segment.
    pub(crate) fn shelf(segment: &Segment) -> Shelf {
        Shelf { kind: segment.kind, tenant: segment.tenant.clone(), site: segment.site.clone() }
    }
}
