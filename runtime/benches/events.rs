//! One event through a connection against one call through `&mut dyn Trait` with the same payload,
//! in one run. The aim: three times, and six with the conversion of a small record. Objects that
//! pass events on have no aim: compare the two kinds with each other and with `connection`.

use divan::{Bencher, black_box, counter::ItemsCount};
use liveobj::measure::{Called, Circuit, Knowing};

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

fn events(bencher: Bencher<'_, '_>, circuit: &Circuit) {
    bencher
        .counter(ItemsCount::new(EVENTS))
        .bench_local(|| circuit.emit_all(EVENTS));
}
