//! The type of a running object as text that travels: what a trace says of it.

use std::collections::BTreeMap;

use liveobj_types::{EndpointId, Formalisms, ObjectId, TypeId, Types};

use crate::external_endpoint::Declared;
use crate::types_text::TypesText;

/// An object type, with the endpoints that the object keeps to itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectText {
    /// Declarations of all that the expressions name, without `use`; empty where they name nothing.
    pub types: String,
    /// The type of the object: a type expression.
    pub object: String,
    /// The types of its private endpoints, by name.
    pub private: BTreeMap<String, String>,
}

/// The same, in an arena.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedObject {
    /// The type of the object.
    pub object: ObjectId,
    /// The types of its private endpoints, by name.
    pub private: BTreeMap<String, EndpointId>,
}

impl ObjectText {
    /// Writes a type down.
    pub fn of<'a>(
        types: &Types,
        object: ObjectId,
        private: impl IntoIterator<Item = (&'a str, EndpointId)>,
    ) -> ObjectText {
        let mut text = TypesText::new(types);
        let object = text.expression(TypeId::Object(object));
        let private = private.into_iter().map(|(name, ty)| {
            let expression = text.expression(TypeId::Endpoint(ty));
            (name.to_owned(), expression)
        });
        let private = private.collect();
        ObjectText {
            types: text.finish().unwrap_or_default(),
            object,
            private,
        }
    }

    /// Reads the type into an arena.
    ///
    /// # Errors
    ///
    /// It is too large, or not well formed: one sentence, lower case, no final period.
    pub fn resolve(
        &self,
        types: &mut Types,
        formalisms: &Formalisms,
    ) -> Result<ResolvedObject, String> {
        let declared = Declared::read(&self.types, types, formalisms)?;
        let object = match declared.resolve(&self.object, types)? {
            TypeId::Object(id) => id,
            _ => return Err(format!("`{}` is no object type", self.object)),
        };
        let mut private = BTreeMap::new();
        for (name, expression) in &self.private {
            match declared.resolve(expression, types)? {
                TypeId::Endpoint(id) => private.insert(name.clone(), id),
                _ => return Err(format!("`{expression}` is no endpoint type")),
            };
        }
        Ok(ResolvedObject { object, private })
    }
}

#[cfg(test)]
mod tests {
    use liveobj_types::{Module, Source};

    use super::*;

    #[test]
    fn an_object_reads_back_with_its_private_endpoints() {
        let declarations = "endpoint Asked { in ask(); out answer(n: u64); \
             follows session \"rec X . ?ask; !answer; X\"; }\n\
             object Server { endpoint asked: Asked many; \
             provides temporal \"forall p: proxy. G (asked.answer@p -> O asked.ask@p)\"; }";
        let source = Source::new("test", declarations);
        let (module, found) = Module::parse("test", &source, &mut |_| None);
        assert_eq!(found, []);
        let none = Default::default();
        let mut types = Types::new();
        let mut resolve = |text: &str| {
            let source = Source::new("test", text);
            let expression = liveobj_types::syntax::parse_type(&source).unwrap();
            types.resolve(&module, &source, &expression, &none).unwrap()
        };
        let TypeId::Object(object) = resolve("Server") else {
            panic!("an object");
        };
        let TypeId::Endpoint(own) = resolve("mirror Asked") else {
            panic!("an endpoint");
        };
        let text = ObjectText::of(&types, object, [("own", own)]);
        let mut again = Types::new();
        let read = text.resolve(&mut again, &Formalisms::default()).unwrap();
        assert_eq!(
            again.identity(TypeId::Object(read.object)),
            types.identity(TypeId::Object(object))
        );
        assert_eq!(
            again.identity(TypeId::Endpoint(read.private["own"])),
            types.identity(TypeId::Endpoint(own))
        );
        let swapped = ObjectText {
            object: text.private["own"].clone(),
            ..text
        };
        let refused = swapped.resolve(&mut Types::new(), &Formalisms::default());
        assert_eq!(refused.unwrap_err(), "`mirror Asked` is no object type");
    }
}
