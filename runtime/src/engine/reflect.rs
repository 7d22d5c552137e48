//! Reflect: what a reference refers to, and the same reference under another type. Nothing runs
//! for it: it is what the check says.

use std::rc::Rc;

use liveobj_references::CheckedReference;
use liveobj_types::resolve::Environment;
use liveobj_types::syntax::parse_type;
use liveobj_types::types::Object;
use liveobj_types::{ObjectId, Relations, Source, TypeId, Types};

use super::domain::Domain;
use super::request::why_not;
use crate::boundary::calls::ProxyCell;
use crate::error::OpenError;
use crate::verdicts::Question;

/// Bytes of the largest document that is looked at within a turn.
pub(crate) const MAX_REFLECTED: usize = 256 << 10;

/// What a reference refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reflection {
    /// Its type in a line.
    pub(crate) name: String,
    /// Its type as a declaration of several lines.
    pub(crate) declaration: String,
    /// Its endpoints by name.
    pub(crate) endpoints: Vec<ReflectedEndpoint>,
}

/// An endpoint of an object that does not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReflectedEndpoint {
    pub(crate) name: String,
    /// Its type in a line.
    pub(crate) ty: String,
    pub(crate) many: bool,
    pub(crate) mandatory: bool,
}

/// The last document that was looked at, for as long as its turn lasts: whoever inspects it will
/// cast it too, and what libraries there are may change between turns.
pub(crate) struct Reflected {
    turn: u64,
    document: String,
    reference: Rc<CheckedReference>,
}

impl Domain {
    /// What a reference refers to.
    ///
    /// # Errors
    ///
    /// The document is refused: the first finding.
    pub(crate) fn inspect(&self, document: &str) -> Result<Reflection, String> {
        let reference = self.reflected(document)?;
        let (types, ty) = (reference.types(), reference.object_type());
        let endpoints = match types.object(ty) {
            Object::Endpoints(body) => body
                .endpoints
                .iter()
                .map(|(name, endpoint)| ReflectedEndpoint {
                    name: name.clone(),
                    ty: types.describe(TypeId::Endpoint(endpoint.ty)),
                    many: endpoint.many,
                    mandatory: endpoint.mandatory,
                })
                .collect(),
            Object::Top | Object::Parameter(_) => Vec::new(),
        };
        Ok(Reflection {
            name: types.describe(TypeId::Object(ty)),
            declaration: types.declaration(TypeId::Object(ty)),
            endpoints,
        })
    }

    /// The document of a reference as one to a `ty`, an object type in the words of `proxy`: its
    /// library's, or one of its type arguments.
    ///
    /// # Errors
    ///
    /// The document is refused, there is no such type, or the object is not shown to be one.
    pub(crate) fn cast(
        &self,
        proxy: &ProxyCell,
        document: &str,
        ty: &str,
    ) -> Result<String, String> {
        let (types, to) = self.named_type(proxy, ty)?;
        let reference = self.reflected(document)?;
        let mut cast = reference.cast(&types, to);
        let (from, to) = (cast.from, cast.to);
        let formalisms = self.host.formalisms();
        let question = Question::Subtype(from, to);
        let verdict = self
            .host
            .verdicts()
            .on(question, &mut cast.types, formalisms);
        if verdict.holds() || (self.host.policy().allow_unknown && !verdict.fails()) {
            return Ok(cast.document());
        }
        let names = [from, to].map(|id| cast.types.describe(TypeId::Object(id)));
        let mismatches = Relations::new(&mut cast.types, formalisms)
            .object_subtype(from, to)
            .mismatches;
        let wanted = &names[1];
        let what = if verdict.fails() {
            format!("the object is no `{wanted}`")
        } else {
            format!("it is not shown that the object is a `{wanted}`")
        };
        Err(why_not(&what, &verdict, &mismatches, &names))
    }

    /// An object type in the words of a proxy's library, or one of the proxy's type arguments.
    fn named_type(&self, proxy: &ProxyCell, ty: &str) -> Result<(Types, ObjectId), String> {
        let words = self
            .proxy(proxy.number)
            .and_then(|proxy| proxy.words.clone())
            .ok_or("the object has no library whose types it could name")?;
        let source = Source::new("a cast", ty);
        let mut types = Types::new();
        let arena = self.types.borrow();
        let arguments = words.arguments.iter();
        let arguments: Environment = arguments
            .map(|(name, id)| (name.clone(), types.import(&arena, *id)))
            .collect();
        let resolved = parse_type(&source)
            .and_then(|expr| types.resolve_object(&words.module, &source, &expr, &arguments));
        match resolved {
            Ok(id) => Ok((types, id)),
            Err(found) => Err(found
                .first()
                .map_or_else(String::new, |first| first.message.clone())),
        }
    }

    fn reflected(&self, document: &str) -> Result<Rc<CheckedReference>, String> {
        if document.len() > MAX_REFLECTED {
            return Err(format!(
                "the document has {} bytes; within a turn no more than {MAX_REFLECTED} are looked at",
                document.len()
            ));
        }
        let turn = self.last_path.get();
        if let Some(last) = &*self.reflected.borrow()
            && last.turn == turn
            && last.document == document
        {
            return Ok(last.reference.clone());
        }
        let source = Source::new("a reference in an event", document);
        let checked = self.host.check(&source);
        let Some(reference) = checked.reference else {
            let diagnostics = checked.diagnostics;
            return Err(OpenError::RefusedChild { diagnostics }.to_string());
        };
        self.host.verdicts().tell(checked.types.words());
        let reference = Rc::new(reference);
        *self.reflected.borrow_mut() = Some(Reflected {
            turn,
            document: document.to_owned(),
            reference: reference.clone(),
        });
        Ok(reference)
    }
}
