//! What is said of small compositions, beside their short histories: truth is found here by the
//! definitions of the semantics alone, with nothing that decides.
//!
//! Parts have endpoints that emit and handle events with one of two values. Each connection has two
//! sides, and each side connects, emits and handles by itself: what was emitted may be handled later or
//! never. Each endpoint has one more connection, with a stranger, as objects are shared; strangers do
//! what the part requires of its peers, and anything else.

mod network;
mod random;
mod sentences;
mod world;

use std::collections::BTreeSet;
use std::sync::Arc;

use liveobj_types::relation::{Derivation, Discharge, Rule};
use liveobj_types::resolve::Environment;
use liveobj_types::syntax::parse_type;
use liveobj_types::types::{Object, ObjectBody, Origin};
use liveobj_types::{CompositeShape, Module, ObjectId, Relations, Source, TypeId, Types};

use self::random::Dice;
use self::world::{Channel, End, Happening, World};

/// Types of a world that are well-formed.
fn types(declarations: &str) -> Option<(Types, Arc<Module>)> {
    let source = Source::new("test.lot", declarations);
    let (module, faults) = Module::parse("test", &source, &mut |_| None);
    assert_eq!(faults, [], "{declarations}");
    let mut types = Types::new();
    let faults = types.check_module(&module, &liveobj_formalisms::builtin());
    faults.is_empty().then_some((types, module))
}

/// How often each kind of answer was put to the test.
#[derive(Debug, Default)]
struct Counts {
    worlds: usize,
    stands: usize,
    connections: usize,
    met: usize,
    dropped: usize,
    left: usize,
    circles: usize,
    histories: usize,
}

/// What is said to be so, for parts and places among what they provide, and for parts all of whose
/// requirements are met.
#[derive(Default)]
struct Claims {
    discharged: BTreeSet<(usize, usize)>,
    dropped: BTreeSet<usize>,
}

impl Claims {
    /// From the type of a composite of these parts, in the order in which it lists what they provide.
    fn learn(&mut self, world: &World, parts: &[usize], body: &ObjectBody, counts: &mut Counts) {
        let mut provided = body.provides.iter();
        for part in parts {
            for (place, (_, given)) in world.says[*part].provides.iter().enumerate() {
                let now = provided.next().expect("it is provided all the same");
                if given.is_some() && now.given.is_none() && self.discharged.insert((*part, place))
                {
                    counts.met += 1;
                }
            }
            let names: BTreeSet<String> = world
                .ends_of(*part)
                .into_iter()
                .flat_map(|end| {
                    let own = format!("p{part}/{}", world.ends[end].name);
                    [
                        format!("x{end}"),
                        format!("y{end}"),
                        format!("n/y{end}"),
                        format!("n/{own}"),
                        own,
                    ]
                })
                .collect();
            let mut requires = body.requires.iter();
            let is_left = requires.any(|it| it.renamed.values().any(|it| names.contains(it)));
            if is_left {
                counts.left += 1;
            } else if !world.says[*part].requires.is_empty() && self.dropped.insert(*part) {
                counts.dropped += 1;
            }
        }
    }
}

/// What is told of why it is met is told of all of it, and leads up to what types state outright or
/// under an assumption that is met.
fn explained(
    relations: &mut Relations<'_>,
    shape: &CompositeShape,
    body: &ObjectBody,
    world: &World,
) {
    let all: usize = world.says.iter().map(|said| said.requires.len()).sum();
    let composition = relations.composition(shape);
    assert_eq!(composition.left.len(), body.requires.len());
    assert_eq!(composition.met.len() + composition.left.len(), all);
    let met = composition.met.iter().map(|met| &met.derivation);
    met.for_each(|derivation| is_grounded(derivation, &composition.discharged, None));
    are_grounded(&composition.discharged);
    for (provided, told) in body.provides.iter().zip(&composition.provides) {
        if let Rule::Stated(stated) = &told.derivation.rule {
            assert_eq!(
                provided.given.is_some(),
                stated.assumption.is_some() && stated.met.is_none()
            );
        }
    }
    for sides in &world.channels[..world.inside] {
        let ends = sides.map(|end| &world.ends[end.expect("inside")]);
        let of_part = |end: &End| shape.components[&format!("p{}", end.part)];
        let types = ends.map(|end| match relations.types.object(of_part(end)) {
            Object::Endpoints(body) => body.endpoints[&end.name].ty,
            other => panic!("{other:?}"),
        });
        let grounds = relations.match_grounds(types[0], types[1]);
        let all: usize = ends.iter().map(|end| end.says.requires.len()).sum();
        assert_eq!(grounds.met.len(), all);
        let met = grounds.met.iter().map(|met| &met.derivation);
        met.for_each(|derivation| is_grounded(derivation, &grounds.discharged, None));
        are_grounded(&grounds.discharged);
    }
}

fn are_grounded(discharged: &[Discharge]) {
    for (at, discharge) in discharged.iter().enumerate() {
        is_grounded(&discharge.assumption, discharged, Some(at));
    }
}

