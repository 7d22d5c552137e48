//! The C ABI between the liveobj runtime and object libraries, ABI 0. `include/liveobj.h` is the
//! same in C, and is the truth for authors in other languages. Nothing of Rust's own ABI crosses:
//! no `String`, no allocator, no panic, no generics.
//!
//! Threads: a proxy's functions are called by one thread at a time, never re-entered. `keep`,
//! `drop_block`, `post`, `post_drop` may be called on any thread, all else only during a call
//! into the proxy, with the context of that call.

#![allow(unsafe_code, reason = "this crate is the boundary")]
#![no_std]

mod formalism;
mod layouts;

use core::ffi::c_void;

pub use formalism::{
    Answer, EVENTS_ALL, EVENTS_ENDPOINT, EVENTS_OBJECT, EndpointEvents, Events, Fault, Formalism,
    Formula, STRUCTURE_ENDPOINT, STRUCTURE_OBJECT, STRUCTURE_UNDECLARED, Structure,
    StructureEndpoint, StructureEvent, StructureParameter, VERDICT_BUDGET, VERDICT_FAILS,
    VERDICT_HOLDS, VERDICT_UNKNOWN, WITNESS_ASSIGNMENT, WITNESS_HISTORY, WITNESS_NONE,
    WITNESS_TRACE,
};
pub use layouts::{LayoutEntry, Layouts};

/// `lo_status`: what functions across the boundary answer.
pub type Status = i32;
/// Done.
pub const OK: Status = 0;
/// The endpoint has no connection.
pub const NOT_CONNECTED: Status = 1;
/// A queue is full, and the event is `refusable`.
pub const REFUSED: Status = 2;
/// The connection, link or token is gone.
pub const STALE: Status = 3;
/// The arguments make no sense.
pub const INVALID: Status = 4;
/// The callee panicked; it reported the message before it returned.
pub const PANIC: Status = -1;
/// The callee failed; it reported why before it returned.
pub const FAILED: Status = -2;

/// ABI major version: 0 promises no compatibility.
pub const MAJOR: u16 = 0;
/// ABI minor version.
pub const MINOR: u16 = 1;
/// First bytes of [`Library`].
pub const MAGIC: [u8; 8] = *b"liveobj\0";

/// Opaque to libraries: a counted block of host memory.
#[repr(C)]
pub struct Block {
    _opaque: [u8; 0],
}

/// Opaque to libraries: a wire type of the host. NULL where the parameter's own type is meant.
#[repr(C)]
pub struct Type {
    _opaque: [u8; 0],
}

/// Opaque to libraries: a handle through which any thread reaches a proxy.
#[repr(C)]
pub struct Post {
    _opaque: [u8; 0],
}

/// `lo_slice`: elements lent for the call (`owner` NULL) or held by a counted block.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Slice {
    /// First element; may be dangling (but aligned and not NULL) or NULL where `len` is 0.
    pub data: *const c_void,
    /// Number of elements (bytes for string, bytes and documents).
    pub len: u64,
    /// Block that holds a count on everything inside, or NULL.
    pub owner: *mut Block,
}

impl Slice {
    /// No elements.
    pub const EMPTY: Slice = Slice {
        data: core::ptr::null(),
        len: 0,
        owner: core::ptr::null_mut(),
    };
}

/// `lo_opaque`: a value of a type parameter, as wire bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Opaque {
    /// The bytes.
    pub wire: Slice,
    /// Their type, or NULL: the argument of the type parameter that stands here.
    pub ty: *const Type,
}

/// `lo_dynamic`: an event of a dynamic endpoint, one whose type is a type parameter, as its handler
/// is handed it. What comes in at an endpoint and what goes out at its mirror have the same numbers, so that
/// an object passes events on by number and payload without knowing their types.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Dynamic {
    /// The wire form of the record of its parameters, lent for the call.
    pub payload: Opaque,
    /// Its number among the endpoint's in-events, in name order.
    pub event: u32,
}

