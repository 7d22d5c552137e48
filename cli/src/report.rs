//! How findings look: for people, with the source lines and every place marked; for programs, as
//! JSON or SARIF (docs/json.md).

pub mod grounds;
pub mod monitored;
pub mod sarif;

use std::io::{self, IsTerminal};
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use imara_diff::{Algorithm, BasicLineDiffPrinter, Diff, InternedInput, UnifiedDiffConfig};
use liveobj::Violation;
use liveobj_types::diagnostic::{Label, ObstacleKind, shortened};
use liveobj_types::formalism::{Speaker, Word};
use liveobj_types::{Diagnostic, Mismatch, Place, Problem, Severity, Step};
use serde::Serialize;

/// Version of the JSON reports; it grows when something is removed or changes its meaning.
pub const JSON_VERSION: u32 = 1;

/// Bytes of the longest text that is handed to the renderer as it is: it reads all of it for each
/// finding. Of longer ones it is given the line of each place.
const MAX_SOURCE: usize = 64 << 10;
/// Bytes of the longest line that is shown.
const MAX_LINE: usize = 4096;

/// Renders findings for people.
pub fn findings(diagnostics: &[Diagnostic], styled: bool) -> String {
    let renderer = if styled {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let mut text = String::new();
    for diagnostic in diagnostics {
        text.push_str(&renderer.render(&[group(diagnostic)]));
        text.push_str("\n\n");
    }
    text
}

/// Whether standard output takes colours.
pub fn styled_output() -> bool {
    io::stdout().is_terminal() && colours_wanted()
}

/// Whether standard error takes colours.
pub fn styled_errors() -> bool {
    io::stderr().is_terminal() && colours_wanted()
}

fn colours_wanted() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Renders an error that has no place in a document.
pub fn failure(message: &str, help: Option<&str>) -> String {
    let message = shortened(message.to_owned());
    match help {
        Some(help) => {
            line(Level::ERROR, &message) + &line(Level::HELP, &shortened(help.to_owned()))
        }
        None => line(Level::ERROR, &message),
    }
}

/// Renders a warning that has no place in a document.
pub fn warning(message: &str) -> String {
    line(Level::WARNING, message)
}

/// Renders a constraint that was broken while its object ran.
pub fn violation(violation: &Violation) -> String {
    let Violation {
        formalism,
        text,
        subject,
        ..
    } = violation;
    let verb = if violation.provided {
        "provides"
    } else {
        "requires"
    };
    let constraint = format!("`{formalism} \"{text}\"`, which `{subject}` {verb}");
    let mut message = match &violation.by {
        Some(by) => format!("`{by}` breaks {constraint}"),
        None => format!("connection {} breaks {constraint}", violation.connection),
    };
    if let Some(place) = &violation.place {
        let (line, column) = place.source.line_column(place.span.start);
        message += &format!("; it stands in {}:{line}:{column}", place.source.name);
    }
    let mut rendered = line(Level::ERROR, &shortened(message));
    rendered += "  what happened last:\n";
    for happening in &violation.recent {
        rendered += &format!("    {happening}\n");
    }
    rendered
}

/// How a text differs from what it is to become, in the manner of `diff -u`.
pub fn difference(name: &str, before: &str, after: &str, styled: bool) -> String {
    let lines = InternedInput::new(before, after);
    let mut diff = Diff::compute(Algorithm::Histogram, &lines);
    diff.postprocess_lines(&lines);
    let printer = BasicLineDiffPrinter(&lines.interner);
    let hunks = diff.unified_diff(&printer, UnifiedDiffConfig::default(), &lines);
    let text = format!("--- {name}\n+++ {name}, formatted\n{hunks}");
    if !styled {
        return text;
    }
    let colour = |line: &str| match line.as_bytes().first() {
        Some(b'-') => 31,
        Some(b'+') => 32,
        Some(b'@') => 36,
        _ => 0,
    };
    text.lines()
        .map(|line| format!("\x1b[{}m{line}\x1b[0m\n", colour(line)))
        .collect()
}

fn line(level: Level<'_>, message: &str) -> String {
    let group = Group::with_title(level.primary_title(message));
    let renderer = if styled_errors() {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    renderer.render(&[group]) + "\n"
}

fn level(severity: Severity) -> Level<'static> {
    match severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    }
}

