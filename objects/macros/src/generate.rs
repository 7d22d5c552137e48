//! The whole of a library.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use liveobj_manifest::Manifest;
use liveobj_types::resolve::Environment;
use liveobj_types::syntax::Item;
use liveobj_types::types::{Origin, Value};
use liveobj_types::{Module, Place, TypeId, Types, ValueId};
use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};

use crate::input::Arguments;
use crate::load::{Loaded, load, refuse};
use crate::names;
use crate::template::{Declared, generate};
use crate::values::{Values, docs};

/// ABI that tables are generated for.
const ABI: [u16; 2] = [0, 1];

/// Generates everything that `library!` stands for. Paths start from `root`, the crate's folder.
pub fn library(arguments: &Arguments, root: &Path) -> syn::Result<TokenStream> {
    let Loaded {
        module,
        mut types,
        files,
    } = load(arguments, root)?;
    let mut declared = BTreeMap::new();
    for item in &module.file.items {
        let Item::Template(declaration) = item else {
            continue;
        };
        let signature = match types.template(&module, declaration, &Environment::new()) {
            Ok(signature) => signature,
            Err(findings) => {
                refuse(arguments, &findings)?;
                continue;
            }
        };
        let fields: BTreeMap<String, ValueId> = signature
            .value_parameters
            .iter()
            .map(|parameter| (parameter.name.clone(), parameter.ty))
            .collect();
        let record = Value::Record {
            fields,
            open: false,
        };
        let parameters = types.add_value(record, Origin::default());
        declared.insert(
            signature.name.clone(),
            Declared {
                declaration,
                signature,
                parameters,
            },
        );
    }

    let objects = object_types(&module, &mut types);
    let mut values = Values::new(&module, &types);
    let (mut modules, mut contracts) = (TokenStream::new(), TokenStream::new());
    let mut declarations = TokenStream::new();
    let mut names = Vec::new();
    for declared in declared.values() {
        let generated = generate(&module, &types, &mut values, declared);
        // Types that are named here are declared here, so that what is wrong with them is, too.
        declarations.extend(values.declarations());
        let generated = generated.and_then(|generated| values.checked(generated));
        let generated = generated.map_err(|reason| {
            let place = Place::new(&module.source, declared.declaration.name.span);
            syn::Error::new(arguments.span, format!("{place}: {reason}"))
        })?;
        modules.extend(generated.module);
        contracts.extend(generated.contract);
        names.push(generated.name);
    }
    let layouts = layouts(&values);
    let manifest = Manifest {
        name: arguments.name.clone(),
        version: std::env::var("CARGO_PKG_VERSION").unwrap_or_else(|_| "0.0.0".to_owned()),
        abi: ABI,
        panic: String::new(),
        target: String::new(),
        threads: arguments.threads,
        sdk: liveobj_manifest::SDK.to_owned(),
        templates: declared.keys().cloned().collect(),
        formalisms: Vec::new(),
        types: module.closed_text(),
    };
    let exports = exports(arguments, &manifest, &names);
    let formalisms = arguments.formalisms.iter().enumerate();
    let formalisms = formalisms.map(|(number, path)| {
        let alias = alias(number);
        quote!(
            #[allow(non_camel_case_types)]
            type #alias = #path;
        )
    });
    let linked = arguments.linked.then(|| {
        quote!(
            pub use __liveobj::{MANIFEST, library};
        )
    });
    let tracked = files.iter().filter_map(|file| file.to_str());
    let allowed = quote! {
        #[allow(
            dead_code,
            missing_docs,
            non_camel_case_types,
            non_snake_case,
            unsafe_code,
            clippy::all,
            clippy::pedantic,
            clippy::undocumented_unsafe_blocks,
        )]
    };
    Ok(quote! {
        /// The value types of this library.
        #allowed
        pub mod types {
            #declarations
            #objects
        }

        /// One trait for each template of this library.
        #allowed
        pub mod template {
            #contracts

            #[doc(hidden)]
            pub mod __templates {
                #(pub use super::super::#names::Template as #names;)*
            }
        }

        #allowed
        mod __modules {
            use super::{template, types};
            #modules
        }
        pub use __modules::{#(#names),*};

        #linked

        #(#formalisms)*

        #allowed
        mod __liveobj {
            use ::liveobj_sdk::{abi, generated};

            // Built again when the types change.
            #(const _: &[u8] = include_bytes!(#tracked);)*

            #layouts
            #exports
        }
    })
}

/// A marker for each object type without parameters that has a name here, to be cast to.
fn object_types(module: &Arc<Module>, types: &mut Types) -> TokenStream {
    let mut markers = TokenStream::new();
    for item in &module.file.items {
        let (doc, named) = match item {
            Item::Object(object) if object.parameters.is_empty() => (&object.doc, &object.name),
            Item::Alias(alias) if alias.parameters.is_empty() => {
                let none = Environment::new();
                let target = types.resolve(module, &module.source, &alias.target, &none);
                if !matches!(target, Ok(TypeId::Object(_))) {
                    continue;
                }
                (&alias.doc, &alias.name)
            }
            _ => continue,
        };
        markers.extend(object_type(&named.name, &[], &docs(doc)));
    }
    markers
}

