//! What a simulation follows from.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Most nodes of a simulation.
const MAX_NODES: u32 = 1_000;
/// A million parts per million.
const ALL: u32 = 1_000_000;

/// What a simulation follows from. The same options give the same run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// How many nodes: 1 to 1,000. They are numbered from 1.
    pub nodes: u32,
    /// What all chance follows from.
    pub seed: u64,
    /// How much virtual time [`super::Simulation::run`] lets pass.
    #[serde(rename = "nanoseconds", with = "nanoseconds")]
    pub duration: Duration,
    /// What the network does to datagrams.
    pub network: Network,
    /// When which nodes do not reach each other.
    pub partitions: Vec<Partition>,
    /// What happens to nodes, and what people type. What stands earlier happens first where the
    /// times are the same. A node whose first [`Action::Start`] comes before any [`Action::Crash`]
    /// of it starts there, all others at time 0.
    pub script: Vec<Scripted>,
}

impl Default for Options {
    /// Two nodes for a minute, seed 0, a network that delays by 1 to 10 ms and loses nothing.
    fn default() -> Options {
        Options {
            nodes: 2,
            seed: 0,
            duration: Duration::from_secs(60),
            network: Network::default(),
            partitions: Vec::new(),
            script: Vec::new(),
        }
    }
}

/// What the network does to a datagram from one node to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// How many of a million are lost.
    pub loss: u32,
    /// How many of a million arrive twice, each time after a delay of its own.
    pub repeat: u32,
    /// How long one is on its way. Where that varies, datagrams overtake each other.
    pub delay: Delay,
}

impl Default for Network {
    fn default() -> Network {
        Network {
            loss: 0,
            repeat: 0,
            delay: Delay {
                least: Duration::from_millis(1),
                most: Duration::from_millis(10),
            },
        }
    }
}

/// How long a datagram is on its way: each time between `least` and `most` is as likely.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delay {
    /// At least so long.
    #[serde(with = "nanoseconds")]
    pub least: Duration,
    /// At most so long.
    #[serde(with = "nanoseconds")]
    pub most: Duration,
}

/// A time in which nodes of different groups do not reach each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Partition {
    /// Groups of node numbers. Nodes that are in none are one more group.
    pub groups: Vec<BTreeSet<u32>>,
    /// From this time on …
    #[serde(with = "nanoseconds")]
    pub from: Duration,
    /// … until just before this one.
    #[serde(with = "nanoseconds")]
    pub until: Duration,
}

/// Something that happens to a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scripted {
    /// When.
    #[serde(with = "nanoseconds")]
    pub at: Duration,
    /// Which node, from 1.
    pub node: u32,
    /// What.
    pub action: Action,
}

/// What happens to a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It starts and opens the reference. One that runs already is left alone.
    Start,
    /// It is gone at once: it says goodbye to nobody, and what it knew is lost.
    Crash,
    /// What it runs is closed by its owner, and may take its time for that
    /// ([`crate::RuntimeBuilder::leave_within`]); a start meanwhile waits. Where nothing is open yet, it is
    /// as after a crash.
    Close,
    /// Somebody enters a line. If nothing has the terminal, the line waits until something has.
    Type(String),
}

impl Options {
    /// What is wrong with them.
    pub(super) fn fault(&self) -> Option<String> {
        if !(1..=MAX_NODES).contains(&self.nodes) {
            return Some(format!(
                "a simulation has 1 to {MAX_NODES} nodes, not {}",
                self.nodes
            ));
        }
        if self.network.loss > ALL || self.network.repeat > ALL {
            return Some("more than all datagrams cannot be lost or repeated".to_owned());
        }
        let Delay { least, most } = self.network.delay;
        if least > most {
            return Some(format!("a delay from {least:?} to {most:?} is none"));
        }
        let scripted = self.script.iter().map(|scripted| scripted.node);
        let mut named = scripted.chain(
            self.partitions
                .iter()
                .flat_map(|it| it.groups.iter().flatten().copied()),
        );
        if let Some(node) = named.find(|node| !(1..=self.nodes).contains(node)) {
            let nodes = self.nodes;
            return Some(format!("there is no node {node}: they are 1 to {nodes}"));
        }
        for partition in &self.partitions {
            if partition.from >= partition.until {
                return Some(format!(
                    "a partition from {:?} until {:?} is none",
                    partition.from, partition.until
                ));
            }
            let mut seen = BTreeSet::new();
            if let Some(node) =
                (partition.groups.iter().flatten()).find(|node| !seen.insert(**node))
            {
                return Some(format!("node {node} is in two groups of one partition"));
            }
        }
        None
    }

