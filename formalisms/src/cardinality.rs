//! `cardinality`: how many instances of an endpoint are connected.
//!
//! # Meaning
//!
//! For each endpoint a history has a count: 0 at first, one more with each `connect`, one less with
//! each `disconnect`. A position of a history holds one event, so the count never jumps.
//!
//! - `at most K`: the count never exceeds K.
//! - `at least K`: at some time the count is K, and from the first such time on it is never less.
//!   Before that, while things start up, it may go up and down.
//! - `exactly K`: at least K and at most K. `between K and L`: at least K and at most L.
//!
//! `at least` is therefore not monotone: `at least 5` does not imply `at least 3`, because while
//! starting up the count may go to 3, back to 2, and then to 5. `at least 0` is true of everything.
//!
//! # Decision
//!
//! Premises on one endpoint amount to an upper bound h (none: infinite) and a set A of lower
//! bounds other than 0. They can be met exactly if no a ∈ A exceeds h: the count goes straight up
//! to max A and stays (if A is empty, stays at 0). If those of every endpoint can be met, then
//!
//! - `at most L` follows exactly if h ≤ L. Otherwise the count may go to max(L + 1, max A), which
//!   exceeds neither h nor any rule, and stay.
//! - `at least L` follows exactly if L = 0 or L ∈ A. Otherwise, if L < max A, the count may go to L,
//!   to L - 1, to max A, and stay: the step down breaks no a ∈ A, as a = L is none of them. If
//!   L > max A it may go to L if h allows it, back to max A, and stay; or never reach L.
//!
//! What one endpoint does binds no other, so a conclusion is decided endpoint by endpoint. If the
//! premises on some endpoint cannot be met, everything follows.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use liveobj_types::Monitor;
use liveobj_types::formalism::{Events, Formalism, Formula, ParseError, Structure};
use liveobj_types::verdict::{Reason, Verdict, Witness};

use crate::{Budget, foreign};

mod monitor;
mod parse;

/// The id of `cardinality`.
pub const ID: u128 = 0x6c6f_6361_7264_8e42_b1d3_7f25_90aa_2f02;

/// The formalism.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cardinality;

/// Bounds per endpoint; the name is empty at endpoint level.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Bounds(BTreeMap<String, Bound>);

/// The bounds on one count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Bound {
    /// The least upper bound, if any.
    most: Option<u64>,
    /// The lower bounds other than 0.
    least: BTreeSet<u64>,
}

impl Bound {
    fn at_most(&mut self, most: u64) {
        self.most = Some(self.most.map_or(most, |known| known.min(most)));
    }

    fn at_least(&mut self, least: u64) {
        if least > 0 {
            self.least.insert(least);
        }
    }

    /// The greatest lower bound.
    fn floor(&self) -> u64 {
        self.least.last().copied().unwrap_or(0)
    }

    fn allows(&self, count: u64) -> bool {
        self.most.is_none_or(|most| count <= most)
    }

    /// Counts to go to, one after the other, that meet these bounds and not `wanted`.
    fn counterexample(&self, wanted: &Bound) -> Option<Vec<u64>> {
        let floor = self.floor();
        if let Some(most) = wanted.most
            && let Some(above) = most.checked_add(1)
            && self.allows(above)
        {
            return Some(vec![above.max(floor)]);
        }
        let least = wanted
            .least
            .iter()
            .copied()
            .find(|least| !self.least.contains(least))?;
        Some(if least < floor {
            vec![least, least - 1, floor]
        } else if self.allows(least) {
            vec![least, floor]
        } else {
            vec![floor]
        })
    }
}

fn bounds(formula: &Formula) -> Result<&Bounds, Reason> {
    formula.get().ok_or_else(|| foreign("cardinality"))
}

/// All bounds of several formulas together.
fn together(formulas: &[&Formula], budget: &mut Budget) -> Result<Bounds, Reason> {
    let mut all = Bounds::default();
    for formula in formulas {
        for (endpoint, bound) in &bounds(formula)?.0 {
            budget.take(1 + bound.least.len())?;
            let known = all.0.entry(endpoint.clone()).or_default();
            bound.most.iter().for_each(|most| known.at_most(*most));
            bound.least.iter().for_each(|least| known.at_least(*least));
        }
    }
    Ok(all)
}

/// The endpoint, as a witness names it.
fn key(endpoint: &str) -> String {
    match endpoint {
        "" => "instances".to_owned(),
        name => name.to_owned(),
    }
}

impl Formalism for Cardinality {
    fn name(&self) -> &str {
        "cardinality"
    }

    fn id(&self) -> u128 {
        ID
    }

    fn parse(&self, text: &str, structure: &Structure) -> Result<Formula, ParseError> {
        parse::parse(text, structure).map(Formula::new)
    }

