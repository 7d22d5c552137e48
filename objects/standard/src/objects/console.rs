//! `console`: shows a text in the terminal and takes lines from it.

use liveobj_sdk::{Connection, CreateError, EmitError, Level, Token, Wake, live_object};

use crate::console::{Context, Endpoint, Parameters, text};
use crate::template;

/// The only thing that this object opens.
const TERMINAL: Token = Token(0);
/// How many lines wait for the text.
const LIMIT: usize = 65_536;

/// Keeps nothing of the text: a line that is added is shown, and is the terminal's from then on.
struct Console {
    /// Lines entered before the text was there.
    waiting: Vec<String>,
    /// Whether there is a terminal.
    shows: bool,
}

impl Console {
    fn enter(&mut self, context: &mut Context<'_>, line: &str) {
        let lost = match context.emit(text::Append { line: line.into() }) {
            Ok(()) => return,
            Err(EmitError::NotConnected) if self.waiting.len() < LIMIT => {
                self.waiting.push(line.to_owned());
                return;
            }
            Err(error) => error,
        };
        context.report(
            Level::Warning,
            &format!("a line that was entered is lost: {lost}"),
        );
    }

    fn do_without(&mut self, context: &mut Context<'_>, reason: &str) {
        self.shows = false;
        context.report(Level::Warning, &format!("the text is not shown: {reason}"));
    }
}

#[live_object(template::console)]
impl template::console for Console {
    fn create(context: &mut Context<'_>, _: Parameters<'_>) -> Result<Console, CreateError> {
        let mut console = Console {
            waiting: Vec::new(),
            shows: true,
        };
        if let Err(error) = context.terminal_open(TERMINAL) {
            console.do_without(context, &error.to_string());
        }
        Ok(console)
    }

    fn text_changed(&mut self, context: &mut Context<'_>, event: text::Changed<'_>) {
        if !self.shows {
            return;
        }
        for line in event.added {
            if let Err(error) = context.terminal_show(TERMINAL, line) {
                self.do_without(context, &error.to_string());
                return;
            }
        }
    }

    fn connected(&mut self, context: &mut Context<'_>, _: Endpoint, _: Connection) {
        for line in std::mem::take(&mut self.waiting) {
            self.enter(context, &line);
        }
    }

    fn wake(&mut self, context: &mut Context<'_>, _: Token, wake: Wake<'_>) {
        match wake {
            Wake::Line(line) => self.enter(context, line),
            Wake::Failed(reason) => self.do_without(context, reason),
            // The end of the input is not the end of the text: others may go on.
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use liveobj_sdk::List;
    use liveobj_sdk::testing::{Harness, Outcome, Request};

    use super::*;
    use crate::console::Template;

    fn create() -> Harness<Template> {
        let mut harness = Harness::create(Parameters {}).unwrap();
        let open = Request::TerminalOpen { token: TERMINAL };
        assert_eq!(harness.take_requests(), [open]);
        harness
    }

    fn change(harness: &mut Harness<Template>, by: Connection, first: u32, added: &[&str]) {
        let added: Vec<_> = added.iter().map(|line| (*line).into()).collect();
        let added = List::new(&added);
        let event = text::Changed {
            added,
            first,
            removed: 0,
        };
        assert_eq!(harness.send(by, event), Outcome::Done);
    }

    fn shown(harness: &mut Harness<Template>) -> Vec<String> {
        let lines = harness
            .take_requests()
            .into_iter()
            .map(|request| match request {
                Request::TerminalShow { token, line } if token == TERMINAL => line,
                request => panic!("{request:?}"),
            });
        lines.collect()
    }

    fn appended(harness: &mut Harness<Template>) -> Vec<String> {
        let lines = harness.take_emitted::<text::Append<'_>>();
        lines
            .into_iter()
            .map(|event| event.line.to_string())
            .collect()
    }

    #[test]
    fn a_line_that_is_entered_is_appended() {
        let mut harness = create();
        harness.connect(Endpoint::text);
        harness.wake(TERMINAL, Wake::Line("one"));
        harness.wake(TERMINAL, Wake::Line(""));
        assert_eq!(appended(&mut harness), ["one", ""]);
    }

    #[test]
    fn lines_entered_before_the_text_is_there_wait_for_it() {
        let mut harness = create();
        harness.wake(TERMINAL, Wake::Line("one"));
        harness.wake(TERMINAL, Wake::Line("two"));
        assert_eq!(appended(&mut harness), [""; 0]);
        harness.connect(Endpoint::text);
        harness.wake(TERMINAL, Wake::Line("three"));
        assert_eq!(appended(&mut harness), ["one", "two", "three"]);
    }

    #[test]
    fn a_line_too_many_to_wait_is_reported_as_lost() {
        let mut harness = create();
        for _ in 0..LIMIT {
            harness.wake(TERMINAL, Wake::Line("one"));
        }
        assert_eq!(harness.take_reports(), []);
        harness.wake(TERMINAL, Wake::Line("one too many"));
        let text = "a line that was entered is lost: the endpoint is not connected".to_owned();
        assert_eq!(harness.take_reports(), [(Level::Warning, text)]);
        harness.connect(Endpoint::text);
        assert_eq!(appended(&mut harness).len(), LIMIT);
    }

    #[test]
    fn the_whole_text_is_shown_first() {
        let mut harness = create();
        let connection = harness.connect(Endpoint::text);
        change(&mut harness, connection, 0, &["one", "two"]);
        assert_eq!(shown(&mut harness), ["one", "two"]);
    }

    #[test]
    fn then_lines_that_are_added_are_shown() {
        let mut harness = create();
        let connection = harness.connect(Endpoint::text);
        change(&mut harness, connection, 0, &["one", "two"]);
        shown(&mut harness);
        change(&mut harness, connection, 1, &["and a half"]);
        assert_eq!(shown(&mut harness), ["and a half"]);
    }

    #[test]
    fn the_end_of_the_input_ends_nothing() {
        let mut harness = create();
        let connection = harness.connect(Endpoint::text);
        assert_eq!(harness.wake(TERMINAL, Wake::End), Outcome::Done);
        change(&mut harness, connection, 0, &["one"]);
        assert_eq!(shown(&mut harness), ["one"]);
    }

    #[test]
    fn without_a_terminal_it_says_so_once_and_goes_on() {
        let mut harness = create();
        let connection = harness.connect(Endpoint::text);
        let failed = Wake::Failed("there is no terminal");
        assert_eq!(harness.wake(TERMINAL, failed), Outcome::Done);
        change(&mut harness, connection, 0, &["one", "two"]);
        assert_eq!(shown(&mut harness), [""; 0]);
        let text = "the text is not shown: there is no terminal".to_owned();
        assert_eq!(harness.take_reports(), [(Level::Warning, text)]);
    }
}
