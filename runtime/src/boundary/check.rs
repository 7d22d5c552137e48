//! Whether a payload is a value of its type, and where in it not: for objects that no compiler
//! vouches for.

use std::cmp::Ordering;
use std::ffi::c_void;
use std::fmt;

use liveobj_abi::Opaque;
use liveobj_types::types::Basic;

use super::arena::Arena;
use super::payload::Payload;
use super::probe;
use super::scalar::check_scalar;
use super::shape::{Kind, PayloadFault, Slot};
use super::walk::{At, Elements, MAX_PARTS, Out, Walk, slice};
use super::wire;

/// How far the payloads that an object emits are believed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Trust {
    /// They are values of their types: the object's language guarantees it, or this runtime made
    /// them.
    #[default]
    Typed,
    /// Each is checked before anybody sees it, except that memory is read where its slices say.
    Checked,
    /// As before, and that there is memory where they say.
    Probed,
}

/// What is wrong with a payload, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Misfit {
    pub(crate) fault: PayloadFault,
    /// The steps from the payload to the place, the last one first.
    steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Field(String),
    Item(usize),
    Key(usize),
    Value(usize),
    Case(String),
}

impl fmt::Display for Misfit {
    /// `at `added[2].text`: memory is not UTF-8`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.steps.is_empty() {
            f.write_str("at `")?;
            for (index, step) in self.steps.iter().rev().enumerate() {
                let dot = if index == 0 { "" } else { "." };
                match step {
                    Step::Field(name) | Step::Case(name) => write!(f, "{dot}{name}")?,
                    Step::Item(number) | Step::Value(number) => write!(f, "[{number}]")?,
                    Step::Key(number) => write!(f, "[key {number}]")?,
                }
            }
            f.write_str("`: ")?;
        }
        self.fault.fmt(f)
    }
}

impl Payload {
    /// Whether a payload is a value of the actual type; with `probe`, also whether there is memory
    /// where its pointers lead. Nothing is allocated unless a value of a type parameter is inside.
    ///
    /// # Errors
    ///
    /// The first fault that can be detected.
    ///
    /// # Safety
    ///
    /// As for [`Payload::read`]; with `probe`, what is not mapped need not be readable.
    pub(crate) unsafe fn check(&self, payload: *const c_void, probe: bool) -> Result<(), Misfit> {
        let mut checker = Checker {
            walk: Walk::new(self.shapes(), MAX_PARTS),
            probe,
            steps: Vec::new(),
        };
        let root = self.root();
        let checked = checker
            .walk
            .root(payload.cast(), root)
            .and_then(|at| {
                checker
                    .reach(at.memory, self.shapes().node(root).size)
                    .map(|()| at)
            })
            // SAFETY: `root` checked the place; the rest says the caller.
            .and_then(|at| unsafe { checker.part(at, 0) });
        checked.map_err(|fault| Misfit {
            fault,
            steps: checker.steps,
        })
    }
}

struct Checker<'a> {
    walk: Walk<'a>,
    probe: bool,
    /// Filled on the way out of a fault.
    steps: Vec<Step>,
}

