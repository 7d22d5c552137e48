//! `liveobj diff`, and `liveobj compare` of libraries: what changed, for whom, and the version that
//! follows.

use std::fs;
use std::path::Path;
use std::process::Output;

use liveobj_tests::support::{built, liveobj, root};

fn run(arguments: &[&str]) -> Output {
    let home = tempfile::tempdir().expect("a temporary directory");
    let mut command = liveobj(home.path());
    command.args(arguments).current_dir(root());
    command.output().expect("liveobj runs")
}

fn printed(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).expect("it prints UTF-8")
}

fn write(directory: &Path, name: &str, text: &str) -> String {
    let path = directory.join(name);
    fs::write(&path, text).expect("it is writable");
    path.display().to_string()
}

/// A copy of a built library in which one text of its manifest is replaced by one as long.
fn altered(directory: &Path, name: &str, replaced: &[(&str, &str)]) -> String {
    let mut bytes = fs::read(built().join("libliveobj_channels.so")).expect("it is built");
    for (from, to) in replaced {
        assert_eq!(from.len(), to.len());
        let found: Vec<usize> = bytes
            .windows(from.len())
            .enumerate()
            .filter_map(|(at, window)| (window == from.as_bytes()).then_some(at))
            .collect();
        assert!(!found.is_empty(), "{from}");
        for at in found {
            bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
        }
    }
    let path = directory.join(name);
    fs::write(&path, bytes).expect("it is writable");
    path.display().to_string()
}

const VERSION: &str = r#""version":"0.1.0""#;

