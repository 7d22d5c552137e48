//! A pipeline in one domain against the same in two, each on a core, in one run. The aim: 1.7 times as
//! many events where two cores are free. Each of 8 stages takes 2,000 steps of a random number
//! generator for each event, about two microseconds; half of the stages is in each domain.

use divan::{Bencher, counter::ItemsCount};
use liveobj::Runtime;
use liveobj::measure::Pipeline;

fn main() {
    divan::main();
}

/// Events per sample, which begins and ends with an empty pipeline.
const EVENTS: u32 = 2_000;
const STAGES: usize = 8;
const STEPS: u32 = 2_000;

/// How many domains, and how many objects there are beside the stages.
#[divan::bench(
    args = [(1, 0), (2, 0), (1, 1_000), (2, 1_000), (1, 100_000), (2, 100_000)],
    sample_count = 20
)]
fn domains_among(bencher: Bencher<'_, '_>, (domains, others): (usize, usize)) {
    let runtime = Runtime::builder().build().expect("a runtime");
    pass(bencher, &runtime, domains, others);
}

fn pass(bencher: Bencher<'_, '_>, runtime: &Runtime, domains: usize, others: usize) {
    let pipeline = Pipeline::among(runtime, STAGES, domains, STEPS, others);
    let events = ItemsCount::new(EVENTS as usize);
    bencher
        .counter(events)
        .bench_local(|| pipeline.pass(EVENTS));
}
