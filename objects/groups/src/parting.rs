//! The end of a proxy that takes its time.

use liveobj_sdk::{Context, Template, Token, Wake};

/// The farewell; tokens above it are stays. Timers have those from 1 on ([`crate::alarm`]).
const FAREWELL: Token = Token(1 << 63);

/// Keeps what a proxy belongs to from being disconnected, once its end has begun, while the proxy is
/// not done with what others wait for.
pub(crate) struct Parting {
    has_begun: bool,
    time_is_up: bool,
    stay: Option<Token>,
    last: Token,
}

/// So many were, in words: `1 update was`, `3 updates were`.
pub(crate) fn were(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what} was"),
        _ => format!("{count} {what}s were"),
    }
}

impl Parting {
    /// Of a proxy that finishes what it has begun, while all is still there.
    pub(crate) fn first<T: Template>(context: &mut Context<'_, T>) -> Self {
        // What is made while its owner ends already has nothing to finish.
        let _ = context.farewell(FAREWELL);
        Parting::new()
    }

    /// Of a proxy that leaves when those above it have finished.
    pub(crate) fn last<T: Template>(context: &mut Context<'_, T>) -> Self {
        // As above.
        let _ = context.farewell_last(FAREWELL);
        Parting::new()
    }

    fn new() -> Self {
        Parting {
            has_begun: false,
            time_is_up: false,
            stay: None,
            last: FAREWELL,
        }
    }

    /// Whether a wake says that the end has begun.
    pub(crate) fn begins(&mut self, token: Token, wake: &Wake<'_>) -> bool {
        let begins = token == FAREWELL && matches!(wake, Wake::Farewell);
        self.has_begun |= begins;
        begins
    }

    /// Whether a wake says that there is no more time.
    pub(crate) fn ends(&mut self, token: Token, wake: &Wake<'_>) -> bool {
        let ends = self.stay == Some(token) && matches!(wake, Wake::Failed(_));
        if ends {
            self.stay = None;
            self.time_is_up = true;
        }
        ends
    }

    /// What a wake means to a proxy that has nothing to do when its end begins, and nothing to say when its
    /// time is up. Answers whether it was one of these.
    pub(crate) fn hears<T: Template>(
        &mut self,
        context: &mut Context<'_, T>,
        (token, wake): (Token, &Wake<'_>),
        is_done: bool,
    ) -> bool {
        let begins = self.begins(token, wake);
        if begins {
            self.set(context, is_done);
        }
        begins || self.ends(token, wake)
    }

    /// Takes whether the proxy is done, as it stands after each step.
    pub(crate) fn set<T: Template>(&mut self, context: &mut Context<'_, T>, is_done: bool) {
        if !self.has_begun || self.time_is_up {
            return;
        }
        match self.stay {
            None if !is_done => {
                self.last = Token(self.last.0 + 1);
                let stays = context.stay(self.last).is_ok();
                self.stay = stays.then_some(self.last);
            }
            Some(stay) if is_done => {
                // Its time may be up in this moment.
                let _ = context.close(stay);
                self.stay = None;
            }
            _ => {}
        }
    }
}
