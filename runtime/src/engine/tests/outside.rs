//! "The outside only through the context."

use std::cell::RefCell;
use std::ffi::c_void;
use std::rc::Rc;

use liveobj_abi as abi;
use liveobj_references::{EndpointText, ExternalEndpoint};
use liveobj_types::{Reason, Verdict};

use super::{Happening, LISTEN, Log, Outside, Shape, TALK, Wake, World, end, idle};
use crate::boundary::calls::{Code, ProxyCell, Table};
use crate::boundary::native::{Incoming, Native};
use crate::edge::{Request, Ticket};
use crate::engine::create::ProxyPlan;
use crate::engine::domain::Domain;

impl Outside {
    pub(super) fn answer(&self, ticket: Ticket, wake: Wake) {
        self.inbox.push(Domain::wake_from_outside(ticket, wake));
    }

    fn last(&self) -> (Ticket, Request) {
        self.requests.borrow().last().cloned().expect("a request")
    }
}

#[test]
fn a_request_is_answered_by_an_event() {
    let world = World::new();
    let sleeper = world.object("sleeper", &[TALK], |me, happening| {
        if let Happening::Woken {
            wake: Wake::Posted(_),
            ..
        } = happening
        {
            let status = me.proxy.domain().request(me.proxy, 4, Request::Timer(5));
            assert_eq!(status, abi::OK);
        }
        abi::OK
    });
    world.domain.start_ready();
    world.wake(&sleeper);
    let (ticket, request) = world.outside.last();
    assert_eq!(request, Request::Timer(5));
    world.outside.answer(ticket, Wake::Timer);
    world.run();
    assert_eq!(
        world.happened(),
        ["sleeper woken 0 Posted([])", "sleeper woken 4 Timer"]
    );
}

#[test]
fn no_wake_follows_once_a_token_was_given_up() {
    let world = World::new();
    let sleeper = world.object("sleeper", &[TALK], |me, happening| {
        if let Happening::Woken {
            wake: Wake::Posted(_),
            ..
        } = happening
        {
            let domain = me.proxy.domain();
            domain.request(me.proxy, 4, Request::Timer(5));
            assert_eq!(domain.close_token(me.proxy, 4), abi::OK);
            assert_eq!(domain.close_token(me.proxy, 4), abi::STALE);
        }
        abi::OK
    });
    world.domain.start_ready();
    world.wake(&sleeper);
    let (ticket, _) = world.outside.last();
    assert_eq!(*world.outside.closed.borrow(), [ticket]);
    world.outside.answer(ticket, Wake::Timer);
    world.run();
    assert_eq!(world.happened(), ["sleeper woken 0 Posted([])"]);
}

#[test]
fn what_a_proxy_asked_for_is_given_up_when_it_ends() {
    let world = World::new();
    let owner = world.object("owner", &[TALK], |me, happening| {
        if let Happening::Woken { .. } = happening {
            me.proxy
                .domain()
                .request(me.proxy, 1, Request::TerminalOpen);
            me.proxy.domain().request(me.proxy, 2, Request::Timer(5));
        }
        abi::OK
    });
    world.domain.start_ready();
    world.wake(&owner);
    world.domain.end_all();
    world.domain.turn(None);
    let closed: Vec<u64> = world
        .outside
        .closed
        .borrow()
        .iter()
        .map(|ticket| ticket.token)
        .collect();
    assert_eq!(closed, [2, 1]);
    assert!(world.domain.is_empty());
}

#[test]
fn dereferencing_is_answered_by_opened_and_the_token_owns_the_proxy() {
    let world = World::new();
    let parent = world.object("parent", &[TALK], |me, happening| {
        let domain = me.proxy.domain();
        match happening {
            Happening::Woken { token: 0, .. } => {
                domain.request(
                    me.proxy,
                    1,
                    Request::Dereference("<liveobject/>".to_owned()),
                );
            }
            Happening::Woken {
                token: 1,
                wake: Wake::Opened,
            } => {
                let (endpoint, own) = ("a".to_owned(), 0);
                domain.request(
                    me.proxy,
                    2,
                    Request::Connect {
                        proxy: 1,
                        endpoint,
                        own,
                    },
                );
            }
            Happening::Woken {
                token: 2,
                wake: Wake::Connected(_),
            } => {
                me.say(0, 1);
                domain.close_token(me.proxy, 1);
            }
            _ => {}
        }
        abi::OK
    });
    world.domain.start_ready();
    world.wake(&parent);
    let (ticket, _) = world.outside.last();
    // What `open` does when the child is there.
    let instance = world.domain.begin();
    let child = world.object_of(instance, "child", &[LISTEN], idle);
    world
        .domain
        .expose(instance, &[("a".to_owned(), end((&child, 0)))].into());
    world.domain.start_ready();
    assert!(world.domain.child_opened(ticket, instance));
    world.domain.turn(None);
    assert_eq!(
        world.happened(),
        [
            "parent woken 0 Posted([])",
            "parent woken 1 Opened",
            "parent connected 0",
            "child connected 0",
            "parent woken 2 Connected(6)",
            "child hears 1",
            "parent disconnected 0 (0)",
            "child disconnected 0 (0)",
            "child destroyed"
        ]
    );
}

