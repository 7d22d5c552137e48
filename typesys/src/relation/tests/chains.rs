//! Chains of translations: what is told along them, and what it rests on.

use super::translation::{ALL, Set, Sets, axiom, meets, parsed, row};
use super::*;
use crate::formalism::{
    Fidelity::{self, Exact, Implied},
    Translated, Word,
};
use crate::relation::constraints::Lossy;
use crate::relation::implication::Answer;
use crate::relation::parsed::Parsed;

/// What a set is translated into.
pub(super) type Row = (Set, Set, Fidelity);

/// A formalism that can write these sets, and translates as told.
pub(super) fn sets(name: &str, language: &[Set], targets: &[(&str, &[Row])]) -> Sets {
    let table = |table: &[Row]| {
        let rows = table.iter();
        rows.map(|(from, to, fidelity)| (*from, (*to, *fidelity)))
            .collect()
    };
    Sets {
        name: name.to_owned(),
        language: language.iter().copied().chain([ALL]).collect(),
        targets: targets
            .iter()
            .map(|(name, rows)| ((*name).to_owned(), table(rows)))
            .collect(),
        ..Sets::default()
    }
}

pub(super) fn world_of(all: impl IntoIterator<Item = Sets>) -> Formalisms {
    let mut formalisms = Formalisms::none();
    for each in all {
        formalisms.add(Arc::new(each));
    }
    formalisms
}

/// The answer where these are given, and conversions drop fields or not.
pub(super) fn implied(
    formalisms: &Formalisms,
    lossy: bool,
    given: &[(&str, Set)],
    (name, asked): (&str, Set),
) -> Answer {
    let given: Vec<Parsed> = given
        .iter()
        .map(|(name, set)| parsed(formalisms, name, *set))
        .collect();
    let asked = parsed(formalisms, name, asked);
    let mut types = Types::new();
    let relations = Relations::new(&mut types, formalisms);
    relations.implies(&given, &Events::All, &asked, &Lossy::Endpoint(lossy))
}

pub(super) fn word(answer: &Answer) -> &'static str {
    match answer.verdict {
        Verdict::Holds => "holds",
        Verdict::Fails(_) => "fails",
        Verdict::Unknown(_) => "unknown",
    }
}

/// The one word that an answer rests on, if any.
fn words_behind(answer: Answer) -> Option<Word> {
    let mut words: BTreeSet<Word> = answer.rests_on.into_iter().collect();
    assert!(words.len() < 2, "{words:?}");
    words.pop_first()
}

#[test]
fn what_follows_is_told_along_a_chain() {
    let one = [(0b0001, 0b0001, Implied)];
    let formalisms = world_of([
        sets("a", &[0b0001], &[("b", &one)]),
        sets("b", &[0b0001], &[("c", &one)]),
        sets("c", &[0b0001], &[]),
    ]);
    let answer = implied(&formalisms, false, &[("a", 0b0001)], ("c", 0b0001));
    assert_eq!(word(&answer), "holds");
}

#[test]
fn formalisms_of_which_none_is_defined_in_a_third_are_about_different_things() {
    let one = [(0b0001, 0b0001, Exact)];
    let both = [
        sets("a", &[0b0001], &[("b", &one)]),
        sets("c", &[0b0001], &[("b", &one)]),
    ];
    let third = sets("b", &[0b0001], &[]);
    let answer = |formalisms| {
        word(&implied(
            &formalisms,
            false,
            &[("a", 0b0001)],
            ("c", 0b0001),
        ))
    };
    assert_eq!(
        answer(world_of(both.clone().into_iter().chain([third.clone()]))),
        "holds"
    );
    // One that is not there connects nothing.
    assert_eq!(answer(world_of(both.clone())), "fails");
    // What is asked has no definition there.
    let [a, _] = both;
    let only = sets("c", &[0b0001], &[("b", &[(0b0001, 0b0001, Implied)])]);
    assert_eq!(answer(world_of([a, only, third])), "fails");
}

/// A formalism of sets that claims this of translations into `b`, and may translate into no texts.
struct Claims {
    sets: Sets,
    of_b: Vec<Fidelity>,
    mute: bool,
}

