//! Guarantees under assumptions, against all histories.

use std::collections::BTreeMap;

use super::short::{LENGTH, Property, beginning, formalisms, letters, refutes};
use super::*;
use crate::formalism::{EndpointStructure, Events};
use crate::relation::Side;
use crate::relation::constraints::Lossy;
use crate::relation::discharge::Giver;
use crate::relation::parsed::Parsed;
use crate::types::Constraint;

/// A property, and under which other one it is given.
#[derive(Clone, Copy)]
struct Promise {
    property: Property,
    given: Option<Property>,
}

impl Promise {
    /// Whether a history keeps it: as long as the assumption is not refuted, the property is not.
    /// Semantics, section 9, asks for one event more; this allows for more histories.
    fn is_kept(self, history: usize) -> bool {
        let Some(given) = self.given else {
            return self.property & 1 << history != 0;
        };
        (0..=LENGTH).all(|events| {
            refutes(history, events, given) || !refutes(history, events, self.property)
        })
    }

    /// The same by the letter of section 9.
    fn is_kept_strictly(self, history: usize) -> bool {
        let Some(given) = self.given else {
            return self.is_kept(history);
        };
        (0..=LENGTH).all(|events| {
            let void = events > 0 && refutes(history, events - 1, given);
            void || !refutes(history, events, self.property)
        })
    }

    fn parsed(self, formalisms: &Formalisms, emitted: [&str; 2], received: [&str; 2]) -> Parsed {
        let constraint = Constraint {
            formalism: Arc::from("short"),
            text: Arc::from(format!("{:x}", self.property)),
            dual: false,
            given: self.given.map(|given| Arc::from(format!("{given:x}"))),
            renamed: BTreeMap::new(),
            lossy: false,
            place: None,
        };
        let events = |names: [&str; 2]| names.map(|name| (name.to_owned(), Vec::new())).into();
        let structure = |side| {
            let (emitted, received) = match side {
                Side::Provides => (emitted, received),
                Side::Requires => (received, emitted),
            };
            Arc::new(Structure::Endpoint(EndpointStructure {
                name: String::new(),
                received: events(received),
                emitted: events(emitted),
            }))
        };
        Parsed::new(formalisms, &constraint, Side::Provides, structure)
    }
}

const EMITTED: [[&str; 2]; 2] = [["a", "b"], ["c", "d"]];

struct Dice(u64);

impl Dice {
    fn below(&mut self, count: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % count
    }

    /// A property that some beginnings refute, mostly such that end in an event of that side.
    fn property(&mut self, side: usize) -> Property {
        let mut property = Property::MAX;
        for _ in 0..1 + self.below(3) {
            let history = self.below(64) as usize;
            let events = 1 + self.below(LENGTH as u64) as usize;
            let own = letters(history)[events - 1] / 2 == side;
            if own || self.below(8) == 0 {
                property &= !beginning(history, events);
            }
        }
        property
    }
}

