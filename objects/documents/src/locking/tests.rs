//! Replicas of one stream of requests and views.

use super::*;
use crate::random::Random;

/// Users of one replica.
const A: u64 = 1;
const B: u64 = 2;

type Lock = super::Lock<u64>;
type Action = super::Action<u64>;

fn lock(run: u64) -> Lock {
    Lock::new(Run::new(run))
}

fn view(group: u64, number: u64) -> ViewId {
    ViewId { group, number }
}

fn grant(view: ViewId, number: u64) -> Grant {
    Grant { view, number }
}

fn holder(view: ViewId, number: u64, member: u64) -> Option<Holder> {
    let grant = grant(view, number);
    Some(Holder { grant, member })
}

/// A state in which this member, alone in a view, holds the lock.
fn held_by(view: ViewId, member: u64, grants: u64) -> State {
    let id = UpdateId { run: 2, number: 1 };
    State {
        view,
        members: vec![member],
        requests: [LockRequest { id, member }].into(),
        granted: grant(view, grants),
    }
}

/// What is told in the end, where updates come back one after the other.
fn settled(lock: &mut Lock, actions: Vec<Action>) -> Vec<Action> {
    let mut told = Vec::new();
    let mut left = VecDeque::from(actions);
    while let Some(action) = left.pop_front() {
        match action {
            Action::Send(id, change) => left.extend(lock.receive(id, change)),
            action => told.push(action),
        }
    }
    told
}

fn alone() -> Lock {
    let mut lock = lock(1);
    assert_eq!(lock.view(view(7, 1), &[70], 70), []);
    lock
}

#[test]
fn users_of_one_member_hold_it_one_after_the_other() {
    let mut lock = alone();
    let actions = lock.acquire(A);
    assert_eq!(
        settled(&mut lock, actions),
        [
            Action::Granted(A, grant(view(7, 1), 1)),
            Action::Holder(holder(view(7, 1), 1, 70))
        ]
    );
    let actions = lock.acquire(B);
    assert_eq!(settled(&mut lock, actions), []);
    assert_eq!(lock.acquire(A), [], "it holds the lock already");
    let actions = lock.release(A);
    assert_eq!(
        settled(&mut lock, actions),
        [
            Action::Granted(B, grant(view(7, 1), 2)),
            Action::Holder(holder(view(7, 1), 2, 70))
        ]
    );
    assert_eq!(lock.release(A), [], "it holds nothing");
    let actions = lock.release(B);
    assert_eq!(settled(&mut lock, actions), [Action::Holder(None)]);
}

#[test]
fn who_has_given_up_is_not_granted_the_lock() {
    let mut lock = alone();
    let asked = lock.acquire(A);
    let given_up = lock.release(A);
    // The line learns of both one after the other.
    let told = [
        Action::Holder(holder(view(7, 1), 1, 70)),
        Action::Holder(None),
    ];
    assert_eq!(settled(&mut lock, asked), told);
    assert_eq!(settled(&mut lock, given_up), []);
}

#[test]
fn a_wish_before_the_first_view_is_sent_with_it() {
    let mut lock = lock(1);
    assert_eq!(lock.acquire(A), []);
    assert_eq!(lock.acquire(B), []);
    assert_eq!(lock.release(B), []);
    let actions = lock.view(view(7, 1), &[70], 70);
    let [Action::Send(id, LockChange::acquire(70))] = actions[..] else {
        panic!("{actions:?}")
    };
    assert_eq!(lock.view(view(7, 2), &[70, 71], 70), [], "it is on its way");
    assert_eq!(lock.receive(id, LockChange::acquire(70)).len(), 2);
}

#[test]
fn who_is_gone_gives_way_to_the_next() {
    let mut here = lock(1);
    here.view(view(7, 1), &[70, 71], 70);
    let gone = UpdateId { run: 2, number: 1 };
    here.receive(gone, LockChange::acquire(71));
    let actions = here.acquire(A);
    assert_eq!(settled(&mut here, actions), []);
    assert_eq!(here.state().holder(), holder(view(7, 1), 1, 71));
    assert_eq!(
        here.view(view(7, 2), &[70], 70),
        [
            Action::Granted(A, grant(view(7, 2), 2)),
            Action::Holder(holder(view(7, 2), 2, 70))
        ]
    );
    // What it had sent before comes too late.
    let late = UpdateId { run: 2, number: 2 };
    assert_eq!(here.receive(late, LockChange::acquire(71)), []);
    assert_eq!(here.state().requests.len(), 1);
}

#[test]
fn who_was_excluded_loses_it_and_asks_again_for_what_it_still_wants() {
    let mut lock = alone();
    let actions = [lock.acquire(A), lock.acquire(B)].concat();
    settled(&mut lock, actions);
    // Elsewhere the group has gone on: 80 holds the lock now, and this one comes back as 81.
    let held = held_by(view(8, 1), 80, 5);
    let request = held.requests[0];
    assert_eq!(
        lock.initialize(held),
        [
            Action::Revoked(A),
            Action::Holder(holder(view(8, 1), 5, 80))
        ]
    );
    let actions = lock.view(view(8, 2), &[80, 81], 81);
    let [Action::Send(id, again)] = actions[..] else {
        panic!("{actions:?}")
    };
    assert_eq!(again, LockChange::acquire(81));
    assert_eq!(lock.receive(id, again), []);
    let released = LockChange::release(request.id);
    let other = UpdateId { run: 2, number: 2 };
    assert_eq!(
        lock.receive(other, released),
        [
            Action::Granted(B, grant(view(8, 2), 6)),
            Action::Holder(holder(view(8, 2), 6, 81))
        ]
    );
}

