//! What was instantiated already: terms (uses of types, interned) and the nodes they stand for.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::import::Shape;
use crate::domain::Domains;
use crate::formalism::Formalisms;
use crate::module::Module;
use crate::relation::IdMap;
use crate::syntax::{Item, Kind};
use crate::types::{
    Basic, Endpoint, EndpointId, Object, ObjectId, Parameter, TypeId, Types, Value, ValueId,
};

/// Which declarations were instantiated with which arguments (so that recursion closes).
///
/// Modules are told apart by their address and kept alive here; they are numbered in the order
/// in which they are met, so that results do not depend on addresses.
#[derive(Clone, Debug, Default)]
pub struct Instances {
    modules: Vec<Arc<Module>>,
    terms: Vec<Term>,
    /// Term → its number. Never iterated over.
    numbers: HashMap<Term, TermId>,
    /// What became of each term.
    found: Vec<Found>,
    /// Terms of before the current call of which something was found in it: that goes again where
    /// the call fails.
    touched: Vec<TermId>,
    /// How many terms there were before the current call.
    before: usize,
    /// Node → the term it was made for. Never iterated over.
    pub(super) origins: IdMap<TypeId, TermId>,
    /// Endpoint type → the same mirrored, both ways. Never iterated over.
    pub(super) mirrors: IdMap<EndpointId, EndpointId>,
    /// Parameters that stay parameters.
    pub(super) parameters: BTreeMap<(Kind, String, Option<TypeId>), TypeId>,
    /// What was imported, by its shape. Never iterated over.
    pub(super) imported: HashMap<Shape, TypeId>,
    /// Value types without names that are the same each time. As `imported`.
    pub(super) unnamed: HashMap<Value, ValueId>,
    /// Declarations whose names, and those of all that they reach, were found right.
    pub(super) sound: BTreeSet<Decl>,
    /// For comparing arguments with bounds.
    pub(super) formalisms: Formalisms,
    /// Whether arguments are taken to be within their bounds.
    pub(super) bounds_trusted: bool,
}

/// A declaration: numbers of the module and of the item in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Decl {
    pub(super) module: u32,
    pub(super) item: u32,
}

/// An interned [`Term`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct TermId(u32);

/// What is known of a term.
#[derive(Clone, Copy, Debug, Default)]
struct Found {
    /// The term without aliases at its head that it stands for.
    unfolded: Option<TermId>,
    /// Its node.
    node: Option<TypeId>,
}

/// A use of a type whose parameters are substituted, not looked into yet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Term {
    /// A type of the language, with its arguments.
    Builtin(Builtin, Vec<TermId>),
    /// A declaration with its arguments.
    Declared(Decl, Vec<TermId>),
    /// A mirrored endpoint type; never directly inside another one.
    Mirror(TermId),
    /// A type that came as a node.
    Known(TypeId),
}

/// A type of the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Builtin {
    Basic(Basic),
    List,
    Option,
    Map,
    Tuple,
    Reference,
    External,
    Object,
}

impl Builtin {
    /// Finds one by its name.
    pub(super) fn find(name: &str) -> Option<Builtin> {
        Some(match name {
            "list" => Builtin::List,
            "option" => Builtin::Option,
            "map" => Builtin::Map,
            "tuple" => Builtin::Tuple,
            "reference" => Builtin::Reference,
            "external" => Builtin::External,
            "Object" => Builtin::Object,
            "bool" => Builtin::Basic(Basic::Bool),
            "u8" => Builtin::Basic(Basic::U8),
            "u16" => Builtin::Basic(Basic::U16),
            "u32" => Builtin::Basic(Basic::U32),
            "u64" => Builtin::Basic(Basic::U64),
            "s8" => Builtin::Basic(Basic::S8),
            "s16" => Builtin::Basic(Basic::S16),
            "s32" => Builtin::Basic(Basic::S32),
            "s64" => Builtin::Basic(Basic::S64),
            "f32" => Builtin::Basic(Basic::F32),
            "f64" => Builtin::Basic(Basic::F64),
            "char" => Builtin::Basic(Basic::Char),
            "string" => Builtin::Basic(Basic::String),
            "bytes" => Builtin::Basic(Basic::Bytes),
            "uuid" => Builtin::Basic(Basic::Uuid),
            _ => return None,
        })
    }

