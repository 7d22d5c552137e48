//! A module's declarations with all that they reach, under names that do not clash.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Module;
use crate::syntax::{EndpointMember, File, Item, TypeExpr, print_file};

/// A declaration: its module (by address, since names of modules need not be unique) and index.
type Key = (usize, usize);

/// A declaration that the closed text holds: its module and index, and its final name.
type Kept<'a> = (&'a Arc<Module>, usize, String);

fn key(module: &Arc<Module>, index: usize) -> Key {
    (Arc::as_ptr(module) as usize, index)
}

/// The declaration that `name` means in `module`.
fn declaration(module: &Arc<Module>, name: &str) -> Option<(Arc<Module>, usize)> {
    let (declaring, _) = module.lookup(name)?;
    Some((declaring.clone(), declaring.names[name]))
}

/// Canonical text of `module` closed over every `use`; see [`Module::closed_text`].
pub(super) fn closed_text(module: &Arc<Module>) -> String {
    let reached = reach(module);
    let mut taken: BTreeSet<String> = BTreeSet::new();
    for (declaring, index) in &reached {
        let parameters = declaring.file.items[*index].parameters().iter();
        taken.extend(parameters.map(|parameter| parameter.name.name.clone()));
    }
    let all_names: BTreeSet<&str> = reached
        .iter()
        .map(|(m, index)| name_of(m, *index))
        .collect();
    // Name as declared → the different declarations of that name, each with its final name.
    let mut kept: BTreeMap<&str, Vec<Kept<'_>>> = BTreeMap::new();
    let mut finals: BTreeMap<Key, String> = BTreeMap::new();
    let mut same = Equal::default();
    for (declaring, index) in &reached {
        let name = name_of(declaring, *index);
        let others = kept.entry(name).or_default();
        let equal = others
            .iter()
            .find(|(other, _, _)| same.same(declaring, other, name));
        let chosen = match equal {
            Some((_, _, chosen)) => chosen.clone(),
            None if others.is_empty() => name.to_owned(),
            None => {
                let free = |name: &String| !taken.contains(name) && !all_names.contains(&**name);
                let mut numbered = (2..).map(|number: usize| format!("{name}_{number}"));
                numbered
                    .find(free)
                    .expect("because there are more numbers than names")
            }
        };
        if equal.is_none() {
            taken.insert(chosen.clone());
            others.push((declaring, *index, chosen.clone()));
        }
        finals.insert(key(declaring, *index), chosen);
    }
    let mut items: BTreeMap<(bool, &str), Item> = BTreeMap::new();
    for (declaring, index, chosen) in kept.values().flatten() {
        let foreign = !Arc::ptr_eq(declaring, module);
        items.insert(
            (foreign, chosen),
            renamed(declaring, *index, chosen, &finals),
        );
    }
    print_file(&File {
        items: items.into_values().collect(),
    })
}

fn name_of(module: &Arc<Module>, index: usize) -> &str {
    module.file.items[index]
        .name()
        .map_or("", |name| &name.name)
}

/// The module's own declarations by name, then what they reach, breadth first.
fn reach(module: &Arc<Module>) -> Vec<(Arc<Module>, usize)> {
    let mut reached: Vec<_> = module
        .sorted_names()
        .into_iter()
        .map(|name| (module.clone(), module.names[name]))
        .collect();
    let mut seen: BTreeSet<Key> = reached.iter().map(|(m, index)| key(m, *index)).collect();
    let mut next = 0;
    while let Some((declaring, index)) = reached.get(next).cloned() {
        next += 1;
        for name in mentions(&declaring.file.items[index]) {
            let Some((found, at)) = declaration(&declaring, &name) else {
                continue;
            };
            if seen.insert(key(&found, at)) {
                reached.push((found, at));
            }
        }
    }
    reached
}

/// Pairs of declarations that were found to be the same.
#[derive(Default)]
pub(super) struct Equal(BTreeSet<(Key, Key)>);

