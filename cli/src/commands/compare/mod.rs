//! `liveobj compare`

mod libraries;

use std::path::Path;

use clap::{Args, ValueEnum};
use liveobj::Runtime;
use liveobj_types::relation::Grounds;
use liveobj_types::types::Object;
use liveobj_types::{Judgement, Relations, TypeId, Types, Verdict};
use serde::Serialize;

use super::facts::FactsOptions;
use super::named_library::is_library;
use super::type_name::TypeName;
use super::{Format, LibraryOptions};
use crate::failure::Failure;
use crate::report::grounds::{Names, json::JsonGrounds, of_question};
use crate::report::{JSON_VERSION, JsonMismatch, JsonWord};
use crate::{input, output, report};

/// Compare two types, references or libraries: may one stand in for the other, do they match?
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  liveobj compare 'list<u8>' 'list<u32>'
  liveobj compare 'Folder<Timer>' 'Folder<Object>'
  liveobj compare 'mirror Text' 'Text' --require match
  liveobj compare examples/team-note.liveobject Object --library-path target/release
  liveobj compare liveobj:standard liveobj:channels --library-path target/release")]
pub struct Compare {
    /// A type, a reference document, an endpoint of one (`FILE#ENDPOINT`), or a library: its file,
    /// the file of its types (.lot), or its name
    #[arg(value_name = "A")]
    left: String,
    /// What it is compared with
    #[arg(value_name = "B")]
    right: String,
    /// Exit with 1 unless it holds: A is a subtype of B, A and B match, or A and B are the same type
    #[arg(long, value_enum, value_name = "WHAT")]
    require: Option<Required>,
    /// Tell why constraints are met, of what is compared
    #[arg(long)]
    explain: bool,
    /// Also look for type names in this library
    #[arg(long = "in", value_name = "LIBRARY")]
    scope: Vec<String>,
    #[command(flatten)]
    libraries: LibraryOptions,
    #[command(flatten)]
    facts: FactsOptions,
    /// How it is printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Required {
    /// A may stand wherever B is asked for
    Subtype,
    /// Endpoints of the types A and B can be connected
    Match,
    /// A and B are the same type
    Same,
}

/// One side of the comparison.
struct Operand {
    types: Types,
    id: TypeId,
    /// What people call it.
    name: String,
}

/// What is asked of two types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Question {
    /// May the left one stand for the right one?
    Subtype,
    /// May the right one stand for the left one?
    Supertype,
    /// Do they match?
    Match,
}

/// The answer to one question.
struct Answer {
    question: Question,
    judgement: Judgement,
    /// Who would notice if the one stood for the other, where it may not.
    user: Option<String>,
    /// Why constraints are met, if that is wanted.
    grounds: Option<Grounds>,
}

#[derive(Serialize)]
struct JsonReport<'a> {
    version: u32,
    kind: &'static str,
    left: &'a str,
    right: &'a str,
    same: bool,
    relations: Vec<JsonRelation<'a>>,
    words: Vec<JsonWord<'a>>,
}

#[derive(Serialize)]
struct JsonRelation<'a> {
    relation: &'static str,
    /// Whether `right` stands on the left of the relation.
    reversed: bool,
    verdict: String,
    mismatches: Vec<JsonMismatch>,
    user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<JsonGrounds<'a>>,
}

