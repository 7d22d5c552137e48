//! The change that a mismatch suggests makes it go away: declarations with one fault are changed as
//! they are told to, until the relation holds.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;
use crate::relation::Change;
use crate::types::Direction;

type Fields = BTreeMap<String, String>;

#[derive(Clone, Debug, PartialEq)]
struct Ends {
    events: BTreeMap<String, (Direction, Fields)>,
    provides: Vec<String>,
    requires: Vec<String>,
    many: bool,
    mandatory: bool,
}

type Declared = BTreeMap<String, Ends>;

fn fields(all: &[(&str, &str)]) -> Fields {
    let all = all
        .iter()
        .map(|(name, ty)| ((*name).to_owned(), (*ty).to_owned()));
    all.collect()
}

fn sound() -> Declared {
    let events = [
        (
            "send",
            Direction::Out,
            fields(&[("body", "u32"), ("size", "u16")]),
        ),
        (
            "receive",
            Direction::In,
            fields(&[("body", "u32"), ("size", "u16")]),
        ),
        ("closed", Direction::In, fields(&[])),
    ];
    let events = events.map(|(name, direction, fields)| (name.to_owned(), (direction, fields)));
    let ends = |many| Ends {
        events: events.clone().into(),
        provides: vec!["KEPT".to_owned()],
        requires: vec!["ASKED".to_owned()],
        many,
        mandatory: !many,
    };
    [
        ("data".to_owned(), ends(false)),
        ("news".to_owned(), ends(true)),
    ]
    .into()
}

fn turned(direction: Direction) -> Direction {
    match direction {
        Direction::In => Direction::Out,
        Direction::Out => Direction::In,
    }
}

fn mirrored(mut ends: Ends) -> Ends {
    for (direction, _) in ends.events.values_mut() {
        *direction = turned(*direction);
    }
    std::mem::swap(&mut ends.provides, &mut ends.requires);
    ends
}

/// The declarations as a text; endpoint types are called `SIDE_NAME`, the object type `SIDE`.
fn text(side: &str, declared: &Declared) -> String {
    let mut text = String::new();
    let mut object = String::new();
    for (name, ends) in declared {
        write!(text, "endpoint {side}_{name} {{ ").unwrap();
        for (event, (direction, fields)) in &ends.events {
            let direction = match direction {
                Direction::In => "in",
                Direction::Out => "out",
            };
            let fields: Vec<String> = fields.iter().map(|(f, ty)| format!("{f}: {ty}")).collect();
            write!(text, "{direction} {event}({}); ", fields.join(", ")).unwrap();
        }
        for given in &ends.provides {
            write!(text, "provides words \"{given}\"; ").unwrap();
        }
        for asked in &ends.requires {
            write!(text, "requires words \"{asked}\"; ").unwrap();
        }
        text += "}\n";
        let mandatory = if ends.mandatory { "mandatory " } else { "" };
        let many = if ends.many { " many" } else { "" };
        write!(object, "{mandatory}endpoint {name}: {side}_{name}{many}; ").unwrap();
    }
    writeln!(text, "object {side} {{ {object}}}").unwrap();
    text
}

fn answer(question: Ask, [left, right]: &[Declared; 2]) -> Judgement {
    let declarations = text("L", left) + &text("R", right);
    match question {
        Ask::Subtype => ask(&declarations, question, "L", "R"),
        Ask::Match => ask(&declarations, question, "L_data", "R_data"),
    }
}

/// What goes wrong in a declaration.
const FAULTS: usize = 17;

