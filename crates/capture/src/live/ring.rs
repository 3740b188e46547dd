//! One ring, read frame by frame. What the kernel's headers say is checked like anything else that is read.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use model::Timestamp;

use super::kernel::{self, BLOCK_HEADER_BYTES, Socket};

/// Bytes of `struct tpacket3_hdr`, behind which the link-layer address stands.
const HEADER_BYTES: usize = 48;
/// Where the kind of a frame stands in `struct sockaddr_ll`.
const KIND_AT: usize = HEADER_BYTES + 10;
/// A VLAN tag.
pub(super) const TAG_BYTES: usize = 4;

/// How a frame came to the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Addressed to this machine.
    ToUs,
    /// Broadcast or multicast.
    ToGroup,
    /// Between others: what a mirror port shows.
    Passing,
    /// Sent by this machine.
    Sent,
}

/// A frame, lent from the ring.
#[derive(Clone, Copy, Debug)]
pub struct LiveFrame<'a> {
    /// When the kernel took it in.
    pub time: Timestamp,
    /// The frame, with the VLAN tag that the network card or the kernel had taken out.
    pub captured: &'a [u8],
    /// Its length on the wire in bytes, the tag included.
    pub wire_len: u32,
    /// How it came.
    pub direction: Direction,
}

/// One ring of an interface.
pub struct Ring {
    pub(super) socket: Socket,
    memory: kernel::Ring,
    block: usize,
    /// Frames left in the block that is being read, and where the next begins from the block's start; none between blocks.
    reading: Option<(u32, usize)>,
    /// Tags can be put back: the link layer is Ethernet.
    tagged: bool,
    /// What is sent is received here too, and so left out where it is sent.
    both_ways: bool,
    received: u64,
    dropped: u64,
    unread: u64,
}

/// Where a frame lies in the part of a block behind its description.
struct Place {
    time: Timestamp,
    start: usize,
    captured: usize,
    wire_len: u32,
    kind: u8,
    tag: Option<[u8; TAG_BYTES]>,
    next: usize,
}

impl Ring {
    pub(super) const fn new(socket: Socket, memory: kernel::Ring, tagged: bool, both_ways: bool) -> Self {
        Self { socket, memory, block: 0, reading: None, tagged, both_ways, received: 0, dropped: 0, unread: 0 }
    }

    /// The time of the next frame, where there is one.
    pub fn next_time(&mut self) -> Option<Timestamp> {
        self.place().map(|place| place.time)
    }

    /// The next frame, where there is one; it does not wait.
    pub fn next_frame(&mut self) -> Option<LiveFrame<'_>> {
        let place = self.place()?;
        if let Some((left, at)) = &mut self.reading {
            *left = left.saturating_sub(1);
            *at = place.next;
        }
        let frames = self.memory.block(self.block)?.frames;
        let (start, captured) = match place.tag {
            Some(tag) => (put_back(frames, &place, tag)?, place.captured.saturating_add(TAG_BYTES)),
            None => (place.start, place.captured),
        };
        let added = u32::try_from(captured.saturating_sub(place.captured)).unwrap_or_default();
        Some(LiveFrame {
            time: place.time,
            captured: frames.get(start..start.checked_add(captured)?)?,
            wire_len: place.wire_len.saturating_add(added),
            direction: direction(place.kind),
        })
    }

    /// Finds the next frame; goes on to the next block, and gives the old one back, when it is read to its end.
    fn place(&mut self) -> Option<Place> {
        // Each turn but the last gives a block back, so no more than all of them are looked at.
        for _ in 0..=self.memory.blocks() {
            if let Some(place) = self.place_in_block() {
                return Some(place);
            }
            self.reading.take()?;
            self.memory.give_back(self.block);
            self.block = self.block.saturating_add(1) % self.memory.blocks();
        }
        None
    }

    /// The next frame of the block that is being read.
    fn place_in_block(&mut self) -> Option<Place> {
        let (tagged, both_ways) = (self.tagged, self.both_ways);
        let block = self.memory.block(self.block)?;
        let (mut left, mut at) = self.reading.unwrap_or((block.count, block.first as usize));
        while left > 0 {
            let Some(place) = at.checked_sub(BLOCK_HEADER_BYTES).and_then(|at| read(block.frames, at, tagged)) else {
                // The kernel does not write such a block. Where it did, what is left of it cannot be found.
                self.unread = self.unread.saturating_add(left.into());
                break;
            };
            if !(both_ways && direction(place.kind) == Direction::Sent) {
                self.reading = Some((left, at));
                return Some(place);
            }
            (left, at) = (left.saturating_sub(1), place.next);
        }
        self.reading = Some((0, 0));
        None
    }

    /// Frames that the kernel had for this ring, and those of them that found no room in it, since it was opened.
    ///
    /// # Errors
    /// Where the kernel does not say.
    pub fn counted(&mut self) -> io::Result<(u64, u64)> {
        let (received, dropped) = self.socket.statistics()?;
        self.received = self.received.saturating_add(received.into());
        self.dropped = self.dropped.saturating_add(dropped.into());
        Ok((self.received, self.dropped.saturating_add(self.unread)))
    }

    /// The error that waits at the ring, which this takes away: the interface went down, or is gone.
    ///
    /// # Errors
    /// Where the kernel does not say.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.socket.take_error()
    }
}

