//! Identifiers of types, components and libraries.

use std::fmt;

/// A 128-bit number that names a type, a component or a library. Which of them it names depends
/// on where it stands: numbers are unique among the entries of one kind in one library only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(pub u128);

impl Id {
    /// Reads up to 32 hexadecimal digits of either case; no digit at all is 0.
    ///
    /// # Errors
    ///
    /// Anything else; braces, the older spelling, are an error of their own.
    pub fn parse(text: &str) -> Result<Id, InvalidId> {
        if text.starts_with('{') && text.ends_with('}') {
            return Err(InvalidId::Braces);
        }
        if text.len() > 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(InvalidId::TooLong);
        }
        let mut number = 0;
        for c in text.chars() {
            let digit = c.to_digit(16).ok_or(InvalidId::Digit(c))?;
            number = number << 4 | u128::from(digit);
        }
        Ok(Id(number))
    }
}

impl fmt::Display for Id {
    /// Writes upper-case hexadecimal digits without leading zeros, as the original did.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:X}", self.0)
    }
}

/// The full name of a type or component: library, least version of the library, number, least
/// version. It is written ``library`version:number`version``; every part may be left out and is 0
/// then.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QualifiedId {
    /// The library; 0 is what came with the platform.
    pub namespace: Id,
    /// The least version of the library that will do.
    pub namespace_version: u64,
    /// The number inside the library.
    pub id: Id,
    /// The least version of the type or component that will do.
    pub version: u64,
}

impl QualifiedId {
    /// Reads the full form or a part of it.
    ///
    /// # Errors
    ///
    /// The first part that is not what it must be.
    pub fn parse(text: &str) -> Result<QualifiedId, InvalidId> {
        QualifiedId::parse_with(text, Id::parse)
    }

    /// As [`QualifiedId::parse`], and accepts the older spelling `{…}` of numbers. Answers also
    /// whether it was used.
    ///
    /// # Errors
    ///
    /// The first part that is not what it must be.
    pub fn parse_tolerant(text: &str) -> Result<(QualifiedId, bool), InvalidId> {
        let mut braces = false;
        let parsed = QualifiedId::parse_with(text.trim(), |part| {
            match part
                .strip_prefix('{')
                .and_then(|rest| rest.strip_suffix('}'))
            {
                Some(inner) => {
                    braces = true;
                    Id::parse(inner)
                }
                None => Id::parse(part),
            }
        })?;
        Ok((parsed, braces))
    }

    /// It without the versions.
    pub(crate) fn without_versions(self) -> String {
        match self.namespace {
            Id(0) => self.id.to_string(),
            library => format!("{library}:{}", self.id),
        }
    }

    fn parse_with(
        text: &str,
        mut number: impl FnMut(&str) -> Result<Id, InvalidId>,
    ) -> Result<QualifiedId, InvalidId> {
        let (library, own) = text.split_once(':').unwrap_or(("", text));
        let mut part = |text: &str| {
            let (id, version) = text.split_once('`').unwrap_or((text, ""));
            Ok((number(id)?, parse_version(version)?))
        };
        let (namespace, namespace_version) = part(library)?;
        let (id, version) = part(own)?;
        Ok(QualifiedId {
            namespace,
            namespace_version,
            id,
            version,
        })
    }
}

fn parse_version(text: &str) -> Result<u64, InvalidId> {
    if text.is_empty() {
        return Ok(0);
    }
    let trimmed = text.trim();
    let digits = trimmed.strip_prefix('+').unwrap_or(trimmed);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(InvalidId::Version(text.to_owned()));
    }
    digits
        .parse()
        .map_err(|_| InvalidId::Version(text.to_owned()))
}

impl fmt::Display for QualifiedId {
    /// Writes the full form, as the original did.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}`{}:{}`{}",
            self.namespace, self.namespace_version, self.id, self.version
        )
    }
}

/// Why a text is not an identifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvalidId {
    /// It stands in braces, the older spelling.
    Braces,
    /// It has more than 32 digits.
    TooLong,
    /// Something that is not a hexadecimal digit.
    Digit(char),
    /// A version that is not a decimal number below 2⁶⁴.
    Version(String),
}

impl fmt::Display for InvalidId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InvalidId::Braces => f.write_str("it stands in braces"),
            InvalidId::TooLong => f.write_str("it has more than 32 hexadecimal digits"),
            InvalidId::Digit(c) => write!(f, "`{c}` is not a hexadecimal digit"),
            InvalidId::Version(text) => write!(f, "`{text}` is not a version number"),
        }
    }
}

impl std::error::Error for InvalidId {}

#[cfg(test)]
mod tests {
    use super::*;

    fn full(text: &str) -> String {
        QualifiedId::parse(text)
            .expect("it is an identifier")
            .to_string()
    }

    #[test]
    fn every_part_may_be_left_out() {
        assert_eq!(full("c69D"), "0`0:C69D`0");
        assert_eq!(full("0`1:C69D`0"), "0`1:C69D`0");
        assert_eq!(full(":C69D`3"), "0`0:C69D`3");
        assert_eq!(full("`1:`2"), "0`1:0`2");
        assert_eq!(full("A`:2"), "A`0:2`0");
        assert_eq!(full(""), "0`0:0`0");
    }

    #[test]
    fn leading_zeros_do_not_matter_and_are_not_written() {
        assert_eq!(
            full("0806C71E88E749AA879E52F960F4B881"),
            "0`0:806C71E88E749AA879E52F960F4B881`0"
        );
    }

    #[test]
    fn what_is_no_identifier_says_why() {
        let why = |text: &str| QualifiedId::parse(text).expect_err("it is none");
        assert_eq!(why("{C69D}"), InvalidId::Braces);
        assert_eq!(why(&"1".repeat(33)), InvalidId::TooLong);
        assert_eq!(why("C6-9D"), InvalidId::Digit('-'));
        assert_eq!(why("2`x"), InvalidId::Version("x".to_owned()));
        assert_eq!(
            why("2`18446744073709551616"),
            InvalidId::Version("18446744073709551616".to_owned())
        );
    }

    #[test]
    fn braces_are_accepted_where_that_is_asked_for() {
        let (id, braces) = QualifiedId::parse_tolerant("0`1:{C69D}`2").expect("it is accepted");
        assert_eq!((id.to_string().as_str(), braces), ("0`1:C69D`2", true));
        let (_, braces) = QualifiedId::parse_tolerant("C69D").expect("it is accepted");
        assert!(!braces);
    }
}
