//! The live object behind `shared_folder`: brings the endpoints to the entries, and looks at what is put
//! into them and taken out.

use std::collections::BTreeSet;
use std::time::Duration;

use liveobj_sdk::{
    Connection, CreateError, Disconnect, Document, Entry, Level, Map, Str, Token, Wake, live_object,
};

use super::{Entries, Limits};
use crate::run::{Run, tell_loss};
use crate::shared_folder::{Endpoint, Item};
use crate::types::{
    FolderChange_Item as FolderChange, FolderCheckpoint_Item as FolderCheckpoint,
    FolderEntry_Item as FolderEntry, FolderUpdate_Item as FolderUpdate,
};
use crate::{shared_folder, template};

type Context<'a> = shared_folder::Context<'a>;

/// Bytes of the largest reference: what a host looks at within a turn.
const MAX_REFERENCE: usize = 256 << 10;

/// Those who found a group put what they have to put at once: so long after the first view it is not
/// said that something is missing.
const PATIENCE: Duration = Duration::from_secs(1);
/// The timer of that.
const PATIENT: Token = Token(0);

/// One replica of a folder.
pub struct SharedFolder {
    run: Run,
    entries: Entries,
    /// Who is told of changes.
    watching: BTreeSet<Connection>,
    /// Whether what is not there is missing.
    is_known: bool,
    /// It will be known in a while.
    is_patient: bool,
    /// Questions for what is not there, as long as that is not known.
    questions: Vec<Question>,
}

struct Question {
    asker: Asker,
    name: String,
}

/// Who asks for an entry.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asker {
    Folder(Connection),
    Watched(Connection),
}

#[live_object(template::shared_folder)]
impl template::shared_folder for SharedFolder {
    fn create(
        context: &mut Context<'_>,
        _: shared_folder::Parameters<'_>,
    ) -> Result<Self, CreateError> {
        Ok(SharedFolder::new(Run::new(context.random())))
    }

    fn folder_get(&mut self, context: &mut Context<'_>, event: shared_folder::folder::Get<'_>) {
        let asker = Asker::Folder(context.connection());
        self.ask(context, asker, &event.name);
    }

    fn watched_get(&mut self, context: &mut Context<'_>, event: shared_folder::watched::Get<'_>) {
        let asker = Asker::Watched(context.connection());
        self.ask(context, asker, &event.name);
    }

    fn watched_watch(&mut self, context: &mut Context<'_>, _: shared_folder::watched::Watch) {
        self.watching.insert(context.connection());
    }

    fn entries_put(&mut self, context: &mut Context<'_>, event: shared_folder::entries::Put<'_>) {
        let shared_folder::entries::Put { name, object } = event;
        let refusal = match self.entries.check(&name, &object) {
            Err(reason) => Some(reason.to_string()),
            Ok(()) => context.cast::<Item>(object).err().map(|it| it.to_string()),
        };
        match refusal {
            None => self.send(context, FolderChange::put(FolderEntry { name, object })),
            Some(reason) => {
                let (to, reason) = (context.connection(), Str::from(&reason));
                // Who put it may be gone: then nobody misses the answer.
                let _ = context.emit_to(to, shared_folder::entries::Refused { name, reason });
            }
        }
    }

    fn entries_remove(
        &mut self,
        context: &mut Context<'_>,
        event: shared_folder::entries::Remove<'_>,
    ) {
        self.send(context, FolderChange::remove(event.name));
    }

    fn channel_receive(
        &mut self,
        context: &mut Context<'_>,
        event: shared_folder::channel::Receive<'_>,
    ) {
        let FolderUpdate { id, change } = event.message;
        let changed = match change {
            FolderChange::put(FolderEntry { name, object }) => {
                match self.entries.put(&name, &object) {
                    Ok(()) => Some(name),
                    Err(reason) => {
                        if self.run.is_own(id) {
                            let text = format!("entry `{name}` is not put: {reason}");
                            context.report(Level::Warning, &text);
                        }
                        None
                    }
                }
            }
            FolderChange::remove(name) => self.entries.remove(&name).then_some(name),
        };
        if let Some(name) = changed {
            self.tell_changed(context, &name);
        }
        self.answer(context);
    }

