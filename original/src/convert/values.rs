//! Values of parameters.

use std::collections::BTreeMap;

use liveobj_references::{Argument, Spanned};
use liveobj_types::{Span, codes};

use super::Converter;
use super::objects::Made;
use crate::Id;
use crate::catalog::{Facts, Kind, Type};
use crate::document::{
    ClassKind, Parameter, Primitive, PrimitiveType, ScalarType, Value, ValueKind,
};

/// Type parameters of a component and what they are.
pub(super) type Bindings = BTreeMap<String, Type>;

/// What a parameter is given.
pub(super) enum Given {
    Argument(Box<Argument>),
    /// Nothing: it takes its default.
    Default,
    /// Something that it cannot take, which was reported.
    Wrong,
}

const REFERENCE: Id = Id(0x58B3_7C32_B8E5_49C5_BC6E_E4A0_F5C1_467E);
/// `System.Object`.
const ANYTHING: Id = Id(0x5DDE_0B67_5997_4514_B6F0_40D3_3566_4029);
const BYTES: Id = Id(0x9845_4EAB_1F51_46E2_ADD1_C930_8F14_C00C);
const CONFIGURATION: Id = Id(0xC587_F496_0586_4DD5_B72F_62E5_68F9_E3FD);
const PROPERTIES: Id = Id(0x925D_7923_3441_4DF1_BE6B_7197_EB72_DF1A);
const PROPERTY: Id = Id(0x9EC8_17D4_7B69_4A97_99CB_A187_2011_245B);

/// Whether values of a type are references to objects.
pub(super) fn is_reference(ty: &Type) -> bool {
    matches!(ty, Type::Class(ClassKind::Value, REFERENCE, _))
}