#[test]
fn what_is_discharged_holds_in_every_history() {
    let formalisms = formalisms(true);
    let mut dice = Dice(11);
    let (mut in_order, mut in_circles, mut left) = (0, 0, 0);
    for round in 0..2_000 {
        let mut promises: [Vec<Promise>; 2] = [0, 1].map(|side| {
            let count = 1 + dice.below(3);
            let property = |_| Promise {
                property: dice.property(side),
                given: None,
            };
            (0..count).map(property).collect()
        });
        for side in [0, 1] {
            for at in 0..promises[side].len() {
                if dice.below(4) == 0 {
                    continue;
                }
                let others = &promises[1 - side];
                let of = dice.below(others.len() as u64) as usize;
                let more = [0, beginning(dice.below(64) as usize, 1)][dice.below(2) as usize];
                let given = match dice.below(3) {
                    0 => others
                        .iter()
                        .fold(Property::MAX, |all, it| all & it.property),
                    _ => others[of].property,
                };
                promises[side][at].given = Some(given | more);
            }
        }
        let mut types = Types::new();
        let mut relations = Relations::new(&mut types, &formalisms);
        let givers = || {
            [0, 1].map(|side| {
                let parsed = promises[side].iter();
                let parsed =
                    parsed.map(|it| it.parsed(&formalisms, EMITTED[side], EMITTED[1 - side]));
                Giver {
                    guarantees: parsed.collect(),
                    events: Events::Endpoint(EMITTED[side].map(str::to_owned).into()),
                }
            })
        };
        let mut met = |relations: &Relations<'_>| -> Vec<Promise> {
            let mut sides = givers();
            for side in &mut sides {
                relations.mark_universal(&mut side.guarantees, &[], true);
            }
            relations.discharge(&mut sides, &Lossy::Endpoint(false));
            let mut met = Vec::new();
            for (promises, giver) in promises.iter().zip(&sides) {
                for (promise, parsed) in promises.iter().zip(&giver.guarantees) {
                    if !parsed.is_conditional() && promise.given.is_some() {
                        met.push(*promise);
                    }
                    left += usize::from(parsed.is_conditional());
                }
            }
            met
        };
        relations.queued = true;
        let direct_only = met(&relations).len();
        relations.queued = false;
        let met = met(&relations);
        in_order += direct_only;
        in_circles += met.len() - direct_only;
        for history in 0..64 {
            let kept = |it: &Promise| it.is_kept(history);
            if promises.iter().flatten().all(kept) {
                assert!(
                    met.iter().all(|it| it.property & 1 << history != 0),
                    "round {round}, history {history}"
                );
            }
        }
    }
    assert!(
        in_order > 200 && in_circles > 200 && left > 200,
        "{in_order} {in_circles} {left}"
    );
}

#[test]
fn a_conditional_requirement_is_met_by_no_less() {
    let formalisms = formalisms(true);
    let mut dice = Dice(3);
    let (mut holds, mut fails) = (0, 0);
    for round in 0..8_000 {
        let mut promise = |strong: bool| {
            let (mut property, mut given) = (dice.property(0), dice.property(1));
            if strong {
                property &= dice.property(0);
                given |= dice.property(1);
            }
            Promise {
                property,
                given: (dice.below(4) > 0).then_some(given),
            }
        };
        let asked = promise(false);
        let mut premises = [promise(true)];
        if round % 2 == 0 {
            premises[0].property &= asked.property;
            if let (Some(given), Some(known)) = (&mut premises[0].given, asked.given) {
                *given |= known;
            }
        }
        let parse = |it: &Promise| {
            let mut all = [it.parsed(&formalisms, EMITTED[0], EMITTED[1])];
            let mut types = Types::new();
            Relations::new(&mut types, &formalisms).mark_universal(&mut all, &[], true);
            let [parsed] = all;
            parsed
        };
        let parsed: Vec<Parsed> = premises.iter().map(parse).collect();
        let mut types = Types::new();
        let relations = Relations::new(&mut types, &formalisms);
        let nothing = Lossy::Endpoint(false);
        let answer = relations.implies(&parsed, &Events::All, &parse(&asked), &nothing);
        let broken = |kept: &dyn Fn(Promise, usize) -> bool| {
            (0..64).any(|history| {
                premises.iter().all(|it| kept(*it, history)) && !kept(asked, history)
            })
        };
        match answer.verdict {
            Verdict::Holds => {
                holds += usize::from(asked.given.is_some() && premises[0].given.is_some());
                assert!(!broken(&|it, history| it.is_kept(history)), "round {round}");
                assert!(
                    !broken(&|it, history| it.is_kept_strictly(history)),
                    "round {round}"
                );
            }
            Verdict::Fails(_) => {
                fails += usize::from(premises[0].given.is_some());
                assert!(
                    broken(&|it, history| it.is_kept_strictly(history)),
                    "round {round}"
                );
            }
            Verdict::Unknown(_) => {}
        }
    }
    assert!(holds > 200 && fails > 200, "{holds} {fails}");
}

#[test]
fn what_an_object_promises_is_about_all_of_its_connections() {
    let formalisms = formalisms(true);
    for endpoint in [true, false] {
        let promise = Promise {
            property: 1,
            given: Some(2),
        };
        let mut all = [promise.parsed(&formalisms, EMITTED[0], EMITTED[1])];
        let mut types = Types::new();
        Relations::new(&mut types, &formalisms).mark_universal(&mut all, &[], endpoint);
        assert_eq!(all[0].may_be_met(), endpoint);
    }
}
