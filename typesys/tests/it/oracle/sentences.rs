//! Sentences of linear temporal logic, and their truth by the definitions.

use std::collections::{BTreeMap, BTreeSet};

/// What somebody does at a connection.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Deed {
    Connects,
    Emits(&'static str, bool),
    Handles(&'static str, bool),
}
pub(super) use Deed::{Connects, Emits, Handles};

/// An operator, by its letter; `>` implies.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Atom(Atom),
    Unary(char, Box<Node>),
    Binary(char, Box<Node>, Box<Node>),
}

/// An event at an endpoint (a number among those of all parts), as the one who does it has it.
#[derive(Clone, Debug)]
pub(super) struct Atom {
    pub(super) end: usize,
    pub(super) event: Option<&'static str>,
    pub(super) emitted: bool,
    /// Whether it is at the connection that the variable of this endpoint stands for, or at some.
    pub(super) here: bool,
    /// Whether it has the value of the variable.
    pub(super) bound: bool,
}

/// For all connections of each endpoint that it has a variable for, and for both values.
#[derive(Clone, Debug)]
pub(super) struct Sentence {
    pub(super) body: Node,
    pub(super) instances: BTreeSet<usize>,
    pub(super) value: bool,
}

impl Node {
    pub(super) fn atoms<'n>(&'n self, out: &mut Vec<&'n Atom>) {
        match self {
            Node::Atom(atom) => out.push(atom),
            Node::Unary(_, inner) => inner.atoms(out),
            Node::Binary(_, left, right) => {
                left.atoms(out);
                right.atoms(out);
            }
        }
    }

    pub(super) fn text(&self, names: &dyn Fn(usize) -> String) -> String {
        match self {
            Node::Atom(atom) => {
                let event = atom.event.unwrap_or("connect");
                let place = match atom.here {
                    true => format!("i{}", atom.end),
                    false => "*".to_owned(),
                };
                let value = if atom.bound { "(m)" } else { "" };
                format!("{}{event}@{place}{value}", names(atom.end))
            }
            Node::Unary(operator, inner) => format!("{operator} ({})", inner.text(names)),
            Node::Binary(operator, left, right) => {
                let operator = match operator {
                    '>' => "->".to_owned(),
                    other => other.to_string(),
                };
                format!("({}) {operator} ({})", left.text(names), right.text(names))
            }
        }
    }
}

impl Sentence {
    pub(super) fn of(body: Node) -> Sentence {
        let mut atoms = Vec::new();
        body.atoms(&mut atoms);
        let instances = atoms.iter().filter(|it| it.here).map(|it| it.end).collect();
        let value = atoms.iter().any(|it| it.bound);
        Sentence {
            instances,
            value,
            body,
        }
    }

    pub(super) fn text(&self, names: &dyn Fn(usize) -> String) -> String {
        let instances = self.instances.iter();
        let mut text: String = instances
            .map(|end| format!("forall i{end}: instance. "))
            .collect();
        if self.value {
            text += "forall m: message. ";
        }
        text + &self.body.text(names)
    }

    /// Whether it speaks of each connection by itself.
    pub(super) fn is_alone(&self) -> bool {
        let mut atoms = Vec::new();
        self.body.atoms(&mut atoms);
        self.instances.len() == 1 && atoms.iter().all(|it| it.here)
    }

    /// Whether it promises that something will happen: then nothing that happened refutes it.
    pub(super) fn promises(&self) -> bool {
        fn has(node: &Node) -> bool {
            match node {
                Node::Atom(_) => false,
                Node::Unary(operator, inner) => *operator == 'F' || has(inner),
                Node::Binary(_, left, right) => has(left) || has(right),
            }
        }
        has(&self.body)
    }

    /// Whether it is true of what is seen, after which nothing happens any more.
    pub(super) fn holds(&self, seen: &Seen) -> bool {
        let mut assignments = vec![BTreeMap::new()];
        for end in &self.instances {
            let all = &seen.instances[end];
            let longer = assignments.iter().flat_map(|it: &BTreeMap<usize, usize>| {
                all.iter().map(move |instance| {
                    let mut it = it.clone();
                    it.insert(*end, *instance);
                    it
                })
            });
            assignments = longer.collect();
        }
        let values: &[bool] = if self.value { &[false, true] } else { &[false] };
        assignments.iter().all(|instances| {
            values
                .iter()
                .all(|value| truth(&self.body, seen, instances, *value)[0])
        })
    }

