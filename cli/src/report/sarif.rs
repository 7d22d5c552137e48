//! Findings as SARIF 2.1.0 (OASIS, 2020), which code hosts and editors show beside the lines
//! concerned. What it holds is told in docs/json.md.

use std::path::Path;
use std::sync::Arc;

use liveobj_types::diagnostic::{Fix, Label, ObstacleKind};
use liveobj_types::{Diagnostic, Place, Severity, Source, Step};
use serde_json::{Map, Value, json};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// A code with what is to be said of it in general.
pub struct Rule<'a> {
    /// The code.
    pub code: &'a str,
    /// What it means, in a few words.
    pub headline: String,
    /// The whole text for people.
    pub text: String,
    /// The same in Markdown.
    pub markdown: &'a str,
}

/// What was found in a document.
pub struct Document<'a> {
    /// Its text; the name is the path as it was given.
    pub source: &'a Arc<Source>,
    /// Whether it came from standard input.
    pub stream: bool,
    /// What was found.
    pub findings: &'a [Diagnostic],
}

/// The log of one run. `unread` says of each document that could not be read why; `rules` has
/// every code of the findings.
pub fn log(documents: &[Document<'_>], unread: &[String], rules: &[Rule<'_>], exit: u8) -> Value {
    let mut artifacts = Artifacts::default();
    for document in documents {
        artifacts.add(document.source, Some(document.stream));
    }
    let mut results = Vec::new();
    for document in documents {
        for finding in document.findings {
            results.push(result(&mut artifacts, document.source, finding, rules));
        }
    }
    let notifications: Vec<Value> = unread
        .iter()
        .map(|message| json!({ "level": "error", "message": { "text": sentence(message) } }))
        .collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "liveobj",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": rules.iter().map(rule).collect::<Vec<_>>(),
            } },
            "invocations": [{
                "executionSuccessful": unread.is_empty(),
                "exitCode": exit,
                "toolExecutionNotifications": notifications,
            }],
            "columnKind": "utf16CodeUnits",
            "artifacts": artifacts.all.iter().map(Artifact::json).collect::<Vec<_>>(),
            "results": results,
        }],
    })
}

fn rule(rule: &Rule<'_>) -> Value {
    let full = rule.text.split("\n\n").next().unwrap_or_default();
    let full = full.split_whitespace().collect::<Vec<_>>().join(" ");
    json!({
        "id": rule.code,
        "shortDescription": { "text": sentence(&rule.headline) },
        "fullDescription": { "text": full },
        "help": { "text": rule.text, "markdown": rule.markdown },
    })
}

