//! Classes as the original's loader had them in memory: what a class in the catalogue becomes once
//! parameters are bound.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use crate::Id;
use crate::catalog::{
    Catalog, Direction, Entry, Facts, Kind, ParameterKind, Status, Type as Declared,
};
use crate::document::ClassKind;

/// A class; equal classes have equal numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClassId(u32);

/// Position of an entry in the catalogue.
pub type EntryIndex = usize;

/// What a class is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// An entry of the catalogue.
    Entry {
        entry: EntryIndex,
        /// One for each type parameter of the entry, in the order of declaration.
        arguments: Vec<ClassId>,
        /// Whether it is as registered. Only then are its type parameters known to be open: what
        /// a substitution yields has forgotten that, even of those that were not substituted.
        template: bool,
        /// Constraints on the object; a substitution drops them.
        constraints: Vec<Constraint>,
    },
    /// A type parameter of an entry that is not bound: entry and position among its parameters.
    Placeholder(EntryIndex, usize),
    /// A .NET type that is no class; one of which not even the name is known belongs to an entry.
    Opaque(Option<EntryIndex>, String),
}

/// A constraint with its value, which all constraint classes of the original read as a number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Constraint {
    pub provided: bool,
    pub class: Id,
    pub value: i32,
}

/// An endpoint of an object class.
#[derive(Clone, Debug)]
pub struct Endpoint {
    pub name: String,
    pub class: ClassId,
    pub constraints: Vec<Constraint>,
}

/// An operation of an interface class: what goes in and out, by name; the return value has none.
#[derive(Clone, Debug)]
pub struct Operation {
    pub name: String,
    pub incoming: Vec<(String, ClassId)>,
    pub outgoing: Vec<(String, ClassId)>,
}

/// A substitution came upon a parameter that is neither bound nor known to be open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unbound(pub String);

/// All classes that were met so far.
pub struct Classes<'a> {
    pub catalog: &'a Catalog,
    classes: Vec<Class>,
    numbers: HashMap<Class, ClassId>,
    closed: HashMap<ClassId, bool>,
    endpoints: HashMap<ClassId, Rc<Vec<Endpoint>>>,
    operations: HashMap<ClassId, Rc<Vec<Operation>>>,
    /// Pairs of which the first is known to be a subtype of the second.
    subtypes: HashSet<(ClassId, ClassId)>,
}

impl<'a> Classes<'a> {
    pub fn new(catalog: &'a Catalog) -> Classes<'a> {
        Classes {
            catalog,
            classes: Vec::new(),
            numbers: HashMap::new(),
            closed: HashMap::new(),
            endpoints: HashMap::new(),
            operations: HashMap::new(),
            subtypes: HashSet::new(),
        }
    }

    pub fn is_known_subtype(&self, a: ClassId, b: ClassId) -> bool {
        self.subtypes.contains(&(a, b))
    }

    pub fn note_subtype(&mut self, a: ClassId, b: ClassId) {
        self.subtypes.insert((a, b));
    }

    pub fn get(&self, class: ClassId) -> &Class {
        &self.classes[class.0 as usize]
    }

    pub fn add(&mut self, class: Class) -> ClassId {
        if let Some(known) = self.numbers.get(&class) {
            return *known;
        }
        let number = u32::try_from(self.classes.len())
            .map(ClassId)
            .expect("because four thousand million classes do not fit into memory");
        self.classes.push(class.clone());
        self.numbers.insert(class, number);
        number
    }

    pub fn entry(&self, entry: EntryIndex) -> &'a Entry {
        &self.catalog.entries()[entry]
    }

