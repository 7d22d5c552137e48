//! The live object behind `shared_map`: brings the endpoints to the entries.

use liveobj_sdk::{Connection, CreateError, Entry, Level, Map, Opaque, Str, live_object};

use super::{Entries, Limits, TooLarge};
use crate::run::{MAX_UPDATE, Run, tell_loss};
use crate::types::{
    MapChange_Value as MapChange, MapCheckpoint_Value as MapCheckpoint, MapEntry_Value as MapEntry,
    MapUpdate_Value as MapUpdate,
};
use crate::{shared_map, template};

type Context<'a> = shared_map::Context<'a>;

/// One replica of a map.
pub struct SharedMap {
    run: Run,
    entries: Entries,
}

#[live_object(template::shared_map)]
impl template::shared_map for SharedMap {
    fn create(
        context: &mut Context<'_>,
        _: shared_map::Parameters<'_>,
    ) -> Result<Self, CreateError> {
        let run = Run::new(context.random());
        let entries = Entries::new(Limits { value: MAX_UPDATE });
        Ok(SharedMap { run, entries })
    }

    fn map_put(&mut self, context: &mut Context<'_>, event: shared_map::map::Put<'_>) {
        let shared_map::map::Put { key, value } = event;
        match self.entries.check(&key, &value) {
            Ok(()) => self.send(context, MapChange::put(MapEntry { key, value })),
            Err(reason) => refuse(context, &key, reason),
        }
    }

    fn map_remove(&mut self, context: &mut Context<'_>, event: shared_map::map::Remove<'_>) {
        self.send(context, MapChange::remove(event.key));
    }

    fn map_clear(&mut self, context: &mut Context<'_>, _: shared_map::map::Clear) {
        self.send(context, MapChange::clear);
    }

    fn channel_receive(
        &mut self,
        context: &mut Context<'_>,
        event: shared_map::channel::Receive<'_>,
    ) {
        let MapUpdate { id, change } = event.message;
        // What cannot be emitted has nobody to receive it.
        match change {
            MapChange::put(MapEntry { key, value }) => match self.entries.put(&key, &value) {
                Ok(()) => {
                    let _ = context.emit(shared_map::map::Changed { key, value });
                }
                Err(reason) if self.run.is_own(id) => refuse(context, &key, reason),
                Err(_) => {}
            },
            MapChange::remove(key) => {
                if self.entries.remove(&key) {
                    let _ = context.emit(shared_map::map::Removed { key });
                }
            }
            MapChange::clear => {
                if self.entries.clear() {
                    self.show(context);
                }
            }
        }
    }

    fn channel_initialize(
        &mut self,
        context: &mut Context<'_>,
        event: shared_map::channel::Initialize<'_>,
    ) {
        let from = event.checkpoint.entries.iter();
        let from = from.map(|(key, value)| (key.as_str(), value.as_slice()));
        if !self.entries.replace(from).is_empty() {
            self.show(context);
        }
    }

    fn channel_checkpoint_wanted(
        &mut self,
        context: &mut Context<'_>,
        _: shared_map::channel::CheckpointWanted,
    ) {
        // If the channel is gone, it needs no state.
        let _ = self.lend(|entries| {
            let checkpoint = MapCheckpoint { entries };
            context.emit(shared_map::channel::Checkpoint { checkpoint })
        });
    }

    fn connected(
        &mut self,
        context: &mut Context<'_>,
        endpoint: shared_map::Endpoint,
        connection: Connection,
    ) {
        if let shared_map::Endpoint::map = endpoint {
            // If the connection is gone already, it needs no entries.
            let _ = self
                .lend(|entries| context.emit_to(connection, shared_map::map::Whole { entries }));
        }
    }
}

impl SharedMap {
    fn send(&mut self, context: &mut Context<'_>, change: MapChange<'_>) {
        let id = self.run.next_id();
        let message = MapUpdate { id, change };
        let sent = context.emit(shared_map::channel::Send { message });
        tell_loss(context, "a change", sent);
    }

    /// Shows all of it to everybody.
    fn show(&self, context: &mut Context<'_>) {
        // What cannot be emitted has nobody to receive it.
        let _ = self.lend(|entries| context.emit(shared_map::map::Whole { entries }));
    }

    fn lend<R>(&self, put: impl FnOnce(Map<'_, Str<'_>, Opaque<'_>>) -> R) -> R {
        let entries = self.entries.iter().map(|(name, value)| Entry {
            key: Str::new(name),
            value: Opaque::new(value),
        });
        let entries: Vec<Entry<Str<'_>, Opaque<'_>>> = entries.collect();
        put(Map::from_sorted(&entries).expect("because the entries are sorted by name"))
    }
}

fn refuse(context: &mut Context<'_>, key: &str, reason: TooLarge) {
    let text = format!("nothing is put under `{key}`: {reason}");
    context.report(Level::Warning, &text);
}

#[cfg(test)]
mod tests {
    use liveobj_sdk::testing::{Harness, Outcome};

    use super::*;
    use crate::shared_map::{Endpoint, Template, Unlent, channel, map};
    use crate::types::UpdateId;

