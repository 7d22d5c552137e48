//! Memory that grows while a value is built and is reused for the next one.

/// Memory for what a conversion makes; owned by a connection, and reused by each conversion.
#[derive(Debug, Default)]
pub(crate) struct Scratch {}

impl Scratch {
    /// Empty; nothing is allocated before a conversion needs it.
    pub(crate) fn new() -> Scratch {
        Scratch::default()
    }
}
