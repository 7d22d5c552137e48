//! Saving the state of an object and making an object from it.

use std::ffi::c_void;
use std::marker::PhantomData;

use liveobj_abi as abi;

use crate::context::Context;
use crate::error::CreateError;
use crate::shim::{create, enter, guard, read};
use crate::template::Template;
use crate::testing::Copied;
use crate::wire::Wire;

/// A template whose objects have a `state`; generated.
///
/// # Safety
///
/// `State` lies as layout 1 says.
pub unsafe trait Stateful: Template {
    /// The state.
    type State<'a>: Wire + Copied;
}

/// Where an object puts its state when it is saved.
pub struct Save<'a, T: Stateful> {
    bytes: &'a mut Vec<u8>,
    template: PhantomData<T>,
}

impl<T: Stateful> Save<'_, T> {
    /// Saves this state. It is copied: what it lends need not live longer than the call.
    ///
    /// # Panics
    ///
    /// A text, list or map in it has more than 2³² - 1 elements.
    pub fn state(self, state: T::State<'_>) -> Saved {
        state.encode(self.bytes);
        Saved(())
    }
}

impl<T: Stateful> std::fmt::Debug for Save<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Save")
            .field("template", &T::NAME)
            .finish_non_exhaustive()
    }
}

/// Says that a state was saved: what [`Save::state`] answers.
#[derive(Debug)]
pub struct Saved(());

/// Makes an object from a state.
///
/// # Safety
///
/// Called by a host as the ABI says of `load`, for a table of template `T` and object `O`.
pub unsafe fn load<T: Stateful, O>(
    context: *mut abi::Context,
    parameters: *const c_void,
    state: *const c_void,
    this: *mut *mut c_void,
    load: impl FnOnce(&mut Context<'_, T>, T::Parameters<'_>, T::State<'_>) -> Result<O, CreateError>,
) -> abi::Status {
    // SAFETY: the promises are those of `create`; the host passes a state of this template, lent
    // for the call.
    unsafe {
        create::<T, O>(context, parameters, this, |context, parameters| {
            load(context, parameters, read::<T::State<'_>>(state))
        })
    }
}

/// Saves the state of an object.
///
/// # Safety
///
/// Called by a host as the ABI says of `save`: `this` was made by [`create`] or [`load`] with the
/// same `O`, and is in use by nobody else.
pub unsafe fn save<T: Stateful, O>(
    this: *mut c_void,
    context: *mut abi::Context,
    wire: *mut abi::Slice,
    save: impl FnOnce(&O, Save<'_, T>) -> Saved,
) -> abi::Status {
    enter();
    // SAFETY: the host passes the context of this call.
    let mut context = unsafe { Context::<T>::from_raw(context, 0) };
    guard(&mut context, |context| {
        let mut bytes = Vec::new();
        // SAFETY: the caller's promise.
        let object = unsafe { &*this.cast::<O>() };
        let Saved(()) = save(
            object,
            Save {
                bytes: &mut bytes,
                template: PhantomData,
            },
        );
        match context.block(&bytes) {
            // SAFETY: the host passes where to put the bytes.
            Some(saved) => unsafe { *wire = saved },
            None => context.fail("its state is too large to be saved"),
        }
    })
}

/// Gives the digest of an object's state.
///
/// # Safety
///
/// As [`save()`]; `out` has room for 32 bytes.
pub unsafe fn digest<T: Stateful, O>(
    this: *mut c_void,
    context: *mut abi::Context,
    out: *mut u8,
    digest: fn(&O) -> [u8; 32],
) -> abi::Status {
    enter();
    // SAFETY: the host passes the context of this call.
    let mut context = unsafe { Context::<T>::from_raw(context, 0) };
    guard(&mut context, |_| {
        // SAFETY: the caller's promise.
        let digest = digest(unsafe { &*this.cast::<O>() });
        // SAFETY: the host passes room for 32 bytes.
        unsafe { out.cast::<[u8; 32]>().write(digest) };
    })
}
