//! Conversions along `<:`, built at connect time (semantics, section 1; ABI rule 9).
//!
//! A conversion is a graph of [`Op`]s, one for each pair of a source node and a target node that
//! meet; recursive types make cycles in it. What differs per target layout (where parts are
//! written) and per source layout (where they are read) is in the [`Shapes`].

use std::collections::BTreeMap;
use std::ffi::c_void;
use std::sync::Arc;

use liveobj_types::layout::Layouts;
use liveobj_types::types::Basic;

use super::arena::Scratch;
use super::machine::Machine;
use super::moves::Moves;
use super::shape::{Field, Kind, PayloadFault, Shapes, Slot, Viewed};
use super::walk::{MAX_PARTS, Out, Walk};

/// What a connection does to each payload of one event.
#[derive(Clone, Debug)]
pub(crate) enum Conversion {
    /// Nothing: the sender's pointer is the receiver's.
    Lend,
    /// Builds the receiver's value in the connection's scratch memory.
    Program(Program),
}

impl Conversion {
    /// The conversion from a sender's type to a receiver's, of which it is already known that
    /// the first is a subtype of the second. `None` where there is none or a type cannot be laid
    /// out.
    pub(crate) fn build(
        layouts: &mut Layouts<'_>,
        source: Viewed,
        target: Viewed,
    ) -> Option<Conversion> {
        let (shapes, roots) = Shapes::new(layouts, &[source, target])?;
        let (source, target) = (roots[0], roots[1]);
        let ops = Builder::build(layouts, &shapes, source, target)?;
        if ops[0].same {
            return Some(Conversion::Lend);
        }
        Some(Conversion::Program(Program {
            shapes: Arc::new(shapes),
            ops: ops.into(),
            source,
            target,
        }))
    }

    /// The payload as the receiver expects it: `payload` itself, or memory in `scratch`, which
    /// may point into that of `payload`; valid until either is used again. NULL where the
    /// receiver's type has size 0.
    ///
    /// # Errors
    ///
    /// The payload is not a value of the sender's type; the event is to be dropped and the
    /// connection's sender to be reported.
    ///
    /// # Safety
    ///
    /// As for [`super::Payload::read`], with the sender's type.
    pub(crate) unsafe fn apply(
        &self,
        scratch: &mut Scratch,
        payload: *const c_void,
    ) -> Result<*const c_void, PayloadFault> {
        match self {
            Conversion::Lend => Ok(payload),
            // SAFETY: says the caller.
            Conversion::Program(program) => unsafe { program.run(scratch, payload.cast()) },
        }
    }
}

impl Conversion {
    /// The same as moves between fixed places, where it is no more than that.
    pub(crate) fn moves(&self) -> Option<Moves> {
        let Conversion::Program(program) = self else {
            return None;
        };
        let Program {
            shapes,
            ops,
            source,
            target,
        } = program;
        Moves::new(shapes, ops, *source, *target)
    }
}

/// A conversion that changes something.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    shapes: Arc<Shapes>,
    /// The first one converts the root.
    ops: Arc<[Op]>,
    source: u32,
    target: u32,
}

impl Program {
    /// # Safety
    ///
    /// As [`Conversion::apply`].
    unsafe fn run(
        &self,
        scratch: &mut Scratch,
        payload: *const u8,
    ) -> Result<*const c_void, PayloadFault> {
        scratch.arena.clear();
        let walk = Walk::new(&self.shapes, MAX_PARTS);
        let at = walk.root(payload, self.source)?;
        let size = self.shapes.node(self.target).size;
        let memory = scratch.arena.allocate(size)?;
        let out = Out {
            memory,
            slot: Slot::inline(self.target),
        };
        let mut machine = Machine {
            walk,
            ops: &self.ops,
            arena: &mut scratch.arena,
            bytes: &mut scratch.bytes,
        };
        // SAFETY: `root` checked the place of the source, and the target was allocated for its
        // type; the rest says the caller.
        unsafe { machine.convert(0, at, out, 0) }?;
        Ok(if size == 0 {
            std::ptr::null()
        } else {
            memory.cast_const().cast()
        })
    }
}

/// How values of one node become values of another one.
#[derive(Clone, Debug)]
pub(super) struct Op {
    /// Whether the bytes stay the same: then slices are shared, too.
    pub(super) same: bool,
    pub(super) action: Action,
}

