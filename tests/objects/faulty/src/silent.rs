//! A folder that answers nothing, and does not leave.

use liveobj_sdk::{CreateError, Token, Wake, live_object};

use crate::silent_folder::{Context, Parameters, folder};
use crate::template;

const FAREWELL: Token = Token(1);
const STAY: Token = Token(2);

struct Silent;

#[live_object(template::silent_folder)]
impl template::silent_folder for Silent {
    fn create(context: &mut Context<'_>, _: Parameters<'_>) -> Result<Silent, CreateError> {
        context.farewell(FAREWELL)?;
        Ok(Silent)
    }

    fn wake(&mut self, context: &mut Context<'_>, _: Token, wake: Wake<'_>) {
        if wake == Wake::Farewell
            && let Err(error) = context.stay(STAY)
        {
            context.fail(&format!("{error}"));
        }
    }

    fn folder_get(&mut self, _: &mut Context<'_>, _: folder::Get<'_>) {}
}
