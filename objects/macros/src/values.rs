//! Value types as Rust types, and the table of their layouts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use liveobj_types::layout::{FieldLayout, Layout, Layouts, Shape, Slot};
use liveobj_types::syntax::Item;
use liveobj_types::types::{Basic, TypeId, Value};
use liveobj_types::{Module, Types, ValueId};
use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};

use crate::{names, wire};

/// The Rust types of value types: collects what has to be declared, and what the table of layouts
/// holds.
pub struct Values<'t> {
    module: Arc<Module>,
    types: &'t Types,
    layouts: Layouts<'t>,
    /// Records and variants that have a Rust type, with its name.
    named: Vec<(ValueId, String)>,
    /// How many of them are declared.
    declared: usize,
    /// Identity → entry of the table and its assertions.
    entries: BTreeMap<[u8; 32], TokenStream>,
    /// Identities of all types whose entries, if they have one, are there.
    entered: BTreeSet<[u8; 32]>,
    /// Types without a name that are being written, to find those that never end.
    open: Vec<ValueId>,
    /// The first thing that cannot be done.
    fault: Option<String>,
}

/// From where a type is named.
#[derive(Clone, Copy)]
pub enum From {
    /// The module `types` itself.
    Types,
    /// A module in the root beside `types`.
    Template,
    /// A module inside such a one.
    Endpoint,
}

impl From {
    fn path(self) -> TokenStream {
        match self {
            From::Types => quote!(),
            From::Template => quote!(super::types::),
            From::Endpoint => quote!(super::super::types::),
        }
    }
}

