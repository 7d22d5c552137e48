//! Adapters: what `adapt` inserts, and what is said where it cannot.

use expect_test::{Expect, expect};
use liveobj_formalisms::builtin;
use liveobj_types::{Formalisms, Severity, Source};

use super::{Libraries, checked_with, libraries, show};
use crate::{Policy, expand, hash, read, write_json, write_xml};

/// What two adapters offer, and a chain of three.
pub(crate) fn with_adapters() -> Libraries {
    libraries()
        .with(
            "test:sealing",
            r#"use "liveobj:standard";
endpoint Sealed<Message: value> { in send(message: Message); out receive(message: Message); provides properties "best_effort, confidential, authentic"; }
endpoint Signed<Message: value> { in send(message: Message); out receive(message: Message); provides properties "best_effort, authentic"; }
object Sealing<Message: value> { endpoint inner: mirror ChannelService<bytes>; endpoint outer: Sealed<Message>; }
object Signing<Message: value> { endpoint inner: mirror ChannelService<bytes>; endpoint outer: Signed<Message>; }
adapter seal<Message: value>(key: string): Sealing<Message>;
adapter sign<Message: value>(key: string): Signing<Message>;
"#,
        )
        .with(
            "test:steps",
            r#"
endpoint A { out a(); }
endpoint B { out b(); }
endpoint C { out c(); }
endpoint D { out d(); }
object AB { endpoint from: mirror A; endpoint to: B; }
object BC { endpoint from: mirror B; endpoint to: C; }
object CD { endpoint from: mirror C; endpoint to: D; }
object DA { endpoint from: mirror D; endpoint to: A; }
object Source { endpoint out: A; }
object Sink { endpoint in: mirror D; }
object Middle { endpoint in: mirror C; }
adapter ab(): AB;
adapter bc(): BC;
adapter cd(): CD;
adapter da(limit: u8 = 3): DA;
template source(): Source;
template sink(): Sink;
template middle(): Middle;
"#,
        )
        .with(
            "test:lines",
            r#"
record Entry { text: string }
endpoint Wants { out send(message: list<Entry>); in receive(message: list<Entry>); requires properties "confidential"; }
object Lines { endpoint channel: Wants; }
template lines(): Lines;
"#,
        )
        .with(
            "test:doubtful",
            r#"
endpoint E { }
endpoint Needs { requires properties "fifo"; }
endpoint Fifo { provides properties "fifo"; }
endpoint Asks { requires temporal "this"; requires properties "fifo"; }
endpoint Says { provides temporal "this"; provides properties "fifo"; }
endpoint SaysOther { provides temporal "that"; provides properties "fifo"; }
object TwoFifo { endpoint a: Fifo; endpoint b: Fifo; }
object Saying { endpoint a: E; endpoint b: Says; }
object SayingOther { endpoint a: E; endpoint b: SaysOther; }
object Need { endpoint e: Needs; }
object Ask { endpoint e: Asks; }
object Nothing { endpoint e: E; }
adapter fifo(): TwoFifo;
adapter saying(): Saying;
adapter saying_other(): SayingOther;
template need(): Need;
template ask(): Ask;
template nothing(): Nothing;
"#,
        )
}

const NETWORK: &str = r#"<component name="network"><parameterized><template><external name="udp_channel" library="liveobj:channels"/></template><parameter name="Message"><type>bytes</type></parameter></parameterized></component>"#;

/// A note on a network, `requires` and the connection's `adapt` as given.
fn note(requires: &str, used: &str, adapt: &str, parameters: &str) -> String {
    format!(
        r#"<liveobject xmlns="urn:liveobj:reference:1"><types>{used}
endpoint Needs {{ out send(message: bytes); in receive(message: bytes); requires properties "{requires}"; }}
object Note {{ endpoint channel: Needs; }}</types>
<composite>
{NETWORK}
<component name="note"><external name="note" as="Note"><from><primitive id="registry"/></from></external></component>
<connection{adapt}><endpoint of="note" name="channel"/><endpoint of="network" name="channel"/>{parameters}</connection>
</composite></liveobject>"#
    )
}

