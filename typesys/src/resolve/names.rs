//! Names, kinds and numbers of arguments: what can be judged of declarations as text.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::faults::{Faults, cyclic_alias, in_brackets, number_of_arguments, written, wrong_kind};
use super::groups::{Shape, Use};
use super::instances::{Builtin, Decl, Instances};
use crate::diagnostic::{Diagnostic, codes};
use crate::similar::nearest;
use crate::source::{Place, Source};
use crate::syntax::{EndpointMember, Ident, Item, Kind, Template, TypeExpr, TypeParameter};

/// How deep type expressions nest.
const MAX_DEPTH: usize = 128;

/// Unknown names for which similar ones are looked for: each takes time.
const MAX_SUGGESTIONS: usize = 20;

/// Names of type parameters → their kinds.
pub(super) type Kinds = BTreeMap<String, Kind>;

/// Checks expressions and all declarations that they reach.
pub(super) struct Names<'a> {
    pub(super) instances: &'a mut Instances,
    /// Declarations that were reached → the declarations that they use.
    pub(super) reached: BTreeMap<Decl, Vec<Use>>,
    /// Declarations with faults of their own.
    pub(super) faulty: BTreeSet<Decl>,
    pub(super) faults: Faults,
    waiting: Vec<Decl>,
    /// Kinds of aliases; none where it cannot be told.
    kinds: BTreeMap<Decl, Option<Kind>>,
    /// How many names were not found.
    unknown: usize,
    /// Whether a name was not found that may be declared where nothing could be read.
    lost: bool,
    /// The declaration that is being checked.
    current: Option<Decl>,
}

/// Where an expression stands.
struct At<'a> {
    module: u32,
    source: &'a Arc<Source>,
    kinds: &'a Kinds,
    /// Parameters that are declared, but not before this place.
    later: &'a [TypeParameter],
}

