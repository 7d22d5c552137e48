//! What is left to be satisfied after each position (formula progression), as a deterministic
//! automaton.
//!
//! A formula is brought into negation normal form. What remains of it after some positions is a
//! positive combination of its parts, each to hold from the next position on. It is kept as the
//! set of its minimal disjuncts, which is the same for equal combinations, so that there are only
//! finitely many. If no disjunct is left, no continuation satisfies the formula; if an empty one
//! is, all do. Parts below a past operator are values of the history so far: one bit each.
//!
//! That two parts cannot both be satisfied is noticed when one of them fails, not before: so a
//! violation is told at the latest with the event that completes it, and is always certain.

use std::collections::{BTreeSet, HashMap};

use super::super::formula::{Atom, Binary, Node, Unary, Variable};
use crate::watch::{Step, Steps};

/// How many disjuncts are kept before a formula is given up.
const MAX_DISJUNCTS: usize = 256;
/// How many parts a formula may have in normal form.
const MAX_PARTS: usize = 4_096;

/// Number of a part.
type Part = u32;

/// A part of a formula in negation normal form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Constant(bool),
    /// Whether a basic formula has this value.
    Basic(u8, bool),
    /// Whether a past formula has this value.
    Past(u8, bool),
    And(Part, Part),
    Or(Part, Part),
    Next(Part),
    Until(Part, Part),
    Release(Part, Part),
}

/// A past operator. What is remembered of it is one bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Past {
    /// The bit is the operand at the previous position.
    Yesterday(Part),
    /// The bit is the value at the previous position.
    Since(Part, Part),
}

/// What has a truth value at each position by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Basic {
    Event(Atom),
    Same(Variable, Variable),
}

/// A formula. Letters are positions in `masks`.
pub(super) struct Progress {
    parts: Vec<Kind>,
    numbers: HashMap<Kind, Part>,
    /// The inner ones first.
    past: Vec<Past>,
    root: Part,
    /// The basic formulas, by bit.
    pub(super) basics: Vec<Basic>,
    /// Which basic formulas are true, by letter.
    pub(super) masks: Vec<u64>,
    /// Whether a future operator was found below a past one.
    turns_around: bool,
}

/// What is left, and what is remembered.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Residue {
    left: Disjuncts,
    past: u64,
}

/// Sets of parts, none of which includes another; sorted.
type Disjuncts = Vec<Vec<Part>>;

impl Progress {
    /// # Errors
    ///
    /// The formula is too large, has propositions, or looks from the past into the future.
    pub(super) fn new(body: &Node) -> Result<Progress, String> {
        let mut progress = Progress {
            parts: Vec::new(),
            numbers: HashMap::new(),
            past: Vec::new(),
            root: 0,
            basics: Vec::new(),
            masks: Vec::new(),
            turns_around: false,
        };
        match progress.normal(body, true) {
            Some(root) => {
                progress.root = root;
                Ok(progress)
            }
            None if progress.turns_around => Err("it looks from the past into the future".into()),
            None => Err("it is too large to be followed".into()),
        }
    }

    fn part(&mut self, kind: Kind) -> Option<Part> {
        if let Some(part) = self.numbers.get(&kind) {
            return Some(*part);
        }
        let part = Part::try_from(self.parts.len()).ok()?;
        self.parts.push(kind);
        self.numbers.insert(kind, part);
        (self.parts.len() <= MAX_PARTS).then_some(part)
    }

    fn basic(&mut self, basic: Basic, positive: bool) -> Option<Part> {
        let bit = match self.basics.iter().position(|known| *known == basic) {
            Some(bit) => bit,
            None => {
                self.basics.push(basic);
                self.basics.len() - 1
            }
        };
        let bit = u8::try_from(bit).ok().filter(|bit| *bit < 64)?;
        self.part(Kind::Basic(bit, positive))
    }

    /// The part that is a formula, or its negation.
    fn normal(&mut self, node: &Node, positive: bool) -> Option<Part> {
        match node {
            Node::Constant(truth) => self.part(Kind::Constant(*truth == positive)),
            Node::Event(atom) => self.basic(Basic::Event(atom.clone()), positive),
            Node::Same(left, right) => self.basic(Basic::Same(*left, *right), positive),
            Node::Proposition(_) => None,
            Node::Unary(operator, inner) => match operator {
                Unary::Not => self.normal(inner, !positive),
                Unary::Next => {
                    let inner = self.normal(inner, positive)?;
                    self.part(Kind::Next(inner))
                }
                Unary::Finally => self.eventually(inner, positive, true),
                Unary::Globally => self.eventually(inner, positive, false),
                Unary::Yesterday => {
                    let inner = self.of_the_past(inner, true)?;
                    self.remembered(Past::Yesterday(inner), positive)
                }
                Unary::Once | Unary::Historically => {
                    // Historically is that never once not.
                    let once = *operator == Unary::Once;
                    let always = self.part(Kind::Constant(true))?;
                    let inner = self.of_the_past(inner, once)?;
                    self.remembered(Past::Since(always, inner), positive == once)
                }
            },
            Node::Binary(operator, left, right) => self.pair(*operator, left, right, positive),
        }
    }

