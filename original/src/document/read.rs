//! Reading objects, parameters and classes.

use std::sync::Arc;

use liveobj_references::{Element, Limits, read_elements};
use liveobj_types::{Diagnostic, Place, Source, Span, codes};

use super::primitive::{self, PrimitiveType};
use super::tree::{Content, MICROSOFT, Reader, SCHEMA, TypeName};
use super::{
    Attribute, Class, ClassKind, Component, Composite, Connection, Constraint, Document, Export,
    Object, ObjectKind, Parameter, ScalarType, Text, Value, ValueKind, decode, structured,
};

/// Reads a document within the default [`Limits`].
///
/// # Errors
///
/// The bytes are not XML, exceed a limit, or are not a document of this dialect at all.
pub fn read(name: &str, bytes: &[u8]) -> Result<Document, Box<Diagnostic>> {
    read_within(name, bytes, &Limits::default())
}

/// As [`read`], within other limits.
///
/// # Errors
///
/// The bytes are not XML, exceed a limit, or are not a document of this dialect at all.
pub fn read_within(name: &str, bytes: &[u8], limits: &Limits) -> Result<Document, Box<Diagnostic>> {
    read_source(&Source::new(name, decode(bytes)), limits)
}

/// As [`read_within`], of bytes that were decoded already.
///
/// # Errors
///
/// The text is not XML, exceeds a limit, or is not a document of this dialect at all.
pub fn read_source(source: &Arc<Source>, limits: &Limits) -> Result<Document, Box<Diagnostic>> {
    let text = source.text.trim_start_matches('\u{feff}').trim_start();
    if !text.is_empty() && !text.starts_with('<') {
        let start = source.text.len() - text.len();
        let message = "this is not a document of the 2009 platform: those are XML";
        let found = Diagnostic::error(codes::DOCUMENT_SYNTAX, message)
            .at(Place::new(source, Span::new(start, start)), "")
            .with_help("they begin with `<Root>`");
        return Err(Box::new(found));
    }
    let root = read_elements(source, limits)?;
    let mut reader = Reader::new(source);
    reader.check_prefixes(&root);
    if let Some(fault) = reader.faults.pop() {
        return Err(Box::new(fault));
    }
    let object = reader.inside(&root, |reader| {
        if reader.local(&root) != Some("Root") {
            let place = Place::new(source, root.name.span);
            let message = "this is not a document of the 2009 platform: those begin with `<Root>`";
            let mut found = Diagnostic::error(codes::DOCUMENT_STRUCTURE, message).at(place, "");
            if root.name.text == "liveobject" {
                found = found.with_help("check it without `--strict-2009`");
            }
            return Err(Box::new(found));
        }
        if let Some(ty) = reader.instance_type(&root)
            && !ty.is("Root")
        {
            let message = format!("`{}` is not a type of `<Root>`", ty.text.text);
            reader.fault(codes::DOCUMENT_STRUCTURE, ty.text.span, message);
        }
        reader.skip_rest(&root, &ROOT);
        Ok(child(reader, &root, "Object").and_then(|it| object(reader, it)))
    })?;
    let (mut faults, mut skipped) = (reader.faults, reader.skipped);
    faults.sort_by_key(|fault| fault.labels.first().map(|label| label.place.span.start));
    skipped.sort_by_key(|it| it.span.start);
    Ok(Document {
        source: source.clone(),
        object,
        faults,
        skipped,
    })
}

/// Whether a text looks like a document of this dialect: its root element is `Root`. Comments and
/// declarations before that are skipped; nothing else of the text is looked at.
pub fn is_original(text: &str) -> bool {
    let mut rest = text.trim_start_matches('\u{feff}').trim_start();
    loop {
        let close = match rest {
            it if it.starts_with("<!--") => "-->",
            it if it.starts_with("<?") => "?>",
            it => {
                return it
                    .strip_prefix("<Root")
                    .is_some_and(|after| after.starts_with([' ', '\t', '\r', '\n', '>', '/']));
            }
        };
        match rest.find(close) {
            Some(end) => rest = rest[end + close.len()..].trim_start(),
            None => return false,
        }
    }
}

const ROOT: Content = Content {
    attributes: &[],
    single: &["Object"],
    many: &[],
};
const REFERENCE: Content = Content {
    attributes: &["id"],
    single: &["ObjectClass", "Authority", "From"],
    many: &["Attribute", "Parameter"],
};
const COMPOSITE: Content = Content {
    attributes: &["id"],
    single: &["ObjectClass", "Authority"],
    many: &[
        "Attribute",
        "Parameter",
        "Component",
        "Endpoint",
        "Connection",
    ],
};
const ATTRIBUTE: Content = Content {
    attributes: &["id", "value"],
    single: &[],
    many: &[],
};
const COMPONENT: Content = Content {
    attributes: &["id"],
    single: &["Object"],
    many: &[],
};
const EXPORT: Content = Content {
    attributes: &["id", "from"],
    single: &[],
    many: &[],
};
const CONNECTION: Content = Content {
    attributes: &["from", "to"],
    single: &[],
    many: &[],
};
const PARAMETER: Content = Content {
    attributes: &["id"],
    single: &["Value"],
    many: &[],
};
const CLASS: Content = Content {
    attributes: &["id"],
    single: &[],
    many: &["Parameter"],
};
const OBJECT_CLASS: Content = Content {
    attributes: &["id"],
    single: &[],
    many: &["Parameter", "ObjectConstraint", "EndpointConstraint"],
};
const CONSTRAINT: Content = Content {
    attributes: &["name", "kind", "class", "value"],
    single: &[],
    many: &[],
};
const PARAMETERS: Content = Content {
    attributes: &[],
    single: &[],
    many: &["Parameter"],
};

