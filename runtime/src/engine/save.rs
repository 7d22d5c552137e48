//! Save: proxies with a state are saved after turns in which they ran, at most so often, and once more
//! before they are destroyed. What was saved goes to the outside, which keeps it.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use liveobj_abi as abi;
use liveobj_types::ValueId;
use sha2::{Digest, Sha256};

use super::create::Proxy;
use super::domain::Domain;
use crate::boundary::calls::{DEAD, RUNNING};
use crate::boundary::memory::Kept;
use crate::edge::{Request, Ticket};
use crate::report::Level;
use crate::state::{Heading, Saved};

/// Proxy number under which the domain itself asks the outside for something; proxies begin at 1.
pub(super) const DOMAIN: u64 = 0;
/// The domain's token for the time of the next save.
const NEXT_SAVE: u64 = 0;
/// Saving takes at most one in so many parts of a domain's time.
const SHARE: u64 = 10;

/// What is known of the state of a new proxy.
pub(crate) struct StatePlan {
    /// Its type, in the domain's arena.
    pub(crate) ty: ValueId,
    /// Under which heading it is kept; none where it is not.
    pub(crate) heading: Option<Arc<Heading>>,
    /// The state to go on from, in layout 1.
    pub(crate) resumed: Option<Kept>,
}

/// The state of a proxy.
pub(super) struct ProxyState {
    ty: ValueId,
    heading: Option<Arc<Heading>>,
    /// It was said that what `save` gives is of no use.
    complained: Cell<bool>,
}

impl ProxyState {
    pub(super) fn new(plan: &StatePlan) -> ProxyState {
        ProxyState {
            ty: plan.ty,
            heading: plan.heading.clone(),
            complained: Cell::new(false),
        }
    }
}

/// When a domain saves.
pub(super) struct Saving {
    /// In the order of construction.
    proxies: Vec<Rc<Proxy>>,
    /// Nanoseconds between two saves.
    every: u64,
    /// Not before this, on the monotonic clock.
    next: u64,
    /// A wake is on its way.
    waiting: bool,
}

impl Domain {
    /// From now on the proxies of an instance are saved. Nanoseconds.
    pub(crate) fn keep_states(&self, instance: u64, every: u64) {
        let proxies = self.proxies.borrow();
        let kept = proxies.in_order().into_iter().filter(|proxy| {
            let state = proxy.state.as_ref();
            proxy.instance == instance && state.is_some_and(|state| state.heading.is_some())
        });
        let kept = kept.cloned().collect();
        *self.saving.borrow_mut() = Some(Saving {
            proxies: kept,
            every,
            next: 0,
            waiting: false,
        });
    }

    /// Saves what ran if it is time to, or asks to be woken when it is. After each turn.
    pub(super) fn save_when_due(&self) {
        let mut saving = self.saving.borrow_mut();
        let Some(saving) = &mut *saving else { return };
        let due = |proxy: &Rc<Proxy>| proxy.cell.has_run() && proxy.cell.busy.get() & DEAD == 0;
        if saving.waiting || !saving.proxies.iter().any(due) {
            return;
        }
        let now = self.host.now(false);
        // At once as well, but not before others have had their turn.
        let delay = saving.next.saturating_sub(now);
        saving.waiting = true;
        let ticket = Ticket {
            proxy: DOMAIN,
            token: NEXT_SAVE,
            ticket: self.number(),
        };
        self.host.request(ticket, Request::Timer(delay));
    }

    /// A wake of the domain's own has come.
    pub(super) fn woken(&self, token: u64) {
        match token {
            NEXT_SAVE => self.save_all(),
            // Instances begin at 1.
            parting => self.time_has_come(parting),
        }
    }

    /// Saves every proxy that is saved and ran since.
    pub(crate) fn save_all(&self) {
        let (proxies, every) = match &mut *self.saving.borrow_mut() {
            Some(saving) => {
                saving.waiting = false;
                (saving.proxies.clone(), saving.every)
            }
            None => return,
        };
        let begun = self.host.now(false);
        for proxy in proxies {
            if proxy.cell.has_run() {
                self.save(&proxy);
            }
        }
        let ended = self.host.now(false);
        if let Some(saving) = &mut *self.saving.borrow_mut() {
            let pause = every.max(ended.saturating_sub(begun).saturating_mul(SHARE));
            saving.next = ended.saturating_add(pause);
        }
    }

    /// Saves a proxy for the last time. None of the instance's other proxies is gone yet.
    pub(super) fn save_last(&self, proxy: &Rc<Proxy>) {
        let kept = match &mut *self.saving.borrow_mut() {
            Some(saving) if proxy.state.is_some() => {
                // The youngest goes first, so it is near the end.
                let mut kept = saving.proxies.iter();
                let at = kept.rposition(|other| Rc::ptr_eq(other, proxy));
                at.map(|at| saving.proxies.remove(at)).is_some()
            }
            _ => false,
        };
        if kept && proxy.cell.has_run() {
            self.save(proxy);
        }
    }

    fn save(&self, proxy: &Rc<Proxy>) {
        let Some(state) = &proxy.state else { return };
        let Some(heading) = &state.heading else {
            return;
        };
        let Some(bytes) = self.state_of(proxy, state) else {
            return;
        };
        let heading = heading.clone();
        self.host.keep_state(Saved { heading, bytes });
    }

    /// The state of a proxy in wire form; none where it cannot be had, which was reported.
    fn state_of(&self, proxy: &Rc<Proxy>, state: &ProxyState) -> Option<Vec<u8>> {
        if proxy.cell.busy.get() & (DEAD | RUNNING) != 0 {
            return None;
        }
        self.pulse.beat(proxy.cell.number);
        let reason = match proxy.cell.save() {
            Ok(bytes) => match self.types.borrow().decode(state.ty, &bytes) {
                Ok(_) => {
                    state.complained.set(false);
                    return Some(bytes);
                }
                Err(error) => format!("what `save` gave is not a value of its type: {error}"),
            },
            Err(status) if status < abi::OK => {
                self.fail(&proxy.cell, status);
                return None;
            }
            Err(abi::INVALID) => "what `save` gave cannot be read".to_owned(),
            Err(status) => format!("`save` answered {status}"),
        };
        if !state.complained.replace(true) {
            let text = format!("its state is not saved: {reason}");
            self.say(Level::Error, proxy.cell.label.to_string(), text);
        }
        None
    }

    /// Digests of all proxies that have a state, with their paths, in the order of construction.
    /// Equal states of one type have equal digests.
    pub(crate) fn digests(&self) -> Vec<(String, [u8; 32])> {
        let proxies = self.all_proxies();
        let mut digests = Vec::new();
        for proxy in proxies {
            let Some(state) = &proxy.state else { continue };
            let digest = match proxy.cell.digest() {
                Some(Ok(digest)) => Some(digest),
                Some(Err(status)) => {
                    if status < abi::OK {
                        self.fail(&proxy.cell, status);
                    }
                    None
                }
                None => self
                    .state_of(&proxy, state)
                    .map(|bytes| Sha256::digest(bytes).into()),
            };
            digests.extend(digest.map(|digest| (proxy.cell.label.to_string(), digest)));
        }
        digests
    }
}
