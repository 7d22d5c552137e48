//! Sentences about several instances, proxies and messages.
//!
//! An assignment lets each variable stand for an element that was met, or for one that was not met
//! yet; of these it says which are the same. When an element is met, each assignment that leaves
//! something of its sort open is copied, with the element in the place of it, and goes on from
//! where it was: so far nothing happened to either. Assignments that nothing can break are dropped.
//!
//! What breaks an assignment is told once all of its elements were met, since the others need not
//! exist. An event moves the assignments that have one of its elements, those which an atom without
//! variables concerns, and those that do not stay as they are when nothing happens.

mod apart;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use liveobj_types::formalism::EndpointStructure;
use liveobj_types::monitor::{Happening, Monitor, Occurred, Outcome};

use super::super::formula::{Place, Sentence, Sort, Variable};
use super::progress::{Basic, Progress};
use super::{MAX_VARIABLES, occurred, parameter, unknown_event};
use crate::watch::{Automaton, State};

/// How many assignments are followed at a time before the sentence is given up.
const MAX_ASSIGNMENTS: usize = 100_000;
/// How many combinations of true atoms are told apart.
const MAX_LETTERS: usize = 64;
/// How many happenings are remembered of each assignment.
const TRAIL: usize = 4;

/// What a variable stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slot {
    /// An element that was met.
    Known(usize),
    /// One of those that were not: equal numbers are the same one.
    Open(usize),
}

#[derive(Clone)]
struct Assignment {
    slots: Vec<Slot>,
    state: State,
    trail: Trail,
}

/// The numbers of the happenings that changed an assignment last.
#[derive(Clone, Copy, Default)]
struct Trail {
    numbers: [u64; TRAIL],
    length: u8,
}

impl Trail {
    fn push(&mut self, number: u64) {
        if usize::from(self.length) == TRAIL {
            self.numbers.rotate_left(1);
        } else {
            self.length += 1;
        }
        self.numbers[usize::from(self.length) - 1] = number;
    }

    fn numbers(&self) -> &[u64] {
        &self.numbers[..usize::from(self.length)]
    }
}

/// What a happening is looked up by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Name {
    Number(u64),
    Value(Vec<u8>),
}

/// An atom, as its event knows it.
struct Use {
    bit: usize,
    place: Place,
    /// Which argument is that of which variable.
    arguments: Vec<(usize, Variable)>,
}

/// What a sentence says of one event.
#[derive(Default)]
struct Concern {
    atoms: Vec<Use>,
    /// The arguments whose values are elements, with their sort.
    values: BTreeSet<(usize, usize)>,
    /// Whether an atom is true of it for all assignments.
    all: bool,
}

/// A sentence that is watched.
pub(super) struct Quantified {
    automaton: Automaton<Progress>,
    letters: HashMap<u64, usize>,
    sorts: Vec<Sort>,
    /// The sort of each variable.
    variables: Vec<usize>,
    /// The sort of instances of each endpoint, and that of proxies, where there are variables.
    instances: Vec<Option<usize>>,
    proxies: Option<usize>,
    concerns: BTreeMap<(usize, Occurred), Concern>,
    /// Equalities of variables, by bit.
    equalities: Vec<(usize, Variable, Variable)>,
    elements: HashMap<(usize, Name), usize>,
    /// How many elements of each sort were met.
    met: Vec<u64>,
    next: usize,
    assignments: BTreeMap<usize, Assignment>,
    made: usize,
    /// The assignments that have an element.
    of_element: HashMap<usize, BTreeSet<usize>>,
    /// The assignments that leave something of a sort open.
    open: Vec<BTreeSet<usize>>,
    /// The assignments that silence changes.
    restless: BTreeSet<usize>,
    /// Whether all atoms are at the one instance that there is a variable for.
    local: bool,
    compares_values: bool,
    needs_everything: bool,
    lost: bool,
    /// What broke it last.
    broken_by: Trail,
}

