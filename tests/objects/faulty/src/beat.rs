//! An object that asks for work again and again.

use std::time::Duration;

use liveobj_sdk::{CreateError, Token, Wake, live_object};

use crate::{metronome, template};

const BEAT: Token = Token(1);

struct Metronome {
    every: Duration,
}

impl Metronome {
    fn wait(&self, context: &mut metronome::Context<'_>) {
        if let Err(error) = context.timer(BEAT, self.every) {
            context.fail(&format!("{error}"));
        }
    }
}

#[live_object(template::metronome)]
impl template::metronome for Metronome {
    fn create(
        context: &mut metronome::Context<'_>,
        parameters: metronome::Parameters<'_>,
    ) -> Result<Metronome, CreateError> {
        let every = Duration::from_millis(parameters.every);
        let metronome = Metronome { every };
        metronome.wait(context);
        Ok(metronome)
    }

    fn wake(&mut self, context: &mut metronome::Context<'_>, _: Token, _: Wake<'_>) {
        // Nobody may be connected.
        let _ = context.emit(metronome::worker::Go {});
        self.wait(context);
    }

    fn worker_done(&mut self, _: &mut metronome::Context<'_>, _: metronome::worker::Done) {}
}
