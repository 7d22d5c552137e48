//! Constraint formalisms for live object types.
