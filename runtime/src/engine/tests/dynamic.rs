//! "An endpoint whose type is a parameter has one dynamic handler (event index, opaque payload)."

use std::rc::Rc;

use liveobj_abi as abi;
use liveobj_types::types::{Basic, Direction, Origin, Value};
use liveobj_types::{Data, Types, ValueId};

use super::super::connect::End;
use super::super::create::{EndpointPlan, Proxy, ProxyPlan};
use super::super::crossing::{MAX_QUEUED_EVENTS, connect_across};
use super::{Log, Shape, World, end};
use crate::boundary::calls::{Code, ProxyCell};
use crate::boundary::measure;
use crate::boundary::memory::{Keeper, Kept};
use crate::boundary::native::{Incoming, Native};
use crate::boundary::{Trust, Viewed};

const NEAR: Shape = Shape {
    ty: "Near",
    many: false,
    mandatory: false,
};
const FAR: Shape = Shape { ty: "Far", ..NEAR };

/// Logs what it hears, and answers the first event with `answer`.
struct Listener {
    name: &'static str,
    heard: Vec<(String, Keeper)>,
    answer: Option<Kept>,
    log: Log,
}

impl Native for Listener {
    fn event(&mut self, proxy: &ProxyCell, event: Incoming) -> abi::Status {
        let (name, keeper) = &self.heard[event.event as usize];
        let Ok(Data::Record(fields)) = keeper.read(event.payload) else {
            return abi::INVALID;
        };
        let fields: Vec<String> = fields.values().map(|field| format!(" {field:?}")).collect();
        let line = format!("{} hears {name}{}", self.name, fields.concat());
        self.log.borrow_mut().push(line);
        if let Some(answer) = self.answer.take() {
            proxy.emit(0, 0, answer.lent());
        }
        abi::OK
    }
}

/// An object with one endpoint that logs what it hears.
fn listener(world: &World, name: &'static str, shape: Shape, answer: Option<u64>) -> Rc<Proxy> {
    let plan = world.endpoints(&[shape]).remove(0);
    let heard = plan
        .receives
        .iter()
        .map(|event| (event.name.to_string(), keeper(world, event.payload)))
        .collect();
    let object = Listener {
        name,
        heard,
        answer: answer.map(|n| kept(world, &plan, 0, &number(&plan, n, world))),
        log: world.log.clone(),
    };
    world.native(name, &[shape], Box::new(object))
}

/// An object with the endpoints `a` of type `E`, which is `argument`, and `b` of type `mirror E`,
/// that passes events on.
fn passing(world: &World, argument: &str, many: [bool; 2]) -> Rc<Proxy> {
    passing_of(world, argument, many, Trust::Typed)
}

fn passing_of(world: &World, argument: &str, many: [bool; 2], trust: Trust) -> Rc<Proxy> {
    let argument = world.endpoint(argument);
    let endpoints = measure::dynamic(&mut world.domain.types.borrow_mut(), argument, many);
    let plan = ProxyPlan {
        ty: crate::engine::create::ProxyType::Native,
        words: None,
        label: "passing".into(),
        identity: [2; 32],
        code: Code::Table(measure::passing_any().trusted(trust)),
        endpoints: endpoints.into(),
        parameters: None,
    };
    world.domain.create(world.instance, plan).expect("created")
}

fn keeper(world: &World, payload: Viewed) -> Keeper {
    Keeper::new(&world.domain.types.borrow(), payload).expect("a layout")
}

/// A payload of out-event `event` as its object lays it out: opaque if the endpoint is dynamic.
fn kept(world: &World, plan: &EndpointPlan, event: usize, data: &Data) -> Kept {
    let keeper = keeper(world, plan.emits[event].payload);
    keeper.write(data).expect("a payload")
}

/// `n` of the width that the one out-event `say` or `hear` has.
fn number(plan: &EndpointPlan, n: u64, world: &World) -> Data {
    let types = world.domain.types.borrow();
    let Value::Record { fields, .. } = types.value(plan.emits[0].payload.actual) else {
        panic!("a payload is a record")
    };
    let n = match types.value(fields["n"]) {
        Value::Basic(Basic::U8) => Data::U8(n as u8),
        Value::Basic(Basic::U32) => Data::U32(n as u32),
        _ => Data::U64(n),
    };
    Data::record([("n", n)])
}

