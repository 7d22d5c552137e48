//! Built-in live objects: those of `liveobj:standard` that need no code but their own.
//!
//! Each file of `src/objects` is one live object, and an example of how to write one. The types are
//! in `typesys/standard.lot`. `library` and `code`, which load libraries, are in the runtime.
//!
//! ```
//! let library = liveobj_standard::library();
//! assert_eq!(library.count, 7);
//! assert!(!liveobj_standard::MANIFEST.is_empty());
//! ```

mod objects;

liveobj_sdk::library!(standard, linked);
