//! When what happened first.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

use super::super::super::formula::Variable;
use super::super::MAX_VARIABLES;
use super::plan::{Kind, Pair, Plan, Search, Trigger, Use};

/// A time that does not come.
const NEVER: u32 = u32::MAX;
/// How many bits of a key tell the place.
const PLACE_BITS: u32 = 24;
/// How many places there may be.
pub(super) const MAX_PLACES: usize = 1 << PLACE_BITS;
/// How many kinds of occurrences there may be.
pub(super) const MAX_KINDS: usize = 64;

/// A kind of occurrence at a place, as one number.
fn key(kind: Kind, place: u32) -> u32 {
    kind << PLACE_BITS | place
}

/// The first occurrences of one message, in the order of their keys, each with its time.
type Row = Vec<(u32, u32)>;

/// The places that stand for variables.
type Places = [u32; MAX_VARIABLES];

/// What is remembered of two occurrences of the same messages.
#[derive(Clone, Copy, Debug, Default)]
struct Together {
    /// Of the messages that have both: for each of the two its last time, and whose it is.
    latest: Option<[(u32, u32); 2]>,
    /// Where the first message that misses the second one stands in the list, or before that.
    missing: usize,
}

/// Hashes numbers that are given out here and by the runtime: nobody else chooses them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct NumberHasher(u64);

impl Hasher for NumberHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    /// By the golden ratio (Knuth, *The Art of Computer Programming*, 6.4).
    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0.rotate_left(32) ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn finish(&self) -> u64 {
        self.0.rotate_left(32)
    }
}

/// By numbers.
pub(super) type ByNumber<K, V> = HashMap<K, V, BuildHasherDefault<NumberHasher>>;

/// What happens: each kind of occurrence that it is, with its place.
pub(super) struct Occurrence<'a> {
    pub(super) number: u64,
    /// 0 where it has none.
    pub(super) message: u32,
    pub(super) kinds: &'a [(Kind, u32)],
}

/// The first occurrences of all messages.
///
/// Messages are numbered as they come, and 0 stands for none: there are the occurrences that a formula
/// names without a message. Times are positions in `numbers`.
#[derive(Debug)]
pub(super) struct Table {
    messages: Vec<HashMap<Box<[u8]>, u32>>,
    rows: Vec<Row>,
    /// The number of the happening at each time.
    numbers: Vec<u64>,
    /// The messages of which something has happened for the first time, in order.
    lists: ByNumber<u32, Vec<u32>>,
    /// By pair and by the two places.
    together: Vec<ByNumber<(u32, u32), Together>>,
    /// What has happened again and was told: the message and both places.
    told: HashSet<(u32, u32, u32)>,
}

impl Table {
    /// With so many sorts of messages.
    pub(super) fn new(sorts: usize, plan: &Plan) -> Table {
        Table {
            messages: vec![HashMap::new(); sorts],
            rows: vec![Row::new()],
            numbers: Vec::new(),
            lists: ByNumber::default(),
            together: vec![ByNumber::default(); plan.pairs.len()],
            told: HashSet::new(),
        }
    }

    /// How many happenings and pairs of places it remembers.
    pub(super) fn size(&self) -> usize {
        let pairs = self.together.iter().map(HashMap::len);
        self.numbers.len() + self.told.len() + pairs.sum::<usize>()
    }

    /// The number of a message.
    pub(super) fn message(&mut self, sort: usize, value: &[u8]) -> u32 {
        if let Some(number) = self.messages[sort].get(value) {
            return *number;
        }
        let number = u32::try_from(self.rows.len()).expect("because there are not so many");
        self.messages[sort].insert(value.into(), number);
        self.rows.push(Row::new());
        number
    }

    fn time_at(&self, message: u32, kind: Kind, place: u32) -> u32 {
        let row = &self.rows[message as usize];
        let found = row.binary_search_by_key(&key(kind, place), |it| it.0);
        found.map_or(NEVER, |at| row[at].1)
    }

    /// When an atom was first true.
    fn time(&self, atom: Use, places: &Places, message: u32) -> u32 {
        let message = atom.message.map_or(0, |_| message);
        self.time_at(message, atom.kind, place_of(atom.place, places))
    }

