//! Generated families of mutually recursive types, no two of them equal, for benchmarks and tests.

use std::sync::Arc;

use liveobj_types::resolve::Environment;
use liveobj_types::syntax::parse_type;
use liveobj_types::{Module, Source, TypeId, Types};

/// How the members of a family refer to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Each record to three others, the last one to the first again.
    Records,
    /// Each endpoint type to the next two, through the events that they take.
    Endpoints,
    /// Each object type to the next, through references in events.
    Objects,
    /// Each alias to the next; at the end a record.
    Aliases,
    /// Each record to itself and to the next, with its own parameter.
    Parametric,
    /// All records of a group of ten to all the others, and each group to the next.
    Groups,
}

pub const ALL: [Family; 6] = [
    Family::Records,
    Family::Endpoints,
    Family::Objects,
    Family::Aliases,
    Family::Parametric,
    Family::Groups,
];

/// Declarations, and the type at their head.
pub fn family(family: Family, size: usize, leaf: &str) -> (String, String) {
    let at = |i: usize| i % size;
    let mut text = String::new();
    for i in 0..size {
        text += &match family {
            Family::Records => format!(
                "record T{i} {{ a: list<T{}>, b: option<T{}>, c: list<T{}>, leaf{i}: {leaf} }}\n",
                at(i + 1),
                at(i * 7 + 3),
                at(i + 13)
            ),
            Family::Endpoints => format!(
                "endpoint T{i} {{ out next(to: external<T{}>); in other{i}(to: external<T{}>, \
                 leaf: {leaf}); }}\n",
                at(i + 1),
                at(i * 7 + 3)
            ),
            Family::Objects => format!(
                "endpoint E{i} {{ out found{i}(object: reference<T{}>, leaf: {leaf}); }}\n\
                 object T{i} {{ endpoint e: E{i} many; endpoint f: E{}; }}\n",
                at(i + 1),
                at(i * 7 + 3)
            ),
            Family::Aliases if i + 1 == size => format!("record T{i} {{ leaf: {leaf} }}\n"),
            Family::Aliases => format!("type T{i} = T{};\n", i + 1),
            Family::Parametric => format!(
                "record T{i}<V: value> {{ v{i}: V, own: list<T{i}<V>>, next: list<T{}<V>> }}\n",
                at(i + 1)
            ),
            Family::Groups => {
                let first = i - i % 10;
                let fields =
                    (first..first + 10).map(|j| format!("f{}: list<T{}>, ", j % 10, at(j)));
                format!(
                    "record T{i} {{ {}next: list<T{}>, leaf{i}: {leaf} }}\n",
                    fields.collect::<String>(),
                    at(i + 10)
                )
            }
        };
    }
    let head = match family {
        Family::Parametric => format!("T0<{leaf}>"),
        _ => "T0".to_owned(),
    };
    (text, head)
}

pub fn parse(text: &str) -> Arc<Module> {
    let source = Source::new("family", text);
    let (module, faults) = Module::parse("family", &source, &mut |_| None);
    assert!(faults.is_empty(), "{faults:?}");
    module
}

pub fn resolve(types: &mut Types, module: &Arc<Module>, text: &str) -> TypeId {
    let source = Source::new("type", text);
    let parsed = parse_type(&source).expect("a type");
    let id = types.resolve(module, &source, &parsed, &Environment::new());
    id.expect("well formed")
}

/// Two of a family in one arena, declared independently, with these leaves.
pub fn two(kind: Family, size: usize, leaves: [&str; 2]) -> (Types, [TypeId; 2]) {
    let mut types = Types::new();
    let heads = leaves.map(|leaf| {
        let (text, head) = family(kind, size, leaf);
        resolve(&mut types, &parse(&text), &head)
    });
    (types, heads)
}
