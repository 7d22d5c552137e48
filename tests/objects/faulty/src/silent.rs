//! A folder that answers nothing.

use liveobj_sdk::{CreateError, live_object};

use crate::silent_folder::{Context, Parameters, folder};
use crate::template;

struct Silent;

#[live_object(template::silent_folder)]
impl template::silent_folder for Silent {
    fn create(_: &mut Context<'_>, _: Parameters<'_>) -> Result<Silent, CreateError> {
        Ok(Silent)
    }

    fn folder_get(&mut self, _: &mut Context<'_>, _: folder::Get<'_>) {}
}
