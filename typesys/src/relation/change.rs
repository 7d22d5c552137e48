//! The smallest change of a declaration that mends a mismatch.

use std::fmt;

use super::report::{is_name, quoted};
use super::{Problem, Side};
use crate::verdict::Verdict;

/// A change of the declaration of the side at fault ([`super::Mismatch::left_at_fault`]), at the
/// end of the trail, after which that mismatch is gone. Shown as an imperative: lower case, no
/// final period.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// Give another name to something that is there.
    Rename {
        /// `incoming event`, `field`, `case`, `endpoint`.
        what: &'static str,
        /// Its name.
        from: String,
        /// The name that the other side knows.
        to: String,
    },
    /// Add something as the other side has it.
    Add {
        /// What, as above.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// Remove something.
    Remove {
        /// What, as above.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// Let nothing be mandatory of which the type demanded does not tell: in a composite by a
    /// connection, else by adding the endpoint to the type demanded.
    Satisfy {
        /// Name of the endpoint.
        endpoint: String,
    },
    /// Put another type.
    Replace {
        /// What is there.
        found: String,
        /// What is needed.
        expected: String,
    },
    /// Receive an event that both sides send, on one of them.
    Turn {
        /// Its name.
        event: String,
    },
    /// Exchange `in` and `out` of one of the two sides.
    Mirror {
        /// The event that both send.
        event: String,
    },
    /// Add `many` or `mandatory`.
    AddFlag(&'static str),
    /// Remove `many` or `mandatory`.
    RemoveFlag(&'static str),
    /// Add a guarantee, where it is true.
    Provide {
        /// Name of the formalism.
        formalism: String,
        /// What is to be guaranteed.
        text: String,
        /// Whether it would also do to require less on the other side.
        negotiable: bool,
    },
    /// Leave out a requirement, or weaken it.
    RequireLess {
        /// Name of the formalism.
        formalism: String,
        /// What is required.
        text: String,
    },
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Change::Rename { what, from, to } => write!(f, "rename {what} `{from}` to `{to}`"),
            Change::Add { what, name } => write!(f, "add the {what} `{name}`"),
            Change::Remove { what, name } => write!(f, "remove the {what} `{name}`"),
            Change::Satisfy { endpoint } => write!(
                f,
                "connect the mandatory endpoint `{endpoint}` inside, or ask for it in the type \
                 demanded"
            ),
            Change::Replace { found, expected } => {
                write!(f, "change {} to {}", quoted(found), quoted(expected))
            }
            Change::Turn { event } => write!(f, "let `{event}` be `in` on one of the two sides"),
            Change::Mirror { event } => write!(
                f,
                "put `mirror` before one of the two endpoint types, so that `{event}` is `in` there"
            ),
            Change::AddFlag(flag) => write!(f, "add `{flag}`"),
            Change::RemoveFlag(flag) => write!(f, "remove `{flag}`"),
            Change::Provide {
                formalism,
                text,
                negotiable,
            } => {
                let or = if *negotiable { ", or require less" } else { "" };
                write!(
                    f,
                    "add `provides {formalism} \"{text}\"` where it is true{or}"
                )
            }
            Change::RequireLess { formalism, text } => {
                write!(
                    f,
                    "remove `requires {formalism} \"{text}\"`, or require less"
                )
            }
        }
    }
}

impl Problem {
    /// The smallest change that would help, where there is an obvious one. What is merely not shown
    /// to be met may be met, and needs none.
    pub fn change(&self) -> Option<Change> {
        Some(match self {
            Problem::Missing {
                what,
                name,
                similar: Some(similar),
            } => Change::Rename {
                what,
                from: similar.clone(),
                to: name.clone(),
            },
            Problem::Missing { what, name, .. } => Change::Add {
                what,
                name: name.clone(),
            },
            Problem::Unexpected {
                what: "mandatory endpoint",
                name,
            } => Change::Satisfy {
                endpoint: name.clone(),
            },
            Problem::Unexpected { what, name } => Change::Remove {
                what,
                name: name.clone(),
            },
            Problem::Incompatible { found, expected } if is_name(found) && is_name(expected) => {
                Change::Replace {
                    found: found.clone(),
                    expected: expected.clone(),
                }
            }
            Problem::SameDirection {
                event,
                facing: true,
            } => Change::Turn {
                event: event.clone(),
            },
            Problem::SameDirection { event, .. } => Change::Mirror {
                event: event.clone(),
            },
            Problem::Flag { flag, found: true } => Change::RemoveFlag(flag),
            Problem::Flag { flag, found: false } => Change::AddFlag(flag),
            Problem::Unmet {
                formalism,
                required,
                asked,
                given,
                verdict: Verdict::Fails(_),
                ..
            } => {
                let (formalism, text) = (formalism.clone(), required.clone());
                match given {
                    Side::Provides => Change::Provide {
                        formalism,
                        text,
                        negotiable: *asked == Side::Requires,
                    },
                    Side::Requires => Change::RequireLess { formalism, text },
                }
            }
            Problem::Incompatible { .. } | Problem::Unmet { .. } | Problem::TooLarge => {
                return None;
            }
        })
    }

    /// [`Problem::change`] in words.
    pub fn suggestion(&self) -> Option<String> {
        self.change().map(|change| change.to_string())
    }
}