/// `lo_envelope`: where an event comes from.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Envelope {
    /// The connection it came through.
    pub connection: u64,
    /// The chain of causes it belongs to: one number per outside event.
    pub path: u64,
    /// The event in whose handler it was emitted; 0 for the first one of a path.
    pub parent: u64,
}

/// `lo_link`: where an endpoint's events go. The first word of a larger host struct.
#[repr(C)]
pub struct Link {
    /// Emits event number `event` (out events in name order) with a payload in layout 1. At a
    /// dynamic endpoint the payload is an [`Opaque`]: the wire form of the record of the event's
    /// parameters, checked where it is decoded.
    pub emit: unsafe extern "C" fn(
        link: *mut Link,
        context: *mut Context,
        event: u32,
        payload: *const c_void,
    ) -> Status,
}

/// `lo_context`: what a proxy sees of the host during one call. The first words of a larger host
/// struct.
#[repr(C)]
pub struct Context {
    /// Size of this struct as the host knows it.
    pub size: u32,
    /// Number of endpoints.
    pub endpoints: u32,
    /// One link per endpoint: those of the object's type in name order, then the template's private
    /// ones in name order. A stub while unconnected, all peers if `many`.
    pub links: *const *mut Link,
    /// The host's functions.
    pub host: *const Host,
}

/// `lo_host`: the host's functions.
#[repr(C)]
pub struct Host {
    /// Size of this struct as the host knows it; functions beyond it are absent.
    pub size: u32,
    /// Keeps a slice beyond the call: one count more, or a copy if it was lent. Give it back with
    /// `drop_block(slice.owner)`. `ty` is the element type for lists, NULL for bytes.
    pub keep: unsafe extern "C" fn(slice: Slice, ty: *const Type) -> Slice,
    /// Gives a count back.
    pub drop_block: unsafe extern "C" fn(block: *mut Block),
    /// A new block of `count` bytes; `write` receives where to write them.
    pub block:
        unsafe extern "C" fn(element: *const Type, count: u64, write: *mut *mut c_void) -> Slice,
    /// The link of one connection of a `many` endpoint; NULL if it is gone. Valid for this call.
    pub link:
        unsafe extern "C" fn(context: *mut Context, endpoint: u32, connection: u64) -> *mut Link,
    /// Nanoseconds on a clock: [`CLOCK_MONOTONIC`] or [`CLOCK_WALL`].
    pub now: unsafe extern "C" fn(context: *mut Context, clock: u32) -> u64,
    /// 64 random bits, fit for keys and nonces; in a simulation they follow from its seed.
    pub random: unsafe extern "C" fn(context: *mut Context) -> u64,
    /// Identity of the reference that made this proxy.
    pub identity: unsafe extern "C" fn(context: *mut Context, out: *mut u8),
    /// Asks for something of the outside world; see the `REQUEST_` constants. `token` is the
    /// proxy's own number for the request or for the resource that it opens.
    pub request: unsafe extern "C" fn(
        context: *mut Context,
        token: u64,
        kind: u32,
        arguments: *const c_void,
    ) -> Status,
    /// Gives up a token: cancels the request or closes the resource. No wake follows.
    pub close: unsafe extern "C" fn(context: *mut Context, token: u64) -> Status,
    /// A handle for other threads.
    pub post_handle: unsafe extern "C" fn(context: *mut Context) -> *mut Post,
    /// Gives a handle back.
    pub post_drop: unsafe extern "C" fn(post: *mut Post),
    /// Wakes the proxy with [`WAKE_POSTED`]; any thread; the bytes are copied.
    pub post: unsafe extern "C" fn(post: *mut Post, token: u64, bytes: Slice) -> Status,
    /// Tells people something: UTF-8, a `LEVEL_`.
    pub report: unsafe extern "C" fn(context: *mut Context, level: u32, text: Slice),
    /// Name of event number `event` among those of a [`DIRECTION_IN`] or [`DIRECTION_OUT`] of an
    /// endpoint: UTF-8, lent for the call; empty if there is no such event.
    pub event_name: unsafe extern "C" fn(
        context: *mut Context,
        endpoint: u32,
        direction: u32,
        event: u32,
    ) -> Slice,
    /// Looks at what a live object reference refers to, without running anything: fills in
    /// `found`. [`FAILED`] where the document is refused: `found.name` is the reason then, UTF-8.
    pub inspect: unsafe extern "C" fn(
        context: *mut Context,
        reference: Slice,
        found: *mut Reflection,
    ) -> Status,
    /// Casts a live object reference: `answer` receives the canonical document of the same object
    /// as one of the object type `ty`, UTF-8, in the words of this library's types and of the
    /// template's type parameters, which stand for their arguments. [`FAILED`] where the object is
    /// not shown to be one: `answer` is the reason then, UTF-8. What `answer` holds is given back
    /// with `drop_block(answer.owner)`.
    pub cast: unsafe extern "C" fn(
        context: *mut Context,
        reference: Slice,
        ty: Slice,
        answer: *mut Slice,
    ) -> Status,
}