impl Quantified {
    /// # Errors
    ///
    /// There are too many variables, or an event is none of the structure's.
    pub(super) fn new(
        sentence: &Sentence,
        progress: Progress,
        endpoints: &[&EndpointStructure],
    ) -> Result<Quantified, String> {
        if sentence.prefix.len() > MAX_VARIABLES {
            return Err(format!("it has more than {MAX_VARIABLES} variables"));
        }
        let sorts: BTreeSet<&Sort> = sentence.prefix.iter().map(|it| &it.sort).collect();
        let sorts: Vec<Sort> = sorts.into_iter().cloned().collect();
        let number = |wanted: &Sort| sorts.iter().position(|sort| sort == wanted);
        let variables = sentence.prefix.iter().map(|it| number(&it.sort));
        let variables = variables.collect::<Option<Vec<_>>>();
        let variables = variables.expect("because each has one of the sorts");
        let instances = endpoints
            .iter()
            .map(|it| number(&Sort::Instance(it.name.clone())));
        let mut concerns: BTreeMap<_, Concern> = BTreeMap::new();
        let mut equalities = Vec::new();
        for (bit, basic) in progress.basics.iter().enumerate() {
            let atom = match basic {
                Basic::Event(atom) => atom,
                Basic::Same(left, right) => {
                    equalities.push((bit, *left, *right));
                    continue;
                }
            };
            let at = endpoints.iter().position(|it| it.name == atom.endpoint);
            let at = at.ok_or_else(unknown_event)?;
            let event = occurred(&atom.event, endpoints[at]).ok_or_else(unknown_event)?;
            let concern = concerns.entry((at, event)).or_default();
            let mut arguments = Vec::new();
            for argument in &atom.arguments {
                let position = parameter(endpoints[at], event, &argument.parameter);
                let position = position.ok_or_else(unknown_event)?;
                concern
                    .values
                    .insert((position, variables[argument.variable]));
                arguments.push((position, argument.variable));
            }
            concern.all |= atom.place == Place::Somewhere && arguments.is_empty();
            concern.atoms.push(Use {
                bit,
                place: atom.place,
                arguments,
            });
        }
        let atoms = sentence.atoms();
        let own = |place: Place| matches!(place, Place::Instance(_));
        let mut of_instances = sentence
            .prefix
            .iter()
            .filter(|it| matches!(it.sort, Sort::Instance(_)));
        let of_one = of_instances.next().is_some() && of_instances.next().is_none();
        let mut quantified = Quantified {
            automaton: Automaton::new(progress, MAX_LETTERS),
            letters: HashMap::new(),
            instances: instances.collect(),
            proxies: number(&Sort::Proxy),
            concerns,
            equalities,
            elements: HashMap::new(),
            met: vec![0; sorts.len()],
            next: 0,
            assignments: BTreeMap::new(),
            made: 0,
            of_element: HashMap::new(),
            open: vec![BTreeSet::new(); sorts.len()],
            restless: BTreeSet::new(),
            local: of_one && atoms.iter().all(|atom| own(atom.place)),
            compares_values: atoms.iter().any(|atom| !atom.arguments.is_empty()),
            needs_everything: !atoms.iter().all(|atom| own(atom.place)),
            lost: false,
            broken_by: Trail::default(),
            sorts,
            variables,
        };
        let state = quantified.automaton.start();
        quantified.begin(&mut Vec::new(), state);
        Ok(quantified)
    }

    /// All ways in which elements that were not met may be the same.
    fn begin(&mut self, slots: &mut Vec<Slot>, state: State) {
        let Some(sort) = self.variables.get(slots.len()).copied() else {
            let slots = slots.clone();
            let trail = Trail::default();
            self.add(Assignment {
                slots,
                state,
                trail,
            });
            return;
        };
        let known = (0..slots.len()).filter(|variable| self.variables[*variable] == sort);
        let mut choices: BTreeSet<usize> = known
            .filter_map(|variable| match slots[variable] {
                Slot::Open(number) => Some(number),
                Slot::Known(_) => None,
            })
            .collect();
        // A number of its own is that of the variable.
        choices.insert(slots.len());
        for choice in choices {
            slots.push(Slot::Open(choice));
            self.begin(slots, state);
            slots.pop();
        }
    }

    /// Whether elements of a sort are connections or proxies.
    fn is_place(&self, sort: usize) -> bool {
        !matches!(self.sorts[sort], Sort::Message(_))
    }

