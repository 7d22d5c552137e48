//! From what a text says to the sentence that it means: definitions are replaced, names looked up,
//! and quantifiers moved to the front.
//!
//! Definitions are hygienic because each use has a frame of its own: a name in the body of a
//! definition is a parameter, or a variable of that use. An argument is looked up in the frame
//! that it was written in.

use std::collections::BTreeMap;

use liveobj_types::formalism::{ParseError, Structure};
use liveobj_types::{Span, nearest};

use super::super::formula::{
    Argument as Bound, Atom, Binary, Node, Place, Quantifier, Sentence, Unary, Variable,
};
use super::events::Events;
use super::lift::Lift;
use super::reader::{Text, fault};
use super::sorts::{Use, Variables};
use super::standard::standard;
use super::syntax::{AtomText, Define, Expr, Key, Name, PlaceText, Quantified, Value};
use super::words::starts_with_digit;
use super::{Atoms, MAX_DEPTH, MAX_EXPANSION};

/// Variables of the form `k + n` for one `k`.
const MAX_SUCCESSORS: usize = 8;

/// The sentence that a text means.
pub(super) fn sentence(
    text: &str,
    read: &Text,
    structure: &Structure,
    atoms: Atoms,
) -> Result<Sentence, ParseError> {
    let standard = match atoms {
        Atoms::Events => standard(),
        Atoms::Independent => &[],
    };
    let mut elaborator = Elaborator {
        whole: Span::new(0, text.len()),
        atoms,
        events: Events::new(structure),
        defines: standard.iter().chain(&read.defines).collect(),
        standard: standard.len(),
        names: BTreeMap::new(),
        frames: Vec::new(),
        variables: Variables::default(),
        successors: BTreeMap::new(),
        expanding: 0,
        steps: 0,
    };
    elaborator.declare()?;
    // Where defaults are looked up: nothing is bound there.
    elaborator.frame(Frame::default());
    let root = elaborator.frame(Frame {
        visible: elaborator.defines.len(),
        lift: Lift::FRONT,
        ..Frame::default()
    });
    let body = elaborator.expr(&read.sentence, root, Lift::FRONT, 0)?;
    let body = elaborator.apart(body);
    let object = matches!(structure, Structure::Object(_));
    elaborator.variables.finish(body, object)
}

pub(super) type FrameId = usize;

/// The frame in which nothing is bound.
pub(super) const NOWHERE: FrameId = 0;

/// Where names are looked up: the text itself, or one use of a definition.
#[derive(Default)]
pub(super) struct Frame<'e, 't> {
    /// The definition's parameters.
    pub(super) arguments: BTreeMap<&'t str, (&'e Value<'t>, FrameId)>,
    pub(super) variables: BTreeMap<Key<'t>, Variable>,
    /// How many definitions may be used.
    pub(super) visible: usize,
    /// What becomes of a variable that nothing binds.
    pub(super) lift: Lift,
    /// The standard definition, and where the text uses it: what errors name.
    pub(super) site: Option<(&'t str, Span)>,
}

pub(super) struct Elaborator<'e, 't, 's> {
    pub(super) whole: Span,
    pub(super) atoms: Atoms,
    pub(super) events: Events<'s>,
    /// The standard ones, then those of the text.
    pub(super) defines: Vec<&'e Define<'t>>,
    /// How many of them are standard.
    pub(super) standard: usize,
    pub(super) names: BTreeMap<&'t str, usize>,
    pub(super) frames: Vec<Frame<'e, 't>>,
    pub(super) variables: Variables,
    /// `k` → the variables `k + n`, by `n`.
    pub(super) successors: BTreeMap<Variable, BTreeMap<u64, Variable>>,
    /// Uses of definitions that are being replaced.
    pub(super) expanding: usize,
    /// What definitions have come to so far.
    pub(super) steps: usize,
}

/// A name that stands for an event, a proposition or a definition, and the frame it was written in.
pub(super) struct Path<'t> {
    pub(super) endpoint: Option<Name<'t>>,
    pub(super) name: Name<'t>,
    pub(super) frame: FrameId,
}

/// What a name alone stands for.
enum Meaning<'e, 't> {
    Path(Path<'t>),
    Formula(&'e Expr<'t>, FrameId),
}

impl<'e, 't> Elaborator<'e, 't, '_> {
    pub(super) fn frame(&mut self, frame: Frame<'e, 't>) -> FrameId {
        self.frames.push(frame);
        self.variables.open();
        self.frames.len() - 1
    }

