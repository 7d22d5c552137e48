//! The objects: they note what happens to them, pass events on, and react as they were told to.

use std::cell::Cell;
use std::rc::Rc;

use liveobj_abi as abi;
use liveobj_types::Data;

use super::generate::Reaction;
use super::{ACROSS, Id, Seen, Shared};
use crate::boundary::calls::{ProxyCell, Wake};
use crate::boundary::memory::Keeper;
use crate::boundary::native::{Incoming, Native};
use crate::engine::tests::{LISTEN, Shape, TALK, number};

/// Where an object reacts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Connected,
    Heard,
    Disconnected,
    Woken,
    Destroyed,
}

/// Says at 0, 2 and 4, hears at 1, 3 and 5; the last two are for connections between domains.
pub(super) fn shapes(choosy: bool) -> [Shape; 6] {
    let ear = if choosy { LISTEN.mandatory() } else { LISTEN };
    [
        TALK,
        ear,
        TALK.many(),
        LISTEN.many(),
        TALK.many(),
        LISTEN.many(),
    ]
}

pub(super) struct Life {
    pub(super) world: usize,
    /// Its number, once it is created.
    pub(super) number: Rc<Cell<u64>>,
    pub(super) keeper: Keeper,
    pub(super) shared: Rc<Shared>,
}

impl Life {
    fn id(&self) -> Id {
        Id {
            world: self.world,
            number: self.number.get(),
        }
    }

    fn note(&self, seen: Seen) {
        self.shared.seen.borrow_mut().push((self.id(), seen));
    }

    fn connection(&self, number: u64) -> Id {
        // A connection between domains has the same number on both sides.
        let world = if number >= ACROSS { 2 } else { self.world };
        Id { world, number }
    }

    /// Does what it was told to do the next time that it is here.
    fn react(&self, proxy: &ProxyCell, place: Place) -> abi::Status {
        let reaction = {
            let mut reactions = self.shared.reactions.borrow_mut();
            let told = reactions.get_mut(&self.id());
            told.and_then(|told| {
                let at = told.iter().position(|(known, _)| *known == place)?;
                Some(told.remove(at).1)
            })
        };
        match reaction {
            None => abi::OK,
            Some(Reaction::Act(act)) => {
                act.inside(proxy.domain(), self.world, &self.shared);
                abi::OK
            }
            Some(failing) => {
                self.note(Seen::Fails);
                self.shared.model.borrow_mut().fail(self.id());
                assert!(!matches!(failing, Reaction::Panic), "as it was told to");
                abi::FAILED
            }
        }
    }

    fn say(&self, proxy: &ProxyCell, n: u64) {
        for endpoint in [0, 2, 4] {
            proxy.emit(endpoint, 0, number(&self.keeper, n).lent());
        }
    }
}

impl Native for Life {
    fn event(&mut self, proxy: &ProxyCell, event: Incoming) -> abi::Status {
        self.note(Seen::Heard(
            event.endpoint,
            self.connection(event.connection),
        ));
        let Ok(Data::Record(fields)) = self.keeper.read(event.payload) else {
            return abi::INVALID;
        };
        if let Some(Data::U64(n @ 1..)) = fields.get("n") {
            self.say(proxy, n - 1);
        }
        self.react(proxy, Place::Heard)
    }

    fn connected(&mut self, proxy: &ProxyCell, endpoint: u32, connection: u64) -> abi::Status {
        self.note(Seen::Connected(endpoint, self.connection(connection)));
        self.say(proxy, 0);
        self.react(proxy, Place::Connected)
    }

    fn disconnected(
        &mut self,
        proxy: &ProxyCell,
        endpoint: u32,
        connection: u64,
        _: u32,
    ) -> abi::Status {
        self.note(Seen::Disconnected(endpoint, self.connection(connection)));
        self.say(proxy, 0);
        self.react(proxy, Place::Disconnected)
    }

    fn wake(&mut self, proxy: &ProxyCell, _: u64, wake: Wake) -> abi::Status {
        self.note(Seen::Woken);
        if let Wake::Posted(_) = wake {
            self.say(proxy, 2);
        }
        self.react(proxy, Place::Woken)
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        self.note(Seen::Destroyed);
        let told = self.shared.reactions.borrow_mut().remove(&self.id());
        let told = told.unwrap_or_default();
        let panics = told.iter().any(|(place, _)| *place == Place::Destroyed);
        assert!(!panics || std::thread::panicking(), "as it was told to");
    }
}
