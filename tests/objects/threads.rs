//! A library that says that it runs threads of its own.

use liveobj_sdk::{CreateError, live_object};

liveobj_sdk::library!("objects/threads.lot", name = "test:threads", threads);

struct Threaded;

#[live_object(template::threaded)]
impl template::threaded for Threaded {
    fn create(
        _: &mut threaded::Context<'_>,
        _: threaded::Parameters<'_>,
    ) -> Result<Self, CreateError> {
        // No test survives this: it must not be reached.
        std::process::abort();
    }
}
