//! The text as lines, kept up to date change by change, and what changed in terms of lines.
//!
//! The replicated text is a string in which each line ends with a line feed, so that lines which
//! two people add at the same moment stay two lines. People see the lines without their ends; a
//! position in the visible text never lies behind the last line feed.

use liveobj_sdk::{List, Str};

/// One replacement in the replicated text, in bytes of the text before the change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Splice {
    pub(crate) at: usize,
    pub(crate) delete: usize,
    pub(crate) insert: String,
}

/// Lines `first..first + removed` became `added`; neither begins nor ends with a line that
/// stayed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Changed {
    pub(crate) first: usize,
    pub(crate) removed: usize,
    pub(crate) added: Vec<String>,
}

impl Changed {
    /// Lends it as events tell it: the first line, how many are removed, and those that are added.
    pub(crate) fn tell<R>(&self, tell: impl FnOnce(u32, u32, List<'_, Str<'_>>) -> R) -> R {
        // Lines are fewer than bytes, and those fit.
        let count = |lines| u32::try_from(lines).unwrap_or(u32::MAX);
        let added: Vec<Str<'_>> = self.added.iter().map(Str::from).collect();
        tell(count(self.first), count(self.removed), List::from(&added))
    }
}

/// The splices do not fit the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Misfit;

#[derive(Debug)]
struct Line {
    text: String,
    characters: usize,
}

impl Line {
    fn new(text: &str) -> Self {
        Line {
            text: text.to_owned(),
            characters: text.chars().count(),
        }
    }
}

/// The replicated text, split at its line feeds: there is always one line, and a last line that
/// is empty is only the end of the one before.
#[derive(Debug)]
pub(crate) struct Lines {
    lines: Vec<Line>,
}

impl Lines {
    pub(crate) fn new() -> Self {
        Lines {
            lines: vec![Line::new("")],
        }
    }

    /// The lines that people see.
    pub(crate) fn visible(&self) -> impl ExactSizeIterator<Item = &str> {
        self.lines[..self.visible_len()]
            .iter()
            .map(|line| line.text.as_str())
    }

    /// The replicated text.
    pub(crate) fn text(&self) -> String {
        let lines: Vec<&str> = self.lines.iter().map(|line| line.text.as_str()).collect();
        lines.join("\n")
    }

    /// Bytes of the replicated text.
    pub(crate) fn bytes(&self) -> usize {
        self.lines
            .iter()
            .map(|line| line.text.len() + 1)
            .sum::<usize>()
            - 1
    }

    /// What makes `line` the last line.
    pub(crate) fn append(&self, line: &str) -> Splice {
        let open = self.visible_len() == self.lines.len();
        let start = if open { "\n" } else { "" };
        Splice {
            at: self.bytes(),
            delete: 0,
            insert: format!("{start}{line}\n"),
        }
    }

    /// What replaces `delete` characters at character `at` of the visible text; both are cut to
    /// what is there.
    pub(crate) fn edit(&self, at: usize, delete: usize, insert: &str) -> Splice {
        if self.visible_len() == 0 {
            let insert = if insert.is_empty() {
                String::new()
            } else {
                format!("{insert}\n")
            };
            return Splice {
                at: 0,
                delete: 0,
                insert,
            };
        }
        let start = self.byte_of_character(at);
        let end = self.byte_of_character(at.saturating_add(delete));
        Splice {
            at: start,
            delete: end - start,
            insert: insert.to_owned(),
        }
    }

    /// Applies replacements that are sorted and do not overlap, and says which lines changed.
    pub(crate) fn apply(&mut self, splices: &[Splice]) -> Result<Option<Changed>, Misfit> {
        let (Some(first), Some(last)) = (splices.first(), splices.last()) else {
            return Ok(None);
        };
        let (top, start) = self.line_at(first.at).ok_or(Misfit)?;
        let (bottom, _) = self.line_at(last.at + last.delete).ok_or(Misfit)?;
        if bottom < top {
            return Err(Misfit);
        }
        let mut old = String::new();
        for (index, line) in self.lines[top..=bottom].iter().enumerate() {
            if index > 0 {
                old.push('\n');
            }
            old.push_str(&line.text);
        }
        let mut new = String::with_capacity(old.len());
        let mut position = 0;
        for splice in splices {
            let at = splice.at.checked_sub(start).ok_or(Misfit)?;
            new.push_str(old.get(position..at).ok_or(Misfit)?);
            new.push_str(&splice.insert);
            position = at + splice.delete;
        }
        new.push_str(old.get(position..).ok_or(Misfit)?);
        Ok(self.replace(top, bottom, &new))
    }

    /// Replaces the whole text.
    pub(crate) fn reset(&mut self, text: &str) -> Option<Changed> {
        self.replace(0, self.lines.len() - 1, text)
    }

    /// Replaces the lines `top..=bottom` by those of `text`.
    fn replace(&mut self, top: usize, bottom: usize, text: &str) -> Option<Changed> {
        let tail = bottom + 1 == self.lines.len();
        let new: Vec<&str> = text.split('\n').collect();
        let new_shown = if tail && new.last() == Some(&"") {
            new.len() - 1
        } else {
            new.len()
        };
        let old = &self.lines[top..=bottom];
        let old_shown = old.len().min(self.visible_len().saturating_sub(top));
        let prefix = old[..old_shown]
            .iter()
            .zip(&new[..new_shown])
            .take_while(|(old, new)| old.text == **new)
            .count();
        let suffix = old[prefix..old_shown]
            .iter()
            .rev()
            .zip(new[prefix..new_shown].iter().rev())
            .take_while(|(old, new)| old.text == **new)
            .count();
        let changed = Changed {
            first: top + prefix,
            removed: old_shown - prefix - suffix,
            added: new[prefix..new_shown - suffix]
                .iter()
                .map(|line| (*line).to_owned())
                .collect(),
        };
        self.lines
            .splice(top..=bottom, new.into_iter().map(Line::new));
        (changed.removed > 0 || !changed.added.is_empty()).then_some(changed)
    }

