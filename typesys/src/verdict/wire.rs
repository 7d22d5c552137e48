//! Witnesses as bytes: to cross into the libraries that add formalisms, and to be kept.
//!
//! Without padding, little-endian: a `u32` that tells the kind, and what that says. Numbers are
//! `u32`, texts their length in bytes as `u32` and UTF-8.

use super::Witness;

/// Longest form of a witness that is read, in bytes.
const MAX_WITNESS: usize = 16 << 20;

const STRUCTURE: u32 = 0;
const ASSIGNMENT: u32 = 1;
const TRACE: u32 = 2;
const HISTORY: u32 = 3;

impl Witness {
    /// The bytes. None if a text or a list is longer than can be written, or all of it is longer
    /// than [`Witness::from_bytes`] reads.
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        match self {
            Witness::Structure => put(&mut bytes, STRUCTURE),
            Witness::Assignment(pairs) => {
                put(&mut bytes, ASSIGNMENT);
                put(&mut bytes, u32::try_from(pairs.len()).ok()?);
                for (name, value) in pairs {
                    put_text(&mut bytes, name)?;
                    put_text(&mut bytes, value)?;
                }
            }
            Witness::Trace { prefix, cycle } => {
                put(&mut bytes, TRACE);
                put_texts(&mut bytes, &[prefix, cycle])?;
            }
            Witness::History {
                elements,
                prefix,
                cycle,
            } => {
                put(&mut bytes, HISTORY);
                put_texts(&mut bytes, &[elements, prefix, cycle])?;
            }
        }
        (bytes.len() <= MAX_WITNESS).then_some(bytes)
    }

    /// Reads what [`Witness::to_bytes`] writes. Each witness has one form.
    ///
    /// # Errors
    ///
    /// What is wrong with the bytes, as a clause.
    pub fn from_bytes(bytes: &[u8]) -> Result<Witness, &'static str> {
        if bytes.len() > MAX_WITNESS {
            return Err("it is too long");
        }
        let mut reader = Reader(bytes);
        let witness = match reader.number()? {
            STRUCTURE => Witness::Structure,
            ASSIGNMENT => {
                let mut pairs = Vec::new();
                for _ in 0..reader.number()? {
                    pairs.push((reader.text()?, reader.text()?));
                }
                Witness::Assignment(pairs)
            }
            TRACE => Witness::Trace {
                prefix: reader.texts()?,
                cycle: reader.texts()?,
            },
            HISTORY => Witness::History {
                elements: reader.texts()?,
                prefix: reader.texts()?,
                cycle: reader.texts()?,
            },
            _ => return Err("it is of no known kind"),
        };
        match reader.0 {
            [] => Ok(witness),
            _ => Err("bytes follow it"),
        }
    }
}

fn put(bytes: &mut Vec<u8>, number: u32) {
    bytes.extend(number.to_le_bytes());
}

fn put_text(bytes: &mut Vec<u8>, text: &str) -> Option<()> {
    put(bytes, u32::try_from(text.len()).ok()?);
    bytes.extend(text.as_bytes());
    Some(())
}

fn put_texts(bytes: &mut Vec<u8>, lists: &[&Vec<String>]) -> Option<()> {
    for texts in lists {
        put(bytes, u32::try_from(texts.len()).ok()?);
        for text in *texts {
            put_text(bytes, text)?;
        }
    }
    Some(())
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn number(&mut self) -> Result<u32, &'static str> {
        let (number, rest) = self.0.split_first_chunk().ok_or("it is cut short")?;
        self.0 = rest;
        Ok(u32::from_le_bytes(*number))
    }

    fn texts(&mut self) -> Result<Vec<String>, &'static str> {
        let mut texts = Vec::new();
        for _ in 0..self.number()? {
            texts.push(self.text()?);
        }
        Ok(texts)
    }

    fn text(&mut self) -> Result<String, &'static str> {
        let length = self.number()? as usize;
        let (text, rest) = self.0.split_at_checked(length).ok_or("it is cut short")?;
        self.0 = rest;
        let text = str::from_utf8(text).map_err(|_| "a text in it is not UTF-8")?;
        Ok(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn witness() -> impl Strategy<Value = Witness> {
        let events = || proptest::collection::vec(any::<String>(), 0..4);
        prop_oneof![
            Just(Witness::Structure),
            proptest::collection::vec(any::<(String, String)>(), 0..4)
                .prop_map(Witness::Assignment),
            (events(), events()).prop_map(|(prefix, cycle)| Witness::Trace { prefix, cycle }),
            (events(), events(), events()).prop_map(|(elements, prefix, cycle)| {
                Witness::History {
                    elements,
                    prefix,
                    cycle,
                }
            }),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(witness in witness()) {
            let bytes = witness.to_bytes().expect("it is short");
            prop_assert_eq!(Witness::from_bytes(&bytes), Ok(witness));
        }

        #[test]
        fn what_reads_is_what_would_be_written(
            kind in 0..5u32,
            rest in proptest::collection::vec(prop_oneof![Just(0), Just(1), any::<u8>()], 0..24),
        ) {
            let bytes = [&kind.to_le_bytes(), &*rest].concat();
            if let Ok(witness) = Witness::from_bytes(&bytes) {
                prop_assert_eq!(witness.to_bytes(), Some(bytes));
            }
        }

        #[test]
        fn what_is_cut_short_is_refused(witness in witness()) {
            let bytes = witness.to_bytes().expect("it is short");
            for end in 0..bytes.len() {
                prop_assert!(Witness::from_bytes(&bytes[..end]).is_err());
            }
        }
    }

    #[test]
    fn a_length_that_is_not_there_reserves_nothing() {
        let bytes = [1u32.to_le_bytes(), u32::MAX.to_le_bytes()].concat();
        assert_eq!(Witness::from_bytes(&bytes), Err("it is cut short"));
    }
}
