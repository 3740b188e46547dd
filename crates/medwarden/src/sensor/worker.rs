//! A thread that reads: its rings, one of each interface, and a sensor of its own. Frames of two hosts with each other always come
//! to the same thread, so that no sensor needs to know what another saw.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use capture::live::{Direction, LiveFrame, Ring};
use knowledge::Knowledge;
use model::{FrameRef, Observation, Timestamp};
use sensor::{Coverage, Frame, Seen, Sensor};
use wire::layers::LinkType;

use super::clock;
use crate::inspect::Known;

/// Observations that a thread hands on together.
const BATCH: usize = 512;
/// Frames between two looks at the clock and at the wish to stop.
const FRAMES_PER_LOOK: u32 = 256;
/// What was observed is handed on after this long.
const PAUSE: Duration = Duration::from_millis(100);
/// Counters are handed on after this long.
const COUNT: Duration = Duration::from_millis(500);

/// What all threads share.
pub(super) struct Shared {
    /// The wish to stop.
    pub(super) stop: Arc<AtomicBool>,
    /// Frames that may still be taken; absent without a limit.
    pub(super) frames_left: Option<AtomicU64>,
    /// A block of a ring that is not full is handed over after this long.
    pub(super) retire: Duration,
    /// How many threads there are.
    pub(super) threads: usize,
}

/// What one thread hands on.
pub(super) struct Batch {
    /// Which thread.
    pub(super) thread: usize,
    /// What it observed, each with the time of the frame that brought it.
    pub(super) observed: Vec<(Timestamp, Observation)>,
    /// It has nothing to say any more about the time before this.
    pub(super) until: Timestamp,
    /// Its counters, from time to time.
    pub(super) counted: Option<Box<Counted>>,
}

/// A thread's counters since it began.
#[derive(Clone, Debug, Default)]
pub(super) struct Counted {
    pub(super) coverage: Coverage,
    pub(super) seen: Seen,
    pub(super) open_flows: u64,
    /// By interface.
    pub(super) interfaces: Vec<Frames>,
}

/// What a thread saw of one interface.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Frames {
    pub(super) frames: u64,
    pub(super) bytes: u64,
    /// Frames that the kernel counts as this ring's, and those of them that found no room in it.
    pub(super) received: u64,
    pub(super) dropped: u64,
    /// Frames between others, to a group, to this machine, from this machine.
    pub(super) passing: u64,
    pub(super) to_group: u64,
    pub(super) to_us: u64,
    pub(super) sent: u64,
    pub(super) first: Option<Timestamp>,
    pub(super) last: Option<Timestamp>,
    /// The interface reported an error, such as that it went down, so many times.
    pub(super) errors: u64,
}

impl Frames {
    fn add(&mut self, frame: &LiveFrame<'_>) {
        self.frames = self.frames.saturating_add(1);
        self.bytes = self.bytes.saturating_add(frame.wire_len.into());
        let kind = match frame.direction {
            Direction::Passing => &mut self.passing,
            Direction::ToGroup => &mut self.to_group,
            Direction::ToUs => &mut self.to_us,
            Direction::Sent => &mut self.sent,
        };
        *kind = kind.saturating_add(1);
        self.first = self.first.or(Some(frame.time));
        self.last = self.last.max(Some(frame.time));
    }

    /// With what another thread saw of the interface.
    pub(super) fn plus(self, other: &Self) -> Self {
        Self {
            frames: self.frames.saturating_add(other.frames),
            bytes: self.bytes.saturating_add(other.bytes),
            received: self.received.saturating_add(other.received),
            dropped: self.dropped.saturating_add(other.dropped),
            passing: self.passing.saturating_add(other.passing),
            to_group: self.to_group.saturating_add(other.to_group),
            to_us: self.to_us.saturating_add(other.to_us),
            sent: self.sent.saturating_add(other.sent),
            first: [self.first, other.first].into_iter().flatten().min(),
            last: self.last.max(other.last),
            errors: self.errors.saturating_add(other.errors),
        }
    }
}

/// A thread's state.
pub(super) struct Worker {
    thread: usize,
    rings: Vec<Ring>,
    links: Vec<LinkType>,
    frames: Vec<Frames>,
    shared: Arc<Shared>,
    out: SyncSender<Batch>,
    observed: Vec<(Timestamp, Observation)>,
    handed_on: Instant,
    counted: Instant,
}

impl Worker {
    /// A thread with a ring of each interface; the interfaces' link types stand beside.
    pub(super) fn new(
        thread: usize,
        rings: Vec<Ring>,
        links: Vec<LinkType>,
        shared: Arc<Shared>,
        out: SyncSender<Batch>,
    ) -> Self {
        let (frames, now) = (vec![Frames::default(); rings.len()], clock::instant());
        Self { thread, rings, links, frames, shared, out, observed: Vec::new(), handed_on: now, counted: now }
    }

    /// Reads until it is asked to stop, then what was still waiting, and tells all that is left. Gives the rings back: their numbers must
    /// not become those of files, since nothing may be written to them.
    pub(super) fn run(mut self, knowledge: Arc<Knowledge>) -> anyhow::Result<Vec<Ring>> {
        let mut sensor = Sensor::new(&sensor::Config::default(), Box::new(Known(knowledge)));
        let mut more = true;
        while more && !self.shared.stop.load(Ordering::Relaxed) {
            let read = self.read(&mut sensor, None);
            more = read.is_some();
            if read == Some(0) {
                self.idle(&mut sensor)?;
            }
            self.hand_on(&sensor, false);
        }
        let end = clock::now();
        // The kernel keeps the last block until it is old enough.
        std::thread::sleep(self.shared.retire.saturating_mul(2));
        while more && matches!(self.read(&mut sensor, Some(end)), Some(1..)) {
            self.hand_on(&sensor, false);
        }
        sensor.finish(&mut |observation| self.observed.push((Timestamp::MAX, observation)));
        self.hand_on(&sensor, true);
        Ok(self.rings)
    }

