//! Types prepared for walking memory.

use std::collections::BTreeMap;

use liveobj_types::ValueId;
use liveobj_types::data::WireError;
use liveobj_types::layout::{Layouts, Shape, Slot as LayoutSlot};
use liveobj_types::types::{Basic, Value};

/// A value type twice: as its object declares it, and with type parameters substituted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Viewed {
    /// As declared: its type parameters are opaque memory.
    pub(crate) declared: ValueId,
    /// The same with every parameter substituted.
    pub(crate) actual: ValueId,
}

impl Viewed {
    /// A type without type parameters (and the host's own view of any type).
    pub(crate) fn plain(id: ValueId) -> Viewed {
        Viewed {
            declared: id,
            actual: id,
        }
    }
}

/// Why memory is not a value of its type, or cannot be made into one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum PayloadFault {
    /// NULL where there must be something.
    #[error("a null pointer stands for a value")]
    Null,
    /// A pointer that no value of its type can have.
    #[error("a pointer is not aligned for its type")]
    Misaligned,
    /// A slice that is longer than memory, or a box of another length than its value needs.
    #[error("a slice has an impossible length")]
    Length,
    /// A slice that leads to where there is no memory.
    #[error("a slice points to where no memory is mapped")]
    Unmapped,
    /// Not UTF-8, not a character, a flag other than 0 and 1, a tag without a case.
    #[error("memory is not {0}")]
    Invalid(&'static str),
    /// Map keys out of order or repeated.
    #[error("map keys are out of order or repeated")]
    KeyOrder,
    /// Nested more than 64 levels deep.
    #[error("values are nested more than 64 levels deep")]
    TooDeep,
    /// More than 64 MiB, or more values than that many bytes could be.
    #[error("the value takes more than 64 MiB")]
    TooLarge,
    /// An opaque value that says it is of another type than its parameter's argument.
    #[error("an opaque value carries a type of its own")]
    ForeignType,
    /// Wire bytes of a type parameter that are not a value of its argument.
    #[error("opaque bytes are not a value of their type: {0}")]
    Wire(#[from] WireError),
}

/// A part of a value: a node, and whether it lies behind a slice of length 1 (0 for an absent
/// option; then the element is the option's payload).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    pub(super) node: u32,
    pub(super) boxed: bool,
}

impl Slot {
    pub(super) fn inline(node: u32) -> Slot {
        Slot { node, boxed: false }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) offset: usize,
    pub(super) slot: Slot,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Scalar(Basic),
    Text,
    Bytes,
    Document {
        external: bool,
    },
    List(u32),
    Map {
        key: u32,
        value: u32,
        value_offset: usize,
        size: usize,
        align: usize,
    },
    /// Fields in wire order: by name, positions for tuples.
    Struct {
        fields: Vec<Field>,
        tuple: bool,
        open: bool,
    },
    Variant {
        payload: usize,
        cases: Vec<(String, Option<Slot>)>,
    },
    Option {
        payload: usize,
        slot: Slot,
    },
    /// A type parameter; the node of its argument.
    Opaque(u32),
}

#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) ty: Viewed,
    pub(super) size: usize,
    pub(super) align: usize,
    /// Whether no pointer is inside.
    pub(super) flat: bool,
    pub(super) kind: Kind,
}

/// The nodes of some types and of all they contain.
#[derive(Clone, Debug, Default)]
pub(super) struct Shapes {
    nodes: Vec<Node>,
}

impl Shapes {
    /// The nodes for `roots`, which are the first ones. `None` where a type cannot be laid out.
    pub(super) fn new(layouts: &mut Layouts<'_>, roots: &[Viewed]) -> Option<(Shapes, Vec<u32>)> {
        let mut builder = Builder {
            layouts,
            known: BTreeMap::new(),
            waiting: Vec::new(),
            nodes: Vec::new(),
        };
        let roots = roots.iter().map(|root| builder.number(*root)).collect();
        let mut next = 0;
        while let Some(ty) = builder.waiting.get(next).copied() {
            let node = builder.node(ty)?;
            builder.nodes.push(node);
            next += 1;
        }
        let mut shapes = Shapes {
            nodes: builder.nodes,
        };
        shapes.find_flat();
        Some((shapes, roots))
    }

    pub(super) fn node(&self, node: u32) -> &Node {
        &self.nodes[node as usize]
    }

    /// Whether memory of a node is a value whatever bits it holds, and the value is all there.
    pub(super) fn takes_any_bits(&self, node: u32) -> bool {
        match &self.node(node).kind {
            Kind::Scalar(basic) => !matches!(basic, Basic::Bool | Basic::Char),
            Kind::Struct { fields, .. } => fields
                .iter()
                .all(|field| !field.slot.boxed && self.takes_any_bits(field.slot.node)),
            _ => false,
        }
    }

