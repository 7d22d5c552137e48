//! Values of the types of XML Schema, as `XmlSerializer` read them.

use liveobj_references::Element;
use liveobj_types::codes;

use super::tree::Reader;
use super::{Text, ValueKind};

/// What an XML Schema type became in .NET.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each is the .NET type of that name")]
pub enum PrimitiveType {
    String,
    Boolean,
    SByte,
    Byte,
    Int16,
    UInt16,
    Int32,
    UInt32,
    Int64,
    UInt64,
    Single,
    Double,
    Decimal,
    Char,
    DateTime,
    Guid,
    Bytes,
    QualifiedName,
}

impl PrimitiveType {
    /// The type for a name of XML Schema, or of the two names that .NET adds. Types of restricted
    /// texts and of unbounded numbers became texts.
    pub fn named(name: &str) -> Option<PrimitiveType> {
        Some(match name {
            "string" | "normalizedString" | "anyURI" | "token" | "language" | "Name" | "NCName"
            | "NMTOKEN" | "NMTOKENS" | "ID" | "IDREF" | "IDREFS" | "ENTITY" | "ENTITIES"
            | "NOTATION" | "duration" | "gYear" | "gYearMonth" | "gMonth" | "gMonthDay"
            | "gDay" | "integer" | "positiveInteger" | "negativeInteger" | "nonPositiveInteger"
            | "nonNegativeInteger" => PrimitiveType::String,
            "boolean" => PrimitiveType::Boolean,
            "byte" => PrimitiveType::SByte,
            "unsignedByte" => PrimitiveType::Byte,
            "short" => PrimitiveType::Int16,
            "unsignedShort" => PrimitiveType::UInt16,
            "int" => PrimitiveType::Int32,
            "unsignedInt" => PrimitiveType::UInt32,
            "long" => PrimitiveType::Int64,
            "unsignedLong" => PrimitiveType::UInt64,
            "float" => PrimitiveType::Single,
            "double" => PrimitiveType::Double,
            "decimal" => PrimitiveType::Decimal,
            "char" => PrimitiveType::Char,
            "dateTime" | "date" | "time" => PrimitiveType::DateTime,
            "guid" => PrimitiveType::Guid,
            "hexBinary" | "base64Binary" => PrimitiveType::Bytes,
            "QName" => PrimitiveType::QualifiedName,
            _ => return None,
        })
    }

    /// The name of the .NET type.
    pub fn dotnet_name(self) -> &'static str {
        match self {
            PrimitiveType::String => "String",
            PrimitiveType::Boolean => "Boolean",
            PrimitiveType::SByte => "SByte",
            PrimitiveType::Byte => "Byte",
            PrimitiveType::Int16 => "Int16",
            PrimitiveType::UInt16 => "UInt16",
            PrimitiveType::Int32 => "Int32",
            PrimitiveType::UInt32 => "UInt32",
            PrimitiveType::Int64 => "Int64",
            PrimitiveType::UInt64 => "UInt64",
            PrimitiveType::Single => "Single",
            PrimitiveType::Double => "Double",
            PrimitiveType::Decimal => "Decimal",
            PrimitiveType::Char => "Char",
            PrimitiveType::DateTime => "DateTime",
            PrimitiveType::Guid => "Guid",
            PrimitiveType::Bytes => "Byte[]",
            PrimitiveType::QualifiedName => "XmlQualifiedName",
        }
    }
}

/// A value of an XML Schema type; its text was found to be one.
#[derive(Clone, Debug)]
pub struct Primitive {
    /// The .NET type.
    pub ty: PrimitiveType,
    /// The type as written, such as `xsd:int`.
    pub name: Text,
    /// The text as written.
    pub text: Text,
}

