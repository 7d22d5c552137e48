//! Guarantees under assumptions: a formalism of safety properties of short histories, against the
//! definition; and what is told where an assumption is not met.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::*;
use crate::formalism::{EndpointStructure, Events};
use crate::relation::Side;
use crate::relation::constraints::Lossy;
use crate::relation::discharge::Giver;
use crate::relation::parsed::Parsed;
use crate::types::Constraint;

/// Histories have this many events, out of `a`, `b`, emitted by one side, and `c`, `d`, emitted by
/// the other. A property is the set of its histories, a bit for each; what refutes it is a beginning
/// that none of them has.
const LENGTH: usize = 3;
const LETTERS: [char; 4] = ['a', 'b', 'c', 'd'];

type Property = u64;

/// The events of a history.
fn letters(history: usize) -> [usize; LENGTH] {
    [history % 4, history / 4 % 4, history / 16]
}

/// The histories that begin like this one, for so many events.
fn beginning(history: usize, events: usize) -> Property {
    static ALL: LazyLock<Vec<[Property; LENGTH + 1]>> = LazyLock::new(|| {
        let begins = |history, events| {
            let same = |other: &usize| letters(*other)[..events] == letters(history)[..events];
            (0..64).filter(same).fold(0, |all, other| all | 1 << other)
        };
        (0..64)
            .map(|history| [0, 1, 2, 3].map(|events| begins(history, events)))
            .collect()
    });
    ALL[history][events]
}

/// Whether the first so many events refute a property.
fn refutes(history: usize, events: usize, property: Property) -> bool {
    property & beginning(history, events) == 0
}

fn together(formulas: &[&Formula]) -> Property {
    let all = formulas
        .iter()
        .filter_map(|formula| formula.get::<Property>());
    all.fold(Property::MAX, |all, each| all & each)
}

#[derive(Default)]
struct Short {
    /// Whether each formula is taken to speak of each connection by itself.
    alone: bool,
    /// Whether a library adds it.
    foreign: bool,
}

impl Formalism for Short {
    fn name(&self) -> &str {
        "short"
    }

    fn id(&self) -> u128 {
        2
    }

    fn library(&self) -> Option<&str> {
        self.foreign.then_some("lib")
    }

    fn parse(&self, text: &str, _: &Structure) -> Result<Formula, ParseError> {
        let property = match text.strip_prefix("never ") {
            // All but those that begin like that.
            Some(word) => {
                let starts = |history: &usize| {
                    let history = letters(*history).map(|letter| LETTERS[letter]);
                    history.iter().collect::<String>().starts_with(word)
                };
                (0..64)
                    .filter(|it| !starts(it))
                    .fold(0, |all, it| all | 1 << it)
            }
            None => Property::from_str_radix(text, 16).unwrap(),
        };
        Ok(Formula::new(property))
    }

    fn print(&self, formula: &Formula) -> String {
        format!("{:x}", together(&[formula]))
    }

    fn satisfiable(&self, formulas: &[&Formula], _: u64) -> Verdict {
        match together(formulas) {
            0 => Verdict::Fails(Witness::Structure),
            _ => Verdict::Holds,
        }
    }

    fn implies(&self, premises: &[&Formula], _: &Events, asked: &Formula, _: u64) -> Verdict {
        match together(premises) & !together(&[asked]) {
            0 => Verdict::Holds,
            left => {
                let history = letters(left.trailing_zeros() as usize);
                let history = history.map(|letter| LETTERS[letter].to_string());
                let (prefix, cycle) = (history.to_vec(), Vec::new());
                Verdict::Fails(Witness::Trace { prefix, cycle })
            }
        }
    }

    fn replay(&self, _: &[&Formula], _: &Events, _: &Formula, _: &Witness) -> bool {
        true
    }

    fn self_sustaining(
        &self,
        kept: &[&Formula],
        waiting: &[&Formula],
        events: &Events,
        _: u64,
    ) -> Verdict {
        let Events::Endpoint(emitted) = events else {
            return Verdict::Unknown(Reason::Budget);
        };
        let own = |history: usize, events: usize| {
            events > 0 && emitted.contains(&LETTERS[letters(history)[events - 1]].to_string())
        };
        let kept = together(kept);
        let all = kept & together(waiting);
        let shown = (0..64).all(|history| {
            (0..=LENGTH).all(|events| {
                let broken = |it: &&Formula| refutes(history, events, together(&[it]));
                let newly = |it: &&Formula| {
                    broken(it) && (events == 0 || !refutes(history, events - 1, together(&[it])))
                };
                let faults_are_own = !waiting.iter().any(newly) || own(history, events);
                let goes_on = refutes(history, events, kept)
                    || waiting.iter().any(broken)
                    || !refutes(history, events, all);
                faults_are_own && goes_on
            })
        });
        match shown {
            true => Verdict::Holds,
            false => Verdict::Unknown(Reason::Budget),
        }
    }

    fn of_one_connection(&self, _: &Formula) -> bool {
        self.alone
    }
}

fn formalisms(alone: bool) -> Formalisms {
    with(Short {
        alone,
        ..Short::default()
    })
}

fn with(short: Short) -> Formalisms {
    let mut formalisms = Formalisms::none();
    formalisms.add(Arc::new(short));
    formalisms
}

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

/// The answer where two endpoints of these types are connected: `a` and `b` go from the first to
/// the second, `c` and `d` back.
fn meets(alone: bool, queued: bool, first: &str, second: &str) -> String {
    connected(&formalisms(alone), queued, first, second)
}

