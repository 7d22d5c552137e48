//! The edges between crates that must exist, and those that must never exist (ARCHITECTURE.md).

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// Crate name → what it may use of this workspace outside of tests.
const ALLOWED: &[(&str, &[&str])] = &[
    ("liveobj-types", &[]),
    ("liveobj-abi", &[]),
    ("liveobj-formalisms", &["liveobj-types"]),
    ("liveobj-references", &["liveobj-types"]),
    ("liveobj-original", &["liveobj-types", "liveobj-references"]),
    ("liveobj-manifest", &["liveobj-types"]),
    ("liveobj-macros", &["liveobj-types", "liveobj-manifest"]),
    (
        "liveobj-sdk",
        &["liveobj-abi", "liveobj-macros", "liveobj-types"],
    ),
    ("liveobj-standard", &["liveobj-sdk"]),
    ("liveobj-channels", &["liveobj-sdk"]),
    ("liveobj-documents", &["liveobj-sdk"]),
    ("liveobj-groups", &["liveobj-sdk"]),
    ("liveobj-sealing", &["liveobj-sdk"]),
    (
        "liveobj",
        &[
            "liveobj-abi",
            "liveobj-formalisms",
            "liveobj-manifest",
            "liveobj-references",
            "liveobj-standard",
            "liveobj-types",
        ],
    ),
    (
        "liveobj-cli",
        &[
            "liveobj",
            "liveobj-formalisms",
            "liveobj-manifest",
            "liveobj-original",
            "liveobj-references",
            "liveobj-types",
        ],
    ),
    ("rates-formalism", &["liveobj-sdk"]),
    ("stamper", &["liveobj-sdk"]),
    ("liveobj-test-meter", &["liveobj-sdk"]),
    ("liveobj-tests", &[]),
    (
        "liveobj-hostile",
        &[
            "liveobj",
            "liveobj-formalisms",
            "liveobj-manifest",
            "liveobj-original",
            "liveobj-references",
            "liveobj-types",
        ],
    ),
    ("liveobj-compare", &[]),
    ("liveobj-loom", &[]),
    ("liveobj-test-dynamic", &["liveobj-sdk"]),
    ("liveobj-test-faulty", &["liveobj-sdk"]),
    ("xtask", &[]),
];

/// Crate name → names of its dependencies, development-only ones left out.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--no-deps",
            "--offline",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo metadata runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("it prints JSON");
    let packages = metadata["packages"].as_array().expect("it lists packages");
    let text = |value: &Value| value.as_str().expect("a name is a string").to_owned();
    packages
        .iter()
        .map(|package| {
            let used = package["dependencies"]
                .as_array()
                .expect("it lists dependencies");
            let used = used.iter().filter(|dependency| dependency["kind"] != "dev");
            (
                text(&package["name"]),
                used.map(|dependency| text(&dependency["name"])).collect(),
            )
        })
        .collect()
}

#[test]
fn every_edge_inside_the_workspace_is_one_of_the_design() {
    let dependencies = dependencies();
    let members: BTreeSet<&str> = dependencies.keys().map(String::as_str).collect();
    let declared: BTreeSet<&str> = ALLOWED.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        members, declared,
        "a crate was added or removed: say here what it may use"
    );
    for (name, allowed) in ALLOWED {
        for used in dependencies[*name]
            .iter()
            .filter(|used| members.contains(used.as_str()))
        {
            assert!(
                allowed.contains(&used.as_str()),
                "{name} must not use {used}"
            );
        }
    }
}

#[test]
fn checking_never_runs_a_component() {
    let dependencies = dependencies();
    let mut reached = BTreeSet::new();
    let mut next = vec!["liveobj-references"];
    while let Some(name) = next.pop() {
        if reached.insert(name)
            && let Some(used) = dependencies.get(name)
        {
            next.extend(used.iter().map(String::as_str));
        }
    }
    assert!(
        !reached.contains("liveobj"),
        "references reaches the runtime"
    );
    assert!(
        !reached.contains("libloading"),
        "references reaches libloading"
    );
}

#[test]
fn types_know_no_serialization_framework() {
    let dependencies = dependencies();
    for used in &dependencies["liveobj-types"] {
        assert!(
            !used.starts_with("serde"),
            "liveobj-types must not use {used}"
        );
    }
}

#[test]
fn only_the_runtime_loads_libraries() {
    for (name, used) in dependencies() {
        assert_eq!(used.contains("libloading"), name == "liveobj", "{name}");
    }
}
