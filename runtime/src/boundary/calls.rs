//! Proxies and links as the tables see them, and every call into a table.
//!
//! Invariants that the rest of the engine keeps, and on which the blocks below rest:
//! - A [`ProxyCell`] (in its [`Proxy`]) and a [`LinkCell`] live in an `Rc` and never move; their first
//!   words are the `lo_context` and the `lo_link` that the proxy is handed, as those of a [`FixedCell`].
//! - A proxy's table and `this` are valid from `create` until `destroy`, which is called at most
//!   once, with nothing of the domain running. After that [`ProxyCell::gone`] is set, and no
//!   call is made.
//! - A link that a running handler may still hold is kept until the end of the turn.
//! - All of it stays on the domain's thread.

mod endpoints;
mod state;
mod usage;

use std::cell::Cell;
use std::ffi::c_void;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64};

use liveobj_abi as abi;

use super::host::HOST;
use super::memory::Keeper;
use super::native::NativeProxy;
pub(crate) use super::receiver::{HandledBy, Receiver, Receivers};
use super::roster::{Place, Shown};
pub(crate) use super::wake::Wake;
use super::{Trust, emit};
use crate::engine::create::Proxy;
use crate::engine::crossing::Outgoing;
use crate::engine::domain::Domain;
use crate::loading::Loaded;
use crate::trace::TracedLink;
use crate::watchdog::Pulse;
use endpoints::Endpoints;
pub(crate) use endpoints::FixedCell;
pub(crate) use usage::COUNTS;

/// [`ProxyCell::busy`]: a function of the proxy is running. Added and taken away, not set and
/// cleared: a compiler would set a bit in one byte of the word, and to read the whole word just
/// after that takes longer than all the rest of a delivery.
pub(crate) const RUNNING: u32 = 1 << 28;
/// [`ProxyCell::busy`]: a mandatory endpoint is not connected yet.
pub(crate) const HELD: u32 = 1 << 30;
/// [`ProxyCell::busy`]: it failed, or was destroyed; nothing is delivered to it.
pub(crate) const DEAD: u32 = 1 << 29;

/// A payload in layout 1, lent for the call; NULL where there are no parameters.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lent(pub(super) *const c_void);

impl Lent {
    /// That of an event without parameters.
    pub(crate) const NONE: Lent = Lent(std::ptr::null());

    /// A payload that the memory of this crate laid out.
    pub(in crate::boundary) fn new(data: *const c_void) -> Lent {
        Lent(data)
    }
}

/// The code of a proxy.
#[derive(Clone)]
pub(crate) struct Table {
    object: &'static abi::Object,
    trust: Trust,
    /// What must stay mapped.
    library: Option<Arc<Loaded>>,
}

impl Table {
    /// The code behind an object table. Linked-in and verified tables only: those of libraries come
    /// through `loading`.
    pub(crate) fn new(object: &'static abi::Object) -> Table {
        Table {
            object,
            trust: Trust::Typed,
            library: None,
        }
    }

    /// The same, part of a library that is not unloaded while the table or a proxy of it exists.
    pub(crate) fn held_by(self, library: Arc<Loaded>) -> Table {
        Table {
            library: Some(library),
            ..self
        }
    }

    /// The same, of which no more is believed than this.
    pub(crate) fn trusted(self, trust: Trust) -> Table {
        Table { trust, ..self }
    }

    /// Number of endpoints.
    pub(crate) fn endpoints(&self) -> usize {
        self.object.endpoints as usize
    }
}

