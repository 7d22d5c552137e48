//! Counted blocks: memory of bytes that several payloads share, `lo_block` in the tables.

use std::ffi::c_void;
use std::sync::Arc;

use liveobj_abi as abi;

use super::walk::Elements;

/// A counted block of bytes. Whoever holds a slice that it owns may keep it instead of copying it.
pub(super) struct Block {
    /// Owned. Not a `Box`: whoever asked for the block writes through a pointer that was made before
    /// the block was put where it is counted, and to move a `Box` would end what that may do.
    words: *mut [u64],
}

// SAFETY: the block owns its memory alone; nothing in it refers to a thread.
unsafe impl Send for Block {}
// SAFETY: a shared block gives access to nothing. Those who share its bytes do not write to them:
// only who asked for the block does, before anybody else has it.
unsafe impl Sync for Block {}

impl Drop for Block {
    fn drop(&mut self) {
        // SAFETY: `new` took it out of a box, and nobody else gives it back.
        drop(unsafe { Box::from_raw(self.words) });
    }
}

/// Most bytes of one block.
const LIMIT: u64 = 1 << 32;

impl Block {
    /// Room for so many bytes, all zero.
    fn new(bytes: usize) -> Block {
        let words = vec![0; bytes.div_ceil(8)].into_boxed_slice();
        Block {
            words: Box::into_raw(words),
        }
    }

    /// Another count on the block that owns a slice, if one does and all of the slice lies in it.
    ///
    /// # Safety
    ///
    /// `owner` is NULL or a block that [`block`] made and that is still counted.
    pub(super) unsafe fn owning(owner: *mut abi::Block, slice: Elements) -> Option<Arc<Block>> {
        if owner.is_null() {
            return None;
        }
        let pointer = owner.cast::<Block>().cast_const();
        // SAFETY: by contract; the count is given back when the `Arc` is dropped.
        let block = unsafe {
            Arc::increment_strong_count(pointer);
            Arc::from_raw(pointer)
        };
        let start = block.words.addr();
        let end = start + size_of::<u64>() * block.words.len();
        let first = slice.memory.addr();
        let last = first.checked_add(slice.count.checked_mul(slice.size)?)?;
        (start <= first && last <= end).then_some(block)
    }
}

impl std::fmt::Debug for Block {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Block({} words)", self.words.len())
    }
}

/// `lo_host.keep`.
///
/// # Safety
///
/// The slice is valid now; its owner is NULL or a block that is still counted.
pub(super) unsafe extern "C" fn keep(slice: abi::Slice, ty: *const abi::Type) -> abi::Slice {
    if !ty.is_null() || slice.len == 0 || slice.data.is_null() {
        return abi::Slice::EMPTY;
    }
    if !slice.owner.is_null() {
        // SAFETY: an owner is a block that `block` made and that is still counted.
        unsafe { Arc::increment_strong_count(slice.owner.cast::<Block>().cast_const()) };
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

/// `lo_host.drop`.
///
/// # Safety
///
/// The caller gives back a count that [`block`] or [`keep`] gave; NULL is none.
pub(super) unsafe extern "C" fn drop_block(block: *mut abi::Block) {
    if !block.is_null() {
        // SAFETY: each count that `block` or `keep` gave is given back once.
        drop(unsafe { Arc::from_raw(block.cast::<Block>().cast_const()) });
    }
}

/// `lo_host.block`.
///
/// # Safety
///
/// `write` is NULL or a place for a pointer.
pub(super) unsafe extern "C" fn block(
    element: *const abi::Type,
    count: u64,
    write: *mut *mut c_void,
) -> abi::Slice {
    if !element.is_null() || count == 0 || count > LIMIT {
        return abi::Slice::EMPTY;
    }
    let block = Block::new(count as usize);
    let data: *mut c_void = block.words.cast();
    let owner = Arc::into_raw(Arc::new(block));
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