impl<'a> Names<'a> {
    pub(super) fn new(instances: &'a mut Instances) -> Names<'a> {
        Names {
            instances,
            reached: BTreeMap::new(),
            faulty: BTreeSet::new(),
            faults: Faults::default(),
            waiting: Vec::new(),
            kinds: BTreeMap::new(),
            unknown: 0,
            lost: false,
            current: None,
        }
    }

    /// Adds an expression to be checked.
    pub(super) fn expression(
        &mut self,
        module: u32,
        source: &Arc<Source>,
        kinds: &Kinds,
        expr: &TypeExpr,
        kind: Option<Kind>,
    ) {
        self.check(
            &At {
                module,
                source,
                kinds,
                later: &[],
            },
            expr,
            kind,
            0,
        );
    }

    /// Adds a template to be checked.
    pub(super) fn template(&mut self, module: u32, template: &Template) {
        let source = self.instances.module(module).source.clone();
        let kinds = self.parameters(module, &source, &template.type_parameters);
        let at = At {
            module,
            source: &source,
            kinds: &kinds,
            later: &[],
        };
        for parameter in &template.value_parameters {
            self.check(&at, &parameter.ty, Some(Kind::Value), 0);
        }
        self.check(&at, &template.result, Some(Kind::Object), 0);
        for endpoint in &template.private {
            self.check(&at, &endpoint.ty, Some(Kind::Endpoint), 0);
        }
    }

    /// Adds a declaration to be checked.
    pub(super) fn declaration(&mut self, decl: Decl) {
        self.waiting.push(decl);
    }

    /// Checks everything that is reached.
    pub(super) fn run(&mut self) {
        while let Some(decl) = self.waiting.pop() {
            if self.instances.sound.contains(&decl) || self.reached.contains_key(&decl) {
                continue;
            }
            self.reached.insert(decl, Vec::new());
            self.current = Some(decl);
            self.check_declaration(decl);
            self.current = None;
        }
        self.check_groups();
        let tainted = self.tainted();
        let sound = self.reached.keys().filter(|decl| !tainted.contains(decl));
        self.instances.sound.extend(sound);
    }

    /// Declarations that are faulty or reach a faulty one.
    pub(super) fn tainted(&self) -> BTreeSet<Decl> {
        if self.faulty.is_empty() {
            return BTreeSet::new();
        }
        let mut users: BTreeMap<Decl, Vec<Decl>> = BTreeMap::new();
        for (from, uses) in &self.reached {
            for used in uses {
                users.entry(used.to).or_default().push(*from);
            }
        }
        let mut tainted = self.faulty.clone();
        let mut waiting: Vec<Decl> = tainted.iter().copied().collect();
        while let Some(decl) = waiting.pop() {
            for user in users.get(&decl).into_iter().flatten() {
                if tainted.insert(*user) {
                    waiting.push(*user);
                }
            }
        }
        tainted
    }

    /// The faults, if any; none of them where all that is wrong was told when texts were read.
    pub(super) fn finish(self) -> Result<(), Vec<Diagnostic>> {
        let faults = self.faults.into_vec();
        if faults.is_empty() && !self.lost {
            Ok(())
        } else {
            Err(faults)
        }
    }

    /// Adds a fault, once.
    pub(super) fn fault(&mut self, fault: Diagnostic) {
        self.faulty.extend(self.current);
        self.faults.add(fault);
    }

    fn check_declaration(&mut self, decl: Decl) {
        let (module, item) = self.instances.item(decl);
        let item = &module.file.items[item];
        if let Item::Template(template) = item {
            return self.template(decl.module, template);
        }
        let kinds = self.parameters(decl.module, &module.source, item.parameters());
        let at = At {
            module: decl.module,
            source: &module.source,
            kinds: &kinds,
            later: &[],
        };
        match item {
            Item::Use(_) | Item::Enum(_) | Item::Template(_) => {}
            Item::Alias(alias) => {
                self.check(&at, &alias.target, None, 0);
                self.alias_kind(decl);
            }
            Item::Record(record) => {
                for field in &record.fields {
                    self.check(&at, &field.ty, Some(Kind::Value), 0);
                }
            }
            Item::Variant(variant) => {
                for case in &variant.cases {
                    if let Some(payload) = &case.payload {
                        self.check(&at, payload, Some(Kind::Value), 0);
                    }
                }
            }
            Item::Endpoint(endpoint) => {
                for member in &endpoint.members {
                    if let EndpointMember::Event(event) = member {
                        for parameter in &event.parameters {
                            self.check(&at, &parameter.ty, Some(Kind::Value), 0);
                        }
                    }
                }
            }
            Item::Object(object) => {
                for endpoint in &object.endpoints {
                    self.check(&at, &endpoint.ty, Some(Kind::Endpoint), 0);
                }
                if let Some(state) = &object.state {
                    self.check(&at, state, Some(Kind::Value), 0);
                }
            }
        }
    }

    /// Checks the type parameters of a declaration and gives their kinds. A bound can use the
    /// parameters before it.
    fn parameters(
        &mut self,
        module: u32,
        source: &Arc<Source>,
        parameters: &[TypeParameter],
    ) -> Kinds {
        let mut kinds = Kinds::new();
        for (position, parameter) in parameters.iter().enumerate() {
            if let Some(bound) = &parameter.bound {
                let later = &parameters[position..];
                let at = At {
                    module,
                    source,
                    kinds: &kinds,
                    later,
                };
                self.check(&at, bound, Some(parameter.kind), 0);
            }
            kinds.insert(parameter.name.name.clone(), parameter.kind);
        }
        kinds
    }

    /// Checks an expression; gives its kind where it can be told. Recursion is bounded.
    fn check(
        &mut self,
        at: &At<'_>,
        expr: &TypeExpr,
        expected: Option<Kind>,
        depth: usize,
    ) -> Option<Kind> {
        let place = Place::new(at.source, expr.span());
        if depth > MAX_DEPTH {
            self.fault(
                Diagnostic::error(
                    codes::LIMIT_EXCEEDED,
                    format!("types are nested more than {MAX_DEPTH} deep here"),
                )
                .at(place, "")
                .with_help("declare the inner part with a name of its own"),
            );
            return None;
        }
        let (kind, declared) = match expr {
            TypeExpr::Mirror { inner, .. } => {
                self.check(at, inner, Some(Kind::Endpoint), depth + 1);
                (Some(Kind::Endpoint), None)
            }
            TypeExpr::Named {
                name, arguments, ..
            } => self.check_named(at, expr, name, arguments, depth),
        };
        if let (Some(kind), Some(expected)) = (kind, expected)
            && kind != expected
        {
            self.fault(wrong_kind(place, expr, Some((kind, declared)), expected));
        }
        kind
    }

    fn check_named(
        &mut self,
        at: &At<'_>,
        expr: &TypeExpr,
        name: &Ident,
        arguments: &[TypeExpr],
        depth: usize,
    ) -> (Option<Kind>, Option<Place>) {
        if let Some(builtin) = Builtin::find(&name.name) {
            for argument in arguments {
                self.check(at, argument, Some(builtin.argument_kind()), depth + 1);
            }
            let (right, takes) = match builtin.arity() {
                Some(arity) => (arguments.len() == arity, number_of_arguments(arity)),
                None => (!arguments.is_empty(), "at least 1 type argument".to_owned()),
            };
            if !right {
                self.wrong_count(at, expr, name, arguments.len(), &takes, None);
            }
            return (Some(builtin.kind()), None);
        }
        if let Some(kind) = at.kinds.get(&name.name) {
            if !arguments.is_empty() {
                let takes = "no type arguments: it is a type parameter";
                self.wrong_count(at, expr, name, arguments.len(), takes, None);
            }
            return (Some(*kind), None);
        }
        let later = at.later.iter().find(|parameter| parameter.name == *name);
        let found = self.instances.find(at.module, &name.name);
        let Some(decl) = found.filter(|_| later.is_none()) else {
            self.unknown(at, name, later);
            for argument in arguments {
                self.check(at, argument, None, depth + 1);
            }
            return (None, None);
        };
        let (module, item) = self.instances.item(decl);
        let item = &module.file.items[item];
        let declared = item
            .name()
            .map(|name| Place::new(&module.source, name.span));
        if let Item::Template(_) = item {
            let message = format!("`{}` is a template, not a type", name.name);
            let mut fault = Diagnostic::error(codes::WRONG_KIND, message)
                .at(Place::new(at.source, expr.span()), "")
                .with_help("name the type of the objects that it makes");
            if let Some(declared) = declared {
                fault = fault.at(declared, "declared here");
            }
            self.fault(fault);
            return (None, None);
        }
        self.waiting.push(decl);
        if let Some(current) = self.current {
            let shapes = arguments
                .iter()
                .map(|argument| shape(at.source, argument, at.kinds));
            let used = Use {
                to: decl,
                arguments: shapes.collect(),
                place: Place::new(at.source, expr.span()),
            };
            self.reached.entry(current).or_default().push(used);
        }
        let parameters = item.parameters();
        for (position, argument) in arguments.iter().enumerate() {
            let kind = parameters.get(position).map(|parameter| parameter.kind);
            self.check(at, argument, kind, depth + 1);
        }
        if arguments.len() != parameters.len() {
            let takes = number_of_arguments(parameters.len());
            self.wrong_count(
                at,
                expr,
                name,
                arguments.len(),
                &takes,
                Some((decl, parameters)),
            );
        }
        (self.item_kind(decl), declared)
    }

    fn wrong_count(
        &mut self,
        at: &At<'_>,
        expr: &TypeExpr,
        name: &Ident,
        given: usize,
        takes: &str,
        declared: Option<(Decl, &[TypeParameter])>,
    ) {
        let given = if given == 1 {
            "1 is given".to_owned()
        } else {
            format!("{given} are given")
        };
        let mut fault = Diagnostic::error(
            codes::WRONG_ARGUMENT_COUNT,
            format!("`{}` takes {takes}, but {given}", name.name),
        )
        .at(Place::new(at.source, expr.span()), "");
        if let Some((decl, parameters)) = declared {
            let (module, item) = self.instances.item(decl);
            if let Some(name) = module.file.items[item].name() {
                fault = fault.at(Place::new(&module.source, name.span), "declared here");
            }
            let names: Vec<&str> = parameters
                .iter()
                .map(|parameter| parameter.name.name.as_str())
                .collect();
            fault = fault.with_help(match names.as_slice() {
                [] => format!("write `{}`", name.name),
                names => {
                    let names = names.join(", ");
                    format!("write `{}`", in_brackets(at.source, &name.name, &names))
                }
            });
        }
        self.fault(fault);
    }

    fn unknown(&mut self, at: &At<'_>, name: &Ident, later: Option<&TypeParameter>) {
        if later.is_none() && self.instances.module(at.module).may_declare(&name.name) {
            self.faulty.extend(self.current);
            self.lost = true;
            return;
        }
        let message = format!("no type is called `{}`", name.name);
        let mut fault = Diagnostic::error(codes::UNKNOWN_TYPE, message)
            .at(Place::new(at.source, name.span), "");
        self.unknown += 1;
        if later.is_some() {
            fault = fault.with_help("a bound can use only the parameters before it");
        } else if self.unknown <= MAX_SUGGESTIONS {
            let module = self.instances.module(at.module).clone();
            let mut names: Vec<&str> = at.kinds.keys().map(String::as_str).collect();
            names.extend(module.visible_names());
            for name in Builtin::names() {
                names.push(name);
            }
            if let Some(similar) = nearest(&name.name, names) {
                fault = fault.did_you_mean(&name.name, similar);
            } else {
                fault = fault.with_help("declare it, or `use` the library that does");
            }
        }
        self.fault(fault);
    }

    fn item_kind(&mut self, decl: Decl) -> Option<Kind> {
        let (module, item) = self.instances.item(decl);
        match &module.file.items[item] {
            Item::Use(_) | Item::Template(_) => None,
            Item::Record(_) | Item::Variant(_) | Item::Enum(_) => Some(Kind::Value),
            Item::Endpoint(_) => Some(Kind::Endpoint),
            Item::Object(_) => Some(Kind::Object),
            Item::Alias(_) => self.alias_kind(decl),
        }
    }

    /// The kind of what an alias stands for; reports the alias if that is itself.
    fn alias_kind(&mut self, decl: Decl) -> Option<Kind> {
        let mut chain = vec![decl];
        let mut positions = BTreeMap::from([(decl, 0)]);
        let kind = loop {
            let last = chain[chain.len() - 1];
            if let Some(kind) = self.kinds.get(&last) {
                break *kind;
            }
            let (module, item) = self.instances.item(last);
            let Item::Alias(alias) = &module.file.items[item] else {
                break self.item_kind(last);
            };
            let (mut target, mut mirrored) = (&alias.target, false);
            while let TypeExpr::Mirror { inner, .. } = target {
                (target, mirrored) = (inner, true);
            }
            let TypeExpr::Named { name, .. } = target else {
                break None;
            };
            if let Some(builtin) = Builtin::find(&name.name) {
                break Some(builtin.kind());
            }
            let mut parameters = alias.parameters.iter();
            if let Some(parameter) = parameters.find(|parameter| parameter.name == *name) {
                break Some(parameter.kind);
            }
            let Some(next) = self.instances.find(last.module, &name.name) else {
                break mirrored.then_some(Kind::Endpoint);
            };
            if let Some(start) = positions.get(&next) {
                let cycle = &chain[*start..];
                let fault = cyclic_alias(self.instances, cycle);
                self.faulty.extend(cycle);
                self.fault(fault);
                break None;
            }
            positions.insert(next, chain.len());
            chain.push(next);
        };
        self.kinds
            .extend(chain.into_iter().map(|link| (link, kind)));
        kind
    }
}

/// Whether an argument is a parameter, free of parameters, or neither. Recursion is bounded: an
/// expression that nests too deeply is neither.
fn shape(source: &Source, expr: &TypeExpr, kinds: &Kinds) -> Shape {
    match expr {
        TypeExpr::Named { name, .. }
            if Builtin::find(&name.name).is_none() && kinds.contains_key(&name.name) =>
        {
            Shape::Parameter
        }
        expr if mentions(expr, kinds, 0) => Shape::Other(written(source, expr)),
        _ => Shape::Closed,
    }
}

fn mentions(expr: &TypeExpr, kinds: &Kinds, depth: usize) -> bool {
    if depth > MAX_DEPTH {
        return true;
    }
    match expr {
        TypeExpr::Mirror { inner, .. } => mentions(inner, kinds, depth + 1),
        TypeExpr::Named {
            name, arguments, ..
        } => {
            (Builtin::find(&name.name).is_none() && kinds.contains_key(&name.name))
                || arguments
                    .iter()
                    .any(|argument| mentions(argument, kinds, depth + 1))
        }
    }
}
