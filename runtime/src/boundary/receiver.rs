//! Where events go: the handler, and what is done to the payload on the way to it.

use std::ffi::c_void;
use std::ops::Deref;
use std::sync::Arc;

use liveobj_abi as abi;

use super::PayloadFault;
use super::calls::{Lent, LinkCell, ProxyCell, RUNNING};
use super::memory::{Conversion, Keeper};
use super::walk::opaque;

/// Where one event of a link goes.
pub(crate) struct Receiver {
    handler: abi::Handler,
    this: *mut c_void,
    passing: Passing,
    /// How a payload in the sender's layout is kept while it waits.
    pub(crate) keeper: Keeper,
    /// The event's name.
    pub(crate) name: Arc<str>,
}

/// Where all events of a link go, by number.
pub(crate) enum Receivers {
    /// Of a link with one event, in place.
    One([Receiver; 1]),
    /// Of any other.
    Any(Box<[Receiver]>),
}

impl Receivers {
    /// None.
    pub(crate) fn none() -> Receivers {
        Receivers::Any(Box::default())
    }

    /// One for each of these.
    pub(crate) fn of<T, E>(
        events: &[T],
        receiver: impl Fn(&T) -> Result<Receiver, E>,
    ) -> Result<Receivers, E> {
        Ok(match events {
            [event] => Receivers::One([receiver(event)?]),
            events => Receivers::Any(events.iter().map(receiver).collect::<Result<_, E>>()?),
        })
    }
}

impl Deref for Receivers {
    type Target = [Receiver];

    fn deref(&self) -> &[Receiver] {
        match self {
            Receivers::One(one) => one,
            Receivers::Any(any) => any,
        }
    }
}

/// How a payload reaches its handler.
enum Passing {
    /// Lent as it is.
    AsIs,
    /// From the sender's layout to the receiver's.
    Converted(Conversion),
    /// To the handler of a dynamic endpoint: opaque, after a conversion where there is one, and
    /// with the number that the event has there.
    Dynamic(Option<Conversion>, u32),
}

/// Which handler of an endpoint takes an event.
#[derive(Clone, Copy)]
pub(crate) enum HandledBy {
    /// That of the in-event with this number, in name order.
    Event(u32),
    /// The one of a dynamic endpoint, which is told this number.
    Dynamic(u32),
}

impl Receiver {
    /// Where an event goes that comes in at `endpoint` of `target`. `conversion` leads to the
    /// layout of the handler's payload: to an opaque one if the endpoint is dynamic.
    pub(crate) fn new(
        (target, endpoint): (&ProxyCell, u32),
        by: HandledBy,
        conversion: Option<Conversion>,
        keeper: Keeper,
        name: Arc<str>,
    ) -> Receiver {
        let (index, passing) = match (by, conversion) {
            (HandledBy::Event(event), None) => (event, Passing::AsIs),
            (HandledBy::Event(event), Some(conversion)) => (event, Passing::Converted(conversion)),
            (HandledBy::Dynamic(event), conversion) => (0, Passing::Dynamic(conversion, event)),
        };
        let (handler, this) = target.handler(endpoint, index);
        Receiver {
            handler,
            this,
            passing,
            keeper,
            name,
        }
    }

    /// Whether the payload is lent as it is.
    #[inline]
    pub(super) fn same_layout(&self) -> bool {
        matches!(self.passing, Passing::AsIs)
    }

    /// What the handler answers; none where the payload was refused, which is reported.
    #[inline(always)]
    pub(super) fn call(
        &self,
        link: &LinkCell,
        target: &ProxyCell,
        parent: u64,
        payload: Lent,
    ) -> Option<abi::Status> {
        if let Passing::Converted(conversion) = &self.passing
            && let Some(moved) = conversion.moved(payload)
        {
            return match moved {
                Ok(moved) => {
                    Some(self.call_as_is(link, (target, target.busy.get()), parent, moved))
                }
                Err(fault) => self.refuse(link, &fault),
            };
        }
        self.call_otherwise(link, target, parent, payload)
    }

    /// What [`Receiver::call`] does where it is more than moves.
    #[inline(never)]
    fn call_otherwise(
        &self,
        link: &LinkCell,
        target: &ProxyCell,
        parent: u64,
        payload: Lent,
    ) -> Option<abi::Status> {
        let status = match &self.passing {
            Passing::AsIs => {
                Ok(self.call_as_is(link, (target, target.busy.get()), parent, payload))
            }
            Passing::Converted(conversion) => conversion.with(payload, |converted| {
                self.call_as_is(link, (target, target.busy.get()), parent, converted)
            }),
            Passing::Dynamic(conversion, event) => {
                let call = |opaque: Lent| {
                    with_number(opaque, *event, |numbered| {
                        self.call_as_is(link, (target, target.busy.get()), parent, numbered)
                    })
                };
                match conversion {
                    None => call(payload),
                    Some(conversion) => conversion.with(payload, call).flatten(),
                }
            }
        };
        match status {
            Ok(status) => Some(status),
            Err(fault) => self.refuse(link, &fault),
        }
    }

    #[cold]
    fn refuse(&self, link: &LinkCell, fault: &PayloadFault) -> Option<abi::Status> {
        link.domain().unreadable(link, &self.name, fault);
        None
    }

    /// The two indirect calls of a connection meet here. `busy` is that of the target.
    #[inline(always)]
    pub(super) fn call_as_is(
        &self,
        link: &LinkCell,
        (target, busy): (&ProxyCell, u32),
        parent: u64,
        payload: Lent,
    ) -> abi::Status {
        let domain = link.domain();
        // All is read before anything is written: what `direct` has read is not read again.
        let (number, depth) = (domain.numbers.get() + 1, domain.depth.get());
        let path = domain.path.get();
        target.busy.set(busy + RUNNING);
        domain.numbers.set(number);
        domain.depth.set(depth + 1);
        target.event.set(number);
        let envelope = abi::Envelope {
            connection: link.connection,
            path,
            parent,
        };
        // SAFETY: the target is between `create` and `destroy`, the handler is the one of this
        // event, and the payload is in its layout.
        let status =
            unsafe { (self.handler)(self.this, target.raw(), &raw const envelope, payload.0) };
        // Something may wait for it by now; what it called has returned.
        target.busy.set(target.busy.get() - RUNNING);
        domain.depth.set(depth);
        status
    }
}

/// Lends an opaque payload to `call` as the handler of a dynamic endpoint is handed it: with the
/// number that the event has there.
///
/// # Errors
///
/// The payload is not an opaque one; `call` is not called. Whether its bytes are a value of the
/// event's type is found where they are decoded.
fn with_number<R>(lent: Lent, event: u32, call: impl FnOnce(Lent) -> R) -> Result<R, PayloadFault> {
    let payload = lent.0.cast::<abi::Opaque>();
    if payload.is_null() {
        return Err(PayloadFault::Null);
    }
    if !payload.is_aligned() {
        return Err(PayloadFault::Misaligned);
    }
    // SAFETY: a `Lent` is a payload that is valid now, and this one is an `lo_opaque`.
    let payload = unsafe {
        opaque(payload.cast())?;
        payload.read()
    };
    let dynamic = abi::Dynamic { payload, event };
    Ok(call(Lent::new((&raw const dynamic).cast())))
}
