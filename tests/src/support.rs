//! What the tests share: the built command and libraries, and a home that is not the user's.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Root of the workspace.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests lies in the workspace")
        .to_owned()
}

/// Builds the command and the libraries once and returns the folder that holds them. Building
/// here, not by dependency, gives the tests what a user has: separate files.
pub fn built() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        build(&[
            "liveobj-cli",
            "liveobj-channels",
            "liveobj-documents",
            "liveobj-groups",
            "liveobj-sealing",
            "rates-formalism",
        ]);
        let test = std::env::current_exe().expect("a test knows its own path");
        let deps = test.parent().expect("it lies in a folder");
        deps.parent()
            .expect("which lies in the profile's folder")
            .to_owned()
    })
}

/// Builds the example of the README once and returns the library's file. It stands apart from what
/// [`built`] builds, since a user has it only after building it.
pub fn stamper() -> PathBuf {
    static BUILT: OnceLock<()> = OnceLock::new();
    let folder = built();
    BUILT.get_or_init(|| build(&["stamper"]));
    folder.join("libstamper.so")
}

/// Builds the objects of `tests/objects/dynamic` once and returns the folder of the libraries.
pub fn dynamic() -> &'static Path {
    static BUILT: OnceLock<()> = OnceLock::new();
    let folder = built();
    BUILT.get_or_init(|| build(&["liveobj-test-dynamic"]));
    folder
}

/// Builds the objects of `tests/objects/faulty` once and returns the folder of the libraries.
pub fn faulty() -> &'static Path {
    static BUILT: OnceLock<()> = OnceLock::new();
    let folder = built();
    BUILT.get_or_init(|| build(&["liveobj-test-faulty"]));
    folder
}

/// Makes a library in C or C++ as its author would, in `folder`: first the header, from the types
/// that lie beside the source, then the library, with the system's compiler.
pub fn foreign(folder: &Path, source: &Path, name: &str, options: &[&str]) -> PathBuf {
    foreign_with(folder, source, name, &[], options)
}

/// The same; `further` are further options of `liveobj library header`.
pub fn foreign_with(
    folder: &Path,
    source: &Path,
    name: &str,
    further: &[&str],
    options: &[&str],
) -> PathBuf {
    let mut header = liveobj(folder);
    header.args(["library", "header", "--name", name]);
    header.args(further);
    let output = header.arg(source.with_extension("lot")).output();
    let output = output.expect("liveobj runs");
    assert!(output.status.success(), "{output:?}");
    let stem = source.file_stem().expect("a source has a name");
    let types = folder.join(stem).with_extension("h");
    std::fs::write(types, output.stdout).expect("the folder is writable");
    let (compiler, standard) = match source.extension() {
        Some(ending) if ending == "c" => ("cc", "-std=c99"),
        _ => ("c++", "-std=c++11"),
    };
    let library = folder.join(format!("lib{}.so", stem.display()));
    let output = Command::new(compiler)
        .args([standard, "-Wall", "-Wextra", "-pedantic", "-Werror"])
        .args([
            "-shared",
            "-fPIC",
            "-fvisibility=hidden",
            "-Wl,-z,defs",
            "-I",
        ])
        .arg(root().join("objects/abi/include"))
        .arg("-I")
        .args([folder, source])
        .arg("-o")
        .arg(&library)
        .args(options)
        .output()
        .expect("a compiler");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    library
}

/// Builds `examples/node.rs` once, a process that runs one object of those, and returns its file.
pub fn node() -> PathBuf {
    static BUILT: OnceLock<()> = OnceLock::new();
    let folder = dynamic();
    BUILT.get_or_init(|| cargo_build(&["--package", "liveobj-tests", "--example", "node"]));
    folder.join("examples/node")
}

/// Builds the library of the benchmarks and returns its file.
pub fn meter() -> PathBuf {
    let folder = built();
    build(&["liveobj-test-meter"]);
    folder.join("libliveobj_test_meter.so")
}

fn build(packages: &[&str]) {
    let arguments: Vec<&str> = packages
        .iter()
        .flat_map(|package| ["--package", package])
        .collect();
    cargo_build(&arguments);
}

fn cargo_build(arguments: &[&str]) {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet"]);
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    cargo.args(arguments);
    let status = cargo.current_dir(root()).status().expect("cargo runs");
    assert!(status.success(), "{arguments:?} build");
}

/// Builds one of the object libraries of `tests/objects` and puts it into a folder.
pub fn test_library(name: &str, folder: &Path) {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--package", "liveobj-tests"]);
    cargo.args(["--example", name]);
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    let status = cargo.current_dir(root()).status().expect("cargo runs");
    assert!(status.success(), "{name} builds");
    let file = format!("lib{name}.so");
    let library = built().join("examples").join(&file);
    std::fs::copy(library, folder.join(&file)).expect("it was built");
}

/// `liveobj` with an empty home at `home` and the built libraries on its path.
pub fn liveobj(home: &Path) -> Command {
    let mut command = Command::new(built().join("liveobj"));
    let xdg = ["DATA_HOME", "CONFIG_HOME", "CACHE_HOME", "RUNTIME_DIR"];
    command.env("HOME", home);
    for variable in xdg.map(|name| format!("XDG_{name}")) {
        command.env(variable, home);
    }
    command.env("NO_COLOR", "1").env_remove("RUST_BACKTRACE");
    command.env_remove("LIVEOBJ_FACTS_KEY");
    command.env_remove("LIVEOBJ_LOG");
    command
}

/// How many threads of a process are called so; none where it has ended.
pub fn threads(process: u32, name: &str) -> usize {
    let tasks = fs::read_dir(format!("/proc/{process}/task"));
    let tasks = tasks.into_iter().flatten();
    tasks
        .filter_map(|task| fs::read_to_string(task.ok()?.path().join("comm")).ok())
        .filter(|known| known.trim() == name)
        .count()
}

/// Runs each command of the `console` block of a document, `docs/FILE`, at the root of the workspace,
/// with an empty home, and compares what it prints with what stands there; how many there are.
pub fn console(home: &Path, document: &str) -> usize {
    let text = root().join("docs").join(document);
    let text = std::fs::read_to_string(text).expect("it is there");
    let (_, shown) = text.split_once("```console\n").expect("a console");
    let (shown, _) = shown.split_once("```").expect("it ends");
    let commands: Vec<&str> = shown.split("$ liveobj ").skip(1).collect();
    for shown in &commands {
        let (command, expected) = shown.split_once('\n').expect("a line");
        let mut run = liveobj(home);
        let output = run.current_dir(root()).args(command.split(' ')).output();
        let output = output.expect("it runs");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{command}");
        assert_eq!(
            String::from_utf8_lossy(&output.stdout),
            expected,
            "{command}"
        );
        assert!(output.status.success(), "{command}");
    }
    commands.len()
}