    /// Whether there can be so many elements.
    fn exists(&self, slots: &[Slot]) -> bool {
        self.sorts.iter().enumerate().all(|(sort, kind)| {
            let Sort::Message(domain) = kind else {
                return true;
            };
            let pairs = slots.iter().zip(&self.variables);
            let open: BTreeSet<usize> = pairs
                .filter_map(|(slot, of)| match slot {
                    Slot::Open(number) if *of == sort => Some(*number),
                    _ => None,
                })
                .collect();
            let open = open.len() as u64;
            open == 0 || domain.size.is_none_or(|size| self.met[sort] + open <= size)
        })
    }

    /// Follows an assignment, unless it cannot be or nothing can break it.
    fn add(&mut self, assignment: Assignment) {
        let watched = !assignment.state.is_final() || assignment.state.is_broken();
        self.lost |= assignment.state.is_lost();
        if !watched || !self.exists(&assignment.slots) {
            return;
        }
        let number = self.made;
        self.made += 1;
        for (slot, sort) in assignment.slots.iter().zip(&self.variables) {
            match slot {
                Slot::Known(element) => {
                    self.of_element.entry(*element).or_default().insert(number);
                }
                Slot::Open(_) => {
                    self.open[*sort].insert(number);
                }
            }
        }
        self.settle(number, &assignment);
        self.assignments.insert(number, assignment);
        self.lost |= self.assignments.len() > MAX_ASSIGNMENTS;
    }

    /// Notes whether silence changes an assignment.
    fn settle(&mut self, number: usize, assignment: &Assignment) {
        let silent = self.letter(self.equal(&assignment.slots));
        let after = silent.map(|letter| self.automaton.step(assignment.state, letter));
        match after == Some(assignment.state) {
            true => self.restless.remove(&number),
            false => self.restless.insert(number),
        };
    }

    fn drop(&mut self, number: usize) {
        let Some(assignment) = self.assignments.remove(&number) else {
            return;
        };
        self.restless.remove(&number);
        for (slot, sort) in assignment.slots.iter().zip(&self.variables) {
            match slot {
                Slot::Open(_) => _ = self.open[*sort].remove(&number),
                Slot::Known(element) => {
                    if let Some(numbers) = self.of_element.get_mut(element) {
                        numbers.remove(&number);
                    }
                }
            }
        }
    }

    /// The element of a name. If it was not met before, it is now, and is put into `new`.
    fn element(&mut self, sort: usize, name: Name, new: &mut Vec<usize>) -> usize {
        let key = (sort, name);
        if let Some(element) = self.elements.get(&key) {
            return *element;
        }
        let element = self.next;
        new.push(element);
        self.next += 1;
        self.elements.insert(key, element);
        self.met[sort] += 1;
        for number in self.open[sort].clone() {
            let Some(assignment) = self.assignments.get(&number).cloned() else {
                continue;
            };
            let mut numbers = BTreeSet::new();
            for (slot, of) in assignment.slots.iter().zip(&self.variables) {
                if let Slot::Open(number) = slot
                    && *of == sort
                {
                    numbers.insert(*number);
                }
            }
            for open in numbers {
                let slots = assignment.slots.iter().map(|slot| match slot {
                    Slot::Open(number) if *number == open => Slot::Known(element),
                    other => *other,
                });
                self.add(Assignment {
                    slots: slots.collect(),
                    ..assignment.clone()
                });
            }
            if !self.exists(&assignment.slots) {
                self.drop(number);
            }
        }
        element
    }

    /// The letter of a combination of true atoms; none if there are too many.
    fn letter(&mut self, mask: u64) -> Option<usize> {
        if let Some(letter) = self.letters.get(&mask) {
            return Some(*letter);
        }
        let letter = self.letters.len();
        if letter == MAX_LETTERS {
            self.lost = true;
            return None;
        }
        self.letters.insert(mask, letter);
        self.automaton.steps_mut().masks.push(mask);
        Some(letter)
    }

    /// The equalities that are true of an assignment.
    fn equal(&self, slots: &[Slot]) -> u64 {
        let equal = self.equalities.iter();
        let equal = equal.filter(|(_, left, right)| slots[*left] == slots[*right]);
        equal.fold(0, |mask, (bit, ..)| mask | 1 << bit)
    }

