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
