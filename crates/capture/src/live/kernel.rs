//! The kernel's side of a packet socket: the one place in the project with `unsafe`.
//!
//! What is here: a socket that only receives, its options, and the ring of memory that it shares with the kernel
//! (`packet(7)` and the kernel's `Documentation/networking/packet_mmap.rst`). What is not here, on purpose: any call that sends.
//! The reader of frames in `ring.rs` is safe code and treats what the ring holds as hostile.
#![allow(unsafe_code)] // packet sockets and their shared memory have no safe interface in the standard library

use std::ffi::{c_int, c_void};
use std::io;
use std::mem::size_of;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::ptr::NonNull;
use std::slice;
use std::sync::atomic::{AtomicU32, Ordering};

/// Types of the kernel that are nothing but integers: any bytes are a value of them, and they have no padding that could be read.
trait Plain: Copy {}
impl Plain for c_int {}
impl Plain for libc::tpacket_req3 {}
impl Plain for libc::packet_mreq {}
impl Plain for libc::tpacket_stats_v3 {}

/// Length of an option's value, which is a few bytes.
#[allow(clippy::cast_possible_truncation)] // sizes of the types above
const fn len_of<T>() -> libc::socklen_t {
    size_of::<T>() as libc::socklen_t
}

fn done(result: c_int) -> io::Result<c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// A packet socket. It receives nothing until it is bound.
pub(super) struct Socket(OwnedFd);

