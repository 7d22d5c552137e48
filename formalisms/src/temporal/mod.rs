//! `temporal`: linear temporal logic with past over the histories of several instances.
//!
//! # Meaning
//!
//! A history is an infinite sequence of positions, at each of which nothing happens, or one event
//! at one instance (a connection of an endpoint) with the values of its parameters. There are any
//! non-empty sets of instances, of proxies, and of values of each type, of the latter at most as
//! many as the type has. At each instance `connect` comes first and once, and nothing comes after
//! `disconnect`; an instance may also stay unconnected, and then nothing happens there. The provider
//! emits only what Ω has. A sentence is true of a history if its body is true at the first position,
//! for all or some values of the variables in front (semantics, section 7, and "What a history is").
//!
//! # Deciding whether premises P imply a conclusion ∀y∃z.ψ
//!
//! Histories with variables become words over a finite alphabet in two ways, and the automata of
//! [`crate::automata`] tell whether there is such a word. Premises have the shape ∃x∀u.φ. In each
//! way, every possibility for which of the variables x and y are equal is tried; W is the set of the
//! elements that they stand for, with one more for each sort that has none.
//!
//! **Proof.** Letters speak of the elements of W and, for each sort whose type has further values,
//! of one more element, `other`, that stands for all of those. The premises are instantiated with
//! elements of W only, at their witnesses x, and so is ¬∃z.ψ, at y. An atom that leaves an instance
//! or a parameter open is true whatever stands there, `other` included. The axioms of connections
//! are asked of the instances in W. *If there is no such word, the conclusion follows:* take a
//! history that satisfies P and not the conclusion. Choose witnesses for x and values of y for
//! which ∃z.ψ is false; they are equal in one of the ways that were tried. Write `other` for
//! everything outside of W. Every atom over W keeps its truth value at every position, hence so does
//! every formula over W; the premises hold for the elements of W because they hold for all; the
//! axioms hold at the instances of W. So there is a word. An element of W for a sort without
//! variables exists because universes are not empty. Where proxies matter, letters say
//! whose connection it is, and each instance of W belongs to one element of W or to `other` for ever.
//!
//! **Refutation.** For n = 0, 1, …: the universe is W and n elements more of each sort, as far as
//! the type has values, and there is no `other`. Premises and ¬∃z.ψ are instantiated with all of
//! the universe, and open places range over it. A word is then a history in this universe that
//! satisfies P and not the conclusion. It is made small and confirmed by [`evaluate`], which shares
//! nothing with the automata, before anybody sees it.
//!
//! Neither need find anything: whether there is a history is undecidable in general, since an open
//! place hides an existential quantifier. Then the answer is `unknown`. Without open places the
//! refutation with n = 0 finds something whenever the proof fails: replace what happens to `other`
//! by silence; no atom notices.
//!
//! Instances of the premises are added one by one, where a word that satisfies the others breaks
//! them: what follows from some of them follows from all, and a word that breaks none satisfies all.
//!
//! Places that the conclusion leaves open become variables where that says the same, and so do those
//! of premises if there is no proof otherwise: see `wildcards`.
//!
//! A conjunction is decided part by part: premises ∀u.φ∧φ' are two premises, and of a conclusion
//! ∀y.ψ∧ψ' each part must follow.
//!
//! A premise of another shape is left out, which keeps every proof and forbids every refutation.

mod decide;
pub mod evaluate;
pub mod formula;
mod ground;
pub mod history;
mod independent;
pub mod minimize;
pub mod monitor;
mod parse;
mod partition;
mod print;
mod signature;
mod silence;
mod widened;
mod wildcards;
pub mod witness;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use liveobj_types::Monitor;
use liveobj_types::formalism::{Domain, Events, Formalism, Formula, ParseError, Structure};
use liveobj_types::verdict::{Reason, Verdict, Witness};

use crate::{BUILD, Budget, foreign};
use decide::{Answer, Question};
use formula::{Event, Node, Place, Quantifier, Sentence, Sort};
use history::Lasso;
pub use parse::{Atoms, standard_names};
use signature::Signature;

/// The id of `temporal`.
pub const ID: u128 = 0x6c6f_7465_6d70_8b31_a2c9_64d0_17e5_2f05;

/// Steps that the confirmation of a history may take.
const CONFIRMATION: u64 = 50_000_000;

/// Most histories that are tried on the way to a small one.
const ATTEMPTS: usize = 2_000;

/// Most operators that are evaluated on the way to a small history, over all its positions.
const EVALUATIONS: usize = 3_000_000;

/// The formalism.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Temporal {
    atoms: Atoms,
}

impl Temporal {
    /// Atoms are events, of which at most one happens at a position: what constraints mean.
    pub const fn new() -> Temporal {
        Temporal {
            atoms: Atoms::Events,
        }
    }

