//! Cardinalities of which proxies are spoken: of every one, or of some one.
//!
//! # Meaning
//!
//! Besides the count of an endpoint there is one for each proxy, of its connections alone; the former
//! is their sum. There are one or more proxies, always the same, of which some may never be connected.
//! `at every proxy` says of the count of each of them, and `at some proxy` of the count of at least
//! one, what is said of the sum otherwise.
//!
//! # Decision
//!
//! Endpoints bind each other only by how many proxies n there are: a lower bound a at every proxy and
//! an upper bound h of the sum mean n ≤ h / a, and a lower bound b of the sum with an upper bound h at
//! every proxy means n ≥ b / h. Where that leaves one proxy alone, all three counts are one, and the
//! decision is that of a count.
//!
//! Otherwise a conclusion *follows* where the premises' own bounds say it: counts of proxies never
//! exceed the sum, and the sum of n never exceeds n times what each has; the lower bounds that a count
//! keeps are those that are stated of it. (The first of all proxies to reach 1, where every proxy keeps
//! 1 from then on, also keeps the sum from falling to 0.) It is *refuted* by a run: for some n, counts
//! that proxies go to one after the other. Runs are built from the bounds (`runs`), and one counts only
//! if the definition says that it meets all premises and not the conclusion ([`Run::meets`]). What is
//! neither is `unknown`.

use std::collections::BTreeMap;

use liveobj_types::verdict::{Reason, Verdict, Witness};

use super::{Bound, Bounds, Counted, key, meets};
use crate::Budget;

mod runs;

/// Most proxies that a refutation has.
const MAX_PROXIES: u64 = 64;

/// Counts that proxies go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) proxies: usize,
    /// For each endpoint who goes where, one after the other, in steps of one.
    pub(super) moves: BTreeMap<String, Vec<(usize, u64)>>,
}

impl Run {
    /// The definition.
    pub(super) fn meets(&self, bounds: &Bounds) -> bool {
        bounds.0.iter().all(|(endpoint, counted)| {
            let moves = self.moves.get(endpoint).map_or(&[][..], Vec::as_slice);
            self.meets_at(moves, counted)
        })
    }

    fn meets_at(&self, moves: &[(usize, u64)], counted: &Counted) -> bool {
        let mut now = vec![0_u64; self.proxies];
        let mut counts: Vec<Vec<u64>> = vec![Vec::new(); self.proxies];
        let mut sums = Vec::new();
        for (proxy, count) in moves {
            let Some(mine) = now.get_mut(*proxy) else {
                return false;
            };
            *mine = *count;
            counts[*proxy].push(*count);
            let sum = now
                .iter()
                .try_fold(0_u64, |sum, count| sum.checked_add(*count));
            let Some(sum) = sum else {
                return false;
            };
            sums.push(sum);
        }
        meets(&sums, &counted.total)
            && counts.iter().all(|counts| meets(counts, &counted.each))
            && counted
                .some
                .iter()
                .all(|bound| counts.iter().any(|counts| meets(counts, bound)))
    }

    pub(super) fn to_witness(&self) -> Witness {
        let proxies = ("proxies".to_owned(), self.proxies.to_string());
        let moves = self.moves.iter().flat_map(|(endpoint, moves)| {
            let told = moves.iter().map(|(proxy, count)| {
                let name = format!("{} at p{}", key(endpoint), proxy + 1);
                (name, count.to_string())
            });
            told.collect::<Vec<_>>()
        });
        Witness::Assignment([proxies].into_iter().chain(moves).collect())
    }

    /// Without the number of proxies there is one.
    pub(super) fn from_witness(witness: &Witness) -> Option<Run> {
        let Witness::Assignment(assignment) = witness else {
            return None;
        };
        let mut moves: BTreeMap<String, Vec<(usize, u64)>> = BTreeMap::new();
        let (proxies, assignment) = match assignment.split_first() {
            Some(((name, count), rest)) if name == "proxies" => (count.parse().ok()?, rest),
            _ => (1, assignment.as_slice()),
        };
        if !(1..=MAX_PROXIES as usize).contains(&proxies) {
            return None;
        }
        for (name, count) in assignment {
            let (endpoint, proxy) = match name.rsplit_once(" at p") {
                Some((endpoint, proxy)) => (endpoint, proxy.parse::<usize>().ok()?.checked_sub(1)?),
                None if proxies == 1 => (name.as_str(), 0),
                None => return None,
            };
            let endpoint = if endpoint == key("") { "" } else { endpoint };
            let moves = moves.entry(endpoint.to_owned()).or_default();
            moves.push((proxy, count.parse().ok()?));
        }
        Some(Run { proxies, moves })
    }
}

/// How many proxies there may be: from, to.
fn proxies(known: &Bounds) -> (u64, Option<u64>) {
    let (mut least, mut most) = (1, None);
    for counted in known.0.values() {
        let (each, total) = (&counted.each, &counted.total);
        if let (floor @ 1.., Some(sum)) = (each.floor(), total.most) {
            let here = sum / floor;
            most = Some(most.map_or(here, |known: u64| known.min(here)));
        }
        if let (floor @ 1.., Some(high)) = (total.floor(), each.most) {
            let here = match high {
                0 => u64::MAX,
                high => floor.div_ceil(high),
            };
            least = least.max(here);
        }
    }
    (least, most)
}

/// The least of what is stated.
fn tightest(bounds: &[Option<u64>]) -> Option<u64> {
    bounds.iter().flatten().copied().min()
}

