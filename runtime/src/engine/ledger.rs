//! What a domain has, by number.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// So many consecutive numbers lie side by side: what is made together is found together.
const SIDE_BY_SIDE: u32 = 4;
/// Smaller ones keep their memory.
const SMALL: usize = 64;

/// Things by numbers that a domain has drawn, each of which is used once. To add, find or remove one takes
/// the same time whatever their number; to go through all of them in order, that of sorting.
pub(crate) struct Ledger<T>(HashMap<u64, T, BuildHasherDefault<Place>>);

/// Where a number lies. Numbers are drawn one after the other, and nobody chooses one: there is no need
/// for a hash that withstands an enemy.
#[derive(Default)]
pub(crate) struct Place(u64);

impl Hasher for Place {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(self.0 << 8 | u64::from(*byte));
        }
    }

    fn write_u64(&mut self, number: u64) {
        /// 2⁶⁴ divided by the golden ratio: multiples of it are spread evenly.
        const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
        /// The table tells numbers of about the same place apart by the bits from here on.
        const TAG: u32 = 57;
        let within = number & ((1 << SIDE_BY_SIDE) - 1);
        let spread = (number >> SIDE_BY_SIDE).wrapping_mul(SPREAD);
        let place = spread >> 32 << SIDE_BY_SIDE | within;
        let tag = spread ^ within << (u64::BITS - SIDE_BY_SIDE);
        self.0 = place | tag >> TAG << TAG;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl<T> Default for Ledger<T> {
    fn default() -> Ledger<T> {
        Ledger(HashMap::default())
    }
}

impl<T> Ledger<T> {
    /// How many there are.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The one with this number.
    pub(crate) fn get(&self, number: u64) -> Option<&T> {
        self.0.get(&number)
    }

    /// As [`Ledger::get`], to change it.
    pub(crate) fn get_mut(&mut self, number: u64) -> Option<&mut T> {
        self.0.get_mut(&number)
    }

    /// Adds one.
    pub(crate) fn insert(&mut self, number: u64, it: T) {
        let before = self.0.insert(number, it);
        debug_assert!(before.is_none(), "a number is used once");
    }

    /// Takes one away. Where most are gone, so is the memory of them.
    pub(crate) fn remove(&mut self, number: u64) -> Option<T> {
        let gone = self.0.remove(&number);
        let (length, capacity) = (self.0.len(), self.0.capacity());
        if capacity > SMALL && length < capacity / 16 {
            self.0.shrink_to(length * 4);
        }
        gone
    }

    /// All numbers, in order.
    pub(crate) fn numbers(&self) -> Vec<u64> {
        let mut numbers: Vec<u64> = self.0.keys().copied().collect();
        numbers.sort_unstable();
        numbers
    }

    /// All of them, by number.
    pub(crate) fn in_order(&self) -> Vec<&T> {
        let mut all: Vec<(u64, &T)> = self.0.iter().map(|(number, it)| (*number, it)).collect();
        all.sort_unstable_by_key(|(number, _)| *number);
        all.into_iter().map(|(_, it)| it).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hash::BuildHasher;

    /// The places that these numbers have among so many, each with how many there are.
    fn fullest(numbers: impl Iterator<Item = u64>, places: usize) -> usize {
        let hasher = BuildHasherDefault::<Place>::default();
        let mut groups = vec![0; places >> SIDE_BY_SIDE];
        for number in numbers {
            let place = hasher.hash_one(number) as usize & (places - 1);
            groups[place >> SIDE_BY_SIDE] += 1;
        }
        groups.into_iter().max().unwrap_or_default()
    }

    #[test]
    fn numbers_are_spread_however_they_were_drawn() {
        // All of them, each sixth, and each 65,536th, for half as many as there are places.
        for step in [1, 6, 1 << 16] {
            let fullest = fullest((0..1 << 15).map(|at| at * step), 1 << 16);
            assert!(fullest <= 64, "{fullest} in one place, of each {step}th");
        }
    }

    #[test]
    fn what_is_gone_takes_no_memory() {
        let mut ledger = Ledger::default();
        for number in 0..100_000 {
            ledger.insert(number, ());
        }
        for number in 10..100_000 {
            assert_eq!(ledger.remove(number), Some(()));
        }
        assert!(ledger.0.capacity() <= 4 * SMALL);
        assert_eq!(ledger.numbers(), (0..10).collect::<Vec<_>>());
    }

    #[test]
    fn all_are_gone_through_by_number() {
        let mut ledger = Ledger::default();
        for number in [1 << 63, 7, 300, 2] {
            ledger.insert(number, number);
        }
        let all: Vec<u64> = ledger.in_order().into_iter().copied().collect();
        assert_eq!(all, [2, 7, 300, 1 << 63]);
    }
}
