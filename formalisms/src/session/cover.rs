//! Classes of rests, for proofs of asynchronous subtyping where rests grow without bound.
//!
//! A rest is a tree of inputs. Its *window* is what can be seen of it to a depth k: the events, and
//! the states where leaves are not deeper. A *place* is a window with a number modulo m: how many
//! inputs have been handled before the place is reached. For each state of `left` and each such
//! number a *grammar* says at which places rests begin, and which places can stand behind the
//! events of a place. A rest belongs to the grammar if it begins at a beginning, and each node of
//! it with its children is one of the productions.
//!
//! The steps of the game are mirrored by steps on grammars, so that whatever a member of a grammar
//! leads to is a member of the grammar it leads to:
//!
//! - An input goes to the places behind the event.
//! - An output replaces the leaves. What that does to a window can be told from the window alone:
//!   it changes the leaves it shows. So it is done to each place of each production, and what
//!   grows out of leaves adds its own productions.
//!
//! There are finitely many places, hence finitely many grammars, and they only grow: a fixed point
//! is reached. If no beginning breaks a rule, and no leaf lacks an event that is emitted, all pairs
//! keep the rules. If one does, that may be the fault of a class that is too large.
//!
//! This is abstract interpretation of queues by regular sets (Le Gall, Jeannet and Jéron, AMAST
//! 2006), with trees in place of words and windows in place of their bisimulation of depth k.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use liveobj_types::verdict::Reason;

use super::buffer::{Event, Rest, RestId, Rests};
use super::protocol::{Kind, Protocol, StateId};
use crate::Budget;

/// The depths and periods that are tried in a turn.
pub(super) fn finenesses(turn: usize) -> impl Iterator<Item = (usize, usize)> {
    let periods = (1..turn).map(move |period| (turn, period));
    let depths = (1..=turn).map(move |depth| (depth, turn));
    periods.chain(depths)
}

type WindowId = usize;

#[derive(Clone, PartialEq, Eq, Hash)]
enum Window {
    /// Too deep to be seen.
    Hidden,
    State(StateId),
    Inputs(Box<[(Event, WindowId)]>),
}

/// A window, and how many inputs stand before it, modulo the period.
type Place = (WindowId, usize);

/// What can stand behind the events of a place.
type Behind = Vec<(Event, Place)>;

/// A regular set of rests.
#[derive(Clone, Default)]
struct Grammar {
    beginnings: BTreeSet<Place>,
    productions: BTreeMap<Place, BTreeSet<Behind>>,
}

impl Grammar {
    /// Adds another one; whether that made a difference.
    fn join(&mut self, other: Grammar) -> bool {
        let size = self.size();
        self.beginnings.extend(other.beginnings);
        for (place, behind) in other.productions {
            self.productions.entry(place).or_default().extend(behind);
        }
        self.size() != size
    }

    fn size(&self) -> usize {
        let productions = self.productions.values().map(BTreeSet::len);
        self.beginnings.len() + productions.sum::<usize>()
    }

    /// What of `self` can be reached from `place`.
    fn from(&self, place: Place) -> Grammar {
        let mut part = Grammar {
            beginnings: BTreeSet::from([place]),
            productions: BTreeMap::new(),
        };
        let mut open = vec![place];
        while let Some(place) = open.pop() {
            let Some(behind) = self.productions.get(&place) else {
                continue;
            };
            if part.productions.insert(place, behind.clone()).is_none() {
                let next = behind.iter().flatten().map(|(_, place)| *place);
                open.extend(next.filter(|place| !part.productions.contains_key(place)));
            }
        }
        part
    }
}

