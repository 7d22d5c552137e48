//! "Turns."

use std::cell::Cell;
use std::rc::Rc;

use liveobj_abi as abi;

use super::super::create::Proxy;
use super::super::domain::{MAX_NESTING, TURN_LIMIT};
use super::{BALL, Happening, LISTEN, Me, RACKET, TALK, World, idle, post, three};
use crate::boundary::calls::{Lent, ProxyCell, Wake};
use crate::boundary::native::{Incoming, Native};

#[test]
fn what_handlers_emit_is_delivered_within_the_turn_which_ends_when_nothing_is_left() {
    let world = World::new();
    let first = world.object("first", &[TALK], three);
    let second = world.object("second", &[LISTEN, TALK], |me, happening| {
        if let Happening::Heard { n, .. } = happening {
            me.say(1, n * 10);
        }
        abi::OK
    });
    let third = world.object("third", &[LISTEN], idle);
    world.connect((&first, 0), (&second, 0));
    world.connect((&second, 1), (&third, 0));
    world.happened();
    world.domain.turn(Some(post(&first)));
    assert_eq!(
        world.happened()[1..],
        [
            "second hears 1",
            "third hears 10",
            "second hears 2",
            "third hears 20",
            "second hears 3",
            "third hears 30"
        ]
    );
    assert!(!world.domain.has_waiting());
}

#[test]
fn handlers_never_re_enter() {
    let world = World::new();
    let first = world.object("first", &[TALK], |me, happening| {
        match happening {
            Happening::Woken { .. } => {
                me.say(0, 1);
                me.note("first is still running");
            }
            Happening::Heard { n, .. } if n < 3 => {
                me.say(0, n + 1);
            }
            _ => {}
        }
        abi::OK
    });
    let echo = world.object("echo", &[LISTEN], |me, happening| {
        if let Happening::Heard { n, .. } = happening {
            me.say(0, n);
        }
        abi::OK
    });
    world.connect((&first, 0), (&echo, 0));
    world.happened();
    world.wake(&first);
    assert_eq!(
        world.happened()[1..],
        [
            "echo hears 1",
            "first is still running",
            "first hears 1",
            "echo hears 2",
            "first hears 2",
            "echo hears 3",
            "first hears 3"
        ]
    );
}

#[test]
fn an_outside_event_is_atomic() {
    let world = World::new();
    let hub = world.object("hub", &[LISTEN.many()], |me, happening| {
        if let Happening::Heard { n, .. } = happening {
            me.say(0, n);
        }
        abi::OK
    });
    let speakers = [1, 2].map(|_| world.object("speaker", &[TALK], three));
    for speaker in &speakers {
        world.connect((speaker, 0), (&hub, 0));
    }
    for speaker in &speakers {
        world.outside.inbox.push(post(speaker));
    }
    world.happened();
    assert!(world.step());
    let first = world.happened();
    assert_eq!(
        first.iter().filter(|line| line.starts_with("hub")).count(),
        3
    );
    assert!(!world.domain.has_waiting());
}

#[test]
fn delivery_is_fifo_per_connection() {
    let world = World::new();
    // The middle answers while it is waited for, so that later events find something waiting.
    let first = world.object("first", &[TALK], |me, happening| {
        match happening {
            Happening::Woken { .. } => {
                for n in 1..=4 {
                    me.say(0, n);
                }
            }
            Happening::Heard { n, .. } if n < 100 => {
                me.say(0, n + 100);
            }
            _ => {}
        }
        abi::OK
    });
    let second = world.object("second", &[LISTEN], |me, happening| {
        if let Happening::Heard { n, .. } = happening {
            me.say(0, n);
        }
        abi::OK
    });
    world.connect((&first, 0), (&second, 0));
    world.happened();
    world.wake(&first);
    let happened = world.happened();
    let heard = |name: &str| -> Vec<u64> {
        let lines = happened.iter().filter_map(|line| line.strip_prefix(name));
        lines
            .filter_map(|line| line.strip_prefix(" hears ")?.parse().ok())
            .collect()
    };
    assert_eq!(heard("second"), [1, 2, 3, 4, 101, 102, 103, 104]);
    assert_eq!(heard("first"), [1, 2, 3, 4, 101, 102, 103, 104]);
}

