//! Documents on a channel that keeps replicas equal: in real processes, in two runtimes of this one, and in
//! a simulation.

use std::collections::BTreeMap;
use std::path::Path;

use crate::told::{Told, document, open, runtime};
use liveobj::{Data, Object};
use liveobj_tests::note::{Opened, Relay, Replicated, replicated_note, shared_folder};
use liveobj_tests::support::{built, liveobj, root};

const MAP: Replicated<'_> = Replicated {
    template: ("shared_map", Some(("Value", "string"))),
    types: ["MapUpdate[string]", "MapCheckpoint[string]"],
    channel: "channel",
    exports: &["map"],
};
const COUNTER: Replicated<'_> = Replicated {
    template: ("shared_counter", None),
    types: ["CounterUpdate", "CounterCheckpoint"],
    channel: "channel",
    exports: &["counter"],
};
const LOCK: Replicated<'_> = Replicated {
    template: ("lock", None),
    types: ["LockUpdate", "LockCheckpoint"],
    channel: "views",
    exports: &["lock"],
};
const FOLDER: Replicated<'_> = Replicated {
    template: ("shared_folder", Some(("Item", "Timer"))),
    types: ["FolderUpdate[Timer]", "FolderCheckpoint[Timer]"],
    channel: "views",
    exports: &["entries", "folder", "watched"],
};

/// Waits for the next event of which `found` makes something.
fn wait_for<T>(told: &Told, mut found: impl FnMut(&str, Data) -> Option<T>) -> T {
    loop {
        let (name, payload) = told.event();
        if let Some(found) = found(&name, payload) {
            return found;
        }
    }
}

fn field(payload: &Data, name: &str) -> Data {
    match payload {
        Data::Record(fields) => fields[name].clone(),
        _ => panic!("{payload:?}"),
    }
}

fn string(text: &str) -> Data {
    Data::String(text.to_owned())
}

#[test]
fn a_note_reaches_who_joins_and_comes_back_when_all_have_closed() {
    let folder = tempfile::tempdir().expect("a directory");
    let relay = Relay::start(5);
    let reference = folder.path().join("note.liveobject");
    std::fs::write(&reference, replicated_note(relay.port)).expect("it is writable");
    let open = |state: &str| {
        let options = ["--state", state, "--save-every", "0ms"];
        Opened::start_as(folder.path(), &reference, &[built()], &options)
    };
    let states = ["one", "two"].map(|name| folder.path().join(name).display().to_string());
    let shows = |opened: &Opened, wanted: &[&str]| {
        opened.wait_until("all lines", |lines| (lines == wanted).then_some(()));
    };
    let mut first = open(&states[0]);
    first.enter("of the first");
    shows(&first, &["of the first"]);
    let mut second = open(&states[1]);
    shows(&second, &["of the first"]);
    second.enter("of the second");
    for opened in [&first, &second] {
        shows(opened, &["of the first", "of the second"]);
    }
    for opened in [&mut first, &mut second] {
        assert_eq!(opened.signal("TERM"), Some(0));
    }
    let [mut first, second] = states.each_ref().map(|state| open(state));
    for opened in [&first, &second] {
        shows(opened, &["of the first", "of the second"]);
    }
    first.enter("and on");
    shows(&second, &["of the first", "of the second", "and on"]);
}

