//! What a sensor's time is worth: how far its clock is from the hub's, measured by an exchange of stamps (RFC 5905 §8).

use std::fs;

use model::Timestamp;
use serde::{Deserialize, Serialize};

/// How far the hub's clock is ahead of the sensor's, as far as that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offset {
    /// To be added to the sensor's time; negative where the sensor's clock is ahead.
    pub nanos: i64,
    /// It is wrong by so much at most: half of the time that the exchange was under way.
    pub error_nanos: u64,
    /// The batch was made since the machine started, so that every step of its clock since is known. Where not, the offset is that of
    /// now and may not have been that of then.
    pub same_boot: bool,
}

/// The clocks of this machine at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The time of day.
    pub wall: Timestamp,
    /// Nanoseconds since the machine started; runs on while it sleeps and is never set.
    pub boot_nanos: i64,
}

impl Reading {
    /// Both clocks now.
    #[must_use]
    pub fn now() -> Self {
        use rustix::time::{ClockId, clock_gettime};
        let nanos = |id| {
            let time = clock_gettime(id);
            time.tv_sec.saturating_mul(1_000_000_000).saturating_add(time.tv_nsec)
        };
        Self { wall: Timestamp::from_nanos(nanos(ClockId::Realtime)), boot_nanos: nanos(ClockId::Boottime) }
    }

    /// The wall clock at the machine's start, as the wall clock now has it. It changes when the wall clock is set.
    #[must_use]
    pub const fn base(&self) -> i64 {
        self.wall.nanos().saturating_sub(self.boot_nanos)
    }
}

/// A number that is another after each start of the machine.
#[must_use]
pub fn boot_id() -> u64 {
    let text = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let digits: String = text.chars().filter(char::is_ascii_hexdigit).take(16).collect();
    u64::from_str_radix(&digits, 16).unwrap_or(0)
}

/// A measured offset, and the clocks when it was.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    nanos: i64,
    error_nanos: u64,
    base: i64,
}

impl Measured {
    /// From four stamps: sent by the sensor, received by the hub, answered by the hub, received by the sensor. The times between the
    /// sensor's two are taken from the clock that is never set. None where the stamps cannot be.
    #[must_use]
    pub fn of(sent: Reading, received: Timestamp, answered: Timestamp, back: Reading) -> Option<Self> {
        let round = back.boot_nanos.checked_sub(sent.boot_nanos)?.checked_sub(answered.since(received))?;
        let error_nanos = u64::try_from(round).ok()? / 2;
        // The sensor's second stamp by the clock it had at the first, so that a step in between does no harm.
        let returned = sent.wall.plus_nanos(back.boot_nanos.saturating_sub(sent.boot_nanos));
        let (out, home) = (received.since(sent.wall), answered.since(returned));
        let nanos = i64::try_from((i128::from(out) + i128::from(home)) / 2).ok()?;
        Some(Self { nanos, error_nanos, base: sent.base() })
    }

    /// The better of two: an exchange that was under way for a shorter time errs less.
    #[must_use]
    pub fn or(self, other: Option<Self>) -> Self {
        match other {
            Some(other) if other.error_nanos < self.error_nanos => other,
            _ => self,
        }
    }

    /// The offset for what was stamped when the wall clock's base was `base`.
    #[must_use]
    pub const fn at(&self, base: i64, same_boot: bool) -> Offset {
        let step = if same_boot { self.base.saturating_sub(base) } else { 0 };
        Offset { nanos: self.nanos.saturating_add(step), error_nanos: self.error_nanos, same_boot }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000_000;

    fn reading(wall: i64, boot: i64) -> Reading {
        Reading { wall: Timestamp::from_nanos(wall), boot_nanos: boot }
    }

    #[test]
    fn the_middle_of_both_ways() {
        // The sensor is 100 s behind; 2 s there, 1 s at the hub, 2 s back.
        let hub = |nanos: i64| Timestamp::from_nanos(nanos + 100 * SECOND);
        let measured =
            Measured::of(reading(0, 50), hub(2 * SECOND), hub(3 * SECOND), reading(5 * SECOND, 50 + 5 * SECOND)).unwrap();
        let offset = measured.at(-50, true);
        assert_eq!((offset.nanos, offset.error_nanos), (100 * SECOND, 2_000_000_000));
    }

    #[test]
    fn a_clock_that_was_set_does_not_move_what_was_stamped_before() {
        // A batch was stamped when the clock was right; then the clock jumped back an hour, and then the offset was measured.
        let hub = Timestamp::from_nanos(10_000 * SECOND);
        let now = reading(6_400 * SECOND, 500 * SECOND);
        let measured = Measured::of(now, hub, hub, now).unwrap();
        let before = reading(9_999 * SECOND, 499 * SECOND).base();
        assert_eq!(measured.at(before, true).nanos, 0);
        assert_eq!(measured.at(now.base(), true).nanos, 3_600 * SECOND);
        assert_eq!(measured.at(before, false), Offset { nanos: 3_600 * SECOND, error_nanos: 0, same_boot: false });
    }

    #[test]
    fn impossible_stamps_measure_nothing() {
        let at = Timestamp::from_nanos;
        assert!(Measured::of(reading(0, 0), at(0), at(9), reading(5, 5)).is_none(), "longer at the hub than under way");
        assert!(Measured::of(reading(0, 5), at(0), at(0), reading(5, 0)).is_none());
    }
}
