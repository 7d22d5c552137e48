//! What an event is compared with.

use std::hint::black_box;

use super::{Number, Sum};

/// An object that adds up numbers, called through `&mut dyn Trait`: what a program has that composes
/// without liveobj. Each call takes a pointer to a number and answers a status, as a handler does.
pub struct Called(Box<dyn Receive>);

trait Receive {
    fn add(&mut self, number: &Number) -> i32;
}

impl Receive for Sum {
    #[inline(never)]
    fn add(&mut self, number: &Number) -> i32 {
        self.0 += number.n;
        0
    }
}

impl Called {
    /// One of whom the compiler does not know what it is.
    #[allow(clippy::new_without_default)]
    #[inline]
    pub fn new() -> Called {
        Called(black_box(Box::new(Sum(0))))
    }

    /// Calls it.
    #[inline(always)]
    pub fn add(&mut self, number: &Number) -> i32 {
        let called: &mut dyn Receive = black_box(&mut *self.0);
        black_box(called.add(black_box(number)))
    }

    /// Calls it with 0 to `count - 1`, one after the other.
    #[inline]
    pub fn add_all(&mut self, count: u64) {
        for n in 0..count {
            self.add(&Number { n });
        }
    }
}
