//! Unloading: only when nothing is alive, and as the process map says.

use std::sync::Arc;

use super::fixture::{Fixture, NAME, host};
use crate::loading::{Loaded, UnloadError, Unloaded, unload};

/// Other tests have libraries of the same name loaded.
fn hash(library: &Loaded) -> String {
    library.types().sha256.clone().expect("it is a file")
}

#[test]
fn a_library_is_unmapped_when_nothing_uses_it_and_loads_again() {
    let fixture = Fixture::new();
    let library = fixture.load().expect("nothing is wrong with it");
    let hash = hash(&library);
    assert_eq!(
        unload(NAME, Some(&hash)),
        Err(UnloadError::InUse {
            name: NAME.to_owned(),
            users: 1
        })
    );
    assert_eq!(library.object("one").expect("it is there").endpoints, 1);
    drop(library);
    assert_eq!(unload(NAME, Some(&hash)), Ok(Unloaded::Unmapped));
    assert_eq!(
        unload(NAME, Some(&hash)),
        Err(UnloadError::NotLoaded {
            name: NAME.to_owned()
        })
    );
    std::fs::remove_file(fixture.trace()).expect("its initializer ran");
    let again = fixture
        .catalog()
        .load(NAME, None, host())
        .expect("as before");
    assert_eq!(again.object("one").expect("it is there").endpoints, 1);
    assert!(fixture.trace().exists(), "it was mapped anew");
}

#[test]
fn a_library_that_the_system_keeps_is_said_to_be_still_mapped() {
    let mut fixture = Fixture::new();
    fixture.options = vec!["-Wl,-z,nodelete"];
    let hash = hash(&fixture.load().expect("nothing is wrong with it"));
    let unloaded = unload(NAME, Some(&hash)).expect("nothing uses it");
    assert!(
        matches!(unloaded, Unloaded::StillMapped { parts } if parts > 0),
        "{unloaded:?}"
    );
    assert!(unloaded.to_string().starts_with("still mapped, in "));
    assert!(fixture.catalog().load(NAME, None, host()).is_ok());
}

#[test]
fn a_library_with_threads_of_its_own_is_left() {
    let mut fixture = Fixture::new();
    fixture.manifest.threads = true;
    let hash = hash(&fixture.load().expect("nothing is wrong with it"));
    let error = unload(NAME, Some(&hash)).expect_err("nobody knows what they do");
    assert!(matches!(error, UnloadError::Threads { .. }), "{error}");
    assert!(fixture.catalog().load(NAME, None, host()).is_ok());
}

#[test]
fn of_several_versions_the_hash_says_which() {
    let (first, mut second) = (Fixture::new(), Fixture::new());
    second.manifest.version = "2.0.0".to_owned();
    let loaded = [first.load().expect("good"), second.load().expect("good")];
    let hashes = [hash(&loaded[0]), hash(&loaded[1])];
    let Err(UnloadError::Several { hashes: named, .. }) = unload(NAME, None) else {
        panic!("two are loaded")
    };
    assert!(hashes.iter().all(|hash| named.contains(hash)), "{named:?}");
    let [first, second] = loaded;
    drop(first);
    let unloaded = unload(NAME, Some(&format!("sha256:{}", hashes[0])));
    assert_eq!(unloaded, Ok(Unloaded::Unmapped));
    assert_eq!(second.object("one").expect("it is there").endpoints, 1);
    assert_eq!(Arc::strong_count(&second), 2);
}

#[test]
fn what_is_linked_in_stays() {
    assert!(matches!(
        unload("liveobj:standard", None),
        Err(UnloadError::LinkedIn { .. })
    ));
}
