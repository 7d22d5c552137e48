//! The live object behind `board`: documents as lines for people.

use std::collections::BTreeMap;

use liveobj_sdk::{Connection, CreateError, EmitError, Level, live_object};

use crate::lines::{Changed, Lines};
use crate::types::{Grant, Holder};
use crate::{board, template};

type Context<'a> = board::Context<'a>;

/// What may be entered.
const EXPECTED: &str = "`key = value`, `key =`, a number, `acquire` or `release`";

/// The documents as they are, and the lines that show them.
pub struct Board {
    map: BTreeMap<String, String>,
    counter: Option<i64>,
    lock: Option<Lock>,
    shown: Lines,
}

/// A lock: who holds it, and when it was granted to this one.
#[derive(Default)]
struct Lock {
    holder: Option<Holder>,
    granted: Option<Grant>,
}

#[live_object(template::board)]
impl template::board for Board {
    fn create(_: &mut Context<'_>, _: board::Parameters<'_>) -> Result<Self, CreateError> {
        Ok(Board {
            map: BTreeMap::new(),
            counter: None,
            lock: None,
            shown: Lines::new(),
        })
    }

    fn map_whole(&mut self, context: &mut Context<'_>, event: board::map::Whole<'_>) {
        let entries = event.entries.iter();
        self.map = entries
            .map(|(key, value)| (key.to_string(), value.to_string()))
            .collect();
        self.show(context);
    }

    fn map_changed(&mut self, context: &mut Context<'_>, event: board::map::Changed<'_>) {
        let (key, value) = (event.key.to_string(), event.value.to_string());
        self.map.insert(key, value);
        self.show(context);
    }

    fn map_removed(&mut self, context: &mut Context<'_>, event: board::map::Removed<'_>) {
        self.map.remove(event.key.as_str());
        self.show(context);
    }

    fn counter_value(&mut self, context: &mut Context<'_>, event: board::counter::Value) {
        self.counter = Some(event.value);
        self.show(context);
    }

    fn lock_holder(&mut self, context: &mut Context<'_>, event: board::lock::Holder) {
        self.lock.get_or_insert_default().holder = event.holder.get();
        self.show(context);
    }

    fn lock_granted(&mut self, context: &mut Context<'_>, event: board::lock::Granted) {
        self.lock.get_or_insert_default().granted = Some(event.grant);
        self.show(context);
    }

    fn lock_revoked(&mut self, context: &mut Context<'_>, _: board::lock::Revoked) {
        context.report(Level::Warning, "the lock is lost: ask for it again");
    }

    fn text_append(&mut self, context: &mut Context<'_>, event: board::text::Append<'_>) {
        if let Err(error) = enter(context, &event.line) {
            refuse(context, &event.line, &error);
        }
    }

    fn text_edit(&mut self, context: &mut Context<'_>, event: board::text::Edit<'_>) {
        refuse(context, &event.insert, "lines are not changed in place");
    }

    fn connected(
        &mut self,
        context: &mut Context<'_>,
        endpoint: board::Endpoint,
        connection: Connection,
    ) {
        if let board::Endpoint::text = endpoint {
            let whole = Changed {
                first: 0,
                removed: 0,
                added: self.shown.visible().map(str::to_owned).collect(),
            };
            // If the connection is gone already, it needs no lines.
            let _ = whole.tell(|first, removed, added| {
                let whole = board::text::Changed {
                    first,
                    removed,
                    added,
                };
                context.emit_to(connection, whole)
            });
        }
    }
}

impl Board {
    /// Shows what is new.
    fn show(&mut self, context: &mut Context<'_>) {
        let entries = self.map.iter();
        let entries = entries.map(|(key, value)| format!("{key} = {value}"));
        let counter = self.counter.iter().map(ToString::to_string);
        let lines = entries
            .chain(counter)
            .chain(self.lock.iter().map(Lock::line));
        let lines = lines.map(|line| line.replace('\n', " ") + "\n");
        if let Some(changed) = self.shown.reset(&lines.collect::<String>()) {
            // What cannot be emitted has nobody to receive it.
            let _ = changed.tell(|first, removed, added| {
                context.emit(board::text::Changed {
                    first,
                    removed,
                    added,
                })
            });
        }
    }
}

impl Lock {
    fn line(&self) -> String {
        match self.holder {
            None => "nobody holds the lock".to_owned(),
            Some(Holder { grant, .. }) if self.granted == Some(grant) => {
                format!("this one holds the lock: {}", grant.number)
            }
            Some(Holder { grant, member }) => {
                format!("member {member:x} holds the lock: {}", grant.number)
            }
        }
    }
}

/// Does what a line says.
fn enter(context: &mut Context<'_>, line: &str) -> Result<(), String> {
    let line = line.trim();
    let sent = if let Some((key, value)) = line.split_once('=') {
        let key = key.trim().into();
        match value.trim() {
            "" => context.emit(board::map::Remove { key }),
            value => {
                let value = value.into();
                context.emit(board::map::Put { key, value })
            }
        }
    } else if let Ok(amount) = line.parse() {
        context.emit(board::counter::Add { amount })
    } else {
        match line {
            "acquire" => context.emit(board::lock::Acquire {}),
            "release" => context.emit(board::lock::Release {}),
            _ => return Err(format!("enter {EXPECTED}")),
        }
    };
    sent.map_err(|error: EmitError| error.to_string())
}

