//! The dialect of the Live Objects platform of 2009, the .NET programs that the thesis describes.
//!
//! - [`document`]: its reference documents, read as the original read them.
//! - [`Id`] and [`QualifiedId`]: how it named types and components.
//! - [`catalog`]: the types and components that it came with, as generated data.
//! - [`library`]: the same as a type library.
//! - [`read`]: documents as references of today; [`convert`] alone, of what was read already.
//! - [`strict`]: what its loader said of a document.

#![forbid(unsafe_code)]

pub mod catalog;
mod convert;
pub mod document;
mod id;
mod library;
mod names;
#[cfg(test)]
mod pairs_tests;
mod reading;
pub mod strict;

pub use convert::{Converted, convert};
pub use id::{Id, InvalidId, QualifiedId};
pub use library::{LIBRARY_NAME, library};
pub use reading::{Decoded, NotText, decode_text, read};
