//! What a proxy goes on from: a stored state, brought to the type that its template has now.

use std::path::PathBuf;
use std::sync::Arc;

use liveobj_references::type_text;
use liveobj_types::resolve::Environment;
use liveobj_types::syntax::parse_type;
use liveobj_types::{Data, Module, Relations, Source, TypeId, Types, ValueId};

use super::gone;
use super::plan::{ObjectPlan, Plan, PlanKind};
use crate::boundary::Viewed;
use crate::boundary::memory::{Conversion, Keeper, Kept};
use crate::engine::domain::Domain;
use crate::engine::save::StatePlan;
use crate::error::{OpenError, StateError};
use crate::options::OpenOptions;
use crate::report::{Level, Message};
use crate::runtime::Core;
use crate::state::{Heading, StateDirectory, StateWriter, Stored};

/// Where the states of an object that is being opened are kept, and how often.
pub(crate) struct Keeping {
    states: Arc<StateWriter>,
    every: u64,
}

impl Keeping {
    /// Takes the directory that the options name, and starts the thread that writes there; none
    /// where they name none.
    ///
    /// # Errors
    ///
    /// The directory cannot be used, or the thread cannot be started.
    pub(super) async fn begin(
        core: &Arc<Core>,
        options: OpenOptions,
    ) -> Result<Option<Keeping>, OpenError> {
        let Some(path) = options.state else {
            return Ok(None);
        };
        let reports = core.report.clone();
        let begun = core.tokio.spawn_blocking(move || {
            let directory = StateDirectory::open(&path)?;
            StateWriter::start(directory, reports)
                .map_err(|error| OpenError::Runtime(format!("cannot start a thread: {error}")))
        });
        let states = Arc::new(begun.await.unwrap_or_else(|_| Err(gone()))?);
        let every = u64::try_from(options.save_every.as_nanos()).unwrap_or(u64::MAX);
        Ok(Some(Keeping { states, every }))
    }

    /// Who writes them.
    pub(super) fn states(&self) -> Arc<StateWriter> {
        self.states.clone()
    }

    /// Nanoseconds between two saves.
    pub(super) fn every(&self) -> u64 {
        self.every
    }

    /// Reads what the plan's proxies saved when they ran before.
    ///
    /// # Errors
    ///
    /// A state cannot be read, or is not what it should be.
    pub(super) async fn read(&self, core: &Core, mut plan: Plan) -> Result<Plan, OpenError> {
        let states = self.states.clone();
        let read = core.tokio.spawn_blocking(move || {
            let count = read(&mut plan, states.directory())?;
            Ok((plan, count))
        });
        let (plan, count) = read.await.unwrap_or_else(|_| Err(gone()))?;
        if count == 0 {
            core.report.report(&Message {
                level: Level::Warning,
                object: String::new(),
                text: "nothing in it has a state that could be kept".to_owned(),
            });
        }
        Ok(plan)
    }
}

/// Where the state of a proxy is kept, and what is there.
pub(super) struct Place {
    file: PathBuf,
    path: String,
    stored: Option<Stored>,
}

/// Reads the states of all proxies of a plan that have one. Gives how many have.
///
/// # Errors
///
/// A state cannot be read, or is not what it should be.
fn read(plan: &mut Plan, directory: &StateDirectory) -> Result<usize, StateError> {
    match &mut plan.kind {
        PlanKind::Composite { components, .. } => {
            let mut count = 0;
            for (_, component) in components {
                count += read(component, directory)?;
            }
            Ok(count)
        }
        PlanKind::Object(object) if object.table.is_stateful() => {
            let path = object.named(&plan.label);
            object.place = Some(Place {
                file: directory.file(&path, &object.identity),
                stored: directory.read(&path, &object.identity)?,
                path,
            });
            Ok(1)
        }
        PlanKind::Object(_) | PlanKind::Library(_) => Ok(0),
    }
}

