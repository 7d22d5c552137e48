//! State outlives the runtime, in the directory that it was opened with.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError, RwLockReadGuard};
use std::time::{Duration, Instant};

use liveobj::{
    Data, Ended, Object, OpenError, OpenOptions, Runtime, SaveError, Source, StateError,
};
use liveobj_manifest::Manifest;
use liveobj_types::types::{Basic, Origin, Value};
use liveobj_types::{TypeId, Types, ValueId};

use super::{Events, PATIENCE, RUNNING, connect, document, field};

const COUNTER: &str = r#"<parameterized>
    <template><external name="counter" library="test:counter"/></template>
</parameterized>"#;

/// Two counters.
fn pair() -> String {
    format!(
        r#"<composite>
            <component name="left">{COUNTER}</component>
            <component name="right">{COUNTER}</component>
            <export of="left" name="counting" as="left"/>
            <export of="right" name="counting" as="right"/>
        </composite>"#
    )
}

/// Directories for libraries and states, and what was reported.
struct Place {
    root: tempfile::TempDir,
    messages: Arc<Mutex<Vec<String>>>,
    _running: RwLockReadGuard<'static, ()>,
}

impl Place {
    /// With a counter of version 1.
    fn new() -> Place {
        let place = Place {
            root: tempfile::tempdir().expect("a directory"),
            messages: Arc::default(),
            _running: RUNNING.read().unwrap_or_else(PoisonError::into_inner),
        };
        place.install(1);
        place
    }

    fn libraries(&self, version: u32) -> PathBuf {
        self.root.path().join(format!("libraries{version}"))
    }

    fn states(&self) -> PathBuf {
        self.root.path().join("states")
    }

    /// The state files, sorted.
    fn files(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.states()).expect("the directory is there");
        let mut files: Vec<PathBuf> = entries
            .map(|entry| entry.expect("an entry").path())
            .filter(|path| {
                path.extension()
                    .is_some_and(|extension| extension == "state")
            })
            .collect();
        files.sort();
        files
    }

    /// The one state file.
    fn file(&self) -> PathBuf {
        let [file] = &self.files()[..] else {
            panic!("{:?}", self.files());
        };
        file.clone()
    }

    fn messages(&self) -> Vec<String> {
        let states = self.states().display().to_string();
        let messages = self.messages.lock().unwrap();
        let messages = messages.iter().map(|text| text.replace(&states, "DIR"));
        messages.collect()
    }

    fn runtime(&self, version: u32) -> Runtime {
        let sink = self.messages.clone();
        Runtime::builder()
            .library_path(self.libraries(version))
            .check_payloads(true)
            .report(move |message: &liveobj::Message| {
                sink.lock().unwrap().push(message.to_string());
            })
            .build()
            .expect("a runtime")
    }

    fn try_open_with(
        &self,
        version: u32,
        reference: &str,
        options: OpenOptions,
    ) -> Result<Object, OpenError> {
        let runtime = self.runtime(version);
        let checked = runtime.check(&Source::new("test", document(reference)));
        let reference = checked.reference;
        let reference = reference.unwrap_or_else(|| panic!("{:#?}", checked.diagnostics));
        runtime.open_blocking_with(&reference, options)
    }

    /// Opens it with the directory; saved in the background only after an hour.
    fn try_open(&self, version: u32, reference: &str) -> Result<Object, OpenError> {
        let hour = Duration::from_secs(3600);
        let options = OpenOptions::new().state(self.states()).save_every(hour);
        self.try_open_with(version, reference, options)
    }

    fn open(&self, reference: &str) -> Object {
        self.try_open(1, reference)
            .unwrap_or_else(|error| panic!("{error}"))
    }

    fn refused(&self, version: u32) -> String {
        let error = self.try_open(version, COUNTER).expect_err("it is refused");
        let file = self.file().display().to_string();
        error.to_string().replace(&file, "FILE")
    }

    /// Compiles the counter.
    fn install(&self, version: u32) {
        let directory = self.libraries(version);
        fs::create_dir_all(&directory).expect("created");
        let (types, entries) = types_of(version);
        let manifest = Manifest {
            name: "test:counter".to_owned(),
            version: format!("{version}.0.0"),
            abi: [0, 1],
            panic: "unwind".to_owned(),
            target: format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS),
            threads: false,
            sdk: String::new(),
            templates: vec!["counter".to_owned()],
            formalisms: Vec::new(),
            types,
        };
        let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
        let source = tests.join("tests/counter.c");
        let text = format!(
            "#define VERSION {version}\n#define MANIFEST {}\n#define ENTRIES {entries}\n{}",
            list(&liveobj_manifest::emit(&manifest)),
            fs::read_to_string(source).expect("the source is there")
        );
        let file = directory.join("counter.c");
        fs::write(&file, text).expect("the directory is writable");
        let output = Command::new("cc")
            .args(["-shared", "-fPIC", "-w", "-I"])
            .arg(tests.join("../objects/abi/include"))
            .arg("-o")
            .args([&directory.join("libcounter.so"), &file])
            .output()
            .expect("a C compiler, which rustc needs, too");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

