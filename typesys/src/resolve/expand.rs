//! Terms into nodes. Nothing here recurses over declarations: a node is allocated empty, and a
//! queue says what is still to be filled in.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::{self, Write as _};
use std::sync::Arc;

use super::Environment;
use super::faults::Faults;
use super::instances::{Builtin, Decl, Mark, Term, TermId};
use crate::describe::Shortened;
use crate::diagnostic::{Diagnostic, codes};
use crate::relation::IdMap;
use crate::source::{Place, Source, Span};
use crate::syntax::{Item, Kind, TypeExpr, TypeParameter};
use crate::types::{
    Endpoint, EndpointId, Object, ObjectBody, ObjectId, Origin, Parameter, TypeId, Types, Value,
    ValueId,
};

/// Nodes that one call may add, and aliases that it may unfold, however short the texts are.
pub(super) const MAX_NODES: usize = 100_000;
/// The same, however long they are.
const MAX_NODES_OF_LONG_TEXTS: usize = 2_000_000;
/// Characters of a type's name.
const MAX_NAME: usize = 200;
/// How deep the arguments in a type's name nest.
const MAX_NAME_DEPTH: usize = 16;

/// One call: what it adds goes again if it finds an error.
pub(super) struct Session<'a> {
    pub(super) types: &'a mut Types,
    pub(super) start: Mark,
    pub(super) queue: VecDeque<(TypeId, TermId)>,
    /// Where a term was first met, and in which term's declaration.
    pub(super) places: IdMap<TermId, (Place, Option<TermId>)>,
    pub(super) filling: Option<TermId>,
    /// Uses of declarations that have bounds, with the places of the arguments.
    pub(super) uses: VecDeque<(TermId, Vec<Place>)>,
    seen_uses: BTreeSet<(TermId, usize, Span)>,
    pub(super) bounds: Vec<BoundCheck>,
    pub(super) faults: Faults,
    allocated: usize,
    unfoldings: usize,
    /// Nodes that it may add, and aliases that it may unfold.
    most: usize,
    exhausted: bool,
    pub(super) incomplete: bool,
}

/// An argument to be compared with its parameter's bound.
pub(super) struct BoundCheck {
    pub(super) argument: TypeId,
    pub(super) bound: TypeId,
    /// Names of the parameter and of what it belongs to.
    pub(super) parameter: String,
    pub(super) owner: String,
    /// Where the argument stands.
    pub(super) place: Option<Place>,
    /// Where the parameter is declared.
    pub(super) declared: Place,
}

/// Where an expression stands, and what the parameters in it are.
#[derive(Clone, Debug)]
pub(super) struct Scope {
    pub(super) module: u32,
    pub(super) source: Arc<Source>,
    pub(super) parameters: BTreeMap<String, TermId>,
}

