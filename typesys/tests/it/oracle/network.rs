//! Networks of objects that have one endpoint each, connected wherever their types match: what each
//! requires is kept in random histories, finite ones and such that repeat for ever.
//!
//! An endpoint may have several connections, in documents that do not know of each other. Strangers do
//! what is required of them, and anything else.

use std::collections::BTreeSet;

use liveobj_types::Relations;
use liveobj_types::resolve::Environment;
use liveobj_types::syntax::parse_type;
use liveobj_types::{Source, TypeId};

use super::random::{Dice, atom, of_peer, sentence};
use super::sentences::{Node, Sentence};
use super::types;
use super::world::{Channel, End, Happening, Said, World};

/// Sides of connections, each with the endpoint by whose name it goes.
type Sides = Vec<(usize, usize, usize)>;

/// What is promised at these sides, and to whom: to those who keep the assumption at each of theirs.
struct Promise<'w> {
    own: Sides,
    text: &'w Sentence,
    given: Option<(&'w Sentence, Vec<Sides>)>,
}

/// How often each kind of answer was put to the test.
#[derive(Debug, Default)]
struct Counts {
    connections: usize,
    circles: usize,
    checks: usize,
    endless: usize,
}

impl World {
    fn network(dice: &mut Dice) -> World {
        let parts = 2 + dice.below(2);
        let end = |part: usize| {
            let [first, second] = [["x", "w"], ["y", "z"]].map(Vec::from);
            let (emits, handles) = match part % 2 {
                0 => (first, second),
                _ => (second, first),
            };
            End {
                part,
                name: "e".to_owned(),
                emits,
                handles,
                many: true,
                exported: false,
                says: Said::default(),
            }
        };
        let mut ends: Vec<End> = (0..parts).map(end).collect();
        let mut channels: Vec<Channel> = Vec::new();
        for left in 0..parts {
            for right in left + 1..parts {
                if left % 2 != right % 2 && !dice.one_in(6) {
                    channels.push([Some(left), Some(right)]);
                }
            }
        }
        say(dice, &mut ends, &channels);
        World {
            parts,
            says: vec![Said::default(); parts],
            above: Said::default(),
            nested: Vec::new(),
            inside: channels.len(),
            ends,
            channels,
            matters: BTreeSet::new(),
            connects: BTreeSet::new(),
            values: false,
            at_once: dice.one_in(3),
        }
    }

    /// What everybody promises.
    fn promises(&self) -> Vec<Promise<'_>> {
        let mut all = Vec::new();
        for (end, it) in self.ends.iter().enumerate() {
            let own: Sides = self
                .sides_of(end)
                .map(|(channel, side)| (channel, side, end))
                .collect();
            let facing = own.iter().map(|(channel, side, _)| (*channel, 1 - side));
            let facing: Vec<(usize, usize)> = facing.collect();
            for (text, given) in &it.says.provides {
                let Some(given) = given else {
                    let own = own.clone();
                    all.push(Promise {
                        own,
                        text,
                        given: None,
                    });
                    continue;
                };
                // What is assumed of each connection by itself is about those with the owner.
                let peers: Vec<Sides> = facing
                    .iter()
                    .map(|(channel, side)| match self.channels[*channel][*side] {
                        Some(peer) if !given.is_alone() => {
                            let all = self.sides_of(peer);
                            all.map(|(channel, side)| (channel, side, end)).collect()
                        }
                        _ => vec![(*channel, *side, end)],
                    })
                    .collect();
                if !(text.is_alone() && given.is_alone()) {
                    all.push(Promise {
                        own: own.clone(),
                        text,
                        given: Some((given, peers)),
                    });
                    continue;
                }
                for (own, peer) in own.iter().zip(peers) {
                    all.push(Promise {
                        own: vec![*own],
                        text,
                        given: Some((given, vec![peer])),
                    });
                }
            }
            let strangers = facing.iter();
            let strangers = strangers.filter(|it| self.channels[it.0][it.1].is_none());
            let own: Sides = strangers.map(|it| (it.0, it.1, end)).collect();
            all.extend(it.says.requires.iter().map(|text| Promise {
                own: own.clone(),
                text,
                given: None,
            }));
        }
        all
    }
}

