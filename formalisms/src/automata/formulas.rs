//! Formulas, each one stored once.

use std::collections::HashMap;
use std::ops::Not;
use std::sync::Arc;

/// A formula of [`Formulas`]. Equal formulas have equal numbers, and `!` negates.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Id(u32);

impl Id {
    /// What is always true.
    pub const TRUE: Id = Id(0);
    /// What is never true.
    pub const FALSE: Id = Id(1);

    /// The place of its node.
    pub(super) fn node(self) -> usize {
        (self.0 >> 1) as usize
    }

    pub(super) fn is_negated(self) -> bool {
        self.0 & 1 == 1
    }
}

/// The formula that is true exactly where this one is false.
impl Not for Id {
    type Output = Id;

    fn not(self) -> Id {
        Id(self.0 ^ 1)
    }
}

/// What is stored: one of a formula and its negation.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) enum Node {
    True,
    Atom(usize),
    /// At least two formulas, ascending.
    All(Arc<[Id]>),
    /// Of a formula that is not negated.
    Next(Id),
    Until(Id, Id),
    Yesterday(Id),
    Since(Id, Id),
}

/// What a formula says, negations moved inward.
pub(super) enum View {
    True,
    False,
    Literal { atom: usize, value: bool },
    All(Vec<Id>),
    Any(Vec<Id>),
    Next(Id),
    Until(Id, Id),
    Release(Id, Id),
    Yesterday(Id),
    WeakYesterday(Id),
    Since(Id, Id),
    Trigger(Id, Id),
}

/// What is known of a formula by its form.
#[derive(Clone, Copy, Debug)]
struct Facts {
    /// Where it is true it stays true.
    persists: bool,
    /// Where it is false it stays false.
    fails_for_good: bool,
    /// How deep operators of the past are nested.
    past: u32,
    /// Whether it has an operator of the future.
    future: bool,
}

/// Formulas of linear temporal logic with past, over atoms `0, 1, …`.
///
/// A formula is true or false at a position of an infinite word. Positions start with 0. What the
/// operators mean is said with their constructors: `i` is the position at which the formula is
/// evaluated. Constructors simplify, each by equivalences that hold at every position of every word;
/// their time does not depend on how deep a formula is nested.
///
/// ```
/// use liveobj_formalisms::automata::{Formulas, Id};
///
/// let mut formulas = Formulas::new();
/// let p = formulas.atom(0);
/// let always = formulas.globally(p);
/// let sometimes_not = formulas.finally(!p);
/// assert_eq!(formulas.and(always, sometimes_not), Id::FALSE);
/// ```
#[derive(Clone, Debug)]
pub struct Formulas {
    nodes: Vec<(Node, Facts)>,
    known: HashMap<Node, u32>,
    /// How many constructors the one that was called may still call in order to simplify.
    fuel: u32,
}

/// What `fuel` is at first.
const FUEL: u32 = 64;

impl Default for Formulas {
    fn default() -> Formulas {
        Formulas::new()
    }
}

impl Formulas {
    /// Only the constants.
    pub fn new() -> Formulas {
        let facts = Facts {
            persists: true,
            fails_for_good: true,
            past: 0,
            future: false,
        };
        Formulas {
            nodes: vec![(Node::True, facts)],
            known: HashMap::from([(Node::True, 0)]),
            fuel: FUEL,
        }
    }

    /// Constructors that do not simplify, for tests of what comes after them.
    #[cfg(test)]
    pub(super) fn unsimplified() -> Formulas {
        let mut formulas = Formulas::new();
        formulas.fuel = 0;
        formulas
    }

    /// `true` or `false`.
    pub fn constant(&self, value: bool) -> Id {
        if value { Id::TRUE } else { Id::FALSE }
    }

    /// The atom `atom` is true at `i`.
    pub fn atom(&mut self, atom: usize) -> Id {
        self.intern(Node::Atom(atom))
    }

    /// Both are true.
    pub fn and(&mut self, left: Id, right: Id) -> Id {
        self.all(&[left, right])
    }

    /// At least one is true.
    pub fn or(&mut self, left: Id, right: Id) -> Id {
        !self.all(&[!left, !right])
    }

