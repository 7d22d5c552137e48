//! Modules: parsed type libraries whose `use` lines are resolved.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::source::Source;
use crate::syntax::{File, Item, TypeExpr};

/// A parsed type library. Declarations may stand in any order; names are unique.
#[derive(Debug)]
pub struct Module {
    /// Name of the library (`liveobj:standard`) or of the document.
    pub name: String,
    /// Its text.
    pub source: Arc<Source>,
    /// Its syntax tree.
    pub file: File,
    /// Declared name → index into `file.items`.
    pub(crate) names: BTreeMap<String, usize>,
    /// What the `use` lines bring, in order.
    pub uses: Vec<Arc<Module>>,
}

impl Module {
    /// Parses `source` and resolves its `use` lines with `find` (which is given the text between
    /// the quotes). Always gives a module, holding what could be read, and every fault found:
    /// syntax, duplicate names, unknown libraries. The well-formedness of the declarations
    /// themselves is [`crate::Types::check_module`]'s to judge.
    pub fn parse(
        name: &str,
        source: &Arc<Source>,
        find: &mut dyn FnMut(&str) -> Option<Arc<Module>>,
    ) -> (Arc<Module>, Vec<Diagnostic>) {
        let _ = (name, source, find);
        todo!("syntax helper")
    }

    /// The standard library, `liveobj:standard`, parsed once.
    pub fn standard() -> Arc<Module> {
        todo!("syntax helper")
    }

    /// Finds a declaration here or in a used module, with the module that declares it.
    pub fn lookup<'a>(self: &'a Arc<Module>, name: &str) -> Option<(&'a Arc<Module>, &'a Item)> {
        if let Some(index) = self.names.get(name) {
            return Some((self, &self.file.items[*index]));
        }
        self.uses.iter().find_map(|used| {
            used.names.get(name).map(|index| (used, &used.file.items[*index]))
        })
    }

    /// All names that [`Module::lookup`] finds, sorted; for "did you mean".
    pub fn visible_names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self
            .names
            .keys()
            .chain(self.uses.iter().flat_map(|used| used.names.keys()))
            .map(String::as_str)
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Canonical text of this module closed over every `use`: all declarations that its own ones
    /// reach, in name order, printed; own declarations first. Where two reached modules declare
    /// different things under one name, the later one is renamed `name_2`, ….
    pub fn closed_text(self: &Arc<Module>) -> String {
        todo!("syntax helper")
    }

    /// The name that a type expression has at its head, for messages.
    pub fn head(expr: &TypeExpr) -> &str {
        match expr {
            TypeExpr::Named { name, .. } => &name.name,
            TypeExpr::Mirror { inner, .. } => Module::head(inner),
        }
    }
}
