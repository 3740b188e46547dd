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

    /// Looks for a place behind the first byte, in a window that doubles up to `limit`, so that what is near costs little.
    /// `is_it` is given the window, a place in it, and whether the stream ends with it. Goes there; tells how far it was.
    pub fn seek(&mut self, limit: usize, is_it: impl Fn(&[u8], usize, bool) -> bool) -> Option<usize> {
        let mut window = FIRST_BYTES;
        loop {
            let ends_here = self.peek(window).is_none();
            let bytes = self.available();
            let bytes = bytes.get(..window).unwrap_or(bytes);
            if let Some(at) = (1..bytes.len()).find(|&at| is_it(bytes, at, ends_here)) {
                self.consume(at);
                return Some(at);
            }
            if ends_here || window >= limit {
                return None;
            }
            window = window.saturating_mul(2);
        }
    }

    /// Reads no further: what follows cannot be made sense of.
    pub fn close(&mut self) {
        self.consume(usize::MAX);
        self.ended = true;
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

    /// Moves what is unused to the front once the tail is too short, and grows where little would be left of it. A buffer is
    /// at least twice what is asked for, so that every byte is moved at most once for each that is used.
    fn make_room(&mut self, need: usize) {
        if self.start.saturating_add(need) <= self.bytes.len() {
            return;
        }
        self.bytes.copy_within(self.start..self.end, 0);
        self.end = self.end.saturating_sub(self.start);
        self.start = 0;
        // A stream that has come this far is long: fewer, larger reads.
        let far = usize::try_from(self.offset).unwrap_or(usize::MAX).clamp(FIRST_BYTES, USUAL_BYTES);
        let size = far.max(need.saturating_mul(2));
        if size > self.bytes.len() {
            self.bytes.resize(size, 0);
        }
    }
}
