//! An object that does not keep what its types promise, and one that asks it.

use liveobj_sdk::{Connection, CreateError, Token, Wake, live_object};

use crate::{asker, liar, opener, template};

struct Liar {
    answers: u64,
    given: u64,
}

#[live_object(template::liar)]
impl template::liar for Liar {
    fn create(
        _: &mut liar::Context<'_>,
        parameters: liar::Parameters<'_>,
    ) -> Result<Liar, CreateError> {
        Ok(Liar {
            answers: parameters.answers,
            given: 0,
        })
    }

    fn asked_ask(&mut self, context: &mut liar::Context<'_>, _: liar::asked::Ask) {
        for _ in 0..self.answers {
            // Whoever asks may be gone, here and below.
            let _ = context.emit(liar::asked::Answer { n: 1 });
        }
    }

    fn soon_ask(&mut self, context: &mut liar::Context<'_>, _: liar::soon::Ask) {
        for _ in 0..self.answers {
            let _ = context.emit(liar::soon::Answer { n: 1 });
        }
    }

    fn once_ask(&mut self, context: &mut liar::Context<'_>, _: liar::once::Ask) {
        // One who says the truth counts on.
        self.given += u64::from(self.answers == 1);
        for _ in 0..self.answers {
            let _ = context.emit(liar::once::Answer { n: self.given });
        }
    }

    fn passed_send(&mut self, context: &mut liar::Context<'_>, event: liar::passed::Send) {
        for _ in 0..self.answers {
            let _ = context.emit(liar::passed::Receive { n: event.n });
        }
    }

    fn everywhere_send(&mut self, context: &mut liar::Context<'_>, event: liar::everywhere::Send) {
        // One who lies makes it up.
        let n = event.n + u64::from(self.answers > 1);
        let _ = context.emit(liar::everywhere::Receive { n });
    }

    fn table_ask(&mut self, _: &mut liar::Context<'_>, _: liar::table::Ask) {}
}

const OBJECT: Token = Token(1);
const CONNECTION: Token = Token(2);

struct Opener;

#[live_object(template::opener)]
impl template::opener for Opener {
    fn create(
        context: &mut opener::Context<'_>,
        parameters: opener::Parameters<'_>,
    ) -> Result<Opener, CreateError> {
        let opened = context.dereference(OBJECT, parameters.object);
        opened.map_err(|error| CreateError::new(format!("{error}")))?;
        Ok(Opener)
    }

    fn wake(&mut self, context: &mut opener::Context<'_>, token: Token, wake: Wake<'_>) {
        match (token, wake) {
            (OBJECT, Wake::Opened) => {
                let own = opener::Endpoint::inner;
                if let Err(error) = context.connect(CONNECTION, OBJECT, "once", own) {
                    context.fail(&format!("{error}"));
                }
            }
            (CONNECTION, Wake::Connected(_)) => {
                let _ = context.emit(opener::inner::Ask {});
            }
            (_, Wake::Failed(reason)) => {
                context.fail(reason);
            }
            _ => {}
        }
    }

    fn inner_answer(&mut self, _: &mut opener::Context<'_>, _: opener::inner::Answer) {}
}

#[derive(Default)]
struct Asker {
    again: bool,
}

#[live_object(template::asker)]
impl template::asker for Asker {
    fn create(_: &mut asker::Context<'_>, _: asker::Parameters<'_>) -> Result<Asker, CreateError> {
        Ok(Asker::default())
    }

    fn connected(
        &mut self,
        context: &mut asker::Context<'_>,
        endpoint: asker::Endpoint,
        _: Connection,
    ) {
        self.ask(context, endpoint);
    }

    fn asked_answer(&mut self, context: &mut asker::Context<'_>, _: asker::asked::Answer) {
        self.answered(context, asker::Endpoint::asked);
    }

    fn soon_answer(&mut self, context: &mut asker::Context<'_>, _: asker::soon::Answer) {
        self.answered(context, asker::Endpoint::soon);
    }

    fn everywhere_receive(&mut self, _: &mut asker::Context<'_>, _: asker::everywhere::Receive) {}

    fn once_answer(&mut self, context: &mut asker::Context<'_>, _: asker::once::Answer) {
        self.answered(context, asker::Endpoint::once);
    }

    fn picky_answer(&mut self, context: &mut asker::Context<'_>, _: asker::picky::Answer) {
        self.answered(context, asker::Endpoint::picky);
    }
}

impl Asker {
    fn ask(&self, context: &mut asker::Context<'_>, endpoint: asker::Endpoint) {
        match endpoint {
            asker::Endpoint::asked => drop(context.emit(asker::asked::Ask {})),
            asker::Endpoint::soon => drop(context.emit(asker::soon::Ask {})),
            asker::Endpoint::once => drop(context.emit(asker::once::Ask {})),
            asker::Endpoint::picky => drop(context.emit(asker::picky::Ask {})),
            asker::Endpoint::everywhere => drop(context.emit(asker::everywhere::Send { n: 1 })),
            asker::Endpoint::table => drop(context.emit(asker::table::Ask {})),
        }
    }

    /// Asks once more after the first answer.
    fn answered(&mut self, context: &mut asker::Context<'_>, endpoint: asker::Endpoint) {
        if !std::mem::replace(&mut self.again, true) {
            self.ask(context, endpoint);
        }
    }
}
