//! What a domain does, as lines.

use std::cell::RefCell;
use std::collections::BTreeMap;

use liveobj_references::ObjectText;
use liveobj_types::ObjectId;

use super::{Created, Declared, Entry, Line, Tracer, Tracing, What, hexadecimal};
use crate::engine::create::ProxyType;

/// Writes the lines of one domain.
pub(super) struct LineTracer {
    tracing: Tracing,
    /// From 1.
    domain: u64,
    /// The lines that declare the types of its objects.
    declared: RefCell<BTreeMap<ObjectText, u64>>,
}

impl LineTracer {
    pub(super) fn new(tracing: Tracing) -> LineTracer {
        let domain = tracing.track();
        LineTracer {
            tracing,
            domain,
            declared: RefCell::default(),
        }
    }

    /// The line that declares the type of an object; it is written if there is none yet.
    fn declare(&self, created: &Created<'_>, ty: ObjectId) -> u64 {
        let declared = Declared::of(created, ty);
        if let Some(line) = self.declared.borrow().get(&declared.text) {
            return *line;
        }
        let mut line = Line::new();
        line.declared(&declared);
        // What others refer to is not lost.
        let number = self.tracing.line(true, &line.finish());
        let mut known = self.declared.borrow_mut();
        known.insert(declared.text, number);
        number
    }
}

impl Tracer for LineTracer {
    fn trace(&self, entry: &Entry<'_>) -> u64 {
        let mut line = Line::new();
        line.entry(entry);
        if let What::Created(created) = &entry.what
            && let ProxyType::Object(ty) = created.ty
        {
            line.plain("declared", self.declare(created, ty))
                .text("reference", &hexadecimal(&created.identity));
        }
        if self.domain > 1 {
            line.plain("domain", self.domain);
        }
        self.tracing.line(false, &line.finish())
    }
}
