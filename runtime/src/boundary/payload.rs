//! Making, reading and copying payloads.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ffi::c_void;
use std::mem::MaybeUninit;
use std::sync::Arc;

use liveobj_types::Data;
use liveobj_types::layout::Layouts;

use super::arena::Arena;
use super::scalar::{check_scalar, read_scalar, write_scalar};
use super::shape::{Kind, PayloadFault, Shapes, Slot, Viewed};
use super::walk::{At, MAX_DATA_PARTS, MAX_PARTS, Out, Walk};
use super::walk::{opaque, open_list, open_option, open_value, slice, write_bytes};
use super::wire;

mod copying;

use copying::copy;

/// A payload type, prepared: makes, reads and copies memory.
#[derive(Clone, Debug)]
pub(crate) struct Payload {
    shapes: Arc<Shapes>,
    root: u32,
    /// Whether it is copied as it is into words of its own: it is small, and any bits will do.
    inline: bool,
}

/// What a payload that is copied as it is may take: records of some numbers.
const INLINE_WORDS: usize = 7;

impl Payload {
    /// Prepares a type. `None` where it cannot be laid out: it is too large, or `actual` still
    /// has a type parameter.
    pub(crate) fn new(layouts: &mut Layouts<'_>, ty: Viewed) -> Option<Payload> {
        let (shapes, roots) = Shapes::new(layouts, &[ty])?;
        let root = roots[0];
        let size = shapes.node(root).size;
        let inline = size <= INLINE_WORDS * size_of::<u64>() && shapes.takes_any_bits(root);
        Some(Payload {
            shapes: Arc::new(shapes),
            root,
            inline,
        })
    }

    /// Lays out a value of the actual type in memory of its own. `None` where `data` is not one.
    pub(crate) fn write(&self, data: &Data) -> Option<OwnedPayload> {
        self.owned(|writer, out| {
            // SAFETY: `owned` gives a place for the root in memory of its own.
            unsafe { writer.data(out, data, 0) }
        })
        .ok()
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
        let mut walk = Walk::new(&self.shapes, MAX_DATA_PARTS);
        let at = walk.root(payload.cast(), self.root)?;
        // SAFETY: `root` checked the place; the rest says the caller.
        unsafe { read(&mut walk, at, 0) }
    }

    /// Copies a payload with all that it points to, except for slices of pointerless elements that
    /// a block owns: those are counted, and stay where they are. What a queue holds.
    ///
    /// # Errors
    ///
    /// The first fault that can be detected.
    ///
    /// # Safety
    ///
    /// As for [`Payload::read`]; and the owners of slices are NULL or counted blocks.
    pub(crate) unsafe fn copy(&self, payload: *const c_void) -> Result<OwnedPayload, PayloadFault> {
        let mut walk = Walk::new(&self.shapes, MAX_PARTS);
        let at = walk.root(payload.cast(), self.root)?;
        if self.inline {
            // SAFETY: `root` checked the place, which is readable for the size by contract.
            return Ok(unsafe { OwnedPayload::inline(at.memory, self.size()) });
        }
        self.owned(|writer, out| {
            // SAFETY: `root` checked the place, `owned` gives another one for the same type; the
            // rest says the caller.
            unsafe { copy(&mut walk, &mut writer.arena, at, out, 0) }
        })
    }

    /// What it walks by.
    pub(super) fn shapes(&self) -> &Shapes {
        &self.shapes
    }

    /// The node of the type itself.
    pub(super) fn root(&self) -> u32 {
        self.root
    }

    /// Size of the declared type.
    fn size(&self) -> usize {
        self.shapes.node(self.root).size
    }