    struct Replica {
        harness: Harness<Template>,
        channel: Connection,
        user: Connection,
    }

    fn replica() -> Replica {
        let mut harness = Harness::create(Unlent {}).unwrap();
        let channel = harness.connect(Endpoint::channel);
        let user = harness.connect(Endpoint::map);
        Replica {
            harness,
            channel,
            user,
        }
    }

    type Shown = Vec<(String, Vec<u8>)>;

    impl Replica {
        fn put(&mut self, key: &str, value: &[u8]) {
            let (key, value) = (key.into(), value.into());
            self.harness.send(self.user, map::Put { key, value });
        }

        /// What was sent comes back.
        fn settle(&mut self) {
            for event in self.harness.take_emitted::<channel::Send<'_>>() {
                self.receive(event.message);
            }
        }

        fn receive(&mut self, message: MapUpdate<'_>) {
            let outcome = self
                .harness
                .send(self.channel, channel::Receive { message });
            assert_eq!(outcome, Outcome::Done);
        }

        fn wholes(&mut self) -> Vec<(Option<Connection>, Shown)> {
            let wholes = self.harness.take_emitted_to::<map::Whole<'_>>().into_iter();
            wholes
                .map(|(to, event)| (to, owned(event.entries)))
                .collect()
        }

        fn changed(&mut self) -> Shown {
            let changed = self.harness.take_emitted::<map::Changed<'_>>().into_iter();
            changed
                .map(|event| (event.key.to_string(), event.value.to_vec()))
                .collect()
        }

        fn checkpoint(&mut self) -> MapCheckpoint<'static> {
            self.harness
                .send(self.channel, channel::CheckpointWanted {});
            let [event] = self.harness.take_emitted::<channel::Checkpoint<'_>>()[..] else {
                panic!("it answers at once")
            };
            event.checkpoint
        }
    }

    fn owned(entries: Map<'_, Str<'_>, Opaque<'_>>) -> Shown {
        let entries = entries.iter();
        entries
            .map(|(key, value)| (key.to_string(), value.to_vec()))
            .collect()
    }

    fn entries(pairs: &[(&str, &str)]) -> Shown {
        let pairs = pairs.iter();
        pairs
            .map(|(key, value)| ((*key).to_owned(), value.as_bytes().to_vec()))
            .collect()
    }

    #[test]
    fn all_of_it_comes_first_and_then_what_changes() {
        let mut replica = replica();
        replica.put("b", b"1");
        replica.put("a", b"2");
        assert_eq!(replica.wholes(), [(Some(replica.user), Vec::new())]);
        assert_eq!(replica.changed(), []);
        replica.settle();
        assert_eq!(replica.changed(), entries(&[("b", "1"), ("a", "2")]));
        let second = replica.harness.connect(Endpoint::map);
        let all = entries(&[("a", "2"), ("b", "1")]);
        assert_eq!(replica.wholes(), [(Some(second), all)]);
        for _ in 0..2 {
            let key = "b".into();
            replica.harness.send(replica.user, map::Remove { key });
        }
        replica.settle();
        let removed = replica.harness.take_emitted::<map::Removed<'_>>();
        assert_eq!(removed.len(), 1, "the second time there is nothing");
        for _ in 0..2 {
            replica.harness.send(replica.user, map::Clear {});
        }
        replica.settle();
        assert_eq!(replica.wholes(), [(None, Vec::new())]);
    }

    #[test]
    fn who_joins_goes_on_from_the_checkpoint() {
        let (mut one, mut other) = (replica(), replica());
        one.put("a", b"1");
        one.settle();
        let checkpoint = one.checkpoint();
        other.wholes();
        for _ in 0..2 {
            let event = channel::Initialize { checkpoint };
            other.harness.send(other.channel, event);
        }
        let all = entries(&[("a", "1")]);
        assert_eq!(other.wholes(), [(None, all)], "the second one is the same");
        assert_eq!(one.checkpoint(), other.checkpoint());
    }

    #[test]
    fn what_is_too_large_is_told_to_who_puts_it() {
        let mut replica = replica();
        replica.put("a", &vec![0; MAX_UPDATE + 1]);
        assert!(
            replica
                .harness
                .take_emitted::<channel::Send<'_>>()
                .is_empty()
        );
        let text = "nothing is put under `a`: a value has at most 524288 bytes".to_owned();
        assert_eq!(replica.harness.take_reports(), [(Level::Warning, text)]);
        let put = |run, value: &'static [u8]| MapUpdate {
            id: UpdateId { run, number: 1 },
            change: MapChange::put(MapEntry {
                key: "a".into(),
                value: value.into(),
            }),
        };
        // What somebody else sends is not put either, and nobody here is told.
        replica.receive(put(0, vec![0; MAX_UPDATE + 1].leak()));
        assert_eq!(replica.harness.take_reports(), []);
        assert_eq!(replica.changed(), []);
        replica.receive(put(0, b"1"));
        assert_eq!(replica.changed(), entries(&[("a", "1")]));
    }
}
