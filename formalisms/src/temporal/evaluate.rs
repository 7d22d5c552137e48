//! The definition of truth, word for word: what confirms the answers of the decision procedure, with
//! which it shares nothing but the model (semantics, section 7).
//!
//! # Why finitely many positions suffice
//!
//! Let p and c be the lengths of the prefix and of the cycle, and let *stable from n* say of a
//! sequence of truth values that from position n on it repeats with period c. Atoms are stable from
//! p. Let the operands of an operator be stable from n ≥ p.
//!
//! - `!`, `&`, … act position by position, and the future operators `X F G U W R M` at a position
//!   depend on the positions from there on alone, which from n on repeat: stable from n.
//! - `Y` is stable from n + 1, thus from n + c.
//! - `S`, and with it `O` and `H`: at position i the value is r(i) ∨ (l(i) ∧ v), where v is the value at
//!   i − 1, which is one of the functions *identity*, *always true* and *always false* of v. From n
//!   on these functions repeat with period c, so over one whole cycle they compose to one function f
//!   of the same three kinds, whichever position of the cycle it begins at. Let v be the value before
//!   position n: the following cycles start from f(v), f(f(v)), …, and f(f(v)) = f(v). Hence stable
//!   from n + c.
//!
//! By induction a formula that nests d past operators is stable from p + d·c. Evaluated are the first
//! p + (d + 1)·c positions, and after the last one comes position p + d·c again. Past operators are
//! computed from position 0 on, which is exact at each of these positions. For the future operators
//! the positions form a lasso, in which `U` is the least solution and `R` the greatest of its
//! unfolding: passing backwards over the loop twice suffices, since the first pass brings the right
//! value to the position where the loop begins, unless no position of the loop decides it, and then
//! the value that the passes start with is the right one.

use std::collections::BTreeSet;

use liveobj_types::formalism::Events;

use super::formula::{Atom, Binary, Event, Node, Place, Quantifier, Sentence, Sort, Unary};
use super::history::{Lasso, Occurrence, Position};
use super::witness::Vocabulary;

/// Whether a sentence is true of a history: its quantifiers range over the universe of the history,
/// its body is taken at the first position.
///
/// `steps` bounds the work: one step for each part of the body, position of the unrolled history
/// and assignment of the variables. None if they do not suffice, and if the cycle is empty, which
/// makes it no history.
pub fn holds(sentence: &Sentence, lasso: &Lasso, steps: u64) -> Option<bool> {
    if lasso.cycle.is_empty() {
        return None;
    }
    let depth = past_depth(&sentence.body);
    let loops_to = lasso.prefix.len() + depth * lasso.cycle.len();
    let mut nodes = 0_u64;
    sentence.body.visit(&mut |_| nodes += 1);
    let length = loops_to + lasso.cycle.len();
    let mut evaluation = Evaluation {
        sentence,
        lasso,
        length,
        loops_to,
        cost: nodes.saturating_mul(u64::try_from(length).unwrap_or(u64::MAX)),
        steps,
        assignment: Vec::with_capacity(sentence.prefix.len()),
    };
    evaluation.quantified()
}

/// How many past operators are nested.
fn past_depth(node: &Node) -> usize {
    match node {
        Node::Unary(operator, inner) => {
            let past = matches!(
                operator,
                Unary::Yesterday | Unary::Once | Unary::Historically
            );
            past_depth(inner) + usize::from(past)
        }
        Node::Binary(operator, left, right) => {
            let past = usize::from(*operator == Binary::Since);
            past_depth(left).max(past_depth(right)) + past
        }
        Node::Constant(_) | Node::Event(_) | Node::Proposition(_) | Node::Same(..) => 0,
    }
}

struct Evaluation<'a> {
    sentence: &'a Sentence,
    lasso: &'a Lasso,
    /// How many positions are evaluated.
    length: usize,
    /// The position that comes after the last one.
    loops_to: usize,
    /// Steps of one assignment.
    cost: u64,
    /// Steps that are left.
    steps: u64,
    /// What the outer variables stand for: places in the universe.
    assignment: Vec<usize>,
}

