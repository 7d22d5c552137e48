//! From words and signs to formulas.

use std::collections::BTreeSet;

use liveobj_types::formalism::{ParseError, Structure};
use liveobj_types::{Span, nearest};

use super::super::formula::{Binary, Quantifier, Unary};
use super::Atoms;
use super::lexer::{Token, is_operators, is_reserved, tokens};
use super::syntax::{
    Argument, AtomText, Define, Expr, Parameter, PlaceText, Quantified, SortWord, Value,
};

pub(super) const FORM: &str = "a formula is made of events such as `receive@i(m)`, `! & | -> <-> xor`, \
                    `G F X U W R M` and `H O Y S`";

/// A text that has been read.
pub(super) struct Text<'t> {
    pub(super) defines: Vec<Define<'t>>,
    pub(super) sentence: Expr<'t>,
}

/// Reads a text to its end.
pub(super) fn read<'t>(
    text: &'t str,
    structure: &Structure,
    atoms: Atoms,
) -> Result<Text<'t>, ParseError> {
    let mut reader = Reader::new(text, structure, atoms)?;
    let defines = reader.defines()?;
    let sentence = reader.scope()?;
    reader.end()?;
    Ok(Text { defines, sentence })
}

/// Reads a file of definitions.
pub(super) fn definitions(text: &str) -> Result<Vec<Define<'_>>, ParseError> {
    let mut reader = Reader::new(text, &Structure::Undeclared, Atoms::Events)?;
    let defines = reader.defines()?;
    reader.end()?;
    Ok(defines)
}

pub(super) struct Reader<'t, 's> {
    pub(super) text: &'t str,
    pub(super) tokens: Vec<(Token<'t>, Span)>,
    pub(super) at: usize,
    pub(super) structure: &'s Structure,
    pub(super) atoms: Atoms,
    /// The operator that was read last, if it is a word that an event may be meant by.
    operator: Option<&'t str>,
    /// Names that English sentences have left out so far.
    pub(super) unwritten: u32,
}

impl<'t, 's> Reader<'t, 's> {
    fn new(
        text: &'t str,
        structure: &'s Structure,
        atoms: Atoms,
    ) -> Result<Reader<'t, 's>, ParseError> {
        Ok(Reader {
            text,
            tokens: tokens(text)?,
            at: 0,
            structure,
            atoms,
            operator: None,
            unwritten: 0,
        })
    }

    /// All definitions that stand here.
    fn defines(&mut self) -> Result<Vec<Define<'t>>, ParseError> {
        let mut defines = Vec::new();
        while self.word_and_word("define") {
            self.at += 1;
            let name = self.new_name("a name for what is defined")?;
            let mut parameters: Vec<Parameter<'t>> = Vec::new();
            if self.accept("(") {
                let mut known = BTreeSet::new();
                loop {
                    let name = self.new_name("the name of a parameter")?;
                    if !known.insert(name.text()) {
                        return Err(fault(
                            name.span,
                            format!("two parameters are called `{}`", name.text()),
                            "give them different names",
                        ));
                    }
                    let default = match self.accept("=") {
                        true => Some(self.value(0)?),
                        false => None,
                    };
                    parameters.push(Parameter { name, default });
                    if !self.accept(",") {
                        break;
                    }
                }
                self.sign(")", "write `define name(x, y) = formula;`")?;
            }
            self.sign("=", "write `define name(x, y) = formula;`")?;
            let body = self.scope()?;
            self.sign(";", "a definition ends with `;`")?;
            defines.push(Define {
                name,
                parameters,
                body,
            });
        }
        Ok(defines)
    }

