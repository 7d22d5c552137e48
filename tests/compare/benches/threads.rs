//! Events between two domains, each on a thread of its own, beside channels and actors between two
//! threads, in one run. `through`: many in a row, as fast as they go. `there_and_back`: one at a time.
//! The aim: half the time of tokio's bounded channel, at most.

use std::sync::mpsc;
use std::thread;

use actix::prelude::{Actor, Arbiter, Context, Handler, Message, System};
use divan::{Bencher, black_box, counter::ItemsCount};
use liveobj::Runtime;
use liveobj::measure::Exchange;

fn main() {
    divan::main();
}

/// What waits at most: as much as between domains.
const ROOM: usize = 65_536;
/// Per sample.
const EVENTS: u64 = 50_000;
/// Per sample, one at a time.
const ROUNDS: u64 = 2_000;

/// How to send a number, which answers whether somebody is there to receive it; and how to receive
/// the next one.
trait Channel: Fn() -> (Self::Send, Self::Next) {
    type Send: FnMut(u64) -> bool + Send + 'static;
    type Next: FnMut() -> Option<u64> + Send + 'static;
}

impl<F, S, N> Channel for F
where
    F: Fn() -> (S, N),
    S: FnMut(u64) -> bool + Send + 'static,
    N: FnMut() -> Option<u64> + Send + 'static,
{
    type Send = S;
    type Next = N;
}

fn std_mpsc() -> (impl FnMut(u64) -> bool, impl FnMut() -> Option<u64>) {
    let (sender, receiver) = mpsc::sync_channel(ROOM);
    let send = move |n| sender.send(n).is_ok();
    (send, move || receiver.recv().ok())
}

fn crossbeam() -> (impl FnMut(u64) -> bool, impl FnMut() -> Option<u64>) {
    let (sender, receiver) = crossbeam_channel::bounded(ROOM);
    let send = move |n| sender.send(n).is_ok();
    (send, move || receiver.recv().ok())
}

fn tokio_mpsc() -> (impl FnMut(u64) -> bool, impl FnMut() -> Option<u64>) {
    let (sender, mut receiver) = tokio::sync::mpsc::channel(ROOM);
    let send = move |n| sender.blocking_send(n).is_ok();
    (send, move || receiver.blocking_recv())
}

/// A thread that adds up what comes, and answers the sum at every 0.
struct Adding<S> {
    send: S,
    sums: mpsc::Receiver<u64>,
}

impl<S: FnMut(u64) -> bool> Adding<S> {
    /// Sends so many numbers, and waits for their sum.
    fn pass(&mut self, count: u64) -> u64 {
        for n in (1..=count).chain([0]) {
            assert!((self.send)(n), "a thread");
        }
        self.sums.recv().expect("a sum")
    }
}

/// Adds up what comes through a channel, on a thread.
fn adding<C: Channel>(channel: C) -> Adding<C::Send> {
    let (send, mut next) = channel();
    let (told, sums) = mpsc::channel();
    thread::spawn(move || {
        let mut sum = 0;
        while let Some(n) = next() {
            sum += n;
            if n == 0 && told.send(std::mem::take(&mut sum)).is_err() {
                break;
            }
        }
    });
    Adding { send, sums }
}

#[derive(Message)]
#[rtype(result = "()")]
struct Number(u64);

struct Adder {
    sum: u64,
    told: mpsc::Sender<u64>,
}

impl Actor for Adder {
    type Context = Context<Adder>;
}

impl Handler<Number> for Adder {
    type Result = ();

    fn handle(&mut self, Number(n): Number, _: &mut Context<Adder>) {
        self.sum += n;
        if n == 0 {
            let _ = self.told.send(std::mem::take(&mut self.sum));
        }
    }
}

/// An actor of actix on a thread of its own; its mailbox has no bound for `do_send`.
fn actor() -> (System, Adding<impl FnMut(u64) -> bool>) {
    let (told, sums) = mpsc::channel();
    let (ready, address) = mpsc::channel();
    thread::spawn(move || {
        let system = System::new();
        let current = System::current();
        system.block_on(async move {
            let arbiter = Arbiter::current();
            let adder = Adder { sum: 0, told }.start();
            let _ = ready.send((current, adder, arbiter));
        });
        let _ = system.run();
    });
    let (system, adder, _) = address.recv().expect("an actor");
    let send = move |n| {
        adder.do_send(Number(n));
        true
    };
    (system, Adding { send, sums })
}

fn through(bencher: Bencher<'_, '_>, mut adding: Adding<impl FnMut(u64) -> bool>) {
    let events = ItemsCount::new(EVENTS);
    bencher
        .counter(events)
        .bench_local(|| black_box(adding.pass(EVENTS)));
}

/// Asks a thread that answers whatever comes with itself, and waits for the answer, again and again.
fn there_and_back<C: Channel>(bencher: Bencher<'_, '_>, channel: C) {
    let (mut ask, mut asked) = channel();
    let (mut answer, mut answered) = channel();
    thread::spawn(move || while asked().is_some_and(&mut answer) {});
    bencher.counter(ItemsCount::new(ROUNDS)).bench_local(|| {
        for n in 0..ROUNDS {
            assert!(ask(n), "a thread");
            assert_eq!(answered(), Some(n));
        }
    });
}

/// How many other objects the two domains have, which are connected in pairs from one to the other and do
/// nothing.
const OTHERS: [usize; 3] = [0, 1_000, 100_000];

#[divan::bench(args = OTHERS, sample_count = 20)]
fn through_domains(bencher: Bencher<'_, '_>, others: usize) {
    let runtime = Runtime::builder().build().expect("a runtime");
    let exchange = Exchange::among(&runtime, others);
    let events = ItemsCount::new(EVENTS);
    bencher
        .counter(events)
        .bench_local(|| black_box(exchange.through(EVENTS as u32)));
}

#[divan::bench(args = OTHERS, sample_count = 20)]
fn there_and_back_domains(bencher: Bencher<'_, '_>, others: usize) {
    let runtime = Runtime::builder().build().expect("a runtime");
    let exchange = Exchange::among(&runtime, others);
    bencher
        .counter(ItemsCount::new(ROUNDS))
        .bench_local(|| black_box(exchange.there_and_back(ROUNDS as u32)));
}

#[divan::bench(sample_count = 20)]
fn through_std_mpsc(bencher: Bencher<'_, '_>) {
    through(bencher, adding(std_mpsc));
}

#[divan::bench(sample_count = 20)]
fn through_crossbeam(bencher: Bencher<'_, '_>) {
    through(bencher, adding(crossbeam));
}

#[divan::bench(sample_count = 20)]
fn through_tokio_mpsc(bencher: Bencher<'_, '_>) {
    through(bencher, adding(tokio_mpsc));
}

#[divan::bench(sample_count = 20)]
fn through_actix(bencher: Bencher<'_, '_>) {
    let (system, adding) = actor();
    through(bencher, adding);
    system.stop();
}

#[divan::bench(sample_count = 20)]
fn there_and_back_std_mpsc(bencher: Bencher<'_, '_>) {
    there_and_back(bencher, std_mpsc);
}

#[divan::bench(sample_count = 20)]
fn there_and_back_crossbeam(bencher: Bencher<'_, '_>) {
    there_and_back(bencher, crossbeam);
}

#[divan::bench(sample_count = 20)]
fn there_and_back_tokio_mpsc(bencher: Bencher<'_, '_>) {
    there_and_back(bencher, tokio_mpsc);
}
