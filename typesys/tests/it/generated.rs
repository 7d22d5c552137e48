//! Generated families of mutually recursive types.

use liveobj_types::types::{Direction, Endpoint, Object, Origin};
use liveobj_types::{CompositeShape, EndpointId, ObjectId, Relations, TypeId, Types, Verdict};
use proptest::prelude::*;

use crate::scope::{Scope, Table};

/// Members of the generated families: values V0…, endpoints E0…, objects O0….
pub const SIZE: usize = 6;

/// A value type; those in a container may be any of the family, as that keeps finite values.
fn value(first: usize) -> impl Strategy<Value = String> {
    let basic = || prop_oneof![Just("u8"), Just("u16"), Just("f32"), Just("string")];
    let basic = basic().prop_map(str::to_owned);
    let later = (first..SIZE).prop_map(|i| format!("V{i}"));
    let any = (0..SIZE).prop_map(|i| format!("V{i}")).boxed();
    let object = (0..SIZE).prop_map(|i| format!("reference<O{i}>"));
    let endpoint = (0..SIZE).prop_map(|i| format!("external<E{i}>"));
    let direct = if first < SIZE {
        later.boxed()
    } else {
        basic.clone().boxed()
    };
    prop_oneof![
        4 => basic.clone(),
        2 => direct,
        2 => any.clone().prop_map(|v| format!("option<{v}>")),
        2 => any.prop_map(|v| format!("list<{v}>")),
        2 => basic.prop_map(|v| format!("option<{v}>")),
        1 => object,
        1 => endpoint,
    ]
}

fn record(index: usize) -> impl Strategy<Value = String> {
    let fields = proptest::collection::btree_map("[ab]", value(index + 1), 0..3);
    (fields, any::<bool>()).prop_map(move |(fields, open)| {
        let mut fields: Vec<String> = fields
            .into_iter()
            .map(|(name, ty)| format!("{name}: {ty}"))
            .collect();
        if open {
            fields.push("..".to_owned());
        }
        format!("record V{index} {{ {} }}\n", fields.join(", "))
    })
}

fn variant(index: usize) -> impl Strategy<Value = String> {
    let payload = proptest::option::of(value(index + 1));
    proptest::collection::btree_map("[xy]", payload, 1..3).prop_map(move |cases| {
        let cases = cases.into_iter().map(|(name, payload)| match payload {
            Some(payload) => format!("{name}({payload})"),
            None => name,
        });
        format!(
            "variant V{index} {{ {} }}\n",
            cases.collect::<Vec<_>>().join(", ")
        )
    })
}

