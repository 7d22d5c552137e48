//! One event through a connection against one call through `&mut dyn Trait` with the same payload,
//! in one run. The aim: three times, and six with the conversion of a small record. Objects that
//! pass events on have no aim: compare the two kinds with each other and with `connection`.

use divan::{Bencher, black_box, counter::ItemsCount};
use liveobj::measure::{Called, Calls, Circuit, Knowing, Pairs};

fn main() {
    divan::main();
}

/// Events per sample: one would be lost in the noise of the clock.
const EVENTS: u64 = 10_000;

#[divan::bench]
fn dyn_call(bencher: Bencher<'_, '_>) {
    let mut called = Called::new();
    bencher
        .counter(ItemsCount::new(EVENTS))
        .bench_local(|| called.add_all(EVENTS));
}

#[divan::bench]
fn connection(bencher: Bencher<'_, '_>) {
    events(bencher, &Circuit::pair(false));
}

/// The same while somebody watches: events are counted, and time is taken.
#[divan::bench]
fn connection_while_counted(bencher: Bencher<'_, '_>) {
    let circuit = Circuit::pair(false);
    circuit.count();
    events(bencher, &circuit);
}

/// The same while all that happens is written as a trace.
#[divan::bench]
fn connection_while_traced(bencher: Bencher<'_, '_>) {
    events(bencher, &Circuit::traced());
}

/// The same while its events are tapped.
#[divan::bench]
fn connection_while_tapped(bencher: Bencher<'_, '_>) {
    events(bencher, &Circuit::tapped());
}

/// The same while those of another connection of its domain are.
#[divan::bench]
fn connection_while_another_is_tapped(bencher: Bencher<'_, '_>) {
    events(bencher, &Circuit::beside_a_tap());
}

#[divan::bench]
fn connection_with_conversion(bencher: Bencher<'_, '_>) {
    events(bencher, &Circuit::pair(true));
}

#[divan::bench]
fn connection_with_check(bencher: Bencher<'_, '_>) {
    events(bencher, &Circuit::checked());
}

/// Objects between sender and receiver that know the type of what they pass on.
#[divan::bench(args = [1, 2])]
fn passed_on_typed(bencher: Bencher<'_, '_>, objects: usize) {
    events(bencher, &Circuit::through(objects, Knowing::Types));
}

/// The same with dynamic endpoints: encoded before the first, decoded behind the last.
#[divan::bench(args = [1, 2])]
fn passed_on_dynamic(bencher: Bencher<'_, '_>, objects: usize) {
    events(bencher, &Circuit::through(objects, Knowing::Nothing));
}

/// Bytes are lent as they are: so many take as long as a few.
#[divan::bench(args = [64, 65_536])]
fn connection_of_bytes(bencher: Bencher<'_, '_>, bytes: usize) {
    let (circuit, freight) = (Circuit::freight(), vec![1; bytes]);
    bencher.counter(ItemsCount::new(EVENTS)).bench_local(|| {
        circuit.turn();
        for _ in 0..EVENTS {
            black_box(circuit.emit_bytes(black_box(&freight)));
        }
    });
}

#[divan::bench(args = [1, 10])]
fn many(bencher: Bencher<'_, '_>, receivers: usize) {
    events(bencher, &Circuit::fan(receivers));
}

/// So many objects, in pairs of a sender and a receiver; at least one pair.
const OBJECTS: [usize; 3] = [1, 1_000, 100_000];
/// Events per sample, where all pairs have their turn again and again.
const TO_ALL: u64 = 100_000;

fn to_each(bencher: Bencher<'_, '_>, objects: usize, mut each: impl FnMut(u64)) {
    let pairs = (objects / 2).max(1) as u64;
    let times = TO_ALL / pairs;
    bencher
        .counter(ItemsCount::new(times * pairs))
        .bench_local(|| each(times));
}

fn to_first(bencher: Bencher<'_, '_>, objects: usize, convert: bool) {
    let pairs = Pairs::new((objects / 2).max(1), convert);
    bencher
        .counter(ItemsCount::new(EVENTS))
        .bench_local(|| pairs.emit_first(EVENTS));
}

fn in_turn(bencher: Bencher<'_, '_>, objects: usize, convert: bool) {
    let pairs = Pairs::new((objects / 2).max(1), convert);
    to_each(bencher, objects, |times| pairs.emit_each(times));
}

/// An event through the connection of one pair, among so many objects.
#[divan::bench(args = OBJECTS)]
fn connection_among(bencher: Bencher<'_, '_>, objects: usize) {
    to_first(bencher, objects, false);
}

/// The same with the conversion of a small record.
#[divan::bench(args = OBJECTS)]
fn connection_with_conversion_among(bencher: Bencher<'_, '_>, objects: usize) {
    to_first(bencher, objects, true);
}

/// Calls to as many objects as there are pairs, each in its turn.
#[divan::bench(args = OBJECTS)]
fn each_dyn_call(bencher: Bencher<'_, '_>, objects: usize) {
    let mut calls = Calls::new((objects / 2).max(1));
    to_each(bencher, objects, |times| calls.call_each(times));
}

/// An event through the connection of each pair, in its turn: what caches do not hold comes from memory.
#[divan::bench(args = OBJECTS)]
fn each_connection(bencher: Bencher<'_, '_>, objects: usize) {
    in_turn(bencher, objects, false);
}

/// The same with the conversion of a small record.
#[divan::bench(args = OBJECTS)]
fn each_connection_with_conversion(bencher: Bencher<'_, '_>, objects: usize) {
    in_turn(bencher, objects, true);
}

fn events(bencher: Bencher<'_, '_>, circuit: &Circuit) {
    bencher
        .counter(ItemsCount::new(EVENTS))
        .bench_local(|| circuit.emit_all(EVENTS));
}