/// What is known of the state of an object that is about to be made.
///
/// # Errors
///
/// What is stored is of another type.
pub(super) fn plan(
    domain: &Domain,
    object: &ObjectPlan,
    ty: Viewed,
) -> Result<StatePlan, StateError> {
    let Some(place) = &object.place else {
        return Ok(StatePlan {
            ty: ty.actual,
            heading: None,
            resumed: None,
        });
    };
    let heading = {
        let types = domain.types.borrow();
        let id = TypeId::Value(ty.actual);
        let text = type_text(&types, id);
        Heading {
            path: place.path.clone(),
            identity: object.identity,
            ty: types.identity(id),
            declarations: text.declarations,
            expression: text.expression,
        }
    };
    let resumed = match &place.stored {
        None => None,
        Some(stored) => Some(resume(domain, place, stored, &heading, ty)?),
    };
    Ok(StatePlan {
        ty: ty.actual,
        heading: Some(Arc::new(heading)),
        resumed,
    })
}

/// Says that an object did not take the state that it was to go on from.
pub(super) fn refused(object: &ObjectPlan, label: &str, reason: &str) -> Option<StateError> {
    let place = object.place.as_ref()?;
    place.stored.as_ref()?;
    Some(StateError::Refused {
        file: place.file.clone(),
        object: label.to_owned(),
        reason: reason.to_owned(),
    })
}

/// Lays out a stored state as the object takes it.
fn resume(
    domain: &Domain,
    place: &Place,
    stored: &Stored,
    heading: &Heading,
    ty: Viewed,
) -> Result<Kept, StateError> {
    let damaged = |reason: String| StateError::Damaged {
        file: place.file.clone(),
        reason,
    };
    let not_laid_out = || damaged("its type cannot be laid out".to_owned());
    let mut types = domain.types.borrow_mut();
    if stored.heading.ty == heading.ty {
        let data = decode(&types, ty.actual, stored).map_err(damaged)?;
        let keeper = domain
            .prepared
            .keeper(&types, ty)
            .ok_or_else(not_laid_out)?;
        return keeper.write(&data).ok_or_else(not_laid_out);
    }
    let old = resolve(&mut types, &stored.heading).map_err(damaged)?;
    if types.identity(TypeId::Value(old)) != stored.heading.ty {
        return Err(damaged("its type is not the one that it says".to_owned()));
    }
    let formalisms = domain.host.formalisms();
    let judgement = Relations::new(&mut types, formalisms).value_subtype(old, ty.actual);
    let other_type = |reason: String| StateError::Type {
        file: place.file.clone(),
        object: place.path.clone(),
        found: stored.heading.expression.clone(),
        expected: heading.expression.clone(),
        reason,
    };
    if !judgement.verdict.holds() {
        let mismatch = judgement.mismatches.first();
        return Err(other_type(mismatch.map_or_else(
            || judgement.verdict.to_string(),
            |mismatch| mismatch.to_sentence("saved state", &place.path),
        )));
    }
    let old = Viewed {
        declared: old,
        actual: old,
    };
    let data = decode(&types, old.actual, stored).map_err(damaged)?;
    let (before, after) = (Keeper::new(&types, old), domain.prepared.keeper(&types, ty));
    let (before, after) = before.zip(after).ok_or_else(not_laid_out)?;
    let laid_out = before.write(&data).ok_or_else(not_laid_out)?;
    let conversion = Conversion::build(&types, old, ty)
        .map_err(|_| other_type("there is no conversion".to_owned()))?;
    match conversion {
        // Laid out alike.
        None => Some(laid_out),
        Some(conversion) => conversion
            .with(laid_out.lent(), |converted| after.keep(converted))
            .and_then(|kept| kept)
            .ok(),
    }
    .ok_or_else(not_laid_out)
}

fn decode(types: &Types, ty: ValueId, stored: &Stored) -> Result<Data, String> {
    types
        .decode(ty, &stored.bytes)
        .map_err(|error| error.to_string())
}

/// The type that a state was of when it was saved.
fn resolve(types: &mut Types, heading: &Heading) -> Result<ValueId, String> {
    let unreadable = || format!("its type `{}` does not hold together", heading.expression);
    let source = Source::new("a saved state", heading.declarations.as_str());
    let (module, faults) = Module::parse("a saved state", &source, &mut |_| None);
    if !faults.is_empty() {
        return Err(unreadable());
    }
    let source = Source::new("a saved state", heading.expression.as_str());
    let expr = parse_type(&source).map_err(|_| unreadable())?;
    match types.resolve(&module, &source, &expr, &Environment::new()) {
        Ok(TypeId::Value(id)) => Ok(id),
        _ => Err(unreadable()),
    }
}
