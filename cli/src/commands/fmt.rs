//! `liveobj fmt`

use std::cell::OnceCell;
use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, fchown};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use liveobj::Runtime;
use liveobj_original::document::is_original;
use liveobj_references::Catalog;
use liveobj_types::syntax::{Brackets, format_file, is_type_text};
use liveobj_types::{Diagnostic, Place, Source, Span, codes};
use serde::Serialize;

use super::{Format, LibraryOptions};
use crate::failure::Failure;
use crate::report::{self, JSON_VERSION, JsonDiagnostic};
use crate::{input, output};

/// Format type libraries and reference documents
///
/// Files are rewritten in place; standard input goes to standard output. The meaning, the comments
/// and the order stay as they are. A file with an error of syntax is left as it is.
///
/// References to objects of libraries that are at hand also get the `as` that they do without, so
/// that the document can be checked where the library is not; --layout-only leaves that out. It is
/// the type that the object has today: what a later version of the library adds to it stays hidden
/// until the `as` is removed or written anew.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  liveobj fmt --check examples/team-note.liveobject
  liveobj fmt - < examples/stamper/types.lot")]
pub struct Fmt {
    /// `.lot` files, reference documents, or directories in which to look for `*.lot` and
    /// `*.liveobject`; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,
    /// Change nothing: print what would change, and exit with 1 if anything would
    #[arg(long)]
    check: bool,
    /// Add no `as`: the result does not depend on which libraries are at hand
    #[arg(long)]
    layout_only: bool,
    #[command(flatten)]
    libraries: LibraryOptions,
    /// How results are printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What became of a text.
struct Formatted {
    source: Arc<Source>,
    /// The text anew, or why there is none.
    outcome: Result<String, Vec<Diagnostic>>,
}

impl Formatted {
    fn changed(&self) -> Option<&str> {
        let text = self.outcome.as_ref().ok()?;
        (*text != self.source.text).then_some(text)
    }
}

#[derive(Serialize)]
struct JsonReport<'a> {
    version: u32,
    files: Vec<JsonFile<'a>>,
}

#[derive(Serialize)]
struct JsonFile<'a> {
    name: &'a str,
    outcome: &'a str,
    text: Option<&'a str>,
    diagnostics: Vec<JsonDiagnostic<'a>>,
}

impl Fmt {
    pub fn run(self) -> Result<(), Failure> {
        let runtime = OnceCell::new();
        let mut failed = false;
        let mut results = Vec::new();
        for name in self.names(&mut failed) {
            match self.one(&name, &runtime) {
                Ok(formatted) => {
                    failed |= formatted.outcome.is_err();
                    failed |= self.check && formatted.changed().is_some();
                    results.push(formatted);
                }
                Err(failure) => {
                    complain(failure)?;
                    failed = true;
                }
            }
        }
        if self.format == Format::Json {
            let files = results.iter().map(|formatted| self.json(formatted));
            output::print_json(&JsonReport {
                version: JSON_VERSION,
                files: files.collect(),
            })?;
        }
        if failed {
            Err(Failure::Findings)
        } else {
            Ok(())
        }
    }

    /// The files meant: those in a directory in place of it.
    fn names(&self, failed: &mut bool) -> Vec<String> {
        let mut names = Vec::new();
        for name in &self.files {
            if name == "-" || !Path::new(name).is_dir() {
                names.push(name.clone());
                continue;
            }
            let before = names.len();
            let complaint = match walk(Path::new(name), &mut names) {
                Ok(()) if names.len() == before => {
                    let message = format!("`{name}` holds no `*.lot` and no `*.liveobject`");
                    report::failure(&message, Some("name the files that are to be formatted"))
                }
                Ok(()) => continue,
                Err(error) => report::failure(&format!("cannot read `{name}`: {error}"), None),
            };
            output::complain(&complaint);
            *failed = true;
        }
        names
    }

    /// Formats a file, writes it or prints what is asked for.
    fn one(&self, name: &str, runtime: &OnceCell<Runtime>) -> Result<Formatted, Failure> {
        let source = input::read(name)?;
        if is_original(&source.text) {
            let failure = Failure::user(format_args!("`{}` is a reference of 2009", source.name));
            return Err(failure.with_help("`liveobj convert FILE` prints it as one of today"));
        }
        let outcome = match language(name, &source.text) {
            Language::Neither => Err(vec![neither(&source)]),
            Language::Types => format_file(&source, Brackets::Angle, 0),
            Language::Reference if self.layout_only => liveobj_references::format(&source, None),
            Language::Reference => {
                let runtime = match runtime.get() {
                    Some(runtime) => runtime,
                    None => {
                        let built = self.libraries.runtime()?;
                        runtime.get_or_init(|| built)
                    }
                };
                let catalog: &dyn Catalog = runtime.catalog();
                liveobj_references::format(&source, Some(catalog))
            }
        };
        let formatted = Formatted { source, outcome };
        let human = self.format == Format::Human;
        if let (Err(found), true) = (&formatted.outcome, human) {
            output::complain(&report::findings(found, report::styled_errors()));
        }
        if self.check {
            if let (Some(text), true) = (formatted.changed(), human) {
                let styled = report::styled_output();
                let source = &formatted.source;
                output::print(&report::difference(
                    &source.name,
                    &source.text,
                    text,
                    styled,
                ))?;
            }
        } else if name == "-" {
            if let (Ok(text), true) = (&formatted.outcome, human) {
                output::print(text)?;
            }
        } else if let Some(text) = formatted.changed() {
            replace(Path::new(name), text)
                .map_err(|error| Failure::user(format_args!("cannot write `{name}`: {error}")))?;
            if human {
                output::print_line(&format!("{name}: formatted"))?;
            }
        }
        Ok(formatted)
    }

