//! Finding what identifiers name: components, classes with their parameters, attributes.

use liveobj_types::codes;

use crate::catalog::{Kind, Status};
use crate::document::{Attribute, Class as Written, ClassKind, Text};
use crate::{Id, InvalidId, QualifiedId};

use super::classes::{ClassId, Constraint, EntryIndex, display_name};
use super::load::{Loading, Outcome, kind_name};

impl Loading<'_, '_> {
    /// A class with its type parameters and constraints.
    pub fn class(&mut self, kind: ClassKind, written: &Written) -> Outcome<ClassId> {
        let Some(id) = &written.id else {
            let message = format!("this {} has no `id`", kind_name(kind));
            return Err(self.fault(codes::DOCUMENT_STRUCTURE, written.span, message));
        };
        let entry = self.look_up(Kind::Class(kind), id)?;
        let declared = self.classes.entry(entry);
        self.names_are_declared(declared, &written.parameters)?;
        let arguments = self.type_arguments(declared, &written.parameters)?;
        let mut class = self.classes.template(entry);
        if !arguments.is_empty() {
            let mut given: Vec<(&str, ClassId)> = Vec::new();
            for (parameter, argument) in arguments {
                let name = parameter.id.as_ref().map_or("", |id| id.text.as_str());
                if given.iter().any(|(own, _)| *own == name) {
                    let message = format!("parameter `{name}` is given twice");
                    return Err(self.fault(codes::DUPLICATE_PART, parameter.span, message));
                }
                given.push((name, argument));
            }
            class = self.classes.instantiate(class, &given).map_err(|unbound| {
                let message = format!(
                    "type parameter `{}` of `{}` is not given",
                    unbound.0,
                    display_name(declared)
                );
                self.fault(codes::MISSING_PARAMETER, written.span, message)
            })?;
        }
        if !written.object_constraints.is_empty() {
            let constraints = self.constraints(written)?;
            class = self.classes.with_constraints(class, constraints);
        }
        Ok(class)
    }

    /// The constraints on the object, which replace those that the class had.
    fn constraints(&mut self, written: &Written) -> Outcome<Vec<Constraint>> {
        let mut constraints: Vec<Constraint> = Vec::new();
        for constraint in &written.object_constraints {
            let structure = |message: &str| {
                self.fault(
                    codes::DOCUMENT_STRUCTURE,
                    constraint.span,
                    message.to_owned(),
                )
            };
            let Some(id) = &constraint.class else {
                return Err(structure("this constraint has no `class`"));
            };
            let entry = self.look_up(Kind::ObjectConstraint, id)?;
            let value = constraint
                .value
                .as_ref()
                .and_then(|it| it.text.trim().parse().ok());
            let kind = constraint.kind.as_ref().map(|it| it.text.to_lowercase());
            let (Some(value), Some("provided" | "required")) = (value, kind.as_deref()) else {
                return Err(structure(
                    "a constraint has a whole number as its `value` and `provided` or `required` \
                     as its `kind`",
                ));
            };
            let new = Constraint {
                provided: kind.as_deref() == Some("provided"),
                class: self.classes.entry(entry).id,
                value,
            };
            let same = |it: &&Constraint| (it.provided, it.class) == (new.provided, new.class);
            if constraints.iter().any(|it| same(&it)) {
                return Err(structure("this constraint stands there already"));
            }
            constraints.push(new);
        }
        constraints.sort();
        Ok(constraints)
    }

    /// The entry that an identifier names.
    pub fn look_up(&self, kind: Kind, id: &Text) -> Outcome<EntryIndex> {
        let what = match kind {
            Kind::Component => "component",
            Kind::Class(kind) => kind_name(kind),
            _ => "constraint class",
        };
        let name = QualifiedId::parse(&id.text).map_err(|why| {
            let message = format!("`{}` is no identifier: {why}", id.text);
            let mut fault = self.fault(codes::DOCUMENT_STRUCTURE, id.span, message);
            if why == InvalidId::Braces {
                fault.help = Some("remove them: `--strict-2009` takes no braces".to_owned());
            }
            fault
        })?;
        let library = self.classes.catalog.library(name.namespace);
        let installed = library.filter(|library| library.id == Id(0));
        let Some(library) = installed else {
            let message = format!(
                "library `{}`, in which the {what} `{}` should be, is not installed",
                name.namespace, name.id
            );
            let mut fault = self.fault(codes::MANIFEST_MISSING, id.span, message);
            if library.is_some() {
                let note = "the catalogue lists it, but it did not come with the platform";
                fault.notes.push(note.to_owned());
            }
            return Err(fault);
        };
        if library.version < name.namespace_version {
            let message = format!(
                "version {} of library `{}` is asked for, and version {} is installed",
                name.namespace_version, name.namespace, library.version
            );
            return Err(self.fault(codes::MANIFEST_MISSING, id.span, message));
        }
        let code = match kind {
            Kind::Component => codes::UNKNOWN_TEMPLATE,
            _ => codes::UNKNOWN_TYPE,
        };
        let Some(found) = self.classes.find(library.id, kind, name.id) else {
            let message = format!("there is no {what} `{}`", name.id);
            let mut fault = self.fault(code, id.span, message);
            fault.notes.extend(self.what_else(kind, &name));
            return Err(fault);
        };
        let entry = self.classes.entry(found);
        if entry.version < name.version {
            let message = format!(
                "version {} of the {what} `{}` is asked for, and there is version {}",
                name.version,
                display_name(entry),
                entry.version
            );
            return Err(self.fault(code, id.span, message));
        }
        Ok(found)
    }

    /// What is known of an identifier that names nothing of the kind wanted.
    fn what_else(&self, kind: Kind, name: &QualifiedId) -> Option<String> {
        if let Some(entry) = self.classes.catalog.get(name.namespace, kind, name.id) {
            let name = display_name(entry);
            return Some(match entry.status {
                Status::Disabled => format!("its source, `{name}`, was disabled"),
                _ => format!("documents call it `{name}`; its source is lost"),
            });
        }
        let others = [
            (Kind::Component, "component"),
            (Kind::Class(ClassKind::Object), "object class"),
            (Kind::Class(ClassKind::Interface), "interface class"),
            (Kind::Class(ClassKind::Endpoint), "endpoint class"),
            (Kind::Class(ClassKind::Value), "value class"),
        ];
        others.into_iter().find_map(|(other, what)| {
            let found = self.classes.find(name.namespace, other, name.id)?;
            let name = display_name(self.classes.entry(found));
            Some(format!("it is the number of the {what} `{name}`"))
        })
    }

    /// Name, comment and identifier of an object.
    pub fn attributes(&self, attributes: &[Attribute]) -> Outcome<()> {
        let mut seen: Vec<Id> = Vec::new();
        for attribute in attributes {
            let Some(text) = &attribute.id else {
                let message = "this attribute has no `id`";
                return Err(self.fault(codes::DOCUMENT_STRUCTURE, attribute.span, message));
            };
            let class = Id::parse(&text.text).map_err(|why| {
                let message = format!("`{}` is no attribute class: {why}", text.text);
                self.fault(codes::DOCUMENT_STRUCTURE, text.span, message)
            })?;
            if self.classes.find(Id(0), Kind::Attribute, class).is_none() {
                let message = format!("there is no attribute class `{class}`");
                return Err(self.fault(codes::DOCUMENT_STRUCTURE, text.span, message));
            }
            if seen.contains(&class) {
                let message = "this attribute stands there already";
                return Err(self.fault(codes::DUPLICATE_PART, attribute.span, message));
            }
            seen.push(class);
        }
        Ok(())
    }
}
