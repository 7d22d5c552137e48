//! Elements with their namespaces resolved.

use std::collections::HashMap;
use std::sync::Arc;

use liveobj_references::Element;
use liveobj_types::{Code, Diagnostic, Place, Source, Span, codes};

use super::{Skipped, SkippedKind, Text};

/// The namespace of `xsi:type` and `xsi:nil`.
pub const INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";
/// The namespace of the types of XML Schema.
pub const SCHEMA: &str = "http://www.w3.org/2001/XMLSchema";
/// The namespace of the types that .NET adds to those.
pub const MICROSOFT: &str = "http://microsoft.com/wsdl/types/";
/// The namespace of the prefix `xml`, which needs no declaration.
const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// Most faults that are kept of one document.
const MOST: usize = 1000;

/// What is in scope where an element is read, and the faults so far.
pub struct Reader<'a> {
    source: &'a Arc<Source>,
    /// What each prefix was declared to be, innermost last; the empty prefix is the default
    /// namespace.
    bindings: HashMap<&'a str, Vec<&'a str>>,
    pub faults: Vec<Diagnostic>,
    pub skipped: Vec<Skipped>,
}

/// What has a meaning inside an element.
pub struct Content {
    /// Attributes without namespace.
    pub attributes: &'static [&'static str],
    /// Child elements that stand at most once.
    pub single: &'static [&'static str],
    /// Child elements that may stand several times.
    pub many: &'static [&'static str],
}

impl<'a> Reader<'a> {
    pub fn new(source: &'a Arc<Source>) -> Reader<'a> {
        Reader {
            source,
            bindings: HashMap::from([("", vec![""]), ("xml", vec![XML])]),
            faults: Vec::new(),
            skipped: Vec::new(),
        }
    }

    /// Adds a fault, unless there are too many already.
    pub fn fault(&mut self, code: Code, span: Span, message: String) {
        self.fault_with(code, span, message, None);
    }

    /// As [`Reader::fault`], with what to do about it.
    pub fn fault_with(&mut self, code: Code, span: Span, message: String, help: Option<String>) {
        if self.faults.len() < MOST {
            let mut fault = Diagnostic::error(code, message).at(Place::new(self.source, span), "");
            fault.help = help;
            self.faults.push(fault);
        }
    }

    /// Calls `read` with the declarations of `element` in scope.
    pub fn inside<T>(&mut self, element: &'a Element, read: impl FnOnce(&mut Self) -> T) -> T {
        for (prefix, namespace) in declarations(element) {
            self.bindings.entry(prefix).or_default().push(namespace);
        }
        let read = read(self);
        for (prefix, _) in declarations(element) {
            if let Some(bound) = self.bindings.get_mut(prefix) {
                bound.pop();
            }
        }
        read
    }

    /// The namespace of a prefix.
    fn namespace(&self, prefix: &str) -> Option<&'a str> {
        self.bindings.get(prefix)?.last().copied()
    }

