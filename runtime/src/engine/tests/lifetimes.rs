//! Lifetimes: created, connected, started; disconnected, destroyed.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use liveobj_abi as abi;

use liveobj_types::Source;

use super::super::connect::End;
use super::super::deliver::Delivery;
use super::super::inbox::Outside;
use super::{Happening, LISTEN, TALK, Wake, World, end, idle};
use crate::edge::{Request, Ticket};
use crate::object::Ended;
use crate::open::{Resolver, instantiate};
use crate::runtime::Runtime;

#[test]
fn connected_is_delivered_to_both_ends_before_any_event() {
    let world = World::new();
    let eager = |me: &super::Me<'_>, happening| {
        if let Happening::Connected { endpoint, .. } = happening {
            me.say(endpoint, 1);
        }
        abi::OK
    };
    let first = world.object("first", &[TALK], eager);
    let second = world.object("second", &[LISTEN], eager);
    world.connect((&first, 0), (&second, 0));
    let expected = [
        "first connected 0",
        "second connected 0",
        "first hears 1",
        "second hears 1",
    ];
    let mut happened = world.happened();
    assert_eq!(happened[..2], expected[..2]);
    happened.sort();
    let mut sorted = expected;
    sorted.sort_unstable();
    assert_eq!(happened, sorted);
}

/// Components and connections in no order.
const JUMBLE: &str = r#"<liveobject xmlns="urn:liveobj:reference:1"><composite>
    <component name="zebra"><composite>
        <component name="two">RELAY</component>
        <component name="one">RELAY</component>
        <connection><endpoint of="two" name="input"/><endpoint of="one" name="output"/></connection>
        <export of="one" name="input" as="in"/>
        <export of="two" name="output" as="out"/>
    </composite></component>
    <component name="ape">RELAY</component>
    <component name="monkey">RELAY</component>
    <connection><endpoint of="zebra" name="in"/><endpoint of="monkey" name="output"/></connection>
    <connection><endpoint of="monkey" name="input"/><endpoint of="ape" name="output"/></connection>
</composite></liveobject>"#;

const RELAY: &str = r#"<parameterized>
    <template><external name="relay" library="liveobj:standard"/></template>
    <parameter name="Message"><type>string</type></parameter>
</parameterized>"#;

#[test]
fn objects_are_created_then_connected_in_canonical_order_then_connected_is_delivered() {
    let runtime = Runtime::builder().build().expect("a runtime");
    let core = runtime.core().clone();
    let source = Source::new("test", JUMBLE.replace("RELAY", RELAY));
    let reference = core.check(&source).reference.expect("well typed");
    let world = World::new();
    let resolver = Resolver::new(core.clone(), world.outside.inbox.clone());
    let plan = core.tokio.block_on(resolver.reference(&reference, ""));
    let opened = Rc::new(Cell::new(false));
    let told = opened.clone();
    let instance = world.domain.begin();
    instantiate(
        &world.domain,
        instance,
        plan.expect("a plan").split(),
        move |_, result| {
            told.set(result.is_ok());
        },
    );
    let domain = &world.domain;
    let proxies: Vec<(u64, String)> = domain
        .proxies
        .borrow()
        .in_order()
        .into_iter()
        .map(|proxy| (proxy.cell.number, proxy.cell.label.to_string()))
        .collect();
    let created: Vec<&str> = proxies.iter().map(|(_, label)| label.as_str()).collect();
    assert_eq!(created, ["ape", "monkey", "zebra/one", "zebra/two"]);
    let connections: Vec<(u64, [String; 2])> = domain
        .connections
        .borrow()
        .in_order()
        .into_iter()
        .map(|made| {
            (
                made.number,
                [0, 1].map(|end| domain.end_name(&made.ends[end])),
            )
        })
        .collect();
    let expected = [
        ["zebra/one.output", "zebra/two.input"],
        ["ape.output", "monkey.input"],
        ["monkey.output", "zebra/one.input"],
    ];
    let made: Vec<&[String; 2]> = connections.iter().map(|(_, ends)| ends).collect();
    assert_eq!(made, expected.each_ref());
    let last = proxies.last().expect("some").0;
    assert!(connections.iter().all(|(number, _)| *number > last));
    // Nobody has heard of it yet; now everybody does, connection by connection.
    assert!(!opened.get());
    let waiting: Vec<u64> = domain
        .fifo
        .borrow()
        .iter()
        .filter_map(|delivery| match delivery {
            Delivery::Connected { connection, .. } => Some(*connection),
            _ => None,
        })
        .collect();
    let numbers = connections.iter().flat_map(|(number, _)| [*number; 2]);
    assert_eq!(waiting, numbers.collect::<Vec<_>>());
    domain.turn(None);
    assert!(opened.get());
    domain.end_all();
    domain.turn(None);
}

