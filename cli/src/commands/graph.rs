//! `liveobj graph`

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use liveobj_references::Policy;
use liveobj_types::{Severity, Source};

use super::{LibraryOptions, PolicyOptions};
use crate::failure::Failure;
use crate::graph::{dot, drawing, mermaid, svg};
use crate::{input, output, report};

/// Draw a reference: objects, endpoints, and connections by verdict
#[derive(Debug, Args)]
#[command(after_help = "\
What is wrong is drawn as well, and told on standard error; the exit code is then 1.

Examples:
  liveobj graph examples/team-note.liveobject --library-path target/release > note.svg
  liveobj graph examples/team-note.liveobject --library-path target/release --output note.dot
  liveobj graph examples/team-note.liveobject --library-path target/release --format mermaid")]
pub struct Graph {
    /// The reference document; `-` is standard input
    #[arg(value_name = "REF")]
    reference: String,
    /// The format to write; unless given, what the name of the file says, else svg
    #[arg(long, value_name = "FORMAT")]
    format: Option<Picture>,
    /// The file to write, whole or not at all; unless given, standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    libraries: LibraryOptions,
    #[command(flatten)]
    policy: PolicyOptions,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Picture {
    /// A picture that a browser shows (.svg)
    Svg,
    /// For Graphviz (.dot, .gv)
    Dot,
    /// For Mermaid (.mmd, .mermaid), which by default draws up to 500 connections
    Mermaid,
}

impl Graph {
    pub fn run(self) -> Result<(), Failure> {
        let picture = self.picture()?;
        let input = input::reference_within(&self.reference, &self.policy.limits())?;
        let runtime = self.libraries.runtime()?;
        if input.document.is_none() {
            self.libraries
                .complain_of_errors(&input.check(&runtime).diagnostics);
            return Err(Failure::Findings);
        }
        let (source, mut found) = (input.source, input.diagnostics);
        let document = input.document.expect("because that was just seen");
        let about = document.about.as_ref().and_then(|about| about.name.clone());
        let name = about.map_or_else(|| file_name(&source), |name| name.text);
        let (checked, root) = liveobj_references::graph(
            &document,
            &source,
            runtime.catalog(),
            runtime.formalisms(),
            &Policy {
                allow_unknown: self.policy.unknown(),
                limits: self.policy.limits(),
                explain: false,
            },
        );
        found.extend(checked.diagnostics);
        found.retain(|found| found.severity != Severity::Note);
        output::complain(&report::findings(&found, report::styled_errors()));
        self.libraries.warn_of_empty(&found);
        let shape = drawing(&name, &root);
        let text = match picture {
            Picture::Svg => svg(&shape),
            Picture::Dot => dot(&shape),
            Picture::Mermaid => mermaid(&shape),
        };
        match &self.output {
            Some(path) => write(path, &text)?,
            None => output::print(&text)?,
        }
        if checked.reference.is_some() {
            Ok(())
        } else {
            Err(Failure::Findings)
        }
    }

    fn picture(&self) -> Result<Picture, Failure> {
        if let Some(format) = self.format {
            return Ok(format);
        }
        let Some(path) = &self.output else {
            return Ok(Picture::Svg);
        };
        let ending = path.extension().and_then(|ending| ending.to_str());
        match ending.map(str::to_ascii_lowercase).as_deref() {
            Some("svg") => Ok(Picture::Svg),
            Some("dot" | "gv") => Ok(Picture::Dot),
            Some("mmd" | "mermaid") => Ok(Picture::Mermaid),
            _ => Err(Failure::user(format_args!(
                "the name `{}` does not tell in which format to write",
                path.display()
            ))
            .with_help("give `--format svg`, `dot` or `mermaid`, or a name that ends in `.svg`")),
        }
    }
}

fn file_name(source: &Source) -> String {
    let name = Path::new(&source.name).file_name();
    name.map_or_else(|| source.name.clone(), |name| name.to_string_lossy().into())
}

/// Writes a file beside its place and moves it there, so that it is whole or as it was. What is no
/// regular file, such as a pipe, is written to.
fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let written = match fs::canonicalize(path) {
        Ok(place) if place.is_file() => replace(&place, text),
        Ok(place) => fs::write(place, text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => replace(path, text),
        Err(error) => Err(error),
    };
    written
        .map_err(|error| Failure::user(format_args!("cannot write `{}`: {error}", path.display())))
}

fn replace(path: &Path, text: &str) -> io::Result<()> {
    let mut draft = path.as_os_str().to_owned();
    draft.push(format!(".{}.new", std::process::id()));
    let draft = PathBuf::from(draft);
    let written = File::create_new(&draft).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        if let Ok(before) = fs::metadata(path) {
            file.set_permissions(before.permissions())?;
        }
        fs::rename(&draft, path)
    });
    if written.is_err() {
        let _ = fs::remove_file(&draft);
    }
    written
}
