//! One capture, read frame by frame.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use model::Timestamp;

use crate::buffer::Buffer;
use crate::damage::Damage;
use crate::open::{Compression, decompressed};
use crate::pcap::Pcap;
use crate::pcapng::Pcapng;
use crate::stream::Stream;
use crate::{MAX_FRAME_BYTES, USUAL_FRAME_BYTES, detect};

/// How a capture is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// libpcap's (draft-ietf-opsawg-pcap).
    Pcap,
    /// pcapng (draft-ietf-opsawg-pcapng).
    Pcapng,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pcap => "pcap",
            Self::Pcapng => "pcapng",
        })
    }
}

/// A frame, lent from the reader's buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// When it was captured. A simple packet of pcapng has no time of its own and takes that of the frame before it.
    pub time: Timestamp,
    /// Link-layer header type, as pcap numbers them.
    pub link: u16,
    /// What was captured, without a frame check sequence that the capture declares.
    pub captured: &'a [u8],
    /// Its length on the wire, in bytes; at least that of `captured`.
    pub wire_len: u32,
    /// Which of the capture's interfaces saw it: an index into [`Reader::interfaces`].
    pub interface: u32,
    /// Its number in the file, from 1.
    pub number: u64,
    /// Where its record begins, in bytes from the start of the decompressed stream.
    pub offset: u64,
}

/// An interface that a capture describes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interface {
    /// Link-layer header type.
    pub link: u16,
    /// Its name, where the capture gives one.
    pub name: Option<String>,
    /// The most bytes of a frame that were captured; 0 is no limit.
    pub snap_len: u32,
    /// Frames that the capturing system says it lost here (`isb_ifdrop` and `isb_osdrop`).
    pub dropped: Option<u64>,
}

/// The most interfaces that are described; frames of further ones are read too.
pub(crate) const MAX_INTERFACES: usize = 4096;

/// Where a frame lies in the buffer.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Record {
    pub time: Timestamp,
    pub link: u16,
    /// Bytes of record header before the frame.
    pub header: usize,
    pub captured: usize,
    pub wire_len: u32,
    pub interface: u32,
    pub number: u64,
    pub offset: u64,
}

/// Reads one capture of any kind, from any stream. Damage is no end: ask again for what comes behind it.
pub struct Reader {
    buffer: Buffer,
    body: Body,
    compression: Compression,
    hold: usize,
    /// The frame that was found last, and in it how many were found.
    record: Record,
    ended: bool,
}

enum Body {
    Pcap(Pcap),
    Pcapng(Box<Pcapng>),
}

/// What a step in a capture found.
pub(crate) enum Step {
    /// A frame, in a record of so many bytes, described where the caller keeps it.
    Frame(usize),
    /// The end.
    End,
}

impl Reader {
    /// Opens a capture file.
    ///
    /// # Errors
    /// When the file cannot be opened or is no capture.
    pub fn open(path: &Path) -> Result<Self, Damage> {
        let file = File::open(path).map_err(|error| cannot_open(&error))?;
        Self::new(file)
    }

    /// Reads a capture from a stream, whose first bytes say what it is.
    ///
    /// # Errors
    /// When the stream cannot be read or is no capture.
    pub fn new(input: impl Read + Send + 'static) -> Result<Self, Damage> {
        match Opened::of(input)? {
            Opened::Capture(reader) => Ok(reader),
            Opened::Other(_, damage) => Err(damage),
        }
    }

