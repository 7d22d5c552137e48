//! What both adapters do: wrap what goes out, open what comes in, and wait for the key.

use std::collections::VecDeque;

use liveobj_sdk::{Context, CreateError, FileSpace, Level, Template, Token, Wake};

use crate::envelope::{Envelope, Protection};
use crate::key;
use crate::types;

/// Messages that wait in each direction until the key is read; the oldest are lost when there are
/// more.
const MAX_WAITING: usize = 64;
const KEY_FILE: Token = Token(0);

/// One side of a protected channel.
pub(crate) struct Guard {
    protection: Protection,
    state: State,
    /// Messages that could not be opened so far.
    dropped: u64,
}

enum State {
    Ready(Envelope),
    /// The key is being read.
    Waiting {
        path: String,
        out: VecDeque<Vec<u8>>,
        received: VecDeque<Vec<u8>>,
    },
}

/// What to pass on now that the key is there.
#[derive(Default)]
pub(crate) struct Released {
    /// Envelopes for the inner channel.
    pub(crate) out: Vec<Vec<u8>>,
    /// Messages for the outer one.
    pub(crate) received: Vec<Vec<u8>>,
}

impl Guard {
    pub(crate) fn new<T: Template>(
        context: &mut Context<'_, T>,
        key: types::Key<'_>,
        protection: Protection,
    ) -> Result<Guard, CreateError> {
        let state = match key {
            types::Key::digits(digits) => {
                let key = key::parse(&digits)
                    .ok_or("the digits in `key` are not 64 hexadecimal digits")?;
                State::Ready(Envelope::new(&key, protection, context.identity()))
            }
            types::Key::file(path) => {
                context.file_read(KEY_FILE, FileSpace::Files, &path)?;
                State::Waiting {
                    path: path.to_string(),
                    out: VecDeque::new(),
                    received: VecDeque::new(),
                }
            }
        };
        Ok(Guard {
            protection,
            state,
            dropped: 0,
        })
    }

    /// The envelope for a message that goes out; nothing leaves before the key is there.
    pub(crate) fn send<T: Template>(
        &mut self,
        context: &mut Context<'_, T>,
        message: &[u8],
    ) -> Option<Vec<u8>> {
        match &mut self.state {
            State::Ready(envelope) => envelope.wrap(nonce(context), message),
            State::Waiting { out, .. } => {
                wait(out, message);
                None
            }
        }
    }

    /// The message in an envelope that came in, if it is one of ours.
    pub(crate) fn receive<T: Template>(
        &mut self,
        context: &mut Context<'_, T>,
        bytes: &[u8],
    ) -> Option<Vec<u8>> {
        let envelope = match &mut self.state {
            State::Ready(envelope) => envelope,
            State::Waiting { received, .. } => {
                wait(received, bytes);
                return None;
            }
        };
        let message = envelope.open(bytes);
        if message.is_none() {
            self.dropped += 1;
            if self.dropped.is_power_of_two() {
                let text = format!(
                    "{} messages so far were dropped: they were changed on the way, or sent \
                     under another key",
                    self.dropped
                );
                context.report(Level::Warning, &text);
            }
        }
        message
    }

    /// Takes the key, and what waited for it.
    pub(crate) fn wake<T: Template>(
        &mut self,
        context: &mut Context<'_, T>,
        wake: &Wake<'_>,
    ) -> Released {
        let mut released = Released::default();
        let State::Waiting {
            path,
            out,
            received,
        } = &mut self.state
        else {
            return released;
        };
        let key = match wake {
            Wake::File(bytes) => std::str::from_utf8(bytes)
                .ok()
                .and_then(key::parse)
                .ok_or_else(|| format!("`{path}` does not hold 64 hexadecimal digits")),
            Wake::Missing => Err(format!("there is no key file `{path}`")),
            Wake::Failed(reason) => Err((*reason).to_owned()),
            _ => return released,
        };
        let key = match key {
            Ok(key) => key,
            Err(reason) => {
                context.fail(&reason);
                return released;
            }
        };
        let (out, received) = (std::mem::take(out), std::mem::take(received));
        self.state = State::Ready(Envelope::new(&key, self.protection, context.identity()));
        for message in out {
            released.out.extend(self.send(context, &message));
        }
        for bytes in received {
            released.received.extend(self.receive(context, &bytes));
        }
        released
    }
}

/// 192 random bits: by chance, two are never the same.
fn nonce<T: Template>(context: &mut Context<'_, T>) -> [u8; 24] {
    let mut nonce = [0; 24];
    for part in nonce.chunks_exact_mut(8) {
        part.copy_from_slice(&context.random().to_le_bytes());
    }
    nonce
}

fn wait(waiting: &mut VecDeque<Vec<u8>>, message: &[u8]) {
    if waiting.len() == MAX_WAITING {
        waiting.pop_front();
    }
    waiting.push_back(message.to_vec());
}
