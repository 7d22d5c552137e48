//! Libraries that are broken at run time: each fault is contained, said with its own message, and
//! harms no other library. What is refused when a library is loaded is tested beside the loader.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use liveobj::loading::{UnloadError, Unloaded};
use liveobj::{
    Connection, Data, Ended, Message, Object, OpenError, OpenOptions, Runtime, RuntimeBuilder,
    Source,
};
use liveobj_tests::support::{faulty, foreign, liveobj, root};

const PATIENCE: Duration = Duration::from_secs(30);

/// `tests/broken-libraries/speaker.c`, compiled in `folder`; it says `text`.
fn speaker(folder: &Path, text: &str) {
    let source = root().join("tests/broken-libraries/speaker.c");
    let text = format!("-DTEXT=\"{text}\"");
    foreign(folder, &source, "test:speaker", &[&text]);
}

fn speakers(folder: &Path) -> RuntimeBuilder {
    Runtime::builder()
        .library_path(folder)
        .library_path(faulty())
}

fn document(body: &str) -> String {
    format!("<liveobject xmlns=\"urn:liveobj:reference:1\">{body}</liveobject>")
}

const SPEAKER: &str = r#"<external name="speaker" library="test:speaker"/>"#;

fn worker(fault: &str) -> String {
    format!(
        r#"<parameterized><template><external name="worker" library="test:faulty"/></template>
        <parameter name="fault"><value>{fault}</value></parameter></parameterized>"#
    )
}

fn try_open(runtime: &Runtime, body: &str) -> Result<Object, OpenError> {
    let checked = runtime.check(&Source::new("test", document(body)));
    let reference = checked.reference;
    let reference = reference.unwrap_or_else(|| panic!("{:#?}", checked.diagnostics));
    runtime.open_blocking(&reference)
}

fn open(runtime: &Runtime, body: &str) -> Object {
    try_open(runtime, body).unwrap_or_else(|error| panic!("{error}"))
}

fn connect(object: &Object, endpoint: &str) -> (Connection, Receiver<(String, Data)>) {
    let (sender, events) = mpsc::channel();
    let endpoint = object.endpoint(endpoint).expect("it is there");
    let connection = endpoint.connect(move |event, payload| {
        // The test may be over.
        let _ = sender.send((event.to_owned(), payload.clone()));
    });
    (connection.expect("it connects"), events)
}

/// Whether an object in Rust does what it is asked for.
fn works(object: &Object) {
    let (connection, events) = connect(object, "task");
    connection
        .send("go", Data::Record(Default::default()))
        .expect("sent");
    let (event, _) = events.recv_timeout(PATIENCE).expect("it answers");
    assert_eq!(event, "done");
}

/// Whether an object in C says what it is to say.
fn speaks(object: &Object, text: &str) {
    let (connection, events) = connect(object, "speech");
    connection.send("say", fault("")).expect("sent");
    let (_, said) = events.recv_timeout(PATIENCE).expect("it answers");
    let Data::Record(said) = said else {
        panic!("{said:?}")
    };
    assert_eq!(said["text"], Data::String(text.to_owned()));
}

fn fault(fault: &str) -> Data {
    Data::record([("fault", Data::String(fault.to_owned()))])
}

/// Opens a speaker, asks for a fault, and answers what the speaker ended with; nothing was heard.
fn ends(runtime: &Runtime, wrong: &str) -> String {
    let object = open(runtime, SPEAKER);
    let (connection, events) = connect(&object, "speech");
    connection.send("say", fault(wrong)).expect("sent");
    let Some(Ended::Failed {
        object: who,
        reason,
    }) = object.wait_timeout(PATIENCE)
    else {
        panic!("it goes on after `{wrong}`")
    };
    assert_eq!(who, "speaker");
    drop((connection, object));
    let heard: Vec<_> = events.iter().collect();
    assert_eq!(heard, [], "{wrong}");
    reason
}

