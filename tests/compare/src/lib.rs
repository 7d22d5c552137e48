//! Nothing but benchmarks: `cargo bench -p liveobj-compare`, and with `--features wasm` beside
//! WebAssembly components too.