/// Whether the premises contradict each other, as far as that is evident.
fn contradiction(known: &Bounds) -> bool {
    let (least, most) = proxies(known);
    most.is_some_and(|most| least > most)
        || known.0.values().any(|counted| {
            let (each, total) = (&counted.each, &counted.total);
            let high = tightest(&[each.most, total.most]);
            let beyond = |floor: u64, high: Option<u64>| high.is_some_and(|high| floor > high);
            beyond(each.floor(), high)
                || beyond(total.floor(), total.most)
                || (each.most == Some(0) && total.floor() > 0)
                || counted.some.iter().any(|some| {
                    beyond(some.floor().max(each.floor()), tightest(&[some.most, high]))
                })
        })
}

/// One endpoint's bounds where there is one proxy.
fn merged(counted: &Counted) -> Bound {
    let mut all = counted.total.clone();
    [&counted.each]
        .into_iter()
        .chain(&counted.some)
        .for_each(|bound| all.add(bound));
    all
}

/// The same constraint about the one proxy that there is.
fn of_one(bounds: &Bounds) -> Bounds {
    let merged = bounds.0.iter().map(|(endpoint, counted)| {
        let total = merged(counted);
        let counted = Counted {
            total,
            ..Counted::default()
        };
        (endpoint.clone(), counted)
    });
    Bounds(merged.collect())
}

/// Whether `known` can be kept.
pub(super) fn satisfiable(known: &Bounds, budget: &mut Budget) -> Result<Verdict, Reason> {
    if contradiction(known) {
        let clash = "bounds that no number of proxies meets".to_owned();
        let clash = vec![("proxies".to_owned(), clash)];
        return Ok(Verdict::Fails(Witness::Assignment(clash)));
    }
    if proxies(known).1 == Some(1) {
        return Ok(super::satisfiable(&of_one(known)));
    }
    match runs::model(known, proxies(known), budget)? {
        Some(_) => Ok(Verdict::Holds),
        None => Err(undecided()),
    }
}

/// Whether `wanted` follows from `known`.
pub(super) fn implies(
    known: &Bounds,
    wanted: &Bounds,
    budget: &mut Budget,
) -> Result<Verdict, Reason> {
    if contradiction(known) {
        return Ok(Verdict::Holds);
    }
    let range = proxies(known);
    if range.1 == Some(1) {
        return Ok(super::implied(&of_one(known), &of_one(wanted)));
    }
    let mut open = false;
    for (endpoint, wanted) in &wanted.0 {
        let none = Counted::default();
        let here = known.0.get(endpoint).unwrap_or(&none);
        for clause in clauses(wanted) {
            if follows(here, &clause, range.1) {
                continue;
            }
            match runs::against(known, endpoint, &clause, range, budget)? {
                Some(run) => return Ok(Verdict::Fails(run.to_witness())),
                None => open = true,
            }
        }
    }
    match open {
        false => Ok(Verdict::Holds),
        true => Err(undecided()),
    }
}

fn undecided() -> Reason {
    let reason = "these bounds of every proxy, of some proxy and of all together were neither \
                  derived from each other nor told apart by counts of up to 64 proxies";
    Reason::Undecided(reason.to_owned())
}

/// One thing that is said of a count.
#[derive(Clone, Debug)]
pub(super) enum Clause {
    TotalMost(u64),
    TotalLeast(u64),
    EachMost(u64),
    EachLeast(u64),
    Some(Bound),
}

impl Clause {
    /// It alone.
    fn counted(&self) -> Counted {
        let mut counted = Counted::default();
        match self {
            Clause::TotalMost(most) => counted.total.at_most(*most),
            Clause::TotalLeast(least) => counted.total.at_least(*least),
            Clause::EachMost(most) => counted.each.at_most(*most),
            Clause::EachLeast(least) => counted.each.at_least(*least),
            Clause::Some(bound) => counted.add_some(bound.clone()),
        }
        counted
    }
}

fn clauses(wanted: &Counted) -> Vec<Clause> {
    let (total, each) = (&wanted.total, &wanted.each);
    let mut all: Vec<Clause> = total.most.map(Clause::TotalMost).into_iter().collect();
    all.extend(total.least.iter().copied().map(Clause::TotalLeast));
    all.extend(each.most.map(Clause::EachMost));
    all.extend(each.least.iter().copied().map(Clause::EachLeast));
    all.extend(wanted.some.iter().cloned().map(Clause::Some));
    all
}

/// Whether the bounds of the same endpoint, and how many proxies there may be, say a clause.
fn follows(known: &Counted, clause: &Clause, proxies: Option<u64>) -> bool {
    let (total, each) = (&known.total, &known.each);
    let below = |high: Option<u64>, wanted: u64| high.is_some_and(|high| high <= wanted);
    let together = match (each.most, proxies) {
        (Some(most), Some(proxies)) => most.checked_mul(proxies),
        (Some(0), None) => Some(0),
        _ => None,
    };
    let high = tightest(&[each.most, total.most]);
    match clause {
        Clause::TotalMost(wanted) => below(tightest(&[total.most, together]), *wanted),
        Clause::TotalLeast(wanted) => {
            total.least.contains(wanted) || (*wanted == 1 && each.least.contains(&1))
        }
        Clause::EachMost(wanted) => below(high, *wanted),
        Clause::EachLeast(wanted) => each.least.contains(wanted),
        Clause::Some(wanted) => {
            let none = Bound::default();
            [&none].into_iter().chain(&known.some).any(|some| {
                let has = |least: &u64| some.least.contains(least) || each.least.contains(least);
                let most = tightest(&[some.most, high]);
                wanted.least.iter().all(has) && wanted.most.is_none_or(|wanted| below(most, wanted))
            })
        }
    }
}

#[cfg(test)]
mod tests;
