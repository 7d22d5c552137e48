//! Rules that spare work, each with questions that it would answer wrongly if it were another one.

use super::laws::read;
use super::*;

/// Whether some formulas have a model, all at once, with and without simplification.
fn answers<A: Alphabet>(alphabet: &A, trees: &[Tree]) -> [bool; 2] {
    [Formulas::new(), Formulas::unsimplified()].map(|mut formulas| {
        let all: Vec<Id> = trees.iter().map(|tree| tree.build(&mut formulas)).collect();
        let word = search(&formulas, alphabet, &all, &mut Budget(1_000_000)).unwrap();
        for tree in trees {
            let is_one = |word| Oracle::new(alphabet, word).holds(tree, 0);
            assert!(word.as_ref().is_none_or(is_one), "{tree:?}");
        }
        word.is_some()
    })
}

/// Of exclusive atoms, separated by semicolons.
fn has_model(texts: &str) -> [bool; 2] {
    let trees: Vec<Tree> = texts.split(';').map(read).collect();
    answers(&exclusive(3), &trees)
}

#[test]
fn no_transition_is_taken_for_a_better_one_that_asks_for_more() {
    assert_eq!(has_model("G(X b R a)"), [true, true]);
}

#[test]
fn what_is_asserted_with_an_obligation_is_what_it_says() {
    assert_eq!(has_model("G(c T a); X c"), [false, false]);
}

#[test]
fn a_fact_that_may_be_asked_for_may_be_true_or_not() {
    assert_eq!(has_model("Z b U Y c"), [true, true]);
    assert_eq!(has_model("G(H F b T c)"), [true, true]);
}

#[test]
fn what_is_excluded_on_the_way_is_not_what_is_waited_for() {
    let trees = ["Y(c & a) U Y(!c & a)", "G O a"].map(read);
    assert_eq!(answers(&Independent, &trees), [false, false]);
}

#[test]
fn what_is_true_only_from_some_position_on_or_up_to_it_is_not_so_everywhere() {
    assert_eq!(has_model("(O c) U X b; !c; X !b"), [false, false]);
    assert_eq!(has_model("(H c) U X b; X !c; X !b"), [true, true]);
    assert_eq!(has_model("G Z Z Y G c"), [false, false]);
    let texts = "b S b; G(a S F H(c S F b)); G F G a";
    assert_eq!(has_model(texts), [true, true]);
}

#[test]
fn what_is_postponed_in_no_part_of_a_component_is_postponed_nowhere_in_it() {
    let texts = "G b T b; G O G F a; G F(((b = a) & Z c) & c)";
    assert_eq!(has_model(texts), [true, true]);
}

/// Numbers that look random, the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, count: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % count
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    fn tree(&mut self, operators: usize, atoms: usize) -> Tree {
        if operators == 0 {
            return atom(self.below(atoms));
        }
        if self.below(2) == 0 {
            let all = [&[Unary::Not], &UNARY_FUTURE[..], &UNARY_PAST].concat();
            return one(self.one(&all), self.tree(operators - 1, atoms));
        }
        let all = [&BOOLEAN[..], &BINARY_FUTURE, &BINARY_PAST].concat();
        let first = self.below(operators);
        let left = self.tree(first, atoms);
        two(
            self.one(&all),
            left,
            self.tree(operators - 1 - first, atoms),
        )
    }
}

#[test]
fn what_has_no_model_is_true_of_no_short_word() {
    let alphabet = exclusive(2);
    let words = words(&alphabet, 2, 2, 2);
    let mut dice = Dice(5);
    let mut without = 0;
    for _ in 0..2_000 {
        let count = 1 + dice.below(2);
        let mut tree = || {
            let operators = 1 + dice.below(6);
            let tree = dice.tree(operators, 2);
            match dice.below(3) {
                0 => one(Unary::Globally, tree),
                1 => one(Unary::Globally, one(Unary::Finally, tree)),
                _ => tree,
            }
        };
        let trees: Vec<Tree> = (0..count).map(|_| tree()).collect();
        let answers = answers(&alphabet, &trees);
        assert_eq!(answers[0], answers[1], "{trees:?}");
        if answers[0] {
            continue;
        }
        without += 1;
        let mut formulas = Formulas::unsimplified();
        let all: Vec<Id> = trees.iter().map(|tree| tree.build(&mut formulas)).collect();
        for word in &words {
            let mut each = all.iter();
            let is_one = each.all(|id| word.satisfies(&formulas, &alphabet, *id));
            assert!(!is_one, "{trees:?} {word:?}");
        }
    }
    assert!(without > 200, "{without}");
}

#[test]
fn no_letter_has_an_atom_and_has_it_not() {
    for value in [true, false] {
        let label = Independent.meet(&Independent.any(), 0, value).unwrap();
        assert_eq!(Independent.meet(&label, 0, !value), None);
    }
}

/// The letters with which minimal bad prefixes end: 0 is silence, then `a`, `b`, `c`.
fn last_letters(text: &str) -> Option<Vec<usize>> {
    let mut formulas = Formulas::new();
    let id = read(text).build(&mut formulas);
    let prefixes = Prefixes::of(&formulas, &exclusive(3), &[id], &mut Budget(1_000_000));
    let prefixes = prefixes
        .unwrap()
        .expect("the formula is syntactically safe");
    Some(prefixes.last_letters()?.iter().collect())
}

#[test]
fn a_bad_prefix_ends_where_nothing_can_follow_any_more() {
    let table = [
        ("G !a", Some(vec![1])),
        ("G(a > Y b)", Some(vec![1])),
        ("G(b > Z a)", Some(vec![2])),
        // True at the first position, whatever happens there.
        ("Z a", Some(vec![])),
        // Nobody can do both: it is too late at once.
        ("G(a > X(b & c))", Some(vec![1])),
        ("X(a & b)", None),
        ("G(a > X b)", Some(vec![0, 1, 3])),
    ];
    for (text, expected) in table {
        assert_eq!(last_letters(text), expected, "{text}");
    }
}
