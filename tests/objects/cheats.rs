//! Objects that do what a simulation cannot repeat.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use liveobj_sdk::{CreateError, Token, Wake, live_object};

liveobj_sdk::library!("objects/cheats.lot", name = "test:cheats");

const TERMINAL: Token = Token(0);
const SECOND: Token = Token(1);

static SHOWN: AtomicU64 = AtomicU64::new(0);

struct Cheat {
    how: String,
    started: Instant,
}

impl Cheat {
    fn look(&self) -> u64 {
        match self.how.as_str() {
            "clock" => u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX),
            "hasher" => RandomState::new().build_hasher().finish(),
            "static" => SHOWN.fetch_add(1, Ordering::Relaxed),
            _ => 0,
        }
    }
}

#[live_object(template::cheat)]
impl template::cheat for Cheat {
    fn create(
        context: &mut cheat::Context<'_>,
        parameters: cheat::Parameters<'_>,
    ) -> Result<Self, CreateError> {
        let refused = |error| CreateError::new(format!("{error}"));
        context.terminal_open(TERMINAL).map_err(refused)?;
        let second = Duration::from_secs(1);
        context.timer(SECOND, second).map_err(refused)?;
        Ok(Cheat {
            how: parameters.how.to_string(),
            started: Instant::now(),
        })
    }

    fn wake(&mut self, context: &mut cheat::Context<'_>, _: Token, wake: Wake<'_>) {
        match wake {
            Wake::Timer if self.how == "spin" => {
                let _ = context.post_handle().post(TERMINAL, b"");
            }
            Wake::Posted(_) => {
                let _ = context.post_handle().post(TERMINAL, b"");
            }
            Wake::Timer => {
                let _ = context.terminal_show(TERMINAL, &self.look().to_string());
                let _ = context.timer(SECOND, Duration::from_secs(1));
            }
            _ => {}
        }
    }
}
