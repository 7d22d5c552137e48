//! `liveobj facts`, and how other commands use facts.

use std::env;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand};
use liveobj::RuntimeBuilder;
use liveobj::facts::{FactsCache, FactsContents, FactsError, FactsKey};
use serde::Serialize;

use super::Format;
use crate::failure::Failure;
use crate::report::JSON_VERSION;
use crate::{output, report};

/// Where facts are kept, and who signs them.
#[derive(Clone, Debug, Args)]
struct Place {
    /// Keep verdicts on constraints in this directory, and find those there that were kept before
    #[arg(long, value_name = "DIR")]
    facts: Option<PathBuf>,
    /// Sign what holds with the key in this file, 32 random bytes or more, and believe what others
    /// signed with it; without it, with a key of your own [env: LIVEOBJ_FACTS_KEY]
    #[arg(long, value_name = "FILE")]
    facts_key: Option<PathBuf>,
}

/// The variable of the environment that names the file of the key.
const KEY_VARIABLE: &str = "LIVEOBJ_FACTS_KEY";

impl Place {
    /// The key that was asked for, if one was.
    fn configured_key(&self) -> Option<PathBuf> {
        let variable = || env::var_os(KEY_VARIABLE).filter(|it| !it.is_empty());
        let key = self.facts_key.clone();
        key.or_else(|| variable().map(PathBuf::from))
    }

    fn key_file(&self) -> Option<PathBuf> {
        self.configured_key().or_else(FactsKey::user_file)
    }

    /// The facts; none where the user has no home and names no directory.
    fn open(&self) -> Result<Option<FactsCache>, FactsError> {
        let directory = self.facts.clone().or_else(FactsCache::user_directory);
        let Some(directory) = directory else {
            return Ok(None);
        };
        let facts = FactsCache::open(&directory)?;
        if let Some(path) = self.configured_key() {
            return Ok(Some(facts.key(FactsKey::read(&path)?)));
        }
        Ok(Some(match FactsKey::user_file() {
            Some(path) => facts.key_file(path),
            None => facts,
        }))
    }

    /// Whether the user has asked for any of it.
    fn is_asked_for(&self) -> bool {
        self.facts.is_some() || self.configured_key().is_some()
    }
}

/// Whether a command looks for verdicts that were found before.
#[derive(Debug, Args)]
pub(super) struct FactsOptions {
    #[command(flatten)]
    place: Place,
    /// Decide all constraints now: look for no verdicts that were kept, and keep none
    #[arg(long, conflicts_with_all = ["facts", "facts_key"])]
    no_facts: bool,
}

impl FactsOptions {
    /// The facts that a command uses.
    ///
    /// # Errors
    ///
    /// What the user has asked for cannot be used. Where the usual place cannot, that is told, and
    /// there are none.
    pub(super) fn open(&self) -> Result<UsedFacts, Failure> {
        if self.no_facts {
            return Ok(UsedFacts(None));
        }
        match self.place.open() {
            Ok(facts) => Ok(UsedFacts(facts.map(Arc::new))),
            Err(error) if self.place.is_asked_for() => {
                Err(Failure::user(error).with_help("`--no-facts` goes without"))
            }
            Err(error) => {
                let message = format!("{error}; verdicts are not kept");
                output::complain(&report::warning(&message));
                Ok(UsedFacts(None))
            }
        }
    }
}

/// The facts that a command uses; when it has done so, it is told what was wrong with them.
pub(super) struct UsedFacts(Option<Arc<FactsCache>>);

impl UsedFacts {
    /// A runtime with these facts.
    pub(super) fn with(&self, builder: RuntimeBuilder) -> RuntimeBuilder {
        match &self.0 {
            Some(facts) => builder.facts(facts.clone()),
            None => builder,
        }
    }
}

impl Drop for UsedFacts {
    fn drop(&mut self) {
        let warnings = self.0.iter().flat_map(|facts| facts.warnings());
        for warning in warnings {
            output::complain(&report::warning(&warning));
        }
    }
}

