//! Saving and loading in a test.

use liveobj_abi as abi;

use super::{Harness, host};
use crate::save::Stateful;
use crate::wire::Wire;

impl<T: Stateful> Harness<T> {
    /// Makes an object from a state.
    ///
    /// # Errors
    ///
    /// `load` failed or panicked: what was reported.
    pub fn load(parameters: T::Parameters<'_>, state: T::State<'_>) -> Result<Harness<T>, String> {
        let load = T::OBJECT.load.expect("because a table with a state has it");
        Harness::begin(|context, this| {
            // SAFETY: the table is that of `T`, called as the ABI says.
            unsafe {
                load(
                    context,
                    (&raw const parameters).cast(),
                    (&raw const state).cast(),
                    this,
                )
            }
        })
    }

    /// Saves the object: the state, through its wire form and back.
    ///
    /// # Panics
    ///
    /// `save` failed or panicked, or the state has values of type parameters in it, which cannot be
    /// read back without knowing the type: see [`Harness::save_bytes`].
    pub fn save(&mut self) -> T::State<'static> {
        let bytes = self.save_bytes();
        let mut rest = bytes.as_slice();
        let state = <T::State<'static>>::decode(&mut rest);
        assert!(rest.is_empty(), "the whole of it is one state");
        state.expect("because what was saved is a state, and no value of a type parameter")
    }

    /// Saves the object: the wire form of its state, which is what a host keeps.
    ///
    /// # Panics
    ///
    /// `save` failed or panicked.
    pub fn save_bytes(&mut self) -> Vec<u8> {
        let save = T::OBJECT.save.expect("because a table with a state has it");
        let mut wire = abi::Slice::EMPTY;
        // SAFETY: the table is that of `this`, called as the ABI says.
        let status = unsafe { save(self.this, self.context(), &raw mut wire) };
        assert_eq!(status, abi::OK, "{:?}", self.take_reports());
        // SAFETY: the object wrote bytes in a block of this host, which are never freed.
        unsafe { host::bytes(wire) }.to_vec()
    }

    /// The object's own digest of its state; `None` if it is that of the bytes that are saved.
    ///
    /// # Panics
    ///
    /// The digest could not be made.
    pub fn digest(&mut self) -> Option<[u8; 32]> {
        let digest = T::OBJECT.digest?;
        let mut out = [0; 32];
        // SAFETY: the table is that of `this`, called as the ABI says.
        let status = unsafe { digest(self.this, self.context(), out.as_mut_ptr()) };
        assert_eq!(status, abi::OK, "{:?}", self.take_reports());
        Some(out)
    }
}