impl Evaluation<'_> {
    /// The sentence from the quantifier on that is not assigned yet.
    fn quantified(&mut self) -> Option<bool> {
        let Some(binding) = self.sentence.prefix.get(self.assignment.len()) else {
            self.steps = self.steps.checked_sub(self.cost)?;
            return Some(self.truth(&self.sentence.body)[0]);
        };
        let universe = &self.lasso.universe;
        let elements = match &binding.sort {
            Sort::Instance(_) => universe.instances.len(),
            Sort::Proxy => universe.proxies,
            Sort::Message(domain) => universe.messages.get(domain).copied().unwrap_or(0),
        };
        for element in 0..elements {
            if let Sort::Instance(endpoint) = &binding.sort
                && universe.instances[element].endpoint != *endpoint
            {
                continue;
            }
            self.steps = self.steps.checked_sub(1)?;
            self.assignment.push(element);
            let truth = self.quantified();
            self.assignment.pop();
            match (binding.quantifier, truth?) {
                (Quantifier::ForAll, false) => return Some(false),
                (Quantifier::Exists, true) => return Some(true),
                _ => {}
            }
        }
        Some(binding.quantifier == Quantifier::ForAll)
    }

    /// The truth of a formula at each position.
    fn truth(&self, node: &Node) -> Vec<bool> {
        match node {
            Node::Constant(truth) => vec![*truth; self.length],
            Node::Same(left, right) => {
                vec![self.assignment.get(*left) == self.assignment.get(*right); self.length]
            }
            Node::Event(atom) => self.positions(|position| match position {
                Position::Event(occurrence) => self.is(occurrence, atom),
                Position::Silence | Position::Propositions(_) => false,
            }),
            Node::Proposition(name) => self.positions(|position| match position {
                Position::Propositions(names) => names.contains(name),
                Position::Silence | Position::Event(_) => false,
            }),
            Node::Unary(operator, inner) => self.unary(*operator, self.truth(inner)),
            Node::Binary(operator, left, right) => {
                self.binary(*operator, self.truth(left), self.truth(right))
            }
        }
    }

    fn positions(&self, truth: impl Fn(&Position) -> bool) -> Vec<bool> {
        let cycle = self.lasso.cycle.iter().cycle();
        let positions = self.lasso.prefix.iter().chain(cycle);
        positions.take(self.length).map(truth).collect()
    }

    /// Whether what happens is what an atom names.
    fn is(&self, occurrence: &Occurrence, atom: &Atom) -> bool {
        let Some(instance) = self.lasso.universe.instances.get(occurrence.instance) else {
            return false;
        };
        let here = match atom.place {
            Place::Instance(variable) => {
                self.assignment.get(variable) == Some(&occurrence.instance)
            }
            Place::Proxy(variable) => self.assignment.get(variable) == Some(&instance.proxy),
            Place::Somewhere => true,
        };
        here && instance.endpoint == atom.endpoint
            && occurrence.event == atom.event
            && atom.arguments.iter().all(|argument| {
                let value = occurrence.arguments.get(&argument.parameter);
                value.is_some() && value == self.assignment.get(argument.variable)
            })
    }

    fn unary(&self, operator: Unary, inner: Vec<bool>) -> Vec<bool> {
        let always = vec![true; self.length];
        match operator {
            Unary::Not => negated(inner),
            Unary::Next => (0..self.length).map(|at| inner[self.after(at)]).collect(),
            Unary::Finally => self.until(&always, &inner),
            Unary::Globally => negated(self.until(&always, &negated(inner))),
            Unary::Yesterday => {
                let earlier = inner.iter().copied().take(self.length - 1);
                std::iter::once(false).chain(earlier).collect()
            }
            Unary::Once => since(&always, &inner),
            Unary::Historically => negated(since(&always, &negated(inner))),
        }
    }

    fn binary(&self, operator: Binary, left: Vec<bool>, right: Vec<bool>) -> Vec<bool> {
        let pairs = left.iter().copied().zip(right.iter().copied());
        match operator {
            Binary::And => pairs.map(|(left, right)| left && right).collect(),
            Binary::Or => pairs.map(|(left, right)| left || right).collect(),
            Binary::Implies => pairs.map(|(left, right)| !left || right).collect(),
            Binary::Iff => pairs.map(|(left, right)| left == right).collect(),
            Binary::Xor => pairs.map(|(left, right)| left != right).collect(),
            Binary::Until => self.until(&left, &right),
            Binary::WeakUntil => {
                // `U`, or the left for ever: not that the left ends somewhere.
                let ends = self.until(&vec![true; self.length], &negated(left.clone()));
                let until = self.until(&left, &right);
                let pairs = until.into_iter().zip(ends);
                pairs.map(|(until, ends)| until || !ends).collect()
            }
            Binary::Release => negated(self.until(&negated(left), &negated(right))),
            Binary::StrongRelease => {
                let both = pairs.map(|(left, right)| left && right).collect::<Vec<_>>();
                self.until(&right, &both)
            }
            Binary::Since => since(&left, &right),
        }
    }

    /// The position that follows.
    fn after(&self, position: usize) -> usize {
        match position + 1 {
            next if next == self.length => self.loops_to,
            next => next,
        }
    }

    fn until(&self, left: &[bool], right: &[bool]) -> Vec<bool> {
        let mut truth = vec![false; self.length];
        for _ in 0..2 {
            for at in (0..self.length).rev() {
                truth[at] = right[at] || (left[at] && truth[self.after(at)]);
            }
        }
        truth
    }
}

