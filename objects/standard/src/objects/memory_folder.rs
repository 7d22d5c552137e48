//! `memory_folder`: a folder that holds what its reference says.

use liveobj_sdk::{BTreeMap, CreateError, live_object};

use crate::memory_folder::{Context, Parameters, folder};
use crate::template;

/// Holds the documents of its entries by name.
struct MemoryFolder {
    entries: BTreeMap<String, Vec<u8>>,
}

#[live_object(template::memory_folder)]
impl template::memory_folder for MemoryFolder {
    fn create(
        _: &mut Context<'_>,
        parameters: Parameters<'_>,
    ) -> Result<MemoryFolder, CreateError> {
        // What an object is handed is lent for the call: what it needs longer, it copies.
        let entries = parameters
            .entries
            .iter()
            .map(|(name, object)| (name.to_string(), object.to_vec()))
            .collect();
        Ok(MemoryFolder { entries })
    }

    fn folder_get(&mut self, context: &mut Context<'_>, event: folder::Get<'_>) {
        let (asker, name) = (context.connection(), event.name);
        // Who asked may be gone: then nobody misses the answer.
        let _ = match self.entries.get(name.as_str()) {
            Some(object) => {
                let object = object.into();
                context.emit_to(asker, folder::Item { name, object })
            }
            None => context.emit_to(asker, folder::Missing { name }),
        };
    }
}

#[cfg(test)]
mod tests {
    use liveobj_sdk::testing::Harness;
    use liveobj_sdk::{Document, Entry, Map};

    use super::*;
    use crate::memory_folder::{Endpoint, Template};

    #[test]
    fn an_entry_is_answered_to_the_connection_that_asked() {
        let entries = [Entry {
            key: "note".into(),
            value: Document::new(b"<reference/>"),
        }];
        let entries = Map::from_sorted(&entries).unwrap();
        let mut harness = Harness::<Template>::create(Parameters { entries }).unwrap();
        let _other = harness.connect(Endpoint::folder);
        let asker = harness.connect(Endpoint::folder);
        harness.send(
            asker,
            folder::Get {
                name: "note".into(),
            },
        );
        let (to, item) = harness.take_emitted_to::<folder::Item<'_>>()[0];
        assert_eq!((to, item.name.as_str()), (Some(asker), "note"));
        assert_eq!(item.object.as_slice(), b"<reference/>");
    }

    #[test]
    fn what_is_not_among_the_entries_is_missing() {
        let entries = Map::default();
        let mut harness = Harness::<Template>::create(Parameters { entries }).unwrap();
        let asker = harness.connect(Endpoint::folder);
        harness.send(
            asker,
            folder::Get {
                name: "note".into(),
            },
        );
        let (to, missing) = harness.take_emitted_to::<folder::Missing<'_>>()[0];
        assert_eq!((to, missing.name.as_str()), (Some(asker), "note"));
    }
}
