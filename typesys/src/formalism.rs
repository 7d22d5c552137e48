//! The slot for constraint formalisms: anyone can add one (thesis 2.1.3; semantics, section 6).

pub mod conformance;

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::facts::Facts;
use crate::monitor::Monitor;
use crate::source::{Place, Span};
use crate::verdict::{Reason, Verdict, Witness};

/// A language of constraints over the events of endpoints.
///
/// Implementations are deterministic, never panic, and count steps, not time: the same arguments
/// give the same answer on every machine. `holds` must be true; `unknown` is always allowed.
pub trait Formalism: Send + Sync {
    /// The name that constraints use: `properties`.
    fn name(&self) -> &str;

    /// The 128-bit id.
    fn id(&self) -> u128;

    /// The library that adds it; none where it is built in. What such a formalism answers is that
    /// library's word: what rests on it is told with the verdict ([`Word`]).
    fn library(&self) -> Option<&str> {
        None
    }

    /// What tells it from every formalism that may answer otherwise, its own earlier and later
    /// versions included: what it finds out may be kept under this for ever ([`crate::facts`]). None
    /// where nothing is to be kept, as where to ask again is as quick.
    fn identity(&self) -> Option<String> {
        None
    }

    /// A form of a formula that no other formula has of which anything else may be true. Unlike
    /// [`Formalism::print`] it tells apart what reads alike in different structures. None where
    /// nothing that rests on it is to be kept.
    fn encode(&self, formula: &Formula) -> Option<Vec<u8>> {
        let _ = formula;
        None
    }

    /// Reads a text.
    ///
    /// # Errors
    ///
    /// The place in `text` and what was expected there.
    fn parse(&self, text: &str, structure: &Structure) -> Result<Formula, ParseError>;

    /// Names that texts can use in this structure, of which one may have been meant where a text
    /// cannot be read: those of events and endpoints, unless the formalism says otherwise.
    fn names(&self, structure: &Structure) -> Vec<String> {
        match structure {
            Structure::Undeclared => Vec::new(),
            Structure::Endpoint(endpoint) => {
                let events = endpoint.emitted.keys().chain(endpoint.received.keys());
                events.cloned().collect()
            }
            Structure::Object(endpoints) => endpoints.keys().cloned().collect(),
        }
    }

    /// Prints canonically: two formulas that print alike are equal, and a printed formula parses
    /// to an equal one (in the same structure).
    fn print(&self, formula: &Formula) -> String;

    /// Whether a guarantee says what is asked for because both are the same text, perhaps of two
    /// endpoint types that fit each other and have parameters of different types: each value that
    /// one of them emits is also one that the other one has.
    fn repeats(&self, given: &Formula, asked: &Formula) -> bool {
        self.print(given) == self.print(asked)
    }

    /// The dual text of a protocol, for `follows`; none where the formalism has no duals.
    fn dual(&self, formula: &Formula) -> Option<Formula> {
        let _ = formula;
        None
    }

    /// Whether something satisfies all of `formulas` at once: `Fails` means that nothing does.
    fn satisfiable(&self, formulas: &[&Formula], budget: u64) -> Verdict;

    /// A formula that nothing satisfies, if [`Formalism::satisfiable`] gives exactly the
    /// [`Verdict::as_satisfiability`] of whether `formulas` imply it, the provider emitting what it
    /// will.
    fn contradiction(&self) -> Option<Formula> {
        None
    }

    /// Whether every behaviour that satisfies all `premises`, the provider emitting only
    /// `events`, satisfies `conclusion`.
    fn implies(
        &self,
        premises: &[&Formula],
        events: &Events,
        conclusion: &Formula,
        budget: u64,
    ) -> Verdict;

    /// [`Formalism::implies`], and about how many steps it took; none if it does not count them.
    fn implies_counting(
        &self,
        premises: &[&Formula],
        events: &Events,
        conclusion: &Formula,
        budget: u64,
    ) -> (Verdict, Option<u64>) {
        (self.implies(premises, events, conclusion, budget), None)
    }

    /// Confirms a refutation: under `witness` all `premises` hold and `conclusion` does not.
    /// Shares no reasoning with [`Formalism::implies`].
    fn replay(
        &self,
        premises: &[&Formula],
        events: &Events,
        conclusion: &Formula,
        witness: &Witness,
    ) -> bool;

    /// What a refutation shows, as a clause without a period, for people to read behind the
    /// witness itself; none if there is nothing to add.
    fn explain(
        &self,
        premises: &[&Formula],
        conclusion: &Formula,
        witness: &Witness,
    ) -> Option<String> {
        let _ = (premises, conclusion, witness);
        None
    }

