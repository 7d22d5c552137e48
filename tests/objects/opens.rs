//! An object that opens another one.

use std::time::Duration;

use liveobj_sdk::{CreateError, Token, Wake, live_object};

liveobj_sdk::library!("objects/opens.lot", name = "test:opens");

const TERMINAL: Token = Token(0);
const OTHER: Token = Token(1);
const PATIENCE: Token = Token(2);

struct Opener;

#[live_object(template::opener)]
impl template::opener for Opener {
    fn create(
        context: &mut opener::Context<'_>,
        parameters: opener::Parameters<'_>,
    ) -> Result<Self, CreateError> {
        let refused = |error| CreateError::new(format!("{error}"));
        context.terminal_open(TERMINAL).map_err(refused)?;
        context
            .dereference(OTHER, parameters.object)
            .map_err(refused)?;
        let patience = Duration::from_secs(10);
        context.timer(PATIENCE, patience).map_err(refused)?;
        Ok(Opener)
    }

    fn wake(&mut self, context: &mut opener::Context<'_>, token: Token, wake: Wake<'_>) {
        let line = match wake {
            Wake::Opened if token == OTHER => "opened".to_owned(),
            Wake::Failed(reason) => reason.to_owned(),
            Wake::Timer => {
                let closed = context.close(OTHER).is_ok();
                format!("closed: {closed}")
            }
            _ => return,
        };
        let _ = context.terminal_show(TERMINAL, &line);
    }
}
