//! Deterministic simulation: many nodes in one process, on virtual time and a simulated network,
//! under the same unmodified libraries.
//!
//! Everything that an object is told by its context (time, chance, the network, the terminal,
//! files) follows from the [`Options`], so two runs of them do the same, event for event. What an
//! object learns behind its context's back does not follow from them; [`Twice`] finds that out by
//! running the same simulation twice at once, and names the first event that differs.
//!
//! ```
//! use std::time::Duration;
//!
//! use liveobj::sim::{Action, Options, Quiet, Scripted, Simulation};
//! use liveobj::{Runtime, Source};
//!
//! let runtime = Runtime::builder().build()?;
//! let document = r#"<liveobject xmlns="urn:liveobj:reference:1">
//!     <external name="timer" library="liveobj:standard"/>
//! </liveobject>"#;
//! let checked = runtime.check(&Source::new("timer.liveobject", document));
//! let reference = checked.reference.ok_or("refused")?;
//! let options = Options {
//!     nodes: 3,
//!     duration: Duration::from_secs(3600),
//!     script: vec![Scripted { at: Duration::from_secs(60), node: 2, action: Action::Crash }],
//!     ..Options::default()
//! };
//! let mut simulation = Simulation::new(&runtime, &reference, &options, Quiet)?;
//! simulation.run()?;
//! let summary = simulation.finish();
//! assert_eq!(summary.time, Duration::from_secs(3600));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What is simulated, and how:
//!
//! - **Time** passes only between outside events; handling one takes none. Timers are exact. The
//!   clock that never goes back begins elsewhere on each node, the wall clock in September 2001.
//! - **Nodes** are machines of their own with the addresses `10.0.0.1`, `10.0.0.2`, …, and at the
//!   same time share one loopback network: a reference written for several processes of one
//!   machine meets itself there, and what it sends is lost and delayed like all else.
//! - **The network** carries UDP, with multicast. A datagram to another node may be lost, repeated
//!   and delayed ([`Network`]), and does not cross a [`Partition`]. One to the same node arrives.
//! - **The terminal** of each node has the lines of the script, and nobody ends its input.
//! - **Files** are those of this machine, read when they are first asked for, and the same for
//!   every node from then on; a trace holds what was read.
//! - **Threads** of a library's own do not follow from a seed: such a library is refused.
//! - What else an object may ask for is answered by `failed`.
//! - **Nodes share no memory**: what a library hands from one proxy to another behind the
//!   context's back, such as `local_channel`, stays within a node.

mod compare;
mod files;
mod host;
mod network;
mod node;
mod options;
mod queue;
mod replay;
mod simulation;
mod streams;
mod summary;
mod tasks;
mod world;

pub use compare::{Difference, Twice};
pub use options::{Action, Delay, Network, Options, Partition, Scripted};
#[cfg(feature = "hostile")]
#[doc(hidden)]
pub use replay::hostile as trace;
pub(crate) use replay::{Beginning, open_header};
pub use replay::{Replay, ReplayError, Replayed, Trace};
pub use simulation::{Simulation, SimulationError};
pub use summary::{Datagrams, NodeState, NodeSummary, Summary};
pub use world::{Observer, Quiet};