#[test]
fn the_declared_version_is_judged() {
    let scratch = tempfile::tempdir().expect("a temporary directory");
    let old = altered(scratch.path(), "old.so", &[]);
    let renamed = ("udp_channel", "udp_channal");
    let same = run(&["diff", &old, &old]);
    assert_eq!(same.status.code(), Some(0), "{}", printed(&same));
    assert!(printed(&same).ends_with("0.1.0 is declared, which is enough\n"));

    let forgotten = altered(scratch.path(), "forgotten.so", &[renamed]);
    let forgotten = run(&["diff", &old, &forgotten]);
    assert_eq!(forgotten.status.code(), Some(1), "{}", printed(&forgotten));
    let text = printed(&forgotten);
    assert!(
        text.contains("  template `udp_channel` is gone; is it `udp_channal` now?\n"),
        "{text}"
    );
    let last = "\nthe version has to be 0.2.0 or higher; 0.1.0 is declared, which is too low\n";
    assert!(text.ends_with(last), "{text}");

    let version = (VERSION, r#""version":"0.2.0""#);
    let declared = altered(scratch.path(), "declared.so", &[renamed, version]);
    assert_eq!(run(&["diff", &old, &declared]).status.code(), Some(0));
    let no_version = (VERSION, r#""version":"0.1,0""#);
    let wrong = altered(scratch.path(), "wrong.so", &[no_version]);
    let wrong = run(&["diff", &old, &wrong]);
    assert_eq!(wrong.status.code(), Some(1));
    let message = String::from_utf8_lossy(&wrong.stderr);
    assert!(message.contains("the version `0.1,0` of"), "{message}");
}

const OLD: &str = "
    object Thing { endpoint text: Text; }
    enum Colour { red }
    template thing(size: u8 = 1): Thing;";
const NEW: &str = "
    /// Shows more.
    object Thing { endpoint text: Text; endpoint more: Text; }
    enum Colour { red, green }
    template thing(size: u8 = 2): Thing;";
const TEXT: &str = "endpoint Text { in show(text: string); }";

#[test]
fn what_breaks_comes_first_and_names_what_is_in_the_way() {
    let scratch = tempfile::tempdir().expect("a temporary directory");
    let old = write(scratch.path(), "old.lot", &format!("{TEXT}{OLD}"));
    let new = write(scratch.path(), "new.lot", &format!("{TEXT}{NEW}"));
    let output = run(&["diff", &old, &new]);
    assert_eq!(output.status.code(), Some(1));
    let text = printed(&output).replace(&scratch.path().display().to_string(), "");
    assert_eq!(
        text,
        "`/old.lot` → `/new.lot`\n\n\
         breaking:\n  value `Colour`: `old` has no case `green`, which `new` needs\n    \
         a reader of `Colour` would be given `green`, which it cannot take\n\n\
         compatible:\n  object `Thing` may stand for the old one\n    \
         libraries that make such things have to follow: `old` has no endpoint `more`, which `new` \
         needs\n  \
         template `thing` takes what it took, and makes what may stand for what it made\n    \
         parameter `size` is `2` where it is left out, and was `1`\n\n\
         the same: 1\n\n\
         a major version follows, before 1.0 a minor version; none is declared\n"
    );
}

#[test]
fn programs_get_every_declaration() {
    let scratch = tempfile::tempdir().expect("a temporary directory");
    let old = write(scratch.path(), "old.lot", &format!("{TEXT}{OLD}"));
    let new = write(scratch.path(), "new.lot", &format!("{TEXT}{NEW}"));
    let output = run(&["diff", &old, &new, "--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(printed(&output)).expect("it is JSON");
    assert_eq!(report["impact"], "breaking");
    assert_eq!(report["needed"], serde_json::Value::Null);
    let declarations = report["declarations"].as_array().expect("a list");
    let said: Vec<(&str, &str)> = declarations
        .iter()
        .filter_map(|it| Some((it["name"].as_str()?, it["impact"].as_str()?)))
        .collect();
    let expected = [
        ("Colour", "breaking"),
        ("Text", "none"),
        ("Thing", "compatible"),
        ("thing", "compatible"),
    ];
    assert_eq!(said, expected);
    assert_eq!(declarations[2]["directions"][0], "received");
    assert_eq!(
        declarations[2]["remaining"].as_array().map(Vec::len),
        Some(1)
    );
}

#[test]
fn libraries_are_compared_both_ways() {
    let scratch = tempfile::tempdir().expect("a temporary directory");
    let old = write(scratch.path(), "old.lot", &format!("{TEXT}{OLD}"));
    let new = write(
        scratch.path(),
        "new.lot",
        &format!("{TEXT}{NEW} enum Extra {{ one }}"),
    );
    let output = run(&["compare", &new, &old, "--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(printed(&output)).expect("it is JSON");
    let declarations = report["declarations"].as_array().expect("a list");
    let named = |name: &str| {
        let found = declarations.iter().find(|it| it["name"] == name);
        found.unwrap_or_else(|| panic!("no {name}"))
    };
    assert_eq!(named("Extra")["declared"], "left");
    assert_eq!(named("Thing")["relations"][0]["verdict"], "holds");
    assert_eq!(named("Thing")["relations"][1]["verdict"], "fails");
    assert_eq!(named("Text")["same"], true);

    let code = |arguments: &[&str]| run(arguments).status.code();
    assert_eq!(code(&["compare", &old, &old, "--require", "same"]), Some(0));
    assert_eq!(code(&["compare", &new, &old, "--require", "same"]), Some(1));
    // `Colour` has a case that the old one does not know.
    assert_eq!(
        code(&["compare", &new, &old, "--require", "subtype"]),
        Some(1)
    );
    let grown = write(
        scratch.path(),
        "grown.lot",
        &format!("{TEXT}{OLD} enum Extra {{ one }}"),
    );
    assert_eq!(
        code(&["compare", &grown, &old, "--require", "subtype"]),
        Some(0)
    );
    assert_eq!(
        code(&["compare", &old, &grown, "--require", "subtype"]),
        Some(1)
    );
}

#[test]
fn a_library_is_compared_with_a_library() {
    let output = run(&["compare", "liveobj:standard", "Text"]);
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(
        message.contains("`liveobj:standard` is a library, and `Text` is none"),
        "{message}"
    );
}
