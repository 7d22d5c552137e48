//! Formalisms: languages of constraints that a library adds (docs/formalisms.md).
//!
//! Their functions know no context and no proxy: they are pure, and may be called on any thread, by
//! several at once. Formulas are never changed once they are made.

use core::ffi::c_void;

use crate::{Slice, Status};

/// Opaque to hosts: a constraint as its formalism has read it.
#[repr(C)]
pub struct Formula {
    _opaque: [u8; 0],
}

/// `lo_answer`: where a formalism writes what it answers in words or bytes. The first words of a
/// larger host struct.
#[repr(C)]
pub struct Answer {
    /// Size of this struct as the host knows it.
    pub size: u32,
    /// Appends bytes, which are copied. [`crate::REFUSED`]: there are more of them than a host
    /// takes, and the whole call counts as failed.
    pub write:
        unsafe extern "C" fn(answer: *mut Answer, data: *const c_void, length: u64) -> Status,
}

/// Nothing is declared: any name may stand for an event. [`Structure::count`] is 0.
pub const STRUCTURE_UNDECLARED: u32 = 0;
/// One endpoint, whose names are empty.
pub const STRUCTURE_ENDPOINT: u32 = 1;
/// The endpoints of an object.
pub const STRUCTURE_OBJECT: u32 = 2;

/// `lo_structure`: what a text can speak of, from the side of who provides it. Lent for the call.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Structure {
    /// Size of this struct as the host knows it.
    pub size: u32,
    /// A `STRUCTURE_`.
    pub kind: u32,
    /// Size of one [`StructureEndpoint`] as the host knows it.
    pub endpoint_size: u32,
    /// Size of one [`StructureEvent`] as the host knows it.
    pub event_size: u32,
    /// Size of one [`StructureParameter`] as the host knows it.
    pub parameter_size: u32,
    /// How many endpoints.
    pub count: u64,
    /// The endpoints, ordered by how texts call them.
    pub endpoints: *const StructureEndpoint,
}

/// `lo_structure_endpoint`: an endpoint that a text can speak of.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct StructureEndpoint {
    /// As the text calls it, UTF-8.
    pub written: Slice,
    /// Its name, which formulas use, UTF-8; the same in most cases.
    pub name: Slice,
    /// How many events.
    pub count: u64,
    /// Its events, ordered by name.
    pub events: *const StructureEvent,
}

/// `lo_structure_event`: an event that a text can speak of.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct StructureEvent {
    /// Its name, UTF-8.
    pub name: Slice,
    /// 1: who provides the constraint emits it; 0: handles it.
    pub emitted: u32,
    /// How many parameters.
    pub count: u64,
    /// Its parameters in order.
    pub parameters: *const StructureParameter,
}

/// `lo_structure_parameter`: a parameter of an event.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct StructureParameter {
    /// Its name, UTF-8.
    pub name: Slice,
    /// What tells the domains of parameters apart, UTF-8: two of equal key have the same values.
    /// Empty if nothing is known.
    pub domain: Slice,
    /// How many values there are; 0 if they are not finitely many, or not known to be.
    pub domain_size: u64,
}

/// No restriction. [`Events::count`] is 0.
pub const EVENTS_ALL: u32 = 0;
/// Only those listed, at the one endpoint, whose name is empty.
pub const EVENTS_ENDPOINT: u32 = 1;
/// Only those listed, at each endpoint of an object.
pub const EVENTS_OBJECT: u32 = 2;

/// `lo_events`: what the provider of the premises may emit. Lent for the call.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Events {
    /// Size of this struct as the host knows it.
    pub size: u32,
    /// An `EVENTS_`.
    pub kind: u32,
    /// Size of one [`EndpointEvents`] as the host knows it.
    pub endpoint_size: u32,
    /// How many endpoints.
    pub count: u64,
    /// The endpoints in name order.
    pub endpoints: *const EndpointEvents,
}

/// `lo_endpoint_events`: what may be emitted at one endpoint.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct EndpointEvents {
    /// Name of the endpoint, UTF-8.
    pub name: Slice,
    /// How many events.
    pub count: u64,
    /// Names of the events in order, UTF-8.
    pub events: *const Slice,
}

/// `lo_fault`: the part of a text that cannot be read, in bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// First byte.
    pub start: u64,
    /// Byte after the last one.
    pub end: u64,
}

