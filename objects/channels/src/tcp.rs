//! The live object behind `tcp_channel`.

use liveobj_sdk::{CreateError, Level, Opaque, RequestError, Token, Wake, live_object};

use crate::alarm::Alarm;
use crate::mesh::{Action, Limits, Mesh};
use crate::parameters::Ports;
use crate::{tcp_channel, template};

type Context<'a> = tcp_channel::Context<'a>;

/// Nanoseconds of the unit of `patience`.
const MILLISECOND: u64 = 1_000_000;
/// Streams have the tokens from 1 on.
const ALARM: Token = Token(0);

/// A channel over TCP.
pub struct TcpChannel {
    mesh: Mesh,
    limits: Limits,
    alarm: Alarm,
}

#[live_object(template::tcp_channel)]
impl template::tcp_channel for TcpChannel {
    fn create(
        context: &mut Context<'_>,
        parameters: tcp_channel::Parameters<'_>,
    ) -> Result<Self, CreateError> {
        let peers = parameters.peers.iter().map(|text| text.as_str());
        let ports = Ports::parse(peers).map_err(CreateError::new)?;
        if ports.0.is_empty() {
            let reason = "`peers` is empty: nobody would be reached";
            return Err(CreateError::new(reason));
        }
        let limits = Limits {
            largest: parameters.largest as usize,
            queue: parameters.queue as usize,
            patience: u64::from(parameters.patience.max(1)) * MILLISECOND,
        };
        let mut channel = TcpChannel {
            mesh: Mesh::new(limits, context.identity(), context.random(), ports.0),
            limits,
            alarm: Alarm::new(ALARM),
        };
        channel.go(context);
        Ok(channel)
    }

    fn channel_send(&mut self, context: &mut Context<'_>, event: tcp_channel::channel::Send<'_>) {
        if self.mesh.send(&event.message).is_err() {
            let text = format!(
                "a message of {} bytes was not sent: `largest` allows {}",
                event.message.len(),
                self.limits.largest
            );
            context.report(Level::Warning, &text);
        }
        self.go(context);
    }

    fn wake(&mut self, context: &mut Context<'_>, token: Token, wake: Wake<'_>) {
        let now = context.now();
        if self.alarm.rings(token, &wake) {
            self.mesh.tick(now);
        }
        match wake {
            Wake::Ready { address } => self.mesh.ready(now, token.0, address),
            Wake::Failed(reason) => self.mesh.failed(now, token.0, reason),
            Wake::Data(bytes) => self.mesh.data(now, token.0, bytes),
            Wake::End => self.mesh.end(now, token.0),
            Wake::Writable => self.mesh.writable(token.0),
            _ => {}
        }
        self.go(context);
    }
}

impl TcpChannel {
    fn go(&mut self, context: &mut Context<'_>) {
        while let Some(action) = self.mesh.next_action() {
            let failed = match action {
                Action::Listen { token, bind } => (token, context.tcp_listen(Token(token), &bind)),
                Action::Accept { token, listener } => {
                    (token, context.tcp_accept(Token(token), Token(listener)))
                }
                Action::Connect { token, to } => (token, context.tcp_connect(Token(token), &to)),
                Action::Receive(token) => (token, context.tcp_receive(Token(token))),
                Action::Send { token, bytes } => match context.tcp_send(Token(token), &bytes) {
                    Err(RequestError::Refused) => {
                        self.mesh.refused(token, bytes);
                        continue;
                    }
                    other => (token, other),
                },
                Action::Close(token) => {
                    // It may have ended by itself.
                    let _ = context.close(Token(token));
                    continue;
                }
                Action::Deliver(message) => {
                    let message = Opaque::new(&message);
                    // Without a connection there is nobody to tell.
                    let _ = context.emit(tcp_channel::channel::Receive { message });
                    continue;
                }
                Action::Warn(text) => {
                    context.report(Level::Warning, &text);
                    continue;
                }
                Action::Debug(text) => {
                    context.report(Level::Debug, &text);
                    continue;
                }
            };
            if let (token, Err(error)) = failed
                && error != RequestError::Stale
            {
                // A stream that is gone is told of by its own wake.
                self.mesh.failed(context.now(), token, &error.to_string());
            }
        }
        self.alarm.set(context, self.mesh.deadline());
    }
}

#[cfg(test)]
mod tests {
    use liveobj_sdk::Str;
    use liveobj_sdk::testing::{Harness, Request};

    use super::*;
    use crate::stream;
    use crate::tcp_channel::{Endpoint, Parameters, Template, channel};

    fn create(peers: &[&str]) -> Result<Harness<Template>, String> {
        let peers: Vec<Str<'_>> = peers.iter().map(|text| Str::new(text)).collect();
        Harness::create(Parameters {
            peers: (&peers).into(),
            largest: 1_000,
            queue: 10_000,
            patience: 10_000,
        })
    }

    #[test]
    fn bad_parameters_fail_create() {
        let error = create(&[]).unwrap_err();
        assert_eq!(error, "`peers` is empty: nobody would be reached");
        let error = create(&["localhost:7"]).unwrap_err();
        assert!(error.starts_with("`localhost:7` in `peers` is not an address"));
    }

    #[test]
    fn what_one_proxy_sends_on_a_stream_another_delivers() {
        let mut harness = create(&["127.0.0.1:7000-7001"]).unwrap();
        let connection = harness.connect(Endpoint::channel);
        let address = "127.0.0.1:7000";
        harness.wake(Token(1), Wake::Ready { address });
        let requests = harness.take_requests();
        let accept = Request::TcpAccept {
            token: Token(2),
            listener: Token(1),
        };
        let connect = Request::TcpConnect {
            token: Token(3),
            to: "127.0.0.1:7001".to_owned(),
        };
        assert!(requests.contains(&accept) && requests.contains(&connect));
        // One that connects, greets and sends.
        let address = "127.0.0.1:50000";
        harness.wake(Token(2), Wake::Ready { address });
        let bytes = [stream::hello(&[0; 32], 99), stream::message(1, b"hello")].concat();
        harness.wake(Token(2), Wake::Data(&bytes));
        let received = harness.take_emitted::<channel::Receive<'_>>();
        let received: Vec<&[u8]> = received.iter().map(|event| &*event.message).collect();
        assert_eq!(received, [b"hello"]);
        // One that was connected with: what a stream refuses goes when there is room.
        let address = "127.0.0.1:7001";
        harness.wake(Token(3), Wake::Ready { address });
        harness.wake(Token(3), Wake::Data(&stream::hello(&[0; 32], 99)));
        harness.fill(Token(3), true);
        harness.take_requests();
        let message = Opaque::new(b"there");
        harness.send(connection, channel::Send { message });
        let sent = Request::TcpSend {
            token: Token(3),
            bytes: stream::message(1, b"there"),
        };
        assert!(!harness.take_requests().contains(&sent));
        harness.fill(Token(3), false);
        harness.wake(Token(3), Wake::Writable);
        assert!(harness.take_requests().contains(&sent));
    }

    #[test]
    fn a_message_too_large_is_refused_naming_the_parameter() {
        let mut harness = create(&["127.0.0.1:7000"]).unwrap();
        let connection = harness.connect(Endpoint::channel);
        let message = Opaque::new(&[0; 1_001]);
        harness.send(connection, channel::Send { message });
        let text = "a message of 1001 bytes was not sent: `largest` allows 1000".to_owned();
        assert!(harness.take_reports().contains(&(Level::Warning, text)));
    }
}