    /// The next frame; `None` at the end.
    ///
    /// # Errors
    /// When something was broken. The damaged part is behind then, and the next call reads on where that is possible.
    #[allow(clippy::should_implement_trait)] // it lends from its own buffer, which `Iterator` cannot
    pub fn next(&mut self) -> Result<Option<Frame<'_>>, Damage> {
        let found = self.advance()?;
        Ok(if found { self.frame() } else { None })
    }

    /// Goes to the next frame without lending it; false at the end.
    #[inline]
    pub(crate) fn advance(&mut self) -> Result<bool, Damage> {
        if self.ended {
            return Ok(false);
        }
        self.buffer.consume(self.hold);
        self.hold = 0;
        // The record is written where it stays: it is read soon, and in other words than it is written.
        let step = match &mut self.body {
            Body::Pcap(pcap) => pcap.step(&mut self.buffer, &mut self.record),
            Body::Pcapng(pcapng) => pcapng.step(&mut self.buffer, &mut self.record),
        };
        match step? {
            Step::Frame(length) => {
                self.record.number = self.record.number.saturating_add(1);
                self.hold = length;
                Ok(true)
            }
            Step::End => {
                self.ended = true;
                // Frames can end exactly where the compressed data was cut: then only the decompressor knows.
                self.buffer.take_failure().map_or(Ok(false), Err)
            }
        }
    }

    /// When the frame that [`Reader::advance`] found last was captured.
    #[inline]
    pub(crate) const fn time(&self) -> Timestamp {
        self.record.time
    }

    /// Lends the frame that [`Reader::advance`] found last.
    #[inline]
    pub(crate) fn frame(&self) -> Option<Frame<'_>> {
        let record = &self.record;
        let end = record.header.checked_add(record.captured)?;
        Some(Frame {
            time: record.time,
            link: record.link,
            captured: self.buffer.available().get(record.header..end)?,
            wire_len: record.wire_len,
            interface: record.interface,
            number: record.number,
            offset: record.offset,
        })
    }

    /// How the capture is written.
    #[must_use]
    pub const fn format(&self) -> Format {
        match self.body {
            Body::Pcap(_) => Format::Pcap,
            Body::Pcapng(_) => Format::Pcapng,
        }
    }

    /// How the capture is compressed.
    #[must_use]
    pub const fn compression(&self) -> Compression {
        self.compression
    }

    /// The interfaces that were described so far, in the capture's order over all its sections.
    #[must_use]
    pub fn interfaces(&self) -> &[Interface] {
        match &self.body {
            Body::Pcap(pcap) => std::slice::from_ref(&pcap.interface),
            Body::Pcapng(pcapng) => &pcapng.described,
        }
    }

    /// Frames that the capturing system says it lost, as far as was read; `None` where the capture does not say.
    #[must_use]
    pub fn dropped(&self) -> Option<u64> {
        match &self.body {
            Body::Pcap(_) => None,
            Body::Pcapng(pcapng) => pcapng.dropped(),
        }
    }

    /// Bytes of the decompressed stream that are behind.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.buffer.offset()
    }
}

pub(crate) fn cannot_open(error: &std::io::Error) -> Damage {
    Damage::new(0, format!("cannot be read: {error}"), "check the name and the right to read it")
}

/// What a stream turned out to be.
pub(crate) enum Opened {
    Capture(Reader),
    /// No capture: the stream from its beginning, and what to say of it where nobody wants it.
    Other(Stream, Damage),
}

impl Opened {
    /// Looks at the first bytes.
    pub(crate) fn of(input: impl Read + Send + 'static) -> Result<Self, Damage> {
        let (compression, stream) = decompressed(Box::new(input)).map_err(|error| cannot_open(&error))?;
        let mut buffer = Buffer::new(stream);
        let body = match body_of(&mut buffer) {
            Some(Format::Pcap) => Body::Pcap(Pcap::begin(&mut buffer)?),
            Some(Format::Pcapng) => Body::Pcapng(Box::default()),
            None => {
                let damage = no_capture(&mut buffer, compression)?;
                return Ok(Self::Other(Stream::new(buffer, compression), damage));
            }
        };
        Ok(Self::Capture(Reader { buffer, body, compression, hold: 0, record: Record::default(), ended: false }))
    }
}

/// Bytes that are looked at to tell what a stream is.
const HEAD_BYTES: usize = 512;

/// Says which format begins here, if one does.
fn body_of(buffer: &mut Buffer) -> Option<Format> {
    let _ = buffer.peek(HEAD_BYTES);
    let head = buffer.available();
    if head.starts_with(&[0x0a, 0x0d, 0x0d, 0x0a]) {
        return Some(Format::Pcapng);
    }
    Pcap::is_magic(head).then_some(Format::Pcap)
}

/// Says what begins here instead. That it cannot be read is an error.
fn no_capture(buffer: &mut Buffer, compression: Compression) -> Result<Damage, Damage> {
    let head = buffer.available();
    let (what, hint) = detect::name(head.get(..HEAD_BYTES).unwrap_or(head));
    if let Some(failure) = buffer.take_failure() {
        return Err(failure);
    }
    Ok(match compression {
        Compression::None => Damage::new(0, format!("not a capture but {what}"), hint),
        packed => Damage::new(0, format!("not a capture but {what}, compressed with {packed}"), hint),
    })
}

/// The largest frame to accept in a capture that states this snap length.
pub(crate) fn frame_limit(snap_len: u32) -> usize {
    usize::try_from(snap_len).unwrap_or(usize::MAX).clamp(USUAL_FRAME_BYTES, MAX_FRAME_BYTES)
}

/// Takes a frame check sequence off: (captured, length on the wire).
pub(crate) fn without_fcs(captured: usize, wire_len: u32, fcs_bytes: u32) -> (usize, u32) {
    if fcs_bytes == 0 || wire_len <= fcs_bytes {
        return (captured, wire_len);
    }
    let wire_len = wire_len.saturating_sub(fcs_bytes);
    (captured.min(usize::try_from(wire_len).unwrap_or(usize::MAX)), wire_len)
}
