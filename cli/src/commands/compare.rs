//! `liveobj compare`

use std::path::Path;

use clap::{Args, ValueEnum};
use liveobj::Runtime;
use liveobj_types::types::Object;
use liveobj_types::{Judgement, Mismatch, Relations, TypeId, Types, Verdict};
use serde::Serialize;

use super::type_name::TypeName;
use super::{Format, LibraryOptions};
use crate::failure::Failure;
use crate::report::JSON_VERSION;
use crate::{input, output};

/// Compare two types, or the types of two references: may one stand in for the other, do they match?
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  liveobj compare 'list<u8>' 'list<u32>'
  liveobj compare 'Folder<Timer>' 'Folder<Object>'
  liveobj compare 'mirror Text' 'Text' --require match
  liveobj compare examples/team-note.liveobject Object --library-path target/release")]
pub struct Compare {
    /// A type, a reference document, or an endpoint of one: `FILE#ENDPOINT`
    #[arg(value_name = "A")]
    left: String,
    /// What it is compared with
    #[arg(value_name = "B")]
    right: String,
    /// Exit with 1 unless it holds: A is a subtype of B, A and B match, or A and B are the same type
    #[arg(long, value_enum, value_name = "WHAT")]
    require: Option<Required>,
    /// Also look for type names in this library
    #[arg(long = "in", value_name = "LIBRARY")]
    scope: Vec<String>,
    #[command(flatten)]
    libraries: LibraryOptions,
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

/// The answer to one question.
struct Answer {
    relation: Required,
    /// Of the two names, which one the question is about first.
    reversed: bool,
    judgement: Judgement,
}

#[derive(Serialize)]
struct JsonReport<'a> {
    version: u32,
    kind: &'static str,
    left: &'a str,
    right: &'a str,
    same: bool,
    relations: Vec<JsonRelation>,
}

#[derive(Serialize)]
struct JsonRelation {
    relation: &'static str,
    /// Whether `right` stands on the left of the relation.
    reversed: bool,
    verdict: String,
    mismatches: Vec<JsonMismatch>,
}

#[derive(Serialize)]
struct JsonMismatch {
    trail: Vec<String>,
    message: String,
    suggestion: Option<String>,
}

impl Compare {
    pub fn run(self) -> Result<(), Failure> {
        let runtime = self.libraries.runtime()?;
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
        let answers = answers(&runtime, &mut types, ids);
        match self.format {
            Format::Human => output::print(&for_people(names, same, &answers))?,
            Format::Json => output::print_json(&JsonReport {
                version: JSON_VERSION,
                kind: ids[0].kind().as_str(),
                left: names[0],
                right: names[1],
                same,
                relations: answers.iter().map(|answer| answer.json(names)).collect(),
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
        let source = input::read(file)?;
        let checked = runtime.check(&source);
        let wrong = self.libraries.complain_of_errors(&checked.diagnostics);
        let object = checked.typed.filter(|_| !wrong).ok_or(Failure::Findings)?;
        let types = Types::clone(&checked.types);
        let (id, name) = match endpoint {
            None => (TypeId::Object(object), source.name.clone()),
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
        let holds = |relation| {
            answers
                .iter()
                .any(|it| it.relation == relation && !it.reversed && it.judgement.verdict.holds())
        };
        match self.require {
            Some(Required::Same) if !same => Err(Failure::Findings),
            Some(relation @ (Required::Subtype | Required::Match)) if !holds(relation) => {
                Err(Failure::Findings)
            }
            _ => Ok(()),
        }
    }
}

fn answers(runtime: &Runtime, types: &mut Types, [left, right]: [TypeId; 2]) -> Vec<Answer> {
    let mut relations = Relations::new(types, runtime.formalisms());
    let mut answers = vec![
        Answer {
            relation: Required::Subtype,
            reversed: false,
            judgement: relations.subtype(left, right),
        },
        Answer {
            relation: Required::Subtype,
            reversed: true,
            judgement: relations.subtype(right, left),
        },
    ];
    if let (TypeId::Endpoint(left), TypeId::Endpoint(right)) = (left, right) {
        answers.push(Answer {
            relation: Required::Match,
            reversed: false,
            judgement: relations.endpoints_match(left, right),
        });
    }
    answers
}

impl Answer {
    /// The two names in the order of the question.
    fn names<'a>(&self, [left, right]: [&'a str; 2]) -> [&'a str; 2] {
        if self.reversed {
            [right, left]
        } else {
            [left, right]
        }
    }

    fn relation(&self) -> &'static str {
        match self.relation {
            Required::Subtype => "subtype",
            Required::Match => "match",
            Required::Same => "same",
        }
    }

    fn sentence(&self, names: [&str; 2]) -> String {
        let [left, right] = self.names(names);
        match (self.relation, &self.judgement.verdict) {
            (Required::Match, Verdict::Holds) => format!("`{left}` and `{right}` match"),
            (Required::Match, Verdict::Fails(_)) => format!("`{left}` and `{right}` do not match"),
            (Required::Match, Verdict::Unknown(_)) => {
                format!("it is not known whether `{left}` and `{right}` match")
            }
            (_, Verdict::Holds) => format!("`{left}` may stand for `{right}`"),
            (_, Verdict::Fails(_)) => format!("`{left}` may not stand for `{right}`"),
            (_, Verdict::Unknown(_)) => {
                format!("it is not known whether `{left}` may stand for `{right}`")
            }
        }
    }

    fn json(&self, names: [&str; 2]) -> JsonRelation {
        let [left, right] = self.names(names);
        let mismatch = |mismatch: &Mismatch| JsonMismatch {
            trail: mismatch.trail.iter().map(ToString::to_string).collect(),
            message: mismatch.to_sentence(left, right),
            suggestion: mismatch.problem.suggestion(),
        };
        JsonRelation {
            relation: self.relation(),
            reversed: self.reversed,
            verdict: self.judgement.verdict.to_string(),
            mismatches: self.judgement.mismatches.iter().map(mismatch).collect(),
        }
    }
}

fn for_people(names: [&str; 2], same: bool, answers: &[Answer]) -> String {
    let [left, right] = names;
    if same && !answers.iter().any(|it| it.relation == Required::Match) {
        return format!("`{left}` and `{right}` are the same type\n");
    }
    let mut text = String::new();
    if same {
        text.push_str(&format!("`{left}` and `{right}` are the same type\n"));
    }
    for answer in answers {
        if same && answer.relation == Required::Subtype {
            continue;
        }
        text.push_str(&answer.sentence(names));
        text.push('\n');
        let [left, right] = answer.names(names);
        for mismatch in &answer.judgement.mismatches {
            text.push_str(&format!("  {}\n", mismatch.to_sentence(left, right)));
        }
    }
    text
}
