//! `temporal`: linear temporal logic with past over the histories of several instances.

pub mod evaluate;
pub mod formula;
pub mod history;
pub mod minimize;
pub mod witness;
