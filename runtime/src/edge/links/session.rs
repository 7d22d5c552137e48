//! A link whose greeting is over: events both ways until one side closes it or it dies.

use std::sync::Arc;
use std::time::Duration;

use liveobj_abi as abi;
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};

use super::Joined;
use super::frame::{self, Frame, MAX_FRAME, ReadError, Writer};
use crate::engine::crossing::Load;
use crate::engine::inbox::Inbox;
use crate::remote::{self, Outgoing, Remote};
use crate::trace::reason_text;

/// How much may wait for the domain, in units of a kilobyte: what comes beyond that is left to TCP.
const WAITING: u32 = 16 << 10;

/// One end of a link.
pub(super) struct Session {
    pub(super) stream: TcpStream,
    pub(super) joined: Joined,
    /// How long without a sign of life the link is taken to be alive.
    pub(super) lease: Duration,
    /// The same on the other side.
    pub(super) their_lease: Duration,
    /// Becomes true when the endpoint is not lent any more.
    pub(super) ended: watch::Receiver<bool>,
}

impl Session {
    /// Runs until the link has ended; the connection has ended then too.
    pub(super) async fn run(self) {
        let Session {
            stream,
            mut joined,
            lease,
            their_lease,
            mut ended,
        } = self;
        let (inbox, remote, load) = (joined.inbox.clone(), joined.remote, joined.load.clone());
        let (reader, writer) = stream.into_split();
        let mut writer = Writer::new(writer);
        let rhythm = (lease.min(their_lease) / 3).max(Duration::from_millis(1));
        let over = tokio::select! {
            reason = send(&mut writer, &mut joined.outgoing, &load, rhythm) => reason.map(|it| (it, true)),
            reason = receive(reader, &inbox, remote, lease) => Some(reason),
            // An owner that is gone has ended it too.
            _ = ended.wait_for(|ended| *ended) => Some((abi::REASON_DROPPED, true)),
        };
        if let Some((reason, tell)) = over {
            tracing::debug!(
                reason = reason_text(reason),
                "a link with another node ends"
            );
            if tell {
                // The other side may be gone, or not listen: it has its own lease.
                let _ = timeout(rhythm, writer.write(&Frame::Close(reason))).await;
            }
            inbox.task(move |domain| domain.disconnect(remote.connection, reason));
        }
        let _ = writer.shutdown().await;
    }
}

/// Sends what goes out, and signs of life, until the connection is closed here; gives a reason where
/// the link cannot go on. If it breaks, the reader is left to tell.
async fn send(
    writer: &mut Writer<OwnedWriteHalf>,
    outgoing: &mut mpsc::UnboundedReceiver<Outgoing>,
    load: &Load,
    rhythm: Duration,
) -> Option<u32> {
    let mut life = interval_at(Instant::now() + rhythm, rhythm);
    life.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let frame = tokio::select! {
            next = outgoing.recv() => match next {
                Some(Outgoing::Event(event, bytes)) => {
                    let size = bytes.len();
                    let frame = Frame::Event(event, bytes);
                    if size + 16 > MAX_FRAME {
                        // The other side would not read it.
                        return Some(abi::REASON_OVERFLOW);
                    }
                    let written = writer.write(&frame).await;
                    load.give(size);
                    if written.is_err() {
                        std::future::pending::<()>().await;
                    }
                    continue;
                }
                Some(Outgoing::Closed(reason)) => {
                    let _ = writer.write(&Frame::Close(reason)).await;
                    return None;
                }
                None => return None,
            },
            _ = life.tick() => Frame::Ping,
        };
        if writer.write(&frame).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Takes what comes in until nothing more does; gives the reason, and whether the other side is to
/// be told.
async fn receive(
    mut reader: OwnedReadHalf,
    inbox: &Inbox,
    remote: Remote,
    lease: Duration,
) -> (u32, bool) {
    let room = Arc::new(Semaphore::new(WAITING as usize));
    loop {
        let frame = match frame::read(&mut reader, MAX_FRAME, lease).await {
            Ok(frame) => frame,
            Err(ReadError::Malformed) => return (abi::REASON_PEER_FAILED, true),
            Err(ReadError::Lost(_)) => return (abi::REASON_LINK_LOST, false),
        };
        match frame {
            Frame::Event(event, bytes) => {
                let units = (1 + (bytes.len() >> 10) as u32).min(WAITING);
                let Ok(permit) = room.clone().acquire_many_owned(units).await else {
                    return (abi::REASON_DROPPED, true);
                };
                let taken = inbox.task(move |domain| {
                    remote::arrive(domain, remote, event, &bytes);
                    drop(permit);
                });
                if !taken {
                    return (abi::REASON_DROPPED, true);
                }
            }
            Frame::Ping => {}
            Frame::Close(reason) => {
                let known = [abi::REASON_PEER_FAILED, abi::REASON_OVERFLOW];
                let reason = known.contains(&reason).then_some(reason);
                return (reason.unwrap_or(abi::REASON_DROPPED), false);
            }
            Frame::Hello { .. } | Frame::Welcome { .. } | Frame::Refused(_) => {
                return (abi::REASON_PEER_FAILED, true);
            }
        }
    }
}
