//! Questions about types of the size of `CheckpointedChannel`: known already, and asked of types
//! that nobody has compared before. The baselines are a look into a hash table, and comparing the
//! two types by their canonical forms.

use std::collections::HashMap;

use divan::{Bencher, black_box};
use liveobj_types::resolve::Environment;
use liveobj_types::syntax::parse_type;
use liveobj_types::{EndpointId, Formalisms, Module, Relations, Source, TypeId, Types};

/// Declared twice, as two libraries would that do not know each other.
const DECLARATIONS: [&str; 2] = ["Here", "There"];

fn main() {
    divan::main();
}

struct Subject {
    types: Types,
    formalisms: Formalisms,
    left: TypeId,
    right: TypeId,
}

impl Subject {
    /// The object types, or the endpoint types inside: here, and there mirrored if `mirror`.
    fn new(object: bool, mirror: bool) -> Subject {
        let mut types = Types::new();
        let formalisms = liveobj_formalisms::builtin();
        types.set_formalisms(&formalisms);
        let ids = DECLARATIONS.map(|name| {
            let text = declarations(name);
            let source = Source::new(name, text);
            let (module, faults) = Module::parse(name, &source, &mut |_| None);
            assert!(faults.is_empty(), "{faults:?}");
            let arguments = "<Message, Checkpoint>";
            let text = match (object, mirror && name == "There") {
                (true, _) => format!("{name}{arguments}"),
                (false, false) => format!("{name}Service{arguments}"),
                (false, true) => format!("mirror {name}Service{arguments}"),
            };
            let expression = Source::new("type", text);
            let parsed = parse_type(&expression).expect("a type");
            let id = types.resolve(&module, &expression, &parsed, &Environment::new());
            id.expect("well formed")
        });
        let [left, right] = ids;
        Subject {
            types,
            formalisms,
            left,
            right,
        }
    }

    fn endpoints(&self) -> (EndpointId, EndpointId) {
        match (self.left, self.right) {
            (TypeId::Endpoint(left), TypeId::Endpoint(right)) => (left, right),
            _ => unreachable!("they are endpoint types"),
        }
    }
}

fn declarations(name: &str) -> String {
    format!(
        "record Message {{ text: string, at: u64, author: option<string> }}
         record Checkpoint {{ lines: list<Message>, count: u32 }}
         endpoint {name}Service<M: value, C: value> {{
             in send(message: M);
             in checkpoint(checkpoint: C);
             out receive(message: M);
             out initialize(checkpoint: C);
             out checkpoint_wanted();
             provides properties \"best_effort\";
         }}
         object {name}<M: value, C: value> {{ endpoint channel: {name}Service<M, C> many; }}"
    )
}

#[divan::bench]
fn cached_baseline_hash_table(bencher: Bencher) {
    let known = HashMap::from([((1_u32, 2_u32), true), ((3, 4), false)]);
    bencher.bench(|| known.get(&black_box((1, 2))).copied());
}

#[divan::bench]
fn cached_subtype(bencher: Bencher) {
    let mut subject = Subject::new(true, false);
    let mut relations = Relations::new(&mut subject.types, &subject.formalisms);
    let (left, right) = (subject.left, subject.right);
    assert!(relations.is_subtype(left, right).holds());
    bencher.bench_local(|| relations.is_subtype(black_box(left), black_box(right)));
}

#[divan::bench]
fn cached_match(bencher: Bencher) {
    let mut subject = Subject::new(false, true);
    let (left, right) = subject.endpoints();
    let mut relations = Relations::new(&mut subject.types, &subject.formalisms);
    assert!(relations.matches(left, right).holds());
    bencher.bench_local(|| relations.matches(black_box(left), black_box(right)));
}

#[divan::bench]
fn cached_mismatch(bencher: Bencher) {
    let mut subject = Subject::new(false, false);
    let (left, right) = subject.endpoints();
    let mut relations = Relations::new(&mut subject.types, &subject.formalisms);
    assert!(relations.matches(left, right).fails());
    bencher.bench_local(|| relations.matches(black_box(left), black_box(right)));
}

#[divan::bench]
fn uncached_baseline_canonical_forms(bencher: Bencher) {
    let subject = Subject::new(true, false);
    bencher
        .bench(|| subject.types.canonical(subject.left) == subject.types.canonical(subject.right));
}

#[divan::bench]
fn uncached_subtype(bencher: Bencher) {
    let subject = Subject::new(true, false);
    // What is known does not go with the copy.
    bencher
        .with_inputs(|| subject.types.clone())
        .bench_refs(|types| {
            let mut relations = Relations::new(types, &subject.formalisms);
            let verdict = relations.is_subtype(subject.left, subject.right);
            assert!(verdict.holds());
        });
}

#[divan::bench]
fn uncached_match(bencher: Bencher) {
    let subject = Subject::new(false, true);
    let (left, right) = subject.endpoints();
    bencher
        .with_inputs(|| subject.types.clone())
        .bench_refs(|types| {
            let verdict = Relations::new(types, &subject.formalisms).matches(left, right);
            assert!(verdict.holds());
        });
}

/// Both send and both receive the same: with everything that there is to tell.
#[divan::bench]
fn uncached_mismatch_explained(bencher: Bencher) {
    let subject = Subject::new(false, false);
    let (left, right) = subject.endpoints();
    bencher
        .with_inputs(|| subject.types.clone())
        .bench_refs(|types| {
            Relations::new(types, &subject.formalisms).endpoints_match(left, right)
        });
}
