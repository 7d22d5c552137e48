//! Runs that meet bounds, and those among them that break a clause.

use std::collections::{BTreeMap, BTreeSet};

use liveobj_types::verdict::Reason;

use super::{Bound, Bounds, Clause, Counted, MAX_PROXIES, Run};
use crate::Budget;

/// Who goes where, one after the other.
type Moves = Vec<(usize, u64)>;

/// Where each proxy is to end, and between what.
#[derive(Clone)]
struct Plan {
    floors: Vec<u64>,
    caps: Vec<u64>,
    ends: Vec<u64>,
}

impl Plan {
    /// Raises the ends until they sum up to at least `sum`; whether that goes.
    fn raise(&mut self, sum: u64) -> bool {
        let mut missing = sum.saturating_sub(total(&self.ends));
        for (end, cap) in self.ends.iter_mut().zip(&self.caps) {
            let more = missing.min(cap.saturating_sub(*end));
            *end += more;
            missing -= more;
        }
        missing == 0
    }

    /// `moves`, and then each to its end.
    fn after(&self, moves: Moves) -> Moves {
        let mut now = vec![0; self.ends.len()];
        moves.iter().for_each(|(proxy, count)| now[*proxy] = *count);
        let mut moves = moves;
        for (proxy, end) in self.ends.iter().enumerate() {
            if now[proxy] < *end {
                moves.push((proxy, *end));
            }
        }
        moves
    }
}

fn total(counts: &[u64]) -> u64 {
    counts
        .iter()
        .fold(0, |sum, count| sum.saturating_add(*count))
}

/// A run that meets all bounds.
pub(super) fn model(
    known: &Bounds,
    range: (u64, Option<u64>),
    budget: &mut Budget,
) -> Result<Option<Run>, Reason> {
    let witnesses = known.0.values().map(|counted| counted.some.len()).max();
    for proxies in numbers(range, witnesses.unwrap_or(0), &[]) {
        let mut moves = BTreeMap::new();
        for (endpoint, counted) in &known.0 {
            if let Some(found) = base(proxies, counted, endpoint, budget)? {
                moves.insert(endpoint.clone(), found);
            }
        }
        if moves.len() == known.0.len() {
            return Ok(Some(Run { proxies, moves }));
        }
    }
    Ok(None)
}

/// A run that meets all bounds and breaks a clause about one endpoint.
pub(super) fn against(
    known: &Bounds,
    endpoint: &str,
    clause: &Clause,
    range: (u64, Option<u64>),
    budget: &mut Budget,
) -> Result<Option<Run>, Reason> {
    let none = Counted::default();
    let here = known.0.get(endpoint).unwrap_or(&none);
    let broken = clause.counted();
    let spread = match (clause, here.each.most) {
        (Clause::TotalMost(most), Some(high @ 1..)) => vec![most / high + 1],
        _ => Vec::new(),
    };
    let witnesses = known.0.values().map(|counted| counted.some.len()).max();
    'numbers: for proxies in numbers(range, witnesses.unwrap_or(0), &spread) {
        let mut others = BTreeMap::new();
        for (other, counted) in known.0.iter().filter(|(other, _)| *other != endpoint) {
            match base(proxies, counted, other, budget)? {
                Some(moves) => others.insert(other.clone(), moves),
                None => continue 'numbers,
            };
        }
        for plan in plans(proxies, here) {
            for moves in breaking(&plan, here, clause) {
                budget.take(1 + moves.len() + proxies)?;
                let alone = Run {
                    proxies,
                    moves: BTreeMap::new(),
                };
                if alone.meets_at(&moves, here) && !alone.meets_at(&moves, &broken) {
                    others.insert(endpoint.to_owned(), moves);
                    return Ok(Some(Run {
                        proxies,
                        moves: others,
                    }));
                }
            }
        }
    }
    Ok(None)
}

/// Numbers of proxies to try, the small ones first.
fn numbers((least, most): (u64, Option<u64>), witnesses: usize, more: &[u64]) -> Vec<usize> {
    let most = most.unwrap_or(MAX_PROXIES).min(MAX_PROXIES);
    let mut numbers: BTreeSet<u64> = (0..=witnesses as u64 + 3)
        .map(|further| least.saturating_add(further))
        .collect();
    numbers.extend(
        more.iter()
            .flat_map(|number| [*number, number.saturating_add(1)]),
    );
    numbers.insert(most);
    let fitting = numbers.into_iter().filter(|it| (least..=most).contains(it));
    fitting.map(|number| number as usize).collect()
}

/// Moves that meet the bounds of one endpoint.
fn base(
    proxies: usize,
    counted: &Counted,
    endpoint: &str,
    budget: &mut Budget,
) -> Result<Option<Moves>, Reason> {
    for plan in plans(proxies, counted) {
        let moves = plan.after(Vec::new());
        budget.take(1 + moves.len() + proxies + endpoint.len())?;
        let alone = Run {
            proxies,
            moves: BTreeMap::new(),
        };
        if alone.meets_at(&moves, counted) {
            return Ok(Some(moves));
        }
    }
    Ok(None)
}

