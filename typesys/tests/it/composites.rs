//! Derived types of composites.

use std::collections::BTreeMap;

use liveobj_types::types::{ObjectBody, Origin};
use liveobj_types::{CompositeShape, TypeId, types::Object};

use crate::scope::Scope;

const DECLARATIONS: &str = r#"
    endpoint Channel { in send(); out receive(); }
    endpoint Sure { in send(); out receive(); provides cardinality "at most 3 instances connected"; }
    object Network { endpoint channel: Channel many; endpoint control: Channel;
        provides cardinality "at most 5 instances of channel connected"; }
    object Single { endpoint channel: Sure; }
    object User { mandatory endpoint network: mirror Channel; endpoint text: Channel many;
        provides cardinality "at most 2 instances of text connected";
        requires properties "fifo"; }
    object Limited { endpoint network: mirror Channel;
        requires cardinality "at most 4 instances of network connected"; }
    object Fifo { endpoint channel: Channel; provides properties "causal_order"; }
    object Whole { endpoint network: mirror Channel; requires properties "fifo";
        requires properties "total_order"; requires quality "fast"; }"#;

fn end(component: &str, endpoint: &str) -> (String, String) {
    (component.to_owned(), endpoint.to_owned())
}

/// Components as `name: type`, connections and exports as `component.endpoint`.
pub fn shape(
    scope: &mut Scope,
    components: &[(&str, &str)],
    connections: &[[&str; 2]],
    exports: &[(&str, &str)],
) -> CompositeShape {
    let split = |text: &str| {
        let (component, endpoint) = text.split_once('.').unwrap();
        end(component, endpoint)
    };
    CompositeShape {
        components: components
            .iter()
            .map(|(name, ty)| ((*name).to_owned(), scope.object(ty)))
            .collect(),
        connections: connections.iter().map(|ends| ends.map(split)).collect(),
        exports: exports
            .iter()
            .map(|(name, of)| ((*name).to_owned(), split(of)))
            .collect(),
    }
}

fn derive(
    scope: &mut Scope,
    components: &[(&str, &str)],
    connections: &[[&str; 2]],
    exports: &[(&str, &str)],
) -> ObjectBody {
    let shape = shape(scope, components, connections, exports);
    scope.relations().derive_composite(&shape)
}

fn texts(constraints: &[liveobj_types::types::Constraint]) -> Vec<&str> {
    constraints
        .iter()
        .map(|constraint| &*constraint.text)
        .collect()
}

#[test]
fn exports_keep_their_flags() {
    let mut scope = Scope::new(DECLARATIONS);
    let body = derive(
        &mut scope,
        &[("user", "User")],
        &[],
        &[("below", "user.network"), ("text", "user.text")],
    );
    let names: Vec<&String> = body.endpoints.keys().collect();
    assert_eq!(names, ["below", "text"]);
    assert!(body.endpoints["below"].mandatory && !body.endpoints["below"].many);
    assert!(body.endpoints["text"].many && !body.endpoints["text"].mandatory);
}

#[test]
fn constraints_speak_of_exported_names_or_of_hidden_ones() {
    let mut scope = Scope::new(DECLARATIONS);
    let components = [("net", "Network"), ("user", "User")];
    let connections = [["net.channel", "user.network"]];
    let body = derive(
        &mut scope,
        &components,
        &connections,
        &[("line", "user.text")],
    );
    assert_eq!(texts(&body.provides).len(), 2);
    assert_eq!(body.provides[0].renamed["channel"], "net/channel");
    assert_eq!(body.provides[1].renamed["text"], "line");
    // `control` is neither exported nor spoken of.
    assert_eq!(body.hidden.keys().collect::<Vec<_>>(), ["net/channel"]);
}

#[test]
fn an_endpoint_under_several_names_is_spoken_of_by_none() {
    let mut scope = Scope::new(DECLARATIONS);
    let exports = [("one", "net.channel"), ("two", "net.channel")];
    let body = derive(&mut scope, &[("net", "Network")], &[], &exports);
    assert_eq!(body.endpoints.len(), 2);
    assert_eq!(body.provides[0].renamed["channel"], "net/channel");
    // What is converted with loss under either name concerns the constraint.
    assert_eq!(body.provides[0].renamed["one"], "one");
    assert_eq!(body.provides[0].renamed["two"], "two");
    assert_eq!(body.hidden.keys().collect::<Vec<_>>(), ["net/channel"]);
}

