//! Who seems alive: SWIM with suspicion (Das, Gupta and Motivala 2002), as the crate `foca` has it.
//!
//! In SWIM who was declared dead stays dead, so that whoever was declared dead wrongly has to come
//! back as somebody else. Here that is a further *generation* of the same member: being taken for
//! dead excludes nobody from a view, only the members' agreement does.

use std::collections::BTreeMap;
use std::num::{NonZeroU8, NonZeroUsize};
use std::time::Duration;

use foca::{Config, Foca, Member, Message, NoCustomBroadcast, Notification, State, Timer};
use rand::SeedableRng as _;
use rand::rngs::SmallRng;

use super::Settings;
use crate::env::{Env, SECOND};

mod codec;

use codec::Codec;

/// How often one change is told.
const TRANSMISSIONS: NonZeroU8 = NonZeroU8::new(10).unwrap();
/// How many are asked to look for a member that does not answer.
const HELPERS: NonZeroUsize = NonZeroUsize::new(3).unwrap();
/// Largest message; it leaves room for the header of a frame.
const MAX_MESSAGE: NonZeroUsize = NonZeroUsize::new(1_000).unwrap();
/// How long it is remembered who is dead.
const REMEMBERED: u64 = 120 * SECOND;
/// Of more members nothing is remembered: then somebody makes them up.
const MAX_KNOWN: usize = 2_048;

/// A member, and how often it came back after it was taken for dead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Peer {
    member: u64,
    generation: u64,
}

impl foca::Identity for Peer {
    type Addr = u64;

    fn renew(&self) -> Option<Peer> {
        let generation = self.generation.checked_add(1)?;
        Some(Peer {
            generation,
            ..*self
        })
    }

    fn addr(&self) -> u64 {
        self.member
    }

    fn win_addr_conflict(&self, other: &Peer) -> bool {
        self.generation > other.generation
    }
}

/// What is thought of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seems {
    Alive,
    /// It does not answer, and has some time left to.
    Suspect,
    /// It did not, or was never heard of.
    Dead,
}

/// A member's part in SWIM.
pub(super) struct Liveness {
    foca: Foca<Peer, Codec, SmallRng, NoCustomBroadcast>,
    outside: Outside,
    /// What is thought of all that are known.
    known: BTreeMap<u64, State>,
}

/// Where `foca` puts what it wants.
#[derive(Default)]
struct Outside {
    now: u64,
    /// By when it is due, then by which came first.
    timers: BTreeMap<(u64, u64), Timer<Peer>>,
    set: u64,
    messages: Vec<(u64, Vec<u8>)>,
}

impl foca::Runtime<Peer> for &mut Outside {
    fn notify(&mut self, _: Notification<'_, Peer>) {
        // What changed is read out of the list of members.
    }

    fn send_to(&mut self, to: Peer, data: &[u8]) {
        self.messages.push((to.member, data.to_vec()));
    }

    fn submit_after(&mut self, event: Timer<Peer>, after: Duration) {
        let after = u64::try_from(after.as_nanos()).unwrap_or(u64::MAX);
        self.set += 1;
        let due = self.now.saturating_add(after);
        self.timers.insert((due, self.set), event);
    }
}

impl Liveness {
    pub(super) fn new(env: &mut Env<'_>, me: u64, settings: &Settings) -> Self {
        let identity = Peer {
            member: me,
            generation: 0,
        };
        let random = SmallRng::seed_from_u64((env.random)());
        let config = Config {
            probe_period: Duration::from_nanos(settings.period),
            probe_rtt: Duration::from_nanos(settings.period * 2 / 5),
            num_indirect_probes: HELPERS,
            max_transmissions: TRANSMISSIONS,
            suspect_to_down_after: Duration::from_nanos(settings.suspicion),
            remove_down_after: Some(Duration::from_nanos(REMEMBERED)),
            max_packet_size: MAX_MESSAGE,
            notify_down_members: true,
            periodic_announce: None,
            periodic_announce_to_down_members: None,
            periodic_gossip: None,
        };
        Liveness {
            foca: Foca::new(identity, config, random, Codec),
            outside: Outside::default(),
            known: BTreeMap::new(),
        }
    }

    pub(super) fn generation(&self) -> u64 {
        self.foca.identity().generation
    }

    pub(super) fn seems(&self, member: u64) -> Seems {
        match self.known.get(&member) {
            Some(State::Alive) => Seems::Alive,
            Some(State::Suspect) => Seems::Suspect,
            Some(State::Down) | None => Seems::Dead,
        }
    }

    /// A message of SWIM came for this member.
    pub(super) fn message(&mut self, now: u64, data: &[u8]) {
        if self.known.len() > MAX_KNOWN {
            return;
        }
        // What is none is dropped, as anything is that cannot be read.
        self.run(now, |foca, outside| foca.handle_data(data, outside));
    }

    /// A member was heard.
    pub(super) fn heard(&mut self, now: u64, member: u64, generation: u64) {
        if member == self.foca.identity().member || self.known.len() > MAX_KNOWN {
            return;
        }
        let peer = Peer { member, generation };
        match self.known.get(&member) {
            Some(State::Alive | State::Suspect) => {}
            // It has to learn that it is taken for dead, to come back.
            Some(State::Down) if self.generation_of(member) >= Some(generation) => {
                self.run(now, |foca, outside| foca.announce(peer, outside));
            }
            Some(State::Down) | None => self.apply(now, Member::alive(peer)),
        }
    }

    /// A member is in the view: unless something is known of it, it seems alive until it does not
    /// answer.
    pub(super) fn expects(&mut self, now: u64, member: u64) {
        if member != self.foca.identity().member && !self.known.contains_key(&member) {
            self.heard(now, member, 0);
        }
    }

    pub(super) fn timer(&mut self, now: u64) {
        while let Some(entry) = self.outside.timers.first_entry()
            && entry.key().0 <= now
        {
            let event = entry.remove();
            self.run(now, |foca, outside| foca.handle_timer(event, outside));
        }
    }

    pub(super) fn deadline(&self) -> Option<u64> {
        self.outside.timers.keys().next().map(|(due, _)| *due)
    }

    /// Takes the messages to send, each with the member that it is for.
    pub(super) fn take_messages(&mut self) -> Vec<(u64, Vec<u8>)> {
        std::mem::take(&mut self.outside.messages)
    }

    fn apply(&mut self, now: u64, update: Member<Peer>) {
        self.run(now, |foca, outside| {
            foca.apply_many([update].into_iter(), true, outside)
        });
    }

    fn generation_of(&self, member: u64) -> Option<u64> {
        let mut all = self.foca.iter_membership_state();
        let found = all.find(|known| known.id().member == member)?;
        Some(found.id().generation)
    }

    fn run(
        &mut self,
        now: u64,
        act: impl FnOnce(
            &mut Foca<Peer, Codec, SmallRng, NoCustomBroadcast>,
            &mut Outside,
        ) -> Result<(), foca::Error>,
    ) {
        self.outside.now = now;
        // Errors are of messages that nobody honest sent, or came late; `foca` goes on after any.
        let _ = act(&mut self.foca, &mut self.outside);
        // After it came back under another generation, it probes on only if it is told something.
        let nothing = std::iter::empty();
        let _ = self.foca.apply_many(nothing, true, &mut self.outside);
        self.known.clear();
        let all = self.foca.iter_membership_state();
        self.known
            .extend(all.map(|known| (known.id().member, known.state())));
    }
}
