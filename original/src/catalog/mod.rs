//! The types and components that came with the platform: names, parameters, endpoints, operations
//! and conversions of each, as facts.
//!
//! The facts stand in `original/data/catalog.txt`, which `cargo xtask original-catalog` generates;
//! [`Catalog::read`] says how it is written.

mod read;

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::Id;
use crate::document::ClassKind;

pub use read::CatalogFault;

/// What an entry of the catalogue is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A class of values, interfaces, endpoints or objects.
    Class(ClassKind),
    /// A component: something that makes objects.
    Component,
    /// A class of attributes.
    Attribute,
    /// A class of constraints on objects.
    ObjectConstraint,
    /// A class of constraints on endpoints.
    EndpointConstraint,
    /// A class of constraints on interfaces.
    InterfaceConstraint,
    /// A class of operators.
    Operator,
}

/// Whether the original knew an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// It did.
    Active,
    /// Its source was disabled: the original did not know it.
    Disabled,
    /// It is only seen in documents: the original did not know it.
    Inferred,
}

/// A library of types and components.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Library {
    /// Its number; 0 is the platform itself.
    pub id: Id,
    /// Its version.
    pub version: u64,
    /// Its name; may be empty.
    pub name: String,
}

/// A type or component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The library in which it is.
    pub library: Id,
    /// What it is.
    pub kind: Kind,
    /// Its number, unique among those of its kind in its library.
    pub id: Id,
    /// Its version.
    pub version: u64,
    /// Whether the original knew it.
    pub status: Status,
    /// Its name; may be empty.
    pub name: String,
    /// Its parameters in the order of declaration.
    pub parameters: Vec<Parameter>,
    /// What else there is to say, depending on the kind.
    pub facts: Facts,
}

/// A declared parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// What it takes.
    pub kind: ParameterKind,
}

/// What a parameter takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParameterKind {
    /// A class.
    Class(ClassKind),
    /// A value of that type.
    Value(Type),
    /// It is not known; of inferred entries only.
    Unknown,
}

/// Facts that depend on the kind of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Facts {
    /// Of a value class.
    Value {
        /// Whether it is a type of .NET.
        builtin: bool,
        /// The value classes to which its values can be assigned, other than itself.
        assignable_to: Vec<Type>,
        /// Constructors of one argument, and operators of conversion.
        conversions: Vec<Conversion>,
    },
    /// Of an interface class: its operations.
    Interface(Vec<Operation>),
    /// Of an object class.
    Object {
        /// Its endpoints.
        endpoints: Vec<Endpoint>,
        /// Its constraints.
        constraints: Vec<Constraint>,
        /// The class of objects that authenticate it.
        authenticating: Option<Type>,
    },
    /// Of a component: the class of the objects that it makes, if it is known.
    Component(Option<Type>),
    /// Of anything else.
    None,
}

/// A way from one value class to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversion {
    /// Where it starts.
    pub from: Type,
    /// Where it ends; `None` is a constructor of the class that declares it.
    pub to: Option<Type>,
}

/// An operation of an interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Its name.
    pub name: String,
    /// Its parameters.
    pub parameters: Vec<OperationParameter>,
    /// What it returns.
    pub returns: Option<Type>,
}

/// A parameter of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperationParameter {
    /// Its name.
    pub name: String,
    /// Which way its value goes.
    pub direction: Direction,
    /// The class of its values.
    pub ty: Type,
}

/// Which way a value goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// To the operation.
    In,
    /// From the operation.
    Out,
    /// Both ways.
    Both,
}

/// An endpoint of an object class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Its name.
    pub name: String,
    /// Its endpoint class.
    pub ty: Type,
    /// Its constraints.
    pub constraints: Vec<Constraint>,
}

/// A constraint attached to an object class or an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Constraint {
    /// Whether it is provided; else it is required.
    pub provided: bool,
    /// The constraint class.
    pub class: Id,
    /// What that class reads.
    pub value: String,
}

/// A type inside the declaration of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// A class, with arguments by the names of its parameters.
    Class(ClassKind, Id, Vec<(String, Type)>),
    /// A type parameter of the entry.
    Parameter(String),
    /// A .NET array.
    Array(Box<Type>),
    /// A .NET type that is no value class.
    Unclassified(String),
    /// A generic .NET type that is not known, with its arguments.
    Generic(Vec<Type>),
    /// A type of which nothing is known.
    Unknown,
}

/// The catalogue.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    libraries: Vec<Library>,
    entries: Vec<Entry>,
    /// Position of the first entry of that library, kind and number.
    index: HashMap<(Id, Kind, Id), usize>,
    /// Position of the value class that is the .NET type of that name.
    builtins: HashMap<String, usize>,
}

impl Catalog {
    /// The catalogue that comes with this crate.
    pub fn standard() -> &'static Catalog {
        static STANDARD: OnceLock<Catalog> = OnceLock::new();
        STANDARD.get_or_init(|| {
            let text = include_str!("../../data/catalog.txt");
            Catalog::read(text).expect("because a test reads the catalogue of this crate")
        })
    }

    /// Its libraries, in the order of the text.
    pub fn libraries(&self) -> &[Library] {
        &self.libraries
    }

    /// The library of that number.
    pub fn library(&self, id: Id) -> Option<&Library> {
        self.libraries.iter().find(|library| library.id == id)
    }

    /// Its entries, in the order of the text. Student libraries that came from several sources have
    /// several entries of one number.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entry of that library, kind and number; the first, if there are several.
    pub fn get(&self, library: Id, kind: Kind, id: Id) -> Option<&Entry> {
        self.entries.get(self.position(library, kind, id)?)
    }

    /// Where [`Catalog::get`] finds an entry among [`Catalog::entries`].
    pub(crate) fn position(&self, library: Id, kind: Kind, id: Id) -> Option<usize> {
        self.index.get(&(library, kind, id)).copied()
    }

    /// The value class that is the .NET type of that name, such as `Int32` or `IList`1`.
    pub(crate) fn builtin(&self, name: &str) -> Option<usize> {
        self.builtins.get(name).copied()
    }
}