#[test]
fn what_a_library_emits_wrongly_is_refused_with_its_place_and_nobody_sees_it() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    speaker(folder.path(), "hello");
    let runtime = speakers(folder.path()).build().expect("a runtime");
    let [sound, other] = [worker(""), SPEAKER.to_owned()].map(|body| open(&runtime, &body));
    let faults = [
        ("UTF-8", "at `text`: memory is not UTF-8"),
        ("inner UTF-8", "at `kind.two`: memory is not UTF-8"),
        ("tag", "at `kind`: memory is not a case of its variant"),
        ("flag", "at `flag`: memory is not a bool"),
        ("null", "at `text`: a null pointer stands for a value"),
        (
            "misaligned",
            "at `numbers`: a pointer is not aligned for its type",
        ),
        ("length", "at `numbers`: a slice has an impossible length"),
        ("payload", "a null pointer stands for a value"),
    ];
    for (wrong, why) in faults {
        let what = "what it emitted as event `said` of endpoint `speech` is not of that type: ";
        assert_eq!(ends(&runtime, wrong), format!("{what}{why}"));
    }
    assert_eq!(
        ends(&runtime, "event"),
        "it emitted event number 7 of endpoint `speech`, which sends 1"
    );
    // Neither other libraries nor other objects of the same one have noticed.
    works(&sound);
    speaks(&other, "hello");
    assert_eq!(
        [sound.close(), other.close()],
        [Ended::Closed, Ended::Closed]
    );
}

#[test]
fn a_slice_that_points_nowhere_is_found_where_addresses_are_checked() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    speaker(folder.path(), "hello");
    let runtime = speakers(folder.path()).check_payloads(true).build();
    let runtime = runtime.expect("a runtime");
    assert_eq!(
        ends(&runtime, "nowhere"),
        "what it emitted as event `said` of endpoint `speech` is not of that type: at `text`: a \
         slice points to where no memory is mapped"
    );
    // What is right is let through, of libraries in Rust, too.
    speaks(&open(&runtime, SPEAKER), "hello");
    works(&open(&runtime, &worker("")));
}

#[test]
fn a_handler_in_c_that_fails_ends_its_object_with_what_it_said() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    speaker(folder.path(), "hello");
    let runtime = speakers(folder.path()).build().expect("a runtime");
    assert_eq!(ends(&runtime, "fails"), "no breath");
    assert_eq!(
        ends(&runtime, "fails silently"),
        "it failed without saying why"
    );
    assert_eq!(ends(&runtime, "panics"), "a frog in the throat");
}

#[test]
fn a_constructor_that_fails_or_panics_leaves_nothing() {
    let runtime = Runtime::builder().library_path(faulty()).build();
    let runtime = runtime.expect("a runtime");
    let sound = open(&runtime, &worker(""));
    let reason = |fault: &str| {
        let error = try_open(&runtime, &worker(fault)).expect_err("it is not created");
        let OpenError::Create { object, reason } = error else {
            panic!("{error}")
        };
        assert_eq!(object, "worker");
        reason
    };
    assert_eq!(reason("create fails"), "there is no ink");
    let panicked = reason("create panics");
    assert!(panicked.contains("the ink is dry"), "{panicked}");
    assert!(
        panicked.contains("lib.rs:"),
        "it names the place: {panicked}"
    );
    works(&sound);
}

#[test]
fn a_handler_that_fails_or_panics_ends_its_object_alone() {
    let runtime = Runtime::builder().library_path(faulty()).build();
    let runtime = runtime.expect("a runtime");
    let sound = open(&runtime, &worker(""));
    for (fault, why) in [
        ("handler fails", "out of ink"),
        ("handler panics", "the pen is broken"),
    ] {
        let object = open(&runtime, &worker(fault));
        let (connection, events) = connect(&object, "task");
        connection
            .send("go", Data::Record(Default::default()))
            .expect("sent");
        let Some(Ended::Failed { reason, .. }) = object.wait_timeout(PATIENCE) else {
            panic!("it goes on after `{fault}`")
        };
        assert!(reason.contains(why), "{reason}");
        drop((connection, object));
        assert_eq!(events.iter().count(), 0);
    }
    works(&sound);
}

