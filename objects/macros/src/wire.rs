//! The wire form of records and variants.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;

use crate::names;

/// That of a record: its fields in name order.
pub fn record(name: &Ident, lifetime: Option<&TokenStream>, fields: &[&str]) -> TokenStream {
    let mut fields = fields.to_vec();
    fields.sort_unstable();
    let fields: Vec<Ident> = fields
        .iter()
        .map(|field| names::ident(field, &[]))
        .collect();
    let construct = if fields.is_empty() {
        quote!(#name)
    } else {
        // Evaluated in the order in which they are written.
        quote!(#name { #(#fields: Wire::decode(bytes)?),* })
    };
    implementation(
        name,
        lifetime,
        &quote!(#(Wire::encode(self.#fields, bytes);)*),
        &quote!(Some(#construct)),
    )
}

/// That of a variant: the tag, and what the case carries. `cases` are in name order, with whether
/// they carry something.
pub fn variant(
    name: &Ident,
    lifetime: Option<&TokenStream>,
    cases: &[(Ident, bool)],
) -> TokenStream {
    let (mut encoded, mut decoded) = (TokenStream::new(), TokenStream::new());
    for (tag, (case, carries)) in cases.iter().enumerate() {
        let tag = Literal::u32_unsuffixed(tag as u32);
        if *carries {
            encoded.extend(quote! {
                #name::#case(value) => {
                    Wire::encode(#tag as u32, bytes);
                    Wire::encode(value, bytes);
                }
            });
            decoded.extend(quote!(#tag => #name::#case(Wire::decode(bytes)?),));
        } else {
            encoded.extend(quote!(#name::#case => Wire::encode(#tag as u32, bytes),));
            decoded.extend(quote!(#tag => #name::#case,));
        }
    }
    implementation(
        name,
        lifetime,
        &quote!(match self { #encoded }),
        &quote! {
            Some(match <u32 as Wire>::decode(bytes)? {
                #decoded
                _ => return None,
            })
        },
    )
}

fn implementation(
    name: &Ident,
    lifetime: Option<&TokenStream>,
    encode: &TokenStream,
    decode: &TokenStream,
) -> TokenStream {
    quote! {
        const _: () = {
            use ::liveobj_sdk::generated::Wire;

            impl #lifetime Wire for #name #lifetime {
                fn encode(self, bytes: &mut ::std::vec::Vec<u8>) {
                    #encode
                }

                fn decode(bytes: &mut &[u8]) -> ::core::option::Option<Self> {
                    #decode
                }
            }
        };
    }
}
