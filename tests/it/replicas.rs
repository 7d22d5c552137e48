//! Replicas of a note in real processes, on a network that loses some of what they send, while one after
//! the other is killed, stopped or closed: nothing that was acknowledged is lost, nothing is doubled, and
//! there is one order.
//!
//! A schedule follows from its seed, but for what the system makes of it. `SEEDS=0..20` in the environment
//! runs these.

use std::collections::BTreeSet;
use std::env;
use std::ops::Range;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use liveobj_tests::dice::Dice;
use liveobj_tests::note::{Opened, Relay, replicated_note};
use liveobj_tests::support::{built, liveobj};

/// Faults of one schedule.
const FAULTS: u64 = 4;
/// After so long who is gone has been left out, and who was left out is back: another one may go, and
/// those who stay are a quorum.
const SETTLED: Duration = Duration::from_millis(4_500);

/// Waits for a random time of less than so many milliseconds.
fn pause(dice: &mut Dice, milliseconds: u64) {
    thread::sleep(Duration::from_millis(dice.below(milliseconds)));
}

/// A place where the note is opened, in one process after the other.
struct Site {
    number: usize,
    opened: Opened,
    runs: usize,
}

/// One schedule.
struct Schedule {
    folder: tempfile::TempDir,
    reference: PathBuf,
    dice: Dice,
    sites: Vec<Site>,
    /// All lines that were entered.
    entered: BTreeSet<String>,
    /// Of each process that is gone, the lines that it has shown.
    shown: Vec<Vec<String>>,
    reported: Vec<String>,
    traces: Vec<PathBuf>,
    _relay: Relay,
}

impl Schedule {
    fn new(seed: u64) -> Schedule {
        let mut dice = Dice(0x9e37_79b9_7f4a_7c15 ^ (seed << 32));
        let folder = tempfile::tempdir().expect("a directory");
        let relay = Relay::start(dice.below(10));
        let reference = folder.path().join("note.liveobject");
        std::fs::write(&reference, replicated_note(relay.port)).expect("it is writable");
        let count = 3 + (seed % 2) as usize;
        let mut schedule = Schedule {
            folder,
            reference,
            dice,
            sites: Vec::new(),
            entered: BTreeSet::new(),
            shown: Vec::new(),
            reported: Vec::new(),
            traces: Vec::new(),
            _relay: relay,
        };
        for number in 0..count {
            let opened = schedule.open(number, 0);
            schedule.sites.push(Site {
                number,
                opened,
                runs: 1,
            });
        }
        schedule
    }

    fn open(&mut self, site: usize, run: usize) -> Opened {
        let path = |name: String| self.folder.path().join(name);
        let (state, trace) = (
            path(format!("{site}.states")),
            path(format!("{site}.{run}.trace")),
        );
        let text = |path: &PathBuf| path.to_str().expect("it is UTF-8").to_owned();
        let (state, file) = (text(&state), text(&trace));
        let options = ["--state", &state, "--save-every", "0ms", "--trace", &file];
        self.traces.push(trace);
        Opened::start_as(self.folder.path(), &self.reference, &[built()], &options)
    }

    /// Opens the note again where it was open.
    fn again(&mut self, site: usize) {
        let (number, run) = (self.sites[site].number, self.sites[site].runs);
        let opened = self.open(number, run);
        let gone = std::mem::replace(&mut self.sites[site].opened, opened);
        self.sites[site].runs += 1;
        self.shown.push(shown(&gone));
        self.reported.extend(gone.reported());
    }

    /// Enters the next line there.
    fn enter(&mut self, site: usize) -> String {
        let number = self.entered.len();
        let site = &mut self.sites[site];
        let line = format!("{number} of run {} of {}", site.runs, site.number);
        site.opened.enter(&line);
        self.entered.insert(line.clone());
        line
    }

    /// Enters a few lines somewhere, but not there.
    fn talk(&mut self, without: Option<usize>) {
        for _ in 0..self.dice.below(6) {
            let site = self.dice.below(self.sites.len() as u64) as usize;
            if Some(site) != without {
                for _ in 0..=self.dice.below(5) {
                    self.enter(site);
                }
            }
            pause(&mut self.dice, 200);
        }
    }

