//! `directory_folder`: the `*.liveobject` files of a directory.

use std::path::Path;

use liveobj_sdk::{Connection, CreateError, Disconnect, FileSpace, Token, Wake, live_object};

use super::requests::Requests;
use crate::directory_folder::{Context, Endpoint, Parameters, folder};
use crate::template;

/// Reads a file each time it is asked for, so that an answer is never out of date.
struct DirectoryFolder {
    directory: String,
    /// Names that were asked for.
    gets: Requests<String>,
}

impl DirectoryFolder {
    /// The path of the file of an entry; none for a name that could lead out of the directory.
    fn file(&self, name: &str) -> Option<String> {
        let plain = !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\0']);
        let path = Path::new(&self.directory).join(format!("{name}.liveobject"));
        path.to_str().filter(|_| plain).map(str::to_owned)
    }
}

#[live_object(template::directory_folder)]
impl template::directory_folder for DirectoryFolder {
    fn create(
        _: &mut Context<'_>,
        parameters: Parameters<'_>,
    ) -> Result<DirectoryFolder, CreateError> {
        if parameters.path.is_empty() {
            return Err("`path` is empty: name a directory".into());
        }
        Ok(DirectoryFolder {
            directory: parameters.path.to_string(),
            gets: Requests::new(),
        })
    }

    fn folder_get(&mut self, context: &mut Context<'_>, event: folder::Get<'_>) {
        let token = self.gets.add(context.connection(), event.name.to_string());
        let Some(file) = self.file(&event.name) else {
            self.wake(context, token, Wake::Missing);
            return;
        };
        if let Err(error) = context.file_read(token, FileSpace::Files, &file) {
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
    use crate::directory_folder::Template;

    fn create(path: &str) -> Harness<Template> {
        Harness::create(Parameters { path: path.into() }).unwrap()
    }

    #[test]
    fn an_entry_is_a_file_of_the_directory() {
        let mut harness = create("/srv/notes");
        let connection = harness.connect(Endpoint::folder);
        harness.send(
            connection,
            folder::Get {
                name: "day 1".into(),
            },
        );
        let token = Token(0);
        let (space, path) = (FileSpace::Files, "/srv/notes/day 1.liveobject".to_owned());
        assert_eq!(
            harness.take_requests(),
            [Request::FileRead { token, space, path }]
        );
        harness.wake(token, Wake::File(b"{}"));
        let (to, item) = harness.take_emitted_to::<folder::Item<'_>>()[0];
        assert_eq!((to, item.object.as_slice()), (Some(connection), &b"{}"[..]));
        assert_eq!(item.name, "day 1");
    }

    #[test]
    fn a_name_does_not_lead_out_of_the_directory() {
        let mut harness = create("notes");
        let connection = harness.connect(Endpoint::folder);
        for name in [
            "",
            ".",
            "..",
            ".hidden",
            "../note",
            "/etc/note",
            "a\\b",
            "a\0",
        ] {
            harness.send(connection, folder::Get { name: name.into() });
            assert_eq!(harness.take_requests(), [], "{name:?}");
            let missing = harness.take_emitted_to::<folder::Missing<'_>>();
            assert_eq!(missing[0].0, Some(connection), "{name:?}");
            assert_eq!(missing[0].1.name, name);
        }
    }

    #[test]
    fn a_file_that_is_not_there_is_missing() {
        let mut harness = create("notes");
        let connection = harness.connect(Endpoint::folder);
        harness.send(connection, folder::Get { name: "a".into() });
        harness.wake(Token(0), Wake::Missing);
        assert_eq!(harness.take_emitted::<folder::Missing<'_>>()[0].name, "a");
        assert_eq!(harness.take_reports(), []);
    }

    #[test]
    fn an_unreadable_file_is_missing_and_reported() {
        let mut harness = create("notes");
        let connection = harness.connect(Endpoint::folder);
        harness.send(connection, folder::Get { name: "a".into() });
        harness.wake(Token(0), Wake::Failed("permission denied"));
        assert_eq!(harness.take_emitted::<folder::Missing<'_>>()[0].name, "a");
        let text = "entry `a` cannot be read: permission denied";
        assert_eq!(harness.take_reports(), [(Level::Warning, text.to_owned())]);
    }

    #[test]
    fn a_folder_needs_a_directory() {
        let error = Harness::<Template>::create(Parameters { path: "".into() }).unwrap_err();
        assert_eq!(error, "`path` is empty: name a directory");
    }
}
