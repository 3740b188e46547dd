//! Bytes to layers to protocol messages, and from those to facts.
//!
//! Way in: [`layers`] peels a frame down to its transport payload; [`PROTOCOLS`] is the table of everything that can
//! read such a payload. One protocol is one file and one row.
//!
//! Pure functions of the bytes they are given: no I/O, no clock, no panic, no allocation per packet on the common path,
//! nothing kept that a message does not need. Depends on `model` alone (for the vocabulary of facts). What leaves a
//! decoder is a [`Fact`]; values of patients never do, and a [`Value::Login`] is for matching and dropping.

mod ber;
pub mod bytes;
mod device_description;
mod dns_message;
#[cfg(any(test, feature = "harness"))]
pub mod exercise;
pub mod fact;
mod framed;
#[cfg(any(test, feature = "harness"))]
pub mod harness;
mod json;
pub mod layers;
mod lines;
mod ntlm;
mod place;
pub mod protocol;
mod protocols;
mod said;
mod sdc;
mod spnego;
mod text;
pub mod udi;
mod xml;

pub use fact::{About, Fact, Field, Login, Sink, Value};
pub use protocol::{Context, Direction, Hint, Info, Next, Protocol, Role, Session, Step, Verdict};
pub use protocols::PROTOCOLS;
pub use protocols::syslog::head as syslog_head;
pub use protocols::tls::suites as tls_suites;
