//! One node of a simulation, and what it runs.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use liveobj_references::CheckedReference;

use super::host::{Console, SimHost};
use super::summary::NodeState;
use super::tasks::Tasks;
use super::world::World;
use crate::edge::Host;
use crate::engine::domain::Domain;
use crate::engine::inbox::Outside;
use crate::error::OpenError;
use crate::object::Ended;
use crate::open::{self, Resolver};
use crate::report::Message;
use crate::runtime::Core;

/// Outside events of one moment after which a node is stuck: it keeps waking itself, and no time
/// passes.
const MAX_TURNS: u64 = 1_000_000;

/// A node.
pub(super) struct Node {
    /// From 1.
    pub(super) number: u32,
    pub(super) state: NodeState,
    pub(super) console: Rc<RefCell<Console>>,
    /// Events of lives that are over.
    events: u64,
    pub(super) wakes: u64,
    lives: u32,
    /// What it runs is being closed.
    closing: bool,
    /// It starts again as soon as that is over.
    again: bool,
    running: Option<Running>,
}

/// A life of a node.
struct Running {
    host: SimHost,
    domain: Rc<Domain>,
    tasks: Rc<Tasks>,
    /// What objects had to say since they were last asked.
    messages: Arc<Mutex<Vec<Message>>>,
    opened: Rc<RefCell<Option<Result<(), OpenError>>>>,
    ended: Arc<Mutex<Option<Ended>>>,
}

/// A node that does not come to rest.
pub(super) struct Stuck;

impl Node {
    /// A node that is down.
    pub(super) fn new(number: u32) -> Node {
        Node {
            number,
            state: NodeState::Down,
            console: Rc::default(),
            events: 0,
            wakes: 0,
            lives: 0,
            closing: false,
            again: false,
            running: None,
        }
    }

    /// Starts it; it opens the reference when it next runs. One that is up is left alone.
    pub(super) fn start(
        &mut self,
        world: &Rc<World>,
        core: &Arc<Core>,
        reference: &CheckedReference,
        seed: u64,
    ) {
        if self.running.is_some() {
            return;
        }
        // What it opened may have ended by itself, and sockets may be left of that.
        world.close_all(self.number);
        self.lives += 1;
        self.closing = false;
        self.state = NodeState::Opening;
        self.console.borrow_mut().shown.clear();
        let tasks: Rc<Tasks> = Rc::default();
        let life = (self.number, self.lives);
        let host = SimHost::new(world, core, life, seed, &tasks, &self.console);
        host.inbox().refuse_posts(true);
        let messages: Arc<Mutex<Vec<Message>>> = Arc::default();
        let sink = messages.clone();
        let report = move |message: &Message| lock(&sink).push(message.clone());
        let domain = Domain::new(Box::new(host.clone()), Arc::new(report));
        let ended: Arc<Mutex<Option<Ended>>> = Arc::default();
        let opened: Rc<RefCell<Option<Result<(), OpenError>>>> = Rc::default();
        let resolver = Resolver::new(core.clone(), host.inbox()).without_threads();
        let (reference, on_end, answer) = (reference.clone(), ended.clone(), opened.clone());
        // Requests count from 1.
        tasks.spawn(0, async move {
            let opened = open::within(resolver, &reference, None, move |how| {
                *lock(&on_end) = Some(how);
            });
            *answer.borrow_mut() = Some(opened.await.map(|_| ()));
        });
        self.running = Some(Running {
            host,
            domain,
            tasks,
            messages,
            opened,
            ended,
        });
    }

    /// It is gone: what it does while it is taken down is heard by nobody.
    pub(super) fn crash(&mut self, world: &World) {
        if let Some(running) = self.running.take() {
            running.host.mute();
            self.events += running.stop();
        }
        world.close_all(self.number);
        self.console.borrow_mut().owner = None;
        self.again = false;
        self.state = NodeState::Down;
    }

    /// Whether it is to start again once what it runs is closed, from now on.
    pub(super) fn starts_later(&mut self) -> bool {
        self.again = self.closing && self.running.is_some();
        self.again
    }

    /// Whether it is to start again now.
    pub(super) fn starts_again(&mut self) -> bool {
        self.running.is_none() && std::mem::take(&mut self.again)
    }

    /// What it runs is to be closed: what to hand to it for that. What is not open yet is given up at
    /// once.
    pub(super) fn close(&mut self, world: &World) -> Option<Outside> {
        if self.state == NodeState::Open {
            self.closing = true;
            return Some(Outside::Task(Box::new(Domain::end_all)));
        }
        if self.running.is_some() {
            self.crash(world);
        }
        None
    }

    /// The outside of the life that it leads.
    pub(super) fn host(&self) -> Option<&SimHost> {
        self.running.as_ref().map(|running| &running.host)
    }

    /// Events that its objects were given.
    pub(super) fn events(&self) -> u64 {
        let running = self.running.as_ref();
        self.events + running.map_or(0, |running| running.domain.numbers.get())
    }

    /// Hands it an outside event, if there is one, and runs it until it has nothing left to do.
    pub(super) fn run(&mut self, world: &World, outside: Option<Outside>) -> Result<(), Stuck> {
        let Some(running) = &self.running else {
            return Ok(());
        };
        let inbox = &running.domain.inbox;
        inbox.refuse_posts(false);
        if let Some(outside) = outside {
            self.wakes += 1;
            inbox.push(outside);
        }
        let rested = running.rest(world);
        inbox.refuse_posts(true);
        for message in std::mem::take(&mut *lock(&running.messages)) {
            world
                .observer
                .borrow_mut()
                .said(self.number, world.time(), &message);
        }
        rested?;
        self.notice(world);
        Ok(())
    }

    /// Takes note of what has opened or ended.
    fn notice(&mut self, world: &World) {
        let Some(running) = &self.running else { return };
        let opened = running.opened.borrow_mut().take();
        if let Some(Ok(())) = opened {
            self.state = NodeState::Open;
            world.trace(self.number, |line| {
                line.text("kind", "opened");
            });
        }
        let state = match (opened, lock(&running.ended).take()) {
            (Some(Err(error)), _) => NodeState::Failed(error.to_string()),
            (_, Some(Ended::Closed)) => NodeState::Ended,
            (_, Some(failed @ Ended::Failed { .. })) => NodeState::Failed(failed.to_string()),
            _ => return,
        };
        world.trace(self.number, |line| match &state {
            NodeState::Failed(reason) => {
                line.text("kind", "failed").text("text", reason);
            }
            _ => {
                line.text("kind", "ended");
            }
        });
        self.state = state;
        if let Some(running) = self.running.take() {
            self.events += running.stop();
        }
    }
}

impl Running {
    fn rest(&self, world: &World) -> Result<(), Stuck> {
        let domain = &self.domain;
        let mut turns = 0;
        loop {
            let outside = domain.inbox.try_take(domain.is_congested());
            if outside.is_some() || domain.has_waiting() {
                domain.turn(outside);
                // What follows from it has its own causes.
                world.cause.set(0);
                turns += 1;
                if turns > MAX_TURNS {
                    return Err(Stuck);
                }
            } else if !self.tasks.run() {
                return Ok(());
            }
        }
    }

    /// Ends everything; answers how many events there were.
    fn stop(self) -> u64 {
        self.tasks.abort_all();
        // No time passes for it any more.
        self.domain.hurry();
        self.domain.stop();
        while !self.domain.has_stopped() {
            let outside = self.domain.inbox.try_take(false);
            self.domain.turn(outside);
        }
        self.domain.inbox.close();
        self.domain.numbers.get()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            running.host.mute();
            running.stop();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
