//! Formulas without variables: for elements that are given, over letters that can be counted.

use std::collections::BTreeMap;

use liveobj_types::formalism::Domain;
use liveobj_types::verdict::Reason;

use super::formula::{Atom, Binary, Event, Node, Place, Sentence, Sort, Unary, Variable};
use super::history::{Instance, Lasso, Occurrence, Position, Universe};
use super::partition::advance;
use super::signature::Signature;
use crate::Budget;
use crate::automata::{self, Formulas, Id, Letters, Prefixes};

/// The elements that formulas are instantiated with.
#[derive(Clone, Debug)]
pub(super) struct Elements {
    /// How many of each sort have names.
    pub named: BTreeMap<Sort, usize>,
    /// Whether one more element stands for all that have none. A sort whose type has no further
    /// value has none of it.
    pub others: bool,
}

impl Elements {
    fn named(&self, sort: &Sort) -> usize {
        self.named.get(sort).copied().unwrap_or(0)
    }

    /// How many there are to tell apart, the nameless one included: it is the last.
    fn all(&self, sort: &Sort) -> usize {
        let named = self.named(sort);
        let full = match sort {
            Sort::Message(domain) => domain.size.is_some_and(|size| named as u64 >= size),
            Sort::Instance(_) | Sort::Proxy => false,
        };
        named + usize::from(self.others && !full)
    }
}

/// What can happen at one position; numbers as [`Elements::all`] has them.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Letter {
    Silence,
    Event {
        endpoint: String,
        event: Event,
        instance: usize,
        /// 0 if proxies do not matter.
        proxy: usize,
        /// As the signature has the parameters.
        arguments: Vec<usize>,
    },
}

/// An atom without variables.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Pattern {
    endpoint: String,
    event: Event,
    place: Spot,
    /// As the signature has the parameters; none: any value.
    arguments: Vec<Option<usize>>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Spot {
    Instance(usize),
    Proxy(usize),
    Somewhere,
}

/// A conjunction that is being instantiated.
pub(super) struct Ground<'s> {
    signature: &'s Signature,
    elements: Elements,
    letters: Vec<Letter>,
    patterns: BTreeMap<Pattern, Id>,
    /// Which letters make each atom true.
    truths: Vec<Vec<bool>>,
    formulas: Formulas,
    /// What must hold.
    asserted: Vec<Id>,
    /// What must hold too, but is looked at only where a model would break it.
    watched: Vec<Id>,
}

