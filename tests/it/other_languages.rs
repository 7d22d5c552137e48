//! Libraries in C and in C++, made as docs/abi.md says, in compositions with Rust ones.

use std::fs;

use liveobj_tests::note::{Opened, Relay, line};
use liveobj_tests::support::{built, foreign, liveobj, root};

/// `examples/other-languages/note.liveobject` with its messages passing through the relay.
fn note(port: u16) -> String {
    let path = root().join("examples/other-languages/note.liveobject");
    let text = fs::read_to_string(path).expect("it is readable");
    let address = r#"<parameter name="address"><value>239.255.42.99:7748</value></parameter>"#;
    assert!(text.contains(address), "{text}");
    let peers = format!(
        r#"<parameter name="address"><value></value></parameter>
            <parameter name="peers"><value>["127.0.0.1:{port}"]</value></parameter>"#
    );
    text.replace(address, &peers)
}

#[test]
fn libraries_in_c_and_cpp_open_together_with_rust_ones() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    for (source, name) in [
        ("upper.c", "example:upper"),
        ("counter.cpp", "example:counter"),
    ] {
        let source = root().join("examples/other-languages").join(source);
        foreign(folder.path(), &source, name, &[]);
    }
    let reference = folder.path().join("note.liveobject");
    let relay = Relay::start(0);
    fs::write(&reference, note(relay.port)).expect("it is writable");
    let mut check = liveobj(folder.path());
    check.arg("check").arg(&reference);
    for path in [built(), folder.path()] {
        check.arg("--library-path").arg(path);
    }
    let output = check.output().expect("liveobj runs");
    assert!(output.status.success(), "{output:?}");
    // What the C object shows is in capitals; what it passes on reaches the other node as it was
    // typed, through the C++ object that counts messages.
    let libraries = [built(), folder.path()];
    let mut first = Opened::start_with(folder.path(), &reference, &libraries);
    first.enter("grüße from the first");
    first.wait_for(&line("GRüßE FROM THE FIRST"));
    let second = Opened::start_with(folder.path(), &reference, &libraries);
    second.wait_for(&line("GRüßE FROM THE FIRST"));
}

#[test]
fn the_documentation_shows_the_c_library_that_is_tested() {
    let documentation = fs::read_to_string(root().join("docs/abi.md")).expect("it is readable");
    for (file, language) in [("upper.lot", "text"), ("upper.c", "c")] {
        let path = root().join("examples/other-languages").join(file);
        let text = fs::read_to_string(path).expect("it is readable");
        let block = format!("```{language}\n{text}```\n");
        assert!(
            documentation.contains(&block),
            "{file} is not what docs/abi.md shows"
        );
    }
}
