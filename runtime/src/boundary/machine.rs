//! Runs conversions.

use liveobj_abi::{Opaque, Slice};

use super::arena::Arena;
use super::convert::{Action, Op};
use super::scalar::{check_scalar, widen};
use super::shape::{Kind, PayloadFault, Slot};
use super::walk::{At, Out, Walk, opaque, open_list, open_option, open_value, slice, write_bytes};
use super::wire;

const SLICE_BYTES: usize = size_of::<Slice>();
const OPAQUE_BYTES: usize = size_of::<Opaque>();

/// Wire form of an option without payload.
const WIRE_NONE: &[u8] = &[0];

/// A conversion while it runs.
pub(super) struct Machine<'a> {
    pub(super) walk: Walk<'a>,
    pub(super) ops: &'a [Op],
    pub(super) arena: &'a mut Arena,
    /// Reused by each encoding.
    pub(super) bytes: &'a mut Vec<u8>,
}

impl Machine<'_> {
    /// # Safety
    ///
    /// `at` and `out` are as [`At`] and [`Out`] say, of the types that the op is for; slices
    /// inside of `at` are readable where they pass the checks; `out` is zero.
    pub(super) unsafe fn convert(
        &mut self,
        op: u32,
        at: At,
        out: Out,
        depth: usize,
    ) -> Result<(), PayloadFault> {
        self.walk.enter(depth)?;
        let shapes = self.walk.shapes;
        let ops = self.ops;
        let Op { same, action } = &ops[op as usize];
        let (source, target) = (shapes.node(at.slot.node), shapes.node(out.slot.node));
        // SAFETY: the places of parts follow from the layouts; all else says the caller.
        unsafe {
            if *same && at.slot.boxed == out.slot.boxed {
                let size = if at.slot.boxed {
                    SLICE_BYTES
                } else {
                    source.size
                };
                out.memory.copy_from_nonoverlapping(at.memory, size);
                return Ok(());
            }
            match (action, &source.kind, &target.kind) {
                (
                    Action::Option(op),
                    Kind::Option {
                        payload: from_at,
                        slot: from,
                    },
                    Kind::Option {
                        payload: to_at,
                        slot: to,
                    },
                ) => {
                    let Some(at) = self.walk.option(at, *from_at, *from)? else {
                        return Ok(());
                    };
                    let out = open_option(shapes, self.arena, out, *to_at, *to)?;
                    return self.convert(*op, at, out, depth + 1);
                }
                (Action::Wrap(op), _, Kind::Option { payload, slot }) => {
                    let out = open_option(shapes, self.arena, out, *payload, *slot)?;
                    return self.convert(*op, at, out, depth);
                }
                (Action::Decode(op), Kind::Opaque(argument), _) => {
                    let wire = opaque(self.walk.value(at)?)?;
                    return self.decode(*op, *argument, wire, out, depth);
                }
                (Action::Encode(op), _, Kind::Opaque(argument)) => {
                    let memory = open_value(shapes, self.arena, out)?;
                    return self.encode(*op, at, *argument, memory, depth);
                }
                _ => {}
            }
            let from = self.walk.value(at)?;
            let to = open_value(shapes, self.arena, out)?;
            match (action, &source.kind, &target.kind) {
                (Action::Same, kind, _) => {
                    if let Kind::Scalar(basic) = kind {
                        check_scalar(*basic, from)?;
                    }
                    to.copy_from_nonoverlapping(from, source.size);
                    Ok(())
                }
                (Action::Widen(basic, wider), ..) => {
                    widen(*basic, *wider, from, to);
                    Ok(())
                }
                (Action::List(op), Kind::List(item), Kind::List(target_item)) => {
                    let item_shape = shapes.node(*item);
                    let elements = slice(from, item_shape.size, item_shape.align)?;
                    if ops[*op as usize].same {
                        // Boxed differently from outside, the same inside.
                        to.copy_from_nonoverlapping(from, SLICE_BYTES);
                        return Ok(());
                    }
                    let size = shapes.node(*target_item).size;
                    let converted = open_list(self.arena, to, elements.count, size)?;
                    for index in 0..elements.count {
                        let memory = converted.add(index * size);
                        let out = Out {
                            memory,
                            slot: Slot::inline(*target_item),
                        };
                        self.convert(*op, elements.at(index, *item), out, depth + 1)?;
                    }
                    Ok(())
                }
                (Action::Map { key, value }, Kind::Map { .. }, Kind::Map { .. }) => self.map(
                    *key,
                    *value,
                    (&source.kind, from),
                    (&target.kind, to),
                    depth,
                ),
                (
                    Action::Struct { parts, opaque },
                    Kind::Struct {
                        fields: from_fields,
                        ..
                    },
                    Kind::Struct {
                        fields: to_fields, ..
                    },
                ) => {
                    for (at, index, op) in parts {
                        let field = &from_fields[*at as usize];
                        let at = At {
                            memory: from.add(field.offset),
                            slot: field.slot,
                        };
                        let field = &to_fields[*index as usize];
                        let out = Out {
                            memory: to.add(field.offset),
                            slot: field.slot,
                        };
                        self.convert(*op, at, out, depth + 1)?;
                    }
                    for index in opaque {
                        let field = &to_fields[*index as usize];
                        let out = Out {
                            memory: to.add(field.offset),
                            slot: field.slot,
                        };
                        let memory = open_value(shapes, self.arena, out)?;
                        write_bytes(self.arena, memory, WIRE_NONE)?;
                    }
                    Ok(())
                }
                (
                    Action::Variant(parts),
                    Kind::Variant {
                        payload: from_at,
                        cases: from_cases,
                    },
                    Kind::Variant {
                        payload: to_at,
                        cases: to_cases,
                    },
                ) => {
                    let tag = self.walk.tag(from, from_cases.len())?;
                    let (new_tag, op) = parts[tag];
                    to.cast::<u32>().write(new_tag);
                    let slots = (from_cases[tag].1, to_cases[new_tag as usize].1);
                    let (Some(op), (Some(from_slot), Some(to_slot))) = (op, slots) else {
                        return Ok(());
                    };
                    let at = At {
                        memory: from.add(*from_at),
                        slot: from_slot,
                    };
                    let out = Out {
                        memory: to.add(*to_at),
                        slot: to_slot,
                    };
                    self.convert(op, at, out, depth + 1)
                }
                (Action::Recode(op), Kind::Opaque(from_argument), Kind::Opaque(to_argument)) => {
                    let wire = opaque(from)?;
                    if ops[*op as usize].same {
                        to.copy_from_nonoverlapping(from, OPAQUE_BYTES);
                        return Ok(());
                    }
                    // Never recodes again: the arguments are not opaque.
                    let (from, slot) = self.decoded(*from_argument, wire)?;
                    self.encode(*op, At { memory: from, slot }, *to_argument, to, depth)
                }
                _ => unreachable!("the builder made the op for these kinds"),
            }
        }
    }

    /// # Safety
    ///
    /// As [`Machine::convert`]; both kinds are maps, `from` and `to` their memory.
    unsafe fn map(
        &mut self,
        key_op: u32,
        value_op: u32,
        from: (&Kind, *const u8),
        to: (&Kind, *mut u8),
        depth: usize,
    ) -> Result<(), PayloadFault> {
        let (
            Kind::Map {
                key,
                value,
                value_offset,
                size,
                align,
            },
            Kind::Map {
                key: to_key,
                value: to_value,
                value_offset: to_offset,
                size: to_size,
                ..
            },
        ) = (from.0, to.0)
        else {
            unreachable!("both are maps")
        };
        // SAFETY: the places of parts follow from the layouts; all else says the caller.
        unsafe {
            let elements = slice(from.1, *size, *align)?;
            let converted = open_list(self.arena, to.1, elements.count, *to_size)?;
            for index in 0..elements.count {
                let at = elements.at(index, *key);
                let memory = converted.add(index * to_size);
                let out = Out {
                    memory,
                    slot: Slot::inline(*to_key),
                };
                self.convert(key_op, at, out, depth + 1)?;
                let at = At {
                    memory: at.memory.add(*value_offset),
                    slot: Slot::inline(*value),
                };
                let memory = memory.add(*to_offset);
                let out = Out {
                    memory,
                    slot: Slot::inline(*to_value),
                };
                self.convert(value_op, at, out, depth + 1)?;
            }
        }
        Ok(())
    }

    /// Decodes wire bytes of type `argument` and converts them.
    ///
    /// # Safety
    ///
    /// `out` is as for [`Machine::convert`], of the op's target type; its source is `argument`.
    unsafe fn decode(
        &mut self,
        op: u32,
        argument: u32,
        wire: &[u8],
        out: Out,
        depth: usize,
    ) -> Result<(), PayloadFault> {
        // SAFETY: same bytes, so that a value of the argument may be written in place; else
        // what was decoded is a checked value of it.
        unsafe {
            if self.ops[op as usize].same {
                let slot = Slot {
                    node: argument,
                    boxed: out.slot.boxed,
                };
                return wire::decode(self.walk.shapes, self.arena, wire, Out { slot, ..out });
            }
            let (memory, slot) = self.decoded(argument, wire)?;
            self.convert(op, At { memory, slot }, out, depth)
        }
    }

    /// A value of type `argument` in memory of its own.
    fn decoded(&mut self, argument: u32, wire: &[u8]) -> Result<(*const u8, Slot), PayloadFault> {
        let shapes = self.walk.shapes;
        let memory = self.arena.allocate(shapes.node(argument).size)?;
        let slot = Slot::inline(argument);
        // SAFETY: the memory was allocated for this type.
        unsafe { wire::decode(shapes, self.arena, wire, Out { memory, slot }) }?;
        Ok((memory, slot))
    }

    /// Converts a value to type `argument` and writes it as an opaque one.
    ///
    /// # Safety
    ///
    /// `at` is as for [`Machine::convert`], of the op's source type; its target is `argument`.
    /// `out` is writable for an opaque value, and zero.
    unsafe fn encode(
        &mut self,
        op: u32,
        at: At,
        argument: u32,
        out: *mut u8,
        depth: usize,
    ) -> Result<(), PayloadFault> {
        let shapes = self.walk.shapes;
        // SAFETY: same bytes, so that the value may be read as one of the argument; else what was
        // converted is one.
        unsafe {
            let at = if self.ops[op as usize].same {
                At {
                    slot: Slot {
                        node: argument,
                        boxed: at.slot.boxed,
                    },
                    ..at
                }
            } else {
                let memory = self.arena.allocate(shapes.node(argument).size)?;
                let slot = Slot::inline(argument);
                self.convert(op, at, Out { memory, slot }, depth)?;
                At { memory, slot }
            };
            self.bytes.clear();
            wire::encode(&mut self.walk, at, self.bytes)?;
            write_bytes(self.arena, out, self.bytes)
        }
    }
}
