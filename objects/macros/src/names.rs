//! Names of the type language as names of Rust.

use proc_macro2::{Ident, Span};

/// A name as an identifier: `type` becomes `r#type`, and what Rust refuses even so, or `taken`
/// holds, gets an underscore.
pub fn ident(name: &str, taken: &[&str]) -> Ident {
    if !taken.contains(&name) {
        if let Ok(ident) = syn::parse_str::<Ident>(name) {
            return ident;
        }
        if !matches!(name, "self" | "Self" | "super" | "crate" | "_") {
            return Ident::new_raw(name, Span::call_site());
        }
    }
    Ident::new(&format!("{name}_"), Span::call_site())
}

/// A name in camel case: `checkpoint_wanted` becomes `CheckpointWanted`.
pub fn camel(name: &str) -> Ident {
    let mut camel = String::new();
    for word in name.split('_') {
        let mut letters = word.chars();
        camel.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        camel.push_str(letters.as_str());
    }
    if !camel.starts_with(|first: char| first.is_ascii_alphabetic()) {
        camel.insert(0, '_');
    }
    ident(&camel, &["_"])
}

/// A type's name with its arguments as one word: `Pair<string, u32>` becomes `Pair_string_u32`.
pub fn word(name: &str) -> String {
    let mut word = String::new();
    for c in name.chars() {
        if c.is_ascii_alphanumeric() || c == '_' {
            word.push(c);
        } else if !word.ends_with('_') {
            word.push('_');
        }
    }
    if name.ends_with('>') {
        word.pop();
    }
    if word.is_empty() {
        "Anonymous".to_owned()
    } else {
        word
    }
}
