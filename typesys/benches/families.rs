//! Families of mutually recursive types, a hundred, a thousand and ten thousand: parsing them,
//! judging their declarations, comparing a family with another one that was declared independently,
//! and the canonical form. Everything should grow tenfold from one to the next.

mod family;

use divan::{Bencher, black_box};
use family::{ALL, Family, family, parse, resolve, two};
use liveobj_types::resolve::Environment;
use liveobj_types::syntax::parse_type;
use liveobj_types::{Formalisms, Relations, Source, Types};

fn main() {
    divan::main();
}

const SIZES: [usize; 3] = [100, 1_000, 10_000];

fn cases() -> impl Iterator<Item = (Family, usize)> {
    ALL.into_iter()
        .flat_map(|family| SIZES.map(|size| (family, size)))
}

/// The baseline of this file: the text is looked at once, byte by byte.
#[divan::bench(args = cases().map(Case), sample_count = 10)]
fn baseline_lines(bencher: Bencher, case: &Case) {
    let (text, _) = family(case.0.0, case.0.1, "u16");
    bencher.bench(|| {
        black_box(&text)
            .bytes()
            .filter(|byte| *byte == b'\n')
            .count()
    });
}

#[divan::bench(args = cases().map(Case), sample_count = 10)]
fn parsed(bencher: Bencher, case: &Case) {
    let (text, _) = family(case.0.0, case.0.1, "u16");
    bencher.bench(|| parse(black_box(&text)));
}

#[divan::bench(args = cases().map(Case), sample_count = 10)]
fn judged(bencher: Bencher, case: &Case) {
    let (text, _) = family(case.0.0, case.0.1, "u16");
    let module = parse(&text);
    let formalisms = Formalisms::none();
    bencher.bench(|| {
        let faults = Types::new().check_module(&module, &formalisms);
        assert!(faults.is_empty(), "{faults:?}");
    });
}

#[divan::bench(args = cases().map(Case), sample_count = 10)]
fn compared(bencher: Bencher, case: &Case) {
    let (types, [left, right]) = two(case.0.0, case.0.1, ["u16", "u16"]);
    let formalisms = Formalisms::none();
    bencher.with_inputs(|| types.clone()).bench_refs(|types| {
        let verdict = Relations::new(types, &formalisms).is_subtype(left, right);
        assert!(verdict.holds());
    });
}

#[divan::bench(args = cases().map(Case), sample_count = 10)]
fn hashed(bencher: Bencher, case: &Case) {
    let (types, [left, _]) = two(case.0.0, case.0.1, ["u16", "u16"]);
    bencher.bench(|| types.identity(black_box(left)));
}

#[divan::bench(args = cases().map(Case), sample_count = 10)]
fn described(bencher: Bencher, case: &Case) {
    let (types, [left, _]) = two(case.0.0, case.0.1, ["u16", "u16"]);
    bencher.bench(|| (types.describe(black_box(left)), types.declaration(left)));
}

/// As many type expressions that are refused, among as many types: what each added goes again.
#[divan::bench(args = SIZES, sample_count = 10)]
fn refused(bencher: Bencher, size: usize) {
    let (text, head) = family(Family::Records, size, "u16");
    let module = parse(&format!("{text} record Small<V: value <: u8> {{ v: V }}"));
    let mut types = Types::new();
    resolve(&mut types, &module, &head);
    let source = Source::new("type", "list<Small<string>>");
    let parsed = parse_type(&source).expect("a type");
    bencher.with_inputs(|| types.clone()).bench_refs(|types| {
        for _ in 0..size {
            let refused = types.resolve(&module, &source, &parsed, &Environment::new());
            assert!(refused.is_err());
        }
    });
}

/// A case, as it is shown.
struct Case((Family, usize));

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {}", self.0.0, self.0.1)
    }
}