fn damage(declared: &mut Declared, fault: usize, endpoint: &str, event: &str) {
    let whole = declared.clone();
    let Some(ends) = declared.get_mut(endpoint) else {
        return;
    };
    let renamed = |name: &str| format!("{name}x");
    match fault {
        0 => {
            let old = ends.events.remove(event).expect("it is there");
            ends.events.insert(renamed(event), old);
        }
        1 => drop(ends.events.remove(event)),
        2 => drop(
            ends.events
                .insert("other".into(), (Direction::Out, fields(&[]))),
        ),
        3 => drop(
            ends.events
                .insert("other".into(), (Direction::In, fields(&[]))),
        ),
        4..=8 => {
            let fields = &mut ends.events.get_mut(event).expect("it is there").1;
            match fault {
                4 => {
                    if let Some(ty) = fields.remove("body") {
                        fields.insert(renamed("body"), ty);
                    }
                }
                5 => drop(fields.remove("body")),
                6 => drop(fields.insert("more".into(), "bool".into())),
                7 => drop(fields.insert("body".into(), "string".into())),
                _ => drop(fields.insert("size".into(), "u64".into())),
            }
        }
        9 => ends.many = !ends.many,
        10 => ends.mandatory = !ends.mandatory,
        11 => ends.provides.clear(),
        12 => ends.provides.push("MORE".into()),
        13 => ends.requires.push("MORE".into()),
        14 => ends.requires.clear(),
        15 => {
            let old = declared.remove(endpoint).expect("it is there");
            declared.insert(renamed(endpoint), old);
        }
        _ => {
            let more = whole["data"].clone();
            declared.insert("other".into(), more);
        }
    }
}

/// Does what is suggested, at the end of the trail.
fn apply(question: Ask, sides: &mut [Declared; 2], mismatch: &Mismatch, change: Change) {
    let at_fault = usize::from(!mismatch.left_at_fault);
    let other = sides[1 - at_fault].clone();
    let side = &mut sides[at_fault];
    let (mut endpoint, mut event, mut field) = ("data", "", "");
    for step in &mismatch.trail {
        match step {
            Step::Endpoint(name) => endpoint = name,
            Step::Event(name) => event = name,
            Step::Field(name) => field = name,
            Step::Constraint { .. } => {}
            step => panic!("nothing leads to {step}"),
        }
    }
    fn rename<V>(all: &mut BTreeMap<String, V>, from: &str, to: String) {
        let old = all.remove(from).expect("what is renamed is there");
        all.insert(to, old);
    }
    let of_endpoint = matches!(
        change,
        Change::Rename {
            what: "endpoint",
            ..
        } | Change::Add {
            what: "endpoint",
            ..
        } | Change::Satisfy { .. }
    );
    if of_endpoint {
        match change {
            Change::Rename { from, to, .. } => rename(side, &from, to),
            Change::Add { name, .. } => drop(side.insert(name.clone(), other[&name].clone())),
            Change::Satisfy { endpoint } => {
                let asked = side[&endpoint].clone();
                sides[1 - at_fault].insert(endpoint, asked);
            }
            _ => unreachable!("it is one of those"),
        }
        return;
    }
    let ends = side.get_mut(endpoint).expect("the trail leads somewhere");
    match change {
        Change::Rename {
            what: "field",
            from,
            to,
        } => {
            rename(
                &mut ends.events.get_mut(event).expect("an event").1,
                &from,
                to,
            );
        }
        Change::Rename { from, to, .. } => rename(&mut ends.events, &from, to),
        Change::Add {
            what: "field",
            name,
        } => {
            let ty = other[endpoint].events[event].1[&name].clone();
            ends.events
                .get_mut(event)
                .expect("an event")
                .1
                .insert(name, ty);
        }
        Change::Add { what, name } => {
            assert_eq!(what, "incoming event");
            let (_, fields) = other[endpoint].events[&name].clone();
            ends.events.insert(name, (Direction::In, fields));
        }
        Change::Remove {
            what: "field",
            name,
        } => {
            let fields = &mut ends.events.get_mut(event).expect("an event").1;
            fields.remove(&name).expect("what is removed is there");
        }
        Change::Remove { name, .. } => {
            ends.events.remove(&name).expect("what is removed is there");
        }
        Change::Replace { found, expected } => {
            let fields = &mut ends.events.get_mut(event).expect("an event").1;
            let old = fields.insert(field.to_owned(), expected);
            assert_eq!(old, Some(found));
        }
        Change::Turn { event } => {
            let (direction, _) = ends.events.get_mut(&event).expect("an event");
            *direction = turned(*direction);
        }
        Change::Mirror { .. } => {
            assert!(matches!(question, Ask::Match));
            *ends = mirrored(ends.clone());
        }
        Change::AddFlag(flag) | Change::RemoveFlag(flag) => {
            let flag = match flag {
                "many" => &mut ends.many,
                _ => &mut ends.mandatory,
            };
            *flag = !*flag;
        }
        Change::Provide { text, .. } => ends.provides.push(text),
        Change::RequireLess { text, .. } => {
            let before = ends.requires.len();
            ends.requires.retain(|asked| *asked != text);
            assert!(ends.requires.len() < before, "what is left out is there");
        }
        change => panic!("no declaration is told to {change}"),
    }
}

