//! Groups of real processes over real sockets, as `liveobj members` shows them.

use std::path::{Path, PathBuf};

use liveobj_tests::note::{Opened, Relay, group};
use liveobj_tests::support::{built, liveobj, root};
use serde_json::Value;

/// A folder with the reference of a group on a network of its own.
struct Place {
    folder: tempfile::TempDir,
    reference: PathBuf,
    _relay: Relay,
}

impl Place {
    fn new(loss: u64) -> Place {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let relay = Relay::start(loss);
        let reference = folder.path().join("group.liveobject");
        std::fs::write(&reference, group(relay.port)).expect("it is writable");
        Place {
            folder,
            reference,
            _relay: relay,
        }
    }

    fn member(&self) -> Opened {
        Opened::members(self.folder.path(), &self.reference)
    }

    fn home(&self) -> &Path {
        self.folder.path()
    }

    /// So many members, in the order in which they came: the oldest first.
    fn members<const N: usize>(&self) -> [Opened; N] {
        let mut count = 0;
        let mut members = Vec::new();
        while members.len() < N {
            members.push(self.member());
            count += 1;
            for member in &members {
                view_of(member, count);
            }
        }
        members
            .try_into()
            .unwrap_or_else(|_| unreachable!("there are N"))
    }
}

/// The last view that a member has shown, once it is one of `count` members: its group and number,
/// its members, and the member's own number.
fn view_of(member: &Opened, count: usize) -> (String, Vec<String>, String) {
    let what = format!("a view of {count}");
    member.wait_until(&what, |lines| {
        let views = lines.iter().map(|line| json(line));
        let view = views.rev().find(|line| line["event"] == "view")?;
        let shown = view_of_line(&view);
        (shown.1.len() == count).then_some(shown)
    })
}

/// Waits for an event, and gives the members that it names.
fn event(member: &Opened, name: &str) -> Vec<String> {
    member.wait_until(name, |lines| {
        let mut lines = lines.iter().map(|line| json(line));
        let found = lines.find(|line| line["event"] == name)?;
        Some(found["members"].as_array()?.iter().map(text).collect())
    })
}

fn json(line: &str) -> Value {
    serde_json::from_str(line).expect("each line is JSON")
}

fn text(value: &Value) -> String {
    value.as_str().expect("numbers are texts").to_owned()
}

#[test]
fn two_processes_agree_who_they_are_and_one_that_is_killed_is_missed() {
    let place = Place::new(0);
    let [first, second] = place.members();
    let (there, here) = (view_of(&first, 2), view_of(&second, 2));
    assert_eq!((&there.0, &there.1), (&here.0, &here.1));
    assert_eq!(there.1, [there.2.clone(), here.2.clone()], "oldest first");
    drop(second);
    assert_eq!(event(&first, "suspected"), [here.2]);
    assert_eq!(view_of(&first, 1).1, [there.2]);
}

#[test]
fn a_process_that_was_stopped_is_left_out_and_comes_back_as_another_member() {
    let place = Place::new(0);
    let [first, second, third] = place.members();
    let (_, members, stopped) = view_of(&third, 3);
    third.send("STOP");
    for stays in [&first, &second] {
        assert_eq!(view_of(stays, 2).1, members[..2]);
    }
    third.send("CONT");
    let (id, together, me) = third.wait_until("another number", |lines| {
        let views = lines.iter().map(|line| json(line));
        let view = views.rev().find(|line| line["event"] == "view")?;
        let again = text(&view["me"]) != stopped;
        again.then(|| view_of_line(&view))
    });
    assert_eq!(together[..2], members[..2]);
    assert_eq!(together[2..], [me]);
    for other in [&first, &second] {
        let (there, list, _) = view_of(other, 3);
        assert_eq!((there, list), (id.clone(), together.clone()));
    }
}

fn view_of_line(view: &Value) -> (String, Vec<String>, String) {
    let members = view["members"].as_array().expect("a list");
    let id = format!("{} {}", view["group"], view["number"]);
    (id, members.iter().map(text).collect(), text(&view["me"]))
}

/// Nobody waits until the closed ones are missed: that they are gone is the first that is told.
#[test]
fn members_that_are_closed_are_gone_at_once_and_the_last_one_goes_on() {
    let place = Place::new(0);
    let [mut first, mut second, third] = place.members();
    let (_, _, me) = view_of(&third, 3);
    first.send("TERM");
    second.signal("TERM");
    first.signal("CONT");
    assert_eq!(view_of(&third, 1).1, [me]);
    let told = third.printed();
    let missed = |line: &&String| line.contains("suspected") || line.contains("blocked");
    assert_eq!(told.iter().find(missed), None);
}

#[test]
fn a_process_without_a_quorum_says_so_although_every_tenth_datagram_is_lost() {
    let place = Place::new(10);
    let [first, second, third] = place.members();
    drop(first);
    drop(second);
    let missing = event(&third, "blocked");
    assert!(missing.len() >= 2, "{missing:?}");
}

#[test]
fn who_looks_once_is_a_member_for_a_moment_and_leaves_without_suspicion() {
    let place = Place::new(0);
    let [stays] = place.members();
    let mut command = liveobj(place.home());
    command.arg("members").arg(&place.reference).arg("--once");
    command.arg("--library-path").arg(built());
    let output = command.output().expect("liveobj runs");
    let shown = String::from_utf8(output.stdout).expect("it prints UTF-8");
    assert!(output.status.success(), "{shown}");
    let (_, members, me) = view_of(&stays, 1);
    assert!(shown.contains(": 2 members\n"), "{shown}");
    assert!(shown.contains(&format!("  {me}  oldest\n")), "{shown}");
    assert_eq!(members, [me]);
    let suspected = stays.printed();
    assert!(suspected.iter().all(|line| !line.contains("suspected")));
}

#[test]
fn a_reference_without_members_is_refused_with_what_it_shows() {
    let place = Place::new(0);
    let mut command = liveobj(place.home());
    command.arg("members");
    command.arg(root().join("examples/team-note.liveobject"));
    command.arg("--library-path").arg(built());
    let output = command.output().expect("liveobj runs");
    let error = String::from_utf8(output.stderr).expect("it prints UTF-8");
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(
        error.contains("no endpoint of the type `MembershipService`: it shows none"),
        "{error}"
    );
}
