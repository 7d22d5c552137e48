//! The engine's view of payload memory: lent pointers, what is kept while it waits, conversions.

use std::cell::RefCell;
use std::ffi::c_void;
use std::rc::Rc;

use liveobj_abi as abi;
use liveobj_types::layout::Layouts;
use liveobj_types::{Data, Types};

use super::calls::Lent;
use super::{OwnedPayload, Payload, PayloadFault, Scratch, Viewed};

/// Knows one payload type: copies, reads and writes its memory.
#[derive(Clone, Debug)]
pub(crate) struct Keeper(Rc<Payload>);

impl Keeper {
    /// Prepares a type; none where it cannot be laid out.
    pub(crate) fn new(types: &Types, ty: Viewed) -> Option<Keeper> {
        Payload::new(&mut Layouts::new(types), ty).map(|payload| Keeper(Rc::new(payload)))
    }

    /// Copies a payload with all that it points to; none where it is not a value of the type.
    pub(crate) fn keep(&self, lent: Lent) -> Option<Kept> {
        // SAFETY: a `Lent` is a payload that is valid now; whoever has this keeper for it took
        // both from the same event.
        unsafe { self.0.copy(lent.0) }.ok().map(Kept)
    }

    /// Reads a payload, checking it.
    pub(crate) fn read(&self, lent: Lent) -> Result<Data, PayloadFault> {
        // SAFETY: as in `keep`.
        unsafe { self.0.read(lent.0) }
    }

    /// Lays a value out; none where it is not one of the type.
    pub(crate) fn write(&self, data: &Data) -> Option<Kept> {
        self.0.write(data).map(Kept)
    }
}

/// A payload in memory of its own.
#[derive(Debug)]
pub(crate) struct Kept(OwnedPayload);

impl Kept {
    /// Lends it.
    pub(crate) fn lent(&self) -> Lent {
        Lent::new(self.0.as_ptr())
    }

    /// Bytes it takes.
    pub(crate) fn size(&self) -> usize {
        self.0.size()
    }
}

/// From one layout to another, with the memory that it reuses.
#[derive(Debug)]
pub(crate) struct Conversion {
    conversion: super::Conversion,
    scratch: RefCell<Scratch>,
}

impl Conversion {
    /// The conversion from a sender's type to a receiver's.
    ///
    /// # Errors
    ///
    /// There is none, which the check would have found, or a type cannot be laid out.
    pub(crate) fn build(
        types: &Types,
        source: Viewed,
        target: Viewed,
    ) -> Result<Option<Conversion>, NoConversion> {
        match super::Conversion::build(&mut Layouts::new(types), source, target) {
            None => Err(NoConversion),
            Some(super::Conversion::Lend) => Ok(None),
            Some(conversion) => {
                let scratch = RefCell::new(Scratch::new());
                Ok(Some(Conversion {
                    conversion,
                    scratch,
                }))
            }
        }
    }

    /// Converts a payload and lends the result to `call`; none where the payload is not a value
    /// of the sender's type.
    pub(super) fn with<R>(&self, lent: Lent, call: impl FnOnce(Lent) -> R) -> Option<R> {
        // The target of a connection never runs twice at once, so the scratch is free.
        let mut scratch = self.scratch.try_borrow_mut().ok()?;
        // SAFETY: a `Lent` is valid now, and is of the sender's type: links are made of the
        // conversions of their own events.
        let converted = unsafe { self.conversion.apply(&mut scratch, lent.0) }.ok()?;
        Some(call(Lent::new(converted)))
    }
}

/// Two payload types between which there is no conversion.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NoConversion;

/// A counted block of bytes, handed to libraries as `lo_block`.
struct Block {
    _words: Box<[u64]>,
}

pub(super) unsafe extern "C" fn keep(slice: abi::Slice, ty: *const abi::Type) -> abi::Slice {
    if !ty.is_null() || slice.len == 0 || slice.data.is_null() {
        return abi::Slice::EMPTY;
    }
    if !slice.owner.is_null() {
        // SAFETY: an owner is a block that `block` made and that is still counted.
        unsafe { std::sync::Arc::increment_strong_count(slice.owner.cast::<Block>().cast_const()) };
        return slice;
    }
    let mut write = std::ptr::null_mut();
    // SAFETY: NULL stands for bytes.
    let kept = unsafe { block(std::ptr::null(), slice.len, &raw mut write) };
    if !write.is_null() {
        // SAFETY: `block` made room for `len` bytes, and the slice is valid now.
        unsafe {
            std::ptr::copy_nonoverlapping(slice.data.cast::<u8>(), write.cast(), slice.len as usize)
        };
    }
    kept
}

pub(super) unsafe extern "C" fn drop_block(block: *mut abi::Block) {
    if !block.is_null() {
        // SAFETY: each count that `block` or `keep` gave is given back once.
        drop(unsafe { std::sync::Arc::from_raw(block.cast::<Block>().cast_const()) });
    }
}

pub(super) unsafe extern "C" fn block(
    element: *const abi::Type,
    count: u64,
    write: *mut *mut c_void,
) -> abi::Slice {
    const LIMIT: u64 = 1 << 32;
    if !element.is_null() || count == 0 || count > LIMIT {
        return abi::Slice::EMPTY;
    }
    let mut words = vec![0u64; (count as usize).div_ceil(8)].into_boxed_slice();
    let data: *mut c_void = words.as_mut_ptr().cast();
    let owner = std::sync::Arc::into_raw(std::sync::Arc::new(Block { _words: words }));
    if !write.is_null() {
        // SAFETY: the caller gave a place for the pointer.
        unsafe { *write = data };
    }
    abi::Slice {
        data,
        len: count,
        owner: owner.cast_mut().cast(),
    }
}
