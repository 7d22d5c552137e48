//! Sentences as texts.

use std::collections::BTreeMap;

use super::formula::{
    Atom, Binary, Binding, Event, Node, Place, Quantifier, Sentence, Sort, Unary, Variable,
};
use super::parse::{is_plain, is_standard};

/// Prints canonically: sentences that print alike are equal, but for how chains of `&`, `|`, `xor`
/// and `<->` are grouped, and in the same structure the text is read as an equal sentence.
///
/// Arguments name their parameters, whose order the sentence does not know, unless nothing is
/// declared.
pub(super) fn print(sentence: &Sentence) -> String {
    let mut printer = Printer {
        prefix: &sentence.prefix,
        arities: BTreeMap::new(),
        text: String::new(),
    };
    for atom in sentence.atoms() {
        let last = atom
            .arguments
            .iter()
            .filter_map(|it| position(&it.parameter))
            .max();
        if let (Event::Named { name, .. }, Some(last)) = (&atom.event, last) {
            let arity = printer.arities.entry(name).or_default();
            *arity = last.max(*arity);
        }
    }
    printer.prefix();
    printer.node(&sentence.body, 0);
    printer.text
}

/// The position that the parameters of an undeclared event have for names.
fn position(parameter: &str) -> Option<usize> {
    parameter.parse().ok().filter(|position| *position > 0)
}

struct Printer<'s> {
    prefix: &'s [Binding],
    /// How many arguments undeclared events have.
    arities: BTreeMap<&'s str, usize>,
    text: String,
}

/// How strongly operators bind: as the reader has it.
fn strength(operator: Binary) -> u8 {
    match operator {
        Binary::Iff => 1,
        Binary::Implies => 2,
        Binary::Or => 3,
        Binary::Xor => 4,
        Binary::And => 5,
        Binary::Until
        | Binary::WeakUntil
        | Binary::Release
        | Binary::StrongRelease
        | Binary::Since => 6,
    }
}

const UNARY: u8 = 7;

fn sign(operator: Binary) -> &'static str {
    match operator {
        Binary::And => "&",
        Binary::Or => "|",
        Binary::Implies => "->",
        Binary::Iff => "<->",
        Binary::Xor => "xor",
        Binary::Until => "U",
        Binary::WeakUntil => "W",
        Binary::Release => "R",
        Binary::StrongRelease => "M",
        Binary::Since => "S",
    }
}

impl<'s> Printer<'s> {
    /// The quantifiers, but for that of the one connection, which no text writes.
    fn prefix(&mut self) {
        let mut open: Option<(Quantifier, &str)> = None;
        for binding in self
            .prefix
            .iter()
            .filter(|binding| !binding.name.is_empty())
        {
            let sort = match binding.sort {
                Sort::Instance(_) => "instance",
                Sort::Proxy => "proxy",
                Sort::Message(_) => "message",
            };
            let this = Some((binding.quantifier, sort));
            if open == this {
                self.text.push_str(", ");
            } else {
                self.close(open);
                self.text.push_str(match binding.quantifier {
                    Quantifier::ForAll => "forall ",
                    Quantifier::Exists => "exists ",
                });
            }
            self.text.push_str(&binding.name);
            open = this;
        }
        self.close(open);
    }

    fn close(&mut self, open: Option<(Quantifier, &str)>) {
        if let Some((_, sort)) = open {
            self.text.push_str(": ");
            self.text.push_str(sort);
            self.text.push_str(". ");
        }
    }

