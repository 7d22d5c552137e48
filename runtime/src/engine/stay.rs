//! Stay: proxies that are about to end are woken in their stage, and may need time. What that keeps from
//! being disconnected, and for how long: `farewell.rs`.

use std::collections::BTreeSet;
use std::time::Duration;

use liveobj_abi as abi;

use super::domain::Domain;
use super::request::{Token, TokenKind};
use super::save::DOMAIN;
use crate::boundary::calls::{ProxyCell, Wake};
use crate::edge::{Request, Stage, Ticket};
use crate::report::Level;

/// Objects that are named at most when their time is up.
const MOST_NAMED: usize = 10;
/// Why nobody stays any longer.
const TIME_IS_UP: &str = "its time for a farewell is up";

/// What proxies ask for.
impl Domain {
    /// A proxy wants to be woken when it is about to end.
    pub(super) fn ask_farewell(&self, proxy: &ProxyCell, token: u64, stage: Stage) -> abi::Status {
        if self.holds(proxy, token) || self.farewell_of(proxy.number).is_some() {
            return abi::INVALID;
        }
        if self.is_leaving(proxy.number) {
            return abi::STALE;
        }
        self.trace_request(proxy, token, &Request::Farewell(stage));
        let (ticket, kind) = (self.number(), TokenKind::Farewell(stage));
        let key = (proxy.number, token);
        self.tokens.borrow_mut().insert(key, Token { ticket, kind });
        self.inbox.add_farewell(stage);
        abi::OK
    }

    /// Under which ticket, and in which stage, a proxy has asked to be woken when it is about to end.
    pub(super) fn farewell_of(&self, proxy: u64) -> Option<(Ticket, Stage)> {
        let tokens = self.tokens.borrow();
        let mut own = tokens.range((proxy, 0)..=(proxy, u64::MAX));
        own.find_map(|((_, token), known)| match known.kind {
            TokenKind::Farewell(stage) => {
                let (token, ticket) = (*token, known.ticket);
                let ticket = Ticket {
                    proxy,
                    token,
                    ticket,
                };
                Some((ticket, stage))
            }
            _ => None,
        })
    }

    /// From now on a proxy stays under a token.
    fn note_stay(&self, proxy: &ProxyCell, token: u64) {
        let (ticket, kind) = (self.number(), TokenKind::Stay);
        let key = (proxy.number, token);
        self.tokens.borrow_mut().insert(key, Token { ticket, kind });
    }

    /// From now on a proxy stays no longer: its requests to do so are to be answered.
    fn end_stays(&self, proxy: u64) -> Vec<Ticket> {
        let mut tokens = self.tokens.borrow_mut();
        let own = tokens.range_mut((proxy, 0)..=(proxy, u64::MAX));
        let stays = own.filter(|(_, token)| token.kind == TokenKind::Stay);
        let ended = stays.map(|((_, token), known)| {
            // Given back as soon as the proxy has heard of it.
            known.kind = TokenKind::File;
            Ticket {
                proxy,
                token: *token,
                ticket: known.ticket,
            }
        });
        ended.collect()
    }

    /// The proxies that stay.
    fn who_stays(&self) -> BTreeSet<u64> {
        let tokens = self.tokens.borrow();
        let stays = tokens.iter().filter(|(_, it)| it.kind == TokenKind::Stay);
        stays.map(|((proxy, _), _)| *proxy).collect()
    }

    /// A proxy needs time before it is disconnected.
    pub(super) fn ask_stay(&self, proxy: &ProxyCell, token: u64) -> abi::Status {
        if self.holds(proxy, token) {
            return abi::INVALID;
        }
        let instance = self.proxy(proxy.number).map(|proxy| proxy.instance);
        let Some(number) = instance.and_then(|instance| self.parting_of(instance)) else {
            return abi::INVALID;
        };
        let late = {
            let partings = self.partings.borrow();
            partings.all.get(&number).map(|parting| parting.is_late)
        };
        let Some(late) = late else {
            return abi::STALE;
        };
        self.trace_request(proxy, token, &Request::Stay);
        if late {
            return self.answer_failed(proxy, token, TIME_IS_UP.to_owned());
        }
        self.note_stay(proxy, token);
        self.hold(instance.unwrap_or_default());
        self.wait_for_the_end_of(number);
        abi::OK
    }
}

