mod constraints;
mod domains;
mod generated;
mod graph;
mod limits;
mod private;
mod unread;

use std::fmt::Write as _;

use expect_test::{Expect, expect};

use super::*;
use crate::syntax::parse_type;

/// Parses a module that can use the standard library.
fn module(text: &str) -> Arc<Module> {
    let source = Source::new("test.lot", text);
    let (module, faults) = Module::parse("test", &source, &mut |name| {
        (name == "liveobj:standard").then(Module::standard)
    });
    assert_eq!(faults, []);
    module
}

/// What `check_module` says of a text, shortly.
fn check(text: &str, expect: Expect) {
    let mut types = Types::new();
    let module = module(text);
    let faults = types.check_module(&module, &Formalisms::none());
    expect.assert_eq(&shown(&faults));
    // Judging again says the same, and nothing is left behind by errors.
    assert_eq!(types.check_module(&module, &Formalisms::none()), faults);
}

fn shown(faults: &[Diagnostic]) -> String {
    let mut out = String::new();
    for fault in faults {
        let place = fault.labels.first().map(|label| label.place.clone());
        let place = place.map_or(String::new(), |place| {
            let (line, column) = place.source.line_column(place.span.start);
            let part = place
                .source
                .text
                .get(place.span.start..place.span.end)
                .unwrap_or("?");
            format!("{line}:{column} `{part}` ")
        });
        writeln!(out, "{place}{}: {}", fault.code, fault.message).unwrap();
        for label in fault.labels.iter().skip(1) {
            writeln!(out, "  at {}: {}", label.place, label.text).unwrap();
        }
        for note in &fault.notes {
            writeln!(out, "  note: {note}").unwrap();
        }
        if let Some(help) = &fault.help {
            writeln!(out, "  help: {help}").unwrap();
        }
    }
    out
}

fn resolve(types: &mut Types, module: &Arc<Module>, text: &str) -> TypeId {
    try_resolve(types, module, text).unwrap()
}

fn try_resolve(
    types: &mut Types,
    module: &Arc<Module>,
    text: &str,
) -> Result<TypeId, Vec<Diagnostic>> {
    let source = Source::new("as", text);
    let expr = parse_type(&source).unwrap();
    types.resolve(module, &source, &expr, &Environment::new())
}

#[test]
fn the_standard_library_is_well_formed() {
    let mut types = Types::new();
    let faults = types.check_module(&Module::standard(), &Formalisms::none());
    assert_eq!(faults, []);
}

#[test]
fn what_is_well_formed_is_accepted() {
    check(
        r#"
        use "liveobj:standard";
        type Position = u32;
        type Positions = list<Position>;
        record Tree<T: value> { here: T, below: list<Tree<T>>, fixed: option<Tree<list<u8>>> }
        variant Shape { dot, group(list<Shape>), pair(tuple<Position, Shape>) }
        enum Color { red, green }
        record Palette { names: map<Color, string>, cells: map<tuple<u8, Color>, Color> }
        endpoint Door<T: value> { in open(by: Tree<T>, through: external<Door<T>>); out shut(..); }
        object House<Guest: object> { endpoint door: Door<reference<Guest>>; state Palette; }
        object Hotel { endpoint back: mirror Door<reference<House<Hotel>>> many; }
        template hotel<T: value>(rooms: u8, names: Positions = []): Channel<T>;
        "#,
        expect![[""]],
    );
}

