//! Opening a reference, and waiting until it ends: what `open`, `tap` and `members` share.

use std::io::{self, IsTerminal};
use std::time::Duration;

use liveobj::{
    CheckedReference, DeploymentError, Ended, Level, Message, Object, OpenError, OpenOptions,
    Runtime,
};
use liveobj_original::LIBRARY_NAME;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

use crate::failure::Failure;
use crate::{output, report};

/// Endpoints that are named at most.
const MOST_NAMED: usize = 20;
/// How long it may take to close before people are told what it waits for.
const MOMENT: Duration = Duration::from_millis(300);
/// How long whoever reads the output may take for what is left of it once a signal has come.
const GRACE: Duration = Duration::from_secs(1);

/// Where the command waits, with the signals that end it.
pub struct Waiting {
    runtime: tokio::runtime::Runtime,
    signals: Signals,
}

/// The signals that end it.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
    /// Whether one has come.
    seen: bool,
}

impl Signals {
    fn new() -> io::Result<Signals> {
        Ok(Signals {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            seen: false,
        })
    }

    /// Completes when one of them has come.
    async fn came(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {
                // What the terminal shows of the key stands on the line of the next prompt.
                if io::stdin().is_terminal() && io::stderr().is_terminal() {
                    output::complain("\n");
                }
            }
            _ = self.terminate.recv() => {}
            _ = self.hang_up.recv() => {}
        }
        self.seen = true;
    }
}

impl Waiting {
    /// Listens from now on.
    pub fn new() -> Result<Waiting, Failure> {
        let cannot = |error| Failure::user(format_args!("cannot wait for signals: {error}"));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(cannot)?;
        let signals = runtime.block_on(async { Signals::new() }).map_err(cannot)?;
        Ok(Waiting { runtime, signals })
    }

    /// Opens a reference. None where a signal came first: nothing is left behind then.
    pub fn open(
        &mut self,
        runtime: &Runtime,
        reference: &CheckedReference,
        options: OpenOptions,
    ) -> Option<Result<Object, OpenError>> {
        let opening = runtime.open_with(reference, options);
        let signals = &mut self.signals;
        self.runtime.block_on(async {
            tokio::select! {
                opened = opening => Some(opened),
                () = signals.came() => None,
            }
        })
    }

    /// Waits for a signal, for what is `enough`, the object's own end, or that nobody reads what it
    /// shows. Where that cannot be written for another reason, the object goes on, but not well.
    pub fn until_it_ends(
        &mut self,
        object: &Object,
        enough: impl Future<Output = ()>,
        unwritable: oneshot::Receiver<io::Error>,
    ) -> Result<Option<Ended>, Failure> {
        let signals = &mut self.signals;
        self.runtime.block_on(async {
            let ended = async {
                tokio::select! {
                    ended = object.closed() => Some(ended),
                    () = signals.came() => None,
                    () = enough => None,
                }
            };
            let mut ended = std::pin::pin!(ended);
            let error = tokio::select! {
                ended = &mut ended => return Ok(ended),
                Ok(error) = unwritable => error,
            };
            match Failure::writing(&error) {
                Failure::User { message, help } => {
                    output::complain(&report::failure(&message, help.as_deref()));
                    match ended.await {
                        failed @ Some(Ended::Failed { .. }) => Ok(failed),
                        _ => Err(Failure::Findings),
                    }
                }
                quiet => Err(quiet),
            }
        })
    }
}