/// What holds a parting.
impl Domain {
    /// An instance is not disconnected before [`Domain::release`] is called as often.
    pub(super) fn hold(&self, instance: u64) {
        self.count_held(instance, true);
        let Some(number) = self.parting_of(instance) else {
            return;
        };
        if let Some(parting) = self.partings.borrow_mut().all.get_mut(&number) {
            parting.held += 1;
            parting.stayed = true;
        }
    }

    /// One less holds an instance.
    pub(super) fn release(&self, instance: u64) {
        self.count_held(instance, false);
        let Some(number) = self.parting_of(instance) else {
            return;
        };
        if let Some(parting) = self.partings.borrow_mut().all.get_mut(&number) {
            parting.held -= 1;
        }
        self.look_at(number);
    }

    /// A parting holds what its domain ends as a whole, so that this is there as long as it is.
    pub(super) fn hold_by_all(&self, number: u64) {
        let others: Vec<u64> = {
            let mut partings = self.partings.borrow_mut();
            let others = partings.all.iter_mut();
            let free = others.filter(|(other, it)| **other != number && it.holds.is_none());
            free.map(|(other, parting)| {
                parting.holds = Some(number);
                *other
            })
            .collect()
        };
        for _ in others {
            self.hold(number);
        }
    }
}

/// How long that may take.
impl Domain {
    /// Asks to be told when the time for a parting is up.
    fn wait_for_the_end_of(&self, number: u64) {
        let mut partings = self.partings.borrow_mut();
        let parting = partings.all.get_mut(&number);
        let Some(parting) = parting.filter(|parting| parting.timer.is_none()) else {
            return;
        };
        let ticket = Ticket {
            proxy: DOMAIN,
            token: number,
            ticket: self.number(),
        };
        parting.timer = Some(ticket);
        let left = parting.deadline.saturating_sub(self.host.now(false));
        drop(partings);
        self.host.request(ticket, Request::Timer(left));
    }

    /// The time for a parting has come: those who still stay are named.
    pub(super) fn time_has_come(&self, number: u64) {
        let stayed = self.stay_no_longer(number);
        let within = Duration::from_nanos(self.host.leave_within());
        for (count, object) in stayed.iter().enumerate() {
            if count == MOST_NAMED {
                let more = stayed.len() - count;
                let text = format!("{more} more had not left either");
                self.say(Level::Warning, String::new(), text);
                return;
            }
            let text = format!("it had not left after {within:?}, and is closed as it is");
            self.say(Level::Warning, object.clone(), text);
        }
    }

    /// From now on nobody stays any longer in this domain.
    pub(crate) fn hurry(&self) {
        let numbers: Vec<u64> = {
            let mut partings = self.partings.borrow_mut();
            partings.limit = Some(0);
            partings.all.keys().copied().collect()
        };
        for number in numbers {
            self.stay_no_longer(number);
        }
    }

    /// Whatever ends from now on, nobody stays longer than the host allows from now on.
    pub(super) fn limit_partings(&self) {
        let limit = self
            .host
            .now(false)
            .saturating_add(self.host.leave_within());
        self.partings.borrow_mut().limit.get_or_insert(limit);
    }

    /// Tells those who stay that there is no more time; gives what they are called.
    fn stay_no_longer(&self, number: u64) -> Vec<String> {
        let timer = {
            let mut partings = self.partings.borrow_mut();
            let Some(parting) = partings.all.get_mut(&number) else {
                return Vec::new();
            };
            parting.is_late = true;
            parting.timer.take()
        };
        if let Some(timer) = timer {
            self.host.close(timer);
        }
        let mut stayed = Vec::new();
        self.with_condemned(number, |condemned| {
            for proxy in condemned.iter().flat_map(|it| self.proxies_of(it)) {
                let tickets = self.end_stays(proxy.cell.number);
                if !tickets.is_empty() {
                    stayed.push(proxy.cell.label.to_string());
                }
                for ticket in tickets {
                    self.answer(ticket, Wake::Failed(TIME_IS_UP.to_owned()));
                    self.release(proxy.instance);
                }
            }
        });
        stayed
    }

    /// Who stays, by path.
    pub(crate) fn staying(&self) -> Vec<String> {
        let staying = self.who_stays().into_iter();
        let staying = staying.filter_map(|proxy| self.proxy(proxy));
        staying.map(|proxy| proxy.cell.label.to_string()).collect()
    }
}