fn list(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte},")).collect()
}

/// The types of a version, and the layouts of what crosses.
fn types_of(version: u32) -> (String, String) {
    let mut types = Types::new();
    let mut basic = |basic| types.add_value(Value::Basic(basic), Origin::default());
    let (number, text) = (basic(Basic::U64), basic(Basic::String));
    let times = types.add_value(Value::Option(number), Origin::default());
    let mut record = |fields: &[(&str, ValueId)]| {
        let fields = fields.iter().map(|(name, ty)| ((*name).to_owned(), *ty));
        let fields = fields.collect::<BTreeMap<_, _>>();
        let record = Value::Record {
            fields,
            open: false,
        };
        types.add_value(record, Origin::default())
    };
    let mut entries = vec![
        (
            record(&[("n", number)]),
            "sizeof(struct number), 8, number_offsets, 1",
        ),
        (record(&[("start", number)]), "8, 8, number_offsets, 1"),
    ];
    let state = match version {
        1 => "n: u64",
        2 => {
            let whole = "sizeof(struct state), 8, state_offsets, 2";
            entries.push((record(&[("n", number), ("times", times)]), whole));
            entries.push((times, "sizeof(struct times), 8, times_offsets, 1"));
            "n: u64, times: option<u64>"
        }
        _ => {
            let whole = "sizeof(struct state), 8, number_offsets, 1";
            entries.push((record(&[("text", text)]), whole));
            "text: string"
        }
    };
    let mut entries: Vec<_> = entries
        .into_iter()
        .map(|(ty, layout)| (types.identity(TypeId::Value(ty)), layout))
        .collect();
    entries.sort();
    let entries = entries
        .iter()
        .map(|(id, layout)| format!("{{ {{ {} }}, {layout} }},", list(id)))
        .collect();
    let types = format!(
        "record Count {{ {state} }}\n\
         endpoint Counting {{ in add(n: u64); out count(n: u64); }}\n\
         object Counter {{ endpoint counting: Counting many; state Count; }}\n\
         template counter(start: u64 = 0): Counter;\n"
    );
    (types, entries)
}

fn count(events: &Events) -> u64 {
    let (event, payload) = events.next();
    assert_eq!(event, "count");
    match field(&payload, "n") {
        Data::U64(n) => n,
        other => panic!("{other:?}"),
    }
}

/// What the object has counted.
fn shown(object: &Object, endpoint: &str) -> u64 {
    count(&connect(object, endpoint))
}

/// Makes it count further; gives what it has counted then.
fn add(object: &Object, endpoint: &str, n: u64) -> u64 {
    let events = connect(object, endpoint);
    count(&events);
    let payload = Data::record([("n", Data::U64(n))]);
    events.connection.send("add", payload).expect("sent");
    count(&events)
}

