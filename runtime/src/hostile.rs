//! Entry points to readers of what comes from outside, for `liveobj-hostile`: each function says
//! what must be true of any bytes, and panics where it is not. Not part of the public interface.

pub use crate::boundary::hostile::payload;
pub use crate::edge::links::frame;
pub use crate::facts::hostile_entry as fact;
pub use crate::sim::trace;
pub use crate::state::stored;
