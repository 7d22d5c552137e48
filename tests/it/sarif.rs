//! `check --format sarif`: every log is one by the schema that OASIS publishes, and says what the
//! other formats say.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use jsonschema::Validator;
use liveobj_tests::support::{built, liveobj, root};
use serde_json::Value;

use crate::explanations::documents;

/// The schema, out of the package that ships it.
fn validator() -> &'static Validator {
    static VALIDATOR: OnceLock<Validator> = OnceLock::new();
    VALIDATOR.get_or_init(|| {
        let run = |command: &mut Command| {
            let output = command.output().expect("the toolchain is there");
            let errors = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success(), "{errors}");
            String::from_utf8(output.stdout).expect("it prints UTF-8")
        };
        let version = run(Command::new("rustc").arg("-vV"));
        let host = version.lines().find_map(|line| line.strip_prefix("host: "));
        let metadata = run(Command::new(env!("CARGO"))
            .args(["metadata", "--format-version", "1", "--filter-platform"])
            .arg(host.expect("rustc names its host"))
            .current_dir(root()));
        let metadata: Value = serde_json::from_str(&metadata).expect("cargo prints JSON");
        let packages = metadata["packages"]
            .as_array()
            .expect("packages are listed");
        let package = packages.iter().find(|it| it["name"] == "serde-sarif");
        let manifest = package.expect("it is a dependency")["manifest_path"].as_str();
        let file = Path::new(manifest.expect("it has a manifest")).with_file_name("src");
        let schema = fs::read_to_string(file.join("schema.json")).expect("it holds the schema");
        let mut schema: Value = serde_json::from_str(&schema).expect("the schema is JSON");
        assert_eq!(
            schema["title"],
            "Static Analysis Results Format (SARIF) Version 2.1.0 JSON Schema"
        );
        // The pattern of `language` has a `]` too many, which not every dialect of regular
        // expressions takes for itself. Our logs have no `language`.
        for owner in ["run", "toolComponent"] {
            let language = &mut schema["definitions"][owner]["properties"]["language"];
            let language = language.as_object_mut().expect("it is described");
            assert!(language.remove("pattern").is_some());
        }
        jsonschema::options()
            .should_validate_formats(true)
            .build(&schema)
            .expect("the schema is one")
    })
}

/// What is printed, if it is a log by the schema.
fn log(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    let log: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let faults: Vec<String> = validator()
        .iter_errors(&log)
        .map(|fault| format!("{}: {fault}", fault.instance_path()))
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let invocation = &log["runs"][0]["invocations"][0];
    assert_eq!(
        invocation["exitCode"].as_i64(),
        output.status.code().map(i64::from)
    );
    log
}

fn check(arguments: &[&str]) -> Output {
    let home = tempfile::tempdir().expect("a temporary directory");
    let mut command = liveobj(home.path());
    command
        .arg("check")
        .args(arguments)
        .arg("--library-path")
        .arg(built());
    command.output().expect("liveobj runs")
}

/// What a region holds, by bytes and by lines and columns.
fn text<'t>(text: &'t str, region: &Value) -> &'t str {
    let number = |name: &str| region[name].as_u64().expect("a number") as usize;
    let by_byte = &text[number("byteOffset")..][..number("byteLength")];
    let place = |line: &str, column: &str| {
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let before: usize = lines.iter().take(number(line) - 1).map(|it| it.len()).sum();
        let rest = text[before..]
            .char_indices()
            .map(|(at, c)| (at, c.len_utf16()));
        let mut units = 1;
        for (at, width) in rest {
            if units == number(column) {
                return before + at;
            }
            units += width;
        }
        assert_eq!(units, number(column));
        text.len()
    };
    let by_line = place("startLine", "startColumn")..place("endLine", "endColumn");
    assert_eq!(&text[by_line], by_byte);
    by_byte
}

