//! `liveobj explain`

use clap::Args;
use serde::Serialize;

use super::Format;
use crate::failure::Failure;
use crate::report::sarif::Rule;
use crate::{output, report};

macro_rules! texts {
    ($($code:literal,)*) => {
        /// A text for each code, sorted by code: what it means, the smallest example of it, and
        /// the way out. Examples are fenced and marked `wrong` or `right`.
        const TEXTS: &[(&str, &str)] = &[
            $(($code, include_str!(concat!("../../explain/", $code, ".md"))),)*
        ];
    };
}

texts! {
    "adapter-ambiguous",
    "adapter-form",
    "adapter-not-found",
    "argument-out-of-bound",
    "constraint-syntax",
    "counts-silence",
    "cyclic-alias",
    "document-structure",
    "document-syntax",
    "duplicate-name",
    "duplicate-part",
    "duplicate-session",
    "endpoint-already-used",
    "endpoint-mismatch",
    "endpoint-not-shown",
    "invalid-default",
    "invalid-map-key",
    "invalid-value",
    "library-hash-mismatch",
    "library-verdict",
    "limit-exceeded",
    "mandatory-unconnected",
    "manifest-missing",
    "missing-as",
    "missing-parameter",
    "no-finite-value",
    "non-regular-recursion",
    "not-a-subtype",
    "not-a-template",
    "ontology-axiom",
    "ontology-clash",
    "ontology-contradiction",
    "ontology-cycle",
    "ontology-refuted",
    "ontology-syntax",
    "ontology-unknown-name",
    "ontology-unproved",
    "original-coerced",
    "original-not-convertible",
    "original-not-kept",
    "original-omitted",
    "original-spelling",
    "original-unknown-id",
    "refusable-input",
    "reserved-name",
    "session-mismatch",
    "session-unpaired",
    "subtype-not-shown",
    "template-mismatch",
    "type-syntax",
    "unknown-component",
    "unknown-endpoint",
    "unknown-formalism",
    "unknown-parameter",
    "unknown-primitive",
    "unknown-template",
    "unknown-type",
    "unknown-type-library",
    "unmet-at-root",
    "unsatisfiable-constraint",
    "wrong-argument-count",
    "wrong-argument-kind",
    "wrong-kind",
}

/// Say what a code of a finding means, with an example and the way out
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  liveobj explain endpoint-mismatch\n  liveobj explain\n\nWithout CODE it lists the codes."
)]
pub struct Explain {
    /// The code, as it stands in brackets after `error`, `warning` or `note`
    #[arg(value_name = "CODE")]
    code: Option<String>,
    /// How to print it
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

#[derive(Serialize)]
struct Report {
    version: u32,
    codes: Vec<Explained>,
}

#[derive(Serialize)]
struct Explained {
    code: &'static str,
    /// Markdown.
    text: &'static str,
}

impl Explain {
    pub fn run(self) -> Result<(), Failure> {
        let chosen: Vec<&(&str, &str)> = match &self.code {
            None => TEXTS.iter().collect(),
            Some(code) => vec![find(code)?],
        };
        if self.format == Format::Json {
            let codes = chosen.iter().map(|(code, text)| Explained { code, text });
            return output::print_json(&Report {
                version: report::JSON_VERSION,
                codes: codes.collect(),
            });
        }
        match (&self.code, chosen.as_slice()) {
            (Some(_), [(code, text)]) => output::print(&format!("{code}\n\n{}", for_people(text))),
            _ => output::print(&list()),
        }
    }
}

/// Every code as a rule.
pub(super) fn rules() -> Vec<Rule<'static>> {
    let rule = |(code, text): &(&'static str, &'static str)| Rule {
        code,
        headline: headline(text),
        text: for_people(text),
        markdown: text,
    };
    TEXTS.iter().map(rule).collect()
}

fn find(code: &str) -> Result<&'static (&'static str, &'static str), Failure> {
    // As it is printed: `error[CODE]`.
    let bare = code
        .rsplit('[')
        .next()
        .unwrap_or(code)
        .trim_matches([']', ' ']);
    let found = TEXTS.binary_search_by(|(known, _)| (*known).cmp(bare));
    found.map(|index| &TEXTS[index]).map_err(|_| {
        let known = TEXTS.iter().map(|(known, _)| *known);
        let help = match liveobj_types::similar::nearest(bare, known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`liveobj explain` lists the codes".to_owned(),
        };
        Failure::user(format_args!("there is no code `{bare}`")).with_help(help)
    })
}

