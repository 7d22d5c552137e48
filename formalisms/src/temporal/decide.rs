//! Whether premises imply a conclusion (semantics, section 7): see the module `temporal` for why
//! each answer is right.

use std::collections::BTreeMap;

use liveobj_types::formalism::Events;
use liveobj_types::verdict::Reason;

use super::formula::{Binding, Quantifier, Sentence, Sort};
use super::ground::{Breaks, Elements, Ground, Model};
use super::history::Lasso;
use super::partition::Partition;
use super::signature::Signature;
use super::wildcards::{closed, witnessed};
use crate::Budget;

/// Most elements without names that a refutation is searched with, of each sort.
const MOST_FRESH: usize = 3;

/// What was found.
#[derive(Debug)]
pub(super) enum Answer {
    /// The conclusion follows.
    Holds,
    /// A history that satisfies the premises and not the conclusion.
    Refuted(Lasso),
}

/// A question.
pub(super) struct Question<'q> {
    pub premises: &'q [&'q Sentence],
    pub conclusion: &'q Sentence,
    /// What these and any other formulas of the question can tell apart.
    pub signature: &'q Signature,
    /// Whether a history refutes, by the definitions alone.
    pub confirm: &'q dyn Fn(&Lasso) -> bool,
}

impl Question<'_> {
    /// Decides it.
    ///
    /// # Errors
    ///
    /// It lies outside of what is decided, or the steps do not suffice.
    pub fn decide(&self, budget: &mut Budget) -> Result<Answer, Reason> {
        let signature = self.signature;
        if !leads(self.conclusion, Quantifier::ForAll) {
            return Err(shape("the conclusion", "`exists` before `forall`"));
        }
        // A premise may be left out: what follows without it follows.
        let (premises, left_out): (Vec<&Sentence>, Vec<&Sentence>) = self
            .premises
            .iter()
            .partition(|premise| leads(premise, Quantifier::Exists));
        let conclusion = closed(self.conclusion, signature);
        let problem = Problem {
            conclusion: &conclusion,
            premises,
            signature,
        };
        let refutation = |model: Model| {
            let lasso = model.history()?;
            (left_out.is_empty() && (self.confirm)(&lasso)).then_some(lasso)
        };

        let proof = problem.prove(&refutation, budget)?;
        let open = match proof {
            Some(Proof::Refuted(lasso)) => return Ok(Answer::Refuted(lasso)),
            Some(Proof::Open(open)) if open.is_empty() => return Ok(Answer::Holds),
            Some(Proof::Open(open)) => Some(open),
            None => None,
        };
        if open.is_some()
            && let Some(premises) = witnessed(&problem.premises, signature)
        {
            let problem = Problem {
                premises: premises.iter().collect(),
                ..problem
            };
            match problem.prove(&refutation, budget)? {
                Some(Proof::Refuted(lasso)) => return Ok(Answer::Refuted(lasso)),
                Some(Proof::Open(open)) if open.is_empty() => return Ok(Answer::Holds),
                Some(Proof::Open(_)) | None => {}
            }
        }
        if !left_out.is_empty() {
            return Err(match open {
                Some(_) => shape("a premise", "`forall` before `exists`"),
                None => Reason::Budget,
            });
        }

        let most = if signature.wildcards { MOST_FRESH } else { 0 };
        for fresh in 0..=most {
            let mut all = problem.equalities();
            let mut left = open.iter().flatten();
            let mut next = open.as_ref().and_then(|_| left.next());
            loop {
                let equalities = next.unwrap_or(&all);
                if let Some(model) = problem.model(equalities, Some(fresh), budget)?
                    && let Some(lasso) = refutation(model)
                {
                    return Ok(Answer::Refuted(lasso));
                }
                let more = match &open {
                    Some(_) => {
                        next = left.next();
                        next.is_some()
                    }
                    None => all.advance(),
                };
                if !more {
                    break;
                }
            }
        }
        match open {
            None => Err(Reason::Budget),
            Some(_) => Err(Reason::Undecided(
                "a constraint speaks of some instance or of any message, and there is neither a \
                 proof nor a small history that refutes it"
                    .to_owned(),
            )),
        }
    }
}

