//! What sessions are translated into, against who follows them: all short histories, followed in the
//! terms as they are written.

use std::collections::BTreeMap;

use liveobj_formalisms::temporal::evaluate::holds;
use liveobj_formalisms::temporal::formula::{Event, Sentence};
use liveobj_formalisms::temporal::history::{Instance, Lasso, Occurrence, Position, Universe};
use liveobj_formalisms::{Session, Temporal, builtin};
use liveobj_types::formalism::{EndpointStructure, Events, Formalism, Formula, Structure};
use liveobj_types::verdict::{Verdict, Witness};
use proptest::prelude::*;

use super::meeting::connected;
use super::session::{Place, Term, term, unfold};

/// What the provider emits, and what it handles.
const EMITTED: [char; 3] = ['a', 'b', 'c'];
const HANDLED: [char; 3] = ['x', 'y', 'z'];
/// Events of a history.
const LENGTH: usize = 4;

fn structure() -> Structure {
    let events = |names: [char; 3]| names.map(|name| (name.to_string(), Vec::new())).into();
    Structure::Endpoint(EndpointStructure {
        name: String::new(),
        received: events(HANDLED),
        emitted: events(EMITTED),
    })
}

/// The text of a term: what it handles has names of its own.
fn text(term: &Term) -> String {
    let pairs = EMITTED.iter().zip(HANDLED);
    pairs.fold(term.text(0), |text, (emitted, handled)| {
        text.replace(&format!("?{emitted}"), &format!("?{handled}"))
    })
}

/// The temporal texts that a session is translated into.
fn translated(session: &str) -> Vec<String> {
    let formula = Session::Synchronous
        .parse(session, &structure())
        .expect("a session");
    let translated = Session::Synchronous.translate(&formula, "temporal", &structure());
    translated.map_or_else(Vec::new, |translated| translated.texts)
}

/// The temporal texts that are true of runs of a session only.
fn narrowed(session: &str) -> Vec<String> {
    let formula = Session::Synchronous
        .parse(session, &structure())
        .expect("a session");
    let narrowed = Session::Synchronous.narrowed(&formula, "temporal", &structure());
    narrowed.expect("the session is small")
}

fn sentences(texts: &[String]) -> Vec<Sentence> {
    let read = texts.iter().map(|text| {
        let formula = Temporal::new().parse(text, &structure());
        let formula = formula.unwrap_or_else(|error| panic!("{text}: {error:?}"));
        formula.get::<Sentence>().expect("a sentence").clone()
    });
    read.collect()
}

/// A connection of somebody who follows a term.
#[derive(Clone)]
enum Life {
    At(Place),
    /// The peer has sent what the term does not have.
    Misled,
}

impl Life {
    /// After an event; none if the provider broke the session by it.
    fn after(&self, term: &Term, emitted: bool, event: char) -> Option<Life> {
        let Life::At(place) = self else {
            return Some(Life::Misled);
        };
        let (kind, branches) = unfold(term, place);
        let mut branches = branches.into_iter().filter(|_| kind == Some(emitted));
        match (branches.find(|(name, _)| *name == event), emitted) {
            (Some((_, next)), _) => Some(Life::At(next)),
            (None, true) => None,
            (None, false) => Some(Life::Misled),
        }
    }
}

/// What happens, at which connection: whether it is emitted, and the number of the event.
type Happening = (usize, bool, usize);

/// Whether a provider that follows the term at each connection can do this.
fn is_followed(term: &Term, history: &[Happening]) -> bool {
    let mut lives = vec![Life::At(Place(Vec::new())); 2];
    history.iter().all(|(instance, emitted, event)| {
        let after = lives[*instance].after(term, *emitted, EMITTED[*event]);
        let followed = after.is_some();
        lives[*instance] = after.unwrap_or(Life::Misled);
        followed
    })
}

/// Whether this follows the term at each connection, on both sides.
fn is_run(term: &Term, history: &[Happening]) -> bool {
    let mut lives = vec![Life::At(Place(Vec::new())); 2];
    history.iter().all(|(instance, emitted, event)| {
        match lives[*instance].after(term, *emitted, EMITTED[*event]) {
            Some(Life::At(place)) => lives[*instance] = Life::At(place),
            Some(Life::Misled) | None => return false,
        }
        true
    })
}

