//! The tamper-evident log: what was done by whom, in an order that cannot be altered unseen.
//!
//! A folder holds the entries and the Merkle tree above them (RFC 6962 §2.1, SHA-256) as files in the layout of C2SP tlog-tiles, and
//! a `checkpoint`: size and root of the tree, signed (C2SP tlog-checkpoint in a C2SP signed-note, Ed25519). Whoever keeps a checkpoint elsewhere
//! can show later that nothing before it was removed, changed or reordered; a witness keeps it for others and says so with a cosignature
//! (C2SP tlog-cosignature).
//!
//! - [`Log`] opens a folder and appends; what it has returned from is on the disk.
//! - [`verify()`] takes any folder and recomputes everything from the entries, without a server.
//! - [`proof`] makes and checks proofs that an entry is in, and that a log grew out of an older one.
//! - [`witness`] checks a checkpoint of somebody else's log and cosigns it.
//!
//! An entry is up to 65,535 bytes; what they mean is nobody's business here. This crate knows no clock, no source of chance, no network and no
//! database: times and seeds are arguments.

mod checkpoint;
mod disk;
mod hash;
mod key;
mod log;
mod note;
pub mod proof;
mod source;
mod text;
mod tile;
mod tree;
mod verify;
pub mod witness;

pub use checkpoint::{Checkpoint, TreeHead};
pub use hash::{Hash, leaf_hash, node_hash};
pub use key::{Algorithm, Key, SECRET_PREFIX, VerifierKey};
pub use log::{Log, LogError};
pub use note::{MAX_NOTE_BYTES, Note, Signature};
pub use source::{Entries, Folder, Source};
pub use text::Malformed;
pub use tile::{Bundle, MAX_ENTRY_BYTES, TILE_WIDTH, TileId, TileKind};
pub use tree::Edge;
pub use verify::{Kept, Options, Problem, Report, Standing, verify};

/// Name of the file with the newest checkpoint.
pub const CHECKPOINT_FILE: &str = "checkpoint";
/// Name of the file with the verifier key, for whoever has no better source of it.
pub const KEY_FILE: &str = "key.pub";
/// Folder for the newest checkpoint that each witness signed.
pub const WITNESSED_FOLDER: &str = "witnessed";
