use std::collections::BTreeSet;
use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::sync::Arc;
use std::time::Duration;

use hmac::Mac;
use liveobj_formalisms::Temporal;
use liveobj_types::formalism::{
    Domain, EndpointStructure, Events, Formalism, Formalisms, Formula, Parameter, Structure,
};
use liveobj_types::verdict::{Reason, Witness};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::*;

fn home() -> TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

fn key(byte: u8) -> FactsKey {
    FactsKey::from_bytes(&[byte; 32])
}

fn cache(home: &TempDir) -> FactsCache {
    let cache = FactsCache::open(&home.path().join("facts"));
    cache.expect("it can be used").key(key(1))
}

/// A question of a file that lies with those of the same `alike`.
fn question(alike: u8, number: u8) -> Question {
    let mut digest = [number; 32];
    digest[0] = alike;
    Question(digest)
}

fn fails() -> Verdict {
    Verdict::Fails(Witness::Trace {
        prefix: vec!["!a".to_owned()],
        cycle: vec!["?b".to_owned()],
    })
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("it is ours");
}

#[test]
fn what_one_process_keeps_another_one_finds() {
    let home = home();
    let first = cache(&home);
    first.keep(&question(0, 1), &Verdict::Holds);
    first.keep(&question(0, 2), &fails());
    first.keep(&question(0, 3), &Verdict::Unknown(Reason::Budget));
    let second = cache(&home);
    let fact = |verdict, signed| Some(Fact { verdict, signed });
    assert_eq!(second.find(&question(0, 1)), fact(Verdict::Holds, true));
    assert_eq!(second.find(&question(0, 2)), fact(fails(), false));
    assert_eq!(second.find(&question(0, 3)), None);
    let contents = second.contents().expect("it is readable");
    assert_eq!((contents.signed, contents.refutations), (1, 1));
    assert_eq!(contents.entries(), 2);
    assert_eq!(second.warnings(), [""; 0]);
    let mode = |path: &Path| fs::metadata(path).expect("it is there").mode() & 0o777;
    assert_eq!(mode(first.directory()), 0o700);
    assert_eq!(mode(&first.path(&question(0, 1))), 0o600);
}

#[test]
fn without_a_key_only_refutations_are_kept_and_found() {
    let home = home();
    let open = || FactsCache::open(&home.path().join("facts")).expect("it can be used");
    open().keep(&question(0, 1), &Verdict::Holds);
    open().keep(&question(0, 2), &fails());
    assert!(!open().path(&question(0, 1)).exists());
    assert!(open().find(&question(0, 2)).is_some());
    cache(&home).keep(&question(0, 1), &Verdict::Holds);
    let keyless = open();
    assert_eq!(keyless.find(&question(0, 1)), None);
    assert_eq!(keyless.warnings(), [""; 0], "that is no fault");
    assert_eq!(keyless.contents().expect("it is readable").unsigned, 1);
}

/// Questions that take some steps: what is promised, what is asked for, the answer.
const QUESTIONS: [(&str, &str, &str); 4] = [
    ("reliable", "agreement", "holds"),
    ("durable", "no_creation", "fails"),
    ("atomic", "integrity", "holds"),
    ("single_writer", "integrity", "fails"),
];

fn read(text: &str) -> Formula {
    let event = |name: &str| {
        let parameter = Parameter {
            name: "message".to_owned(),
            domain: Domain::default(),
        };
        (name.to_owned(), vec![parameter])
    };
    let structure = Structure::Endpoint(EndpointStructure {
        received: [event("send")].into(),
        emitted: [event("receive")].into(),
        ..EndpointStructure::default()
    });
    let read = Temporal::new().parse(text, &structure);
    read.unwrap_or_else(|error| panic!("{text}: {error:?}"))
}

fn asked(number: usize) -> Question {
    let (given, asked, _) = QUESTIONS[number];
    let (given, asked) = (read(given), read(asked));
    Question::new(&Temporal::new(), &[&given], &Events::All, &asked, 1_000_000).expect("it has one")
}

/// What is answered with these facts, and the warnings that come of it.
fn answer(home: &TempDir, with: FactsKey, number: usize) -> (Verdict, Vec<String>) {
    let facts = FactsCache::open(&home.path().join("facts")).expect("it can be used");
    let facts = Arc::new(facts.key(with));
    let formalisms = Formalisms::none().with_facts(facts.clone());
    let (given, asked, _) = QUESTIONS[number];
    let (given, asked) = (read(given), read(asked));
    let events = Events::All;
    let verdict = formalisms.implies(&Temporal::new(), &[&given], &events, &asked, 1_000_000);
    (verdict, facts.warnings())
}

