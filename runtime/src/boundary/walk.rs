//! Steps through memory that is laid out by a [`Shapes`], with every check that memory allows.

use liveobj_abi::{Opaque, Slice};

use super::arena::Arena;
use super::shape::{PayloadFault, Shapes, Slot};

/// Deepest nesting that is followed, the same as in wire form.
pub(super) const MAX_DEPTH: usize = liveobj_types::data::MAX_WIRE_DEPTH;
/// Most parts of one value that is converted, copied or encoded.
pub(super) const MAX_PARTS: usize = 16 << 20;
/// Most parts of one value that is read as data, where each takes far more memory.
pub(super) const MAX_DATA_PARTS: usize = 1 << 20;

/// Where a part of a value lies. Aligned for its slot, not NULL, and readable for its size.
#[derive(Clone, Copy, Debug)]
pub(super) struct At {
    pub(super) memory: *const u8,
    pub(super) slot: Slot,
}

/// Where a part of a value is to be written. As [`At`], and writable.
#[derive(Clone, Copy, Debug)]
pub(super) struct Out {
    pub(super) memory: *mut u8,
    pub(super) slot: Slot,
}

/// Elements of a slice that was checked: `count` times `size` bytes, aligned.
#[derive(Clone, Copy, Debug)]
pub(super) struct Elements {
    pub(super) memory: *const u8,
    pub(super) count: usize,
    pub(super) size: usize,
}

impl Elements {
    /// # Safety
    ///
    /// The memory is readable; `index` is below `count`.
    pub(super) unsafe fn at(self, index: usize, node: u32) -> At {
        // SAFETY: the element lies inside.
        let memory = unsafe { self.memory.add(index * self.size) };
        At {
            memory,
            slot: Slot::inline(node),
        }
    }

    /// # Safety
    ///
    /// The elements are bytes and readable, for as long as the caller says.
    pub(super) unsafe fn bytes<'a>(self) -> &'a [u8] {
        // SAFETY: checked to be not NULL and of a possible length; readable says the caller.
        unsafe { std::slice::from_raw_parts(self.memory, self.count) }
    }
}

/// Counts the parts of a value, so that zero-sized ones cannot keep a walk going for ever.
#[derive(Debug)]
pub(super) struct Walk<'a> {
    pub(super) shapes: &'a Shapes,
    parts: usize,
}

