//! Constraints as their formalisms read them.

mod assumed;
mod word;

use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) use self::word::of as word_behind;
use super::constraints::Side;
use super::derivation::{Derivation, Owner, Rule, Stated};
use super::derive::assumed;
use crate::formalism::{EndpointStructure, Formalism, Formalisms, Formula, Structure, Word};
use crate::types::Constraint;
use crate::verdict::Reason;

/// A constraint, read by its formalism.
#[derive(Clone)]
pub(crate) struct Parsed {
    /// As it stands in the type.
    pub(crate) constraint: Constraint,
    formalism: Option<Arc<dyn Formalism>>,
    formula: Result<Read, NotRead>,
    /// What the formula can speak of, if its formalism translates.
    structure: Option<Arc<Structure>>,
    /// What it is given under, from the side of who has to provide that.
    assumption: Option<Arc<Parsed>>,
    /// Whether that is known to be so.
    discharged: bool,
    /// Whether that is required of every peer.
    required: bool,
    /// Whether that is not known, and may be so.
    in_doubt: bool,
    /// Whether it and what it is given under are each a matter of each connection by itself.
    alone: bool,
    /// Whether it is required of all connections of a peer, also if it speaks of each by itself.
    everywhere: bool,
    /// Whether it is known to hold at the connection at hand only, where its assumption is met, while
    /// others may connect that do not keep that.
    pub(super) here: bool,
    /// Whether it is about peers, and its formalism does not tell them from who asks it of them.
    mixed: bool,
    /// Why it is not known to be so, as a relative clause.
    left: Option<Arc<str>>,
    /// What stands behind it without a proof.
    rests_on: Arc<[Word]>,
    /// Whose it is and how it came about, where somebody wants to be told.
    told: Option<Arc<Derivation>>,
}

/// Why there is no formula.
#[derive(Clone)]
struct NotRead {
    /// What to answer where the formula is needed.
    reason: Reason,
    /// What the text speaks of, where an equal text still means the same.
    comparable: Option<Arc<Structure>>,
}

/// What a formalism made of a text.
#[derive(Clone)]
struct Read {
    formula: Formula,
    /// Canonical: equal exactly for equal formulas.
    printed: String,
    /// What is left of it after lossy conversions.
    surviving: Option<Formula>,
    /// Whether that is all of it.
    survives: bool,
    /// What the text speaks of, where the formalism is a library's: an equal text means the same
    /// whatever that library says.
    comparable: Option<Arc<Structure>>,
}

impl Parsed {
    /// Reads a constraint; `structure` is asked for the side from which its text is written.
    pub(crate) fn new(
        formalisms: &Formalisms,
        constraint: &Constraint,
        side: Side,
        structure: impl Fn(Side) -> Arc<Structure>,
    ) -> Parsed {
        let parsed = Parsed::alone(formalisms, constraint, side, &structure);
        let Some(given) = &constraint.given else {
            return parsed;
        };
        // The other side has to provide it, so it is written from there; of a protocol as of its
        // dual that is one and the same.
        let assumption = Constraint {
            text: given.clone(),
            given: None,
            ..constraint.clone()
        };
        let assumption = Parsed::alone(formalisms, &assumption, side.opposite(), &structure);
        Parsed {
            assumption: Some(Arc::new(assumption)),
            ..parsed
        }
    }

    /// Reads a constraint, whatever it is given under.
    fn alone(
        formalisms: &Formalisms,
        constraint: &Constraint,
        side: Side,
        structure: &dyn Fn(Side) -> Arc<Structure>,
    ) -> Parsed {
        let formalism = formalisms.get(&constraint.formalism).cloned();
        let formula = match &formalism {
            None => Err(NotRead {
                reason: Reason::FormalismMissing(constraint.formalism.to_string()),
                comparable: Some(structure(written(constraint, side))),
            }),
            Some(formalism) => read(&**formalism, constraint, side, structure),
        };
        let translates = formula.is_ok()
            && formalism
                .as_ref()
                .is_some_and(|formalism| !formalism.translations().is_empty());
        Parsed {
            constraint: constraint.clone(),
            formalism,
            formula,
            structure: translates.then(|| structure(side)),
            assumption: None,
            discharged: false,
            required: false,
            in_doubt: false,
            alone: false,
            everywhere: false,
            here: false,
            mixed: false,
            left: None,
            rests_on: Arc::default(),
            told: None,
        }
    }

