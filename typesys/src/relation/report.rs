//! Mismatches in words: what is found, what is expected, which side must change.

use super::{Mismatch, Problem, Side, Translation};
use crate::diagnostic::{ObstacleKind, Step};
use crate::verdict::{Reason, Verdict, Witness};

impl Problem {
    /// What is the matter, apart from its words.
    pub fn kind(&self) -> ObstacleKind {
        match self {
            Problem::Missing { .. } => ObstacleKind::Missing,
            Problem::Unexpected { .. } => ObstacleKind::Unexpected,
            Problem::Incompatible { .. } | Problem::SameDirection { .. } | Problem::Flag { .. } => {
                ObstacleKind::Incompatible
            }
            Problem::Unmet { verdict, .. } if !verdict.fails() => ObstacleKind::NotShown,
            Problem::Unmet {
                given, provided, ..
            } => match (provided.is_empty(), given) {
                (true, Side::Provides) => ObstacleKind::Missing,
                (true, Side::Requires) => ObstacleKind::Unexpected,
                (false, _) => ObstacleKind::Incompatible,
            },
            Problem::TooLarge => ObstacleKind::NotShown,
        }
    }

    /// What is wrong, in the words of the side at fault: lower case, no final period.
    pub fn describe(&self) -> String {
        match self {
            Problem::Missing { what, name, .. } => format!("{what} `{name}` is missing"),
            Problem::Unexpected { what, name } => format!("{what} `{name}` is not expected"),
            Problem::Incompatible { found, expected } => {
                format!("found {}, expected {}", quoted(found), quoted(expected))
            }
            Problem::SameDirection { event, .. } => {
                format!("event `{event}` is sent by both sides and received by neither")
            }
            Problem::Flag { flag, found: true } => format!("found `{flag}`, expected not `{flag}`"),
            Problem::Flag { flag, found: false } => {
                format!("expected `{flag}`, found not `{flag}`")
            }
            Problem::Unmet {
                formalism,
                required,
                asked,
                given,
                provided,
                elsewhere,
                verdict,
                ..
            } => {
                let asked = match asked {
                    Side::Requires => "required",
                    Side::Provides => "expected",
                };
                let given = match (given, &provided[..]) {
                    (_, []) if !elsewhere.is_empty() => {
                        let all = everything(elsewhere);
                        match given {
                            Side::Provides => format!("provided is only {all}"),
                            Side::Requires => format!("what may be required is only {all}"),
                        }
                    }
                    (Side::Provides, []) => format!("nothing is provided in `{formalism}`"),
                    (Side::Provides, all) => format!("provided is {formalism} {}", list(all)),
                    (Side::Requires, []) => format!("nothing may be required in `{formalism}`"),
                    (Side::Requires, all) => {
                        format!("what may be required is {formalism} {}", list(all))
                    }
                };
                let asked = format!("{asked} is {formalism} \"{required}\", {given}");
                match verdict {
                    Verdict::Unknown(reason) => {
                        format!("{asked}, and whether that suffices is not known: {reason}")
                    }
                    Verdict::Fails(witness) => format!("{asked}{}", refutation(provided, witness)),
                    Verdict::Holds => format!("{formalism} \"{required}\" is met"),
                }
            }
            Problem::TooLarge => {
                format!("the types are too large to be compared: {}", Reason::Budget)
            }
        }
    }
}

