//! What the compiler must refuse, so that authors who write no `unsafe` cannot misuse the boundary.
//!
//! An object emits its own template's events only; `Changed` is one that it receives:
//!
//! ```compile_fail,E0277
//! # use liveobj_sdk::{CreateError, live_object};
//! # liveobj_sdk::library!("examples/stamper.lot", name = "example:stamper");
//! struct Stamper {}
//! #[live_object(template::stamper)]
//! impl template::stamper for Stamper {
//!     fn create(
//!         _: &mut stamper::Context<'_>,
//!         parameters: stamper::Parameters<'_>,
//!     ) -> Result<Self, CreateError> {
//!         Ok(Stamper {})
//!     }
//!     fn input_changed(
//!         &mut self,
//!         context: &mut stamper::Context<'_>,
//!         event: stamper::input::Changed<'_>,
//!     ) {
//!         let _ = context.emit(event);
//!     }
//! }
//! # fn main() {}
//! ```
//!
//! Events by number are for dynamic endpoints only; `output` has a type:
//!
//! ```compile_fail,E0425
//! # use liveobj_sdk::{CreateError, DynamicEvent, live_object};
//! # liveobj_sdk::library!("examples/stamper.lot", name = "example:stamper");
//! struct Stamper {}
//! #[live_object(template::stamper)]
//! impl template::stamper for Stamper {
//!     fn create(
//!         _: &mut stamper::Context<'_>,
//!         parameters: stamper::Parameters<'_>,
//!     ) -> Result<Self, CreateError> {
//!         Ok(Stamper {})
//!     }
//!     fn input_changed(
//!         &mut self,
//!         context: &mut stamper::Context<'_>,
//!         event: stamper::input::Changed<'_>,
//!     ) {
//!         let event = DynamicEvent::new(0, [].as_slice().into());
//!         let _ = context.emit_dynamic(stamper::output::ENDPOINT, event);
//!     }
//! }
//! # fn main() {}
//! ```
//!
//! What an event lends cannot be kept:
//!
//! ```compile_fail
//! # use liveobj_sdk::{CreateError, live_object};
//! # liveobj_sdk::library!("examples/stamper.lot", name = "example:stamper");
//! struct Stamper { kept: &'static str }
//! #[live_object(template::stamper)]
//! impl template::stamper for Stamper {
//!     fn create(
//!         _: &mut stamper::Context<'_>,
//!         parameters: stamper::Parameters<'_>,
//!     ) -> Result<Self, CreateError> {
//!         Ok(Stamper { kept: "" })
//!     }
//!     fn input_changed(
//!         &mut self,
//!         context: &mut stamper::Context<'_>,
//!         event: stamper::input::Changed<'_>,
//!     ) {
//!         self.kept = event.added[0].as_str();
//!     }
//! }
//! # fn main() {}
//! ```
//!
//! A context stays on the thread of its call:
//!
//! ```compile_fail,E0277
//! # use liveobj_sdk::{CreateError, live_object};
//! # liveobj_sdk::library!("examples/stamper.lot", name = "example:stamper");
//! struct Stamper {}
//! #[live_object(template::stamper)]
//! impl template::stamper for Stamper {
//!     fn create(
//!         _: &mut stamper::Context<'_>,
//!         parameters: stamper::Parameters<'_>,
//!     ) -> Result<Self, CreateError> {
//!         Ok(Stamper {})
//!     }
//!     fn input_changed(
//!         &mut self,
//!         context: &mut stamper::Context<'_>,
//!         event: stamper::input::Changed<'_>,
//!     ) {
//!         std::thread::scope(|scope| { scope.spawn(|| context.now()); });
//!     }
//! }
//! # fn main() {}
//! ```
//!
//! An object can move to another thread:
//!
//! ```compile_fail,E0277
//! # use liveobj_sdk::{CreateError, live_object};
//! # liveobj_sdk::library!("examples/stamper.lot", name = "example:stamper");
//! struct Stamper { kept: std::rc::Rc<u8> }
//! #[live_object(template::stamper)]
//! impl template::stamper for Stamper {
//!     fn create(
//!         _: &mut stamper::Context<'_>,
//!         parameters: stamper::Parameters<'_>,
//!     ) -> Result<Self, CreateError> {
//!         Ok(Stamper { kept: std::rc::Rc::new(1) })
//!     }
//!     fn input_changed(
//!         &mut self,
//!         context: &mut stamper::Context<'_>,
//!         event: stamper::input::Changed<'_>,
//!     ) {
//!
//!     }
//! }
//! # fn main() {}
//! ```
//!
//! Every template needs a live object:
//!
//! ```compile_fail,E0277
//! # use liveobj_sdk::{CreateError, live_object};
//! # liveobj_sdk::library!("examples/stamper.lot", name = "example:stamper");
//! # fn main() {}
//! ```
//!
//! An internal endpoint is no value, and cannot be sent; an external endpoint is:
//!
//! ```compile_fail,E0308
//! # use liveobj_sdk::{CreateError, live_object};
//! # use watcher::{Context, Endpoint, inside, watching};
//! # liveobj_sdk::library!("examples/watcher.lot", name = "example:watcher");
//! struct Watcher {}
//! #[live_object(template::watcher)]
//! impl template::watcher for Watcher {
//!     fn create(_: &mut Context<'_>, _: watcher::Parameters<'_>) -> Result<Self, CreateError> {
//!         Ok(Watcher {})
//!     }
//!     fn watching_watch(&mut self, context: &mut Context<'_>, event: watching::Watch<'_>) {
//!         let _ = context.emit(watching::Shared { folder: Endpoint::inside });
//!     }
//!     fn inside_item(&mut self, _: &mut Context<'_>, _: inside::Item<'_>) {}
//!     fn inside_missing(&mut self, _: &mut Context<'_>, _: inside::Missing<'_>) {}
//! }
//! # fn main() {}
//! ```
//!
//! Nor is a connection:
//!
//! ```compile_fail,E0308
//! # use liveobj_sdk::{Connection, CreateError, live_object};
//! # use watcher::{Context, Endpoint, inside, watching};
//! # liveobj_sdk::library!("examples/watcher.lot", name = "example:watcher");
//! struct Watcher {}
//! #[live_object(template::watcher)]
//! impl template::watcher for Watcher {
//!     fn create(_: &mut Context<'_>, _: watcher::Parameters<'_>) -> Result<Self, CreateError> {
//!         Ok(Watcher {})
//!     }
//!     fn watching_watch(&mut self, context: &mut Context<'_>, event: watching::Watch<'_>) {
//!         let _ = context.emit(watching::Shared { folder: context.connection() });
//!     }
//!     fn inside_item(&mut self, _: &mut Context<'_>, _: inside::Item<'_>) {}
//!     fn inside_missing(&mut self, _: &mut Context<'_>, _: inside::Missing<'_>) {}
//! }
//! # fn main() {}
//! ```