#[test]
fn which_part_a_constraint_speaks_of_is_part_of_the_identity() {
    let mut scope = Scope::new(
        r#"endpoint E { out say(); }
        object One { endpoint a: E; provides properties "fifo"; }
        object Other { endpoint b: E; }
        object Both { endpoint a: E; endpoint b: E; provides properties "fifo"; }"#,
    );
    let apart = derive(
        &mut scope,
        &[("one", "One"), ("other", "Other")],
        &[],
        &[("a", "one.a"), ("b", "other.b")],
    );
    let together = derive(
        &mut scope,
        &[("both", "Both")],
        &[],
        &[("a", "both.a"), ("b", "both.b")],
    );
    let mut identity = |body| {
        let id = scope
            .types
            .add_object(Object::Endpoints(body), Origin::default());
        scope.types.identity(TypeId::Object(id))
    };
    let [apart, together] = [apart, together].map(&mut identity);
    let declared = scope.object("Both");
    // What is converted with loss at `b` concerns the constraint of one of the two only.
    assert_ne!(apart, together);
    assert_eq!(together, scope.types.identity(TypeId::Object(declared)));
}

#[test]
fn composites_nest() {
    let mut scope = Scope::new(DECLARATIONS);
    let inner = derive(
        &mut scope,
        &[("net", "Network")],
        &[],
        &[("plug", "net.control")],
    );
    let inner = scope
        .types
        .add_object(Object::Endpoints(inner), Origin::default());
    let mut shape = CompositeShape::default();
    shape.components.insert("inner".to_owned(), inner);
    shape
        .exports
        .insert("plug".to_owned(), end("inner", "plug"));
    let body = scope.relations().derive_composite(&shape);
    assert_eq!(
        body.provides[0].renamed,
        BTreeMap::from([
            ("channel".to_owned(), "inner/net/channel".to_owned()),
            ("control".to_owned(), "plug".to_owned()),
        ])
    );
    assert_eq!(
        body.hidden.keys().collect::<Vec<_>>(),
        ["inner/net/channel"]
    );
}

#[test]
fn a_requirement_that_the_parts_meet_is_dropped() {
    let mut scope = Scope::new(DECLARATIONS);
    let kept = derive(&mut scope, &[("user", "User")], &[], &[]);
    assert_eq!(texts(&kept.requires), ["fifo"]);
    let met = derive(&mut scope, &[("fifo", "Fifo"), ("user", "User")], &[], &[]);
    assert!(met.requires.is_empty());
}

#[test]
fn requirements_are_dropped_in_whole_sets_per_formalism() {
    let mut scope = Scope::new(DECLARATIONS);
    let body = derive(
        &mut scope,
        &[("fifo", "Fifo"), ("whole", "Whole")],
        &[],
        &[],
    );
    assert_eq!(texts(&body.requires), ["fifo", "total_order", "fast"]);
}

#[test]
fn what_a_connected_endpoint_guarantees_meets_requirements_on_its_only_connection() {
    let mut scope = Scope::new(DECLARATIONS);
    let components = [("limited", "Limited"), ("single", "Single")];
    let apart = derive(&mut scope, &components, &[], &[]);
    assert_eq!(apart.requires.len(), 1);
    let connections = [["limited.network", "single.channel"]];
    let connected = derive(&mut scope, &components, &connections, &[]);
    assert!(connected.requires.is_empty(), "{:?}", connected.requires);
}

#[test]
fn what_a_peer_may_emit_counts_against_what_is_required_of_it() {
    let mut scope = Scope::new(
        r#"
        endpoint Call { in ask(); out answer(); }
        endpoint Listen { in answer(); }
        object Oracle { endpoint service: Call; requires temporal "G !service.ask@*"; }
        object Client { endpoint use: mirror Call; }
        object Listener { endpoint use: Listen; }
        object Public { endpoint use: Listen many; }
        object Shop { endpoint use: mirror Call many; }"#,
    );
    for (peer, kept) in [
        ("Client", true),
        ("Listener", false),
        ("Public", false),
        ("Shop", true),
    ] {
        let components = [("oracle", "Oracle"), ("peer", peer)];
        let connections = [["oracle.service", "peer.use"]];
        let body = derive(&mut scope, &components, &connections, &[]);
        assert_eq!(!body.requires.is_empty(), kept, "{peer}");
    }
    let exported = derive(
        &mut scope,
        &[("oracle", "Oracle")],
        &[],
        &[("service", "oracle.service")],
    );
    assert_eq!(texts(&exported.requires), ["G !service.ask@*"]);
}