    /// Nodes start as flat unless they hold a slice themselves; what holds one that is not flat
    /// is not. Most nodes come before what they contain, so that few rounds suffice.
    fn find_flat(&mut self) {
        loop {
            let mut changed = false;
            for index in (0..self.nodes.len()).rev() {
                let flat = |slot: &Slot| !slot.boxed && self.nodes[slot.node as usize].flat;
                let now = match &self.nodes[index].kind {
                    Kind::Scalar(_) => true,
                    Kind::Struct { fields, .. } => fields.iter().all(|field| flat(&field.slot)),
                    Kind::Variant { cases, .. } => {
                        cases.iter().all(|(_, slot)| slot.as_ref().is_none_or(flat))
                    }
                    Kind::Option { slot, .. } => flat(slot),
                    Kind::Text
                    | Kind::Bytes
                    | Kind::Document { .. }
                    | Kind::List(_)
                    | Kind::Map { .. }
                    | Kind::Opaque(_) => false,
                };
                changed |= now != self.nodes[index].flat;
                self.nodes[index].flat = now;
            }
            if !changed {
                return;
            }
        }
    }
}

struct Builder<'l, 't> {
    layouts: &'l mut Layouts<'t>,
    known: BTreeMap<Viewed, u32>,
    waiting: Vec<Viewed>,
    nodes: Vec<Node>,
}

impl Builder<'_, '_> {
    fn number(&mut self, ty: Viewed) -> u32 {
        let waiting = &mut self.waiting;
        *self.known.entry(ty).or_insert_with(|| {
            waiting.push(ty);
            waiting.len() as u32 - 1
        })
    }

    fn plain(&mut self, id: ValueId) -> u32 {
        self.number(Viewed::plain(id))
    }

    fn slot(&mut self, slot: LayoutSlot, actual: ValueId) -> Slot {
        let node = self.number(Viewed {
            declared: slot.ty,
            actual,
        });
        Slot {
            node,
            boxed: slot.boxed,
        }
    }

    fn node(&mut self, ty: Viewed) -> Option<Node> {
        let types = self.layouts.types();
        let layout = self.layouts.of(ty.declared);
        if !layout.fits() {
            return None;
        }
        let (size, align) = (layout.size as usize, layout.align as usize);
        let shape = layout.shape.clone();
        let actual = types.value(ty.actual);
        let kind = match (shape, actual) {
            (_, Value::Parameter(_)) => return None,
            (Shape::Opaque, _) => Kind::Opaque(self.plain(ty.actual)),
            (Shape::Scalar(basic), Value::Basic(_)) => Kind::Scalar(basic),
            (Shape::String, Value::Basic(Basic::String)) => Kind::Text,
            (Shape::Bytes, Value::Basic(Basic::Bytes)) => Kind::Bytes,
            (Shape::Document, Value::Reference(_)) => Kind::Document { external: false },
            (Shape::Document, Value::External(_)) => Kind::Document { external: true },
            (Shape::List(declared), Value::List(actual)) => Kind::List(self.number(Viewed {
                declared,
                actual: *actual,
            })),
            (Shape::Map { key, value, entry }, Value::Map(actual_key, actual_value)) => {
                if !entry.fits() {
                    return None;
                }
                let Shape::Struct(fields) = &entry.shape else {
                    return None;
                };
                Kind::Map {
                    key: self.number(Viewed {
                        declared: key,
                        actual: *actual_key,
                    }),
                    value: self.number(Viewed {
                        declared: value,
                        actual: *actual_value,
                    }),
                    value_offset: fields.get(1)?.offset as usize,
                    size: entry.size as usize,
                    align: entry.align as usize,
                }
            }
            (Shape::Struct(declared), Value::Tuple(actual)) => {
                if declared.len() != actual.len() {
                    return None;
                }
                let fields = declared
                    .into_iter()
                    .zip(actual)
                    .map(|(field, actual)| Field {
                        name: field.name,
                        offset: field.offset as usize,
                        slot: self.slot(field.slot, *actual),
                    });
                Kind::Struct {
                    fields: fields.collect(),
                    tuple: true,
                    open: false,
                }
            }
            (Shape::Struct(mut declared), Value::Record { fields, open }) => {
                declared.sort_by(|left, right| left.name.cmp(&right.name));
                if !declared.iter().map(|field| &field.name).eq(fields.keys()) {
                    return None;
                }
                let fields = declared
                    .into_iter()
                    .zip(fields.values())
                    .map(|(field, actual)| {
                        let slot = self.slot(field.slot, *actual);
                        Field {
                            name: field.name,
                            offset: field.offset as usize,
                            slot,
                        }
                    });
                Kind::Struct {
                    fields: fields.collect(),
                    tuple: false,
                    open: *open,
                }
            }
            (
                Shape::Variant {
                    payload,
                    cases: declared,
                },
                Value::Variant(actual),
            ) => {
                if declared.len() != actual.len() {
                    return None;
                }
                let mut cases = Vec::with_capacity(declared.len());
                for ((name, slot), (actual_name, actual)) in declared.into_iter().zip(actual) {
                    let slot = match (slot, actual) {
                        (None, None) => None,
                        (Some(slot), Some(actual)) => Some(self.slot(slot, *actual)),
                        _ => return None,
                    };
                    if name != *actual_name {
                        return None;
                    }
                    cases.push((name, slot));
                }
                Kind::Variant {
                    payload: payload as usize,
                    cases,
                }
            }
            (Shape::Option { payload, slot }, Value::Option(actual)) => Kind::Option {
                payload: payload as usize,
                slot: self.slot(slot, *actual),
            },
            _ => return None,
        };
        Some(Node {
            ty,
            size,
            align,
            flat: true,
            kind,
        })
    }
}
