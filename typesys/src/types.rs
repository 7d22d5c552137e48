//! Types as a graph: an arena of nodes, recursive types being cycles.
//!
//! Declarations are instantiated into it by `resolve`; names survive only for messages.
//! Two ids may stand for the same type: compare with [`crate::Relations`] or by identity
//! ([`crate::identity`]), not by `==`.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::formalism::Word;
use crate::source::Place;
pub use crate::syntax::{Direction, Kind};

/// A value type in a [`Types`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ValueId(pub(crate) u32);

/// An endpoint type in a [`Types`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EndpointId(pub(crate) u32);

/// An object type in a [`Types`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId(pub(crate) u32);

/// A type of any kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TypeId {
    /// A value type.
    Value(ValueId),
    /// An endpoint type.
    Endpoint(EndpointId),
    /// An object type.
    Object(ObjectId),
}

impl TypeId {
    /// Its kind.
    pub fn kind(self) -> Kind {
        match self {
            TypeId::Value(_) => Kind::Value,
            TypeId::Endpoint(_) => Kind::Endpoint,
            TypeId::Object(_) => Kind::Object,
        }
    }
}

/// The basic value types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the names are those of the type language")]
pub enum Basic {
    Bool,
    U8,
    U16,
    U32,
    U64,
    S8,
    S16,
    S32,
    S64,
    F32,
    F64,
    Char,
    String,
    Bytes,
    Uuid,
}

impl Basic {
    /// All of them, in the order of formats, section 1.
    pub const ALL: [Basic; 15] = [
        Basic::Bool,
        Basic::U8,
        Basic::U16,
        Basic::U32,
        Basic::U64,
        Basic::S8,
        Basic::S16,
        Basic::S32,
        Basic::S64,
        Basic::F32,
        Basic::F64,
        Basic::Char,
        Basic::String,
        Basic::Bytes,
        Basic::Uuid,
    ];

    /// The name in the type language.
    pub fn as_str(self) -> &'static str {
        match self {
            Basic::Bool => "bool",
            Basic::U8 => "u8",
            Basic::U16 => "u16",
            Basic::U32 => "u32",
            Basic::U64 => "u64",
            Basic::S8 => "s8",
            Basic::S16 => "s16",
            Basic::S32 => "s32",
            Basic::S64 => "s64",
            Basic::F32 => "f32",
            Basic::F64 => "f64",
            Basic::Char => "char",
            Basic::String => "string",
            Basic::Bytes => "bytes",
            Basic::Uuid => "uuid",
        }
    }
}

/// Structure of a value type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    /// A basic type.
    Basic(Basic),
    /// `list<T>`
    List(ValueId),
    /// `option<T>`
    Option(ValueId),
    /// `map<K, V>`
    Map(ValueId, ValueId),
    /// `tuple<T, …>`
    Tuple(Vec<ValueId>),
    /// A record, or the parameters of an event.
    Record {
        /// Field name → type.
        fields: BTreeMap<String, ValueId>,
        /// Whether further fields are tolerated.
        open: bool,
    },
    /// A variant; an enum is a variant without payloads.
    Variant(BTreeMap<String, Option<ValueId>>),
    /// `reference<O>`
    Reference(ObjectId),
    /// `external<E>`
    External(EndpointId),
    /// A type parameter: opaque.
    Parameter(Parameter),
}

/// A type parameter that is not substituted. Equal by name within one declaration.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// What any argument is a subtype of.
    pub bound: Option<TypeId>,
}

/// An event of an endpoint type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Event {
    /// Its direction, seen from the owner.
    pub direction: Direction,
    /// The record of its parameters.
    pub payload: ValueId,
    /// The parameters' names in the order declared: constraint texts bind by position.
    pub order: Vec<String>,
    /// Whether emitting it may answer `refused`; ignored by the relations and by identity.
    pub refusable: bool,
}

/// Structure of an endpoint type: τ = (I, O, C, C′) of semantics, section 3.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// Events and constraints.
    Events {
        /// Event name → event; names are unique over both directions.
        events: BTreeMap<String, Event>,
        /// C.
        provides: Vec<Constraint>,
        /// C′.
        requires: Vec<Constraint>,
    },
    /// A type parameter; `mirrored` when it stands under an odd number of `mirror`.
    Parameter {
        /// Which.
        parameter: Parameter,
        /// Whether it is mirrored.
        mirrored: bool,
    },
}

/// A constraint of a type, not parsed: parsing needs its formalism.
#[derive(Clone, Debug)]
pub struct Constraint {
    /// Name of the formalism.
    pub formalism: Arc<str>,
    /// The text with white space collapsed.
    pub text: Arc<str>,
    /// Whether the dual of `text` is meant (the other half of a `follows`).
    pub dual: bool,
    /// The assumption under which it is given.
    pub given: Option<Arc<str>>,
    /// For constraints of objects: endpoint name in the text → endpoint name in the type that
    /// holds the constraint (differs in derived types of composites; hidden endpoints are
    /// `component/endpoint`). Names that are absent stand for themselves. A constraint of a
    /// composite's part lists every endpoint of the part, and no others.
    pub renamed: BTreeMap<String, String>,
    /// Whether messages that it may speak of are converted with loss inside the composite whose
    /// type holds it: later uses follow the lossy rule (semantics, section 6).
    pub lossy: bool,
    /// Where it was written.
    pub place: Option<Place>,
}

impl Constraint {
    /// All that is promised, as people see it: the text, and what it is given under.
    #[must_use]
    pub fn promise(&self) -> String {
        match &self.given {
            None => self.text.to_string(),
            Some(given) => format!("{} given {given}", self.text),
        }
    }

