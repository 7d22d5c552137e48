//! The dialect of the Live Objects platform of 2009, the .NET programs that the thesis describes.
//!
//! - [`document`]: its reference documents, read as the original read them.
//! - [`Id`] and [`QualifiedId`]: how it named types and components.
//! - [`catalog`]: the types and components that it came with, as generated data.

#![forbid(unsafe_code)]

pub mod catalog;
pub mod document;
mod id;

pub use id::{Id, InvalidId, QualifiedId};
