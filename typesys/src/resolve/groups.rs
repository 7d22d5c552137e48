//! Recursive groups of declarations, and whether their recursion is regular.

use std::collections::BTreeMap;

use super::instances::Decl;
use super::names::Names;
use crate::diagnostic::{Diagnostic, codes};
use crate::source::Place;

/// A use of a declaration in another one.
#[derive(Clone, Debug)]
pub(super) struct Use {
    pub(super) to: Decl,
    pub(super) arguments: Vec<Shape>,
    pub(super) place: Place,
}

/// What an argument of a use is.
#[derive(Clone, Debug)]
pub(super) enum Shape {
    /// A parameter of the declaration around.
    Parameter,
    /// A type without parameters.
    Closed,
    /// Anything else, as printed.
    Other(String),
}

impl Names<'_> {
    /// Reports every recursive use of which some argument is neither a parameter nor closed.
    pub(super) fn check_groups(&mut self) {
        let mut arguments = self
            .reached
            .values()
            .flatten()
            .flat_map(|used| &used.arguments);
        if !arguments.any(|argument| matches!(argument, Shape::Other(_))) {
            return;
        }
        let groups = self.groups();
        let mut sizes: BTreeMap<usize, usize> = BTreeMap::new();
        for group in groups.values() {
            *sizes.entry(*group).or_default() += 1;
        }
        let mut faults = Vec::new();
        for (from, uses) in &self.reached {
            for used in uses {
                if groups.get(from) != groups.get(&used.to) {
                    continue;
                }
                let grown = used.arguments.iter().find_map(|argument| match argument {
                    Shape::Other(text) => Some(text),
                    _ => None,
                });
                let Some(text) = grown else { continue };
                let mut fault = Diagnostic::error(
                    codes::NON_REGULAR_RECURSION,
                    format!(
                        "the recursive use of `{}` has the argument `{text}`, which is neither a \
                         parameter nor a type without parameters",
                        self.instances.name(used.to),
                    ),
                )
                .at(used.place.clone(), "")
                .with_help("pass the parameters on as they are, or name a fixed type");
                if sizes.get(&groups[from]).is_some_and(|size| *size > 1) {
                    fault = fault.with_note(format!(
                        "`{}` and `{}` are declared through each other",
                        self.instances.name(*from),
                        self.instances.name(used.to),
                    ));
                }
                faults.push((*from, fault));
            }
        }
        for (decl, fault) in faults {
            self.faulty.insert(decl);
            self.fault(fault);
        }
    }

    /// The strongly connected components of what was reached (Tarjan, without recursion).
    fn groups(&self) -> BTreeMap<Decl, usize> {
        let decls: Vec<Decl> = self.reached.keys().copied().collect();
        let numbers: BTreeMap<Decl, usize> = decls
            .iter()
            .enumerate()
            .map(|(number, decl)| (*decl, number))
            .collect();
        let next: Vec<Vec<usize>> = self
            .reached
            .values()
            .map(|uses| {
                uses.iter()
                    .filter_map(|used| numbers.get(&used.to).copied())
                    .collect()
            })
            .collect();

        let unseen = usize::MAX;
        let mut index = vec![unseen; decls.len()];
        let mut low = vec![unseen; decls.len()];
        let mut group = vec![unseen; decls.len()];
        let (mut count, mut groups) = (0, 0);
        let mut open: Vec<usize> = Vec::new();
        for root in 0..decls.len() {
            if index[root] != unseen {
                continue;
            }
            let mut path = vec![(root, 0)];
            while let Some((node, edge)) = path.pop() {
                if edge == 0 {
                    index[node] = count;
                    low[node] = count;
                    count += 1;
                    open.push(node);
                }
                if let Some(to) = next[node].get(edge) {
                    path.push((node, edge + 1));
                    if index[*to] == unseen {
                        path.push((*to, 0));
                    } else if group[*to] == unseen {
                        low[node] = low[node].min(index[*to]);
                    }
                    continue;
                }
                if low[node] == index[node] {
                    while let Some(member) = open.pop() {
                        group[member] = groups;
                        if member == node {
                            break;
                        }
                    }
                    groups += 1;
                }
                if let Some((parent, _)) = path.last() {
                    low[*parent] = low[*parent].min(low[node]);
                }
            }
        }
        decls.into_iter().zip(group).collect()
    }
}
