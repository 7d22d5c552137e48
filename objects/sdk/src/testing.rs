//! Tests of objects without a runtime: a host that records what an object does.
//!
//! [`Harness`] creates one object, hands events and wakes to it, and lists what it emitted and
//! asked for. Time stands still unless the test moves it. What is recorded is never freed: this is
//! for tests.

mod copied;
mod host;
mod reflect;
mod state;

use std::marker::PhantomData;
use std::time::Duration;

use liveobj_abi as abi;
use liveobj_types::formalism::conformance;

#[doc(hidden)]
pub use copied::{Copied, copied};
use host::State;

use crate::context::{Connection, FileSpace, Level};
use crate::dynamic::{Direction, DynamicEndpoint, DynamicEvent};
use crate::formalism::{Formalism, Local, Structure};
use crate::lent::{Bytes, Opaque, Str};
use crate::template::{Disconnect, InEvent, OutEvent, Template};
use crate::wake::{Token, Wake};

/// Asks a formalism about all pairs and triples of the formulas that `texts` give, and whether the
/// answers are such as [`Formalism`] promises: refutations replay, what implies is transitive, what
/// is printed reads back, the same question has the same answer, budgets run out.
///
/// # Panics
///
/// They are not.
pub fn conforms<F: Formalism>(structure: &Structure, texts: &[String]) {
    conformance::conforms(&Local::<F>::new(), structure, texts);
}

/// Has a formalism read any text: it is read, or refused with a place in it and a message.
///
/// # Panics
///
/// The place is not in the text, or there is no message.
pub fn reads_or_tells_where<F: Formalism>(structure: &Structure, text: &str) {
    conformance::reads_or_tells_where(&Local::<F>::new(), structure, text);
}

/// A request that an object made of its host.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(
    missing_docs,
    reason = "the fields are the arguments of the method of the same name"
)]
pub enum Request {
    /// [`crate::Context::timer`]
    Timer { token: Token, delay: Duration },
    /// [`crate::Context::udp_open`]
    UdpOpen {
        token: Token,
        bind: String,
        group: String,
        interface: String,
        ttl: u32,
    },
    /// [`crate::Context::udp_send`]
    UdpSend {
        token: Token,
        to: String,
        bytes: Vec<u8>,
    },
    /// [`crate::Context::tcp_listen`]
    TcpListen { token: Token, bind: String },
    /// [`crate::Context::tcp_accept`]
    TcpAccept { token: Token, listener: Token },
    /// [`crate::Context::tcp_connect`]
    TcpConnect { token: Token, to: String },
    /// [`crate::Context::tcp_send`], unless [`Harness::fill`] has it refused.
    TcpSend { token: Token, bytes: Vec<u8> },
    /// [`crate::Context::tcp_receive`]
    TcpReceive { token: Token },
    /// [`crate::Context::farewell`]
    Farewell { token: Token },
    /// [`crate::Context::farewell_last`]
    FarewellLast { token: Token },
    /// [`crate::Context::stay`]; `Close` ends it.
    Stay { token: Token },
    /// [`crate::Context::terminal_open`]
    TerminalOpen { token: Token },
    /// [`crate::Context::terminal_show`]
    TerminalShow { token: Token, line: String },
    /// [`crate::Context::file_read`]
    FileRead {
        token: Token,
        space: FileSpace,
        path: String,
    },
    /// [`crate::Context::dereference`]
    Dereference { token: Token, reference: Vec<u8> },
    /// [`crate::Context::dereference_as`]; `ty` is the name of the type.
    DereferenceAs {
        token: Token,
        reference: Vec<u8>,
        ty: String,
    },
    /// [`crate::Context::connect`]; `own` is the number of the endpoint: those of the object's type
    /// in name order, then the private ones in name order.
    Connect {
        token: Token,
        proxy: Token,
        endpoint: String,
        own: u32,
    },
    /// [`crate::Context::export`]
    Export {
        token: Token,
        proxy: Token,
        endpoint: String,
    },
    /// [`crate::Context::export_own`]; `own` as for `Connect`.
    ExportOwn { token: Token, own: u32 },
    /// [`crate::Context::connect_external`]; `own` as for `Connect`.
    ConnectExternal {
        token: Token,
        external: Vec<u8>,
        own: u32,
    },
    /// [`crate::Context::close`]
    Close { token: Token },
}

