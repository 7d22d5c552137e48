//! What parts of a composite guarantee about several endpoints, through chains and circles of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use liveobj_formalisms::temporal::Temporal;
use liveobj_formalisms::temporal::evaluate::holds;
use liveobj_formalisms::temporal::formula::{Event, Sentence};
use liveobj_formalisms::temporal::history::{Instance, Lasso, Occurrence, Position, Universe};
use liveobj_types::formalism::{
    self, EndpointStructure, Fidelity, Formalism, Formula, ParseError, Structure, Translated,
};
use liveobj_types::verdict::{Reason, Verdict, Witness};
use liveobj_types::{CompositeShape, types::ObjectBody};

use crate::composites::shape;
use crate::scope::Scope;

const DECLARATIONS: &str = r#"
    endpoint Out { out say(m: u32); }
    endpoint Wide { in say(m: u64); }
    object Head { endpoint next: Out; provides temporal "G !next.say@*"; }
    object Once { endpoint next: Out; provides temporal "at most once next.say(m)"; }
    object Tail { endpoint before: mirror Out; requires temporal "G !before.say@*"; }
    object OnceTail { endpoint before: mirror Out; requires temporal "at most once before.say(m)"; }
    object WideTail { endpoint before: Wide; requires temporal "G !before.say@*"; }
    object ManyTail { endpoint before: mirror Out many; requires temporal "G !before.say@*"; }
    object Part { endpoint before: mirror Out; endpoint next: Out;
        provides temporal "G !next.say@*" given "G !before.say@*";
        requires temporal "G !before.say@*"; }
    object OncePart { endpoint before: mirror Out; endpoint next: Out;
        provides temporal "at most once next.say(m)" given "at most once before.say(m)";
        requires temporal "at most once before.say(m)"; }
    object Soon { endpoint before: mirror Out; endpoint next: Out;
        provides temporal "F next.say@*" given "F before.say@*";
        requires temporal "F before.say@*"; }
    object After { endpoint before: mirror Out; endpoint next: Out;
        provides temporal "G (next.say@* -> O before.say@*)"; }
    object Source { endpoint before: mirror Out; endpoint next: Out;
        requires temporal "G (before.say@* -> O next.say@*)"; }
    object Deaf { endpoint before: mirror Out; endpoint next: Out;
        provides temporal "G !before.say@*"; requires temporal "G !next.say@*"; }"#;

/// A composite of parts in a row, each connected with the next, `ring` or not.
fn row(scope: &mut Scope, parts: &[&str], ring: bool) -> CompositeShape {
    let names = ["a", "b", "c", "d"];
    let components: Vec<_> = names.into_iter().zip(parts.iter().copied()).collect();
    let connections: Vec<[String; 2]> = (0..parts.len() - usize::from(!ring))
        .map(|at| [(at, "next"), ((at + 1) % parts.len(), "before")])
        .map(|ends| ends.map(|(at, end)| format!("{}.{end}", names[at])))
        .collect();
    let connections: Vec<[&str; 2]> = connections.iter().map(|[l, r]| [&**l, &**r]).collect();
    shape(scope, &components, &connections, &[])
}

fn derived(scope: &mut Scope, parts: &[&str], ring: bool) -> ObjectBody {
    let shape = row(scope, parts, ring);
    scope.relations().derive_composite(&shape)
}

/// How many requirements are left of parts in a row, and of the same in a ring.
fn left(scope: &mut Scope, parts: &[&str]) -> [usize; 2] {
    [false, true].map(|ring| derived(scope, parts, ring).requires.len())
}

#[test]
fn assumptions_are_met_along_a_chain_of_parts() {
    let mut scope = Scope::new(DECLARATIONS);
    for (parts, expected) in [
        (["Head", "Part", "Part", "Tail"], 0),
        (["Once", "OncePart", "OncePart", "OnceTail"], 0),
        // Not beyond a link of another kind.
        (["Once", "Part", "Part", "Tail"], 3),
        (["Head", "Part", "Soon", "Tail"], 2),
    ] {
        let body = derived(&mut scope, &parts, false);
        assert_eq!(body.requires.len(), expected, "{parts:?}");
        let given = body.provides.iter().filter(|it| it.given.is_some());
        assert_eq!(given.count(), expected.saturating_sub(1), "{parts:?}");
    }
}

