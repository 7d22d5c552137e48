//! Loading one library: the checks, in their order.

use std::collections::BTreeMap;
use std::collections::hash_map::RandomState;
use std::fs::{self, DirBuilder, OpenOptions};
use std::hash::BuildHasher;
use std::io::Write;
use std::mem::ManuallyDrop;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
use liveobj_abi as abi;
use liveobj_manifest::Manifest;
use sha2::{Digest, Sha256};

use super::library::{Described, Loaded, TrustedLibrary, hexadecimal};
use super::{LoadError, verify};

/// What is loaded, by hash and name. Known under two names, a library is loaded twice, as two
/// libraries would be; if it lies in a store, both are one mapping, which was attached twice.
pub(super) static LOADED: Mutex<BTreeMap<(String, String), Arc<Loaded>>> =
    Mutex::new(BTreeMap::new());

/// The ABI of this runtime: major, minor.
pub const ABI: [u16; 2] = [abi::MAJOR, abi::MINOR];

/// Architecture and system of this process, as manifests write it: `x86_64-linux`.
pub fn target() -> String {
    format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS)
}

/// Loads a trusted file of which nothing is known yet.
pub(super) fn load_file(
    trusted: &TrustedLibrary,
    host: &'static abi::Host,
) -> Result<Arc<Loaded>, LoadError> {
    let name = trusted.path().display().to_string();
    let bytes = read(trusted, &name)?;
    let manifest = liveobj_manifest::read(&bytes).map_err(|error| LoadError::Manifest {
        name: name.clone(),
        reason: error.to_string(),
    })?;
    let described = Described::new(&manifest.name, &bytes)
        .map_err(|reason| LoadError::Manifest { name, reason })?;
    load(trusted, &described, Mapped::Hashed(bytes), host)
}

/// What is mapped.
pub(super) enum Mapped {
    /// A private copy of these bytes, which have the hash that is trusted.
    Hashed(Vec<u8>),
    /// A private copy of the file, if it has the hash that is trusted.
    Copied,
    /// The file itself, if it has the hash that is trusted: it lies in a store, where nobody
    /// changes it.
    InPlace,
}

/// Loads a trusted library, once per process.
pub(super) fn load(
    trusted: &TrustedLibrary,
    described: &Described,
    mapped: Mapped,
    host: &'static abi::Host,
) -> Result<Arc<Loaded>, LoadError> {
    // Held while loading: a library is loaded and attached once, whoever else asks for it.
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    let key = (trusted.sha256().to_owned(), described.types.name.clone());
    if let Some(known) = loaded.get(&key) {
        return Ok(known.clone());
    }
    let name = described.types.name.as_str();
    let file = trusted.path().display();
    let _inside = tracing::info_span!("load", library = name, %file).entered();
    let library = load_anew(trusted, described, mapped, host);
    let library = library.inspect_err(|error| tracing::debug!(%error, "it is not loaded"))?;
    tracing::debug!("it is loaded");
    loaded.insert(key, library.clone());
    Ok(library)
}

fn load_anew(
    trusted: &TrustedLibrary,
    described: &Described,
    mapped: Mapped,
    host: &'static abi::Host,
) -> Result<Arc<Loaded>, LoadError> {
    let name = described.types.name.as_str();
    let bytes = match mapped {
        Mapped::Hashed(bytes) => Some(bytes),
        Mapped::Copied => Some(read(trusted, name)?),
        Mapped::InPlace => {
            read(trusted, name)?;
            None
        }
    };
    check_manifest(&described.manifest, name)?;
    let mapping = match bytes {
        // SAFETY: the library is trusted.
        Some(bytes) => unsafe { open_copy(name, &bytes) },
        // SAFETY: as above.
        None => unsafe { map_in_place(trusted.path()) }.map_err(|reason| LoadError::Map {
            name: name.to_owned(),
            reason,
        }),
    }?;
    // SAFETY: the library is trusted.
    let loaded = unsafe { self::mapped(described, mapping, host) }?;
    Ok(Arc::new(loaded))
}

/// Steps 6 to 10, all that follow once a library is mapped: its tables, their contents, and
/// attaching it.
///
/// # Safety
///
/// The library answers with tables that are what its types say.
pub(super) unsafe fn mapped(
    described: &Described,
    mapping: Mapping,
    host: &'static abi::Host,
) -> Result<Loaded, LoadError> {
    let name = described.types.name.as_str();
    // SAFETY: says the caller.
    let table = unsafe { tables(name, &mapping) }?;
    // SAFETY: says the caller; the tables stay mapped as long as the process, unless `Loaded`, which
    // owns them, says otherwise.
    let verified = unsafe { verify::library(table, &described.manifest, &described.types) }?;
    // SAFETY: as above; nothing else of this mapping was called since it was loaded. The ABI allows
    // for a mapping that was attached before.
    unsafe { attach(name, table, host) }?;
    Ok(Loaded::new(
        described.types.clone(),
        &described.manifest,
        verified,
        Some(mapping),
    ))
}

/// Step 1: the bytes, if they have the hash that is trusted.
fn read(trusted: &TrustedLibrary, name: &str) -> Result<Vec<u8>, LoadError> {
    let path = trusted.path();
    let bytes = fs::read(path).map_err(|error| LoadError::Read {
        path: path.to_owned(),
        reason: error.to_string(),
    })?;
    let found = hexadecimal(&Sha256::digest(&bytes));
    if found == trusted.sha256() {
        return Ok(bytes);
    }
    Err(LoadError::Hash {
        name: name.to_owned(),
        expected: trusted.sha256().to_owned(),
        found,
    })
}

