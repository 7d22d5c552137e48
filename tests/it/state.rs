//! State in real processes: resumed after an orderly end and after SIGKILL, used by one at a time.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use liveobj_tests::dice::Dice;
use liveobj_tests::note::Opened;
use liveobj_tests::support::{built, liveobj};

/// A note of one process: it is on a channel that nobody else is on.
const NOTE: &str = r#"<liveobject xmlns="urn:liveobj:reference:1">
  <composite>
    <component name="network">
      <parameterized>
        <template><external name="local_channel" library="liveobj:channels"/></template>
        <parameter name="Message"><type>bytes</type></parameter>
        <parameter name="name"><value>alone</value></parameter>
      </parameterized>
    </component>
    <component name="note"><external name="shared_text" library="liveobj:documents"/></component>
    <component name="screen"><external name="console" library="liveobj:standard"/></component>
    <connection>
      <endpoint of="note" name="channel"/><endpoint of="network" name="channel"/>
    </connection>
    <connection>
      <endpoint of="note" name="text"/><endpoint of="screen" name="text"/>
    </connection>
  </composite>
</liveobject>
"#;

/// A folder with a note and the directory of its state.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Place {
        let folder = tempfile::tempdir().expect("a temporary directory");
        fs::write(folder.path().join("note.liveobject"), NOTE).expect("it is writable");
        Place { folder }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn reference(&self) -> PathBuf {
        self.path().join("note.liveobject")
    }

    fn states(&self) -> PathBuf {
        self.path().join("states")
    }

    /// Opens the note. It is saved as often as possible, so that many a kill falls into a save.
    fn open(&self) -> Opened {
        let states = self.states();
        let states = states.to_str().expect("it is UTF-8");
        let options = ["--state", states, "--save-every", "0ms"];
        Opened::start_as(self.path(), &self.reference(), &[built()], &options)
    }

    /// The state file; none before the first save.
    fn file(&self) -> Option<PathBuf> {
        let entries = fs::read_dir(self.states()).ok()?;
        let mut paths = entries.map(|entry| entry.expect("an entry").path());
        paths.find(|path| path.extension().is_some_and(|end| end == "state"))
    }

    /// What is saved, as somebody finds it at any time.
    fn saved(&self) -> Option<Vec<u8>> {
        let read = |file| fs::read(file).expect("a file that is replaced is always there");
        self.file().map(read)
    }
}

/// A line of its own: `number` is its place in the text, `round` when it was entered.
fn line(number: usize, round: usize) -> String {
    format!("line {number:06} of round {round}.")
}

/// How many of `lines`, from the first on, a saved state holds. The CRDT keeps inserted text as it
/// is.
fn held(saved: &[u8], lines: &[String]) -> usize {
    let holds = |line: &String| {
        let mut windows = saved.windows(line.len());
        windows.any(|window| window == line.as_bytes())
    };
    lines.partition_point(holds)
}

/// Kills a note `kills` times, at random points of its life, and looks each time at what it resumes
/// with. Gives the number of lines at the end, how often it was killed before that was seen, and how
/// often in the middle of writing a state.
fn kill_and_resume(seed: u64, kills: usize) -> [usize; 3] {
    let place = Place::new();
    let held = |lines: &[String]| place.saved().map_or(0, |saved| held(&saved, lines));
    let mut dice = Dice(seed);
    // What the last completed save holds.
    let mut lines: Vec<String> = Vec::new();
    let (mut early, mut interrupted) = (0, 0);
    for round in 0..kills {
        let mut note = place.open();
        if dice.below(8) == 0 {
            thread::sleep(Duration::from_micros(dice.below(120_000)));
            early += 1;
        } else {
            // All that it shows before a new line is what it resumed with.
            let resumed = lines.len();
            lines.push(line(resumed, round));
            note.enter(&lines[resumed]);
            let shown = note.wait_for_line(&lines[resumed]);
            assert_eq!(shown, lines, "a text is resumed as it was last saved");
            for _ in 0..dice.below(12) {
                lines.push(line(lines.len(), round));
                note.enter(&lines[lines.len() - 1]);
                thread::sleep(Duration::from_micros(dice.below(4_000)));
            }
            thread::sleep(Duration::from_micros(dice.below(20_000)));
        }
        // What somebody has seen saved stays saved.
        let seen = held(&lines);
        drop(note);
        interrupted += usize::from(place.states().join("new").exists());
        let left = held(&lines);
        assert!(left >= seen, "{left} of {seen} lines are left");
        // What was not saved is lost, as if it had never been.
        lines.truncate(left);
    }
    [lines.len(), early, interrupted]
}

