use crate::formalism::Domain;
use crate::module::Module;
use crate::resolve::Environment;
use crate::source::Source;
use crate::syntax::parse_type;
use crate::types::{Basic, Origin, TypeId, Types, Value, ValueId};

const DECLARATIONS: &str = "
    enum Color { red, green, blue }
    variant Change { edit(u8), recolor(Color), clear }
    record Pixel { color: Color, on: bool }
    record Open { on: bool, .. }
    record Same { on: bool, color: Color }
    record Node { next: option<Node>, on: bool }
    variant Tree { leaf, inner(Pair) }
    record Pair { left: Tree, right: Tree }
    record Box<T: value> { it: T }
    type Alias = Pixel;
    object Thing { }
";

fn domain(types: &mut Types, ty: &str) -> Domain {
    let source = Source::new("a", DECLARATIONS);
    let (module, faults) = Module::parse("a", &source, &mut |_| None);
    assert!(faults.is_empty(), "{faults:?}");
    let source = Source::new("type", ty);
    let parsed = parse_type(&source).unwrap();
    match types.resolve(&module, &source, &parsed, &Environment::new()) {
        Ok(TypeId::Value(id)) => types.domain(id),
        other => panic!("{other:?}"),
    }
}

fn size(ty: &str) -> Option<u64> {
    domain(&mut Types::new(), ty).size
}

#[test]
fn values_are_counted_where_they_can_be() {
    assert_eq!(size("bool"), Some(2));
    assert_eq!(size("s16"), Some(65_536));
    assert_eq!(size("u32"), Some(1 << 32));
    assert_eq!(size("u64"), None);
    assert_eq!(size("string"), None);
    assert_eq!(size("Color"), Some(3));
    assert_eq!(size("option<option<bool>>"), Some(4));
    assert_eq!(size("tuple<bool, Color, bool>"), Some(12));
    assert_eq!(size("tuple<u32, u32>"), None);
    assert_eq!(size("Pixel"), Some(6));
    assert_eq!(size("Change"), Some(256 + 3 + 1));
    assert_eq!(size("map<Color, bool>"), Some(27));
    assert_eq!(size("map<u8, bool>"), None);
    assert_eq!(size("list<bool>"), None);
    assert_eq!(size("Open"), None);
    assert_eq!(size("tuple<bool, reference<Thing>>"), None);
    assert_eq!(size("Node"), None);
    assert_eq!(size("Pair"), None);
    assert_eq!(size("tuple<bool, Tree>"), None);
}

#[test]
fn equal_types_have_equal_keys_and_others_do_not() {
    let mut types = Types::new();
    let pixel = domain(&mut types, "Pixel");
    assert_eq!(pixel, domain(&mut types, "Alias"));
    assert_eq!(pixel, domain(&mut types, "Same"));
    assert_eq!(pixel, domain(&mut Types::new(), "Pixel"));
    let all = [
        "bool",
        "u8",
        "s8",
        "Color",
        "Change",
        "Pixel",
        "Open",
        "Node",
        "Tree",
        "Box<bool>",
        "Box<u8>",
        "list<bool>",
        "option<bool>",
    ];
    let keys = all.map(|ty| domain(&mut types, ty).key);
    for (position, key) in keys.iter().enumerate() {
        assert!(!key.is_empty());
        assert!(!keys[..position].contains(key), "{}", all[position]);
    }
}

#[test]
fn parameters_have_keys_of_their_own() {
    let mut types = Types::new();
    let mut parameter = |name: &str| {
        let parameter = crate::types::Parameter {
            name: name.to_owned(),
            bound: None,
        };
        let id = types.add_value(Value::Parameter(parameter), Origin::default());
        types.domain(id)
    };
    assert_eq!(parameter("M"), parameter("M"));
    assert_ne!(parameter("M"), parameter("N"));
    assert_eq!(parameter("M").size, None);
}

#[test]
fn deep_and_shared_types_are_counted_at_once() {
    let mut types = Types::new();
    let mut deep = types.add_value(Value::Basic(Basic::Bool), Origin::default());
    for _ in 0..100_000 {
        deep = types.add_value(Value::Option(deep), Origin::default());
    }
    assert_eq!(super::size(&types, deep), Some(100_002));
    let unit = types.add_value(Value::Tuple(Vec::new()), Origin::default());
    let mut shared: ValueId = unit;
    for _ in 0..1_000 {
        let both = Value::Tuple(vec![shared, shared, unit]);
        shared = types.add_value(both, Origin::default());
    }
    assert_eq!(super::size(&types, shared), Some(1));
}