/// A worker beside others that work, each in a domain of its own.
fn apart(runtime: &Runtime, fault: &str) -> Result<Object, OpenError> {
    let part = |name: &str, fault: &str| {
        let worker = worker(fault);
        format!(r#"<component name="{name}">{worker}</component>"#)
    };
    let export = |name: &str| format!(r#"<export of="{name}" name="task" as="{name}"/>"#);
    let parts: String = ["first", "second", "third"]
        .map(|name| part(name, ""))
        .concat();
    let exports = ["first", "faulty", "third"].map(export).concat();
    let body = format!(
        "<composite>{parts}{}{exports}</composite>",
        part("faulty", fault)
    );
    let checked = runtime.check(&Source::new("test", document(&body)));
    let reference = checked.reference.expect("it is well typed");
    runtime.open_blocking_with(&reference, OpenOptions::new().domains(4))
}

fn go(connection: &Connection) {
    let none = Data::Record(Default::default());
    connection.send("go", none).expect("sent");
}

/// What a worker waits for is there once this is dropped, whatever happens.
struct Blocked(PathBuf);

impl Drop for Blocked {
    fn drop(&mut self) {
        fs::write(&self.0, "").expect("it is writable");
    }
}

#[test]
fn a_handler_that_blocks_is_told_of_and_holds_up_its_own_domain_only() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let file = folder.path().join("go on");
    let (sender, messages) = mpsc::channel();
    let report = move |message: &Message| {
        // The test may be over.
        let _ = sender.send(message.to_string());
    };
    let runtime = Runtime::builder().library_path(faulty()).report(report);
    let runtime = runtime.build().expect("a runtime");
    let object = apart(&runtime, &format!("blocks until {}", file.display())).expect("it opens");
    let [first, faulty, third] = ["first", "faulty", "third"].map(|name| connect(&object, name));
    let blocked = Blocked(file);
    go(&faulty.0);
    let told = |what: &str| {
        let message = messages.recv_timeout(PATIENCE).expect("it is told of");
        assert!(message.starts_with(what), "{message}");
    };
    told("warning: `faulty`: it blocks: nothing in its domain has");
    // While it blocks.
    for (connection, events) in [&first, &third] {
        go(connection);
        assert_eq!(events.recv_timeout(PATIENCE).expect("it answers").0, "done");
    }
    assert!(faulty.1.try_recv().is_err(), "it does not answer");
    drop(blocked);
    assert_eq!(faulty.1.recv_timeout(PATIENCE).expect("now").0, "done");
    told("info: `faulty`: its domain goes on, after ");
    assert_eq!(object.close(), Ended::Closed);
}

#[test]
fn a_part_that_fails_in_a_domain_of_its_own_ends_all_of_them_and_is_named() {
    let runtime = Runtime::builder().library_path(faulty()).build();
    let runtime = runtime.expect("a runtime");
    for (fault, why) in [
        ("create fails", "there is no ink"),
        ("create panics", "the ink is dry"),
    ] {
        let error = apart(&runtime, fault).expect_err("it is not created");
        let OpenError::Create { object, reason } = error else {
            panic!("{error}")
        };
        assert!(
            object == "faulty" && reason.contains(why),
            "{object}: {reason}"
        );
    }
    for (fault, why) in [
        ("handler fails", "out of ink"),
        ("handler panics", "the pen is broken"),
    ] {
        let object = apart(&runtime, fault).expect("it opens");
        let [first, faulty] = ["first", "faulty"].map(|name| connect(&object, name));
        go(&faulty.0);
        let Some(Ended::Failed {
            object: who,
            reason,
        }) = object.wait_timeout(PATIENCE)
        else {
            panic!("it goes on after `{fault}`")
        };
        assert!(who == "faulty" && reason.contains(why), "{who}: {reason}");
        // All of it has ended.
        assert!(first.0.is_ended());
    }
}

#[test]
fn a_destructor_that_panics_is_told_of_and_harms_nobody() {
    let (sender, messages) = mpsc::channel();
    let report = move |message: &Message| {
        // The test may be over.
        let _ = sender.send(message.to_string());
    };
    let runtime = Runtime::builder().library_path(faulty()).report(report);
    let runtime = runtime.build().expect("a runtime");
    let [sound, faulty] = ["", "destroy panics"].map(|fault| open(&runtime, &worker(fault)));
    works(&faulty);
    assert_eq!(faulty.close(), Ended::Closed);
    let message = messages.recv_timeout(PATIENCE).expect("it is told of");
    assert!(
        message.starts_with("error: `worker`: panicked at "),
        "{message}"
    );
    assert!(message.ends_with("ink everywhere"), "{message}");
    works(&sound);
}

#[test]
fn a_library_that_is_refused_does_not_keep_others_from_being_loaded() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    speaker(folder.path(), "hello");
    // The manifest is whole, and the table is not.
    let file = folder.path().join("libspeaker.so");
    let mut bytes = fs::read(&file).expect("it was made");
    let magic = b"liveobj\0";
    let at: Vec<usize> = (1..bytes.len() - magic.len())
        // Not the name of the section.
        .filter(|at| bytes[*at..].starts_with(magic) && bytes[at - 1] != b'.')
        .collect();
    for at in at {
        bytes[at] = b'L';
    }
    fs::write(&file, bytes).expect("it is writable");
    fs::write(folder.path().join("libcut.so"), b"\x7fELF").expect("it is writable");
    let runtime = speakers(folder.path()).build().expect("a runtime");
    let error = try_open(&runtime, SPEAKER)
        .expect_err("it is refused")
        .to_string();
    assert!(
        error.contains("does not start with the magic bytes"),
        "{error}"
    );
    works(&open(&runtime, &worker("")));
}

