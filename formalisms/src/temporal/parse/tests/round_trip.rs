//! Random formulas in random spellings.

use proptest::prelude::*;

use liveobj_types::formalism::Structure;

use super::super::super::print::print;
use super::super::{Atoms, parse};
use super::{channel, object};

/// A formula as it may be written.
#[derive(Clone, Debug)]
enum Tree {
    Leaf(&'static str),
    Unary(usize, Box<Tree>),
    Binary(usize, Box<Tree>, Box<Tree>),
}

/// Spellings of each operator, by the sentence that it makes.
const UNARY: [&[&str]; 7] = [
    &["!", "~", "! "],
    &["X ", "()", "X"],
    &["F ", "<>", "<> ", "F"],
    &["G ", "[]", "G"],
    &["Y ", "Y"],
    &["O ", "O"],
    &["H ", "H"],
];

/// How strongly each binds, and its spellings.
const BINARY: [(u8, &[&str]); 10] = [
    (1, &["<->", "<=>", "<-->"]),
    (2, &["->", "=>", "-->"]),
    (3, &["|", "||", "\\/"]),
    (4, &["xor", "^"]),
    (5, &["&", "&&", "/\\"]),
    (6, &["U"]),
    (6, &["W"]),
    (6, &["R", "V"]),
    (6, &["M"]),
    (6, &["S"]),
];

impl Tree {
    /// Writes the formula; `style` chooses among spellings, and brackets that need not be there.
    fn write(&self, style: &mut dyn FnMut(usize) -> usize, text: &mut String) {
        match self {
            Tree::Leaf(atom) => text.push_str(atom),
            Tree::Unary(operator, inner) => {
                let spellings = UNARY[*operator];
                let spelling = spellings[style(spellings.len())];
                text.push_str(spelling);
                // A letter alone needs a bracket behind it, or it would be part of a word.
                let letter = spelling.ends_with(|c: char| c.is_alphabetic());
                let open = letter || matches!(**inner, Tree::Binary(..)) || style(4) == 0;
                inner.bracketed(open, style, text);
            }
            Tree::Binary(operator, left, right) => {
                let (strength, spellings) = BINARY[*operator];
                let needs = |part: &Tree, right: bool| match part {
                    Tree::Binary(other, ..) => {
                        let own = BINARY[*other].0;
                        let associative = matches!(strength, 1 | 3 | 4 | 5) && operator == other;
                        own < strength || own == strength && !associative && !right
                    }
                    // A unary operator takes what stands right of it and no more.
                    _ => false,
                };
                let open = needs(left, false) || style(4) == 0;
                left.bracketed(open, style, text);
                text.push(' ');
                text.push_str(spellings[style(spellings.len())]);
                text.push(' ');
                let open = needs(right, true) || style(4) == 0;
                right.bracketed(open, style, text);
            }
        }
    }

    fn bracketed(&self, open: bool, style: &mut dyn FnMut(usize) -> usize, text: &mut String) {
        if open {
            text.push('(');
        }
        self.write(style, text);
        if open {
            text.push(')');
        }
    }

    fn text(&self, seed: u64) -> String {
        let mut state = seed;
        let mut style = |choices: usize| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            usize::try_from(state >> 33).expect("31 bits") % choices
        };
        let mut text = String::new();
        self.write(&mut style, &mut text);
        text
    }
}

fn tree(atoms: &'static [&'static str]) -> impl Strategy<Value = Tree> {
    let leaf = prop::sample::select(atoms).prop_map(Tree::Leaf);
    leaf.prop_recursive(6, 40, 2, |inner| {
        prop_oneof![
            (0..UNARY.len(), inner.clone())
                .prop_map(|(operator, it)| Tree::Unary(operator, it.into())),
            (0..BINARY.len(), inner.clone(), inner).prop_map(|(operator, left, right)| {
                Tree::Binary(operator, left.into(), right.into())
            }),
        ]
    })
}

/// Both spellings are read alike, and so is what is printed.
fn agree(prefix: &str, tree: &Tree, seeds: [u64; 2], structure: &Structure, atoms: Atoms) {
    let texts = seeds.map(|seed| format!("{prefix}{}", tree.text(seed)));
    let [one, two] = texts.each_ref().map(|text| {
        parse(text, structure, atoms).unwrap_or_else(|error| panic!("{text}: {error:?}"))
    });
    assert_eq!(one, two, "{texts:?}");
    let printed = print(&one);
    assert_eq!(
        parse(&printed, structure, atoms).as_ref(),
        Ok(&one),
        "{printed}"
    );
    assert_eq!(print(&two), printed);
}

/// A text is read and printed, or refused at a place in it.
fn survives(text: &str, structure: &Structure, atoms: Atoms) {
    match parse(text, structure, atoms) {
        Ok(sentence) => {
            let printed = print(&sentence);
            let again = parse(&printed, structure, atoms);
            assert_eq!(again.as_ref(), Ok(&sentence), "{text}\n{printed}");
        }
        Err(error) => {
            assert!(
                text.get(error.span.start..error.span.end).is_some(),
                "{text}: {error:?}"
            );
        }
    }
}

const WORDS: &[&str] = &[
    "a",
    "b",
    "send",
    "receive",
    "(k, ..)",
    "view",
    "channel",
    "connect",
    "(m)",
    "(k, _)",
    "(k + 1, s)",
    "@i",
    "@*",
    "m",
    "i",
    "forall",
    "exists",
    "instance",
    "message",
    "proxy",
    "define",
    "fifo",
    "if",
    "then",
    "event",
    "at",
    "any",
    "some",
    "most",
    "once",
    "never",
    "precedes",
    "occurs",
    "before",
    "after",
    "every",
    "is",
    "followed",
    "by",
    "both",
    "they",
    "same",
    "order",
    "instances",
    "of",
    "the",
    "other",
    "true",
    "1",
    "G",
    "F",
    "XX",
    "GFa",
    "U",
    "V",
    "M",
    "!",
    "&",
    "|",
    "->",
    "<->",
    "xor",
    "(",
    ")",
    "[]",
    "<>",
    "=",
    "!=",
    ",",
    ".",
    ":",
    ";",
    "\"",
    "'",
    "'F'",
    "//",
    "\n",
    "é",
    "+",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn spellings_of_events_agree(
        tree in tree(&["send@i(m)", "receive@j(n)", "view@*(k, _)", "tick@i", "connect@j", "i = j", "m != n", "true"]),
        seeds: [u64; 2],
    ) {
        // Every variable is used, so that its sort is known.
        let used = Tree::Leaf("(send@i(m) & receive@j(n))");
        let tree = Tree::Binary(5, used.into(), tree.into());
        let prefix = "forall i, j: instance. exists n: message. ";
        agree(prefix, &tree, seeds, &channel(), Atoms::Events);
    }

    #[test]
    fn spellings_of_propositions_agree(
        tree in tree(&["a", "b", "p0", "\"F\"", "0", "'x y'"]),
        seeds: [u64; 2],
    ) {
        agree("", &tree, seeds, &Structure::Undeclared, Atoms::Independent);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,40}") {
        for atoms in [Atoms::Events, Atoms::Independent] {
            survives(&text, &Structure::Undeclared, atoms);
        }
    }

    #[test]
    fn any_words_are_read_or_refused(words in prop::collection::vec(prop::sample::select(WORDS), 0..14)) {
        let text = words.join(" ");
        for structure in [Structure::Undeclared, channel(), object()] {
            survives(&text, &structure, Atoms::Events);
        }
        survives(&text, &Structure::Undeclared, Atoms::Independent);
    }
}
