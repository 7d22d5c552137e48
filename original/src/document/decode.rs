//! From bytes to text.

/// The text of a document. As the original did, this looks at the byte order mark only: with that of
/// UTF-16 the bytes are read as such, else as UTF-8, whatever the XML declaration says. Bytes that
/// are none become U+FFFD. The mark is not part of the text.
pub fn decode(bytes: &[u8]) -> String {
    match bytes {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        bytes => String::from_utf8_lossy(bytes).into_owned(),
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let mut text: String = char::decode_utf16(pairs.iter().copied().map(unit))
        .map(|decoded| decoded.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect();
    if !rest.is_empty() {
        text.push(char::REPLACEMENT_CHARACTER);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_byte_order_mark_decides() {
        assert_eq!(decode(b"<a\xc3\xa9/>"), "<aé/>");
        assert_eq!(decode(b"\xef\xbb\xbf<a/>"), "<a/>");
        assert_eq!(decode(b"\xff\xfe<\0\xe9\0>\0"), "<é>");
        assert_eq!(decode(b"\xfe\xff\0<\0\xe9\0>"), "<é>");
    }

    #[test]
    fn what_is_no_text_is_replaced() {
        assert_eq!(decode(b"a\xffb"), "a\u{fffd}b");
        assert_eq!(decode(b"\xff\xfea\0\0\xd8b"), "a\u{fffd}\u{fffd}");
    }
}