/// `lo_reflection`: what a live object reference refers to. Give all of it back with
/// `drop_block(owner)`; the slices inside have no owners of their own.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Reflection {
    /// What holds all of it.
    pub owner: *mut Block,
    /// Name of the object's type, or a description, UTF-8.
    pub name: Slice,
    /// Its type as a declaration of several lines, for people, UTF-8.
    pub declaration: Slice,
    /// Its endpoints in name order: [`ReflectedEndpoint`]s.
    pub endpoints: Slice,
}

/// `lo_reflected_endpoint`: an endpoint of an object that does not run.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ReflectedEndpoint {
    /// Its name, UTF-8.
    pub name: Slice,
    /// Name of its type, or a description, UTF-8.
    pub ty: Slice,
    /// 1: each connection is another instance; else 0.
    pub many: u32,
    /// 1: a proxy does not start until it is connected; else 0.
    pub mandatory: u32,
}

/// Clock that never goes back; its zero is arbitrary.
pub const CLOCK_MONOTONIC: u32 = 0;
/// Nanoseconds since 1970 in UTC.
pub const CLOCK_WALL: u32 = 1;

/// Events that the endpoint's owner receives.
pub const DIRECTION_IN: u32 = 0;
/// Events that the endpoint's owner emits.
pub const DIRECTION_OUT: u32 = 1;

/// Worth reading when something is looked for.
pub const LEVEL_DEBUG: u32 = 0;
/// Worth knowing.
pub const LEVEL_INFO: u32 = 1;
/// Something is not as it should be.
pub const LEVEL_WARNING: u32 = 2;
/// Something failed; what a function reports before it answers [`FAILED`] or [`PANIC`].
pub const LEVEL_ERROR: u32 = 3;