/// A question of a shape that the procedure takes: ∃*∀* premises and a ∀*∃* conclusion.
struct Problem<'q> {
    conclusion: &'q Sentence,
    premises: Vec<&'q Sentence>,
    signature: &'q Signature,
}

/// How far a proof came.
enum Proof {
    /// A history that refutes was met on the way.
    Refuted(Lasso),
    /// The ways in which variables can be equal that are not excluded; none if it is complete.
    Open(Vec<Equalities>),
}

/// Which of the variables that stand for given elements are equal, by sort.
#[derive(Clone, Debug)]
struct Equalities(BTreeMap<Sort, Partition>);

impl Equalities {
    fn advance(&mut self) -> bool {
        self.0.values_mut().any(Partition::advance)
    }
}

impl Problem<'_> {
    /// The sentences whose leading variables stand for given elements, with the quantifier of
    /// those.
    fn given(&self) -> impl Iterator<Item = (&Sentence, Quantifier)> {
        let premises = self.premises.iter();
        let premises = premises.map(|premise| (*premise, Quantifier::Exists));
        std::iter::once((self.conclusion, Quantifier::ForAll)).chain(premises)
    }

    /// The first way: all variables differ.
    fn equalities(&self) -> Equalities {
        let mut counts: BTreeMap<Sort, usize> = BTreeMap::new();
        for (sentence, quantifier) in self.given() {
            for binding in &sentence.prefix {
                if binding.quantifier == quantifier {
                    *counts.entry(binding.sort.clone()).or_default() += 1;
                }
            }
        }
        let finest = counts.into_iter().map(|(sort, count)| {
            let limit = most(&sort, count).max(1);
            (sort, Partition::finest(count, limit))
        });
        Equalities(finest.collect())
    }

    /// Looks for a proof with half of the steps that are left; none if they do not suffice.
    fn prove(
        &self,
        refutation: &dyn Fn(Model) -> Option<Lasso>,
        budget: &mut Budget,
    ) -> Result<Option<Proof>, Reason> {
        budget.lend(budget.0 / 2, |budget| {
            let mut open = Vec::new();
            let mut equalities = self.equalities();
            loop {
                if let Some(model) = self.model(&equalities, None, budget)? {
                    match refutation(model) {
                        Some(lasso) => return Ok(Proof::Refuted(lasso)),
                        None => open.push(equalities.clone()),
                    }
                }
                if !equalities.advance() {
                    return Ok(Proof::Open(open));
                }
            }
        })
    }

    /// A history of the given elements in which the premises hold and the conclusion does not:
    /// with `fresh` elements more of each sort that all formulas are about, or else with one that
    /// stands for everything else and is spared by the premises.
    fn model(
        &self,
        equalities: &Equalities,
        fresh: Option<usize>,
        budget: &mut Budget,
    ) -> Result<Option<Model>, Reason> {
        budget.take(1)?;
        let named = self.named(equalities, fresh.unwrap_or(0));
        let fixed = self.fixed(equalities);
        let elements = Elements {
            named,
            others: fresh.is_none(),
        };
        let mut ground = Ground::new(self.signature, elements, budget)?;
        for ((sentence, quantifier), fixed) in self.given().zip(&fixed) {
            let asked = quantifier == Quantifier::ForAll;
            ground.assert(sentence, asked, fixed, asked, budget)?;
        }
        ground.assert_connections(budget)?;
        ground.model(budget)
    }

    /// How many elements of each sort have names: those that variables stand for, at least one,
    /// and `fresh` more, as far as there can be so many.
    fn named(&self, equalities: &Equalities, fresh: usize) -> BTreeMap<Sort, usize> {
        let sorts = self.signature.sorts.iter();
        let counted = sorts.map(|sort| {
            let given = equalities.0.get(sort).map_or(0, Partition::len);
            (sort.clone(), most(sort, given.max(1) + fresh).max(given))
        });
        counted.collect()
    }

    /// The elements that variables stand for; none for those that range over all.
    fn fixed(&self, equalities: &Equalities) -> Vec<Vec<Option<usize>>> {
        let mut next: BTreeMap<&Sort, usize> = BTreeMap::new();
        let mut all = Vec::new();
        for (sentence, quantifier) in self.given() {
            let mut fixed = Vec::new();
            for binding in &sentence.prefix {
                fixed.push((binding.quantifier == quantifier).then(|| {
                    let position = next.entry(&binding.sort).or_default();
                    *position += 1;
                    equalities.0[&binding.sort].groups()[*position - 1]
                }));
            }
            all.push(fixed);
        }
        all
    }
}

