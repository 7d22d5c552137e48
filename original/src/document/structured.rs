//! Reading the values that are made of several parts, and the small ones that are written in an
//! attribute.

use std::collections::BTreeSet;

use liveobj_references::Element;
use liveobj_types::codes;

use super::read::{all_text, child, children, class};
use super::tree::{Content, Reader};
use super::{
    ClassKind, ConfigurationParameter, Property, PropertyReference, ScalarType, Text, ValueKind,
};
use crate::Id;

/// All types that are written in an attribute.
pub const SCALARS: [ScalarType; 9] = [
    ScalarType::Address,
    ScalarType::Identifier,
    ScalarType::Incarnation,
    ScalarType::Index,
    ScalarType::Name,
    ScalarType::Uint32,
    ScalarType::Uint64,
    ScalarType::Uint128,
    ScalarType::Id,
];

const SCALAR: Content = Content {
    attributes: &["value"],
    single: &[],
    many: &[],
};
const NOTHING: Content = Content {
    attributes: &[],
    single: &[],
    many: &[],
};
const CONFIGURATION: Content = Content {
    attributes: &[],
    single: &[],
    many: &["Parameter"],
};
const SETTING: Content = Content {
    attributes: &["name", "value"],
    single: &[],
    many: &[],
};
const PROPERTIES: Content = Content {
    attributes: &[],
    single: &[],
    many: &["Property"],
};
const PROPERTY: Content = Content {
    attributes: &["id"],
    single: &[
        "Name",
        "Comment",
        "ValueClass",
        "InitialValue",
        "DependencyClass",
    ],
    many: &["Source", "Destination"],
};
const REFERENCE: Content = Content {
    attributes: &["location", "id"],
    single: &[],
    many: &[],
};

/// Reads a value that is written in an attribute.
pub fn scalar<'a>(reader: &mut Reader<'a>, element: &'a Element, ty: ScalarType) -> ValueKind {
    reader.skip_rest(
        element,
        if ty == ScalarType::Id {
            &NOTHING
        } else {
            &SCALAR
        },
    );
    if ty == ScalarType::Id {
        return ValueKind::Scalar(ty, None);
    }
    let text = reader.attribute(element, "value");
    if let Some(text) = &text
        && let Err(why) = scalar_fits(ty, &text.text)
    {
        let message = format!("`{}` is not a value of {}: {why}", text.text, ty.name());
        reader.fault(codes::INVALID_VALUE, text.span, message);
        let name = Text {
            text: ty.name().to_owned(),
            span: element.span,
        };
        return ValueKind::Invalid(name, text.clone());
    }
    ValueKind::Scalar(ty, text)
}

fn scalar_fits(ty: ScalarType, text: &str) -> Result<(), String> {
    match ty {
        ScalarType::Address | ScalarType::Name | ScalarType::Id => Ok(()),
        ScalarType::Index | ScalarType::Uint32 => decimal(text, u32::MAX.into()),
        ScalarType::Incarnation | ScalarType::Uint64 => decimal(text, u64::MAX),
        // The original read the halves of a long `UINT128` as decimal numbers, too.
        ScalarType::Uint128 => match text.char_indices().rev().nth(15) {
            Some((middle, _)) if middle > 0 => {
                decimal(&text[..middle], u64::MAX)?;
                decimal(&text[middle..], u64::MAX)
            }
            _ => decimal(text, u64::MAX),
        },
        ScalarType::Identifier if text.len() <= 16 => decimal(text, u64::MAX),
        ScalarType::Identifier => Id::parse(text).map(|_| ()).map_err(|why| why.to_string()),
    }
}

/// A number as `Convert.ToUInt64` reads it.
fn decimal(text: &str, most: u64) -> Result<(), String> {
    let number = text.trim();
    let number = number.strip_prefix('+').unwrap_or(number);
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    match digits.then(|| number.parse::<u64>()) {
        Some(Ok(number)) if number <= most => Ok(()),
        _ => Err(format!("expected a number up to {most}")),
    }
}

/// Reads a `Configuration`; no name may stand twice.
pub fn configuration<'a>(reader: &mut Reader<'a>, element: &'a Element) -> ValueKind {
    reader.skip_rest(element, &CONFIGURATION);
    let parameters = children(reader, element, "Parameter").map(|it| {
        reader.inside(it, |reader| reader.skip_rest(it, &SETTING));
        ConfigurationParameter {
            span: it.span,
            name: reader.attribute(it, "name"),
            value: reader.attribute(it, "value"),
        }
    });
    let parameters: Vec<ConfigurationParameter> = parameters.collect();
    let mut names = BTreeSet::new();
    for parameter in &parameters {
        let name = parameter.name.as_ref().map(|name| name.text.as_str());
        let message = match name {
            None => "a parameter of a configuration has no `name`".to_owned(),
            Some(name) if names.insert(name) => continue,
            Some(name) => format!("`{name}` stands twice in the configuration"),
        };
        reader.fault(codes::DUPLICATE_PART, parameter.span, message);
    }
    ValueKind::Configuration(parameters)
}

/// Reads `Properties`.
pub fn properties<'a>(reader: &mut Reader<'a>, element: &'a Element) -> ValueKind {
    reader.skip_rest(element, &PROPERTIES);
    let found = children(reader, element, "Property");
    ValueKind::Properties(found.map(|it| property(reader, it)).collect())
}

/// Reads a `Property`.
pub fn property<'a>(reader: &mut Reader<'a>, element: &'a Element) -> Property {
    reader.inside(element, |reader| {
        reader.skip_rest(element, &PROPERTY);
        let text = |it| all_text(it);
        let id = number(reader, element);
        Property {
            span: element.span,
            id,
            name: child(reader, element, "Name").map(text),
            comment: child(reader, element, "Comment").map(text),
            class: child(reader, element, "ValueClass")
                .map(|it| class(reader, it, ClassKind::Value)),
            initial: child(reader, element, "InitialValue").map(text),
            dependency: child(reader, element, "DependencyClass").map(text),
            sources: references(reader, element, "Source"),
            destinations: references(reader, element, "Destination"),
        }
    })
}

/// The attribute `id` of a property, which is a whole number of 32 bits.
fn number(reader: &mut Reader<'_>, element: &Element) -> Option<Text> {
    let id = reader.attribute(element, "id")?;
    if id.text.trim().parse::<i32>().is_err() {
        let message = format!("`{}` is not the number of a property", id.text);
        reader.fault(codes::INVALID_VALUE, id.span, message);
    }
    Some(id)
}

/// Where the parts of a property come from, or where it goes.
fn references<'a>(
    reader: &mut Reader<'a>,
    element: &'a Element,
    name: &str,
) -> Vec<PropertyReference> {
    let found = children(reader, element, name);
    found
        .map(|it| {
            reader.inside(it, |reader| reader.skip_rest(it, &REFERENCE));
            let location = reader.attribute(it, "location");
            if let Some(text) = &location
                && !LOCATIONS.contains(&text.text.as_str())
            {
                let message = format!("`{}` is not a location of a property", text.text);
                let help = "expected `Here`, `Pred` or `Succ`".to_owned();
                reader.fault_with(codes::INVALID_VALUE, text.span, message, Some(help));
            }
            PropertyReference {
                span: it.span,
                location,
                id: reader.attribute(it, "id"),
            }
        })
        .collect()
}

/// Where a property may be.
const LOCATIONS: [&str; 3] = ["Here", "Pred", "Succ"];
