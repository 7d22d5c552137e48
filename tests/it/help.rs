//! Every example that `--help` shows does what it says.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use liveobj_tests::support::{built, liveobj, root};

/// Every command that takes no further command, in an order in which the examples can run.
const COMMANDS: &[&[&str]] = &[
    &["check"],
    &["open"],
    &["stat"],
    &["tap"],
    &["members"],
    &["sim"],
    &["replay"],
    &["monitor"],
    &["compare"],
    &["diff"],
    &["implies"],
    &["describe"],
    &["explain"],
    &["graph"],
    &["convert"],
    &["fmt"],
    &["hash"],
    &["import"],
    &["facts", "show"],
    &["facts", "verify"],
    &["facts", "clear"],
    &["registry", "set"],
    &["registry", "get"],
    &["registry", "list"],
    &["registry", "remove"],
    &["library", "add"],
    &["library", "list"],
    &["library", "inspect"],
    &["library", "header"],
    &["library", "remove"],
    &["completions"],
];

fn help(home: &Path, command: &[&str]) -> String {
    let output = liveobj(home)
        .args(command)
        .arg("--help")
        .output()
        .expect("liveobj runs");
    assert!(output.status.success(), "{command:?} --help");
    String::from_utf8(output.stdout).expect("it prints UTF-8")
}

/// The commands that a help text names, `help` left out.
fn named_commands(help: &str) -> Vec<String> {
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let names = listed
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  "));
    let names = names.filter_map(|line| line.split_whitespace().next().map(str::to_owned));
    names.filter(|name| name != "help").collect()
}

#[test]
fn every_example_of_the_help_runs() {
    let scratch = tempfile::tempdir().expect("a temporary directory");
    let work = scratch.path();
    // What the examples name: the checkout with what `cargo demo` built.
    symlink(root().join("examples"), work.join("examples")).expect("a link is made");
    fs::create_dir(work.join("target")).expect("it is writable");
    symlink(built(), work.join("target/release")).expect("a link is made");
    let path = std::env::var("PATH").expect("there is a PATH");
    for command in COMMANDS {
        let help = help(work, command);
        let examples: Vec<&str> = help
            .lines()
            .filter_map(|line| line.strip_prefix("  "))
            .collect();
        let examples = examples
            .into_iter()
            .filter(|line| line.starts_with("liveobj "));
        let mut count = 0;
        for example in examples {
            let mut shell = Command::new("sh");
            shell.args(["-c", example]).current_dir(work);
            shell.env("PATH", format!("{}:{path}", built().display()));
            for variable in [
                "HOME",
                "XDG_DATA_HOME",
                "XDG_CONFIG_HOME",
                "XDG_RUNTIME_DIR",
            ] {
                shell.env(variable, work);
            }
            let output = shell.output().expect("sh runs");
            assert!(
                output.status.success(),
                "{example}\n{}{}",
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            );
            count += 1;
        }
        assert!(count > 0, "{command:?} --help has no example");
    }
}

#[test]
fn every_command_is_covered() {
    let scratch = tempfile::tempdir().expect("a temporary directory");
    for name in named_commands(&help(scratch.path(), &[])) {
        let nested = named_commands(&help(scratch.path(), &[&name]));
        let paths: Vec<Vec<&str>> = if nested.is_empty() {
            vec![vec![&name]]
        } else {
            nested
                .iter()
                .map(|inner| vec![name.as_str(), inner.as_str()])
                .collect()
        };
        for path in paths {
            assert!(
                COMMANDS.contains(&path.as_slice()),
                "{path:?} is not in the list"
            );
        }
    }
}
