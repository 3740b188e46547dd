//! Where a flow stands, by the hash of its key: open addressing in one array of eight bytes a place, so that a look-up touches
//! one cache line here and one of the flow. The hash stands beside the slot, so growing does not touch the flows.

/// A place: the hash in the upper half, the slot and one in the lower; 0 is empty.
type Place = u64;

/// Places to begin with; a power of two.
const FIRST: usize = 1 << 8;

/// Slots by hash.
#[derive(Debug)]
pub(crate) struct Index {
    places: Vec<Place>,
    len: usize,
}

const fn place_of(hash: u32, slot: u32) -> Place {
    (hash as u64) << 32 | (slot as u64).wrapping_add(1)
}

fn hash_of(place: Place) -> u32 {
    u32::try_from(place >> 32).unwrap_or(0)
}

fn slot_of(place: Place) -> u32 {
    u32::try_from((place & 0xffff_ffff).wrapping_sub(1)).unwrap_or(0)
}

impl Index {
    pub(crate) fn new() -> Self {
        Self { places: vec![0; FIRST], len: 0 }
    }

    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// Where a hash would like to stand.
    #[inline]
    const fn home(&self, hash: u32) -> usize {
        hash as usize & self.places.len().saturating_sub(1)
    }

    #[inline]
    const fn next(&self, at: usize) -> usize {
        at.wrapping_add(1) & self.places.len().saturating_sub(1)
    }

    #[inline]
    fn get(&self, at: usize) -> Place {
        self.places.get(at).copied().unwrap_or(0)
    }

    fn set(&mut self, at: usize, place: Place) {
        if let Some(old) = self.places.get_mut(at) {
            *old = place;
        }
    }

    /// The slot with this hash that is the one sought.
    #[inline]
    pub(crate) fn find(&self, hash: u32, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        let mut at = self.home(hash);
        // A third of the places at least is empty, so this ends.
        loop {
            let place = self.get(at);
            if place == 0 {
                return None;
            }
            if hash_of(place) == hash && is_it(slot_of(place)) {
                return Some(slot_of(place));
            }
            at = self.next(at);
        }
    }

    /// Looks at where a hash would like to stand, so that it is near soon.
    #[inline]
    pub(crate) fn touch(&self, hash: u32) -> u32 {
        hash_of(self.get(self.home(hash)))
    }

    /// Adds a slot that is not there yet.
    pub(crate) fn insert(&mut self, hash: u32, slot: u32) {
        if self.len.saturating_add(1).saturating_mul(3) > self.places.len().saturating_mul(2) {
            self.grow();
        }
        self.put(place_of(hash, slot));
        self.len = self.len.saturating_add(1);
    }

    fn put(&mut self, place: Place) {
        let mut at = self.home(hash_of(place));
        while self.get(at) != 0 {
            at = self.next(at);
        }
        self.set(at, place);
    }

    fn grow(&mut self) {
        let larger = vec![0; self.places.len().saturating_mul(2)];
        for place in std::mem::replace(&mut self.places, larger).into_iter().filter(|place| *place != 0) {
            self.put(place);
        }
    }

    /// Takes a slot out. Those behind it that it kept from their home move up, so that no mark of the gap is needed.
    pub(crate) fn remove(&mut self, hash: u32, slot: u32) {
        let mut at = self.home(hash);
        while self.get(at) != place_of(hash, slot) {
            if self.get(at) == 0 {
                return;
            }
            at = self.next(at);
        }
        self.len = self.len.saturating_sub(1);
        let (mut gap, mut behind) = (at, self.next(at));
        let mask = self.places.len().saturating_sub(1);
        loop {
            let place = self.get(behind);
            if place == 0 {
                break;
            }
            // How far it is from its home, and how far from the gap.
            let far = behind.wrapping_sub(self.home(hash_of(place))) & mask;
            if far >= behind.wrapping_sub(gap) & mask {
                self.set(gap, place);
                gap = behind;
            }
            behind = self.next(behind);
        }
        self.set(gap, 0);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn holds_what_a_map_holds() {
        let mut index = Index::new();
        let mut map: HashMap<u32, u32> = HashMap::new();
        let mut state = 1_u32;
        // Few hashes, so that many share a home, some the whole hash.
        for round in 0..200_000_u32 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let slot = (state >> 12) % 3000;
            let hash = (slot / 3).wrapping_mul(0x0100_0193) >> 4;
            if round % 5 < 2 && map.remove(&slot).is_some() {
                index.remove(hash, slot);
            } else if let std::collections::hash_map::Entry::Vacant(entry) = map.entry(slot) {
                entry.insert(hash);
                index.insert(hash, slot);
            }
            assert_eq!(index.len(), map.len());
            assert_eq!(index.find(hash, |other| other == slot), map.get(&slot).map(|_| slot));
        }
        for (slot, hash) in &map {
            assert_eq!(index.find(*hash, |other| other == *slot), Some(*slot));
        }
        assert_eq!(index.find(7, |_| false), None);
    }

    #[test]
    fn the_last_slot() {
        let mut index = Index::new();
        index.insert(0, u32::MAX - 1);
        index.insert(0, 0);
        assert_eq!(index.find(0, |slot| slot > 0), Some(u32::MAX - 1));
        index.remove(0, u32::MAX - 1);
        assert_eq!(index.find(0, |_| true), Some(0));
    }
}
