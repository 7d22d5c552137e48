//! `liveobj import`

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use liveobj::Runtime;
use liveobj_types::{Diagnostic, Severity};
use serde::Serialize;

use super::{Format, LibraryOptions};
use crate::failure::Failure;
use crate::report::{self, JSON_VERSION};
use crate::{input, output};

/// Convert a directory of references of 2009, with all that is in it
#[derive(Debug, Args)]
#[command(after_help = "\
Without --into nothing is written: the summary says what would become of each document.

Examples:
  liveobj import examples/original
  liveobj import examples/original --into imported")]
pub struct Import {
    /// Where the references of 2009 are; other files are skipped
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// Write the references to this directory, under the same names; those that are not well typed
    /// are not written
    #[arg(long, value_name = "DIR")]
    into: Option<PathBuf>,
    /// Replace files that are there already
    #[arg(long, requires = "into")]
    overwrite: bool,
    #[command(flatten)]
    libraries: LibraryOptions,
    /// How the summary is printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    /// It is well typed, and was written if that was asked for.
    Converted,
    /// It is well typed, and what is to be written is there already.
    Unchanged,
    /// It is a document of 2009 that could not be converted, or not be written.
    Failed,
    /// It is no document of 2009.
    Skipped,
}

/// A file and what became of it.
#[derive(Debug, Serialize)]
struct Entry {
    /// Relative to the directory.
    path: String,
    outcome: Outcome,
    /// Where the reference was written.
    written: Option<String>,
    reason: Option<Reason>,
    /// Every finding.
    diagnostics: Vec<serde_json::Value>,
    /// Codes of the warnings, each once.
    #[serde(skip)]
    warnings: Vec<&'static str>,
}

/// Why a file was not converted: equal kinds are of one group.
#[derive(Debug, Serialize)]
struct Reason {
    /// The code of the first error, or a few words.
    kind: String,
    /// The whole of it.
    message: String,
    /// `line:column`, where there is a place.
    #[serde(skip)]
    place: Option<String>,
}

impl Reason {
    fn new(kind: &str, message: impl Into<String>) -> Reason {
        Reason {
            kind: kind.to_owned(),
            message: message.into(),
            place: None,
        }
    }
}

#[derive(Serialize)]
struct JsonReport<'a> {
    version: u32,
    converted: usize,
    unchanged: usize,
    failed: usize,
    skipped: usize,
    files: &'a [Entry],
}

impl Import {
    pub fn run(self) -> Result<(), Failure> {
        let runtime = self.libraries.runtime()?;
        let mut entries = Vec::new();
        let files = self.files(&mut entries)?;
        let mut progress = Progress::new(files.len());
        for path in files {
            entries.push(self.import(&runtime, &path));
            progress.step();
        }
        progress.end();
        entries.sort_by(|left, right| left.path.cmp(&right.path));
        let count = |outcome| entries.iter().filter(|it| it.outcome == outcome).count();
        match self.format {
            Format::Human => output::print(&self.summary(&entries))?,
            Format::Json => output::print_json(&JsonReport {
                version: JSON_VERSION,
                converted: count(Outcome::Converted),
                unchanged: count(Outcome::Unchanged),
                failed: count(Outcome::Failed),
                skipped: count(Outcome::Skipped),
                files: &entries,
            })?,
        }
        match count(Outcome::Failed) {
            0 => Ok(()),
            _ => Err(Failure::Findings),
        }
    }

    /// All files below the directory, sorted. What cannot be looked into becomes an entry.
    fn files(&self, entries: &mut Vec<Entry>) -> Result<Vec<PathBuf>, Failure> {
        let cannot = |error: &io::Error| {
            let shown = self.directory.display();
            let failure = Failure::user(format_args!("cannot read `{shown}`: {error}"));
            match error.kind() {
                io::ErrorKind::NotADirectory => {
                    failure.with_help("`liveobj convert` converts a single file")
                }
                _ => failure,
            }
        };
        let target = self.into.as_ref().and_then(|into| into.canonicalize().ok());
        let mut files = Vec::new();
        let mut next = vec![self.directory.clone()];
        while let Some(directory) = next.pop() {
            let listed = match list(&directory) {
                Ok(listed) => listed,
                Err(error) if directory == self.directory => return Err(cannot(&error)),
                Err(error) => {
                    let reason = Reason::new("it cannot be read", error.to_string());
                    entries.push(self.entry(&directory, Outcome::Failed, Some(reason)));
                    continue;
                }
            };
            for (kind, path) in listed {
                if kind.is_dir() {
                    // What was written before is not read.
                    if target.is_none() || path.canonicalize().ok() != target {
                        next.push(path);
                    }
                } else if kind.is_file() {
                    files.push(path);
                } else {
                    let what = if kind.is_symlink() {
                        "a symbolic link"
                    } else {
                        "no file"
                    };
                    let reason = Reason::new(what, what);
                    entries.push(self.entry(&path, Outcome::Skipped, Some(reason)));
                }
            }
        }
        files.sort();
        Ok(files)
    }

