//! `cargo xtask fuzz`: runs the fuzz targets one after the other.

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use crate::{root, succeeds};

/// Bytes of memory and seconds that one input may take, and bytes that one may have.
const LIMITS: [&str; 3] = ["-rss_limit_mb=4096", "-timeout=20", "-max_len=4096"];

/// Runs each target for so many seconds, in order of their names; all of them where none is named.
/// What is found goes into `fuzz/target/found`, so that the corpus stays as it is.
///
/// # Errors
///
/// There is no such target, or a tool cannot be started.
pub(crate) fn run(seconds: u32, names: &[String]) -> Result<ExitCode, String> {
    let root = root();
    let targets = targets(&root)?;
    if let Some(unknown) = names.iter().find(|name| !targets.contains(name)) {
        let known = targets.join(", ");
        return Err(format!("no target `{unknown}`; the targets are {known}"));
    }
    let mut build = nightly(&root);
    build.args(["fuzz", "build", "--release", "--debug-assertions"]);
    if !succeeds(&mut build)? {
        return Err(
            "the targets do not build; they need nightly Rust: `rustup toolchain install nightly`"
                .to_owned(),
        );
    }
    let mut failed = Vec::new();
    for target in &targets {
        if !names.is_empty() && !names.contains(target) {
            continue;
        }
        println!("== {target} for {seconds} s");
        let found = root.join("fuzz/target/found").join(target);
        fs::create_dir_all(&found).map_err(|error| format!("{}: {error}", found.display()))?;
        let mut run = nightly(&root);
        run.args(["fuzz", "run", "--release", "--debug-assertions", target]);
        run.arg(&found).arg(root.join("fuzz/corpus").join(target));
        run.arg("--").args(LIMITS);
        run.arg(format!("-max_total_time={seconds}"));
        let dictionary = root.join("fuzz/dictionaries").join(target);
        if dictionary.exists() {
            run.arg(format!("-dict={}", dictionary.display()));
        }
        if !succeeds(&mut run)? {
            failed.push(target.as_str());
        }
    }
    if failed.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    println!("== failed: {}", failed.join(", "));
    println!("the inputs are in fuzz/artifacts; CONTRIBUTING.md says what to do with them");
    Ok(ExitCode::FAILURE)
}

/// Names of the targets, sorted.
fn targets(root: &Path) -> Result<Vec<String>, String> {
    let folder = root.join("fuzz/targets");
    let unreadable = |error| format!("{}: {error}", folder.display());
    let mut targets = Vec::new();
    for entry in fs::read_dir(&folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        targets.extend(path.file_stem().map(|name| name.display().to_string()));
    }
    targets.sort();
    Ok(targets)
}

/// The cargo of nightly Rust.
fn nightly(root: &Path) -> Command {
    let mut command = Command::new("rustup");
    command.args(["run", "nightly", "cargo"]).current_dir(root);
    command
}
