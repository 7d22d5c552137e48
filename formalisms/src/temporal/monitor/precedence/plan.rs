//! How it is seen that a clause comes true: what to look up when something happens for the first time.
//!
//! A clause comes true with an occurrence of one of its atoms, which settles the connection and the
//! message that this atom speaks of. Other connections are those where the clause needs the same message
//! to have occurred. If there is another message, the clause says of it where two of its occurrences
//! stand in time, and of one of these two also whether it comes before or after what is known. So it is
//! enough to remember the last of those of which both have happened, and the first of which one is
//! missing: see [`Search`].

use std::collections::BTreeSet;

use super::super::super::formula::{Atom, Variable};
use super::clause::{Clause, Literal};

/// Number of a kind of occurrence: of an event, at connections, at proxies or anywhere.
pub(super) type Kind = u32;

/// An atom of a clause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Use {
    pub(super) kind: Kind,
    /// The connection or proxy; none for anywhere.
    pub(super) place: Option<Variable>,
    pub(super) message: Option<Variable>,
}

/// Occurrences of the same kind, at the same place, of whatever message.
pub(super) type Column = (Kind, Option<Variable>);

impl Use {
    pub(super) fn column(self) -> Column {
        (self.kind, self.place)
    }
}

/// What to look for when an atom has happened for the first time.
#[derive(Debug)]
pub(super) struct Trigger {
    pub(super) atom: Use,
    /// The other places, each with the kind of an occurrence that the same message had there.
    pub(super) others: Vec<(Variable, Kind)>,
    /// Variables that are the same, or not.
    pub(super) same: Vec<(Variable, Variable, bool)>,
    /// What has to have happened.
    pub(super) happened: Vec<Use>,
    /// What has to have happened before what.
    pub(super) before: Vec<(Use, Use, bool)>,
    pub(super) search: Search,
}

/// What another message has to be like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Search {
    /// There is none.
    Nothing,
    /// Both occurrences of the pair have happened, and the one of this side after `than`.
    Latest { pair: usize, side: usize, than: Use },
    /// The first one has happened, before `than` if that is told, and the second has not.
    Missing { pair: usize, than: Option<Use> },
    /// The first one has happened, and the second has not, or after `than`.
    MissingOrLatest { pair: usize, than: Use },
    /// The second atom happens again: whether the first has happened before is all that there is to see.
    Again { first: Use },
}

/// Two occurrences of one message that are looked at together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) columns: [Column; 2],
}

/// How a clause is watched.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Its atoms.
    pub(super) atoms: Vec<Use>,
    pub(super) triggers: Vec<Trigger>,
    pub(super) pairs: Vec<Pair>,
    /// The kinds of occurrences that have a message, by bit.
    pub(super) of_messages: u64,
    /// Those of which it is noted in which order they first happened, by bit.
    pub(super) listed: u64,
}

/// A clause with its atoms resolved.
struct Resolved {
    happened: BTreeSet<Use>,
    before: Vec<(Use, Use, bool)>,
    same: Vec<(Variable, Variable, bool)>,
    after: Option<(Use, Use)>,
}

/// How a clause of a sentence with so many variables is watched; none where it cannot be in this way.
/// `resolve` gives the number of an atom's kind.
pub(super) fn plan(
    clause: &Clause,
    variables: usize,
    resolve: &mut dyn FnMut(&Atom) -> Use,
) -> Option<Plan> {
    let mut resolved = Resolved {
        happened: BTreeSet::new(),
        before: Vec::new(),
        same: Vec::new(),
        after: None,
    };
    for literal in clause {
        match literal {
            Literal::Happened(atom) => _ = resolved.happened.insert(resolve(atom)),
            Literal::Before {
                first,
                other,
                or_at_once,
            } => {
                let (first, other) = (resolve(first), resolve(other));
                resolved.happened.insert(first);
                resolved.before.push((first, other, *or_at_once));
            }
            Literal::Same(left, right, truth) => resolved.same.push((*left, *right, *truth)),
            Literal::After { first, second } => {
                let both = (resolve(first), resolve(second));
                if resolved.after.replace(both).is_some() {
                    return None;
                }
            }
            Literal::Never | Literal::Other => return None,
        }
    }
    // What it breaks for has occurred.
    let mut met = BTreeSet::new();
    let after = resolved.after.iter().flat_map(|it| [it.0, it.1]);
    for atom in resolved.happened.iter().copied().chain(after) {
        met.extend(atom.place.into_iter().chain(atom.message));
    }
    if met.len() < variables || met.is_empty() {
        return None;
    }
    match resolved.after {
        Some((first, second)) => again(&resolved, first, second),
        None => first_occurrences(&resolved),
    }
}