    /// An error at a place in a text; within a standard definition, where that is used.
    pub(super) fn fault(
        &self,
        frame: FrameId,
        span: Span,
        message: String,
        help: &str,
    ) -> ParseError {
        self.sited(frame, fault(span, message, help))
    }

    fn sited(&self, frame: FrameId, error: ParseError) -> ParseError {
        match self.frames[frame].site {
            None => error,
            Some((name, span)) => ParseError {
                span,
                message: format!("in the definition of `{name}`: {}", error.message),
                help: error.help,
            },
        }
    }

    pub(super) fn expr(
        &mut self,
        expr: &'e Expr<'t>,
        frame: FrameId,
        lift: Lift,
        depth: usize,
    ) -> Result<Node, ParseError> {
        self.step(frame, depth)?;
        Ok(match expr {
            Expr::Constant(value) => Node::Constant(*value),
            Expr::Atom(atom) => self.atom(atom, frame, lift, depth)?,
            Expr::Same(left, right) => {
                let [left, right] = [left, right].map(|name| (name, name.span));
                let (first, second) = (
                    self.variable(left.0, frame, true)?,
                    self.variable(right.0, frame, true)?,
                );
                self.variables.compare(first, second, left.1, right.1);
                Node::Same(first, second)
            }
            Expr::Unary(operator, inner) => {
                let inner = self.expr(inner, frame, lift.under(*operator), depth + 1)?;
                Node::unary(*operator, inner)
            }
            Expr::Binary(operator, left, right) => {
                let (before, after) = match operator {
                    Binary::Implies => (lift.negated(), lift),
                    _ => (Lift::default(), Lift::default()),
                };
                let left = self.expr(left, frame, before, depth + 1)?;
                let right = self.expr(right, frame, after, depth + 1)?;
                Node::binary(*operator, left, right)
            }
            Expr::Chain(operator, parts) => {
                let lift = match operator {
                    Binary::And | Binary::Or => lift,
                    _ => Lift::default(),
                };
                let height = parts.len().next_power_of_two().ilog2() as usize;
                let mut nodes = Vec::with_capacity(parts.len());
                for part in parts {
                    nodes.push(self.expr(part, frame, lift, depth + height)?);
                }
                Node::chain(*operator, nodes)
            }
            Expr::Scope(bindings, body) => {
                for binding in bindings {
                    self.bind(binding, frame, lift)?;
                }
                self.expr(body, frame, lift, depth + 1)?
            }
        })
    }

    /// Counts what definitions come to.
    fn step(&mut self, frame: FrameId, depth: usize) -> Result<(), ParseError> {
        let message = if depth > MAX_DEPTH {
            format!("more than {MAX_DEPTH} operators and definitions stand inside each other")
        } else if self.expanding > 0 && self.steps == MAX_EXPANSION {
            format!("the definitions come to more than {MAX_EXPANSION} operators and events")
        } else {
            self.steps += usize::from(self.expanding > 0);
            return Ok(());
        };
        Err(self.fault(frame, self.whole, message, "write a simpler formula"))
    }

    fn bind(
        &mut self,
        binding: &Quantified<'t>,
        frame: FrameId,
        lift: Lift,
    ) -> Result<(), ParseError> {
        let name = &binding.name;
        let Some(quantifier) = lift.of(binding.quantifier) else {
            return Err(self.stuck(name, frame));
        };
        let variable = self
            .variables
            .bind(name.text(), name.span, quantifier, binding.sort);
        self.frames[frame].variables.insert(name.key, variable);
        Ok(())
    }

    fn stuck(&self, name: &Name, frame: FrameId) -> ParseError {
        let message = format!(
            "the quantifier of `{}` cannot be moved to the front from here",
            name.text()
        );
        let help = "quantifiers lead: bind the variable in front of the whole formula, or combine \
                    such formulas with `!`, `&`, `|` and `->` only";
        self.fault(frame, name.span, message, help)
    }

