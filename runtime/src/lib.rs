//! Runs live objects: dereferences references, connects typed endpoints, loads object libraries.