#[test]
fn an_object_that_was_closed_goes_on_where_it_was() {
    let place = Place::new();
    let object = place.open(COUNTER);
    assert_eq!(shown(&object, "counting"), 0);
    assert_eq!(add(&object, "counting", 4), 4);
    assert_eq!(object.close(), Ended::Closed);
    let object = place.open(COUNTER);
    assert_eq!(shown(&object, "counting"), 4);
    assert_eq!(add(&object, "counting", 1), 5);
    drop(object);
    assert_eq!(shown(&place.open(COUNTER), "counting"), 5);
    assert_eq!(place.messages(), [""; 0]);
    let mode = fs::metadata(place.file())
        .expect("it is there")
        .permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
}

#[test]
fn each_part_has_a_state_of_its_own() {
    let place = Place::new();
    let object = place.open(&pair());
    add(&object, "left", 1);
    add(&object, "right", 20);
    drop(object);
    let object = place.open(&pair());
    assert_eq!((shown(&object, "left"), shown(&object, "right")), (1, 20));
    assert_eq!(place.files().len(), 2);
}

#[test]
fn parts_in_several_domains_share_a_directory() {
    let place = Place::new();
    let options = |interval| {
        let options = OpenOptions::new().state(place.states());
        options.save_every(interval).domains(2)
    };
    let hour = Duration::from_secs(3600);
    let open = |options| place.try_open_with(1, &pair(), options).expect("opened");
    let object = open(options(hour));
    assert_eq!(object.domains(), 2);
    add(&object, "left", 1);
    add(&object, "right", 20);
    object.save().expect("it is saved");
    let digests = object.digests().expect("it runs");
    let paths: Vec<&str> = digests.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths, ["left", "right"]);
    let saved: Vec<Vec<u8>> = place
        .files()
        .iter()
        .map(|file| fs::read(file).expect("whole"))
        .collect();
    assert_eq!(saved.len(), 2);
    add(&object, "right", 1);
    // All of it is saved as it closes; in one domain it goes on from there.
    drop(object);
    let object = place.open(&pair());
    assert_eq!((shown(&object, "left"), shown(&object, "right")), (1, 21));
    drop(object);
    // Of what cannot be opened nothing goes on, in any domain.
    let file = place
        .files()
        .into_iter()
        .find(|file| fs::read(file).is_ok_and(|it| !saved.contains(&it)));
    fs::write(file.expect("it changed"), "x").expect("ours");
    let refused = place.try_open_with(1, &pair(), options(hour));
    assert!(matches!(refused, Err(OpenError::State(_))), "{refused:?}");
}

#[test]
fn without_a_directory_nothing_is_kept() {
    let place = Place::new();
    let object = place
        .try_open_with(1, COUNTER, OpenOptions::new())
        .expect("opened");
    add(&object, "counting", 4);
    assert_eq!(object.save(), Err(SaveError::NoDirectory));
    drop(object);
    let object = place
        .try_open_with(1, COUNTER, OpenOptions::new())
        .expect("opened");
    assert_eq!(shown(&object, "counting"), 0);
    assert!(!place.states().exists());
}

#[test]
fn what_is_saved_on_request_is_on_the_disk() {
    let place = Place::new();
    let object = place.open(COUNTER);
    add(&object, "counting", 4);
    object.save().expect("saved");
    let saved = fs::read(place.file()).expect("it is there");
    object.save().expect("saved once more");
    add(&object, "counting", 1);
    assert_eq!(fs::read(place.file()).expect("it is there"), saved);
    object.save().expect("saved");
    assert_ne!(fs::read(place.file()).expect("it is there"), saved);
}

#[test]
fn what_ran_is_saved_without_asking() {
    let place = Place::new();
    let soon = Duration::from_millis(1);
    let options = OpenOptions::new().state(place.states()).save_every(soon);
    let object = place.try_open_with(1, COUNTER, options).expect("opened");
    let wait_for = |n: u64| {
        let begin = Instant::now();
        loop {
            let file = place.files().into_iter().next();
            // The state lies before the checksum.
            let saved = file.map(|file| fs::read(file).expect("whole"));
            let saved = saved.map(|bytes| bytes[bytes.len() - 40..bytes.len() - 32].to_vec());
            if saved == Some(n.to_le_bytes().to_vec()) {
                return;
            }
            assert!(begin.elapsed() < PATIENCE, "{n} is not saved");
            std::thread::sleep(Duration::from_millis(1));
        }
    };
    wait_for(0);
    for n in 1..12 {
        add(&object, "counting", 1);
        wait_for(n);
    }
}

