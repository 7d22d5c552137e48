//! Runs one thing so many times: what `cargo xtask instructions` counts the instructions of. Not an
//! example of anything for embedders; see `embed.rs`.

use std::hint::black_box;
use std::process::ExitCode;

use liveobj::measure::{Across, Called, Circuit, Crowd, Number};

/// Does its thing so many times.
type Run = fn(u64);

/// What can be run, by name.
const RUNS: &[(&str, Run)] = &[
    ("dyn_call", |count| Called::new().add_all(count)),
    ("connection", |count| Circuit::pair(false).emit_all(count)),
    ("connection_with_conversion", |count| {
        Circuit::pair(true).emit_all(count);
    }),
    ("connection_with_check", |count| {
        Circuit::checked().emit_all(count)
    }),
    ("many_10", |count| Circuit::fan(10).emit_all(count)),
    ("connection_between_domains", |count| {
        Across::new().emit_all(count);
    }),
    ("open_connect_close", |count| {
        let crowd = Crowd::new();
        for n in 0..count {
            crowd.one_visits(black_box(&Number { n }));
        }
    }),
    ("open_connect_close_in_pairs", |count| {
        Crowd::new().in_pairs(count as usize);
    }),
    ("open_connect_close_around_a_hub", |count| {
        Crowd::new().around_the_hub(count as usize);
    }),
];

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let run = arguments.next();
    let count = arguments.next().and_then(|count| count.parse().ok());
    let found = RUNS.iter().find(|(name, _)| Some(*name) == run.as_deref());
    match (found, count) {
        (Some((_, run)), Some(count)) => {
            run(count);
            ExitCode::SUCCESS
        }
        (None, _) if run.is_none() => {
            for (name, _) in RUNS {
                println!("{name}");
            }
            ExitCode::SUCCESS
        }
        _ => {
            eprintln!("usage: counted RUN COUNT; without arguments it lists the runs");
            ExitCode::from(2)
        }
    }
}
