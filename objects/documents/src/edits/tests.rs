//! Replicas of one stream: they stay equal, and edits do what their makers meant.

use std::collections::BTreeSet;

use super::*;
use crate::random::Random;

/// An update on its way.
#[derive(Clone, Debug)]
enum Change {
    Append(String),
    Edit { seen: TextVersion, splice: Splice },
}

fn id(run: u64, number: u64) -> UpdateId {
    UpdateId { run, number }
}

fn receive(text: &mut Edits, id: UpdateId, change: &Change) -> Applied {
    match change {
        Change::Append(line) => text.append(id, line),
        Change::Edit { seen, splice } => {
            let edit = TextEdit {
                seen: *seen,
                at: size(splice.at),
                delete: size(splice.delete),
                insert: splice.insert.as_str().into(),
            };
            text.apply(id, &edit)
        }
    }
}

/// Everything that replicas have in common.
fn state(text: &Edits) -> (String, u64, u64, Vec<Recent>) {
    let version = text.version();
    (
        text.lines().text(),
        version.updates,
        version.digest,
        text.recent().cloned().collect(),
    )
}

/// A replica that goes on from the checkpoint of another one.
fn joined(of: &Edits) -> Edits {
    let mut text = Edits::new();
    let (content, recent) = (of.lines().text(), of.recent().cloned());
    text.replace(
        &content,
        of.version(),
        recent.collect::<Vec<_>>().into_iter(),
    );
    text
}

/// An edit of the text as a replica shows it.
fn edit(text: &Edits, at: usize, delete: usize, insert: &str) -> Change {
    let splice = text.edit(at, delete, insert).expect("it changes something");
    let seen = text.version();
    Change::Edit { seen, splice }
}

fn text(of: &str) -> Edits {
    let mut text = Edits::new();
    for (number, line) in (1..).zip(of.lines()) {
        text.append(id(9, number), line).unwrap();
    }
    text
}

/// Two edits of the same text, received one behind the other.
fn both(of: &str, first: (usize, usize, &str), second: (usize, usize, &str)) -> String {
    let mut text = text(of);
    let edits = [first, second].map(|(at, delete, insert)| edit(&text, at, delete, insert));
    for (run, edit) in (1..).zip(&edits) {
        receive(&mut text, id(run, 1), edit).unwrap();
    }
    text.lines().text()
}

#[test]
fn edits_of_one_text_do_both_what_they_were_made_for() {
    assert_eq!(both("hello", (0, 1, "J"), (4, 1, "y")), "Jelly\n");
    assert_eq!(both("hello", (4, 1, "y"), (0, 1, "J")), "Jelly\n");
    assert_eq!(both("ab", (1, 0, "1"), (1, 0, "2")), "a12b\n");
    assert_eq!(both("abcdef", (1, 3, ""), (2, 3, "")), "af\n");
    assert_eq!(both("abcdef", (2, 0, "XY"), (1, 4, "")), "aXYf\n");
    assert_eq!(both("abcdef", (1, 4, ""), (2, 0, "XY")), "aXYf\n");
    assert_eq!(both("ä€𝄞z", (1, 1, "e"), (2, 1, "𝄢")), "äe𝄢z\n");
    assert_eq!(both("one\ntwo", (3, 1, ""), (4, 0, "and ")), "oneand two\n");
}

#[test]
fn lines_that_are_appended_at_the_same_time_stay_two() {
    let mut text = text("one");
    receive(&mut text, id(1, 1), &Change::Append("two".to_owned())).unwrap();
    receive(&mut text, id(2, 1), &Change::Append("three".to_owned())).unwrap();
    assert_eq!(text.lines().text(), "one\ntwo\nthree\n");
}

/// Characters that occur once in a run.
fn fresh(dice: &mut Random, next: &mut u32) -> String {
    let count = dice.below(4) as u32;
    let from = *next;
    *next += count;
    (from..*next)
        .map(|number| char::from_u32(0x4e00 + number).expect("it is a character"))
        .collect()
}

