//! Reads the encoded updates of the text CRDT strictly, before the CRDT itself sees them.
//!
//! The CRDT's own decoder is made for any document and for peers that mean well. Only what a
//! shared text can contain is let through here, and it says what an update builds on, so that the
//! CRDT is given an update only when all of that is there.

use std::collections::BTreeMap;

/// Name of the text in the CRDT's document.
pub(crate) const ROOT: &str = "text";

/// Clocks stay below this: the CRDT computes with 32 bits and a sign.
const MAX_CLOCK: u64 = 1 << 30;
/// Client identifiers have 53 bits.
const MAX_CLIENT: u64 = 1 << 53;
const MAX_CLIENTS: u64 = 1 << 20;

const GC: u8 = 0;
const DELETED: u8 = 1;
const STRING: u8 = 4;
const KIND: u8 = 0x1f;
const PARENT_SUB: u8 = 0x20;
const RIGHT_ORIGIN: u8 = 0x40;
const ORIGIN: u8 = 0x80;

/// The bytes are not what they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// How much is known of each client: everything below its clock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Version(BTreeMap<u64, u32>);

impl Version {
    pub(crate) fn get(&self, client: u64) -> u32 {
        self.0.get(&client).copied().unwrap_or(0)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, u32)> {
        self.0.iter().map(|(client, clock)| (*client, *clock))
    }

    /// Whether something is known here that is not known in `other`.
    pub(crate) fn exceeds(&self, other: &Version) -> bool {
        self.0
            .iter()
            .any(|(client, clock)| *clock > other.get(*client))
    }

    pub(crate) fn raise(&mut self, client: u64, clock: u32) {
        if clock > 0 {
            let known = self.0.entry(client).or_insert(0);
            *known = clock.max(*known);
        }
    }

    pub(crate) fn encode(&self, bytes: &mut Vec<u8>) {
        write_number(bytes, self.0.len() as u64);
        for (client, clock) in &self.0 {
            write_number(bytes, *client);
            write_number(bytes, u64::from(*clock));
        }
    }

    /// Reads what [`Version::encode`] wrote, to the last byte.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Version, Malformed> {
        let mut reader = Reader { bytes };
        let mut version = Version::default();
        for _ in 0..reader.below(MAX_CLIENTS)? {
            let client = reader.below(MAX_CLIENT)?;
            let clock = reader.clock()?;
            if clock == 0 || version.0.insert(client, clock).is_some() {
                return Err(Malformed);
            }
        }
        reader.end()?;
        Ok(version)
    }
}

impl FromIterator<(u64, u32)> for Version {
    fn from_iter<I: IntoIterator<Item = (u64, u32)>>(clocks: I) -> Self {
        let mut version = Version::default();
        for (client, clock) in clocks {
            version.raise(client, clock);
        }
        version
    }
}

/// What an update brings and what it builds on.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Contents {
    /// First clock and the one behind the last, by client.
    inserted: BTreeMap<u64, (u32, u32)>,
    /// Clocks that must be known, or come along, up to here.
    needed: Version,
}

impl Contents {
    /// Whether everything that the update builds on is known, or comes with it.
    pub(crate) fn fits(&self, version: &Version) -> bool {
        self.inserted
            .iter()
            .all(|(client, (start, _))| *start <= version.get(*client))
            && self.needed.iter().all(|(client, clock)| {
                let brought = self.inserted.get(&client).map_or(0, |(_, end)| *end);
                clock <= version.get(client).max(brought)
            })
    }

    /// Whether the update inserts nothing that is not known.
    pub(crate) fn inserts_nothing_beyond(&self, version: &Version) -> bool {
        self.inserted
            .iter()
            .all(|(client, (_, end))| *end <= version.get(*client))
    }
}

/// Reads an update to the last byte.
pub(crate) fn inspect(update: &[u8]) -> Result<Contents, Malformed> {
    let mut reader = Reader { bytes: update };
    let mut contents = Contents::default();
    for _ in 0..reader.below(MAX_CLIENTS)? {
        let blocks = reader.below(MAX_CLOCK)?;
        let client = reader.below(MAX_CLIENT)?;
        let start = reader.clock()?;
        let mut clock = start;
        if blocks == 0 {
            return Err(Malformed);
        }
        for _ in 0..blocks {
            let length = reader.block(&mut contents.needed)?;
            clock = clock.checked_add(length).ok_or(Malformed)?;
            if length == 0 || u64::from(clock) >= MAX_CLOCK {
                return Err(Malformed);
            }
        }
        if contents.inserted.insert(client, (start, clock)).is_some() {
            return Err(Malformed);
        }
    }
    for _ in 0..reader.below(MAX_CLIENTS)? {
        let client = reader.below(MAX_CLIENT)?;
        let mut behind = 0;
        for _ in 0..reader.below(MAX_CLOCK)? {
            let start = reader.clock()?;
            let length = reader.clock()?;
            if length == 0 || start < behind {
                return Err(Malformed);
            }
            behind = start.checked_add(length).ok_or(Malformed)?;
            contents.needed.raise(client, behind);
        }
    }
    reader.end()?;
    Ok(contents)
}

struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    fn byte(&mut self) -> Result<u8, Malformed> {
        let (first, rest) = self.bytes.split_first().ok_or(Malformed)?;
        self.bytes = rest;
        Ok(*first)
    }

    fn number(&mut self) -> Result<u64, Malformed> {
        let mut value = 0;
        for shift in (0..63).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Malformed)
    }

    fn below(&mut self, limit: u64) -> Result<u64, Malformed> {
        self.number().and_then(|value| {
            if value < limit {
                Ok(value)
            } else {
                Err(Malformed)
            }
        })
    }

    fn clock(&mut self) -> Result<u32, Malformed> {
        self.below(MAX_CLOCK).map(|clock| clock as u32)
    }

    fn string(&mut self) -> Result<&'a str, Malformed> {
        let length = self.below(MAX_CLOCK)? as usize;
        let (text, rest) = self.bytes.split_at_checked(length).ok_or(Malformed)?;
        self.bytes = rest;
        str::from_utf8(text).map_err(|_| Malformed)
    }

    fn id(&mut self, needed: &mut Version) -> Result<(), Malformed> {
        let client = self.below(MAX_CLIENT)?;
        let clock = self.clock()?;
        needed.raise(client, clock + 1);
        Ok(())
    }

    /// Reads a block and answers its length.
    fn block(&mut self, needed: &mut Version) -> Result<u32, Malformed> {
        let info = self.byte()?;
        if info == GC {
            return self.clock();
        }
        if info & PARENT_SUB != 0 {
            return Err(Malformed);
        }
        if info & ORIGIN != 0 {
            self.id(needed)?;
        }
        if info & RIGHT_ORIGIN != 0 {
            self.id(needed)?;
        }
        if info & (ORIGIN | RIGHT_ORIGIN) == 0 && (self.byte()? != 1 || self.string()? != ROOT) {
            return Err(Malformed);
        }
        match info & KIND {
            DELETED => self.clock(),
            STRING => {
                let units = self.string()?.encode_utf16().count();
                u32::try_from(units).map_err(|_| Malformed)
            }
            _ => Err(Malformed),
        }
    }

    fn end(&self) -> Result<(), Malformed> {
        if self.bytes.is_empty() {
            Ok(())
        } else {
            Err(Malformed)
        }
    }
}

fn write_number(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_reads_back() {
        let version = Version::from_iter([(7, 3), ((1 << 53) - 1, 1 << 20), (300, 200)]);
        let mut bytes = Vec::new();
        version.encode(&mut bytes);
        assert_eq!(Version::decode(&bytes), Ok(version));
        bytes.push(0);
        assert_eq!(Version::decode(&bytes), Err(Malformed));
    }

    #[test]
    fn versions_compare_client_by_client() {
        let left = Version::from_iter([(1, 5)]);
        let right = Version::from_iter([(1, 4), (2, 1)]);
        assert!(left.exceeds(&right) && right.exceeds(&left));
        assert!(!Version::default().exceeds(&left) && left.exceeds(&Version::default()));
    }

    #[test]
    fn an_update_says_what_it_builds_on() {
        // Client 9 inserts "hi" at clock 4 behind clock 3 of client 5, and deletes 5:0..2.
        let update = [1, 1, 9, 4, 0x84, 5, 3, 2, b'h', b'i', 1, 5, 1, 0, 2];
        let contents = inspect(&update).unwrap();
        assert!(contents.fits(&Version::from_iter([(9, 4), (5, 4)])));
        assert!(!contents.fits(&Version::from_iter([(9, 4), (5, 3)])));
        assert!(!contents.fits(&Version::from_iter([(9, 3), (5, 4)])));
        assert!(contents.inserts_nothing_beyond(&Version::from_iter([(9, 6)])));
    }

    #[test]
    fn what_a_text_cannot_contain_is_malformed() {
        let map_entry = [
            1, 1, 9, 0, 0x24, 1, 4, b't', b'e', b'x', b't', 1, b'k', 1, b'v', 0,
        ];
        let other_root = [1, 1, 9, 0, 0x04, 1, 4, b'n', b'e', b'x', b't', 1, b'v', 0];
        let binary = [1, 1, 9, 0, 0x83, 5, 3, 1, 0, 0];
        let skip = [1, 1, 9, 0, 10, 5, 0];
        let empty_string = [1, 1, 9, 0, 0x84, 5, 3, 0, 0];
        let trailing = [0, 0, 0];
        for update in [
            &map_entry[..],
            &other_root,
            &binary,
            &skip,
            &empty_string,
            &trailing,
            &[],
        ] {
            assert_eq!(inspect(update), Err(Malformed), "{update:?}");
        }
        assert_eq!(inspect(&[0, 0]), Ok(Contents::default()));
    }
}
