//! Casts: the same object under another type (thesis, 2.1.4 A).

use liveobj_types::{ObjectId, TypeId, Types};

use crate::canonical;
use crate::checked::{CheckedReference, Part};

/// A reference that is to be cast: both types in one arena, to be compared there.
#[derive(Debug)]
pub struct Cast {
    /// The arena.
    pub types: Types,
    /// What the object is, whatever the reference says it is; for an external reference all that is
    /// known of it, its `as`.
    pub from: ObjectId,
    /// What it is to be.
    pub to: ObjectId,
    root: Part,
}

impl CheckedReference {
    /// Prepares the cast to `to`, a type of `other`.
    pub fn cast(&self, other: &Types, to: ObjectId) -> Cast {
        let mut types = Types::clone(&self.types);
        let TypeId::Object(to) = types.import(other, TypeId::Object(to)) else {
            unreachable!("an imported type keeps its kind")
        };
        Cast {
            types,
            from: self.root.derived,
            to,
            root: self.root.clone(),
        }
    }
}

impl Cast {
    /// Canonical document of the same object as a `to`: what makes the proxy, and its identity, stay
    /// as they are, and endpoints that `to` does not have are hidden. That `from` is a subtype of
    /// `to` is for the caller to show; who opens the document checks it again.
    pub fn document(mut self) -> String {
        self.root.ty = self.to;
        self.root.cast = true;
        canonical::text(&self.types, &self.root)
    }
}

#[cfg(test)]
mod tests {
    use liveobj_types::resolve::Environment;
    use liveobj_types::syntax::parse_type;
    use liveobj_types::{Formalisms, Module, Relations, Source};

    use super::*;
    use crate::check::check_source;
    use crate::{Policy, StandardCatalog};

    const TYPES: &str = "use \"liveobj:standard\"; object Nothing { }";

    fn checked(text: &str) -> CheckedReference {
        let source = Source::new("test", text);
        let (none, policy) = (Formalisms::none(), Policy::default());
        let checked = check_source(&source, &StandardCatalog, &none, &policy);
        let found = checked.diagnostics;
        checked
            .reference
            .unwrap_or_else(|| panic!("{found:?}\n{text}"))
    }

    fn timer() -> CheckedReference {
        checked(
            "<liveobject xmlns=\"urn:liveobj:reference:1\">\
             <external name=\"timer\" library=\"liveobj:standard\"/></liveobject>",
        )
    }

    /// A type by its expression, in an arena of its own.
    fn named(text: &str) -> (Types, ObjectId) {
        let source = Source::new("types", TYPES);
        let (module, found) = Module::parse("types", &source, &mut |_| Some(Module::standard()));
        assert_eq!(found, []);
        let expr = Source::new("type", text);
        let mut types = Types::new();
        let parsed = parse_type(&expr).expect("an expression");
        let id = types.resolve_object(&module, &expr, &parsed, &Environment::new());
        let id = id.expect("a type");
        (types, id)
    }

    fn cast(reference: &CheckedReference, ty: &str) -> CheckedReference {
        let (types, to) = named(ty);
        let mut cast = reference.cast(&types, to);
        let (from, to) = (cast.from, cast.to);
        let none = Formalisms::none();
        let verdict = Relations::new(&mut cast.types, &none)
            .object_subtype(from, to)
            .verdict;
        assert!(verdict.holds(), "{ty}");
        checked(&cast.document())
    }

    fn endpoints(reference: &CheckedReference) -> Vec<String> {
        match reference.types().object(reference.object_type()) {
            liveobj_types::types::Object::Endpoints(body) => {
                body.endpoints.keys().cloned().collect()
            }
            _ => Vec::new(),
        }
    }

    #[test]
    fn casting_up_hides_endpoints_and_changes_nothing_else() {
        let reference = timer();
        for ty in ["Nothing", "Object"] {
            let hidden = cast(&reference, ty);
            assert_eq!(endpoints(&hidden), Vec::<String>::new(), "{ty}");
            assert_eq!(hidden.identity(), reference.identity(), "{ty}");
            assert_eq!(hidden.root().identity, reference.root().identity, "{ty}");
            // What it is has not changed: it can be cast down again.
            let again = cast(&hidden, "Timer");
            assert_eq!(endpoints(&again), ["timer"], "{ty}");
            assert_eq!(again.identity(), reference.identity(), "{ty}");
        }
    }

    #[test]
    fn of_an_external_reference_no_more_is_known_than_its_as() {
        let text = "<liveobject xmlns=\"urn:liveobj:reference:1\">\
                    <types>use \"liveobj:standard\"; object Nothing { }</types>\
                    <external name=\"a\" as=\"Nothing\"><from><primitive id=\"registry\"/></from>\
                    </external></liveobject>";
        let reference = checked(text);
        let (types, to) = named("Timer");
        let mut cast = reference.cast(&types, to);
        let (from, to) = (cast.from, cast.to);
        let none = Formalisms::none();
        let mut relations = Relations::new(&mut cast.types, &none);
        assert!(relations.object_subtype(from, to).verdict.fails());
    }
}
