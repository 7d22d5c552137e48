//! All kinds of references open, and what is wrong is named.

use liveobj::OpenError;

use super::{Bench, connect, document, field, text, ticks};

const TIMER: &str = r#"<external name="timer" library="liveobj:standard"/>"#;
const REGISTRY: &str = r#"<primitive id="registry"/>"#;

fn from(name: &str, ty: &str, folder: &str) -> String {
    format!(r#"<external name="{name}" as="{ty}"><from>{folder}</from></external>"#)
}

fn directory(item: &str, path: &std::path::Path) -> String {
    format!(
        r#"<parameterized>
            <template><external name="directory_folder" library="liveobj:standard"/></template>
            <parameter name="Item"><type>{item}</type></parameter>
            <parameter name="path"><value>{}</value></parameter>
        </parameterized>"#,
        path.display()
    )
}

#[test]
fn an_object_of_a_library_opens() {
    assert!(ticks(&Bench::new().open(TIMER)));
}

#[test]
fn a_primitive_opens() {
    let bench = Bench::new();
    bench.put("clock", TIMER);
    let folder = connect(&bench.open(REGISTRY), "folder");
    // The connection outlives the object's handle no longer than this.
    drop(folder);
    let object = bench.open(REGISTRY);
    let folder = connect(&object, "folder");
    let get = |name| {
        folder
            .connection
            .send("get", liveobj::Data::record([("name", text(name))]))
    };
    get("clock").expect("sent");
    let (event, payload) = folder.next();
    assert_eq!(
        (event.as_str(), field(&payload, "name")),
        ("item", text("clock"))
    );
    get("nothing").expect("sent");
    assert_eq!(folder.next().0, "missing");
}

#[test]
fn a_parameterized_reference_opens_with_its_parameters() {
    let bench = Bench::new();
    bench.put("clock", TIMER);
    let object = bench.open(&directory("Timer", bench.path()));
    let folder = connect(&object, "folder");
    folder
        .connection
        .send("get", liveobj::Data::record([("name", text("clock"))]))
        .expect("sent");
    assert_eq!(folder.next().0, "item");
}

#[test]
fn a_composite_opens_connected() {
    let bench = Bench::new();
    let relay = r#"<parameterized>
        <template><external name="relay" library="liveobj:standard"/></template>
        <parameter name="Message"><type>string</type></parameter>
    </parameterized>"#;
    let object = bench.open(&format!(
        r#"<composite>
            <component name="left">{relay}</component>
            <component name="right">{relay}</component>
            <connection>
                <endpoint of="left" name="output"/><endpoint of="right" name="input"/>
            </connection>
            <export of="left" name="input" as="near"/>
            <export of="right" name="output" as="far"/>
        </composite>"#
    ));
    assert_eq!(object.endpoints(), ["far", "near"]);
    let (near, far) = (connect(&object, "near"), connect(&object, "far"));
    let hello = liveobj::Data::record([("message", text("hello"))]);
    near.connection.send("send", hello.clone()).expect("sent");
    assert_eq!(far.next(), ("send".to_owned(), hello.clone()));
    far.connection.send("receive", hello.clone()).expect("sent");
    assert_eq!(near.next(), ("receive".to_owned(), hello));
}

fn tap(ty: &str) -> String {
    format!(
        r#"<parameterized>
            <template><external name="tap" library="liveobj:standard"/></template>
            <parameter name="E"><type>{ty}</type></parameter>
        </parameterized>"#
    )
}

#[test]
fn an_endpoint_whose_type_is_a_parameter_passes_events_of_the_argument() {
    let bench = Bench::new();
    let object = bench.open(&format!(
        r#"<composite>
            <component name="clock">{TIMER}</component>
            <component name="tap">{}</component>
            <connection>
                <endpoint of="tap" name="output"/><endpoint of="clock" name="timer"/>
            </connection>
            <export of="tap" name="input" as="timer"/>
        </composite>"#,
        tap("TimerService")
    ));
    assert!(ticks(&object));
    let messages = bench.messages.lock().unwrap().clone();
    assert_eq!(
        messages,
        [
            "info: `tap`: `start` from `input` to `output`, 16 bytes",
            "info: `tap`: `elapsed` from `output` to `input`, 8 bytes"
        ]
    );
}

#[test]
fn endpoints_whose_types_are_parameters_connect_with_each_other() {
    let bench = Bench::new();
    let tap = tap("mirror ChannelService[string]");
    let object = bench.open(&format!(
        r#"<composite>
            <component name="left">{tap}</component>
            <component name="right">{tap}</component>
            <connection>
                <endpoint of="left" name="output"/><endpoint of="right" name="input"/>
            </connection>
            <export of="left" name="input" as="near"/>
            <export of="right" name="output" as="far"/>
        </composite>"#
    ));
    let (near, far) = (connect(&object, "near"), connect(&object, "far"));
    let hello = liveobj::Data::record([("message", text("hello"))]);
    near.connection
        .send("receive", hello.clone())
        .expect("sent");
    assert_eq!(far.next(), ("receive".to_owned(), hello.clone()));
    far.connection.send("send", hello.clone()).expect("sent");
    assert_eq!(near.next(), ("send".to_owned(), hello));
}

#[test]
fn an_external_reference_is_asked_for_in_its_folder() {
    let bench = Bench::new();
    bench.put("clock", TIMER);
    assert!(ticks(&bench.open(&from("clock", "Timer", REGISTRY))));
}

#[test]
fn a_folder_may_be_external_itself() {
    let bench = Bench::new();
    let shelf = tempfile::tempdir().expect("a directory");
    std::fs::write(shelf.path().join("clock.liveobject"), document(TIMER)).expect("written");
    bench.put("shelf", &directory("Timer", shelf.path()));
    let folder = from("shelf", "Folder[Timer]", REGISTRY);
    assert!(ticks(&bench.open(&from("clock", "Timer", &folder))));
}

#[test]
fn the_library_primitive_is_a_folder_of_what_a_library_offers() {
    let bench = Bench::new();
    let library = r#"<parameterized>
        <template><primitive id="library"/></template>
        <parameter name="name"><value>liveobj:standard</value></parameter>
    </parameterized>"#;
    let object = bench.open(library);
    let folder = connect(&object, "folder");
    folder
        .connection
        .send("get", liveobj::Data::record([("name", text("timer"))]))
        .expect("sent");
    assert_eq!(folder.next().0, "item");
    assert!(ticks(&bench.open(&from("timer", "Timer", library))));
}

#[test]
fn references_out_of_one_folder_open_it_once_and_closing_drops_it_at_once() {
    let bench = Bench::new();
    bench.put("clock", TIMER);
    let clock = from("clock", "Timer", REGISTRY);
    let object = bench.open(&format!(
        r#"<composite>
            <component name="first">{clock}</component>
            <component name="second">{clock}</component>
            <export of="first" name="timer"/>
        </composite>"#
    ));
    assert!(ticks(&object));
    let said = || std::mem::take(&mut *bench.messages.lock().unwrap());
    assert_eq!(
        said(),
        [
            "debug: opens folder `registry`",
            "debug: keeps folder `registry` open for 30 s"
        ]
    );
    object.close();
    assert_eq!(said(), ["debug: closes folder `registry`"]);
}

#[test]
fn what_a_folder_does_not_have_is_named() {
    let bench = Bench::new();
    let error = bench
        .try_open(&from("clock", "Timer", REGISTRY))
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "folder `registry` has nothing named `clock`"
    );
}

