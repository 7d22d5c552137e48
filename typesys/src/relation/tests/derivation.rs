//! What is told of why constraints are met: one rule at a time, on one line for each.

use super::*;
use super::{short, translation};
use crate::composite::CompositeShape;
use crate::formalism::Law;
use crate::types::ObjectId;

/// A derivation on one line.
fn line(derivation: &Derivation) -> String {
    let Derivation {
        formalism, text, ..
    } = derivation;
    let said = format!("{formalism} \"{text}\"");
    match &derivation.rule {
        Rule::Stated(stated) => {
            let given = match (&stated.assumption, stated.met) {
                (Some(_), Some(met)) => format!(", met by #{met}"),
                (Some(assumption), None) => format!(", given \"{assumption}\""),
                (None, _) => String::new(),
            };
            let by = owner(&stated.by);
            format!("{said} of {by} {}{given}", stated.side.verb())
        }
        Rule::Assumed => format!("{said} assumed"),
        Rule::Repeated { from } => format!("{said} = ({})", line(from)),
        Rule::Implied {
            from,
            laws,
            library,
        } => {
            let from: Vec<String> = from.iter().map(|from| line(from)).collect();
            let law = |law: &Law| format!("{} -> {}", law.premises.join(" & "), law.conclusion);
            let laws: Vec<String> = laws.iter().map(law).collect();
            let by = match laws.is_empty() {
                true => String::new(),
                false => format!(" by {}", laws.join(", ")),
            };
            let library = library.iter().map(|it| format!(" on the word of {it}"));
            let library: String = library.collect();
            format!("{said} <= ({}){by}{library}", from.join("; "))
        }
        Rule::Translated { from } => format!("{said} says ({})", line(from)),
        Rule::Defined { from } => format!("{said} means ({})", line(from)),
        Rule::Surviving { from } => format!("{said} is left of ({})", line(from)),
        Rule::Weakened {
            assumption,
            guarantee,
        } => format!(
            "{said} as ({}) under ({})",
            line(guarantee),
            line(assumption)
        ),
    }
}

fn owner(owner: &Owner) -> String {
    match owner {
        Owner::Left => "left".to_owned(),
        Owner::Right => "right".to_owned(),
        Owner::Component(component) => component.clone(),
        Owner::Endpoint {
            component,
            endpoint,
        } => format!("{component}.{endpoint}"),
    }
}

fn lines(met: &[Met], discharged: &[Discharge]) -> String {
    let mut text = String::new();
    for (at, discharge) in discharged.iter().enumerate() {
        let by = owner(&discharge.by);
        let circle = match &discharge.circle[..] {
            [] => String::new(),
            circle => format!(" in circle {circle:?}"),
        };
        let (said, assumption) = (&discharge.text, line(&discharge.assumption));
        text += &format!("#{at} \"{said}\" of {by}: {assumption}{circle}\n");
    }
    for met in met {
        let trail: Vec<String> = met.trail.iter().map(|step| format!("{step}: ")).collect();
        let by = owner(&met.by);
        let asked = met.asked.verb();
        text += &format!("{}{by} {asked} {}\n", trail.concat(), line(&met.derivation));
    }
    text
}

/// What is told where a match of these two is asked for. The verdict is the same before and after,
/// and what is told is the same whether it is known or not.
fn told(formalisms: &Formalisms, events: [&str; 2], first: &str, second: &str) -> String {
    let [out, back] = events;
    let declarations = format!(
        "record Line {{ text: string, author: string }}
             record Text {{ text: string, .. }}
             endpoint First {{ {out} {first} }}
             endpoint Second {{ {back} {second} }}"
    );
    let (mut types, [left, right]) = two_endpoints(declarations, ["First", "Second"]);
    let mut relations = Relations::new(&mut types, formalisms);
    let grounds = relations.match_grounds(left, right);
    let verdict = relations.matches(left, right);
    assert_eq!(relations.match_grounds(left, right), grounds);
    assert_eq!(relations.matches(left, right), verdict);
    assert!(!grounds.cut);
    drop(relations);
    let judgement = Relations::new(&mut types, formalisms).endpoints_match(left, right);
    assert_eq!(judgement.verdict, verdict);
    let met = grounds.met.len();
    let unmet = judgement.mismatches.iter();
    let unmet = unmet.filter(|it| matches!(it.problem, Problem::Unmet { .. }));
    let asked = second.matches("requires").count() + first.matches("requires").count();
    assert_eq!(met + unmet.count(), asked, "each requirement is met or not");
    lines(&grounds.met, &grounds.discharged)
}

