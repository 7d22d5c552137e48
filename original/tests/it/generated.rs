//! Generated documents: whatever is put together out of the catalogue is converted, and what it is
//! converted to means the same in both notations.

use liveobj_original::catalog::{Catalog, Entry, Facts, Kind, ParameterKind, Status, Type};
use liveobj_original::document::ClassKind;
use liveobj_original::{Id, read};
use proptest::prelude::{ProptestConfig, any, prop, proptest};
use proptest::prop_assert;

use crate::support::{assert_round_trips, checked, root};

/// Writes a document; each choice takes a byte, and where there are none left, the first possibility.
struct Writer<'a> {
    choices: std::slice::Iter<'a, u8>,
    out: String,
}

const REFERENCE: Id = Id(0x58B3_7C32_B8E5_49C5_BC6E_E4A0_F5C1_467E);
const VOID: Id = Id(0xF074_95FC_C5EE_4306_B404_B4DC_0C16_C2A8);
/// Not all of these are endpoints of the library: it has those that its classes use.
const DUAL: Id = Id(0x38F6_5315_6043_4F3F_964D_33D9_DA00_94EC);

/// Most objects and classes inside one another.
const DEPTH: usize = 3;

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
}

/// Whether the objects of a component need an `Authority`, which cannot be converted.
fn must_be_authenticated(entry: &Entry) -> bool {
    let Facts::Component(Some(Type::Class(kind, id, _))) = &entry.facts else {
        return false;
    };
    let class = Catalog::standard().get(Id(0), Kind::Class(*kind), *id);
    let facts = class.map(|class| &class.facts);
    matches!(
        facts,
        Some(Facts::Object {
            authenticating: Some(_),
            ..
        })
    )
}