fn number_of(n: u64) -> Data {
    Data::record([("n", Data::U64(n))])
}

/// Emits the first out-event of an endpoint, in a turn of its own.
fn emit(world: &World, proxy: &Proxy, n: u64) -> abi::Status {
    let payload = number(&proxy.endpoints[0], n, world);
    let payload = kept(world, &proxy.endpoints[0], 0, &payload);
    emit_raw(world, proxy, (0, 0), &payload)
}

fn emit_raw(world: &World, proxy: &Proxy, (endpoint, event): (u32, u32), payload: &Kept) -> i32 {
    world.domain.turn(None);
    let status = proxy.cell.emit(endpoint, event, payload.lent());
    world.run();
    status
}

/// Opaque bytes that are no value of any event of these tests.
fn garbage(world: &World, passing: &Proxy) -> Kept {
    let opaque = passing.endpoints[1].emits[0].payload.declared;
    let bytes = byte(&mut world.domain.types.borrow_mut());
    let payload = Viewed {
        declared: opaque,
        actual: bytes,
    };
    keeper(world, payload)
        .write(&Data::U8(7))
        .expect("a payload")
}

fn byte(types: &mut Types) -> ValueId {
    types.add_value(Value::Basic(Basic::U8), Origin::default())
}

fn connect(world: &World, left: (&Proxy, u32), right: (&Proxy, u32)) {
    world.connect(left, right);
    world.happened();
}

#[test]
fn events_pass_by_number_and_are_converted_where_they_enter_and_where_they_leave() {
    let world = World::new();
    let near = listener(&world, "near", NEAR, None);
    let far = listener(&world, "far", FAR, None);
    let passing = passing(&world, "Pipe", [false; 2]);
    connect(&world, (&near, 0), (&passing, 0));
    connect(&world, (&passing, 1), (&far, 0));
    // `say` is the first event of `near`, and the second one of `E` and of `far`.
    assert_eq!(emit(&world, &near, 5), abi::OK);
    assert_eq!(emit(&world, &far, 6), abi::OK);
    assert_eq!(
        world.happened(),
        [
            "far hears say Option(Some(U64(5)))",
            "near hears hear U64(6)"
        ]
    );
}

#[test]
fn an_event_without_parameters_passes() {
    let world = World::new();
    let far = listener(&world, "far", FAR, None);
    let passing = passing(&world, "Pipe", [false; 2]);
    connect(&world, (&passing, 1), (&far, 0));
    let empty = Data::record::<String>([]);
    let leave = kept(&world, &passing.endpoints[1], 0, &empty);
    assert_eq!(emit_raw(&world, &passing, (1, 0), &leave), abi::OK);
    assert_eq!(world.happened(), ["far hears leave"]);
}

#[test]
fn dynamic_endpoints_connect_with_each_other() {
    let world = World::new();
    let near = listener(&world, "near", NEAR, None);
    let far = listener(&world, "far", FAR, None);
    let [first, second] = [(); 2].map(|()| passing(&world, "Pipe", [false; 2]));
    connect(&world, (&near, 0), (&first, 0));
    connect(&world, (&first, 1), (&second, 0));
    connect(&world, (&second, 1), (&far, 0));
    emit(&world, &near, 5);
    emit(&world, &far, 6);
    assert_eq!(
        world.happened(),
        [
            "far hears say Option(Some(U64(5)))",
            "near hears hear U64(6)"
        ]
    );
}

#[test]
fn between_dynamic_endpoints_of_different_types_payloads_are_converted() {
    let world = World::new();
    let near = listener(&world, "near", NEAR, None);
    let far = listener(&world, "far", FAR, None);
    let narrow = passing(&world, "mirror Near", [false; 2]);
    let wide = passing(&world, "Pipe", [false; 2]);
    connect(&world, (&near, 0), (&narrow, 0));
    connect(&world, (&narrow, 1), (&wide, 0));
    connect(&world, (&wide, 1), (&far, 0));
    emit(&world, &near, 5);
    emit(&world, &far, 6);
    assert_eq!(
        world.happened(),
        [
            "far hears say Option(Some(U64(5)))",
            "near hears hear U64(6)"
        ]
    );
}