/// It is not so; the answer is a witness.
pub const VERDICT_FAILS: u32 = 0;
/// It was not decided; the answer says why, UTF-8.
pub const VERDICT_UNKNOWN: u32 = 1;
/// It is so; there is no answer.
pub const VERDICT_HOLDS: u32 = 2;
/// It was not decided for want of steps; there is no answer.
pub const VERDICT_BUDGET: u32 = 3;

/// The verdict itself is all there is to see. Nothing follows.
pub const WITNESS_NONE: u32 = 0;
/// An assignment: the number of pairs, then for each its name and its value.
pub const WITNESS_ASSIGNMENT: u32 = 1;
/// A history: the number of events before the cycle and the events, then the same for the cycle.
pub const WITNESS_TRACE: u32 = 2;
/// A history of several instances: the number of things that are there and what each of them is,
/// then as for [`WITNESS_TRACE`].
pub const WITNESS_HISTORY: u32 = 3;

/// `lo_formalism`: the functions of one formalism. Status other than [`crate::OK`]: the answer, if
/// any, says why, UTF-8, and all other results are ignored; [`crate::INVALID`] of `parse` means
/// that the text is at fault.
///
/// A witness is written without padding, little-endian: a `u32`, which is a `WITNESS_`, and what
/// that says; numbers are `u32`, texts their length in bytes as `u32` and UTF-8.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Formalism {
    /// Size of this struct as the library knows it.
    pub size: u32,
    /// Its 128-bit id, the first byte the most significant one.
    pub id: [u8; 16],
    /// Reads a text in a structure. [`crate::INVALID`]: `fault` is where it cannot be read, and the
    /// answer why; after a line feed, what to write instead.
    pub parse: unsafe extern "C" fn(
        text: Slice,
        structure: *const Structure,
        formula: *mut *mut Formula,
        fault: *mut Fault,
        answer: *mut Answer,
    ) -> Status,
    /// Answers the canonical text: two formulas that print alike are equal.
    pub print: unsafe extern "C" fn(formula: *const Formula, answer: *mut Answer) -> Status,
    /// Gives a formula back, which is not used again, whatever is answered.
    pub release: unsafe extern "C" fn(formula: *mut Formula) -> Status,
    /// Whether something satisfies all `formulas` at once: a `VERDICT_`.
    pub satisfiable: unsafe extern "C" fn(
        formulas: *const *const Formula,
        count: u64,
        budget: u64,
        verdict: *mut u32,
        answer: *mut Answer,
    ) -> Status,
    /// Whether all `premises` together imply `conclusion`: a `VERDICT_`.
    pub implies: unsafe extern "C" fn(
        premises: *const *const Formula,
        count: u64,
        events: *const Events,
        conclusion: *const Formula,
        budget: u64,
        verdict: *mut u32,
        answer: *mut Answer,
    ) -> Status,
    /// Whether under the witness (bytes as `implies` wrote them) all `premises` hold and
    /// `conclusion` does not: 1, else 0.
    pub replay: unsafe extern "C" fn(
        premises: *const *const Formula,
        count: u64,
        events: *const Events,
        conclusion: *const Formula,
        witness: Slice,
        confirmed: *mut u32,
        answer: *mut Answer,
    ) -> Status,
    /// The dual of a protocol; NULL in `dual` where it has none. The function may be NULL: nothing
    /// has a dual.
    pub dual: Option<
        unsafe extern "C" fn(
            formula: *const Formula,
            dual: *mut *mut Formula,
            answer: *mut Answer,
        ) -> Status,
    >,
    /// What is left of a guarantee when fields of messages are dropped: a consequence that says
    /// nothing about the contents of messages; NULL in `left` if nothing is. The function may be
    /// NULL: nothing is left of any.
    pub surviving: Option<
        unsafe extern "C" fn(
            formula: *const Formula,
            left: *mut *mut Formula,
            answer: *mut Answer,
        ) -> Status,
    >,
    /// A formula of an endpoint as one of an object that has the endpoint under this name; NULL in
    /// `lifted` if that cannot be said. The function may be NULL: it never can.
    pub at_endpoint: Option<
        unsafe extern "C" fn(
            formula: *const Formula,
            endpoint: Slice,
            lifted: *mut *mut Formula,
            answer: *mut Answer,
        ) -> Status,
    >,
    /// Answers what a refutation shows, as a clause without a period; nothing if there is nothing to
    /// add. The function may be NULL.
    pub explain: Option<
        unsafe extern "C" fn(
            premises: *const *const Formula,
            count: u64,
            conclusion: *const Formula,
            witness: Slice,
            answer: *mut Answer,
        ) -> Status,
    >,
}
