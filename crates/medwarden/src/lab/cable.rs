//! Played frames on an interface, each when its time has come: for a test network's mirror port. No other part of the program sends.

use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use lab::hospital::Frame;
use model::Timestamp;
use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockType, bind, send, socket};

use crate::sensor::clock;

/// An interface that frames go out on.
pub(super) struct Cable {
    socket: OwnedFd,
    /// Hours played in an hour.
    speed: f64,
    /// When the first frame was sent, and its time in the play.
    began: Option<(Instant, Timestamp)>,
    sent: u64,
}

impl Cable {
    /// Opens an interface, which takes CAP_NET_RAW.
    pub(super) fn open(interface: &str, speed: f64) -> anyhow::Result<Self> {
        let of_it = |address: &nix::ifaddrs::InterfaceAddress| address.interface_name == interface;
        let address = nix::ifaddrs::getifaddrs()?.filter(of_it).find_map(|found| found.address?.as_link_addr().copied());
        let address = address.with_context(|| format!("there is no interface `{interface}`; `ip link` lists them"))?;
        let socket = socket(AddressFamily::Packet, SockType::Raw, SockFlag::SOCK_CLOEXEC, None)
            .with_context(|| format!("cannot send on {interface}: this takes root or CAP_NET_RAW"))?;
        bind(socket.as_raw_fd(), &address).with_context(|| format!("cannot send on {interface}"))?;
        Ok(Self { socket, speed, began: None, sent: 0 })
    }

    /// Waits until it is a frame's turn, and sends it.
    pub(super) fn frame(&mut self, frame: &Frame<'_>) -> io::Result<()> {
        let (began, first) = *self.began.get_or_insert((clock::instant(), frame.time));
        let played = Duration::from_nanos(u64::try_from(frame.time.since(first)).unwrap_or(0));
        if let Some(early) = played.div_f64(self.speed).checked_sub(began.elapsed()) {
            sleep(early);
        }
        loop {
            match send(self.socket.as_raw_fd(), frame.bytes, MsgFlags::empty()) {
                Ok(_) => break,
                // The interface's queue is full.
                Err(Errno::ENOBUFS | Errno::EAGAIN | Errno::EINTR) => sleep(Duration::from_micros(100)),
                Err(error) => return Err(error.into()),
            }
        }
        self.sent = self.sent.saturating_add(1);
        Ok(())
    }

    /// Frames sent.
    pub(super) const fn sent(&self) -> u64 {
        self.sent
    }
}
