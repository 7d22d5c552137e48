//! Libraries that are linked into the process.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use liveobj_abi as abi;
use liveobj_manifest::Manifest;
use liveobj_references::LibraryTypes;
use liveobj_types::Module;

use super::library::Loaded;
use super::{LoadError, map, verify};

/// A linked-in library.
pub(super) struct Linked {
    name: &'static str,
    /// The bytes of its manifest section.
    manifest: &'static [u8],
    table: fn() -> &'static abi::Library,
    /// Its declarations, the same as in the manifest, parsed once for the whole process.
    module: fn() -> Arc<Module>,
    described: OnceLock<Result<(Manifest, Arc<LibraryTypes>), String>>,
}

static STANDARD: Linked = Linked {
    name: "liveobj:standard",
    manifest: liveobj_standard::MANIFEST,
    table: liveobj_standard::library,
    module: Module::standard,
    described: OnceLock::new(),
};

static LOADED: Mutex<BTreeMap<&str, Arc<Loaded>>> = Mutex::new(BTreeMap::new());

pub(super) fn find(name: &str) -> Option<&'static Linked> {
    (name == STANDARD.name).then_some(&STANDARD)
}

pub(super) fn names() -> impl Iterator<Item = &'static str> {
    std::iter::once(STANDARD.name)
}

fn described(linked: &'static Linked) -> Result<&'static (Manifest, Arc<LibraryTypes>), String> {
    let described = linked.described.get_or_init(|| {
        let manifest =
            liveobj_manifest::read_section(linked.manifest).map_err(|error| error.to_string())?;
        let types = LibraryTypes {
            name: linked.name.to_owned(),
            sha256: None,
            version: Some(manifest.version.clone()),
            module: (linked.module)(),
            templates: manifest.templates.clone(),
        };
        Ok((manifest, Arc::new(types)))
    });
    described.as_ref().map_err(Clone::clone)
}

/// What it declares.
pub(super) fn types(linked: &'static Linked) -> Result<Arc<LibraryTypes>, String> {
    described(linked).map(|(_, types)| types.clone())
}

/// Attaches it, once per process, after the checks that every library passes.
pub(super) fn load(
    linked: &'static Linked,
    host: &'static abi::Host,
) -> Result<Arc<Loaded>, LoadError> {
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = loaded.get(linked.name) {
        return Ok(known.clone());
    }
    let name = linked.name.to_owned();
    let (manifest, types) =
        described(linked).map_err(|reason| LoadError::Manifest { name, reason })?;
    map::check_manifest(manifest, linked.name)?;
    let table: *const abi::Library = (linked.table)();
    // SAFETY: the table is part of this program, made by the SDK.
    let tables = unsafe { verify::library(table, manifest, types) }?;
    // SAFETY: as above; it was verified, and is attached once.
    unsafe { map::attach(linked.name, table, host) }?;
    let library = Arc::new(Loaded::new(types.clone(), manifest, tables, None));
    loaded.insert(linked.name, library.clone());
    Ok(library)
}