/// All histories of one connection that a provider which follows the term can do, or cannot.
fn histories(length: usize) -> Vec<Vec<Happening>> {
    let count = (2 * EMITTED.len()).pow(length as u32);
    let digits = |mut number: usize| {
        let digit = |_| {
            let letter = number % (2 * EMITTED.len());
            number /= 2 * EMITTED.len();
            (0, letter < EMITTED.len(), letter % EMITTED.len())
        };
        (0..length).map(digit).collect()
    };
    (0..count).map(digits).collect()
}

/// The history, which then stays silent.
fn lasso(history: &[Happening]) -> Lasso {
    let mut positions = Vec::new();
    let mut happens = |instance, event| {
        positions.push(Position::Event(Occurrence {
            event,
            instance,
            arguments: BTreeMap::new(),
        }));
    };
    for instance in [0, 1] {
        happens(instance, Event::Connect);
    }
    for (instance, emitted, event) in history {
        let names = if *emitted { EMITTED } else { HANDLED };
        let (name, emitted) = (names[*event].to_string(), *emitted);
        happens(*instance, Event::Named { name, emitted });
    }
    let instance = Instance {
        endpoint: String::new(),
        proxy: 0,
    };
    Lasso {
        universe: Universe {
            instances: vec![instance; 2],
            proxies: 1,
            messages: BTreeMap::new(),
        },
        prefix: positions,
        cycle: vec![Position::Silence],
    }
}

fn all_hold(sentences: &[Sentence], history: &[Happening]) -> bool {
    let lasso = lasso(history);
    let mut sentences = sentences.iter();
    sentences.all(|it| holds(it, &lasso, 1_000_000).expect("few steps"))
}

/// A choice, as a term: `!` or `?` in front of each event.
fn choice<const N: usize>(branches: [(&str, Term); N]) -> Term {
    let emitted = branches[0].0.starts_with('!');
    let branches = branches.map(|(event, then)| {
        let name = event.chars().nth(1).expect("a sign and a name");
        let same = HANDLED.iter().position(|handled| *handled == name);
        (same.map_or(name, |position| EMITTED[position]), then)
    });
    Term::Choice(emitted, branches.into())
}

#[test]
fn the_last_events_tell_what_may_be_emitted() {
    let again = |up| Term::Variable(up);
    let server = choice([("?x", choice([("!a", again(1))]))]);
    assert_eq!(
        translated(&text(&server)),
        [
            "G (b | c -> Y O (y | z | x & !Y (!x S (connect | a))))",
            "G (a -> Y (!a S x) | Y O (y | z | x & !Y (!x S (connect | a))))",
        ]
    );
}

#[test]
fn where_a_few_events_tell_the_state_nothing_is_lost() {
    let (end, again) = (|| Term::End, Term::Variable);
    let exact = [
        end(),
        choice([("?x", choice([("!a", again(1))]))]),
        choice([("!a", again(0)), ("!b", again(0)), ("!c", again(0))]),
        choice([("?x", choice([("!a", again(0)), ("!b", end())]))]),
        // What was first matters to the end.
        choice([
            (
                "?x",
                choice([("!a", choice([("?x", choice([("!b", end())]))]))]),
            ),
            (
                "?y",
                choice([("!a", choice([("?y", choice([("!c", end())]))]))]),
            ),
        ]),
        // Two and one in turns.
        choice([("!a", choice([("!a", choice([("?x", again(2))]))]))]),
    ];
    for term in exact {
        let [followed, runs] = [translated(&text(&term)), narrowed(&text(&term))];
        let [followed, runs] = [sentences(&followed), sentences(&runs)];
        for history in histories(LENGTH) {
            let kept = all_hold(&followed, &history);
            assert_eq!(
                is_followed(&term, &history),
                kept,
                "{}: {history:?}",
                text(&term)
            );
            let kept = all_hold(&runs, &history);
            assert_eq!(
                is_run(&term, &history),
                kept,
                "{}: {history:?}",
                text(&term)
            );
        }
    }
}

