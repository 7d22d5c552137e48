//! Values of parameters, and defaults.

use std::collections::BTreeMap;
use std::sync::Arc;

use liveobj_types::resolve::ValueParameterSignature;
use liveobj_types::syntax::Item;
use liveobj_types::{Data, Diagnostic, Module, ObjectId, Place, Source, Step, ValueId, codes};

use super::libraries::Offered;
use super::scope::Scope;
use super::{Checker, Depth};
use crate::canonical;
use crate::checked::{BoundArgument, Part};
use crate::faults::Faults;
use crate::gaps::Gaps;
use crate::identity;
use crate::model::{Document, Spanned};
use crate::validate;
use crate::value::{Notation, Purpose, read_value};

/// Documents of the largest size that passed references may take together.
const PASSED_SIZES: usize = 4;

/// An argument with what it adds to the identity.
pub(super) struct Bound {
    pub argument: BoundArgument,
    pub identity: [u8; 32],
}

impl Checker<'_> {
    /// The value that `text` says parameter `name` has.
    pub(super) fn argument_value(
        &mut self,
        scope: &Scope,
        name: &str,
        ty: ValueId,
        text: &Spanned,
    ) -> Option<Bound> {
        let source = self.embedded.source(&scope.source, text);
        let purpose = Purpose {
            code: codes::INVALID_VALUE,
            name,
        };
        self.bound_value(scope, ty, &source, Notation::Argument, purpose)
    }

    /// The default of a parameter of `offered`; `used` is where it would be assigned.
    pub(super) fn default_value(
        &mut self,
        scope: &Scope,
        offered: &Offered,
        parameter: &ValueParameterSignature,
    ) -> Option<Bound> {
        let source = self.default_source(&offered.module, parameter)?;
        let purpose = Purpose {
            code: codes::INVALID_DEFAULT,
            name: &parameter.name,
        };
        let scope = scope.inside(&offered.module, &source);
        self.bound_value(&scope, parameter.ty, &source, Notation::Json, purpose)
    }

    fn default_source(
        &mut self,
        module: &Arc<Module>,
        parameter: &ValueParameterSignature,
    ) -> Option<Arc<Source>> {
        let default = parameter.default.as_ref()?;
        let text = Spanned {
            text: default.json.clone(),
            span: default.span,
            verbatim: true,
        };
        Some(self.embedded.source(&module.source, &text))
    }

    fn bound_value(
        &mut self,
        scope: &Scope,
        ty: ValueId,
        source: &Arc<Source>,
        notation: Notation,
        purpose: Purpose<'_>,
    ) -> Option<Bound> {
        let read = match read_value(&self.types, ty, source, notation, purpose, &self.limits) {
            Ok(read) => read,
            Err(found) => {
                self.report_all(found);
                return None;
            }
        };
        let mut parts = Vec::new();
        let mut complete = true;
        for (document, object) in &read.references {
            match self.nested(scope, source, document, *object, purpose.name) {
                Some(part) => parts.push(part),
                None => complete = false,
            }
        }
        self.keep_value(purpose.name, read.references);
        if !complete {
            return None;
        }
        let identities = parts
            .iter()
            .map(|part| part.identity.to_vec())
            .collect::<Vec<_>>();
        let mut documents = Vec::new();
        for part in &parts {
            documents.push(self.canonical(part)?.into_bytes());
        }
        let identity = identity::value(&filled(read.data.clone(), &identities));
        let data = filled(read.data, &documents);
        Some(Bound {
            argument: BoundArgument::Value { ty, data },
            identity,
        })
    }

    /// A reference inside a value, which must be an `object`.
    fn nested(
        &mut self,
        around: &Scope,
        source: &Arc<Source>,
        document: &Document,
        object: ObjectId,
        name: &str,
    ) -> Option<Part> {
        let mut faults = Faults::new(source);
        validate::validate(&mut faults, document, &Gaps::default(), &self.limits);
        let found = faults.diagnostics;
        self.report_all(found);
        let scope = self.scope(document, source, Some(around));
        let typed = self.reference(&scope, &document.root)?;
        let place = self.at(&scope, document.root.span);
        let passes = self.passed(typed.ty, object, name, place);
        typed.part.filter(|_| passes)
    }

    /// The canonical document of a part that is passed as a value. They may hold one another, so
    /// there is a limit on all of them together.
    pub(super) fn canonical(&mut self, part: &Part) -> Option<String> {
        if self.depth == Depth::Identity {
            return Some(String::new());
        }
        let text = canonical::text(&self.types, part);
        self.passed_bytes += text.len();
        if self.passed_bytes <= PASSED_SIZES * self.limits.size {
            return Some(text);
        }
        let message = format!(
            "references passed as values, those inside counted each time, take more than {} bytes",
            PASSED_SIZES * self.limits.size
        );
        let found = Diagnostic::error(codes::LIMIT_EXCEEDED, message).at(part.place.clone(), "");
        self.report(found);
        None
    }

    /// Whether a reference to a `found` may be passed as parameter `name`, an `expected`.
    pub(super) fn passed(
        &mut self,
        found: ObjectId,
        expected: ObjectId,
        name: &str,
        place: Place,
    ) -> bool {
        let labels = vec![(place, format!("it is {}", self.description(found)))];
        let what = format!("the object passed as `{name}`");
        let prefix = [Step::Parameter(name.to_owned())];
        self.object_subtype(found, expected, &what, labels, &prefix)
    }

    /// Judges the defaults of all templates that `module` declares itself.
    pub(super) fn defaults(&mut self, module: &Arc<Module>) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        for item in &module.file.items {
            let Item::Template(template) = item else {
                continue;
            };
            if template
                .value_parameters
                .iter()
                .all(|parameter| parameter.default.is_none())
            {
                continue;
            }
            let signature = self.types.template(module, template, &BTreeMap::new());
            let Ok(signature) = signature else { continue };
            for parameter in &signature.value_parameters {
                let Some(source) = self.default_source(module, parameter) else {
                    continue;
                };
                let purpose = Purpose {
                    code: codes::INVALID_DEFAULT,
                    name: &parameter.name,
                };
                let read = read_value(
                    &self.types,
                    parameter.ty,
                    &source,
                    Notation::Json,
                    purpose,
                    &self.limits,
                );
                found.extend(read.err().into_iter().flatten());
            }
        }
        found
            .into_iter()
            .map(|found| self.embedded.translated(found))
            .collect()
    }

    /// A default without references.
    pub(super) fn plain_value(&self, parameter: &ValueParameterSignature) -> Option<Data> {
        let source = Source::new("default", parameter.default.as_ref()?.json.as_str());
        let purpose = Purpose {
            code: codes::INVALID_DEFAULT,
            name: &parameter.name,
        };
        let read = read_value(
            &self.types,
            parameter.ty,
            &source,
            Notation::Json,
            purpose,
            &self.limits,
        );
        read.ok()
            .filter(|read| read.references.is_empty())
            .map(|read| read.data)
    }
}

/// Puts `documents` where [`read_value`] left their indices.
fn filled(data: Data, documents: &[Vec<u8>]) -> Data {
    let all = |items: Vec<Data>| {
        items
            .into_iter()
            .map(|item| filled(item, documents))
            .collect()
    };
    let boxed = |item: Option<Box<Data>>| item.map(|item| Box::new(filled(*item, documents)));
    match data {
        Data::Document(index) => {
            let index: [u8; 4] = index.try_into().expect("the reader wrote four bytes");
            Data::Document(documents[u32::from_le_bytes(index) as usize].clone())
        }
        Data::List(items) => Data::List(all(items)),
        Data::Tuple(items) => Data::Tuple(all(items)),
        Data::Option(item) => Data::Option(boxed(item)),
        Data::Variant(name, payload) => Data::Variant(name, boxed(payload)),
        Data::Map(entries) => Data::Map(
            entries
                .into_iter()
                .map(|(key, value)| (key, filled(value, documents)))
                .collect(),
        ),
        Data::Record(fields) => Data::Record(
            fields
                .into_iter()
                .map(|(name, value)| (name, filled(value, documents)))
                .collect(),
        ),
        scalar => scalar,
    }
}
