//! What authors of live object libraries depend on: types in, handlers out.

#![allow(unsafe_code, reason = "this crate turns the C ABI into safe Rust")]

mod context;
mod error;
mod inline;
mod lent;
mod manifest;
mod poster;
mod shim;
mod template;
pub mod testing;
mod wake;

pub use std::collections::{BTreeMap, BTreeSet};

pub use context::{Connection, Context, FileSpace, Level, UdpOptions};
pub use error::{CreateError, EmitError, RequestError};
pub use inline::{Opt, Tuple1, Tuple2, Tuple3, Tuple4, Tuple5, Tuple6, Tuple7, Tuple8, Uuid};
pub use lent::{Boxed, BoxedOpt, Bytes, Document, Entry, List, Map, Opaque, Str};
pub use liveobj_macros::{library, live_object};
pub use poster::{PostError, Poster};
pub use template::{Disconnect, Implemented, InEvent, ObjectTable, OutEvent, Template};
pub use wake::{Token, Wake};

/// The C ABI, for those who write tables by hand.
pub use liveobj_abi as abi;

/// What generated code uses; not for authors.
#[doc(hidden)]
pub mod generated {
    pub use crate::manifest::{manifest, manifest_length};
    pub use crate::shim::{
        attach, attach_linked, connected, create, destroy, disconnected, handle, wake,
    };
    pub use crate::testing::{Copied, copied};
}
