//! Object library: channels. What it offers is in `types.lot`.

mod alarm;
mod datagram;
mod fragmenting;
mod fragments;
mod hub;
mod local;
mod mesh;
mod parameters;
mod seen;
mod sockets;
mod stream;
mod tcp;
mod udp;

liveobj_sdk::library!("types.lot", name = "liveobj:channels");