/// How a call into an object ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As it should.
    Done,
    /// The object said that it cannot go on; what it said is among the reports.
    Failed,
    /// The object panicked; the message is among the reports.
    Panicked,
}

/// One object and the host around it.
pub struct Harness<T: Template> {
    this: *mut std::ffi::c_void,
    /// Owned; through a raw pointer, because the object's calls reach it too.
    state: *mut State,
    template: PhantomData<T>,
}

impl<T: Template> Harness<T> {
    /// Creates an object.
    ///
    /// # Errors
    ///
    /// `create` failed or panicked: what was reported.
    pub fn create(parameters: T::Parameters<'_>) -> Result<Harness<T>, String> {
        Harness::begin(|context, this| {
            // SAFETY: the table is that of `T`, called as the ABI says.
            unsafe { (T::OBJECT.create)(context, (&raw const parameters).cast(), this) }
        })
    }

    /// Makes the host, and in it an object by `create` or `load`.
    fn begin(
        make: impl FnOnce(*mut abi::Context, *mut *mut std::ffi::c_void) -> abi::Status,
    ) -> Result<Harness<T>, String> {
        let state = Box::into_raw(Box::new(State::new::<T>()));
        let mut harness = Harness {
            this: std::ptr::null_mut(),
            state,
            template: PhantomData,
        };
        let mut this = std::ptr::null_mut();
        let status = make(harness.context(), &raw mut this);
        if status == abi::OK {
            harness.this = this;
            Ok(harness)
        } else {
            let reports: Vec<String> = harness
                .take_reports()
                .into_iter()
                .map(|(_, text)| text)
                .collect();
            Err(reports.join("; "))
        }
    }

    /// Connects an endpoint and tells the object.
    pub fn connect(&mut self, endpoint: T::Endpoint) -> Connection {
        let endpoint = T::endpoint_index(endpoint);
        let connection = self.state().connect(endpoint);
        // SAFETY: the table is that of `this`, called as the ABI says.
        let status =
            unsafe { (T::OBJECT.connected)(self.this, self.context(), endpoint, connection) };
        self.outcome(status);
        Connection(connection)
    }

    /// Ends a connection and tells the object.
    pub fn disconnect(
        &mut self,
        endpoint: T::Endpoint,
        connection: Connection,
        reason: Disconnect,
    ) -> Outcome {
        let endpoint = T::endpoint_index(endpoint);
        self.state().disconnect(endpoint, connection.0);
        let reason = match reason {
            Disconnect::Dropped => abi::REASON_DROPPED,
            Disconnect::PeerFailed => abi::REASON_PEER_FAILED,
            Disconnect::Overflow => abi::REASON_OVERFLOW,
            Disconnect::LinkLost => abi::REASON_LINK_LOST,
        };
        // SAFETY: the table is that of `this`, called as the ABI says.
        let status = unsafe {
            let context = self.context();
            (T::OBJECT.disconnected)(self.this, context, endpoint, connection.0, reason)
        };
        self.outcome(status)
    }

    /// Hands an event to the object, as if it came through `connection`.
    pub fn send<E: InEvent<T>>(&mut self, connection: Connection, event: E) -> Outcome {
        // SAFETY: `E` is the payload of that event.
        unsafe { self.handle(E::ENDPOINT, E::EVENT, connection, (&raw const event).cast()) }
    }

    /// Hands an event of a dynamic endpoint to the object, as if it came through `connection`.
    pub fn send_dynamic(
        &mut self,
        endpoint: DynamicEndpoint<T>,
        connection: Connection,
        event: DynamicEvent<'_>,
    ) -> Outcome {
        // SAFETY: a dynamic endpoint has one handler, which takes this.
        unsafe { self.handle(endpoint.index(), 0, connection, (&raw const event).cast()) }
    }

    /// Says what the events of a dynamic endpoint are called, in order: what the object is told,
    /// and how many it may emit. Without it they have no names and any number may be emitted.
    pub fn name_events(
        &mut self,
        endpoint: DynamicEndpoint<T>,
        direction: Direction,
        names: &[&str],
    ) {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        let key = (endpoint.index(), direction.raw());
        self.state().names.insert(key, names);
    }

