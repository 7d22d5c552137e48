//! Memory that grows while a value is built and is reused for the next one.

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::ptr::{self, NonNull};
use std::sync::Arc;

use super::PayloadFault;
use super::block::Block;

/// Most bytes that one value may take.
const LIMIT: usize = 64 << 20;
/// What is allocated first.
const FIRST: usize = 256;
/// Every allocation starts at a multiple of this, the largest alignment of layout 1.
const ALIGN: usize = 8;

/// Chunks of zeroed memory; what was handed out stays where it is until `clear` or drop.
#[derive(Debug, Default)]
pub(super) struct Arena {
    /// Never empty ones; the last one is in use.
    chunks: Vec<(NonNull<u8>, Layout)>,
    /// Bytes used of the last chunk.
    used: usize,
    /// Blocks that memory handed out points into.
    blocks: Vec<Arc<Block>>,
    /// Bytes handed out, and those of the blocks that were asked for.
    total: usize,
}

// SAFETY: the arena owns its chunks alone, and nobody writes to blocks that are shared; nothing in
// it refers to a thread.
unsafe impl Send for Arena {}
// SAFETY: a shared arena gives access to nothing.
unsafe impl Sync for Arena {}

impl Arena {
    /// Zeroed memory of `size` bytes, aligned to 8; dangling for size 0.
    pub(super) fn allocate(&mut self, size: usize) -> Result<*mut u8, PayloadFault> {
        if size == 0 {
            return Ok(ptr::without_provenance_mut(ALIGN));
        }
        let size = size
            .checked_next_multiple_of(ALIGN)
            .ok_or(PayloadFault::TooLarge)?;
        self.count(size)?;
        let free = self
            .chunks
            .last()
            .map_or(0, |(_, layout)| layout.size() - self.used);
        if free < size {
            let last = self
                .chunks
                .last()
                .map_or(FIRST / 2, |(_, layout)| layout.size());
            self.grow(size.max(last * 2));
        }
        let (chunk, _) = self.chunks.last().expect("grown if there was none");
        // SAFETY: the last chunk has at least `size` bytes behind `used`.
        let memory = unsafe { chunk.as_ptr().add(self.used) };
        self.used += size;
        Ok(memory)
    }

    /// Keeps a block for as long as the memory, which points to `size` bytes of it.
    pub(super) fn hold(&mut self, block: Arc<Block>, size: usize) -> Result<(), PayloadFault> {
        self.count(size)?;
        self.blocks.push(block);
        Ok(())
    }

    fn count(&mut self, size: usize) -> Result<(), PayloadFault> {
        self.total = self.total.checked_add(size).ok_or(PayloadFault::TooLarge)?;
        if self.total > LIMIT {
            return Err(PayloadFault::TooLarge);
        }
        Ok(())
    }

    /// Bytes handed out, and those of the blocks that were asked for.
    pub(super) fn total(&self) -> usize {
        self.total
    }

    /// Takes everything back; keeps the largest chunk for reuse.
    pub(super) fn clear(&mut self) {
        if self.chunks.len() > 1 {
            let last = self.chunks.pop();
            self.free();
            self.chunks.extend(last);
            self.used = self.chunks[0].1.size();
        }
        if let Some((chunk, _)) = self.chunks.first() {
            // SAFETY: the chunk has at least `used` bytes. What follows them is still zero.
            unsafe { chunk.as_ptr().write_bytes(0, self.used) };
        }
        self.used = 0;
        self.total = 0;
        self.blocks.clear();
    }

    fn grow(&mut self, size: usize) {
        let layout = Layout::from_size_align(size, ALIGN).expect("far below the largest size");
        // SAFETY: the size is not 0.
        let chunk = unsafe { alloc_zeroed(layout) };
        let chunk = NonNull::new(chunk).unwrap_or_else(|| handle_alloc_error(layout));
        self.chunks.push((chunk, layout));
        self.used = 0;
    }

    fn free(&mut self) {
        for (chunk, layout) in self.chunks.drain(..) {
            // SAFETY: allocated in `grow` with this layout, and freed once.
            unsafe { dealloc(chunk.as_ptr(), layout) };
        }
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        self.free();
    }
}

/// Memory for what a conversion makes; owned by a connection, and reused by each conversion.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    pub(super) arena: Arena,
    pub(super) bytes: Vec<u8>,
}

impl Scratch {
    /// Empty; nothing is allocated before a conversion needs it.
    pub(crate) fn new() -> Scratch {
        Scratch::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_zeroed_and_stays_in_place_while_more_is_asked_for() {
        let mut arena = Arena::default();
        for round in 0..3_u8 {
            let blocks: Vec<*mut u8> = (1..200)
                .map(|size| arena.allocate(size).expect("small"))
                .collect();
            for (index, block) in blocks.iter().enumerate() {
                assert_eq!(block.addr() % ALIGN, 0);
                for at in 0..=index {
                    // SAFETY: each block has one byte more than its index, and none is freed.
                    unsafe {
                        assert_eq!(*block.add(at), 0);
                        *block.add(at) = round + 1;
                    }
                }
            }
            arena.clear();
        }
    }

    #[test]
    fn a_value_takes_64_mebibytes_at_most() {
        let mut arena = Arena::default();
        assert_eq!(arena.allocate(usize::MAX), Err(PayloadFault::TooLarge));
        arena.clear();
        assert!(arena.allocate(LIMIT).is_ok());
        assert_eq!(arena.allocate(1), Err(PayloadFault::TooLarge));
    }
}