impl<'a> Walk<'a> {
    pub(super) fn new(shapes: &'a Shapes, parts: usize) -> Walk<'a> {
        Walk { shapes, parts }
    }

    /// Counts a part at some depth.
    pub(super) fn enter(&mut self, depth: usize) -> Result<(), PayloadFault> {
        if depth > MAX_DEPTH {
            return Err(PayloadFault::TooDeep);
        }
        self.parts = self.parts.checked_sub(1).ok_or(PayloadFault::TooLarge)?;
        Ok(())
    }

    /// The root of a payload: a dangling place where the type has size 0.
    pub(super) fn root(&self, memory: *const u8, node: u32) -> Result<At, PayloadFault> {
        let shape = self.shapes.node(node);
        let slot = Slot::inline(node);
        if shape.size == 0 {
            return Ok(At {
                memory: std::ptr::without_provenance(8),
                slot,
            });
        }
        if memory.is_null() {
            return Err(PayloadFault::Null);
        }
        if !memory.addr().is_multiple_of(shape.align) {
            return Err(PayloadFault::Misaligned);
        }
        Ok(At { memory, slot })
    }

    /// Memory of a part that is not an option, out of its box if it is in one.
    ///
    /// # Safety
    ///
    /// `at` is as [`At`] says, and slices inside are readable where they pass the checks.
    pub(super) unsafe fn value(&self, at: At) -> Result<*const u8, PayloadFault> {
        if !at.slot.boxed {
            return Ok(at.memory);
        }
        let node = self.shapes.node(at.slot.node);
        // SAFETY: a boxed slot holds a slice.
        let elements = unsafe { slice(at.memory, node.size, node.align) }?;
        if elements.count == 1 {
            Ok(elements.memory)
        } else {
            Err(PayloadFault::Length)
        }
    }

    /// The payload of an option, if there is some.
    ///
    /// # Safety
    ///
    /// As [`Walk::value`]; the node of `at` is an option, with this payload.
    pub(super) unsafe fn option(
        &self,
        at: At,
        payload: usize,
        inner: Slot,
    ) -> Result<Option<At>, PayloadFault> {
        if at.slot.boxed {
            let node = self.shapes.node(inner.node);
            // SAFETY: a boxed slot holds a slice.
            let elements = unsafe { slice(at.memory, node.size, node.align) }?;
            return match elements.count {
                0 => Ok(None),
                1 => Ok(Some(At {
                    memory: elements.memory,
                    slot: Slot::inline(inner.node),
                })),
                _ => Err(PayloadFault::Length),
            };
        }
        // SAFETY: an option starts with its flag, and has its payload at this offset.
        let (flag, memory) = unsafe { (*at.memory, at.memory.add(payload)) };
        match flag {
            0 => Ok(None),
            1 => Ok(Some(At {
                memory,
                slot: inner,
            })),
            _ => Err(PayloadFault::Invalid("an option")),
        }
    }

    /// The case of a variant.
    ///
    /// # Safety
    ///
    /// As [`Walk::value`]; `memory` is a variant of so many cases.
    pub(super) unsafe fn tag(
        &self,
        memory: *const u8,
        cases: usize,
    ) -> Result<usize, PayloadFault> {
        // SAFETY: a variant starts with its tag.
        let tag = unsafe { memory.cast::<u32>().read() } as usize;
        if tag < cases {
            Ok(tag)
        } else {
            Err(PayloadFault::Invalid("a case of its variant"))
        }
    }
}

/// Wire bytes of an opaque value.
///
/// # Safety
///
/// `memory` is readable and aligned for an `lo_opaque`, whose bytes are readable where they pass
/// the checks, for as long as the caller says.
pub(super) unsafe fn opaque<'a>(memory: *const u8) -> Result<&'a [u8], PayloadFault> {
    // SAFETY: says the caller; the slice is the first member.
    unsafe {
        if !(*memory.cast::<Opaque>()).ty.is_null() {
            return Err(PayloadFault::ForeignType);
        }
        Ok(slice(memory, 1, 1)?.bytes())
    }
}

/// Reads and checks an `lo_slice`.
///
/// # Safety
///
/// `memory` is readable and aligned for an `lo_slice`.
pub(super) unsafe fn slice(
    memory: *const u8,
    size: usize,
    align: usize,
) -> Result<Elements, PayloadFault> {
    // SAFETY: says the caller.
    let slice = unsafe { memory.cast::<Slice>().read() };
    if slice.len == 0 {
        let memory = std::ptr::without_provenance(8);
        return Ok(Elements {
            memory,
            count: 0,
            size,
        });
    }
    let memory = slice.data.cast::<u8>();
    if memory.is_null() {
        return Err(PayloadFault::Null);
    }
    if !memory.addr().is_multiple_of(align) {
        return Err(PayloadFault::Misaligned);
    }
    let count = usize::try_from(slice.len).map_err(|_| PayloadFault::Length)?;
    let bytes = count.checked_mul(size).ok_or(PayloadFault::Length)?;
    if bytes > isize::MAX as usize || memory.addr().checked_add(bytes).is_none() {
        return Err(PayloadFault::Length);
    }
    Ok(Elements {
        memory,
        count,
        size,
    })
}

/// Writes an `lo_slice` that nobody owns.
///
/// # Safety
///
/// `out` is writable and aligned for an `lo_slice`.
pub(super) unsafe fn write_slice(out: *mut u8, data: *const u8, count: usize) {
    let data = if count == 0 {
        std::ptr::null()
    } else {
        data.cast()
    };
    let slice = Slice {
        data,
        len: count as u64,
        owner: std::ptr::null_mut(),
    };
    // SAFETY: says the caller.
    unsafe { out.cast::<Slice>().write(slice) };
}

/// Writes bytes into memory of their own and a slice of them.
///
/// # Safety
///
/// As [`write_slice`].
pub(super) unsafe fn write_bytes(
    arena: &mut Arena,
    out: *mut u8,
    bytes: &[u8],
) -> Result<(), PayloadFault> {
    let memory = arena.allocate(bytes.len())?;
    // SAFETY: the memory was allocated for these bytes; `out` is as the caller says.
    unsafe {
        memory.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
        write_slice(out, memory, bytes.len());
    }
    Ok(())
}

/// Memory to write a part that is not an option to: in a box of its own if the slot is boxed.
///
/// # Safety
///
/// `out` is as [`Out`] says.
pub(super) unsafe fn open_value(
    shapes: &Shapes,
    arena: &mut Arena,
    out: Out,
) -> Result<*mut u8, PayloadFault> {
    if !out.slot.boxed {
        return Ok(out.memory);
    }
    let memory = arena.allocate(shapes.node(out.slot.node).size)?;
    // SAFETY: a boxed slot holds a slice.
    unsafe { write_slice(out.memory, memory, 1) };
    Ok(memory)
}

/// Where the payload of an option that has one goes. An absent one needs nothing: memory is zero.
///
/// # Safety
///
/// `out` is as [`Out`] says; its node is an option, with this payload.
pub(super) unsafe fn open_option(
    shapes: &Shapes,
    arena: &mut Arena,
    out: Out,
    payload: usize,
    inner: Slot,
) -> Result<Out, PayloadFault> {
    if out.slot.boxed {
        let memory = arena.allocate(shapes.node(inner.node).size)?;
        // SAFETY: a boxed slot holds a slice.
        unsafe { write_slice(out.memory, memory, 1) };
        return Ok(Out {
            memory,
            slot: Slot::inline(inner.node),
        });
    }
    // SAFETY: an option starts with its flag, and has its payload at this offset.
    unsafe {
        *out.memory = 1;
        Ok(Out {
            memory: out.memory.add(payload),
            slot: inner,
        })
    }
}

/// Memory for `count` elements, with a slice of them written to `out`.
///
/// # Safety
///
/// As [`write_slice`].
pub(super) unsafe fn open_list(
    arena: &mut Arena,
    out: *mut u8,
    count: usize,
    size: usize,
) -> Result<*mut u8, PayloadFault> {
    let bytes = count.checked_mul(size).ok_or(PayloadFault::TooLarge)?;
    let memory = arena.allocate(bytes)?;
    // SAFETY: says the caller.
    unsafe { write_slice(out, memory, count) };
    Ok(memory)
}
