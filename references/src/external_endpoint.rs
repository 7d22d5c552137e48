//! External endpoint references: the values of `external<τ>` (thesis, 2.1.4 C). One names an endpoint
//! of a proxy that runs, and how to reach it; its document is JSON on one line.
//!
//! `{"liveobj":1,"types":"…","endpoint":{"at":"ADDRESS","capability":"32 hex digits","type":"τ"}}`

use std::sync::Arc;

use liveobj_types::resolve::Environment;
use liveobj_types::syntax::parse_type;
use liveobj_types::{Diagnostic, EndpointId, Formalisms, Module, Severity, Source, TypeId, Types};

use crate::json::{Node, NodeKind, parse, write_string};
use crate::limits::Limits;
use crate::types_text::TypesText;

/// Bytes of the largest type that travels with an endpoint.
const MAX_TYPE: usize = 256 << 10;
/// Bytes of the longest address.
const MAX_ADDRESS: usize = 256;

/// An endpoint type as text that travels: it means the same wherever it is read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EndpointText {
    /// Declarations of all that the expression names, without `use`; none where it names nothing.
    pub types: Option<String>,
    /// The type expression.
    pub expression: String,
}

impl EndpointText {
    /// Writes a type down.
    pub fn of(types: &Types, ty: EndpointId) -> EndpointText {
        let mut text = TypesText::new(types);
        let expression = text.expression(TypeId::Endpoint(ty));
        EndpointText {
            types: text.finish(),
            expression,
        }
    }

    /// Reads the type into an arena.
    ///
    /// # Errors
    ///
    /// It is too large, or is no well-formed endpoint type: one sentence, lower case, no final
    /// period.
    pub fn resolve(
        &self,
        types: &mut Types,
        formalisms: &Formalisms,
    ) -> Result<EndpointId, String> {
        let declarations = self.types.as_deref().unwrap_or_default();
        let declared = Declared::read(declarations, types, formalisms)?;
        match declared.resolve(&self.expression, types)? {
            TypeId::Endpoint(id) => Ok(id),
            _ => Err(format!("`{}` is no endpoint type", self.expression)),
        }
    }
}

/// Types that came with something, in whose words it speaks.
pub(crate) struct Declared(Arc<Module>);

impl Declared {
    /// Reads and checks declarations.
    ///
    /// # Errors
    ///
    /// They are too large or not well formed: one sentence, lower case, no final period.
    pub(crate) fn read(
        declarations: &str,
        types: &mut Types,
        formalisms: &Formalisms,
    ) -> Result<Declared, String> {
        bounded(declarations)?;
        let source = Source::new("the types that came with it", declarations);
        let (module, mut found) = Module::parse("its types", &source, &mut |_| None);
        found.extend(types.check_module(&module, formalisms));
        refuse(&found)?;
        Ok(Declared(module))
    }

    /// The type that an expression in these words means.
    ///
    /// # Errors
    ///
    /// There is none: one sentence, lower case, no final period.
    pub(crate) fn resolve(&self, expression: &str, types: &mut Types) -> Result<TypeId, String> {
        bounded(expression)?;
        let source = Source::new("the type", expression);
        let none = Environment::new();
        let resolved = parse_type(&source)
            .and_then(|expression| types.resolve(&self.0, &source, &expression, &none));
        match resolved {
            Ok(id) => Ok(id),
            Err(found) => {
                refuse(&found)?;
                Err("its type cannot be read".to_owned())
            }
        }
    }
}

fn bounded(text: &str) -> Result<(), String> {
    match text.len() > MAX_TYPE {
        true => Err(format!("its type has more than {MAX_TYPE} bytes")),
        false => Ok(()),
    }
}

fn refuse(found: &[Diagnostic]) -> Result<(), String> {
    let error = found.iter().find(|found| found.severity == Severity::Error);
    match error {
        None => Ok(()),
        Some(error) => Err(format!("its type is refused: {}", error.message)),
    }
}

/// A reference to an endpoint that runs somewhere. Whoever has it can connect with the endpoint,
/// so that it is to be kept as a key is.
#[derive(Clone, PartialEq, Eq)]
pub struct ExternalEndpoint {
    /// Where its node listens, `ip:port`.
    pub address: String,
    /// What the node knows the endpoint by, a secret.
    pub capability: [u8; 16],
    /// Its type.
    pub ty: EndpointText,
}

impl std::fmt::Debug for ExternalEndpoint {
    /// Leaves the secret out.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ExternalEndpoint")
            .field("address", &self.address)
            .field("ty", &self.ty.expression)
            .finish_non_exhaustive()
    }
}

impl ExternalEndpoint {
    /// Its canonical document.
    pub fn to_document(&self) -> String {
        let mut out = String::from("{\"liveobj\":1,");
        if let Some(types) = &self.ty.types {
            out.push_str("\"types\":");
            write_string(&mut out, types);
            out.push(',');
        }
        out.push_str("\"endpoint\":{\"at\":");
        write_string(&mut out, &self.address);
        out.push_str(",\"capability\":\"");
        for byte in self.capability {
            out.push_str(&format!("{byte:02x}"));
        }
        out.push_str("\",\"type\":");
        write_string(&mut out, &self.ty.expression);
        out.push_str("}}");
        out
    }