    /// Namespace and local name; elements and types without prefix are in the default namespace.
    pub fn resolve<'n>(&self, name: &'n str) -> Option<(&'a str, &'n str)> {
        let (prefix, local) = name.split_once(':').unwrap_or(("", name));
        Some((self.namespace(prefix)?, local))
    }

    /// The local name of an element of the dialect: one without namespace.
    pub fn local<'n>(&self, element: &'n Element) -> Option<&'n str> {
        match self.resolve(&element.name.text) {
            Some(("", local)) => Some(local),
            _ => None,
        }
    }

    /// An attribute without namespace.
    pub fn attribute(&self, element: &Element, name: &str) -> Option<Text> {
        let mut all = element.attributes.iter();
        let (_, value) = all.find(|(own, _)| own.text == name)?;
        Some(Text {
            text: value.text.clone(),
            span: value.span,
        })
    }

    /// An attribute in the namespace of instances.
    pub fn instance_attribute(&self, element: &'a Element, name: &str) -> Option<Text> {
        let (_, value) = element.attributes.iter().find(|(own, _)| {
            own.text.split_once(':').is_some_and(|(prefix, local)| {
                local == name && self.namespace(prefix) == Some(INSTANCE)
            })
        })?;
        Some(Text {
            text: value.text.clone(),
            span: value.span,
        })
    }

    /// The type that `xsi:type` names: namespace and local name, and where it stands.
    pub fn instance_type(&mut self, element: &'a Element) -> Option<TypeName<'a>> {
        let text = self.instance_attribute(element, "type")?;
        let name = text.text.trim();
        match self.resolve(name) {
            Some((namespace, local)) => Some(TypeName {
                namespace,
                local: local.to_owned(),
                text,
            }),
            None => {
                let message = format!("the prefix of the type `{name}` is not declared");
                self.fault(codes::DOCUMENT_SYNTAX, text.span, message);
                None
            }
        }
    }

    /// Checks every prefix inside `element`, as an XML reader with namespaces does.
    pub fn check_prefixes(&mut self, element: &'a Element) {
        self.inside(element, |reader| {
            let names = element.attributes.iter().map(|(name, _)| name);
            for name in std::iter::once(&element.name).chain(names) {
                let text = name.text.as_str();
                if text == "xmlns" || text.starts_with("xmlns:") {
                    continue;
                }
                if let Some((prefix, local)) = text.split_once(':')
                    && (local.is_empty()
                        || local.contains(':')
                        || reader.namespace(prefix).is_none())
                {
                    let message = format!("the prefix of `{text}` is not declared");
                    reader.fault(codes::DOCUMENT_SYNTAX, name.span, message);
                }
            }
            for child in &element.children {
                reader.check_prefixes(child);
            }
        });
    }

    /// Notes what has no meaning inside `element`, which is in scope.
    pub fn skip_rest(&mut self, element: &'a Element, content: &Content) {
        let mut skipped = Vec::new();
        let mut skip = |what, name: &str, span| {
            skipped.push(Skipped {
                what,
                name: name.to_owned(),
                span,
                within: element.name.text.clone(),
            });
        };
        for (name, _) in &element.attributes {
            let known = match name.text.split_once(':') {
                Some(("xmlns" | "xml", _)) => true,
                Some((prefix, local)) => {
                    self.namespace(prefix) == Some(INSTANCE) && matches!(local, "type" | "nil")
                }
                None => name.text == "xmlns" || content.attributes.contains(&name.text.as_str()),
            };
            if !known {
                skip(SkippedKind::Attribute, &name.text, name.span);
            }
        }
        let mut seen = Vec::new();
        for child in &element.children {
            let local = self.inside(child, |reader| reader.local(child));
            let what = match local {
                Some(name) if content.many.contains(&name) => continue,
                Some(name) if !content.single.contains(&name) => SkippedKind::Element,
                Some(name) if seen.contains(&name) => SkippedKind::SecondElement,
                Some(name) => {
                    seen.push(name);
                    continue;
                }
                None => SkippedKind::Element,
            };
            skip(what, &child.name.text, child.span);
        }
        if let Some(span) = element.stray {
            skip(SkippedKind::Text, "", span);
        }
        self.skipped.append(&mut skipped);
    }

    /// The raw text of a span.
    pub fn raw(&self, span: Span) -> &'a str {
        &self.source.text[span.start..span.end]
    }
}

/// The prefixes that an element declares, and what they are.
fn declarations(element: &Element) -> impl Iterator<Item = (&str, &str)> {
    element.attributes.iter().filter_map(|(name, value)| {
        let prefix = match name.text.as_str() {
            "xmlns" => "",
            name => name.strip_prefix("xmlns:")?,
        };
        Some((prefix, value.text.as_str()))
    })
}

/// A type named by `xsi:type`.
pub struct TypeName<'a> {
    pub namespace: &'a str,
    pub local: String,
    pub text: Text,
}

impl TypeName<'_> {
    /// Whether this is the dialect's type `local`.
    pub fn is(&self, local: &str) -> bool {
        self.namespace.is_empty() && self.local == local
    }
}
