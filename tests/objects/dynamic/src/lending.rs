//! Lends endpoints to other nodes (thesis, 2.1.4 C).

use liveobj_sdk::{Connection, CreateError, Disconnect, Document, Token, Wake, live_object};

use crate::lender::{Context, Endpoint, Parameters, folder, inner, lending};
use crate::template;

/// Owns what is lent.
const LOAN: Token = Token(1);
/// Owns the folder whose endpoint is lent.
const FOLDER: Token = Token(2);

struct Lender {}

#[live_object(template::lender)]
impl template::lender for Lender {
    fn create(_: &mut Context<'_>, _: Parameters<'_>) -> Result<Self, CreateError> {
        Ok(Lender {})
    }

    fn lending_lend(&mut self, context: &mut Context<'_>, _: lending::Lend) {
        if let Err(error) = context.export_own(LOAN, Endpoint::folder) {
            refuse(context, &error.to_string());
        }
    }

    fn lending_lend_private(&mut self, context: &mut Context<'_>, _: lending::LendPrivate) {
        if let Err(error) = context.export_own(LOAN, Endpoint::inner) {
            refuse(context, &error.to_string());
        }
    }

    fn lending_lend_inner(&mut self, context: &mut Context<'_>, event: lending::LendInner<'_>) {
        if let Err(error) = context.dereference(FOLDER, event.object) {
            refuse(context, &error.to_string());
        }
    }

    fn lending_add(&mut self, context: &mut Context<'_>, event: lending::Add<'_>) {
        // Nobody may be connected: that is no fault, here and below.
        let _ = context.emit(folder::AddedElement { name: event.name });
    }

    fn lending_stop(&mut self, context: &mut Context<'_>, _: lending::Stop) {
        if let Err(error) = context.close(LOAN) {
            refuse(context, &error.to_string());
        }
    }

    fn folder_add(&mut self, context: &mut Context<'_>, event: folder::Add<'_>) {
        let _ = context.emit(lending::Added { name: event.name });
        let _ = context.emit(folder::AddedElement { name: event.name });
    }

    fn inner_added_element(&mut self, _: &mut Context<'_>, _: inner::AddedElement<'_>) {}

    fn connected(&mut self, context: &mut Context<'_>, endpoint: Endpoint, _: Connection) {
        if endpoint == Endpoint::folder {
            let _ = context.emit(lending::Joined {});
        }
    }

    fn disconnected(
        &mut self,
        context: &mut Context<'_>,
        endpoint: Endpoint,
        _: Connection,
        reason: Disconnect,
    ) {
        if endpoint == Endpoint::folder {
            let reason = format!("{reason:?}");
            let reason = reason.as_str().into();
            let _ = context.emit(lending::Left { reason });
        }
    }

    fn wake(&mut self, context: &mut Context<'_>, token: Token, wake: Wake<'_>) {
        match (token, wake) {
            (FOLDER, Wake::Opened) => {
                if let Err(error) = context.export(LOAN, FOLDER, "folder") {
                    refuse(context, &error.to_string());
                }
            }
            (LOAN, Wake::Exported(document)) => {
                let folder = Document::new(document.as_bytes());
                let _ = context.emit(lending::Lent { folder });
            }
            (_, Wake::Failed(reason)) => refuse(context, reason),
            _ => {}
        }
    }
}

fn refuse(context: &mut Context<'_>, reason: &str) {
    let reason = reason.into();
    let _ = context.emit(lending::Refused { reason });
}
