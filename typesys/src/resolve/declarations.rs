//! Judging a whole module.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::expand::Session;
use super::faults::in_brackets;
use super::instances::{Decl, Term};
use super::judge::{Endless, Finite};
use super::names::Names;
use crate::diagnostic::{Diagnostic, codes};
use crate::formalism::Formalisms;
use crate::module::Module;
use crate::source::Place;
use crate::syntax::Item;
use crate::types::{TypeId, Types, ValueId};

impl Types {
    /// Judges every declaration of a module; used modules are taken as judged. Generic ones are
    /// judged with parameters in place of arguments. Constraint texts are parsed where their
    /// formalism is registered. Defaults are judged by `references`, which reads JSON.
    ///
    /// Findings come in the order of the text.
    pub fn check_module(
        &mut self,
        module: &Arc<Module>,
        formalisms: &Formalisms,
    ) -> Vec<Diagnostic> {
        let number = self.instances.module_number(module);
        let mut names = Names::new(&mut self.instances);
        let decls: Vec<Decl> = (0..module.file.items.len() as u32)
            .filter(|item| !matches!(module.file.items[*item as usize], Item::Use(_)))
            .map(|item| Decl {
                module: number,
                item,
            })
            .collect();
        for decl in &decls {
            names.declaration(*decl);
        }
        names.run();
        let tainted = names.tainted();
        let mut faults = names.faults;

        let before = std::mem::replace(&mut self.instances.formalisms, formalisms.clone());
        let mut session = Session::new(self);
        session.judge(module, &decls, &tainted);
        let found = session.close();
        self.instances.formalisms = before;

        for fault in found.into_vec() {
            faults.add(fault);
        }
        let mut faults = faults.into_vec();
        faults.sort_by_key(|fault| {
            fault
                .labels
                .first()
                .map(|label| (label.place.source.name.clone(), label.place.span))
        });
        faults
    }
}

impl Session<'_> {
    /// Judges the declarations whose names are sound.
    fn judge(&mut self, module: &Module, decls: &[Decl], tainted: &BTreeSet<Decl>) {
        let mut values = Vec::new();
        let mut objects = Vec::new();
        let mut endpoints = BTreeMap::new();
        for decl in decls.iter().filter(|decl| !tainted.contains(decl)) {
            let item = &module.file.items[decl.item as usize];
            if let Item::Template(template) = item {
                self.template(decl.module, template, &super::Environment::new());
                continue;
            }
            let Some(arguments) = self.parameters(decl.module, item.parameters()) else {
                continue;
            };
            let term = self
                .types
                .instances
                .intern(Term::Declared(*decl, arguments));
            if let Some(name) = item.name() {
                let place = Place::new(&module.source, name.span);
                self.places.entry(term).or_insert((place, None));
            }
            match self.node(term) {
                Some(TypeId::Value(id)) => values.push((item, id)),
                Some(TypeId::Object(id)) => objects.push((item, id)),
                Some(TypeId::Endpoint(id)) => {
                    endpoints.insert(decl.item as usize, id);
                }
                None => {}
            }
        }
        self.settle();
        if self.is_incomplete() {
            // Texts are read all the same, without looking at the types of parameters.
            self.check_constraints(module, &BTreeMap::new());
            return;
        }
        self.check_constraints(module, &endpoints);
        for (item, id) in objects {
            if let Item::Object(object) = item {
                self.check_object_constraints(module, object, id);
            }
        }
        // Aliases last: what is declared under a name of its own is reported under that.
        values.sort_by_key(|(item, _)| matches!(item, Item::Alias(_)));
        self.check_finite(module, &values);
    }

    /// Reports value types without finite values, each that contains itself once.
    fn check_finite(&mut self, module: &Module, values: &[(&Item, ValueId)]) {
        let finite = Finite::of(self.types);
        let judged: BTreeSet<ValueId> = values.iter().map(|(_, id)| *id).collect();
        let mut reported = BTreeSet::new();
        for (item, id) in values {
            let Some(name) = item.name() else { continue };
            let Some(endless) = finite.endless(*id, &judged) else {
                continue;
            };
            if !reported.insert(*id) {
                continue;
            }
            let ends = ["option", "list", "map"]
                .map(|name| format!("`{}`", in_brackets(&module.source, name, "…")));
            let interrupt = format!(
                "put one of the types on the way into {}, {} or {}",
                ends[0], ends[1], ends[2]
            );
            let (why, help) = match endless {
                Endless::Empty => ("it has no cases".to_owned(), "add a case".to_owned()),
                Endless::Cycle(steps) => (
                    format!(
                        "it always contains itself, as `{}.{}`",
                        name.name,
                        steps.join(".")
                    ),
                    interrupt,
                ),
                Endless::Descent(steps) => (
                    format!("`{}.{}` goes on for ever", name.name, steps.join(".")),
                    interrupt,
                ),
            };
            let message = format!("`{}` has no finite value: {why}", name.name);
            self.fault(
                Diagnostic::error(codes::NO_FINITE_VALUE, message)
                    .at(Place::new(&module.source, name.span), "")
                    .with_help(help),
            );
        }
    }
}
