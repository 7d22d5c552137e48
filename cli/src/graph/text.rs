//! Texts in pictures: what may stand in them, how wide they are, and how each format escapes them.

/// A text without characters that cannot be seen, or that change how others are seen: those
/// below the space have signs of their own.
pub fn visible(text: &str) -> String {
    let clean = |c: char| match c {
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
        '\u{7f}' => '\u{2421}',
        '\u{80}'..='\u{9f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fffe}'
        | '\u{ffff}' => '\u{fffd}',
        c => c,
    };
    text.chars().map(clean).collect()
}

/// A visible text of at most `most` characters.
pub fn short(text: &str, most: usize) -> String {
    let mut clean: Vec<char> = Vec::new();
    let mut rest = text.chars();
    for c in rest.by_ref().take(most) {
        clean.extend(visible(c.encode_utf8(&mut [0; 4])).chars());
    }
    if rest.next().is_some() {
        clean.truncate(most.saturating_sub(1));
        clean.push('…');
    }
    clean.into_iter().collect()
}

/// A tooltip: its lines stay, however they are written in the format.
pub fn lines(text: &str) -> Vec<String> {
    const MOST: usize = 400;
    text.lines().map(|line| short(line, MOST)).collect()
}

/// About how wide a text is in a sans-serif font of this size. Rather too wide than too narrow,
/// since fonts differ.
pub fn width(text: &str, size: f64) -> f64 {
    let em = |c: char| match c {
        'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | ' ' => 0.36,
        'f' | 't' | 'r' | '(' | ')' | '[' | ']' | '/' | '-' | '"' => 0.46,
        'm' | 'w' | 'M' | 'W' | '@' | '%' | '…' => 1.0,
        'A'..='Z' | '<' | '>' | '=' | '+' | '*' | '&' | '_' => 0.78,
        c if c.is_ascii() => 0.65,
        c if c < '\u{1100}' => 0.8,
        _ => 1.1,
    };
    text.chars().map(em).sum::<f64>() * size
}

/// For content and attributes of XML, and for HTML-like labels of DOT.
pub fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_replaced() {
        assert_eq!(
            visible("a\nb\u{7f}\u{202e}c\u{ffff}"),
            "a␊b␡\u{fffd}c\u{fffd}"
        );
    }

    #[test]
    fn long_texts_end_in_an_ellipsis() {
        assert_eq!(short("abcdef", 6), "abcdef");
        assert_eq!(short("abcdefg", 6), "abcde…");
        assert_eq!(short("ä\nöüß", 4), "ä␊ö…");
    }

    #[test]
    fn xml_has_no_markup_left() {
        assert_eq!(
            xml("<a b='c' d=\"e\">&]]>"),
            "&lt;a b=&#39;c&#39; d=&quot;e&quot;&gt;&amp;]]&gt;"
        );
    }
}
