//! From syntax to types: instantiates declarations into a [`Types`], and judges whether they are
//! well formed (semantics, "Well-formedness").
//!
//! First the names: every declaration that is reached is checked once as text (`names`,
//! `groups`), so that what follows always ends. Then the expansion (`expand`): uses of types
//! become interned terms, terms become nodes of the arena, and what is in a node is filled in
//! later from a queue, so that recursion closes and nothing nests. Last, what only the graph
//! shows (`judge`). A call that finds an error leaves the arena as it was.

mod constraints;
mod declarations;
mod expand;
mod faults;
mod fill;
mod groups;
mod import;
mod instances;
mod judge;
mod mirror;
mod names;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use self::expand::{Scope, Session};
pub use self::instances::Instances;
use self::names::Names;
use crate::diagnostic::{Diagnostic, codes};
use crate::formalism::Formalisms;
use crate::module::Module;
use crate::source::{Place, Source};
use crate::syntax::{Default as DefaultValue, Kind, Template, TypeExpr};
use crate::types::{Object, ObjectBody, ObjectEndpoint, ObjectId, TypeId, Types, ValueId};

/// What type parameters stand for while an expression is resolved.
pub type Environment = BTreeMap<String, TypeId>;

/// A template's declaration, resolved.
#[derive(Clone, Debug)]
pub struct TemplateSignature {
    /// Its name.
    pub name: String,
    /// Type parameters in the order declared.
    pub type_parameters: Vec<(String, Kind, Option<TypeId>)>,
    /// Value parameters in the order declared, after substitution.
    pub value_parameters: Vec<ValueParameterSignature>,
    /// The type of the objects it makes, after substitution.
    pub result: ObjectId,
    /// Private endpoints by name, after substitution; no name is also one of an endpoint of
    /// `result`. Proxies have them behind those of their type, and only the proxy itself connects
    /// them.
    pub private: BTreeMap<String, ObjectEndpoint>,
}

/// A value parameter of a template.
#[derive(Clone, Debug)]
pub struct ValueParameterSignature {
    /// Its name.
    pub name: String,
    /// Its type after substitution.
    pub ty: ValueId,
    /// Its default, JSON as written.
    pub default: Option<DefaultValue>,
}

impl Types {
    /// Sets the formalisms with which [`Types::resolve`] and [`Types::template`] compare type
    /// arguments with bounds. Without them a bound that has constraints is met by equal texts
    /// only.
    pub fn set_formalisms(&mut self, formalisms: &Formalisms) {
        self.instances.formalisms = formalisms.clone();
    }

    /// From now on [`Types::resolve`] and [`Types::template`] take every type argument to be within
    /// its bound: for identities, which must not depend on what formalisms can show.
    pub fn trust_bounds(&mut self) {
        self.instances.bounds_trusted = true;
    }

    /// Resolves a type expression of any kind. `source` is the text the expression's spans refer
    /// to (an attribute's, or the module's own). The same declaration with the same arguments
    /// gives the same id.
    ///
    /// # Errors
    ///
    /// Unknown names, wrong kinds and argument counts, arguments out of bounds, invalid keys;
    /// also where they are in a declaration that the expression reaches. None at all where what is
    /// wrong is only that a module could not be read, which its findings say.
    pub fn resolve(
        &mut self,
        module: &Arc<Module>,
        source: &Arc<Source>,
        expr: &TypeExpr,
        environment: &Environment,
    ) -> Result<TypeId, Vec<Diagnostic>> {
        self.resolve_kind(module, source, expr, environment, None)
    }

    /// Resolves an expression that must be an object type.
    ///
    /// # Errors
    ///
    /// As [`Types::resolve`], and `wrong-kind`.
    pub fn resolve_object(
        &mut self,
        module: &Arc<Module>,
        source: &Arc<Source>,
        expr: &TypeExpr,
        environment: &Environment,
    ) -> Result<ObjectId, Vec<Diagnostic>> {
        match self.resolve_kind(module, source, expr, environment, Some(Kind::Object))? {
            TypeId::Object(id) => Ok(id),
            _ => Err(vec![faults::wrong_kind(
                Place::new(source, expr.span()),
                expr,
                None,
                Kind::Object,
            )]),
        }
    }

    fn resolve_kind(
        &mut self,
        module: &Arc<Module>,
        source: &Arc<Source>,
        expr: &TypeExpr,
        environment: &Environment,
        kind: Option<Kind>,
    ) -> Result<TypeId, Vec<Diagnostic>> {
        let number = self.instances.module_number(module);
        let kinds = environment
            .iter()
            .map(|(name, id)| (name.clone(), id.kind()))
            .collect();
        let mut names = Names::new(&mut self.instances);
        names.expression(number, source, &kinds, expr, kind);
        names.run();
        names.finish()?;

        let mut session = Session::new(self);
        let parameters = session.known(environment);
        let scope = Scope {
            module: number,
            source: source.clone(),
            parameters,
        };
        let id = session.resolve(&scope, expr);
        session.settle();
        session.commit(id)
    }

