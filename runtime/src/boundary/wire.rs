//! Memory to wire bytes and back, for values of type parameters.