    fn entry(&self, path: &Path, outcome: Outcome, reason: Option<Reason>) -> Entry {
        let shown = path.strip_prefix(&self.directory).unwrap_or(path);
        Entry {
            path: shown.display().to_string(),
            outcome,
            written: None,
            reason,
            diagnostics: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// Converts one file.
    fn import(&self, runtime: &Runtime, path: &Path) -> Entry {
        let skipped = |reason| self.entry(path, Outcome::Skipped, Some(reason));
        let name = path.strip_prefix(&self.directory).unwrap_or(path);
        let bytes = match input::bytes(&path.display().to_string()) {
            Ok((_, bytes)) => bytes,
            Err(failure) => {
                let reason = Reason::new("it cannot be read", failure.message());
                return self.entry(path, Outcome::Failed, Some(reason));
            }
        };
        let input = match input::original(&name.display().to_string(), &bytes) {
            Ok(input) => input,
            Err(other) => return skipped(Reason::new(other, other)),
        };
        let checked = input.check(runtime);
        let mut found = checked.diagnostics;
        let error = found.iter().find(|found| found.severity == Severity::Error);
        let reason = error.map(reason);
        found.extend(input.dropped.iter().cloned());
        let mut entry = self.entry(path, Outcome::Converted, None);
        entry.diagnostics = found.iter().map(report::json).map(json).collect();
        entry.warnings = found
            .iter()
            .filter(|found| found.severity == Severity::Warning)
            .map(|found| found.code.as_str())
            .collect();
        entry.warnings.sort_unstable();
        entry.warnings.dedup();
        let document = match (reason, &input.document, &checked.reference) {
            (None, Some(document), Some(_)) => document,
            (reason, ..) => {
                entry.outcome = Outcome::Failed;
                entry.reason = reason;
                return entry;
            }
        };
        let Some(into) = &self.into else {
            return entry;
        };
        let target = into.join(with_ending(name));
        match write(
            &target,
            &liveobj_references::write_xml(document),
            self.overwrite,
        ) {
            Ok(true) => {}
            Ok(false) => entry.outcome = Outcome::Unchanged,
            Err(reason) => {
                entry.outcome = Outcome::Failed;
                entry.reason = Some(reason);
                return entry;
            }
        }
        entry.written = Some(target.display().to_string());
        entry
    }

    fn summary(&self, entries: &[Entry]) -> String {
        let mut out = String::new();
        let of = |outcome| entries.iter().filter(move |it| it.outcome == outcome);
        out += &groups("failed", of(Outcome::Failed), true);
        let mut warnings: BTreeMap<&str, usize> = BTreeMap::new();
        for code in entries.iter().flat_map(|entry| &entry.warnings) {
            *warnings.entry(code).or_default() += 1;
        }
        for (code, count) in warnings {
            out += &format!("warned of {code}: {}\n", files(count));
        }
        out += &groups("skipped", of(Outcome::Skipped), false);
        let count = |outcome| of(outcome).count();
        let done = match self.into {
            Some(_) => "converted",
            None => "can be converted",
        };
        out += &format!("{} {done}", files(count(Outcome::Converted)));
        for (outcome, what) in [
            (Outcome::Unchanged, "there already"),
            (Outcome::Failed, "failed"),
            (Outcome::Skipped, "skipped"),
        ] {
            match count(outcome) {
                0 => {}
                count => out += &format!(", {count} {what}"),
            }
        }
        out + "\n"
    }
}

/// Files by the reason why they were not converted.
fn groups<'e>(what: &str, entries: impl Iterator<Item = &'e Entry>, listed: bool) -> String {
    let mut groups: BTreeMap<&str, Vec<(&Entry, &Reason)>> = BTreeMap::new();
    for entry in entries {
        if let Some(reason) = &entry.reason {
            groups
                .entry(&reason.kind)
                .or_default()
                .push((entry, reason));
        }
    }
    let mut out = String::new();
    for (kind, members) in groups {
        out += &format!("{what}, {kind}: {}\n", files(members.len()));
        for (entry, reason) in members.iter().filter(|_| listed) {
            let place = reason
                .place
                .as_ref()
                .map_or(String::new(), |at| format!(":{at}"));
            out += &format!("  {}{place}: {}\n", entry.path, reason.message);
        }
    }
    out
}

fn files(count: usize) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} file{plural}")
}

