//! Sentences about what several nodes have recorded, each in its own order.
//!
//! # When the order between nodes does not matter
//!
//! Two orders of the same happenings, both true to each node and to what is known between nodes, turn
//! into one another by exchanging neighbours of different nodes, again and again. The places of an
//! assignment (its connections and proxies) are each at one node. So if no exchange of letters of
//! different places, or of a letter with silence, makes a difference in any state that can be
//! reached, then every order gives the same answer, and the sentence is followed in the order told
//! ([`commutes`]). That is so of boolean combinations of what happens at one connection each: `fifo`,
//! `total_order`, `virtual_synchrony`. What a node did after its record was cut off comes later than
//! all that it recorded, and for the same reason may as well come later than everything: the answer
//! is that to a beginning of the history.
//!
//! # When it does
//!
//! Else what happens is kept ([`Apart`]), and in the end each assignment of elements that were met is
//! followed through all orders at once: which states are possible once so much of each node's part has
//! happened. It is broken if it is broken in all of them; where nodes were cut off, also in those with
//! anything at all of theirs in the end. It is undecided if it is broken in some. If it is in none,
//! it is kept, as far as was recorded.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use liveobj_types::monitor::{Happening, Monitor, Occurred, Outcome};

use super::super::super::formula::{Place, Variable};
use super::{Name, Quantified, Slot, TRAIL, Trail};
use crate::watch::State;

/// How many happenings are kept, and how many assignments are made of what was met.
const MAX_KEPT: usize = 1_000_000;
/// How many states are looked at for one assignment.
const MAX_STATES: usize = 20_000;
/// How many states and letters are looked at to see that order does not matter.
const MAX_EXCHANGES: usize = 200_000;

/// Whether no order between happenings of different places makes a difference. `false` is always
/// allowed.
pub(super) fn commutes(quantified: &mut Quantified) -> bool {
    let atoms = quantified.concerns.values().flat_map(|it| &it.atoms);
    // What happens somewhere may happen at any node, and what happens at a connection happens at its
    // proxy as well.
    let mut places = atoms.map(|atom| atom.place);
    if places.any(|place| place == Place::Somewhere) {
        return false;
    }
    if quantified.proxies.is_some() && quantified.instances.iter().any(Option::is_some) {
        return false;
    }
    let mut slots = Vec::new();
    let mut left = MAX_EXCHANGES;
    partitions(quantified, &mut slots, &mut left)
}

/// All ways in which variables of one sort may be the same.
fn partitions(quantified: &mut Quantified, slots: &mut Vec<Slot>, left: &mut usize) -> bool {
    let Some(sort) = quantified.variables.get(slots.len()).copied() else {
        return exchanges(quantified, &slots.clone(), left);
    };
    let known = (0..slots.len()).filter(|it| quantified.variables[*it] == sort);
    let mut choices: Vec<Slot> = known.map(|it| slots[it]).collect();
    choices.push(Slot::Known(slots.len()));
    choices.sort_by_key(|slot| match slot {
        Slot::Known(number) | Slot::Open(number) => *number,
    });
    choices.dedup();
    choices.into_iter().all(|choice| {
        slots.push(choice);
        let all = partitions(quantified, slots, left);
        slots.pop();
        all
    })
}

/// Whether letters of different places can be exchanged in all states of an assignment.
fn exchanges(quantified: &mut Quantified, slots: &[Slot], left: &mut usize) -> bool {
    let places: BTreeSet<usize> = places(quantified, slots).collect();
    let mut letters: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for place in &places {
        let masks = letters_at(quantified, slots, &|at| at == Some(*place));
        let numbers = masks.into_iter().map(|mask| quantified.letter(mask));
        let Some(numbers) = numbers.collect::<Option<Vec<_>>>() else {
            return false;
        };
        letters.insert(*place, numbers);
    }
    // What happens elsewhere is silence here.
    let Some(silence) = quantified.letter(quantified.equal(slots)) else {
        return false;
    };
    letters.insert(usize::MAX, vec![silence]);
    let mut reached = BTreeSet::from([quantified.automaton.start()]);
    let mut next: Vec<State> = reached.iter().copied().collect();
    while let Some(state) = next.pop() {
        for (place, own) in &letters {
            for letter in own {
                let after = quantified.automaton.step(state, *letter);
                if after.is_lost() {
                    return false;
                }
                if reached.insert(after) {
                    next.push(after);
                }
                let others = letters.iter().filter(|(other, _)| *other > place);
                for other in others.flat_map(|(_, letters)| letters) {
                    if *left == 0 {
                        return false;
                    }
                    *left -= 1;
                    let automaton = &mut quantified.automaton;
                    let one = automaton.step(after, *other);
                    let two = automaton.step(state, *other);
                    if automaton.step(two, *letter) != one {
                        return false;
                    }
                }
            }
        }
    }
    true
}