/// What a command prints of files in a folder.
fn printed(folder: &Path, arguments: &[&str]) -> String {
    let mut command = liveobj(folder);
    let output = command.args(arguments).current_dir(folder).output();
    let output = output.expect("liveobj runs");
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

#[test]
fn a_document_needs_a_channel_that_brings_replicas_up_to_date_in_one_order() {
    let folder = tempfile::tempdir().expect("a directory");
    let note = replicated_note(7_751);
    let libraries = built().to_str().expect("it is UTF-8");
    let replicas = r#"<endpoint of="replicas" name="channel"/>"#;
    assert!(note.contains(replicas));
    let check = |channel: &str| {
        let note = note.replace(replicas, channel);
        std::fs::write(folder.path().join("note.liveobject"), note).expect("written");
        let arguments = ["check", "note.liveobject", "--library-path", libraries];
        printed(folder.path(), &arguments)
    };
    let ordered = check(r#"<endpoint of="ordered" name="channel"/>"#);
    let why = "`ordered.channel` has no incoming event `checkpoint`, which `note.channel` needs";
    assert!(ordered.contains(why), "{ordered}");
    let views = check(r#"<endpoint of="replicas" name="views"/>"#);
    let help = "help: `replicas.channel` would match `note.channel`";
    assert!(views.contains(help), "{views}");
    let arguments = [
        "compare",
        "CheckpointedChannelService<TextUpdate, TextCheckpoint>",
        "mirror UpdateService<TextUpdate, TextCheckpoint>",
        "--in",
        "liveobj:documents",
        "--library-path",
        libraries,
    ];
    let compared = printed(folder.path(), &arguments);
    for lacks in ["total_order", "at_most_once"] {
        let lacks = format!("requires temporal \"{lacks}\"");
        assert!(compared.contains(&lacks), "{compared}");
    }
}

#[test]
fn the_note_in_the_shared_folder_is_one_for_all_who_open_it() {
    let folder = tempfile::tempdir().expect("a directory");
    let relay = Relay::start(5);
    let reference = folder.path().join("folder.liveobject");
    std::fs::write(&reference, shared_folder(relay.port)).expect("it is writable");
    let kept = printed(
        folder.path(),
        &["registry", "set", "notes", "folder.liveobject"],
    );
    assert_eq!(kept, "");
    let shared = Opened::start(folder.path(), &reference);
    let note = root().join("examples/shared-folder-note.liveobject");
    let [mut first, second] = [(); 2].map(|()| Opened::start(folder.path(), &note));
    first.enter("bread");
    for opened in [&first, &second] {
        opened.wait_for_line("bread");
    }
    assert_eq!(shared.reported(), [""; 0]);
}

/// A simulation of three nodes for a minute, with losses, in which the third one is parted from the others
/// for ten seconds: what it prints, and what its trace is judged to be.
fn simulated(example: &str, typed: &[&str]) -> (String, String) {
    let folder = tempfile::tempdir().expect("a directory");
    let example = root().join(format!("examples/{example}.liveobject"));
    let (example, libraries) = (example.to_str(), built().to_str());
    let (example, libraries) = (example.expect("UTF-8"), libraries.expect("UTF-8"));
    let mut arguments = vec!["sim", example, "--nodes", "3", "--for", "60s", "--twice"];
    arguments.extend(["--loss", "10%", "--partition", "1,2/3@20s..30s"]);
    arguments.extend(["--trace", "a.trace", "--library-path", libraries]);
    arguments.extend(typed.iter().flat_map(|typed| ["--type", typed]));
    let shown = printed(folder.path(), &arguments);
    let arguments = ["monitor", "a.trace", "--library-path", libraries];
    let judged = printed(folder.path(), &arguments);
    assert!(judged.contains("  open "), "{judged}");
    assert!(!judged.contains("  violated "), "{judged}");
    (shown, judged)
}

#[test]
fn nothing_that_the_replicated_note_promises_is_broken() {
    let typed = ["1@5s:one", "2@25s:parted", "3@45s:two"];
    let (shown, judged) = simulated("replicated-note", &typed);
    assert!(shown.contains("have shown the same lines"), "{shown}");
    assert!(shown.contains("3 lines shown"), "{shown}");
    let kept = "open         `temporal \"unique_messages\"`, which `replicas.channel` requires";
    assert!(judged.contains(kept), "{judged}");
}

#[test]
fn a_lock_is_lost_by_who_is_parted_from_the_group_and_its_promises_are_kept() {
    let (shown, judged) = simulated(
        "shared-board",
        &[
            "1@5s:bread = 2",
            "3@6s:+5",
            "1@7s:acquire",
            "3@8s:acquire",
            "2@9s:acquire",
            "1@12s:release",
            "2@25s:+1",
            "3@45s:acquire",
            "2@50s:release",
        ],
    );
    assert!(
        shown.contains("node 3: warning: `board`: the lock is lost"),
        "{shown}"
    );
    for (node, last) in [(1, "member "), (2, "member "), (3, "this one ")] {
        let mut lines = shown.lines();
        let line = lines.find(|line| line.starts_with(&format!("node {node}: open")));
        let (_, shown) = line
            .and_then(|line| line.split_once("the last: "))
            .expect("it is open");
        assert!(
            shown.starts_with(last) && shown.ends_with("the lock: 4"),
            "{shown}"
        );
    }
    let kept = "F granted@i(g) & F granted@j(g) -> i = j\"`, which `lock.lock` provides";
    assert!(judged.contains(kept), "{judged}");
}

/// What a map shows, as its events tell it.
struct Map {
    told: Told,
    entries: BTreeMap<String, String>,
}

impl Map {
    fn new(object: &Object) -> Map {
        Map {
            told: Told::new(object, "map"),
            entries: BTreeMap::new(),
        }
    }

    fn put(&self, key: &str, value: &str) {
        let put = Data::record([("key", string(key)), ("value", string(value))]);
        self.told.send("put", put);
    }

    /// Waits until these are the entries.
    fn wait(&mut self, wanted: &[(&str, &str)]) {
        let text = |data: Data| match data {
            Data::String(text) => text,
            data => panic!("{data:?}"),
        };
        let wanted = wanted.iter();
        let wanted = wanted.map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let wanted: BTreeMap<String, String> = wanted.collect();
        wait_for(&self.told, |event, payload| {
            match event {
                "whole" => {
                    let Data::Map(entries) = field(&payload, "entries") else {
                        panic!("{payload:?}")
                    };
                    let entries = entries.into_iter();
                    self.entries = entries
                        .map(|(key, value)| (text(key), text(value)))
                        .collect();
                }
                "changed" => {
                    let [key, value] = ["key", "value"].map(|name| text(field(&payload, name)));
                    self.entries.insert(key, value);
                }
                "removed" => {
                    self.entries.remove(&text(field(&payload, "key")));
                }
                event => panic!("{event}"),
            }
            (self.entries == wanted).then_some(())
        });
    }
}

#[test]
fn a_map_is_the_same_for_all_who_share_it() {
    let relay = Relay::start(5);
    let reference = document(&MAP.body(relay.port));
    let runtimes = [(); 3].map(|()| runtime(built()));
    let first = open(&runtimes[0], &reference);
    let mut first = Map::new(&first);
    first.put("bread", "2");
    first.wait(&[("bread", "2")]);
    let second = open(&runtimes[1], &reference);
    let mut second = Map::new(&second);
    second.wait(&[("bread", "2")]);
    second.put("bread", "3");
    second.put("milk", "1");
    for map in [&mut first, &mut second] {
        map.wait(&[("bread", "3"), ("milk", "1")]);
    }
    let remove = Data::record([("key", string("bread"))]);
    first.told.send("remove", remove);
    second.wait(&[("milk", "1")]);
    let third = open(&runtimes[2], &reference);
    Map::new(&third).wait(&[("milk", "1")]);
}

#[test]
fn a_counter_counts_what_all_add() {
    let relay = Relay::start(5);
    let reference = document(&COUNTER.body(relay.port));
    let runtimes = [(); 2].map(|()| runtime(built()));
    let add = |told: &Told, amount| {
        told.send("add", Data::record([("amount", Data::S64(amount))]));
    };
    let wait = |told: &Told, value| {
        wait_for(told, |_, payload| {
            (field(&payload, "value") == Data::S64(value)).then_some(())
        });
    };
    let first = open(&runtimes[0], &reference);
    let first = Told::new(&first, "counter");
    add(&first, 5);
    wait(&first, 5);
    let second = open(&runtimes[1], &reference);
    let second = Told::new(&second, "counter");
    wait(&second, 5);
    for _ in 0..10 {
        add(&first, 1);
        add(&second, -2);
    }
    for told in [&first, &second] {
        wait(told, -5);
    }
}

#[test]
fn a_lock_goes_to_the_next_one_when_its_holder_is_gone() {
    let relay = Relay::start(5);
    let reference = document(&LOCK.body(relay.port));
    let runtimes = [(); 2].map(|()| runtime(built()));
    let nothing = || Data::Record(BTreeMap::new());
    let granted = |event: &str, payload: Data| {
        (event == "granted").then(|| field(&field(&payload, "grant"), "number"))
    };
    let holder = open(&runtimes[0], &reference);
    let first = Told::new(&holder, "lock");
    first.send("acquire", nothing());
    assert_eq!(wait_for(&first, granted), Data::U64(1));
    let object = open(&runtimes[1], &reference);
    let waiting = [(); 2].map(|()| Told::new(&object, "lock"));
    // Who joins learns who holds it.
    wait_for(&waiting[1], |event, payload| {
        let is_held = event == "holder" && field(&payload, "holder") != Data::Option(None);
        is_held.then_some(())
    });
    for told in &waiting {
        told.send("acquire", nothing());
    }
    drop(first);
    assert_eq!(wait_for(&waiting[0], granted), Data::U64(2));
    waiting[0].send("release", nothing());
    assert_eq!(wait_for(&waiting[1], granted), Data::U64(3));
}

#[test]
fn a_folder_takes_what_is_of_its_type_and_its_entries_open() {
    let relay = Relay::start(5);
    let body = FOLDER.body(relay.port);
    let runtimes = [(); 2].map(|()| runtime(built()));
    let first = open(&runtimes[0], &document(&body));
    let (entries, watched) = (Told::new(&first, "entries"), Told::new(&first, "watched"));
    watched.send("watch", Data::Record(BTreeMap::new()));
    let put = |name: &str, template: &str| {
        let object = document(&format!(
            r#"<external name="{template}" library="liveobj:standard"/>"#
        ));
        let object = Data::Document(object.into_bytes());
        entries.send(
            "put",
            Data::record([("name", string(name)), ("object", object)]),
        );
    };
    put("screen", "console");
    let (event, refused) = entries.event();
    assert_eq!(event, "refused");
    assert_eq!(
        field(&refused, "reason"),
        string("the object is no `Timer`: `Console` has no endpoint `timer`, which `Timer` needs")
    );
    put("clock", "timer");
    watched.expect("changed", "clock");
    // The second one opens it out of its own replica of the folder, before that has joined.
    let (types, folder) = body.split_once("</types>").expect("it has types");
    let entry = |name: &str| {
        document(&format!(
            r#"{types}</types><external name="{name}" as="Timer"><from>{folder}</from></external>"#
        ))
    };
    assert_eq!(open(&runtimes[1], &entry("clock")).endpoints(), ["timer"]);
    let checked = runtimes[1].check(&liveobj::Source::new("test.liveobject", entry("screen")));
    let reference = checked.reference.expect("it is well typed");
    let missing = runtimes[1].open_blocking(&reference).err();
    assert!(
        matches!(missing, Some(liveobj::OpenError::Missing { .. })),
        "{missing:?}"
    );
}
