//! `temporal`: linear temporal logic with past over the histories of several instances.

pub mod evaluate;
pub mod formula;
pub mod history;
pub mod minimize;
#[allow(dead_code, reason = "the formalism that reads and prints comes next")]
mod parse;
#[allow(dead_code, reason = "the formalism that reads and prints comes next")]
mod print;
pub mod witness;