    /// The variable that a name means. `free`: one that nothing binds stands for all messages.
    fn variable(
        &mut self,
        name: &Name<'t>,
        frame: FrameId,
        free: bool,
    ) -> Result<Variable, ParseError> {
        let (mut name, mut frame) = (*name, frame);
        while let Some((value, outer)) = self.argument(&name, frame) {
            let Value::Name(inner) = value else {
                let message = format!("`{}` is a formula here, and no variable", name.text());
                return Err(self.fault(frame, name.span, message, "give a variable"));
            };
            let plus = name.key.plus.saturating_add(inner.key.plus);
            (name, frame) = (*inner, outer);
            name.key.plus = plus;
        }
        let text = name.text();
        if name.quoted {
            let message = "a variable has no quotes".to_owned();
            return Err(self.fault(frame, name.span, message, &format!("write `{text}`")));
        }
        let key = Key {
            plus: 0,
            ..name.key
        };
        let variable = match self.frames[frame].variables.get(&key) {
            Some(variable) => *variable,
            None if !free => return Err(self.unbound(&name, frame)),
            None if starts_with_digit(text) => {
                let message = format!("`{text}` cannot be a variable");
                let help = "an argument that has a certain value cannot be said";
                return Err(self.fault(frame, name.span, message, help));
            }
            None => {
                let Some(quantifier) = self.frames[frame].lift.all else {
                    return Err(self.stuck(&name, frame));
                };
                let variable = self.variables.free(frame, text, name.span, quantifier);
                self.frames[frame].variables.insert(key, variable);
                variable
            }
        };
        match name.key.plus {
            0 => Ok(variable),
            plus => self.successor(&name, variable, plus, frame),
        }
    }

    fn unbound(&self, name: &Name, frame: FrameId) -> ParseError {
        let text = name.text();
        let known = self.frames[frame].variables.keys().map(|key| key.text);
        let help = match nearest(text, known) {
            Some(similar) => format!("write `{similar}`, or `forall {text}.` in front"),
            None => format!("write `forall {text}.` in front of the formula"),
        };
        self.fault(frame, name.span, format!("nothing binds `{text}`"), &help)
    }

    /// `k + n`: a variable of its own, different from `k`.
    fn successor(
        &mut self,
        name: &Name<'t>,
        variable: Variable,
        plus: u64,
        frame: FrameId,
    ) -> Result<Variable, ParseError> {
        let successors = self.successors.entry(variable).or_default();
        if let Some(known) = successors.get(&plus) {
            return Ok(*known);
        }
        let text = name.text();
        if successors.len() == MAX_SUCCESSORS {
            let message = format!("more than {MAX_SUCCESSORS} numbers are added to `{text}`");
            return Err(self.fault(frame, name.span, message, "use variables of other names"));
        }
        if self.variables.quantifier(variable) != Quantifier::ForAll {
            let message = format!("`{text} + {plus}` needs a `{text}` that stands for all values");
            let help = format!("bind another variable, different from `{text}`");
            return Err(self.fault(frame, name.span, message, &help));
        }
        let successor = self.variables.follow(variable, plus, name.span);
        successors.insert(plus, successor);
        Ok(successor)
    }

    /// The formula, for those values alone where `k`, `k + 1`, … differ.
    fn apart(&mut self, body: Node) -> Node {
        let mut differences = Vec::new();
        for (first, successors) in &self.successors {
            let all: Vec<Variable> = [*first]
                .into_iter()
                .chain(successors.values().copied())
                .collect();
            for (index, left) in all.iter().enumerate() {
                for right in &all[index + 1..] {
                    let span = self.variables.span(*right);
                    self.variables.compare(*left, *right, span, span);
                    differences.push(Node::unary(Unary::Not, Node::Same(*left, *right)));
                }
            }
        }
        match differences.is_empty() {
            true => body,
            false => Node::binary(Binary::Implies, Node::chain(Binary::And, differences), body),
        }
    }

    /// What a parameter of the definition stands for, if the name is one.
    fn argument(&self, name: &Name<'t>, frame: FrameId) -> Option<(&'e Value<'t>, FrameId)> {
        match name.quoted || name.key.unwritten > 0 {
            true => None,
            false => self.frames[frame].arguments.get(name.text()).copied(),
        }
    }

