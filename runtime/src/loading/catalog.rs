//! Finds trusted libraries by name.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use liveobj_manifest::{FormalismEntry, ReadError};
use liveobj_references::{Catalog, CatalogError, LibraryTypes};

use super::library::Described;
use super::map::Mapped;
use super::trust::{DirectoryError, check_directory, check_file};
use super::{LoadError, Loaded, Store, StoredLibrary, TrustedLibrary, linked, map};

/// The libraries that this process trusts: linked in, in directories, in a store, in this order;
/// after the linked-in ones, libraries that declare types and have no code. The first one of a name
/// wins. Directories and the store are read when a name is first looked
/// up that is not linked in; manifests are kept.
#[derive(Debug, Default)]
pub struct LibraryCatalog {
    without_code: Vec<WithoutCode>,
    directories: Vec<PathBuf>,
    store: Option<Store>,
    found: OnceLock<Found>,
}

/// A library that declares types and templates, and has no code for any.
#[derive(Clone, Copy, Debug)]
struct WithoutCode {
    name: &'static str,
    types: fn() -> Arc<LibraryTypes>,
}

/// What lies in the directories and in the store.
#[derive(Debug, Default)]
struct Found {
    /// In the order in which they are looked up.
    libraries: Vec<Library>,
    /// Files that look like libraries and cannot be used, and why.
    faults: Vec<String>,
}

#[derive(Debug)]
struct Library {
    name: String,
    place: Place,
    /// What its manifest lists; for stored ones, not read yet.
    formalisms: Vec<FormalismEntry>,
    described: OnceLock<Result<Arc<Described>, String>>,
    /// What was described, until it is loaded: those bytes are mapped.
    bytes: Mutex<Option<Vec<u8>>>,
}

#[derive(Debug)]
enum Place {
    /// A file of a trusted directory.
    File(PathBuf),
    Stored(StoredLibrary),
}

impl LibraryCatalog {
    /// Only `liveobj:standard`, which is linked in.
    pub fn new() -> LibraryCatalog {
        LibraryCatalog::default()
    }

    /// Trusts what lies in a directory: its `*.so` files that have a manifest.
    ///
    /// # Errors
    ///
    /// It cannot be read, or others can write to it.
    pub fn add_directory(&mut self, directory: &Path) -> Result<(), DirectoryError> {
        self.directories.push(check_directory(directory)?);
        self.found = OnceLock::new();
        Ok(())
    }

    /// Knows what the library `name` declares, so that references to it can be checked. There is
    /// no code: loading it is an error. `types` is called when the library is first looked up.
    pub fn add_without_code(&mut self, name: &'static str, types: fn() -> Arc<LibraryTypes>) {
        self.without_code.push(WithoutCode { name, types });
    }

    /// Trusts what was added to a store.
    pub fn set_store(&mut self, store: Store) {
        self.store = Some(store);
        self.found = OnceLock::new();
    }

    /// Loads a library by name (and hash, if the document gives one), once per process. `host` is
    /// what it is attached to.
    ///
    /// # Errors
    ///
    /// The first check that it does not pass.
    pub fn load(
        &self,
        name: &str,
        sha256: Option<&str>,
        host: &'static liveobj_abi::Host,
    ) -> Result<Arc<Loaded>, LoadError> {
        if let Some(linked) = linked::find(name) {
            if let Some(expected) = sha256 {
                return Err(LoadError::Hash {
                    name: name.to_owned(),
                    expected: digits(expected).to_owned(),
                    found: LINKED.to_owned(),
                });
            }
            return linked::load(linked, host);
        }
        if self.is_without_code(name) {
            return Err(LoadError::NoCode {
                name: name.to_owned(),
            });
        }
        let library = self.find(name, sha256).map_err(|error| match error {
            CatalogError::OtherHash {
                name,
                expected,
                found,
            } => LoadError::Hash {
                name,
                expected,
                found,
            },
            CatalogError::Unreadable { name, reason } => LoadError::Manifest { name, reason },
            _ => LoadError::Untrusted {
                name: name.to_owned(),
            },
        })?;
        library.load(host)
    }

    /// Whether the objects of a library run threads of their own. `sha256` is as the document gives
    /// it; nothing is mapped.
    ///
    /// # Errors
    ///
    /// It is not there, is another one, or its manifest cannot be read.
    pub fn runs_threads(&self, name: &str, sha256: Option<&str>) -> Result<bool, CatalogError> {
        if linked::find(name).is_some() || self.is_without_code(name) {
            // Linked in, the runtime runs the only threads.
            return Ok(false);
        }
        threads(name, self.find(name, sha256)?)
    }

    /// As [`LibraryCatalog::runs_threads`], for a library that is given by hash alone.
    ///
    /// # Errors
    ///
    /// It is not there, or its manifest cannot be read.
    pub fn hash_runs_threads(&self, sha256: &str) -> Result<bool, CatalogError> {
        let name = format!("sha256:{}", digits(sha256));
        match self.find_hash(sha256) {
            Some(library) => threads(&name, library),
            None => Err(CatalogError::Missing { name }),
        }
    }

