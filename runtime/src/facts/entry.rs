//! One answer as bytes.
//!
//! Eight bytes say what it is; then the digest of the question, a byte for the verdict, the witness
//! of a refutation, and 32 bytes over all of that: for `holds` HMAC-SHA-256 with the key, so that
//! only who has the key can have written it; for `fails` SHA-256, which tells damage, since the
//! witness is replayed.

use hmac::Mac;
use liveobj_types::facts::{Fact, Question};
use liveobj_types::verdict::{Verdict, Witness};
use sha2::{Digest, Sha256};

use super::key::FactsKey;

/// Largest entry that is written or read, in bytes.
pub(super) const MAX_ENTRY: usize = 8 << 10;

const MAGIC: &[u8; 8] = b"lo-fact1";
const HOLDS: u8 = 0;
const FAILS: u8 = 1;
const TAG: usize = 32;

/// What is in an entry that is not damaged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// What it answers.
    pub(super) question: Question,
    /// The answer; signed if it was with the key that the reader has.
    pub(super) fact: Fact,
}

/// The bytes of an answer. None where it cannot be kept: it is `unknown`, too long, a `fails` whose
/// witness holds control characters, or a `holds` that nobody signs.
pub(super) fn write(
    question: &Question,
    verdict: &Verdict,
    key: Option<&FactsKey>,
) -> Option<Vec<u8>> {
    let mut bytes = [&MAGIC[..], &question.0].concat();
    match verdict {
        Verdict::Holds => {
            bytes.push(HOLDS);
            let tag = key?.mac(&bytes).finalize().into_bytes();
            bytes.extend(tag);
        }
        Verdict::Fails(witness) => {
            is_plain(witness).then_some(())?;
            bytes.push(FAILS);
            bytes.extend(witness.to_bytes()?);
            let tag = Sha256::digest(&bytes);
            bytes.extend(tag);
        }
        Verdict::Unknown(_) => return None,
    }
    (bytes.len() <= MAX_ENTRY).then_some(bytes)
}

/// Reads what [`write`] writes; each answer has one form.
///
/// # Errors
///
/// What is wrong with the bytes, as a clause.
pub(super) fn read(bytes: &[u8], key: Option<&FactsKey>) -> Result<Entry, &'static str> {
    if bytes.len() > MAX_ENTRY {
        return Err("it is too long");
    }
    let (said, tag) = bytes.split_last_chunk::<TAG>().ok_or("it is cut short")?;
    let rest = said.strip_prefix(MAGIC).ok_or("it is no entry")?;
    let (question, rest) = rest.split_first_chunk().ok_or("it is cut short")?;
    let question = Question(*question);
    let (verdict, signed) = match rest {
        [HOLDS] => {
            let signed = key.is_some_and(|key| key.mac(said).verify_slice(tag).is_ok());
            (Verdict::Holds, signed)
        }
        [FAILS, witness @ ..] => {
            if Sha256::digest(said).as_slice() != tag {
                return Err("it is damaged");
            }
            let witness = Witness::from_bytes(witness)?;
            if !is_plain(&witness) {
                return Err("its witness holds control characters");
            }
            (Verdict::Fails(witness), false)
        }
        _ => return Err("it is no entry"),
    };
    let fact = Fact { verdict, signed };
    Ok(Entry { question, fact })
}

/// Whether the texts of a witness hold no control characters. They are shown as they are, and there are
/// histories that refute in which other things happen too, of any name.
fn is_plain(witness: &Witness) -> bool {
    let plain = |text: &String| !text.contains(char::is_control);
    match witness {
        Witness::Structure => true,
        Witness::Assignment(pairs) => pairs
            .iter()
            .all(|(name, value)| plain(name) && plain(value)),
        Witness::Trace { prefix, cycle } => prefix.iter().chain(cycle).all(plain),
        Witness::History {
            elements,
            prefix,
            cycle,
        } => elements.iter().chain(prefix).chain(cycle).all(plain),
        _ => false,
    }
}
