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

/// Bytes that are moved at once, wherever they are.
type Two = [u8; 2];
type Four = [u8; 4];
type Eight = [u8; 8];

/// The kinds of moves in one list, so that each is one jump away. Those with a name of their own make a
/// number wider by `From`, which there is where nothing is lost.
macro_rules! kinds {
    ($($name:ident: $from:ident($read:ty) => $($to:ident)|+($written:ty);)*) => {
        #[derive(Clone, Copy, Debug)]
        enum MoveKind {
            /// So many bytes, as they are and wherever they are.
            One,
            Two,
            Four,
            Eight,
            /// The flag of an option that has a value.
            Some,
            $($name,)*
        }

        impl MoveKind {
            /// From one type of numbers to a wider one.
            fn widening(from: Basic, to: Basic) -> Option<MoveKind> {
                Some(match (from, to) {
                    $((Basic::$from, $(Basic::$to)|+) => MoveKind::$name,)*
                    _ => return None,
                })
            }
        }

        impl Move {
            /// # Safety
            ///
            /// `payload` is the sender's value and `place` the receiver's, apart from each other, that
            /// the move was made for.
            #[inline(always)]
            unsafe fn make(self, payload: *const u8, place: *mut u8) {
                // SAFETY: the layouts of both types say that these places lie within them, and that
                // numbers are aligned there; what stays as it is may lie anywhere.
                unsafe {
                    let from = payload.add(self.from as usize);
                    let to = place.add(self.to as usize);
                    match self.kind {
                        MoveKind::One => to.write(from.read()),
                        MoveKind::Two => to.cast::<Two>().write(from.cast::<Two>().read()),
                        MoveKind::Four => to.cast::<Four>().write(from.cast::<Four>().read()),
                        MoveKind::Eight => to.cast::<Eight>().write(from.cast::<Eight>().read()),
                        MoveKind::Some => to.write(1),
                        $(MoveKind::$name => {
                            let number = from.cast::<$read>().read();
                            to.cast::<$written>().write(<$written>::from(number));
                        })*
                    }
                }
            }
        }
    };
}

kinds! {
    U8To16: U8(u8) => U16 | S16(u16);
    U8To32: U8(u8) => U32 | S32(u32);
    U8To64: U8(u8) => U64 | S64(u64);
    U16To32: U16(u16) => U32 | S32(u32);
    U16To64: U16(u16) => U64 | S64(u64);
    U32To64: U32(u32) => U64 | S64(u64);
    S8To16: S8(i8) => S16(i16);
    S8To32: S8(i8) => S32(i32);
    S8To64: S8(i8) => S64(i64);
    S16To32: S16(i16) => S32(i32);
    S16To64: S16(i16) => S64(i64);
    S32To64: S32(i32) => S64(i64);
    U8ToF32: U8(u8) => F32(f32);
    U16ToF32: U16(u16) => F32(f32);
    S8ToF32: S8(i8) => F32(f32);
    S16ToF32: S16(i16) => F32(f32);
    U8ToF64: U8(u8) => F64(f64);
    U16ToF64: U16(u16) => F64(f64);
    U32ToF64: U32(u32) => F64(f64);
    S8ToF64: S8(i8) => F64(f64);
    S16ToF64: S16(i16) => F64(f64);
    S32ToF64: S32(i32) => F64(f64);
    F32ToF64: F32(f32) => F64(f64);
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
    #[inline(always)]
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
            // SAFETY: `place` is of the receiver's type, and apart from the payload.
            unsafe { step.make(payload, place) };
        }
        Ok(())
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
            return self.copy(from, to, size);
        }
        if from_slot.boxed || to_slot.boxed {
            return None;
        }
        match (action, &source.kind, &target.kind) {
            (Action::Widen(basic, wider), ..) => {
                let kind = MoveKind::widening(*basic, *wider)?;
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

    /// Adds moves of bytes that stay as they are.
    fn copy(&mut self, from: usize, to: usize, size: usize) -> Option<()> {
        let mut done = 0;
        while done < size {
            let (bytes, kind) = match size - done {
                8.. => (8, MoveKind::Eight),
                4.. => (4, MoveKind::Four),
                2.. => (2, MoveKind::Two),
                _ => (1, MoveKind::One),
            };
            self.step(from + done, to + done, kind)?;
            done += bytes;
        }
        Some(())
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
