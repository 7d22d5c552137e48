//! Laws of the logic, and what only looks like one.

use super::*;

/// Reads a formula: atoms `a` to `d`, `0`, `1`; `!`, `X`, `F`, `G`, `Y`, `Z` (weak yesterday), `O`
/// and `H` before a formula; two formulas with `&`, `|`, `>` (implies), `=`, `^`, `U`, `R`, `W`,
/// `M`, `S` or `T` between them in parentheses, which may be missing around the whole.
pub(super) fn read(text: &str) -> Tree {
    let mut letters = text.chars().filter(|letter| *letter != ' ').peekable();
    let tree = infix(&mut letters);
    assert_eq!(letters.next(), None, "{text}");
    tree
}

fn infix(letters: &mut std::iter::Peekable<impl Iterator<Item = char>>) -> Tree {
    let left = prefix(letters);
    let operator = match letters.peek() {
        None | Some(')') => return left,
        Some('&') => Binary::And,
        Some('|') => Binary::Or,
        Some('>') => Binary::Implies,
        Some('=') => Binary::Iff,
        Some('^') => Binary::Xor,
        Some('U') => Binary::Until,
        Some('R') => Binary::Release,
        Some('W') => Binary::WeakUntil,
        Some('M') => Binary::StrongRelease,
        Some('S') => Binary::Since,
        Some('T') => Binary::Trigger,
        other => panic!("{other:?}"),
    };
    letters.next();
    two(operator, left, prefix(letters))
}

fn prefix(letters: &mut std::iter::Peekable<impl Iterator<Item = char>>) -> Tree {
    let operator = match letters.next().unwrap() {
        '(' => {
            let tree = infix(letters);
            assert_eq!(letters.next(), Some(')'));
            return tree;
        }
        '0' => return Tree::Constant(false),
        '1' => return Tree::Constant(true),
        letter @ 'a'..='d' => return atom(letter as usize - 'a' as usize),
        '!' => Unary::Not,
        'X' => Unary::Next,
        'F' => Unary::Finally,
        'G' => Unary::Globally,
        'Y' => Unary::Yesterday,
        'Z' => Unary::WeakYesterday,
        'O' => Unary::Once,
        'H' => Unary::Historically,
        other => panic!("{other:?}"),
    };
    one(operator, prefix(letters))
}

/// A word at which the two differ at some position, and both alphabets' answers.
fn difference(left: &str, right: &str, simplify: bool) -> Option<Word<Set>> {
    let mut formulas = match simplify {
        true => Formulas::new(),
        false => Formulas::unsimplified(),
    };
    // Laws hold at every position.
    let tree = one(Unary::Finally, two(Binary::Xor, read(left), read(right)));
    let id = tree.build(&mut formulas);
    let exclusive = exclusive(4);
    if let Some(word) = model(&formulas, &exclusive, &[id], 1_000_000).unwrap() {
        assert!(Oracle::new(&exclusive, &word).holds(&tree, 0));
    }
    let word = model(&formulas, &Independent, &[id], 1_000_000).unwrap();
    if let Some(word) = &word {
        assert!(Oracle::new(&Independent, word).holds(&tree, 0), "{word:?}");
    }
    word
}

const LAWS: &[(&str, &str)] = &[
    // Unfolding.
    ("a U b", "b | (a & X(a U b))"),
    ("a R b", "b & (a | X(a R b))"),
    ("a W b", "b | (a & X(a W b))"),
    ("a M b", "b & (a | X(a M b))"),
    ("a S b", "b | (a & Y(a S b))"),
    ("a T b", "b & (a | Z(a T b))"),
    ("F a", "a | X F a"),
    ("G a", "a & X G a"),
    ("O a", "a | Y O a"),
    ("H a", "a & Z H a"),
    // Duality.
    ("!(a U b)", "!a R !b"),
    ("!(a W b)", "!a M !b"),
    ("!(a S b)", "!a T !b"),
    ("!X a", "X !a"),
    ("!Y a", "Z !a"),
    ("!O a", "H !a"),
    // Definitions.
    ("a W b", "(a U b) | G a"),
    ("a M b", "(a R b) & F a"),
    ("a R b", "b W (a & b)"),
    ("a U b", "(a W b) & F b"),
    ("a U b", "b M (a | b)"),
    // Distribution.
    ("X(a & b)", "X a & X b"),
    ("X(a U b)", "X a U X b"),
    ("(a & b) U c", "(a U c) & (b U c)"),
    ("a U (b | c)", "(a U b) | (a U c)"),
    ("(a | b) R c", "(a R c) | (b R c)"),
    ("a R (b & c)", "(a R b) & (a R c)"),
    ("(a & b) S c", "(a S c) & (b S c)"),
    ("a S (b | c)", "(a S b) | (a S c)"),
    ("F(a | b)", "F a | F b"),
    ("G(a & b)", "G a & G b"),
    ("G F(a | b)", "G F a | G F b"),
    ("F G(a & b)", "F G a & F G b"),
    ("Y(a S b)", "Y a S Y b"),
    ("Y(a & b)", "Y a & Z b"),
    // Absorption.
    ("F G F a", "G F a"),
    ("G F G a", "F G a"),
    ("a U (a U b)", "a U b"),
    ("(a U b) U b", "a U b"),
    ("G(a > X a)", "G(a > G a)"),
    ("G F a & G F b", "G(F a & F(b & F a))"),
    ("F(a & X F b)", "F(X F b & a)"),
    ("G F X a", "G F a"),
    ("G F(a U b)", "G F b"),
    ("F(a & G F b)", "F a & G F b"),
    // Past and future.
    ("X Y a", "a"),
    ("X Z a", "a"),
    ("Y X a", "a & Y 1"),
    ("Z X a", "a | Z 0"),
    ("G F O a", "F a | O a"),
    ("F O a", "O a | F a"),
    ("F H a", "H a"),
    ("G O a", "O a"),
    ("H O a", "O H a"),
    ("F(a & O b)", "(O b & F a) | F(b & F a)"),
    ("F(b & H a)", "H a & (b | X(a U (a & b)))"),
    (
        "F(a & (b S c))",
        "((b S c) & (a | X(b U (b & a)))) | F(c & (a | X(b U (b & a))))",
    ),
    ("G F(a & Y b)", "G F(b & X a)"),
    ("G F(a S b)", "G F b | F((a S b) & X G a)"),
    ("G(a > O b)", "O b | (b R (!a | b))"),
    ("H(a > O b)", "H !a | O(b & Z H !a)"),
    ("(a S b) & X(a & !b)", "(a S b) & X((a S b) & (a & !b))"),
    ("X(a S b)", "X b | (X a & (a S b))"),
    ("a U (b & (c S d))", "a U (b & (d | (c & Y(c S d))))"),
    ("Y G(a > X(b R c))", "Y 1 & G(Y a > (b R c))"),
    ("G(a = Y a)", "Y G a | (G !a & Z !a)"),
];

