use liveobj_types::formalism::{EndpointStructure, Events, Formalism, Parameter, Structure};
use liveobj_types::verdict::{Reason, Verdict};
use proptest::prelude::*;

use super::*;
use crate::temporal::{Temporal, standard_names};
use crate::{Properties, with_ontology};

const BUDGET: u64 = 1_000_000;

fn files(texts: &[&str]) -> Result<Ontology, Vec<Diagnostic>> {
    let sources = texts.iter().zip(1..);
    let sources = sources.map(|(text, number)| Source::new(format!("{number}.ontology"), *text));
    Ontology::with_files(&sources.collect::<Vec<_>>(), BUDGET)
}

/// What is wrong with files: codes, places, messages, notes.
fn faults(texts: &[&str]) -> Vec<String> {
    let found = files(texts).err().unwrap_or_default();
    let told = found.iter().map(|found| {
        let places = found.labels.iter().map(|label| label.place.to_string());
        let places = places.collect::<Vec<_>>().join(", ");
        let (code, message, notes) = (found.code, &found.message, found.notes.join("; "));
        assert!(found.help.is_some(), "{message}");
        format!("{code} {places}: {message} [{notes}]")
    });
    told.collect()
}

fn channel(more: &[&str]) -> Structure {
    let event = |name: &str| {
        let parameter = Parameter {
            name: format!("of_{name}"),
            domain: Default::default(),
        };
        (name.to_owned(), vec![parameter])
    };
    let emitted = ["receive", "view"].iter().chain(more);
    Structure::Endpoint(EndpointStructure {
        name: "here".to_owned(),
        received: [event("send")].into(),
        emitted: emitted.map(|name| event(name)).collect(),
    })
}

#[test]
fn the_ontology_that_is_shipped_reads() {
    let ontology = Ontology::parse(include_str!("../../ontology.txt")).unwrap();
    assert!(ontology.properties().len() >= 18);
    assert!(ontology.properties()["best_effort"].survives_lossy);
    assert!(!ontology.properties()["at_most_once"].survives_lossy);
    for property in ontology.properties().values() {
        assert!(property.sentence.ends_with('.'), "{}", property.sentence);
    }
    assert!(ontology.facts().all(|fact| !fact.is_word()));
}

const ACME: &str = "ontology acme
# Sales wants these.
served: Every message that is sent is received, in the order of sending.
    temporal reliable & reliable_fifo
    implies fifo, exactly_once
urgent: It comes soon.
    implies best_effort because it is sent at once
    survives lossy
served & urgent -> gold because the contract says so
gold: What gold customers get.
    implies other.shiny because gold is
";

const OTHER: &str =
    "ontology other\nshiny: It glitters.\nacme.urgent & reliable -> shiny because it does\n";

#[test]
fn files_speak_of_each_other_and_what_is_proved_is_nobodys_word() {
    for files in [[ACME, OTHER], [OTHER, ACME]].map(|texts| files(&texts)) {
        let ontology = files.unwrap_or_else(|found| panic!("{found:?}"));
        let properties = Properties::new(ontology);
        let read = |text: &str| properties.parse(text, &Structure::Undeclared).unwrap();
        let ask = |premise: &str, conclusion: &str| {
            let (premise, conclusion) = (read(premise), read(conclusion));
            let verdict = properties.implies(&[&premise], &Events::All, &conclusion, BUDGET);
            let words = properties.rests_on(&[&premise], &conclusion);
            (
                verdict.holds(),
                words.iter().map(Word::to_sentence).collect::<Vec<_>>(),
            )
        };
        let nobody: Vec<String> = Vec::new();
        assert_eq!(
            ask("acme.served", "fifo, at_most_once"),
            (true, nobody.clone())
        );
        assert_eq!(ask("fifo", "acme.served"), (false, nobody.clone()));
        assert_eq!(ask("acme.gold", "acme.gold"), (true, nobody));
        let (holds, words) = ask("acme.urgent, acme.served", "other.shiny");
        assert!(holds);
        let (path, start) = (
            if words.len() == 1 { "other" } else { "gold" },
            "that `acme.",
        );
        assert!(
            words.iter().all(|word| word.starts_with(start)),
            "{path}: {words:?}"
        );
        let (_, words) = ask("acme.urgent", "best_effort");
        let place = words[0].find("is an axiom of ").expect("the place");
        assert!(
            words[0].ends_with(".ontology:7:5: it is sent at once"),
            "{}",
            &words[0][place..]
        );
    }
}

