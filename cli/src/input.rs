//! Documents named on the command line.

use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use liveobj_types::Source;

use crate::failure::Failure;

/// Largest document that is read, in bytes: more than what the reader of documents accepts.
const MAX_SIZE: u64 = 64 << 20;

/// Reads a document; `-` is standard input.
pub fn read(name: &str) -> Result<Arc<Source>, Failure> {
    let mut bytes = Vec::new();
    let (shown, outcome) = if name == "-" {
        (
            "<stdin>",
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
    let text = String::from_utf8(bytes).map_err(|error| {
        let help = if error.as_bytes().contains(&0) {
            "is this a reference? those are XML or JSON"
        } else {
            "save it as UTF-8"
        };
        let at = error.utf8_error().valid_up_to();
        Failure::user(format_args!(
            "`{shown}` is not UTF-8 text: byte {at} fits no character"
        ))
        .with_help(help)
    })?;
    Ok(Source::new(shown, text))
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
