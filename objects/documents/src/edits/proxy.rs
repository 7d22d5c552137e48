//! The live object behind `ordered_text`: brings the endpoints to the text.

use liveobj_sdk::{Connection, CreateError, Level, List, Str, live_object};

use super::{Applied, Edits, Recent, size};
use crate::lines::{Changed, Splice};
use crate::run::{MAX_UPDATE, Run, tell_loss};
use crate::types::{RecentUpdate, TextChange, TextCheckpoint, TextEdit, TextUpdate, UpdateId};
use crate::{ordered_text, template};

type Context<'a> = ordered_text::Context<'a>;

/// One replica of an ordered text.
pub struct OrderedText {
    run: Run,
    text: Edits,
}

#[live_object(template::ordered_text)]
impl template::ordered_text for OrderedText {
    fn create(
        context: &mut Context<'_>,
        _: ordered_text::Parameters<'_>,
    ) -> Result<Self, CreateError> {
        Ok(OrderedText {
            run: Run::new(context.random()),
            text: Edits::new(),
        })
    }

    fn text_append(&mut self, context: &mut Context<'_>, event: ordered_text::text::Append<'_>) {
        self.send(context, event.line.len(), TextChange::append(event.line));
    }

    fn text_edit(&mut self, context: &mut Context<'_>, event: ordered_text::text::Edit<'_>) {
        let (at, delete) = (event.at as usize, event.delete as usize);
        let Some(Splice { at, delete, insert }) = self.text.edit(at, delete, &event.insert) else {
            return;
        };
        let edit = TextEdit {
            seen: self.text.version(),
            at: size(at),
            delete: size(delete),
            insert: Str::from(&insert),
        };
        self.send(context, insert.len(), TextChange::edit(edit));
    }

    fn channel_receive(
        &mut self,
        context: &mut Context<'_>,
        event: ordered_text::channel::Receive<'_>,
    ) {
        let TextUpdate { id, change } = event.message;
        let applied = match &change {
            TextChange::append(line) => self.text.append(id, line),
            TextChange::edit(edit) => self.text.apply(id, edit),
        };
        self.tell(context, id, applied);
    }

    fn channel_initialize(
        &mut self,
        context: &mut Context<'_>,
        event: ordered_text::channel::Initialize<'_>,
    ) {
        let TextCheckpoint {
            text,
            version,
            recent,
        } = event.checkpoint;
        let recent = recent.iter().map(|update| Recent {
            digest: update.digest,
            replaced: update.replaced.to_vec(),
        });
        show(context, self.text.replace(&text, version, recent));
    }

    fn channel_checkpoint_wanted(
        &mut self,
        context: &mut Context<'_>,
        _: ordered_text::channel::CheckpointWanted,
    ) {
        let recent = self.text.recent().map(|update| RecentUpdate {
            digest: update.digest,
            replaced: List::from(&update.replaced),
        });
        let recent: Vec<RecentUpdate<'_>> = recent.collect();
        let text = self.text.lines().text();
        let checkpoint = TextCheckpoint {
            text: Str::from(&text),
            version: self.text.version(),
            recent: List::from(&recent),
        };
        // If the channel is gone, it needs no state.
        let _ = context.emit(ordered_text::channel::Checkpoint { checkpoint });
    }

    fn connected(
        &mut self,
        context: &mut Context<'_>,
        endpoint: ordered_text::Endpoint,
        connection: Connection,
    ) {
        if let ordered_text::Endpoint::text = endpoint {
            let added: Vec<Str<'_>> = self.text.lines().visible().map(Str::from).collect();
            let whole = ordered_text::text::Changed {
                first: 0,
                removed: 0,
                added: List::from(&added),
            };
            // If the connection is gone already, it needs no text.
            let _ = context.emit_to(connection, whole);
        }
    }
}

impl OrderedText {
    /// Sends a change that inserts so many bytes.
    fn send(&mut self, context: &mut Context<'_>, bytes: usize, change: TextChange<'_>) {
        if bytes > MAX_UPDATE {
            let text =
                format!("an edit of {bytes} bytes is not made: the largest has {MAX_UPDATE}");
            context.report(Level::Warning, &text);
            return;
        }
        let id = self.run.next_id();
        let message = TextUpdate { id, change };
        let sent = context.emit(ordered_text::channel::Send { message });
        tell_loss(context, "an edit", sent);
    }

    /// Shows what an update changed, or tells its maker that it did not.
    fn tell(&self, context: &mut Context<'_>, id: UpdateId, applied: Applied) {
        match applied {
            Ok(changed) => show(context, changed),
            Err(refusal) if self.run.is_own(id) => {
                let text = format!("an edit is not made: {}", refusal.reason());
                context.report(Level::Warning, &text);
            }
            Err(_) => {}
        }
    }
}

fn show(context: &mut Context<'_>, changed: Option<Changed>) {
    if let Some(changed) = changed {
        // What cannot be emitted has nobody to receive it.
        let _ = changed.tell(|first, removed, added| {
            context.emit(ordered_text::text::Changed {
                first,
                removed,
                added,
            })
        });
    }
}

#[cfg(test)]
mod tests {
    use liveobj_sdk::testing::{Harness, Outcome};