impl Checker<'_> {
    /// Whether there is memory, where that is asked for.
    fn reach(&self, memory: *const u8, size: usize) -> Result<(), PayloadFault> {
        if self.probe && size > 0 && !probe::is_mapped(memory.addr(), size) {
            return Err(PayloadFault::Unmapped);
        }
        Ok(())
    }

    /// The elements of a slice that can be read.
    ///
    /// # Safety
    ///
    /// As [`slice`].
    unsafe fn slice(
        &self,
        memory: *const u8,
        size: usize,
        align: usize,
    ) -> Result<Elements, PayloadFault> {
        // SAFETY: says the caller.
        let elements = unsafe { slice(memory, size, align) }?;
        self.reach(elements.memory, elements.count * size)?;
        Ok(elements)
    }

    /// A part inside of another one: where the fault is, is known on the way out.
    ///
    /// # Safety
    ///
    /// As [`Checker::part`].
    unsafe fn inside(
        &mut self,
        at: At,
        depth: usize,
        step: impl FnOnce() -> Step,
    ) -> Result<(), PayloadFault> {
        // SAFETY: says the caller.
        let checked = unsafe { self.part(at, depth + 1) };
        if checked.is_err() {
            self.steps.push(step());
        }
        checked
    }

    /// # Safety
    ///
    /// `at` is as [`At`] says, and slices inside are readable where they pass the checks.
    unsafe fn part(&mut self, at: At, depth: usize) -> Result<(), PayloadFault> {
        self.walk.enter(depth)?;
        let shapes = self.walk.shapes;
        let node = shapes.node(at.slot.node);
        // SAFETY: the places of parts follow from the layout; all else says the caller.
        unsafe {
            if let Kind::Option { payload, slot } = &node.kind {
                return match self.walk.option(at, *payload, *slot)? {
                    None => Ok(()),
                    Some(inner) => {
                        self.reach(inner.memory, shapes.node(slot.node).size)?;
                        self.part(inner, depth + 1)
                    }
                };
            }
            let memory = self.walk.value(at)?;
            self.reach(memory, node.size)?;
            match &node.kind {
                Kind::Scalar(basic) => check_scalar(*basic, memory),
                Kind::Text | Kind::Document { .. } => {
                    let text = self.slice(memory, 1, 1)?.bytes();
                    match std::str::from_utf8(text) {
                        Ok(_) => Ok(()),
                        Err(_) => Err(PayloadFault::Invalid("UTF-8")),
                    }
                }
                Kind::Bytes => self.slice(memory, 1, 1).map(|_| ()),
                Kind::List(item) => {
                    let shape = shapes.node(*item);
                    let elements = self.slice(memory, shape.size, shape.align)?;
                    if every_pattern_is_a_value(&shape.kind) {
                        return Ok(());
                    }
                    for index in 0..elements.count {
                        self.inside(elements.at(index, *item), depth, || Step::Item(index))?;
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
                    let elements = self.slice(memory, *size, *align)?;
                    let mut last: Option<At> = None;
                    for index in 0..elements.count {
                        let at = elements.at(index, *key);
                        self.inside(at, depth, || Step::Key(index))?;
                        if let Some(last) = last
                            && wire::compare(&self.walk, last, at)? != Ordering::Less
                        {
                            self.steps.push(Step::Key(index));
                            return Err(PayloadFault::KeyOrder);
                        }
                        last = Some(at);
                        let value = At {
                            memory: at.memory.add(*value_offset),
                            slot: Slot::inline(*value),
                        };
                        self.inside(value, depth, || Step::Value(index))?;
                    }
                    Ok(())
                }
                Kind::Struct { fields, .. } => {
                    for field in fields {
                        let at = At {
                            memory: memory.add(field.offset),
                            slot: field.slot,
                        };
                        self.inside(at, depth, || Step::Field(field.name.clone()))?;
                    }
                    Ok(())
                }
                Kind::Variant { payload, cases } => {
                    let (name, slot) = &cases[self.walk.tag(memory, cases.len())?];
                    let Some(slot) = slot else {
                        return Ok(());
                    };
                    let at = At {
                        memory: memory.add(*payload),
                        slot: *slot,
                    };
                    self.inside(at, depth, || Step::Case(name.clone()))
                }
                Kind::Opaque(inner) => {
                    let opaque = memory.cast::<Opaque>();
                    if !(*opaque).ty.is_null() {
                        return Err(PayloadFault::ForeignType);
                    }
                    let wire = self
                        .slice((&raw const (*opaque).wire).cast(), 1, 1)?
                        .bytes();
                    let mut arena = Arena::default();
                    let memory = arena.allocate(shapes.node(*inner).size)?;
                    let slot = Slot::inline(*inner);
                    wire::decode(shapes, &mut arena, wire, Out { memory, slot })
                }
                Kind::Option { .. } => unreachable!("handled above"),
            }
        }
    }
}

/// Whether the elements of a list need no look of their own.
fn every_pattern_is_a_value(kind: &Kind) -> bool {
    matches!(kind, Kind::Scalar(basic) if !matches!(basic, Basic::Bool | Basic::Char))
}
