//! What an object sees of its host during one call.

use std::ffi::c_void;
use std::marker::PhantomData;
use std::time::Duration;

use liveobj_abi as abi;

use crate::dynamic::{Direction, DynamicEndpoint, DynamicEvent};
use crate::error::{EmitError, RequestError};
use crate::lent::{Bytes, Str};
use crate::poster::Poster;
use crate::template::{OutEvent, Template};
use crate::wake::Token;

/// One connection of an endpoint; told apart on `many` endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Connection(pub(crate) u64);

/// How much a report weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Worth reading when something is looked for.
    Debug,
    /// Worth knowing.
    Info,
    /// Something is not as it should be.
    Warning,
    /// Something failed.
    Error,
}

impl Level {
    fn raw(self) -> u32 {
        match self {
            Level::Debug => abi::LEVEL_DEBUG,
            Level::Info => abi::LEVEL_INFO,
            Level::Warning => abi::LEVEL_WARNING,
            Level::Error => abi::LEVEL_ERROR,
        }
    }
}

/// What the path of [`Context::file_read`] means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileSpace {
    /// A path of the file system.
    Files,
    /// The name of an entry of the user's registry.
    Registry,
}

/// What a UDP socket is to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UdpOptions<'a> {
    /// Local address to bind, `ip:port`; port 0 takes a free one.
    pub bind: &'a str,
    /// Multicast group to join, `ip`; empty: none. With a group, address and port may be shared
    /// with other sockets, and what is sent to the group comes back to this machine.
    pub group: &'a str,
    /// Address of the interface to join on and to send multicast from, `ip`; empty: the system's
    /// choice.
    pub interface: &'a str,
    /// Hops that multicast may take; 0 stays on this machine.
    pub ttl: u32,
}

/// What an object sees of its host during one call: its connections, the time, and all that it can
/// ask for. Answers to requests arrive later, through `wake` with the token of the request.
pub struct Context<'a, T: Template> {
    /// Valid for `'a`, the call.
    pub(crate) raw: *mut abi::Context,
    connection: Connection,
    failed: bool,
    /// Invariant, so that no context passes for another call's.
    call: PhantomData<(&'a mut &'a (), T)>,
}