impl AsFd for Ring {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// Waits until one of the rings has a block, or for so long, at most a minute. False when the time is over.
///
/// # Errors
/// Where the kernel cannot wait.
pub fn wait(rings: &[Ring], timeout: Duration) -> io::Result<bool> {
    let timeout_ms = u16::try_from(timeout.as_millis()).unwrap_or(u16::MAX).min(60_000);
    kernel::wait(rings.iter().map(|ring| &ring.socket), timeout_ms)
}

/// Reads the header of the frame that begins at a place behind the block's description.
fn read(frames: &[u8], at: usize, tagged: bool) -> Option<Place> {
    let header = frames.get(at..)?;
    let word = |offset: usize| header.get(offset..)?.first_chunk::<4>().map(|bytes| u32::from_ne_bytes(*bytes));
    let half = |offset: usize| header.get(offset..)?.first_chunk::<2>().map(|bytes| u16::from_ne_bytes(*bytes));
    let (next, seconds, nanos, captured, wire_len, status) = (word(0)?, word(4)?, word(8)?, word(12)?, word(16)?, word(20)?);
    let mac = usize::from(half(24)?);
    let (tci, tpid) = (word(32)?, half(36)?);
    let valid = |flag| tagged && status & flag != 0;
    let tag = valid(libc::TP_STATUS_VLAN_VALID).then(|| {
        let tpid = if valid(libc::TP_STATUS_VLAN_TPID_VALID) { tpid } else { 0x8100 };
        let ([t0, t1], [_, _, v0, v1]) = (tpid.to_be_bytes(), tci.to_be_bytes());
        [t0, t1, v0, v1]
    });
    let start = at.checked_add(mac)?;
    let captured = captured as usize;
    frames.get(start..start.checked_add(captured)?)?;
    // The last frame of a block says 0: no frame is read behind it.
    let next = at.checked_add(next as usize)?.checked_add(BLOCK_HEADER_BYTES)?;
    let time = Timestamp::from_parts(seconds.into(), nanos);
    Some(Place { time, start, captured, wire_len, kind: *header.get(KIND_AT)?, tag, next })
}

/// Puts a tag back between the addresses and the type: the addresses move into the room in front, which the ring was made with.
/// Returns where the frame begins then.
fn put_back(frames: &mut [u8], place: &Place, tag: [u8; TAG_BYTES]) -> Option<usize> {
    const ADDRESSES: usize = 12;
    if place.captured < ADDRESSES {
        return None;
    }
    let start = place.start.checked_sub(TAG_BYTES)?;
    let addresses_end = place.start.checked_add(ADDRESSES)?;
    frames.copy_within(place.start..addresses_end, start);
    frames.get_mut(addresses_end.checked_sub(TAG_BYTES)?..addresses_end)?.copy_from_slice(&tag);
    Some(start)
}

const fn direction(kind: u8) -> Direction {
    match kind {
        libc::PACKET_HOST => Direction::ToUs,
        libc::PACKET_BROADCAST | libc::PACKET_MULTICAST => Direction::ToGroup,
        libc::PACKET_OUTGOING => Direction::Sent,
        _ => Direction::Passing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame's header as the kernel writes it, its frame `mac` bytes behind its start.
    fn header(next: u32, captured: u32, status: u32, mac: u16, tag: (u32, u16)) -> Vec<u8> {
        let mut bytes = Vec::new();
        for word in [next, 1_700_000_000, 5, captured, captured, status] {
            bytes.extend_from_slice(&word.to_ne_bytes());
        }
        bytes.extend_from_slice(&mac.to_ne_bytes());
        bytes.extend_from_slice(&[0; 6]);
        bytes.extend_from_slice(&tag.0.to_ne_bytes());
        bytes.extend_from_slice(&tag.1.to_ne_bytes());
        bytes.resize(usize::from(mac), 0);
        bytes
    }

    #[test]
    fn a_tag_goes_back_where_it_was() {
        let status = libc::TP_STATUS_VLAN_VALID | libc::TP_STATUS_VLAN_TPID_VALID;
        let mut bytes = header(0, 16, status, 88, (0x2064, 0x88a8));
        bytes.extend_from_slice(b"ddddddssssss\x08\x00ip");
        let place = read(&bytes, 0, true).unwrap();
        assert_eq!(place.time, Timestamp::from_parts(1_700_000_000, 5));
        let start = put_back(&mut bytes, &place, place.tag.unwrap()).unwrap();
        assert_eq!(&bytes[start..], b"ddddddssssss\x88\xa8\x20\x64\x08\x00ip");
    }

    #[test]
    fn a_header_that_points_outside_is_no_frame() {
        let mut bytes = header(0, 16, 0, 88, (0, 0));
        bytes.extend_from_slice(&[0; 15]);
        assert!(read(&bytes, 0, true).is_none(), "one byte short");
        assert!(read(&bytes, usize::MAX, true).is_none());
        for len in 0..bytes.len() {
            assert!(read(&bytes[..len], 0, true).is_none());
        }
        assert!(read(&header(u32::MAX, u32::MAX, 0, u16::MAX, (0, 0)), 0, false).is_none());
    }
}
