//! The check: types every part of a document and collects every finding. One file for each kind
//! of reference.

mod adapt;
mod advice;
mod composite;
mod connect;
mod explain;
mod external;
mod graph;
mod libraries;
mod named;
mod parameterized;
mod primitive;
mod relate;
mod root;
mod scope;
mod templates;
#[cfg(test)]
pub(crate) mod tests;
mod values;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use liveobj_types::{
    Diagnostic, Formalisms, Judgement, Module, ObjectId, Place, Severity, Source, Span, TypeId,
    Types, codes, nearest,
};

use crate::catalog::{Catalog, LibraryTypes};
use crate::checked::{CheckedReference, Part};
use crate::embed::Embedded;
use crate::explanation::Explanation;
use crate::faults::{Faults, MOST, unlisted};
use crate::gaps::Gaps;
use crate::graph::ObjectNode;
use crate::limits::Limits;
use crate::model::{Document, Reference, ReferenceKind};
use crate::{read, validate};

pub(crate) use adapt::written_out;
pub(crate) use named::named_types;
use scope::Scope;

/// What a check accepts.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// Accept `unknown`, listing each as a warning.
    pub allow_unknown: bool,
    /// How large documents may be.
    pub limits: Limits,
    /// Tell why the constraints are met that are ([`Checked::explanation`]). No finding depends on it.
    pub explain: bool,
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
    /// Why constraints are met, where [`Policy::explain`] asks for it and the document can be read.
    pub explanation: Option<Explanation>,
}

/// Types every part of `document` and collects every finding. Offline: manifests are read from
/// `catalog`, no protocol is run. `source` is the text that the document was read from.
pub fn check(
    document: &Arc<Document>,
    source: &Arc<Source>,
    catalog: &dyn Catalog,
    formalisms: &Formalisms,
    policy: &Policy,
) -> Checked {
    let gaps = Gaps::default();
    let checker = Checker::new(source, catalog, formalisms, policy, Depth::Types, &gaps);
    concluded(checker, document, source).0
}

/// Checks `document` as [`check`] does, and tells what it is made of with the verdict on each
/// connection, whether or not it is well typed. Objects in values that are given to adapters are
/// left out.
pub fn graph(
    document: &Arc<Document>,
    source: &Arc<Source>,
    catalog: &dyn Catalog,
    formalisms: &Formalisms,
    policy: &Policy,
) -> (Checked, ObjectNode) {
    let gaps = Gaps::default();
    let mut checker = Checker::new(source, catalog, formalisms, policy, Depth::Types, &gaps);
    checker.kept = Some(graph::Kept::default());
    let (checked, graph) = concluded(checker, document, source);
    (checked, graph.expect("what it takes was kept"))
}

/// The check itself, and the graph where what it takes is kept.
fn concluded(
    mut checker: Checker<'_>,
    document: &Arc<Document>,
    source: &Arc<Source>,
) -> (Checked, Option<ObjectNode>) {
    let root = checker.document(document);
    checker.turn_to(&document.root);
    let unmet = root
        .as_ref()
        .map(|root| checker.unmet(document, root))
        .unwrap_or_default();
    checker.report_words(document);
    let graph = checker.graph(document);
    let explanation = checker.explanation();
    let diagnostics = checker.finish();
    let typed = root.as_ref().map(|root| root.ty);
    let libraries = checker.told();
    let formalisms = checker.formalisms.clone();
    checker.types.forget();
    let types = Arc::new(checker.types);
    let refused = diagnostics
        .iter()
        .any(|found| found.severity == Severity::Error);
    let part = root.and_then(|root| root.part);
    debug_assert!(
        refused || part.is_some(),
        "without a plan there is an error"
    );
    let reference = part.filter(|_| !refused).map(|root| CheckedReference {
        document: document.clone(),
        source: source.clone(),
        types: types.clone(),
        identity: root.identity,
        root,
        unmet,
        libraries,
        formalisms,
    });
    let checked = Checked {
        types,
        typed,
        diagnostics,
        reference,
        explanation,
    };
    (checked, graph)
}

/// Reads `source` and checks what it says: the way of everything that arrives as text. What cannot
/// be read is left out, so that a fault of form hides no other fault; there is no plan then.
pub fn check_source(
    source: &Arc<Source>,
    catalog: &dyn Catalog,
    formalisms: &Formalisms,
    policy: &Policy,
) -> Checked {
    match read::read_on(source, &policy.limits) {
        (Some((document, gaps)), found) => {
            let mut checker =
                Checker::new(source, catalog, formalisms, policy, Depth::Types, &gaps);
            let faulty = !found.is_empty();
            checker.report_all(found);
            let mut checked = concluded(checker, &Arc::new(document), source).0;
            if faulty {
                checked.reference = None;
            }
            checked
        }
        (None, diagnostics) => Checked {
            types: Arc::new(Types::new()),
            typed: None,
            diagnostics,
            reference: None,
            explanation: None,
        },
    }
}

