//! Monitors as deterministic automata that are made while they run: a place of the automaton is
//! computed when an event first leads there, and then found in a table.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;

use liveobj_types::formalism::{EndpointStructure, Structure};
use liveobj_types::monitor::{Happening, Monitor, Occurred, Outcome};

/// How many places an automaton may have before it gives up.
const MAX_PLACES: usize = 10_000;
/// A place that is not computed yet. From here on numbers are no places.
const UNKNOWN: u32 = u32::MAX - 3;
/// Given up.
const LOST: u32 = u32::MAX - 2;
/// Nothing can break it any more.
const KEPT: u32 = u32::MAX - 1;
/// It is broken.
const BROKEN: u32 = u32::MAX;

/// How a constraint follows what happens.
pub(crate) trait Steps: Send {
    /// What is to be remembered of what has happened.
    type Place: Clone + Eq + Hash + Send;

    /// Before anything has happened.
    fn start(&self) -> Step<Self::Place>;

    /// After a letter.
    fn step(&self, place: &Self::Place, letter: usize) -> Step<Self::Place>;
}

/// Where something leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step<P> {
    /// On.
    To(P),
    /// The constraint is broken.
    Broken,
    /// Nothing can break it any more.
    Kept,
    /// It cannot be followed any further.
    Lost,
}

/// A step, with a number for the place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct State(u32);

impl State {
    /// Whether nothing that follows is watched, for whatever reason.
    pub(crate) fn is_final(self) -> bool {
        self.0 >= UNKNOWN
    }

    pub(crate) fn is_broken(self) -> bool {
        self.0 == BROKEN
    }

    pub(crate) fn is_lost(self) -> bool {
        self.0 == LOST
    }
}

/// An automaton over letters below a number that is fixed.
pub(crate) struct Automaton<S: Steps> {
    steps: S,
    letters: usize,
    places: Vec<S::Place>,
    numbers: HashMap<S::Place, u32>,
    /// Where each letter leads from each place.
    table: Vec<u32>,
    start: State,
}

impl<S: Steps> Automaton<S> {
    pub(crate) fn new(steps: S, letters: usize) -> Automaton<S> {
        let start = steps.start();
        let mut automaton = Automaton {
            steps,
            letters,
            places: Vec::new(),
            numbers: HashMap::new(),
            table: Vec::new(),
            start: State(LOST),
        };
        automaton.start = State(automaton.number(start));
        automaton
    }

    pub(crate) fn start(&self) -> State {
        self.start
    }

    /// What it is made of: letters may be added.
    pub(crate) fn steps_mut(&mut self) -> &mut S {
        &mut self.steps
    }

    /// After a letter; a state that is final stays.
    #[inline]
    pub(crate) fn step(&mut self, state: State, letter: usize) -> State {
        if state.is_final() {
            return state;
        }
        match self.table[state.0 as usize * self.letters + letter] {
            UNKNOWN => self.learn(state, letter),
            known => State(known),
        }
    }

    /// Whether a letter changes no state that can be reached. `false` where these are more than `most`.
    pub(crate) fn rests_on(&mut self, letter: usize, most: usize) -> bool {
        let mut reached = BTreeSet::from([self.start]);
        let mut next = vec![self.start];
        while let Some(state) = next.pop() {
            if reached.len() > most || self.step(state, letter) != state {
                return false;
            }
            for letter in 0..self.letters {
                let after = self.step(state, letter);
                if reached.insert(after) {
                    next.push(after);
                }
            }
        }
        true
    }

    #[cold]
    fn learn(&mut self, state: State, letter: usize) -> State {
        let place = state.0 as usize;
        let step = self.steps.step(&self.places[place], letter);
        let next = self.number(step);
        self.table[place * self.letters + letter] = next;
        State(next)
    }

    fn number(&mut self, step: Step<S::Place>) -> u32 {
        let place = match step {
            Step::To(place) => place,
            Step::Broken => return BROKEN,
            Step::Kept => return KEPT,
            Step::Lost => return LOST,
        };
        if let Some(number) = self.numbers.get(&place) {
            return *number;
        }
        if self.places.len() >= MAX_PLACES {
            return LOST;
        }
        let number = u32::try_from(self.places.len()).expect("because there are not so many");
        self.numbers.insert(place.clone(), number);
        self.places.push(place);
        let more = self.table.len() + self.letters;
        self.table.resize(more, UNKNOWN);
        number
    }
}

