//! Which adapters a connection may use.
//!
//! What a reference means must not depend on what happens to be installed: a connection uses
//! adapters of the libraries that its composite names, of those that the document's types use, and
//! of the standard library. Only advice looks further.

use std::collections::BTreeMap;
use std::sync::Arc;

use liveobj_types::module::STANDARD_NAME;
use liveobj_types::resolve::Environment;
use liveobj_types::syntax::{Item, Template};
use liveobj_types::types::Object;
use liveobj_types::{EndpointId, Place, TypeId};

use super::super::Checker;
use super::super::advice::Around;
use super::super::libraries::{LibraryName, Offered};
use super::super::scope::Scope;
use crate::catalog::LibraryTypes;
use crate::model::{
    Argument, Composite, External, ExternalSource, Reference, ReferenceKind, Spanned,
};
use crate::validate::is_hash;

/// Most libraries that advice looks into.
const MAX_LIBRARIES: usize = 64;

/// An adapter that a library offers.
pub(in crate::check) struct Adapter {
    pub library: LibraryName,
    pub offered: Offered,
    /// Its endpoints as declared, type parameters open.
    pub ends: [(String, EndpointId); 2],
    /// Bounds of its type parameters.
    pub bounds: BTreeMap<String, TypeId>,
}

impl Adapter {
    pub fn name(&self) -> &str {
        &self.offered.template.name.name
    }

    fn template(&self) -> &Template {
        &self.offered.template
    }

    pub fn declares(&self, parameter: &str) -> bool {
        let template = self.template();
        let mut types = template.type_parameters.iter().map(|each| &each.name);
        let mut values = template.value_parameters.iter().map(|each| &each.name);
        types.any(|name| name.name == parameter) || values.any(|name| name.name == parameter)
    }

    /// Value parameters that somebody has to assign.
    pub fn required(&self) -> impl Iterator<Item = &str> {
        let values = self.template().value_parameters.iter();
        values
            .filter(|parameter| parameter.default.is_none())
            .map(|parameter| parameter.name.name.as_str())
    }

    pub fn described(&self) -> String {
        format!("`{}` of `{}`", self.name(), self.library.name)
    }
}

impl Checker<'_> {
    /// The adapters that a connection of the composite may use, by library and name. `None` where
    /// a library is not at hand, or what may name one cannot be read: a finding says so, since it
    /// might have others.
    pub(super) fn adapters(&mut self, around: Around<'_>) -> Option<Vec<Adapter>> {
        let mut wanted = BTreeMap::new();
        self.named_libraries(around.scope, around.composite, &mut wanted);
        let whole = around.whole && around.scope.module.knows_its_uses();
        let mut found = whole.then(Vec::new);
        for library in wanted.into_values() {
            match (self.library(&library, true), &mut found) {
                (Ok(types), Some(found)) => self.offered_adapters(&library, &types, found),
                (Ok(_), None) => {}
                (Err(_), _) => found = None,
            }
        }
        found
    }

    /// The adapters of all libraries that are at hand.
    pub(super) fn all_adapters(&mut self, place: &Place) -> Vec<Adapter> {
        let mut found = Vec::new();
        for name in self.catalog.names().into_iter().take(MAX_LIBRARIES) {
            let Ok(types) = self.catalog.library(&name, None) else {
                continue;
            };
            let library = LibraryName {
                name,
                sha256: None,
                place: place.clone(),
                written: false,
            };
            self.offered_adapters(&library, &types, &mut found);
        }
        found
    }

    fn offered_adapters(
        &mut self,
        library: &LibraryName,
        types: &Arc<LibraryTypes>,
        found: &mut Vec<Adapter>,
    ) {
        for name in &types.templates {
            let Some((module, Item::Template(template))) = types.module.lookup(name) else {
                continue;
            };
            if !template.adapter {
                continue;
            }
            let open = Environment::new();
            let Ok(signature) = self.types.template(module, template, &open) else {
                continue;
            };
            let Object::Endpoints(body) = self.types.object(signature.result) else {
                continue;
            };
            let ends: Vec<(String, EndpointId)> = body
                .endpoints
                .iter()
                .map(|(name, endpoint)| (name.clone(), endpoint.ty))
                .collect();
            let Ok(ends) = ends.try_into() else { continue };
            let offered = Offered {
                module: module.clone(),
                template: template.clone(),
            };
            let bounds = signature.type_parameters.into_iter();
            let bounds = bounds.filter_map(|(name, _, bound)| Some((name, bound?)));
            found.push(Adapter {
                library: library.clone(),
                offered,
                ends,
                bounds: bounds.collect(),
            });
        }
    }

    /// The libraries that a composite names, that the types around it use, and the standard one.
    pub(super) fn named_libraries(
        &self,
        scope: &Scope,
        composite: &Composite,
        found: &mut BTreeMap<String, LibraryName>,
    ) {
        let place = self.at(scope, Default::default());
        let mut add = |name: &str, sha256: Option<String>, place| {
            let library = LibraryName {
                name: name.to_owned(),
                sha256,
                place,
                written: true,
            };
            // A hash narrows, wherever it stands; of two the choice does not depend on the order.
            let known = found.entry(name.to_owned()).or_insert(library.clone());
            if library.sha256 > known.sha256 {
                *known = library;
            }
        };
        add(STANDARD_NAME, None, place);
        for item in &scope.module.file.items {
            if let Item::Use(used) = item {
                let place = Place::new(&scope.module.source, used.span);
                add(&used.library, None, self.embedded.outermost(&place));
            }
        }
        let mut names = Vec::new();
        libraries_of_composite(composite, &mut names);
        for (name, sha256) in names {
            let sha256 = sha256.filter(|text| is_hash(&text.text));
            let sha256 = sha256.map(|text| text.text.to_ascii_lowercase());
            add(&name.text, sha256, self.at(scope, name.span));
        }
    }
}

type Names<'d> = Vec<(&'d Spanned, Option<&'d Spanned>)>;

fn libraries_of_composite<'d>(composite: &'d Composite, names: &mut Names<'d>) {
    for component in &composite.components {
        libraries_of(&component.reference, names);
    }
    let adapts = composite.connections.iter().flat_map(|c| &c.adapt);
    for (_, argument) in adapts.flat_map(|adapt| &adapt.parameters) {
        libraries_of_argument(argument, names);
    }
}

fn libraries_of<'d>(reference: &'d Reference, names: &mut Names<'d>) {
    match &reference.kind {
        ReferenceKind::Composite(composite) => libraries_of_composite(composite, names),
        ReferenceKind::External(External { source, .. }) => match source {
            ExternalSource::Library { name, sha256 } => names.push((name, sha256.as_ref())),
            ExternalSource::From(from) => match crate::expand::named_library(from) {
                Some(library) => names.push(library),
                None => libraries_of(from, names),
            },
        },
        ReferenceKind::Parameterized(inner) => {
            libraries_of(&inner.template, names);
            for (_, argument) in &inner.parameters {
                libraries_of_argument(argument, names);
            }
        }
        ReferenceKind::Primitive(_) => {}
    }
}

fn libraries_of_argument<'d>(argument: &'d Argument, names: &mut Names<'d>) {
    if let Argument::Reference(reference) = argument {
        libraries_of(reference, names);
    }
}
