//! Generates what the project keeps of the 2009 platform from the facts that were gathered about it.

mod catalog;
mod library;

use std::path::Path;

use serde_json::Value;

/// Writes the files of `original/data` below `root` from the facts in `path`, which are JSON.
pub fn generate(path: &Path, root: &Path) -> Result<(), String> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let facts: Value =
        serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    let library::Files { library, index } = library::files(&facts)?;
    for (name, text) in [
        ("catalog.txt", catalog::text_of(&facts)?),
        ("original.lot", library),
        ("names.tsv", index),
    ] {
        let target = root.join("original/data").join(name);
        std::fs::write(&target, text)
            .map_err(|error| format!("cannot write {}: {error}", target.display()))?;
        println!("wrote {}", target.display());
    }
    Ok(())
}