/// The elements of an assignment that are places.
fn places<'a>(quantified: &'a Quantified, slots: &'a [Slot]) -> impl Iterator<Item = usize> + 'a {
    let all = slots.iter().zip(&quantified.variables);
    all.filter_map(|(slot, sort)| match slot {
        Slot::Known(element) if quantified.is_place(*sort) => Some(*element),
        _ => None,
    })
}

/// What can be true of an assignment when something happens at places of this kind (`None` is one
/// that it does not have), silence included.
fn letters_at(
    quantified: &Quantified,
    slots: &[Slot],
    here: &dyn Fn(Option<usize>) -> bool,
) -> BTreeSet<u64> {
    let equal = quantified.equal(slots);
    let mut all = BTreeSet::from([equal]);
    let element = |variable: Variable| match slots[variable] {
        Slot::Known(element) | Slot::Open(element) => element,
    };
    for concern in quantified.concerns.values() {
        // Of each argument, one of the elements of its sort, or another one.
        let mut choices: Vec<BTreeMap<(usize, usize), usize>> = vec![BTreeMap::new()];
        for key in &concern.values {
            let of_sort = (0..slots.len()).filter(|it| quantified.variables[*it] == key.1);
            let of_sort: BTreeSet<usize> = of_sort.map(element).collect();
            let mut more = choices.clone();
            for choice in &choices {
                for element in &of_sort {
                    let mut choice = choice.clone();
                    choice.insert(*key, *element);
                    more.push(choice);
                }
            }
            choices = more;
        }
        let at = concern.atoms.iter().map(|atom| match atom.place {
            Place::Instance(variable) | Place::Proxy(variable) => Some(element(variable)),
            Place::Somewhere => None,
        });
        let mut at: BTreeSet<Option<usize>> = at.collect();
        at.insert(None);
        // Something may happen at a connection and its proxy at once.
        let pairs = at
            .iter()
            .flat_map(|one| at.iter().map(move |two| [*one, *two]));
        for pair in pairs.filter(|pair| pair.iter().all(|it| here(*it) || it.is_none())) {
            if pair.iter().all(|it| !here(*it)) {
                continue;
            }
            for choice in &choices {
                let atoms = concern.atoms.iter().filter(|atom| {
                    let here = match atom.place {
                        Place::Instance(variable) | Place::Proxy(variable) => {
                            pair.contains(&Some(element(variable)))
                        }
                        Place::Somewhere => true,
                    };
                    here && atom.arguments.iter().all(|(position, variable)| {
                        let key = (*position, quantified.variables[*variable]);
                        choice.get(&key) == Some(&element(*variable))
                    })
                });
                all.insert(atoms.fold(equal, |mask, atom| mask | 1 << atom.bit));
            }
        }
    }
    all
}

/// Something that happened.
struct Kept {
    number: u64,
    node: u32,
    after: Box<[u64]>,
    event: (usize, Occurred),
    instance: Option<usize>,
    proxy: Option<usize>,
    arguments: Vec<((usize, usize), usize)>,
}