    /// Whether the truth of a formula stays when moments at which nothing happens are inserted or
    /// removed: no type may declare one of which that was not shown, since nobody can observe them
    /// (semantics, well-formedness). [`Formalism::implies`] takes any.
    fn ignores_silence(&self, formula: &Formula, budget: u64) -> Verdict {
        let _ = (formula, budget);
        Verdict::Holds
    }

    /// A formula of an endpoint as one of an object that has the endpoint under this name; none
    /// where that cannot be said. In composites, what endpoints guarantee to each other meets in
    /// this way what objects require (semantics, section 5).
    fn at_endpoint(&self, formula: &Formula, endpoint: &str) -> Option<Formula> {
        let _ = (formula, endpoint);
        None
    }

    /// A formula about endpoints of an object, said of others: `peers` leads from endpoints of the object
    /// to those that its peers have at the other ends of their connections. Events stay what they are,
    /// emitted or handled by the object, which is how those that speak of peers see them. None where the
    /// formula is about no such endpoint, or the formalism does not tell who sees something.
    fn at_peers(&self, formula: &Formula, peers: &BTreeMap<String, String>) -> Option<Formula> {
        let _ = (formula, peers);
        None
    }

    /// What is left of a guarantee after conversions that drop fields: a consequence of `formula`
    /// that says nothing about the contents of messages; none where there is none. Only that is
    /// kept of the premises when an event of the connection is lossy (semantics, section 6).
    fn surviving(&self, formula: &Formula) -> Option<Formula> {
        let _ = formula;
        None
    }

    /// What follows from `formulas` by the formalism's own laws and may be worth telling another
    /// formalism. All of it together is equivalent to all of `formulas`.
    fn consequences(&self, formulas: &[&Formula]) -> Vec<Formula> {
        formulas.iter().map(|formula| (*formula).clone()).collect()
    }

    /// What stands behind it without a proof that `premises` imply `conclusion`, which they do: as
    /// little as possible. Not what a library says with every answer ([`Formalism::library`]).
    fn rests_on(&self, premises: &[&Formula], conclusion: &Formula) -> Vec<Word> {
        let _ = (premises, conclusion);
        Vec::new()
    }

    /// The laws by which `premises` imply `conclusion`, which they do, in the order of use, none of
    /// them for nothing. None where it takes more than laws between names.
    fn laws(&self, premises: &[&Formula], conclusion: &Formula) -> Vec<Law> {
        let _ = (premises, conclusion);
        Vec::new()
    }

    /// The formalisms into which formulas may be translated, by name, with the most that a
    /// translation into each can be.
    fn translations(&self) -> Vec<(String, Fidelity)> {
        Vec::new()
    }

    /// A formula in the formalism `target`, as texts which that one reads in `structure`. They are
    /// written from the side of the same provider; they name endpoints by the keys of the
    /// structure, while `formula` has their final names ([`EndpointStructure::name`]). None where
    /// there is nothing to say, also where the structure lacks what a text would speak of.
    fn translate(
        &self,
        formula: &Formula,
        target: &str,
        structure: &Structure,
    ) -> Option<Translated> {
        let _ = (formula, target, structure);
        None
    }

    /// Texts in the formalism `target`, written as those of [`Formalism::translate`], from which together
    /// a formula of an endpoint follows. Where a translation says less than the formula, a behaviour
    /// that satisfies these refutes all the same.
    fn narrowed(
        &self,
        formula: &Formula,
        target: &str,
        structure: &Structure,
    ) -> Option<Vec<String>> {
        let _ = (formula, target, structure);
        None
    }

    /// Confirms that a behaviour that the formalism `target` tells, as a witness, satisfies a formula
    /// of an endpoint. Shares no reasoning with [`Formalism::narrowed`].
    fn is_satisfied(&self, formula: &Formula, target: &str, witness: &Witness) -> bool {
        let _ = (formula, target, witness);
        false
    }

    /// Whether guarantees that wait for others, which wait for these, hold all the same (semantics,
    /// section 9). They may be of one provider, or of several parts of a composite. `Holds` only if,
    /// the providers emitting only `events`,
    ///
    /// - each of `waiting` is a safety property, and each of its minimal bad prefixes ends in an
    ///   event that a provider emits, its own if `events` are that one's;
    /// - every finite history that refutes none of `waiting` alone and can go on so that all of
    ///   `kept` hold, can go on so that all of `kept` and of `waiting` hold together.
    ///
    /// Then no first guarantee is broken: its cause would have to come before.
    fn self_sustaining(
        &self,
        kept: &[&Formula],
        waiting: &[&Formula],
        events: &Events,
        budget: u64,
    ) -> Verdict {
        let _ = (kept, waiting, events, budget);
        Verdict::Unknown(Reason::Undecided(format!(
            "formalism `{}` cannot show that guarantees which wait for each other hold",
            self.name()
        )))
    }

