//! Formalisms of libraries: what is taken on their word says so, and what they do wrong is contained.

use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::{Arc, Mutex};

use liveobj::loading::UnloadError;
use liveobj::{Level, Message, Runtime, Source};
use liveobj_tests::support::{built, foreign_with, liveobj, root, test_library};
use liveobj_types::Formalism;
use liveobj_types::formalism::conformance::{conforms, reads_or_tells_where};
use liveobj_types::formalism::{EndpointStructure, Events, Structure};
use liveobj_types::verdict::{Reason, Verdict, Witness};
use serde_json::{Value, json};

const ID: &str = "strange=000102030405060708090a0b0c0d0e0f";
const ENOUGH: u64 = 1_000;

/// `tests/broken-libraries/plug_in.c`, compiled in `folder` under a name.
fn strange(folder: &Path, name: &str, options: &[&str]) -> PathBuf {
    let source = root().join("tests/broken-libraries/plug_in.c");
    foreign_with(folder, &source, name, &["--formalism", ID], options)
}

fn trusting(folder: &Path) -> Runtime {
    let runtime = Runtime::builder().library_path(folder).build();
    runtime.expect("a runtime")
}

fn formalism(runtime: &Runtime, name: &str) -> Arc<dyn Formalism> {
    let found = runtime.formalisms().get(name);
    found.expect("a library adds it").clone()
}

/// What it answers whether `yes` implies a text.
fn asked(formalism: &dyn Formalism, text: &str) -> Verdict {
    let parsed = |text| {
        let formula = formalism.parse(text, &Structure::Undeclared);
        formula.unwrap_or_else(|error| panic!("{text}: {error:?}"))
    };
    formalism.implies(&[&parsed("yes")], &Events::All, &parsed(text), ENOUGH)
}