#[test]
fn what_a_part_handles_says_nothing_of_what_its_peers_emit() {
    let mut scope = Scope::new(
        r#"
        endpoint E { in x(); }
        object B { endpoint e: E;
            provides temporal "G !e.x@*"; requires temporal "G !e.x@*";
            provides quality "without e.x"; requires quality "without e.x"; }
        object A { endpoint o: mirror E; }"#,
    );
    let components = [("a", "A"), ("b", "B")];
    let body = derive(&mut scope, &components, &[["a.o", "b.e"]], &[]);
    assert_eq!(texts(&body.requires), ["without e.x", "G !e.x@*"]);
}

#[test]
fn guarantees_that_contradict_each_other_meet_nothing() {
    let mut scope = Scope::new(
        r#"
        endpoint One { in a(); provides cardinality "exactly 1 instances connected"; }
        endpoint Bare { in a(); }
        object A { endpoint ch: One; }
        object Calm { endpoint ch: Bare; }
        object B { endpoint e: mirror Bare;
            provides cardinality "at least 2 instances of e connected"; }
        object X { endpoint z: Bare many;
            requires cardinality "at least 1000 instances of z connected"; }
        object Y { endpoint z: Bare many; requires properties "fifo"; }
        object F { endpoint z: Bare many; provides properties "fifo"; }"#,
    );
    let components = [("a", "A"), ("b", "B"), ("f", "F"), ("x", "X"), ("y", "Y")];
    let body = derive(&mut scope, &components, &[["a.ch", "b.e"]], &[]);
    // One formalism's contradiction is none of another.
    assert_eq!(
        texts(&body.requires),
        ["at least 1000 instances of z connected"]
    );
}

#[test]
fn contradictory_premises_imply_only_what_they_say() {
    let mut scope = Scope::new(
        r#"
        endpoint Bare { in a(); }
        object A { endpoint e: Bare many; endpoint f: Bare many;
            provides cardinality "at least 3 instances of e connected"; }
        object B { endpoint e: Bare many; endpoint f: Bare many;
            provides cardinality "at most 2 instances of e connected"; }
        object Same { endpoint e: Bare many;
            provides cardinality "at most 2 instances of e connected"; }
        object Other { endpoint e: Bare many; endpoint f: Bare many;
            provides cardinality "at least 9 instances of f connected"; }"#,
    );
    let [mut both, more] = ["A", "B"].map(|name| {
        let id = scope.object(name);
        match scope.types.object(id) {
            Object::Endpoints(body) => body.clone(),
            other => panic!("{other:?}"),
        }
    });
    both.provides.extend(more.provides);
    let both = scope
        .types
        .add_object(Object::Endpoints(both), Origin::default());
    let (same, other) = (scope.object("Same"), scope.object("Other"));
    let mut relations = scope.relations();
    assert!(relations.object_subtype(both, same).verdict.holds());
    let answer = relations.object_subtype(both, other);
    assert_eq!(answer.verdict.to_string(), "unknown");
}

#[test]
fn a_derived_type_is_compared_by_the_names_that_its_constraints_use() {
    let mut scope = Scope::new(DECLARATIONS);
    let mut derived = |exports: &[(&str, &str)]| {
        let body = derive(&mut scope, &[("net", "Network")], &[], exports);
        scope
            .types
            .add_object(Object::Endpoints(body), Origin::default())
    };
    let same = derived(&[("channel", "net.channel"), ("control", "net.control")]);
    let swapped = derived(&[("control", "net.channel"), ("channel", "net.control")]);
    let network = scope.object("Network");
    let mut relations = scope.relations();
    assert!(relations.object_subtype(same, network).verdict.holds());
    assert!(relations.object_subtype(network, same).verdict.holds());
    assert!(
        relations
            .subtype(TypeId::Object(swapped), TypeId::Object(network))
            .verdict
            .fails()
    );
}

