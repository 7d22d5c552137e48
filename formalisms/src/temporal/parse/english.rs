//! English sentences in the manner of the thesis (2.1.3). Each form means a formula, which
//! docs/temporal.md shows beside it.
//!
//! ```text
//! sentence   = "if" claims [","] ["then"] sentence
//!            | "for" quantity ["other"] instances [","] sentence
//!            | claims
//! claims     = claim {"and" claim}
//! claim      = "at most once" event [place]
//!            | "every" event [place] "is" ("followed" | "preceded") "by" event [place]
//!            | event [place] ["never"] ("precedes" | "follows") event [place]
//!            | event [place] happens [order {("or" | "but not" | …) order}] [place]
//!            | event "and" event happens "in the same order" [place]
//!            | "both events" happens ["in the same order"] | "they" happens "in the same order"
//! order      = ("before" | "sooner than" | "after" | …) event
//! place      = ("at" | "through" | "in" | "on") quantity ["other"] instances
//! ```

use liveobj_types::formalism::ParseError;
use liveobj_types::nearest;

use super::super::formula::{Binary, Unary};
use super::lexer::Token;
use super::places::{Claim, Context, Phrase, Quantity, Spot, atom, within};
use super::reader::{Reader, fault};
use super::syntax::{AtomText, Expr};

/// When an event happens, seen from another.
struct Order<'t> {
    not: bool,
    before: bool,
    event: AtomText<'t>,
    /// Whether `or` stands in front.
    or: bool,
}

/// Arguments of an event in a sentence, which may speak of it several times.
const MAX_ARGUMENTS: usize = 64;

const CLAIMS: &str = "the forms are `event a never precedes event b`, `at most once a`, `every a \
                      is followed by b`, `event a occurs before event b at any instance`, \
                      `if …, then …`, and a few others";