    /// A view is shown behind all that came before it.
    fn channel_view(&mut self, context: &mut Context<'_>, _: shared_folder::channel::View<'_>) {
        if self.is_known || std::mem::replace(&mut self.is_patient, true) {
            return;
        }
        if let Err(error) = context.timer(PATIENT, PATIENCE) {
            context.fail(&format!("a timer could not be set: {error}"));
        }
    }

    fn wake(&mut self, context: &mut Context<'_>, token: Token, _: Wake<'_>) {
        if token == PATIENT {
            self.is_known = true;
            self.answer(context);
        }
    }

    fn channel_initialize(
        &mut self,
        context: &mut Context<'_>,
        event: shared_folder::channel::Initialize<'_>,
    ) {
        let entries = event.checkpoint.entries.iter();
        let entries = entries.map(|(name, object)| (name.as_str(), object.as_slice()));
        for name in self.entries.replace(entries) {
            self.tell_changed(context, &name);
        }
        self.is_known = true;
        self.answer(context);
    }

    fn channel_checkpoint_wanted(
        &mut self,
        context: &mut Context<'_>,
        _: shared_folder::channel::CheckpointWanted,
    ) {
        let entries = self.entries.iter().map(|(name, object)| Entry {
            key: Str::new(name),
            value: Document::new(object),
        });
        let entries: Vec<Entry<Str<'_>, Document<'_>>> = entries.collect();
        let entries = Map::from_sorted(&entries).expect("because the entries are sorted by name");
        let checkpoint = FolderCheckpoint { entries };
        // If the channel is gone, it needs no state.
        let _ = context.emit(shared_folder::channel::Checkpoint { checkpoint });
    }

    fn disconnected(
        &mut self,
        _: &mut Context<'_>,
        endpoint: Endpoint,
        connection: Connection,
        _: Disconnect,
    ) {
        let gone = match endpoint {
            Endpoint::folder => Asker::Folder(connection),
            Endpoint::watched => Asker::Watched(connection),
            Endpoint::channel | Endpoint::entries => return,
        };
        self.watching.remove(&connection);
        self.questions.retain(|question| question.asker != gone);
    }
}

impl SharedFolder {
    fn new(run: Run) -> SharedFolder {
        SharedFolder {
            run,
            entries: Entries::new(Limits {
                value: MAX_REFERENCE,
            }),
            watching: BTreeSet::new(),
            is_known: false,
            is_patient: false,
            questions: Vec::new(),
        }
    }

    fn send(&mut self, context: &mut Context<'_>, change: FolderChange<'_>) {
        let id = self.run.next_id();
        let message = FolderUpdate { id, change };
        let sent = context.emit(shared_folder::channel::Send { message });
        tell_loss(context, "a change", sent);
    }

    /// Answers a question, or keeps it until it is known what there is.
    fn ask(&mut self, context: &mut Context<'_>, asker: Asker, name: &str) {
        let question = Question {
            asker,
            name: name.to_owned(),
        };
        self.questions.push(question);
        self.answer(context);
    }

    /// Answers the questions that can be answered.
    fn answer(&mut self, context: &mut Context<'_>) {
        for question in std::mem::take(&mut self.questions) {
            match self.is_known || self.entries.get(&question.name).is_some() {
                true => self.tell(context, &question),
                false => self.questions.push(question),
            }
        }
    }

    /// Tells what is there under a name. What is no `Item` is not there.
    fn tell(&self, context: &mut Context<'_>, question: &Question) {
        let Question { asker, name } = question;
        let found = self.entries.get(name).map(Document::new).filter(|object| {
            let fault = context.cast::<Item>(*object).err();
            if let Some(reason) = &fault {
                let text = format!("entry `{name}` is not shown: {reason}");
                context.report(Level::Warning, &text);
            }
            fault.is_none()
        });
        let name = Str::from(name);
        // Who asked may be gone: then nobody misses the answer.
        let _ = match (*asker, found) {
            (Asker::Folder(to), Some(object)) => {
                context.emit_to(to, shared_folder::folder::Item { name, object })
            }
            (Asker::Folder(to), None) => {
                context.emit_to(to, shared_folder::folder::Missing { name })
            }
            (Asker::Watched(to), Some(object)) => {
                context.emit_to(to, shared_folder::watched::Item { name, object })
            }
            (Asker::Watched(to), None) => {
                context.emit_to(to, shared_folder::watched::Missing { name })
            }
        };
    }

