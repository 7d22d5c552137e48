//! `lo_host`: the functions that proxies call, turned into calls of the engine.

use std::ffi::c_void;
use std::sync::Arc;

use liveobj_abi as abi;
use liveobj_types::types::Direction;

use super::block;
use super::calls::{ProxyCell, Wake};
use super::reflect;
use crate::edge::{Export, Request, Space, Stage, UdpOpen};
use crate::engine::inbox::Poster;
use crate::report::Level;

pub(super) static HOST: abi::Host = abi::Host {
    size: size_of::<abi::Host>() as u32,
    keep: block::keep,
    drop_block: block::drop_block,
    block: block::block,
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

/// The table, for a library's `attach`.
pub(crate) fn table() -> &'static abi::Host {
    &HOST
}

unsafe extern "C" fn link(
    context: *mut abi::Context,
    endpoint: u32,
    connection: u64,
) -> *mut abi::Link {
    // SAFETY: `context` is that of the running call.
    let proxy = unsafe { ProxyCell::of(context) };
    proxy
        .domain()
        .link_of(proxy, endpoint, connection)
        .map_or(std::ptr::null_mut(), |link| link.pointer())
}

unsafe extern "C" fn now(context: *mut abi::Context, clock: u32) -> u64 {
    // SAFETY: `context` is that of the running call.
    unsafe { ProxyCell::of(context) }
        .domain()
        .host
        .now(clock == abi::CLOCK_WALL)
}

unsafe extern "C" fn random(context: *mut abi::Context) -> u64 {
    // SAFETY: `context` is that of the running call.
    unsafe { ProxyCell::of(context) }.domain().random()
}

unsafe extern "C" fn identity(context: *mut abi::Context, out: *mut u8) {
    // SAFETY: `context` is that of the running call; `out` has room for 32 bytes.
    unsafe {
        let identity = ProxyCell::of(context).identity();
        std::ptr::copy_nonoverlapping(identity.as_ptr(), out, identity.len());
    }
}

unsafe extern "C" fn request(
    context: *mut abi::Context,
    token: u64,
    kind: u32,
    arguments: *const c_void,
) -> abi::Status {
    // SAFETY: `context` is that of the running call; the arguments are those of the kind.
    let (proxy, request) = unsafe { (ProxyCell::of(context), read_request(kind, arguments)) };
    match request {
        Some(request) => proxy.domain().request(proxy, token, request),
        None => abi::INVALID,
    }
}

unsafe extern "C" fn close(context: *mut abi::Context, token: u64) -> abi::Status {
    // SAFETY: `context` is that of the running call.
    let proxy = unsafe { ProxyCell::of(context) };
    proxy.domain().close_token(proxy, token)
}

unsafe extern "C" fn post_handle(context: *mut abi::Context) -> *mut abi::Post {
    // SAFETY: `context` is that of the running call.
    let proxy = unsafe { ProxyCell::of(context) };
    Arc::into_raw(Arc::new(proxy.domain().poster(proxy)))
        .cast_mut()
        .cast()
}

unsafe extern "C" fn post_drop(post: *mut abi::Post) {
    if !post.is_null() {
        // SAFETY: `post` came from `post_handle` and is given back once.
        drop(unsafe { Arc::from_raw(post.cast::<Poster>().cast_const()) });
    }
}

unsafe extern "C" fn post(post: *mut abi::Post, token: u64, bytes: abi::Slice) -> abi::Status {
    if post.is_null() {
        return abi::INVALID;
    }
    // SAFETY: `post` came from `post_handle` and was not given back; the bytes are valid now.
    let (poster, bytes) = unsafe { (&*post.cast::<Poster>(), read_bytes(&bytes)) };
    let Some(bytes) = bytes else {
        return abi::INVALID;
    };
    if poster.post(token, bytes) {
        abi::OK
    } else {
        abi::STALE
    }
}

