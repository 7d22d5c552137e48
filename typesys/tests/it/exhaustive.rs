//! All small types.

use crate::scope::{Scope, Table};

/// Value types of every row, recursive ones among them.
const VALUES: &str = "
    record R0 { }                     record R0o { .. }
    record Ra { a: u8 }               record Rao { a: u8, .. }
    record Rw { a: u16 }              record Rwo { a: u16, .. }
    record Rp { a: option<u8> }       record Rpo { a: option<u8>, .. }
    record Rq { a: option<u16> }      record Rqo { a: option<u16>, .. }
    record Rb { b: u8 }               record Rbo { b: u8, .. }
    record Rab { a: u8, b: u8 }       record Rabo { a: u8, b: u8, .. }
    record Rpb { a: option<u8>, b: u8 } record Rpbo { a: option<u8>, b: option<u8>, .. }
    record Rs { a: bool }             record Rso { a: option<bool>, .. }
    record Next { next: option<Next> } record Nexto { next: option<Nexto>, .. }
    enum X { x } enum XY { x, y }
    variant Xa { x(u8) } variant Xw { x(u16) } variant Xp { x(option<u8>) }
    variant Xay { x(u8), y } variant XaY { x(u8), y(u8) }
    type L = list<L>; type LL = list<list<LL>>; type Lo = list<option<Lo>>;";

const MORE_VALUES: [&str; 16] = [
    "bool",
    "u8",
    "u16",
    "s16",
    "f32",
    "option<u8>",
    "option<u16>",
    "option<option<u8>>",
    "list<u8>",
    "option<list<u16>>",
    "option<Ra>",
    "option<Rao>",
    "tuple<u8>",
    "tuple<u16>",
    "map<u8, u8>",
    "map<u8, u16>",
];

fn declared(text: &str) -> impl Iterator<Item = &str> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let kinds = ["record", "enum", "variant", "type", "endpoint", "object"];
    let pairs = words
        .windows(2)
        .filter(move |pair| kinds.contains(&pair[0]));
    pairs.map(|pair| pair[1]).collect::<Vec<_>>().into_iter()
}

/// All of them, and their names.
pub fn values() -> (String, Vec<String>) {
    let names = declared(VALUES).chain(MORE_VALUES).map(str::to_owned);
    (VALUES.to_owned(), names.collect())
}

#[test]
fn subtyping_of_small_values_is_a_preorder() {
    let (text, names) = values();
    let mut scope = Scope::new(&text);
    assert!(names.len() >= 40, "{}", names.len());
    let ids: Vec<_> = names.iter().map(|name| scope.value(name)).collect();
    let mut relations = scope.relations();
    let table = Table::new(&ids, |l, r| relations.value_subtype(l, r).verdict);
    table.assert_reflexive(&names);
    table.assert_transitive(&names);
    assert!(
        table.count() > 2 * names.len(),
        "the relation says little: {}",
        table.count()
    );
    // Loss composes: what is dropped on the way is dropped by the whole, and only that.
    for i in 0..ids.len() {
        for j in (0..ids.len()).filter(|j| table.holds(i, *j)) {
            for k in (0..ids.len()).filter(|k| table.holds(j, *k)) {
                let steps = relations.lossy(ids[i], ids[j]) || relations.lossy(ids[j], ids[k]);
                let whole = relations.lossy(ids[i], ids[k]);
                assert!(steps || !whole, "{}, {}, {}", names[i], names[j], names[k]);
            }
        }
    }
}

/// Endpoint types with up to two events, and with constraints.
pub fn endpoints() -> (String, Vec<String>) {
    let mut text = String::new();
    let mut names = Vec::new();
    let mut add = |members: String| {
        let name = format!("E{}", names.len());
        text += &format!("endpoint {name} {{ {members} }}\n");
        names.push(name);
    };
    let payloads = ["", "x: u8", "x: u16", "x: u8, ..", "x: u8, y: u8"];
    let mut events = vec![String::new()];
    for direction in ["in", "out"] {
        events.extend(payloads.map(|payload| format!("{direction} EVENT({payload});")));
    }
    for a in &events {
        for b in &events {
            add(format!(
                "{} {}",
                a.replace("EVENT", "a"),
                b.replace("EVENT", "b")
            ));
        }
    }
    let texts = [
        "",
        r#"properties "fifo""#,
        r#"properties "causal_order, best_effort""#,
        r#"cardinality "at most 3 instances connected""#,
        r#"cardinality "exactly 3 instances connected""#,
        r#"quality "fast""#,
    ];
    for events in [
        "out a(x: u8, y: u8);",
        "out a(x: u8, ..);",
        "in a(x: u8); out b();",
    ] {
        for provides in texts {
            for requires in texts {
                let clause = |role: &str, text: &str| match text {
                    "" => String::new(),
                    text => format!("{role} {text};"),
                };
                let (provides, requires) =
                    (clause("provides", provides), clause("requires", requires));
                add(format!("{events} {provides} {requires}"));
            }
        }
    }
    (text, names)
}