/// Whether none of `waiting` can be refuted but by what its provider emits last, and silence refutes
/// nothing that is not refuted yet (semantics, section 9).
///
/// This is asked of each body for all values of its variables, all of which are universal: whether
/// two are equal is tried in all ways, and `other` stands for everything that they are not. If what
/// happened does not refute a body for any values, neither does silence for ever, which no minimal
/// bad prefix ends with; so then all sentences can be satisfied together. That is all that is asked
/// of those that are kept.
///
/// # Errors
///
/// It is not so or not known, or the steps do not suffice.
pub(super) fn self_sustaining(
    kept: &[Sentence],
    waiting: &[Sentence],
    events: &Events,
    budget: &mut Budget,
) -> Result<(), Reason> {
    let kept = kept.iter().map(|sentence| (sentence, Breaks::Happens));
    let waiting = waiting.iter().map(|sentence| (sentence, Breaks::Emitted));
    for (sentence, most) in kept.chain(waiting) {
        let universal = |binding: &Binding| binding.quantifier == Quantifier::ForAll;
        if !sentence.prefix.iter().all(universal) {
            return Err(shape("a guarantee", "`exists`"));
        }
        let signature = Signature::of(&[sentence], events)?;
        let problem = Problem {
            conclusion: sentence,
            premises: Vec::new(),
            signature: &signature,
        };
        let mut equalities = problem.equalities();
        loop {
            budget.take(1)?;
            let elements = Elements {
                named: problem.named(&equalities, 0),
                others: true,
            };
            let mut ground = Ground::new(&signature, elements, budget)?;
            let fixed = problem.fixed(&equalities);
            ground.assert(sentence, false, &fixed[0], true, budget)?;
            let why = match ground.breaks(budget)? {
                Some(breaks) if breaks <= most => None,
                Some(_) => Some("can be broken by what its provider does not emit"),
                None => Some("is not known to be a safety property: it has the form of a promise"),
            };
            if let Some(why) = why {
                return Err(Reason::Undecided(format!(
                    "a guarantee of those that wait for each other {why}"
                )));
            }
            if !equalities.advance() {
                break;
            }
        }
    }
    Ok(())
}

/// How many elements there can be, if `count` are wanted.
fn most(sort: &Sort, count: usize) -> usize {
    match sort {
        Sort::Message(domain) => match domain.size.map(usize::try_from) {
            Some(Ok(size)) => count.min(size),
            _ => count,
        },
        Sort::Instance(_) | Sort::Proxy => count,
    }
}

/// Whether no quantifier but `first` stands before one that is `first`.
fn leads(sentence: &Sentence, first: Quantifier) -> bool {
    sentence
        .prefix
        .is_sorted_by_key(|binding| binding.quantifier != first)
}

fn shape(what: &str, order: &str) -> Reason {
    Reason::Undecided(format!(
        "{what} has {order}, which is outside of what is decided"
    ))
}
