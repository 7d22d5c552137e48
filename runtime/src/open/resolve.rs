//! Resolve: asks folders for what is external, checks what they answer, loads libraries.

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use liveobj_references::{CheckedReference, Export, Part, PartKind, PlannedConnection};
use liveobj_types::types::{Endpoint, Object};
use liveobj_types::{
    CompositeShape, Diagnostic, EndpointId, ObjectId, Relations, Source, Step, TypeId, Types, codes,
};

use super::folders::Folder;
use super::plan::{ConnectionPlan, LibraryPlan, ObjectPlan, Plan, PlanKind};
use super::threads::refuse_threads;
use super::{fetch, gone};
use crate::boundary::Trust;
use crate::engine::inbox::Inbox;
use crate::error::OpenError;
use crate::loading::{LoadError, Loaded};
use crate::runtime::Core;
use crate::verdicts::Question;

/// External references that may lead to one another.
const MAX_CHAIN: usize = 16;
/// Name of the library that is linked in.
const STANDARD: &str = "liveobj:standard";

/// Resolves the parts of one opened reference.
pub(crate) struct Resolver {
    core: Arc<Core>,
    inbox: Arc<Inbox>,
    /// Whether objects may run threads of their own.
    threads: bool,
    /// Whether the parts may be run by several domains.
    spread: bool,
}

type Resolving<'a> = Pin<Box<dyn Future<Output = Result<Plan, OpenError>> + Send + 'a>>;

impl Resolver {
    /// Folders run in the domain of `inbox`.
    pub(crate) fn new(core: Arc<Core>, inbox: Arc<Inbox>) -> Resolver {
        Resolver {
            core,
            inbox,
            threads: true,
            spread: false,
        }
    }

    /// Finds out which connections must stay inside a domain.
    pub(super) fn spread(self) -> Resolver {
        Resolver {
            spread: true,
            ..self
        }
    }

    /// Refuses objects whose library runs threads of its own.
    pub(crate) fn without_threads(self) -> Resolver {
        Resolver {
            threads: false,
            ..self
        }
    }

    pub(super) fn core(&self) -> &Arc<Core> {
        &self.core
    }

    pub(super) fn inbox(&self) -> &Arc<Inbox> {
        &self.inbox
    }

    /// Resolves a whole reference.
    pub(crate) async fn reference(
        &self,
        reference: &CheckedReference,
        label: &str,
    ) -> Result<Plan, OpenError> {
        if !self.threads {
            refuse_threads(&self.core.catalog, reference.root(), label)?;
        }
        self.part(reference.types(), reference.root(), label.to_owned(), 0)
            .await
    }

