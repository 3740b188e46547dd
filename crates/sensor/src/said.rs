//! What was said lately, so that a fact that repeats is said once in ten minutes.
//!
//! Nearly every fact that a decoder reads was said before, so the memory is asked far more often than it learns, and mostly
//! about what no cache holds any more. Hence sets of eight places in one cache line each, a place being eight bytes.

use std::hash::{BuildHasher, Hash};

use foldhash::fast::FixedState;

/// Ticks for which a fact is no news.
const NEWS: u64 = 560;
/// A tick is so many bits of nanoseconds: 1.07 s, so that a fact is news again after ten minutes.
const TICK_BITS: u32 = 30;
/// Bits of a place that hold the tick until which it was said; the rest tells the fact.
const UNTIL_BITS: u32 = 24;
const UNTIL: u64 = (1 << UNTIL_BITS) - 1;
/// Sets; a power of two.
const SETS: usize = 1 << 14;
/// Places before the sets, few enough to stay near: a fact is mostly repeated soon. A power of two.
const LATEST: usize = 1 << 12;

/// Facts of which the hash begins alike.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Set([u64; 8]);

/// What was said lately: bounded, and forgetting only makes a fact be said twice.
#[derive(Debug)]
pub(crate) struct Said {
    latest: Vec<u64>,
    sets: Vec<Set>,
    /// Where ticks are counted from.
    epoch: Option<i64>,
    hasher: FixedState,
}

impl Said {
    pub(crate) fn new() -> Self {
        Self { latest: vec![0; LATEST], sets: vec![Set([0; 8]); SETS], epoch: None, hasher: FixedState::with_seed(0x7361_6964) }
    }

    /// True when it was not said lately; remembers it.
    pub(crate) fn is_news(&mut self, what: &impl Hash, time: i64) -> bool {
        let hash = self.hasher.hash_one(what);
        let now = self.tick(time);
        let said = (hash & !UNTIL) | now.saturating_add(NEWS);
        let index = usize::try_from(hash).unwrap_or(0);
        let Some(latest) = self.latest.get_mut(index & (LATEST - 1)) else { return true };
        let is_it = |place: u64| (place ^ said) >> UNTIL_BITS == 0;
        if is_it(*latest) && now < *latest & UNTIL {
            return false;
        }
        let Some(Set(places)) = self.sets.get_mut(index & (SETS - 1)) else { return true };
        if let Some(place) = places.iter_mut().find(|place| is_it(**place)) {
            let is_news = now >= *place & UNTIL;
            if is_news {
                *place = said;
            }
            *latest = *place;
            return is_news;
        }
        // The place of what is forgotten soonest.
        if let Some(place) = places.iter_mut().min_by_key(|place| **place & UNTIL) {
            *place = said;
        }
        *latest = said;
        true
    }

    /// Ticks since the epoch. After half a year of them all is forgotten and an epoch begins.
    fn tick(&mut self, time: i64) -> u64 {
        let since = time.saturating_sub(*self.epoch.get_or_insert(time));
        let tick = u64::try_from(since).unwrap_or(0) >> TICK_BITS;
        if tick.saturating_add(NEWS) <= UNTIL {
            return tick;
        }
        self.latest.fill(0);
        self.sets.fill(Set([0; 8]));
        self.epoch = Some(time);
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000_000;

    #[test]
    fn news_again_after_ten_minutes() {
        let mut said = Said::new();
        let start = 1_700_000_000 * SECOND;
        assert!(said.is_news(&"a", start));
        assert!(!said.is_news(&"a", start));
        assert!(!said.is_news(&"a", start - 3600 * SECOND), "a clock that goes back is no news");
        assert!(!said.is_news(&"a", start + 598 * SECOND));
        assert!(said.is_news(&"a", start + 603 * SECOND));
        assert!(!said.is_news(&"a", start + 603 * SECOND));
        assert!(said.is_news(&"b", start + 603 * SECOND));
    }

    #[test]
    fn goes_on_after_years() {
        let mut said = Said::new();
        for month in 0..60_i64 {
            let time = month * 30 * 86_400 * SECOND;
            assert!(said.is_news(&"a", time), "{month}");
            assert!(!said.is_news(&"a", time + SECOND), "{month}");
        }
        assert!(said.is_news(&"a", i64::MAX));
        assert!(!said.is_news(&"a", i64::MAX));
    }

    #[test]
    fn what_was_said_last_is_kept_longest() {
        let mut said = Said::new();
        let many = SETS * 8 / 4;
        let fresh = |said: &mut Said| (0..many).filter(|number| said.is_news(number, 0)).count();
        assert_eq!(fresh(&mut said), many);
        // A quarter full: next to nothing was forgotten.
        assert!(fresh(&mut said) < many / 100);
    }
}
