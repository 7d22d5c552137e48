//! Reading the text of a catalogue.

use std::fmt;

use super::{
    Catalog, Conversion, Direction, Endpoint, Entry, Facts, Kind, Library, Operation,
    OperationParameter, Parameter, ParameterKind, Status, Type,
};
use crate::Id;
use crate::catalog::Constraint;
use crate::document::ClassKind;

/// What is wrong with the text of a catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogFault {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub message: String,
}

impl fmt::Display for CatalogFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

impl std::error::Error for CatalogFault {}

impl Catalog {
    /// Reads the text of a catalogue. There is one fact in each line; what a fact is about stands
    /// in the last line before it that is indented less. Names stand last, as they may hold blanks.
    ///
    /// ```text
    /// # a comment
    /// library NUMBER VERSION NAME
    /// KIND NUMBER VERSION STATUS NAME     entry: value-class, …, component; active, …
    ///   type-parameter KIND NAME
    ///   value-parameter TYPE NAME
    ///   unknown-parameter NAME
    ///   builtin                           of value classes
    ///   assignable-to TYPE
    ///   converts-from TYPE                a constructor
    ///   converts TYPE TYPE                an operator: from, to
    ///   operation NAME                    of interface classes
    ///     in TYPE NAME                    also: out, both
    ///     returns TYPE
    ///   endpoint TYPE NAME                of object classes
    ///     provided NUMBER TEXT            a constraint on the endpoint; also: required
    ///   provided NUMBER TEXT              a constraint on the object; also: required
    ///   authenticating TYPE
    ///   implements TYPE                   of components
    /// ```
    ///
    /// A type is written without blanks: `value:NUMBER(NAME=TYPE,…)` and the like for `interface`,
    /// `endpoint` and `object`; `$NAME` is a type parameter, `array(TYPE)` an array,
    /// `unclassified:NAME` a .NET type, `generic(TYPE,…)` an unknown generic type and `?` an unknown
    /// type. All entries belong to the last library before them.
    ///
    /// # Errors
    ///
    /// The first line that is none of these.
    pub fn read(text: &str) -> Result<Catalog, CatalogFault> {
        let mut catalog = Catalog::default();
        for (number, line) in text.lines().enumerate() {
            let content = line.trim_start_matches(' ');
            if content.is_empty() || content.starts_with('#') {
                continue;
            }
            let mut words = Words(content);
            let outcome = match line.len() - content.len() {
                0 => catalog.outer_line(&mut words),
                2 => catalog.fact(&mut words),
                4 => catalog.detail(&mut words),
                _ => Err("indented by something else than 0, 2 or 4 blanks".to_owned()),
            };
            outcome.map_err(|message| CatalogFault {
                line: number + 1,
                message,
            })?;
        }
        Ok(catalog)
    }

    fn outer_line(&mut self, words: &mut Words<'_>) -> Result<(), String> {
        let kind = match words.next("a kind")? {
            "library" => {
                self.libraries.push(Library {
                    id: words.id()?,
                    version: words.version()?,
                    name: words.rest().to_owned(),
                });
                return Ok(());
            }
            "value-class" => Kind::Class(ClassKind::Value),
            "interface-class" => Kind::Class(ClassKind::Interface),
            "endpoint-class" => Kind::Class(ClassKind::Endpoint),
            "object-class" => Kind::Class(ClassKind::Object),
            "component" => Kind::Component,
            "attribute-class" => Kind::Attribute,
            "object-constraint-class" => Kind::ObjectConstraint,
            "endpoint-constraint-class" => Kind::EndpointConstraint,
            "interface-constraint-class" => Kind::InterfaceConstraint,
            "operator-class" => Kind::Operator,
            other => return Err(format!("`{other}` is no kind of entry")),
        };
        let library = self.libraries.last().ok_or("an entry before any library")?;
        let entry = Entry {
            library: library.id,
            kind,
            id: words.id()?,
            version: words.version()?,
            status: match words.next("a status")? {
                "active" => Status::Active,
                "disabled" => Status::Disabled,
                "inferred" => Status::Inferred,
                other => return Err(format!("`{other}` is no status")),
            },
            name: words.rest().to_owned(),
            parameters: Vec::new(),
            facts: match kind {
                Kind::Class(ClassKind::Value) => Facts::Value {
                    builtin: false,
                    assignable_to: Vec::new(),
                    conversions: Vec::new(),
                },
                Kind::Class(ClassKind::Interface) => Facts::Interface(Vec::new()),
                Kind::Class(ClassKind::Object) => Facts::Object {
                    endpoints: Vec::new(),
                    constraints: Vec::new(),
                    authenticating: None,
                },
                Kind::Component => Facts::Component(None),
                _ => Facts::None,
            },
        };
        let position = self.entries.len();
        self.index
            .entry((entry.library, entry.kind, entry.id))
            .or_insert(position);
        self.entries.push(entry);
        Ok(())
    }

