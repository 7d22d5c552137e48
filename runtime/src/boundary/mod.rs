//! Payload memory: values in layout 1, made, read, copied and converted.
//!
//! A value's type is given as a [`Viewed`] pair: as the object declares it (its type parameters
//! stay parameters, which are opaque memory) and with the parameters substituted. [`Payload`]s
//! and [`Conversion`]s are built from two such pairs when a connection is made, hold all they
//! need, and may be used on any thread.
//!
//! Memory that an object hands over is checked as far as it can be: flags, tags, characters,
//! lengths, alignment, null, and that text that is encoded is UTF-8. A [`Conversion::Lend`] checks
//! nothing, since it touches nothing: what objects emit that no compiler vouches for is checked
//! first, as their [`Trust`] says.
#![allow(unsafe_code, reason = "payloads are C memory")]

mod arena;
mod block;
pub(crate) mod calls;
mod check;
mod convert;
#[cfg(any(test, feature = "hostile"))]
mod convert_data;
mod emit;
mod formalism;
#[cfg(any(test, feature = "hostile"))]
mod generate;
pub(crate) mod host;
#[cfg(feature = "hostile")]
pub(crate) mod hostile;
mod machine;
pub mod measure;
pub(crate) mod memory;
mod moves;
pub(crate) mod native;
mod payload;
mod peers;
mod probe;
pub(crate) mod queue;
mod receiver;
mod reflect;
pub(crate) mod roster;
mod scalar;
mod shape;
mod sync;
mod wake;
mod walk;
mod wire;

pub(crate) use arena::Scratch;
pub(crate) use check::{Misfit, Trust};
pub(crate) use convert::Conversion;
#[cfg(any(test, feature = "hostile"))]
pub(crate) use convert_data::convert_data;
pub(crate) use formalism::{FormalismCode, FormulaHandle, NotRead};
pub(crate) use payload::{OwnedPayload, Payload};
pub(crate) use shape::{PayloadFault, Viewed};

#[cfg(test)]
pub(crate) mod tests;
