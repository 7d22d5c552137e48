//! The live object behind `failure_detector`: brings time and the endpoints to the machine.

use liveobj_sdk::{Bytes, Connection, CreateError, Disconnect, Token, Wake, live_object};

use super::{Action, Detector, Settings};
use crate::alarm::Alarm;
use crate::env::{Env, MILLISECOND};
use crate::{failure_detector, template, wire};

type Context<'a> = failure_detector::Context<'a>;

/// Looks after peers.
pub struct FailureDetector {
    machine: Detector,
    alarm: Alarm,
}

#[live_object(template::failure_detector)]
impl template::failure_detector for FailureDetector {
    fn create(
        context: &mut Context<'_>,
        parameters: failure_detector::Parameters<'_>,
    ) -> Result<Self, CreateError> {
        let failure_detector::Parameters {
            period,
            timeout,
            sweep,
        } = parameters;
        if period == 0 {
            return Err(CreateError::new("`period` must be at least 1"));
        }
        if timeout <= period {
            return Err(CreateError::new("`timeout` must be more than `period`"));
        }
        let settings = Settings {
            period: u64::from(period) * MILLISECOND,
            timeout: u64::from(timeout) * MILLISECOND,
            sweep,
        };
        Ok(FailureDetector {
            machine: Detector::new(wire::tag(&context.identity()), settings),
            alarm: Alarm::new(),
        })
    }

    fn network_receive(
        &mut self,
        context: &mut Context<'_>,
        event: failure_detector::network::Receive<'_>,
    ) {
        self.act(context, |machine, env| machine.frame(env, &event.message));
    }

    fn monitored_monitor(
        &mut self,
        context: &mut Context<'_>,
        event: failure_detector::monitored::Monitor<'_>,
    ) {
        self.act(context, |machine, env| {
            machine.monitor(env, event.me, &event.peers)
        });
    }

    fn connected(
        &mut self,
        context: &mut Context<'_>,
        endpoint: failure_detector::Endpoint,
        connection: Connection,
    ) {
        match endpoint {
            failure_detector::Endpoint::network => self.act(context, Detector::connected),
            failure_detector::Endpoint::monitored => {
                for peer in self.machine.suspected() {
                    let suspect = failure_detector::monitored::Suspect { peer };
                    // If the connection is gone already, it needs to know nothing.
                    let _ = context.emit_to(connection, suspect);
                }
            }
        }
    }

    fn disconnected(
        &mut self,
        _: &mut Context<'_>,
        endpoint: failure_detector::Endpoint,
        _: Connection,
        _: Disconnect,
    ) {
        if let failure_detector::Endpoint::network = endpoint {
            self.machine.disconnected();
        }
    }

    fn wake(&mut self, context: &mut Context<'_>, token: Token, wake: Wake<'_>) {
        if self.alarm.rings(token, &wake) {
            self.act(context, Detector::timer);
        }
    }
}

impl FailureDetector {
    fn act(
        &mut self,
        context: &mut Context<'_>,
        act: impl FnOnce(&mut Detector, &mut Env<'_>) -> Vec<Action>,
    ) {
        let now = context.now();
        let actions = act(
            &mut self.machine,
            &mut Env {
                now,
                random: &mut || context.random(),
            },
        );
        for action in actions {
            // What cannot be emitted has nobody to receive it.
            let _ = match action {
                Action::Send(message) => context.emit(failure_detector::network::Send {
                    message: Bytes::from(&message),
                }),
                Action::Suspect(peer) => {
                    context.emit(failure_detector::monitored::Suspect { peer })
                }
                Action::Restore(peer) => {
                    context.emit(failure_detector::monitored::Restore { peer })
                }
            };
        }
        self.alarm.set(context, now, self.machine.deadline());
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use liveobj_sdk::testing::{Harness, Request};

    use super::*;
    use crate::failure_detector::{Endpoint, Parameters, Template, monitored, network};

    fn harness(period: u32, timeout: u32) -> Result<Harness<Template>, String> {
        Harness::create(Parameters {
            period,
            timeout,
            sweep: true,
        })
    }

    #[test]
    fn a_peer_that_does_not_answer_is_suspected_and_one_that_does_is_not() {
        let [mut left, mut right] = [(); 2].map(|()| harness(100, 300).unwrap());
        let ends = [&mut left, &mut right].map(|harness| {
            let network = harness.connect(Endpoint::network);
            (network, harness.connect(Endpoint::monitored))
        });
        let monitor = |me, peers: &'static [u64]| monitored::Monitor {
            me,
            peers: peers.into(),
        };
        left.send(ends[0].1, monitor(1, &[2, 3]));
        right.send(ends[1].1, monitor(2, &[]));
        let mut suspected = Vec::new();
        for _ in 0..8 {
            let asked = left.take_emitted::<network::Send<'_>>();
            for event in asked {
                let message = event.message;
                right.send(ends[1].0, network::Receive { message });
            }
            for event in right.take_emitted::<network::Send<'_>>() {
                let message = event.message;
                left.send(ends[0].0, network::Receive { message });
            }
            let Some(Request::Timer { token, delay }) = left.take_requests().pop() else {
                panic!("a timer is set");
            };
            assert!(delay <= Duration::from_millis(100));
            left.advance(delay);
            left.wake(token, Wake::Timer);
            let news = left.take_emitted::<monitored::Suspect>();
            suspected.extend(news.iter().map(|event| event.peer));
        }
        assert_eq!(suspected, [3]);
    }

    #[test]
    fn periods_that_make_no_sense_are_refused() {
        assert!(harness(100, 101).is_ok());
        let refused = harness(0, 101).err().unwrap();
        assert_eq!(refused, "`period` must be at least 1");
        let refused = harness(100, 100).err().unwrap();
        assert_eq!(refused, "`timeout` must be more than `period`");
    }
}
