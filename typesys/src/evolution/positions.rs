//! Who gives and who is given what a library declares.

use std::collections::{BTreeMap, BTreeSet};

use crate::module::Module;
use crate::syntax::{Direction, EndpointMember, Item, TypeExpr};

/// Which way things of a type pass between a library and those who use it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Positions {
    /// Users are given some: objects that templates make, what their `out` events carry.
    pub received: bool,
    /// Users give some: arguments of templates, what `in` events carry, what bounds ask for.
    pub supplied: bool,
}

impl Positions {
    /// A type that no template leads to is there for others to use, in whatever way.
    pub(super) fn or_public(self) -> Positions {
        match self {
            Positions {
                received: false,
                supplied: false,
            } => Positions {
                received: true,
                supplied: true,
            },
            known => known,
        }
    }

    fn add(&mut self, side: Side) -> bool {
        let flag = match side {
            Side::Received => &mut self.received,
            Side::Supplied => &mut self.supplied,
        };
        !std::mem::replace(flag, true)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Received,
    Supplied,
}

impl Side {
    fn opposite(self) -> Side {
        match self {
            Side::Received => Side::Supplied,
            Side::Supplied => Side::Received,
        }
    }
}

/// The positions of the types that templates lead to. What stands as an argument of a declared
/// type is taken to be both, since the type may use it in either way.
pub(super) fn positions(module: &Module) -> BTreeMap<&str, Positions> {
    let mut walk = Walk {
        module,
        found: BTreeMap::new(),
        waiting: Vec::new(),
    };
    for item in &module.file.items {
        let Item::Template(template) = item else {
            continue;
        };
        let own = parameters(item);
        walk.bounds(item, &own);
        for parameter in &template.value_parameters {
            walk.see(&parameter.ty, Side::Supplied, &own);
        }
        walk.see(&template.result, Side::Received, &own);
    }
    while let Some((item, side)) = walk.waiting.pop() {
        walk.item(item, side);
    }
    walk.found
}

struct Walk<'m> {
    module: &'m Module,
    found: BTreeMap<&'m str, Positions>,
    waiting: Vec<(&'m Item, Side)>,
}

fn parameters(item: &Item) -> BTreeSet<&str> {
    let all = item.parameters().iter();
    all.map(|parameter| parameter.name.name.as_str()).collect()
}

impl<'m> Walk<'m> {
    fn item(&mut self, item: &'m Item, side: Side) {
        let own = parameters(item);
        self.bounds(item, &own);
        match item {
            Item::Use(_) | Item::Enum(_) | Item::Template(_) => {}
            Item::Alias(item) => self.see(&item.target, side, &own),
            Item::Record(item) => {
                for field in &item.fields {
                    self.see(&field.ty, side, &own);
                }
            }
            Item::Variant(item) => {
                for payload in item.cases.iter().filter_map(|case| case.payload.as_ref()) {
                    self.see(payload, side, &own);
                }
            }
            Item::Endpoint(item) => {
                for member in &item.members {
                    let EndpointMember::Event(event) = member else {
                        continue;
                    };
                    let side = match event.direction {
                        Direction::Out => side,
                        Direction::In => side.opposite(),
                    };
                    for parameter in &event.parameters {
                        self.see(&parameter.ty, side, &own);
                    }
                }
            }
            Item::Object(item) => {
                for endpoint in &item.endpoints {
                    self.see(&endpoint.ty, side, &own);
                }
                // What the old version saved is given to the new one.
                if let Some(state) = &item.state {
                    self.see(state, Side::Supplied, &own);
                }
            }
        }
    }

    fn bounds(&mut self, item: &'m Item, own: &BTreeSet<&str>) {
        let bounds = item
            .parameters()
            .iter()
            .filter_map(|parameter| parameter.bound.as_ref());
        for bound in bounds {
            self.see(bound, Side::Supplied, own);
        }
    }

    fn see(&mut self, ty: &'m TypeExpr, side: Side, own: &BTreeSet<&str>) {
        let mut waiting = vec![(ty, side)];
        while let Some((ty, side)) = waiting.pop() {
            let (name, arguments) = match ty {
                TypeExpr::Mirror { inner, .. } => {
                    waiting.push((inner, side.opposite()));
                    continue;
                }
                TypeExpr::Named {
                    name, arguments, ..
                } => (&name.name, arguments),
            };
            if own.contains(name.as_str()) {
                continue;
            }
            let declared = self.module.names.get_key_value(name);
            let invariant = declared.is_some()
                || name == "map"
                || self
                    .module
                    .uses
                    .iter()
                    .any(|used| used.names.contains_key(name));
            for argument in arguments {
                waiting.push((argument, side));
                if invariant {
                    waiting.push((argument, side.opposite()));
                }
            }
            if let Some((name, index)) = declared
                && self.found.entry(name).or_default().add(side)
            {
                self.waiting.push((&self.module.file.items[*index], side));
            }
        }
    }
}
