//! The classes and components of 2009 as a type library without code.

use std::sync::{Arc, OnceLock};

use liveobj_references::LibraryTypes;
use liveobj_types::syntax::Item;
use liveobj_types::{Module, Source};

/// The name of the type library.
pub const LIBRARY_NAME: &str = "liveobj:original";

/// What `liveobj:original` declares: nothing in it can be opened, since the code of 2009 is not
/// there. Parsed once.
///
/// # Panics
///
/// Never: a test reads the text that is built in.
pub fn library() -> Arc<LibraryTypes> {
    static LIBRARY: OnceLock<Arc<LibraryTypes>> = OnceLock::new();
    let parse = || {
        let source = Source::new(LIBRARY_NAME, include_str!("../data/original.lot"));
        let standard = LibraryTypes::standard();
        let mut find = |name: &str| (name == standard.name).then(|| standard.module.clone());
        let (module, faults) = Module::parse(LIBRARY_NAME, &source, &mut find);
        assert!(faults.is_empty(), "the library of 2009 parses: {faults:?}");
        let templates = module.file.items.iter().filter_map(|item| match item {
            Item::Template(template) => Some(template.name.name.clone()),
            _ => None,
        });
        let mut templates: Vec<String> = templates.collect();
        templates.sort();
        Arc::new(LibraryTypes {
            name: LIBRARY_NAME.to_owned(),
            sha256: None,
            version: None,
            module,
            templates,
        })
    };
    LIBRARY.get_or_init(parse).clone()
}

#[cfg(test)]
mod tests {
    use liveobj_types::{Formalisms, Types};

    use super::*;

    #[test]
    fn the_library_is_well_formed() {
        let library = library();
        let mut types = Types::new();
        let found = types.check_module(&library.module, &Formalisms::none());
        assert!(found.is_empty(), "{found:#?}");
    }
}
