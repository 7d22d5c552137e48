//! Faults of form in JSON: each is found where it is, once, hides nothing that it says nothing of,
//! and nothing follows from it.

use super::{checked, show};

/// A document with three faults of types, each marked.
const DOCUMENT: &str = r#"{"liveobj": 1,
"types": "record Line { text: string } endpoint Feed { out show(line: Line); } object Source { endpoint feed: Feed; } object Sink { mandatory endpoint feed: mirror Feed; }",
"composite": {"components": {
  "source": {"external": {"name": "source", "as": "Source", "from": {"primitive": {"id": "registry"}}}},
  "sink": {"external": {"name": "sink", "as": "Sink", "from": {"primitive": {"id": "registry"}}}},
  "network": {"parameterized": {
    "template": {"external": {"name": "udp_channel", "library": "liveobj:channels"}},
    "parameters": {"Message": {"type": "bytes"}, "ttl": {"value": "300"}}}},
  "note": {"external": {"name": "shared_text", "library": "liveobj:documents"}},
  "other": {"external": {"name": "other", "as": "Banana", "from": {"primitive": {"id": "registry"}}}}},
"connections": [
  [{"of": "source", "name": "feed"}, {"of": "sink", "name": "feed"}],
  [{"of": "network", "name": "channel"}, {"of": "note", "name": "channel"}]],
"exports": [{"of": "source", "name": "fed"}, {"of": "note", "name": "text"}]}}"#;

/// The faults of types: code and place.
const FAULTS: [(&str, &str); 3] = [
    ("invalid-value", r#"300"}"#),
    ("unknown-type", "Banana"),
    ("unknown-endpoint", "fed"),
];

/// A fault of form: what is replaced by what, where it is found in the new text, and which of the
/// other faults it leaves open.
const ROWS: &[(&str, &str, &str, &[&str])] = &[
    (
        r#""liveobj": 1"#,
        r#""liveobj": 2"#,
        r#""liveobj": «2"#,
        &[],
    ),
    (r#""types": "r"#, r#""tpyes": "r"#, r#""«tpyes": "r"#, &[]),
    (
        r#""liveobj": 1,"#,
        r#""liveobj": 1, "about": {"nmae": "x"},"#,
        r#"{"«nmae"#,
        &[],
    ),
    (
        r#""liveobj": 1,"#,
        r#""liveobj": 1, "about": 5,"#,
        r#""about": «5"#,
        &[],
    ),
    (
        r#""components": {"#,
        r#""componets": {"#,
        r#"{"«componets"#,
        &[],
    ),
    (
        r#""note": {"external""#,
        r#""note": {"extrenal""#,
        r#"{"«extrenal"#,
        &[],
    ),
    (
        r#""note": {"external": {"name": "shared_text", "library": "liveobj:documents"}}"#,
        r#""note": {}"#,
        r#""note": «{}"#,
        &[],
    ),
    (
        r#""note": {"external": {"name": "shared_text", "library": "liveobj:documents"}}"#,
        r#""note": "shared_text""#,
        r#""note": «"shared_text""#,
        &[],
    ),
    (
        r#""sink": {"external": {"name": "sink", "#,
        r#""sink": {"external": {"#,
        r#""sink": {"external": «{"#,
        &[],
    ),
    (
        r#""library": "liveobj:documents""#,
        r#""library": 5"#,
        r#""library": «5"#,
        &[],
    ),
    (
        r#""as": "Sink", "from": {"primitive": {"id": "registry"}}"#,
        r#""as": "Sink", "from": {"primitive": {"id": 2}}"#,
        r#"{"id": «2}"#,
        &[],
    ),
    (
        r#""as": "Source""#,
        r#""as": 5"#,
        r#""as": «5"#,
        &["unknown-endpoint"],
    ),
    (
        r#""template": {"#,
        r#""tmplate": {"#,
        r#""«tmplate": {"#,
        &[],
    ),
    (
        r#""template": {"external": {"name": "udp_channel", "library": "liveobj:channels"}},"#,
        "",
        r#""parameterized": «{"#,
        &["invalid-value"],
    ),
    (
        r#"{"type": "bytes"}"#,
        r#"{"type": 5}"#,
        r#"{"type": «5}"#,
        &["invalid-value"],
    ),
    (
        r#"{"type": "bytes"}"#,
        "{}",
        r#""Message": «{}"#,
        &["invalid-value"],
    ),
    (
        r#"{"type": "bytes"}"#,
        r#"{"tpye": "bytes"}"#,
        r#"{"«tpye"#,
        &[],
    ),
    (
        r#""connections": ["#,
        r#""conections": ["#,
        r#""«conections"#,
        &[],
    ),
    (
        r#"{"of": "sink", "name": "feed"}"#,
        r#"{"of": "sink"}"#,
        r#"«{"of": "sink"}"#,
        &[],
    ),
    (
        r#"{"of": "sink", "name": "feed"}"#,
        r#"{"name": "feed"}"#,
        r#"«{"name": "feed"}"#,
        &[],
    ),
    (
        r#"{"of": "sink", "name": "feed"}"#,
        "5",
        r#""feed"}, «5"#,
        &[],
    ),
    (
        r#"{"of": "sink", "name": "feed"}"#,
        r#"{"of": "sink", "name": 5}"#,
        r#""name": «5"#,
        &[],
    ),
    (
        r#", {"of": "sink", "name": "feed"}]"#,
        "]",
        r#"«[{"of": "source", "name": "feed"}]"#,
        &[],
    ),
    (
        r#"[{"of": "source", "name": "feed"}, {"of": "sink", "name": "feed"}]"#,
        r#"{"adapt": 5, "ends": [{"of": "source", "name": "feed"}, {"of": "sink", "name": "feed"}]}"#,
        r#"{"adapt": «5"#,
        &[],
    ),
    (
        r#"{"of": "note", "name": "text"}]"#,
        r#"{"name": "text"}]"#,
        r#"«{"name": "text"}]"#,
        &[],
    ),
];

#[test]
fn a_fault_of_form_hides_no_other_fault() {
    let mut wrong = Vec::new();
    for (old, new, found_at, open) in ROWS {
        let text = DOCUMENT.replacen(old, new, 1);
        assert_ne!(text, DOCUMENT, "{old}");
        let place = |code, found_at: &str| {
            let inside = found_at.find('«').unwrap_or(0);
            let at = text.find(&found_at.replace('«', ""));
            (code, at.expect("it is there") + inside)
        };
        let others = FAULTS.iter().filter(|(code, _)| !open.contains(code));
        let mut expected: Vec<_> = others.map(|(code, at)| place(*code, at)).collect();
        expected.push(place("document-structure", found_at));
        expected.sort_unstable();
        let checked = checked(&text);
        assert!(checked.reference.is_none(), "a plan of {text}");
        let found = checked.diagnostics.iter();
        let mut found: Vec<_> = found
            .map(|it| (it.code.as_str(), it.labels[0].place.span.start))
            .collect();
        found.sort_unstable();
        if found != expected {
            let told = show(&checked.diagnostics);
            wrong.push(format!(
                "{new}: expected {expected:?}, found {found:?}\n{told}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
