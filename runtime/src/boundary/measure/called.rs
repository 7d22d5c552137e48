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

    /// Calls it. Where it is, and what it is, is read each time, as of any object that another one has.
    #[inline]
    pub fn add(&mut self, number: &Number) -> i32 {
        let this = black_box(self);
        black_box(this.0.add(black_box(number)))
    }

    /// Calls it with 0 to `count - 1`, one after the other: the same machine code in every program.
    #[inline(never)]
    pub fn add_all(&mut self, count: u64) {
        for n in 0..count {
            self.add(&Number { n });
        }
    }
}
