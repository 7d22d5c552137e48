//! Keys as people write them.

/// Bytes of a key.
pub(crate) const KEY: usize = 32;

/// Reads 64 hexadecimal digits; white space around them does not count. The answer never shows what
/// was read.
pub(crate) fn parse(text: &str) -> Option<[u8; KEY]> {
    let digits = text.trim().as_bytes();
    if digits.len() != 2 * KEY {
        return None;
    }
    let mut key = [0; KEY];
    for (byte, pair) in key.iter_mut().zip(digits.chunks_exact(2)) {
        let digit = |position: usize| char::from(pair[position]).to_digit(16);
        *byte = u8::try_from(digit(0)? * 16 + digit(1)?).expect("two digits make a byte");
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_64_digits() {
        let digits = "00ff".repeat(15) + "aB01";
        let mut key = [0; 32];
        for (index, byte) in key.iter_mut().enumerate() {
            *byte = if index % 2 == 0 { 0 } else { 0xff };
        }
        (key[30], key[31]) = (0xab, 1);
        assert_eq!(parse(&digits), Some(key));
        assert_eq!(parse(&format!(" {digits}\n")), Some(key));
        for wrong in [
            "",
            &digits[1..],
            &digits.replace("ff", "fg"),
            &digits.replace("00ff", "é0f"),
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