    fn pair(
        &mut self,
        operator: Binary,
        left: &Node,
        right: &Node,
        positive: bool,
    ) -> Option<Part> {
        let not = !positive;
        match operator {
            Binary::And | Binary::Or => {
                let (left, right) = (self.normal(left, positive)?, self.normal(right, positive)?);
                self.junction((operator == Binary::And) == positive, left, right)
            }
            Binary::Implies => {
                let (left, right) = (self.normal(left, not)?, self.normal(right, positive)?);
                self.junction(not, left, right)
            }
            Binary::Iff | Binary::Xor => {
                // Both or none, or just one of them.
                let equal = (operator == Binary::Iff) == positive;
                let (yes, no) = (self.normal(left, true)?, self.normal(left, false)?);
                let (same, other) = (self.normal(right, equal)?, self.normal(right, !equal)?);
                let first = self.junction(true, yes, same)?;
                let second = self.junction(true, no, other)?;
                self.junction(false, first, second)
            }
            Binary::Until | Binary::Release => {
                let (left, right) = (self.normal(left, positive)?, self.normal(right, positive)?);
                self.part(match (operator == Binary::Until) == positive {
                    true => Kind::Until(left, right),
                    false => Kind::Release(left, right),
                })
            }
            // `a W b` is `b R (a | b)`, `a M b` is `b U (a & b)`, and each is the dual of the other.
            Binary::WeakUntil | Binary::StrongRelease => {
                let weak = (operator == Binary::WeakUntil) == positive;
                let (left, right) = (self.normal(left, positive)?, self.normal(right, positive)?);
                let both = self.junction(!weak, left, right)?;
                self.part(match weak {
                    true => Kind::Release(right, both),
                    false => Kind::Until(right, both),
                })
            }
            Binary::Since => {
                let left = self.of_the_past(left, true)?;
                let right = self.of_the_past(right, true)?;
                self.remembered(Past::Since(left, right), positive)
            }
        }
    }

    fn junction(&mut self, and: bool, left: Part, right: Part) -> Option<Part> {
        self.part(match and {
            true => Kind::And(left, right),
            false => Kind::Or(left, right),
        })
    }

    /// `F` or `G`.
    fn eventually(&mut self, inner: &Node, positive: bool, finally: bool) -> Option<Part> {
        let inner = self.normal(inner, positive)?;
        let until = finally == positive;
        let left = self.part(Kind::Constant(until))?;
        self.part(match until {
            true => Kind::Until(left, inner),
            false => Kind::Release(left, inner),
        })
    }

    /// A part whose value is known once its position is reached.
    fn of_the_past(&mut self, node: &Node, positive: bool) -> Option<Part> {
        let mut future = false;
        node.visit(&mut |node| {
            future |= match node {
                Node::Unary(operator, _) => {
                    matches!(operator, Unary::Next | Unary::Finally | Unary::Globally)
                }
                Node::Binary(operator, ..) => matches!(
                    operator,
                    Binary::Until | Binary::WeakUntil | Binary::Release | Binary::StrongRelease
                ),
                _ => false,
            };
        });
        self.turns_around |= future;
        match future {
            true => None,
            false => self.normal(node, positive),
        }
    }

    fn remembered(&mut self, past: Past, positive: bool) -> Option<Part> {
        let bit = match self.past.iter().position(|known| *known == past) {
            Some(bit) => bit,
            None => {
                self.past.push(past);
                self.past.len() - 1
            }
        };
        let bit = u8::try_from(bit).ok().filter(|bit| *bit < 64)?;
        self.part(Kind::Past(bit, positive))
    }

    /// The value of a part that has no future operator.
    fn value(&self, part: Part, mask: u64, past: u64) -> bool {
        match self.parts[part as usize] {
            Kind::Constant(truth) => truth,
            Kind::Basic(bit, value) => (mask >> bit & 1 == 1) == value,
            Kind::Past(bit, value) => (past >> bit & 1 == 1) == value,
            Kind::And(left, right) => self.value(left, mask, past) && self.value(right, mask, past),
            Kind::Or(left, right) => self.value(left, mask, past) || self.value(right, mask, past),
            Kind::Next(_) | Kind::Until(..) | Kind::Release(..) => {
                unreachable!("because `of_the_past` lets none through")
            }
        }
    }

