//! The definitions that every text may use.

use std::sync::OnceLock;

use super::reader::definitions;
use super::syntax::Define;

/// The file of the standard definitions.
pub(super) const TEXT: &str = include_str!("../standard.temporal");

/// The standard definitions.
pub(super) fn standard() -> &'static [Define<'static>] {
    static STANDARD: OnceLock<Vec<Define<'static>>> = OnceLock::new();
    STANDARD.get_or_init(|| definitions(TEXT).expect("because a test reads the file"))
}

/// The names of the standard definitions, each of which can be used alone, in the order of their
/// file.
pub fn standard_names() -> impl Iterator<Item = &'static str> {
    standard().iter().map(|define| define.name.text())
}

/// Whether a standard definition has this name.
pub(crate) fn is_standard(name: &str) -> bool {
    standard_names().any(|known| known == name)
}
