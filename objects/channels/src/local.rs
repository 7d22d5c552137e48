//! The live object behind `local_channel`.

use liveobj_sdk::{CreateError, Opaque, Poster, Token, Wake, live_object};

use crate::hub::{Hub, Member};
use crate::{local_channel, template};

type Context<'a> = local_channel::Context<'a>;

static HUB: Hub<Poster> = Hub::new();
const MESSAGE: Token = Token(0);

/// A channel inside one process.
pub struct LocalChannel {
    member: Member<Poster>,
}

#[live_object(template::local_channel)]
impl template::local_channel for LocalChannel {
    fn create(
        context: &mut Context<'_>,
        parameters: local_channel::Parameters<'_>,
    ) -> Result<Self, CreateError> {
        let reach = context.post_handle();
        Ok(LocalChannel {
            member: HUB.join(context.identity(), &parameters.name, reach),
        })
    }

    fn channel_send(&mut self, _: &mut Context<'_>, event: local_channel::channel::Send<'_>) {
        for other in self.member.others() {
            // One that is gone misses the message, as it should.
            let _ = other.post(MESSAGE, &event.message);
        }
    }

    fn wake(&mut self, context: &mut Context<'_>, _: Token, wake: Wake<'_>) {
        if let Wake::Posted(message) = wake {
            let message = Opaque::new(message);
            // Without a connection there is nobody to tell.
            let _ = context.emit(local_channel::channel::Receive { message });
        }
    }
}

#[cfg(test)]
mod tests {
    use liveobj_sdk::testing::Harness;

    use super::*;
    use crate::local_channel::{Endpoint, Parameters, Template, channel};

    fn member(name: &str) -> Harness<Template> {
        let mut harness = Harness::create(Parameters { name: name.into() }).unwrap();
        harness.connect(Endpoint::channel);
        harness
    }

    fn received(harness: &mut Harness<Template>) -> Vec<Vec<u8>> {
        harness.wake_posted();
        let received = harness.take_emitted::<channel::Receive<'_>>();
        received
            .iter()
            .map(|event| event.message.to_vec())
            .collect()
    }

    #[test]
    fn messages_reach_all_others_of_the_name_in_order() {
        let (mut left, mut right, mut other) = (member("a"), member("a"), member("b"));
        let connection = left.connect(Endpoint::channel);
        for message in [b"one", b"two"] {
            left.send(
                connection,
                channel::Send {
                    message: Opaque::new(message),
                },
            );
        }
        assert_eq!(received(&mut right), [b"one", b"two"]);
        assert_eq!(
            (received(&mut left), received(&mut other)),
            (Vec::new(), Vec::new())
        );
    }
}