#[test]
fn names_that_would_mean_two_things_are_told_with_both_places() {
    let found = faults(&["ontology a\nx: X.\n", "ontology a\ny: Y.\n"]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].starts_with("ontology-clash 2.ontology:1:1, 1.ontology:1:1: "),
        "{found:?}"
    );
    let found = faults(&["ontology a\nx: X.\n\nx: Again.\n"]);
    assert!(
        found[0].starts_with("ontology-clash 1.ontology:4:1, 1.ontology:2:1: "),
        "{found:?}"
    );
    let twice = "ontology a\nx: X.\n    temporal fifo\n    beyond temporal\n";
    let found = faults(&[twice]);
    assert!(
        found[0].starts_with("ontology-clash 1.ontology:4:5, 1.ontology:3:14: "),
        "{found:?}"
    );
    // Those of two ontologies do not clash.
    assert_eq!(
        faults(&["ontology a\nx: X.\n", "ontology b\nx: X.\n"]),
        [""; 0]
    );
}

#[test]
fn every_line_that_is_wrong_is_told() {
    let found = faults(&[
        "# Nothing before it.\nontology a\n  implies b\nx y\nontology b\nx: X.\n  implies y\n  implies c.d\n",
    ]);
    let starts = [
        "ontology-syntax 1.ontology:3:3: this line is indented",
        "ontology-syntax 1.ontology:4:1: this line is no line of an ontology",
        "ontology-syntax 1.ontology:5:1: an ontology has one name",
        "ontology-unknown-name 1.ontology:7:3: this speaks of `y`",
        "ontology-unknown-name 1.ontology:8:3: this speaks of `c.d`",
    ];
    assert_eq!(found.len(), starts.len(), "{found:?}");
    for (found, start) in found.iter().zip(starts) {
        assert!(found.starts_with(start), "{found}");
    }
    assert!(faults(&["x: X.\n"])[0].starts_with("ontology-syntax 1.ontology:1:1: "));
    assert!(faults(&[""])[0].starts_with("ontology-syntax 1.ontology:1:1: "));
}

#[test]
fn definitions_are_fit_for_declarations() {
    let of =
        |definition: &str| faults(&[&format!("ontology a\nx: X.\n    temporal {definition}\n")]);
    assert_eq!(of("G (send(m) -> F receive(m))"), [""; 0]);
    assert!(of("G (send(m)")[0].starts_with("constraint-syntax 1.ontology:3:24: "));
    assert!(of("F send & G !send")[0].starts_with("unsatisfiable-constraint 1.ontology:3:14: "));
    assert!(of("F X X X Y send & X !send")[0].starts_with("counts-silence 1.ontology:3:14: "));
    let lossy = of("at most once send(m)\n    survives lossy");
    assert!(lossy[0].starts_with("ontology-refuted 1.ontology:4:5, 1.ontology:3:14: "));
    assert_eq!(of("at most once send\n    survives lossy"), [""; 0]);
}

#[test]
fn a_refuted_fact_has_a_history_and_no_reason_helps() {
    let fact = |reason: &str| {
        format!(
            "ontology a\nx: X.\n  temporal at most once receive(m)\n  implies no_creation{reason}\n"
        )
    };
    for reason in ["", " because I say so"] {
        let found = faults(&[&fact(reason)]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].contains("`a.x` implies `no_creation`"),
            "{found:?}"
        );
        assert!(found[0].contains("[a history that shows it: "), "{found:?}");
    }
}

