//! A library of one template, run by the recording host.

use liveobj_sdk::testing::{Harness, Outcome, Request};
use liveobj_sdk::{CreateError, Level, List, Token, Wake, live_object};

liveobj_sdk::library!("tests/stamper.lot", name = "test:stamper");

struct Stamper {
    next: u64,
    prefix: String,
}

#[live_object(template::stamper)]
impl template::stamper for Stamper {
    fn create(
        context: &mut stamper::Context<'_>,
        parameters: stamper::Parameters<'_>,
    ) -> Result<Self, CreateError> {
        if parameters.prefix.contains('\n') {
            return Err(CreateError::new("`prefix` is more than one line"));
        }
        if parameters.prefix == "fail" {
            context.fail("told to");
        }
        context.timer(Token(7), std::time::Duration::from_secs(1))?;
        Ok(Stamper {
            next: parameters.start,
            prefix: parameters.prefix.to_string(),
        })
    }

    fn input_changed(
        &mut self,
        context: &mut stamper::Context<'_>,
        event: stamper::input::Changed<'_>,
    ) {
        for text in event.added {
            assert!(!text.is_empty(), "an empty line");
            let text = format!("{}{text}", self.prefix);
            let line = types::Stamped {
                number: self.next,
                text: text.as_str().into(),
            };
            let first = self.next == 0;
            let _ = context.emit(stamper::output::Stamped { line, first });
            self.next += 1;
        }
    }

    fn wake(&mut self, context: &mut stamper::Context<'_>, token: Token, wake: Wake<'_>) {
        if wake == Wake::Timer {
            context.fail(&format!("token {} is too much", token.0));
        }
    }
}

fn parameters(prefix: &str) -> stamper::Parameters<'_> {
    stamper::Parameters {
        start: 5,
        prefix: prefix.into(),
    }
}

#[test]
fn an_event_goes_in_and_another_comes_out() {
    let mut harness = Harness::<stamper::Template>::create(parameters("> ")).unwrap();
    let input = harness.connect(stamper::Endpoint::input);
    harness.connect(stamper::Endpoint::output);
    let added = ["one".into(), "two".into()];
    let event = stamper::input::Changed {
        first: 0,
        removed: 0,
        added: List::new(&added),
    };
    assert_eq!(harness.send(input, event), Outcome::Done);
    let lines: Vec<String> = harness
        .take_emitted::<stamper::output::Stamped<'_>>()
        .iter()
        .map(|event| format!("{} {}", event.line.number, event.line.text))
        .collect();
    assert_eq!(lines, ["5 > one", "6 > two"]);
}

#[test]
fn requests_are_recorded() {
    let mut harness = Harness::<stamper::Template>::create(parameters("")).unwrap();
    let delay = std::time::Duration::from_secs(1);
    assert_eq!(
        harness.take_requests(),
        [Request::Timer {
            token: Token(7),
            delay
        }]
    );
}

#[test]
fn a_failed_creation_says_why() {
    let error = Harness::<stamper::Template>::create(parameters("\n")).unwrap_err();
    assert_eq!(error, "`prefix` is more than one line");
}

#[test]
fn an_object_that_cannot_go_on_while_it_is_made_is_not_made() {
    let error = Harness::<stamper::Template>::create(parameters("fail")).unwrap_err();
    assert_eq!(error, "told to");
}

#[test]
fn a_panic_ends_at_the_boundary_and_is_reported() {
    let mut harness = Harness::<stamper::Template>::create(parameters("")).unwrap();
    let input = harness.connect(stamper::Endpoint::input);
    let added = ["".into()];
    let event = stamper::input::Changed {
        first: 0,
        removed: 0,
        added: List::new(&added),
    };
    assert_eq!(harness.send(input, event), Outcome::Panicked);
    let reports = harness.take_reports();
    assert_eq!(
        reports,
        [(Level::Error, "panicked: an empty line".to_owned())]
    );
}

#[test]
fn an_object_can_say_that_it_cannot_go_on() {
    let mut harness = Harness::<stamper::Template>::create(parameters("")).unwrap();
    assert_eq!(harness.wake(Token(7), Wake::Timer), Outcome::Failed);
    let reports = harness.take_reports();
    assert_eq!(reports, [(Level::Error, "token 7 is too much".to_owned())]);
}