#[test]
fn what_is_retrieved_is_checked_before_it_runs() {
    let bench = Bench::new();
    bench.put(
        "clock",
        r#"<external name="console" library="liveobj:standard"/>"#,
    );
    let error = bench
        .try_open(&from("clock", "Timer", REGISTRY))
        .unwrap_err();
    let OpenError::Refused { diagnostics, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!(diagnostics[0].code.as_str(), "not-a-subtype");
    bench.put("clock", "<composite><nonsense/></composite>");
    let error = bench
        .try_open(&from("clock", "Timer", REGISTRY))
        .unwrap_err();
    assert!(matches!(error, OpenError::Refused { .. }), "{error}");
}

#[test]
fn references_that_lead_to_themselves_are_refused() {
    let bench = Bench::new();
    bench.put("clock", &from("clock", "Timer", REGISTRY));
    let error = bench
        .try_open(&from("clock", "Timer", REGISTRY))
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "`clock` leads through more than 16 external references"
    );
}

#[test]
#[cfg(unix)]
fn a_folder_that_stays_silent_is_named() {
    let bench = Bench::new();
    // Reading a pipe that nobody writes to takes for ever.
    let pipe = bench.path().join("clock.liveobject");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .expect("run")
            .success()
    );
    let error = bench
        .try_open(&from("clock", "Timer", REGISTRY))
        .unwrap_err();
    let expected = "folder `registry` stayed silent for 0.3 s when asked for `clock`";
    assert_eq!(error.to_string(), expected);
    // Let the reading thread go.
    drop(std::fs::OpenOptions::new().write(true).open(pipe));
}

#[test]
fn a_library_that_is_not_trusted_is_refused() {
    let bench = Bench::new();
    let code = format!(
        r#"<primitive id="code" library="sha256:{}" name="timer"/>"#,
        "0".repeat(64)
    );
    let source = liveobj::Source::new("test", document(&code));
    let checked = bench.runtime.check(&source);
    if let Some(reference) = checked.reference {
        let error = bench.runtime.open_blocking(&reference).unwrap_err();
        assert!(matches!(error, OpenError::Library { .. }), "{error}");
    } else {
        assert!(!checked.diagnostics.is_empty());
    }
}
