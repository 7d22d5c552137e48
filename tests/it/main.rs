//! Tests that cross crates. One binary; every file of this folder is a module of it.

mod broken;
mod broken_libraries;
mod cases;
mod code;
mod command;
mod compare;
mod deployment;
mod diff;
mod documents;
mod dynamic;
mod execution;
mod explanations;
mod facts;
mod fmt;
mod graph;
mod grounds;
mod help;
mod hostile;
mod implies;
mod import;
mod layering;
mod leaving;
mod links;
mod logging;
mod members;
mod monitor;
mod names;
mod namespaces;
mod observing;
mod ontologies;
mod other_languages;
mod plug_in;
mod processes;
mod readme;
mod replicas;
mod returning;
mod sarif;
mod simulation;
mod simulation_command;
mod stacks;
mod stat;
mod state;
mod strict_2009;
mod tap;
mod thesis;
mod told;
mod transports;
mod trust;
mod unread;

use std::fs;
use std::path::Path;

#[test]
fn no_test_file_is_forgotten() {
    let main = include_str!("main.rs");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("it");
    for entry in fs::read_dir(folder).expect("the folder is readable") {
        let name = entry.expect("the entry is readable").file_name();
        let Some(name) = name.to_str().expect("names are UTF-8").strip_suffix(".rs") else {
            continue;
        };
        assert!(
            name == "main" || main.contains(&format!("mod {name};")),
            "{name} is no module"
        );
    }
}