    fn fact(&mut self, words: &mut Words<'_>) -> Result<(), String> {
        let position = self.entries.len().wrapping_sub(1);
        let entry = self.entries.last_mut().ok_or("a fact before any entry")?;
        let fact = words.next("a fact")?;
        if let Some(kind) = match fact {
            "type-parameter" => Some(ParameterKind::Class(words.class_kind()?)),
            "value-parameter" => Some(ParameterKind::Value(words.ty()?)),
            "unknown-parameter" => Some(ParameterKind::Unknown),
            _ => None,
        } {
            entry.parameters.push(Parameter {
                name: words.rest().to_owned(),
                kind,
            });
            return Ok(());
        }
        match (fact, &mut entry.facts) {
            ("builtin", Facts::Value { builtin, .. }) => {
                *builtin = true;
                self.builtins.insert(entry.name.clone(), position);
            }
            ("assignable-to", Facts::Value { assignable_to, .. }) => {
                assignable_to.push(words.ty()?);
            }
            ("converts-from", Facts::Value { conversions, .. }) => conversions.push(Conversion {
                from: words.ty()?,
                to: None,
            }),
            ("converts", Facts::Value { conversions, .. }) => conversions.push(Conversion {
                from: words.ty()?,
                to: Some(words.ty()?),
            }),
            ("operation", Facts::Interface(operations)) => operations.push(Operation {
                name: words.rest().to_owned(),
                parameters: Vec::new(),
                returns: None,
            }),
            ("endpoint", Facts::Object { endpoints, .. }) => endpoints.push(Endpoint {
                ty: words.ty()?,
                name: words.rest().to_owned(),
                constraints: Vec::new(),
            }),
            ("provided" | "required", Facts::Object { constraints, .. }) => {
                constraints.push(words.constraint(fact)?);
            }
            ("authenticating", Facts::Object { authenticating, .. }) => {
                *authenticating = Some(words.ty()?);
            }
            ("implements", Facts::Component(class)) => *class = Some(words.ty()?),
            _ => return Err(format!("`{fact}` is no fact about an entry of this kind")),
        }
        Ok(())
    }

    fn detail(&mut self, words: &mut Words<'_>) -> Result<(), String> {
        let facts = self.entries.last_mut().map(|entry| &mut entry.facts);
        let detail = words.next("a detail")?;
        match (detail, facts) {
            ("in" | "out" | "both" | "returns", Some(Facts::Interface(operations))) => {
                let operation = operations.last_mut().ok_or("not inside an operation")?;
                let ty = words.ty()?;
                let direction = match detail {
                    "in" => Direction::In,
                    "out" => Direction::Out,
                    "both" => Direction::Both,
                    _ => {
                        operation.returns = Some(ty);
                        return Ok(());
                    }
                };
                operation.parameters.push(OperationParameter {
                    name: words.rest().to_owned(),
                    direction,
                    ty,
                });
            }
            ("provided" | "required", Some(Facts::Object { endpoints, .. })) => {
                let endpoint = endpoints.last_mut().ok_or("not inside an endpoint")?;
                endpoint.constraints.push(words.constraint(detail)?);
            }
            _ => return Err(format!("`{detail}` has no place here")),
        }
        Ok(())
    }
}

/// The rest of a line, word by word.
struct Words<'a>(&'a str);

impl<'a> Words<'a> {
    fn next(&mut self, what: &str) -> Result<&'a str, String> {
        let (word, rest) = self.0.split_once(' ').unwrap_or((self.0, ""));
        self.0 = rest;
        match word {
            "" => Err(format!("{what} is missing")),
            word => Ok(word),
        }
    }

    fn rest(&mut self) -> &'a str {
        std::mem::take(&mut self.0)
    }

    fn id(&mut self) -> Result<Id, String> {
        let word = self.next("a number")?;
        Id::parse(word).map_err(|why| format!("`{word}` is no number: {why}"))
    }

    fn version(&mut self) -> Result<u64, String> {
        let word = self.next("a version")?;
        word.parse().map_err(|_| format!("`{word}` is no version"))
    }

    fn class_kind(&mut self) -> Result<ClassKind, String> {
        let word = self.next("a kind of class")?;
        class_kind(word).ok_or_else(|| format!("`{word}` is no kind of class"))
    }

    fn constraint(&mut self, kind: &str) -> Result<Constraint, String> {
        Ok(Constraint {
            provided: kind == "provided",
            class: self.id()?,
            value: self.rest().to_owned(),
        })
    }

    fn ty(&mut self) -> Result<Type, String> {
        let word = self.next("a type")?;
        let mut rest = word;
        match ty(&mut rest, 0) {
            Some(read) if rest.is_empty() => Ok(read),
            _ => {
                let read = &word[..word.len() - rest.len()];
                Err(format!("`{word}` is no type: it goes wrong after `{read}`"))
            }
        }
    }
}