fn constraint(of: &'static str) -> impl Strategy<Value = String> {
    let role = prop_oneof![Just("provides"), Just("requires")];
    let count = format!("instances {of}connected");
    let text = prop_oneof![
        Just(r#"properties "fifo""#.to_owned()),
        Just(r#"properties "causal_order""#.to_owned()),
        Just(r#"properties "best_effort""#.to_owned()),
        Just(r#"properties "reliable, fifo""#.to_owned()),
        Just(r#"quality "fast""#.to_owned()),
        Just(format!(r#"cardinality "at most 2 {count}""#)),
        Just(format!(r#"cardinality "exactly 2 {count}""#)),
        Just(format!(r#"cardinality "between 1 and 2 {count}""#)),
    ];
    (role, text).prop_map(|(role, text)| format!("{role} {text};"))
}

fn endpoint(index: usize) -> impl Strategy<Value = String> {
    let event = (prop_oneof![Just("in"), Just("out")], 0..SIZE, any::<bool>());
    let events = proptest::collection::btree_map("[pq]", event, 0..3);
    let constraints = proptest::collection::vec(constraint(""), 0..2);
    (events, constraints).prop_map(move |(events, constraints)| {
        let events = events
            .into_iter()
            .map(|(name, (direction, payload, open))| {
                let open = if open { ", .." } else { "" };
                format!("{direction} {name}(m: V{payload}{open});")
            });
        let members: Vec<String> = events.chain(constraints).collect();
        format!("endpoint E{index} {{ {} }}\n", members.join(" "))
    })
}

fn object(index: usize) -> impl Strategy<Value = String> {
    let endpoint = (0..SIZE, any::<bool>(), prop::bool::weighted(0.2));
    let more = proptest::option::of(endpoint.clone());
    let constraints = proptest::collection::vec(constraint("of m "), 0..2);
    (endpoint, more, constraints).prop_map(move |(endpoint, more, constraints)| {
        let mut members = String::new();
        for (name, part) in [("m", Some(endpoint)), ("n", more)] {
            let Some((ty, many, mandatory)) = part else {
                continue;
            };
            let (many, mandatory) = (
                if many { " many" } else { "" },
                if mandatory { "mandatory " } else { "" },
            );
            members += &format!("{mandatory}endpoint {name}: E{ty}{many}; ");
        }
        format!(
            "object O{index} {{ {members} {} }}\n",
            constraints.join(" ")
        )
    })
}

pub fn family() -> impl Strategy<Value = String> {
    let values = (0..SIZE).map(|i| prop_oneof![3 => record(i), 1 => variant(i)].boxed());
    let endpoints = (0..SIZE).map(|i| endpoint(i).boxed());
    let objects = (0..SIZE).map(|i| object(i).boxed());
    let all: Vec<_> = values.chain(endpoints).chain(objects).collect();
    all.prop_map(|texts| texts.concat())
}

pub fn names(prefix: &str) -> Vec<String> {
    (0..SIZE).map(|i| format!("{prefix}{i}")).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..Default::default() })]

    #[test]
    fn the_laws_hold_of_generated_families(text in family()) {
        let mut scope = Scope::new(&text);
        let mut value_names = names("V");
        value_names.extend(names("option<V").into_iter().map(|name| name + ">"));
        value_names.extend(["u8", "u16", "option<f32>", "string"].map(str::to_owned));
        value_names.extend((0..SIZE).map(|i| format!("reference<O{i}>")));
        value_names.extend((0..SIZE).map(|i| format!("external<E{i}>")));
        let values: Vec<_> = value_names.iter().map(|name| scope.value(name)).collect();
        let mut endpoint_names = names("E");
        endpoint_names.extend((0..SIZE).map(|i| format!("mirror E{i}")));
        let endpoints: Vec<_> = endpoint_names.iter().map(|name| scope.endpoint(name)).collect();
        let mut object_names = names("O");
        object_names.push("Object".to_owned());
        let objects: Vec<_> = object_names.iter().map(|name| scope.object(name)).collect();

        let mut relations = scope.relations();
        let table = Table::new(&values, |l, r| relations.value_subtype(l, r).verdict);
        table.assert_reflexive(&value_names);
        table.assert_transitive(&value_names);
        let table = Table::new(&objects, |l, r| relations.object_subtype(l, r).verdict);
        table.assert_reflexive(&object_names);
        table.assert_transitive(&object_names);

        let below = Table::new(&endpoints, |l, r| relations.endpoint_subtype(l, r).verdict);
        let matching = Table::new(&endpoints, |l, r| relations.endpoints_match(l, r).verdict);
        below.assert_reflexive(&endpoint_names);
        below.assert_transitive(&endpoint_names);
        matching.assert_symmetric(&endpoint_names);
        below.assert_composes(&matching, &matching, &endpoint_names);
        for i in 0..2 * SIZE {
            for j in 0..2 * SIZE {
                // E and mirror E are SIZE apart; ◁ is ∝ with the mirror.
                let mirrored = matching.verdict(i, (j + SIZE) % (2 * SIZE)).to_string();
                prop_assert_eq!(below.verdict(i, j).to_string(), mirrored, "{} {}", i, j);
            }
        }
    }

    #[test]
    fn an_answer_does_not_depend_on_what_was_asked_before(text in family()) {
        let mut scope = Scope::new(&text);
        let names = names("V");
        let values: Vec<_> = names.iter().map(|name| scope.value(name)).collect();
        let mut relations = scope.relations();
        let warm = Table::new(&values, |l, r| relations.value_subtype(l, r).verdict);
        drop(relations);
        for i in (0..values.len()).rev() {
            for j in (0..values.len()).rev() {
                // What is known does not go with the copy.
                let mut types = scope.types.clone();
                let mut relations = Relations::new(&mut types, &scope.formalisms);
                let cold = relations.value_subtype(values[i], values[j]).verdict;
                prop_assert_eq!(warm.verdict(i, j), &cold, "{} {}", &names[i], &names[j]);
            }
        }
    }

    #[test]
    fn the_verdict_alone_is_that_of_the_judgement(text in family()) {
        let mut scope = Scope::new(&text);
        let values = names("V").into_iter().map(|name| TypeId::Value(scope.value(&name)));
        let mut all: Vec<TypeId> = values.collect();
        all.extend(names("E").iter().map(|name| TypeId::Endpoint(scope.endpoint(name))));
        all.extend(names("O").iter().map(|name| TypeId::Object(scope.object(name))));
        for left in &all {
            for right in &all {
                let mut alone = scope.types.clone();
                let mut alone = Relations::new(&mut alone, &scope.formalisms);
                let mut told = scope.types.clone();
                let mut told = Relations::new(&mut told, &scope.formalisms);
                let judgement = told.subtype(*left, *right);
                prop_assert_eq!(&alone.is_subtype(*left, *right), &judgement.verdict);
                prop_assert_eq!(&alone.is_subtype(*left, *right), &judgement.verdict);
                let least = judgement.mismatches.iter().map(|found| found.problem.verdict());
                let least = least.fold(Verdict::Holds, Verdict::and);
                prop_assert_eq!(least, judgement.verdict, "{:?}", judgement.mismatches);
                let (TypeId::Endpoint(left), TypeId::Endpoint(right)) = (*left, *right) else {
                    continue;
                };
                let judgement = told.endpoints_match(left, right);
                prop_assert_eq!(alone.matches(left, right), judgement.verdict);
            }
        }
    }

    #[test]
    fn explaining_changes_no_verdict_under_any_budget(text in family(), budget in 0..80u64) {
        let mut scope = Scope::new(&text);
        let all: Vec<EndpointId> = names("E").iter().map(|name| scope.endpoint(name)).collect();
        let pairs: Vec<_> = all.iter().flat_map(|l| all.iter().map(|r| (*l, *r))).collect();
        let mut answers = vec![Vec::new(); pairs.len()];
        // Each question is asked alone and with explanations, first the one or the other, between
        // others that were asked before or are asked later.
        let turns: [(bool, Vec<usize>); 2] =
            [(true, (0..pairs.len()).collect()), (false, (0..pairs.len()).rev().collect())];
        for (told_first, order) in turns {
            let mut types = scope.types.clone();
            let mut relations = Relations::new(&mut types, &scope.formalisms);
            relations.budget = budget;
            for index in order {
                let (left, right) = pairs[index];
                let ids = [TypeId::Endpoint(left), TypeId::Endpoint(right)];
                for told in [told_first ^ (index % 2 == 0), !told_first ^ (index % 2 == 0)] {
                    let (below, matches) = if told {
                        let below = relations.endpoint_subtype(left, right);
                        let matches = relations.endpoints_match(left, right);
                        for judgement in [&below, &matches] {
                            let told = judgement.mismatches.is_empty();
                            prop_assert_eq!(told, judgement.verdict.holds());
                        }
                        (below.verdict, matches.verdict)
                    } else {
                        (relations.is_subtype(ids[0], ids[1]), relations.matches(left, right))
                    };
                    answers[index].push((below, matches));
                }
            }
        }
        for (pair, answers) in pairs.iter().zip(&answers) {
            let same = answers.iter().all(|answer| *answer == answers[0]);
            prop_assert!(same, "{:?}: {:?}", pair, answers);
        }
    }

    #[test]
    fn a_subtype_replaces_its_supertype_in_composites(text in family()) {
        let mut scope = Scope::new(&text);
        let objects: Vec<_> = names("O").iter().map(|name| scope.object(name)).collect();
        for i in 0..SIZE {
            for j in (0..SIZE).filter(|j| *j != i) {
                let below = scope.relations().object_subtype(objects[i], objects[j]);
                if !below.verdict.holds() {
                    continue;
                }
                for k in 0..SIZE {
                    replaces(&mut scope, objects[i], objects[j], objects[k])?;
                }
            }
        }
    }
}

/// Whether a connection drops fields.
fn drops(scope: &mut Scope, left: EndpointId, right: EndpointId) -> bool {
    let events = |id| match scope.types.endpoint(id) {
        Endpoint::Events { events, .. } => events.clone(),
        Endpoint::Parameter { .. } => Default::default(),
    };
    let (left, right) = (events(left), events(right));
    let mut relations = scope.relations();
    left.iter()
        .filter_map(|(name, event)| Some((event, right.get(name)?)))
        .any(|(l, r)| match l.direction {
            Direction::Out => relations.lossy(l.payload, r.payload),
            Direction::In => relations.lossy(r.payload, l.payload),
        })
}

/// In a composite of `above` and `other`, connected where they match, `below` takes its place.
fn replaces(
    scope: &mut Scope,
    below: ObjectId,
    above: ObjectId,
    other: ObjectId,
) -> Result<(), TestCaseError> {
    let ends = |types: &Types, id: ObjectId| match types.object(id) {
        Object::Endpoints(body) => body.endpoints.clone(),
        _ => Default::default(),
    };
    let here = ends(&scope.types, above);
    let (replaced, there) = (ends(&scope.types, below), ends(&scope.types, other));
    let mut shape = CompositeShape::default();
    for (name, left) in &here {
        for (peer, right) in &there {
            let end = |of: &str, name: &String| (of.to_owned(), name.clone());
            let used = shape
                .connections
                .iter()
                .flatten()
                .any(|used| *used == end("other", peer));
            if used || !scope.relations().matches(left.ty, right.ty).holds() {
                continue;
            }
            let stays = scope
                .relations()
                .endpoints_match(replaced[name].ty, right.ty);
            prop_assert!(stays.verdict.holds(), "{:?}", stays);
            if replaced[name].many != left.many {
                // A guarantee about the one connection of an endpoint says nothing of an endpoint
                // that may have others, so a requirement that it met may stay: refused, not unsound.
                continue;
            }
            if drops(scope, replaced[name].ty, right.ty) {
                // What the part guarantees here may no longer meet what the other requires.
                continue;
            }
            shape
                .connections
                .push([end("part", name), end("other", peer)]);
            break;
        }
    }
    for (component, name) in here
        .keys()
        .map(|name| ("part", name))
        .chain(there.keys().map(|name| ("other", name)))
    {
        let end = (component.to_owned(), name.clone());
        if !shape.connections.iter().flatten().any(|used| *used == end) {
            shape.exports.insert(format!("{component}_{name}"), end);
        }
    }
    let mut derive = |part: ObjectId| {
        shape.components = [("part".to_owned(), part), ("other".to_owned(), other)].into();
        let body = scope.relations().derive_composite(&shape);
        scope
            .types
            .add_object(Object::Endpoints(body), Origin::default())
    };
    let (left, right) = (derive(below), derive(above));
    let answer = scope.relations().object_subtype(left, right);
    prop_assert!(
        answer.verdict.holds(),
        "{:?}\n{}\n{}",
        answer.mismatches,
        scope.types.declaration(liveobj_types::TypeId::Object(left)),
        scope
            .types
            .declaration(liveobj_types::TypeId::Object(right))
    );
    Ok(())
}

#[test]
fn what_nobody_reads_is_left_open_by_way_of_a_type_without_events() {
    let mut scope = Scope::new(
        "endpoint E0 { in q(); provides quality \"fast\"; }
         endpoint E1 { provides quality \"fast\"; }
         endpoint E2 { out q(); provides quality \"fast\"; }",
    );
    let names = &names("E")[..3];
    let endpoints: Vec<_> = names.iter().map(|it| scope.endpoint(it)).collect();
    let mut relations = scope.relations();
    let below = Table::new(&endpoints, |l, r| relations.endpoint_subtype(l, r).verdict);
    assert!(below.holds(0, 1) && below.holds(1, 2) && !below.holds(0, 2));
    below.assert_transitive(names);
}
