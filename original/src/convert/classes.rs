//! Classes as types.

use liveobj_types::codes;

use super::{ALL_IDS, Converter};
use crate::catalog::{Entry, Kind, ParameterKind, Status, Type};
use crate::document::{Class, ClassKind, ValueKind};
use crate::names::Names;
use crate::{Id, QualifiedId};

const EXPORTED: Id = Id(0x673C_2185_E9E6_4918_8C24_5D47_E294_8896);
const IMPORTED: Id = Id(0xC8EA_5087_71EC_40A8_987A_8838_2F27_2E36);
const DUAL: Id = Id(0x38F6_5315_6043_4F3F_964D_33D9_DA00_94EC);

/// A class with its arguments, in words of the catalogue and of the type language.
#[derive(Clone, Debug)]
pub(super) struct Resolved {
    /// The class.
    pub ty: Type,
    /// The type expression, with brackets.
    pub text: String,
}

impl Converter<'_> {
    /// The type that a class is. Every fault of it is reported.
    pub(super) fn class(&mut self, kind: ClassKind, class: &Class) -> Option<Resolved> {
        for constraint in &class.object_constraints {
            let message = "constraints on objects have no counterpart".to_owned();
            let help = "remove the `ObjectConstraint`, if the object need not be secured";
            let help = Some(help.to_owned());
            self.error(
                codes::ORIGINAL_NOT_CONVERTIBLE,
                constraint.span,
                message,
                help,
            );
        }
        for constraint in &class.endpoint_constraints {
            let message = "constraints on endpoints are ignored, as the original did".to_owned();
            self.drop(constraint.span, message);
        }
        let Some(written) = &class.id else {
            let message = format!("this {} has no `id`", kind_name(kind));
            let help = format!("add it: {ALL_IDS}");
            self.error(codes::ORIGINAL_UNKNOWN_ID, class.span, message, Some(help));
            return None;
        };
        let id = self.id(written)?;
        let entry = self.entry(Kind::Class(kind), id, written.span)?;
        let mut arguments = Vec::new();
        let mut complete = true;
        for declared in &entry.parameters {
            let ParameterKind::Class(wanted) = declared.kind else {
                continue;
            };
            let given = class.parameters.iter().find(|given| {
                let name = given.id.as_ref().map(|id| id.text.as_str());
                name == Some(&declared.name)
            });
            let Some(given) = given else {
                let message = format!(
                    "the {} `{}` is given without its parameter `{}`",
                    kind_name(kind),
                    entry.name,
                    declared.name
                );
                let help = Some(format!("add `<Parameter id=\"{}\">`", declared.name));
                self.error(codes::MISSING_PARAMETER, class.span, message, help);
                complete = false;
                continue;
            };
            match self.class_argument(given, wanted) {
                Some(argument) => arguments.push((declared.name.clone(), argument)),
                None => complete = false,
            }
        }
        for given in &class.parameters {
            let name = given.id.as_ref().map_or("", |id| id.text.as_str());
            if !entry
                .parameters
                .iter()
                .any(|declared| declared.name == name)
            {
                let message = format!(
                    "the {} `{}` has no parameter `{name}`",
                    kind_name(kind),
                    entry.name
                );
                let span = given.id.as_ref().map_or(given.span, |id| id.span);
                self.error(codes::UNKNOWN_PARAMETER, span, message, None);
                complete = false;
            }
        }
        if !complete {
            return None;
        }
        let texts: Vec<&Resolved> = arguments.iter().map(|(_, argument)| argument).collect();
        let Some(text) = expression(self.names, entry, &texts) else {
            let message = format!("no type expresses this {}", kind_name(kind));
            let help = format!("use a class that the catalogue has: {ALL_IDS}");
            let code = codes::ORIGINAL_NOT_CONVERTIBLE;
            self.error(code, written.span, message, Some(help));
            return None;
        };
        let arguments = arguments.into_iter().map(|(name, it)| (name, it.ty));
        Some(Resolved {
            ty: Type::Class(kind, entry.id, arguments.collect()),
            text,
        })
    }

    /// The class that is the argument for a parameter of that kind.
    pub(super) fn class_argument(
        &mut self,
        given: &crate::document::Parameter,
        wanted: ClassKind,
    ) -> Option<Resolved> {
        let name = given.id.as_ref().map_or("", |id| id.text.as_str());
        let article = match wanted {
            ClassKind::Value => "a",
            _ => "an",
        };
        let takes = format!("parameter `{name}` takes {article} {}", kind_name(wanted));
        let (span, message) = match &given.value {
            Some(value) => match &value.kind {
                ValueKind::Class(kind, class) if *kind == wanted => {
                    return self.class(*kind, class);
                }
                // A fault tells already.
                ValueKind::Invalid(..) => return None,
                _ => (value.span, takes),
            },
            None => (given.span, format!("{takes}, and is given none")),
        };
        self.error(codes::WRONG_ARGUMENT_KIND, span, message, None);
        None
    }

    /// The entry of the catalogue, if the original knew it in such a version.
    pub(super) fn entry(
        &mut self,
        kind: Kind,
        id: QualifiedId,
        span: liveobj_types::Span,
    ) -> Option<&'static Entry> {
        let what = match kind {
            Kind::Class(kind) => kind_name(kind),
            _ => "component",
        };
        let (message, help) = match self.catalog.get(id.namespace, kind, id.id) {
            Some(entry) if entry.status == Status::Active => {
                let library = self.catalog.library(id.namespace);
                let version = library.map_or(0, |library| library.version);
                if id.version <= entry.version && id.namespace_version <= version {
                    return Some(entry);
                }
                let message = format!(
                    "the {what} `{}` is asked for in a later version than its last one, {}`{} of \
                     library version {version}",
                    entry.name, entry.id, entry.version
                );
                let help = format!("leave the versions out: `{}`", id.without_versions());
                (message, help)
            }
            Some(entry) if entry.status == Status::Disabled => {
                let name = &entry.name;
                let message =
                    format!("the {what} `{name}` was disabled in the last version of the original");
                (message, format!("use another one: {ALL_IDS}"))
            }
            Some(_) => {
                let id = id.id;
                let message = format!("the {what} {id} is only known from documents that use it");
                (
                    message,
                    format!("use one of which more is known: {ALL_IDS}"),
                )
            }
            None if self.catalog.library(id.namespace).is_none() => {
                let library = id.namespace;
                let message = format!("the library {library} of this {what} is not known");
                let help = format!("use a {what} of the libraries that are known: {ALL_IDS}");
                (message, help)
            }
            None => (
                format!("no {what} has the id {}", id.id),
                ALL_IDS.to_owned(),
            ),
        };
        self.error(codes::ORIGINAL_UNKNOWN_ID, span, message, Some(help));
        None
    }
}