#[test]
fn a_failed_open_leaves_no_copy_of_the_library() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let copies = folder.path().join("copies");
    fs::create_dir(&copies).expect("it is writable");
    let reference = folder.path().join("worker.liveobject");
    for (fault, status) in [("create panics", 1), ("", 0)] {
        fs::write(&reference, document(&worker(fault))).expect("it is writable");
        let mut open = liveobj(folder.path());
        open.arg("open")
            .arg(&reference)
            .arg("--library-path")
            .arg(faulty());
        open.args(["--for", "100ms"]).env("TMPDIR", &copies);
        let output = open.output().expect("liveobj runs");
        assert_eq!(output.status.code(), Some(status), "{output:?}");
        let left: Vec<_> = fs::read_dir(&copies).expect("it is readable").collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

#[test]
fn a_library_is_unloaded_once_its_last_object_is_gone() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    speaker(folder.path(), "unload me");
    let runtime = speakers(folder.path()).build().expect("a runtime");
    let hash = runtime.catalog().library("test:speaker", None);
    let hash = hash
        .expect("it is there")
        .sha256
        .clone()
        .expect("it is a file");
    let unload = || runtime.unload_library("test:speaker", Some(&hash));
    assert!(matches!(unload(), Err(UnloadError::NotLoaded { .. })));
    let object = open(&runtime, SPEAKER);
    speaks(&object, "unload me");
    let in_use = unload();
    assert!(
        matches!(in_use, Err(UnloadError::InUse { .. })),
        "{in_use:?}"
    );
    object.close();
    assert_eq!(unload(), Ok(Unloaded::Unmapped));
    speaks(&open(&runtime, SPEAKER), "unload me");
}