/// Whether grammars of this depth and period prove that `left` ≤ the protocol of `rests`; false is
/// no answer. `handles` tells of which states of `left` something is handled on every path.
///
/// # Errors
///
/// The budget did not suffice.
pub(super) fn covers(
    rests: &mut Rests<'_>,
    (left, handles): (&Protocol, &[bool]),
    depth: usize,
    period: usize,
    budget: &mut Budget,
) -> Result<bool, Reason> {
    let mut cover = Cover {
        rests,
        depth,
        period,
        windows: Vec::new(),
        known: HashMap::new(),
        emitted: HashMap::new(),
    };
    let start = cover.rests.state(0);
    let mut first = Grammar::default();
    let place = cover.plant(start, 0, &mut first);
    first.beginnings.insert(place);
    // By state of `left` and the number of inputs handled.
    let mut grammars = BTreeMap::from([((0, 0), first)]);
    let mut waiting = BTreeSet::from([(0, 0)]);
    while let Some((at, count)) = waiting.pop_first() {
        let grammar = grammars[&(at, count)].clone();
        let state = &left.states()[at];
        for (name, to) in &state.next {
            budget.take(1 + grammar.size())?;
            let event = cover.rests.event(name);
            let (count, next) = match state.kind {
                Kind::Output => {
                    let mut beginnings = grammar.beginnings.iter();
                    let ahead = beginnings.any(|place| cover.kind(*place) == Kind::Input);
                    if ahead && !handles[*to] {
                        return Ok(false);
                    }
                    match cover.emit(&grammar, event, budget)? {
                        Some(next) => (count, next),
                        None => return Ok(false),
                    }
                }
                _ => ((count + 1) % period, cover.handle(&grammar, event)),
            };
            budget.take(next.size())?;
            let known = grammars.entry((*to, count)).or_default();
            if known.join(next) {
                waiting.insert((*to, count));
            }
        }
        let fits = |place: &Place| match state.kind {
            Kind::Output => true,
            kind if kind != cover.kind(*place) => false,
            Kind::End => true,
            _ => cover
                .inputs(&grammar, *place)
                .into_iter()
                .all(|event| state.next.contains_key(cover.rests.name(event))),
        };
        if !grammar.beginnings.iter().all(fits) {
            return Ok(false);
        }
    }
    Ok(true)
}

struct Cover<'r, 'p> {
    rests: &'r mut Rests<'p>,
    depth: usize,
    period: usize,
    windows: Vec<Window>,
    known: HashMap<Window, WindowId>,
    /// What an output makes of a window that is seen to a depth.
    emitted: HashMap<(WindowId, usize, Event), Option<WindowId>>,
}

impl Cover<'_, '_> {
    fn intern(&mut self, window: Window) -> WindowId {
        *self.known.entry(window.clone()).or_insert_with(|| {
            self.windows.push(window);
            self.windows.len() - 1
        })
    }

    /// What is seen of a rest.
    fn window(&mut self, rest: RestId, depth: usize) -> WindowId {
        let window = match (depth, self.rests.get(rest).clone()) {
            (0, _) => Window::Hidden,
            (_, Rest::State(state)) => Window::State(state),
            (_, Rest::Inputs(next)) => {
                let next = next.iter();
                let next = next.map(|(event, rest)| (*event, self.window(*rest, depth - 1)));
                Window::Inputs(next.collect())
            }
        };
        self.intern(window)
    }

    /// What a place does first.
    fn kind(&self, place: Place) -> Kind {
        match self.windows[place.0] {
            Window::State(state) => self.rests.protocol().states()[state].kind,
            _ => Kind::Input,
        }
    }

    /// The place of a rest, whose productions are added.
    fn plant(&mut self, rest: RestId, count: usize, grammar: &mut Grammar) -> Place {
        let place = |cover: &mut Self, rest, count| (cover.window(rest, cover.depth), count);
        let mut open = vec![(rest, count)];
        let mut met = BTreeSet::from([(rest, count)]);
        while let Some((rest, count)) = open.pop() {
            let Rest::Inputs(next) = self.rests.get(rest).clone() else {
                continue;
            };
            let after = (count + 1) % self.period;
            let behind = next.iter().map(|(event, rest)| {
                if met.insert((*rest, after)) {
                    open.push((*rest, after));
                }
                (*event, place(self, *rest, after))
            });
            let behind: Behind = behind.collect();
            let place = place(self, rest, count);
            grammar.productions.entry(place).or_default().insert(behind);
        }
        place(self, rest, count)
    }