    /// Reads some frames, in the order of their times; those of a time after `end` are left. Returns how many, or `None` when no more
    /// may be taken.
    fn read(&mut self, sensor: &mut Sensor, end: Option<Timestamp>) -> Option<u32> {
        for count in 0..FRAMES_PER_LOOK {
            let Some(index) = self.next(end) else { return Some(count) };
            if !self.may_take() {
                return None;
            }
            let (Some(ring), Some(frames)) = (self.rings.get_mut(index), self.frames.get_mut(index)) else { return None };
            let Some(frame) = ring.next_frame() else { return Some(count) };
            frames.add(&frame);
            let at = FrameRef {
                source: u32::try_from(index).unwrap_or(u32::MAX),
                frame: number(frames.frames, self.thread, self.shared.threads),
            };
            let link = self.links.get(index).copied().unwrap_or(LinkType::ETHERNET);
            let lent = Frame { time: frame.time, link, bytes: frame.captured, wire_len: frame.wire_len as usize, at };
            let observed = &mut self.observed;
            sensor.frame(&lent, &mut |observation| observed.push((lent.time, observation)));
            if self.observed.len() >= BATCH {
                return Some(count.saturating_add(1));
            }
        }
        Some(FRAMES_PER_LOOK)
    }

    /// The ring with the earliest frame. With several rings, a frame waits until no other ring can still bring an earlier one.
    fn next(&mut self, end: Option<Timestamp>) -> Option<usize> {
        if let ([_], None, None) = (self.rings.as_slice(), &self.shared.frames_left, end) {
            // Whether there is one shows when it is taken.
            return Some(0);
        }
        let times: Vec<Option<Timestamp>> = self.rings.iter_mut().map(Ring::next_time).collect();
        let (index, first) =
            times.iter().enumerate().filter_map(|(index, time)| time.map(|time| (index, time))).min_by_key(|(_, time)| *time)?;
        if let Some(end) = end {
            return (first <= end).then_some(index);
        }
        let settled = times.iter().all(Option::is_some) || first < self.settled();
        settled.then_some(index)
    }

    /// The kernel has handed over every frame of a time before this.
    fn settled(&self) -> Timestamp {
        let wait_ns = i64::try_from(self.shared.retire.as_nanos()).unwrap_or(i64::MAX).saturating_mul(2);
        clock::now().plus_nanos(wait_ns.saturating_neg())
    }

    fn may_take(&self) -> bool {
        let Some(left) = &self.shared.frames_left else { return true };
        let taken = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        if matches!(taken, Err(_) | Ok(1)) {
            self.shared.stop.store(true, Ordering::Relaxed);
        }
        taken.is_ok()
    }

    /// Nothing was there to be read: waits, and lets time pass for flows that went quiet.
    fn idle(&mut self, sensor: &mut Sensor) -> anyhow::Result<()> {
        let ready = self.rings.iter_mut().any(|ring| ring.next_time().is_some());
        if ready {
            // Another ring may still bring an earlier frame.
            std::thread::sleep(Duration::from_millis(1));
        } else {
            capture::live::wait(&self.rings, PAUSE).context("cannot wait for frames")?;
        }
        for (ring, frames) in self.rings.iter().zip(&mut self.frames) {
            if let Ok(Some(_)) = ring.take_error() {
                frames.errors = frames.errors.saturating_add(1);
            }
        }
        let now = self.settled();
        sensor.pass(now, &mut |observation| self.observed.push((now, observation)));
        Ok(())
    }

    /// Hands on what was observed when it is much, or some time has gone by, or it is the end. Waits where the receiver is behind: then
    /// the rings fill, and what they lose is counted.
    fn hand_on(&mut self, sensor: &Sensor, end: bool) {
        let now = clock::instant();
        if !end && self.observed.len() < BATCH && now.duration_since(self.handed_on) < PAUSE {
            return;
        }
        self.handed_on = now;
        let counting = end || now.duration_since(self.counted) >= COUNT;
        let counted = counting.then(|| {
            self.counted = now;
            Box::new(self.count(sensor))
        });
        let until = if end { Timestamp::MAX } else { self.until() };
        let batch = Batch { thread: self.thread, observed: std::mem::take(&mut self.observed), until, counted };
        // The receiver is gone only when the program ends.
        let _ = self.out.send(batch);
    }

    /// What comes after this will not be about the time before.
    fn until(&mut self) -> Timestamp {
        let waiting = self.rings.iter_mut().filter_map(Ring::next_time).min().unwrap_or(Timestamp::MAX);
        waiting.min(self.settled())
    }

    fn count(&mut self, sensor: &Sensor) -> Counted {
        for (ring, frames) in self.rings.iter_mut().zip(&mut self.frames) {
            if let Ok((received, dropped)) = ring.counted() {
                (frames.received, frames.dropped) = (received, dropped);
            }
        }
        Counted {
            coverage: sensor.coverage().clone(),
            seen: sensor.seen().clone(),
            open_flows: u64::try_from(sensor.open_flows()).unwrap_or(u64::MAX),
            interfaces: self.frames.clone(),
        }
    }
}

/// A number that no other frame of the interface has: the threads take turns.
fn number(count: u64, thread: usize, threads: usize) -> u64 {
    let (thread, threads) = (u64::try_from(thread).unwrap_or_default(), u64::try_from(threads).unwrap_or(1));
    count.saturating_sub(1).saturating_mul(threads).saturating_add(thread).saturating_add(1)
}
