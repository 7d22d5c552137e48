//! Printer.

use super::{File, Item, TypeExpr};

/// How type arguments are bracketed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Brackets {
    /// `A<B>`, in `.lot` texts.
    Angle,
    /// `A[B]`, inside XML and JSON.
    Square,
}

/// Prints a whole file in canonical form.
pub fn print_file(file: &File) -> String {
    let _ = file;
    todo!("syntax helper")
}

/// Prints one item in canonical form, with its doc comments.
pub fn print_item(item: &Item) -> String {
    let _ = item;
    todo!("syntax helper")
}

/// Prints a type expression.
pub fn print_type(ty: &TypeExpr, brackets: Brackets) -> String {
    let _ = (ty, brackets);
    todo!("syntax helper")
}