#[test]
fn a_note_that_is_killed_at_random_points_resumes_with_its_last_completed_save() {
    const KILLS: usize = 104;
    built();
    let runs: Vec<_> = [0x9E37_79B9_7F4A_7C15, 0xD1B5_4A32_D192_ED03]
        .map(|seed| thread::spawn(move || kill_and_resume(seed, KILLS)))
        .into_iter()
        .map(|run| run.join().expect("nothing was lost or torn"))
        .collect();
    for [kept, early, interrupted] in runs {
        // It is not that nothing was ever saved, or that all were killed alike.
        assert!(kept > KILLS, "only {kept} lines were kept");
        assert!((1..KILLS / 2).contains(&early), "{early} were killed early");
        assert!(interrupted > 0, "none was killed while it wrote a state");
    }
}

#[test]
fn a_note_that_is_ended_by_a_signal_or_by_its_time_has_saved_everything() {
    let place = Place::new();
    let states = place.states();
    let states = states.to_str().expect("it is UTF-8");
    // In the background it would be saved in an hour.
    let options = ["--state", states, "--save-every", "1h"];
    let open = || Opened::start_as(place.path(), &place.reference(), &[built()], &options);
    let mut lines: Vec<String> = Vec::new();
    for (round, signal) in ["INT", "TERM", "HUP"].into_iter().enumerate() {
        let mut note = open();
        lines.push(line(round, round));
        note.enter(&lines[round]);
        assert_eq!(note.wait_for_line(&lines[round]), lines);
        assert_eq!(note.signal(signal), Some(0));
    }
    let output = liveobj(place.path())
        .arg("open")
        .arg(place.reference())
        .args(["--library-path", built().to_str().expect("it is UTF-8")])
        .args(["--state", states, "--for", "300ms"])
        .output()
        .expect("liveobj runs");
    assert!(output.status.success());
    let shown = String::from_utf8(output.stdout).expect("it is UTF-8");
    assert_eq!(shown.lines().collect::<Vec<_>>(), lines);
}

#[test]
fn two_processes_do_not_use_one_directory() {
    let place = Place::new();
    let mut first = place.open();
    first.enter("first");
    first.wait_for_line("first");
    let refused = liveobj(place.path())
        .arg("open")
        .arg(place.reference())
        .args(["--library-path", built().to_str().expect("it is UTF-8")])
        .arg("--state")
        .arg(place.states())
        .output()
        .expect("liveobj runs");
    assert_eq!(refused.status.code(), Some(1));
    let expected = format!(
        "error: the state directory `{}` is in use by process {}: close that first, or use another \
         directory\n",
        place.states().display(),
        first.id()
    );
    assert_eq!(String::from_utf8_lossy(&refused.stderr), expected);
    // Whoever was killed no longer uses it.
    drop(first);
    let mut second = place.open();
    second.enter("second");
    second.wait_for_line("second");
}

#[test]
fn a_damaged_state_is_named_and_left_alone() {
    let place = Place::new();
    let mut note = place.open();
    note.enter("kept");
    note.wait_for_line("kept");
    assert_eq!(note.signal("TERM"), Some(0));
    let file = place.file().expect("it was saved");
    let mut bytes = fs::read(&file).expect("it is there");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&file, &bytes).expect("it is writable");
    let refused = liveobj(place.path())
        .arg("open")
        .arg(place.reference())
        .args(["--library-path", built().to_str().expect("it is UTF-8")])
        .arg("--state")
        .arg(place.states())
        .output()
        .expect("liveobj runs");
    assert_eq!(refused.status.code(), Some(1));
    let expected = format!(
        "error: `{}` is not a saved state: its bytes are not those that were written; to begin \
         without it, move the file away\n",
        file.display()
    );
    assert_eq!(String::from_utf8_lossy(&refused.stderr), expected);
    assert_eq!(fs::read(&file).expect("it is there"), bytes);
    fs::rename(&file, place.path().join("away")).expect("it moves");
    let mut note = place.open();
    note.enter("anew");
    assert_eq!(note.wait_for_line("anew"), ["anew"]);
}