const ONE: [&str; 2] = ["out go();", "in go();"];
const SHORT: [&str; 2] = [
    "out a(); out b(); in c(); in d();",
    "in a(); in b(); out c(); out d();",
];

fn words_told(first: &str, second: &str) -> String {
    told(&formalisms(), ONE, first, second)
}

fn short_told(first: &str, second: &str) -> String {
    told(&short::formalisms(true), SHORT, first, second)
}

#[test]
fn the_same_text_is_told_as_that() {
    expect![[r#"
        right requires words "x y" = (words "y x" of left provides)
    "#]]
    .assert_eq(&words_told(
        r#"provides words "z"; provides words "y x";"#,
        r#"requires words "x y";"#,
    ));
}

#[test]
fn only_the_guarantees_that_are_needed_are_told() {
    let many: String = (0..20)
        .map(|at| format!(r#"provides words "w{at}";"#))
        .collect();
    expect![[r#"
        right requires words "w11 w3" <= (words "w3" of left provides; words "w11" of left provides)
    "#]]
    .assert_eq(&words_told(&many, r#"requires words "w11 w3";"#));
    // What the first ones say, the last ones need not.
    expect![[r#"
        right requires words "x" <= (words "x a" of left provides)
    "#]]
    .assert_eq(&words_told(
        r#"provides words "x a"; provides words "x b";"#,
        r#"requires words "x";"#,
    ));
}

#[test]
fn what_everybody_satisfies_follows_from_nothing() {
    expect![[r#"
        right requires words "never_stop" <= ()
    "#]]
    .assert_eq(&words_told(
        r#"provides words "x";"#,
        r#"requires words "never_stop";"#,
    ));
}

#[test]
fn both_sides_are_told_and_what_is_not_met_is_not() {
    expect![[r#"
        right requires words "x" = (words "x" of left provides)
        left requires words "b" <= (words "b c" of right provides)
    "#]]
    .assert_eq(&words_told(
        r#"provides words "x"; requires words "b";"#,
        r#"requires words "x"; requires words "nobody"; provides words "b c";"#,
    ));
}

#[test]
fn what_a_lossy_conversion_leaves_is_told() {
    let events = ["out go(item: Line);", "in go(item: Text);"];
    expect![[r#"
        right requires words "Kept" = (words "Kept" is left of (words "Kept lost" of left provides))
    "#]]
    .assert_eq(&told(
        &formalisms(),
        events,
        r#"provides words "Kept lost";"#,
        r#"requires words "Kept"; requires words "lost";"#,
    ));
}

#[test]
fn a_chain_of_translations_is_told_with_the_texts_on_the_way() {
    expect![[r#"
        right requires c "0111" = (c "0111" says (b "0111" says (a "0111" <= (a "0001" of left provides))))
        right requires c "0001" = (c "0001" says (b "0001" says (a "0001" of left provides)))
    "#]].assert_eq(&told(
        &translation::row(None),
        ONE,
        r#"provides a "0001"; provides a "0011";"#,
        r#"requires c "0111"; requires c "0001";"#,
    ));
}

#[test]
fn the_word_of_a_library_is_told() {
    let foreign = short::Short {
        alone: true,
        foreign: true,
        ..Default::default()
    };
    expect![[r#"
        right requires short "never ab" <= (short "never a" of left provides) on the word of lib
        right requires short "never a" = (short "never a" of left provides)
    "#]]
    .assert_eq(&told(
        &short::with(foreign),
        SHORT,
        r#"provides short "never a";"#,
        r#"requires short "never ab"; requires short "never a";"#,
    ));
}

#[test]
fn assumptions_are_told_in_the_order_in_which_they_are_met() {
    expect![[r#"
        #0 "never c" of right: short "never d" = (short "never d" of left provides)
        #1 "never a" of left: short "never c" = (short "never c" of right provides, met by #0)
        right requires short "never ab" <= (short "never a" of left provides, met by #1)
    "#]]
    .assert_eq(&short_told(
        r#"provides short "never d"; provides short "never a" given "never c";"#,
        r#"provides short "never c" given "never d"; requires short "never ab";"#,
    ));
}

#[test]
fn a_circle_tells_who_waits_for_whom() {
    expect![[r#"
        #0 "never a" of left: short "never c" = (short "never c" of right provides, met by #1) in circle [0, 1]
        #1 "never c" of right: short "never a" = (short "never a" of left provides, met by #0) in circle [0, 1]
        right requires short "never ab" <= (short "never a" of left provides, met by #0)
    "#]]
    .assert_eq(&short_told(
        r#"provides short "never a" given "never c";"#,
        r#"provides short "never c" given "never a"; requires short "never ab";"#,
    ));
}

#[test]
fn a_conditional_requirement_is_told_by_both_of_its_parts() {
    expect![[r#"
        right requires short "never ab given never c" as (short "never ab" <= (short "never a" of left provides, given "never cd")) under (short "never cd" <= (short "never c" assumed))
    "#]]
    .assert_eq(&short_told(
        r#"provides short "never a" given "never cd";"#,
        r#"requires short "never ab" given "never c";"#,
    ));
}

#[test]
fn a_subtype_tells_where_each_constraint_is_met_and_by_whom() {
    let declarations = r#"
        endpoint Sub { in go(); provides words "x y"; requires words "b"; }
        endpoint Super { in go(); provides words "x"; requires words "b c"; }
        endpoint First { out take(it: reference<Give>); }
        endpoint Second { out take(it: reference<Take>); }
        object Give { endpoint e: Sub; provides words "p q"; }
        object Take { endpoint e: Super; provides words "q"; }
    "#;
    let (mut types, [left, right]) = two_endpoints(declarations.to_owned(), ["First", "Second"]);
    let formalisms = formalisms();
    let mut relations = Relations::new(&mut types, &formalisms);
    let [left, right] = [left, right].map(TypeId::Endpoint);
    let grounds = relations.subtype_grounds(left, right);
    expect![[r#"
        event `take`: field `it`: referenced object: right provides words "q" <= (words "p q" of left provides)
        event `take`: field `it`: referenced object: endpoint `e`: right provides words "x" <= (words "x y" of left provides)
        event `take`: field `it`: referenced object: endpoint `e`: left requires words "b" <= (words "b c" of right requires)
    "#]]
    .assert_eq(&lines(&grounds.met, &grounds.discharged));
}

#[test]
fn sides_change_with_each_event_that_goes_the_other_way() {
    let declarations = r#"
        object Give { provides words "p q"; }
        object Take { provides words "q"; }
        endpoint Ins { in back(it: reference<Take>); }
        endpoint Outs { in back(it: reference<Give>); }
        object Once { endpoint e: Ins; provides words "q"; }
        object Twice { endpoint e: Outs; provides words "p"; provides words "q"; }
        endpoint First { in give(it: reference<Twice>); in plain(it: reference<Take>); }
        endpoint Second { in give(it: reference<Once>); in plain(it: reference<Give>); }
    "#;
    let (mut types, [left, right]) = two_endpoints(declarations.to_owned(), ["First", "Second"]);
    let formalisms = formalisms();
    let mut relations = Relations::new(&mut types, &formalisms);
    let [left, right] = [left, right].map(TypeId::Endpoint);
    let grounds = relations.subtype_grounds(left, right);
    expect![[r#"
        event `give`: field `it`: referenced object: left provides words "q" = (words "q" of right provides)
        event `give`: field `it`: referenced object: endpoint `e`: event `back`: field `it`: referenced object: right provides words "q" <= (words "p q" of left provides)
        event `plain`: field `it`: referenced object: left provides words "q" <= (words "p q" of right provides)
    "#]].assert_eq(&lines(&grounds.met, &grounds.discharged));
}

/// The object type of a name in a library.
fn object(types: &mut Types, module: &Arc<Module>, name: &str) -> ObjectId {
    let source = Source::new("as", name);
    let expr = parse_type(&source).unwrap();
    match types.resolve(module, &source, &expr, &Environment::new()) {
        Ok(TypeId::Object(id)) => id,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_composite_tells_which_part_gives_what_and_what_is_met_inside() {
    let text = r#"
        endpoint Out { out go(); }
        endpoint In { in go(); }
        object Base { endpoint up: Out; provides words "base"; }
        object Middle {
            endpoint down: In;
            endpoint up: Out;
            requires words "base";
            provides words "middle" given "base";
        }
        object Top {
            endpoint down: In;
            requires words "middle";
            requires words "base other";
            provides words "top" given "middle";
        }
        object Lone { requires words "elsewhere"; provides words "lone" given "elsewhere"; }
    "#;
    let source = Source::new("test.lot", text);
    let (module, faults) = Module::parse("test", &source, &mut |_| None);
    assert_eq!(faults, []);
    let mut types = Types::new();
    let mut shape = CompositeShape::default();
    for (name, ty) in [
        ("base", "Base"),
        ("lone", "Lone"),
        ("middle", "Middle"),
        ("top", "Top"),
    ] {
        let ty = object(&mut types, &module, ty);
        shape.components.insert(name.to_owned(), ty);
    }
    for ends in [
        [("base", "up"), ("middle", "down")],
        [("middle", "up"), ("top", "down")],
    ] {
        let ends = ends.map(|(of, name)| (of.to_owned(), name.to_owned()));
        shape.connections.push(ends);
    }
    let formalisms = formalisms();
    let mut relations = Relations::new(&mut types, &formalisms);
    let composition = relations.composition(&shape);
    let body = relations.derive_composite(&shape);
    assert_eq!(composition, relations.composition(&shape));
    let mut text = lines(&composition.met, &composition.discharged);
    for left in &composition.left {
        text += &format!("left: {}\n", line(left));
    }
    for provided in &composition.provides {
        text += &format!("provides {}\n", line(&provided.derivation));
    }
    expect![[r##"
        #0 "middle" of middle: words "base" = (words "base" of base provides)
        #1 "top" of top: words "middle" = (words "middle" of middle provides, met by #0)
        middle requires words "base" = (words "base" of base provides)
        left: words "elsewhere" of lone requires
        left: words "middle" of top requires
        left: words "base other" of top requires
        provides words "base" of base provides
        provides words "lone" of lone provides, given "elsewhere"
        provides words "middle" of middle provides, met by #0
        provides words "top" of top provides, met by #1
    "##]]
    .assert_eq(&text);
    // The type has exactly what is told.
    let told = composition.provides.iter().map(|it| &*it.derivation.text);
    let has = body.provides.iter().map(|it| &*it.text);
    assert!(told.eq(has));
    let told = composition.left.iter().map(|it| &*it.text);
    assert!(told.eq(body.requires.iter().map(|it| &*it.text)));
    let given = composition
        .provides
        .iter()
        .map(|it| match &it.derivation.rule {
            Rule::Stated(stated) => stated.assumption.is_some() && stated.met.is_none(),
            _ => panic!("parts state what a composite provides"),
        });
    assert!(given.eq(body.provides.iter().map(|it| it.given.is_some())));
}
