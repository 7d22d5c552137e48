//! Random formulas, against the definitions.

use proptest::prelude::*;
use proptest::sample::select;

use super::*;

const ATOMS: usize = 3;
const STEPS: u64 = 3_000_000;

/// Which operators a formula may have.
#[derive(Clone, Copy)]
struct Kind {
    future: bool,
    past: bool,
}

const FUTURE: Kind = Kind {
    future: true,
    past: false,
};
const PAST: Kind = Kind {
    future: false,
    past: true,
};
const MIXED: Kind = Kind {
    future: true,
    past: true,
};

fn trees(kind: Kind, atoms: usize, size: u32) -> impl Strategy<Value = Tree> {
    let mut unary = vec![Unary::Not];
    let mut binary = BOOLEAN.to_vec();
    if kind.future {
        unary.extend(UNARY_FUTURE);
        binary.extend(BINARY_FUTURE);
    }
    if kind.past {
        unary.extend(UNARY_PAST);
        binary.extend(BINARY_PAST);
    }
    let leaf = prop_oneof![
        1 => any::<bool>().prop_map(Tree::Constant),
        9 => (0..atoms).prop_map(Tree::Atom),
    ];
    leaf.prop_recursive(6, size, 2, move |part| {
        prop_oneof![
            (select(unary.clone()), part.clone()).prop_map(|(operator, part)| one(operator, part)),
            (select(binary.clone()), part.clone(), part)
                .prop_map(|(operator, left, right)| two(operator, left, right)),
        ]
    })
}

fn formulas_of_all_kinds(size: u32) -> impl Strategy<Value = Tree> {
    prop_oneof![
        trees(FUTURE, ATOMS, size),
        trees(PAST, ATOMS, size),
        trees(MIXED, ATOMS, size),
    ]
}

fn lassos<A: Listed>(alphabet: &A) -> impl Strategy<Value = Word<A::Letter>> + use<A>
where
    A::Letter: 'static,
{
    let letters = alphabet.letters(ATOMS);
    let string = move |range| proptest::collection::vec(select(letters.clone()), range);
    (string(0..4), string(1..4)).prop_map(|(prefix, cycle)| Word { prefix, cycle })
}

/// A formula and its negation: one has a model, each model is one, and twice the same.
fn has_models<A: Alphabet>(
    alphabet: &A,
    tree: &Tree,
    mut formulas: Formulas,
) -> Result<(), TestCaseError> {
    let id = tree.build(&mut formulas);
    let mut found = false;
    for (id, value) in [(id, true), (!id, false)] {
        let Ok(word) = model(&formulas, alphabet, &[id], STEPS) else {
            found = true;
            continue;
        };
        prop_assert_eq!(
            model(&formulas, alphabet, &[id], STEPS).unwrap(),
            word.clone()
        );
        if let Some(word) = word {
            found = true;
            prop_assert!(!word.cycle.is_empty());
            prop_assert_eq!(
                Oracle::new(alphabet, &word).holds(tree, 0),
                value,
                "{:?}",
                word
            );
        }
    }
    prop_assert!(found, "neither it nor its negation has a model");
    Ok(())
}

/// A formula has the model `word` exactly if that is one.
fn decides_word<A: Listed>(
    alphabet: &A,
    tree: &Tree,
    word: &Word<A::Letter>,
    mut formulas: Formulas,
) -> Result<(), TestCaseError> {
    let id = tree.build(&mut formulas);
    let value = Oracle::new(alphabet, word).holds(tree, 0);
    prop_assert_eq!(word.satisfies(&formulas, alphabet, id), value);
    prop_assert_eq!(word.satisfies(&formulas, alphabet, !id), !value);
    let word = encode(&mut formulas, alphabet, ATOMS, word);
    for (id, value) in [(id, value), (!id, !value)] {
        let model = model(&formulas, alphabet, &[word, id], STEPS);
        if let Ok(model) = model {
            prop_assert_eq!(model.is_some(), value);
        }
    }
    Ok(())
}

/// One formula after another, or all at once.
fn uses_what_matters<A: Alphabet>(alphabet: &A, trees: &[Tree]) -> Result<(), TestCaseError> {
    let mut formulas = Formulas::new();
    let all: Vec<Id> = trees.iter().map(|tree| tree.build(&mut formulas)).collect();
    let some = model(&formulas, alphabet, &all, STEPS);
    let at_once = search(&formulas, alphabet, &all, &mut Budget(STEPS));
    if let (Ok(some), Ok(at_once)) = (some, at_once) {
        prop_assert_eq!(some.is_some(), at_once.is_some());
        for word in some.into_iter().chain(at_once) {
            for tree in trees {
                prop_assert!(Oracle::new(alphabet, &word).holds(tree, 0), "{:?}", word);
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn models_of_independent_atoms(tree in formulas_of_all_kinds(24)) {
        has_models(&Independent, &tree, Formulas::new())?;
        has_models(&Independent, &tree, Formulas::unsimplified())?;
    }

    #[test]
    fn models_of_exclusive_atoms(tree in formulas_of_all_kinds(24)) {
        has_models(&exclusive(ATOMS), &tree, Formulas::new())?;
        has_models(&exclusive(ATOMS), &tree, Formulas::unsimplified())?;
    }

    #[test]
    fn words_of_independent_atoms(
        tree in formulas_of_all_kinds(24),
        word in lassos(&Independent),
    ) {
        decides_word(&Independent, &tree, &word, Formulas::new())?;
        decides_word(&Independent, &tree, &word, Formulas::unsimplified())?;
    }

    #[test]
    fn words_of_exclusive_atoms(
        tree in formulas_of_all_kinds(24),
        word in lassos(&exclusive(ATOMS)),
    ) {
        decides_word(&exclusive(ATOMS), &tree, &word, Formulas::new())?;
        decides_word(&exclusive(ATOMS), &tree, &word, Formulas::unsimplified())?;
    }

    #[test]
    fn conjunctions_of_independent_atoms(
        trees in proptest::collection::vec(formulas_of_all_kinds(8), 2..6),
    ) {
        uses_what_matters(&Independent, &trees)?;
    }

    #[test]
    fn conjunctions_of_exclusive_atoms(
        trees in proptest::collection::vec(formulas_of_all_kinds(8), 2..6),
    ) {
        uses_what_matters(&exclusive(ATOMS), &trees)?;
    }
}
