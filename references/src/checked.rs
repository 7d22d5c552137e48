//! What a successful check yields: the plan that the runtime carries out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use liveobj_types::types::Object;
use liveobj_types::{
    Data, Formalisms, Judgement, ObjectId, Place, Relations, Source, TypeId, Types, ValueId,
};

use crate::canonical;
use crate::catalog::Catalog;
use crate::model::Document;

/// A reference that was checked. Only [`crate::check`] makes one; only this can be opened.
#[derive(Clone, Debug)]
pub struct CheckedReference {
    pub(crate) document: Arc<Document>,
    pub(crate) source: Arc<Source>,
    pub(crate) types: Arc<Types>,
    pub(crate) root: Part,
    pub(crate) identity: [u8; 32],
    pub(crate) unmet: Vec<Unmet>,
    pub(crate) libraries: Libraries,
    pub(crate) formalisms: Formalisms,
}

/// What a check was told of libraries.
#[derive(Clone, Debug, Default)]
pub(crate) struct Libraries {
    /// By name and demanded hash; none where there was no such library, else the hash of its file
    /// unless it is linked in.
    pub named: BTreeMap<(String, Option<String>), Option<Option<String>>>,
    /// Hashes of which there was no file.
    pub missing: BTreeSet<String>,
}

impl CheckedReference {
    /// The document.
    pub fn document(&self) -> &Arc<Document> {
        &self.document
    }

    /// Its text.
    pub fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// The types that the parts speak of.
    pub fn types(&self) -> &Arc<Types> {
        &self.types
    }

    /// The plan.
    pub fn root(&self) -> &Part {
        &self.root
    }

    /// Type of the object.
    pub fn object_type(&self) -> ObjectId {
        self.root.ty
    }

    /// SHA-256 of the canonical form.
    pub fn identity(&self) -> [u8; 32] {
        self.identity
    }

    /// Canonical document of one of its parts: what travels when it is passed as a value. JSON on
    /// one line that reads back as a document of its own, with the types that it needs.
    pub fn canonical(&self, part: &Part) -> String {
        canonical::text(&self.types, part)
    }

    /// Whether the object is an `expected`, a type of another arena: asked when a reference
    /// arrives where one of a certain type is needed.
    pub fn is_subtype_of(
        &self,
        other: &Types,
        expected: ObjectId,
        formalisms: &Formalisms,
    ) -> Judgement {
        let mut types = (*self.types).clone();
        let TypeId::Object(expected) = types.import(other, TypeId::Object(expected)) else {
            unreachable!("an imported type keeps its kind")
        };
        Relations::new(&mut types, formalisms).object_subtype(self.root.ty, expected)
    }

    /// Whether `catalog` knows the libraries that the check was told of, and no others of those that
    /// it missed. If not, the types of objects may be others than the check has seen: where a
    /// library was missing, it believed the `as`. To be asked by whoever opens the reference.
    pub fn knew_the_libraries_of(&self, catalog: &dyn Catalog) -> bool {
        let Libraries { named, missing } = &self.libraries;
        let same = named.iter().all(|((name, sha256), known)| {
            let found = catalog.library(name, sha256.as_deref());
            let found = found.ok().map(|library| library.sha256.clone());
            found == *known
        });
        let missed = |hash: &String| catalog.library_by_hash(hash).is_err();
        same && missing.iter().all(missed)
    }

    /// The formalisms that the check asked. With others it may have answered otherwise: whoever opens
    /// the reference checks it again then.
    pub fn formalisms(&self) -> &Formalisms {
        &self.formalisms
    }

    /// What is left over at the root: `open` refuses a reference with any.
    pub fn unmet(&self) -> &[Unmet] {
        &self.unmet
    }
}

/// A requirement or mandatory endpoint that nothing meets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmet {
    /// What, in words: lower case, no final period.
    pub what: String,
    /// Where it comes from.
    pub place: Option<Place>,
}

/// A reference with its type, ready to be carried out.
#[derive(Clone, Debug)]
pub struct Part {
    /// Its type as others see it (after `as`).
    pub ty: ObjectId,
    /// Its derived type, before `as`; for externals the `as` type.
    pub derived: ObjectId,
    /// Whether an `as` was written.
    pub cast: bool,
    /// SHA-256 of the canonical form of this part alone.
    pub identity: [u8; 32],
    /// Where it stands.
    pub place: Place,
    /// What to do.
    pub kind: PartKind,
}

impl Part {
    /// The type that matters in a composite: a cast to `Object` hides endpoints, but not that some of
    /// them are mandatory (semantics, section 4).
    pub fn effective(&self, types: &Types) -> ObjectId {
        effective(types, self.ty, self.derived)
    }
}

/// Of the type of a part and that before `as`, the one that matters in a composite.
pub(crate) fn effective(types: &Types, ty: ObjectId, derived: ObjectId) -> ObjectId {
    match types.object(ty) {
        Object::Top => derived,
        _ => ty,
    }
}

/// What to do to obtain a part.
#[derive(Clone, Debug)]
pub enum PartKind {
    /// Obtain the components, then connect, both in canonical order.
    Composite {
        /// Components sorted by name.
        components: Vec<(String, Part)>,
        /// Connections sorted by their ends.
        connections: Vec<PlannedConnection>,
        /// Exports sorted by exported name.
        exports: Vec<Export>,
    },
    /// Obtain the folder, ask it for `name`, check that the answer is ◁ `Part::derived`, obtain that.
    External {
        /// The name to ask for.
        name: String,
        /// The folder.
        folder: Box<Part>,
    },
    /// Make a proxy with a template of a library.
    Object {
        /// The library's name.
        library: String,
        /// The hash that the document demands.
        sha256: Option<String>,
        /// The template's name.
        template: String,
        /// Every parameter of the template (type parameters first, each group in the order
        /// declared), defaults filled in.
        arguments: Vec<(String, BoundArgument)>,
    },
    /// The `library` primitive: a folder of what a library offers.
    Library {
        /// The library's name.
        name: String,
        /// The hash demanded, if any.
        sha256: Option<String>,
    },
    /// The `registry` primitive.
    Registry,
    /// The `code` primitive: a template without parameters of a library given by hash.
    Code {
        /// `sha256:…` of the library.
        library: String,
        /// The template's name.
        name: String,
    },
}

/// Argument of a template.
#[derive(Clone, Debug)]
pub enum BoundArgument {
    /// A type.
    Type(liveobj_types::TypeId),
    /// A value and its type.
    Value {
        /// The parameter's type.
        ty: ValueId,
        /// The value; references inside are canonical documents.
        data: Data,
    },
    /// A reference passed as such: its checked form beside its canonical document.
    Reference {
        /// The parameter's type.
        ty: ValueId,
        /// The canonical document: the value.
        document: Arc<str>,
        /// What it refers to.
        part: Box<Part>,
    },
}

/// A connection of a composite, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedConnection {
    /// (component, endpoint) at both ends, the smaller first.
    pub ends: [(String, String); 2],
}

/// An export of a composite, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// The exported name.
    pub name: String,
    /// The component.
    pub component: String,
    /// Its endpoint.
    pub endpoint: String,
}
