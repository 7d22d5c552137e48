//! Two libraries, a name at a time: `liveobj diff` judges what that means for versions.

use std::collections::BTreeSet;

use liveobj::Runtime;
use liveobj_types::Judgement;
use liveobj_types::evolution::{Change, Entry};
use liveobj_types::formalism::Word;
use serde::Serialize;

use super::{Compare, Required, may_stand};
use crate::commands::Format;
use crate::commands::named_library::NamedLibrary;
use crate::failure::Failure;
use crate::report::{JSON_VERSION, JsonMismatch, JsonWord};
use crate::{output, report};

/// A name that both declare, differently.
struct Both<'a> {
    entry: &'a Entry,
    /// May the left one stand for the right one, and the other way round?
    replaces: [Judgement; 2],
}

/// What two libraries declare.
#[derive(Default)]
struct Comparison<'a> {
    same: Vec<&'a Entry>,
    differ: Vec<Both<'a>>,
    left_only: Vec<&'a Entry>,
    right_only: Vec<&'a Entry>,
}

#[derive(Serialize)]
struct JsonReport<'a> {
    version: u32,
    kind: &'static str,
    left: &'a str,
    right: &'a str,
    same: bool,
    declarations: Vec<JsonDeclaration<'a>>,
    words: Vec<JsonWord<'a>>,
}

#[derive(Serialize)]
struct JsonDeclaration<'a> {
    name: &'a str,
    kind: &'static str,
    /// `both`, `left` or `right`.
    declared: &'static str,
    same: bool,
    relations: Vec<JsonRelation>,
}

#[derive(Serialize)]
struct JsonRelation {
    reversed: bool,
    verdict: String,
    mismatches: Vec<JsonMismatch>,
}

impl Compare {
    pub(super) fn libraries(&self, runtime: &Runtime) -> Result<(), Failure> {
        if self.require == Some(Required::Match) {
            return Err(Failure::user("libraries do not match: endpoints do")
                .with_help("`--require subtype` asks whether A may stand for B"));
        }
        let left = NamedLibrary::read(runtime, &self.left)?;
        let right = NamedLibrary::read(runtime, &self.right)?;
        let forward = right.compare(&left, runtime)?;
        let back = left.compare(&right, runtime)?;
        let compared = Comparison::new(&forward.entries, &back.entries);
        let words: BTreeSet<&Word> = forward.words.iter().chain(&back.words).collect();
        let names = [left.name.as_str(), right.name.as_str()];
        match self.format {
            Format::Human => {
                let text = compared.for_people(names) + &report::words(words);
                output::print(&text)?;
            }
            Format::Json => {
                output::print_json(&compared.json(&forward.entries, &words, names))?;
            }
        }
        let met = match self.require {
            Some(Required::Same) => compared.is_same(),
            Some(Required::Subtype) => compared.replaces(),
            Some(Required::Match) | None => true,
        };
        if met { Ok(()) } else { Err(Failure::Findings) }
    }
}

impl<'a> Comparison<'a> {
    /// `forward` takes the left library to be the new one, `back` the right one; both have an
    /// entry for each name of either.
    fn new(forward: &'a [Entry], back: &'a [Entry]) -> Comparison<'a> {
        let mut all = Comparison::default();
        for (entry, back) in forward.iter().zip(back) {
            match (&entry.change, &back.change) {
                (Change::Added, _) => all.left_only.push(entry),
                (Change::Removed { .. }, _) => all.right_only.push(entry),
                (Change::Changed(there), Change::Changed(back)) => all.differ.push(Both {
                    entry,
                    replaces: [there.replaces(), back.replaces()],
                }),
                _ => all.same.push(entry),
            }
        }
        all
    }

    fn is_same(&self) -> bool {
        self.differ.is_empty() && self.left_only.is_empty() && self.right_only.is_empty()
    }

    /// Whether the left one may stand for the right one in all that this declares.
    fn replaces(&self) -> bool {
        let mut differ = self.differ.iter();
        self.right_only.is_empty() && differ.all(|both| both.replaces[0].verdict.holds())
    }

    fn for_people(&self, [left, right]: [&str; 2]) -> String {
        let mut text = String::new();
        for (only, here, there) in [
            (&self.left_only, left, right),
            (&self.right_only, right, left),
        ] {
            if only.is_empty() {
                continue;
            }
            text.push_str(&format!("missing in `{there}`, declared by `{here}`:\n"));
            for entry in only {
                text.push_str(&format!("  {} `{}`\n", entry.sort.as_str(), entry.name));
            }
        }
        for both in &self.differ {
            let (sort, name) = (both.entry.sort.as_str(), &both.entry.name);
            text.push_str(&format!("{sort} `{name}` differs:\n"));
            for (judgement, [a, b]) in both.replaces.iter().zip([[left, right], [right, left]]) {
                let [here, there] = [a, b].map(|library| format!("{name}` of `{library}"));
                let sentence = may_stand(&judgement.verdict, &here, &there);
                text.push_str(&format!("  {sentence}\n"));
                for mismatch in &judgement.mismatches {
                    text.push_str(&format!("    {}\n", mismatch.to_sentence(a, b)));
                }
            }
        }
        match (self.same.len(), self.is_same()) {
            (same, true) => text.push_str(&format!("all {same} are the same\n")),
            (0, false) => {}
            (same, false) => text.push_str(&format!("the same in both: {same}\n")),
        }
        text
    }

    fn json(
        &self,
        all: &'a [Entry],
        words: &BTreeSet<&'a Word>,
        [left, right]: [&'a str; 2],
    ) -> JsonReport<'a> {
        let mut differ = self.differ.iter();
        let mut declaration = |entry: &'a Entry| {
            let relations = match entry.change {
                Change::Changed(_) => differ.next().map_or(Vec::new(), |both| {
                    let [there, back] = &both.replaces;
                    vec![
                        JsonRelation::new(there, [left, right], false),
                        JsonRelation::new(back, [right, left], true),
                    ]
                }),
                _ => Vec::new(),
            };
            JsonDeclaration {
                name: &entry.name,
                kind: entry.sort.as_str(),
                declared: match entry.change {
                    Change::Added => "left",
                    Change::Removed { .. } => "right",
                    Change::Same | Change::Changed(_) => "both",
                },
                same: matches!(entry.change, Change::Same),
                relations,
            }
        };
        JsonReport {
            version: JSON_VERSION,
            kind: "library",
            left,
            right,
            same: self.is_same(),
            declarations: all.iter().map(&mut declaration).collect(),
            words: words.iter().copied().map(JsonWord::new).collect(),
        }
    }
}

impl JsonRelation {
    fn new(judgement: &Judgement, names: [&str; 2], reversed: bool) -> JsonRelation {
        let mismatches = judgement.mismatches.iter();
        JsonRelation {
            reversed,
            verdict: judgement.verdict.to_string(),
            mismatches: mismatches.map(|it| JsonMismatch::new(it, names)).collect(),
        }
    }
}
