//! Thesis, Code 2.1, with the numbers of its lines.

use liveobj_sdk::{Connection, CreateError, Disconnect, Token, Wake, live_object};

use crate::template;
use crate::watcher::{Context, Endpoint, Parameters, my_ep, objects};

/// What owns the folder's proxy.
const FOLDER: Token = Token(1);
/// What owns the connection with it.
const MY_CONNECTION: Token = Token(2);

struct Watcher {
    watched: bool,
}

#[live_object(template::watcher)]
impl template::watcher for Watcher {
    fn create(_: &mut Context<'_>, _: Parameters<'_>) -> Result<Self, CreateError> {
        Ok(Watcher { watched: false })
    }

    // 01: the handler of an event that carries a reference to another object.
    fn objects_receive_object(
        &mut self,
        context: &mut Context<'_>,
        event: objects::ReceiveObject<'_>,
    ) {
        // 06: dereferencing creates a proxy of the folder here; `wake` tells when it runs.
        if context.dereference(FOLDER, event.object).is_err() {
            refuse(context, "a folder is watched already");
        }
    }

    fn objects_add(&mut self, context: &mut Context<'_>, event: objects::Add<'_>) {
        if context.emit(my_ep::Add { name: event.name }).is_err() {
            refuse(context, "no folder is watched");
        }
    }

    fn objects_dispose(&mut self, context: &mut Context<'_>, _: objects::Dispose) {
        // Disposing of the connection disconnects; then nobody needs the proxy any more.
        if context.close(MY_CONNECTION).is_err() || context.close(FOLDER).is_err() {
            refuse(context, "no folder is watched");
        }
    }

    fn wake(&mut self, context: &mut Context<'_>, token: Token, wake: Wake<'_>) {
        match (token, wake) {
            (FOLDER, Wake::Opened) => {
                // 07, 08, 10: the folder's endpoint by its name, an endpoint of our own, and a
                // connection of both. 11: `MY_CONNECTION` stands for it from now on.
                if let Err(error) =
                    context.connect(MY_CONNECTION, FOLDER, "folder", Endpoint::my_ep)
                {
                    refuse(context, &error.to_string());
                }
            }
            (MY_CONNECTION, Wake::Connected(_)) => {
                // Nobody may be listening: that is no fault, here and below.
                let _ = context.emit(objects::Watching {});
            }
            (MY_CONNECTION, Wake::Failed(reason)) => {
                refuse(context, reason);
                let _ = context.close(FOLDER);
            }
            (FOLDER, Wake::Failed(reason)) => refuse(context, reason),
            _ => {}
        }
    }

    // 09: what the folder sends to the private endpoint is handled here.
    fn my_ep_added_element(&mut self, context: &mut Context<'_>, event: my_ep::AddedElement<'_>) {
        let _ = context.emit(objects::AddedElement { name: event.name });
    }

    fn connected(&mut self, _: &mut Context<'_>, endpoint: Endpoint, _: Connection) {
        self.watched |= endpoint == Endpoint::my_ep;
    }

    fn disconnected(
        &mut self,
        context: &mut Context<'_>,
        endpoint: Endpoint,
        _: Connection,
        _: Disconnect,
    ) {
        if endpoint == Endpoint::my_ep {
            self.watched = false;
            let _ = context.emit(objects::Unwatched {});
        }
    }
}

fn refuse(context: &mut Context<'_>, reason: &str) {
    let reason = reason.into();
    let _ = context.emit(objects::Refused { reason });
}
