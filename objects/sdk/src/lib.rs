//! What authors of live object libraries depend on.
