//! Objects that tests open: what objects do with other objects at run time (thesis, 2.1.4).

mod borrowing;
mod folder;
mod lending;
mod listing;
mod mismatch;
mod sorting;

liveobj_sdk::library!("types.lot", name = "test:dynamic");