/// Makers that lag behind the stream by as much as chance has it.
#[test]
fn what_was_inserted_stays_unless_its_deletion_was_meant_and_all_replicas_are_equal() {
    let mut concurrent = 0;
    for seed in 0..300 {
        let mut dice = Random::new(seed);
        let mut stream: Vec<(UpdateId, Change)> = Vec::new();
        let mut replicas: Vec<(Edits, usize)> = (0..4).map(|_| (Edits::new(), 0)).collect();
        let (mut inserted, mut deleted) = (BTreeSet::new(), BTreeSet::new());
        let mut next = 0;
        for number in 0..80 {
            let maker = dice.below(4) as usize;
            let (text, received) = &mut replicas[maker];
            let behind = stream.len() - *received;
            for (id, change) in &stream[*received..][..dice.below(behind as u64 + 1) as usize] {
                receive(text, *id, change).unwrap();
                *received += 1;
            }
            concurrent += stream.len() - *received;
            let insert = fresh(&mut dice, &mut next);
            let change = if dice.below(5) == 0 {
                Change::Append(insert.clone())
            } else {
                let shown: Vec<&str> = text.lines().visible().collect();
                let shown: Vec<char> = shown.join("\n").chars().collect();
                let at = dice.below(shown.len() as u64 + 1) as usize;
                let delete = (dice.below(5) as usize).min(shown.len() - at);
                let Some(splice) = text.edit(at, delete, &insert) else {
                    continue;
                };
                deleted.extend(shown[at..at + delete].iter().copied());
                let seen = text.version();
                Change::Edit { seen, splice }
            };
            inserted.extend(insert.chars());
            stream.push((id(maker as u64, number), change));
        }
        // Some join anywhere, and all receive the rest.
        for cut in [0, dice.below(stream.len() as u64) as usize, stream.len()] {
            let mut text = Edits::new();
            for (id, change) in &stream[..cut] {
                receive(&mut text, *id, change).unwrap();
            }
            replicas.push((joined(&text), cut));
        }
        for (text, received) in &mut replicas {
            for (id, change) in &stream[*received..] {
                receive(text, *id, change).unwrap();
            }
        }
        let end = state(&replicas[0].0);
        for (text, _) in &replicas {
            assert_eq!(state(text), end, "seed {seed}");
        }
        let left: Vec<char> = end.0.chars().filter(|it| *it != '\n').collect();
        let expected: BTreeSet<char> = inserted
            .difference(&deleted)
            .copied()
            .filter(|it| *it != '\n')
            .collect();
        assert_eq!(
            left.len(),
            expected.len(),
            "seed {seed}: nothing is doubled"
        );
        assert_eq!(
            left.into_iter().collect::<BTreeSet<_>>(),
            expected,
            "seed {seed}"
        );
    }
    assert!(
        concurrent > 50_000,
        "most edits were concurrent: {concurrent}"
    );
}

/// What shows only the changes shows the text.
#[test]
fn changes_tell_all_of_it() {
    let mut dice = Random::new(5);
    let mut text = Edits::new();
    let mut shown: Vec<String> = Vec::new();
    let mut seen = vec![text.version()];
    for number in 0..500 {
        let splice = Splice {
            at: dice.below(30) as usize,
            delete: dice.below(6) as usize,
            insert: ["a", "b\n", "\n", "c\nd", ""][dice.below(5) as usize].to_owned(),
        };
        let seen_at = seen[seen.len() - 1 - dice.below(seen.len().min(9) as u64) as usize];
        let change = Change::Edit {
            seen: seen_at,
            splice,
        };
        if let Ok(Some(changed)) = receive(&mut text, id(1, number), &change) {
            let end = changed.first + changed.removed;
            shown.splice(changed.first..end, changed.added);
        }
        assert_eq!(text.lines().visible().collect::<Vec<_>>(), shown);
        seen.push(text.version());
    }
}

#[test]
fn an_edit_of_another_text_is_not_made_and_counts() {
    let (mut here, there) = (text("one\ntwo"), text("one"));
    let ahead = edit(&here, 0, 0, "x");
    let mut behind = text("one");
    assert_eq!(
        receive(&mut behind, id(1, 1), &ahead),
        Err(Refusal::Unknown)
    );
    assert_eq!(behind.lines().text(), "one\n");
    assert_eq!(behind.version().updates, there.version().updates + 1);
    // As many updates, but other ones.
    let mut other = Edits::new();
    other.append(id(7, 1), "one").unwrap();
    other.append(id(7, 2), "two").unwrap();
    let foreign = edit(&other, 0, 0, "x");
    assert_eq!(
        receive(&mut here, id(1, 1), &foreign),
        Err(Refusal::Unknown)
    );
    assert_eq!(here.lines().text(), "one\ntwo\n");
}

