//! Tap: what passes at one endpoint of an opened object, as it passes.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use liveobj_references::value_to_json;

use super::{Entry, Tracer, What};

/// Tells what passes at one endpoint of an opened object: see [`crate::OpenOptions::tap`]. Only the
/// connections of this endpoint take notice of it.
#[derive(Clone)]
pub struct Tap {
    /// As it was asked for.
    endpoint: String,
    /// The end that is meant, `object.endpoint`: known before any object is made.
    end: Arc<OnceLock<String>>,
    began: Instant,
    tell: Arc<dyn Fn(&TappedEvent) + Send + Sync>,
}

/// An event that is about to be delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TappedEvent {
    /// Since the tap was made.
    pub time: Duration,
    /// Whether the endpoint sends or receives it.
    pub direction: Tapped,
    /// The endpoint: `object.endpoint`, by the path of the object in the reference.
    pub endpoint: String,
    /// The other end of the connection.
    pub peer: String,
    /// Tells apart the connections of the endpoint.
    pub connection: u64,
    /// The name of the event.
    pub event: String,
    /// Its parameters, as a JSON object; none if they are not of the event's type.
    pub payload: Option<String>,
}

/// Which way an event passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tapped {
    /// The endpoint receives it.
    In,
    /// The endpoint sends it.
    Out,
}

impl Tap {
    /// At the endpoint `endpoint`: `object.endpoint` by the path of the object in the reference, such as
    /// `network/udp.channel`, or the name of an endpoint that the opened object has itself. `tell` is
    /// called on the thread of the domain that receives an event, before it does, and should not take
    /// long.
    pub fn new(
        endpoint: impl Into<String>,
        tell: impl Fn(&TappedEvent) + Send + Sync + 'static,
    ) -> Tap {
        Tap {
            endpoint: endpoint.into(),
            end: Arc::default(),
            began: Instant::now(),
            tell: Arc::new(tell),
        }
    }

    /// The endpoint, as it was asked for.
    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Says which end is meant. A tap is for one object.
    pub(crate) fn settle(&self, end: String) {
        self.end.get_or_init(|| end);
    }
}

impl Tracer for Tap {
    fn trace(&self, entry: &Entry<'_>) -> u64 {
        let What::Event {
            connection,
            link,
            event,
            payload,
            ..
        } = &entry.what
        else {
            return 0;
        };
        let Some(end) = self.end.get() else {
            return 0;
        };
        let (direction, peer) = match (link.to == *end, link.from == *end) {
            (true, _) => (Tapped::In, &link.from),
            (false, true) => (Tapped::Out, &link.to),
            (false, false) => return 0,
        };
        let Some((name, ty)) = link.events.get(*event) else {
            return 0;
        };
        let payload = payload.as_ref();
        let payload = payload.and_then(|(types, data)| value_to_json(types, *ty, data));
        (self.tell)(&TappedEvent {
            time: self.began.elapsed(),
            direction,
            endpoint: end.clone(),
            peer: peer.clone(),
            connection: *connection,
            event: name.clone(),
            payload,
        });
        0
    }

    fn wants(&self, from: &str, to: &str) -> bool {
        let end = self.end.get();
        end.is_some_and(|end| from == end || to == end)
    }
}

impl fmt::Debug for Tap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tap")
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}