fn result(
    artifacts: &mut Artifacts,
    document: &Arc<Source>,
    finding: &Diagnostic,
    rules: &[Rule<'_>],
) -> Value {
    let code = finding.code.as_str();
    let mut result = Map::new();
    result.insert("ruleId".into(), code.into());
    if let Some(index) = rules.iter().position(|rule| rule.code == code) {
        result.insert("ruleIndex".into(), index.into());
    }
    let level = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    result.insert("level".into(), level.into());
    result.insert("message".into(), json!({ "text": message(finding) }));

    // What is shown beside a line is one of the document's, if any is concerned.
    let in_document = |label: &Label| Arc::ptr_eq(&label.place.source, document);
    let first = finding.labels.iter().position(in_document).unwrap_or(0);
    let primary = match finding.labels.get(first) {
        Some(label) => artifacts.location(label),
        None => {
            let index = artifacts.add(document, None);
            let artifact = artifacts.all[index].reference(index);
            json!({ "physicalLocation": { "artifactLocation": artifact } })
        }
    };
    result.insert("locations".into(), json!([primary]));
    let mut related = Vec::new();
    for (index, label) in finding.labels.iter().enumerate() {
        if index != first {
            let mut location = artifacts.location(label);
            location["id"] = (related.len() + 1).into();
            related.push(location);
        }
    }
    if !related.is_empty() {
        result.insert("relatedLocations".into(), related.into());
    }
    if let Some(fix) = finding.fix.as_ref() {
        result.extend(artifacts.fix(fix).map(|fix| ("fixes".into(), json!([fix]))));
    }
    let trail: Vec<String> = finding.trail.iter().map(Step::to_string).collect();
    result.insert(
        "properties".into(),
        json!({
            "trail": trail,
            "notes": finding.notes,
            "help": finding.help,
            "kind": finding.kind().map(ObstacleKind::as_str),
        }),
    );
    result.into()
}

/// All that is said of a finding, a line each; the first tells what is wrong.
fn message(finding: &Diagnostic) -> String {
    let mut lines = vec![sentence(&finding.message)];
    if !finding.trail.is_empty() {
        let steps: Vec<String> = finding.trail.iter().map(Step::to_string).collect();
        lines.push(sentence(&format!("This is about {}", steps.join(" > "))));
    }
    let notes = finding.notes.iter();
    lines.extend(notes.map(|note| sentence(&format!("Note: {note}"))));
    let help = finding.help.iter();
    lines.extend(help.map(|help| sentence(&format!("Help: {help}"))));
    lines.join("\n")
}

/// A message of ours as SARIF wants it: with a stop at the end.
fn sentence(text: &str) -> String {
    match text.ends_with(['.', '?', '!']) {
        true => text.to_owned(),
        false => format!("{text}."),
    }
}

/// A text that findings speak of.
struct Artifact {
    source: Arc<Source>,
    lines: Lines,
    /// Whether it is standard input; none for the text of a library, which is no file.
    stream: Option<bool>,
}

impl Artifact {
    /// The whole, with its text where nobody could look it up.
    fn json(&self) -> Value {
        let text = &self.source.text;
        match self.stream {
            Some(false) => json!({
                "location": { "uri": uri(&self.source.name) },
                "length": text.len(),
                "roles": ["analysisTarget"],
            }),
            Some(true) => json!({
                "description": { "text": "Standard input." },
                "length": text.len(),
                "roles": ["analysisTarget", "standardStream"],
                "contents": { "text": text },
            }),
            None => json!({
                "description": { "text": format!("The types of library `{}`.", self.source.name) },
                "length": text.len(),
                "contents": { "text": text },
            }),
        }
    }

    fn reference(&self, index: usize) -> Value {
        match self.stream {
            Some(false) => json!({ "uri": uri(&self.source.name), "index": index }),
            _ => json!({ "index": index }),
        }
    }

    fn region(&self, place: &Place) -> Value {
        let range = super::range(place);
        let [start, end] =
            [range.start, range.end].map(|byte| self.lines.position(&self.source, byte));
        json!({
            "startLine": start.line,
            "startColumn": start.column,
            "endLine": end.line,
            "endColumn": end.column,
            "charOffset": start.offset,
            "charLength": end.offset - start.offset,
            "byteOffset": range.start,
            "byteLength": range.len(),
        })
    }
}

#[derive(Default)]
struct Artifacts {
    all: Vec<Artifact>,
}

impl Artifacts {
    /// The index of `source`, which is added if it is not there.
    fn add(&mut self, source: &Arc<Source>, stream: Option<bool>) -> usize {
        let same = |other: &Artifact| Arc::ptr_eq(&other.source, source);
        if let Some(index) = self.all.iter().position(same) {
            return index;
        }
        self.all.push(Artifact {
            source: source.clone(),
            lines: Lines::new(&source.text),
            stream,
        });
        self.all.len() - 1
    }

    fn location(&mut self, label: &Label) -> Value {
        let index = self.add(&label.place.source, None);
        let artifact = &self.all[index];
        let mut location = json!({ "physicalLocation": {
            "artifactLocation": artifact.reference(index),
            "region": artifact.region(&label.place),
        } });
        if !label.text.is_empty() {
            location["message"] = json!({ "text": sentence(&label.text) });
        }
        location
    }

    /// None for a text that the user cannot change.
    fn fix(&mut self, fix: &Fix) -> Option<Value> {
        let index = self.add(&fix.place.source, None);
        let artifact = &self.all[index];
        artifact.stream?;
        let written = fix.place.text()?;
        Some(json!({
            "description": { "text": format!("Replace `{written}` by `{}`.", fix.replacement) },
            "artifactChanges": [{
                "artifactLocation": artifact.reference(index),
                "replacements": [{
                    "deletedRegion": artifact.region(&fix.place),
                    "insertedContent": { "text": fix.replacement },
                }],
            }],
        }))
    }
}

/// Where lines begin, and how many UTF-16 code units stand before some bytes.
struct Lines {
    /// Byte and offset of the beginning of each line.
    starts: Vec<(usize, usize)>,
    /// The same of characters at most `STRIDE` bytes apart: a line can be as long as the text.
    marks: Vec<(usize, usize)>,
}

const STRIDE: usize = 1024;

/// A place between characters; a byte order mark is none of them.
#[derive(Debug, PartialEq, Eq)]
struct Position {
    /// From 1.
    line: usize,
    /// From 1, in UTF-16 code units.
    column: usize,
    /// From 0, in UTF-16 code units.
    offset: usize,
}

impl Lines {
    fn new(text: &str) -> Lines {
        let first = text.len() - text.trim_start_matches('\u{feff}').len();
        let mut starts = vec![(first, 0)];
        let mut marks = vec![(first, 0)];
        let mut offset = 0;
        for (byte, character) in text[first..].char_indices() {
            let byte = first + byte;
            if byte - marks[marks.len() - 1].0 >= STRIDE {
                marks.push((byte, offset));
            }
            offset += character.len_utf16();
            if character == '\n' {
                starts.push((byte + 1, offset));
            }
        }
        Lines { starts, marks }
    }

    /// The position of a byte at which a character begins, or of the end.
    fn position(&self, source: &Source, byte: usize) -> Position {
        let byte = byte.max(self.starts[0].0);
        let before = |marks: &[(usize, usize)]| marks.partition_point(|mark| mark.0 <= byte);
        let (from, counted) = self.marks[before(&self.marks) - 1];
        let units = source.text[from..byte].chars().map(char::len_utf16);
        let offset = counted + units.sum::<usize>();
        let line = before(&self.starts);
        Position {
            line,
            column: offset - self.starts[line - 1].1 + 1,
            offset,
        }
    }
}

/// A path as a URI reference (RFC 3986): relative as long as the path is.
fn uri(path: &str) -> String {
    let mut uri = String::new();
    if Path::new(path).is_absolute() {
        uri.push_str("file://");
    }
    let segments = path.split('/').enumerate();
    let segments = segments.filter(|(index, segment)| match *segment {
        "." => false,
        "" => *index == 0,
        _ => true,
    });
    for (index, (_, segment)) in segments.enumerate() {
        if index > 0 {
            uri.push('/');
        }
        for byte in segment.bytes() {
            match byte {
                b'-' | b'.' | b'_' | b'~' => uri.push(char::from(byte)),
                byte if byte.is_ascii_alphanumeric() => uri.push(char::from(byte)),
                byte => uri.push_str(&format!("%{byte:02X}")),
            }
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use liveobj_types::{Span, codes};

    use super::*;

    fn position(text: &str, byte: usize) -> (usize, usize, usize) {
        let source = Source::new("test", text);
        let Position {
            line,
            column,
            offset,
        } = Lines::new(text).position(&source, byte);
        (line, column, offset)
    }

    #[test]
    fn columns_count_code_units_of_utf_16() {
        let text = "<a>\r\n😀é\"x\"\n";
        assert_eq!(position(text, 0), (1, 1, 0));
        assert_eq!(position(text, text.find('😀').unwrap()), (2, 1, 5));
        assert_eq!(position(text, text.find('x').unwrap()), (2, 5, 9));
        assert_eq!(position(text, text.len()), (3, 1, 12));
    }

    #[test]
    fn a_byte_order_mark_takes_no_column() {
        assert_eq!(position("\u{feff}<a/>", 0), (1, 1, 0));
        assert_eq!(position("\u{feff}<a/>", 4), (1, 2, 1));
    }

    #[test]
    fn positions_in_a_long_line_are_those_of_a_slow_count() {
        let text = "aé😀".repeat(1_000) + "\n" + &"b".repeat(3_000);
        let line = text.find('\n').unwrap() + 1;
        let (source, lines) = (Source::new("test", text.as_str()), Lines::new(&text));
        for (byte, _) in text.char_indices() {
            let offset = text[..byte].encode_utf16().count();
            let expected = match byte < line {
                true => (1, offset + 1, offset),
                false => (2, byte - line + 1, offset),
            };
            let found = lines.position(&source, byte);
            assert_eq!(
                (found.line, found.column, found.offset),
                expected,
                "at {byte}"
            );
        }
    }

    #[test]
    fn paths_are_percent_encoded() {
        for (path, expected) in [
            ("notes/team.xml", "notes/team.xml"),
            ("./a b/ü%.xml", "a%20b/%C3%BC%25.xml"),
            ("../x//./y", "../x/y"),
            ("c:x", "c%3Ax"),
            ("/tmp/a", "file:///tmp/a"),
        ] {
            assert_eq!(uri(path), expected);
        }
    }

    #[test]
    fn the_place_shown_is_in_the_document_and_a_library_is_quoted() {
        let document = Source::new("note.xml", "<external as=\"Note\"/>");
        let library = Source::new("types", "object Note {}");
        let place = |source: &Arc<Source>| {
            let start = source.text.find("Note").unwrap();
            Place::new(source, Span::new(start, start + 4))
        };
        let finding = Diagnostic::error(codes::NOT_A_SUBTYPE, "it is no `Note`")
            .at(place(&library), "declared here")
            .at(place(&document), "");
        let documents = [Document {
            source: &document,
            stream: false,
            findings: &[finding],
        }];
        let log = log(&documents, &[], &[], 1);
        let result = &log["runs"][0]["results"][0];
        let physical = &result["locations"][0]["physicalLocation"];
        assert_eq!(physical["artifactLocation"]["uri"], "note.xml");
        let related = &result["relatedLocations"][0];
        assert_eq!(related["message"]["text"], "declared here.");
        let index = &related["physicalLocation"]["artifactLocation"]["index"];
        let artifact = &log["runs"][0]["artifacts"][index.as_u64().unwrap() as usize];
        assert_eq!(artifact["contents"]["text"], "object Note {}");
    }
}
