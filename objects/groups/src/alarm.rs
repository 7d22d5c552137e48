//! The timer of a proxy whose machine has one deadline.

use std::time::Duration;

use liveobj_sdk::{Context, Template, Token, Wake};

/// Sees to it that a timer ends at a machine's deadline or before.
pub(crate) struct Alarm {
    /// The timer that runs, and when it ends.
    token: Token,
    ends: Option<u64>,
}

impl Alarm {
    /// The tokens from 1 on are its own.
    pub(crate) fn new() -> Self {
        Alarm {
            token: Token(0),
            ends: None,
        }
    }

    /// Takes the deadline as it stands after each call of the machine; in nanoseconds, as `now`.
    pub(crate) fn set<T: Template>(
        &mut self,
        context: &mut Context<'_, T>,
        now: u64,
        deadline: Option<u64>,
    ) {
        let Some(deadline) = deadline else {
            return;
        };
        if self.ends.is_some_and(|ends| ends <= deadline) {
            return;
        }
        if self.ends.take().is_some() {
            // It may have ended already; then its wake finds another token.
            let _ = context.close(self.token);
        }
        self.token = Token(self.token.0 + 1);
        let delay = Duration::from_nanos(deadline.saturating_sub(now));
        match context.timer(self.token, delay) {
            Ok(()) => self.ends = Some(deadline.max(now)),
            Err(error) => context.fail(&format!("a timer could not be set: {error}")),
        }
    }

    /// Whether a wake is that of the timer.
    pub(crate) fn rings(&mut self, token: Token, wake: &Wake<'_>) -> bool {
        let rings = token == self.token && matches!(wake, Wake::Timer);
        if rings {
            self.ends = None;
        }
        rings
    }
}
