//! The threads' counters, added up.

use sensor::{Coverage, Seen};

use super::worker::{Batch, Counted, Frames};

/// What all threads counted last.
pub(super) struct Tally {
    threads: Vec<Counted>,
}

impl Tally {
    pub(super) fn new(threads: usize) -> Self {
        Self { threads: vec![Counted::default(); threads] }
    }

    /// Takes the counters that a thread handed on.
    pub(super) fn take(&mut self, batch: &mut Batch) {
        if let (Some(counted), Some(thread)) = (batch.counted.take(), self.threads.get_mut(batch.thread)) {
            *thread = *counted;
        }
    }

    /// What was seen of one interface.
    pub(super) fn interface(&self, index: usize) -> Frames {
        let each = self.threads.iter().filter_map(|thread| thread.interfaces.get(index));
        each.fold(Frames::default(), |sum, frames| sum.plus(frames))
    }

    /// Flows that are open.
    pub(super) fn open_flows(&self) -> u64 {
        self.threads.iter().fold(0, |sum, thread| sum.saturating_add(thread.open_flows))
    }

    /// What could not be seen.
    pub(super) fn coverage(&self) -> Coverage {
        self.threads.iter().fold(Coverage::default(), |mut sum, thread| {
            sum.add(&thread.coverage);
            sum
        })
    }

    /// The wire's lay-out.
    pub(super) fn seen(&self) -> Seen {
        self.threads.iter().fold(Seen::default(), |mut sum, thread| {
            sum.add(&thread.seen);
            sum
        })
    }
}
