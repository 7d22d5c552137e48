//! TCP: listeners, and streams of bytes.

use std::future::Future;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use liveobj_abi::{TCP_CHUNK, TCP_ROOM};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;
use tokio::time::timeout;

use super::Ticket;
use crate::boundary::calls::Wake;
use crate::engine::domain::Domain;
use crate::engine::inbox::Inbox;

/// How long a stream may take to open.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A listener.
pub(super) struct Listener {
    listener: Arc<TcpListener>,
    /// Becomes true when it is closed.
    closed: watch::Sender<bool>,
}

impl Listener {
    /// Listens at an address; gives it too.
    pub(super) fn open(tokio: &Handle, bind: &str) -> Result<(Listener, String), String> {
        let address = parse(bind)?;
        let _inside = tokio.enter();
        let open = || -> io::Result<(TcpListener, SocketAddr)> {
            let listener = std::net::TcpListener::bind(address)?;
            listener.set_nonblocking(true)?;
            let address = listener.local_addr()?;
            Ok((TcpListener::from_std(listener)?, address))
        };
        let (listener, address) =
            open().map_err(|error| format!("cannot listen at `{bind}`: {error}"))?;
        let listener = Listener {
            listener: Arc::new(listener),
            closed: watch::Sender::new(false),
        };
        Ok((listener, address.to_string()))
    }

    /// Stops listening, so that the address is free afterwards.
    pub(super) fn close(self) {
        self.closed.send_replace(true);
        // Those who wait for streams let go of the listener on their own thread.
        for _ in 0..500 {
            if Arc::strong_count(&self.listener) == 1 {
                break;
            }
            std::thread::sleep(Duration::from_micros(100));
        }
    }
}

/// A stream, or one that is being opened. Dropping it closes it, and gives up what waits to be sent.
pub(super) struct Stream {
    shared: Arc<Shared>,
    task: AbortHandle,
}

/// What the stream's task and its domain's thread share.
struct Shared {
    inbox: Arc<Inbox>,
    ticket: Ticket,
    state: Mutex<State>,
    /// Bytes were asked for.
    asked: Notify,
    /// Something waits to be sent.
    unsent: Notify,
}

#[derive(Default)]
struct State {
    /// The same stream, for sending at once: tokio's would first have to hear that it is writable.
    sender: Option<std::net::TcpStream>,
    /// What waits to be sent begins at `sent`.
    waiting: Vec<u8>,
    sent: usize,
    /// Somebody was told that there is no room.
    refused: bool,
    over: bool,
}

impl Stream {
    /// Opens a stream to an address.
    pub(super) fn connect(
        tokio: &Handle,
        inbox: &Arc<Inbox>,
        ticket: Ticket,
        to: String,
    ) -> Stream {
        Stream::open(tokio, inbox, ticket, async move {
            let address = parse(&to)?;
            let connected = timeout(CONNECT_TIMEOUT, TcpStream::connect(address)).await;
            let connected = connected.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
            match connected {
                Ok(stream) => Ok((stream, address)),
                Err(error) => Err(format!("cannot connect with `{to}`: {error}")),
            }
        })
    }

    /// Takes the next stream that somebody opens to a listener.
    pub(super) fn accept(
        tokio: &Handle,
        inbox: &Arc<Inbox>,
        ticket: Ticket,
        listener: &Listener,
    ) -> Stream {
        let (listener, mut closed) = (listener.listener.clone(), listener.closed.subscribe());
        Stream::open(tokio, inbox, ticket, async move {
            tokio::select! {
                accepted = listener.accept() => {
                    accepted.map_err(|error| format!("cannot accept a stream: {error}"))
                }
                _ = closed.wait_for(|closed| *closed) => Err("the listener was closed".to_owned()),
            }
        })
    }

    fn open(
        tokio: &Handle,
        inbox: &Arc<Inbox>,
        ticket: Ticket,
        open: impl Future<Output = Result<(TcpStream, SocketAddr), String>> + Send + 'static,
    ) -> Stream {
        let shared = Arc::new(Shared {
            inbox: inbox.clone(),
            ticket,
            state: Mutex::default(),
            asked: Notify::new(),
            unsent: Notify::new(),
        });
        let task = tokio.spawn(shared.clone().run(open)).abort_handle();
        Stream { shared, task }
    }

    /// Whether so many bytes more may wait. If not, [`Wake::Writable`] follows when nothing waits.
    pub(super) fn has_room(&self, bytes: usize) -> bool {
        let mut state = self.shared.lock();
        let waiting = state.waiting.len() - state.sent;
        // What is larger than all room is taken when nothing waits.
        let room = waiting == 0 || waiting + bytes <= TCP_ROOM as usize;
        state.refused |= !room;
        room
    }