    /// A guarantee that nobody wrote, and what it rests on.
    pub(super) fn made(
        formalism: &Arc<dyn Formalism>,
        text: &str,
        formula: Formula,
        rests_on: &[Word],
    ) -> Parsed {
        Parsed {
            constraint: Constraint {
                formalism: Arc::from(formalism.name()),
                text: Arc::from(text),
                dual: false,
                given: None,
                renamed: BTreeMap::new(),
                lossy: false,
                place: None,
            },
            formalism: Some(formalism.clone()),
            formula: Ok(Read::new(&**formalism, formula, None)),
            structure: None,
            assumption: None,
            discharged: false,
            required: false,
            in_doubt: false,
            alone: false,
            everywhere: false,
            here: false,
            mixed: false,
            left: None,
            rests_on: rests_on.into(),
            told: None,
        }
    }

    /// What stands behind it without a proof.
    pub(super) fn rests_on(&self) -> &[Word] {
        &self.rests_on
    }

    /// The same constraint as one about an endpoint of an object, where its formalism can say it so.
    pub(crate) fn lifted(&self, endpoint: &str) -> Option<Parsed> {
        let (formalism, formula) = self.read()?;
        let formula = formalism.at_endpoint(formula, endpoint)?;
        let renamed = BTreeMap::from([(endpoint.to_owned(), endpoint.to_owned())]);
        let assumption = self.assumption.as_ref();
        let assumption = assumption.and_then(|assumption| assumption.lifted(endpoint));
        Some(Parsed {
            constraint: Constraint {
                renamed,
                ..self.constraint.clone()
            },
            ..self.said_as(formula, &**formalism, assumption.map(Arc::new))
        })
    }

    /// The same, not what it is given under, said of other endpoints, where its formalism can say it
    /// so; or else itself, in its own formalism only: another one may tell what is moved from what is not.
    /// Then it is marked ([`Parsed::is_mixed`]).
    pub(crate) fn moved(&self, to: &BTreeMap<String, String>) -> Parsed {
        let moved = self.read().and_then(|(formalism, formula)| {
            let formula = formalism.at_peers(formula, to)?;
            Some(self.said_as(formula, &**formalism, self.assumption.clone()))
        });
        moved.unwrap_or_else(|| Parsed {
            structure: None,
            mixed: true,
            ..self.clone()
        })
    }

    /// Whether it is about peers of a part, and its formalism does not tell them from that part: what
    /// the part says of itself reads alike, and does not meet it.
    pub(crate) fn is_mixed(&self) -> bool {
        self.mixed
    }

    /// The same, given under an assumption that is said of other endpoints, where its formalism can say
    /// it so.
    pub(crate) fn assuming_at(&self, to: &BTreeMap<String, String>) -> Parsed {
        let assumption = self.assumption.as_ref();
        Parsed {
            assumption: assumption.map(|assumption| Arc::new(assumption.moved(to))),
            ..self.clone()
        }
    }

    /// The same constraint said of other endpoints, where its formalism can say it so: itself of those
    /// to which `to` leads, and what it is given under of those to which `assumed` leads.
    pub(crate) fn at_peers(
        &self,
        to: &BTreeMap<String, String>,
        assumed: &BTreeMap<String, String>,
    ) -> Option<Parsed> {
        let (formalism, formula) = self.read()?;
        let formula = formalism.at_peers(formula, to)?;
        let assumption = self.assumption.as_ref();
        let assumption = assumption.and_then(|assumption| {
            let (formalism, formula) = assumption.read()?;
            let formula = formalism.at_peers(formula, assumed)?;
            Some(Arc::new(assumption.said_as(formula, &**formalism, None)))
        });
        Some(self.said_as(formula, &**formalism, assumption))
    }

    /// The same said by another formula, given under an assumption that is said by another one too.
    fn said_as(
        &self,
        formula: Formula,
        formalism: &dyn Formalism,
        assumption: Option<Arc<Parsed>>,
    ) -> Parsed {
        Parsed {
            assumption,
            formula: Ok(Read::new(formalism, formula, None)),
            structure: None,
            ..self.clone()
        }
    }

    /// The constraint as if nothing inside were lossy.
    pub(super) fn unmarked(&self) -> Parsed {
        let mut parsed = self.clone();
        parsed.constraint.lossy = false;
        parsed
    }

    /// Its formalism and its formula, where it could be read.
    pub(crate) fn read(&self) -> Option<(&Arc<dyn Formalism>, &Formula)> {
        match (&self.formalism, &self.formula) {
            (Some(formalism), Ok(read)) => Some((formalism, &read.formula)),
            _ => None,
        }
    }

    /// Why there is no formula; what to answer where one is needed.
    pub(super) fn not_read(&self) -> Reason {
        match &self.formula {
            Err(not) => not.reason.clone(),
            Ok(_) => Reason::Undecided("the formula is not used".to_owned()),
        }
    }

    /// The derivation of what is used of it, where somebody wants to be told.
    pub(super) fn told_as_usable(&self, used: &Formula) -> Option<Arc<Derivation>> {
        let told = self.told.as_ref()?;
        let (formalism, read) = (self.formalism.as_ref()?, self.formula.as_ref().ok()?);
        let printed = formalism.print(used);
        if printed == read.printed {
            return Some(told.clone());
        }
        Some(Arc::new(Derivation {
            formalism: told.formalism.clone(),
            text: printed,
            rule: Rule::Surviving { from: told.clone() },
        }))
    }

