//! Where events of English sentences happen.

use liveobj_types::Span;
use liveobj_types::formalism::{ParseError, Structure};

use super::super::formula::{Binary, Quantifier};
use super::events;
use super::lexer::Token;
use super::reader::{Reader, fault};
use super::syntax::{AtomText, Expr, Key, Name, PlaceText, Quantified, SortWord};

/// What has been said before, for `they` and `the same instance`.
#[derive(Clone, Default)]
pub(super) struct Context<'t> {
    /// Two events, the one that was said to come first in front.
    pub(super) pair: Option<[AtomText<'t>; 2]>,
    /// The instance that was spoken of last; none if there is no single one.
    pub(super) instance: Option<Name<'t>>,
    /// Where events happen of which nothing else is said.
    pub(super) place: Option<Spot<'t>>,
    /// Whether what is read is a condition: `any` is `some` there.
    pub(super) condition: bool,
}

/// Where an event happens, and what that binds.
#[derive(Clone, Default)]
pub(super) struct Spot<'t> {
    /// None: at the one connection that the formula is about.
    pub(super) at: Option<PlaceText<'t>>,
    /// The endpoint that was named with it.
    pub(super) endpoint: Option<Name<'t>>,
    pub(super) bound: Option<Quantified<'t>>,
    /// The instance that it is different from.
    pub(super) other: Option<Name<'t>>,
}

/// A place as it is written.
pub(super) struct Phrase<'t> {
    pub(super) quantity: Quantity,
    pub(super) proxy: bool,
    pub(super) other: bool,
    pub(super) endpoint: Option<Name<'t>>,
    pub(super) span: Span,
}

/// What kind of claim a place belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Claim {
    /// Something happens; some instance need not be named.
    Single,
    /// Something happens, and the instance is named more than once.
    Positive,
    /// Something never happens: `any` is `every`, also in a condition.
    Universal,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Quantity {
    Some,
    Any,
    Every,
    Same,
}

