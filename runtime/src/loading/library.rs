//! What is known of a library before and after it is loaded.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use liveobj_abi as abi;
use liveobj_manifest::{FormalismEntry, Manifest};
use liveobj_references::LibraryTypes;
use liveobj_types::syntax::Item;
use liveobj_types::{Diagnostic, Formalisms, Severity, Types};
use sha2::{Digest, Sha256};

use super::map::Mapping;
use super::verify::Tables;
use crate::boundary::FormalismCode;
use crate::boundary::calls::Table;

/// A library that is vouched for: loading it runs its code in this process with all rights of
/// this process. Made by a [`super::LibraryCatalog`] from the directories and the store that the
/// embedder configured, or by [`TrustedLibrary::assume`].
#[derive(Clone, Debug)]
pub struct TrustedLibrary {
    path: PathBuf,
    sha256: String,
}

impl TrustedLibrary {
    /// Vouches for a file.
    ///
    /// # Safety
    ///
    /// Whatever the file with this hash contains may run in this process: its initializers when
    /// it is mapped, its functions later. Its tables must be what their types say.
    pub unsafe fn assume(path: impl Into<PathBuf>, sha256: impl Into<String>) -> TrustedLibrary {
        TrustedLibrary {
            path: path.into(),
            sha256: sha256.into(),
        }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// SHA-256 of the file in lower-case hexadecimal: what is mapped has this hash.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Loads it, once per process. `host` is what it is attached to.
    ///
    /// # Errors
    ///
    /// The first check that it does not pass.
    pub fn load(&self, host: &'static abi::Host) -> Result<Arc<Loaded>, super::LoadError> {
        super::map::load_file(self, host)
    }
}

/// A library's file as far as it can be known without mapping it.
#[derive(Debug)]
pub(super) struct Described {
    pub(super) sha256: String,
    pub(super) manifest: Manifest,
    pub(super) types: Arc<LibraryTypes>,
}

impl Described {
    /// Reads hash and manifest of a library that is known as `name`.
    pub(super) fn new(name: &str, bytes: &[u8]) -> Result<Described, String> {
        let sha256 = hexadecimal(&Sha256::digest(bytes));
        let manifest = liveobj_manifest::read(bytes).map_err(|error| error.to_string())?;
        let types = library_types(name, Some(sha256.clone()), &manifest)?;
        Ok(Described {
            sha256,
            manifest,
            types: Arc::new(types),
        })
    }
}

/// The declarations of a manifest, judged.
pub(super) fn library_types(
    name: &str,
    sha256: Option<String>,
    manifest: &Manifest,
) -> Result<LibraryTypes, String> {
    let (module, mut findings) = manifest.module();
    if !has_error(&findings) {
        findings.extend(Types::new().check_module(&module, &Formalisms::none()));
    }
    if let Some(fault) = findings
        .iter()
        .find(|finding| finding.severity == Severity::Error)
    {
        return Err(format!("its types do not hold together: {}", fault.message));
    }
    check_formalisms(&manifest.formalisms)?;
    let templates = manifest.templates.clone();
    if !templates.is_sorted_by(|left, right| left < right) {
        return Err("its templates are not listed in the order of their names".to_owned());
    }
    let declared = |name: &String| matches!(module.lookup(name), Some((_, Item::Template(_))));
    if let Some(name) = templates.iter().find(|name| !declared(name)) {
        return Err(format!("its types do not declare template `{name}`"));
    }
    Ok(LibraryTypes {
        name: name.to_owned(),
        sha256,
        version: Some(manifest.version.clone()),
        module,
        templates,
    })
}

/// Whether a library may add these formalisms.
///
/// # Errors
///
/// One has no name, or that of another one.
pub(super) fn check_formalisms(formalisms: &[FormalismEntry]) -> Result<(), String> {
    let built_in = liveobj_formalisms::builtin();
    let mut names = BTreeSet::new();
    for FormalismEntry { name, .. } in formalisms {
        if !liveobj_manifest::is_formalism_name(name) {
            let name = name.escape_debug();
            return Err(format!(
                "it adds a formalism `{name}`, and a name has letters, digits and `_`"
            ));
        }
        if built_in.get(name).is_some() {
            return Err(format!(
                "it adds a formalism `{name}`, and one of that name is built in; its author must \
                 give it another one"
            ));
        }
        if !names.insert(name) {
            return Err(format!("it adds two formalisms `{name}`"));
        }
    }
    Ok(())
}

fn has_error(findings: &[Diagnostic]) -> bool {
    findings
        .iter()
        .any(|finding| finding.severity == Severity::Error)
}

pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A library that is loaded, or linked in. While this is alive it is not unloaded.
pub struct Loaded {
    types: Arc<LibraryTypes>,
    /// One for each of `types.templates`.
    objects: Vec<&'static abi::Object>,
    /// By name.
    formalisms: BTreeMap<String, abi::Formalism>,
    /// Whether its language guarantees that payloads are values of their types.
    typed: bool,
    /// Whether its objects run threads of their own.
    pub(super) threads: bool,
    /// None if it is linked in.
    pub(super) mapping: Option<Mapping>,
}

impl Loaded {
    /// Takes tables that were verified against `types`.
    pub(super) fn new(
        types: Arc<LibraryTypes>,
        manifest: &Manifest,
        tables: Tables,
        mapping: Option<Mapping>,
    ) -> Loaded {
        let names = manifest.formalisms.iter().map(|entry| entry.name.clone());
        let typed = manifest.sdk == liveobj_manifest::SDK;
        Loaded {
            types,
            objects: tables.objects,
            formalisms: names.zip(tables.formalisms).collect(),
            typed,
            threads: manifest.threads,
            mapping,
        }
    }

    /// Whether its manifest says that the Rust SDK made it: its payloads are values of their types
    /// then. Those of other libraries are checked.
    pub fn is_typed(&self) -> bool {
        self.typed
    }

    /// What its manifest says.
    pub fn types(&self) -> &Arc<LibraryTypes> {
        &self.types
    }

    /// The table of a template. Its endpoints are counted and its handlers present as the
    /// manifest's types say: endpoints in name order, in-events of each in name order.
    pub fn object(&self, template: &str) -> Option<&abi::Object> {
        self.find(template)
    }

    /// The same, for proxies: each holds the library.
    pub(crate) fn table(self: &Arc<Self>, template: &str) -> Option<Table> {
        let table = Table::new(self.find(template)?);
        Some(table.held_by(self.clone()))
    }

    /// The code of a formalism; it holds the library.
    pub(crate) fn formalism(self: &Arc<Self>, name: &str) -> Option<FormalismCode> {
        let table = self.formalisms.get(name)?;
        Some(FormalismCode::new(*table, self.clone()))
    }

    fn find(&self, template: &str) -> Option<&'static abi::Object> {
        let index = self
            .types
            .templates
            .iter()
            .position(|name| name == template)?;
        self.objects.get(index).copied()
    }
}

impl fmt::Debug for Loaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loaded")
            .field("types", &self.types)
            .finish_non_exhaustive()
    }
}
