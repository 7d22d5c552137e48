//! Proxies of which most come and go while some live on.

use super::Crowd;
use crate::edge::Seeded;

/// Groups of objects that are open at any time.
const OPEN: usize = 1_000;
/// Of these, the youngest so many are closed seven times out of eight; else it is any of them.
const YOUNG: u64 = 64;

/// Objects in groups of different sizes, each with memory of its own, that are opened and closed in an
/// order that nobody planned: what leaves holes in memory, if anything does. The same each time.
pub struct Churn {
    // After the groups of which it has the objects.
    open: Vec<(Vec<u64>, Box<[u8]>)>,
    crowd: Crowd,
    random: Seeded,
    closed: u64,
}

impl Churn {
    /// Nothing is open yet.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Churn {
        Churn {
            open: Vec::new(),
            crowd: Crowd::new(),
            random: Seeded::of(1, &[]),
            closed: 0,
        }
    }

    /// Opens and closes until so many groups more were closed.
    pub fn cycles(&mut self, count: u64) {
        let until = self.closed + count;
        while self.closed < until {
            self.open_group();
            if self.open.len() > OPEN {
                self.close_group();
            }
        }
    }

    /// Two to eight objects, connected in pairs or not, with 16 bytes to 8 KiB.
    fn open_group(&mut self) {
        let random = self.random.next();
        let pairs = 1 + (random % 4) as usize;
        let opened = match random & 16 {
            0 => self.crowd.open_pairs(pairs),
            _ => self.crowd.open_strangers(pairs),
        };
        let memory = vec![1; 16 << (random >> 8 & 7) | (random >> 16 & 0xfff) as usize];
        self.open.push((opened, memory.into_boxed_slice()));
    }

    fn close_group(&mut self) {
        let (random, count) = (self.random.next(), self.open.len() as u64);
        let among = if random & 7 == 0 { count } else { YOUNG };
        let victim = count - 1 - (random >> 8) % among;
        let (opened, _) = self.open.remove(victim as usize);
        self.crowd.close(opened);
        self.closed += 1;
    }
}
