//! How fast one may guess, by delay, so that nobody can lock others out.
//!
//! Failures are counted for a pair: the account, and where the attempt comes from. Where from is the address, unless the browser
//! shows the cookie that it was given when that account signed in there before: then it is that cookie. So failures of one source
//! never slow another source, and never slow a browser that is known to the account: who types wrong passwords for the night
//! nurse's account from a kitchen's terminal slows the kitchen's terminal. Beside it, an address that fails for many accounts is
//! slowed for browsers that are not known.
//!
//! An attempt counts as failed from its beginning until it succeeds, so that many at once do not get around the count.

use std::collections::HashMap;

/// Failures of an account from one source before the first delay.
pub const FREE: u32 = 5;
/// Failures of a source, over all accounts, before the first delay: a ward's computers may share an address.
pub const FREE_OF_SOURCE: u32 = 50;
/// Longest delay, s.
pub const LONGEST_S: i64 = 900;
/// A count is forgotten after so long without a failure, s.
pub const MEMORY_S: i64 = 24 * 3600;
/// Counts that are kept at most.
pub const MOST: usize = 50_000;

/// From where an attempt comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Address; of IPv6 the /64.
    pub address: String,
    /// Digest of the cookie by which the account knows the browser.
    pub device: Option<String>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    failures: u32,
    last_s: i64,
}

/// Counts of failures; in memory, bounded.
#[derive(Debug, Default)]
pub struct Throttle {
    counts: HashMap<String, Count>,
    dropped: u64,
}

impl Throttle {
    /// An attempt begins.
    ///
    /// # Errors
    /// How many seconds to wait before the next one.
    pub fn begin(&mut self, account: &str, source: &Source, now_s: i64) -> Result<(), u64> {
        let keys = keys(account, source);
        let wait_s = keys.iter().map(|(key, free)| self.wait_s(key, *free, now_s)).max().unwrap_or_default();
        if wait_s > 0 {
            return Err(wait_s.unsigned_abs());
        }
        for (key, _) in keys {
            self.count(key, now_s);
        }
        Ok(())
    }

    /// An attempt succeeded: the pair's count is forgotten, and the attempt does not count against the address.
    pub fn succeeded(&mut self, account: &str, source: &Source) {
        for (at, (key, _)) in keys(account, source).into_iter().enumerate() {
            if at == 0 {
                self.counts.remove(&key);
            } else if let Some(count) = self.counts.get_mut(&key) {
                count.failures = count.failures.saturating_sub(1);
            }
        }
    }

    /// Counts that were dropped because there were too many.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    fn wait_s(&self, key: &str, free: u32, now_s: i64) -> i64 {
        let Some(count) = self.counts.get(key) else { return 0 };
        // A clock that jumped back must not make anybody wait for longer than the delay.
        let passed_s = now_s.saturating_sub(count.last_s).max(0);
        if passed_s > MEMORY_S { 0 } else { (delay_s(count.failures, free) - passed_s).max(0) }
    }

    fn count(&mut self, key: String, now_s: i64) {
        if self.counts.len() >= MOST && !self.counts.contains_key(&key) {
            self.make_room(now_s);
        }
        let count = self.counts.entry(key).or_default();
        if now_s.saturating_sub(count.last_s) > MEMORY_S {
            count.failures = 0;
        }
        *count = Count { failures: count.failures.saturating_add(1), last_s: now_s };
    }

    /// Drops what is forgotten anyway, then the quarter that is oldest.
    fn make_room(&mut self, now_s: i64) {
        self.counts.retain(|_, count| now_s.saturating_sub(count.last_s) <= MEMORY_S);
        if self.counts.len() < MOST {
            return;
        }
        let mut times: Vec<i64> = self.counts.values().map(|count| count.last_s).collect();
        let (_, median, _) = times.select_nth_unstable(MOST / 4);
        let (limit, before) = (*median, self.counts.len());
        self.counts.retain(|_, count| count.last_s > limit);
        self.dropped = self.dropped.saturating_add(u64::try_from(before - self.counts.len()).unwrap_or(u64::MAX));
    }
}

