//! What the generated tables call: from the C ABI to an author's methods, catching panics.

use std::any::Any;
use std::cell::Cell;
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::sync::Once;

use liveobj_abi as abi;

use crate::context::{Connection, Context, Level};
use crate::error::CreateError;
use crate::template::{Disconnect, Template};
use crate::wake::{Token, Wake};

/// Makes an object.
///
/// # Safety
///
/// Called by a host as the ABI says of `create`, for a table of template `T` and object `O`.
pub unsafe fn create<T: Template, O>(
    context: *mut abi::Context,
    parameters: *const c_void,
    this: *mut *mut c_void,
    create: impl FnOnce(&mut Context<'_, T>, T::Parameters<'_>) -> Result<O, CreateError>,
) -> abi::Status {
    enter();
    // SAFETY: the host passes the context of this call.
    let mut context = unsafe { Context::<T>::from_raw(context, 0) };
    guard(&mut context, |context| {
        // SAFETY: the host passes the parameters of this template, lent for the call.
        let parameters = unsafe { read::<T::Parameters<'_>>(parameters) };
        match create(context, parameters) {
            // Said that it cannot go on: nobody would end it.
            Ok(object) if context.failed() => drop(object),
            Ok(object) => {
                let object = Box::into_raw(Box::new(object));
                // SAFETY: the host passes where to put the object.
                unsafe { *this = object.cast() };
            }
            Err(error) => context.fail(&error.to_string()),
        }
    })
}

/// Handles one event.
///
/// # Safety
///
/// Called by a host as the ABI says of handlers: `this` was made by [`create`] with the same `O`
/// and is in use by nobody else; the payload is an `E`.
pub unsafe fn handle<T: Template, O, E: Copy>(
    this: *mut c_void,
    context: *mut abi::Context,
    envelope: *const abi::Envelope,
    payload: *const c_void,
    handle: impl FnOnce(&mut O, &mut Context<'_, T>, E),
) -> abi::Status {
    // SAFETY: the host passes the context and the envelope of this call.
    let mut context = unsafe { Context::<T>::from_raw(context, (*envelope).connection) };
    guard(&mut context, |context| {
        // SAFETY: the caller's promise.
        let (object, event) = unsafe { (&mut *this.cast::<O>(), read::<E>(payload)) };
        handle(object, context, event);
    })
}

/// Tells of a connection.
///
/// # Safety
///
/// Called by a host as the ABI says of `connected`; `this` as for [`handle`].
pub unsafe fn connected<T: Template, O>(
    this: *mut c_void,
    context: *mut abi::Context,
    endpoint: u32,
    connection: u64,
    handle: impl FnOnce(&mut O, &mut Context<'_, T>, T::Endpoint, Connection),
) -> abi::Status {
    enter();
    let Some(endpoint) = T::endpoint_at(endpoint) else {
        return abi::INVALID;
    };
    // SAFETY: the host passes the context of this call.
    let mut context = unsafe { Context::<T>::from_raw(context, connection) };
    guard(&mut context, |context| {
        // SAFETY: the caller's promise.
        let object = unsafe { &mut *this.cast::<O>() };
        handle(object, context, endpoint, Connection(connection));
    })
}

/// Tells of the end of a connection.
///
/// # Safety
///
/// Called by a host as the ABI says of `disconnected`; `this` as for [`handle`].
pub unsafe fn disconnected<T: Template, O>(
    this: *mut c_void,
    context: *mut abi::Context,
    endpoint: u32,
    connection: u64,
    reason: u32,
    handle: impl FnOnce(&mut O, &mut Context<'_, T>, T::Endpoint, Connection, Disconnect),
) -> abi::Status {
    // SAFETY: the promises are the same.
    unsafe {
        connected(
            this,
            context,
            endpoint,
            connection,
            |object, context, endpoint, connection| {
                handle(
                    object,
                    context,
                    endpoint,
                    connection,
                    Disconnect::from_raw(reason),
                );
            },
        )
    }
}

/// Tells of an answer.
///
/// # Safety
///
/// Called by a host as the ABI says of `wake`; `this` as for [`handle`].
pub unsafe fn wake<T: Template, O>(
    this: *mut c_void,
    context: *mut abi::Context,
    token: u64,
    kind: u32,
    payload: *const c_void,
    handle: impl FnOnce(&mut O, &mut Context<'_, T>, Token, Wake<'_>),
) -> abi::Status {
    enter();
    // SAFETY: the host passes what the ABI says of `kind`, valid for the call.
    let Some(wake) = (unsafe { Wake::from_raw(kind, payload) }) else {
        return abi::OK;
    };
    // SAFETY: the host passes the context of this call.
    let mut context = unsafe { Context::<T>::from_raw(context, 0) };
    guard(&mut context, |context| {
        // SAFETY: the caller's promise.
        let object = unsafe { &mut *this.cast::<O>() };
        handle(object, context, Token(token), wake);
    })
}

/// Ends an object. If its destructor panics, what it still holds is leaked.
///
/// # Safety
///
/// `this` was made by [`create`] with the same `O`, and is not used again; the context is that of
/// this call.
pub unsafe extern "C" fn destroy<T: Template, O>(
    this: *mut c_void,
    context: *mut abi::Context,
) -> abi::Status {
    enter();
    // SAFETY: the host passes the context of this call.
    let mut context = unsafe { Context::<T>::from_raw(context, 0) };
    guard(&mut context, |_| {
        // SAFETY: the caller's promise.
        drop(unsafe { Box::from_raw(this.cast::<O>()) });
    })
}

/// Prepares the library for its host: what `attach` of a table points to.
///
/// # Safety
///
/// `host` points to a host table.
pub unsafe extern "C" fn attach(host: *const abi::Host) -> abi::Status {
    static HOOK: Once = Once::new();
    // SAFETY: the caller's promise.
    let status = unsafe { attach_linked(host) };
    if status == abi::OK {
        HOOK.call_once(install_hook);
    }
    status
}

/// As [`attach`] for libraries that are linked into their host, whose panic hook stays as it is.
///
/// # Safety
///
/// `host` points to a host table.
pub unsafe extern "C" fn attach_linked(host: *const abi::Host) -> abi::Status {
    // SAFETY: every host table starts with its size.
    let size = unsafe { (*host).size } as usize;
    if size < size_of::<abi::Host>() {
        abi::INVALID
    } else {
        abi::OK
    }
}

/// Reads a payload; one without parameters has no memory.
///
/// # Safety
///
/// `payload` points to a `T`, unless `T` has no size.
pub(crate) unsafe fn read<T: Copy>(payload: *const c_void) -> T {
    if size_of::<T>() == 0 {
        // SAFETY: values without size can be read anywhere that is aligned.
        return unsafe { NonNull::<T>::dangling().read() };
    }
    // SAFETY: the caller's promise.
    unsafe { payload.cast::<T>().read() }
}

/// Runs an author's code: a panic ends here.
pub(crate) fn guard<T: Template>(
    context: &mut Context<'_, T>,
    call: impl FnOnce(&mut Context<'_, T>),
) -> abi::Status {
    let result = catch_unwind(AssertUnwindSafe(|| call(&mut *context)));
    match result {
        Ok(()) if context.failed() => abi::FAILED,
        Ok(()) => abi::OK,
        Err(payload) => {
            report_panic(context, payload);
            abi::PANIC
        }
    }
}

#[cold]
fn report_panic<T: Template>(context: &mut Context<'_, T>, payload: Box<dyn Any + Send>) {
    context.report(Level::Error, &panic_text(&*payload));
    discard(payload);
}

/// What a panic that was just caught said, and where.
pub(crate) fn panic_text(payload: &(dyn Any + Send)) -> String {
    let message = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    match take_location() {
        Some(location) => format!("panicked at {location}: {message}"),
        None => format!("panicked: {message}"),
    }
}

/// Drops the payload of a panic, whose destructor might panic in turn.
pub(crate) fn discard(payload: Box<dyn Any + Send>) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(payload);
    }
}

thread_local! {
    /// Whether the host has called into this library on this thread.
    static HOST_THREAD: Cell<bool> = const { Cell::new(false) };
    /// Where the last panic on this thread was; a `Box` as a raw pointer, because thread-locals
    /// with destructors would keep the library from being unmapped.
    static LOCATION: Cell<*mut String> = const { Cell::new(std::ptr::null_mut()) };
}

/// Marks this thread as one of the host's: panics on it are reported, not printed. Done where it
/// costs nothing that is felt, not for each event.
pub(crate) fn enter() {
    HOST_THREAD.set(true);
}

fn install_hook() {
    let previous = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if !HOST_THREAD.get() {
            // A thread of an object's own: nobody catches this.
            previous(info);
            return;
        }
        drop(take_location());
        if let Some(location) = info.location() {
            LOCATION.set(Box::into_raw(Box::new(location.to_string())));
        }
    }));
}

