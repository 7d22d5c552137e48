//! The recording host behind the harness.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::c_void;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use liveobj_abi as abi;

use super::Request;
use super::reflect::{self, Told};
use crate::context::{FileSpace, Level};
use crate::lent::Str;
use crate::template::Template;
use crate::wake::Token;

type Posted = Mutex<Vec<(u64, Vec<u8>)>>;

/// One event that the object emitted.
pub(super) struct Emitted {
    pub(super) endpoint: u32,
    pub(super) event: u32,
    /// The connection that was named, if one was.
    pub(super) connection: Option<u64>,
    pub(super) payload: *const c_void,
}

/// All that the host knows. Starts with the context, so that a pointer to one is a pointer to the
/// other.
#[repr(C)]
pub(super) struct State {
    context: abi::Context,
    /// One per endpoint; `context.links` points at `link_pointers`.
    links: Vec<*mut HostLink>,
    named_links: Vec<*mut HostLink>,
    emit: EmitFunction,
    connections: BTreeSet<(u32, u64)>,
    next_connection: u64,
    posted: Arc<Posted>,
    pub(super) emitted: Vec<Emitted>,
    pub(super) requests: Vec<Request>,
    pub(super) reports: Vec<(Level, String)>,
    /// Under which token the object has asked for its farewell.
    pub(super) farewell: Option<Token>,
    /// What it belongs to ends.
    pub(super) ends: bool,
    /// Under which tokens it stays.
    pub(super) stays: BTreeSet<Token>,
    /// Streams without room.
    pub(super) full: BTreeSet<Token>,
    pub(super) now: u64,
    pub(super) random: u64,
    pub(super) identity: [u8; 32],
    /// (endpoint, direction) → names of events of dynamic endpoints, in order.
    pub(super) names: BTreeMap<(u32, u32), Vec<String>>,
    pub(super) told: Told,
}

type EmitFunction =
    unsafe extern "C" fn(*mut abi::Link, *mut abi::Context, u32, *const c_void) -> abi::Status;

/// Starts with the link, so that a pointer to one is a pointer to the other.
#[repr(C)]
struct HostLink {
    link: abi::Link,
    endpoint: u32,
    connection: Option<u64>,
}

static HOST: abi::Host = abi::Host {
    size: size_of::<abi::Host>() as u32,
    keep,
    drop_block,
    block,
    link,
    now,
    random,
    identity,
    request,
    close,
    post_handle,
    post_drop,
    post,
    report,
    event_name,
    inspect: reflect::inspect,
    cast: reflect::cast,
};

impl State {
    pub(super) fn new<T: Template>() -> State {
        let links: Vec<*mut HostLink> = (0..T::ENDPOINTS)
            .map(|endpoint| {
                let link = abi::Link { emit: emit::<T> };
                Box::into_raw(Box::new(HostLink {
                    link,
                    endpoint,
                    connection: None,
                }))
            })
            .collect();
        let context = abi::Context {
            size: size_of::<abi::Context>() as u32,
            endpoints: T::ENDPOINTS,
            links: links.as_ptr().cast(),
            host: &raw const HOST,
        };
        State {
            context,
            links,
            named_links: Vec::new(),
            emit: emit::<T>,
            connections: BTreeSet::new(),
            next_connection: 1,
            posted: Arc::default(),
            emitted: Vec::new(),
            requests: Vec::new(),
            reports: Vec::new(),
            farewell: None,
            ends: false,
            stays: BTreeSet::new(),
            full: BTreeSet::new(),
            now: 1_000_000_000,
            random: 0,
            identity: [0; 32],
            names: BTreeMap::new(),
            told: Told::default(),
        }
    }

    /// The context through which the object reaches `state`.
    ///
    /// # Safety
    ///
    /// `state` is valid.
    pub(super) unsafe fn context(state: *mut State) -> *mut abi::Context {
        state.cast()
    }