impl<'a> Session<'a> {
    pub(super) fn new(types: &'a mut Types) -> Session<'a> {
        // What is written out takes about that many bytes for each type, or more.
        let written = types.instances.text_length() / 8;
        Session {
            start: Mark::of(types),
            types,
            queue: VecDeque::new(),
            places: IdMap::default(),
            filling: None,
            uses: VecDeque::new(),
            seen_uses: BTreeSet::new(),
            bounds: Vec::new(),
            faults: Faults::default(),
            allocated: 0,
            unfoldings: 0,
            most: written.clamp(MAX_NODES, MAX_NODES_OF_LONG_TEXTS),
            exhausted: false,
            incomplete: false,
        }
    }

    /// Adds a fault, once.
    pub(super) fn fault(&mut self, fault: Diagnostic) {
        self.faults.add(fault);
    }

    /// Ends the call: without errors what was added stays.
    pub(super) fn commit<T>(mut self, answer: Option<T>) -> Result<T, Vec<Diagnostic>> {
        self.incomplete |= answer.is_none();
        let faults = self.close();
        let failed = faults.any_error();
        answer.filter(|_| !failed).ok_or(faults.into_vec())
    }

    /// Ends the call: without errors what was added stays. Gives what was found.
    pub(super) fn close(mut self) -> Faults {
        if self.incomplete && !self.faults.any_error() {
            // The check of names lets nothing through that comes here.
            self.fault(Diagnostic::error(
                codes::WRONG_KIND,
                "a type cannot be expanded",
            ));
        }
        if self.faults.any_error() {
            self.start.restore(self.types);
        }
        self.faults
    }

    /// Whether some part could not be expanded.
    pub(super) fn is_incomplete(&self) -> bool {
        self.incomplete
    }

    /// A module's text.
    pub(super) fn source(&self, module: u32) -> Arc<Source> {
        self.types.instances.module(module).source.clone()
    }

    /// Terms for what parameters stand for.
    pub(super) fn known(&mut self, environment: &Environment) -> BTreeMap<String, TermId> {
        environment
            .iter()
            .map(|(name, id)| (name.clone(), self.known_term(*id)))
            .collect()
    }

    /// The term of a node.
    pub(super) fn known_term(&mut self, id: TypeId) -> TermId {
        self.types.instances.known_term(id)
    }

    /// A parameter that stays one.
    pub(super) fn parameter(&mut self, name: &str, kind: Kind, bound: Option<TypeId>) -> TypeId {
        let key = (kind, name.to_owned(), bound);
        if let Some(id) = self.types.instances.parameters.get(&key) {
            return *id;
        }
        let parameter = Parameter {
            name: name.to_owned(),
            bound,
        };
        let origin = Origin {
            name: name.to_owned(),
            place: None,
        };
        let types = &mut *self.types;
        let id = match kind {
            Kind::Value => TypeId::Value(types.add_value(Value::Parameter(parameter), origin)),
            Kind::Endpoint => TypeId::Endpoint(types.add_endpoint(
                Endpoint::Parameter {
                    parameter,
                    mirrored: false,
                },
                origin,
            )),
            Kind::Object => TypeId::Object(types.add_object(Object::Parameter(parameter), origin)),
        };
        types.instances.parameters.insert(key, id);
        id
    }

    /// Parameters in place of the arguments of a declaration, for judging it as it stands.
    pub(super) fn parameters(
        &mut self,
        module: u32,
        parameters: &[TypeParameter],
    ) -> Option<Vec<TermId>> {
        let source = self.source(module);
        let mut scope = Scope {
            module,
            source,
            parameters: BTreeMap::new(),
        };
        let mut terms = Vec::new();
        for parameter in parameters {
            let bound = match &parameter.bound {
                Some(bound) => Some(self.resolve(&scope, bound)?),
                None => None,
            };
            let id = self.parameter(&parameter.name.name, parameter.kind, bound);
            let term = self.known_term(id);
            scope.parameters.insert(parameter.name.name.clone(), term);
            terms.push(term);
        }
        Some(terms)
    }

    /// The node of an expression whose names were checked.
    pub(super) fn resolve(&mut self, scope: &Scope, expr: &TypeExpr) -> Option<TypeId> {
        let term = self.intern(scope, expr);
        let id = term.and_then(|term| self.node(term));
        self.incomplete |= id.is_none();
        id
    }

    /// The node of an expression that is a value type.
    pub(super) fn value(&mut self, scope: &Scope, expr: &TypeExpr) -> Option<ValueId> {
        match self.resolve(scope, expr)? {
            TypeId::Value(id) => Some(id),
            _ => self.give_up(),
        }
    }

    /// The node of an expression that is an endpoint type.
    pub(super) fn endpoint(&mut self, scope: &Scope, expr: &TypeExpr) -> Option<EndpointId> {
        match self.resolve(scope, expr)? {
            TypeId::Endpoint(id) => Some(id),
            _ => self.give_up(),
        }
    }

    /// The node of an expression that is an object type.
    pub(super) fn object(&mut self, scope: &Scope, expr: &TypeExpr) -> Option<ObjectId> {
        match self.resolve(scope, expr)? {
            TypeId::Object(id) => Some(id),
            _ => self.give_up(),
        }
    }

    pub(super) fn give_up<T>(&mut self) -> Option<T> {
        self.incomplete = true;
        None
    }

    /// The term of an expression. Recursion is over the text only, whose depth was checked.
    fn intern(&mut self, scope: &Scope, expr: &TypeExpr) -> Option<TermId> {
        let (term, spans) = match expr {
            TypeExpr::Mirror { inner, .. } => (Term::Mirror(self.intern(scope, inner)?), None),
            TypeExpr::Named {
                name, arguments, ..
            } => {
                if let Some(term) = scope.parameters.get(&name.name)
                    && Builtin::find(&name.name).is_none()
                {
                    return Some(*term);
                }
                let mut terms = Vec::new();
                for argument in arguments {
                    terms.push(self.intern(scope, argument)?);
                }
                match Builtin::find(&name.name) {
                    Some(builtin) => (Term::Builtin(builtin, terms), None),
                    None => {
                        let decl = self.types.instances.find(scope.module, &name.name)?;
                        (Term::Declared(decl, terms), Some(decl))
                    }
                }
            }
        };
        let term = self.types.instances.intern(term);
        let filling = self.filling;
        self.places
            .entry(term)
            .or_insert_with(|| (Place::new(&scope.source, expr.span()), filling));
        // Tells texts apart; nothing else depends on it.
        let text = Arc::as_ptr(&scope.source) as usize;
        if let (Some(decl), TypeExpr::Named { arguments, .. }) = (spans, expr) {
            let (module, item) = self.types.instances.item(decl);
            let parameters = module.file.items[item].parameters();
            if parameters.iter().any(|parameter| parameter.bound.is_some())
                && self.seen_uses.insert((term, text, expr.span()))
            {
                let places = arguments
                    .iter()
                    .map(|argument| Place::new(&scope.source, argument.span()))
                    .collect();
                self.uses.push_back((term, places));
            }
        }
        Some(term)
    }

    /// The term without aliases at its head that `term` stands for.
    fn unfold(&mut self, term: TermId) -> Option<TermId> {
        match self.types.instances.term(term) {
            Term::Builtin(..) | Term::Known(_) => return Some(term),
            Term::Declared(decl, _) if !self.types.instances.is_alias(*decl) => return Some(term),
            Term::Declared(..) | Term::Mirror(_) => {}
        }
        // (term, whether an odd number of mirrors stands between `term` and it)
        let mut chain: Vec<(TermId, bool)> = Vec::new();
        let mut aliases: BTreeSet<TermId> = BTreeSet::new();
        let (mut head, mut flipped) = (term, false);
        loop {
            if let Some(known) = self.types.instances.unfolded(head) {
                head = known;
                if let Term::Mirror(inner) = self.types.instances.term(head) {
                    head = *inner;
                    flipped = !flipped;
                }
                break;
            }
            match self.types.instances.term(head).clone() {
                Term::Mirror(inner) => {
                    chain.push((head, flipped));
                    head = inner;
                    flipped = !flipped;
                }
                Term::Declared(decl, arguments) if self.types.instances.is_alias(decl) => {
                    if !aliases.insert(head) {
                        let decls = chain.iter().skip_while(|(link, _)| *link != head);
                        let decls =
                            decls.filter_map(|(link, _)| match self.types.instances.term(*link) {
                                Term::Declared(decl, _) => Some(*decl),
                                _ => None,
                            });
                        let fault = super::faults::cyclic_alias(
                            &self.types.instances,
                            &decls.collect::<Vec<_>>(),
                        );
                        self.fault(fault);
                        return None;
                    }
                    self.unfoldings += 1;
                    if self.unfoldings > self.most {
                        return self.exhaust();
                    }
                    chain.push((head, flipped));
                    let (module, item) = self.types.instances.item(decl);
                    let Item::Alias(alias) = &module.file.items[item] else {
                        return None;
                    };
                    let scope = self.scope(decl, &alias.parameters, &arguments);
                    head = self.intern(&scope, &alias.target)?;
                }
                _ => break,
            }
        }
        let instances = &mut self.types.instances;
        for (link, parity) in chain {
            let flip = parity != flipped;
            let target = if flip {
                instances.intern(Term::Mirror(head))
            } else {
                head
            };
            instances.set_unfolded(link, target);
        }
        Some(if flipped {
            instances.intern(Term::Mirror(head))
        } else {
            head
        })
    }

    /// What the parameters of a declaration are.
    pub(super) fn scope(
        &self,
        decl: Decl,
        parameters: &[TypeParameter],
        arguments: &[TermId],
    ) -> Scope {
        let names = parameters
            .iter()
            .map(|parameter| parameter.name.name.clone());
        Scope {
            module: decl.module,
            source: self.source(decl.module),
            parameters: names.zip(arguments.iter().copied()).collect(),
        }
    }

    /// The node of a term; what is in it may still be in the queue.
    pub(super) fn node(&mut self, term: TermId) -> Option<TypeId> {
        if let Some(id) = self.types.instances.node(term) {
            return Some(id);
        }
        let head = self.unfold(term)?;
        let head = match self.types.instances.term(head).clone() {
            Term::Builtin(builtin, arguments) if !arguments.is_empty() => {
                let arguments = self.unfold_all(arguments)?;
                self.types
                    .instances
                    .intern(Term::Builtin(builtin, arguments))
            }
            Term::Declared(decl, arguments) if !arguments.is_empty() => {
                let arguments = self.unfold_all(arguments)?;
                self.types.instances.intern(Term::Declared(decl, arguments))
            }
            _ => head,
        };
        let id = match self.types.instances.node(head) {
            Some(id) => id,
            None => self.allocate(term, head)?,
        };
        self.types.instances.set_node(head, id);
        self.types.instances.set_node(term, id);
        Some(id)
    }

    fn unfold_all(&mut self, terms: Vec<TermId>) -> Option<Vec<TermId>> {
        terms.into_iter().map(|term| self.unfold(term)).collect()
    }

    /// A new node for a term without aliases at its head, met as `term`.
    fn allocate(&mut self, term: TermId, head: TermId) -> Option<TypeId> {
        self.count(1)?;
        let place = self
            .places
            .get(&head)
            .or_else(|| self.places.get(&term))
            .cloned();
        if let Some(place) = &place {
            self.places.entry(head).or_insert_with(|| place.clone());
        }
        let mut origin = Origin {
            name: String::new(),
            place: place.map(|(place, _)| place),
        };
        let id = match self.types.instances.term(head).clone() {
            Term::Known(id) => return Some(id),
            Term::Mirror(inner) => {
                let TypeId::Endpoint(base) = self.node(inner)? else {
                    return self.give_up();
                };
                if let Some(id) = self.types.instances.mirrors.get(&base) {
                    return Some(TypeId::Endpoint(*id));
                }
                let origin = super::mirror::mirrored_origin(self.types, base);
                let id = self.types.add_endpoint(empty_endpoint(), origin);
                self.types.instances.mirrors.insert(base, id);
                self.types.instances.mirrors.insert(id, base);
                TypeId::Endpoint(id)
            }
            Term::Builtin(Builtin::Object, _) => {
                origin = Origin {
                    name: "Object".to_owned(),
                    place: None,
                };
                TypeId::Object(self.types.add_object(Object::Top, origin))
            }
            Term::Builtin(Builtin::Basic(basic), _) => {
                origin = Origin {
                    name: basic.as_str().to_owned(),
                    place: None,
                };
                TypeId::Value(self.types.add_value(Value::Basic(basic), origin))
            }
            Term::Builtin(..) => TypeId::Value(self.types.add_value(empty_value(), origin)),
            Term::Declared(decl, _) => {
                let (module, item) = self.types.instances.item(decl);
                let item = &module.file.items[item];
                let name = item.name()?;
                origin = Origin {
                    name: self.name(head),
                    place: Some(Place::new(&module.source, name.span)),
                };
                match item {
                    Item::Endpoint(_) => {
                        TypeId::Endpoint(self.types.add_endpoint(empty_endpoint(), origin))
                    }
                    Item::Object(_) => {
                        let empty = Object::Endpoints(ObjectBody::default());
                        TypeId::Object(self.types.add_object(empty, origin))
                    }
                    _ => TypeId::Value(self.types.add_value(empty_value(), origin)),
                }
            }
        };
        self.types.instances.origins.insert(id, head);
        self.queue.push_back((id, head));
        Some(id)
    }

    pub(super) fn count(&mut self, nodes: usize) -> Option<()> {
        self.allocated += nodes;
        if self.allocated > self.most {
            self.exhaust()
        } else {
            Some(())
        }
    }

    fn exhaust<T>(&mut self) -> Option<T> {
        if !self.exhausted {
            self.exhausted = true;
            let mut fault = Diagnostic::error(
                codes::LIMIT_EXCEEDED,
                format!("these types expand to more than {} types", self.most),
            )
            .with_help("use fewer type arguments that differ from use to use");
            let root = self.filling.and_then(|term| self.places.get(&term));
            if let Some((place, _)) = root {
                fault = fault.at(place.clone(), "the limit is reached in this one");
            }
            self.fault(fault);
        }
        self.queue.clear();
        self.uses.clear();
        None
    }

    /// Notes that an argument is to be compared with its bound.
    pub(super) fn bounded(
        &mut self,
        argument: TypeId,
        bound: TypeId,
        parameter: &str,
        owner: &str,
        place: Option<Place>,
        declared: Place,
    ) {
        self.bounds.push(BoundCheck {
            argument,
            bound,
            parameter: parameter.to_owned(),
            owner: owner.to_owned(),
            place,
            declared,
        });
    }

    /// A term as people write it, shortened.
    pub(super) fn name(&self, term: TermId) -> String {
        Shortened::written(MAX_NAME, |out| self.write(out, term, 0))
    }

    fn write(&self, out: &mut Shortened, term: TermId, depth: usize) -> fmt::Result {
        if depth > MAX_NAME_DEPTH {
            return out.write_str("…");
        }
        let (name, arguments) = match self.types.instances.term(term) {
            Term::Known(id) => return out.write_str(&self.types.describe(*id)),
            Term::Mirror(inner) => {
                out.write_str("mirror ")?;
                return self.write(out, *inner, depth + 1);
            }
            Term::Builtin(builtin, arguments) => (builtin.name(), arguments),
            Term::Declared(decl, arguments) => (self.types.instances.name(*decl), arguments),
        };
        out.write_str(name)?;
        for (position, argument) in arguments.iter().enumerate() {
            out.write_str(if position == 0 { "<" } else { ", " })?;
            self.write(out, *argument, depth + 1)?;
        }
        out.write_str(if arguments.is_empty() { "" } else { ">" })
    }
}

fn empty_value() -> Value {
    Value::Tuple(Vec::new())
}

fn empty_endpoint() -> Endpoint {
    Endpoint::Events {
        events: BTreeMap::new(),
        provides: Vec::new(),
        requires: Vec::new(),
    }
}
