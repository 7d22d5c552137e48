//! Documents named on the command line.

use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use liveobj::Runtime;
use liveobj_original::document::is_original;
use liveobj_original::{Decoded, decode_text};
use liveobj_references::{Checked, Document, Limits};
use liveobj_types::{Diagnostic, Source, Types};

use crate::failure::Failure;

/// Largest file that is read, in bytes: more than what documents may have, so that what is too
/// large for one is told as a finding.
const MAX_SIZE: u64 = 1 << 30;
/// What standard input is called.
pub const STANDARD_INPUT: &str = "<stdin>";

/// A reference document that was read.
#[derive(Debug)]
pub struct Input {
    /// The text.
    pub source: Arc<Source>,
    /// The reference, converted if it is one of 2009; none if a finding is an error.
    pub document: Option<Arc<Document>>,
    /// What was found while it was read.
    pub diagnostics: Vec<Diagnostic>,
    /// What a reference of 2009 loses where it is converted.
    pub dropped: Vec<Diagnostic>,
    /// Whether it is a reference of 2009.
    pub original: bool,
}

impl Input {
    /// Checks it; what was found while it was read comes first. Of a reference of today what could
    /// be read is checked even if the rest could not.
    pub fn check(&self, runtime: &Runtime) -> Checked {
        let Some(document) = &self.document else {
            if !self.original {
                return runtime.check(&self.source);
            }
            return Checked {
                types: Arc::new(Types::new()),
                typed: None,
                diagnostics: self.diagnostics.clone(),
                reference: None,
                explanation: None,
            };
        };
        let mut checked = runtime.check_document(document, &self.source);
        let found = std::mem::take(&mut checked.diagnostics);
        checked.diagnostics = self.diagnostics.clone();
        checked.diagnostics.extend(found);
        checked
    }
}

/// Reads a reference, one of 2009 as well; `-` is standard input.
pub fn reference(name: &str) -> Result<Input, Failure> {
    reference_within(name, &Limits::default())
}

/// The same, within other limits.
pub fn reference_within(name: &str, limits: &Limits) -> Result<Input, Failure> {
    let (shown, bytes) = bytes(name)?;
    of_bytes(shown, &bytes, limits)
}

/// Reads a reference that `bytes` are.
fn of_bytes(shown: &str, bytes: &[u8], limits: &Limits) -> Result<Input, Failure> {
    let decoded = decode(shown, bytes)?;
    if is_original(&decoded.text) {
        let source = Source::new(shown, decoded.text.as_str());
        return Ok(converted(source, Some(&decoded)));
    }
    Ok(of_source(utf_8(shown, decoded)?, limits))
}

/// Reads a reference that is text already.
pub fn of_source(source: Arc<Source>, limits: &Limits) -> Input {
    if is_original(&source.text) {
        return converted(source, None);
    }
    let (document, diagnostics) = liveobj_references::read_within(&source, limits);
    Input {
        source,
        document: document.map(Arc::new),
        diagnostics,
        dropped: Vec::new(),
        original: false,
    }
}

/// Reads a reference of 2009.
///
/// # Errors
///
/// What the bytes are instead, in a few words.
pub fn original(shown: &str, bytes: &[u8]) -> Result<Input, &'static str> {
    let decoded = decode_text(bytes).map_err(|_| "no text")?;
    let text = decoded.text.as_str();
    if is_original(text) {
        let source = Source::new(shown, text);
        return Ok(converted(source, Some(&decoded)));
    }
    Err(match text.trim_start().chars().next() {
        Some('<') if text.contains("urn:liveobj:reference:1") => "a reference of today",
        Some('<') => "other XML",
        Some('{') if text.contains("\"liveobj\"") => "a reference of today",
        _ => "other text",
    })
}

fn converted(source: Arc<Source>, decoded: Option<&Decoded>) -> Input {
    let converted = liveobj_original::read(&source, decoded);
    Input {
        source,
        document: converted.document.map(Arc::new),
        diagnostics: converted.diagnostics,
        dropped: converted.dropped,
        original: true,
    }
}

/// Reads a text in UTF-8; `-` is standard input.
pub fn read(name: &str) -> Result<Arc<Source>, Failure> {
    let (shown, bytes) = bytes(name)?;
    utf_8(shown, decode(shown, &bytes)?)
}

const UTF_8: &str = "save it as UTF-8";

/// The text as it is in the file, in which places count its mark.
fn utf_8(shown: &str, decoded: Decoded) -> Result<Arc<Source>, Failure> {
    if decoded.utf16 {
        return Err(Failure::user(format_args!("`{shown}` is in UTF-16")).with_help(UTF_8));
    }
    let mark = if decoded.mark { "\u{feff}" } else { "" };
    Ok(Source::new(shown, mark.to_owned() + &decoded.text))
}

fn decode(shown: &str, bytes: &[u8]) -> Result<Decoded, Failure> {
    decode_text(bytes).map_err(|error| {
        let help = if bytes.contains(&0) {
            "is this a reference? those are XML or JSON"
        } else {
            UTF_8
        };
        Failure::user(format_args!(
            "`{shown}` is not UTF-8 text: byte {} fits no character",
            error.at
        ))
        .with_help(help)
    })
}

/// The bytes of a file or of standard input, and how it is called.
pub fn bytes(name: &str) -> Result<(&str, Vec<u8>), Failure> {
    let mut bytes = Vec::new();
    let (shown, outcome) = if name == "-" {
        (
            STANDARD_INPUT,
            io::stdin()
                .lock()
                .take(MAX_SIZE + 1)
                .read_to_end(&mut bytes),
        )
    } else {
        (
            name,
            fs::File::open(name).and_then(|file| file.take(MAX_SIZE + 1).read_to_end(&mut bytes)),
        )
    };
    outcome.map_err(|error| {
        let failure = Failure::user(format_args!("cannot read `{shown}`: {error}"));
        match error.kind() {
            io::ErrorKind::IsADirectory => failure.with_help("name a file inside it"),
            io::ErrorKind::NotFound => match similar_file(Path::new(name)) {
                Some(similar) => failure.with_help(format!("there is a file `{similar}`")),
                None => failure,
            },
            _ => failure,
        }
    })?;
    if bytes.len() as u64 > MAX_SIZE {
        return Err(Failure::user(format_args!(
            "`{shown}` is larger than {} MiB",
            MAX_SIZE >> 20
        )));
    }
    Ok((shown, bytes))
}

/// A file in the same directory whose name is nearly the one asked for.
pub fn similar_file(path: &Path) -> Option<String> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let wanted = path.file_name()?.to_str()?;
    let mut names: Vec<String> = fs::read_dir(directory)
        .ok()?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    names.sort();
    let found = liveobj_types::similar::nearest(wanted, names.iter().map(String::as_str))?;
    Some(path.with_file_name(found).display().to_string())
}
