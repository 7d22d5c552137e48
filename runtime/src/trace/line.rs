//! Lines of a trace: one JSON object each, members in a fixed order.

use std::fmt::{Display, Write};

use liveobj_abi as abi;
use liveobj_references::value_to_json;
use liveobj_types::types::Value;
use liveobj_types::{Data, Types, ValueId};
use sha2::{Digest, Sha256};

use super::{Declared, Entry, TracedLink, What};
use crate::boundary::calls::Wake;
use crate::edge::{Export, Request, Space, Stage, UdpOpen};

/// Longest payload that is written out, in bytes of JSON.
pub(super) const MAX_PAYLOAD: usize = 256;

/// A line under construction.
pub(crate) struct Line(String);

impl Line {
    /// Without members.
    pub(crate) fn new() -> Line {
        Line("{".to_owned())
    }

    /// A number, or JSON that is at hand already.
    pub(crate) fn plain(&mut self, name: &str, value: impl Display) -> &mut Line {
        self.name(name);
        write!(self.0, "{value}").expect("because a string takes everything");
        self
    }

    /// A text.
    pub(crate) fn text(&mut self, name: &str, text: &str) -> &mut Line {
        self.name(name);
        self.0
            .push_str(&serde_json::to_string(text).expect("because every text is JSON"));
        self
    }