/// Reads a value of a primitive type.
pub fn read(
    reader: &mut Reader<'_>,
    element: &Element,
    ty: PrimitiveType,
    name: Text,
) -> ValueKind {
    let text = Text {
        text: element.text.text.clone(),
        span: element.text.span,
    };
    if let Some(child) = element.children.first() {
        let message = format!("`<{}>` cannot stand inside a value", child.name.text);
        reader.fault(codes::DOCUMENT_STRUCTURE, child.span, message);
        return ValueKind::Invalid(name, text);
    }
    if text_after_comment(reader.raw(text.span)) {
        let message = "no text can follow a comment inside a value".to_owned();
        reader.fault(codes::DOCUMENT_STRUCTURE, text.span, message);
        return ValueKind::Invalid(name, text);
    }
    if let Err(expected) = fits(ty, name.text.rsplit(':').next().unwrap_or(""), &text.text) {
        let shown = text.text.trim();
        let message = match shown {
            "" => format!("an empty text is not a value of `{}`", name.text),
            shown => format!("`{shown}` is not a value of `{}`", name.text),
        };
        let help = match shown.contains("@{") {
            true => "`@{…}` is a placeholder of a script: fill it in first".to_owned(),
            false => format!("expected {expected}"),
        };
        reader.fault_with(codes::INVALID_VALUE, text.span, message, Some(help));
        return ValueKind::Invalid(name, text);
    }
    ValueKind::Primitive(Primitive { ty, name, text })
}

/// Whether there is text after a comment or instruction: the serializer read no further.
fn text_after_comment(raw: &str) -> bool {
    let mut rest = raw;
    let mut seen = false;
    loop {
        let Some(start) = rest.find("<") else {
            return seen && !rest.trim().is_empty();
        };
        if seen && !rest[..start].trim().is_empty() {
            return true;
        }
        let (open, close) = match &rest[start..] {
            it if it.starts_with("<!--") => ("<!--", "-->"),
            it if it.starts_with("<?") => ("<?", "?>"),
            it if it.starts_with("<![CDATA[") && seen => return true,
            _ => ("<![CDATA[", "]]>"),
        };
        seen |= open != "<![CDATA[";
        let inside = rest.get(start + open.len()..).unwrap_or("");
        match inside.find(close) {
            Some(end) => rest = &inside[end + close.len()..],
            None => return false,
        }
    }
}

/// The error is what was expected.
fn fits(ty: PrimitiveType, name: &str, text: &str) -> Result<(), String> {
    let text = text.trim_matches(is_blank);
    let whole = |least: i128, most: i128| match integer(text) {
        Some(number) if (least..=most).contains(&number) => Ok(()),
        _ => Err(format!("a whole number from {least} to {most}")),
    };
    let when = |fits: bool, expected: &str| match fits {
        true => Ok(()),
        false => Err(expected.to_owned()),
    };
    match ty {
        PrimitiveType::String => Ok(()),
        PrimitiveType::Boolean => when(
            matches!(text, "true" | "false" | "1" | "0"),
            "`true`, `false`, `1` or `0`",
        ),
        PrimitiveType::SByte => whole(i8::MIN.into(), i8::MAX.into()),
        PrimitiveType::Byte => whole(0, u8::MAX.into()),
        PrimitiveType::Int16 => whole(i16::MIN.into(), i16::MAX.into()),
        PrimitiveType::UInt16 | PrimitiveType::Char => whole(0, u16::MAX.into()),
        PrimitiveType::Int32 => whole(i32::MIN.into(), i32::MAX.into()),
        PrimitiveType::UInt32 => whole(0, u32::MAX.into()),
        PrimitiveType::Int64 => whole(i64::MIN.into(), i64::MAX.into()),
        PrimitiveType::UInt64 => whole(0, u64::MAX.into()),
        PrimitiveType::Single => when(
            float(text).is_some_and(|it| it.abs() <= f32::MAX.into() || !it.is_finite()),
            "a number such as `1.5`",
        ),
        PrimitiveType::Double => when(float(text).is_some(), "a number such as `1.5`"),
        PrimitiveType::Decimal => when(decimal(text), "a decimal number such as `1.5`"),
        PrimitiveType::DateTime => when(
            date_time(name, text),
            "a date and time such as `2009-06-30T12:00:00`",
        ),
        PrimitiveType::Guid => when(
            guid(text),
            "a GUID such as `00000000-0000-0000-0000-000000000000`",
        ),
        PrimitiveType::Bytes if name == "hexBinary" => when(
            text.len().is_multiple_of(2) && text.bytes().all(|byte| byte.is_ascii_hexdigit()),
            "an even number of hexadecimal digits",
        ),
        PrimitiveType::Bytes => when(base64(text), "bytes in base64"),
        PrimitiveType::QualifiedName => Ok(()),
    }
}

