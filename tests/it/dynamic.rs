//! What objects do with other objects at run time (thesis, 2.1.4), shown with a library that knows
//! nothing but the SDK: `tests/objects/dynamic`.

use crate::told::{self, Told, document, open};
use liveobj::{Data, Runtime, Source};
use liveobj_tests::support;

fn runtime() -> Runtime {
    told::runtime(support::dynamic())
}

/// The object `name` of the library.
fn reference(name: &str) -> String {
    document(&format!(
        r#"<external name="{name}" library="test:dynamic"/>"#
    ))
}

/// The whole of thesis Code 2.1; the lines are named in `tests/objects/dynamic/src/listing.rs`.
#[test]
fn the_handler_of_code_2_1_watches_the_folder_that_an_event_brings() {
    let runtime = runtime();
    let watcher = open(&runtime, &reference("watcher"));
    let objects = Told::new(&watcher, "objects");
    objects.send_object("receive_object", &reference("audited_folder"));
    objects.expect("watching", "");
    objects.send_name("add", "first");
    objects.expect("added_element", "first");
    // The connection is kept: it serves as long as it is not disposed of.
    objects.send_name("add", "second");
    objects.expect("added_element", "second");
    objects.send("dispose", Data::Record(Default::default()));
    objects.expect("unwatched", "");
    objects.send_name("add", "third");
    objects.expect("refused", "no folder is watched");
    // It is gone with its elements: the next folder is another proxy.
    objects.send_object("receive_object", &reference("audited_folder"));
    objects.expect("watching", "");
    objects.send_name("add", "again");
    objects.expect("added_element", "again");
}

#[test]
fn reflection_tells_the_type_and_the_endpoints_of_what_does_not_run() {
    let runtime = runtime();
    let watcher = open(&runtime, &reference("watcher"));
    let objects = Told::new(&watcher, "objects");
    let describe = |document: &str, text: &str| {
        objects.send_object("describe", document);
        objects.expect("described", text);
    };
    describe(
        &reference("audited_folder"),
        "AuditedFolder { audit: AuditService many; folder: SharedFolderService many }",
    );
    let timer = document(r#"<external name="timer" library="liveobj:standard"/>"#);
    describe(&timer, "Timer { timer: TimerService many }");
    describe(
        "<no/>",
        "the reference is refused: expected `<liveobject>`, found `<no>`",
    );
    let large = document(&" ".repeat(256 << 10));
    let refused = format!(
        "the document has {} bytes; within a turn no more than 262144 are looked at",
        large.len()
    );
    describe(&large, &refused);
    objects.send_object("receive_object", &timer);
    objects.expect("refused", "it is no shared folder");
}

#[test]
fn casting_up_hides_endpoints_and_changes_nothing_else() {
    let runtime = runtime();
    let watcher = open(&runtime, &reference("watcher"));
    let objects = Told::new(&watcher, "objects");
    objects.send_object("hide", &reference("audited_folder"));
    let (event, hidden) = objects.next();
    assert_eq!(event, "hidden", "{hidden}");
    objects.send_object("describe", &hidden);
    objects.expect("described", "Nothing {  }");
    let whole = open(&runtime, &reference("audited_folder"));
    let nothing = open(&runtime, &hidden);
    assert_eq!(nothing.endpoints(), Vec::<String>::new());
    assert_eq!(nothing.identity(), whole.identity());
    // What it is has not changed: it is a folder, whatever it was cast to.
    objects.send_object("receive_object", &hidden);
    objects.expect("watching", "");
    objects.send_name("add", "first");
    objects.expect("added_element", "first");
}

#[test]
fn casting_to_what_it_is_not_is_an_error_event() {
    let runtime = runtime();
    let watcher = open(&runtime, &reference("watcher"));
    let objects = Told::new(&watcher, "objects");
    let timer = document(r#"<external name="timer" library="liveobj:standard"/>"#);
    objects.send_object("receive_folder", &timer);
    objects.expect(
        "refused",
        "the object is no `SharedFolder`: `Timer` has no endpoint `folder`, which `SharedFolder` \
         needs",
    );
    // The token is free again.
    objects.send_object("receive_folder", &reference("audited_folder"));
    objects.expect("watching", "");
}

#[test]
fn what_is_cast_to_a_type_parameter_is_cast_to_its_argument() {
    let runtime = runtime();
    let sorter = |item: &str| {
        let body = format!(
            r#"<types>use "test:dynamic";</types>
            <parameterized>
                <template><external name="sorter" library="test:dynamic"/></template>
                <parameter name="Item"><type>{item}</type></parameter>
            </parameterized>"#
        );
        open(&runtime, &document(&body))
    };
    let folder = reference("audited_folder");
    let (folders, watchers) = (sorter("SharedFolder"), sorter("Watcher"));
    let of_folders = Told::new(&folders, "sorting");
    of_folders.send_object("offer", &folder);
    let (event, taken) = of_folders.next();
    assert_eq!(event, "taken", "{taken}");
    assert_eq!(open(&runtime, &taken).endpoints(), ["folder"]);
    let of_watchers = Told::new(&watchers, "sorting");
    of_watchers.send_object("offer", &folder);
    of_watchers.expect(
        "refused",
        "the object is no `Watcher`: `AuditedFolder` has no endpoint `objects`, which `Watcher` \
         needs",
    );
    of_watchers.send_object("offer", &reference("watcher"));
    assert_eq!(of_watchers.next().0, "taken");
}

#[test]
fn a_private_endpoint_is_no_endpoint_of_the_object() {
    let runtime = runtime();
    let watcher = open(&runtime, &reference("watcher"));
    assert_eq!(watcher.endpoints(), ["objects"]);
    assert!(watcher.endpoint("my_ep").is_err());
    let exported = document(
        r#"<composite>
            <component name="watcher"><external name="watcher" library="test:dynamic"/></component>
            <export of="watcher" name="my_ep"/>
        </composite>"#,
    );
    let checked = runtime.check(&Source::new("test.liveobject", exported));
    let found = checked.diagnostics.first().expect("it is wrong");
    assert_eq!(found.code.as_str(), "unknown-endpoint");
}
