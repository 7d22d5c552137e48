//! A mesh of streams between peers: a state machine without clock or network.
//!
//! Each proxy listens at one of its own addresses, and opens a stream to each of the others. It sends
//! its messages on the streams that it opened, and receives those of others on the ones that it
//! accepted. Both sides greet; nothing else is sent before the other side's greeting has come.
//!
//! Why no message overtakes another one of its sender, nor comes twice, whatever breaks: a sender
//! numbers its messages, sends each once to each peer, and sends none before it was greeted on the
//! stream in question. The receiver drops what is not numbered higher than the last that it delivered
//! of that sender, for as long as it has a stream of that sender that it greeted. Once it has none,
//! nothing of the past can still come: it would come on such a stream.

mod inbound;
mod outbound;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use inbound::Inbound;
use outbound::Outbound;

use crate::stream::{Frame, Reader};

/// The first pause before a peer is tried again, in nanoseconds.
const FIRST_PAUSE: u64 = 100_000_000;
/// The longest one.
const LONGEST_PAUSE: u64 = 5_000_000_000;
/// How long to wait after a listener would accept nobody.
const ACCEPT_PAUSE: u64 = 1_000_000_000;

/// Bounds of one channel, the same for everybody: they are parameters of the reference.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Largest message, in bytes.
    pub(crate) largest: usize,
    /// Bytes that may wait for one peer.
    pub(crate) queue: usize,
    /// Nanoseconds of silence after which a stream is given up.
    pub(crate) patience: u64,
}

/// What is to be done outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Listen {
        token: u64,
        bind: String,
    },
    Accept {
        token: u64,
        listener: u64,
    },
    Connect {
        token: u64,
        to: String,
    },
    /// Where it is refused, [`Mesh::refused`] is told.
    Send {
        token: u64,
        bytes: Arc<[u8]>,
    },
    Receive(u64),
    Close(u64),
    Deliver(Vec<u8>),
    Warn(String),
    Debug(String),
}

/// Why a message is not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooLarge;

/// One proxy of a channel.
pub(crate) struct Mesh {
    limits: Limits,
    identity: [u8; 32],
    /// Tells this proxy apart from all others, also from earlier ones of the same address.
    proxy: u64,
    /// Ports of each address, as the parameters have them.
    ports: BTreeMap<IpAddr, Vec<u16>>,
    /// Listeners that are being opened: the address, and which of its ports.
    trying: BTreeMap<u64, (IpAddr, usize)>,
    /// Open listeners, and streams that they are to give.
    listeners: BTreeMap<u64, SocketAddr>,
    accepting: BTreeMap<u64, u64>,
    /// Listeners that are to be asked again, when there is room and time.
    resting: Vec<(u64, u64)>,
    outbound: Vec<Outbound>,
    /// What is sent before it is known who the others are.
    early: Vec<Arc<[u8]>>,
    inbound: BTreeMap<u64, Inbound>,
    /// Of each proxy that has greeted on a stream that lives: its last message that was delivered,
    /// and how many such streams it has.
    senders: BTreeMap<u64, (u64, usize)>,
    /// Number of the last message sent.
    number: u64,
    token: u64,
    random: u64,
    actions: VecDeque<Action>,
    /// Streams that were given up because what they brought made no sense.
    pub(crate) nonsense: u64,
    /// Messages that were not sent to a peer, because too much waited for it.
    pub(crate) dropped: u64,
}

impl Mesh {
    /// Begins to listen. `random` is drawn anew for every proxy.
    pub(crate) fn new(
        limits: Limits,
        identity: [u8; 32],
        random: u64,
        ports: BTreeMap<IpAddr, Vec<u16>>,
    ) -> Mesh {
        let mut mesh = Mesh {
            limits,
            identity,
            proxy: random,
            trying: BTreeMap::new(),
            listeners: BTreeMap::new(),
            accepting: BTreeMap::new(),
            resting: Vec::new(),
            outbound: Vec::new(),
            early: Vec::new(),
            inbound: BTreeMap::new(),
            senders: BTreeMap::new(),
            number: 0,
            token: 0,
            random,
            actions: VecDeque::new(),
            nonsense: 0,
            dropped: 0,
            ports,
        };
        for ip in mesh.ports.keys().copied().collect::<Vec<_>>() {
            mesh.listen(ip, 0);
        }
        mesh
    }