    /// Everybody enters a line, and all see those of all.
    fn agree(&mut self) {
        let last: BTreeSet<String> = (0..self.sites.len()).map(|it| self.enter(it)).collect();
        for site in &self.sites {
            site.opened.wait_for(&last);
        }
    }

    /// Something happens to one of them while the others go on: each kind of fault comes in turn, and
    /// then any.
    fn fault(&mut self, turn: u64) {
        let site = self.dice.below(self.sites.len() as u64) as usize;
        self.talk(None);
        let begun = Instant::now();
        let kind = match turn < 3 {
            true => turn,
            false => self.dice.below(3),
        };
        match kind {
            0 => {
                assert_eq!(self.sites[site].opened.signal("KILL"), None);
                self.talk(Some(site));
                self.again(site);
            }
            1 => {
                self.sites[site].opened.send("STOP");
                self.talk(None);
                pause(&mut self.dice, 4_000);
                self.sites[site].opened.send("CONT");
            }
            _ => {
                let code = self.sites[site].opened.signal("TERM");
                assert_eq!(code, Some(0));
                self.talk(Some(site));
                self.again(site);
            }
        }
        self.talk(None);
        thread::sleep(SETTLED.saturating_sub(begun.elapsed()));
        self.agree();
    }

    /// All are killed, and open again.
    fn all_at_once(&mut self) {
        // Meanwhile all is saved.
        thread::sleep(Duration::from_secs(1));
        for site in &mut self.sites {
            site.opened.signal("KILL");
        }
        for site in 0..self.sites.len() {
            self.again(site);
            pause(&mut self.dice, 500);
        }
    }

    /// The text in the end, as it is shown to who has nothing.
    fn text(&mut self) -> Vec<String> {
        self.agree();
        let opened = self.open(self.sites.len(), 0);
        opened.wait_for(&self.sites[0].opened.printed());
        shown(&opened)
    }

    fn judge(mut self) {
        let text = self.text();
        for site in &self.sites {
            assert_eq!(shown(&site.opened), text, "site {}", site.number);
            self.reported.extend(site.opened.reported());
        }
        let lines: BTreeSet<String> = text.iter().cloned().collect();
        assert_eq!(lines.len(), text.len(), "a line is there twice: {text:#?}");
        let made_up: Vec<&String> = lines.difference(&self.entered).collect();
        assert!(made_up.is_empty(), "nobody entered {made_up:?}");
        // What a process shows of its own was received in the order of all; what it shows of others as well.
        for shown in &self.shown {
            let mut rest = text.iter();
            let lost = shown.iter().find(|line| !rest.any(|it| it == *line));
            assert_eq!(lost, None, "lost, or out of order: {shown:#?} in {text:#?}");
        }
        let gone = |line: &&String| line.contains("gives way") || line.contains("had the state");
        assert_eq!(self.reported.iter().find(gone), None);
        self.monitor();
    }

    /// The traces of all processes keep what the types declare.
    fn monitor(&mut self) {
        // Their traces end with their processes.
        for site in &mut self.sites {
            site.opened.signal("TERM");
        }
        let mut command = liveobj(self.folder.path());
        command.arg("monitor").args(&self.traces);
        let judged = command.output().expect("liveobj runs");
        let judged = String::from_utf8_lossy(&[judged.stdout, judged.stderr].concat()).into_owned();
        println!("{judged}");
        assert!(!judged.contains("  violated "), "{judged}");
        assert!(judged.contains("  open "), "{judged}");
    }
}

/// The lines that a process has shown, in order.
fn shown(opened: &Opened) -> Vec<String> {
    opened.wait_until("anything", |lines| Some(lines.to_vec()))
}

/// The seed of the ordinary test, or those of a soak.
fn seeds() -> Range<u64> {
    let Ok(seeds) = env::var("SEEDS") else {
        return 1..2;
    };
    let (from, to) = seeds.split_once("..").expect("SEEDS=FROM..TO");
    let number = |text: &str| text.parse().expect("SEEDS=FROM..TO");
    number(from)..number(to)
}

#[test]
fn nothing_is_lost_or_doubled_while_processes_are_killed_stopped_and_closed() {
    for seed in seeds() {
        println!("seed {seed}");
        let mut schedule = Schedule::new(seed);
        schedule.agree();
        for turn in 0..FAULTS {
            schedule.fault(turn);
        }
        schedule.all_at_once();
        schedule.judge();
    }
}
