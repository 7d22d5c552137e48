use liveobj_sdk::testing::Harness;
use liveobj_sdk::{Connection, Opaque};

use crate::fault::{self, Fault};
use crate::types::ViewId;
use crate::virtual_synchrony::{Endpoint, Parameters, Template, channel, reliable};
use crate::world::faults;
use crate::world::judge::Declared;
use crate::world::stack::{first_wrong, short_schedule};

#[test]
fn whoever_passes_to_the_next_view_has_received_what_the_others_have() {
    assert_eq!(first_wrong::<false>(faults::seeds(), 0), None);
}

#[test]
fn whoever_is_closed_those_who_pass_have_received_the_same() {
    assert_eq!(first_wrong::<false>(faults::seeds(), 70), None);
}

#[test]
fn what_the_type_declares_is_kept() {
    for seed in 0..10 {
        let (history, _) = short_schedule::<false>(seed);
        let declared = Declared::by("SynchronousChannelService");
        assert_eq!(declared.judge_all(&history), Ok(()), "seed {seed}");
    }
}

#[test]
fn broken_variants_are_found_out() {
    let faults = [
        (Fault::OpensEarly, 0),
        (Fault::NeverCloses, 0),
        (Fault::NeverAlone, 0),
        (Fault::NeverBound, 400),
        (Fault::ShowsEarly, 400),
    ];
    for (broken, from) in faults {
        let wrong = fault::with(broken, || first_wrong::<false>(from..from + 100, 0));
        assert!(wrong.is_some(), "{broken:?}");
    }
}

/// A group of one, which hears itself.
struct Alone {
    harness: Harness<Template>,
    reliable: Connection,
}

impl Alone {
    fn show(&mut self, number: u64) {
        let (id, members) = (ViewId { group: 9, number }, [1]);
        let members = (&members).into();
        let view = reliable::View { id, members, me: 1 };
        self.harness.send(self.reliable, view);
        self.hear();
    }

    fn hear(&mut self) {
        for sent in self.harness.take_emitted::<reliable::Send<'_>>() {
            let message = sent.message;
            self.harness
                .send(self.reliable, reliable::Receive { message });
        }
    }

    /// Sends a message and tells the connections at which it is received: one, or all.
    fn receivers(&mut self, connection: Connection) -> Vec<Option<Connection>> {
        let message = Opaque::new(b"hello");
        self.harness.send(connection, channel::Send { message });
        self.hear();
        let received = self.harness.take_emitted_to::<channel::Receive<'_>>();
        received.into_iter().map(|(to, _)| to).collect()
    }
}

#[test]
fn who_connects_receives_nothing_before_the_next_view() {
    let mut harness = Harness::create(Parameters { backlog: 1_000 }).unwrap();
    let reliable = harness.connect(Endpoint::reliable);
    let first = harness.connect(Endpoint::channel);
    let mut alone = Alone { harness, reliable };
    assert_eq!(alone.receivers(first), []);
    alone.show(1);
    assert_eq!(alone.receivers(first), [None, None]);
    let late = alone.harness.connect(Endpoint::channel);
    assert_eq!(alone.receivers(late), [Some(first)]);
    alone.show(2);
    assert_eq!(alone.receivers(late), [None]);
}
