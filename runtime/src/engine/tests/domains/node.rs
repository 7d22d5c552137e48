//! What runs in the tests of domains: nodes that pass numbers on, in compositions of every form.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use liveobj_abi as abi;
use liveobj_types::Data;

use super::super::{EndpointPlan, Seeded, number, post, resolve};
use crate::boundary::calls::{Code, ProxyCell, Wake};
use crate::boundary::memory::Keeper;
use crate::boundary::native::{Incoming, Native, NativeProxy};
use crate::engine::connect::End;
use crate::engine::create::ProxyPlan;
use crate::engine::domain::Domain;
use crate::open::{Leaf, Make, Wiring};

/// What one proxy did or saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    Connected,
    Disconnected,
    Woken,
    Heard { from: usize, value: u64 },
    Said { value: u64 },
    Destroyed,
}

/// Of all proxies, by number, in order.
pub(super) type Log = Arc<Mutex<Vec<(usize, Seen)>>>;

/// What it does when it hears the `count`th event, or is woken.
pub(super) type Behaviour = Arc<dyn Fn(Me, Option<u64>) -> Reaction + Send + Sync>;

/// Who behaves, and what it knows.
#[derive(Clone, Copy)]
pub(super) struct Me {
    pub(super) number: usize,
    /// Mixed from all that it heard so far, this event included.
    pub(super) state: u64,
}

pub(super) enum Reaction {
    Say(Vec<u64>),
    Panic,
}

/// An object with a `many` endpoint to hear (`a`) and one to say (`b`).
struct Node {
    me: Me,
    keeper: Keeper,
    log: Log,
    behaviour: Behaviour,
}

/// Values carry who says them, and how often what they come from was passed on.
fn value(number: usize, hops: u64, content: u64) -> u64 {
    (content << 16) | (number as u64) << 8 | hops
}

fn hops(value: u64) -> u64 {
    value & 0xff
}

fn sender(value: u64) -> usize {
    (value >> 8 & 0xff) as usize
}

pub(super) fn mix(state: u64, value: u64) -> u64 {
    Seeded::of(state, &[value]).next()
}

/// Passes on what it hears, once or twice or not at all, and as something else; a pure function of
/// what it heard. Whoever is woken begins.
pub(super) fn passing(me: Me, heard: Option<u64>) -> Reaction {
    let Me { number, state } = me;
    let content = |salt| mix(state, salt) >> 16;
    Reaction::Say(match heard {
        None => (0..3).map(|salt| value(number, 6, content(salt))).collect(),
        Some(heard) if hops(heard) == 0 => Vec::new(),
        Some(heard) => (0..mix(state, 0) % 3)
            .map(|salt| value(number, hops(heard) - 1, content(salt)))
            .collect(),
    })
}

impl Node {
    fn note(&self, seen: Seen) {
        self.log.lock().unwrap().push((self.me.number, seen));
    }

    fn react(&mut self, proxy: &ProxyCell, heard: Option<u64>) -> abi::Status {
        self.me.state = mix(self.me.state, heard.unwrap_or_default());
        match (self.behaviour)(self.me, heard) {
            Reaction::Panic => panic!("no more"),
            Reaction::Say(values) => {
                for value in values {
                    self.note(Seen::Said { value });
                    let payload = number(&self.keeper, value);
                    proxy.emit(1, 0, payload.lent());
                }
            }
        }
        abi::OK
    }
}

impl Native for Node {
    fn event(&mut self, proxy: &ProxyCell, event: Incoming) -> abi::Status {
        let Ok(Data::Record(fields)) = self.keeper.read(event.payload) else {
            return abi::INVALID;
        };
        let Some(Data::U64(value)) = fields.get("n").cloned() else {
            return abi::INVALID;
        };
        let from = sender(value);
        self.note(Seen::Heard { from, value });
        self.react(proxy, Some(value))
    }
    fn connected(&mut self, _: &ProxyCell, _: u32, _: u64) -> abi::Status {
        self.note(Seen::Connected);
        abi::OK
    }
    fn disconnected(&mut self, _: &ProxyCell, _: u32, _: u64, _: u32) -> abi::Status {
        self.note(Seen::Disconnected);
        abi::OK
    }
    fn wake(&mut self, proxy: &ProxyCell, _: u64, _: Wake) -> abi::Status {
        self.note(Seen::Woken);
        self.react(proxy, None)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.note(Seen::Destroyed);
    }
}

