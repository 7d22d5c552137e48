//! Streams between nodes that do what the tests say.

use std::collections::BTreeSet;
use std::time::Duration;

use super::super::files::Files;
use super::super::options::{self, Delay, Options, Partition};
use super::super::world::Observer;
use super::*;

const SECOND: u64 = 1_000_000_000;

struct Nobody;

impl Observer for Nobody {}

/// What woke whom: the node, its token, and with what.
type Woken = (u32, u64, Wake);

struct Nodes {
    world: World,
}

fn owner(node: u32, token: u64) -> Owner {
    let ticket = Ticket {
        proxy: 1,
        token,
        ticket: token,
    };
    Owner {
        node,
        life: 1,
        ticket,
    }
}

fn ready(woken: &Woken) -> (u32, u64) {
    assert!(matches!(woken.2, Wake::Ready(_)), "{woken:?}");
    (woken.0, woken.1)
}

impl Nodes {
    fn new(options: &Options) -> Nodes {
        let files = Files::new(None, BTreeMap::new());
        Nodes {
            world: World::new(Network::new(options), files, Box::new(Nobody)),
        }
    }

    /// Over a network that loses nothing, but for a partition that node 2 is alone in.
    fn parted(from: u64, until: u64) -> Nodes {
        let partition = Partition {
            groups: vec![BTreeSet::from([2])],
            from: Duration::from_secs(from),
            until: Duration::from_secs(until),
        };
        Nodes::new(&Options {
            partitions: vec![partition],
            ..Options::default()
        })
    }

    /// Lets everything happen until then.
    fn until(&self, end: u64) -> Vec<Woken> {
        let mut woken = Vec::new();
        while let Some(next) = self.world.next(end) {
            let (owner, wake) = match next.what {
                What::Stream(arrival) => match self.world.arrived(next.node, arrival) {
                    Some(woken) => woken,
                    None => continue,
                },
                What::Wake { ticket, wake, .. } => (owner(next.node, ticket.token), wake),
                other => panic!("{other:?}"),
            };
            woken.push((owner.node, owner.ticket.token, wake));
        }
        woken
    }

    /// Lets a second pass.
    fn pause(&self) -> Vec<Woken> {
        self.until(self.world.now() + SECOND)
    }

    fn listen(&self, node: u32) -> (u64, String) {
        let bind = format!("{}:7000", addresses(node)[0]);
        let listener = self.world.streams.borrow_mut().listen(node, &bind);
        let (number, address) = listener.expect("the port is free");
        (number, address.to_string())
    }

    fn connect(&self, node: u32, token: u64, to: &str) -> u64 {
        let end = self.world.connect_stream(owner(node, token), to);
        end.expect("it is an address")
    }

    /// A stream from node 1, which asked under 10, to node 2, which took it under 20.
    fn stream(&self) -> (u64, u64) {
        let (listener, address) = self.listen(2);
        let there = self.world.accept_stream(owner(2, 20), listener);
        let here = self.connect(1, 10, &address);
        let woken = self.until(self.world.now() + 20 * SECOND);
        let woken: Vec<(u32, u64)> = woken.iter().map(ready).collect();
        assert_eq!(woken, [(2, 20), (1, 10)]);
        (here, there.expect("there is a listener"))
    }

    /// All that node 2 reads from an end until then, and what else happens.
    fn read(&self, end: u64, until: u64) -> (Vec<u8>, Vec<Woken>) {
        let (mut all, mut others) = (Vec::new(), Vec::new());
        loop {
            self.world.receive_stream(end);
            let mut got = false;
            for woken in self.until(until.min(self.world.now() + SECOND)) {
                match woken {
                    (2, 20, Wake::Data(bytes)) => {
                        all.extend(bytes);
                        got = true;
                    }
                    other => others.push(other),
                }
            }
            if !got && self.world.now() >= until {
                return (all, others);
            }
        }
    }
}

#[test]
fn what_a_bad_network_carries_arrives_whole_and_in_order() {
    let network = options::Network {
        loss: 200_000,
        repeat: 100_000,
        delay: Delay {
            least: Duration::from_millis(1),
            most: Duration::from_millis(300),
        },
    };
    for seed in 0..5 {
        let nodes = Nodes::new(&Options {
            seed,
            network: network.clone(),
            ..Options::default()
        });
        let (here, there) = nodes.stream();
        let mut sent = Vec::new();
        for number in 0..200_u8 {
            let bytes = vec![number; usize::from(number) + 1];
            nodes.world.send_stream(here, &bytes);
            sent.extend(bytes);
        }
        let (received, others) = nodes.read(there, nodes.world.now() + 50 * SECOND);
        assert_eq!(received, sent, "seed {seed}");
        assert_eq!(others, [], "seed {seed}");
    }
}

#[test]
fn what_was_sent_before_the_end_is_read_before_it_and_nobody_hears_what_is_sent_back() {
    let nodes = Nodes::new(&Options::default());
    let (here, there) = nodes.stream();
    nodes.world.send_stream(here, b"all of it");
    nodes.world.close_stream(here);
    assert_eq!(nodes.pause(), [], "it was not asked for");
    nodes.world.receive_stream(there);
    assert_eq!(nodes.pause(), [(2, 20, Wake::Data(b"all of it".to_vec()))]);
    nodes.world.receive_stream(there);
    assert_eq!(nodes.pause(), [(2, 20, Wake::End)]);
    nodes.world.send_stream(there, b"too late");
    assert_eq!(nodes.pause(), [(2, 20, Wake::Failed(reset()))]);
}