impl<'s> Ground<'s> {
    /// Nothing but the letters.
    ///
    /// # Errors
    ///
    /// There are more letters than steps left.
    pub fn new(
        signature: &'s Signature,
        elements: Elements,
        budget: &mut Budget,
    ) -> Result<Ground<'s>, Reason> {
        let letters = letters(signature, &elements, budget)?;
        Ok(Ground {
            signature,
            elements,
            letters,
            patterns: BTreeMap::new(),
            truths: Vec::new(),
            formulas: Formulas::new(),
            asserted: Vec::new(),
            watched: Vec::new(),
        })
    }

    /// Adds `sentence`'s body, or its negation, for all values of the variables that `fixed`
    /// leaves open. `eager` says whether it will matter for sure.
    ///
    /// # Errors
    ///
    /// There are more instances than steps left.
    pub fn assert(
        &mut self,
        sentence: &Sentence,
        negated: bool,
        fixed: &[Option<usize>],
        eager: bool,
        budget: &mut Budget,
    ) -> Result<(), Reason> {
        let bases: Vec<usize> = sentence
            .prefix
            .iter()
            .zip(fixed)
            .map(|(binding, fixed)| match fixed {
                Some(_) => 1,
                None => self.elements.named(&binding.sort),
            })
            .collect();
        if bases.contains(&0) {
            return Ok(());
        }
        let mut digits = vec![0; bases.len()];
        loop {
            let values: Vec<usize> = digits
                .iter()
                .zip(fixed)
                .map(|(digit, fixed)| fixed.unwrap_or(*digit))
                .collect();
            let body = self.instance(&sentence.body, &values, budget)?;
            let body = match negated {
                true => !body,
                false => body,
            };
            match eager {
                true => self.asserted.push(body),
                false => self.watched.push(body),
            }
            if !advance(&mut digits, &bases) {
                return Ok(());
            }
        }
    }

    /// Adds that each named connection begins once, before anything else happens there, that
    /// nothing happens after its end, and that it belongs to one proxy.
    ///
    /// # Errors
    ///
    /// The steps do not suffice.
    pub fn assert_connections(&mut self, budget: &mut Budget) -> Result<(), Reason> {
        let mut instances = Vec::new();
        for (sort, count) in &self.elements.named {
            if let Sort::Instance(endpoint) = sort {
                instances.extend((0..*count).map(|instance| (endpoint.clone(), instance)));
            }
        }
        for (endpoint, instance) in instances {
            budget.take(1 + self.letters.len())?;
            let happens = |letter: &Letter, wanted: &dyn Fn(&Event, usize) -> bool| match letter {
                Letter::Silence => false,
                Letter::Event {
                    endpoint: at,
                    event,
                    instance: number,
                    proxy,
                    ..
                } => *at == endpoint && *number == instance && wanted(event, *proxy),
            };
            let mut atom = |wanted: &dyn Fn(&Event, usize) -> bool| {
                let letters = self.letters.iter();
                let truth = letters.map(|letter| happens(letter, wanted)).collect();
                atom_of(&mut self.truths, &mut self.formulas, truth)
            };
            let connect = atom(&|event, _| *event == Event::Connect);
            let disconnect = atom(&|event, _| *event == Event::Disconnect);
            let other = atom(&|event, _| *event != Event::Connect);
            let mut owners = Vec::new();
            if self.signature.has_proxies() {
                for proxy in 0..self.elements.all(&Sort::Proxy) {
                    budget.take(1 + self.letters.len())?;
                    let at = atom(&|_, owner| owner == proxy);
                    owners.push((at, atom(&|_, owner| owner != proxy)));
                }
            }
            let formulas = &mut self.formulas;
            let first = formulas.weak_until(!other, connect);
            let once = after(formulas, connect, !connect);
            let nothing = formulas.and(!connect, !other);
            let last = after(formulas, disconnect, nothing);
            self.watched.extend([first, once, last]);
            for (at, elsewhere) in owners {
                let stays = after(&mut self.formulas, at, !elsewhere);
                self.watched.push(stays);
            }
        }
        Ok(())
    }

    /// A model of everything that was asserted.
    ///
    /// # Errors
    ///
    /// The steps do not suffice.
    pub fn model(mut self, budget: &mut Budget) -> Result<Option<Model>, Reason> {
        let (alphabet, representatives) = self.alphabet(budget)?;
        let mut active = std::mem::take(&mut self.asserted);
        loop {
            let Some(word) = automata::model_within(&self.formulas, &alphabet, &active, budget)?
            else {
                return Ok(None);
            };
            let before = active.len();
            for id in &self.watched {
                budget.take(word.prefix.len() + word.cycle.len())?;
                if active.contains(id) {
                    continue;
                }
                if !word.satisfies(&self.formulas, &alphabet, *id) {
                    active.push(*id);
                    if active.len() >= before + 2 {
                        break;
                    }
                }
            }
            if active.len() == before {
                let letter = |class: &usize| self.letters[representatives[*class]].clone();
                return Ok(Some(Model {
                    prefix: word.prefix.iter().map(letter).collect(),
                    cycle: word.cycle.iter().map(letter).collect(),
                    elements: self.elements,
                    parameters: self.signature.events.clone(),
                }));
            }
        }
    }

    /// With what the shortest finite words end that refute what was asserted; none if it is not known
    /// to be refuted by finite words only.
    ///
    /// # Errors
    ///
    /// The steps do not suffice.
    pub fn breaks(&self, budget: &mut Budget) -> Result<Option<Breaks>, Reason> {
        let (alphabet, representatives) = self.alphabet(budget)?;
        let Some(prefixes) = Prefixes::of(&self.formulas, &alphabet, &self.asserted, budget)?
        else {
            return Ok(None);
        };
        let Some(last) = prefixes.last_letters() else {
            return Ok(Some(Breaks::Always));
        };
        // Letters that no atom tells from silence are represented by it, the others have the event
        // of an atom in common.
        let breaks = last
            .iter()
            .map(|letter| &self.letters[representatives[letter]]);
        let breaks = breaks.map(|letter| match letter {
            Letter::Silence => Breaks::Always,
            Letter::Event { event, .. } => match event {
                Event::Named { emitted: true, .. } => Breaks::Emitted,
                _ => Breaks::Happens,
            },
        });
        Ok(Some(breaks.max().unwrap_or(Breaks::Emitted)))
    }

    /// The letters that some atom tells apart, and one of the original letters for each.
    fn alphabet(&self, budget: &mut Budget) -> Result<(Letters, Vec<usize>), Reason> {
        let mut classes: BTreeMap<Vec<bool>, usize> = BTreeMap::new();
        let mut representatives = Vec::new();
        for letter in 0..self.letters.len() {
            budget.take(1 + self.truths.len())?;
            let truths = self.truths.iter().map(|truth| truth[letter]).collect();
            classes.entry(truths).or_insert_with(|| {
                representatives.push(letter);
                representatives.len() - 1
            });
        }
        let mut alphabet = Letters::new(representatives.len());
        for truth in &self.truths {
            let classes = representatives.iter().enumerate();
            let classes = classes.filter(|(_, letter)| truth[**letter]);
            alphabet.atom(classes.map(|(class, _)| class));
        }
        Ok((alphabet, representatives))
    }

    fn instance(
        &mut self,
        node: &Node,
        values: &[usize],
        budget: &mut Budget,
    ) -> Result<Id, Reason> {
        budget.take(1)?;
        Ok(match node {
            Node::Constant(truth) => self.formulas.constant(*truth),
            Node::Same(left, right) => self.formulas.constant(values[*left] == values[*right]),
            Node::Event(atom) => self.event(atom, values, budget)?,
            Node::Proposition(_) => unreachable!("histories have events"),
            Node::Unary(operator, inner) => {
                let inner = self.instance(inner, values, budget)?;
                unary(&mut self.formulas, *operator, inner)
            }
            Node::Binary(operator, left, right) => {
                let left = self.instance(left, values, budget)?;
                let right = self.instance(right, values, budget)?;
                binary(&mut self.formulas, *operator, left, right)
            }
        })
    }

    fn event(&mut self, atom: &Atom, values: &[usize], budget: &mut Budget) -> Result<Id, Reason> {
        let key = (atom.endpoint.clone(), atom.event.clone());
        let Some(parameters) = self.signature.events.get(&key) else {
            return Ok(self.formulas.constant(false));
        };
        let value = |variable: Variable| values[variable];
        let argument = |name: &String| {
            let mut bound = atom.arguments.iter();
            let bound = bound.find(|argument| argument.parameter == *name)?;
            Some(value(bound.variable))
        };
        let pattern = Pattern {
            endpoint: atom.endpoint.clone(),
            event: atom.event.clone(),
            place: match atom.place {
                Place::Instance(variable) => Spot::Instance(value(variable)),
                Place::Proxy(variable) => Spot::Proxy(value(variable)),
                Place::Somewhere => Spot::Somewhere,
            },
            arguments: parameters.iter().map(|(name, _)| argument(name)).collect(),
        };
        if let Some(atom) = self.patterns.get(&pattern) {
            return Ok(*atom);
        }
        budget.take(self.letters.len())?;
        let truth = self.letters.iter().map(|letter| pattern.is_true(letter));
        let truth = truth.collect();
        let id = atom_of(&mut self.truths, &mut self.formulas, truth);
        self.patterns.insert(pattern, id);
        Ok(id)
    }
}