impl Converter<'_> {
    /// What `given` assigns to a parameter of the type `ty`.
    pub(super) fn argument(&mut self, given: &Parameter, ty: &Type, bindings: &Bindings) -> Given {
        let name = given.id.as_ref().map_or("", |id| id.text.as_str());
        let ty = match ty {
            Type::Parameter(parameter) => match bindings.get(parameter) {
                Some(bound) => bound,
                // Nobody can tell its type; that it is missing is found elsewhere.
                None => return Given::Default,
            },
            ty => ty,
        };
        let Some(value) = &given.value else {
            if is_reference(ty) {
                let message = format!("parameter `{name}` takes an object, and is given none");
                let help = "write the null reference, if that is meant: \
                            `<Value xsi:type=\"ReferenceObject\"/>`";
                let help = Some(help.to_owned());
                self.error(codes::MISSING_PARAMETER, given.span, message, help);
                return Given::Wrong;
            }
            self.omitted(given.span, format!("parameter `{name}` has no value"), ty);
            return Given::Default;
        };
        if let ValueKind::Object(object) = &value.kind {
            if !is_reference(ty) {
                self.wrong_type(name, ty, "an object", value.span);
                return Given::Wrong;
            }
            return match self.inner_object(object) {
                Some(Made::Reference(reference)) => {
                    Given::Argument(Box::new(Argument::Reference(*reference)))
                }
                Some(Made::Null) => {
                    let message = format!("parameter `{name}` is the null reference");
                    self.warn(
                        codes::ORIGINAL_OMITTED,
                        value.span,
                        message,
                        "the original passes null on; its component may fail at that",
                    );
                    let null = self.generated("null", value.span);
                    Given::Argument(Box::new(Argument::Value(null)))
                }
                None => Given::Wrong,
            };
        }
        match self.json(name, ty, value) {
            Some((json, span)) => {
                let verbatim = self.source.text.get(span.start..span.end) == Some(json.as_str());
                Given::Argument(Box::new(Argument::Value(Spanned {
                    text: json,
                    span,
                    verbatim,
                })))
            }
            None => Given::Wrong,
        }
    }

    /// Warns of a value that is null in the original.
    pub(super) fn omitted(&mut self, span: Span, message: String, ty: &Type) {
        let becomes = match self.builtin_name(ty) {
            Some("Boolean") => "it is `false`, as in the original",
            Some(name) if Number::named(name).is_some() => "it is 0, as in the original",
            _ => "it is null, as in the original",
        };
        self.warn(codes::ORIGINAL_OMITTED, span, message, becomes);
    }

    /// The value as JSON, and where it stands.
    fn json(&mut self, name: &str, ty: &Type, value: &Value) -> Option<(String, Span)> {
        let (class, what, span, content) = match &value.kind {
            ValueKind::Primitive(primitive) => return self.primitive(name, ty, primitive),
            // A fault tells.
            ValueKind::Invalid(..) => return None,
            ValueKind::Scalar(scalar, text) => {
                let content = text.as_ref().map_or("", |text| text.text.as_str());
                let span = text.as_ref().map_or(value.span, |text| text.span);
                let (class, what) = scalar_class(*scalar);
                (class, what, span, content.to_owned())
            }
            ValueKind::Configuration(_) => (
                CONFIGURATION,
                "Configuration",
                value.span,
                self.inner_xml(value.span),
            ),
            ValueKind::Properties(_) => (
                PROPERTIES,
                "Properties",
                value.span,
                self.inner_xml(value.span),
            ),
            ValueKind::Property(_) => {
                (PROPERTY, "Property", value.span, self.inner_xml(value.span))
            }
            ValueKind::Parameters(_) => {
                self.wrong_type(name, ty, "`Parameters`", value.span);
                return None;
            }
            ValueKind::Class(kind, _) => {
                self.wrong_type(name, ty, super::classes::kind_name(*kind), value.span);
                return None;
            }
            ValueKind::Xml(..) | ValueKind::Object(_) => {
                self.wrong_type(name, ty, "XML of a type that is not known", value.span);
                return None;
            }
        };
        if self.assignable(class, ty) {
            return Some((contents(&content), span));
        }
        self.wrong_type(name, ty, &format!("`{what}`"), value.span);
        None
    }

    /// Whether .NET takes a value of the class where one of `ty` is expected.
    fn assignable(&self, class: Id, ty: &Type) -> bool {
        let Type::Class(ClassKind::Value, expected, arguments) = ty else {
            return false;
        };
        if *expected == class || *expected == ANYTHING {
            return true;
        }
        let entry = self
            .catalog
            .get(Id(0), Kind::Class(ClassKind::Value), class);
        let Some(Facts::Value { assignable_to, .. }) = entry.map(|entry| &entry.facts) else {
            return false;
        };
        arguments.is_empty()
            && assignable_to
                .iter()
                .any(|to| matches!(to, Type::Class(_, to, _) if to == expected))
    }

    /// The name of a class of .NET itself.
    fn builtin_name(&self, ty: &Type) -> Option<&'static str> {
        let Type::Class(kind, id, _) = ty else {
            return None;
        };
        let entry = self.catalog.get(Id(0), Kind::Class(*kind), *id)?;
        let builtin = matches!(entry.facts, Facts::Value { builtin: true, .. });
        builtin.then_some(entry.name.as_str())
    }

    fn wrong_type(&mut self, name: &str, ty: &Type, found: &str, span: Span) {
        let expected = self.type_name(ty);
        let message = format!("parameter `{name}` takes {expected}, not {found}");
        self.error(codes::INVALID_VALUE, span, message, None);
    }

    fn type_name(&self, ty: &Type) -> String {
        match ty {
            _ if is_reference(ty) => "an object".to_owned(),
            Type::Class(kind, id, _) => {
                let entry = self.catalog.get(Id(0), Kind::Class(*kind), *id);
                match entry {
                    Some(entry) => format!("`{}`", entry.name),
                    None => format!("`{id}`"),
                }
            }
            _ => "something else".to_owned(),
        }
    }

    /// A value of a type of XML Schema.
    fn primitive(&mut self, name: &str, ty: &Type, given: &Primitive) -> Option<(String, Span)> {
        let text = given.text.text.trim_matches([' ', '\t', '\r', '\n']);
        let span = given.text.span;
        let found = given.ty.dotnet_name();
        if let Type::Class(ClassKind::Value, id, _) = ty {
            if *id == ANYTHING {
                let message = format!("parameter `{name}` takes any object: the text is kept");
                self.warn(
                    codes::ORIGINAL_COERCED,
                    span,
                    message,
                    "its type is not kept",
                );
                return Some((contents(&given.text.text), span));
            }
            if given.ty == PrimitiveType::Bytes && *id == BYTES {
                return Some((quoted(text), span));
            }
        }
        let expected = self.builtin_name(ty);
        match (expected, given.ty) {
            (Some("String"), PrimitiveType::String) => {
                return Some((quoted(&given.text.text), span));
            }
            (Some("Boolean"), PrimitiveType::Boolean) => {
                let json = if matches!(text, "true" | "1") {
                    "true"
                } else {
                    "false"
                };
                return Some((json.to_owned(), span));
            }
            _ => {}
        }
        let numbers = expected.and_then(Number::named).zip(Number::named(found));
        let Some((wanted, own)) = numbers else {
            self.wrong_type(name, ty, &format!("`{found}`"), given.name.span);
            return None;
        };
        let Some(json) = own.read(text).and_then(|value| wanted.write(value)) else {
            let message = format!(
                "parameter `{name}` takes `{}`, and `{text}` of `{found}` is none",
                expected.unwrap_or_default()
            );
            self.error(codes::INVALID_VALUE, span, message, None);
            return None;
        };
        if wanted != own {
            let message = format!(
                "parameter `{name}` takes `{}`: `{text}` of `{found}` is converted",
                expected.unwrap_or_default()
            );
            self.warn(
                codes::ORIGINAL_COERCED,
                given.name.span,
                message,
                "the value stays the same; the original refused it, having another type",
            );
        }
        Some((json, span))
    }

    /// The XML inside the element whose start tag is `span`.
    fn inner_xml(&self, span: Span) -> String {
        let text = &self.source.text;
        if text[..span.end].ends_with("/>") {
            return String::new();
        }
        let inside = &text[span.end..];
        let name_end = |at: usize| {
            let next = inside[at..].chars().next();
            next.is_none_or(|c| c == '>' || c == '/' || c.is_whitespace())
        };
        let mut depth = 0;
        let mut at = 0;
        while let Some(found) = inside[at..].find('<') {
            let start = at + found;
            let rest = &inside[start..];
            at = start + 1;
            let skipped = [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>")];
            if let Some((_, close)) = skipped.iter().find(|(open, _)| rest.starts_with(open)) {
                at = start + rest.find(close).unwrap_or(0) + 1;
            } else if rest.starts_with("</Value") && name_end(start + "</Value".len()) {
                if depth == 0 {
                    return inside[..start].trim().to_owned();
                }
                depth -= 1;
            } else if rest.starts_with("<Value") && name_end(start + "<Value".len()) {
                let end = rest.find('>').unwrap_or(0);
                if !rest[..end].ends_with('/') {
                    depth += 1;
                }
            }
        }
        String::new()
    }
}