#[test]
fn each_part_speaks_of_its_own_endpoints_under_their_exported_names() {
    let mut scope = Scope::new(
        r#"
        endpoint Out { out say(m: u8); }
        object Silent { endpoint next: Out; provides temporal "G !next.say@*"; }
        object Once { endpoint next: Out; provides temporal "at most once next.say(m)"; }
        object Both { endpoint x: Out; endpoint y: Out;
            provides temporal "G !x.say@*"; provides temporal "at most once y.say(m)"; }"#,
    );
    let mut is_both = |x: &str, y: &str| {
        let components = [("a", "Silent"), ("b", "Once")];
        let body = derive(&mut scope, &components, &[], &[("x", x), ("y", y)]);
        let derived = scope
            .types
            .add_object(Object::Endpoints(body), Origin::default());
        let both = scope.object("Both");
        let answer = scope.relations().object_subtype(derived, both);
        answer.verdict.holds()
    };
    assert!(is_both("a.next", "b.next"));
    assert!(!is_both("b.next", "a.next"));
}

/// A derived type against itself with one exported endpoint of a type that drops a field.
fn with_loss_at(exports: &[(&str, &str)], lossy: &str) -> liveobj_types::Verdict {
    let mut scope = Scope::new(
        r#"
        record Line { text: string, author: string }
        record Text { text: string, .. }
        endpoint Lines { out line(m: Line); }
        endpoint Texts { out line(m: Text); }
        object Ordered { endpoint feed: Lines many; provides properties "fifo"; }
        object Plain { endpoint feed: Lines many; }"#,
    );
    let components = [("ordered", "Ordered"), ("plain", "Plain")];
    let left = derive(&mut scope, &components, &[], exports);
    let mut right = left.clone();
    right.endpoints.get_mut(lossy).expect("it is exported").ty = scope.endpoint("Texts");
    let [left, right] = [left, right].map(|body| {
        scope
            .types
            .add_object(Object::Endpoints(body), Origin::default())
    });
    scope.relations().object_subtype(left, right).verdict
}

#[test]
fn loss_at_one_part_leaves_the_guarantees_of_the_others() {
    let exports = [("ordered", "ordered.feed"), ("plain", "plain.feed")];
    assert!(with_loss_at(&exports, "plain").holds());
    assert_eq!(with_loss_at(&exports, "ordered").to_string(), "unknown");
}

#[test]
fn loss_counts_under_every_name_of_an_endpoint() {
    let exports = [("one", "ordered.feed"), ("two", "ordered.feed")];
    assert_eq!(with_loss_at(&exports, "one").to_string(), "unknown");
    assert_eq!(with_loss_at(&exports, "two").to_string(), "unknown");
}

#[test]
fn nesting_hides_no_loss() {
    let mut scope = Scope::new(
        r#"
        record Line { text: string, author: string }
        record Text { text: string, .. }
        endpoint Lines { out line(m: Line); }
        endpoint Texts { in line(m: Text); }
        object Ordered { endpoint feed: Lines; provides properties "fifo"; }
        object Whole { endpoint feed: mirror Lines; }
        object Partial { endpoint feed: Texts; requires quality "fast"; }
        object Asks { requires properties "fifo"; }
        object Gives { provides properties "fifo"; }
        object Fast { provides quality "fast"; }"#,
    );
    let mut outer = |reader: &str| {
        let components = [("a", "Ordered"), ("b", reader)];
        let inner = derive(&mut scope, &components, &[["a.feed", "b.feed"]], &[]);
        let inner = scope
            .types
            .add_object(Object::Endpoints(inner), Origin::default());
        let mut shape = CompositeShape::default();
        shape.components.insert("inner".to_owned(), inner);
        for (name, ty) in [("asks", "Asks"), ("fast", "Fast")] {
            shape.components.insert(name.to_owned(), scope.object(ty));
        }
        let body = scope.relations().derive_composite(&shape);
        let gives = scope.object("Gives");
        let cast = scope.relations().object_subtype(inner, gives).verdict;
        (texts(&body.requires).join(" "), cast.to_string())
    };
    let answer = |requires: &str, cast: &str| (requires.to_owned(), cast.to_owned());
    assert_eq!(outer("Whole"), answer("", "holds"));
    // Neither does the guarantee count outside, nor is the requirement met from there.
    let (requires, cast) = outer("Partial");
    assert_eq!(requires, "fifo fast");
    // The requirement `fast` of the part is one that `Gives` does not tell.
    assert_ne!(cast, "holds");
}

