pub(crate) mod adapters;
mod explanation;
mod faults;
mod faults_json;
mod findings;
mod graph;
mod levels;
mod listings;
mod names;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use expect_test::Expect;
use liveobj_types::syntax::Item;
use liveobj_types::{Diagnostic, Module, Severity, Source};

use crate::catalog::{Catalog, CatalogError, LibraryTypes};
use crate::check::{Checked, Policy, check_source};

/// Libraries written as type texts; each offers all of its templates.
#[derive(Default)]
pub(crate) struct Libraries {
    by_name: BTreeMap<String, Arc<LibraryTypes>>,
}

impl Libraries {
    pub(crate) fn with(mut self, name: &str, text: &str) -> Libraries {
        let source = Source::new(name, text);
        let mut find = |used: &str| (used == "liveobj:standard").then(Module::standard);
        let (module, found) = Module::parse(name, &source, &mut find);
        assert!(found.is_empty(), "{found:?}");
        let mut templates: Vec<String> = module
            .file
            .items
            .iter()
            .filter_map(|item| match item {
                Item::Template(template) => Some(template.name.name.clone()),
                _ => None,
            })
            .collect();
        templates.sort();
        let library = LibraryTypes {
            name: name.to_owned(),
            sha256: Some("ab".repeat(32)),
            version: None,
            module,
            templates,
        };
        self.by_name.insert(name.to_owned(), Arc::new(library));
        self
    }
}

impl Catalog for Libraries {
    fn library(&self, name: &str, sha256: Option<&str>) -> Result<Arc<LibraryTypes>, CatalogError> {
        let library = match name {
            "liveobj:standard" => LibraryTypes::standard(),
            _ => self
                .by_name
                .get(name)
                .cloned()
                .ok_or_else(|| CatalogError::Missing {
                    name: name.to_owned(),
                })?,
        };
        match (sha256, &library.sha256) {
            (Some(expected), Some(found)) if expected != found => Err(CatalogError::OtherHash {
                name: name.to_owned(),
                expected: expected.to_owned(),
                found: found.clone(),
            }),
            _ => Ok(library),
        }
    }

    fn names(&self) -> Vec<String> {
        let standard = "liveobj:standard".to_owned();
        self.by_name.keys().cloned().chain([standard]).collect()
    }
}

/// Two libraries like those that come with the project.
pub(crate) fn libraries() -> Libraries {
    Libraries::default()
        .with(
            "liveobj:channels",
            r#"use "liveobj:standard";
template udp_channel<Message: value>(address: string = "239.255.76.79:7000", interfaces: list<string> = [], peers: list<string> = [], ttl: u8 = 0): Channel<Message>;
template local_channel<Message: value>(name: string): Channel<Message>;
"#,
        )
        .with(
            "liveobj:documents",
            r#"use "liveobj:standard";
type Datagram = bytes;
object SharedText { mandatory endpoint channel: mirror ChannelService<Datagram>; endpoint text: Text many; }
template shared_text(): SharedText;
"#,
        )
}

pub(crate) fn checked(text: &str) -> Checked {
    checked_with(text, &libraries(), &Policy::default())
}

pub(crate) fn checked_with(text: &str, libraries: &Libraries, policy: &Policy) -> Checked {
    let source = Source::new("test", text);
    check_source(&source, libraries, &liveobj_formalisms::builtin(), policy)
}

/// Checks the body of a document and compares all findings.
pub(crate) fn check(body: &str, expect: Expect) {
    let text = format!("<liveobject xmlns=\"urn:liveobj:reference:1\">\n{body}\n</liveobject>");
    expect.assert_eq(&show(&checked(&text).diagnostics));
}

/// Findings with the text that each label marks.
pub(crate) fn show(found: &[Diagnostic]) -> String {
    let mut out = String::new();
    for found in found {
        let severity = match found.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        writeln!(out, "{severity}[{}]: {}", found.code, found.message).unwrap();
        for label in &found.labels {
            let span = label.place.span;
            let marked = &label.place.source.text[span.start..span.end];
            let marked = marked.split_whitespace().collect::<Vec<_>>().join(" ");
            let text = if label.text.is_empty() { "" } else { "  " };
            writeln!(out, "  {}: {marked}{text}{}", label.place, label.text).unwrap();
        }
        if !found.trail.is_empty() {
            let steps: Vec<String> = found.trail.iter().map(ToString::to_string).collect();
            writeln!(out, "  trail: {}", steps.join(" → ")).unwrap();
        }
        for note in &found.notes {
            writeln!(out, "  note: {note}").unwrap();
        }
        if let Some(help) = &found.help {
            writeln!(out, "  help: {help}").unwrap();
        }
    }
    out
}