#[test]
fn a_group_that_comes_back_has_no_holder_and_goes_on_counting() {
    let mut lock = lock(1);
    lock.acquire(A);
    lock.initialize(held_by(view(7, 1), 70, 5));
    assert_eq!(lock.view(view(7, 1), &[70], 0), [], "it has seen that");
    let actions = lock.view(view(9, 2), &[90], 90);
    let [Action::Holder(None), Action::Send(..)] = actions[..] else {
        panic!("{actions:?}")
    };
    let told = settled(&mut lock, actions);
    assert_eq!(told[1], Action::Granted(A, grant(view(9, 2), 6)));
}

/// All who have the state crash while others join, which begin without it.
#[test]
fn a_group_that_has_lost_its_state_grants_no_number_twice() {
    let mut first = alone();
    let actions = first.acquire(A);
    let before = settled(&mut first, actions);
    let mut second = lock(2);
    second.view(view(7, 2), &[80], 80);
    let actions = second.acquire(A);
    let after = settled(&mut second, actions);
    assert_eq!(before[0], Action::Granted(A, grant(view(7, 1), 1)));
    assert_eq!(after[0], Action::Granted(A, grant(view(7, 2), 1)));
}

#[test]
fn what_this_one_asked_for_and_does_not_want_any_more_leaves_the_line() {
    let mut lock = alone();
    let forgotten = UpdateId { run: 1, number: 9 };
    let actions = lock.receive(forgotten, LockChange::acquire(70));
    let released = LockChange::release(forgotten);
    assert!(
        matches!(actions[..], [Action::Send(_, change), Action::Holder(Some(_))] if change == released),
        "{actions:?}"
    );
    assert_eq!(
        settled(&mut lock, actions).last(),
        Some(&Action::Holder(None))
    );
}

/// What the stream brings.
#[derive(Clone)]
enum Event {
    Update(UpdateId, LockChange),
    View(ViewId, Vec<u64>),
}

/// A group of members that receive one stream, each as late as chance has it.
struct World {
    stream: Vec<Event>,
    /// Receives everything at once, and asks for nothing.
    observer: Lock,
    members: BTreeMap<u64, Member>,
}

struct Member {
    lock: Lock,
    /// So much of the stream it has received.
    received: usize,
    /// Which of its users holds the lock, as far as it knows.
    holding: Option<u64>,
}

impl World {
    fn push(&mut self, event: Event) {
        take(&mut self.observer, 0, &event);
        self.stream.push(event);
    }

    fn show_view(&mut self) {
        let members = self.members.keys().copied().collect();
        self.push(Event::View(view(7, self.stream.len() as u64), members));
    }

    /// One comes: it begins with the state before the view that it is in.
    fn join(&mut self, me: u64) {
        let mut lock = lock(me);
        lock.initialize(self.observer.state().clone());
        let member = Member {
            lock,
            received: self.stream.len(),
            holding: None,
        };
        self.members.insert(me, member);
        self.show_view();
    }
}

/// Members come, crash and act in any order.
#[test]
fn each_time_it_is_granted_to_one_and_replicas_stay_equal() {
    let mut granted = 0;
    for seed in 0..200 {
        let mut dice = Random::new(seed);
        let mut world = World {
            stream: Vec::new(),
            observer: lock(0),
            members: BTreeMap::new(),
        };
        let mut numbers = BTreeMap::new();
        for step in 0..400 {
            if step % 80 == 0 || world.members.is_empty() {
                world.join(1_000 + step);
            }
            let index = dice.below(world.members.len() as u64) as usize;
            let me = *world.members.keys().nth(index).unwrap();
            if dice.below(100) == 0 {
                world.members.remove(&me);
                world.show_view();
                continue;
            }
            let member = world.members.get_mut(&me).unwrap();
            let user = dice.below(3);
            let actions = match dice.below(6) {
                0 => member.lock.acquire(user),
                1 => {
                    member.holding.take_if(|it| *it == user);
                    member.lock.release(user)
                }
                _ => {
                    let next = world.stream.get(member.received);
                    member.received += usize::from(next.is_some());
                    next.map_or(Vec::new(), |event| take(&mut member.lock, me, event))
                }
            };
            for action in actions {
                match action {
                    Action::Send(id, change) => world.push(Event::Update(id, change)),
                    Action::Granted(to, grant) => {
                        let member = world.members.get_mut(&me).unwrap();
                        let before = member.holding.replace(to);
                        assert_eq!(before, None, "seed {seed}: two of one member");
                        let number = (grant.view.number, grant.number);
                        let before = numbers.insert(number, (me, to));
                        assert_eq!(before, None, "seed {seed}: granted twice");
                        granted += 1;
                    }
                    Action::Revoked(_) => panic!("seed {seed}: nobody was excluded"),
                    Action::Holder(_) => {}
                }
            }
        }
        for (me, member) in &mut world.members {
            for event in &world.stream[member.received..] {
                take(&mut member.lock, *me, event);
            }
            assert_eq!(member.lock.state(), world.observer.state(), "seed {seed}");
        }
    }
    assert!(granted > 1_000, "{granted}");
}

fn take(lock: &mut Lock, me: u64, event: &Event) -> Vec<Action> {
    match event {
        Event::Update(id, change) => lock.receive(*id, *change),
        Event::View(view, members) => lock.view(*view, members, me),
    }
}
