//! Verdicts that are kept on disk: what commands print does not depend on them, and what cannot be
//! believed is told.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Output;

use liveobj::facts::{FactsCache, FactsKey};
use liveobj_tests::support::{built, liveobj};
use liveobj_types::facts::{Facts, Question};
use liveobj_types::verdict::Verdict;
use serde_json::Value;

const EVENTS: &str = "in send(message), out receive(message)";

/// Two versions of a library, and a document with constraints that take some steps.
const FILES: [(&str, &str); 3] = [
    (
        "old.lot",
        "endpoint Strong { in send(message: u64); out receive(message: u64);
                           provides temporal \"agreement\"; }
         endpoint Weak { in send(message: u64); out receive(message: u64);
                         provides temporal \"reliable\"; }",
    ),
    (
        "new.lot",
        "endpoint Strong { in send(message: u64); out receive(message: u64);
                           provides temporal \"reliable\"; }
         endpoint Weak { in send(message: u64); out receive(message: u64);
                         provides temporal \"at_least_once\"; }",
    ),
    (
        "types.liveobject",
        r#"<liveobject xmlns="urn:liveobj:reference:1">
          <types><![CDATA[
            endpoint Channel {
                in send(message: u64);
                out receive(message: u64);
                provides temporal "atomic";
                provides temporal "reliable_fifo";
            }
            object Owner { endpoint channel: Channel; }
          ]]></types>
          <external name="timer" library="liveobj:standard"/>
        </liveobject>"#,
    ),
];

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Place {
        let home = tempfile::tempdir().expect("a temporary directory");
        for (name, text) in FILES {
            fs::write(home.path().join(name), text).expect("it is writable");
        }
        Place(home)
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = liveobj(self.0.path());
        command.args(arguments).current_dir(self.0.path());
        command.output().expect("liveobj runs")
    }

    /// What is answered to whether `reliable` implies something, and what is complained of.
    fn ask(&self, asked: &str, arguments: &[&str]) -> (String, String) {
        let question = ["implies", "--formalism", "temporal", "--events", EVENTS];
        let texts = ["reliable", asked];
        let output = self.run(&[&question[..], arguments, &texts].concat());
        (text(&output.stdout), text(&output.stderr))
    }

    /// The facts that are there.
    fn facts(&self) -> Vec<PathBuf> {
        files(&self.path("liveobj/facts"))
    }
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let list = |directory: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(directory).into_iter().flatten();
        let mut paths: Vec<PathBuf> = entries
            .map(|it| it.expect("it is readable").path())
            .collect();
        paths.sort();
        paths
    };
    list(directory).iter().flat_map(|it| list(it)).collect()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("it prints UTF-8")
}

#[test]
fn what_commands_print_does_not_depend_on_facts() {
    let commands: [&[&str]; 5] = [
        &["diff", "old.lot", "new.lot"],
        &["diff", "old.lot", "new.lot", "--format", "json"],
        &["compare", "old.lot", "new.lot"],
        &["check", "types.liveobject"],
        &[
            "implies",
            "--formalism",
            "temporal",
            "--events",
            EVENTS,
            "durable",
            "no_creation",
        ],
    ];
    for command in commands {
        let place = Place::new();
        let without = place.run(&[command, &["--no-facts"]].concat());
        assert!(place.facts().is_empty(), "{command:?}");
        let cold = place.run(command);
        let kept = place.facts();
        assert!(!kept.is_empty(), "{command:?}");
        let warm = place.run(command);
        assert_eq!(place.facts(), kept);
        for with in [&cold, &warm] {
            assert_eq!(text(&with.stdout), text(&without.stdout));
            assert_eq!(text(&with.stderr), text(&without.stderr));
            assert_eq!(with.status.code(), without.status.code());
        }
    }
}

