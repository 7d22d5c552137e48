//! Endpoints whose type is a type parameter: events by number, with opaque payloads.

use std::marker::PhantomData;

use liveobj_abi as abi;

use crate::lent::Opaque;
use crate::template::Template;

/// An event of a dynamic endpoint: one whose type is a type parameter of the template.
///
/// Events of each direction are numbered from 0 in the order of their names. What comes in at an
/// endpoint of type `E` and what goes out at one of type `mirror E` have the same numbers, so that
/// an object passes an event on as it is.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DynamicEvent<'a> {
    payload: Opaque<'a>,
    number: u32,
}

impl<'a> DynamicEvent<'a> {
    /// An event from its number and its payload. Whoever decodes the payload checks it.
    pub const fn new(number: u32, payload: Opaque<'a>) -> DynamicEvent<'a> {
        DynamicEvent { payload, number }
    }

    /// Its number among the endpoint's events of its direction, in the order of their names.
    pub const fn number(self) -> u32 {
        self.number
    }

    /// The record of its parameters in wire form: without padding, little-endian, fields in the
    /// order of their names, tags and lengths as `u32`.
    pub const fn payload(self) -> Opaque<'a> {
        self.payload
    }
}

const _: () = {
    assert!(size_of::<DynamicEvent<'_>>() == size_of::<abi::Dynamic>());
    assert!(align_of::<DynamicEvent<'_>>() == align_of::<abi::Dynamic>());
    assert!(
        std::mem::offset_of!(DynamicEvent<'_>, payload)
            == std::mem::offset_of!(abi::Dynamic, payload)
    );
    assert!(
        std::mem::offset_of!(DynamicEvent<'_>, number) == std::mem::offset_of!(abi::Dynamic, event)
    );
};

/// A dynamic endpoint of the template `T`; generated as the constant `ENDPOINT` of its module.
#[allow(missing_debug_implementations, reason = "there is nothing to show")]
pub struct DynamicEndpoint<T: Template> {
    index: u32,
    template: PhantomData<fn() -> T>,
}

impl<T: Template> DynamicEndpoint<T> {
    /// Says that the type of the endpoint with this number is a type parameter.
    ///
    /// # Safety
    ///
    /// It is.
    #[doc(hidden)]
    pub const unsafe fn new(index: u32) -> DynamicEndpoint<T> {
        DynamicEndpoint {
            index,
            template: PhantomData,
        }
    }

    pub(crate) fn index(self) -> u32 {
        self.index
    }
}

impl<T: Template> Clone for DynamicEndpoint<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T: Template> Copy for DynamicEndpoint<T> {}

/// Which way an event goes, seen from the object that has the endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// The object receives it.
    In,
    /// The object emits it.
    Out,
}

impl Direction {
    pub(crate) fn raw(self) -> u32 {
        match self {
            Direction::In => abi::DIRECTION_IN,
            Direction::Out => abi::DIRECTION_OUT,
        }
    }
}