const KEY: &str = r#"<parameter name="key"><value>k</value></parameter>"#;
const USE: &str = r#"use "test:sealing";"#;

fn found(text: &str, expect: Expect) {
    let checked = checked_with(text, &with_adapters(), &Policy::default());
    expect.assert_eq(&show(&checked.diagnostics));
}

fn long(text: &str) -> String {
    let source = Source::new("test", text);
    let document = read(&source).0.expect("it is a reference");
    let long = expand(&document, &source, &with_adapters(), &builtin());
    write_xml(&long.unwrap_or_else(|found| panic!("{}", show(&found))))
}

fn identity(text: &str) -> [u8; 32] {
    let source = Source::new("test", text);
    let document = read(&source).0.expect("it is a reference");
    hash(&document, &source, &with_adapters(), &builtin())
        .unwrap_or_else(|found| panic!("{}", show(&found)))
}

/// Documents whose connections ask for adapters.
pub(crate) fn documents() -> Vec<String> {
    vec![
        note("confidential", USE, r#" adapt="auto""#, KEY),
        note("authentic", USE, r#" adapt="sign""#, KEY),
        note("best_effort", USE, r#" adapt="seal""#, KEY),
        steps("middle", r#" adapt="auto""#),
        steps("sink", r#" adapt="auto""#),
    ]
}

/// The document is well typed, and the one with all adapters written out, which holds `written`,
/// is the same object; so is what the check plans.
fn inserts(text: &str, written: &[&str]) {
    let checked = checked_with(text, &with_adapters(), &Policy::default());
    let reference = checked
        .reference
        .unwrap_or_else(|| panic!("{}", show(&checked.diagnostics)));
    let long = long(text);
    for part in written {
        assert!(long.contains(part), "{part} is not in {long}");
    }
    assert!(!long.contains("adapt="), "{long}");
    assert_eq!(identity(&long), identity(text));
    assert_eq!(reference.identity(), identity(text));
    let canonical = reference.canonical(reference.root());
    assert_eq!(identity(&canonical), identity(text), "{canonical}");
}

#[test]
fn the_adapter_that_will_do_is_named_where_none_is_asked_for() {
    found(
        &note("confidential", USE, "", ""),
        expect![[r#"
            error[endpoint-mismatch]: endpoints `note.channel` and `network.channel` do not match: `note.channel` requires properties "confidential", and `network.channel` provides properties "best_effort"; `best_effort` does not imply `confidential`
              test:7:13: <endpoint of="note" name="channel"/>  `Needs`
              test:7:49: <endpoint of="network" name="channel"/>  `ChannelService<bytes>`
              test:2:93: confidential  required here
              help: `seal` of `test:sealing` between them would do: write `<connection adapt="seal">`, with `<parameter name="key"><value>…</value></parameter>` in it (`liveobj describe test:sealing` says what `key` may be); or connect `note.channel` to what provides properties "confidential", directly or through a component in between; or require only properties "best_effort" in `note.channel`, if that is enough
        "#]],
    );
    found(
        &note("confidential", "", "", ""),
        expect![[r#"
            error[endpoint-mismatch]: endpoints `note.channel` and `network.channel` do not match: `note.channel` requires properties "confidential", and `network.channel` provides properties "best_effort"; `best_effort` does not imply `confidential`
              test:7:13: <endpoint of="note" name="channel"/>  `Needs`
              test:7:49: <endpoint of="network" name="channel"/>  `ChannelService<bytes>`
              test:2:93: confidential  required here
              help: `seal` of `test:sealing` between them would do: write `<connection adapt="seal">`, with `<parameter name="key"><value>…</value></parameter>` in it (`liveobj describe test:sealing` says what `key` may be), and `use "test:sealing";` in `<types>`; or connect `note.channel` to what provides properties "confidential", directly or through a component in between; or require only properties "best_effort" in `note.channel`, if that is enough
        "#]],
    );
}

#[test]
fn auto_inserts_the_only_adapter_that_will_do() {
    let text = note("confidential", USE, r#" adapt="auto""#, KEY);
    inserts(
        &text,
        &[
            r#"<component name="seal">"#,
            r#"<endpoint of="note" name="channel"/><endpoint of="seal" name="outer"/>"#,
            r#"<endpoint of="network" name="channel"/><endpoint of="seal" name="inner"/>"#,
            "<type>bytes</type>",
            "<value>k</value>",
        ],
    );
}

#[test]
fn two_adapters_that_will_do_are_ambiguous_and_a_name_decides() {
    found(
        &note("authentic", USE, r#" adapt="auto""#, KEY),
        expect![[r#"
            error[adapter-ambiguous]: 2 choices would make `network.channel` and `note.channel` match: `seal` of `test:sealing`, or `sign` of `test:sealing`
              test:7:20: auto
              test:7:26: <endpoint of="note" name="channel"/>  `Needs`
              test:7:62: <endpoint of="network" name="channel"/>  `ChannelService<bytes>`
              help: name the one that you mean: `adapt="seal"` or `adapt="sign"`
        "#]],
    );
    let text = note("authentic", USE, r#" adapt="sign""#, KEY);
    inserts(&text, &[r#"<component name="sign">"#]);
}

#[test]
fn auto_inserts_nothing_where_the_ends_match() {
    let text = note("best_effort", USE, r#" adapt="auto""#, "");
    inserts(&text, &[]);
    assert_eq!(identity(&text), identity(&note("best_effort", USE, "", "")));
}

#[test]
fn a_name_inserts_the_adapter_even_where_the_ends_match() {
    let text = note("best_effort", USE, r#" adapt="seal""#, KEY);
    inserts(&text, &[r#"<component name="seal">"#]);
}

#[test]
fn what_hinders_an_adapter_is_said() {
    // Not among the libraries that the document names.
    found(
        &note("confidential", "", r#" adapt="auto""#, ""),
        expect![[r#"
            error[adapter-not-found]: no chain of up to 4 adapters makes `network.channel` and `note.channel` match
              test:7:20: auto
              test:7:26: <endpoint of="note" name="channel"/>  `Needs`
              test:7:62: <endpoint of="network" name="channel"/>  `ChannelService<bytes>`
              note: without one, `note.channel` requires properties "confidential", and `network.channel` provides properties "best_effort"; `best_effort` does not imply `confidential`
              help: `seal` of `test:sealing` would: name its library, with `use "test:sealing";` in `<types>`
        "#]],
    );
    // Without a value.
    found(
        &note("confidential", USE, r#" adapt="auto""#, ""),
        expect![[r#"
            error[adapter-not-found]: no chain of up to 4 adapters makes `network.channel` and `note.channel` match
              test:7:20: auto
              test:7:26: <endpoint of="note" name="channel"/>  `Needs`
              test:7:62: <endpoint of="network" name="channel"/>  `ChannelService<bytes>`
              note: without one, `note.channel` requires properties "confidential", and `network.channel` provides properties "best_effort"; `best_effort` does not imply `confidential`
              help: `seal` of `test:sealing` would, with a value for `key`: add `<parameter name="key">` to the connection
        "#]],
    );
    found(
        &note("confidential", USE, r#" adapt="seal""#, ""),
        expect![[r#"
        error[missing-parameter]: parameter `key` of template `seal` is not assigned
          test:7:20: seal
          help: add `<parameter name="key">`
    "#]],
    );
    // A parameter that nothing takes.
    let keys = r#"<parameter name="kye"><value>k</value></parameter>"#;
    found(
        &note("confidential", USE, r#" adapt="auto""#, keys),
        expect![[r#"
            error[adapter-not-found]: no chain of up to 4 adapters makes `network.channel` and `note.channel` match
              test:7:20: auto
              test:7:26: <endpoint of="note" name="channel"/>  `Needs`
              test:7:62: <endpoint of="network" name="channel"/>  `ChannelService<bytes>`
              note: without one, `note.channel` requires properties "confidential", and `network.channel` provides properties "best_effort"; `best_effort` does not imply `confidential`
              note: no adapter has a parameter `kye`
              help: `seal` of `test:sealing` would, with a value for `key`: add `<parameter name="key">` to the connection
        "#]],
    );
    found(
        &note("confidential", USE, r#" adapt="seal""#, keys),
        expect![[r#"
        error[unknown-parameter]: template `seal` has no parameter `kye`
          test:7:118: kye
          help: did you mean `key`?
    "#]],
    );
    // Names.
    found(
        &note("confidential", USE, r#" adapt="saal""#, KEY),
        expect![[r#"
        error[adapter-not-found]: there is no adapter `saal` in the libraries named here
          test:7:20: saal
          test:7:26: <endpoint of="note" name="channel"/>  `Needs`
          test:7:62: <endpoint of="network" name="channel"/>  `ChannelService<bytes>`
          help: did you mean `seal`?
    "#]],
    );
    found(
        &note("confidential", "", r#" adapt="seal""#, KEY),
        expect![[r#"
        error[adapter-not-found]: there is no adapter `seal` in the libraries named here
          test:7:20: seal
          test:7:26: <endpoint of="note" name="channel"/>  `Needs`
          test:7:62: <endpoint of="network" name="channel"/>  `ChannelService<bytes>`
          help: `test:sealing` has it: name that library, with `use "test:sealing";` in `<types>`
    "#]],
    );
    found(
        &note("confidential", USE, r#" adapt="relay""#, ""),
        expect![[r#"
        error[adapter-not-found]: there is no adapter `relay` in the libraries named here
          test:7:20: relay
          test:7:27: <endpoint of="note" name="channel"/>  `Needs`
          test:7:63: <endpoint of="network" name="channel"/>  `ChannelService<bytes>`
    "#]],
    );
    // Does not help.
    found(
        &note("confidential", USE, r#" adapt="sign""#, KEY),
        expect![[r#"
        error[adapter-not-found]: adapter `sign` does not make `network.channel` and `note.channel` match
          test:7:20: sign
          test:7:26: <endpoint of="note" name="channel"/>  `Needs`
          test:7:62: <endpoint of="network" name="channel"/>  `ChannelService<bytes>`
          note: `sign` of `test:sealing` has `inner` (`mirror ChannelService<bytes>`) and `outer` (`Signed<Message>`)
          help: each end of the connection has to match one endpoint of the adapter; where its type parameters do not follow from that, assign them in the connection
    "#]],
    );
    found(
        &note("fifo", USE, r#" adapt="auto""#, KEY),
        expect![[r#"
            error[adapter-not-found]: no chain of up to 4 adapters makes `network.channel` and `note.channel` match
              test:7:20: auto
              test:7:26: <endpoint of="note" name="channel"/>  `Needs`
              test:7:62: <endpoint of="network" name="channel"/>  `ChannelService<bytes>`
              note: without one, `note.channel` requires properties "fifo", and `network.channel` provides properties "best_effort"; `best_effort` does not imply `fifo`
              help: write what stands between the two as components of its own
        "#]],
    );
    // Parameters for nothing.
    found_form(
        &note("best_effort", USE, "", KEY),
        expect![[r#"
        error[document-structure]: a connection without `adapt` takes no parameters
          test:7:105: key
          help: name the adapter that they are for: `<connection adapt="…">`
    "#]],
    );
}

fn found_form(text: &str, expect: Expect) {
    expect.assert_eq(&show(&read(&Source::new("test", text)).1));
}

fn steps(sink: &str, adapt: &str) -> String {
    format!(
        r#"<liveobject xmlns="urn:liveobj:reference:1"><composite>
<component name="bc"><external name="{sink}" library="test:steps"/></component>
<component name="source"><external name="source" library="test:steps"/></component>
<connection{adapt}><endpoint of="source" name="out"/><endpoint of="bc" name="in"/></connection>
</composite></liveobject>"#
    )
}

#[test]
fn chains_are_found_from_both_ends_and_get_names_that_are_free() {
    inserts(
        &steps("middle", r#" adapt="auto""#),
        &[r#"<component name="ab">"#, r#"<component name="bc_2">"#],
    );
    inserts(
        &steps("sink", r#" adapt="auto""#),
        &[
            r#"<endpoint of="bc" name="in"/><endpoint of="cd" name="to"/>"#,
            r#"<endpoint of="bc_2" name="from"/>"#,
        ],
    );
    found(
        &steps("sink", ""),
        expect![[r#"
        error[endpoint-mismatch]: endpoints `source.out` and `bc.in` do not match: `bc.in` has no incoming event `a`, which `source.out` needs
          test:4:13: <endpoint of="source" name="out"/>  `A`
          test:4:47: <endpoint of="bc" name="in"/>  `mirror D`
          help: `ab` of `test:steps` and `bc` of `test:steps` and `cd` of `test:steps` between them would do: write `<connection adapt="auto">`
    "#]],
    );
}

#[test]
fn the_order_of_ends_and_components_does_not_matter() {
    let text = steps("sink", r#" adapt="auto""#);
    let swapped = text.replace(
        r#"<endpoint of="source" name="out"/><endpoint of="bc" name="in"/>"#,
        r#"<endpoint of="bc" name="in"/><endpoint of="source" name="out"/>"#,
    );
    assert_ne!(text, swapped);
    assert_eq!(identity(&text), identity(&swapped));
}

#[test]
fn a_user_cannot_name_what_is_inserted() {
    let text = steps("sink", r#" adapt="auto""#)
        .replace("</composite>", r#"<export of="cd" name="to"/></composite>"#);
    found(
        &text,
        expect![[r#"
        error[unknown-component]: there is no component `cd`
          test:5:13: cd
          help: the components are `bc` and `source`
    "#]],
    );
}

#[test]
fn what_is_not_decided_is_never_taken() {
    // Without the formalism nobody knows whether there is a shorter way, or another one.
    let text = note("confidential", USE, r#" adapt="auto""#, KEY);
    let source = Source::new("test", text.as_str());
    let document = read(&source).0.expect("it is a reference");
    let found = hash(&document, &source, &with_adapters(), &Formalisms::none());
    expect![[r#"
        error[adapter-not-found]: it is not decided whether `network.channel` and `note.channel` match without an adapter
          test:7:20: auto
          test:7:26: <endpoint of="note" name="channel"/>  `Needs`
          test:7:62: <endpoint of="network" name="channel"/>  `ChannelService<bytes>`
          note: what is not decided here could turn out otherwise where more is known
          help: write the adapter that you mean as a component of its own
    "#]].assert_eq(&show(&found.expect_err("it is not decided")));
}

/// Two objects of `test:doubtful` that are connected with `adapt="auto"`.
fn doubtful(left: &str, right: &str) -> String {
    format!(
        r#"<liveobject xmlns="urn:liveobj:reference:1"><composite>
<component name="a"><external name="{left}" library="test:doubtful"/></component>
<component name="b"><external name="{right}" library="test:doubtful"/></component>
<connection adapt="auto"><endpoint of="a" name="e"/><endpoint of="b" name="e"/></connection>
</composite></liveobject>"#
    )
}

#[test]
fn an_adapter_that_fits_both_ways_round_is_ambiguous() {
    found(
        &doubtful("need", "need"),
        expect![[r#"
        error[adapter-ambiguous]: 2 choices would make `a.e` and `b.e` match: `fifo` of `test:doubtful` with `a` at `a.e`, or `fifo` of `test:doubtful` with `b` at `a.e`
          test:4:20: auto
          test:4:26: <endpoint of="a" name="e"/>  `Needs`
          test:4:53: <endpoint of="b" name="e"/>  `Needs`
          help: write the one that you mean as components of their own
    "#]],
    );
}

#[test]
fn a_choice_that_is_as_short_and_not_decided_hinders() {
    found(
        &doubtful("ask", "nothing"),
        expect![[r#"
            error[adapter-not-found]: it is not decided whether `fifo` of `test:doubtful` would make `a.e` and `b.e` match
              test:4:20: auto
              test:4:26: <endpoint of="a" name="e"/>  `Asks`
              test:4:53: <endpoint of="b" name="e"/>  `E`
              note: what is not decided here could turn out otherwise where more is known
              help: write the adapter that you mean as a component of its own
        "#]],
    );
}

#[test]
fn a_library_that_is_not_at_hand_might_have_others() {
    let text = steps("sink", r#" adapt="auto""#).replace(
        "<connection",
        r#"<component name="gone"><external name="x" library="test:gone" as="Timer"/></component><connection"#,
    );
    found(
        &text,
        expect![[r#"
        error[manifest-missing]: no library named `test:gone` is at hand
          test:4:52: test:gone  needed here
          help: did you mean `test:lines`?
    "#]],
    );
}

#[test]
fn a_type_that_the_document_cannot_name_is_declared() {
    let text = format!(
        r#"<liveobject xmlns="urn:liveobj:reference:1"><types>{USE} record Entry {{ at: u8 }}</types>
<composite>
{NETWORK}
<component name="note"><external name="lines" library="test:lines"/></component>
<connection adapt="auto"><endpoint of="note" name="channel"/><endpoint of="network" name="channel"/>{KEY}</connection>
</composite></liveobject>"#
    );
    inserts(
        &text,
        &[
            "record Entry { at: u8 }\nrecord Entry_2 { text: string }",
            "<type>list[Entry_2]</type>",
        ],
    );
}

#[test]
fn types_without_a_name_in_the_document_are_declared() {
    let text = note("confidential", USE, r#" adapt="auto""#, KEY)
        .replace("<types>", "<types>record Line { text: string }\n")
        .replace("message: bytes", "message: list[Line]");
    inserts(&text, &["<type>list[Line]</type>"]);
    let unnamed = text.replace("message: list[Line]", "message: tuple[u8, Line]");
    inserts(&unnamed, &["<type>tuple[u8, Line]</type>"]);
}

#[test]
fn adapters_are_inserted_inside_passed_references_too() {
    let inner = steps("sink", r#" adapt="auto""#);
    let inner = inner
        .trim_start_matches(r#"<liveobject xmlns="urn:liveobj:reference:1">"#)
        .trim_end_matches("</liveobject>");
    let text = format!(
        r#"<liveobject xmlns="urn:liveobj:reference:1"><parameterized>
<template><external name="memory_folder" library="liveobj:standard"/></template>
<parameter name="Item"><type>Object</type></parameter>
<parameter name="entries"><value>{{"a": {}}}</value></parameter></parameterized></liveobject>"#,
        json(inner)
    );
    let checked = checked_with(&text, &with_adapters(), &Policy::default());
    let reference = checked
        .reference
        .unwrap_or_else(|| panic!("{}", show(&checked.diagnostics)));
    assert!(
        checked
            .diagnostics
            .iter()
            .all(|found| found.severity != Severity::Error)
    );
    assert_eq!(reference.identity(), identity(&text));
    let canonical = reference.canonical(reference.root());
    assert!(canonical.contains("bc_2"), "{canonical}");
    assert_eq!(identity(&canonical), identity(&text));
}

fn json(body: &str) -> String {
    let text = format!("<liveobject xmlns=\"urn:liveobj:reference:1\">{body}</liveobject>");
    let document = read(&Source::new("inner", text))
        .0
        .expect("it is a reference");
    write_json(&document)
}

#[test]
fn both_notations_say_the_same() {
    let text = note("confidential", USE, r#" adapt="auto""#, KEY);
    let document = read(&Source::new("test", text.as_str()))
        .0
        .expect("it is a reference");
    let json = write_json(&document);
    assert_eq!(identity(&json), identity(&text));
    let start = json.find("\"connections\"").expect("it has connections");
    expect![[r#"
        "connections": [
              {
                "adapt": "auto",
                "ends": [{"of": "note", "name": "channel"}, {"of": "network", "name": "channel"}],
                "parameters": {
                  "key": {"value": "k"}
                }
              }
            ]
          }
        }
    "#]]
    .assert_eq(&json[start..]);
}
