//! Findings about what a user wrote, as plain data. Rendering lives in the command-line tool.

use std::fmt;

use crate::source::Place;

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing; the input is accepted.
    Note,
    /// Probably not what was meant; the input is accepted.
    Warning,
    /// The input is refused.
    Error,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The stable code.
    pub code: Code,
    /// How much it weighs.
    pub severity: Severity,
    /// One sentence: lower case, names in backticks, no final period.
    pub message: String,
    /// The places concerned, the most telling one first; may be empty.
    pub labels: Vec<Label>,
    /// What leads from the thing compared to the part at fault, outermost first.
    pub trail: Vec<Step>,
    /// Further facts, one sentence each.
    pub notes: Vec<String>,
    /// What to do about it.
    pub help: Option<String>,
    /// The same as a change of the text, where a program could make it.
    pub fix: Option<Fix>,
    /// Where two types were compared: every obstacle, that of the message first, then those of the
    /// notes in their order.
    pub obstacles: Vec<Obstacle>,
}

/// What stands in the way at one place, apart from its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// What is the matter.
    pub kind: ObstacleKind,
    /// From the compared pair to the part at fault, outermost first.
    pub trail: Vec<Step>,
}

/// What is the matter with a part that somebody needs or has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ObstacleKind {
    /// It is needed and not there.
    Missing,
    /// It is there and not wanted.
    Unexpected,
    /// It is there and does not fit.
    Incompatible,
    /// It is there, and whether it fits was not shown.
    NotShown,
}

impl ObstacleKind {
    /// The kind in one word.
    pub fn as_str(self) -> &'static str {
        match self {
            ObstacleKind::Missing => "missing",
            ObstacleKind::Unexpected => "unexpected",
            ObstacleKind::Incompatible => "incompatible",
            ObstacleKind::NotShown => "not-shown",
        }
    }
}

impl Diagnostic {
    /// An error without places.
    pub fn error(code: Code, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            code,
            severity: Severity::Error,
            message: shortened(message.into()),
            labels: Vec::new(),
            trail: Vec::new(),
            notes: Vec::new(),
            help: None,
            fix: None,
            obstacles: Vec::new(),
        }
    }

    /// What is the matter, where the finding is about a part that somebody needs or has: that of the
    /// first obstacle, else what the code says.
    pub fn kind(&self) -> Option<ObstacleKind> {
        let first = self.obstacles.first().map(|obstacle| obstacle.kind);
        first.or_else(|| self.code.kind())
    }

    /// A warning without places.
    pub fn warning(code: Code, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            severity: Severity::Warning,
            ..Diagnostic::error(code, message)
        }
    }

    /// A note without places.
    pub fn note(code: Code, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            severity: Severity::Note,
            ..Diagnostic::error(code, message)
        }
    }

    /// Adds a place.
    #[must_use]
    pub fn at(mut self, place: Place, text: impl Into<String>) -> Diagnostic {
        self.labels.push(Label {
            place,
            text: shortened(text.into()),
        });
        self
    }

    /// Adds a fact.
    #[must_use]
    pub fn with_note(mut self, note: impl Into<String>) -> Diagnostic {
        self.notes.push(shortened(note.into()));
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Diagnostic {
        self.help = Some(shortened(help.into()));
        self
    }

    /// Suggests that `meant` was meant by `written`, a name that is not there. A fix goes with it
    /// if the first place holds `written`, in quotes or not or in a `use`, and `meant` can stand there as it is
    /// in every kind of document.
    #[must_use]
    pub fn did_you_mean(self, written: &str, meant: &str) -> Diagnostic {
        self.with_help(format!("did you mean `{meant}`?"))
            .with_fix(written, meant)
    }

    /// The fix alone, for those whose help says more.
    #[must_use]
    pub(crate) fn with_fix(mut self, written: &str, meant: &str) -> Diagnostic {
        let plain = |c: char| !c.is_control() && !matches!(c, '&' | '<' | '>' | '"' | '\'' | '\\');
        let first = self.labels.first().map(|label| &label.place);
        self.fix = first
            .filter(|_| meant.chars().all(plain))
            .and_then(|place| {
                let (before, after) = place.text()?.split_once(written)?;
                let exact = matches!(
                    (before, after),
                    ("", "") | ("\"", "\"") | ("'", "'") | ("use \"", "\";")
                );
                exact.then(|| Fix {
                    place: place.clone(),
                    replacement: format!("{before}{meant}{after}"),
                })
            });
        self
    }

    /// Sets the trail.
    #[must_use]
    pub fn with_trail(mut self, trail: Vec<Step>) -> Diagnostic {
        self.trail = trail;
        self
    }
}