impl Equal {
    /// Whether `name` means the same in two modules: equal declarations, as far as they reach.
    pub(super) fn same(&mut self, left: &Arc<Module>, right: &Arc<Module>, name: &str) -> bool {
        let mut pending = vec![(left.clone(), right.clone(), name.to_owned())];
        // Assumed while the comparison runs, since declarations may be recursive.
        let mut assumed: BTreeSet<(Key, Key)> = BTreeSet::new();
        while let Some((left, right, name)) = pending.pop() {
            match (declaration(&left, &name), declaration(&right, &name)) {
                (None, None) => {}
                (Some((left, i)), Some((right, j))) => {
                    let pair = (key(&left, i), key(&right, j));
                    let known = pair.0 == pair.1 || self.0.contains(&pair);
                    if known || !assumed.insert(pair) {
                        continue;
                    }
                    if left.file.items[i] != right.file.items[j] {
                        return false;
                    }
                    let names = mentions(&left.file.items[i]);
                    pending.extend(names.into_iter().map(|n| (left.clone(), right.clone(), n)));
                }
                _ => return false,
            }
        }
        self.0.append(&mut assumed);
        true
    }
}

/// The names that a declaration mentions, its type parameters left out.
fn mentions(item: &Item) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    visit(&mut item.clone(), &mut |name| {
        if !names.contains(&*name) {
            names.insert(name.clone());
        }
    });
    names
}

/// A declaration with every name replaced by its final one.
fn renamed(
    module: &Arc<Module>,
    index: usize,
    chosen: &str,
    finals: &BTreeMap<Key, String>,
) -> Item {
    let mut item = module.file.items[index].clone();
    visit(&mut item, &mut |name| {
        let found = declaration(module, name);
        if let Some(last) = found.and_then(|(m, index)| finals.get(&key(&m, index))) {
            name.clone_from(last);
        }
    });
    let name = match &mut item {
        Item::Use(_) => return item,
        Item::Alias(item) => &mut item.name,
        Item::Record(item) => &mut item.name,
        Item::Variant(item) => &mut item.name,
        Item::Enum(item) => &mut item.name,
        Item::Endpoint(item) => &mut item.name,
        Item::Object(item) => &mut item.name,
        Item::Template(item) => &mut item.name,
    };
    name.name = chosen.to_owned();
    item
}

/// Visits every mention of a type other than the item's own type parameters.
fn visit(item: &mut Item, see: &mut dyn FnMut(&mut String)) {
    let own = item
        .parameters()
        .iter()
        .map(|parameter| parameter.name.name.clone());
    let own: BTreeSet<String> = own.collect();
    let mut see = |ty: &mut TypeExpr| visit_type(ty, &own, see);
    match item {
        Item::Use(_) | Item::Enum(_) => {}
        Item::Alias(item) => {
            item.parameters
                .iter_mut()
                .filter_map(|each| each.bound.as_mut())
                .for_each(&mut see);
            see(&mut item.target);
        }
        Item::Record(item) => {
            item.parameters
                .iter_mut()
                .filter_map(|each| each.bound.as_mut())
                .for_each(&mut see);
            item.fields.iter_mut().for_each(|field| see(&mut field.ty));
        }
        Item::Variant(item) => {
            item.parameters
                .iter_mut()
                .filter_map(|each| each.bound.as_mut())
                .for_each(&mut see);
            item.cases
                .iter_mut()
                .filter_map(|case| case.payload.as_mut())
                .for_each(see);
        }
        Item::Endpoint(item) => {
            item.parameters
                .iter_mut()
                .filter_map(|each| each.bound.as_mut())
                .for_each(&mut see);
            for member in &mut item.members {
                if let EndpointMember::Event(event) = member {
                    event
                        .parameters
                        .iter_mut()
                        .for_each(|each| see(&mut each.ty));
                }
            }
        }
        Item::Object(item) => {
            item.parameters
                .iter_mut()
                .filter_map(|each| each.bound.as_mut())
                .for_each(&mut see);
            item.endpoints
                .iter_mut()
                .for_each(|endpoint| see(&mut endpoint.ty));
            item.state.iter_mut().for_each(see);
        }
        Item::Template(item) => {
            let bounds = item
                .type_parameters
                .iter_mut()
                .filter_map(|each| each.bound.as_mut());
            bounds.for_each(&mut see);
            item.value_parameters
                .iter_mut()
                .for_each(|each| see(&mut each.ty));
            see(&mut item.result);
            item.private
                .iter_mut()
                .for_each(|endpoint| see(&mut endpoint.ty));
        }
    }
}

fn visit_type(ty: &mut TypeExpr, own: &BTreeSet<String>, see: &mut dyn FnMut(&mut String)) {
    match ty {
        TypeExpr::Mirror { inner, .. } => visit_type(inner, own, see),
        TypeExpr::Named {
            name, arguments, ..
        } => {
            if !own.contains(&name.name) {
                see(&mut name.name);
            }
            arguments
                .iter_mut()
                .for_each(|argument| visit_type(argument, own, see));
        }
    }
}