/// `at`: it is told of what an assumption at this place follows from.
fn is_grounded(derivation: &Derivation, discharged: &[Discharge], at: Option<usize>) {
    match &derivation.rule {
        Rule::Assumed => panic!("{derivation:?} is taken as given"),
        Rule::Stated(stated) => {
            let met = stated
                .met
                .or(stated.assumption.as_ref().map(|_| usize::MAX));
            let in_order = |met: usize| met < at.unwrap_or(discharged.len());
            let in_circle = |met: usize| at.is_some_and(|at| discharged[at].circle.contains(&met));
            assert!(met.is_none_or(|met| in_order(met) || in_circle(met)));
        }
        rule => {
            let from = rule.from().into_iter();
            from.for_each(|from| is_grounded(from, discharged, at));
        }
    }
}

/// Puts all answers about one world to the test.
fn test(dice: &mut Dice, most: usize, counts: &mut Counts) {
    let seed = dice.0;
    let mut world = World::random(dice);
    let declarations = world.declarations();
    let Some((mut types, module)) = types(&declarations) else {
        return;
    };
    let formalisms = liveobj_formalisms::builtin();
    let mut objects: Vec<ObjectId> = (0..world.parts)
        .map(|part| format!("P{part}"))
        .chain(["Above".to_owned()])
        .map(|name| {
            let source = Source::new("as", name);
            let parsed = parse_type(&source).expect("a name");
            match types.resolve(&module, &source, &parsed, &Environment::new()) {
                Ok(TypeId::Object(id)) => id,
                other => panic!("{other:?}"),
            }
        })
        .collect();
    let above = objects.pop().expect("the last one");
    let end_type = |types: &Types, end: &End| match types.object(objects[end.part]) {
        Object::Endpoints(body) => body.endpoints[&end.name].ty,
        other => panic!("{other:?}"),
    };
    let mut relations = Relations::new(&mut types, &formalisms);
    relations.budget = 100_000;
    let ends = world.ends.clone();
    world.channels.retain(|sides| {
        let types = sides.map(|end| end_type(relations.types, &ends[end.expect("inside")]));
        relations.matches(types[0], types[1]).holds()
    });
    world.inside = world.channels.len();
    world.complete();
    counts.worlds += 1;
    counts.connections += world.inside;

    let name = |end: usize| {
        let end = &world.ends[end];
        (format!("p{}", end.part), end.name.clone())
    };
    let exported = (0..ends.len()).filter(|end| ends[*end].exported);
    let shape = CompositeShape {
        components: (0..world.parts)
            .map(|at| (format!("p{at}"), objects[at]))
            .collect(),
        connections: world.channels[..world.inside]
            .iter()
            .map(|sides| sides.map(|end| name(end.expect("inside"))))
            .collect(),
        exports: exported.map(|end| (format!("x{end}"), name(end))).collect(),
    };
    let body = relations.derive_composite(&shape);
    counts.circles += usize::from(relations.rests_on_circles(&shape));
    explained(&mut relations, &shape, &body, &world);
    let mut claims = Claims::default();
    let all: Vec<usize> = (0..world.parts).collect();
    claims.learn(&world, &all, &body, counts);

    // The same with some of the parts in a composite of their own.
    let is_nested = |end: usize| world.nested.contains(&ends[end].part);
    let crosses = |sides: &&Channel| {
        let [l, r] = sides.map(|end| is_nested(end.expect("inside")));
        l != r
    };
    let pairs = || world.channels[..world.inside].iter();
    let shows = |end: usize| {
        ends[end].exported || pairs().filter(crosses).any(|it| it.contains(&Some(end)))
    };
    let (inner, outer): (Vec<Channel>, Vec<Channel>) =
        pairs().partition(|sides| sides.iter().all(|end| is_nested(end.expect("inside"))));
    let nested = (0..ends.len()).filter(|end| is_nested(*end) && shows(*end));
    let within = CompositeShape {
        components: world
            .nested
            .iter()
            .map(|at| (format!("p{at}"), objects[*at]))
            .collect(),
        connections: inner
            .iter()
            .map(|sides| sides.map(|end| name(end.expect("inside"))))
            .collect(),
        exports: nested.map(|end| (format!("y{end}"), name(end))).collect(),
    };
    let inside = relations.derive_composite(&within);
    claims.learn(&world, &world.nested, &inside, counts);
    let nested = relations
        .types
        .add_object(Object::Endpoints(inside), Origin::default());
    let outer_name = |end: usize| match is_nested(end) {
        true => ("n".to_owned(), format!("y{end}")),
        false => name(end),
    };
    let others: Vec<usize> = all
        .iter()
        .copied()
        .filter(|at| !world.nested.contains(at))
        .collect();
    let components = others.iter().map(|at| (format!("p{at}"), objects[*at]));
    let around = CompositeShape {
        components: components.chain([("n".to_owned(), nested)]).collect(),
        connections: outer
            .iter()
            .map(|sides| sides.map(|end| outer_name(end.expect("inside"))))
            .collect(),
        exports: shape
            .exports
            .keys()
            .map(|name| {
                let end = name[1..].parse().expect("a number");
                (name.clone(), outer_name(end))
            })
            .collect(),
    };
    let whole = relations.derive_composite(&around);
    let order: Vec<usize> = world.nested.iter().chain(&others).copied().collect();
    claims.learn(&world, &order, &whole, counts);
    let mut stands = false;
    for body in [body, whole] {
        let derived = relations
            .types
            .add_object(Object::Endpoints(body), Origin::default());
        stands |= relations.object_subtype(derived, above).verdict.holds();
    }
    counts.stands += usize::from(stands);
    drop(relations);

    let of_ends = |end: &End| !end.says.requires.is_empty();
    let Claims {
        discharged,
        dropped,
    } = claims;
    if discharged.is_empty() && dropped.is_empty() && !stands && !world.ends.iter().any(of_ends) {
        return;
    }

    let told = |history: &[Happening], what: &str| -> ! {
        let ends: Vec<_> = (0..ends.len()).map(name).collect();
        panic!(
            "seed {seed}: {what}\n{declarations}\nnested {:?}, endpoints {ends:?}\nconnections {:?}, exported {:?}\n{history:#?}",
            world.nested, world.channels, shape.exports
        )
    };
    let check = |history: &[Happening]| {
        if stands {
            let exported: Vec<usize> = (0..ends.len()).filter(|end| ends[*end].exported).collect();
            let own = world.own(history, &exported);
            let kept = world
                .above
                .provides
                .iter()
                .all(|(text, _)| text.holds(&own));
            if !kept {
                told(history, "the composite is not what it stands for");
            }
            let outside = world.strangers(history, &exported);
            if world.above.requires.iter().all(|text| text.holds(&outside)) {
                for part in 0..world.parts {
                    for seen in world.peers(history, &world.ends_of(part)) {
                        let mut required = world.says[part].requires.iter();
                        if !required.all(|text| text.holds(&seen)) {
                            told(
                                history,
                                "the composite requires more than what it stands for",
                            );
                        }
                    }
                }
            }
        }
        for (part, text) in &discharged {
            let text = &world.says[*part].provides[*text].0;
            let own = world.own(history, &world.ends_of(*part));
            if !text.holds(&own) {
                told(
                    history,
                    &format!(
                        "p{part} breaks {}",
                        text.text(&|end| format!("{}.", world.ends[end].name))
                    ),
                );
            }
        }
        for part in &dropped {
            for seen in world.peers(history, &world.ends_of(*part)) {
                for text in &world.says[*part].requires {
                    if !text.holds(&seen) {
                        told(
                            history,
                            &format!(
                                "peers of p{part} break {}",
                                text.text(&|end| format!("{}.", world.ends[end].name))
                            ),
                        );
                    }
                }
            }
        }
        for (channel, sides) in world.channels[..world.inside].iter().enumerate() {
            for side in 0..2 {
                let (asking, giving) = (
                    sides[side].expect("inside"),
                    sides[1 - side].expect("inside"),
                );
                for text in &ends[asking].says.requires {
                    let sides: Vec<_> = match text.is_alone() {
                        true => vec![(channel, 1 - side, asking)],
                        false => world
                            .sides_of(giving)
                            .map(|(channel, side)| (channel, side, asking))
                            .collect(),
                    };
                    if !text.holds(&world.seen(history, &sides)) {
                        told(
                            history,
                            &format!(
                                "the peer of {:?} breaks {}",
                                name(asking),
                                text.text(&|_| String::new())
                            ),
                        );
                    }
                }
            }
        }
    };

    // All short histories, as far as they are few, and then some longer ones.
    let mut open = vec![Vec::new()];
    let mut at = 0;
    while at < open.len() {
        let history: Vec<Happening> = open[at].clone();
        at += 1;
        if world.all_kept(&history, true) {
            counts.histories += 1;
            check(&history);
        }
        if open.len() > most {
            continue;
        }
        for happening in world.next(&history) {
            let longer = [&history[..], &[happening]].concat();
            if world.all_kept(&longer, false) {
                open.push(longer);
            }
        }
    }
    for _ in 0..most / 20 {
        let mut history = Vec::new();
        for _ in 0..8 {
            let next = world.next(&history);
            if next.is_empty() {
                break;
            }
            let happening = *dice.of(&next);
            history.push(happening);
            if !world.all_kept(&history, false) {
                history.pop();
                continue;
            }
            if world.all_kept(&history, true) {
                counts.histories += 1;
                check(&history);
            }
        }
    }
}

/// `ORACLE_ROUNDS` and `ORACLE_SEED` ask for more worlds and for others.
#[test]
fn nothing_that_is_met_is_broken_in_a_short_history() {
    let number = |name: &str, default: u64| {
        let set = std::env::var(name).ok();
        set.and_then(|it| it.parse().ok()).unwrap_or(default)
    };
    let mut counts = Counts::default();
    let first = number("ORACLE_SEED", 1);
    for round in first..first + number("ORACLE_ROUNDS", 60) {
        let mut dice = Dice(round.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        test(&mut dice, 150, &mut counts);
    }
    let Counts {
        met,
        dropped,
        left,
        stands,
        ..
    } = counts;
    assert!(
        met > 4 && dropped > 8 && left > 20 && stands > 4,
        "{counts:?}"
    );
}
