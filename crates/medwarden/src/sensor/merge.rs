//! What several threads observed, as one history in time order.

use std::collections::VecDeque;

use model::{Observation, Timestamp};

use super::worker::Batch;

/// Observations held back for their order at most; beyond it the earliest go, whatever may still come.
const MAX_HELD: usize = 200_000;

/// Puts the threads' observations in order.
pub(super) struct Merge {
    threads: Vec<Thread>,
    held: usize,
}

#[derive(Default)]
struct Thread {
    held: VecDeque<(Timestamp, Observation)>,
    until: Option<Timestamp>,
}

impl Merge {
    pub(super) fn new(threads: usize) -> Self {
        Self { threads: (0..threads).map(|_| Thread::default()).collect(), held: 0 }
    }

    /// Takes what a thread handed on.
    pub(super) fn take(&mut self, batch: &mut Batch) {
        let Some(thread) = self.threads.get_mut(batch.thread) else { return };
        self.held = self.held.saturating_add(batch.observed.len());
        thread.held.extend(std::mem::take(&mut batch.observed));
        thread.until = thread.until.max(Some(batch.until));
    }

    /// The next observation, where no thread can still bring an earlier one.
    pub(super) fn next(&mut self) -> Option<Observation> {
        let first = self.threads.iter().enumerate().filter_map(|(index, thread)| Some((thread.held.front()?.0, index)));
        let (time, index) = first.min()?;
        let settled =
            || self.threads.iter().all(|thread| !thread.held.is_empty() || thread.until.is_some_and(|until| time <= until));
        if self.held <= MAX_HELD && !settled() {
            return None;
        }
        self.held = self.held.saturating_sub(1);
        self.threads.get_mut(index)?.held.pop_front().map(|(_, observation)| observation)
    }
}

#[cfg(test)]
mod tests {
    use model::observation::{Fact, Subject};
    use model::{FactKind, FactValue, FrameRef};

    use super::*;

    fn batch(thread: usize, until: i64, times: &[i64]) -> Batch {
        let fact = |time| Fact {
            time: Timestamp::from_nanos(time),
            subject: Subject::Endpoint(model::Endpoint::default()),
            kind: FactKind::DeviceType,
            value: FactValue::Yes,
            protocol: "".into(),
            field: "".into(),
            label: "".into(),
            frame: FrameRef::default(),
        };
        let observed = times.iter().map(|time| (Timestamp::from_nanos(*time), Observation::Fact(fact(*time)))).collect();
        Batch { thread, observed, until: Timestamp::from_nanos(until), counted: None }
    }

    fn out(merge: &mut Merge) -> Vec<i64> {
        std::iter::from_fn(|| merge.next())
            .map(|observation| match observation {
                Observation::Fact(fact) => fact.time.nanos(),
                Observation::Flow(flow) => flow.last.nanos(),
            })
            .collect()
    }

    #[test]
    fn nothing_goes_before_what_may_still_come() {
        let mut merge = Merge::new(2);
        merge.take(&mut batch(0, 50, &[10, 40]));
        assert_eq!(out(&mut merge), [] as [i64; 0], "the other thread has said nothing yet");
        merge.take(&mut batch(1, 20, &[]));
        assert_eq!(out(&mut merge), [10]);
        merge.take(&mut batch(1, 45, &[30, 42]));
        assert_eq!(out(&mut merge), [30, 40, 42]);
    }
}
