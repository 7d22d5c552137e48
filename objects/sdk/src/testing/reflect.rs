//! What references refer to, as the test says.

use std::collections::BTreeMap;

use liveobj_abi as abi;

use super::Harness;
use super::host::state;
use crate::lent::{Document, Str};
use crate::reflection::{ObjectType, Reflection, text};
use crate::template::Template;

/// What the test said of references.
#[derive(Default)]
pub(super) struct Told {
    reflections: BTreeMap<Vec<u8>, Reflection>,
    /// By document and type.
    casts: BTreeMap<(Vec<u8>, String), String>,
}

impl<T: Template> Harness<T> {
    /// Says what [`crate::Context::inspect`] answers of a reference; of others it says that the test
    /// does not know them.
    pub fn reflects(&mut self, reference: Document<'_>, found: Reflection) {
        let key = reference.as_slice().to_vec();
        self.state().told.reflections.insert(key, found);
    }

    /// Says that a reference can be cast to an `O`, and what it is then. Other casts fail.
    pub fn casts<O: ObjectType>(&mut self, reference: Document<'_>, cast: &str) {
        let key = (reference.as_slice().to_vec(), O::NAME.to_owned());
        self.state().told.casts.insert(key, cast.to_owned());
    }
}

const UNKNOWN: &str = "the test does not say what the reference is";

pub(super) unsafe extern "C" fn inspect(
    context: *mut abi::Context,
    reference: abi::Slice,
    found: *mut abi::Reflection,
) -> abi::Status {
    // SAFETY: the context is that of a `State`, and the document is valid.
    let (state, document) = unsafe { (state(context), document(&reference)) };
    let known = state.told.reflections.get(document.as_slice());
    let empty = Reflection {
        name: UNKNOWN.to_owned(),
        declaration: String::new(),
        endpoints: Vec::new(),
    };
    let answer = known.cloned().unwrap_or(empty);
    let endpoints = answer
        .endpoints
        .iter()
        .map(|endpoint| abi::ReflectedEndpoint {
            name: kept(&endpoint.name),
            ty: kept(&endpoint.ty),
            many: u32::from(endpoint.many),
            mandatory: u32::from(endpoint.mandatory),
        });
    let endpoints: &'static [abi::ReflectedEndpoint] = Vec::leak(endpoints.collect());
    let answer = abi::Reflection {
        owner: std::ptr::null_mut(),
        name: kept(&answer.name),
        declaration: kept(&answer.declaration),
        endpoints: abi::Slice {
            data: endpoints.as_ptr().cast(),
            len: endpoints.len() as u64,
            owner: std::ptr::null_mut(),
        },
    };
    // SAFETY: the object passes where to put it.
    unsafe { found.write(answer) };
    if known.is_some() {
        abi::OK
    } else {
        abi::FAILED
    }
}

pub(super) unsafe extern "C" fn cast(
    context: *mut abi::Context,
    reference: abi::Slice,
    ty: abi::Slice,
    answer: *mut abi::Slice,
) -> abi::Status {
    // SAFETY: the context is that of a `State`; document and type are valid.
    let (state, key) = unsafe { (state(context), (document(&reference), text(&ty))) };
    let known = state.told.casts.get(&key);
    let text = kept(known.map_or(UNKNOWN, String::as_str));
    // SAFETY: the object passes where to put it.
    unsafe { answer.write(text) };
    if known.is_some() {
        abi::OK
    } else {
        abi::FAILED
    }
}

/// # Safety
///
/// The slice is a valid document.
unsafe fn document(slice: &abi::Slice) -> Vec<u8> {
    // SAFETY: `Document` lies as `lo_slice`; the rest says the caller.
    unsafe { *std::ptr::from_ref(slice).cast::<Document<'_>>() }
        .as_slice()
        .to_vec()
}

/// A text for as long as the process lasts.
fn kept(text: &str) -> abi::Slice {
    Str::new(String::leak(text.to_owned())).slice()
}