    /// What is to be done next.
    pub(crate) fn next_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// Sends a message to everybody.
    pub(crate) fn send(&mut self, content: &[u8]) -> Result<(), TooLarge> {
        if content.len() > self.limits.largest {
            return Err(TooLarge);
        }
        self.number += 1;
        let frame: Arc<[u8]> = crate::stream::message(self.number, content).into();
        if !self.trying.is_empty() {
            let waiting: usize = self.early.iter().map(|frame| frame.len()).sum();
            if waiting + frame.len() <= self.limits.queue {
                self.early.push(frame);
            }
            return Ok(());
        }
        let mut dropped = 0;
        for peer in &mut self.outbound {
            let fits = peer.send(&frame, self.limits.queue, &mut self.actions);
            dropped += u64::from(!fits);
        }
        if dropped > 0 {
            let before = self.dropped;
            self.dropped += dropped;
            if self.dropped.ilog2() > before.checked_ilog2().unwrap_or(0) || before == 0 {
                let text = format!(
                    "{} messages so far were lost for single peers, which are slower than what is \
                     sent: `queue` says how much may wait",
                    self.dropped
                );
                self.actions.push_back(Action::Warn(text));
            }
        }
        Ok(())
    }

    /// A listener or stream is open.
    pub(crate) fn ready(&mut self, now: u64, token: u64, address: &str) {
        if let Some((ip, index)) = self.trying.remove(&token) {
            let own = SocketAddr::new(ip, self.ports[&ip][index]);
            self.listeners.insert(token, address.parse().unwrap_or(own));
            self.accept(token);
            self.settle(now);
        } else if let Some(listener) = self.accepting.remove(&token) {
            let reader = Reader::new(self.identity, self.limits.largest);
            let from = address.parse().ok();
            self.inbound.insert(token, Inbound::new(now, reader, from));
            self.actions.push_back(Action::Receive(token));
            self.accept(listener);
        } else if let Some(peer) = self
            .outbound
            .iter_mut()
            .find(|it| it.token() == Some(token))
        {
            let reader = Reader::new(self.identity, self.limits.largest);
            peer.opened(now, reader);
            let bytes = crate::stream::hello(&self.identity, self.proxy).into();
            self.actions.push_back(Action::Send { token, bytes });
            self.actions.push_back(Action::Receive(token));
        }
    }

    /// A listener or stream is not there, or not any more: it is closed already.
    pub(crate) fn failed(&mut self, now: u64, token: u64, reason: &str) {
        if let Some((ip, index)) = self.trying.remove(&token) {
            // Not an address of this machine, or somebody else has the port.
            if index + 1 < self.ports[&ip].len() {
                self.listen(ip, index + 1);
            } else if self.ports[&ip].len() > 1 && ip.is_loopback() {
                let text = format!("all {} ports of `{ip}` in `peers` are taken", index + 1);
                self.actions.push_back(Action::Warn(text));
            }
            self.settle(now);
        } else if let Some(listener) = self.accepting.remove(&token) {
            let text = format!("nobody is accepted for a while: {reason}");
            self.actions.push_back(Action::Debug(text));
            self.resting
                .push((now.saturating_add(ACCEPT_PAUSE), listener));
        } else if self.inbound.contains_key(&token) {
            self.lose_inbound(token);
        } else if let Some(index) = self.peer(token) {
            let jitter = self.draw();
            self.outbound[index].lost(now, jitter);
        }
    }

    /// A stream took nothing of what was to be sent, and will tell when it does.
    pub(crate) fn refused(&mut self, token: u64, bytes: Arc<[u8]>) {
        let Some(index) = self.peer(token) else {
            // A greeting or sign of life on an accepted stream: one less.
            return;
        };
        // A smaller one behind it might be taken, and overtake it.
        let behind = take_sends(&mut self.actions, token);
        self.outbound[index].refused(std::iter::once(bytes).chain(behind));
    }

    /// A stream takes more.
    pub(crate) fn writable(&mut self, token: u64) {
        if let Some(index) = self.peer(token) {
            self.outbound[index].writable(&mut self.actions);
        }
    }

