//! Which numbers of which senders came before.

use std::collections::VecDeque;

/// So many senders are told apart; of more, the one that was silent longest is forgotten.
const MAX_SENDERS: usize = 256;
/// Words of a window.
const WORDS: usize = 16;
/// So many numbers up to the latest are told apart; older ones count as seen.
const WINDOW: u32 = WORDS as u32 * u64::BITS;

/// Numbers that came already, by sender. Numbers wrap around.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// The one that sent last stands at the end.
    senders: VecDeque<([u8; 8], Window)>,
}

#[derive(Debug)]
struct Window {
    latest: u32,
    /// Bit `n % WINDOW` stands for the number `n`, of those up to `latest`.
    bits: [u64; WORDS],
}

impl Seen {
    /// Whether a number has not come yet, as far as that can be told.
    pub(crate) fn is_new(&self, sender: [u8; 8], number: u32) -> bool {
        let mut senders = self.senders.iter();
        let known = senders.find(|(name, _)| *name == sender);
        known.is_none_or(|(_, window)| window.is_new(number))
    }

    /// Remembers a number; false if it came before or is too old to tell.
    pub(crate) fn insert(&mut self, sender: [u8; 8], number: u32) -> bool {
        let known = self.senders.iter().position(|(name, _)| *name == sender);
        if let Some((name, mut window)) = known.and_then(|index| self.senders.remove(index)) {
            let new = window.insert(number);
            self.senders.push_back((name, window));
            return new;
        }
        let mut window = Window {
            latest: number,
            bits: [0; WORDS],
        };
        window.insert(number);
        self.senders.push_back((sender, window));
        if self.senders.len() > MAX_SENDERS {
            self.senders.pop_front();
        }
        true
    }
}

impl Window {
    fn is_new(&self, number: u32) -> bool {
        let (word, bit) = place(number);
        if self.is_later(number) {
            return true;
        }
        self.latest.wrapping_sub(number) < WINDOW && self.bits[word] & bit == 0
    }

    fn insert(&mut self, number: u32) -> bool {
        let new = self.is_new(number);
        if self.is_later(number) {
            let ahead = number.wrapping_sub(self.latest);
            for step in 1..=ahead.min(WINDOW) {
                let (word, bit) = place(self.latest.wrapping_add(step));
                self.bits[word] &= !bit;
            }
            self.latest = number;
        }
        if new {
            let (word, bit) = place(number);
            self.bits[word] |= bit;
        }
        new
    }

    fn is_later(&self, number: u32) -> bool {
        (1..=u32::MAX / 2).contains(&number.wrapping_sub(self.latest))
    }
}

fn place(number: u32) -> (usize, u64) {
    let place = number % WINDOW;
    ((place / u64::BITS) as usize, 1 << (place % u64::BITS))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENDER: [u8; 8] = [7; 8];

    #[test]
    fn numbers_are_new_once_in_whatever_order_and_beyond_the_end() {
        let mut seen = Seen::default();
        for number in [u32::MAX - 1, 3, u32::MAX, 0, 2, 1] {
            assert!(seen.is_new(SENDER, number), "{number}");
            assert!(seen.insert(SENDER, number), "{number}");
            assert!(!seen.is_new(SENDER, number), "{number}");
            assert!(!seen.insert(SENDER, number), "{number}");
        }
    }

    #[test]
    fn what_is_older_than_the_window_counts_as_seen() {
        let mut seen = Seen::default();
        seen.insert(SENDER, 10);
        seen.insert(SENDER, 10 + WINDOW);
        assert!(!seen.insert(SENDER, 10));
        assert!(seen.insert(SENDER, 11), "the oldest of the window");
        // A leap clears what stood in the places that are used anew.
        seen.insert(SENDER, 10 + 3 * WINDOW);
        assert!(seen.insert(SENDER, 11 + 2 * WINDOW));
    }

    #[test]
    fn every_number_is_told_apart_as_a_set_of_the_window_would() {
        let mut seen = Seen::default();
        let mut all = std::collections::BTreeSet::new();
        let (mut latest, mut random) = (0, 1_u64);
        for _ in 0..20_000 {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let number = 5_000 + ((random >> 40) as u32 % 3_000) + latest / 2;
            latest = latest.max(number);
            let expected = latest - number < WINDOW && all.insert(number);
            assert_eq!(
                seen.insert(SENDER, number),
                expected,
                "{number} of {latest}"
            );
        }
    }

    #[test]
    fn the_sender_that_was_silent_longest_is_forgotten() {
        let mut seen = Seen::default();
        for sender in 0..MAX_SENDERS as u64 {
            seen.insert(sender.to_le_bytes(), 1);
        }
        seen.insert(0_u64.to_le_bytes(), 2);
        seen.insert([0xff; 8], 1);
        assert!(!seen.is_new(0_u64.to_le_bytes(), 1));
        assert!(seen.is_new(1_u64.to_le_bytes(), 1));
        assert_eq!(seen.senders.len(), MAX_SENDERS);
    }
}
