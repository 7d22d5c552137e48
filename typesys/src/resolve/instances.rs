//! What was instantiated already: terms (uses of types, interned) and the nodes they stand for.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::import::Shape;
use crate::domain::Domains;
use crate::formalism::Formalisms;
use crate::module::Module;
use crate::relation::Known;
use crate::syntax::{Item, Kind};
use crate::types::{Basic, EndpointId, TypeId, Types, Value, ValueId};

/// Which declarations were instantiated with which arguments (so that recursion closes).
///
/// Modules are told apart by their address and kept alive here; they are numbered in the order
/// in which they are met, so that results do not depend on addresses.
#[derive(Clone, Debug, Default)]
pub struct Instances {
    modules: Vec<Arc<Module>>,
    terms: Vec<Term>,
    numbers: BTreeMap<Term, TermId>,
    /// Term → the term without aliases at its head that it stands for.
    pub(super) unfolded: BTreeMap<TermId, TermId>,
    /// Term → its node.
    pub(super) nodes: BTreeMap<TermId, TypeId>,
    /// Node → the term it was made for.
    pub(super) origins: BTreeMap<TypeId, TermId>,
    /// Endpoint type → the same mirrored, both ways.
    pub(super) mirrors: BTreeMap<EndpointId, EndpointId>,
    /// Parameters that stay parameters.
    pub(super) parameters: BTreeMap<(Kind, String, Option<TypeId>), TypeId>,
    /// What was imported, by its shape. Never iterated over but for taking entries out.
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Decl {
    pub(super) module: u32,
    pub(super) item: u32,
}

/// An interned [`Term`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TermId(u32);

/// A use of a type whose parameters are substituted, not looked into yet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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
        let here = self.module(module).clone();
        if let Some(item) = here.names.get(name) {
            return Some(Decl {
                module,
                item: *item as u32,
            });
        }
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
        self.numbers.insert(term, number);
        number
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
    /// How much `types` holds now.
    pub(super) fn of(types: &Types) -> Mark {
        Mark {
            values: types.values.len(),
            endpoints: types.endpoints.len(),
            objects: types.objects.len(),
            terms: types.instances.terms.len(),
        }
    }

    fn holds(self, id: TypeId) -> bool {
        match id {
            TypeId::Value(id) => (id.0 as usize) < self.values,
            TypeId::Endpoint(id) => (id.0 as usize) < self.endpoints,
            TypeId::Object(id) => (id.0 as usize) < self.objects,
        }
    }

    /// Takes everything out of `types` that was added since.
    pub(super) fn restore(self, types: &mut Types) {
        // Ids will be given again.
        types.known = Known::default();
        types.domains = Domains::default();
        types.values.truncate(self.values);
        types.endpoints.truncate(self.endpoints);
        types.objects.truncate(self.objects);
        let instances = &mut types.instances;
        for term in instances.terms.drain(self.terms..) {
            instances.numbers.remove(&term);
        }
        let old = |term: &TermId| (term.0 as usize) < self.terms;
        instances
            .unfolded
            .retain(|term, head| old(term) && old(head));
        instances
            .nodes
            .retain(|term, id| old(term) && self.holds(*id));
        instances
            .origins
            .retain(|id, term| self.holds(*id) && old(term));
        instances.mirrors.retain(|id, other| {
            self.holds(TypeId::Endpoint(*id)) && self.holds(TypeId::Endpoint(*other))
        });
        instances.parameters.retain(|(_, _, bound), id| {
            self.holds(*id) && bound.is_none_or(|bound| self.holds(bound))
        });
        instances.imported.retain(|_, id| self.holds(*id));
        instances
            .unnamed
            .retain(|_, id| self.holds(TypeId::Value(*id)));
    }
}
