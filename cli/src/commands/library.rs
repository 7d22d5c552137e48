//! `liveobj library`

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use liveobj::loading::{self, Store};
use liveobj_manifest::{FormalismEntry, Manifest};
use liveobj_references::{Catalog, CatalogError};
use liveobj_types::Formalisms;
use liveobj_types::syntax::Item;

use super::describe::templates_and_types;
use super::{LibraryOptions, named_library};
use crate::failure::Failure;
use crate::{output, report};

/// Trust object libraries, and look into them
#[derive(Debug, Args)]
pub struct Library {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Trust a library from now on: keep a copy of it under its name
    #[command(after_help = "Example:\n  liveobj library add target/release/libliveobj_channels.so")]
    Add {
        /// The library's file
        file: PathBuf,
        /// The name that references use; the one in its manifest unless given
        #[arg(long)]
        name: Option<String>,
    },
    /// Print the libraries that references can name
    #[command(after_help = "Example:\n  liveobj library list")]
    List {
        #[command(flatten)]
        libraries: LibraryOptions,
    },
    /// Print what a library declares, without loading it
    #[command(after_help = "Example:\n  liveobj library inspect liveobj:standard")]
    Inspect {
        /// The library's file or name
        library: String,
        #[command(flatten)]
        libraries: LibraryOptions,
    },
    /// Print the C header of a library that is to be written in C or C++
    #[command(after_help = "\
Example:
  liveobj library header examples/other-languages/upper.lot --name example:upper

It declares the types as structs, and what is to be written; with LIVEOBJ_LIBRARY defined it also
holds the tables and the manifest. docs/abi.md has a whole library.")]
    Header {
        /// The library's types, a file in the type language
        types: PathBuf,
        /// Name of the library, with a `:` in it
        #[arg(long)]
        name: String,
        /// Its version
        #[arg(long, default_value = "1.0.0")]
        version: String,
        /// Its objects run threads of their own
        #[arg(long)]
        threads: bool,
        /// It adds a formalism, `NAME=ID`, the id in 32 hexadecimal digits; may be given several times
        #[arg(long = "formalism", value_name = "NAME=ID")]
        formalisms: Vec<String>,
        /// What it is compiled for, as in `x86_64-linux`; this machine unless given
        #[arg(long)]
        target: Option<String>,
    },
    /// No longer trust a library
    #[command(after_help = "Example:\n  liveobj library remove liveobj:channels")]
    Remove {
        /// The library's name
        name: String,
    },
}

impl Library {
    pub fn run(self) -> Result<(), Failure> {
        match self.command {
            Command::Add { file, name } => add(&file, name.as_deref()),
            Command::List { libraries } => list(&libraries),
            Command::Inspect { library, libraries } => inspect(&library, &libraries),
            Command::Header {
                types,
                name,
                version,
                threads,
                formalisms,
                target,
            } => {
                let entry = |text: &String| formalism(text, &version);
                let formalisms = formalisms.iter().map(entry).collect::<Result<_, _>>()?;
                let manifest = Manifest {
                    name,
                    version,
                    abi: loading::ABI,
                    panic: "unwind".to_owned(),
                    target: target.unwrap_or_else(loading::target),
                    threads,
                    sdk: String::new(),
                    templates: Vec::new(),
                    formalisms,
                    types: String::new(),
                };
                header(&types, manifest)
            }
            Command::Remove { name } => remove(&name),
        }
    }
}

/// Prints the header for a library with these types, which complete its manifest.
fn header(types: &Path, manifest: Manifest) -> Result<(), Failure> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-.:/".contains(c);
    if !manifest.name.contains(':') || !manifest.name.chars().all(plain) {
        return Err(
            Failure::user(format_args!("`{}` cannot name a library", manifest.name)).with_help(
                "a name has a `:` and otherwise letters, digits, `_`, `-`, `.` and `/`, such as \
                 `mine:clock`",
            ),
        );
    }
    let shown = types.display().to_string();
    let module = named_library::type_file(&manifest.name, &shown, &|_| None, &Formalisms::none())?;
    let mut templates: Vec<String> = module
        .file
        .items
        .iter()
        .filter_map(|item| match item {
            Item::Template(template) => Some(template.name.name.clone()),
            _ => None,
        })
        .collect();
    templates.sort();
    if templates.is_empty() && manifest.formalisms.is_empty() {
        return Err(
            Failure::user(format_args!("`{shown}` declares no template")).with_help(
                "a library offers its objects as templates, such as `template clock(): Clock;`",
            ),
        );
    }
    let manifest = Manifest {
        templates,
        types: module.closed_text(),
        ..manifest
    };
    output::print(&liveobj_manifest::c_header(&manifest).map_err(Failure::user)?)
}