    /// Nodes that start at time 0.
    pub(super) fn first_nodes(&self) -> Vec<u32> {
        let joins_later = |node: &u32| {
            let mut own: Vec<_> = self.script.iter().filter(|it| it.node == *node).collect();
            own.sort_by_key(|scripted| scripted.at);
            let first = own
                .into_iter()
                .find(|scripted| !matches!(scripted.action, Action::Type(_)));
            first.is_some_and(|scripted| scripted.action == Action::Start)
        };
        (1..=self.nodes).filter(|node| !joins_later(node)).collect()
    }
}

impl Partition {
    /// Whether two nodes do not reach each other at this time.
    pub(super) fn cuts(&self, left: u32, right: u32, now: u64) -> bool {
        let group = |node| self.groups.iter().position(|group| group.contains(&node));
        (nanos(self.from)..nanos(self.until)).contains(&now) && group(left) != group(right)
    }
}

/// A time as the simulation counts it; one that does not fit is the last.
pub(super) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Durations as whole nanoseconds.
pub(super) mod nanoseconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(in crate::sim) fn serialize<S: Serializer>(
        duration: &Duration,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(super::nanos(*duration))
    }

    pub(in crate::sim) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_nanos)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partition(groups: &[&[u32]]) -> Partition {
        let groups = groups.iter().map(|group| group.iter().copied().collect());
        Partition {
            groups: groups.collect(),
            from: Duration::from_secs(1),
            until: Duration::from_secs(2),
        }
    }

    #[test]
    fn a_partition_cuts_between_its_groups_while_it_lasts() {
        let partition = partition(&[&[1], &[2, 3]]);
        let (before, during, after) = (999_999_999, 1_000_000_000, 2_000_000_000);
        assert!(partition.cuts(1, 2, during));
        assert!(partition.cuts(3, 1, during));
        assert!(!partition.cuts(2, 3, during));
        assert!(partition.cuts(4, 1, during), "those left over are a group");
        assert!(!partition.cuts(4, 5, during));
        assert!(!partition.cuts(1, 2, before) && !partition.cuts(1, 2, after));
    }

    #[test]
    fn a_node_that_is_not_there_is_named() {
        let typed = Scripted {
            at: Duration::ZERO,
            node: 3,
            action: Action::Type("x".into()),
        };
        let options = Options {
            script: vec![typed],
            ..Options::default()
        };
        let fault = options.fault();
        assert_eq!(
            fault.as_deref(),
            Some("there is no node 3: they are 1 to 2")
        );
        let options = Options {
            partitions: vec![partition(&[&[1, 2], &[2]])],
            ..Options::default()
        };
        let fault = options.fault();
        let expected = "node 2 is in two groups of one partition";
        assert_eq!(fault.as_deref(), Some(expected));
        assert_eq!(Options::default().fault(), None);
    }

    #[test]
    fn a_node_starts_at_once_unless_the_script_starts_it_first() {
        let scripted = |seconds, node, action| Scripted {
            at: Duration::from_secs(seconds),
            node,
            action,
        };
        let options = Options {
            nodes: 4,
            script: vec![
                scripted(9, 2, Action::Start),
                scripted(5, 2, Action::Type("early".into())),
                scripted(9, 3, Action::Start),
                scripted(5, 3, Action::Crash),
            ],
            ..Options::default()
        };
        assert_eq!(options.first_nodes(), [1, 3, 4]);
    }

    #[test]
    fn options_read_back_from_json_as_they_were() {
        let options = Options {
            partitions: vec![partition(&[&[1], &[2]])],
            script: vec![Scripted {
                at: Duration::from_millis(1),
                node: 1,
                action: Action::Type("hello".into()),
            }],
            ..Options::default()
        };
        let json = serde_json::to_string(&options).unwrap();
        assert_eq!(serde_json::from_str::<Options>(&json).unwrap(), options);
    }
}
