//! Primitives: `library` (1), a template; `registry` (2); `code` (3).

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use liveobj_types::resolve::Environment;
use liveobj_types::syntax::{Item, parse_type};
use liveobj_types::types::{Object, Origin};
use liveobj_types::{Diagnostic, Module, ObjectId, Source, Span, codes, nearest};

use super::libraries::Offered;
use super::scope::Scope;
use super::{Checker, Typed};
use crate::catalog::CatalogError;
use crate::checked::{Part, PartKind};
use crate::identity;
use crate::model::{Primitive, Reference, Spanned};

/// Signatures of the primitives that are not `code`.
const TEXT: &str = "template library(name: string, sha256: string = \"\"): Folder<Object>;\n\
                    template registry(): Folder<Object>;\n";

/// The primitives' declarations.
pub(super) fn module() -> Arc<Module> {
    static MODULE: OnceLock<Arc<Module>> = OnceLock::new();
    MODULE
        .get_or_init(|| {
            let source = Source::new("primitives", TEXT);
            let standard = [Module::standard()];
            let (module, found) = Module::parse_in("primitives", &source, &standard, &mut |_| None);
            assert!(
                found.is_empty(),
                "the primitives are well declared: {found:?}"
            );
            module
        })
        .clone()
}

/// The primitives there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    Library,
    Registry,
    Code,
}

const NAMES: [(&str, Known); 3] = [
    ("library", Known::Library),
    ("registry", Known::Registry),
    ("code", Known::Code),
];

/// Finds a primitive by name or number.
pub(super) fn known(id: &str) -> Option<Known> {
    if let Some((_, known)) = NAMES.iter().find(|(name, _)| *name == id) {
        return Some(*known);
    }
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = match id.strip_prefix("0x") {
        Some(hex) if digits(hex) => u128::from_str_radix(hex, 16).ok(),
        None if id.len() == 32 && digits(id) => u128::from_str_radix(id, 16).ok(),
        None if id.bytes().all(|byte| byte.is_ascii_digit()) => id.parse().ok(),
        _ => None,
    }?;
    NAMES
        .get(usize::try_from(number.checked_sub(1)?).ok()?)
        .map(|(_, known)| *known)
}

