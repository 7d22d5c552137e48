//! What a proxy and a connection cost in memory beside what the object itself has, and how long it
//! takes to open and to close, up to a million of them. The aims: 1,024 bytes each at most, and a time
//! per proxy that does not grow. Beside them the same number of boxed trait objects in a list.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicIsize, AtomicUsize, Ordering};
use std::time::Instant;

use liveobj::measure::{Called, Crowd, Number};

/// Counts what is allocated.
struct Counting;

static BYTES: AtomicIsize = AtomicIsize::new(0);
static BLOCKS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: all is left to the system's allocator.
#[allow(unsafe_code, reason = "an allocator is unsafe to write")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        BYTES.fetch_add(layout.size() as isize, Ordering::Relaxed);
        BLOCKS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: says the caller.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        BYTES.fetch_sub(layout.size() as isize, Ordering::Relaxed);
        // SAFETY: says the caller.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Bytes that `make` leaves allocated, blocks that it asked for, and nanoseconds, for each of
/// `count`.
fn cost<T>(count: usize, make: impl FnOnce() -> T) -> (T, [f64; 3]) {
    let before = (
        BYTES.load(Ordering::Relaxed),
        BLOCKS.load(Ordering::Relaxed),
    );
    let begun = Instant::now();
    let made = make();
    let time = begun.elapsed().as_nanos() as f64;
    let bytes = BYTES.load(Ordering::Relaxed) - before.0;
    let blocks = BLOCKS.load(Ordering::Relaxed) - before.1;
    let each = |total: f64| total / count as f64;
    (made, [bytes as f64, blocks as f64, time].map(each))
}

fn main() {
    // Cargo runs every benchmark as a test too, which is not the time for a million objects.
    let counts: &[usize] = match std::env::args().any(|argument| argument == "--bench") {
        true => &[1_000, 100_000, 1_000_000],
        false => &[10],
    };
    println!(
        "per object or connection  {:>9} {:>7} {:>9} {:>9}",
        "bytes", "blocks", "open ns", "close ns"
    );
    for &count in counts {
        let (boxed, [bytes, blocks, open]) = cost(count, || {
            let mut all: Vec<_> = (0..count).map(|_| Called::new()).collect();
            for one in &mut all {
                one.add(&Number { n: 1 });
            }
            all
        });
        let ((), [.., close]) = cost(count, || drop(boxed));
        row("boxed trait objects", count, [bytes, blocks, open, close]);

        let crowd = Crowd::new();
        let (opened, lone) = cost(count, || crowd.open_strangers(count / 2));
        let ((), [.., close]) = cost(count, || crowd.close(opened));
        row("proxies", count, [lone[0], lone[1], lone[2], close]);

        let crowd = Crowd::new();
        let (opened, pairs) = cost(count, || crowd.open_pairs(count / 2));
        let ((), [.., close]) = cost(count, || crowd.close(opened));
        // One connection for two proxies.
        let bytes = (pairs[0] - lone[0]) * 2.0;
        let blocks = (pairs[1] - lone[1]) * 2.0;
        row(
            "their connections",
            count / 2,
            [bytes, blocks, f64::NAN, f64::NAN],
        );
        row(
            "proxies in pairs",
            count,
            [pairs[0], pairs[1], pairs[2], close],
        );
    }
}

fn row(what: &str, count: usize, [bytes, blocks, open, close]: [f64; 4]) {
    let time = |time: f64| {
        if time.is_nan() {
            String::new()
        } else {
            format!("{time:.0}")
        }
    };
    println!(
        "{count:>8} {what:<20} {bytes:>6.0} {blocks:>7.1} {:>9} {:>9}",
        time(open),
        time(close)
    );
}
