//! The commands, one file each.

mod check;
mod compare;
mod completions;
mod convert;
mod describe;
mod diff;
mod explain;
mod facts;
mod fmt;
mod graph;
mod hash;
mod implies;
mod import;
mod library;
mod members;
mod monitor;
mod named_library;
mod open;
mod registry;
mod replay;
mod sim;
mod stat;
mod tap;
mod trace_file;
mod type_name;
mod waiting;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use liveobj::loading::LibraryCatalog;
use liveobj::{BuildError, Runtime, RuntimeBuilder};
use liveobj_references::{Catalog, Limits};
use liveobj_types::{Diagnostic, Severity, codes};

use crate::failure::Failure;
use crate::log::{self, Filter};
use crate::{duration, output, report};

/// Runs and checks live objects: distributed protocols as components.
#[derive(Debug, Parser)]
#[command(name = "liveobj", version, arg_required_else_help = true, after_help = EXIT_CODES)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// Log on standard error what goes on: `error`, `warn`, `info`, `debug` or `trace`, also for some
    /// parts only, such as `liveobj::loading=debug`. LIVEOBJ_LOG says the same
    #[arg(long, global = true, value_name = "LEVEL", value_parser = log::filter)]
    log: Option<Filter>,
}

const EXIT_CODES: &str = "\
Exit codes: 0 fine, 1 findings or an error that you can mend, 2 usage, 255 a fault of liveobj.";

#[derive(Debug, Subcommand)]
enum Command {
    Open(open::Open),
    Stat(stat::Stat),
    Tap(tap::Tap),
    Members(members::Members),
    Sim(Box<sim::Sim>),
    Replay(replay::Replay),
    Monitor(monitor::Monitor),
    Check(check::Check),
    Compare(compare::Compare),
    Implies(implies::Implies),
    Describe(describe::Describe),
    Diff(diff::Diff),
    Explain(explain::Explain),
    Graph(graph::Graph),
    Convert(convert::Convert),
    Fmt(fmt::Fmt),
    Hash(hash::Hash),
    Import(import::Import),
    Facts(facts::FactsCommand),
    Registry(registry::Registry),
    Library(library::Library),
    Completions(completions::Completions),
}

/// Runs a command.
pub fn run(arguments: Arguments) -> Result<(), Failure> {
    log::start(arguments.log)?;
    match arguments.command {
        Command::Open(command) => command.run(),
        Command::Stat(command) => command.run(),
        Command::Tap(command) => command.run(),
        Command::Members(command) => command.run(),
        Command::Sim(command) => command.run(),
        Command::Replay(command) => command.run(),
        Command::Monitor(command) => command.run(),
        Command::Check(command) => command.run(),
        Command::Compare(command) => command.run(),
        Command::Implies(command) => command.run(),
        Command::Describe(command) => command.run(),
        Command::Diff(command) => command.run(),
        Command::Explain(command) => command.run(),
        Command::Graph(command) => command.run(),
        Command::Convert(command) => command.run(),
        Command::Fmt(command) => command.run(),
        Command::Hash(command) => command.run(),
        Command::Import(command) => command.run(),
        Command::Facts(command) => command.run(),
        Command::Registry(command) => command.run(),
        Command::Library(command) => command.run(),
        Command::Completions(command) => command.run(),
    }
}

/// How long what closes may take.
#[derive(Debug, Args)]
struct LeaveOptions {
    /// How long parts may take to leave in order when it closes, such as a group that has to go on
    /// without them; 0s gives them no time
    #[arg(long, value_name = "DURATION", value_parser = duration::parse, default_value = "5s")]
    leave_within: Duration,
}

/// Where libraries are found.
#[derive(Debug, Args)]
struct LibraryOptions {
    /// Trust the libraries in this directory, besides those added with `liveobj library add`
    #[arg(long = "library-path", value_name = "DIR")]
    library_paths: Vec<PathBuf>,
    /// Ask no formalism that a library adds: constraints in it are `unknown`
    #[arg(long)]
    no_plug_ins: bool,
    /// Also know the properties of the ontology in this file: see docs/ontologies.md
    #[arg(long = "ontology", value_name = "FILE")]
    ontologies: Vec<PathBuf>,
}