fn group(diagnostic: &Diagnostic) -> Group<'_> {
    let title = level(diagnostic.severity)
        .primary_title(diagnostic.message.as_str())
        .id(diagnostic.code.as_str());
    let mut group = Group::with_title(title);
    let mut labels = diagnostic.labels.iter().enumerate().peekable();
    // Labels of one text that follow each other share a snippet.
    while let Some((first, label)) = labels.next() {
        let source = &label.place.source;
        if source.text.len() > MAX_SOURCE {
            group = excerpt(group, first, label);
            continue;
        }
        let mut snippet = Snippet::source(source.text.as_str()).path(source.name.as_str());
        snippet = snippet.annotation(annotation(first, label));
        while let Some((index, next)) = labels.next_if(|(_, next)| next.place.source == *source) {
            snippet = snippet.annotation(annotation(index, next));
        }
        group = group.element(snippet);
    }
    if !diagnostic.trail.is_empty() {
        let steps: Vec<String> = diagnostic.trail.iter().map(ToString::to_string).collect();
        let trail = shortened(format!("this is about {}", steps.join(" > ")));
        group = group.element(Level::NOTE.message(trail));
    }
    for note in &diagnostic.notes {
        group = group.element(Level::NOTE.message(note.as_str()));
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    group
}

/// Adds a place in a long text: its line, or where that is long as well, only its number.
fn excerpt<'a>(group: Group<'a>, index: usize, label: &'a Label) -> Group<'a> {
    let source = &label.place.source;
    let range = range(&label.place);
    let start = source.text[..range.start]
        .rfind('\n')
        .map_or(0, |end| end + 1);
    let length = source.text[start..].find('\n');
    let end = length.map_or(source.text.len(), |length| start + length);
    let (line, column) = source.line_column(range.start);
    if end - start > MAX_LINE {
        let origin = Origin::path(source.name.as_str())
            .line(line)
            .char_column(column);
        let group = group.element(origin);
        return match label.text.as_str() {
            "" => group,
            text => group.element(Level::NOTE.message(format!("line {line}: {text}"))),
        };
    }
    let within = range.start - start..range.end.min(end) - start;
    let snippet = Snippet::source(&source.text[start..end])
        .path(source.name.as_str())
        .line_start(line)
        .annotation(kind(index).span(within).label(label.text.as_str()));
    group.element(snippet)
}

fn annotation(index: usize, label: &Label) -> annotate_snippets::Annotation<'_> {
    kind(index)
        .span(range(&label.place))
        .label(label.text.as_str())
}

/// How a place is marked: the first one is what it is about.
fn kind(index: usize) -> AnnotationKind {
    if index == 0 {
        AnnotationKind::Primary
    } else {
        AnnotationKind::Context
    }
}

/// The span, within the text and on character boundaries.
fn range(place: &Place) -> Range<usize> {
    let text = &place.source.text;
    let floor = |mut offset: usize| {
        offset = offset.min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        offset
    };
    let start = floor(place.span.start);
    start..floor(place.span.end).max(start)
}

/// A finding in JSON.
#[derive(Debug, Serialize)]
pub struct JsonDiagnostic<'a> {
    code: &'a str,
    severity: &'a str,
    message: &'a str,
    labels: Vec<JsonLabel<'a>>,
    trail: Vec<String>,
    notes: &'a [String],
    help: Option<&'a str>,
    fix: Option<JsonFix<'a>>,
    kind: Option<&'static str>,
    obstacles: Vec<JsonObstacle>,
}

#[derive(Debug, Serialize)]
struct JsonObstacle {
    kind: &'static str,
    trail: Vec<String>,
}

#[derive(Debug, Serialize)]
struct JsonFix<'a> {
    source: &'a str,
    start: JsonPosition,
    end: JsonPosition,
    replacement: &'a str,
}

#[derive(Debug, Serialize)]
struct JsonLabel<'a> {
    source: &'a str,
    start: JsonPosition,
    end: JsonPosition,
    text: &'a str,
}

