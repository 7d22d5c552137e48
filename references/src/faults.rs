//! Findings about the form of a document.

use std::sync::Arc;

use liveobj_types::{Diagnostic, Place, Severity, Source, Span, codes, nearest};

use crate::gaps::Gaps;
use crate::json::SyntaxFault;
use crate::model::Spanned;

/// Most findings about one document.
pub(crate) const MOST: usize = 1000;
/// Most names that a message lists.
const MOST_NAMES: usize = 20;

/// Says that there are more findings than are listed.
pub(crate) fn unlisted(severity: Severity) -> Diagnostic {
    let message = format!("more than {MOST} findings: the rest is not listed");
    Diagnostic {
        severity,
        ..Diagnostic::error(codes::LIMIT_EXCEEDED, message)
    }
}

/// Collects findings about one document.
pub(crate) struct Faults<'a> {
    pub source: &'a Arc<Source>,
    pub diagnostics: Vec<Diagnostic>,
    /// What could not be read.
    pub gaps: Gaps,
}

impl<'a> Faults<'a> {
    pub fn new(source: &'a Arc<Source>) -> Faults<'a> {
        Faults {
            source,
            diagnostics: Vec::new(),
            gaps: Gaps::default(),
        }
    }

    pub fn place(&self, span: Span) -> Place {
        Place::new(self.source, span)
    }

    /// Adds a finding, unless there are too many already.
    pub fn push(&mut self, found: Diagnostic) {
        match self.diagnostics.len() {
            ..MOST => self.diagnostics.push(found),
            MOST => {
                let mut last = unlisted(Severity::Error);
                last.labels = found.labels;
                self.diagnostics.push(last);
            }
            _ => {}
        }
    }

    /// Whether there are more findings than are listed.
    pub fn is_full(&self) -> bool {
        self.diagnostics.len() > MOST
    }

    /// A document that is not what a reference looks like.
    pub fn structure(&mut self, span: Span, message: String, help: Option<String>) {
        let found = Diagnostic::error(codes::DOCUMENT_STRUCTURE, message).at(self.place(span), "");
        self.push(match help {
            Some(help) => found.with_help(help),
            None => found,
        });
    }

    /// A name that has no place there; gives the one that was probably meant.
    pub fn unexpected<'n>(
        &mut self,
        what: &str,
        name: &Spanned,
        within: &str,
        allowed: &[&'n str],
    ) -> Option<&'n str> {
        let message = format!("{what} `{}` is not expected in {within}", name.text);
        let found = Diagnostic::error(codes::DOCUMENT_STRUCTURE, message);
        let found = found.at(self.place(name.span), "");
        let meant = nearest(&name.text, allowed.iter().copied());
        self.push(match meant {
            Some(similar) => found.did_you_mean(&name.text, similar),
            None if allowed.is_empty() => found.with_help("remove it"),
            None => found.with_help(format!("expected {}", one_of(allowed))),
        });
        meant
    }

    pub fn syntax(&mut self, fault: SyntaxFault) {
        let mut found = Diagnostic::error(fault.code, fault.message).at(self.place(fault.span), "");
        if let Some((span, text)) = fault.related {
            found = found.at(self.place(span), text);
        }
        self.push(match fault.help {
            Some(help) => found.with_help(help),
            None => found,
        });
    }
}

/// Brackets of type arguments are `[ ]` in documents; `< >` is read as the same.
pub(crate) fn bracketed(mut text: Spanned) -> Spanned {
    if text.text.contains(['<', '>']) {
        text.text = text.text.replace('<', "[").replace('>', "]");
    }
    text
}

/// `` `a`, `b` or `c` ``; of very many names the first ones, and how many there are.
pub(crate) fn one_of(names: &[&str]) -> String {
    let listed = names.iter().take(MOST_NAMES);
    let quoted: Vec<String> = listed.map(|name| format!("`{name}`")).collect();
    if names.len() > MOST_NAMES {
        return format!("{}, … ({} in all)", quoted.join(", "), names.len());
    }
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, first)) => format!("{} or {last}", first.join(", ")),
        None => "nothing".to_owned(),
    }
}
