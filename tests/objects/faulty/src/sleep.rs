//! Objects that keep their promises only as long as others keep theirs.

use liveobj_sdk::{CreateError, live_object};

use crate::{dozer, sleeper, template};

struct Sleeper;

#[live_object(template::sleeper)]
impl template::sleeper for Sleeper {
    fn create(
        _: &mut sleeper::Context<'_>,
        _: sleeper::Parameters<'_>,
    ) -> Result<Sleeper, CreateError> {
        Ok(Sleeper)
    }

    fn calm_heard(&mut self, context: &mut sleeper::Context<'_>, _: sleeper::calm::Heard) {
        // Whoever woke it may be gone, here and below.
        let _ = context.emit(sleeper::calm::Said);
    }

    fn quiet_said(&mut self, context: &mut sleeper::Context<'_>, _: sleeper::quiet::Said) {
        let _ = context.emit(sleeper::quiet::Heard);
    }
}

struct Dozer;

#[live_object(template::dozer)]
impl template::dozer for Dozer {
    fn create(_: &mut dozer::Context<'_>, _: dozer::Parameters<'_>) -> Result<Dozer, CreateError> {
        Ok(Dozer)
    }

    fn before_said(&mut self, context: &mut dozer::Context<'_>, _: dozer::before::Said) {
        let _ = context.emit(dozer::next::Said);
    }
}