#[derive(Debug, Serialize)]
struct JsonPosition {
    byte: usize,
    line: usize,
    column: usize,
}

fn position(place: &Place, byte: usize) -> JsonPosition {
    let (line, column) = place.source.line_column(byte);
    JsonPosition { byte, line, column }
}

/// A finding for programs.
pub fn json(diagnostic: &Diagnostic) -> JsonDiagnostic<'_> {
    let ends = |place: &Place| {
        let range = range(place);
        (position(place, range.start), position(place, range.end))
    };
    JsonDiagnostic {
        code: diagnostic.code.as_str(),
        severity: match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        },
        message: &diagnostic.message,
        labels: diagnostic
            .labels
            .iter()
            .map(|it| {
                let (start, end) = ends(&it.place);
                JsonLabel {
                    source: &it.place.source.name,
                    start,
                    end,
                    text: &it.text,
                }
            })
            .collect(),
        trail: steps(&diagnostic.trail),
        notes: &diagnostic.notes,
        help: diagnostic.help.as_deref(),
        fix: diagnostic.fix.as_ref().map(|fix| {
            let (start, end) = ends(&fix.place);
            JsonFix {
                source: &fix.place.source.name,
                start,
                end,
                replacement: &fix.replacement,
            }
        }),
        kind: diagnostic.kind().map(ObstacleKind::as_str),
        obstacles: diagnostic
            .obstacles
            .iter()
            .map(|obstacle| JsonObstacle {
                kind: obstacle.kind.as_str(),
                trail: steps(&obstacle.trail),
            })
            .collect(),
    }
}

fn steps(trail: &[Step]) -> Vec<String> {
    let steps = trail.iter();
    steps.map(|step| shortened(step.to_string())).collect()
}

/// What holds on somebody's word, a line each.
pub fn words<'a>(words: impl IntoIterator<Item = &'a Word>) -> String {
    let lines = words
        .into_iter()
        .map(|word| format!("note: {}\n", word.to_sentence()));
    lines.collect()
}

/// What holds on the word of a library that adds a formalism, or by an axiom of a user's ontology.
#[derive(Serialize)]
pub struct JsonWord<'a> {
    formalism: &'a str,
    library: Option<&'a str>,
    axiom: Option<JsonAxiom<'a>>,
    premises: &'a [String],
    conclusion: &'a str,
}

#[derive(Serialize)]
struct JsonAxiom<'a> {
    place: &'a str,
    reason: &'a str,
}

