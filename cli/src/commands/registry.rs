//! `liveobj registry`

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand};
use liveobj::Runtime;
use liveobj_types::{Severity, Source, codes};

use crate::failure::Failure;
use crate::{input, output, report};

/// Keep references under names, for `<primitive id="registry"/>`
#[derive(Debug, Args)]
pub struct Registry {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Keep a reference under a name, in place of what was there
    #[command(
        after_help = "Example:\n  liveobj registry set team-note examples/team-note.liveobject"
    )]
    Set {
        /// The name
        name: String,
        /// The reference document; `-` is standard input
        file: String,
    },
    /// Print the reference that is kept under a name
    #[command(after_help = "Example:\n  liveobj registry get team-note")]
    Get {
        /// The name
        name: String,
    },
    /// Print the names
    #[command(after_help = "Example:\n  liveobj registry list")]
    List,
    /// Forget a name
    #[command(after_help = "Example:\n  liveobj registry remove team-note")]
    Remove {
        /// The name
        name: String,
    },
}

/// Ending of the files in the registry's directory.
const ENDING: &str = ".liveobject";

impl Registry {
    pub fn run(self) -> Result<(), Failure> {
        match self.command {
            Command::Set { name, file } => set(&name, &file),
            Command::Get { name } => {
                let path = entry(&name)?;
                match fs::read_to_string(&path) {
                    Ok(text) => output::print(&text),
                    Err(error) => Err(missing(&name, &error)),
                }
            }
            Command::List => list(),
            Command::Remove { name } => {
                fs::remove_file(entry(&name)?).map_err(|error| missing(&name, &error))
            }
        }
    }
}

fn directory() -> Result<PathBuf, Failure> {
    liveobj::user_registry().ok_or_else(|| {
        Failure::user("no directory for the registry: neither XDG_CONFIG_HOME nor HOME is set")
    })
}

/// The file of a name.
fn entry(name: &str) -> Result<PathBuf, Failure> {
    let allowed = |c: char| !c.is_control() && c != '/' && c != '\\';
    if name.is_empty() || name.starts_with('.') || name.len() > 200 || !name.chars().all(allowed) {
        return Err(
            Failure::user(format_args!("`{}` cannot be a name", name.escape_debug()))
                .with_help("a name has 1 to 200 bytes, no slash, and does not start with a dot"),
        );
    }
    Ok(directory()?.join(format!("{name}{ENDING}")))
}

fn missing(name: &str, error: &io::Error) -> Failure {
    if error.kind() == io::ErrorKind::NotFound {
        Failure::user(format_args!("the registry has nothing named `{name}`"))
            .with_help("`liveobj registry list` prints the names")
    } else {
        Failure::user(format_args!("cannot use `{name}` of the registry: {error}"))
    }
}

fn set(name: &str, file: &str) -> Result<(), Failure> {
    let path = entry(name)?;
    let source = input::read(file)?;
    if liveobj_original::document::is_original(&source.text) {
        let failure = Failure::user(format_args!("`{}` is a reference of 2009", source.name));
        return Err(failure.with_help("convert it first: `liveobj convert FILE` prints it"));
    }
    let (document, diagnostics) = liveobj_references::read(&source);
    output::complain(&report::findings(&diagnostics, report::styled_errors()));
    document.ok_or(Failure::Findings)?;
    let directory = directory()?;
    let wrong = |error: io::Error| {
        Failure::user(format_args!(
            "cannot write to `{}`: {error}",
            directory.display()
        ))
    };
    fs::create_dir_all(&directory).map_err(wrong)?;
    // Written beside and renamed, so that a reader sees the old reference or the new one.
    let draft = directory.join(format!(".{name}.{}", std::process::id()));
    let written = fs::File::create(&draft).and_then(|mut file| {
        file.write_all(source.text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&draft, &path)
    });
    written.map_err(|error| {
        let _ = fs::remove_file(&draft);
        wrong(error)
    })?;
    warn_of_errors(name, &source);
    Ok(())
}

/// Says what is wrong with a reference that was kept, as far as its libraries are at hand.
fn warn_of_errors(name: &str, source: &Arc<Source>) {
    let Ok(runtime) = Runtime::builder().user_directories().build() else {
        return;
    };
    let mut errors = runtime.check(source).diagnostics;
    errors.retain(|it| it.severity == Severity::Error);
    let absent = [codes::MANIFEST_MISSING, codes::LIBRARY_HASH_MISMATCH];
    if errors.is_empty() || errors.iter().any(|it| absent.contains(&it.code)) {
        return;
    }
    output::complain(&report::findings(&errors, report::styled_errors()));
    let message = format!("`{name}` is kept, but it is not well typed");
    output::complain(&report::warning(&message));
}

fn list() -> Result<(), Failure> {
    let directory = directory()?;
    let entries = match fs::read_dir(&directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => {
            let shown = directory.display();
            return Err(Failure::user(format_args!(
                "cannot read `{shown}`: {error}"
            )));
        }
    };
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| !name.starts_with('.'))
        .filter_map(|name| Some(name.strip_suffix(ENDING)?.to_owned()))
        .collect();
    names.sort();
    names.iter().try_for_each(|name| output::print_line(name))
}