/// Like the sentences of compositions, and more that promise something, or rest on the order.
fn any(dice: &mut Dice, ends: &[End], own: &[usize], of_peers: bool) -> Sentence {
    let a = atom(dice, ends, own, of_peers);
    let b = atom(dice, ends, own, of_peers);
    let unary = |operator, inner| Node::Unary(operator, Box::new(inner));
    let binary = |operator, left, right| Node::Binary(operator, Box::new(left), Box::new(right));
    let not = |inner| unary('!', inner);
    Sentence::of(match dice.below(10) {
        0 => unary('F', a),
        1 => unary('G', unary('F', a)),
        2 => unary('F', unary('G', not(a))),
        3 => binary('>', unary('F', a), unary('F', b)),
        4 => unary(
            'G',
            binary('>', a.clone(), unary('Y', binary('S', not(a), b))),
        ),
        _ => return sentence(dice, ends, own, of_peers),
    })
}

/// What all say; what they assume and require is often what a peer provides.
fn say(dice: &mut Dice, ends: &mut [End], channels: &[Channel]) {
    let provided: Vec<Vec<Sentence>> = (0..ends.len())
        .map(|end| {
            let count = 1 + dice.below(2);
            (0..count).map(|_| any(dice, ends, &[end], false)).collect()
        })
        .collect();
    for end in 0..ends.len() {
        let known = provided.iter().flatten();
        let known = known.filter_map(|text| of_peer(text, ends, &[end], channels));
        let known: Vec<Sentence> = known.collect();
        let asked = |dice: &mut Dice| match known.is_empty() || dice.one_in(6) {
            true => any(dice, ends, &[end], true),
            false => dice.of(&known).clone(),
        };
        let mut said = Said::default();
        for text in &provided[end] {
            let given = (!dice.one_in(4)).then(|| asked(dice));
            let also = !dice.one_in(4);
            said.requires.extend(given.clone().filter(|_| also));
            said.provides.push((text.clone(), given));
        }
        if dice.one_in(2) {
            said.requires.push(asked(dice));
        }
        ends[end].says = said;
    }
}

fn test(dice: &mut Dice, walks: usize, counts: &mut Counts) {
    let seed = dice.0;
    let mut world = World::network(dice);
    let declarations = world.declarations();
    let Some((mut types, module)) = types(&declarations) else {
        return;
    };
    let formalisms = liveobj_formalisms::builtin();
    let ends: Vec<_> = (0..world.parts)
        .map(|part| {
            let source = Source::new("as", format!("P{part}e"));
            let parsed = parse_type(&source).expect("a name");
            match types.resolve(&module, &source, &parsed, &Environment::new()) {
                Ok(TypeId::Endpoint(id)) => id,
                other => panic!("{other:?}"),
            }
        })
        .collect();
    let mut relations = Relations::new(&mut types, &formalisms);
    relations.budget = 100_000;
    let mut matches = |sides: &Channel, queued: bool| {
        let [left, right] = sides.map(|end| ends[end.expect("a part")]);
        relations.queued = queued;
        relations.matches(left, right).holds()
    };
    world.channels.retain(|sides| matches(sides, false));
    world.inside = world.channels.len();
    let circles = world.channels.iter().filter(|it| !matches(it, true));
    let circles = circles.count();
    // Between nodes there are none.
    world.at_once |= circles > 0;
    if !world.ends.iter().any(|end| !end.says.requires.is_empty()) || world.inside == 0 {
        return;
    }
    counts.connections += world.inside;
    counts.circles += circles;
    // Two documents may have the same two.
    if dice.one_in(3) {
        let again = world.channels[dice.below(world.inside)];
        world.channels.push(again);
        world.inside += 1;
    }
    world.complete();
    for _ in 0..walks {
        walk(dice, &world, counts, &|history, cycle, what| {
            panic!(
                "seed {seed}: {what}\n{declarations}\n{:?}\n{history:#?}, {cycle} repeat",
                world.channels
            )
        });
    }
}