fn connected(formalisms: &Formalisms, queued: bool, first: &str, second: &str) -> String {
    let declarations = format!(
        "endpoint First {{ out a(); out b(); in c(); in d(); {first} }}
         endpoint Second {{ in a(); in b(); out c(); out d(); {second} }}"
    );
    let (mut types, ends) = two_endpoints(declarations, ["First", "Second"]);
    let mut relations = Relations::new(&mut types, formalisms);
    relations.queued = queued;
    let answer = relations.endpoints_match(ends[0], ends[1]);
    shown(&answer)
}

const GIVEN: &str = r#"provides short "never a" given "never c";"#;
const ASKS: &str = r#"requires short "never ab";"#;

#[test]
fn assumptions_are_met_in_order() {
    let keeps = format!(r#"provides short "never c"; {ASKS}"#);
    assert_eq!(meets(true, true, GIVEN, &keeps), "holds\n");
    let chain = r#"provides short "never d"; provides short "never a" given "never c";"#;
    let back = format!(r#"provides short "never c" given "never d"; {ASKS}"#);
    assert_eq!(meets(true, true, chain, &back), "holds\n");
}

#[test]
fn an_assumption_that_is_not_met_is_named() {
    expect![[r#"
        unknown
        `right` requires short "never ab", and `left` provides short "never a given never c"; whether that suffices is not known: short "never a" is given only under short "never c", which the other side does not guarantee
    "#]]
    .assert_eq(&meets(true, false, GIVEN, ASKS));
}

#[test]
fn the_word_of_a_library_meets_no_assumption() {
    let formalisms = with(Short {
        alone: true,
        foreign: true,
    });
    let keeps = format!(r#"provides short "never c"; {ASKS}"#);
    // The same text is no matter of its word.
    assert_eq!(connected(&formalisms, true, GIVEN, &keeps), "holds\n");
    let given = r#"provides short "never a" given "never cc";"#;
    expect![[r#"
        unknown
        `right` requires short "never ab", and `left` provides short "never a given never cc"; whether that suffices is not known: short "never a" is given only under short "never cc", which the other side keeps on a word alone, and that meets no assumption: that `never c` implies `never cc` is the word of formalism `short`, which library `lib` adds
    "#]]
    .assert_eq(&connected(&formalisms, true, given, &keeps));
}

#[test]
fn what_waits_for_a_circle_is_met_after_it() {
    // It is broken by its provider's peer, so it is in no circle.
    let second =
        r#"provides short "never c" given "never a"; provides short "never b" given "never a";"#;
    let first = format!(r#"{GIVEN} requires short "never b";"#);
    assert_eq!(meets(true, false, &first, second), "holds\n");
}

#[test]
fn what_no_assumption_helps_fails() {
    let asks = r#"requires short "never b";"#;
    assert!(meets(true, false, GIVEN, asks).starts_with("fails\n"));
}

#[test]
fn a_circle_holds_where_nobody_can_be_the_first_to_break_it() {
    let back = format!(r#"provides short "never c" given "never a"; {ASKS}"#);
    assert_eq!(meets(true, false, GIVEN, &back), "holds\n");
    expect![[r#"
        unknown
        `right` requires short "never ab", and `left` provides short "never a given never c"; whether that suffices is not known: short "never a" is given only under short "never c", which waits for it in turn, over a connection that is queued
    "#]]
    .assert_eq(&meets(true, true, GIVEN, &back));
    // What waits for what waits in vain.
    let vain = format!(r#"provides short "never c" given "never b"; {ASKS}"#);
    assert!(meets(true, false, GIVEN, &vain).starts_with("unknown\n"));
    // Others may connect that keep nothing.
    assert!(meets(false, false, GIVEN, &back).starts_with("unknown\n"));
    // The first to break that one may be its provider's peer.
    let first = r#"provides short "never ac" given "never c";"#;
    let back = r#"provides short "never c" given "never ac"; requires short "never ac";"#;
    expect![[r#"
        unknown
        `right` requires short "never ac", and `left` provides short "never ac given never c"; whether that suffices is not known: short "never ac" is given only under short "never c", which waits for it in turn, and it was not shown that neither can be the first to be broken
    "#]]
    .assert_eq(&meets(true, false, first, back));
}

#[test]
fn what_speaks_of_all_peers_is_met_where_it_is_required_of_all() {
    let keeps = format!(r#"provides short "never c"; {ASKS}"#);
    expect![[r#"
        unknown
        `right` requires short "never ab", and `left` provides short "never a given never c"; whether that suffices is not known: short "never a" is given only under short "never c", which the other side keeps, but others may connect that do not: require short "never c" of every peer
    "#]]
    .assert_eq(&meets(false, false, GIVEN, &keeps));
    let required = format!(r#"{GIVEN} requires short "never c";"#);
    assert_eq!(meets(false, false, &required, &keeps), "holds\n");
}

#[test]
fn a_type_matches_its_mirror_whatever_it_assumes() {
    for alone in [true, false] {
        for required in ["", r#"requires short "never c";"#] {
            let first = format!("{GIVEN} {required}");
            let mirrored = [
                ("provides", "gives"),
                ("requires", "provides"),
                ("gives", "requires"),
            ];
            let second = mirrored
                .iter()
                .fold(first.clone(), |text, (from, to)| text.replace(from, to));
            assert_eq!(
                meets(alone, false, &first, &second),
                "holds\n",
                "{alone} {required}"
            );
        }
    }
}
