//! The live object behind `authenticate`.

use liveobj_sdk::{Bytes, CreateError, Opaque, Token, Wake, live_object};

use crate::envelope::Protection;
use crate::guard::Guard;
use crate::{authenticate, template};

type Context<'a> = authenticate::Context<'a>;

/// Tags what goes out, checks what comes in.
pub struct Authenticator {
    guard: Guard,
}

#[live_object(template::authenticate)]
impl template::authenticate for Authenticator {
    fn create(
        context: &mut Context<'_>,
        parameters: authenticate::Parameters<'_>,
    ) -> Result<Self, CreateError> {
        let guard = Guard::new(context, parameters.key, Protection::Authenticated)?;
        Ok(Authenticator { guard })
    }

    fn outer_send(&mut self, context: &mut Context<'_>, event: authenticate::outer::Send<'_>) {
        if let Some(bytes) = self.guard.send(context, &event.message) {
            pass_on(context, &bytes);
        }
    }

    fn inner_receive(
        &mut self,
        context: &mut Context<'_>,
        event: authenticate::inner::Receive<'_>,
    ) {
        if let Some(message) = self.guard.receive(context, &event.message) {
            deliver(context, &message);
        }
    }

    fn wake(&mut self, context: &mut Context<'_>, _: Token, wake: Wake<'_>) {
        let released = self.guard.wake(context, &wake);
        for bytes in &released.out {
            pass_on(context, bytes);
        }
        for message in &released.received {
            deliver(context, message);
        }
    }
}

// Both ends are connected while the adapter stands in a connection; before and after that there is
// nobody to tell.

fn pass_on(context: &mut Context<'_>, bytes: &[u8]) {
    let message = Bytes::new(bytes);
    let _ = context.emit(authenticate::inner::Send { message });
}

fn deliver(context: &mut Context<'_>, message: &[u8]) {
    let message = Opaque::new(message);
    let _ = context.emit(authenticate::outer::Receive { message });
}
