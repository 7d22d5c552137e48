//! What will happen, in order.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;

use super::streams::Arrival;
use crate::boundary::calls::Wake;
use crate::edge::Ticket;

/// Something that will happen to a node.
#[derive(Debug)]
pub(super) struct Happening {
    /// The node, from 1.
    pub(super) node: u32,
    /// Line of the trace that led to it; 0 for none.
    pub(super) cause: u64,
    /// What.
    pub(super) what: What,
}

/// What will happen.
#[derive(Debug)]
pub(super) enum What {
    /// A request is answered, or a timer ends; nothing if the node has been restarted since.
    Wake {
        /// Which of the node's lives asked.
        life: u32,
        ticket: Ticket,
        wake: Wake,
    },
    /// A datagram arrives.
    Datagram {
        /// Number of the socket.
        socket: u64,
        /// The node that sent it.
        sender: u32,
        from: SocketAddr,
        bytes: Rc<[u8]>,
    },
    /// Something of a stream arrives.
    Stream(Arrival),
    /// It starts.
    Start,
    /// It is gone.
    Crash,
    /// What it runs is closed.
    Close,
    /// Somebody enters a line.
    Type(String),
}

/// Where something stands in the queue: its time, and a number.
pub(super) type Place = (u64, u64);

/// What will happen, by time, and in the order in which it was added where times are the same.
#[derive(Debug, Default)]
pub(super) struct Queue {
    next: u64,
    happenings: BTreeMap<Place, Happening>,
}

impl Queue {
    /// Adds something.
    pub(super) fn add(&mut self, at: u64, happening: Happening) -> Place {
        let place = (at, self.next);
        self.happenings.insert(place, happening);
        self.next += 1;
        place
    }

    /// Takes something out again, if it has not happened yet.
    pub(super) fn remove(&mut self, place: Place) {
        self.happenings.remove(&place);
    }

    /// Takes the first, if it comes until then.
    pub(super) fn take(&mut self, until: u64) -> Option<(u64, Happening)> {
        let first = self.happenings.first_entry()?;
        let at = first.key().0;
        (at <= until).then(|| (at, first.remove()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_added_first_of_one_time_comes_first() {
        let mut queue = Queue::default();
        let happening = |node| Happening {
            node,
            cause: 0,
            what: What::Start,
        };
        for (at, node) in [(5, 1), (3, 2), (5, 3), (3, 4)] {
            queue.add(at, happening(node));
        }
        let mut taken = Vec::new();
        while let Some((at, happening)) = queue.take(4) {
            taken.push((at, happening.node));
        }
        assert_eq!(taken, [(3, 2), (3, 4)]);
        assert_eq!(queue.take(5).map(|(_, it)| it.node), Some(1));
        assert_eq!(queue.take(9).map(|(_, it)| it.node), Some(3));
        assert!(queue.take(9).is_none());
    }

    #[test]
    fn what_was_taken_out_does_not_happen() {
        let mut queue = Queue::default();
        let happening = || Happening {
            node: 1,
            cause: 0,
            what: What::Start,
        };
        let place = queue.add(1, happening());
        queue.add(2, happening());
        queue.remove(place);
        assert_eq!(queue.take(9).map(|(at, _)| at), Some(2));
    }
}
