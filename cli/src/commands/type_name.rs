//! Types named on the command line.

use std::path::Path;
use std::sync::Arc;

use liveobj::Runtime;
use liveobj_types::syntax::{self, Brackets, Item, TypeExpr};
use liveobj_types::{Diagnostic, Module, Source, TypeId, Types, codes};

use super::library;
use crate::failure::Failure;
use crate::{input, output, report};

/// A type expression, with all that it may name.
pub struct TypeName {
    module: Arc<Module>,
    source: Arc<Source>,
    expression: TypeExpr,
}

impl TypeName {
    /// Reads a type expression; it may name what `liveobj:standard` and the libraries of `scope`
    /// declare.
    pub fn read(runtime: &Runtime, text: &str, scope: &[String]) -> Result<TypeName, Failure> {
        let source = Source::new("<type>", text);
        let expression = match syntax::parse_type(&source) {
            Ok(expression) => expression,
            Err(diagnostics) if text.contains(|c: char| "<>[]{}()".contains(c)) => {
                return Err(refuse(&diagnostics));
            }
            Err(_) => return Err(nothing_called(text)),
        };
        Ok(TypeName {
            module: module(runtime, scope)?,
            source,
            expression,
        })
    }

    /// The expression as the type language prints it.
    pub fn text(&self) -> String {
        syntax::print_type(&self.expression, Brackets::Angle)
    }

    /// The declaration of a bare name: it says more than the structure does.
    pub fn declaration(&self) -> Option<&Item> {
        match &self.expression {
            TypeExpr::Named {
                name, arguments, ..
            } if arguments.is_empty() => Some(self.module.lookup(&name.name)?.1),
            _ => None,
        }
    }

    /// The type that it stands for.
    pub fn resolve(&self) -> Result<(Types, TypeId), Failure> {
        let mut types = Types::new();
        let none = Default::default();
        match types.resolve(&self.module, &self.source, &self.expression, &none) {
            Ok(id) => Ok((types, id)),
            Err(mut diagnostics) => {
                point_to_libraries(&mut diagnostics);
                Err(refuse(&diagnostics))
            }
        }
    }
}

/// A module that declares nothing and uses `liveobj:standard` and the libraries of `scope`.
fn module(runtime: &Runtime, scope: &[String]) -> Result<Arc<Module>, Failure> {
    for library in scope {
        runtime
            .catalog()
            .library(library, None)
            .map_err(|error| library::not_found(&error, runtime.catalog(), library))?;
    }
    let mut uses = String::from("use \"liveobj:standard\";\n");
    for library in scope.iter().filter(|name| *name != "liveobj:standard") {
        uses.push_str(&format!(
            "use {};\n",
            serde_json::Value::from(library.as_str())
        ));
    }
    let uses = Source::new("<scope>", uses);
    let (module, diagnostics) = Module::parse("<scope>", &uses, &mut |name| {
        Some(runtime.catalog().library(name, None).ok()?.module.clone())
    });
    if diagnostics.is_empty() {
        Ok(module)
    } else {
        Err(refuse(&diagnostics))
    }
}

fn point_to_libraries(diagnostics: &mut [Diagnostic]) {
    for found in diagnostics {
        let similar = found
            .help
            .as_deref()
            .is_some_and(|it| it.contains("did you"));
        if found.code == codes::UNKNOWN_TYPE && !similar {
            let help = "if a library declares it, name the library: `--in LIBRARY`";
            found.help = Some(help.to_owned());
        }
    }
}

fn refuse(diagnostics: &[Diagnostic]) -> Failure {
    output::complain(&report::findings(diagnostics, report::styled_errors()));
    Failure::Findings
}

/// What is neither there nor could be a type.
fn nothing_called(what: &str) -> Failure {
    let failure = Failure::user(format_args!(
        "no file, library or type is called `{}`",
        what.escape_debug()
    ));
    match input::similar_file(Path::new(what)) {
        Some(similar) => failure.with_help(format!("there is a file `{similar}`")),
        None => failure,
    }
}