/// A proxy as the tables see it.
#[repr(C)]
pub(crate) struct ProxyCell {
    context: Cell<abi::Context>,
    domain: *const Domain,
    /// Tells other threads of it until it is dropped.
    pulse: Arc<Pulse>,
    /// 0: ready for a delivery at once. Else [`RUNNING`], [`HELD`], [`DEAD`], and in the low bits
    /// the number of deliveries that wait for it.
    pub(crate) busy: Shown<AtomicU32>,
    /// Number of the event that it handles.
    pub(crate) event: Shown<AtomicU64>,
    this: Cell<*mut c_void>,
    table: &'static abi::Object,
    /// How far what it emits is believed.
    pub(super) trust: Trust,
    /// Where the table lies.
    _library: Option<Arc<Loaded>>,
    native: Option<NativeProxy>,
    gone: Cell<bool>,
    /// Whether a function other than a handler ran since it was saved; handlers set `event`.
    ran: Cell<bool>,
    /// `event` when it was saved.
    saved_event: Cell<u64>,
    /// Its number in the domain, never used again.
    pub(crate) number: u64,
    /// Path in the opened reference, for people.
    pub(crate) label: Arc<str>,
    endpoints: Endpoints,
    identity: [u8; 32],
    /// Nanoseconds that its functions ran, and how often they were called: while somebody watches.
    time: Cell<u64>,
    calls: Cell<u64>,
    /// Where it stands among those that other threads see.
    pub(super) place: Place,
}

/// A link of a connection, as the tables see it: one direction.
#[repr(C)]
pub(crate) struct LinkCell {
    emit: Cell<EmitFunction>,
    domain: *const Domain,
    /// `receivers`, so that nobody asks how they are kept.
    list: Cell<*const Receiver>,
    count: usize,
    /// The connection.
    pub(crate) connection: u64,
    target: Option<Rc<Proxy>>,
    /// Its cell, for [`emit::direct`], which keeps one pointer in place of two; NULL where there is none.
    to: *const ProxyCell,
    closed: Cell<bool>,
    /// What a queued connection carries it with.
    pub(crate) crossing: Option<Box<Outgoing>>,
    /// Emissions that were refused, because there is no such event or the payload is none of it.
    pub(crate) refused: Cell<u64>,
    /// Names of its ends and events, where somebody traces.
    pub(crate) traced: Option<Box<TracedLink>>,
    /// `emit` while nobody watches.
    plain: EmitFunction,
    /// Events that passed while somebody watched.
    passed: Cell<u64>,
    /// Where they go. Neither changes nor moves.
    receivers: Receivers,
}

pub(super) type EmitFunction =
    unsafe extern "C" fn(*mut abi::Link, *mut abi::Context, u32, *const c_void) -> abi::Status;

/// The code of a new proxy.
pub(crate) enum Code {
    /// A library's.
    Table(Table),
    /// The runtime's own.
    Native(NativeProxy),
}

fn context(endpoints: &Endpoints, links: *const *mut abi::Link) -> abi::Context {
    abi::Context {
        size: size_of::<abi::Context>() as u32,
        endpoints: endpoints.links().len() as u32,
        links,
        host: &raw const HOST,
    }
}

impl ProxyCell {
    /// That of a proxy that is not created yet. `many` tells of each endpoint whether it is `many`.
    /// Nothing is called before [`ProxyCell::settle`].
    pub(crate) fn new(
        domain: &Rc<Domain>,
        (number, label): (u64, Arc<str>),
        code: Code,
        many: impl ExactSizeIterator<Item = bool>,
        identity: [u8; 32],
    ) -> ProxyCell {
        let endpoints = Endpoints::new(domain, many);
        let (table, native) = match code {
            Code::Table(table) => (table, None),
            Code::Native(native) => (Table::new(native.table()), Some(native)),
        };
        let Table {
            object,
            trust,
            library,
        } = table;
        ProxyCell {
            context: Cell::new(context(&endpoints, std::ptr::null())),
            domain: Rc::as_ptr(domain),
            pulse: domain.pulse.clone(),
            busy: Shown::<AtomicU32>::new(HELD),
            event: Shown::default(),
            this: Cell::new(std::ptr::null_mut()),
            table: object,
            trust,
            _library: library,
            native,
            gone: Cell::new(true),
            ran: Cell::new(false),
            saved_event: Cell::new(0),
            number,
            label,
            endpoints,
            identity,
            time: Cell::new(0),
            calls: Cell::new(0),
            place: Place::default(),
        }
    }

