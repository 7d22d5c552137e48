//! Subtyping of the type library and of the original, on all pairs of classes: both as they are
//! declared, each class parameter a type of its own that has nothing to do with any other.

use liveobj_types::relation::Relations;
use liveobj_types::resolve::Environment;
use liveobj_types::syntax::parse_type;
use liveobj_types::{Formalisms, Module, Source, TypeId, Types};

use crate::catalog::{Catalog, Endpoint, Entry, Facts, Kind, ParameterKind, Status, Type};
use crate::document::ClassKind;
use crate::names::Names;
use crate::strict::Loader;
use crate::{Id, library};

/// The active classes of a kind in library 0.
fn classes(kind: ClassKind) -> Vec<&'static Entry> {
    let all = Catalog::standard().entries().iter();
    let fits = |entry: &&Entry| {
        entry.kind == Kind::Class(kind) && entry.library == Id(0) && entry.status == Status::Active
    };
    all.filter(fits).collect()
}

/// Each class with the type that it is.
fn types(classes: &[&'static Entry]) -> (Types, Vec<TypeId>) {
    let names = Names::get();
    let mut text = "use \"liveobj:original\";\n".to_owned();
    let mut expressions = Vec::new();
    for (index, entry) in classes.iter().enumerate() {
        let mut arguments = Vec::new();
        for (position, parameter) in entry.parameters.iter().enumerate() {
            let name = format!("Own_{index}_{position}");
            let declared = match parameter.kind {
                ParameterKind::Class(ClassKind::Value) => format!(
                    "record {name} {{ content: string, is_ISerializable: option<Class>, \
                     {name}: bool, .. }}\n"
                ),
                ParameterKind::Class(ClassKind::Object) => {
                    format!("object {name} {{ endpoint {name}: ExportedUI; }}\n")
                }
                _ => format!("endpoint {name} {{ in asks_{name}(); out {name}(); }}\n"),
            };
            text += &declared;
            arguments.push(name);
        }
        let name = names
            .of(entry.kind, entry.library, entry.id)
            .expect("it is declared");
        expressions.push(match arguments.as_slice() {
            [] => name.to_owned(),
            arguments => format!("{name}<{}>", arguments.join(", ")),
        });
    }
    let source = Source::new("pairs", text);
    let find = |name: &str| (name == crate::LIBRARY_NAME).then(|| library().module.clone());
    let (module, found) = Module::parse("pairs", &source, &mut { find });
    assert!(found.is_empty(), "{found:?}");
    let mut types = Types::new();
    let mut resolve = |text: &String| {
        let source = Source::new("pair", text.as_str());
        let expression = parse_type(&source).expect("it is an expression");
        types
            .resolve(&module, &source, &expression, &Environment::new())
            .unwrap_or_else(|found| panic!("{found:?}"))
    };
    let ids = expressions.iter().map(&mut resolve).collect();
    (types, ids)
}

/// Pairs on which the two differ: those that only the original has, and those that only we have.
fn differences(kind: ClassKind) -> [Vec<(&'static Entry, &'static Entry)>; 2] {
    let classes = classes(kind);
    let (mut types, ids) = types(&classes);
    let formalisms = Formalisms::none();
    let mut relations = Relations::new(&mut types, &formalisms);
    let mut loader = Loader::standard();
    let mut differences = [Vec::new(), Vec::new()];
    for (a, left) in classes.iter().zip(&ids) {
        for (b, right) in classes.iter().zip(&ids) {
            let original = match kind {
                ClassKind::Object => loader.is_object_subtype(a.id, b.id),
                _ => loader.is_interface_subtype(a.id, b.id),
            };
            let original = original.expect("the original knew both");
            let ours = relations.is_subtype(*left, *right).holds();
            match (original, ours) {
                (true, false) => differences[0].push((*a, *b)),
                (false, true) => differences[1].push((*a, *b)),
                _ => {}
            }
        }
    }
    differences
}

fn names<'a>(pairs: &[(&'a Entry, &'a Entry)]) -> Vec<(&'a str, &'a str)> {
    let name = |entry: &'a Entry| entry.name.as_str();
    pairs.iter().map(|(a, b)| (name(a), name(b))).collect()
}

#[test]
fn interfaces_differ_by_value_conversions_only() {
    let [lost, gained] = differences(ClassKind::Interface);
    // A text is converted by a constructor of `ValueClass_02_`.
    assert_eq!(
        names(&lost),
        [("IInterfaceClass_06_", "IInterfaceClass_05_")]
    );
    assert_eq!(names(&gained), []);
}

#[test]
fn objects_differ_by_conversions_constraints_and_classes_of_endpoints() {
    let [lost, gained] = differences(ClassKind::Object);
    let expected = [
        // The numbers of constraints are compared by nobody here.
        ("ITest2", "ITest1"),
        // As for interfaces.
        ("IObjectClass_08_", "IObjectClass_07_"),
    ];
    assert_eq!(names(&lost), expected);
    // Nobody need call what somebody imports: who exports the same may stand for it. The original
    // wanted the same class of endpoint first.
    let class = |endpoint: &Endpoint| match &endpoint.ty {
        Type::Class(_, id, _) => Some(*id),
        _ => None,
    };
    for (a, b) in gained {
        let (
            Facts::Object { endpoints: own, .. },
            Facts::Object {
                endpoints: wanted, ..
            },
        ) = (&a.facts, &b.facts)
        else {
            panic!("both are object classes");
        };
        let other_class = wanted.iter().any(|wanted| {
            let own = own.iter().find(|own| own.name == wanted.name);
            own.is_some_and(|own| class(own) != class(wanted))
        });
        assert!(other_class, "{} and {}", a.name, b.name);
    }
}
