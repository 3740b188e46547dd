//! The two streams of a TCP connection: put in order within bounds, probed, and given to a protocol's session.
//!
//! Policy: of overlapping segments the bytes that came first stand. A hole is waited for until the other end acknowledges
//! past it, or the segments behind it reach a bound; then it is a gap, which the session is told of. What a session skips
//! or does not want is never kept, and a hole inside a skipped body is no gap.

use wire::{Context, Direction, Field, Next, Session};

use crate::emit::Emit;
use crate::probe::{self, Answer, Rows};
use crate::table::Known;

/// Segments held behind a hole, at most.
const MAX_HELD: usize = 32;
/// Bytes held behind a hole, at most.
const MAX_HELD_BYTES: usize = 128 * 1024;
/// Bytes kept while protocols ask for more to decide.
const MAX_HEAD: usize = 2048;
/// What may be tried before a flow is left alone: six payloads that nobody knows, or more asking for more bytes.
const MAX_TRIES: u8 = 48;
/// What a payload that nobody knows costs of it.
const NOBODY: u8 = 8;
/// Protocols that may take over from each other in one connection.
const MAX_TURNS: u8 = 8;

/// Bytes kept for all connections together, and their bound.
#[derive(Debug)]
pub(crate) struct Budget {
    pub(crate) used: usize,
    pub(crate) limit: usize,
    pub(crate) work: Work,
}

/// What streams have cost so far, counted so that a test can show how it grows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// Bytes of payload that were copied to be looked at again with what follows.
    pub bytes_kept: u64,
    /// Payloads about which all protocols were asked.
    pub probes: u64,
}

/// What a connection remembers while it is read.
#[derive(Default)]
pub(crate) struct App {
    to_server: Way,
    to_client: Way,
    session: Option<Box<dyn Session>>,
    refused: Vec<u8>,
    turns: u8,
    /// Id of the protocol whose session reads: TLS behind a service that went over to it, not the service.
    pub(crate) speaker: &'static str,
    /// PHI counted so far, told at the end.
    pub(crate) phi: Vec<(&'static Field, u64)>,
    /// The server passes on what somebody behind it sends (a proxy's tunnel).
    pub(crate) relayed: bool,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").finish_non_exhaustive()
    }
}

/// One direction.
#[derive(Default)]
struct Way {
    kept: Vec<u8>,
    wanted: usize,
    skip: u64,
    stopped: bool,
    held: Vec<Held>,
}

/// A segment that waits behind a hole.
struct Held {
    seq: u32,
    bytes: Vec<u8>,
    cut: u32,
}

/// A segment as it came.
pub(crate) struct Segment<'a> {
    pub(crate) seq: u32,
    pub(crate) bytes: &'a [u8],
    /// Bytes behind `bytes` that were on the wire but not captured.
    pub(crate) cut: u32,
}

/// What the stream code may touch beside the connection.
pub(crate) struct Around<'a> {
    pub(crate) rows: &'a Rows,
    pub(crate) budget: &'a mut Budget,
}

/// `a` is before `b` in sequence space.
fn before(a: u32, b: u32) -> bool {
    a.wrapping_sub(b) & 0x8000_0000 != 0
}

