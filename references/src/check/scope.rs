//! What type texts of a document refer to.

use std::sync::Arc;

use liveobj_types::module::STANDARD_NAME;
use liveobj_types::resolve::Environment;
use liveobj_types::syntax::{TypeExpr, parse_type};
use liveobj_types::{Diagnostic, Module, ObjectId, Source, TypeId, codes};

use super::libraries::Absent;
use super::{Checker, Depth};
use crate::catalog::CatalogError;
use crate::model::{Document, Spanned};

/// The names that a document sees: its own types, what these use, and the standard library.
#[derive(Clone)]
pub(super) struct Scope {
    pub module: Arc<Module>,
    /// The text that places of the document refer to.
    pub source: Arc<Source>,
    /// Whether some of its types could not be read.
    broken: bool,
}

impl Scope {
    /// Whether some of the types could not be read.
    pub(super) fn is_broken(&self) -> bool {
        self.broken
    }

    /// The scope of a text inside `module`, standing in `source`.
    pub(super) fn inside(&self, module: &Arc<Module>, source: &Arc<Source>) -> Scope {
        Scope {
            module: module.clone(),
            source: source.clone(),
            broken: false,
        }
    }
}

impl Checker<'_> {
    /// The scope of a document in `source`; one inside another that declares no types sees those
    /// of `around`.
    pub(super) fn scope(
        &mut self,
        document: &Document,
        source: &Arc<Source>,
        around: Option<&Scope>,
    ) -> Scope {
        let nothing = Spanned::default();
        let unread = self.left_out_of(source).is_some_and(|gaps| gaps.types);
        let types = match &document.types {
            // Nothing is known of what is declared.
            None if unread => Some(&nothing),
            types => types.as_ref(),
        };
        let Some(types) = types else {
            return match around {
                Some(around) => Scope {
                    source: source.clone(),
                    ..around.clone()
                },
                None => Scope {
                    module: Module::standard(),
                    source: source.clone(),
                    broken: false,
                },
            };
        };
        let inside = self.embedded.source(source, types);
        let catalog = self.catalog;
        let mut missing = Vec::new();
        let mut find = |name: &str| {
            if name == STANDARD_NAME {
                return Some(Module::standard());
            }
            match catalog.library(name, None) {
                Ok(library) => Some(library.module.clone()),
                Err(error) => {
                    missing.push((name.to_owned(), error));
                    None
                }
            }
        };
        let standard = [Module::standard()];
        let (module, mut found) = match unread {
            true => Module::parse_part(&source.name, &inside, &standard, &mut find),
            false => Module::parse_in(&source.name, &inside, &standard, &mut find),
        };
        let unknown = found
            .iter_mut()
            .filter(|found| found.code == codes::UNKNOWN_TYPE_LIBRARY);
        for (found, (name, error)) in unknown.zip(missing) {
            self.unknown_library(found, name, &error);
        }
        let mut codes = found.iter().map(|found| found.code);
        let broken = unread || codes.any(|code| code != codes::DUPLICATE_NAME);
        self.report_all(found);
        if self.depth == Depth::Types {
            let found = self.types.check_module(&module, self.formalisms);
            self.report_all(found);
            let found = self.defaults(&module);
            self.report_all(found);
        }
        Scope {
            module,
            source: source.clone(),
            broken,
        }
    }

    /// Says what to do about a library that a `use` names; nobody else has to.
    fn unknown_library(&mut self, found: &mut Diagnostic, name: String, error: &CatalogError) {
        match error {
            CatalogError::Missing { .. } => *found = self.other_library(found.clone(), &name),
            error => found.message = error.to_string(),
        }
        self.libraries.insert((name, None), Err(Absent::Reported));
    }

    /// Parses a type text.
    pub(super) fn type_expr(
        &mut self,
        scope: &Scope,
        text: &Spanned,
    ) -> Option<(Arc<Source>, TypeExpr)> {
        let source = self.embedded.source(&scope.source, text);
        match parse_type(&source) {
            Ok(expr) => Some((source, expr)),
            Err(found) => {
                self.report_all(found);
                None
            }
        }
    }

    /// Resolves a type text of any kind.
    pub(super) fn any_type(&mut self, scope: &Scope, text: &Spanned) -> Option<TypeId> {
        let key = (Arc::as_ptr(&scope.module) as usize, text.text.clone());
        if let Some(id) = self.resolved.get(&key) {
            return Some(*id);
        }
        let (source, expr) = self.type_expr(scope, text)?;
        match self
            .types
            .resolve(&scope.module, &source, &expr, &Environment::new())
        {
            Ok(id) => {
                self.resolved.insert(key, id);
                Some(id)
            }
            Err(found) => {
                self.unresolved(found);
                None
            }
        }
    }

    /// Resolves a type text that must be an object type.
    pub(super) fn object_type(&mut self, scope: &Scope, text: &Spanned) -> Option<ObjectId> {
        let key = (Arc::as_ptr(&scope.module) as usize, text.text.clone());
        if let Some(TypeId::Object(id)) = self.resolved.get(&key) {
            return Some(*id);
        }
        let (source, expr) = self.type_expr(scope, text)?;
        match self
            .types
            .resolve_object(&scope.module, &source, &expr, &Environment::new())
        {
            Ok(id) => {
                self.resolved.insert(key, TypeId::Object(id));
                Some(id)
            }
            Err(found) => {
                self.unresolved(found);
                None
            }
        }
    }

    /// Reports what hinders a type text.
    fn unresolved(&mut self, found: Vec<Diagnostic>) {
        // What goes wrong inside a library follows from the arguments that are given here.
        let (here, inside): (Vec<_>, Vec<_>) = found.into_iter().partition(|found| {
            let first = found.labels.first().map(|label| &label.place);
            first.is_some_and(|place| {
                Arc::ptr_eq(&self.embedded.outermost(place).source, &self.source)
            })
        });
        self.report_all(if here.is_empty() { inside } else { here });
    }
}
