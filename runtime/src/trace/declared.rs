//! What a trace says of the types of objects: enough to read their constraints without the
//! libraries that declare them.

use liveobj_references::ObjectText;
use liveobj_types::types::{Constraint, Endpoint, Object};
use liveobj_types::{EndpointId, ObjectId, Place, Types};

use super::Created;

/// The type of an object, and where its constraints were written.
pub(crate) struct Declared {
    /// The type.
    pub(crate) text: ObjectText,
    /// The places.
    pub(crate) places: Vec<DeclaredAt>,
}

/// Where a constraint was written.
pub(crate) struct DeclaredAt {
    /// The endpoint whose type has it; empty for the object's own.
    pub(crate) of: String,
    /// Its formalism.
    pub(crate) formalism: String,
    /// Its text.
    pub(crate) text: String,
    /// Source, line and column.
    pub(crate) place: String,
}

impl Declared {
    /// What an object of type `ty` is.
    pub(crate) fn of(created: &Created<'_>, ty: ObjectId) -> Declared {
        let types = created.types;
        let private = created.endpoints.iter().filter(|it| it.private);
        let text = ObjectText::of(types, ty, private.map(|it| (&*it.name, it.ty)));
        let mut places = Vec::new();
        for endpoint in created.endpoints {
            at_endpoint(types, &endpoint.name, endpoint.ty, &mut places);
        }
        if let Object::Endpoints(body) = types.object(ty) {
            all("", body.provides.iter().chain(&body.requires), &mut places);
        }
        Declared { text, places }
    }
}

fn at_endpoint(types: &Types, name: &str, ty: EndpointId, places: &mut Vec<DeclaredAt>) {
    if let Endpoint::Events {
        provides, requires, ..
    } = types.endpoint(ty)
    {
        all(name, provides.iter().chain(requires), places);
    }
}

fn all<'a>(
    of: &str,
    constraints: impl Iterator<Item = &'a Constraint>,
    places: &mut Vec<DeclaredAt>,
) {
    for constraint in constraints {
        let Some(place) = &constraint.place else {
            continue;
        };
        let known = places.iter().any(|it| {
            it.of == of && it.formalism == *constraint.formalism && it.text == *constraint.text
        });
        if !known {
            places.push(DeclaredAt {
                of: of.to_owned(),
                formalism: constraint.formalism.to_string(),
                text: constraint.text.to_string(),
                place: in_words(place),
            });
        }
    }
}

/// `SOURCE:LINE:COLUMN`.
pub(crate) fn in_words(place: &Place) -> String {
    let (line, column) = place.source.line_column(place.span.start);
    format!("{}:{line}:{column}", place.source.name)
}