/// What can happen at one endpoint, as letters: what is emitted, what is handled, the beginning and
/// the end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Letters {
    emitted: usize,
    handled: usize,
}

impl Letters {
    pub(crate) fn of(endpoint: &EndpointStructure) -> Letters {
        Letters {
            emitted: endpoint.emitted.len(),
            handled: endpoint.received.len(),
        }
    }

    pub(crate) fn count(self) -> usize {
        self.emitted + self.handled + 2
    }

    /// The letter; none for what the structure does not have.
    #[inline]
    pub(crate) fn letter(self, event: Occurred) -> Option<usize> {
        match event {
            Occurred::Emitted(event) => (event < self.emitted).then_some(event),
            Occurred::Handled(event) => (event < self.handled).then_some(self.emitted + event),
            Occurred::Connect => Some(self.emitted + self.handled),
            Occurred::Disconnect => Some(self.emitted + self.handled + 1),
            Occurred::Gone => None,
        }
    }

    /// What each letter is, in their order.
    pub(crate) fn events(self) -> impl Iterator<Item = Occurred> {
        let emitted = (0..self.emitted).map(Occurred::Emitted);
        let handled = (0..self.handled).map(Occurred::Handled);
        let life = [Occurred::Connect, Occurred::Disconnect];
        emitted.chain(handled).chain(life)
    }
}

/// The structure of the one endpoint that there is.
pub(crate) fn one_endpoint(structure: &Structure) -> Option<&EndpointStructure> {
    match structure {
        Structure::Endpoint(endpoint) => Some(endpoint),
        Structure::Undeclared | Structure::Object(_) => None,
    }
}

/// How many connections are found at once.
const RECENT: usize = 64;

/// The place of a connection.
#[inline]
fn place(instance: u64) -> usize {
    instance as usize % RECENT
}

/// Watches each connection of one endpoint by itself. What a connection needs is one number, and
/// is forgotten when it ends.
pub(crate) struct PerConnection<S: Steps> {
    automaton: Automaton<S>,
    letters: Letters,
    /// The endpoint in question.
    endpoint: usize,
    /// The connections that were told of last, each where its number says: what is asked of first.
    recent: Box<[Option<(u64, State)>; RECENT]>,
    /// Those whose place another one has taken.
    others: BTreeMap<u64, State>,
    /// Whether nothing is overlooked: see [`Monitor::is_safety`].
    safety: bool,
    lost: bool,
}

impl<S: Steps> PerConnection<S> {
    /// A monitor of what happens at one endpoint. `safety` says that a connection whose place is not
    /// broken keeps the constraint if nothing more happens.
    pub(crate) fn new(
        steps: S,
        letters: Letters,
        endpoint: usize,
        safety: bool,
    ) -> PerConnection<S> {
        PerConnection {
            automaton: Automaton::new(steps, letters.count()),
            letters,
            endpoint,
            recent: Box::new([None; RECENT]),
            others: BTreeMap::new(),
            safety,
            lost: false,
        }
    }

    /// Where a connection is whose place is not its own.
    #[cold]
    fn other(&mut self, instance: u64) -> State {
        if let Some((instance, state)) = self.recent[place(instance)].take() {
            self.others.insert(instance, state);
        }
        let start = self.automaton.start();
        self.others.remove(&instance).unwrap_or(start)
    }

    /// Nothing more happens at a connection.
    #[cold]
    fn forget(&mut self, instance: u64) {
        let place = &mut self.recent[place(instance)];
        if place.is_some_and(|(known, _)| known == instance) {
            *place = None;
        }
        self.others.remove(&instance);
    }

    /// What is told of a connection that comes to its last state.
    #[cold]
    fn decided(&mut self, state: State, event: Occurred) -> Outcome {
        if state.is_broken() {
            return Outcome::violated(event);
        }
        if state.is_lost() {
            self.lost = true;
            return Outcome::Open;
        }
        Outcome::Satisfied
    }
}

