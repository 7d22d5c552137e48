//! The type language as text: syntax trees, the parser and the printer.
//!
//! `print(parse(text))` is canonical and `parse(print(file))` gives the same tree but for spans.

mod ast;
mod cursor;
mod lexis;
mod names;
mod parse;
mod print;
#[cfg(test)]
pub(crate) mod tests;

pub use ast::{
    Alias, Bound, Constraint, ConstraintRole, Default, Direction, Endpoint, EndpointMember, Enum,
    Event, EventParameter, Field, File, Ident, Item, Kind, Object, ObjectEndpoint, Record,
    Template, TypeExpr, TypeParameter, Use, ValueParameter, Variant, VariantCase,
};
pub(crate) use cursor::{MAX_FAULTS, quoted};
pub use names::{is_built_in, is_reserved_event};
pub(crate) use parse::read_file;
pub use parse::{parse_file, parse_type};
pub use print::{Brackets, print_file, print_item, print_type};