fn since(left: &[bool], right: &[bool]) -> Vec<bool> {
    let mut earlier = false;
    let pairs = left.iter().zip(right);
    let truth = pairs.map(|(left, right)| {
        earlier = *right || (*left && earlier);
        earlier
    });
    truth.collect()
}

fn negated(mut truth: Vec<bool>) -> Vec<bool> {
    truth.iter_mut().for_each(|truth| *truth = !*truth);
    truth
}

/// Whether a history is one that `sentences` speak of, in which the provider emits only `events`
/// (semantics, section 7, and "What a history is").
///
/// # Errors
///
/// What is wrong, as a clause without a period.
pub fn admissible(lasso: &Lasso, sentences: &[&Sentence], events: &Events) -> Result<(), String> {
    let vocabulary = Vocabulary::of(sentences)?;
    if lasso.cycle.is_empty() {
        return Err("nothing repeats for ever".to_owned());
    }
    universe(lasso, sentences)?;
    let (mut propositions, mut named) = (false, false);
    for sentence in sentences {
        sentence.body.visit(&mut |node| match node {
            Node::Proposition(_) => propositions = true,
            Node::Event(_) => named = true,
            _ => {}
        });
    }
    if propositions && named {
        return Err("some sentences speak of events, others of propositions".to_owned());
    }
    let mut life = vec![Life::Before; lasso.universe.instances.len()];
    // What is wrong in any repetition of the cycle is so in the second one: an instance that has
    // begun or ended at the end of the first has done so at the end of each later one.
    let cycle = lasso.cycle.iter();
    for position in lasso.prefix.iter().chain(cycle.clone()).chain(cycle) {
        match position {
            Position::Silence => {}
            Position::Propositions(_) if named => {
                return Err("a position has propositions where there are events".to_owned());
            }
            Position::Propositions(_) => {}
            Position::Event(_) if propositions => {
                return Err("a position has an event where there are propositions".to_owned());
            }
            Position::Event(occurrence) => {
                let instance = lasso.universe.instances.get(occurrence.instance);
                let endpoint = &instance.ok_or("an instance does not exist")?.endpoint;
                emission(endpoint, &occurrence.event, events)?;
                arguments(lasso, endpoint, occurrence, &vocabulary)?;
                life[occurrence.instance].happens(&occurrence.event)?;
            }
        }
    }
    Ok(())
}

