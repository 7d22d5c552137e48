//! Whether the automaton accepts a word: strongly connected components, found on the way.

use std::collections::{HashMap, VecDeque};

use liveobj_types::verdict::Reason;

use super::alphabet::Alphabet;
use super::closure::{Closure, Number};
use super::expansion::{Expansion, State, Transition};
use super::set::Set;
use super::word::Word;
use crate::Budget;

/// A transition between numbered states.
#[derive(Debug)]
struct Edge<L> {
    label: L,
    target: usize,
    postponed: Set,
}

/// Some transitions in a row, and where the last one leads.
type Path<'a, A> = (Vec<&'a Edge<<A as Alphabet>::Label>>, usize);

/// A state that the search is in.
struct Frame<L> {
    state: usize,
    expansion: Expansion<L>,
}

/// The first state of what is, as far as is known, a strongly connected component.
struct Root {
    order: usize,
    /// What every transition within the component postpones; none if there is no transition.
    within: Option<Set>,
    /// What the transition into it postpones.
    incoming: Set,
}

/// The part of the automaton that was looked at.
pub(super) struct Search<'a, A: Alphabet> {
    closure: &'a Closure,
    alphabet: &'a A,
    states: Vec<State>,
    numbers: HashMap<State, usize>,
    edges: Vec<Vec<Edge<A::Label>>>,
    /// When each state was met; those whose language is empty are gone.
    order: Vec<Option<usize>>,
    /// States whose language is empty, none of them implied by another.
    empty: Vec<Empty>,
}

/// A state whose language is empty.
struct Empty {
    state: State,
    needs: Set,
}

