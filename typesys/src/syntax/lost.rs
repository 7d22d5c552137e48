//! What a text declares in places that could not be read: nothing follows from its absence.

use std::collections::BTreeSet;

use super::cursor::ITEM_KEYWORDS;
use super::lexis;
use crate::similar::nearest;

/// Names that count as declared though what they stand for is not known.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lost {
    names: BTreeSet<String>,
    others: bool,
}

impl Lost {
    /// Any name may be among those that are lost.
    pub(crate) fn all(&mut self) {
        self.others = true;
    }

    /// Whether `name` is declared where nothing could be read.
    pub(crate) fn declares(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// Whether `name` may be declared where nothing could be read.
    pub(crate) fn may_declare(&self, name: &str) -> bool {
        self.others || self.declares(name)
    }

    /// Whether a `use` may be among what is lost.
    pub(crate) fn may_use(&self) -> bool {
        self.others
    }

    /// Takes note of what a text that was passed over declares: that with which it begins, and
    /// every other beginning of a declaration in it. Takes time in proportion to the text.
    pub(super) fn note(&mut self, text: &str) {
        let misspelt = |word: &str| nearest(word, ITEM_KEYWORDS).is_some();
        match declared(text, misspelt) {
            Some(name) => _ = self.names.insert(name.to_owned()),
            None => self.others = true,
        }
        let mut rest = lexis::name(text).map_or(text, |(rest, _)| rest);
        while let Some(at) = rest.find(|c: char| c.is_ascii_alphabetic() || c == '_') {
            rest = &rest[at..];
            let using = rest.strip_prefix("use").map(str::trim_start);
            self.others |= using.is_some_and(|library| library.starts_with('"'));
            let name = declared(rest, |_| false);
            self.names.extend(name.map(str::to_owned));
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            rest = &rest[end.unwrap_or(rest.len())..];
        }
    }
}

/// The name that a text declares which begins with a keyword, or a word that is taken for one.
fn declared(text: &str, misspelt: impl FnOnce(&str) -> bool) -> Option<&str> {
    let (rest, keyword) = lexis::name(text)?;
    if keyword == "use" || !(ITEM_KEYWORDS.contains(&keyword) || misspelt(keyword)) {
        return None;
    }
    let (rest, name) = lexis::name(rest.trim_start())?;
    // Members are written alike: `endpoint name: T;`.
    (!rest.trim_start().starts_with(':')).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lost(text: &str) -> (Vec<String>, bool) {
        let mut lost = Lost::default();
        lost.note(text);
        (lost.names.into_iter().collect(), lost.others)
    }

    #[test]
    fn the_declared_name_is_lost_and_no_other() {
        assert_eq!(lost("record A { x u8 }"), (vec!["A".to_owned()], false));
        assert_eq!(lost("recrod A { x: u8 }"), (vec!["A".to_owned()], false));
        let object = "object A { endpoint a: B many\n state C; }";
        assert_eq!(lost(object), (vec!["A".to_owned()], false));
    }

    #[test]
    fn without_a_name_any_name_may_be_lost() {
        assert!(lost("use liveobj:standard;").1);
        assert!(lost("record { x: u8 }").1);
        assert!(lost("# a heading").1);
    }

    #[test]
    fn declarations_that_are_passed_over_are_lost() {
        let (names, others) = lost("record A { x: u8; record B {} template c(x: u8): D;");
        assert_eq!((names.join(" "), others), ("A B c".to_owned(), false));
        assert!(lost("record A { x: u8; use \"liveobj:standard\";").1);
    }
}
