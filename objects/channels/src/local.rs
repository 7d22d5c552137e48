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
