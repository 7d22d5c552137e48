//! Two objects that exchange numbers as fast as they can.

use liveobj_sdk::{CreateError, live_object};

liveobj_sdk::library!("types.lot", name = "liveobj:meter");

/// Emits the numbers below the count.
pub struct Source;

#[live_object(template::source)]
impl template::source for Source {
    fn create(_: &mut source::Context<'_>, _: source::Parameters<'_>) -> Result<Self, CreateError> {
        Ok(Source)
    }

    fn runs_run(&mut self, context: &mut source::Context<'_>, event: source::runs::Run) {
        for n in 0..event.count {
            // Nobody may be listening: then nothing is added up.
            let _ = context.emit(source::numbers::Add { n });
        }
        let _ = context.emit(source::runs::Done {});
    }
}

/// Adds up what it is sent.
pub struct Sum {
    sum: u64,
}

#[live_object(template::sum)]
impl template::sum for Sum {
    fn create(_: &mut sum::Context<'_>, _: sum::Parameters<'_>) -> Result<Self, CreateError> {
        Ok(Sum { sum: 0 })
    }

    fn numbers_add(&mut self, _: &mut sum::Context<'_>, event: sum::numbers::Add) {
        self.sum += event.n;
    }

    fn sums_read(&mut self, context: &mut sum::Context<'_>, _: sum::sums::Read) {
        let _ = context.emit(sum::sums::Sum { n: self.sum });
    }
}
