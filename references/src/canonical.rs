//! Canonical documents: what travels when a reference is passed as a value. A document of its
//! own, JSON on one line, with the types that it speaks of.

use liveobj_types::{TypeId, Types};

use crate::checked::{BoundArgument, Part, PartKind};
use crate::model::{
    Argument, Component, Composite, Connection, Document, EndpointName, ExportEntry, External,
    ExternalSource, Parameterized, Primitive, Reference, ReferenceKind, Spanned,
};
use crate::to_json::write_json_compact;
use crate::types_text::TypesText;
use crate::value_text::value_to_text;

/// The canonical document of a part.
pub(crate) fn text(types: &Types, part: &Part) -> String {
    let mut writer = Writer {
        types: TypesText::new(types),
    };
    let root = writer.reference(part);
    let types = writer.types.finish().map(|types| spanned(&types));
    write_json_compact(&Document {
        types,
        about: None,
        root,
    })
}

struct Writer<'a> {
    types: TypesText<'a>,
}

fn spanned(text: &str) -> Spanned {
    Spanned {
        text: text.to_owned(),
        ..Spanned::default()
    }
}

fn plain(kind: ReferenceKind) -> Reference {
    Reference {
        as_type: None,
        kind,
        span: Default::default(),
    }
}

impl Writer<'_> {
    fn reference(&mut self, part: &Part) -> Reference {
        let kind = match &part.kind {
            PartKind::Composite {
                components,
                connections,
                exports,
            } => ReferenceKind::Composite(Composite {
                components: components
                    .iter()
                    .map(|(name, part)| Component {
                        name: spanned(name),
                        reference: self.reference(part),
                    })
                    .collect(),
                connections: connections
                    .iter()
                    .map(|connection| Connection {
                        ends: [&connection.ends[0], &connection.ends[1]]
                            .map(|(component, endpoint)| end(component, endpoint)),
                        adapt: None,
                        span: Default::default(),
                    })
                    .collect(),
                exports: exports
                    .iter()
                    .map(|export| ExportEntry {
                        endpoint: end(&export.component, &export.endpoint),
                        as_name: (export.name != export.endpoint).then(|| spanned(&export.name)),
                    })
                    .collect(),
            }),
            PartKind::External { name, folder } => ReferenceKind::External(External {
                name: spanned(name),
                source: ExternalSource::From(Box::new(self.reference(folder))),
            }),
            PartKind::Object {
                library,
                sha256,
                template,
                arguments,
            } => {
                let external = ReferenceKind::External(External {
                    name: spanned(template),
                    source: ExternalSource::Library {
                        name: spanned(library),
                        sha256: sha256.as_deref().map(spanned),
                    },
                });
                if arguments.is_empty() {
                    external
                } else {
                    let parameters = arguments
                        .iter()
                        .map(|(name, argument)| (spanned(name), self.argument(argument)))
                        .collect();
                    let template = Box::new(plain(external));
                    ReferenceKind::Parameterized(Parameterized {
                        template,
                        parameters,
                    })
                }
            }
            PartKind::Library { name, sha256 } => {
                let value = |text: &str| Argument::Value(spanned(text));
                let mut parameters = vec![(spanned("name"), value(name))];
                if let Some(sha256) = sha256 {
                    parameters.push((spanned("sha256"), value(sha256)));
                }
                let template = Box::new(primitive("library", None, None));
                ReferenceKind::Parameterized(Parameterized {
                    template,
                    parameters,
                })
            }
            PartKind::Registry => primitive("registry", None, None).kind,
            PartKind::Code { library, name } => primitive("code", Some(library), Some(name)).kind,
        };
        let as_type = part
            .cast
            .then(|| spanned(&self.types.expression(TypeId::Object(part.ty))));
        Reference {
            as_type,
            kind,
            span: Default::default(),
        }
    }

    fn argument(&mut self, argument: &BoundArgument) -> Argument {
        match argument {
            BoundArgument::Type(id) => Argument::Type(spanned(&self.types.expression(*id))),
            BoundArgument::Value { ty, data } => {
                let text = value_to_text(self.types.types(), *ty, data)
                    .expect("checked values are values of their types");
                Argument::Value(spanned(&text))
            }
            BoundArgument::Reference { part, .. } => Argument::Reference(self.reference(part)),
        }
    }
}

fn primitive(id: &str, library: Option<&str>, name: Option<&str>) -> Reference {
    plain(ReferenceKind::Primitive(Primitive {
        id: spanned(id),
        library: library.map(spanned),
        name: name.map(spanned),
    }))
}

fn end(component: &str, endpoint: &str) -> EndpointName {
    EndpointName {
        of: spanned(component),
        name: spanned(endpoint),
        span: Default::default(),
    }
}