    /// The entry of a class, if it has one.
    pub fn entry_of(&self, class: ClassId) -> Option<&'a Entry> {
        match self.get(class) {
            Class::Entry { entry, .. } => Some(self.entry(*entry)),
            _ => None,
        }
    }

    /// The arguments of a class, if it has any.
    pub fn arguments(&self, class: ClassId) -> &[ClassId] {
        match self.get(class) {
            Class::Entry { arguments, .. } => arguments,
            _ => &[],
        }
    }

    /// The argument for the type parameter of that name.
    pub fn argument(&self, class: ClassId, name: &str) -> Option<ClassId> {
        let Class::Entry {
            entry, arguments, ..
        } = self.get(class)
        else {
            return None;
        };
        let mut names = type_parameters(self.entry(*entry));
        let position = names.position(|(_, own)| own == name)?;
        arguments.get(position).copied()
    }

    /// The entry of that library, kind and number, if the original knew it.
    pub fn find(&self, library: Id, kind: Kind, id: Id) -> Option<EntryIndex> {
        let position = self.catalog.position(library, kind, id)?;
        (self.entry(position).status == Status::Active).then_some(position)
    }

    /// A class of the platform itself.
    pub fn platform_class(&mut self, kind: ClassKind, id: Id) -> Option<ClassId> {
        let entry = self.find(Id(0), Kind::Class(kind), id)?;
        Some(self.template(entry))
    }

    /// A class as it is registered.
    pub fn template(&mut self, entry: EntryIndex) -> ClassId {
        let declared = self.entry(entry);
        let positions: Vec<usize> = type_parameters(declared).map(|(at, _)| at).collect();
        let arguments = positions
            .into_iter()
            .map(|at| self.add(Class::Placeholder(entry, at)))
            .collect();
        let constraints = match &declared.facts {
            Facts::Object { constraints, .. } => declared_constraints(constraints),
            _ => Vec::new(),
        };
        self.add(Class::Entry {
            entry,
            arguments,
            template: true,
            constraints,
        })
    }

    /// What a type in a declaration is, with the type parameters of the declaring entry bound.
    pub fn build(
        &mut self,
        entry: EntryIndex,
        declared: &Declared,
        bound: &[(&str, ClassId)],
    ) -> ClassId {
        let unknown = |declared: &Declared| Class::Opaque(Some(entry), format!("{declared:?}"));
        match declared {
            Declared::Parameter(name) => match bound.iter().find(|(own, _)| own == name) {
                Some((_, class)) => *class,
                None => self.add(unknown(declared)),
            },
            Declared::Unclassified(name) => self.add(Class::Opaque(None, name.clone())),
            Declared::Array(element) => {
                let element = self.build(entry, element, bound);
                let name = format!("array {}", element.0);
                self.add(Class::Opaque(None, name))
            }
            Declared::Generic(_) | Declared::Unknown => self.add(unknown(declared)),
            Declared::Class(kind, id, arguments) => {
                let library = self.entry(entry).library;
                let found = self
                    .find(library, Kind::Class(*kind), *id)
                    .or_else(|| self.find(Id(0), Kind::Class(*kind), *id));
                let Some(of) = found else {
                    return self.add(unknown(declared));
                };
                let template = self.template(of);
                if arguments.is_empty() {
                    return template;
                }
                let names: Vec<&str> = type_parameters(self.entry(of)).map(|(_, it)| it).collect();
                let arguments = names
                    .into_iter()
                    .map(|name| match arguments.iter().find(|(own, _)| own == name) {
                        Some((_, argument)) => self.build(entry, argument, bound),
                        None => self.add(unknown(declared)),
                    })
                    .collect();
                self.add(Class::Entry {
                    entry: of,
                    arguments,
                    template: false,
                    constraints: Vec::new(),
                })
            }
        }
    }

    /// The type parameters of the entry of a class, as this class binds them.
    pub fn bound(&self, class: ClassId) -> Vec<(&'a str, ClassId)> {
        let Class::Entry {
            entry, arguments, ..
        } = self.get(class)
        else {
            return Vec::new();
        };
        type_parameters(self.entry(*entry))
            .map(|(_, name)| name)
            .zip(arguments.iter().copied())
            .collect()
    }

    /// Puts classes in place of type parameters, as the original did: a parameter that is not
    /// given may stay open only directly inside a class as registered.
    ///
    /// # Errors
    ///
    /// The first parameter that would stay open elsewhere.
    pub fn instantiate(
        &mut self,
        class: ClassId,
        given: &[(&str, ClassId)],
    ) -> Result<ClassId, Unbound> {
        match self.get(class).clone() {
            Class::Opaque(..) => Ok(class),
            Class::Placeholder(entry, at) => {
                let name = self.entry(entry).parameters[at].name.as_str();
                let found = given.iter().find(|(own, _)| *own == name);
                Ok(found.map_or(class, |(_, given)| *given))
            }
            Class::Entry {
                entry,
                arguments,
                template,
                ..
            } => {
                let mut new = Vec::with_capacity(arguments.len());
                let mut open = Vec::new();
                for argument in arguments {
                    let bound = self.instantiate(argument, given)?;
                    if let Class::Placeholder(owner, at) = *self.get(argument)
                        && bound == argument
                    {
                        let name = self.entry(owner).parameters[at].name.as_str();
                        if !template {
                            return Err(Unbound(name.to_owned()));
                        }
                        open.push(name);
                    }
                    new.push(bound);
                }
                if !open.is_empty() {
                    stays_open(self.entry(entry), &open)?;
                }
                Ok(self.add(Class::Entry {
                    entry,
                    arguments: new,
                    template: false,
                    constraints: Vec::new(),
                }))
            }
        }
    }

    /// The same class with other constraints.
    pub fn with_constraints(&mut self, class: ClassId, constraints: Vec<Constraint>) -> ClassId {
        match self.get(class).clone() {
            Class::Entry {
                entry,
                arguments,
                template,
                ..
            } => self.add(Class::Entry {
                entry,
                arguments,
                template,
                constraints,
            }),
            _ => class,
        }
    }

    /// The class that belongs to the .NET type of a class: as registered, where it has no
    /// parameters, so that its constraints are back.
    pub fn of_type(&mut self, class: ClassId) -> ClassId {
        match self.get(class) {
            Class::Entry {
                entry, arguments, ..
            } if arguments.is_empty() => {
                let entry = *entry;
                self.template(entry)
            }
            _ => class,
        }
    }

    /// Whether two classes have the same .NET type, both being closed.
    pub fn same_type(&self, a: ClassId, b: ClassId) -> bool {
        a == b
            || match (self.get(a), self.get(b)) {
                (
                    Class::Entry {
                        entry: a,
                        arguments: inside_a,
                        ..
                    },
                    Class::Entry {
                        entry: b,
                        arguments: inside_b,
                        ..
                    },
                ) => {
                    a == b
                        && inside_a
                            .iter()
                            .zip(inside_b)
                            .all(|(a, b)| self.same_type(*a, *b))
                }
                _ => false,
            }
    }

    /// A type parameter inside a class that is not bound: such a class has no .NET type.
    pub fn open_parameter(&mut self, class: ClassId) -> Option<&'a str> {
        if self.closed.get(&class) == Some(&true) {
            return None;
        }
        match self.get(class).clone() {
            Class::Placeholder(entry, at) => Some(&self.entry(entry).parameters[at].name),
            Class::Opaque(..) => None,
            Class::Entry { arguments, .. } => {
                let open = arguments.iter().find_map(|it| self.open_parameter(*it));
                self.closed.insert(class, open.is_none());
                open
            }
        }
    }

    /// The endpoints of an object class.
    pub fn endpoints(&mut self, class: ClassId) -> Rc<Vec<Endpoint>> {
        if let Some(known) = self.endpoints.get(&class) {
            return known.clone();
        }
        let mut endpoints = Vec::new();
        if let Class::Entry {
            entry, template, ..
        } = *self.get(class)
            && let Facts::Object {
                endpoints: declared,
                ..
            } = &self.entry(entry).facts
        {
            let bound = self.bound(class);
            for endpoint in declared {
                endpoints.push(Endpoint {
                    name: endpoint.name.clone(),
                    class: self.build(entry, &endpoint.ty, &bound),
                    constraints: match template {
                        true => declared_constraints(&endpoint.constraints),
                        false => Vec::new(),
                    },
                });
            }
        }
        let endpoints = Rc::new(endpoints);
        self.endpoints.insert(class, endpoints.clone());
        endpoints
    }

    /// The class that authenticates objects of an object class.
    pub fn authenticating(&mut self, class: ClassId) -> Option<ClassId> {
        let Class::Entry { entry, .. } = *self.get(class) else {
            return None;
        };
        let Facts::Object { authenticating, .. } = &self.entry(entry).facts else {
            return None;
        };
        let bound = self.bound(class);
        authenticating
            .as_ref()
            .map(|declared| self.build(entry, declared, &bound))
    }

    /// The operations of an interface class.
    pub fn operations(&mut self, class: ClassId) -> Rc<Vec<Operation>> {
        if let Some(known) = self.operations.get(&class) {
            return known.clone();
        }
        let mut operations = Vec::new();
        if let Class::Entry { entry, .. } = *self.get(class)
            && let Facts::Interface(declared) = &self.entry(entry).facts
        {
            let bound = self.bound(class);
            for operation in declared {
                let mut incoming = Vec::new();
                let mut outgoing = Vec::new();
                for parameter in &operation.parameters {
                    let value = (
                        parameter.name.clone(),
                        self.build(entry, &parameter.ty, &bound),
                    );
                    if parameter.direction != Direction::Out {
                        incoming.push(value.clone());
                    }
                    if parameter.direction != Direction::In {
                        outgoing.push(value);
                    }
                }
                if let Some(returns) = &operation.returns {
                    outgoing.push((String::new(), self.build(entry, returns, &bound)));
                }
                operations.push(Operation {
                    name: operation.name.clone(),
                    incoming,
                    outgoing,
                });
            }
        }
        let operations = Rc::new(operations);
        self.operations.insert(class, operations.clone());
        operations
    }

    /// How people call a class: its name, with its arguments in brackets.
    pub fn describe(&self, class: ClassId) -> String {
        match self.get(class) {
            Class::Placeholder(entry, at) => self.entry(*entry).parameters[*at].name.clone(),
            Class::Opaque(None, name) => name.clone(),
            Class::Opaque(Some(_), _) => "?".to_owned(),
            Class::Entry {
                entry, arguments, ..
            } => {
                let name = display_name(self.entry(*entry));
                let inside: Vec<String> = arguments.iter().map(|it| self.describe(*it)).collect();
                match inside.is_empty() {
                    true => name,
                    false => format!("{name}[{}]", inside.join(", ")),
                }
            }
        }
    }
}

