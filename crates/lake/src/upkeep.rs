//! Upkeep: what is due is flushed, put together, dropped, swept. Safe to run twice, late, or after a crash.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use futures::TryStreamExt as _;
use model::Timestamp;
use object_store::ObjectStore as _;
use std::time::Duration;

use crate::error::Error;
use crate::lake::{Core, Upkeep, lock};
use crate::manifest::{Change, Segment, Want};
use crate::segment::{DAY, Draft, Shelf, Table};

/// Segments that are put together in one go.
const MERGED_AT_ONCE: usize = 32;
/// A file that a query may still read stays so long after its segment went; longer than any query may take.
const DOOMED_FOR: Duration = Duration::from_secs(300);

fn nanos(time: Duration) -> i64 {
    i64::try_from(time.as_nanos()).unwrap_or(i64::MAX)
}

impl Core {
    pub(crate) async fn upkeep(self: &Arc<Self>, now: Timestamp) -> Result<Upkeep, Error> {
        let _one = self.upkeep.lock().await;
        let mut done = Upkeep::default();
        if self.is_due(now) {
            done.written = self.write_buffer().await?;
        }
        done.dropped = self.drop_old(now).await?;
        done.merged = self.compact(now).await?;
        done.orphans = self.sweep(now, self.config.grace).await?;
        Ok(done)
    }

    fn is_due(&self, now: Timestamp) -> bool {
        let buffers = lock(&self.buffers);
        let old = buffers.open.since.is_some_and(|since| now.since(since) >= nanos(self.config.flush_after));
        buffers.frozen.is_some() || old || buffers.bytes() >= self.config.flush_bytes
    }

    async fn drop_old(&self, now: Timestamp) -> Result<usize, Error> {
        let mut dropped = 0;
        for (kind, keep) in &self.config.keep {
            let oldest = now.plus_nanos(nanos(*keep).saturating_neg());
            let want = Want { kind: Some(*kind), before: Some(oldest), ..Want::default() };
            let mut old = self.manifest.list(want).await?;
            old.retain(|segment| segment.until < oldest && segment.taken < oldest);
            self.replace(&old, Vec::new(), now).await?;
            dropped = usize::saturating_add(dropped, old.len());
        }
        Ok(dropped)
    }

    /// Takes segments away and puts others there, in one change.
    async fn replace(&self, gone: &[Segment], add: Vec<Segment>, now: Timestamp) -> Result<(), Error> {
        if gone.is_empty() && add.is_empty() {
            return Ok(());
        }
        let change = Change { add, remove: gone.iter().map(|segment| segment.id.clone()).collect(), marks: Vec::new() };
        let _moving = self.gate.write().await;
        self.manifest.commit(change).await?;
        lock(&self.doomed).extend(gone.iter().map(|segment| (segment.path.clone(), now)));
        Ok(())
    }

    /// Puts small segments of one site's day together: some while the day lasts, all when it is over.
    async fn compact(self: &Arc<Self>, now: Timestamp) -> Result<usize, Error> {
        let mut by_day: BTreeMap<(Shelf, i64), Vec<Segment>> = BTreeMap::new();
        for segment in self.manifest.list(Want::default()).await? {
            if segment.aside.is_none() && segment.bytes < self.config.segment_bytes / 2 {
                let day = segment.until.nanos().div_euclid(DAY);
                by_day.entry((Self::shelf(&segment), day)).or_default().push(segment);
            }
        }
        let today = now.nanos().div_euclid(DAY);
        let mut merged = 0;
        for ((shelf, day), mut segments) in by_day {
            let at = if day.saturating_add(1) < today { 2 } else { self.config.compact_at.max(2) };
            if segments.len() < at {
                continue;
            }
            segments.sort_by_key(|segment| segment.bytes);
            let mut bytes = 0_u64;
            let fits = |segment: &Segment| {
                bytes = bytes.saturating_add(segment.bytes);
                bytes <= self.config.segment_bytes
            };
            let together: Vec<Segment> = segments.into_iter().take_while(fits).take(MERGED_AT_ONCE).collect();
            if together.len() > 1 && self.merge(&shelf, day, &together, now).await? {
                merged = usize::saturating_add(merged, together.len());
            }
        }
        Ok(merged)
    }

    /// False where one of them turned out to be broken; it is set aside, and the others are merged another time.
    async fn merge(self: &Arc<Self>, shelf: &Shelf, day: i64, segments: &[Segment], now: Timestamp) -> Result<bool, Error> {
        // What cannot be trusted must not become part of what can.
        if self.set_broken_aside(segments).await? > 0 {
            return Ok(false);
        }
        let (draft, segment) = self.merged(shelf, day, segments).await?;
        self.place.put(draft, &segment.path).await?;
        self.replace(segments, vec![segment], now).await?;
        Ok(true)
    }

    async fn merged(&self, shelf: &Shelf, day: i64, segments: &[Segment]) -> Result<(PathBuf, Segment), Error> {
        let table = Table::of(shelf.kind);
        let rows = segments.iter().map(|segment| segment.rows).fold(0, u64::saturating_add);
        let mut draft = Draft::new(table, self.place.draft()?, usize::try_from(rows).unwrap_or(usize::MAX))?;
        let of_engine = |error| Error::of_engine(error, self.config.query_mebibytes);
        let mut stream = self.engine.merged(table, segments).await.map_err(of_engine)?;
        while let Some(batch) = stream.try_next().await.map_err(of_engine)? {
            draft.write(&batch)?;
        }
        let taken = segments.iter().map(|segment| segment.taken).max().unwrap_or(Timestamp::MIN);
        draft.finish(shelf, day, taken)
    }

    /// Removes files that belong to no segment and are older than the grace.
    pub(crate) async fn sweep(&self, now: Timestamp, grace: Duration) -> Result<usize, Error> {
        let mut spared: HashSet<String> =
            self.manifest.list(Want::default()).await?.into_iter().map(|segment| segment.path).collect();
        spared.extend(lock(&self.pending).iter().flat_map(|change| &change.add).map(|segment| segment.path.clone()));
        let doomed = {
            let mut doomed = lock(&self.doomed);
            let (over, still) = doomed.drain().partition(|(_, since)| now.since(*since) >= nanos(DOOMED_FOR));
            *doomed = still;
            let over: HashSet<String> = HashSet::from_iter(std::collections::HashMap::into_keys(over));
            spared.extend(doomed.keys().cloned());
            over
        };
        let mut removed = 0;
        let mut files = self.place.store.list(Some(&object_store::path::Path::from("")));
        while let Some(file) = files.try_next().await? {
            let path = file.location.as_ref();
            let written = Timestamp::from_nanos(file.last_modified.timestamp_nanos_opt().unwrap_or(i64::MAX));
            let ours = path.starts_with("kind=") && path.ends_with(".parquet");
            if ours && !spared.contains(path) && (doomed.contains(path) || now.since(written) >= nanos(grace)) {
                object_store::ObjectStoreExt::delete(&self.place.store, &file.location).await?;
                removed = usize::saturating_add(removed, 1);
            }
        }
        Ok(removed)
    }
}