    /// At least one of `parts` is true.
    pub fn any(&mut self, parts: &[Id]) -> Id {
        let parts: Vec<Id> = parts.iter().map(|part| !*part).collect();
        !self.all(&parts)
    }

    /// The second one is true if the first one is.
    pub fn implies(&mut self, left: Id, right: Id) -> Id {
        self.or(!left, right)
    }

    /// Both are true, or both are false.
    ///
    /// Its size is that of its parts, since equal parts are stored once.
    pub fn iff(&mut self, left: Id, right: Id) -> Id {
        let both = self.and(left, right);
        let none = self.and(!left, !right);
        self.or(both, none)
    }

    /// Exactly one is true.
    pub fn xor(&mut self, left: Id, right: Id) -> Id {
        !self.iff(left, right)
    }

    /// True at `i + 1`.
    pub fn next(&mut self, part: Id) -> Id {
        if self.is_fixed(part) {
            return part;
        }
        if part.is_negated() {
            return !self.next(!part);
        }
        match self.node(part) {
            // Position `i + 1` has a position before it, and that is `i`.
            Node::Yesterday(part) => *part,
            _ => self.intern(Node::Next(part)),
        }
    }

    /// `right` is true at some `j ≥ i`, and `left` at all positions from `i` to `j - 1`.
    pub fn until(&mut self, left: Id, right: Id) -> Id {
        self.simplify(Node::Until(left, right), |formulas| {
            formulas.simpler_until(left, right)
        })
    }

    fn simpler_until(&mut self, left: Id, right: Id) -> Option<Id> {
        // No later position is better than `i`; or a later one is needless.
        if self.may_not_begin(right) || self.entails(left, right) {
            return Some(right);
        }
        // Before the first position of `right`, `left` is true anyway.
        if left != Id::TRUE && self.entails(!left, right) {
            return Some(self.finally(right));
        }
        match (self.node(right), right.is_negated()) {
            (Node::Until(_, last), false) if left == Id::TRUE => {
                let last = *last;
                return Some(self.finally(last));
            }
            (Node::Until(first, _), false) if left == *first => return Some(right),
            // Whether it was true before is as good.
            (Node::Since(Id::TRUE, part), false) if left == Id::TRUE => {
                let part = *part;
                let finally = self.finally(part);
                return Some(self.or(finally, right));
            }
            _ => {}
        }
        match (self.node(left), left.is_negated()) {
            (Node::Until(_, last), false) if *last == right => return Some(left),
            _ => {}
        }
        // `X a U X b` is `X (a U b)`.
        let first = match self.is_fixed(left) {
            true => Some(left),
            false => self.under_next(left),
        };
        if let (Some(first), Some(last)) = (first, self.under_next(right)) {
            let until = self.until(first, last);
            return Some(self.next(until));
        }
        let (fixed, rest) = self.split_fixed(right)?;
        let until = self.until(left, rest);
        Some(self.and(fixed, until))
    }

    /// `right` is true from `i` to the first position at which `left` is true too, that one
    /// included; or forever, if there is none.
    pub fn release(&mut self, left: Id, right: Id) -> Id {
        !self.until(!left, !right)
    }

    /// `left U right`, or `left` is true from `i` on forever.
    pub fn weak_until(&mut self, left: Id, right: Id) -> Id {
        let either = self.or(left, right);
        self.release(right, either)
    }

    /// `left R right`, and `left` is true sometime.
    pub fn strong_release(&mut self, left: Id, right: Id) -> Id {
        let both = self.and(left, right);
        self.until(right, both)
    }

    /// True at some `j ≥ i`.
    pub fn finally(&mut self, part: Id) -> Id {
        self.until(Id::TRUE, part)
    }

    /// True at all `j ≥ i`.
    pub fn globally(&mut self, part: Id) -> Id {
        !self.finally(!part)
    }