/// Steps 3 to 5: ABI, architecture, panic strategy. (Step 2, reading the manifest, is what gave
/// it.)
pub(super) fn check_manifest(manifest: &Manifest, name: &str) -> Result<(), LoadError> {
    let name = name.to_owned();
    // Major 0 promises nothing from one minor to the next.
    let compatible = match manifest.abi {
        [0, _] => manifest.abi == ABI,
        [major, minor] => major == ABI[0] && minor <= ABI[1],
    };
    if !compatible {
        return Err(LoadError::Abi {
            name,
            found: manifest.abi,
            expected: ABI,
        });
    }
    if manifest.target != target() {
        let found = manifest.target.clone();
        return Err(LoadError::Architecture {
            name,
            found,
            expected: target(),
        });
    }
    if manifest.panic != "unwind" {
        return Err(LoadError::PanicStrategy {
            name,
            found: manifest.panic.clone(),
        });
    }
    Ok(())
}

/// Step 6, second half: asks a mapped library for its tables.
///
/// # Safety
///
/// Its `liveobj_library` is what the ABI says.
unsafe fn tables(name: &str, mapping: &Mapping) -> Result<*const abi::Library, LoadError> {
    // SAFETY: the symbol is a function of this type, says the caller.
    let function = unsafe {
        mapping
            .library
            .get::<abi::LibraryFunction>(abi::LIBRARY_SYMBOL)
    };
    let function = function.map(|symbol| *symbol);
    let function = function.map_err(|_| LoadError::Symbol {
        name: name.to_owned(),
        symbol: abi::LIBRARY_SYMBOL,
    })?;
    // SAFETY: says the caller.
    Ok(unsafe { function() })
}

/// Step 6, first half: maps a private copy of `bytes`.
///
/// # Safety
///
/// The library's initializers may run.
unsafe fn open_copy(name: &str, bytes: &[u8]) -> Result<Mapping, LoadError> {
    let mut refused = None;
    for directory in copy_directories() {
        let copy = match Copy::new(&directory, bytes) {
            Ok(copy) => copy,
            Err(error) => {
                refused.get_or_insert(LoadError::Read {
                    path: directory,
                    reason: format!("no private copy can be made there: {error}"),
                });
                continue;
            }
        };
        // SAFETY: says the caller.
        match unsafe { map_in_place(&copy.file) } {
            Ok(mapping) => return Ok(mapping),
            Err(reason) => {
                // A file system that forbids executable mappings: another one may allow them.
                let forbidden = reason.contains("failed to map segment");
                refused = Some(LoadError::Map {
                    name: name.to_owned(),
                    reason,
                });
                if !forbidden {
                    break;
                }
            }
        }
    }
    Err(refused.unwrap_or_else(|| LoadError::Map {
        name: name.to_owned(),
        reason: "there is no directory for a private copy".to_owned(),
    }))
}

/// A library that is mapped. Dropping this does not unmap it: what its initializers did cannot be
/// undone, and its tables may be in use.
pub(super) struct Mapping {
    pub(super) library: ManuallyDrop<Library>,
    /// The file that is mapped, as the process map calls it.
    pub(super) file: PathBuf,
}

/// Maps a file; what the system says where it does not.
///
/// # Safety
///
/// The library's initializers may run.
pub(super) unsafe fn map_in_place(file: &Path) -> Result<Mapping, String> {
    let path = fs::canonicalize(file).map_err(|error| error.to_string())?;
    // SAFETY: says the caller. Missing symbols are found now, not when they are called.
    match unsafe { Library::open(Some(&path), RTLD_NOW | RTLD_LOCAL) } {
        Ok(library) => Ok(Mapping {
            library: ManuallyDrop::new(library),
            file: path,
        }),
        Err(error) => Err(said(&error).replace(&format!("{}: ", path.display()), "")),
    }
}

/// What the system said.
pub(super) fn said(error: &libloading::Error) -> String {
    let source = std::error::Error::source(error);
    source.map_or_else(|| error.to_string(), ToString::to_string)
}

fn copy_directories() -> Vec<PathBuf> {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    std::iter::once(std::env::temp_dir())
        .chain(runtime)
        .chain(["/dev/shm".into()])
        .collect()
}

/// A copy of a library in a directory that only this user can enter, removed on drop: what is
/// mapped stays mapped.
pub(super) struct Copy {
    directory: PathBuf,
    pub(super) file: PathBuf,
}

impl Copy {
    pub(super) fn new(parent: &Path, bytes: &[u8]) -> std::io::Result<Copy> {
        let random = RandomState::new().hash_one(std::process::id());
        let directory = parent.join(format!("liveobj-{random:016x}"));
        // Fails where anything of this name is already there.
        DirBuilder::new().mode(0o700).create(&directory)?;
        let copy = Copy {
            file: directory.join("library.so"),
            directory,
        };
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o400)
            .open(&copy.file)?;
        file.write_all(bytes)?;
        Ok(copy)
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        // Nothing is lost if it stays.
        let _ = fs::remove_file(&self.file);
        let _ = fs::remove_dir(&self.directory);
    }
}

/// # Safety
///
/// The table was verified, and `attach` is what the ABI says.
pub(super) unsafe fn attach(
    name: &str,
    table: *const abi::Library,
    host: &'static abi::Host,
) -> Result<(), LoadError> {
    // SAFETY: says the caller.
    let status = match unsafe { (*table).attach } {
        // SAFETY: says the caller.
        Some(attach) => unsafe { attach(host) },
        None => abi::OK,
    };
    if status == abi::OK {
        return Ok(());
    }
    Err(LoadError::Attach {
        name: name.to_owned(),
        status,
    })
}
