//! Thesis, Code 2.1, with the numbers of its lines.

use liveobj_sdk::{Connection, CreateError, Disconnect, Token, Wake, live_object};

use crate::watcher::{Context, Endpoint, Parameters, my_ep, objects};
use crate::{template, types};

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
        // 03: reflection.
        if !context.is_a::<types::SharedFolder>(event.object) {
            refuse(context, "it is no shared folder");
            return;
        }
        // 05: the cast; what is hidden then is still there.
        let folder = match context.cast::<types::SharedFolder>(event.object) {
            Ok(folder) => folder,
            Err(error) => return refuse(context, error.reason()),
        };
        // 06: dereferencing creates a proxy of the folder here; `wake` tells when it runs.
        if context.dereference(FOLDER, folder.lend()).is_err() {
            refuse(context, "a folder is watched already");
        }
    }

    fn objects_receive_folder(
        &mut self,
        context: &mut Context<'_>,
        event: objects::ReceiveFolder<'_>,
    ) {
        // 05 and 06 in one: what it is not is told by `Wake::Failed`.
        let taken = context.dereference_as::<types::SharedFolder>(FOLDER, event.object);
        if taken.is_err() {
            refuse(context, "a folder is watched already");
        }
    }

    fn objects_describe(&mut self, context: &mut Context<'_>, event: objects::Describe<'_>) {
        let text = match context.inspect(event.object) {
            Ok(found) => {
                let endpoints = found.endpoints.iter().map(|endpoint| {
                    let many = if endpoint.many { " many" } else { "" };
                    format!("{}: {}{many}", endpoint.name, endpoint.ty)
                });
                let endpoints: Vec<String> = endpoints.collect();
                format!("{} {{ {} }}", found.name, endpoints.join("; "))
            }
            Err(error) => error.to_string(),
        };
        let text = text.as_str().into();
        let _ = context.emit(objects::Described { text });
    }

    fn objects_hide(&mut self, context: &mut Context<'_>, event: objects::Hide<'_>) {
        match context.cast::<types::Nothing>(event.object) {
            Ok(hidden) => {
                let object = hidden.lend();
                let _ = context.emit(objects::Hidden { object });
            }
            Err(error) => refuse(context, error.reason()),
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
