//! Conversions in a straight line: what most of them are, records of numbers whose fields move, widen,
//! become optional or are left out. Such a conversion is a list of moves between fixed places, made
//! when the connection is, and allocates nothing.

use std::cell::Cell;

use liveobj_abi::Slice;
use liveobj_types::types::Basic;

use super::convert::{Action, Op};
use super::shape::{Kind, PayloadFault, Shapes, Slot};
use super::walk::MAX_DEPTH;

/// More of them are no longer faster than the [`super::machine::Machine`].
const MOST: usize = 64;

/// A conversion without loops or choices.
#[derive(Clone, Debug)]
pub(crate) struct Moves {
    moves: Box<[Move]>,
    align: usize,
    /// Words of the receiver's value.
    words: usize,
}

/// From a place in the sender's value to one in the receiver's, in bytes.
#[derive(Clone, Copy, Debug)]
struct Move {
    from: u32,
    to: u32,
    kind: MoveKind,
}

#[derive(Clone, Copy, Debug)]
enum MoveKind {
    /// So many bytes, as they are.
    Bytes(u32),
    Four,
    Eight,
    /// A number, made wider.
    Widen(Reading, Writing),
    /// The flag of an option that has a value.
    Some,
}

#[derive(Clone, Copy, Debug)]
enum Reading {
    U8,
    U16,
    U32,
    S8,
    S16,
    S32,
    F32,
}

#[derive(Clone, Copy, Debug)]
enum Writing {
    Two,
    Four,
    Eight,
    F32,
    F64,
}

/// The memory that a connection's conversion writes to: zero wherever no move leads.
pub(crate) type Place = Box<[Cell<u64>]>;

impl Moves {
    /// The moves for the first op, which leads from one node to another. None where it has to look
    /// at what it converts.
    pub(super) fn new(shapes: &Shapes, ops: &[Op], source: u32, target: u32) -> Option<Moves> {
        let mut line = Line {
            shapes,
            ops,
            moves: Vec::new(),
        };
        let slots = [source, target].map(Slot::inline);
        line.add(0, (0, slots[0]), (0, slots[1]), 0)?;
        let size = shapes.node(target).size;
        // Of a value without memory there is no place to lend.
        (size > 0 && shapes.node(source).size > 0).then(|| Moves {
            moves: line.moves.into(),
            align: shapes.node(source).align,
            words: size.div_ceil(size_of::<u64>()),
        })
    }

    /// Where results are put.
    pub(crate) fn place(&self) -> Place {
        vec![Cell::new(0); self.words].into()
    }

    /// Converts a payload into `place`, which [`Moves::place`] of the same moves made.
    ///
    /// # Errors
    ///
    /// The payload is NULL or not aligned.
    ///
    /// # Safety
    ///
    /// Otherwise it is readable for the size of the sender's type.
    #[inline]
    pub(crate) unsafe fn run(&self, payload: *const u8, place: &Place) -> Result<(), PayloadFault> {
        if payload.is_null() {
            return Err(PayloadFault::Null);
        }
        if payload.addr() & (self.align - 1) != 0 {
            return Err(PayloadFault::Misaligned);
        }
        // Cells may be written through a pointer to shared ones.
        let place: *mut u8 = place.as_ptr().cast_mut().cast();
        for step in &self.moves {
            // SAFETY: the layouts of both types say that these places lie within them, and are
            // aligned for what is read and written; `place` is the receiver's type, apart from the
            // payload.
            unsafe {
                let from = payload.add(step.from as usize);
                let to = place.add(step.to as usize);
                match step.kind {
                    MoveKind::Four => to.cast::<u32>().write(from.cast::<u32>().read()),
                    MoveKind::Eight => to.cast::<u64>().write(from.cast::<u64>().read()),
                    MoveKind::Bytes(size) => to.copy_from_nonoverlapping(from, size as usize),
                    MoveKind::Some => to.write(1),
                    MoveKind::Widen(reading, writing) => widen(reading, writing, from, to),
                }
            }
        }
        Ok(())
    }
}

