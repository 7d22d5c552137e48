//! Objects as references.

use std::collections::BTreeMap;

use liveobj_references as model;
use liveobj_references::{Argument, Reference, ReferenceKind, Spanned};
use liveobj_types::{Span, codes, nearest};

use super::values::{Bindings, Given, is_reference};
use super::{ALL_IDS, Converter};
use crate::catalog::{Entry, Facts, Kind, ParameterKind, Type};
use crate::document::{ClassKind, Composite, Object, ObjectKind, Parameter, Text, ValueKind};
use crate::{Id, LIBRARY_NAME};

/// The attribute classes that the original knew.
const NAME: Id = Id(0x9F4C_608A_9A6D_44FF_AD8A_2FDC_662E_185B);
const COMMENT: Id = Id(0x07EC_27D8_9CBD_410D_ADE6_0463_E4D4_6985);

/// The template that presents a dictionary as a folder, and its parameter.
const AS_FOLDER: (&str, &str) = ("dictionary_as_folder", "dictionary");

/// What an object became.
pub(super) enum Made {
    Reference(Box<Reference>),
    /// It is the null reference.
    Null,
}

impl Converter<'_> {
    /// What the attributes of the root say.
    pub(super) fn about(&mut self, object: &Object) -> Option<model::About> {
        let mut about = model::About::default();
        for attribute in &object.attributes {
            let Some((id, value)) = attribute.id.as_ref().zip(attribute.value.as_ref()) else {
                self.drop(
                    attribute.span,
                    "an attribute without id or value".to_owned(),
                );
                continue;
            };
            let class = self.id(id).map(|id| id.id);
            let kept = match class {
                Some(NAME) => &mut about.name,
                Some(COMMENT) => &mut about.comment,
                Some(_) => {
                    let message =
                        format!("`{}`: of attributes, name and comment are kept", value.text);
                    self.drop(attribute.span, message);
                    continue;
                }
                None => continue,
            };
            if kept.is_none() {
                *kept = Some(Spanned {
                    text: value.text.clone(),
                    span: value.span,
                    verbatim: false,
                });
            } else {
                self.drop(attribute.span, "an attribute that stands twice".to_owned());
            }
        }
        (about != model::About::default()).then_some(about)
    }

    /// Attributes of an object inside, which no reference keeps.
    fn attributes_inside(&mut self, object: &Object) {
        for attribute in &object.attributes {
            let value = attribute
                .value
                .as_ref()
                .map_or("", |value| value.text.as_str());
            let message =
                format!("`{value}`: only the object of a document has a name and a comment");
            // Only for the spelling: an unknown attribute says nothing either.
            if let Some(id) = &attribute.id {
                self.id(id);
            }
            self.drop(attribute.span, message);
        }
    }

    /// An object inside another.
    pub(super) fn inner_object(&mut self, object: &Object) -> Option<Made> {
        self.attributes_inside(object);
        self.object(object)
    }

    /// Nothing if what hinders was reported.
    pub(super) fn object(&mut self, object: &Object) -> Option<Made> {
        if let Some(authority) = &object.authority {
            let message = "an `Authority` has no counterpart: nothing authenticates a reference";
            let help = Some("remove it, if the object need not be authenticated".to_owned());
            let span = authority.span;
            self.error(
                codes::ORIGINAL_NOT_CONVERTIBLE,
                span,
                message.to_owned(),
                help,
            );
        }
        let as_type = object.class.as_ref().map(|class| {
            let resolved = self.class(ClassKind::Object, class)?;
            let span = class.id.as_ref().map_or(class.span, |id| id.span);
            Some(self.generated(resolved.text, span))
        });
        let kind = match &object.kind {
            _ if object.nil => return Some(Made::Null),
            ObjectKind::Unknown => return None,
            ObjectKind::Composite(composite) => Some(self.composite(object, composite)?),
            ObjectKind::Reference(from) => match (&object.id, from) {
                (None, None) => return Some(Made::Null),
                (None, Some(_)) => {
                    let message = "nothing tells what to look up: there is no `id`".to_owned();
                    self.error(codes::DOCUMENT_STRUCTURE, object.span, message, None);
                    None
                }
                (Some(id), None) => self.component(object, id),
                (Some(key), Some(from)) => self.external(object, key, from),
            },
        };
        Some(Made::Reference(Box::new(Reference {
            // A cast that could not be read was reported.
            as_type: match as_type {
                Some(as_type) => Some(as_type?),
                None => None,
            },
            kind: kind?,
            span: object.span,
        })))
    }

    /// An object that is made by a component.
    fn component(&mut self, object: &Object, written: &Text) -> Option<ReferenceKind> {
        let id = self.id(written);
        let Some(entry) = id.and_then(|id| self.entry(Kind::Component, id, written.span)) else {
            self.parameters_alone(&object.parameters);
            return None;
        };
        if self.must_be_authenticated(entry) && object.authority.is_none() {
            let message = format!(
                "the original refuses `{}` without an `Authority`",
                entry.name
            );
            let help = format!("use a component that needs none: {ALL_IDS}");
            let code = codes::ORIGINAL_NOT_CONVERTIBLE;
            self.error(code, written.span, message, Some(help));
        }
        let name = self.names.of(entry.kind, entry.library, entry.id)?;
        let template = Reference {
            as_type: None,
            kind: library_object(self.generated(name, written.span), written.span),
            span: object.span,
        };
        let parameters = self.parameters(entry, object);
        if entry.parameters.is_empty() && object.parameters.is_empty() {
            return Some(template.kind);
        }
        Some(ReferenceKind::Parameterized(model::Parameterized {
            template: Box::new(template),
            parameters: parameters?,
        }))
    }

    fn must_be_authenticated(&self, component: &Entry) -> bool {
        let Facts::Component(Some(Type::Class(kind, id, _))) = &component.facts else {
            return false;
        };
        let class = self.catalog.get(Id(0), Kind::Class(*kind), *id);
        let facts = class.map(|class| &class.facts);
        matches!(
            facts,
            Some(Facts::Object {
                authenticating: Some(_),
                ..
            })
        )
    }

    /// Assignments to the parameters of a component; those that it does not have are left for the
    /// check to find.
    fn parameters(
        &mut self,
        entry: &'static Entry,
        object: &Object,
    ) -> Option<Vec<(Spanned, Argument)>> {
        let mut complete = true;
        let mut bindings = Bindings::new();
        let mut assigned: BTreeMap<usize, Argument> = BTreeMap::new();
        let declared = |given: &Parameter| {
            let name = given.id.as_ref()?.text.as_str();
            entry
                .parameters
                .iter()
                .find(|declared| declared.name == name)
        };
        // Types first, since those of values depend on them.
        for (index, given) in object.parameters.iter().enumerate() {
            let Some(ParameterKind::Class(kind)) = declared(given).map(|it| &it.kind) else {
                continue;
            };
            let Some(resolved) = self.class_argument(given, *kind) else {
                complete = false;
                continue;
            };
            let span = match given.value.as_ref().map(|value| &value.kind) {
                Some(ValueKind::Class(_, class)) => {
                    class.id.as_ref().map_or(class.span, |id| id.span)
                }
                _ => given.span,
            };
            assigned.insert(index, Argument::Type(self.generated(resolved.text, span)));
            let name = given.id.as_ref().map_or("", |id| id.text.as_str());
            bindings.insert(name.to_owned(), resolved.ty);
        }
        for (index, given) in object.parameters.iter().enumerate() {
            let declared = declared(given);
            let argument = match declared.map(|it| &it.kind) {
                Some(ParameterKind::Class(_)) => continue,
                Some(ParameterKind::Value(ty)) => self.argument(given, ty, &bindings),
                Some(ParameterKind::Unknown) => continue,
                None => {
                    self.unknown_parameter(entry, given);
                    self.parameters_alone(std::slice::from_ref(given));
                    complete = false;
                    continue;
                }
            };
            match argument {
                Given::Argument(argument) => {
                    assigned.insert(index, *argument);
                }
                Given::Default => {}
                Given::Wrong => complete = false,
            }
        }
        complete &= self.left_out(entry, object);
        let named = assigned.into_iter().map(|(index, argument)| {
            let given = &object.parameters[index];
            let written = given.id.as_ref();
            let original = written.map_or("", |id| id.text.as_str());
            let span = written.map_or(given.span, |id| id.span);
            let name = self
                .names
                .parameter(entry.kind, entry.library, entry.id, original);
            (self.generated(name, span), argument)
        });
        let named = named.collect();
        complete.then_some(named)
    }

    fn unknown_parameter(&mut self, entry: &Entry, given: &Parameter) {
        let Some(name) = &given.id else {
            let message = "this parameter has no `id`".to_owned();
            self.error(codes::DOCUMENT_STRUCTURE, given.span, message, None);
            return;
        };
        let names: Vec<&str> = entry.parameters.iter().map(|it| it.name.as_str()).collect();
        let message = format!(
            "component `{}` has no parameter `{}`",
            entry.name, name.text
        );
        let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        let help = match (
            nearest(&name.text, names.iter().copied()),
            quoted.as_slice(),
        ) {
            (Some(similar), _) => format!("did you mean `{similar}`?"),
            (None, []) => "remove it: the component has no parameters".to_owned(),
            (None, quoted) => format!("it has {}", quoted.join(", ")),
        };
        self.error(codes::UNKNOWN_PARAMETER, name.span, message, Some(help));
    }

    /// Reports parameters that are not mentioned: values become null, objects and classes are
    /// missing. Answers whether all of the latter are there.
    fn left_out(&mut self, entry: &Entry, object: &Object) -> bool {
        let mut complete = true;
        for declared in &entry.parameters {
            let given = object
                .parameters
                .iter()
                .any(|given| given.id.as_ref().map(|id| id.text.as_str()) == Some(&declared.name));
            if given {
                continue;
            }
            let message = format!(
                "parameter `{}` of `{}` is left out",
                declared.name, entry.name
            );
            let missing = match &declared.kind {
                ParameterKind::Value(ty) if is_reference(ty) => "an object",
                ParameterKind::Value(ty) => {
                    self.omitted(object.span, message, ty);
                    continue;
                }
                ParameterKind::Class(_) => "a class",
                ParameterKind::Unknown => continue,
            };
            let help = format!(
                "it takes {missing}: add `<Parameter id=\"{}\">`",
                declared.name
            );
            self.error(codes::MISSING_PARAMETER, object.span, message, Some(help));
            complete = false;
        }
        complete
    }

    /// Converts what is given to something unknown, for the sake of its faults.
    fn parameters_alone(&mut self, parameters: &[Parameter]) {
        for parameter in parameters {
            match parameter.value.as_ref().map(|value| &value.kind) {
                Some(ValueKind::Object(object)) => {
                    self.inner_object(object);
                }
                Some(ValueKind::Class(kind, class)) => {
                    self.class(*kind, class);
                }
                _ => {}
            }
        }
    }

    /// An object that is kept in a dictionary.
    fn external(&mut self, object: &Object, key: &Text, from: &Object) -> Option<ReferenceKind> {
        if let Some(first) = object.parameters.first() {
            let message = "an object out of `From` takes no parameters".to_owned();
            let help = Some("remove the parameters: the folder holds the whole object".to_owned());
            self.error(codes::NOT_A_TEMPLATE, first.span, message, help);
            self.parameters_alone(&object.parameters);
        }
        let dictionary = match self.inner_object(from)? {
            Made::Reference(dictionary) => dictionary,
            Made::Null => {
                let message = "`From` is the null reference: nothing can be looked up".to_owned();
                let help = "put the object into it that is to be asked, or remove `From` if the id is \
                            that of a component";
                let code = codes::ORIGINAL_NOT_CONVERTIBLE;
                self.error(code, from.span, message, Some(help.to_owned()));
                return None;
            }
        };
        let here = Span::new(from.span.start, from.span.start);
        let template = Reference {
            as_type: None,
            kind: library_object(self.generated(AS_FOLDER.0, here), here),
            span: from.span,
        };
        let folder = Reference {
            as_type: None,
            kind: ReferenceKind::Parameterized(model::Parameterized {
                template: Box::new(template),
                parameters: vec![(
                    self.generated(AS_FOLDER.1, here),
                    Argument::Reference(*dictionary),
                )],
            }),
            span: from.span,
        };
        // Keys are texts; those that are ids were written in braces like others.
        let mut name = key.text.as_str();
        if let Some(inner) = name
            .strip_prefix('{')
            .and_then(|rest| rest.strip_suffix('}'))
            && Id::parse(inner).is_ok()
        {
            self.braced.push(key.span);
            name = inner;
        }
        Some(ReferenceKind::External(model::External {
            name: self.generated(name, key.span),
            source: model::ExternalSource::From(Box::new(folder)),
        }))
    }

    fn composite(&mut self, object: &Object, composite: &Composite) -> Option<ReferenceKind> {
        if let Some(first) = object.parameters.first() {
            let message = "a composite takes no parameters".to_owned();
            self.error(codes::NOT_A_TEMPLATE, first.span, message, None);
        }
        let mut complete = object.parameters.is_empty();
        let mut out = model::Composite::default();
        for component in &composite.components {
            let made = match &component.object {
                Some(object) => self.inner_object(object),
                None => Some(Made::Null),
            };
            match (made, &component.id) {
                (Some(Made::Reference(reference)), Some(id)) => {
                    let name = self.generated(id.text.as_str(), id.span);
                    let reference = *reference;
                    out.components.push(model::Component { name, reference });
                }
                (Some(Made::Null), _) => {
                    let message = "this component is the null reference".to_owned();
                    let help =
                        "give its object an `id`, or remove the component and its connections";
                    let code = codes::ORIGINAL_NOT_CONVERTIBLE;
                    self.error(code, component.span, message, Some(help.to_owned()));
                    complete = false;
                }
                (Some(_), None) => {
                    let message = "this component has no `id`".to_owned();
                    self.error(codes::DOCUMENT_STRUCTURE, component.span, message, None);
                    complete = false;
                }
                (None, _) => complete = false,
            }
        }
        for connection in &composite.connections {
            let ends = [&connection.from, &connection.to];
            let [from, to] = ends.map(|end| self.endpoint(end.as_ref(), connection.span));
            match from.zip(to) {
                Some((from, to)) => out.connections.push(model::Connection {
                    ends: [from, to],
                    adapt: None,
                    span: connection.span,
                }),
                None => complete = false,
            }
        }
        for export in &composite.endpoints {
            match self.endpoint(export.from.as_ref(), export.span) {
                Some(endpoint) => out.exports.push(model::ExportEntry {
                    endpoint,
                    as_name: export
                        .id
                        .as_ref()
                        .map(|id| self.generated(id.text.as_str(), id.span)),
                }),
                None => complete = false,
            }
        }
        complete.then_some(ReferenceKind::Composite(out))
    }

    /// Reads `component.endpoint`.
    fn endpoint(&mut self, text: Option<&Text>, span: Span) -> Option<model::EndpointName> {
        let parts = text.and_then(|text| Some((text, text.text.split_once('.')?)));
        let Some((text, (of, name))) = parts else {
            let span = text.map_or(span, |text| text.span);
            let message = "expected an endpoint, `component.endpoint`".to_owned();
            self.error(codes::DOCUMENT_STRUCTURE, span, message, None);
            return None;
        };
        Some(model::EndpointName {
            of: self.generated(of, text.span),
            name: self.generated(name, text.span),
            span: text.span,
        })
    }
}

/// The object or template `name` of the library of 2009.
fn library_object(name: Spanned, span: Span) -> ReferenceKind {
    let library = Spanned {
        text: LIBRARY_NAME.to_owned(),
        span: Span::new(span.start, span.start),
        verbatim: false,
    };
    ReferenceKind::External(model::External {
        name,
        source: model::ExternalSource::Library {
            name: library,
            sha256: None,
        },
    })
}
