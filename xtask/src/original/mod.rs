//! Generates what the project keeps of the 2009 platform from the facts that were gathered about it.

mod catalog;

use std::path::Path;

use serde_json::Value;

/// Writes the files of `original/data` below `root` from the facts in `path`, which are JSON.
pub fn generate(path: &Path, root: &Path) -> Result<(), String> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let facts: Value =
        serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    let target = root.join("original/data/catalog.txt");
    std::fs::write(&target, catalog::text_of(&facts)?)
        .map_err(|error| format!("cannot write {}: {error}", target.display()))?;
    println!("wrote {}", target.display());
    Ok(())
}