    pub(super) fn refuted(&self, seen: &Seen) -> bool {
        !self.promises() && !self.holds(seen)
    }
}

/// The endpoint, the connection, what is done there.
pub(super) type Event = (usize, usize, Deed);

/// What one or several see: the endpoint, the connection, what is done there.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    pub(super) events: Vec<Event>,
    /// The connections of each endpoint; never none.
    pub(super) instances: BTreeMap<usize, Vec<usize>>,
    /// How many of the last events repeat for ever; if none, nothing happens any more.
    pub(super) cycle: usize,
}

impl Seen {
    /// What is seen at so many positions that the past changes no more, once per operator; and the
    /// position to which the last one leads back.
    fn positions(&self) -> (Vec<Option<Event>>, usize) {
        const SILENCE: usize = 8;
        const TURNS: usize = 4;
        let mut all: Vec<_> = self.events.iter().copied().map(Some).collect();
        let cycle = all[all.len() - self.cycle..].to_vec();
        match self.cycle {
            0 => all.resize(all.len() + SILENCE, None),
            _ => all.extend(cycle.repeat(TURNS)),
        }
        let start = all.len() - self.cycle.max(1);
        (all, start)
    }
}

/// At each position.
pub(super) fn truth(
    node: &Node,
    seen: &Seen,
    at: &BTreeMap<usize, usize>,
    value: bool,
) -> Vec<bool> {
    let (events, start) = seen.positions();
    let length = events.len();
    let backwards = |last: bool, step: &dyn Fn(usize, bool) -> bool| {
        let mut truth = vec![false; length];
        let mut next = last;
        // First those that repeat, of which it is not known yet what follows.
        for position in (start..length).rev().chain((0..length).rev()) {
            next = step(position, next);
            truth[position] = next;
        }
        truth
    };
    match node {
        Node::Atom(atom) => {
            let is = |event: &Option<Event>| {
                let Some((end, instance, deed)) = event else {
                    return false;
                };
                let same = match (*deed, atom.event) {
                    (Connects, None) => true,
                    (Emits(event, it), Some(name)) => {
                        event == name && atom.emitted && (!atom.bound || it == value)
                    }
                    (Handles(event, it), Some(name)) => {
                        event == name && !atom.emitted && (!atom.bound || it == value)
                    }
                    _ => false,
                };
                same && *end == atom.end && (!atom.here || at[end] == *instance)
            };
            events.iter().map(is).collect()
        }
        Node::Unary(operator, inner) => {
            let inner = truth(inner, seen, at, value);
            let mut before = false;
            let forwards = inner.iter();
            match operator {
                '!' => inner.iter().map(|it| !it).collect(),
                'G' => backwards(true, &|position, next| inner[position] && next),
                'F' => backwards(false, &|position, next| inner[position] || next),
                'X' => inner[1..].iter().copied().chain([inner[start]]).collect(),
                'O' => forwards
                    .map(|it| {
                        before |= it;
                        before
                    })
                    .collect(),
                'Y' => [false]
                    .into_iter()
                    .chain(inner[..length - 1].iter().copied())
                    .collect(),
                other => unreachable!("{other}"),
            }
        }
        Node::Binary(operator, left, right) => {
            let (left, right) = (truth(left, seen, at, value), truth(right, seen, at, value));
            let pairs = left.iter().zip(&right);
            match operator {
                '&' => pairs.map(|(l, r)| *l && *r).collect(),
                '|' => pairs.map(|(l, r)| *l || *r).collect(),
                '>' => pairs.map(|(l, r)| !*l || *r).collect(),
                'W' => backwards(true, &|position, next| {
                    right[position] || (left[position] && next)
                }),
                'S' => {
                    let mut before = false;
                    pairs
                        .map(|(l, r)| {
                            before = *r || (*l && before);
                            before
                        })
                        .collect()
                }
                other => unreachable!("{other}"),
            }
        }
    }
}
