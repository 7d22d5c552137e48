//! Why a library was not loaded.

use std::path::PathBuf;

/// Why a library was not loaded: the first check that it did not pass.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// Nothing of this name (or hash) is trusted.
    #[error(
        "no trusted library `{name}`; trust one with `liveobj library add FILE` or \
         `--library-path DIRECTORY`"
    )]
    Untrusted {
        /// The name, or `sha256:…`.
        name: String,
    },
    /// It declares types and nothing else.
    #[error("it declares types only, and has no code to run")]
    NoCode {
        /// The library's name.
        name: String,
    },
    /// The file cannot be read, or no private copy of it can be made.
    #[error("cannot read `{}`: {reason}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The file is not the one that is trusted, or not the one that the document demands.
    #[error("`{name}` has sha256 {found}, not {expected}")]
    Hash {
        /// The library's name or file.
        name: String,
        /// The hash demanded.
        expected: String,
        /// The hash found.
        found: String,
    },
    /// The manifest is missing, doubled, damaged, or its types do not hold together.
    #[error("the manifest of `{name}` cannot be used: {reason}")]
    Manifest {
        /// The library's name or file.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// It was built for another ABI.
    #[error(
        "`{name}` was built for ABI {}.{}; this runtime has {}.{}",
        found[0], found[1], expected[0], expected[1]
    )]
    Abi {
        /// The library's name.
        name: String,
        /// Major and minor that it was built for.
        found: [u16; 2],
        /// Major and minor of this runtime.
        expected: [u16; 2],
    },
    /// It was built for another machine or system.
    #[error("`{name}` was built for {found}; this is {expected}")]
    Architecture {
        /// The library's name.
        name: String,
        /// What it was built for.
        found: String,
        /// What this process is.
        expected: String,
    },
    /// It aborts on panic, which would end the process.
    #[error("`{name}` was built with `panic = \"{found}\"`; build it with `panic = \"unwind\"`")]
    PanicStrategy {
        /// The library's name.
        name: String,
        /// What its manifest says.
        found: String,
    },
    /// The system does not map it.
    #[error("`{name}` cannot be mapped: {reason}")]
    Map {
        /// The library's name.
        name: String,
        /// What the system said.
        reason: String,
    },
    /// It does not export `liveobj_library`.
    #[error("`{name}` does not export `{symbol}`")]
    Symbol {
        /// The library's name.
        name: String,
        /// The symbol.
        symbol: &'static str,
    },
    /// Its tables are not what its manifest announces: magic, version or size.
    #[error("the tables of `{name}` cannot be used: {reason}")]
    Table {
        /// The library's name.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// Its compiler laid out a type differently than this runtime.
    #[error("`{name}` does not lay out `{ty}` as layout 1 says: {reason}")]
    Layout {
        /// The library's name.
        name: String,
        /// The type.
        ty: String,
        /// How.
        reason: String,
    },
    /// Its tables do not have what its manifest lists.
    #[error("the tables of `{name}` are not what its manifest says: {reason}")]
    Contents {
        /// The library's name.
        name: String,
        /// What differs.
        reason: String,
    },
    /// It refused to be attached.
    #[error("`{name}` refused to be attached: status {status}")]
    Attach {
        /// The library's name.
        name: String,
        /// What it answered.
        status: i32,
    },
}
