//! What a state machine may use of the outside.

/// Nanoseconds.
pub(crate) const MILLISECOND: u64 = 1_000_000;
/// Nanoseconds.
pub(crate) const SECOND: u64 = 1_000 * MILLISECOND;

/// The time of what happens, and chance.
pub(crate) struct Env<'a> {
    /// Nanoseconds on a clock that never goes back.
    pub(crate) now: u64,
    pub(crate) random: &'a mut dyn FnMut() -> u64,
}

impl Env<'_> {
    /// A random number below `limit`, which 0 counts as 1.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        (self.random)() % limit.max(1)
    }

    /// A time that is between `least` and twice of it from now.
    pub(crate) fn soon(&mut self, least: u64) -> u64 {
        self.now + least + self.below(least)
    }
}