#[test]
fn a_log_says_what_json_says_and_fits_the_schema() {
    let documents = documents();
    let names: Vec<&str> = documents.iter().filter_map(|it| it.to_str()).collect();
    assert!(
        names.len() > 90,
        "only {} documents were found",
        names.len()
    );
    let with = |format| [&names[..], &["--format", format]].concat();
    let json = check(&with("json"));
    let json: Value = serde_json::from_slice(&json.stdout).expect("it prints JSON");
    let log = log(&check(&with("sarif")));
    let run = &log["runs"][0];

    let references = json["references"].as_array().expect("references");
    let all = |it: &Value| it["diagnostics"].as_array().cloned().unwrap_or_default();
    let diagnostics: Vec<Value> = references.iter().flat_map(all).collect();
    let results = run["results"].as_array().expect("results");
    assert_eq!(results.len(), diagnostics.len());
    let mut fixes = 0;
    for (result, diagnostic) in results.iter().zip(&diagnostics) {
        assert_eq!(result["ruleId"], diagnostic["code"]);
        let rule = result["ruleIndex"].as_u64().expect("a rule") as usize;
        assert_eq!(
            run["tool"]["driver"]["rules"][rule]["id"],
            diagnostic["code"]
        );
        assert_eq!(result["level"], diagnostic["severity"]);
        let message = result["message"]["text"].as_str().expect("a message");
        assert!(message.starts_with(diagnostic["message"].as_str().expect("a message")));
        for name in ["trail", "notes", "help"] {
            assert_eq!(result["properties"][name], diagnostic[name]);
        }
        let places = [&result["locations"], &result["relatedLocations"]];
        let places: usize = places
            .iter()
            .filter_map(|it| Some(it.as_array()?.len()))
            .sum();
        let labels = diagnostic["labels"].as_array().expect("labels").len();
        assert_eq!(places, labels.max(1));

        let physical = &result["locations"][0]["physicalLocation"];
        let index = physical["artifactLocation"]["index"]
            .as_u64()
            .expect("an index");
        let source = fs::read_to_string(&documents[index as usize]).expect("a document");
        let start = physical["region"]["byteOffset"].as_u64();
        let label = diagnostic["labels"].as_array().and_then(|labels| {
            let name = |label: &&Value| label["source"] == names[index as usize];
            labels.iter().find(name)
        });
        if let Some(label) = label {
            assert_eq!(start, label["start"]["byte"].as_u64());
            text(&source, &physical["region"]);
        }
        if let Some(fix) = result["fixes"].get(0) {
            fixes += 1;
            let replacement = &fix["artifactChanges"][0]["replacements"][0];
            let replaced = text(&source, &replacement["deletedRegion"]);
            let name = replaced.trim_start_matches("use ").trim_matches(['"', ';']);
            assert!(message.contains(name), "{message}");
            let inserted = &replacement["insertedContent"]["text"];
            assert_eq!(*inserted, diagnostic["fix"]["replacement"]);
        }
    }
    assert!(fixes >= 10, "only {fixes} fixes are offered");
}

#[test]
fn a_fix_mends_what_it_is_offered_for() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let file = home.path().join("a b.liveobject");
    let name = file.to_str().expect("the path is UTF-8");
    for document in documents() {
        let source = fs::read_to_string(&document).expect("a document");
        fs::write(&file, &source).expect("it is writable");
        let before = log(&check(&[name, "--format", "sarif"]));
        let results = before["runs"][0]["results"]
            .as_array()
            .expect("results")
            .clone();
        for result in &results {
            let Some(fix) = result["fixes"].get(0) else {
                continue;
            };
            let change = &fix["artifactChanges"][0];
            let uri = change["artifactLocation"]["uri"].as_str().expect("a file");
            assert!(
                uri.starts_with("file:///") && uri.ends_with("a%20b.liveobject"),
                "{uri}"
            );
            let replacement = &change["replacements"][0];
            let region = &replacement["deletedRegion"];
            let start = region["byteOffset"].as_u64().expect("an offset") as usize;
            let mut mended = source.clone();
            let replaced = start..start + text(&source, region).len();
            let inserted = replacement["insertedContent"]["text"].as_str();
            mended.replace_range(replaced, inserted.expect("a text"));
            fs::write(&file, mended).expect("it is writable");
            let after = log(&check(&[name, "--format", "sarif"]));
            let left = after["runs"][0]["results"].as_array().expect("results");
            let same = |other: &&Value| other["message"] == result["message"];
            assert!(!left.iter().any(|it| same(&it)), "{}", document.display());
            assert!(left.len() <= results.len(), "{}", document.display());
        }
    }
}

#[test]
fn standard_input_is_a_stream_with_its_text() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let mut command = liveobj(home.path());
    command.args(["check", "-", "--format", "sarif"]);
    let input = home.path().join("input");
    fs::write(
        &input,
        "<liveobject xmlns=\"urn:liveobj:reference:1\"><tmier/></liveobject>",
    )
    .expect("it is writable");
    let input = fs::File::open(input).expect("it is readable");
    let output = command
        .stdin(Stdio::from(input))
        .output()
        .expect("liveobj runs");
    let log = log(&output);
    let artifact = &log["runs"][0]["artifacts"][0];
    assert_eq!(artifact["roles"][1], "standardStream");
    let content = artifact["contents"]["text"].as_str().expect("the text");
    let physical = &log["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!(physical["artifactLocation"]["uri"], Value::Null);
    assert_eq!(text(content, &physical["region"]), "tmier");
}

#[test]
fn a_document_that_cannot_be_read_is_a_notification() {
    let absent = root().join("examples/absent.liveobject");
    let output = check(&[absent.to_str().expect("UTF-8"), "--format", "sarif"]);
    let log = log(&output);
    let invocation = &log["runs"][0]["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    let message = &invocation["toolExecutionNotifications"][0]["message"]["text"];
    assert!(
        message
            .as_str()
            .is_some_and(|it| it.contains("absent.liveobject"))
    );
    assert_eq!(log["runs"][0]["results"], serde_json::json!([]));
}

#[test]
fn the_validator_refuses_what_is_no_log() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let mut command = liveobj(home.path());
    let document = root().join("examples/broken/unclosed-element.liveobject");
    command
        .arg("check")
        .arg(document)
        .args(["--format", "sarif"]);
    let mut log = log(&command.output().expect("liveobj runs"));
    log["runs"][0]["results"][0]["level"] = "fatal".into();
    assert!(!validator().is_valid(&log));
    log["runs"][0]["results"][0]["level"] = "error".into();
    assert!(validator().is_valid(&log));
    log["runs"][0]["artifacts"][0]["location"]["uri"] = "a b".into();
    assert!(!validator().is_valid(&log));
}
