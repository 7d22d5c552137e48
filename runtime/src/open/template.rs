//! What is the same for all objects of a template with the same type arguments: it is resolved once in a
//! domain, however many of them are made there.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use liveobj_references::BoundArgument;
use liveobj_types::resolve::{Environment, TemplateSignature};
use liveobj_types::syntax::Item;
use liveobj_types::types::{Object, ObjectEndpoint, Value};
use liveobj_types::{Data, Diagnostic, ObjectId, Types, ValueId};

use super::plan::ObjectPlan;
use crate::boundary::Viewed;
use crate::boundary::memory::{self, Keeper, Kept};
use crate::engine::create::{EndpointPlan, Words};
use crate::engine::domain::Domain;

/// A template with type arguments, resolved in a domain.
pub(super) struct Template {
    /// Its type, with the arguments in it.
    pub(super) ty: ObjectId,
    /// Its endpoints by name, then its private ones by name.
    pub(super) endpoints: Rc<[EndpointPlan]>,
    /// Type of its state.
    pub(super) state: Option<Viewed>,
    /// How its value parameters are laid out; none where there are none.
    parameters: Option<Keeper>,
    /// In whose words its proxies name types. By the address of the module it is known.
    pub(super) words: Rc<Words>,
}

/// Address of the module that declares it, its name, and its type arguments in the domain's arena.
type Key = (usize, String, Environment);

/// The templates of a domain. As its arena, it grows with what is different only.
#[derive(Default)]
pub(crate) struct Templates(RefCell<BTreeMap<Key, Rc<Template>>>);

/// Resolves the template of an object, unless that was done before.
///
/// # Errors
///
/// It is not what its library says.
pub(super) fn prepare(domain: &Domain, plan: &ObjectPlan) -> Result<Rc<Template>, String> {
    let mut types = domain.types.borrow_mut();
    let mut arguments = Environment::new();
    for (name, argument) in &plan.arguments {
        if let BoundArgument::Type(id) = argument {
            arguments.insert(name.clone(), types.import(&plan.types, *id));
        }
    }
    let module = Arc::as_ptr(&plan.module).addr();
    let key = (module, plan.template.clone(), arguments);
    let known = &domain.templates.0;
    if let Some(template) = known.borrow().get(&key) {
        return Ok(template.clone());
    }
    let template = Rc::new(resolve(&mut types, &domain.prepared, plan, &key.2)?);
    known.borrow_mut().insert(key, template.clone());
    Ok(template)
}

fn resolve(
    types: &mut Types,
    prepared: &memory::Prepared,
    plan: &ObjectPlan,
    arguments: &Environment,
) -> Result<Template, String> {
    let Some((module, Item::Template(template))) = plan.module.lookup(&plan.template) else {
        return Err(format!("`{}` is not declared", plan.template));
    };
    let declared = types
        .template(module, template, &Environment::new())
        .map_err(first)?;
    let actual = types.template(module, template, arguments).map_err(first)?;
    let mut endpoints = public_plans(types, declared.result, actual.result)?;
    let private = endpoint_plans(types, &declared.private, &actual.private)?;
    endpoints.extend(private.into_iter().map(|plan| EndpointPlan {
        private: true,
        ..plan
    }));
    if endpoints.len() != plan.table.endpoints() {
        return Err("its table has another number of endpoints than its type".to_owned());
    }
    let parameters = parameters(types, prepared, &declared, &actual)?;
    let state = |object| match types.object(object) {
        Object::Endpoints(body) => body.state,
        Object::Top | Object::Parameter(_) => None,
    };
    let state = state(declared.result).zip(state(actual.result));
    Ok(Template {
        ty: actual.result,
        endpoints: endpoints.into(),
        state: state.map(|(declared, actual)| Viewed { declared, actual }),
        parameters,
        words: Rc::new(Words {
            module: plan.module.clone(),
            arguments: arguments.clone(),
        }),
    })
}

impl Template {
    /// The struct of the value parameters; none where there are none.
    ///
    /// # Errors
    ///
    /// An argument is missing, or is not of its type.
    pub(super) fn parameters(
        &self,
        arguments: &[(String, BoundArgument)],
    ) -> Result<Option<Kept>, String> {
        let Some(keeper) = &self.parameters else {
            return Ok(None);
        };
        let mut values = BTreeMap::new();
        for (name, argument) in arguments {
            let value = match argument {
                BoundArgument::Type(_) => continue,
                BoundArgument::Value { data, .. } => data.clone(),
                BoundArgument::Reference { document, .. } => {
                    Data::Document(document.as_bytes().to_vec())
                }
            };
            values.insert(name.clone(), value);
        }
        let kept = keeper.write(&Data::Record(values));
        kept.map(Some)
            .ok_or_else(|| "its parameters are not of their types".to_owned())
    }
}

fn parameters(
    types: &mut Types,
    prepared: &memory::Prepared,
    declared: &TemplateSignature,
    actual: &TemplateSignature,
) -> Result<Option<Keeper>, String> {
    if declared.value_parameters.is_empty() {
        return Ok(None);
    }
    let mut record = |signature: &TemplateSignature| -> ValueId {
        let parameters = signature.value_parameters.iter();
        let fields = parameters
            .map(|parameter| (parameter.name.clone(), parameter.ty))
            .collect();
        types.unnamed_value(Value::Record {
            fields,
            open: false,
        })
    };
    let ty = Viewed {
        declared: record(declared),
        actual: record(actual),
    };
    let keeper = prepared.keeper(types, ty);
    keeper
        .map(Some)
        .ok_or_else(|| "its parameters cannot be laid out".to_owned())
}

fn public_plans(
    types: &mut Types,
    declared: ObjectId,
    actual: ObjectId,
) -> Result<Vec<EndpointPlan>, String> {
    let (Object::Endpoints(declared), Object::Endpoints(actual)) =
        (types.object(declared), types.object(actual))
    else {
        return Err("it has no endpoints of its own".to_owned());
    };
    let (declared, actual) = (declared.endpoints.clone(), actual.endpoints.clone());
    endpoint_plans(types, &declared, &actual)
}

fn endpoint_plans(
    types: &mut Types,
    declared: &BTreeMap<String, ObjectEndpoint>,
    actual: &BTreeMap<String, ObjectEndpoint>,
) -> Result<Vec<EndpointPlan>, String> {
    let plans = declared.iter().map(|(name, endpoint)| {
        let other = actual.get(name);
        let (many, mandatory) = (endpoint.many, endpoint.mandatory);
        other
            .and_then(|other| {
                EndpointPlan::new(types, name, endpoint.ty, other.ty, many, mandatory)
            })
            .ok_or_else(|| format!("the type of endpoint `{name}` is not fully known"))
    });
    plans.collect()
}

fn first(diagnostics: Vec<Diagnostic>) -> String {
    diagnostics
        .into_iter()
        .next()
        .map_or_else(String::new, |diagnostic| diagnostic.message)
}
