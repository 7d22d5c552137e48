//! Where libraries may be, and what is found there.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use liveobj_references::{Catalog, CatalogError};

use super::fixture::{Fixture, NAME, host};
use crate::loading::{DirectoryError, LibraryCatalog, LoadError, Store, StoreError};

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("it is ours");
}

#[test]
fn directories_that_everybody_can_write_to_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    chmod(directory.path(), 0o777);
    let error = LibraryCatalog::new().add_directory(directory.path());
    assert!(
        matches!(error, Err(DirectoryError::WorldWritable { .. })),
        "{error:?}"
    );
    let inner = directory.path().join("inner");
    fs::create_dir(&inner).unwrap();
    let error = LibraryCatalog::new().add_directory(&inner);
    assert!(
        matches!(error, Err(DirectoryError::WorldWritable { .. })),
        "{error:?}"
    );
    // Nobody replaces what others own in a sticky one, but anybody adds to it.
    chmod(directory.path(), 0o1777);
    assert!(LibraryCatalog::new().add_directory(&inner).is_ok());
    assert!(
        LibraryCatalog::new()
            .add_directory(directory.path())
            .is_err()
    );
}

#[test]
fn files_that_everybody_can_write_to_are_not_taken() {
    let fixture = Fixture::new();
    chmod(&fixture.compile(), 0o777);
    let error = fixture
        .catalog()
        .load(NAME, None, host())
        .expect_err("it is not trusted");
    let message = error.to_string();
    assert!(
        message.contains("it can be written by everybody"),
        "{message}"
    );
}

#[test]
fn names_lead_to_libraries_and_hashes_narrow() {
    let fixture = Fixture::new();
    fixture.compile();
    fs::write(fixture.directory.path().join("other.so"), "not a library").unwrap();
    let catalog = fixture.catalog();
    assert_eq!(catalog.names(), [NAME, "liveobj:standard"]);
    let library = catalog.library(NAME, None).expect("it is there");
    let hash = library.sha256.clone().expect("it is a file");
    assert!(catalog.library(NAME, Some(&hash)).is_ok());
    assert!(
        catalog
            .library(NAME, Some(&format!("sha256:{hash}")))
            .is_ok()
    );
    let other = "0".repeat(64);
    assert_eq!(
        catalog
            .library(NAME, Some(&other))
            .expect_err("another hash"),
        CatalogError::OtherHash {
            name: NAME.to_owned(),
            expected: other.clone(),
            found: hash
        }
    );
    assert_eq!(
        catalog
            .library("example:two", None)
            .expect_err("another name"),
        CatalogError::Missing {
            name: "example:two".to_owned()
        }
    );
    assert!(matches!(
        catalog.load_hash(&other, host()),
        Err(LoadError::Untrusted { .. })
    ));
    assert!(!fixture.trace().exists(), "nothing was mapped");
}

#[test]
fn what_is_added_to_a_store_is_found_there() {
    let fixture = Fixture::new();
    let store = Store::new(fixture.directory.path().join("store"));
    assert_eq!(store.list().expect("empty"), []);
    let added = store.add(&fixture.compile(), None).expect("a library");
    assert_eq!(added.name, NAME);
    assert_eq!(
        store.list().expect("readable"),
        std::slice::from_ref(&added)
    );
    assert_eq!(
        fs::metadata(&added.path).unwrap().permissions().mode() & 0o777,
        0o444
    );
    assert_eq!(
        fs::metadata(store.directory())
            .unwrap()
            .permissions()
            .mode()
            & 0o777,
        0o700
    );
    // The original is no longer needed.
    fs::remove_file(fixture.file()).unwrap();
    let mut catalog = LibraryCatalog::new();
    catalog.set_store(store);
    assert!(catalog.load(NAME, None, host()).is_ok());
    assert!(
        catalog
            .load_hash(&format!("sha256:{}", added.sha256), host())
            .is_ok()
    );
}

#[test]
fn names_can_be_given_and_the_latest_comes_first() {
    let (first, mut second) = (Fixture::new(), Fixture::new());
    second.manifest.version = "2.0.0".to_owned();
    let store = Store::new(first.directory.path().join("store"));
    let one = store
        .add(&first.compile(), Some("https://example.org/one"))
        .unwrap();
    let two = store
        .add(&second.compile(), Some("https://example.org/one"))
        .unwrap();
    assert_eq!(store.list().unwrap(), [two.clone(), one.clone()]);
    let removed = store.remove(&format!("sha256:{}", two.sha256)).unwrap();
    assert_eq!(removed, std::slice::from_ref(&two));
    assert!(!two.path.exists() && one.path.exists());
    assert_eq!(store.remove("https://example.org/one").unwrap(), [one]);
    assert!(matches!(
        store.remove("https://example.org/one"),
        Err(StoreError::Missing { .. })
    ));
}

#[test]
fn a_stored_library_that_was_changed_is_not_loaded() {
    let fixture = Fixture::new();
    let store = Store::new(fixture.directory.path().join("store"));
    let added = store.add(&fixture.compile(), None).unwrap();
    chmod(&added.path, 0o644);
    let mut bytes = fs::read(&added.path).unwrap();
    bytes.push(0);
    fs::write(&added.path, bytes).unwrap();
    let mut catalog = LibraryCatalog::new();
    catalog.set_store(store);
    let error = catalog
        .load(NAME, None, host())
        .expect_err("the hash is another one");
    assert!(error.to_string().contains("was changed"), "{error}");
    assert!(!fixture.trace().exists());
}

#[test]
fn only_libraries_are_added() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("library.so");
    fs::write(&file, "not a library").unwrap();
    let store = Store::new(directory.path().join("store"));
    assert!(matches!(
        store.add(&file, None),
        Err(StoreError::NotALibrary { .. })
    ));
    let fixture = Fixture::new();
    let error = store.add(&fixture.compile(), Some("two\nlines"));
    assert!(matches!(error, Err(StoreError::Name { .. })), "{error:?}");
    assert!(!store.directory().exists());
}

#[test]
fn a_damaged_index_names_its_line() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::new(directory.path().join("store"));
    fs::create_dir(store.directory()).unwrap();
    chmod(store.directory(), 0o700);
    fs::write(
        store.directory().join("index"),
        format!("{} a\nnonsense\n", "0".repeat(64)),
    )
    .unwrap();
    assert!(matches!(
        store.list(),
        Err(StoreError::Index { line: 2, .. })
    ));
}

#[test]
fn the_standard_library_is_linked_in_and_passes_the_checks_of_all() {
    let catalog = LibraryCatalog::new();
    let loaded = catalog
        .load("liveobj:standard", None, host())
        .expect("it is part of this");
    assert!(loaded.object("timer").is_some());
    assert_eq!(loaded.types().sha256, None);
    assert!(
        catalog
            .load("liveobj:standard", Some(&"0".repeat(64)), host())
            .is_err()
    );
}
