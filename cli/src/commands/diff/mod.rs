//! `liveobj diff`

mod version;

use clap::Args;
use liveobj_types::evolution::{Change, Comparison, Entry, Evolution, Impact, Positions, Sort};
use liveobj_types::{Judgement, Mismatch};
use semver::Version;
use serde::Serialize;

use self::version::Needed;
use super::facts::FactsOptions;
use super::named_library::NamedLibrary;
use super::{Format, LibraryOptions};
use crate::failure::Failure;
use crate::report::{JSON_VERSION, JsonMismatch, JsonWord};
use crate::{output, report};

/// Compare two versions of a library: what breaks for its users, and the version that follows
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  liveobj diff target/release/libliveobj_channels.so target/release/libliveobj_channels.so
  liveobj diff liveobj:standard liveobj:standard
  liveobj diff examples/stamper/types.lot examples/stamper/types.lot --format json

The exit code is 1 if the declared version is too low; where no versions are declared, if
something breaks. docs/evolution.md has the rules.")]
pub struct Diff {
    /// The file of a library or of its types (.lot), or the name of a library
    #[arg(value_name = "OLD")]
    old: String,
    /// The same in the new version
    #[arg(value_name = "NEW")]
    new: String,
    #[command(flatten)]
    libraries: LibraryOptions,
    #[command(flatten)]
    facts: FactsOptions,
    /// How it is printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What the mismatches call the two versions.
const NAMES: [&str; 2] = ["new", "old"];

/// The versions that are declared, and what follows.
struct Versions {
    old: Version,
    new: Version,
    needed: Needed,
    enough: bool,
}

#[derive(Serialize)]
struct JsonReport<'a> {
    version: u32,
    old: JsonLibrary<'a>,
    new: JsonLibrary<'a>,
    impact: &'static str,
    needed: Option<String>,
    enough: Option<bool>,
    declarations: Vec<JsonDeclaration<'a>>,
    words: Vec<JsonWord<'a>>,
}

#[derive(Serialize)]
struct JsonLibrary<'a> {
    name: &'a str,
    version: Option<&'a str>,
}

#[derive(Serialize)]
struct JsonDeclaration<'a> {
    name: &'a str,
    kind: &'static str,
    change: &'static str,
    impact: &'static str,
    renamed: Option<&'a str>,
    directions: Vec<&'static str>,
    mismatches: Vec<JsonMismatch>,
    remaining: Vec<JsonMismatch>,
    user: Option<&'a str>,
    notes: &'a [String],
}

impl Diff {
    pub fn run(self) -> Result<(), Failure> {
        let facts = self.facts.open()?;
        let runtime = facts.with(self.libraries.builder());
        let runtime = crate::commands::build(runtime)?;
        let old = NamedLibrary::read(&runtime, &self.old)?;
        let new = NamedLibrary::read(&runtime, &self.new)?;
        let Evolution { entries, words } = old.compare(&new, &runtime)?;
        let impact = entries.iter().map(Entry::impact).max();
        let impact = impact.unwrap_or(Impact::None);
        let versions = Versions::read(&old, &new, impact)?;
        match self.format {
            Format::Human => {
                let mut text = format!("{} → {}\n", label(&old), label(&new));
                text.push_str(&for_people(&entries));
                text.push_str(&verdict(versions.as_ref(), impact));
                text.push_str(&report::words(&words));
                output::print(&text)?;
            }
            Format::Json => output::print_json(&JsonReport {
                version: JSON_VERSION,
                old: JsonLibrary::new(&old),
                new: JsonLibrary::new(&new),
                impact: word(impact),
                needed: versions.as_ref().map(Versions::describe),
                enough: versions.as_ref().map(|versions| versions.enough),
                declarations: entries.iter().map(JsonDeclaration::new).collect(),
                words: words.iter().map(JsonWord::new).collect(),
            })?,
        }
        let enough = match versions {
            Some(versions) => versions.enough,
            None => impact <= Impact::Compatible,
        };
        if enough {
            Ok(())
        } else {
            Err(Failure::Findings)
        }
    }
}

impl Versions {
    /// None where one of the two declares no version.
    fn read(
        old: &NamedLibrary,
        new: &NamedLibrary,
        impact: Impact,
    ) -> Result<Option<Versions>, Failure> {
        let read = |library: &NamedLibrary| match &library.version {
            None => Ok(None),
            Some(text) => Version::parse(text).map(Some).map_err(|error| {
                let name = &library.name;
                Failure::user(format_args!(
                    "the version `{text}` of `{name}` cannot be read: {error}"
                ))
                .with_help("a version has three numbers, such as `1.0.0`: see https://semver.org")
            }),
        };
        Ok(match (read(old)?, read(new)?) {
            (Some(old), Some(new)) => {
                let needed = version::needed(&old, impact);
                let enough = needed.is_met(&old, &new);
                Some(Versions {
                    old,
                    new,
                    needed,
                    enough,
                })
            }
            _ => None,
        })
    }

    fn describe(&self) -> String {
        self.needed.describe(&self.old)
    }
}