    /// Tells everybody who watches that an entry is another one.
    fn tell_changed(&self, context: &mut Context<'_>, name: &str) {
        for connection in &self.watching {
            let name = Str::new(name);
            // If the connection is gone already, it needs no news.
            let _ = context.emit_to(*connection, shared_folder::watched::Changed { name });
        }
    }
}

#[cfg(test)]
mod tests {
    use liveobj_sdk::testing::{Harness, Outcome, Request};

    use super::*;
    use crate::shared_folder::{Template, Unlent, channel, entries, folder, watched};
    use crate::types::{UpdateId, ViewId};

    const NOTE: &[u8] = b"a note";
    const OTHER: &[u8] = b"another note";
    const WRONG: &[u8] = b"a timer";

    struct Replica {
        harness: Harness<Template>,
        channel: Connection,
        putter: Connection,
        asker: Connection,
    }

    fn replica() -> Replica {
        let mut harness = Harness::create(Unlent {}).unwrap();
        for note in [NOTE, OTHER] {
            harness.casts::<Item>(Document::new(note), "as such");
        }
        Replica {
            channel: harness.connect(Endpoint::channel),
            putter: harness.connect(Endpoint::entries),
            asker: harness.connect(Endpoint::folder),
            harness,
        }
    }

    impl Replica {
        fn put(&mut self, name: &str, object: &'static [u8]) {
            let (name, object) = (name.into(), object.into());
            let put = entries::Put { name, object };
            self.harness.send(self.putter, put);
        }

        /// What was sent comes back; answers how much that was.
        fn settle(&mut self) -> usize {
            let sent = self.harness.take_emitted::<channel::Send<'_>>();
            for event in &sent {
                self.receive(event.message);
            }
            sent.len()
        }

        fn receive(&mut self, message: FolderUpdate<'_>) {
            let outcome = self
                .harness
                .send(self.channel, channel::Receive { message });
            assert_eq!(outcome, Outcome::Done);
        }

        /// It founds a group.
        fn view(&mut self) {
            let id = ViewId {
                group: 7,
                number: 1,
            };
            let (members, me) = ((&[70]).into(), 70);
            let view = channel::View { id, members, me };
            self.harness.send(self.channel, view);
        }

