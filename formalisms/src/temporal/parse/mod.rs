//! The notation of `temporal`.

mod definitions;
mod elaborate;
mod english;
mod events;
mod lexer;
mod lift;
mod places;
mod reader;
mod sorts;
mod standard;
mod syntax;
#[cfg(test)]
mod tests;
mod words;

use liveobj_types::formalism::{ParseError, Structure};

use super::formula::Sentence;

pub(super) use lexer::is_plain;
pub(super) use standard::is_standard;
pub use standard::standard_names;

/// Operators and brackets that may stand inside each other.
const MAX_DEPTH: usize = 256;
/// Operators, events and uses of definitions that come out of the definitions of one text.
const MAX_EXPANSION: usize = 20_000;

/// What the names in a text are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Atoms {
    /// Events, of which one at most happens at a position.
    Events,
    /// Propositions of ordinary linear temporal logic, any set of which may hold at a position.
    Independent,
}

/// Reads a text: definitions, then quantifiers, then a formula or an English sentence.
///
/// # Errors
///
/// The place in `text` and what was expected there.
pub(super) fn parse(
    text: &str,
    structure: &Structure,
    atoms: Atoms,
) -> Result<Sentence, ParseError> {
    let read = reader::read(text, structure, atoms)?;
    elaborate::sentence(text, &read, structure, atoms)
}