    /// The cell of a new proxy is where it stays: from now on its context is what tables expect, and
    /// other threads see it.
    pub(crate) fn settle(proxy: &Rc<Proxy>) {
        let cell = &proxy.cell;
        let links = cell.endpoints.settle();
        cell.context.set(context(&cell.endpoints, links));
        cell.pulse.roster.add(cell);
    }

    /// Its domain.
    pub(crate) fn domain(&self) -> &Domain {
        // SAFETY: a domain destroys all of its proxies, and with them every cell that a table or a
        // link can reach, before it goes.
        unsafe { &*self.domain }
    }

    /// Identity of the reference that made it.
    pub(crate) fn identity(&self) -> [u8; 32] {
        self.identity
    }

    pub(super) fn raw(&self) -> *mut abi::Context {
        std::ptr::from_ref(self).cast_mut().cast()
    }

    /// The cell behind a context.
    ///
    /// # Safety
    ///
    /// `context` is one that a running function of a proxy was handed.
    pub(super) unsafe fn of<'a>(context: *mut abi::Context) -> &'a ProxyCell {
        // SAFETY: contexts are the first words of cells.
        unsafe { &*context.cast::<ProxyCell>() }
    }

    pub(super) fn this(&self) -> *mut c_void {
        self.this.get()
    }

    /// The link that an endpoint has while it is unconnected, or for good if it is `many`.
    pub(crate) fn fixed(&self, endpoint: u32) -> &FixedCell {
        &self.endpoints.fixed()[endpoint as usize]
    }

    /// Points the endpoint to `link`, or back to its own.
    pub(crate) fn set_link(&self, endpoint: u32, link: Option<&Rc<LinkCell>>) {
        self.endpoints.set(endpoint, link);
    }

    /// Runs a function of the proxy: marks it running around the call.
    fn run(
        &self,
        event: u64,
        call: impl FnOnce(*mut c_void, *mut abi::Context) -> abi::Status,
    ) -> abi::Status {
        let domain = self.domain();
        self.busy.set(self.busy.get() + RUNNING);
        self.event.set(event);
        self.ran.set(true);
        domain.depth.set(domain.depth.get() + 1);
        let status = call(self.this.get(), self.raw());
        domain.depth.set(domain.depth.get() - 1);
        self.busy.set(self.busy.get() - RUNNING);
        status
    }

    /// Calls `create`. On success the proxy exists, and must be destroyed.
    pub(crate) fn create(&self, parameters: Lent) -> abi::Status {
        if let Some(native) = &self.native {
            self.this.set(native.this());
        }
        let mut this = self.this.get();
        let status = self.run(0, |_, context| {
            // SAFETY: the table is valid, and `parameters` is what the memory of this crate laid
            // out for this template.
            unsafe { (self.table.create)(context, parameters.0, &raw mut this) }
        });
        self.made(status, this);
        status
    }

    /// Notes what `create` or `load` made.
    fn made(&self, status: abi::Status, this: *mut c_void) {
        if status == abi::OK {
            self.this.set(this);
            self.gone.set(false);
        }
    }

    /// Calls `connected`.
    pub(crate) fn connected(&self, event: u64, endpoint: u32, connection: u64) -> abi::Status {
        if self.gone.get() {
            return abi::STALE;
        }
        self.run(event, |this, context| {
            // SAFETY: between `create` and `destroy`.
            unsafe { (self.table.connected)(this, context, endpoint, connection) }
        })
    }

    /// Calls `disconnected`.
    pub(crate) fn disconnected(
        &self,
        event: u64,
        endpoint: u32,
        connection: u64,
        reason: u32,
    ) -> abi::Status {
        if self.gone.get() {
            return abi::STALE;
        }
        self.run(event, |this, context| {
            // SAFETY: between `create` and `destroy`.
            unsafe { (self.table.disconnected)(this, context, endpoint, connection, reason) }
        })
    }

    /// Calls `wake`.
    pub(crate) fn wake(&self, token: u64, wake: &Wake) -> abi::Status {
        if self.gone.get() {
            return abi::STALE;
        }
        self.run(0, |this, context| {
            wake.with(|kind, payload| {
                // SAFETY: between `create` and `destroy`; the payload is of that kind.
                unsafe { (self.table.wake)(this, context, token, kind, payload) }
            })
        })
    }

