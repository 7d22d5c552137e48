//! Findings about the form of a document.

use std::sync::Arc;

use liveobj_types::{Diagnostic, Place, Source, Span, codes, nearest};

use crate::json::SyntaxFault;
use crate::model::Spanned;

/// Most findings about the form of one document.
const MOST: usize = 1000;

/// Collects findings about one document.
pub(crate) struct Faults<'a> {
    pub source: &'a Arc<Source>,
    pub diagnostics: Vec<Diagnostic>,
}

impl<'a> Faults<'a> {
    pub fn new(source: &'a Arc<Source>) -> Faults<'a> {
        Faults {
            source,
            diagnostics: Vec::new(),
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
                let message = format!("more than {MOST} findings: the rest is not listed");
                let mut last = Diagnostic::error(codes::LIMIT_EXCEEDED, message);
                last.labels = found.labels;
                self.diagnostics.push(last);
            }
            _ => {}
        }
    }

    /// A document that is not what a reference looks like.
    pub fn structure(&mut self, span: Span, message: String, help: Option<String>) {
        let mut found =
            Diagnostic::error(codes::DOCUMENT_STRUCTURE, message).at(self.place(span), "");
        found.help = help;
        self.push(found);
    }

    /// A name that has no place there.
    pub fn unexpected(&mut self, what: &str, name: &Spanned, within: &str, allowed: &[&str]) {
        let message = format!("{what} `{}` is not expected in {within}", name.text);
        let found = Diagnostic::error(codes::DOCUMENT_STRUCTURE, message);
        let found = found.at(self.place(name.span), "");
        self.push(match nearest(&name.text, allowed.iter().copied()) {
            Some(similar) => found.did_you_mean(&name.text, similar),
            None if allowed.is_empty() => found.with_help("remove it"),
            None => found.with_help(format!("expected {}", one_of(allowed))),
        });
    }

    pub fn syntax(&mut self, fault: SyntaxFault) {
        let mut found = Diagnostic::error(fault.code, fault.message).at(self.place(fault.span), "");
        if let Some((span, text)) = fault.related {
            found = found.at(self.place(span), text);
        }
        found.help = fault.help;
        self.push(found);
    }
}

/// Brackets of type arguments are `[ ]` in documents; `< >` is read as the same.
pub(crate) fn bracketed(mut text: Spanned) -> Spanned {
    if text.text.contains(['<', '>']) {
        text.text = text.text.replace('<', "[").replace('>', "]");
    }
    text
}

/// `` `a`, `b` or `c` ``
pub(crate) fn one_of(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, first)) => format!("{} or {last}", first.join(", ")),
        None => "nothing".to_owned(),
    }
}
