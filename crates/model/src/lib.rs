//! The words every other crate speaks: time, addresses, observations, devices, conversations and findings.
//!
//! Plain serde types and no I/O. Everything may depend on this crate; it depends on none of ours.
//! What is serialised here outlives a process and carries a version ([`observation::VERSION`], [`report::SCHEMA`]).

pub mod addr;
pub mod fact;
pub mod health;
pub mod impact;
pub mod observation;
pub mod report;
pub mod time;

pub use addr::MacAddr;
pub use fact::{FactKind, PhiKind};
pub use impact::ClinicalImpact;
pub use observation::{ConversationKey, Endpoint, FactValue, FrameRef, Intake, Observation, Transport};
pub use time::Timestamp;

/// Text that is copied for nothing: up to 23 bytes stand in place, longer ones are shared.
pub use smol_str::SmolStr as Word;