    fn json<'a>(&self, formatted: &'a Formatted) -> JsonFile<'a> {
        let source = &formatted.source;
        let written = !self.check && source.name != input::STANDARD_INPUT;
        let outcome = match (&formatted.outcome, formatted.changed()) {
            (Err(_), _) => "refused",
            (_, None) => "unchanged",
            (_, Some(_)) if written => "formatted",
            (_, Some(_)) => "would-change",
        };
        let text = formatted.outcome.as_deref().ok().filter(|_| !written);
        let found = formatted.outcome.as_ref().err();
        JsonFile {
            name: &source.name,
            outcome,
            text,
            diagnostics: found.into_iter().flatten().map(report::json).collect(),
        }
    }
}

/// Says what is wrong with one file; the others may be fine.
fn complain(failure: Failure) -> Result<(), Failure> {
    match failure {
        Failure::User { message, help } => {
            output::complain(&report::failure(&message, help.as_deref()));
            Ok(())
        }
        other => Err(other),
    }
}

/// Adds the files in and below a directory that look like ours, in the order of their names; hidden
/// directories and symbolic links are passed over.
fn walk(directory: &Path, names: &mut Vec<String>) -> io::Result<()> {
    let mut entries = fs::read_dir(directory)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let (path, kind) = (entry.path(), entry.file_type()?);
        if kind.is_dir() && !entry.file_name().as_encoded_bytes().starts_with(b".") {
            walk(&path, names)?;
        } else if kind.is_file()
            && (has_extension(&path, "lot") || has_extension(&path, "liveobject"))
        {
            names.extend(path.to_str().map(str::to_owned));
        }
    }
    Ok(())
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|it| it == extension)
}

#[derive(Debug, PartialEq, Eq)]
enum Language {
    Types,
    Reference,
    Neither,
}

/// What a file holds: how it begins tells, and where that says nothing, its name.
fn language(name: &str, text: &str) -> Language {
    let path = Path::new(name);
    let known = ["liveobject", "xml", "json"];
    let named = known.iter().any(|known| has_extension(path, known));
    let start = text.trim_start_matches('\u{feff}').trim_start();
    if start.starts_with(['<', '{']) || named {
        Language::Reference
    } else if is_type_text(text) || has_extension(path, "lot") {
        Language::Types
    } else {
        Language::Neither
    }
}

/// Says of a text that it is nothing that can be formatted.
fn neither(source: &Arc<Source>) -> Diagnostic {
    let text = source.text.trim_start_matches('\u{feff}').trim_start();
    let start = source.text.len() - text.len();
    let message = "this is neither a reference, in XML or JSON, nor a text of the type language";
    Diagnostic::error(codes::DOCUMENT_SYNTAX, message)
        .at(Place::new(source, Span::new(start, start)), "")
        .with_help(
            "a reference begins with `<liveobject` or `{\"liveobj\": 1`, and a type library with a \
             declaration, such as `record` or `use`",
        )
}

/// Puts `text` in place of what a file holds. Whatever happens, the file is the old one or the new
/// one; who may read and write it stays the same.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    // A symbolic link stays one.
    let path: PathBuf = fs::canonicalize(path)?;
    // Who may not write into a file may not replace it either.
    let old = OpenOptions::new().write(true).open(&path)?.metadata()?;
    if !old.is_file() {
        return Err(io::Error::other(
            "it is not a regular file; `-` is standard input",
        ));
    }
    let directory = path.parent().unwrap_or(Path::new("/"));
    let mut new = tempfile::Builder::new()
        .prefix(".liveobj-fmt-")
        .tempfile_in(directory)?;
    new.write_all(text.as_bytes())?;
    let made = new.as_file().metadata()?;
    if (made.uid(), made.gid()) != (old.uid(), old.gid()) {
        fchown(new.as_file(), Some(old.uid()), Some(old.gid()))?;
    }
    let permissions: Permissions = old.permissions();
    new.as_file().set_permissions(permissions)?;
    new.as_file().sync_all()?;
    new.persist(&path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn a_file_that_is_replaced_keeps_its_permissions_and_links_to_it() {
        let scratch = tempfile::tempdir().expect("a temporary directory");
        let (file, link) = (scratch.path().join("a.lot"), scratch.path().join("b.lot"));
        fs::write(&file, "old").expect("it is writable");
        fs::set_permissions(&file, Permissions::from_mode(0o640)).expect("it is ours");
        symlink(&file, &link).expect("a link is made");
        replace(&link, "new").expect("it is replaced");
        assert_eq!(fs::read_to_string(&file).expect("it is there"), "new");
        assert!(
            fs::symlink_metadata(&link)
                .expect("it is there")
                .is_symlink()
        );
        let mode = fs::metadata(&file)
            .expect("it is there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o640);
        let left = fs::read_dir(scratch.path())
            .expect("it is readable")
            .count();
        assert_eq!(left, 2, "nothing else is left");
    }

    #[test]
    fn texts_tell_languages_before_names_do() {
        let rows = [
            ("a.lot", "<liveobject/>", Language::Reference),
            ("a.liveobject", "record A {}", Language::Reference),
            ("a.lot", "# a heading", Language::Types),
            ("a.md", "# a heading", Language::Neither),
            ("a.md", "a paragraph", Language::Neither),
            ("Cargo.toml", "[package]", Language::Neither),
            ("a.md", "// a\nrecord A {}", Language::Types),
            ("-", "recrod A {}", Language::Types),
            ("-", "// nothing yet", Language::Types),
            ("-", "\u{feff} {\"liveobj\": 1}", Language::Reference),
        ];
        for (name, text, expected) in rows {
            assert_eq!(language(name, text), expected, "{name}: {text}");
        }
    }
}