impl<'a> JsonLibrary<'a> {
    fn new(library: &'a NamedLibrary) -> JsonLibrary<'a> {
        JsonLibrary {
            name: &library.name,
            version: library.version.as_deref(),
        }
    }
}

impl<'a> JsonDeclaration<'a> {
    fn new(entry: &'a Entry) -> JsonDeclaration<'a> {
        let comparison = match &entry.change {
            Change::Changed(comparison) => Some(comparison),
            _ => None,
        };
        let all = |judgements: Vec<&Judgement>| -> Vec<JsonMismatch> {
            let mismatches = judgements.into_iter().flat_map(|it| &it.mismatches);
            mismatches.map(|it| JsonMismatch::new(it, NAMES)).collect()
        };
        JsonDeclaration {
            name: &entry.name,
            kind: entry.sort.as_str(),
            change: match entry.change {
                Change::Same => "same",
                Change::Added => "added",
                Change::Removed { .. } => "removed",
                Change::Changed(_) => "changed",
            },
            impact: word(entry.impact()),
            renamed: match &entry.change {
                Change::Removed { renamed } => renamed.as_deref(),
                _ => None,
            },
            directions: comparison.map_or(Vec::new(), |it| directions(it, entry.sort)),
            mismatches: all(comparison.map_or(Vec::new(), |it| it.relevant().collect())),
            remaining: all(comparison
                .and_then(|it| it.remaining())
                .into_iter()
                .collect()),
            user: comparison.and_then(|it| it.user.as_deref()),
            notes: comparison.map_or(&[], |it| &it.notes),
        }
    }
}

fn directions(comparison: &Comparison, sort: Sort) -> Vec<&'static str> {
    let Positions { received, supplied } = comparison.positions;
    let known = [(received, "received"), (supplied, "supplied")];
    let known = known.into_iter().filter(|_| sort != Sort::Template);
    known.filter_map(|(is, word)| is.then_some(word)).collect()
}

fn word(impact: Impact) -> &'static str {
    match impact {
        Impact::None => "none",
        Impact::Compatible => "compatible",
        Impact::NotShown => "not-shown",
        Impact::Breaking => "breaking",
    }
}

fn label(library: &NamedLibrary) -> String {
    match &library.version {
        Some(version) => format!("`{}` {version}", library.name),
        None => format!("`{}`", library.name),
    }
}

fn for_people(entries: &[Entry]) -> String {
    let groups = [
        (Impact::Breaking, "breaking"),
        (
            Impact::NotShown,
            "not shown to be compatible, which counts as breaking",
        ),
        (Impact::Compatible, "compatible"),
    ];
    let mut text = String::new();
    for (impact, title) in groups {
        let mut of_group = entries.iter().filter(|it| it.impact() == impact).peekable();
        if of_group.peek().is_some() {
            text.push_str(&format!("\n{title}:\n"));
        }
        of_group.for_each(|entry| text.push_str(&told(entry)));
    }
    let same = entries
        .iter()
        .filter(|it| it.impact() == Impact::None)
        .count();
    let empty = text.is_empty();
    match (same, entries.len()) {
        (_, 0) => text.push_str("\nneither declares anything\n"),
        (same, all) if same == all => text.push_str(&format!("\nall {all} are the same\n")),
        (0, _) if !empty => {}
        (same, _) => text.push_str(&format!("\nthe same: {same}\n")),
    }
    text
}

/// One declaration that is not the same: what is the matter with it, below it what is worth
/// knowing.
fn told(entry: &Entry) -> String {
    let head = format!("  {} `{}`", entry.sort.as_str(), entry.name);
    let comparison = match &entry.change {
        Change::Same => return format!("{head} is the same\n"),
        Change::Added => return format!("{head} is new\n"),
        Change::Removed { renamed: None } => return format!("{head} is gone\n"),
        Change::Removed {
            renamed: Some(other),
        } => return format!("{head} is gone; is it `{other}` now?\n"),
        Change::Changed(comparison) => comparison,
    };
    let mut mismatches: Vec<&Mismatch> = comparison
        .relevant()
        .flat_map(|it| &it.mismatches)
        .collect();
    // What refutes comes before what merely is not shown.
    mismatches.sort_by_key(|mismatch| !mismatch.problem.verdict().fails());
    let mut text = match (&mismatches[..], comparison.positions) {
        ([first, more @ ..], _) => {
            let first = first.to_sentence(NAMES[0], NAMES[1]);
            match more.len() {
                0 => format!("{head}: {first}\n"),
                more => format!("{head}: {first}; and {more} more\n"),
            }
        }
        ([], _) if entry.sort == Sort::Template => {
            format!("{head} takes what it took, and makes what may stand for what it made\n")
        }
        (
            [],
            Positions {
                supplied: false, ..
            },
        ) => format!("{head} may stand for the old one\n"),
        (
            [],
            Positions {
                received: false, ..
            },
        ) => format!("{head} takes all that the old one took\n"),
        ([], _) => format!("{head} may stand for the old one, and the old one for it\n"),
    };
    if mismatches.is_empty()
        && let Some(first) = comparison.remaining().and_then(|it| it.mismatches.first())
    {
        let who = match comparison.positions.supplied {
            false => "libraries that make such things have to follow",
            true => "libraries that take such things have to follow",
        };
        let why = first.to_sentence(NAMES[0], NAMES[1]);
        text.push_str(&format!("    {who}: {why}\n"));
    }
    for note in comparison.user.iter().chain(&comparison.notes) {
        text.push_str(&format!("    {note}\n"));
    }
    text
}

/// The last line.
fn verdict(versions: Option<&Versions>, impact: Impact) -> String {
    match versions {
        Some(versions) => {
            let (needed, new) = (versions.describe(), &versions.new);
            let enough = if versions.enough { "enough" } else { "too low" };
            format!("\nthe version has to be {needed}; {new} is declared, which is {enough}\n")
        }
        None => match impact {
            Impact::None => "\nthe version may stay\n",
            Impact::Compatible => {
                "\na minor version follows, before 1.0 a patch version; none is declared\n"
            }
            _ => "\na major version follows, before 1.0 a minor version; none is declared\n",
        }
        .to_owned(),
    }
}
