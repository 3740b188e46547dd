//! The virtual hospital, and the way all fixtures are made: scenes of hosts that talk, written as captures.
//!
//! Frames are built with `etherparse` and payloads by the builders in [`speak`], never with the parsers of `wire`: what they
//! read must not be what they wrote. The same code gives the same bytes, always; there is no clock and no outside randomness.
//!
//! # A case for a protocol
//!
//! [`cases`] is one table. A new case is a function that builds a capture and a row in its family's file
//! (`src/cases/<family>.rs`); a new family is a file and a row in [`cases::FAMILIES`]. `cases/link.rs` (ARP and DHCP) and
//! `cases/names.rs` (DNS) are worked examples: datagrams and link frames with [`Scene::udp`] and [`Scene::ethernet`].
//! `cases/streams.rs` shows connections with [`Scene::tcp`]. A chore writes each case's bytes to
//! `tests/cases/<name>/input.pcap`.
//!
//! # The demonstration
//!
//! [`clinic()`] is a small clinic's morning with the devices, mistakes and made-up patients of one.
#![allow(clippy::unwrap_used, clippy::expect_used)] // it builds what it says itself and reads nothing: a mistake must stop it at once
#![allow(clippy::indexing_slicing, clippy::cast_possible_truncation, clippy::cast_sign_loss)] // lengths of its own short messages

pub mod cases;
pub mod clinic;
pub mod hospital;
pub mod host;
pub mod scene;
pub mod speak;
pub mod talks;
pub mod tcp;

pub(crate) use clinic::Clinic;

pub use cases::{Case, cases};
pub use clinic::clinic;
pub use host::Host;
pub use scene::{Mishaps, Scene};
pub use tcp::{Direction, Tcp, TcpStart};

/// Every text about a person and every secret that crosses in the clinic or in a case, as it stands on the wire or as it
/// would read: none may stand in anything that the program writes.
pub fn planted() -> impl Iterator<Item = &'static str> {
    clinic::PHI.iter().chain(clinic::SECRETS).chain(cases::PLANTED).copied()
}