#[test]
fn assumptions_are_met_in_a_ring_of_parts() {
    let mut scope = Scope::new(DECLARATIONS);
    for (parts, expected) in [
        (["Part", "Part", "Part"], 0),
        (["OncePart", "OncePart", "OncePart"], 0),
        // Each may wait for the others for ever.
        (["Soon", "Soon", "Soon"], 3),
        (["Part", "OncePart", "Part"], 3),
    ] {
        assert_eq!(left(&mut scope, &parts), [3, expected], "{parts:?}");
    }
}

#[test]
fn nothing_may_be_queued_in_a_ring_and_all_may_along_a_chain() {
    let mut scope = Scope::new(DECLARATIONS);
    for (parts, ring) in [
        (["Part", "Part", "Part"], true),
        (["Head", "Part", "Tail"], false),
    ] {
        let shape = row(&mut scope, &parts, ring);
        let mut relations = scope.relations();
        assert_eq!(relations.rests_on_circles(&shape), ring);
        relations.queued = true;
        let left = relations.derive_composite(&shape).requires.len();
        assert_eq!(left, if ring { 3 } else { 0 });
    }
}

#[test]
fn guarantees_meet_peers_where_both_ends_have_one_connection_and_the_same_parameters() {
    let mut scope = Scope::new(DECLARATIONS);
    for (tail, expected) in [("Tail", 0), ("WideTail", 1), ("ManyTail", 1)] {
        assert_eq!(left(&mut scope, &["Head", tail])[0], expected, "{tail}");
    }
    // Whichever end of the connection is named first.
    for (tail, expected) in [("Tail", 0), ("ManyTail", 1)] {
        let parts = [("a", "Head"), ("b", tail)];
        let turned = shape(&mut scope, &parts, &[["b.before", "a.next"]], &[]);
        let body = scope.relations().derive_composite(&turned);
        assert_eq!(body.requires.len(), expected, "{tail}");
    }
    // A connection that is not there is none.
    let apart = shape(&mut scope, &[("a", "Head"), ("b", "Tail")], &[], &[]);
    assert_eq!(scope.relations().derive_composite(&apart).requires.len(), 1);
}

/// What a part emits may wait, be refused or be lost before its peer handles it; and what a part
/// handles may have been emitted by a peer that another document gives it.
#[test]
fn that_an_event_is_emitted_and_that_it_is_handled_do_not_follow_from_each_other() {
    let mut scope = Scope::new(DECLARATIONS);
    // That a part handles nothing is not that its peer emits nothing, nor the other way round.
    assert_eq!(left(&mut scope, &["Deaf", "Tail"]), [2, 2]);
    assert_eq!(left(&mut scope, &["Head", "Deaf"])[0], 1);
    // What the one peer emits follows what it handles; of two peers each handles something else.
    assert_eq!(left(&mut scope, &["Source", "After"]), [1, 0]);
    assert_eq!(left(&mut scope, &["Source", "After", "After"]), [1, 1]);
}

/// What one end sees is not what the other end sees, whatever name they have for it.
#[test]
fn what_either_end_sees_is_told_apart() {
    let declarations = r#"
        endpoint Out { out say(); }
        endpoint Here { in say(); in hear(); }
        endpoint There { out say(); in hear(); }
        endpoint Deaf { out say(); in hear(); provides temporal "G !hear@*"; }
        endpoint Lasting { out say(); in hear(); provides temporal "G !disconnect@*"; }
        object DeafHead { endpoint next: There; provides temporal "G !next.hear@*"; }
        object DeafEnd { endpoint next: Deaf; }
        object LastingHead { endpoint next: There; provides temporal "G !next.disconnect@*"; }
        object LastingEnd { endpoint next: Lasting; }
        object Head { endpoint next: There; }
        object AfterHearing { endpoint before: Here; endpoint next: Out;
            provides temporal "G (next.say@* -> O before.hear@*)"; }
        object AfterAll { endpoint before: Here; endpoint next: Out;
            provides temporal "G (next.say@* -> O before.disconnect@*)"; }
        object Tail { endpoint before: mirror Out; requires temporal "G !before.say@*"; }
        object Own { endpoint before: Here; provides temporal "G !before.disconnect@*";
            requires temporal "G !before.disconnect@*"; }
        object Waiting { endpoint before: Here; endpoint next: Out;
            provides temporal "G (before.connect@* -> O next.connect@*)";
            requires temporal "G (before.say@* -> O next.connect@*)"; }"#;
    let mut scope = Scope::new(declarations);
    for (parts, expected) in [
        // Strangers may make the one in the middle hear something.
        (&["DeafHead", "AfterHearing", "Tail"][..], 1),
        (&["DeafEnd", "AfterHearing", "Tail"], 1),
        // And their connections may end.
        (&["LastingHead", "AfterAll", "Tail"], 1),
        (&["LastingEnd", "AfterAll", "Tail"], 1),
        // What a part sees of its connections is not what its peers see of theirs.
        (&["Head", "Own"], 1),
        (&["LastingHead", "Own"], 0),
        (&["LastingEnd", "Own"], 0),
        (&["Head", "Waiting"], 1),
    ] {
        assert_eq!(
            derived(&mut scope, parts, false).requires.len(),
            expected,
            "{parts:?}"
        );
    }
}