#[test]
fn what_comes_back_while_an_event_is_passed_on_waits() {
    let world = World::new();
    let near = listener(&world, "near", NEAR, None);
    let far = listener(&world, "far", FAR, Some(6));
    let passing = passing(&world, "Pipe", [false; 2]);
    connect(&world, (&near, 0), (&passing, 0));
    connect(&world, (&passing, 1), (&far, 0));
    emit(&world, &near, 5);
    assert_eq!(
        world.happened(),
        [
            "far hears say Option(Some(U64(5)))",
            "near hears hear U64(6)"
        ]
    );
}

#[test]
fn events_pass_to_every_connection_of_a_many_endpoint() {
    let world = World::new();
    let near = listener(&world, "near", NEAR, None);
    let far = ["one", "two"].map(|name| listener(&world, name, FAR, None));
    let passing = passing(&world, "Pipe", [false, true]);
    connect(&world, (&near, 0), (&passing, 0));
    for far in &far {
        connect(&world, (&passing, 1), (far, 0));
    }
    emit(&world, &near, 5);
    emit(&world, &far[1], 6);
    assert_eq!(
        world.happened(),
        [
            "one hears say Option(Some(U64(5)))",
            "two hears say Option(Some(U64(5)))",
            "near hears hear U64(6)"
        ]
    );
}

/// Where the domains part: before or behind the object in the middle.
fn across_at(behind: bool) -> (World, World, Rc<Proxy>, Rc<Proxy>, Rc<Proxy>) {
    let here = World::new();
    let there = here.beside();
    let near = listener(&here, "near", NEAR, None);
    let far = listener(&there, "far", FAR, None);
    let middle = if behind { &here } else { &there };
    let passing = passing(middle, "Pipe", [false; 2]);
    let (left, right) = if behind {
        connect(&here, (&near, 0), (&passing, 0));
        ((&passing, 1), (&far, 0))
    } else {
        connect(&there, (&passing, 1), (&far, 0));
        ((&near, 0), (&passing, 0))
    };
    join(&here, (left.0, left.1), &there, (right.0, right.1));
    (here, there, near, passing, far)
}

fn join(here: &World, left: (&Proxy, u32), there: &World, right: (&Proxy, u32)) {
    let (left, right): (End, End) = (end(left), end(right));
    connect_across((&here.domain, left), (&there.domain, right)).expect("connected");
    here.domain.turn(None);
    there.domain.turn(None);
}

#[test]
fn events_pass_across_domains() {
    for behind in [false, true] {
        let (here, there, near, _, far) = across_at(behind);
        emit(&here, &near, 5);
        there.run();
        emit(&there, &far, 6);
        here.run();
        assert_eq!(
            here.happened(),
            [
                "far hears say Option(Some(U64(5)))",
                "near hears hear U64(6)"
            ]
        );
    }
}

#[test]
fn what_is_refusable_is_refused_to_an_object_that_does_not_know_it() {
    let here = World::new();
    let there = here.beside();
    let passing = passing(&here, "Offer", [false; 2]);
    let taker = Shape {
        ty: "mirror Offer",
        ..NEAR
    };
    let taker = listener(&there, "taker", taker, None);
    join(&here, (&passing, 0), &there, (&taker, 0));
    let statuses: Vec<i32> = (0..MAX_QUEUED_EVENTS as u64 + 2)
        .map(|n| emit(&here, &passing, n))
        .collect();
    let (taken, refused) = statuses.split_at(MAX_QUEUED_EVENTS);
    assert!(taken.iter().all(|status| *status == abi::OK));
    assert_eq!(refused, [abi::REFUSED; 2]);
    there.run();
    assert_eq!(here.happened().len(), MAX_QUEUED_EVENTS);
}

/// What opaque bytes are that are no value of any event.
const WRONG: &str = "is not of that type: opaque bytes are not a value of their type: the bytes \
                     end too early";

