//! Casts to the argument of its type parameter.

use liveobj_sdk::{CreateError, live_object};

use crate::sorter::{Context, Item, Parameters, sorting};
use crate::template;

struct Sorter {}

#[live_object(template::sorter)]
impl template::sorter for Sorter {
    fn create(_: &mut Context<'_>, _: Parameters<'_>) -> Result<Self, CreateError> {
        Ok(Sorter {})
    }

    fn sorting_offer(&mut self, context: &mut Context<'_>, event: sorting::Offer<'_>) {
        // Nobody may be listening: that is no fault.
        let _ = match context.cast::<Item>(event.object) {
            Ok(item) => {
                let object = item.lend();
                context.emit(sorting::Taken { object })
            }
            Err(error) => {
                let reason = error.reason().into();
                context.emit(sorting::Refused { reason })
            }
        };
    }
}