/// What a directory holds.
fn list(directory: &Path) -> io::Result<Vec<(fs::FileType, PathBuf)>> {
    let mut listed = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        listed.push((entry.file_type()?, entry.path()));
    }
    Ok(listed)
}

fn json(diagnostic: report::JsonDiagnostic<'_>) -> serde_json::Value {
    serde_json::to_value(diagnostic)
        .expect("because our reports have string keys and no failing parts")
}

fn reason(error: &Diagnostic) -> Reason {
    let place = error.labels.first().map(|label| {
        let (line, column) = label.place.source.line_column(label.place.span.start);
        format!("{line}:{column}")
    });
    Reason {
        kind: error.code.as_str().to_owned(),
        message: error.message.clone(),
        place,
    }
}

/// The name of the reference: references are found by their ending.
fn with_ending(name: &Path) -> PathBuf {
    if name
        .extension()
        .is_some_and(|ending| ending == "liveobject")
    {
        return name.to_owned();
    }
    let mut name = name.as_os_str().to_owned();
    name.push(".liveobject");
    name.into()
}

/// Writes a whole file or none. Answers false where it is there already.
fn write(path: &Path, text: &str, overwrite: bool) -> Result<bool, Reason> {
    let cannot = |error: io::Error| {
        let message = format!("`{}`: {error}", path.display());
        Reason::new("it cannot be written", message)
    };
    match fs::read(path) {
        Ok(there) if there == text.as_bytes() => return Ok(false),
        Ok(_) if !overwrite => return Err(in_the_way(path)),
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(cannot(error)),
        _ => {}
    }
    let directory = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(directory).map_err(cannot)?;
    let mut draft = directory.join(format!(".import.{}", std::process::id()));
    while draft.exists() {
        draft.as_mut_os_string().push("_");
    }
    let written = fs::File::create_new(&draft).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        match overwrite {
            true => fs::rename(&draft, path),
            // A link, unlike a new name, does not replace what appeared meanwhile.
            false => match fs::hard_link(&draft, path) {
                Ok(()) => fs::remove_file(&draft),
                // There are file systems without links.
                Err(_) if !path.exists() => fs::rename(&draft, path),
                Err(error) => Err(error),
            },
        }
    });
    written.map(|()| true).map_err(|error| {
        let _ = fs::remove_file(&draft);
        match error.kind() {
            io::ErrorKind::AlreadyExists => in_the_way(path),
            _ => cannot(error),
        }
    })
}

fn in_the_way(path: &Path) -> Reason {
    let message = format!("`{}` is there; --overwrite replaces it", path.display());
    Reason::new("another file is in the way", message)
}

/// Tells on a terminal how far it is, if that takes a while.
struct Progress {
    total: usize,
    done: usize,
    shown: Option<Instant>,
    begun: Instant,
    terminal: bool,
}

impl Progress {
    /// Nothing is shown before this.
    const PATIENCE: Duration = Duration::from_millis(500);

    fn new(total: usize) -> Progress {
        Progress {
            total,
            done: 0,
            shown: None,
            begun: Instant::now(),
            terminal: io::stderr().is_terminal(),
        }
    }

    fn step(&mut self) {
        self.done += 1;
        let since = self.shown.unwrap_or(self.begun).elapsed();
        let wait = if self.shown.is_some() {
            Self::PATIENCE / 5
        } else {
            Self::PATIENCE
        };
        if self.terminal && since >= wait {
            self.shown = Some(Instant::now());
            output::complain(&format!("\r{} of {} files", self.done, self.total));
        }
    }

    fn end(&self) {
        if self.shown.is_some() {
            output::complain("\r\x1b[K");
        }
    }
}
