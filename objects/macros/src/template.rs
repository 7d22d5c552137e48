//! One template: its parameters, events and trait, and the table of functions.

use std::collections::BTreeMap;

use liveobj_types::resolve::TemplateSignature;
use liveobj_types::syntax::{EndpointMember, Item, Template};
use liveobj_types::types::{Direction, Endpoint, Event, Kind, Object, ObjectBody, TypeId};
use liveobj_types::{EndpointId, Module, Types, ValueId};
use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};

use crate::generate::object_type;
use crate::names;
use crate::state;
use crate::values::{From, Values, docs};

/// Names in a template's module that endpoints cannot have.
const TAKEN: &[&str] = &[
    "Parameters",
    "Context",
    "Endpoint",
    "Template",
    "State",
    "Save",
];
/// What the one handler of a dynamic endpoint is called by.
const ANY_EVENT: &str = "event";
/// Names in the root that templates cannot have.
pub const TAKEN_IN_ROOT: &[&str] = &["types", "template", "library"];

/// A template to generate.
pub struct Declared<'a> {
    pub declaration: &'a Template,
    pub signature: TemplateSignature,
    /// The record of its value parameters.
    pub parameters: ValueId,
}

/// What a template becomes.
pub struct Generated {
    /// Its name as a module in the root.
    pub name: Ident,
    /// The module.
    pub module: TokenStream,
    /// The trait, for the module `template`.
    pub contract: TokenStream,
}

struct EndpointView<'a> {
    name: &'a str,
    module: Ident,
    index: u32,
    /// By name; none where the endpoint is dynamic.
    incoming: Vec<(&'a String, &'a Event)>,
    outgoing: Vec<(&'a String, &'a Event)>,
    docs: BTreeMap<String, Vec<String>>,
    /// Where its type is a type parameter: `E`, or `mirror E`.
    dynamic: Option<String>,
}

/// Generates a template, or says why it cannot be.
pub fn generate(
    module: &std::sync::Arc<Module>,
    types: &Types,
    values: &mut Values<'_>,
    declared: &Declared<'_>,
) -> Result<Generated, String> {
    let template = &declared.signature.name;
    let empty = ObjectBody::default();
    let body = match types.object(declared.signature.result) {
        Object::Top => &empty,
        Object::Endpoints(body) => body,
        Object::Parameter(parameter) => {
            return Err(format!(
                "template `{template}` makes objects of its type parameter `{}`: a live object \
                 cannot be generated for a type that is not known yet",
                parameter.name
            ));
        }
    };
    let none = BTreeMap::new();
    let mut endpoints = Vec::new();
    let private = &declared.signature.private;
    for (index, (name, endpoint)) in body.endpoints.iter().chain(private).enumerate() {
        let (events, dynamic) = match types.endpoint(endpoint.ty) {
            Endpoint::Events { events, .. } => (events, None),
            Endpoint::Parameter { .. } => {
                let ty = types.describe(TypeId::Endpoint(endpoint.ty));
                (&none, Some(ty))
            }
        };
        let of = |direction| {
            events
                .iter()
                .filter(move |(_, event)| event.direction == direction)
                .collect()
        };
        endpoints.push(EndpointView {
            name,
            module: names::ident(name, TAKEN),
            index: index as u32,
            incoming: of(Direction::In),
            outgoing: of(Direction::Out),
            docs: event_docs(module, types, endpoint.ty),
            dynamic,
        });
    }
    let name = names::ident(template, TAKEN_IN_ROOT);
    let module = module_of(values, declared, &name, &endpoints, body.state)?;
    let contract = contract_of(declared, &name, &endpoints, body.state)?;
    Ok(Generated {
        name,
        module,
        contract,
    })
}