impl Waiting {
    /// Closes an object, whose parts may take their time to leave; a signal that comes meanwhile gives them
    /// no more. People are told of that, where it takes longer than a moment. Fails if a part of it had
    /// failed before, as [`Waiting::until_it_ends`] tells or not.
    pub fn close(&mut self, object: Object) -> Result<(), Failure> {
        let signals = &mut self.signals;
        let again = signals.seen;
        let told = async {
            tokio::time::sleep(MOMENT).await;
            let staying = object.staying().await;
            if !staying.is_empty() && io::stdin().is_terminal() && io::stderr().is_terminal() {
                output::complain(&format!("{}\n", waits_for(&staying, again)));
            }
            std::future::pending::<()>().await;
        };
        object.begin_to_close();
        self.runtime.block_on(async {
            let closed = object.closed();
            tokio::select! {
                _ = closed => {}
                () = signals.came() => object.hurry(),
                () = told => {}
            }
        });
        match object.close() {
            Ended::Failed { object, reason } => {
                Err(Failure::user(format_args!("`{object}` failed: {reason}")))
            }
            _ => Ok(()),
        }
    }

    /// Waits until what is left is written, for a while only once a signal has come: whoever reads
    /// the output may have stopped. Answers whether it is.
    pub fn until_written(&mut self, written: impl Future<Output = ()>) -> bool {
        let signals = &mut self.signals;
        self.runtime.block_on(async {
            let enough = async {
                if !signals.seen {
                    signals.came().await;
                }
                tokio::time::sleep(GRACE).await;
            };
            tokio::select! {
                () = written => true,
                () = enough => false,
            }
        })
    }
}

/// What an object that closes waits for; `again`: it was Ctrl-C, or another signal, that closes it.
fn waits_for(staying: &[String], again: bool) -> String {
    let again = if again { " again" } else { "" };
    let more = match staying.len() {
        0 | 1 => String::new(),
        count => format!(" and {} more", count - 1),
    };
    let first = staying.first().map_or("", String::as_str);
    format!("Waiting for `{first}`{more} to leave; press Ctrl-C{again} to close at once.")
}

/// Completes after this long, if ever.
pub async fn after(duration: Option<Duration>) {
    match duration {
        Some(duration) => tokio::time::sleep(duration).await,
        None => std::future::pending().await,
    }
}

/// What is told where a reference does not open.
pub fn not_opened(error: &OpenError) -> Failure {
    if let OpenError::Refused { diagnostics, .. } = error {
        output::complain(&report::findings(diagnostics, report::styled_errors()));
    }
    let failure = Failure::user(error);
    match help(error) {
        Some(help) => failure.with_help(help),
        None => failure,
    }
}

/// What can be done about an error, where that can be told.
fn help(error: &OpenError) -> Option<String> {
    match error {
        OpenError::Missing { name, folder } if folder.ends_with("registry") => {
            Some(format!("`liveobj registry set {name} FILE` puts one there"))
        }
        OpenError::Library { library, .. } if library == LIBRARY_NAME => Some(
            "the programs of 2009 are gone: use the components of libraries that are here"
                .to_owned(),
        ),
        // These say themselves what to write instead.
        OpenError::Deployment(
            DeploymentError::Unknown {
                nearest: Some(_), ..
            }
            | DeploymentError::Unplaced { .. },
        ) => None,
        OpenError::Deployment(_) => Some(
            "`--domains 1` runs all of it in one domain, whatever a deployment says".to_owned(),
        ),
        OpenError::NoEndpoint { endpoints, .. } => {
            let some = endpoints.iter().take(MOST_NAMED).map(String::as_str);
            let more = (endpoints.len() > MOST_NAMED).then_some("…");
            let names: Vec<_> = some.chain(more).collect();
            Some(format!("there are {}", names.join(", ")))
        }
        OpenError::Unmet { .. } => {
            Some("compose it with an object that offers what it needs".to_owned())
        }
        _ => None,
    }
}

pub fn print_message(message: &Message, least: Level) {
    if message.level >= least {
        output::complain(&format!(
            "{message}
"
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_told_what_it_waits_for_and_how_to_end_that() {
        let staying = |names: &[&str]| names.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            waits_for(&staying(&["group/members"]), true),
            "Waiting for `group/members` to leave; press Ctrl-C again to close at once."
        );
        assert_eq!(
            waits_for(&staying(&["a", "b", "c"]), false),
            "Waiting for `a` and 2 more to leave; press Ctrl-C to close at once."
        );
    }
}