fn class_kind(word: &str) -> Option<ClassKind> {
    Some(match word {
        "value" => ClassKind::Value,
        "interface" => ClassKind::Interface,
        "endpoint" => ClassKind::Endpoint,
        "object" => ClassKind::Object,
        _ => return None,
    })
}

/// Most types inside each other.
const DEPTH: usize = 64;

/// Reads a type from the front of `rest`.
fn ty(rest: &mut &str, depth: usize) -> Option<Type> {
    if depth == DEPTH {
        return None;
    }
    if skip(rest, "?") {
        return Some(Type::Unknown);
    }
    if skip(rest, "$") {
        return Some(Type::Parameter(name(rest)?.to_owned()));
    }
    if skip(rest, "array(") {
        let element = ty(rest, depth + 1)?;
        return skip(rest, ")").then(|| Type::Array(Box::new(element)));
    }
    if skip(rest, "generic(") {
        return Some(Type::Generic(list(rest, |rest| ty(rest, depth + 1))?));
    }
    if skip(rest, "unclassified:") {
        return Some(Type::Unclassified(name(rest)?.to_owned()));
    }
    let (word, after) = rest.split_once(':')?;
    let kind = class_kind(word)?;
    *rest = after;
    let id = Id::parse(name(rest)?).ok()?;
    let arguments = match skip(rest, "(") {
        true => list(rest, |rest| {
            let parameter = name(rest)?.to_owned();
            skip(rest, "=").then_some(())?;
            Some((parameter, ty(rest, depth + 1)?))
        })?,
        false => Vec::new(),
    };
    Some(Type::Class(kind, id, arguments))
}

fn skip(rest: &mut &str, prefix: &str) -> bool {
    match rest.strip_prefix(prefix) {
        Some(after) => {
            *rest = after;
            true
        }
        None => false,
    }
}

/// A word up to one of the signs of the notation.
fn name<'a>(rest: &mut &'a str) -> Option<&'a str> {
    let (word, after) = rest.split_at(rest.find(['(', ')', ',', '=']).unwrap_or(rest.len()));
    *rest = after;
    (!word.is_empty()).then_some(word)
}

/// What stands between commas up to a closing parenthesis.
fn list<T>(rest: &mut &str, mut item: impl FnMut(&mut &str) -> Option<T>) -> Option<Vec<T>> {
    let mut items = vec![item(rest)?];
    while skip(rest, ",") {
        items.push(item(rest)?);
    }
    skip(rest, ")").then_some(items)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> String {
        Catalog::read(text).expect_err("it is wrong").to_string()
    }

    #[test]
    fn facts_belong_to_the_entry_before_them() {
        let catalog = Catalog::read(
            "library 0 1 own\n\
             interface-class A 2 active Talk\n  type-parameter value T\n  operation Say it\n    \
             in $T what\n    returns value:B\n\
             component C 0 disabled \n  value-parameter value:D(O=object:E) a, b\n  \
             implements object:E\n",
        )
        .expect("it is right");
        let talk = catalog
            .get(Id(0), Kind::Class(ClassKind::Interface), Id(0xA))
            .expect("it is there");
        assert_eq!((talk.version, talk.name.as_str()), (2, "Talk"));
        let Facts::Interface(operations) = &talk.facts else {
            panic!("{talk:?}");
        };
        assert_eq!(operations[0].name, "Say it");
        assert_eq!(
            operations[0].parameters[0].ty,
            Type::Parameter("T".to_owned())
        );
        let component = catalog
            .get(Id(0), Kind::Component, Id(0xC))
            .expect("it is there");
        assert_eq!(component.status, Status::Disabled);
        assert_eq!(component.parameters[0].name, "a, b");
    }

    #[test]
    fn a_fault_names_the_line_and_the_word() {
        assert_eq!(
            fault("component C 0 active x"),
            "line 1: an entry before any library"
        );
        assert_eq!(
            fault("library 0 1 x\n\nthing 1"),
            "line 3: `thing` is no kind of entry"
        );
        assert_eq!(
            fault("library 0 1 x\ncomponent C 0 active x\n  builtin"),
            "line 3: `builtin` is no fact about an entry of this kind"
        );
        assert_eq!(
            fault("library 0 1 x\ncomponent C 0 active x\n  implements object:E(A=value:)"),
            "line 3: `object:E(A=value:)` is no type: it goes wrong after `object:E(A=value:`"
        );
    }

    #[test]
    fn the_catalogue_of_this_crate_is_read() {
        assert!(Catalog::standard().entries().len() > 700);
    }
}