impl Mismatch {
    /// The mismatch as one sentence about two things that go by these names; `left_name` is the
    /// left side of the question. Lower case, no final period.
    pub fn to_sentence(&self, left_name: &str, right_name: &str) -> String {
        let (at_fault, other) = match self.left_at_fault {
            true => (left_name, right_name),
            false => (right_name, left_name),
        };
        let place = place(&self.trail);
        match &self.problem {
            Problem::Missing {
                what,
                name,
                similar,
            } => {
                let similar = match similar {
                    Some(similar) => format!("; it has a similar one, `{similar}`"),
                    None => String::new(),
                };
                format!(
                    "{place}`{at_fault}` has no {what} `{name}`, which `{other}` needs{similar}"
                )
            }
            Problem::Unexpected { what, name } => {
                format!(
                    "{place}`{at_fault}` has the {what} `{name}`, which `{other}` does not expect"
                )
            }
            Problem::Incompatible { found, expected } => format!(
                "{place}`{at_fault}` has {}, but `{other}` needs {}",
                quoted(found),
                quoted(expected)
            ),
            Problem::SameDirection { .. } if left_name == right_name => {
                format!("{place}{}", self.problem.describe())
            }
            Problem::SameDirection { event, .. } => format!(
                "{place}event `{event}` is sent by both `{left_name}` and `{right_name}` and \
                 received by neither"
            ),
            Problem::Flag { flag, found: true } => {
                format!("{place}`{at_fault}` is `{flag}`, and `{other}` is not")
            }
            Problem::Flag { flag, found: false } => {
                format!("{place}`{at_fault}` is not `{flag}`, and `{other}` is")
            }
            Problem::Unmet {
                formalism,
                required,
                asked,
                given,
                provided,
                elsewhere,
                translations,
                verdict,
                explained,
                ..
            } => {
                let place = match self.trail.split_last() {
                    Some((Step::Constraint { .. }, above)) => self::place(above),
                    _ => place,
                };
                // A subtype that requires more than its supertype is the one at fault.
                let (asker, giver) = match given {
                    Side::Provides => (other, at_fault),
                    Side::Requires => (at_fault, other),
                };
                let (asks, gives) = (asked.verb(), given.verb());
                let given = match &provided[..] {
                    [] if elsewhere.is_empty() => format!("{gives} nothing in `{formalism}`"),
                    [] => format!("{gives} only {}", everything(elsewhere)),
                    all => format!("{gives} {formalism} {}", list(all)),
                };
                let asked = format!(
                    "{place}`{asker}` {asks} {formalism} \"{required}\", and `{giver}` {given}{}",
                    translated(translations)
                );
                match verdict {
                    Verdict::Unknown(reason) => {
                        format!("{asked}; whether that suffices is not known: {reason}")
                    }
                    Verdict::Fails(witness) => {
                        let explained = explained.iter().map(|why| format!("; {why}"));
                        let refuted = refutation(provided, witness);
                        format!("{asked}{refuted}{}", explained.collect::<String>())
                    }
                    Verdict::Holds => asked,
                }
            }
            Problem::TooLarge => format!(
                "{place}`{left_name}` and `{right_name}` are too large to be compared: {}",
                Reason::Budget
            ),
        }
    }
}

/// Translations that a sentence tells; the data has them all.
const MAX_TRANSLATIONS: usize = 4;

/// What was translated into what, as further clauses.
fn translated(translations: &[Translation]) -> String {
    let mut text = String::new();
    for translation in &translations[..translations.len().min(MAX_TRANSLATIONS)] {
        for (position, (formalism, written)) in translation.steps.iter().enumerate() {
            text += match position {
                0 => "; ",
                1 => " is translated into ",
                _ => ", and that into ",
            };
            text += &format!("{formalism} \"{written}\"");
        }
    }
    if let Some(more @ 1..) = translations.len().checked_sub(MAX_TRANSLATIONS) {
        text += &format!("; and so on, {more} more");
    }
    text
}

/// The trail as the beginning of a sentence.
fn place(trail: &[Step]) -> String {
    if trail.is_empty() {
        return String::new();
    }
    let steps: Vec<String> = trail.iter().map(ToString::to_string).collect();
    format!("at {}: ", steps.join(" > "))
}

/// Constraints of several formalisms, each formalism named once where its constraints stand together.
fn everything(constraints: &[(String, String)]) -> String {
    let groups = constraints.chunk_by(|(left, _), (right, _)| left == right);
    let groups: Vec<String> = groups
        .map(|group| {
            let texts: Vec<String> = group.iter().map(|(_, text)| text.clone()).collect();
            format!("{} {}", group[0].0, list(&texts))
        })
        .collect();
    groups.join(" and ")
}

fn list(texts: &[String]) -> String {
    let texts: Vec<String> = texts.iter().map(|text| format!("\"{text}\"")).collect();
    texts.join(" and ")
}

/// What refutes an implication by `provided`, as the end of a sentence: nothing where nothing is
/// provided, since that has been said.
fn refutation(provided: &[String], witness: &Witness) -> String {
    match witness {
        Witness::Assignment(pairs) if is_behaviour(pairs) && provided.is_empty() => String::new(),
        witness => shown(witness),
    }
}

/// What refutes an implication, as the end of a sentence.
fn shown(witness: &Witness) -> String {
    match witness {
        Witness::Assignment(pairs) if is_behaviour(pairs) => {
            let with = |wanted: &str| {
                let names = pairs.iter().filter(|(_, value)| value == wanted);
                names.map(|(name, _)| name.as_str()).collect::<Vec<_>>()
            };
            let names = |names: &[&str], last: &str| {
                let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
                names.join(last)
            };
            match (&with("true")[..], &with("false")[..]) {
                (has, []) => format!("; what is {} meets the one only", names(has, " and ")),
                ([], lacks) => format!("; nothing there implies {}", names(lacks, " or ")),
                ([has], lacks) => format!("; `{has}` does not imply {}", names(lacks, " or ")),
                (has, lacks) => {
                    let (has, lacks) = (names(has, " and "), names(lacks, " or "));
                    format!("; {has} do not imply {lacks}")
                }
            }
        }
        Witness::Assignment(pairs) if !pairs.is_empty() => {
            let mut all = String::new();
            let mut last = None;
            for (name, value) in pairs {
                match last {
                    Some(last) if last == name => all += &format!(", then {value}"),
                    Some(_) => all += &format!(", {name} = {value}"),
                    None => all += &format!("{name} = {value}"),
                }
                last = Some(name);
            }
            format!("; that allows {all}")
        }
        witness => match witness.events() {
            Some(events) => format!("; that allows the history {events}"),
            None => String::new(),
        },
    }
}