    /// Assignments among which are all those of which an atom is true: those with the one of its
    /// elements that the fewest have.
    fn concerned(
        &self,
        atom: &Use,
        instance: Option<usize>,
        proxy: Option<usize>,
        arguments: &BTreeMap<(usize, usize), usize>,
    ) -> BTreeSet<usize> {
        let place = match atom.place {
            Place::Instance(_) => Some(instance),
            Place::Proxy(_) => Some(proxy),
            Place::Somewhere => None,
        };
        let values = atom.arguments.iter().map(|(position, variable)| {
            let key = (*position, self.variables[*variable]);
            arguments.get(&key).copied()
        });
        let mut fewest: Option<&BTreeSet<usize>> = None;
        for element in place.into_iter().chain(values) {
            let Some(numbers) = element.and_then(|it| self.of_element.get(&it)) else {
                return BTreeSet::new();
            };
            if fewest.is_none_or(|fewest| numbers.len() < fewest.len()) {
                fewest = Some(numbers);
            }
        }
        fewest.cloned().unwrap_or_default()
    }

    /// Moves one assignment; whether that broke it for good.
    fn step(&mut self, number: usize, mask: u64, happening: u64) -> bool {
        let Some(assignment) = self.assignments.get(&number) else {
            return false;
        };
        if assignment.state.is_broken() {
            return false;
        }
        let mask = mask | self.equal(&assignment.slots);
        let mut assignment = assignment.clone();
        let Some(letter) = self.letter(mask) else {
            return false;
        };
        let before = assignment.state;
        assignment.state = self.automaton.step(before, letter);
        if assignment.state != before {
            assignment.trail.push(happening);
        }
        if assignment.state.is_broken() {
            // The others need not exist: it is told when they are met.
            let known = |slot: &Slot| matches!(slot, Slot::Known(_));
            if assignment.slots.iter().all(known) {
                self.broken_by = assignment.trail;
                self.drop(number);
                return true;
            }
        } else if assignment.state.is_final() {
            self.lost |= assignment.state.is_lost();
            self.drop(number);
            return false;
        }
        if assignment.state != before || self.restless.contains(&number) {
            self.settle(number, &assignment);
            self.assignments.insert(number, assignment);
        }
        false
    }

    /// Assignments that were broken before all their elements were met, and now they are.
    fn broken_before(&mut self, elements: &[usize]) -> bool {
        let mut found = Vec::new();
        for element in elements {
            for number in self.of_element.get(element).into_iter().flatten() {
                let assignment = &self.assignments[number];
                let known = |slot: &Slot| matches!(slot, Slot::Known(_));
                if assignment.state.is_broken() && assignment.slots.iter().all(known) {
                    found.push(*number);
                }
            }
        }
        for number in &found {
            if let Some(assignment) = self.assignments.get(number) {
                self.broken_by = assignment.trail;
            }
            self.drop(*number);
        }
        !found.is_empty()
    }

    /// Nothing more happens at an instance, where instances have nothing to do with each other.
    fn forget(&mut self, endpoint: usize, instance: u64) {
        let Some(sort) = self.instances[endpoint] else {
            return;
        };
        if let Some(element) = self.elements.remove(&(sort, Name::Number(instance))) {
            for number in self.of_element.remove(&element).unwrap_or_default() {
                self.drop(number);
            }
        }
    }

    /// Nothing more happens at an instance, or it ends unheard.
    fn gone(&mut self, endpoint: usize, instance: u64) {
        if self.local {
            self.forget(endpoint, instance);
        } else if self
            .concerns
            .contains_key(&(endpoint, Occurred::Disconnect))
        {
            self.lost = true;
            self.give_up();
        }
    }

    /// Whether no order between happenings of different nodes makes a difference.
    pub(super) fn any_order(&mut self) -> bool {
        let lost = self.lost;
        let any_order = apart::commutes(self);
        // What was looked at was none of the history.
        self.lost = lost;
        any_order
    }

    /// Whether elements that were not met leave it open for ever; before anything was told.
    pub(super) fn is_never_satisfied(&mut self) -> bool {
        let heard = self.concerns.values().any(|concern| concern.all);
        let all: Vec<Vec<Slot>> = self
            .assignments
            .values()
            .map(|it| it.slots.clone())
            .collect();
        let mut still = all.iter().map(|slots| {
            let silence = self.letter(self.equal(slots))?;
            let once = self.automaton.step(self.automaton.start(), silence);
            let twice = self.automaton.step(once, silence);
            (once == twice && !once.is_final()).then_some(())
        });
        !heard && still.all(|it| it.is_some()) && !all.is_empty()
    }