/// 1 s after the last free failure, twice as long with each further one.
fn delay_s(failures: u32, free: u32) -> i64 {
    match failures.checked_sub(free) {
        None => 0,
        Some(over) => 1_i64.checked_shl(over.min(20)).unwrap_or(LONGEST_S).min(LONGEST_S),
    }
}

/// What an attempt counts for: first the pair.
fn keys(account: &str, source: &Source) -> Vec<(String, u32)> {
    match &source.device {
        Some(device) => vec![(format!("d\0{device}\0{account}"), FREE)],
        None => vec![(format!("a\0{}\0{account}", source.address), FREE), (format!("s\0{}", source.address), FREE_OF_SOURCE)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(address: &str, device: Option<&str>) -> Source {
        Source { address: address.into(), device: device.map(str::to_owned) }
    }

    fn fail_for_an_hour(throttle: &mut Throttle, account: &str, source: &Source) -> u32 {
        (0..3600).filter(|second| throttle.begin(account, source, *second).is_ok()).map(|_| 1).sum()
    }

    #[test]
    fn guessing_becomes_slow() {
        let mut throttle = Throttle::default();
        let tries = fail_for_an_hour(&mut throttle, "nurse", &from("192.0.2.7", None));
        assert!((FREE..20).contains(&tries), "{tries}");
        assert_eq!(throttle.begin("nurse", &from("192.0.2.7", None), 3600).map_err(|wait| wait <= 900), Err(true));
    }

    #[test]
    fn nobody_is_blocked_by_the_failures_of_another_source() {
        let mut throttle = Throttle::default();
        for host in 0..200 {
            fail_for_an_hour(&mut throttle, "nurse", &from(&format!("192.0.2.{host}"), None));
        }
        assert_eq!(throttle.begin("nurse", &from("198.51.100.1", None), 3600), Ok(()));
    }

    #[test]
    fn a_known_browser_is_not_blocked_by_failures_at_its_own_address() {
        let mut throttle = Throttle::default();
        for account in 0..40 {
            fail_for_an_hour(&mut throttle, &format!("n{account}"), &from("192.0.2.7", None));
        }
        fail_for_an_hour(&mut throttle, "nurse", &from("192.0.2.7", None));
        assert!(throttle.begin("nurse", &from("192.0.2.7", None), 3600).is_err());
        assert_eq!(throttle.begin("nurse", &from("192.0.2.7", Some("known")), 3600), Ok(()));
    }

    #[test]
    fn one_password_for_many_accounts_becomes_slow() {
        let mut throttle = Throttle::default();
        let tried = (0..1000).filter(|n| throttle.begin(&format!("person{n}"), &from("192.0.2.7", None), 5).is_ok()).count();
        assert_eq!(tried, 50);
    }

    #[test]
    fn many_at_once_count_as_failed() {
        let mut throttle = Throttle::default();
        let begun = (0..100).filter(|_| throttle.begin("nurse", &from("192.0.2.7", None), 5).is_ok()).count();
        assert_eq!(begun, 5);
    }

    #[test]
    fn success_forgets() {
        let mut throttle = Throttle::default();
        let source = from("192.0.2.7", None);
        for round in 0..300 {
            assert_eq!(throttle.begin("nurse", &source, round), Ok(()));
            throttle.succeeded("nurse", &source);
        }
    }

    #[test]
    fn a_clock_that_jumps_back_blocks_nobody_for_long() {
        let mut throttle = Throttle::default();
        let source = from("192.0.2.7", None);
        while throttle.begin("nurse", &source, 1_000_000).is_ok() {}
        assert_eq!(throttle.begin("nurse", &source, 10), Err(1));
    }

    #[test]
    fn memory_is_bounded() {
        let mut throttle = Throttle::default();
        for host in 0..60_000 {
            let _ = throttle.begin("nurse", &from(&format!("h{host}"), None), host);
        }
        assert!(throttle.counts.len() <= MOST && throttle.dropped() > 0);
    }
}
