//! What a member knows of the state: the last checkpoint, and what came behind it.

use std::collections::VecDeque;

use crate::view::View;
use crate::wire::{Reader, Tag, Writer};

/// So many earlier positions are known.
const MAX_PAST: usize = 64;

/// How far a state has come: there is one state of each position.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    /// How many updates it has seen.
    pub(crate) version: u64,
    /// Where it saw the last one; 0 if it has seen none.
    pub(crate) group: u64,
    pub(crate) view: u64,
}

impl Position {
    /// Whether this is not before `other`, in the same group.
    pub(super) fn follows(&self, other: &Position) -> bool {
        self.group == other.group && (self.view, self.version) >= (other.view, other.version)
    }

    /// The position after further updates in a view.
    pub(super) fn after(self, count: u64, view: &View) -> Position {
        match count {
            0 => self,
            _ => Position {
                version: self.version.saturating_add(count),
                group: view.group,
                view: view.number,
            },
        }
    }

    /// The one to go on from: of each group the latest, and of these the one with the most updates.
    pub(super) fn latest(all: &[Position]) -> Option<Position> {
        let is_last = |it: &&Position| {
            all.iter()
                .all(|other| it.follows(other) || !other.follows(it))
        };
        all.iter().filter(is_last).max().copied()
    }
}

/// What stands behind a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    Update(Vec<u8>),
    View(View),
}

/// A state, and where it comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct History {
    pub(crate) position: Position,
    /// The last positions of earlier views, latest last.
    pub(crate) past: Vec<Position>,
    /// `None` where it begins with nothing.
    pub(crate) checkpoint: Option<Vec<u8>>,
    /// The last view before the entries.
    pub(crate) view: Option<View>,
    pub(crate) entries: VecDeque<Entry>,
    /// How many entries went into the checkpoint.
    folded: u64,
    /// Bytes of the updates in `entries`.
    bytes: usize,
}

impl History {
    /// A history that was written down.
    pub(crate) fn of(
        position: Position,
        past: Vec<Position>,
        checkpoint: Option<Vec<u8>>,
        view: Option<View>,
        entries: VecDeque<Entry>,
    ) -> History {
        let bytes = entries.iter().map(size).sum();
        History {
            position,
            past,
            checkpoint,
            view,
            entries,
            folded: 0,
            bytes,
        }
    }

    /// The number of the next entry.
    pub(super) fn end(&self) -> u64 {
        self.folded + self.entries.len() as u64
    }

    /// Bytes of the updates behind the checkpoint.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Bytes of the checkpoint.
    pub(super) fn checkpoint_bytes(&self) -> usize {
        self.checkpoint.as_ref().map_or(0, Vec::len)
    }

    pub(super) fn update(&mut self, view: &View, update: Vec<u8>) {
        let next = self.position.after(1, view);
        if (next.group, next.view) != (self.position.group, self.position.view)
            && self.position.version > 0
        {
            if self.past.len() == MAX_PAST {
                self.past.remove(0);
            }
            self.past.push(self.position);
        }
        self.position = next;
        self.push(Entry::Update(update));
    }

    pub(super) fn push(&mut self, entry: Entry) {
        self.bytes += size(&entry);
        self.entries.push_back(entry);
    }

    /// Takes a checkpoint that stands before the entry `end`.
    pub(super) fn fold(&mut self, end: u64, checkpoint: Vec<u8>) {
        while self.folded < end {
            let Some(entry) = self.entries.pop_front() else {
                break;
            };
            self.bytes -= size(&entry);
            self.folded += 1;
            if let Entry::View(view) = entry {
                self.view = Some(view);
            }
        }
        self.checkpoint = Some(checkpoint);
    }

    /// The history as it stood before the entry `end`, of which the position is known.
    pub(super) fn before(&self, end: u64, position: Position, past: Vec<Position>) -> History {
        let count = usize::try_from(end.saturating_sub(self.folded)).unwrap_or(usize::MAX);
        let entries = self.entries.iter().take(count).cloned().collect();
        let (checkpoint, view) = (self.checkpoint.clone(), self.view.clone());
        History::of(position, past, checkpoint, view, entries)
    }

    /// Whether a state of `position` is an earlier one of this; `None` if that is not known any more.
    pub(super) fn contains(&self, position: &Position) -> Option<bool> {
        let mut all = self.past.iter().chain([&self.position]);
        if position.version == 0 || all.any(|it| it.follows(position) && it.view == position.view) {
            return Some(true);
        }
        let is_known = self.past.len() < MAX_PAST
            || self
                .past
                .first()
                .is_some_and(|it| it.version < position.version);
        is_known.then_some(false)
    }

    pub(super) fn encode(&self, tag: Tag) -> Vec<u8> {
        let mut writer = position(Writer::new(tag, 0), &self.position).count(self.past.len());
        for past in &self.past {
            writer = position(writer, past);
        }
        writer = match &self.checkpoint {
            None => writer.u8(0),
            Some(checkpoint) => writer.u8(1).bytes(checkpoint),
        };
        writer = match &self.view {
            None => writer.u8(0),
            Some(seen) => view(writer.u8(1), seen),
        };
        for entry in &self.entries {
            writer = match entry {
                Entry::Update(update) => writer.u8(0).bytes(update),
                Entry::View(seen) => view(writer.u8(1), seen),
            };
        }
        writer.finish()
    }