/// Why it is not known whether `yes` implies a text.
fn unknown(formalism: &dyn Formalism, text: &str) -> String {
    match asked(formalism, text) {
        Verdict::Unknown(Reason::Undecided(reason)) => reason,
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn a_library_in_c_adds_a_formalism_and_its_faults_are_named() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    strange(folder.path(), "test:plug_in", &[]);
    let runtime = trusting(folder.path());
    let strange = &*formalism(&runtime, "strange");
    assert_eq!(strange.library(), Some("test:plug_in"));
    assert_eq!(strange.id(), 0x0001_0203_0405_0607_0809_0a0b_0c0d_0e0f);
    assert_eq!(asked(strange, "yes"), Verdict::Holds);
    let nothing = Witness::Assignment(Vec::new());
    assert_eq!(asked(strange, "no"), Verdict::Fails(nothing));
    let error = strange
        .parse("refused", &Structure::Undeclared)
        .expect_err("it is refused");
    assert_eq!((error.span.start, error.span.end), (0, 7));
    assert_eq!(error.message, "nobody says that");
    assert_eq!(error.help.as_deref(), Some("say `yes`"));
    let faults = [
        ("parse fails", "failed: there is no ink"),
        ("parse fails silently", "failed without saying why"),
        ("parse status", "answered status 99, which it may not"),
        ("parse panics", "panicked in C"),
        (
            "refused nowhere",
            "refused a text and named a place that is not in it",
        ),
        ("refused silently", "refused a text without saying why"),
        ("parse nothing", "read a text and answered no formula"),
        ("print fails", "failed without saying why"),
        ("print is not UTF-8", "wrote a text that is not UTF-8"),
        ("print too much", "answered more than can be taken"),
        ("print nowhere", "answered more than can be taken"),
        ("perhaps", "did not decide it: who knows"),
        ("perhaps, not UTF-8", "wrote a text that is not UTF-8"),
        ("verdict 7", "answered verdict number 7, which is none"),
        (
            "no verdict",
            "answered verdict number 4294967295, which is none",
        ),
        ("implies fails", "failed: out of thought"),
        ("implies status", "answered status 3, which it may not"),
        (
            "no witness",
            "wrote a witness that cannot be read: it is cut short",
        ),
        (
            "garbage witness",
            "wrote a witness that cannot be read: it is cut short",
        ),
        (
            "witness of no kind",
            "wrote a witness that cannot be read: it is of no known kind",
        ),
        (
            "something else",
            "refutes it, but its witness does not replay",
        ),
        (
            "replay fails",
            "refutes it, but when it was to replay that, it failed: it slipped",
        ),
        (
            "replay 2",
            "refutes it, but when it was to replay that, it replayed a witness and answered 2, \
             which is neither 0 nor 1",
        ),
    ];
    for (text, did) in faults {
        let reason = format!("formalism `strange` of library `test:plug_in` {did}");
        assert_eq!(unknown(strange, text), reason, "{text}");
        // It is asked again, whatever it did.
        assert_eq!(asked(strange, "yes"), Verdict::Holds);
    }
    let formula = strange.parse("no", &Structure::Undeclared).expect("read");
    assert_eq!(
        strange.implies(&[], &Events::All, &formula, 0),
        Verdict::Unknown(Reason::Budget)
    );
    // What another formalism read is nothing to it.
    let session = formalism(&runtime, "session");
    let foreign = session.parse("end", &Structure::Undeclared).expect("read");
    assert!(matches!(
        strange.implies(&[], &Events::All, &foreign, ENOUGH),
        Verdict::Unknown(_)
    ));
}

#[test]
fn nothing_is_loaded_before_a_text_is_to_be_read() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    // Libraries stay with the process, so this one has a name that no other test has.
    let names = [
        "-DID=QUIET_STRANGE_FORMALISM_ID",
        "-Dplug_in_strange_formalism=quiet_strange_formalism",
    ];
    strange(folder.path(), "test:quiet", &names);
    let document = |formalism: &str, text: &str| {
        format!(
            r#"<liveobject xmlns="urn:liveobj:reference:1"><types>
            endpoint A {{ out a(); provides {formalism} "{text}"; }}
            object O {{ endpoint a: A; }}</types>
            <external name="o" as="O"><from><primitive id="registry"/></from></external>
            </liveobject>"#
        )
    };
    let runtime = trusting(folder.path());
    let check = |runtime: &Runtime, formalism, text| {
        let checked = runtime.check(&Source::new("test", document(formalism, text)));
        assert!(checked.reference.is_some(), "{:?}", checked.diagnostics);
    };
    let unload = || runtime.unload_library("test:quiet", None);
    check(&runtime, "properties", "fifo");
    assert!(runtime.formalisms().names().any(|name| name == "strange"));
    assert!(matches!(unload(), Err(UnloadError::NotLoaded { .. })));
    let builder = Runtime::builder().library_path(folder.path());
    let without = builder.plug_ins(false).build().expect("a runtime");
    check(&without, "strange", "yes");
    assert!(matches!(unload(), Err(UnloadError::NotLoaded { .. })));
    check(&runtime, "strange", "yes");
    assert!(matches!(unload(), Err(UnloadError::InUse { .. })));
}

#[test]
fn tables_that_are_not_what_the_manifest_says_are_refused() {
    let tables = [
        ("-DREPLAY=0", "formalism `strange` has no function `replay`"),
        ("-DPRINT=0", "formalism `strange` has no function `print`"),
        (
            "-DSIZE=8",
            "the table of formalism `strange` has 8 bytes, not 72",
        ),
        (
            "-DID={1}",
            "the table of formalism `strange` has the id 01000000000000000000000000000000, not \
             000102030405060708090a0b0c0d0e0f",
        ),
    ];
    for (option, fault) in tables {
        let folder = tempfile::tempdir().expect("a temporary directory");
        strange(folder.path(), "test:plug_in", &[option, "-Wno-unused"]);
        let runtime = trusting(folder.path());
        assert_eq!(
            unknown(&*formalism(&runtime, "strange"), "yes"),
            format!(
                "formalism `strange` cannot be loaded: the tables of `test:plug_in` are not what \
                 its manifest says: {fault}"
            )
        );
    }
}

#[test]
fn a_name_that_two_libraries_add_is_nobodys() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let first = strange(folder.path(), "test:plug_in", &[]);
    std::fs::rename(first, folder.path().join("other.so")).expect("it is there");
    let again = tempfile::tempdir().expect("a temporary directory");
    let second = strange(again.path(), "other:plug_in", &[]);
    std::fs::copy(second, folder.path().join("second.so")).expect("it is there");
    let runtime = trusting(folder.path());
    assert_eq!(
        unknown(&*formalism(&runtime, "strange"), "yes"),
        "formalism `strange` is added by library `test:plug_in` and by `other:plug_in`; trust only \
         one of them"
    );
}

