use std::collections::HashMap;

use proptest::prelude::*;

use super::super::history::Universe;
use super::super::tests::random;
use super::*;

mod events;

const PLENTY: u64 = 10_000_000;

fn proposition(name: &str) -> Node {
    Node::Proposition(name.to_owned())
}

fn propositional(body: Node) -> Sentence {
    Sentence {
        prefix: Vec::new(),
        body,
    }
}

/// A history of propositions: `a ab -` is three positions.
fn word(prefix: &str, cycle: &str) -> Lasso {
    let positions = |text: &str| {
        let positions = text.split_whitespace().map(|names| {
            let names = names.chars().filter(|name| *name != '-');
            Position::Propositions(names.map(String::from).collect())
        });
        positions.collect()
    };
    Lasso {
        universe: Universe::default(),
        prefix: positions(prefix),
        cycle: positions(cycle),
    }
}

/// Where a formula is true, as a string of 0 and 1 for the first positions.
fn truth(body: &Node, lasso: &Lasso, positions: usize) -> String {
    let at = (0..positions).scan(body.clone(), |node, _| {
        let sentence = propositional(node.clone());
        *node = Node::unary(Unary::Next, node.clone());
        Some(match holds(&sentence, lasso, PLENTY)? {
            true => '1',
            false => '0',
        })
    });
    at.collect()
}

#[test]
fn every_operator_is_as_defined() {
    use Binary as B;
    use Unary as U;
    let (a, b) = (proposition("a"), proposition("b"));
    let unary = |operator, prefix, cycle, expected: &str| {
        let formula = Node::unary(operator, a.clone());
        let lasso = word(prefix, cycle);
        let found = truth(&formula, &lasso, expected.len());
        assert_eq!(found, expected, "{operator:?} a in {prefix} ({cycle})");
    };
    unary(U::Not, "a -", "a", "01000");
    unary(U::Next, "- a", "- a", "1010101");
    unary(U::Finally, "- a -", "-", "11000");
    unary(U::Finally, "-", "- a -", "11111111");
    unary(U::Globally, "a - a", "a", "00111");
    unary(U::Globally, "a", "a -", "000000");
    unary(U::Yesterday, "a -", "- a", "0100101010");
    unary(U::Once, "- -", "- a", "00011111");
    unary(U::Once, "a", "-", "11111");
    unary(U::Historically, "a a", "a -", "111000");
    unary(U::Historically, "a", "a", "111111");
    let binary = |operator, prefix, cycle, expected: &str| {
        let formula = Node::binary(operator, a.clone(), b.clone());
        let lasso = word(prefix, cycle);
        let found = truth(&formula, &lasso, expected.len());
        assert_eq!(found, expected, "a {operator:?} b in {prefix} ({cycle})");
    };
    binary(B::And, "- a b ab", "-", "00010");
    binary(B::Or, "- a b ab", "-", "01110");
    binary(B::Implies, "- a b ab", "-", "10111");
    binary(B::Iff, "- a b ab", "-", "10011");
    binary(B::Xor, "- a b ab", "-", "01100");
    binary(B::Until, "a a b a -", "a", "111000");
    binary(B::Until, "-", "a b", "0111111");
    binary(B::WeakUntil, "a a b a -", "a", "1110011");
    binary(B::Release, "b b ab b -", "b", "1110011");
    binary(B::Release, "b a", "b", "00111");
    binary(B::StrongRelease, "b b ab b -", "b", "1110000");
    binary(B::StrongRelease, "b", "b ab", "111111");
    binary(B::Since, "a b a a -", "a", "01110000");
    // Nothing ends what begins in the first round, so it is true in all later ones.
    binary(B::Since, "-", "a ab a", "00111111");
    binary(B::Since, "b", "a", "11111");
}

#[test]
fn past_operators_may_differ_between_rounds() {
    use Unary::{Once, Yesterday};
    let a = proposition("a");
    let lasso = word("", "- a -");
    let once = Node::unary(Once, a.clone());
    let before = Node::unary(Yesterday, once.clone());
    // a & Y O a: from the second round on.
    let again = Node::binary(Binary::And, a.clone(), before);
    assert_eq!(truth(&again, &lasso, 9), "000010010");
    // Each nesting begins a round later.
    let mut nested = a.clone();
    for round in 1..6 {
        let earlier = Node::unary(Yesterday, Node::unary(Once, nested));
        nested = Node::binary(Binary::And, a.clone(), earlier);
        let found = truth(&nested, &lasso, 24);
        assert_eq!(found.find('1'), Some(3 * round + 1), "{found}");
    }
}

/// The definition once more, by recursion over positions far into the history.
struct Brute<'a> {
    lasso: &'a Lasso,
    /// A bound on how far ahead something has to be looked for.
    horizon: usize,
    known: HashMap<(*const Node, usize), bool>,
}

impl<'a> Brute<'a> {
    fn holds(body: &Node, lasso: &'a Lasso) -> bool {
        let mut nodes = 0;
        body.visit(&mut |_| nodes += 1);
        let horizon = lasso.prefix.len() + (nodes + 2) * lasso.cycle.len();
        let known = HashMap::new();
        let mut brute = Brute {
            lasso,
            horizon,
            known,
        };
        brute.at(body, 0)
    }

    fn at(&mut self, node: &Node, at: usize) -> bool {
        if let Some(known) = self.known.get(&(&raw const *node, at)) {
            return *known;
        }
        let truth = self.compute(node, at);
        self.known.insert((&raw const *node, at), truth);
        truth
    }

