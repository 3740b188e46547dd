//! An interface: its rings, and what the kernel counts of it.

use std::ffi::c_int;
use std::fs::File;
use std::io::{self, Read as _, Seek as _};
use std::path::{Path, PathBuf};

use super::LiveError;
use super::kernel::Socket;
use super::quiet::NOTHING;
use super::ring::{Ring, TAG_BYTES};
use super::spread;

/// How an interface is captured from.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Rings to open: one for each thread that reads.
    pub rings: u16,
    /// Memory of all rings of the interface together, in bytes: what arrives while nobody reads waits there.
    pub buffer_bytes: u64,
    /// A block that is not full is handed over after this long, in milliseconds.
    pub retire_ms: u32,
    /// Have the interface give all frames, not only those to this machine.
    pub promiscuous: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { rings: 1, buffer_bytes: 64 << 20, retire_ms: 50, promiscuous: true }
    }
}

/// Bytes of a block: the longest frame must fit, and one block is what the kernel hands over at once.
const BLOCK_BYTES: u32 = 1 << 20;
/// Fewest blocks of a ring: one is read while others are filled.
const MIN_BLOCKS: u64 = 4;
/// Most blocks of a ring.
const MAX_BLOCKS: u64 = 4096;

/// An interface that is captured from.
pub struct Interface {
    name: String,
    link: u16,
    is_loopback: bool,
    counters: CounterFiles,
}

impl Interface {
    /// Opens an interface and its rings.
    ///
    /// # Errors
    /// When there is no such interface, it is down, of a kind that is not read, or the right is missing.
    pub fn open(name: &str, settings: &Settings) -> Result<(Self, Vec<Ring>), LiveError> {
        let folder = folder(name).ok_or_else(|| LiveError::NoInterface(name.to_owned()))?;
        let index = Socket::index_of(name).map_err(|_| LiveError::NoInterface(name.to_owned()))?;
        let (rings, hardware) = Opening { name, index, settings }.rings()?;
        let is_loopback = hardware == ARPHRD_LOOPBACK;
        let link = link_type(hardware).unwrap_or(ETHERNET);
        Ok((Self { name: name.to_owned(), link, is_loopback, counters: CounterFiles::open(&folder) }, rings))
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Link-layer header type of its frames, as pcap numbers them.
    #[must_use]
    pub const fn link(&self) -> u16 {
        self.link
    }

    /// It is the machine's talk with itself: all that is received there is sent there.
    #[must_use]
    pub const fn is_loopback(&self) -> bool {
        self.is_loopback
    }

    /// What the kernel counts of it since the machine started.
    pub fn counters(&mut self) -> Counters {
        self.counters.read()
    }
}

const ARPHRD_LOOPBACK: u16 = 772;
const ETHERNET: u16 = 1;

/// The kind of an interface (`ARPHRD_…`) as pcap numbers link types.
const fn link_type(hardware: u16) -> Option<u16> {
    Some(match hardware {
        1 | ARPHRD_LOOPBACK => ETHERNET,
        // No link layer: packets begin with IP (tunnels, WireGuard, tun, 6in4, IP over IP).
        65_534 | 768 | 769 | 776 | 778 | 823 => 101,
        801 => 105,
        802 => 119,
        803 => 127,
        _ => return None,
    })
}

/// An interface being opened.
struct Opening<'a> {
    name: &'a str,
    index: c_int,
    settings: &'a Settings,
}