/// A sentence whose answer may depend on the order between nodes.
pub(super) struct Apart {
    /// What it says, and its elements; no assignments.
    quantified: Quantified,
    kept: Vec<Kept>,
    /// Which of them have an element, and which are of an event.
    of_element: HashMap<usize, Vec<usize>>,
    of_event: BTreeMap<(usize, Occurred), Vec<usize>>,
    /// The elements of each sort, and at which node places are.
    elements: Vec<Vec<usize>>,
    nodes: HashMap<usize, u32>,
    /// Violations that were not told yet, the first one last.
    found: Option<Vec<(Trail, Outcome)>>,
    undecided: u64,
}

impl Apart {
    pub(super) fn new(mut quantified: Quantified) -> Apart {
        quantified.give_up();
        let sorts = quantified.sorts.len();
        Apart {
            quantified,
            kept: Vec::new(),
            of_element: HashMap::new(),
            of_event: BTreeMap::new(),
            elements: vec![Vec::new(); sorts],
            nodes: HashMap::new(),
            found: None,
            undecided: 0,
        }
    }

    fn element(&mut self, sort: usize, name: Name) -> usize {
        let before = self.quantified.next;
        let element = self.quantified.element(sort, name, &mut Vec::new());
        if element == before {
            self.elements[sort].push(element);
        }
        element
    }

    /// What happened that concerns an assignment: what is true of it each time, in the order told.
    fn concerning(&self, slots: &[Slot]) -> Vec<(usize, u64)> {
        let quantified = &self.quantified;
        let element = |variable: Variable| match slots[variable] {
            Slot::Known(element) | Slot::Open(element) => element,
        };
        let none = Vec::new();
        let mut found: BTreeMap<usize, u64> = BTreeMap::new();
        for (event, concern) in &quantified.concerns {
            for atom in &concern.atoms {
                let place = match atom.place {
                    Place::Instance(variable) | Place::Proxy(variable) => Some(element(variable)),
                    Place::Somewhere => None,
                };
                let arguments = atom.arguments.iter().map(|it| element(it.1));
                let of_elements = place.into_iter().chain(arguments);
                let of_elements = of_elements.map(|it| self.of_element.get(&it).unwrap_or(&none));
                let of_event = self.of_event.get(event).unwrap_or(&none);
                let fewest = of_elements.chain([of_event]).min_by_key(|it| it.len());
                for number in fewest.into_iter().flatten() {
                    let kept = &self.kept[*number];
                    let here = match atom.place {
                        Place::Instance(variable) => kept.instance == Some(element(variable)),
                        Place::Proxy(variable) => kept.proxy == Some(element(variable)),
                        Place::Somewhere => true,
                    };
                    let same = atom.arguments.iter().all(|(position, variable)| {
                        let key = (*position, quantified.variables[*variable]);
                        kept.arguments.contains(&(key, element(*variable)))
                    });
                    if kept.event == *event && here && same {
                        *found.entry(*number).or_default() |= 1 << atom.bit;
                    }
                }
            }
        }
        found.into_iter().collect()
    }

    /// Follows an assignment through all orders.
    fn follow(&mut self, slots: &[Slot], cut_off: &[u32]) {
        let equal = self.quantified.equal(slots);
        let concerning = self.concerning(slots);
        let mut nodes: BTreeMap<u32, Vec<(usize, u64)>> = BTreeMap::new();
        for (number, mask) in &concerning {
            let of_node = nodes.entry(self.kept[*number].node).or_default();
            of_node.push((*number, mask | equal));
        }
        let parts: Vec<(u32, Vec<(usize, u64)>)> = nodes.into_iter().collect();
        let plain = self.orders(slots, &parts, equal, &[]);
        let all = match (&plain, cut_off.is_empty()) {
            (None, _) => None,
            (Some(states), true) => Some(states.clone()),
            (Some(states), false) if !states.0.iter().any(|it| it.is_broken()) => {
                Some(states.clone())
            }
            (Some(_), false) => self.orders(slots, &parts, equal, cut_off),
        };
        let (Some((plain, breaking)), Some((all, _))) = (plain, all) else {
            self.undecided += 1;
            return;
        };
        if all.iter().all(|state| state.is_broken()) {
            let mut trail = Trail::default();
            let last = breaking.iter().next().filter(|_| breaking.len() == 1);
            let others = concerning.iter().filter(|it| Some(&it.0) != last);
            let others: Vec<usize> = others.map(|it| it.0).collect();
            let skipped = others.len().saturating_sub(TRAIL - last.iter().len());
            for number in others[skipped..].iter().chain(last) {
                trail.push(self.kept[*number].number);
            }
            // Where another event breaks it in another order, nobody can tell whose it was.
            let event = last.map_or(Occurred::Connect, |last| self.kept[*last].event.1);
            let found = self.found.get_or_insert_default();
            found.push((trail, Outcome::violated(event)));
        } else if plain.iter().any(|state| state.is_broken()) {
            self.undecided += 1;
        }
    }