#[test]
fn an_event_is_delivered_at_once_only_if_nothing_waits_for_its_target() {
    let world = World::new();
    let hub = world.object("hub", &[LISTEN.many()], |me, happening| {
        // While `hub` runs, `left` answers it; that waits. Then `right` speaks to `hub` as well.
        if let Happening::Heard { n: 1, .. } = happening {
            me.say(0, 2);
        }
        abi::OK
    });
    let left = world.object("left", &[TALK], |me, happening| {
        match happening {
            Happening::Woken { .. } => {
                me.say(0, 1);
                me.note("left goes on");
                // `hub` is not running any more, but something waits for it.
                me.say(0, 5);
                me.note("left is done");
            }
            Happening::Heard { .. } => {
                me.say(0, 4);
            }
            _ => {}
        }
        abi::OK
    });
    let right = world.object("right", &[TALK], |me, happening| {
        if let Happening::Heard { .. } = happening {
            me.say(0, 3);
        }
        abi::OK
    });
    world.connect((&left, 0), (&hub, 0));
    world.connect((&right, 0), (&hub, 0));
    world.happened();
    world.wake(&left);
    assert_eq!(
        world.happened()[1..],
        [
            "hub hears 1",
            "right hears 2",
            "left goes on",
            "left is done",
            "left hears 2",
            "hub hears 3",
            "hub hears 5",
            "hub hears 4"
        ]
    );
}

#[test]
fn what_waits_is_delivered_in_the_order_in_which_it_was_emitted_to_whomever() {
    let world = World::new();
    let mut chain = Vec::new();
    for _ in 0..MAX_NESTING {
        let pass = |me: &super::Me<'_>, happening| {
            if let Happening::Heard { n, .. } = happening {
                me.say(1, n);
            }
            abi::OK
        };
        chain.push(world.object("link", &[LISTEN, TALK], pass));
    }
    let start = world.object("start", &[TALK], three);
    // At this depth everything waits, whoever it is for.
    let fan = world.object(
        "fan",
        &[LISTEN, TALK, TALK],
        |me: &super::Me<'_>, happening| {
            if let Happening::Heard { n, .. } = happening {
                me.say(2, n);
                me.say(1, n);
                me.say(2, n + 10);
            }
            abi::OK
        },
    );
    let [a, b] = ["a", "b"].map(|name| world.object(name, &[LISTEN], idle));
    world.connect((&start, 0), (&chain[0], 0));
    // `start` and this many links fill the stack, `fan` being the last one on it.
    let last = MAX_NESTING as usize - 3;
    for pair in chain[..=last].windows(2) {
        world.connect((&pair[0], 1), (&pair[1], 0));
    }
    world.connect((&chain[last], 1), (&fan, 0));
    world.connect((&fan, 1), (&a, 0));
    world.connect((&fan, 2), (&b, 0));
    world.happened();
    world.wake(&start);
    let lines = world.happened();
    let heard: Vec<&String> = lines
        .iter()
        .filter(|line| line.starts_with("a ") || line.starts_with("b "))
        .collect();
    let round = |n: u64| {
        [
            format!("b hears {n}"),
            format!("a hears {n}"),
            format!("b hears {}", n + 10),
        ]
    };
    let expected: Vec<String> = (1..=3).flat_map(round).collect();
    assert_eq!(heard, expected.iter().collect::<Vec<_>>());
    let fan = lines.iter().position(|line| line == "fan hears 3");
    let first = lines.iter().position(|line| line == "b hears 1");
    assert!(fan < first, "all of it waited");
}

#[test]
fn the_same_outside_events_give_the_same_order_again() {
    let run = || {
        let world = World::new();
        let chatter = |me: &super::Me<'_>, happening| {
            match happening {
                Happening::Woken { .. } => {
                    let n = me.proxy.domain().random() % 3;
                    (0..=n).for_each(|n| {
                        me.say(0, n);
                    });
                }
                Happening::Heard { n, .. } if n < 40 => {
                    me.say(0, n + 7);
                }
                _ => {}
            }
            abi::OK
        };
        let all: Vec<_> = ["p", "q", "r"]
            .into_iter()
            .map(|name| world.object(name, &[TALK.many()], chatter))
            .collect();
        let ears: Vec<_> = ["s", "t"]
            .into_iter()
            .map(|name| world.object(name, &[LISTEN.many()], chatter))
            .collect();
        for ear in &ears {
            for one in &all {
                world.connect((one, 0), (ear, 0));
            }
        }
        for one in all.iter().chain(&ears) {
            world.wake(one);
        }
        world.happened()
    };
    let first = run();
    assert!(first.len() > 100, "{}", first.len());
    assert_eq!(first, run());
}