#[test]
fn an_edit_that_comes_too_late_is_not_made() {
    let mut text = text("one");
    let late = edit(&text, 0, 0, "x");
    let just_in_time = edit(&text, 0, 0, "y");
    // Each update counts for itself and for what it replaces.
    for number in 0..MAX_RECENT as u64 / 2 - 1 {
        text.append(id(1, number), "on").unwrap();
    }
    let mut earlier = joined(&text);
    assert!(receive(&mut earlier, id(2, 1), &just_in_time).is_ok());
    text.append(id(1, 9_999), "on").unwrap();
    text.append(id(1, 10_000), "on").unwrap();
    assert_eq!(receive(&mut text, id(2, 1), &late), Err(Refusal::Unknown));
}

#[test]
fn a_text_that_would_grow_too_long_stays_as_it_is() {
    let mut text = Edits::new();
    let line = "x".repeat(MAX_TEXT - 1);
    text.append(id(1, 1), &line).unwrap();
    assert_eq!(text.append(id(1, 2), ""), Err(Refusal::TooLong));
    let replacement = edit(&text, 0, 1, "y");
    receive(&mut text, id(1, 3), &replacement).unwrap();
    assert_eq!(text.lines().bytes(), MAX_TEXT);
    let joined = joined(&text);
    assert_eq!(state(&joined), state(&text));
    // What somebody made up is cut, between characters.
    let made_up = "x".repeat(MAX_TEXT - 1) + "ä";
    text.replace(&made_up, NOTHING, [].into_iter());
    assert_eq!(text.lines().bytes(), MAX_TEXT - 1);
}

/// Updates and checkpoints that no replica made: they harm nobody, and leave all replicas equal.
#[test]
fn whatever_comes_replicas_stay_equal() {
    let mut refused = 0;
    for seed in 0..200 {
        let mut dice = Random::new(seed);
        let number = |dice: &mut Random| match dice.below(4) {
            0 => dice.next() as u32,
            1 => u32::MAX,
            _ => dice.below(40) as u32,
        };
        let content: String = (0..dice.below(30))
            .map(|_| ['a', '\n', 'ä', '€', '𝄞'][dice.below(5) as usize])
            .collect();
        let version = TextVersion {
            updates: [0, 100, u64::MAX, dice.next()][dice.below(4) as usize],
            digest: dice.below(2),
        };
        let recent = (0..dice.below(20)).map(|_| Recent {
            digest: dice.below(2),
            replaced: (0..dice.below(3))
                .map(|_| Replaced {
                    at: number(&mut dice),
                    deleted: number(&mut dice),
                    inserted: number(&mut dice),
                })
                .collect(),
        });
        let recent: Vec<Recent> = recent.collect();
        let mut replicas = [Edits::new(), text("other")];
        for replica in &mut replicas {
            replica.replace(&content, version, recent.iter().cloned());
        }
        for at in 0..60 {
            let known = replicas[0].version();
            let updates = known.updates.wrapping_sub(dice.below(12));
            let seen = TextVersion {
                updates: if dice.below(9) == 0 {
                    dice.next()
                } else {
                    updates
                },
                digest: match replicas[0].recalled(updates) {
                    Some((_, digest)) if dice.below(4) > 0 => digest,
                    _ => dice.below(2),
                },
            };
            let splice = Splice {
                at: number(&mut dice) as usize,
                delete: number(&mut dice) as usize,
                insert: ["", "x", "\n", "ä\n"][dice.below(4) as usize].to_owned(),
            };
            let change = Change::Edit { seen, splice };
            let [one, other] = &mut replicas;
            let applied = receive(one, id(seed, at), &change);
            refused += usize::from(applied == Err(Refusal::Misfit));
            assert_eq!(receive(other, id(seed, at), &change), applied);
        }
        assert_eq!(state(&replicas[0]), state(&replicas[1]));
    }
    assert!(refused > 100, "{refused}");
}