fn refuse(context: &mut Context<'_>, line: &str, reason: &str) {
    context.report(Level::Warning, &format!("`{line}` is not taken: {reason}"));
}

#[cfg(test)]
mod tests {
    use liveobj_sdk::testing::Harness;
    use liveobj_sdk::{Entry, Map};

    use super::*;
    use crate::board::{Endpoint, Template, Unlent, counter, lock, map, text};
    use crate::types::ViewId;

    fn harness() -> (Harness<Template>, Connection) {
        let mut harness = Harness::<Template>::create(Unlent {}).unwrap();
        let text = harness.connect(Endpoint::text);
        harness.take_emitted::<text::Changed<'_>>();
        (harness, text)
    }

    /// What is shown to somebody who connects now.
    fn shown(harness: &mut Harness<Template>) -> Vec<String> {
        harness.take_emitted::<text::Changed<'_>>();
        harness.connect(Endpoint::text);
        let [whole] = harness.take_emitted::<text::Changed<'_>>()[..] else {
            panic!("it is shown once")
        };
        whole.added.iter().map(ToString::to_string).collect()
    }

    fn enter(harness: &mut Harness<Template>, text: Connection, lines: &[&str]) {
        for line in lines {
            let line = (*line).into();
            harness.send(text, text::Append { line });
        }
    }

    #[test]
    fn documents_are_lines() {
        let (mut harness, _) = harness();
        assert_eq!(shown(&mut harness), [""; 0]);
        let connection = harness.connect(Endpoint::map);
        let entries = [("bread", "2"), ("milk", "in\na jug")];
        let entries = entries.map(|(key, value)| Entry {
            key: key.into(),
            value: value.into(),
        });
        let entries = Map::from_sorted(&entries).unwrap();
        harness.send(connection, map::Whole { entries });
        let (key, value) = ("apples".into(), "3".into());
        harness.send(connection, map::Changed { key, value });
        let key = "bread".into();
        harness.send(connection, map::Removed { key });
        assert_eq!(shown(&mut harness), ["apples = 3", "milk = in a jug"]);
        let connection = harness.connect(Endpoint::counter);
        harness.send(connection, counter::Value { value: -7 });
        assert_eq!(shown(&mut harness).last().unwrap(), "-7");
    }

    #[test]
    fn a_lock_is_a_line_that_says_who_holds_it() {
        let (mut harness, _) = harness();
        let connection = harness.connect(Endpoint::lock);
        let view = ViewId {
            group: 7,
            number: 1,
        };
        let grant = |number| Grant { view, number };
        let holder = |number, member| lock::Holder {
            holder: Some(Holder {
                grant: grant(number),
                member,
            })
            .into(),
        };
        let holder_none = None.into();
        harness.send(
            connection,
            lock::Holder {
                holder: holder_none,
            },
        );
        assert_eq!(shown(&mut harness), ["nobody holds the lock"]);
        harness.send(connection, lock::Granted { grant: grant(1) });
        harness.send(connection, holder(1, 0x46));
        assert_eq!(shown(&mut harness), ["this one holds the lock: 1"]);
        harness.send(connection, lock::Revoked {});
        harness.send(connection, holder(2, 0x47));
        assert_eq!(shown(&mut harness), ["member 47 holds the lock: 2"]);
        let text = "the lock is lost: ask for it again".to_owned();
        assert_eq!(harness.take_reports(), [(Level::Warning, text)]);
    }

    #[test]
    fn what_is_entered_goes_to_the_document_that_it_is_for() {
        let (mut harness, text) = harness();
        for endpoint in [Endpoint::map, Endpoint::counter, Endpoint::lock] {
            harness.connect(endpoint);
        }
        let lines = ["bread = 2 = two", "milk=", "+5", "-3", "acquire", "release"];
        enter(&mut harness, text, &lines);
        let put = harness.take_emitted::<map::Put<'_>>();
        assert_eq!(
            (put[0].key.as_str(), put[0].value.as_str()),
            ("bread", "2 = two")
        );
        assert_eq!(harness.take_emitted::<map::Remove<'_>>()[0].key, "milk");
        let added = harness.take_emitted::<counter::Add>();
        assert_eq!(
            added.iter().map(|it| it.amount).collect::<Vec<_>>(),
            [5, -3]
        );
        assert_eq!(harness.take_emitted::<lock::Acquire>().len(), 1);
        assert_eq!(harness.take_emitted::<lock::Release>().len(), 1);
        assert_eq!(harness.take_reports(), []);
    }

    #[test]
    fn what_is_for_no_document_is_told() {
        let (mut harness, text) = harness();
        enter(&mut harness, text, &["hello", "1"]);
        let edit = text::Edit {
            at: 0,
            delete: 0,
            insert: "x".into(),
        };
        harness.send(text, edit);
        let reports = harness.take_reports();
        let told: Vec<&str> = reports.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(
            told,
            [
                "`hello` is not taken: enter `key = value`, `key =`, a number, `acquire` or `release`",
                "`1` is not taken: the endpoint is not connected",
                "`x` is not taken: lines are not changed in place",
            ]
        );
    }
}
