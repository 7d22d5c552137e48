//! Stores, directories and libraries in C, good and broken.

mod broken;
mod fixture;
mod header;
mod places;
mod unloading;
