//! What every formalism must do, to be mounted in the tests of each one, whether built in or added
//! by a library: questions are asked, and what contradicts the contract of [`Formalism`] panics.
//!
//! `holds` cannot be confirmed from outside. What can be is that implication is reflexive, transitive
//! and monotone in its premises, that refutations replay, and that nothing follows from one answer
//! that another one denies.

use super::{Events, Formalism, Formula, Structure};
use crate::verdict::{Reason, Verdict};

/// Steps that a question may take here.
pub const BUDGET: u64 = 100_000;

/// Everything but the parser, on the formulas that `texts` give; all pairs and triples of them are
/// looked at.
///
/// # Panics
///
/// The formalism does not conform.
pub fn conforms(formalism: &dyn Formalism, structure: &Structure, texts: &[String]) {
    let formulas: Vec<Formula> = texts
        .iter()
        .map(|text| {
            let formula = formalism.parse(text, structure);
            formula.unwrap_or_else(|error| panic!("{text}: {error:?}"))
        })
        .collect();
    for (text, formula) in texts.iter().zip(&formulas) {
        assert!(
            ask(formalism, &[formula], formula).holds(),
            "{text} does not imply itself"
        );
        prints_and_reads(formalism, structure, text, formula);
        survives(formalism, text, formula);
        let spent = formalism.implies(&[formula], &Events::All, formula, 0);
        assert_eq!(spent, Verdict::Unknown(Reason::Budget), "{text}");
        let spent = formalism.satisfiable(&[formula], 0);
        assert_eq!(spent, Verdict::Unknown(Reason::Budget), "{text}");
    }
    relates(formalism, texts, &formulas);
}

/// The answer to a question, asked twice; a refutation is confirmed.
fn ask(formalism: &dyn Formalism, premises: &[&Formula], conclusion: &Formula) -> Verdict {
    let verdict = formalism.implies(premises, &Events::All, conclusion, BUDGET);
    let again = formalism.implies(premises, &Events::All, conclusion, BUDGET);
    assert_eq!(verdict, again, "the same question has the same answer");
    let (counted, _) = formalism.implies_counting(premises, &Events::All, conclusion, BUDGET);
    assert_eq!(
        verdict, counted,
        "it answers the same where steps are counted"
    );
    if let Verdict::Fails(witness) = &verdict {
        let print = |formula: &&Formula| formalism.print(formula);
        assert!(
            formalism.replay(premises, &Events::All, conclusion, witness),
            "{witness:?} does not refute {:?} => {}",
            premises.iter().map(print).collect::<Vec<_>>(),
            formalism.print(conclusion)
        );
    }
    verdict
}

fn prints_and_reads(
    formalism: &dyn Formalism,
    structure: &Structure,
    text: &str,
    formula: &Formula,
) {
    let printed = formalism.print(formula);
    let reread = formalism.parse(&printed, structure);
    let reread = reread.unwrap_or_else(|error| panic!("{text} prints as {printed}: {error:?}"));
    assert_eq!(formalism.print(&reread), printed, "{text}");
    assert!(
        ask(formalism, &[formula], &reread).holds() && ask(formalism, &[&reread], formula).holds(),
        "{text}"
    );
    if let Some(dual) = formalism.dual(formula) {
        let back = formalism.dual(&dual);
        let back = back.unwrap_or_else(|| panic!("{text}: its dual has no dual"));
        assert_eq!(formalism.print(&back), printed, "{text}");
    }
}

fn survives(formalism: &dyn Formalism, text: &str, formula: &Formula) {
    let Some(left) = formalism.surviving(formula) else {
        return;
    };
    assert!(
        ask(formalism, &[formula], &left).holds(),
        "{text}: what survives is no consequence"
    );
    let again = formalism.surviving(&left);
    let again = again.unwrap_or_else(|| panic!("{text}: what survives does not survive again"));
    assert_eq!(formalism.print(&again), formalism.print(&left), "{text}");
}

fn relates(formalism: &dyn Formalism, texts: &[String], formulas: &[Formula]) {
    let row = |left: &Formula| -> Vec<bool> {
        let row = formulas.iter();
        row.map(|right| ask(formalism, &[left], right).holds())
            .collect()
    };
    let table: Vec<Vec<bool>> = formulas.iter().map(row).collect();
    for (i, row) in table.iter().enumerate() {
        for j in (0..row.len()).filter(|j| row[*j]) {
            for k in (0..row.len()).filter(|k| table[j][*k]) {
                assert!(row[k], "{} => {} => {}", texts[i], texts[j], texts[k]);
            }
            for more in formulas {
                assert!(
                    ask(formalism, &[more, &formulas[i]], &formulas[j]).holds(),
                    "more premises take a conclusion away: {} => {}",
                    texts[i],
                    texts[j]
                );
            }
        }
    }
    for (i, a) in formulas.iter().enumerate() {
        for (j, b) in formulas.iter().enumerate() {
            let satisfiable = formalism.satisfiable(&[a, b], BUDGET);
            if let Some(contradiction) = formalism.contradiction() {
                let refuted = ask(formalism, &[a, b], &contradiction);
                let (a, b) = (&texts[i], &texts[j]);
                assert_eq!(refuted.as_satisfiability(), satisfiable, "{a} and {b}");
            }
            let encodings = [a, b].map(|formula| formalism.encode(formula));
            if encodings[0].is_some() && encodings[0] == encodings[1] {
                let (a, b) = (formalism.print(a), formalism.print(b));
                assert_eq!(a, b, "two formulas have one encoding");
            }
            if satisfiable.fails() {
                assert!(
                    formulas
                        .iter()
                        .all(|any| ask(formalism, &[a, b], any).holds()),
                    "nothing satisfies {} and {}, and they do not imply everything",
                    texts[i],
                    texts[j]
                );
            }
        }
    }
}

/// Any text is read, or refused with a place in it, at whole characters, and a message.
///
/// # Panics
///
/// The formalism does not conform.
pub fn reads_or_tells_where(formalism: &dyn Formalism, structure: &Structure, text: &str) {
    match formalism.parse(text, structure) {
        Ok(formula) => {
            formalism.print(&formula);
        }
        Err(error) => {
            assert!(
                text.get(error.span.start..error.span.end).is_some(),
                "{error:?}"
            );
            assert!(!error.message.is_empty() && !error.message.ends_with('.'));
        }
    }
}
