//! What `lo_link.emit` is: the way of every event.

use std::ffi::c_void;

use liveobj_abi as abi;

use super::calls::{FixedCell, Lent, LinkCell, ProxyCell};
use super::peers::Peers;
use super::receiver::Receiver;
use crate::engine::domain::MAX_NESTING;

/// One direction of a connection inside the domain. At once if the target is neither running nor
/// has anything waiting and nesting is below the limit; else through the domain's queue.
///
/// This is the way of most events, a few nanoseconds long: what is rarer is done elsewhere, so that
/// nothing has to be saved for it here.
///
/// # Safety
///
/// As `lo_link.emit`: link and context of the running call, payload of the event's type. The link
/// is one that [`LinkCell::direct`] made.
pub(super) unsafe extern "C" fn direct(
    link: *mut abi::Link,
    context: *mut abi::Context,
    event: u32,
    payload: *const c_void,
) -> abi::Status {
    // SAFETY: by contract.
    let (cell, from) = unsafe { (LinkCell::of(link), ProxyCell::of(context)) };
    let (domain, receivers) = (cell.domain(), cell.receivers());
    // SAFETY: by contract.
    let target = unsafe { cell.known_target() };
    let index = event as usize;
    if index < receivers.len()
        && target.busy.get() == 0
        && domain.depth.get() < MAX_NESTING
        && domain.numbers.get() < domain.split_at.get()
    {
        if !receivers[index].same_layout() {
            let parent = from.event.get();
            return converted(cell, target, &receivers[index], parent, Lent::new(payload));
        }
        let (parent, payload) = (from.event.get(), Lent::new(payload));
        let status = receivers[index].call_as_is(cell, (target, 0), parent, payload);
        if status < abi::OK {
            domain.fail(target, status);
        }
        return abi::OK;
    }
    // SAFETY: by contract.
    unsafe { inside::<false>(link, context, event, payload) }
}

/// What [`direct`] does where the receiver has another layout.
#[inline(never)]
fn converted(
    link: &LinkCell,
    target: &ProxyCell,
    receiver: &Receiver,
    parent: u64,
    payload: Lent,
) -> abi::Status {
    let Some(status) = receiver.call(link, target, parent, payload) else {
        return abi::INVALID;
    };
    if status < abi::OK {
        link.domain().fail(target, status);
    }
    abi::OK
}

/// As [`direct`], and the domain's tracer is told before an event is delivered.
///
/// # Safety
///
/// As [`direct`].
pub(super) unsafe extern "C" fn traced(
    link: *mut abi::Link,
    context: *mut abi::Context,
    event: u32,
    payload: *const c_void,
) -> abi::Status {
    // SAFETY: by contract.
    unsafe { inside::<true>(link, context, event, payload) }
}

/// What both are, for events that wait, are converted or are none of the link's as well.
///
/// # Safety
///
/// As [`direct`].
#[inline(never)]
unsafe fn inside<const TRACED: bool>(
    link: *mut abi::Link,
    context: *mut abi::Context,
    event: u32,
    payload: *const c_void,
) -> abi::Status {
    // SAFETY: by contract.
    let (link, from) = unsafe { (LinkCell::of(link), ProxyCell::of(context)) };
    let domain = link.domain();
    let Some(receiver) = link.receivers().get(event as usize) else {
        return domain.undeclared(from, link, event);
    };
    let Some(target) = link.target() else {
        return abi::INVALID;
    };
    let target = &target.cell;
    let at_once = target.busy.get() == 0
        && domain.depth.get() < MAX_NESTING
        && domain.numbers.get() < domain.split_at.get();
    if !at_once {
        return domain.enqueue(link, event, from.event.get(), Lent::new(payload));
    }
    let parent = from.event.get();
    let told = TRACED && domain.trace_event(link, event, parent, Lent::new(payload), None);
    if TRACED && link.is_closed() {
        domain.trace_returned(told);
        return abi::STALE;
    }
    let status = if receiver.same_layout() {
        Some(receiver.call_as_is(
            link,
            (target, target.busy.get()),
            parent,
            Lent::new(payload),
        ))
    } else {
        receiver.call(link, target, parent, Lent::new(payload))
    };
    if TRACED {
        domain.trace_returned(told);
    }
    let Some(status) = status else {
        return abi::INVALID;
    };
    if status < abi::OK {
        domain.fail(target, status);
    }
    abi::OK
}