impl Formalism for Claims {
    fn name(&self) -> &str {
        self.sets.name()
    }
    fn id(&self) -> u128 {
        self.sets.id()
    }
    fn parse(&self, text: &str, structure: &Structure) -> Result<Formula, ParseError> {
        self.sets.parse(text, structure)
    }
    fn print(&self, formula: &Formula) -> String {
        self.sets.print(formula)
    }
    fn satisfiable(&self, formulas: &[&Formula], budget: u64) -> Verdict {
        self.sets.satisfiable(formulas, budget)
    }
    fn implies(&self, all: &[&Formula], at: &Events, asked: &Formula, budget: u64) -> Verdict {
        self.sets.implies(all, at, asked, budget)
    }
    fn replay(&self, all: &[&Formula], at: &Events, asked: &Formula, it: &Witness) -> bool {
        self.sets.replay(all, at, asked, it)
    }
    fn translations(&self) -> Vec<(String, Fidelity)> {
        let claims = self.of_b.iter();
        claims.map(|it| ("b".to_owned(), *it)).collect()
    }
    fn translate(&self, formula: &Formula, target: &str, at: &Structure) -> Option<Translated> {
        match self.mute {
            false => self.sets.translate(formula, target, at),
            true => Some(Translated {
                texts: Vec::new(),
                fidelity: Exact,
            }),
        }
    }
}

#[test]
fn the_best_that_is_claimed_of_a_translation_counts() {
    let one = [(0b0001, 0b0001, Exact)];
    let mut formalisms = world_of([sets("b", &[0b0001], &[])]);
    formalisms.add(Arc::new(Claims {
        sets: sets("a", &[0b0001], &[("b", &one)]),
        of_b: vec![Implied, Exact, Implied],
        mute: false,
    }));
    let answer = implied(&formalisms, false, &[("b", 0b0001)], ("a", 0b0001));
    assert_eq!(word(&answer), "holds");
}

#[test]
fn a_translation_has_to_outlive_a_loss_whatever_its_source_says() {
    let one = [(0b0001, 0b0001, Implied)];
    let careless = |name: &str, target: &str| Sets {
        careless: true,
        ..sets(name, &[0b0001], &[(target, &one)])
    };
    let chain = world_of([
        careless("a", "b"),
        careless("b", "c"),
        sets("c", &[0b0001, 0b0011], &[]),
    ]);
    for (lossy, expected) in [(false, "holds"), (true, "unknown")] {
        for given in ["a", "b"] {
            let answer = implied(&chain, lossy, &[(given, 0b0001)], ("c", 0b0001));
            assert_eq!(word(&answer), expected, "{given}");
            // Something is left of it.
            let answer = implied(&chain, lossy, &[(given, 0b0001)], ("c", 0b0011));
            assert_eq!(word(&answer), "holds", "{given}");
        }
    }
}

#[test]
fn nothing_is_told_on_that_may_contradict_itself() {
    let one = [(0b0001, 0b0001, Implied)];
    let answer = |doubtful| {
        let first = Sets {
            doubtful,
            ..sets("a", &[0b0001], &[("b", &one)])
        };
        let formalisms = world_of([first, sets("b", &[0b0001], &[])]);
        word(&implied(
            &formalisms,
            false,
            &[("a", 0b0001)],
            ("b", 0b0001),
        ))
    };
    assert_eq!(answer(false), "holds");
    assert_eq!(answer(true), "unknown");
}

#[test]
fn a_translation_that_cannot_be_read_refutes_nothing() {
    let rows = [(0b0001, 0b0001, Exact)];
    let formalisms = world_of([
        sets("a", &[0b0001], &[("b", &rows)]),
        sets("b", &[0b0011], &[]),
    ]);
    let answer = implied(&formalisms, false, &[("a", 0b0001)], ("b", 0b0011));
    assert_eq!(word(&answer), "unknown");
}

#[test]
fn a_definition_without_texts_asks_nothing() {
    let mut formalisms = world_of([sets("b", &[0b0011], &[])]);
    formalisms.add(Arc::new(Claims {
        sets: sets("a", &[0b0001], &[]),
        of_b: vec![Exact],
        mute: true,
    }));
    let answer = implied(&formalisms, false, &[("b", 0b0011)], ("a", 0b0001));
    assert_ne!(word(&answer), "holds");
}

