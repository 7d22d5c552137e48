//! The live object behind `entry`: puts one reference into a folder.

use liveobj_sdk::{Connection, CreateError, Level, OwnedDocument, Str, live_object};

use crate::run::tell_loss;
use crate::{entry, template};

type Context<'a> = entry::Context<'a>;

/// What is to be put.
pub struct Entry {
    name: String,
    object: OwnedDocument,
}

#[live_object(template::entry)]
impl template::entry for Entry {
    fn create(_: &mut Context<'_>, parameters: entry::Parameters<'_>) -> Result<Self, CreateError> {
        Ok(Entry {
            name: parameters.name.to_string(),
            object: OwnedDocument::from(parameters.object),
        })
    }

    fn connected(&mut self, context: &mut Context<'_>, _: entry::Endpoint, _: Connection) {
        let name = Str::from(&self.name);
        let object = self.object.lend();
        let sent = context.emit(entry::entries::Put { name, object });
        tell_loss(context, "an entry", sent);
    }

    fn entries_refused(&mut self, context: &mut Context<'_>, event: entry::entries::Refused<'_>) {
        let entry::entries::Refused { name, reason } = event;
        let text = format!("the folder does not take `{name}`: {reason}");
        context.report(Level::Warning, &text);
    }
}

#[cfg(test)]
mod tests {
    use liveobj_sdk::testing::Harness;

    use super::*;
    use crate::entry::{Endpoint, Parameters, Template, entries};

    #[test]
    fn it_puts_its_reference_when_it_is_connected_and_tells_if_that_is_refused() {
        let parameters = Parameters {
            name: "note".into(),
            object: b"a note".into(),
        };
        let mut harness = Harness::<Template>::create(parameters).unwrap();
        let folder = harness.connect(Endpoint::entries);
        let put = harness.take_emitted::<entries::Put<'_>>();
        assert_eq!((put.len(), put[0].name.as_str()), (1, "note"));
        assert_eq!(put[0].object.as_slice(), b"a note");
        let (name, reason) = ("note".into(), "it is none".into());
        harness.send(folder, entries::Refused { name, reason });
        let text = "the folder does not take `note`: it is none".to_owned();
        assert_eq!(harness.take_reports(), [(Level::Warning, text)]);
    }
}