    /// What can be used of it as a premise: all of it, or what survives lossy conversions.
    pub(super) fn usable(&self, intact: bool) -> Option<Formula> {
        let read = self.formula.as_ref().ok()?;
        match intact {
            true => Some(read.formula.clone()),
            false => read.surviving.clone(),
        }
    }

    /// Whether all of it survives lossy conversions, what it still waits for included.
    pub(super) fn survives(&self) -> bool {
        let waits_for = self.assumption().filter(|_| self.is_conditional());
        self.formula.as_ref().is_ok_and(|read| read.survives)
            && waits_for.is_none_or(Parsed::survives)
    }

    /// What its formula can speak of, where it may be translated.
    pub(super) fn structure(&self) -> Option<&Structure> {
        self.structure.as_deref()
    }

    /// Whether it holds only under an assumption of which nothing is known.
    pub(crate) fn is_conditional(&self) -> bool {
        self.constraint.given.is_some() && !self.discharged
    }

    /// What it is given under, if that could be told.
    pub(super) fn assumption(&self) -> Option<&Parsed> {
        self.assumption.as_deref()
    }

    /// Its formula, where it could be read.
    pub(super) fn formula(&self) -> Option<&Formula> {
        self.formula.as_ref().ok().map(|read| &read.formula)
    }

    /// The same, so that derivations tell whose it is.
    pub(crate) fn owned_by(&self, by: &Owner, side: Side) -> Parsed {
        self.told_as(stated(&self.constraint, by, side))
    }

    /// The same with its derivation.
    pub(super) fn told_as(&self, derivation: Arc<Derivation>) -> Parsed {
        Parsed {
            told: Some(derivation),
            ..self.clone()
        }
    }

    /// Its derivation, where somebody wants to be told.
    pub(crate) fn told(&self) -> Option<&Arc<Derivation>> {
        self.told.as_ref()
    }

    /// Its derivation: that it is taken as given, where nobody was named whose it is.
    pub(super) fn derivation(&self) -> Arc<Derivation> {
        let assumed = || Arc::new(assumed(&self.constraint.formalism, self.said()));
        self.told.clone().unwrap_or_else(assumed)
    }

    /// Its assumption is not met, for this reason.
    pub(super) fn leave(&mut self, why: String) {
        self.left = Some(Arc::from(why));
    }

    /// The same, its assumption taken to be met at all connections.
    pub(super) fn assumed(&self) -> Parsed {
        Parsed {
            discharged: true,
            here: false,
            ..self.clone()
        }
    }

    /// That it is a conditional requirement, and nothing was found to meet it.
    pub(super) fn not_weakened(&self) -> Reason {
        let assumption = self.constraint.given.as_deref().unwrap_or_default();
        Reason::Undecided(format!(
            "no one guarantee was shown to say as much under {} \"{assumption}\", or less",
            self.constraint.formalism
        ))
    }

    /// That it is required of all connections of a peer, and met at each one that it has with this owner.
    pub(super) fn not_everywhere(&self) -> Reason {
        Reason::Undecided(format!(
            "{} \"{}\" is about all connections of a peer, and what is known of it is about each \
             connection with this one",
            self.constraint.formalism,
            self.said()
        ))
    }

    /// That it is not known whether it holds, and why.
    pub(super) fn given_reason(&self) -> Reason {
        let words = |text: &str| format!("{} \"{text}\"", self.constraint.formalism);
        Reason::Given {
            guarantee: words(&self.constraint.text),
            assumption: words(self.constraint.given.as_deref().unwrap_or_default()),
            why: match &self.left {
                Some(why) => why.to_string(),
                None => "which need not be so wherever it is used".to_owned(),
            },
        }
    }

    /// The constraint as people see it.
    pub(super) fn words(&self) -> String {
        words(&self.constraint)
    }

    /// The same without an assumption that is met, or taken to be.
    pub(super) fn said(&self) -> String {
        match self.discharged {
            true => without_assumption(&self.constraint),
            false => self.words(),
        }
    }

