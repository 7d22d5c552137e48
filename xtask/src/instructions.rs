//! `cargo xtask instructions`: how many instructions an event takes, against what it took before.
//! Time is noisy; a count is the same on every run of one build.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::{env, fs};

use crate::{cargo, root, succeeds};

/// What each took when somebody last looked.
const BASELINE: &str = "runtime/benches/instructions.txt";
/// How much more is no worse: compilers differ from version to version.
const TOLERANCE: f64 = 1.15;
/// And so many more, for what takes few.
const MORE: f64 = 3.0;
/// Each is run so often, and then so often: what is done once does not count.
const COUNTS: [u64; 2] = [1_000, 6_000];

const HEADING: &str = "\
# Instructions per event (per object, where objects open), counted by callgrind in a release
# build on x86-64. `cargo xtask instructions` compares, `cargo xtask instructions --write` writes.
";

/// Counts, and compares with the baseline or, with `write`, replaces it.
///
/// # Errors
///
/// Something does not build or run, or the baseline cannot be read or written.
pub(crate) fn run(write: bool) -> Result<ExitCode, String> {
    let root = root();
    let mut build = cargo();
    build.args([
        "build",
        "--release",
        "--package",
        "liveobj",
        "--example",
        "counted",
    ]);
    if !succeeds(build.current_dir(&root))? {
        return Err("the build failed".to_owned());
    }
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), Into::into);
    let program = target.join("release/examples/counted");
    let listed = Command::new(&program).output();
    let listed = listed.map_err(|error| format!("{}: {error}", program.display()))?;
    let names = String::from_utf8_lossy(&listed.stdout).into_owned();
    let mut found = Vec::new();
    for name in names.lines() {
        let [few, many] = [
            count(&program, name, COUNTS[0])?,
            count(&program, name, COUNTS[1])?,
        ];
        let each = many.saturating_sub(few) as f64 / (COUNTS[1] - COUNTS[0]) as f64;
        found.push((name, each));
    }
    let path = root.join(BASELINE);
    if write {
        let lines = found
            .iter()
            .map(|(name, each)| format!("{name} {each:.1}\n"));
        let text = HEADING.to_owned() + &lines.collect::<String>();
        fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
        println!("wrote {BASELINE}");
        return Ok(ExitCode::SUCCESS);
    }
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(compare(&found, &read(&text)?))
}

/// Instructions of one run.
fn count(program: &Path, name: &str, times: u64) -> Result<u64, String> {
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
    command.arg(program).arg(name).arg(times.to_string());
    let output = command.output().map_err(|error| {
        format!("cannot start valgrind: {error}; install it, or leave out this step")
    })?;
    let said = String::from_utf8_lossy(&output.stderr);
    let collected = said
        .lines()
        .find_map(|line| line.split("Collected :").nth(1));
    collected
        .and_then(|count| count.trim().parse().ok())
        .ok_or_else(|| format!("valgrind did not count `{name}`: {said}"))
}

fn read(text: &str) -> Result<BTreeMap<&str, f64>, String> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let entries = lines.map(|line| {
        let (name, each) = line.split_once(' ')?;
        Some((name, each.parse().ok()?))
    });
    let read = entries.collect::<Option<_>>();
    read.ok_or_else(|| {
        format!("{BASELINE}: a line is not `NAME NUMBER`; write it anew with --write")
    })
}

fn compare(found: &[(&str, f64)], baseline: &BTreeMap<&str, f64>) -> ExitCode {
    println!("{:<28} {:>8} {:>8}", "instructions", "before", "now");
    let mut worse = Vec::new();
    for (name, now) in found {
        let Some(before) = baseline.get(name) else {
            println!("{name:<28} {:>8} {now:>8.1}  not in the baseline", "");
            worse.push(*name);
            continue;
        };
        let limit = before * TOLERANCE + MORE;
        let verdict = if *now > limit {
            worse.push(name);
            "  more than before"
        } else if now * TOLERANCE + MORE < *before {
            "  fewer: write that down with --write"
        } else {
            ""
        };
        println!("{name:<28} {before:>8.1} {now:>8.1}{verdict}");
    }
    if worse.is_empty() {
        return ExitCode::SUCCESS;
    }
    println!(
        "{} took more instructions than {BASELINE} allows ({:.0} % and {MORE:.0}); find out why, or, if \
         it is worth it, write the new counts with `cargo xtask instructions --write`",
        worse.join(", "),
        (TOLERANCE - 1.0) * 100.0
    );
    ExitCode::FAILURE
}