/// # Safety
///
/// `from` is readable and `to` writable, each aligned for its number; the first widens to the second.
#[inline]
unsafe fn widen(reading: Reading, writing: Writing, from: *const u8, to: *mut u8) {
    // SAFETY: says the caller. Numbers of 32 bits and less are numbers of 64 bits, and those that
    // are written as floating point are exact there.
    unsafe {
        let number = match reading {
            Reading::U8 => i64::from(from.read()),
            Reading::U16 => i64::from(from.cast::<u16>().read()),
            Reading::U32 => i64::from(from.cast::<u32>().read()),
            Reading::S8 => i64::from(from.cast::<i8>().read()),
            Reading::S16 => i64::from(from.cast::<i16>().read()),
            Reading::S32 => i64::from(from.cast::<i32>().read()),
            Reading::F32 => {
                to.cast::<f64>().write(from.cast::<f32>().read().into());
                return;
            }
        };
        match writing {
            Writing::Two => to.cast::<i16>().write(number as i16),
            Writing::Four => to.cast::<i32>().write(number as i32),
            Writing::Eight => to.cast::<i64>().write(number),
            Writing::F32 => to.cast::<f32>().write(number as f32),
            Writing::F64 => to.cast::<f64>().write(number as f64),
        }
    }
}

struct Line<'a> {
    shapes: &'a Shapes,
    ops: &'a [Op],
    moves: Vec<Move>,
}

impl Line<'_> {
    /// Adds what an op does between two places; none where that is not always the same.
    fn add(
        &mut self,
        op: u32,
        (from, from_slot): (usize, Slot),
        (to, to_slot): (usize, Slot),
        depth: usize,
    ) -> Option<()> {
        if depth > MAX_DEPTH {
            return None;
        }
        let shapes = self.shapes;
        let (source, target) = (shapes.node(from_slot.node), shapes.node(to_slot.node));
        let Op { same, action } = &self.ops[op as usize];
        if *same && from_slot.boxed == to_slot.boxed {
            let size = match from_slot.boxed {
                true => size_of::<Slice>(),
                false => source.size,
            };
            let align = source.align;
            let kind = match size {
                0 => return Some(()),
                4 if align == 4 => MoveKind::Four,
                8 if align == 8 => MoveKind::Eight,
                size => MoveKind::Bytes(u32::try_from(size).ok()?),
            };
            return self.step(from, to, kind);
        }
        if from_slot.boxed || to_slot.boxed {
            return None;
        }
        match (action, &source.kind, &target.kind) {
            (Action::Widen(basic, wider), ..) => {
                let kind = MoveKind::Widen(reading(*basic)?, writing(*wider)?);
                self.step(from, to, kind)
            }
            (Action::Wrap(op), _, Kind::Option { payload, slot }) => {
                self.step(from, to, MoveKind::Some)?;
                self.add(*op, (from, from_slot), (to + payload, *slot), depth + 1)
            }
            (
                Action::Struct { parts, opaque },
                Kind::Struct { fields: before, .. },
                Kind::Struct { fields: after, .. },
            ) if opaque.is_empty() => {
                for (at, index, op) in parts {
                    let (before, after) = (&before[*at as usize], &after[*index as usize]);
                    let from = (from + before.offset, before.slot);
                    self.add(*op, from, (to + after.offset, after.slot), depth + 1)?;
                }
                Some(())
            }
            _ => None,
        }
    }

    fn step(&mut self, from: usize, to: usize, kind: MoveKind) -> Option<()> {
        if self.moves.len() == MOST {
            return None;
        }
        let [from, to] = [from, to].map(u32::try_from);
        self.moves.push(Move {
            from: from.ok()?,
            to: to.ok()?,
            kind,
        });
        Some(())
    }
}

fn reading(basic: Basic) -> Option<Reading> {
    Some(match basic {
        Basic::U8 => Reading::U8,
        Basic::U16 => Reading::U16,
        Basic::U32 => Reading::U32,
        Basic::S8 => Reading::S8,
        Basic::S16 => Reading::S16,
        Basic::S32 => Reading::S32,
        Basic::F32 => Reading::F32,
        _ => return None,
    })
}

fn writing(basic: Basic) -> Option<Writing> {
    Some(match basic {
        Basic::U16 | Basic::S16 => Writing::Two,
        Basic::U32 | Basic::S32 => Writing::Four,
        Basic::U64 | Basic::S64 => Writing::Eight,
        Basic::F32 => Writing::F32,
        Basic::F64 => Writing::F64,
        _ => return None,
    })
}
