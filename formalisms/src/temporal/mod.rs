//! `temporal`: linear temporal logic with past over the histories of several instances.

pub mod formula;
pub mod history;