impl Writer<'_> {
    fn choose(&mut self, count: usize) -> usize {
        usize::from(self.choices.next().copied().unwrap_or(0)) % count.max(1)
    }

    fn id(&mut self, entry: &Entry) -> String {
        match self.choose(4) {
            0 => entry.id.to_string(),
            1 => format!("{}`0:{}`{}", entry.library, entry.id, entry.version),
            2 => format!("{{{:032X}}}", entry.id.0),
            _ => format!("{}:{}", entry.library, entry.id.to_string().to_lowercase()),
        }
        .replace("0:", if entry.library == Id(0) { "0:" } else { "" })
    }

    fn entry(&mut self, kind: Kind, closed: bool) -> &'static Entry {
        let fits = |entry: &&Entry| {
            entry.kind == kind
                && entry.library == Id(0)
                && entry.status == Status::Active
                && (entry.parameters.is_empty() || !closed)
                && entry.id != VOID
                && entry.id != DUAL
                && !must_be_authenticated(entry)
        };
        let all: Vec<&'static Entry> = Catalog::standard().entries().iter().filter(fits).collect();
        let index = self.choose(256) * 256 + self.choose(256);
        all[index % all.len()]
    }

    fn object(&mut self, element: &str, depth: usize) {
        if self.choose(4) == 3 && depth < DEPTH {
            return self.external(element, depth);
        }
        let entry = self.entry(Kind::Component, false);
        let id = self.id(entry);
        self.out += &format!("<{element} xsi:type=\"ReferenceObject\" id=\"{id}\">\n");
        if self.choose(2) == 1 {
            self.out += "<Attribute id=\"9F4C608A9A6D44FFAD8A2FDC662E185B\" value=\"a&amp;b\"/>\n";
        }
        for parameter in &entry.parameters {
            self.parameter(&parameter.name, &parameter.kind, depth);
        }
        self.out += &format!("</{element}>\n");
    }

    fn external(&mut self, element: &str, depth: usize) {
        self.out += &format!("<{element} xsi:type=\"ReferenceObject\" id=\"k &lt; 1\">\n");
        self.class("ObjectClass", "", ClassKind::Object, depth + 1);
        self.object("From", depth + 1);
        self.out += &format!("</{element}>\n");
    }

    fn class(&mut self, element: &str, ty: &str, kind: ClassKind, depth: usize) {
        let entry = self.entry(Kind::Class(kind), depth >= DEPTH);
        let id = self.id(entry);
        self.out += &format!("<{element}{ty} id=\"{id}\">");
        for parameter in &entry.parameters {
            self.parameter(&parameter.name, &parameter.kind, depth + 1);
        }
        self.out += &format!("</{element}>\n");
    }

    fn parameter(&mut self, name: &str, kind: &ParameterKind, depth: usize) {
        let name = escaped(name);
        match kind {
            ParameterKind::Class(kind) => {
                self.out += &format!("<Parameter id=\"{name}\">");
                self.class_value(*kind, depth);
                self.out += "</Parameter>\n";
            }
            ParameterKind::Value(ty) => {
                let reference = matches!(ty, Type::Class(_, REFERENCE, _));
                if !reference && self.choose(3) == 2 {
                    match self.choose(2) {
                        0 => {}
                        _ => self.out += &format!("<Parameter id=\"{name}\"/>\n"),
                    }
                    return;
                }
                let before = self.out.len();
                self.out += &format!("<Parameter id=\"{name}\">");
                if self.value(ty, depth) {
                    self.out += "</Parameter>\n";
                } else {
                    self.out.truncate(before);
                }
            }
            ParameterKind::Unknown => {}
        }
    }

    fn class_value(&mut self, kind: ClassKind, depth: usize) {
        let name = match kind {
            ClassKind::Value => "ValueClass",
            ClassKind::Interface => "InterfaceClass",
            ClassKind::Endpoint => "EndpointClass",
            ClassKind::Object => "ObjectClass",
        };
        self.class("Value", &format!(" xsi:type=\"{name}\""), kind, depth);
    }

    /// Whether there is a way to write one.
    fn value(&mut self, ty: &Type, depth: usize) -> bool {
        let Type::Class(_, id, _) = ty else {
            return false;
        };
        if *id == REFERENCE {
            if depth >= DEPTH {
                self.out += "<Value xsi:type=\"ReferenceObject\"/>";
            } else {
                self.object("Value", depth + 1);
            }
            return true;
        }
        let entry = Catalog::standard().get(Id(0), Kind::Class(ClassKind::Value), *id);
        let (ty, texts): (&str, &[&str]) = match entry.map(|entry| entry.name.as_str()) {
            Some("Int32") => ("xsd:int", &["0", "-2147483648", " +7 "]),
            Some("Int64") => ("xsd:long", &["0", "9223372036854775807"]),
            Some("Byte") => ("xsd:unsignedByte", &["255"]),
            Some("Boolean") => ("xsd:boolean", &["true", "0"]),
            Some("Double") => ("xsd:double", &["1", "-0.1", "1e300", "NaN", "-INF"]),
            Some("Single") => ("xsd:float", &["1", "0.1", "3.4e38"]),
            Some("String") => (
                "xsd:string",
                &["", "a", " \" \\ < & é\u{1f600}\n\t x ", "null"],
            ),
            Some("Address" | "Name") => {
                let name = entry.map_or("", |entry| &entry.name);
                self.out += &format!("<Value xsi:type=\"{name}\" value=\"1.2.3.4:&quot;5\"/>");
                return true;
            }
            _ => return false,
        };
        let text = escaped(texts[self.choose(texts.len())]);
        self.out += &format!("<Value xsi:type=\"{ty}\">{text}</Value>");
        true
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn what_is_generated_converts_and_round_trips(choices in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut writer = Writer { choices: choices.iter(), out: String::new() };
        writer.object("Object", 0);
        let source = root(&writer.out);
        let converted = read(&source, None);
        let Some(document) = converted.document else {
            return Err(proptest::test_runner::TestCaseError::fail(format!(
                "{:#?}\n{}", converted.diagnostics, source.text
            )));
        };
        assert_round_trips(&document);
        for found in checked(&document, &source).diagnostics {
            let place = found.labels.first().map(|label| label.place.clone());
            let inside = place.is_some_and(|place| place.source == source);
            prop_assert!(inside, "{found:?}");
        }
    }
}
