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
    /// Elements of XML, or values of JSON, also inside parameters.
    pub nodes: usize,
}

impl Limits {
    /// Elements, objects and lists inside each other that a reader follows: what `depth`
    /// references can need.
    pub(crate) fn nesting(&self) -> usize {
        4 * self.depth + 16
    }
}

impl Default for Limits {
    /// 16 MiB, 64 references deep, 100,000 components, 1,000,000 elements or values.
    fn default() -> Limits {
        Limits {
            size: 16 << 20,
            depth: 64,
            components: 100_000,
            nodes: 1_000_000,
        }
    }
}