/// Each code with what it means in short.
fn list() -> String {
    let width = TEXTS.iter().map(|(code, _)| code.len()).max().unwrap_or(0);
    TEXTS
        .iter()
        .map(|(code, text)| format!("{code:width$}  {}\n", headline(text)))
        .collect()
}

/// Up to the first full stop or colon.
fn headline(text: &str) -> String {
    let paragraph = text.split("\n\n").next().unwrap_or_default();
    let line = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
    let ends = [". ", ": "].map(|end| line.find(end).unwrap_or(line.len()));
    let end = ends.into_iter().min().unwrap_or(line.len());
    line[..end].trim_end_matches('.').to_owned()
}

/// The text with its examples indented instead of fenced.
fn for_people(text: &str) -> String {
    let mut lines = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        match line.strip_prefix("```") {
            Some("") => inside = false,
            Some(fence) => {
                let wrong = fence.ends_with("wrong");
                lines.push(if wrong { "Wrong:" } else { "Right:" }.to_owned());
                lines.push(String::new());
                inside = true;
            }
            None if inside => lines.push(format!("    {line}")),
            None => lines.push(line.to_owned()),
        }
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use liveobj::{Limits, Runtime, Source};
    use liveobj_formalisms::Ontology;
    use liveobj_types::codes;
    use liveobj_types::relation::DEFAULT_BUDGET;

    use super::*;
    use crate::input;

    #[test]
    fn every_code_is_explained_and_they_are_sorted() {
        let mut all: Vec<&str> = codes::ALL.iter().map(|code| code.as_str()).collect();
        all.sort_unstable();
        let explained: Vec<&str> = TEXTS.iter().map(|(code, _)| *code).collect();
        assert_eq!(explained, all);
    }

    #[test]
    fn every_example_is_as_wrong_as_it_says() {
        let (name, types) = (liveobj_original::LIBRARY_NAME, liveobj_original::library);
        let runtime = Runtime::builder().library_without_code(name, types).build();
        let runtime = runtime.expect("it builds");
        for (code, text) in TEXTS {
            for (fence, example) in examples(text) {
                let diagnostics = if fence.starts_with("ontology") {
                    let files = [Source::new("example", example.as_str())];
                    Ontology::with_files(&files, DEFAULT_BUDGET)
                        .err()
                        .unwrap_or_default()
                } else {
                    let source = Source::new("example", document(fence, &example));
                    let input = input::of_source(source, &Limits::default());
                    input.check(&runtime).diagnostics
                };
                let found: Vec<&str> = diagnostics
                    .iter()
                    .map(|diagnostic| diagnostic.code.as_str())
                    .collect();
                let expected: &[&str] = if fence.ends_with("wrong") {
                    &[code]
                } else {
                    &[]
                };
                assert_eq!(found, expected, "{code}: {example}");
            }
        }
    }

    #[test]
    fn texts_fit_a_terminal() {
        for (code, text) in TEXTS {
            let wide = for_people(text)
                .lines()
                .find(|line| line.len() > 100)
                .map(str::to_owned);
            assert_eq!(wide, None, "{code}");
        }
    }

    #[test]
    fn a_code_is_found_as_it_is_printed() {
        assert_eq!(
            find("error[type-syntax]").map(|found| found.0).ok(),
            Some("type-syntax")
        );
        assert_eq!(
            find("type-syntax").map(|found| found.0).ok(),
            Some("type-syntax")
        );
        assert!(find("type-sintax").is_err());
    }

    fn examples(text: &str) -> Vec<(&str, String)> {
        let mut examples: Vec<(&str, String)> = Vec::new();
        let mut inside = false;
        for line in text.lines() {
            match (line.strip_prefix("```"), inside) {
                (Some(""), _) => inside = false,
                (Some(fence), _) => {
                    examples.push((fence, String::new()));
                    inside = true;
                }
                (None, true) => {
                    let example = &mut examples.last_mut().expect("a fence was opened").1;
                    example.push_str(line);
                    example.push('\n');
                }
                (None, false) => {}
            }
        }
        examples
    }

    fn document(fence: &str, example: &str) -> String {
        if fence.starts_with("2009") {
            return format!(
                "<Root xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
                 xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\">{example}</Root>"
            );
        }
        let body = if fence.starts_with("lot") {
            let escaped = example.replace('&', "&amp;").replace('<', "&lt;");
            format!(
                "<types>{escaped}</types><external name=\"timer\" library=\"liveobj:standard\"/>"
            )
        } else {
            example.to_owned()
        };
        format!("<liveobject xmlns=\"urn:liveobj:reference:1\">{body}</liveobject>")
    }
}
