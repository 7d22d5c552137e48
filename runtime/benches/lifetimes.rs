//! Open, connect and close, per proxy, against a boxed trait object that is created, put among the
//! others and dropped, in one run. The aim: the time per proxy does not grow with their number.

use divan::{Bencher, black_box, counter::ItemsCount};
use liveobj::measure::{Called, Crowd, Number};

fn main() {
    divan::main();
}

/// One sample of the largest takes about a second.
const COUNTS: [usize; 3] = [1, 1_000, 100_000];

#[divan::bench(args = COUNTS, sample_count = 10, sample_size = 1)]
fn boxed(bencher: Bencher<'_, '_>, count: usize) {
    bencher.counter(ItemsCount::new(count)).bench_local(|| {
        let mut others = Vec::new();
        for n in 0..count as u64 {
            let mut one = Called::new();
            one.add(&Number { n });
            others.push(one);
        }
        black_box(others);
    });
}

#[divan::bench(args = COUNTS, sample_count = 10, sample_size = 1)]
fn around_a_hub(bencher: Bencher<'_, '_>, count: usize) {
    let crowd = Crowd::new();
    bencher
        .counter(ItemsCount::new(count))
        .bench_local(|| crowd.around_the_hub(black_box(count)));
}

#[divan::bench(args = COUNTS, sample_count = 10, sample_size = 1)]
fn in_pairs(bencher: Bencher<'_, '_>, count: usize) {
    let crowd = Crowd::new();
    bencher
        .counter(ItemsCount::new(count.next_multiple_of(2)))
        .bench_local(|| crowd.in_pairs(black_box(count)));
}