/// Arguments: [`TimerArguments`]. Wakes once with [`WAKE_TIMER`].
pub const REQUEST_TIMER: u32 = 1;
/// Arguments: [`UdpOpenArguments`]. Wakes with [`WAKE_READY`] or [`WAKE_FAILED`], then with
/// [`WAKE_DATAGRAM`] for each datagram, until closed.
pub const REQUEST_UDP_OPEN: u32 = 2;
/// Arguments: [`UdpSendArguments`]; the token is that of the socket. Nothing is answered: a
/// datagram that cannot be sent is lost.
pub const REQUEST_UDP_SEND: u32 = 3;
/// No arguments. Wakes with [`WAKE_LINE`] for each line entered, with [`WAKE_END`] at the end of
/// the input; [`WAKE_FAILED`] if there is no terminal or another proxy has it.
pub const REQUEST_TERMINAL_OPEN: u32 = 4;
/// Arguments: [`TextArguments`], shown as one line; the token is that of the terminal.
pub const REQUEST_TERMINAL_SHOW: u32 = 5;
/// Arguments: [`FileArguments`]. Wakes with [`WAKE_FILE`], [`WAKE_MISSING`] or [`WAKE_FAILED`].
pub const REQUEST_FILE_READ: u32 = 6;
/// Arguments: [`DereferenceArguments`]. Wakes with [`WAKE_OPENED`] or [`WAKE_FAILED`]. The token
/// owns the new proxy.
pub const REQUEST_DEREFERENCE: u32 = 7;
/// Arguments: [`ConnectArguments`]. Wakes with [`WAKE_CONNECTED`] or [`WAKE_FAILED`]. The token
/// owns the connection.
pub const REQUEST_CONNECT: u32 = 8;
/// Arguments: [`DereferenceAsArguments`]: [`Host::cast`], then [`REQUEST_DEREFERENCE`]. Wakes with
/// [`WAKE_OPENED`] or [`WAKE_FAILED`]. The token owns the new proxy.
pub const REQUEST_DEREFERENCE_AS: u32 = 9;
/// Arguments: [`ExportArguments`]. Lends an endpoint of a dereferenced proxy to other nodes. Wakes
/// with [`WAKE_EXPORTED`] or [`WAKE_FAILED`]; later with [`WAKE_FAILED`] when nobody was connected
/// for too long. The token owns what is lent: closing it disconnects whoever is connected.
pub const REQUEST_EXPORT: u32 = 10;
/// Arguments: [`ExportOwnArguments`]. As [`REQUEST_EXPORT`], for an endpoint of this proxy's own;
/// private ones are refused.
pub const REQUEST_EXPORT_OWN: u32 = 11;
/// Arguments: [`ConnectExternalArguments`]. Wakes with [`WAKE_CONNECTED`] or [`WAKE_FAILED`]. The
/// token owns the connection.
pub const REQUEST_CONNECT_EXTERNAL: u32 = 12;
/// Arguments: [`TcpListenArguments`]. Wakes with [`WAKE_READY`] (the local address) or
/// [`WAKE_FAILED`]. Whoever connects waits until [`REQUEST_TCP_ACCEPT`] takes it.
pub const REQUEST_TCP_LISTEN: u32 = 13;
/// Arguments: [`TcpAcceptArguments`]. The token becomes that of the next stream that somebody opens
/// to the listener: wakes with [`WAKE_READY`] (the address of the other end) or [`WAKE_FAILED`].
pub const REQUEST_TCP_ACCEPT: u32 = 14;
/// Arguments: [`TcpConnectArguments`]. Opens a stream: wakes with [`WAKE_READY`] (the address of the
/// other end) or [`WAKE_FAILED`], after 10 seconds at the latest.
pub const REQUEST_TCP_CONNECT: u32 = 15;
/// Arguments: [`TcpSendArguments`]; the token is that of a stream. Takes all bytes, or none and
/// answers [`REFUSED`]: more than [`TCP_ROOM`] bytes would wait. Then [`WAKE_WRITABLE`] follows, once,
/// when nothing waits any more. A stream that breaks wakes with [`WAKE_FAILED`].
pub const REQUEST_TCP_SEND: u32 = 16;
/// No arguments; the token is that of a stream. Wakes once with [`WAKE_DATA`]; with [`WAKE_END`] when
/// the other end has closed the stream; with [`WAKE_FAILED`] when it breaks. Nothing is read of a
/// stream that is not asked: then the other end has to wait. [`INVALID`] while an earlier one has not
/// been answered.
pub const REQUEST_TCP_RECEIVE: u32 = 17;
/// No arguments. Wakes once with [`WAKE_FAREWELL`] when the proxy is about to end. [`INVALID`] if it has
/// asked before; [`STALE`] once its end has begun.
pub const REQUEST_FAREWELL: u32 = 18;
/// As [`REQUEST_FAREWELL`], but woken last: once nobody stays any more of those that were woken first, and
/// all that they said is delivered. A proxy asks for one of the two.
pub const REQUEST_FAREWELL_LAST: u32 = 19;
/// No arguments. What the proxy belongs to is not disconnected before the token is closed, but in time all
/// the same: then wakes once with [`WAKE_FAILED`]. [`INVALID`] before its end has begun, [`STALE`] once it
/// is disconnected.
pub const REQUEST_STAY: u32 = 20;
/// Bytes of a stream that may wait to be sent, unless they are sent at once.
pub const TCP_ROOM: u32 = 1 << 20;