/// A formalism whose texts mean what they say in `temporal`.
struct Told;

impl Formalism for Told {
    fn name(&self) -> &'static str {
        "told"
    }

    fn id(&self) -> u128 {
        7
    }

    fn parse(&self, text: &str, _: &Structure) -> Result<Formula, ParseError> {
        Ok(Formula::new(text.to_owned()))
    }

    fn print(&self, formula: &Formula) -> String {
        formula.get::<String>().cloned().unwrap_or_default()
    }

    fn satisfiable(&self, _: &[&Formula], _: u64) -> Verdict {
        Verdict::Holds
    }

    fn implies(&self, _: &[&Formula], _: &formalism::Events, _: &Formula, _: u64) -> Verdict {
        Verdict::Unknown(Reason::Budget)
    }

    fn replay(&self, _: &[&Formula], _: &formalism::Events, _: &Formula, _: &Witness) -> bool {
        false
    }

    fn translations(&self) -> Vec<(String, Fidelity)> {
        vec![("temporal".to_owned(), Fidelity::Exact)]
    }

    fn translate(&self, formula: &Formula, _: &str, structure: &Structure) -> Option<Translated> {
        let Structure::Object(endpoints) = structure else {
            return None;
        };
        let mut keys = endpoints.iter();
        let (key, _) = keys.find(|(_, end)| end.name.ends_with("before"))?;
        Some(Translated {
            texts: vec![self.print(formula).replace("before", key)],
            fidelity: Fidelity::Exact,
        })
    }
}

/// What a part sees of its connections is not what its peers see, in whatever formalism it asks.
#[test]
fn a_requirement_that_is_translated_is_not_met_by_who_has_it() {
    let mut scope = Scope::new(
        r#"
        endpoint Here { in say(); }
        endpoint There { out say(); }
        object Head { endpoint next: There; }
        object Own { endpoint before: Here; provides temporal "G !before.disconnect@*";
            requires told "G !before.disconnect@*"; }"#,
    );
    scope.formalisms.add(Arc::new(Told));
    assert_eq!(
        derived(&mut scope, &["Head", "Own"], false).requires.len(),
        1
    );
}

/// Who requires something under an assumption that it keeps has to do with a peer that promises it to
/// it whatever others do.
#[test]
fn what_is_required_under_an_assumption_is_met_by_a_promise_that_is_as_wide() {
    let mut scope = Scope::new(
        r#"
        endpoint Out { out say(); }
        object Keeping { endpoint before: mirror Out; endpoint next: Out;
            provides temporal "G !next.say@*";
            requires temporal "G !before.say@*" given "G !next.say@*"; }
        endpoint Never { out say(); provides temporal "G !say@*"; }
        object KeepingThere { endpoint before: mirror Out; endpoint next: Never;
            requires temporal "G !before.say@*" given "G !next.say@*"; }
        object Any { endpoint before: mirror Out; endpoint next: Out;
            requires temporal "G !before.say@*" given "G !next.say@*"; }
        object Narrow { endpoint before: mirror Out; endpoint next: Out;
            provides temporal "G !next.say@*" given "G !before.say@*"; }
        object Wide { endpoint before: mirror Out; endpoint next: Out;
            provides temporal "G !next.say@*" given "G !before.say@*";
            requires temporal "G !before.say@*"; }"#,
    );
    for (parts, expected) in [
        (["Narrow", "Keeping"], 1),
        (["Narrow", "KeepingThere"], 1),
        (["Wide", "Keeping"], 0),
        (["Narrow", "Any"], 0),
    ] {
        let body = derived(&mut scope, &parts, true);
        assert_eq!(body.requires.len(), expected, "{parts:?}");
    }
}

