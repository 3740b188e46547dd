//! Small writers of pcap and pcapng, to the nanosecond, for tests and the lab.

use std::io::{self, Write};

use model::Timestamp;

/// Writes pcap: little-endian, nanoseconds.
pub struct PcapWriter<W: Write> {
    out: W,
}

impl<W: Write> PcapWriter<W> {
    /// Begins a capture of one link type.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn new(mut out: W, link: u16, snap_len: u32) -> io::Result<Self> {
        out.write_all(&0xa1b2_3c4d_u32.to_le_bytes())?;
        out.write_all(&[2, 0, 4, 0])?;
        out.write_all(&[0; 8])?;
        out.write_all(&snap_len.to_le_bytes())?;
        out.write_all(&u32::from(link).to_le_bytes())?;
        Ok(Self { out })
    }

    /// Writes a frame of which `captured` was captured. Times before 1970 and after 2106 cannot be written and are written as
    /// the nearest that can.
    ///
    /// # Errors
    /// Those of `out`, and a frame past 4 GiB.
    pub fn frame(&mut self, time: Timestamp, captured: &[u8], wire_len: u32) -> io::Result<()> {
        let nanos = u64::try_from(time.nanos()).unwrap_or(0);
        let seconds = u32::try_from(nanos / 1_000_000_000).unwrap_or(u32::MAX);
        let fraction = u32::try_from(nanos % 1_000_000_000).unwrap_or(0);
        self.out.write_all(&seconds.to_le_bytes())?;
        self.out.write_all(&fraction.to_le_bytes())?;
        self.out.write_all(&length(captured)?.to_le_bytes())?;
        self.out.write_all(&wire_len.to_le_bytes())?;
        self.out.write_all(captured)
    }

    /// Gives the stream back.
    ///
    /// # Errors
    /// Those of flushing `out`.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }
}

/// Writes pcapng: one little-endian section, nanoseconds.
pub struct PcapngWriter<W: Write> {
    out: W,
}

impl<W: Write> PcapngWriter<W> {
    /// Begins a section.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn new(out: W) -> io::Result<Self> {
        let mut writer = Self { out };
        let mut body = 0x1a2b_3c4d_u32.to_le_bytes().to_vec();
        body.extend([1, 0, 0, 0]);
        body.extend([0xff; 8]);
        writer.block(0x0a0d_0d0a, &body)?;
        Ok(writer)
    }

    /// Describes the next interface; they are numbered from 0.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn interface(&mut self, link: u16, snap_len: u32, name: &str) -> io::Result<()> {
        let mut body = link.to_le_bytes().to_vec();
        body.extend([0, 0]);
        body.extend(snap_len.to_le_bytes());
        put_option(&mut body, 2, name.as_bytes());
        put_option(&mut body, 9, &[9]);
        put_option(&mut body, 0, &[]);
        self.block(1, &body)
    }

    /// Writes a frame that an interface saw.
    ///
    /// # Errors
    /// Those of `out`, and a frame past 4 GiB.
    pub fn frame(&mut self, interface: u32, time: Timestamp, captured: &[u8], wire_len: u32) -> io::Result<()> {
        let ticks = u64::try_from(time.nanos()).unwrap_or(0);
        let (high, low) = (ticks >> 32, ticks & 0xffff_ffff);
        let mut body = interface.to_le_bytes().to_vec();
        for half in [high, low] {
            body.extend(u32::try_from(half).unwrap_or(u32::MAX).to_le_bytes());
        }
        body.extend(length(captured)?.to_le_bytes());
        body.extend(wire_len.to_le_bytes());
        body.extend(captured);
        pad(&mut body);
        self.block(6, &body)
    }

    /// Writes how many frames an interface lost.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn statistics(&mut self, interface: u32, time: Timestamp, dropped: u64) -> io::Result<()> {
        let ticks = u64::try_from(time.nanos()).unwrap_or(0);
        let mut body = interface.to_le_bytes().to_vec();
        for half in [ticks >> 32, ticks & 0xffff_ffff] {
            body.extend(u32::try_from(half).unwrap_or(u32::MAX).to_le_bytes());
        }
        put_option(&mut body, 5, &dropped.to_le_bytes());
        put_option(&mut body, 0, &[]);
        self.block(5, &body)
    }

    /// Writes any block; `body` must be padded to four bytes.
    ///
    /// # Errors
    /// Those of `out`, and a block past 4 GiB.
    pub fn block(&mut self, kind: u32, body: &[u8]) -> io::Result<()> {
        let length = length(body)?.saturating_add(12);
        self.out.write_all(&kind.to_le_bytes())?;
        self.out.write_all(&length.to_le_bytes())?;
        self.out.write_all(body)?;
        self.out.write_all(&length.to_le_bytes())
    }

    /// Gives the stream back.
    ///
    /// # Errors
    /// Those of flushing `out`.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }
}

fn put_option(body: &mut Vec<u8>, code: u16, value: &[u8]) {
    body.extend(code.to_le_bytes());
    body.extend(u16::try_from(value.len()).unwrap_or(u16::MAX).to_le_bytes());
    body.extend(value);
    pad(body);
}

fn pad(body: &mut Vec<u8>) {
    body.resize(body.len().next_multiple_of(4), 0);
}

fn length(bytes: &[u8]) -> io::Result<u32> {
    u32::try_from(bytes.len()).map_err(|_| io::Error::other("too long for a capture"))
}
