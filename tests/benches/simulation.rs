//! Simulated events per second: events that objects are given, and what comes from outside. The
//! baseline opens the same nodes and ends at once.

use std::time::Duration;

use divan::Bencher;
use divan::counter::ItemsCount;
use liveobj::sim::{
    Action, Delay, Network, Observer, Options, Quiet, Scripted, Simulation, Summary,
};
use liveobj::{CheckedReference, Runtime};
use liveobj_tests::support::{built, root};

fn main() {
    divan::main();
}

/// Takes a trace and forgets it.
struct Forgets;

impl Observer for Forgets {
    fn wants_trace(&self) -> bool {
        true
    }
}

fn note() -> (Runtime, CheckedReference) {
    let runtime = Runtime::builder().library_path(built()).build();
    let runtime = runtime.expect("a runtime");
    let note = root().join("examples/team-note.liveobject");
    let checked = runtime.check_file(&note).expect("it is readable");
    let reference = checked.reference.expect("it is well typed");
    (runtime, reference)
}

/// An hour on three nodes that lose 20 %; one of them types every so many seconds.
fn hour(every: u64) -> Options {
    let lines = (1..3600 / every).map(|n| Scripted {
        at: Duration::from_secs(n * every),
        node: 1 + n as u32 % 3,
        action: Action::Type(format!("line {n}")),
    });
    Options {
        nodes: 3,
        seed: 7,
        duration: Duration::from_secs(3600),
        network: Network {
            loss: 200_000,
            repeat: 0,
            delay: Delay {
                least: Duration::from_millis(5),
                most: Duration::from_millis(80),
            },
        },
        script: lines.collect(),
        ..Options::default()
    }
}

fn run(
    (runtime, reference): &(Runtime, CheckedReference),
    options: &Options,
    observer: impl Observer + 'static,
) -> Summary {
    let simulation = Simulation::new(runtime, reference, options, observer);
    let mut simulation = simulation.expect("it can be simulated");
    simulation.run().expect("it comes to rest");
    simulation.finish()
}

fn bench(bencher: Bencher<'_, '_>, options: &Options, observer: fn() -> Box<dyn Observer>) {
    let note = note();
    let once = run(&note, options, Quiet);
    assert!(once.agree);
    let items = ItemsCount::new(once.events + once.wakes);
    let bencher = bencher.counter(items);
    bencher.bench_local(|| run(&note, options, observer()));
}

#[divan::bench]
fn baseline_open_three_nodes(bencher: Bencher<'_, '_>) {
    let options = Options {
        duration: Duration::ZERO,
        script: Vec::new(),
        ..hour(1800)
    };
    bench(bencher, &options, || Box::new(Quiet));
}

#[divan::bench(args = [60, 1])]
fn an_hour(bencher: Bencher<'_, '_>, every: u64) {
    bench(bencher, &hour(every), || Box::new(Quiet));
}

#[divan::bench(args = [60, 1])]
fn an_hour_traced(bencher: Bencher<'_, '_>, every: u64) {
    bench(bencher, &hour(every), || Box::new(Forgets));
}