    use super::*;
    use crate::ordered_text::{Endpoint, Template, Unlent, channel, text};
    use crate::types::TextVersion;

    struct Replica {
        harness: Harness<Template>,
        channel: Connection,
        user: Connection,
    }

    fn replica() -> Replica {
        let mut harness = Harness::create(Unlent {}).unwrap();
        let channel = harness.connect(Endpoint::channel);
        let user = harness.connect(Endpoint::text);
        Replica {
            harness,
            channel,
            user,
        }
    }

    impl Replica {
        fn append(&mut self, line: &str) {
            let line = line.into();
            self.harness.send(self.user, text::Append { line });
        }

        fn edit(&mut self, at: u32, delete: u32, insert: &str) {
            let insert = insert.into();
            let edit = text::Edit { at, delete, insert };
            self.harness.send(self.user, edit);
        }

        fn sent(&mut self) -> Vec<TextUpdate<'static>> {
            let sent = self.harness.take_emitted::<channel::Send<'_>>();
            sent.iter().map(|event| event.message).collect()
        }

        fn receive(&mut self, updates: &[TextUpdate<'_>]) {
            for message in updates {
                let message = *message;
                let outcome = self
                    .harness
                    .send(self.channel, channel::Receive { message });
                assert_eq!(outcome, Outcome::Done);
            }
        }

        fn checkpoint(&mut self) -> TextCheckpoint<'static> {
            self.harness
                .send(self.channel, channel::CheckpointWanted {});
            let [event] = self.harness.take_emitted::<channel::Checkpoint<'_>>()[..] else {
                panic!("it answers at once")
            };
            event.checkpoint
        }

        fn initialize(&mut self, checkpoint: TextCheckpoint<'_>) {
            let event = channel::Initialize { checkpoint };
            self.harness.send(self.channel, event);
        }

        fn shown(&mut self) -> Vec<(u32, u32, Vec<String>)> {
            let shown = self.harness.take_emitted::<text::Changed<'_>>().into_iter();
            shown
                .map(|event| {
                    let added = event.added.iter().map(ToString::to_string);
                    (event.first, event.removed, added.collect())
                })
                .collect()
        }
    }

    fn change(first: u32, removed: u32, added: &[&str]) -> (u32, u32, Vec<String>) {
        let added = added.iter().map(ToString::to_string);
        (first, removed, added.collect())
    }

    #[test]
    fn an_edit_is_shown_when_it_comes_back_and_means_the_text_that_was_shown() {
        let (mut one, mut other) = (replica(), replica());
        one.append("hello");
        assert_eq!(one.shown(), [change(0, 0, &[])]);
        let first = one.sent();
        one.receive(&first);
        other.receive(&first);
        assert_eq!(one.shown(), [change(0, 0, &["hello"])]);
        one.edit(0, 1, "J");
        other.edit(4, 1, "y");
        other.edit(2, 0, "");
        let both = [one.sent(), other.sent()].concat();
        assert_eq!(both.len(), 2, "what changes nothing is not sent");
        one.receive(&both);
        other.receive(&both);
        let expected = [change(0, 1, &["Jello"]), change(0, 1, &["Jelly"])];
        assert_eq!(one.shown(), expected);
        assert_eq!(one.checkpoint(), other.checkpoint());
    }

    #[test]
    fn who_joins_goes_on_from_the_checkpoint() {
        let (mut one, mut other) = (replica(), replica());
        one.append("hello");
        let first = one.sent();
        one.receive(&first);
        one.edit(4, 1, "y");
        let on_its_way = one.sent();
        one.append("and on");
        let second = one.sent();
        one.receive(&second);
        let checkpoint = one.checkpoint();
        other.shown();
        other.initialize(checkpoint);
        assert_eq!(other.shown(), [change(0, 0, &["hello", "and on"])]);
        one.receive(&on_its_way);
        other.receive(&on_its_way);
        assert_eq!(other.shown(), [change(0, 1, &["helly"])]);
        assert_eq!(one.checkpoint(), other.checkpoint());
    }

    #[test]
    fn who_makes_an_edit_is_told_that_it_is_not_made() {
        let mut replica = replica();
        replica.append(&"x".repeat(MAX_UPDATE + 1));
        assert_eq!(replica.sent(), []);
        let text = "an edit of 524289 bytes is not made: the largest has 524288".to_owned();
        assert_eq!(replica.harness.take_reports(), [(Level::Warning, text)]);
        replica.append("one");
        let first = replica.sent();
        replica.receive(&first);
        replica.edit(0, 0, "x");
        let edit = replica.sent();
        // It comes back to another group, which knows nothing of that text.
        let version = TextVersion {
            updates: 9,
            digest: 9,
        };
        replica.initialize(TextCheckpoint {
            text: "two\n".into(),
            version,
            recent: List::default(),
        });
        replica.receive(&edit);
        let text = "an edit is not made: the text has changed too much meanwhile".to_owned();
        assert_eq!(replica.harness.take_reports(), [(Level::Warning, text)]);
        let run = !edit[0].id.run;
        let id = UpdateId { run, ..edit[0].id };
        replica.receive(&[TextUpdate { id, ..edit[0] }]);
        assert_eq!(replica.harness.take_reports(), [], "it is not its own");
    }
}
