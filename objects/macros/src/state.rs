//! The state of a template's objects: its type, and the methods and functions that save and load.

use liveobj_types::ValueId;
use proc_macro2::{Ident, TokenStream};
use quote::quote;

use crate::template::Declared;
use crate::values::{From, Values, docs};

/// Items of the template's module.
pub fn module(values: &mut Values<'_>, declared: &Declared<'_>, state: ValueId) -> TokenStream {
    let ty = values.ty(state, From::Template, &quote!('a));
    let fixed = values.ty(state, From::Template, &quote!('static));
    values.enter(state, &fixed);
    let text = docs(&[format!(
        "The state of the objects of template `{}`.",
        declared.signature.name
    )]);
    quote! {
        #text
        pub type State<'a> = #ty;

        /// Where an object of this template puts its state.
        pub type Save<'a> = ::liveobj_sdk::Save<'a, Template>;

        // SAFETY: generated from the declaration; the table of layouts is compared with layout 1
        // when this is compiled.
        unsafe impl ::liveobj_sdk::Stateful for Template {
            type State<'a> = State<'a>;
        }
    }
}

/// Members of the trait.
pub fn contract(name: &Ident) -> TokenStream {
    quote! {
        /// Makes an object that goes on where the saved one was.
        ///
        /// # Errors
        ///
        /// Whatever stands in the way.
        fn load(
            context: &mut super::#name::Context<'_>,
            parameters: super::#name::Parameters<'_>,
            state: super::#name::State<'_>,
        ) -> ::core::result::Result<Self, ::liveobj_sdk::CreateError>;

        /// Saves the state: `save.state(…)`.
        fn save(&self, save: super::#name::Save<'_>) -> ::liveobj_sdk::Saved;

        /// Digest of the state, for objects whose equal states are not always saved as equal bytes,
        /// or of which a digest is had for less. Without one it is the SHA-256 of what is saved.
        const DIGEST: ::core::option::Option<fn(&Self) -> [u8; 32]> = ::core::option::Option::None;
    }
}

/// The part of the table that has to do with state: the fields, and the functions that they name.
pub struct StateTable {
    pub fields: TokenStream,
    pub functions: TokenStream,
}

/// The table of a template whose objects have no state.
pub fn no_table() -> StateTable {
    StateTable {
        fields: quote!(load: None, save: None, digest: None,),
        functions: TokenStream::new(),
    }
}

/// The table of a template whose objects have a state.
pub fn table() -> StateTable {
    let fields = quote! {
        load: Some(Self::load),
        save: Some(Self::save),
        digest: match O::DIGEST {
            Some(_) => Some(Self::digest),
            None => None,
        },
    };
    let functions = quote! {
        unsafe extern "C" fn load(
            context: *mut abi::Context,
            parameters: *const c_void,
            state: *const c_void,
            this: *mut *mut c_void,
        ) -> abi::Status {
            // SAFETY: the host calls it as the ABI says, for this template.
            unsafe {
                generated::load::<super::Template, O>(
                    context, parameters, state, this,
                    |context, parameters, state| Live::load(context, parameters, state),
                )
            }
        }

        unsafe extern "C" fn save(
            this: *mut c_void,
            context: *mut abi::Context,
            wire: *mut abi::Slice,
        ) -> abi::Status {
            // SAFETY: the host calls it as the ABI says, for an object of this table.
            unsafe {
                generated::save::<super::Template, O>(
                    this, context, wire,
                    |object, save| Live::save(object, save),
                )
            }
        }

        unsafe extern "C" fn digest(
            this: *mut c_void,
            context: *mut abi::Context,
            out: *mut u8,
        ) -> abi::Status {
            let Some(digest) = O::DIGEST else {
                return abi::INVALID;
            };
            // SAFETY: the host calls it as the ABI says, for an object of this table.
            unsafe { generated::digest::<super::Template, O>(this, context, out, digest) }
        }
    };
    StateTable { fields, functions }
}