/// The time has passed. Payload NULL.
pub const WAKE_TIMER: u32 = 1;
/// The resource is open. Payload: [`ReadyWake`].
pub const WAKE_READY: u32 = 2;
/// A datagram. Payload: [`DatagramWake`].
pub const WAKE_DATAGRAM: u32 = 3;
/// A line without its end. Payload: [`Slice`] of UTF-8.
pub const WAKE_LINE: u32 = 4;
/// No more lines, or no more bytes of a stream. Payload NULL.
pub const WAKE_END: u32 = 5;
/// The bytes of a file. Payload: [`Slice`].
pub const WAKE_FILE: u32 = 6;
/// There is no such file. Payload NULL.
pub const WAKE_MISSING: u32 = 7;
/// A proxy is there. Payload NULL.
pub const WAKE_OPENED: u32 = 8;
/// It did not work, or what was open ended. Payload: [`Slice`] of UTF-8, the reason.
pub const WAKE_FAILED: u32 = 9;
/// Another thread posted. Payload: [`Slice`] of bytes.
pub const WAKE_POSTED: u32 = 10;
/// A connection is there. Payload: [`ConnectedWake`].
pub const WAKE_CONNECTED: u32 = 11;
/// An endpoint is lent. Payload: [`Slice`] of UTF-8, the document of an `external<τ>`. Whoever has
/// it can connect with the endpoint.
pub const WAKE_EXPORTED: u32 = 12;
/// Bytes of a stream, at least one and at most [`TCP_CHUNK`]. Payload: [`Slice`].
pub const WAKE_DATA: u32 = 13;
/// There is room in a stream again. Payload NULL.
pub const WAKE_WRITABLE: u32 = 14;
/// What the proxy belongs to ends: nothing of it is disconnected yet, and all of it is as soon as what the
/// proxy emits and sends now is delivered, unless somebody stays ([`REQUEST_STAY`]). Payload NULL.
pub const WAKE_FAREWELL: u32 = 15;
/// Most bytes of one [`WAKE_DATA`].
pub const TCP_CHUNK: u32 = 1 << 16;

/// Why a connection ended: it was dropped, or its owner was.
pub const REASON_DROPPED: u32 = 0;
/// The peer failed or panicked.
pub const REASON_PEER_FAILED: u32 = 1;
/// A queue overflowed.
pub const REASON_OVERFLOW: u32 = 2;
/// The link with the peer's node broke, or showed no sign of life.
pub const REASON_LINK_LOST: u32 = 3;

/// Arguments of [`REQUEST_TIMER`].
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct TimerArguments {
    /// How long to wait on the monotonic clock.
    pub nanoseconds: u64,
}

/// Arguments of [`REQUEST_UDP_OPEN`].
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct UdpOpenArguments {
    /// Local address to bind, UTF-8, `ip:port`; port 0 takes a free one.
    pub bind: Slice,
    /// Multicast group to join, UTF-8 `ip`; empty: none. With a group, address and port may be
    /// shared with other sockets and what is sent to the group comes back to this machine.
    pub group: Slice,
    /// Address of the interface to join on and to send multicast from, UTF-8 `ip`.
    pub interface: Slice,
    /// Hops that multicast may take; 0 stays on this machine.
    pub ttl: u32,
}

/// Arguments of [`REQUEST_UDP_SEND`].
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct UdpSendArguments {
    /// Destination, UTF-8, `ip:port`.
    pub to: Slice,
    /// Payload.
    pub bytes: Slice,
}

/// Arguments of [`REQUEST_TCP_LISTEN`].
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct TcpListenArguments {
    /// Local address to bind, UTF-8, `ip:port`; port 0 takes a free one.
    pub bind: Slice,
}