unsafe extern "C" fn report(context: *mut abi::Context, level: u32, text: abi::Slice) {
    // SAFETY: `context` is that of the running call; the text is valid now.
    let (proxy, text) = unsafe { (ProxyCell::of(context), read_bytes(&text)) };
    let level = match level {
        abi::LEVEL_DEBUG => Level::Debug,
        abi::LEVEL_INFO => Level::Info,
        abi::LEVEL_WARNING => Level::Warning,
        _ => Level::Error,
    };
    let text = String::from_utf8_lossy(&text.unwrap_or_default()).into_owned();
    proxy.domain().report(proxy, level, &text);
}

unsafe extern "C" fn event_name(
    context: *mut abi::Context,
    endpoint: u32,
    direction: u32,
    event: u32,
) -> abi::Slice {
    let direction = match direction {
        abi::DIRECTION_IN => Direction::In,
        abi::DIRECTION_OUT => Direction::Out,
        _ => return abi::Slice::EMPTY,
    };
    // SAFETY: `context` is that of the running call.
    let proxy = unsafe { ProxyCell::of(context) };
    // The domain keeps the proxy, and with it the name, for longer than the call.
    let found = proxy.domain().proxy(proxy.number);
    let name = found
        .as_ref()
        .and_then(|proxy| proxy.endpoints.get(endpoint as usize))
        .and_then(|endpoint| endpoint.events(direction).get(event as usize))
        .map_or("", |event| &event.name);
    abi::Slice {
        data: name.as_ptr().cast(),
        len: name.len() as u64,
        owner: std::ptr::null_mut(),
    }
}

/// Copies what a request points to.
///
/// # Safety
///
/// `arguments` points to the arguments of this kind, or is NULL where it has none.
unsafe fn read_request(kind: u32, arguments: *const c_void) -> Option<Request> {
    match kind {
        abi::REQUEST_TERMINAL_OPEN => return Some(Request::TerminalOpen),
        abi::REQUEST_TCP_RECEIVE => return Some(Request::TcpReceive),
        abi::REQUEST_FAREWELL => return Some(Request::Farewell(Stage::First)),
        abi::REQUEST_FAREWELL_LAST => return Some(Request::Farewell(Stage::Last)),
        abi::REQUEST_STAY => return Some(Request::Stay),
        _ => {}
    }
    if arguments.is_null() {
        return None;
    }
    // SAFETY: by contract, in each arm.
    unsafe {
        Some(match kind {
            abi::REQUEST_TIMER => {
                Request::Timer((*arguments.cast::<abi::TimerArguments>()).nanoseconds)
            }
            abi::REQUEST_UDP_OPEN => {
                let open = &*arguments.cast::<abi::UdpOpenArguments>();
                Request::UdpOpen(UdpOpen {
                    bind: read_text(&open.bind)?,
                    group: read_text(&open.group)?,
                    interface: read_text(&open.interface)?,
                    ttl: open.ttl,
                })
            }
            abi::REQUEST_UDP_SEND => {
                let send = &*arguments.cast::<abi::UdpSendArguments>();
                Request::UdpSend {
                    to: read_text(&send.to)?,
                    bytes: read_bytes(&send.bytes)?,
                }
            }
            abi::REQUEST_TCP_LISTEN => Request::TcpListen(read_text(
                &(*arguments.cast::<abi::TcpListenArguments>()).bind,
            )?),
            abi::REQUEST_TCP_ACCEPT => Request::TcpAccept {
                listener: (*arguments.cast::<abi::TcpAcceptArguments>()).listener,
                ticket: 0,
            },
            abi::REQUEST_TCP_CONNECT => Request::TcpConnect(read_text(
                &(*arguments.cast::<abi::TcpConnectArguments>()).to,
            )?),
            abi::REQUEST_TCP_SEND => Request::TcpSend(read_bytes(
                &(*arguments.cast::<abi::TcpSendArguments>()).bytes,
            )?),
            abi::REQUEST_TERMINAL_SHOW => {
                Request::TerminalShow(read_text(&(*arguments.cast::<abi::TextArguments>()).text)?)
            }
            abi::REQUEST_FILE_READ => {
                let file = &*arguments.cast::<abi::FileArguments>();
                let space = match file.space {
                    abi::SPACE_FILES => Space::Files,
                    abi::SPACE_REGISTRY => Space::Registry,
                    _ => return None,
                };
                Request::FileRead {
                    space,
                    path: read_text(&file.path)?,
                }
            }
            abi::REQUEST_DEREFERENCE => Request::Dereference(read_text(
                &(*arguments.cast::<abi::DereferenceArguments>()).reference,
            )?),
            abi::REQUEST_DEREFERENCE_AS => {
                let cast = &*arguments.cast::<abi::DereferenceAsArguments>();
                Request::DereferenceAs {
                    document: read_text(&cast.reference)?,
                    ty: read_text(&cast.ty)?,
                }
            }
            abi::REQUEST_CONNECT => {
                let connect = &*arguments.cast::<abi::ConnectArguments>();
                Request::Connect {
                    proxy: connect.proxy,
                    endpoint: read_text(&connect.endpoint)?,
                    own: connect.own,
                }
            }
            abi::REQUEST_EXPORT => {
                let export = &*arguments.cast::<abi::ExportArguments>();
                Request::Export(Export::Child {
                    proxy: export.proxy,
                    endpoint: read_text(&export.endpoint)?,
                })
            }
            abi::REQUEST_EXPORT_OWN => {
                let export = &*arguments.cast::<abi::ExportOwnArguments>();
                Request::Export(Export::Own(export.own))
            }
            abi::REQUEST_CONNECT_EXTERNAL => {
                let connect = &*arguments.cast::<abi::ConnectExternalArguments>();
                Request::ConnectExternal {
                    external: read_text(&connect.external)?,
                    own: connect.own,
                }
            }
            _ => return None,
        })
    }
}

