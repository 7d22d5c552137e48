//! Reading the types: from files inside the crate, nothing else.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use liveobj_types::{Diagnostic, Formalisms, Module, Severity, Source, Types};

use crate::input::{Arguments, TypesAt};

/// The types of a library.
pub struct Loaded {
    pub module: Arc<Module>,
    pub types: Types,
    /// Files that were read, absolute.
    pub files: Vec<PathBuf>,
}

/// Reads the types and judges them.
pub fn load(arguments: &Arguments, root: &Path) -> syn::Result<Loaded> {
    let mut files = Vec::new();
    let (module, mut findings) = match &arguments.types {
        TypesAt::Standard => (Module::standard(), Vec::new()),
        TypesAt::Path(path) => {
            let source = read(root, Path::new(path), &mut files).map_err(|reason| {
                syn::Error::new(arguments.span, format!("cannot use `{path}`: {reason}"))
            })?;
            Module::load(&arguments.name, &source, &mut |from, name| {
                // A library's name: only the standard one is known here, and not asked for.
                if name.contains(':') {
                    return None;
                }
                let folder = Path::new(&from.name).parent().unwrap_or(Path::new(""));
                read(root, &folder.join(name), &mut files).ok()
            })
        }
    };
    let mut types = Types::new();
    findings.extend(types.check_module(&module, &Formalisms::none()));
    refuse(arguments, &findings)?;
    Ok(Loaded {
        module,
        types,
        files,
    })
}

/// Refuses what has errors: one compile error for each.
pub fn refuse(arguments: &Arguments, findings: &[Diagnostic]) -> syn::Result<()> {
    let mut errors = findings
        .iter()
        .filter(|finding| finding.severity == Severity::Error)
        .map(|finding| syn::Error::new(arguments.span, text(finding)));
    let Some(mut all) = errors.next() else {
        return Ok(());
    };
    errors.for_each(|error| all.combine(error));
    Err(all)
}

fn text(finding: &Diagnostic) -> String {
    let mut text = String::new();
    if let Some(label) = finding.labels.first() {
        text = format!("{}: ", label.place);
    }
    text.push_str(&finding.message);
    for note in &finding.notes {
        text.push_str("\nnote: ");
        text.push_str(note);
    }
    if let Some(help) = &finding.help {
        text.push_str("\nhelp: ");
        text.push_str(help);
    }
    text
}

/// Reads a file by its path from the crate's root, which it must not leave, not by links either.
fn read(root: &Path, path: &Path, files: &mut Vec<PathBuf>) -> Result<Arc<Source>, String> {
    let outside = || "it is outside of the crate".to_owned();
    let mut inside: Vec<&str> = Vec::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                inside.pop().ok_or_else(outside)?;
            }
            Component::Normal(name) => {
                inside.push(name.to_str().ok_or("its path is not UTF-8")?);
            }
            Component::RootDir | Component::Prefix(_) => return Err(outside()),
        }
    }
    let name = inside.join("/");
    let file = root.join(&name);
    let canonical = |path: &Path| path.canonicalize().map_err(|error| error.to_string());
    if !canonical(&file)?.starts_with(canonical(root)?) {
        return Err(outside());
    }
    let text = std::fs::read_to_string(&file).map_err(|error| error.to_string())?;
    files.push(file);
    Ok(Source::new(name, text))
}
