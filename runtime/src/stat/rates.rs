//! What happened between two samples, for each second.

use serde::Serialize;

use super::sample::{DomainSample, Memory, ObjectSample, OpenObject, QueueSample, Sample};

/// What a process did between two samples.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Rates {
    /// The process.
    pub pid: u32,
    /// Its memory, at the second one.
    pub memory: Memory,
    /// Its objects that are in both samples.
    pub objects: Vec<ObjectRate>,
}

/// What an object did.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ObjectRate {
    /// Which one.
    pub object: OpenObject,
    /// Its domains.
    pub domains: Vec<DomainRate>,
    /// Its parts that answered both times, by domain, in the order in which they were made.
    pub parts: Vec<PartRate>,
    /// Its connections, those inside of domains first.
    pub connections: Vec<ConnectionRate>,
}

/// How a domain is getting on.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct DomainRate {
    /// From 1.
    pub domain: u64,
    /// Nothing if it answered; else the object that runs, and for how many nanoseconds it was waited for.
    pub silent: Option<super::Silence>,
    /// What waits to be done, in and before the domain.
    pub waiting: u64,
    /// Emissions on endpoints that nobody is connected with, a second.
    pub lost: f64,
}

/// What a part did.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct PartRate {
    /// Its path in the reference.
    pub object: String,
    /// Its domain.
    pub domain: u64,
    /// The part of the time that its functions ran, without what they called: 1 is all of it.
    pub busy: f64,
    /// How often they were called, a second.
    pub calls: f64,
    /// What waits for it in the domain.
    pub waiting: u64,
    /// Bytes that the runtime keeps for it.
    pub bytes: u64,
}

/// What passed through a connection.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ConnectionRate {
    /// Its ends, `object.endpoint`.
    pub ends: [String; 2],
    /// Events that each of them emitted, a second.
    pub events: [f64; 2],
    /// The queue from each of them, if it is between domains.
    pub queues: Option<[QueueRate; 2]>,
}

/// A queue between domains.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct QueueRate {
    /// Events that wait.
    pub events: u64,
    /// Bytes of their payloads.
    pub bytes: u64,
    /// The most that waited so far.
    pub most: u64,
    /// Events for which there was no room so far.
    pub refused: u64,
    /// Whether one of these ended the connection.
    pub overflowed: bool,
}

impl Sample {
    /// What happened since an earlier sample of the same process.
    pub fn since(&self, before: &Sample) -> Rates {
        let objects = self.objects.iter().filter_map(|now| {
            let same = |it: &&ObjectSample| it.object.id == now.object.id;
            Some(object(before.objects.iter().find(same)?, now))
        });
        Rates {
            pid: self.process.pid,
            memory: self.memory,
            objects: objects.collect(),
        }
    }
}

fn object(before: &ObjectSample, now: &ObjectSample) -> ObjectRate {
    let mut rate = ObjectRate {
        object: now.object.clone(),
        domains: Vec::new(),
        parts: Vec::new(),
        connections: Vec::new(),
    };
    for domain in &now.domains {
        let earlier = before.domains.iter().find(|it| it.domain == domain.domain);
        let earlier = earlier.filter(|it| it.silent.is_none() && domain.silent.is_none());
        // Where it was silent once, there is nothing to compare.
        let each = |count: fn(&DomainSample) -> u64| {
            earlier.map_or(0.0, |earlier| {
                each_second(count(earlier), count(domain), earlier.at, domain.at)
            })
        };
        rate.domains.push(DomainRate {
            domain: domain.domain,
            silent: domain.silent.clone(),
            waiting: domain.waiting,
            lost: each(|it| it.lost),
        });
        if let Some(earlier) = earlier {
            inside(earlier, domain, &mut rate);
        }
    }
    for (earlier, queues) in before.queues.iter().zip(&now.queues) {
        let sent =
            [0, 1].map(|it| each_second(earlier[it].sent, queues[it].sent, before.at, now.at));
        rate.connections.push(ConnectionRate {
            ends: [queues[0].from.clone(), queues[0].to.clone()],
            events: sent,
            queues: Some([queue(&queues[0]), queue(&queues[1])]),
        });
    }
    rate
}

