//! What stands in the `template` of a parameterized reference.

use std::collections::BTreeMap;

use liveobj_types::resolve::{Environment, TemplateSignature, ValueParameterSignature};
use liveobj_types::syntax::{Item, TypeExpr};
use liveobj_types::{Diagnostic, TypeId, codes, nearest};

use super::external::Origin;
use super::libraries::{Absent, LibraryName, Offered};
use super::primitive::Known;
use super::scope::Scope;
use super::{Checker, Depth};
use crate::model::{Reference, ReferenceKind, Spanned};

/// A template that was found, and what makes its objects.
pub(super) struct Found {
    pub offered: Offered,
    pub maker: Maker,
}

/// What makes the objects of a template.
pub(super) enum Maker {
    /// The `library` primitive.
    LibraryPrimitive,
    /// A library.
    Library(LibraryName),
    /// Nobody, since something is wrong.
    Nobody,
}

impl Checker<'_> {
    /// A template's signature under `arguments`; what hinders it is reported.
    pub(super) fn signature(
        &mut self,
        offered: &Offered,
        arguments: &Environment,
    ) -> Option<TemplateSignature> {
        match self
            .types
            .template(&offered.module, &offered.template, arguments)
        {
            Ok(signature) => Some(signature),
            Err(found) => {
                self.report_all(found);
                None
            }
        }
    }

    pub(super) fn template(&mut self, scope: &Scope, reference: &Reference) -> Option<Found> {
        let as_type = reference.as_type.as_ref();
        if self
            .left_out(scope)
            .is_some_and(|it| it.is_unread(reference))
        {
            self.reference(scope, reference);
            return None;
        }
        let (name, wanted) = match &reference.kind {
            ReferenceKind::Primitive(primitive) => {
                return match self.known_primitive(scope, primitive)? {
                    Known::Library => {
                        let offered = self.library_template();
                        if let Some(text) = as_type {
                            self.equal_template(scope, text, &offered);
                        }
                        Some(Found {
                            offered,
                            maker: Maker::LibraryPrimitive,
                        })
                    }
                    Known::Registry | Known::Code => {
                        let id = &primitive.id;
                        self.no_template(scope, id, &format!("the primitive `{}`", id.text));
                        None
                    }
                };
            }
            ReferenceKind::External(external) => match self.origin(scope, &external.source) {
                Origin::Library(wanted) => (&external.name, wanted),
                Origin::Folder(folder) => {
                    let named = !external.name.text.is_empty();
                    if named && folder.is_some_and(|folder| folder.part.is_some()) {
                        let message = format!(
                            "the template `{}` does not come from a library",
                            external.name.text
                        );
                        let place = self.at(scope, external.name.span);
                        let found = Diagnostic::error(codes::NOT_A_TEMPLATE, message)
                            .at(place, "")
                            .with_help("templates are found in manifests: write `library=\"…\"`");
                        self.report(found);
                    }
                    return None;
                }
            },
            ReferenceKind::Composite(_) | ReferenceKind::Parameterized(_) => {
                let what = match &reference.kind {
                    ReferenceKind::Composite(_) => "a composite",
                    _ => "a parameterized reference",
                };
                let text = Spanned {
                    span: reference.span,
                    ..Spanned::default()
                };
                self.no_template(scope, &text, what);
                self.reference(scope, reference);
                return None;
            }
        };
        let library = self.library(&wanted, !self.has_cast(scope, reference));
        let place = self.at(scope, name.span);
        match library {
            Ok(_) if name.text.is_empty() => self.as_template(scope, as_type?, Maker::Nobody),
            Ok(library) => match self.offered(&library, &name.text, place) {
                Some(offered) => {
                    if let Some(text) = as_type {
                        self.equal_template(scope, text, &offered);
                    }
                    Some(Found {
                        offered,
                        maker: Maker::Library(wanted),
                    })
                }
                None => self.as_template(scope, as_type?, Maker::Nobody),
            },
            Err(Absent::Silent) => self.as_template(scope, as_type?, Maker::Library(wanted)),
            Err(Absent::Reported) => self.as_template(scope, as_type?, Maker::Nobody),
        }
    }

    fn no_template(&mut self, scope: &Scope, at: &Spanned, what: &str) {
        let place = self.at(scope, at.span);
        let found = Diagnostic::error(codes::NOT_A_TEMPLATE, format!("{what} is no template"))
            .at(place, "")
            .with_help("templates are external references into libraries, or `library`");
        self.report(found);
    }

    fn as_template(&mut self, scope: &Scope, text: &Spanned, maker: Maker) -> Option<Found> {
        let offered = self.named_template(scope, text)?;
        Some(Found { offered, maker })
    }

    /// The template that an `as` names.
    fn named_template(&mut self, scope: &Scope, text: &Spanned) -> Option<Offered> {
        let (_, expr) = self.type_expr(scope, text)?;
        let place = self.at(scope, text.span);
        let found = match &expr {
            TypeExpr::Named {
                name, arguments, ..
            } if arguments.is_empty() => match scope.module.lookup(&name.name) {
                Some((module, Item::Template(template))) => {
                    return Some(Offered {
                        module: module.clone(),
                        template: template.clone(),
                    });
                }
                Some(_) => Diagnostic::error(
                    codes::NOT_A_TEMPLATE,
                    format!("`{}` is a type, no template", name.name),
                )
                .with_help("put the type of the object into the `as` of `parameterized`"),
                None if scope.module.may_declare(&name.name) || self.is_full() => return None,
                None => {
                    let names = scope.module.visible_names();
                    let similar = nearest(&name.name, names);
                    let message = format!("there is no template `{}`", name.name);
                    let found = Diagnostic::error(codes::UNKNOWN_TYPE, message).at(place, "");
                    let found = match similar {
                        Some(similar) => found.did_you_mean(&name.name, similar),
                        None => found,
                    };
                    self.report(found);
                    return None;
                }
            },
            _ => Diagnostic::error(
                codes::NOT_A_TEMPLATE,
                format!("`{}` is a type, no template", text.text),
            )
            .with_help("put the type of the object into the `as` of `parameterized`"),
        };
        self.report(found.at(place, ""));
        None
    }

    /// Reports a template that is not equal to the one that `text` names.
    fn equal_template(&mut self, scope: &Scope, text: &Spanned, offered: &Offered) {
        if self.depth == Depth::Identity {
            return;
        }
        let Some(named) = self.named_template(scope, text) else {
            return;
        };
        let none = BTreeMap::new();
        let Some(expected) = self.signature(&named, &none) else {
            return;
        };
        let Some(found) = self.signature(offered, &none) else {
            return;
        };
        let Some(difference) = self.difference(&found, &expected) else {
            return;
        };
        let message = format!(
            "template `{}` is not equal to `{}`: {difference}",
            found.name, expected.name
        );
        let place = self.at(scope, text.span);
        let found = Diagnostic::error(codes::TEMPLATE_MISMATCH, message)
            .at(place, "")
            .with_note("templates have no subtyping: all of it must be the same")
            .with_help("remove the `as`, or declare the template as the library has it");
        self.report(found);
    }

    fn difference(
        &self,
        found: &TemplateSignature,
        expected: &TemplateSignature,
    ) -> Option<String> {
        let names = |signature: &TemplateSignature| -> Vec<String> {
            let types = signature
                .type_parameters
                .iter()
                .map(|(name, ..)| name.clone());
            let values = signature
                .value_parameters
                .iter()
                .map(|value| value.name.clone());
            types.chain(values).collect()
        };
        let (found_names, expected_names) = (names(found), names(expected));
        if found_names != expected_names
            || found.type_parameters.len() != expected.type_parameters.len()
        {
            let list = |names: &[String]| match names {
                [] => "no parameters".to_owned(),
                names => format!("the parameters `{}`", names.join("`, `")),
            };
            return Some(format!(
                "it has {}, not {}",
                list(&found_names),
                list(&expected_names)
            ));
        }
        for ((name, kind, bound), (_, kind2, bound2)) in
            found.type_parameters.iter().zip(&expected.type_parameters)
        {
            if kind != kind2 {
                let (kind, kind2) = (kind.as_str(), kind2.as_str());
                return Some(format!("parameter `{name}` is of kind {kind}, not {kind2}"));
            }
            if !self.same_bound(*bound, *bound2) {
                return Some(format!("parameter `{name}` has another bound"));
            }
        }
        for (value, value2) in found
            .value_parameters
            .iter()
            .zip(&expected.value_parameters)
        {
            let (ty, ty2) = (TypeId::Value(value.ty), TypeId::Value(value2.ty));
            if self.types.identity(ty) != self.types.identity(ty2) {
                return Some(format!(
                    "parameter `{}` is a `{}`, not a `{}`",
                    value.name,
                    self.types.describe(ty),
                    self.types.describe(ty2)
                ));
            }
            if !self.same_default(value, value2) {
                return Some(format!("parameter `{}` has another default", value.name));
            }
        }
        let (result, result2) = (
            TypeId::Object(found.result),
            TypeId::Object(expected.result),
        );
        if self.types.identity(result) != self.types.identity(result2) {
            return Some(format!(
                "its objects are `{}`, not `{}`",
                self.types.describe(result),
                self.types.describe(result2)
            ));
        }
        None
    }

    fn same_bound(&self, left: Option<TypeId>, right: Option<TypeId>) -> bool {
        match (left, right) {
            (None, None) => true,
            (Some(left), Some(right)) => self.types.identity(left) == self.types.identity(right),
            _ => false,
        }
    }

    fn same_default(
        &self,
        left: &ValueParameterSignature,
        right: &ValueParameterSignature,
    ) -> bool {
        match (&left.default, &right.default) {
            (None, None) => true,
            (Some(left_text), Some(right_text)) => {
                left_text.json == right_text.json
                    || match (self.plain_value(left), self.plain_value(right)) {
                        (Some(left), Some(right)) => {
                            left.total_cmp(&right) == std::cmp::Ordering::Equal
                        }
                        _ => false,
                    }
            }
            _ => false,
        }
    }
}