fn len32(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

impl App {
    /// Session for a flow of datagrams.
    pub(crate) fn with_session(session: Box<dyn Session>, speaker: &'static str) -> Self {
        Self { session: Some(session), speaker, ..Self::default() }
    }

    pub(crate) fn session(&mut self) -> Option<&mut Box<dyn Session>> {
        self.session.as_mut()
    }

    fn way(&mut self, direction: Direction) -> &mut Way {
        match direction {
            Direction::ToServer => &mut self.to_server,
            Direction::ToClient => &mut self.to_client,
        }
    }

    /// Neither direction is of interest any more.
    pub(crate) fn is_done(&self) -> bool {
        self.to_server.stopped && self.to_client.stopped
    }

    /// Segments wait behind a hole in one direction.
    pub(crate) fn is_holding(&self, to_server: bool) -> bool {
        let way = if to_server { &self.to_server } else { &self.to_client };
        !way.held.is_empty()
    }

    /// Passes over the next `len` bytes of a direction where nothing of them is wanted. False where they have to be looked at.
    #[inline]
    pub(crate) fn pass_over(&mut self, to_server: bool, len: u64) -> bool {
        let way = if to_server { &mut self.to_server } else { &mut self.to_client };
        if way.stopped {
            return true;
        }
        if way.skip < len || !way.held.is_empty() || !way.kept.is_empty() {
            return false;
        }
        way.skip = way.skip.saturating_sub(len);
        true
    }

    /// Takes a segment of one direction. `next` is the sequence number expected and is moved on; returns bytes found lost.
    pub(crate) fn segment(
        &mut self,
        known: &mut Known,
        next: &mut u32,
        segment: &Segment<'_>,
        emit: &mut Emit<'_>,
        around: &mut Around<'_>,
    ) -> u32 {
        let mut segment = Segment { ..*segment };
        if before(segment.seq, *next) {
            let old = next.wrapping_sub(segment.seq) as usize;
            let Some(fresh) = segment.bytes.get(old..) else { return 0 };
            if fresh.is_empty() && segment.cut == 0 {
                return 0;
            }
            segment = Segment { seq: *next, bytes: fresh, cut: segment.cut };
        }
        let way = self.way(emit.context.direction);
        let hole = segment.seq.wrapping_sub(*next);
        let end = segment.seq.wrapping_add(len32(segment.bytes)).wrapping_add(segment.cut);
        if way.stopped {
            // Nobody reads on: only the place is kept.
            *next = end;
            return hole;
        }
        if hole > 0 {
            let reach = u64::from(end.wrapping_sub(*next));
            if way.held.is_empty() && way.kept.is_empty() && way.skip >= reach {
                way.skip = way.skip.saturating_sub(reach);
                *next = end;
                return hole;
            }
            return self.hold(&segment, known, next, emit, around);
        }
        *next = end;
        self.deliver(known, segment.bytes, segment.cut, emit, around);
        self.release(known, next, emit, around, None)
    }

    /// Keeps a segment behind a hole, or gives the hole up where the bounds are reached.
    fn hold(
        &mut self,
        segment: &Segment<'_>,
        known: &mut Known,
        next: &mut u32,
        emit: &mut Emit<'_>,
        around: &mut Around<'_>,
    ) -> u32 {
        let way = self.way(emit.context.direction);
        let kept = insert_uncovered(&mut way.held, segment);
        around.budget.used = around.budget.used.saturating_add(kept);
        let bytes: usize = way.held.iter().map(|held| held.bytes.len()).sum();
        let full = way.held.len() >= MAX_HELD || bytes >= MAX_HELD_BYTES || around.budget.used >= around.budget.limit;
        if full {
            let to = way.held.first().map(|held| held.seq);
            return self.release(known, next, emit, around, to);
        }
        0
    }

    /// The other end acknowledged up to `ack`: holes before it were lost to the capture. Returns bytes lost.
    pub(crate) fn acknowledged(
        &mut self,
        known: &mut Known,
        next: &mut u32,
        ack: u32,
        emit: &mut Emit<'_>,
        around: &mut Around<'_>,
    ) -> u32 {
        let way = self.way(emit.context.direction);
        if way.held.is_empty() || !before(*next, ack) {
            return 0;
        }
        self.release(known, next, emit, around, Some(ack))
    }

    /// Delivers what is held in order; holes that begin before `up_to` are given up. Returns bytes lost.
    fn release(
        &mut self,
        known: &mut Known,
        next: &mut u32,
        emit: &mut Emit<'_>,
        around: &mut Around<'_>,
        up_to: Option<u32>,
    ) -> u32 {
        let mut lost = 0_u32;
        loop {
            let way = self.way(emit.context.direction);
            let Some(first) = way.held.first() else { return lost };
            let give_up = up_to.is_some_and(|to| !before(to, first.seq));
            if before(*next, first.seq) && !give_up {
                return lost;
            }
            let held = way.held.remove(0);
            around.budget.used = around.budget.used.saturating_sub(held.bytes.len());
            if before(*next, held.seq) {
                let hole = held.seq.wrapping_sub(*next);
                lost = lost.saturating_add(hole);
                *next = held.seq;
                self.gap(hole, emit, around);
            }
            let old = next.wrapping_sub(held.seq) as usize;
            let fresh = held.bytes.get(old..).unwrap_or_default();
            if !fresh.is_empty() || held.cut > 0 {
                let end = held.seq.wrapping_add(len32(&held.bytes)).wrapping_add(held.cut);
                if before(*next, end) {
                    *next = end;
                }
                self.deliver(known, fresh, held.cut, emit, around);
            }
        }
    }

    /// The connection ended: gives out what still waits and lets the session say its last. Returns bytes lost.
    pub(crate) fn finish(
        &mut self,
        known: &mut Known,
        next: [&mut u32; 2],
        emit: &mut Emit<'_>,
        around: &mut Around<'_>,
        contexts: [Context; 2],
    ) -> [u32; 2] {
        let mut lost = [0, 0];
        for ((context, next), lost) in contexts.into_iter().zip(next).zip(&mut lost) {
            emit.context = context;
            let to = self.way(context.direction).held.last().map(|held| held.seq);
            *lost = self.release(known, next, emit, around, to);
        }
        if let Some(session) = self.session.as_mut() {
            session.end(&{ emit.context }, emit);
        }
        for way in [&mut self.to_server, &mut self.to_client] {
            around.budget.used = around.budget.used.saturating_sub(way.kept.len());
            way.kept = Vec::new();
        }
        lost
    }

    /// Bytes of the current direction are missing.
    fn gap(&mut self, count: u32, emit: &mut Emit<'_>, around: &mut Around<'_>) {
        let way = match emit.context.direction {
            Direction::ToServer => &mut self.to_server,
            Direction::ToClient => &mut self.to_client,
        };
        emit.coverage.stream_bytes_lost = emit.coverage.stream_bytes_lost.saturating_add(count.into());
        if way.stopped {
            return;
        }
        let beyond = u64::from(count).saturating_sub(way.skip);
        way.skip = way.skip.saturating_sub(count.into());
        if beyond == 0 {
            return;
        }
        emit.coverage.gaps = emit.coverage.gaps.saturating_add(1);
        around.budget.used = around.budget.used.saturating_sub(way.kept.len());
        way.kept.clear();
        way.wanted = 0;
        if let Some(session) = self.session.as_mut() {
            let next = session.gap(&{ emit.context }, beyond, emit);
            self.obey(next, emit, around);
        }
    }

    /// Gives bytes in order to whoever reads this direction.
    fn deliver(&mut self, known: &mut Known, bytes: &[u8], cut: u32, emit: &mut Emit<'_>, around: &mut Around<'_>) {
        self.pass(known, bytes, emit, around);
        if cut > 0 {
            emit.coverage.cut_payloads = emit.coverage.cut_payloads.saturating_add(1);
            self.gap(cut, emit, around);
        }
    }

    fn pass(&mut self, known: &mut Known, bytes: &[u8], emit: &mut Emit<'_>, around: &mut Around<'_>) {
        let way = self.way(emit.context.direction);
        let skipped = usize::try_from(way.skip).unwrap_or(usize::MAX).min(bytes.len());
        way.skip = way.skip.saturating_sub(skipped as u64);
        let bytes = bytes.get(skipped..).unwrap_or_default();
        if way.stopped || bytes.is_empty() {
            return;
        }
        if way.kept.is_empty() {
            let used = self.offer(known, bytes, emit, around);
            let rest = bytes.get(used..).unwrap_or_default();
            self.keep(rest, emit, around);
            return;
        }
        self.keep(bytes, emit, around);
        let way = self.way(emit.context.direction);
        if way.kept.len() < way.wanted {
            return;
        }
        let mut kept = std::mem::take(&mut way.kept);
        around.budget.used = around.budget.used.saturating_sub(kept.len());
        let used = self.offer(known, &kept, emit, around);
        let way = self.way(emit.context.direction);
        if way.stopped || used >= kept.len() {
            return;
        }
        // What is left waits where it is: a message that comes in small pieces is not copied for each.
        kept.drain(..used);
        around.budget.used = around.budget.used.saturating_add(kept.len());
        way.kept = kept;
    }

    /// Keeps bytes for later; beyond the bound for all connections they are lost to this one.
    fn keep(&mut self, bytes: &[u8], emit: &mut Emit<'_>, around: &mut Around<'_>) {
        let way = self.way(emit.context.direction);
        if bytes.is_empty() || way.stopped {
            return;
        }
        if around.budget.used.saturating_add(bytes.len()) > around.budget.limit {
            emit.coverage.reassembly_full = emit.coverage.reassembly_full.saturating_add(1);
            self.gap(len32(bytes), emit, around);
            return;
        }
        around.budget.used = around.budget.used.saturating_add(bytes.len());
        around.budget.work.bytes_kept = around.budget.work.bytes_kept.saturating_add(bytes.len() as u64);
        way.kept.extend_from_slice(bytes);
    }

    /// Offers bytes to the session, or to the probes while there is none. Returns how many are used.
    fn offer(&mut self, known: &mut Known, bytes: &[u8], emit: &mut Emit<'_>, around: &mut Around<'_>) -> usize {
        let mut used = 0_usize;
        // Every turn uses bytes, stops, or changes the protocol, which is bounded: so this ends.
        loop {
            let rest = bytes.get(used..).unwrap_or_default();
            let way = self.way(emit.context.direction);
            let skipped = usize::try_from(way.skip).unwrap_or(usize::MAX).min(rest.len());
            way.skip = way.skip.saturating_sub(skipped as u64);
            used = used.saturating_add(skipped);
            let rest = rest.get(skipped..).unwrap_or_default();
            if way.stopped {
                return bytes.len();
            }
            if rest.is_empty() || rest.len() < way.wanted {
                return used;
            }
            let Some(session) = self.session.as_mut() else {
                self.find_protocol(known, rest, emit, around);
                continue;
            };
            let context = emit.context;
            // Counts of a first message that is read again when it shows who asks.
            let counted = if emit.direction_known { None } else { Some(emit.phi.clone()) };
            let step = session.data(&context, rest, emit);
            if emit.context.direction != context.direction {
                emit.phi = counted.unwrap_or_default();
                self.turn_round(*known);
                continue;
            }
            let took = step.used.min(rest.len());
            used = used.saturating_add(took);
            let goes_on = match step.next {
                Next::More(wanted) => wanted > rest.len().saturating_sub(took),
                Next::Skip(count) => count > 0,
                _ => true,
            };
            if took == 0 && !goes_on {
                // A decoder that asks for what it has, or passes over nothing, would turn for ever.
                self.obey(Next::Stop, emit, around);
                continue;
            }
            self.turn(known, step.next, emit, around);
        }
    }

    /// Follows what the session wants next.
    fn turn(&mut self, known: &mut Known, next: Next, emit: &mut Emit<'_>, around: &mut Around<'_>) {
        match next {
            Next::More(wanted) if wanted > wire::protocol::MAX_WANTED => {
                emit.coverage.messages_too_large = emit.coverage.messages_too_large.saturating_add(1);
                let skip = wanted as u64;
                self.way(emit.context.direction).skip = skip;
                let next = self.session.as_mut().map_or(Next::Stop, |session| session.gap(&{ emit.context }, skip, emit));
                self.obey(next, emit, around);
            }
            Next::Become(id) => self.hand_over(known, id, emit, around),
            Next::NotMine => {
                if let Known::Row(row) = *known {
                    self.refused.push(row);
                }
                let over = self.turns >= MAX_TURNS;
                self.turns = self.turns.saturating_add(1);
                *known = if over { Known::Nothing } else { Known::Probing(0) };
                self.reset(over, around);
            }
            other => self.obey(other, emit, around),
        }
    }

    /// The simple wishes.
    fn obey(&mut self, next: Next, emit: &Emit<'_>, around: &mut Around<'_>) {
        let way = self.way(emit.context.direction);
        match next {
            Next::More(wanted) => way.wanted = wanted,
            Next::Skip(count) => {
                way.skip = way.skip.saturating_add(count);
                way.wanted = 0;
            }
            Next::Stop => stop(way, around),
            Next::StopBoth | Next::Become(_) | Next::NotMine => {
                stop(&mut self.to_server, around);
                stop(&mut self.to_client, around);
            }
        }
    }

    /// Another protocol takes over both directions.
    fn hand_over(&mut self, known: &mut Known, id: &'static str, emit: &mut Emit<'_>, around: &mut Around<'_>) {
        if let Some(session) = self.session.as_mut() {
            session.end(&{ emit.context }, emit);
        }
        self.turns = self.turns.saturating_add(1);
        let row = around.rows.id(id).filter(|_| self.turns < MAX_TURNS);
        let session = row.and_then(probe::protocol).and_then(|protocol| protocol.session());
        self.reset(session.is_none(), around);
        self.session = session;
        self.speaker = id;
        emit.protocol = id;
        // A connection that goes over to TLS keeps the name of the service that it secures.
        if let (Some(row), false) = (row, id == "tls") {
            *known = Known::Row(row);
        }
    }

    fn reset(&mut self, stopped: bool, around: &mut Around<'_>) {
        self.session = None;
        for way in [&mut self.to_server, &mut self.to_client] {
            way.wanted = 0;
            way.skip = 0;
            way.stopped = false;
            if stopped {
                stop(way, around);
            }
        }
    }

    /// Asks the protocols. Makes a session, or says what is wanted to ask again, or stops.
    fn find_protocol(&mut self, known: &mut Known, head: &[u8], emit: &mut Emit<'_>, around: &mut Around<'_>) {
        let Known::Probing(tries) = *known else {
            self.reset(true, around);
            return;
        };
        if let Some(len) = probe::proxy_header(head) {
            let way = self.way(emit.context.direction);
            (way.skip, way.wanted) = (len as u64, 0);
            return;
        }
        let shown = head.get(..MAX_HEAD).unwrap_or(head);
        around.budget.work.probes = around.budget.work.probes.saturating_add(1);
        match around.rows.ask(true, &emit.context, shown, &self.refused) {
            Answer::Row(row) => {
                *known = Known::Row(row);
                self.speaker = probe::id(row);
                emit.protocol = self.speaker;
                self.session = probe::protocol(row).and_then(|protocol| protocol.session());
                self.to_server.wanted = 0;
                self.to_client.wanted = 0;
                if self.session.is_none() {
                    self.reset(true, around);
                }
            }
            answer => {
                let tries = tries.saturating_add(if answer == Answer::Perhaps { 1 } else { NOBODY });
                *known = if tries >= MAX_TRIES || head.len() >= MAX_HEAD && answer == Answer::Perhaps {
                    Known::Nothing
                } else {
                    Known::Probing(tries)
                };
                if *known == Known::Nothing {
                    self.reset(true, around);
                }
                self.perhaps(answer, emit.context.direction, head.len());
            }
        }
    }

    /// Bytes that may turn out to be something are kept; others are let go and the next payload asked afresh.
    fn perhaps(&mut self, answer: Answer, direction: Direction, len: usize) {
        let way = self.way(direction);
        if answer == Answer::Perhaps {
            way.wanted = len.saturating_add(1);
        } else {
            way.wanted = 0;
            way.skip = len as u64;
        }
    }

    /// The bytes showed that who is client was guessed wrong: a fresh session reads them again the right way round.
    fn turn_round(&mut self, known: Known) {
        std::mem::swap(&mut self.to_server, &mut self.to_client);
        self.session = match known {
            Known::Row(row) => probe::protocol(row).and_then(|protocol| protocol.session()),
            Known::Probing(_) | Known::Nothing => None,
        };
    }
}

/// Puts into the list, in order, what of a segment no earlier one covers: the bytes that came first stand. Returns bytes kept.
fn insert_uncovered(held: &mut Vec<Held>, segment: &Segment<'_>) -> usize {
    let mut rest = Segment { ..*segment };
    let mut kept = 0_usize;
    let mut place = 0;
    // Each turn passes one of the segments held, of which there are few.
    while let Some(other) = held.get(place) {
        let end = other.seq.wrapping_add(len32(&other.bytes)).wrapping_add(other.cut);
        if before(rest.seq, other.seq) {
            let ahead = other.seq.wrapping_sub(rest.seq) as usize;
            let Some((front, behind)) = rest.bytes.split_at_checked(ahead) else { break };
            kept = kept.saturating_add(front.len());
            held.insert(place, Held { seq: rest.seq, bytes: front.to_vec(), cut: 0 });
            place = place.saturating_add(1);
            rest = Segment { seq: other_seq(held, place), bytes: behind, cut: rest.cut };
        }
        if before(rest.seq, end) {
            let covered = end.wrapping_sub(rest.seq) as usize;
            let Some(uncovered) = rest.bytes.get(covered..) else { return kept };
            rest = Segment { seq: end, bytes: uncovered, cut: rest.cut };
        }
        place = place.saturating_add(1);
    }
    if !rest.bytes.is_empty() || rest.cut > 0 {
        kept = kept.saturating_add(rest.bytes.len());
        let place = place.min(held.len());
        held.insert(place, Held { seq: rest.seq, bytes: rest.bytes.to_vec(), cut: rest.cut });
    }
    kept
}

fn other_seq(held: &[Held], place: usize) -> u32 {
    held.get(place).map_or(0, |other| other.seq)
}

fn stop(way: &mut Way, around: &mut Around<'_>) {
    let held: usize = way.held.iter().map(|held| held.bytes.len()).sum();
    around.budget.used = around.budget.used.saturating_sub(way.kept.len().saturating_add(held));
    way.stopped = true;
    way.kept = Vec::new();
    way.held = Vec::new();
}
