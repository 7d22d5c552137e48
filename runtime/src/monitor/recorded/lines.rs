//! The lines of one trace.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::MonitorError;

/// The lines of a file behind the first one.
pub(super) struct LineReader {
    path: PathBuf,
    reader: BufReader<File>,
    bytes: Vec<u8>,
    last: bool,
    /// Of the last one that was read.
    pub(super) number: u64,
}

/// A line, and whether it is the last one.
pub(super) struct Text<'a> {
    path: &'a Path,
    number: u64,
    bytes: &'a [u8],
    last: bool,
}

impl LineReader {
    pub(super) fn open(path: &Path) -> Result<LineReader, MonitorError> {
        let read = |error| MonitorError::Read {
            path: path.to_owned(),
            error,
        };
        let mut lines = LineReader {
            path: path.to_owned(),
            reader: BufReader::new(File::open(path).map_err(read)?),
            bytes: Vec::new(),
            number: 0,
            last: false,
        };
        lines.advance()?;
        Ok(lines)
    }

    /// Goes on to the next line; whether there is one.
    pub(super) fn advance(&mut self) -> Result<bool, MonitorError> {
        self.bytes.clear();
        let read = self.reader.read_until(b'\n', &mut self.bytes);
        let fill = read.and_then(|read| Ok((read, self.reader.fill_buf()?.is_empty())));
        let (read, last) = fill.map_err(|error| MonitorError::Read {
            path: self.path.clone(),
            error,
        })?;
        self.last = last;
        self.number += u64::from(read > 0);
        Ok(read > 0)
    }

    /// The line that it is at.
    pub(super) fn text(&self) -> Text<'_> {
        Text {
            path: &self.path,
            number: self.number,
            bytes: &self.bytes,
            last: self.last,
        }
    }

    pub(super) fn damaged(&self, reason: String) -> MonitorError {
        MonitorError::Damaged {
            path: self.path.clone(),
            line: self.number,
            reason,
        }
    }
}

impl<'a> Text<'a> {
    /// Whether these words stand somewhere in it.
    pub(super) fn has(&self, words: &str) -> bool {
        let words = words.as_bytes();
        self.bytes.windows(words.len()).any(|it| it == words)
    }

    /// None where it is the last one and was not finished.
    pub(super) fn parse(&self) -> Result<Option<Line<'a>>, MonitorError> {
        let damaged = |reason| MonitorError::Damaged {
            path: self.path.to_owned(),
            line: self.number,
            reason,
        };
        match serde_json::from_slice::<Line<'a>>(self.bytes) {
            Ok(line) if line.line == self.number => Ok(Some(line)),
            Ok(line) => Err(damaged(format!(
                "it says that it is line {}; something was taken out or put in",
                line.line
            ))),
            Err(_) if self.last && !self.bytes.ends_with(b"\n") => Ok(None),
            Err(error) => Err(damaged(error.to_string())),
        }
    }
}

/// A line of a trace, as far as it is needed here.
#[derive(Deserialize)]
pub(super) struct Line<'a> {
    pub(super) line: u64,
    pub(super) time: u64,
    #[serde(borrow)]
    pub(super) kind: Cow<'a, str>,
    #[serde(default)]
    pub(super) node: u32,
    #[serde(default, borrow)]
    pub(super) object: Cow<'a, str>,
    pub(super) id: Option<u64>,
    pub(super) from_id: Option<u64>,
    pub(super) peer_id: Option<u64>,
    #[serde(default)]
    pub(super) connection: u64,
    #[serde(default, borrow)]
    pub(super) endpoint: Cow<'a, str>,
    #[serde(default, borrow)]
    pub(super) peer: Cow<'a, str>,
    #[serde(default, borrow)]
    pub(super) from: Cow<'a, str>,
    #[serde(default, borrow)]
    pub(super) to: Cow<'a, str>,
    #[serde(default, borrow)]
    pub(super) event: Cow<'a, str>,
    pub(super) emitted: Option<u64>,
    #[serde(default, borrow)]
    pub(super) values: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) payload: Option<&'a RawValue>,
    pub(super) declared: Option<u64>,
    /// The domain, where there are several and it is not the first.
    #[serde(default = "first_domain")]
    pub(super) domain: u64,
    #[serde(default, borrow)]
    pub(super) request: Cow<'a, str>,
    #[serde(default, borrow)]
    pub(super) wake: Cow<'a, str>,
    pub(super) token: Option<u64>,
    #[serde(default)]
    pub(super) bytes: u64,
    #[serde(default, borrow)]
    pub(super) sha256: Cow<'a, str>,
    #[serde(default, borrow)]
    pub(super) address: Cow<'a, str>,
    #[serde(default, borrow)]
    pub(super) local: Cow<'a, str>,
    #[serde(default, borrow)]
    pub(super) reference: Cow<'a, str>,
    #[serde(default, borrow)]
    pub(super) types: Cow<'a, str>,
    #[serde(default, borrow)]
    pub(super) object_type: Cow<'a, str>,
    #[serde(default)]
    pub(super) private: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) places: Vec<DeclaredPlace>,
}

/// Where a constraint was written.
#[derive(Clone, Deserialize)]
pub(super) struct DeclaredPlace {
    pub(super) of: String,
    pub(super) formalism: String,
    pub(super) text: String,
    pub(super) place: String,
}

fn first_domain() -> u64 {
    1
}
