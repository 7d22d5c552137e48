//! Writing XML: one element a line, two blanks of indentation, deterministic.

use crate::from_xml::NAMESPACE;
use crate::model::{
    Argument, Composite, Document, EndpointName, External, ExternalSource, Reference,
    ReferenceKind, Spanned,
};

/// Writes a document as XML. Reading it back gives an equal document.
pub fn write_xml(document: &Document) -> String {
    let mut writer = Writer {
        out: String::new(),
        depth: 0,
    };
    writer
        .out
        .push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    writer.open("liveobject", &[("xmlns", Some(NAMESPACE))], |writer| {
        if let Some(types) = &document.types {
            writer.text("types", &types.text);
        }
        if let Some(about) = &document.about {
            let attributes = [
                ("name", text(&about.name)),
                ("comment", text(&about.comment)),
            ];
            writer.empty("about", &attributes);
        }
        writer.reference(&document.root);
    });
    writer.out
}

fn text(spanned: &Option<Spanned>) -> Option<&str> {
    spanned.as_ref().map(|spanned| spanned.text.as_str())
}

struct Writer {
    out: String,
    depth: usize,
}

type Attributes<'a> = [(&'a str, Option<&'a str>)];

impl Writer {
    fn start(&mut self, name: &str, attributes: &Attributes<'_>) {
        for _ in 0..self.depth {
            self.out.push_str("  ");
        }
        self.out.push('<');
        self.out.push_str(name);
        for (key, value) in attributes {
            if let Some(value) = value {
                self.out.push(' ');
                self.out.push_str(key);
                self.out.push_str("=\"");
                for c in value.chars() {
                    match c {
                        '&' => self.out.push_str("&amp;"),
                        '<' => self.out.push_str("&lt;"),
                        '"' => self.out.push_str("&quot;"),
                        '\n' => self.out.push_str("&#10;"),
                        '\r' => self.out.push_str("&#13;"),
                        '\t' => self.out.push_str("&#9;"),
                        c => self.out.push(c),
                    }
                }
                self.out.push('"');
            }
        }
    }

    fn empty(&mut self, name: &str, attributes: &Attributes<'_>) {
        self.start(name, attributes);
        self.out.push_str("/>\n");
    }

    fn open(&mut self, name: &str, attributes: &Attributes<'_>, inside: impl FnOnce(&mut Writer)) {
        self.start(name, attributes);
        self.out.push_str(">\n");
        self.depth += 1;
        inside(self);
        self.depth -= 1;
        for _ in 0..self.depth {
            self.out.push_str("  ");
        }
        self.out.push_str("</");
        self.out.push_str(name);
        self.out.push_str(">\n");
    }

    /// An element with nothing but text.
    fn text(&mut self, name: &str, text: &str) {
        self.start(name, &[]);
        self.out.push('>');
        let plain = !text.contains(['<', '&']);
        if !plain && name == "types" && !text.contains("]]>") && !text.contains('\r') {
            self.out.push_str("<![CDATA[");
            self.out.push_str(text);
            self.out.push_str("]]>");
        } else {
            for c in text.chars() {
                match c {
                    '&' => self.out.push_str("&amp;"),
                    '<' => self.out.push_str("&lt;"),
                    '>' => self.out.push_str("&gt;"),
                    '\r' => self.out.push_str("&#13;"),
                    c => self.out.push(c),
                }
            }
        }
        self.out.push_str("</");
        self.out.push_str(name);
        self.out.push_str(">\n");
    }

    fn reference(&mut self, reference: &Reference) {
        let as_type = text(&reference.as_type);
        match &reference.kind {
            ReferenceKind::Composite(composite) => self.composite(composite, as_type),
            ReferenceKind::External(external) => self.external(external, as_type),
            ReferenceKind::Parameterized(inner) => {
                self.open("parameterized", &[("as", as_type)], |writer| {
                    writer.open("template", &[], |writer| writer.reference(&inner.template));
                    writer.parameters(&inner.parameters);
                });
            }
            ReferenceKind::Primitive(primitive) => {
                let attributes = [
                    ("id", Some(primitive.id.text.as_str())),
                    ("library", text(&primitive.library)),
                    ("name", text(&primitive.name)),
                    ("as", as_type),
                ];
                self.empty("primitive", &attributes);
            }
        }
    }

    fn parameters(&mut self, parameters: &[(Spanned, Argument)]) {
        for (name, argument) in parameters {
            let name = [("name", Some(name.text.as_str()))];
            self.open("parameter", &name, |writer| match argument {
                Argument::Reference(reference) => writer.reference(reference),
                Argument::Type(ty) => writer.text("type", &ty.text),
                Argument::Value(value) => writer.text("value", &value.text),
            });
        }
    }

    fn composite(&mut self, composite: &Composite, as_type: Option<&str>) {
        self.open("composite", &[("as", as_type)], |writer| {
            for component in &composite.components {
                let name = [("name", Some(component.name.text.as_str()))];
                writer.open("component", &name, |writer| {
                    writer.reference(&component.reference)
                });
            }
            for connection in &composite.connections {
                let adapt = connection.adapt.as_ref();
                let name = [("adapt", adapt.map(|adapt| adapt.name.text.as_str()))];
                writer.open("connection", &name, |writer| {
                    for end in &connection.ends {
                        writer.empty("endpoint", &endpoint(end));
                    }
                    writer.parameters(adapt.map_or(&[], |adapt| &adapt.parameters));
                });
            }
            for export in &composite.exports {
                let [of, name] = endpoint(&export.endpoint);
                writer.empty("export", &[of, name, ("as", text(&export.as_name))]);
            }
        });
    }

    fn external(&mut self, external: &External, as_type: Option<&str>) {
        let name = ("name", Some(external.name.text.as_str()));
        match &external.source {
            ExternalSource::From(from) => {
                self.open("external", &[name, ("as", as_type)], |writer| {
                    writer.open("from", &[], |writer| writer.reference(from));
                });
            }
            ExternalSource::Library {
                name: library,
                sha256,
            } => {
                let library = ("library", Some(library.text.as_str()));
                let attributes = [name, library, ("sha256", text(sha256)), ("as", as_type)];
                self.empty("external", &attributes);
            }
        }
    }
}

fn endpoint(end: &EndpointName) -> [(&str, Option<&str>); 2] {
    [
        ("of", Some(end.of.text.as_str())),
        ("name", Some(end.name.text.as_str())),
    ]
}