fn module_of(
    values: &mut Values<'_>,
    declared: &Declared<'_>,
    name: &Ident,
    endpoints: &[EndpointView<'_>],
    state: Option<ValueId>,
) -> Result<TokenStream, String> {
    let text = docs(&[format!("Template `{}`.", declared.signature.name)]);
    let parameters = parameters_of(values, declared);
    let mut events = TokenStream::new();
    for endpoint in endpoints {
        events.extend(events_of(values, name, endpoint)?);
    }
    let idents: Vec<&Ident> = endpoints.iter().map(|endpoint| &endpoint.module).collect();
    let numbers: Vec<Literal> = endpoints
        .iter()
        .map(|endpoint| Literal::u32_unsuffixed(endpoint.index))
        .collect();
    let count = Literal::u32_unsuffixed(endpoints.len() as u32);
    let copies = endpoints.iter().flat_map(|endpoint| {
        let number = Literal::u32_unsuffixed(endpoint.index);
        let any = endpoint.dynamic.is_some().then(|| {
            quote! {
                (#number, _) =>
                    ::liveobj_sdk::generated::copied::<::liveobj_sdk::Opaque>(payload),
            }
        });
        let each = endpoint.outgoing.iter().enumerate().map({
            let number = number.clone();
            move |(event, (event_name, _))| {
                let event = Literal::u32_unsuffixed(event as u32);
                let (endpoint, name) = (&endpoint.module, names::camel(event_name));
                quote! {
                    (#number, #event) =>
                        ::liveobj_sdk::generated::copied::<#endpoint::#name>(payload),
                }
            }
        });
        any.into_iter().chain(each)
    });
    let template = &declared.signature.name;
    let table = table_of(name, endpoints, state);
    let state = state.map(|state| state::module(values, declared, state));
    let arguments = object_arguments(declared, endpoints);
    Ok(quote! {
        #text
        pub mod #name {
            #parameters
            #state
            #arguments

            /// The context of calls into objects of this template.
            pub type Context<'a> = ::liveobj_sdk::Context<'a, Template>;

            /// The endpoints of the template's objects.
            #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
            pub enum Endpoint { #(#idents),* }

            /// Stands for the template where types ask for it.
            #[derive(Debug)]
            pub enum Template {}

            #events

            impl Template {
                #[doc(hidden)]
                pub const fn __table<O: super::template::#name>() -> ::liveobj_sdk::ObjectTable<Self> {
                    // SAFETY: the table is generated for this template.
                    unsafe { ::liveobj_sdk::ObjectTable::new(__table::Table::<O>::OBJECT) }
                }
            }

            // SAFETY: all of it is generated from the declaration.
            unsafe impl ::liveobj_sdk::Template for Template {
                const NAME: &'static str = #template;
                const ENDPOINTS: u32 = #count;
                const OBJECT: &'static ::liveobj_sdk::abi::Object =
                    <Template as ::liveobj_sdk::Implemented>::TABLE.object();
                type Endpoint = Endpoint;
                type Parameters<'a> = Parameters<'a>;

                fn endpoint_index(endpoint: Endpoint) -> u32 {
                    match endpoint { #(Endpoint::#idents => #numbers,)* }
                }

                fn endpoint_at(index: u32) -> ::core::option::Option<Endpoint> {
                    match index {
                        #(#numbers => ::core::option::Option::Some(Endpoint::#idents),)*
                        _ => ::core::option::Option::None,
                    }
                }

                unsafe fn copy(
                    endpoint: u32,
                    event: u32,
                    payload: *const ::core::ffi::c_void,
                ) -> *const ::core::ffi::c_void {
                    // SAFETY: the caller passes the payload of this event.
                    unsafe {
                        match (endpoint, event) {
                            #(#copies)*
                            _ => payload,
                        }
                    }
                }
            }

            #table
        }
    })
}

/// A marker for each type parameter that stands for an object type, to be cast to.
fn object_arguments(declared: &Declared<'_>, endpoints: &[EndpointView<'_>]) -> TokenStream {
    let endpoints = endpoints.iter().map(|endpoint| endpoint.name);
    let taken: Vec<&str> = TAKEN.iter().copied().chain(endpoints).collect();
    let parameters = &declared.declaration.type_parameters;
    let objects = parameters.iter().filter(|it| it.kind == Kind::Object);
    objects
        .map(|parameter| {
            let name = &parameter.name.name;
            let text = format!("The argument of the type parameter `{name}`.");
            object_type(name, &taken, &docs(&[text]))
        })
        .collect()
}

fn parameters_of(values: &mut Values<'_>, declared: &Declared<'_>) -> TokenStream {
    let id = declared.parameters;
    let text = docs(&["The value parameters.".to_owned()]);
    if values.lends(id) {
        let record = values.record(&format_ident!("Parameters"), id, From::Template, &text);
        let name = names::ident(&declared.signature.name, TAKEN_IN_ROOT);
        values.enter(id, &quote!(super::#name::Parameters<'static>));
        return record;
    }
    // Authors write `Parameters<'_>` whether or not anything is lent.
    let record = values.record(&format_ident!("Unlent"), id, From::Template, &text);
    let name = names::ident(&declared.signature.name, TAKEN_IN_ROOT);
    values.enter(id, &quote!(super::#name::Parameters<'static>));
    quote! {
        #record
        /// The value parameters.
        pub type Parameters<'a> = Unlent;
    }
}

fn events_of(
    values: &mut Values<'_>,
    template: &Ident,
    endpoint: &EndpointView<'_>,
) -> Result<TokenStream, String> {
    let mut declarations = TokenStream::new();
    let mut names_seen: BTreeMap<String, &String> = BTreeMap::new();
    let sides = [
        (&endpoint.incoming, "InEvent"),
        (&endpoint.outgoing, "OutEvent"),
    ];
    for (events, side) in sides {
        let side = format_ident!("{side}");
        for (number, (name, event)) in events.iter().enumerate() {
            let ident = names::camel(name);
            if let Some(other) = names_seen.insert(ident.to_string(), name) {
                return Err(format!(
                    "events `{other}` and `{name}` of endpoint `{}` would both be the Rust type \
                     `{ident}`: rename one",
                    endpoint.name
                ));
            }
            let text = endpoint.docs.get(*name).map_or(&[][..], Vec::as_slice);
            declarations.extend(values.record(&ident, event.payload, From::Endpoint, &docs(text)));
            let lends = values.lends(event.payload);
            let lifetime = lends.then(|| quote!(<'a>));
            let (endpoint_number, number) = (
                Literal::u32_unsuffixed(endpoint.index),
                Literal::u32_unsuffixed(number as u32),
            );
            declarations.extend(quote! {
                // SAFETY: generated from the declaration; the table of layouts is compared with
                // layout 1 when this is compiled.
                unsafe impl #lifetime ::liveobj_sdk::#side<super::Template> for #ident #lifetime {
                    const ENDPOINT: u32 = #endpoint_number;
                    const EVENT: u32 = #number;
                }
            });
            let (module, fixed) = (&endpoint.module, lends.then(|| quote!(<'static>)));
            values.enter(
                event.payload,
                &quote!(super::#template::#module::#ident #fixed),
            );
        }
    }
    let module = &endpoint.module;
    if let Some(ty) = &endpoint.dynamic {
        let text = docs(&[format!("Endpoint `{}`, of type `{ty}`.", endpoint.name)]);
        let number = Literal::u32_unsuffixed(endpoint.index);
        return Ok(quote! {
            #text
            pub mod #module {
                /// The endpoint, for the methods of the context.
                pub const ENDPOINT: ::liveobj_sdk::DynamicEndpoint<super::Template> =
                    // SAFETY: its type is a type parameter.
                    unsafe { ::liveobj_sdk::DynamicEndpoint::new(#number) };
            }
        });
    }
    let text = docs(&[format!("Events of endpoint `{}`.", endpoint.name)]);
    Ok(quote! {
        #text
        pub mod #module { #declarations }
    })
}

fn contract_of(
    declared: &Declared<'_>,
    name: &Ident,
    endpoints: &[EndpointView<'_>],
    state: Option<ValueId>,
) -> Result<TokenStream, String> {
    let state = state.map(|_| state::contract(name));
    let mut methods = TokenStream::new();
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    let mut once = |method: &Ident, here: &str| match seen.insert(method.to_string(), here.into()) {
        Some(other) => Err(format!(
            "events {other} and {here} would both be handled by `{method}`: rename one"
        )),
        None => Ok(()),
    };
    for endpoint in endpoints {
        if let Some(ty) = &endpoint.dynamic {
            let method = method_name(endpoint.name, ANY_EVENT);
            once(&method, &format!("of endpoint `{}`", endpoint.name))?;
            let heading = format!(
                " Handles events of endpoint `{}`, of type `{ty}`.",
                endpoint.name
            );
            methods.extend(quote! {
                #[doc = #heading]
                fn #method(
                    &mut self,
                    context: &mut super::#name::Context<'_>,
                    event: ::liveobj_sdk::DynamicEvent<'_>,
                );
            });
        }
        for (event, _) in &endpoint.incoming {
            let method = method_name(endpoint.name, event);
            let here = format!("`{}` of endpoint `{}`", event, endpoint.name);
            once(&method, &here)?;
            let (module, ty) = (&endpoint.module, names::camel(event));
            let text = docs(endpoint.docs.get(*event).map_or(&[][..], Vec::as_slice));
            let heading = format!(" Handles event {here}.");
            methods.extend(quote! {
                #[doc = #heading]
                #[doc = ""]
                #text
                fn #method(
                    &mut self,
                    context: &mut super::#name::Context<'_>,
                    event: super::#name::#module::#ty,
                );
            });
        }
    }
    let text = docs(&declared.declaration.doc);
    Ok(quote! {
        #text
        pub trait #name: Sized + Send + 'static {
            /// Makes an object.
            ///
            /// # Errors
            ///
            /// Whatever stands in the way.
            fn create(
                context: &mut super::#name::Context<'_>,
                parameters: super::#name::Parameters<'_>,
            ) -> ::core::result::Result<Self, ::liveobj_sdk::CreateError>;

            #state
            #methods

            /// A connection of an endpoint is there; events may follow.
            fn connected(
                &mut self,
                context: &mut super::#name::Context<'_>,
                endpoint: super::#name::Endpoint,
                connection: ::liveobj_sdk::Connection,
            ) {
                let _ = (context, endpoint, connection);
            }

            /// A connection is gone.
            fn disconnected(
                &mut self,
                context: &mut super::#name::Context<'_>,
                endpoint: super::#name::Endpoint,
                connection: ::liveobj_sdk::Connection,
                reason: ::liveobj_sdk::Disconnect,
            ) {
                let _ = (context, endpoint, connection, reason);
            }

            /// Something that was asked for has happened.
            fn wake(
                &mut self,
                context: &mut super::#name::Context<'_>,
                token: ::liveobj_sdk::Token,
                wake: ::liveobj_sdk::Wake<'_>,
            ) {
                let _ = (context, token, wake);
            }
        }
    })
}

fn table_of(name: &Ident, endpoints: &[EndpointView<'_>], state: Option<ValueId>) -> TokenStream {
    let state = state.map_or_else(state::no_table, |_| state::table());
    let (state_fields, state_functions) = (state.fields, state.functions);
    let mut functions = TokenStream::new();
    let mut lists = TokenStream::new();
    let mut list_names = Vec::new();
    for endpoint in endpoints {
        let mut handlers = Vec::new();
        let module = &endpoint.module;
        let any = endpoint
            .dynamic
            .iter()
            .map(|_| (ANY_EVENT, quote!(::liveobj_sdk::DynamicEvent)));
        let each = endpoint.incoming.iter().map(|(event, _)| {
            let ty = names::camel(event);
            (event.as_str(), quote!(super::#module::#ty))
        });
        for (number, (event, ty)) in any.chain(each).enumerate() {
            let function = format_ident!("handle_{}_{}", endpoint.index, number);
            let method = method_name(endpoint.name, event);
            functions.extend(quote! {
                unsafe extern "C" fn #function(
                    this: *mut c_void,
                    context: *mut abi::Context,
                    envelope: *const abi::Envelope,
                    payload: *const c_void,
                ) -> abi::Status {
                    // SAFETY: the host calls it as the ABI says, for this event.
                    unsafe {
                        generated::handle::<super::Template, O, #ty>(
                            this, context, envelope, payload,
                            |object, context, event| Live::#method(object, context, event),
                        )
                    }
                }
            });
            handlers.push(function);
        }
        let list = format_ident!("HANDLERS_{}", endpoint.index);
        let count = handlers.len();
        lists.extend(quote! {
            const #list: &'static [abi::Handler; #count] = &[#(Self::#handlers),*];
        });
        list_names.push(list);
    }
    let count = Literal::u32_unsuffixed(endpoints.len() as u32);
    quote! {
        mod __table {
            use ::core::ffi::c_void;
            use ::liveobj_sdk::{abi, generated};
            use super::super::template::#name as Live;

            /// The table of functions of a live object.
            pub struct Table<O>(::core::marker::PhantomData<O>);

            impl<O: Live> Table<O> {
                pub const OBJECT: &'static abi::Object = &abi::Object {
                    size: ::core::mem::size_of::<abi::Object>() as u32,
                    endpoints: #count,
                    create: Self::create,
                    #state_fields
                    connected: Self::connected,
                    disconnected: Self::disconnected,
                    wake: Self::wake,
                    destroy: generated::destroy::<super::Template, O>,
                    handlers: Self::HANDLERS.as_ptr(),
                    handler_counts: Self::COUNTS.as_ptr(),
                };
                const HANDLERS: &'static [*const abi::Handler] =
                    &[#(Self::#list_names.as_ptr()),*];
                const COUNTS: &'static [u32] = &[#(Self::#list_names.len() as u32),*];
                #lists

                unsafe extern "C" fn create(
                    context: *mut abi::Context,
                    parameters: *const c_void,
                    this: *mut *mut c_void,
                ) -> abi::Status {
                    // SAFETY: the host calls it as the ABI says, for this template.
                    unsafe {
                        generated::create::<super::Template, O>(
                            context, parameters, this,
                            |context, parameters| Live::create(context, parameters),
                        )
                    }
                }

                unsafe extern "C" fn connected(
                    this: *mut c_void,
                    context: *mut abi::Context,
                    endpoint: u32,
                    connection: u64,
                ) -> abi::Status {
                    // SAFETY: the host calls it as the ABI says, for an object of this table.
                    unsafe {
                        generated::connected::<super::Template, O>(
                            this, context, endpoint, connection,
                            |object, context, endpoint, connection| {
                                Live::connected(object, context, endpoint, connection)
                            },
                        )
                    }
                }

                unsafe extern "C" fn disconnected(
                    this: *mut c_void,
                    context: *mut abi::Context,
                    endpoint: u32,
                    connection: u64,
                    reason: u32,
                ) -> abi::Status {
                    // SAFETY: the host calls it as the ABI says, for an object of this table.
                    unsafe {
                        generated::disconnected::<super::Template, O>(
                            this, context, endpoint, connection, reason,
                            |object, context, endpoint, connection, reason| {
                                Live::disconnected(object, context, endpoint, connection, reason)
                            },
                        )
                    }
                }

                unsafe extern "C" fn wake(
                    this: *mut c_void,
                    context: *mut abi::Context,
                    token: u64,
                    kind: u32,
                    payload: *const c_void,
                ) -> abi::Status {
                    // SAFETY: the host calls it as the ABI says, for an object of this table.
                    unsafe {
                        generated::wake::<super::Template, O>(
                            this, context, token, kind, payload,
                            |object, context, token, wake| {
                                Live::wake(object, context, token, wake)
                            },
                        )
                    }
                }

                #state_functions
                #functions
            }
        }
    }
}

fn method_name(endpoint: &str, event: &str) -> Ident {
    names::ident(&format!("{endpoint}_{event}"), &[])
}

/// Doc comments of an endpoint type's events, from its declaration.
fn event_docs(
    module: &std::sync::Arc<Module>,
    types: &Types,
    endpoint: EndpointId,
) -> BTreeMap<String, Vec<String>> {
    let name = &types.origin(TypeId::Endpoint(endpoint)).name;
    let base = name
        .split('<')
        .next()
        .unwrap_or(name)
        .trim_start_matches("mirror ");
    let Some((_, Item::Endpoint(item))) = module.lookup(base) else {
        return BTreeMap::new();
    };
    item.members
        .iter()
        .filter_map(|member| match member {
            EndpointMember::Event(event) => Some((event.name.name.clone(), event.doc.clone())),
            EndpointMember::Constraint(_) => None,
        })
        .collect()
}
