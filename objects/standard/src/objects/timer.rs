//! `timer`: the clock of this node.

use std::time::Duration;

use liveobj_sdk::{BTreeMap, Connection, CreateError, Disconnect, Level, Token, Wake, live_object};

use super::requests::Requests;
use crate::template;
use crate::timer::{Context, Endpoint, Parameters, timer};

/// Keeps the timers of its connections apart, although they choose their tokens themselves.
struct Timer {
    /// Timers that run, with the token that the connection chose.
    running: Requests<u64>,
    /// The way back: connection and token that it chose, to the token that the host knows.
    chosen: BTreeMap<(Connection, u64), Token>,
}

impl Timer {
    fn cancel(&mut self, context: &mut Context<'_>, token: u64) {
        if let Some(token) = self.chosen.remove(&(context.connection(), token)) {
            self.running.take(token);
            // The time may have passed: then there is nothing to give up.
            let _ = context.close(token);
        }
    }
}

#[live_object(template::timer)]
impl template::timer for Timer {
    fn create(_: &mut Context<'_>, _: Parameters<'_>) -> Result<Timer, CreateError> {
        Ok(Timer {
            running: Requests::new(),
            chosen: BTreeMap::new(),
        })
    }

    fn timer_start(&mut self, context: &mut Context<'_>, event: timer::Start) {
        self.cancel(context, event.token);
        let connection = context.connection();
        let token = self.running.add(connection, event.token);
        let delay = Duration::from_nanos(event.nanoseconds);
        if let Err(error) = context.timer(token, delay) {
            self.running.take(token);
            context.report(Level::Warning, &format!("a timer was not started: {error}"));
            return;
        }
        self.chosen.insert((connection, event.token), token);
    }

    fn timer_cancel(&mut self, context: &mut Context<'_>, event: timer::Cancel) {
        self.cancel(context, event.token);
    }

    fn wake(&mut self, context: &mut Context<'_>, token: Token, _: Wake<'_>) {
        if let Some((connection, token)) = self.running.take(token) {
            self.chosen.remove(&(connection, token));
            // Who asked may be gone: then nobody misses the answer.
            let _ = context.emit_to(connection, timer::Elapsed { token });
        }
    }

    fn disconnected(
        &mut self,
        context: &mut Context<'_>,
        _: Endpoint,
        connection: Connection,
        _: Disconnect,
    ) {
        self.running.close(context, connection);
        self.chosen.retain(|(owner, _), _| *owner != connection);
    }
}

#[cfg(test)]
mod tests {
    use liveobj_sdk::testing::{Harness, Request};

    use super::*;
    use crate::timer::Template;

    fn create() -> Harness<Template> {
        Harness::create(Parameters {}).unwrap()
    }

    /// Starts a timer; answers what was asked of the host.
    fn start(harness: &mut Harness<Template>, by: Connection, token: u64) -> Vec<Request> {
        let nanoseconds = 5_000_000;
        harness.send(by, timer::Start { nanoseconds, token });
        harness.take_requests()
    }

    fn elapsed(harness: &mut Harness<Template>) -> Vec<(Connection, u64)> {
        let events = harness.take_emitted_to::<timer::Elapsed>();
        events
            .into_iter()
            .map(|(to, event)| (to.unwrap(), event.token))
            .collect()
    }

    fn running(token: u64) -> Request {
        Request::Timer {
            token: Token(token),
            delay: Duration::from_millis(5),
        }
    }

    fn closed(token: u64) -> Request {
        Request::Close {
            token: Token(token),
        }
    }

    #[test]
    fn a_timer_elapses_once_with_its_token() {
        let mut harness = create();
        let connection = harness.connect(Endpoint::timer);
        assert_eq!(start(&mut harness, connection, 7), [running(0)]);
        assert_eq!(elapsed(&mut harness), []);
        harness.wake(Token(0), Wake::Timer);
        harness.wake(Token(0), Wake::Timer);
        assert_eq!(elapsed(&mut harness), [(connection, 7)]);
    }

    #[test]
    fn connections_that_choose_the_same_token_are_kept_apart() {
        let mut harness = create();
        let first = harness.connect(Endpoint::timer);
        let second = harness.connect(Endpoint::timer);
        assert_eq!(start(&mut harness, first, 7), [running(0)]);
        assert_eq!(start(&mut harness, second, 7), [running(1)]);
        harness.wake(Token(1), Wake::Timer);
        assert_eq!(elapsed(&mut harness), [(second, 7)]);
        harness.wake(Token(0), Wake::Timer);
        assert_eq!(elapsed(&mut harness), [(first, 7)]);
    }

    #[test]
    fn a_cancelled_timer_does_not_elapse() {
        let mut harness = create();
        let connection = harness.connect(Endpoint::timer);
        start(&mut harness, connection, 7);
        harness.send(connection, timer::Cancel { token: 7 });
        assert_eq!(harness.take_requests(), [closed(0)]);
        harness.wake(Token(0), Wake::Timer);
        assert_eq!(elapsed(&mut harness), []);
    }

    #[test]
    fn a_token_that_is_used_again_replaces_its_timer() {
        let mut harness = create();
        let connection = harness.connect(Endpoint::timer);
        start(&mut harness, connection, 7);
        assert_eq!(start(&mut harness, connection, 7), [closed(0), running(1)]);
    }

    #[test]
    fn the_timers_of_a_connection_end_with_it() {
        let mut harness = create();
        let gone = harness.connect(Endpoint::timer);
        let stays = harness.connect(Endpoint::timer);
        start(&mut harness, gone, 1);
        start(&mut harness, stays, 2);
        start(&mut harness, gone, 3);
        harness.disconnect(Endpoint::timer, gone, Disconnect::Dropped);
        assert_eq!(harness.take_requests(), [closed(0), closed(2)]);
        harness.wake(Token(1), Wake::Timer);
        assert_eq!(elapsed(&mut harness), [(stays, 2)]);
    }
}
