//! A simulation that runs.

use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use liveobj_references::CheckedReference;

use super::files::Files;
use super::network::Network;
use super::node::Node;
use super::options::{Action, Options, nanos};
use super::queue::{Happening, What};
use super::replay::{Header, Recorded};
use super::summary::{NodeSummary, Summary};
use super::world::{Observer, World};
use crate::boundary::calls::Wake;
use crate::engine::domain::Domain;
use crate::engine::inbox::Outside;
use crate::error::OpenError;
use crate::open;
use crate::runtime::Runtime;

/// Why a simulation was not started, or does not go on.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SimulationError {
    /// The options do not make sense.
    #[error("{0}")]
    Options(String),
    /// The reference cannot be opened, whatever happens.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A node keeps waking itself, and no time passes.
    #[error(
        "node {node} does not come to rest at {}: its objects keep waking themselves",
        seconds(at)
    )]
    Stuck {
        /// The node.
        node: u32,
        /// The time.
        at: Duration,
    },
}

fn seconds(at: &Duration) -> String {
    format!("{} s", at.as_secs_f64())
}

/// Many nodes in one process, on virtual time and a simulated network. Each opens the same
/// reference.
pub struct Simulation {
    // Before the runtime, whose libraries the nodes use.
    nodes: Vec<Node>,
    world: Rc<World>,
    runtime: Runtime,
    reference: CheckedReference,
    seed: u64,
    end: u64,
}

impl Simulation {
    /// Prepares a simulation; nothing has happened yet.
    ///
    /// # Errors
    ///
    /// The options do not make sense, the root requires something, or a library that the
    /// reference names runs threads of its own.
    pub fn new(
        runtime: &Runtime,
        reference: &CheckedReference,
        options: &Options,
        observer: impl Observer + 'static,
    ) -> Result<Simulation, SimulationError> {
        Simulation::recorded(runtime, reference, options, observer, BTreeMap::new())
    }

    /// As [`Simulation::new`], with files that a trace holds.
    pub(super) fn recorded(
        runtime: &Runtime,
        reference: &CheckedReference,
        options: &Options,
        observer: impl Observer + 'static,
        files: Recorded,
    ) -> Result<Simulation, SimulationError> {
        if let Some(fault) = options.fault() {
            return Err(SimulationError::Options(fault));
        }
        let core = runtime.core();
        open::refuse_unmet(reference)?;
        open::refuse_threads(&core.catalog, reference.root(), "")?;
        let files = Files::new(core.registry.clone(), files);
        let world = World::new(Network::new(options), files, Box::new(observer));
        if world.traced {
            let header = Header::new(runtime, reference, options);
            world.observer.borrow_mut().traced(&header.line());
        }
        for node in options.first_nodes() {
            world.add(0, node, What::Start);
        }
        for scripted in &options.script {
            let what = match &scripted.action {
                Action::Start => What::Start,
                Action::Crash => What::Crash,
                Action::Close => What::Close,
                Action::Type(line) => What::Type(line.clone()),
            };
            world.add(nanos(scripted.at), scripted.node, what);
        }
        Ok(Simulation {
            nodes: (1..=options.nodes).map(Node::new).collect(),
            world: Rc::new(world),
            runtime: runtime.clone(),
            reference: reference.clone(),
            seed: options.seed,
            end: nanos(options.duration),
        })
    }

    /// Virtual time that has passed.
    pub fn time(&self) -> Duration {
        self.world.time()
    }

    /// Events that objects were given so far.
    pub fn events(&self) -> u64 {
        self.nodes.iter().map(Node::events).sum()
    }