/// Also where the type of an endpoint that is not connected here tells that it keeps the assumption.
#[test]
fn who_keeps_an_assumption_by_the_type_of_an_endpoint_is_owed_a_promise_that_is_as_wide() {
    let object = |name: &str, end: &str| {
        format!(
            r#"object {name} {{ endpoint before: mirror Out; endpoint next: Out; endpoint out: {end};
                provides temporal "G !next.say@*";
                requires temporal "G !before.say@*" given "G !next.say@* & G !out.say@*"; }}"#
        )
    };
    let declarations = r#"
        endpoint Out { out say(); }
        endpoint Never { out say(); provides temporal "G !say@*"; }
        endpoint Once { out say(); provides temporal "G (say@* -> X G !say@*)"; }
        object Narrow { endpoint before: mirror Out; endpoint next: Out;
            provides temporal "G !next.say@*" given "G !before.say@*"; }
        object Wide { endpoint before: mirror Out; endpoint next: Out;
            provides temporal "G !next.say@*" given "G !before.say@*";
            requires temporal "G !before.say@*"; }"#;
    let mut scope = Scope::new(
        &[
            declarations,
            &object("Keeping", "Never"),
            &object("KeepingOnce", "Once"),
            &object("Any", "Out"),
        ]
        .concat(),
    );
    for (giver, asker, expected) in [
        ("Narrow", "Keeping", 1),
        ("Wide", "Keeping", 0),
        ("Narrow", "KeepingOnce", 0),
        ("Narrow", "Any", 0),
    ] {
        let ends = [["a.next", "b.before"], ["b.next", "a.before"]];
        for exports in [&[][..], &[("shown", "b.out")]] {
            let parts = shape(&mut scope, &[("a", giver), ("b", asker)], &ends, exports);
            let left = scope.relations().derive_composite(&parts).requires.len();
            assert_eq!(left, expected, "{giver} and {asker}");
        }
    }
    for (left, expected) in [("Keeping", "unknown"), ("KeepingOnce", "holds")] {
        let [l, r] = [left, "Any"].map(|name| scope.resolve(name));
        let found = scope.relations().subtype(l, r).verdict.to_string();
        assert_eq!(found, expected, "{left}");
    }
}

/// What may be said of a part, and in the other half of them of its peers: `before` and `next` swapped.
const TEXTS: [&str; 10] = [
    "G !next.say@*",
    "G (next.say@* -> O before.say@*)",
    "G (next.say@* -> X G !next.say@*)",
    "G (before.say@* -> X G !next.say@*)",
    "G (before.say@* -> F next.say@*)",
    "G !before.say@*",
    "G (before.say@* -> O next.say@*)",
    "G (before.say@* -> X G !before.say@*)",
    "G (next.say@* -> X G !before.say@*)",
    "G (next.say@* -> F before.say@*)",
];

const PARTS: usize = 3;
const LENGTH: usize = 4;

/// What happens: what part `at` emits to the next one, what the part after it handles of that, and
/// what a stranger emits to part `at`, which handles it at once.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Happening {
    Emitted(usize),
    Handled(usize),
    Strange(usize),
}
use Happening::{Emitted, Handled, Strange};

/// A sequence of events at `next` and `before`: 1, then a digit for each, 1 for one at `next`.
type Events = usize;

fn after(events: Events, next: bool) -> Events {
    2 * events + usize::from(next)
}

/// A history, by what each part and its peers have seen after each happening.
struct History {
    all: Vec<Happening>,
    /// What each part did itself.
    own: Vec<[Events; PARTS]>,
    /// What the peers of each part did where they are connected with it. What is said of the one
    /// before it is about all that it emits, and of the next one about all that it handles.
    peers: Vec<[Events; PARTS]>,
    /// What strangers did to each part in the end.
    strangers: [Events; PARTS],
}