#[test]
fn what_rests_on_an_axiom_does_so_along_a_chain() {
    let language = [0b0001, 0b0011, 0b0111];
    let rows = [(0b0011, 0b0011, Implied)];
    let first = |axioms| Sets {
        axioms,
        careless: true,
        ..sets("a", &language, &[("b", &rows)])
    };
    let rest = [
        sets("b", &language, &[("c", &[(0b0111, 0b0111, Implied)])]),
        sets("c", &language, &[("d", &[(0b0111, 0b0111, Implied)])]),
        sets("d", &language, &[]),
    ];
    for axioms in [false, true] {
        let formalisms = world_of(rest.clone().into_iter().chain([first(axioms)]));
        for name in ["b", "c", "d"] {
            let answer = implied(&formalisms, false, &[("a", 0b0001)], (name, 0b0111));
            assert_eq!(word(&answer), "holds", "{name}");
            assert_eq!(words_behind(answer), axioms.then(|| axiom("a")), "{name}");
        }
        // Also where conversions drop what it does not speak of.
        let answer = implied(&formalisms, true, &[("a", 0b0001)], ("b", 0b0111));
        assert_eq!(word(&answer), "holds");
        assert_eq!(words_behind(answer), axioms.then(|| axiom("a")));
    }
}

#[test]
fn what_a_guarantee_rests_on_is_told_where_others_are_translated() {
    let formalisms = world_of([
        sets("a", &[0b0011], &[("b", &[(0b0011, 0b0011, Implied)])]),
        sets("b", &[0b0001, 0b0011], &[]),
    ]);
    let asked = parsed(&formalisms, "b", 0b0001);
    let (formalism, formula) = asked.read().expect("it is read");
    let given = [
        Parsed::made(formalism, "0001", formula.clone(), &[axiom("x")]),
        parsed(&formalisms, "a", 0b0011),
    ];
    let mut types = Types::new();
    let relations = Relations::new(&mut types, &formalisms);
    let answer = relations.implies(&given, &Events::All, &asked, &Lossy::Endpoint(false));
    assert_eq!(
        (word(&answer), answer.rests_on),
        ("holds", vec![axiom("x")])
    );
}

#[test]
fn the_same_text_by_an_axiom_rests_on_it() {
    let formalisms = world_of([sets("a", &[0b0001], &[])]);
    let asked = parsed(&formalisms, "a", 0b0001);
    let (formalism, formula) = asked.read().expect("it is read");
    let given = [Parsed::made(
        formalism,
        "0001",
        formula.clone(),
        &[axiom("x")],
    )];
    let mut types = Types::new();
    let relations = Relations::new(&mut types, &formalisms);
    let answer = relations.implies(&given, &Events::All, &asked, &Lossy::Endpoint(false));
    assert_eq!(word(&answer), "holds");
    assert_eq!(words_behind(answer), Some(axiom("x")));
}

#[test]
fn an_axiom_is_told_also_where_others_are_translated() {
    let own = Sets {
        axioms: true,
        ..sets("a", &[0b0001, 0b0011], &[])
    };
    for (foreign, axioms) in [(0b0111, false), (0b0001, true)] {
        let other = Sets {
            axioms,
            ..sets(
                "b",
                &[0b0001, 0b0011, 0b0111],
                &[("a", &[(0b0011, 0b0011, Implied)])],
            )
        };
        let formalisms = world_of([own.clone(), other]);
        let given = [("a", 0b0001), ("b", foreign)];
        let answer = implied(&formalisms, false, &given, ("a", 0b0011));
        assert_eq!(word(&answer), "holds");
        // That of its own formalism, where there are two.
        assert_eq!(words_behind(answer), Some(axiom("a")));
    }
}

#[test]
fn what_is_proved_is_told_rather_than_the_same_by_an_axiom() {
    let language = [0b0001, 0b0010, 0b0111, 0b1011];
    // The first is no consequence but by an axiom.
    let rows = [(0b0111, 0b0111, Implied), (0b1011, 0b0111, Implied)];
    let first = Sets {
        axioms: true,
        ..sets("a", &language, &[("b", &rows)])
    };
    let formalisms = world_of([first, sets("b", &[0b0111], &[])]);
    let answer = implied(
        &formalisms,
        false,
        &[("a", 0b1011), ("a", 0b0010)],
        ("b", 0b0111),
    );
    assert_eq!((word(&answer), answer.rests_on), ("holds", Vec::new()));
}

