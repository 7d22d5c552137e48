//! Guarantees under assumptions, against all histories.

use std::collections::BTreeMap;

use super::short::{LENGTH, Property, beginning, formalisms, letters, refutes};
use super::*;
use crate::formalism::{EndpointStructure, Events};
use crate::relation::Side;
use crate::relation::constraints::Lossy;
use crate::relation::discharge::{Giver, Guarantee};
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

    fn parsed(self, formalisms: &Formalisms, emitted: &[&str], received: &[&str]) -> Parsed {
        let constraint = Constraint {
            formalism: Arc::from("short"),
            text: Arc::from(format!("{:x}", self.property)),
            dual: false,
            given: self.given.map(|given| Arc::from(format!("{given:x}"))),
            renamed: BTreeMap::new(),
            lossy: false,
            place: None,
        };
        let events = |names: &[&str]| {
            let names = names.iter();
            names.map(|name| ((*name).to_owned(), Vec::new())).collect()
        };
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
                    parsed.map(|it| it.parsed(&formalisms, &EMITTED[side], &EMITTED[1 - side]));
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

/// What three parts of a composite emit.
const PARTS: [&[&str]; 3] = [&["a"], &["b"], &["c", "d"]];

/// Whose event a letter is.
fn emitter(letter: usize) -> usize {
    letter.min(2)
}

/// What parts promise: some of it at random, the rest so that it may leave nobody anything to do after
/// some beginning.
fn promises_of_parts(dice: &mut Dice) -> Vec<(Promise, usize)> {
    let mut promises = Vec::new();
    for _ in 0..dice.below(4) {
        let history = dice.below(64) as usize;
        let events = 1 + dice.below(LENGTH as u64) as usize;
        let part = match dice.below(8) {
            0 => dice.below(3) as usize,
            _ => emitter(letters(history)[events - 1]),
        };
        promises.push((!beginning(history, events), part));
    }
    for _ in 0..1 + dice.below(2) {
        let (history, events) = (dice.below(64), dice.below(LENGTH as u64) as usize);
        for letter in (0..4).filter(|_| dice.below(16) > 0).collect::<Vec<_>>() {
            let mut longer = letters(history as usize);
            longer[events] = letter;
            let longer = longer.iter().rev().fold(0, |all, it| all * 4 + it);
            let part = match dice.below(6) {
                0 => dice.below(3) as usize,
                _ => emitter(letter),
            };
            let property = !beginning(longer, events + 1);
            match promises.iter_mut().find(|(_, of)| *of == part) {
                Some((known, _)) if dice.below(2) == 0 => *known &= property,
                _ => promises.push((property, part)),
            }
        }
    }
    let given = |dice: &mut Dice, part: usize| {
        let others = promises.iter().filter(|(_, of)| *of != part);
        let used = others.filter(|_| dice.below(4) > 0);
        used.fold(Property::MAX, |all, (property, _)| all & property)
    };
    let all = promises.iter().map(|(property, part)| {
        let given = (dice.below(4) > 0).then(|| given(dice, *part));
        let (property, part) = (*property, *part);
        (Promise { property, given }, part)
    });
    all.collect()
}

/// Those of the promises of parts whose assumptions the parts meet.
fn met_together(
    relations: &Relations<'_>,
    formalisms: &Formalisms,
    promises: &[(Promise, usize)],
) -> Vec<(Promise, usize)> {
    let others = |part: usize| {
        let others = PARTS.iter().enumerate();
        let others = others.filter(|(other, _)| *other != part);
        let others = others.flat_map(|(_, letters)| letters.iter().copied());
        others.collect::<Vec<_>>()
    };
    let mut parsed: Vec<Parsed> = promises
        .iter()
        .map(|(it, part)| it.parsed(formalisms, PARTS[*part], &others(*part)))
        .collect();
    relations.mark_universal(&mut parsed, &[], true);
    let emits = |letters: &[&str]| {
        let letters = letters.iter().map(|it| (*it).to_owned());
        Events::Endpoint(letters.collect())
    };
    let guarantees = parsed.into_iter().zip(promises).zip(0..);
    let guarantees = guarantees.map(|((parsed, (_, giver)), number)| Guarantee {
        parsed,
        giver: *giver,
        number,
    });
    let parsed = relations.discharge_together(
        guarantees.collect(),
        PARTS.map(emits).to_vec(),
        emits(&PARTS.concat()),
        &Lossy::Endpoint(false),
    );
    let met = promises.iter().zip(&parsed);
    let met = met.filter(|((it, _), parsed)| it.given.is_some() && !parsed.is_conditional());
    met.map(|(promise, _)| *promise).collect()
}

/// The histories that begin with none of these words.
fn never(words: &[&str]) -> Property {
    let begins = |word: &&str| {
        let letters = word.chars().rev().map(|it| it as usize - 'a' as usize);
        let history = letters.fold(0, |all, it| all * 4 + it);
        beginning(history, word.len())
    };
    words
        .iter()
        .map(begins)
        .fold(Property::MAX, |all, it| all & !it)
}

#[test]
fn parts_that_leave_nobody_anything_to_do_sustain_nothing_together() {
    let formalisms = formalisms(true);
    let mut types = Types::new();
    let relations = Relations::new(&mut types, &formalisms);
    let given = |property: &[&str], given: &[&str]| Promise {
        property: never(property),
        given: Some(never(given)),
    };
    let outright = |property: &[&str]| Promise {
        property: never(property),
        given: None,
    };
    // After `d`, the last part is to do nothing but `c`, and the second one nothing but wait.
    let corner = [
        (outright(&["da", "dd"]), 2),
        (given(&["db"], &["a"]), 1),
        (given(&["dc"], &["a"]), 2),
    ];
    // `d` refutes none of them, and the first part need not wait for more to break its promise.
    let first = (given(&["a", "da"], &["d"]), 0);
    let all: Vec<_> = corner.into_iter().chain([first]).collect();
    assert_eq!(met_together(&relations, &formalisms, &all).len(), 0);
    // Two that sustain each other do so whatever a third one makes of it.
    let two = [
        (outright(&["da", "dd"]), 2),
        (given(&["db"], &["dc"]), 1),
        (given(&["dc"], &["db"]), 2),
        (given(&["aa"], &["db", "dc"]), 0),
    ];
    assert_eq!(met_together(&relations, &formalisms, &two).len(), 3);
}

#[test]
fn what_parts_discharge_together_holds_in_every_history() {
    let formalisms = formalisms(true);
    let mut dice = Dice(7);
    let mut types = Types::new();
    let mut relations = Relations::new(&mut types, &formalisms);
    let (mut in_order, mut in_circles, mut of_three, mut left) = (0, 0, 0, 0);
    for round in 0..1_500 {
        let promises = promises_of_parts(&mut dice);
        let met = |relations: &Relations<'_>| met_together(relations, &formalisms, &promises);
        relations.queued = true;
        let direct_only = met(&relations).len();
        relations.queued = false;
        let met = met(&relations);
        in_order += direct_only;
        in_circles += met.len() - direct_only;
        if direct_only == 0 {
            let parts: BTreeSet<usize> = met.iter().map(|(_, part)| *part).collect();
            of_three += usize::from(parts.len() == 3);
        }
        left += promises.iter().filter(|(it, _)| it.given.is_some()).count() - met.len();
        for history in 0..64 {
            if promises.iter().all(|(it, _)| it.is_kept(history)) {
                assert!(
                    met.iter().all(|(it, _)| it.property & 1 << history != 0),
                    "round {round}, history {history}"
                );
            }
        }
    }
    assert!(
        in_order > 200 && in_circles > 200 && of_three > 20 && left > 200,
        "{in_order} {in_circles} {of_three} {left}"
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
            let mut all = [it.parsed(&formalisms, &EMITTED[0], &EMITTED[1])];
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
        let mut all = [promise.parsed(&formalisms, &EMITTED[0], &EMITTED[1])];
        let mut types = Types::new();
        Relations::new(&mut types, &formalisms).mark_universal(&mut all, &[], endpoint);
        assert_eq!(all[0].may_be_met(), endpoint);
    }
}