impl Checker<'_> {
    /// `Folder<Object>`.
    pub(super) fn folder_type(&mut self) -> ObjectId {
        if let Some(folder) = self.folder {
            return folder;
        }
        let source = Source::new("primitives", "Folder<Object>");
        let expr = parse_type(&source).expect("it is a type");
        let folder = self
            .types
            .resolve_object(&Module::standard(), &source, &expr, &Environment::new())
            .expect("the standard library declares it");
        self.folder = Some(folder);
        folder
    }

    /// Which primitive this is; none is a finding.
    pub(super) fn known_primitive(
        &mut self,
        scope: &Scope,
        primitive: &Primitive,
    ) -> Option<Known> {
        let known = known(&primitive.id.text);
        if primitive.id.text.is_empty() {
            // That is a finding already.
        } else if known.is_none() {
            let message = format!("there is no primitive `{}`", primitive.id.text);
            let place = self.at(scope, primitive.id.span);
            let found = Diagnostic::error(codes::UNKNOWN_PRIMITIVE, message).at(place, "");
            let id = &primitive.id.text;
            self.report(match nearest(id, NAMES.iter().map(|(name, _)| *name)) {
                Some(similar) => found.did_you_mean(id, similar),
                None => found.with_help(
                    "primitives are `library` (1), `registry` (2) and `code` (3); other \
                     built-ins are external references with `library=\"liveobj:standard\"`",
                ),
            });
        } else if known != Some(Known::Code) {
            for (text, what) in [(&primitive.library, "library"), (&primitive.name, "name")] {
                if let Some(text) = text {
                    let message = format!("`{what}` goes with the primitive `code` only");
                    self.structure(scope, text.span, message, None);
                }
            }
        }
        known
    }

    fn structure(&mut self, scope: &Scope, span: Span, message: String, help: Option<&str>) {
        let place = self.at(scope, span);
        let mut found = Diagnostic::error(codes::DOCUMENT_STRUCTURE, message).at(place, "");
        found.help = help.map(str::to_owned);
        self.report(found);
    }

    /// A primitive as an object.
    pub(super) fn primitive(
        &mut self,
        scope: &Scope,
        reference: &Reference,
        primitive: &Primitive,
    ) -> Option<Typed> {
        let as_type = reference.as_type.as_ref();
        match self.known_primitive(scope, primitive) {
            None => {
                let ty = self.cast(scope, as_type, None)?;
                Some(Typed {
                    ty,
                    derived: ty,
                    part: None,
                })
            }
            Some(Known::Library) => {
                let message = "the primitive `library` is a template with the parameter `name`, \
                               not an object";
                let place = self.at(scope, primitive.id.span);
                let found = Diagnostic::error(codes::NOT_A_TEMPLATE, message)
                    .at(place, "")
                    .with_help("put it into the `template` of a `parameterized` reference");
                self.report(found);
                let ty = self.cast(scope, as_type, None)?;
                Some(Typed {
                    ty,
                    derived: ty,
                    part: None,
                })
            }
            Some(Known::Registry) => {
                let derived = self.folder_type();
                let ty = self.cast(scope, as_type, Some(derived))?;
                let part = Part {
                    ty,
                    derived,
                    cast: as_type.is_some(),
                    identity: identity::registry(),
                    place: self.at(scope, reference.span),
                    kind: PartKind::Registry,
                };
                Some(Typed {
                    ty,
                    derived,
                    part: Some(part),
                })
            }
            Some(Known::Code) => self.code(scope, reference, primitive),
        }
    }

    fn code(
        &mut self,
        scope: &Scope,
        reference: &Reference,
        primitive: &Primitive,
    ) -> Option<Typed> {
        let as_type = reference.as_type.as_ref();
        let named = match (&primitive.library, &primitive.name) {
            (Some(library), Some(name)) => self.code_hash(scope, library).map(|hash| (hash, name)),
            _ => {
                let message = "the primitive `code` needs a `library` and a `name`".to_owned();
                let help = "write `library=\"sha256:…\" name=\"…\"`";
                self.structure(scope, primitive.id.span, message, Some(help));
                None
            }
        };
        let Some((hash, name)) = named else {
            let ty = self.cast(scope, as_type, None)?;
            return Some(Typed {
                ty,
                derived: ty,
                part: None,
            });
        };
        let mut derived = None;
        let mut complete = true;
        match self.catalog.library_by_hash(&hash) {
            Ok(library) => {
                let place = self.at(scope, name.span);
                derived = self
                    .offered(&library, &name.text, place)
                    .and_then(|offered| self.plain(scope, name, &offered));
                complete = derived.is_some();
            }
            // As for a library by name.
            Err(CatalogError::Missing { .. }) if as_type.is_some() => {
                self.missing.insert(hash.clone());
            }
            Err(error) => {
                let span = primitive
                    .library
                    .as_ref()
                    .map_or(reference.span, |text| text.span);
                let place = self.at(scope, span);
                let found = Diagnostic::error(codes::MANIFEST_MISSING, error.to_string())
                    .at(place, "needed here")
                    .with_help("add it: `liveobj library add FILE`");
                self.report(found);
                complete = false;
            }
        }
        let ty = self.cast(scope, as_type, derived)?;
        let library = format!("sha256:{hash}");
        let part = complete.then(|| Part {
            ty,
            derived: derived.unwrap_or(ty),
            cast: as_type.is_some(),
            identity: identity::code(&library, &name.text),
            place: self.at(scope, reference.span),
            kind: PartKind::Code {
                library,
                name: name.text.clone(),
            },
        });
        Some(Typed {
            ty,
            derived: derived.unwrap_or(ty),
            part,
        })
    }

    /// The type of a template without parameters.
    fn plain(&mut self, scope: &Scope, name: &Spanned, offered: &Offered) -> Option<ObjectId> {
        let template = &offered.template;
        if template.type_parameters.is_empty() && template.value_parameters.is_empty() {
            return Some(self.signature(offered, &BTreeMap::new())?.result);
        }
        let message = format!("`{}` is a template: `code` names objects only", name.text);
        let place = self.at(scope, name.span);
        self.report(Diagnostic::error(codes::NOT_A_TEMPLATE, message).at(place, ""));
        None
    }

    /// The 64 digits of `sha256:…`, in lower case.
    fn code_hash(&mut self, scope: &Scope, library: &Spanned) -> Option<String> {
        let digits = library.text.strip_prefix("sha256:").unwrap_or_default();
        if digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Some(digits.to_ascii_lowercase());
        }
        let message = "`code` names its library by hash".to_owned();
        let help = "write `sha256:` and 64 hexadecimal digits";
        self.structure(scope, library.span, message, Some(help));
        None
    }

    /// `Object`, where the type does not matter.
    pub(super) fn top(&mut self) -> ObjectId {
        self.types.add_object(Object::Top, Origin::default())
    }

    /// The declaration of the `library` template.
    pub(super) fn library_template(&self) -> Offered {
        match self.primitives.lookup("library") {
            Some((module, Item::Template(template))) => Offered {
                module: module.clone(),
                template: template.clone(),
            },
            _ => unreachable!("the primitives declare it"),
        }
    }
}