#[test]
fn the_laws_hold_of_small_endpoints() {
    let (text, names) = endpoints();
    let mut scope = Scope::new(&text);
    let ids: Vec<_> = names.iter().map(|name| scope.endpoint(name)).collect();
    let mirrors: Vec<_> = ids.iter().map(|id| scope.types.mirror(*id)).collect();
    let mut relations = scope.relations();
    let below = Table::new(&ids, |l, r| relations.endpoint_subtype(l, r).verdict);
    let matching = Table::new(&ids, |l, r| relations.endpoints_match(l, r).verdict);
    below.assert_reflexive(&names);
    below.assert_transitive(&names);
    matching.assert_symmetric(&names);
    below.assert_composes(&matching, &matching, &names);
    for (i, name) in names.iter().enumerate() {
        // τ ∝ mirror τ; with ◁ being ∝ with the mirror, that tells types apart where ◁ fails.
        assert!(
            relations
                .endpoints_match(ids[i], mirrors[i])
                .verdict
                .holds(),
            "{name}"
        );
        for (j, other) in names.iter().enumerate() {
            let direct = below.verdict(i, j);
            let mirrored = relations.endpoints_match(ids[i], mirrors[j]).verdict;
            assert_eq!(direct.to_string(), mirrored.to_string(), "{name} {other}");
        }
    }
    assert!(below.count() > 2 * names.len() && matching.count() > 0);
}

/// Object types with up to two endpoints, flags and constraints; the first one is the top.
pub fn objects() -> (String, Vec<String>) {
    let mut text = String::from(
        "endpoint None { } endpoint Out { out a(); } endpoint In { in a(); }
        endpoint Sure { out a(); provides properties \"reliable\"; }\n",
    );
    let mut names = vec!["Object".to_owned()];
    let mut add = |members: String| {
        let name = format!("O{}", names.len());
        text += &format!("object {name} {{ {members} }}\n");
        names.push(name);
    };
    let mut endpoints = vec![String::new()];
    for ty in ["Out", "Sure"] {
        for many in ["", " many"] {
            for mandatory in ["", "mandatory "] {
                endpoints.push(format!("{mandatory}endpoint NAME: {ty}{many};"));
            }
        }
    }
    for x in &endpoints {
        for y in &endpoints {
            add(format!(
                "{} {}",
                x.replace("NAME", "x"),
                y.replace("NAME", "y")
            ));
        }
    }
    for ty in ["None", "In"] {
        add(format!("endpoint x: {ty};"));
    }
    let texts = ["", "at most 3", "exactly 3", "at least 3"];
    for provides in texts {
        for requires in texts {
            let clause = |role: &str, text: &str| match text {
                "" => String::new(),
                text => format!("{role} cardinality \"{text} instances of x connected\";"),
            };
            let (provides, requires) = (clause("provides", provides), clause("requires", requires));
            add(format!("endpoint x: Out many; {provides} {requires}"));
        }
    }
    (text, names)
}

#[test]
fn subtyping_of_small_objects_is_a_preorder() {
    let (text, names) = objects();
    let mut scope = Scope::new(&text);
    let ids: Vec<_> = names.iter().map(|name| scope.object(name)).collect();
    let mut relations = scope.relations();
    let below = Table::new(&ids, |l, r| relations.object_subtype(l, r).verdict);
    below.assert_reflexive(&names);
    below.assert_transitive(&names);
    assert!(
        (0..ids.len()).all(|i| below.holds(i, 0)),
        "everything is below the top"
    );
    assert!(
        (1..ids.len()).all(|i| !below.holds(0, i)),
        "the top is below nothing else"
    );
}
