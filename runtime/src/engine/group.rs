//! Group: instances of several domains that were opened as one, and end as one.
//!
//! Whichever of them ends first ends the others: in each domain those who asked for it say farewell, in two
//! stages, each of which is over in all domains at the same time (`farewell.rs`); then each domain
//! disconnects its own, and once all have, each destroys its own. Where nobody asked, there are no farewells
//! to wait for. Nobody waits in a turn: what is next is handed in to the others' inboxes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::domain::Domain;
use super::farewell::ROUNDS;
use super::inbox::Inbox;
use crate::edge::Stage;
use crate::object::Ended;

/// What a domain does once all of the others are as far as it is.
type Next = Box<dyn FnOnce(&Domain) + Send>;
/// The same, where it depends on how far all of them are.
type NextStep = Box<dyn FnOnce(&Domain, Step) + Send>;
/// Called when all are gone.
type OnEnd = Box<dyn FnOnce(Ended) + Send>;

/// Instances of several domains, at most one of each.
pub(crate) struct Group {
    /// Of their domains.
    inboxes: Vec<Arc<Inbox>>,
    state: Mutex<State>,
}

struct State {
    members: Vec<Progress>,
    /// The instances, by number in their domains, once they are there.
    instances: Vec<Option<u64>>,
    /// How it ends, once it does.
    ended: Option<Ended>,
    /// Whether anybody had asked for a farewell when its end began.
    farewells: bool,
    stage: Stage,
    /// How often, one after the other, nothing was left of farewells anywhere, and nobody had stayed.
    quiet: u32,
    /// Whether somebody had since it was so last.
    stayed: bool,
    on_end: Option<OnEnd>,
}

/// What comes next once a stage seems to be over in every domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// To look once more: something may have come from another domain.
    Again,
    /// The last stage begins.
    Last,
    /// All is disconnected.
    Leave,
}

/// How far a member is.
enum Progress {
    Runs,
    /// What there was to deliver of farewells is delivered, and nobody stays.
    Said(NextStep),
    /// It was told to go on: there may be more to deliver, or it disconnects.
    Parts,
    /// All of its connections have ended.
    Disconnected(Next),
    /// It was told to destroy.
    Condemned,
    Gone,
}

/// That an instance is one of a group. Dropping it says that the instance is gone.
pub(crate) struct Membership {
    group: Arc<Group>,
    member: usize,
}

impl Group {
    /// Memberships of a new group, one for each of these domains; `on_end` is called, on whichever
    /// thread, when the last one is dropped.
    pub(crate) fn new(
        inboxes: Vec<Arc<Inbox>>,
        on_end: impl FnOnce(Ended) + Send + 'static,
    ) -> (Arc<Group>, Vec<Membership>) {
        let count = inboxes.len();
        let group = Arc::new(Group {
            inboxes,
            state: Mutex::new(State {
                members: (0..count).map(|_| Progress::Runs).collect(),
                instances: vec![None; count],
                ended: None,
                farewells: false,
                stage: Stage::First,
                quiet: 0,
                stayed: false,
                on_end: Some(Box::new(on_end)),
            }),
        });
        let memberships = (0..count).map(|member| Membership {
            group: group.clone(),
            member,
        });
        let memberships = memberships.collect();
        (group, memberships)
    }

