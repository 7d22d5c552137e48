//! Where formalisms write.

use std::ffi::c_void;

use liveobj_abi as abi;

use super::Misbehaviour;

/// Longest answer that is taken, in bytes.
const MAX_ANSWER: usize = 16 << 20;

/// Letters of the longest text that is repeated to people.
const MAX_WORDS: usize = 2_000;

/// What one call writes.
#[repr(C)]
pub(super) struct Sink {
    answer: abi::Answer,
    bytes: Vec<u8>,
    refused: bool,
}

impl Sink {
    pub(super) fn new() -> Sink {
        Sink {
            answer: abi::Answer {
                size: size_of::<abi::Answer>() as u32,
                write,
            },
            bytes: Vec::new(),
            refused: false,
        }
    }

    /// As the call gets it. Derived from the whole, so that the rest can be reached from it.
    pub(super) fn answer(&mut self) -> *mut abi::Answer {
        std::ptr::from_mut(self).cast()
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether the call did what it was to do.
    ///
    /// # Errors
    ///
    /// What it did instead.
    pub(super) fn done(&self, status: abi::Status) -> Result<(), Misbehaviour> {
        if self.refused {
            return Err("answered more than can be taken".to_owned());
        }
        match status {
            abi::OK => Ok(()),
            abi::PANIC => Err(self.words().unwrap_or_else(|| "panicked".to_owned())),
            abi::FAILED => Err(match self.words() {
                Some(why) => format!("failed: {why}"),
                None => "failed without saying why".to_owned(),
            }),
            other => Err(format!("answered status {other}, which it may not")),
        }
    }

    /// What was written, for people; none if nothing was.
    fn words(&self) -> Option<String> {
        let text = String::from_utf8_lossy(&self.bytes);
        let words: String = text
            .chars()
            .take(MAX_WORDS)
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        (!words.trim().is_empty()).then_some(words)
    }

    /// What was written, as text.
    ///
    /// # Errors
    ///
    /// It is none.
    pub(super) fn text(&self) -> Result<String, Misbehaviour> {
        if self.refused {
            return Err("answered more than can be taken".to_owned());
        }
        match str::from_utf8(&self.bytes) {
            Ok(text) => Ok(text.to_owned()),
            Err(_) => Err("wrote a text that is not UTF-8".to_owned()),
        }
    }
}

/// [`abi::Answer::write`].
unsafe extern "C" fn write(
    answer: *mut abi::Answer,
    data: *const c_void,
    length: u64,
) -> abi::Status {
    // SAFETY: the first words of a `Sink`, which only this call uses.
    let sink = unsafe { &mut *answer.cast::<Sink>() };
    let room = MAX_ANSWER - sink.bytes.len();
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if length > room || (length > 0 && data.is_null()) {
        sink.refused = true;
        return abi::REFUSED;
    }
    if length > 0 {
        // SAFETY: so many bytes are there, says the ABI.
        let bytes = unsafe { std::slice::from_raw_parts(data.cast::<u8>(), length) };
        sink.bytes.extend_from_slice(bytes);
    }
    abi::OK
}