/// What a proxy is told that connects its `Talk` with such an endpoint of a child.
fn connecting(world: &World, child: super::Shape) -> String {
    let parent = world.object("parent", &[TALK], |me, happening| {
        let domain = me.proxy.domain();
        match happening {
            Happening::Woken { token: 0, .. } => {
                domain.request(me.proxy, 1, Request::Dereference(String::new()));
            }
            Happening::Woken {
                token: 1,
                wake: Wake::Opened,
            } => {
                let (endpoint, own) = ("a".to_owned(), 0);
                domain.request(
                    me.proxy,
                    2,
                    Request::Connect {
                        proxy: 1,
                        endpoint,
                        own,
                    },
                );
            }
            _ => {}
        }
        abi::OK
    });
    world.domain.start_ready();
    world.wake(&parent);
    let (ticket, _) = world.outside.last();
    let instance = world.domain.begin();
    let child = world.object_of(instance, "child", &[child], idle);
    world
        .domain
        .expose(instance, &[("a".to_owned(), end((&child, 0)))].into());
    assert!(world.domain.child_opened(ticket, instance));
    world.domain.turn(None);
    let happened = world.happened();
    let told = happened
        .iter()
        .rfind(|line| line.starts_with("parent woken 2"));
    told.expect("an answer").clone()
}

#[test]
fn connecting_endpoints_that_do_not_match_is_answered_by_failed() {
    let told = connecting(&World::new(), TALK);
    assert_eq!(
        told,
        "parent woken 2 Failed(\"the endpoints do not match: event `say` is sent by both \
         `parent.a` and `child.a` and received by neither\")"
    );
}

#[test]
fn endpoints_that_were_compared_before_are_not_compared_again() {
    let world = World::new();
    assert!(connecting(&world, LISTEN).starts_with("parent woken 2 Connected("));
    assert_eq!(world.outside.verdicts.len(), 1);
    assert!(connecting(&world, LISTEN).starts_with("parent woken 2 Connected("));
    assert_eq!(world.outside.verdicts.len(), 1);
    // Whoever answers something else now has looked it up.
    let planted = Verdict::Unknown(Reason::Budget);
    world.outside.verdicts.overwrite(&planted);
    let told = "parent woken 2 Failed(\"the endpoints do not match: unknown\")";
    assert_eq!(connecting(&world, LISTEN), told);
}

#[test]
fn time_and_randomness_are_those_of_the_outside() {
    let drawn = || {
        let world = World::new();
        world.outside.now.set(1_234);
        let drawn = std::rc::Rc::new(std::cell::RefCell::new(Vec::new()));
        let seen = drawn.clone();
        let gambler = world.object("gambler", &[TALK], move |me, happening| {
            if let Happening::Woken { .. } = happening {
                let domain = me.proxy.domain();
                let numbers = [domain.random(), domain.random(), domain.host.now(false)];
                seen.borrow_mut().extend(numbers);
            }
            abi::OK
        });
        world.domain.start_ready();
        world.wake(&gambler);
        drawn.take()
    };
    let first = drawn();
    assert_ne!(first[0], first[1]);
    assert_eq!(first[2], 1_234);
    assert_eq!(first, drawn(), "the same outside, the same numbers");
}

#[test]
fn an_external_endpoint_of_the_same_domain_is_connected_directly() {
    let world = World::new();
    let listener = world.object("listener", &[LISTEN], idle);
    world
        .outside
        .lent
        .borrow_mut()
        .insert([7; 16], end((&listener, 0)));
    let reference = |capability| {
        ExternalEndpoint {
            address: "127.0.0.1:1".to_owned(),
            capability,
            ty: EndpointText {
                types: None,
                expression: "Listen".to_owned(),
            },
        }
        .to_document()
    };
    let (here, elsewhere) = (reference([7; 16]), reference([8; 16]));
    let talker = world.object("talker", &[TALK], move |me, happening| {
        let domain = me.proxy.domain();
        let connect = |token, external: &str| {
            let external = external.to_owned();
            let request = Request::ConnectExternal { external, own: 0 };
            assert_eq!(domain.request(me.proxy, token, request), abi::OK);
        };
        match happening {
            Happening::Woken { token: 0, .. } => connect(1, &elsewhere),
            Happening::Woken { token: 1, .. } => connect(2, &here),
            Happening::Woken { token: 2, .. } => {
                me.say(0, 5);
            }
            _ => {}
        }
        abi::OK
    });
    world.domain.start_ready();
    world.wake(&talker);
    world.run();
    let happened = world.happened();
    let told: Vec<&str> = happened.iter().map(String::as_str).collect();
    assert!(
        told.contains(&"talker woken 1 Failed(\"there are no other nodes here\")"),
        "{told:?}"
    );
    assert!(told.contains(&"listener hears 5"), "{told:?}");
}

