//! Compositions as users write them: all connections match, and nothing is left over of what the parts
//! require and assume.

use liveobj_types::types::Object;

use crate::composites::shape;
use crate::scope::Scope;

/// What keeps a composite from being accepted as it stands.
fn left(declarations: &str, parts: &[(&str, &str)], connections: &[[&str; 2]]) -> Vec<String> {
    let mut scope = Scope::new(declarations);
    let shape = shape(&mut scope, parts, connections, &[]);
    let mut left = Vec::new();
    for ends in &shape.connections {
        let types = ends.clone().map(|(component, endpoint)| {
            match scope.types.object(shape.components[&component]) {
                Object::Endpoints(body) => body.endpoints[&endpoint].ty,
                other => panic!("{other:?}"),
            }
        });
        let answer = scope.relations().endpoints_match(types[0], types[1]);
        let found = answer.mismatches.iter();
        left.extend(found.map(|it| it.to_sentence(&ends[0].0, &ends[1].0)));
    }
    let body = scope.relations().derive_composite(&shape);
    left.extend(body.requires.iter().map(|it| it.promise()));
    let given = body.provides.iter().filter(|it| it.given.is_some());
    left.extend(given.map(|it| it.promise()));
    left
}

fn accepted(declarations: &str, parts: &[(&str, &str)], connections: &[[&str; 2]]) {
    let nothing: [String; 0] = [];
    assert_eq!(left(declarations, parts, connections), nothing, "{parts:?}");
}

#[test]
fn a_client_and_a_service() {
    let declarations = r#"
        endpoint Caller { out call(id: u64); in answer(id: u64);
            provides temporal "at most once call(id)";
            requires temporal "every answer(id) is preceded by call(id)"; }
        endpoint Waits { out call(id: u64); in answer(id: u64);
            provides temporal "at most once call(id)";
            requires temporal "every call(id) is followed by answer(id)";
            requires temporal "at most once answer(id)" given "at most once call(id)"; }
        endpoint Server { in call(id: u64); out answer(id: u64);
            provides temporal "every answer(id) is preceded by call(id)"; }
        endpoint Live { in call(id: u64); out answer(id: u64);
            provides temporal "every call(id) is followed by answer(id)" given "at most once call(id)";
            provides temporal "at most once answer(id)" given "at most once call(id)";
            provides temporal "every answer(id) is preceded by call(id)";
            requires temporal "at most once call(id)"; }
        object Client { endpoint s: Caller; }
        object Patient { endpoint s: Waits; }
        object Whole { endpoint s: Caller;
            requires temporal "every s.call(id) is followed by s.answer(id)"; }
        object Service { endpoint s: Server many; }
        object Lively { endpoint s: Live many; }"#;
    for (client, service) in [
        ("Client", "Service"),
        ("Client", "Lively"),
        ("Patient", "Lively"),
        ("Whole", "Lively"),
    ] {
        let parts = [("a", client), ("b", client), ("c", service)];
        accepted(declarations, &parts, &[["a.s", "c.s"], ["b.s", "c.s"]]);
    }
}

#[test]
fn a_client_and_a_service_by_protocol() {
    let declarations = r#"
        endpoint Polite { out call(id: u64); in answer(id: u64);
            follows session "rec X . !call; ?answer; X"; }
        endpoint Order { out call(id: u64); in answer(id: u64);
            follows session "rec X . !call; ?answer; X"; requires temporal "G (answer -> O call)"; }
        endpoint Serves { in call(id: u64); out answer(id: u64);
            follows session "rec X . ?call; !answer; X"; }
        object Client { endpoint s: Polite; }
        object Strict { endpoint s: Order; requires temporal "G (s.answer -> O s.call)"; }
        object Service { endpoint s: Serves many; }"#;
    for client in ["Client", "Strict"] {
        let parts = [("a", client), ("b", client), ("c", "Service")];
        accepted(declarations, &parts, &[["a.s", "c.s"], ["b.s", "c.s"]]);
    }
}