impl<'a, T: Template> Context<'a, T> {
    /// # Safety
    ///
    /// `raw` is the context of a call into an object of template `T`, valid for `'a`.
    pub(crate) unsafe fn from_raw(raw: *mut abi::Context, connection: u64) -> Context<'a, T> {
        Context {
            raw,
            connection: Connection(connection),
            failed: false,
            call: PhantomData,
        }
    }

    pub(crate) fn failed(&self) -> bool {
        self.failed
    }

    pub(crate) fn host(&self) -> &'a abi::Host {
        // SAFETY: `raw` is valid for `'a`, and its host table lives longer.
        unsafe { &*(*self.raw).host }
    }

    /// Emits an event to the endpoint's connection; to all of them if it is `many`.
    ///
    /// # Errors
    ///
    /// The endpoint is not connected, or the event was refused.
    pub fn emit<E: OutEvent<T>>(&mut self, event: E) -> Result<(), EmitError> {
        // SAFETY: `E` is the payload of that event of that endpoint; it outlives the call, as all
        // that it lends.
        unsafe { self.emit_raw(E::ENDPOINT, E::EVENT, (&raw const event).cast()) }
    }

    /// Emits an event to one connection of a `many` endpoint.
    ///
    /// # Errors
    ///
    /// The connection is gone, or the event was refused.
    pub fn emit_to<E: OutEvent<T>>(
        &mut self,
        connection: Connection,
        event: E,
    ) -> Result<(), EmitError> {
        // SAFETY: as in `emit`.
        unsafe { self.emit_raw_to(E::ENDPOINT, connection, E::EVENT, (&raw const event).cast()) }
    }

    /// Emits an event at a dynamic endpoint, one whose type is a type parameter: to its connection,
    /// or to all of them if it is `many`.
    ///
    /// # Errors
    ///
    /// The endpoint is not connected, the event was refused, or it is none of the endpoint's.
    pub fn emit_dynamic(
        &mut self,
        endpoint: DynamicEndpoint<T>,
        event: DynamicEvent<'_>,
    ) -> Result<(), EmitError> {
        let payload = event.payload();
        // SAFETY: a dynamic endpoint of `T` takes opaque payloads, whatever the event; this one
        // outlives the call, as the bytes that it lends.
        unsafe {
            self.emit_raw(
                endpoint.index(),
                event.number(),
                (&raw const payload).cast(),
            )
        }
    }

    /// Emits an event to one connection of a dynamic endpoint that is `many`.
    ///
    /// # Errors
    ///
    /// The connection is gone, the event was refused, or it is none of the endpoint's.
    pub fn emit_dynamic_to(
        &mut self,
        endpoint: DynamicEndpoint<T>,
        connection: Connection,
        event: DynamicEvent<'_>,
    ) -> Result<(), EmitError> {
        let payload = event.payload();
        // SAFETY: as in `emit_dynamic`.
        unsafe {
            self.emit_raw_to(
                endpoint.index(),
                connection,
                event.number(),
                (&raw const payload).cast(),
            )
        }
    }

    /// Name of an event of a dynamic endpoint by its direction and number; none if there is no such
    /// event.
    pub fn event_name(
        &self,
        endpoint: DynamicEndpoint<T>,
        direction: Direction,
        number: u32,
    ) -> Option<&'a str> {
        // SAFETY: `raw` is the context of this call, for which the host lends the name.
        let name = unsafe {
            let index = endpoint.index();
            let name = (self.host().event_name)(self.raw, index, direction.raw(), number);
            if name.len == 0 {
                return None;
            }
            std::slice::from_raw_parts(name.data.cast::<u8>(), name.len as usize)
        };
        std::str::from_utf8(name).ok()
    }

    /// # Safety
    ///
    /// `payload` is one of out-event `event` of `endpoint`, which objects of `T` have, and outlives
    /// the call.
    unsafe fn emit_raw(
        &mut self,
        endpoint: u32,
        event: u32,
        payload: *const c_void,
    ) -> Result<(), EmitError> {
        // SAFETY: the context is that of an object of `T`, so that it has a link for each of its
        // endpoints; the payload is as the caller says.
        let status = unsafe {
            let link = *(*self.raw).links.add(endpoint as usize);
            ((*link).emit)(link, self.raw, event, payload)
        };
        EmitError::result(status)
    }

    /// # Safety
    ///
    /// As [`Context::emit_raw`].
    unsafe fn emit_raw_to(
        &mut self,
        endpoint: u32,
        connection: Connection,
        event: u32,
        payload: *const c_void,
    ) -> Result<(), EmitError> {
        // SAFETY: a link that is not NULL is valid for this call; the payload is as the caller says.
        let status = unsafe {
            let link = (self.host().link)(self.raw, endpoint, connection.0);
            if link.is_null() {
                return Err(EmitError::Stale);
            }
            ((*link).emit)(link, self.raw, event, payload)
        };
        EmitError::result(status)
    }

    /// The connection through which the event that is being handled came; [`Connection::NONE`]
    /// in `create` and `wake`.
    pub fn connection(&self) -> Connection {
        self.connection
    }

    /// Nanoseconds on a clock that never goes back; its zero is arbitrary.
    pub fn now(&self) -> u64 {
        // SAFETY: `raw` is the context of this call.
        unsafe { (self.host().now)(self.raw, abi::CLOCK_MONOTONIC) }
    }

    /// Nanoseconds since 1970 in UTC.
    pub fn wall(&self) -> u64 {
        // SAFETY: `raw` is the context of this call.
        unsafe { (self.host().now)(self.raw, abi::CLOCK_WALL) }
    }

    /// 64 random bits of the operating system, fit for keys and nonces. In a simulation they follow
    /// from its seed, and protect nothing.
    pub fn random(&mut self) -> u64 {
        // SAFETY: `raw` is the context of this call.
        unsafe { (self.host().random)(self.raw) }
    }

    /// Identity of the reference that made this proxy.
    pub fn identity(&self) -> [u8; 32] {
        let mut identity = [0; 32];
        // SAFETY: `raw` is the context of this call; the host writes 32 bytes.
        unsafe { (self.host().identity)(self.raw, identity.as_mut_ptr()) };
        identity
    }

    /// Wakes the proxy once, with [`crate::Wake::Timer`], after `delay` on the monotonic clock.
    ///
    /// # Errors
    ///
    /// The request was not taken.
    pub fn timer(&mut self, token: Token, delay: Duration) -> Result<(), RequestError> {
        let nanoseconds = u64::try_from(delay.as_nanos()).unwrap_or(u64::MAX);
        self.request(
            token,
            abi::REQUEST_TIMER,
            &abi::TimerArguments { nanoseconds },
        )
    }

    /// Opens a UDP socket: wakes with [`crate::Wake::Ready`] or [`crate::Wake::Failed`], then with
    /// [`crate::Wake::Datagram`] for each datagram, until it is closed.
    ///
    /// # Errors
    ///
    /// The request was not taken.
    pub fn udp_open(&mut self, token: Token, options: &UdpOptions<'_>) -> Result<(), RequestError> {
        let arguments = abi::UdpOpenArguments {
            bind: Str::new(options.bind).slice(),
            group: Str::new(options.group).slice(),
            interface: Str::new(options.interface).slice(),
            ttl: options.ttl,
        };
        self.request(token, abi::REQUEST_UDP_OPEN, &arguments)
    }

    /// Sends a datagram through the socket `token` to `to`, `ip:port`. Nothing is answered: one
    /// that cannot be sent is lost.
    ///
    /// # Errors
    ///
    /// The request was not taken.
    pub fn udp_send(&mut self, token: Token, to: &str, bytes: &[u8]) -> Result<(), RequestError> {
        let arguments = abi::UdpSendArguments {
            to: Str::new(to).slice(),
            bytes: Bytes::new(bytes).slice(),
        };
        self.request(token, abi::REQUEST_UDP_SEND, &arguments)
    }

    /// Listens for streams over TCP: wakes with [`crate::Wake::Ready`] or [`crate::Wake::Failed`].
    /// Whoever connects waits until [`Context::tcp_accept`] takes it.
    ///
    /// # Errors
    ///
    /// The request was not taken.
    pub fn tcp_listen(&mut self, token: Token, bind: &str) -> Result<(), RequestError> {
        let arguments = abi::TcpListenArguments {
            bind: Str::new(bind).slice(),
        };
        self.request(token, abi::REQUEST_TCP_LISTEN, &arguments)
    }

    /// Takes the next stream that somebody opens to `listener`: wakes `token`, which is that of the
    /// stream from then on, with [`crate::Wake::Ready`] or [`crate::Wake::Failed`].
    ///
    /// # Errors
    ///
    /// The request was not taken.
    pub fn tcp_accept(&mut self, token: Token, listener: Token) -> Result<(), RequestError> {
        let arguments = abi::TcpAcceptArguments {
            listener: listener.0,
        };
        self.request(token, abi::REQUEST_TCP_ACCEPT, &arguments)
    }

    /// Opens a stream over TCP to `to`, `ip:port`: wakes with [`crate::Wake::Ready`], or with
    /// [`crate::Wake::Failed`], after 10 seconds at the latest.
    ///
    /// # Errors
    ///
    /// The request was not taken.
    pub fn tcp_connect(&mut self, token: Token, to: &str) -> Result<(), RequestError> {
        let arguments = abi::TcpConnectArguments {
            to: Str::new(to).slice(),
        };
        self.request(token, abi::REQUEST_TCP_CONNECT, &arguments)
    }

    /// Sends bytes through the stream `token`: all of them, in order, as long as the stream lives. One
    /// that breaks wakes with [`crate::Wake::Failed`].
    ///
    /// # Errors
    ///
    /// [`RequestError::Refused`]: nothing was taken, since more than [`Context::TCP_ROOM`] bytes would
    /// wait. Then [`crate::Wake::Writable`] follows, once, when nothing waits any more. Else: the
    /// request was not taken.
    pub fn tcp_send(&mut self, token: Token, bytes: &[u8]) -> Result<(), RequestError> {
        let arguments = abi::TcpSendArguments {
            bytes: Bytes::new(bytes).slice(),
        };
        self.request(token, abi::REQUEST_TCP_SEND, &arguments)
    }

    /// Asks for bytes of the stream `token`: wakes once with [`crate::Wake::Data`], with
    /// [`crate::Wake::End`] when the other end has closed the stream, with [`crate::Wake::Failed`] when
    /// it breaks. Nothing is read of a stream that is not asked: then the other end has to wait.
    ///
    /// # Errors
    ///
    /// The request was not taken, or an earlier one has not been answered.
    pub fn tcp_receive(&mut self, token: Token) -> Result<(), RequestError> {
        self.request_bare(token, abi::REQUEST_TCP_RECEIVE)
    }

    /// Bytes of a stream that may wait to be sent, unless they are sent at once.
    pub const TCP_ROOM: usize = abi::TCP_ROOM as usize;

    /// Wakes once with [`crate::Wake::Farewell`] when the proxy is about to end, for whatever reason other
    /// than its own failure: closed by its owner, by a signal, or because another part failed. All that it
    /// is connected with is still there then, and what it emits and sends is delivered; after that
    /// everything is disconnected and destroyed. Nobody waits for answers, or for timers, unless the proxy
    /// says that it needs time: [`Context::stay`].
    ///
    /// A proxy that has not started, as a mandatory endpoint is not connected, is not woken; nor is any where
    /// the process is killed.
    ///
    /// # Errors
    ///
    /// The request was not taken: it was made before, or the end has begun already.
    pub fn farewell(&mut self, token: Token) -> Result<(), RequestError> {
        self.request_bare(token, abi::REQUEST_FAREWELL)
    }

    /// As [`Context::farewell`], but the proxy is woken last: once nobody stays any more of those that
    /// were woken first, and all that they said is delivered. This is for what others stand on: those above
    /// have finished what they had begun, and nothing new comes from them. A proxy asks for one of the two.
    ///
    /// # Errors
    ///
    /// As [`Context::farewell`].
    pub fn farewell_last(&mut self, token: Token) -> Result<(), RequestError> {
        self.request_bare(token, abi::REQUEST_FAREWELL_LAST)
    }

    /// Needs time for the farewell: from [`crate::Wake::Farewell`] on, a proxy that stays keeps everything
    /// that ends with it from being disconnected, until it gives up the token ([`Context::close`]). Until
    /// then everything goes on as ever, for those who do not stay too: events, timers, sockets.
    ///
    /// The runtime bounds how long that may take in all, for the first and for the last (5 seconds unless
    /// its user says otherwise; perhaps no time at all). When the time is up, the token is woken with
    /// [`crate::Wake::Failed`], and named no more. What the proxy emits and sends then is still delivered.
    ///
    /// The documentation of this crate has an example, under "Leaving".
    ///
    /// # Errors
    ///
    /// [`RequestError::Invalid`]: the token is in use, or the end of the proxy has not begun.
    /// [`RequestError::Stale`]: it is disconnected already.
    pub fn stay(&mut self, token: Token) -> Result<(), RequestError> {
        self.request_bare(token, abi::REQUEST_STAY)
    }

    /// Takes the terminal: wakes with [`crate::Wake::Line`] for each line entered, with
    /// [`crate::Wake::End`] at the end of the input; with [`crate::Wake::Failed`] if there is no
    /// terminal or another proxy has it.
    ///
    /// # Errors
    ///
    /// The request was not taken.
    pub fn terminal_open(&mut self, token: Token) -> Result<(), RequestError> {
        self.request_bare(token, abi::REQUEST_TERMINAL_OPEN)
    }

    /// Shows one line in the terminal `token`.
    ///
    /// # Errors
    ///
    /// The request was not taken.
    pub fn terminal_show(&mut self, token: Token, line: &str) -> Result<(), RequestError> {
        let arguments = abi::TextArguments {
            text: Str::new(line).slice(),
        };
        self.request(token, abi::REQUEST_TERMINAL_SHOW, &arguments)
    }

    /// Reads a whole file: wakes with [`crate::Wake::File`], [`crate::Wake::Missing`] or
    /// [`crate::Wake::Failed`].
    ///
    /// # Errors
    ///
    /// The request was not taken.
    pub fn file_read(
        &mut self,
        token: Token,
        space: FileSpace,
        path: &str,
    ) -> Result<(), RequestError> {
        let space = match space {
            FileSpace::Files => abi::SPACE_FILES,
            FileSpace::Registry => abi::SPACE_REGISTRY,
        };
        let arguments = abi::FileArguments {
            space,
            path: Str::new(path).slice(),
        };
        self.request(token, abi::REQUEST_FILE_READ, &arguments)
    }

    /// Gives up a token: cancels the request, or closes what it opened. No wake follows.
    ///
    /// # Errors
    ///
    /// The token names nothing.
    pub fn close(&mut self, token: Token) -> Result<(), RequestError> {
        // SAFETY: `raw` is the context of this call.
        RequestError::result(unsafe { (self.host().close)(self.raw, token.0) })
    }

    /// A handle with which other threads wake this proxy.
    pub fn post_handle(&mut self) -> Poster {
        let host: *const abi::Host = self.host();
        // SAFETY: `raw` is the context of this call, and the host table outlives the library's
        // use; the handle is owned by the poster from here on.
        unsafe { Poster::from_raw((self.host().post_handle)(self.raw), host) }
    }

    /// Tells people something: lower case, names in backticks, no final period.
    pub fn report(&mut self, level: Level, text: &str) {
        // SAFETY: `raw` is the context of this call; the text outlives it.
        unsafe { (self.host().report)(self.raw, level.raw(), Str::new(text).slice()) };
    }

    /// Says that this proxy cannot go on, and why: it is disconnected when the call returns, and
    /// its owner learns the reason.
    pub fn fail(&mut self, reason: &str) {
        self.report(Level::Error, reason);
        self.failed = true;
    }

    /// Copies bytes into a block of the host, which the host frees; `None` if it has no room.
    pub(crate) fn block(&self, bytes: &[u8]) -> Option<abi::Slice> {
        if bytes.is_empty() {
            return Some(abi::Slice::EMPTY);
        }
        let mut write = std::ptr::null_mut();
        // SAFETY: NULL stands for bytes.
        let slice =
            unsafe { (self.host().block)(std::ptr::null(), bytes.len() as u64, &raw mut write) };
        if write.is_null() {
            return None;
        }
        // SAFETY: the host made room for so many bytes, which nobody else has seen yet.
        unsafe { write.cast::<u8>().copy_from(bytes.as_ptr(), bytes.len()) };
        Some(slice)
    }

    pub(crate) fn request<A>(
        &mut self,
        token: Token,
        kind: u32,
        arguments: &A,
    ) -> Result<(), RequestError> {
        // SAFETY: `raw` is the context of this call; each caller, here and in `others`, passes
        // the arguments of `kind`, which outlive the call with all that they lend.
        let status = unsafe {
            (self.host().request)(
                self.raw,
                token.0,
                kind,
                std::ptr::from_ref(arguments).cast(),
            )
        };
        RequestError::result(status)
    }

    fn request_bare(&mut self, token: Token, kind: u32) -> Result<(), RequestError> {
        // SAFETY: `raw` is the context of this call; requests of this kind have no arguments.
        let status = unsafe { (self.host().request)(self.raw, token.0, kind, std::ptr::null()) };
        RequestError::result(status)
    }
}

impl<T: Template> std::fmt::Debug for Context<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context")
            .field("connection", &self.connection)
            .finish_non_exhaustive()
    }
}