impl<S: Steps + 'static> Monitor for PerConnection<S> {
    #[inline]
    fn observe(&mut self, happening: &Happening<'_>) -> Outcome {
        let letter = self.letters.letter(happening.event);
        if happening.event == Occurred::Gone {
            self.forget(happening.instance);
        }
        let Some(letter) = letter.filter(|_| happening.endpoint == self.endpoint) else {
            return Outcome::Open;
        };
        let before = match self.recent[place(happening.instance)] {
            Some((instance, state)) if instance == happening.instance => state,
            _ => self.other(happening.instance),
        };
        let state = self.automaton.step(before, letter);
        self.recent[place(happening.instance)] = match happening.event {
            Occurred::Disconnect => None,
            _ => Some((happening.instance, state)),
        };
        match state.is_final() && !before.is_final() {
            true => self.decided(state, happening.event),
            false => Outcome::Open,
        }
    }

    fn watches(&self) -> bool {
        !self.lost
    }

    fn is_safety(&self) -> bool {
        self.safety
    }

    fn relates_connections(&self) -> bool {
        false
    }

    /// A connection is at one node.
    fn of_several_nodes(self: Box<Self>) -> Result<Box<dyn Monitor>, String> {
        Ok(self)
    }
}

/// Several monitors as one; `left_out` says what none of them watches, and why.
///
/// # Errors
///
/// There is none: all that is left out.
pub(crate) fn together(
    mut monitors: Vec<Box<dyn Monitor>>,
    left_out: Vec<String>,
) -> Result<Box<dyn Monitor>, String> {
    match (monitors.len(), left_out.is_empty()) {
        (0, _) => Err(left_out.join("; ")),
        (1, true) => Ok(monitors.remove(0)),
        _ => Ok(Box::new(Together {
            monitors,
            left_out,
            broken: None,
        })),
    }
}

struct Together {
    monitors: Vec<Box<dyn Monitor>>,
    left_out: Vec<String>,
    /// Which of them was broken last.
    broken: Option<usize>,
}

impl Monitor for Together {
    fn observe(&mut self, happening: &Happening<'_>) -> Outcome {
        let mut all = Outcome::Open;
        for (number, monitor) in self.monitors.iter_mut().enumerate() {
            // What satisfies one of them may break the others.
            if let violated @ Outcome::Violated { .. } = monitor.observe(happening) {
                all = violated;
                self.broken = Some(number);
            }
        }
        all
    }

    fn compares_values(&self) -> bool {
        self.monitors
            .iter()
            .any(|monitor| monitor.compares_values())
    }

    fn needs_everything(&self) -> bool {
        self.monitors
            .iter()
            .any(|monitor| monitor.needs_everything())
    }

    fn needs_whole_proxies(&self) -> bool {
        let mut monitors = self.monitors.iter();
        monitors.any(|monitor| monitor.needs_whole_proxies())
    }

    fn watches(&self) -> bool {
        self.monitors.iter().all(|monitor| monitor.watches())
    }

    fn is_safety(&self) -> bool {
        self.left_out.is_empty() && self.monitors.iter().all(|monitor| monitor.is_safety())
    }

    fn is_satisfied(&self) -> bool {
        self.left_out.is_empty() && self.monitors.iter().all(|monitor| monitor.is_satisfied())
    }

    fn trail(&self) -> &[u64] {
        let broken = self.broken.map(|number| self.monitors[number].trail());
        broken.unwrap_or_default()
    }

    fn left_out(&self) -> &[String] {
        &self.left_out
    }

    fn relates_connections(&self) -> bool {
        let mut monitors = self.monitors.iter();
        monitors.any(|monitor| monitor.relates_connections())
    }

    fn of_several_nodes(self: Box<Self>) -> Result<Box<dyn Monitor>, String> {
        let mut left_out = self.left_out;
        let mut monitors = Vec::new();
        for monitor in self.monitors {
            match monitor.of_several_nodes() {
                Ok(monitor) => monitors.push(monitor),
                Err(reason) => left_out.push(format!("a part of it: {reason}")),
            }
        }
        together(monitors, left_out)
    }

    fn conclude(&mut self, cut_off: &[u32]) -> Outcome {
        for (number, monitor) in self.monitors.iter_mut().enumerate() {
            if let violated @ Outcome::Violated { .. } = monitor.conclude(cut_off) {
                self.broken = Some(number);
                return violated;
            }
        }
        Outcome::Open
    }

    fn undecided(&self) -> u64 {
        self.monitors
            .iter()
            .map(|monitor| monitor.undecided())
            .sum()
    }
}

#[cfg(test)]
mod tests;