/// Each question answered without facts, and the bytes that are kept for it.
fn kept(home: &TempDir) -> Vec<(Verdict, PathBuf, Vec<u8>)> {
    let facts = cache(home);
    (0..QUESTIONS.len())
        .map(|number| {
            let (verdict, warnings) = answer(home, key(1), number);
            assert_eq!(verdict.to_string(), QUESTIONS[number].2);
            assert_eq!(warnings, [""; 0]);
            let path = facts.path(&asked(number));
            let bytes = fs::read(&path).expect("it is kept");
            // And is found again.
            assert_eq!(answer(home, key(1), number), (verdict.clone(), Vec::new()));
            (verdict, path, bytes)
        })
        .collect()
}

#[test]
fn no_byte_of_an_entry_can_change_without_being_noticed() {
    let home = home();
    for (number, (verdict, path, bytes)) in kept(&home).into_iter().enumerate().take(2) {
        for at in 0..bytes.len() {
            let mut other = bytes.clone();
            other[at] ^= 1 << (at % 8);
            fs::write(&path, &other).expect("it is writable");
            let (answered, warnings) = answer(&home, key(1), number);
            assert_eq!(answered, verdict, "byte {at}");
            assert_eq!(warnings.len(), 1, "byte {at}");
            // What was found out instead is in its place.
            assert_eq!(fs::read(&path).expect("it is kept"), bytes, "byte {at}");
        }
        for length in 0..bytes.len() {
            fs::write(&path, &bytes[..length]).expect("it is writable");
            let (answered, warnings) = answer(&home, key(1), number);
            assert_eq!((answered, warnings.len()), (verdict.clone(), 1), "{length}");
        }
    }
}

#[test]
fn entries_of_other_questions_are_not_believed() {
    let home = home();
    let kept = kept(&home);
    for (number, (verdict, path, bytes)) in kept.iter().enumerate() {
        for (other, (.., foreign)) in kept.iter().enumerate() {
            if other == number {
                continue;
            }
            fs::write(path, foreign).expect("it is writable");
            let (answered, warnings) = answer(&home, key(1), number);
            assert_eq!(answered, *verdict);
            assert_eq!(
                warnings,
                [format!(
                    "the fact `{}` was not believed: it answers another question",
                    path.display()
                )]
            );
            fs::write(path, bytes).expect("it is writable");
        }
    }
}

/// All that somebody without the key can write to make a yes of a no.
#[test]
fn no_one_without_the_key_makes_a_yes_of_a_no() {
    let home = home();
    let kept = kept(&home);
    for number in [1, 3] {
        let (verdict, path, _) = &kept[number];
        let forged = |signer: &FactsKey, question: &Question| {
            entry::write(question, &Verdict::Holds, Some(signer)).expect("it is short")
        };
        let question = asked(number);
        let good = forged(&key(1), &question);
        let said = &good[..good.len() - 32];
        // Signed as an earlier version of the format would have been.
        let mut older = [b"lo-fact0", &said[8..]].concat();
        older.extend(key(1).mac(&older).finalize().into_bytes());
        // Of the digest of a question only what the name of the file tells.
        let mut elsewhere = forged(&key(1), &asked(0));
        elsewhere[8..40].copy_from_slice(&question.0);
        for entry in [
            forged(&key(2), &question),
            forged(&key(0), &question),
            [said, &[0; 32]].concat(),
            [said, &Sha256::digest(said)[..]].concat(),
            said.to_vec(),
            older,
            elsewhere,
            kept[0].2.clone(),
        ] {
            fs::write(path, &entry).expect("it is writable");
            let (answered, warnings) = answer(&home, key(1), number);
            assert_eq!(answered, *verdict);
            assert_eq!(warnings.len(), 1);
        }
        // Whoever has the key can, which shows that the above was about that question.
        fs::write(path, good).expect("it is writable");
        assert_eq!(answer(&home, key(1), number), (Verdict::Holds, Vec::new()));
    }
}