#[test]
fn a_translation_that_comes_back_is_no_news() {
    expect![[r#"
        fails
        `right` requires a "0001", and `left` provides a "0011"; a "0011" is translated into b "0011", and that into a "1111"; b "0111" is translated into a "0111"; that allows model = 1
          add `provides a "0001"` where it is true, or require less
    "#]]
    .assert_eq(&meets(
        &row(None),
        r#"provides a "0011"; provides b "0111";"#,
        r#"requires a "0001";"#,
    ));
}

#[test]
fn a_translation_that_says_nothing_new_refutes_all_the_same() {
    let row = [(0b0111, 0b0111, Exact), (ALL, ALL, Exact)];
    let formalisms = world_of([
        sets("a", &[0b0001, 0b0111], &[]),
        sets("b", &[0b0111], &[("a", &row)]),
    ]);
    let given = [("a", ALL), ("a", 0b0111), ("b", 0b0111)];
    let answer = implied(&formalisms, false, &given, ("a", 0b0001));
    assert_eq!(word(&answer), "fails");
}

#[test]
fn a_proof_in_one_formalism_is_told_rather_than_an_axiom_in_another() {
    let language = [0b0001, 0b0011];
    let by_axiom = Sets {
        axioms: true,
        ..sets("x", &language, &[("a", &[(0b0011, 0b0011, Implied)])])
    };
    let formalisms = world_of([
        sets("a", &language, &[("b", &[(0b0011, 0b0011, Exact)])]),
        sets("b", &language, &[]),
        by_axiom,
        sets("y", &language, &[("b", &[(0b0011, 0b0011, Implied)])]),
    ]);
    let given = [("x", 0b0001), ("y", 0b0011)];
    let answer = implied(&formalisms, false, &given, ("a", 0b0011));
    assert_eq!(word(&answer), "holds");
    assert_eq!(words_behind(answer), None);
}

#[test]
fn an_axiom_is_told_only_where_the_proved_guarantees_do_not_suffice() {
    let own = Sets {
        axioms: true,
        ..sets("a", &[0b0001, 0b0011, 0b0101, 0b0111], &[])
    };
    let proved = world_of([sets("a", &[0b0001, 0b0011, 0b0101, 0b0111], &[])]);
    let axioms = world_of([own]);
    let words = |formalisms: &Formalisms, made: Set, given: Set, asked: Set| {
        let (made, given) = (
            parsed(formalisms, "a", made),
            parsed(formalisms, "a", given),
        );
        let (formalism, formula) = made.read().expect("it is read");
        let made = Parsed::made(formalism, "", formula.clone(), &[axiom("x")]);
        let mut types = Types::new();
        let relations = Relations::new(&mut types, formalisms);
        let asked = parsed(formalisms, "a", asked);
        let nothing = Lossy::Endpoint(false);
        let answer = relations.implies(&[made, given], &Events::All, &asked, &nothing);
        assert_eq!(word(&answer), "holds");
        words_behind(answer)
    };
    assert_eq!(words(&proved, 0b0001, 0b0011, 0b0111), None);
    assert_eq!(words(&proved, 0b0011, 0b0101, 0b0001), Some(axiom("x")));
    // The formalism's own, where that is what shows it.
    assert_eq!(words(&axioms, 0b0111, 0b0001, 0b0011), Some(axiom("a")));
}

#[test]
fn the_first_text_that_does_not_follow_is_named() {
    let formalisms = world_of([sets("a", &[0b0001, 0b0011], &[])]);
    let [given, not] = [0b0011, 0b0001].map(|set| parsed(&formalisms, "a", set));
    let (formalism, given) = given.read().expect("it is read");
    let (_, not) = not.read().expect("it is read");
    let mut types = Types::new();
    let relations = Relations::new(&mut types, &formalisms);
    for (asked, at) in [
        ([given, not, not], 1),
        ([not, given, given], 0),
        ([given, given, not], 2),
    ] {
        let used = [(given, [].as_slice())];
        let (verdict, number, _) = relations.decide(&**formalism, used, &Events::All, &asked);
        assert!(verdict.fails());
        assert_eq!(number, at);
    }
}

/// What guarantees say in other formalisms.
fn told(given: &Parsed, formalisms: &Formalisms, lossy: bool) -> Vec<String> {
    let mut types = Types::new();
    let relations = Relations::new(&mut types, formalisms);
    let required = BTreeSet::from(["b".to_owned()]);
    let told = relations.translations(std::slice::from_ref(given), lossy, &required);
    told.iter().map(Parsed::words).collect()
}

#[test]
fn what_is_told_of_an_endpoint_holds_outright_and_survives_a_loss() {
    let one = [(0b0001, 0b0001, Implied), (0b0011, 0b0011, Implied)];
    let formalisms = world_of([
        sets("a", &[0b0001, 0b0011], &[("b", &one)]),
        sets("b", &[0b0001, 0b0011], &[]),
    ]);
    let mut given = parsed(&formalisms, "a", 0b0001);
    assert_eq!(told(&given, &formalisms, false), ["0001", "1111", "0011"]);
    assert_eq!(told(&given, &formalisms, true), ["0011", "1111"]);
    given.constraint.given = Some(Arc::from("1111"));
    assert_eq!(told(&given, &formalisms, false), [""; 0]);
}