/// What happened inside a domain that answered both times. What is not in the first sample was made
/// since: it is compared with nothing.
fn inside(before: &DomainSample, now: &DomainSample, rate: &mut ObjectRate) {
    for part in &now.parts {
        let earlier = before.parts.binary_search_by_key(&part.id, |it| it.id);
        let earlier = earlier.ok().map(|at| &before.parts[at]);
        let (time, calls) = earlier.map_or((0, 0), |it| (it.time, it.calls));
        rate.parts.push(PartRate {
            object: part.object.clone(),
            domain: now.domain,
            busy: each_second(time, part.time, before.at, now.at) / 1e9,
            calls: each_second(calls, part.calls, before.at, now.at),
            waiting: part.waiting,
            bytes: part.bytes,
        });
    }
    for connection in &now.connections {
        let earlier = before
            .connections
            .binary_search_by_key(&connection.id, |it| it.id);
        let earlier = earlier.ok().map(|at| &before.connections[at]);
        let events = earlier.map_or([0, 0], |it| it.events);
        rate.connections.push(ConnectionRate {
            ends: connection.ends.clone(),
            events: [0, 1]
                .map(|it| each_second(events[it], connection.events[it], before.at, now.at)),
            queues: None,
        });
    }
}

fn queue(queued: &QueueSample) -> QueueRate {
    QueueRate {
        events: queued.events,
        bytes: queued.bytes,
        most: queued.most,
        refused: queued.refused,
        overflowed: queued.overflowed,
    }
}

/// What a count grew by, a second; the times are nanoseconds.
fn each_second(before: u64, now: u64, from: u64, until: u64) -> f64 {
    let time = until.saturating_sub(from);
    if time == 0 {
        return 0.0;
    }
    now.saturating_sub(before) as f64 * 1e9 / time as f64
}

#[cfg(test)]
mod tests {
    use super::super::{ConnectionSample, Memory, PartSample, Process, Silence};
    use super::*;

    fn sample(at: u64, domain: DomainSample) -> Sample {
        let object = OpenObject {
            id: 1,
            name: "note".to_owned(),
            identity: String::new(),
            since: 0,
            opening: false,
            domains: 1,
        };
        Sample {
            process: Process {
                pid: 1,
                liveobj: String::new(),
                objects: Vec::new(),
            },
            memory: Memory::default(),
            objects: vec![ObjectSample {
                object,
                at,
                domains: vec![DomainSample {
                    domain: 1,
                    at,
                    ..domain
                }],
                queues: Vec::new(),
            }],
        }
    }

    fn domain(count: u64, parts: &[u64]) -> DomainSample {
        let parts = parts.iter().map(|id| PartSample {
            id: *id,
            object: format!("part {id}"),
            time: count * 1_000_000,
            calls: count,
            waiting: 0,
            bytes: 0,
        });
        DomainSample {
            lost: count,
            parts: parts.collect(),
            connections: vec![ConnectionSample {
                id: 9,
                ends: ["a".to_owned(), "b".to_owned()],
                events: [count, 2 * count],
            }],
            ..DomainSample::default()
        }
    }

    #[test]
    fn rates_are_for_each_second_and_new_parts_begin_at_nothing() {
        let half_a_second = 500_000_000;
        let before = sample(half_a_second, domain(10, &[3]));
        let rates = sample(2 * half_a_second, domain(60, &[3, 4])).since(&before);
        let object = &rates.objects[0];
        let parts: Vec<_> = object.parts.iter().map(|it| (it.calls, it.busy)).collect();
        assert_eq!(parts, [(100.0, 0.1), (120.0, 0.12)]);
        assert_eq!(object.connections[0].events, [100.0, 200.0]);
        assert_eq!(object.domains[0].lost, 100.0);
    }

    #[test]
    fn of_a_domain_that_was_silent_once_there_are_no_rates() {
        let silent = DomainSample {
            silent: Some(Silence {
                waited: 1,
                object: "worker".to_owned(),
            }),
            ..DomainSample::default()
        };
        let (before, now) = (sample(1, silent.clone()), sample(2, domain(1, &[1])));
        for (before, now) in [(&before, &now), (&now, &before)] {
            let rates = now.since(before);
            let object = &rates.objects[0];
            assert!(object.parts.is_empty() && object.connections.is_empty());
            assert_eq!(object.domains[0].silent, now.objects[0].domains[0].silent);
        }
    }
}
