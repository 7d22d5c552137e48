//! Verdicts, and what confirms or explains them (semantics, section 0).

mod wire;

use std::fmt;

/// The answer of every relation. In the order `fails < unknown < holds`; conjunction is the
/// minimum. `Unknown` is never a yes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It is not so, and the witness shows it.
    Fails(Witness),
    /// It was not decided.
    Unknown(Reason),
    /// It is so.
    Holds,
}

impl Verdict {
    /// Whether the answer is yes.
    pub fn holds(&self) -> bool {
        matches!(self, Verdict::Holds)
    }

    /// Whether the answer is no.
    pub fn fails(&self) -> bool {
        matches!(self, Verdict::Fails(_))
    }

    /// Whether some formulas can be satisfied together, if this is whether they imply a
    /// contradiction: what refutes that satisfies them.
    #[must_use]
    pub fn as_satisfiability(self) -> Verdict {
        match self {
            Verdict::Holds => Verdict::Fails(Witness::Structure),
            Verdict::Fails(_) => Verdict::Holds,
            unknown @ Verdict::Unknown(_) => unknown,
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Verdict::Fails(_) => 0,
            Verdict::Unknown(_) => 1,
            Verdict::Holds => 2,
        }
    }

    /// Conjunction: the smaller of the two, the first one where they are equal.
    #[must_use]
    pub fn and(self, other: Verdict) -> Verdict {
        if other.rank() < self.rank() {
            other
        } else {
            self
        }
    }

    /// Disjunction: the greater of the two, the first one where they are equal.
    #[must_use]
    pub fn or(self, other: Verdict) -> Verdict {
        if other.rank() > self.rank() {
            other
        } else {
            self
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Fails(_) => f.write_str("fails"),
            Verdict::Unknown(_) => f.write_str("unknown"),
            Verdict::Holds => f.write_str("holds"),
        }
    }
}

/// Data that a formalism's `replay` confirms.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Witness {
    /// The mismatch itself is all there is to see (structural relations).
    Structure,
    /// An assignment under which the premises hold and the conclusion does not.
    Assignment(Vec<(String, String)>),
    /// A history: `prefix`, then `cycle` for ever (an empty cycle: silence).
    Trace {
        /// What happens first.
        prefix: Vec<String>,
        /// What then repeats.
        cycle: Vec<String>,
    },
    /// A history of several instances, which names what there is: a formula may speak of all of
    /// them, also of those to which nothing happens.
    History {
        /// Each instance, proxy and message, with what it is: `i1: an instance of channel`.
        elements: Vec<String>,
        /// What happens first, a position each.
        prefix: Vec<String>,
        /// What then repeats for ever; never empty.
        cycle: Vec<String>,
    },
}

impl Witness {
    /// What happens in a trace or in a history, on one line: `!a, ?b, then for ever !c`. `None`
    /// where nothing does, and of other witnesses.
    pub fn events(&self) -> Option<String> {
        let (Witness::Trace { prefix, cycle } | Witness::History { prefix, cycle, .. }) = self
        else {
            return None;
        };
        let (first, again) = (prefix.join(", "), cycle.join(", "));
        match (prefix.is_empty(), cycle.is_empty()) {
            (true, true) => None,
            (false, true) => Some(first),
            (true, false) => Some(format!("for ever {again}")),
            (false, false) => Some(format!("{first}, then for ever {again}")),
        }
    }
}

/// Why something was not decided.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// No formalism of this name is registered.
    FormalismMissing(String),
    /// The number of steps allowed did not suffice.
    Budget,
    /// A guarantee may not survive a conversion that drops a field.
    Lossy,
    /// The formula lies outside of what the procedure decides.
    Undecided(String),
    /// The formalism cannot read a constraint, which is a fault of the types that have it.
    Unreadable(String),
    /// A guarantee is given only under an assumption, which is not known to be met.
    Given {
        /// The formalism and the text of the guarantee.
        guarantee: String,
        /// Those of the assumption.
        assumption: String,
        /// What is known of the assumption instead: a relative clause.
        why: String,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::FormalismMissing(name) => write!(f, "no formalism `{name}` is registered"),
            Reason::Budget => f.write_str("the step budget ran out"),
            Reason::Lossy => {
                f.write_str("a conversion drops a field, and the guarantee may not survive that")
            }
            Reason::Undecided(why) => f.write_str(why),
            Reason::Unreadable(why) => write!(f, "the constraint cannot be read: {why}"),
            Reason::Given {
                guarantee,
                assumption,
                why,
            } => write!(f, "{guarantee} is given only under {assumption}, {why}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happens_is_told_on_one_line() {
        let events = |prefix: &[&str], cycle: &[&str]| {
            let [prefix, cycle] = [prefix, cycle]
                .map(|events| events.iter().map(|event| (*event).to_owned()).collect());
            Witness::Trace { prefix, cycle }.events()
        };
        assert_eq!(events(&[], &[]), None);
        assert_eq!(events(&["!a", "?b"], &[]).as_deref(), Some("!a, ?b"));
        assert_eq!(events(&[], &["!a"]).as_deref(), Some("for ever !a"));
        let both = events(&["!a"], &["?b", "!c"]);
        assert_eq!(both.as_deref(), Some("!a, then for ever ?b, !c"));
        assert_eq!(Witness::Structure.events(), None);
    }

    #[test]
    fn conjunction_is_the_minimum_and_disjunction_the_maximum() {
        let fails = Verdict::Fails(Witness::Structure);
        let unknown = Verdict::Unknown(Reason::Budget);
        assert_eq!(unknown.clone().and(Verdict::Holds), unknown);
        assert_eq!(unknown.clone().and(fails.clone()), fails);
        assert_eq!(fails.clone().or(unknown.clone()), unknown);
        assert_eq!(unknown.or(Verdict::Holds), Verdict::Holds);
    }
}