/// The class of a small value, and its name.
fn scalar_class(scalar: ScalarType) -> (Id, &'static str) {
    match scalar {
        ScalarType::Address => (Id(0x4BD5_8FAE_1AEB_4537_B42C_E0C2_6405_28F9), "Address"),
        ScalarType::Identifier => (Id(0x24D8_9149_67A4_43BE_93FD_68B4_F3CE_82A5), "Identifier"),
        ScalarType::Incarnation => (Id(0xFF88_E580_C97A_40B9_9DA7_1B6F_A38F_1354), "Incarnation"),
        ScalarType::Index => (Id(0xC9CE_9867_BE26_4A00_98A6_88B0_CB86_5053), "Index"),
        ScalarType::Name => (Id(0xF864_A06B_8368_44ED_BA7D_3928_9962_7DED), "Name"),
        ScalarType::Uint32 => (Id(0x5EF4_4566_5D9B_485F_B4CF_E24A_979B_3499), "UINT32"),
        ScalarType::Uint64 => (Id(0x7ACA_0A0E_F8E8_4427_84CA_7921_D11B_2CC8), "UINT64"),
        ScalarType::Uint128 => (Id(0x5A83_2D09_E922_4EA3_976E_0AD1_E528_3E33), "UINT128"),
        ScalarType::Id => (Id(0x3C36_CBFA_0A82_4012_9B2F_4579_3C43_89E9), "ID"),
    }
}