fn again(resolved: &Resolved, first: Use, second: Use) -> Option<Plan> {
    if !resolved.happened.is_empty() || first.message != second.message {
        return None;
    }
    let elsewhere = first.place.filter(|place| Some(*place) != second.place);
    Some(Plan {
        atoms: vec![first, second],
        triggers: vec![Trigger {
            atom: second,
            others: elsewhere.map(|it| (it, first.kind)).into_iter().collect(),
            same: resolved.same.clone(),
            happened: Vec::new(),
            before: Vec::new(),
            search: Search::Again { first },
        }],
        ..Plan::default()
    })
}

fn first_occurrences(resolved: &Resolved) -> Option<Plan> {
    let others = resolved.before.iter().map(|it| it.1);
    let atoms: BTreeSet<Use> = resolved.happened.iter().copied().chain(others).collect();
    let messages: BTreeSet<Variable> = atoms.iter().filter_map(|it| it.message).collect();
    if let [one, two] = *messages.iter().copied().collect::<Vec<_>>() {
        // Two messages that differ never occur at once, so that no two of their occurrences do.
        let apart = resolved.same.contains(&(one, two, false))
            || resolved.same.contains(&(two, one, false))
            || resolved.before.iter().any(|(first, other, or_at_once)| {
                !or_at_once && first.column() == other.column() && first != other
            });
        if !apart {
            return None;
        }
    }
    if messages.len() > 2 {
        return None;
    }
    let mut plan = Plan {
        atoms: atoms.iter().copied().collect(),
        ..Plan::default()
    };
    for atom in &resolved.happened {
        if atom.message.is_none() && !messages.is_empty() {
            return None;
        }
        let other = messages.iter().find(|it| Some(**it) != atom.message);
        trigger(resolved, *atom, other.copied(), &mut plan)?;
    }
    Some(plan)
}

/// Adds what is to be seen when an atom happens, if that can complete the clause.
fn trigger(
    resolved: &Resolved,
    atom: Use,
    searched: Option<Variable>,
    plan: &mut Plan,
) -> Option<()> {
    let is_searched = |it: &Use| it.message.is_some() && it.message == searched;
    let (there, known) = resolved
        .happened
        .iter()
        .copied()
        .partition::<Vec<Use>, _>(is_searched);
    let mut before = Vec::new();
    let (mut sooner, mut later, mut missing) = (Vec::new(), Vec::new(), Vec::new());
    for (first, other, or_at_once) in &resolved.before {
        match (is_searched(first), is_searched(other)) {
            (false, false) => before.push((*first, *other, *or_at_once)),
            (true, true) => return None,
            (true, false) if *other == atom => {}
            (true, false) => sooner.push((*first, *other)),
            (false, true) if *first == atom && there.contains(other) => return Some(()),
            (false, true) if *first == atom => missing.push(*other),
            (false, true) => later.push((*first, *other)),
        }
    }
    let places: BTreeSet<Variable> = plan.atoms.iter().filter_map(|it| it.place).collect();
    let mut others = Vec::new();
    for place in places.into_iter().filter(|it| Some(*it) != atom.place) {
        let mut there = resolved.happened.iter();
        let there = there.find(|it| it.place == Some(place) && it.message == atom.message)?;
        others.push((place, there.kind));
    }
    let own = |it: &Use| it.message == atom.message;
    let all_own = sooner.iter().all(|it| own(&it.1)) && later.iter().all(|it| own(&it.0));
    // Each search leaves out the message that has just occurred.
    let search = match (&*there, &*sooner, &*later, &*missing) {
        _ if searched.is_none() => Search::Nothing,
        _ if !all_own => return None,
        ([one, two], [], [(than, it)], [])
            if than.column() == it.column() && there.contains(it) =>
        {
            Search::Latest {
                pair: pair(plan, *one, *two),
                side: usize::from(it == two),
                than: *than,
            }
        }
        ([first], [], [(than, it)], []) if than.column() == it.column() && it != first => {
            plan.listed |= 1 << first.kind;
            Search::MissingOrLatest {
                pair: pair(plan, *first, *it),
                than: *than,
            }
        }
        ([first], [] | [_], [], [it]) if it.column() == atom.column() => {
            plan.listed |= 1 << first.kind;
            Search::Missing {
                pair: pair(plan, *first, *it),
                than: sooner.first().map(|(_, than)| *than),
            }
        }
        _ => return None,
    };
    plan.triggers.push(Trigger {
        atom,
        others,
        same: resolved.same.clone(),
        happened: known.into_iter().filter(|it| *it != atom).collect(),
        before,
        search,
    });
    Some(())
}

/// The number of a pair of occurrences.
fn pair(plan: &mut Plan, one: Use, two: Use) -> usize {
    let columns = [one.column(), two.column()];
    let known = plan.pairs.iter().position(|it| it.columns == columns);
    known.unwrap_or_else(|| {
        plan.pairs.push(Pair { columns });
        plan.pairs.len() - 1
    })
}
