//! Tells of frames that are for somebody else.

use liveobj_sdk::{Context, Level, Template};

/// How many there were when that was last told.
#[derive(Default)]
pub(crate) struct Foreign(u64);

impl Foreign {
    /// Tells how many a machine has dropped so far, if that is a power of two.
    pub(crate) fn tell<T: Template>(&mut self, context: &mut Context<'_, T>, dropped: u64) {
        if dropped != self.0 && dropped.is_power_of_two() {
            self.0 = dropped;
            let text = format!("{dropped} messages so far were not for this channel");
            context.report(Level::Debug, &text);
        }
    }
}