#[test]
fn damaged_facts_change_nothing_and_are_told() {
    let place = Place::new();
    let command = ["diff", "old.lot", "new.lot"];
    let expected = place.run(&command);
    let facts = place.facts();
    for (at, fact) in facts.iter().enumerate() {
        let mut bytes = fs::read(fact).expect("it is readable");
        let byte = bytes.len() - 1 - at;
        bytes[byte] ^= 1;
        fs::write(fact, bytes).expect("it is writable");
    }
    let verified = place.run(&["facts", "verify", "--format", "json"]);
    assert_eq!(verified.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&verified.stdout).expect("it is JSON");
    let refuted = report["damaged"].as_array().expect("a list").len() as u64;
    assert_eq!(report["signed"], 0);
    let unsigned = report["unsigned"].as_u64().expect("a number");
    assert_eq!(unsigned + refuted, facts.len() as u64);
    assert!(unsigned > 0 && refuted > 0, "{report}");
    let output = place.run(&command);
    assert_eq!(output.stdout, expected.stdout);
    assert_eq!(output.status.code(), expected.status.code());
    let told = text(&output.stderr);
    assert!(told.contains("were not believed"), "{told}");
    assert_eq!(told.lines().count(), 1, "{told}");
    // What was found out instead is in their place.
    assert_eq!(text(&place.run(&command).stderr), "");
    assert_eq!(place.run(&["facts", "verify"]).status.code(), Some(0));
    assert_eq!(place.facts(), facts);
}

/// Who has the key is believed, whatever it says; who has another one is not.
#[test]
fn those_who_share_a_directory_share_a_key() {
    let (ours, theirs) = (Place::new(), Place::new());
    let shared = ours.path("shared");
    let options = |place: &Place| {
        let key = place.path("team.key");
        let texts = [shared.clone(), key].map(|path| path.to_str().unwrap().to_owned());
        ["--facts", &texts[0], "--facts-key", &texts[1]].map(str::to_owned)
    };
    let ask = |place: &Place, asked| {
        let options = options(place);
        place.ask(asked, &options.each_ref().map(String::as_str))
    };
    for place in [&ours, &theirs] {
        let key = place.path("team.key");
        fs::write(&key, [5; 40]).expect("it is writable");
        fs::set_permissions(key, Permissions::from_mode(0o600)).expect("it is ours");
    }
    let truth = ask(&ours, "fifo");
    assert!(truth.0.starts_with("fails"), "{truth:?}");
    let fact = files(&shared).pop().expect("it was kept");
    let digits = format!(
        "{}{}",
        fact.parent().unwrap().file_name().unwrap().display(),
        fact.file_name().unwrap().display()
    );
    let byte = |at: usize| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).expect("digits");
    let question = Question(std::array::from_fn(byte));
    let forge = |key: u8| {
        let facts = FactsCache::open(&shared).expect("it can be used");
        let facts = facts.key(FactsKey::from_bytes(&[key; 40]));
        facts.keep(&question, &Verdict::Holds);
    };
    forge(6);
    let (answered, told) = ask(&theirs, "fifo");
    assert_eq!(answered, truth.0);
    assert!(told.contains("it is not signed with the key"), "{told}");
    forge(5);
    for place in [&ours, &theirs] {
        let (answered, told) = ask(place, "fifo");
        assert_eq!(
            (answered.as_str(), told.as_str()),
            ("holds: A implies B\n", "")
        );
    }
    // The key of this directory is not that of the user.
    let shared = shared.to_str().unwrap();
    let (answered, told) = ours.ask("fifo", &["--facts", shared]);
    assert_eq!(answered, truth.0);
    assert!(told.contains("it is not signed with the key"), "{told}");
}