    fn owned(
        &self,
        write: impl FnOnce(&mut Writer<'_>, Out) -> Result<(), PayloadFault>,
    ) -> Result<OwnedPayload, PayloadFault> {
        let mut writer = Writer {
            shapes: &self.shapes,
            arena: Arena::default(),
        };
        let size = self.size();
        let memory = writer.arena.allocate(size)?;
        write(
            &mut writer,
            Out {
                memory,
                slot: Slot::inline(self.root),
            },
        )?;
        let memory = if size == 0 {
            std::ptr::null()
        } else {
            memory.cast_const().cast()
        };
        let arena = writer.arena;
        Ok(OwnedPayload(Place::Apart { memory, arena }))
    }
}

/// A payload in memory of its own, freed on drop; may go to another thread.
#[derive(Debug)]
pub(crate) struct OwnedPayload(Place);

#[derive(Debug)]
enum Place {
    /// In these words, of which so many bytes are in use.
    Inline {
        words: [MaybeUninit<u64>; INLINE_WORDS],
        size: u8,
    },
    /// In an arena.
    Apart { memory: *const c_void, arena: Arena },
}

// SAFETY: all that `memory` leads to is in `arena` or in blocks that it holds, and that may go to
// another thread.
unsafe impl Send for OwnedPayload {}
// SAFETY: a shared payload is only read.
unsafe impl Sync for OwnedPayload {}

impl OwnedPayload {
    /// Copies a payload as it is.
    ///
    /// # Safety
    ///
    /// `memory` is readable for `size` bytes, which are at most those of the words, and no pointer
    /// is among them.
    #[inline]
    unsafe fn inline(memory: *const u8, size: usize) -> OwnedPayload {
        let mut words = [MaybeUninit::<u64>::uninit(); INLINE_WORDS];
        // SAFETY: by contract; the words are apart from it.
        unsafe { memory.copy_to_nonoverlapping(words.as_mut_ptr().cast(), size) };
        OwnedPayload(Place::Inline {
            words,
            size: size as u8,
        })
    }

    /// Where it lies; NULL for types of size 0. Valid as long as `self` stays where it is.
    #[inline]
    pub(crate) fn as_ptr(&self) -> *const c_void {
        match &self.0 {
            Place::Inline { size: 0, .. } => std::ptr::null(),
            Place::Inline { words, .. } => words.as_ptr().cast(),
            Place::Apart { memory, .. } => *memory,
        }
    }

    /// Bytes it takes, inner ones included: what counts against a queue's limit.
    #[inline]
    pub(crate) fn size(&self) -> usize {
        match &self.0 {
            Place::Inline { size, .. } => usize::from(*size).next_multiple_of(size_of::<u64>()),
            Place::Apart { arena, .. } => arena.total(),
        }
    }
}

struct Writer<'a> {
    shapes: &'a Shapes,
    arena: Arena,
}

pub(super) const NOT_OF_TYPE: PayloadFault = PayloadFault::Invalid("a value of its type");