    /// All but the place.
    fn key(&self) -> impl PartialEq + Hash + '_ {
        (
            &self.formalism,
            &self.text,
            self.dual,
            self.given.as_deref(),
            &self.renamed,
            self.lossy,
        )
    }
}

impl PartialEq for Constraint {
    /// Equality ignores places.
    fn eq(&self, other: &Constraint) -> bool {
        self.key() == other.key()
    }
}
impl Hash for Constraint {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}
impl Eq for Constraint {}

/// An endpoint of an object type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ObjectEndpoint {
    /// Its type.
    pub ty: EndpointId,
    /// Whether each connection is another instance.
    pub many: bool,
    /// Whether the proxy starts only once it is connected.
    pub mandatory: bool,
}

/// Structure of an object type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Object {
    /// `Object`, the top of ◁. It types values only.
    Top,
    /// Θ = (E, C, C′) of semantics, section 4.
    Endpoints(ObjectBody),
    /// A type parameter; it occurs only inside `reference<>`.
    Parameter(Parameter),
}

/// E, C and C′ of an object type.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ObjectBody {
    /// E.
    pub endpoints: BTreeMap<String, ObjectEndpoint>,
    /// Endpoints of components that a composite neither exports nor leaves out of its
    /// constraints, by `component/endpoint` (semantics, section 5).
    pub hidden: BTreeMap<String, ObjectEndpoint>,
    /// C.
    pub provides: Vec<Constraint>,
    /// C′.
    pub requires: Vec<Constraint>,
    /// What save and load exchange; ignored by the relations and by identity.
    pub state: Option<ValueId>,
}

/// Where a type got its name, for messages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The name with its arguments, as printed in angle brackets: `Channel<Line>`; empty if none.
    pub name: String,
    /// Where it is declared.
    pub place: Option<Place>,
}

/// The arena.
#[derive(Clone, Debug, Default)]
pub struct Types {
    pub(crate) values: Vec<(Value, Origin)>,
    pub(crate) endpoints: Vec<(Endpoint, Origin)>,
    pub(crate) objects: Vec<(Object, Origin)>,
    pub(crate) instances: crate::resolve::Instances,
    pub(crate) known: crate::relation::Known,
    pub(crate) domains: crate::domain::Domains,
}

impl Types {
    /// An empty arena.
    pub fn new() -> Types {
        Types::default()
    }

    /// How many types it holds, of all kinds.
    pub fn len(&self) -> usize {
        self.values.len() + self.endpoints.len() + self.objects.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All types, kind by kind, in the order in which they were added.
    pub fn ids(&self) -> impl Iterator<Item = TypeId> + use<> {
        let number = |all: usize| (0..all).map(|at| u32::try_from(at).expect("ids fit"));
        let values = number(self.values.len()).map(|at| TypeId::Value(ValueId(at)));
        let endpoints = number(self.endpoints.len()).map(|at| TypeId::Endpoint(EndpointId(at)));
        let objects = number(self.objects.len()).map(|at| TypeId::Object(ObjectId(at)));
        values.chain(endpoints).chain(objects)
    }

    /// Forgets what was found about its types: for an arena about which nothing more is asked.
    pub fn forget(&mut self) {
        self.known.forget();
    }

    /// What was taken on the word of libraries that add formalisms, in whatever was asked of these
    /// types, in a fixed order. A clone of the arena begins without any.
    pub fn words(&self) -> impl Iterator<Item = &Word> {
        self.known.words().iter()
    }

    /// Structure of a value type. Aliases are already gone.
    pub fn value(&self, id: ValueId) -> &Value {
        &self.values[id.0 as usize].0
    }

    /// Structure of an endpoint type.
    pub fn endpoint(&self, id: EndpointId) -> &Endpoint {
        &self.endpoints[id.0 as usize].0
    }

    /// Structure of an object type.
    pub fn object(&self, id: ObjectId) -> &Object {
        &self.objects[id.0 as usize].0
    }

    /// Name and place of a type.
    pub fn origin(&self, id: TypeId) -> &Origin {
        match id {
            TypeId::Value(id) => &self.values[id.0 as usize].1,
            TypeId::Endpoint(id) => &self.endpoints[id.0 as usize].1,
            TypeId::Object(id) => &self.objects[id.0 as usize].1,
        }
    }

    /// Adds a value type.
    pub fn add_value(&mut self, value: Value, origin: Origin) -> ValueId {
        self.values.push((value, origin));
        ValueId(self.values.len() as u32 - 1)
    }

    /// Adds an endpoint type.
    pub fn add_endpoint(&mut self, endpoint: Endpoint, origin: Origin) -> EndpointId {
        self.endpoints.push((endpoint, origin));
        EndpointId(self.endpoints.len() as u32 - 1)
    }

    /// Adds an object type.
    pub fn add_object(&mut self, object: Object, origin: Origin) -> ObjectId {
        self.objects.push((object, origin));
        ObjectId(self.objects.len() as u32 - 1)
    }

    /// Fills in a value type that was added before what it refers to.
    pub(crate) fn set_value(&mut self, id: ValueId, value: Value) {
        self.values[id.0 as usize].0 = value;
    }

    /// Fills in an endpoint type that was added before what it refers to.
    pub(crate) fn set_endpoint(&mut self, id: EndpointId, endpoint: Endpoint) {
        self.endpoints[id.0 as usize].0 = endpoint;
    }

    /// Fills in an object type that was added before what it refers to.
    pub(crate) fn set_object(&mut self, id: ObjectId, object: Object) {
        self.objects[id.0 as usize].0 = object;
    }
}
