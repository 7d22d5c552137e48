//! Dynamic endpoints, whose type is a type parameter: events by number, with opaque payloads.

use liveobj_abi as abi;

use super::PayloadFault;
use super::calls::Lent;
use super::walk::opaque;

/// Lends an opaque payload to `call` as the handler of a dynamic endpoint is handed it: with the
/// number that the event has there.
///
/// # Errors
///
/// The payload is not an opaque one; `call` is not called. Whether its bytes are a value of the
/// event's type is found where they are decoded.
pub(super) fn with_number<R>(
    lent: Lent,
    event: u32,
    call: impl FnOnce(Lent) -> R,
) -> Result<R, PayloadFault> {
    let payload = lent.0.cast::<abi::Opaque>();
    if payload.is_null() {
        return Err(PayloadFault::Null);
    }
    if !payload.is_aligned() {
        return Err(PayloadFault::Misaligned);
    }
    // SAFETY: a `Lent` is a payload that is valid now, and this one is an `lo_opaque`.
    let payload = unsafe {
        opaque(payload.cast())?;
        payload.read()
    };
    let dynamic = abi::Dynamic { payload, event };
    Ok(call(Lent::new((&raw const dynamic).cast())))
}
