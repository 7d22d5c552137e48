//! Numbers, of which there are mostly one or two.

/// A list of numbers. What most have needs no memory of its own.
#[derive(Debug)]
pub(crate) struct Few(Known);

#[derive(Debug)]
enum Known {
    /// As many as are not [`NONE`].
    Two([u64; 2]),
    Several(Vec<u64>),
}

/// No number of anything.
const NONE: u64 = 0;

impl Default for Few {
    fn default() -> Few {
        Few(Known::Two([NONE; 2]))
    }
}

impl Few {
    /// Adds one at the end.
    pub(crate) fn push(&mut self, number: u64) {
        debug_assert!(number != NONE, "numbers begin at 1");
        match &mut self.0 {
            Known::Two([first @ NONE, _]) => *first = number,
            Known::Two([_, second @ NONE]) => *second = number,
            Known::Two([first, second]) => {
                self.0 = Known::Several(vec![*first, *second, number]);
            }
            Known::Several(list) => list.push(number),
        }
    }

    /// All of them, in the order in which they were added.
    pub(crate) fn all(&self) -> &[u64] {
        match &self.0 {
            Known::Two([NONE, _]) => &[],
            Known::Two(two @ [_, NONE]) => &two[..1],
            Known::Two(two) => two,
            Known::Several(list) => list,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_added_is_there_in_order() {
        let mut few = Few::default();
        for count in 0..10 {
            assert_eq!(few.all(), (1..=count).collect::<Vec<_>>());
            few.push(count + 1);
        }
    }
}
