//! Streams of messages that say their own length: one way to cut them, to skip what is of no interest, and to find the place
//! again where bytes were lost.

use crate::fact::Sink;
use crate::protocol::{Context, Direction, MAX_WANTED, Next, Session, Step};

/// What stands at the front of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Frame {
    /// So many bytes are needed to tell.
    More(usize),
    /// A message of `total` bytes, of which the first `wanted` are worth reading together.
    Message {
        /// Length of all of it.
        total: u64,
        /// What the decoder reads of it. No more than `total` and [`MAX_WANTED`]; larger wishes are cut to these.
        wanted: usize,
    },
    /// Bytes that are for this protocol's taste only in part: let go of so many and look again.
    Pass(u64),
    /// From here on, nothing used, this: mostly [`Next::Become`].
    Leave(Next),
    /// No message of this protocol.
    Bad,
}

impl Frame {
    /// A message of which everything is read, up to `most` bytes.
    #[must_use]
    pub(crate) fn upto(total: usize, most: usize) -> Self {
        Self::Message { total: total as u64, wanted: total.min(most) }
    }
}

/// A decoder of such a stream.
pub(crate) trait Frames: Send {
    /// What stands at the front. Must not change state: it is asked again when more has come.
    fn frame(&self, context: &Context, bytes: &[u8]) -> Frame;

    /// Reads the wanted bytes of a message. `None`: on with the next message; else what to do, counted from behind the whole message.
    fn message(&mut self, context: &Context, bytes: &[u8], out: &mut dyn Sink) -> Option<Next>;

    /// The flow ended.
    fn end(&mut self, _context: &Context, _out: &mut dyn Sink) {}
}

/// The session of a decoder of framed messages.
pub(crate) struct Framed<T> {
    decoder: T,
    ways: [Way; 2],
}

#[derive(Clone, Copy, Default)]
struct Way {
    /// A message was read.
    begun: bool,
    /// Bytes were lost: look for the start of a message at the start of each delivery.
    lost: bool,
}

impl<T: Frames + 'static> Framed<T> {
    /// A session for a new flow.
    pub(crate) fn boxed(decoder: T) -> Option<Box<dyn Session>> {
        Some(Box::new(Self { decoder, ways: [Way::default(); 2] }))
    }
}

impl<T> Framed<T> {
    fn way(&mut self, direction: Direction) -> &mut Way {
        let [to_server, to_client] = &mut self.ways;
        match direction {
            Direction::ToServer => to_server,
            Direction::ToClient => to_client,
        }
    }
}

impl<T: Frames> Session for Framed<T> {
    fn data(&mut self, context: &Context, bytes: &[u8], out: &mut dyn Sink) -> Step {
        match self.decoder.frame(context, bytes) {
            Frame::More(wanted) if wanted > bytes.len() && wanted <= MAX_WANTED => Step { used: 0, next: Next::More(wanted) },
            Frame::Pass(count) => pass(bytes, count),
            Frame::Leave(next) => Step { used: 0, next },
            Frame::Message { total, wanted } => {
                let wanted = wanted.min(MAX_WANTED).min(usize::try_from(total).unwrap_or(usize::MAX)).max(1);
                let Some(head) = bytes.get(..wanted) else {
                    return Step { used: 0, next: Next::More(wanted) };
                };
                let way = self.way(context.direction);
                *way = Way { begun: true, lost: false };
                let left = total.saturating_sub(wanted as u64);
                match self.decoder.message(context, head, out) {
                    None if left == 0 => Step { used: wanted, next: Next::More(1) },
                    None => Step { used: wanted, next: Next::Skip(left) },
                    Some(next) => Step { used: wanted, next },
                }
            }
            Frame::More(_) | Frame::Bad => self.bad(context, bytes, out),
        }
    }

    fn gap(&mut self, context: &Context, _lost: u64, _out: &mut dyn Sink) -> Next {
        self.way(context.direction).lost = true;
        Next::More(1)
    }

    fn end(&mut self, context: &Context, out: &mut dyn Sink) {
        self.decoder.end(context, out);
    }
}

impl<T: Frames> Framed<T> {
    fn bad(&mut self, context: &Context, bytes: &[u8], out: &mut dyn Sink) -> Step {
        let way = *self.way(context.direction);
        if way.lost {
            // Messages mostly start segments: what does not begin one is let go of, in whole deliveries.
            return Step { used: bytes.len(), next: Next::More(1) };
        }
        if !way.begun {
            let next = if self.ways.iter().any(|way| way.begun) { Next::Stop } else { Next::NotMine };
            return Step { used: 0, next };
        }
        out.malformed("a message that does not begin as the protocol says");
        Step { used: bytes.len(), next: Next::Stop }
    }
}

fn pass(bytes: &[u8], count: u64) -> Step {
    let now = usize::try_from(count).unwrap_or(usize::MAX).min(bytes.len());
    let left = count.saturating_sub(now as u64);
    Step { used: now, next: if left == 0 { Next::More(1) } else { Next::Skip(left) } }
}

/// Remembers which of up to 64 things were said.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Said(u64);

impl Said {
    /// True the first time for this thing (0 to 63; greater ones share the last).
    pub(crate) fn first(&mut self, thing: u8) -> bool {
        let bit = 1_u64 << thing.min(63);
        let new = self.0 & bit == 0;
        self.0 |= bit;
        new
    }
}
