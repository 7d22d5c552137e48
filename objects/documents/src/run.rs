//! What replicas on a channel that keeps the order have in common.

use liveobj_sdk::{Context, EmitError, Level, Template};

use crate::types::UpdateId;

/// How much one update may carry, in bytes; channels take a little more.
pub(crate) const MAX_UPDATE: usize = 512 << 10;

/// One run of a replica, which names its updates.
pub(crate) struct Run {
    number: u64,
    sent: u64,
}

impl Run {
    /// A run with this random number.
    pub(crate) fn new(random: u64) -> Run {
        Run {
            number: random,
            sent: 0,
        }
    }

    /// The name of the next update.
    pub(crate) fn next_id(&mut self) -> UpdateId {
        self.sent += 1;
        UpdateId {
            run: self.number,
            number: self.sent,
        }
    }

    /// Whether an update was sent by this run.
    pub(crate) fn is_own(&self, id: UpdateId) -> bool {
        id.run == self.number
    }
}

/// Tells if an update could not be sent.
pub(crate) fn tell_loss<T: Template>(
    context: &mut Context<'_, T>,
    what: &str,
    sent: Result<(), EmitError>,
) {
    if let Err(error) = sent {
        context.report(Level::Warning, &format!("{what} is lost: {error}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_updates_have_one_name() {
        let (mut one, mut other) = (Run::new(1), Run::new(2));
        let ids = [one.next_id(), one.next_id(), other.next_id()];
        assert_eq!(ids.map(|id| (id.run, id.number)), [(1, 1), (1, 2), (2, 1)]);
        assert!(one.is_own(ids[0]) && !one.is_own(ids[2]));
    }
}
