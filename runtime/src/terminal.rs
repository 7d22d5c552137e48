//! The terminal, as the embedder supplies it.

use std::fmt;
use std::sync::Arc;

/// A terminal that at most one proxy has at a time.
///
/// `start` is called when a proxy asks for the terminal. From then on the implementation hands
/// over every line that people enter, until `stop`. All three are called on the runtime's threads
/// and must not block; reading belongs on a thread of the implementation's own.
pub trait Terminal: Send + 'static {
    /// A proxy took the terminal: lines go to `lines` from now on.
    fn start(&mut self, lines: Lines);

    /// Shows one line (without its end).
    fn show(&mut self, line: &str);

    /// The proxy gave the terminal back. What was handed to `start` answers `false` from now on.
    fn stop(&mut self) {}
}

/// Where the lines that people enter go.
#[derive(Clone)]
pub struct Lines {
    sink: Arc<dyn LineSink>,
}

/// The runtime's end of [`Lines`].
pub(crate) trait LineSink: Send + Sync {
    /// `None` is the end of the input. Answers whether somebody listens.
    fn line(&self, line: Option<&str>) -> bool;
}

impl Lines {
    /// Hands over one line, without its end. Answers whether anybody still listens.
    pub fn line(&self, text: &str) -> bool {
        self.sink.line(Some(text))
    }

    /// Says that there will be no more lines. Answers whether anybody still listens.
    pub fn end(&self) -> bool {
        self.sink.line(None)
    }

    pub(crate) fn new(sink: Arc<dyn LineSink>) -> Lines {
        Lines { sink }
    }
}

impl fmt::Debug for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lines(…)")
    }
}