/// Bytes of the longest message, label, note or help.
const MAX_TEXT: usize = 2048;
/// Characters that are kept of each name in a text that is longer.
const KEPT: usize = 64;

/// The text, unless it is so long that nobody would read it: then names in backticks are cut, and
/// if that is not enough, the rest is.
pub fn shortened(text: String) -> String {
    if text.len() <= MAX_TEXT {
        return text;
    }
    let mut short = String::new();
    for (index, part) in text.split('`').enumerate() {
        if index > 0 {
            short.push('`');
        }
        match part.char_indices().nth(KEPT) {
            Some((end, _)) if index % 2 == 1 => {
                short.push_str(&part[..end]);
                short.push('…');
            }
            _ => short.push_str(part),
        }
        if short.len() > MAX_TEXT {
            let mut end = MAX_TEXT;
            while !short.is_char_boundary(end) {
                end -= 1;
            }
            short.truncate(end);
            short.push('…');
            break;
        }
    }
    short
}

/// A place with what is to be said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub place: Place,
    /// A few words; may be empty.
    pub text: String,
}

/// A change of a text that probably mends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What is to be replaced.
    pub place: Place,
    /// What is to stand there instead.
    pub replacement: String,
}

/// One step of a trail from a compared pair to the part at fault.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Step {
    /// Into a component of a composite.
    Component(String),
    /// Into a parameter of a template.
    Parameter(String),
    /// Into an endpoint of an object type.
    Endpoint(String),
    /// Into an event of an endpoint type.
    Event(String),
    /// Into a field of a record or a parameter of an event.
    Field(String),
    /// Into a case of a variant.
    Case(String),
    /// Into a position of a tuple, counted from 0.
    Position(usize),
    /// Into the element type of a list or an option.
    Element,
    /// Into the keys of a map.
    MapKey,
    /// Into the values of a map.
    MapValue,
    /// Into the object type of a `reference<>`.
    ReferencedObject,
    /// Into the endpoint type of an `external<>`.
    ExternalEndpoint,
    /// Into what objects save and load.
    State,
    /// Into a constraint.
    Constraint {
        /// Name of the formalism.
        formalism: String,
        /// The text, white space collapsed.
        text: String,
    },
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Component(name) => write!(f, "component `{name}`"),
            Step::Parameter(name) => write!(f, "parameter `{name}`"),
            Step::Endpoint(name) => write!(f, "endpoint `{name}`"),
            Step::Event(name) => write!(f, "event `{name}`"),
            Step::Field(name) => write!(f, "field `{name}`"),
            Step::Case(name) => write!(f, "case `{name}`"),
            Step::Position(index) => write!(f, "position {index}"),
            Step::Element => f.write_str("element"),
            Step::MapKey => f.write_str("map key"),
            Step::MapValue => f.write_str("map value"),
            Step::ReferencedObject => f.write_str("referenced object"),
            Step::ExternalEndpoint => f.write_str("external endpoint"),
            Step::State => f.write_str("state"),
            Step::Constraint { formalism, text } => write!(f, "constraint {formalism} \"{text}\""),
        }
    }
}

/// A stable, kebab-case name of a kind of finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(&'static str);

