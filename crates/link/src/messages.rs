//! What a sensor and the hub say to each other, as JSON over HTTPS.

use model::Timestamp;
use model::health::Health;
use serde::{Deserialize, Serialize};

use crate::clock::Offset;

/// Asks for the first certificate.
#[derive(Debug, Serialize, Deserialize)]
pub struct Enrol {
    /// Id of the sensor, out of the token.
    pub sensor: String,
    /// The token's secret.
    pub secret: String,
    /// Certificate signing request, PEM (RFC 2986).
    pub csr: String,
}

/// Asks for the next certificate.
#[derive(Debug, Serialize, Deserialize)]
pub struct Renew {
    /// Certificate signing request, PEM.
    pub csr: String,
}

/// A certificate.
#[derive(Debug, Serialize, Deserialize)]
pub struct Issued {
    /// Certificate, PEM.
    pub certificate: String,
    /// Valid until.
    pub not_after: Timestamp,
}

/// What the spool had to give up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dropped {
    /// Flows that were removed unsent.
    pub flows: u64,
    /// Since when.
    pub since: Option<Timestamp>,
}

/// A sign of life.
#[derive(Debug, Serialize, Deserialize)]
pub struct Hello {
    /// The spool's epoch.
    pub epoch: String,
    /// Version of the program.
    pub version: String,
    /// What waits in the spool, in octets.
    pub spooled_bytes: u64,
    /// What the spool had to give up.
    pub dropped: Dropped,
    /// How far the hub's clock is ahead of the sensor's, as last measured.
    pub offset: Option<Offset>,
    /// How the sensor is, as it last said.
    pub health: Option<Health>,
}

/// The hub's answer to a sign of life.
#[derive(Debug, Serialize, Deserialize)]
pub struct Welcome {
    /// When the hub had the question.
    pub received: Timestamp,
    /// When it answered.
    pub answered: Timestamp,
}

/// What is said beside a batch, as its query.
#[derive(Debug, Serialize, Deserialize)]
pub struct BatchInfo {
    /// The spool's epoch.
    pub epoch: String,
    /// `facts` or `flows`.
    pub lane: String,
    /// Number in its lane.
    pub number: u64,
    /// To be added to the batch's times, in nanoseconds.
    pub offset_nanos: i64,
    /// The offset is wrong by so much at most.
    pub error_nanos: u64,
    /// See [`Offset::same_boot`].
    pub same_boot: bool,
    /// When it is sent, by the sensor's clock moved by its present offset: the hub's time as the sensor knows it.
    pub sent: Timestamp,
}

/// The hub has a batch.
#[derive(Debug, Serialize, Deserialize)]
pub struct Durable {
    /// The highest number of its lane that is on the hub's disk.
    pub number: u64,
}