/// A marker for an object type of this name, where Rust has the names `taken` already.
pub(crate) fn object_type(text: &str, taken: &[&str], doc: &TokenStream) -> TokenStream {
    let name = names::ident(text, taken);
    quote! {
        #doc
        #[derive(Debug)]
        pub enum #name {}

        impl ::liveobj_sdk::ObjectType for #name {
            const NAME: &'static str = #text;
        }
    }
}

fn layouts(values: &Values<'_>) -> TokenStream {
    let entries = values.entries();
    quote! {
        const ENTRIES: &[abi::LayoutEntry] = &[#(#entries),*];

        static LAYOUTS: abi::Layouts = abi::Layouts {
            size: ::core::mem::size_of::<abi::Layouts>() as u32,
            entry_size: ::core::mem::size_of::<abi::LayoutEntry>() as u32,
            count: ENTRIES.len() as u64,
            entries: ENTRIES.as_ptr(),
        };
    }
}

/// What a type that implements a formalism is called where the tables are.
fn alias(number: usize) -> Ident {
    format_ident!("__Formalism{number}")
}

/// What is generated of the formalisms.
struct Formalisms {
    /// Parts of the manifest's JSON.
    entries: Vec<TokenStream>,
    /// The tables.
    statics: Vec<TokenStream>,
    /// Pointers to them.
    tables: Vec<TokenStream>,
}

impl Formalisms {
    fn new(arguments: &Arguments, version: &str) -> Formalisms {
        let mut all = Formalisms {
            entries: Vec::new(),
            statics: Vec::new(),
            tables: Vec::new(),
        };
        for number in 0..arguments.formalisms.len() {
            let (ty, table) = (alias(number), format_ident!("FORMALISM_{number}"));
            let digits = format_ident!("FORMALISM_ID_{number}");
            let start = if number == 0 { "" } else { "," };
            let start = format!(r#"{start}{{"name":""#);
            let end = format!(r#"","version":"{version}"}}"#);
            all.entries.push(quote! {
                #start,
                generated::name::<super::#ty>(),
                r#"","id":""#,
                generated::text(#digits),
                #end,
            });
            all.statics.push(quote! {
                const #digits: &[u8; 32] = &generated::id::<super::#ty>();
                static #table: abi::Formalism = generated::table::<super::#ty>();
            });
            all.tables.push(quote!(&raw const #table));
        }
        all
    }
}

fn exports(arguments: &Arguments, manifest: &Manifest, names: &[Ident]) -> TokenStream {
    let json = manifest.json();
    // Known only when the library is compiled; nothing before them can hold such text, since
    // quotes inside of strings are escaped.
    let (before, rest) = json
        .split_once(r#""panic":"","target":"""#)
        .expect("the manifest has these fields, and they are empty");
    let before = format!(r#"{before}"panic":""#);
    let (between, after) = rest
        .split_once(r#""formalisms":["#)
        .expect("the manifest has this field");
    let between = format!(r#""{between}"formalisms":["#);
    let formalisms = &Formalisms::new(arguments, &manifest.version);
    let (entries, statics) = (&formalisms.entries, &formalisms.statics);
    let formalism_tables = &formalisms.tables;
    let formalism_count = Literal::u32_unsuffixed(arguments.formalisms.len() as u32);
    let types = &manifest.types;
    let count = Literal::u32_unsuffixed(names.len() as u32);
    let [major, minor] = ABI;
    let attach = if arguments.linked {
        quote!(generated::attach_linked)
    } else {
        quote!(generated::attach)
    };
    let shared = quote! {
        const JSON: &[&str] = &[
            #before,
            if cfg!(panic = "unwind") { "unwind" } else { "abort" },
            "\",\"target\":\"",
            ::std::env::consts::ARCH,
            "-",
            ::std::env::consts::OS,
            #between,
            #(#entries)*
            #after,
        ];
        const TYPES: &str = #types;
        const LENGTH: usize = generated::manifest_length(JSON, TYPES);

        const OBJECTS: &[*const abi::Object] = &[
            #(<super::#names::Template as ::liveobj_sdk::Template>::OBJECT as *const abi::Object),*
        ];

        #(#statics)*
        const FORMALISMS: &[*const abi::Formalism] = &[#(#formalism_tables),*];

        static LIBRARY: abi::Library = abi::Library {
            magic: abi::MAGIC,
            size: ::core::mem::size_of::<abi::Library>() as u32,
            major: #major,
            minor: #minor,
            layouts: &raw const LAYOUTS,
            count: #count,
            objects: OBJECTS.as_ptr(),
            attach: Some(#attach),
            formalism_count: #formalism_count,
            formalisms: FORMALISMS.as_ptr(),
        };
    };
    if arguments.linked {
        return quote! {
            #shared

            /// The tables of this library, for the host that links it in.
            pub fn library() -> &'static abi::Library {
                &LIBRARY
            }

            /// The manifest of this library.
            pub const MANIFEST: &[u8] = {
                const VALUE: [u8; LENGTH] = generated::manifest(JSON, TYPES);
                &VALUE
            };
        };
    }
    quote! {
        #shared

        #[used]
        #[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,.liveobj"))]
        #[cfg_attr(not(target_vendor = "apple"), unsafe(link_section = ".liveobj"))]
        static MANIFEST: [u8; LENGTH] = generated::manifest(JSON, TYPES);

        #[unsafe(no_mangle)]
        extern "C" fn liveobj_library() -> *const abi::Library {
            &raw const LIBRARY
        }
    }
}
