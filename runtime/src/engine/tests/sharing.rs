//! "Events are typed memory": who copies what.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use liveobj_abi as abi;

use super::super::crossing::{MAX_QUEUED_BYTES, connect_across};
use super::{Shape, World, end};
use crate::boundary::calls::{ProxyCell, Wake};
use crate::boundary::native::{Incoming, Native};
use crate::boundary::tests::shared::{Shared, places};

const LOAD: Shape = Shape {
    ty: "Load",
    many: false,
    mandatory: false,
};
const UNLOAD: Shape = Shape {
    ty: "mirror Load",
    many: false,
    mandatory: false,
};
const FREIGHT: Shape = Shape {
    ty: "Freight",
    many: false,
    mandatory: false,
};
const TAKE: Shape = Shape {
    ty: "mirror Freight",
    many: false,
    mandatory: false,
};

/// More than 64 KiB.
const LONG: u64 = (64 << 10) + 1;

/// Where payloads lay that an object was handed.
type Seen = Rc<RefCell<Vec<[usize; 2]>>>;

/// Emits its payload when it is woken, and notes where those lie that come in.
struct Holder {
    payload: Rc<Shared>,
    seen: Seen,
    /// Whether it passes on what it hears.
    echo: bool,
}

impl Native for Holder {
    fn event(&mut self, proxy: &ProxyCell, event: Incoming) -> abi::Status {
        self.seen.borrow_mut().push(places(event.payload));
        if self.echo {
            proxy.emit(0, 0, event.payload);
        }
        abi::OK
    }

    fn wake(&mut self, proxy: &ProxyCell, _: u64, _: Wake) -> abi::Status {
        proxy.emit(0, 0, self.payload.payload())
    }
}

fn holder(payload: &Rc<Shared>, echo: bool) -> (Box<Holder>, Seen) {
    let seen = Seen::default();
    let holder = Holder {
        payload: payload.clone(),
        seen: seen.clone(),
        echo,
    };
    (Box::new(holder), seen)
}

#[test]
fn a_payload_of_the_same_layout_is_lent_as_it_is_to_every_peer() {
    let world = World::new();
    let payload = Rc::new(Shared::lent(LONG));
    let (sender, _) = holder(&payload, false);
    let sender = world.native("sender", &[LOAD.many()], sender);
    let all: Vec<Seen> = ["first", "second"]
        .into_iter()
        .map(|name| {
            let (peer, seen) = holder(&payload, false);
            let peer = world.native(name, &[UNLOAD], peer);
            world.connect((&sender, 0), (&peer, 0));
            seen
        })
        .collect();
    world.wake(&sender);
    for seen in all {
        assert_eq!(*seen.borrow(), [payload.places()]);
    }
}

#[test]
fn owned_bytes_that_wait_in_a_domain_are_never_copied() {
    let world = World::new();
    let payload = Rc::new(Shared::owned(LONG));
    let ((sender, answers), (echo, _)) = (holder(&payload, false), holder(&payload, true));
    let sender = world.native("sender", &[LOAD], sender);
    let echo = world.native("echo", &[UNLOAD], echo);
    world.connect((&sender, 0), (&echo, 0));
    world.wake(&sender);
    // The sender was still running when it was answered, so the answer waited.
    let [there, here] = [payload.places(), answers.borrow()[0]];
    assert_ne!(here[0], there[0], "the struct was copied");
    assert_eq!(here[1], there[1], "the bytes were not");
    assert_eq!(payload.holders(), 1, "nothing is left of it");
}

#[test]
fn owned_bytes_that_go_to_another_domain_are_never_copied() {
    let (here, there) = super::connections::two_worlds();
    for (payload, kept) in [(Shared::owned(LONG), true), (Shared::lent(LONG), false)] {
        let payload = Rc::new(payload);
        let ((sender, _), (receiver, seen)) = (holder(&payload, false), holder(&payload, false));
        let sender = here.native("sender", &[LOAD], sender);
        let receiver = there.native("receiver", &[UNLOAD], receiver);
        super::connections::across((&here, &sender), (&there, &receiver));
        here.wake(&sender);
        assert_eq!(payload.holders(), 1 + usize::from(kept));
        there.run();
        let [structure, bytes] = seen.borrow()[0];
        assert_ne!(structure, payload.places()[0]);
        assert_eq!(bytes == payload.places()[1], kept);
        assert_eq!(payload.holders(), 1, "nothing is left of it");
    }
}

/// Offers its payload until it is refused.
struct Pusher {
    payload: Rc<Shared>,
    taken: Rc<Cell<usize>>,
}

impl Native for Pusher {
    fn event(&mut self, _: &ProxyCell, _: Incoming) -> abi::Status {
        abi::OK
    }

    fn wake(&mut self, proxy: &ProxyCell, _: u64, _: Wake) -> abi::Status {
        while proxy.emit(0, 0, self.payload.payload()) == abi::OK {
            self.taken.set(self.taken.get() + 1);
        }
        abi::OK
    }
}

#[test]
fn a_queue_takes_64_mebibytes_and_what_is_kept_counts() {
    let (here, there) = super::connections::two_worlds();
    let payload = Rc::new(Shared::owned(1 << 20));
    let taken = Rc::new(Cell::new(0));
    let pusher = Pusher {
        payload: payload.clone(),
        taken: taken.clone(),
    };
    let sender = here.native("sender", &[FREIGHT], Box::new(pusher));
    let (receiver, seen) = holder(&payload, false);
    let receiver = there.native("receiver", &[TAKE], receiver);
    let made = connect_across(
        (&here.domain, end((&sender, 0))),
        (&there.domain, end((&receiver, 0))),
    );
    made.expect("connected");
    here.wake(&sender);
    // A struct comes with each mebibyte.
    assert_eq!(taken.get(), MAX_QUEUED_BYTES / (1 << 20) - 1);
    assert_eq!(payload.holders(), taken.get() + 1);
    there.run();
    assert_eq!(seen.borrow().len(), taken.get());
}