/// Arguments of [`REQUEST_TCP_ACCEPT`].
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct TcpAcceptArguments {
    /// Token of a listener.
    pub listener: u64,
}

/// Arguments of [`REQUEST_TCP_CONNECT`].
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct TcpConnectArguments {
    /// Address of the other end, UTF-8, `ip:port`.
    pub to: Slice,
}

/// Arguments of [`REQUEST_TCP_SEND`].
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct TcpSendArguments {
    /// What is sent.
    pub bytes: Slice,
}

/// Arguments of [`REQUEST_TERMINAL_SHOW`].
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct TextArguments {
    /// UTF-8.
    pub text: Slice,
}

/// Paths of [`FileArguments`] are paths of the file system.
pub const SPACE_FILES: u32 = 0;
/// Paths of [`FileArguments`] are names of entries in the user's registry.
pub const SPACE_REGISTRY: u32 = 1;

/// Arguments of [`REQUEST_FILE_READ`].
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct FileArguments {
    /// [`SPACE_FILES`] or [`SPACE_REGISTRY`].
    pub space: u32,
    /// UTF-8.
    pub path: Slice,
}

/// Arguments of [`REQUEST_DEREFERENCE`].
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct DereferenceArguments {
    /// Canonical document.
    pub reference: Slice,
}

/// Arguments of [`REQUEST_DEREFERENCE_AS`].
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct DereferenceAsArguments {
    /// Canonical document.
    pub reference: Slice,
    /// Object type in the words of this library's types, UTF-8.
    pub ty: Slice,
}

/// Arguments of [`REQUEST_CONNECT`].
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ConnectArguments {
    /// Token of a dereferenced proxy.
    pub proxy: u64,
    /// Name of its endpoint, UTF-8.
    pub endpoint: Slice,
    /// This proxy's own endpoint, by number; it may be a private one.
    pub own: u32,
}

/// Arguments of [`REQUEST_EXPORT`].
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ExportArguments {
    /// Token of a dereferenced proxy.
    pub proxy: u64,
    /// Name of its endpoint, UTF-8.
    pub endpoint: Slice,
}

/// Arguments of [`REQUEST_EXPORT_OWN`].
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ExportOwnArguments {
    /// This proxy's own endpoint, by number.
    pub own: u32,
}

/// Arguments of [`REQUEST_CONNECT_EXTERNAL`].
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ConnectExternalArguments {
    /// Document of the external endpoint reference.
    pub external: Slice,
    /// This proxy's own endpoint, by number; it may be a private one.
    pub own: u32,
}

/// Payload of [`WAKE_READY`].
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ReadyWake {
    /// Local address of a socket or listener, or the address of the other end of a stream, UTF-8,
    /// `ip:port`.
    pub address: Slice,
}

/// Payload of [`WAKE_DATAGRAM`].
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct DatagramWake {
    /// Sender, UTF-8, `ip:port`.
    pub from: Slice,
    /// Payload.
    pub bytes: Slice,
}

/// Payload of [`WAKE_CONNECTED`].
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ConnectedWake {
    /// The connection, as envelopes and `connected` name it.
    pub connection: u64,
}

/// `lo_handler`: handles one event. The payload is in layout 1, lent for the call; NULL where the
/// event has no parameters. At a dynamic endpoint it is a [`Dynamic`].
pub type Handler = unsafe extern "C" fn(
    this: *mut c_void,
    context: *mut Context,
    envelope: *const Envelope,
    payload: *const c_void,
) -> Status;

