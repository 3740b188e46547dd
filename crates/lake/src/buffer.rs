//! Rows that are in no segment yet, ready to be queried.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use model::Timestamp;

use crate::column::{Row, batch};
use crate::error::Error;
use crate::manifest::Mark;
use crate::segment::Shelf;

/// So many small batches of a shelf are put together into one.
const SMALL_BATCHES: usize = 64;
/// A batch with fewer rows is small.
const SMALL_ROWS: usize = 8_192;

/// The buffer.
#[derive(Default)]
pub(crate) struct Buffer {
    pub(crate) shelves: BTreeMap<Shelf, Vec<RecordBatch>>,
    pub(crate) marks: BTreeMap<String, u64>,
    pub(crate) bytes: usize,
    pub(crate) rows: usize,
    /// When the first row came that is still here.
    pub(crate) since: Option<Timestamp>,
    /// When the last row came.
    pub(crate) until: Option<Timestamp>,
}

impl Buffer {
    pub(crate) fn take<R: Row>(&mut self, rows: Vec<R>) -> Result<(), Error> {
        let mut by_shelf: BTreeMap<Shelf, Vec<R>> = BTreeMap::new();
        for row in rows {
            let origin = row.origin();
            let shelf = Shelf { kind: R::KIND, tenant: origin.tenant.clone(), site: origin.site.clone() };
            by_shelf.entry(shelf).or_default().push(row);
        }
        for (shelf, rows) in by_shelf {
            let batch = batch(&rows)?;
            self.bytes = self.bytes.saturating_add(batch.get_array_memory_size());
            self.rows = self.rows.saturating_add(rows.len());
            let batches = self.shelves.entry(shelf).or_default();
            batches.push(batch);
            put_together(batches)?;
        }
        Ok(())
    }

    pub(crate) fn mark(&mut self, mark: &Mark) {
        let kept = self.marks.entry(mark.sensor.clone()).or_default();
        *kept = (*kept).max(mark.number);
    }
}

/// Keeps queries from walking thousands of tiny batches.
fn put_together(batches: &mut Vec<RecordBatch>) -> Result<(), Error> {
    let small = batches.iter().rev().take_while(|batch| batch.num_rows() < SMALL_ROWS).count();
    if small < SMALL_BATCHES {
        return Ok(());
    }
    let tail = batches.split_off(batches.len().saturating_sub(small));
    if let Some(first) = tail.first() {
        batches.push(concat_batches(&first.schema(), &tail)?);
    }
    Ok(())
}

/// The buffer that takes rows, and the one before it while that becomes segments.
#[derive(Default)]
pub(crate) struct Buffers {
    pub(crate) open: Buffer,
    pub(crate) frozen: Option<Arc<Buffer>>,
}

impl Buffers {
    /// The batches of some shelves, of both.
    pub(crate) fn batches(&self, wanted: impl Fn(&Shelf) -> bool) -> Vec<RecordBatch> {
        let both = self.frozen.as_deref().into_iter().chain([&self.open]);
        let shelves = both.flat_map(|buffer| &buffer.shelves).filter(|(shelf, _)| wanted(shelf));
        shelves.flat_map(|(_, batches)| batches.iter().cloned()).collect()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.open.bytes.saturating_add(self.frozen.as_ref().map_or(0, |frozen| frozen.bytes))
    }

    /// What is to become segments: what an earlier attempt left, else all that came since.
    pub(crate) fn freeze(&mut self) -> Option<Arc<Buffer>> {
        if self.frozen.is_none() && (self.open.rows > 0 || !self.open.marks.is_empty()) {
            self.frozen = Some(Arc::new(std::mem::take(&mut self.open)));
        }
        self.frozen.clone()
    }
}