impl Writer<'_> {
    /// # Safety
    ///
    /// `out` is as [`Out`] says, and zero.
    unsafe fn data(&mut self, out: Out, data: &Data, depth: usize) -> Result<(), PayloadFault> {
        if depth > super::walk::MAX_DEPTH {
            return Err(PayloadFault::TooDeep);
        }
        let shapes = self.shapes;
        let node = shapes.node(out.slot.node);
        if let Kind::Option { payload, slot } = &node.kind {
            return match data {
                Data::Option(None) => Ok(()),
                // SAFETY: `out` is an option with this payload, which is zero as well.
                Data::Option(Some(data)) => unsafe {
                    let out = open_option(shapes, &mut self.arena, out, *payload, *slot)?;
                    self.data(out, data, depth + 1)
                },
                _ => Err(NOT_OF_TYPE),
            };
        }
        // SAFETY: `out` is as its contract says; each write below stays within the size of what
        // the layout says lies at that place.
        unsafe {
            let memory = open_value(shapes, &mut self.arena, out)?;
            match (&node.kind, data) {
                (Kind::Scalar(basic), data) => write_scalar(*basic, memory, data),
                (Kind::Text, Data::String(text)) => {
                    write_bytes(&mut self.arena, memory, text.as_bytes())
                }
                (Kind::Bytes, Data::Bytes(bytes)) => write_bytes(&mut self.arena, memory, bytes),
                (Kind::Document { .. }, Data::Document(document)) => {
                    std::str::from_utf8(document).map_err(|_| NOT_OF_TYPE)?;
                    write_bytes(&mut self.arena, memory, document)
                }
                (Kind::List(item), Data::List(items)) => {
                    let size = shapes.node(*item).size;
                    let elements = open_list(&mut self.arena, memory, items.len(), size)?;
                    for (index, data) in items.iter().enumerate() {
                        let memory = elements.add(index * size);
                        self.data(
                            Out {
                                memory,
                                slot: Slot::inline(*item),
                            },
                            data,
                            depth + 1,
                        )?;
                    }
                    Ok(())
                }
                (
                    Kind::Map {
                        key,
                        value,
                        value_offset,
                        size,
                        ..
                    },
                    Data::Map(entries),
                ) => {
                    let ascending =
                        |pair: &[(Data, Data)]| pair[0].0.total_cmp(&pair[1].0) == Ordering::Less;
                    if !entries.windows(2).all(ascending) {
                        return Err(PayloadFault::KeyOrder);
                    }
                    let elements = open_list(&mut self.arena, memory, entries.len(), *size)?;
                    for (index, (key_data, value_data)) in entries.iter().enumerate() {
                        let memory = elements.add(index * size);
                        self.data(
                            Out {
                                memory,
                                slot: Slot::inline(*key),
                            },
                            key_data,
                            depth + 1,
                        )?;
                        let memory = memory.add(*value_offset);
                        let out = Out {
                            memory,
                            slot: Slot::inline(*value),
                        };
                        self.data(out, value_data, depth + 1)?;
                    }
                    Ok(())
                }
                (
                    Kind::Struct {
                        fields,
                        tuple: true,
                        ..
                    },
                    Data::Tuple(items),
                ) => {
                    if fields.len() != items.len() {
                        return Err(NOT_OF_TYPE);
                    }
                    for (field, data) in fields.iter().zip(items) {
                        let memory = memory.add(field.offset);
                        self.data(
                            Out {
                                memory,
                                slot: field.slot,
                            },
                            data,
                            depth + 1,
                        )?;
                    }
                    Ok(())
                }
                (
                    Kind::Struct {
                        fields,
                        tuple: false,
                        ..
                    },
                    Data::Record(record),
                ) => {
                    if !fields.iter().map(|field| &field.name).eq(record.keys()) {
                        return Err(NOT_OF_TYPE);
                    }
                    for (field, data) in fields.iter().zip(record.values()) {
                        let memory = memory.add(field.offset);
                        self.data(
                            Out {
                                memory,
                                slot: field.slot,
                            },
                            data,
                            depth + 1,
                        )?;
                    }
                    Ok(())
                }
                (Kind::Variant { payload, cases }, Data::Variant(name, data)) => {
                    let tag = cases
                        .iter()
                        .position(|case| case.0 == *name)
                        .ok_or(NOT_OF_TYPE)?;
                    memory.cast::<u32>().write(tag as u32);
                    match (cases[tag].1, data) {
                        (None, None) => Ok(()),
                        (Some(slot), Some(data)) => {
                            let memory = memory.add(*payload);
                            self.data(Out { memory, slot }, data, depth + 1)
                        }
                        _ => Err(NOT_OF_TYPE),
                    }
                }
                (Kind::Opaque(inner), data) => {
                    let size = shapes.node(*inner).size;
                    let temporary = self.arena.allocate(size)?;
                    let slot = Slot::inline(*inner);
                    self.data(
                        Out {
                            memory: temporary,
                            slot,
                        },
                        data,
                        depth,
                    )?;
                    let mut bytes = Vec::new();
                    let at = At {
                        memory: temporary,
                        slot,
                    };
                    wire::encode(&mut Walk::new(shapes, MAX_PARTS), at, &mut bytes)?;
                    write_bytes(&mut self.arena, memory, &bytes)
                }
                _ => Err(NOT_OF_TYPE),
            }
        }
    }
}

