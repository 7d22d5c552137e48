//! Memory to wire bytes and back, for values of type parameters: the same bytes as
//! [`liveobj_types::Types::encode`] makes, without building [`liveobj_types::Data`].

use std::cmp::Ordering;

use liveobj_types::data::{WireError, max_parts};
use liveobj_types::types::Basic;

use super::arena::Arena;
use super::scalar::{check_scalar, compare_scalar};
use super::shape::{Kind, PayloadFault, Shapes, Slot};
use super::walk::{
    At, MAX_DEPTH, MAX_PARTS, Out, Walk, open_list, open_option, open_value, slice, write_slice,
};

/// The one NaN of each width.
const NAN_32: u32 = 0x7FC0_0000;
const NAN_64: u64 = 0x7FF8_0000_0000_0000;

/// Appends the wire form of a value.
///
/// # Safety
///
/// `at` is as [`At`] says, and slices inside are readable where they pass the checks.
pub(super) unsafe fn encode(
    walk: &mut Walk<'_>,
    at: At,
    bytes: &mut Vec<u8>,
) -> Result<(), PayloadFault> {
    let start = bytes.len();
    let mut encoder = Encoder {
        walk,
        bytes,
        parts: 0,
    };
    // SAFETY: says the caller.
    unsafe { encoder.value(at, 0) }?;
    let parts = encoder.parts;
    if parts > max_parts(bytes.len() - start) {
        return Err(PayloadFault::Wire(WireError::TooManyParts));
    }
    Ok(())
}

struct Encoder<'a, 'b> {
    walk: &'a mut Walk<'b>,
    bytes: &'a mut Vec<u8>,
    parts: usize,
}

