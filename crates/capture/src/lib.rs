//! Where frames come from: capture files of any common kind, plain or compressed, one or many, as one history.
//!
//! [`Reader`] reads one capture and lends its frames. [`Inputs`] reads files, folders and standard input as one history in
//! time order, and keeps a record ([`Source`]) of what each was, what was read from it and what was broken in it.
//! [`write`] holds the small writers that tests and the lab use.
//!
//! Everything read here is hostile. Memory is constant whatever a file says: a frame is at most [`MAX_FRAME_BYTES`], a file is
//! read through one buffer, and decompression is streamed. Nothing here looks into a frame.

mod buffer;
mod damage;
mod detect;
#[cfg(target_os = "linux")]
pub mod live;
mod merge;
mod open;
mod pcap;
mod pcapng;
mod reader;
mod stream;
mod walk;
pub mod write;

pub use damage::Damage;
pub use merge::{Inputs, Source};
pub use open::Compression;
pub use reader::{Format, Frame, Interface, Reader};
pub use stream::Stream;

/// The largest frame that is accepted where the capture's own snap length allows no more.
pub const USUAL_FRAME_BYTES: usize = 256 * 1024;

/// The largest frame that is accepted whatever snap length the capture states.
pub const MAX_FRAME_BYTES: usize = 1024 * 1024;
