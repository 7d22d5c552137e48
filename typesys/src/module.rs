//! Modules: parsed type libraries whose `use` lines are resolved.

mod closure;
#[cfg(test)]
mod tests;

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};

use crate::STANDARD;
use crate::diagnostic::{Diagnostic, codes};
use crate::source::{Place, Source, Span};
use crate::syntax::{File, Item, Lost, MAX_FAULTS, TypeExpr, quoted, read_file};

/// Name of the standard library.
pub const STANDARD_NAME: &str = "liveobj:standard";

/// Longest chain of libraries that use one another.
const MAX_USE_DEPTH: usize = 64;

/// Gives the text of a library, from the text that uses it and the name it uses it by.
pub type FindText<'a> = dyn FnMut(&Source, &str) -> Option<Arc<Source>> + 'a;

/// A parsed type library. Declarations may stand in any order; names are unique.
#[derive(Debug)]
pub struct Module {
    /// Name of the library (`liveobj:standard`) or of the document.
    pub name: String,
    /// Its text.
    pub source: Arc<Source>,
    /// Its syntax tree.
    pub file: File,
    /// Declared name → index into `file.items`. Iterated over only where the order is made good.
    pub(crate) names: HashMap<String, usize>,
    /// What it declares where it could not be read, or where a library that it uses is not there.
    pub(crate) lost: Lost,
    /// What the `use` lines bring, in order.
    pub uses: Vec<Arc<Module>>,
}

impl Module {
    /// Parses `source` and resolves its `use` lines with `find` (which is given the text between
    /// the quotes). Always gives a module, holding what could be read, and every fault found:
    /// syntax, duplicate names, unknown libraries. A name that is declared where the text cannot be
    /// read counts as declared: what needs it is not resolved, and nobody is told once more. The well-formedness of the declarations
    /// themselves is [`crate::Types::check_module`]'s to judge.
    pub fn parse(
        name: &str,
        source: &Arc<Source>,
        find: &mut dyn FnMut(&str) -> Option<Arc<Module>>,
    ) -> (Arc<Module>, Vec<Diagnostic>) {
        let mut found = |library: &str| find(library).ok_or(Absent::Unknown);
        let (module, faults) = link(name, source, read_file(source), &mut found);
        (Arc::new(module), faults)
    }

    /// As [`Module::parse`], and what `implicit` declares is found as well, after everything that
    /// the text declares and uses; declaring such a name is no fault.
    pub fn parse_in(
        name: &str,
        source: &Arc<Source>,
        implicit: &[Arc<Module>],
        find: &mut dyn FnMut(&str) -> Option<Arc<Module>>,
    ) -> (Arc<Module>, Vec<Diagnostic>) {
        let mut found = |library: &str| find(library).ok_or(Absent::Unknown);
        let (mut module, faults) = link(name, source, read_file(source), &mut found);
        module.uses.extend(implicit.iter().cloned());
        (Arc::new(module), faults)
    }

    /// As [`Module::parse_in`], of a part of a text: any name may be declared in the rest of it.
    pub fn parse_part(
        name: &str,
        source: &Arc<Source>,
        implicit: &[Arc<Module>],
        find: &mut dyn FnMut(&str) -> Option<Arc<Module>>,
    ) -> (Arc<Module>, Vec<Diagnostic>) {
        let mut found = |library: &str| find(library).ok_or(Absent::Unknown);
        let (mut module, faults) = link(name, source, read_file(source), &mut found);
        module.uses.extend(implicit.iter().cloned());
        module.lost.all();
        (Arc::new(module), faults)
    }

    /// Parses `source` and, through `find`, all that it uses, each text once (texts are told apart
    /// by their names). `liveobj:standard` is known without asking. A library that uses itself,
    /// through others or not, is a fault.
    pub fn load(
        name: &str,
        source: &Arc<Source>,
        find: &mut FindText<'_>,
    ) -> (Arc<Module>, Vec<Diagnostic>) {
        let mut loading = Loading {
            find,
            loaded: BTreeMap::new(),
            open: Vec::new(),
        };
        let mut faults = Vec::new();
        let module = loading.load(name, source, &mut faults);
        (module, faults)
    }