impl Encoder<'_, '_> {
    /// # Safety
    ///
    /// As [`encode`].
    unsafe fn value(&mut self, at: At, depth: usize) -> Result<(), PayloadFault> {
        self.walk.enter(depth)?;
        self.parts += 1;
        let shapes = self.walk.shapes;
        let node = shapes.node(at.slot.node);
        // SAFETY: the places of parts follow from the layout; all else says the caller.
        unsafe {
            if let Kind::Option { payload, slot } = &node.kind {
                let payload = self.walk.option(at, *payload, *slot)?;
                self.bytes.push(u8::from(payload.is_some()));
                return payload.map_or(Ok(()), |at| self.value(at, depth + 1));
            }
            let memory = self.walk.value(at)?;
            match &node.kind {
                Kind::Scalar(basic) => {
                    check_scalar(*basic, memory)?;
                    self.scalar(*basic, memory, node.size);
                    Ok(())
                }
                Kind::Text | Kind::Document { .. } => {
                    let text = slice(memory, 1, 1)?.bytes();
                    std::str::from_utf8(text).map_err(|_| PayloadFault::Invalid("UTF-8"))?;
                    self.slice(text)
                }
                Kind::Bytes => self.slice(slice(memory, 1, 1)?.bytes()),
                Kind::List(item) => {
                    let shape = shapes.node(*item);
                    let elements = slice(memory, shape.size, shape.align)?;
                    self.length(elements.count)?;
                    for index in 0..elements.count {
                        self.value(elements.at(index, *item), depth + 1)?;
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
                    let elements = slice(memory, *size, *align)?;
                    self.length(elements.count)?;
                    let mut last: Option<At> = None;
                    for index in 0..elements.count {
                        let at = elements.at(index, *key);
                        // Encoded first, which checks the key before it is compared.
                        self.value(at, depth + 1)?;
                        if let Some(last) = last
                            && compare(self.walk, last, at)? != Ordering::Less
                        {
                            return Err(PayloadFault::KeyOrder);
                        }
                        last = Some(at);
                        let memory = at.memory.add(*value_offset);
                        self.value(
                            At {
                                memory,
                                slot: Slot::inline(*value),
                            },
                            depth + 1,
                        )?;
                    }
                    Ok(())
                }
                Kind::Struct { fields, .. } => {
                    for field in fields {
                        let memory = memory.add(field.offset);
                        self.value(
                            At {
                                memory,
                                slot: field.slot,
                            },
                            depth + 1,
                        )?;
                    }
                    Ok(())
                }
                Kind::Variant { payload, cases } => {
                    let tag = self.walk.tag(memory, cases.len())?;
                    self.bytes.extend((tag as u32).to_le_bytes());
                    let Some(slot) = cases[tag].1 else {
                        return Ok(());
                    };
                    self.value(
                        At {
                            memory: memory.add(*payload),
                            slot,
                        },
                        depth + 1,
                    )
                }
                Kind::Opaque(_) => Err(PayloadFault::Wire(WireError::Opaque)),
                Kind::Option { .. } => unreachable!("handled above"),
            }
        }
    }

    /// # Safety
    ///
    /// `memory` is a scalar of this kind and size.
    unsafe fn scalar(&mut self, basic: Basic, memory: *const u8, size: usize) {
        // SAFETY: says the caller.
        unsafe {
            match basic {
                Basic::F32 if memory.cast::<f32>().read().is_nan() => {
                    self.bytes.extend(NAN_32.to_le_bytes());
                }
                Basic::F64 if memory.cast::<f64>().read().is_nan() => {
                    self.bytes.extend(NAN_64.to_le_bytes());
                }
                // Memory is little-endian, as the wire is.
                _ => self.bytes.extend(std::slice::from_raw_parts(memory, size)),
            }
        }
    }

    fn slice(&mut self, slice: &[u8]) -> Result<(), PayloadFault> {
        self.length(slice.len())?;
        self.bytes.extend(slice);
        Ok(())
    }

    fn length(&mut self, length: usize) -> Result<(), PayloadFault> {
        let length = u32::try_from(length).map_err(|_| PayloadFault::TooLarge)?;
        self.bytes.extend(length.to_le_bytes());
        Ok(())
    }
}

/// Order of map keys.
///
/// # Safety
///
/// Both are values of the same key type that were walked before without a fault.
pub(super) unsafe fn compare(
    walk: &Walk<'_>,
    left: At,
    right: At,
) -> Result<Ordering, PayloadFault> {
    let node = walk.shapes.node(left.slot.node);
    // SAFETY: the places of parts follow from the layout; all else says the caller.
    unsafe {
        let (left, right) = (walk.value(left)?, walk.value(right)?);
        Ok(match &node.kind {
            Kind::Scalar(basic) => compare_scalar(*basic, left, right),
            Kind::Text | Kind::Bytes => slice(left, 1, 1)?.bytes().cmp(slice(right, 1, 1)?.bytes()),
            Kind::Variant { .. } => left.cast::<u32>().read().cmp(&right.cast::<u32>().read()),
            Kind::Struct { fields, .. } => {
                for field in fields {
                    let left = At {
                        memory: left.add(field.offset),
                        slot: field.slot,
                    };
                    let right = At {
                        memory: right.add(field.offset),
                        slot: field.slot,
                    };
                    match compare(walk, left, right)? {
                        Ordering::Equal => {}
                        unequal => return Ok(unequal),
                    }
                }
                Ordering::Equal
            }
            // Not key types; the resolver refuses them.
            _ => Ordering::Equal,
        })
    }
}

/// Lays out the value that `bytes` are the wire form of. Texts, bytes and documents in it are
/// slices of `bytes`.
///
/// # Errors
///
/// `bytes` are not exactly one value.
///
/// # Safety
///
/// `out` is as [`Out`] says, and zero.
pub(super) unsafe fn decode(
    shapes: &Shapes,
    arena: &mut Arena,
    bytes: &[u8],
    out: Out,
) -> Result<(), PayloadFault> {
    let parts = max_parts(bytes.len());
    let mut decoder = Decoder {
        shapes,
        arena,
        bytes,
        parts,
    };
    // SAFETY: says the caller.
    unsafe { decoder.value(out, 0) }?;
    if decoder.bytes.is_empty() {
        Ok(())
    } else {
        Err(WireError::TrailingBytes.into())
    }
}

struct Decoder<'a, 'b> {
    shapes: &'b Shapes,
    arena: &'a mut Arena,
    bytes: &'b [u8],
    parts: usize,
}

impl<'b> Decoder<'_, 'b> {
    /// # Safety
    ///
    /// As [`decode`].
    unsafe fn value(&mut self, out: Out, depth: usize) -> Result<(), PayloadFault> {
        self.parts = self.parts.checked_sub(1).ok_or(WireError::TooManyParts)?;
        if depth > MAX_DEPTH {
            return Err(WireError::TooDeep.into());
        }
        let shapes = self.shapes;
        let node = shapes.node(out.slot.node);
        // SAFETY: the places of parts follow from the layout; all else says the caller.
        unsafe {
            if let Kind::Option { payload, slot } = &node.kind {
                return match self.array()? {
                    [0] => Ok(()),
                    [1] => {
                        let out = open_option(shapes, self.arena, out, *payload, *slot)?;
                        self.value(out, depth + 1)
                    }
                    _ => Err(WireError::Invalid("an option flag").into()),
                };
            }
            let memory = open_value(shapes, self.arena, out)?;
            match &node.kind {
                Kind::Scalar(basic) => self.scalar(*basic, memory, node.size),
                Kind::Text | Kind::Document { .. } => {
                    let text = self.slice()?;
                    std::str::from_utf8(text).map_err(|_| WireError::Invalid("UTF-8"))?;
                    write_slice(memory, text.as_ptr(), text.len());
                    Ok(())
                }
                Kind::Bytes => {
                    let bytes = self.slice()?;
                    write_slice(memory, bytes.as_ptr(), bytes.len());
                    Ok(())
                }
                Kind::List(item) => {
                    let count = self.u32()? as usize;
                    let size = shapes.node(*item).size;
                    let elements = self.elements(memory, count, size)?;
                    for index in 0..count {
                        let memory = elements.add(index * size);
                        self.value(
                            Out {
                                memory,
                                slot: Slot::inline(*item),
                            },
                            depth + 1,
                        )?;
                    }
                    Ok(())
                }
                Kind::Map {
                    key,
                    value,
                    value_offset,
                    size,
                    ..
                } => {
                    let count = self.u32()? as usize;
                    let elements = self.elements(memory, count, *size)?;
                    for index in 0..count {
                        let memory = elements.add(index * size);
                        let slot = Slot::inline(*key);
                        self.value(Out { memory, slot }, depth + 1)?;
                        if index > 0 {
                            let walk = Walk::new(shapes, MAX_PARTS);
                            let last = At {
                                memory: elements.add((index - 1) * size),
                                slot,
                            };
                            if compare(&walk, last, At { memory, slot })? != Ordering::Less {
                                return Err(WireError::KeyOrder.into());
                            }
                        }
                        let memory = memory.add(*value_offset);
                        self.value(
                            Out {
                                memory,
                                slot: Slot::inline(*value),
                            },
                            depth + 1,
                        )?;
                    }
                    Ok(())
                }
                Kind::Struct { fields, .. } => {
                    for field in fields {
                        let memory = memory.add(field.offset);
                        self.value(
                            Out {
                                memory,
                                slot: field.slot,
                            },
                            depth + 1,
                        )?;
                    }
                    Ok(())
                }
                Kind::Variant { payload, cases } => {
                    let tag = self.u32()?;
                    let (_, slot) = cases
                        .get(tag as usize)
                        .ok_or(WireError::Invalid("the tag of a case"))?;
                    memory.cast::<u32>().write(tag);
                    let Some(slot) = *slot else { return Ok(()) };
                    self.value(
                        Out {
                            memory: memory.add(*payload),
                            slot,
                        },
                        depth + 1,
                    )
                }
                Kind::Opaque(_) => Err(WireError::Opaque.into()),
                Kind::Option { .. } => unreachable!("handled above"),
            }
        }
    }

