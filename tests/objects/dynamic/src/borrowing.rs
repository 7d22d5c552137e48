//! Uses an endpoint that somebody lends, on this node or another.

use liveobj_sdk::{Connection, CreateError, Disconnect, Token, Wake, live_object};

use crate::borrower::{Context, Endpoint, Parameters, borrowing, far};
use crate::template;

/// Owns the connection.
const CONNECTION: Token = Token(1);

struct Borrower {}

#[live_object(template::borrower)]
impl template::borrower for Borrower {
    fn create(_: &mut Context<'_>, _: Parameters<'_>) -> Result<Self, CreateError> {
        Ok(Borrower {})
    }

    fn borrowing_borrow(&mut self, context: &mut Context<'_>, event: borrowing::Borrow<'_>) {
        // What has ended still has the token.
        let _ = context.close(CONNECTION);
        if let Err(error) = context.connect_external(CONNECTION, event.folder, Endpoint::far) {
            refuse(context, &error.to_string());
        }
    }

    fn borrowing_add(&mut self, context: &mut Context<'_>, event: borrowing::Add<'_>) {
        if let Err(error) = context.emit(far::Add { name: event.name }) {
            refuse(context, &error.to_string());
        }
    }

    fn borrowing_give_back(&mut self, context: &mut Context<'_>, _: borrowing::GiveBack) {
        if let Err(error) = context.close(CONNECTION) {
            refuse(context, &error.to_string());
        }
    }

    fn far_added_element(&mut self, context: &mut Context<'_>, event: far::AddedElement<'_>) {
        // Nobody may be listening: that is no fault, here and below.
        let _ = context.emit(borrowing::AddedElement { name: event.name });
    }

    fn wake(&mut self, context: &mut Context<'_>, _: Token, wake: Wake<'_>) {
        match wake {
            Wake::Connected(_) => {
                let _ = context.emit(borrowing::Borrowed {});
            }
            Wake::Failed(reason) => refuse(context, reason),
            _ => {}
        }
    }

    fn disconnected(
        &mut self,
        context: &mut Context<'_>,
        endpoint: Endpoint,
        _: Connection,
        reason: Disconnect,
    ) {
        if endpoint == Endpoint::far {
            let reason = format!("{reason:?}");
            let reason = reason.as_str().into();
            let _ = context.emit(borrowing::Returned { reason });
        }
    }
}

fn refuse(context: &mut Context<'_>, reason: &str) {
    let reason = reason.into();
    let _ = context.emit(borrowing::Refused { reason });
}