    /// The constraints of its formalism.
    pub(super) fn same_formalism<'p>(&self, all: &'p [Parsed]) -> impl Iterator<Item = &'p Parsed> {
        let formalism = &self.constraint.formalism;
        all.iter()
            .filter(move |other| other.constraint.formalism == *formalism)
    }

    /// Whether it is met by a premise that says the same.
    pub(super) fn is_repeated_by(&self, premise: &Parsed) -> bool {
        let (asked, given) = (&self.constraint, &premise.constraint);
        asked.formalism == given.formalism
            && (!premise.is_conditional()
                || match (&self.assumption, &premise.assumption) {
                    (Some(asked), Some(given)) => {
                        // Whoever asks must assume what is given under, not the other way round.
                        premise.is_as_wide_as(self)
                            && given.is_repeated_by(asked)
                            && given.is_beyond_doubt(asked)
                    }
                    _ => false,
                })
            && match (&self.formula, &premise.formula) {
                (Ok(asked), Ok(read)) => {
                    asked.printed == read.printed
                        && premise
                            .formalism
                            .as_ref()
                            .is_some_and(|it| it.repeats(&read.formula, &asked.formula))
                }
                (Err(_), Err(_)) => self.is_literally(premise),
                _ => false,
            }
    }
}

impl Read {
    fn new(
        formalism: &dyn Formalism,
        formula: Formula,
        comparable: Option<Arc<Structure>>,
    ) -> Read {
        let printed = formalism.print(&formula);
        let surviving = formalism.surviving(&formula);
        let survives = surviving
            .as_ref()
            .is_some_and(|left| formalism.print(left) == printed);
        Read {
            formula,
            printed,
            surviving,
            survives,
            comparable,
        }
    }
}

fn read(
    formalism: &dyn Formalism,
    constraint: &Constraint,
    side: Side,
    structure: &dyn Fn(Side) -> Arc<Structure>,
) -> Result<Read, NotRead> {
    let structure = structure(written(constraint, side));
    let formula = formalism
        .parse(&constraint.text, &structure)
        .map_err(|error| NotRead {
            reason: Reason::Unreadable(error.message),
            comparable: None,
        })?;
    let formula = match constraint.dual {
        false => Some(formula),
        true => formalism.dual(&formula),
    };
    let Some(formula) = formula else {
        let reason = format!("formalism `{}` has no duals", constraint.formalism);
        return Err(NotRead {
            reason: Reason::Undecided(reason),
            comparable: Some(structure),
        });
    };
    let comparable = formalism.library().map(|_| structure);
    Ok(Read::new(formalism, formula, comparable))
}

/// The side from which a text is written: that of a dual is made from the other one's.
fn written(constraint: &Constraint, side: Side) -> Side {
    match constraint.dual {
        true => side.opposite(),
        false => side,
    }
}

/// Whether a text speaks of the same in both structures, at the endpoints that it may name: no event
/// is emitted in the one and handled in the other, and those that both have come with the same
/// parameters in one order, since texts may bind by position.
fn same_events(text: &str, left: &Structure, right: &Structure) -> bool {
    let alike = |left: &EndpointStructure, right: &EndpointStructure| {
        let triples = [
            (&left.emitted, &right.emitted, &right.received),
            (&left.received, &right.received, &right.emitted),
        ];
        triples.into_iter().all(|(left, right, turned)| {
            left.iter().all(|(event, order)| {
                let order = order.iter().map(|parameter| &parameter.name);
                let other = right.get(event).map(|other| other.iter().map(|p| &p.name));
                !turned.contains_key(event) && other.is_none_or(|other| other.eq(order))
            })
        })
    };
    match (left, right) {
        (Structure::Endpoint(left), Structure::Endpoint(right)) => alike(left, right),
        (Structure::Object(left), Structure::Object(right)) => left
            .iter()
            .filter(|(name, endpoint)| {
                let events = endpoint.emitted.keys().chain(endpoint.received.keys());
                let mut names = events.chain([*name]);
                names.any(|name| text.contains(name))
            })
            .all(|(name, left)| right.get(name).is_none_or(|right| alike(left, right))),
        _ => false,
    }
}

/// That a type has a constraint.
pub(crate) fn stated(constraint: &Constraint, by: &Owner, side: Side) -> Arc<Derivation> {
    let rule = Rule::Stated(Stated {
        by: by.clone(),
        side,
        place: constraint.place.clone(),
        assumption: constraint.given.as_deref().map(str::to_owned),
        met: None,
    });
    Arc::new(Derivation {
        formalism: constraint.formalism.to_string(),
        text: without_assumption(constraint),
        rule,
    })
}

/// A constraint as people see it.
fn words(constraint: &Constraint) -> String {
    dual(constraint) + &constraint.promise()
}

/// The same without what it is given under.
fn without_assumption(constraint: &Constraint) -> String {
    format!("{}{}", dual(constraint), constraint.text)
}

fn dual(constraint: &Constraint) -> String {
    let dual = if constraint.dual { "dual of " } else { "" };
    dual.to_owned()
}

/// The renamings that a text can feel: of names that occur in it.
fn renaming(constraint: &Constraint) -> impl Iterator<Item = (&String, &String)> {
    constraint
        .renamed
        .iter()
        .filter(|(from, to)| from != to && constraint.text.contains(*from))
}