impl Compare {
    pub fn run(self) -> Result<(), Failure> {
        let facts = self.facts.open()?;
        let runtime = facts.with(self.libraries.builder());
        let runtime = crate::commands::build(runtime)?;
        match [&self.left, &self.right].map(|text| is_library(text)) {
            [true, true] if self.explain => {
                return Err(
                    Failure::user("`--explain` is for two types, not for libraries")
                        .with_help("name two of their types: `--in LIBRARY` finds them"),
                );
            }
            [true, true] => return self.libraries(&runtime),
            [false, false] => {}
            [left, _] => {
                let (library, other) = match left {
                    true => (&self.left, &self.right),
                    false => (&self.right, &self.left),
                };
                return Err(Failure::user(format_args!(
                    "`{library}` is a library, and `{other}` is none"
                ))
                .with_help("compare two libraries, or two types: `--in LIBRARY` finds its types"));
            }
        }
        let left = self.operand(&runtime, &self.left)?;
        let right = self.operand(&runtime, &self.right)?;
        let mut types = left.types;
        let names = [left.name.as_str(), right.name.as_str()];
        let ids = [left.id, types.import(&right.types, right.id)];
        if ids[0].kind() != ids[1].kind() {
            let [left, right] = [0, 1].map(|side| {
                format!(
                    "`{}` is a type of kind {}",
                    names[side],
                    ids[side].kind().as_str()
                )
            });
            return Err(Failure::user(format_args!("{left}, and {right}"))
                .with_help("compare two types of one kind; `REF#ENDPOINT` is an endpoint's type"));
        }
        let same = types.identity(ids[0]) == types.identity(ids[1]);
        let answers = answers(&runtime, &mut types, ids, self.explain);
        match self.format {
            Format::Human => {
                let mut text = for_people(names, same, &answers);
                text.push_str(&report::words(types.words()));
                output::print(&text)?;
            }
            Format::Json => output::print_json(&JsonReport {
                version: JSON_VERSION,
                kind: ids[0].kind().as_str(),
                left: names[0],
                right: names[1],
                same,
                relations: answers.iter().map(|answer| answer.json(names)).collect(),
                words: types.words().map(JsonWord::new).collect(),
            })?,
        }
        self.judge(same, &answers)
    }

    fn operand(&self, runtime: &Runtime, text: &str) -> Result<Operand, Failure> {
        if text == "-" || Path::new(text).is_file() {
            return self.reference(runtime, text, None);
        }
        if let Some((file, endpoint)) = text.rsplit_once('#')
            && (file == "-" || Path::new(file).is_file())
        {
            return self.reference(runtime, file, Some(endpoint));
        }
        let name = TypeName::read(runtime, text, &self.scope)?;
        let (types, id) = name.resolve()?;
        Ok(Operand {
            types,
            id,
            name: name.text(),
        })
    }

    /// The type of a reference, or of one of its endpoints.
    fn reference(
        &self,
        runtime: &Runtime,
        file: &str,
        endpoint: Option<&str>,
    ) -> Result<Operand, Failure> {
        let input = input::reference(file)?;
        let checked = input.check(runtime);
        let wrong = self.libraries.complain_of_errors(&checked.diagnostics);
        let object = checked.typed.filter(|_| !wrong).ok_or(Failure::Findings)?;
        let types = Types::clone(&checked.types);
        let (id, name) = match endpoint {
            None => (TypeId::Object(object), input.source.name.clone()),
            Some(endpoint) => {
                let found = match types.object(object) {
                    Object::Endpoints(body) => body.endpoints.get(endpoint),
                    Object::Top | Object::Parameter(_) => None,
                };
                let found = found.ok_or_else(|| {
                    Failure::user(format_args!("`{file}` shows no endpoint `{endpoint}`"))
                        .with_help(format!("`liveobj describe {file}` prints its endpoints"))
                })?;
                (TypeId::Endpoint(found.ty), format!("{file}#{endpoint}"))
            }
        };
        Ok(Operand { types, id, name })
    }

    fn judge(&self, same: bool, answers: &[Answer]) -> Result<(), Failure> {
        let holds = |question| {
            let mut answers = answers.iter().filter(|it| it.question == question);
            answers.any(|it| it.judgement.verdict.holds())
        };
        let met = match self.require {
            None => true,
            Some(Required::Same) => same,
            Some(Required::Subtype) => holds(Question::Subtype),
            Some(Required::Match) => holds(Question::Match),
        };
        if met { Ok(()) } else { Err(Failure::Findings) }
    }
}