/// In a type whose two parameters have different types there may be one message and two views. Taken
/// for values of one type, one message would mean that there is one view.
#[test]
fn what_holds_only_where_all_parameters_have_one_type_is_not_proved() {
    let found = faults(&["ontology a
only: Every message is sent, and no two are.
  temporal forall i: instance. forall m, n: message. F send@i(m) & (F send@i(n) -> m = n)
  implies still
still: There are no two views.
  temporal forall i: instance. forall k, l: message. F view@i(k) & F view@i(l) -> k = l
"]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].starts_with("ontology-refuted 1.ontology:4:3: "),
        "{found:?}"
    );
    // Where a variable is given for both, they have one type.
    let same = "ontology a
only: Every message is sent, and no two are.
  temporal forall i: instance. forall m, n: message. F send@i(m) & (F send@i(n) -> m = n) & G !(send@i(m) & receive@i(m))
  implies still
still: There are no two receipts.
  temporal forall i: instance. forall k, l: message. F receive@i(k) & F receive@i(l) -> k = l
";
    assert_eq!(faults(&[same]), [""; 0]);
}

/// In English sentences `Send` may be the event `send`, and then at most one of them happens.
#[test]
fn events_that_may_be_one_or_two_prove_nothing() {
    let text = "ontology a
x: X.
  temporal event Send never occurs
  implies y
y: Y.
  temporal event send never occurs
";
    let found = faults(&[text]);
    assert!(
        found[0].contains("`Send` and `send` may be one event or two"),
        "{found:?}"
    );
    assert!(found[0].starts_with("ontology-unproved"), "{found:?}");
    assert_eq!(faults(&[&text.replace("Send", "send")]), [""; 0]);
}

#[test]
fn circles_and_contradictions_are_told() {
    let circle = "ontology a\nx: X.\n implies y because z\ny: Y.\n implies x because z\nz: Z.\n implies x because z\n";
    let found = faults(&[circle]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].contains("`a.x` implies `a.y`, which implies `a.x`"),
        "{found:?}"
    );
    assert!(
        faults(&["ontology a\nx: X.\n implies x because it is\n"])[0].starts_with("ontology-cycle")
    );
    let clash = "ontology a\nx: X.\n  temporal F send\n  implies y because it is so\n\
                 y: Y.\n  implies never because it is so\nnever: N.\n  temporal G !send\n";
    let found = faults(&[clash]);
    assert!(
        found[0].starts_with(
            "ontology-contradiction 1.ontology:2:1: nothing can be `a.x`: it is `a.never` and `a.x`"
        ),
        "{found:?}"
    );
}

/// Of an ontology that is not at hand only equal names are known to follow.
#[test]
fn names_of_other_ontologies_imply_themselves_and_else_nothing_is_known() {
    let properties = Properties::standard();
    let read = |text: &str| properties.parse(text, &Structure::Undeclared).unwrap();
    let ask = |premise: &str, conclusion: &str| {
        properties.implies(&[&read(premise)], &Events::All, &read(conclusion), BUDGET)
    };
    assert!(ask("acme.urgent, causal_order", "acme.urgent, fifo").holds());
    for (premise, conclusion) in [("fifo", "acme.urgent"), ("acme.urgent", "fifo")] {
        let Verdict::Unknown(Reason::Undecided(reason)) = ask(premise, conclusion) else {
            panic!("{premise} {conclusion}")
        };
        assert_eq!(
            reason,
            "no ontology `acme` is at hand that says what `acme.urgent` is"
        );
    }
    assert!(ask("fifo", "causal_order").fails());
    let known = Properties::new(files(&[ACME, OTHER]).unwrap());
    let error = known
        .parse("acme.urgnt", &Structure::Undeclared)
        .unwrap_err();
    assert_eq!(error.help.as_deref(), Some("write `acme.urgent`"));
    assert!(properties.surviving(&read("acme.urgent")).is_none());
    assert!(known.surviving(&read("acme.urgent")).is_some());
}