    /// The states that an assignment may be in after all parts, each of one node, and the happenings
    /// that may have broken it. After the parts of nodes that were cut off anything may happen
    /// there. None if these are too many to look at.
    fn orders(
        &mut self,
        slots: &[Slot],
        parts: &[(u32, Vec<(usize, u64)>)],
        silence: u64,
        cut_off: &[u32],
    ) -> Option<(BTreeSet<State>, BTreeSet<usize>)> {
        let silence = self.quantified.letter(silence)?;
        // How much of each part comes before each happening of the others.
        let before = |kept: &Kept, (node, part): &(u32, Vec<(usize, u64)>)| {
            let known = kept.after.get(*node as usize).copied().unwrap_or(0);
            part.partition_point(|(number, _)| self.kept[*number].number <= known)
        };
        let needs: Vec<Vec<Vec<usize>>> = parts
            .iter()
            .map(|(node, part)| {
                let needs = part.iter().map(|(number, _)| {
                    let kept = &self.kept[*number];
                    let needs = parts.iter().map(|other| match other.0 == *node {
                        true => 0,
                        false => before(kept, other),
                    });
                    needs.collect()
                });
                needs.collect()
            })
            .collect();
        let mut letters = Vec::new();
        for (_, part) in parts {
            let part = part.iter().map(|(_, mask)| self.quantified.letter(*mask));
            letters.push(part.collect::<Option<Vec<usize>>>()?);
        }
        let mut wild: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for node in cut_off {
            let here = |at: Option<usize>| {
                at.is_none_or(|place| self.nodes.get(&place).is_none_or(|it| it == node))
            };
            let masks = letters_at(&self.quantified, slots, &here);
            let numbers = masks.into_iter().map(|mask| self.quantified.letter(mask));
            wild.insert(*node, numbers.collect::<Option<Vec<_>>>()?);
        }
        let start = self.quantified.automaton.start();
        let mut breaking = BTreeSet::new();
        let mut looked = 0;
        let mut level = BTreeMap::from([(vec![0; parts.len()], BTreeSet::from([start]))]);
        loop {
            let mut next: BTreeMap<Vec<usize>, BTreeSet<State>> = BTreeMap::new();
            for (cut, states) in &mut level {
                let ended = wild.iter().filter(|(node, _)| {
                    let mut parts = parts.iter().zip(cut.iter());
                    parts.all(|(part, done)| part.0 != **node || part.1.len() == *done)
                });
                let anything: Vec<usize> = ended.flat_map(|it| it.1).copied().collect();
                let mut open: Vec<State> = states.iter().copied().collect();
                while let Some(state) = open.pop() {
                    for letter in anything.iter().chain([&silence]) {
                        let after = self.quantified.automaton.step(state, *letter);
                        if states.insert(after) {
                            open.push(after);
                        }
                    }
                }
                looked += states.len();
                if looked > MAX_STATES || states.iter().any(|it| it.is_lost()) {
                    return None;
                }
                for part in 0..parts.len() {
                    let done = cut[part];
                    let Some(needs) = needs[part].get(done) else {
                        continue;
                    };
                    if needs
                        .iter()
                        .zip(cut.iter())
                        .any(|(needed, done)| needed > done)
                    {
                        continue;
                    }
                    let mut after = cut.clone();
                    after[part] += 1;
                    let there = next.entry(after).or_default();
                    for state in states.iter() {
                        let reached = self.quantified.automaton.step(*state, letters[part][done]);
                        if reached.is_broken() && !state.is_broken() {
                            breaking.insert(parts[part].1[done].0);
                        }
                        there.insert(reached);
                    }
                }
            }
            if next.is_empty() {
                // What is known of the order may contradict itself, as in a record that was edited.
                let whole: Vec<usize> = parts.iter().map(|part| part.1.len()).collect();
                let states = level.remove(&whole)?;
                return Some((states, breaking));
            }
            level = next;
        }
    }