    /// `i > 0`, and true at `i - 1`.
    pub fn yesterday(&mut self, part: Id) -> Id {
        self.simplify(Node::Yesterday(part), |formulas| {
            let now = match formulas.is_fixed(part) {
                true => part,
                false => formulas.under_next(part)?,
            };
            if part == Id::TRUE {
                return None;
            }
            let later = formulas.yesterday(Id::TRUE);
            Some(formulas.and(later, now))
        })
    }

    /// `i = 0`, or true at `i - 1`.
    pub fn weak_yesterday(&mut self, part: Id) -> Id {
        !self.yesterday(!part)
    }

    /// `right` is true at some `j ≤ i`, and `left` at all positions from `j + 1` to `i`.
    pub fn since(&mut self, left: Id, right: Id) -> Id {
        self.simplify(Node::Since(left, right), |formulas| {
            formulas.simpler_since(left, right)
        })
    }

    fn simpler_since(&mut self, left: Id, right: Id) -> Option<Id> {
        if self.persists(right) || self.entails(left, right) {
            return Some(right);
        }
        if left != Id::TRUE && self.entails(!left, right) {
            return Some(self.once(right));
        }
        match (self.node(right), right.is_negated()) {
            (Node::Since(_, last), false) if left == Id::TRUE => {
                let last = *last;
                return Some(self.once(last));
            }
            (Node::Since(first, _), false) if left == *first => return Some(right),
            // Position 0 comes before all others.
            (Node::Until(Id::TRUE, part), false) if left == Id::TRUE => {
                let part = *part;
                let once = self.once(part);
                return Some(self.or(once, right));
            }
            _ => {}
        }
        match (self.node(left), left.is_negated()) {
            (Node::Since(_, last), false) if *last == right => return Some(left),
            _ => {}
        }
        let (fixed, rest) = self.split_fixed(right)?;
        let since = self.since(left, rest);
        Some(self.and(fixed, since))
    }

    /// `right` is true from the last position at which `left` is true too, that one included, to
    /// `i`; or from 0, if there is none.
    pub fn trigger(&mut self, left: Id, right: Id) -> Id {
        !self.since(!left, !right)
    }

    /// True at some `j ≤ i`.
    pub fn once(&mut self, part: Id) -> Id {
        self.since(Id::TRUE, part)
    }

    /// True at all `j ≤ i`.
    pub fn historically(&mut self, part: Id) -> Id {
        !self.once(!part)
    }

    /// What `rule` makes of the formula `node`, or else the node itself.
    ///
    /// Rules that call constructors share the fuel of the outermost one, so that it takes bounded
    /// time and stack however deep formulas are nested.
    pub(super) fn simplify(
        &mut self,
        node: Node,
        rule: impl FnOnce(&mut Formulas) -> Option<Id>,
    ) -> Id {
        if let Some(known) = self.known.get(&node) {
            return Id(*known);
        }
        let Some(fuel) = self.fuel.checked_sub(1) else {
            return self.intern(node);
        };
        let outermost = self.fuel == FUEL;
        self.fuel = fuel;
        let simpler = rule(self);
        if outermost {
            self.fuel = FUEL;
        }
        match simpler {
            Some(simpler) => simpler,
            None => self.intern(node),
        }
    }

    fn intern(&mut self, node: Node) -> Id {
        if let Some(known) = self.known.get(&node) {
            return Id(*known);
        }
        let id = u32::try_from(self.nodes.len())
            .ok()
            .and_then(|place| place.checked_mul(2))
            .expect("because 2^31 formulas do not fit into memory");
        let facts = self.facts(&node);
        self.nodes.push((node.clone(), facts));
        self.known.insert(node, id);
        Id(id)
    }