    /// A stream brings bytes.
    pub(crate) fn data(&mut self, now: u64, token: u64, bytes: &[u8]) {
        let sense = if self.inbound.contains_key(&token) {
            self.inbound_data(now, token, bytes)
        } else if let Some(index) = self.peer(token) {
            self.outbound_data(now, index, bytes)
        } else {
            return;
        };
        match sense {
            Some(true) => self.actions.push_back(Action::Receive(token)),
            // It was closed for a better reason.
            None => {}
            Some(false) => {
                self.nonsense += 1;
                if self.nonsense.is_power_of_two() {
                    let text = format!(
                        "{} streams so far brought something else than this channel's messages",
                        self.nonsense
                    );
                    self.actions.push_back(Action::Debug(text));
                }
                self.end(now, token);
            }
        }
    }

    /// The other end has closed a stream.
    pub(crate) fn end(&mut self, now: u64, token: u64) {
        self.actions.push_back(Action::Close(token));
        self.failed(now, token, "closed by the other end");
    }

    /// Time has passed.
    pub(crate) fn tick(&mut self, now: u64) {
        let due: Vec<(u64, u64)> = self.resting.extract_if(.., |(at, _)| *at <= now).collect();
        for (_, listener) in due {
            self.accept(listener);
        }
        let silent = self
            .inbound
            .iter()
            .filter(|(_, it)| it.silent_at(&self.limits) <= now);
        let silent: Vec<u64> = silent.map(|(token, _)| *token).collect();
        for token in silent {
            self.end(now, token);
        }
        for (token, stream) in &mut self.inbound {
            stream.live(now, *token, &self.limits, &mut self.actions);
        }
        for index in 0..self.outbound.len() {
            let peer = &self.outbound[index];
            if let Some(token) = peer.token().filter(|_| peer.silent_at(&self.limits) <= now) {
                self.end(now, token);
            } else if peer.due().is_some_and(|at| at <= now) {
                self.connect(index);
            } else {
                self.outbound[index].live(now, &self.limits, &mut self.actions);
            }
        }
    }

    /// When there is something to do without anything happening.
    pub(crate) fn deadline(&self) -> Option<u64> {
        let resting = self.resting.iter().map(|(at, _)| *at);
        let limits = &self.limits;
        let inbound = self.inbound.values();
        let inbound = inbound.flat_map(|it| [it.silent_at(limits), it.live_at(limits)]);
        let outbound = self.outbound.iter().flat_map(|peer| {
            let streams = [peer.silent_at(limits), peer.live_at(limits)];
            peer.due().into_iter().chain(streams)
        });
        let all = resting.chain(inbound).chain(outbound);
        all.filter(|at| *at != u64::MAX).min()
    }

    fn listen(&mut self, ip: IpAddr, index: usize) {
        let token = self.next_token();
        self.trying.insert(token, (ip, index));
        let bind = SocketAddr::new(ip, self.ports[&ip][index]).to_string();
        self.actions.push_back(Action::Listen { token, bind });
    }

    /// Once every address was tried, all others are peers.
    fn settle(&mut self, now: u64) {
        if !self.trying.is_empty() {
            return;
        }
        if self.listeners.is_empty() {
            let text = "no address in `peers` is one of this machine with a free port: others \
                        will not reach this proxy";
            self.actions.push_back(Action::Warn(text.to_owned()));
        }
        for (ip, ports) in &self.ports {
            for port in ports {
                let to = SocketAddr::new(*ip, *port);
                if !self.listeners.values().any(|own| *own == to) {
                    self.outbound.push(Outbound::new(to, now));
                }
            }
        }
        let early = std::mem::take(&mut self.early);
        for peer in &mut self.outbound {
            for frame in &early {
                peer.send(frame, self.limits.queue, &mut self.actions);
            }
        }
        for index in 0..self.outbound.len() {
            self.connect(index);
        }
    }

    /// Asks a listener for its next stream, if there is room for one more.
    fn accept(&mut self, listener: u64) {
        let all: usize = self.ports.values().map(Vec::len).sum();
        if self.inbound.len() + self.accepting.len() > 2 * all + 8 {
            // Whoever leaves makes room.
            self.resting.push((u64::MAX, listener));
            return;
        }
        let token = self.next_token();
        self.accepting.insert(token, listener);
        self.actions.push_back(Action::Accept { token, listener });
    }