    /// All assignments of elements that were met.
    fn assign(&mut self, slots: &mut Vec<Slot>, cut_off: &[u32]) {
        let Some(sort) = self.quantified.variables.get(slots.len()).copied() else {
            self.follow(&slots.clone(), cut_off);
            return;
        };
        for element in self.elements[sort].clone() {
            slots.push(Slot::Known(element));
            self.assign(slots, cut_off);
            slots.pop();
        }
    }
}

impl Monitor for Apart {
    fn observe(&mut self, happening: &Happening<'_>) -> Outcome {
        let quantified = &self.quantified;
        let Some(of_instances) = quantified.instances.get(happening.endpoint).copied() else {
            return Outcome::Open;
        };
        // Whether the connection has ended is what nobody knows of a node that was cut off.
        if quantified.lost || happening.event == Occurred::Gone {
            return Outcome::Open;
        }
        let event = (happening.endpoint, happening.event);
        let values = quantified.concerns.get(&event).map(|it| it.values.clone());
        let proxies = quantified.proxies;
        let instance = of_instances.map(|it| self.element(it, Name::Number(happening.instance)));
        let proxy = proxies.map(|it| self.element(it, Name::Number(happening.proxy)));
        for place in instance.into_iter().chain(proxy) {
            self.nodes.insert(place, happening.node);
        }
        let Some(values) = values else {
            return Outcome::Open;
        };
        let mut arguments = Vec::new();
        for (position, sort) in values {
            if let Some(value) = happening.arguments.get(position) {
                let element = self.element(sort, Name::Value(value.clone()));
                arguments.push(((position, sort), element));
            }
        }
        let number = self.kept.len();
        let of_arguments = arguments.iter().map(|it| it.1);
        let mut elements: Vec<usize> = instance
            .into_iter()
            .chain(proxy)
            .chain(of_arguments)
            .collect();
        elements.sort_unstable();
        elements.dedup();
        for element in elements {
            self.of_element.entry(element).or_default().push(number);
        }
        self.of_event.entry(event).or_default().push(number);
        self.kept.push(Kept {
            number: happening.number,
            node: happening.node,
            after: happening.after.into(),
            event,
            instance,
            proxy,
            arguments,
        });
        self.quantified.lost |= self.kept.len() > MAX_KEPT;
        Outcome::Open
    }

    fn compares_values(&self) -> bool {
        self.quantified.compares_values
    }

    fn needs_everything(&self) -> bool {
        self.quantified.needs_everything
    }

    fn watches(&self) -> bool {
        !self.quantified.lost
    }

    fn trail(&self) -> &[u64] {
        self.quantified.broken_by.numbers()
    }

    fn conclude(&mut self, cut_off: &[u32]) -> Outcome {
        if self.found.is_none() {
            self.found = Some(Vec::new());
            let sizes = self.quantified.variables.iter();
            let sizes = sizes.map(|sort| self.elements[*sort].len());
            let assignments = sizes.fold(1_usize, |product, size| product.saturating_mul(size));
            self.quantified.lost |= assignments > MAX_KEPT;
            if !self.quantified.lost {
                self.assign(&mut Vec::new(), cut_off);
            }
            if let Some(found) = &mut self.found {
                found.sort_by_key(|it| std::cmp::Reverse(it.0.numbers().last().copied()));
            }
        }
        match self.found.as_mut().and_then(Vec::pop) {
            Some((trail, outcome)) => {
                self.quantified.broken_by = trail;
                outcome
            }
            None => Outcome::Open,
        }
    }

    fn undecided(&self) -> u64 {
        self.undecided
    }
}
