//! From syntax to types: instantiates declarations into a [`Types`], and judges whether they are
//! well formed (semantics, "Well-formedness").

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::formalism::Formalisms;
use crate::module::Module;
use crate::source::Source;
use crate::syntax::{Default as DefaultValue, Kind, Template, TypeExpr};
use crate::types::{EndpointId, ObjectId, TypeId, Types, ValueId};

/// Which declarations were instantiated with which arguments (so that recursion closes).
#[derive(Clone, Debug, Default)]
pub struct Instances {
    // (address-independent module id, declaration, arguments) → id; filled by the resolver.
}

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
    /// Resolves a type expression of any kind. `source` is the text the expression's spans refer
    /// to (an attribute's, or the module's own).
    ///
    /// # Errors
    ///
    /// Unknown names, wrong kinds and argument counts, arguments out of bounds, invalid keys.
    pub fn resolve(
        &mut self,
        module: &Arc<Module>,
        source: &Arc<Source>,
        expr: &TypeExpr,
        environment: &Environment,
    ) -> Result<TypeId, Vec<Diagnostic>> {
        let _ = (module, source, expr, environment);
        todo!("resolve helper")
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
        let _ = (module, source, expr, environment);
        todo!("resolve helper")
    }

    /// Resolves a template's signature with `arguments` for its type parameters; those that are
    /// missing stay [`crate::types::Parameter`]s (the object's own view of its types).
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
        let _ = (module, template, arguments);
        todo!("resolve helper")
    }

    /// Judges every declaration of a module; used modules are taken as judged. Constraint texts
    /// are parsed where their formalism is registered. Defaults are judged by
    /// `references`, which reads JSON.
    pub fn check_module(&mut self, module: &Arc<Module>, formalisms: &Formalisms) -> Vec<Diagnostic> {
        let _ = (module, formalisms);
        todo!("resolve helper")
    }

    /// τ mirrored: incoming and outgoing, provided and required swapped; texts unchanged.
    /// Mirroring twice gives the id back.
    pub fn mirror(&mut self, endpoint: EndpointId) -> EndpointId {
        let _ = endpoint;
        todo!("resolve helper")
    }

    /// Copies a type of another arena, with all it reaches, into this one.
    pub fn import(&mut self, other: &Types, id: TypeId) -> TypeId {
        let _ = (other, id);
        todo!("resolve helper")
    }

    /// Prints a type the way people refer to it: its name where it has one, else its structure
    /// in the notation of declarations, one line.
    pub fn describe(&self, id: TypeId) -> String {
        let _ = id;
        todo!("resolve helper")
    }
}
