//! The live object behind `shared_text`: brings time, chance and the endpoints to a replica.

use std::time::Duration;

use liveobj_sdk::{
    Bytes, Connection, CreateError, Disconnect, Level, List, Saved, Str, Token, Wake, live_object,
};
use sha2::{Digest as _, Sha256};

use crate::replica::{Action, Replica};
use crate::types::TextState;
use crate::{Env, shared_text, template};

type Context<'a> = shared_text::Context<'a>;

/// One replica of a text.
pub struct SharedText {
    replica: Replica,
    /// The timer that runs, and when it ends.
    timer: Token,
    ends: Option<u64>,
    /// Messages dropped when that was last reported.
    reported: u64,
    /// What the messages of this replica end in, besides their number.
    sender: [u8; 8],
    number: u32,
}

/// Bytes at the end of each message that make it differ from all others.
const TRAILER: usize = 8 + 4;

#[live_object(template::shared_text)]
impl template::shared_text for SharedText {
    fn create(
        context: &mut Context<'_>,
        _: shared_text::Parameters<'_>,
    ) -> Result<Self, CreateError> {
        let now = context.now();
        let replica = Replica::new(&mut Env {
            now,
            random: &mut || context.random(),
        });
        Ok(SharedText::new(replica, context.random()))
    }

    fn load(
        context: &mut Context<'_>,
        _: shared_text::Parameters<'_>,
        state: shared_text::State<'_>,
    ) -> Result<Self, CreateError> {
        let now = context.now();
        let mut env = Env {
            now,
            random: &mut || context.random(),
        };
        let replica = Replica::resume(&mut env, &state.history)
            .ok_or_else(|| CreateError::new("its history is not that of a text"))?;
        Ok(SharedText::new(replica, context.random()))
    }

    fn save(&self, save: shared_text::Save<'_>) -> Saved {
        let history = self.replica.history();
        save.state(TextState {
            history: Bytes::from(&history),
        })
    }

    /// Replicas that know the same have not always the same order of it.
    const DIGEST: Option<fn(&Self) -> [u8; 32]> =
        Some(|text| Sha256::digest(text.replica.known()).into());

    fn channel_receive(
        &mut self,
        context: &mut Context<'_>,
        event: shared_text::channel::Receive<'_>,
    ) {
        // What is too short is nothing that a replica sends: it is dropped and counted as such.
        let frame = event.message.split_last_chunk::<TRAILER>();
        let frame = frame.map_or(&[][..], |(frame, _)| frame);
        self.act(context, |replica, env| replica.datagram(env, frame));
        let dropped = self.replica.dropped();
        if dropped != self.reported && dropped.is_power_of_two() {
            self.reported = dropped;
            let text = format!("{dropped} messages so far were not for a shared text");
            context.report(Level::Debug, &text);
        }
    }

    fn text_append(&mut self, context: &mut Context<'_>, event: shared_text::text::Append<'_>) {
        self.act(context, |replica, env| replica.append(env, &event.line));
    }

    fn text_edit(&mut self, context: &mut Context<'_>, event: shared_text::text::Edit<'_>) {
        let (at, delete) = (event.at as usize, event.delete as usize);
        self.act(context, |replica, env| {
            replica.edit(env, at, delete, &event.insert)
        });
    }

    fn connected(
        &mut self,
        context: &mut Context<'_>,
        endpoint: shared_text::Endpoint,
        connection: Connection,
    ) {
        match endpoint {
            shared_text::Endpoint::channel => self.act(context, Replica::connected),
            shared_text::Endpoint::text => {
                let added: Vec<Str<'_>> = self.replica.lines().visible().map(Str::from).collect();
                let added = List::from(&added);
                let whole = shared_text::text::Changed {
                    first: 0,
                    removed: 0,
                    added,
                };
                // If the connection is gone already, it needs no text.
                let _ = context.emit_to(connection, whole);
            }
        }
    }

    fn disconnected(
        &mut self,
        _: &mut Context<'_>,
        endpoint: shared_text::Endpoint,
        _: Connection,
        _: Disconnect,
    ) {
        if let shared_text::Endpoint::channel = endpoint {
            self.replica.disconnected();
        }
    }

    fn wake(&mut self, context: &mut Context<'_>, token: Token, wake: Wake<'_>) {
        if let (true, Wake::Timer) = (token == self.timer, wake) {
            self.ends = None;
            self.act(context, Replica::timer);
        }
    }
}

impl SharedText {
    fn new(replica: Replica, random: u64) -> SharedText {
        SharedText {
            replica,
            timer: Token(0),
            ends: None,
            reported: 0,
            sender: random.to_le_bytes(),
            number: 0,
        }
    }