    /// The next place, from this position of its row on, where a message has an occurrence of a kind.
    fn place_from(&self, message: u32, kind: Kind, from: usize) -> Option<(usize, u32)> {
        let row = &self.rows[message as usize];
        let from = match from {
            0 => row.partition_point(|it| it.0 < key(kind, 0)),
            from => from,
        };
        let (key, _) = row.get(from)?;
        let here = key >> PLACE_BITS == kind;
        here.then_some((from + 1, key & ((1 << PLACE_BITS) - 1)))
    }

    /// Takes what happens; the numbers of what led to it, where that makes a clause come true.
    pub(super) fn take(&mut self, plan: &Plan, occurrence: &Occurrence<'_>) -> Option<Vec<u64>> {
        let now = self.remember(plan, occurrence);
        let mut broken = None;
        for trigger in &plan.triggers {
            for (kind, place) in occurrence.kinds {
                let message = trigger.atom.message.map_or(0, |_| occurrence.message);
                let again = matches!(trigger.search, Search::Again { .. });
                if *kind != trigger.atom.kind
                    || !(again || self.time_at(message, *kind, *place) == now)
                {
                    continue;
                }
                let mut places = [0; MAX_VARIABLES];
                if let Some(variable) = trigger.atom.place {
                    places[variable] = *place;
                }
                let looked = Looked {
                    plan,
                    trigger,
                    message,
                    number: occurrence.number,
                    now,
                };
                if let Some(found) = self.look(&looked, 0, &mut places) {
                    broken = Some(found);
                }
            }
        }
        broken
    }

    /// Notes what happens for the first time; the time that it is.
    fn remember(&mut self, plan: &Plan, occurrence: &Occurrence<'_>) -> u32 {
        let now = u32::try_from(self.numbers.len()).expect("because there are not so many");
        let mut first = false;
        for (kind, place) in occurrence.kinds {
            let message = match plan.of_messages >> kind & 1 {
                1 => occurrence.message,
                _ => 0,
            };
            let row = &mut self.rows[message as usize];
            let key = key(*kind, *place);
            if let Err(at) = row.binary_search_by_key(&key, |it| it.0) {
                row.insert(at, (key, now));
                first = true;
                if plan.listed >> kind & 1 == 1 {
                    self.lists.entry(key).or_default().push(message);
                }
            }
        }
        if first {
            self.numbers.push(occurrence.number);
            for (number, pair) in plan.pairs.iter().enumerate() {
                for side in 0..2 {
                    self.meet(number, pair, side, occurrence, now);
                }
            }
        }
        now
    }

    /// Notes which other occurrence of a pair a message has, where it has one of them now.
    fn meet(
        &mut self,
        number: usize,
        pair: &Pair,
        side: usize,
        occurrence: &Occurrence<'_>,
        now: u32,
    ) {
        let (own, other) = (pair.columns[side], pair.columns[1 - side]);
        let message = occurrence.message;
        for (kind, here) in occurrence.kinds {
            if *kind != own.0 || self.time_at(message, *kind, *here) != now {
                continue;
            }
            let mut from = 0;
            while let Some((next, there)) = self.place_from(message, other.0, from) {
                from = next;
                if own.1 == other.1 && there != *here {
                    continue;
                }
                let then = self.rows[message as usize][next - 1].1;
                let (times, at) = match side {
                    0 => ([now, then], (*here, there)),
                    _ => ([then, now], (there, *here)),
                };
                let together = self.together[number].entry(at).or_default();
                let latest = together.latest.get_or_insert([(0, message); 2]);
                for (latest, time) in latest.iter_mut().zip(times) {
                    *latest = (*latest).max((time, message));
                }
            }
        }
    }

