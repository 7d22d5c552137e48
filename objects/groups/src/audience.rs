//! Which connections have been shown a view.

use std::collections::BTreeSet;

use liveobj_sdk::{Connection, Context, OutEvent, Template};

/// Connections of an endpoint at which messages are received in views: none is received at a connection
/// before it has been shown a view.
#[derive(Debug, Default)]
pub(crate) struct Audience {
    shown: BTreeSet<Connection>,
    /// They came since the last view.
    waiting: BTreeSet<Connection>,
}

impl Audience {
    pub(crate) fn connected(&mut self, connection: Connection) {
        self.waiting.insert(connection);
    }

    pub(crate) fn disconnected(&mut self, connection: Connection) {
        self.shown.remove(&connection);
        self.waiting.remove(&connection);
    }

    /// Shows a view at all connections.
    pub(crate) fn show<T: Template>(
        &mut self,
        context: &mut Context<'_, T>,
        view: impl OutEvent<T>,
    ) {
        self.shown.append(&mut self.waiting);
        // Without a connection there is nobody to show it to.
        let _ = context.emit(view);
    }

    /// Lets a message be received at the connections that have been shown a view.
    pub(crate) fn tell<T: Template, E: OutEvent<T> + Copy>(
        &self,
        context: &mut Context<'_, T>,
        message: E,
    ) {
        if self.waiting.is_empty() {
            // As above.
            let _ = context.emit(message);
            return;
        }
        for connection in &self.shown {
            // One that is gone receives nothing.
            let _ = context.emit_to(*connection, message);
        }
    }
}
