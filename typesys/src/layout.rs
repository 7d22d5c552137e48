//! Layout 1: how values lie in memory. A pure function of the structural type, for 64-bit
//! little-endian machines (ABI rules 1-6).

use std::collections::BTreeMap;

use crate::graph::Graph;
use crate::types::{Basic, TypeId, Types, Value, ValueId};

/// Size, alignment and inner structure of one value type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Bytes; a multiple of `align`; 0 for an empty record. More than [`MAX_SIZE`] where the type
    /// is too large to be laid out: whoever makes memory of it refuses (see [`Layout::fits`]).
    pub size: u32,
    /// Bytes; a power of two, at most 8; 1 for an empty record.
    pub align: u32,
    /// What lies where.
    pub shape: Shape,
}

impl Layout {
    /// Whether the size is at most [`MAX_SIZE`]; sizes and offsets of types that do not fit are
    /// not meaningful.
    pub fn fits(&self) -> bool {
        self.size <= MAX_SIZE
    }
}

/// A value inside another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Its type.
    pub ty: ValueId,
    /// Whether it lies behind an `lo_slice`, being on a cycle of inline containment (rule 5). The
    /// slice has one element, the value; but if `ty` is an option, then one element, the option's
    /// payload without the flag, where there is some, and none where there is none.
    pub boxed: bool,
}

/// A named slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldLayout {
    /// Field name; the position in decimal for tuples.
    pub name: String,
    /// Bytes from the start of the struct.
    pub offset: u32,
    /// What lies there.
    pub slot: Slot,
}

/// What lies where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A basic type other than string and bytes.
    Scalar(Basic),
    /// `lo_slice` of UTF-8 bytes.
    String,
    /// `lo_slice` of bytes.
    Bytes,
    /// `lo_slice` of elements.
    List(ValueId),
    /// `lo_slice` of entries, ascending by key, unique. The entry is a C struct of `key`, then
    /// `value`, in this order whatever their alignment; neither is ever boxed.
    Map {
        /// Key type.
        key: ValueId,
        /// Value type.
        value: ValueId,
        /// Size, alignment and fields of an entry.
        entry: Box<Layout>,
    },
    /// A C struct: fields by falling alignment, then name; tuples by position.
    Struct(Vec<FieldLayout>),
    /// `{ u32 tag; union }`; tags count the cases in name order.
    Variant {
        /// Where payloads lie; 0 where no case has one.
        payload: u32,
        /// Cases in name order.
        cases: Vec<(String, Option<Slot>)>,
    },
    /// `{ u8 some; T }`
    Option {
        /// Where the value lies.
        payload: u32,
        /// The value.
        slot: Slot,
    },
    /// `lo_slice` of the canonical document (references and external endpoint references).
    Document,
    /// `lo_opaque`: wire bytes and type (a type parameter).
    Opaque,
}

/// Size of an `lo_slice`.
pub const SLICE_SIZE: u32 = 24;
/// Size of an `lo_opaque`.
pub const OPAQUE_SIZE: u32 = 32;
/// Largest size of one struct, slices not counted with what they point to.
pub const MAX_SIZE: u32 = 1 << 24;

/// Layouts of types of one arena, each computed once; the rest of the arena costs nothing.
///
/// ```
/// use liveobj_types::layout::Layouts;
/// use liveobj_types::types::{Basic, Origin, Types, Value};
///
/// let mut types = Types::new();
/// let byte = types.add_value(Value::Basic(Basic::U8), Origin::default());
/// let word = types.add_value(Value::Basic(Basic::U64), Origin::default());
/// let pair = types.add_value(Value::Tuple(vec![byte, word]), Origin::default());
/// let mut layouts = Layouts::new(&types);
/// assert_eq!((layouts.of(pair).size, layouts.of(pair).align), (16, 8));
/// ```
#[derive(Debug)]
pub struct Layouts<'a> {
    types: &'a Types,
    known: BTreeMap<ValueId, Layout>,
    plans: Vec<Plan>,
    /// The plan that covers an id.
    covered: BTreeMap<ValueId, usize>,
}

