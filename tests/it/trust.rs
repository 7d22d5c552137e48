//! Which libraries are trusted: those that were added, and those in directories that were named;
//! nothing of any other runs.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Output;

use liveobj::{Data, Object, Runtime, Source};
use liveobj_tests::support::{foreign, liveobj, root};

/// A library that leaves a trace when it is mapped, and a reference to it.
struct Place {
    home: tempfile::TempDir,
    library: PathBuf,
    reference: PathBuf,
}

impl Place {
    fn new() -> Place {
        let home = tempfile::tempdir().expect("a temporary directory");
        let folder = home.path().join("somewhere");
        fs::create_dir(&folder).expect("it is writable");
        let trace = format!("-DTRACE=\"{}\"", home.path().join("trace").display());
        let library = speaker(&folder, "hello", &[&trace]);
        let reference = folder.join("speaker.liveobject");
        fs::write(&reference, document("")).expect("it is writable");
        Place {
            home,
            library,
            reference,
        }
    }

    fn folder(&self) -> &Path {
        self.library.parent().expect("it lies in a folder")
    }

    /// Whether its initializer has run.
    fn ran(&self) -> bool {
        self.home.path().join("trace").exists()
    }

    /// Runs a command on the reference.
    fn run(&self, command: &str, arguments: &[&str]) -> Output {
        let mut liveobj = liveobj(self.home.path());
        liveobj.arg(command).arg(&self.reference).args(arguments);
        if command == "open" {
            liveobj.args(["--for", "10ms"]);
        }
        // All the places that might be searched, and are not.
        liveobj.env("LD_LIBRARY_PATH", self.folder());
        liveobj.current_dir(self.folder());
        liveobj.output().expect("liveobj runs")
    }
}

fn speaker(folder: &Path, text: &str, options: &[&str]) -> PathBuf {
    let source = root().join("tests/broken-libraries/speaker.c");
    let text = format!("-DTEXT=\"{text}\"");
    let options = [&[text.as_str()], options].concat();
    foreign(folder, &source, "test:speaker", &options)
}

