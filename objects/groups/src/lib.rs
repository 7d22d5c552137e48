//! Object library: group communication. What it offers is in `types.lot`.

mod alarm;
mod audience;
mod causality;
mod detector;
mod env;
mod fault;
mod foreign;
mod members;
mod parting;
mod reliability;
mod replication;
mod sequencing;
mod synchrony;
mod view;
mod wire;
#[cfg(test)]
mod world;

liveobj_sdk::library!("types.lot", name = "liveobj:groups");
