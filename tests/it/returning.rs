//! Documents that come back: real processes that close, or are killed, and open again with what they kept.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use liveobj_tests::note::{Opened, Relay, shared_board, shared_folder};
use liveobj_tests::support::{built, liveobj, root};

/// A folder with a reference on a network of its own, and with the states of those who open it.
struct Place {
    folder: tempfile::TempDir,
    reference: PathBuf,
    _relay: Relay,
}

impl Place {
    fn new(reference: impl FnOnce(u16) -> String) -> Place {
        let folder = tempfile::tempdir().expect("a directory");
        let relay = Relay::start(5);
        let path = folder.path().join("document.liveobject");
        fs::write(&path, reference(relay.port)).expect("it is writable");
        Place {
            folder,
            reference: path,
            _relay: relay,
        }
    }

    /// Opens it with the state of this name.
    fn open(&self, state: &str) -> Opened {
        self.open_as(&self.reference, state)
    }

    /// Opens this reference instead.
    fn open_as(&self, reference: &Path, state: &str) -> Opened {
        let state = self.folder.path().join(state);
        let state = state.to_str().expect("it is UTF-8");
        let options = ["--state", state, "--save-every", "0ms"];
        Opened::start_as(self.folder.path(), reference, &[built()], &options)
    }

    /// Waits until what is saved under this name holds `text`.
    fn wait_until_kept(&self, state: &str, text: &str) {
        let patience = Instant::now() + Duration::from_secs(60);
        while !holds_text(&self.folder.path().join(state), text) {
            assert!(Instant::now() < patience, "{state} does not keep {text}");
            thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Whether a file of this folder holds `text`.
fn holds_text(folder: &Path, text: &str) -> bool {
    let files = fs::read_dir(folder).into_iter().flatten();
    // A file that is being replaced is looked at the next time.
    let mut files = files.filter_map(|file| fs::read(file.ok()?.path()).ok());
    files.any(|file| {
        let mut windows = file.windows(text.len());
        windows.any(|window| window == text.as_bytes())
    })
}

/// Closes them, one after the other.
fn close<const N: usize>(all: [Opened; N]) {
    for mut opened in all {
        assert_eq!(opened.signal("TERM"), Some(0));
    }
}

/// What a terminal shows of a board.
#[derive(Clone, Debug, Default, PartialEq)]
struct Board {
    list: BTreeMap<String, String>,
    counter: i64,
    /// Who holds the lock, and the number of that grant; none for nobody.
    holder: Option<(String, u64)>,
}

impl Board {
    fn of(lines: &[String]) -> Board {
        let mut board = Board::default();
        for line in lines {
            if let Some((key, value)) = line.split_once(" = ") {
                board.list.insert(key.to_owned(), value.to_owned());
            } else if let Ok(number) = line.parse() {
                board.counter = number;
            } else if let Some((who, number)) = line.split_once(" holds the lock: ") {
                let number = number.parse().expect("a number");
                board.holder = Some((who.to_owned(), number));
            } else {
                assert_eq!(line, "nobody holds the lock");
                board.holder = None;
            }
        }
        board
    }
}

/// Waits until the board has this list and counter, and answers who holds the lock.
fn shows(opened: &Opened, list: &[(&str, &str)], counter: i64) -> Option<(String, u64)> {
    let list = list.iter();
    let list: BTreeMap<String, String> = list
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect();
    opened.wait_until(&format!("{list:?} and {counter}"), |lines| {
        let board = Board::of(lines);
        (board.list == list && board.counter == counter).then_some(board.holder)
    })
}

/// Waits until it holds the lock, and answers the number of the grant.
fn holds(opened: &Opened) -> u64 {
    opened.wait_until("it holds the lock", |lines| {
        let (who, number) = Board::of(lines).holder?;
        (who == "this one").then_some(number)
    })
}

/// Waits until another one holds the lock, by the grant of this number.
fn is_held(opened: &Opened, grant: u64) {
    opened.wait_until("another one holds the lock", |lines| {
        let (who, number) = Board::of(lines).holder?;
        (who.starts_with("member ") && number == grant).then_some(())
    });
}

/// Waits until nobody holds the lock.
fn is_free(opened: &Opened) {
    opened.wait_until("nobody holds the lock", |lines| {
        let board = Board::of(lines);
        (board.holder.is_none() && !lines.is_empty()).then_some(())
    });
}

const LIST: &[(&str, &str)] = &[("bread", "2"), ("milk", "1")];

/// A board with a list, a counter at 8, and a lock that was granted once, to the first of two.
fn filled(place: &Place) -> [Opened; 2] {
    let mut first = place.open("one");
    is_free(&first);
    first.enter("bread = 2");
    first.enter("+5");
    shows(&first, &LIST[..1], 5);
    let mut second = place.open("two");
    shows(&second, &LIST[..1], 5);
    second.enter("milk = 1");
    second.enter("+3");
    first.enter("acquire");
    for opened in [&first, &second] {
        shows(opened, LIST, 8);
    }
    assert_eq!(holds(&first), 1);
    is_held(&second, 1);
    [first, second]
}

#[test]
fn a_board_that_all_have_closed_comes_back_and_no_number_of_its_lock_does() {
    let place = Place::new(shared_board);
    let before = filled(&place);
    close(before);
    let [first, mut second] = ["one", "two"].map(|state| place.open(state));
    for opened in [&first, &second] {
        shows(opened, LIST, 8);
        is_free(opened);
    }
    second.enter("acquire");
    let granted = holds(&second);
    assert!(granted > 1, "{granted}");
    is_held(&first, granted);
}

#[test]
fn who_comes_back_alone_goes_on_with_everything_and_the_other_gets_what_is_new() {
    let place = Place::new(shared_board);
    close(filled(&place));
    let mut second = place.open("two");
    shows(&second, LIST, 8);
    second.enter("+1");
    shows(&second, LIST, 9);
    let first = place.open("one");
    for opened in [&first, &second] {
        shows(opened, LIST, 9);
        is_free(opened);
    }
}

#[test]
fn who_comes_back_without_a_state_gets_it_from_who_has_one_also_if_that_comes_later() {
    let place = Place::new(shared_board);
    close(filled(&place));
    let empty = place.open("none");
    // So long that it founds a group of itself: but for that, whoever has a state leads.
    thread::sleep(Duration::from_secs(4));
    let mut second = place.open("two");
    for opened in [&empty, &second] {
        shows(opened, LIST, 8);
        is_free(opened);
    }
    second.enter("-8");
    shows(&empty, LIST, 0);
    for opened in [&empty, &second] {
        let reported = opened.reported();
        let is_loss = |line: &&String| line.contains("gives way");
        assert_eq!(reported.iter().find(is_loss), None);
    }
}

/// Who was there last has what the others lack, whoever opens first.
#[test]
fn what_was_done_after_the_other_had_closed_comes_back_although_that_opens_first() {
    let place = Place::new(shared_board);
    let [mut first, second] = filled(&place);
    close([second]);
    first.enter("+1");
    shows(&first, LIST, 9);
    close([first]);
    let second = place.open("two");
    // As long as it waits for the other one, it does not know who holds the lock now.
    is_free(&second);
    shows(&second, LIST, 8);
    let first = place.open("one");
    for opened in [&first, &second] {
        shows(opened, LIST, 9);
    }
}

#[test]
fn who_holds_the_lock_and_is_killed_loses_it_to_the_next_one_and_comes_back_without_it() {
    let place = Place::new(shared_board);
    let [mut first, mut second] = filled(&place);
    let mut third = place.open("three");
    shows(&third, LIST, 8);
    second.enter("acquire");
    // What it asks for next comes behind that.
    second.enter("+1");
    shows(&third, LIST, 9);
    third.enter("acquire");
    assert_eq!(first.signal("KILL"), None);
    assert_eq!(holds(&second), 2);
    let mut again = place.open("one");
    shows(&again, LIST, 9);
    is_held(&again, 2);
    again.enter("acquire");
    again.enter("+1");
    shows(&second, LIST, 10);
    second.enter("release");
    assert_eq!(holds(&third), 3);
    is_held(&again, 3);
    assert_eq!(second.signal("KILL"), None);
    assert_eq!(third.signal("KILL"), None);
    // The last one is no quorum of three: it waits for who comes back, or goes on alone in time.
    let back = place.open("two");
    assert_eq!(holds(&again), 4);
    is_held(&back, 4);
}

/// The example `shared-folder` with another entry, or none.
fn folder(text: &str, entry: Option<&str>) -> String {
    let (before, after) = text
        .split_once(r#"<component name="entry">"#)
        .expect("it has an entry");
    let (part, after) = after
        .split_once("</parameter>\n      </parameterized>\n    </component>")
        .expect("the entry ends");
    let connection = r#"<connection>
      <endpoint of="entry" name="entries"/><endpoint of="notes" name="entries"/>
    </connection>"#;
    assert!(after.contains(connection) && part.contains("<value>shopping</value>"));
    match entry {
        Some(name) => text.replace("<value>shopping</value>", &format!("<value>{name}</value>")),
        None => before.to_owned() + &after.replace(connection, ""),
    }
}

#[test]
fn a_folder_that_all_have_closed_comes_back_with_entries_that_open() {
    let mut example = String::new();
    let place = Place::new(|port| {
        example = shared_folder(port);
        String::new()
    });
    let open = |state: &str, entry| {
        let reference = place.folder.path().join(format!("{state}.liveobject"));
        fs::write(&reference, folder(&example, entry)).expect("it is writable");
        place.open_as(&reference, state)
    };
    let first = open("one", Some("shopping"));
    let second = open("two", Some("letters"));
    for state in ["one", "two"] {
        for name in ["shopping", "letters"] {
            place.wait_until_kept(state, name);
        }
    }
    let home = place.folder.path();
    fs::write(&place.reference, folder(&example, None)).expect("it is writable");
    let mut command = liveobj(home);
    command
        .args(["registry", "set", "notes"])
        .arg(&place.reference);
    assert!(command.status().expect("liveobj runs").success());
    let note = root().join("examples/shared-folder-note.liveobject");
    let note = fs::read_to_string(note).expect("it is readable");
    let enters = |name: &str, line: &str| {
        let reference = home.join(format!("{name}.liveobject"));
        let named = note.replace(r#"name="shopping""#, &format!(r#"name="{name}""#));
        fs::write(&reference, named).expect("it is writable");
        let mut opened = Opened::start(home, &reference);
        opened.enter(line);
        opened.wait_for(&BTreeSet::from([line.to_owned()]));
    };
    enters("letters", "before");
    close([first, second]);
    let _both = ["one", "two"].map(|state| open(state, None));
    for name in ["shopping", "letters"] {
        enters(name, "after");
    }
}