    /// The standard library, `liveobj:standard`, parsed once.
    ///
    /// # Panics
    ///
    /// Never: a test reads the text that is built in.
    pub fn standard() -> Arc<Module> {
        static PARSED: OnceLock<Arc<Module>> = OnceLock::new();
        let parse = || {
            let source = Source::new(STANDARD_NAME, STANDARD);
            let (module, faults) = Module::parse(STANDARD_NAME, &source, &mut |_| None);
            assert!(faults.is_empty(), "the standard library parses: {faults:?}");
            module
        };
        PARSED.get_or_init(parse).clone()
    }

    /// Finds a declaration here or in a used module, with the module that declares it.
    pub fn lookup<'a>(self: &'a Arc<Module>, name: &str) -> Option<(&'a Arc<Module>, &'a Item)> {
        if let Some(index) = self.names.get(name) {
            return Some((self, &self.file.items[*index]));
        }
        if self.lost.declares(name) {
            return None;
        }
        self.uses.iter().find_map(|used| {
            used.names
                .get(name)
                .map(|index| (used, &used.file.items[*index]))
        })
    }

    /// Whether `name`, which [`Module::lookup`] does not find, may be declared in a text that could
    /// not be read: then nothing follows from its absence.
    pub fn may_declare(&self, name: &str) -> bool {
        let mut used = self.uses.iter();
        self.lost.may_declare(name) || used.any(|used| used.lost.may_declare(name))
    }

    /// Whether all that it uses is known: nothing was passed over that may be a `use`, and every
    /// library was found.
    pub fn knows_its_uses(&self) -> bool {
        !self.lost.may_use()
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

    /// The names of its own declarations, sorted.
    pub(crate) fn sorted_names(&self) -> Vec<&String> {
        let mut names: Vec<&String> = self.names.keys().collect();
        names.sort_unstable();
        names
    }

    /// Canonical text of this module closed over every `use`: all declarations that its own ones
    /// reach, in name order, printed; own declarations first. Where two reached modules declare
    /// different things under one name, the later one is renamed `name_2`, ….
    pub fn closed_text(self: &Arc<Module>) -> String {
        closure::closed_text(self)
    }

    /// The name that a type expression has at its head, for messages.
    pub fn head(expr: &TypeExpr) -> &str {
        match expr {
            TypeExpr::Named { name, .. } => &name.name,
            TypeExpr::Mirror { inner, .. } => Module::head(inner),
        }
    }
}

/// Why a used library is not there.
enum Absent {
    /// Nothing is known by that name.
    Unknown,
    /// It is being read: the names of the libraries from it to the one that uses it.
    Cyclic(Vec<String>),
    /// The chain of uses is too long.
    TooDeep,
}

/// Reading a library and all that it uses.
struct Loading<'f, 'a> {
    find: &'f mut FindText<'a>,
    loaded: BTreeMap<String, Arc<Module>>,
    /// Names of the sources being read, outermost first.
    open: Vec<String>,
}

impl Loading<'_, '_> {
    fn load(
        &mut self,
        name: &str,
        source: &Arc<Source>,
        faults: &mut Vec<Diagnostic>,
    ) -> Arc<Module> {
        self.open.push(source.name.clone());
        let mut used = Vec::new();
        let (module, own) = link(name, source, read_file(source), &mut |library| {
            self.used(source, library, &mut used)
        });
        faults.extend(used);
        faults.extend(own);
        self.open.pop();
        let module = Arc::new(module);
        self.loaded.insert(source.name.clone(), module.clone());
        module
    }

    fn used(
        &mut self,
        user: &Source,
        library: &str,
        faults: &mut Vec<Diagnostic>,
    ) -> Result<Arc<Module>, Absent> {
        if library == STANDARD_NAME {
            return Ok(Module::standard());
        }
        let source = (self.find)(user, library).ok_or(Absent::Unknown)?;
        if let Some(module) = self.loaded.get(&source.name) {
            return Ok(module.clone());
        }
        if let Some(start) = self.open.iter().position(|open| *open == source.name) {
            return Err(Absent::Cyclic(self.open[start..].to_vec()));
        }
        if self.open.len() == MAX_USE_DEPTH {
            return Err(Absent::TooDeep);
        }
        let name = if library.contains(':') {
            library
        } else {
            &source.name
        };
        Ok(self.load(name, &source, faults))
    }
}

