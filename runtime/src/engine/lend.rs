//! Lend: endpoints as values, for other nodes to connect with, and connections with such (thesis,
//! 2.1.4 C). What crosses the network is the host's; here is who may.

use liveobj_abi as abi;
use liveobj_references::ExternalEndpoint;

use super::connect::End;
use super::domain::Domain;
use crate::boundary::calls::{ProxyCell, Wake};
use crate::edge::{Export, Ticket};
use crate::remote;

impl Domain {
    /// Exports an endpoint: the answer is a wake, and the token owns what others can connect with.
    pub(super) fn export(&self, proxy: &ProxyCell, token: u64, export: &Export) -> abi::Status {
        if self.holds(proxy, token) {
            return abi::INVALID;
        }
        let end = match export {
            Export::Own(endpoint) => {
                let end = End {
                    proxy: proxy.number,
                    endpoint: *endpoint,
                };
                match self.is_private(end) {
                    None => return abi::INVALID,
                    Some(false) => end,
                    Some(true) => {
                        let name = self.end_name(&end);
                        let reason = format!(
                            "`{name}` is a private endpoint: nobody but its object connects it"
                        );
                        return self.answer_failed(proxy, token, reason);
                    }
                }
            }
            Export::Child {
                proxy: child,
                endpoint,
            } => match self.child_end(proxy, *child, endpoint) {
                Err(status) => return status,
                Ok(Err(reason)) => return self.answer_failed(proxy, token, reason),
                Ok(Ok(end)) => end,
            },
        };
        match remote::type_text(self, end) {
            Ok(ty) => {
                let ticket = self.link_token(proxy, token);
                self.host.lend(ticket, end, ty);
                abi::OK
            }
            Err(reason) => self.answer_failed(proxy, token, reason),
        }
    }

    /// Connects one of the asking proxy's endpoints with one that somebody exported, in this domain
    /// or elsewhere. The answer is a wake.
    pub(super) fn connect_external(
        &self,
        proxy: &ProxyCell,
        token: u64,
        external: &str,
        own: u32,
    ) -> abi::Status {
        let own = End {
            proxy: proxy.number,
            endpoint: own,
        };
        if self.holds(proxy, token) || self.is_private(own).is_none() {
            return abi::INVALID;
        }
        let there = match ExternalEndpoint::read(external) {
            Ok(there) => there,
            Err(reason) => return self.answer_failed(proxy, token, reason),
        };
        if let Some(end) = self.host.lent_here(&there.capability) {
            if self.is_being_created(proxy) {
                // It has no `self` yet that events could be handed to, and the other parts of its
                // instance are not connected.
                let ticket = self.link_token(proxy, token);
                self.later(move |domain| domain.connect_created(ticket, own, end));
                return abi::OK;
            }
            return self.connect_own(proxy, token, own, end);
        }
        match remote::type_text(self, own) {
            Ok(ty) => {
                let ticket = self.link_token(proxy, token);
                self.host.reach(ticket, own, ty, there);
                abi::OK
            }
            Err(reason) => self.answer_failed(proxy, token, reason),
        }
    }

    /// Whether the constructor of a proxy runs.
    fn is_being_created(&self, proxy: &ProxyCell) -> bool {
        self.proxy(proxy.number)
            .is_some_and(|proxy| proxy.creating.get())
    }

    /// Connects what a constructor wanted to be connected, if that is still wanted.
    fn connect_created(&self, ticket: Ticket, own: End, end: End) {
        if !self.awaits(ticket) {
            return;
        }
        match self.match_and_connect(own, end) {
            Ok(connection) => {
                self.start_ready();
                self.notify_connected(connection);
                self.link_connected(ticket, connection);
            }
            Err(reason) => self.answer(ticket, Wake::Failed(reason)),
        }
    }

    /// Whether an endpoint is a private one; none if there is no such endpoint.
    fn is_private(&self, end: End) -> Option<bool> {
        let proxy = self.proxy(end.proxy)?;
        Some(proxy.endpoints.get(end.endpoint as usize)?.private)
    }
}
