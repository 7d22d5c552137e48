//! Object library: documents. What it offers is in `types.lot`.

mod counting;
mod display;
mod document;
mod edits;
mod entries;
mod frame;
mod lines;
mod locking;
mod proxy;
#[cfg(test)]
mod random;
mod receiving;
mod replica;
mod run;
mod sending;
mod update;

liveobj_sdk::library!("types.lot", name = "liveobj:documents");

const MILLISECOND: u64 = 1_000_000;
const SECOND: u64 = 1_000 * MILLISECOND;

/// What a state machine may use of the outside: the time of what happens, and chance.
pub(crate) struct Env<'a> {
    /// Nanoseconds on a clock that never goes back.
    pub(crate) now: u64,
    pub(crate) random: &'a mut dyn FnMut() -> u64,
}

impl Env<'_> {
    /// A random number below `limit`.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        (self.random)() % limit.max(1)
    }
}
