//! Runs proxies: domains and their turns, connections, lifetimes. One verb per file.
//!
//! Nothing here is `unsafe`, and no borrow of the domain's state is held while a proxy runs.

pub(crate) mod connect;
pub(crate) mod connections;
pub(crate) mod count;
pub(crate) mod create;
pub(crate) mod crossing;
pub(crate) mod deliver;
pub(crate) mod destroy;
pub(crate) mod disconnect;
pub(crate) mod domain;
pub(crate) mod embed;
pub(crate) mod fail;
pub(crate) mod far;
mod farewell;
pub(crate) mod few;
pub(crate) mod group;
pub(crate) mod inbox;
pub(crate) mod ledger;
mod lend;
pub(crate) mod reflect;
pub(crate) mod request;
pub(crate) mod save;
pub(crate) mod start;
mod stay;
#[cfg(test)]
mod tests;
pub(crate) mod trace;