impl Socket {
    pub(super) fn new() -> io::Result<Self> {
        // SAFETY: takes three integers and touches no memory of ours.
        let fd = done(unsafe { libc::socket(libc::AF_PACKET, libc::SOCK_RAW | libc::SOCK_CLOEXEC, 0) })?;
        // SAFETY: `fd` was just opened by the call above, and nobody else has it.
        Ok(Self(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    /// A socket that takes an IP protocol of its own, so that the kernel does not answer that nobody is there.
    pub(super) fn of_protocol(family: c_int, protocol: c_int) -> io::Result<Self> {
        // SAFETY: takes three integers and touches no memory of ours.
        let fd = done(unsafe { libc::socket(family, libc::SOCK_RAW | libc::SOCK_CLOEXEC, protocol) })?;
        // SAFETY: `fd` was just opened by the call above, and nobody else has it.
        Ok(Self(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    /// Takes a socket that was made elsewhere.
    pub(super) fn from(socket: impl Into<OwnedFd>) -> Self {
        Self(socket.into())
    }

    /// The number of an interface.
    pub(super) fn index_of(name: &str) -> io::Result<c_int> {
        let name = std::ffi::CString::new(name)?;
        // SAFETY: the argument is a string that ends with a nil and lives through the call.
        let index = unsafe { libc::if_nametoindex(name.as_ptr()) };
        match c_int::try_from(index) {
            Ok(index) if index > 0 => Ok(index),
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// From here on every frame of an interface is received.
    pub(super) fn bind(&self, interface: c_int) -> io::Result<()> {
        let address = libc::sockaddr_ll {
            sll_family: u16::try_from(libc::AF_PACKET).unwrap_or_default(),
            sll_protocol: u16::try_from(libc::ETH_P_ALL).unwrap_or_default().to_be(),
            sll_ifindex: interface,
            sll_hatype: 0,
            sll_pkttype: 0,
            sll_halen: 0,
            sll_addr: [0; 8],
        };
        // SAFETY: the address is a whole `sockaddr_ll` that lives through the call, and its true length is given.
        let result = unsafe { libc::bind(self.0.as_raw_fd(), (&raw const address).cast(), len_of::<libc::sockaddr_ll>()) };
        done(result).map(drop)
    }

    /// The kind of the interface that the socket is bound to (`ARPHRD_…`).
    pub(super) fn hardware(&self) -> io::Result<u16> {
        // SAFETY: a structure of integers, for which zeros are a value.
        let mut address: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
        let mut len = len_of::<libc::sockaddr_ll>();
        // SAFETY: the kernel writes at most `len` bytes, which is the size of `address`; both live through the call.
        let result = unsafe { libc::getsockname(self.0.as_raw_fd(), (&raw mut address).cast(), &raw mut len) };
        done(result).map(|_| address.sll_hatype)
    }

    /// Sets an option of packet sockets.
    fn set<T: Plain>(&self, option: c_int, value: &T) -> io::Result<()> {
        let value: *const T = value;
        // SAFETY: the value is a whole `T` that lives through the call, its true length is given, and the kernel only reads it.
        let result = unsafe { libc::setsockopt(self.0.as_raw_fd(), libc::SOL_PACKET, option, value.cast(), len_of::<T>()) };
        done(result).map(drop)
    }

    /// Reads an option.
    fn get<T: Plain>(&self, level: c_int, option: c_int, mut value: T) -> io::Result<T> {
        let mut len = len_of::<T>();
        // SAFETY: the kernel writes at most `len` bytes, which is the size of `value`; both live through the call, and whatever
        // bytes it writes are a `T`.
        let result = unsafe { libc::getsockopt(self.0.as_raw_fd(), level, option, (&raw mut value).cast(), &raw mut len) };
        done(result).map(|_| value)
    }

    pub(super) fn set_number(&self, option: c_int, value: c_int) -> io::Result<()> {
        self.set(option, &value)
    }

    pub(super) fn number(&self, option: c_int) -> io::Result<c_int> {
        self.get(libc::SOL_PACKET, option, 0)
    }

    /// The interface gives every frame, not only those to this machine, for as long as the socket is open.
    pub(super) fn be_promiscuous(&self, interface: c_int) -> io::Result<()> {
        let membership = libc::packet_mreq {
            mr_ifindex: interface,
            mr_type: u16::try_from(libc::PACKET_MR_PROMISC).unwrap_or_default(),
            mr_alen: 0,
            mr_address: [0; 8],
        };
        self.set(libc::PACKET_ADD_MEMBERSHIP, &membership)
    }

    /// Frames received and dropped since the last call.
    pub(super) fn statistics(&self) -> io::Result<(u32, u32)> {
        let nothing = libc::tpacket_stats_v3 { tp_packets: 0, tp_drops: 0, tp_freeze_q_cnt: 0 };
        let counted = self.get(libc::SOL_PACKET, libc::PACKET_STATISTICS, nothing)?;
        Ok((counted.tp_packets, counted.tp_drops))
    }

    /// The error that waits at the socket, which this takes away: the interface went down or is gone.
    pub(super) fn take_error(&self) -> io::Result<Option<io::Error>> {
        let error = self.get(libc::SOL_SOCKET, libc::SO_ERROR, 0)?;
        Ok((error != 0).then(|| io::Error::from_raw_os_error(error)))
    }

    /// Takes what a classic BPF program lets through (`SO_ATTACH_FILTER`), or is told by it which ring a frame goes to
    /// (`PACKET_FANOUT_DATA`).
    pub(super) fn set_program(&self, level: c_int, option: c_int, program: &[Instruction]) -> io::Result<()> {
        let mut program: Vec<libc::sock_filter> =
            program.iter().map(|&(code, jt, jf, k)| libc::sock_filter { code, jt, jf, k }).collect();
        let len = u16::try_from(program.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
        let argument = libc::sock_fprog { len, filter: program.as_mut_ptr() };
        // SAFETY: `argument` names `len` instructions that live through the call; the kernel copies and checks them.
        let result = unsafe {
            libc::setsockopt(self.0.as_raw_fd(), level, option, (&raw const argument).cast(), len_of::<libc::sock_fprog>())
        };
        done(result).map(drop)
    }

    /// Takes the filter away.
    pub(super) fn let_through(&self) -> io::Result<()> {
        let nothing: c_int = 0;
        let value: *const c_int = &raw const nothing;
        // SAFETY: an integer that lives through the call; the kernel does not look at it.
        let result = unsafe {
            libc::setsockopt(self.0.as_raw_fd(), libc::SOL_SOCKET, libc::SO_DETACH_FILTER, value.cast(), len_of::<c_int>())
        };
        done(result).map(drop)
    }

    /// Makes the ring: so many blocks of so many bytes, each handed over when it is full or `retire_ms` old.
    pub(super) fn ring(&self, blocks: u32, block_bytes: u32, retire_ms: u32) -> io::Result<Ring> {
        const FRAME_BYTES: u32 = 2048;
        let request = libc::tpacket_req3 {
            tp_block_size: block_bytes,
            tp_block_nr: blocks,
            // Frames are as long as they are in this version of the ring: the kernel only checks that these agree.
            tp_frame_size: FRAME_BYTES,
            tp_frame_nr: (block_bytes / FRAME_BYTES).saturating_mul(blocks),
            tp_retire_blk_tov: retire_ms,
            tp_sizeof_priv: 0,
            tp_feature_req_word: 0,
        };
        self.set(libc::PACKET_RX_RING, &request)?;
        let (blocks, block_bytes) = (blocks as usize, block_bytes as usize);
        let len = blocks.checked_mul(block_bytes).ok_or(io::ErrorKind::InvalidInput)?;
        // SAFETY: asks for new memory, at an address of the kernel's choice; `len` is what the ring was made with.
        let start = unsafe {
            let protection = libc::PROT_READ | libc::PROT_WRITE;
            libc::mmap(std::ptr::null_mut(), len, protection, libc::MAP_SHARED, self.0.as_raw_fd(), 0)
        };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let start = NonNull::new(start.cast::<u8>()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Ring { start, blocks, block_bytes })
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// An instruction of classic BPF: code, jump when true, jump when false, operand.
pub(super) type Instruction = (u16, u8, u8, u32);

/// The memory that is shared with the kernel, in blocks. A block is either the kernel's or ours, as its status says.
pub(super) struct Ring {
    start: NonNull<u8>,
    blocks: usize,
    block_bytes: usize,
}

// SAFETY: the memory belongs to the one `Ring`, whose methods that reach it for writing take it by `&mut`; nothing in it depends
// on the thread.
unsafe impl Send for Ring {}

/// Where a block's status lies, in bytes from its start (`struct tpacket_block_desc`: version, offset to private data, status).
const STATUS_AT: usize = 8;
/// Bytes of a block before which no frame begins: its description.
pub(super) const BLOCK_HEADER_BYTES: usize = size_of::<libc::tpacket_block_desc>();

impl Ring {
    pub(super) const fn blocks(&self) -> usize {
        self.blocks
    }

    /// Where a block begins.
    fn block_start(&self, block: usize) -> NonNull<u8> {
        let offset = (block % self.blocks).saturating_mul(self.block_bytes);
        // SAFETY: `block % blocks` is a block of the ring, so the offset lies within the mapping, which is `blocks * block_bytes`
        // long (multiplied with a check when it was made).
        unsafe { self.start.add(offset) }
    }

    fn status(&self, block: usize) -> &AtomicU32 {
        // SAFETY: the status lies in the mapping, since a block is at least a page; it is aligned, since blocks begin at pages; the
        // mapping lives as long as `self`; and both the kernel and this program reach it only as one whole word.
        unsafe { AtomicU32::from_ptr(self.block_start(block).add(STATUS_AT).cast().as_ptr()) }
    }

    /// The kernel has handed the block over.
    pub(super) fn is_ours(&self, block: usize) -> bool {
        // Acquire: what the kernel wrote into the block before it set the status is seen after this.
        self.status(block).load(Ordering::Acquire) & libc::TP_STATUS_USER != 0
    }

    /// A block that was handed over, without its status: the part behind [`BLOCK_HEADER_BYTES`] as `frames`, and before it how many
    /// frames there are and where in the block the first begins. `None` where the block is the kernel's.
    pub(super) fn block(&mut self, block: usize) -> Option<Block<'_>> {
        if !self.is_ours(block) {
            return None;
        }
        let start = self.block_start(block);
        // SAFETY: the block is ours, so the kernel writes nothing in it until it is given back, which takes `&mut self` and so ends
        // this borrow; the description lies within the block and is aligned, as above.
        let description = unsafe { start.cast::<libc::tpacket_block_desc>().as_ref().hdr.bh1 };
        // SAFETY: within the block, which is `block_bytes` long and longer than its description; ours as above, and the slice leaves
        // out the status, which the kernel may look at meanwhile.
        let frames = unsafe {
            slice::from_raw_parts_mut(start.add(BLOCK_HEADER_BYTES).as_ptr(), self.block_bytes.saturating_sub(BLOCK_HEADER_BYTES))
        };
        Some(Block { count: description.num_pkts, first: description.offset_to_first_pkt, frames })
    }

    /// Gives a block back to the kernel, to be filled again.
    pub(super) fn give_back(&mut self, block: usize) {
        // Release: what was read and written in the block is done before the kernel sees the status.
        self.status(block).store(libc::TP_STATUS_KERNEL, Ordering::Release);
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        let len = self.blocks.saturating_mul(self.block_bytes);
        // SAFETY: exactly what was mapped, and nothing borrows from it any more. A failure leaves the mapping, which harms nobody.
        let _ = unsafe { libc::munmap(self.start.as_ptr().cast::<c_void>(), len) };
    }
}

/// A block of the ring.
pub(super) struct Block<'a> {
    /// Frames in it.
    pub(super) count: u32,
    /// Where the first begins, in bytes from the start of the block.
    pub(super) first: u32,
    /// The block from [`BLOCK_HEADER_BYTES`] on.
    pub(super) frames: &'a mut [u8],
}

/// Waits until one of the sockets has something, or for so long. False when the time is over.
pub(super) fn wait<'a>(sockets: impl Iterator<Item = &'a Socket>, timeout_ms: u16) -> io::Result<bool> {
    let mut waited: Vec<libc::pollfd> =
        sockets.map(|socket| libc::pollfd { fd: socket.0.as_raw_fd(), events: libc::POLLIN, revents: 0 }).collect();
    let count = libc::nfds_t::try_from(waited.len()).unwrap_or_default();
    // SAFETY: `count` entries that live through the call; the kernel writes only into them.
    match done(unsafe { libc::poll(waited.as_mut_ptr(), count, c_int::from(timeout_ms)) }) {
        Ok(ready) => Ok(ready > 0),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(false),
        Err(error) => Err(error),
    }
}

/// What the kernel says of this machine's clock (`adjtimex(2)`, asked and not set): whether something keeps it right, and by how
/// much it may be wrong, in microseconds.
pub(super) fn clock_state() -> io::Result<(bool, u64)> {
    // SAFETY: a structure of integers, for which zeros are a value.
    let mut state: libc::timex = unsafe { std::mem::zeroed() };
    // SAFETY: a whole `timex` that lives through the call; its mode is 0, which only reads.
    let answer = done(unsafe { libc::adjtimex(&raw mut state) })?;
    let right = answer != libc::TIME_ERROR && state.status & libc::STA_UNSYNC == 0;
    Ok((right, u64::try_from(state.maxerror).unwrap_or(u64::MAX)))
}