    /// Whether a formula of an endpoint speaks of each connection by itself: a history satisfies it
    /// exactly if what happens at each connection, taken alone, does.
    fn of_one_connection(&self, formula: &Formula) -> bool {
        let _ = formula;
        false
    }

    /// A monitor of a formula that was read in `structure`.
    ///
    /// # Errors
    ///
    /// There is no way to tell from a finite history that the formula is broken: why, in words
    /// (lower case, no final period).
    fn monitor(
        &self,
        formula: &Formula,
        structure: &Structure,
    ) -> Result<Box<dyn Monitor>, String> {
        let _ = (formula, structure);
        Err(format!("formalism `{}` has no monitors", self.name()))
    }
}

/// How much of a formula a translation says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fidelity {
    /// It follows from the formula: good for guarantees.
    Implied,
    /// It is equivalent: good for requirements too.
    Exact,
}

/// A formula in another formalism.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Translated {
    /// The texts: the formula is translated into all of them together. None, and exactly, where
    /// nothing that the target can speak of contradicts a guarantee or follows from it; as a
    /// requirement it is then not translated.
    pub texts: Vec<String>,
    /// How much of the formula they say together.
    pub fidelity: Fidelity,
}

/// A parsed constraint: opaque to everything but its formalism.
#[derive(Clone)]
pub struct Formula(Arc<dyn Any + Send + Sync>);

impl Formula {
    /// Wraps a formalism's own representation.
    pub fn new<T: Any + Send + Sync>(value: T) -> Formula {
        Formula(Arc::new(value))
    }

    /// The formalism's own representation, if it is a `T`.
    pub fn get<T: Any>(&self) -> Option<&T> {
        self.0.downcast_ref()
    }
}

impl fmt::Debug for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Formula(…)")
    }
}

/// What a constraint text can speak of, seen from the side of its provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Structure {
    /// One endpoint of which nothing is declared: every name may stand for an event, which the
    /// provider emits or handles as the text says. For texts that stand alone, outside of types.
    Undeclared,
    /// One endpoint.
    Endpoint(EndpointStructure),
    /// An object: endpoint name as the text writes it → its structure.
    Object(BTreeMap<String, EndpointStructure>),
}

/// One endpoint's events, seen from the side of the constraint's provider.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndpointStructure {
    /// Name of the endpoint in the type that holds the constraint (at object level it may differ
    /// from the name that the text uses; formulas must use this one). Empty at endpoint level.
    pub name: String,
    /// What the provider handles: event name → its parameters in order.
    pub received: BTreeMap<String, Vec<Parameter>>,
    /// What the provider emits: event name → its parameters in order.
    pub emitted: BTreeMap<String, Vec<Parameter>>,
}

/// A parameter of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// What it can be.
    pub domain: Domain,
}

impl EndpointStructure {
    /// The same endpoint, seen from the other side.
    #[must_use]
    pub fn turned(self) -> EndpointStructure {
        EndpointStructure {
            name: self.name,
            received: self.emitted,
            emitted: self.received,
        }
    }
}

/// Which values a parameter of an event takes, as far as equality goes. Two domains of equal key
/// are one.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Domain {
    /// What tells domains apart; empty if nothing is known, and all such are one domain.
    pub key: String,
    /// How many values there are; none if they are not finitely many, not known to be, or more
    /// than the number can say.
    pub size: Option<u64>,
}

/// Ω of semantics, section 3: what the provider of the premises may emit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Events {
    /// No restriction.
    All,
    /// Only these events at the one endpoint.
    Endpoint(BTreeSet<String>),
    /// Only these events at each endpoint.
    Object(BTreeMap<String, BTreeSet<String>>),
}

/// What stands behind a verdict `holds` without a proof.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Word {
    /// Name of the formalism.
    pub formalism: String,
    /// Who says so.
    pub by: Speaker,
    /// The texts that imply, as people see them.
    pub premises: Vec<String>,
    /// The text that is implied, as people see it.
    pub conclusion: String,
}

/// On whose word something is taken.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Speaker {
    /// The library of this name, which adds the formalism.
    Library(String),
    /// The file of an ontology, where this is an axiom.
    Ontology {
        /// File, line and column.
        place: String,
        /// Why it is true, as the file says.
        reason: String,
    },
}