    /// Lets the next thing happen, and all that follows from it at once. Answers whether there
    /// was one before the end of the time.
    ///
    /// # Errors
    ///
    /// A node does not come to rest. The simulation cannot go on then.
    pub fn step(&mut self) -> Result<bool, SimulationError> {
        let Some(Happening { node, what, .. }) = self.world.next(self.end) else {
            return Ok(false);
        };
        let world = self.world.clone();
        let outside = match what {
            What::Wake { life, ticket, wake } => self.wake(node, life, ticket, wake),
            What::Datagram {
                socket,
                sender,
                from,
                bytes,
            } => {
                let mut datagrams = world.datagrams.get();
                let cause = world.cause.get();
                let network = world.network.borrow();
                let ticket = network.socket(socket).map(|socket| socket.ticket);
                if network.is_cut(sender, node, world.now()) {
                    datagrams.cut += 1;
                    world.trace_lost(node, cause, "partition");
                } else if ticket.is_none() {
                    datagrams.unheard += 1;
                    world.trace_lost(node, cause, "nobody");
                } else {
                    datagrams.arrived += 1;
                }
                let reached = datagrams.arrived > world.datagrams.get().arrived;
                world.datagrams.set(datagrams);
                drop(network);
                ticket.filter(|_| reached).map(|ticket| {
                    let wake = Wake::Datagram(from.to_string(), bytes.to_vec());
                    Domain::wake_from_outside(ticket, wake)
                })
            }
            What::Stream(arrival) => match world.arrived(node, arrival) {
                Some((owner, wake)) => self.wake(owner.node, owner.life, owner.ticket, wake),
                None => None,
            },
            What::Start if self.node(node).starts_later() => None,
            What::Start => {
                world.trace(node, |line| {
                    line.text("kind", "start");
                });
                let (core, seed) = (self.runtime.core().clone(), self.seed);
                let reference = self.reference.clone();
                self.node(node).start(&world, &core, &reference, seed);
                return self.run_node(node, None);
            }
            What::Crash => {
                world.trace(node, |line| {
                    line.text("kind", "crash");
                });
                self.node(node).crash(&world);
                None
            }
            What::Close => {
                let closed = self.node(node).close(&world);
                // What was not open yet is gone without a word.
                let kind = if closed.is_some() { "close" } else { "crash" };
                world.trace(node, |line| {
                    line.text("kind", kind);
                });
                closed
            }
            What::Type(text) => {
                world.trace(node, |line| {
                    line.text("kind", "type").text("text", &text);
                });
                self.enter(node, text)
            }
        };
        match outside {
            Some(outside) => self.run_node(node, Some(outside)),
            None => Ok(true),
        }
    }

    /// Lets everything happen until the end of the time.
    ///
    /// # Errors
    ///
    /// As [`Simulation::step`].
    pub fn run(&mut self) -> Result<(), SimulationError> {
        while self.step()? {}
        Ok(())
    }

    /// What has come of it so far.
    pub fn summary(&self) -> Summary {
        let nodes: Vec<NodeSummary> = self.nodes.iter().map(summary).collect();
        Summary {
            time: self.time(),
            events: self.events(),
            wakes: self.nodes.iter().map(|node| node.wakes).sum(),
            datagrams: self.world.datagrams.get(),
            agree: Summary::agree(&nodes),
            nodes,
        }
    }

    /// Ends it: writes the last line of the trace, and takes the nodes down unheard.
    pub fn finish(self) -> Summary {
        let summary = self.summary();
        self.world.trace(0, |line| {
            line.text("kind", "end")
                .plain("events", summary.events)
                .plain("wakes", summary.wakes);
        });
        summary
    }

    fn wake(
        &mut self,
        node: u32,
        life: u32,
        ticket: crate::edge::Ticket,
        wake: Wake,
    ) -> Option<Outside> {
        let host = self.node(node).host()?;
        let wanted = host.life() == life && host.wants(ticket, &wake);
        wanted.then(|| Domain::wake_from_outside(ticket, wake))
    }

    /// Somebody enters a line.
    fn enter(&mut self, node: u32, text: String) -> Option<Outside> {
        let mut console = self.node(node).console.borrow_mut();
        match console.owner {
            Some(ticket) => Some(Domain::wake_from_outside(ticket, Wake::Line(text))),
            None => {
                console.typed.push_back(text);
                None
            }
        }
    }

    fn run_node(&mut self, node: u32, outside: Option<Outside>) -> Result<bool, SimulationError> {
        let world = self.world.clone();
        match self.node(node).run(&world, outside) {
            Ok(()) => {
                if self.node(node).starts_again() {
                    world.add(world.now(), node, What::Start);
                }
                Ok(true)
            }
            Err(_) => Err(SimulationError::Stuck {
                node,
                at: world.time(),
            }),
        }
    }

    fn node(&mut self, number: u32) -> &mut Node {
        &mut self.nodes[number as usize - 1]
    }
}

fn summary(node: &Node) -> NodeSummary {
    let console = node.console.borrow();
    let shown = console.shown.iter();
    NodeSummary {
        node: node.number,
        state: node.state.clone(),
        shown: shown
            .map(|(at, line)| (Duration::from_nanos(*at), line.clone()))
            .collect(),
    }
}

impl fmt::Debug for Simulation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulation")
            .field("time", &self.time())
            .field("nodes", &self.nodes.len())
            .finish_non_exhaustive()
    }
}