impl History {
    fn of(all: Vec<Happening>) -> History {
        let mut history = History {
            all: Vec::new(),
            own: vec![[1; PARTS]],
            peers: vec![[1; PARTS]],
            strangers: [1; PARTS],
        };
        for it in all {
            let mut own = *history.own.last().expect("one at the beginning");
            let mut peers = *history.peers.last().expect("one at the beginning");
            let (at, mut see) = match it {
                Emitted(at) => {
                    let next = (at + 1) % PARTS;
                    peers[next] = after(peers[next], false);
                    (at, true)
                }
                Handled(at) => ((at + 1) % PARTS, false),
                Strange(at) => {
                    history.strangers[at] = after(history.strangers[at], false);
                    (at, false)
                }
            };
            own[at] = after(own[at], see);
            see = !see;
            if see {
                let before = (at + PARTS - 1) % PARTS;
                peers[before] = after(peers[before], true);
            }
            history.all.push(it);
            history.own.push(own);
            history.peers.push(peers);
        }
        history
    }

    /// All in which nothing is handled that was not emitted.
    fn all() -> Vec<History> {
        let mut all = vec![Vec::new()];
        let mut first = 0;
        for _ in 0..LENGTH {
            let last = all.len();
            for at in first..last {
                let before: Vec<Happening> = all[at].clone();
                let count = |wanted| before.iter().filter(|it| **it == wanted).count();
                for part in 0..PARTS {
                    let mut next = vec![Emitted(part), Strange(part)];
                    if count(Emitted(part)) > count(Handled(part)) {
                        next.push(Handled(part));
                    }
                    let longer = next.into_iter();
                    all.extend(longer.map(|next| [&before[..], &[next]].concat()));
                }
            }
            first = last;
        }
        all.into_iter().map(History::of).collect()
    }

    fn own(&self, at: usize) -> Events {
        self.own[self.all.len()][at]
    }

    fn peers(&self, at: usize) -> Events {
        self.peers[self.all.len()][at]
    }
}

/// For each text and each sequence of events, whether it is true if nothing more happens.
struct Truths(Vec<Vec<bool>>);

impl Truths {
    fn new() -> Truths {
        let endpoint = |name: &str, emits: bool| {
            let mut end = EndpointStructure {
                name: name.to_owned(),
                emitted: BTreeMap::from([("say".to_owned(), Vec::new())]),
                ..EndpointStructure::default()
            };
            if !emits {
                end = end.turned();
            }
            (name.to_owned(), end)
        };
        let ends = [endpoint("next", true), endpoint("before", false)];
        let structure = Structure::Object(ends.into());
        let truths = TEXTS.map(|text| {
            let formula = Temporal::new().parse(text, &structure).expect(text);
            let sentence: &Sentence = formula.get().expect("a sentence");
            let truth = |events| holds(sentence, &lasso(events), 100_000).expect("it is short");
            (0..2 << LENGTH)
                .map(|events| events > 0 && truth(events))
                .collect()
        });
        Truths(truths.into())
    }

    fn of(&self, text: usize, events: Events) -> bool {
        self.0[text][events]
    }

    /// Whether these events refute a text: silence for ever refutes only promises.
    fn refuted(&self, text: usize, events: Events) -> bool {
        !TEXTS[text].contains("F ") && !self.of(text, events)
    }
}

fn lasso(events: Events) -> Lasso {
    let instance = |endpoint: &str| Instance {
        endpoint: endpoint.to_owned(),
        proxy: 0,
    };
    let position = |instance, event| {
        Position::Event(Occurrence {
            event,
            instance,
            arguments: BTreeMap::new(),
        })
    };
    let connected = [0, 1].map(|at| position(at, Event::Connect));
    let said = (0..events.ilog2()).rev().map(|digit| {
        let next = events >> digit & 1 == 1;
        let event = Event::Named {
            name: "say".to_owned(),
            emitted: next,
        };
        position(usize::from(!next), event)
    });
    Lasso {
        universe: Universe {
            instances: vec![instance("next"), instance("before")],
            proxies: 1,
            messages: BTreeMap::new(),
        },
        prefix: connected.into_iter().chain(said).collect(),
        cycle: vec![Position::Silence],
    }
}

/// What a part says, by the numbers of texts.
#[derive(Clone, Default)]
struct Part {
    provides: Vec<(usize, Option<usize>)>,
    requires: Vec<usize>,
}

struct Dice(u64);

impl Dice {
    fn below(&mut self, count: usize) -> usize {
        let next = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = next.wrapping_add(1);
        (self.0 >> 33) as usize % count
    }

    /// The number of a text, mostly of one about parts, or else about peers.
    fn text(&mut self, of_peers: bool) -> usize {
        let other = self.below(8) == 0;
        self.below(5) + 5 * usize::from(of_peers ^ other)
    }

