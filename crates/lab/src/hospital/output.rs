//! Where frames go: pcap, or pcapng with an interface for each mirror.

use std::io::{self, Write};

use capture::write::{PcapWriter, PcapngWriter};

use super::play::{Frame, Sink};
use super::site::Hospital;
use crate::scene::ETHERNET;

/// Writes frames as they come.
pub enum Capture<W: Write> {
    /// One history of all mirrors.
    Pcap(PcapWriter<W>),
    /// An interface for each mirror.
    Pcapng(PcapngWriter<W>),
}

impl<W: Write> Capture<W> {
    /// Begins a pcap.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn pcap(out: W) -> io::Result<Self> {
        Ok(Self::Pcap(PcapWriter::new(out, ETHERNET, 262_144)?))
    }

    /// Begins a pcapng.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn pcapng(out: W, hospital: &Hospital) -> io::Result<Self> {
        let mut writer = PcapngWriter::new(out)?;
        for mirror in &hospital.mirrors {
            writer.interface(ETHERNET, 0, &mirror.name)?;
        }
        Ok(Self::Pcapng(writer))
    }

    /// Gives the stream back.
    ///
    /// # Errors
    /// Those of flushing `out`.
    pub fn finish(self) -> io::Result<W> {
        match self {
            Self::Pcap(writer) => writer.finish(),
            Self::Pcapng(writer) => writer.finish(),
        }
    }
}

impl<W: Write> Sink for Capture<W> {
    fn frame(&mut self, frame: &Frame<'_>) -> io::Result<()> {
        let length = frame.bytes.len() as u32;
        match self {
            Self::Pcap(writer) => writer.frame(frame.time, frame.bytes, length),
            Self::Pcapng(writer) => writer.frame(frame.mirror.into(), frame.time, frame.bytes, length),
        }
    }
}
