//! `liveobj describe`

use std::path::Path;

use clap::Args;
use liveobj::Runtime;
use liveobj_references::LibraryTypes;
use liveobj_types::TypeId;
use liveobj_types::syntax::{self, Item};
use liveobj_types::types::Object;

use super::named_library::is_binary;
use super::type_name::TypeName;
use super::{LibraryOptions, library};
use crate::failure::Failure;
use crate::{input, output};

/// Print the type of a reference, or what a library or a type name stands for
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  liveobj describe examples/team-note.liveobject --library-path target/release
  liveobj describe liveobj:standard
  liveobj describe 'Folder<Timer>'")]
pub struct Describe {
    /// A reference document, the file or name of a library, or a type
    #[arg(value_name = "WHAT")]
    what: String,
    /// Also look for type names in this library
    #[arg(long = "in", value_name = "LIBRARY")]
    scope: Vec<String>,
    #[command(flatten)]
    libraries: LibraryOptions,
}

impl Describe {
    pub fn run(self) -> Result<(), Failure> {
        let runtime = self.libraries.runtime()?;
        if self.what == "-" || Path::new(&self.what).is_file() {
            if self.what != "-" && is_binary(Path::new(&self.what)) {
                return library::inspect_file(Path::new(&self.what));
            }
            return reference(&runtime, &self.what, &self.libraries);
        }
        if Path::new(&self.what).is_dir() {
            return Err(
                Failure::user(format_args!("`{}` is a directory", self.what))
                    .with_help("name a file inside it"),
            );
        }
        if self.what.contains(':') {
            let library = runtime
                .catalog()
                .library(&self.what, None)
                .map_err(|error| library::not_found(&error, runtime.catalog(), &self.what))?;
            return output::print(&templates_and_types(&library));
        }
        let name = TypeName::read(&runtime, &self.what, &self.scope)?;
        if let Some(item) = name.declaration() {
            return output::print_line(syntax::print_item(item).trim_end());
        }
        let (types, ty) = name.resolve()?;
        let structure = types.declaration(ty);
        output::print_line(&format!("// {}\n{}", name.text(), structure.trim_end()))
    }
}

fn reference(runtime: &Runtime, name: &str, libraries: &LibraryOptions) -> Result<(), Failure> {
    let checked = input::reference(name)?.check(runtime);
    let wrong = libraries.complain_of_errors(&checked.diagnostics);
    let ty = checked.typed.ok_or(Failure::Findings)?;
    if let Object::Endpoints(body) = checked.types.object(ty)
        && body.endpoints.is_empty()
    {
        output::print_line("// exports no endpoint")?;
    }
    output::print_line(checked.types.declaration(TypeId::Object(ty)).trim_end())?;
    if wrong {
        Err(Failure::Findings)
    } else {
        Ok(())
    }
}

/// What a library declares itself, as a type library.
pub fn templates_and_types(library: &LibraryTypes) -> String {
    let items = library.module.file.items.iter().filter(|item| match item {
        Item::Use(_) => false,
        Item::Template(template) => library.templates.contains(&template.name.name),
        _ => true,
    });
    let texts: Vec<String> = items
        .map(|item| syntax::print_item(item).trim_end().into())
        .collect();
    format!("// {}\n\n{}\n", library.name, texts.join("\n\n"))
}