/// Goes on as long as everybody keeps what it promises, and tells what does not hold then.
fn walk(
    dice: &mut Dice,
    world: &World,
    counts: &mut Counts,
    told: &dyn Fn(&[Happening], usize, &str),
) {
    let promises = world.promises();
    // Nobody breaks a promise before its assumption is broken.
    let goes_on = |all: &[Happening]| {
        let before = &all[..all.len() - 1];
        let refuted = |text: &Sentence, sides: &Sides, all| text.refuted(&world.seen(all, sides));
        promises.iter().all(|promise| {
            let given = promise.given.as_ref();
            !refuted(promise.text, &promise.own, all)
                || given.is_some_and(|(given, peers)| {
                    peers.iter().any(|peer| refuted(given, peer, before))
                })
        })
    };
    let mut history: Vec<Happening> = Vec::new();
    for _ in 0..2 + dice.below(8) {
        let next = world.next(&history);
        if next.is_empty() {
            return;
        }
        history.push(*dice.of(&next));
        if !goes_on(&history) {
            history.pop();
            continue;
        }
        for cycle in 0..=history.len().min(3) {
            if cycle > 0 && !may_repeat(world, &history, cycle, &goes_on) {
                continue;
            }
            let holds = |text: &Sentence, sides: &Sides| {
                text.holds(&world.seen_for_ever(&history, cycle, sides))
            };
            let kept = promises.iter().all(|promise| {
                let given = promise.given.as_ref();
                holds(promise.text, &promise.own)
                    || given.is_some_and(|(given, peers)| peers.iter().any(|it| !holds(given, it)))
            });
            if !kept {
                continue;
            }
            counts.endless += usize::from(cycle > 0);
            for channel in 0..world.inside {
                for side in 0..2 {
                    let [asking, giving] =
                        [side, 1 - side].map(|side| world.channels[channel][side]);
                    let (asking, giving) = (asking.expect("inside"), giving.expect("inside"));
                    for text in &world.ends[asking].says.requires {
                        let sides = match text.is_alone() {
                            true => vec![(channel, 1 - side, asking)],
                            false => {
                                let all = world.sides_of(giving);
                                all.map(|(channel, side)| (channel, side, asking)).collect()
                            }
                        };
                        counts.checks += 1;
                        if !holds(text, &sides) {
                            let text = text.text(&|_| String::new());
                            told(&history, cycle, &format!("P{giving} breaks {text}"));
                        }
                    }
                }
            }
        }
    }
}

/// Whether the last happenings may repeat for ever. What is handled has been emitted before: so it is
/// where both happen at once; and connections begin once.
fn may_repeat(
    world: &World,
    history: &[Happening],
    cycle: usize,
    goes_on: &dyn Fn(&[Happening]) -> bool,
) -> bool {
    use super::sentences::Connects;
    let repeated = &history[history.len() - cycle..];
    if !world.at_once || repeated.iter().any(|it| it.deed == Connects) {
        return false;
    }
    let mut all = history.to_vec();
    (0..2).all(|_| {
        repeated.iter().all(|it| {
            all.push(*it);
            goes_on(&all)
        })
    })
}

/// `ORACLE_ROUNDS` and `ORACLE_SEED` ask for more networks and for others.
#[test]
fn what_is_required_of_peers_is_kept_in_networks() {
    let number = |name: &str, default: u64| {
        let set = std::env::var(name).ok();
        set.and_then(|it| it.parse().ok()).unwrap_or(default)
    };
    let mut counts = Counts::default();
    let first = number("ORACLE_SEED", 1);
    for round in first..first + number("ORACLE_ROUNDS", 150) {
        let mut dice = Dice(round.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        test(&mut dice, 40, &mut counts);
    }
    let Counts {
        connections,
        circles,
        checks,
        endless,
    } = counts;
    assert!(
        connections > 20 && circles > 2 && checks > 1_000 && endless > 100,
        "{counts:?}"
    );
}
