//! Replicas of one stream of changes.

use super::*;
use crate::random::Random;

const LIMITS: Limits = Limits { value: 1 << 20 };

fn state(entries: &Entries) -> (Vec<(String, Vec<u8>)>, usize) {
    let all = entries.iter();
    let all = all.map(|(name, value)| (name.to_owned(), value.to_vec()));
    (all.collect(), entries.size)
}

fn joined(of: &Entries) -> Entries {
    let mut entries = Entries::new(LIMITS);
    entries.replace(of.iter());
    entries
}

#[test]
fn replicas_that_receive_one_stream_are_equal_wherever_they_joined() {
    let mut refused = 0;
    for seed in 0..10 {
        let mut dice = Random::new(seed);
        let mut replicas = vec![Entries::new(LIMITS)];
        for _ in 0..200 {
            if dice.below(20) == 0 {
                replicas.push(joined(&replicas[0]));
            }
            let name = format!("name {}", dice.below(60));
            let value = vec![dice.next() as u8; dice.below(1 << 20) as usize];
            let kind = dice.below(200);
            let outcomes: Vec<Option<TooLarge>> = replicas
                .iter_mut()
                .map(|entries| match kind {
                    0 => {
                        entries.clear();
                        None
                    }
                    1..8 => {
                        entries.remove(&name);
                        None
                    }
                    _ => entries.put(&name, &value).err(),
                })
                .collect();
            assert!(outcomes.iter().all(|it| *it == outcomes[0]), "seed {seed}");
            refused += usize::from(outcomes[0].is_some());
        }
        assert!(replicas.len() > 2);
        let end = state(&replicas[0]);
        let counted: usize = end.0.iter().map(|(name, value)| size(name, value)).sum();
        assert_eq!(end.1, counted);
        assert!(replicas.iter().all(|it| state(it) == end), "seed {seed}");
    }
    assert!(refused > 10, "the entries are full at times: {refused}");
}

#[test]
fn what_is_too_large_is_not_put() {
    let mut entries = Entries::new(Limits { value: MAX_SIZE });
    let longest = "x".repeat(MAX_NAME);
    assert_eq!(entries.put(&longest, b""), Ok(()));
    assert_eq!(
        entries.put(&(longest.clone() + "x"), b""),
        Err(TooLarge::Name)
    );
    let left = MAX_SIZE - size(&longest, b"") - size("a", b"");
    assert_eq!(entries.put("a", &vec![0; left + 1]), Err(TooLarge::Whole));
    assert_eq!(entries.get("a"), None);
    assert_eq!(entries.put("a", &vec![0; left]), Ok(()));
    assert_eq!(entries.put("b", b""), Err(TooLarge::Whole));
    // What it replaces makes room.
    assert_eq!(entries.put("a", &vec![1; left]), Ok(()));
    let mut small = Entries::new(Limits { value: 3 });
    assert_eq!(small.put("a", b"four"), Err(TooLarge::Value(3)));
}

#[test]
fn going_on_from_others_tells_which_are_others() {
    let mut entries = Entries::new(Limits { value: 3 });
    for (name, value) in [("gone", "1"), ("same", "2"), ("other", "3")] {
        entries.put(name, value.as_bytes()).unwrap();
    }
    let next: [(&str, &[u8]); 4] = [
        ("new", b"4"),
        ("other", b"5"),
        ("same", b"2"),
        ("too large", b"6789"),
    ];
    assert_eq!(entries.replace(next.into_iter()), ["gone", "new", "other"]);
    assert_eq!(entries.iter().len(), 3);
    assert_eq!(entries.replace([].into_iter()).len(), 3);
    assert_eq!(state(&entries), (Vec::new(), 0));
}