/// SHA-256 of the canonical form of `document`: its identity. Does not depend on formalisms, and
/// does not say that the document is well typed; but where a connection asks for adapters
/// (`adapt`), which ones are meant follows from the types of everything, so that a document has an
/// identity only if it is well typed. `formalisms` matter then only in that without them it may not
/// be known.
///
/// # Errors
///
/// What stands in the way: a manifest that is not at hand, or a document that has no meaning.
pub fn hash(
    document: &Document,
    source: &Arc<Source>,
    catalog: &dyn Catalog,
    formalisms: &Formalisms,
) -> Result<[u8; 32], Vec<Diagnostic>> {
    let none = Formalisms::none();
    let policy = Policy::default();
    let gaps = Gaps::default();
    let mut checker = Checker::new(source, catalog, &none, &policy, Depth::Identity, &gaps);
    let mut root = checker.document(document);
    if checker.adapts {
        checker = Checker::new(source, catalog, formalisms, &policy, Depth::Types, &gaps);
        root = checker.document(document);
    }
    let mut diagnostics = checker.finish();
    diagnostics.retain(|found| found.severity == Severity::Error);
    match root.and_then(|root| root.part) {
        Some(part) if diagnostics.is_empty() => Ok(part.identity),
        _ => Err(diagnostics),
    }
}

/// Whether `id` is the `library` primitive.
pub(crate) fn is_library(id: &str) -> bool {
    primitive::known(id) == Some(primitive::Known::Library)
}

/// How much is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Depth {
    /// Everything.
    Types,
    /// What the identity needs: no relations between types.
    Identity,
}

/// Findings for which a name is looked for among very many, and how many these are.
const SUGGESTIONS: usize = 20;
const MANY_NAMES: usize = 1000;

/// What is known of a reference.
struct Typed {
    /// Its type as others see it.
    ty: ObjectId,
    /// Its type before `as`, where that is known.
    derived: ObjectId,
    /// The plan, unless something inside is wrong.
    part: Option<Part>,
}

struct Checker<'a> {
    source: Arc<Source>,
    catalog: &'a dyn Catalog,
    formalisms: &'a Formalisms,
    policy: &'a Policy,
    depth: Depth,
    /// What the document at hand leaves out.
    gaps: &'a Gaps,
    limits: Limits,
    types: Types,
    embedded: Embedded,
    diagnostics: Vec<Diagnostic>,
    /// The worst of what was found beyond the findings that are listed.
    unlisted: Option<Severity>,
    /// References around the one at hand.
    nesting: usize,
    /// Bytes of canonical documents written so far.
    passed_bytes: usize,
    /// Pairs of endpoints that may still be tried for the sake of advice.
    trials: usize,
    libraries: BTreeMap<(String, Option<String>), Result<Arc<LibraryTypes>, libraries::Absent>>,
    /// Hashes of libraries that are not at hand.
    missing: BTreeSet<String>,
    primitives: Arc<Module>,
    folder: Option<ObjectId>,
    /// Module, by its address, and text → the type.
    resolved: HashMap<(usize, String), TypeId>,
    /// Never iterated over, like `resolved`.
    judged: HashMap<relate::Question, Judgement>,
    /// Connections for which advice may still look for adapters.
    adapter_advice: usize,
    /// Steps that searches for adapters may still take.
    adapter_steps: usize,
    /// What was inserted into composites, by their address.
    insertions: BTreeMap<usize, Vec<adapt::Insertion>>,
    /// Whether a connection asks for adapters: the identity then depends on types.
    adapts: bool,
    /// What the graph takes, if one is wanted.
    kept: Option<graph::Kept>,
    /// What is to be told of why constraints are met, if that is wanted.
    wanted: Option<explain::Wanted>,
}

/// What tells a part of a document apart while that is borrowed.
fn address<T>(part: &T) -> usize {
    std::ptr::from_ref(part) as usize
}