/// White space of XML.
fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// A whole number with an optional sign; any beyond 128 bits is none of .NET's.
fn integer(text: &str) -> Option<i128> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// A number with an optional sign, point and exponent, or one of the names of special values. A
/// number beyond the range of the type is an overflow, hence none.
fn float(text: &str) -> Option<f64> {
    match text {
        "INF" | "Infinity" => return Some(f64::INFINITY),
        "-INF" | "-Infinity" => return Some(f64::NEG_INFINITY),
        "NaN" => return Some(f64::NAN),
        _ => {}
    }
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    if !decimal_form(mantissa) || integer(exponent).is_none() {
        return None;
    }
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// Digits with an optional sign and point.
fn decimal_form(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    all(whole) && all(fraction) && !(whole.is_empty() && fraction.is_empty())
}

/// A decimal number below 2⁹⁶ in magnitude; more digits of a fraction are rounded away.
fn decimal(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let whole = digits
        .split('.')
        .next()
        .unwrap_or("")
        .trim_start_matches('0');
    decimal_form(text) && (whole.is_empty() || whole.parse::<u128>().is_ok_and(|it| it < 1 << 96))
}

/// The digits of a text, with everything else replaced as a pattern: `9999-99-99`.
fn shape(text: &str) -> String {
    let digit = |c: char| if c.is_ascii_digit() { '9' } else { c };
    text.chars().map(digit).collect()
}

fn date_time(name: &str, text: &str) -> bool {
    let (text, zone) = match text.strip_suffix('Z') {
        Some(rest) => (rest, ""),
        None => match text.rfind(['+', '-']) {
            Some(at) if shape(&text[at + 1..]) == "99:99" => text.split_at(at),
            _ => (text, ""),
        },
    };
    let number = |text: &str| text.parse::<u32>().unwrap_or(u32::MAX);
    let date = |text: &str| {
        shape(text) == "9999-99-99" && {
            let (year, month) = (number(&text[..4]), number(&text[5..7]));
            let leap =
                year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
            let days = match month {
                2 if leap => 29,
                2 => 28,
                4 | 6 | 9 | 11 => 30,
                1..=12 => 31,
                _ => 0,
            };
            year > 0 && (1..=days).contains(&number(&text[8..]))
        }
    };
    let time = |text: &str| {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let fraction =
            (1..=7).contains(&fraction.len()) && fraction.bytes().all(|byte| byte.is_ascii_digit());
        shape(whole) == "99:99:99"
            && fraction
            && number(&whole[..2]) < 24
            && number(&whole[3..5]) < 60
            && number(&whole[6..]) < 60
    };
    let zone = zone.is_empty() || (number(&zone[1..3]) <= 14 && number(&zone[4..]) < 60);
    zone && match name {
        "date" => date(text),
        "time" => time(text),
        _ => text
            .split_once('T')
            .is_some_and(|(day, hour)| date(day) && time(hour)),
    }
}

fn guid(text: &str) -> bool {
    let inner = text
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'))
        .unwrap_or(text);
    let hexadecimal = |c: char| if c.is_ascii_hexdigit() { '9' } else { c };
    let shape: String = inner.chars().map(hexadecimal).collect();
    shape == "99999999-9999-9999-9999-999999999999" || shape == "9".repeat(32)
}

fn base64(text: &str) -> bool {
    let digits: Vec<u8> = text
        .bytes()
        .filter(|byte| !is_blank(char::from(*byte)))
        .collect();
    let padding = digits
        .iter()
        .rev()
        .take_while(|byte| **byte == b'=')
        .count();
    let (data, _) = digits.split_at(digits.len() - padding);
    digits.len().is_multiple_of(4)
        && padding <= 2
        && data
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(name: &str, text: &str) -> bool {
        let ty = PrimitiveType::named(name).expect("it is a type");
        fits(ty, name, text).is_ok()
    }

    #[test]
    fn whole_numbers_have_the_bounds_of_their_type() {
        for (name, least, most) in [
            ("byte", "-128", "127"),
            ("unsignedByte", "0", "255"),
            ("short", "-32768", "32767"),
            ("unsignedShort", "0", "65535"),
            ("int", "-2147483648", "2147483647"),
            ("unsignedInt", "0", "4294967295"),
            ("long", "-9223372036854775808", "9223372036854775807"),
            ("unsignedLong", "0", "18446744073709551615"),
        ] {
            assert!(accepts(name, least) && accepts(name, most), "{name}");
            let beyond = |text: &str, by: i128| (text.parse::<i128>().unwrap() + by).to_string();
            assert!(!accepts(name, &beyond(least, -1)), "{name}");
            assert!(!accepts(name, &beyond(most, 1)), "{name}");
        }
    }

    #[test]
    fn numbers_may_have_a_sign_and_blanks_around_them_and_nothing_else() {
        for text in ["7", "+7", "-7", "007", " 7\n", "-0"] {
            assert!(accepts("int", text), "{text:?}");
        }
        for text in [
            "", " ", "7.0", "7e1", "0x7", "1,000", "- 7", "@{count}", "٧",
        ] {
            assert!(!accepts("int", text), "{text:?}");
        }
    }

    #[test]
    fn floats_may_have_a_point_an_exponent_or_a_name() {
        for text in [
            "1", "-1.5", ".5", "5.", "1e9", "1E-9", "INF", "-INF", "NaN", " 2 ",
        ] {
            assert!(accepts("double", text), "{text:?}");
        }
        for text in ["", ".", "1e", "e9", "1.2.3", "1,5", "inf", "1e999"] {
            assert!(!accepts("double", text), "{text:?}");
        }
        assert!(accepts("double", "1e39") && !accepts("float", "1e39"));
    }

    #[test]
    fn booleans_are_lower_case_or_a_digit() {
        assert!(
            ["true", "false", "1", "0", " true "]
                .iter()
                .all(|it| accepts("boolean", it))
        );
        assert!(
            !["True", "yes", "", "2"]
                .iter()
                .any(|it| accepts("boolean", it))
        );
    }

    #[test]
    fn any_text_is_a_string() {
        assert!(accepts("string", "") && accepts("anyURI", "@{x}"));
    }

    #[test]
    fn dates_exist_in_the_calendar() {
        assert!(accepts("dateTime", "2008-02-29T23:59:59.1234567Z"));
        assert!(accepts("dateTime", "2009-06-30T12:00:00+02:00"));
        assert!(accepts("date", "2009-06-30") && accepts("time", "12:00:00"));
        assert!(!accepts("dateTime", "2009-02-29T00:00:00"));
        assert!(!accepts("dateTime", "2009-06-30") && !accepts("date", "30.6.2009"));
    }

    #[test]
    fn other_types_have_their_forms() {
        assert!(accepts("guid", "00112233-4455-6677-8899-aabbccddeeff"));
        assert!(!accepts("guid", "0011"));
        assert!(accepts("hexBinary", "00ff") && !accepts("hexBinary", "0"));
        assert!(accepts("base64Binary", "AAE=") && !accepts("base64Binary", "AAE"));
        assert!(accepts("decimal", "79228162514264337593543950335"));
        assert!(!accepts("decimal", "79228162514264337593543950336"));
    }

    #[test]
    fn a_comment_ends_the_text_of_a_value() {
        assert!(!text_after_comment("1<!-- one --> "));
        assert!(!text_after_comment("<![CDATA[1]]>2"));
        assert!(text_after_comment("<!-- one -->1"));
        assert!(text_after_comment("1<!-- one --><![CDATA[1]]>"));
        assert!(!text_after_comment("1"));
    }
}
