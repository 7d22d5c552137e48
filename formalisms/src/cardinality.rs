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
//!
//! In the type of an object the same may be said of the connections `at every proxy` or `at some
//! proxy`: see `quantified`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use liveobj_types::Monitor;
use liveobj_types::formalism::{Events, Formalism, Formula, ParseError, Structure};
use liveobj_types::verdict::{Reason, Verdict, Witness};

use crate::{Budget, foreign};

mod monitor;
mod parse;
mod quantified;

/// The id of `cardinality`.
pub const ID: u128 = 0x6c6f_6361_7264_8e42_b1d3_7f25_90aa_2f02;

/// The formalism.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cardinality;

/// Bounds per endpoint; the name is empty at endpoint level.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Bounds(BTreeMap<String, Counted>);

/// The bounds on the counts of one endpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Counted {
    /// Of all connections together.
    total: Bound,
    /// Of those of each proxy.
    each: Bound,
    /// Of those of at least one proxy, for each of these; sorted, and none that is always met.
    some: Vec<Bound>,
}

impl Counted {
    fn add(&mut self, other: &Counted) {
        self.total.add(&other.total);
        self.each.add(&other.each);
        other
            .some
            .iter()
            .for_each(|bound| self.add_some(bound.clone()));
    }

    fn add_some(&mut self, bound: Bound) {
        if bound != Bound::default() {
            self.some.push(bound);
            self.some.sort();
            self.some.dedup();
        }
    }

    fn is_quantified(&self) -> bool {
        self.each != Bound::default() || !self.some.is_empty()
    }
}

impl Bounds {
    fn is_quantified(&self) -> bool {
        self.0.values().any(Counted::is_quantified)
    }
}

/// The bounds on one count.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
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

    fn add(&mut self, other: &Bound) {
        other.most.iter().for_each(|most| self.at_most(*most));
        other.least.iter().for_each(|least| self.at_least(*least));
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
        for (endpoint, counted) in &bounds(formula)?.0 {
            let some = counted.some.iter();
            let all_bounds = some.chain([&counted.total, &counted.each]);
            budget.take(all_bounds.map(|bound| 1 + bound.least.len()).sum())?;
            all.0.entry(endpoint.clone()).or_default().add(counted);
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
        for (endpoint, counted) in &bounds.0 {
            let mut add = |bound: &Bound, places: &str| {
                for quantity in quantities(bound) {
                    let mut clause = format!("{quantity} instances ");
                    if !endpoint.is_empty() {
                        write!(clause, "of '{endpoint}' ")
                            .expect("strings take all that is written");
                    }
                    clauses.push(clause + "connected" + places);
                }
            };
            add(&counted.total, "");
            add(&counted.each, " at every proxy");
            let some = counted.some.iter();
            some.for_each(|bound| add(bound, " at some proxy"));
            if *counted == Counted::default() {
                clauses.push(match endpoint.as_str() {
                    "" => "at least 0 instances connected".to_owned(),
                    name => format!("at least 0 instances of '{name}' connected"),
                });
            }
        }
        clauses.join(", ")
    }

    fn satisfiable(&self, formulas: &[&Formula], budget: u64) -> Verdict {
        let decide = || {
            let mut budget = Budget(budget);
            let all = together(formulas, &mut budget)?;
            match all.is_quantified() {
                true => quantified::satisfiable(&all, &mut budget),
                false => Ok(satisfiable(&all)),
            }
        };
        decide().unwrap_or_else(Verdict::Unknown)
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
            if known.is_quantified() || wanted.is_quantified() {
                return quantified::implies(&known, &wanted, &mut budget);
            }
            Ok(implied(&known, &wanted))
        };
        decide().unwrap_or_else(Verdict::Unknown)
    }

    /// A witness lists the counts that an endpoint goes to, one after the other; the last one
    /// stays. An endpoint that is not listed is never connected. Where proxies matter, it lists how many
    /// there are first, and the counts of each.
    fn replay(
        &self,
        premises: &[&Formula],
        _: &Events,
        conclusion: &Formula,
        witness: &Witness,
    ) -> bool {
        let Some(run) = quantified::Run::from_witness(witness) else {
            return false;
        };
        let met = |formula: &Formula| Some(run.meets(bounds(formula).ok()?));
        premises.iter().all(|premise| met(premise) == Some(true)) && met(conclusion) == Some(false)
    }

    fn at_endpoint(&self, formula: &Formula, endpoint: &str) -> Option<Formula> {
        let counted = bounds(formula).ok()?.0.get("")?.clone();
        Some(Formula::new(Bounds(BTreeMap::from([(
            endpoint.to_owned(),
            counted,
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

/// What is said of a count, as texts say it.
fn quantities(bound: &Bound) -> Vec<String> {
    let (least, most) = (&bound.least, bound.most);
    match (least.first().copied(), most) {
        (Some(low), Some(high)) if least.len() == 1 && low == high => {
            vec![format!("exactly {low}")]
        }
        (Some(low), Some(high)) if least.len() == 1 && low < high => {
            vec![format!("between {low} and {high}")]
        }
        _ => {
            let least = least.iter().map(|least| format!("at least {least}"));
            let most = most.iter().map(|most| format!("at most {most}"));
            least.chain(most).collect()
        }
    }
}

/// Whether bounds of all connections together can be kept.
fn satisfiable(all: &Bounds) -> Verdict {
    let mut clashes = all.0.iter().filter_map(|(endpoint, counted)| {
        let total = &counted.total;
        let most = total.most.filter(|_| !total.allows(total.floor()))?;
        let clash = format!("at least {} and at most {most}", total.floor());
        Some((key(endpoint), clash))
    });
    match clashes.next() {
        None => Verdict::Holds,
        Some(clash) => Verdict::Fails(Witness::Assignment(vec![clash])),
    }
}

/// Whether bounds of all connections together follow from such bounds.
fn implied(known: &Bounds, wanted: &Bounds) -> Verdict {
    if !satisfiable(known).holds() {
        return Verdict::Holds;
    }
    let none = Bound::default();
    let refuted = wanted.0.iter().find_map(|(endpoint, wanted)| {
        let known = known.0.get(endpoint).map_or(&none, |known| &known.total);
        Some((endpoint, known.counterexample(&wanted.total)?))
    });
    let Some((endpoint, counts)) = refuted else {
        return Verdict::Holds;
    };
    let counts = counts.into_iter();
    let counts = counts.map(|count| (key(endpoint), count.to_string()));
    let others = known.0.iter().filter(|(other, _)| *other != endpoint);
    let floors = others.map(|(other, counted)| (key(other), counted.total.floor()));
    let others = floors.filter(|(_, floor)| *floor > 0);
    let others = others.map(|(other, floor)| (other, floor.to_string()));
    Verdict::Fails(Witness::Assignment(counts.chain(others).collect()))
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