#[derive(Clone, Debug)]
pub(super) enum Action {
    /// Texts, bytes, documents, and scalars that are not widened.
    Same,
    /// From one number type to a wider one.
    Widen(Basic, Basic),
    /// The value becomes the payload of an option.
    Wrap(u32),
    Option(u32),
    List(u32),
    Map {
        key: u32,
        value: u32,
    },
    /// For each field that the target takes from the source: source field, target field, op. The
    /// others are options and become none: those in memory by being zero, those that are opaque
    /// as wire bytes.
    Struct {
        parts: Vec<(u32, u32, u32)>,
        opaque: Vec<u32>,
    },
    /// For each case of the source: target tag and the op for the payload.
    Variant(Vec<(u32, Option<u32>)>),
    /// A value becomes opaque: converted to the argument's type, then encoded.
    Encode(u32),
    /// An opaque value is decoded, then converted.
    Decode(u32),
    /// Decoded, converted, encoded.
    Recode(u32),
}

struct Builder<'a> {
    shapes: &'a Shapes,
    known: BTreeMap<(u32, u32), u32>,
    waiting: Vec<(u32, u32)>,
}

impl Builder<'_> {
    fn build(
        layouts: &mut Layouts<'_>,
        shapes: &Shapes,
        source: u32,
        target: u32,
    ) -> Option<Vec<Op>> {
        let mut builder = Builder {
            shapes,
            known: BTreeMap::new(),
            waiting: Vec::new(),
        };
        builder.op(source, target);
        let mut ops = Vec::new();
        while let Some((source, target)) = builder.waiting.get(ops.len()).copied() {
            let action = builder.action(layouts, source, target)?;
            ops.push(Op { same: true, action });
        }
        builder.find_same(&mut ops);
        Some(ops)
    }

    fn op(&mut self, source: u32, target: u32) -> u32 {
        let waiting = &mut self.waiting;
        *self.known.entry((source, target)).or_insert_with(|| {
            waiting.push((source, target));
            waiting.len() as u32 - 1
        })
    }

    /// The first row that fits decides.
    fn action(&mut self, layouts: &mut Layouts<'_>, source: u32, target: u32) -> Option<Action> {
        let shapes = self.shapes;
        Some(
            match (&shapes.node(source).kind, &shapes.node(target).kind) {
                (Kind::Opaque(from), Kind::Opaque(to)) => Action::Recode(self.op(*from, *to)),
                (_, Kind::Opaque(to)) => Action::Encode(self.op(source, *to)),
                (Kind::Opaque(from), _) => Action::Decode(self.op(*from, target)),
                (Kind::Scalar(from), Kind::Scalar(to)) if from == to => Action::Same,
                (Kind::Scalar(from), Kind::Scalar(to)) if widens(*from, *to) => {
                    Action::Widen(*from, *to)
                }
                (Kind::Option { slot: from, .. }, Kind::Option { slot: to, .. }) => {
                    Action::Option(self.op(from.node, to.node))
                }
                (Kind::Option { .. }, _) => return None,
                (_, Kind::Option { slot, .. }) => Action::Wrap(self.op(source, slot.node)),
                (Kind::Text, Kind::Text) | (Kind::Bytes, Kind::Bytes) => Action::Same,
                (Kind::Document { external: from }, Kind::Document { external: to })
                    if from == to =>
                {
                    Action::Same
                }
                (Kind::List(from), Kind::List(to)) => Action::List(self.op(*from, *to)),
                (
                    Kind::Map {
                        key: from_key,
                        value: from,
                        ..
                    },
                    Kind::Map {
                        key: to_key,
                        value: to,
                        ..
                    },
                ) => {
                    let keys = [*from_key, *to_key].map(|key| shapes.node(key).ty.actual);
                    if !layouts.same(keys[0], keys[1]) {
                        return None;
                    }
                    Action::Map {
                        key: self.op(*from_key, *to_key),
                        value: self.op(*from, *to),
                    }
                }
                (
                    Kind::Struct {
                        fields: from,
                        tuple: true,
                        ..
                    },
                    Kind::Struct {
                        fields: to,
                        tuple: true,
                        ..
                    },
                ) => {
                    if from.len() != to.len() {
                        return None;
                    }
                    let pairs = from.iter().zip(to).enumerate();
                    let part = |(index, (from, to)): (usize, (&Field, &Field))| {
                        (
                            index as u32,
                            index as u32,
                            self.op(from.slot.node, to.slot.node),
                        )
                    };
                    Action::Struct {
                        parts: pairs.map(part).collect(),
                        opaque: Vec::new(),
                    }
                }
                (
                    Kind::Struct {
                        fields: from,
                        tuple: false,
                        open: from_open,
                    },
                    Kind::Struct {
                        fields: to,
                        tuple: false,
                        open: to_open,
                    },
                ) => self.record((from, *from_open), (to, *to_open))?,
                (Kind::Variant { cases: from, .. }, Kind::Variant { cases: to, .. }) => {
                    let mut cases = Vec::with_capacity(from.len());
                    for (name, payload) in from {
                        let tag = to.binary_search_by(|case| case.0.cmp(name)).ok()?;
                        let op = match (payload, &to[tag].1) {
                            (None, None) => None,
                            (Some(from), Some(to)) => Some(self.op(from.node, to.node)),
                            _ => return None,
                        };
                        cases.push((tag as u32, op));
                    }
                    Action::Variant(cases)
                }
                _ => return None,
            },
        )
    }

    fn record(&mut self, from: (&[Field], bool), to: (&[Field], bool)) -> Option<Action> {
        let ((from, from_open), (to, to_open)) = (from, to);
        let position =
            |fields: &[Field], name: &str| fields.binary_search_by(|f| f.name.as_str().cmp(name));
        if !to_open && (from_open || from.iter().any(|f| position(to, &f.name).is_err())) {
            return None;
        }
        let mut parts = Vec::with_capacity(to.len());
        let mut opaque = Vec::new();
        for (index, field) in to.iter().enumerate() {
            match position(from, &field.name) {
                Ok(at) => {
                    let op = self.op(from[at].slot.node, field.slot.node);
                    parts.push((at as u32, index as u32, op));
                }
                Err(_) if from_open => return None,
                Err(_) => match self.shapes.node(field.slot.node).kind {
                    Kind::Option { .. } => {}
                    Kind::Opaque(argument) if self.is_option(argument) => {
                        opaque.push(index as u32);
                    }
                    _ => return None,
                },
            }
        }
        Some(Action::Struct { parts, opaque })
    }

    fn is_option(&self, node: u32) -> bool {
        matches!(self.shapes.node(node).kind, Kind::Option { .. })
    }

    /// All ops start as `same`; those that are not, or contain one that is not, lose it.
    fn find_same(&self, ops: &mut [Op]) {
        loop {
            let mut changed = false;
            for index in (0..ops.len()).rev() {
                if ops[index].same && !self.is_same(ops, index) {
                    ops[index].same = false;
                    changed = true;
                }
            }
            if !changed {
                return;
            }
        }
    }

    fn is_same(&self, ops: &[Op], index: usize) -> bool {
        let (source, target) = self.waiting[index];
        let (from, to) = (self.shapes.node(source), self.shapes.node(target));
        if (from.size, from.align) != (to.size, to.align) {
            return false;
        }
        let same = |op: u32, from: Slot, to: Slot| ops[op as usize].same && from.boxed == to.boxed;
        match (&ops[index].action, &from.kind, &to.kind) {
            (Action::Same, ..) => true,
            (Action::List(op) | Action::Recode(op), ..) => ops[*op as usize].same,
            (
                Action::Map { key, value },
                Kind::Map {
                    value_offset: from,
                    size: from_size,
                    ..
                },
                Kind::Map {
                    value_offset: to,
                    size: to_size,
                    ..
                },
            ) => {
                (from, from_size) == (to, to_size)
                    && ops[*key as usize].same
                    && ops[*value as usize].same
            }
            (
                Action::Struct { parts, .. },
                Kind::Struct { fields: from, .. },
                Kind::Struct { fields: to, .. },
            ) => {
                parts.len() == from.len()
                    && parts.len() == to.len()
                    && parts.iter().all(|(at, index, op)| {
                        let (from, to) = (&from[*at as usize], &to[*index as usize]);
                        from.offset == to.offset && same(*op, from.slot, to.slot)
                    })
            }
            (
                Action::Variant(parts),
                Kind::Variant {
                    payload: from_at,
                    cases: from,
                },
                Kind::Variant {
                    payload: to_at,
                    cases: to,
                },
            ) => parts.iter().enumerate().all(|(tag, (new_tag, op))| {
                tag == *new_tag as usize
                    && match (op, from[tag].1, to[*new_tag as usize].1) {
                        (Some(op), Some(from), Some(to)) => from_at == to_at && same(*op, from, to),
                        _ => true,
                    }
            }),
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
            ) => from_at == to_at && same(*op, *from, *to),
            _ => false,
        }
    }
}

fn widens(from: Basic, to: Basic) -> bool {
    use Basic::{F32, F64, S8, S16, S32, S64, U8, U16, U32, U64};
    matches!(
        (from, to),
        (U8, U16 | U32 | U64 | S16 | S32 | S64 | F32 | F64)
            | (U16, U32 | U64 | S32 | S64 | F32 | F64)
            | (U32, U64 | S64 | F64)
            | (S8, S16 | S32 | S64 | F32 | F64)
            | (S16, S32 | S64 | F32 | F64)
            | (S32, S64 | F64)
            | (F32, F64)
    )
}
