//! What holds of every model, however it was made: unique names, names that are names, limits.

use std::collections::HashMap;

use liveobj_types::{Diagnostic, Span, codes};

use crate::faults::Faults;
use crate::gaps::{Gaps, is_left_out};
use crate::limits::{Limits, RAISE};
use crate::model::{
    Argument, Composite, Document, EndpointName, ExternalSource, Reference, ReferenceKind, Spanned,
};

/// Longest name of a component, an exported endpoint or a parameter, in bytes.
const MAX_NAME: usize = 256;
/// Longest name of a library or of what is asked of a folder, in bytes.
const MAX_TEXT: usize = 4096;

/// Reports every violation; what is left out violates nothing.
pub(crate) fn validate(faults: &mut Faults<'_>, document: &Document, gaps: &Gaps, limits: &Limits) {
    let mut walk = Walk {
        faults,
        gaps,
        limits,
        components: 0,
    };
    walk.reference(&document.root, 1);
}

struct Walk<'f, 's> {
    faults: &'f mut Faults<'s>,
    gaps: &'f Gaps,
    limits: &'f Limits,
    components: usize,
}

impl Walk<'_, '_> {
    fn limit(&mut self, span: Span, message: String, help: Option<&str>) {
        let place = self.faults.place(span);
        let mut found = Diagnostic::error(codes::LIMIT_EXCEEDED, message).at(place, "");
        found.help = help.map(str::to_owned);
        self.faults.push(found);
    }

    fn reference(&mut self, reference: &Reference, depth: usize) {
        if depth > self.limits.depth {
            let limit = self.limits.depth;
            self.limit(
                reference.span,
                format!("more than {limit} references inside each other"),
                None,
            );
            return;
        }
        match &reference.kind {
            ReferenceKind::Composite(composite) if self.gaps.is_unread(reference) => {
                for component in &composite.components {
                    self.reference(&component.reference, depth + 1);
                }
            }
            ReferenceKind::Composite(composite) => {
                self.composite(composite, depth);
                let left_out = self.gaps.of_composite(reference);
                for inside in left_out.iter().flat_map(|it| &it.inside) {
                    self.reference(inside, depth + 1);
                }
            }
            ReferenceKind::External(external) => {
                if !self.gaps.is_nameless(reference) {
                    self.not_empty(&external.name, "the name of an external object");
                }
                match &external.source {
                    ExternalSource::From(from) => self.reference(from, depth + 1),
                    ExternalSource::Library { name, sha256 } => {
                        self.not_empty(name, "the name of a library");
                        if let Some(sha256) = sha256 {
                            self.hash(sha256);
                        }
                    }
                }
            }
            ReferenceKind::Parameterized(inner) => {
                self.reference(&inner.template, depth + 1);
                let more = self.gaps.assigns_more(reference.span);
                let named = |(name, _): &&(Spanned, Argument)| !(more && is_left_out(name));
                self.parameters(inner.parameters.iter().filter(named), depth);
                for (_, argument) in inner.parameters.iter().filter(|it| !named(it)) {
                    self.argument(argument, depth);
                }
            }
            ReferenceKind::Primitive(primitive) => {
                self.not_empty(&primitive.id, "the id of a primitive");
            }
        }
    }

    fn composite(&mut self, composite: &Composite, depth: usize) {
        let before = self.components;
        self.components += composite.components.len();
        if before <= self.limits.components && self.components > self.limits.components {
            let first = self.limits.components - before;
            let span = composite.components[first].name.span;
            self.limit(
                span,
                format!("more than {} components", self.limits.components),
                Some(RAISE),
            );
        }
        let mut seen = HashMap::new();
        for component in &composite.components {
            self.name(&component.name, "component");
            self.unique(&mut seen, &component.name, "component");
        }
        for end in composite.connections.iter().flat_map(|it| &it.ends) {
            self.endpoint(end);
        }
        let mut seen = HashMap::new();
        for export in &composite.exports {
            self.endpoint(&export.endpoint);
            if let Some(name) = &export.as_name {
                self.name(name, "exported endpoint");
            }
            let name = export.as_name.as_ref().unwrap_or(&export.endpoint.name);
            self.unique(&mut seen, name, "export");
        }
        for component in &composite.components {
            self.reference(&component.reference, depth + 1);
        }
        for adapt in composite
            .connections
            .iter()
            .filter_map(|c| c.adapt.as_ref())
        {
            self.name(&adapt.name, "adapter");
            self.parameters(adapt.parameters.iter(), depth);
        }
    }

    fn endpoint(&mut self, end: &EndpointName) {
        self.length(&end.of, MAX_NAME, "the name of a component");
        self.length(&end.name, MAX_NAME, "the name of an endpoint");
    }

    fn parameters<'d>(
        &mut self,
        parameters: impl Iterator<Item = &'d (Spanned, Argument)>,
        depth: usize,
    ) {
        let mut seen = HashMap::new();
        for (name, argument) in parameters {
            self.length(name, MAX_NAME, "the name of a parameter");
            self.unique(&mut seen, name, "parameter");
            self.argument(argument, depth);
        }
    }

    fn argument(&mut self, argument: &Argument, depth: usize) {
        if let Argument::Reference(reference) = argument {
            self.reference(reference, depth + 1);
        }
    }

    fn unique<'d>(&mut self, seen: &mut HashMap<&'d str, Span>, name: &'d Spanned, what: &str) {
        let Some(first) = seen.get(name.text.as_str()) else {
            seen.insert(&name.text, name.span);
            return;
        };
        let message = format!("a second {what} named `{}`", name.text);
        let found = Diagnostic::error(codes::DUPLICATE_PART, message)
            .at(self.faults.place(name.span), "again here")
            .at(self.faults.place(*first), "first here")
            .with_help("give one of them another name");
        self.faults.push(found);
    }

    /// Whether a text is short enough.
    fn length(&mut self, text: &Spanned, most: usize, what: &str) -> bool {
        let fits = text.text.len() <= most;
        if !fits {
            // Nobody needs to see all of it.
            let first = text.text.chars().next().filter(|_| text.verbatim);
            let end = text.span.start + first.map_or(0, char::len_utf8);
            let span = Span::new(text.span.start, end);
            let help = Some("give it a shorter name");
            self.limit(span, format!("{what} is longer than {most} bytes"), help);
        }
        fits
    }

    fn name(&mut self, name: &Spanned, what: &str) {
        let article = if what.starts_with(['a', 'e']) {
            "an"
        } else {
            "a"
        };
        if !self.length(name, MAX_NAME, &format!("the name of {article} {what}"))
            || is_name(&name.text)
        {
            return;
        }
        let message = format!("`{}` cannot be the name of {article} {what}", name.text);
        let help = "names are letters, digits and `_`, and do not begin with a digit";
        self.faults
            .structure(name.span, message, Some(help.to_owned()));
    }

    fn not_empty(&mut self, text: &Spanned, what: &str) {
        if text.text.is_empty() {
            self.faults
                .structure(text.span, format!("{what} is empty"), None);
        }
        self.length(text, MAX_TEXT, what);
    }

    fn hash(&mut self, text: &Spanned) {
        if !is_hash(&text.text) {
            let message = "a `sha256` is 64 hexadecimal digits".to_owned();
            let help = "`sha256sum FILE` prints it";
            self.faults
                .structure(text.span, message, Some(help.to_owned()));
        }
    }
}

/// Whether a text is a SHA-256 as documents write it.
pub(crate) fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether a text can name a component or an endpoint.
fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars
        .next()
        .is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}
