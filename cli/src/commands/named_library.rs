//! Libraries named on the command line: files of libraries, type files, names.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use liveobj::Runtime;
use liveobj_manifest::{Manifest, ReadError};
use liveobj_types::evolution::{self, Declarations, Evolution};
use liveobj_types::{Diagnostic, Formalisms, Module, Severity, Source, Types};

use super::library;
use crate::failure::Failure;
use crate::{input, output, report};

/// What a library declares, and its version if it has one.
pub struct NamedLibrary {
    /// As it was named.
    pub name: String,
    pub version: Option<String>,
    module: Arc<Module>,
    /// The templates for which it has code; all, where it is a type file.
    templates: Option<Vec<String>>,
}

/// Whether a text names a library, rather than a type or a reference: a file with a manifest, a
/// type file, or a name with a `:` that is no file.
pub fn is_library(text: &str) -> bool {
    let path = Path::new(text);
    if path.is_file() {
        return is_type_file(path) || is_binary(path);
    }
    text.contains(':') && !text.contains(|c: char| "<>[](){}# ".contains(c))
}

/// Whether a file starts like an executable or a shared library.
pub fn is_binary(path: &Path) -> bool {
    use std::io::Read;
    let mut start = [0; 4];
    fs::File::open(path)
        .and_then(|mut file| file.read_exact(&mut start))
        .is_ok()
        && start == *b"\x7fELF"
}

fn is_type_file(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "lot")
}

impl NamedLibrary {
    /// Reads what a library declares. Nothing of it runs, and it need not be trusted.
    pub fn read(runtime: &Runtime, text: &str) -> Result<NamedLibrary, Failure> {
        let path = Path::new(text);
        if is_type_file(path) {
            let library = |name: &str| {
                let found = runtime.catalog().library(name, None).ok()?;
                Some(found.module.source.clone())
            };
            let module = type_file(text, text, &library, runtime.formalisms())?;
            return Ok(NamedLibrary {
                name: text.to_owned(),
                version: None,
                module,
                templates: None,
            });
        }
        if path.is_file() || !text.contains(':') {
            let manifest = manifest(path)?;
            let (module, findings) = manifest.module();
            well_formed(&module, findings, runtime.formalisms())?;
            return Ok(NamedLibrary {
                name: text.to_owned(),
                version: Some(manifest.version),
                module,
                templates: Some(manifest.templates),
            });
        }
        let catalog = runtime.catalog();
        let found = catalog
            .library(text, None)
            .map_err(|error| library::not_found(&error, catalog, text))?;
        Ok(NamedLibrary {
            name: text.to_owned(),
            version: found.version.clone(),
            module: found.module.clone(),
            templates: Some(found.templates.clone()),
        })
    }

    fn declarations(&self) -> Declarations<'_> {
        Declarations {
            module: &self.module,
            templates: self.templates.as_deref(),
        }
    }

    /// What became of each declaration in `new`.
    pub fn compare(&self, new: &NamedLibrary, runtime: &Runtime) -> Result<Evolution, Failure> {
        let formalisms = runtime.formalisms();
        evolution::compare(self.declarations(), new.declarations(), formalisms)
            .map_err(|findings| refuse(&findings))
    }
}

/// The manifest of a file, trusted or not.
pub fn manifest(path: &Path) -> Result<Manifest, Failure> {
    let shown = path.display();
    let bytes = fs::read(path)
        .map_err(|error| Failure::user(format_args!("cannot read `{shown}`: {error}")))?;
    liveobj_manifest::read(&bytes).map_err(|error| {
        let reason = match error {
            ReadError::NotALibrary { reason } => reason,
            ReadError::NoSection => format!("it has no section `{}`", liveobj_manifest::SECTION),
            other => other.to_string(),
        };
        let failure = Failure::user(format_args!("`{shown}` is not an object library: {reason}"));
        match bytes.trim_ascii_start().first() {
            Some(b'<' | b'{') => failure.with_help(
                "if it is a reference, `liveobj compare` takes it; libraries are shared libraries, \
                 type files (`*.lot`) or names such as `liveobj:standard`",
            ),
            _ => failure.with_help(
                "libraries are shared libraries, type files (`*.lot`) or names such as \
                 `liveobj:standard`",
            ),
        }
    })
}

/// The types of a file in the type language and of the files that it uses. `name` is that of the
/// library whose types they are, `library` knows other libraries by name: the standard one is known
/// without asking.
pub fn type_file(
    name: &str,
    shown: &str,
    library: &dyn Fn(&str) -> Option<Arc<Source>>,
    formalisms: &Formalisms,
) -> Result<Arc<Module>, Failure> {
    let source = input::read(shown)?;
    let (module, findings) = Module::load(name, &source, &mut |from, name| {
        if name.contains(':') {
            return library(name);
        }
        let folder = Path::new(&from.name).parent().unwrap_or(Path::new(""));
        let path = folder.join(name).display().to_string();
        Some(Source::new(path.as_str(), fs::read_to_string(&path).ok()?))
    });
    well_formed(&module, findings, formalisms)?;
    Ok(module)
}

/// Prints what is found in a module; refuses it where that is an error.
fn well_formed(
    module: &Arc<Module>,
    mut findings: Vec<Diagnostic>,
    formalisms: &Formalisms,
) -> Result<(), Failure> {
    let wrong = |findings: &[Diagnostic]| {
        let mut severities = findings.iter().map(|finding| finding.severity);
        severities.any(|severity| severity == Severity::Error)
    };
    findings.extend(Types::new().check_module(module, formalisms));
    if wrong(&findings) {
        return Err(refuse(&findings));
    }
    output::complain(&report::findings(&findings, report::styled_errors()));
    Ok(())
}

fn refuse(findings: &[Diagnostic]) -> Failure {
    output::complain(&report::findings(findings, report::styled_errors()));
    Failure::Findings
}
