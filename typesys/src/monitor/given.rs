//! Promises that are given under an assumption.

use std::collections::VecDeque;

use super::{Happening, Monitor, Outcome};

/// Watches what is promised under an assumption (semantics, section 9): it is broken by what breaks the
/// promise while the assumption was kept. Where one event breaks both, it is not told: whoever broke the
/// assumption may have left no way to keep the promise.
///
/// # Errors
///
/// The assumption may be broken without its monitor telling so. What the monitor finds broken could then
/// be what was not promised any more.
pub fn given(
    promise: Box<dyn Monitor>,
    assumption: Box<dyn Monitor>,
) -> Result<Box<dyn Monitor>, String> {
    match assumption.is_safety() {
        true => Ok(Box::new(Given {
            promise,
            assumption,
            void: false,
        })),
        false => Err("its assumption may be broken without anybody noticing".to_owned()),
    }
}

struct Given {
    promise: Box<dyn Monitor>,
    assumption: Box<dyn Monitor>,
    /// Whether the assumption is broken, so that nothing is promised any more.
    void: bool,
}

impl Monitor for Given {
    fn observe(&mut self, happening: &Happening<'_>) -> Outcome {
        if self.void {
            return Outcome::Open;
        }
        if let Outcome::Violated { .. } = self.assumption.observe(happening) {
            self.void = true;
            return Outcome::Satisfied;
        }
        self.promise.observe(happening)
    }

    fn compares_values(&self) -> bool {
        self.promise.compares_values() || self.assumption.compares_values()
    }

    /// Where not everything is told, the assumption may have been broken elsewhere.
    fn needs_everything(&self) -> bool {
        true
    }

    fn watches(&self) -> bool {
        self.void || (self.promise.watches() && self.assumption.watches())
    }

    fn is_satisfied(&self) -> bool {
        self.void || self.promise.is_satisfied()
    }

    fn trail(&self) -> &[u64] {
        self.promise.trail()
    }

    fn left_out(&self) -> &[String] {
        self.promise.left_out()
    }

    fn of_several_nodes(self: Box<Self>) -> Result<Box<dyn Monitor>, String> {
        Ok(Box::new(GivenApart {
            promise: self.promise.of_several_nodes()?,
            assumption: self.assumption.of_several_nodes()?,
            assumed: true,
            broken: VecDeque::new(),
            told: Vec::new(),
            concluded: false,
            undecided: 0,
        }))
    }
}

/// The same where nobody knows the order between nodes. What breaks the promise may come after what
/// breaks the assumption wherever that happens; so it is told in the end, where the assumption was kept
/// all the time and in each order.
struct GivenApart {
    promise: Box<dyn Monitor>,
    assumption: Box<dyn Monitor>,
    /// Whether the assumption was kept so far.
    assumed: bool,
    /// What broke the promise, each with its trail.
    broken: VecDeque<(Vec<u64>, Outcome)>,
    /// What led to the violation that was told last.
    told: Vec<u64>,
    concluded: bool,
    undecided: u64,
}

impl GivenApart {
    /// Notes what the promise's monitor answers; whether it found it broken.
    fn note(&mut self, outcome: Outcome) -> bool {
        let broken = matches!(outcome, Outcome::Violated { .. });
        if broken {
            let trail = self.promise.trail().to_vec();
            self.broken.push_back((trail, outcome));
        }
        broken
    }
}

impl Monitor for GivenApart {
    fn observe(&mut self, happening: &Happening<'_>) -> Outcome {
        let assumed = self.assumption.observe(happening);
        self.assumed &= !matches!(assumed, Outcome::Violated { .. });
        let promised = self.promise.observe(happening);
        self.note(promised);
        Outcome::Open
    }

    fn compares_values(&self) -> bool {
        self.promise.compares_values() || self.assumption.compares_values()
    }

    fn needs_everything(&self) -> bool {
        true
    }

    fn watches(&self) -> bool {
        self.promise.watches() && self.assumption.watches()
    }

    fn trail(&self) -> &[u64] {
        &self.told
    }

    fn left_out(&self) -> &[String] {
        self.promise.left_out()
    }

    fn conclude(&mut self, cut_off: &[u32]) -> Outcome {
        if !self.concluded {
            self.concluded = true;
            while let Outcome::Violated { .. } = self.assumption.conclude(cut_off) {
                self.assumed = false;
            }
            loop {
                let concluded = self.promise.conclude(cut_off);
                if !self.note(concluded) {
                    break;
                }
            }
            // What a node did after its record was cut off may come before what others did.
            if !self.assumed || self.assumption.undecided() > 0 || !cut_off.is_empty() {
                self.undecided = self.broken.len() as u64;
                self.broken.clear();
            }
        }
        match self.broken.pop_front() {
            Some((trail, outcome)) => {
                self.told = trail;
                outcome
            }
            None => Outcome::Open,
        }
    }

    fn undecided(&self) -> u64 {
        self.undecided + self.promise.undecided()
    }
}

#[cfg(test)]
mod tests;
