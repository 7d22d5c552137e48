//! What `cargo demo` and `cargo xtask` run.

mod fuzz;
mod instructions;
mod original;

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use clap::{Parser, Subcommand};

/// Build tasks of liveobj.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build `liveobj` with its libraries and open the shared note.
    Demo {
        /// Further arguments of `liveobj open`, such as `--for 10s`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Run the fuzz targets, one after the other; needs cargo-fuzz and nightly Rust.
    Fuzz {
        /// For how many seconds each.
        #[arg(long, default_value_t = 1800)]
        seconds: u32,
        /// Targets to run; all of them where none is named.
        targets: Vec<String>,
    },
    /// Run the steps of continuous integration: all of them, or those named.
    Ci {
        /// Steps to run.
        steps: Vec<String>,
        /// A tool that is missing fails its step instead of skipping it.
        #[arg(long)]
        strict: bool,
        /// Also run the slow lane.
        #[arg(long)]
        slow: bool,
    },
    /// Count the instructions that an event takes, and compare with what it took before; needs
    /// valgrind.
    Instructions {
        /// Write down what was counted, instead.
        #[arg(long)]
        write: bool,
    },
    /// Generate the catalogue of the 2009 platform in `original/data`.
    OriginalCatalog {
        /// The facts, as JSON.
        facts: PathBuf,
    },
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().task {
        Task::Demo { arguments } => demo(&arguments),
        Task::Fuzz { seconds, targets } => fuzz::run(seconds, &targets),
        Task::Ci {
            steps,
            strict,
            slow,
        } => ci(&steps, strict, slow),
        Task::Instructions { write } => instructions::run(write),
        Task::OriginalCatalog { facts } => {
            original::generate(&facts, &root()).map(|()| ExitCode::SUCCESS)
        }
    };
    match outcome {
        Ok(code) => code,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}

/// The packages that `cargo demo` needs: the command and the libraries that the note names.
const DEMO_PACKAGES: [&str; 3] = ["liveobj-cli", "liveobj-channels", "liveobj-documents"];

fn demo(arguments: &[String]) -> Result<ExitCode, String> {
    let root = root();
    let mut build = cargo();
    build.args(["build", "--release"]).current_dir(&root);
    for package in DEMO_PACKAGES {
        build.args(["--package", package]);
    }
    if !succeeds(&mut build)? {
        return Err("the build failed".to_owned());
    }
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let release = target.join("release");
    let program = release.join("liveobj");
    let mut open = Command::new(&program);
    open.arg("open")
        .arg(root.join("examples/team-note.liveobject"));
    open.arg("--library-path").arg(&release).args(arguments);
    let error = replace_process(&mut open);
    Err(format!("cannot start {}: {error}", program.display()))
}

/// Becomes `command`, so that signals and the terminal are its own. Returns only on failure.
fn replace_process(command: &mut Command) -> std::io::Error {
    use std::os::unix::process::CommandExt;
    command.exec()
}

/// A step: its name, the program that must be there (a cargo subcommand), its command line.
struct Step {
    name: &'static str,
    needs: Option<&'static str>,
    cargo: &'static [&'static str],
    environment: &'static [(&'static str, &'static str)],
}

const fn step(name: &'static str, cargo: &'static [&'static str]) -> Step {
    Step {
        name,
        needs: None,
        cargo,
        environment: &[],
    }
}

const STEPS: &[Step] = &[
    step("fmt", &["fmt", "--all", "--check"]),
    step(
        "clippy",
        &[
            "clippy",
            "--workspace",
            "--all-targets",
            "--quiet",
            "--",
            "--deny",
            "warnings",
        ],
    ),
    step(
        "layering",
        &[
            "test",
            "--package",
            "liveobj-tests",
            "--test",
            "it",
            "layering",
        ],
    ),
    // The README's own command.
    step("tests", &["test", "--workspace"]),
    Step {
        name: "doc",
        needs: None,
        cargo: &["doc", "--workspace", "--no-deps", "--quiet"],
        environment: &[("RUSTDOCFLAGS", "--deny warnings")],
    },
    Step {
        name: "instructions",
        needs: Some("valgrind"),
        cargo: &["xtask", "instructions"],
        environment: &[],
    },
];

const SLOW_STEPS: &[Step] = &[
    Step {
        name: "nextest",
        needs: Some("cargo-nextest"),
        cargo: &["nextest", "run", "--workspace"],
        environment: &[],
    },
    Step {
        name: "deny",
        needs: Some("cargo-deny"),
        cargo: &["deny", "check"],
        environment: &[],
    },
    // Whether the targets build, and what is found at once.
    Step {
        name: "fuzz",
        needs: Some("cargo-fuzz"),
        cargo: &["xtask", "fuzz", "--seconds", "20"],
        environment: &[],
    },
];

fn ci(names: &[String], strict: bool, slow: bool) -> Result<ExitCode, String> {
    let known = || STEPS.iter().chain(SLOW_STEPS);
    if let Some(unknown) = names
        .iter()
        .find(|name| known().all(|step| step.name != **name))
    {
        let all: Vec<&str> = known().map(|step| step.name).collect();
        return Err(format!(
            "no step `{unknown}`; the steps are {}",
            all.join(", ")
        ));
    }
    let chosen: Vec<&Step> = if names.is_empty() {
        STEPS
            .iter()
            .chain(SLOW_STEPS.iter().filter(|_| slow))
            .collect()
    } else {
        known()
            .filter(|step| names.iter().any(|name| name == step.name))
            .collect()
    };
    let mut failed = Vec::new();
    for step in chosen {
        if let Some(tool) = step.needs
            && !installed(tool)
        {
            println!("SKIPPED {}: {tool} not installed", step.name);
            if strict {
                failed.push(step.name);
            }
            continue;
        }
        println!("== {}", step.name);
        let mut command = cargo();
        command
            .args(step.cargo)
            .envs(step.environment.iter().copied())
            .current_dir(root());
        if !succeeds(&mut command)? {
            failed.push(step.name);
        }
    }
    if failed.is_empty() {
        println!("== all steps passed");
        Ok(ExitCode::SUCCESS)
    } else {
        println!("== failed: {}", failed.join(", "));
        Ok(ExitCode::FAILURE)
    }
}

fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest
        .parent()
        .expect("because xtask lies in the workspace")
        .to_owned()
}

fn cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

fn succeeds(command: &mut Command) -> Result<bool, String> {
    let status = command
        .status()
        .map_err(|error| format!("cannot start {}: {error}", command.get_program().display()))?;
    Ok(status.success())
}

fn installed(tool: &str) -> bool {
    Command::new(tool)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
