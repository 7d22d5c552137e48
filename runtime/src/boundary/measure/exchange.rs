//! Two objects that send each other numbers, each in a domain of its own.

use std::sync::mpsc::{self, Receiver, Sender};

use liveobj_abi as abi;
use liveobj_types::types::Basic;

use super::pipeline::{PATIENCE, Running, running};
use super::{Number, end, plan, types};
use crate::boundary::calls::{Code, Lent, ProxyCell, Wake};
use crate::boundary::native::{Incoming, Native, NativeProxy};
use crate::engine::connect::End;
use crate::engine::create::{ProxyPlan, ProxyType};
use crate::engine::domain::Domain;
use crate::engine::inbox::Poster;
use crate::open::Make;
use crate::runtime::Runtime;

/// Set in a number that is to be answered at once.
const ANSWER: u64 = 1 << 63;

/// One that asks and one that adds up, on a thread each.
pub struct Exchange {
    _running: Running,
    asking: Poster,
    told: Receiver<u64>,
}

impl Exchange {
    /// Both, connected, and nothing sent yet.
    ///
    /// # Panics
    ///
    /// There are no threads.
    pub fn new(runtime: &Runtime) -> Exchange {
        Exchange::among(runtime, 0)
    }

    /// As [`Exchange::new`], and so many objects that do nothing beside them: half of them in each domain,
    /// connected in pairs from one to the other.
    ///
    /// # Panics
    ///
    /// There are no threads.
    pub fn among(runtime: &Runtime, others: usize) -> Exchange {
        let (made, posters) = mpsc::channel();
        let (tell, told) = mpsc::channel();
        let asking: Make = Box::new(move |domain, instance| {
            let asking = Box::new(Asking { left: 0, tell });
            let (poster, ends) = object(domain, instance, asking);
            // Whoever builds the two waits for it.
            let _ = made.send(poster);
            Ok(ends.into())
        });
        let adding: Make = Box::new(|domain, instance| {
            let (_, ends) = object(domain, instance, Box::new(Adding { sum: 0 }));
            Ok(ends.into())
        });
        let parts = vec![("asking".to_owned(), asking), ("adding".to_owned(), adding)];
        let connections = [
            [("asking", "b"), ("adding", "a")],
            [("adding", "b"), ("asking", "a")],
        ];
        let running = running(runtime, &[0, 1], parts, &connections, others);
        Exchange {
            _running: running,
            asking: posters.recv().expect("it was made"),
            told,
        }
    }

    /// Sends 1 to `count`, at most 60,000 since a queue takes no more at once, and waits for the sum.
    ///
    /// # Panics
    ///
    /// It does not come.
    pub fn through(&self, count: u32) -> u64 {
        self.order(THROUGH, count)
    }

    /// Sends so many numbers, each after the one before was answered. Gives the last answer.
    ///
    /// # Panics
    ///
    /// They do not come.
    pub fn there_and_back(&self, count: u32) -> u64 {
        self.order(THERE_AND_BACK, count)
    }

    fn order(&self, what: u64, count: u32) -> u64 {
        self.asking.post(what, count.to_le_bytes().to_vec());
        self.told.recv_timeout(PATIENCE).expect("an answer")
    }
}

const THROUGH: u64 = 0;
const THERE_AND_BACK: u64 = 1;

/// An object that receives at `a` and sends at `b`.
pub(super) fn object(
    domain: &Domain,
    instance: u64,
    object: Box<dyn Native>,
) -> (Poster, [(String, End); 2]) {
    let [out, input] = types(domain, Basic::U64);
    let endpoints = [
        plan(domain, "a", input, false),
        plan(domain, "b", out, false),
    ];
    let plan = ProxyPlan {
        words: None,
        label: "".into(),
        identity: [0; 32],
        ty: ProxyType::Native,
        code: Code::Native(NativeProxy::new(object, &[1, 0])),
        endpoints: endpoints.into(),
        parameters: None,
    };
    let proxy = domain.create(instance, plan).expect("nothing to fail");
    let ends = [("a", 0), ("b", 1)].map(|(name, number)| (name.to_owned(), end(&proxy, number)));
    (domain.poster(&proxy.cell), ends)
}

/// Sends a number at `b`.
pub(super) fn emit(proxy: &ProxyCell, n: u64) {
    let payload = Number { n };
    proxy.emit(1, 0, Lent::new((&raw const payload).cast()));
}

/// The number that came in.
pub(super) fn number(event: Incoming) -> u64 {
    // SAFETY: both events of these objects carry a `Number`.
    unsafe { (*event.payload.0.cast::<Number>()).n }
}

struct Asking {
    /// How many are still to be asked, one at a time.
    left: u32,
    tell: Sender<u64>,
}

impl Native for Asking {
    fn event(&mut self, proxy: &ProxyCell, event: Incoming) -> abi::Status {
        if self.left == 0 {
            let _ = self.tell.send(number(event));
        } else {
            self.left -= 1;
            emit(proxy, ANSWER | u64::from(self.left));
        }
        abi::OK
    }

    fn wake(&mut self, proxy: &ProxyCell, token: u64, wake: Wake) -> abi::Status {
        let Wake::Posted(bytes) = wake else {
            return abi::OK;
        };
        let count = bytes.try_into().map_or(0, u32::from_le_bytes);
        if token == THROUGH {
            (1..=u64::from(count)).for_each(|n| emit(proxy, n));
            emit(proxy, ANSWER);
        } else {
            self.left = count.saturating_sub(1);
            emit(proxy, ANSWER);
        }
        abi::OK
    }
}

struct Adding {
    sum: u64,
}

impl Native for Adding {
    fn event(&mut self, proxy: &ProxyCell, event: Incoming) -> abi::Status {
        let n = number(event);
        self.sum += n & !ANSWER;
        if n & ANSWER != 0 {
            emit(proxy, std::mem::take(&mut self.sum));
        }
        abi::OK
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_beside_them_change_nothing() {
        let runtime = Runtime::builder().build().expect("a runtime");
        let exchange = Exchange::among(&runtime, 100);
        assert_eq!(exchange.through(1_000), 500_500);
    }

    #[test]
    fn all_that_is_sent_is_added_up_and_answered() {
        let runtime = Runtime::builder().build().expect("a runtime");
        let exchange = Exchange::new(&runtime);
        for _ in 0..3 {
            assert_eq!(exchange.through(1_000), 500_500);
            assert_eq!(exchange.there_and_back(100), 0);
        }
    }
}
