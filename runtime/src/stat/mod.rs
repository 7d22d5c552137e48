//! What runs on this machine, as its user sees it: the objects that processes have open, and how
//! they are getting on. `liveobj stat` shows it.
//!
//! A runtime that was built with [`crate::RuntimeBuilder::answer_stat`] listens on a socket in the
//! user's runtime directory, and answers that user only. [`running`] finds those that listen,
//! [`Watch`] asks one of them, and [`Sample::since`] makes rates of two answers.
//!
//! Events are counted, and time is taken, only while somebody watches: until then links are built
//! as if nobody ever would.

mod client;
mod place;
mod rates;
mod sample;
mod server;

pub use client::{Listed, StatError, Watch, running};
pub use rates::{ConnectionRate, DomainRate, ObjectRate, PartRate, QueueRate, Rates};
pub use sample::{
    ConnectionSample, DomainSample, Memory, ObjectSample, OpenObject, PartSample, Process,
    QueueSample, Sample, Silence,
};
pub(crate) use server::{Listening, Running};

/// Version of what goes over the socket. It grows when a member is removed or changes its meaning.
const VERSION: u32 = 1;
/// Asks what is open.
const LIST: &str = "list";
/// Asks how it is getting on; from then on the process counts, until the connection ends.
const SAMPLE: &str = "sample";
