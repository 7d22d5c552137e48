//! Where a user's own files are, after the XDG base directory specification.

use std::env;
use std::path::PathBuf;

/// The directory of the user's registry: one `NAME.liveobject` per entry. `None` where neither
/// `XDG_CONFIG_HOME` nor `HOME` is an absolute path.
pub fn user_registry() -> Option<PathBuf> {
    Some(configuration()?.join("registry"))
}

/// The directory of what the user has set, under the same condition.
pub(crate) fn configuration() -> Option<PathBuf> {
    let config = absolute("XDG_CONFIG_HOME").or_else(|| Some(absolute("HOME")?.join(".config")))?;
    Some(config.join("liveobj"))
}

/// The path in a variable of the environment, if it is an absolute one.
pub(crate) fn absolute(variable: &str) -> Option<PathBuf> {
    let path = env::var_os(variable).map(PathBuf::from);
    path.filter(|path| path.is_absolute())
}