    fn part(&mut self) -> Part {
        let mut part = Part::default();
        for _ in 0..1 + self.below(2) {
            let text = self.text(false);
            let given = match self.below(4) {
                0 => None,
                1 => Some(self.text(true)),
                // What a peer like this one promises.
                _ => Some((text + 5) % 10),
            };
            part.provides.push((text, given));
            part.requires.extend(given);
        }
        if self.below(3) == 0 {
            part.requires.push(self.text(true));
        }
        part
    }

    fn parts(&mut self) -> Vec<Part> {
        let mut parts: Vec<Part> = (0..PARTS).map(|_| self.part()).collect();
        for at in 1..PARTS {
            if self.below(4) > 0 {
                parts[at] = parts[at - 1].clone();
            }
        }
        parts
    }
}

impl Part {
    fn declared(&self, name: &str) -> String {
        let provides = self.provides.iter().map(|(text, given)| {
            let given = given.map(|given| format!(" given \"{}\"", TEXTS[given]));
            let given = given.unwrap_or_default();
            format!(r#"provides temporal "{}"{given};"#, TEXTS[*text])
        });
        let requires = self.requires.iter();
        let requires = requires.map(|text| format!(r#"requires temporal "{}";"#, TEXTS[*text]));
        let all: String = provides.chain(requires).collect();
        format!("object {name} {{ endpoint before: mirror Out; endpoint next: Out; {all} }}\n")
    }

    /// Whether a history keeps what part number `at` promises: no event refutes it unless its
    /// assumption is refuted.
    fn is_kept(&self, truths: &Truths, history: &History, at: usize) -> bool {
        self.provides.iter().all(|(text, given)| {
            let (text, kept) = (*text, truths.of(*text, history.own(at)));
            let Some(given) = *given else { return kept };
            let mut steps = history.own.iter().zip(&history.peers);
            (kept || !truths.of(given, history.peers(at)))
                && steps.all(|(own, peers)| {
                    truths.refuted(given, peers[at]) || !truths.refuted(text, own[at])
                })
        })
    }
}

#[test]
fn what_parts_meet_holds_in_every_history() {
    let (truths, histories) = (Truths::new(), History::all());
    let mut dice = Dice(5);
    let (mut met, mut dropped, mut left, mut in_circles) = (0, 0, 0, 0);
    for round in 0..60 {
        let parts = dice.parts();
        let declared = ["A", "B", "C"].into_iter().zip(&parts);
        let declared: String = declared.map(|(name, it)| it.declared(name)).collect();
        let mut scope = Scope::new(&format!("endpoint Out {{ out say(); }}\n{declared}"));
        let shape = row(&mut scope, &["A", "B", "C"], true);
        let mut relations = scope.relations();
        let body = relations.derive_composite(&shape);
        relations.queued = true;
        in_circles += usize::from(body != relations.derive_composite(&shape));

        let kept = |history: &&History| {
            parts.iter().enumerate().all(|(at, part)| {
                let mut required = part.requires.iter();
                part.is_kept(&truths, history, at)
                    && required.all(|text| truths.of(*text, history.strangers[at]))
            })
        };
        let kept: Vec<&History> = histories.iter().filter(kept).collect();
        let holds = |text: usize, events: &dyn Fn(&History) -> Events| {
            let holds = kept.iter().all(|history| truths.of(text, events(history)));
            assert!(holds, "round {round}: {}\n{declared}", TEXTS[text]);
        };
        let mut provided = body.provides.iter();
        for (at, (name, part)) in ["a/", "b/", "c/"].iter().zip(&parts).enumerate() {
            for (text, given) in &part.provides {
                let provided = provided.next().expect("it is provided all the same");
                if given.is_some() && provided.given.is_none() {
                    met += 1;
                    holds(*text, &|history| history.own(at));
                }
            }
            let is_of_part = |end: &String| end.starts_with(name);
            let mut requires = body.requires.iter();
            if requires.any(|it| it.renamed.values().any(is_of_part)) {
                left += 1;
            } else if !part.requires.is_empty() {
                dropped += 1;
                for text in &part.requires {
                    holds(*text, &|history| history.peers(at));
                }
            }
        }
    }
    assert!(
        met > 40 && dropped > 20 && left > 60 && in_circles > 8,
        "{met} {dropped} {left} {in_circles}"
    );
}