fn answers(
    runtime: &Runtime,
    types: &mut Types,
    [left, right]: [TypeId; 2],
    explain: bool,
) -> Vec<Answer> {
    let mut relations = Relations::new(types, runtime.formalisms());
    let mut subtype = |question, left, right| Answer {
        question,
        judgement: relations.subtype(left, right),
        user: relations.user_in_words(left, right),
        grounds: explain.then(|| relations.subtype_grounds(left, right)),
    };
    let mut answers = vec![
        subtype(Question::Subtype, left, right),
        subtype(Question::Supertype, right, left),
    ];
    if let (TypeId::Endpoint(left), TypeId::Endpoint(right)) = (left, right) {
        answers.push(Answer {
            question: Question::Match,
            judgement: relations.endpoints_match(left, right),
            user: None,
            grounds: explain.then(|| relations.match_grounds(left, right)),
        });
    }
    answers
}

impl Answer {
    /// The two names in the order of the question.
    fn names<'a>(&self, [left, right]: [&'a str; 2]) -> [&'a str; 2] {
        match self.question {
            Question::Supertype => [right, left],
            Question::Subtype | Question::Match => [left, right],
        }
    }

    fn sentence(&self, names: [&str; 2]) -> String {
        let [left, right] = self.names(names);
        match (self.question, &self.judgement.verdict) {
            (Question::Match, Verdict::Holds) => format!("`{left}` and `{right}` match"),
            (Question::Match, Verdict::Fails(_)) => format!("`{left}` and `{right}` do not match"),
            (Question::Match, Verdict::Unknown(_)) => {
                format!("it is not known whether `{left}` and `{right}` match")
            }
            (_, verdict) => may_stand(verdict, left, right),
        }
    }

    fn json(&self, names: [&str; 2]) -> JsonRelation<'_> {
        let names = self.names(names);
        let sides = Names::of_sides(names);
        let mismatches = self.judgement.mismatches.iter();
        JsonRelation {
            relation: match self.question {
                Question::Subtype | Question::Supertype => "subtype",
                Question::Match => "match",
            },
            reversed: self.question == Question::Supertype,
            verdict: self.judgement.verdict.to_string(),
            mismatches: mismatches.map(|it| JsonMismatch::new(it, names)).collect(),
            user: self.user.clone(),
            explanation: self
                .grounds
                .as_ref()
                .map(|grounds| JsonGrounds::new(grounds, &sides)),
        }
    }
}

/// The verdict of a subtype question as a sentence.
fn may_stand(verdict: &Verdict, left: &str, right: &str) -> String {
    match verdict {
        Verdict::Holds => format!("`{left}` may stand for `{right}`"),
        Verdict::Fails(_) => format!("`{left}` may not stand for `{right}`"),
        Verdict::Unknown(_) => {
            format!("it is not known whether `{left}` may stand for `{right}`")
        }
    }
}

fn for_people(names: [&str; 2], same: bool, answers: &[Answer]) -> String {
    let [left, right] = names;
    if same && !answers.iter().any(|it| it.question == Question::Match) {
        return format!("`{left}` and `{right}` are the same type\n");
    }
    let mut text = String::new();
    if same {
        text.push_str(&format!("`{left}` and `{right}` are the same type\n"));
    }
    for answer in answers {
        if same && answer.question != Question::Match {
            continue;
        }
        text.push_str(&answer.sentence(names));
        text.push('\n');
        let [left, right] = answer.names(names);
        for mismatch in &answer.judgement.mismatches {
            text.push_str(&format!("  {}\n", mismatch.to_sentence(left, right)));
        }
        if let Some(user) = &answer.user {
            text.push_str(&format!("  {user}\n"));
        }
        if let Some(grounds) = &answer.grounds {
            text.push_str(&of_question(grounds, &Names::of_sides([left, right])));
        }
    }
    text
}
