//! Loading in its steps: what the benchmarks measure. Not part of the public interface.

use super::LibraryCatalog;
use super::library::{Described, Loaded, library_types};
use super::map::{Copy, check_manifest, map_in_place, mapped};
use crate::boundary::host;

/// The bytes of a library that is trusted.
pub struct Trusted(Vec<u8>);

/// A copy of a trusted library that nobody else can change.
pub struct PrivateCopy(Copy);

/// What is known of a library before it is mapped, its hash apart.
pub struct Judged(Described);

impl Trusted {
    /// Takes a library that a catalog trusts; `None` if there is none of this name.
    pub fn new(catalog: &LibraryCatalog, name: &str) -> Option<Trusted> {
        let path = catalog.path(name)?;
        Some(Trusted(std::fs::read(path).ok()?))
    }

    /// Copies it.
    ///
    /// # Panics
    ///
    /// The directory for temporary files cannot be written.
    pub fn copy(&self) -> PrivateCopy {
        let copy = Copy::new(&std::env::temp_dir(), &self.0);
        PrivateCopy(copy.expect("because there is room for a copy"))
    }

    /// Reads its manifest and judges its types.
    ///
    /// # Panics
    ///
    /// They are not sound.
    pub fn judge(&self) -> Judged {
        let manifest = liveobj_manifest::read(&self.0).expect("because it is an object library");
        let types = library_types(&manifest.name, None, &manifest);
        Judged(Described {
            sha256: String::new(),
            types: types.expect("because its types are sound").into(),
            manifest,
        })
    }
}

impl PrivateCopy {
    /// Maps it and nothing more. It stays mapped.
    ///
    /// # Panics
    ///
    /// It cannot be mapped.
    pub fn map(&self) {
        // SAFETY: a copy of a trusted library.
        drop(unsafe { map_in_place(&self.0.file) }.expect("because it is a library"));
    }

    /// Maps it, verifies its tables and layouts, and attaches it. It stays mapped.
    ///
    /// # Panics
    ///
    /// It does not pass a check.
    pub fn load(&self, Judged(described): &Judged) -> Loaded {
        let name = &described.types.name;
        check_manifest(&described.manifest, name).expect("because it was made for this process");
        // SAFETY: a copy of a trusted library.
        let loaded = unsafe {
            let mapping = map_in_place(&self.0.file).expect("because it is a library");
            mapped(described, mapping, host::table())
        };
        loaded.expect("because its tables are what its manifest says")
    }
}