/// Where proxies could end so that the bounds are met, by who is the one of which `at some proxy`
/// speaks: one for each such bound, one for all, or as few as there can be.
fn plans(proxies: usize, counted: &Counted) -> Vec<Plan> {
    let each = &counted.each;
    let spread: Vec<usize> = (0..counted.some.len()).map(|at| at % proxies).collect();
    let shared = vec![0; counted.some.len()];
    let mut few = shared.clone();
    let mut order: Vec<usize> = (0..counted.some.len()).collect();
    order.sort_by_key(|at| std::cmp::Reverse(counted.some[*at].floor()));
    let mut groups: Vec<(u64, Option<u64>)> = Vec::new();
    for at in order {
        let some = &counted.some[at];
        let fits = |(floor, most): &(u64, Option<u64>)| {
            let most = super::tightest(&[*most, some.most]);
            most.is_none_or(|most| *floor.max(&some.floor()) <= most)
        };
        match groups.iter().position(fits) {
            Some(group) => {
                groups[group].0 = groups[group].0.max(some.floor());
                groups[group].1 = super::tightest(&[groups[group].1, some.most]);
                few[at] = group;
            }
            None => {
                few[at] = groups.len();
                groups.push((some.floor(), some.most));
            }
        }
    }
    let mut choices = vec![few, spread, shared];
    choices.retain(|choice| choice.iter().all(|proxy| *proxy < proxies));
    choices.dedup();
    let plans = choices.into_iter().filter_map(|choice| {
        let mut floors = vec![each.floor(); proxies];
        let mut caps = vec![each.most.unwrap_or(u64::MAX); proxies];
        for (some, proxy) in counted.some.iter().zip(choice) {
            floors[proxy] = floors[proxy].max(some.floor());
            caps[proxy] = caps[proxy].min(some.most.unwrap_or(u64::MAX));
        }
        let mut plan = Plan {
            ends: floors.clone(),
            floors,
            caps,
        };
        let fits = plan
            .floors
            .iter()
            .zip(&plan.caps)
            .all(|(floor, cap)| floor <= cap);
        (fits && plan.raise(counted.total.floor())).then_some(plan)
    });
    plans.collect()
}

/// Moves that may break a clause.
fn breaking(plan: &Plan, known: &Counted, clause: &Clause) -> Vec<Moves> {
    let proxies = plan.ends.len();
    let outermost = || BTreeSet::from([0, proxies - 1]).into_iter().rev();
    let sum = known.total.floor();
    match clause {
        Clause::TotalMost(most) => {
            let mut plan = plan.clone();
            let goes = most.checked_add(1).is_some_and(|above| plan.raise(above));
            goes.then(|| plan.after(Vec::new())).into_iter().collect()
        }
        Clause::TotalLeast(least) => {
            let mut all = vec![plan.after(Vec::new())];
            // One proxy steps down where the sum is what it has to be.
            for proxy in outermost() {
                let keeps = |count: &u64| known.each.least.contains(count);
                let free = (1..=*least).filter(|count| !keeps(count)).take(4);
                for count in free
                    .chain([*least])
                    .filter(|count| *count <= plan.caps[proxy])
                {
                    let mut others = plan.clone();
                    others.ends = vec![0; proxies];
                    others.caps[proxy] = 0;
                    if !others.raise(least - count) {
                        continue;
                    }
                    let filled = others.after(Vec::new());
                    let mut ends = plan.clone();
                    for (end, filled) in ends.ends.iter_mut().zip(&others.ends) {
                        *end = (*end).max(*filled);
                    }
                    let down = [(proxy, count), (proxy, count - 1)];
                    all.push(ends.after(filled.into_iter().chain(down).collect()));
                }
            }
            all
        }
        Clause::EachMost(most) => {
            let Some(above) = most.checked_add(1) else {
                return Vec::new();
            };
            let raised = outermost().filter(|proxy| above <= plan.caps[*proxy]);
            let raised = raised.filter_map(|proxy| {
                let mut plan = plan.clone();
                plan.ends = plan.floors.clone();
                plan.ends[proxy] = plan.ends[proxy].max(above);
                plan.raise(sum).then(|| plan.after(Vec::new()))
            });
            raised.collect()
        }
        Clause::EachLeast(least) => {
            let mut all = Vec::new();
            for proxy in outermost() {
                if *least <= plan.caps[proxy] {
                    all.push(plan.after(vec![(proxy, *least), (proxy, least - 1)]));
                }
                let mut low = plan.clone();
                low.ends = low.floors.clone();
                low.caps[proxy] = low.caps[proxy].min(least - 1);
                if low.ends[proxy] <= low.caps[proxy] && low.raise(sum) {
                    all.push(low.after(Vec::new()));
                }
            }
            all
        }
        Clause::Some(wanted) => {
            let mut all = Vec::new();
            if let (Some(least), 2..) = (wanted.least.last(), proxies) {
                // Two take over from each other, so that each falls.
                let high = sum.max(*least);
                let low = least - 1;
                let over = vec![(0, high), (1, high), (0, low), (0, high), (1, low)];
                all.push(plan.after(over));
            }
            let mut moves = Vec::new();
            let mut ends = plan.clone();
            for proxy in 0..proxies {
                let mut own = Bound {
                    most: Some(plan.caps[proxy]),
                    least: known.each.least.clone(),
                };
                own.at_least(plan.floors[proxy]);
                let Some(counts) = own.counterexample(wanted) else {
                    return all;
                };
                ends.ends[proxy] = counts.last().copied().unwrap_or(0);
                moves.extend(counts.into_iter().map(|count| (proxy, count)));
            }
            if ends.raise(sum) {
                all.push(ends.after(moves));
            }
            all
        }
    }
}
