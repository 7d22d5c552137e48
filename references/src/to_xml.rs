//! Writing XML.

use crate::from_xml::NAMESPACE;
use crate::markup::{self, Element, Node};
use crate::model::{
    Argument, Composite, Connection, Document, EndpointName, External, ExternalSource, Reference,
    ReferenceKind, Spanned,
};

/// What a document begins with.
const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";

/// Writes a document as XML, laid out as [`format`](crate::format) does. Reading it back gives an
/// equal document.
pub fn write_xml(document: &Document) -> String {
    let mut inside = Vec::new();
    if let Some(types) = &document.types {
        inside.push(Element::new("types", &[]).with_text(types_text(&types.text)));
    }
    if let Some(about) = &document.about {
        let attributes = [
            ("name", text(&about.name)),
            ("comment", text(&about.comment)),
        ];
        inside.push(Element::new("about", &attributes));
    }
    inside.push(reference(&document.root));
    let root = Element::new("liveobject", &[("xmlns", Some(NAMESPACE))]);
    markup::print(&[
        Node::Declaration(DECLARATION.to_owned()),
        Node::Element(root.with(inside).opened()),
    ])
}

/// Types, escaped as a whole if anything has to be.
fn types_text(text: &str) -> String {
    match text.contains(['<', '&']) {
        true => markup::literal(text).unwrap_or_else(|| markup::escaped(text)),
        false => markup::escaped(text),
    }
}

fn text(spanned: &Option<Spanned>) -> Option<&str> {
    spanned.as_ref().map(|spanned| spanned.text.as_str())
}

fn reference(reference: &Reference) -> Element {
    let as_type = text(&reference.as_type);
    match &reference.kind {
        ReferenceKind::Composite(inner) => composite(inner, as_type),
        ReferenceKind::External(inner) => external(inner, as_type),
        ReferenceKind::Parameterized(inner) => {
            let template = Element::new("template", &[]);
            let mut inside = vec![template.with(vec![self::reference(&inner.template)])];
            inside.extend(parameters(&inner.parameters));
            let element = Element::new("parameterized", &[("as", as_type)]);
            element.with(inside).opened()
        }
        ReferenceKind::Primitive(primitive) => Element::new(
            "primitive",
            &[
                ("id", Some(primitive.id.text.as_str())),
                ("library", text(&primitive.library)),
                ("name", text(&primitive.name)),
                ("as", as_type),
            ],
        ),
    }
}

fn parameters(parameters: &[(Spanned, Argument)]) -> impl Iterator<Item = Element> {
    parameters.iter().map(|(name, argument)| {
        let inside = match argument {
            Argument::Reference(inner) => reference(inner),
            Argument::Type(ty) => Element::new("type", &[]).with_text(markup::escaped(&ty.text)),
            Argument::Value(value) => {
                Element::new("value", &[]).with_text(markup::escaped(&value.text))
            }
        };
        Element::new("parameter", &[("name", Some(&name.text))]).with(vec![inside])
    })
}

fn composite(composite: &Composite, as_type: Option<&str>) -> Element {
    let mut inside = Vec::new();
    for component in &composite.components {
        let element = Element::new("component", &[("name", Some(&component.name.text))]);
        inside.push(element.with(vec![reference(&component.reference)]).opened());
    }
    inside.extend(composite.connections.iter().map(connection));
    for export in &composite.exports {
        let [of, name] = endpoint(&export.endpoint);
        let attributes = [of, name, ("as", text(&export.as_name))];
        inside.push(Element::new("export", &attributes));
    }
    Element::new("composite", &[("as", as_type)])
        .with(inside)
        .opened()
}

fn connection(connection: &Connection) -> Element {
    let adapt = connection.adapt.as_ref();
    let name = adapt.map(|adapt| adapt.name.text.as_str());
    let ends = connection.ends.iter();
    let mut inside: Vec<Element> = ends
        .map(|end| Element::new("endpoint", &endpoint(end)))
        .collect();
    inside.extend(parameters(adapt.map_or(&[], |adapt| &adapt.parameters)));
    Element::new("connection", &[("adapt", name)]).with(inside)
}

fn external(external: &External, as_type: Option<&str>) -> Element {
    let name = ("name", Some(external.name.text.as_str()));
    match &external.source {
        ExternalSource::From(from) => {
            let from = Element::new("from", &[]).with(vec![reference(from)]);
            Element::new("external", &[name, ("as", as_type)]).with(vec![from])
        }
        ExternalSource::Library {
            name: library,
            sha256,
        } => {
            let library = ("library", Some(library.text.as_str()));
            let attributes = [name, library, ("sha256", text(sha256)), ("as", as_type)];
            Element::new("external", &attributes)
        }
    }
}

fn endpoint(end: &EndpointName) -> [(&str, Option<&str>); 2] {
    [
        ("of", Some(end.of.text.as_str())),
        ("name", Some(end.name.text.as_str())),
    ]
}
