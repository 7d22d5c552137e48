//! Types of objects of libraries, put into the words of a document.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use liveobj_types::module::STANDARD_NAME;
use liveobj_types::resolve::Environment;
use liveobj_types::syntax::{Brackets, parse_file, parse_type, print_file, print_type};
use liveobj_types::types::{Endpoint, Object, Value};
use liveobj_types::{Formalisms, ObjectId, Source, TypeId, Types};

use super::scope::Scope;
use super::{Checker, Depth, Policy};
use crate::catalog::Catalog;
use crate::expand::named_library;
use crate::format::NamedTypes;
use crate::gaps::Gaps;
use crate::model::{Argument, Document, ExternalSource, Reference, ReferenceKind, Spanned};
use crate::types_text::TypesText;

/// The type of each reference to an object of a library, other than the standard one, that has no
/// `as`. Templates of parameterized references are no objects. What cannot be told is left out.
pub(crate) fn named_types(
    document: &Document,
    source: &Arc<Source>,
    catalog: &dyn Catalog,
) -> NamedTypes {
    let (formalisms, policy) = (Formalisms::none(), Policy::default());
    let gaps = Gaps::default();
    let mut checker = Checker::new(
        source,
        catalog,
        &formalisms,
        &policy,
        Depth::Identity,
        &gaps,
    );
    let scope = checker.scope(document, source, None);
    if scope.is_broken() {
        return NamedTypes::default();
    }
    let mut search = Search {
        checker,
        scope,
        known: BTreeMap::new(),
        found: Vec::new(),
    };
    search.reference(&document.root);
    let Search {
        mut checker,
        scope,
        found,
        ..
    } = search;
    let named = in_scope(&mut checker.types, &scope, found.iter().map(|(_, ty)| *ty));
    let mut text = TypesText::new(&checker.types);
    text.avoid(scope.module.visible_names());
    for (id, name) in named {
        text.name(id, name);
    }
    let casts = found
        .into_iter()
        .map(|(at, ty)| (at, text.expression(TypeId::Object(ty))))
        .collect();
    let text = text.finish().unwrap_or_default();
    let file = parse_file(&Source::new(source.name.as_str(), text.as_str()));
    NamedTypes {
        casts,
        declarations: file.map_or(text, |file| print_file(&file)),
    }
}

/// What a library is asked for: its name, its hash, a template.
type Asked = (String, Option<String>, String);

struct Search<'a> {
    checker: Checker<'a>,
    scope: Scope,
    known: BTreeMap<Asked, Option<ObjectId>>,
    /// Where references begin, and their types.
    found: Vec<(usize, ObjectId)>,
}

impl Search<'_> {
    fn reference(&mut self, reference: &Reference) {
        match &reference.kind {
            ReferenceKind::Composite(composite) => {
                for component in &composite.components {
                    self.reference(&component.reference);
                }
                for connection in &composite.connections {
                    let adapt = connection.adapt.as_ref();
                    self.arguments(adapt.map_or(&[], |adapt| &adapt.parameters));
                }
            }
            ReferenceKind::External(external) => {
                let library = match &external.source {
                    ExternalSource::Library { name, sha256 } => Some((name, sha256.as_ref())),
                    ExternalSource::From(from) => named_library(from),
                };
                if let (Some((name, sha256)), None) = (library, &reference.as_type) {
                    self.object(reference, name, sha256);
                } else if let ExternalSource::From(from) = &external.source {
                    self.reference(from);
                }
            }
            ReferenceKind::Parameterized(inner) => self.arguments(&inner.parameters),
            ReferenceKind::Primitive(_) => {}
        }
    }

    fn arguments(&mut self, arguments: &[(Spanned, Argument)]) {
        for (_, argument) in arguments {
            if let Argument::Reference(reference) = argument {
                self.reference(reference);
            }
        }
    }

    fn object(&mut self, reference: &Reference, library: &Spanned, sha256: Option<&Spanned>) {
        let ReferenceKind::External(external) = &reference.kind else {
            unreachable!("the caller passes external references")
        };
        if library.text == STANDARD_NAME {
            return;
        }
        let hash = sha256.map(|sha256| sha256.text.clone());
        let asked = (library.text.clone(), hash, external.name.text.clone());
        let ty = match self.known.get(&asked) {
            Some(ty) => *ty,
            None => {
                let typed = self.checker.external(&self.scope, reference, external);
                let ty = typed.filter(|it| it.part.is_some()).map(|it| it.ty);
                self.known.insert(asked, ty);
                ty
            }
        };
        self.found.extend(ty.map(|ty| (reference.span.start, ty)));
    }
}

/// The types among `roots` and inside them that `scope` has names for.
fn in_scope(
    types: &mut Types,
    scope: &Scope,
    roots: impl Iterator<Item = ObjectId>,
) -> Vec<(TypeId, String)> {
    let mut named = Vec::new();
    let mut seen = BTreeSet::new();
    let mut next: Vec<TypeId> = roots.map(TypeId::Object).collect();
    while let Some(id) = next.pop() {
        if !seen.insert(id) {
            continue;
        }
        match name_in_scope(types, scope, id) {
            Some(name) => named.push((id, name)),
            None => next.extend(parts(types, id)),
        }
    }
    named
}

/// The name that a type has where it was declared, if it means the same in `scope`.
fn name_in_scope(types: &mut Types, scope: &Scope, id: TypeId) -> Option<String> {
    let source = Source::new(scope.source.name.as_str(), types.origin(id).name.as_str());
    let expr = parse_type(&source).ok()?;
    let found = types.resolve(&scope.module, &source, &expr, &Environment::new());
    let same = |found| types.identity(found) == types.identity(id);
    found
        .is_ok_and(same)
        .then(|| print_type(&expr, Brackets::Square))
}

/// The types that a type is made of.
fn parts(types: &Types, id: TypeId) -> Vec<TypeId> {
    let values = |ids: &[_]| ids.iter().copied().map(TypeId::Value).collect();
    match id {
        TypeId::Value(id) => match types.value(id) {
            Value::Basic(_) | Value::Parameter(_) => Vec::new(),
            Value::Record { fields, .. } => fields.values().copied().map(TypeId::Value).collect(),
            Value::Variant(cases) => cases
                .values()
                .flatten()
                .copied()
                .map(TypeId::Value)
                .collect(),
            Value::List(item) | Value::Option(item) => values(&[*item]),
            Value::Map(key, value) => values(&[*key, *value]),
            Value::Tuple(items) => values(items),
            Value::Reference(object) => vec![TypeId::Object(*object)],
            Value::External(endpoint) => vec![TypeId::Endpoint(*endpoint)],
        },
        TypeId::Endpoint(id) => match types.endpoint(id) {
            Endpoint::Parameter { .. } => Vec::new(),
            // Events are declared with the endpoint, so that only what they carry has names.
            Endpoint::Events { events, .. } => events
                .values()
                .flat_map(|event| parts(types, TypeId::Value(event.payload)))
                .collect(),
        },
        TypeId::Object(id) => match types.object(id) {
            Object::Top | Object::Parameter(_) => Vec::new(),
            Object::Endpoints(body) => {
                let endpoints = body.endpoints.values();
                let endpoints = endpoints.map(|endpoint| TypeId::Endpoint(endpoint.ty));
                endpoints.chain(body.state.map(TypeId::Value)).collect()
            }
        },
    }
}