    fn print(&self, formula: &Formula) -> String {
        let Ok(bounds) = bounds(formula) else {
            return String::new();
        };
        let mut clauses = Vec::new();
        for (endpoint, bound) in &bounds.0 {
            let mut clause = |quantity: String| {
                let mut clause = format!("{quantity} instances ");
                if !endpoint.is_empty() {
                    write!(clause, "of '{endpoint}' ").expect("strings take all that is written");
                }
                clauses.push(clause + "connected");
            };
            let (least, most) = (&bound.least, bound.most);
            match (least.first().copied(), most) {
                (None, None) => clause("at least 0".to_owned()),
                (Some(low), Some(high)) if least.len() == 1 && low == high => {
                    clause(format!("exactly {low}"));
                }
                (Some(low), Some(high)) if least.len() == 1 && low < high => {
                    clause(format!("between {low} and {high}"));
                }
                _ => {
                    least
                        .iter()
                        .for_each(|least| clause(format!("at least {least}")));
                    most.iter()
                        .for_each(|most| clause(format!("at most {most}")));
                }
            }
        }
        clauses.join(", ")
    }

    fn satisfiable(&self, formulas: &[&Formula], budget: u64) -> Verdict {
        match together(formulas, &mut Budget(budget)) {
            Err(reason) => Verdict::Unknown(reason),
            Ok(all) => match all.0.iter().find(|(_, bound)| !bound.allows(bound.floor())) {
                None => Verdict::Holds,
                Some((endpoint, bound)) => {
                    let most = bound.most.unwrap_or(u64::MAX);
                    let clash = format!("at least {} and at most {most}", bound.floor());
                    Verdict::Fails(Witness::Assignment(vec![(key(endpoint), clash)]))
                }
            },
        }
    }

    fn implies(
        &self,
        premises: &[&Formula],
        _: &Events,
        conclusion: &Formula,
        budget: u64,
    ) -> Verdict {
        let decide = || {
            let mut budget = Budget(budget);
            let known = together(premises, &mut budget)?;
            let wanted = together(&[conclusion], &mut budget)?;
            if known.0.values().any(|bound| !bound.allows(bound.floor())) {
                return Ok(Verdict::Holds);
            }
            let none = Bound::default();
            let refuted = wanted.0.iter().find_map(|(endpoint, wanted)| {
                let known = known.0.get(endpoint).unwrap_or(&none);
                Some((endpoint, known.counterexample(wanted)?))
            });
            let Some((endpoint, counts)) = refuted else {
                return Ok(Verdict::Holds);
            };
            let counts = counts
                .into_iter()
                .map(|count| (key(endpoint), count.to_string()));
            let others = known.0.iter().filter(|(other, _)| *other != endpoint);
            let others = others.filter(|(_, bound)| bound.floor() > 0);
            let others = others.map(|(other, bound)| (key(other), bound.floor().to_string()));
            Ok(Verdict::Fails(Witness::Assignment(
                counts.chain(others).collect(),
            )))
        };
        decide().unwrap_or_else(Verdict::Unknown)
    }

    /// A witness lists the counts that an endpoint goes to, one after the other; the last one
    /// stays. An endpoint that is not listed is never connected.
    fn replay(
        &self,
        premises: &[&Formula],
        _: &Events,
        conclusion: &Formula,
        witness: &Witness,
    ) -> bool {
        let Witness::Assignment(assignment) = witness else {
            return false;
        };
        let mut counts: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
        for (endpoint, count) in assignment {
            let Ok(count) = count.parse() else {
                return false;
            };
            counts.entry(endpoint).or_default().push(count);
        }
        let met = |formula: &Formula| {
            let bounds = bounds(formula).ok()?;
            Some(bounds.0.iter().all(|(endpoint, bound)| {
                let counts = counts.get(&*key(endpoint)).map_or(&[][..], Vec::as_slice);
                meets(counts, bound)
            }))
        };
        premises.iter().all(|premise| met(premise) == Some(true)) && met(conclusion) == Some(false)
    }

    fn at_endpoint(&self, formula: &Formula, endpoint: &str) -> Option<Formula> {
        let bound = bounds(formula).ok()?.0.get("")?.clone();
        Some(Formula::new(Bounds(BTreeMap::from([(
            endpoint.to_owned(),
            bound,
        )]))))
    }

    fn monitor(
        &self,
        formula: &Formula,
        structure: &Structure,
    ) -> Result<Box<dyn Monitor>, String> {
        let bounds = bounds(formula).map_err(|reason| reason.to_string())?;
        Ok(Box::new(monitor::Counting::new(bounds, structure)?))
    }

    /// Counts are not about messages.
    fn surviving(&self, formula: &Formula) -> Option<Formula> {
        Some(formula.clone())
    }
}

/// The definition: whether a count that starts at 0 and goes to each of `counts` in steps of one
/// is within the bounds.
fn meets(counts: &[u64], bound: &Bound) -> bool {
    let within = bound
        .most
        .is_none_or(|most| counts.iter().all(|count| *count <= most));
    within
        && bound.least.iter().all(|least| {
            // Between two counts of the list lie only counts between them.
            match counts.iter().position(|count| count >= least) {
                Some(first) => counts[first..].iter().all(|count| count >= least),
                None => *least == 0,
            }
        })
}

#[cfg(test)]
mod tests;