#[test]
fn a_proxy_with_an_unmet_mandatory_endpoint_gets_nothing_and_its_events_wait() {
    let world = World::new();
    let speaker = world.object("speaker", &[TALK], super::three);
    let choosy = world.object("choosy", &[LISTEN, TALK.mandatory()], idle);
    world.connect((&speaker, 0), (&choosy, 0));
    world.wake(&speaker);
    world.wake(&choosy);
    assert_eq!(
        world.happened(),
        ["speaker connected 0", "speaker woken 0 Posted([])"]
    );
    let needed = world.object("needed", &[LISTEN], idle);
    world.connect((&choosy, 1), (&needed, 0));
    let happened = world.happened();
    let choosy: Vec<&str> = happened
        .iter()
        .filter_map(|line| line.strip_prefix("choosy "))
        .collect();
    assert_eq!(
        choosy,
        [
            "connected 0",
            "hears 1",
            "hears 2",
            "hears 3",
            "woken 0 Posted([])",
            "connected 1"
        ]
    );
}

#[test]
fn dropping_a_connection_disconnects_both_ends_and_leaves_the_proxies() {
    let world = World::new();
    let first = world.object("first", &[TALK], idle);
    let second = world.object("second", &[LISTEN], idle);
    let number = world.connect((&first, 0), (&second, 0));
    world.happened();
    world.domain.drop_connection(number);
    world.domain.turn(None);
    assert_eq!(
        world.happened(),
        ["first disconnected 0 (0)", "second disconnected 0 (0)"]
    );
    assert!(world.domain.proxy(first.cell.number).is_some());
}

#[test]
fn dropping_a_composite_disconnects_first_then_destroys_in_reverse_order_of_construction() {
    let world = World::new();
    let a = world.object("a", &[TALK], idle);
    let b = world.object("b", &[LISTEN, TALK], idle);
    let c = world.object("c", &[LISTEN], idle);
    world.connect((&a, 0), (&b, 0));
    world.connect((&b, 1), (&c, 0));
    world.happened();
    let ended = Rc::new(RefCell::new(None));
    let seen = ended.clone();
    let tell = move |_: &super::Domain, how| *seen.borrow_mut() = Some(how);
    world.domain.set_on_end(world.instance, Box::new(tell));
    world.domain.end(world.instance, Ended::Closed);
    world.domain.turn(None);
    assert_eq!(
        world.happened(),
        [
            "b disconnected 1 (0)",
            "c disconnected 0 (0)",
            "a disconnected 0 (0)",
            "b disconnected 0 (0)",
            "c destroyed",
            "b destroyed",
            "a destroyed"
        ]
    );
    assert_eq!(*ended.borrow(), Some(Ended::Closed));
    assert!(world.domain.is_empty());
}

#[test]
fn a_failure_closes_the_composite_and_names_the_proxy() {
    let world = World::new();
    let speaker = world.object("speaker", &[TALK], super::three);
    let clumsy = world.object("clumsy", &[LISTEN], |_, happening| match happening {
        Happening::Heard { .. } => panic!("no"),
        _ => abi::OK,
    });
    world.connect((&speaker, 0), (&clumsy, 0));
    world.happened();
    let ended = Rc::new(RefCell::new(None));
    let seen = ended.clone();
    let tell = move |_: &super::Domain, how| *seen.borrow_mut() = Some(how);
    world.domain.set_on_end(world.instance, Box::new(tell));
    world.wake(&speaker);
    assert_eq!(
        world.happened()[1..],
        [
            "clumsy hears 1",
            "speaker disconnected 0 (1)",
            "clumsy destroyed",
            "speaker destroyed"
        ]
    );
    let (object, reason) = ("clumsy".to_owned(), "panicked: no".to_owned());
    assert_eq!(*ended.borrow(), Some(Ended::Failed { object, reason }));
    assert!(world.domain.is_empty());
}

