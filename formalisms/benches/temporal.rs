//! How long implications of `temporal` take to decide. The baseline of each is to read its texts.

use divan::{Bencher, black_box};
use liveobj_formalisms::Temporal;
use liveobj_types::formalism::{
    Domain, EndpointStructure, Events, Formalism, Formula, Parameter, Structure,
};
use liveobj_types::verdict::Verdict;

const BUDGET: u64 = 1_000_000;

/// Premise, conclusion, verdict.
const QUESTIONS: [(&str, &str, &str); 8] = [
    (
        "G (receive(m) -> O send(m))",
        "!receive(m) W send(m)",
        "holds",
    ),
    (
        "G (receive(m) -> O send(m))",
        "at most once receive(m)",
        "fails",
    ),
    (
        "at most once receive(m)",
        "G (receive(m) -> H !(done & O receive(m)))",
        "holds",
    ),
    (
        "forall i, j: instance. G (receive@i(m) -> O send@j(m))",
        "G (receive(m) -> O send@*(m))",
        "holds",
    ),
    (
        "forall i, j: instance. G (receive@i(m) & O receive@i(n) & m != n & F receive@j(m) & F receive@j(n) -> \
         F (receive@j(m) & O receive@j(n)))",
        "forall i, j, k: instance. G (receive@i(m) & O receive@i(n) & m != n & F receive@j(m) & F receive@j(n) & F receive@k(m) -> \
         F (receive@j(m) & O receive@j(n)))",
        "holds",
    ),
    ("G F send", "F G send", "fails"),
    (
        "G (send(m) -> F receive(m))",
        "G (send(m) -> F receive@*(m))",
        "holds",
    ),
    ("at most once send(m)", "F G !send", "unknown"),
];

fn main() {
    divan::main();
}

fn structure() -> Structure {
    let event = |name: &str, parameters: &[&str]| {
        let parameters = parameters.iter().map(|name| Parameter {
            name: (*name).to_owned(),
            domain: Domain::default(),
        });
        (name.to_owned(), parameters.collect::<Vec<_>>())
    };
    Structure::Endpoint(EndpointStructure {
        received: [event("send", &["m"])].into(),
        emitted: [event("receive", &["m"]), event("done", &[])].into(),
        ..EndpointStructure::default()
    })
}

fn read(text: &str) -> Formula {
    let read = Temporal::new().parse(text, &structure());
    read.unwrap_or_else(|error| panic!("{text}: {error:?}"))
}

#[divan::bench(args = 0..QUESTIONS.len())]
fn read_alone(bencher: Bencher, number: usize) {
    let (premise, conclusion, _) = QUESTIONS[number];
    bencher.bench(|| (read(black_box(premise)), read(black_box(conclusion))));
}

#[divan::bench(args = 0..QUESTIONS.len())]
fn decide(bencher: Bencher, number: usize) {
    let (premise, conclusion, expected) = QUESTIONS[number];
    let (premise, conclusion) = (read(premise), read(conclusion));
    let ask = || -> Verdict {
        Temporal::new().implies(&[black_box(&premise)], &Events::All, &conclusion, BUDGET)
    };
    assert_eq!(ask().to_string(), expected);
    bencher.bench(ask);
}
