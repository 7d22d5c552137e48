//! Reports domains that do not move on: a handler that blocks keeps everything in its domain waiting.
//!
//! A domain notes each turn and each delivery in its [`Pulse`]; nothing is noted of an event that is
//! delivered at once, within another's handler, but each proxy tells whether it runs ([`Roster`]).
//! Somebody else looks at it a few times a second.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;

use crate::boundary::roster::Roster;
use crate::report::{Level, Message, Report};

/// How often is looked.
const EVERY: Duration = Duration::from_millis(150);
/// What has not moved on for so long is reported: with [`EVERY`] twice, less than a second.
const PATIENCE: Duration = Duration::from_millis(600);

/// How a domain is getting on. Written by its own thread only.
#[derive(Default)]
pub(crate) struct Pulse {
    /// Whether a turn is under way.
    busy: AtomicBool,
    /// Counts turns and deliveries.
    beats: AtomicU64,
    /// The proxy of the last delivery; 0 if it was work of the engine's own.
    proxy: AtomicU64,
    /// The proxies.
    pub(crate) roster: Roster,
}

impl Pulse {
    /// A turn begins.
    pub(crate) fn begin_turn(&self) {
        self.beat(0);
        self.busy.store(true, Ordering::Relaxed);
    }

    /// It ends.
    pub(crate) fn end_turn(&self) {
        self.busy.store(false, Ordering::Relaxed);
    }

    /// Something is handed to a proxy, or the engine does something itself (0).
    pub(crate) fn beat(&self, proxy: u64) {
        self.proxy.store(proxy, Ordering::Relaxed);
        // Nobody else writes.
        let beats = self.beats.load(Ordering::Relaxed);
        self.beats.store(beats + 1, Ordering::Relaxed);
    }

    /// What the proxy is called that the domain is in; nothing where it does something itself.
    pub(crate) fn who(&self) -> String {
        let last = || self.roster.label(self.proxy.load(Ordering::Relaxed));
        // A destructor does not count as running.
        let label = self.roster.innermost().or_else(last);
        label.map_or_else(String::new, |label| label.to_string())
    }
}

/// Looks at all domains of a runtime, as long as there are some.
pub(crate) struct Watchdog {
    watched: Arc<Mutex<Vec<Watched>>>,
    reports: Arc<dyn Report>,
}

struct Watched {
    pulse: Weak<Pulse>,
    beats: u64,
    since: Instant,
    /// What was reported as blocked.
    told: Option<String>,
}

impl Watchdog {
    /// Nothing to look at yet.
    pub(crate) fn new(reports: Arc<dyn Report>) -> Watchdog {
        Watchdog {
            watched: Arc::default(),
            reports,
        }
    }

    /// Looks at a domain until it is gone.
    pub(crate) fn watch(&self, pulse: &Arc<Pulse>, tokio: &Handle) {
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        watched.push(Watched {
            pulse: Arc::downgrade(pulse),
            beats: 0,
            since: Instant::now(),
            told: None,
        });
        if watched.len() == 1 {
            tokio.spawn(look(self.watched.clone(), self.reports.clone()));
        }
    }
}

async fn look(watched: Arc<Mutex<Vec<Watched>>>, reports: Arc<dyn Report>) {
    loop {
        tokio::time::sleep(EVERY).await;
        let mut messages = Vec::new();
        {
            let mut watched = watched.lock().unwrap_or_else(PoisonError::into_inner);
            watched.retain_mut(|watched| {
                let pulse = watched.pulse.upgrade();
                let alive = pulse.is_some();
                messages.extend(watched.look(pulse.as_deref(), Instant::now()));
                alive
            });
            if watched.is_empty() {
                return;
            }
        }
        for message in messages {
            reports.report(&message);
        }
    }
}

impl Watched {
    /// What is to be said of it now.
    fn look(&mut self, pulse: Option<&Pulse>, now: Instant) -> Option<Message> {
        let busy = pulse.is_some_and(|pulse| pulse.busy.load(Ordering::Relaxed));
        let beats = pulse.map_or(0, |pulse| pulse.beats.load(Ordering::Relaxed));
        let lasted = now.saturating_duration_since(self.since);
        if !busy || beats != self.beats {
            (self.beats, self.since) = (beats, now);
            let object = self.told.take()?;
            return Some(Message {
                level: Level::Info,
                object,
                text: format!("its domain goes on, after {:.1} s", lasted.as_secs_f64()),
            });
        }
        if lasted < PATIENCE || self.told.is_some() {
            return None;
        }
        let object = pulse?.who();
        let who = if object.is_empty() { "something" } else { "it" };
        self.told = Some(object.clone());
        Some(Message {
            level: Level::Warning,
            object,
            text: format!(
                "{who} blocks: nothing in its domain has gone on for {:.1} s",
                lasted.as_secs_f64()
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn say(watched: &mut Watched, pulse: &Pulse, now: Instant) -> Option<String> {
        watched.look(Some(pulse), now).map(|said| said.to_string())
    }

    #[test]
    fn what_does_not_move_on_is_said_once_and_again_when_it_does() {
        let pulse = Arc::new(Pulse::default());
        let start = Instant::now();
        let mut watched = Watched {
            pulse: Arc::downgrade(&pulse),
            beats: 0,
            since: start,
            told: None,
        };
        let at = |millis| start + Duration::from_millis(millis);
        // Idle.
        assert_eq!(say(&mut watched, &pulse, at(5_000)), None);
        pulse.begin_turn();
        pulse.beat(7);
        assert_eq!(say(&mut watched, &pulse, at(5_100)), None);
        assert_eq!(say(&mut watched, &pulse, at(5_600)), None);
        let said = "warning: something blocks: nothing in its domain has gone on for 0.7 s";
        assert_eq!(say(&mut watched, &pulse, at(5_800)).as_deref(), Some(said));
        assert_eq!(say(&mut watched, &pulse, at(9_000)), None);
        pulse.end_turn();
        let said = "info: its domain goes on, after 4.9 s";
        assert_eq!(say(&mut watched, &pulse, at(10_000)).as_deref(), Some(said));
        assert_eq!(say(&mut watched, &pulse, at(20_000)), None);
    }

    #[test]
    fn what_is_busy_and_moves_on_is_not_blocked() {
        let pulse = Arc::new(Pulse::default());
        let start = Instant::now();
        let mut watched = Watched {
            pulse: Arc::downgrade(&pulse),
            beats: 0,
            since: start,
            told: None,
        };
        pulse.begin_turn();
        for second in 0..10 {
            pulse.beat(1);
            let now = start + Duration::from_secs(second);
            assert_eq!(say(&mut watched, &pulse, now), None);
        }
    }
}
