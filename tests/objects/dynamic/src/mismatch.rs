//! Tries to connect what does not match.

use liveobj_sdk::{CreateError, Token, Wake, live_object};

use crate::misfit::{Context, Endpoint, Parameters, borrowing, far};
use crate::template;

/// Owns the connection that there will never be.
const CONNECTION: Token = Token(1);

struct Misfit {}

#[live_object(template::misfit)]
impl template::misfit for Misfit {
    fn create(_: &mut Context<'_>, _: Parameters<'_>) -> Result<Self, CreateError> {
        Ok(Misfit {})
    }

    fn borrowing_borrow(&mut self, context: &mut Context<'_>, event: borrowing::Borrow<'_>) {
        if let Err(error) = context.connect_external(CONNECTION, event.folder, Endpoint::far) {
            refuse(context, &error.to_string());
        }
    }

    fn borrowing_add(&mut self, _: &mut Context<'_>, _: borrowing::Add<'_>) {}

    fn borrowing_give_back(&mut self, _: &mut Context<'_>, _: borrowing::GiveBack) {}

    fn far_added_element(&mut self, _: &mut Context<'_>, _: far::AddedElement) {}

    fn wake(&mut self, context: &mut Context<'_>, _: Token, wake: Wake<'_>) {
        match wake {
            Wake::Connected(_) => {
                // Nobody may be listening: that is no fault.
                let _ = context.emit(borrowing::Borrowed {});
            }
            Wake::Failed(reason) => refuse(context, reason),
            _ => {}
        }
    }
}

fn refuse(context: &mut Context<'_>, reason: &str) {
    let reason = reason.into();
    let _ = context.emit(borrowing::Refused { reason });
}