#[test]
fn names_that_nothing_declares() {
    check(
        "use \"liveobj:standard\"; record A<Item: value> { a: strng, b: list<Itm>, c: Banana<Bananas> }
        object B { endpoint c: ChanelService<A<u8>>; } template t(a: A<u9>): Chanel<u8>;",
        expect![[r#"
            1:52 `strng` unknown-type: no type is called `strng`
              help: did you mean `string`?
            1:67 `Itm` unknown-type: no type is called `Itm`
              help: did you mean `Item`?
            1:76 `Banana` unknown-type: no type is called `Banana`
              help: declare it, or `use` the library that does
            1:83 `Bananas` unknown-type: no type is called `Bananas`
              help: declare it, or `use` the library that does
            2:32 `ChanelService` unknown-type: no type is called `ChanelService`
              help: did you mean `ChannelService`?
            2:72 `u9` unknown-type: no type is called `u9`
              help: did you mean `u8`?
            2:78 `Chanel` unknown-type: no type is called `Chanel`
              help: did you mean `Channel`?
        "#]],
    );
}

#[test]
fn a_bound_uses_the_parameters_before_it() {
    check(
        "record A<T: value, U: value <: list<T>> { a: U }",
        expect![[""]],
    );
    check(
        "record A<U: value <: list<T>, T: value> { a: U, t: T }",
        expect![[r#"
        1:27 `T` unknown-type: no type is called `T`
          help: a bound can use only the parameters before it
    "#]],
    );
    check(
        "record A<T: value <: T> { a: T }",
        expect![[r#"
        1:22 `T` unknown-type: no type is called `T`
          help: a bound can use only the parameters before it
    "#]],
    );
}

#[test]
fn types_of_the_wrong_kind() {
    check(
        "record R { a: u8 } endpoint E { in e(r: R, o: O, f: external<O>); out g(x: E); }
        object O { endpoint r: R; endpoint o: O; endpoint p: mirror O; state E; }
        record S { a: reference<E>, b: list<O>, c: Object, d: t }
        endpoint G<P: object> { in e(p: P, q: reference<P>); }
        object Q { endpoint g: G<R>; }
        type Alias = mirror E; record T { a: Alias }
        template t(r: E): R;
        template u<P: object>(): P;
        template v(): Object;
        record W<N: value <: Object> { n: N }",
        expect![[r#"
            1:47 `O` wrong-kind: `O` is an object type, but a value type is needed here
              at test.lot:2:16: declared here
              help: write `reference<O>` for a reference to such an object
            1:62 `O` wrong-kind: `O` is an object type, but an endpoint type is needed here
              at test.lot:2:16: declared here
              help: name the type of one of its endpoints
            1:76 `E` wrong-kind: `E` is an endpoint type, but a value type is needed here
              at test.lot:1:29: declared here
              help: write `external<E>` for a reference to such an endpoint
            2:32 `R` wrong-kind: `R` is a value type, but an endpoint type is needed here
              at test.lot:1:8: declared here
              help: an endpoint type is declared with `endpoint`
            2:47 `O` wrong-kind: `O` is an object type, but an endpoint type is needed here
              at test.lot:2:16: declared here
              help: name the type of one of its endpoints
            2:69 `O` wrong-kind: `O` is an object type, but an endpoint type is needed here
              at test.lot:2:16: declared here
              help: name the type of one of its endpoints
            2:78 `E` wrong-kind: `E` is an endpoint type, but a value type is needed here
              at test.lot:1:29: declared here
              help: write `external<E>` for a reference to such an endpoint
            3:33 `E` wrong-kind: `E` is an endpoint type, but an object type is needed here
              at test.lot:1:29: declared here
              help: declare an `object` with an endpoint of this type
            3:45 `O` wrong-kind: `O` is an object type, but a value type is needed here
              at test.lot:2:16: declared here
              help: write `reference<O>` for a reference to such an object
            3:52 `Object` wrong-kind: `Object` is an object type, but a value type is needed here
              help: write `reference<Object>` for a reference to such an object
            3:63 `t` wrong-kind: `t` is a template, not a type
              at test.lot:7:18: declared here
              help: name the type of the objects that it makes
            4:41 `P` wrong-kind: `P` is an object type, but a value type is needed here
              help: write `reference<P>` for a reference to such an object
            5:34 `R` wrong-kind: `R` is a value type, but an object type is needed here
              at test.lot:1:8: declared here
              help: an object type is declared with `object`
            6:46 `Alias` wrong-kind: `Alias` is an endpoint type, but a value type is needed here
              at test.lot:6:14: declared here
              help: write `external<Alias>` for a reference to such an endpoint
            7:23 `E` wrong-kind: `E` is an endpoint type, but a value type is needed here
              at test.lot:1:29: declared here
              help: write `external<E>` for a reference to such an endpoint
            7:27 `R` wrong-kind: `R` is a value type, but an object type is needed here
              at test.lot:1:8: declared here
              help: an object type is declared with `object`
            8:34 `P` wrong-kind: `u` makes objects of type `P`, a parameter: nobody can know its endpoints
              help: name an object type that is declared with its endpoints
            9:23 `Object` wrong-kind: `v` makes objects of type `Object`, which types values only
              help: name an object type that is declared with its endpoints
            10:30 `Object` wrong-kind: `Object` is an object type, but a value type is needed here
              help: write `reference<Object>` for a reference to such an object
        "#]],
    );
}

#[test]
fn numbers_of_arguments() {
    check(
        "record P<A: value, B: value> { a: A, b: B }
        record R { a: P<u8>, b: P, c: list, d: map<u8>, e: u8<u8>, f: tuple, g: Object<u8> }
        record Q<T: value> { t: T<u8>, q: R<u8> }",
        expect![[r#"
            2:23 `P<u8>` wrong-argument-count: `P` takes 2 type arguments, but 1 is given
              at test.lot:1:8: declared here
              help: write `P<A, B>`
            2:33 `P` wrong-argument-count: `P` takes 2 type arguments, but 0 are given
              at test.lot:1:8: declared here
              help: write `P<A, B>`
            2:39 `list` wrong-argument-count: `list` takes 1 type argument, but 0 are given
            2:48 `map<u8>` wrong-argument-count: `map` takes 2 type arguments, but 1 is given
            2:60 `u8<u8>` wrong-argument-count: `u8` takes no type arguments, but 1 is given
            2:71 `tuple` wrong-argument-count: `tuple` takes at least 1 type argument, but 0 are given
            2:81 `Object<u8>` wrong-argument-count: `Object` takes no type arguments, but 1 is given
            2:81 `Object<u8>` wrong-kind: `Object<u8>` is an object type, but a value type is needed here
              help: write `reference<Object<u8>>` for a reference to such an object
            3:33 `T<u8>` wrong-argument-count: `T` takes no type arguments: it is a type parameter, but 1 is given
            3:43 `R<u8>` wrong-argument-count: `R` takes no type arguments, but 1 is given
              at test.lot:2:16: declared here
              help: write `R`
        "#]],
    );
}

#[test]
fn aliases_of_themselves() {
    check(
        "type A = A;",
        expect![[r#"
        1:6 `A` cyclic-alias: alias `A` stands for itself
          help: let it stand for a type, or declare a record, variant, endpoint or object
    "#]],
    );
    check(
        "type A = B; type B = C; type C = A; type D = A; record R { d: D }",
        expect![[r#"
        1:6 `A` cyclic-alias: these aliases stand for each other: `A` → `B` → `C` → `A`
          help: let it stand for a type, or declare a record, variant, endpoint or object
    "#]],
    );
    check(
        "type A = mirror B; type B = mirror A;",
        expect![[r#"
        1:6 `A` cyclic-alias: these aliases stand for each other: `A` → `B` → `A`
          help: let it stand for a type, or declare a record, variant, endpoint or object
    "#]],
    );
    check(
        "type A = option<A>;",
        expect![[r#"
        1:6 `A` cyclic-alias: alias `A` stands for an option of itself
          help: put a record around it, so that something is optional
    "#]],
    );
    check(
        "type A = option<B>; type B = option<C>; type C = A;",
        expect![[r#"
        1:6 `A` cyclic-alias: alias `A` stands for an option of itself
          help: put a record around it, so that something is optional
    "#]],
    );
    check(
        "type Id<T: value> = T; type A = Id<A>;",
        expect![[r#"
        1:6 `Id` cyclic-alias: these aliases stand for each other: `Id` → `A` → `Id`
          help: let it stand for a type, or declare a record, variant, endpoint or object
    "#]],
    );
    check(
        "type A = list<A>; type B = list<list<B>>; type C = option<list<C>>;",
        expect![[""]],
    );
}

#[test]
fn values_without_end() {
    check(
        "record Chain { next: Chain } record Holder { chain: Chain }",
        expect![[r#"
        1:8 `Chain` no-finite-value: `Chain` has no finite value: it always contains itself, as `Chain.next`
          help: put one of the types on the way into `option<…>`, `list<…>` or `map<…>`
    "#]],
    );
    check(
        "record Chain { next: option<Chain> } type A = list<A>;",
        expect![[""]],
    );
    check(
        "record A { b: B } record B { t: tuple<u8, A> }",
        expect![[r#"
        1:8 `A` no-finite-value: `A` has no finite value: it always contains itself, as `A.b.t.1`
          help: put one of the types on the way into `option<…>`, `list<…>` or `map<…>`
        1:26 `B` no-finite-value: `B` has no finite value: it always contains itself, as `B.t.1.b`
          help: put one of the types on the way into `option<…>`, `list<…>` or `map<…>`
    "#]],
    );
    check(
        "variant V { a(V), b(tuple<V, V>) }",
        expect![[r#"
        1:9 `V` no-finite-value: `V` has no finite value: it always contains itself, as `V.a`
          help: put one of the types on the way into `option<…>`, `list<…>` or `map<…>`
    "#]],
    );
    check("variant V { a(V), b }", expect![[""]]);
    check(
        "type A = tuple<A, u8>; type B = A;",
        expect![[r#"
            1:6 `A` no-finite-value: `A` has no finite value: it always contains itself, as `A.0`
              help: put one of the types on the way into `option<…>`, `list<…>` or `map<…>`
        "#]],
    );
    check(
        "record Box<T: value> { inside: T } record R { r: Box<R> }",
        expect![[r#"
        1:43 `R` no-finite-value: `R` has no finite value: it always contains itself, as `R.r.inside`
          help: put one of the types on the way into `option<…>`, `list<…>` or `map<…>`
    "#]],
    );
    check(
        "record R { r: reference<O> } endpoint E { in e(r: R); } object O { endpoint e: E; }",
        expect![[""]],
    );
}

#[test]
fn values_without_end_in_instances() {
    check(
        "record Wrap<T: value> { t: T } type Loop = Wrap<Loop>;",
        expect![[r#"
            1:37 `Loop` no-finite-value: `Loop` has no finite value: it always contains itself, as `Loop.t`
              help: put one of the types on the way into `option<…>`, `list<…>` or `map<…>`
        "#]],
    );
    check(
        "record G<T: value> { t: T, g: G<u8> } record H { g: G<u16> }",
        expect![[r#"
            1:8 `G` no-finite-value: `G` has no finite value: `G.g.g` goes on for ever
              help: put one of the types on the way into `option<…>`, `list<…>` or `map<…>`
            1:46 `H` no-finite-value: `H` has no finite value: `H.g.g.g` goes on for ever
              help: put one of the types on the way into `option<…>`, `list<…>` or `map<…>`
        "#]],
    );
    check(
        "variant Never { } record R { n: Never }",
        expect![[r#"
        1:9 `Never` no-finite-value: `Never` has no finite value: it has no cases
          help: add a case
    "#]],
    );
    check(
        "record A<T: value> { t: T, b: tuple<B> } record B { a: A<B> }",
        expect![[r#"
            1:49 `B` no-finite-value: `B` has no finite value: it always contains itself, as `B.a.b.0`
              help: put one of the types on the way into `option<…>`, `list<…>` or `map<…>`
        "#]],
    );
    check(
        "variant V<T: value> { some(T), more(V<T>) } record R { v: V<R> }",
        expect![[r#"
            1:52 `R` no-finite-value: `R` has no finite value: `R.v.more` goes on for ever
              help: put one of the types on the way into `option<…>`, `list<…>` or `map<…>`
        "#]],
    );
    check(
        "variant V<T: value> { none, some(T) } record R { v: V<R> }",
        expect![[""]],
    );
}

#[test]
fn recursion_that_is_not_regular() {
    check(
        "record Tree<T: value> { here: T, below: list<Tree<list<T>>> }",
        expect![[r#"
        1:46 `Tree<list<T>>` non-regular-recursion: the recursive use of `Tree` has the argument `list<T>`, which is neither a parameter nor a type without parameters
          help: pass the parameters on as they are, or name a fixed type
    "#]],
    );
    check(
        "record A<T: value> { b: list<B<T>> } record B<T: value> { a: list<W<option<T>>> }
        type W<T: value> = A<T>; record C { a: A<u8> }",
        expect![[r#"
            1:67 `W<option<T>>` non-regular-recursion: the recursive use of `W` has the argument `option<T>`, which is neither a parameter nor a type without parameters
              note: `B` and `W` are declared through each other
              help: pass the parameters on as they are, or name a fixed type
        "#]],
    );
    check(
        "type A<T: value> = A<list<T>>;",
        expect![[r#"
        1:6 `A` cyclic-alias: alias `A` stands for itself
          help: let it stand for a type, or declare a record, variant, endpoint or object
        1:20 `A<list<T>>` non-regular-recursion: the recursive use of `A` has the argument `list<T>`, which is neither a parameter nor a type without parameters
          help: pass the parameters on as they are, or name a fixed type
    "#]],
    );
    check(
        "record Box<T: value> { t: T } record Tree<T: value> { below: list<Box<Tree<T>>> }",
        expect![[""]],
    );
    check(
        "record Tree<T: value, U: value> { below: list<Tree<U, T>>, t: T, u: U }",
        expect![[""]],
    );
}

#[test]
fn keys_of_maps() {
    check(
        "enum E { a } variant V { a, b(u8) } record R { a: u8 }
        record Good { a: map<E, u8>, b: map<tuple<E, tuple<char, uuid>>, u8>, c: map<bytes, u8> }
        record Bad { a: map<f32, u8>, b: map<V, u8>, c: map<tuple<u8, R>, u8>, d: map<list<u8>, u8>,
            e: map<option<u8>, u8> }
        record Table<K: value> { rows: map<K, u8> }
        record Uses { a: Table<u8>, b: Table<f64> }",
        expect![[r#"
            3:25 `map<f32, u8>` invalid-map-key: `f32` cannot be the key of a map
              help: keys are integers, bool, char, string, bytes, uuid, enums and tuples of these
            3:42 `map<V, u8>` invalid-map-key: `V` cannot be the key of a map
              help: keys are integers, bool, char, string, bytes, uuid, enums and tuples of these
            3:57 `map<tuple<u8, R>, u8>` invalid-map-key: `tuple<u8, R>` cannot be the key of a map: it holds `R`
              help: keys are integers, bool, char, string, bytes, uuid, enums and tuples of these
            3:83 `map<list<u8>, u8>` invalid-map-key: `list<u8>` cannot be the key of a map
              help: keys are integers, bool, char, string, bytes, uuid, enums and tuples of these
            4:16 `map<option<u8>, u8>` invalid-map-key: `option<u8>` cannot be the key of a map
              help: keys are integers, bool, char, string, bytes, uuid, enums and tuples of these
            5:40 `map<K, u8>` invalid-map-key: `f64` cannot be the key of a map
              at test.lot:6:40: in `Table<f64>`
              help: keys are integers, bool, char, string, bytes, uuid, enums and tuples of these
        "#]],
    );
}

#[test]
fn arguments_and_bounds() {
    check(
        "record Small<N: value <: u32> { number: N }
        record Use { a: Small<u16>, b: Small<u64>, c: list<Small<string>> }
        record Again<M: value <: u8> { a: Small<M> }
        record Wide<M: value> { a: Small<M> }
        record Phantom<T: value> { } record Uses { p: Phantom<Small<u64>> }
        type Alias<N: value <: u8> = N; record Aliases { a: Alias<u16> }",
        expect![[r#"
            2:46 `u64` argument-out-of-bound: `u64` is not a subtype of `u32`, the bound of `N` in `Small`
              at test.lot:1:14: bounded here
              note: a reader of `u32` would be given `4294967296`, which it cannot take
              help: give a subtype of `u32`
            2:66 `string` argument-out-of-bound: `string` is not a subtype of `u32`, the bound of `N` in `Small`
              at test.lot:1:14: bounded here
              note: a reader of `u32` would be given `""`, which it cannot take
              help: give a subtype of `u32`
            4:42 `M` argument-out-of-bound: `M` is not a subtype of `u32`, the bound of `N` in `Small`
              at test.lot:1:14: bounded here
              note: a reader of `u32` would be given `some M`, which it cannot take
              help: give a subtype of `u32`
            5:69 `u64` argument-out-of-bound: `u64` is not a subtype of `u32`, the bound of `N` in `Small`
              at test.lot:1:14: bounded here
              note: a reader of `u32` would be given `4294967296`, which it cannot take
              help: give a subtype of `u32`
            6:67 `u16` argument-out-of-bound: `u16` is not a subtype of `u8`, the bound of `N` in `Alias`
              at test.lot:6:20: bounded here
              note: a reader of `u8` would be given `256`, which it cannot take
              help: give a subtype of `u8`
        "#]],
    );
}

#[test]
fn the_same_use_gives_the_same_id() {
    let module = module(
        "use \"liveobj:standard\"; type Name = string; record R { a: list<Name> }
        record Tree<T: value> { here: T, below: list<Tree<T>> } type Twice<E: endpoint> = mirror mirror E;
        endpoint E { in e(); }",
    );
    let mut types = Types::new();
    let same = [
        ("Channel<list<u8>>", "Channel<list<u8>>"),
        ("Channel<Name>", "Channel<string>"),
        ("list<Name>", "list<string>"),
        ("mirror mirror E", "E"),
        ("Twice<mirror E>", "mirror E"),
        ("Tree<R>", "Tree<R>"),
    ];
    for (left, right) in same {
        let left = resolve(&mut types, &module, left);
        assert_eq!(left, resolve(&mut types, &module, right), "{right}");
    }
    let TypeId::Endpoint(e) = resolve(&mut types, &module, "E") else {
        panic!()
    };
    let mirror = types.mirror(e);
    assert_eq!(
        TypeId::Endpoint(mirror),
        resolve(&mut types, &module, "mirror E")
    );
    assert_eq!(types.mirror(mirror), e);
}

#[test]
fn an_error_leaves_the_arena_as_it_was() {
    let module = module("record Bad { m: map<f32, u8> } record Good { a: u8 }");
    let mut types = Types::new();
    resolve(&mut types, &module, "list<Good>");
    let before = (types.values.len(), format!("{:?}", types.instances));
    for _ in 0..2 {
        let faults = try_resolve(&mut types, &module, "list<Bad>").unwrap_err();
        assert_eq!(faults[0].code, codes::INVALID_MAP_KEY);
        assert_eq!(before.0, types.values.len());
    }
}

#[test]
fn every_type_of_the_language_is_found_by_its_name() {
    for name in instances::Builtin::names() {
        assert_eq!(
            instances::Builtin::find(name).map(instances::Builtin::name),
            Some(name)
        );
        assert!(crate::syntax::is_built_in(name), "{name}");
    }
}

#[test]
fn faults_use_the_brackets_of_their_text() {
    let source = Source::new(
        "note.liveobject",
        "object O { } record R[T: value] { a: list[R[list[T]]], b: O, c: R }",
    );
    let (module, _) = Module::parse("note", &source, &mut |_| None);
    let faults = Types::new().check_module(&module, &Formalisms::none());
    expect![[r#"
        1:43 `R[list[T]]` non-regular-recursion: the recursive use of `R` has the argument `list[T]`, which is neither a parameter nor a type without parameters
          help: pass the parameters on as they are, or name a fixed type
        1:59 `O` wrong-kind: `O` is an object type, but a value type is needed here
          at note.liveobject:1:8: declared here
          help: write `reference[O]` for a reference to such an object
        1:65 `R` wrong-argument-count: `R` takes 1 type argument, but 0 are given
          at note.liveobject:1:21: declared here
          help: write `R[T]`
    "#]].assert_eq(&shown(&faults));
}

#[test]
fn an_adapter_makes_objects_for_one_connection() {
    check(
        "use \"liveobj:standard\";
         object One { endpoint a: Text; }
         object Many { endpoint a: Text; endpoint b: mirror Text many; }
         object Two { endpoint a: Text; mandatory endpoint b: mirror Text; }
         adapter one(): One;
         adapter many(limit: u8 = 1): Many;
         adapter two(): Two;
         template free(): One;",
        expect![[r#"
            5:25 `One` adapter-form: `one` is no adapter: its objects have 1 endpoint, not two
              help: an adapter stands in one connection: give its objects two endpoints, neither of them `many`, or declare it as a `template`
            6:39 `Many` adapter-form: `many` is no adapter: endpoint `b` of its objects is `many`
              help: an adapter stands in one connection: give its objects two endpoints, neither of them `many`, or declare it as a `template`
        "#]],
    );
}
