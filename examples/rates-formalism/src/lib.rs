//! `rates`: how often events may happen.
//!
//! # Meaning
//!
//! `at most N EVENT per PERIOD`, several with commas between them: at each instance, in every window
//! of that length (its start included, its end not), the event happens at most N times. A period is
//! `second`, `minute`, `hour`, `day`, or a number with `ms`, `s`, `min` or `h`. In constraints of
//! objects the event is `ENDPOINT.EVENT`.
//!
//! # Decision
//!
//! Bounds on one event say nothing of others, so a conclusion is decided event by event. Let an event
//! have the bounds Nᵢ per Pᵢ. A sequence of times t₀ ≤ t₁ ≤ … keeps them exactly if any Nᵢ + 1
//! occurrences in a row take at least Pᵢ: tₖ - tₖ₋ₙᵢ ≥ Pᵢ. The earliest such sequence from t₀ = 0 on
//! is found step by step, tₖ = max(tₖ₋₁, tₖ₋ₙᵢ + Pᵢ), and no other one is earlier at any k; what
//! happened before t₀ could only make it later. So `at most M per Q` follows exactly if that sequence
//! has t_M ≥ Q: else its first M + 1 occurrences lie in a window of length Q, and they are what
//! refutes it. If some Nᵢ is 0, or who provides the constraint emits the event and may not, it never
//! happens.

mod parse;

use std::collections::{BTreeMap, BTreeSet};

use liveobj_sdk::formalism::{Events, Formalism, ParseError, Reason, Structure, Verdict, Witness};

liveobj_sdk::library!("types.lot", name = "example:rates", formalisms = [Rates]);

/// The formalism.
struct Rates;

/// An event that a bound is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Subject {
    /// Name of the endpoint; empty in constraints of endpoints.
    endpoint: String,
    event: String,
    /// Whether who provides the constraint emits it.
    emitted: bool,
}

/// At most so many in every window of so many milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Bound {
    window: u64,
    most: u64,
}

/// The bounds of each event.
type Bounds = BTreeMap<Subject, BTreeSet<Bound>>;

/// So many occurrences at one time, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Burst {
    time: u64,
    count: u64,
}

impl Subject {
    /// As witnesses call it.
    fn name(&self) -> String {
        match &*self.endpoint {
            "" => self.event.clone(),
            endpoint => format!("{endpoint}.{}", self.event),
        }
    }

    /// As canonical texts call it.
    fn text(&self) -> String {
        match &*self.endpoint {
            "" => self.event.clone(),
            endpoint => format!("'{endpoint}'.{}", self.event),
        }
    }

    /// Whether it can happen where the provider emits only `events`.
    fn may_happen(&self, events: &Events) -> bool {
        !self.emitted
            || match events {
                Events::All => true,
                Events::Endpoint(events) => events.contains(&self.event),
                Events::Object(endpoints) => endpoints
                    .get(&self.endpoint)
                    .is_some_and(|events| events.contains(&self.event)),
            }
    }
}

/// Takes steps from a budget.
fn take(budget: &mut u64, steps: u64) -> Result<(), Reason> {
    *budget = budget.checked_sub(steps).ok_or(Reason::Budget)?;
    Ok(())
}

/// The bounds of all formulas on an event.
fn together(formulas: &[&Bounds], subject: &Subject) -> BTreeSet<Bound> {
    let bounds = formulas.iter().filter_map(|bounds| bounds.get(subject));
    bounds.flatten().copied().collect()
}

/// The earliest occurrences that break `wanted` and keep all that is `known`; none if there are none.
fn counterexample(
    known: &BTreeSet<Bound>,
    wanted: Bound,
    budget: &mut u64,
) -> Result<Option<Vec<Burst>>, Reason> {
    take(budget, known.len() as u64)?;
    let covers = |bound: &Bound| bound.most <= wanted.most && bound.window >= wanted.window;
    if known.iter().any(|bound| bound.most == 0 || covers(bound)) {
        return Ok(None);
    }
    let at_once = known.iter().map(|bound| bound.most).min();
    if at_once.is_none_or(|most| most > wanted.most) {
        // More than is wanted can happen at once.
        let count = wanted.most.checked_add(1);
        return Ok(count.map(|count| vec![Burst { time: 0, count }]));
    }
    let mut times: Vec<u64> = Vec::new();
    for number in 0..=wanted.most {
        take(budget, known.len() as u64)?;
        let mut time = times.last().copied().unwrap_or(0);
        for bound in known {
            if let Some(earlier) = number.checked_sub(bound.most) {
                let earlier = times[usize::try_from(earlier).expect("so many were counted")];
                time = time.max(earlier.saturating_add(bound.window));
            }
        }
        if time >= wanted.window {
            return Ok(None);
        }
        times.push(time);
    }
    let mut bursts: Vec<Burst> = Vec::new();
    for time in times {
        match bursts.last_mut() {
            Some(last) if last.time == time => last.count += 1,
            _ => bursts.push(Burst { time, count: 1 }),
        }
    }
    Ok(Some(bursts))
}