    fn atom(
        &mut self,
        atom: &'e AtomText<'t>,
        frame: FrameId,
        lift: Lift,
        depth: usize,
    ) -> Result<Node, ParseError> {
        let path = match self.meaning(atom, frame)? {
            Meaning::Formula(expr, frame) => return self.expr(expr, frame, lift, depth + 1),
            Meaning::Path(path) => path,
        };
        if let Some(define) = self.definition(&path, atom, frame)? {
            return self.used(define, atom, frame, lift, depth);
        }
        if self.atoms == Atoms::Independent {
            if !atom.is_path() {
                return Err(fault(
                    atom.span,
                    "a proposition has no arguments and no place".to_owned(),
                    &format!("write `{}`", path.name.text()),
                ));
            }
            return Ok(Node::Proposition(path.name.text().to_owned()));
        }
        self.event(atom, frame, &path)
    }

    /// What the name of an atom stands for, if it is or contains a parameter.
    fn meaning(
        &self,
        atom: &'e AtomText<'t>,
        frame: FrameId,
    ) -> Result<Meaning<'e, 't>, ParseError> {
        if let Some(endpoint) = &atom.endpoint {
            return Ok(Meaning::Path(Path {
                endpoint: Some(self.simple(endpoint, frame)?),
                name: self.simple(&atom.name, frame)?,
                frame,
            }));
        }
        let (mut name, mut at) = (atom.name, frame);
        while let Some((value, outer)) = self.argument(&name, at) {
            match value {
                Value::Name(inner) if inner.key.plus == 0 => (name, at) = (*inner, outer),
                Value::Formula(Expr::Atom(inner)) if inner.is_path() => {
                    return self.meaning(inner, outer);
                }
                Value::Formula(expr) if atom.is_path() => return Ok(Meaning::Formula(expr, outer)),
                _ => {
                    let message = format!("`{}` is no event here", name.text());
                    let help = "give the name of an event, without arguments and place";
                    return Err(self.fault(at, name.span, message, help));
                }
            }
        }
        Ok(Meaning::Path(Path {
            endpoint: None,
            name,
            frame: at,
        }))
    }

    /// The name that a name stands for.
    fn simple(&self, name: &Name<'t>, frame: FrameId) -> Result<Name<'t>, ParseError> {
        let (mut name, mut at) = (*name, frame);
        while let Some((value, outer)) = self.argument(&name, at) {
            let Value::Name(inner) = value else {
                let message = format!("`{}` is no name here", name.text());
                return Err(self.fault(at, name.span, message, "give a single name"));
            };
            (name, at) = (*inner, outer);
        }
        Ok(name)
    }

    fn event(
        &mut self,
        atom: &AtomText<'t>,
        frame: FrameId,
        path: &Path<'t>,
    ) -> Result<Node, ParseError> {
        let found = self.events.find(path.endpoint.as_ref(), &path.name);
        let found = found.map_err(|error| self.sited(path.frame, error));
        let found = found.map_err(|error| self.sited(frame, error))?;
        let mut arguments = Vec::new();
        if let Some(given) = &atom.arguments {
            let parameters = self.events.parameters(&path.name, &found, given, atom);
            let parameters = parameters.map_err(|error| self.sited(frame, error))?;
            for (argument, (parameter, domain)) in given.iter().zip(parameters) {
                let name = match &argument.value {
                    Value::Any => continue,
                    Value::Name(name) => name,
                    Value::Formula(_) => {
                        let message = "expected a variable or `_`".to_owned();
                        let help = "an argument that has a certain value cannot be said";
                        return Err(self.fault(frame, argument.span, message, help));
                    }
                };
                let variable = self.variable(name, frame, true)?;
                let what = Use::Argument {
                    event: path.name.text().to_owned(),
                    parameter: parameter.clone(),
                    domain,
                };
                self.variables.note(variable, what, name.span);
                arguments.push(Bound {
                    parameter,
                    variable,
                });
            }
        }
        arguments.sort();
        let mut place = Place::Somewhere;
        let used = Use::Place(found.endpoint.clone());
        match &atom.place {
            Some(PlaceText::Somewhere) => {}
            Some(PlaceText::At(name)) => {
                let variable = self.variable(name, frame, false)?;
                place = Place::Instance(variable);
                self.variables.note(variable, used, name.span);
            }
            None => {
                let span = self.frames[frame].site.map_or(atom.span, |(_, span)| span);
                let variable = self.variables.bare(span);
                place = Place::Instance(variable);
                self.variables.note(variable, used, span);
            }
        }
        Ok(Node::Event(Atom {
            endpoint: found.endpoint,
            event: found.event,
            place,
            arguments,
        }))
    }
}
