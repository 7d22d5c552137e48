//! Code generation of the liveobj SDK.