    /// All names.
    pub(super) fn names() -> impl Iterator<Item = &'static str> {
        let others = [
            Builtin::List,
            Builtin::Option,
            Builtin::Map,
            Builtin::Tuple,
            Builtin::Reference,
            Builtin::External,
            Builtin::Object,
        ];
        Basic::ALL
            .into_iter()
            .map(Basic::as_str)
            .chain(others.map(Builtin::name))
    }

    /// Its name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Builtin::Basic(basic) => basic.as_str(),
            Builtin::List => "list",
            Builtin::Option => "option",
            Builtin::Map => "map",
            Builtin::Tuple => "tuple",
            Builtin::Reference => "reference",
            Builtin::External => "external",
            Builtin::Object => "Object",
        }
    }

    /// Its kind.
    pub(super) fn kind(self) -> Kind {
        if self == Builtin::Object {
            Kind::Object
        } else {
            Kind::Value
        }
    }

    /// How many arguments it takes; none: one or more.
    pub(super) fn arity(self) -> Option<usize> {
        match self {
            Builtin::Basic(_) | Builtin::Object => Some(0),
            Builtin::Map => Some(2),
            Builtin::Tuple => None,
            _ => Some(1),
        }
    }

    /// The kind of its arguments.
    pub(super) fn argument_kind(self) -> Kind {
        match self {
            Builtin::Reference => Kind::Object,
            Builtin::External => Kind::Endpoint,
            _ => Kind::Value,
        }
    }
}

impl Instances {
    /// The number of a module.
    pub(super) fn module_number(&mut self, module: &Arc<Module>) -> u32 {
        let known = self
            .modules
            .iter()
            .position(|other| Arc::ptr_eq(other, module));
        let number = known.unwrap_or_else(|| {
            self.modules.push(module.clone());
            self.modules.len() - 1
        });
        number as u32
    }

    /// Bytes of all their texts.
    pub(super) fn text_length(&self) -> usize {
        let texts = self.modules.iter().map(|module| module.source.text.len());
        texts.sum()
    }

    /// A module by its number.
    pub(super) fn module(&self, number: u32) -> &Arc<Module> {
        &self.modules[number as usize]
    }

    /// A declaration's module and item.
    pub(super) fn item(&self, decl: Decl) -> (Arc<Module>, usize) {
        (self.module(decl.module).clone(), decl.item as usize)
    }

    /// Finds what `name` means in a module.
    pub(super) fn find(&mut self, module: u32, name: &str) -> Option<Decl> {
        if let Some(item) = self.module(module).names.get(name) {
            return Some(Decl {
                module,
                item: *item as u32,
            });
        }
        let here = self.module(module).clone();
        if here.lost.declares(name) {
            return None;
        }
        here.uses.iter().find_map(|used| {
            let item = *used.names.get(name)? as u32;
            Some(Decl {
                module: self.module_number(used),
                item,
            })
        })
    }

    /// Whether a declaration is an alias.
    pub(super) fn is_alias(&self, decl: Decl) -> bool {
        matches!(
            self.module(decl.module).file.items[decl.item as usize],
            Item::Alias(_)
        )
    }

    /// A declaration's name.
    pub(super) fn name(&self, decl: Decl) -> &str {
        let item = &self.module(decl.module).file.items[decl.item as usize];
        item.name().map_or("", |name| &name.name)
    }

    /// Interns a term.
    pub(super) fn intern(&mut self, term: Term) -> TermId {
        if let Term::Mirror(inner) = term
            && let Term::Mirror(inner) = self.term(inner)
        {
            return *inner;
        }
        if let Some(number) = self.numbers.get(&term) {
            return *number;
        }
        let number = TermId(self.terms.len() as u32);
        self.terms.push(term.clone());
        self.found.push(Found::default());
        self.numbers.insert(term, number);
        number
    }

    /// The node of a term, if it has one.
    pub(super) fn node(&self, term: TermId) -> Option<TypeId> {
        self.found[term.0 as usize].node
    }

    /// Gives a term its node.
    pub(super) fn set_node(&mut self, term: TermId, node: TypeId) {
        self.touch(term).node = Some(node);
    }

    /// The term without aliases at its head that a term stands for, if it was unfolded.
    pub(super) fn unfolded(&self, term: TermId) -> Option<TermId> {
        self.found[term.0 as usize].unfolded
    }

    /// Says what a term stands for.
    pub(super) fn set_unfolded(&mut self, term: TermId, head: TermId) {
        self.touch(term).unfolded = Some(head);
    }

    fn touch(&mut self, term: TermId) -> &mut Found {
        let number = term.0 as usize;
        if number < self.before {
            self.touched.push(term);
        }
        &mut self.found[number]
    }

    /// All terms that have nodes.
    pub(super) fn nodes(&self) -> impl Iterator<Item = (&Term, TypeId)> {
        let all = self.terms.iter().zip(&self.found);
        all.filter_map(|(term, found)| Some((term, found.node?)))
    }

    /// A term by its number.
    pub(super) fn term(&self, id: TermId) -> &Term {
        &self.terms[id.0 as usize]
    }

