//! A stream that is no capture: decompressed, from its beginning, for whoever can read it.

use std::io::{self, BufRead, Read};

use crate::buffer::Buffer;
use crate::open::Compression;

/// The bytes of a file or of standard input. Its errors are those of reading and of decompression.
pub struct Stream {
    buffer: Buffer,
    compression: Compression,
}

impl Stream {
    pub(crate) const fn new(buffer: Buffer, compression: Compression) -> Self {
        Self { buffer, compression }
    }

    /// How it is compressed.
    #[must_use]
    pub const fn compression(&self) -> Compression {
        self.compression
    }

    /// The first bytes that were not used yet, at most so many, and whether that is all.
    pub fn head(&mut self, most: usize) -> (&[u8], bool) {
        let is_all = self.buffer.peek(most).is_none();
        let head = self.buffer.available();
        (head.get(..most).unwrap_or(head), is_all)
    }

    /// Bytes that were used.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.buffer.offset()
    }
}

impl Read for Stream {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let ready = self.fill_buf()?;
        let count = ready.len().min(out.len());
        if let (Some(out), Some(ready)) = (out.get_mut(..count), ready.get(..count)) {
            out.copy_from_slice(ready);
        }
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Stream {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.buffer.is_at_end()
            && let Some(failure) = self.buffer.take_failure()
        {
            return Err(io::Error::other(failure.what.into_owned()));
        }
        Ok(self.buffer.available())
    }

    fn consume(&mut self, count: usize) {
        self.buffer.consume(count);
    }
}