#[test]
fn a_session_meets_requirements_about_the_order_of_events() {
    let verdict = |handled: &str, required: &str| {
        connected(
            &builtin(),
            &format!("out a(); {handled} follows session \"rec X . ?x; !a; X\";"),
            &format!(
                "in a(); {} follows session \"rec X . !x; ?a; X\"; requires temporal \"{required}\";",
                handled.replace("in", "out")
            ),
        )
    };
    let alone = "in x();";
    assert_eq!(verdict(alone, "event a never precedes event x"), "holds");
    assert_eq!(verdict(alone, "every a is preceded by x"), "holds");
    // The peer may send twice, and then anything may come.
    assert_eq!(verdict(alone, "G (a -> X (!a W x))"), "unknown");
    assert_eq!(
        verdict(alone, "G (x -> X (!x W a)) -> G (a -> X (!a W x))"),
        "holds"
    );
    // It promises nothing to who sends what it does not have.
    let other = "in x(); in y();";
    assert_eq!(verdict(other, "event a never precedes event x"), "unknown");
    assert_eq!(verdict(other, "G !y -> !a W x"), "holds");
    // Nor that anything comes: a run in which nothing does refutes that.
    assert_eq!(verdict(alone, "every x is followed by a"), "fails");
    assert_eq!(verdict(alone, "at most once a"), "fails");
    // What is handled at once may be handled later.
    let buffered = connected(
        &builtin(),
        "out a(); in x(); provides session \"?x; !a; end\";",
        "in a(); out x(); requires async_session \"?x; !a; end\";",
    );
    assert_eq!(buffered, "holds");
}

