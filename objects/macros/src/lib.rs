//! Code generation of the liveobj SDK: from a library's types to Rust types, traits and tables.
//! Authors reach it through `liveobj_sdk`, which documents what is generated.

mod generate;
mod input;
mod live_object;
mod load;
mod names;
mod state;
mod template;
#[cfg(test)]
mod tests;
mod values;
mod wire;

use std::path::Path;

use proc_macro::TokenStream;

/// Generates a library from its types; once, at the root of the crate.
///
/// - `library!("types.lot", name = "example:clock")`: the file is found from the crate's root
///   (where `Cargo.toml` is); its `use` lines name `liveobj:standard`, or files inside the crate.
///   Add `threads` where objects run threads of their own.
/// - `library!(…, formalisms = [Rates, Levels])`: also adds the formalisms that these types
///   implement.
/// - `library!(…, linked)`: for a crate that is linked into its host: nothing is exported, instead
///   there are `fn library()` and `const MANIFEST`.
/// - `library!(standard, linked)`: the standard library.
#[proc_macro]
pub fn library(input: TokenStream) -> TokenStream {
    let arguments = syn::parse_macro_input!(input as input::Arguments);
    let generated = match std::env::var_os("CARGO_MANIFEST_DIR") {
        Some(root) => generate::library(&arguments, Path::new(&root)),
        None => {
            let message = "`library!` is built by cargo, which says where the crate is";
            Err(syn::Error::new(arguments.span, message))
        }
    };
    generated
        .unwrap_or_else(|error| error.to_compile_error())
        .into()
}

/// Makes a type the live object of a template: `#[live_object(template::stamper)]` on its `impl
/// template::stamper for …`.
#[proc_macro_attribute]
pub fn live_object(arguments: TokenStream, item: TokenStream) -> TokenStream {
    live_object::expand(arguments.into(), item.into())
        .unwrap_or_else(|error| error.to_compile_error())
        .into()
}