#[test]
fn refutations_that_do_not_replay_are_not_believed() {
    let home = home();
    for (number, (verdict, path, _)) in kept(&home).into_iter().enumerate() {
        let history = |what: &str| Witness::History {
            elements: vec!["i1: an instance".to_owned()],
            prefix: vec![what.to_owned()],
            cycle: vec!["-".to_owned()],
        };
        for witness in [
            Witness::Structure,
            Witness::Assignment(vec![("m".to_owned(), "1".to_owned())]),
            Witness::Trace {
                prefix: vec![],
                cycle: vec![],
            },
            history("connect at i1"),
            history("connect at i7"),
        ] {
            let bytes = entry::write(&asked(number), &Verdict::Fails(witness), None);
            fs::write(&path, bytes.expect("it is short")).expect("it is writable");
            let (answered, warnings) = answer(&home, key(1), number);
            assert_eq!(answered, verdict);
            assert_eq!(
                warnings,
                [format!(
                    "the fact `{}` was not believed: its witness does not replay",
                    path.display()
                )]
            );
        }
    }
}

/// A history may hold other events than those that the texts speak of, and refutes all the same.
#[test]
fn a_witness_cannot_write_to_a_terminal() {
    let home = home();
    let (verdict, path, _) = kept(&home).swap_remove(3);
    let Verdict::Fails(Witness::History {
        elements,
        prefix,
        cycle,
    }) = verdict.clone()
    else {
        panic!("{verdict:?} is no history");
    };
    let with = |event: &str| {
        let mut prefix = prefix.clone();
        let connected = prefix.iter().position(|it| it == "connect at i1");
        let after = connected.expect("it connects") + 1;
        prefix.insert(after, format!("handles {event} at i1"));
        Verdict::Fails(Witness::History {
            elements: elements.clone(),
            prefix,
            cycle: cycle.clone(),
        })
    };
    let put = |verdict: &Verdict| {
        // As `write` would, if it did not look.
        let harmless = Verdict::Fails(Witness::Structure);
        let mut bytes = entry::write(&asked(3), &harmless, None).expect("it is short");
        bytes.truncate(41);
        let Verdict::Fails(witness) = verdict else {
            unreachable!("it is a refutation")
        };
        bytes.extend(witness.to_bytes().expect("it is short"));
        let tag = Sha256::digest(&bytes);
        bytes.extend(tag);
        fs::write(&path, bytes).expect("it is writable");
    };
    // Another history, which is true: it can be seen.
    put(&with("more"));
    assert_eq!(answer(&home, key(1), 3), (with("more"), Vec::new()));
    put(&with("\u{1b}[2J"));
    let (answered, warnings) = answer(&home, key(1), 3);
    assert_eq!(answered, verdict);
    assert!(warnings[0].ends_with("its witness holds control characters"));
    assert_eq!(entry::write(&asked(3), &with("\u{1b}[2J"), None), None);
}

#[test]
fn entries_of_another_key_are_replaced_and_refutations_shared() {
    let home = home();
    for (number, (verdict, path, bytes)) in kept(&home).into_iter().enumerate() {
        let (answered, warnings) = answer(&home, key(2), number);
        assert_eq!(answered, verdict);
        assert_eq!(warnings.len(), usize::from(verdict.holds()));
        let now = fs::read(&path).expect("it is kept");
        assert_eq!(now == bytes, verdict.fails());
        assert_eq!(answer(&home, key(2), number), (verdict, Vec::new()));
    }
}

#[test]
fn what_is_no_entry_in_its_place_is_told_and_passed_over() {
    let home = home();
    let facts = cache(&home);
    let [directory, huge, link, pipe] = [1, 2, 3, 4].map(|number| question(0, number));
    fs::create_dir_all(facts.path(&directory).join("below")).expect("it is writable");
    let file = fs::File::create(facts.path(&huge)).expect("it is writable");
    file.set_len(1 << 40).expect("a file may have holes");
    symlink("/dev/zero", facts.path(&link)).expect("it is writable");
    let made = std::process::Command::new("mkfifo")
        .arg(facts.path(&pipe))
        .status();
    assert!(made.expect("mkfifo runs").success());
    for question in [&directory, &huge, &link, &pipe] {
        assert_eq!(facts.find(question), None);
        facts.keep(question, &fails());
    }
    let warnings = facts.warnings();
    assert_eq!(warnings.len(), 1);
    assert!(
        warnings[0].starts_with("4 facts were not believed, the first one `"),
        "{warnings:?}"
    );
    // A directory stays, and all else was replaced.
    assert_eq!(facts.find(&directory), None);
    for question in [&huge, &link, &pipe] {
        assert!(facts.find(question).is_some());
    }
    let contents = facts.contents().expect("it is readable");
    assert_eq!(
        contents.damaged,
        [(facts.path(&directory), "it is no file")]
    );
}