impl<'t> Reader<'t, '_> {
    /// `at any instance of endpoint channel`, if it stands here.
    pub(super) fn place(&mut self) -> Result<Option<Phrase<'t>>, ParseError> {
        let begins = ["at", "through", "in", "on"]
            .iter()
            .any(|it| self.says(0, it));
        let other = self.says(1, "most") || self.says(2, "order") || self.says(2, "sequence");
        let order = self.says(1, "the") && (self.says(3, "order") || self.says(3, "sequence"));
        if !begins || other || order {
            return Ok(None);
        }
        self.advance();
        self.phrase().map(Some)
    }

    /// `some of the instances of the endpoint`, `any other endpoint instance`, …
    pub(super) fn phrase(&mut self) -> Result<Phrase<'t>, ParseError> {
        let start = self.here().start;
        let words = [
            "some", "any", "every", "each", "all", "a", "an", "another", "the", "that",
        ];
        let word = self.must(&words)?;
        let mut other = word == "another";
        let quantity = match word {
            "some" | "a" | "an" => Quantity::Some,
            "any" | "another" => Quantity::Any,
            "every" | "each" | "all" => Quantity::Every,
            _ => {
                if word == "the" {
                    self.must(&["same"])?;
                }
                Quantity::Same
            }
        };
        if self.take("of") {
            self.must(&["the"])?;
        }
        other |= self.take("other");
        self.take("endpoint");
        let nouns = ["instance", "instances", "proxy", "proxies"];
        let proxy = self.must(&nouns)?.starts_with("prox");
        let mut endpoint = None;
        if !proxy && self.take("of") {
            self.take("the");
            let named = self.take("endpoint");
            endpoint = self.endpoint_name(named)?;
        }
        Ok(Phrase {
            quantity,
            proxy,
            other,
            endpoint,
            span: Span::new(start, self.before().end),
        })
    }

    /// The endpoint after `instance of`; `named`: after `endpoint`, where none need follow.
    fn endpoint_name(&mut self, named: bool) -> Result<Option<Name<'t>>, ParseError> {
        let Structure::Object(endpoints) = self.structure else {
            return match named {
                true => Ok(None),
                false => Err(self.expected(
                    "expected `the endpoint`: the constraint of an endpoint is about that endpoint",
                    "write `instance of the endpoint`",
                )),
            };
        };
        let found = match self.peek() {
            Some(Token::Word(word)) => {
                let alike = |name: &String| name.eq_ignore_ascii_case(word);
                endpoints.contains_key(word) || endpoints.keys().any(alike)
            }
            Some(Token::Quoted(_)) => true,
            _ => false,
        };
        if found {
            let mut name = self.name("the name of an endpoint")?;
            name.english = true;
            return Ok(Some(name));
        }
        if named {
            return Ok(None);
        }
        let names = endpoints.keys().map(String::as_str);
        let help = format!("the endpoints are {}", events::listed(names));
        Err(self.expected("expected the name of an endpoint", &help))
    }

    /// Where all events of a claim happen, of which nothing else is said.
    pub(super) fn whole(
        &mut self,
        place: Option<Phrase<'t>>,
        context: &mut Context<'t>,
        claim: Claim,
    ) -> Result<Spot<'t>, ParseError> {
        match place {
            Some(place) => self.spot(&place, context, claim),
            None => Ok(Spot {
                bound: None,
                other: None,
                ..context.place.clone().unwrap_or_default()
            }),
        }
    }

    /// What the place of one event among others binds, where something is denied or said of all:
    /// some instance is not named.
    pub(super) fn spot_of_one(
        &mut self,
        phrase: &Phrase<'t>,
        context: &mut Context<'t>,
    ) -> Result<Spot<'t>, ParseError> {
        match phrase.quantity == Quantity::Some && !phrase.proxy && !phrase.other {
            true => Ok(Spot {
                at: Some(PlaceText::Somewhere),
                endpoint: phrase.endpoint,
                ..Spot::default()
            }),
            false => self.spot(phrase, context, Claim::Universal),
        }
    }

    /// What a place binds.
    pub(super) fn spot(
        &mut self,
        phrase: &Phrase<'t>,
        context: &mut Context<'t>,
        claim: Claim,
    ) -> Result<Spot<'t>, ParseError> {
        let endpoint = phrase.endpoint;
        let none = || {
            fault(
                phrase.span,
                "nothing before this speaks of one instance".to_owned(),
                "write `at some instance` or `at any instance` first",
            )
        };
        let other = match phrase.other {
            true => Some(context.instance.ok_or_else(none)?),
            false => None,
        };
        if phrase.quantity == Quantity::Same {
            let name = context.instance.ok_or_else(none)?;
            return Ok(Spot {
                at: Some(PlaceText::At(name)),
                endpoint,
                ..Spot::default()
            });
        }
        let unnamed = phrase.quantity == Quantity::Some && !phrase.proxy && !phrase.other;
        if unnamed && claim == Claim::Single && !context.condition {
            return self.spot_of_one(phrase, context);
        }
        let quantifier = match phrase.quantity {
            Quantity::Some => Quantifier::Exists,
            Quantity::Any if context.condition && claim != Claim::Universal => Quantifier::Exists,
            _ => Quantifier::ForAll,
        };
        self.unwritten += 1;
        let name = Name {
            key: Key {
                text: match (phrase.proxy, self.unwritten) {
                    (true, _) => "p",
                    (false, 1) => "i",
                    (false, 2) => "j",
                    (false, _) => "k",
                },
                unwritten: self.unwritten,
                plus: 0,
            },
            ..Name::new("", phrase.span)
        };
        // Said of every instance in a condition, it singles out none.
        let singled = !context.condition || quantifier == Quantifier::Exists;
        context.instance = singled.then_some(name);
        Ok(Spot {
            at: Some(PlaceText::At(name)),
            endpoint,
            bound: Some(Quantified {
                quantifier,
                name,
                sort: phrase.proxy.then_some(SortWord::Proxy),
            }),
            other,
        })
    }
}

/// An event at a place; what the text itself says of the place goes first.
pub(super) fn atom<'t>(event: &AtomText<'t>, spot: &Spot<'t>) -> Expr<'t> {
    let mut event = event.clone();
    event.place = event.place.or(spot.at);
    event.endpoint = event.endpoint.or(spot.endpoint);
    Expr::Atom(Box::new(event))
}

/// What is said of the instances that places bind.
pub(super) fn within<'t>(spots: &[Spot<'t>], said: Expr<'t>) -> Expr<'t> {
    let bound: Vec<Quantified<'t>> = spots.iter().filter_map(|spot| spot.bound).collect();
    let said = spots.iter().rev().fold(said, |said, spot| {
        let (Some(bound), Some(other)) = (&spot.bound, spot.other) else {
            return said;
        };
        let differs = Expr::not(Expr::Same(bound.name, other));
        match bound.quantifier {
            Quantifier::ForAll => Expr::binary(Binary::Implies, differs, said),
            Quantifier::Exists => Expr::and(differs, said),
        }
    });
    match bound.is_empty() {
        true => said,
        false => Expr::Scope(bound, Box::new(said)),
    }
}