    /// Reads a document; the type is not looked into.
    ///
    /// # Errors
    ///
    /// It is none: one sentence, lower case, no final period.
    pub fn read(document: &str) -> Result<ExternalEndpoint, String> {
        let limits = Limits {
            size: MAX_TYPE + 4096,
            nodes: 16,
            ..Limits::default()
        };
        let none = || "the value is no reference to an endpoint".to_owned();
        if document.len() > limits.size {
            return Err(format!(
                "the reference to an endpoint has more than {} bytes",
                limits.size
            ));
        }
        let node = parse(document, 0, &limits).map_err(|fault| {
            format!("the reference to an endpoint is damaged: {}", fault.message)
        })?;
        let [version, types, endpoint] =
            members(node, ["liveobj", "types", "endpoint"]).ok_or_else(none)?;
        match version.map(|version| version.kind) {
            Some(NodeKind::Number(number)) if number == "1" => {}
            _ => return Err(none()),
        }
        let [at, capability, ty] = endpoint
            .and_then(|endpoint| members(endpoint, ["at", "capability", "type"]))
            .ok_or_else(none)?;
        let types = match types {
            None => None,
            types => Some(text(types).ok_or_else(none)?),
        };
        let (Some(address), Some(capability), Some(expression)) =
            (text(at), text(capability), text(ty))
        else {
            return Err(none());
        };
        if address.len() > MAX_ADDRESS {
            return Err("its address is too long".to_owned());
        }
        let capability = hexadecimal(&capability)
            .ok_or_else(|| "its capability is not 32 hexadecimal digits".to_owned())?;
        Ok(ExternalEndpoint {
            address,
            capability,
            ty: EndpointText { types, expression },
        })
    }
}

/// The members of an object that has no others, and none twice.
fn members<const N: usize>(node: Node, names: [&str; N]) -> Option<[Option<Node>; N]> {
    let NodeKind::Object(entries) = node.kind else {
        return None;
    };
    let mut found = [const { None }; N];
    for (key, value) in entries {
        let index = names.iter().position(|name| *name == key.text)?;
        if found[index].replace(value).is_some() {
            return None;
        }
    }
    Some(found)
}

fn text(node: Option<Node>) -> Option<String> {
    match node?.kind {
        NodeKind::String(text) => Some(text.text),
        _ => None,
    }
}

fn hexadecimal(text: &str) -> Option<[u8; 16]> {
    let digits = text.as_bytes();
    if digits.len() != 32 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let mut bytes = [0; 16];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use liveobj_types::Relations;

    use super::*;

    const TYPES: &str = "record Line { text: string }
        endpoint Lines<T: value> { in add(line: T); out added(line: T); provides properties \"fifo\"; }";

    fn endpoint(expression: &str) -> (Types, EndpointId) {
        let mut types = Types::new();
        let text = EndpointText {
            types: Some(TYPES.to_owned()),
            expression: expression.to_owned(),
        };
        let id = text.resolve(&mut types, &Formalisms::none());
        (types, id.expect("an endpoint type"))
    }

    fn reference(expression: &str) -> ExternalEndpoint {
        let (types, id) = endpoint(expression);
        ExternalEndpoint {
            address: "127.0.0.1:4711".to_owned(),
            capability: [0xa5; 16],
            ty: EndpointText::of(&types, id),
        }
    }

    #[test]
    fn a_reference_reads_back_with_a_type_that_matches_what_the_endpoint_does() {
        for expression in ["Lines<Line>", "mirror Lines<u8>"] {
            let written = reference(expression);
            let read = ExternalEndpoint::read(&written.to_document()).expect("it reads back");
            assert_eq!(read, written);
            let (mut types, id) = endpoint(expression);
            let none = Formalisms::none();
            let travelled = read.ty.resolve(&mut types, &none).expect("a type");
            let mirrored = types.mirror(travelled);
            let judgement = Relations::new(&mut types, &none).endpoints_match(id, mirrored);
            assert!(judgement.verdict.holds(), "{expression}: {judgement:?}");
        }
    }

    #[test]
    fn what_is_no_reference_is_refused() {
        let good = reference("Lines<Line>").to_document();
        let refused = |text: &str| ExternalEndpoint::read(text).expect_err(text);
        assert!(refused("").contains("is damaged"));
        let none = "the value is no reference to an endpoint";
        assert_eq!(refused("{}"), none);
        assert_eq!(refused("[]"), none);
        assert_eq!(refused(&good.replace(":1,", ":2,")), none);
        assert_eq!(refused(&good.replace("\"at\"", "\"to\"")), none);
        let twice = good.replace("\"at\":", "\"at\":\"\",\"at\":");
        assert!(ExternalEndpoint::read(&twice).is_err());
        let short = good.replace("a5a5a5", "a5a5");
        assert_eq!(
            refused(&short),
            "its capability is not 32 hexadecimal digits"
        );
        let large = format!("{good}{}", " ".repeat(300 << 10));
        assert!(refused(&large).contains("has more than"));
    }

    #[test]
    fn a_type_that_means_nothing_by_itself_is_refused() {
        let refused = |types: &str, expression: &str| {
            let text = EndpointText {
                types: Some(types.to_owned()),
                expression: expression.to_owned(),
            };
            let resolved = text.resolve(&mut Types::new(), &Formalisms::none());
            resolved.expect_err(expression)
        };
        let uses = refused("use \"liveobj:standard\";", "TimerService");
        assert!(uses.starts_with("its type is refused: "), "{uses}");
        assert!(refused("", "Lines").starts_with("its type is refused: "));
        assert_eq!(refused("record R { }", "R"), "`R` is no endpoint type");
        assert!(refused(&" ".repeat(300 << 10), "E").contains("more than"));
    }

    #[test]
    fn the_secret_is_not_shown_by_accident() {
        let shown = format!("{:?}", reference("Lines<Line>"));
        assert!(!shown.contains("a5") && !shown.contains("165"), "{shown}");
    }
}
