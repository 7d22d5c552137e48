//! Where a user's own files are, after the XDG base directory specification.

use std::env;
use std::path::PathBuf;

/// The directory of the user's registry: one `NAME.liveobject` per entry. `None` where neither
/// `XDG_CONFIG_HOME` nor `HOME` is an absolute path.
pub fn user_registry() -> Option<PathBuf> {
    let absolute = |variable| {
        env::var_os(variable)
            .map(PathBuf::from)
            .filter(|it| it.is_absolute())
    };
    let config = absolute("XDG_CONFIG_HOME").or_else(|| Some(absolute("HOME")?.join(".config")))?;
    Some(config.join("liveobj/registry"))
}