    pub(super) fn connect(&mut self, endpoint: u32) -> u64 {
        let connection = self.next_connection;
        self.next_connection += 1;
        self.connections.insert((endpoint, connection));
        connection
    }

    pub(super) fn disconnect(&mut self, endpoint: u32, connection: u64) {
        self.connections.remove(&(endpoint, connection));
    }

    pub(super) fn take_posted(&mut self) -> Vec<(u64, Vec<u8>)> {
        std::mem::take(&mut self.posted.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for State {
    fn drop(&mut self) {
        for link in self.links.drain(..).chain(self.named_links.drain(..)) {
            // SAFETY: made by `Box::into_raw`, and in one of the lists once.
            drop(unsafe { Box::from_raw(link) });
        }
    }
}

/// # Safety
///
/// `context` is that of a [`State`] which nobody else uses for the time of `'a`.
pub(super) unsafe fn state<'a>(context: *mut abi::Context) -> &'a mut State {
    // SAFETY: the caller's promise.
    unsafe { &mut *context.cast::<State>() }
}

/// # Safety
///
/// The slice's memory is valid for `'a`.
pub(super) unsafe fn bytes<'a>(slice: abi::Slice) -> &'a [u8] {
    if slice.len == 0 {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts(slice.data.cast(), slice.len as usize) }
}

/// # Safety
///
/// As [`bytes`].
unsafe fn text(slice: abi::Slice) -> String {
    // SAFETY: the caller's promise.
    String::from_utf8_lossy(unsafe { bytes(slice) }).into_owned()
}

// All functions below are called by objects, as the ABI says of them.

unsafe extern "C" fn emit<T: Template>(
    link: *mut abi::Link,
    context: *mut abi::Context,
    event: u32,
    payload: *const c_void,
) -> abi::Status {
    // SAFETY: links and context are those of a `State`.
    let (state, link) = unsafe { (state(context), &*link.cast::<HostLink>()) };
    let connected = match link.connection {
        Some(connection) => state.connections.contains(&(link.endpoint, connection)),
        None => state
            .connections
            .iter()
            .any(|(endpoint, _)| *endpoint == link.endpoint),
    };
    if !connected {
        return abi::NOT_CONNECTED;
    }
    let names = state.names.get(&(link.endpoint, abi::DIRECTION_OUT));
    if names.is_some_and(|names| event as usize >= names.len()) {
        return abi::INVALID;
    }
    // SAFETY: the object passes the payload of this event.
    let payload = unsafe { T::copy(link.endpoint, event, payload) };
    let (endpoint, connection) = (link.endpoint, link.connection);
    state.emitted.push(Emitted {
        endpoint,
        event,
        connection,
        payload,
    });
    abi::OK
}

unsafe extern "C" fn keep(slice: abi::Slice, _: *const abi::Type) -> abi::Slice {
    slice
}

unsafe extern "C" fn drop_block(_: *mut abi::Block) {}

unsafe extern "C" fn block(_: *const abi::Type, count: u64, write: *mut *mut c_void) -> abi::Slice {
    let memory: &'static mut [u64] = Vec::leak(vec![0; count.div_ceil(8) as usize]);
    let data: *mut c_void = memory.as_mut_ptr().cast();
    // SAFETY: the object passes where to put the pointer.
    unsafe { *write = data };
    abi::Slice {
        data,
        len: count,
        owner: std::ptr::null_mut(),
    }
}

unsafe extern "C" fn link(
    context: *mut abi::Context,
    endpoint: u32,
    connection: u64,
) -> *mut abi::Link {
    // SAFETY: the context is that of a `State`.
    let state = unsafe { state(context) };
    if !state.connections.contains(&(endpoint, connection)) {
        return std::ptr::null_mut();
    }
    let link = abi::Link { emit: state.emit };
    let link = HostLink {
        link,
        endpoint,
        connection: Some(connection),
    };
    let link = Box::into_raw(Box::new(link));
    state.named_links.push(link);
    link.cast()
}

unsafe extern "C" fn now(context: *mut abi::Context, _: u32) -> u64 {
    // SAFETY: the context is that of a `State`.
    unsafe { state(context) }.now
}

unsafe extern "C" fn random(context: *mut abi::Context) -> u64 {
    // SAFETY: the context is that of a `State`.
    let state = unsafe { state(context) };
    // SplitMix64.
    state.random = state.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = state.random;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

unsafe extern "C" fn identity(context: *mut abi::Context, out: *mut u8) {
    // SAFETY: the context is that of a `State`; the object passes room for 32 bytes.
    unsafe { out.cast::<[u8; 32]>().write(state(context).identity) };
}

unsafe extern "C" fn request(
    context: *mut abi::Context,
    token: u64,
    kind: u32,
    arguments: *const c_void,
) -> abi::Status {
    let token = Token(token);
    // SAFETY: the object passes the arguments of `kind`, lent for the call.
    let request = unsafe {
        match kind {
            abi::REQUEST_TIMER => {
                let arguments = &*arguments.cast::<abi::TimerArguments>();
                Request::Timer {
                    token,
                    delay: Duration::from_nanos(arguments.nanoseconds),
                }
            }
            abi::REQUEST_UDP_OPEN => {
                let arguments = &*arguments.cast::<abi::UdpOpenArguments>();
                Request::UdpOpen {
                    token,
                    bind: text(arguments.bind),
                    group: text(arguments.group),
                    interface: text(arguments.interface),
                    ttl: arguments.ttl,
                }
            }
            abi::REQUEST_UDP_SEND => {
                let arguments = &*arguments.cast::<abi::UdpSendArguments>();
                let (to, bytes) = (text(arguments.to), bytes(arguments.bytes).to_vec());
                Request::UdpSend { token, to, bytes }
            }
            abi::REQUEST_TCP_LISTEN => {
                let bind = text((*arguments.cast::<abi::TcpListenArguments>()).bind);
                Request::TcpListen { token, bind }
            }
            abi::REQUEST_TCP_ACCEPT => {
                let listener = (*arguments.cast::<abi::TcpAcceptArguments>()).listener;
                let listener = Token(listener);
                Request::TcpAccept { token, listener }
            }
            abi::REQUEST_TCP_CONNECT => {
                let to = text((*arguments.cast::<abi::TcpConnectArguments>()).to);
                Request::TcpConnect { token, to }
            }
            abi::REQUEST_TCP_SEND => {
                if state(context).full.contains(&token) {
                    return abi::REFUSED;
                }
                let bytes = bytes((*arguments.cast::<abi::TcpSendArguments>()).bytes).to_vec();
                Request::TcpSend { token, bytes }
            }
            abi::REQUEST_TCP_RECEIVE => Request::TcpReceive { token },
            abi::REQUEST_FAREWELL | abi::REQUEST_FAREWELL_LAST => {
                let state = state(context);
                if state.ends {
                    return abi::STALE;
                }
                if state.farewell.is_some() {
                    return abi::INVALID;
                }
                state.farewell = Some(token);
                match kind {
                    abi::REQUEST_FAREWELL => Request::Farewell { token },
                    _ => Request::FarewellLast { token },
                }
            }
            abi::REQUEST_STAY => {
                let state = state(context);
                if !state.ends || !state.stays.insert(token) {
                    return abi::INVALID;
                }
                Request::Stay { token }
            }
            abi::REQUEST_TERMINAL_OPEN => Request::TerminalOpen { token },
            abi::REQUEST_TERMINAL_SHOW => {
                let arguments = &*arguments.cast::<abi::TextArguments>();
                Request::TerminalShow {
                    token,
                    line: text(arguments.text),
                }
            }
            abi::REQUEST_FILE_READ => {
                let arguments = &*arguments.cast::<abi::FileArguments>();
                let space = match arguments.space {
                    abi::SPACE_FILES => FileSpace::Files,
                    abi::SPACE_REGISTRY => FileSpace::Registry,
                    _ => return abi::INVALID,
                };
                Request::FileRead {
                    token,
                    space,
                    path: text(arguments.path),
                }
            }
            abi::REQUEST_DEREFERENCE => {
                let arguments = &*arguments.cast::<abi::DereferenceArguments>();
                Request::Dereference {
                    token,
                    reference: bytes(arguments.reference).to_vec(),
                }
            }
            abi::REQUEST_DEREFERENCE_AS => {
                let arguments = &*arguments.cast::<abi::DereferenceAsArguments>();
                Request::DereferenceAs {
                    token,
                    reference: bytes(arguments.reference).to_vec(),
                    ty: text(arguments.ty),
                }
            }
            abi::REQUEST_EXPORT => {
                let arguments = &*arguments.cast::<abi::ExportArguments>();
                Request::Export {
                    token,
                    proxy: Token(arguments.proxy),
                    endpoint: text(arguments.endpoint),
                }
            }
            abi::REQUEST_EXPORT_OWN => {
                let own = (*arguments.cast::<abi::ExportOwnArguments>()).own;
                Request::ExportOwn { token, own }
            }
            abi::REQUEST_CONNECT_EXTERNAL => {
                let arguments = &*arguments.cast::<abi::ConnectExternalArguments>();
                Request::ConnectExternal {
                    token,
                    external: bytes(arguments.external).to_vec(),
                    own: arguments.own,
                }
            }
            abi::REQUEST_CONNECT => {
                let arguments = &*arguments.cast::<abi::ConnectArguments>();
                let (proxy, endpoint) = (Token(arguments.proxy), text(arguments.endpoint));
                Request::Connect {
                    token,
                    proxy,
                    endpoint,
                    own: arguments.own,
                }
            }
            _ => return abi::INVALID,
        }
    };
    // SAFETY: the context is that of a `State`.
    unsafe { state(context) }.requests.push(request);
    abi::OK
}

unsafe extern "C" fn close(context: *mut abi::Context, token: u64) -> abi::Status {
    let token = Token(token);
    // SAFETY: the context is that of a `State`.
    let state = unsafe { state(context) };
    state.stays.remove(&token);
    state.farewell.take_if(|asked| *asked == token);
    state.requests.push(Request::Close { token });
    abi::OK
}

unsafe extern "C" fn post_handle(context: *mut abi::Context) -> *mut abi::Post {
    // SAFETY: the context is that of a `State`.
    let posted = unsafe { state(context) }.posted.clone();
    Arc::into_raw(posted).cast_mut().cast()
}

unsafe extern "C" fn post_drop(post: *mut abi::Post) {
    // SAFETY: made by `post_handle`, given back once.
    drop(unsafe { Arc::from_raw(post.cast::<Posted>().cast_const()) });
}

unsafe extern "C" fn post(post: *mut abi::Post, token: u64, slice: abi::Slice) -> abi::Status {
    // SAFETY: made by `post_handle`, not given back yet; the bytes are lent for the call.
    let (posted, bytes) = unsafe { (&*post.cast::<Posted>(), bytes(slice).to_vec()) };
    posted
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push((token, bytes));
    abi::OK
}

unsafe extern "C" fn report(context: *mut abi::Context, level: u32, message: abi::Slice) {
    let level = match level {
        abi::LEVEL_DEBUG => Level::Debug,
        abi::LEVEL_INFO => Level::Info,
        abi::LEVEL_WARNING => Level::Warning,
        _ => Level::Error,
    };
    // SAFETY: the context is that of a `State`; the text is lent for the call.
    unsafe { state(context).reports.push((level, text(message))) };
}

unsafe extern "C" fn event_name(
    context: *mut abi::Context,
    endpoint: u32,
    direction: u32,
    event: u32,
) -> abi::Slice {
    // SAFETY: the context is that of a `State`.
    let names = unsafe { state(context) }.names.get(&(endpoint, direction));
    let name = names.and_then(|names| names.get(event as usize));
    name.map_or(abi::Slice::EMPTY, |name| Str::new(name).slice())
}
