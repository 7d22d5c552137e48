//! What a proxy is woken with, and its form in the ABI.

use std::ffi::c_void;

use liveobj_abi as abi;

/// What a proxy is woken with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wake {
    /// The time has passed.
    Timer,
    /// A socket or listener is open at this local address, or a stream to this one.
    Ready(String),
    /// A datagram and its sender.
    Datagram(String, Vec<u8>),
    /// A line.
    Line(String),
    /// No more lines, or no more bytes of a stream.
    End,
    /// The bytes of a file.
    File(Vec<u8>),
    /// No such file.
    Missing,
    /// A proxy is there.
    Opened,
    /// A connection is there.
    Connected(u64),
    /// An endpoint is lent: the document of its reference.
    Exported(String),
    /// It did not work, or has ended.
    Failed(String),
    /// Another thread posted.
    Posted(Vec<u8>),
    /// Bytes of a stream.
    Data(Vec<u8>),
    /// There is room in a stream again.
    Writable,
    /// What it belongs to ends.
    Farewell,
}

impl Wake {
    /// Whether it is socket or timer traffic, which waits while a queue is half full.
    pub(crate) fn can_wait(&self) -> bool {
        matches!(self, Wake::Timer | Wake::Datagram(..) | Wake::Data(_))
    }

    /// Calls `call` with the kind and the payload in the ABI's form.
    pub(super) fn with<R>(&self, call: impl FnOnce(u32, *const c_void) -> R) -> R {
        let bytes = |kind, bytes: &[u8], call: &mut dyn FnMut(u32, *const c_void)| {
            let slice = lend(bytes);
            call(kind, (&raw const slice).cast());
        };
        let mut call = Some(call);
        let mut result = None;
        let mut once = |kind, payload| {
            if let Some(call) = call.take() {
                result = Some(call(kind, payload));
            }
        };
        match self {
            Wake::Timer => once(abi::WAKE_TIMER, std::ptr::null()),
            Wake::End => once(abi::WAKE_END, std::ptr::null()),
            Wake::Missing => once(abi::WAKE_MISSING, std::ptr::null()),
            Wake::Opened => once(abi::WAKE_OPENED, std::ptr::null()),
            Wake::Connected(connection) => {
                let connected = abi::ConnectedWake {
                    connection: *connection,
                };
                once(abi::WAKE_CONNECTED, (&raw const connected).cast());
            }
            Wake::Line(text) => bytes(abi::WAKE_LINE, text.as_bytes(), &mut once),
            Wake::File(data) => bytes(abi::WAKE_FILE, data, &mut once),
            Wake::Exported(text) => bytes(abi::WAKE_EXPORTED, text.as_bytes(), &mut once),
            Wake::Failed(text) => bytes(abi::WAKE_FAILED, text.as_bytes(), &mut once),
            Wake::Posted(data) => bytes(abi::WAKE_POSTED, data, &mut once),
            Wake::Data(data) => bytes(abi::WAKE_DATA, data, &mut once),
            Wake::Writable => once(abi::WAKE_WRITABLE, std::ptr::null()),
            Wake::Farewell => once(abi::WAKE_FAREWELL, std::ptr::null()),
            Wake::Ready(address) => {
                let ready = abi::ReadyWake {
                    address: lend(address.as_bytes()),
                };
                once(abi::WAKE_READY, (&raw const ready).cast());
            }
            Wake::Datagram(from, data) => {
                let datagram = abi::DatagramWake {
                    from: lend(from.as_bytes()),
                    bytes: lend(data),
                };
                once(abi::WAKE_DATAGRAM, (&raw const datagram).cast());
            }
        }
        result.expect("because every arm calls it")
    }
}

fn lend(bytes: &[u8]) -> abi::Slice {
    abi::Slice {
        data: bytes.as_ptr().cast(),
        len: bytes.len() as u64,
        owner: std::ptr::null_mut(),
    }
}
