//! Formatting: a text as the printer lays it out, with its comments.

use std::sync::Arc;

use super::ast::File;
use super::parse::{parse_file, parse_tokens, parse_type};
use super::print::{Brackets, print_type, print_written};
use super::written::Written;
use crate::diagnostic::Diagnostic;
use crate::source::Source;

/// Lays a text of the type language out as [`print_file`] does, and keeps what the syntax tree does
/// not say: comments, single empty lines, the order of members, how strings and defaults are
/// written, and whether what stands in braces or parentheses began a line of its own. The result
/// means the same, and formatting it again changes nothing. Every line is `indent` columns further right,
/// but for those inside strings and defaults. Takes time in proportion to the text.
///
/// # Errors
///
/// As [`parse_file`].
///
/// [`print_file`]: super::print_file
pub fn format_file(
    source: &Arc<Source>,
    brackets: Brackets,
    indent: usize,
) -> Result<String, Vec<Diagnostic>> {
    let (file, tokens) = parse_tokens(source)?;
    let written = Written::new(&source.text, tokens);
    let text = print_written(&file, written, brackets, indent);
    debug_assert_eq!(reread(source, &text).as_ref(), Ok(&file), "{text}");
    Ok(text)
}

fn reread(source: &Source, text: &str) -> Result<File, Vec<Diagnostic>> {
    parse_file(&Source::new(source.name.as_str(), text))
}

/// Writes a type expression on one line, with brackets of one style. One that holds a comment
/// stays as it is.
///
/// # Errors
///
/// As [`parse_type`].
pub fn format_type(source: &Arc<Source>, brackets: Brackets) -> Result<String, Vec<Diagnostic>> {
    let ty = parse_type(source)?;
    // Type expressions hold no strings, so that two strokes begin a comment.
    match source.text.contains("//") {
        true => Ok(source.text.clone()),
        false => Ok(print_type(&ty, brackets)),
    }
}