    /// Bytes from outside: how many, and their hash.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> &mut Line {
        self.plain("bytes", bytes.len())
            .text("sha256", &hexadecimal(&Sha256::digest(bytes)))
    }

    /// The whole line, without its end.
    pub(crate) fn finish(mut self) -> String {
        self.0.push('}');
        self.0
    }

    fn name(&mut self, name: &str) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        self.0.push('"');
        self.0.push_str(name);
        self.0.push_str("\":");
    }

    /// What happens in a domain.
    pub(crate) fn entry(&mut self, entry: &Entry<'_>) -> &mut Line {
        if !entry.object.is_empty() {
            self.text("object", entry.object);
        }
        if entry.proxy != 0 {
            self.plain("id", entry.proxy);
        }
        self.text("kind", kind(&entry.what));
        self.plain("path", entry.path);
        match &entry.what {
            What::Created(_) | What::Destroyed => {}
            What::Waits {
                parent,
                connection,
                link,
                event,
                payload,
            } => {
                self.plain("parent", parent)
                    .event(*connection, link, *event, payload.as_ref());
            }
            What::Event {
                number,
                parent,
                connection,
                link,
                event,
                payload,
                waited,
            } => {
                self.plain("number", number).plain("parent", parent);
                if let Some(emitted) = waited {
                    self.plain("emitted", emitted);
                }
                self.event(*connection, link, *event, payload.as_ref());
            }
            What::Connected {
                number,
                connection,
                endpoint,
                own: _,
                peer,
            } => {
                self.plain("number", number)
                    .plain("connection", connection)
                    .text("endpoint", endpoint);
                if let Some((name, end)) = peer {
                    self.text("peer", name);
                    if let Some(end) = end {
                        self.plain("peer_id", end.proxy);
                    }
                }
            }
            What::Across {
                connection,
                endpoint,
                own: _,
                peer,
                peer_type: _,
            } => {
                self.plain("connection", connection)
                    .text("endpoint", endpoint)
                    .text("peer", peer);
            }
            What::Disconnected {
                number,
                connection,
                endpoint,
                own: _,
                reason,
            } => {
                self.plain("number", number)
                    .plain("connection", connection)
                    .text("endpoint", endpoint)
                    .text("reason", reason_text(*reason));
            }
            What::Wake { token, wake, local } => {
                self.plain("token", token);
                self.wake(wake);
                if let Some(local) = local {
                    self.text("local", local);
                }
            }
            What::Request { token, request } => {
                self.plain("token", token);
                self.request(request);
            }
            What::Said { level, text } => {
                self.text("level", &level.to_string()).text("text", text);
            }
        }
        self
    }

    /// The type of an object.
    pub(crate) fn declared(&mut self, declared: &Declared) -> &mut Line {
        let Declared { text, places } = declared;
        self.text("kind", "declared")
            .text("types", &text.types)
            .text("object_type", &text.object);
        if !text.private.is_empty() {
            let mut private = Line::new();
            for (name, ty) in &text.private {
                private.text(name, ty);
            }
            self.plain("private", private.finish());
        }
        let places = places.iter().map(|place| {
            let mut line = Line::new();
            line.text("of", &place.of)
                .text("formalism", &place.formalism)
                .text("text", &place.text)
                .text("place", &place.place);
            line.finish()
        });
        let places: Vec<String> = places.collect();
        self.plain("places", format_args!("[{}]", places.join(",")))
    }

    /// An event, and what it carries.
    fn event(
        &mut self,
        connection: u64,
        link: &TracedLink,
        event: usize,
        payload: Option<&(&Types, Data)>,
    ) -> &mut Line {
        self.plain("connection", connection)
            .text("from", &link.from);
        if let Some(from) = link.ends.0 {
            self.plain("from_id", from.proxy);
        }
        self.text("to", &link.to);
        if let Some((name, ty)) = link.events.get(event) {
            self.text("event", name);
            if let Some((types, data)) = payload {
                self.payload(types, *ty, data);
            }
        }
        self
    }

    /// The payload where it is short, its hash in any case, and something that tells the values of
    /// each parameter apart.
    fn payload(&mut self, types: &Types, ty: ValueId, data: &Data) {
        if let Some(json) = value_to_json(types, ty, data).filter(|json| json.len() <= MAX_PAYLOAD)
        {
            self.plain("payload", json);
        }
        if let Some(wire) = types.encode(ty, data) {
            self.bytes(&wire);
        }
        if let (Value::Record { fields, .. }, Data::Record(values)) = (types.value(ty), data)
            && !fields.is_empty()
        {
            let mut digests = Line::new();
            for (name, ty) in fields {
                let wire = values.get(name).and_then(|value| types.encode(*ty, value));
                if let Some(wire) = wire {
                    digests.text(name, &value_digest(&wire));
                }
            }
            self.plain("values", digests.finish());
        }
    }

    fn wake(&mut self, wake: &Wake) {
        self.text("wake", wake_name(wake));
        match wake {
            // What is lent is a secret.
            Wake::Timer
            | Wake::End
            | Wake::Missing
            | Wake::Opened
            | Wake::Writable
            | Wake::Farewell
            | Wake::Exported(_) => {}
            Wake::Connected(connection) => {
                self.plain("connection", connection);
            }
            Wake::Ready(address) => {
                self.text("address", address);
            }
            Wake::Datagram(from, bytes) => {
                self.text("from", from).bytes(bytes);
            }
            Wake::Line(text) | Wake::Failed(text) => {
                self.text("text", text);
            }
            Wake::File(bytes) | Wake::Posted(bytes) | Wake::Data(bytes) => {
                self.bytes(bytes);
            }
        }
    }

    fn request(&mut self, request: &Request) {
        self.text("request", request.name());
        match request {
            Request::Timer(nanoseconds) => {
                self.plain("nanoseconds", nanoseconds);
            }
            Request::UdpOpen(UdpOpen {
                bind,
                group,
                interface,
                ttl,
            }) => {
                self.text("bind", bind)
                    .text("group", group)
                    .text("interface", interface)
                    .plain("ttl", ttl);
            }
            Request::UdpSend { to, bytes } => {
                self.text("to", to).bytes(bytes);
            }
            Request::TcpListen(bind) => {
                self.text("bind", bind);
            }
            Request::TcpAccept { listener, .. } => {
                self.plain("listener", listener);
            }
            Request::TcpConnect(to) => {
                self.text("to", to);
            }
            Request::TcpSend(bytes) => {
                self.bytes(bytes);
            }
            Request::TcpReceive | Request::TerminalOpen | Request::Farewell(_) | Request::Stay => {}
            Request::TerminalShow(text) => {
                self.text("text", text);
            }
            Request::FileRead { space, path } => {
                self.text("space", space.name()).text("file", path);
            }
            Request::Dereference(document) => {
                self.bytes(document.as_bytes());
            }
            Request::DereferenceAs { document, ty } => {
                self.text("type", ty).bytes(document.as_bytes());
            }
            Request::Connect {
                proxy, endpoint, ..
            } => {
                self.plain("proxy", proxy).text("endpoint", endpoint);
            }
            Request::Export(Export::Own(own)) | Request::ConnectExternal { own, .. } => {
                self.plain("own", own);
            }
            Request::Export(Export::Child { proxy, endpoint }) => {
                self.plain("proxy", proxy).text("endpoint", endpoint);
            }
        }
    }
}

