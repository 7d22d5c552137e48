//! The type language as text: syntax trees, the parser, the printer and the formatter.
//!
//! `print(parse(text))` is canonical and `parse(print(file))` gives the same tree but for spans.

mod ast;
mod cursor;
mod format;
mod layout;
mod lexis;
mod lost;
mod names;
mod parse;
mod print;
#[cfg(test)]
pub(crate) mod tests;
mod written;

pub use ast::{
    Alias, Bound, Constraint, ConstraintRole, Default, Direction, Endpoint, EndpointMember, Enum,
    Event, EventParameter, Field, File, Ident, Item, Kind, Object, ObjectEndpoint, Record,
    Template, TypeExpr, TypeParameter, Use, ValueParameter, Variant, VariantCase,
};
pub use cursor::is_type_text;
pub(crate) use cursor::{MAX_FAULTS, quoted};
pub use format::{format_file, format_type};
pub(crate) use lost::Lost;
pub use names::{is_built_in, is_reserved_event};
pub(crate) use parse::read_file;
pub use parse::{parse_file, parse_type};
pub use print::{Brackets, print_file, print_item, print_type};
