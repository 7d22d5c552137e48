//! The live object behind `fragmenter`.

use liveobj_sdk::{Bytes, CreateError, Level, Opaque, Token, Wake, live_object};

use crate::alarm::Alarm;
use crate::fragments::{Fragments, HEADER, Limits, Refused, pause};
use crate::{fragmenter, template};

type Context<'a> = fragmenter::Context<'a>;

/// Nanoseconds of the unit of `timeout`.
const MILLISECOND: u64 = 1_000_000;
/// Frames with less content than this are not worth their header.
const LEAST_CONTENT: usize = 32;

/// Stands between a channel of small messages and whoever sends large ones.
pub struct Fragmenter {
    fragments: Fragments,
    limits: Limits,
    alarm: Alarm,
    /// Counts when they were last reported.
    reported: (u64, u64),
    refused: u64,
}

#[live_object(template::fragmenter)]
impl template::fragmenter for Fragmenter {
    fn create(
        context: &mut Context<'_>,
        parameters: fragmenter::Parameters<'_>,
    ) -> Result<Self, CreateError> {
        let frame = parameters.frame as usize;
        if frame < HEADER + LEAST_CONTENT {
            return Err(CreateError::new(format!(
                "`frame` is {frame}, and has to be at least {}",
                HEADER + LEAST_CONTENT
            )));
        }
        let limits = Limits {
            frame,
            largest: parameters.largest as usize,
            memory: parameters.memory as usize,
            patience: u64::from(parameters.timeout) * MILLISECOND,
            pause: pause(frame, parameters.pace),
        };
        Ok(Fragmenter {
            fragments: Fragments::new(limits, &context.identity(), context.random()),
            limits,
            alarm: Alarm::new(Token(0)),
            reported: (0, 0),
            refused: 0,
        })
    }

    fn channel_send(&mut self, context: &mut Context<'_>, event: fragmenter::channel::Send<'_>) {
        if let Err(refused) = self.fragments.send(&event.message) {
            self.refuse(context, event.message.len(), refused);
        }
        self.go(context);
    }

    fn lower_receive(&mut self, context: &mut Context<'_>, event: fragmenter::lower::Receive<'_>) {
        let now = context.now();
        if let Some(message) = self.fragments.receive(now, &event.message) {
            let message = Opaque::new(&message);
            // Without a connection there is nobody to tell.
            let _ = context.emit(fragmenter::channel::Receive { message });
        }
        self.go(context);
    }

    fn wake(&mut self, context: &mut Context<'_>, token: Token, wake: Wake<'_>) {
        if self.alarm.rings(token, &wake) {
            let now = context.now();
            self.fragments.expire(now);
            self.go(context);
        }
    }
}

impl Fragmenter {
    fn go(&mut self, context: &mut Context<'_>) {
        let now = context.now();
        while let Some(frame) = self.fragments.next_frame(now) {
            let message = Bytes::new(&frame);
            // Before and after the connection there is nobody to send to.
            let _ = context.emit(fragmenter::lower::Send { message });
        }
        self.alarm.set(context, self.fragments.deadline());
        self.report(context);
    }

    fn refuse(&mut self, context: &mut Context<'_>, length: usize, refused: Refused) {
        self.refused += 1;
        match refused {
            Refused::TooLarge => {
                let largest = self.limits.largest;
                let text =
                    format!("a message of {length} bytes was not sent: `largest` allows {largest}");
                context.report(Level::Warning, &text);
            }
            Refused::Full if self.refused.is_power_of_two() => {
                let text = format!(
                    "{} messages so far were not sent, because more are waiting than `memory` \
                     holds; `pace` says how fast they leave",
                    self.refused
                );
                context.report(Level::Warning, &text);
            }
            Refused::Full => {}
        }
    }