impl Word {
    /// What it is, for people.
    pub fn to_sentence(&self) -> String {
        let Word {
            formalism,
            by,
            premises,
            conclusion,
        } = self;
        let premises: Vec<_> = premises.iter().map(|text| format!("`{text}`")).collect();
        let given = match premises.as_slice() {
            [] => "every behaviour satisfies".to_owned(),
            [only] => format!("{only} implies"),
            several => format!("{} imply", several.join(" and ")),
        };
        match by {
            Speaker::Library(library) => format!(
                "that {given} `{conclusion}` is the word of formalism `{formalism}`, which library \
                 `{library}` adds"
            ),
            Speaker::Ontology { place, reason } => {
                format!("that {given} `{conclusion}` is an axiom of {place}: {reason}")
            }
        }
    }
}

/// A law of a formalism: what follows from what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Law {
    /// What it follows from, as people see it.
    pub premises: Vec<String>,
    /// What follows.
    pub conclusion: String,
    /// Why, where it is an axiom: nothing proves it.
    pub axiom: Option<String>,
    /// The user's file that says so; none where it comes with the formalism.
    pub place: Option<Place>,
}

/// Why a constraint text cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// Where in the text.
    pub span: Span,
    /// What is wrong and what was expected; lower case, no final period.
    pub message: String,
    /// What to write instead, if that can be told.
    pub help: Option<String>,
}

/// The registered formalisms, by name.
#[derive(Clone, Default)]
pub struct Formalisms {
    by_name: BTreeMap<String, Arc<dyn Formalism>>,
    further: Option<Arc<Further>>,
    pub(crate) facts: Option<Arc<dyn Facts>>,
}

/// Formalisms that are looked for once one is asked for that is not registered.
struct Further {
    find: Box<dyn Fn() -> Vec<Arc<dyn Formalism>> + Send + Sync>,
    found: OnceLock<BTreeMap<String, Arc<dyn Formalism>>>,
}

impl Further {
    fn found(&self) -> &BTreeMap<String, Arc<dyn Formalism>> {
        self.found.get_or_init(|| {
            let found = (self.find)().into_iter();
            found.map(|it| (it.name().to_owned(), it)).collect()
        })
    }
}

impl Formalisms {
    /// None at all: every constraint is `unknown` unless it is met by equal text.
    pub fn none() -> Formalisms {
        Formalisms::default()
    }

    /// Adds a formalism; gives back the one it replaces, if any.
    pub fn add(&mut self, formalism: Arc<dyn Formalism>) -> Option<Arc<dyn Formalism>> {
        self.by_name.insert(formalism.name().to_owned(), formalism)
    }

    /// These, and those that `find` finds; it is called at most once, and not before a formalism is
    /// asked for that is not here. Those that are here go before those of the same name that are
    /// found.
    #[must_use]
    pub fn with_further(
        mut self,
        find: impl Fn() -> Vec<Arc<dyn Formalism>> + Send + Sync + 'static,
    ) -> Formalisms {
        self.further = Some(Arc::new(Further {
            find: Box::new(find),
            found: OnceLock::new(),
        }));
        self
    }

    /// These, and what was found before is not looked for again. No answer depends on it.
    #[must_use]
    pub fn with_facts(mut self, facts: Arc<dyn Facts>) -> Formalisms {
        self.facts = Some(facts);
        self
    }

    /// Finds one.
    pub fn get(&self, name: &str) -> Option<&Arc<dyn Formalism>> {
        let further = || self.further.as_ref()?.found().get(name);
        self.by_name.get(name).or_else(further)
    }

    /// Whether these are the very same formalisms, whatever facts they come with.
    pub fn is_same(&self, other: &Formalisms) -> bool {
        let pairs = self.by_name.iter().zip(&other.by_name);
        let further = match (&self.further, &other.further) {
            (None, None) => true,
            (Some(left), Some(right)) => Arc::ptr_eq(left, right),
            _ => false,
        };
        further
            && self.by_name.len() == other.by_name.len()
            && pairs
                .into_iter()
                .all(|((a, left), (b, right))| a == b && Arc::ptr_eq(left, right))
    }

    /// The names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let further = self.further.iter().flat_map(|it| it.found().keys());
        let names: BTreeSet<&str> = self
            .by_name
            .keys()
            .chain(further)
            .map(String::as_str)
            .collect();
        names.into_iter()
    }
}

impl fmt::Debug for Formalisms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.by_name.keys()).finish()
    }
}