    fn facts(&self, node: &Node) -> Facts {
        let past = |parts: &[Id]| {
            let depths = parts.iter().map(|part| self.nodes[part.node()].1.past);
            depths.max().unwrap_or(0)
        };
        let future = |parts: &[Id]| parts.iter().any(|part| self.has_future(*part));
        match node {
            Node::True => self.nodes[0].1,
            Node::Atom(_) => Facts {
                persists: false,
                fails_for_good: false,
                past: 0,
                future: false,
            },
            Node::All(parts) => Facts {
                persists: parts.iter().all(|part| self.persists(*part)),
                fails_for_good: parts.iter().all(|part| self.may_not_begin(*part)),
                past: past(parts),
                future: future(parts),
            },
            Node::Next(part) => Facts {
                persists: self.persists(*part),
                fails_for_good: self.may_not_begin(*part),
                past: past(&[*part]),
                future: true,
            },
            Node::Until(left, right) => Facts {
                persists: self.persists(*right),
                fails_for_good: *left == Id::TRUE || self.may_not_begin(*right),
                past: past(&[*left, *right]),
                future: true,
            },
            Node::Yesterday(part) => Facts {
                persists: self.persists(*part),
                fails_for_good: false,
                past: past(&[*part]) + 1,
                future: future(&[*part]),
            },
            Node::Since(left, right) => Facts {
                persists: *left == Id::TRUE || self.persists(*right),
                fails_for_good: self.may_not_begin(*right),
                past: past(&[*left, *right]) + 1,
                future: future(&[*left, *right]),
            },
        }
    }

    pub(super) fn node(&self, id: Id) -> &Node {
        &self.nodes[id.node()].0
    }

    /// How many parts its conjunction or disjunction has.
    pub(super) fn width(&self, id: Id) -> usize {
        match self.node(id) {
            Node::All(parts) => parts.len(),
            _ => 1,
        }
    }

    pub(super) fn at(&self, place: usize) -> &Node {
        &self.nodes[place].0
    }

    /// How deep operators of the past are nested.
    pub(super) fn past(&self, id: Id) -> usize {
        self.nodes[id.node()].1.past as usize
    }

    /// Whether it has an operator of the future.
    pub(super) fn has_future(&self, id: Id) -> bool {
        self.nodes[id.node()].1.future
    }

    /// Where it is true it stays true.
    pub(super) fn persists(&self, id: Id) -> bool {
        let facts = self.nodes[id.node()].1;
        match id.is_negated() {
            false => facts.persists,
            true => facts.fails_for_good,
        }
    }

    /// Where it is false it stays false.
    pub(super) fn may_not_begin(&self, id: Id) -> bool {
        self.persists(!id)
    }

    /// True at all positions or at none.
    fn is_fixed(&self, id: Id) -> bool {
        self.persists(id) && self.may_not_begin(id)
    }

    /// `a`, if `id` is `X a`.
    fn under_next(&self, id: Id) -> Option<Id> {
        match (self.node(id), id.is_negated()) {
            (Node::Next(part), false) => Some(*part),
            (Node::Next(part), true) => Some(!*part),
            _ => None,
        }
    }

    /// A conjunction as those of its parts that are true everywhere or nowhere, and the others.
    fn split_fixed(&mut self, id: Id) -> Option<(Id, Id)> {
        let Node::All(parts) = self.node(id) else {
            return None;
        };
        if id.is_negated() {
            return None;
        }
        let (fixed, rest): (Vec<Id>, Vec<Id>) =
            parts.iter().copied().partition(|part| self.is_fixed(*part));
        if fixed.is_empty() {
            return None;
        }
        let fixed = self.all(&fixed);
        Some((fixed, self.all(&rest)))
    }

    pub(super) fn view(&self, id: Id) -> View {
        let negated = id.is_negated();
        match (self.node(id), negated) {
            (Node::True, false) => View::True,
            (Node::True, true) => View::False,
            (Node::Atom(atom), _) => View::Literal {
                atom: *atom,
                value: !negated,
            },
            (Node::All(parts), false) => View::All(parts.to_vec()),
            (Node::All(parts), true) => View::Any(parts.iter().map(|part| !*part).collect()),
            (Node::Next(part), false) => View::Next(*part),
            (Node::Next(part), true) => View::Next(!*part),
            (Node::Until(left, right), false) => View::Until(*left, *right),
            (Node::Until(left, right), true) => View::Release(!*left, !*right),
            (Node::Yesterday(part), false) => View::Yesterday(*part),
            (Node::Yesterday(part), true) => View::WeakYesterday(!*part),
            (Node::Since(left, right), false) => View::Since(*left, *right),
            (Node::Since(left, right), true) => View::Trigger(!*left, !*right),
        }
    }
}