#[test]
fn an_export_does_not_speak_for_other_uses_of_its_endpoint() {
    let mut scope = Scope::new(
        r#"
        endpoint P { in a(); }
        object A { endpoint ch: P many;
            provides cardinality "at least 1 instances of ch connected";
            requires cardinality "at most 1 instances of ch connected"; }
        object Q { endpoint p: mirror P; }
        object Provides { endpoint x: P many;
            provides cardinality "at least 1 instances of x connected";
            requires cardinality "at most 1 instances of x connected"; }"#,
    );
    let wanted = scope.object("Provides");
    let mut holds = |connections: &[[&str; 2]], exports: &[(&str, &str)]| {
        let components = [("a", "A"), ("q", "Q")];
        let body = derive(&mut scope, &components, connections, exports);
        let derived = scope
            .types
            .add_object(Object::Endpoints(body), Origin::default());
        let mut relations = scope.relations();
        relations.object_subtype(derived, wanted).verdict.holds()
    };
    assert!(holds(&[], &[("x", "a.ch")]));
    assert!(!holds(&[], &[("x", "a.ch"), ("y", "a.ch")]));
    assert!(!holds(&[["a.ch", "q.p"]], &[("x", "a.ch")]));
}

const LAYERS: &str = r#"
    endpoint Channel { in send(); out receive(); }
    object Base { endpoint channel: Channel; provides properties "causal_order"; }
    object Layer { endpoint network: mirror Channel; endpoint channel: Channel;
        requires properties "fifo"; provides properties "reliable" given "fifo"; }
    object Shy { endpoint network: mirror Channel;
        provides properties "reliable" given "fifo"; }
    object Order { endpoint network: mirror Channel; requires properties "reliable";
        provides properties "total_order" given "agreement"; }
    object User { requires properties "atomic"; }"#;

/// What a composite of these parts provides and under which assumptions, and what it requires.
fn layers(parts: &[&str]) -> (Vec<String>, Vec<String>) {
    let mut scope = Scope::new(LAYERS);
    let parts: Vec<(&str, &str)> = parts.iter().map(|part| (*part, *part)).collect();
    let body = derive(&mut scope, &parts, &[], &[]);
    let words = |constraint: &liveobj_types::types::Constraint| {
        let given = constraint.given.as_deref();
        let given = given.map_or_else(String::new, |given| format!(" given {given}"));
        format!("{}{given}", constraint.text)
    };
    (
        body.provides.iter().map(words).collect(),
        body.requires.iter().map(words).collect(),
    )
}

#[test]
fn assumptions_that_the_parts_meet_are_left_out() {
    let (provides, requires) = layers(&["Base", "Layer"]);
    assert_eq!(provides, ["causal_order", "reliable"]);
    assert_eq!(requires, [""; 0]);
    let (provides, requires) = layers(&["Layer"]);
    assert_eq!(provides, ["reliable given fifo"]);
    assert_eq!(requires, ["fifo"]);
}

#[test]
fn assumptions_are_met_by_what_rests_on_assumptions_that_are_met() {
    let (provides, requires) = layers(&["Base", "Layer", "Order", "User"]);
    assert_eq!(provides, ["causal_order", "reliable", "total_order"]);
    assert_eq!(requires, [""; 0]);
    // Without the first all of it waits.
    let (provides, requires) = layers(&["Layer", "Order", "User"]);
    assert_eq!(
        provides,
        ["reliable given fifo", "total_order given agreement"]
    );
    assert_eq!(requires, ["fifo", "reliable", "atomic"]);
}

#[test]
fn an_assumption_that_is_not_required_of_every_peer_stays() {
    let (provides, _) = layers(&["Base", "Shy"]);
    assert_eq!(provides, ["causal_order", "reliable given fifo"]);
}

#[test]
fn guarantees_of_properties_that_wait_for_each_other_hold_for_nobody() {
    let mut scope = Scope::new(
        r#"
        endpoint Left { out a(); in b(); provides properties "fifo" given "durable";
            requires properties "durable"; }
        endpoint Right { in a(); out b(); provides properties "durable" given "fifo";
            requires properties "fifo"; }"#,
    );
    let (left, right) = (scope.endpoint("Left"), scope.endpoint("Right"));
    let answer = scope.relations().endpoints_match(left, right);
    assert_eq!(answer.verdict.to_string(), "unknown");
}

