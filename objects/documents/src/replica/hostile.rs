//! Datagrams that no replica wrote: neither the text nor the process comes to harm.

use super::simulation::{Network, World, prose};
use super::*;
use crate::frame::{Chunk, blob_id};
use crate::random::Random;

/// All kinds of datagrams of the protocol, as replicas sent them.
fn captured() -> Vec<Vec<u8>> {
    let mut world = World::new(
        1,
        Network {
            loss: 25,
            repeat: 5,
            delay: 20 * MILLISECOND,
        },
    );
    world.captured = Some(Vec::new());
    let (first, second) = (world.join(), world.join());
    world.with(first, |replica, env| {
        replica.edit(env, 0, 0, &prose(20_000))
    });
    for number in 0..40 {
        world.with(first, |replica, env| replica.edit(env, number * 7, 5, "ä𝄞"));
        world.with(second, |replica, env| replica.append(env, "second"));
        world.run(10 * MILLISECOND);
    }
    world.join();
    world.agree(20 * SECOND);
    world.captured.unwrap()
}

/// Flips bits, cuts, or puts parts of two together.
fn mutate(dice: &mut Random, bytes: &[u8], other: &[u8]) -> Vec<u8> {
    let mut mutated = bytes.to_vec();
    match dice.below(4) {
        0 => {
            for _ in 0..=dice.below(8) {
                let bit = dice.below(bytes.len() as u64 * 8) as usize;
                mutated[bit / 8] ^= 1 << (bit % 8);
            }
        }
        1 => mutated.truncate(dice.below(bytes.len() as u64) as usize),
        2 => {
            mutated.truncate(dice.below(bytes.len() as u64) as usize);
            mutated.extend(&other[dice.below(other.len() as u64) as usize..]);
        }
        _ => {
            let at = dice.below(bytes.len() as u64) as usize;
            mutated[at] = [0, 1, 0x7f, 0x80, 0xff][dice.below(5) as usize];
            mutated.insert(dice.below(bytes.len() as u64) as usize, dice.next() as u8);
        }
    }
    mutated
}

#[test]
fn mutated_datagrams_leave_the_text_unharmed() {
    let captured = captured();
    assert!(
        captured
            .iter()
            .any(|it| matches!(Frame::decode(it), Some(Frame::Missing { .. })))
    );
    let mut world = World::new(2, super::simulation::PERFECT);
    let (target, peer) = (world.join(), world.join());
    world.with(target, |replica, env| {
        replica.edit(env, 0, 0, &prose(5_000))
    });
    world.agree(SECOND);
    let before = world.texts();
    let mut dice = Random::new(3);
    let mut mutants = 0;
    while mutants < 10_000 {
        let [left, right] = [(); 2].map(|()| &captured[dice.below(captured.len() as u64) as usize]);
        let mutated = mutate(&mut dice, left, right);
        if captured.contains(&mutated) {
            continue;
        }
        mutants += 1;
        world.with(target, |replica, env| replica.datagram(env, &mutated));
        if mutants % 100 == 0 {
            world.run(10 * MILLISECOND);
        }
    }
    assert_eq!(world.texts(), before);
    world.with(peer, |replica, env| replica.append(env, "still there"));
    world.agree(SECOND);
    assert!(world.texts()[0].ends_with("still there"));
}

/// Wraps an update so that nothing but the update itself is wrong.
fn forge(update: &[u8]) -> Vec<Vec<u8>> {
    let base = Base::default();
    let blob = blob_id(Purpose::Update, &base, update);
    let count = update.len().div_ceil(CHUNK) as u32;
    let chunks = update.chunks(CHUNK).zip(0..);
    let purpose = Purpose::Update;
    chunks
        .map(|(payload, index)| Chunk {
            blob,
            purpose,
            base,
            index,
            count,
            payload,
        })
        .map(|chunk| Frame::Chunk(chunk).encode())
        .collect()
}

#[test]
fn forged_updates_leave_the_process_unharmed() {
    let mut source = Document::new(77 << 11);
    let mut updates = Vec::new();
    let mut dice = Random::new(4);
    for number in 0..60 {
        let splice = match number % 4 {
            0 => source.lines().append("ä line 𝄞 of text"),
            _ => source
                .lines()
                .edit(dice.below(90) as usize, dice.below(9) as usize, "xyz\n"),
        };
        updates.push(source.edit(&splice).unwrap().unwrap().0);
        updates.push(source.diff(&Version::default()));
    }
    let mut random = Random::new(5);
    let mut random = || random.next();
    let mut env = Env {
        now: 0,
        random: &mut random,
    };
    let mut taken = 0;
    for round in 0..100 {
        let mut target = Replica::new(&mut env);
        target.connected(&mut env);
        for update in &updates[..round] {
            target.document.apply(update);
        }
        for _ in 0..100 {
            let [left, right] =
                [(); 2].map(|()| &updates[dice.below(updates.len() as u64) as usize]);
            let mutated = mutate(&mut dice, left, right);
            let before = target.document.digest();
            for frame in forge(&mutated) {
                env.now += MILLISECOND;
                target.datagram(&mut env, &frame);
                target.timer(&mut env);
            }
            taken += u32::from(target.document.digest() != before);
        }
        works_on(target, &mut env);
    }
    assert!(
        taken > 100,
        "only {taken} got past the reader: the test tests nothing"
    );
}

fn works_on(mut target: Replica, env: &mut Env<'_>) {
    let actions = target.append(env, "still there");
    let shown = actions
        .iter()
        .any(|action| matches!(action, Action::Changed(_)));
    assert!(shown, "{actions:?} {:?}", target.lines());
    assert_eq!(target.lines().visible().last(), Some("still there"));
    let lines: Vec<_> = target.lines().visible().collect();
    assert_eq!(target.document.string(), lines.join("\n") + "\n");
}