    /// The values of past formulas at a position, and what is remembered of them.
    fn remember(&self, mask: u64, before: u64) -> (u64, u64) {
        let (mut now, mut after) = (0, 0);
        for (bit, past) in self.past.iter().enumerate() {
            let was = before >> bit & 1 == 1;
            let (value, kept) = match *past {
                Past::Yesterday(inner) => (was, self.value(inner, mask, now)),
                Past::Since(left, right) => {
                    let value =
                        self.value(right, mask, now) || (was && self.value(left, mask, now));
                    (value, value)
                }
            };
            now |= u64::from(value) << bit;
            after |= u64::from(kept) << bit;
        }
        (now, after)
    }
}

/// One step of progression.
struct Stepping<'p> {
    progress: &'p Progress,
    mask: u64,
    past: u64,
    known: HashMap<Part, Disjuncts>,
}

impl Stepping<'_> {
    /// What a part leaves; none if that is too much.
    fn left(&mut self, part: Part) -> Option<Disjuncts> {
        if let Some(known) = self.known.get(&part) {
            return Some(known.clone());
        }
        let left = match self.progress.parts[part as usize] {
            Kind::Constant(_) | Kind::Basic(..) | Kind::Past(..) => {
                truth(self.progress.value(part, self.mask, self.past))
            }
            Kind::And(left, right) => both(&self.left(left)?, &self.left(right)?)?,
            Kind::Or(left, right) => either(self.left(left)?, self.left(right)?)?,
            Kind::Next(inner) => vec![vec![inner]],
            Kind::Until(left, right) => {
                let on = both(&self.left(left)?, &vec![vec![part]])?;
                either(self.left(right)?, on)?
            }
            Kind::Release(left, right) => {
                let on = either(self.left(left)?, vec![vec![part]])?;
                both(&self.left(right)?, &on)?
            }
        };
        self.known.insert(part, left.clone());
        Some(left)
    }
}

fn truth(truth: bool) -> Disjuncts {
    match truth {
        true => vec![Vec::new()],
        false => Vec::new(),
    }
}

fn either(left: Disjuncts, right: Disjuncts) -> Option<Disjuncts> {
    minimal(left.into_iter().chain(right).collect())
}

fn both(left: &Disjuncts, right: &Disjuncts) -> Option<Disjuncts> {
    if left.len().saturating_mul(right.len()) > MAX_DISJUNCTS * MAX_DISJUNCTS {
        return None;
    }
    let pairs = left.iter().flat_map(|left| {
        right.iter().map(move |right| {
            let parts: BTreeSet<Part> = left.iter().chain(right).copied().collect();
            parts.into_iter().collect()
        })
    });
    minimal(pairs.collect())
}

/// Without sets that include others.
fn minimal(sets: BTreeSet<Vec<Part>>) -> Option<Disjuncts> {
    let mut by_size: Vec<Vec<Part>> = sets.into_iter().collect();
    by_size.sort_by_key(Vec::len);
    let mut least: Disjuncts = Vec::new();
    for set in by_size {
        let included = |smaller: &Vec<Part>| {
            let mut parts = smaller.iter();
            parts.all(|part| set.binary_search(part).is_ok())
        };
        if !least.iter().any(included) {
            least.push(set);
        }
        if least.len() > MAX_DISJUNCTS {
            return None;
        }
    }
    least.sort();
    Some(least)
}

impl Steps for Progress {
    type Place = Residue;

    fn start(&self) -> Step<Residue> {
        Step::To(Residue {
            left: vec![vec![self.root]],
            past: 0,
        })
    }

    fn step(&self, residue: &Residue, letter: usize) -> Step<Residue> {
        let mask = self.masks[letter];
        let (now, past) = self.remember(mask, residue.past);
        let mut stepping = Stepping {
            progress: self,
            mask,
            past: now,
            known: HashMap::new(),
        };
        let mut left = Vec::new();
        for parts in &residue.left {
            let mut all = Some(truth(true));
            for part in parts {
                let more = stepping.left(*part);
                all = all.zip(more).and_then(|(all, more)| both(&all, &more));
            }
            match all.and_then(|all| either(std::mem::take(&mut left), all)) {
                Some(more) => left = more,
                None => return Step::Lost,
            }
        }
        if left.is_empty() {
            return Step::Broken;
        }
        if left[0].is_empty() {
            return Step::Kept;
        }
        Step::To(Residue { left, past })
    }
}