/// `lo_object`: one template.
#[repr(C)]
pub struct Object {
    /// Size of this struct as the library knows it.
    pub size: u32,
    /// Number of endpoints, private ones included.
    pub endpoints: u32,
    /// Makes a proxy. `parameters` is the struct of the value parameters in layout 1 (NULL where
    /// there are none), lent for the call.
    pub create: unsafe extern "C" fn(
        context: *mut Context,
        parameters: *const c_void,
        this: *mut *mut c_void,
    ) -> Status,
    /// Makes a proxy that goes on where a saved one was, in place of `create`. `state` is in layout
    /// 1, as the parameters are, and lent for the call. Absent, as are the next two, exactly where
    /// the objects of the template have no `state`.
    pub load: Option<
        unsafe extern "C" fn(
            context: *mut Context,
            parameters: *const c_void,
            state: *const c_void,
            this: *mut *mut c_void,
        ) -> Status,
    >,
    /// Saves the state as wire bytes. `wire` without an owner is lent until the next call of this
    /// proxy; with an owner, made by `block`, its count goes to the host. Changes nothing, and emits
    /// and asks for nothing.
    pub save: Option<
        unsafe extern "C" fn(this: *mut c_void, context: *mut Context, wire: *mut Slice) -> Status,
    >,
    /// Digest of the state, 32 bytes, the same for equal states; changes nothing. Absent: the
    /// SHA-256 of what `save` gives.
    pub digest: Option<
        unsafe extern "C" fn(this: *mut c_void, context: *mut Context, out: *mut u8) -> Status,
    >,
    /// A connection of an endpoint is there; events may follow.
    pub connected: unsafe extern "C" fn(
        this: *mut c_void,
        context: *mut Context,
        endpoint: u32,
        connection: u64,
    ) -> Status,
    /// A connection is gone; every `connected` is followed by exactly one of these.
    pub disconnected: unsafe extern "C" fn(
        this: *mut c_void,
        context: *mut Context,
        endpoint: u32,
        connection: u64,
        reason: u32,
    ) -> Status,
    /// Something asked for has happened: a `WAKE_` kind and its payload, lent for the call.
    pub wake: unsafe extern "C" fn(
        this: *mut c_void,
        context: *mut Context,
        token: u64,
        kind: u32,
        payload: *const c_void,
    ) -> Status,
    /// Ends the proxy; `this` is not used again, whatever is answered. The context is there to report:
    /// nothing is connected, and what is asked for is given up.
    pub destroy: unsafe extern "C" fn(this: *mut c_void, context: *mut Context) -> Status,
    /// Handlers by endpoint (as in [`Context::links`]), then by in-event (name order). Inner
    /// pointers are never NULL; an endpoint without in-events has an arbitrary one. A dynamic
    /// endpoint has one handler, whatever events its type will have.
    pub handlers: *const *const Handler,
    /// How many handlers each endpoint has, for the host to compare with the manifest.
    pub handler_counts: *const u32,
}

// SAFETY: the tables are immutable and live as long as their library; all functions in them may
// be called from any thread, one at a time per proxy.
unsafe impl Sync for Object {}

/// `lo_library`: what `liveobj_library` answers.
#[repr(C)]
pub struct Library {
    /// [`MAGIC`].
    pub magic: [u8; 8],
    /// Size of this struct as the library knows it.
    pub size: u32,
    /// [`MAJOR`] it was built for.
    pub major: u16,
    /// [`MINOR`] it was built for.
    pub minor: u16,
    /// Its layouts.
    pub layouts: *const Layouts,
    /// Number of objects.
    pub count: u32,
    /// Its templates in name order.
    pub objects: *const *const Object,
    /// Called before anything else, and again, with the same host, where a library that is still
    /// mapped is loaded anew: under another name, or after it was to be unloaded. NULL is allowed.
    pub attach: Option<unsafe extern "C" fn(host: *const Host) -> Status>,
    /// Number of formalisms; absent, as the next one, in tables that are too short for it.
    pub formalism_count: u32,
    /// Its formalisms in the order of the manifest.
    pub formalisms: *const *const Formalism,
}

// SAFETY: immutable data of a library, alive as long as it.
unsafe impl Sync for Library {}

/// Type of the exported function `liveobj_library`.
pub type LibraryFunction = unsafe extern "C" fn() -> *const Library;
/// Its symbol.
pub const LIBRARY_SYMBOL: &str = "liveobj_library";