const CIRCLE: &str = r#"
    endpoint Left { out a(); in b();
        provides temporal "G !a" given "G !b"; requires temporal "G !b"; }
    endpoint Right { in a(); out b();
        provides temporal "G !b" given "G !a"; requires temporal "G !a"; }
    endpoint Sure { in a(); out b(); provides temporal "G !b"; }
    object L { endpoint e: Left; requires temporal "G !e.b@*"; }
    object R { endpoint e: Right; }
    object S { endpoint e: Sure; }
    object Many { endpoint e: Right many; }
    object Asks { endpoint e: Left many; requires temporal "G !e.b@*"; }"#;

fn pair(scope: &mut Scope, peer: &str) -> CompositeShape {
    shape(scope, &[("l", "L"), ("r", peer)], &[["l.e", "r.e"]], &[])
}

#[test]
fn guarantees_of_parts_that_wait_for_each_other_meet_requirements() {
    let mut scope = Scope::new(CIRCLE);
    for (peer, left) in [("R", 0), ("S", 0), ("Many", 0)] {
        let shape = pair(&mut scope, peer);
        let body = scope.relations().derive_composite(&shape);
        assert_eq!(body.requires.len(), left, "{peer}");
    }
}

#[test]
fn nothing_may_be_queued_between_parts_that_rest_on_a_circle() {
    let mut scope = Scope::new(CIRCLE);
    for (peer, rests) in [("R", true), ("S", false), ("Many", true)] {
        let shape = pair(&mut scope, peer);
        let mut relations = scope.relations();
        assert_eq!(relations.rests_on_circles(&shape), rests, "{peer}");
        assert!(!relations.queued);
        relations.queued = true;
        let body = relations.derive_composite(&shape);
        assert_eq!(body.requires.is_empty(), peer == "S", "{peer}");
    }
}

/// How many requirements are left of `a` and `b`, connected at `a.e` and `b.e`, if they are.
fn left_over(declarations: &str, a: &str, b: &str, connections: &[[&str; 2]]) -> usize {
    let mut scope = Scope::new(declarations);
    let body = derive(&mut scope, &[("a", a), ("b", b)], connections, &[]);
    body.requires.len()
}

/// It may have other peers, and each of them has to keep it.
#[test]
fn one_peer_does_not_meet_what_is_required_at_an_endpoint_of_many_connections() {
    for ends in [["l.e", "r.e"], ["r.e", "l.e"]] {
        for peer in ["R", "S", "Many"] {
            let mut scope = Scope::new(CIRCLE);
            let parts = [("l", "Asks"), ("r", peer)];
            let body = derive(&mut scope, &parts, &[ends], &[]);
            assert_eq!(body.requires.len(), 1, "{ends:?} {peer}");
        }
    }
}

/// Of all connections of the server, not only of those with who asks.
#[test]
fn a_server_of_many_meets_what_each_client_requires() {
    let declarations = r#"
        endpoint Calls { in call(id: u64); out answer(id: u64); }
        endpoint Once { in call(id: u64); out answer(id: u64);
            provides temporal "at most once answer(id)" given "at most once call(id)";
            requires temporal "at most once call(id)"; }
        endpoint Asks { out call(id: u64); in answer(id: u64);
            provides temporal "at most once call(id)"; }
        object Server { endpoint s: Calls many; provides temporal "at most once s.answer(id)"; }
        object Each { endpoint s: Once many; }
        object Loose { endpoint s: Calls many; }
        object Stands { endpoint s: Calls many; endpoint n: mirror Calls;
            provides temporal "at most once s.answer(id)" given "at most once n.answer(id)";
            requires temporal "at most once n.answer(id)"; }
        object Assumes { endpoint s: Calls many;
            provides temporal "at most once s.answer(id)" given "at most once s.call(id)";
            requires temporal "at most once s.call(id)"; }
        object Client { endpoint s: Asks; provides temporal "at most once s.call(id)";
            requires temporal "at most once s.answer(id)"; }"#;
    let connected = [["a.s", "b.s"], ["a.s", "c.s"]];
    let left = |server: &str| {
        let mut scope = Scope::new(declarations);
        let parts = [("a", server), ("b", "Client"), ("c", "Client")];
        derive(&mut scope, &parts, &connected, &[]).requires.len()
    };
    assert_eq!(left("Server"), 0);
    assert_eq!(left("Each"), 0);
    assert_eq!(left("Loose"), 2);
    // What the server itself assumes is about each of its clients.
    assert_eq!(left("Assumes"), 3);
    let chain = |below: &str| {
        let mut scope = Scope::new(declarations);
        let parts = [
            ("n", below),
            ("a", "Stands"),
            ("b", "Client"),
            ("c", "Client"),
        ];
        let connected = [connected[0], connected[1], ["a.n", "n.s"]];
        derive(&mut scope, &parts, &connected, &[]).requires.len()
    };
    assert_eq!(chain("Server"), 0);
    assert_eq!(chain("Loose"), 3);
}