/// The first child element of that name.
pub(super) fn child<'a>(
    reader: &mut Reader<'a>,
    element: &'a Element,
    name: &str,
) -> Option<&'a Element> {
    children(reader, element, name).next()
}

/// The child elements of that name.
pub(super) fn children<'a>(
    reader: &mut Reader<'a>,
    element: &'a Element,
    name: &str,
) -> impl Iterator<Item = &'a Element> + use<'a> {
    let found: Vec<&Element> = element
        .children
        .iter()
        .filter(|it| reader.inside(it, |reader| reader.local(it) == Some(name)))
        .collect();
    found.into_iter()
}

/// Reads an object where `xsi:type` must tell which of the two kinds it is.
fn object<'a>(reader: &mut Reader<'a>, element: &'a Element) -> Option<Object> {
    reader.inside(element, |reader| {
        let ty = reader.instance_type(element);
        let kind = match &ty {
            Some(ty) if ty.is("ReferenceObject") => "ReferenceObject",
            Some(ty) if ty.is("CompositeObject") => "CompositeObject",
            Some(ty) => {
                let message = format!(
                    "`{}` is not a type of objects: expected `ReferenceObject` or \
                     `CompositeObject`",
                    ty.text.text
                );
                reader.fault(codes::DOCUMENT_STRUCTURE, ty.text.span, message);
                ""
            }
            None => {
                let message = format!("`<{}>` has no `xsi:type`", element.name.text);
                let help = "write `xsi:type=\"ReferenceObject\"`".to_owned();
                reader.fault_with(codes::DOCUMENT_STRUCTURE, element.span, message, Some(help));
                ""
            }
        };
        Some(object_of(reader, element, kind))
    })
}

/// Reads the content of an object whose kind is known.
fn object_of<'a>(reader: &mut Reader<'a>, element: &'a Element, kind: &str) -> Object {
    let nil = reader
        .instance_attribute(element, "nil")
        .is_some_and(|text| matches!(text.text.trim(), "true" | "1"));
    let composed = kind == "CompositeObject";
    reader.skip_rest(element, if composed { &COMPOSITE } else { &REFERENCE });
    let kind = match kind {
        "ReferenceObject" => {
            let from = child(reader, element, "From").and_then(|from| object(reader, from));
            ObjectKind::Reference(from.map(Box::new))
        }
        "CompositeObject" => ObjectKind::Composite(composite(reader, element)),
        _ => ObjectKind::Unknown,
    };
    let attributes = children(reader, element, "Attribute")
        .map(|it| {
            reader.inside(it, |reader| reader.skip_rest(it, &ATTRIBUTE));
            Attribute {
                span: it.span,
                id: reader.attribute(it, "id"),
                value: reader.attribute(it, "value"),
            }
        })
        .collect();
    Object {
        kind,
        span: element.span,
        id: reader.attribute(element, "id"),
        nil,
        attributes,
        class: child(reader, element, "ObjectClass").map(|it| class(reader, it, ClassKind::Object)),
        authority: child(reader, element, "Authority")
            .and_then(|it| object(reader, it))
            .map(Box::new),
        parameters: parameters(reader, element),
    }
}

fn composite<'a>(reader: &mut Reader<'a>, element: &'a Element) -> Composite {
    let components = children(reader, element, "Component")
        .map(|it| {
            reader.inside(it, |reader| {
                reader.skip_rest(it, &COMPONENT);
                Component {
                    span: it.span,
                    id: reader.attribute(it, "id"),
                    object: child(reader, it, "Object").and_then(|inner| object(reader, inner)),
                }
            })
        })
        .collect();
    let endpoints = children(reader, element, "Endpoint")
        .map(|it| {
            reader.inside(it, |reader| reader.skip_rest(it, &EXPORT));
            Export {
                span: it.span,
                id: reader.attribute(it, "id"),
                from: reader.attribute(it, "from"),
            }
        })
        .collect();
    let connections = children(reader, element, "Connection")
        .map(|it| {
            reader.inside(it, |reader| reader.skip_rest(it, &CONNECTION));
            Connection {
                span: it.span,
                from: reader.attribute(it, "from"),
                to: reader.attribute(it, "to"),
            }
        })
        .collect();
    Composite {
        components,
        endpoints,
        connections,
    }
}