    /// Sends bytes, at once as far as the system takes them.
    pub(super) fn send(&self, bytes: &[u8]) {
        let mut state = self.shared.lock();
        state.waiting.extend_from_slice(bytes);
        if state.waiting.len() - state.sent == bytes.len() {
            // An error is the task's to find and tell.
            let _ = state.write();
        }
        if !state.waiting.is_empty() {
            self.shared.unsent.notify_one();
        }
    }

    /// Asks for bytes.
    pub(super) fn receive(&self) {
        self.shared.asked.notify_one();
    }

    /// The address of its own end, while it is open.
    pub(super) fn address(&self) -> Option<String> {
        let state = self.shared.lock();
        let address = state.sender.as_ref()?.local_addr().ok()?;
        Some(address.to_string())
    }

    /// Whether it broke, and its owner was told.
    pub(super) fn is_over(&self) -> bool {
        self.shared.lock().over
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.task.abort();
        let mut state = self.shared.lock();
        state.over = true;
        state.sender = None;
    }
}

impl State {
    /// Writes what the system takes now.
    fn write(&mut self) -> io::Result<()> {
        let Some(sender) = &mut self.sender else {
            return Ok(());
        };
        while self.sent < self.waiting.len() {
            match sender.write(&self.waiting[self.sent..]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => self.sent += written,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        // What was sent goes once it is worth moving the rest.
        if self.sent == self.waiting.len() || self.sent >= TCP_ROOM as usize {
            self.waiting.drain(..self.sent);
            self.sent = 0;
        }
        Ok(())
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake(&self, wake: Wake) {
        self.inbox
            .push(Domain::wake_from_outside(self.ticket, wake));
    }

    async fn run(
        self: Arc<Shared>,
        open: impl Future<Output = Result<(TcpStream, SocketAddr), String>>,
    ) {
        let failed = match self.opened(open).await {
            Ok(stream) => {
                let error = tokio::select! {
                    error = self.receiving(&stream) => error,
                    error = self.sending(&stream) => error,
                };
                format!("the stream broke: {error}")
            }
            Err(reason) => reason,
        };
        let mut state = self.lock();
        if !std::mem::replace(&mut state.over, true) {
            state.sender = None;
            drop(state);
            self.wake(Wake::Failed(failed));
        }
    }

    async fn opened(
        &self,
        open: impl Future<Output = Result<(TcpStream, SocketAddr), String>>,
    ) -> Result<TcpStream, String> {
        let (stream, address) = open.await?;
        let halves = || -> io::Result<(TcpStream, std::net::TcpStream)> {
            // What is written is a whole already.
            stream.set_nodelay(true)?;
            let stream = stream.into_std()?;
            let sender = stream.try_clone()?;
            Ok((TcpStream::from_std(stream)?, sender))
        };
        let (stream, sender) = halves().map_err(|error| format!("cannot use a stream: {error}"))?;
        let mut state = self.lock();
        if !state.over {
            state.sender = Some(sender);
            self.wake(Wake::Ready(address.to_string()));
        }
        Ok(stream)
    }

    /// Reads when somebody asks, until it breaks.
    async fn receiving(&self, stream: &TcpStream) -> io::Error {
        let mut buffer = vec![0; TCP_CHUNK as usize];
        loop {
            self.asked.notified().await;
            let read = loop {
                if let Err(error) = stream.readable().await {
                    return error;
                }
                match stream.try_read(&mut buffer) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    read => break read,
                }
            };
            match read {
                Ok(0) => self.wake(Wake::End),
                Ok(length) => self.wake(Wake::Data(buffer[..length].to_vec())),
                Err(error) => return error,
            }
        }
    }

    /// Writes what waits, until it breaks.
    async fn sending(&self, stream: &TcpStream) -> io::Error {
        loop {
            self.unsent.notified().await;
            loop {
                let written = {
                    let mut state = self.lock();
                    let written = state.write();
                    let done = state.waiting.is_empty();
                    if done && std::mem::take(&mut state.refused) {
                        self.wake(Wake::Writable);
                    }
                    written.map(|()| done)
                };
                match written {
                    Ok(true) => break,
                    Ok(false) => {
                        // Readiness that was found out behind tokio's back has to be waited for anew.
                        let nothing = || Err::<(), _>(io::ErrorKind::WouldBlock.into());
                        let _ = stream.try_io(tokio::io::Interest::WRITABLE, nothing);
                        if let Err(error) = stream.writable().await {
                            return error;
                        }
                    }
                    Err(error) => return error,
                }
            }
        }
    }
}

fn parse(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| format!("`{text}` is not an address"))
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::engine::inbox::Outside;

    /// One proxy's streams, and what it is woken with.
    struct Side {
        tokio: Arc<tokio::runtime::Runtime>,
        inbox: Arc<Inbox>,
    }

    fn sides() -> [Side; 2] {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let built = builder.worker_threads(1).enable_all().build();
        let tokio = Arc::new(built.expect("a runtime"));
        [(); 2].map(|()| Side {
            tokio: tokio.clone(),
            inbox: Arc::default(),
        })
    }

    fn ticket(ticket: u64) -> Ticket {
        Ticket {
            proxy: 1,
            token: ticket,
            ticket,
        }
    }

    impl Side {
        fn listen(&self) -> (Listener, String) {
            Listener::open(self.tokio.handle(), "127.0.0.1:0").expect("open")
        }

        fn connect(&self, number: u64, to: &str) -> Stream {
            Stream::connect(
                self.tokio.handle(),
                &self.inbox,
                ticket(number),
                to.to_owned(),
            )
        }

        fn accept(&self, number: u64, listener: &Listener) -> Stream {
            Stream::accept(self.tokio.handle(), &self.inbox, ticket(number), listener)
        }

        /// What comes next, and for which stream.
        fn next(&self) -> (u64, Wake) {
            let deadline = Instant::now() + Duration::from_secs(20);
            loop {
                if let Some(Outside::Wake { token, wake, .. }) = self.inbox.try_take(false) {
                    return (token, wake);
                }
                assert!(Instant::now() < deadline, "nothing happened");
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    }

    /// Two ends of a stream, open.
    fn open(left: &Side, right: &Side) -> (Stream, Stream) {
        let (listener, address) = right.listen();
        let there = right.accept(2, &listener);
        let here = left.connect(1, &address);
        assert_eq!(left.next(), (1, Wake::Ready(address.clone())));
        let (2, Wake::Ready(from)) = right.next() else {
            panic!("nothing was accepted");
        };
        assert_eq!(there.address(), Some(address));
        assert_eq!(here.address(), Some(from));
        (here, there)
    }

    #[test]
    fn bytes_arrive_in_order_when_they_are_asked_for() {
        let [left, right] = sides();
        let (here, there) = open(&left, &right);
        here.send(b"one ");
        here.send(b"two");
        let mut received = Vec::new();
        while received.len() < 7 {
            there.receive();
            match right.next() {
                (2, Wake::Data(bytes)) => received.extend(bytes),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(received, b"one two");
        drop(here);
        there.receive();
        assert_eq!(right.next(), (2, Wake::End));
    }

    #[test]
    fn who_is_not_read_is_refused_until_all_is_sent() {
        let [left, right] = sides();
        let (here, there) = open(&left, &right);
        let block = vec![7; 1 << 18];
        let mut sent = 0;
        while here.has_room(block.len()) {
            here.send(&block);
            sent += block.len();
            assert!(sent < 1 << 28, "it never fills");
        }
        let mut received = 0;
        while received < sent {
            there.receive();
            match right.next() {
                (2, Wake::Data(bytes)) => received += bytes.len(),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(left.next(), (1, Wake::Writable));
        assert!(here.has_room(block.len()));
    }

    #[test]
    fn where_nobody_listens_it_fails_with_the_address() {
        let [left, right] = sides();
        let (listener, address) = right.listen();
        listener.close();
        let stream = left.connect(1, &address);
        let (1, Wake::Failed(reason)) = left.next() else {
            panic!("it is open");
        };
        assert!(
            reason.starts_with(&format!("cannot connect with `{address}`: ")),
            "{reason}"
        );
        assert!(stream.is_over());
        left.connect(3, "nowhere");
        // The stream was dropped at once: nobody is told.
        let stream = left.connect(4, "somewhere");
        let mut next = left.next();
        if next.0 == 3 {
            next = left.next();
        }
        assert_eq!(
            next,
            (4, Wake::Failed("`somewhere` is not an address".to_owned()))
        );
        drop(stream);
    }

    #[test]
    fn a_closed_listener_leaves_its_address_free_and_tells_who_waits() {
        let [left, right] = sides();
        let (listener, address) = right.listen();
        let again = || Listener::open(left.tokio.handle(), &address);
        let error = again().err().expect("taken");
        assert!(
            error.starts_with(&format!("cannot listen at `{address}`: ")),
            "{error}"
        );
        let _waits = right.accept(5, &listener);
        listener.close();
        let reason = "the listener was closed".to_owned();
        assert_eq!(right.next(), (5, Wake::Failed(reason)));
        again().expect("free");
    }
}