fn take_location() -> Option<String> {
    let location = LOCATION.replace(std::ptr::null_mut());
    // SAFETY: what is not NULL was made by `Box::into_raw` in the hook, and is taken once.
    (!location.is_null()).then(|| *unsafe { Box::from_raw(location) })
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    /// The panic hook belongs to the process: one test at a time.
    static HOOK: Mutex<()> = Mutex::new(());

    #[test]
    fn panics_are_printed_on_threads_of_an_objects_own_only() {
        let _alone = HOOK.lock();
        static PRINTED: AtomicU32 = AtomicU32::new(0);
        std::panic::set_hook(Box::new(|_| {
            PRINTED.fetch_add(1, Ordering::Relaxed);
        }));
        install_hook();
        let panic_here = || {
            let result = catch_unwind(|| panic!("on purpose"));
            result.map_err(discard).unwrap_err();
        };
        let own = std::thread::spawn(move || {
            panic_here();
            take_location()
        });
        assert_eq!(own.join().unwrap(), None);
        assert_eq!(PRINTED.load(Ordering::Relaxed), 1);
        let host = std::thread::spawn(move || {
            enter();
            panic_here();
            take_location()
        });
        let location = host.join().unwrap().unwrap();
        assert!(location.contains("shim.rs:"), "{location}");
        assert_eq!(PRINTED.load(Ordering::Relaxed), 1);
        drop(std::panic::take_hook());
    }

    #[test]
    fn a_host_of_fewer_functions_is_refused() {
        let attached = |size: u64| {
            // SAFETY: the size is all that is read; as aligned as a table is, and little-endian
            // as all hosts are.
            unsafe { attach_linked((&raw const size).cast()) }
        };
        assert_eq!(attached(size_of::<abi::Host>() as u64), abi::OK);
        assert_eq!(attached(size_of::<abi::Host>() as u64 - 8), abi::INVALID);
    }

    #[test]
    fn a_payload_whose_destructor_panics_is_left() {
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                panic!("in the destructor");
            }
        }
        let _alone = HOOK.lock();
        discard(Box::new(Bomb));
    }
}
