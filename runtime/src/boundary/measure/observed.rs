//! Connections of which somebody is told.

use std::io;
use std::rc::Rc;

use super::{Circuit, Nothing, Trust, domain_with};
use crate::trace::{Tap, TraceFormat, Tracer, Tracing};

impl Circuit {
    /// A pair of which all that happens is written as a trace, which nobody keeps. Its lines are lost
    /// where they come faster than they are written.
    pub fn traced() -> Circuit {
        let tracing = Tracing::start(io::sink(), TraceFormat::Lines).expect("a thread");
        Circuit::told(tracing.tracer(""))
    }

    /// A pair of which each event is told to somebody who drops it.
    pub fn tapped() -> Circuit {
        let tap = Tap::new("", |_| {});
        // Neither object has a name.
        tap.settle(".a".to_owned());
        Circuit::told(Rc::new(tap))
    }

    /// A pair in a domain where another pair's events are told to somebody.
    pub fn beside_a_tap() -> Circuit {
        let tap = Tap::new("", |_| {});
        tap.settle("another.a".to_owned());
        Circuit::told(Rc::new(tap))
    }

    fn told(tracer: Rc<dyn Tracer>) -> Circuit {
        let host = Nothing {
            tracer: Some(tracer),
            ..Nothing::default()
        };
        Circuit::within(domain_with(host), 1, false, false, Trust::Typed)
    }
}
