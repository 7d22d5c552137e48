//! Many pairs of objects, each of which has its turn.

use std::hint::black_box;
use std::rc::Rc;

use liveobj_types::types::Basic;

use super::{Called, Number, RECEIVER, SENDER, Sum, domain, end, plan, proxy, types};
use crate::boundary::calls::{Lent, Table};
use crate::engine::create::{EndpointPlan, Proxy};
use crate::engine::domain::Domain;

/// Pairs of a sender and a receiver, in one domain, that the caller drives.
pub struct Pairs {
    domain: Rc<Domain>,
    senders: Vec<Rc<Proxy>>,
    receivers: Vec<Rc<Proxy>>,
}

impl Pairs {
    /// So many, connected; with `convert`, the senders' numbers are narrower than the receivers'.
    pub fn new(count: usize, convert: bool) -> Pairs {
        let (domain, instance) = domain();
        let ends = types(&domain, if convert { Basic::U32 } else { Basic::U64 });
        let [sending, receiving]: [Rc<[EndpointPlan]>; 2] =
            ends.map(|ty| [plan(&domain, "a", ty, false)].into());
        let (mut senders, mut receivers) = (Vec::new(), Vec::new());
        for _ in 0..count {
            let sender = proxy(&domain, instance, Table::new(&SENDER), sending.clone());
            let receiver = proxy(&domain, instance, Table::new(&RECEIVER), receiving.clone());
            let made = domain.connect(end(&sender, 0), end(&receiver, 0));
            made.expect("they match");
            senders.push(sender);
            receivers.push(receiver);
        }
        domain.start_ready();
        domain.turn(None);
        Pairs {
            domain,
            senders,
            receivers,
        }
    }

    /// Each sender emits a number, one after the other, so many times in turn; at most a million in all,
    /// for which a turn is long enough.
    #[inline(never)]
    pub fn emit_each(&self, times: u64) {
        self.domain.turn(None);
        for n in 0..times {
            for sender in &self.senders {
                let number = black_box(Number { n });
                let payload = Lent::new((&raw const number).cast());
                black_box(sender.cell.emit(0, 0, payload));
            }
        }
    }

    /// The first sender emits so many numbers, at most a million, and the others nothing.
    #[inline(never)]
    pub fn emit_first(&self, times: u64) {
        self.domain.turn(None);
        let Some(sender) = self.senders.first() else {
            return;
        };
        for n in 0..times {
            let number = black_box(Number { n });
            let payload = Lent::new((&raw const number).cast());
            black_box(sender.cell.emit(0, 0, payload));
        }
    }

    /// What all receivers have added up.
    pub fn sum(&self) -> u64 {
        let sum = |it: &Rc<Proxy>| {
            // SAFETY: `this` of a receiver is a `Sum`, which lives as long as the proxy.
            unsafe { (*it.cell.this().cast::<Sum>()).0 }
        };
        self.receivers.iter().map(sum).sum()
    }
}

impl Drop for Pairs {
    fn drop(&mut self) {
        self.domain.end_all();
        self.domain.turn(None);
    }
}

/// As many objects that are called through `&mut dyn Trait`.
pub struct Calls(Vec<Called>);

impl Calls {
    /// So many.
    pub fn new(count: usize) -> Calls {
        Calls((0..count).map(|_| Called::new()).collect())
    }

    /// Calls each, one after the other, so many times in turn.
    #[inline(never)]
    pub fn call_each(&mut self, times: u64) {
        for n in 0..times {
            for called in &mut self.0 {
                called.add(&Number { n });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_receiver_has_what_its_sender_emitted() {
        for convert in [false, true] {
            let pairs = Pairs::new(10, convert);
            pairs.emit_each(4);
            assert_eq!(pairs.sum(), 10 * (1 + 2 + 3));
        }
    }

    #[test]
    fn the_first_emits_alone() {
        let pairs = Pairs::new(10, false);
        pairs.emit_first(4);
        assert_eq!(pairs.sum(), 1 + 2 + 3);
    }
}
