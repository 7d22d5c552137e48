//! Reading on, name by name and sign by sign.

use liveobj_types::Span;
use liveobj_types::formalism::ParseError;

use super::lexer::{Token, is_operators, is_reserved};
use super::reader::{FORM, Reader, fault};
use super::syntax::Name;
use super::{Atoms, MAX_DEPTH, events};

impl<'t> Reader<'t, '_> {
    /// A name that stands here.
    pub(super) fn name(&mut self, what: &str) -> Result<Name<'t>, ParseError> {
        match self.peek() {
            Some(Token::Word(word)) if is_reserved(word) => {
                if self.is_event_of_operators(word) {
                    return Ok(self.any_name().expect("because a word stands here"));
                }
                Err(self.expected(
                    &format!("expected {what}, and `{word}` has a meaning of its own"),
                    &format!("an event of this name is written `\"{word}\"`"),
                ))
            }
            Some(Token::Word(_) | Token::Quoted(_)) => {
                Ok(self.any_name().expect("because a word stands here"))
            }
            _ => Err(self.expected(&format!("expected {what}"), FORM)),
        }
    }

    /// Whether a word of several operators is declared as an event, and so is that event.
    pub(super) fn is_event_of_operators(&self, word: &str) -> bool {
        let declared = || events::is_declared(self.structure, word);
        word.len() > 1 && is_operators(word) && self.atoms == Atoms::Events && declared()
    }

    pub(super) fn any_name(&mut self) -> Option<Name<'t>> {
        let (token, span) = *self.tokens.get(self.at)?;
        let (text, quoted) = match token {
            Token::Word(text) => (text, false),
            Token::Quoted(text) => (text, true),
            Token::Sign(_) => return None,
        };
        self.at += 1;
        Some(Name {
            quoted,
            ..Name::new(text, span)
        })
    }

    /// A name that is given here, to a variable or to what is defined.
    pub(super) fn new_name(&mut self, what: &str) -> Result<Name<'t>, ParseError> {
        match self.peek() {
            Some(Token::Word(word)) if !is_reserved(word) && !starts_with_digit(word) => {
                Ok(self.any_name().expect("because a word stands here"))
            }
            Some(Token::Word(word)) => Err(self.expected(
                &format!("`{word}` cannot be {what}"),
                "choose letters that are no operator and no number",
            )),
            _ => Err(self.expected(&format!("expected {what}"), "write a word, without quotes")),
        }
    }

    /// Whether a quantifier begins here, and not an event of that name.
    pub(super) fn is_quantifier(&self) -> bool {
        self.atoms == Atoms::Events
            && (self.word_and_word("forall") || self.word_and_word("exists"))
    }

    /// Whether `word` stands here, and then a word that is no operator between formulas: nowhere
    /// in a formula does that follow a name.
    pub(super) fn word_and_word(&self, word: &str) -> bool {
        self.peek() == Some(Token::Word(word)) && self.is_name_at(1)
    }

    /// Whether a word that is no operator between formulas, or a name in quotes, comes after
    /// `ahead` others.
    pub(super) fn is_name_at(&self, ahead: usize) -> bool {
        match self.peek_after(ahead) {
            Some(Token::Word(word)) => !matches!(word, "U" | "W" | "R" | "V" | "M" | "S" | "xor"),
            Some(Token::Quoted(_)) => true,
            _ => false,
        }
    }

    /// Reads `sign` if it stands here.
    pub(super) fn accept(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Sign(found)) if found == sign);
        self.at += usize::from(found);
        found
    }

    pub(super) fn sign(&mut self, sign: &str, help: &str) -> Result<(), ParseError> {
        match self.accept(sign) {
            true => Ok(()),
            false => Err(self.expected(&format!("expected `{sign}`"), help)),
        }
    }

    pub(super) fn end(&self) -> Result<(), ParseError> {
        if self.is_quantifier() {
            return Err(self.late("quantifiers"));
        }
        let (message, help) = match self.peek() {
            None => return Ok(()),
            Some(Token::Sign(")")) => ("no `(` stands before this `)`", "leave it out"),
            Some(Token::Sign(";")) => (
                "expected the end of the text",
                "only definitions end with `;`: write `define name = formula; formula`",
            ),
            Some(Token::Sign("{" | "}" | "[" | "]")) => (
                "expected an operator or the end of the text",
                "group with `(` and `)`",
            ),
            _ => ("expected an operator or the end of the text", FORM),
        };
        Err(self.expected(message, help))
    }

    /// The error that what must lead stands here.
    pub(super) fn late(&self, what: &str) -> ParseError {
        let form = match what {
            "definitions" => "define name = formula; formula",
            _ => "forall i. forall m: message. formula",
        };
        self.expected(
            &format!("{what} stand in front of the whole formula"),
            &format!("write `{form}`"),
        )
    }

    /// # Errors
    ///
    /// `depth` is more than is read.
    pub(super) fn nested(&self, depth: usize) -> Result<(), ParseError> {
        match depth < MAX_DEPTH {
            true => Ok(()),
            false => Err(self.expected(
                &format!("more than {MAX_DEPTH} operators and brackets stand inside each other"),
                "write a simpler formula",
            )),
        }
    }

    pub(super) fn peek(&self) -> Option<Token<'t>> {
        self.peek_after(0)
    }

    pub(super) fn peek_after(&self, ahead: usize) -> Option<Token<'t>> {
        Some(self.tokens.get(self.at + ahead)?.0)
    }

    pub(super) fn advance(&mut self) {
        self.at += 1;
    }

    /// The place of what comes next.
    pub(super) fn here(&self) -> Span {
        let end = Span::new(self.text.len(), self.text.len());
        self.tokens.get(self.at).map_or(end, |(_, span)| *span)
    }

    /// The place of what was read last.
    pub(super) fn before(&self) -> Span {
        let index = self.at.checked_sub(1);
        index.map_or(Span::new(0, 0), |index| self.tokens[index].1)
    }

    /// An error at what comes next.
    pub(super) fn expected(&self, message: &str, help: &str) -> ParseError {
        fault(self.here(), message.to_owned(), help)
    }
}

pub(super) fn starts_with_digit(word: &str) -> bool {
    word.starts_with(|c: char| c.is_numeric())
}