/// What [`EAGER`] objects of this thread need: their domain, whom they connect with, and the log.
struct Eager {
    domain: Rc<Domain>,
    external: String,
    log: Log,
}

thread_local! {
    static NEEDED: RefCell<Option<Eager>> = const { RefCell::new(None) };
}

/// Objects whose constructor connects their first endpoint.
static EAGER: abi::Object = abi::Object {
    size: size_of::<abi::Object>() as u32,
    endpoints: 1,
    create: eager_create,
    load: None,
    save: None,
    digest: None,
    connected: eager_connected,
    disconnected: eager_disconnected,
    wake: eager_wake,
    destroy: eager_destroy,
    handlers: std::ptr::null(),
    handler_counts: std::ptr::null(),
};

fn eager_note(text: impl FnOnce(&Eager) -> String) -> abi::Status {
    NEEDED.with_borrow(|needed| {
        let Some(needed) = needed else {
            return abi::FAILED;
        };
        let text = text(needed);
        needed.log.borrow_mut().push(text);
        abi::OK
    })
}

extern "C" fn eager_create(
    _: *mut abi::Context,
    _: *const c_void,
    _: *mut *mut c_void,
) -> abi::Status {
    eager_note(
        |Eager {
             domain, external, ..
         }| {
            let youngest = domain.proxies.borrow().in_order().pop().cloned();
            let status = youngest.map(|proxy| {
                let external = external.clone();
                let request = Request::ConnectExternal { external, own: 0 };
                domain.request(&proxy.cell, 1, request)
            });
            let connections = domain.connections.borrow().len();
            format!("answered {status:?}, {connections} connections")
        },
    )
}

extern "C" fn eager_connected(
    _: *mut c_void,
    _: *mut abi::Context,
    endpoint: u32,
    _: u64,
) -> abi::Status {
    eager_note(|_| format!("connected {endpoint}"))
}

extern "C" fn eager_disconnected(
    _: *mut c_void,
    _: *mut abi::Context,
    endpoint: u32,
    _: u64,
    _: u32,
) -> abi::Status {
    eager_note(|_| format!("disconnected {endpoint}"))
}

extern "C" fn eager_wake(
    _: *mut c_void,
    _: *mut abi::Context,
    token: u64,
    kind: u32,
    _: *const c_void,
) -> abi::Status {
    eager_note(|_| format!("woken {token} with {kind}"))
}

extern "C" fn eager_destroy(_: *mut c_void, _: *mut abi::Context) -> abi::Status {
    abi::OK
}

#[test]
fn what_a_constructor_connects_is_connected_once_the_proxy_is_there() {
    let world = World::new();
    let hearing = Shape {
        ty: "mirror Tell",
        ..LISTEN
    };
    let listener = world.native("listener", &[hearing], Box::new(Ignoring));
    world
        .outside
        .lent
        .borrow_mut()
        .insert([7; 16], end((&listener, 0)));
    let external = ExternalEndpoint {
        address: "127.0.0.1:1".to_owned(),
        capability: [7; 16],
        ty: EndpointText {
            types: None,
            expression: "Tell".to_owned(),
        },
    };
    NEEDED.set(Some(Eager {
        domain: world.domain.clone(),
        external: external.to_document(),
        log: world.log.clone(),
    }));
    let telling = Shape { ty: "Tell", ..TALK };
    let plan = ProxyPlan {
        ty: crate::engine::create::ProxyType::Native,
        words: None,
        label: "eager".into(),
        identity: [1; 32],
        code: Code::Table(Table::new(&EAGER)),
        endpoints: world.endpoints(&[telling]).into(),
        parameters: None,
    };
    let created = world.domain.create(world.instance, plan);
    created.expect("its constructor has no reason to fail");
    world.domain.start_ready();
    world.domain.turn(None);
    let connected = abi::WAKE_CONNECTED;
    assert_eq!(
        world.happened(),
        [
            "answered Some(0), 0 connections".to_owned(),
            "connected 0".to_owned(),
            format!("woken 1 with {connected}"),
        ]
    );
    world.domain.end_all();
    world.domain.turn(None);
    assert!(world.domain.is_empty());
    NEEDED.set(None);
}

/// Takes whatever comes.
struct Ignoring;

impl Native for Ignoring {
    fn event(&mut self, _: &ProxyCell, _: Incoming) -> abi::Status {
        abi::OK
    }
}
