//! Objects that are part of the runtime itself: the `library` folder, the embedder's ends of
//! connections, the runtime's ends towards folders. They stand behind an ordinary object table; but
//! one handler serves all of their events, because what `this` points to tells which it is.

use std::any::Any;
use std::cell::RefCell;
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use liveobj_abi as abi;

use super::calls::{Lent, ProxyCell, Wake};
use super::host::read_wake;
use crate::report::Level;

/// An object of the runtime's own.
pub(crate) trait Native {
    /// An event came in: `event` counts the in-events of `endpoint` by name.
    fn event(&mut self, proxy: &ProxyCell, event: Incoming) -> abi::Status;

    /// A connection is there.
    fn connected(&mut self, proxy: &ProxyCell, endpoint: u32, connection: u64) -> abi::Status {
        let _ = (proxy, endpoint, connection);
        abi::OK
    }

    /// A connection is gone.
    fn disconnected(
        &mut self,
        proxy: &ProxyCell,
        endpoint: u32,
        connection: u64,
        reason: u32,
    ) -> abi::Status {
        let _ = (proxy, endpoint, connection, reason);
        abi::OK
    }

    /// Something asked for has happened.
    fn wake(&mut self, proxy: &ProxyCell, token: u64, wake: Wake) -> abi::Status {
        let _ = (proxy, token, wake);
        abi::OK
    }
}

/// An event that a native object is handed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Incoming {
    /// The endpoint.
    pub(crate) endpoint: u32,
    /// The event, by name.
    pub(crate) event: u32,
    /// The connection that it came through.
    pub(crate) connection: u64,
    /// Its payload.
    pub(crate) payload: Lent,
}

/// A native object with what its table functions and handlers take for `this`.
pub(crate) struct NativeProxy {
    /// Counted, so that the slots may point to it: a `Box` that is moved is nobody else's.
    cell: Rc<NativeCell>,
    slots: Box<[Box<[Slot]>]>,
}

struct NativeCell {
    object: RefCell<Option<Box<dyn Native>>>,
}

struct Slot {
    cell: *const NativeCell,
    endpoint: u32,
    event: u32,
}

impl NativeProxy {
    /// Wraps an object; `events` is the number of in-events of each endpoint.
    pub(crate) fn new(object: Box<dyn Native>, events: &[u32]) -> NativeProxy {
        let cell = Rc::new(NativeCell {
            object: RefCell::new(Some(object)),
        });
        let pointer = Rc::as_ptr(&cell);
        let slots = events
            .iter()
            .zip(0u32..)
            .map(|(count, endpoint)| {
                (0..*count)
                    .map(|event| Slot {
                        cell: pointer,
                        endpoint,
                        event,
                    })
                    .collect()
            })
            .collect();
        NativeProxy { cell, slots }
    }

    pub(super) fn table(&self) -> &'static abi::Object {
        &TABLE
    }

    pub(super) fn this(&self) -> *mut c_void {
        Rc::as_ptr(&self.cell).cast_mut().cast()
    }

    pub(super) fn receiver(&self, endpoint: u32, event: u32) -> (abi::Handler, *mut c_void) {
        let slot: *const Slot = &raw const self.slots[endpoint as usize][event as usize];
        (handle, slot.cast_mut().cast())
    }
}

static TABLE: abi::Object = abi::Object {
    size: size_of::<abi::Object>() as u32,
    endpoints: 0,
    create,
    load: None,
    save: None,
    digest: None,
    connected,
    disconnected,
    wake,
    destroy,
    handlers: std::ptr::null(),
    handler_counts: std::ptr::null(),
};

unsafe extern "C" fn create(
    _: *mut abi::Context,
    _: *const c_void,
    _: *mut *mut c_void,
) -> abi::Status {
    abi::OK
}

unsafe extern "C" fn handle(
    this: *mut c_void,
    context: *mut abi::Context,
    envelope: *const abi::Envelope,
    payload: *const c_void,
) -> abi::Status {
    // SAFETY: `this` is the slot that `NativeProxy::receiver` gave, and lives as long as the
    // proxy; the envelope is valid for the call.
    let (slot, connection) = unsafe { (&*this.cast::<Slot>(), (*envelope).connection) };
    let incoming = Incoming {
        endpoint: slot.endpoint,
        event: slot.event,
        connection,
        payload: Lent::new(payload),
    };
    // SAFETY: the slot's cell lives as long as it; the context is the running one.
    unsafe {
        guarded(slot.cell, context, |object, proxy| {
            object.event(proxy, incoming)
        })
    }
}

unsafe extern "C" fn connected(
    this: *mut c_void,
    context: *mut abi::Context,
    endpoint: u32,
    connection: u64,
) -> abi::Status {
    // SAFETY: `this` is the cell, the context is the running one.
    unsafe {
        guarded(this.cast(), context, |object, proxy| {
            object.connected(proxy, endpoint, connection)
        })
    }
}

unsafe extern "C" fn disconnected(
    this: *mut c_void,
    context: *mut abi::Context,
    endpoint: u32,
    connection: u64,
    reason: u32,
) -> abi::Status {
    // SAFETY: as in `connected`.
    unsafe {
        guarded(this.cast(), context, |object, proxy| {
            object.disconnected(proxy, endpoint, connection, reason)
        })
    }
}

unsafe extern "C" fn wake(
    this: *mut c_void,
    context: *mut abi::Context,
    token: u64,
    kind: u32,
    payload: *const c_void,
) -> abi::Status {
    // SAFETY: the payload is of its kind, by the contract of `lo_object.wake`.
    let Some(wake) = (unsafe { read_wake(kind, payload) }) else {
        return abi::INVALID;
    };
    // SAFETY: as in `connected`.
    unsafe {
        guarded(this.cast(), context, |object, proxy| {
            object.wake(proxy, token, wake)
        })
    }
}

unsafe extern "C" fn destroy(this: *mut c_void, _: *mut abi::Context) -> abi::Status {
    // SAFETY: `this` is the cell.
    let cell = unsafe { &*this.cast::<NativeCell>() };
    let object = cell.object.take();
    match catch_unwind(AssertUnwindSafe(|| drop(object))) {
        Ok(()) => abi::OK,
        Err(_) => abi::PANIC,
    }
}

/// Runs one function of the object; a panic is reported and becomes a status.
///
/// # Safety
///
/// The cell is alive, and the context is that of the running call.
unsafe fn guarded(
    cell: *const NativeCell,
    context: *mut abi::Context,
    call: impl FnOnce(&mut dyn Native, &ProxyCell) -> abi::Status,
) -> abi::Status {
    // SAFETY: by contract.
    let (cell, proxy) = unsafe { (&*cell, ProxyCell::of(context)) };
    let Ok(mut object) = cell.object.try_borrow_mut() else {
        return abi::INVALID;
    };
    let Some(object) = object.as_deref_mut() else {
        return abi::STALE;
    };
    match catch_unwind(AssertUnwindSafe(|| call(object, proxy))) {
        Ok(status) => status,
        Err(panic) => {
            proxy
                .domain()
                .report(proxy, Level::Error, &panic_text(&*panic));
            abi::PANIC
        }
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned());
    format!("panicked: {}", text.as_deref().unwrap_or("no message"))
}