impl<'a> Layouts<'a> {
    /// Nothing computed yet.
    pub fn new(types: &'a Types) -> Layouts<'a> {
        Layouts {
            types,
            known: BTreeMap::new(),
            plans: Vec::new(),
            covered: BTreeMap::new(),
        }
    }

    /// The types.
    pub fn types(&self) -> &'a Types {
        self.types
    }

    /// The layout of a type.
    pub fn of(&mut self, id: ValueId) -> &Layout {
        let types = self.types;
        if !self.known.contains_key(&id) {
            let plan = match self.covered.get(&id) {
                Some(plan) => &self.plans[*plan],
                None => self.cover(&[id]),
            };
            let layout = plan.layout(types, id);
            self.known.insert(id, layout);
        }
        &self.known[&id]
    }

    /// Whether two ids stand for the same type.
    pub fn same(&mut self, left: ValueId, right: ValueId) -> bool {
        let plan = match (self.covered.get(&left), self.covered.get(&right)) {
            (Some(plan), Some(other)) if plan == other => &self.plans[*plan],
            _ => self.cover(&[left, right]),
        };
        plan.class(left) == plan.class(right)
    }

    /// Plans for some types and all that they reach. A type's layout does not depend on what else
    /// a plan covers.
    fn cover(&mut self, roots: &[ValueId]) -> &Plan {
        let plan = Plan::new(self.types, roots);
        for id in plan.classes.keys() {
            self.covered.insert(*id, self.plans.len());
        }
        self.plans.push(plan);
        &self.plans[self.plans.len() - 1]
    }
}

#[derive(Clone, Copy, Debug)]
struct Extent {
    size: u32,
    align: u32,
}

const SLICE: Extent = Extent {
    size: SLICE_SIZE,
    align: 8,
};

/// What the layouts of some types are made from: computed over classes of structurally equal types,
/// since an unrolled type is boxed where the type itself is.
#[derive(Debug)]
struct Plan {
    /// Class of every value type that is covered.
    classes: BTreeMap<ValueId, u32>,
    /// Class → strongly connected component of inline containment.
    components: Vec<u32>,
    /// Class → whether it is on a cycle.
    cyclic: Vec<bool>,
    /// Class → size and alignment.
    extents: Vec<Extent>,
}

impl Plan {
    fn new(types: &Types, roots: &[ValueId]) -> Plan {
        let graph = Graph::reachable(types, roots.iter().copied().map(TypeId::Value));
        let numbers = graph.classes();
        let count = numbers.iter().max().map_or(0, |max| *max as usize + 1);
        let mut classes = BTreeMap::new();
        let mut representatives: Vec<Option<ValueId>> = vec![None; count];
        for (node, class) in graph.nodes.iter().zip(numbers) {
            if let TypeId::Value(id) = node {
                classes.insert(*id, class);
                representatives[class as usize].get_or_insert(*id);
            }
        }
        let edges: Vec<Vec<u32>> = representatives
            .iter()
            .map(|id| id.map_or(Vec::new(), |id| inline_members(types.value(id))))
            .map(|members| members.iter().map(|id| classes[id]).collect())
            .collect();
        let (components, order) = strongly_connected(&edges);
        let cyclic = (0..count)
            .map(|class| on_cycle(class, &edges, &components))
            .collect();
        let mut plan = Plan {
            classes,
            components,
            cyclic,
            extents: vec![Extent { size: 0, align: 1 }; count],
        };
        // Members that are not boxed come earlier in `order`, which lists components bottom-up.
        for class in order {
            if let Some(id) = representatives[class as usize] {
                plan.extents[class as usize] = plan.extent(types, id);
            }
        }
        plan
    }

    fn class(&self, id: ValueId) -> u32 {
        self.classes[&id]
    }

    fn slot(&self, parent: ValueId, ty: ValueId) -> Slot {
        let (outer, inner) = (self.class(parent) as usize, self.class(ty) as usize);
        let boxed = self.cyclic[outer] && self.components[outer] == self.components[inner];
        Slot { ty, boxed }
    }

    fn slot_extent(&self, slot: Slot) -> Extent {
        if slot.boxed {
            SLICE
        } else {
            self.extents[self.class(slot.ty) as usize]
        }
    }

