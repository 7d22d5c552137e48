//! `#[live_object(template::stamper)]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{ItemImpl, Path};

/// The implementation as it stands, and the link from the template to the type.
pub fn expand(arguments: TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
    let usage = "name the template with its module: `#[live_object(template::stamper)]`";
    let path: Path =
        syn::parse2(arguments.clone()).map_err(|error| syn::Error::new(error.span(), usage))?;
    let implementation: ItemImpl = syn::parse2(item)?;
    if implementation.trait_.is_none() {
        let message = "`#[live_object]` stands on `impl template::NAME for YourType`";
        return Err(syn::Error::new_spanned(&implementation.self_ty, message));
    }
    if !implementation.generics.params.is_empty() {
        let message = "a live object's type has no parameters";
        return Err(syn::Error::new_spanned(&implementation.generics, message));
    }
    let mut segments: Vec<_> = path.segments.iter().collect();
    let Some(name) = segments.pop().filter(|_| !segments.is_empty()) else {
        return Err(syn::Error::new_spanned(&path, usage));
    };
    let leading = path.leading_colon;
    let object = &implementation.self_ty;
    Ok(quote! {
        #implementation

        impl ::liveobj_sdk::Implemented for #leading #(#segments::)* __templates::#name {
            const TABLE: ::liveobj_sdk::ObjectTable<Self> = Self::__table::<#object>();
        }
    })
}