    /// Whether its end has begun.
    pub(crate) fn is_ending(&self) -> bool {
        self.lock().ended.is_some()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends all members but one, whose end has begun already. The first failure tells how it ended.
    /// Answers whether there are farewells to wait for.
    fn end(self: &Arc<Group>, but: usize, ended: &Ended) -> bool {
        let mut state = self.lock();
        let first = state.ended.is_none();
        if matches!(state.ended, None | Some(Ended::Closed)) {
            state.ended = Some(ended.clone());
        }
        if first {
            state.farewells = self.inboxes.iter().any(|inbox| inbox.has_farewells());
        }
        let farewells = state.farewells;
        drop(state);
        let others = self.inboxes.iter().enumerate();
        for (member, inbox) in others.filter(|(member, _)| first && *member != but) {
            let group = self.clone();
            inbox.task(move |domain| {
                let instance = group.lock().instances[member];
                if let Some(instance) = instance {
                    domain.end(instance, Ended::Closed);
                }
            });
        }
        farewells
    }

    /// Goes on if all members are equally far.
    fn advance(&self) {
        let mut state = self.lock();
        let early = |it: &Progress| matches!(it, Progress::Runs | Progress::Parts);
        if state.members.iter().any(early) {
            return;
        }
        let mut next: Vec<(&Arc<Inbox>, Next)> = Vec::new();
        if state
            .members
            .iter()
            .any(|it| matches!(it, Progress::Said(_)))
        {
            let step = self.step(&mut state);
            for (progress, inbox) in state.members.iter_mut().zip(&self.inboxes) {
                if let Progress::Said(_) = progress
                    && let Progress::Said(go_on) = std::mem::replace(progress, Progress::Parts)
                {
                    next.push((inbox, Box::new(move |domain| go_on(domain, step))));
                }
            }
        } else {
            for (progress, inbox) in state.members.iter_mut().zip(&self.inboxes) {
                if let Progress::Disconnected(_) = progress
                    && let Progress::Disconnected(destroy) =
                        std::mem::replace(progress, Progress::Condemned)
                {
                    next.push((inbox, destroy));
                }
            }
        }
        let gone = state.members.iter().all(|it| matches!(it, Progress::Gone));
        let on_end = if gone { state.on_end.take() } else { None };
        let ended = state.ended.clone();
        drop(state);
        for (inbox, step) in next {
            inbox.task(step);
        }
        if let Some(on_end) = on_end {
            on_end(ended.unwrap_or(Ended::Closed));
        }
    }

    /// What comes next now that nothing is left of farewells in any domain.
    fn step(&self, state: &mut State) -> Step {
        if std::mem::take(&mut state.stayed) {
            state.quiet = 0;
            return Step::Again;
        }
        state.quiet += 1;
        if state.quiet <= ROUNDS {
            return Step::Again;
        }
        state.quiet = 0;
        let last = self.inboxes.iter().any(|inbox| inbox.has_last_farewells());
        if last && state.stage == Stage::First {
            state.stage = Stage::Last;
            return Step::Last;
        }
        Step::Leave
    }
}

impl Membership {
    /// The instance that it is of.
    pub(super) fn join(&self, instance: u64) {
        self.group.lock().instances[self.member] = Some(instance);
    }

    /// The instance ends. Answers whether there are farewells to wait for, somewhere in the group.
    pub(super) fn ends(&self, ended: &Ended) -> bool {
        self.group.end(self.member, ended)
    }

    /// Whether the group waits until all farewells are said.
    pub(super) fn waits_for_farewells(&self) -> bool {
        self.group.lock().farewells
    }

    /// What there was to deliver of farewells is delivered, and nobody stays any more; somebody may have
    /// until now. `next` is for when that is so everywhere.
    pub(super) fn said(&self, stayed: bool, next: impl FnOnce(&Domain, Step) + Send + 'static) {
        let mut state = self.group.lock();
        state.stayed |= stayed;
        state.members[self.member] = Progress::Said(Box::new(next));
        drop(state);
        self.group.advance();
    }

    /// All of the instance is disconnected; `destroy` is for when that is so everywhere.
    pub(super) fn disconnected(&self, destroy: impl FnOnce(&Domain) + Send + 'static) {
        self.group.lock().members[self.member] = Progress::Disconnected(Box::new(destroy));
        self.group.advance();
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        // Where a domain goes without having ended it in order, the others end all the same.
        if !self.group.is_ending() {
            self.group.end(self.member, &Ended::Closed);
        }
        let gone = Progress::Gone;
        let before = std::mem::replace(&mut self.group.lock().members[self.member], gone);
        drop(before);
        self.group.advance();
    }
}