#[test]
fn where_nothing_can_be_written_nothing_is_kept_and_nobody_told() {
    let home = home();
    let facts = cache(&home);
    fs::create_dir(facts.directory()).expect("it is writable");
    fs::write(facts.directory().join("07"), "a file").expect("it is writable");
    facts.keep(&question(7, 1), &fails());
    assert_eq!(facts.find(&question(7, 1)), None);
    // It is not tried again each time.
    facts.keep(&question(8, 1), &fails());
    assert!(!facts.directory().join("08").exists());
    // Nor is what a link leads to changed.
    let elsewhere = home.path().join("elsewhere");
    fs::create_dir(&elsewhere).expect("it is writable");
    symlink(&elsewhere, facts.directory().join("09")).expect("it is writable");
    cache(&home).keep(&question(9, 1), &fails());
    assert_eq!(fs::read_dir(elsewhere).expect("it is there").count(), 0);
}

#[test]
fn there_is_room_for_so_many_and_the_oldest_go_first() {
    let home = home();
    let facts = cache(&home);
    let begin = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
    let age = |path: &Path, seconds: usize| {
        let file = File::open(path).expect("it is there");
        let time = begin + Duration::from_secs(seconds as u64);
        file.set_modified(time).expect("it is ours");
    };
    let draft = facts.directory().join("05/new-0123456789abcdef");
    fs::create_dir_all(facts.directory().join("05")).expect("it is writable");
    fs::write(&draft, "of a process that was killed").expect("it is writable");
    age(&draft, 0);
    let note = facts.directory().join("05/note");
    fs::write(&note, "not ours").expect("it is writable");
    age(&note, 0);
    for number in 1..=MOST_ALIKE + 2 {
        let question = question(5, number as u8);
        facts.keep(&question, &fails());
        age(&facts.path(&question), number);
    }
    let numbers = 1..=MOST_ALIKE + 2;
    let there = numbers.filter(|it| facts.find(&question(5, *it as u8)).is_some());
    assert!(there.eq(3..=MOST_ALIKE + 2));
    assert!(!draft.exists() && note.exists());
}

#[test]
fn clearing_removes_facts_and_nothing_else() {
    let home = home();
    let facts = cache(&home);
    facts.keep(&question(1, 1), &fails());
    facts.keep(&question(2, 1), &Verdict::Holds);
    for other in ["01/note", "note", "01/new-note"] {
        fs::write(facts.directory().join(other), "").expect("it is writable");
    }
    fs::create_dir(facts.directory().join("zz")).expect("it is writable");
    assert_eq!(facts.clear(), Ok(2));
    assert_eq!(facts.contents(), Ok(FactsContents::default()));
    for other in ["01/note", "note", "01/new-note", "zz"] {
        assert!(facts.directory().join(other).exists(), "{other}");
    }
    let absent = FactsCache::open(&home.path().join("absent")).expect("it can be used");
    assert_eq!(absent.clear(), Ok(0));
    assert!(!absent.directory().exists());
}

#[test]
fn several_threads_find_what_was_kept_or_nothing() {
    let home = home();
    std::thread::scope(|scope| {
        for thread in 0..4_u8 {
            let home = &home;
            scope.spawn(move || {
                let facts = cache(home);
                for round in 0..60_u8 {
                    let number = (round.wrapping_mul(7).wrapping_add(thread)) % 40;
                    let question = question(3, number);
                    let verdict = match number % 2 {
                        0 => Verdict::Holds,
                        _ => fails(),
                    };
                    if let Some(fact) = facts.find(&question) {
                        assert_eq!(fact.verdict, verdict);
                    }
                    facts.keep(&question, &verdict);
                }
                assert_eq!(facts.warnings(), [""; 0]);
            });
        }
    });
    let contents = cache(&home).contents().expect("it is readable");
    assert_eq!(contents.damaged, []);
    assert!(contents.entries() >= MOST_ALIKE / 2, "{contents:?}");
}