    /// Looks for places and another message with which a clause has come true.
    fn look(&mut self, looked: &Looked<'_>, next: usize, places: &mut Places) -> Option<Vec<u64>> {
        let Some((variable, kind)) = looked.trigger.others.get(next) else {
            return self.complete(looked, places);
        };
        let (mut from, mut broken) = (0, None);
        while let Some((after, place)) = self.place_from(looked.message, *kind, from) {
            from = after;
            places[*variable] = place;
            if let Some(found) = self.look(looked, next + 1, places) {
                broken = Some(found);
                // What happens again is told once of each place.
                if !matches!(looked.trigger.search, Search::Again { .. }) {
                    break;
                }
            }
        }
        broken
    }

    /// Whether a clause has come true at these places; what led to it.
    fn complete(&mut self, looked: &Looked<'_>, places: &Places) -> Option<Vec<u64>> {
        let Looked {
            plan,
            trigger,
            message,
            ..
        } = *looked;
        let same = |it: &(Variable, Variable, bool)| (places[it.0] == places[it.1]) == it.2;
        let happened = |it: &Use| self.time(*it, places, message) != NEVER;
        let before = |(first, other, or_at_once): &(Use, Use, bool)| {
            let first = self.time(*first, places, message);
            let other = self.time(*other, places, message);
            first != NEVER && (first < other || (first == other && *or_at_once))
        };
        if !trigger.same.iter().all(same)
            || !trigger.happened.iter().all(happened)
            || !trigger.before.iter().all(before)
        {
            return None;
        }
        let later = |table: &Table, (pair, side): (usize, usize), than: Use| {
            let at = plan.pairs[pair].columns.map(|it| place_of(it.1, places));
            let latest = table.together[pair].get(&at.into())?.latest?[side];
            (latest.0 > table.time(than, places, message)).then_some(latest.1)
        };
        let other = match trigger.search {
            Search::Nothing => message,
            Search::Latest { pair, side, than } => later(self, (pair, side), than)?,
            Search::MissingOrLatest { pair, than } => {
                let missing = self.missing(&plan.pairs[pair], pair, places);
                missing
                    .map(|it| it.0)
                    .or_else(|| later(self, (pair, 1), than))?
            }
            Search::Missing { pair, than } => {
                let (other, time) = self.missing(&plan.pairs[pair], pair, places)?;
                if than.is_some_and(|than| time >= self.time(than, places, message)) {
                    return None;
                }
                other
            }
            Search::Again { first } => {
                let time = self.time(first, places, message);
                let at = [first.place, trigger.atom.place].map(|it| place_of(it, places));
                if time >= looked.now || !self.told.insert((message, at[0], at[1])) {
                    return None;
                }
                return Some(vec![self.numbers[time as usize], looked.number]);
            }
        };
        let times = plan.atoms.iter().map(|atom| {
            let own = atom.message == trigger.atom.message;
            self.time(*atom, places, if own { message } else { other })
        });
        let mut times: Vec<u32> = times.filter(|it| *it != NEVER).collect();
        times.sort_unstable();
        times.dedup();
        Some(times.iter().map(|it| self.numbers[*it as usize]).collect())
    }

    /// The first message that has the first occurrence of a pair and not the second, and when that
    /// happened.
    fn missing(&mut self, pair: &Pair, number: usize, places: &Places) -> Option<(u32, u32)> {
        let [first, second] = pair.columns;
        let at = [first, second].map(|it| place_of(it.1, places));
        let list = self.lists.get(&key(first.0, at[0]))?;
        let mut next = self.together[number]
            .get(&at.into())
            .map_or(0, |it| it.missing);
        while let Some(message) = list.get(next)
            && self.time_at(*message, second.0, at[1]) != NEVER
        {
            next += 1;
        }
        let found = list.get(next).copied();
        self.together[number].entry(at.into()).or_default().missing = next;
        found.map(|message| (message, self.time_at(message, first.0, at[0])))
    }
}

/// What is looked at when something happens.
#[derive(Clone, Copy)]
struct Looked<'a> {
    plan: &'a Plan,
    trigger: &'a Trigger,
    message: u32,
    number: u64,
    now: u32,
}

/// The place that a variable stands for; 0 for anywhere.
fn place_of(variable: Option<Variable>, places: &Places) -> u32 {
    variable.map_or(0, |variable| places[variable])
}