impl Opening<'_> {
    /// All rings, and the interface's kind.
    fn rings(&self) -> Result<(Vec<Ring>, u16), LiveError> {
        let count = self.settings.rings.max(1);
        let (mut rings, mut hardware): (Vec<Ring>, u16) = (Vec::new(), 0);
        let mut group: Option<c_int> = None;
        for _ in 0..count {
            let (ring, kind) = self.ring()?;
            hardware = kind;
            rings.push(ring);
            if let Some(ring) = rings.last().filter(|_| count > 1) {
                group = Some(self.join(&ring.socket, group)?);
            }
        }
        // Only now, so that no frame comes twice while the rings join their group one by one.
        for ring in &rings {
            ring.socket.let_through().map_err(self.refused("take the filter away"))?;
        }
        Ok((rings, hardware))
    }

    fn ring(&self) -> Result<(Ring, u16), LiveError> {
        let socket = Socket::new().map_err(|error| match error.raw_os_error() {
            Some(libc::EPERM | libc::EACCES) => LiveError::NotPermitted(self.name.to_owned()),
            _ => self.refused("open a packet socket")(error),
        })?;
        let set = |option, value| socket.set_number(option, value);
        // TPACKET_V3.
        set(libc::PACKET_VERSION, 2).map_err(self.refused("use ring version 3"))?;
        // Room to put a tag back.
        set(libc::PACKET_RESERVE, c_int::try_from(TAG_BYTES.saturating_mul(4)).unwrap_or_default())
            .map_err(self.refused("reserve room for tags"))?;
        let memory = self.memory(&socket)?;
        socket.set_program(libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, &NOTHING).map_err(self.refused("set a filter"))?;
        socket.bind(self.index).map_err(self.refused("bind to it"))?;
        if socket.take_error().map_err(self.refused("look at its state"))?.is_some() {
            return Err(LiveError::Down(self.name.to_owned()));
        }
        let hardware = socket.hardware().map_err(self.refused("ask for its kind"))?;
        let link = link_type(hardware).ok_or_else(|| LiveError::Kind(self.name.to_owned(), hardware))?;
        if self.settings.promiscuous {
            socket.be_promiscuous(self.index).map_err(self.refused("make it promiscuous"))?;
        }
        // Each packet passes a loopback interface twice: sent and received.
        let both_ways = hardware == ARPHRD_LOOPBACK;
        Ok((Ring::new(socket, memory, link == ETHERNET, both_ways), hardware))
    }

    fn memory(&self, socket: &Socket) -> Result<super::kernel::Ring, LiveError> {
        let each = self.settings.buffer_bytes / u64::from(self.settings.rings.max(1));
        let blocks = (each / u64::from(BLOCK_BYTES)).clamp(MIN_BLOCKS, MAX_BLOCKS);
        let blocks = u32::try_from(blocks).unwrap_or(u32::MAX);
        socket.ring(blocks, BLOCK_BYTES, self.settings.retire_ms).map_err(self.refused("make a ring; a smaller --buffer may do"))
    }

    /// Joins the group that shares the interface's frames, or founds it. Returns its number.
    fn join(&self, socket: &Socket, group: Option<c_int>) -> Result<c_int, LiveError> {
        let kind = libc::PACKET_FANOUT_CBPF | if group.is_none() { libc::PACKET_FANOUT_FLAG_UNIQUEID } else { 0 };
        let argument = c_int::try_from(kind << 16).unwrap_or_default() | group.unwrap_or_default();
        socket.set_number(libc::PACKET_FANOUT, argument).map_err(self.refused("share its frames between rings"))?;
        let joined = socket.number(libc::PACKET_FANOUT).map_err(self.refused("share its frames between rings"))?;
        if group.is_none() {
            let program = spread::program();
            socket
                .set_program(libc::SOL_PACKET, libc::PACKET_FANOUT_DATA, &program)
                .map_err(self.refused("say which ring a frame goes to"))?;
        }
        Ok(joined & 0xffff)
    }

    fn refused(&self, step: &'static str) -> impl Fn(io::Error) -> LiveError {
        let interface = self.name.to_owned();
        move |error| LiveError::Refused { interface: interface.clone(), step, error }
    }
}

/// What the kernel counts of an interface. `None` where it does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Frames that the network card or its driver lost before any program could see them.
    pub missed: Option<u64>,
    /// Frames received with errors.
    pub errors: Option<u64>,
    /// Frames that left through it, whoever sent them.
    pub sent: Option<u64>,
    /// The cable is plugged in at both ends.
    pub carrier: Option<bool>,
}

/// The kernel's files of an interface, opened before the right to open files is given up; each reading asks the kernel anew.
struct CounterFiles {
    missed: Vec<File>,
    errors: Option<File>,
    sent: Option<File>,
    carrier: Option<File>,
}

impl CounterFiles {
    fn open(folder: &Path) -> Self {
        let file = |name: &str| File::open(folder.join(name)).ok();
        // Not `rx_dropped`: that counts what the system itself had no use for, after the rings had it.
        let missed = ["statistics/rx_missed_errors"];
        Self {
            missed: missed.into_iter().filter_map(file).collect(),
            errors: file("statistics/rx_errors"),
            sent: file("statistics/tx_packets"),
            carrier: file("carrier"),
        }
    }

    fn read(&mut self) -> Counters {
        let missed: Vec<u64> = self.missed.iter_mut().filter_map(reread).collect();
        Counters {
            missed: missed.iter().copied().reduce(u64::saturating_add),
            errors: self.errors.as_mut().and_then(reread),
            sent: self.sent.as_mut().and_then(reread),
            carrier: self.carrier.as_mut().and_then(reread).map(|carrier| carrier == 1),
        }
    }
}

fn reread(file: &mut File) -> Option<u64> {
    file.rewind().ok()?;
    let mut text = String::new();
    file.take(32).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

/// The kernel's folder of an interface. A name that is a path is none.
fn folder(name: &str) -> Option<PathBuf> {
    let plain = !name.is_empty() && name.len() < 16 && !name.contains('/') && name != "." && name != "..";
    let folder = Path::new("/sys/class/net").join(name);
    plain.then_some(folder)
}