    /// What can be handled at a place.
    fn inputs(&self, grammar: &Grammar, place: Place) -> BTreeSet<Event> {
        match self.windows[place.0] {
            Window::State(state) => {
                let state = &self.rests.protocol().states()[state];
                let names = state.next.keys();
                names.map(|name| self.rests.event(name)).collect()
            }
            _ => {
                let behind = grammar.productions.get(&place).into_iter().flatten();
                behind.flatten().map(|(event, _)| *event).collect()
            }
        }
    }

    /// What is left when an event has been handled; beginnings without it add nothing.
    fn handle(&mut self, grammar: &Grammar, event: Event) -> Grammar {
        let mut left = Grammar::default();
        for place in &grammar.beginnings {
            if let Window::State(state) = self.windows[place.0] {
                let state = self.rests.state(state);
                let next = self.rests.handled(state);
                for (_, rest) in next.iter().filter(|(input, _)| *input == event) {
                    let window = self.window(*rest, self.depth);
                    left.beginnings
                        .insert((window, (place.1 + 1) % self.period));
                }
                continue;
            }
            let behind = grammar.productions.get(place).into_iter().flatten();
            let next: BTreeSet<Place> = behind
                .flatten()
                .filter(|(input, _)| *input == event)
                .map(|(_, place)| *place)
                .collect();
            for place in next {
                left.join(grammar.from(place));
            }
        }
        left
    }

    /// What is left when an event has been emitted; none if a leaf may lack it.
    fn emit(
        &mut self,
        grammar: &Grammar,
        event: Event,
        budget: &mut Budget,
    ) -> Result<Option<Grammar>, Reason> {
        let mut left = Grammar::default();
        for place in &grammar.beginnings {
            let Some(place) = self.emit_at(*place, event, &mut left) else {
                return Ok(None);
            };
            left.beginnings.insert(place);
        }
        for (place, all) in &grammar.productions {
            for behind in all {
                budget.take(1 + behind.len())?;
                let behind = behind
                    .iter()
                    .map(|(input, place)| Some((*input, self.emit_at(*place, event, &mut left)?)));
                let behind: Option<Behind> = behind.collect();
                let place = self.emit_at(*place, event, &mut left);
                let (Some(place), Some(behind)) = (place, behind) else {
                    return Ok(None);
                };
                left.productions.entry(place).or_default().insert(behind);
            }
        }
        Ok(Some(left))
    }

    /// What becomes of a place; what grows out of a leaf adds its productions.
    fn emit_at(&mut self, place: Place, event: Event, grammar: &mut Grammar) -> Option<Place> {
        if let Window::State(state) = self.windows[place.0] {
            let state = self.rests.state(state);
            let rest = self.rests.emit(state, event)?;
            return Some(self.plant(rest, place.1, grammar));
        }
        let window = self.emit_in(place.0, self.depth, event)?;
        Some((window, place.1))
    }

    /// What is seen to a depth when the leaves of a window have emitted an event.
    fn emit_in(&mut self, window: WindowId, depth: usize, event: Event) -> Option<WindowId> {
        if let Some(known) = self.emitted.get(&(window, depth, event)) {
            return *known;
        }
        let emitted = match self.windows[window].clone() {
            Window::Hidden => Some(window),
            Window::State(state) => {
                let state = self.rests.state(state);
                let rest = self.rests.emit(state, event);
                rest.map(|rest| self.window(rest, depth))
            }
            Window::Inputs(next) => {
                let next = next.iter();
                let next = next.map(|(input, window)| {
                    Some((*input, self.emit_in(*window, depth - 1, event)?))
                });
                let next: Option<Box<[_]>> = next.collect();
                next.map(|next| self.intern(Window::Inputs(next)))
            }
        };
        self.emitted.insert((window, depth, event), emitted);
        emitted
    }
}
