//! A connection between two domains, without the threads that they would have.

use std::hint::black_box;
use std::rc::Rc;

use liveobj_types::types::Basic;

use super::{Number, RECEIVER, SENDER, Sum, domain, end, plan, proxy, types};
use crate::boundary::calls::{Lent, Table};
use crate::engine::create::Proxy;
use crate::engine::crossing::connect_across;
use crate::engine::domain::Domain;

/// Events that are sent before the receiver has its turn.
const IN_A_ROW: u64 = 50;

/// A sender and a receiver, each in a domain of its own, both of which the caller drives.
pub struct Across {
    here: Rc<Domain>,
    there: Rc<Domain>,
    sender: Rc<Proxy>,
    receiver: Rc<Proxy>,
}

impl Across {
    /// Both, connected.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Across {
        let [(here, of_sender), (there, of_receiver)] = [domain(), domain()];
        let [from, _] = types(&here, Basic::U64);
        let [_, to] = types(&there, Basic::U64);
        let sending = [plan(&here, "a", from, false)];
        let receiving = [plan(&there, "a", to, false)];
        let sender = proxy(&here, of_sender, Table::new(&SENDER), sending);
        let receiver = proxy(&there, of_receiver, Table::new(&RECEIVER), receiving);
        let made = connect_across((&here, end(&sender, 0)), (&there, end(&receiver, 0)));
        made.expect("they match");
        let across = Across {
            here,
            there,
            sender,
            receiver,
        };
        across.run();
        across
    }

    /// Emits 0 to `count - 1`, and lets the receiver take what has come from time to time.
    #[inline(never)]
    pub fn emit_all(&self, count: u64) {
        for n in 0..count {
            let number = black_box(Number { n });
            let payload = Lent::new((&raw const number).cast());
            black_box(self.sender.cell.emit(0, 0, payload));
            if n % IN_A_ROW == IN_A_ROW - 1 || n + 1 == count {
                self.run();
            }
        }
    }

    /// Lets both do what they have to.
    fn run(&self) {
        for domain in [&self.here, &self.there] {
            domain.turn(None);
            while let Some(outside) = domain.inbox.try_take(false) {
                domain.turn(Some(outside));
            }
        }
    }

    /// What the receiver has added up.
    pub fn sum(&self) -> u64 {
        // SAFETY: `this` of a receiver is a `Sum`, which lives as long as the proxy.
        unsafe { (*self.receiver.cell.this().cast::<Sum>()).0 }
    }
}

impl Drop for Across {
    fn drop(&mut self) {
        self.here.end_all();
        self.there.end_all();
        self.run();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_is_emitted_arrives() {
        let across = Across::new();
        across.emit_all(1_001);
        assert_eq!(across.sum(), 500_500);
    }
}
