//! What the tests that cross crates share: the built command, and notes in real processes.

pub mod dice;
pub mod note;
pub mod support;
