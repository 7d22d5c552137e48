//! What is part of an object's identity and what is not; canonical and long forms.

use std::sync::Arc;

use expect_test::expect;
use liveobj_formalisms::builtin;
use liveobj_types::{Severity, Source, TypeId};
use proptest::prelude::*;

use crate::check::tests::{Libraries, adapters, checked_with, libraries, show};
use crate::{Policy, StandardCatalog, expand, hash, read, write_json, write_xml};

fn xml(body: &str) -> String {
    format!("<liveobject xmlns=\"urn:liveobj:reference:1\">{body}</liveobject>")
}

fn hash_with(text: &str, libraries: &Libraries) -> Result<[u8; 32], String> {
    let source = Source::new("test", text);
    let (document, found) = read(&source);
    let document = document.unwrap_or_else(|| panic!("{}", show(&found)));
    hash(&document, &source, libraries, &builtin()).map_err(|found| show(&found))
}

/// The identity of a document with this body: the same as XML, as JSON, and after a check.
fn id(body: &str) -> [u8; 32] {
    let text = xml(body);
    let libraries = libraries();
    let id = hash_with(&text, &libraries).unwrap_or_else(|found| panic!("{found}"));
    let document = read(&Source::new("test", text.as_str()))
        .0
        .expect("it was read before");
    assert_eq!(
        hash_with(&write_json(&document), &libraries),
        Ok(id),
        "as JSON"
    );
    let checked = checked_with(&text, &libraries, &Policy::default());
    if let Some(reference) = checked.reference {
        assert_eq!(reference.identity(), id, "after a check");
    }
    id
}

fn channel(parameters: &str) -> String {
    format!(
        "<parameterized><template><external name=\"udp_channel\" library=\"liveobj:channels\"/>\
         </template>{parameters}</parameterized>"
    )
}

const BYTES: &str = "<parameter name=\"Message\"><type>bytes</type></parameter>";
const TTL: &str = "<parameter name=\"ttl\"><value>1</value></parameter>";