    pub(super) fn decode(tag: Tag, bytes: &[u8]) -> Option<History> {
        let (_, mut reader) = Reader::open(bytes, tag)?;
        let position = read_position(&mut reader)?;
        let past = (0..reader.count(24)?).map(|_| read_position(&mut reader));
        let past = past.collect::<Option<Vec<Position>>>()?;
        let checkpoint = match reader.u8()? {
            0 => None,
            _ => Some(reader.bytes()?.to_vec()),
        };
        let view = match reader.u8()? {
            0 => None,
            _ => Some(read_view(&mut reader)?),
        };
        let mut entries = VecDeque::new();
        while reader.end().is_none() {
            entries.push_back(match reader.u8()? {
                0 => Entry::Update(reader.bytes()?.to_vec()),
                _ => Entry::View(read_view(&mut reader)?),
            });
        }
        Some(History::of(position, past, checkpoint, view, entries))
    }
}

fn size(entry: &Entry) -> usize {
    match entry {
        Entry::Update(update) => update.len(),
        Entry::View(_) => 0,
    }
}

fn view(writer: Writer, it: &View) -> Writer {
    let writer = writer.u64(it.group).u64(it.number).u64(it.me);
    let writer = writer.count(it.members.len());
    let members = it.members.iter();
    members.fold(writer, |it, member| it.u64(*member))
}

fn read_view(reader: &mut Reader<'_>) -> Option<View> {
    let (group, number, me) = (reader.u64()?, reader.u64()?, reader.u64()?);
    let members = (0..reader.count(8)?).map(|_| reader.u64());
    Some(View {
        group,
        number,
        members: members.collect::<Option<Vec<u64>>>()?,
        me,
    })
}

pub(super) fn position(writer: Writer, it: &Position) -> Writer {
    writer.u64(it.version).u64(it.group).u64(it.view)
}

pub(super) fn read_position(reader: &mut Reader<'_>) -> Option<Position> {
    Some(Position {
        version: reader.u64()?,
        group: reader.u64()?,
        view: reader.u64()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(group: u64, view: u64, version: u64) -> Position {
        Position {
            version,
            group,
            view,
        }
    }

    fn view(number: u64) -> View {
        View {
            group: 9,
            number,
            members: vec![4, 5],
            me: 5,
        }
    }

    fn sample() -> History {
        let mut history = History::default();
        history.push(Entry::View(view(1)));
        history.update(&view(1), b"one".to_vec());
        history.push(Entry::View(view(2)));
        history.update(&view(2), b"two".to_vec());
        history
    }

    #[test]
    fn of_one_group_the_latest_counts_and_of_several_the_longest() {
        assert_eq!(Position::latest(&[]), None);
        let all = [at(1, 2, 7), at(1, 3, 6), at(2, 9, 5)];
        assert_eq!(Position::latest(&all), Some(at(1, 3, 6)));
        let all = [at(1, 2, 7), at(1, 3, 6), at(2, 1, 7), Position::default()];
        assert_eq!(Position::latest(&all), Some(at(2, 1, 7)));
    }

    #[test]
    fn a_checkpoint_takes_the_place_of_what_stands_before_it() {
        let mut history = sample();
        assert_eq!((history.end(), history.bytes()), (4, 6));
        history.fold(2, b"c".to_vec());
        assert_eq!((history.end(), history.bytes()), (4, 3));
        assert_eq!(history.entries.len(), 2);
        assert_eq!(history.checkpoint.as_deref(), Some(&b"c"[..]));
        assert_eq!(history.position, at(9, 2, 2));
        assert_eq!(history.past, [at(9, 1, 1)]);
        assert_eq!(history.view, Some(view(1)));
        let before = history.before(3, at(9, 1, 1), Vec::new());
        assert_eq!(before.entries, [Entry::View(view(2))]);
    }

    #[test]
    fn earlier_states_are_known_and_those_of_others_are_not() {
        let mut history = sample();
        for (position, known) in [
            (Position::default(), true),
            (at(9, 1, 1), true),
            (at(9, 2, 2), true),
            (at(9, 1, 2), false),
            (at(8, 1, 1), false),
            (at(9, 3, 3), false),
        ] {
            assert_eq!(history.contains(&position), Some(known), "{position:?}");
        }
        for number in 3..100 {
            history.update(&view(number), Vec::new());
        }
        assert_eq!(history.past.len(), MAX_PAST);
        assert_eq!(history.contains(&at(9, 1, 1)), None);
        assert_eq!(history.contains(&at(8, 1, 98)), Some(false));
    }

    #[test]
    fn what_is_written_is_read_and_what_is_cut_off_is_not() {
        const TAG: Tag = *b"checkpnt";
        let mut history = sample();
        for _ in 0..2 {
            let bytes = history.encode(TAG);
            let read = History::decode(TAG, &bytes).unwrap();
            assert_eq!(read.encode(TAG), bytes);
            assert_eq!(
                (read.position, &read.past),
                (history.position, &history.past)
            );
            assert_eq!(
                (&read.entries, &read.view),
                (&history.entries, &history.view)
            );
            for end in 0..bytes.len() {
                // Behind the checkpoint entries may end at any place between two.
                let cut = History::decode(TAG, &bytes[..end]);
                assert!(cut.is_none_or(|it| it.entries.len() < history.entries.len()));
            }
            history.fold(1, b"checkpoint".to_vec());
        }
    }
}
