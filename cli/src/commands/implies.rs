//! `liveobj implies`

use std::fs;
use std::io::{self, BufRead, BufReader};
use std::sync::Arc;
use std::time::Instant;

use clap::{Args, ValueEnum};
use liveobj_formalisms::Temporal;
use liveobj_types::formalism::{
    EndpointStructure, Events, Formalism, Formalisms, Formula, Law, ParseError, Structure, Word,
};
use liveobj_types::nearest;
use liveobj_types::relation::DEFAULT_BUDGET;
use liveobj_types::verdict::{Verdict, Witness};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::facts::FactsOptions;
use super::{Format, LibraryOptions};
use crate::failure::Failure;
use crate::report::grounds::{self, json::JsonLaw};
use crate::report::{JSON_VERSION, JsonWord};
use crate::{output, report};

mod events;

/// Decide whether one constraint implies another, or whether two sessions fit each other
///
/// Both are written from the side of who provides them. For sessions, A implies B if A is a subtype of B: whoever follows A may stand where one is expected that follows B.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  liveobj implies --formalism properties causal_order fifo
  liveobj implies --formalism properties atomic at_most_once --explain
  liveobj implies --formalism session '!a; end' '+{!a; end, !b; end}'
  liveobj implies --formalism async_session --events 'in b, out a' '!a; ?b; end' '?b; !a; end'
  liveobj implies --formalism session --dual '?get; !item; end' '!get; ?item; end'
  liveobj implies --formalism temporal --events 'in send(m), out receive(m)' 'G (receive(m) -> O send(m))' '!receive(m) W send(m)'
  liveobj implies --formalism temporal --atoms independent 'G F p' 'F p'

Exit codes: 0 it holds, 1 it does not or is not known; with --batch, 0 if every line was decided or found to be undecided, 1 if one could not be read.")]
pub struct Implies {
    /// The formalism both are written in
    #[arg(long, value_name = "NAME", required_unless_present = "batch")]
    formalism: Option<String>,
    /// The events of the endpoint, as its owner has them: `in NAME` is received, `out NAME(PARAMETER, PARAMETER: TYPE)` is sent; without it, any name is an event
    #[arg(long, value_name = "EVENTS")]
    events: Option<String>,
    /// Decide whether two sides fit: B is what the peer follows
    #[arg(long)]
    dual: bool,
    /// What the atoms of `temporal` are
    #[arg(long, value_enum, default_value_t)]
    atoms: Atoms,
    /// Tell by which laws of the formalism it holds
    #[arg(long)]
    explain: bool,
    /// Steps after which the answer is `unknown`
    #[arg(long, value_name = "STEPS", default_value_t = DEFAULT_BUDGET)]
    budget: u64,
    /// Answer each line of a file, `-` for standard input, with a line: see `docs/json.md`
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["formalism", "events", "premise", "conclusion", "format"]
    )]
    batch: Option<String>,
    #[command(flatten)]
    libraries: LibraryOptions,
    #[command(flatten)]
    facts: FactsOptions,
    /// How the answer is printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// What is promised
    #[arg(value_name = "A", required_unless_present = "batch")]
    premise: Option<String>,
    /// What is asked for
    #[arg(value_name = "B", required_unless_present = "batch")]
    conclusion: Option<String>,
}

/// What holds at a position of a history.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Atoms {
    /// One event or none
    #[default]
    Events,
    /// Any set of atoms: the linear temporal logic of the literature
    Independent,
}

/// One line of a batch.
#[derive(Deserialize)]
struct Request {
    #[serde(default)]
    id: Value,
    formalism: String,
    #[serde(default)]
    events: Option<String>,
    premise: String,
    conclusion: String,
}

#[derive(Serialize)]
struct JsonAnswer<'a> {
    id: &'a Value,
    verdict: String,
    witness: Option<JsonWitness<'a>>,
    reason: Option<String>,
    library: Option<String>,
    words: Vec<JsonWord<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    laws: Option<Vec<JsonLaw<'a>>>,
    micros: u128,
}

#[derive(Serialize)]
struct JsonReport<'a> {
    version: u32,
    formalism: &'a str,
    premise: &'a str,
    conclusion: &'a str,
    verdict: String,
    witness: Option<JsonWitness<'a>>,
    reason: Option<String>,
    library: Option<&'a str>,
    words: Vec<JsonWord<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    laws: Option<Vec<JsonLaw<'a>>>,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum JsonWitness<'a> {
    Assignment(&'a [(String, String)]),
    Trace {
        prefix: &'a [String],
        cycle: &'a [String],
    },
    History {
        elements: &'a [String],
        prefix: &'a [String],
        cycle: &'a [String],
    },
}

/// What is asked.
struct Question<'a> {
    formalism: &'a str,
    events: Option<&'a str>,
    premise: &'a str,
    conclusion: &'a str,
}

/// What was found.
struct Answer {
    verdict: Verdict,
    /// What a refutation shows, or why nothing was decided.
    reason: Option<String>,
    /// The library whose word it is, unless the formalism is built in.
    library: Option<String>,
    /// Axioms of users that it rests on.
    words: Vec<Word>,
    /// The laws by which it holds, if that is wanted.
    laws: Option<Vec<Law>>,
}

