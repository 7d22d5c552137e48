//! What a process tells of itself.

use serde::{Deserialize, Serialize};

/// A process, and what it has open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// Its version of liveobj.
    pub liveobj: String,
    /// What it has open, in the order in which that was opened.
    pub objects: Vec<OpenObject>,
}

/// An object that was opened, or is being opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OpenObject {
    /// Tells the objects of one process apart.
    pub id: u64,
    /// What messages call its document.
    pub name: String,
    /// Identity of its reference, in hexadecimal.
    pub identity: String,
    /// When opening began, in milliseconds since 1970.
    pub since: u64,
    /// Whether it is still being opened.
    pub opening: bool,
    /// How many domains run it; 0 while it is being opened.
    pub domains: u64,
}

/// What a process tells at one moment. Counts are since somebody first watched; differences between
/// two samples are what they are good for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Sample {
    /// The process.
    pub process: Process,
    /// What the system gave it.
    pub memory: Memory,
    /// Its open objects, as in [`Process::objects`].
    pub objects: Vec<ObjectSample>,
}

/// Memory of a process, in bytes; 0 where the system does not tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Memory {
    /// What is in physical memory.
    pub resident: u64,
    /// The most that ever was.
    pub peak: u64,
}

/// One open object at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ObjectSample {
    /// Which one.
    pub object: OpenObject,
    /// Nanoseconds on a clock of the process, for what is below and not of a domain.
    pub at: u64,
    /// Its domains.
    pub domains: Vec<DomainSample>,
    /// The queues between them, by connection. They are told also where a domain is silent.
    pub queues: Vec<[QueueSample; 2]>,
}

/// One domain at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DomainSample {
    /// From 1.
    pub domain: u64,
    /// Nanoseconds on a clock of the process, when the domain answered.
    pub at: u64,
    /// If it did not: why. All below is then empty.
    pub silent: Option<Silence>,
    /// What waits to be done, in and before the domain; not what waits in queues.
    pub waiting: u64,
    /// Emissions on endpoints that nobody was connected with.
    pub lost: u64,
    /// Its objects, in the order in which they were made.
    pub parts: Vec<PartSample>,
    /// The connections inside it, in the order of their numbers.
    pub connections: Vec<ConnectionSample>,
}

/// That a domain does not answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Silence {
    /// For so many nanoseconds since it was asked.
    pub waited: u64,
    /// The object that runs; empty if it is none.
    pub object: String,
}

/// An object of a domain: what a component of the reference became, or what such a one opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PartSample {
    /// Its number in the domain, never used again.
    pub id: u64,
    /// Its path in the reference.
    pub object: String,
    /// Nanoseconds that its functions ran, without those that they called.
    pub time: u64,
    /// How often they were called.
    pub calls: u64,
    /// What waits for it in the domain.
    pub waiting: u64,
    /// Bytes that the runtime keeps for it and for its halves of connections. What it allocates
    /// itself is not among them, nor what the allocator adds.
    pub bytes: u64,
}

/// A connection inside a domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ConnectionSample {
    /// Its number in the domain, never used again.
    pub id: u64,
    /// Its ends, `object.endpoint`.
    pub ends: [String; 2],
    /// Events that each of them emitted.
    pub events: [u64; 2],
}

/// One direction of a connection between domains.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct QueueSample {
    /// Who emits into it, `object.endpoint`.
    pub from: String,
    /// Who takes from it.
    pub to: String,
    /// Events that were ever put in.
    pub sent: u64,
    /// Events that wait, at most 65,536.
    pub events: u64,
    /// Bytes of their payloads, at most 64 MiB.
    pub bytes: u64,
    /// The most that waited when the one who takes them looked.
    pub most: u64,
    /// Events for which there was no room.
    pub refused: u64,
    /// Whether one of these ended the connection.
    pub overflowed: bool,
}