impl Code {
    /// The text.
    pub fn as_str(self) -> &'static str {
        self.0
    }

    /// What is the matter with the part that a finding of this code is about; none where it is
    /// about none, or where that differs.
    fn kind(self) -> Option<ObstacleKind> {
        Some(match self {
            codes::UNKNOWN_TYPE
            | codes::UNKNOWN_TYPE_LIBRARY
            | codes::UNKNOWN_FORMALISM
            | codes::UNKNOWN_COMPONENT
            | codes::UNKNOWN_ENDPOINT
            | codes::UNKNOWN_TEMPLATE
            | codes::UNKNOWN_PRIMITIVE
            | codes::UNKNOWN_PARAMETER
            | codes::MANIFEST_MISSING
            | codes::MISSING_AS
            | codes::MISSING_PARAMETER
            | codes::MANDATORY_UNCONNECTED => ObstacleKind::Missing,
            codes::WRONG_KIND
            | codes::WRONG_ARGUMENT_COUNT
            | codes::WRONG_ARGUMENT_KIND
            | codes::ARGUMENT_OUT_OF_BOUND
            | codes::INVALID_DEFAULT
            | codes::INVALID_MAP_KEY
            | codes::INVALID_VALUE
            | codes::LIBRARY_HASH_MISMATCH
            | codes::NOT_A_TEMPLATE
            | codes::SESSION_MISMATCH
            | codes::TEMPLATE_MISMATCH => ObstacleKind::Incompatible,
            _ => return None,
        })
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        /// Every code of the project: one list, so that tests can demand a case for each.
        pub mod codes {
            use super::Code;
            $($(#[$doc])* pub const $name: Code = Code($text);)*
            /// All codes in the order of this list.
            pub const ALL: &[Code] = &[$($name),*];
        }
    };
}

codes! {
    // The type language.
    /// A text of the type language, or a type inside a document, does not parse.
    TYPE_SYNTAX = "type-syntax";
    /// A name is declared twice, or a declaration and a `use` bring the same name.
    DUPLICATE_NAME = "duplicate-name";
    /// A type name that nothing declares.
    UNKNOWN_TYPE = "unknown-type";
    /// A type library that cannot be found.
    UNKNOWN_TYPE_LIBRARY = "unknown-type-library";
    /// A type of one kind stands where another kind is needed.
    WRONG_KIND = "wrong-kind";
    /// A type takes another number of arguments.
    WRONG_ARGUMENT_COUNT = "wrong-argument-count";
    /// A type argument is not a subtype of its parameter's bound.
    ARGUMENT_OUT_OF_BOUND = "argument-out-of-bound";
    /// A type that cannot be the key of a map.
    INVALID_MAP_KEY = "invalid-map-key";
    /// A recursive use whose arguments are neither parameters nor closed types.
    NON_REGULAR_RECURSION = "non-regular-recursion";
    /// An alias that is, through aliases and options only, itself.
    CYCLIC_ALIAS = "cyclic-alias";
    /// A type that has no finite value.
    NO_FINITE_VALUE = "no-finite-value";
    /// An event name that the constraint notations reserve.
    RESERVED_NAME = "reserved-name";
    /// `refusable` on an event that the owner receives.
    REFUSABLE_INPUT = "refusable-input";
    /// An adapter whose objects do not have exactly two endpoints for one connection each.
    ADAPTER_FORM = "adapter-form";
    /// A default value that is not a value of its parameter's type.
    INVALID_DEFAULT = "invalid-default";
    /// A constraint text that its formalism cannot read.
    CONSTRAINT_SYNTAX = "constraint-syntax";
    /// A formalism that is not registered, of nearly the same name as one that is.
    UNKNOWN_FORMALISM = "unknown-formalism";
    /// Constraints that nothing can satisfy.
    UNSATISFIABLE_CONSTRAINT = "unsatisfiable-constraint";
    /// A temporal constraint that changes when nothing happens for a while.
    COUNTS_SILENCE = "counts-silence";
    /// More than one session type on one side.
    DUPLICATE_SESSION = "duplicate-session";
    /// Session types of both sides that do not fit each other.
    SESSION_MISMATCH = "session-mismatch";
    /// A session that is provided without one that is required.
    SESSION_UNPAIRED = "session-unpaired";

    // Reference documents.
    /// A document that is not well-formed XML or JSON.
    DOCUMENT_SYNTAX = "document-syntax";
    /// A well-formed document that is not a reference.
    DOCUMENT_STRUCTURE = "document-structure";
    /// A limit on size, depth or number is exceeded.
    LIMIT_EXCEEDED = "limit-exceeded";
    /// Two components, parameters or exports of the same name.
    DUPLICATE_PART = "duplicate-part";
    /// A connection or an export names a component that is not there.
    UNKNOWN_COMPONENT = "unknown-component";
    /// A connection or an export names an endpoint that the component does not have.
    UNKNOWN_ENDPOINT = "unknown-endpoint";
    /// Two endpoints whose types do not match.
    ENDPOINT_MISMATCH = "endpoint-mismatch";
    /// An `adapt` for which no adapter will do.
    ADAPTER_NOT_FOUND = "adapter-not-found";
    /// An `adapt` for which several chains of adapters, equally long, will do.
    ADAPTER_AMBIGUOUS = "adapter-ambiguous";
    /// Two endpoints of which it could not be shown that they match.
    ENDPOINT_NOT_SHOWN = "endpoint-not-shown";
    /// An endpoint that is not `many` is used more than once.
    ENDPOINT_ALREADY_USED = "endpoint-already-used";
    /// A mandatory endpoint is neither connected nor exported.
    MANDATORY_UNCONNECTED = "mandatory-unconnected";
    /// An object whose type is not a subtype of the one demanded.
    NOT_A_SUBTYPE = "not-a-subtype";
    /// An object of which it could not be shown that its type is a subtype of the one demanded.
    SUBTYPE_NOT_SHOWN = "subtype-not-shown";
    /// A library whose manifest is not at hand.
    MANIFEST_MISSING = "manifest-missing";
    /// A library that was found, but is not the one whose hash the document gives.
    LIBRARY_HASH_MISMATCH = "library-hash-mismatch";
    /// A name that a library does not offer.
    UNKNOWN_TEMPLATE = "unknown-template";
    /// A primitive that this runtime does not have.
    UNKNOWN_PRIMITIVE = "unknown-primitive";
    /// An external reference without `as` whose type nothing else tells.
    MISSING_AS = "missing-as";
    /// An assignment to a parameter that the template does not have.
    UNKNOWN_PARAMETER = "unknown-parameter";
    /// A parameter that is neither assigned nor has a default.
    MISSING_PARAMETER = "missing-parameter";
    /// An argument of another kind than the parameter's.
    WRONG_ARGUMENT_KIND = "wrong-argument-kind";
    /// A value that is not of its parameter's type.
    INVALID_VALUE = "invalid-value";
    /// Parameters given to something that is not a template, or a template used as an object.
    NOT_A_TEMPLATE = "not-a-template";
    /// A template that is not equal to the one named in its `as`.
    TEMPLATE_MISMATCH = "template-mismatch";
    /// A requirement or mandatory endpoint that is left over at the root.
    UNMET_AT_ROOT = "unmet-at-root";
    /// An implication that holds on the word of a library that adds the formalism.
    LIBRARY_VERDICT = "library-verdict";

    // Ontologies of users.
    /// A line that is none of an ontology.
    ONTOLOGY_SYNTAX = "ontology-syntax";
    /// A name that would mean two things.
    ONTOLOGY_CLASH = "ontology-clash";
    /// A fact about a property that is not declared.
    ONTOLOGY_UNKNOWN_NAME = "ontology-unknown-name";
    /// Properties that imply each other in a circle.
    ONTOLOGY_CYCLE = "ontology-cycle";
    /// A property that implies what cannot be together.
    ONTOLOGY_CONTRADICTION = "ontology-contradiction";
    /// A claim that a history refutes.
    ONTOLOGY_REFUTED = "ontology-refuted";
    /// A fact that is neither proved nor an axiom.
    ONTOLOGY_UNPROVED = "ontology-unproved";
    /// An implication that holds by an axiom of a user's ontology.
    ONTOLOGY_AXIOM = "ontology-axiom";

    // Documents of 2009.
    /// A spelling that the original refused and everybody understands.
    ORIGINAL_SPELLING = "original-spelling";
    /// A value that is left out, and is null or zero.
    ORIGINAL_OMITTED = "original-omitted";
    /// A value that is converted exactly to another type.
    ORIGINAL_COERCED = "original-coerced";
    /// Something of the document that its conversion does not keep.
    ORIGINAL_NOT_KEPT = "original-not-kept";
    /// An id that names no class or component, or one that the original did not have.
    ORIGINAL_UNKNOWN_ID = "original-unknown-id";
    /// Something that no reference expresses.
    ORIGINAL_NOT_CONVERTIBLE = "original-not-convertible";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_nobody_would_read_is_cut() {
        let long = "ä".repeat(10_000_000);
        let found = Diagnostic::error(codes::UNKNOWN_TYPE, format!("no type `{long}` in `b`"));
        assert_eq!(found.message, format!("no type `{}…` in `b`", &long[..128]));
        let found = found.with_help(long.as_str()).with_note(format!("`{long}"));
        let help = found.help.as_deref();
        assert_eq!(help, Some(format!("{}…", &long[..MAX_TEXT]).as_str()));
        assert_eq!(found.notes, [format!("`{}…", &long[..128])]);
        let names = "`some name`, ".repeat(1_000);
        assert_eq!(shortened(names).len(), MAX_TEXT + '…'.len_utf8());
        // What is read is not cut.
        let name = "a".repeat(MAX_TEXT - 2);
        assert_eq!(shortened(format!("`{name}`")), format!("`{name}`"));
    }

    #[test]
    fn codes_are_kebab_case_and_unique() {
        let mut seen = std::collections::BTreeSet::new();
        for code in codes::ALL {
            assert!(
                code.as_str()
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c == '-'),
                "{code}"
            );
            assert!(seen.insert(*code), "{code} stands twice");
        }
    }
}