#[test]
fn nesting_is_below_32_and_what_is_deeper_waits() {
    let world = World::new();
    let deepest = Rc::new(Cell::new(0));
    let length = 3 * MAX_NESTING as usize;
    let chain: Vec<_> = (0..length)
        .map(|_| {
            let deepest = deepest.clone();
            world.object("link", &[LISTEN, TALK], move |me, happening| {
                let depth = me.proxy.domain().depth.get();
                deepest.set(depth.max(deepest.get()));
                match happening {
                    Happening::Woken { .. } | Happening::Heard { .. } => me.say(1, 1),
                    _ => abi::OK,
                };
                abi::OK
            })
        })
        .collect();
    for pair in chain.windows(2) {
        world.connect((&pair[0], 1), (&pair[1], 0));
    }
    world.happened();
    world.wake(&chain[0]);
    assert_eq!(world.happened().len(), length, "all of them heard it");
    assert_eq!(deepest.get(), MAX_NESTING);
}

/// So many objects in a row, each of which passes on what it hears, one less.
fn row(world: &World, length: usize) -> (Vec<Rc<Proxy>>, Rc<Cell<usize>>) {
    let heard = Rc::new(Cell::new(0));
    let links: Vec<_> = (0..length)
        .map(|_| {
            let heard = heard.clone();
            world.object("link", &[LISTEN, TALK], move |me, happening| {
                let n = match happening {
                    Happening::Heard { n } => n,
                    Happening::Woken { .. } => 2 * LONG as u64,
                    _ => return abi::OK,
                };
                // What was logged would take more than all the rest.
                me.log.borrow_mut().clear();
                heard.set(heard.get() + 1);
                if n > 0 {
                    me.say(1, n - 1);
                }
                abi::OK
            })
        })
        .collect();
    for pair in links.windows(2) {
        world.connect((&pair[0], 1), (&pair[1], 0));
    }
    (links, heard)
}

/// Objects of a row that is longer than any stack.
const LONG: usize = 100_000;

/// A thread with a stack as the main one usually has.
fn on_a_stack_of_8_mebibytes(run: fn()) {
    let thread = std::thread::Builder::new().stack_size(8 << 20);
    thread
        .spawn(run)
        .expect("a thread")
        .join()
        .expect("no panic");
}

#[test]
fn an_event_passes_through_100_000_objects_on_an_ordinary_stack() {
    on_a_stack_of_8_mebibytes(|| {
        let world = World::new();
        let (links, heard) = row(&world, LONG);
        world.wake(&links[0]);
        assert_eq!(heard.get(), LONG);
    });
}

#[test]
fn an_event_goes_round_a_ring_of_100_000_objects_on_an_ordinary_stack() {
    on_a_stack_of_8_mebibytes(|| {
        let world = World::new();
        let (links, heard) = row(&world, LONG);
        world.connect((&links[LONG - 1], 1), (&links[0], 0));
        world.wake(&links[0]);
        assert_eq!(heard.get(), 2 * LONG + 1, "twice around");
    });
}

#[test]
fn after_a_million_deliveries_a_turn_is_split_and_a_diagnostic_names_the_cycle() {
    let world = World::new();
    let count = Rc::new(Cell::new(0));
    let ping = world.native("ping", &[BALL], Box::new(Bounce(count.clone())));
    let pong = world.native("pong", &[RACKET], Box::new(Bounce(count.clone())));
    let bystander = world.object("bystander", &[TALK], idle);
    world.connect((&ping, 0), (&pong, 0));
    world.domain.turn(Some(post(&ping)));
    assert!(world.domain.has_waiting(), "it goes on for ever");
    let rounds = count.get();
    assert!(
        (TURN_LIMIT..TURN_LIMIT + 1_000).contains(&rounds),
        "{rounds}"
    );
    assert_eq!(
        world.messages(),
        [
            "warning: a turn was split after 1000000 events; they go round: `ping.a` to `pong.a`, \
         `pong.a` to `ping.a`"
        ]
    );
    world.domain.turn(Some(post(&bystander)));
    assert_eq!(world.happened(), ["bystander woken 0 Posted([])"]);
    assert!(count.get() > rounds, "the cycle goes on");
}

