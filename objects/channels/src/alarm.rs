//! One timer that follows a deadline.

use std::time::Duration;

use liveobj_sdk::{Context, Template, Token, Wake};

/// A timer, and when it ends.
#[derive(Debug)]
pub(crate) struct Alarm {
    token: Token,
    ends: Option<u64>,
}

impl Alarm {
    /// One that does not run.
    pub(crate) fn new(token: Token) -> Alarm {
        Alarm { token, ends: None }
    }

    /// Whether a wake is the end of the timer.
    pub(crate) fn rings(&mut self, token: Token, wake: &Wake<'_>) -> bool {
        let rings = token == self.token && matches!(wake, Wake::Timer);
        if rings {
            self.ends = None;
        }
        rings
    }

    /// Makes it end at `deadline` on the monotonic clock. One that would end earlier is left to run:
    /// who is woken in vain sets it again.
    pub(crate) fn set<T: Template>(&mut self, context: &mut Context<'_, T>, deadline: Option<u64>) {
        let Some(deadline) = deadline else { return };
        if self.ends.is_some_and(|ends| ends <= deadline) {
            return;
        }
        let delay = Duration::from_nanos(deadline.saturating_sub(context.now()));
        // A request that is not taken is one of a proxy that ends.
        if context.timer(self.token, delay).is_ok() {
            self.ends = Some(deadline);
        }
    }
}