    fn extent(&self, types: &Types, id: ValueId) -> Extent {
        match types.value(id) {
            Value::Basic(basic) => basic_extent(*basic),
            Value::List(_) | Value::Map(..) | Value::Reference(_) | Value::External(_) => SLICE,
            Value::Parameter(_) => Extent {
                size: OPAQUE_SIZE,
                align: 8,
            },
            Value::Tuple(_) | Value::Record { .. } => self.fields(types, id).1,
            Value::Variant(_) => self.cases(types, id).2,
            Value::Option(inner) => self.option(self.slot(id, *inner)).1,
        }
    }

    fn layout(&self, types: &Types, id: ValueId) -> Layout {
        let shape = match types.value(id) {
            Value::Basic(Basic::String) => Shape::String,
            Value::Basic(Basic::Bytes) => Shape::Bytes,
            Value::Basic(basic) => Shape::Scalar(*basic),
            Value::List(item) => Shape::List(*item),
            Value::Map(key, value) => Shape::Map {
                key: *key,
                value: *value,
                entry: Box::new(self.entry(*key, *value)),
            },
            Value::Tuple(_) | Value::Record { .. } => Shape::Struct(self.fields(types, id).0),
            Value::Variant(_) => {
                let (payload, cases, _) = self.cases(types, id);
                Shape::Variant { payload, cases }
            }
            Value::Option(inner) => {
                let slot = self.slot(id, *inner);
                Shape::Option {
                    payload: self.option(slot).0,
                    slot,
                }
            }
            Value::Reference(_) | Value::External(_) => Shape::Document,
            Value::Parameter(_) => Shape::Opaque,
        };
        let Extent { size, align } = self.extents[self.class(id) as usize];
        Layout { size, align, shape }
    }

    fn fields(&self, types: &Types, id: ValueId) -> (Vec<FieldLayout>, Extent) {
        let mut fields: Vec<(String, Slot)> = match types.value(id) {
            Value::Record { fields, .. } => fields
                .iter()
                .map(|(name, ty)| (name.clone(), self.slot(id, *ty)))
                .collect(),
            Value::Tuple(items) => items
                .iter()
                .enumerate()
                .map(|(position, ty)| (position.to_string(), self.slot(id, *ty)))
                .collect(),
            _ => Vec::new(),
        };
        if matches!(types.value(id), Value::Record { .. }) {
            // Stable: equal alignments stay in name order.
            fields.sort_by_key(|(_, slot)| std::cmp::Reverse(self.slot_extent(*slot).align));
        }
        self.place(fields)
    }

    fn entry(&self, key: ValueId, value: ValueId) -> Layout {
        let slot = |ty| Slot { ty, boxed: false };
        let (fields, extent) = self.place(vec![
            ("key".to_owned(), slot(key)),
            ("value".to_owned(), slot(value)),
        ]);
        Layout {
            size: extent.size,
            align: extent.align,
            shape: Shape::Struct(fields),
        }
    }

    fn place(&self, fields: Vec<(String, Slot)>) -> (Vec<FieldLayout>, Extent) {
        let mut end = 0;
        let mut align = 1;
        let mut placed = Vec::with_capacity(fields.len());
        for (name, slot) in fields {
            let extent = self.slot_extent(slot);
            let offset = round_up(end, extent.align);
            end = add(offset, extent.size);
            align = align.max(extent.align);
            placed.push(FieldLayout { name, offset, slot });
        }
        (
            placed,
            Extent {
                size: round_up(end, align),
                align,
            },
        )
    }

    fn cases(&self, types: &Types, id: ValueId) -> (u32, Vec<(String, Option<Slot>)>, Extent) {
        let Value::Variant(cases) = types.value(id) else {
            unreachable!("only called for variants")
        };
        let cases: Vec<(String, Option<Slot>)> = cases
            .iter()
            .map(|(name, payload)| (name.clone(), payload.map(|ty| self.slot(id, ty))))
            .collect();
        let mut union: Option<Extent> = None;
        for slot in cases.iter().filter_map(|(_, slot)| *slot) {
            let extent = self.slot_extent(slot);
            let union = union.get_or_insert(extent);
            union.size = union.size.max(extent.size);
            union.align = union.align.max(extent.align);
        }
        let Some(union) = union else {
            return (0, cases, Extent { size: 4, align: 4 });
        };
        let payload = round_up(4, union.align);
        let align = union.align.max(4);
        let size = round_up(add(payload, round_up(union.size, union.align)), align);
        (payload, cases, Extent { size, align })
    }

