//! Types as text that travels: expressions, and declarations of everything that they name.
//!
//! Written from the graph, so that it does not matter in which scope a type was named. Types keep
//! their names where these are free. Arguments of generic types are written into the
//! declarations: `Channel<Line>` becomes an object type `Channel` about lines.

use std::collections::{BTreeMap, BTreeSet};

use liveobj_types::syntax::Direction;
use liveobj_types::types::{Basic, Constraint, Endpoint, Object, ObjectBody, Value};
use liveobj_types::{EndpointId, ObjectId, TypeId, Types, ValueId};

/// A type in words that say all of it, wherever they are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeText {
    /// Declarations of everything that the expression names; empty where it names nothing.
    pub declarations: String,
    /// The type expression.
    pub expression: String,
}

/// Puts a type into words. Equal types may be put differently, by the names that they have.
pub fn type_text(types: &Types, id: TypeId) -> TypeText {
    let mut text = TypesText::new(types);
    let expression = text.expression(id);
    TypeText {
        declarations: text.finish().unwrap_or_default(),
        expression,
    }
}

pub(crate) struct TypesText<'a> {
    types: &'a Types,
    /// What stands for types that were met.
    expressions: BTreeMap<TypeId, String>,
    /// Types that were met again.
    used: BTreeSet<TypeId>,
    /// Unnamed types that are being written, with the name if one was needed.
    open: BTreeMap<ValueId, Option<String>>,
    /// Names in use.
    taken: BTreeSet<String>,
    /// Declarations in the order met: name, first word, and the text after the name.
    declarations: Vec<Option<(String, &'static str, String)>>,
    /// (wanted name, first word, text) → name: the same declaration is not written twice.
    written: BTreeMap<(String, &'static str, String), String>,
}

impl<'a> TypesText<'a> {
    pub fn new(types: &'a Types) -> TypesText<'a> {
        let built_in = [
            "list",
            "option",
            "map",
            "tuple",
            "reference",
            "external",
            "mirror",
        ];
        let basic = Basic::ALL.iter().map(|basic| basic.as_str());
        TypesText {
            types,
            expressions: BTreeMap::new(),
            used: BTreeSet::new(),
            open: BTreeMap::new(),
            taken: built_in
                .into_iter()
                .chain(basic)
                .chain(["Object"])
                .map(str::to_owned)
                .collect(),
            declarations: Vec::new(),
            written: BTreeMap::new(),
        }
    }

    /// Does not declare anything under these names.
    pub fn avoid(&mut self, names: Vec<&str>) {
        self.taken.extend(names.into_iter().map(str::to_owned));
    }

    /// Calls a type `name`, which the reader knows.
    pub fn name(&mut self, id: TypeId, name: String) {
        self.expressions.insert(id, name);
    }

    pub fn types(&self) -> &'a Types {
        self.types
    }

    /// All declarations; none where there are no names.
    pub fn finish(self) -> Option<String> {
        let texts: Vec<String> = self
            .declarations
            .into_iter()
            .flatten()
            .map(|(name, keyword, body)| format!("{keyword} {name} {body}"))
            .collect();
        (!texts.is_empty()).then(|| texts.join("\n"))
    }

    /// The expression for a type.
    pub fn expression(&mut self, id: TypeId) -> String {
        if let Some(known) = self.expressions.get(&id).cloned() {
            self.used.insert(id);
            return known;
        }
        let text = match id {
            TypeId::Value(id) => self.value(id),
            TypeId::Endpoint(id) => self.endpoint(id),
            TypeId::Object(id) => self.object(id),
        };
        self.expressions.insert(id, text.clone());
        text
    }

    /// The name that a type has in its origin, without arguments.
    fn wanted(&self, id: TypeId, otherwise: &str) -> String {
        let name = self.types.origin(id).name.trim_start_matches("mirror ");
        let length = name
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(name.len());
        if length == 0 {
            otherwise.to_owned()
        } else {
            name[..length].to_owned()
        }
    }

    fn free_name(&mut self, wanted: &str) -> String {
        let mut name = wanted.to_owned();
        let mut number = 2;
        while !self.taken.insert(name.clone()) {
            name = format!("{wanted}_{number}");
            number += 1;
        }
        name
    }

    /// Declares a type: its name is known to `body`, which may be recursive.
    fn declare(
        &mut self,
        id: TypeId,
        expression: impl Fn(&str) -> String,
        wanted: String,
        keyword: &'static str,
        body: impl FnOnce(&mut Self) -> String,
    ) -> String {
        let name = self.free_name(&wanted);
        self.expressions.insert(id, expression(&name));
        let index = self.declarations.len();
        self.declarations.push(None);
        let text = body(self);
        let key = (wanted, keyword, text);
        if let Some(same) = self.written.get(&key).cloned()
            && !self.used.contains(&id)
        {
            // Nothing refers to the new name.
            self.taken.remove(&name);
            return expression(&same);
        }
        self.declarations[index] = Some((name.clone(), keyword, key.2.clone()));
        self.written.insert(key, name.clone());
        expression(&name)
    }

    fn value(&mut self, id: ValueId) -> String {
        let types = self.types;
        let ty = TypeId::Value(id);
        match types.value(id) {
            Value::Basic(basic) => basic.as_str().to_owned(),
            Value::Parameter(parameter) => parameter.name.clone(),
            Value::Record { fields, open } => {
                let wanted = self.wanted(ty, "Record");
                self.declare(ty, str::to_owned, wanted, "record", |this| {
                    let mut parts: Vec<String> = fields
                        .iter()
                        .map(|(name, ty)| {
                            format!("{name}: {}", this.expression(TypeId::Value(*ty)))
                        })
                        .collect();
                    parts.extend(open.then(|| "..".to_owned()));
                    format!("{{ {} }}", parts.join(", "))
                })
            }
            Value::Variant(cases) => {
                let wanted = self.wanted(ty, "Variant");
                self.declare(ty, str::to_owned, wanted, "variant", |this| {
                    let parts: Vec<String> = cases
                        .iter()
                        .map(|(name, payload)| match payload {
                            None => name.clone(),
                            Some(ty) => {
                                format!("{name}({})", this.expression(TypeId::Value(*ty)))
                            }
                        })
                        .collect();
                    format!("{{ {} }}", parts.join(", "))
                })
            }
            Value::Reference(object) => {
                let object = *object;
                self.unnamed(id, |this| {
                    format!("reference[{}]", this.expression(TypeId::Object(object)))
                })
            }
            Value::External(endpoint) => {
                let endpoint = *endpoint;
                self.unnamed(id, |this| {
                    format!("external[{}]", this.expression(TypeId::Endpoint(endpoint)))
                })
            }
            Value::List(item) => self.applied(id, "list", &[*item]),
            Value::Option(item) => self.applied(id, "option", &[*item]),
            Value::Map(key, value) => self.applied(id, "map", &[*key, *value]),
            Value::Tuple(items) => self.applied(id, "tuple", items),
        }
    }

    fn applied(&mut self, id: ValueId, name: &str, arguments: &[ValueId]) -> String {
        self.unnamed(id, |this| {
            let arguments: Vec<String> = arguments
                .iter()
                .map(|argument| this.expression(TypeId::Value(*argument)))
                .collect();
            match arguments.as_slice() {
                [] => name.to_owned(),
                arguments => format!("{name}[{}]", arguments.join(", ")),
            }
        })
    }

    /// A type written as an expression, or, if it is met inside itself, as an alias.
    fn unnamed(&mut self, id: ValueId, write: impl FnOnce(&mut Self) -> String) -> String {
        match self.open.get(&id).cloned() {
            Some(Some(name)) => return name,
            Some(None) => {
                let wanted = self.wanted(TypeId::Value(id), "Type");
                let name = self.free_name(&wanted);
                self.open.insert(id, Some(name.clone()));
                return name;
            }
            None => {}
        }
        self.open.insert(id, None);
        let index = self.declarations.len();
        self.declarations.push(None);
        let text = write(self);
        match self.open.remove(&id).flatten() {
            None => text,
            Some(name) => {
                self.declarations[index] = Some((name.clone(), "type", format!("= {text};")));
                name
            }
        }
    }

    fn endpoint(&mut self, id: EndpointId) -> String {
        let types = self.types;
        let (events, provides, requires) = match types.endpoint(id) {
            Endpoint::Parameter {
                parameter,
                mirrored,
            } => {
                let mirror = if *mirrored { "mirror " } else { "" };
                return format!("{mirror}{}", parameter.name);
            }
            Endpoint::Events {
                events,
                provides,
                requires,
            } => (events, provides, requires),
        };
        // Duals stand on the side of the peer in declarations (`follows`).
        let dual = |constraints: &[Constraint]| constraints.iter().any(|text| text.dual);
        let mirrored = dual(provides)
            || (!dual(requires)
                && types
                    .origin(TypeId::Endpoint(id))
                    .name
                    .starts_with("mirror "));
        let (provides, requires) = if mirrored {
            (requires, provides)
        } else {
            (provides, requires)
        };
        let mirror = if mirrored { "mirror " } else { "" };
        let wanted = self.wanted(TypeId::Endpoint(id), "Endpoint");
        let expression = |name: &str| format!("{mirror}{name}");
        self.declare(
            TypeId::Endpoint(id),
            expression,
            wanted,
            "endpoint",
            |this| {
                let mut lines = Vec::new();
                for (name, event) in events {
                    let incoming = (event.direction == Direction::In) != mirrored;
                    let Value::Record { fields, open } = types.value(event.payload) else {
                        unreachable!("parameters of an event form a record")
                    };
                    let mut parameters: Vec<String> = event
                        .order
                        .iter()
                        .filter_map(|name| Some((name, fields.get(name)?)))
                        .map(|(name, ty)| {
                            format!("{name}: {}", this.expression(TypeId::Value(*ty)))
                        })
                        .collect();
                    parameters.extend(open.then(|| "..".to_owned()));
                    let direction = if incoming { "in" } else { "out" };
                    let refusable = if event.refusable && !incoming {
                        " refusable"
                    } else {
                        ""
                    };
                    lines.push(format!(
                        "{direction} {name}({}){refusable};",
                        parameters.join(", ")
                    ));
                }
                constraints(provides, requires, &mut lines);
                format!("{{ {} }}", lines.join(" "))
            },
        )
    }

    fn object(&mut self, id: ObjectId) -> String {
        let types = self.types;
        let body = match types.object(id) {
            Object::Top => return "Object".to_owned(),
            Object::Parameter(parameter) => return parameter.name.clone(),
            Object::Endpoints(body) => body,
        };
        let ObjectBody {
            endpoints,
            provides,
            requires,
            state,
            ..
        } = body;
        let wanted = self.wanted(TypeId::Object(id), "Type");
        self.declare(
            TypeId::Object(id),
            str::to_owned,
            wanted,
            "object",
            |this| {
                let mut lines = Vec::new();
                for (name, endpoint) in endpoints {
                    let mandatory = if endpoint.mandatory { "mandatory " } else { "" };
                    let many = if endpoint.many { " many" } else { "" };
                    let ty = this.expression(TypeId::Endpoint(endpoint.ty));
                    lines.push(format!("{mandatory}endpoint {name}: {ty}{many};"));
                }
                constraints(provides, requires, &mut lines);
                if let Some(state) = state {
                    lines.push(format!("state {};", this.expression(TypeId::Value(*state))));
                }
                format!("{{ {} }}", lines.join(" "))
            },
        )
    }
}

fn constraints(provides: &[Constraint], requires: &[Constraint], lines: &mut Vec<String>) {
    let both = |constraint: &Constraint| {
        requires.iter().any(|other| {
            other.dual && other.formalism == constraint.formalism && other.text == constraint.text
        })
    };
    for constraint in provides {
        let role = if both(constraint) {
            "follows"
        } else {
            "provides"
        };
        lines.push(line(role, constraint));
    }
    for constraint in requires.iter().filter(|constraint| !constraint.dual) {
        lines.push(line("requires", constraint));
    }
}

fn line(role: &str, constraint: &Constraint) -> String {
    let given = match &constraint.given {
        None => String::new(),
        Some(given) => format!(" given {}", quoted(given)),
    };
    format!(
        "{role} {} {}{given};",
        constraint.formalism,
        quoted(&constraint.text)
    )
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
