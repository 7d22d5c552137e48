//! Large and hostile declarations: time, memory and stack stay bounded.

use super::*;

fn codes_of(text: &str) -> Vec<&'static str> {
    let faults = Types::new().check_module(&module(text), &Formalisms::none());
    faults.iter().map(|fault| fault.code.as_str()).collect()
}

fn many(count: usize, declaration: impl Fn(usize) -> String) -> String {
    (0..count).map(declaration).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_thousand_declarations_through_each_other() {
    let text = many(1000, |n| {
        let next = (n + 1) % 1000;
        format!(
            "record R{n} {{ next: option<R{next}>, back: list<R{}>, o: reference<O{next}> }}
            endpoint E{n} {{ in e(r: R{next}, x: external<E{next}>); }}
            object O{n} {{ endpoint e: E{next}; endpoint m: mirror E{n}; }}",
            (n + 999) % 1000,
        )
    });
    assert_eq!(codes_of(&text), [""; 0]);
}

#[test]
fn long_chains_of_aliases() {
    let chain = many(5000, |n| format!("type A{n} = A{};", n + 1));
    assert_eq!(codes_of(&format!("{chain} type A5000 = u8;")), [""; 0]);
    assert_eq!(
        codes_of(&format!("{chain} type A5000 = A0;")),
        ["cyclic-alias"]
    );
    let nested = many(2000, |n| format!("type A{n} = list<A{}>;", n + 1));
    assert_eq!(codes_of(&format!("{nested} type A2000 = A0;")), [""; 0]);
    let through = many(2000, |n| format!("type A{n} = Box<A{}>;", n + 1));
    let boxed = "record Box<T: value> { t: list<T> }";
    assert_eq!(
        codes_of(&format!("{through} {boxed} type A2000 = A0;")),
        [""; 0]
    );
    let identity = many(2000, |n| format!("type A{n} = Id<A{}>;", n + 1));
    assert_eq!(
        codes_of(&format!(
            "{identity} type Id<T: value> = T; type A2000 = u8;"
        )),
        [""; 0]
    );
}

#[test]
fn doubling_stays_small() {
    let text = many(100, |n| format!("type A{} = tuple<A{n}, A{n}>;", n + 1));
    let module = module(&format!("{text} type A0 = u8;"));
    let mut types = Types::new();
    assert_eq!(types.check_module(&module, &Formalisms::none()), []);
    assert!(types.values.len() < 1000);
    let id = resolve(&mut types, &module, "A100");
    assert!(types.describe(id).chars().count() <= 201);
}

#[test]
fn permuted_parameters_reach_the_limit() {
    let names: Vec<String> = (0..9).map(|n| format!("T{n}")).collect();
    let parameters: Vec<String> = names.iter().map(|name| format!("{name}: value")).collect();
    let mut swapped = names.clone();
    swapped.swap(0, 1);
    let mut turned = names.clone();
    turned.rotate_left(1);
    let uses: Vec<String> = ["u8", "u16", "u32", "u64", "s8", "s16", "s32", "s64", "bool"]
        .map(str::to_owned)
        .to_vec();
    let text = format!(
        "record R<{}> {{ a: list<R<{}>>, b: list<R<{}>> }} record U {{ u: R<{}> }}",
        parameters.join(", "),
        swapped.join(", "),
        turned.join(", "),
        uses.join(", "),
    );
    assert_eq!(codes_of(&text), ["limit-exceeded"]);
}

#[test]
fn long_cycles_without_finite_values() {
    let text = many(1000, |n| {
        format!("record R{n} {{ next: R{} }}", (n + 1) % 1000)
    });
    let codes = codes_of(&text);
    assert_eq!(codes.len(), 1000);
    assert!(codes.iter().all(|code| *code == "no-finite-value"));
}

#[test]
fn what_failed_once_fails_again() {
    let module = module(
        "record Small<N: value <: u32> { n: N } record Bad { s: Small<string> }
        record Uses { b: list<Bad> }",
    );
    let mut types = Types::new();
    types.check_module(&module, &Formalisms::none());
    for text in ["Bad", "Uses", "Bad", "list<Uses>"] {
        let faults = try_resolve(&mut types, &module, text).unwrap_err();
        assert_eq!(faults[0].code, codes::ARGUMENT_OUT_OF_BOUND, "{text}");
    }
    assert!(try_resolve(&mut types, &module, "Small<u8>").is_ok());
}

#[test]
fn expressions_that_nest_deeply_are_refused() {
    let mut expr = parse_type(&Source::new("as", "u8")).unwrap();
    let span = expr.span();
    for _ in 0..1000 {
        let name = crate::syntax::Ident {
            name: "list".to_owned(),
            span,
        };
        expr = TypeExpr::Named {
            name,
            arguments: vec![expr],
            span,
        };
    }
    let faults = Types::new()
        .resolve(
            &module(""),
            &Source::new("as", ""),
            &expr,
            &Environment::new(),
        )
        .unwrap_err();
    assert_eq!(faults[0].code, codes::LIMIT_EXCEEDED);
}

#[test]
fn thousands_of_faults_take_no_longer_than_they_must() {
    let text = many(3000, |n| {
        format!("record R{n} {{ a: Missing{n}, b: Small<string> }}")
    });
    let codes = codes_of(&format!("{text} record Small<N: value <: u32> {{ n: N }}"));
    assert_eq!(codes.len(), 3000);
    let text = many(1000, |n| format!("record R{n} {{ b: Small<string> }}"));
    let codes = codes_of(&format!("{text} record Small<N: value <: u32> {{ n: N }}"));
    assert_eq!(codes.len(), 1000);
}