    /// Memory for a list: never more elements than parts may still come.
    ///
    /// # Safety
    ///
    /// As [`write_slice`].
    unsafe fn elements(
        &mut self,
        out: *mut u8,
        count: usize,
        size: usize,
    ) -> Result<*mut u8, PayloadFault> {
        // What takes memory takes at least a byte.
        if size > 0 && count > self.bytes.len() {
            return Err(WireError::Truncated.into());
        }
        if count > self.parts {
            return Err(WireError::TooManyParts.into());
        }
        // SAFETY: says the caller.
        unsafe { open_list(self.arena, out, count, size) }
    }

    /// # Safety
    ///
    /// `memory` is writable and aligned for a scalar of this kind and size.
    unsafe fn scalar(
        &mut self,
        basic: Basic,
        memory: *mut u8,
        size: usize,
    ) -> Result<(), PayloadFault> {
        let bytes = self.take(size)?;
        // SAFETY: says the caller; memory is little-endian, as the wire is.
        unsafe {
            memory.copy_from_nonoverlapping(bytes.as_ptr(), size);
            let (valid, what) = match basic {
                Basic::Bool => (*memory <= 1, "a bool"),
                Basic::Char => (
                    char::from_u32(memory.cast::<u32>().read()).is_some(),
                    "a character",
                ),
                Basic::F32 => {
                    let value = memory.cast::<f32>().read();
                    (!value.is_nan() || value.to_bits() == NAN_32, "the one NaN")
                }
                Basic::F64 => {
                    let value = memory.cast::<f64>().read();
                    (!value.is_nan() || value.to_bits() == NAN_64, "the one NaN")
                }
                _ => return Ok(()),
            };
            if valid {
                Ok(())
            } else {
                Err(WireError::Invalid(what).into())
            }
        }
    }

    fn take(&mut self, count: usize) -> Result<&'b [u8], PayloadFault> {
        let (taken, rest) = self
            .bytes
            .split_at_checked(count)
            .ok_or(WireError::Truncated)?;
        self.bytes = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], PayloadFault> {
        let (array, rest) = self.bytes.split_first_chunk().ok_or(WireError::Truncated)?;
        self.bytes = rest;
        Ok(*array)
    }

    fn u32(&mut self) -> Result<u32, PayloadFault> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    fn slice(&mut self) -> Result<&'b [u8], PayloadFault> {
        let length = self.u32()? as usize;
        self.take(length)
    }
}
