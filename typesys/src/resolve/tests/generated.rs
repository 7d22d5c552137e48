//! Generated declarations: whatever they say, judging them ends, panics never and is repeatable,
//! and what is accepted can be used.

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use super::*;
use crate::Relations;

/// Value types that are mostly well formed: recursion goes through lists, keys are keys.
fn tame() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        3 => prop::sample::select(vec!["u8", "u32", "f64", "string"]).prop_map(str::to_owned),
        1 => (0..5usize).prop_map(|n| format!("list<R{n}>")),
        1 => (0..5usize).prop_map(|n| format!("list<A{n}>")),
        1 => (0..5usize).prop_map(|n| format!("map<u8, V{n}>")),
        1 => (0..5usize).prop_map(|n| format!("reference<O{n}>")),
        1 => (0..5usize).prop_map(|n| format!("external<mirror E{n}>")),
    ];
    leaf.prop_recursive(3, 12, 2, |inner| {
        prop_oneof![
            (0..5usize, inner.clone()).prop_map(|(n, a)| format!("list<G{n}<{a}>>")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("tuple<{a}, {b}>")),
            inner.prop_map(|a| format!("list<option<{a}>>")),
        ]
    })
    .boxed()
}

/// Types of all kinds, right and wrong: declarations 0-4 of each, a parameter, built-ins.
fn wild() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        8 => prop::sample::select(vec!["u8", "u32", "f64", "string", "bool"]).prop_map(str::to_owned),
        8 => (0..5usize).prop_map(|n| format!("R{n}")),
        3 => (0..5usize).prop_map(|n| format!("A{n}")),
        3 => (0..5usize).prop_map(|n| format!("V{n}")),
        4 => Just("T".to_owned()),
        1 => (0..5usize).prop_map(|n| format!("E{n}")),
        1 => (0..5usize).prop_map(|n| format!("O{n}")),
        1 => Just("Object".to_owned()),
        1 => Just("Missing".to_owned()),
    ];
    leaf.prop_recursive(3, 12, 2, |inner| {
        prop_oneof![
            4 => inner.clone().prop_map(|a| format!("list<{a}>")),
            4 => inner.clone().prop_map(|a| format!("option<{a}>")),
            2 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("map<{a}, {b}>")),
            2 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("tuple<{a}, {b}>")),
            6 => (0..5usize, inner.clone()).prop_map(|(n, a)| format!("G{n}<{a}>")),
            2 => (0..5usize).prop_map(|n| format!("reference<O{n}>")),
            2 => (0..5usize).prop_map(|n| format!("external<mirror E{n}>")),
            2 => (0..5usize).prop_map(|n| format!("external<E{n}>")),
            1 => inner.clone().prop_map(|a| format!("external<{a}>")),
            1 => inner.prop_map(|a| format!("mirror {a}")),
        ]
    })
    .boxed()
}

fn declarations<S: Strategy<Value = String> + 'static>(
    expression: fn() -> S,
    bounds: bool,
) -> impl Strategy<Value = String> {
    let fields = move || prop::collection::vec(expression(), 0..3);
    let of = move |n: usize| {
        (
            (fields(), fields(), expression(), fields(), expression()),
            (any::<bool>(), any::<bool>(), expression(), expression()),
        )
            .prop_map(
                move |((record, generic, alias, events, case), (a, b, bound, state))| {
                    let list = |fields: &[String]| {
                        let fields = fields.iter().enumerate();
                        fields
                            .map(|(n, ty)| format!("f{n}: {ty}"))
                            .collect::<Vec<_>>()
                            .join(", ")
                    };
                    let bound = if a && bounds {
                        format!(" <: {bound}")
                    } else {
                        String::new()
                    };
                    let many = if b { " many" } else { "" };
                    let state = if a && b {
                        format!("state {state};")
                    } else {
                        String::new()
                    };
                    format!(
                        "record R{n} {{ {} }}
                    record G{n}<T: value{bound}> {{ {} }}
                    type A{n} = {alias};
                    variant V{n} {{ a, b({case}) }}
                    endpoint E{n} {{ in i({}); out o(x: external<E{n}>); }}
                    object O{n} {{ endpoint e: E{n}{many}; endpoint m: mirror E{n}; {state} }}
                    template t{n}<T: value>(p: G{n}<T>): O{n};",
                        list(&record),
                        list(&generic),
                        list(&events),
                    )
                },
            )
    };
    [of(0), of(1), of(2), of(3), of(4)].prop_map(|all| all.join("\n"))
}

/// What judging must always satisfy.
fn judge(text: &str) -> bool {
    let module = module(text);
    let mut types = Types::new();
    let faults = types.check_module(&module, &Formalisms::none());
    assert_eq!(types.check_module(&module, &Formalisms::none()), faults);
    assert_eq!(
        Types::new().check_module(&module, &Formalisms::none()),
        faults
    );
    assert!(
        faults.iter().all(|fault| !fault.labels.is_empty()),
        "{faults:?}"
    );
    for kind in ["R", "A", "V", "E", "O"] {
        for n in 0..5 {
            let name = format!("{kind}{n}");
            let resolved = try_resolve(&mut types, &module, &name);
            if !faults.is_empty() {
                continue;
            }
            let id = resolved.unwrap();
            assert_eq!(id, resolve(&mut types, &module, &name));
            assert_eq!(types.identity(id), {
                let mut other = Types::new();
                let copy = other.import(&types, id);
                other.identity(copy)
            });
            assert!(!types.declaration(id).is_empty());
            let formalisms = Formalisms::none();
            let reflexive = Relations::new(&mut types, &formalisms).subtype(id, id);
            assert!(reflexive.verdict.holds(), "{name}: {reflexive:?}");
        }
    }
    faults.is_empty()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn judging_declarations_ends_and_is_repeatable(text in declarations(wild, true)) {
        judge(&text);
    }
}

#[test]
fn what_is_accepted_can_be_used() {
    let mut accepted = 0;
    let mut runner = TestRunner::deterministic();
    for _ in 0..40 {
        let text = declarations(tame, false)
            .new_tree(&mut runner)
            .unwrap()
            .current();
        accepted += usize::from(judge(&text));
    }
    assert!(accepted > 20, "only {accepted} of 40 were accepted");
}