#[test]
fn a_payload_that_is_not_one_of_its_event_is_refused_and_reported() {
    for trust in [Trust::Typed, Trust::Checked] {
        let world = World::new();
        let far = listener(&world, "far", FAR, None);
        let passing = passing_of(&world, "Pipe", [false; 2], trust);
        connect(&world, (&passing, 1), (&far, 0));
        let garbage = garbage(&world, &passing);
        assert_eq!(emit_raw(&world, &passing, (1, 1), &garbage), abi::INVALID);
        assert_eq!(world.happened(), Vec::<String>::new());
        assert_eq!(
            world.messages(),
            [format!(
                "warning: `passing`: what it emitted as event `say` of endpoint `b` {WRONG}"
            )]
        );
        // The bytes may have come from elsewhere, so that it goes on.
        let say = kept(&world, &passing.endpoints[1], 1, &number_of(5));
        assert_eq!(emit_raw(&world, &passing, (1, 1), &say), abi::OK);
        assert_eq!(world.happened().len(), 1);
    }
}

#[test]
fn what_is_refused_again_and_again_is_reported_ever_more_rarely() {
    let world = World::new();
    let far = listener(&world, "far", FAR, None);
    let passing = passing(&world, "Pipe", [false; 2]);
    connect(&world, (&passing, 1), (&far, 0));
    let garbage = garbage(&world, &passing);
    for _ in 0..9 {
        emit_raw(&world, &passing, (1, 1), &garbage);
    }
    let messages = world.messages();
    assert_eq!(messages.len(), 4);
    assert!(
        messages[3].ends_with(" (8 refused so far)"),
        "{}",
        messages[3]
    );
}

#[test]
fn a_payload_that_is_not_one_is_found_where_it_is_decoded() {
    let world = World::new();
    let far = listener(&world, "far", FAR, None);
    let [first, second] = [(); 2].map(|()| passing(&world, "Pipe", [false; 2]));
    connect(&world, (&first, 1), (&second, 0));
    connect(&world, (&second, 1), (&far, 0));
    let garbage = garbage(&world, &first);
    emit_raw(&world, &first, (1, 1), &garbage);
    assert_eq!(world.happened(), Vec::<String>::new());
    assert_eq!(world.messages().len(), 1);
}

#[test]
fn a_payload_that_is_not_one_is_refused_in_the_other_domain() {
    let (here, there, _, passing, _) = across_at(true);
    let garbage = garbage(&here, &passing);
    assert_eq!(emit_raw(&here, &passing, (1, 1), &garbage), abi::OK);
    there.run();
    assert_eq!(here.happened(), Vec::<String>::new());
    assert_eq!(
        there.messages(),
        [format!(
            "warning: `far`: what came to it as event `say` {WRONG}"
        )]
    );
}

#[test]
fn an_event_that_there_is_not_is_invalid() {
    let world = World::new();
    let far = listener(&world, "far", FAR, None);
    let passing = passing(&world, "Pipe", [false; 2]);
    connect(&world, (&passing, 1), (&far, 0));
    let garbage = garbage(&world, &passing);
    assert_eq!(emit_raw(&world, &passing, (1, 2), &garbage), abi::INVALID);
    assert_eq!(world.happened(), Vec::<String>::new());
    assert_eq!(
        world.messages(),
        ["warning: `passing`: it emitted event number 2 of endpoint `b`, which sends 2"]
    );
}

#[test]
fn the_plan_of_a_dynamic_endpoint_has_the_events_of_the_argument() {
    let world = World::new();
    let passing = passing(&world, "Pipe", [false; 2]);
    let names = |endpoint: usize, direction| {
        let events = passing.endpoints[endpoint].events(direction).iter();
        events
            .map(|event| event.name.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(0, Direction::In), ["leave", "say"]);
    assert_eq!(names(1, Direction::Out), names(0, Direction::In));
    assert_eq!(names(0, Direction::Out), ["hear"]);
    assert_eq!(names(1, Direction::In), names(0, Direction::Out));
    assert_eq!(passing.endpoints[0].handlers(), 1);
}