    /// The term of a node: the one it was made for, if any.
    pub(super) fn known_term(&mut self, id: TypeId) -> TermId {
        match self.origins.get(&id) {
            Some(term) => *term,
            None => self.intern(Term::Known(id)),
        }
    }
}

/// How much an arena held at some time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    pub(super) values: usize,
    pub(super) endpoints: usize,
    pub(super) objects: usize,
    terms: usize,
}

impl Mark {
    /// How much `types` holds now, at the beginning of a call.
    pub(super) fn of(types: &mut Types) -> Mark {
        let terms = types.instances.terms.len();
        types.instances.before = terms;
        types.instances.touched.clear();
        Mark {
            values: types.values.len(),
            endpoints: types.endpoints.len(),
            objects: types.objects.len(),
            terms,
        }
    }

    fn holds(self, id: TypeId) -> bool {
        match id {
            TypeId::Value(id) => (id.0 as usize) < self.values,
            TypeId::Endpoint(id) => (id.0 as usize) < self.endpoints,
            TypeId::Object(id) => (id.0 as usize) < self.objects,
        }
    }

    /// Takes everything out of `types` that was added since. The time that takes depends on that
    /// only, not on how much there was before: many calls may fail.
    pub(super) fn restore(self, types: &mut Types) {
        // Ids will be given again.
        types.known.forget();
        types.domains = Domains::default();
        let instances = &mut types.instances;
        for (number, (value, _)) in (self.values..).zip(types.values.drain(self.values..)) {
            let id = TypeId::Value(ValueId(number as u32));
            let parameter = match value {
                Value::Parameter(parameter) => Some(parameter),
                _ => None,
            };
            instances.forget(Kind::Value, id, parameter);
        }
        let endpoints = types.endpoints.drain(self.endpoints..);
        for (number, (endpoint, _)) in (self.endpoints..).zip(endpoints) {
            let id = EndpointId(number as u32);
            if let Some(other) = instances.mirrors.remove(&id) {
                instances.mirrors.remove(&other);
            }
            let parameter = match endpoint {
                Endpoint::Parameter { parameter, .. } => Some(parameter),
                Endpoint::Events { .. } => None,
            };
            instances.forget(Kind::Endpoint, TypeId::Endpoint(id), parameter);
        }
        for (number, (object, _)) in (self.objects..).zip(types.objects.drain(self.objects..)) {
            let id = TypeId::Object(ObjectId(number as u32));
            let parameter = match object {
                Object::Parameter(parameter) => Some(parameter),
                Object::Top | Object::Endpoints(_) => None,
            };
            instances.forget(Kind::Object, id, parameter);
        }
        for term in instances.terms.drain(self.terms..) {
            instances.numbers.remove(&term);
        }
        instances.found.truncate(self.terms);
        for term in std::mem::take(&mut instances.touched) {
            let found = &mut instances.found[term.0 as usize];
            found.node = found.node.filter(|id| self.holds(*id));
            let old = |head: &TermId| (head.0 as usize) < self.terms;
            found.unfolded = found.unfolded.filter(old);
        }
        debug_assert!(self.is_all(types), "something of the call is left");
    }

    /// Whether nothing refers to more than there was.
    fn is_all(self, types: &Types) -> bool {
        let old = |term: &TermId| (term.0 as usize) < self.terms;
        let found = |found: &Found| {
            found.node.is_none_or(|id| self.holds(id)) && found.unfolded.as_ref().is_none_or(old)
        };
        let instances = &types.instances;
        let (mut origins, mut mirrors) = (instances.origins.iter(), instances.mirrors.iter());
        let (mut imported, mut unnamed) = (instances.imported.values(), instances.unnamed.values());
        instances.numbers.len() == self.terms
            && instances.found.iter().all(found)
            && origins.all(|(id, term)| self.holds(*id) && old(term))
            && mirrors.all(|(id, other)| {
                [id, other].map(|id| self.holds(TypeId::Endpoint(*id))) == [true; 2]
            })
            && instances.parameters.values().all(|id| self.holds(*id))
            && imported.all(|id| self.holds(*id))
            && unnamed.all(|id| self.holds(TypeId::Value(*id)))
    }
}

impl Instances {
    /// Forgets a node that is taken out, and which parameter it was.
    fn forget(&mut self, kind: Kind, id: TypeId, parameter: Option<Parameter>) {
        self.origins.remove(&id);
        let Some(parameter) = parameter else { return };
        let key = (kind, parameter.name, parameter.bound);
        // The mirror of a parameter is another node.
        if self.parameters.get(&key) == Some(&id) {
            self.parameters.remove(&key);
        }
    }
}