/// # Safety
///
/// `at` is as [`At`] says, and slices inside are readable where they pass the checks.
unsafe fn read(walk: &mut Walk<'_>, at: At, depth: usize) -> Result<Data, PayloadFault> {
    walk.enter(depth)?;
    let node = walk.shapes.node(at.slot.node);
    // SAFETY: the places of parts follow from the layout; all else says the caller.
    unsafe {
        if let Kind::Option { payload, slot } = &node.kind {
            return Ok(Data::Option(match walk.option(at, *payload, *slot)? {
                None => None,
                Some(at) => Some(Box::new(read(walk, at, depth + 1)?)),
            }));
        }
        let memory = walk.value(at)?;
        Ok(match &node.kind {
            Kind::Scalar(basic) => {
                check_scalar(*basic, memory)?;
                read_scalar(*basic, memory)
            }
            Kind::Text => {
                let text = std::str::from_utf8(slice(memory, 1, 1)?.bytes());
                Data::String(text.map_err(|_| PayloadFault::Invalid("UTF-8"))?.to_owned())
            }
            Kind::Bytes => Data::Bytes(slice(memory, 1, 1)?.bytes().to_vec()),
            Kind::Document { .. } => {
                let document = slice(memory, 1, 1)?.bytes();
                std::str::from_utf8(document).map_err(|_| PayloadFault::Invalid("UTF-8"))?;
                Data::Document(document.to_vec())
            }
            Kind::List(item) => {
                let shape = walk.shapes.node(*item);
                let elements = slice(memory, shape.size, shape.align)?;
                let mut items = Vec::new();
                for index in 0..elements.count {
                    items.push(read(walk, elements.at(index, *item), depth + 1)?);
                }
                Data::List(items)
            }
            Kind::Map {
                key,
                value,
                value_offset,
                size,
                align,
            } => {
                let elements = slice(memory, *size, *align)?;
                let mut entries: Vec<(Data, Data)> = Vec::new();
                for index in 0..elements.count {
                    let at = elements.at(index, *key);
                    let key = read(walk, at, depth + 1)?;
                    let last = entries.last();
                    if last.is_some_and(|last| last.0.total_cmp(&key) != Ordering::Less) {
                        return Err(PayloadFault::KeyOrder);
                    }
                    let memory = at.memory.add(*value_offset);
                    let at = At {
                        memory,
                        slot: Slot::inline(*value),
                    };
                    entries.push((key, read(walk, at, depth + 1)?));
                }
                Data::Map(entries)
            }
            Kind::Struct { fields, tuple, .. } => {
                let mut items = Vec::new();
                let mut record = BTreeMap::new();
                for field in fields {
                    let at = At {
                        memory: memory.add(field.offset),
                        slot: field.slot,
                    };
                    let data = read(walk, at, depth + 1)?;
                    if *tuple {
                        items.push(data);
                    } else {
                        record.insert(field.name.clone(), data);
                    }
                }
                if *tuple {
                    Data::Tuple(items)
                } else {
                    Data::Record(record)
                }
            }
            Kind::Variant { payload, cases } => {
                let (name, slot) = &cases[walk.tag(memory, cases.len())?];
                let data = match slot {
                    None => None,
                    Some(slot) => {
                        let at = At {
                            memory: memory.add(*payload),
                            slot: *slot,
                        };
                        Some(Box::new(read(walk, at, depth + 1)?))
                    }
                };
                Data::Variant(name.clone(), data)
            }
            Kind::Opaque(inner) => {
                let wire = opaque(memory)?;
                let mut arena = Arena::default();
                let memory = arena.allocate(walk.shapes.node(*inner).size)?;
                let slot = Slot::inline(*inner);
                wire::decode(walk.shapes, &mut arena, wire, Out { memory, slot })?;
                read(walk, At { memory, slot }, depth)?
            }
            Kind::Option { .. } => unreachable!("handled above"),
        })
    }
}