impl Answer {
    fn json_laws(&self) -> Option<Vec<JsonLaw<'_>>> {
        let laws = self.laws.as_ref()?;
        Some(laws.iter().map(JsonLaw::new).collect())
    }
}

impl Implies {
    pub fn run(self) -> Result<(), Failure> {
        let facts = self.facts.open()?;
        let runtime = super::build(facts.with(self.libraries.builder()))?;
        let mut formalisms = runtime.formalisms().clone();
        if self.atoms == Atoms::Independent {
            formalisms.add(Arc::new(Temporal::independent()));
        }
        let formalisms = &formalisms;
        if let Some(file) = &self.batch {
            return self.answer_lines(file, formalisms);
        }
        let text = |text: &Option<String>| text.clone().expect("clap has asked for it");
        let (formalism, premise) = (text(&self.formalism), text(&self.premise));
        let conclusion = text(&self.conclusion);
        let question = Question {
            formalism: &formalism,
            events: self.events.as_deref(),
            premise: &premise,
            conclusion: &conclusion,
        };
        let answer = self.answer(&question, formalisms)?;
        match self.format {
            Format::Human => output::print(&self.for_people(&answer))?,
            Format::Json => output::print_json(&JsonReport {
                version: JSON_VERSION,
                formalism: &formalism,
                premise: &premise,
                conclusion: &conclusion,
                verdict: answer.verdict.to_string(),
                witness: witness(&answer.verdict),
                reason: answer.reason.clone(),
                library: answer.library.as_deref(),
                words: answer.words.iter().map(JsonWord::new).collect(),
                laws: answer.json_laws(),
            })?,
        }
        match answer.verdict {
            Verdict::Holds => Ok(()),
            _ => Err(Failure::Findings),
        }
    }

    /// Answers each line as soon as it has been read.
    fn answer_lines(&self, file: &str, formalisms: &Formalisms) -> Result<(), Failure> {
        let reader: Box<dyn BufRead> = match file {
            "-" => Box::new(io::stdin().lock()),
            file => {
                let opened = fs::File::open(file);
                let opened = opened.map_err(|error| {
                    Failure::user(format_args!("cannot read `{file}`: {error}"))
                })?;
                Box::new(BufReader::new(opened))
            }
        };
        let mut all_read = true;
        for (number, line) in reader.lines().enumerate() {
            let line =
                line.map_err(|error| Failure::user(format_args!("cannot read `{file}`: {error}")))?;
            if line.trim().is_empty() {
                continue;
            }
            let start = Instant::now();
            let request = serde_json::from_str::<Request>(&line);
            let (id, outcome) = match &request {
                Ok(request) => {
                    let question = Question {
                        formalism: &request.formalism,
                        events: request.events.as_deref(),
                        premise: &request.premise,
                        conclusion: &request.conclusion,
                    };
                    (&request.id, self.answer(&question, formalisms))
                }
                Err(error) => {
                    let message = format!("line {} is no request: {error}", number + 1);
                    (&Value::Null, Err(Failure::user(message)))
                }
            };
            let (verdict, witness, reason, library) = match &outcome {
                Ok(answer) => (
                    answer.verdict.to_string(),
                    witness(&answer.verdict),
                    answer.reason.clone(),
                    answer.library.clone(),
                ),
                Err(Failure::User { message, help }) => {
                    all_read = false;
                    let help = help.iter().map(|help| format!("; {help}"));
                    let reason = message.clone() + &help.collect::<String>();
                    ("error".to_owned(), None, Some(reason), None)
                }
                Err(_) => unreachable!("a question that cannot be read is the user's to mend"),
            };
            let answer = JsonAnswer {
                id,
                verdict,
                witness,
                reason,
                library,
                words: match &outcome {
                    Ok(answer) => answer.words.iter().map(JsonWord::new).collect(),
                    Err(_) => Vec::new(),
                },
                laws: outcome.as_ref().ok().and_then(Answer::json_laws),
                micros: start.elapsed().as_micros(),
            };
            let line = serde_json::to_string(&answer)
                .expect("because our reports have string keys and no failing parts");
            output::print_line(&line)?;
        }
        match all_read {
            true => Ok(()),
            false => Err(Failure::Findings),
        }
    }