/// What is no law, in at least one direction.
const NO_LAWS: &[(&str, &str)] = &[
    ("F a & F b", "F(a & b)"),
    ("G a | G b", "G(a | b)"),
    ("G F a", "F G a"),
    ("G F a & G F b", "G F(a & b)"),
    ("a U b", "a W b"),
    ("a R b", "a M b"),
    ("(a U b) U c", "a U (b U c)"),
    ("(a | b) U c", "(a U c) | (b U c)"),
    ("a U (b & c)", "(a U b) & (a U c)"),
    ("Y a", "Z a"),
    ("Y X a", "X Y a"),
    ("O a", "F a"),
    ("a S b", "b S a"),
    ("F(a & X b)", "F a & X F b"),
    ("G(a > F b)", "G F a > G F b"),
    ("F Y a", "Y F a"),
];

#[test]
fn laws_hold() {
    for (left, right) in LAWS {
        for simplify in [true, false] {
            let difference = difference(left, right, simplify);
            assert_eq!(difference, None, "{left} and {right}");
        }
    }
}

#[test]
fn what_is_no_law_has_a_counterexample() {
    for (left, right) in NO_LAWS {
        for simplify in [true, false] {
            let difference = difference(left, right, simplify);
            assert!(difference.is_some(), "{left} and {right}");
        }
    }
}

/// Every rule of the constructors that makes two spellings one formula.
#[test]
fn constructors_simplify() {
    let same = [
        ("a & a", "a"),
        ("a & !a", "0"),
        ("a & 1", "a"),
        ("a & (a | b)", "a"),
        ("a & (!a | b)", "a & b"),
        ("(a & b) & c", "c & (b & a)"),
        ("a ^ b", "!(a = b)"),
        ("G a & a", "G a"),
        ("G a & F !a", "0"),
        ("G a & G b", "G(a & b)"),
        ("F G a & F G b", "F G(a & b)"),
        ("F G a & F G !a", "0"),
        ("G F a | G F b", "G F(a | b)"),
        ("X a | X b", "X(a | b)"),
        ("Y a & Z b", "Y(a & b)"),
        ("X 1", "1"),
        ("X !a", "!X a"),
        ("X Y a", "a"),
        ("X G F a", "G F a"),
        ("Y 0", "0"),
        ("Z X a", "a | Z 0"),
        ("F F a", "F a"),
        ("F(a U b)", "F b"),
        ("!a U a", "F a"),
        ("a U (a U b)", "a U b"),
        ("(a U b) U b", "a U b"),
        ("X a U X b", "X(a U b)"),
        ("a U G F b", "G F b"),
        ("a U (b & G F c)", "(a U b) & G F c"),
        ("F O a", "F a | O a"),
        ("O F a", "F a | O a"),
        ("O O a", "O a"),
        ("O(a S b)", "O b"),
        ("a S (a S b)", "a S b"),
        ("a S (b & G F c)", "(a S b) & G F c"),
        ("H F G a", "F G a"),
        ("G O a", "O a"),
        ("a W b", "b R (a | b)"),
        ("(a U b) & F b", "a U b"),
    ];
    for (left, right) in same {
        let mut formulas = Formulas::new();
        let ids = [left, right].map(|text| read(text).build(&mut formulas));
        assert_eq!(ids[0], ids[1], "{left} and {right}");
    }
}
