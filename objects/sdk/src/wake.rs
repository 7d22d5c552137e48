//! What wakes a proxy: answers to its requests.

use std::ffi::c_void;

use liveobj_abi as abi;

use crate::context::Connection;
use crate::lent::{Bytes, Str};

/// A proxy's own number for a request, or for the resource that a request opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(pub u64);

/// Something that a proxy asked for has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Wake<'a> {
    /// The time has passed.
    Timer,
    /// The socket, listener or stream is open.
    Ready {
        /// The local address of a socket or listener, or the address of the other end of a stream,
        /// `ip:port`.
        address: &'a str,
    },
    /// A datagram arrived.
    Datagram {
        /// Its sender, `ip:port`.
        from: &'a str,
        /// Its payload.
        bytes: &'a [u8],
    },
    /// A line was entered, without its end.
    Line(&'a str),
    /// No more lines, or no more bytes of a stream.
    End,
    /// The bytes of the file.
    File(&'a [u8]),
    /// There is no such file.
    Missing,
    /// The proxy is there.
    Opened,
    /// The connection is there, under this name in events, `connected` and `disconnected`.
    Connected(Connection),
    /// The endpoint is lent: the document of an `external<τ>`. Whoever has it can connect with the
    /// endpoint.
    Exported(&'a str),
    /// It did not work, or what was open ended: the reason.
    Failed(&'a str),
    /// Another thread posted these bytes.
    Posted(&'a [u8]),
    /// Bytes of a stream, at least one.
    Data(&'a [u8]),
    /// There is room in a stream again.
    Writable,
    /// What the proxy belongs to ends, and nothing of it is disconnected yet.
    Farewell,
}

impl<'a> Wake<'a> {
    /// `None` for kinds of later versions.
    ///
    /// # Safety
    ///
    /// `payload` is what the ABI says of `kind`, valid for `'a`.
    pub(crate) unsafe fn from_raw(kind: u32, payload: *const c_void) -> Option<Wake<'a>> {
        // SAFETY: the caller's promise; `Str` and `Bytes` lie as `lo_slice`.
        let text = || unsafe { *payload.cast::<Str<'a>>() }.as_str();
        // SAFETY: as above.
        let bytes = || unsafe { *payload.cast::<Bytes<'a>>() }.as_slice();
        Some(match kind {
            abi::WAKE_TIMER => Wake::Timer,
            abi::WAKE_READY => Wake::Ready { address: text() },
            abi::WAKE_DATAGRAM => {
                // SAFETY: as above; the struct holds the address and then the bytes.
                let (from, bytes) = unsafe { *payload.cast::<DatagramWake<'a>>() }.parts();
                Wake::Datagram { from, bytes }
            }
            abi::WAKE_LINE => Wake::Line(text()),
            abi::WAKE_END => Wake::End,
            abi::WAKE_FILE => Wake::File(bytes()),
            abi::WAKE_MISSING => Wake::Missing,
            abi::WAKE_OPENED => Wake::Opened,
            abi::WAKE_CONNECTED => {
                // SAFETY: as above.
                let connected = unsafe { *payload.cast::<abi::ConnectedWake>() };
                Wake::Connected(Connection(connected.connection))
            }
            abi::WAKE_EXPORTED => Wake::Exported(text()),
            abi::WAKE_FAILED => Wake::Failed(text()),
            abi::WAKE_POSTED => Wake::Posted(bytes()),
            abi::WAKE_DATA => Wake::Data(bytes()),
            abi::WAKE_WRITABLE => Wake::Writable,
            abi::WAKE_FAREWELL => Wake::Farewell,
            _ => return None,
        })
    }
}

/// [`abi::DatagramWake`] with its lifetime.
#[repr(C)]
#[derive(Clone, Copy)]
struct DatagramWake<'a> {
    from: Str<'a>,
    bytes: Bytes<'a>,
}

impl<'a> DatagramWake<'a> {
    fn parts(self) -> (&'a str, &'a [u8]) {
        (self.from.as_str(), self.bytes.as_slice())
    }
}
