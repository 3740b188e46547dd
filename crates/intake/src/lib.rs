//! What others have seen: logs, tables and flow exports to observations.
//!
//! Way in: [`recognise`] says what a file is by its first bytes, out of the table [`KINDS`]; its [`Kind::reader`] takes the lines one
//! by one. [`syslog::Collector`] takes messages as they arrive, [`flow::Collector`] datagrams of flow exporters. All speak through an [`Emit`], which dates what is said, drops
//! what was said lately, and hands [`model::Observation`]s on.
//!
//! A fact keeps the id of the protocol field that it was first read from (`dhcp.option12` whether a frame or a server's log shows it), so
//! that inventory and knowledge treat it alike; its label names the log, and its frame the source and the number of the line.
//!
//! Pure: bytes and times in, observations out. No I/O, no clock, no panic; every loop and table has a bound. Free text of messages
//! never becomes a value.
//!
//! Depends on `model`, and on `wire` for the header of syslog messages and the shape of fields.

#![forbid(unsafe_code)]

mod clock;
mod dhcp;
mod emit;
mod firewall;
pub mod flow;
#[cfg(test)]
mod harness;
mod kind;
mod observations;
pub mod syslog;
mod table;
mod talk;
mod text;
mod zeek;

pub use clock::Clock;
pub use emit::{Emit, Memory};
pub use kind::{Fit, Info, KINDS, Kind, Lines, known, recognise};

/// The longest line that is read, in bytes. What is longer is told as unreadable.
pub const MAX_LINE: usize = 1 << 20;

/// First bytes of a file by which [`recognise`] tells what it is.
pub const HEAD_BYTES: usize = 16 * 1024;
