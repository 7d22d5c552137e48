//! What came of a simulation.

use std::time::Duration;

/// What came of a simulation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Virtual time that has passed.
    pub time: Duration,
    /// Events that objects were given: through connections, and `connected` and `disconnected`.
    pub events: u64,
    /// Timers, datagrams, lines, … that came from outside.
    pub wakes: u64,
    /// What became of datagrams.
    pub datagrams: Datagrams,
    /// What became of each node, in their order.
    pub nodes: Vec<NodeSummary>,
    /// Whether all nodes that are open have shown the same lines, in whatever order.
    pub agree: bool,
}

/// How many datagrams met which fate. One that goes to a group may meet several, one that goes to
/// nobody none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Datagrams {
    /// Were sent.
    pub sent: u64,
    /// Arrived.
    pub arrived: u64,
    /// Were lost by chance.
    pub lost: u64,
    /// Did not get through a partition.
    pub cut: u64,
    /// Arrived where nobody listened any more.
    pub unheard: u64,
}

/// What became of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeSummary {
    /// Its number, from 1.
    pub node: u32,
    /// How it is.
    pub state: NodeState,
    /// What its terminal has shown since it last started: time and line.
    pub shown: Vec<(Duration, String)>,
}

/// How a node is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NodeState {
    /// It has not started, or has crashed.
    Down,
    /// It is opening the reference.
    Opening,
    /// The reference is open.
    Open,
    /// What it opened has ended by itself.
    Ended,
    /// The reference could not be opened, or a part of it failed.
    Failed(String),
}

impl Summary {
    /// Whether the open nodes among these have shown the same lines, in whatever order.
    pub(super) fn agree(nodes: &[NodeSummary]) -> bool {
        let open = nodes.iter().filter(|node| node.state == NodeState::Open);
        let mut shown = open.map(|node| {
            let lines = node.shown.iter().map(|(_, line)| line.as_str());
            let mut lines: Vec<&str> = lines.collect();
            lines.sort_unstable();
            lines
        });
        let Some(first) = shown.next() else {
            return true;
        };
        shown.all(|lines| lines == first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_nodes_agree_on_lines_whatever_their_order() {
        let node = |state, lines: &[&str]| NodeSummary {
            node: 1,
            state,
            shown: lines
                .iter()
                .map(|line| (Duration::ZERO, (*line).to_owned()))
                .collect(),
        };
        let open = |lines| node(NodeState::Open, lines);
        assert!(Summary::agree(&[
            open(&["a", "b", "b"]),
            open(&["b", "a", "b"])
        ]));
        assert!(!Summary::agree(&[
            open(&["a", "b", "b"]),
            open(&["a", "b"])
        ]));
        let down = node(NodeState::Down, &[]);
        assert!(Summary::agree(&[open(&["a"]), down]));
    }
}
