//! Conversions are unique: on whichever steps of `<:` a value comes from one type to another, it
//! arrives as the same value (semantics, section 1: the first row that fits decides).

use liveobj_types::layout::Layouts;
use liveobj_types::types::{Basic, Types, Value};
use liveobj_types::{Data, Formalisms, Relations, ValueId};
use proptest::prelude::*;

use crate::boundary::generate::{Entropy, add, extremes, supertype, value, value_type, veil};
use crate::boundary::{Conversion, Payload, Scratch, Viewed, convert_data};

/// The wire bytes of `data`, which is of the first type of `path`, once it was converted in memory
/// from each type to the next.
fn along(types: &Types, path: &[Viewed], data: &Data) -> Vec<u8> {
    let mut layouts = Layouts::new(types);
    let mut data = data.clone();
    for step in path.windows(2) {
        let conversion = Conversion::build(&mut layouts, step[0], step[1]).expect("a supertype");
        let [from, to] = [step[0], step[1]].map(|ty| Payload::new(&mut layouts, ty));
        let (from, to) = (from.expect("small"), to.expect("small"));
        let memory = from.write(&data).expect("a value of its type");
        let mut scratch = Scratch::new();
        // SAFETY: the memory was written for the type that the conversion starts from, and what the
        // conversion gives is read before either goes.
        data = unsafe {
            let converted = conversion.apply(&mut scratch, memory.as_ptr());
            to.read(converted.expect("valid")).expect("valid")
        };
    }
    let last = path.last().expect("a path has types").actual;
    types.encode(last, &data).expect("a value of its type")
}

/// The same by the definition, on data.
fn defined(types: &Types, path: &[ValueId], data: &Data) -> Vec<u8> {
    let mut data = data.clone();
    for step in path.windows(2) {
        data = convert_data(types, step[0], step[1], &data).expect("a supertype");
    }
    let last = path.last().expect("a path has types");
    types.encode(*last, &data).expect("a value of its type")
}

fn bytes(most: usize) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..most)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn conversions_are_unique_along_generated_paths(
        shape in bytes(80),
        steps in prop::collection::vec(bytes(60), 2..4),
        view in bytes(40),
        contents in prop::collection::vec(bytes(120), 4),
    ) {
        let mut types = Types::new();
        let mut path = vec![value_type(&mut types, &mut Entropy::new(&shape), 4)];
        for step in &steps {
            let last = path[path.len() - 1];
            path.push(supertype(&mut types, last, &mut Entropy::new(step)));
        }
        let mut views = Entropy::new(&view);
        let viewed: Vec<Viewed> =
            path.iter().map(|ty| veil(&mut types, *ty, &mut views)).collect();
        let ends = [viewed[0], viewed[viewed.len() - 1]];
        for content in &contents {
            let data = value(&types, path[0], &mut Entropy::new(content));
            let direct = along(&types, &ends, &data);
            prop_assert_eq!(&direct, &along(&types, &viewed, &data), "{:?}", data);
            prop_assert_eq!(&direct, &defined(&types, &path, &data), "{:?}", data);
        }
    }
}

/// Small types, some of each kind and of each pair of kinds, with the first of their values.
fn small_types(types: &mut Types) -> Vec<(ValueId, Vec<Data>)> {
    let basics = [Basic::U8, Basic::S16, Basic::F32, Basic::F64];
    let basics = basics.map(|basic| (add(types, Value::Basic(basic)), extremes(basic)));
    let mut found = basics.to_vec();
    let mut level = found.clone();
    // Each level is built of the one before it.
    for _ in 0..2 {
        let mut next = Vec::new();
        // Nothing of two levels is put into records of two fields: they would be too many.
        let pairs = if level.len() == found.len() { 2 } else { 0 };
        for open in [false, true] {
            let none = Value::Record {
                fields: [].into(),
                open,
            };
            if pairs > 0 {
                next.push((add(types, none), vec![Data::Record([].into())]));
            }
        }
        for (index, (ty, values)) in level.iter().enumerate() {
            let some = values.iter().map(|data| Some(Box::new(data.clone())));
            let options = std::iter::once(None).chain(some).map(Data::Option);
            next.push((add(types, Value::Option(*ty)), options.collect()));
            let lists = [vec![], values.clone()].map(Data::List).to_vec();
            next.push((add(types, Value::List(*ty)), lists));
            for open in [false, true] {
                let field = |name: &str, data: &Data| (name.to_owned(), data.clone());
                let fields = [("a".to_owned(), *ty)].into();
                let records = values
                    .iter()
                    .map(|data| Data::Record([field("a", data)].into()));
                next.push((
                    add(types, Value::Record { fields, open }),
                    records.collect(),
                ));
                for (other, others) in level.iter().skip(index % 2).take(pairs) {
                    let fields = [("a".to_owned(), *ty), ("b".to_owned(), *other)].into();
                    let both = values.iter().zip(others.iter().rev());
                    let both =
                        both.map(|(a, b)| Data::Record([field("a", a), field("b", b)].into()));
                    next.push((add(types, Value::Record { fields, open }), both.collect()));
                }
            }
            let cases = [("a".to_owned(), Some(*ty)), ("b".to_owned(), None)];
            let case = |data: &Data| Data::Variant("a".to_owned(), Some(Box::new(data.clone())));
            let narrow: Vec<Data> = values.iter().map(case).collect();
            let mut wide = narrow.clone();
            wide.push(Data::Variant("b".to_owned(), None));
            next.push((
                add(types, Value::Variant(cases[..1].iter().cloned().collect())),
                narrow,
            ));
            next.push((add(types, Value::Variant(cases.into())), wide));
        }
        found.extend(next.iter().cloned());
        level = next;
    }
    for (_, values) in &mut found {
        values.truncate(4);
    }
    found
}

#[test]
fn conversions_are_unique_among_all_small_types() {
    let mut types = Types::new();
    let small = small_types(&mut types);
    let formalisms = Formalisms::none();
    let mut relations = Relations::new(&mut types, &formalisms);
    let above: Vec<Vec<usize>> = small
        .iter()
        .map(|(ty, _)| {
            let above = 0..small.len();
            let holds = |to: &usize| relations.value_subtype(*ty, small[*to].0).verdict.holds();
            above.filter(holds).collect()
        })
        .collect();
    drop(relations);
    let (mut paths, mut conversions) = (0, 0);
    for (from, (source, values)) in small.iter().enumerate() {
        for target in &above[from] {
            let ends = [*source, small[*target].0];
            let direct: Vec<Vec<u8>> = values
                .iter()
                .map(|data| along(&types, &ends.map(Viewed::plain), data))
                .collect();
            conversions += 1;
            for (data, direct) in values.iter().zip(&direct) {
                assert_eq!(*direct, defined(&types, &ends, data), "{data:?}");
            }
            let inner = above[from]
                .iter()
                .filter(|it| ![&from, target].contains(it));
            for between in inner.filter(|it| above[**it].contains(target)) {
                let path = [*source, small[*between].0, small[*target].0];
                paths += 1;
                for (data, direct) in values.iter().zip(&direct) {
                    let step_by_step = along(&types, &path.map(Viewed::plain), data);
                    assert_eq!(*direct, step_by_step, "{data:?} {path:?}");
                }
            }
        }
    }
    let counts = (small.len(), conversions, paths);
    assert!(
        counts.0 > 250 && counts.1 > 2_000 && counts.2 > 8_000,
        "{counts:?}"
    );
}