    /// Resolves a template's signature with `arguments` for its type parameters; those that are
    /// missing stay [`crate::types::Parameter`]s (the object's own view of its types). `module`
    /// is the one that declares it.
    ///
    /// # Errors
    ///
    /// As [`Types::resolve`].
    pub fn template(
        &mut self,
        module: &Arc<Module>,
        template: &Template,
        arguments: &Environment,
    ) -> Result<TemplateSignature, Vec<Diagnostic>> {
        let number = self.instances.module_number(module);
        let mut names = Names::new(&mut self.instances);
        names.template(number, template);
        names.run();
        names.finish()?;

        let mut session = Session::new(self);
        let signature = session.template(number, template, arguments);
        session.settle();
        session.commit(signature)
    }
}

impl Session<'_> {
    /// Resolves the signature of a template whose names were checked.
    fn template(
        &mut self,
        module: u32,
        template: &Template,
        arguments: &Environment,
    ) -> Option<TemplateSignature> {
        let source = self.source(module);
        let mut scope = Scope {
            module,
            source: source.clone(),
            parameters: BTreeMap::new(),
        };
        let mut type_parameters = Vec::new();
        for parameter in &template.type_parameters {
            let name = &parameter.name;
            let place = Place::new(&source, name.span);
            let bound = match &parameter.bound {
                Some(bound) => Some(self.resolve(&scope, bound)?),
                None => None,
            };
            let id = match arguments.get(&name.name) {
                Some(id) if id.kind() == parameter.kind => {
                    if let Some(bound) = bound {
                        self.bounded(*id, bound, &name.name, &template.name.name, None, place);
                    }
                    *id
                }
                Some(id) => {
                    self.fault(
                        Diagnostic::error(
                            codes::WRONG_KIND,
                            format!(
                                "parameter `{}` of `{}` is {} type, but `{}` is {} type",
                                name.name,
                                template.name.name,
                                faults::article(parameter.kind),
                                self.types.describe(*id),
                                faults::article(id.kind()),
                            ),
                        )
                        .at(place, "declared here"),
                    );
                    return None;
                }
                None => self.parameter(&name.name, parameter.kind, bound),
            };
            let term = self.known_term(id);
            scope.parameters.insert(name.name.clone(), term);
            type_parameters.push((name.name.clone(), parameter.kind, bound));
        }
        let mut value_parameters = Vec::new();
        for parameter in &template.value_parameters {
            value_parameters.push(ValueParameterSignature {
                name: parameter.name.name.clone(),
                ty: self.value(&scope, &parameter.ty)?,
                default: parameter.default.clone(),
            });
        }
        let result = self.object(&scope, &template.result)?;
        self.drain();
        if let problem @ (Object::Top | Object::Parameter(_)) = self.types.object(result) {
            let message = match problem {
                Object::Parameter(parameter) => format!(
                    "`{}` makes objects of type `{}`, a parameter: nobody can know its endpoints",
                    template.name.name, parameter.name
                ),
                _ => format!(
                    "`{}` makes objects of type `Object`, which types values only",
                    template.name.name
                ),
            };
            self.fault(
                Diagnostic::error(codes::WRONG_KIND, message)
                    .at(Place::new(&source, template.result.span()), "")
                    .with_help("name an object type that is declared with its endpoints"),
            );
        }
        if template.adapter
            && let Object::Endpoints(body) = self.types.object(result)
            && let Some(problem) = not_an_adapter(body)
        {
            let message = format!("`{}` is no adapter: {problem}", template.name.name);
            self.fault(
                Diagnostic::error(codes::ADAPTER_FORM, message)
                    .at(Place::new(&source, template.result.span()), "")
                    .with_help(
                        "an adapter stands in one connection: give its objects two endpoints, \
                         neither of them `many`, or declare it as a `template`",
                    ),
            );
        }
        let mut private = BTreeMap::new();
        for endpoint in &template.private {
            let name = &endpoint.name;
            if let Object::Endpoints(body) = self.types.object(result)
                && body.endpoints.contains_key(&name.name)
            {
                let message = format!(
                    "the objects of `{}` have an endpoint `{}` already",
                    template.name.name, name.name
                );
                self.fault(
                    Diagnostic::error(codes::DUPLICATE_NAME, message)
                        .at(Place::new(&source, name.span), "")
                        .with_help("give the private endpoint another name"),
                );
            }
            let resolved = ObjectEndpoint {
                ty: self.endpoint(&scope, &endpoint.ty)?,
                many: endpoint.many,
                mandatory: false,
            };
            private.insert(name.name.clone(), resolved);
        }
        Some(TemplateSignature {
            name: template.name.name.clone(),
            type_parameters,
            value_parameters,
            result,
            private,
        })
    }
}

/// Why objects of this type cannot stand in a connection.
fn not_an_adapter(body: &ObjectBody) -> Option<String> {
    let count = body.endpoints.len();
    if count != 2 {
        let plural = if count == 1 { "" } else { "s" };
        return Some(format!(
            "its objects have {count} endpoint{plural}, not two"
        ));
    }
    let (name, _) = body.endpoints.iter().find(|(_, endpoint)| endpoint.many)?;
    Some(format!("endpoint `{name}` of its objects is `many`"))
}