#[test]
fn a_directory_is_used_by_one_object_at_a_time() {
    let place = Place::new();
    let object = place.open(COUNTER);
    let error = place.try_open(1, COUNTER).expect_err("it is in use");
    let expected = format!(
        "the state directory `{}` is in use by this process: close that first, or use another \
         directory",
        place.states().display()
    );
    assert_eq!(error.to_string(), expected);
    drop(object);
    drop(place.open(COUNTER));
}

#[test]
fn a_file_that_was_changed_is_refused_and_stays() {
    let place = Place::new();
    add(&place.open(COUNTER), "counting", 4);
    let whole = fs::read(place.file()).expect("it is there");
    let middle = whole.len() / 2;
    let mut flipped = whole.clone();
    flipped[middle] ^= 0x10;
    for damaged in [
        &flipped[..],
        &whole[..middle],
        &[whole.as_slice(), b"x"].concat(),
    ] {
        fs::write(place.file(), damaged).expect("written");
        assert_eq!(
            place.refused(1),
            "`FILE` is not a saved state: its bytes are not those that were written; to begin \
             without it, move the file away"
        );
        assert_eq!(fs::read(place.file()).expect("it is there"), damaged);
    }
    fs::write(place.file(), b"").expect("written");
    assert_eq!(
        place.refused(1),
        "`FILE` is not a saved state: it does not begin as one does; to begin without it, move the \
         file away"
    );
    fs::write(place.file(), &whole).expect("written");
    assert_eq!(shown(&place.open(COUNTER), "counting"), 4);
}

#[test]
fn a_half_written_file_beside_it_does_not_matter() {
    let place = Place::new();
    add(&place.open(COUNTER), "counting", 4);
    fs::write(place.states().join("new"), b"lo-st").expect("written");
    let object = place.open(COUNTER);
    assert_eq!(add(&object, "counting", 1), 5);
    object.save().expect("saved");
}

#[test]
fn the_state_of_another_part_is_refused() {
    let place = Place::new();
    let object = place.open(&pair());
    add(&object, "left", 1);
    drop(object);
    let [left, right] = &place.files()[..] else {
        panic!("{:?}", place.files());
    };
    fs::copy(left, right).expect("copied");
    let error = place.try_open(1, &pair()).expect_err("it is refused");
    let OpenError::State(StateError::Foreign { file, object, path }) = &error else {
        panic!("{error}");
    };
    assert_eq!(
        (file, object.as_str(), path.as_str()),
        (right, "right", "left")
    );
}

#[test]
fn another_reference_does_not_go_on_from_it() {
    let place = Place::new();
    add(&place.open(COUNTER), "counting", 4);
    let start = r#"<parameter name="start"><value>20</value></parameter></parameterized>"#;
    let from_20 = COUNTER.replace("</parameterized>", start);
    let object = place.open(&from_20);
    assert_eq!(add(&object, "counting", 1), 21);
    drop(object);
    assert_eq!(shown(&place.open(&from_20), "counting"), 21);
    assert_eq!(shown(&place.open(COUNTER), "counting"), 4);
}

#[test]
fn a_state_with_fewer_fields_is_converted() {
    let place = Place::new();
    add(&place.open(COUNTER), "counting", 4);
    place.install(2);
    let object = place.try_open(2, COUNTER).expect("converted");
    assert_eq!(add(&object, "counting", 1), 5);
    drop(object);
    let object = place.try_open(2, COUNTER).expect("as it was saved");
    assert_eq!(shown(&object, "counting"), 5);
    drop(object);
    assert_eq!(
        place.refused(1),
        "`FILE` is a state of type Count, and `counter` takes one of type Count: `saved state` has \
         the field `times`, which `counter` does not expect; to begin without it, move the file away"
    );
}

#[test]
fn a_state_of_another_type_is_refused() {
    let place = Place::new();
    add(&place.open(COUNTER), "counting", 4);
    let saved = fs::read(place.file()).expect("it is there");
    place.install(3);
    assert_eq!(
        place.refused(3),
        "`FILE` is a state of type Count, and `counter` takes one of type Count: `saved state` has \
         no field `text`, which `counter` needs; to begin without it, move the file away"
    );
    assert_eq!(fs::read(place.file()).expect("it is there"), saved);
}