    fn report(&mut self, context: &mut Context<'_>) {
        let (foreign, given_up) = (self.fragments.foreign, self.fragments.given_up);
        if foreign != self.reported.0 && foreign.is_power_of_two() {
            let text = format!("{foreign} messages so far were no frames of this fragmenter");
            context.report(Level::Debug, &text);
        }
        if given_up != self.reported.1 && given_up.is_power_of_two() {
            let text = format!("{given_up} messages so far were given up: parts were lost");
            context.report(Level::Debug, &text);
        }
        self.reported = (foreign, given_up);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use liveobj_sdk::Connection;
    use liveobj_sdk::testing::{Harness, Request};

    use super::*;
    use crate::fragmenter::{Endpoint, Parameters, Template, channel, lower};

    fn parameters() -> Parameters<'static> {
        Parameters {
            frame: 1_070,
            largest: 100_000,
            memory: 200_000,
            timeout: 3_000,
            pace: 4_000_000,
        }
    }

    fn connected() -> (Harness<Template>, Connection, Connection) {
        let mut harness = Harness::<Template>::create(parameters()).unwrap();
        let below = harness.connect(Endpoint::lower);
        let above = harness.connect(Endpoint::channel);
        (harness, below, above)
    }

    fn sent(harness: &mut Harness<Template>) -> Vec<Vec<u8>> {
        let sent = harness.take_emitted::<lower::Send<'_>>();
        sent.iter().map(|event| event.message.to_vec()).collect()
    }

    #[test]
    fn a_large_message_leaves_in_frames_by_the_clock() {
        let (mut harness, _, above) = connected();
        let content = vec![7; 20_000];
        let message = Opaque::new(&content);
        harness.send(above, channel::Send { message });
        let first = sent(&mut harness);
        assert_eq!(first.len(), 16);
        assert!(first.iter().all(|frame| frame.len() == 1_070));
        let timer = Request::Timer {
            token: Token(0),
            delay: Duration::from_micros(4_280),
        };
        assert_eq!(harness.take_requests(), [timer]);
        harness.advance(Duration::from_micros(4_280));
        harness.wake(Token(0), Wake::Timer);
        assert_eq!(sent(&mut harness).len(), 4);
        assert_eq!(harness.take_requests(), []);
    }

    #[test]
    fn what_another_cut_is_received_whole_and_what_lacks_a_frame_is_given_up_in_time() {
        let (mut harness, below, _) = connected();
        let limits = Limits {
            frame: 1_070,
            largest: 100_000,
            memory: 200_000,
            patience: 0,
            pause: 0,
        };
        let mut other = Fragments::new(limits, &[0; 32], 4711);
        for content in [vec![1; 3_000], vec![2; 3_000]] {
            other.send(&content).unwrap();
        }
        let frames: Vec<_> = std::iter::from_fn(|| other.next_frame(0)).collect();
        for frame in frames.iter().take(5) {
            let message = Bytes::new(frame);
            harness.send(below, lower::Receive { message });
        }
        let received = harness.take_emitted::<channel::Receive<'_>>();
        let received: Vec<_> = received
            .iter()
            .map(|event| event.message.to_vec())
            .collect();
        assert_eq!(received, [vec![1; 3_000]]);
        harness.advance(Duration::from_secs(3));
        harness.wake(Token(0), Wake::Timer);
        let text = "1 messages so far were given up: parts were lost".to_owned();
        assert_eq!(harness.take_reports(), [(Level::Debug, text)]);
        let message = Bytes::new(&frames[5]);
        harness.send(below, lower::Receive { message });
        assert!(harness.take_emitted::<channel::Receive<'_>>().is_empty());
    }

    #[test]
    fn a_message_too_large_is_refused_naming_the_parameter() {
        let (mut harness, _, above) = connected();
        let content = vec![7; 100_001];
        let message = Opaque::new(&content);
        harness.send(above, channel::Send { message });
        let text = "a message of 100001 bytes was not sent: `largest` allows 100000".to_owned();
        assert_eq!(harness.take_reports(), [(Level::Warning, text)]);
    }

    #[test]
    fn frames_without_room_for_content_fail_create() {
        let parameters = Parameters {
            frame: 60,
            ..parameters()
        };
        let error = Harness::<Template>::create(parameters).unwrap_err();
        assert_eq!(error, "`frame` is 60, and has to be at least 61");
    }
}
