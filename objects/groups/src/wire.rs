//! Frames: what the machines of this library say to each other over a channel that several of them
//! may share.
//!
//! A frame begins with the tag of whoever wrote it, the first 8 bytes of the identity of its
//! reference, then comes its kind; numbers are little-endian. Whatever comes in is read through a
//! [`Reader`], which never reads further than the frame goes.

/// What the frames of one object begin with.
pub(crate) type Tag = [u8; 8];

/// The tag of the proxies of a reference.
pub(crate) fn tag(identity: &[u8; 32]) -> Tag {
    let mut tag = Tag::default();
    tag.copy_from_slice(&identity[..8]);
    tag
}

/// Writes one frame.
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    /// Begins a frame of this kind.
    pub(crate) fn new(tag: Tag, kind: u8) -> Self {
        let mut bytes = Vec::with_capacity(64);
        bytes.extend(tag);
        bytes.push(kind);
        Writer(bytes)
    }

    pub(crate) fn u8(mut self, value: u8) -> Self {
        self.0.push(value);
        self
    }

    pub(crate) fn u64(mut self, value: u64) -> Self {
        self.0.extend(value.to_le_bytes());
        self
    }

    /// How many elements follow.
    ///
    /// # Panics
    ///
    /// There are more than 2¹⁶ - 1.
    pub(crate) fn count(mut self, count: usize) -> Self {
        let count = u16::try_from(count).expect("because lists in frames are short");
        self.0.extend(count.to_le_bytes());
        self
    }

    /// Bytes, and before them how many there are.
    pub(crate) fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.extend((bytes.len() as u64).to_le_bytes());
        self.0.extend(bytes);
        self
    }

    /// Bytes up to the end of the frame.
    pub(crate) fn rest(mut self, bytes: &[u8]) -> Vec<u8> {
        self.0.extend(bytes);
        self.0
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.0
    }
}

/// Reads one frame; what is not there is `None`.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// The kind of a frame and what follows, if the frame has this tag.
    pub(crate) fn open(frame: &'a [u8], tag: Tag) -> Option<(u8, Self)> {
        let (found, rest) = frame.split_first_chunk()?;
        let mut reader = Reader(rest);
        let kind = reader.u8()?;
        (*found == tag).then_some((kind, reader))
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        let (value, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*value)
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.chunk().map(u64::from_le_bytes)
    }

    /// How many elements follow, each of at least `size` bytes, which are there.
    pub(crate) fn count(&mut self, size: usize) -> Option<usize> {
        let count = usize::from(u16::from_le_bytes(self.chunk()?));
        (count * size <= self.0.len()).then_some(count)
    }

    /// Bytes, and before them how many there are.
    pub(crate) fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.u64()?).ok()?;
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    /// All that is left.
    pub(crate) fn rest(self) -> &'a [u8] {
        self.0
    }

    /// That nothing is left.
    pub(crate) fn end(self) -> Option<()> {
        self.0.is_empty().then_some(())
    }

    fn chunk<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (chunk, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*chunk)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAG: Tag = *b"tag tag ";

    #[test]
    fn what_is_written_is_read() {
        let frame = Writer::new(TAG, 7).u64(1 << 40).count(2).u8(1).u8(2);
        let frame = frame.bytes(b"some").rest(b"rest");
        let (kind, mut reader) = Reader::open(&frame, TAG).unwrap();
        assert_eq!((kind, reader.u64()), (7, Some(1 << 40)));
        assert_eq!(reader.count(1), Some(2));
        assert_eq!((reader.u8(), reader.u8()), (Some(1), Some(2)));
        assert_eq!(reader.bytes(), Some(&b"some"[..]));
        assert_eq!((reader.end(), reader.rest()), (None, &b"rest"[..]));
    }

    #[test]
    fn frames_of_others_and_what_is_cut_off_are_not_read() {
        let frame = Writer::new(TAG, 7).u64(3).count(9).finish();
        assert!(Reader::open(&frame, *b"other   ").is_none());
        assert!(Reader::open(&frame[..8], TAG).is_none());
        let (_, mut reader) = Reader::open(&frame[..16], TAG).unwrap();
        assert_eq!(reader.u64(), None);
        let (_, mut reader) = Reader::open(&frame, TAG).unwrap();
        reader.u64().unwrap();
        assert_eq!(reader.count(1), None, "nine elements are not there");
        let long = Writer::new(TAG, 7).u64(u64::MAX).finish();
        let (_, mut reader) = Reader::open(&long, TAG).unwrap();
        assert_eq!(reader.bytes(), None, "so many bytes are not there");
    }
}