#[test]
fn a_chain_of_stages_and_a_ring_of_them() {
    let declarations = r#"
        endpoint Out { out say(m: u64); }
        endpoint OutOnce { out say(m: u64); provides temporal "at most once say(m)"; }
        endpoint InOnce { in say(m: u64); requires temporal "at most once say(m)"; }
        object Head { endpoint next: Out; provides temporal "at most once next.say(m)"; }
        object Source { endpoint next: OutOnce; }
        object Stage { endpoint before: mirror Out; endpoint next: Out;
            provides temporal "at most once next.say(m)" given "at most once before.say(m)";
            requires temporal "at most once before.say(m)"; }
        object Filter { endpoint before: InOnce; endpoint next: OutOnce; }
        object Tail { endpoint before: mirror Out; requires temporal "at most once before.say(m)"; }
        object Sink { endpoint before: InOnce; }"#;
    for (head, stage, tail) in [
        ("Head", "Stage", "Tail"),
        ("Source", "Stage", "Tail"),
        ("Source", "Filter", "Sink"),
        ("Source", "Filter", "Tail"),
    ] {
        let parts = [("h", head), ("a", stage), ("b", stage), ("t", tail)];
        let connected = [
            ["h.next", "a.before"],
            ["a.next", "b.before"],
            ["b.next", "t.before"],
        ];
        accepted(declarations, &parts, &connected);
    }
    let ring = [("a", "Stage"), ("b", "Stage")];
    let connected = [["a.next", "b.before"], ["b.next", "a.before"]];
    accepted(declarations, &ring, &connected);
}

#[test]
fn who_publishes_and_who_subscribes() {
    let declarations = r#"
        endpoint Topic { in publish(m: u64); out deliver(m: u64);
            provides temporal "G (deliver@*(m) -> O publish@*(m))";
            provides temporal "at most once deliver(m)" given "at most once publish(m)";
            requires temporal "at most once publish(m)"; }
        endpoint Member { out publish(m: u64); in deliver(m: u64);
            provides temporal "at most once publish(m)";
            requires temporal "at most once deliver(m)";
            requires temporal "G (deliver@*(m) -> O publish@*(m))"; }
        object Broker { endpoint topic: Topic many; }
        object Person { endpoint topic: Member;
            requires temporal "at most once topic.deliver(m)"; }"#;
    let parts = [("b", "Broker"), ("p", "Person"), ("q", "Person")];
    accepted(
        declarations,
        &parts,
        &[["b.topic", "p.topic"], ["b.topic", "q.topic"]],
    );
}

#[test]
fn a_lock_and_its_users() {
    let declarations = r#"
        endpoint Lock { in acquire(); in release(); out granted();
            provides temporal "G (granted -> O acquire)";
            provides temporal "forall i, j: instance. i = j | G (granted@i -> X ((!granted@j) W release@i))"
                given "G (release -> Y O granted)";
            requires temporal "G (release -> Y O granted)"; }
        endpoint User { out acquire(); out release(); in granted();
            provides temporal "G (release -> Y O granted)";
            requires temporal "G (granted -> O acquire)";
            requires temporal "forall i, j: instance. i = j | G (granted@i -> X ((!granted@j) W release@i))"; }
        endpoint Session { out acquire(); out release(); in granted();
            follows session "rec X . !acquire; ?granted; !release; X"; }
        endpoint Manager { in acquire(); in release(); out granted();
            follows session "rec X . ?acquire; !granted; ?release; X"; }
        object L { endpoint l: Lock many; }
        object U { endpoint l: User; }
        object M { endpoint l: Manager many; }
        object S { endpoint l: Session; }"#;
    for (lock, user) in [("L", "U"), ("M", "S")] {
        let parts = [("l", lock), ("u", user), ("v", user)];
        accepted(declarations, &parts, &[["l.l", "u.l"], ["l.l", "v.l"]]);
    }
}

