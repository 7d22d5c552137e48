//! Constraint formalisms for live object types.

#![forbid(unsafe_code)]

use liveobj_types::Formalisms;

/// All formalisms of this crate.
pub fn builtin() -> Formalisms {
    Formalisms::none()
}
