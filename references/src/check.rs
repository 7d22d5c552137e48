//! The check.

use std::sync::Arc;

use liveobj_types::{Diagnostic, Formalisms, ObjectId, Source, Types};

use crate::catalog::Catalog;
use crate::checked::CheckedReference;
use crate::model::Document;

/// What a check accepts.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// Accept `unknown`, listing each as a warning.
    pub allow_unknown: bool,
}

/// What a check found.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The types of everything that could be typed.
    pub types: Arc<Types>,
    /// Type of the root, where it could be derived.
    pub typed: Option<ObjectId>,
    /// Every finding, in the order of the document.
    pub diagnostics: Vec<Diagnostic>,
    /// The plan: present exactly if no diagnostic is an error.
    pub reference: Option<CheckedReference>,
}

/// Types every part of `document` and collects every finding. Offline: manifests are read from
/// `catalog`, no protocol is run.
pub fn check(
    document: &Arc<Document>,
    source: &Arc<Source>,
    catalog: &dyn Catalog,
    formalisms: &Formalisms,
    policy: &Policy,
) -> Checked {
    let _ = (document, source, catalog, formalisms, policy);
    todo!("references helper")
}