    fn act(
        &mut self,
        context: &mut Context<'_>,
        act: impl FnOnce(&mut Replica, &mut Env<'_>) -> Vec<Action>,
    ) {
        let now = context.now();
        let actions = act(
            &mut self.replica,
            &mut Env {
                now,
                random: &mut || context.random(),
            },
        );
        for action in actions {
            // What cannot be emitted has nobody to receive it.
            match action {
                Action::Send(mut message) => {
                    self.number = self.number.wrapping_add(1);
                    message.extend(self.sender);
                    message.extend(self.number.to_le_bytes());
                    let message = Bytes::from(&message);
                    let _ = context.emit(shared_text::channel::Send { message });
                }
                Action::Changed(changed) => {
                    let _ = changed.tell(|first, removed, added| {
                        context.emit(shared_text::text::Changed {
                            first,
                            removed,
                            added,
                        })
                    });
                }
                Action::Warn(text) => context.report(Level::Warning, &text),
            }
        }
        self.set_timer(context, now);
    }

    /// Sees to it that a timer ends at the replica's deadline or before.
    fn set_timer(&mut self, context: &mut Context<'_>, now: u64) {
        let Some(deadline) = self.replica.deadline() else {
            return;
        };
        if self.ends.is_some_and(|ends| ends <= deadline) {
            return;
        }
        if self.ends.take().is_some() {
            // It may have ended already; then its wake finds another token.
            let _ = context.close(self.timer);
        }
        self.timer = Token(self.timer.0 + 1);
        let delay = Duration::from_nanos(deadline.saturating_sub(now));
        match context.timer(self.timer, delay) {
            Ok(()) => self.ends = Some(deadline.max(now)),
            Err(error) => context.fail(&format!("a timer could not be set: {error}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use liveobj_sdk::testing::{Harness, Request};

    use super::*;
    use crate::MILLISECOND;
    use crate::shared_text::{Endpoint, Template, channel, text};

    fn harness() -> Harness<Template> {
        Harness::create(crate::shared_text::Unlent {}).unwrap()
    }

    /// A replica elsewhere.
    fn other() -> Replica {
        let mut replica = Replica::new(&mut Env {
            now: 0,
            random: &mut || 1 << 30,
        });
        replica.connected(&mut Env {
            now: 0,
            random: &mut || 0,
        });
        replica
    }

    fn messages(actions: Vec<Action>) -> Vec<Vec<u8>> {
        let messages = actions.into_iter().filter_map(|action| match action {
            Action::Send(message) => Some(message),
            _ => None,
        });
        messages.collect()
    }

    fn receive(harness: &mut Harness<Template>, connection: Connection, messages: Vec<Vec<u8>>) {
        for mut message in messages {
            message.extend([0; TRAILER]);
            let message = Bytes::from(&message);
            harness.send(connection, channel::Receive { message });
        }
    }

    /// What a proxy sent comes to a replica elsewhere; no two messages are equal.
    fn pass_on(harness: &mut Harness<Template>, other: &mut Replica, env: &mut Env<'_>) {
        let mut seen = std::collections::BTreeSet::new();
        for event in harness.take_emitted::<channel::Send<'_>>() {
            assert!(seen.insert(event.message.to_vec()), "it is sent twice");
            let (frame, _) = event.message.split_last_chunk::<TRAILER>().unwrap();
            other.datagram(env, frame);
        }
    }

    type Shown = (u32, u32, Vec<String>);

    fn shown(harness: &mut Harness<Template>) -> Vec<(Option<Connection>, Shown)> {
        let changes = harness.take_emitted_to::<text::Changed<'_>>().into_iter();
        changes
            .map(|(connection, event)| {
                let added = event.added.iter().map(ToString::to_string).collect();
                (connection, (event.first, event.removed, added))
            })
            .collect()
    }

    #[test]
    fn every_viewer_gets_the_whole_text_and_then_the_changes() {
        let mut harness = harness();
        harness.connect(Endpoint::channel);
        let first = harness.connect(Endpoint::text);
        harness.send(
            first,
            text::Append {
                line: "hello".into(),
            },
        );
        let second = harness.connect(Endpoint::text);
        harness.send(
            second,
            text::Edit {
                at: 5,
                delete: 0,
                insert: "\nworld".into(),
            },
        );
        let hello = vec!["hello".to_owned()];
        assert_eq!(
            shown(&mut harness),
            [
                (Some(first), (0, 0, Vec::new())),
                (None, (0, 0, hello.clone())),
                (Some(second), (0, 0, hello)),
                (None, (1, 0, vec!["world".to_owned()])),
            ]
        );
    }

    #[test]
    fn an_edit_goes_out_and_those_of_others_come_in() {
        let mut harness = harness();
        let connection = harness.connect(Endpoint::channel);
        let viewer = harness.connect(Endpoint::text);
        assert_eq!(
            harness.take_emitted::<channel::Send<'_>>().len(),
            1,
            "asks right away"
        );
        harness.send(
            viewer,
            text::Append {
                line: "mine".into(),
            },
        );
        let mut other = other();
        let mut env = Env {
            now: 0,
            random: &mut || 0,
        };
        pass_on(&mut harness, &mut other, &mut env);
        let theirs = messages(other.append(&mut env, "theirs"));
        shown(&mut harness);
        receive(&mut harness, connection, theirs);
        assert_eq!(
            shown(&mut harness),
            [(None, (1, 0, vec!["theirs".to_owned()]))]
        );
        assert_eq!(
            other.lines().visible().collect::<Vec<_>>(),
            ["mine", "theirs"]
        );
    }

    #[test]
    fn there_is_always_one_timer_for_what_comes_next() {
        let mut harness = harness();
        assert_eq!(
            harness.take_requests(),
            [],
            "nothing to wait for without a channel"
        );
        harness.connect(Endpoint::channel);
        let mut spoken = 0;
        for _ in 0..10 {
            let requests = harness.take_requests();
            let [Request::Timer { token, delay }] = requests[..] else {
                panic!("one timer was expected, not {requests:?}");
            };
            assert!(delay > Duration::ZERO);
            harness.advance(delay);
            harness.wake(token, Wake::Timer);
            spoken += harness.take_emitted::<channel::Send<'_>>().len();
        }
        assert!(
            (4..=6).contains(&spoken),
            "a state in every second wake, not {spoken}"
        );
    }

    fn lines(harness: &mut Harness<Template>) -> Vec<String> {
        harness.connect(Endpoint::text);
        let (_, (_, _, lines)) = shown(harness).pop().unwrap();
        lines
    }

    fn append(harness: &mut Harness<Template>, line: &str) {
        let viewer = harness.connect(Endpoint::text);
        harness.send(viewer, text::Append { line: line.into() });
        shown(harness);
    }

    fn resumed(harness: &mut Harness<Template>) -> Harness<Template> {
        Harness::load(crate::shared_text::Unlent {}, harness.save()).unwrap()
    }

    #[test]
    fn a_text_goes_on_from_its_state() {
        let mut empty = harness();
        let mut first = resumed(&mut empty);
        assert_eq!(lines(&mut first), [""; 0]);
        append(&mut first, "grüße");
        let viewer = first.connect(Endpoint::text);
        let edit = text::Edit {
            at: 0,
            delete: 2,
            insert: "𝄞".into(),
        };
        first.send(viewer, edit);
        let mut second = resumed(&mut first);
        assert_eq!(lines(&mut second), ["𝄞üße"]);
        append(&mut second, "and on");
        let mut third = resumed(&mut second);
        assert_eq!(lines(&mut third), ["𝄞üße", "and on"]);
        assert_eq!(third.digest(), second.digest());
        assert_ne!(third.digest(), first.digest());
    }

    #[test]
    fn two_that_go_on_from_one_state_do_not_write_under_one_number() {
        let mut saved = harness();
        append(&mut saved, "one");
        let state = saved.save();
        let load = |random: u64| {
            let mut env = Env {
                now: 0,
                random: &mut || random,
            };
            Replica::resume(&mut env, &state.history).unwrap()
        };
        let (mut left, mut right) = (load(1 << 30), load(1 << 31));
        let mut env = Env {
            now: 0,
            random: &mut || 0,
        };
        left.connected(&mut env);
        right.connected(&mut env);
        let from_left = messages(left.append(&mut env, "left"));
        let from_right = messages(right.append(&mut env, "right"));
        for (to, messages) in [(&mut left, from_right), (&mut right, from_left)] {
            for message in messages {
                to.datagram(&mut env, &message);
            }
        }
        assert_eq!(left.lines().visible().len(), 3);
        assert_eq!(left.known(), right.known());
    }

    #[test]
    fn replicas_that_agree_have_one_digest() {
        let mut alone = harness();
        let connection = alone.connect(Endpoint::channel);
        let mut env = Env {
            now: 0,
            random: &mut || 0,
        };
        let mut other = other();
        append(&mut alone, "first");
        pass_on(&mut alone, &mut other, &mut env);
        let theirs = messages(other.append(&mut env, "second"));
        let digest: [u8; 32] = Sha256::digest(other.known()).into();
        assert_ne!(alone.digest(), Some(digest));
        receive(&mut alone, connection, theirs);
        assert_eq!(alone.digest(), Some(digest));
    }

    #[test]
    fn what_is_not_a_text_is_not_gone_on_from() {
        for history in [&b""[..], b"nothing", &[1, 1, 1, 0]] {
            let state = TextState {
                history: history.into(),
            };
            let error =
                Harness::<Template>::load(crate::shared_text::Unlent {}, state).unwrap_err();
            assert_eq!(error, "its history is not that of a text");
        }
    }

    #[test]
    fn a_timer_that_was_replaced_does_nothing() {
        let mut harness = harness();
        harness.connect(Endpoint::channel);
        harness.advance(Duration::from_nanos(MILLISECOND));
        harness.wake(Token(99), Wake::Timer);
        assert_eq!(
            harness.take_emitted::<channel::Send<'_>>().len(),
            1,
            "only the first one"
        );
    }
}
