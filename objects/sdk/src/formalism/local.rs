//! A formalism as its own tests ask it: in the same process, through no tables.

use std::marker::PhantomData;

use liveobj_types::formalism::{Events, Formula, ParseError, Structure};
use liveobj_types::verdict::{Reason, Verdict, Witness};

use super::Formalism;

/// The formalism `F` as the checker knows formalisms.
pub(crate) struct Local<F>(PhantomData<fn() -> F>);

impl<F> Local<F> {
    pub(crate) fn new() -> Local<F> {
        Local(PhantomData)
    }
}

/// The representations, if all formulas are of this formalism.
fn all<'a, F: Formalism>(formulas: &[&'a Formula]) -> Option<Vec<&'a F::Formula>> {
    formulas.iter().map(|formula| formula.get()).collect()
}

fn foreign<F: Formalism>() -> Verdict {
    let name = F::NAME;
    Verdict::Unknown(Reason::Undecided(format!(
        "the formula is not one of formalism `{name}`"
    )))
}

impl<F: Formalism> liveobj_types::Formalism for Local<F> {
    fn name(&self) -> &str {
        F::NAME
    }

    fn id(&self) -> u128 {
        F::ID
    }

    fn parse(&self, text: &str, structure: &Structure) -> Result<Formula, ParseError> {
        F::parse(text, structure).map(Formula::new)
    }

    fn print(&self, formula: &Formula) -> String {
        formula.get().map(F::print).unwrap_or_default()
    }

    fn dual(&self, formula: &Formula) -> Option<Formula> {
        F::dual(formula.get()?).map(Formula::new)
    }

    fn satisfiable(&self, formulas: &[&Formula], budget: u64) -> Verdict {
        match all::<F>(formulas) {
            Some(formulas) => F::satisfiable(&formulas, budget),
            None => foreign::<F>(),
        }
    }

    fn implies(
        &self,
        premises: &[&Formula],
        events: &Events,
        conclusion: &Formula,
        budget: u64,
    ) -> Verdict {
        match (all::<F>(premises), conclusion.get()) {
            (Some(premises), Some(conclusion)) => F::implies(&premises, events, conclusion, budget),
            _ => foreign::<F>(),
        }
    }

    fn replay(
        &self,
        premises: &[&Formula],
        events: &Events,
        conclusion: &Formula,
        witness: &Witness,
    ) -> bool {
        match (all::<F>(premises), conclusion.get()) {
            (Some(premises), Some(conclusion)) => F::replay(&premises, events, conclusion, witness),
            _ => false,
        }
    }

    fn explain(
        &self,
        premises: &[&Formula],
        conclusion: &Formula,
        witness: &Witness,
    ) -> Option<String> {
        F::explain(&all::<F>(premises)?, conclusion.get()?, witness)
    }

    fn at_endpoint(&self, formula: &Formula, endpoint: &str) -> Option<Formula> {
        F::at_endpoint(formula.get()?, endpoint).map(Formula::new)
    }

    fn surviving(&self, formula: &Formula) -> Option<Formula> {
        F::surviving(formula.get()?).map(Formula::new)
    }
}