/// Makes a module of a syntax tree.
fn link(
    name: &str,
    source: &Arc<Source>,
    (file, mut lost, mut faults): (File, Lost, Vec<Diagnostic>),
    find: &mut dyn FnMut(&str) -> Result<Arc<Module>, Absent>,
) -> (Module, Vec<Diagnostic>) {
    let mut names: HashMap<String, usize> = HashMap::with_capacity(file.items.len());
    let declared = |index: usize| file.items[index].name();
    for (index, item) in file.items.iter().enumerate() {
        let Some(ident) = item.name() else { continue };
        match names.entry(ident.name.clone()) {
            Entry::Vacant(entry) => {
                entry.insert(index);
            }
            Entry::Occupied(entry) => {
                let Some(before) = declared(*entry.get()) else {
                    continue;
                };
                let message = format!("`{}` is declared twice", ident.name);
                let fault = Diagnostic::error(codes::DUPLICATE_NAME, message)
                    .at(Place::new(source, ident.span), "again here")
                    .at(Place::new(source, before.span), "first here")
                    .with_help("rename one of them");
                faults.push(fault);
            }
        }
    }
    let mut uses: Vec<Arc<Module>> = Vec::new();
    let mut linked: BTreeSet<*const Module> = BTreeSet::new();
    let mut reported: BTreeSet<&str> = BTreeSet::new();
    let mut brought: BTreeMap<String, (Span, Arc<Module>)> = BTreeMap::new();
    let mut equal = closure::Equal::default();
    for item in &file.items {
        let Item::Use(item) = item else { continue };
        let used = if item.library == name {
            Err(Absent::Cyclic(vec![name.to_owned()]))
        } else {
            find(&item.library)
        };
        let used = match used {
            Ok(used) => used,
            Err(absent) => {
                lost.all();
                faults.push(not_used(source, &item.library, item.span, &absent));
                continue;
            }
        };
        let local = names
            .iter()
            .filter(|(name, _)| used.names.contains_key(*name));
        let local: BTreeMap<&String, &usize> = local.collect();
        for (name, index) in local.into_iter().filter(|(name, _)| reported.insert(name)) {
            let Some(ident) = declared(*index) else {
                continue;
            };
            let message = format!("`{name}` is declared here and in `{}`", item.library);
            let fault = Diagnostic::error(codes::DUPLICATE_NAME, message)
                .at(Place::new(source, ident.span), "declared here")
                .at(
                    Place::new(source, item.span),
                    format!("brings another `{name}`"),
                )
                .with_help("rename the one that is declared here");
            faults.push(fault);
        }
        if !linked.insert(Arc::as_ptr(&used)) {
            continue;
        }
        for name in used.sorted_names() {
            let Some((span, other)) = brought.get(name) else {
                brought.insert(name.clone(), (item.span, used.clone()));
                continue;
            };
            if faults.len() < MAX_FAULTS && !equal.same(&used, other, name) {
                let message = format!(
                    "`{}` and `{}` declare `{name}` differently",
                    other.name, used.name
                );
                let fault = Diagnostic::error(codes::DUPLICATE_NAME, message)
                    .at(
                        Place::new(source, item.span),
                        format!("brings another `{name}`"),
                    )
                    .at(Place::new(source, *span), format!("brings `{name}`"))
                    .with_help("use only one of them");
                faults.push(fault);
            }
        }
        uses.push(used);
    }
    faults.truncate(MAX_FAULTS);
    (
        Module {
            name: name.to_owned(),
            source: source.clone(),
            file,
            names,
            lost,
            uses,
        },
        faults,
    )
}

fn not_used(source: &Arc<Source>, library: &str, span: Span, absent: &Absent) -> Diagnostic {
    let place = Place::new(source, span);
    match absent {
        Absent::Unknown => {
            let message = format!("there is no type library {}", quoted(library));
            let fault = Diagnostic::error(codes::UNKNOWN_TYPE_LIBRARY, message).at(place, "");
            fault.with_help(
                "a library is used by its name, such as `liveobj:standard`, or by a path relative \
                 to this text",
            )
        }
        Absent::Cyclic(chain) => {
            let through = chain[1..]
                .iter()
                .map(|each| format!("`{each}`"))
                .collect::<Vec<_>>();
            let message = match through.as_slice() {
                [] => format!("`{}` uses itself", chain[0]),
                through => format!("`{}` uses itself, through {}", chain[0], through.join(", ")),
            };
            let fault = Diagnostic::error(codes::UNKNOWN_TYPE_LIBRARY, message).at(place, "");
            fault.with_help("move what both need into a library that uses neither")
        }
        Absent::TooDeep => {
            let message = format!("more than {MAX_USE_DEPTH} libraries use one another in a chain");
            Diagnostic::error(codes::LIMIT_EXCEEDED, message).at(place, "")
        }
    }
}