    /// Atoms are propositions, any set of which may hold at a position: the linear temporal logic
    /// of the literature.
    pub const fn independent() -> Temporal {
        Temporal {
            atoms: Atoms::Independent,
        }
    }

    /// Whether a text says in `structure` what it says where nothing is declared: no declared event has
    /// a name that means something else there. Also where it cannot be read.
    pub(crate) fn reads_as_anywhere(text: &str, structure: &Structure) -> bool {
        let read = |structure| parse::parse(text, structure, Atoms::Events);
        match (read(structure), read(&Structure::Undeclared)) {
            (Ok(here), Ok(anywhere)) => {
                shape(here, structure) == shape(anywhere, &Structure::Undeclared)
            }
            _ => true,
        }
    }

    fn sentence<'f>(&self, formula: &'f Formula) -> Result<&'f Sentence, Reason> {
        formula.get().ok_or_else(|| foreign(self.name()))
    }

    fn decide(
        &self,
        premises: &[&Sentence],
        events: &Events,
        conclusion: &Sentence,
        budget: &mut Budget,
    ) -> Result<Verdict, Reason> {
        budget.take(1 + premises.len())?;
        if premises.contains(&conclusion) {
            return Ok(Verdict::Holds);
        }
        let mut all = premises.to_vec();
        all.push(conclusion);
        let confirm = |lasso: &Lasso| refutes(premises, events, conclusion, lasso);
        let answer = match self.atoms {
            Atoms::Independent => independent::decide(premises, conclusion, budget)?,
            Atoms::Events => in_parts(&all, events, &confirm, budget)?,
        };
        let Answer::Refuted(lasso) = answer else {
            return Ok(Verdict::Holds);
        };
        let attempts = attempts(&lasso, &all);
        let lasso = minimize::minimize(lasso, &all, attempts, &mut |lasso| confirm(lasso));
        let unconfirmed = || {
            Reason::Undecided("it is refuted, but the refutation could not be confirmed".to_owned())
        };
        if !confirm(&lasso) {
            return Err(unconfirmed());
        }
        let witness = witness::to_witness(&lasso, &all).ok_or_else(unconfirmed)?;
        Ok(Verdict::Fails(witness))
    }
}

impl Default for Temporal {
    fn default() -> Temporal {
        Temporal::new()
    }
}

/// A sentence without what a structure adds to its text: events are as they would be written in
/// small letters, parameters have the numbers of their positions, and no types.
fn shape(mut sentence: Sentence, structure: &Structure) -> Sentence {
    for binding in &mut sentence.prefix {
        match &mut binding.sort {
            Sort::Instance(endpoint) => endpoint.clear(),
            Sort::Message(domain) => *domain = Domain::default(),
            Sort::Proxy => {}
        }
    }
    sentence.body.visit_atoms_mut(&mut |atom| {
        atom.endpoint.clear();
        let Event::Named { name, emitted } = &mut atom.event else {
            return;
        };
        if let Structure::Endpoint(endpoint) = structure {
            let declared = match emitted {
                true => endpoint.emitted.get(name),
                false => endpoint.received.get(name),
            };
            for argument in &mut atom.arguments {
                let mut all = declared.into_iter().flatten();
                if let Some(at) = all.position(|it| it.name == argument.parameter) {
                    argument.parameter = (at + 1).to_string();
                }
            }
            atom.arguments.sort();
        }
        *name = name.to_lowercase();
        *emitted = false;
    });
    sentence
}

/// How many histories that are no larger may be tried.
fn attempts(lasso: &Lasso, sentences: &[&Sentence]) -> usize {
    let universe = &lasso.universe;
    let elements = |sort: &Sort| match sort {
        Sort::Instance(_) => universe.instances.len(),
        Sort::Proxy => universe.proxies,
        Sort::Message(domain) => universe.messages.get(domain).copied().unwrap_or(1),
    };
    let cost = sentences.iter().fold(1_usize, |cost, sentence| {
        let mut operators = lasso.prefix.len() + lasso.cycle.len();
        let mut nodes = 0;
        sentence.body.visit(&mut |_| nodes += 1);
        operators = operators.saturating_mul(nodes);
        for binding in &sentence.prefix {
            operators = operators.saturating_mul(elements(&binding.sort).max(1));
        }
        cost.saturating_add(operators)
    });
    (EVALUATIONS / cost).min(ATTEMPTS)
}