    /// # Safety
    ///
    /// The endpoint has a handler of this number, which takes the payload.
    unsafe fn handle(
        &mut self,
        endpoint: u32,
        event: u32,
        connection: Connection,
        payload: *const std::ffi::c_void,
    ) -> Outcome {
        let envelope = abi::Envelope {
            connection: connection.0,
            path: 1,
            parent: 0,
        };
        // SAFETY: the table is that of `this`; the handler and its payload are as the caller says.
        let status = unsafe {
            let handlers = *T::OBJECT.handlers.add(endpoint as usize);
            let handler = *handlers.add(event as usize);
            handler(self.this, self.context(), &raw const envelope, payload)
        };
        self.outcome(status)
    }

    /// Wakes the object.
    pub fn wake(&mut self, token: Token, wake: Wake<'_>) -> Outcome {
        let (text, bytes): (Str<'_>, Bytes<'_>);
        let (pair, connected);
        let (kind, payload): (u32, *const std::ffi::c_void) = match wake {
            Wake::Timer => (abi::WAKE_TIMER, std::ptr::null()),
            Wake::Ready { address } => {
                text = Str::new(address);
                (abi::WAKE_READY, (&raw const text).cast())
            }
            Wake::Datagram { from, bytes } => {
                pair = abi::DatagramWake {
                    from: Str::new(from).slice(),
                    bytes: Bytes::new(bytes).slice(),
                };
                (abi::WAKE_DATAGRAM, (&raw const pair).cast())
            }
            Wake::Line(line) => {
                text = Str::new(line);
                (abi::WAKE_LINE, (&raw const text).cast())
            }
            Wake::End => (abi::WAKE_END, std::ptr::null()),
            Wake::File(content) => {
                bytes = Bytes::new(content);
                (abi::WAKE_FILE, (&raw const bytes).cast())
            }
            Wake::Missing => (abi::WAKE_MISSING, std::ptr::null()),
            Wake::Opened => (abi::WAKE_OPENED, std::ptr::null()),
            Wake::Connected(Connection(connection)) => {
                connected = abi::ConnectedWake { connection };
                (abi::WAKE_CONNECTED, (&raw const connected).cast())
            }
            Wake::Exported(document) => {
                text = Str::new(document);
                (abi::WAKE_EXPORTED, (&raw const text).cast())
            }
            Wake::Failed(reason) => {
                text = Str::new(reason);
                (abi::WAKE_FAILED, (&raw const text).cast())
            }
            Wake::Posted(content) => {
                bytes = Bytes::new(content);
                (abi::WAKE_POSTED, (&raw const bytes).cast())
            }
            Wake::Data(content) => {
                bytes = Bytes::new(content);
                (abi::WAKE_DATA, (&raw const bytes).cast())
            }
            Wake::Writable => (abi::WAKE_WRITABLE, std::ptr::null()),
            Wake::Farewell => {
                let state = self.state();
                state.ends = true;
                state.farewell.take_if(|asked| *asked == token);
                (abi::WAKE_FAREWELL, std::ptr::null())
            }
        };
        // SAFETY: the table is that of `this`, and the payload that of `kind`.
        let status = unsafe { (T::OBJECT.wake)(self.this, self.context(), token.0, kind, payload) };
        self.outcome(status)
    }

    /// Says that what the object belongs to ends: wakes it with [`Wake::Farewell`], if it has asked for
    /// that. From now on it can stay.
    pub fn farewell(&mut self) -> Option<Outcome> {
        self.state().ends = true;
        let token = self.state().farewell.take()?;
        Some(self.wake(token, Wake::Farewell))
    }

    /// The tokens under which the object stays: it is disconnected once there are none.
    pub fn staying(&mut self) -> Vec<Token> {
        self.state().stays.iter().copied().collect()
    }

    /// Says that there is no more time: each token under which the object stays is woken with
    /// [`Wake::Failed`], and given back.
    pub fn time_is_up(&mut self) {
        for token in std::mem::take(&mut self.state().stays) {
            self.wake(token, Wake::Failed("its time for a farewell is up"));
        }
    }