#[test]
fn a_run_of_a_session_refutes_what_the_session_does_not_say() {
    let verdict = |provides: &str, required: &str| {
        connected(
            &builtin(),
            &format!("out a(); out b(); in x(); {provides}"),
            &format!("in a(); in b(); out x(); requires temporal \"{required}\";"),
        )
    };
    let session = r#"provides session "rec X . ?x; +{!a; X, !b; end}";"#;
    assert_eq!(verdict(session, "G !b"), "fails");
    assert_eq!(verdict(session, "G (b -> X G !a)"), "unknown");
    // A run has to keep what else is promised.
    let more = format!(r#"{session} provides temporal "G !b";"#);
    assert_eq!(verdict(&more, "G !b"), "holds");
    assert_eq!(verdict(&more, "G !a"), "fails");
    // No few events tell how far it has come, and what they tell is a run all the same.
    let counts = r#"provides session "!a; !a; !a; !a; !a; !b; end";"#;
    assert_eq!(verdict(counts, "G !a"), "fails");
    assert_eq!(verdict(counts, "G !b"), "unknown");
    // Of what cannot be said there nothing is known.
    let other = format!(r#"{session} provides properties "total_order";"#);
    assert_eq!(verdict(&other, "G !b"), "unknown");
}

#[test]
fn a_history_follows_a_session_at_each_of_its_connections() {
    let session = "rec X . ?x; +{!a; X, !b; end}";
    let formula = Session::Synchronous
        .parse(session, &structure())
        .expect("a session");
    let follows = |prefix: &[&str], cycle: &[&str]| {
        let texts = |texts: &[&str]| texts.iter().map(|it| (*it).to_owned()).collect();
        let witness = Witness::History {
            elements: texts(&["i1: an instance", "i2: an instance"]),
            prefix: texts(prefix),
            cycle: texts(cycle),
        };
        Session::Synchronous.is_satisfied(&formula, "temporal", &witness)
    };
    let silence = ["-"];
    for (prefix, cycle, expected) in [
        (&["connect at i1"][..], &silence[..], true),
        (&["-", "connect at i1", "handles x at i1"], &silence, true),
        (
            &["connect at i1", "x at i1", "a(m1) at i1", "x at i1"],
            &silence,
            true,
        ),
        (
            &["connect at i1"],
            &["handles x at i1", "emits a at i1"],
            true,
        ),
        (
            &["connect at i1"],
            &["handles x at i1", "emits b at i1"],
            false,
        ),
        (
            &["connect at i1", "handles x at i1", "disconnect at i1"],
            &silence,
            true,
        ),
        (
            &["connect at i1", "disconnect at i1", "handles x at i1"],
            &silence,
            false,
        ),
        // Each by itself.
        (
            &[
                "connect at i1",
                "connect at i2",
                "x at i1",
                "x at i2",
                "a at i2",
            ],
            &silence,
            true,
        ),
        (
            &["connect at i1", "connect at i2", "x at i1", "a at i2"],
            &silence,
            false,
        ),
        // By whom it must be, and not before the beginning, nor what the session does not have.
        (&["connect at i1", "emits x at i1"], &silence, false),
        (&["handles x at i1", "connect at i1"], &silence, false),
        (&["connect at i1", "c at i1"], &silence, false),
        (
            &["connect at i1", "x at i1", "b at i1", "x at i1"],
            &silence,
            false,
        ),
        (&["{x}"], &silence, false),
    ] {
        assert_eq!(follows(prefix, cycle), expected, "{prefix:?} {cycle:?}");
    }
    let nothing = Witness::Structure;
    assert!(!Session::Synchronous.is_satisfied(&formula, "temporal", &nothing));
}

/// Small formulas about these events, of safety mostly.
fn formula() -> impl Strategy<Value = String> {
    let event = || prop::sample::select([EMITTED, HANDLED].concat());
    let emitted = || prop::sample::select(EMITTED.to_vec());
    let leaf = (emitted(), event(), event(), 0..10_u8).prop_map(|(a, b, c, form)| match form {
        0 => format!("!{a} W {b}"),
        1 => format!("G ({a} -> O {b})"),
        2 => format!("G ({a} -> X G !{a})"),
        3 => format!("G !{a}"),
        4 => format!("G ({a} -> Y (!{b} S ({b} | connect)))"),
        5 => format!("G ({a} -> Y (!{b} S {c}))"),
        6 => format!("G ({b} -> F {a})"),
        7 => format!("G ({a} -> X (!{a} W {b}))"),
        8 => format!("F {b} -> G !{a}"),
        _ => format!("F {c} | G !{a}"),
    });
    let pair = (leaf.clone(), leaf.clone(), 0..6_u8);
    let pair = pair.prop_map(|(left, right, form)| match form {
        0 | 1 => format!("({left}) & ({right})"),
        2 | 3 => format!("({left}) | ({right})"),
        4 => format!("({left}) -> ({right})"),
        _ => format!("!({left})"),
    });
    prop_oneof![2 => leaf, 1 => pair]
}

proptest! {
    // Each case is many histories.
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases / 4))]

    #[test]
    fn who_follows_a_session_keeps_what_it_is_translated_into(
        term in term(4),
        mixed in prop::collection::vec(
            prop::collection::vec((0..2_usize, any::<bool>(), 0..3_usize), 0..9), 60,
        ),
    ) {
        let session = text(&term);
        let [sentences, runs] = [translated(&session), narrowed(&session)].map(|it| sentences(&it));
        for history in histories(LENGTH).into_iter().chain(mixed) {
            if is_followed(&term, &history) {
                prop_assert!(all_hold(&sentences, &history), "{session}: {history:?}");
            }
            if all_hold(&runs, &history) {
                prop_assert!(is_run(&term, &history), "{session}: {history:?}");
            }
        }
    }

    #[test]
    fn what_refutes_under_the_texts_for_runs_is_a_run(term in term(4), required in formula()) {
        let session = text(&term);
        let temporal = Temporal::new();
        let read = |text: &String| temporal.parse(text, &structure()).expect("a formula");
        let runs: Vec<Formula> = narrowed(&session).iter().map(read).collect();
        let runs: Vec<&Formula> = runs.iter().collect();
        let verdict = temporal.implies(&runs, &Events::All, &read(&required), 1_000_000);
        if let Verdict::Fails(witness) = verdict {
            let formula = Session::Synchronous.parse(&session, &structure()).expect("a session");
            let follows = Session::Synchronous.is_satisfied(&formula, "temporal", &witness);
            prop_assert!(follows, "{session} => {required}: {witness:?}");
        }
    }

    #[test]
    fn a_session_meets_only_temporal_requirements_that_hold_of_who_follows_it(
        term in term(4),
        required in formula(),
    ) {
        let session = text(&term);
        let members = |emitted: &str, handled: &str| {
            let events = |direction: &str, names: [char; 3]| {
                names.map(|name| format!("{direction} {name}();")).concat()
            };
            events(emitted, EMITTED) + &events(handled, HANDLED)
        };
        let verdict = connected(
            &builtin(),
            &format!("{} provides session \"{session}\";", members("out", "in")),
            &format!("{} requires temporal \"{required}\";", members("in", "out")),
        );
        if verdict == "holds" {
            let wanted = sentences(std::slice::from_ref(&required));
            for history in histories(LENGTH) {
                let refuted = is_followed(&term, &history) && !all_hold(&wanted, &history);
                prop_assert!(!refuted, "{session} => {required}: {history:?}");
            }
        }
    }
}
