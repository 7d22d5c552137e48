//! `registry`: the references that this user keeps by name.

use liveobj_sdk::{Connection, CreateError, Disconnect, FileSpace, Token, Wake, live_object};

use super::requests::Requests;
use crate::registry::{Context, Endpoint, Parameters, folder};
use crate::template;

/// Reads the file of an entry each time it is asked for, so that it is never out of date.
struct Registry {
    /// Names that were asked for.
    gets: Requests<String>,
}

#[live_object(template::registry)]
impl template::registry for Registry {
    fn create(_: &mut Context<'_>, _: Parameters<'_>) -> Result<Registry, CreateError> {
        Ok(Registry {
            gets: Requests::new(),
        })
    }

    fn folder_get(&mut self, context: &mut Context<'_>, event: folder::Get<'_>) {
        let token = self.gets.add(context.connection(), event.name.to_string());
        if let Err(error) = context.file_read(token, FileSpace::Registry, &event.name) {
            self.wake(context, token, Wake::Failed(&error.to_string()));
        }
    }

    fn wake(&mut self, context: &mut Context<'_>, token: Token, wake: Wake<'_>) {
        let Some((asker, name, text)) = self.gets.take_file(context, token, wake) else {
            return;
        };
        let name = name.as_str().into();
        // Who asked may be gone: then nobody misses the answer.
        let _ = match text.map(Into::into) {
            Some(object) => context.emit_to(asker, folder::Item { name, object }),
            None => context.emit_to(asker, folder::Missing { name }),
        };
    }

    fn disconnected(
        &mut self,
        context: &mut Context<'_>,
        _: Endpoint,
        connection: Connection,
        _: Disconnect,
    ) {
        self.gets.close(context, connection);
    }
}

#[cfg(test)]
mod tests {
    use liveobj_sdk::Level;
    use liveobj_sdk::testing::{Harness, Request};

    use super::*;
    use crate::registry::Template;

    fn create() -> Harness<Template> {
        Harness::create(Parameters {}).unwrap()
    }

    fn get(harness: &mut Harness<Template>, connection: Connection, name: &str) -> Token {
        harness.send(connection, folder::Get { name: name.into() });
        match &harness.take_requests()[..] {
            [Request::FileRead { token, space, path }] => {
                assert_eq!((*space, path.as_str()), (FileSpace::Registry, name));
                *token
            }
            requests => panic!("{requests:?}"),
        }
    }

    #[test]
    fn an_item_carries_the_bytes_of_the_file_as_they_stand() {
        let mut harness = create();
        let connection = harness.connect(Endpoint::folder);
        let token = get(&mut harness, connection, "note");
        harness.wake(token, Wake::File(b" <reference/>\r\n"));
        let (to, item) = harness.take_emitted_to::<folder::Item<'_>>()[0];
        assert_eq!(to, Some(connection));
        assert_eq!(item.name, "note");
        assert_eq!(item.object.as_slice(), b" <reference/>\r\n");
    }

    #[test]
    fn an_entry_without_a_file_is_missing() {
        let mut harness = create();
        let connection = harness.connect(Endpoint::folder);
        let token = get(&mut harness, connection, "note");
        harness.wake(token, Wake::Missing);
        assert_eq!(
            harness.take_emitted::<folder::Missing<'_>>()[0].name,
            "note"
        );
        assert_eq!(harness.take_reports(), []);
    }

    #[test]
    fn an_unreadable_entry_is_missing_and_reported() {
        let mut harness = create();
        let connection = harness.connect(Endpoint::folder);
        let token = get(&mut harness, connection, "note");
        harness.wake(token, Wake::Failed("permission denied"));
        assert_eq!(
            harness.take_emitted::<folder::Missing<'_>>()[0].name,
            "note"
        );
        let text = "entry `note` cannot be read: permission denied";
        assert_eq!(harness.take_reports(), [(Level::Warning, text.to_owned())]);
    }

    #[test]
    fn each_answer_goes_to_the_connection_that_asked() {
        let mut harness = create();
        let first = harness.connect(Endpoint::folder);
        let second = harness.connect(Endpoint::folder);
        let (for_first, for_second) = (
            get(&mut harness, first, "a"),
            get(&mut harness, second, "a"),
        );
        harness.wake(for_second, Wake::File(b"2"));
        harness.wake(for_first, Wake::File(b"1"));
        let answers: Vec<_> = harness
            .take_emitted_to::<folder::Item<'_>>()
            .into_iter()
            .map(|(to, item)| (to.unwrap(), item.object.to_vec()))
            .collect();
        assert_eq!(answers, [(second, b"2".to_vec()), (first, b"1".to_vec())]);
    }

    #[test]
    fn what_a_connection_asked_for_ends_with_it() {
        let mut harness = create();
        let gone = harness.connect(Endpoint::folder);
        let stays = harness.connect(Endpoint::folder);
        let (dropped, kept) = (get(&mut harness, gone, "a"), get(&mut harness, stays, "b"));
        harness.disconnect(Endpoint::folder, gone, Disconnect::Dropped);
        assert_eq!(harness.take_requests(), [Request::Close { token: dropped }]);
        harness.wake(kept, Wake::Missing);
        assert_eq!(harness.take_emitted::<folder::Missing<'_>>().len(), 1);
    }
}