impl<'a, A: Alphabet> Search<'a, A> {
    pub(super) fn new(closure: &'a Closure, alphabet: &'a A) -> Search<'a, A> {
        Search {
            closure,
            alphabet,
            states: Vec::new(),
            numbers: HashMap::new(),
            edges: Vec::new(),
            order: Vec::new(),
            empty: Vec::new(),
        }
    }

    /// A word at whose position 0 all of `roots` are true; none if there is no such word.
    pub(super) fn run(
        self,
        roots: &[Number],
        budget: &mut Budget,
    ) -> Result<Option<Word<A::Letter>>, Reason> {
        let initial = State {
            obligations: roots.iter().copied().collect(),
            facts: Set::default(),
        };
        self.run_from(initial, true, budget)
    }

    /// A word that is accepted from `initial`, which is at position 0 if it is the `first` state.
    pub(super) fn run_from(
        mut self,
        initial: State,
        first: bool,
        budget: &mut Budget,
    ) -> Result<Option<Word<A::Letter>>, Reason> {
        // The initial state has no number: it may be the only one at position 0, and otherwise it
        // is met again as another one.
        self.states.push(initial.clone());
        self.edges.push(Vec::new());
        self.order.push(Some(0));
        let mut frames = vec![Frame {
            state: 0,
            expansion: Expansion::new(&initial, first, self.alphabet.any()),
        }];
        let mut components = vec![Root {
            order: 0,
            within: None,
            incoming: Set::default(),
        }];
        let mut live = vec![0];
        let mut met = 1;
        while let Some(frame) = frames.last_mut() {
            let state = frame.state;
            let Some(transition) = frame
                .expansion
                .advance(self.closure, self.alphabet, budget)?
            else {
                frames.pop();
                let root = components.last().map(|root| root.order);
                if root == self.order[state] {
                    components.pop();
                    self.close(&mut live, state, budget)?;
                }
                continue;
            };
            let Transition {
                label,
                target,
                postponed,
            } = transition;
            budget.take(4 * (target.obligations.cost() + target.facts.cost()))?;
            let (number, new) = match self.numbers.get(&target) {
                Some(number) => (*number, false),
                None => {
                    if self.is_empty(&target, budget)? {
                        continue;
                    }
                    let number = self.states.len();
                    self.numbers.insert(target.clone(), number);
                    self.states.push(target);
                    self.edges.push(Vec::new());
                    self.order.push(Some(met));
                    (number, true)
                }
            };
            let Some(order) = self.order[number] else {
                continue;
            };
            self.edges[state].push(Edge {
                label,
                target: number,
                postponed: postponed.clone(),
            });
            if new {
                met += 1;
                live.push(number);
                components.push(Root {
                    order,
                    within: None,
                    incoming: postponed,
                });
                frames.push(Frame {
                    state: number,
                    expansion: Expansion::new(&self.states[number], false, self.alphabet.any()),
                });
                continue;
            }
            let mut within = postponed;
            while let Some(root) = components.pop_if(|root| root.order > order) {
                budget.take(within.cost())?;
                within.retain_all(&root.incoming);
                if let Some(other) = root.within {
                    within.retain_all(&other);
                }
            }
            let root = components
                .last_mut()
                .expect("because a state that is not gone belongs to a component");
            if let Some(other) = &root.within {
                within.retain_all(other);
            }
            let accepts = within.is_empty();
            root.within = Some(within);
            if accepts {
                let first = root.order;
                return Ok(Some(self.lasso(first, budget)?));
            }
        }
        Ok(None)
    }

    /// The component of `root` is complete and accepts nothing. That of the initial state, which
    /// may be at position 0 and so be empty where others are not, is the last one.
    fn close(
        &mut self,
        live: &mut Vec<usize>,
        root: usize,
        budget: &mut Budget,
    ) -> Result<(), Reason> {
        while let Some(state) = live.pop() {
            self.order[state] = None;
            self.edges[state] = Vec::new();
            let needs = self.closure.needs(&self.states[state].obligations);
            budget.take(needs.cost())?;
            self.empty.push(Empty {
                state: self.states[state].clone(),
                needs,
            });
            if state == root {
                break;
            }
        }
        Ok(())
    }

    /// Whether a state asks for more than one whose language is empty.
    fn is_empty(&self, state: &State, budget: &mut Budget) -> Result<bool, Reason> {
        budget.take(self.empty.len() * state.obligations.cost() / 4)?;
        Ok(self.empty.iter().any(|empty| {
            empty.state.obligations.is_subset(&state.obligations) && {
                let mut facts = state.facts.clone();
                facts.retain_all(&empty.needs);
                facts.is_subset(&empty.state.facts)
            }
        }))
    }

    /// A word that is accepted in the component of the states met since `first`.
    fn lasso(&self, first: usize, budget: &mut Budget) -> Result<Word<A::Letter>, Reason> {
        let inside = |state: usize| self.order[state].is_some_and(|order| order >= first);
        let (prefix, entry) = match inside(0) {
            true => (Vec::new(), 0),
            false => self.path(0, |_| true, |edge| inside(edge.target), budget)?,
        };
        let mut cycle = Vec::new();
        let mut at = entry;
        let mut postponed: Option<Set> = None;
        while postponed
            .as_ref()
            .is_none_or(|postponed| !postponed.is_empty())
        {
            let helps = |edge: &Edge<A::Label>| match &postponed {
                None => true,
                Some(postponed) => !postponed.is_subset(&edge.postponed),
            };
            let (steps, end) = self.path(
                at,
                inside,
                |edge| inside(edge.target) && helps(edge),
                budget,
            )?;
            for edge in &steps {
                let all = postponed.get_or_insert_with(|| edge.postponed.clone());
                all.retain_all(&edge.postponed);
            }
            cycle.extend(steps);
            at = end;
        }
        if at != entry {
            let (steps, _) = self.path(at, inside, |edge| edge.target == entry, budget)?;
            cycle.extend(steps);
        }
        let letters = |edges: Vec<&Edge<A::Label>>| {
            let letters = edges.iter().map(|edge| self.alphabet.letter(&edge.label));
            letters.collect()
        };
        Ok(Word {
            prefix: letters(prefix),
            cycle: letters(cycle),
        })
    }

    /// A shortest path over the states `within` whose last transition is a `goal`, and its end.
    fn path(
        &self,
        from: usize,
        within: impl Fn(usize) -> bool,
        goal: impl Fn(&Edge<A::Label>) -> bool,
        budget: &mut Budget,
    ) -> Result<Path<'_, A>, Reason> {
        let mut arrivals: HashMap<usize, (usize, &Edge<A::Label>)> = HashMap::new();
        let mut queue = VecDeque::from([from]);
        while let Some(state) = queue.pop_front() {
            for edge in &self.edges[state] {
                budget.take(edge.postponed.cost())?;
                if goal(edge) {
                    let mut path = vec![edge];
                    let mut at = state;
                    while at != from {
                        let (before, edge) = arrivals[&at];
                        path.push(edge);
                        at = before;
                    }
                    path.reverse();
                    return Ok((path, edge.target));
                }
                if edge.target != from && within(edge.target) {
                    arrivals.entry(edge.target).or_insert_with(|| {
                        queue.push_back(edge.target);
                        (state, edge)
                    });
                }
            }
        }
        unreachable!("a component is strongly connected, and was reached")
    }
}
