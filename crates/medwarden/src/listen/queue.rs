//! The way from the sockets to the writer, and what all threads count.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use intake::Memory;
use model::Observation;

/// Observations that travel together.
pub(super) type Batch = Vec<Observation>;

/// Batches that wait for the writer.
const QUEUE: usize = 256;
/// Observations of one batch.
pub(super) const BATCH: usize = 512;

/// The queue.
pub(super) fn queue() -> (SyncSender<Batch>, Receiver<Batch>) {
    sync_channel(QUEUE)
}

/// What all threads know and count.
pub(super) struct Shared {
    pub(super) ahead_s: i32,
    pub(super) stop: Arc<AtomicBool>,
    pub(super) messages: AtomicU64,
    pub(super) understood: AtomicU64,
    pub(super) observations: AtomicU64,
    pub(super) unplaced: AtomicU64,
    pub(super) lost: AtomicU64,
    pub(super) too_long: AtomicU64,
    pub(super) malformed: AtomicU64,
    pub(super) without_template: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) kernel_dropped: AtomicU64,
    /// Connections that are open.
    pub(super) open: AtomicU32,
    /// Sources numbered so far.
    pub(super) sources: AtomicU32,
}

impl Shared {
    pub(super) fn new(ahead_s: i32, stop: Arc<AtomicBool>) -> Self {
        let zero = AtomicU64::default;
        Self {
            ahead_s,
            stop,
            messages: zero(),
            understood: zero(),
            observations: zero(),
            unplaced: zero(),
            lost: zero(),
            too_long: zero(),
            malformed: zero(),
            without_template: zero(),
            refused: zero(),
            kernel_dropped: zero(),
            open: AtomicU32::new(0),
            sources: AtomicU32::new(0),
        }
    }

    pub(super) fn stops(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// Adds what a counter grew by since it was looked at last.
pub(super) fn add(sum: &AtomicU64, now: u64, before: &mut u64) {
    sum.fetch_add(now.saturating_sub(*before), Ordering::Relaxed);
    *before = now;
}

/// Where a thread's observations go.
pub(super) struct Outlet {
    sender: SyncSender<Batch>,
    batch: Batch,
    /// What cannot wait is dropped where the queue is full.
    can_wait: bool,
    /// What was counted already of the memory's counters.
    before: (u64, u64),
}

impl Outlet {
    pub(super) const fn new(sender: SyncSender<Batch>, can_wait: bool) -> Self {
        Self { sender, batch: Vec::new(), can_wait, before: (0, 0) }
    }

    /// Where the next observations are put.
    pub(super) fn batch(&mut self) -> &mut Batch {
        &mut self.batch
    }

    /// Hands on what has gathered, if it is enough or must not wait longer. False when nobody takes it any more.
    pub(super) fn hand_on(&mut self, now: bool, memory: &Memory, shared: &Shared) -> bool {
        add(&shared.observations, memory.observations, &mut self.before.0);
        add(&shared.unplaced, memory.unplaced, &mut self.before.1);
        if self.batch.is_empty() || (!now && self.batch.len() < BATCH) {
            return true;
        }
        let batch = std::mem::replace(&mut self.batch, Vec::with_capacity(BATCH));
        if self.can_wait {
            return self.sender.send(batch).is_ok();
        }
        match self.sender.try_send(batch) {
            Ok(()) => true,
            Err(TrySendError::Full(batch)) => {
                shared.lost.fetch_add(batch.len() as u64, Ordering::Relaxed);
                true
            }
            Err(TrySendError::Disconnected(_)) => false,
        }
    }
}