    fn connect(&mut self, index: usize) {
        let token = self.next_token();
        let to = self.outbound[index].connect(token);
        self.actions.push_back(Action::Connect { token, to });
    }

    fn peer(&self, token: u64) -> Option<usize> {
        self.outbound
            .iter()
            .position(|it| it.token() == Some(token))
    }

    fn next_token(&mut self) -> u64 {
        self.token += 1;
        self.token
    }

    fn draw(&mut self) -> u64 {
        self.random = self
            .random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        self.random >> 33
    }

    /// Whether what an accepted stream brings makes sense.
    fn inbound_data(&mut self, now: u64, token: u64, bytes: &[u8]) -> Option<bool> {
        let stream = self.inbound.get_mut(&token)?;
        stream.heard(now, bytes);
        let mut greeted = None;
        loop {
            let (sender, frame) = stream.next();
            match frame {
                Ok(None) => break,
                Ok(Some(Frame::Hello(proxy))) => {
                    self.senders.entry(proxy).or_insert((0, 0)).1 += 1;
                    greeted = Some(proxy);
                    let bytes = crate::stream::hello(&self.identity, self.proxy).into();
                    self.actions.push_back(Action::Send { token, bytes });
                }
                Ok(Some(Frame::Message(number, content))) => {
                    let last = sender.and_then(|sender| self.senders.get_mut(&sender));
                    if let Some((last, _)) = last.filter(|(last, _)| number > *last) {
                        *last = number;
                        self.actions.push_back(Action::Deliver(content.to_vec()));
                    }
                }
                Ok(Some(Frame::Alive)) => {}
                Err(_) => return Some(false),
            }
        }
        if let Some(proxy) = greeted {
            self.came(now, token, proxy);
        }
        Some(true)
    }

    /// Somebody has greeted: where no stream leads to it, one may now.
    fn came(&mut self, now: u64, token: u64, proxy: u64) {
        let from = self.inbound.get(&token).and_then(|it| it.from);
        let known = self.outbound.iter().any(|peer| peer.leads_to(proxy));
        if known || proxy == self.proxy {
            return;
        }
        for peer in &mut self.outbound {
            if from.is_none_or(|from| from.ip() == peer.address().ip()) {
                peer.hurry(now);
            }
        }
    }

    /// Whether what a stream to a peer brings makes sense; none where it was closed.
    fn outbound_data(&mut self, now: u64, index: usize, bytes: &[u8]) -> Option<bool> {
        self.outbound[index].heard(now, bytes);
        loop {
            match self.outbound[index].next() {
                Ok(None) => return Some(true),
                Ok(Some(Frame::Alive)) => {}
                Ok(Some(Frame::Hello(proxy))) => {
                    let twin = proxy == self.proxy
                        || self.outbound.iter().any(|peer| peer.leads_to(proxy));
                    if twin {
                        // This proxy itself, or one that another stream leads to already.
                        let token = self.outbound[index].token();
                        self.actions.extend(token.map(Action::Close));
                        self.outbound[index].twin(now);
                        return None;
                    }
                    self.outbound[index].greeted(proxy, &mut self.actions);
                }
                Ok(Some(Frame::Message(..))) | Err(_) => return Some(false),
            }
        }
    }

    fn lose_inbound(&mut self, token: u64) {
        let Some(stream) = self.inbound.remove(&token) else {
            return;
        };
        if let Some(sender) = stream.sender()
            && let Some((_, streams)) = self.senders.get_mut(&sender)
        {
            *streams -= 1;
            if *streams == 0 {
                self.senders.remove(&sender);
            }
        }
        let waiting = self.resting.iter().position(|(at, _)| *at == u64::MAX);
        if let Some((_, listener)) = waiting.map(|index| self.resting.remove(index)) {
            self.accept(listener);
        }
    }
}

/// Takes out all that is to be sent through a stream.
fn take_sends(actions: &mut VecDeque<Action>, token: u64) -> Vec<Arc<[u8]>> {
    let mut taken = Vec::new();
    actions.retain(|action| match action {
        Action::Send {
            token: through,
            bytes,
        } if *through == token => {
            taken.push(bytes.clone());
            false
        }
        _ => true,
    });
    taken
}
