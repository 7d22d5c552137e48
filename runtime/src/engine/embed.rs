//! Embed: what an embedder's end emits.

use liveobj_types::Data;

use super::connect::End;
use super::domain::Domain;
use crate::boundary::memory::Keeper;

impl Domain {
    /// Whether an endpoint has a connection.
    pub(crate) fn is_taken(&self, end: End) -> bool {
        self.proxy(end.proxy)
            .is_some_and(|proxy| proxy.connections.count(end.endpoint) > 0)
    }

    /// Keeps how the events of an embedder's end are laid out.
    pub(crate) fn keep_for_embedder(&self, proxy: u64, keepers: Vec<Keeper>) {
        if let Some(proxy) = self.proxy(proxy) {
            *proxy.keepers.borrow_mut() = keepers;
        }
    }

    /// Emits as the embedder's end, in a turn of its own.
    pub(crate) fn emit_for_embedder(&self, proxy: u64, event: u32, payload: &Data) {
        let Some(proxy) = self.proxy(proxy) else {
            return;
        };
        let keeper = proxy.keepers.borrow().get(event as usize).cloned();
        if let Some(payload) = keeper.and_then(|keeper| keeper.write(payload)) {
            // The first event of its chain of causes.
            proxy.cell.event.set(0);
            self.pulse.beat(proxy.cell.number);
            proxy.cell.emit(0, event, payload.lent());
        }
    }
}