/// What has happened at an instance.
#[derive(Clone, Copy, PartialEq)]
enum Life {
    Before,
    Connected,
    After,
}

impl Life {
    fn happens(&mut self, event: &Event) -> Result<(), String> {
        *self = match (*self, event) {
            (Life::After, _) => return Err("something happens after `disconnect`".to_owned()),
            (Life::Before, Event::Connect) => Life::Connected,
            (Life::Before, _) => return Err("something happens before `connect`".to_owned()),
            (Life::Connected, Event::Connect) => return Err("`connect` happens twice".to_owned()),
            (Life::Connected, Event::Disconnect) => Life::After,
            (Life::Connected, Event::Named { .. }) => Life::Connected,
        };
        Ok(())
    }
}

/// Whether the universe has what is quantified and what wildcards range over, and no more values
/// than there are.
fn universe(lasso: &Lasso, sentences: &[&Sentence]) -> Result<(), String> {
    let universe = &lasso.universe;
    let mut endpoints = BTreeSet::new();
    for sentence in sentences {
        for binding in &sentence.prefix {
            match &binding.sort {
                Sort::Instance(endpoint) => _ = endpoints.insert(&**endpoint),
                Sort::Proxy if universe.proxies == 0 => {
                    return Err("there is no proxy".to_owned());
                }
                Sort::Proxy => {}
                Sort::Message(domain) => {
                    if universe
                        .messages
                        .get(domain)
                        .is_none_or(|count| *count == 0)
                    {
                        return Err(format!("there is no value of `{}`", binding.name));
                    }
                }
            }
        }
        endpoints.extend(sentence.atoms().into_iter().map(|atom| &*atom.endpoint));
    }
    let there: BTreeSet<_> = universe.instances.iter().map(|it| &*it.endpoint).collect();
    if let Some(missing) = endpoints.difference(&there).next() {
        return Err(match *missing {
            "" => "there is no instance".to_owned(),
            endpoint => format!("there is no instance of `{endpoint}`"),
        });
    }
    for instance in &universe.instances {
        if instance.proxy >= universe.proxies.max(1) {
            return Err("an instance belongs to a proxy that does not exist".to_owned());
        }
    }
    for (domain, count) in &universe.messages {
        let count = u64::try_from(*count).unwrap_or(u64::MAX);
        if domain.size.is_some_and(|size| count > size) {
            return Err("there are more values than their type has".to_owned());
        }
    }
    Ok(())
}

/// Whether the provider may do this.
fn emission(endpoint: &str, event: &Event, events: &Events) -> Result<(), String> {
    let Event::Named {
        name,
        emitted: true,
    } = event
    else {
        return Ok(());
    };
    let allowed = match events {
        Events::All => true,
        Events::Endpoint(names) => endpoint.is_empty() && names.contains(name),
        Events::Object(endpoints) => {
            let names = endpoints.get(endpoint);
            names.is_some_and(|names| names.contains(name))
        }
    };
    match allowed {
        true => Ok(()),
        false => Err(format!("the provider does not emit `{name}`")),
    }
}

/// Whether an event has a value for each parameter that any sentence binds, and for no other.
fn arguments(
    lasso: &Lasso,
    endpoint: &str,
    occurrence: &Occurrence,
    vocabulary: &Vocabulary<'_>,
) -> Result<(), String> {
    let parameters = vocabulary.parameters(endpoint, &occurrence.event);
    if let Some(other) = occurrence
        .arguments
        .keys()
        .find(|name| !parameters.contains_key(&***name))
    {
        return Err(format!("no sentence binds the parameter `{other}`"));
    }
    for (parameter, domain) in parameters {
        let Some(value) = occurrence.arguments.get(*parameter) else {
            return Err(format!("an event has no value for `{parameter}`"));
        };
        let count = lasso.universe.messages.get(domain).copied().unwrap_or(0);
        if *value >= count {
            return Err(format!("a value of `{parameter}` does not exist"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