#[test]
fn a_name_that_is_built_in_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let source = root().join("tests/broken-libraries/plug_in.c");
    let id = "session=000102030405060708090a0b0c0d0e0f";
    let options = [
        "-Dplug_in_strange_formalism=plug_in_session_formalism",
        "-DID=PLUG_IN_SESSION_FORMALISM_ID",
    ];
    let further = ["--formalism", id];
    let library = foreign_with(folder.path(), &source, "test:plug_in", &further, &options);
    let output = liveobj(folder.path())
        .args(["library", "add"])
        .arg(&library)
        .output()
        .expect("liveobj runs");
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr).replace(&library.display().to_string(), "F");
    assert_eq!(
        said,
        "error: `F` is not an object library: it adds a formalism `session`, and one of that name \
         is built in; its author must give it another one\n"
    );
    let built_in = formalism(&trusting(folder.path()), "session");
    assert_eq!(built_in.library(), None);
}

#[test]
fn a_panic_is_unknown_with_its_place_wherever_it_is() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    test_library("panics", folder.path());
    let runtime = trusting(folder.path());
    let panics = &*formalism(&runtime, "panics");
    for place in ["parse", "print", "implies", "replay"] {
        let reason = unknown(panics, place);
        let start = "formalism `panics` of library `test:panics` ";
        assert!(reason.starts_with(start), "{reason}");
        assert!(reason.contains("panicked at "), "{reason}");
        assert!(reason.contains("panics.rs:"), "{reason}");
        assert!(
            reason.ends_with(&format!("in {place}, on purpose")),
            "{reason}"
        );
    }
    let read = |text| panics.parse(text, &Structure::Undeclared).expect("read");
    assert!(matches!(
        panics.satisfiable(&[&read("satisfiable")], ENOUGH),
        Verdict::Unknown(_)
    ));
    assert!(panics.surviving(&read("surviving")).is_none());
    let no = Witness::Structure;
    assert_eq!(panics.explain(&[], &read("explain"), &no), None);
    // A dual that cannot be told is not the absence of duals.
    let dual = panics.dual(&read("dual")).expect("it is not known");
    assert!(matches!(
        panics.implies(&[], &Events::All, &dual, ENOUGH),
        Verdict::Unknown(_)
    ));
    drop(read("drop"));
    assert_eq!(asked(panics, "yes"), Verdict::Holds);
}

#[test]
fn a_panic_makes_a_document_unshown_and_nothing_else() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    test_library("panics", folder.path());
    let runtime = trusting(folder.path());
    let document = |required: &str| {
        format!(
            r#"<liveobject xmlns="urn:liveobj:reference:1"><types>
            endpoint A {{ out a(); provides panics "all"; }}
            endpoint B {{ in a(); requires panics "{required}"; }}
            object L {{ endpoint a: A; }} object R {{ endpoint b: B; }}</types>
            <composite><component name="l"><external name="l" as="L"><from><primitive id="registry"/>
            </from></external></component><component name="r"><external name="r" as="R"><from>
            <primitive id="registry"/></from></external></component><connection>
            <endpoint of="l" name="a"/><endpoint of="r" name="b"/></connection></composite>
            </liveobject>"#
        )
    };
    let codes = |required: &str| -> Vec<&str> {
        let checked = runtime.check(&Source::new("test", document(required)));
        let codes = checked.diagnostics.iter().map(|found| found.code.as_str());
        codes.collect()
    };
    for place in ["parse", "print", "implies", "replay"] {
        assert_eq!(codes(place), ["endpoint-not-shown"], "{place}");
    }
    assert_eq!(codes("no"), ["endpoint-mismatch"]);
    assert_eq!(codes("anything"), ["library-verdict"]);
    assert_eq!(codes("all"), [""; 0], "equal texts");
}

/// The rates of the example, through the tables.
fn rates() -> (Runtime, Arc<dyn Formalism>) {
    let runtime = trusting(built());
    let rates = formalism(&runtime, "rates");
    (runtime, rates)
}

