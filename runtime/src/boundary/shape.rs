//! Types prepared for walking memory, and what is done with them.

use std::ffi::c_void;

use liveobj_types::data::WireError;
use liveobj_types::layout::Layouts;
use liveobj_types::{Data, ValueId};

/// A value type twice: as its object declares it, and with type parameters substituted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Viewed {
    /// As declared: its type parameters are opaque memory.
    pub(crate) declared: ValueId,
    /// The same with every parameter substituted.
    pub(crate) actual: ValueId,
}

impl Viewed {
    /// A type without type parameters (and the host's own view of any type).
    pub(crate) fn plain(id: ValueId) -> Viewed {
        Viewed {
            declared: id,
            actual: id,
        }
    }
}

/// Why memory is not a value of its type, or cannot be made into one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum PayloadFault {
    /// NULL where there must be something.
    #[error("a null pointer stands for a value")]
    Null,
    /// A pointer that no value of its type can have.
    #[error("a pointer is not aligned for its type")]
    Misaligned,
    /// A slice that is longer than memory, or a box of another length than its value needs.
    #[error("a slice has an impossible length")]
    Length,
    /// Not UTF-8, not a character, a flag other than 0 and 1, a tag without a case.
    #[error("memory is not {0}")]
    Invalid(&'static str),
    /// Map keys out of order or repeated.
    #[error("map keys are out of order or repeated")]
    KeyOrder,
    /// Nested more than 64 levels deep.
    #[error("values are nested more than 64 levels deep")]
    TooDeep,
    /// More than 64 MiB.
    #[error("the value takes more than 64 MiB")]
    TooLarge,
    /// Wire bytes of a type parameter that are not a value of its argument.
    #[error("opaque bytes are not a value of their type: {0}")]
    Wire(#[from] WireError),
}

/// A payload type, prepared: makes, reads and copies memory.
#[derive(Clone, Debug)]
pub(crate) struct Payload {}

impl Payload {
    /// Prepares a type. `None` where it cannot be laid out: it is too large, or `actual` still
    /// has a type parameter.
    pub(crate) fn new(layouts: &mut Layouts<'_>, ty: Viewed) -> Option<Payload> {
        let _ = (layouts, ty);
        unimplemented!("lands with the boundary")
    }

    /// Lays out a value of the actual type in memory of its own. `None` where `data` is not one.
    pub(crate) fn write(&self, data: &Data) -> Option<OwnedPayload> {
        let _ = data;
        unimplemented!("lands with the boundary")
    }

    /// Reads a payload as a value of the actual type, checking it.
    ///
    /// # Errors
    ///
    /// The first fault that can be detected.
    ///
    /// # Safety
    ///
    /// `payload` is NULL, or points to memory that is readable for the size of the declared type
    /// and whose slices, where aligned and not NULL, are readable for their lengths.
    pub(crate) unsafe fn read(&self, payload: *const c_void) -> Result<Data, PayloadFault> {
        let _ = payload;
        unimplemented!("lands with the boundary")
    }

    /// Copies a payload with all that it points to: what a queue holds.
    ///
    /// # Errors
    ///
    /// The first fault that can be detected.
    ///
    /// # Safety
    ///
    /// As for [`Payload::read`].
    pub(crate) unsafe fn copy(&self, payload: *const c_void) -> Result<OwnedPayload, PayloadFault> {
        let _ = payload;
        unimplemented!("lands with the boundary")
    }
}

/// A payload in memory of its own, freed on drop; may go to another thread.
#[derive(Debug)]
pub(crate) struct OwnedPayload {}

impl OwnedPayload {
    /// Where it lies; NULL for types of size 0. Valid as long as `self`.
    pub(crate) fn as_ptr(&self) -> *const c_void {
        unimplemented!("lands with the boundary")
    }

    /// Bytes it takes, inner ones included: what counts against a queue's limit.
    pub(crate) fn size(&self) -> usize {
        unimplemented!("lands with the boundary")
    }
}
