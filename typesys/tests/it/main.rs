//! The laws of the relations, over all small types and over generated ones.

mod chains;
mod composites;
mod constraints;
mod everyday;
mod exhaustive;
mod families;
#[path = "../../benches/family/mod.rs"]
mod family;
mod generated;
mod oracle;
mod scope;
mod users;