#[test]
fn the_example_conforms_through_its_tables() {
    let (_runtime, rates) = rates();
    let texts = [
        "at most 10 send per second",
        "at most 25 send per second",
        "at most 600 send per minute, at most 1 receive per day",
        "at most 0 receive per 1 ms",
        "at most 3 send per 2 s, at most 2 send per second",
    ];
    let texts = texts.map(str::to_owned);
    let names = |names: &[&str]| {
        let names = names.iter().map(|name| ((*name).to_owned(), Vec::new()));
        names.collect()
    };
    let endpoint = |name: &str| EndpointStructure {
        name: name.to_owned(),
        received: names(&["send"]),
        emitted: names(&["receive"]),
    };
    conforms(&*rates, &Structure::Undeclared, &texts);
    conforms(&*rates, &Structure::Endpoint(endpoint("")), &texts);
    let object = Structure::Object([("c".to_owned(), endpoint("part/c"))].into());
    let of_object = texts.map(|text| {
        text.replace("send", "c.send")
            .replace("receive", "c.receive")
    });
    conforms(&*rates, &object, &of_object);
    for text in ["", "at most", "ü", "at most 1 a per second,", "\u{0}"] {
        reads_or_tells_where(&*rates, &Structure::Undeclared, text);
        reads_or_tells_where(&*rates, &object, text);
    }
    // What may not be emitted does not happen.
    let structure = Structure::Endpoint(endpoint(""));
    let never = rates.parse("at most 0 receive per second", &structure);
    let never = never.expect("read");
    let ask = |events| rates.implies(&[], &events, &never, ENOUGH);
    assert!(ask(Events::All).fails());
    assert!(ask(Events::Endpoint([].into())).holds());
    assert!(ask(Events::Endpoint(["receive".to_owned()].into())).fails());
    // At an endpoint of an object it means the same there.
    let lifted = rates.at_endpoint(&never, "part/c").expect("it can be said");
    let said = rates.parse("at most 0 c.receive per second", &object);
    assert_eq!(rates.print(&lifted), rates.print(&said.expect("read")));
}

fn run(arguments: &[&str]) -> (Output, String) {
    let home = tempfile::tempdir().expect("a temporary directory");
    let output = liveobj(home.path()).args(arguments).output();
    let output = output.expect("liveobj runs");
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    (output, stdout)
}

const TEXTS: [&str; 2] = ["at most 10 a per second", "at most 600 a per minute"];

#[test]
fn implies_says_whose_word_it_is() {
    let libraries = built().to_str().expect("UTF-8");
    let trusted = [
        "implies",
        "--library-path",
        libraries,
        "--formalism",
        "rates",
    ];
    let (output, said) = run(&[&trusted[..], &TEXTS].concat());
    assert!(output.status.success(), "{output:?}");
    assert_eq!(
        said,
        "holds: A implies B\n  on the word of library `example:rates`, which adds the formalism\n"
    );
    let (output, said) = run(&[&trusted[..], &[TEXTS[1], TEXTS[0]]].concat());
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        said,
        "fails: A does not imply B\n  a = 11 at 0 ms\n  more than 10 `a` happen in less than 1000 \
         ms\n"
    );
    let (_, said) = run(&[&trusted[..], &["--format", "json"], &TEXTS].concat());
    let report: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(report["verdict"], "holds");
    assert_eq!(report["library"], "example:rates");
    let built_in = ["implies", "--formalism", "properties", "--format", "json"];
    let (_, said) = run(&[&built_in[..], &["causal_order", "fifo"]].concat());
    let report: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(report["library"], Value::Null);
}

#[test]
fn compare_says_whose_word_it_is() {
    let libraries = built().to_str().expect("UTF-8");
    let types = ["compare", "Readings", "Display", "--in", "example:rates"];
    let types = [
        &types[..],
        &["--library-path", libraries, "--require", "match"],
    ]
    .concat();
    let (output, said) = run(&types);
    assert!(output.status.success(), "{output:?}");
    assert!(
        said.ends_with(
            "note: that `at most 10 reading per second` implies `at most 25 reading per second` is \
             the word of formalism `rates`, which library `example:rates` adds\n"
        ),
        "{said}"
    );
    let (_, said) = run(&[&types[..], &["--format", "json"]].concat());
    let report: Value = serde_json::from_str(&said).expect("JSON");
    let words = report["words"].as_array().expect("a list");
    assert!(words.contains(&json!({
        "formalism": "rates",
        "library": "example:rates",
        "axiom": null,
        "premises": ["at most 10 reading per second"],
        "conclusion": "at most 25 reading per second",
    })));
}