/// Hits back for ever.
struct Bounce(Rc<Cell<u64>>);

impl Native for Bounce {
    fn event(&mut self, proxy: &ProxyCell, _: Incoming) -> abi::Status {
        self.0.set(self.0.get() + 1);
        proxy.emit(0, 0, Lent::NONE)
    }

    fn wake(&mut self, proxy: &ProxyCell, _: u64, _: Wake) -> abi::Status {
        proxy.emit(0, 0, Lent::NONE)
    }
}

#[test]
fn a_proxy_that_panics_is_disconnected_and_the_rest_of_the_domain_goes_on() {
    let world = World::new();
    let speaker = world.object("speaker", &[TALK.many()], three);
    let clumsy = world.object_of(world.domain.begin(), "clumsy", &[LISTEN], |_, happening| {
        if let Happening::Heard { n: 2, .. } = happening {
            panic!("dropped it");
        }
        abi::OK
    });
    let steady = world.object("steady", &[LISTEN], idle);
    world.connect((&speaker, 0), (&clumsy, 0));
    world.connect((&speaker, 0), (&steady, 0));
    world.happened();
    world.wake(&speaker);
    assert_eq!(
        world.happened()[1..],
        [
            "clumsy hears 1",
            "steady hears 1",
            "clumsy hears 2",
            "steady hears 2",
            "steady hears 3",
            "speaker disconnected 0 (1)",
            "clumsy destroyed"
        ]
    );
    assert_eq!(world.messages(), ["error: `clumsy`: panicked: dropped it"]);
}

#[test]
fn the_engine_holds_no_state_borrowed_across_a_handler_call() {
    // Every function of the host is called from inside a handler; a borrow would panic.
    let world = World::new();
    let other = world.object("other", &[LISTEN.many()], idle);
    let target = super::end((&other, 0));
    let busy = world.object("busy", &[TALK.many()], move |me, happening| {
        let domain = me.proxy.domain();
        if let Happening::Woken { .. } = happening {
            let own = super::End {
                proxy: me.proxy.number,
                endpoint: 0,
            };
            let number = domain.connect(own, target).expect("connected");
            domain.start_ready();
            domain.notify_connected(number);
            me.say_to(0, number, 1);
            domain.request(me.proxy, 5, crate::edge::Request::Timer(1));
            domain.close_token(me.proxy, 5);
            domain.report(me.proxy, crate::report::Level::Info, "busy");
            domain.random();
            domain.drop_connection(number);
        }
        abi::OK
    });
    world.domain.start_ready();
    world.wake(&busy);
    assert_eq!(
        world.happened()[1..],
        [
            "busy connected 0",
            "other connected 0",
            "other hears 1",
            "busy disconnected 0 (0)",
            "other disconnected 0 (0)"
        ]
    );
}

#[test]
fn others_see_which_object_runs_and_not_those_that_wait_for_it() {
    let world = World::new();
    let pass = |me: &Me<'_>, happening| {
        if let Happening::Woken { .. } | Happening::Heard { .. } = happening {
            me.say(0, 1);
            me.note(format!("now {} runs", me.proxy.domain().pulse.who()));
        }
        abi::OK
    };
    let first = world.object("first", &[TALK], pass);
    let second = world.object("second", &[TALK, LISTEN], pass);
    let third = world.object("third", &[TALK, LISTEN], pass);
    world.connect((&first, 0), (&second, 1));
    world.connect((&second, 0), (&third, 1));
    world.happened();
    world.wake(&first);
    let seen = world.happened();
    let seen: Vec<&str> = seen
        .iter()
        .filter_map(|line| line.strip_prefix("now "))
        .collect();
    assert_eq!(seen, ["third runs", "second runs", "first runs"]);
    assert_eq!(world.domain.pulse.roster.innermost(), None);
}
