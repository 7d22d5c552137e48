//! An object that takes its time to leave.

use std::time::Duration;

use liveobj_sdk::{CreateError, Level, Token, Wake, live_object};

use crate::lingerer::{Context, Parameters};
use crate::template;

const FAREWELL: Token = Token(1);
const STAY: Token = Token(2);
const DONE: Token = Token(3);

struct Lingerer {
    stays: Option<Duration>,
}

#[live_object(template::lingerer)]
impl template::lingerer for Lingerer {
    fn create(
        context: &mut Context<'_>,
        parameters: Parameters<'_>,
    ) -> Result<Lingerer, CreateError> {
        match parameters.last {
            true => context.farewell_last(FAREWELL)?,
            false => context.farewell(FAREWELL)?,
        }
        let stays = (parameters.stays > 0).then(|| Duration::from_millis(parameters.stays));
        Ok(Lingerer { stays })
    }

    fn wake(&mut self, context: &mut Context<'_>, token: Token, wake: Wake<'_>) {
        match (token, wake) {
            (FAREWELL, _) => {
                context.report(Level::Info, "leaves");
                let asked = context.stay(STAY);
                let timed = self.stays.map(|stays| context.timer(DONE, stays));
                if let Err(error) = asked.and(timed.unwrap_or(Ok(()))) {
                    context.fail(&format!("{error}"));
                }
            }
            (DONE, _) => {
                context.report(Level::Info, "is done");
                // It may have been told meanwhile that there is no more time.
                let _ = context.close(STAY);
            }
            (_, Wake::Failed(reason)) => context.report(Level::Info, reason),
            _ => {}
        }
    }
}