#[test]
fn a_text_that_nobody_reads_is_met_where_it_names_the_same_endpoint() {
    let declarations = r#"
        endpoint E { in x(); }
        object Slow { endpoint e: E; }
        object Fast { endpoint e: E; provides quality "e is fast"; }
        object Any { endpoint e: E; provides quality "fast"; }
        object AsksE { endpoint e: mirror E; requires quality "e is fast"; }
        object Asks { endpoint e: mirror E; requires quality "fast"; }"#;
    // Each has an endpoint `e` of its own.
    assert_eq!(left_over(declarations, "Fast", "AsksE", &[]), 1);
    assert_eq!(left_over(declarations, "Any", "Asks", &[]), 0);
    assert_eq!(left_over(declarations, "Slow", "Asks", &[]), 1);
}

/// A layer that passes on what the layer below has says so of itself, and asks it of the one below.
#[test]
fn what_a_part_says_of_itself_meets_nothing_that_it_requires_of_peers() {
    let declarations = r#"
        endpoint E { in x(); }
        object Bare { endpoint e: E; }
        object Fifo { endpoint e: E; provides properties "fifo"; }
        object Quick { endpoint e: E; provides quality "quick"; }
        object Single { endpoint e: E; provides cardinality "at most 1 instances of e connected"; }
        object LayerFifo { endpoint e: mirror E; requires properties "fifo"; provides properties "fifo"; }
        object LayerQuick { endpoint e: mirror E; requires quality "quick"; provides quality "quick"; }
        object LayerSingle { endpoint e: mirror E many;
            requires cardinality "at most 1 instances of e connected";
            provides cardinality "at most 1 instances of e connected"; }
        endpoint Once { in x(); provides cardinality "at most 1 instances connected"; }
        object At { endpoint e: Once; }
        object Over { endpoint e: mirror E; provides cardinality "at most 1 instances of e connected";
            requires cardinality "at most 1 instances of e connected"; }"#;
    let connected = [["a.e", "b.e"]];
    for (below, layer, left) in [
        ("Bare", "LayerFifo", 1),
        ("Fifo", "LayerFifo", 0),
        ("Bare", "LayerQuick", 1),
        ("Quick", "LayerQuick", 0),
        ("Bare", "LayerSingle", 1),
        ("Bare", "Over", 1),
        ("At", "Over", 0),
    ] {
        let found = left_over(declarations, below, layer, &connected);
        assert_eq!(found, left, "{below} {layer}");
    }
}

#[test]
fn what_a_part_says_of_itself_meets_nothing_that_it_assumes_of_peers() {
    let declarations = r#"
        endpoint E { in x(); }
        object Bare { endpoint e: E; }
        object Fifo { endpoint e: E; provides properties "fifo"; }
        object Layer { endpoint e: mirror E; requires properties "fifo"; provides properties "fifo";
            provides properties "reliable" given "fifo"; }"#;
    for (below, given) in [("Bare", 1), ("Fifo", 0)] {
        let mut scope = Scope::new(declarations);
        let parts = [("a", below), ("b", "Layer")];
        let body = derive(&mut scope, &parts, &[["a.e", "b.e"]], &[]);
        let left = body.provides.iter().filter(|it| it.given.is_some());
        assert_eq!(left.count(), given, "{below}");
    }
}

