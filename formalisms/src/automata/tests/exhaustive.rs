//! All small formulas, against all short words.

use super::*;

/// All formulas of exactly `operators` operators.
fn trees(operators: usize, leaves: &[Tree]) -> Vec<Tree> {
    let unary = [Unary::Not].iter().chain(&UNARY_FUTURE).chain(&UNARY_PAST);
    let binary = BOOLEAN.iter().chain(&BINARY_FUTURE).chain(&BINARY_PAST);
    let mut sizes: Vec<Vec<Tree>> = vec![leaves.to_vec()];
    for size in 1..=operators {
        let mut trees = Vec::new();
        for operator in unary.clone() {
            trees.extend(
                sizes[size - 1]
                    .iter()
                    .map(|part| one(*operator, part.clone())),
            );
        }
        for operator in binary.clone() {
            for first in 0..size {
                for left in &sizes[first] {
                    for right in &sizes[size - 1 - first] {
                        trees.push(two(*operator, left.clone(), right.clone()));
                    }
                }
            }
        }
        sizes.push(trees);
    }
    sizes.pop().unwrap()
}

/// What has a model has one that is one, and what has none has none among the short words.
fn check<A: Listed>(
    alphabet: &A,
    trees: &[Tree],
    words: &[Word<A::Letter>],
    mut formulas: Formulas,
) {
    for tree in trees {
        let id = tree.build(&mut formulas);
        for (id, value) in [(id, true), (!id, false)] {
            match model(&formulas, alphabet, &[id], 1_000_000).unwrap() {
                Some(word) => {
                    let holds = Oracle::new(alphabet, &word).holds(tree, 0);
                    assert_eq!(holds, value, "{tree:?} {word:?}");
                }
                None => {
                    for word in words {
                        let holds = Oracle::new(alphabet, word).holds(tree, 0);
                        assert_ne!(holds, value, "{tree:?} {word:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn formulas_of_one_atom() {
    let words = words(&Independent, 1, 3, 3);
    for operators in 0..=2 {
        let trees = trees(operators, &[atom(0)]);
        check(&Independent, &trees, &words, Formulas::new());
        check(&Independent, &trees, &words, Formulas::unsimplified());
    }
    let trees: Vec<Tree> = trees(3, &[atom(0)]).into_iter().step_by(19).collect();
    check(&Independent, &trees, &words, Formulas::new());
    check(&Independent, &trees, &words, Formulas::unsimplified());
}

#[test]
fn formulas_of_two_atoms() {
    let leaves = [atom(0), atom(1)];
    let exclusive = exclusive(2);
    for operators in 0..=2 {
        let trees = trees(operators, &leaves);
        let all = words(&Independent, 2, 2, 2);
        check(&Independent, &trees, &all, Formulas::new());
        let all = words(&exclusive, 2, 2, 2);
        check(&exclusive, &trees, &all, Formulas::new());
        check(&exclusive, &trees, &all, Formulas::unsimplified());
    }
}

#[test]
fn words_are_evaluated_by_definition() {
    let words = words(&Independent, 1, 2, 2);
    let mut formulas = Formulas::new();
    for operators in 0..=2 {
        for tree in trees(operators, &[atom(0), Tree::Constant(true)]) {
            let id = tree.build(&mut formulas);
            for word in &words {
                let holds = Oracle::new(&Independent, word).holds(&tree, 0);
                assert_eq!(
                    word.satisfies(&formulas, &Independent, id),
                    holds,
                    "{tree:?}"
                );
            }
        }
    }
}
