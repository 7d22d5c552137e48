//! Object library: adapters that keep what a channel carries secret or unchanged. What it offers
//! is in `types.lot`.

mod authenticating;
mod envelope;
mod guard;
mod key;
mod sealing;

liveobj_sdk::library!("types.lot", name = "liveobj:sealing");
