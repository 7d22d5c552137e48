//! Object library: channels. What it offers is in `types.lot`.

mod datagram;
mod hub;
mod local;
mod parameters;
mod sockets;
mod udp;

liveobj_sdk::library!("types.lot", name = "liveobj:channels");
