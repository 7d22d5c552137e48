//! What a live object reference refers to, and casts.

use std::fmt;

use liveobj_abi as abi;

use crate::lent::{Document, Str};

/// An object type that a library declares, for [`crate::Context::cast`] and the like; generated
/// into `types` for every object type and every alias of one that has no type parameters, and into
/// the module of a template for each of its type parameters that is one.
pub trait ObjectType {
    /// Its name in the type language.
    const NAME: &'static str;
}

/// What a reference refers to: its type as far as the reference tells it, with the endpoints that
/// its casts leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reflection {
    /// Name of the object's type, or a description in a line.
    pub name: String,
    /// Its type as a declaration of several lines, for people.
    pub declaration: String,
    /// Its endpoints in name order.
    pub endpoints: Vec<ReflectedEndpoint>,
}

/// An endpoint of an object that does not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReflectedEndpoint {
    /// Its name.
    pub name: String,
    /// Name of its type, or a description in a line.
    pub ty: String,
    /// Whether each connection is another instance.
    pub many: bool,
    /// Whether a proxy does not start until it is connected.
    pub mandatory: bool,
}

impl Reflection {
    /// # Safety
    ///
    /// A host filled it in.
    pub(crate) unsafe fn from_raw(raw: &abi::Reflection) -> Reflection {
        // SAFETY: by contract, for all of what is inside.
        unsafe {
            let count = raw.endpoints.len as usize;
            let first = raw.endpoints.data.cast::<abi::ReflectedEndpoint>();
            let endpoints = (0..count).map(|index| {
                let endpoint = &*first.add(index);
                ReflectedEndpoint {
                    name: text(&endpoint.name),
                    ty: text(&endpoint.ty),
                    many: endpoint.many != 0,
                    mandatory: endpoint.mandatory != 0,
                }
            });
            Reflection {
                name: text(&raw.name),
                declaration: text(&raw.declaration),
                endpoints: endpoints.collect(),
            }
        }
    }
}

/// Copies a text of the host.
///
/// # Safety
///
/// The slice is valid, and is UTF-8.
pub(crate) unsafe fn text(slice: &abi::Slice) -> String {
    // SAFETY: `Str` lies as `lo_slice`; the rest says the caller.
    unsafe { *std::ptr::from_ref(slice).cast::<Str<'_>>() }
        .as_str()
        .to_owned()
}

/// A reference's document that an object keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedDocument {
    text: String,
}

impl OwnedDocument {
    pub(crate) fn new(text: String) -> OwnedDocument {
        OwnedDocument { text }
    }

    /// Lends it.
    pub fn lend(&self) -> Document<'_> {
        Document::new(self.text.as_bytes())
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl From<Document<'_>> for OwnedDocument {
    /// Copies what is lent. Documents are UTF-8; in what is not, nobody would find a reference, and
    /// it is replaced.
    fn from(document: Document<'_>) -> OwnedDocument {
        let text = String::from_utf8_lossy(document.as_slice()).into_owned();
        OwnedDocument { text }
    }
}

/// Why a reference was not looked at, or is not what it was cast to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferenceError {
    reason: String,
}

impl ReferenceError {
    pub(crate) fn new(reason: String) -> ReferenceError {
        ReferenceError { reason }
    }

    /// What the host said: the place at fault, and both sides.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl fmt::Display for ReferenceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for ReferenceError {}