#[test]
fn a_key_that_was_asked_for_and_is_bad_is_an_error_and_the_users_own_is_told() {
    let place = Place::new();
    let key = place.path("team.key");
    fs::write(&key, [5; 40]).expect("it is writable");
    fs::set_permissions(&key, Permissions::from_mode(0o644)).expect("it is ours");
    let mut command = liveobj(place.0.path());
    command.args(["check", "types.liveobject"]);
    command.current_dir(place.0.path());
    command.env("LIVEOBJ_FACTS_KEY", &key);
    let output = command.output().expect("liveobj runs");
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stderr);
    assert!(told.contains("`chmod 600` it"), "{told}");
    assert!(told.contains("`--no-facts`"), "{told}");

    let asked = place.ask("agreement", &[]);
    assert_eq!(asked, ("holds: A implies B\n".to_owned(), String::new()));
    let own = place.path("liveobj/facts.key");
    fs::set_permissions(&own, Permissions::from_mode(0o644)).expect("it is ours");
    let (answered, told) = place.ask("agreement", &[]);
    assert_eq!(answered, asked.0);
    assert!(told.starts_with("warning: cannot use the key"), "{told}");
}

#[test]
fn a_directory_that_everybody_can_change_is_refused() {
    let place = Place::new();
    let open = place.path("open");
    fs::create_dir(&open).expect("it is writable");
    fs::set_permissions(&open, Permissions::from_mode(0o777)).expect("it is ours");
    let (answered, told) = place.ask("fifo", &["--facts", open.to_str().unwrap()]);
    assert_eq!(answered, "");
    assert!(told.contains("can be written by everybody"), "{told}");
    // The usual one is only passed over.
    fs::create_dir_all(place.path("liveobj/facts")).expect("it is writable");
    fs::set_permissions(place.path("liveobj/facts"), Permissions::from_mode(0o777))
        .expect("it is ours");
    let (answered, told) = place.ask("agreement", &[]);
    assert_eq!(answered, "holds: A implies B\n");
    assert!(told.contains("verdicts are not kept"), "{told}");
    assert!(place.facts().is_empty());
}

#[test]
fn facts_can_be_shown_and_removed() {
    let place = Place::new();
    place.ask("agreement", &[]);
    place.ask("fifo", &[]);
    let shown = place.run(&["facts"]);
    let directory = place.path("liveobj/facts");
    let directory = fs::canonicalize(directory).expect("it is there");
    let first = format!("directory    {}\n", directory.display());
    assert!(text(&shown.stdout).starts_with(&first), "{shown:?}");
    let shown = place.run(&["facts", "show", "--format", "json"]);
    assert_eq!(
        shown.stdout,
        place.run(&["facts", "--format", "json"]).stdout
    );
    let report: Value = serde_json::from_slice(&shown.stdout).expect("it is JSON");
    for (member, number) in [
        ("entries", 2),
        ("signed", 1),
        ("refutations", 1),
        ("unsigned", 0),
    ] {
        assert_eq!(report[member], number, "{report}");
    }
    let cleared = place.run(&["facts", "clear"]);
    assert_eq!(text(&cleared.stdout), "2 facts removed\n");
    assert!(place.facts().is_empty());
}

/// What a library's formalism said is kept for the file that said it.
#[test]
fn another_file_of_a_library_is_asked_anew() {
    let place = Place::new();
    let libraries = place.path("libraries");
    fs::create_dir(&libraries).expect("it is writable");
    let library = libraries.join("librates_formalism.so");
    fs::copy(built().join("librates_formalism.so"), &library).expect("it was built");
    let ask = || {
        let formalism = [
            "implies",
            "--library-path",
            "libraries",
            "--formalism",
            "rates",
        ];
        let texts = ["at most 10 a per second", "at most 600 a per minute"];
        text(&place.run(&[&formalism[..], &texts].concat()).stdout)
    };
    let answered = ask();
    assert!(answered.starts_with("holds"), "{answered}");
    assert!(answered.contains("on the word of library"), "{answered}");
    let facts = place.facts();
    assert!(!facts.is_empty());
    assert_eq!(ask(), answered);
    assert_eq!(place.facts(), facts);
    let mut bytes = fs::read(&library).expect("it is readable");
    bytes.push(0);
    fs::remove_file(&library).expect("it is ours");
    fs::write(&library, bytes).expect("it is writable");
    assert_eq!(ask(), answered);
    assert_eq!(place.facts().len(), 2 * facts.len());
}