/// An event that is called as a definition is would make another constraint of a text.
#[test]
fn definitions_are_translated_where_they_mean_what_they_mean_everywhere() {
    for name in standard_names() {
        assert!(Temporal::reads_as_anywhere(name, &channel(&[])), "{name}");
    }
    let properties = Properties::standard();
    let translated = |structure: &Structure| {
        let fifo = properties.parse("fifo", structure).unwrap();
        properties.translate(&fifo, "temporal", structure)
    };
    assert!(translated(&channel(&[])).is_some());
    assert!(translated(&channel(&["fifo"])).is_none());
}

#[test]
fn runtimes_with_different_ontologies_are_told_apart() {
    let [one, two] = [ACME, "ontology acme\nserved: S.\n"].map(|text| match text {
        ACME => files(&[ACME, OTHER]),
        text => files(&[text]),
    });
    let [one, two] = [one, two].map(|it| with_ontology(it.unwrap()));
    assert!(!one.is_same(&two) && one.is_same(&one.clone()));
    // And nothing is kept that only one of them is sure of.
    assert_eq!(Properties::standard().identity(), None);
}

fn fact(premises: BTreeSet<usize>, conclusion: usize, word: bool) -> Fact {
    Fact {
        premises: premises.iter().map(ToString::to_string).collect(),
        conclusion: conclusion.to_string(),
        axiom: word.then(|| "so".to_owned()),
        place: Some(Place::new(
            &Source::new("test", ""),
            liveobj_types::Span::new(0, 0),
        )),
    }
}

fn closed<'f>(facts: impl Iterator<Item = &'f Fact>, given: &BTreeSet<String>) -> BTreeSet<String> {
    let facts: Vec<&Fact> = facts.collect();
    let mut known = given.clone();
    loop {
        let before = known.len();
        for fact in &facts {
            if fact.premises.is_subset(&known) {
                known.insert(fact.conclusion.clone());
            }
        }
        if known.len() == before {
            return known;
        }
    }
}

proptest! {
    /// The closure is the least one, and the words behind a name are enough for it; there are none if
    /// it follows without.
    #[test]
    fn words_are_behind_what_needs_them(
        facts in prop::collection::vec(
            (prop::collection::btree_set(0..6_usize, 1..3), 0..6_usize, any::<bool>()), 0..12),
        given in prop::collection::btree_set(0..6_usize, 0..3),
    ) {
        let mut ontology = Ontology::default();
        for (premises, conclusion, word) in facts {
            let fact = fact(premises, conclusion, word);
            ontology.facts.insert((fact.premises.clone(), fact.conclusion.clone()), fact);
        }
        let given: BTreeSet<String> = given.iter().map(ToString::to_string).collect();
        let (known, fired) = ontology.closure(given.iter().map(String::as_str));
        let all = closed(ontology.facts(), &given);
        prop_assert_eq!(known.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>(), all.clone());
        let proved = closed(ontology.facts().filter(|fact| !fact.is_word()), &given);
        for name in &all {
            let behind = Ontology::facts_behind(&fired, [name.as_str()]);
            let words: Vec<&Fact> = behind.iter().copied().filter(|fact| fact.is_word()).collect();
            prop_assert_eq!(words.is_empty(), proved.contains(name));
            let laws: Vec<&Fact> = behind.into_iter().rev().collect();
            // Each law is used only once what it needs is known.
            let mut so_far = given.clone();
            for law in &laws {
                prop_assert!(law.premises.is_subset(&so_far));
                so_far.insert(law.conclusion.clone());
            }
            prop_assert!(so_far.contains(name));
            let enough = ontology.facts().filter(|fact| !fact.is_word() || words.contains(fact));
            prop_assert!(closed(enough, &given).contains(name));
        }
    }
}