    fn compute(&mut self, node: &Node, at: usize) -> bool {
        let end = at + self.horizon;
        match node {
            Node::Constant(truth) => *truth,
            Node::Proposition(name) => {
                let (prefix, cycle) = (&self.lasso.prefix, &self.lasso.cycle);
                let position = match at.checked_sub(prefix.len()) {
                    None => &prefix[at],
                    Some(beyond) => &cycle[beyond % cycle.len()],
                };
                matches!(position, Position::Propositions(names) if names.contains(name))
            }
            Node::Unary(operator, a) => match operator {
                Unary::Not => !self.at(a, at),
                Unary::Next => self.at(a, at + 1),
                Unary::Finally => (at..end).any(|at| self.at(a, at)),
                Unary::Globally => (at..end).all(|at| self.at(a, at)),
                Unary::Yesterday => at > 0 && self.at(a, at - 1),
                Unary::Once => (0..=at).any(|at| self.at(a, at)),
                Unary::Historically => (0..=at).all(|at| self.at(a, at)),
            },
            Node::Binary(operator, a, b) => match operator {
                Binary::And => self.at(a, at) && self.at(b, at),
                Binary::Or => self.at(a, at) || self.at(b, at),
                Binary::Implies => !self.at(a, at) || self.at(b, at),
                Binary::Iff => self.at(a, at) == self.at(b, at),
                Binary::Xor => self.at(a, at) != self.at(b, at),
                Binary::Until => self.until(a, b, at, end),
                Binary::WeakUntil => {
                    self.until(a, b, at, end) || (at..end).all(|at| self.at(a, at))
                }
                // At every position b holds, or a held before.
                Binary::Release => {
                    (at..end).all(|now| self.at(b, now) || (at..now).any(|at| self.at(a, at)))
                }
                Binary::StrongRelease => {
                    (at..end).any(|now| self.at(a, now) && (at..=now).all(|at| self.at(b, at)))
                }
                Binary::Since => (0..=at)
                    .any(|then| self.at(b, then) && (then + 1..=at).all(|at| self.at(a, at))),
            },
            Node::Event(_) | Node::Same(..) => panic!("only propositions are compared"),
        }
    }

    fn until(&mut self, a: &Node, b: &Node, at: usize, end: usize) -> bool {
        (at..end).any(|now| self.at(b, now) && (at..now).all(|at| self.at(a, at)))
    }
}

fn formulas() -> impl Strategy<Value = Node> {
    let leaf = prop_oneof![
        4 => prop_oneof![Just("a"), Just("b")].prop_map(proposition),
        1 => any::<bool>().prop_map(Node::Constant),
    ];
    random::formulas(leaf.boxed(), 5, 12)
}

fn words() -> impl Strategy<Value = Lasso> {
    let letter = prop_oneof![Just("-"), Just("a"), Just("b"), Just("ab")];
    let prefix = prop::collection::vec(letter.clone(), 0..4);
    let cycle = prop::collection::vec(letter, 1..4);
    (prefix, cycle).prop_map(|(prefix, cycle)| word(&prefix.join(" "), &cycle.join(" ")))
}

fn is_true(body: Node, lasso: &Lasso) -> bool {
    holds(&propositional(body), lasso, PLENTY).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn agrees_with_brute_force(body in formulas(), lasso in words()) {
        prop_assert_eq!(is_true(body.clone(), &lasso), Brute::holds(&body, &lasso));
    }

    #[test]
    fn equal_histories_are_not_told_apart(body in formulas(), lasso in words()) {
        let truth = is_true(body.clone(), &lasso);
        let mut rotated = lasso.clone();
        rotated.prefix.push(lasso.cycle[0].clone());
        rotated.cycle.rotate_left(1);
        prop_assert_eq!(is_true(body.clone(), &rotated), truth);
        let mut doubled = lasso.clone();
        doubled.cycle.extend(lasso.cycle.clone());
        prop_assert_eq!(is_true(body, &doubled), truth);
    }

    #[test]
    fn laws_hold_everywhere(a in formulas(), b in formulas(), lasso in words()) {
        use Binary::{And, Iff, Or, Release, Since, StrongRelease, Until, WeakUntil};
        use Unary::{Finally, Globally, Historically, Next, Not, Once, Yesterday};
        let (un, bi) = (Node::unary, Node::binary);
        let not = |node: &Node| un(Not, node.clone());
        let (a, b) = (&a, &b);
        let of = |op, a: &Node, b: &Node| bi(op, a.clone(), b.clone());
        let until = of(Until, a, b);
        let since = of(Since, a, b);
        let laws = [
            // Unfolding.
            (until.clone(), of(Or, b, &of(And, a, &un(Next, until.clone())))),
            (since.clone(), of(Or, b, &of(And, a, &un(Yesterday, since.clone())))),
            (of(Release, a, b), of(And, b, &of(Or, a, &un(Next, of(Release, a, b))))),
            // Duality.
            (of(Release, a, b), not(&of(Until, &not(a), &not(b)))),
            (of(WeakUntil, a, b), not(&of(StrongRelease, &not(a), &not(b)))),
            (un(Globally, a.clone()), not(&un(Finally, not(a)))),
            (un(Historically, a.clone()), not(&un(Once, not(a)))),
            (un(Next, not(a)), not(&un(Next, a.clone()))),
            // One operator by another.
            (of(WeakUntil, a, b), of(Or, &until, &un(Globally, a.clone()))),
            (of(StrongRelease, a, b), of(Until, b, &of(And, a, b))),
            (un(Finally, a.clone()), of(Until, &Node::Constant(true), a)),
            (un(Once, a.clone()), of(Since, &Node::Constant(true), a)),
            // What comes next had this before.
            (un(Next, un(Yesterday, a.clone())), a.clone()),
        ];
        for (left, right) in laws {
            let law = un(Globally, bi(Iff, left, right));
            prop_assert!(is_true(law.clone(), &lasso), "{law:?}");
        }
    }
}