impl<'t> Reader<'t, '_> {
    /// Whether an English sentence begins here. In no formula do two words follow each other in
    /// this way.
    pub(super) fn is_english(&self) -> bool {
        let starts = ["event", "every", "each", "if", "for", "both"];
        if starts.iter().any(|start| self.says(0, start)) {
            return self.is_name_at(1);
        }
        (self.says(0, "at") && self.says(1, "most"))
            || (["a", "an", "the"].iter().any(|it| self.says(0, it)) && self.says(1, "event"))
    }

    pub(super) fn english(&mut self, depth: usize) -> Result<Expr<'t>, ParseError> {
        let mut context = Context::default();
        self.sentence(&mut context, depth)
    }

    fn sentence(
        &mut self,
        context: &mut Context<'t>,
        depth: usize,
    ) -> Result<Expr<'t>, ParseError> {
        self.nested(depth)?;
        if self.take("if") {
            let outer = std::mem::replace(&mut context.condition, true);
            let condition = self.claims(context, depth)?;
            context.condition = outer;
            self.accept(",");
            self.take("then");
            let conclusion = self.sentence(context, depth + 1)?;
            return Ok(Expr::binary(Binary::Implies, condition, conclusion));
        }
        if self.take("for") {
            let phrase = self.phrase()?;
            let spot = self.spot(&phrase, context, Claim::Positive)?;
            self.accept(",");
            let outer = context.place.replace(spot.clone());
            let said = self.sentence(context, depth + 1)?;
            context.place = outer;
            return Ok(within(&[spot], said));
        }
        self.claims(context, depth)
    }

    fn claims(&mut self, context: &mut Context<'t>, depth: usize) -> Result<Expr<'t>, ParseError> {
        let mut claims = vec![self.claim(context, depth)?];
        loop {
            let comma = usize::from(self.peek() == Some(Token::Sign(",")));
            if !self.says(comma, "and") {
                break;
            }
            (0..=comma).for_each(|_| self.advance());
            claims.push(self.claim(context, depth)?);
        }
        Ok(match claims.len() {
            1 => claims.remove(0),
            _ => Expr::Chain(Binary::And, claims),
        })
    }

    fn claim(&mut self, context: &mut Context<'t>, depth: usize) -> Result<Expr<'t>, ParseError> {
        if self.take("at") {
            self.must(&["most"])?;
            self.must(&["once"])?;
            let event = self.phrase_of_event(depth)?;
            let place = self.place()?;
            let spot = self.whole(place, context, Claim::Universal)?;
            return Ok(within(
                std::slice::from_ref(&spot),
                at_most_once(&event, &spot),
            ));
        }
        if self.take("every") || self.take("each") {
            return self.followed(context, depth);
        }
        if self.take("both") {
            return self.both(context, true);
        }
        if self.take("they") {
            return self.both(context, false);
        }
        let event = self.phrase_of_event(depth)?;
        let place = self.place()?;
        let never = self.take("never");
        for (word, before) in [("precedes", true), ("precede", true), ("follows", false)] {
            if self.take(word) {
                let orders = vec![Order {
                    not: false,
                    before,
                    event: self.phrase_of_event(depth)?,
                    or: false,
                }];
                return self.ordered(event, place, never, orders, context);
            }
        }
        if !never && place.is_none() && self.take("and") {
            let other = self.phrase_of_event(depth)?;
            self.take("both");
            self.happens()?;
            let place = self.place()?;
            self.same_order()?;
            return self.alike([event, other], place, context);
        }
        let negative = self.happens()? != never;
        self.agent();
        let place = match place {
            Some(place) => Some(place),
            None => self.place()?,
        };
        if self.take("at") {
            self.must(&["most"])?;
            self.must(&["once"])?;
            let spot = self.whole(place, context, Claim::Universal)?;
            return Ok(within(
                std::slice::from_ref(&spot),
                at_most_once(&event, &spot),
            ));
        }
        let orders = self.orders(depth)?;
        self.ordered(event, place, negative, orders, context)
    }

    /// `every A is followed by B`, after `every`.
    fn followed(
        &mut self,
        context: &mut Context<'t>,
        depth: usize,
    ) -> Result<Expr<'t>, ParseError> {
        let first = self.phrase_of_event(depth)?;
        let one = self.place()?;
        self.must(&["is"])?;
        let after = self.must(&["followed", "preceded"])? == "followed";
        self.must(&["by"])?;
        let second = self.phrase_of_event(depth)?;
        let two = self.place()?;
        let (one, two) = match (one, two) {
            (None, None) => {
                let spot = self.whole(None, context, Claim::Universal)?;
                (spot.clone(), spot)
            }
            (Some(one), Some(two)) => {
                // Whichever instance: the formula is about every event of the first kind.
                let one = match one.quantity {
                    Quantity::Some | Quantity::Every => Phrase {
                        quantity: Quantity::Any,
                        ..one
                    },
                    _ => one,
                };
                let one = self.spot(&one, context, Claim::Universal)?;
                let two = self.spot_of_one(&two, context)?;
                (one, two)
            }
            (None, Some(given)) | (Some(given), None) => {
                return Err(fault(
                    given.span,
                    "this says where one of the events happens, and not where the other does"
                        .to_owned(),
                    "write `every a at any instance is followed by b at the same instance`",
                ));
            }
        };
        let operator = match after {
            true => Unary::Finally,
            false => Unary::Once,
        };
        let answer = Expr::unary(operator, atom(&second, &two));
        let said = Expr::binary(Binary::Implies, atom(&first, &one), answer);
        Ok(within(&[one, two], Expr::unary(Unary::Globally, said)))
    }

    /// `A` happens, or never does, in some order with others.
    fn ordered(
        &mut self,
        event: AtomText<'t>,
        place: Option<Phrase<'t>>,
        negative: bool,
        orders: Vec<Order<'t>>,
        context: &mut Context<'t>,
    ) -> Result<Expr<'t>, ParseError> {
        let last = self.place()?;
        let claim = match (negative, orders.is_empty()) {
            (true, _) => Claim::Universal,
            (false, true) => Claim::Single,
            (false, false) => Claim::Positive,
        };
        let (spots, one, two) = match (place, last) {
            (Some(one), Some(two)) if negative => {
                let one = self.spot_of_one(&one, context)?;
                let two = self.spot_of_one(&two, context)?;
                (vec![one.clone(), two.clone()], one, two)
            }
            (Some(one), Some(two)) => {
                let one = self.spot(&one, context, claim)?;
                let two = self.spot(&two, context, claim)?;
                (vec![one.clone(), two.clone()], one, two)
            }
            (one, two) => {
                let spot = self.whole(one.or(two), context, claim)?;
                (vec![spot.clone()], spot.clone(), spot)
            }
        };
        if let [order] = orders.as_slice()
            && !order.not
        {
            context.pair = Some(match order.before {
                true => [event.clone(), order.event.clone()],
                false => [order.event.clone(), event.clone()],
            });
        }
        let happens = atom(&event, &one);
        if negative {
            let mut parts = Vec::new();
            for order in &orders {
                if order.not {
                    return Err(fault(
                        order.event.span,
                        "`not` stands in a sentence that already says `never` or `cannot`"
                            .to_owned(),
                        "write `before a, or after b`",
                    ));
                }
                let other = atom(&order.event, &two);
                let never = Expr::not(happens.clone());
                parts.push(match order.before {
                    true => Expr::binary(Binary::WeakUntil, never, other),
                    false => Expr::unary(
                        Unary::Globally,
                        Expr::binary(
                            Binary::Implies,
                            other,
                            Expr::unary(Unary::Next, Expr::unary(Unary::Globally, never)),
                        ),
                    ),
                });
            }
            let said = match parts.len() {
                0 => Expr::unary(Unary::Globally, Expr::not(happens)),
                1 => parts.remove(0),
                _ => Expr::Chain(Binary::And, parts),
            };
            return Ok(within(&spots, said));
        }
        let said = match orders.as_slice() {
            [] => Expr::unary(Unary::Finally, happens),
            [order] if order.before && !order.not => first(happens, atom(&order.event, &two)),
            _ => {
                let mut parts = Vec::new();
                for order in &orders {
                    let other = atom(&order.event, &two);
                    let earlier = match order.before {
                        true => Expr::unary(Unary::Once, other),
                        false => Expr::unary(Unary::Yesterday, Expr::unary(Unary::Once, other)),
                    };
                    parts.push(match order.before != order.not {
                        true => Expr::not(earlier),
                        false => earlier,
                    });
                }
                let or = orders.iter().any(|order| order.or);
                if let Some(order) = orders[1..].iter().find(|order| order.or != or) {
                    return Err(fault(
                        order.event.span,
                        "`or` and `and` stand in one list".to_owned(),
                        "write two sentences, each in brackets, with `&` and `|` between them",
                    ));
                }
                let when = match parts.len() {
                    1 => parts.remove(0),
                    _ if or => Expr::Chain(Binary::Or, parts),
                    _ => Expr::Chain(Binary::And, parts),
                };
                Expr::unary(Unary::Finally, Expr::and(happens, when))
            }
        };
        Ok(within(&spots, said))
    }

    /// `before A, or after B`, `after A, but not after B`; perhaps nothing.
    fn orders(&mut self, depth: usize) -> Result<Vec<Order<'t>>, ParseError> {
        let mut orders: Vec<Order<'t>> = Vec::new();
        loop {
            let mut ahead = 0;
            let (mut or, mut not) = (false, false);
            if !orders.is_empty() {
                ahead += usize::from(self.peek() == Some(Token::Sign(",")));
                or = self.says(ahead, "or");
                if !or && !self.says(ahead, "and") && !self.says(ahead, "but") {
                    return Ok(orders);
                }
                ahead += 1;
            }
            if self.says(ahead, "not") {
                not = true;
                ahead += 1;
            }
            let (before, words) = match () {
                () if self.says(ahead, "before") => (true, 1),
                () if self.says(ahead, "after") => (false, 1),
                () if !self.says(ahead + 1, "than") => return Ok(orders),
                () if self.says(ahead, "sooner") || self.says(ahead, "earlier") => (true, 2),
                () if self.says(ahead, "later") => (false, 2),
                () => return Ok(orders),
            };
            (0..ahead + words).for_each(|_| self.advance());
            let event = self.phrase_of_event(depth)?;
            orders.push(Order {
                not,
                before,
                event,
                or,
            });
        }
    }

    /// `both events occur …` and `they occur in the same order`, after the first word.
    fn both(&mut self, context: &mut Context<'t>, both: bool) -> Result<Expr<'t>, ParseError> {
        let start = self.before();
        if self.take("of") {
            self.must(&["them"])?;
        } else {
            self.take("events");
        }
        if self.happens()? {
            return Err(self.expected("expected that both occur", CLAIMS));
        }
        self.agent();
        let place = self.place()?;
        let ordered = (!both || self.says(0, "in")) && self.same_order().map(|()| true)?;
        let place = match place {
            Some(place) => Some(place),
            None => self.place()?,
        };
        let Some([one, two]) = context.pair.clone() else {
            return Err(fault(
                start,
                "nothing before this says which two events are meant, and which comes first"
                    .to_owned(),
                "begin with `if event a occurs before event b at some instance`",
            ));
        };
        let spot = self.whole(place, context, Claim::Positive)?;
        let (one, two) = (atom(&one, &spot), atom(&two, &spot));
        let order = Expr::binary(Binary::WeakUntil, Expr::not(two.clone()), one.clone());
        let occur = |event| Expr::unary(Unary::Finally, event);
        let said = match (both, ordered) {
            (false, _) => order,
            (true, false) => Expr::and(occur(one), occur(two)),
            (true, true) => Expr::Chain(Binary::And, vec![occur(one), occur(two), order]),
        };
        Ok(within(std::slice::from_ref(&spot), said))
    }

    /// `A and B occur in the same order at all instances`.
    fn alike(
        &mut self,
        events: [AtomText<'t>; 2],
        place: Option<Phrase<'t>>,
        context: &mut Context<'t>,
    ) -> Result<Expr<'t>, ParseError> {
        let place = match place {
            Some(place) => Some(place),
            None => self.place()?,
        };
        let Some(place) = place else {
            return Err(self.expected(
                "expected the instances at which the order is the same",
                "write `in the same order at all instances`",
            ));
        };
        let one = self.spot(&place, context, Claim::Universal)?;
        let two = self.spot(&place, context, Claim::Universal)?;
        let [a, b] = &events;
        let before = first(atom(a, &one), atom(b, &one));
        let occur = |event: &AtomText<'t>| Expr::unary(Unary::Finally, atom(event, &two));
        let not_yet = Expr::not(atom(b, &two));
        let said = Expr::binary(
            Binary::Implies,
            Expr::Chain(Binary::And, vec![before, occur(a), occur(b)]),
            Expr::binary(Binary::WeakUntil, not_yet, atom(a, &two)),
        );
        context.pair = Some(events);
        Ok(within(&[one, two], said))
    }

    fn same_order(&mut self) -> Result<(), ParseError> {
        self.must(&["in"])?;
        self.must(&["the"])?;
        self.must(&["same"])?;
        self.must(&["order", "sequence"]).map(|_| ())
    }

    /// `occurs`, `is delivered`, `cannot occur`, …: whether it is denied.
    fn happens(&mut self) -> Result<bool, ParseError> {
        let mut negative = false;
        for auxiliary in ["cannot", "can", "does", "do", "will", "must", "may"] {
            if self.take(auxiliary) {
                negative = auxiliary == "cannot";
                break;
            }
        }
        negative |= self.take("not") || self.take("never");
        let verbs = ["occurs", "occur", "happens", "happen", "is", "are", "be"];
        if let "is" | "are" | "be" = self.must(&verbs)? {
            negative |= self.take("not") || self.take("never");
            self.must(&[
                "delivered",
                "sent",
                "received",
                "emitted",
                "handled",
                "observed",
            ])?;
        }
        Ok(negative)
    }

    /// `by r`: who does it is part of the event already.
    fn agent(&mut self) {
        if self.says(0, "by") && self.is_name_at(1) {
            self.advance();
            self.advance();
        }
    }

    /// `an event send(m)`, `event view(k, s)`, `send(m)`.
    fn phrase_of_event(&mut self, depth: usize) -> Result<AtomText<'t>, ParseError> {
        for article in ["a", "an", "the"] {
            if self.says(0, article) && self.says(1, "event") {
                self.advance();
            }
        }
        if self.says(0, "event") && self.is_name_at(1) {
            self.advance();
        }
        let mut event = self.event(depth)?;
        if event.arguments.iter().flatten().count() > MAX_ARGUMENTS {
            return Err(fault(
                event.span,
                format!("an event in a sentence has at most {MAX_ARGUMENTS} arguments"),
                "name the parameters of those that matter: `view(number: k)`",
            ));
        }
        event.name.english = true;
        if let Some(endpoint) = &mut event.endpoint {
            endpoint.english = true;
        }
        Ok(event)
    }

    /// Whether a word, in any letters, stands `ahead` of here.
    pub(super) fn says(&self, ahead: usize, word: &str) -> bool {
        matches!(self.peek_after(ahead), Some(Token::Word(it)) if it.eq_ignore_ascii_case(word))
    }

    pub(super) fn take(&mut self, word: &str) -> bool {
        let found = self.says(0, word);
        if found {
            self.advance();
        }
        found
    }

    /// Reads one of `words`.
    pub(super) fn must(&mut self, words: &[&'static str]) -> Result<&'static str, ParseError> {
        if let Some(word) = words.iter().find(|word| self.says(0, word)) {
            self.advance();
            return Ok(word);
        }
        let names = words.iter().map(|word| format!("`{word}`"));
        let names: Vec<String> = names.collect();
        let message = match names.split_last() {
            Some((last, rest)) if !rest.is_empty() => {
                format!("expected {} or {last}", rest.join(", "))
            }
            _ => format!("expected {}", names.concat()),
        };
        let help = match self.peek() {
            Some(Token::Word(word)) => match nearest(word, words.iter().copied()) {
                Some(similar) => format!("write `{similar}`"),
                None => CLAIMS.to_owned(),
            },
            _ => CLAIMS.to_owned(),
        };
        Err(self.expected(&message, &help))
    }
}

/// `G (A -> X G !A)`
fn at_most_once<'t>(event: &AtomText<'t>, spot: &Spot<'t>) -> Expr<'t> {
    let event = atom(event, spot);
    let never = Expr::unary(Unary::Globally, Expr::not(event.clone()));
    let again = Expr::unary(Unary::Next, never);
    Expr::unary(Unary::Globally, Expr::binary(Binary::Implies, event, again))
}

/// `F B & !B W A`: both happen, and A did so first.
fn first<'t>(one: Expr<'t>, two: Expr<'t>) -> Expr<'t> {
    let not_yet = Expr::not(two.clone());
    Expr::and(
        Expr::unary(Unary::Finally, two),
        Expr::binary(Binary::WeakUntil, not_yet, one),
    )
}
