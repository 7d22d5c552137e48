//! Built-in live objects.
