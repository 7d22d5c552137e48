//! Object library: channels.

mod datagram;
mod hub;
mod parameters;
mod sockets;