/// `NAME=ID`, as an entry of a manifest.
fn formalism(text: &str, version: &str) -> Result<FormalismEntry, Failure> {
    let entry = text.split_once('=').and_then(|(name, id)| {
        let digits = id.len() == 32 && id.bytes().all(|digit| digit.is_ascii_hexdigit());
        let id = u128::from_str_radix(id, 16).ok().filter(|_| digits)?;
        liveobj_manifest::is_formalism_name(name).then(|| FormalismEntry {
            name: name.to_owned(),
            id,
            version: version.to_owned(),
        })
    });
    entry.ok_or_else(|| {
        Failure::user(format_args!(
            "`{text}` does not name a formalism and its id"
        ))
        .with_help(
            "write a name of letters, digits and `_`, `=`, and 32 hexadecimal digits, chosen at \
             random once",
        )
    })
}

/// A library that is not there, with the name that was probably meant.
pub fn not_found(error: &CatalogError, catalog: &dyn Catalog, name: &str) -> Failure {
    let names = catalog.names();
    let failure = Failure::user(error);
    match liveobj_types::similar::nearest(name, names.iter().map(String::as_str)) {
        Some(similar) => failure.with_help(format!("there is a library `{similar}`")),
        None => failure.with_help("`liveobj library list` prints the libraries"),
    }
}

fn store() -> Result<Store, Failure> {
    Store::user_directory().map(Store::new).ok_or_else(|| {
        Failure::user("no directory for libraries: neither XDG_DATA_HOME nor HOME is set")
    })
}

fn add(file: &Path, name: Option<&str>) -> Result<(), Failure> {
    let stored = store()?.add(file, name).map_err(Failure::user)?;
    output::print_line(&format!("{} sha256:{}", stored.name, stored.sha256))
}

fn remove(name: &str) -> Result<(), Failure> {
    let removed = store()?.remove(name).map_err(Failure::user)?;
    if removed.is_empty() {
        return Err(
            Failure::user(format_args!("no library named `{name}` was added"))
                .with_help("`liveobj library list` prints the libraries"),
        );
    }
    Ok(())
}

fn list(libraries: &LibraryOptions) -> Result<(), Failure> {
    let runtime = libraries.runtime()?;
    for name in runtime.catalog().names() {
        match runtime.catalog().library(&name, None) {
            Ok(library) => {
                let hash = match &library.sha256 {
                    Some(hash) => format!("sha256:{hash}"),
                    None => "linked in".to_owned(),
                };
                output::print_line(&format!("{name} {hash} {}", library.templates.join(" ")))?;
            }
            Err(error) => output::complain(&report::failure(&error.to_string(), None)),
        }
    }
    Ok(())
}

fn inspect(library: &str, options: &LibraryOptions) -> Result<(), Failure> {
    if !library.contains(':') || Path::new(library).is_file() {
        return inspect_file(Path::new(library));
    }
    let runtime = options.runtime()?;
    match runtime.catalog().library(library, None) {
        Ok(found) => output::print(&templates_and_types(&found)),
        Err(error) => Err(not_found(&error, runtime.catalog(), library)),
    }
}

/// Prints the manifest of a library that is a file, trusted or not: nothing of it runs.
pub fn inspect_file(path: &Path) -> Result<(), Failure> {
    let manifest = named_library::manifest(path)?;
    let [major, minor] = manifest.abi;
    let formalisms = manifest.formalisms.iter();
    let formalisms: String = formalisms
        .map(|it| {
            format!(
                "// adds formalism {} {}, id {:032x}\n",
                it.name, it.version, it.id
            )
        })
        .collect();
    output::print(&format!(
        "// {} {}, ABI {major}.{minor}, {}, panic={}\n{formalisms}\n{}",
        manifest.name, manifest.version, manifest.target, manifest.panic, manifest.types
    ))
}
