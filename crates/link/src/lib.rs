//! From a sensor to the hub: nothing that was observed is lost while either is away.
//!
//! - [`spool`]: the sensor's process writes batches into a folder; it may open nothing else and has no network.
//! - [`uplink`]: another process carries them to the hub by HTTPS with a certificate of its own, and removes what the hub acknowledged.
//! - [`authority`]: the hub's own certificate authority, which signs sensors' certificates for a few days.
//! - [`clock`]: how far the sensor's clock is from the hub's.
//!
//! A batch is known by sensor, epoch (a spool's own random name), lane and number, so that one that comes twice counts once.

pub mod authority;
pub mod clock;
pub mod messages;
pub mod spool;
mod tls;
pub mod uplink;

pub use tls::{HUB_NAME, Token, fingerprint};

/// What can go wrong on the way.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The spool or the identity in it.
    #[error("the spool cannot be used: {0}")]
    Spool(#[from] std::io::Error),
    /// The token is none that a hub made.
    #[error("this is no enrolment token: copy all of what the hub showed (mw1.…)")]
    Token,
    /// There is no identity and no token.
    #[error("this sensor is not enrolled: make a token at the hub (Sensors) and give it with --enrol")]
    NotEnrolled,
    /// The address cannot be used.
    #[error("{0} is not an address such as hub.example.org:8443")]
    Address(String),
    /// A key or certificate.
    #[error("a key or certificate cannot be made or read: {0}")]
    Certificate(String),
    /// The hub could not be reached, or is not the one that enrolled this sensor.
    #[error("the hub does not answer as it should: {0}")]
    Unreachable(String),
    /// The hub refuses.
    #[error("the hub refuses ({status}): {said}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// What it says.
        said: String,
    },
}

impl From<rcgen::Error> for Error {
    fn from(error: rcgen::Error) -> Self {
        Self::Certificate(error.to_string())
    }
}

impl From<rustls::Error> for Error {
    fn from(error: rustls::Error) -> Self {
        Self::Certificate(error.to_string())
    }
}