    /// Whether each connection is judged by itself.
    pub(super) fn is_local(&self) -> bool {
        self.local
    }

    /// Gives back all memory.
    fn give_up(&mut self) {
        self.assignments.clear();
        self.of_element.clear();
        self.elements.clear();
        self.open.iter_mut().for_each(BTreeSet::clear);
        self.restless.clear();
    }
}

impl Monitor for Quantified {
    fn observe(&mut self, happening: &Happening<'_>) -> Outcome {
        let Some(of_instances) = self.instances.get(happening.endpoint).copied() else {
            return Outcome::Open;
        };
        if self.lost || self.assignments.is_empty() {
            return Outcome::Open;
        }
        if happening.event == Occurred::Gone {
            self.gone(happening.endpoint, happening.instance);
            return Outcome::Open;
        }
        let mut new = Vec::new();
        let instance = Name::Number(happening.instance);
        let instance = of_instances.map(|sort| self.element(sort, instance, &mut new));
        let proxy = Name::Number(happening.proxy);
        let proxy = self.proxies.map(|sort| self.element(sort, proxy, &mut new));
        let key = (happening.endpoint, happening.event);
        let values = self.concerns.get(&key).map(|it| it.values.clone());
        let mut arguments = BTreeMap::new();
        for (position, sort) in values.into_iter().flatten() {
            // A value that is not told is one that was never met.
            if let Some(value) = happening.arguments.get(position) {
                let element = self.element(sort, Name::Value(value.clone()), &mut new);
                arguments.insert((position, sort), element);
            }
        }
        let before = self.broken_before(&new);
        let mut moved = self.restless.clone();
        match self.concerns.get(&key) {
            None => {}
            Some(concern) if concern.all => moved.extend(self.assignments.keys()),
            Some(concern) => {
                for atom in &concern.atoms {
                    moved.extend(self.concerned(atom, instance, proxy, &arguments));
                }
            }
        }
        let mut broken = false;
        for number in moved {
            let Some(assignment) = self.assignments.get(&number) else {
                continue;
            };
            let slots = &assignment.slots;
            let stands = |variable: Variable, element: Option<usize>| {
                element.is_some_and(|element| slots[variable] == Slot::Known(element))
            };
            let atoms = self.concerns.get(&key).map(|it| &*it.atoms);
            let atoms = atoms.unwrap_or_default().iter().filter(|atom| {
                let here = match atom.place {
                    Place::Instance(variable) => stands(variable, instance),
                    Place::Proxy(variable) => stands(variable, proxy),
                    Place::Somewhere => true,
                };
                here && atom.arguments.iter().all(|(position, variable)| {
                    let key = (*position, self.variables[*variable]);
                    stands(*variable, arguments.get(&key).copied())
                })
            });
            let mask = atoms.fold(0, |mask, atom| mask | 1 << atom.bit);
            broken |= self.step(number, mask, happening.number);
        }
        if happening.event == Occurred::Disconnect && self.local {
            self.forget(happening.endpoint, happening.instance);
        }
        if self.lost {
            self.give_up();
        }
        match (broken, before) {
            (true, _) => Outcome::violated(happening.event),
            // By what came before, it cannot be told of whom.
            (false, true) => Outcome::violated(Occurred::Connect),
            (false, false) if self.assignments.is_empty() && !self.lost => Outcome::Satisfied,
            (false, false) => Outcome::Open,
        }
    }

    fn compares_values(&self) -> bool {
        self.compares_values
    }

    fn needs_everything(&self) -> bool {
        self.needs_everything
    }

    fn watches(&self) -> bool {
        !self.lost
    }

    fn trail(&self) -> &[u64] {
        self.broken_by.numbers()
    }

    fn is_satisfied(&self) -> bool {
        self.assignments.is_empty() && !self.lost
    }

    fn relates_connections(&self) -> bool {
        !self.local
    }

    /// See [`apart`] for when order matters, and what is done then.
    fn of_several_nodes(mut self: Box<Self>) -> Result<Box<dyn Monitor>, String> {
        match self.any_order() {
            true => Ok(self),
            false => Ok(Box::new(apart::Apart::new(*self))),
        }
    }
}
