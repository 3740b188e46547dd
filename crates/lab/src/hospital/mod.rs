//! The virtual hospital: a manifest becomes devices, devices live through days and nights, mirrors show frames, and what is true is
//! written beside them.
//!
//! - [`catalogue`]: device models as data.
//! - [`manifest`], [`site`]: a hospital as text, and made from it.
//! - [`play`]: the clock; [`routines`]: what devices do; [`incidents`]: what goes wrong.
//! - [`truth`]: what is true.
//!
//! The same manifest, seed and length give the same bytes. Memory holds the devices, the conversations and what is due; frames leave
//! as they come.

pub mod catalogue;
pub mod generate;
pub mod incidents;
mod link;
pub mod manifest;
pub mod output;
pub mod outside;
pub mod people;
pub mod play;
pub mod routines;
pub mod site;
pub mod truth;

pub use catalogue::Catalogue;
pub use incidents::SCRIPTS;
pub use manifest::{Manifest, ManifestError};
pub use output::Capture;
pub use play::{Frame, Options, Play, Sink};
pub use site::Hospital;