/// Whether the last of `sentences` follows from the others: each part of it is a question of its
/// own, with all parts of the others as premises. Where one part is refuted, so is the whole.
fn in_parts(
    sentences: &[&Sentence],
    events: &Events,
    confirm: &dyn Fn(&Lasso) -> bool,
    budget: &mut Budget,
) -> Result<Answer, Reason> {
    let (conclusion, premises) = sentences
        .split_last()
        .expect("because a question has a conclusion");
    // What is refuted is refuted in a universe in which all sentences have a meaning.
    let signature = Signature::of(sentences, events)?;
    let premises: Vec<Sentence> = premises.iter().flat_map(|it| it.conjuncts()).collect();
    let premises: Vec<&Sentence> = premises.iter().collect();
    let parts = conclusion.conjuncts();
    let mut unknown = None;
    for (done, part) in parts.iter().enumerate() {
        let share = budget.0 / (parts.len() - done) as u64;
        let question = Question {
            premises: &premises,
            conclusion: part,
            signature: &signature,
            confirm,
        };
        let answer = budget.lend(share, |budget| {
            budget.take(1 + premises.len())?;
            question.decide(budget)
        });
        match answer {
            Ok(Some(Answer::Holds)) => {}
            Ok(Some(refuted)) => return Ok(refuted),
            Ok(None) => unknown = Some(Reason::Budget),
            Err(reason) => unknown = Some(reason),
        }
    }
    unknown.map_or(Ok(Answer::Holds), Err)
}

/// Whether a history satisfies the premises and not the conclusion.
fn refutes(premises: &[&Sentence], events: &Events, conclusion: &Sentence, lasso: &Lasso) -> bool {
    let mut all = premises.to_vec();
    all.push(conclusion);
    let is = |sentence: &Sentence, truth: bool| {
        evaluate::holds(sentence, lasso, CONFIRMATION) == Some(truth)
    };
    evaluate::admissible(lasso, &all, events).is_ok()
        && premises.iter().all(|premise| is(premise, true))
        && is(conclusion, false)
}

/// What nothing satisfies.
fn contradiction() -> Formula {
    Formula::new(Sentence {
        prefix: Vec::new(),
        body: Node::Constant(false),
    })
}

impl Formalism for Temporal {
    fn name(&self) -> &str {
        "temporal"
    }

    fn id(&self) -> u128 {
        ID
    }

    fn identity(&self) -> Option<String> {
        Some(format!("{self:?} {BUILD}"))
    }

    /// All of the sentence, with what its variables range over.
    fn encode(&self, formula: &Formula) -> Option<Vec<u8>> {
        let sentence = self.sentence(formula).ok()?;
        Some(format!("{sentence:?}").into_bytes())
    }

    fn parse(&self, text: &str, structure: &Structure) -> Result<Formula, ParseError> {
        parse::parse(text, structure, self.atoms).map(Formula::new)
    }

    fn print(&self, formula: &Formula) -> String {
        self.sentence(formula)
            .map_or_else(|_| String::new(), print::print)
    }

    /// Of other types of values only if no value that is never sent matters.
    fn repeats(&self, given: &Formula, asked: &Formula) -> bool {
        let sentences = (self.sentence(given), self.sentence(asked));
        let (Ok(given), Ok(asked)) = sentences else {
            return false;
        };
        print::print(given) == print::print(asked) && widened::stays(given, asked)
    }

    fn satisfiable(&self, formulas: &[&Formula], budget: u64) -> Verdict {
        let contradiction = contradiction();
        self.implies(formulas, &Events::All, &contradiction, budget)
            .as_satisfiability()
    }

    fn contradiction(&self) -> Option<Formula> {
        Some(contradiction())
    }

    fn implies(
        &self,
        premises: &[&Formula],
        events: &Events,
        conclusion: &Formula,
        budget: u64,
    ) -> Verdict {
        self.implies_counting(premises, events, conclusion, budget)
            .0
    }

    fn implies_counting(
        &self,
        premises: &[&Formula],
        events: &Events,
        conclusion: &Formula,
        budget: u64,
    ) -> (Verdict, Option<u64>) {
        let mut left = Budget(budget);
        let decide = |left: &mut Budget| {
            let premises: Vec<&Sentence> = premises
                .iter()
                .map(|premise| self.sentence(premise))
                .collect::<Result<_, _>>()?;
            let conclusion = self.sentence(conclusion)?;
            self.decide(&premises, events, conclusion, left)
        };
        let verdict = decide(&mut left).unwrap_or_else(Verdict::Unknown);
        (verdict, Some(budget - left.0))
    }

    fn replay(
        &self,
        premises: &[&Formula],
        events: &Events,
        conclusion: &Formula,
        witness: &Witness,
    ) -> bool {
        let replayed = || {
            let premises = premises.iter().map(|premise| self.sentence(premise).ok());
            let premises: Vec<&Sentence> = premises.collect::<Option<_>>()?;
            let conclusion = self.sentence(conclusion).ok()?;
            let mut all = premises.clone();
            all.push(conclusion);
            let lasso = witness::from_witness(witness, &all)?;
            Some(refutes(&premises, events, conclusion, &lasso))
        };
        replayed().unwrap_or(false)
    }