    /// Hands over what other threads posted; answers how much it was.
    pub fn wake_posted(&mut self) -> usize {
        let posted = self.state().take_posted();
        for (token, bytes) in &posted {
            self.wake(Token(*token), Wake::Posted(bytes));
        }
        posted.len()
    }

    /// Takes the events of one kind that the object emitted, with the connection it named, oldest
    /// first.
    pub fn take_emitted_to<E: OutEvent<T>>(&mut self) -> Vec<(Option<Connection>, E)> {
        self.take(|emitted| (emitted.endpoint, emitted.event) == (E::ENDPOINT, E::EVENT))
            .into_iter()
            // SAFETY: recorded by `T::copy` as the payload of this event, never freed.
            .map(|emitted| unsafe {
                (
                    emitted.connection.map(Connection),
                    emitted.payload.cast::<E>().read(),
                )
            })
            .collect()
    }

    /// Takes the events that the object emitted at a dynamic endpoint, with the connection it named,
    /// oldest first.
    pub fn take_emitted_dynamic(
        &mut self,
        endpoint: DynamicEndpoint<T>,
    ) -> Vec<(Option<Connection>, DynamicEvent<'static>)> {
        self.take(|emitted| emitted.endpoint == endpoint.index())
            .into_iter()
            .map(|emitted| {
                // SAFETY: recorded by `T::copy` as the payload of a dynamic endpoint, never freed.
                let payload = unsafe { emitted.payload.cast::<Opaque<'static>>().read() };
                let event = DynamicEvent::new(emitted.event, payload);
                (emitted.connection.map(Connection), event)
            })
            .collect()
    }

    fn take(&mut self, wanted: impl Fn(&host::Emitted) -> bool) -> Vec<host::Emitted> {
        let emitted = std::mem::take(&mut self.state().emitted);
        let (taken, left) = emitted.into_iter().partition(wanted);
        self.state().emitted = left;
        taken
    }

    /// Takes the events of one kind that the object emitted, oldest first.
    pub fn take_emitted<E: OutEvent<T>>(&mut self) -> Vec<E> {
        self.take_emitted_to()
            .into_iter()
            .map(|(_, event)| event)
            .collect()
    }

    /// Takes the requests made since the last call, oldest first.
    pub fn take_requests(&mut self) -> Vec<Request> {
        std::mem::take(&mut self.state().requests)
    }

    /// Takes what was reported since the last call, oldest first.
    pub fn take_reports(&mut self) -> Vec<(Level, String)> {
        std::mem::take(&mut self.state().reports)
    }

    /// Moves both clocks on. Timers do not fire by themselves: wake the object.
    pub fn advance(&mut self, time: Duration) {
        self.state().now += u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    }

    /// Says whether there is no room in the stream `token`: what is sent there is refused then.
    pub fn fill(&mut self, token: Token, full: bool) {
        match full {
            true => self.state().full.insert(token),
            false => self.state().full.remove(&token),
        };
    }

    /// Sets what the random numbers are made from.
    pub fn seed(&mut self, seed: u64) {
        self.state().random = seed;
    }

    /// Sets the identity of the reference that made the object.
    pub fn set_identity(&mut self, identity: [u8; 32]) {
        self.state().identity = identity;
    }

    fn state(&mut self) -> &mut State {
        // SAFETY: owned; the object is not running, so that nobody else reaches it.
        unsafe { &mut *self.state }
    }

    fn context(&self) -> *mut abi::Context {
        // SAFETY: `state` is valid until this is dropped.
        unsafe { State::context(self.state) }
    }

    fn outcome(&mut self, status: abi::Status) -> Outcome {
        match status {
            abi::OK => Outcome::Done,
            abi::PANIC => Outcome::Panicked,
            _ => Outcome::Failed,
        }
    }
}

impl<T: Template> Drop for Harness<T> {
    fn drop(&mut self) {
        // SAFETY: the object was created by this table and is not used again; the state was made
        // by `Box::into_raw` in `create`.
        unsafe {
            if !self.this.is_null() {
                (T::OBJECT.destroy)(self.this, self.context());
            }
            drop(Box::from_raw(self.state));
        }
    }
}

impl<T: Template> std::fmt::Debug for Harness<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Harness")
            .field("template", &T::NAME)
            .finish_non_exhaustive()
    }
}