impl<'a> JsonWord<'a> {
    pub fn new(word: &'a Word) -> JsonWord<'a> {
        let (library, axiom) = match &word.by {
            Speaker::Library(library) => (Some(library.as_str()), None),
            Speaker::Ontology { place, reason } => (None, Some(JsonAxiom { place, reason })),
        };
        JsonWord {
            formalism: &word.formalism,
            library,
            axiom,
            premises: &word.premises,
            conclusion: &word.conclusion,
        }
    }
}

/// A mismatch in JSON.
#[derive(Debug, Serialize)]
pub struct JsonMismatch {
    kind: &'static str,
    trail: Vec<String>,
    message: String,
    suggestion: Option<String>,
    translations: Vec<Vec<JsonText>>,
}

/// A constraint in one formalism.
#[derive(Debug, Serialize)]
struct JsonText {
    formalism: String,
    text: String,
}

impl JsonMismatch {
    /// A mismatch for programs; the names are those of the two sides.
    pub fn new(mismatch: &Mismatch, [left, right]: [&str; 2]) -> JsonMismatch {
        let translations = match &mismatch.problem {
            Problem::Unmet { translations, .. } => &translations[..],
            _ => &[],
        };
        let text = |(formalism, text): &(String, String)| JsonText {
            formalism: formalism.clone(),
            text: text.clone(),
        };
        JsonMismatch {
            kind: mismatch.problem.kind().as_str(),
            trail: mismatch.trail.iter().map(ToString::to_string).collect(),
            message: mismatch.to_sentence(left, right),
            suggestion: mismatch.problem.suggestion(),
            translations: translations
                .iter()
                .map(|translation| translation.steps.iter().map(text).collect())
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use expect_test::expect;
    use liveobj_types::{Source, Span, Step, codes};

    use super::*;

    fn place(source: &Arc<Source>, part: &str) -> Place {
        let start = source.text.find(part).expect("the part stands in the text");
        Place::new(source, Span::new(start, start + part.len()))
    }

    #[test]
    fn both_places_of_one_line_are_marked() {
        let source = Source::new("note.xml", "<a/>\n<connection x=\"left\" y=\"right\"/>\n");
        let diagnostic =
            Diagnostic::error(codes::ENDPOINT_MISMATCH, "`left` does not match `right`")
                .at(place(&source, "left"), "sends `u32`")
                .at(place(&source, "right"), "takes `u16`")
                .with_trail(vec![
                    Step::Event("send".into()),
                    Step::Field("message".into()),
                ])
                .with_help("let `right` take `u32`");
        expect![[r#"
            error[endpoint-mismatch]: `left` does not match `right`
             --> note.xml:2:16
              |
            2 | <connection x="left" y="right"/>
              |                ^^^^     ----- takes `u16`
              |                |
              |                sends `u32`
              |
              = note: this is about event `send` > field `message`
              = help: let `right` take `u32`

        "#]]
        .assert_eq(&findings(&[diagnostic], false));
    }

    #[test]
    fn places_of_two_texts_have_a_snippet_each() {
        let document = Source::new("note.xml", "<external as=\"Note\"/>\n");
        let library = Source::new("types.lot", "\nobject Note {}\n");
        let diagnostic = Diagnostic::warning(codes::NOT_A_SUBTYPE, "it is no `Note`")
            .at(place(&document, "Note"), "")
            .at(place(&library, "Note"), "declared here");
        expect![[r#"
            warning[not-a-subtype]: it is no `Note`
             --> note.xml:1:15
              |
            1 | <external as="Note"/>
              |               ^^^^
              |
             ::: types.lot:2:8
              |
            2 | object Note {}
              |        ---- declared here

        "#]]
        .assert_eq(&findings(&[diagnostic], false));
    }

    #[test]
    fn an_error_without_a_place_has_its_help_on_a_line_of_its_own() {
        expect![[r#"
            error: there is no `x`
            help: there is a `y`
        "#]]
        .assert_eq(&failure("there is no `x`", Some("there is a `y`")));
    }

    #[test]
    fn of_a_long_text_only_the_lines_are_shown_that_matter() {
        let filler = "<!-- filler -->\n".repeat(10_000);
        let source = Source::new("long.xml", format!("<a/>\n{filler}<b/>\n"));
        let diagnostic = Diagnostic::error(codes::DUPLICATE_PART, "it stands twice")
            .at(place(&source, "<b/>"), "again here")
            .at(place(&source, "<a/>"), "first here");
        expect![[r#"
            error[duplicate-part]: it stands twice
                 --> long.xml:10002:1
                  |
            10002 | <b/>
                  | ^^^^ again here
                  |
                 ::: long.xml:1:1
                  |
                1 | <a/>
                  | ---- first here

        "#]]
        .assert_eq(&findings(&[diagnostic], false));
    }

    #[test]
    fn lines_that_nobody_could_read_are_not_shown() {
        let filler = "1,".repeat(100_000);
        let source = Source::new("long.json", format!("{{}}\n[{filler}0]"));
        let end = source.text.len() - 2;
        let diagnostic = Diagnostic::error(codes::INVALID_VALUE, "it is 0")
            .at(Place::new(&source, Span::new(end, end + 1)), "expected 1");
        expect![[r#"
            error[invalid-value]: it is 0
            --> long.json:2:200002
             = note: line 2: expected 1

        "#]]
        .assert_eq(&findings(&[diagnostic], false));
    }

    #[test]
    fn spans_beyond_the_text_and_inside_characters_do_no_harm() {
        let source = Source::new("note.xml", "ä");
        let diagnostic = Diagnostic::note(codes::UNMET_AT_ROOT, "it")
            .at(Place::new(&source, Span::new(1, 99)), "");
        assert!(findings(&[diagnostic], false).contains("note.xml:1:1"));
    }
}