    fn option(&self, slot: Slot) -> (u32, Extent) {
        let inner = self.slot_extent(slot);
        let payload = round_up(1, inner.align);
        let size = round_up(add(payload, inner.size), inner.align);
        (
            payload,
            Extent {
                size,
                align: inner.align,
            },
        )
    }
}

fn basic_extent(basic: Basic) -> Extent {
    let (size, align) = match basic {
        Basic::Bool | Basic::U8 | Basic::S8 => (1, 1),
        Basic::U16 | Basic::S16 => (2, 2),
        Basic::U32 | Basic::S32 | Basic::F32 | Basic::Char => (4, 4),
        Basic::U64 | Basic::S64 | Basic::F64 => (8, 8),
        Basic::Uuid => (16, 1),
        Basic::String | Basic::Bytes => (SLICE_SIZE, 8),
    };
    Extent { size, align }
}

/// Sizes stay at this one, a multiple of every alignment, once they exceed it.
const SATURATED: u32 = u32::MAX - 7;

fn add(left: u32, right: u32) -> u32 {
    left.saturating_add(right).min(SATURATED)
}

fn round_up(size: u32, align: u32) -> u32 {
    size.min(SATURATED).next_multiple_of(align)
}

fn inline_members(value: &Value) -> Vec<ValueId> {
    match value {
        Value::Option(inner) => vec![*inner],
        Value::Tuple(items) => items.clone(),
        Value::Record { fields, .. } => fields.values().copied().collect(),
        Value::Variant(cases) => cases.values().filter_map(|payload| *payload).collect(),
        Value::Basic(_)
        | Value::List(_)
        | Value::Map(..)
        | Value::Reference(_)
        | Value::External(_)
        | Value::Parameter(_) => Vec::new(),
    }
}

fn on_cycle(class: usize, edges: &[Vec<u32>], components: &[u32]) -> bool {
    // A node of a component with several nodes has a successor inside of it; a node that is a
    // component alone only if it contains itself.
    edges[class]
        .iter()
        .any(|next| components[*next as usize] == components[class])
}

/// Tarjan's algorithm without recursion: component of each node, and the nodes in an order in
/// which successors in other components come first.
fn strongly_connected(edges: &[Vec<u32>]) -> (Vec<u32>, Vec<u32>) {
    const UNSEEN: u32 = u32::MAX;
    let mut index = vec![UNSEEN; edges.len()];
    let mut low = vec![0; edges.len()];
    let mut components = vec![UNSEEN; edges.len()];
    let mut order = Vec::with_capacity(edges.len());
    let (mut next_index, mut next_component) = (0, 0);
    let mut open: Vec<u32> = Vec::new();
    let mut calls: Vec<(u32, usize)> = Vec::new();
    for root in 0..edges.len() as u32 {
        if index[root as usize] != UNSEEN {
            continue;
        }
        calls.push((root, 0));
        while let Some((node, edge)) = calls.pop() {
            let at = node as usize;
            if edge == 0 {
                index[at] = next_index;
                low[at] = next_index;
                next_index += 1;
                open.push(node);
            } else {
                let finished = edges[at][edge - 1] as usize;
                if components[finished] == UNSEEN {
                    low[at] = low[at].min(low[finished]);
                }
            }
            if let Some(next) = edges[at].get(edge) {
                calls.push((node, edge + 1));
                if index[*next as usize] == UNSEEN {
                    calls.push((*next, 0));
                }
                continue;
            }
            if low[at] == index[at] {
                while let Some(member) = open.pop() {
                    components[member as usize] = next_component;
                    order.push(member);
                    if member == node {
                        break;
                    }
                }
                next_component += 1;
            }
        }
    }
    (components, order)
}

#[cfg(test)]
mod tests;