#[test]
fn a_stack_of_protocols() {
    let declarations = r#"
        endpoint Channel { in send(m: u64); out receive(m: u64); }
        endpoint Net { in send(m: u64); out receive(m: u64); provides temporal "no_creation"; }
        object Network { endpoint channel: Net many; }
        object Wire { endpoint channel: Net; }
        object Reliable { mandatory endpoint lower: mirror Channel; endpoint channel: Channel;
            requires temporal "no_creation(lower.send, lower.receive)";
            provides temporal "at_most_once(channel.receive)";
            provides temporal "no_creation(channel.send, channel.receive)"
                given "no_creation(lower.send, lower.receive)"; }
        object Ordered { mandatory endpoint lower: mirror Channel; endpoint channel: Channel;
            requires temporal "no_creation(lower.send, lower.receive)";
            requires temporal "at_most_once(lower.receive)";
            provides temporal "fifo(channel.send, channel.receive)"
                given "at_most_once(lower.receive)"; }
        object App { mandatory endpoint channel: mirror Channel;
            requires temporal "fifo(channel.send, channel.receive)"; }"#;
    for network in ["Network", "Wire"] {
        let parts = [
            ("n", network),
            ("r", "Reliable"),
            ("o", "Ordered"),
            ("a", "App"),
        ];
        let connected = [
            ["r.lower", "n.channel"],
            ["o.lower", "r.channel"],
            ["a.channel", "o.channel"],
        ];
        accepted(declarations, &parts, &connected);
    }
}

#[test]
fn layers_by_properties() {
    let declarations = r#"
        endpoint E { out send(m: bytes); in receive(m: bytes); }
        object Net { endpoint channel: mirror E many; provides properties "fifo"; }
        object Secure { endpoint lower: E; endpoint upper: mirror E;
            requires properties "fifo"; provides properties "confidential";
            provides properties "at_most_once" given "fifo"; }
        object App { endpoint channel: E; requires properties "fifo, confidential, at_most_once"; }"#;
    let parts = [("n", "Net"), ("s", "Secure"), ("a", "App")];
    accepted(
        declarations,
        &parts,
        &[["n.channel", "s.lower"], ["s.upper", "a.channel"]],
    );
}

#[test]
fn two_that_wait_for_each_other() {
    let declarations = r#"
        endpoint Left { out a(); in b(); }
        object One { endpoint e: Left;
            provides temporal "G !e.a" given "G !e.b"; requires temporal "G !e.b"; }
        object Two { endpoint e: mirror Left;
            provides temporal "G !e.b" given "G !e.a"; requires temporal "G !e.a"; }"#;
    accepted(
        declarations,
        &[("a", "One"), ("b", "Two")],
        &[["a.e", "b.e"]],
    );
}

#[test]
fn a_master_and_its_workers() {
    let declarations = r#"
        endpoint Worker { in job(id: u64); out result(id: u64);
            provides temporal "every job(id) is followed by result(id)" given "at most once job(id)";
            provides temporal "every result(id) is preceded by job(id)";
            provides temporal "at most once result(id)";
            requires temporal "at most once job(id)"; }
        endpoint Work { out job(id: u64); in result(id: u64);
            provides temporal "at most once job(id)";
            requires temporal "every job(id) is followed by result(id)";
            requires temporal "every result(id) is preceded by job(id)";
            requires temporal "at most once result(id)"; }
        endpoint Front { in ask(id: u64); out told(id: u64); }
        object Master { endpoint workers: Work many; endpoint front: Front many;
            provides temporal "at most once front.told(id)"; }
        object Person { endpoint front: mirror Front; requires temporal "at most once front.told(id)"; }
        object Hand { endpoint work: Worker; }"#;
    let parts = [
        ("m", "Master"),
        ("a", "Hand"),
        ("b", "Hand"),
        ("p", "Person"),
    ];
    let connected = [
        ["m.workers", "a.work"],
        ["m.workers", "b.work"],
        ["p.front", "m.front"],
    ];
    accepted(declarations, &parts, &connected);
}
