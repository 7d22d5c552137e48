//! Objects that take their time to leave, and the host of tests around them.

use liveobj_sdk::testing::{Harness, Outcome, Request};
use liveobj_sdk::{CreateError, RequestError, Token, Wake, live_object};

use visitor::{Context, Endpoint, Parameters, visit};

liveobj_sdk::library!("examples/visitor.lot", name = "example:visitor");

const FAREWELL: Token = Token(1);
const STAY: Token = Token(2);

/// Stays until it is told that its leaving is noted; without an answer it says so again at last.
struct Visitor {}

#[live_object(template::visitor)]
impl template::visitor for Visitor {
    fn create(context: &mut Context<'_>, _: Parameters<'_>) -> Result<Visitor, CreateError> {
        assert_eq!(context.stay(STAY), Err(RequestError::Invalid), "too early");
        context.farewell_last(FAREWELL)?;
        let again = context.farewell(Token(3));
        assert_eq!(again, Err(RequestError::Invalid), "one of the two");
        Ok(Visitor {})
    }

    fn wake(&mut self, context: &mut Context<'_>, token: Token, wake: Wake<'_>) {
        let _ = context.emit(visit::Leaving {});
        if (token, wake) == (FAREWELL, Wake::Farewell) {
            assert_eq!(context.farewell(Token(3)), Err(RequestError::Stale));
            assert_eq!(context.stay(STAY), Ok(()));
            let again = context.stay(STAY);
            assert_eq!(again, Err(RequestError::Invalid), "the token is in use");
        }
    }

    fn visit_noted(&mut self, context: &mut Context<'_>, _: visit::Noted) {
        let _ = context.close(STAY);
    }
}

fn leaving() -> (Harness<visitor::Template>, liveobj_sdk::Connection) {
    let mut harness = Harness::<visitor::Template>::create(Parameters {}).expect("created");
    let host = harness.connect(Endpoint::visit);
    assert_eq!(harness.farewell(), Some(Outcome::Done));
    assert_eq!(harness.farewell(), None, "it is woken once");
    assert_eq!(harness.take_emitted::<visit::Leaving>().len(), 1);
    assert_eq!(harness.staying(), [STAY]);
    (harness, host)
}

#[test]
fn who_stays_does_so_until_it_gives_up_the_token() {
    let (mut harness, host) = leaving();
    harness.send(host, visit::Noted {});
    assert_eq!(harness.staying(), []);
    harness.time_is_up();
    assert_eq!(harness.take_emitted::<visit::Leaving>().len(), 0);
    let [farewell, stay, close] = [
        Request::FarewellLast { token: FAREWELL },
        Request::Stay { token: STAY },
        Request::Close { token: STAY },
    ];
    assert_eq!(harness.take_requests(), [farewell, stay, close]);
}

#[test]
fn who_stays_when_the_time_is_up_is_told() {
    let (mut harness, _) = leaving();
    harness.time_is_up();
    assert_eq!(harness.staying(), []);
    assert_eq!(harness.take_emitted::<visit::Leaving>().len(), 1);
}