#[test]
fn a_state_that_the_object_refuses_is_named() {
    let place = Place::new();
    add(&place.open(COUNTER), "counting", 7);
    assert_eq!(
        place.refused(1),
        "`counter` does not take the state in `FILE`: seven is refused; to begin without it, move \
         the file away"
    );
}

#[test]
fn an_object_that_fails_while_it_is_saved_fails() {
    let place = Place::new();
    let object = place.open(&pair());
    add(&object, "left", 1);
    object.save().expect("saved");
    add(&object, "left", 1);
    add(&object, "right", 13);
    let _ = object.save();
    let failed = Ended::Failed {
        object: "right".to_owned(),
        reason: "thirteen is not saved".to_owned(),
    };
    assert_eq!(object.wait_timeout(PATIENCE), Some(failed));
    drop(object);
    let object = place.open(&pair());
    assert_eq!((shown(&object, "left"), shown(&object, "right")), (2, 0));
}

#[test]
fn what_is_no_value_of_the_type_is_not_saved() {
    let lies = [
        (14, "`save` answered 3"),
        (
            15,
            "what `save` gave is not a value of its type: the bytes end too early",
        ),
        // Where there is no memory.
        (16, "what `save` gave cannot be read"),
    ];
    for (n, reason) in lies {
        let place = Place::new();
        let object = place.open(COUNTER);
        add(&object, "counting", 3);
        object.save().expect("saved");
        add(&object, "counting", n - 3);
        object.save().expect("what can be saved is");
        add(&object, "counting", 0);
        drop(object);
        let expected = format!("error: `counter`: its state is not saved: {reason}");
        assert_eq!(place.messages(), [expected], "said once");
        assert_eq!(shown(&place.open(COUNTER), "counting"), 3);
    }
}

#[test]
fn a_disk_that_cannot_be_written_is_told_of_and_tried_again() {
    let place = Place::new();
    let object = place.open(COUNTER);
    add(&object, "counting", 1);
    object.save().expect("saved");
    // Where the next file would be written there is a directory that cannot be removed.
    let obstacle = place.states().join("new");
    fs::create_dir_all(obstacle.join("inside")).expect("created");
    add(&object, "counting", 1);
    let error = object.save().expect_err("it cannot be saved");
    let SaveError::Write { failures } = &error else {
        panic!("{error}");
    };
    assert_eq!(failures.len(), 1);
    assert_eq!(failures[0].0, "counter");
    assert_eq!(add(&object, "counting", 1), 3, "it goes on");
    let first = place.messages();
    assert_eq!(first.len(), 1, "{first:?}");
    assert!(
        first[0].starts_with("error: `counter`: its state cannot be saved in `DIR/counter-"),
        "{first:?}"
    );
    fs::remove_dir_all(&obstacle).expect("removed");
    object.save().expect("saved again");
    assert_eq!(
        place.messages()[1..],
        ["info: `counter`: its state is saved again"]
    );
    drop(object);
    assert_eq!(shown(&place.open(COUNTER), "counting"), 3);
}

#[test]
fn an_object_without_a_state_says_so() {
    let place = Place::new();
    drop(place.open(r#"<external name="timer" library="liveobj:standard"/>"#));
    assert_eq!(
        place.messages(),
        ["warning: nothing in it has a state that could be kept"]
    );
}

#[test]
fn equal_states_have_equal_digests() {
    let place = Place::new();
    let object = place.open(&pair());
    let digests = || {
        let digests = object.digests().expect("it is open");
        let paths: Vec<&str> = digests.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(paths, ["left", "right"]);
        (digests[0].1, digests[1].1)
    };
    let (left, right) = digests();
    assert_eq!(left, right);
    add(&object, "left", 1);
    let (left, right) = digests();
    assert_ne!(left, right);
    add(&object, "right", 1);
    let (left, right) = digests();
    assert_eq!(left, right);
}
