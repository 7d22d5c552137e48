//! What authors of live object libraries depend on: types in, handlers out.
//!
//! A library is a crate of type `cdylib` that declares its types in the type language, and
//! implements one generated trait for each template. With this in `stamper.lot`
//!
//! ```text
//! use "liveobj:standard";
//!
//! /// A line and its number.
//! record Stamped { number: u64, text: string }
//!
//! /// What a stamper sends.
//! endpoint Stamps {
//!     /// A line was stamped.
//!     out stamped(line: Stamped);
//! }
//!
//! /// Numbers the lines of a text.
//! object Stamper {
//!     endpoint input: mirror Text;
//!     endpoint output: Stamps many;
//! }
//!
//! /// Numbers lines, counting from `start`.
//! template stamper(start: u64 = 0): Stamper;
//! ```
//!
//! the whole library is
//!
//! ```
//! use liveobj_sdk::{CreateError, live_object};
//!
//! liveobj_sdk::library!("examples/stamper.lot", name = "example:stamper");
//!
//! struct Stamper {
//!     next: u64,
//! }
//!
//! #[live_object(template::stamper)]
//! impl template::stamper for Stamper {
//!     fn create(
//!         _: &mut stamper::Context<'_>,
//!         parameters: stamper::Parameters<'_>,
//!     ) -> Result<Self, CreateError> {
//!         Ok(Stamper { next: parameters.start })
//!     }
//!
//!     fn input_changed(
//!         &mut self,
//!         context: &mut stamper::Context<'_>,
//!         event: stamper::input::Changed<'_>,
//!     ) {
//!         for text in event.added {
//!             let line = types::Stamped { number: self.next, text: *text };
//!             self.next += 1;
//!             // Nobody may be listening: that is no fault.
//!             let _ = context.emit(stamper::output::Stamped { line });
//!         }
//!     }
//! }
//!
//! // A test needs no runtime.
//! use liveobj_sdk::testing::Harness;
//!
//! fn main() {
//!     let parameters = stamper::Parameters { start: 7 };
//!     let mut harness = Harness::<stamper::Template>::create(parameters).unwrap();
//!     let input = harness.connect(stamper::Endpoint::input);
//!     harness.connect(stamper::Endpoint::output);
//!     let added = ["hello".into()];
//!     let event = stamper::input::Changed { first: 0, removed: 0, added: (&added).into() };
//!     harness.send(input, event);
//!     let stamped = harness.take_emitted::<stamper::output::Stamped<'_>>();
//!     assert_eq!(stamped[0].line.number, 7);
//!     assert_eq!(stamped[0].line.text, "hello");
//! }
//! ```
//!
//! # What `library!` generates
//!
//! - `types`: a Rust type for each record and variant that the templates reach. Values are lent:
//!   [`Str`], [`Bytes`], [`List`], [`Map`] and the like are copied freely and live as long as the
//!   call; what is to stay must be turned into an owned value.
//! - For each template a module of its name: `Parameters`, `Context`, `Endpoint` and, in a module
//!   for each endpoint, a struct for each event, in camel case. Events of both directions are
//!   there; [`Context::emit`] takes those that the object sends.
//! - `template`: a trait for each template, with a method `ENDPOINT_EVENT` for each event that the
//!   object receives, and `connected`, `disconnected` and `wake`, which may be left out; `load` and
//!   `save` where the objects have a `state`.
//! - What is declared with `adapter` in place of `template` is a template all the same; a connection
//!   may ask for one of its objects to stand between two endpoints that do not match.
//! - For an endpoint whose type is a type parameter, one method `ENDPOINT_event`, and in the
//!   endpoint's module the constant `ENDPOINT` instead of structs; see below.
//! - The manifest and the tables that a host reads. When the library is compiled, the layout of
//!   every type is compared with the one that all hosts compute.
//!
//! # Endpoints of any type
//!
//! An endpoint's type can be a type parameter of its template. Such an object knows nothing of the
//! events, which makes it fit everywhere: tunnels, taps and seals are written so. With
//!
//! ```text
//! object Gate<E: endpoint> {
//!     endpoint input: E;
//!     endpoint output: mirror E;
//! }
//!
//! template gate<E: endpoint>(limit: u32): Gate<E>;
//! ```
//!
//! all events of an endpoint come to one method, as [`DynamicEvent`]s: a number, and the wire form
//! of the parameters. What comes in at `E` has the same number as what goes out at `mirror E`:
//!
//! ```
//! use liveobj_sdk::{CreateError, DynamicEvent, live_object};
//! # liveobj_sdk::library!("examples/gate.lot", name = "example:gate");
//!
//! struct Gate {
//!     left: u32,
//! }
//!
//! #[live_object(template::gate)]
//! impl template::gate for Gate {
//!     // `create` as above.
//! #   fn create(
//! #       _: &mut gate::Context<'_>,
//! #       parameters: gate::Parameters<'_>,
//! #   ) -> Result<Self, CreateError> {
//! #       Ok(Gate { left: parameters.limit })
//! #   }
//!
//!     fn input_event(&mut self, context: &mut gate::Context<'_>, event: DynamicEvent<'_>) {
//!         if let Some(left) = self.left.checked_sub(1) {
//!             self.left = left;
//!             let _ = context.emit_dynamic(gate::output::ENDPOINT, event);
//!         }
//!     }
//!
//!     fn output_event(&mut self, context: &mut gate::Context<'_>, event: DynamicEvent<'_>) {
//!         let _ = context.emit_dynamic(gate::input::ENDPOINT, event);
//!     }
//! }
//!
//! # use liveobj_sdk::testing::Harness;
//! # fn main() {
//! let mut harness = Harness::<gate::Template>::create(gate::Parameters { limit: 1 }).unwrap();
//! let input = harness.connect(gate::Endpoint::input);
//! harness.connect(gate::Endpoint::output);
//! let event = DynamicEvent::new(0, b"\x2a"[..].into());
//! harness.send_dynamic(gate::input::ENDPOINT, input, event);
//! harness.send_dynamic(gate::input::ENDPOINT, input, event);
//! let passed = harness.take_emitted_dynamic(gate::output::ENDPOINT);
//! assert_eq!(passed, [(None, event)]);
//! # }
//! ```
//!
//! - [`Context::event_name`] tells what an event is called.
//! - Numbers and bytes may be stored, or sent elsewhere, and made into an event again with
//!   [`DynamicEvent::new`]. Whoever decodes them checks them; what is no event of the endpoint is
//!   refused with [`EmitError::Invalid`] and reported, and nobody sees it.
//! - A bound (`E: endpoint <: Clock`) says what the argument has at least. It may have more events,
//!   so that the numbers of those that the bound declares are not fixed: go by their names.
//!
//! # State
//!
//! Where an object type says `state T;`, its objects outlive their process: a host that is told to
//! keep state saves them after they ran, and later makes them by `load` instead of `create`. With
//! `state u64;` in the object type above, the stamper goes on counting:
//!
//! ```
//! # use liveobj_sdk::{CreateError, Saved, live_object};
//! # liveobj_sdk::library!("examples/counting_stamper.lot", name = "example:stamper");
//! # struct Stamper { next: u64 }
//! #[live_object(template::stamper)]
//! impl template::stamper for Stamper {
//!     // `create` and `input_changed` as above.
//! #   fn create(
//! #       _: &mut stamper::Context<'_>,
//! #       parameters: stamper::Parameters<'_>,
//! #   ) -> Result<Self, CreateError> {
//! #       Ok(Stamper { next: parameters.start })
//! #   }
//! #   fn input_changed(
//! #       &mut self,
//! #       _: &mut stamper::Context<'_>,
//! #       event: stamper::input::Changed<'_>,
//! #   ) {
//! #       self.next += event.added.len() as u64;
//! #   }
//!
//!     fn load(
//!         _: &mut stamper::Context<'_>,
//!         _: stamper::Parameters<'_>,
//!         state: stamper::State<'_>,
//!     ) -> Result<Self, CreateError> {
//!         Ok(Stamper { next: state })
//!     }
//!
//!     fn save(&self, save: stamper::Save<'_>) -> Saved {
//!         save.state(self.next)
//!     }
//! }
//!
//! # use liveobj_sdk::testing::Harness;
//! # fn main() {
//! let parameters = stamper::Parameters { start: 7 };
//! let mut harness = Harness::<stamper::Template>::create(parameters).unwrap();
//! let state = harness.save();
//! let mut later = Harness::<stamper::Template>::load(parameters, state).unwrap();
//! assert_eq!(later.save(), 7);
//! # }
//! ```
//!
//! - [`Save::state`] copies the state at once, so that it may lend from what `save` only makes for
//!   the purpose, such as a `Vec` of records.
//! - Connections, timers, sockets and all else that was asked for are never part of a state: `load`
//!   begins as `create` does.
//! - The last save may be older than what others have seen of the object. What must not be used
//!   twice, such as a sequence number, has to be made new.
//! - Equal states are saved as equal bytes, so that hosts can compare objects by digest. Where that
//!   cannot be, set `DIGEST`.
//! - A later version of the library may give the state's record further fields that are options;
//!   what was saved before is converted then.
//!
//! # Leaving
//!
//! An object that has something to say or to finish before it ends asks for a farewell. While it has been
//! woken, all that it uses is still there; and where it has to wait for something, such as an answer, it
//! says that it stays. This one tells its peer that it leaves, and stays until that is noted:
//!
//! ```
//! use liveobj_sdk::{CreateError, Token, Wake, live_object};
//! # use visitor::{Context, visit};
//! # liveobj_sdk::library!("examples/visitor.lot", name = "example:visitor");
//! const FAREWELL: Token = Token(1);
//! const STAY: Token = Token(2);
//!
//! struct Visitor {}
//!
//! #[live_object(template::visitor)]
//! impl template::visitor for Visitor {
//!     fn create(
//!         context: &mut Context<'_>,
//!         _: visitor::Parameters<'_>,
//!     ) -> Result<Self, CreateError> {
//!         context.farewell(FAREWELL)?;
//!         Ok(Visitor {})
//!     }
//!
//!     fn wake(&mut self, context: &mut Context<'_>, token: Token, wake: Wake<'_>) {
//!         match (token, wake) {
//!             // Where nobody is connected, there is nobody to wait for.
//!             (FAREWELL, Wake::Farewell) if context.emit(visit::Leaving {}).is_ok() => {
//!                 let _ = context.stay(STAY);
//!             }
//!             // Under `STAY`, that there is no more time: it ends without an answer.
//!             _ => {}
//!         }
//!     }
//!
//!     fn visit_noted(&mut self, context: &mut Context<'_>, _: visit::Noted) {
//!         // It stays no longer, if it does.
//!         let _ = context.close(STAY);
//!     }
//! }
//!
//! # use liveobj_sdk::testing::{Harness, Outcome};
//! # fn main() {
//! let mut harness = Harness::<visitor::Template>::create(visitor::Parameters {}).unwrap();
//! let host = harness.connect(visitor::Endpoint::visit);
//! assert_eq!(harness.farewell(), Some(Outcome::Done));
//! assert_eq!(harness.take_emitted::<visit::Leaving>().len(), 1);
//! assert_eq!(harness.staying(), [STAY]);
//! harness.send(host, visit::Noted {});
//! assert_eq!(harness.staying(), []);
//! # }
//! ```
//!
//! - While anybody stays, everything that ends together goes on as ever: events, timers, sockets. How long
//!   that may take in all, the user of the runtime says; 5 seconds unless told otherwise. Who stays then is
//!   woken once more, with [`Wake::Failed`], and then all is disconnected.
//! - There are two stages. What others stand on, such as a channel, asks with
//!   [`Context::farewell_last`]: it is woken when those above it have finished, so that they can use it
//!   until then.
//! - None of this is promised: a process may be killed.
//!
//! # Objects that use other objects
//!
//! A live object reference is a value (`reference<O>`; here a [`Document`]) that arrives in an event
//! or in a parameter. An object can ask what it refers to ([`Context::inspect`],
//! [`Context::is_a`]), cast it ([`Context::cast`]), run a proxy of it ([`Context::dereference`]), and
//! connect with that. The ends of such connections are private endpoints, which a template declares
//! beside its type, so that nobody else sees them or connects them:
//!
//! ```text
//! type AnyFolder = Folder<Object>;
//!
//! template watcher(): Watcher {
//!     /// Towards the folders.
//!     private endpoint inside: mirror FolderService<Object> many;
//! }
//! ```
//!
//! They get event structs and handlers like all others, and object types without parameters get a
//! marker in `types` to cast to; a type parameter `Item: object` of the template gets one in the
//! template's module, `watcher::Item`, which stands for its argument:
//!
//! ```
//! # use liveobj_sdk::{CreateError, Token, Wake, live_object};
//! # use watcher::{Context, Endpoint, inside, watching};
//! # liveobj_sdk::library!("examples/watcher.lot", name = "example:watcher");
//! /// Owns the folder's proxy.
//! const FOLDER: Token = Token(1);
//! /// Owns the connection with it.
//! const CONNECTION: Token = Token(2);
//!
//! struct Watcher {}
//!
//! #[live_object(template::watcher)]
//! impl template::watcher for Watcher {
//! #   fn create(_: &mut Context<'_>, _: watcher::Parameters<'_>) -> Result<Self, CreateError> {
//! #       Ok(Watcher {})
//! #   }
//!     fn watching_watch(&mut self, context: &mut Context<'_>, event: watching::Watch<'_>) {
//!         if context.is_a::<types::AnyFolder>(event.object) {
//!             // A second one at a time is refused, since the token is in use.
//!             let _ = context.dereference_as::<types::AnyFolder>(FOLDER, event.object);
//!         }
//!     }
//!
//!     fn wake(&mut self, context: &mut Context<'_>, token: Token, wake: Wake<'_>) {
//!         match (token, wake) {
//!             (FOLDER, Wake::Opened) => {
//!                 let _ = context.connect(CONNECTION, FOLDER, "folder", Endpoint::inside);
//!             }
//!             (CONNECTION, Wake::Connected(_)) => {
//!                 let _ = context.emit(inside::Get { name: "readme".into() });
//!             }
//!             (_, Wake::Failed(reason)) => context.fail(reason),
//!             _ => {}
//!         }
//!     }
//!
//!     fn inside_item(&mut self, context: &mut Context<'_>, event: inside::Item<'_>) {
//!         let _ = context.emit(watching::Found { object: event.object });
//!         let _ = context.close(FOLDER);
//!     }
//!
//!     fn inside_missing(&mut self, context: &mut Context<'_>, _: inside::Missing<'_>) {
//!         let _ = context.close(FOLDER);
//!     }
//! }
//!
//! # use liveobj_sdk::{Connection, Document, testing::{Harness, Request}};
//! # fn main() {
//! # let mut harness = Harness::<watcher::Template>::create(watcher::Parameters {}).unwrap();
//! # let watching = harness.connect(Endpoint::watching);
//! # let object = Document::new(b"a folder");
//! # harness.casts::<types::AnyFolder>(object, "that folder");
//! # harness.send(watching, watching::Watch { object: Document::new(b"something else") });
//! # assert_eq!(harness.take_requests(), []);
//! # harness.send(watching, watching::Watch { object });
//! # let [Request::DereferenceAs { token, .. }] = &harness.take_requests()[..] else { panic!() };
//! # harness.wake(*token, Wake::Opened);
//! # let [Request::Connect { token, proxy: FOLDER, endpoint, own: 1 }] = &harness.take_requests()[..]
//! # else { panic!() };
//! # assert_eq!(endpoint, "folder");
//! # let inside = harness.connect(Endpoint::inside);
//! # harness.wake(*token, Wake::Connected(inside));
//! # assert_eq!(harness.take_emitted::<inside::Get<'_>>()[0].name, "readme");
//! # harness.send(inside, inside::Item { name: "readme".into(), object });
//! # assert_eq!(harness.take_emitted::<watching::Found<'_>>().len(), 1);
//! # assert_eq!(harness.take_requests(), [Request::Close { token: FOLDER }]);
//! # }
//! ```
//!
//! The proxy and the connection last until their [`Token`] is given to [`Context::close`], or until
//! the object ends; closing the proxy ends its connections too. A `many` endpoint takes any number
//! of connections; [`Wake::Connected`] tells which of them belongs to which token.
//!
//! # Endpoints as values
//!
//! An endpoint that runs can be a value too (`external<τ>`, again a [`Document`]), and be connected on
//! another node, over TCP:
//!
//! - [`Context::export_own`] and [`Context::export`] lend an endpoint of this object, or of one that
//!   it opened; [`Wake::Exported`] brings the document to send in an event. The token owns what is
//!   lent. Private endpoints, and connections, are no values.
//! - [`Context::connect_external`] connects a document with an endpoint of this object's own. Both
//!   nodes judge whether the types match; each event is converted where it arrives.
//! - A document is a key: whoever has it can connect with that endpoint, and with nothing else, until
//!   it is not lent any more. It names the address of the node. Nothing is encrypted. A node listens
//!   while it lends something, on the loopback address unless its host says otherwise.
//! - When the other node dies or falls silent, `disconnected` says [`Disconnect::LinkLost`]. What was
//!   on its way is lost.
//!
//! # Formalisms
//!
//! A library may add languages of constraints, besides its templates or in place of any: [`formalism`].
//!
//! # Rules that an object lives by
//!
//! - One method runs at a time, and none is entered again while it runs; the thread may change.
//! - Everything outside comes through the [`Context`]: time, timers, randomness, sockets, files, the
//!   terminal and other objects. Requests are answered by `wake` with the [`Token`] of the request.
//!   An asynchronous engine of the object's own runs on its own threads, which reach the object
//!   through a [`Poster`]; the library then says `threads` in `library!`.
//! - A panic ends the object, not the process: it is reported with its message and place. An
//!   object that cannot go on for other reasons says so with [`Context::fail`].
//! - Where the order of a map can reach others, use [`BTreeMap`]: that of a `HashMap` differs from
//!   run to run.
//!
//! Names that Rust does not allow get an underscore or `r#`: an event `type` is `r#type`.