/// A composition: who says to whom, and who begins.
#[derive(Clone, Debug)]
pub(super) struct Composition {
    pub(super) nodes: usize,
    pub(super) edges: Vec<(usize, usize)>,
    /// Woken as soon as they are made, as by a timer that their constructors set.
    pub(super) begin: Vec<usize>,
}

impl Composition {
    /// A chain, a tree, one that merges, or one with cycles.
    pub(super) fn generate(random: &Seeded) -> Composition {
        let next = |below: usize| (random.next() % below as u64) as usize;
        let nodes = 2 + next(7);
        let mut edges: BTreeSet<(usize, usize)> = (1..nodes).map(|at| (at - 1, at)).collect();
        match next(4) {
            0 => {}
            1 => edges = (1..nodes).map(|at| (next(at), at)).collect(),
            2 => edges.extend((0..next(6)).map(|_| {
                let to = 1 + next(nodes - 1);
                (next(to), to)
            })),
            _ => edges.extend((0..1 + next(4)).map(|_| {
                let from = next(nodes);
                (from, (from + 1 + next(nodes - 1)) % nodes)
            })),
        }
        let begin = (0..nodes).filter(|at| *at == 0 || next(4) == 0).collect();
        Composition {
            nodes,
            edges: edges.into_iter().collect(),
            begin,
        }
    }

    pub(super) fn parts(&self, log: &Log, behaviour: &Behaviour) -> (Vec<Leaf>, Wiring) {
        let parts = (0..self.nodes).map(|number| {
            let begins = self.begin.contains(&number);
            let (log, behaviour) = (log.clone(), behaviour.clone());
            let make: Make = Box::new(move |domain, instance| {
                Ok(make(domain, instance, number, begins, log, behaviour))
            });
            (name(number), make)
        });
        let names: Vec<String> = (0..self.nodes).map(name).collect();
        let edges = self.edges.iter();
        let edges: Vec<[(&str, &str); 2]> = edges
            .map(|(from, to)| [(names[*from].as_str(), "b"), (names[*to].as_str(), "a")])
            .collect();
        Wiring::of_own(parts.collect(), &edges)
    }

    /// Whether what it hears comes through one connection only, and so on for who says it.
    pub(super) fn is_determined(&self, node: usize) -> bool {
        let mut at = node;
        for _ in 0..=self.nodes {
            let mut into = self.edges.iter().filter(|(_, to)| *to == at);
            match (into.next(), into.next(), self.begin.contains(&at)) {
                (None, _, _) => return true,
                (Some((from, _)), None, false) => at = *from,
                _ => return false,
            }
        }
        false
    }
}

pub(super) fn name(number: usize) -> String {
    format!("n{number}")
}

fn make(
    domain: &Domain,
    instance: u64,
    number: usize,
    begins: bool,
    log: Log,
    behaviour: Behaviour,
) -> BTreeMap<String, End> {
    let plan = |name: &str, text: &str| {
        let ty = resolve(domain, text);
        let types = &mut domain.types.borrow_mut();
        EndpointPlan::new(types, name, ty, ty, true, false).expect("events")
    };
    let endpoints = vec![plan("a", "mirror Talk"), plan("b", "Talk")];
    let payload = endpoints[1].emits[0].payload;
    let node = Node {
        me: Me { number, state: 0 },
        keeper: Keeper::new(&domain.types.borrow(), payload).expect("a layout"),
        log,
        behaviour,
    };
    let plan = ProxyPlan {
        ty: crate::engine::create::ProxyType::Native,
        words: None,
        label: name(number).into(),
        identity: [1; 32],
        code: Code::Native(NativeProxy::new(Box::new(node), &[1, 1])),
        endpoints: endpoints.into(),
        parameters: None,
    };
    let proxy = domain.create(instance, plan).expect("created");
    if begins {
        domain.inbox.push(post(&proxy));
    }
    let end = |endpoint| End {
        proxy: proxy.cell.number,
        endpoint,
    };
    [("a".to_owned(), end(0)), ("b".to_owned(), end(1))].into()
}