/// The parameters inside an element.
fn parameters<'a>(reader: &mut Reader<'a>, element: &'a Element) -> Vec<Parameter> {
    children(reader, element, "Parameter")
        .map(|it| {
            reader.inside(it, |reader| {
                reader.skip_rest(it, &PARAMETER);
                Parameter {
                    span: it.span,
                    id: reader.attribute(it, "id"),
                    value: child(reader, it, "Value").map(|inner| value(reader, inner)),
                }
            })
        })
        .collect()
}

/// Reads a class whose kind is known.
pub(super) fn class<'a>(reader: &mut Reader<'a>, element: &'a Element, kind: ClassKind) -> Class {
    reader.inside(element, |reader| {
        if let Some(ty) = reader.instance_type(element)
            && !ty.is(class_name(kind))
        {
            let message = format!(
                "`{}` is not the type of this element: expected `{}`",
                ty.text.text,
                class_name(kind)
            );
            reader.fault(codes::DOCUMENT_STRUCTURE, ty.text.span, message);
        }
        let of_objects = kind == ClassKind::Object;
        reader.skip_rest(element, if of_objects { &OBJECT_CLASS } else { &CLASS });
        let mut constraints = |name| {
            let found = children(reader, element, name).filter(|_| of_objects);
            found.map(|it| constraint(reader, it)).collect()
        };
        Class {
            span: element.span,
            object_constraints: constraints("ObjectConstraint"),
            endpoint_constraints: constraints("EndpointConstraint"),
            id: reader.attribute(element, "id"),
            parameters: parameters(reader, element),
        }
    })
}

fn constraint<'a>(reader: &mut Reader<'a>, element: &'a Element) -> Constraint {
    reader.inside(element, |reader| reader.skip_rest(element, &CONSTRAINT));
    Constraint {
        span: element.span,
        name: reader.attribute(element, "name"),
        kind: reader.attribute(element, "kind"),
        class: reader.attribute(element, "class"),
        value: reader.attribute(element, "value"),
    }
}

fn class_name(kind: ClassKind) -> &'static str {
    match kind {
        ClassKind::Value => "ValueClass",
        ClassKind::Interface => "InterfaceClass",
        ClassKind::Endpoint => "EndpointClass",
        ClassKind::Object => "ObjectClass",
    }
}

/// Reads a value, which may be of any type.
fn value<'a>(reader: &mut Reader<'a>, element: &'a Element) -> Value {
    reader.inside(element, |reader| {
        let kind = match reader.instance_type(element) {
            Some(ty) if ty.namespace.is_empty() => own_type(reader, element, &ty),
            Some(ty) if ty.namespace == SCHEMA || ty.namespace == MICROSOFT => {
                match PrimitiveType::named(&ty.local) {
                    Some(known) => primitive::read(reader, element, known, ty.text),
                    None => ValueKind::Xml(Some(ty.text), all_text(element)),
                }
            }
            ty => ValueKind::Xml(ty.map(|ty| ty.text), all_text(element)),
        };
        Value {
            span: element.span,
            kind,
        }
    })
}

/// Reads a value of a type without namespace.
fn own_type<'a>(reader: &mut Reader<'a>, element: &'a Element, ty: &TypeName<'a>) -> ValueKind {
    let as_class = |kind| (kind, class_name(kind));
    let classes = [
        ClassKind::Value,
        ClassKind::Interface,
        ClassKind::Endpoint,
        ClassKind::Object,
    ];
    if let Some((kind, _)) = classes.map(as_class).iter().find(|(_, name)| ty.is(name)) {
        return ValueKind::Class(*kind, class(reader, element, *kind));
    }
    let scalar = |ty: ScalarType| (ty, ty.name());
    if let Some((ty, _)) = structured::SCALARS
        .map(scalar)
        .iter()
        .find(|(_, name)| ty.is(name))
    {
        return structured::scalar(reader, element, *ty);
    }
    match ty.local.as_str() {
        kind @ ("ReferenceObject" | "CompositeObject") => {
            ValueKind::Object(object_of(reader, element, kind))
        }
        "Configuration" => structured::configuration(reader, element),
        "Properties" => structured::properties(reader, element),
        "Property" => ValueKind::Property(Box::new(structured::property(reader, element))),
        "Parameters" => {
            reader.skip_rest(element, &PARAMETERS);
            ValueKind::Parameters(parameters(reader, element))
        }
        // Abstract types: there can be no value of just these.
        "Object" | "Objects" => {
            let message = format!("`{}` is abstract: no value has that type", ty.text.text);
            reader.fault(codes::DOCUMENT_STRUCTURE, ty.text.span, message);
            ValueKind::Invalid(ty.text.clone(), all_text(element))
        }
        _ => ValueKind::Xml(Some(ty.text.clone()), all_text(element)),
    }
}

/// The text directly inside an element.
pub(super) fn all_text(element: &Element) -> Text {
    Text {
        text: element.text.text.clone(),
        span: element.text.span,
    }
}