#[test]
fn a_proxy_that_never_started_is_destroyed_without_having_heard_anything() {
    let world = World::new();
    let speaker = world.object("speaker", &[TALK], super::three);
    let choosy = world.object("choosy", &[LISTEN, TALK.mandatory()], idle);
    world.connect((&speaker, 0), (&choosy, 0));
    world.wake(&speaker);
    world.happened();
    world.domain.end(world.instance, Ended::Closed);
    world.domain.turn(None);
    let expected = [
        "speaker disconnected 0 (0)",
        "choosy destroyed",
        "speaker destroyed",
    ];
    assert_eq!(world.happened(), expected);
    assert!(world.domain.is_empty());
}

#[test]
fn a_handler_may_end_its_own_composite() {
    let world = World::new();
    let instance = world.instance;
    let tired = world.object("tired", &[TALK], move |me, happening| {
        if let Happening::Woken { .. } = happening {
            me.proxy
                .domain()
                .later(move |domain| domain.end(instance, Ended::Closed));
            me.say(0, 1);
        }
        abi::OK
    });
    let listener = world.object("listener", &[LISTEN], idle);
    world.connect((&tired, 0), (&listener, 0));
    world.happened();
    world.wake(&tired);
    assert_eq!(
        world.happened()[1..],
        [
            "listener hears 1",
            "tired disconnected 0 (0)",
            "listener disconnected 0 (0)",
            "listener destroyed",
            "tired destroyed"
        ]
    );
}

#[test]
fn a_thousand_connections_come_and_go_and_nothing_is_left() {
    let world = World::new();
    let hub = world.object("hub", &[TALK.many()], idle);
    let heard = Rc::new(Cell::new(0));
    for _ in 0..1_000 {
        let count = heard.clone();
        let instance = world.domain.begin();
        let guest = world.object_of(instance, "guest", &[LISTEN], move |_, happening| {
            count.set(count.get() + u32::from(matches!(happening, Happening::Connected { .. })));
            abi::OK
        });
        let own = End {
            proxy: guest.cell.number,
            endpoint: 0,
        };
        let number = world
            .domain
            .connect(end((&hub, 0)), own)
            .expect("connected");
        world.domain.start_ready();
        world.domain.notify_connected(number);
        world.domain.end(instance, Ended::Closed);
        world.domain.turn(None);
        world.happened();
    }
    assert_eq!(heard.get(), 1_000);
    assert_eq!(world.domain.connections.borrow().len(), 0);
    assert_eq!(world.domain.proxies.borrow().len(), 1);
    assert_eq!(world.domain.graveyard.borrow().len(), 0);
}

/// An object that asks for another one when it is told to, and the ticket under which it asks.
fn asking(world: &World, proxy: &super::Proxy, token: u64) -> Ticket {
    let request = Request::Dereference(String::new());
    let status = world.domain.request(&proxy.cell, token, request);
    assert_eq!(status, abi::OK);
    let requests = world.outside.requests.borrow();
    requests.last().expect("a request").0
}

#[test]
fn what_a_proxy_dereferenced_is_destroyed_before_it() {
    let world = World::new();
    let parent = world.object("parent", &[TALK], idle);
    world.domain.start_ready();
    for (token, name) in [(1, "first child"), (2, "second child")] {
        let ticket = asking(&world, &parent, token);
        let instance = world.domain.begin();
        assert!(world.domain.adopt(ticket, instance));
        let child = world.object_of(instance, name, &[TALK], idle);
        world.domain.start_ready();
        assert!(world.domain.child_opened(ticket, instance));
        if token == 1 {
            let ticket = asking(&world, &child, 1);
            let instance = world.domain.begin();
            assert!(world.domain.adopt(ticket, instance));
            world.object_of(instance, "grandchild", &[TALK], idle);
        }
    }
    world.domain.turn(None);
    world.happened();
    world.domain.end(world.instance, Ended::Closed);
    world.domain.turn(None);
    assert_eq!(
        world.happened(),
        [
            "second child destroyed",
            "grandchild destroyed",
            "first child destroyed",
            "parent destroyed"
        ]
    );
    assert!(world.domain.is_empty());
}