    /// Loads a library by hash alone, as `code` references give it: lower-case hexadecimal,
    /// `sha256:` in front or not.
    ///
    /// # Errors
    ///
    /// As [`LibraryCatalog::load`].
    pub fn load_hash(
        &self,
        sha256: &str,
        host: &'static liveobj_abi::Host,
    ) -> Result<Arc<Loaded>, LoadError> {
        match self.find_hash(sha256) {
            Some(library) => library.load(host),
            None => Err(LoadError::Untrusted {
                name: format!("sha256:{}", digits(sha256)),
            }),
        }
    }

    /// The formalisms that trusted libraries add, each with the name of its library, in the order in
    /// which libraries are looked up. Of libraries of one name only the first one counts, which is the
    /// one that is loaded. Nothing is mapped; manifests that cannot be read are passed over, which is
    /// told where their library is asked for.
    pub(crate) fn formalisms(&self) -> Vec<(String, FormalismEntry)> {
        let mut seen = BTreeSet::new();
        let libraries = self.found().libraries.iter();
        libraries
            .filter(|library| seen.insert(library.name.as_str()))
            .flat_map(|library| {
                let entries = library.formalisms().into_iter();
                entries.map(|entry| (library.name.clone(), entry))
            })
            .collect()
    }

    fn is_without_code(&self, name: &str) -> bool {
        self.without_code.iter().any(|library| library.name == name)
    }

    /// Where the library of this name is.
    pub(super) fn path(&self, name: &str) -> Option<&Path> {
        Some(self.find(name, None).ok()?.path())
    }

    fn found(&self) -> &Found {
        self.found.get_or_init(|| {
            let mut found = Found::default();
            for directory in &self.directories {
                if let Err(error) = found.scan(directory) {
                    found
                        .faults
                        .push(format!("`{}`: {error}", directory.display()));
                }
            }
            match self.store.as_ref().map_or(Ok(Vec::new()), Store::list) {
                Ok(stored) => {
                    for library in stored {
                        let name = library.name.clone();
                        found.add(name, Place::Stored(library), Vec::new());
                    }
                }
                Err(error) => found.faults.push(error.to_string()),
            }
            found
        })
    }

    /// The library of this hash; `sha256:` in front or not.
    fn find_hash(&self, sha256: &str) -> Option<&Library> {
        let mut libraries = self.found().libraries.iter();
        libraries.find(|library| library.is(sha256))
    }

    fn find(&self, name: &str, sha256: Option<&str>) -> Result<&Library, CatalogError> {
        let found = self.found();
        let mut named = found
            .libraries
            .iter()
            .filter(|library| library.name == name)
            .peekable();
        let Some(first) = named.peek().copied() else {
            if found.faults.is_empty() {
                return Err(CatalogError::Missing {
                    name: name.to_owned(),
                });
            }
            let reason = format!(
                "no trusted file has one, and these cannot be used: {}",
                found.faults.join("; ")
            );
            return Err(CatalogError::Unreadable {
                name: name.to_owned(),
                reason,
            });
        };
        let Some(expected) = sha256 else {
            return Ok(first);
        };
        match named.find(|library| library.is(expected)) {
            Some(library) => Ok(library),
            None => Err(CatalogError::OtherHash {
                name: name.to_owned(),
                expected: digits(expected).to_owned(),
                found: match first.described() {
                    Ok(described) => described.sha256.clone(),
                    Err(reason) => reason,
                },
            }),
        }
    }
}

fn threads(name: &str, library: &Library) -> Result<bool, CatalogError> {
    let described = library.described();
    let described = described.map_err(|reason| CatalogError::Unreadable {
        name: name.to_owned(),
        reason,
    })?;
    Ok(described.manifest.threads)
}

/// Stands where a hash would.
const LINKED: &str = "none, since it is linked in";

/// A hash without `sha256:`.
pub(super) fn digits(sha256: &str) -> &str {
    sha256.strip_prefix("sha256:").unwrap_or(sha256)
}

impl Found {
    fn scan(&mut self, directory: &Path) -> std::io::Result<()> {
        let mut files = Vec::new();
        for entry in fs::read_dir(directory)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "so") {
                files.push(path);
            }
        }
        files.sort();
        for path in files {
            let manifest = check_file(&path).and_then(|path| {
                let file = File::open(&path).map_err(|error| error.to_string())?;
                match liveobj_manifest::read_from(file) {
                    Ok(manifest) => Ok(Some((manifest, path))),
                    // Some other library: none of ours.
                    Err(ReadError::NoSection | ReadError::NotALibrary { .. }) => Ok(None),
                    Err(error) => Err(error.to_string()),
                }
            });
            match manifest {
                Ok(Some((manifest, path))) => {
                    self.add(manifest.name, Place::File(path), manifest.formalisms);
                }
                Ok(None) => {}
                Err(reason) => self.faults.push(format!("`{}`: {reason}", path.display())),
            }
        }
        Ok(())
    }

    fn add(&mut self, name: String, place: Place, formalisms: Vec<FormalismEntry>) {
        self.libraries.push(Library {
            name,
            place,
            formalisms,
            described: OnceLock::new(),
            bytes: Mutex::default(),
        });
    }
}