    /// Calls `destroy`, once.
    pub(crate) fn destroy(&self) -> abi::Status {
        self.busy.set(self.busy.get() | DEAD);
        if self.gone.replace(true) {
            return abi::OK;
        }
        // SAFETY: after `create`, and `gone` keeps every later call out.
        unsafe { (self.table.destroy)(self.this.get(), self.raw()) }
    }

    /// A handler of an endpoint, and what it takes for `self`: that of in-event `index` in name
    /// order, or 0 for the one of a dynamic endpoint.
    pub(super) fn handler(&self, endpoint: u32, index: u32) -> (abi::Handler, *mut c_void) {
        if let Some(native) = &self.native {
            return native.receiver(endpoint, index);
        }
        // SAFETY: handlers are by endpoint and in-event of the declared type, which is what the
        // numbers count; a dynamic endpoint has one. `loading` compared the two.
        let handler = unsafe { *(*self.table.handlers.add(endpoint as usize)).add(index as usize) };
        (handler, self.this.get())
    }

    /// Emits as the proxy would: through its context.
    pub(crate) fn emit(&self, endpoint: u32, event: u32, payload: Lent) -> abi::Status {
        // SAFETY: nobody writes to it after `settle`.
        let context = unsafe { &*self.context.as_ptr() };
        if endpoint >= context.endpoints {
            return abi::INVALID;
        }
        // SAFETY: the context has so many links, which are valid, and the payload is of the event's
        // type.
        unsafe {
            let link = *context.links.add(endpoint as usize);
            ((*link).emit)(link, self.raw(), event, payload.0)
        }
    }
}

impl ProxyCell {
    /// Emits through one link.
    pub(crate) fn emit_to(&self, link: &Rc<LinkCell>, event: u32, payload: Lent) -> abi::Status {
        // SAFETY: the link is alive, and the payload is of the event's type.
        unsafe { link.emit_function()(link.pointer(), self.raw(), event, payload.0) }
    }
}

impl LinkCell {
    fn with(
        domain: &Rc<Domain>,
        emit: EmitFunction,
        receivers: Receivers,
        connection: u64,
        target: Option<Rc<Proxy>>,
        crossing: Option<Outgoing>,
        traced: Option<Box<TracedLink>>,
    ) -> Rc<LinkCell> {
        let link = Rc::new(LinkCell {
            emit: Cell::new(emit),
            domain: Rc::as_ptr(domain),
            list: Cell::new(std::ptr::null()),
            count: receivers.len(),
            connection,
            to: target
                .as_ref()
                .map_or(std::ptr::null(), |it| &raw const it.cell),
            target,
            closed: Cell::new(false),
            crossing: crossing.map(Box::new),
            refused: Cell::new(0),
            traced,
            plain: emit,
            passed: Cell::new(0),
            receivers,
        });
        // It is where it stays.
        link.list.set(link.receivers.as_ptr());
        link
    }

    /// One direction of a connection inside the domain; `sender` is who emits through it, none
    /// where that is the other half of a queued one. With `traced`, each event is told to the
    /// domain's tracer before it is delivered; without, nothing even asks for one.
    pub(crate) fn direct(
        domain: &Rc<Domain>,
        connection: u64,
        sender: Option<&ProxyCell>,
        target: Rc<Proxy>,
        receivers: Receivers,
        traced: Option<Box<TracedLink>>,
    ) -> Rc<LinkCell> {
        let emit: EmitFunction = match (sender.map(|sender| sender.trust), &traced) {
            (Some(Trust::Checked | Trust::Probed), _) => emit::checked,
            (None | Some(Trust::Typed), Some(_)) => emit::traced,
            (None | Some(Trust::Typed), None) => emit::direct,
        };
        LinkCell::with(
            domain,
            emit,
            receivers,
            connection,
            Some(target),
            None,
            traced,
        )
    }