#[test]
fn a_part_that_contradicts_itself_meets_nothing_not_even_what_it_says() {
    let declarations = r#"
        endpoint Out { out x(); }
        endpoint In { in x(); }
        object Quiet { endpoint e: Out; provides temporal "G !e.x@*"; }
        object Loud { endpoint e: Out; provides temporal "F e.x@*"; }
        object Asks { endpoint e: In; requires temporal "G !e.x@*"; }"#;
    for (contradicts, left) in [(false, 0), (true, 1)] {
        let mut scope = Scope::new(declarations);
        let parts = [("a", "Quiet"), ("b", "Asks")];
        let mut shape = shape(&mut scope, &parts, &[["a.e", "b.e"]], &[]);
        let bodies = ["Quiet", "Loud"].map(|name| {
            let id = scope.object(name);
            match scope.types.object(id) {
                Object::Endpoints(body) => body.clone(),
                other => panic!("{other:?}"),
            }
        });
        let [mut both, loud] = bodies;
        both.provides
            .extend(loud.provides.into_iter().filter(|_| contradicts));
        let both = Object::Endpoints(both);
        let both = scope.types.add_object(both, Origin::default());
        shape.components.insert("a".to_owned(), both);
        let body = scope.relations().derive_composite(&shape);
        assert_eq!(body.requires.len(), left, "{contradicts}");
    }
}

#[test]
fn what_a_session_says_at_an_endpoint_meets_what_its_peer_requires() {
    let declarations = r#"
        endpoint Out { out x(); }
        endpoint Once { out x(); follows session "!x; end"; }
        endpoint In { in x(); }
        object Often { endpoint e: Out; }
        object Single { endpoint e: Once; }
        object Asks { endpoint e: In; requires temporal "G (e.x -> X G !e.x)"; }"#;
    let connected = [["a.e", "b.e"]];
    assert_eq!(left_over(declarations, "Often", "Asks", &connected), 1);
    assert_eq!(left_over(declarations, "Single", "Asks", &connected), 0);
}

/// Of two endpoints that are connected, each may have other connections elsewhere.
#[test]
fn what_speaks_of_each_connection_may_be_assumed_at_an_endpoint_and_not_of_an_object() {
    let declarations = r#"
        endpoint Shy { out a(); in b(); provides temporal "G !a" given "G !b"; }
        endpoint Strict { out a(); in b(); provides temporal "G !a" given "G !b";
            requires temporal "G !b"; }
        endpoint Sure { in a(); out b(); provides temporal "G !b"; requires temporal "G !a"; }
        object IsShy { endpoint e: Shy; }
        object IsStrict { endpoint e: Strict; }
        object Asks { endpoint e: Sure; requires temporal "G !e.a@*"; }"#;
    let mut scope = Scope::new(declarations);
    let (shy, sure) = (scope.endpoint("Shy"), scope.endpoint("Sure"));
    assert!(scope.relations().matches(shy, sure).holds());
    let connected = [["a.e", "b.e"]];
    assert_eq!(left_over(declarations, "IsShy", "Asks", &connected), 1);
    assert_eq!(left_over(declarations, "IsStrict", "Asks", &connected), 0);
}

#[test]
fn what_an_object_promises_to_some_is_no_promise_to_all() {
    let mut scope = Scope::new(
        r#"
        endpoint In { in say(); }
        endpoint Out { out say(); }
        object Some { endpoint a: In; endpoint b: Out;
            provides temporal "G !b.say" given "G !a.say"; }
        object All { endpoint a: In; endpoint b: Out;
            provides temporal "G !b.say" given "G !a.say"; requires temporal "G !a.say"; }"#,
    );
    let (some, all) = (scope.object("Some"), scope.object("All"));
    let mut relations = scope.relations();
    assert!(!relations.object_subtype(some, all).verdict.holds());
    assert!(relations.object_subtype(some, some).verdict.holds());
}

#[test]
fn what_a_part_assumes_of_one_connection_stays_unless_it_is_required_of_all() {
    let declarations = r#"
        endpoint In { in say(); }
        endpoint Out { out say(); }
        object Head { endpoint e: Out; provides temporal "G !e.say@*"; }
        object Some { endpoint e: In; endpoint b: Out;
            provides temporal "G !b.say@*" given "G !e.say@*";
            provides temporal "G !b.say" given "G !e.say"; requires properties "fifo"; }
        object All { endpoint e: In; endpoint b: Out;
            provides temporal "G !b.say@*" given "G !e.say@*"; requires temporal "G !e.say@*"; }"#;
    for (part, left) in [("Some", 2), ("All", 0)] {
        let mut scope = Scope::new(declarations);
        let parts = [("a", "Head"), ("b", part)];
        let body = derive(&mut scope, &parts, &[["a.e", "b.e"]], &[]);
        let given = body.provides.iter().filter(|it| it.given.is_some());
        assert_eq!(given.count(), left, "{part}");
    }
}
