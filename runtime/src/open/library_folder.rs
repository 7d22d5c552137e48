//! The `library` primitive: a folder of what a library offers.

use liveobj_abi as abi;
use liveobj_references::LibraryTypes;
use liveobj_types::Data;
use liveobj_types::syntax::Item;

use crate::boundary::calls::{Lent, ProxyCell};
use crate::boundary::memory::Keeper;
use crate::boundary::native::{Incoming, Native};

/// Documents of the templates that are plain objects: those that have no parameters.
pub(super) fn entries(library: &LibraryTypes) -> Vec<(String, String)> {
    let plain = |name: &&String| match library.module.lookup(name) {
        Some((_, Item::Template(template))) => {
            template.type_parameters.is_empty() && template.value_parameters.is_empty()
        }
        _ => false,
    };
    library
        .templates
        .iter()
        .filter(plain)
        .map(|name| (name.clone(), document(library, name)))
        .collect()
}

fn document(library: &LibraryTypes, template: &str) -> String {
    let reference = match &library.sha256 {
        Some(sha256) => {
            format!("<primitive id=\"code\" library=\"sha256:{sha256}\" name=\"{template}\"/>")
        }
        None => format!(
            "<external name=\"{template}\" library=\"{}\"/>",
            library
                .name
                .replace('&', "&amp;")
                .replace('"', "&quot;")
                .replace('<', "&lt;")
        ),
    };
    format!("<liveobject xmlns=\"urn:liveobj:reference:1\">{reference}</liveobject>")
}

/// The folder.
pub(super) struct LibraryFolder {
    /// Name → document.
    pub(super) entries: Vec<(String, String)>,
    /// Payloads of `get`, `item` and `missing`.
    pub(super) get: Keeper,
    pub(super) item: Keeper,
    pub(super) missing: Keeper,
}

/// Number of `item` among the events that a folder emits; `missing` is the next.
const ITEM: u32 = 0;
const MISSING: u32 = 1;

impl Native for LibraryFolder {
    fn event(&mut self, proxy: &ProxyCell, event: Incoming) -> abi::Status {
        let Ok(Data::Record(mut payload)) = self.get.read(event.payload) else {
            return abi::INVALID;
        };
        let Some(Data::String(name)) = payload.remove("name") else {
            return abi::INVALID;
        };
        let found = self.entries.iter().find(|(known, _)| *known == name);
        let mut answer = std::collections::BTreeMap::new();
        answer.insert("name".to_owned(), Data::String(name.clone()));
        let (keeper, number) = match found {
            Some((_, document)) => {
                let document = Data::Document(document.clone().into_bytes());
                answer.insert("object".to_owned(), document);
                (&self.item, ITEM)
            }
            None => (&self.missing, MISSING),
        };
        let Some(payload) = keeper.write(&Data::Record(answer)) else {
            return abi::INVALID;
        };
        let lent: Lent = payload.lent();
        match proxy
            .domain()
            .link_of(proxy, event.endpoint, event.connection)
        {
            Some(link) => proxy.emit_to(&link, number, lent),
            None => abi::STALE,
        }
    }
}