/// The name of an entry without the number of its type parameters, or its number if it has none.
pub fn display_name(entry: &Entry) -> String {
    match entry.name.split('`').next().unwrap_or("") {
        "" => entry.id.to_string(),
        name => name.to_owned(),
    }
}

/// Position and name of each type parameter of an entry.
pub fn type_parameters(entry: &Entry) -> impl Iterator<Item = (usize, &str)> {
    entry
        .parameters
        .iter()
        .enumerate()
        .filter(|(_, parameter)| matches!(parameter.kind, ParameterKind::Class(_)))
        .map(|(at, parameter)| (at, parameter.name.as_str()))
}

fn declared_constraints(declared: &[crate::catalog::Constraint]) -> Vec<Constraint> {
    let read = declared.iter().map(|constraint| Constraint {
        provided: constraint.provided,
        class: constraint.class,
        value: constraint.value.parse().unwrap_or(0),
    });
    read.collect()
}

/// Whether type parameters can stay open when a class as registered is instantiated: not where they
/// are arguments inside its endpoints, operations or authenticating class.
fn stays_open(entry: &Entry, open: &[&str]) -> Result<(), Unbound> {
    let mut all: Vec<&Declared> = Vec::new();
    match &entry.facts {
        Facts::Object {
            endpoints,
            authenticating,
            ..
        } => {
            all.extend(endpoints.iter().map(|it| &it.ty));
            all.extend(authenticating);
        }
        Facts::Interface(operations) => {
            for operation in operations {
                all.extend(operation.parameters.iter().map(|it| &it.ty));
                all.extend(&operation.returns);
            }
        }
        _ => {}
    }
    all.into_iter()
        .try_for_each(|declared| arguments_open(declared, open))
}

fn arguments_open(declared: &Declared, open: &[&str]) -> Result<(), Unbound> {
    let Declared::Class(_, _, arguments) = declared else {
        return Ok(());
    };
    arguments
        .iter()
        .try_for_each(|(_, argument)| match argument {
            Declared::Parameter(name) if open.contains(&name.as_str()) => {
                Err(Unbound(name.clone()))
            }
            argument => arguments_open(argument, open),
        })
}
