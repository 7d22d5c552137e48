//! One module per live object, named as its template.

mod console;
mod directory_folder;
mod memory_folder;
mod registry;
mod relay;
mod requests;
mod tap;
mod timer;