/// The atom that these letters make true; one that none makes true is a constant.
fn atom_of(truths: &mut Vec<Vec<bool>>, formulas: &mut Formulas, truth: Vec<bool>) -> Id {
    if !truth.contains(&true) {
        return Id::FALSE;
    }
    truths.push(truth);
    formulas.atom(truths.len() - 1)
}

impl Pattern {
    fn is_true(&self, letter: &Letter) -> bool {
        let Letter::Event {
            endpoint,
            event,
            instance,
            proxy,
            arguments,
        } = letter
        else {
            return false;
        };
        let here = match &self.place {
            Spot::Instance(wanted) => wanted == instance,
            Spot::Proxy(wanted) => wanted == proxy,
            Spot::Somewhere => true,
        };
        let pairs = self.arguments.iter().zip(arguments);
        *endpoint == self.endpoint
            && *event == self.event
            && here
            && pairs
                .into_iter()
                .all(|(wanted, value)| wanted.is_none_or(|wanted| wanted == *value))
    }
}

/// `G (event -> X G formula)`
fn after(formulas: &mut Formulas, event: Id, formula: Id) -> Id {
    let always = formulas.globally(formula);
    let next = formulas.next(always);
    let implied = formulas.implies(event, next);
    formulas.globally(implied)
}

/// Silence, and each event with all elements.
fn letters(
    signature: &Signature,
    elements: &Elements,
    budget: &mut Budget,
) -> Result<Vec<Letter>, Reason> {
    let mut letters = vec![Letter::Silence];
    let proxies = match signature.has_proxies() {
        true => elements.all(&Sort::Proxy),
        false => 1,
    };
    for ((endpoint, event), parameters) in &signature.events {
        let sort = Sort::Instance(endpoint.clone());
        let mut bases = vec![proxies, elements.all(&sort)];
        for (_, domain) in parameters {
            bases.push(elements.all(&Sort::Message(domain.clone())));
        }
        if bases.contains(&0) {
            continue;
        }
        let mut digits = vec![0; bases.len()];
        loop {
            budget.take(1)?;
            letters.push(Letter::Event {
                endpoint: endpoint.clone(),
                event: event.clone(),
                proxy: digits[0],
                instance: digits[1],
                arguments: digits[2..].to_vec(),
            });
            if !advance(&mut digits, &bases) {
                break;
            }
        }
    }
    Ok(letters)
}