/// A reference to the library; `more` are attributes.
fn document(more: &str) -> String {
    format!(
        r#"<liveobject xmlns="urn:liveobj:reference:1">
    <external name="speaker" library="test:speaker"{more}/>
</liveobject>"#
    )
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn neither_the_current_directory_nor_the_documents_nor_ld_library_path_is_searched() {
    let place = Place::new();
    for command in ["check", "open"] {
        let output = place.run(command, &[]);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let said = text(&output.stdout) + &text(&output.stderr);
        assert!(said.contains("error[manifest-missing]"), "{said}");
    }
    assert!(!place.ran(), "nothing of it ran");
}

#[test]
fn a_directory_that_everybody_can_write_to_is_not_taken() {
    let place = Place::new();
    fs::set_permissions(place.folder(), Permissions::from_mode(0o777)).expect("it is ours");
    for command in ["check", "open"] {
        let output = place.run(command, &["--library-path", "."]);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let said = text(&output.stderr);
        assert!(said.contains("can be written by everybody"), "{said}");
    }
    assert!(!place.ran(), "nothing of it ran");
}

#[test]
fn checking_never_maps_a_library_and_opening_maps_one_that_is_trusted() {
    let place = Place::new();
    let trusted = ["--library-path", "."];
    let output = place.run("check", &trusted);
    assert!(output.status.success(), "{output:?}");
    assert!(!place.ran(), "nothing of it ran");
    let output = place.run("open", &trusted);
    assert!(output.status.success(), "{output:?}");
    assert!(place.ran(), "the test sees it when something runs");
}

#[test]
fn a_hash_that_is_another_one_is_refused_before_anything_runs() {
    let place = Place::new();
    let other = format!(r#" sha256="{}""#, "0".repeat(64));
    fs::write(&place.reference, document(&other)).expect("it is writable");
    for command in ["check", "open"] {
        let output = place.run(command, &["--library-path", "."]);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let said = text(&output.stdout) + &text(&output.stderr);
        assert!(said.contains("error[library-hash-mismatch]"), "{said}");
    }
    assert!(!place.ran(), "nothing of it ran");
}

fn add(home: &Path, file: &Path) -> String {
    let mut add = liveobj(home);
    let output = add.args(["library", "add"]).arg(file).output();
    let output = output.expect("liveobj runs");
    assert!(output.status.success(), "{output:?}");
    let line = text(&output.stdout);
    let (_, hash) = line.trim().split_once(" sha256:").expect("it prints it");
    hash.to_owned()
}

#[test]
fn adding_runs_nothing_and_what_was_added_stays_what_it_was() {
    let place = Place::new();
    let hash = add(place.home.path(), &place.library);
    assert!(!place.ran(), "nothing of it ran");
    // The file that was added may change, or go: the copy is what is mapped.
    fs::write(&place.library, "no library any more").expect("it is writable");
    let stored = place
        .home
        .path()
        .join(format!("liveobj/libraries/{hash}.so"));
    let mode = fs::metadata(&stored)
        .expect("it is there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o444);
    let output = place.run("open", &[]);
    assert!(output.status.success(), "{output:?}");
    assert!(place.ran());
    // A copy that was changed all the same is not mapped.
    fs::remove_file(place.home.path().join("trace")).expect("it is there");
    fs::set_permissions(&stored, Permissions::from_mode(0o644)).expect("it is ours");
    let mut bytes = fs::read(&stored).expect("it is readable");
    bytes.push(0);
    fs::write(&stored, bytes).expect("it is writable");
    let output = place.run("open", &[]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = text(&output.stdout) + &text(&output.stderr);
    assert!(said.contains("was changed"), "{said}");
    assert!(!place.ran(), "nothing of it ran");
}

/// What a speaker of a composite says.
fn says(object: &Object, endpoint: &str) -> Data {
    let (sender, events) = std::sync::mpsc::channel();
    let endpoint = object.endpoint(endpoint).expect("it is there");
    let connection = endpoint.connect(move |_, payload| {
        let Data::Record(said) = payload else { return };
        // The test may be over.
        let _ = sender.send(said["text"].clone());
    });
    let fault = Data::record([("fault", Data::String(String::new()))]);
    let connection = connection.expect("it connects");
    connection.send("say", fault).expect("sent");
    let patience = std::time::Duration::from_secs(30);
    events.recv_timeout(patience).expect("it answers")
}

#[test]
fn two_versions_of_one_library_run_at_once_and_hashes_choose() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let store = home.path().join("liveobj/libraries");
    let [old, new] = ["old", "new"].map(|version| {
        let folder = home.path().join(version);
        fs::create_dir(&folder).expect("it is writable");
        add(home.path(), &speaker(&folder, version, &[]))
    });
    assert_ne!(old, new);
    let reference = format!(
        r#"<liveobject xmlns="urn:liveobj:reference:1"><composite>
    <component name="a"><external name="speaker" library="test:speaker" sha256="{old}"/></component>
    <component name="b"><external name="speaker" library="test:speaker" sha256="{new}"/></component>
    <component name="c"><external name="speaker" library="test:speaker"/></component>
    <export of="a" name="speech" as="a"/>
    <export of="b" name="speech" as="b"/>
    <export of="c" name="speech" as="c"/>
</composite></liveobject>"#
    );
    let runtime = Runtime::builder().library_store(store).build();
    let runtime = runtime.expect("a runtime");
    let checked = runtime.check(&Source::new("versions", reference));
    let reference = checked.reference;
    let reference = reference.unwrap_or_else(|| panic!("{:#?}", checked.diagnostics));
    let object = runtime.open_blocking(&reference).expect("it opens");
    // Without a hash it is the one that was added last.
    for (endpoint, version) in [("a", "old"), ("b", "new"), ("c", "new")] {
        assert_eq!(says(&object, endpoint), Data::String(version.to_owned()));
    }
}