/// As the link emits while nobody watches, and counted: the event for the link, the time for the
/// objects on both ends.
///
/// # Safety
///
/// As the link's own function.
pub(super) unsafe extern "C" fn counted(
    link: *mut abi::Link,
    context: *mut abi::Context,
    event: u32,
    payload: *const c_void,
) -> abi::Status {
    // SAFETY: by contract.
    let (cell, from) = unsafe { (LinkCell::of(link), ProxyCell::of(context)) };
    let counting = &cell.domain().counting;
    // What has to wait is timed when it is delivered.
    let target = cell.target().map(|target| &target.cell);
    let target = target.filter(|target| target.busy.get() == 0);
    if target.is_some() {
        counting.charge(from);
    }
    // SAFETY: by contract.
    let status = unsafe { cell.plain()(link, context, event, payload) };
    if status == abi::OK {
        cell.pass();
    }
    if let Some(target) = target {
        target.called();
        counting.charge(target);
    }
    status
}

/// As [`direct`] or [`queued`], for a proxy that is believed only what was looked at.
///
/// # Safety
///
/// As [`direct`], except that the payload need not be of the event's type.
pub(super) unsafe extern "C" fn checked(
    link: *mut abi::Link,
    context: *mut abi::Context,
    event: u32,
    payload: *const c_void,
) -> abi::Status {
    // SAFETY: by contract.
    let (cell, from) = unsafe { (LinkCell::of(link), ProxyCell::of(context)) };
    let Some(keeper) = cell.keeper(event) else {
        return cell.domain().undeclared(from, cell, event);
    };
    if let Err(misfit) = keeper.check(Lent::new(payload), from.trust) {
        return cell.domain().misfit(from, cell, event, &misfit);
    }
    let emit = match (&cell.crossing, &cell.traced) {
        (Some(_), Some(_)) => queued::<true>,
        (Some(_), None) => queued::<false>,
        (None, Some(_)) => traced,
        (None, None) => direct,
    };
    // SAFETY: by contract, and the payload was checked.
    unsafe { emit(link, context, event, payload) }
}

/// Every connection of a `many` endpoint. `refused` if one of them refused.
///
/// # Safety
///
/// As `lo_link.emit`; the link is a [`FixedCell`].
pub(super) unsafe extern "C" fn fan(
    link: *mut abi::Link,
    context: *mut abi::Context,
    event: u32,
    payload: *const c_void,
) -> abi::Status {
    // SAFETY: by contract.
    let fan = unsafe { FixedCell::of(link) };
    // Connections that come or go meanwhile make a new list.
    let peers = fan.peers().map(Peers::now).unwrap_or_default();
    if peers.is_empty() {
        return lost(fan);
    }
    let mut answer = abi::OK;
    for peer in peers.iter() {
        // SAFETY: a link of this proxy, the same context and payload.
        let status = unsafe { peer.emit_function()(peer.pointer(), context, event, payload) };
        if status == abi::REFUSED || status == abi::INVALID {
            answer = status;
        }
    }
    answer
}

/// An endpoint without a connection.
///
/// # Safety
///
/// As [`fan`].
pub(super) unsafe extern "C" fn stub(
    link: *mut abi::Link,
    _: *mut abi::Context,
    _: u32,
    _: *const c_void,
) -> abi::Status {
    // SAFETY: by contract.
    lost(unsafe { FixedCell::of(link) })
}

fn lost(link: &FixedCell) -> abi::Status {
    link.lost.set(link.lost.get() + 1);
    let domain = link.domain();
    domain.lost.set(domain.lost.get() + 1);
    abi::NOT_CONNECTED
}

/// A connection that has ended.
///
/// # Safety
///
/// None.
pub(super) unsafe extern "C" fn stale(
    _: *mut abi::Link,
    _: *mut abi::Context,
    _: u32,
    _: *const c_void,
) -> abi::Status {
    abi::STALE
}

/// The sending half of a connection to another domain. If it is `TRACED`, the domain's tracer is told
/// first.
///
/// # Safety
///
/// As [`direct`].
pub(super) unsafe extern "C" fn queued<const TRACED: bool>(
    link: *mut abi::Link,
    context: *mut abi::Context,
    event: u32,
    payload: *const c_void,
) -> abi::Status {
    // SAFETY: by contract.
    let (link, from) = unsafe { (LinkCell::of(link), ProxyCell::of(context)) };
    link.domain()
        .send_across::<TRACED>(from, link, event, Lent::new(payload))
}