impl<'t> Values<'t> {
    pub fn new(module: &Arc<Module>, types: &'t Types) -> Values<'t> {
        Values {
            module: module.clone(),
            types,
            layouts: Layouts::new(types),
            named: Vec::new(),
            declared: 0,
            entries: BTreeMap::new(),
            entered: BTreeSet::new(),
            open: Vec::new(),
            fault: None,
        }
    }

    /// Passes `generated` on, unless there is something that could not be generated.
    pub fn checked<G>(&mut self, generated: G) -> Result<G, String> {
        self.fault.take().map_or(Ok(generated), Err)
    }

    /// The Rust type of a value type.
    pub fn ty(&mut self, id: ValueId, from: From, lifetime: &TokenStream) -> TokenStream {
        match self.types.value(id) {
            Value::Basic(basic) => basic_type(*basic, lifetime),
            Value::Reference(_) | Value::External(_) => quote!(::liveobj_sdk::Document<#lifetime>),
            Value::Parameter(_) => quote!(::liveobj_sdk::Opaque<#lifetime>),
            Value::Record { .. } | Value::Variant(_) => {
                let name = names::ident(&self.name(id), &[]);
                let path = from.path();
                if self.lends(id) {
                    quote!(#path #name<#lifetime>)
                } else {
                    quote!(#path #name)
                }
            }
            Value::List(_) | Value::Map(..) | Value::Option(_) | Value::Tuple(_) => {
                if self.open.contains(&id) {
                    let name = self.types.describe(TypeId::Value(id));
                    self.refuse(format!(
                        "type `{name}` contains itself without a record or a variant between, \
                         which has no Rust type: put a record between"
                    ));
                    return quote!(());
                }
                self.open.push(id);
                let ty = self.structural(id, from, lifetime);
                self.open.pop();
                ty
            }
        }
    }

    fn structural(&mut self, id: ValueId, from: From, lifetime: &TokenStream) -> TokenStream {
        match self.layouts.of(id).shape.clone() {
            Shape::List(element) => {
                let element = self.ty(element, from, lifetime);
                quote!(::liveobj_sdk::List<#lifetime, #element>)
            }
            Shape::Map { key, value, .. } => {
                let (key, value) = (self.ty(key, from, lifetime), self.ty(value, from, lifetime));
                quote!(::liveobj_sdk::Map<#lifetime, #key, #value>)
            }
            Shape::Option { slot, .. } => {
                let inner = self.slot(slot, from, lifetime);
                quote!(::liveobj_sdk::Opt<#inner>)
            }
            Shape::Struct(fields) => {
                if fields.is_empty() || fields.len() > 8 {
                    self.refuse(format!(
                        "a tuple of {} values has no Rust type (there are tuples of 1 to 8): use \
                         a record",
                        fields.len()
                    ));
                    return quote!(());
                }
                let tuple = format_ident!("Tuple{}", fields.len());
                let items: Vec<TokenStream> = fields
                    .iter()
                    .map(|field| self.slot(field.slot, from, lifetime))
                    .collect();
                quote!(::liveobj_sdk::#tuple<#(#items),*>)
            }
            _ => unreachable!("only called for lists, maps, options and tuples"),
        }
    }

    fn slot(&mut self, slot: Slot, from: From, lifetime: &TokenStream) -> TokenStream {
        if !slot.boxed {
            return self.ty(slot.ty, from, lifetime);
        }
        if let Value::Option(inner) = self.types.value(slot.ty) {
            let inner = self.ty(*inner, from, lifetime);
            return quote!(::liveobj_sdk::BoxedOpt<#lifetime, #inner>);
        }
        let inner = self.ty(slot.ty, from, lifetime);
        quote!(::liveobj_sdk::Boxed<#lifetime, #inner>)
    }

    /// Whether values of the type lend anything, so that their Rust type has a lifetime.
    pub fn lends(&mut self, id: ValueId) -> bool {
        match self.layouts.of(id).shape.clone() {
            Shape::Scalar(_) => false,
            Shape::Option { slot, .. } => slot.boxed || self.lends(slot.ty),
            Shape::Struct(fields) => fields
                .iter()
                .any(|field| field.slot.boxed || self.lends(field.slot.ty)),
            Shape::Variant { cases, .. } => cases
                .iter()
                .filter_map(|(_, slot)| *slot)
                .any(|slot| slot.boxed || self.lends(slot.ty)),
            _ => true,
        }
    }

    /// A struct for a record that has no name of its own: an event's or a template's parameters.
    pub fn record(
        &mut self,
        name: &proc_macro2::Ident,
        id: ValueId,
        from: From,
        docs: &TokenStream,
    ) -> TokenStream {
        let Shape::Struct(fields) = self.layouts.of(id).shape.clone() else {
            unreachable!("parameters are records")
        };
        let lifetime = self.lends(id).then(|| quote!(<'a>));
        let declared = self.fields(&fields, from);
        let copied = fields.iter().map(|field| names::ident(&field.name, &[]));
        let copied = quote!(#(#copied: ::liveobj_sdk::generated::Copied::copied(self.#copied),)*);
        let body = if fields.is_empty() {
            quote!(;)
        } else {
            quote!({ #declared })
        };
        let construct = if fields.is_empty() {
            quote!(self)
        } else {
            quote!(#name { #copied })
        };
        // Events and parameters are never part of a state.
        let wire = matches!(from, From::Types).then(|| {
            let fields: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
            wire::record(name, lifetime.as_ref(), &fields)
        });
        quote! {
            #wire

            #docs
            #[repr(C)]
            #[derive(Clone, Copy, Debug, PartialEq)]
            pub struct #name #lifetime #body

            impl #lifetime ::liveobj_sdk::generated::Copied for #name #lifetime {
                fn copied(self) -> Self {
                    #construct
                }
            }
        }
    }

    fn fields(&mut self, fields: &[FieldLayout], from: From) -> TokenStream {
        let lifetime = quote!('a);
        let fields = fields.iter().map(|field| {
            let name = names::ident(&field.name, &[]);
            let ty = self.slot(field.slot, from, &lifetime);
            quote!(pub #name: #ty,)
        });
        fields.collect()
    }

    /// The declarations of all types that were named so far, for the module `types`.
    pub fn declarations(&mut self) -> TokenStream {
        let mut declarations = TokenStream::new();
        while self.declared < self.named.len() {
            let (id, name) = self.named[self.declared].clone();
            self.declared += 1;
            let docs = self.docs(id);
            let ident = names::ident(&name, &[]);
            declarations.extend(match self.types.value(id) {
                Value::Record { .. } => self.record(&ident, id, From::Types, &docs),
                _ => self.variant(&ident, id, &docs),
            });
        }
        declarations
    }

    fn variant(
        &mut self,
        name: &proc_macro2::Ident,
        id: ValueId,
        docs: &TokenStream,
    ) -> TokenStream {
        let Shape::Variant { cases, .. } = self.layouts.of(id).shape.clone() else {
            unreachable!("only records and variants are named")
        };
        let lifetime = self.lends(id).then(|| quote!(<'a>));
        let plain = cases.iter().all(|(_, slot)| slot.is_none());
        let (mut declared, mut copied) = (TokenStream::new(), TokenStream::new());
        for (index, (case, slot)) in cases.iter().enumerate() {
            let case = names::ident(case, &[]);
            let tag = Literal::u32_unsuffixed(index as u32);
            match slot {
                Some(slot) => {
                    let payload = self.slot(*slot, From::Types, &quote!('a));
                    declared.extend(quote!(#case(#payload) = #tag,));
                    copied.extend(quote! {
                        #name::#case(value) =>
                            #name::#case(::liveobj_sdk::generated::Copied::copied(value)),
                    });
                }
                None => {
                    declared.extend(quote!(#case = #tag,));
                    copied.extend(quote!(#name::#case => #name::#case,));
                }
            }
        }
        let attributes = if plain {
            quote!(#[repr(u32)] #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)])
        } else {
            quote!(#[repr(C, u32)] #[derive(Clone, Copy, Debug, PartialEq)])
        };
        let wire: Vec<_> = cases
            .iter()
            .map(|(case, slot)| (names::ident(case, &[]), slot.is_some()))
            .collect();
        let wire = wire::variant(name, lifetime.as_ref(), &wire);
        quote! {
            #wire

            #docs
            #attributes
            pub enum #name #lifetime { #declared }

            impl #lifetime ::liveobj_sdk::generated::Copied for #name #lifetime {
                fn copied(self) -> Self {
                    match self { #copied }
                }
            }
        }
    }

    /// Name of the Rust type of a record or variant.
    fn name(&mut self, id: ValueId) -> String {
        let wanted = names::word(&self.types.origin(TypeId::Value(id)).name);
        for number in 1.. {
            let name = if number == 1 {
                wanted.clone()
            } else {
                format!("{wanted}_{number}")
            };
            match self.named.iter().find(|(_, taken)| *taken == name) {
                Some((other, _)) if self.layouts.same(*other, id) => return name,
                Some(_) => {}
                None => {
                    self.named.push((id, name.clone()));
                    return name;
                }
            }
        }
        unreachable!("numbers do not end")
    }

    fn docs(&self, id: ValueId) -> TokenStream {
        let name = &self.types.origin(TypeId::Value(id)).name;
        let base = name.split('<').next().unwrap_or(name);
        match self.module.lookup(base) {
            Some((_, Item::Record(item))) => docs(&item.doc),
            Some((_, Item::Variant(item))) => docs(&item.doc),
            Some((_, Item::Enum(item))) => docs(&item.doc),
            _ => TokenStream::new(),
        }
    }

    /// Puts a type, and all types inside, into the table of layouts. `ty` is its Rust type, seen
    /// from a module in the root, with lifetimes `'static`.
    pub fn enter(&mut self, id: ValueId, ty: &TokenStream) {
        let identity = self.types.identity(TypeId::Value(id));
        if !self.entered.insert(identity) {
            return;
        }
        let layout = self.layouts.of(id).clone();
        if !layout.fits() {
            let name = self.types.describe(TypeId::Value(id));
            self.refuse(format!("type `{name}` is too large to lie in memory"));
            return;
        }
        let Some(offsets) = self.offsets(&layout, ty) else {
            self.enter_members(&layout);
            return;
        };
        self.entries
            .insert(identity, entry(&identity, &layout, ty, &offsets));
        self.enter_members(&layout);
    }

    /// Each offset: what rustc says, and what layout 1 says. `None` for types that are no struct.
    fn offsets(&mut self, layout: &Layout, ty: &TokenStream) -> Option<Vec<(TokenStream, u32)>> {
        match &layout.shape {
            Shape::Struct(fields) => {
                let mut fields: Vec<&FieldLayout> = fields.iter().collect();
                let tuple = fields
                    .iter()
                    .all(|field| field.name.starts_with(char::is_numeric));
                if !tuple {
                    fields.sort_by(|left, right| left.name.cmp(&right.name));
                }
                let offset = |field: &FieldLayout| {
                    let name = if tuple {
                        let position = field.name.parse().unwrap_or(0);
                        let position = Literal::usize_unsuffixed(position);
                        quote!(#position)
                    } else {
                        let name = names::ident(&field.name, &[]);
                        quote!(#name)
                    };
                    (
                        quote!(::core::mem::offset_of!(#ty, #name) as u32),
                        field.offset,
                    )
                };
                Some(fields.into_iter().map(offset).collect())
            }
            Shape::Option { payload, slot } => {
                let inner = self.slot(*slot, From::Template, &quote!('static));
                Some(vec![(
                    quote!(::liveobj_sdk::Opt::<#inner>::PAYLOAD),
                    *payload,
                )])
            }
            Shape::Variant { payload, cases } => {
                let members: Vec<TokenStream> = cases
                    .iter()
                    .filter_map(|(_, slot)| *slot)
                    .map(|slot| self.slot(slot, From::Template, &quote!('static)))
                    .collect();
                if members.is_empty() {
                    return Some(vec![(quote!(0), *payload)]);
                }
                let names = (0..members.len()).map(|index| format_ident!("case_{index}"));
                // The reference defines `repr(C, u32)` as this struct.
                let offset = quote!({
                    #[repr(C)]
                    #[derive(Clone, Copy)]
                    union Payload { #(#names: #members),* }
                    #[repr(C)]
                    struct Tagged { tag: u32, payload: Payload }
                    assert!(::core::mem::size_of::<Tagged>() == ::core::mem::size_of::<#ty>());
                    ::core::mem::offset_of!(Tagged, payload) as u32
                });
                Some(vec![(offset, *payload)])
            }
            _ => None,
        }
    }

    fn enter_members(&mut self, layout: &Layout) {
        let members: Vec<ValueId> = match &layout.shape {
            Shape::List(element) => vec![*element],
            Shape::Map { key, value, .. } => vec![*key, *value],
            Shape::Struct(fields) => fields.iter().map(|field| field.slot.ty).collect(),
            Shape::Option { slot, .. } => vec![slot.ty],
            Shape::Variant { cases, .. } => cases
                .iter()
                .filter_map(|(_, slot)| *slot)
                .map(|slot| slot.ty)
                .collect(),
            _ => Vec::new(),
        };
        for member in members {
            let ty = self.ty(member, From::Template, &quote!('static));
            self.enter(member, &ty);
        }
    }

    /// The entries of the table, sorted by identity.
    pub fn entries(&self) -> impl Iterator<Item = &TokenStream> {
        self.entries.values()
    }

    fn refuse(&mut self, fault: String) {
        self.fault.get_or_insert(fault);
    }
}

/// Doc attributes.
pub fn docs(lines: &[String]) -> TokenStream {
    lines
        .iter()
        .map(|line| {
            let line = format!(" {line}");
            quote!(#[doc = #line])
        })
        .collect()
}

fn entry(
    identity: &[u8; 32],
    layout: &Layout,
    ty: &TokenStream,
    offsets: &[(TokenStream, u32)],
) -> TokenStream {
    let id = identity.iter().map(|byte| Literal::u8_unsuffixed(*byte));
    let (size, align) = (layout.size, layout.align);
    let found = offsets.iter().map(|(found, _)| found);
    let expected = offsets.iter().map(|(_, expected)| expected);
    let count = Literal::usize_unsuffixed(offsets.len());
    quote! {{
        const OFFSETS: [u32; #count] = [#(#found),*];
        const FOUND: &[u32] = &OFFSETS;
        const EXPECTED: [u32; #count] = [#(#expected),*];
        const SIZE: u32 = ::core::mem::size_of::<#ty>() as u32;
        const ALIGN: u32 = ::core::mem::align_of::<#ty>() as u32;
        assert!(SIZE == #size && ALIGN == #align, "rustc lays a type out as layout 1 does");
        let mut index = 0;
        while index < OFFSETS.len() {
            assert!(OFFSETS[index] == EXPECTED[index], "rustc lays fields out as layout 1 does");
            index += 1;
        }
        abi::LayoutEntry {
            id: [#(#id),*],
            size: SIZE,
            align: ALIGN,
            offsets: FOUND.as_ptr(),
            offset_count: OFFSETS.len() as u64,
        }
    }}
}

fn basic_type(basic: Basic, lifetime: &TokenStream) -> TokenStream {
    match basic {
        Basic::Bool => quote!(bool),
        Basic::U8 => quote!(u8),
        Basic::U16 => quote!(u16),
        Basic::U32 => quote!(u32),
        Basic::U64 => quote!(u64),
        Basic::S8 => quote!(i8),
        Basic::S16 => quote!(i16),
        Basic::S32 => quote!(i32),
        Basic::S64 => quote!(i64),
        Basic::F32 => quote!(f32),
        Basic::F64 => quote!(f64),
        Basic::Char => quote!(char),
        Basic::String => quote!(::liveobj_sdk::Str<#lifetime>),
        Basic::Bytes => quote!(::liveobj_sdk::Bytes<#lifetime>),
        Basic::Uuid => quote!(::liveobj_sdk::Uuid),
    }
}
