//! The events of an endpoint on the command line: `in send(m), out receive(m: string)`.

use liveobj_types::formalism::{Domain, EndpointStructure, Parameter};
use liveobj_types::resolve::Environment;
use liveobj_types::syntax::parse_type;
use liveobj_types::{Diagnostic, Module, Source, TypeId, Types};

use crate::failure::Failure;

/// Reads them. A parameter without a type may be anything; types are those of the type language
/// and of its standard library.
pub fn endpoint(events: &str) -> Result<EndpointStructure, Failure> {
    let mut types = Types::new();
    let mut endpoint = EndpointStructure::default();
    for event in parts(events) {
        let (head, parameters) = match event.split_once('(') {
            None => (event, None),
            Some((head, rest)) => match rest.strip_suffix(')') {
                Some(parameters) => (head, Some(parameters)),
                None => return Err(no_event(event)),
            },
        };
        let words: Vec<&str> = head.split_whitespace().collect();
        let (this, other, name) = match words[..] {
            ["in", name] => (&mut endpoint.received, &endpoint.emitted, name),
            ["out", name] => (&mut endpoint.emitted, &endpoint.received, name),
            _ => return Err(no_event(event)),
        };
        if !is_name(name) {
            let message = format!("`{name}` is not the name of an event");
            return Err(Failure::user(message));
        }
        if other.contains_key(name) {
            return Err(Failure::user(format_args!("`{name}` is both in and out")));
        }
        let parameters = parts(parameters.unwrap_or_default());
        let parameters: Vec<Parameter> = parameters
            .into_iter()
            .map(|written| parameter(written, &mut types))
            .collect::<Result<_, _>>()?;
        if this.insert(name.to_owned(), parameters).is_some() {
            return Err(Failure::user(format_args!("there are two events `{name}`")));
        }
    }
    Ok(endpoint)
}

/// `m` or `m: string`
fn parameter(written: &str, types: &mut Types) -> Result<Parameter, Failure> {
    let (name, ty) = match written.split_once(':') {
        Some((name, ty)) => (name.trim(), Some(ty.trim())),
        None => (written, None),
    };
    if !is_name(name) {
        return Err(
            Failure::user(format_args!("`{written}` is not a parameter of an event"))
                .with_help("write `NAME` or `NAME: TYPE`, with commas between"),
        );
    }
    let domain = match ty {
        None => Domain::default(),
        Some(ty) => domain(ty, types)?,
    };
    Ok(Parameter {
        name: name.to_owned(),
        domain,
    })
}

fn domain(written: &str, types: &mut Types) -> Result<Domain, Failure> {
    let first = |found: Vec<Diagnostic>| {
        let found = found.into_iter().next();
        let message = found.map_or_else(String::new, |found| format!(": {}", found.message));
        Failure::user(format_args!("`{written}` is not a type{message}"))
    };
    let source = Source::new("--events", written);
    let parsed = parse_type(&source).map_err(first)?;
    match types.resolve(&Module::standard(), &source, &parsed, &Environment::new()) {
        Ok(TypeId::Value(id)) => Ok(types.domain(id)),
        Ok(_) => Err(Failure::user(format_args!(
            "`{written}` is not the type of a value"
        ))),
        Err(found) => Err(first(found)),
    }
}

fn no_event(written: &str) -> Failure {
    Failure::user(format_args!("`{written}` is not an event")).with_help(
        "write `in NAME` or `out NAME`, with parameters in parentheses and commas between",
    )
}

fn is_name(name: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit()) && name.chars().all(letter)
}

/// What stands between commas that are not in brackets, without white space around it. Nothing at
/// all is no part.
fn parts(text: &str) -> Vec<&str> {
    let (mut depth, mut start) = (0_usize, 0);
    let mut parts = Vec::new();
    for (at, letter) in text.char_indices() {
        match letter {
            '(' | '<' | '[' => depth += 1,
            ')' | '>' | ']' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    let parts = parts.into_iter().map(str::trim);
    parts.filter(|part| !part.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(events: &str) -> Result<EndpointStructure, String> {
        endpoint(events).map_err(|failure| match failure {
            Failure::User { message, .. } => message,
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn events_have_parameters_with_and_without_types() {
        let endpoint =
            read("in send(m), out receive(at: u8, m: map<string, bool>), out end").unwrap();
        let parameter = |name: &str, key: &str, size| Parameter {
            name: name.to_owned(),
            domain: Domain {
                key: key.to_owned(),
                size,
            },
        };
        assert_eq!(endpoint.received["send"], [parameter("m", "", None)]);
        assert_eq!(
            endpoint.emitted["receive"][0],
            parameter("at", "u8", Some(256))
        );
        assert_eq!(endpoint.emitted["receive"][1].name, "m");
        assert_eq!(endpoint.emitted["receive"][1].domain.size, None);
        assert_eq!(endpoint.emitted["receive"][1].domain.key.len(), 64);
        assert_eq!(endpoint.emitted["end"], []);
    }

    #[test]
    fn faults_name_what_is_wrong() {
        let fault = |events: &str| read(events).unwrap_err();
        assert_eq!(fault("send"), "`send` is not an event");
        assert_eq!(fault("in send(m"), "`in send(m` is not an event");
        assert_eq!(fault("in 1"), "`1` is not the name of an event");
        assert_eq!(fault("in a, out a"), "`a` is both in and out");
        assert_eq!(fault("in a, in a(m)"), "there are two events `a`");
        assert_eq!(fault("in a(m n)"), "`m n` is not a parameter of an event");
        assert_eq!(
            fault("in a(m: Object)"),
            "`Object` is not the type of a value"
        );
        assert!(fault("in a(m: strin)").starts_with("`strin` is not a type: "));
    }
}