    fn part<'a>(
        &'a self,
        types: &'a Arc<Types>,
        part: &'a Part,
        label: String,
        chain: usize,
    ) -> Resolving<'a> {
        Box::pin(async move {
            let shown = endpoint_names(types, part.ty);
            let kind = match &part.kind {
                PartKind::Composite {
                    components,
                    connections,
                    exports,
                } => {
                    let mut plans = Vec::new();
                    for (name, component) in components {
                        let label = join(&label, name);
                        plans.push((
                            name.clone(),
                            self.part(types, component, label, chain).await?,
                        ));
                    }
                    PlanKind::Composite {
                        components: plans,
                        connections: self.connections(types, components, connections, exports),
                        exports: exports.clone(),
                    }
                }
                PartKind::External { name, folder } => {
                    let plan = self
                        .external(types, part, name, folder, &label, chain)
                        .await?;
                    let shown = plan.shown.intersection(&shown).cloned().collect();
                    return Ok(Plan {
                        label,
                        shown,
                        kind: plan.kind,
                    });
                }
                PartKind::Object {
                    library,
                    sha256,
                    template,
                    arguments,
                } => {
                    let sha256 = sha256.as_deref();
                    let loaded = self.load(&label, library, |core| {
                        core.catalog
                            .load(library, sha256, crate::boundary::host::table())
                    })?;
                    let plan = self.object(&label, &loaded, library, template, part)?;
                    PlanKind::Object(Box::new(ObjectPlan {
                        types: types.clone(),
                        arguments: arguments.clone(),
                        ..plan
                    }))
                }
                PartKind::Code { library, name } => {
                    let loaded = self.load(&label, library, |core| {
                        core.catalog
                            .load_hash(library, crate::boundary::host::table())
                    })?;
                    PlanKind::Object(Box::new(self.object(&label, &loaded, library, name, part)?))
                }
                PartKind::Registry => {
                    let loaded = self.load(&label, STANDARD, |core| {
                        core.catalog
                            .load(STANDARD, None, crate::boundary::host::table())
                    })?;
                    PlanKind::Object(Box::new(
                        self.object(&label, &loaded, STANDARD, "registry", part)?,
                    ))
                }
                PartKind::Library { name, sha256 } => {
                    let library = self.load(&label, name, |core| {
                        core.catalog
                            .load(name, sha256.as_deref(), crate::boundary::host::table())
                    })?;
                    PlanKind::Library(Box::new(LibraryPlan {
                        identity: part.identity,
                        entries: super::library_folder::entries(library.types()),
                    }))
                }
            };
            Ok(Plan { label, shown, kind })
        })
    }

    /// The connections of a composite, and which of them must not be queued.
    fn connections(
        &self,
        types: &Arc<Types>,
        components: &[(String, Part)],
        connections: &[PlannedConnection],
        exports: &[Export],
    ) -> Vec<ConnectionPlan> {
        let endpoint = |(component, endpoint): &(String, String)| {
            let found = components.binary_search_by(|(name, _)| name.cmp(component));
            match types.object(components[found.ok()?].1.ty) {
                Object::Endpoints(body) => Some(body.endpoints.get(endpoint)?.ty),
                Object::Top | Object::Parameter(_) => None,
            }
        };
        // Only where something is given under an assumption can the two wait for each other.
        let assumes = |ty: EndpointId| match types.endpoint(ty) {
            Endpoint::Events { provides, .. } => provides.iter().any(|it| it.given.is_some()),
            Endpoint::Parameter { .. } => true,
        };
        // What the parts guarantee together may rest on circles through any of them.
        let together = self.spread && {
            let components = components
                .iter()
                .map(|(name, part)| (name.clone(), part.effective(types)));
            let exports = exports.iter().map(|export| {
                let end = (export.component.clone(), export.endpoint.clone());
                (export.name.clone(), end)
            });
            let shape = CompositeShape {
                components: components.collect(),
                connections: connections.iter().map(|it| it.ends.clone()).collect(),
                exports: exports.collect(),
            };
            let mut arena = Types::clone(types);
            Relations::new(&mut arena, &self.core.formalisms).rests_on_circles(&shape)
        };
        let mut arena = None;
        let plans = connections.iter().map(|planned| {
            let [left, right] = [0, 1].map(|side| endpoint(&planned.ends[side]));
            let direct = match left.zip(right).filter(|_| self.spread) {
                _ if together => true,
                Some((left, right)) if assumes(left) || assumes(right) => {
                    let arena = arena.get_or_insert_with(|| Types::clone(types));
                    let question = Question::QueuedMatch(left, right);
                    let verdict = self
                        .core
                        .verdicts
                        .on(question, arena, &self.core.formalisms);
                    !verdict.holds() && (verdict.fails() || !self.core.policy.allow_unknown)
                }
                _ => false,
            };
            ConnectionPlan {
                planned: planned.clone(),
                direct,
            }
        });
        plans.collect()
    }

    /// Asks a folder, checks the answer, resolves that.
    async fn external(
        &self,
        types: &Arc<Types>,
        part: &Part,
        name: &str,
        folder: &Part,
        label: &str,
        chain: usize,
    ) -> Result<Plan, OpenError> {
        if chain >= MAX_CHAIN {
            return Err(OpenError::TooDeep {
                name: name.to_owned(),
                limit: MAX_CHAIN,
            });
        }
        let folder_label = folder_label(folder);
        let asked = Folder {
            identity: folder.identity,
            label: folder_label.clone(),
            keep: self.core.folders_kept,
        };
        let plan = self.part(types, folder, folder_label.clone(), chain + 1);
        let deadline = self.core.folder_deadline;
        let document = fetch::fetch(&self.inbox, asked, name, deadline, plan).await?;
        let reference = self.check_answer(types, part.derived, &folder_label, name, document)?;
        let label = if label.is_empty() {
            name.to_owned()
        } else {
            label.to_owned()
        };
        if !self.threads {
            refuse_threads(&self.core.catalog, reference.root(), &label)?;
        }
        self.part(reference.types(), reference.root(), label, chain + 1)
            .await
    }

    /// Checks what a folder answered as `check` checks a document, and that it is what the
    /// reference says it is.
    fn check_answer(
        &self,
        types: &Arc<Types>,
        wanted: ObjectId,
        folder: &str,
        name: &str,
        document: String,
    ) -> Result<CheckedReference, OpenError> {
        let refused = |diagnostics| OpenError::Refused {
            folder: folder.to_owned(),
            name: name.to_owned(),
            diagnostics,
        };
        let source = Source::new(format!("{folder}/{name}"), document);
        let checked = self.core.check(&source);
        let Some(reference) = checked.reference else {
            return Err(refused(checked.diagnostics));
        };
        // `Object` says nothing of what its proxy needs, so that nobody around it can meet that.
        if let (Object::Top, [_, ..]) = (types.object(wanted), reference.unmet()) {
            let left = reference.unmet().iter();
            return Err(refused(
                left.map(|left| Diagnostic::error(codes::UNMET_AT_ROOT, left.what.clone()))
                    .collect(),
            ));
        }
        let mut arena = Types::clone(types);
        let found = TypeId::Object(reference.object_type());
        let TypeId::Object(found) = arena.import(reference.types(), found) else {
            return Err(gone());
        };
        let formalisms = &self.core.formalisms;
        let question = Question::Subtype(found, wanted);
        let verdict = self.core.verdicts.on(question, &mut arena, formalisms);
        let allowed = self.core.policy.allow_unknown && !verdict.fails();
        if verdict.holds() || allowed {
            self.core.verdicts.tell(checked.types.words());
            return Ok(reference);
        }
        // What was remembered says no more than that; where it lies is found once more.
        let mut relations = Relations::new(&mut arena, formalisms);
        let judgement = relations.object_subtype(found, wanted);
        let [found, wanted] = [found, wanted].map(TypeId::Object);
        let user = relations.user_in_words(found, wanted);
        drop(relations);
        let code = if verdict.fails() {
            codes::NOT_A_SUBTYPE
        } else {
            codes::SUBTYPE_NOT_SHOWN
        };
        let message = format!(
            "`{name}` is {}, not the {} that the reference asks for",
            arena.describe(found),
            arena.describe(wanted),
        );
        let trail: Vec<Step> = judgement
            .mismatches
            .first()
            .map(|first| first.trail.clone())
            .unwrap_or_default();
        let mut finding = Diagnostic::error(code, message).with_trail(trail);
        finding.notes.extend(user);
        Err(refused(vec![finding]))
    }

    fn load(
        &self,
        label: &str,
        library: &str,
        load: impl FnOnce(&Core) -> Result<Arc<Loaded>, LoadError>,
    ) -> Result<Arc<Loaded>, OpenError> {
        load(&self.core).map_err(|error| OpenError::Library {
            object: named(label, library),
            library: library.to_owned(),
            reason: error.to_string(),
        })
    }

    fn object(
        &self,
        label: &str,
        loaded: &Arc<Loaded>,
        library: &str,
        template: &str,
        part: &Part,
    ) -> Result<ObjectPlan, OpenError> {
        let table = loaded.table(template).ok_or_else(|| OpenError::Library {
            object: named(label, template),
            library: library.to_owned(),
            reason: format!("it has no code for `{template}`"),
        })?;
        let trust = match (loaded.is_typed(), self.core.check_payloads) {
            (_, true) => Trust::Probed,
            (false, false) => Trust::Checked,
            (true, false) => Trust::Typed,
        };
        Ok(ObjectPlan {
            identity: part.identity,
            table: table.trusted(trust),
            module: loaded.types().module.clone(),
            template: template.to_owned(),
            types: Arc::new(Types::new()),
            arguments: Vec::new(),
            place: None,
        })
    }
}

fn endpoint_names(types: &Types, object: ObjectId) -> BTreeSet<String> {
    match types.object(object) {
        Object::Endpoints(body) => body.endpoints.keys().cloned().collect(),
        Object::Top | Object::Parameter(_) => BTreeSet::new(),
    }
}

pub(super) fn join(label: &str, name: &str) -> String {
    if label.is_empty() {
        name.to_owned()
    } else {
        format!("{label}/{name}")
    }
}

pub(super) fn named(label: &str, otherwise: &str) -> String {
    if label.is_empty() {
        otherwise.to_owned()
    } else {
        label.to_owned()
    }
}

/// What people would call a folder.
fn folder_label(folder: &Part) -> String {
    match &folder.kind {
        PartKind::External { name, .. } | PartKind::Library { name, .. } => name.clone(),
        PartKind::Object { template, .. } | PartKind::Code { name: template, .. } => {
            template.clone()
        }
        PartKind::Registry => "registry".to_owned(),
        PartKind::Composite { .. } => "a composite".to_owned(),
    }
}