#[test]
fn libraries_are_compared_on_the_word_of_a_library() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let library = |file: &str, count: u32| {
        let path = folder.path().join(file);
        let text = format!(
            "endpoint Readings {{ out reading(value: f64); provides rates \"at most {count} \
             reading per second\"; }}"
        );
        std::fs::write(&path, text).expect("written");
        path.to_str().expect("UTF-8").to_owned()
    };
    let (old, new) = (library("old.lot", 25), library("new.lot", 10));
    let libraries = built().to_str().expect("UTF-8");
    let note = "note: that `at most 10 reading per second` implies `at most 25 reading per second` \
                is the word of formalism `rates`, which library `example:rates` adds\n";
    for command in ["diff", "compare"] {
        let arguments = [command, &old, &new, "--library-path", libraries];
        let (_, said) = run(&arguments);
        assert!(said.ends_with(note), "{command}: {said}");
        let (_, said) = run(&[&arguments[..], &["--format", "json"]].concat());
        let report: Value = serde_json::from_str(&said).expect("JSON");
        assert_eq!(
            report["words"][0]["conclusion"],
            "at most 25 reading per second"
        );
        let (_, said) = run(&[command, &old, &old, "--library-path", libraries]);
        assert!(!said.contains("note: "), "{command}: {said}");
    }
}

/// What was opened takes something out of a folder that is what is asked for on a library's word.
#[test]
fn what_arrives_late_on_the_word_of_a_library_is_told_once() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    test_library("panics", folder.path());
    let entry = "<liveobject xmlns=\"urn:liveobj:reference:1\"><external name=\"timer\" \
                 library=\"liveobj:standard\"/></liveobject>";
    std::fs::write(folder.path().join("clock.liveobject"), entry).expect("written");
    let messages = Arc::new(Mutex::new(Vec::new()));
    let told = messages.clone();
    let runtime = Runtime::builder()
        .library_path(folder.path())
        .registry(folder.path())
        .report(move |message: &Message| {
            if message.level > Level::Debug {
                told.lock().expect("a list").push(message.to_string());
            }
        });
    let runtime = runtime.build().expect("a runtime");
    let clock =
        "<external name=\"clock\" as=\"Sure\"><from><primitive id=\"registry\"/></from></external>";
    let document = format!(
        r#"<liveobject xmlns="urn:liveobj:reference:1"><types>
        endpoint Ticks {{ in start(token: u64, nanoseconds: u64); in cancel(token: u64);
            out elapsed(token: u64); provides panics "anything"; }}
        object Sure {{ endpoint timer: Ticks many; }}</types>
        <composite><component name="a">{clock}</component><component name="b">{clock}</component>
        </composite></liveobject>"#
    );
    let checked = runtime.check(&Source::new("test", document));
    assert!(checked.diagnostics.is_empty(), "{:?}", checked.diagnostics);
    let reference = checked.reference.expect("well typed");
    for _ in 0..2 {
        let object = runtime.open_blocking(&reference).expect("opened");
        object.close();
    }
    assert_eq!(
        *messages.lock().expect("a list"),
        [
            "info: what came in rests on this: that every behaviour satisfies `anything` is the \
             word of formalism `panics`, which library `test:panics` adds"
        ]
    );
}

#[test]
fn a_library_that_is_not_trusted_is_not_asked() {
    let (output, _) = run(&["implies", "--formalism", "rates", TEXTS[0], TEXTS[1]]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.starts_with("error: there is no formalism `rates`\n"),
        "{said}"
    );
    assert!(said.contains("`liveobj library add FILE`"), "{said}");
    let document = root().join("examples/rates-formalism/readings.liveobject");
    let document = document.to_str().expect("UTF-8");
    let libraries = built().to_str().expect("UTF-8");
    let (output, said) = run(&["check", document, "--library-path", libraries]);
    assert!(output.status.success(), "{said}");
    for further in [
        &["check", document][..],
        &[
            "check",
            document,
            "--library-path",
            libraries,
            "--no-plug-ins",
        ],
    ] {
        let (output, said) = run(further);
        assert_eq!(output.status.code(), Some(1));
        assert!(said.contains("endpoint-not-shown"), "{said}");
        assert!(
            said.contains("no formalism `rates` is registered"),
            "{said}"
        );
    }
}
