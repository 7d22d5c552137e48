//! The side that asks.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::place::{Place, own_user};
use super::sample::{Process, Sample};
use super::{LIST, SAMPLE, VERSION};

/// How long a process has to answer, or to go on with an answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// Why a process could not be watched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StatError {
    /// The directory of the sockets is not used.
    #[error("cannot look for what runs: {reason}")]
    Place {
        /// Why.
        reason: String,
    },
    /// It has ended.
    #[error("process {pid} has ended")]
    Ended {
        /// Its number.
        pid: u32,
    },
    /// It is stopped, or its threads hang.
    #[error("process {pid} does not answer within {} s: it is stopped, or it hangs", PATIENCE.as_secs())]
    Silent {
        /// Its number.
        pid: u32,
    },
    /// It runs another version of liveobj.
    #[error("process {pid} runs another version of liveobj, which answers differently")]
    Version {
        /// Its number.
        pid: u32,
    },
    /// It cannot be asked.
    #[error("cannot ask process {pid}: {error}")]
    Socket {
        /// Its number.
        pid: u32,
        /// What the system said.
        #[source]
        error: io::Error,
    },
}

/// A process that listens.
#[derive(Debug)]
#[non_exhaustive]
pub struct Listed {
    /// Its number.
    pub pid: u32,
    /// What it tells, or why it tells nothing.
    pub process: Result<Process, StatError>,
    socket: String,
}

/// The processes of this user that listen, by number. One in which several runtimes listen is there
/// several times. What processes left behind that are gone is removed.
///
/// # Errors
///
/// The directory of the sockets is not used, since it is not only the user's.
pub fn running() -> Result<Vec<Listed>, StatError> {
    let Some(place) = place()? else {
        return Ok(Vec::new());
    };
    let sockets = place.sockets().map_err(|error| StatError::Place {
        reason: format!("`{}`: {error}", place.path().display()),
    })?;
    let mut found = Vec::new();
    for (pid, socket) in sockets {
        let process = match Asking::begin(&place, pid, &socket) {
            Err(StatError::Ended { .. }) => {
                place.remove_stale(pid, &socket);
                continue;
            }
            Err(error) => Err(error),
            Ok(mut asking) => match asking.ask(LIST) {
                Err(StatError::Ended { .. }) => continue,
                process => process,
            },
        };
        found.push(Listed {
            pid,
            process,
            socket,
        });
    }
    Ok(found)
}

/// Watches a process: while this exists, it counts.
#[derive(Debug)]
pub struct Watch(Asking);

impl Watch {
    /// Begins to watch.
    ///
    /// # Errors
    ///
    /// The process has ended or cannot be asked.
    pub fn begin(listed: &Listed) -> Result<Watch, StatError> {
        let pid = listed.pid;
        let place = place()?.ok_or(StatError::Ended { pid })?;
        Asking::begin(&place, pid, &listed.socket).map(Watch)
    }

    /// What it tells now. A domain that does not answer within half a second is told as such.
    ///
    /// # Errors
    ///
    /// The process has ended, does not answer, or speaks another version.
    pub fn sample(&mut self) -> Result<Sample, StatError> {
        self.0.ask(SAMPLE)
    }
}

/// A connection with a process.
#[derive(Debug)]
struct Asking {
    pid: u32,
    stream: BufReader<UnixStream>,
}

#[derive(Deserialize)]
struct Versioned {
    liveobj_stat: u32,
}

impl Asking {
    fn begin(place: &Place, pid: u32, socket: &str) -> Result<Asking, StatError> {
        let begun = UnixStream::connect(place.entry(socket)).and_then(|stream| {
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_write_timeout(Some(PATIENCE))?;
            Ok(stream)
        });
        let stream = begun.map_err(|error| failed(pid, error))?;
        let stream = BufReader::new(stream);
        Ok(Asking { pid, stream })
    }

    fn ask<T: DeserializeOwned>(&mut self, question: &str) -> Result<T, StatError> {
        let pid = self.pid;
        let mut answer = String::new();
        let asked = self
            .stream
            .get_mut()
            .write_all(format!("{question}\n").as_bytes());
        let answered = asked.and_then(|()| self.stream.read_line(&mut answer));
        match answered {
            Err(error) => return Err(failed(pid, error)),
            Ok(_) if !answer.ends_with('\n') => return Err(StatError::Ended { pid }),
            Ok(_) => {}
        }
        let other = |_| StatError::Version { pid };
        let versioned: Versioned = serde_json::from_str(&answer).map_err(other)?;
        if versioned.liveobj_stat != VERSION {
            return Err(StatError::Version { pid });
        }
        serde_json::from_str(&answer).map_err(other)
    }
}

fn failed(pid: u32, error: io::Error) -> StatError {
    match error.kind() {
        io::ErrorKind::ConnectionRefused
        | io::ErrorKind::NotFound
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::ConnectionReset => StatError::Ended { pid },
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => StatError::Silent { pid },
        _ => StatError::Socket { pid, error },
    }
}

/// The directory of the sockets, if there is one.
fn place() -> Result<Option<Place>, StatError> {
    let system = |error: io::Error| StatError::Place {
        reason: error.to_string(),
    };
    let user = own_user().map_err(system)?;
    Place::find(user).map_err(|error| StatError::Place {
        reason: error.to_string(),
    })
}