    /// A formula, in brackets if it binds less strongly than `level`.
    fn node(&mut self, node: &'s Node, level: u8) {
        let own = match node {
            Node::Binary(operator, ..) => strength(*operator),
            Node::Same(..) => UNARY,
            Node::Unary(Unary::Not, inner) if matches!(**inner, Node::Same(..)) => UNARY,
            _ => u8::MAX,
        };
        if own < level {
            self.text.push('(');
        }
        match node {
            Node::Constant(value) => self.text.push_str(if *value { "true" } else { "false" }),
            Node::Proposition(name) => self.proposition(name),
            Node::Event(atom) => self.event(atom),
            Node::Same(left, right) => self.compared(*left, "=", *right),
            Node::Unary(Unary::Not, inner) => match &**inner {
                Node::Same(left, right) => self.compared(*left, "!=", *right),
                inner => {
                    self.text.push('!');
                    self.node(inner, UNARY + 1);
                }
            },
            Node::Unary(operator, inner) => {
                self.text.push_str(match operator {
                    Unary::Next => "X ",
                    Unary::Finally => "F ",
                    Unary::Globally => "G ",
                    Unary::Yesterday => "Y ",
                    Unary::Once => "O ",
                    Unary::Historically => "H ",
                    Unary::Not => unreachable!("matched above"),
                });
                self.node(inner, UNARY + 1);
            }
            Node::Binary(operator, left, right) => {
                let (before, after) = match operator {
                    Binary::And | Binary::Or | Binary::Xor | Binary::Iff => (own, own),
                    // `a U b U c` is `a U (b U c)`, which people know, but not that `a U b W c` is.
                    _ => match **right {
                        Node::Binary(other, ..) if other != *operator => (own + 1, own + 1),
                        _ => (own + 1, own),
                    },
                };
                self.node(left, before);
                self.text.push(' ');
                self.text.push_str(sign(*operator));
                self.text.push(' ');
                self.node(right, after);
            }
        }
        if own < level {
            self.text.push(')');
        }
    }

    fn compared(&mut self, left: Variable, sign: &str, right: Variable) {
        self.text.push_str(&self.prefix[left].name);
        self.text.push(' ');
        self.text.push_str(sign);
        self.text.push(' ');
        self.text.push_str(&self.prefix[right].name);
    }

    fn event(&mut self, atom: &'s Atom) {
        if !atom.endpoint.is_empty() {
            // Quotes: the name in the type that holds the constraint.
            self.quoted(&atom.endpoint, '\'');
            self.text.push('.');
        }
        match &atom.event {
            Event::Connect => self.text.push_str("connect"),
            Event::Disconnect => self.text.push_str("disconnect"),
            Event::Named { name, .. } => {
                let other = matches!(name.as_str(), "connect" | "disconnect") || is_standard(name);
                self.name(name, !other);
            }
        }
        if let Place::Somewhere = atom.place {
            self.text.push_str("@*");
        }
        if let Place::Instance(variable) | Place::Proxy(variable) = atom.place {
            let name = &self.prefix[variable].name;
            if !name.is_empty() {
                self.text.push('@');
                self.text.push_str(name);
            }
        }
        self.arguments(atom);
    }

    fn arguments(&mut self, atom: &'s Atom) {
        let Event::Named { name, .. } = &atom.event else {
            return;
        };
        let positions = atom.arguments.iter().map(|it| position(&it.parameter));
        let positions: Option<Vec<usize>> = positions.collect();
        let mut arguments: Vec<String> = Vec::new();
        match positions {
            Some(positions) if !positions.is_empty() => {
                arguments.resize(self.arities[name.as_str()], "_".to_owned());
                for (position, argument) in positions.into_iter().zip(&atom.arguments) {
                    arguments[position - 1].clone_from(&self.prefix[argument.variable].name);
                }
            }
            _ => {
                for argument in &atom.arguments {
                    let variable = &self.prefix[argument.variable].name;
                    arguments.push(format!("{}: {variable}", argument.parameter));
                }
            }
        }
        if !arguments.is_empty() {
            self.text.push('(');
            self.text.push_str(&arguments.join(", "));
            self.text.push(')');
        }
    }

    fn proposition(&mut self, name: &str) {
        let mut letters = name.bytes();
        let operator = matches!(letters.next(), Some(b'F' | b'G' | b'X'))
            && !letters.next().is_some_and(|second| second.is_ascii_digit());
        self.name(name, !operator && name != "V");
    }

    /// A name, in quotes unless it is `plain` and a word without a meaning of its own.
    fn name(&mut self, name: &str, plain: bool) {
        match plain && is_plain(name) {
            true => self.text.push_str(name),
            false => self.quoted(name, if name.contains('"') { '\'' } else { '"' }),
        }
    }

    fn quoted(&mut self, name: &str, quote: char) {
        self.text.push(quote);
        self.text.push_str(name);
        self.text.push(quote);
    }
}
