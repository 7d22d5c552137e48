//! What the generated code says of templates and events.

use std::ffi::c_void;
use std::marker::PhantomData;

use liveobj_abi as abi;

use crate::context::Connection;

/// A template of the library; generated.
///
/// # Safety
///
/// `ENDPOINTS` is the number of the object's endpoints, `OBJECT` a table as the ABI describes it,
/// `Parameters` lies as layout 1 says, and `copy` knows the payloads of the out-events.
pub unsafe trait Template: Sized + 'static {
    /// Its name in the type language.
    const NAME: &'static str;
    /// How many endpoints its objects have.
    const ENDPOINTS: u32;
    /// The table of the live object that implements it.
    const OBJECT: &'static abi::Object;
    /// The endpoints by name.
    type Endpoint: Copy;
    /// Its value parameters.
    type Parameters<'a>: Copy;

    /// Number of an endpoint, in name order.
    fn endpoint_index(endpoint: Self::Endpoint) -> u32;

    /// The endpoint of a number.
    fn endpoint_at(index: u32) -> Option<Self::Endpoint>;

    /// Copies the payload of an out-event, with all that it lends; the copy is never freed.
    ///
    /// # Safety
    ///
    /// `payload` is one of that out-event.
    #[doc(hidden)]
    unsafe fn copy(endpoint: u32, event: u32, payload: *const c_void) -> *const c_void;
}

/// A template that has its live object; `#[live_object]` implements it.
#[diagnostic::on_unimplemented(
    message = "no live object implements this template of the library",
    note = "mark an implementation of the template's trait with `#[live_object(template::NAME)]`"
)]
pub trait Implemented: Sized {
    /// The table of the live object.
    const TABLE: ObjectTable<Self>;
}

/// The table of functions of a live object, for the template `T`.
#[allow(missing_debug_implementations, reason = "there is nothing to show")]
pub struct ObjectTable<T> {
    object: &'static abi::Object,
    template: PhantomData<T>,
}

impl<T> ObjectTable<T> {
    /// Says that a table is one for the template.
    ///
    /// # Safety
    ///
    /// It is.
    pub const unsafe fn new(object: &'static abi::Object) -> ObjectTable<T> {
        ObjectTable {
            object,
            template: PhantomData,
        }
    }

    /// The table.
    pub const fn object(self) -> &'static abi::Object {
        self.object
    }
}

impl<T> Clone for ObjectTable<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for ObjectTable<T> {}

/// An event that objects of the template `T` emit; generated.
///
/// # Safety
///
/// The type lies as layout 1 says of out-event number `EVENT` of endpoint number `ENDPOINT`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event that the objects of this template emit"
)]
pub unsafe trait OutEvent<T: Template>: Copy {
    /// Number of the endpoint, in name order.
    const ENDPOINT: u32;
    /// Number of the event among the endpoint's out-events, in name order.
    const EVENT: u32;
}

/// An event that objects of the template `T` receive; generated.
///
/// # Safety
///
/// The type lies as layout 1 says of in-event number `EVENT` of endpoint number `ENDPOINT`.
pub unsafe trait InEvent<T: Template>: Copy {
    /// Number of the endpoint, in name order.
    const ENDPOINT: u32;
    /// Number of the event among the endpoint's in-events, in name order.
    const EVENT: u32;
}

/// Why a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Disconnect {
    /// It was dropped, or its owner was.
    Dropped,
    /// The peer failed or panicked.
    PeerFailed,
    /// A queue overflowed.
    Overflow,
    /// The link with the peer's node broke, or showed no sign of life.
    LinkLost,
}

impl Disconnect {
    pub(crate) fn from_raw(reason: u32) -> Disconnect {
        match reason {
            abi::REASON_PEER_FAILED => Disconnect::PeerFailed,
            abi::REASON_OVERFLOW => Disconnect::Overflow,
            abi::REASON_LINK_LOST => Disconnect::LinkLost,
            _ => Disconnect::Dropped,
        }
    }
}

impl Connection {
    /// No connection: what [`crate::Context::connection`] answers while no event is handled.
    pub const NONE: Connection = Connection(0);
}
