//! What was found, each finding once, and the wording of what is found in more than one place.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::instances::{Decl, Instances};
use crate::diagnostic::{Code, Diagnostic, Severity, codes};
use crate::source::{Place, Source, Span};
use crate::syntax::{Brackets, Kind, TypeExpr, print_type};

/// What tells findings apart.
type Key = (Code, String, Option<(usize, Span)>);

/// Findings, each once, in the order found.
#[derive(Default)]
pub(super) struct Faults {
    all: Vec<Diagnostic>,
    /// Code, message and place of each; texts are told apart by their addresses, on which
    /// nothing else depends.
    seen: BTreeSet<Key>,
}

impl Faults {
    /// Adds a finding unless it was made before.
    pub(super) fn add(&mut self, fault: Diagnostic) {
        let place = fault.labels.first().map(|label| {
            let text = Arc::as_ptr(&label.place.source) as usize;
            (text, label.place.span)
        });
        let key = (fault.code, fault.message.clone(), place);
        if self.seen.insert(key) {
            self.all.push(fault);
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.all.len()
    }

    /// Whether some are errors.
    pub(super) fn any_error(&self) -> bool {
        self.all
            .iter()
            .any(|fault| fault.severity == Severity::Error)
    }

    /// All of them.
    pub(super) fn into_vec(self) -> Vec<Diagnostic> {
        self.all
    }
}

/// The fault of aliases that stand for each other, each for the next one.
pub(super) fn cyclic_alias(instances: &Instances, cycle: &[Decl]) -> Diagnostic {
    let first = cycle
        .iter()
        .enumerate()
        .min_by_key(|(_, decl)| **decl)
        .map_or(0, |(at, _)| at);
    let mut names = Vec::new();
    for step in 0..=cycle.len() {
        if let Some(decl) = cycle.get((first + step) % cycle.len().max(1)) {
            names.push(format!("`{}`", instances.name(*decl)));
        }
    }
    let message = match names.as_slice() {
        [] => "an alias stands for itself".to_owned(),
        [name, _] => format!("alias {name} stands for itself"),
        names if names.len() <= 8 => {
            format!("these aliases stand for each other: {}", names.join(" → "))
        }
        names => format!(
            "these {} aliases stand for each other: {} → … → {}",
            names.len() - 1,
            names[..4].join(" → "),
            names[0]
        ),
    };
    let mut fault = Diagnostic::error(codes::CYCLIC_ALIAS, message);
    if let Some(decl) = cycle.get(first) {
        let (module, item) = instances.item(*decl);
        if let Some(name) = module.file.items[item].name() {
            fault = fault.at(Place::new(&module.source, name.span), "");
        }
    }
    fault.with_help("let it stand for a type, or declare a record, variant, endpoint or object")
}

/// The fault of a type of the wrong kind.
pub(super) fn wrong_kind(
    place: Place,
    expr: &TypeExpr,
    found: Option<(Kind, Option<Place>)>,
    expected: Kind,
) -> Diagnostic {
    let text = written(&place.source, expr);
    let applied = |name: &str| in_brackets(&place.source, name, &text);
    let needed = format!("{} type is needed here", article(expected));
    let message = match &found {
        Some((kind, _)) => format!("`{text}` is {} type, but {needed}", article(*kind)),
        None => format!("`{text}` is not what {needed}"),
    };
    let mut fault = Diagnostic::error(codes::WRONG_KIND, message).at(place.clone(), "");
    if let Some((kind, declared)) = found {
        if let Some(declared) = declared {
            fault = fault.at(declared, "declared here");
        }
        match (kind, expected) {
            (Kind::Object, Kind::Value) => {
                fault = fault.with_help(format!(
                    "write `{}` for a reference to such an object",
                    applied("reference")
                ));
            }
            (Kind::Endpoint, Kind::Value) => {
                fault = fault.with_help(format!(
                    "write `{}` for a reference to such an endpoint",
                    applied("external")
                ));
            }
            (Kind::Object, Kind::Endpoint) => {
                fault = fault.with_help("name the type of one of its endpoints");
            }
            (Kind::Endpoint, Kind::Object) => {
                fault = fault.with_help("declare an `object` with an endpoint of this type");
            }
            (Kind::Value, Kind::Endpoint) => {
                fault = fault.with_help("an endpoint type is declared with `endpoint`");
            }
            (Kind::Value, Kind::Object) => {
                fault = fault.with_help("an object type is declared with `object`");
            }
            _ => {}
        }
    }
    fault
}

/// The brackets to write in a text: angle ones in type libraries, square ones in reference
/// documents, where they need no escaping. Both can be read everywhere.
fn brackets(source: &Source) -> Brackets {
    let document = source.name.ends_with(".liveobject");
    if source.name.ends_with(".lot") || (source.name.contains(':') && !document) {
        Brackets::Angle
    } else {
        Brackets::Square
    }
}

/// A type expression in the brackets of its text.
pub(super) fn written(source: &Source, expr: &TypeExpr) -> String {
    print_type(expr, brackets(source))
}

/// A type with arguments, in the brackets of a text.
pub(super) fn in_brackets(source: &Source, name: &str, arguments: &str) -> String {
    match brackets(source) {
        Brackets::Angle => format!("{name}<{arguments}>"),
        Brackets::Square => format!("{name}[{arguments}]"),
    }
}

/// A kind with its article.
pub(super) fn article(kind: Kind) -> &'static str {
    match kind {
        Kind::Value => "a value",
        Kind::Endpoint => "an endpoint",
        Kind::Object => "an object",
    }
}

/// A number of arguments in words.
pub(super) fn number_of_arguments(number: usize) -> String {
    match number {
        0 => "no type arguments".to_owned(),
        1 => "1 type argument".to_owned(),
        number => format!("{number} type arguments"),
    }
}
