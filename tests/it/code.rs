//! `code` references: what the folder of a library answers, opened; and refused where nobody trusts
//! the library.

use std::sync::mpsc;
use std::time::Duration;

use liveobj::{Checked, Data, OpenError, Runtime, Source};
use liveobj_tests::support::built;

const PATIENCE: Duration = Duration::from_secs(20);

fn trusting() -> Runtime {
    let builder = Runtime::builder().library_path(built());
    builder.build().expect("a runtime")
}

fn check(runtime: &Runtime, inside: &str) -> Checked {
    let document = format!(
        r#"<liveobject xmlns="urn:liveobj:reference:1">
  <types>use "liveobj:documents";</types>
  {inside}
</liveobject>"#
    );
    runtime.check(&Source::new("test", document))
}

/// The folder of what the library of documents offers.
const FOLDER: &str = r#"<parameterized>
    <template><primitive id="library"/></template>
    <parameter name="name"><value>liveobj:documents</value></parameter>
</parameterized>"#;

/// A text, with the channel that it needs.
fn with_channel(note: &str) -> String {
    format!(
        r#"<composite>
    <component name="note">{note}</component>
    <component name="network"><parameterized>
        <template><external name="local_channel" library="liveobj:channels"/></template>
        <parameter name="Message"><type>bytes</type></parameter>
        <parameter name="name"><value>code</value></parameter>
    </parameterized></component>
    <connection>
        <endpoint of="note" name="channel"/><endpoint of="network" name="channel"/>
    </connection>
    <export of="note" name="text"/>
</composite>"#
    )
}

/// Whether an opened text takes a line and shows it.
fn edits(object: &liveobj::Object) {
    let (sender, changed) = mpsc::channel();
    let text = object.endpoint("text").expect("a shared text has one");
    let text = text.connect(move |event, payload| {
        let _ = sender.send((event.to_owned(), payload.clone()));
    });
    let text = text.expect("connected");
    let line = Data::String("run from its code".to_owned());
    text.send("append", Data::record([("line", line.clone())]))
        .expect("sent");
    loop {
        let (event, payload) = changed.recv_timeout(PATIENCE).expect("a change");
        assert_eq!(event, "changed");
        let Data::Record(payload) = payload else {
            panic!("{payload:?}")
        };
        if payload["added"] == Data::List(vec![line.clone()]) {
            return;
        }
    }
}

/// The reference that the folder answers for `shared_text`.
fn answered(runtime: &Runtime) -> String {
    let reference = check(runtime, FOLDER).reference.expect("well typed");
    let object = runtime.open_blocking(&reference).expect("opened");
    let (sender, items) = mpsc::channel();
    let folder = object.endpoint("folder").expect("a folder has one");
    let folder = folder.connect(move |event, payload| {
        let _ = sender.send((event.to_owned(), payload.clone()));
    });
    let folder = folder.expect("connected");
    let name = Data::String("shared_text".to_owned());
    folder
        .send("get", Data::record([("name", name)]))
        .expect("sent");
    let (event, payload) = items.recv_timeout(PATIENCE).expect("an answer");
    assert_eq!(event, "item");
    let Data::Record(mut payload) = payload else {
        panic!("{payload:?}")
    };
    let Some(Data::Document(document)) = payload.remove("object") else {
        panic!("{payload:?}")
    };
    let document = String::from_utf8(document).expect("UTF-8");
    let reference = document
        .strip_prefix(r#"<liveobject xmlns="urn:liveobj:reference:1">"#)
        .and_then(|rest| rest.strip_suffix("</liveobject>"));
    reference.expect("a whole document").to_owned()
}

#[test]
fn the_folder_of_a_library_answers_its_code_and_that_opens() {
    let runtime = trusting();
    let code = answered(&runtime);
    assert!(
        code.starts_with(r#"<primitive id="code" library="sha256:"#),
        "{code}"
    );
    let checked = check(&runtime, &with_channel(&code));
    let reference = checked.reference.expect("well typed");
    edits(&runtime.open_blocking(&reference).expect("opened"));
}

#[test]
fn an_external_reference_to_the_code_of_a_library_opens() {
    let runtime = trusting();
    let external =
        format!(r#"<external name="shared_text" as="SharedText"><from>{FOLDER}</from></external>"#);
    let checked = check(&runtime, &with_channel(&external));
    let reference = checked.reference.expect("well typed");
    edits(&runtime.open_blocking(&reference).expect("opened"));
}

#[test]
fn code_of_a_library_that_is_not_trusted_is_refused() {
    let code = answered(&trusting());
    let channels = tempfile::tempdir().expect("a directory");
    let file = "libliveobj_channels.so";
    std::fs::copy(built().join(file), channels.path().join(file)).expect("copied");
    let nobody = Runtime::builder().library_path(channels.path()).build();
    let nobody = nobody.expect("a runtime");
    // Its check knows no manifest of this hash.
    let document = format!(r#"<liveobject xmlns="urn:liveobj:reference:1">{code}</liveobject>"#);
    let checked = nobody.check(&Source::new("test", document));
    assert!(checked.reference.is_none());
    let codes: Vec<&str> = checked
        .diagnostics
        .iter()
        .map(|diagnostic| diagnostic.code.as_str())
        .collect();
    assert_eq!(codes, ["manifest-missing"], "{:#?}", checked.diagnostics);
    // What others have checked it does not run either: it checks again with what it has itself.
    let checked = check(&trusting(), &with_channel(&code));
    let error = nobody
        .open_blocking(&checked.reference.expect("well typed"))
        .unwrap_err();
    assert!(matches!(error, OpenError::RefusedHere { .. }), "{error}");
    assert!(error.to_string().contains("liveobj:documents"), "{error}");
}