impl Library {
    fn path(&self) -> &Path {
        match &self.place {
            Place::File(path) => path,
            Place::Stored(stored) => &stored.path,
        }
    }

    fn formalisms(&self) -> Vec<FormalismEntry> {
        match &self.place {
            Place::File(_) => self.formalisms.clone(),
            Place::Stored(stored) => {
                let manifest = File::open(&stored.path)
                    .ok()
                    .map(liveobj_manifest::read_from);
                let manifest = manifest.and_then(Result::ok);
                manifest.map_or_else(Vec::new, |manifest| manifest.formalisms)
            }
        }
    }

    /// Hash and manifest, both of the same bytes.
    fn described(&self) -> Result<Arc<Described>, String> {
        self.described
            .get_or_init(|| {
                let bytes = fs::read(self.path())
                    .map_err(|error| format!("`{}`: {error}", self.path().display()))?;
                let described = Described::new(&self.name, &bytes)?;
                match &self.place {
                    Place::Stored(stored) if stored.sha256 != described.sha256 => {
                        return Err(format!(
                            "`{}` was changed; `liveobj library add FILE` again puts it right",
                            stored.path.display()
                        ));
                    }
                    // Mapped from where it is.
                    Place::Stored(_) => {}
                    Place::File(_) => *self.kept() = Some(bytes),
                }
                Ok(Arc::new(described))
            })
            .clone()
    }

    fn is(&self, sha256: &str) -> bool {
        match &self.place {
            Place::Stored(stored) => stored.sha256 == digits(sha256),
            Place::File(_) => self
                .described()
                .is_ok_and(|described| described.sha256 == digits(sha256)),
        }
    }

    fn load(&self, host: &'static liveobj_abi::Host) -> Result<Arc<Loaded>, LoadError> {
        let described = self.described().map_err(|reason| LoadError::Manifest {
            name: self.name.clone(),
            reason,
        })?;
        // SAFETY: the embedder trusts the directory that this file was found in, or the store
        // that holds it; what is mapped is the file of this hash.
        let trusted = unsafe { TrustedLibrary::assume(self.path(), &*described.sha256) };
        let place = match &self.place {
            Place::Stored(_) => Mapped::InPlace,
            Place::File(_) => match self.kept().take() {
                Some(bytes) => Mapped::Hashed(bytes),
                None => Mapped::Copied,
            },
        };
        map::load(&trusted, &described, place, host)
    }

    fn kept(&self) -> MutexGuard<'_, Option<Vec<u8>>> {
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Catalog for LibraryCatalog {
    fn library(&self, name: &str, sha256: Option<&str>) -> Result<Arc<LibraryTypes>, CatalogError> {
        let unreadable = |reason| CatalogError::Unreadable {
            name: name.to_owned(),
            reason,
        };
        if let Some(linked) = linked::find(name) {
            if let Some(expected) = sha256 {
                return Err(CatalogError::OtherHash {
                    name: name.to_owned(),
                    expected: digits(expected).to_owned(),
                    found: LINKED.to_owned(),
                });
            }
            return linked::types(linked).map_err(unreadable);
        }
        let mut without_code = self.without_code.iter();
        if let Some(known) = without_code.find(|library| library.name == name) {
            return match sha256 {
                None => Ok((known.types)()),
                Some(expected) => Err(CatalogError::OtherHash {
                    name: name.to_owned(),
                    expected: digits(expected).to_owned(),
                    found: LINKED.to_owned(),
                }),
            };
        }
        let library = self.find(name, sha256)?;
        Ok(library.described().map_err(unreadable)?.types.clone())
    }

    fn library_by_hash(&self, sha256: &str) -> Result<Arc<LibraryTypes>, CatalogError> {
        let name = || format!("sha256:{}", digits(sha256));
        let library = self
            .find_hash(sha256)
            .ok_or_else(|| CatalogError::Missing { name: name() })?;
        let described = library.described();
        let described = described.map_err(|reason| CatalogError::Unreadable {
            name: name(),
            reason,
        })?;
        Ok(described.types.clone())
    }

    fn names(&self) -> Vec<String> {
        let without_code = self.without_code.iter().map(|library| library.name);
        let linked = linked::names().chain(without_code);
        let mut names: Vec<String> = linked.map(str::to_owned).collect();
        names.extend(
            self.found()
                .libraries
                .iter()
                .map(|library| library.name.clone()),
        );
        names.sort();
        names.dedup();
        names
    }
}
