//! Somebody who may write on the channel, and forges frames out of those that pass by, in each layer.

use std::cell::RefCell;

use super::Random;

/// Changes frames, so that most of them still can be read.
struct Forger(Random);

thread_local! {
    static AT_WORK: RefCell<Option<Forger>> = const { RefCell::new(None) };
}

/// What stands at the begin of each frame and tells the reference: without it a frame is for nobody.
const TAG: usize = 8;

/// Runs something while somebody forges.
pub(crate) fn with<R>(seed: u64, run: impl FnOnce() -> R) -> R {
    AT_WORK.set(Some(Forger(Random::new(seed ^ 0xf0_49e1))));
    let result = run();
    AT_WORK.set(None);
    result
}

/// A frame that passes by, and sometimes one more.
pub(crate) fn with_forged(frame: Vec<u8>) -> impl Iterator<Item = Vec<u8>> {
    let forged = AT_WORK.with_borrow_mut(|it| it.as_mut().and_then(|it| it.forge(&frame)));
    [frame].into_iter().chain(forged)
}

impl Forger {
    /// Something like this frame, for one frame in sixty: so few that a group gets on.
    fn forge(&mut self, frame: &[u8]) -> Option<Vec<u8>> {
        if frame.len() <= TAG || self.0.below(60) > 0 {
            return None;
        }
        let mut forged = frame.to_vec();
        for _ in 0..1 + self.0.below(3) {
            self.change(&mut forged);
        }
        Some(forged)
    }

    fn change(&mut self, frame: &mut Vec<u8>) {
        let span = frame.len() - TAG;
        if span == 0 {
            return;
        }
        let anywhere = TAG + self.0.below(span as u64) as usize;
        // Behind the kind most frames have numbers of 8 bytes.
        let number = TAG + 1 + 8 * self.0.below(4) as usize;
        let at = match self.0.below(2) {
            0 if number < frame.len() => number,
            _ => anywhere,
        };
        match self.0.below(8) {
            0 => frame[at] = self.0.next() as u8,
            1 => frame.truncate(at),
            2 => {
                let more = self.0.below(64);
                frame.extend((0..more).map(|_| self.0.next() as u8));
            }
            _ => self.number(frame, at),
        }
    }

    /// Puts a number where one may have been that a machine counts with.
    fn number(&mut self, frame: &mut [u8], at: usize) {
        let width = [4, 8][self.0.below(2) as usize];
        let Some(place) = frame.get_mut(at..at + width) else {
            return;
        };
        let mut old = [0; 8];
        old[..width].copy_from_slice(place);
        let old = u64::from_le_bytes(old);
        let new = match self.0.below(6) {
            0 => 0,
            1 => u64::MAX - self.0.below(3),
            2 => u64::MAX / 2 + self.0.below(2),
            3 => old.wrapping_add(1 + self.0.below(4)),
            4 => old.wrapping_sub(1 + self.0.below(4)),
            _ => u64::from(u32::MAX) + self.0.below(3),
        };
        place.copy_from_slice(&new.to_le_bytes()[..width]);
    }
}
