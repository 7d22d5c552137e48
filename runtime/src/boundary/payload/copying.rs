//! Copying payloads: what waits outlives the call in which it was lent.

use liveobj_abi::Slice;

use super::super::arena::Arena;
use super::super::block::Block;
use super::super::shape::{Kind, PayloadFault, Slot};
use super::super::walk::{
    At, Elements, Out, Walk, opaque, open_list, open_option, open_value, slice,
};

/// Copies a part with all that it points to but what blocks own.
///
/// # Safety
///
/// As [`super::read`]; `out` is as [`Out`] says, of the same type, and zero; the owners of slices are
/// NULL or counted blocks.
pub(super) unsafe fn copy(
    walk: &mut Walk<'_>,
    arena: &mut Arena,
    at: At,
    out: Out,
    depth: usize,
) -> Result<(), PayloadFault> {
    walk.enter(depth)?;
    let shapes = walk.shapes;
    let node = shapes.node(at.slot.node);
    // SAFETY: the places of parts follow from the layout, on both sides; all else says the caller.
    unsafe {
        if let Kind::Option { payload, slot } = &node.kind {
            let Some(at) = walk.option(at, *payload, *slot)? else {
                return Ok(());
            };
            let out = open_option(shapes, arena, out, *payload, *slot)?;
            return copy(walk, arena, at, out, depth + 1);
        }
        let from = walk.value(at)?;
        let to = open_value(shapes, arena, out)?;
        if node.flat {
            to.copy_from_nonoverlapping(from, node.size);
            return Ok(());
        }
        match &node.kind {
            Kind::Text | Kind::Bytes | Kind::Document { .. } => {
                let bytes = slice(from, 1, 1)?;
                keep_or_copy(arena, from, bytes, to)
            }
            // An `lo_opaque` starts with its slice.
            Kind::Opaque(_) => {
                opaque(from)?;
                keep_or_copy(arena, from, slice(from, 1, 1)?, to)
            }
            Kind::List(item) => {
                let shape = shapes.node(*item);
                let elements = slice(from, shape.size, shape.align)?;
                if shape.flat {
                    return keep_or_copy(arena, from, elements, to);
                }
                let copies = open_list(arena, to, elements.count, shape.size)?;
                for index in 0..elements.count {
                    let memory = copies.add(index * shape.size);
                    let out = Out {
                        memory,
                        slot: Slot::inline(*item),
                    };
                    copy(walk, arena, elements.at(index, *item), out, depth + 1)?;
                }
                Ok(())
            }
            Kind::Map {
                key,
                value,
                value_offset,
                size,
                align,
            } => {
                let elements = slice(from, *size, *align)?;
                let copies = open_list(arena, to, elements.count, *size)?;
                for index in 0..elements.count {
                    let at = elements.at(index, *key);
                    let memory = copies.add(index * size);
                    copy(
                        walk,
                        arena,
                        at,
                        Out {
                            memory,
                            slot: Slot::inline(*key),
                        },
                        depth + 1,
                    )?;
                    let slot = Slot::inline(*value);
                    let at = At {
                        memory: at.memory.add(*value_offset),
                        slot,
                    };
                    let out = Out {
                        memory: memory.add(*value_offset),
                        slot,
                    };
                    copy(walk, arena, at, out, depth + 1)?;
                }
                Ok(())
            }
            Kind::Struct { fields, .. } => {
                for field in fields {
                    let at = At {
                        memory: from.add(field.offset),
                        slot: field.slot,
                    };
                    let out = Out {
                        memory: to.add(field.offset),
                        slot: field.slot,
                    };
                    copy(walk, arena, at, out, depth + 1)?;
                }
                Ok(())
            }
            Kind::Variant { payload, cases } => {
                let tag = walk.tag(from, cases.len())?;
                to.cast::<u32>().write(tag as u32);
                let Some(slot) = cases[tag].1 else {
                    return Ok(());
                };
                let at = At {
                    memory: from.add(*payload),
                    slot,
                };
                let out = Out {
                    memory: to.add(*payload),
                    slot,
                };
                copy(walk, arena, at, out, depth + 1)
            }
            Kind::Scalar(_) | Kind::Option { .. } => unreachable!("handled above"),
        }
    }
}

/// Keeps a slice that a block owns, and copies any other. There are no pointers in its elements.
///
/// # Safety
///
/// `from` is an `lo_slice` that passed the checks as `elements`, which are readable, and its owner
/// is NULL or a counted block; `to` is writable and aligned for an `lo_slice`.
unsafe fn keep_or_copy(
    arena: &mut Arena,
    from: *const u8,
    elements: Elements,
    to: *mut u8,
) -> Result<(), PayloadFault> {
    let size = elements.count * elements.size;
    // SAFETY: says the caller; the arena holds the block as long as the copy of its slice.
    unsafe {
        let slice = from.cast::<Slice>().read();
        if elements.count > 0
            && let Some(block) = Block::owning(slice.owner, elements)
        {
            arena.hold(block, size)?;
            to.cast::<Slice>().write(slice);
            return Ok(());
        }
        let copy = open_list(arena, to, elements.count, elements.size)?;
        copy.copy_from_nonoverlapping(elements.memory, size);
    }
    Ok(())
}