    /// The sending half of a connection to another domain. With `traced`, each event is told to
    /// this domain's tracer before it goes.
    pub(crate) fn queued(
        domain: &Rc<Domain>,
        connection: u64,
        sender: &ProxyCell,
        outgoing: Outgoing,
        traced: Option<Box<TracedLink>>,
    ) -> Rc<LinkCell> {
        let none = Receivers::none();
        let emit: EmitFunction = match (sender.trust, &traced) {
            (Trust::Checked | Trust::Probed, _) => emit::checked,
            (Trust::Typed, Some(_)) => emit::queued::<true>,
            (Trust::Typed, None) => emit::queued::<false>,
        };
        LinkCell::with(domain, emit, none, connection, None, Some(outgoing), traced)
    }

    /// From now on every emission is `stale`.
    pub(crate) fn close(&self) {
        self.emit.set(emit::stale);
        self.closed.set(true);
    }

    /// Whether it was closed.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.get()
    }

    /// How payloads of an event are laid out by who emits it.
    pub(crate) fn keeper(&self, event: u32) -> Option<&Keeper> {
        match &self.crossing {
            Some(outgoing) => outgoing
                .events
                .get(event as usize)
                .map(|event| &event.keeper),
            None => self.receiver(event).map(|receiver| &receiver.keeper),
        }
    }

    /// Whom it leads to; none for queued ones.
    pub(crate) fn target(&self) -> Option<&Rc<Proxy>> {
        self.target.as_ref()
    }

    /// As [`LinkCell::target`], for links that are known to have one.
    ///
    /// # Safety
    ///
    /// [`LinkCell::direct`] made this link.
    #[inline(always)]
    pub(super) unsafe fn known_target(&self) -> &ProxyCell {
        // SAFETY: such a link has a target, which `self.target` keeps alive.
        unsafe { &*self.to }
    }

    pub(super) fn receivers(&self) -> &[Receiver] {
        // SAFETY: `with` let it point to `receivers`, of which there are so many.
        unsafe { std::slice::from_raw_parts(self.list.get(), self.count) }
    }

    pub(super) fn emit_function(&self) -> EmitFunction {
        self.emit.get()
    }

    pub(super) fn domain(&self) -> &Domain {
        // SAFETY: as in `ProxyCell::domain`.
        unsafe { &*self.domain }
    }

    pub(super) fn pointer(&self) -> *mut abi::Link {
        std::ptr::from_ref(self).cast_mut().cast()
    }

    /// The cell behind a link.
    ///
    /// # Safety
    ///
    /// `link` came from the context of a running function.
    pub(super) unsafe fn of<'a>(link: *mut abi::Link) -> &'a LinkCell {
        // SAFETY: links are the first words of cells.
        unsafe { &*link.cast::<LinkCell>() }
    }

    /// Another owner of this cell.
    pub(crate) fn shared(&self) -> Rc<LinkCell> {
        let pointer = std::ptr::from_ref(self);
        // SAFETY: such cells live in an `Rc`, never elsewhere: `LinkCell::with` makes them.
        unsafe {
            Rc::increment_strong_count(pointer);
            Rc::from_raw(pointer)
        }
    }

    /// Hands an event to the target's handler, now. The caller has made sure that the target is
    /// neither running, held nor dead. `event` indexes the link's receivers.
    pub(crate) fn deliver(&self, event: u32, parent: u64, payload: Lent) -> abi::Status {
        let (Some(target), Some(receiver)) =
            (self.target.as_deref(), self.receivers.get(event as usize))
        else {
            return abi::INVALID;
        };
        if target.cell.gone.get() {
            return abi::STALE;
        }
        receiver
            .call(self, &target.cell, parent, payload)
            .unwrap_or(abi::INVALID)
    }

    /// The receiver of an event.
    pub(crate) fn receiver(&self, event: u32) -> Option<&Receiver> {
        self.receivers.get(event as usize)
    }
}

impl Drop for ProxyCell {
    fn drop(&mut self) {
        self.pulse.roster.remove(self);
    }
}

impl fmt::Debug for ProxyCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProxyCell({})", self.number)
    }
}
