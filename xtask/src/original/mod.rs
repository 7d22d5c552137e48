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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn what_is_kept_is_what_the_facts_give() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let path = root.join("../shared/conformance/original/catalog.json");
        let Ok(text) = fs::read_to_string(&path) else {
            println!("skipped: {} is not there", path.display());
            return;
        };
        let facts: Value = serde_json::from_str(&text).expect("the facts are JSON");
        let generated = catalog::text_of(&facts).expect("they are as expected");
        let kept = fs::read_to_string(root.join("original/data/catalog.txt"));
        assert_eq!(kept.expect("it is kept"), generated);
    }
}
