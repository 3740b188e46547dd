//! One buffer over a byte stream: frames are lent from it, so nothing is copied and memory stays constant.

use std::io::{ErrorKind, Read};

use crate::damage::{Damage, hint};

/// What the buffer starts with: enough for a small file, so that thousands can wait for their turn.
const FIRST_BYTES: usize = 8 * 1024;

/// What the buffer grows to while a large file is read. Only a larger frame makes it larger.
const USUAL_BYTES: usize = 256 * 1024;

/// Bytes that were read and not yet used, and where they stand in the stream.
pub(crate) struct Buffer {
    input: Box<dyn Read + Send>,
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    offset: u64,
    ended: bool,
    failure: Option<String>,
}

impl Buffer {
    pub fn new(input: Box<dyn Read + Send>) -> Self {
        Self { input, bytes: Vec::new(), start: 0, end: 0, offset: 0, ended: false, failure: None }
    }

    /// Where the next unused byte stands in the stream.
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// What is buffered and unused.
    pub fn available(&self) -> &[u8] {
        self.bytes.get(self.start..self.end).unwrap_or_default()
    }

    /// The next `count` bytes, read if need be; `None` where the stream ends before.
    #[inline]
    pub fn peek(&mut self, count: usize) -> Option<&[u8]> {
        if self.end.saturating_sub(self.start) < count && !self.fill(count) {
            return None;
        }
        self.available().get(..count)
    }

    /// The next `N` bytes as an array.
    #[inline]
    pub fn peek_array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.peek(N).and_then(|bytes| bytes.first_chunk().copied())
    }

    /// Lets go of bytes that are buffered.
    #[inline]
    pub fn consume(&mut self, count: usize) {
        let count = count.min(self.end.saturating_sub(self.start));
        self.start = self.start.saturating_add(count);
        self.offset = self.offset.saturating_add(count as u64);
    }

    /// Lets go of any number of bytes, reading them if need be. False where the stream ends before.
    pub fn skip(&mut self, mut count: u64) -> bool {
        while count > 0 {
            if self.start == self.end && !self.fill(1) {
                return false;
            }
            let now = usize::try_from(count).unwrap_or(usize::MAX).min(self.end.saturating_sub(self.start));
            self.consume(now);
            count = count.saturating_sub(now as u64);
        }
        true
    }

    /// Everything was used and nothing more comes.
    pub fn is_at_end(&mut self) -> bool {
        self.start == self.end && !self.fill(1)
    }

    /// Why the stream ended, where that was not its proper end. Told once.
    pub fn take_failure(&mut self) -> Option<Damage> {
        self.failure.take().map(|failure| Damage::new(self.offset, failure, hint::COMPRESSED))
    }

    /// The damage of a stream that ends inside of something.
    pub fn cut(&mut self, what: String) -> Damage {
        match self.failure.take() {
            Some(failure) => Damage::new(self.offset, format!("{what}; {failure}"), hint::COMPRESSED),
            None => Damage::new(self.offset, what, hint::CUT),
        }
    }

    /// Reads until `need` bytes are there. False where the stream ends before.
    #[cold]
    fn fill(&mut self, need: usize) -> bool {
        while self.end.saturating_sub(self.start) < need {
            if self.ended {
                return false;
            }
            self.make_room(need);
            let Some(space) = self.bytes.get_mut(self.end..) else {
                return false;
            };
            match self.input.read(space) {
                Ok(0) => self.ended = true,
                Ok(count) => self.end = self.end.saturating_add(count).min(self.bytes.len()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    self.ended = true;
                    self.failure = Some(error.to_string());
                }
            }
        }
        true
    }

    /// Moves what is unused to the front where that makes the room, else grows, by doubling.
    fn make_room(&mut self, need: usize) {
        if self.start > 0 {
            self.bytes.copy_within(self.start..self.end, 0);
            self.end = self.end.saturating_sub(self.start);
            self.start = 0;
        }
        let full = self.end == self.bytes.len();
        if need > self.bytes.len() || (full && self.bytes.len() < USUAL_BYTES) || self.grows() {
            let doubled = self.bytes.len().saturating_mul(2).clamp(FIRST_BYTES, USUAL_BYTES);
            self.bytes.resize(doubled.max(need).max(self.bytes.len()), 0);
        }
    }

    /// A stream that has come this far is long: fewer, larger reads.
    const fn grows(&self) -> bool {
        self.bytes.len() < USUAL_BYTES && self.offset >= self.bytes.len() as u64
    }
}