/// Changes the sides as suggested until the relation holds.
fn mend(question: Ask, mut sides: [Declared; 2]) -> Result<(), TestCaseError> {
    let mut judgement = answer(question, &sides);
    // A change mends at least the mismatch that it is for, and makes no others.
    for _ in 0..judgement.mismatches.len() {
        let Some(mismatch) = judgement.mismatches.first().cloned() else {
            break;
        };
        let change = mismatch.problem.change();
        let told = mismatch.to_sentence("L", "R");
        prop_assert!(change.is_some(), "nothing is suggested: {}", told);
        let change = change.expect("it was just looked at");
        apply(question, &mut sides, &mismatch, change.clone());
        let after = answer(question, &sides);
        prop_assert!(
            after.mismatches.len() < judgement.mismatches.len(),
            "{told}: {change}: {:?}",
            after.mismatches
        );
        prop_assert!(
            after
                .mismatches
                .iter()
                .all(|left| judgement.mismatches.contains(left))
        );
        judgement = after;
    }
    prop_assert_eq!(judgement, Judgement::holds());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_is_suggested_mends_a_subtyping(
        fault in 0..FAULTS,
        right in any::<bool>(),
        endpoint in prop_oneof![Just("data"), Just("news")],
        event in prop_oneof![Just("send"), Just("receive")],
    ) {
        let mut sides = [sound(), sound()];
        damage(&mut sides[usize::from(right)], fault, endpoint, event);
        mend(Ask::Subtype, sides)?;
    }

    #[test]
    fn what_is_suggested_mends_a_match(
        fault in 0..15_usize,
        right in any::<bool>(),
        event in prop_oneof![Just("send"), Just("receive")],
    ) {
        let peer = sound().into_iter().map(|(name, ends)| (name, mirrored(ends))).collect();
        let mut sides = [sound(), peer];
        damage(&mut sides[usize::from(right)], fault, "data", event);
        mend(Ask::Match, sides)?;
    }
}

#[test]
fn two_endpoints_of_one_type_are_told_to_be_mirrored_and_one_event_to_be_turned() {
    mend(Ask::Match, [sound(), sound()]).unwrap();
    let peer: Declared = sound()
        .into_iter()
        .map(|(name, ends)| (name, mirrored(ends)))
        .collect();
    let mut sides = [sound(), peer];
    sides[1]
        .get_mut("data")
        .unwrap()
        .events
        .get_mut("send")
        .unwrap()
        .0 = Direction::Out;
    let judgement = answer(Ask::Match, &sides);
    assert_eq!(
        judgement.mismatches[0].problem.suggestion().as_deref(),
        Some("let `send` be `in` on one of the two sides")
    );
    mend(Ask::Match, sides).unwrap();
}

#[test]
fn constraints_are_told_in_the_words_of_both_declarations() {
    let sound = sound();
    let shown = |change: fn(&mut Ends), right: usize| {
        let mut sides = [sound.clone(), sound.clone()];
        change(sides[right].get_mut("data").unwrap());
        shown(&answer(Ask::Subtype, &sides))
    };
    expect![[r#"
        fails
        at endpoint `data`: `left` requires words "MORE", and `right` requires words "ASKED"; that allows MORE = no
          remove `requires words "MORE"`, or require less
    "#]]
    .assert_eq(&shown(|ends| ends.requires.push("MORE".into()), 0));
    expect![[r#"
        fails
        at endpoint `data`: `right` provides words "MORE", and `left` provides words "KEPT"; that allows MORE = no
          add `provides words "MORE"` where it is true
    "#]]
    .assert_eq(&shown(|ends| ends.provides.push("MORE".into()), 1));
}
