//! Tests that cross crates: cases, libraries, processes, layering.