/// The definition: whether occurrences, the earliest first, keep a bound. It suffices to look at the
/// windows that begin with one.
fn keeps(bursts: &[Burst], bound: Bound) -> bool {
    (0..bursts.len()).all(|first| {
        let inside = bursts[first..]
            .iter()
            .take_while(|burst| burst.time - bursts[first].time < bound.window);
        let mut counts = inside.map(|burst| burst.count);
        let count = counts.try_fold(0, u64::checked_add);
        count.is_some_and(|count| count <= bound.most)
    })
}

/// What a witness says happens; none if it says nothing that can be.
fn bursts(witness: &Witness) -> Option<BTreeMap<&str, Vec<Burst>>> {
    let Witness::Assignment(pairs) = witness else {
        return None;
    };
    let mut happens: BTreeMap<&str, Vec<Burst>> = BTreeMap::new();
    for (event, burst) in pairs {
        let (count, time) = burst.strip_suffix(" ms")?.split_once(" at ")?;
        let (count, time) = (count.parse().ok()?, time.parse().ok()?);
        let all = happens.entry(event).or_default();
        if all.last().is_some_and(|last| last.time > time) {
            return None;
        }
        all.push(Burst { time, count });
    }
    Some(happens)
}

impl Formalism for Rates {
    const NAME: &'static str = "rates";
    const ID: u128 = 0xd3b6_81a5_6f0e_4c7b_9a42_e5c8_1f97_3d20;
    type Formula = Bounds;

    fn parse(text: &str, structure: &Structure) -> Result<Bounds, ParseError> {
        parse::parse(text, structure)
    }

    fn print(formula: &Bounds) -> String {
        let mut clauses = Vec::new();
        for (subject, bounds) in formula {
            for Bound { window, most } in bounds {
                clauses.push(format!("at most {most} {} per {window} ms", subject.text()));
            }
        }
        clauses.join(", ")
    }

    /// Where nothing happens, every bound is kept.
    fn satisfiable(_: &[&Bounds], budget: u64) -> Verdict {
        match budget {
            0 => Verdict::Unknown(Reason::Budget),
            _ => Verdict::Holds,
        }
    }

    fn implies(premises: &[&Bounds], events: &Events, wanted: &Bounds, budget: u64) -> Verdict {
        let decide = || {
            let mut budget = budget;
            take(&mut budget, 1)?;
            for (subject, bounds) in wanted {
                if !subject.may_happen(events) {
                    continue;
                }
                let known = together(premises, subject);
                for bound in bounds {
                    let Some(bursts) = counterexample(&known, *bound, &mut budget)? else {
                        continue;
                    };
                    let burst = |burst: Burst| {
                        let Burst { time, count } = burst;
                        (subject.name(), format!("{count} at {time} ms"))
                    };
                    let happens = bursts.into_iter().map(burst).collect();
                    return Ok(Verdict::Fails(Witness::Assignment(happens)));
                }
            }
            Ok(Verdict::Holds)
        };
        decide().unwrap_or_else(Verdict::Unknown)
    }

    fn replay(premises: &[&Bounds], events: &Events, wanted: &Bounds, witness: &Witness) -> bool {
        let Some(happens) = bursts(witness) else {
            return false;
        };
        let kept = |bounds: &Bounds| {
            bounds.iter().all(|(subject, bounds)| {
                let bursts = happens.get(&*subject.name());
                let bursts = bursts.map_or(&[][..], Vec::as_slice);
                bounds.iter().all(|bound| keeps(bursts, *bound))
            })
        };
        let possible = wanted
            .keys()
            .all(|subject| subject.may_happen(events) || !happens.contains_key(&*subject.name()));
        possible && premises.iter().all(|premise| kept(premise)) && !kept(wanted)
    }

    /// Bounds are not about what messages contain.
    fn surviving(formula: &Bounds) -> Option<Bounds> {
        Some(formula.clone())
    }

    fn at_endpoint(formula: &Bounds, endpoint: &str) -> Option<Bounds> {
        let lifted = formula.iter().map(|(subject, bounds)| {
            let subject = Subject {
                endpoint: endpoint.to_owned(),
                ..subject.clone()
            };
            (subject, bounds.clone())
        });
        Some(lifted.collect())
    }

    fn explain(_: &[&Bounds], wanted: &Bounds, witness: &Witness) -> Option<String> {
        let happens = bursts(witness)?;
        wanted.iter().find_map(|(subject, bounds)| {
            let bursts = happens.get(&*subject.name())?;
            let broken = bounds.iter().find(|bound| !keeps(bursts, **bound))?;
            let Bound { window, most } = broken;
            let name = subject.name();
            Some(format!(
                "more than {most} `{name}` happen in less than {window} ms"
            ))
        })
    }
}

#[cfg(test)]
mod tests;