        fn checkpoint(&mut self) -> FolderCheckpoint<'static> {
            self.harness
                .send(self.channel, channel::CheckpointWanted {});
            let [event] = self.harness.take_emitted::<channel::Checkpoint<'_>>()[..] else {
                panic!("it answers at once")
            };
            event.checkpoint
        }

        fn ask(&mut self, name: &str) {
            let name = name.into();
            self.harness.send(self.asker, folder::Get { name });
        }

        /// What is there; none where nothing is. Everybody who asked has an answer.
        fn answers(&mut self) -> Vec<Option<Vec<u8>>> {
            let items = self.harness.take_emitted::<folder::Item<'_>>().into_iter();
            let items = items.map(|event| Some(event.object.to_vec()));
            let missing = self.harness.take_emitted::<folder::Missing<'_>>();
            items.chain(missing.iter().map(|_| None)).collect()
        }
    }

    fn theirs(number: u64, name: &'static str, object: &'static [u8]) -> FolderUpdate<'static> {
        FolderUpdate {
            id: UpdateId { run: 0, number },
            change: FolderChange::put(FolderEntry {
                name: name.into(),
                object: object.into(),
            }),
        }
    }

    #[test]
    fn what_is_put_is_there_when_it_comes_back() {
        let mut replica = replica();
        replica.view();
        replica.put("note", NOTE);
        assert_eq!(replica.settle(), 1);
        replica.ask("note");
        assert_eq!(replica.answers(), [Some(NOTE.to_vec())]);
        replica.harness.wake(PATIENT, Wake::Timer);
        let name = "note".into();
        replica
            .harness
            .send(replica.putter, entries::Remove { name });
        replica.settle();
        replica.ask("note");
        assert_eq!(replica.answers(), [None]);
    }

    #[test]
    fn a_reference_of_the_wrong_type_is_refused_at_the_door() {
        let mut replica = replica();
        replica.put("note", WRONG);
        replica.put(&"n".repeat(1 << 11), NOTE);
        assert_eq!(replica.settle(), 0);
        let refused = replica.harness.take_emitted_to::<entries::Refused<'_>>();
        let refused: Vec<_> = refused
            .iter()
            .map(|(to, event)| (*to, event.reason.as_str()))
            .collect();
        let to = Some(replica.putter);
        let wrong = "the test does not say what the reference is";
        let long = "a name has at most 1024 bytes";
        assert_eq!(refused, [(to, wrong), (to, long)]);
    }

    #[test]
    fn a_reference_of_the_wrong_type_that_others_put_is_not_shown() {
        let mut replica = replica();
        replica.receive(theirs(1, "note", WRONG));
        replica.ask("note");
        assert_eq!(replica.answers(), [None]);
        let text = "entry `note` is not shown: the test does not say what the reference is";
        let report = (Level::Warning, text.to_owned());
        assert_eq!(replica.harness.take_reports(), [report]);
        // It is there all the same: who knows what it is shows it.
        replica
            .harness
            .casts::<Item>(Document::new(WRONG), "as such");
        replica.ask("note");
        assert_eq!(replica.answers(), [Some(WRONG.to_vec())]);
    }

    #[test]
    fn who_watches_is_told_of_changes_and_nobody_else() {
        let mut replica = replica();
        let [quiet, watching] = [(); 2].map(|()| replica.harness.connect(Endpoint::watched));
        replica.harness.send(watching, watched::Watch {});
        replica.put("note", NOTE);
        replica.settle();
        let name = "note".into();
        replica.harness.send(quiet, watched::Get { name });
        let items = replica.harness.take_emitted_to::<watched::Item<'_>>();
        assert_eq!(items[0].0, Some(quiet));
        let mut changed = || {
            let changed = replica.harness.take_emitted_to::<watched::Changed<'_>>();
            let changed = changed.into_iter();
            let changed = changed.map(|(to, event)| (to, event.name.to_string()));
            changed.collect::<Vec<_>>()
        };
        assert_eq!(changed(), [(Some(watching), "note".to_owned())]);
        let harness = &mut replica.harness;
        harness.disconnect(Endpoint::watched, watching, Disconnect::Dropped);
        replica.receive(theirs(1, "note", OTHER));
        assert!(
            replica
                .harness
                .take_emitted::<watched::Changed<'_>>()
                .is_empty()
        );
    }

    #[test]
    fn who_asks_before_the_entries_are_known_gets_the_answer_then() {
        // The first one in its group learns by the view that nothing came before. To ask changes nothing.
        let mut first = replica();
        first.ask("note");
        first.ask("other");
        first.ask("third");
        assert_eq!(first.settle(), 0);
        first.view();
        let (token, delay) = (PATIENT, PATIENCE);
        let timer = Request::Timer { token, delay };
        assert_eq!(first.harness.take_requests(), [timer]);
        assert_eq!(first.answers(), []);
        first.put("note", NOTE);
        first.settle();
        assert_eq!(first.answers(), [Some(NOTE.to_vec())]);
        first.harness.wake(token, Wake::Timer);
        assert_eq!(first.answers(), [None, None]);
        let checkpoint = first.checkpoint();
        let mut joining = replica();
        joining.ask("note");
        let gone = joining.harness.connect(Endpoint::folder);
        let name = "note".into();
        joining.harness.send(gone, folder::Get { name });
        let harness = &mut joining.harness;
        harness.disconnect(Endpoint::folder, gone, Disconnect::Dropped);
        let event = channel::Initialize { checkpoint };
        joining.harness.send(joining.channel, event);
        assert_eq!(joining.answers(), [Some(NOTE.to_vec())]);
        assert_eq!(joining.checkpoint(), checkpoint);
    }
}
