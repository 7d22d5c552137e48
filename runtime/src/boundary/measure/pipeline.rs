//! Objects in a row that work on what comes and pass it on, in one domain or several.

use std::hint::black_box;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use liveobj_abi as abi;

use super::exchange::{emit, number, object};
use crate::boundary::calls::{ProxyCell, Wake};
use crate::boundary::native::{Incoming, Native};
use crate::domain_thread::{DomainThread, Domains};
use crate::edge::Seeded;
use crate::engine::inbox::Poster;
use crate::open::{Make, Wiring, spread};
use crate::runtime::Runtime;
use crate::trace::Observers;

/// How long one pass may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// What runs in domains, until it is dropped.
pub(super) struct Running {
    // Before the runtime, whose thread they use.
    _domains: Domains,
    _runtime: Runtime,
}

/// Runs `parts`, each in the domain that its place tells, connected; and beside them so many others, which
/// do nothing. These are in all domains alike, and connected in pairs, each with one of the next domain.
///
/// # Panics
///
/// There are no threads.
pub(super) fn running(
    runtime: &Runtime,
    places: &[usize],
    mut parts: Vec<(String, Make)>,
    connections: &[[(&str, &str); 2]],
    others: usize,
) -> Running {
    let core = runtime.core();
    let home = DomainThread::start(core.clone(), None).expect("a thread");
    let mut domains = Domains::new(home);
    let count = places.iter().max().map_or(1, |last| last + 1);
    domains
        .start(count, core, None, Observers::default)
        .expect("threads");
    let others: Vec<String> = (0..others).map(|at| format!("other{at}")).collect();
    let idle = others.iter().map(|name| {
        let make: Make = Box::new(|domain, instance| {
            let (_, ends) = object(domain, instance, Box::new(Idle));
            Ok(ends.into())
        });
        (name.clone(), make)
    });
    parts.extend(idle);
    let idle = others.chunks_exact(2);
    let idle = idle.map(|pair| [(pair[0].as_str(), "b"), (pair[1].as_str(), "a")]);
    let connections: Vec<_> = connections.iter().copied().chain(idle).collect();
    let places = places.iter().copied();
    let places: Vec<usize> = places
        .chain((0..others.len()).map(|at| at % count))
        .collect();
    let parts = Wiring::of_own(parts, &connections);
    let inboxes: Vec<_> = domains.all().iter().map(|it| it.inbox().clone()).collect();
    let ending = domains.home().ending().clone();
    let opening = spread(&inboxes, &places, parts, None, ending);
    core.tokio.block_on(opening).expect("it opens");
    Running {
        _domains: domains,
        _runtime: runtime.clone(),
    }
}

/// An object that does nothing.
struct Idle;

impl Native for Idle {
    fn event(&mut self, _: &ProxyCell, _: Incoming) -> abi::Status {
        abi::OK
    }
}

/// Stages in a row, an equal share of them in each domain, each of which has a thread.
pub struct Pipeline {
    _running: Running,
    first: Poster,
    passed: Receiver<u64>,
}

impl Pipeline {
    /// So many stages in so many domains; each takes this many steps of a random number generator
    /// for each event. Beside them are so many objects that do nothing.
    ///
    /// # Panics
    ///
    /// There are no threads, or more domains than stages.
    pub fn among(
        runtime: &Runtime,
        stages: usize,
        domains: usize,
        steps: u32,
        others: usize,
    ) -> Pipeline {
        assert!(domains <= stages, "a domain without a stage");
        let (started, posters) = mpsc::channel();
        let (told, passed) = mpsc::channel();
        let names: Vec<String> = (0..stages).map(|at| format!("stage{at}")).collect();
        let parts = names.iter().enumerate().map(|(at, name)| {
            let started = started.clone();
            let told = Some(told.clone()).filter(|_| at == stages - 1);
            let make: Make = Box::new(move |domain, instance| {
                let stage = Stage {
                    steps,
                    told,
                    sum: 0,
                };
                let (poster, ends) = object(domain, instance, Box::new(stage));
                // Whoever builds the pipeline waits for the first one.
                let _ = started.send((at, poster));
                Ok(ends.into())
            });
            (name.clone(), make)
        });
        let connections = names.windows(2);
        let connections: Vec<_> = connections
            .map(|pair| [(pair[0].as_str(), "b"), (pair[1].as_str(), "a")])
            .collect();
        let places: Vec<usize> = (0..stages).map(|at| at * domains / stages).collect();
        let running = running(runtime, &places, parts.collect(), &connections, others);
        drop(started);
        let first = posters.iter().find(|(at, _)| *at == 0);
        Pipeline {
            _running: running,
            first: first.expect("a stage").1,
            passed,
        }
    }

    /// Passes so many events through, at most 30,000: a queue takes about twice as many. Gives the
    /// sum of what came out.
    ///
    /// # Panics
    ///
    /// They do not come out.
    pub fn pass(&self, events: u32) -> u64 {
        self.first.post(0, events.to_le_bytes().to_vec());
        self.passed.recv_timeout(PATIENCE).expect("all come out")
    }
}

struct Stage {
    steps: u32,
    told: Option<Sender<u64>>,
    sum: u64,
}

/// After the last event.
const LAST: u64 = 0;

impl Stage {
    fn take(&mut self, proxy: &ProxyCell, number: u64) {
        let mut worked = number;
        if number != LAST {
            let random = Seeded::of(number, &[]);
            for _ in 0..self.steps {
                worked = black_box(random.next());
            }
            // Not the mark of the end.
            worked |= 1;
        }
        match &self.told {
            None => emit(proxy, worked),
            Some(told) if number == LAST => {
                let _ = told.send(std::mem::take(&mut self.sum));
            }
            Some(_) => self.sum = self.sum.wrapping_add(worked),
        }
    }
}

impl Native for Stage {
    fn event(&mut self, proxy: &ProxyCell, event: Incoming) -> abi::Status {
        self.take(proxy, number(event));
        abi::OK
    }

    fn wake(&mut self, proxy: &ProxyCell, _: u64, wake: Wake) -> abi::Status {
        if let Wake::Posted(bytes) = wake {
            let count = bytes.try_into().map_or(0, u32::from_le_bytes);
            for number in (1..=u64::from(count)).chain([LAST]) {
                self.take(proxy, number);
            }
        }
        abi::OK
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_comes_out_of_however_many_domains() {
        let runtime = Runtime::builder().build().expect("a runtime");
        let sum = |domains| Pipeline::among(&runtime, 4, domains, 3, 10).pass(1_000);
        let one = sum(1);
        assert_ne!(one, 0);
        assert_eq!([sum(2), sum(3), sum(4)], [one; 3]);
    }
}