impl LibraryOptions {
    fn builder(&self) -> RuntimeBuilder {
        let (name, types) = (liveobj_original::LIBRARY_NAME, liveobj_original::library);
        let builder = Runtime::builder()
            .user_directories()
            .library_without_code(name, types)
            .plug_ins(!self.no_plug_ins);
        let paths = self.library_paths.iter();
        let builder = paths.fold(builder, RuntimeBuilder::library_path);
        let files = self.ontologies.iter();
        files.fold(builder, RuntimeBuilder::ontology)
    }

    fn runtime(&self) -> Result<Runtime, Failure> {
        build(self.builder())
    }

    /// Prints what is wrong with a document that a command has another use for than checking it.
    /// Answers whether anything is.
    fn complain_of_errors(&self, diagnostics: &[Diagnostic]) -> bool {
        let mut errors = diagnostics.to_vec();
        errors.retain(|it| it.severity == Severity::Error);
        output::complain(&report::findings(&errors, report::styled_errors()));
        self.warn_of_empty(&errors);
        !errors.is_empty()
    }

    /// Where a library is missing, names the directories that cannot have been meant.
    fn warn_of_empty(&self, diagnostics: &[Diagnostic]) {
        if !diagnostics
            .iter()
            .any(|it| it.code == codes::MANIFEST_MISSING)
        {
            return;
        }
        let linked = LibraryCatalog::new().names();
        for path in &self.library_paths {
            let mut catalog = LibraryCatalog::new();
            if catalog.add_directory(path).is_ok() && catalog.names() == linked {
                let message = format!("`{}` holds no object library", path.display());
                output::complain(&report::warning(&message));
            }
        }
    }
}

/// Builds a runtime; what is wrong with ontologies is printed.
fn build(builder: RuntimeBuilder) -> Result<Runtime, Failure> {
    builder.build().map_err(|error| match error {
        BuildError::Ontologies { diagnostics } => {
            output::complain(&report::findings(&diagnostics, report::styled_errors()));
            Failure::Findings
        }
        error => Failure::user(error),
    })
}

/// What is accepted though it was not shown.
#[derive(Debug, Args)]
struct PolicyOptions {
    /// Accept what could not be decided, listing each as a warning
    #[arg(long, value_name = "WHAT")]
    allow: Vec<Allowed>,
    /// Largest document that is checked, in MiB
    #[arg(long, value_name = "MIB", default_value_t = 64,
          value_parser = clap::value_parser!(u16).range(1..=1024))]
    max_size: u16,
}

impl PolicyOptions {
    fn unknown(&self) -> bool {
        self.allow.contains(&Allowed::Unknown)
    }

    /// How large documents may be.
    fn limits(&self) -> Limits {
        Limits::for_size(usize::from(self.max_size) << 20)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Allowed {
    /// Verdicts that are `unknown`
    Unknown,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Human,
    /// For programs: see docs/json.md
    Json,
}

/// What is told where a file cannot be written.
fn cannot_write(path: &Path, error: &io::Error) -> Failure {
    Failure::user(format_args!("cannot write `{}`: {error}", path.display()))
}

/// Lower-case hexadecimal.
fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_of_the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_command_has_an_example() {
        let mut next = vec![Arguments::command()];
        while let Some(command) = next.pop() {
            let nested: Vec<_> = command.get_subcommands().cloned().collect();
            if nested.is_empty() {
                let help = command
                    .get_after_help()
                    .map(ToString::to_string)
                    .unwrap_or_default();
                assert!(
                    help.contains("liveobj "),
                    "{} has no example",
                    command.get_name()
                );
            }
            next.extend(nested);
        }
    }
}
