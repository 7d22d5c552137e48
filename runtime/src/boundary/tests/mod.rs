//! Payload memory against the slow and obvious forms of the same.

mod faults;
mod properties;
pub(crate) mod shared;
mod unique;