    /// Quantifiers, and what they range over.
    fn scope(&mut self) -> Result<Expr<'t>, ParseError> {
        let mut bindings: Vec<Quantified<'t>> = Vec::new();
        let mut known = BTreeSet::new();
        while self.is_quantifier() {
            let quantifier = match self.peek() {
                Some(Token::Word("forall")) => Quantifier::ForAll,
                _ => Quantifier::Exists,
            };
            self.at += 1;
            // The first variable that waits for its sort.
            let mut unsorted = bindings.len();
            loop {
                let name = self.new_name("a variable")?;
                if !known.insert(name.text()) {
                    return Err(fault(
                        name.span,
                        format!("`{}` is bound twice", name.text()),
                        "give the variables different names",
                    ));
                }
                bindings.push(Quantified {
                    quantifier,
                    name,
                    sort: None,
                });
                if self.accept(":") {
                    let sort = self.sort()?;
                    for binding in &mut bindings[unsorted..] {
                        binding.sort = Some(sort);
                    }
                    unsorted = bindings.len();
                }
                if !self.accept(",") {
                    break;
                }
            }
            self.sign(".", "write `forall i, j: instance. formula`")?;
        }
        let body = self.statement(0)?;
        Ok(match bindings.is_empty() {
            true => body,
            false => Expr::Scope(bindings, Box::new(body)),
        })
    }

    fn sort(&mut self) -> Result<SortWord, ParseError> {
        let sorts = ["instance", "proxy", "message"];
        let word = match self.peek() {
            Some(Token::Word(word)) => word,
            _ => "",
        };
        let sort = match word {
            "instance" => SortWord::Instance,
            "proxy" => SortWord::Proxy,
            "message" => SortWord::Message,
            _ => {
                let help = match nearest(word, sorts) {
                    Some(similar) => format!("write `{similar}`"),
                    None => "the sorts are `instance`, `proxy` and `message`".to_owned(),
                };
                return Err(self.expected("expected a sort", &help));
            }
        };
        self.at += 1;
        Ok(sort)
    }

    /// An English sentence or a formula.
    pub(super) fn statement(&mut self, depth: usize) -> Result<Expr<'t>, ParseError> {
        match self.atoms == Atoms::Events && self.is_english() {
            true => self.english(depth),
            false => self.formula(1, depth),
        }
    }

    /// A formula of operators that bind at least as strongly as `level` says.
    fn formula(&mut self, level: u8, depth: usize) -> Result<Expr<'t>, ParseError> {
        self.nested(depth)?;
        let mut left = self.unary(depth)?;
        while let Some((operator, strength)) = self.infix()
            && strength >= level
        {
            self.at += 1;
            self.operator = None;
            if is_associative(operator) {
                let mut parts = vec![left];
                loop {
                    parts.push(self.formula(strength + 1, depth + 1)?);
                    if self.infix() != Some((operator, strength)) {
                        break;
                    }
                    self.at += 1;
                }
                left = Expr::Chain(operator, parts);
            } else {
                let right = self.formula(strength, depth + 1)?;
                left = Expr::binary(operator, left, right);
            }
        }
        Ok(left)
    }

    /// The operator between two formulas that comes next, and how strongly it binds.
    fn infix(&self) -> Option<(Binary, u8)> {
        Some(match self.peek()? {
            Token::Sign("<->") => (Binary::Iff, 1),
            Token::Sign("->") => (Binary::Implies, 2),
            Token::Sign("|") => (Binary::Or, 3),
            Token::Sign("xor") | Token::Word("xor") => (Binary::Xor, 4),
            Token::Sign("&") => (Binary::And, 5),
            Token::Word("U") => (Binary::Until, 6),
            Token::Word("W") => (Binary::WeakUntil, 6),
            Token::Word("R" | "V") => (Binary::Release, 6),
            Token::Word("M") => (Binary::StrongRelease, 6),
            Token::Word("S") => (Binary::Since, 6),
            _ => return None,
        })
    }

    fn unary(&mut self, depth: usize) -> Result<Expr<'t>, ParseError> {
        let mut operators = Vec::new();
        while let Some(token) = self.peek() {
            let operator = match token {
                Token::Sign("!") => Unary::Not,
                Token::Sign("[]") => Unary::Globally,
                Token::Sign("<>") => Unary::Finally,
                Token::Sign("(") if self.peek_after(1) == Some(Token::Sign(")")) => {
                    self.at += 1;
                    Unary::Next
                }
                Token::Word(word) if self.begins_with_operator(word) => {
                    self.operator = Some(word);
                    let (letter, rest) = word.split_at(1);
                    // What is left of the word is read next.
                    let span = self.tokens[self.at].1;
                    let span = Span::new(span.start + 1, span.end);
                    self.tokens[self.at] = (Token::Word(rest), span);
                    match letter {
                        "F" => Unary::Finally,
                        "G" => Unary::Globally,
                        "X" => Unary::Next,
                        "Y" => Unary::Yesterday,
                        "O" => Unary::Once,
                        _ => Unary::Historically,
                    }
                }
                _ => break,
            };
            self.nested(depth + operators.len())?;
            if self.peek() == Some(Token::Word("")) || !matches!(token, Token::Word(_)) {
                self.at += 1;
            }
            operators.push(operator);
        }
        let inner = self.primary(depth + operators.len())?;
        let wrap = |inner, operator| Expr::unary(operator, inner);
        Ok(operators.into_iter().rev().fold(inner, wrap))
    }

    /// Whether the first letter of a word is an operator. Names of events are whole words;
    /// propositions begin with no `F`, `G` or `X`, unless a digit follows.
    fn begins_with_operator(&self, word: &str) -> bool {
        if is_operators(word) {
            return !self.is_event_of_operators(word);
        }
        let mut letters = word.bytes();
        self.atoms == Atoms::Independent
            && matches!(letters.next(), Some(b'F' | b'G' | b'X'))
            && !letters.next().is_some_and(|second| second.is_ascii_digit())
    }

    fn primary(&mut self, depth: usize) -> Result<Expr<'t>, ParseError> {
        let constant = match self.peek() {
            Some(Token::Sign("(")) => {
                self.at += 1;
                self.operator = None;
                let inner = self.statement(depth + 1)?;
                self.sign(")", "each `(` has its `)`")?;
                return Ok(inner);
            }
            Some(Token::Quoted(_)) => return self.atom(depth),
            Some(Token::Word(word)) => match word.to_ascii_lowercase().as_str() {
                "true" | "1" => true,
                "false" | "0" => false,
                _ if self.is_quantifier() => return Err(self.late("quantifiers")),
                _ if self.word_and_word("define") => return Err(self.late("definitions")),
                _ if !is_reserved(word) || self.is_event_of_operators(word) => {
                    return self.atom(depth);
                }
                _ => return Err(self.no_formula()),
            },
            _ => return Err(self.no_formula()),
        };
        self.at += 1;
        Ok(Expr::Constant(constant))
    }

    /// The error that a formula should stand here.
    fn no_formula(&self) -> ParseError {
        let help = match (self.operator, self.peek()) {
            (Some(operator), _) => format!(
                "`{operator}` is an operator; what is called so is written `\"{operator}\"`"
            ),
            (None, Some(Token::Word(word))) => {
                format!("`{word}` is an operator; what is called so is written `\"{word}\"`")
            }
            _ => FORM.to_owned(),
        };
        self.expected("expected a formula", &help)
    }

    /// An event, a proposition, the use of a definition, or `=` between variables.
    fn atom(&mut self, depth: usize) -> Result<Expr<'t>, ParseError> {
        let atom = self.event(depth)?;
        let differ = match self.peek() {
            Some(Token::Sign("=")) => false,
            Some(Token::Sign("!=")) => true,
            Some(Token::Sign("==")) => {
                return Err(self.expected("expected `=`", "write `m = n`"));
            }
            _ => return Ok(Expr::Atom(Box::new(atom))),
        };
        if !atom.is_path() || atom.endpoint.is_some() || self.atoms == Atoms::Independent {
            return Err(self.expected(
                "only variables are compared",
                "name the arguments, and write `m = n` or `m != n`",
            ));
        }
        self.at += 1;
        let right = self.name("a variable")?;
        let same = Expr::Same(atom.name, right);
        Ok(match differ {
            true => Expr::not(same),
            false => same,
        })
    }

    /// `endpoint.name@place(arguments)`
    pub(super) fn event(&mut self, depth: usize) -> Result<AtomText<'t>, ParseError> {
        let start = self.here();
        self.operator = None;
        let first = self.name("the name of an event")?;
        let (endpoint, name) = match self.atoms == Atoms::Events && self.accept(".") {
            true => (Some(first), self.name("the name of an event")?),
            false => (None, first),
        };
        let mut place = None;
        if self.accept("@") {
            place = Some(match self.accept("*") {
                true => PlaceText::Somewhere,
                false => PlaceText::At(self.name("a variable or `*`")?),
            });
        }
        let mut arguments = None;
        let mut open = false;
        if self.peek() == Some(Token::Sign("(")) {
            let (given, dots) = self.arguments(depth)?;
            (arguments, open) = (Some(given), dots);
            if self.peek() == Some(Token::Sign("@")) {
                return Err(self.expected(
                    "`@` stands in front of the arguments",
                    &format!("write `{}@i(…)`", name.text()),
                ));
            }
        }
        Ok(AtomText {
            endpoint,
            name,
            place,
            arguments,
            open,
            span: Span::new(start.start, self.before().end),
        })
    }

    /// The arguments, and whether `..` ends them.
    fn arguments(&mut self, depth: usize) -> Result<(Vec<Argument<'t>>, bool), ParseError> {
        self.at += 1;
        let mut arguments = Vec::new();
        let mut open = false;
        if self.accept(")") {
            return Ok((arguments, open));
        }
        loop {
            if self.accept("..") {
                open = true;
                break;
            }
            let start = self.here().start;
            let parameter = match (self.peek(), self.peek_after(1)) {
                (Some(Token::Word(_) | Token::Quoted(_)), Some(Token::Sign(":"))) => {
                    let name = self.any_name();
                    self.at += 1;
                    name
                }
                _ => None,
            };
            let value = self.value(depth)?;
            let span = Span::new(start, self.before().end);
            arguments.push(Argument {
                parameter,
                value,
                span,
            });
            if !self.accept(",") {
                break;
            }
        }
        self.sign(")", "arguments end with `)`")?;
        Ok((arguments, open))
    }

    fn value(&mut self, depth: usize) -> Result<Value<'t>, ParseError> {
        let ends = |token| matches!(token, Some(Token::Sign("," | ")")));
        let next = self.peek_after(1);
        match self.peek() {
            Some(Token::Word("_")) => {
                self.at += 1;
                Ok(Value::Any)
            }
            Some(Token::Word(word)) if is_operators(word) && ends(next) => {
                match self.is_event_of_operators(word) {
                    true => Ok(Value::Name(self.name("a name")?)),
                    false => Err(self.expected(
                        &format!("`{word}` is an operator"),
                        "give the variable another name; an event of this name stands in quotes",
                    )),
                }
            }
            Some(Token::Quoted(_)) if ends(next) => Ok(Value::Name(self.name("a name")?)),
            Some(Token::Word(word)) if !is_reserved(word) && ends(next) => {
                Ok(Value::Name(self.name("a name")?))
            }
            Some(Token::Word(word)) if next == Some(Token::Sign("+")) => {
                let mut name = self.new_name("a variable")?;
                self.at += 1;
                let number = match self.peek() {
                    Some(Token::Word(number)) => number.parse().ok(),
                    _ => None,
                };
                let Some(number @ 1..) = number else {
                    return Err(self.expected(
                        "expected a number from 1 on",
                        &format!("write `{word} + 1`"),
                    ));
                };
                self.at += 1;
                name.key.plus = number;
                name.span.end = self.before().end;
                Ok(Value::Name(name))
            }
            _ => Ok(Value::Formula(self.formula(1, depth + 1)?)),
        }
    }
}

/// An error.
pub(super) fn fault(span: Span, message: String, help: &str) -> ParseError {
    ParseError {
        span,
        message,
        help: Some(help.to_owned()),
    }
}

fn is_associative(operator: Binary) -> bool {
    matches!(
        operator,
        Binary::And | Binary::Or | Binary::Xor | Binary::Iff
    )
}