#![allow(unsafe_code, reason = "this crate turns the C ABI into safe Rust")]

mod context;
mod dynamic;
mod error;
pub mod formalism;
mod inline;
mod lent;
mod manifest;
mod others;
mod poster;
mod reflection;
#[cfg(doctest)]
mod refused;
mod save;
mod shim;
mod template;
pub mod testing;
mod wake;
mod wire;

pub use std::collections::{BTreeMap, BTreeSet};

pub use context::{Connection, Context, FileSpace, Level, UdpOptions};
pub use dynamic::{Direction, DynamicEndpoint, DynamicEvent};
pub use error::{CreateError, EmitError, RequestError};
pub use inline::{Opt, Tuple1, Tuple2, Tuple3, Tuple4, Tuple5, Tuple6, Tuple7, Tuple8, Uuid};
pub use lent::{Boxed, BoxedOpt, Bytes, Document, Entry, List, Map, Opaque, Str};
pub use liveobj_macros::{library, live_object};
pub use poster::{PostError, Poster};
pub use reflection::{ObjectType, OwnedDocument, ReferenceError, ReflectedEndpoint, Reflection};
pub use save::{Save, Saved, Stateful};
pub use template::{Disconnect, Implemented, InEvent, ObjectTable, OutEvent, Template};
pub use wake::{Token, Wake};

/// The C ABI, for those who write tables by hand.
pub use liveobj_abi as abi;

/// What generated code uses; not for authors.
#[doc(hidden)]
pub mod generated {
    pub use crate::formalism::generated::{id, name, table, text};
    pub use crate::manifest::{manifest, manifest_length};
    pub use crate::save::{digest, load, save};
    pub use crate::shim::{
        attach, attach_linked, connected, create, destroy, disconnected, handle, wake,
    };
    pub use crate::testing::{Copied, copied};
    pub use crate::wire::{Wire, encode_count};
}
