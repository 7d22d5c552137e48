//! Parser.

use std::sync::Arc;

use super::{File, TypeExpr};
use crate::diagnostic::Diagnostic;
use crate::source::Source;

/// Reads a whole text.
///
/// # Errors
///
/// One diagnostic per fault found, each with the place and what was expected there.
pub fn parse_file(source: &Arc<Source>) -> Result<File, Vec<Diagnostic>> {
    let _ = source;
    todo!("syntax helper")
}

/// Reads one type expression (both bracket styles), which must be all of the text.
///
/// # Errors
///
/// As [`parse_file`].
pub fn parse_type(source: &Arc<Source>) -> Result<TypeExpr, Vec<Diagnostic>> {
    let _ = source;
    todo!("syntax helper")
}