fn kind(what: &What<'_>) -> &'static str {
    match what {
        What::Created(_) => "created",
        What::Destroyed => "destroyed",
        What::Event { .. } => "event",
        What::Waits { .. } => "emitted",
        What::Connected { .. } => "connected",
        What::Across { .. } => "across",
        What::Disconnected { .. } => "disconnected",
        What::Wake { .. } => "wake",
        What::Request { .. } => "request",
        What::Said { .. } => "said",
    }
}

/// What a wake is called in a trace.
pub(super) fn wake_name(wake: &Wake) -> &'static str {
    match wake {
        Wake::Timer => "timer",
        Wake::Ready(_) => "ready",
        Wake::Datagram(..) => "datagram",
        Wake::Line(_) => "line",
        Wake::End => "end",
        Wake::File(_) => "file",
        Wake::Missing => "missing",
        Wake::Opened => "opened",
        Wake::Connected(_) => "connected",
        Wake::Exported(_) => "exported",
        Wake::Failed(_) => "failed",
        Wake::Posted(_) => "posted",
        Wake::Data(_) => "data",
        Wake::Writable => "writable",
        Wake::Farewell => "farewell",
    }
}

pub(crate) fn reason_text(reason: u32) -> &'static str {
    match reason {
        abi::REASON_DROPPED => "dropped",
        abi::REASON_PEER_FAILED => "peer failed",
        abi::REASON_OVERFLOW => "overflow",
        abi::REASON_LINK_LOST => "link lost",
        _ => "unknown",
    }
}

impl Request {
    /// What it is called in a trace.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Request::Timer(_) => "timer",
            Request::UdpOpen(_) => "udp open",
            Request::UdpSend { .. } => "udp send",
            Request::TcpListen(_) => "tcp listen",
            Request::TcpAccept { .. } => "tcp accept",
            Request::TcpConnect(_) => "tcp connect",
            Request::TcpSend(_) => "tcp send",
            Request::TcpReceive => "tcp receive",
            Request::Farewell(Stage::First) => "farewell",
            Request::Farewell(Stage::Last) => "farewell last",
            Request::Stay => "stay",
            Request::TerminalOpen => "terminal open",
            Request::TerminalShow(_) => "terminal show",
            Request::FileRead { .. } => "file read",
            Request::Dereference(_) => "dereference",
            Request::DereferenceAs { .. } => "dereference as",
            Request::Connect { .. } => "connect",
            Request::Export(_) => "export",
            Request::ConnectExternal { .. } => "connect external",
        }
    }
}

impl Space {
    /// What it is called in a trace.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Space::Files => "files",
            Space::Registry => "registry",
        }
    }
}

/// What tells a value in wire form apart from others: the first half of its SHA-256.
fn value_digest(wire: &[u8]) -> String {
    hexadecimal(&Sha256::digest(wire)[..16])
}

/// Lower-case hexadecimal.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("because a string takes everything");
        text
    })
}