#[test]
fn where_nobody_listens_a_stream_is_refused_and_where_nobody_is_it_times_out() {
    let nodes = Nodes::new(&Options::default());
    let address = format!("{}:7000", addresses(2)[0]);
    nodes.connect(1, 10, &address);
    let reason = format!("cannot connect with `{address}`: connection refused");
    assert_eq!(nodes.pause(), [(1, 10, Wake::Failed(reason))]);
    let nobody = "203.0.113.9:7000";
    nodes.connect(1, 11, nobody);
    assert_eq!(nodes.until(nodes.world.now() + OPEN_TIMEOUT - 1), []);
    let reason = format!("cannot connect with `{nobody}`: timed out");
    assert_eq!(nodes.pause(), [(1, 11, Wake::Failed(reason))]);
    let (listener, address) = nodes.listen(2);
    nodes.connect(1, 12, &address);
    assert_eq!(
        nodes.pause().iter().map(ready).collect::<Vec<_>>(),
        [(1, 12)]
    );
    nodes.world.accept_stream(owner(2, 20), listener);
    assert_eq!(
        nodes.pause().iter().map(ready).collect::<Vec<_>>(),
        [(2, 20)]
    );
}

#[test]
fn a_closed_listener_fails_who_waits_for_it_and_ends_what_nobody_took() {
    let nodes = Nodes::new(&Options::default());
    let (listener, address) = nodes.listen(2);
    let here = nodes.connect(1, 10, &address);
    nodes.pause();
    nodes.world.close_listener(listener);
    nodes.world.receive_stream(here);
    assert_eq!(nodes.pause(), [(1, 10, Wake::End)]);
    let (listener, _) = nodes.listen(2);
    nodes.world.accept_stream(owner(2, 21), listener);
    nodes.world.close_listener(listener);
    let reason = "the listener was closed".to_owned();
    assert_eq!(nodes.pause(), [(2, 21, Wake::Failed(reason))]);
}

#[test]
fn a_stream_outlives_a_partition_that_is_short_and_waits_for_its_end() {
    let nodes = Nodes::parted(30, 60);
    let (here, there) = nodes.stream();
    nodes.until(31 * SECOND);
    nodes.world.send_stream(here, b"patience");
    nodes.world.receive_stream(there);
    assert_eq!(nodes.until(60 * SECOND - 1), []);
    let woken = nodes.until(75 * SECOND);
    assert_eq!(woken, [(2, 20, Wake::Data(b"patience".to_vec()))]);
}

#[test]
fn a_stream_breaks_in_a_long_partition_and_another_one_is_opened_after_it() {
    let nodes = Nodes::parted(30, 200);
    let (here, _) = nodes.stream();
    nodes.until(31 * SECOND);
    nodes.world.send_stream(here, b"in vain");
    assert_eq!(nodes.until(91 * SECOND - 1), []);
    let broken = "the stream broke: timed out".to_owned();
    assert_eq!(nodes.pause(), [(1, 10, Wake::Failed(broken))]);
    let address = format!("{}:7000", addresses(2)[0]);
    nodes.connect(1, 11, &address);
    let reason = format!("cannot connect with `{address}`: timed out");
    let woken = nodes.until(199 * SECOND);
    assert_eq!(woken, [(1, 11, Wake::Failed(reason))]);
    nodes.until(201 * SECOND);
    nodes.connect(1, 12, &address);
    assert_eq!(
        nodes.pause().iter().map(ready).collect::<Vec<_>>(),
        [(1, 12)]
    );
}

#[test]
fn who_crashes_resets_its_streams_and_frees_its_addresses() {
    let nodes = Nodes::new(&Options::default());
    nodes.stream();
    nodes.world.close_streams_of(2);
    assert_eq!(nodes.pause(), [(1, 10, Wake::Failed(reset()))]);
    let (here, there) = nodes.stream();
    nodes.world.send_stream(here, b"again");
    let (received, others) = nodes.read(there, nodes.world.now() + SECOND);
    assert_eq!((received, others), (b"again".to_vec(), Vec::new()));
}

#[test]
fn who_is_refused_for_want_of_room_is_told_when_all_was_taken() {
    let nodes = Nodes::new(&Options::default());
    let (here, there) = nodes.stream();
    let has_room = |bytes| nodes.world.streams.borrow_mut().has_room(here, bytes);
    let full = TCP_ROOM as usize;
    assert!(has_room(full + 1), "the first may be larger");
    nodes.world.send_stream(here, &vec![7; full]);
    assert!(!has_room(1));
    assert_eq!(nodes.pause(), [], "nobody took anything");
    let (received, others) = nodes.read(there, nodes.world.now() + 30 * SECOND);
    assert_eq!(received.len(), full);
    assert_eq!(others, [(1, 10, Wake::Writable)]);
    assert!(has_room(full));
}