/// Show, verify or remove the verdicts on constraints that are kept on disk
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct FactsCommand {
    /// Without one: show
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print where they are, how many, and their size
    #[command(after_help = "Example:\n  liveobj facts show")]
    Show(Common),
    /// Read all of them: what is damaged is told, and the exit code is then 1
    #[command(after_help = "Example:\n  liveobj facts verify --format json")]
    Verify(Common),
    /// Remove all of them
    #[command(after_help = "Example:\n  liveobj facts clear")]
    Clear(Common),
}

#[derive(Debug, Args)]
struct Common {
    #[command(flatten)]
    place: Place,
    /// How it is printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Serialize)]
struct JsonContents<'a> {
    version: u32,
    directory: String,
    key: Option<String>,
    entries: usize,
    bytes: u64,
    signed: usize,
    unsigned: usize,
    refutations: usize,
    damaged: Vec<JsonDamaged<'a>>,
}

#[derive(Serialize)]
struct JsonDamaged<'a> {
    path: String,
    reason: &'a str,
}

#[derive(Serialize)]
struct JsonCleared {
    version: u32,
    directory: String,
    removed: usize,
}

impl FactsCommand {
    pub fn run(self) -> Result<(), Failure> {
        let command = self.command.unwrap_or(Command::Show(self.common));
        let (Command::Show(common) | Command::Verify(common) | Command::Clear(common)) = &command;
        let facts = common.place.open().map_err(Failure::user)?;
        let facts = facts.ok_or_else(|| {
            Failure::user("no directory for facts: neither XDG_CACHE_HOME nor HOME is set")
                .with_help("`--facts DIR` names one")
        })?;
        if let Command::Clear(_) = command {
            let removed = facts.clear().map_err(Failure::user)?;
            let directory = shown(facts.directory());
            return match common.format {
                Format::Human => {
                    let plural = if removed == 1 { "" } else { "s" };
                    output::print_line(&format!("{removed} fact{plural} removed"))
                }
                Format::Json => output::print_json(&JsonCleared {
                    version: JSON_VERSION,
                    directory,
                    removed,
                }),
            };
        }
        let contents = facts.contents().map_err(Failure::user)?;
        let key = common.place.key_file();
        match common.format {
            Format::Human => {
                let verify = matches!(command, Command::Verify(_));
                output::print(&for_people(&facts, key.as_deref(), &contents, verify))?;
            }
            Format::Json => output::print_json(&JsonContents {
                version: JSON_VERSION,
                directory: shown(facts.directory()),
                key: key.as_deref().map(shown),
                entries: contents.entries(),
                bytes: contents.bytes,
                signed: contents.signed,
                unsigned: contents.unsigned,
                refutations: contents.refutations,
                damaged: contents
                    .damaged
                    .iter()
                    .map(|(path, reason)| JsonDamaged {
                        path: shown(path),
                        reason,
                    })
                    .collect(),
            })?,
        }
        for warning in facts.warnings() {
            output::complain(&report::warning(&warning));
        }
        match command {
            Command::Verify(_) if !contents.damaged.is_empty() => Err(Failure::Findings),
            _ => Ok(()),
        }
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

fn for_people(
    facts: &FactsCache,
    key: Option<&Path>,
    contents: &FactsContents,
    verify: bool,
) -> String {
    let key = key.map_or_else(|| "none".to_owned(), shown);
    let mut text = format!(
        "directory    {}\nkey          {key}\nfacts        {}, {} bytes\n  holds      {} signed with \
         the key, {} that are not used\n  fails      {}\n",
        shown(facts.directory()),
        contents.entries(),
        contents.bytes,
        contents.signed,
        contents.unsigned,
        contents.refutations,
    );
    text += &format!("damaged      {}\n", contents.damaged.len());
    if verify {
        for (path, why) in &contents.damaged {
            text += &format!("  {}: {why}\n", shown(path));
        }
    }
    text
}
