//! What a document may cost.

/// Limits on documents. Exceeding one is a `limit-exceeded` error that names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a document.
    pub size: usize,
    /// References inside references, those inside values included.
    pub depth: usize,
    /// Components of all composites together.
    pub components: usize,
    /// Values of JSON, also inside parameters. An element of XML takes as much memory as four of
    /// them, and counts as four.
    pub nodes: usize,
}

impl Limits {
    /// Elements, objects and lists inside each other that a reader follows: what `depth`
    /// references can need.
    pub(crate) fn nesting(&self) -> usize {
        4 * self.depth + 16
    }

    /// Elements of XML.
    pub(crate) fn elements(&self) -> usize {
        self.nodes / 4
    }
}

impl Limits {
    /// Limits for documents of up to so many bytes: one component for every 64 of them, one element
    /// for every 32 and one value for every 8, which no reference comes near that says something.
    /// They bound the memory that a hostile document can take. 64 references deep, whatever the size.
    pub fn for_size(size: usize) -> Limits {
        Limits {
            size,
            depth: 64,
            components: size / 64,
            nodes: size / 8,
        }
    }
}

impl Default for Limits {
    /// Documents of up to 64 MiB: a million components.
    fn default() -> Limits {
        Limits::for_size(64 << 20)
    }
}

/// What to do about a document that exceeds a limit other than that of its depth.
pub(crate) const RAISE: &str = "if it is meant to be that large, raise the limit: `--max-size` of `liveobj check` and `open`, \
     `RuntimeBuilder::limits` of embedders";

#[cfg(test)]
mod tests {
    use liveobj_types::Source;

    use super::*;
    use crate::read_within;

    /// A ring in JSON, which needs more values than XML needs elements.
    fn ring(count: usize) -> String {
        let component = |i: usize| {
            format!(r#""c{i}": {{"external": {{"name": "n", "library": "l", "as": "N"}}}}"#)
        };
        let connection = |i: usize| {
            let next = (i + 1) % count;
            format!(r#"[{{"of": "c{i}", "name": "right"}}, {{"of": "c{next}", "name": "left"}}]"#)
        };
        let list = |all: &mut dyn Iterator<Item = String>| all.collect::<Vec<_>>().join(",");
        let components = list(&mut (0..count).map(component));
        let connections = list(&mut (0..count).map(connection));
        format!(
            r#"{{"liveobj": 1, "composite": {{"components": {{{components}}},
                "connections": [{connections}]}}}}"#
        )
    }

    #[test]
    fn a_hundred_thousand_components_are_within_the_limits() {
        let source = Source::new("ring", ring(100_000));
        let (document, faults) = read_within(&source, &Limits::default());
        assert_eq!(faults, []);
        assert!(document.is_some());
    }

    #[test]
    fn what_is_too_large_says_how_to_raise_the_limit() {
        let source = Source::new("ring", ring(100));
        let size = source.text.len();
        let fits = Limits::for_size(size);
        assert_eq!(read_within(&source, &fits).1, []);
        let tight = [
            Limits {
                size: size - 1,
                ..fits
            },
            Limits {
                components: 99,
                ..fits
            },
            Limits { nodes: 500, ..fits },
        ];
        for limits in tight {
            let (document, faults) = read_within(&source, &limits);
            assert!(document.is_none());
            let [fault] = &faults[..] else {
                panic!("{faults:?}")
            };
            assert_eq!(fault.code, liveobj_types::codes::LIMIT_EXCEEDED);
            assert_eq!(fault.help.as_deref(), Some(RAISE));
        }
    }
}