    fn visible_len(&self) -> usize {
        match self.lines.last() {
            Some(last) if last.text.is_empty() => self.lines.len() - 1,
            _ => self.lines.len(),
        }
    }

    /// The line that holds byte `at`, and where it begins.
    fn line_at(&self, at: usize) -> Option<(usize, usize)> {
        let mut start = 0;
        for (index, line) in self.lines.iter().enumerate() {
            let end = start + line.text.len();
            if at <= end {
                return Some((index, start));
            }
            start = end + 1;
        }
        None
    }

    /// Byte of the visible text's character `at`, or its end.
    fn byte_of_character(&self, at: usize) -> usize {
        let mut left = at;
        let mut start = 0;
        let shown = &self.lines[..self.visible_len()];
        for line in shown {
            if left <= line.characters {
                let inside = line
                    .text
                    .char_indices()
                    .nth(left)
                    .map_or(line.text.len(), |(i, _)| i);
                return start + inside;
            }
            left -= line.characters + 1;
            start += line.text.len() + 1;
        }
        start.saturating_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Lines {
        let mut lines = Lines::new();
        lines.reset(text);
        lines
    }

    fn visible(lines: &Lines) -> Vec<&str> {
        lines.visible().collect()
    }

    fn changed(first: usize, removed: usize, added: &[&str]) -> Option<Changed> {
        let added = added.iter().map(|line| (*line).to_owned()).collect();
        Some(Changed {
            first,
            removed,
            added,
        })
    }

    fn splice(at: usize, delete: usize, insert: &str) -> Splice {
        Splice {
            at,
            delete,
            insert: insert.to_owned(),
        }
    }

    #[test]
    fn an_empty_text_has_no_line_and_an_empty_line_is_one() {
        let mut lines = Lines::new();
        assert_eq!(visible(&lines), [""; 0]);
        let append = lines.append("");
        assert_eq!(lines.apply(&[append]), Ok(changed(0, 0, &[""])));
        assert_eq!(visible(&lines), [""]);
    }

    #[test]
    fn an_appended_line_is_the_last_one() {
        let mut lines = lines("a\nb\n");
        let append = lines.append("c");
        assert_eq!(lines.apply(&[append]), Ok(changed(2, 0, &["c"])));
        assert_eq!(visible(&lines), ["a", "b", "c"]);
    }

    #[test]
    fn an_appended_line_ends_an_open_one() {
        let mut lines = lines("a");
        let append = lines.append("b");
        assert_eq!(lines.apply(&[append]), Ok(changed(1, 0, &["b"])));
    }

    #[test]
    fn a_change_shows_only_the_lines_it_touched() {
        let mut lines = lines("one\ntwo\nthree\n");
        assert_eq!(
            lines.apply(&[splice(5, 1, "W")]),
            Ok(changed(1, 1, &["tWo"]))
        );
        assert_eq!(
            lines.apply(&[splice(3, 1, " ")]),
            Ok(changed(0, 2, &["one tWo"]))
        );
        assert_eq!(
            lines.apply(&[splice(3, 1, "\n")]),
            Ok(changed(0, 1, &["one", "tWo"]))
        );
    }

    #[test]
    fn several_splices_are_one_change() {
        let mut lines = lines("one\ntwo\nthree\n");
        let both = [splice(0, 1, "O"), splice(8, 5, "3\n4")];
        assert_eq!(
            lines.apply(&both),
            Ok(changed(0, 3, &["One", "two", "3", "4"]))
        );
    }

    #[test]
    fn what_stays_is_not_shown_again() {
        let mut lines = lines("a\nb\nc\n");
        assert_eq!(lines.reset("a\nx\nc\n"), changed(1, 1, &["x"]));
        assert_eq!(lines.reset("a\nx\nc\n"), None);
        assert_eq!(lines.reset(""), changed(0, 3, &[]));
    }

    #[test]
    fn positions_count_characters_and_end_before_the_last_line_feed() {
        let mut lines = lines("ä€𝄞\nz\n");
        assert_eq!(lines.edit(2, 1, "x"), splice(5, 4, "x"));
        assert_eq!(lines.edit(4, 1, ""), splice(10, 1, ""));
        assert_eq!(lines.edit(900, 900, "!"), splice(11, 0, "!"));
        let end = lines.edit(5, 0, "!");
        assert_eq!(lines.apply(&[end]), Ok(changed(1, 1, &["z!"])));
    }

    #[test]
    fn an_edit_of_the_empty_text_makes_a_line() {
        let mut lines = Lines::new();
        let edit = lines.edit(7, 3, "x\ny");
        assert_eq!(lines.apply(&[edit]), Ok(changed(0, 0, &["x", "y"])));
        assert_eq!(lines.bytes(), 4);
    }

    #[test]
    fn splices_that_do_not_fit_are_refused() {
        let mut lines = lines("ä\n");
        assert_eq!(lines.apply(&[splice(1, 1, "x")]), Err(Misfit));
        assert_eq!(lines.apply(&[splice(9, 0, "x")]), Err(Misfit));
        assert_eq!(visible(&lines), ["ä"]);
    }
}