#[test]
fn what_is_opened_for_a_proxy_that_already_ends_is_destroyed_before_it_too() {
    let world = World::new();
    let parent = world.object("parent", &[TALK], idle);
    world.domain.start_ready();
    world.domain.end(world.instance, Ended::Closed);
    let ticket = asking(&world, &parent, 1);
    let instance = world.domain.begin();
    assert!(world.domain.adopt(ticket, instance));
    world.object_of(instance, "child", &[TALK], idle);
    world.domain.turn(None);
    assert_eq!(world.happened(), ["child destroyed", "parent destroyed"]);
    assert!(world.domain.is_empty());
}

#[test]
fn an_endpoint_of_something_that_ends_cannot_be_connected() {
    let world = World::new();
    let first = world.object("first", &[TALK], idle);
    let instance = world.domain.begin();
    let second = world.object_of(instance, "second", &[LISTEN], idle);
    world.domain.end(instance, Ended::Closed);
    let connected = world.domain.connect(end((&first, 0)), end((&second, 0)));
    assert_eq!(connected, Err("the object is gone".to_owned()));
}

#[test]
fn a_connection_given_to_an_owner_that_ends_is_gone_at_once() {
    let world = World::new();
    let first = world.object("first", &[TALK], idle);
    let second = world.object("second", &[LISTEN], idle);
    let owner = world.domain.begin();
    let number = world.domain.connect(end((&first, 0)), end((&second, 0)));
    world.domain.end(owner, Ended::Closed);
    world
        .domain
        .own_connection(owner, number.expect("connected"));
    assert!(world.domain.connections.borrow().is_empty());
}

#[test]
fn what_was_begun_after_a_domain_was_told_to_stop_ends_too() {
    let world = World::new();
    world.object("early", &[TALK], idle);
    world.domain.stop();
    let instance = world.domain.begin();
    world.object_of(instance, "late", &[TALK], idle);
    while !world.domain.has_stopped() {
        assert!(world.domain.has_waiting(), "it never stops");
        world.domain.turn(None);
    }
    assert_eq!(world.happened(), ["early destroyed", "late destroyed"]);
}

#[test]
fn a_long_list_of_connections_forgets_those_that_have_ended() {
    const COUNT: usize = 100;
    let world = World::new();
    let hub = world.object("hub", &[TALK.many()], super::three);
    let mut numbers = Vec::new();
    for _ in 0..COUNT {
        let guest = world.object("guest", &[LISTEN], idle);
        numbers.push(world.connect((&hub, 0), (&guest, 0)));
    }
    // In an order of its own, so that those that are left stand anywhere.
    for left in (0..COUNT).rev() {
        let number = numbers.swap_remove(left * 7 % numbers.len());
        world.domain.drop_connection(number);
        world.domain.turn(None);
        world.happened();
        world.wake(&hub);
        let happened = world.happened();
        let heard = happened.iter().filter(|line| *line == "guest hears 1");
        assert_eq!(heard.count(), left);
        let known = hub.cell.fixed(0).peers().expect("a fan").length();
        assert!(known <= 16 || known <= 2 * left, "{known} links for {left}");
    }
    assert_eq!(
        hub.cell.fixed(0).lost.get(),
        3,
        "nobody hears the last three"
    );
}

#[test]
fn datagrams_for_a_proxy_that_does_not_start_are_lost_beyond_a_limit() {
    let world = World::new();
    let choosy = world.object("choosy", &[TALK.mandatory()], idle);
    let listener = world.object("listener", &[LISTEN], idle);
    world.domain.start_ready();
    for _ in 0..5000 {
        world.outside.inbox.push(Outside::Wake {
            proxy: choosy.cell.number,
            token: 0,
            ticket: 0,
            wake: Wake::Datagram("somebody".to_owned(), Vec::new()),
        });
        world.run();
    }
    // What others ask of it is not lost.
    world.wake(&choosy);
    assert!(world.happened().is_empty());
    world.connect((&choosy, 0), (&listener, 0));
    let happened = world.happened();
    let of_choosy = |text: &str| {
        let of_choosy = happened.iter().filter(|line| line.contains(text));
        of_choosy.count()
    };
    assert_eq!(of_choosy("choosy woken 0 Datagram"), 1024);
    assert_eq!(of_choosy("choosy woken 0 Posted"), 1);
    assert_eq!(of_choosy("choosy connected"), 1);
}