/// What it takes to refute something that is not refuted yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Breaks {
    /// An event that the provider emits.
    Emitted,
    /// Some event.
    Happens,
    /// It may be refuted from the beginning, or by silence.
    Always,
}

/// A model of what was asserted.
pub(super) struct Model {
    prefix: Vec<Letter>,
    cycle: Vec<Letter>,
    elements: Elements,
    parameters: BTreeMap<(String, Event), Vec<(String, Domain)>>,
}

impl Model {
    /// The history, if nothing in it happens to elements without names.
    pub fn history(&self) -> Option<Lasso> {
        let mut universe = Universe {
            proxies: self.elements.named(&Sort::Proxy).max(1),
            ..Universe::default()
        };
        let mut first = BTreeMap::new();
        for (sort, count) in &self.elements.named {
            match sort {
                Sort::Instance(endpoint) => {
                    first.insert(endpoint.clone(), universe.instances.len());
                    let instance = Instance {
                        endpoint: endpoint.clone(),
                        proxy: 0,
                    };
                    let instances = universe.instances.len() + count;
                    universe.instances.resize(instances, instance);
                }
                Sort::Proxy => {}
                Sort::Message(domain) => {
                    universe.messages.insert(domain.clone(), *count);
                }
            }
        }
        for letter in self.prefix.iter().chain(&self.cycle) {
            if let Letter::Event {
                endpoint,
                instance,
                proxy,
                ..
            } = letter
            {
                if *proxy >= universe.proxies {
                    return None;
                }
                if let Some(instance) = universe.instances.get_mut(first[endpoint] + instance) {
                    instance.proxy = *proxy;
                }
            }
        }
        let position = |letter: &Letter| {
            let Letter::Event {
                endpoint,
                event,
                instance,
                arguments,
                ..
            } = letter
            else {
                return Some(Position::Silence);
            };
            let sort = Sort::Instance(endpoint.clone());
            if *instance >= self.elements.named(&sort) {
                return None;
            }
            let parameters = &self.parameters[&(endpoint.clone(), event.clone())];
            let mut values = BTreeMap::new();
            for ((name, domain), value) in parameters.iter().zip(arguments) {
                if *value >= self.elements.named(&Sort::Message(domain.clone())) {
                    return None;
                }
                values.insert(name.clone(), *value);
            }
            Some(Position::Event(Occurrence {
                event: event.clone(),
                instance: first[endpoint] + instance,
                arguments: values,
            }))
        };
        let positions = |letters: &[Letter]| letters.iter().map(position).collect::<Option<_>>();
        Some(Lasso {
            universe,
            prefix: positions(&self.prefix)?,
            cycle: positions(&self.cycle)?,
        })
    }
}

/// `operator inner`
pub(super) fn unary(formulas: &mut Formulas, operator: Unary, inner: Id) -> Id {
    match operator {
        Unary::Not => !inner,
        Unary::Next => formulas.next(inner),
        Unary::Finally => formulas.finally(inner),
        Unary::Globally => formulas.globally(inner),
        Unary::Yesterday => formulas.yesterday(inner),
        Unary::Once => formulas.once(inner),
        Unary::Historically => formulas.historically(inner),
    }
}

/// `left operator right`
pub(super) fn binary(formulas: &mut Formulas, operator: Binary, left: Id, right: Id) -> Id {
    match operator {
        Binary::And => formulas.and(left, right),
        Binary::Or => formulas.or(left, right),
        Binary::Implies => formulas.implies(left, right),
        Binary::Iff => formulas.iff(left, right),
        Binary::Xor => formulas.xor(left, right),
        Binary::Until => formulas.until(left, right),
        Binary::WeakUntil => formulas.weak_until(left, right),
        Binary::Release => formulas.release(left, right),
        Binary::StrongRelease => formulas.strong_release(left, right),
        Binary::Since => formulas.since(left, right),
    }
}