impl<'a> Checker<'a> {
    fn new(
        source: &Arc<Source>,
        catalog: &'a dyn Catalog,
        formalisms: &'a Formalisms,
        policy: &'a Policy,
        depth: Depth,
        gaps: &'a Gaps,
    ) -> Checker<'a> {
        let mut types = Types::new();
        types.set_formalisms(formalisms);
        if depth == Depth::Identity {
            types.trust_bounds();
        }
        Checker {
            source: source.clone(),
            catalog,
            formalisms,
            policy,
            depth,
            gaps,
            limits: policy.limits,
            types,
            embedded: Embedded::default(),
            diagnostics: Vec::new(),
            unlisted: None,
            nesting: 0,
            passed_bytes: 0,
            trials: advice::MAX_TRIALS,
            libraries: BTreeMap::new(),
            missing: BTreeSet::new(),
            primitives: primitive::module(),
            folder: None,
            resolved: HashMap::new(),
            judged: HashMap::new(),
            adapter_advice: adapt::MAX_ADVICE,
            adapter_steps: adapt::MAX_ALL_STEPS,
            insertions: BTreeMap::new(),
            adapts: false,
            kept: None,
            wanted: policy.explain.then(explain::Wanted::default),
        }
    }

    fn document(&mut self, document: &Document) -> Option<Typed> {
        let source = self.source.clone();
        let mut faults = Faults::new(&source);
        validate::validate(&mut faults, document, self.gaps, &self.limits);
        self.report_all(faults.diagnostics);
        let scope = self.scope(document, &source, None);
        self.reference(&scope, &document.root)
    }

    /// Adds a finding, its places turned into those of the document.
    fn report(&mut self, found: Diagnostic) {
        if self.diagnostics.len() >= MOST {
            self.unlisted = self.unlisted.max(Some(found.severity));
            return;
        }
        let found = self.embedded.translated(found);
        self.keep_finding();
        self.diagnostics.push(found);
    }

    /// The name that was probably meant; among very many names only for the first findings.
    fn nearest<'n>(&self, name: &str, names: &[&'n str]) -> Option<&'n str> {
        let may = self.diagnostics.len() < SUGGESTIONS || names.len() < MANY_NAMES;
        if may {
            nearest(name, names.iter().copied())
        } else {
            None
        }
    }

    /// Whether an error that was found is one too many to be listed. To be asked before much is
    /// done for its wording.
    fn is_full(&mut self) -> bool {
        let full = self.diagnostics.len() >= MOST;
        if full {
            self.unlisted = Some(Severity::Error);
        }
        full
    }

    fn report_all(&mut self, found: Vec<Diagnostic>) {
        for found in found {
            self.report(found);
        }
    }

    /// The place of `span` in the text that `scope` belongs to.
    fn at(&self, scope: &Scope, span: Span) -> Place {
        self.embedded.outermost(&Place::new(&scope.source, span))
    }

    /// The findings in the order of the document, each once.
    fn finish(&mut self) -> Vec<Diagnostic> {
        let mut seen = BTreeSet::new();
        let mut found = std::mem::take(&mut self.diagnostics);
        found.retain(|found| {
            let place = found.labels.first().map(|label| &label.place);
            let place = place.map(|place| (Arc::as_ptr(&place.source), place.span));
            seen.insert((found.code, place, found.message.clone()))
        });
        found.sort_by_key(|found| {
            let first = found
                .labels
                .iter()
                .find(|label| Arc::ptr_eq(&label.place.source, &self.source));
            first.map_or(0, |label| label.place.span.start)
        });
        found.extend(self.unlisted.map(unlisted));
        found
    }

    /// What is left out of the document that `scope` belongs to.
    fn left_out(&self, scope: &Scope) -> Option<&'a Gaps> {
        self.left_out_of(&scope.source)
    }

    /// The same of the document that stands in `source`.
    fn left_out_of(&self, source: &Arc<Source>) -> Option<&'a Gaps> {
        // Documents inside values are read whole or not at all.
        Arc::ptr_eq(source, &self.source).then_some(self.gaps)
    }

    /// Whether a reference has an `as`, even if that could not be read.
    fn has_cast(&self, scope: &Scope, reference: &Reference) -> bool {
        let left_out = || {
            self.left_out(scope)
                .is_some_and(|it| it.has_cast(reference))
        };
        reference.as_type.is_some() || left_out()
    }

    /// Types a reference, whatever its kind.
    fn reference(&mut self, scope: &Scope, reference: &Reference) -> Option<Typed> {
        if self.nesting >= self.limits.depth {
            let message = format!(
                "more than {} references inside each other",
                self.limits.depth
            );
            let place = self.at(scope, reference.span);
            self.report(Diagnostic::error(codes::LIMIT_EXCEEDED, message).at(place, ""));
            return None;
        }
        self.nesting += 1;
        let around = self.turn_to(reference);
        let gaps = self.left_out(scope);
        let typed = match &reference.kind {
            ReferenceKind::Composite(around) if gaps.is_some_and(|it| it.is_unread(reference)) => {
                for inside in &around.components {
                    self.reference(scope, &inside.reference);
                }
                let ty = self.cast(scope, reference.as_type.as_ref(), None);
                ty.map(|ty| Typed {
                    ty,
                    derived: ty,
                    part: None,
                })
            }
            ReferenceKind::Composite(composite) => self.composite(scope, reference, composite),
            ReferenceKind::External(external) => self.external(scope, reference, external),
            ReferenceKind::Parameterized(inner) => self.parameterized(scope, reference, inner),
            ReferenceKind::Primitive(primitive) => self.primitive(scope, reference, primitive),
        };
        let typed = typed.filter(|_| !gaps.is_some_and(|it| it.has_cast(reference)));
        self.keep_type(reference, typed.as_ref());
        self.turn_back(around);
        self.nesting -= 1;
        typed
    }
}
