//! Live frames: an interface of this machine, read through a ring that is shared with the kernel.
//!
//! [`Interface::open`] opens an interface as one or more [`Ring`]s; each lends its frames with [`Ring::next_frame`]. Frames of two
//! hosts with each other always come through the same ring. A ring only receives: no call that sends exists here, and opening
//! one changes nothing on the interface but that it gives all frames (promiscuous mode) while it is open.
//!
//! Linux alone. Opening needs `CAP_NET_RAW`; reading needs nothing.

mod interface;
mod kernel;
mod quiet;
mod ring;
mod spread;

pub use interface::{Counters, Interface, Settings};
pub use quiet::Quiet;
pub use ring::{Direction, LiveFrame, Ring, wait};

use std::io;

/// An interface cannot be captured from.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// There is none of this name.
    #[error("there is no interface {0:?}")]
    NoInterface(String),
    /// It is down.
    #[error("interface {0} is down; `ip link set {0} up` brings it up")]
    Down(String),
    /// Frames of its kind are not read.
    #[error("interface {0} is of a kind that is not read (ARPHRD {1})")]
    Kind(String, u16),
    /// The right to capture is missing.
    #[error("capturing from {0} is not permitted; it needs CAP_NET_RAW (run as root, or as the packaged service does)")]
    NotPermitted(String),
    /// The kernel refused something.
    #[error("cannot capture from {interface}: {step}")]
    Refused {
        /// The interface.
        interface: String,
        /// What was asked.
        step: &'static str,
        /// The kernel's answer.
        #[source]
        error: io::Error,
    },
}

/// Whether something keeps this machine's clock right, and by how much it may be wrong in microseconds, as the kernel has it.
///
/// # Errors
/// Where the kernel does not say.
pub fn clock_state() -> io::Result<(bool, u64)> {
    kernel::clock_state()
}
