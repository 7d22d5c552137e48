//! Mismatches in words.
