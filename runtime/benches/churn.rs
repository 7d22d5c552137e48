//! Whether memory comes apart: a million groups of objects come and go while a thousand others live,
//! some of them for long. The aim: the process takes no more memory at the end than at the beginning.

use std::time::Instant;

use liveobj::measure::Churn;

/// Megabytes of this process in memory; NaN where the system does not tell.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    kibibytes.map_or(f64::NAN, |number| {
        number.trim().parse().unwrap_or(f64::NAN) / 1024.0
    })
}

fn main() {
    // Cargo runs every benchmark as a test too.
    let step = match std::env::args().any(|argument| argument == "--bench") {
        true => 100_000,
        false => 10,
    };
    let mut churn = Churn::new();
    println!("{:>9} {:>9} {:>9}", "cycles", "MiB", "µs each");
    for done in 1..=10 {
        let begun = Instant::now();
        churn.cycles(step);
        let each = begun.elapsed().as_secs_f64() * 1e6 / step as f64;
        println!("{:>9} {:>9.1} {each:>9.2}", done * step, resident());
    }
}