fn hex(id: [u8; 32]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn identities_are_what_they_always_were() {
    let timer = id("<external name=\"timer\" library=\"liveobj:standard\"/>");
    expect!["06dc16c019a1cb2451fdecc9bd881a4959d3813a5658406de62125a165f676a9"]
        .assert_eq(&hex(timer));
    expect!["1f3f722eadc4b5be9c71328781fe65dc65b03cb9d5334fe69990ff7ff665dbb1"]
        .assert_eq(&hex(id(&channel(&format!("{BYTES}{TTL}")))));
    expect!["465df802e5384cd1fcc546eb8e451dbd307d4f08c76c359c5e55ccb310f1f625"]
        .assert_eq(&hex(id("<primitive id=\"registry\"/>")));
}

#[test]
fn writing_does_not_matter() {
    let plain = id(&channel(&format!("{BYTES}{TTL}")));
    assert_eq!(
        id(&channel(&format!("<!-- hi --> {TTL}\n  {BYTES}"))),
        plain,
        "order and blanks"
    );
    let about = "<about name=\"Net\" comment=\"mine\"/>";
    assert_eq!(
        id(&format!("{about}{}", channel(&format!("{BYTES}{TTL}")))),
        plain,
        "about"
    );
    let ttl = "<parameter name=\"ttl\"><value> 1 </value></parameter>";
    assert_eq!(
        id(&channel(&format!("{BYTES}{ttl}"))),
        plain,
        "blanks in JSON"
    );
}

#[test]
fn aliases_and_names_of_types_do_not_matter() {
    let line = "record Line { text: string, at: u32 }";
    let typed = |types: &str, ty: &str| {
        let parameter = format!("<parameter name=\"Message\"><type>{ty}</type></parameter>");
        id(&format!("<types>{types}</types>{}", channel(&parameter)))
    };
    let plain = typed(line, "Line");
    assert_eq!(
        typed("record Row { at: u32, text: string }", "Row"),
        plain,
        "another name"
    );
    assert_eq!(
        typed(&format!("{line} type L = Line;"), "L"),
        plain,
        "an alias"
    );
    assert_ne!(
        typed("record Line { text: string, at: u64 }", "Line"),
        plain,
        "a wider field"
    );
    assert_eq!(
        typed("type A = list[A];", "A"),
        typed("type B = list[list[B]];", "B")
    );
}

#[test]
fn defaults_are_filled_in() {
    let address = "<parameter name=\"address\"><value>239.255.76.79:7000</value></parameter>";
    assert_eq!(
        id(&channel(&format!("{BYTES}{address}"))),
        id(&channel(BYTES))
    );
    let address = "<parameter name=\"address\"><value>239.255.76.79:7001</value></parameter>";
    assert_ne!(
        id(&channel(&format!("{BYTES}{address}"))),
        id(&channel(BYTES))
    );
}

#[test]
fn the_short_form_of_a_library_is_the_long_one_and_its_hash_does_not_count() {
    let short = id("<external name=\"timer\" library=\"liveobj:standard\"/>");
    for primitive in ["library", "1", "0x1", "00000000000000000000000000000001"] {
        let long = format!(
            "<external name=\"timer\"><from><parameterized><template><primitive id=\"{primitive}\"/>\
             </template><parameter name=\"name\"><value>liveobj:standard</value></parameter>\
             </parameterized></from></external>"
        );
        assert_eq!(id(&long), short, "{primitive}");
    }
    let template = "<parameterized><template><external name=\"timer\" \
                    library=\"liveobj:standard\"/></template></parameterized>";
    assert_eq!(
        id(template),
        short,
        "a template without parameters is an object"
    );
    let pinned = channel(BYTES).replace(
        "/></template>",
        &format!(" sha256=\"{}\"/></template>", "ab".repeat(32)),
    );
    assert_eq!(id(&pinned), id(&channel(BYTES)));
}

#[test]
fn a_cast_does_not_make_another_object() {
    let plain = id("<external name=\"timer\" library=\"liveobj:standard\"/>");
    assert_eq!(
        id("<external name=\"timer\" library=\"liveobj:standard\" as=\"Timer\"/>"),
        plain
    );
    assert_eq!(
        id("<external name=\"timer\" library=\"liveobj:standard\" as=\"Object\"/>"),
        plain
    );
    let from = |ty: &str| {
        id(&format!(
            "<external name=\"x\" as=\"{ty}\"><from><primitive id=\"registry\"/></from></external>"
        ))
    };
    assert_ne!(
        from("Timer"),
        from("Console"),
        "nothing else is known of what a folder holds"
    );
}

fn pair(components: &str, rest: &str) -> [u8; 32] {
    id(&format!("<composite>{components}{rest}</composite>"))
}

#[test]
fn composites_are_sets_of_named_parts() {
    let network = format!("<component name=\"net\">{}</component>", channel(BYTES));
    let note = "<component name=\"note\"><external name=\"shared_text\" library=\"liveobj:documents\"/>\
         </component>";
    let forth = "<connection><endpoint of=\"net\" name=\"channel\"/><endpoint of=\"note\" \
                 name=\"channel\"/></connection>";
    let back = "<connection><endpoint of=\"note\" name=\"channel\"/><endpoint of=\"net\" \
                name=\"channel\"/></connection>";
    let export = "<export of=\"note\" name=\"text\"/>";
    let plain = pair(&format!("{network}{note}"), &format!("{forth}{export}"));
    assert_eq!(
        pair(&format!("{note}{network}"), &format!("{export}{back}")),
        plain
    );
    let named = "<export of=\"note\" name=\"text\" as=\"text\"/>";
    assert_eq!(
        pair(&format!("{network}{note}"), &format!("{forth}{named}")),
        plain
    );
    let renamed = "<export of=\"note\" name=\"text\" as=\"shown\"/>";
    assert_ne!(
        pair(&format!("{network}{note}"), &format!("{forth}{renamed}")),
        plain
    );
    assert_ne!(pair(&format!("{network}{note}"), forth), plain);
    let other = note.replace("\"note\"", "\"memo\"");
    let forth = forth.replace("\"note\"", "\"memo\"");
    assert_ne!(pair(&format!("{network}{other}"), &forth), plain);
}

#[test]
fn a_reference_passed_as_a_value_is_the_reference_itself() {
    let libraries = Libraries::default().with(
        "test:one",
        "use \"liveobj:standard\";\ntemplate wrap(timer: reference<Timer>): Timer;",
    );
    let text = |argument: &str| {
        let text = xml(&format!(
            "<parameterized><template><external name=\"wrap\" library=\"test:one\"/></template>\
             <parameter name=\"timer\">{argument}</parameter></parameterized>"
        ));
        hash_with(&text, &libraries)
    };
    let reference = text("<external name=\"timer\" library=\"liveobj:standard\"/>");
    let value = text(
        r#"<value>{"external": {"library": "liveobj:standard", "name": "timer", "as": "Object"}}</value>"#,
    );
    assert!(reference.is_ok());
    assert_eq!(reference, value);
}

#[test]
fn a_template_needs_its_manifest_and_an_object_does_not() {
    let hash = |body: &str| {
        let source = Source::new("test", xml(body));
        let document = read(&source).0.expect("it is a reference");
        hash(&document, &source, &StandardCatalog, &builtin()).map_err(|found| show(&found))
    };
    expect![[r#"
        error[manifest-missing]: no library named `liveobj:channels` is at hand
          test:1:108: liveobj:channels  needed here
          help: add it: `liveobj library add FILE --name liveobj:channels`, or name the directory it is in: `--library-path DIR`
    "#]].assert_eq(&hash(&channel(BYTES)).expect_err("defaults are not known"));
    let body = "<external name=\"shared_text\" library=\"liveobj:documents\" as=\"Object\"/>";
    assert_eq!(
        hash(body),
        Ok(id(
            "<external name=\"shared_text\" library=\"liveobj:documents\"/>"
        ))
    );
}

#[test]
fn what_formalisms_can_show_does_not_matter() {
    let types = "<types>endpoint A { out a(); provides mystery \"x\"; } object O { endpoint a: A; } \
                 object P { endpoint a: A; provides mystery \"z\"; } \
                 record Only[T: object &lt;: P] { o: reference[T] }</types>";
    let from = |ty: &str| {
        format!("<external name=\"o\" as=\"{ty}\"><from><primitive id=\"2\"/></from></external>")
    };
    for (component, code) in [
        (from("O"), "subtype-not-shown"),
        (from("Channel[Only[O]]"), "argument-out-of-bound"),
    ] {
        let text = xml(&format!(
            "{types}<composite as=\"P\"><component name=\"o\">{component}</component>\
             <export of=\"o\" name=\"a\"/></composite>"
        ));
        let found = checked_with(&text, &libraries(), &Policy::default()).diagnostics;
        let codes: Vec<&str> = found.iter().map(|found| found.code.as_str()).collect();
        assert_eq!(codes, [code]);
        assert!(hash_with(&text, &libraries()).is_ok());
    }
}

/// Bodies that between them have everything.
fn bodies() -> Vec<String> {
    let types = "<types><![CDATA[
        use \"liveobj:documents\";
        record Line { text: string, next: option<Line>, .. }
        variant Change { edit(Line), clear }
        enum Color { red, green }
        type Tree = list<Tree>;
        endpoint Lookup<K: value> {
            in get(name: K, again: u8);
            out item(value: reference<Store<K>>) refusable;
            follows session \"rec X . ?get; !item; X\";
            provides mystery \"a \\\"quoted\\\" \\\\ text\" given \"b\";
        }
        object Store<K: value> {
            endpoint lookup: Lookup<K> many;
            mandatory endpoint peer: mirror Lookup<map<Color, tuple<Tree, Change>>>;
            requires cardinality \"at most 3 instances of lookup connected\";
            state Line;
        }
        object Pair { endpoint a: Lookup<u8>; endpoint b: mirror Lookup<u8>; endpoint t: Text; }
    ]]></types>";
    let from = |ty: &str| {
        format!("<external name=\"x\" as=\"{ty}\"><from><primitive id=\"2\"/></from></external>")
    };
    vec![
        channel(&format!("{BYTES}{TTL}")),
        "<external name=\"timer\" library=\"liveobj:standard\" as=\"Object\"/>".to_owned(),
        format!("{types}{}", from("Store[Line]")),
        format!("{types}{}", from("Pair")),
        format!("{types}{}", from("SharedText")),
        format!(
            "{types}<composite><component name=\"a\">{}</component><component name=\"b\">{}\
             </component><connection><endpoint of=\"a\" name=\"a\"/><endpoint of=\"a\" name=\"b\"/>\
             </connection><export of=\"a\" name=\"t\" as=\"text\"/></composite>",
            from("Pair"),
            from("Channel[Tree]")
        ),
        "<parameterized as=\"Folder[Object]\">\
         <template><external name=\"memory_folder\" library=\"liveobj:standard\"/></template>\
         <parameter name=\"Item\"><type>Channel[bytes]</type></parameter>\
         <parameter name=\"entries\"><value>{\"a \\\"b\\\"\": {\"types\": \"object C { endpoint \
         channel: ChannelService[bytes] many; }\", \"external\": {\"name\": \"x\", \"as\": \"C\", \
         \"from\": {\"primitive\": {\"id\": \"registry\"}}}}}</value></parameter></parameterized>"
            .to_owned(),
        "<parameterized><template><primitive id=\"library\"/></template><parameter name=\"name\">\
         <value>my:own</value></parameter></parameterized>"
            .to_owned(),
    ]
}

#[test]
fn canonical_documents_read_back_as_the_same_object_of_the_same_type() {
    let libraries = libraries();
    for body in bodies() {
        let checked = checked_with(
            &xml(&body),
            &libraries,
            &Policy {
                allow_unknown: true,
                ..Policy::default()
            },
        );
        let reference = checked
            .reference
            .unwrap_or_else(|| panic!("{}", show(&checked.diagnostics)));
        let text = reference.canonical(reference.root());
        let again = checked_with(
            &text,
            &libraries,
            &Policy {
                allow_unknown: true,
                ..Policy::default()
            },
        );
        let second = again
            .reference
            .unwrap_or_else(|| panic!("{}\n{text}", show(&again.diagnostics)));
        assert_eq!(second.identity(), reference.identity(), "{text}");
        let ty = |types: &Arc<liveobj_types::Types>, id| types.identity(TypeId::Object(id));
        assert_eq!(
            ty(second.types(), second.object_type()),
            ty(reference.types(), reference.object_type()),
            "{text}"
        );
        assert_eq!(
            second.canonical(second.root()),
            text,
            "canonical is canonical"
        );
    }
}

#[test]
fn a_canonical_document_is_short_and_has_its_types() {
    let checked = checked_with(&xml(&bodies()[6]), &libraries(), &Policy::default());
    let reference = checked.reference.expect("it is well typed");
    expect![[r#"{"liveobj":1,"types":"object Channel { endpoint channel: ChannelService many; }\nendpoint ChannelService { out receive(message: bytes); in send(message: bytes); provides properties \"best_effort\"; }\nobject Folder { endpoint folder: FolderService many; }\nendpoint FolderService { in get(name: string); out item(name: string, object: reference[Object]); out missing(name: string); }","parameterized":{"as":"Folder","template":{"external":{"name":"memory_folder","library":"liveobj:standard"}},"parameters":{"Item":{"type":"Channel"},"entries":{"value":"{\"a \\\"b\\\"\":{\"liveobj\":1,\"types\":\"object C { endpoint channel: ChannelService many; }\\nendpoint ChannelService { out receive(message: bytes); in send(message: bytes); provides properties \\\"best_effort\\\"; }\",\"external\":{\"name\":\"x\",\"as\":\"C\",\"from\":{\"primitive\":{\"id\":\"registry\"}}}}}"}}}}"#]].assert_eq(&reference.canonical(reference.root()));
}

#[test]
fn the_long_form_is_the_same_object() {
    let libraries = libraries();
    for body in bodies() {
        let text = xml(&body);
        let source = Source::new("test", text.as_str());
        let document = read(&source).0.expect("it is a reference");
        let long = expand(&document, &source, &libraries, &builtin()).unwrap_or_else(|found| {
            panic!("{}", show(&found));
        });
        let long = write_xml(&long);
        assert!(!long.contains("library=\""), "{long}");
        assert_eq!(
            hash_with(&long, &libraries),
            hash_with(&text, &libraries),
            "{long}"
        );
    }
}

#[test]
fn the_long_form_has_the_defaults() {
    let text = xml(&channel(BYTES));
    let source = Source::new("test", text);
    let document = read(&source).0.expect("it is a reference");
    let long =
        expand(&document, &source, &libraries(), &builtin()).expect("the library is at hand");
    expect![[r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <liveobject xmlns="urn:liveobj:reference:1">
          <parameterized>
            <template>
              <external name="udp_channel">
                <from>
                  <parameterized>
                    <template><primitive id="library"/></template>
                    <parameter name="name"><value>liveobj:channels</value></parameter>
                  </parameterized>
                </from>
              </external>
            </template>
            <parameter name="Message"><type>bytes</type></parameter>
            <parameter name="address"><value>239.255.76.79:7000</value></parameter>
            <parameter name="interfaces"><value>[]</value></parameter>
            <parameter name="peers"><value>[]</value></parameter>
            <parameter name="ttl"><value>0</value></parameter>
          </parameterized>
        </liveobject>
    "#]]
    .assert_eq(&write_xml(&long));
    let found =
        expand(&document, &source, &StandardCatalog, &builtin()).expect_err("it is not at hand");
    expect![[r#"
        error[manifest-missing]: no library named `liveobj:channels` is at hand
          test:1:108: liveobj:channels  its defaults are needed here
          help: add it: `liveobj library add FILE`, or give `--library-path DIR`
    "#]]
    .assert_eq(&show(&found));
}

/// A document with up to four places cut out, doubled, exchanged or overwritten.
fn mutated() -> impl Strategy<Value = String> {
    let texts: Vec<String> = bodies()
        .into_iter()
        .map(|body| xml(&body))
        .chain(adapters::documents())
        .flat_map(|text| {
            let document = read(&Source::new("test", text.as_str()))
                .0
                .expect("it is a reference");
            [text, write_json(&document)]
        })
        .collect();
    let at = || any::<proptest::sample::Index>();
    let change = (0..4, at(), 0_usize..40, at());
    (
        proptest::sample::select(texts),
        proptest::collection::vec(change, 1..4),
    )
        .prop_map(|(text, changes)| {
            let mut chars: Vec<char> = text.chars().collect();
            for (kind, at, length, other) in changes {
                let start = at.index(chars.len() + 1);
                let end = (start + length).min(chars.len());
                let piece: Vec<char> = chars[start..end].to_vec();
                match kind {
                    0 => drop(chars.splice(start..end, [])),
                    1 => {
                        let to = other.index(chars.len() + 1);
                        chars.splice(to..to, piece);
                    }
                    2 => {
                        let from = other.index(chars.len() + 1);
                        let until = (from + length).min(chars.len());
                        let piece: Vec<char> = chars[from..until].to_vec();
                        chars.splice(start..end, piece);
                    }
                    _ => {
                        let characters = ['<', '>', '"', '[', '{', ',', ':', '0', 'x', '\u{0}'];
                        let with = characters[other.index(characters.len())];
                        chars.splice(start..end.min(start + 1), [with]);
                    }
                }
            }
            chars.into_iter().collect()
        })
}

proptest! {
    #[test]
    fn a_document_is_well_typed_or_a_finding_says_why_not(text in mutated()) {
        let libraries = adapters::with_adapters();
        let checked = checked_with(&text, &libraries, &Policy::default());
        let refused = checked.diagnostics.iter().any(|found| found.severity == Severity::Error);
        prop_assert_eq!(checked.reference.is_none(), refused, "{}", show(&checked.diagnostics));
        let source = Source::new("test", text.as_str());
        if let (Some(document), _) = read(&source) {
            let id = hash(&document, &source, &libraries, &builtin());
            if let Some(reference) = &checked.reference {
                prop_assert_eq!(id.ok(), Some(reference.identity()));
                let canonical = reference.canonical(reference.root());
                let again = checked_with(&canonical, &libraries, &Policy::default());
                prop_assert!(again.reference.is_some(), "{}\n{}", canonical, show(&again.diagnostics));
            }
            let long = expand(&document, &source, &libraries, &builtin());
            if let (Some(reference), Ok(long)) = (&checked.reference, long) {
                let id = hash_with(&write_xml(&long), &libraries);
                prop_assert_eq!(id, Ok(reference.identity()));
            }
        }
    }
}