/// Whether an assignment says of each name whether it is there.
fn is_behaviour(pairs: &[(String, String)]) -> bool {
    let mut values = pairs.iter().map(|(_, value)| value.as_str());
    !pairs.is_empty() && values.all(|value| matches!(value, "true" | "false"))
}

/// Types stand in backticks, words do not.
pub(super) fn quoted(text: &str) -> String {
    if text.contains('`') || text == "no payload" || starts_with_article(text) {
        return text.to_owned();
    }
    format!("`{text}`")
}

fn starts_with_article(text: &str) -> bool {
    text.starts_with("a ") || text.starts_with("an ")
}

pub(super) fn is_name(text: &str) -> bool {
    text != "no payload" && !text.contains('`') && !starts_with_article(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentence(trail: Vec<Step>, problem: Problem, left_at_fault: bool) -> String {
        Mismatch {
            trail,
            problem,
            left_at_fault,
        }
        .to_sentence("note.channel", "net.channel")
    }

    #[test]
    fn a_missing_event_names_the_side_that_lacks_it() {
        let problem = Problem::Missing {
            what: "incoming event",
            name: "recieve".into(),
            similar: Some("receive".into()),
        };
        assert_eq!(
            sentence(vec![], problem.clone(), false),
            "`net.channel` has no incoming event `recieve`, which `note.channel` needs; it has a \
             similar one, `receive`"
        );
        assert_eq!(
            problem.suggestion().as_deref(),
            Some("rename incoming event `receive` to `recieve`")
        );
    }

    #[test]
    fn types_stand_in_backticks_and_words_do_not() {
        let trail = vec![Step::Event("send".into()), Step::Field("message".into())];
        let problem = Problem::Incompatible {
            found: "Line".into(),
            expected: "bytes".into(),
        };
        assert_eq!(
            sentence(trail, problem, true),
            "at event `send` > field `message`: `note.channel` has `Line`, but `net.channel` needs \
             `bytes`"
        );
        let problem = Problem::Incompatible {
            found: "an open record".into(),
            expected: "a closed record".into(),
        };
        assert_eq!(
            problem.describe(),
            "found an open record, expected a closed record"
        );
        assert_eq!(problem.suggestion(), None);
    }

    #[test]
    fn an_unmet_requirement_tells_both_texts_and_the_witness() {
        let step = Step::Constraint {
            formalism: "cardinality".into(),
            text: "at most 3".into(),
        };
        let problem = Problem::Unmet {
            formalism: "cardinality".into(),
            required: "at most 3".into(),
            place: None,
            asked: Side::Requires,
            given: Side::Provides,
            provided: vec!["at most 5".into()],
            elsewhere: vec![],
            translations: vec![],
            verdict: Verdict::Fails(Witness::Assignment(vec![("channel".into(), "5".into())])),
            explained: None,
        };
        assert_eq!(
            sentence(vec![step], problem, true),
            "`net.channel` requires cardinality \"at most 3\", and `note.channel` provides \
             cardinality \"at most 5\"; that allows channel = 5"
        );
    }

    #[test]
    fn what_is_not_known_gives_the_reason() {
        let problem = Problem::Unmet {
            formalism: "quality".into(),
            required: "fast".into(),
            place: None,
            asked: Side::Requires,
            given: Side::Provides,
            provided: vec![],
            elsewhere: vec![],
            translations: vec![],
            verdict: Verdict::Unknown(Reason::FormalismMissing("quality".into())),
            explained: None,
        };
        assert_eq!(
            problem.describe(),
            "required is quality \"fast\", nothing is provided in `quality`, and whether that \
             suffices is not known: no formalism `quality` is registered"
        );
    }

    #[test]
    fn behaviours_are_told_by_what_they_have() {
        let pairs = |all: &[(&str, &str)]| {
            let all = all.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned()));
            Witness::Assignment(all.collect())
        };
        let witness = pairs(&[("fifo", "false"), ("best_effort", "true")]);
        let provided = ["best_effort".to_owned()];
        assert_eq!(
            refutation(&provided, &witness),
            "; `best_effort` does not imply `fifo`"
        );
        let witness = pairs(&[("a", "false"), ("b", "false")]);
        assert_eq!(
            refutation(&provided, &witness),
            "; nothing there implies `a` or `b`"
        );
        assert_eq!(refutation(&[], &witness), "");
    }

    #[test]
    fn values_that_one_thing_takes_in_turn_stand_together() {
        let counts = [("a", "3"), ("a", "2"), ("b", "5")];
        let counts = counts.map(|(name, count)| (name.to_owned(), count.to_owned()));
        let witness = Witness::Assignment(counts.to_vec());
        assert_eq!(shown(&witness), "; that allows a = 3, then 2, b = 5");
    }
}
