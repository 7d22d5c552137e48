//! Code generation of the liveobj SDK.

use proc_macro::TokenStream;

/// Generates.
#[proc_macro]
pub fn library(_: TokenStream) -> TokenStream {
    TokenStream::new()
}

/// Marks.
#[proc_macro_attribute]
pub fn live_object(_: TokenStream, item: TokenStream) -> TokenStream {
    item
}
