//! The clock of a live sensor. Nothing else here looks at one: time goes into the libraries as an argument.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use model::Timestamp;

/// The time of day, as frames are stamped with it.
#[expect(clippy::disallowed_methods, reason = "a live sensor's time is the clock's")]
pub(crate) fn now() -> Timestamp {
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
    Timestamp::from_nanos(i64::try_from(nanos).unwrap_or(i64::MAX))
}

/// A clock that only goes forward, for intervals.
#[expect(clippy::disallowed_methods, reason = "a live sensor's intervals are the clock's")]
pub(crate) fn instant() -> Instant {
    Instant::now()
}