    fn answer(&self, question: &Question<'_>, formalisms: &Formalisms) -> Result<Answer, Failure> {
        let formalism = find(formalisms, question.formalism)?;
        let owner = match question.events {
            None => None,
            Some(events) => Some(events::endpoint(events)?),
        };
        let allowed = match &owner {
            None => Events::All,
            Some(endpoint) => Events::Endpoint(endpoint.emitted.keys().cloned().collect()),
        };
        let peer = owner.clone().map(EndpointStructure::turned);
        let structure = |endpoint: Option<EndpointStructure>| match endpoint {
            None => Structure::Undeclared,
            Some(endpoint) => Structure::Endpoint(endpoint),
        };
        let premise = parse(&**formalism, question.premise, &structure(owner.clone()))?;
        let conclusion = match self.dual {
            false => parse(&**formalism, question.conclusion, &structure(owner))?,
            true => {
                let formula = parse(&**formalism, question.conclusion, &structure(peer))?;
                formalism.dual(&formula).ok_or_else(|| {
                    let name = question.formalism;
                    Failure::user(format_args!("formalism `{name}` has no duals"))
                        .with_help("`--dual` is for `session` and `async_session`")
                })?
            }
        };
        let premises = [&premise];
        let verdict =
            formalisms.implies(&**formalism, &premises, &allowed, &conclusion, self.budget);
        let reason = match &verdict {
            Verdict::Holds => None,
            Verdict::Fails(witness) => formalism.explain(&[&premise], &conclusion, witness),
            Verdict::Unknown(reason) => Some(reason.to_string()),
        };
        Ok(Answer {
            words: match verdict {
                Verdict::Holds => formalism.rests_on(&[&premise], &conclusion),
                _ => Vec::new(),
            },
            laws: self.explain.then(|| match verdict {
                Verdict::Holds => formalism.laws(&premises, &conclusion),
                _ => Vec::new(),
            }),
            verdict,
            reason,
            library: formalism.library().map(str::to_owned),
        })
    }

    fn for_people(&self, answer: &Answer) -> String {
        let sentence = match (&answer.verdict, self.dual) {
            (Verdict::Holds, false) => "holds: A implies B",
            (Verdict::Fails(_), false) => "fails: A does not imply B",
            (Verdict::Unknown(_), false) => "unknown: it was not decided whether A implies B",
            (Verdict::Holds, true) => "holds: A and B fit each other",
            (Verdict::Fails(_), true) => "fails: A and B do not fit each other",
            (Verdict::Unknown(_), true) => {
                "unknown: it was not decided whether A and B fit each other"
            }
        };
        let mut text = format!("{sentence}\n");
        if let Verdict::Fails(witness) = &answer.verdict {
            text += &shown(witness);
        }
        if let Some(reason) = &answer.reason {
            text += &format!("  {reason}\n");
        }
        if let (Verdict::Holds, Some(library)) = (&answer.verdict, &answer.library) {
            text += &format!("  {}\n", whose_word(library));
        }
        text += &grounds::laws(answer.laws.as_deref().unwrap_or_default());
        text += &report::words(&answer.words);
        text
    }
}

/// Says that nobody has confirmed it.
fn whose_word(library: &str) -> String {
    format!("on the word of library `{library}`, which adds the formalism")
}

fn find<'f>(formalisms: &'f Formalisms, name: &str) -> Result<&'f Arc<dyn Formalism>, Failure> {
    formalisms.get(name).ok_or_else(|| {
        let failure = Failure::user(format_args!("there is no formalism `{name}`"));
        match nearest(name, formalisms.names()) {
            Some(similar) => failure.with_help(format!("did you mean `{similar}`?")),
            None => {
                let names: Vec<&str> = formalisms.names().collect();
                failure.with_help(format!(
                    "there are {}; a library that adds others must be trusted: `liveobj library \
                     add FILE` or `--library-path DIR`",
                    names.join(", ")
                ))
            }
        }
    })
}

fn parse(formalism: &dyn Formalism, text: &str, structure: &Structure) -> Result<Formula, Failure> {
    formalism.parse(text, structure).map_err(|error| {
        let ParseError {
            span,
            message,
            help,
        } = error;
        let column = text[..span.start].chars().count() + 1;
        let failure = Failure::user(format_args!(
            "in `{text}`, at character {column}: {message}"
        ));
        match help {
            Some(help) => failure.with_help(help),
            None => failure,
        }
    })
}

fn witness(verdict: &Verdict) -> Option<JsonWitness<'_>> {
    match verdict {
        Verdict::Fails(Witness::Assignment(pairs)) => Some(JsonWitness::Assignment(pairs)),
        Verdict::Fails(Witness::Trace { prefix, cycle }) => {
            Some(JsonWitness::Trace { prefix, cycle })
        }
        Verdict::Fails(Witness::History {
            elements,
            prefix,
            cycle,
        }) => Some(JsonWitness::History {
            elements,
            prefix,
            cycle,
        }),
        _ => None,
    }
}

/// A witness on lines of its own.
fn shown(witness: &Witness) -> String {
    match witness {
        Witness::Assignment(pairs) => pairs
            .iter()
            .map(|(name, value)| format!("  {name} = {value}\n"))
            .collect(),
        Witness::History {
            elements,
            prefix,
            cycle,
        } => {
            let mut text = String::new();
            let lines = |text: &mut String, lines: &[String]| {
                for line in lines {
                    *text += &format!("    {line}\n");
                }
            };
            if !elements.is_empty() {
                text += "  there are\n";
                lines(&mut text, elements);
            }
            if !prefix.is_empty() {
                text += "  in order, a position each\n";
                lines(&mut text, prefix);
            }
            text += "  then for ever\n";
            lines(&mut text, cycle);
            text
        }
        witness => match witness.events() {
            Some(events) => format!("  {events}\n"),
            None => String::new(),
        },
    }
}