    fn explain(
        &self,
        premises: &[&Formula],
        _conclusion: &Formula,
        _witness: &Witness,
    ) -> Option<String> {
        let what = match (self.atoms, premises) {
            (_, []) => "nothing forbids this history",
            (_, [_]) => "this history is allowed by what is promised",
            (_, _) => "this history is allowed by everything that is promised",
        };
        Some(format!("{what}, and it is not as asked for"))
    }

    /// Each part of a conjunction does: then it does. Otherwise, whether all of it does.
    fn ignores_silence(&self, formula: &Formula, budget: u64) -> Verdict {
        let decide = || {
            let sentence = self.sentence(formula)?;
            if silence::is_evidently_ignored(sentence) {
                return Ok(Verdict::Holds);
            }
            let mut budget = Budget(budget);
            let mut ask = |sentence: &Sentence| {
                let question = silence::question(sentence);
                self.decide(&[], &Events::All, &question, &mut budget)
            };
            let parts = sentence.conjuncts();
            if let [_] = parts.as_slice() {
                return ask(sentence);
            }
            for part in &parts {
                if !ask(part)?.holds() {
                    return ask(sentence);
                }
            }
            Ok(Verdict::Holds)
        };
        decide().unwrap_or_else(Verdict::Unknown)
    }

    /// The same about the object's endpoint of this name.
    fn at_endpoint(&self, formula: &Formula, endpoint: &str) -> Option<Formula> {
        let mut sentence = self.sentence(formula).ok()?.clone();
        if sentence
            .atoms()
            .iter()
            .any(|atom| !atom.endpoint.is_empty())
        {
            return None;
        }
        sentence.rename_endpoints(&mut |name| endpoint.clone_into(name));
        Some(Formula::new(sentence))
    }

    fn at_peers(&self, formula: &Formula, peers: &BTreeMap<String, String>) -> Option<Formula> {
        let mut sentence = self.sentence(formula).ok()?.clone();
        let mut atoms = sentence.atoms().into_iter();
        if !atoms.any(|atom| peers.contains_key(&atom.endpoint)) {
            return None;
        }
        sentence.rename_endpoints(&mut |name| {
            if let Some(peer) = peers.get(name) {
                peer.clone_into(name);
            }
        });
        Some(Formula::new(sentence))
    }

    fn self_sustaining(
        &self,
        kept: &[&Formula],
        waiting: &[&Formula],
        events: &Events,
        budget: u64,
    ) -> Verdict {
        let decide = || {
            let sentences = |formulas: &[&Formula]| -> Result<Vec<Sentence>, Reason> {
                let formulas = formulas.iter();
                formulas.map(|it| self.sentence(it).cloned()).collect()
            };
            let (kept, waiting) = (sentences(kept)?, sentences(waiting)?);
            decide::self_sustaining(&kept, &waiting, events, &mut Budget(budget))
        };
        match (self.atoms, decide()) {
            (Atoms::Events, Ok(())) => Verdict::Holds,
            (Atoms::Events, Err(reason)) => Verdict::Unknown(reason),
            (Atoms::Independent, _) => Verdict::Unknown(Reason::Undecided(
                "propositions have no provider".to_owned(),
            )),
        }
    }

    /// If it is about one connection, which may be any.
    fn of_one_connection(&self, formula: &Formula) -> bool {
        let Ok(sentence) = self.sentence(formula) else {
            return false;
        };
        let instances = |binding: &&formula::Binding| matches!(binding.sort, Sort::Instance(_));
        let universal = |binding: &formula::Binding| binding.quantifier == Quantifier::ForAll;
        let at_one = |atom: &&formula::Atom| matches!(atom.place, Place::Instance(_));
        sentence.prefix.iter().all(universal)
            && sentence.prefix.iter().filter(instances).count() == 1
            && sentence.atoms().iter().all(at_one)
    }

    fn monitor(
        &self,
        formula: &Formula,
        structure: &Structure,
    ) -> Result<Box<dyn Monitor>, String> {
        let sentence = self
            .sentence(formula)
            .map_err(|reason| reason.to_string())?;
        monitor::monitor(sentence, structure)
    }

    /// Itself, if it does not tell messages apart.
    fn surviving(&self, formula: &Formula) -> Option<Formula> {
        let sentence = self.sentence(formula).ok()?;
        let messages = |binding: &formula::Binding| matches!(binding.sort, Sort::Message(_));
        match sentence.prefix.iter().any(messages) {
            true => None,
            false => Some(formula.clone()),
        }
    }
}
