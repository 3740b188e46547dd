//! The hub's clock: the one place of this crate that asks what time it is.
#![allow(clippy::disallowed_methods, reason = "acts of people have the wall clock's time")]

use std::time::{SystemTime, UNIX_EPOCH};

use model::Timestamp;

/// The time.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_nanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}