#[test]
fn a_directory_that_everybody_can_change_is_refused() {
    let home = home();
    let open = |path: &str| FactsCache::open(&home.path().join(path));
    let refused = |path: &str, writable: &str| match open(path) {
        Err(FactsError::WorldWritable { writable: it, .. }) => it.ends_with(writable),
        _ => false,
    };
    fs::create_dir_all(home.path().join("open/below")).expect("it is writable");
    set_mode(&home.path().join("open"), 0o777);
    assert!(refused("open", "open"));
    assert!(refused("open/below", "open"));
    assert!(refused("open/not/there", "open"));
    symlink("open/below", home.path().join("link")).expect("it is writable");
    assert!(refused("link", "open"));
    set_mode(&home.path().join("open"), 0o1777);
    assert!(refused("open", "open"), "anybody adds files");
    assert!(open("open/below").is_ok());
    assert!(open("link").is_ok());
    fs::write(home.path().join("file"), "").expect("it is writable");
    for path in ["file", "file/below"] {
        let error = open(path).expect_err("it is no directory");
        assert!(error.to_string().contains("not a directory"), "{error}");
    }
}

#[test]
fn a_key_that_others_may_read_or_change_is_refused() {
    let home = home();
    let path = home.path().join("key");
    fs::write(&path, [7; 32]).expect("it is writable");
    let read = |mode| {
        set_mode(&path, mode);
        FactsKey::read(&path)
    };
    for mode in [0o600, 0o400, 0o640, 0o440] {
        assert!(read(mode).is_ok(), "{mode:o}");
    }
    for mode in [0o644, 0o604, 0o660, 0o602, 0o666, 0o777] {
        let error = read(mode).expect_err("it is no secret").to_string();
        assert!(error.contains("`chmod 600` it"), "{mode:o}: {error}");
    }
    set_mode(&path, 0o600);
    for (length, fine) in [
        (0, false),
        (31, false),
        (32, true),
        (4096, true),
        (4097, false),
    ] {
        fs::write(&path, vec![7; length]).expect("it is writable");
        assert_eq!(FactsKey::read(&path).is_ok(), fine, "{length}");
    }
    assert!(FactsKey::read(home.path()).is_err());
    assert!(FactsKey::read(&home.path().join("absent")).is_err());
}

#[test]
fn a_key_is_made_once_and_for_its_owner_alone() {
    let home = home();
    let path = home.path().join("a/b/facts.key");
    let keys: Vec<Vec<u8>> = std::thread::scope(|scope| {
        let threads = [(); 4].map(|()| {
            scope.spawn(|| {
                FactsKey::read_or_make(&path).expect("it can be made");
                fs::read(&path).expect("it is there")
            })
        });
        threads
            .into_iter()
            .map(|thread| thread.join().expect("it ends"))
            .collect()
    });
    let different: BTreeSet<_> = keys.iter().collect();
    assert_eq!(different.len(), 1);
    assert_eq!(keys[0].len(), 32);
    assert_ne!(keys[0], [0; 32]);
    assert_eq!(
        fs::metadata(&path).expect("it is there").mode() & 0o777,
        0o600
    );
    let folder = path.parent().expect("it has one");
    assert_eq!(fs::read_dir(folder).expect("it is there").count(), 1);
}

#[test]
fn a_key_file_is_not_touched_before_it_is_needed_and_told_where_it_is_bad() {
    let home = home();
    let path = home.path().join("facts.key");
    let open = || {
        let facts = FactsCache::open(&home.path().join("facts")).expect("it can be used");
        facts.key_file(&path)
    };
    let facts = open();
    facts.keep(&question(0, 2), &fails());
    assert!(facts.find(&question(0, 2)).is_some());
    assert_eq!(facts.contents().map(|it| it.entries()), Ok(1));
    assert!(!path.exists());
    facts.keep(&question(0, 1), &Verdict::Holds);
    assert!(path.exists());
    assert!(open().find(&question(0, 1)).is_some());
    set_mode(&path, 0o644);
    let facts = open();
    assert_eq!(facts.find(&question(0, 1)), None);
    facts.keep(&question(0, 3), &Verdict::Holds);
    assert!(!facts.path(&question(0, 3)).exists());
    assert!(facts.find(&question(0, 2)).is_some());
    let warnings = facts.warnings();
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].contains("others may read"), "{warnings:?}");
}

#[test]
fn nothing_of_a_key_is_shown() {
    assert_eq!(format!("{:?}", key(7)), "FactsKey(…)");
}

/// An answer has one form; whatever else is read, is refused.
#[test]
fn what_is_too_long_is_not_kept() {
    let long = Verdict::Fails(Witness::Trace {
        prefix: vec!["a".repeat(entry::MAX_ENTRY)],
        cycle: vec![],
    });
    assert_eq!(entry::write(&question(0, 1), &long, Some(&key(1))), None);
}