/// Copies what a wake points to.
///
/// # Safety
///
/// `payload` points to the payload of this kind.
pub(super) unsafe fn read_wake(kind: u32, payload: *const c_void) -> Option<Wake> {
    // SAFETY: by contract, in each arm.
    unsafe {
        let slice = || -> Option<Vec<u8>> { read_bytes(&*payload.cast::<abi::Slice>()) };
        let text = || -> Option<String> { read_text(&*payload.cast::<abi::Slice>()) };
        Some(match kind {
            abi::WAKE_TIMER => Wake::Timer,
            abi::WAKE_END => Wake::End,
            abi::WAKE_MISSING => Wake::Missing,
            abi::WAKE_OPENED => Wake::Opened,
            abi::WAKE_CONNECTED => {
                Wake::Connected((*payload.cast::<abi::ConnectedWake>()).connection)
            }
            abi::WAKE_LINE => Wake::Line(text()?),
            abi::WAKE_FILE => Wake::File(slice()?),
            abi::WAKE_EXPORTED => Wake::Exported(text()?),
            abi::WAKE_FAILED => Wake::Failed(text()?),
            abi::WAKE_POSTED => Wake::Posted(slice()?),
            abi::WAKE_DATA => Wake::Data(slice()?),
            abi::WAKE_WRITABLE => Wake::Writable,
            abi::WAKE_FAREWELL => Wake::Farewell,
            abi::WAKE_READY => {
                Wake::Ready(read_text(&(*payload.cast::<abi::ReadyWake>()).address)?)
            }
            abi::WAKE_DATAGRAM => {
                let datagram = &*payload.cast::<abi::DatagramWake>();
                Wake::Datagram(read_text(&datagram.from)?, read_bytes(&datagram.bytes)?)
            }
            _ => return None,
        })
    }
}

/// Copies bytes; none where the length cannot be one.
///
/// # Safety
///
/// The slice is valid now.
unsafe fn read_bytes(slice: &abi::Slice) -> Option<Vec<u8>> {
    if slice.len == 0 {
        return Some(Vec::new());
    }
    if slice.data.is_null() || slice.len > isize::MAX as u64 {
        return None;
    }
    // SAFETY: by contract; the length was checked.
    Some(
        unsafe { std::slice::from_raw_parts(slice.data.cast::<u8>(), slice.len as usize) }.to_vec(),
    )
}

/// As [`read_bytes`]; none also where it is not UTF-8.
///
/// # Safety
///
/// As [`read_bytes`].
pub(super) unsafe fn read_text(slice: &abi::Slice) -> Option<String> {
    // SAFETY: by contract.
    String::from_utf8(unsafe { read_bytes(slice) }?).ok()
}
