//! External references: out of a folder, or straight out of a library.

use std::collections::BTreeMap;

use liveobj_types::{Diagnostic, ObjectId, codes};

use super::libraries::{Absent, LibraryName};
use super::relate::Help;
use super::scope::Scope;
use super::{Checker, Typed};
use crate::checked::{Part, PartKind};
use crate::identity;
use crate::model::{External, ExternalSource, Reference, Spanned};
use crate::validate::is_hash;

/// What `from` turned out to be.
pub(super) enum Origin {
    /// A library: the manifest tells.
    Library(LibraryName),
    /// Some other object.
    Folder(Option<Typed>),
}

impl Checker<'_> {
    pub(super) fn external(
        &mut self,
        scope: &Scope,
        reference: &Reference,
        external: &External,
    ) -> Option<Typed> {
        match self.origin(scope, &external.source) {
            Origin::Library(library) => self.library_object(scope, reference, external, library),
            Origin::Folder(folder) => self.folder_object(scope, reference, external, folder),
        }
    }

    pub(super) fn origin(&mut self, scope: &Scope, source: &ExternalSource) -> Origin {
        match source {
            ExternalSource::Library { name, sha256 } => Origin::Library(LibraryName {
                name: name.text.clone(),
                // One that is none is a finding of its own.
                sha256: sha256
                    .as_ref()
                    .filter(|sha256| is_hash(&sha256.text))
                    .map(|sha256| sha256.text.to_ascii_lowercase()),
                place: self.at(scope, name.span),
                written: true,
            }),
            ExternalSource::From(from) => {
                let folder = self.reference(scope, from);
                match folder {
                    Some(Typed {
                        part: Some(Part { kind, place, .. }),
                        ..
                    }) if matches!(kind, PartKind::Library { .. }) => {
                        let PartKind::Library { name, sha256 } = kind else {
                            unreachable!("the guard says so")
                        };
                        Origin::Library(LibraryName {
                            name,
                            sha256,
                            place,
                            written: false,
                        })
                    }
                    folder => Origin::Folder(folder),
                }
            }
        }
    }

    fn library_object(
        &mut self,
        scope: &Scope,
        reference: &Reference,
        external: &External,
        wanted: LibraryName,
    ) -> Option<Typed> {
        let as_type = reference.as_type.as_ref();
        let name = external.name.text.as_str();
        let mut complete = true;
        let mut derived = None;
        match self.library(&wanted, !self.has_cast(scope, reference)) {
            // Nobody can tell now: the `as` is believed. Where the library is at hand when the
            // reference is opened, it is checked again.
            Err(Absent::Silent) => {}
            Err(Absent::Reported) => complete = false,
            // That there is no name is a finding already.
            Ok(_) if name.is_empty() => complete = false,
            Ok(library) => {
                let place = self.at(scope, external.name.span);
                derived = self.offered(&library, name, place).and_then(|offered| {
                    let template = &offered.template;
                    if template.type_parameters.is_empty() && template.value_parameters.is_empty() {
                        let signature = self.signature(&offered, &BTreeMap::new())?;
                        return Some(signature.result);
                    }
                    self.needs_parameters(scope, &external.name, &offered);
                    None
                });
                complete = derived.is_some();
            }
        }
        let ty = self.cast(scope, as_type, derived)?;
        let part = complete.then(|| Part {
            ty,
            derived: derived.unwrap_or(ty),
            cast: as_type.is_some(),
            identity: identity::object(&wanted.name, name, &[]),
            place: self.at(scope, reference.span),
            kind: PartKind::Object {
                library: wanted.name.clone(),
                sha256: wanted.sha256.clone(),
                template: name.to_owned(),
                arguments: Vec::new(),
            },
        });
        Some(Typed {
            ty,
            derived: derived.unwrap_or(ty),
            part,
        })
    }

    fn needs_parameters(
        &mut self,
        scope: &Scope,
        name: &Spanned,
        offered: &super::libraries::Offered,
    ) {
        let template = &offered.template;
        let names: Vec<String> = template
            .type_parameters
            .iter()
            .map(|parameter| format!("`{}`", parameter.name.name))
            .chain(
                template
                    .value_parameters
                    .iter()
                    .map(|parameter| format!("`{}`", parameter.name.name)),
            )
            .collect();
        let plural = if names.len() == 1 {
            "parameter"
        } else {
            "parameters"
        };
        let message = format!(
            "`{}` is a template with the {plural} {}, not an object",
            name.text,
            names.join(", ")
        );
        let place = self.at(scope, name.span);
        let found = Diagnostic::error(codes::NOT_A_TEMPLATE, message).at(place, "").with_help(
            "put it into the `template` of a `parameterized` reference, and assign its parameters",
        );
        self.report(found);
    }

    fn folder_object(
        &mut self,
        scope: &Scope,
        reference: &Reference,
        external: &External,
        folder: Option<Typed>,
    ) -> Option<Typed> {
        let mut folder_part = None;
        if let Some(folder) = folder {
            let expected = self.folder_type();
            let ExternalSource::From(from) = &external.source else {
                unreachable!("folders come from `from` only")
            };
            let place = self.at(scope, from.span);
            let labels = vec![(place, format!("it is {}", self.description(folder.ty)))];
            let help = format!(
                "`<from>` needs a folder to look `{}` up in, such as `<primitive id=\"registry\"/>`",
                external.name.text
            );
            let help = Help::Instead(Some(help));
            let what = "the object in `from`";
            let passes = self.object_subtype_or(folder.ty, expected, what, labels, &[], help);
            folder_part = folder.part.filter(|_| passes);
        }
        let Some(as_type) = &reference.as_type else {
            let told = external.name.text.is_empty() || self.has_cast(scope, reference);
            if folder_part.is_some() && !told {
                let message = format!(
                    "nothing tells the type of `{}`: what is in a folder is not looked at",
                    external.name.text
                );
                let place = self.at(scope, reference.span);
                let found = Diagnostic::error(codes::MISSING_AS, message)
                    .at(place, "")
                    .with_help("add the type that is needed: `as=\"…\"`");
                self.report(found);
            }
            return None;
        };
        let ty = self.object_type(scope, as_type)?;
        let part = folder_part.map(|folder| Part {
            ty,
            derived: ty,
            cast: true,
            identity: identity::external(
                &external.name.text,
                &self.types.identity(liveobj_types::TypeId::Object(ty)),
                &folder.identity,
            ),
            place: self.at(scope, reference.span),
            kind: PartKind::External {
                name: external.name.text.clone(),
                folder: Box::new(folder),
            },
        });
        Some(Typed {
            ty,
            derived: ty,
            part,
        })
    }

    /// A type in backticks, or the words for one that has no short description.
    pub(super) fn description(&self, ty: ObjectId) -> String {
        format!(
            "`{}`",
            self.types.describe(liveobj_types::TypeId::Object(ty))
        )
    }
}