/// The kind in words.
pub(super) fn kind_name(kind: ClassKind) -> &'static str {
    match kind {
        ClassKind::Value => "value class",
        ClassKind::Interface => "interface class",
        ClassKind::Endpoint => "endpoint class",
        ClassKind::Object => "object class",
    }
}

/// The type expression of a class with arguments, in the order declared.
fn expression(names: &Names, entry: &Entry, arguments: &[&Resolved]) -> Option<String> {
    let class = |of: &Resolved| match &of.ty {
        Type::Class(_, id, _) => Some(*id),
        _ => None,
    };
    if entry.kind == Kind::Class(ClassKind::Endpoint) {
        match (entry.id, arguments) {
            (EXPORTED, [interface]) => return Some(interface.text.clone()),
            (IMPORTED, [interface]) => return Some(format!("mirror {}", interface.text)),
            (DUAL, [imported, exported]) => {
                let name = names.dual(class(exported)?, class(imported)?)?;
                let inside = |of: &Resolved| {
                    let start = of.text.find('[')?;
                    Some(of.text[start + 1..of.text.len() - 1].to_owned())
                };
                let inside = [inside(exported), inside(imported)];
                let inside: Vec<String> = inside.into_iter().flatten().collect();
                return Some(applied(name, &inside));
            }
            _ => {}
        }
    }
    let name = names.of(entry.kind, entry.library, entry.id)?;
    let name = name.replace('<', "[").replace('>', "]");
    let texts: Vec<String> = arguments.iter().map(|it| it.text.clone()).collect();
    Some(match (name.as_str(), texts.as_slice()) {
        ("map", [key, value]) if !KEYS.contains(&key.as_str()) => {
            format!("list[tuple[{key}, {value}]]")
        }
        (name, texts) => applied(name, texts),
    })
}

/// Built-in types that can be keys of maps.
const KEYS: [&str; 10] = [
    "bool", "u8", "s16", "u16", "s32", "u32", "s64", "u64", "char", "string",
];

fn applied(name: &str, arguments: &[String]) -> String {
    match arguments {
        [] => name.to_owned(),
        arguments => format!("{name}[{}]", arguments.join(", ")),
    }
}
