//! Conversions along `<:`, built at connect time (semantics, section 1; ABI rule 9).

use std::ffi::c_void;

use liveobj_types::layout::Layouts;
use liveobj_types::{Data, Types, ValueId};

use super::{PayloadFault, Scratch, Viewed};

/// What a connection does to each payload of one event.
#[derive(Clone, Debug)]
pub(crate) enum Conversion {
    /// Nothing: the sender's pointer is the receiver's.
    Lend,
    /// Builds the receiver's value in the connection's scratch memory.
    Program(Program),
}

impl Conversion {
    /// The conversion from a sender's type to a receiver's, of which it is already known that
    /// the first is a subtype of the second. `None` where there is none or a type cannot be laid
    /// out.
    pub(crate) fn build(
        layouts: &mut Layouts<'_>,
        source: Viewed,
        target: Viewed,
    ) -> Option<Conversion> {
        let _ = (layouts, source, target);
        unimplemented!("lands with the boundary")
    }

    /// The payload as the receiver expects it: `payload` itself, or memory in `scratch`, which
    /// may point into that of `payload`; valid until either is used again. NULL where the
    /// receiver's type has size 0.
    ///
    /// # Errors
    ///
    /// The payload is not a value of the sender's type; the event is to be dropped and the
    /// connection's sender to be reported.
    ///
    /// # Safety
    ///
    /// As for [`super::Payload::read`], with the sender's type.
    pub(crate) unsafe fn apply(
        &self,
        scratch: &mut Scratch,
        payload: *const c_void,
    ) -> Result<*const c_void, PayloadFault> {
        let _ = (scratch, payload);
        unimplemented!("lands with the boundary")
    }
}

/// A conversion that changes something.
#[derive(Clone, Debug)]
pub(crate) struct Program {}

/// The conversion of semantics, section 1, on values as data: `None` where `data` is not of type
/// `source` or there is no conversion to `target`.
pub(crate) fn convert_data(
    types: &Types,
    source: ValueId,
    target: ValueId,
    data: &Data,
) -> Option<Data> {
    let _ = (types, source, target, data);
    unimplemented!("lands with the boundary")
}