/// The record of a value that cannot be looked into.
fn contents(text: &str) -> String {
    format!("{{\"content\":{}}}", quoted(text))
}

/// A text as JSON.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// The numbers of .NET.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Number {
    /// Bounds of whole numbers.
    Whole(i128, i128),
    Single,
    Double,
}

/// A number that was read.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Read {
    Whole(i128),
    Single(f32),
    Double(f64),
}

impl Number {
    fn named(name: &str) -> Option<Number> {
        Some(match name {
            "SByte" => Number::Whole(i8::MIN.into(), i8::MAX.into()),
            "Byte" => Number::Whole(0, u8::MAX.into()),
            "Int16" => Number::Whole(i16::MIN.into(), i16::MAX.into()),
            "UInt16" => Number::Whole(0, u16::MAX.into()),
            "Int32" => Number::Whole(i32::MIN.into(), i32::MAX.into()),
            "UInt32" => Number::Whole(0, u32::MAX.into()),
            "Int64" => Number::Whole(i64::MIN.into(), i64::MAX.into()),
            "UInt64" => Number::Whole(0, u64::MAX.into()),
            "Single" => Number::Single,
            "Double" => Number::Double,
            _ => return None,
        })
    }

    /// Reads a text that was found to be one.
    fn read(self, text: &str) -> Option<Read> {
        let named = |text: &str| {
            match text {
                "INF" => "inf",
                "-INF" => "-inf",
                text => text,
            }
            .to_owned()
        };
        Some(match self {
            Number::Whole(..) => Read::Whole(text.parse().ok()?),
            Number::Single => Read::Single(named(text).parse().ok()?),
            Number::Double => Read::Double(named(text).parse().ok()?),
        })
    }

    /// The number as JSON, if it is one of this type exactly.
    fn write(self, value: Read) -> Option<String> {
        match self {
            Number::Whole(least, most) => {
                let whole = match value {
                    Read::Whole(number) => number,
                    Read::Single(number) => exactly_whole(number.into())?,
                    Read::Double(number) => exactly_whole(number)?,
                };
                (least..=most).contains(&whole).then(|| whole.to_string())
            }
            Number::Single => {
                let number = match value {
                    Read::Single(number) => number,
                    Read::Double(number) => {
                        let near = number as f32;
                        (f64::from(near) == number || number.is_nan()).then_some(near)?
                    }
                    Read::Whole(number) => {
                        let near = number as f32;
                        (exactly_whole(near.into()) == Some(number)).then_some(near)?
                    }
                };
                Some(float(number.into(), &number.to_string()))
            }
            Number::Double => {
                let number = match value {
                    Read::Single(number) => number.into(),
                    Read::Double(number) => number,
                    Read::Whole(number) => {
                        let near = number as f64;
                        (exactly_whole(near) == Some(number)).then_some(near)?
                    }
                };
                Some(float(number, &number.to_string()))
            }
        }
    }
}

/// The whole number that this is; all that .NET has are below 2⁶⁴.
fn exactly_whole(number: f64) -> Option<i128> {
    let whole = number.fract() == 0.0 && number.abs() < 2.0_f64.powi(65);
    whole.then_some(number as i128)
}

fn float(number: f64, shown: &str) -> String {
    if number.is_nan() {
        "\"NaN\"".to_owned()
    } else if number.is_infinite() {
        format!("\"{}Infinity\"", if number < 0.0 { "-" } else { "" })
    } else {
        shown.to_owned()
    }
}
